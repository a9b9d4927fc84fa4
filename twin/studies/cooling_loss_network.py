"""A part of a facility, loops and halls that exchange heat, as lumped heat capacities for all events at once.

Per loop a supply and a return node (and the layers of its tanks); per hall cold air, hot air and what it touches; per group
of like racks four slots with a coolant and a plate node.  A slot gathers, event by event, racks that fare alike: dark,
without flow, with less flow, as before; so the size does not grow with the racks, and every rack has its answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from solvers.hydraulics.transient import Problem
from twin.model.products import Rack
from twin.networks import thermal_mass
from twin.networks.facility import rack_product
from twin.studies.cooling_loss_events import Event
from twin.studies.cooling_loss_signals import Curve, table
from twin.studies.cooling_loss_state import Before, RackGroup

Array = NDArray[np.float64]
Index = NDArray[np.intp]

DARK, DRY, LESS, SAME = range(4)
SLOTS = 4
SPREAD = 0.01
"""Racks whose flow after the loss differs by less, over that before, are one slot. [-]"""
TANK_NODES = 8
"""Mixed layers in which a tank in the supply is passed, at most.  A front is smeared over about 1/sqrt(n) of the tank."""
LEVELS = 3
"""Limits of a watched node."""
NOTHING = 1.0
"""Heat capacity of an empty slot. [J/K]"""
LEAST_SHARE = 0.3
"""Power of throttled accelerators at their trip, over full power; linear from the throttle limit on. [-]  Assumed."""
SPAN = 10.0
"""Racks stop this much above the warmest inlet air allowed, and above the warmest return where lids are not known; until
then they give their full heat. [K]  Assumed."""


@dataclass
class Draft:
    """Growing columns; each value is an array over the events, or a number."""

    size: int
    nodes: list[tuple[Array, Array]] = field(default_factory=list)
    fixed: list[bool] = field(default_factory=list)
    links: list[tuple[int, int, Array, Array, int]] = field(default_factory=list)
    ties: list[tuple[int, int, Array]] = field(default_factory=list)
    exchangers: list[dict[str, object]] = field(default_factory=list)
    sources: list[dict[str, object]] = field(default_factory=list)
    watches: list[tuple[int, tuple[float, ...]]] = field(default_factory=list)
    curves: list[list[Curve]] = field(default_factory=list)

    def node(self, capacity: float | Array, initial: float | Array, *, fixed: bool = False) -> int:
        wide = [np.broadcast_to(np.asarray(value, float), (self.size,)) for value in (capacity, initial)]
        self.nodes.append((np.maximum(wide[0], NOTHING), wide[1]))
        self.fixed.append(fixed)
        return len(self.nodes) - 1

    def link(self, start: int, end: int, before: float | Array, after: float | Array, signal: int) -> int:
        """``signal`` multiplies the flow before, the next one that after; -1: constant, and there is none after."""
        wide = [np.broadcast_to(np.asarray(value, float), (self.size,)) for value in (before, after)]
        self.links.append((start, end, wide[0], wide[1], signal))
        return len(self.links) - 1

    def signal(self, curves: Sequence[Curve]) -> int:
        self.curves.append(list(curves))
        return len(self.curves) - 1

    def watch(self, node: int, *limits: float) -> int:
        self.watches.append((node, (*limits, *[np.inf] * (LEVELS - len(limits)))))
        return len(self.watches) - 1

    def problem(self) -> Problem:
        time, value = table(list(map(list, zip(*self.curves, strict=True))))
        forward = np.array([s for *_, s in self.links], np.intp)
        fields: dict[str, object] = {}
        for prefix, rows, wide in (
            ("exchanger", self.exchangers, ("conductance", "setpoint", "capacity")),
            ("source", self.sources, ("heat",)),
        ):
            for name in rows[0] if rows else ():
                column = [row[name] for row in rows]
                fields[f"{prefix}_{name}"] = (
                    np.stack([np.broadcast_to(np.asarray(c, float), (self.size,)) for c in column], axis=1)
                    if name in wide
                    else np.array(column)
                )
        return Problem(
            node_capacity=np.stack([c for c, _ in self.nodes], axis=1),
            node_initial=np.stack([t for _, t in self.nodes], axis=1),
            node_fixed=np.array(self.fixed),
            link_from=np.array([a for a, *_ in self.links], np.intp),
            link_to=np.array([b for _, b, *_ in self.links], np.intp),
            link_rate=np.stack([np.stack([b, a]) for *_, b, a, _ in self.links], axis=2).transpose(1, 0, 2),
            link_signal=np.stack([forward, np.where(forward >= 0, forward + 1, forward)]),
            conductance_from=np.array([a for a, _, _ in self.ties], np.intp),
            conductance_to=np.array([b for _, b, _ in self.ties], np.intp),
            conductance=np.stack([g for *_, g in self.ties], axis=1) if self.ties else 0.0,
            conductance_film=0.0,
            watch_node=np.array([n for n, _ in self.watches], np.intp),
            watch_limit=np.array([limit for _, limit in self.watches]).reshape(-1, LEVELS),
            signal_time=time,
            signal_value=value,
            **fields,  # type: ignore[arg-type]
        )


@dataclass(frozen=True)
class RackWatch:
    """Where a group of racks is watched."""

    group: RackGroup
    slot: Index
    """(S, n) of each rack of the group."""
    coolant: tuple[int, ...]
    plate: tuple[int, ...]
    """Watches of the slots; empty without data of cold plates."""
    source: tuple[int, ...]
    """Sources of the slots whose trips count."""


@dataclass(frozen=True)
class PartProblem:
    """The problem of one part, and where the things are that are asked for."""

    problem: Problem
    racks: tuple[RackWatch, ...]
    supply: dict[int, int]
    """Loop to the watch of its supply: warmest supply allowed."""
    air: dict[int, int]
    """Hall to the watch of its cold air."""
    air_source: dict[int, int]
    """Hall to the source of its heat."""


class Builder:
    """Restates one part for some events."""

    def __init__(
        self, before: Before, loops: Sequence[int], halls: Sequence[int], events: Sequence[Event]
    ) -> None:
        self.before, self.loops, self.halls, self.events = before, loops, halls, events
        self.draft = Draft(len(events))
        self.supply_node: dict[int, int] = {}
        self.back_node: dict[int, int] = {}
        self.entry_node: dict[int, int] = {}
        self.flow_signal: dict[int, int] = {}
        self.sink_link: dict[str, int] = {}
        self.plant_signal: dict[str, int] = {}

    def build(self) -> PartProblem:
        racks: list[RackWatch] = []
        supply, air, heated = {}, {}, {}
        for number in self.loops:
            supply[number] = self._headers(number)
        for number in self.loops:
            racks += [self._racks(group) for group in self.before.rack_groups if group.loop == number]
            self._other_sinks(number)
        for number in self.loops:
            self._plants(number)
        for number in self.loops:
            self._exchangers(number)
            self._condensers(number)
        for hall in self.halls:
            air[hall], heated[hall] = self._hall(hall)
        return PartProblem(self.draft.problem(), tuple(racks), supply, air, heated)

    # -- loops --------------------------------------------------------------------------------------------------------

    def _headers(self, number: int) -> int:
        """Nodes of a loop, with its tanks before the supply header; the watch of its supply."""
        b, d = self.before, self.draft
        mass, loop = b.masses[number], b.world.loops[number]
        old = [b.signals.old_flow(number, event) for event in self.events]
        self.flow_signal[number] = d.signal(old)
        d.signal([curve.complement() for curve in old])
        self.back_node[number] = d.node(mass.back, b.back[number])
        supply = d.node(mass.supply, b.supply[number])
        rate = loop.capacity * b.flows.before[number].total
        after = np.array([loop.capacity * b.flows.after(number, e).total for e in self.events])
        entry = supply
        layers = min(TANK_NODES, mass.tank_layers)
        for _ in range(layers):
            layer = d.node(mass.tank / layers, b.supply[number])
            d.link(layer, entry, rate, after, self.flow_signal[number])
            entry = layer
        self.supply_node[number], self.entry_node[number] = supply, entry
        if b.pump_heat[number] > 0.0:
            # before the machines that hold the set point, as in the steady states
            self._source(self.back_node[number], b.pump_heat[number], self.flow_signal[number])
        taken = b.taken[number]
        if taken > 0.0:
            self._source(self.back_node[number], -taken, self.flow_signal[number])
        return d.watch(supply, b.supply_limit[number])

    def _source(self, node: int, heat: float | Array, signal: int = -1, **rest: float) -> int:
        row: dict[str, object] = {"node": node, "heat": heat, "signal": signal, "watch": -1}
        row |= {"throttle": np.inf, "throttle_end": np.inf, "fraction": 1.0, "trip": np.inf}
        self.draft.sources.append(row | rest)
        return len(self.draft.sources) - 1

    def _sinks(self, number: int, columns: Index) -> tuple[float, Array]:
        """Heat capacity rates through some sinks of a loop, before and after. [W/K]"""
        b, first = self.before, self.before.world.slices.sink[number].start
        capacity = b.world.loops[number].capacity
        own = columns - first
        after = np.array([b.flows.after(number, e).sink[own].sum() for e in self.events])
        return capacity * float(b.flows.before[number].sink[own].sum()), capacity * after

    def _sources(self, number: int, columns: Index) -> tuple[float, Array]:
        b, first = self.before, self.before.world.slices.source[number].start
        capacity, own = b.world.loops[number].capacity, columns - first
        after = np.array([b.flows.after(number, e).source[own].sum() for e in self.events])
        return capacity * float(b.flows.before[number].source[own].sum()), capacity * after

    def _other_sinks(self, number: int) -> None:
        """CDUs, plate exchangers, coils and condensers: a link each group; doors give their heat as before."""
        b, d = self.before, self.draft
        for key, columns in b.sink_groups[number].items():
            rates = self._sinks(number, columns)
            self.sink_link[key] = d.link(
                self.supply_node[number], self.back_node[number], *rates, self.flow_signal[number]
            )
        doors = b.door_heat[number]
        if doors > 0.0:
            self._source(self.back_node[number], doors, self.flow_signal[number])

    def _plants(self, number: int) -> None:
        b, d = self.before, self.draft
        for group in b.plant_groups[number]:
            link = d.link(
                self.back_node[number], self.entry_node[number], *self._sources(number, group.columns),
                self.flow_signal[number],
            )  # fmt: skip
            curves = [
                b.signals.plant(group.names, group.running, number, event, group.film)
                for event in self.events
            ]
            signal = d.signal(curves)
            self.plant_signal |= dict.fromkeys(group.names, signal)
            sink = d.node(NOTHING, group.sink, fixed=True) if group.sink is not None else -1
            self._exchanger(
                link, -1, sink, group.conductance, group.capacity, b.setpoint[number], signal,
                (group.film, 0.0), (group.rated, 1.0),
            )  # fmt: skip

    def _exchanger(
        self, hot: int, cold: int, sink: int, conductance: float, capacity: float, setpoint: float, signal: int,
        films: tuple[float, float] = (0.0, 0.0), rated: tuple[float, float] = (1.0, 1.0),
    ) -> None:  # fmt: skip
        self.draft.exchangers.append({
            "hot": hot, "cold": cold, "sink": sink, "conductance": conductance, "capacity": capacity,
            "setpoint": setpoint, "signal": signal, "film_hot": films[0], "film_cold": films[1],
            "rated_hot": rated[0], "rated_cold": rated[1],
        })  # fmt: skip

    def _exchangers(self, number: int) -> None:
        """CDUs and plate exchangers that serve a loop; those on no cold loop only let the fluid pass."""
        b, d = self.before, self.draft
        for key, group in b.exchanger_groups[number].items():
            link = d.link(
                self.back_node[number], self.entry_node[number], *self._sources(number, group.columns),
                self.flow_signal[number],
            )  # fmt: skip
            if key in self.sink_link:
                signal = d.signal([b.signals.cooled(group.names, event) for event in self.events])
                self._exchanger(
                    link, self.sink_link[key], -1, group.conductance, np.inf, b.setpoint[number], signal,
                    (0.5, 0.5), (group.hot, group.cold),
                )  # fmt: skip

    def _condensers(self, number: int) -> None:
        """Condenser heat of chillers on this loop, while they run."""
        for names, heat in self.before.condensers[number]:
            signal = self.plant_signal.get(names[0], self.flow_signal[number])
            self._source(self.back_node[number], heat, signal)

    # -- racks --------------------------------------------------------------------------------------------------------

    def _racks(self, group: RackGroup) -> RackWatch:
        """Four slots of one group of like racks."""
        b, d = self.before, self.draft
        number = group.loop
        loop, rack = b.world.loops[number], rack_product(b.world.racks[group.racks[0]])
        slot = self._slots(group)
        capacity = loop.capacity
        own = group.sinks - b.world.slices.sink[number].start
        before = capacity * b.flows.before[number].sink[own]
        after = np.stack([capacity * b.flows.after(number, e).sink[own] for e in self.events])
        dark = d.signal([Curve.step(0.0) if event.dark else Curve.level() for event in self.events])
        plates = group.plate_conductance is not None
        coolant, plate, source = [], [], []
        for place in range(SLOTS):
            inside = (slot == place).astype(float)
            count = inside.sum(axis=1)
            node = d.node(count * thermal_mass.coolant_mass(rack, loop), group.outlet)
            d.link(
                self.supply_node[number], node, inside @ before, (inside * after).sum(axis=1),
                self.flow_signal[number],
            )  # fmt: skip
            d.link(
                node, self.back_node[number], inside @ before, (inside * after).sum(axis=1),
                self.flow_signal[number],
            )  # fmt: skip
            signal = dark if place == DARK else -1
            limits = self._limits(rack)
            if plates:
                body = d.node(count * thermal_mass.plate_mass(rack), group.lid)
                assert group.plate_conductance is not None
                d.ties.append((node, body, inside @ group.plate_conductance))
                source.append(self._source(body, inside @ group.chips, signal, **limits))
                self._source(node, inside @ (group.heat - group.chips), signal, watch=body, **limits)
                assert rack.cold_plate is not None
                sheet = rack.cold_plate
                plate.append(d.watch(body, sheet.case_max, sheet.throttle, sheet.trip))
            else:
                source.append(self._source(node, inside @ group.heat, signal, **limits))
            assert rack.coolant is not None
            most = rack.coolant.return_max
            coolant.append(d.watch(node, most, most))
        return RackWatch(group, slot, tuple(coolant), tuple(plate), tuple(source))

    def _limits(self, rack: Rack) -> dict[str, float]:
        if rack.cold_plate is not None and rack.accelerators is not None:
            sheet = rack.cold_plate
            return {
                "throttle": sheet.throttle, "throttle_end": sheet.trip, "fraction": LEAST_SHARE, "trip": sheet.trip,
            }  # fmt: skip
        assert rack.coolant is not None
        return {"trip": rack.coolant.return_max + SPAN}

    def _slots(self, group: RackGroup) -> Index:
        """(S, n) slot of each rack."""
        b = self.before
        own = group.sinks - b.world.slices.sink[group.loop].start
        before = np.maximum(b.flows.before[group.loop].sink[own], 1e-12)
        slot = np.full((len(self.events), own.size), SAME, np.intp)
        for row, event in enumerate(self.events):
            share = b.flows.after(group.loop, event).sink[own] / before
            wet = share > 0.0
            if wet.any() and share[wet].max() - share[wet].min() > SPREAD:
                slot[row] = np.where(share < (share[wet].max() + share[wet].min()) / 2.0, LESS, SAME)
            slot[row, ~wet] = DRY
            if event.dark:
                slot[row, [name in event.dark for name in group.names]] = DARK
        return slot

    # -- halls --------------------------------------------------------------------------------------------------------

    def _hall(self, hall: int) -> tuple[int, int]:
        """Cold and hot air, moved by the racks' fans also when those of the air handlers stand: watch and source."""
        b, d = self.before, self.draft
        room = b.rooms[hall]
        mass = room.mass
        cold, hot = d.node(mass.cold, room.supply), d.node(mass.hot, room.back)
        solid = d.node(mass.solid, room.back)
        d.ties.append((hot, solid, np.full(len(self.events), mass.film)))
        d.link(cold, hot, room.rate, 0.0, -1)
        for group in room.units:
            link = d.link(hot, cold, group.air, 0.0, -1)
            cooled = self.sink_link.get(group.key)
            if cooled is not None:
                signal = d.signal([b.signals.cooled(group.names, event) for event in self.events])
                self._exchanger(
                    link, cooled, -1, group.conductance, np.inf, group.setpoint, signal,
                    (group.film, 1.0 - group.film), (group.rated_air, group.rated_water),
                )  # fmt: skip
        dark = [b.dark_air(hall, event) for event in self.events]
        heat = d.signal([Curve.step(share) if share < 1.0 else Curve.level() for share in dark])
        source = self._source(hot, room.heat, heat, watch=cold, trip=room.limit + SPAN)
        for number, watts in room.doors.items():
            if number in self.flow_signal:
                self._source(hot, watts, self.flow_signal[number] + 1)
        return d.watch(cold, room.limit), source

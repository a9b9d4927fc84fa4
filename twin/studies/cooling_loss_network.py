"""A part of a facility, loops and halls that exchange heat, as lumped heat capacities for all events at once.

Per loop its headers (:mod:`cooling_loss_mains`); per hall cold air, hot air and what it touches; per group of like racks at
one place of the headers up to four slots with a coolant and a plate node.  A slot gathers, event by event, racks that fare
alike: dark, without flow, with less flow, as before; so the size does not grow with the racks, and every rack has its
answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.hydraulics.transient import Problem
from twin.model.products import Rack
from twin.networks import thermal_mass
from twin.networks.facility import rack_product
from twin.studies.cooling_loss_draft import NOTHING, Draft
from twin.studies.cooling_loss_events import Event
from twin.studies.cooling_loss_groups import DoorGroup, RackGroup
from twin.studies.cooling_loss_mains import Mains
from twin.studies.cooling_loss_signals import Curve
from twin.studies.cooling_loss_state import Before

Array = NDArray[np.float64]
Index = NDArray[np.intp]

DARK, DRY, LESS, SAME = range(4)
SLOTS = 4
SPREAD = 0.01
"""Racks whose flow after the loss differs by less, over that before, are one slot. [-]"""
LEAST_SHARE = 0.3
"""Power of throttled accelerators at their trip, over full power; linear from the throttle limit on. [-]  Assumed."""
SPAN = 10.0
"""Racks stop this much above the warmest inlet air allowed, and above the warmest return where lids are not known; until
then they give their full heat. [K]  Assumed."""


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
    supply: tuple[int, ...]
    """Watches of what reaches the slots: warmest supply allowed."""


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
        self.mains: dict[int, Mains] = {}
        self.flow_signal: dict[int, int] = {}
        self.sink_link: dict[str, int] = {}
        self.plant_signal: dict[str, int] = {}

    def build(self) -> PartProblem:
        racks: list[RackWatch] = []
        supply, air, heated = {}, {}, {}
        for number in self.loops:
            self._headers(number)
            supply[number] = self.mains[number].watch()
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

    def _headers(self, number: int) -> None:
        """Headers of a loop, and what its pumps and users of heat add and take at the sources."""
        b, d = self.before, self.draft
        old = [b.signals.old_flow(number, event) for event in self.events]
        signal = self.flow_signal[number] = d.signal(old)
        d.signal([curve.complement() for curve in old])
        mains = self.mains[number] = Mains(d, b, number, self.events, signal)
        after = np.array([b.flows.after(number, event).total for event in self.events])
        kept = after / max(b.flows.before[number].total, 1e-9)
        behind = b.second_share[number] * b.pump_heat[number]
        # before the machines that hold the set point, as in the steady states; pumps that are left heat by what they move
        for node, heat, share in (
            (mains.back, b.pump_heat[number] - behind, kept),
            (mains.first_supply, behind, kept),
            (mains.back, -b.taken[number], np.where(after > 0.0, 1.0, 0.0)),
        ):
            if heat:
                self._source(node, heat, signal)
                self._source(node, heat * share, signal + 1)

    def _source(self, node: int, heat: float | Array, signal: int = -1, **rest: float) -> int:
        row: dict[str, object] = {"node": node, "heat": heat, "signal": signal, "watch": -1}
        row |= {"throttle": np.inf, "throttle_end": np.inf, "fraction": 1.0, "trip": np.inf}
        self.draft.sources.append(row | rest)
        return len(self.draft.sources) - 1

    def _sources(self, number: int, columns: Index) -> tuple[float, Array]:
        b, first = self.before, self.before.world.slices.source[number].start
        capacity, own = b.world.loops[number].capacity, columns - first
        after = np.array([b.flows.after(number, e).source[own].sum() for e in self.events])
        return capacity * float(b.flows.before[number].source[own].sum()), capacity * after

    def _other_sinks(self, number: int) -> None:
        """CDUs, plate exchangers, coils, rear doors and condensers: a link each group."""
        mains = self.mains[number]
        for key, columns in self.before.sink_groups[number].items():
            self.sink_link[key] = mains.sink(columns)

    def _plants(self, number: int) -> None:
        b, d = self.before, self.draft
        for group in b.plant_groups[number]:
            link = d.link(
                self.mains[number].back, self.mains[number].entry, self._sources(number, group.columns),
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
                self.mains[number].back, self.mains[number].entry, self._sources(number, group.columns),
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
            self._source(self.mains[number].back, heat, signal)

    # -- racks --------------------------------------------------------------------------------------------------------

    def _racks(self, group: RackGroup) -> RackWatch:
        """Slots of one group of like racks, place by place along the headers; those that no event needs are left out."""
        mains = self.mains[group.loop]
        places = mains.places(group.sinks)
        slot = np.zeros((len(self.events), group.sinks.size), np.intp)
        watches: list[tuple[int, int, int, int]] = []
        for place in np.unique(places).tolist():
            own = np.flatnonzero(places == place)
            fates = self._slots(group, own)
            for fate in range(SLOTS):
                inside = fates == fate
                if inside.any():
                    slot[:, own] = np.where(inside, len(watches), slot[:, own])
                    watches.append(self._slot(group, own, inside.astype(float), (place, fate)))
        coolant, plate, source, supply = (tuple(column) for column in zip(*watches, strict=True))
        known = group.plate_conductance is not None
        return RackWatch(group, slot, coolant, plate if known else (), source, supply)

    def _slot(
        self, group: RackGroup, own: Index, inside: Array, spot: tuple[int, int]
    ) -> tuple[int, int, int, int]:
        """Racks ``own`` of a group, ``inside`` (S, n) of them in every event, at one place: watches and the source."""
        b, d, number = self.before, self.draft, group.loop
        loop, rack = b.world.loops[number], rack_product(b.world.racks[group.racks[0]])
        mains, count, (place, fate) = self.mains[number], inside.sum(axis=1), spot
        before, after = (rates[..., own] for rates in mains.rates(group.sinks))
        rates = inside @ before, (inside * after).sum(axis=1)
        node = d.node(count * thermal_mass.coolant_mass(rack, loop), group.outlet)
        volume = inside @ mains.branches(group.sinks)[own]
        link = mains.tap(place, node, rates, volume)
        signal = (
            d.signal([Curve.step(0.0) if e.dark else Curve.level() for e in self.events])
            if fate == DARK
            else -1
        )
        limits = self._limits(rack)
        assert rack.coolant is not None
        most = rack.coolant.return_max
        coolant, supply = d.watch(node, most, most), mains.watch(place)
        if group.plate_conductance is None:
            return coolant, -1, self._source(node, inside @ group.heat[own], signal, **limits), supply
        assert rack.cold_plate is not None
        sheet, shares = rack.cold_plate, group.plates
        body = d.node(count * thermal_mass.plate_mass(rack), group.lid)
        d.plates.append({
            "link": link, "node": body, "conductance": inside @ group.plate_conductance[own],
            "rated": np.maximum(rates[0], NOTHING), "film": shares.film, "rise": shares.rise,
            "exponent": shares.exponent, "reach": shares.reach,
        })  # fmt: skip
        source = self._source(body, inside @ group.chips[own], signal, **limits)
        self._source(node, inside @ (group.heat - group.chips)[own], signal, watch=body, **limits)
        return coolant, d.watch(body, sheet.case_max, sheet.throttle, sheet.trip), source, supply

    def _limits(self, rack: Rack) -> dict[str, float]:
        if rack.cold_plate is not None and rack.accelerators is not None:
            sheet = rack.cold_plate
            return {
                "throttle": sheet.throttle, "throttle_end": sheet.trip, "fraction": LEAST_SHARE, "trip": sheet.trip,
            }  # fmt: skip
        assert rack.coolant is not None
        return {"trip": rack.coolant.return_max + SPAN}

    def _slots(self, group: RackGroup, own: Index) -> Index:
        """(S, n) fate of each of some racks of a group."""
        b = self.before
        columns = group.sinks[own] - b.world.slices.sink[group.loop].start
        before = np.maximum(b.flows.before[group.loop].sink[columns], 1e-12)
        slot = np.full((len(self.events), own.size), SAME, np.intp)
        for row, event in enumerate(self.events):
            share = b.flows.after(group.loop, event).sink[columns] / before
            wet = share > 0.0
            if wet.any() and share[wet].max() - share[wet].min() > SPREAD:
                slot[row] = np.where(share < (share[wet].max() + share[wet].min()) / 2.0, LESS, SAME)
            slot[row, ~wet] = DRY
            if event.dark:
                slot[row, [group.names[k] in event.dark for k in own]] = DARK
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
        d.link(cold, hot, (room.rate, 0.0), -1)
        for group in room.units:
            link = d.link(hot, cold, (group.air, 0.0), -1)
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
        for doors in room.doors:
            self._doors(doors, cold, room.limit + SPAN)
        return d.watch(cold, room.limit), source

    def _doors(self, doors: DoorGroup, cold: int, trip: float) -> None:
        """Exhaust that doors cool back to what the racks breathe; without water, or with warmer, it warms that air."""
        b, d = self.before, self.draft
        if doors.key not in self.sink_link:
            return
        exhaust = d.node(NOTHING, doors.setpoint + float(doors.heats.sum()) / doors.air)
        d.link(cold, exhaust, (doors.air, 0.0), -1)
        behind = d.link(exhaust, cold, (doors.air, 0.0), -1)
        left = [b.dark_doors(doors, event) for event in self.events]
        heat = d.signal([Curve.step(share) if share < 1.0 else Curve.level() for share in left])
        self._source(exhaust, float(doors.heats.sum()), heat, watch=cold, trip=trip)
        signal = d.signal([b.signals.cooled(doors.names, event) for event in self.events])
        self._exchanger(
            behind, self.sink_link[doors.key], -1, doors.conductance, np.inf, doors.setpoint, signal,
            (doors.film, 1.0 - doors.film), (doors.rated_air, doors.rated_water),
        )  # fmt: skip

"""Flows of the loops once something is lost: quasi-steady, with pumps that are left at the speed they can give.

Control valves hold the flow that they held before; those of CDUs, plate exchangers and coils that take over the heat of lost
ones hold as much more, and exchangers between loops what holds their set point with it; at most what they are laid out for.
They do not open further for water that has become warm, as in the steady states.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from solvers.hydraulics import network
from solvers.hydraulics.exchanger import effectiveness, scaled_conductance
from twin.model.piping import PRIMARY_SURPLUS
from twin.networks.facility import Lowered
from twin.networks.loop_network import LoopNetwork
from twin.networks.state import State
from twin.networks.steps.flow import MIN_SPEED
from twin.studies.cooling_loss_events import Event

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

SHARING = ("cdu", "heat_exchanger", "crah")
"""Kinds of which those that are left take over the heat of lost ones."""
FOLLOWING = 4
"""Passes in which primary pumps find the speed for the flow of the headers; the last changes it by less than 0.1 %."""
LEAST = 1e-6
"""Flows below this share of a loop's design flow are leaks of check valves, and none. [-]"""


@dataclass(frozen=True)
class Flow:
    """Flows of one loop that balance. [kg/s]"""

    source: Array
    sink: Array
    past: Array
    """(sinks,) past each of them, by three-way valves."""
    bypass: float
    """From the supply to the return header, past all of them."""
    changed: bool
    """False where the loop goes on as before."""

    @property
    def total(self) -> float:
        """What the headers carry."""
        return float(self.sink.sum() + self.past.sum()) + self.bypass

    @property
    def given(self) -> float:
        """What passes the sources: a decoupler takes the difference."""
        return float(self.source.sum())


@dataclass(frozen=True)
class _Asked:
    """A state of one loop that its network is solved for."""

    key: tuple[object, ...]
    number: int
    event: Event
    open: tuple[Mask, Mask, Mask]
    """Sources, pumps and sinks."""
    pieces: tuple[int, ...]
    """Of the headers, closed."""


class Flows:
    """Flows of all loops before and after events; every question is solved once, like loops side by side."""

    def __init__(self, world: Lowered, state: State) -> None:
        self.world, self.state = world, state
        self.before = tuple(self._balanced(n, *self._own(n), changed=False) for n in range(len(world.loops)))
        self.cold_loop = {name: n for n, loop in enumerate(world.loops) for name in loop.circuit.sinks}
        self.hot_loop = {name: n for n, loop in enumerate(world.loops) for name in loop.circuit.sources}
        self._known: dict[tuple[object, ...], Flow] = {}
        self._at = {machine.id: k for k, machine in enumerate(world.cooling)}

    def _own(self, number: int) -> tuple[Array, Array, Array, float]:
        """Sources, sinks, past these and by-pass in the normal state; three-way valves pass what the design has more."""
        s, part, loop = self.state, self.world.slices, self.world.loops[number]
        sink, design = s.sink_flow[0, part.sink[number]], self.world.sink_design[part.sink[number]]
        past = np.where(sink > 0.0, np.maximum(design - sink, 0.0), 0.0)
        if loop.circuit.valves == "two_way":
            past = np.zeros_like(sink)
        least = float(loop.bypass_limit((sink + past)[None])[0])
        bypass = min(least, float(s.bypass[0, number])) if loop.bypass_link >= 0 else 0.0
        whole = float(s.bypass[0, number]) - bypass
        return s.source_flow[0, part.source[number]], sink, past * (whole / max(past.sum(), 1e-12)), bypass

    def _balanced(
        self, number: int, source: Array, sink: Array, past: Array, bypass: float, *, changed: bool
    ) -> Flow:
        least = LEAST * max(float(self.world.sink_design[self.world.slices.sink[number]].sum()), 1e-9)
        source, sink, past = (np.where(flow > least, flow, 0.0) for flow in (source, sink, past))
        bypass = bypass if bypass > least else 0.0
        if self.world.loops[number].decoupled:
            return Flow(source, sink, past, bypass, changed)
        given, taken = float(source.sum()), float(sink.sum() + past.sum()) + bypass
        if given <= 0.0 or taken <= 0.0:
            return Flow(np.zeros_like(source), np.zeros_like(sink), np.zeros_like(sink), 0.0, changed)
        return Flow(source * (taken / given), sink, past, bypass, changed)

    def key(self, name: str) -> str:
        """What machines share that join the same two networks: CDUs two loops, coils and doors a loop and a hall."""
        machine = self.world.facility.by_id[name]
        there = machine.hall if machine.kind in ("crah", "rear_door") else self.hot_loop.get(name, "")
        return f"{machine.kind} {there} {machine.type} {machine.setpoint} on {self.cold_loop.get(name, '')}"

    def after(self, number: int, event: Event) -> Flow:
        """Flows of a loop in an event, before anything comes back."""
        return self._known[self._key(number, event)]

    def prepare(self, events: Iterable[Event]) -> None:
        """Solve for all loops that events change."""
        asked = {
            self._key(number, event): (number, event)
            for event in events
            for number in range(len(self.world.loops))
        }
        missing = {key: pair for key, pair in asked.items() if key not in self._known}
        for alike in sorted(self.world.alike, key=lambda group: self._ahead(group[0])):
            rows = {key: pair for key, pair in missing.items() if pair[0] in alike}
            if rows:
                self._solve(rows)

    def _ahead(self, number: int) -> int:
        """Loops one after the other that a loop cools, whose flows are found before its own."""
        cooled = {
            self.hot_loop[name] for name in self.world.loops[number].circuit.sinks if name in self.hot_loop
        }
        return 1 + max(map(self._ahead, cooled - {number}), default=-1)

    def _key(self, number: int, event: Event) -> tuple[object, ...]:
        circuit = self.world.loops[number].circuit
        involved = (*circuit.sources, *circuit.pumps, *circuit.sinks, *circuit.precool)
        lost = tuple(name for name in involved if name in event.lost)
        still = tuple(name for name in (circuit.pumps or circuit.sources) if name in event.away)
        if not circuit.pumps:
            still = tuple(name for name in still if self.world.facility.by_id[name].kind == "cdu")
        pieces = tuple(piece for loop, piece in event.closed if loop == number)
        return number, lost, still, pieces

    def _solve(self, rows: dict[tuple[object, ...], tuple[int, Event]]) -> None:
        todo: list[_Asked] = []
        for key, (number, event) in rows.items():
            _, lost, still, pieces = key
            assert isinstance(lost, tuple) and isinstance(still, tuple) and isinstance(pieces, tuple)
            if not (lost or still or pieces):
                self._known[key] = self.before[number]
                continue
            masks = self._masks(number, {*lost, *still}, set(lost))
            movers = masks[1] if self.world.loops[number].circuit.pumps else masks[0]
            if not movers.any() or not masks[0].any():
                source, sink, past = (np.zeros_like(flow) for flow in self._own(number)[:3])
                self._known[key] = self._balanced(number, source, sink, past, 0.0, changed=True)
                continue
            todo.append(_Asked(key, number, event, masks, pieces))
        if todo:
            self._ask(todo)

    def _masks(self, number: int, stopped: set[str], lost: set[str]) -> tuple[Mask, Mask, Mask]:
        """Sources, pumps and sinks that are open; a source without power but with flow from pumps stays open."""
        circuit, live = self.world.loops[number].circuit, self.state.live[0]
        closed = lost if circuit.pumps else stopped

        def up(names: tuple[str, ...], off: set[str]) -> Mask:
            own = [name not in off and (name not in self._at or bool(live[self._at[name]])) for name in names]
            return np.array(own, bool)

        return up(circuit.sources, closed), up(circuit.pumps, stopped), up(circuit.sinks, lost)

    def _ask(self, todo: list[_Asked]) -> None:
        loop = self.world.loops[todo[0].number]
        source, pump, sink = (np.stack([one.open[k] for one in todo]) for k in range(3))
        limit = np.stack([self._held(one.number, one.open[2], one.event) for one in todo])
        answer = self._answered(loop, todo, (source, pump, sink, limit))
        for row, one in enumerate(todo):
            flow = answer.link_flow[row]
            branch = flow[loop.sink_link]
            own = loop.through(branch, limit[row])
            bypass = float(flow[loop.bypass_link]) if loop.bypass_link >= 0 else 0.0
            self._known[one.key] = self._balanced(
                one.number, flow[loop.source_link], own, branch - own, bypass, changed=True
            )

    def _answered(
        self, loop: LoopNetwork, todo: list[_Asked], open_: tuple[Mask, Mask, Mask, Array]
    ) -> network.Solution:
        """Flows of the network; primary pumps beside a decoupler follow the flow of the headers, as in the steady states."""
        speed, primary = (
            np.full(len(todo), self._speed(todo[0].number)),
            np.full(len(todo), loop.primary_full),
        )
        follows = loop.decoupled and loop.circuit.primary.hold != "speed"
        for _ in range(FOLLOWING if follows else 1):
            varied = loop.varied(*open_, speed, primary_speed=primary)
            for row, one in enumerate(todo):
                for piece in one.pieces:
                    varied["link_open"][row, loop.segment_link[piece]] = False
            answer = loop.ready.solve(**varied)
            flow, carried = (
                answer.link_flow[:, loop.primary_link].sum(axis=1),
                loop.header_flow(answer.link_flow),
            )
            surplus = (
                PRIMARY_SURPLUS if loop.circuit.primary.surplus is None else loop.circuit.primary.surplus
            )
            ratio = np.divide((1.0 + surplus) * carried, flow, out=np.ones_like(flow), where=flow > 0.0)
            primary = np.clip(primary * ratio, MIN_SPEED, 1.0)
        return answer

    def _held(self, number: int, live: Mask, event: Event) -> Array:
        """Flow that each control valve holds once some sinks are lost. [kg/s]"""
        part, world = self.world.slices.sink[number], self.world
        held = self.state.sink_limit[0, part].copy()
        alike: dict[str, list[int]] = {}
        for column, name in enumerate(world.loops[number].circuit.sinks):
            if world.facility.by_id[name].kind in SHARING:
                alike.setdefault(self.key(name), []).append(column)
        for columns in alike.values():
            if not (~live[columns] & (held[columns] > 0.0)).any():
                continue
            total = held[columns].sum() / max(held[columns][live[columns]].sum(), 1e-12)
            most = np.maximum(world.sink_design[part][columns], held[columns])
            needed = self._needed(number, [c for c in columns if live[c]], float(most.max()), event)
            held[columns] = np.minimum(np.maximum(held[columns] * total, needed), most)
        return held

    def _needed(self, number: int, left: list[int], most: float, event: Event) -> float:
        """Flow with which each of the exchangers that are left between two loops holds its set point, at most `most`. [kg/s]

        They share the heat of the normal state and the flow that their hot side has after the event.
        """
        world, s = self.world, self.state
        names = [world.loops[number].circuit.sinks[column] for column in left]
        at = {name: column for column, name in enumerate(world.heat.exchanger_name)}
        if not names or names[0] not in at:
            return 0.0
        hot, group = self.hot_loop[names[0]], self.key(names[0])
        sources = world.loops[hot].circuit.sources
        given = self.after(hot, event).source[[sources.index(name) for name in names]].mean()
        heat = sum(s.exchange[0, at[name]] for name in sources if name in at and self.key(name) == group)
        if given <= 0.0 or heat <= 0.0:
            return 0.0
        rated, hot_flow, cold_flow = world.heat.exchanger_rating[at[names[0]]]
        duty, warm = heat / len(names), given * world.loops[hot].capacity
        # for water as cold as it ought to be: valves do not open for warmer, as in the steady states
        lift = float(s.setpoint[0, hot]) + duty / warm - float(s.setpoint[0, number])

        def short(flow: float) -> float:
            """Duty that this much flow leaves to be wished for. [W]"""
            cold = flow * world.loops[number].capacity
            least, larger = min(warm, cold), max(warm, cold)
            conductance = float(scaled_conductance(rated, given / hot_flow, flow / cold_flow))
            return duty - float(effectiveness(conductance / least, least / larger)) * least * lift

        if short(most) >= 0.0:
            return most
        low = 1e-3 * most
        return low if short(low) <= 0.0 else float(brentq(short, low, most, xtol=1e-6 * most))

    def _speed(self, number: int) -> float:
        """Pumps that are left run as fast as they need; valves throttle what is too much."""
        control = self.world.loops[number].circuit.control
        return float(control.speed or 1.0) if control.hold == "speed" else 1.0

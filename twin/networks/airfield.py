"""The air of a hall from its 3-D field, answering the same question as the zonal model.

Air moves as racks, units and buoyancy make it; that costs seconds.  How warm it then is, for any heat and any set point, is
linear but for the coils' limits and costs microseconds.  So the flow is solved once for every *pattern* of flows (all units
running, one lost ...), each from the first one, and all states of a pattern share its tracers.  States whose pattern would
cost too much are answered by the zonal model, calibrated against the first pattern.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from solvers import psychrometrics
from solvers.air import field, zonal
from solvers.air.field import threads
from solvers.air.field.solution import Solution
from solvers.status import Status
from twin.model.facility import Facility
from twin.networks import rooms
from twin.networks.air import Aired, HallAir, aired
from twin.networks.rooms import HallRoom

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]

SAME_PATTERN = 0.05
"""Sum of the changes of all flows, over the sum of all flows, below which the air moves as before. Assumed."""
TRACERS = 16
"""Tracers that are solved at once."""
SAME_HEAT = 0.05
"""The same for the heat that the air takes up: buoyancy moves it. Assumed."""
MOST_SOLVES = 3
"""Times that a pattern is solved at most, as its heat becomes known on the way to the balance."""
OPEN_AIR = 0.03
"""Share of exhaust in what racks breathe above which no zonal model answers for losses: in an open aisle it was 5 K too
cool, in closed ones (below 1 %) within 0.3 K."""
SWING = 50
"""Last iterations of a solve without rest that tell its error."""
MOST_PATTERNS = 40
"""Flows solved in one hall."""
STEADY_NORMAL, STEADY_LOST = 0.03, 0.1
"""Tolerance of the inlets in the first pattern and in the others. [K]"""


@dataclass(frozen=True, eq=False)
class Pattern:
    """One flow of the hall's air."""

    flow: Array
    """(N,) of the streams, as asked for. [m3/s]"""
    problem: field.Problem
    solution: Solution | None
    """None where it has no solution."""
    heat: Array
    """(N + H,) of streams and sources when it was solved. [W]"""
    solves: int = 1


class FieldAir:
    """The air of one hall; remembers the flows it has solved."""

    def __init__(
        self,
        facility: Facility,
        hall: HallAir,
        room: HallRoom,
        method: Literal["potential", "rans"],
        most: int = MOST_PATTERNS,
    ) -> None:
        self.hall, self.room, self.method, self.most = hall, room, method, most
        self.patterns: list[Pattern] = []
        self.density = float(psychrometrics.density(24.0, hall.humidity_ratio, hall.pressure))
        self.groups = _groups(facility, room)

    @property
    def unsolved(self) -> tuple[int, str]:
        """In how many patterns the solve did not end well although a state may exist, and how the first did not."""
        endings = [p.solution.status for p in self.patterns if p.solution is not None]
        bad = [status for status in endings if not status.ok and status is not Status.INFEASIBLE]
        return len(bad), str(bad[0]) if bad else ""

    @property
    def normal(self) -> Solution | None:
        """The first pattern: everything in service."""
        return self.patterns[0].solution if self.patterns else None

    def solve(self, problem: zonal.Problem, fans: Array) -> Aired:
        """Answer a zonal problem; ``fans`` (S, C) is the part of its room heat that the units' fans release. [W]"""
        states = _States.of(self, problem, fans)
        of = self._assign(states)
        answer = aired(zonal.solve(calibrated(problem, self)))
        for number in np.unique(of[of >= 0]):
            rows = np.flatnonzero(of == number)
            answer = self._within(self.patterns[number], states, rows, answer)
        humidity = psychrometrics.relative_humidity(
            answer.rack_inlet, self.hall.humidity_ratio, self.hall.pressure
        )
        return answer.replace(rack_relative_humidity=humidity)

    # -- patterns --------------------------------------------------------------------------------------

    def _assign(self, states: _States) -> Index:
        """(S,) pattern of every state, -1 for none; solves those that are new, side by side after the first."""
        flows = [pattern.flow for pattern in self.patterns]
        new: list[int] = []
        found = np.empty(len(states.flow), np.intp)
        for row, flow in enumerate(states.flow):
            if not self._cooled(flow):  # no level of temperature: the zones say whether it is finite
                found[row] = -1
                continue
            distance = [self._distance(flow, known) for known in flows]
            best = int(np.argmin(distance)) if distance else -1
            if best < 0 or distance[best] > SAME_PATTERN:
                best = -1
                if len(flows) < self.most:
                    flows.append(flow)
                    new.append(row)
                    best = len(flows) - 1
            found[row] = best
        known = len(self.patterns)
        if new and not self.patterns:
            self.patterns.append(self._solved(states, new.pop(0)))
            if self.most == 1 and self._mixing() > OPEN_AIR:
                self.most = MOST_PATTERNS
                return self._assign(states)
        with ThreadPoolExecutor(threads.cores(), initializer=threads.stay_single) as pool:
            self.patterns.extend(pool.map(lambda row: self._solved(states, row), new))
        for number in np.unique(found[(found >= 0) & (found < known)]):
            self._refresh(int(number), states, np.flatnonzero(found == number))
        return found

    def _mixing(self) -> float:
        """Share of what racks breathe in the first pattern that left a rack before."""
        known, rack = self.normal, self.room.rack_stream
        if known is None or known.influence is None:
            return 0.0
        warm = known.influence.share[np.ix_(rack, rack)].sum(axis=1)
        flow = known.stream_flow[rack]
        return float(flow @ warm / max(float(flow.sum()), 1e-9))

    def _cooled(self, flow: Array) -> bool:
        """Whether anything brings air of a known temperature."""
        room = self.room
        return bool(flow[room.crah_stream].any() or room.room.openings or room.slot_stream.size)

    def _distance(self, flow: Array, known: Array) -> float:
        """How far two patterns are apart, over all their flow; a unit that stands in one of them keeps them apart."""
        units = self.room.crah_stream
        if ((flow[units] > 0) != (known[units] > 0)).any():
            return np.inf
        return float(np.abs(flow - known).sum() / max(flow.sum(), known.sum(), 1e-9))

    def _refresh(self, number: int, states: _States, rows: Index) -> None:
        """Solve a pattern again if the heat of all its states has moved away from that of its flow."""
        pattern = self.patterns[number]
        heat = states.all_heat(self, rows)
        size = np.maximum(np.abs(heat).sum(axis=1), np.abs(pattern.heat).sum())
        away = np.abs(heat - pattern.heat).sum(axis=1) / np.maximum(size, 1e-9)
        nearest = int(np.argmin(away))
        if away[nearest] > SAME_HEAT and pattern.solves < MOST_SOLVES:
            again = self._solved(states, int(rows[nearest]), pattern.solution)
            self.patterns[number] = replace(again, flow=pattern.flow, solves=pattern.solves + 1)

    def _solved(self, states: _States, row: int, own: Solution | None = None) -> Pattern:
        base = own or (self.patterns[0].solution if self.patterns else None)
        heat = states.all_heat(self, np.array([row]))[0]
        problem = states.problem(self, row)
        try:
            solution = field.solve(
                problem,
                method=self.method,
                tolerance=STEADY_LOST if self.patterns else STEADY_NORMAL,
                start=base if base is not None and base.status.ok else None,
                influence=True,
                groups=self.groups,
            )
        except field.RoomError as error:
            if not self.patterns:  # the design itself, not what a loss makes of it
                raise rooms.AirflowError(
                    [rooms.Fault(fault, self.hall.shell.mark) for fault in error.faults]
                ) from error
            return Pattern(states.flow[row], problem, None, heat)
        return Pattern(states.flow[row], problem, solution, heat)

    def _within(self, pattern: Pattern, states: _States, rows: Index, answer: Aired) -> Aired:
        """Temperatures of the states of one pattern."""
        room, solution = self.room, pattern.solution
        if solution is None or solution.influence is None or solution.status is Status.INFEASIBLE:
            return answer.lost(rows)
        if solution.status is Status.DIVERGED:  # the solver's trouble: the zones answer, and a finding tells
            return answer.put(rows, answer.scenario_ok[rows], rests=np.zeros(rows.size, bool))
        flow = solution.stream_flow
        found = field.stream_temperatures(
            solution.influence,
            pattern.problem,
            flow=flow,
            heat=states.heat[rows],
            setpoint=states.setpoint[rows],
            effectiveness=states.effectiveness[rows],
            coolant=states.coolant[rows],
            source_heat=states.source_heat(self, rows),
        )
        rack, unit = room.rack_stream, room.crah_stream
        highest = solution.stream_inlet_max - solution.stream_inlet
        inlet = found.entering[:, rack] + self._inner_rise(found.leaving - found.entering, rack)
        moving = flow[unit] > 0
        weight = np.where(moving, flow[unit], 0.0)
        total = max(float(weight.sum()), 1e-12)
        recirculated = solution.influence.share[np.ix_(rack, rack)].sum(axis=1)
        return answer.put(
            rows,
            found.ok,
            rests=np.full(rows.size, solution.status.ok),
            rack_inlet=inlet,
            rack_highest=inlet + highest[rack],
            rack_error=np.broadcast_to(known_error(solution)[rack], inlet.shape),
            rack_outlet=found.leaving[:, rack],
            recirculation=np.broadcast_to(np.clip(recirculated, 0.0, 1.0), inlet.shape),
            unit_heat=found.cooling[:, unit],
            unit_supply=np.where(moving, found.leaving[:, unit], 0.0),
            unit_saturated=moving & ~found.held[:, unit],
            room=found.entering[:, unit] @ weight / total,
            supply=found.leaving[:, unit] @ weight / total,
        )

    def _inner_rise(self, rise: Array, rack: Index) -> Array:
        """What exhaust inside a rack adds to the air of its IT. [K]"""
        leak = self.room.rack_leak
        return np.asarray(leak / (1.0 - leak) * rise[:, rack])


@dataclass(frozen=True, eq=False)
class _States:
    """A zonal problem over the streams of the room, (S, N) each."""

    flow: Array
    heat: Array
    setpoint: Array
    effectiveness: Array
    coolant: Array
    head: Array
    """Pressure of the fans without flow at their speed; NaN where the flow is held. [Pa]"""
    curvature: Array
    other: Array
    """(S,) heat that is not of the racks and fans. [W]"""

    @classmethod
    def of(cls, air: FieldAir, problem: zonal.Problem, fans: Array) -> _States:
        room = air.room
        rack = [
            np.atleast_2d(np.asarray(x, float))
            for x in (problem.rack_flow, problem.rack_heat, problem.rack_cooling)
        ]
        names = ("unit_flow", "unit_live", "unit_setpoint", "unit_effectiveness", "unit_coolant")
        unit = [np.atleast_2d(np.asarray(getattr(problem, name), float)) for name in names]
        count = max(len(part) for part in (*rack, *unit))
        rack_flow, rack_heat, cooling = (np.broadcast_to(x, (count, len(room.racks))) for x in rack)
        unit_flow, live, setpoint, effectiveness, coolant = (
            np.broadcast_to(x, (count, len(room.crahs))) for x in unit
        )
        running = (live != 0.0) & (unit_flow > 0.0)

        def streams(of_racks: Array | float, of_units: Array | float, of_slots: Array | float = 0.0) -> Array:
            racks = np.broadcast_to(of_racks, (count, len(room.racks)))
            units = np.broadcast_to(of_units, (count, len(room.crahs)))
            return np.array([room.spread(r, u, of_slots) for r, u in zip(racks, units, strict=True)])

        has_coil = streams(0.0, 1.0, 1.0) > 0
        speed = np.where(running, unit_flow, 0.0) / np.maximum(air.hall.unit_flow, 1e-9)
        fan = np.where(np.isfinite(room.crah_head) & (speed > 0), room.crah_head * speed**2, 0.0)
        head = streams(0.0, fan)
        return cls(
            flow=streams(
                rack_flow / air.density * (1.0 - room.rack_leak),
                np.where(running, unit_flow, 0.0) / air.density,
                room.slot_flow,
            ),
            heat=streams(rack_heat - cooling, np.where(running, fans, 0.0)),
            setpoint=np.where(has_coil, streams(0.0, setpoint, room.slot_temperature), np.inf),
            effectiveness=streams(1.0, effectiveness, 1.0),
            coolant=np.where(has_coil, streams(0.0, np.maximum(coolant, -1e3), -1e3), -np.inf),
            head=np.where(head > 0, head, np.nan),
            curvature=streams(0.0, np.where(np.isfinite(room.crah_head), room.crah_curvature, 0.0)),
            other=np.broadcast_to(np.atleast_1d(np.asarray(problem.room_heat, float)), (count,))
            - fans.sum(axis=1),
        )

    def all_heat(self, air: FieldAir, rows: Index) -> Array:
        """(S, N + H) heat of streams and sources. [W]"""
        return np.concatenate([self.heat[rows], self.source_heat(air, rows)], axis=1)

    def source_heat(self, air: FieldAir, rows: Index) -> Array:
        """(S, H) heat of the room's sources. [W]"""
        return np.asarray(self.other[rows][:, None] * air.room.source_share)

    def problem(self, air: FieldAir, row: int) -> field.Problem:
        """One state as a field problem."""
        hall = air.hall
        reference = float(np.mean(hall.unit_setpoint)) if hall.unit_setpoint.size else 20.0
        return field.Problem(
            room=air.room.room,
            air=field.Air(
                density=air.density,
                heat_capacity=float(psychrometrics.heat_capacity(hall.humidity_ratio)),
                expansion=1.0 / (reference + 273.15),
                reference=reference,
            ),
            flow=self.flow[row],
            heat=self.heat[row],
            setpoint=self.setpoint[row],
            effectiveness=self.effectiveness[row],
            coolant=self.coolant[row],
            head=self.head[row],
            curvature=self.curvature[row],
            source_heat=self.source_heat(air, np.array([row]))[0],
        )


def calibrated(problem: zonal.Problem, air: FieldAir) -> zonal.Problem:
    """A zonal problem whose fractions are those of the solved field: what every rack breathes of other racks' exhaust,
    how much of that is its own aisle's, and how much supply passes the racks by.

    What warms racks besides racks (losses of electrical machines in the hall) is not in these fractions.
    """
    known = air.normal
    if known is None or known.influence is None or not known.status.ok:
        return problem
    rack, unit = air.room.rack_stream, air.room.crah_stream
    zone, zones = np.asarray(problem.rack_zone), np.size(problem.zone_bypass)
    share = known.influence.share[np.ix_(rack, rack)]
    warm = np.clip(share.sum(axis=1), 0.0, 1.0)
    own = np.where(zone[:, None] == zone, share, 0.0).sum(axis=1)
    flow = known.stream_flow[rack]

    def by_zone(values: Array) -> Array:
        return np.asarray(np.bincount(zone, values, zones), float)

    def mean(part: Array, whole: Array, otherwise: float) -> Array:
        return np.divide(part, whole, out=np.full(zones, otherwise), where=whole > 1e-9)

    leakage = mean(by_zone(flow * warm), by_zone(flow), 0.0)
    exposure = np.divide(warm, leakage[zone], out=np.ones_like(warm), where=leakage[zone] > 1e-9)
    fresh = by_zone(flow * (1.0 - warm))
    supply = max(float(known.stream_flow[unit].sum()), 1e-9)
    return replace(
        problem,
        rack_exposure=exposure,
        zone_recirculation=leakage,
        zone_hot_aisle=np.clip(mean(by_zone(flow * own), by_zone(flow * warm), 1.0), 0.0, 1.0),
        zone_share=fresh / max(float(fresh.sum()), 1e-9),
        # supply in excess of what racks take returns by itself; what mixing adds is as much as they breathe of exhaust
        zone_bypass=np.full(zones, np.clip(float((flow * warm).sum()) / supply, 0.0, 1.0)),
    )


def known_error(solution: Solution) -> Array:
    """(N,) estimated error of the inlets, at least the swing of a solve that did not come to rest; 0 where none is known.
    [K]"""
    error = np.where(np.isfinite(solution.stream_inlet_error), solution.stream_inlet_error, 0.0)
    if solution.status.ok or not solution.inlet_history.size:
        return error
    return np.maximum(error, np.ptp(solution.inlet_history[-SWING:], axis=0) / 2)


def _groups(facility: Facility, room: HallRoom) -> Index:
    """One tracer for the racks of each row (of each pod, where those of rows are more than are solved at once) and one
    for each other stream."""
    streams = len(room.room.streams)
    for of in ("row", "pod", "hall"):
        names = [str(getattr(facility.by_id[name], of)) for name in room.racks]
        number = {name: index for index, name in enumerate(dict.fromkeys(names))}
        label = np.arange(streams) + len(number)
        known = room.rack_stream >= 0
        label[room.rack_stream[known]] = [
            number[name] for name, there in zip(names, known, strict=True) if there
        ]
        if np.unique(label).size + len(room.room.sources) + len(room.room.openings) <= TRACERS:
            break
    return np.asarray(label, np.intp)

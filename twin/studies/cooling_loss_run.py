"""Every loss followed in time, part by part; parts that are alike are solved once for the same loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from solvers.hydraulics import transient
from twin.networks.facility import Lowered
from twin.studies.basis import Basis
from twin.studies.cooling_loss_events import PIPE, SINGLE, WHOLE, Event, events
from twin.studies.cooling_loss_network import Builder, PartProblem
from twin.studies.cooling_loss_state import Before, parts

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]

HORIZON = 1800.0
"""Time that is followed at least: losses that harm nobody for longer are for operators. [s]  Assumed."""
AFTER = 600.0
"""Time that is followed after the last machine is back. [s]"""
TIMES = np.concatenate(
    [np.arange(0.0, 60.0, 1.0), np.arange(60.0, 300.0, 5.0), np.arange(300.0, HORIZON + 1.0, 30.0)]
)
"""Times that are drawn. [s]"""
DELAYS = (5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0, 1200.0, np.inf)
"""Delays of what comes back that are tried, to find the longest that is borne. [s]"""
TOLERANCE = 0.1
"""Error of a temperature in one step. [K]  Times at which lids pass limits in gb300_hall are within 0.4 s of those with
0.02 K (measured)."""
NEVER = np.inf
QUANTITIES = ("supply", "case", "throttle", "trip", "inlet")
"""First times that are told of racks: supply warmer than all of the loop allow, lid (or return) at its limit, throttled,
tripped, inlet air warmer than its class allows."""


@dataclass(frozen=True, eq=False)
class Trace:
    """Temperatures at :data:`TIMES` in one part. [degC]"""

    lid: Array
    """(T, k) where racks are warmest: lids, of racks without data of cold plates their return."""
    coolant: Array
    """(T, k) leaving the same racks."""
    rack: Index
    """(n,) column of each of the part's racks in ``lid`` and ``coolant``; -1 for those without liquid."""
    supply: Array
    """(T, l) of the part's loops."""
    air: Array
    """(T, h) supply air of the part's halls."""


@dataclass(frozen=True, eq=False)
class Course:
    """What happens in one part after one loss."""

    time: Mapping[str, Array]
    """(n,) times of :data:`QUANTITIES` of the part's racks. [s]"""
    lid: Array
    """(n,) warmest lid, of racks without data of cold plates their return. [degC]"""
    inlet_air: float
    """Warmest supply air of the part's halls; -inf without. [degC]"""
    supply: Mapping[int, float]
    """Warmest supply of each of the part's loops. [degC]"""
    end_supply: Mapping[int, float]
    end_lid: Array
    """At the end."""
    rests: bool
    """No temperature rises any more at the end."""
    energy_error: float
    ok: bool
    series: Mapping[str, Array]
    """(T,) ``lid``: warmest; ``supply``: warmest of the loops with racks; ``air``: warmest supply air. [degC]"""
    trace: Trace | None
    """None where something comes back later than planned."""


@dataclass(frozen=True, eq=False)
class Followed:
    """All losses; E events, R racks in the order of the lowered facility."""

    before: Before
    events: tuple[Event, ...]
    time: Mapping[str, Array]
    """(E, R) what happens, [s]; inf for never."""
    held: Mapping[str, Array]
    """(E, R) the same if nothing came back."""
    borne: Mapping[str, Array]
    """(E,) longest of :data:`DELAYS`, or 0, by which everything may come back later without a rack that trips, or that
    throttles; -inf where one does as it is. [s]"""
    restart: Array
    """(E,) when all that comes back is at work again; 0 where nothing does. [s]"""
    lid: Array
    """(E, R) [degC]; -inf for racks without liquid."""
    supply: Array
    """(E, L) warmest supply. [degC]"""
    end_lid: Array
    end_supply: Array
    """At the end, as ``lid`` and ``supply``."""
    air: Array
    """(E,) warmest supply air; -inf without a hall that is followed. [degC]"""
    dark: Mask
    """(E, R)"""
    rests: Mask
    ok: Mask
    """(E,) the march reached its end and conserved energy."""
    energy_error: Array
    series: tuple[Mapping[str, Array], ...]
    horizon: float
    alike: tuple[Index, ...]
    """(k, n) each: columns of the racks of k like loops or parts, row by row in like places."""
    traces: tuple[tuple[tuple[Part, Trace], ...], ...]
    """Of every event, in the parts that it touches."""


def follow(basis: Basis, chosen: Iterable[Event] | None = None) -> Followed:
    """Follow losses, by default :func:`events`.

    Raises
    ------
    ValueError
        If the basis has no flows of the normal state.
    """
    if basis.state is None:
        raise ValueError("the basis has no normal state in arrays, from which losses could be followed")
    before = Before(basis, basis.state)
    told = tuple(chosen) if chosen is not None else events(basis)
    pieces = [Part(before, *members) for members in parts(before.world)]
    pieces = [piece for piece in pieces if piece.loops or piece.halls]
    told = _once(told, pieces)
    asked = {(row, 0.0): event for row, event in enumerate(told)}
    asked |= {(row, late): e.later(late) for row, e in enumerate(told) if e.returns for late in DELAYS}
    before.flows.prepare(told)
    restart = np.array([before.signals.all_back(event) for event in told])
    horizon = max(HORIZON, float(restart.max(initial=0.0)) + DELAYS[-2] + AFTER)
    courses = _solve(before, pieces, asked, horizon)
    return _gathered(before, told, pieces, courses, (restart, horizon))


class Part:
    """Loops and halls that exchange heat, and what makes another part alike."""

    def __init__(self, before: Before, loops: tuple[int, ...], halls: tuple[int, ...]) -> None:
        world = before.world
        self.loops = loops
        self.halls = tuple(h for h in halls if before.rooms[h].rate > 0.0 and before.rooms[h].units)
        groups = [group for n in loops for group in before.rack_groups if group.loop == n]
        self.liquid = np.concatenate([g.racks for g in groups]) if groups else np.zeros(0, np.intp)
        self.air = (
            np.concatenate([world.halls[h].rack for h in self.halls]) if self.halls else np.zeros(0, np.intp)
        )
        self.racks = np.unique(np.concatenate([self.liquid, self.air])).astype(np.intp)
        self.token = dict(self._tokens(world))
        self.shape = self._shape(before)

    def _tokens(self, world: Lowered) -> Iterable[tuple[str, tuple[int, ...]]]:
        for place, number in enumerate(self.loops):
            circuit = world.loops[number].circuit
            for role, names in enumerate((circuit.sources, circuit.pumps, circuit.sinks, circuit.precool)):
                yield from ((name, (0, place, role, k)) for k, name in enumerate(names))
        crahs = world.facility.of_kind("crah")
        for place, hall in enumerate(self.halls):
            yield from ((crahs[unit].id, (1, place, k)) for k, unit in enumerate(world.halls[hall].crah))
        yield from ((world.racks[rack].id, (2, k)) for k, rack in enumerate(self.racks))

    def _shape(self, before: Before) -> tuple[object, ...]:
        world = before.world
        alike = {number: rank for rank, group in enumerate(world.alike) for number in group}

        def loop(number: int) -> tuple[object, ...]:
            circuit = world.loops[number].circuit
            names = (*circuit.sources, *circuit.pumps, *circuit.sinks)
            kinds = tuple(world.facility.by_id[name].type for name in names)
            return (
                alike[number],
                kinds,
                circuit.supply,
                circuit.fluid,
                round(before.supply[number], 3),
                circuit.tanks != (),
            )

        def hall(number: int) -> tuple[object, ...]:
            room = before.rooms[number]
            return (
                world.halls[number].shell.size, len(world.halls[number].rack), round(room.heat), round(room.limit, 2),
                tuple(len(unit.names) for unit in room.units),
            )  # fmt: skip

        heat = tuple(np.round(before.liquid_heat[self.racks] / 100.0).tolist())
        return tuple(map(loop, self.loops)), tuple(map(hall, self.halls)), heat

    def key(self, event: Event) -> tuple[object, ...] | None:
        """What an event is to this part, the same in a part that is alike; None where it is nothing."""
        lost = tuple(sorted(self.token[name] for name in event.lost if name in self.token))
        away = tuple(sorted((self.token[n], time) for n, time in event.away.items() if n in self.token))
        dark = tuple(sorted(self.token[name] for name in event.dark if name in self.token))
        closed = tuple((self.loops.index(n), piece) for n, piece in event.closed if n in self.loops)
        if not (lost or away or dark or closed):
            return None
        return self.shape, lost, away, dark, closed


def _once(told: Sequence[Event], pieces: Sequence[Part]) -> tuple[Event, ...]:
    """Losses that are the same to parts that are alike, once; those of power and of the utility are all told."""
    kept: dict[tuple[object, ...], Event] = {}
    for event in told:
        keys = tuple(key for piece in pieces if (key := piece.key(event)) is not None)
        alike: tuple[object, ...] = (
            (event.kind, keys) if event.kind in (SINGLE, PIPE, WHOLE) else (event.name,)
        )
        first = kept.get(alike)
        kept[alike] = replace(first, like=(*first.like, event.name, *event.like)) if first else event
    return tuple(kept.values())


Asked = Mapping[tuple[int, float], Event]


def _solve(
    before: Before, pieces: Sequence[Part], asked: Asked, horizon: float
) -> dict[tuple[object, ...], Course]:
    """Courses by key."""
    courses: dict[tuple[object, ...], Course] = {}
    for piece in pieces:
        planned = {piece.key(event) for (_, late), event in asked.items() if late == 0.0}
        todo: dict[tuple[object, ...], Event] = {}
        for event in asked.values():
            key = piece.key(event)
            if key is not None and key not in courses:
                todo.setdefault(key, event)
        if todo:
            before.basis.tell(f"loss of cooling: {len(todo)} cases of {len(piece.loops)} loops")
            traced = [key in planned for key in todo]
            made = _march(before, piece, list(todo.values()), horizon, traced)
            courses |= dict(zip(todo, made, strict=True))
    return courses


def _march(
    before: Before, piece: Part, cases: list[Event], horizon: float, traced: list[bool]
) -> list[Course]:
    made = Builder(before, piece.loops, piece.halls, cases).build()
    start = transient.settle(made.problem).problem
    watched = np.asarray(made.problem.watch_node, np.intp)
    found = transient.solve(start, horizon, times=TIMES, record=watched, tolerance=TOLERANCE)
    return [_course(before, piece, made, found, row, traced=traced[row]) for row in range(len(cases))]


def _course(
    before: Before, piece: Part, made: PartProblem, found: transient.Solution, row: int, *, traced: bool
) -> Course:
    """One scenario of the solver told rack by rack."""
    size = piece.racks.size
    at = {int(rack): k for k, rack in enumerate(piece.racks)}
    time = {name: np.full(size, NEVER) for name in QUANTITIES}
    lid, end_lid = np.full(size, -np.inf), np.full(size, -np.inf)
    end = found.final_temperature[row, np.asarray(made.problem.watch_node, np.intp)]
    lids: list[Array] = []
    for watch in made.racks:
        columns = np.array([at[int(rack)] for rack in watch.group.racks], np.intp)
        hot = np.array(watch.plate or watch.coolant)[watch.slot[row]]
        for level, name in enumerate(("case", "throttle")):
            time[name][columns] = found.limit_time[row, hot, level]
        time["trip"][columns] = found.trip_time[row, np.array(watch.source)[watch.slot[row]]]
        time["supply"][columns] = found.limit_time[row, np.array(watch.supply)[watch.slot[row]], 0]
        lid[columns], end_lid[columns] = found.peak[row, hot], end[hot]
        lids += [found.series[row, :, k] for k in np.unique(hot)]
    supplies = [found.series[row, :, made.supply[n]] for n in {watch.group.loop for watch in made.racks}]
    airs = []
    for hall, watch_ in made.air.items():
        columns = np.array([at[int(rack)] for rack in before.world.halls[hall].rack], np.intp)
        first, off = found.limit_time[row, watch_, 0], found.trip_time[row, made.air_source[hall]]
        time["inlet"][columns] = first
        time["throttle"][columns] = np.minimum(time["throttle"][columns], first)
        time["trip"][columns] = np.minimum(time["trip"][columns], off)
        airs.append(found.series[row, :, watch_])
    series = {"lid": lids, "supply": supplies, "air": airs}
    return Course(
        time=time,
        lid=lid,
        inlet_air=max((float(found.peak[row, k]) for k in made.air.values()), default=-np.inf),
        supply={number: float(found.peak[row, k]) for number, k in made.supply.items()},
        end_supply={number: float(end[k]) for number, k in made.supply.items()},
        end_lid=end_lid,
        rests=not bool(found.rising[row].any()),
        energy_error=float(found.energy_error[row]),
        ok=bool(found.scenario_ok[row]),
        series={name: np.max(columns, axis=0) for name, columns in series.items() if columns},
        trace=_trace(piece, made, found.series[row], row) if traced else None,
    )


def _trace(piece: Part, made: PartProblem, series: Array, row: int) -> Trace:
    at = {int(rack): k for k, rack in enumerate(piece.racks)}
    column = np.full(piece.racks.size, -1, np.intp)
    hot: list[int] = []
    cool: list[int] = []
    for watch in made.racks:
        slots, place = np.unique(watch.slot[row], return_inverse=True)
        column[[at[int(rack)] for rack in watch.group.racks]] = len(hot) + place
        hot += [(watch.plate or watch.coolant)[slot] for slot in slots]
        cool += [watch.coolant[slot] for slot in slots]
    return Trace(
        lid=series[:, hot],
        coolant=series[:, cool],
        rack=column,
        supply=series[:, list(made.supply.values())],
        air=series[:, list(made.air.values())],
    )


def _gathered(
    before: Before, told: tuple[Event, ...], pieces: Sequence[Part], courses: Mapping[tuple[object, ...], Course],
    span: tuple[Array, float],
) -> Followed:  # fmt: skip
    """All parts of every event together; a part that is not touched stays as it is."""
    restart, horizon = span
    world = before.world
    shape = len(told), len(world.racks)
    time, held = ({name: np.full(shape, NEVER) for name in QUANTITIES} for _ in range(2))
    lid, air = np.full(shape, -np.inf), np.full(len(told), -np.inf)
    supply = np.tile(np.array(before.supply, float), (len(told), 1))
    end_supply = supply.copy()
    rests, ok, error = np.ones(len(told), bool), np.ones(len(told), bool), np.zeros(len(told))
    for group in before.rack_groups:
        lid[:, group.racks] = group.lid if group.plate_conductance is not None else group.outlet
    end_lid = lid.copy()
    series: list[dict[str, Array]] = []
    traces: list[tuple[tuple[Part, Trace], ...]] = []
    for row, event in enumerate(told):
        lines: dict[str, list[Array]] = {}
        traced: list[tuple[Part, Trace]] = []
        for piece in pieces:
            key = piece.key(event)
            if key is None:
                continue
            course = courses[key]
            last = piece.key(event.later(np.inf))
            worst = courses[last] if last is not None else course
            here = row, piece.racks  # a rack's air and its coolant may be in two parts
            for name in QUANTITIES:
                time[name][here] = np.minimum(time[name][here], course.time[name])
                held[name][here] = np.minimum(held[name][here], worst.time[name])
            lid[here] = np.maximum(lid[here], course.lid)
            # like parts have like loops in like order
            supply[row, list(piece.loops)] = list(course.supply.values())
            end_supply[row, list(piece.loops)] = list(course.end_supply.values())
            end_lid[here] = np.where(np.isfinite(course.end_lid), course.end_lid, end_lid[here])
            air[row] = max(air[row], course.inlet_air)
            rests[row] &= course.rests
            ok[row] &= course.ok and worst.ok
            error[row] = max(error[row], course.energy_error, worst.energy_error)
            for name, line in course.series.items():
                lines.setdefault(name, []).append(line)
            if course.trace is not None:
                traced.append((piece, course.trace))
        series.append({name: np.max(columns, axis=0) for name, columns in lines.items()})
        traces.append(tuple(traced))
    dark = np.array([[rack.id in event.dark for rack in world.racks] for event in told], bool).reshape(shape)
    for name in QUANTITIES:
        time[name][dark] = held[name][dark] = NEVER  # they are off already
    borne = {
        name: np.array([_borne(e, name, pieces, courses) for e in told]) for name in ("throttle", "trip")
    }
    return Followed(
        before, told, time, held, borne, restart, lid, supply, end_lid, end_supply, air, dark, rests, ok, error,
        tuple(series), horizon, tuple(_alike(world, pieces)), tuple(traces),
    )  # fmt: skip


def _alike(world: Lowered, pieces: Sequence[Part]) -> Iterable[Index]:
    """Racks in like places of loops, and of parts, that are alike."""
    for group in world.alike:
        columns = np.stack([world.sink_rack[world.slices.sink[number]] for number in group])
        yield columns[:, (columns >= 0).all(axis=0)]
    shapes: dict[tuple[object, ...], list[Index]] = {}
    for piece in pieces:
        shapes.setdefault(piece.shape, []).append(piece.racks)
    yield from (np.stack(racks) for racks in shapes.values())


def _borne(
    event: Event, quantity: str, pieces: Sequence[Part], courses: Mapping[tuple[object, ...], Course]
) -> float:
    """Longest delay after which this still happens to no rack; of losses without return only whether it happens."""
    last = -np.inf
    for late in (0.0, *(DELAYS if event.returns else (np.inf,))):
        keys = [
            key for piece in pieces if (key := piece.key(event.later(late) if late else event)) is not None
        ]
        if any(np.isfinite(courses[key].time[quantity]).any() for key in keys):
            break
        last = late
    return last

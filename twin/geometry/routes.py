"""How far it is: busways and their taps, feeder cables, pipes.

Lengths are what a designer would take off a plan before anything is drawn: rectilinear between the machines,
up to a tray or pipe rack and down again.  They are estimates for voltage drop and pressure drop; a length
stated in the layout always wins.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from twin.geometry.solids import row_busways
from twin.geometry.sweep import Floats
from twin.model.facility import Circuit, Facility, Machine, Run

TRAY_HEIGHT = 3.0
"""Height at which feeder cables run, assumed. [m]"""
DROP_SLACK = 1.0
"""Cable between a tap-off box and its load beyond the difference in height, assumed. [m]"""
PIPE_HEIGHT = 2.8
"""Height of overhead headers in a hall on a slab, assumed. [m]"""
YARD_PIPE_HEIGHT = 0.5
"""Height of headers outdoors, assumed. [m]"""
HOSE = 1.0
"""Hose or pipe from a header to a machine beyond the difference in height, assumed. [m]"""


@dataclass(frozen=True)
class BuswayRoute:
    """A busway over a row."""

    row: str
    length: float
    """[m]"""
    taps: dict[str, float]
    """Machine fed by it to distance of its tap from the feed end (west or south). [m]"""


@dataclass(frozen=True, eq=False)
class PipeRoute:
    """Supply header of a circuit past its sinks, one after the other; the return mirrors it."""

    header: tuple[str, ...]
    """Sinks in order along the header."""
    spacing: Floats
    """Header length to each sink from the one before, from the connection point for the first, (n,). [m]"""
    branch: Floats
    """Branch from the header to each sink, one way, (n,). [m]"""
    source: dict[str, float]
    """Source to one-way length between it and the connection point. [m]"""
    total: float
    """All pipe of the circuit, supply and return. [m]"""
    path: Floats = field(default_factory=lambda: np.zeros((1, 2)))
    """Connection point, then the header's point at each sink, in plan, (n + 1, 2). [m]"""
    level: float = PIPE_HEIGHT
    """Height of the header. [m]"""
    rise: tuple[float, float] = (0.0, 0.0)
    """Up and down between sources, pumps and sinks on different levels, of the supply and of the return. [m]"""


@dataclass(frozen=True)
class Routes:
    """All lengths of a facility."""

    busway: dict[str, BuswayRoute]
    feeder: dict[tuple[str, str], float]
    """(fed machine, its terminal) to cable length. [m]"""
    pipes: dict[str, PipeRoute]
    """By circuit."""


def routes(facility: Facility) -> Routes:
    """Measure busways, feeders and pipes.

    Notes
    -----
    Busways are fed at the row's west or south end and tapped above each load's middle.  A load drops from the
    busway of its own row by the difference in height and ``DROP_SLACK``; other feeders run rectilinearly
    between the machines' middles, up to ``TRAY_HEIGHT`` and down.  Several sources in parallel: the mean.

    A circuit's sources meet at their centroid, where the header begins.  It visits the rows one by one,
    always the one whose nearer end is closest to where it stands, and in each row the sinks in order.  Not
    modelled: obstacles, expansion loops, reverse-return piping.
    """
    over = {machine.id: run for _, machine, run in row_busways(facility)}
    return Routes(
        busway=_busways(facility, over),
        feeder=_feeders(facility, over),
        pipes=pipes(facility),
    )


def pipes(facility: Facility) -> dict[str, PipeRoute]:
    """Measure the pipes alone, by circuit."""
    rows = {run.id: run for run in facility.runs}
    return {circuit.id: _pipe(facility, circuit, rows) for circuit in facility.circuits}


def _busways(facility: Facility, over: dict[str, Run]) -> dict[str, BuswayRoute]:
    found = {name: BuswayRoute(run.id, run.length, {}) for name, run in over.items()}
    for feed in facility.feeds:
        for source in feed.sources:
            if source in over:
                load = _terminal(facility.by_id[feed.to], over)
                found[source].taps[feed.to] = _tap(over[source], load)
    return found


def _tap(run: Run, load: tuple[float, float, float]) -> float:
    """Distance from the feed end of a row to the point nearest to a load."""
    axis = 0 if run.axis == "x" else 1
    return min(max(load[axis] - run.origin[axis], 0.0), run.length)


def _terminal(machine: Machine, over: dict[str, Run]) -> tuple[float, float, float]:
    """Where cables reach a machine: the middle of its top; the feed end of a busway over a row."""
    if machine.id in over:
        return (*_on_row(over[machine.id], 0.0), machine.origin[2])
    x, y, _ = machine.center
    return x, y, machine.origin[2] + machine.extent[2]


def _on_row(run: Run, distance: float) -> tuple[float, float]:
    """Point on the centre line of a row, at a distance from its west or south end."""
    x, y = run.origin
    return (x + distance, y + run.depth / 2) if run.axis == "x" else (x + run.depth / 2, y + distance)


def _feeders(facility: Facility, over: dict[str, Run]) -> dict[tuple[str, str], float]:
    terminal = {name: _terminal(machine, over) for name, machine in facility.by_id.items()}
    lengths = {}
    for feed in facility.feeds:
        if feed.length is not None:
            lengths[feed.to, feed.terminal] = feed.length
            continue
        row = facility.by_id[feed.to].row
        reach = [
            _drop(terminal[feed.to], row, facility.by_id[source], over[source])
            if source in over
            else _cable(terminal[feed.to], terminal[source])
            for source in feed.sources
        ]
        lengths[feed.to, feed.terminal] = sum(reach) / len(reach) if reach else 0.0
    return lengths


def _drop(load: tuple[float, float, float], row: str | None, busway: Machine, run: Run) -> float:
    """From a busway's tap down (or up) to a load; a load of another row crosses over to it first."""
    down = abs(busway.origin[2] - load[2]) + DROP_SLACK
    if row == run.id:
        return down
    x, y = _on_row(run, _tap(run, load))
    return abs(load[0] - x) + abs(load[1] - y) + down


def _cable(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1]) + abs(TRAY_HEIGHT - a[2]) + abs(TRAY_HEIGHT - b[2])


def _pipe(facility: Facility, circuit: Circuit, rows: dict[str, Run]) -> PipeRoute:
    sources = [facility.by_id[name] for name in circuit.sources]
    sinks = [facility.by_id[name] for name in circuit.sinks]
    lines = [_ordered(line, rows) for line in _lines(sinks)]
    start = np.mean([m.center[:2] for m in sources], axis=0) if sources else None
    header, path = _serpentine(lines, start)
    foot = min((m.origin[2] for m in sinks), default=0.0)
    plant = float(np.mean([m.origin[2] for m in sources])) if sources else foot
    level = _level(facility, sinks or sources, foot if sinks else plant)
    spacing = np.abs(np.diff(path, axis=0)).sum(axis=1)
    branch = np.array(
        [
            _branch(machine, level) + abs(machine.origin[2] - foot)
            for machine in (facility.by_id[name] for name in header)
        ],
        dtype=float,
    )
    x, y = path[0].tolist()
    connection = {
        m.id: abs(m.center[0] - x) + abs(m.center[1] - y) + _branch(m, level) + abs(m.origin[2] - plant)
        for m in sources
    }
    rise = _rise(facility, circuit, plant, foot)
    one_way = float(spacing.sum() + branch.sum()) + sum(connection.values())
    return PipeRoute(header, spacing, branch, connection, 2 * one_way + sum(rise), path, level, rise)


def _rise(facility: Facility, circuit: Circuit, plant: float, foot: float) -> tuple[float, float]:
    """How far supply and return climb and fall: from the sources to the sinks, each by way of its pumps. [m]

    Secondary pumps stand in the supply, all others in the return.
    """
    second = [facility.by_id[name].origin[2] for name in circuit.secondary]
    first = [facility.by_id[name].origin[2] for name in circuit.pumps if name not in set(circuit.secondary)]
    ways = [plant, *second[:1], foot], [foot, *first[:1], plant]
    supply, back = (sum(abs(b - a) for a, b in pairwise(way)) for way in ways)
    return supply, back


def _lines(sinks: list[Machine]) -> list[list[Machine]]:
    """Sinks that one straight header serves: those of a row, or of a group along a wall or in the yard."""
    lines = defaultdict(list)
    for machine in sinks:
        lines[machine.row or f"group {machine.group}"].append(machine)
    return list(lines.values())


def _ordered(line: list[Machine], rows: dict[str, Run]) -> tuple[list[str], Floats]:
    """Names and header points of one line of sinks, west to east or south to north."""
    points = np.array([machine.center[:2] for machine in line])
    run = rows.get(line[0].row or "")
    axis = (0 if run.axis == "x" else 1) if run else int(np.ptp(points[:, 1]) > np.ptp(points[:, 0]))
    if run:
        points[:, 1 - axis] = run.origin[1 - axis] + run.depth / 2
    order = np.argsort(points[:, axis], kind="stable")
    return [line[i].id for i in order], points[order]


def _serpentine(
    lines: list[tuple[list[str], Floats]], start: Floats | None
) -> tuple[tuple[str, ...], Floats]:
    """Visit the lines, always the one with the nearest end; names and points in order, start first."""
    if not lines:
        return (), np.zeros((1, 2)) if start is None else start[None, :]
    here = lines[0][1][0] if start is None else start
    ends = np.array([(points[0], points[-1]) for _, points in lines])
    names: list[str] = []
    path = [here[None, :]]
    for _ in lines:
        distance = np.abs(ends - here).sum(axis=2)
        line, end = divmod(int(np.argmin(distance)), 2)
        step = -1 if end else 1
        names += lines[line][0][::step]
        path.append(lines[line][1][::step])
        here, ends[line] = path[-1][-1], np.inf
    return tuple(names), np.vstack(path)


def _level(facility: Facility, served: list[Machine], foot: float) -> float:
    """Height of a circuit's header: half-way under a raised floor, overhead in a hall, low in the yard or on a roof."""
    hall = next((m.hall for m in served if m.indoors), None)
    if not any(m.indoors for m in served):
        return foot + YARD_PIPE_HEIGHT
    floors = {shell.id: shell.floor for shell in facility.halls}
    floor = floors.get(hall) if hall is not None else next(iter(floors.values()), None)
    return -floor.height / 2 if floor and floor.type == "raised" and floor.height > 0 else PIPE_HEIGHT


def _branch(machine: Machine, level: float) -> float:
    """From the header to a machine's top, or foot if the header runs below the floor; none in the yard."""
    if not machine.indoors:
        return HOSE
    bottom = machine.origin[2]
    return abs(level - (bottom + machine.extent[2] if level > 0 else bottom)) + HOSE

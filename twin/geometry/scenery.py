"""What else is to be seen: busways, trays, pipes, containment, columns and halls as boxes.

For pictures only: no rule reads these.  Thicknesses are assumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from twin.geometry.clearances import Aisle, aisles
from twin.geometry.routes import PipeRoute, Routes, routes
from twin.geometry.solids import Solids, along, columns, hall_box, place, row_busways
from twin.geometry.sweep import Floats
from twin.model.facility import Circuit, Facility, Run

PANEL = 0.05
"""Thickness of containment panels and doors. [m]"""
PIPE_DIAMETER = 0.2
"""Drawn diameter of a header whose layout states none. [m]"""
CHIMNEY_DEPTH = 0.4
"""Depth of a rack's exhaust duct. [m]"""
TOUCHING = 1e-9
"""Points of a path that are this close are one. [m]"""


@dataclass(frozen=True)
class Prism:
    """A box to draw."""

    id: str
    layer: str
    """``busway``, ``tray``, ``pipe``, ``pipe_supply``, ``pipe_return``, ``containment``, ``column`` or
    ``hall``."""
    low: tuple[float, float, float]
    high: tuple[float, float, float]


def runs(facility: Facility, measured: Routes | None = None) -> tuple[Prism, ...]:
    """Busways, trays and pipes (supply and return in one box) along rows; give ``routes()`` if at hand."""
    return (*_busways(facility), *_trays(facility), *_pipes(facility, measured, ("pipe",)))


def scenery(facility: Facility, measured: Routes | None = None) -> tuple[Prism, ...]:
    """Everything but the machines: halls, columns, containment, busways, trays, supply and return pipes."""
    pipes = _pipes(facility, measured, ("pipe_supply", "pipe_return"))
    return (
        *(_prism(f"hall {hall.id}".strip(), "hall", *hall_box(hall)) for hall in facility.halls),
        *(_prism(name, "column", a, b) for name, a, b in zip(*columns(facility.halls), strict=True)),
        *_containment(facility),
        *_busways(facility),
        *_trays(facility),
        *pipes,
    )


def _prism(name: str, layer: str, low: Floats, high: Floats) -> Prism:
    (x, y, z), (east, north, top) = (np.asarray(corner, dtype=float).tolist() for corner in (low, high))
    return Prism(name, layer, (x, y, z), (east, north, top))


def _busways(facility: Facility) -> Iterator[Prism]:
    solids = place(facility)
    for index, machine, _ in row_busways(facility):
        yield _prism(machine.id, "busway", solids.low[index], solids.high[index])


def _trays(facility: Facility) -> Iterator[Prism]:
    rows = {run.id: run for run in facility.runs}
    for tray in facility.trays:
        if tray.row in rows:
            width, height = tray.section
            run = rows[tray.row]
            low, high = along(run, (run.depth - width) / 2, width)
            yield Prism(tray.id, "tray", (*low, tray.height), (*high, tray.height + height))


def _pipes(facility: Facility, measured: Routes | None, layers: tuple[str, ...]) -> Iterator[Prism]:
    measured = measured or routes(facility)
    for circuit in facility.circuits:
        pipe = measured.pipes[circuit.id]
        for number, (start, end) in enumerate(_legs(pipe.path), 1):
            for layer in layers:
                yield _leg(f"{circuit.id} {number}", layer, circuit, pipe, start, end)


def _leg(name: str, layer: str, circuit: Circuit, pipe: PipeRoute, start: Floats, end: Floats) -> Prism:
    """A straight piece; supply and return lie side by side, a diameter apart, on either side of the path."""
    diameter = circuit.header or PIPE_DIAMETER
    shift = {"pipe": 0.0, "pipe_supply": diameter, "pipe_return": -diameter}[layer]
    half = diameter * (1.5 if layer == "pipe" else 0.5)
    low, high = np.minimum(start, end) + shift - half, np.maximum(start, end) + shift + half
    bottom, top = pipe.level - diameter / 2, pipe.level + diameter / 2
    return _prism(name, layer, np.array([*low, bottom]), np.array([*high, top]))


def _legs(path: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Straight pieces of a path, first along x, then along y; pieces in one line are joined."""
    corners = np.repeat(path, 2, axis=0)[1:]
    corners[1::2, 1] = path[:-1, 1]  # between two points: the later one's x, the earlier one's y
    corners = _moving(corners)
    axis = (np.abs(np.diff(corners, axis=0)) > TOUCHING).argmax(axis=1)
    turns = np.r_[True, axis[1:] != axis[:-1], True][: len(corners)]
    yield from pairwise(_moving(corners[turns]))


def _moving(points: Floats) -> Floats:
    """The points that differ from the one before."""
    return points[np.r_[True, (np.abs(np.diff(points, axis=0)) > TOUCHING).any(axis=1)]]


def _containment(facility: Facility) -> Iterator[Prism]:
    """Roof and doors of every enclosed aisle; ducts to the ceiling over rows with chimneys."""
    solids = place(facility)
    zones = {zone.id: zone.containment for zone in facility.zones}
    tops = row_tops(facility, solids)
    for number, aisle in enumerate(aisles(facility), 1):
        containment = zones[aisle.zone]
        if containment.aisle == aisle.kind and aisle.width > 0:
            top = max(tops.get(row, 0.0) for row in aisle.rows)
            yield from _enclosure(f"{aisle.zone} aisle {number}", aisle, top, containment.doors)
    ceiling = {hall.id: hall.size[2] for hall in facility.halls}
    for run in facility.runs:
        if run.pod in zones and zones[run.pod].aisle == "chimney":
            yield from _chimney(run, tops.get(run.id, 0.0), ceiling.get(run.hall, 0.0))


def row_tops(facility: Facility, solids: Solids) -> dict[str, float]:
    """Height of the tallest machine that stands in each row."""
    tops: dict[str, float] = {}
    for machine, top in zip(facility.machines, solids.high[:, 2].tolist(), strict=True):
        if machine.row and machine.kind != "busway":
            tops[machine.row] = max(tops.get(machine.row, 0.0), top)
    return tops


def _enclosure(name: str, aisle: Aisle, top: float, doors: bool) -> Iterator[Prism]:
    (x, y), (east, north) = aisle.low, aisle.high
    yield Prism(f"{name} roof", "containment", (x, y, top), (east, north, top + PANEL))
    if not doors:
        return
    runs_east = east - x >= north - y
    thin = (PANEL, north - y) if runs_east else (east - x, PANEL)
    for end, (dx, dy) in (("door 1", (x, y)), ("door 2", (east - thin[0], north - thin[1]))):
        yield Prism(f"{name} {end}", "containment", (dx, dy, 0.0), (dx + thin[0], dy + thin[1], top))


def _chimney(run: Run, top: float, ceiling: float) -> Iterator[Prism]:
    """One duct over the backs of a row."""
    if ceiling <= top:
        return
    at_far_side = run.face in ("south", "west")  # the back lies north or east
    depth = min(CHIMNEY_DEPTH, run.depth)
    low, high = along(run, run.depth - depth if at_far_side else 0.0, depth)
    yield Prism(f"{run.id} chimney", "containment", (*low, top), (*high, ceiling))

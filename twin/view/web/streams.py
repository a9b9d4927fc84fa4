"""Lines along which the air moves: traced through a field on equal cells, with the time that the air takes.

The line follows the direction of the velocity in equal steps of length by the classical Runge-Kutta method, all lines at
once; the time is the integral of one over the speed by Simpson's rule, whose points are those of the method.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.view.air import LINES
from twin.view.slices import QUANTITY
from twin.view.web.document import Buffer
from twin.view.web.parts import Quantity, Streams
from twin.view.web.volumes import Even

Floats = NDArray[np.float64]

STEP = 1.0
"""Length of a step over that of the shortest side of a cell."""
REACH, LENGTH = 1.2, 40.0
"""Longest part of a line on either side of its seed: over the hall's longer side, and at most. [m]"""
STEPS = 400
"""Most steps on either side."""
SLOW = 0.02
"""Speed at which a line ends, over the highest."""
_CORNERS = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
TURN, APART = 0.12, 0.8
"""Of the points of a line those are kept between which it turns by more [rad], or which lie farther apart [m]."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Velocities at the middles of equal cells."""

    origin: Floats
    """South-west lower corner. [m]"""
    step: Floats
    """(3,) [m]"""
    velocity: NDArray[np.float32]
    """(nx, ny, nz, 3), zero where there is no air. [m/s]"""
    air: NDArray[np.bool_]
    """(nx, ny, nz)"""

    def at(self, points: Floats) -> Floats:
        """Velocity at points, (n, 3): linear between the middles of cells, constant beyond the outermost. [m/s]"""
        shape = np.array(self.air.shape)
        place = np.clip((points - self.origin) / self.step - 0.5, 0, shape - 1)
        first = np.minimum(place.astype(np.intp), np.maximum(shape - 2, 0))
        share = place - first
        ends = np.minimum(first[:, None] + _CORNERS, shape - 1)
        weight = np.where(_CORNERS, share[:, None], 1 - share[:, None]).prod(axis=2)
        cell = (ends[..., 0] * shape[1] + ends[..., 1]) * shape[2] + ends[..., 2]
        return np.asarray(np.einsum("nc,nck->nk", weight, self.velocity.reshape(-1, 3)[cell]))

    def cells(self, points: Floats) -> NDArray[np.intp]:
        """The cell that each point lies in, (n, 3); the nearest one outside."""
        cell = np.floor((points - self.origin) / self.step).astype(np.intp)
        return np.clip(cell, 0, np.array(self.air.shape) - 1)

    def inside(self, points: Floats) -> NDArray[np.bool_]:
        """Where there is air."""
        size = self.step * self.air.shape
        there = ((points >= self.origin) & (points <= self.origin + size)).all(axis=1)
        return np.asarray(there & self.air[tuple(self.cells(points).T)])


@dataclass(frozen=True, eq=False)
class Line:
    """A traced line."""

    points: Floats
    """(n, 3) [m]"""
    times: Floats
    """(n,) from its beginning. [s]"""


def grid(part: Even) -> Grid:
    """The velocities of a field."""
    air = np.isfinite(part.temperature) & np.isfinite(part.speed)
    step = np.array(part.size) / np.array(part.temperature.shape)
    still = np.where(air[..., None], part.velocity, np.float32(0))
    return Grid(np.array(part.origin, float), step, still, air)


def trace(
    field: Grid, seeds: Floats, *, length: float, step: float, slowest: float, steps: int = STEPS
) -> list[Line]:
    """Lines through some points, along the air and against it.

    Parameters
    ----------
    field : Grid
    seeds : (n, 3) array
    length : float
        Longest part on either side of the seed. [m]
    step : float
        Length of a step. [m]
    slowest : float
        Speed at which a line ends. [m/s]
    """
    count = min(max(int(np.ceil(length / step)), 1), steps)
    both = np.repeat([step, -step], len(seeds))
    found = _march(field, np.concatenate([seeds, seeds]), both, slowest, count)
    return [_joined(back, on) for on, back in zip(found[: len(seeds)], found[len(seeds) :], strict=True)]


def _march(field: Grid, seeds: Floats, step: Floats, slowest: float, count: int) -> list[Line]:
    """Walk from every seed, by its own step, until there is no air, or none that moves."""
    points = np.full((count + 1, len(seeds), 3), np.nan)
    times = np.zeros((count + 1, len(seeds)))
    points[0] = seeds
    going = np.flatnonzero(field.inside(seeds) & (_length(field.at(seeds)) > slowest))
    for number in range(count):
        if not len(going):
            break
        there, took, moved = _advance(field, points[number, going], step[going], slowest)
        moved &= field.inside(there)
        going = going[moved]
        points[number + 1, going] = there[moved]
        times[number + 1, going] = times[number, going] + took[moved]
    lengths = np.isfinite(points[..., 0]).sum(axis=0)
    return [Line(points[:n, column], times[:n, column]) for column, n in enumerate(lengths)]


def _advance(
    field: Grid, points: Floats, step: Floats, slowest: float
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """One step of the method: where it leads, how long it takes, and where the air moves all the way."""
    directions, slowness, moves = [], [], np.ones(len(points), dtype=bool)
    place = points
    for share in (0.5, 0.5, 1.0, 0.0):
        velocity = field.at(place)
        speed = _length(velocity)
        moves &= speed > slowest
        speed = np.maximum(speed, max(slowest, 1e-12))
        directions.append(velocity / speed[:, None])
        slowness.append(1 / speed)
        place = points + share * step[:, None] * directions[-1]
    weights = (1 / 6, 1 / 3, 1 / 3, 1 / 6)
    way = sum(weight * part for weight, part in zip(weights, directions, strict=True))
    took = sum(weight * part for weight, part in zip(weights, slowness, strict=True))
    return points + step[:, None] * way, step * took, moves


def _joined(back: Line, on: Line) -> Line:
    """The part before the seed turned round, and the part behind it; times from the beginning."""
    points = np.concatenate([back.points[:0:-1], on.points])
    times = np.concatenate([back.times[:0:-1], on.times])
    return Line(points, times - times[0])


def thinned(line: Line) -> Line:
    """Fewer points that draw the same line."""
    if len(line.points) < 3:
        return line
    parts = np.diff(line.points, axis=0)
    lengths = _length(parts)
    way = parts / np.maximum(lengths, 1e-12)[:, None]
    turns = np.arccos(np.clip((way[1:] * way[:-1]).sum(axis=1), -1, 1))
    measure = np.cumsum(np.concatenate([turns / TURN + lengths[:-1] / APART, [1.0]]))
    kept = np.flatnonzero(np.diff(np.floor(measure), prepend=0.0) > 0) + 1
    kept = np.unique(np.concatenate([[0], kept, [len(line.points) - 1]]))
    return Line(line.points[kept], line.times[kept])


def streams(
    cells: tuple[Even, ...], quantities: tuple[Quantity, ...], buffer: Buffer, *, lines: int = LINES
) -> tuple[Streams, ...]:
    """Lines of all halls in one set; none where no air moves."""
    found: list[Line] = []
    values: list[NDArray[np.float32]] = []
    for part in cells:
        field = grid(part)
        traced = _of_hall(part, field, max(lines // len(cells), 1))
        found += traced
        values += [part.temperature[tuple(field.cells(line.points).T)] for line in traced]
    if not found:
        return ()
    names = [quantity.name for quantity in quantities if quantity.paint]
    starts = np.cumsum([0, *(len(line.points) for line in found)])
    return (
        Streams(
            start=buffer.add(starts, "u32"),
            points=buffer.add(np.round(np.concatenate([line.points for line in found]), 2)),
            values=buffer.add(np.round(np.concatenate(values), 1)),
            times=buffer.add(np.round(np.concatenate([line.times for line in found]), 2)),
            quantity=names.index(QUANTITY) if QUANTITY in names else -1,
        ),
    )


def _of_hall(part: Even, field: Grid, count: int) -> list[Line]:
    """Lines begun where most air moves; those of one point are none."""
    speed = np.where(field.air, part.speed, 0)
    fastest = float(speed.max(initial=0.0))
    if not fastest > 0:
        return []
    seeds = _seeds(field, speed, count)
    step = STEP * float(field.step.min())
    length = min(REACH * max(part.size[:2]), LENGTH)
    made = trace(field, seeds, length=length, step=step, slowest=SLOW * fastest)
    return [thinned(line) for line in made if len(line.points) > 1]


def _seeds(field: Grid, speed: NDArray[np.float32], count: int) -> Floats:
    """Middles of cells, (n, 3): the faster the air in a part of the room, the more of them; the same ones every time."""
    total = np.cumsum(speed.ravel(), dtype=float)
    chosen = np.unique(np.searchsorted(total, np.random.default_rng(1).random(count) * total[-1]))
    return field.origin + (np.stack(np.unravel_index(chosen, speed.shape), axis=-1) + 0.5) * field.step


def _length(vectors: Floats) -> Floats:
    return np.asarray(np.sqrt(np.einsum("ni,ni->n", vectors, vectors)))

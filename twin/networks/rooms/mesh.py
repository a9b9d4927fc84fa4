"""Where the grid of a hall has its lines, and how fine it may be."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from solvers.air.field import grid
from solvers.air.field.grid import Grid
from twin.networks.rooms.boxes import Box, Point
from twin.networks.rooms.faults import TooManyCells

BYTES_PER_CELL = 400.0
"""Memory of a solve with its tracers. [B] Measured: 394."""
CELLS = 200_000
"""Cells that the default spacing stays below, if it can; some ten seconds of one core."""
SPACINGS = (0.30, 0.25, 0.20, 0.18, 0.15, 0.12, 0.10)
"""Choices of the default spacing: 0.15 m is usual, 0.3 m is for concepts. [m]"""
APART = 0.7
"""Least distance of two grid lines that meet something, over the spacing; what is closer snaps. Assumed."""
FINEST = 0.01
"""[m]"""


class Stops:
    """Coordinates that lines should meet, with the area that begins or ends there."""

    def __init__(self) -> None:
        self.weight: tuple[dict[float, float], ...] = tuple(defaultdict(float) for _ in range(3))

    def add(self, box: Box, factor: float = 1.0) -> None:
        """The faces of a box; a flat one counts with its plane, and less with its edges."""
        size = np.subtract(box[1], box[0])
        flat = int(np.argmin(size)) if size.min() <= 1e-9 else -1
        for axis in range(3):
            area = float(np.prod(np.delete(size, axis)))
            if flat >= 0 and axis != flat:
                area = 0.0
            for value in (box[0][axis], box[1][axis]):
                self.weight[axis][round(value, 6)] += factor * area

    def insist(self, axis: int, value: float) -> None:
        """A coordinate that comes before all others."""
        self.weight[axis][round(value, 6)] = np.inf

    def kept(self, axis: int, low: float, high: float, least: float) -> list[float]:
        """The weightiest stops that lie at least ``least`` apart and inside."""
        kept = [low, high]
        for value, _ in sorted(self.weight[axis].items(), key=lambda item: (-item[1], item[0])):
            at = bisect_left(kept, value)
            if 0 < at < len(kept) and value - kept[at - 1] >= least and kept[at] - value >= least:
                insort(kept, value)
        return kept[1:-1]


def mesh(low: Point, high: Point, stops: Stops, spacing: float) -> Grid:
    """The grid of one spacing."""
    lines = tuple(stops.kept(axis, low[axis], high[axis], APART * spacing) for axis in range(3))
    return grid.fitted(low, high, (lines[0], lines[1], lines[2]), spacing)


def chosen(low: Point, high: Point, stops: Stops, hall: str, *, spacing: float | None, memory: float) -> Grid:
    """The grid of a stated spacing, or of the finest that stays below ``CELLS``.

    Raises
    ------
    TooManyCells
        If it needs more memory than allowed.
    """
    if spacing is not None and not spacing >= FINEST:
        raise ValueError(f"spacing {spacing} m: the grid needs at least {FINEST} m")
    if spacing is not None:
        wanted, made = spacing, mesh(low, high, stops, spacing)
    else:
        wanted, made = _default(low, high, stops, SPACINGS)
    needed = made.cells * BYTES_PER_CELL
    if needed > memory:
        fits = wanted
        while mesh(low, high, stops, fits).cells * BYTES_PER_CELL > memory and fits < max(high):
            fits *= 1.05
        raise TooManyCells(hall, made.cells, wanted, (needed, memory), float(np.ceil(fits * 100) / 100))
    return made


def _default(low: Point, high: Point, stops: Stops, spacings: Iterable[float]) -> tuple[float, Grid]:
    best: tuple[float, Grid] | None = None
    for spacing in spacings:
        made = mesh(low, high, stops, spacing)
        if best is not None and made.cells > CELLS:
            break
        best = spacing, made
    assert best is not None
    return best

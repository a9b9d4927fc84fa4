"""Grid lines: where the cells of a room begin and end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Grid:
    """A tensor grid: three ascending sets of lines. [m]"""

    x: Array
    """(nx + 1,)"""
    y: Array
    """(ny + 1,)"""
    z: Array
    """(nz + 1,); gravity points to -z."""
    stops: tuple[Index, Index, Index] | None = None
    """Numbers of the lines along x, y and z that coarser grids must keep; without them only the outermost."""

    def __post_init__(self) -> None:
        for name in "xyz":
            line = np.asarray(getattr(self, name), float)
            if line.ndim != 1 or line.size < 2 or not np.all(np.isfinite(line)) or np.any(np.diff(line) <= 0):
                raise ValueError(f"{name} must be at least two finite, ascending grid lines")
            object.__setattr__(self, name, line)

    @property
    def lines(self) -> tuple[Array, Array, Array]:
        """x, y and z."""
        return self.x, self.y, self.z

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along x, y and z."""
        return self.x.size - 1, self.y.size - 1, self.z.size - 1

    @property
    def cells(self) -> int:
        """Number of cells."""
        nx, ny, nz = self.shape
        return nx * ny * nz

    @property
    def centers(self) -> tuple[Array, Array, Array]:
        """Middle of the cells along x, y and z."""
        x, y, z = ((line[1:] + line[:-1]) / 2 for line in self.lines)
        return x, y, z

    def coarser(self) -> Grid:
        """About half the cells along each axis: between two stops half of them, equal in size."""
        lines, stops = [], []
        for axis, line in enumerate(self.lines):
            kept = self.stops[axis] if self.stops is not None else np.array([0, line.size - 1])
            counts = np.maximum((np.diff(kept) + 1) // 2, 1)
            lines.append(_divided(line[kept], counts))
            stops.append(np.concatenate([[0], np.cumsum(counts)]))
        return Grid(lines[0], lines[1], lines[2], (stops[0], stops[1], stops[2]))


def _divided(marks: Array, counts: Index) -> Array:
    """Equal cells between marks."""
    pieces = [np.linspace(a, b, n + 1)[:-1] for a, b, n in zip(marks[:-1], marks[1:], counts, strict=True)]
    return np.append(np.concatenate(pieces), marks[-1])


def uniform(size: tuple[float, float, float], spacing: float) -> Grid:
    """Cells of about one size over a box from the origin; the box is filled exactly."""
    counts = [max(1, round(length / spacing)) for length in size]
    x, y, z = (np.linspace(0.0, length, n + 1) for length, n in zip(size, counts, strict=True))
    return Grid(x, y, z)


def fitted(
    low: ArrayLike,
    high: ArrayLike,
    stops: tuple[Iterable[float], Iterable[float], Iterable[float]],
    spacing: float,
) -> Grid:
    """A grid over a box whose lines meet given coordinates, with equal cells between them.

    Parameters
    ----------
    low, high : (3,) array
        Corners of the box. [m]
    stops : three iterables of float
        Coordinates along x, y and z at which something begins or ends.  Those outside the box count for nothing; of
        several within a quarter of the spacing the first is kept, and what ends at another snaps to it.
    spacing : float
        Largest distance between lines. [m]
    """
    lines, kept_at = [], []
    for begin, end, marks in zip(np.asarray(low, float), np.asarray(high, float), stops, strict=True):
        inner = sorted({float(m) for m in marks if begin < m < end})
        kept = np.array(_apart(inner, float(begin), float(end), spacing / 4))
        counts = np.maximum(np.ceil(np.diff(kept) / spacing - 1e-6).astype(np.intp), 1)
        lines.append(_divided(kept, counts))
        kept_at.append(np.concatenate([[0], np.cumsum(counts)]))
    return Grid(lines[0], lines[1], lines[2], (kept_at[0], kept_at[1], kept_at[2]))


def _apart(marks: list[float], begin: float, end: float, least: float) -> list[float]:
    kept = [begin]
    for mark in marks:
        if mark - kept[-1] >= least and end - mark >= least:
            kept.append(mark)
    return [*kept, end]

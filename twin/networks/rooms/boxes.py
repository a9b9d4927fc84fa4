"""Faces of boxes and what happens to them on a grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.air.field.grid import Grid

Array = NDArray[np.float64]
Point = tuple[float, float, float]
Box = tuple[Point, Point]

FACES = {
    "west": (0, -1),
    "east": (0, 1),
    "south": (1, -1),
    "north": (1, 1),
    "bottom": (2, -1),
    "top": (2, 1),
}
"""Axis and direction in which each face of a box looks."""
LEFT = {"south": "west", "north": "east", "east": "south", "west": "north"}
"""Left side of a machine, seen from in front of its face."""
BEHIND = {"south": "north", "north": "south", "east": "west", "west": "east"}


def face(box: Box, side: str) -> tuple[Box, int]:
    """A face of a box, and the direction in which it looks."""
    axis, sign = FACES[side]
    low, high = (list(corner) for corner in box)
    plane = box[1][axis] if sign > 0 else box[0][axis]
    low[axis] = high[axis] = plane
    return (point(low), point(high)), sign


def band(box: Box, low: float, high: float) -> Box:
    """The part of a box between two shares of its height."""
    (x, y, z), (east, north, top) = box
    return (x, y, z + low * (top - z)), (east, north, z + high * (top - z))


def point(values: Array | list[float] | tuple[float, ...]) -> Point:
    """Three floats."""
    x, y, z = (float(v) for v in values)
    return x, y, z


def meet(a: Box, b: Box, by: float = 1e-6) -> bool:
    """Whether two boxes share some space."""
    return all(min(a[1][k], b[1][k]) - max(a[0][k], b[0][k]) > by for k in range(3))


def clipped(a: Box, b: Box) -> Box:
    """The space that two boxes share."""
    return point([max(a[0][k], b[0][k]) for k in range(3)]), point([min(a[1][k], b[1][k]) for k in range(3)])


def snapped(grid: Grid, box: Box) -> tuple[float, float, float]:
    """Extent that a box has on a grid, at least one cell along each axis. [m]"""
    extents = []
    for line, low, high in zip(grid.lines, *box, strict=True):
        a, b = (int(np.argmin(np.abs(line - v))) for v in (low, high))
        if b <= a:
            a = int(np.clip(np.searchsorted(line, (low + high) / 2) - 1, 0, line.size - 2))
            b = a + 1
        extents.append(float(line[b] - line[a]))
    return extents[0], extents[1], extents[2]


def vanishes(grid: Grid, low: Point, high: Point) -> bool:
    """Whether a sheet is thinner than the grid sees along one of its two extents."""
    normal = int(np.argmin(np.subtract(high, low)))
    for axis, line in enumerate(grid.lines):
        if axis != normal and np.argmin(np.abs(line - low[axis])) == np.argmin(np.abs(line - high[axis])):
            return True
    return False

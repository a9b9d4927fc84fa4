"""Where machines stand when the layout leaves it to the program: plain geometry on rectangles, in metres.

Rows stack in their pod, room air handlers spread along a wall, plant fills the yard north of the hall, and
electrical machines fill an electrical room west of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal

from twin.model.names import Side

Point = tuple[float, float]
Size = tuple[float, float, float]
Rectangle = tuple[float, float, float, float]
"""West, south, east and north edge."""

FIRST_GAP = 3.0
"""Free strip between a hall and the first line outside it: a path for service. Assumed. [m]"""
GAP = 1.0
"""Distance of machines in the yard or electrical room, and least distance of their lines. Assumed. [m]"""
_TOUCH = 1e-6  # what overlaps by less only touches


def footprint(size: Size, face: Side) -> Point:
    """East and north extent of a machine of width, depth and height ``size``."""
    return (size[0], size[1]) if face in ("north", "south") else (size[1], size[0])


def runs_east(face: Side) -> bool:
    """True if a row that faces this side runs from west to east."""
    return face in ("north", "south")


def row_corners(corner: Point, aisle: float, rows: Sequence[tuple[Side, float, Point | None]]) -> list[Point]:
    """South-west corners of the rows of a pod, each given by its face, depth and offset, if it has one.

    The first row stands at the pod's corner, every further one behind the one before and the aisle between
    them: to the north for rows that run east, to the east for rows that run north.
    """
    ends: dict[bool, float] = {}
    corners = []
    for face, depth, at in rows:
        east = runs_east(face)
        across = 1 if east else 0
        start = list(corner)
        if at is not None:
            start = [corner[0] + at[0], corner[1] + at[1]]
        elif east in ends:
            start[across] = ends[east] + aisle
        ends[east] = start[across] + depth
        corners.append((start[0], start[1]))
    return corners


def in_row(corner: Point, face: Side, row_depth: float, offset: float, depth: float) -> Point:
    """South-west corner of a machine ``offset`` along its row, its front in line with the row's."""
    back = row_depth - depth if face in ("north", "east") else 0.0
    along, across = corner if runs_east(face) else corner[::-1]
    place = (along + offset, across + back)
    return place if runs_east(face) else place[::-1]


def along_wall(hall: Rectangle, wall: Side, sizes: Sequence[Size]) -> list[Point]:
    """South-west corners of machines spread evenly along a wall inside the hall, their backs to it."""
    west, south, east, north = hall
    start, end = (west, east) if wall in ("north", "south") else (south, north)
    widths = [size[0] for size in sizes]
    gap = (end - start - sum(widths)) / max(len(sizes), 1)
    edges = accumulate((width + gap for width in widths), initial=start + gap / 2)
    places = []
    for edge, size in zip(edges, sizes, strict=False):
        across = {"south": south, "west": west, "north": north - size[1], "east": east - size[1]}[wall]
        places.append((edge, across) if wall in ("north", "south") else (across, edge))
    return places


def bounding(rectangles: Sequence[Rectangle]) -> Rectangle:
    """The smallest rectangle around some."""
    west, south, east, north = zip(*rectangles, strict=True)
    return min(west), min(south), max(east), max(north)


@dataclass
class Ground:
    """What is taken of the site."""

    taken: list[Rectangle] = field(default_factory=list)

    def obstacle(self, wanted: Rectangle) -> Rectangle | None:
        """Something that stands in the way of a rectangle, or None."""
        west, south, east, north = wanted
        for taken in self.taken:
            if (
                west < taken[2] - _TOUCH
                and taken[0] < east - _TOUCH
                and south < taken[3] - _TOUCH
                and taken[1] < north - _TOUCH
            ):
                return taken
        return None


@dataclass(frozen=True)
class _Lines:
    """Like machines in lines, seen along the wall and outward. [m]"""

    count: int
    per_line: int
    pitch: float
    depth: float
    gap: float

    @property
    def along(self) -> float:
        return self.per_line * self.pitch - GAP

    @property
    def out(self) -> float:
        lines = -(-self.count // self.per_line)
        return lines * (self.depth + self.gap) - self.gap

    def places(self) -> Iterator[Point]:
        """Distance along the wall and outward from the first line, of each machine."""
        for index in range(self.count):
            line, slot = divmod(index, self.per_line)
            yield slot * self.pitch, line * (self.depth + self.gap)


@dataclass
class Yard:
    """A strip outside a wall that fills in lines along the wall, away from it.

    A block of machines that would stand on something else moves outward until it is free, so nothing overlaps
    even where another hall stands in the strip.
    """

    ground: Ground
    hall: Rectangle
    """What the yard belongs to."""
    side: Literal["north", "west"]
    cursor: float = 0.0
    """Where the last line ended, as distance from the wall."""
    clearance: float = FIRST_GAP
    """Free depth that the last line wants."""

    def place(self, count: int, size: Size, clearance: Point) -> list[Point]:
        """South-west corners of ``count`` like machines in lines of their own."""
        lines = self._lines(count, size, clearance)
        start = self._free(self.cursor + max(lines.gap, self.clearance), lines)
        self.cursor, self.clearance = start + lines.out, lines.gap
        self.ground.taken.append(self._rectangle(0.0, start, lines.along, lines.out))
        return [self._rectangle(slot, start + out, *size[:2])[:2] for slot, out in lines.places()]

    def place_at(self, at: Point, count: int, size: Size, clearance: Point) -> list[Point]:
        """The same, with the first machine's south-west corner where the layout wants it."""
        lines = self._lines(count, size, clearance)
        first = self._rectangle(0.0, 0.0, *size[:2])
        east, north = at[0] - first[0], at[1] - first[1]
        west_edge, south, east_edge, top = self._rectangle(0.0, 0.0, lines.along, lines.out)
        self.ground.taken.append((west_edge + east, south + north, east_edge + east, top + north))
        corners = (self._rectangle(slot, out, *size[:2])[:2] for slot, out in lines.places())
        return [(x + east, y + north) for x, y in corners]

    def _lines(self, count: int, size: Size, clearance: Point) -> _Lines:
        most = int((self._length + GAP + _TOUCH) // (size[0] + GAP))
        return _Lines(count, max(1, min(count, most)), size[0] + GAP, size[1], max(GAP, *clearance))

    @property
    def _length(self) -> float:
        west, south, east, north = self.hall
        return east - west if self.side == "north" else north - south

    def _free(self, start: float, lines: _Lines) -> float:
        def obstacle() -> Rectangle | None:
            return self.ground.obstacle(self._rectangle(0.0, start, lines.along, lines.out))

        while (found := obstacle()) is not None:
            start = GAP + (found[3] - self.hall[3] if self.side == "north" else self.hall[0] - found[0])
        return start

    def _rectangle(self, slot: float, start: float, along: float, out: float) -> Rectangle:
        west, south, _, north = self.hall
        if self.side == "north":
            return west + slot, north + start, west + slot + along, north + start + out
        return west - start - out, south + slot, west - start, south + slot + along

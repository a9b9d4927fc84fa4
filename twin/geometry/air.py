"""What keeps air apart and lets it through: containment, perforated tiles, return grilles, holes in walls.

Everything here is flat: a box with one extent of zero.  How an aisle is closed:

- A **cold** aisle has a roof at the height of its tallest machine.
- A **hot** aisle under a ceiling plenum has no roof: its panels rise to the ceiling, where a grille takes the air.
- A **hot** aisle with in-row coolers has a roof, since they take its air.
- Any other **hot** aisle must let its air out for the air handlers to draw it: its roof is open, and panels rise around
  it by ``COLLAR`` above the racks, so that the air leaves into the upper part of the hall and not over the racks' fronts.

Rows of unequal length are closed up to the end of the longer one; above a low machine and behind a shallow one a panel
fills what would stay open.  A gap within a row stays open, as it does on site.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from twin.geometry.clearances import Aisle, aisles
from twin.geometry.scenery import row_tops
from twin.geometry.solids import Solids
from twin.geometry.sweep import TOUCH
from twin.model.facility import Facility, Machine, Run, Shell, Vent, Zone
from twin.model.language import Tiles
from twin.model.names import Side
from twin.model.products import Crah

Point = tuple[float, float, float]
Corner = tuple[float, float]

COLLAR = 0.6
"""Height of the panels around the open roof of a hot aisle; at most half of what is left to the ceiling. [m] Assumed."""
GRILLE_DEPTH = 0.6
"""Depth of a strip of return grilles behind a row: a ceiling tile. [m] Assumed."""
GRILLE_OPEN = 0.5
"""Free share of a return grille's area. Assumed."""
MOST_TILES = 10_000
"""Tiles of a hall that are told apart; beyond, an area counts as one."""


@dataclass(frozen=True)
class Sheet:
    """A flat piece of containment. [m]"""

    name: str
    low: Point
    high: Point


@dataclass(frozen=True)
class Enclosure:
    """An aisle that is closed."""

    name: str
    zone: Zone
    aisle: Aisle
    top: float
    """Height of the tallest machine of the two rows. [m]"""
    way_out: Literal["roof", "open", "ceiling"]
    """Closed by a roof, open above, or open into a ceiling plenum."""
    rise: float
    """Height of its panels above ``top``. [m]"""
    sheets: tuple[Sheet, ...]


@dataclass(frozen=True)
class Area:
    """A rectangle of floor or ceiling that lets air through. [m]"""

    name: str
    low: Corner
    high: Corner
    open_area: float
    """Free share."""


def enclosures(facility: Facility, solids: Solids, shell: Shell) -> tuple[Enclosure, ...]:
    """The closed aisles of a hall."""
    zones = {zone.id: zone for zone in facility.zones}
    tops = row_tops(facility, solids)
    found = []
    for number, aisle in enumerate(aisles(facility), 1):
        zone = zones[aisle.zone]
        if aisle.hall == shell.id and zone.containment.aisle == aisle.kind and aisle.width > 0:
            top = min(max(tops.get(row, 0.0) for row in aisle.rows), shell.size[2])
            name = f"{zone.id} aisle {number}"
            out = _way_out(facility, shell, aisle)
            closing = _Closing(facility, solids, shell, aisle, top, out)
            rise = round(closing.height - top, 6)
            found.append(Enclosure(name, zone, aisle, top, out, rise, tuple(closing.sheets(name, zone))))
    return tuple(found)


def _way_out(facility: Facility, shell: Shell, aisle: Aisle) -> Literal["roof", "open", "ceiling"]:
    if aisle.kind == "cold":
        return "roof"
    if shell.ceiling_plenum > 0:
        return "ceiling"
    units = (m.product for m in facility.of_kind("crah") if m.row in aisle.rows)
    return "roof" if any(isinstance(u, Crah) and u.form == "in_row" for u in units) else "open"


class _Closing:
    """Draws the sheets of one aisle in coordinates along it, across it and up."""

    def __init__(
        self, facility: Facility, solids: Solids, shell: Shell, aisle: Aisle, top: float, out: str
    ) -> None:
        rows = {run.id: run for run in facility.runs}
        self.runs = [rows[name] for name in aisle.rows]
        self.east = self.runs[0].axis == "x"
        index = {name: i for i, name in enumerate(solids.ids)}
        self.boxes = [[self._box(solids, index[name]) for name in run.machines] for run in self.runs]
        spans = [_span(run) for run in self.runs]
        self.spans = spans
        self.start, self.end = min(a for a, _ in spans), max(b for _, b in spans)
        across = 1 if self.east else 0
        self.edges = (aisle.low[across], aisle.high[across])
        self.top, self.out = top, out
        ceiling = shell.size[2]
        rise = {"roof": 0.0, "open": min(COLLAR, (ceiling - top) / 2), "ceiling": ceiling - top}[out]
        self.height = top + max(rise, 0.0)
        self.roofed = out == "roof" and top < ceiling - TOUCH

    def _box(self, solids: Solids, i: int) -> tuple[Corner, Corner, float]:
        """Extent of a machine along and across, and its top."""
        (x0, y0, _), (x1, y1, z1) = solids.low[i].tolist(), solids.high[i].tolist()
        return ((x0, x1), (y0, y1), z1) if self.east else ((y0, y1), (x0, x1), z1)

    def sheet(self, name: str, along: Corner, across: Corner, up: Corner) -> Sheet:
        x, y = (along, across) if self.east else (across, along)
        return Sheet(name, (x[0], y[0], up[0]), (x[1], y[1], up[1]))

    def sheets(self, name: str, zone: Zone) -> Iterator[Sheet]:
        length = (self.start, self.end)
        if self.roofed:
            yield self.sheet(f"{name} roof", length, self.edges, (self.top, self.top))
        for side in (0, 1):
            yield from self._over_row(name, side)
            edge = (self.edges[side],) * 2
            if self.height > self.top + TOUCH:
                yield self.sheet(f"{name} side {side + 1}", length, edge, (self.top, self.height))
        bottom = 0.0 if zone.containment.doors else self.top
        if self.height > bottom + TOUCH:
            for end, along in enumerate(length):
                across = (self._face(0, end), self._face(1, end))
                if across[1] > across[0]:
                    yield self.sheet(f"{name} door {end + 1}", (along,) * 2, across, (bottom, self.height))

    def _over_row(self, name: str, side: int) -> Iterator[Sheet]:
        """What fills up a row to the height and the face of its tallest and deepest machine."""
        edge = self.edges[side]
        for number, (along, across, top) in enumerate(self.boxes[side], 1):
            face, label = across[1 - side], f"{name} row {side + 1} fill {number}"
            if top < self.top - TOUCH:
                yield self.sheet(f"{label} above", along, (face, face), (top, self.top))
            if abs(face - edge) > TOUCH:
                yield self.sheet(f"{label} behind", along, _sorted(face, edge), (self.top, self.top))
        for end, (from_, to) in enumerate(
            ((self.start, self.spans[side][0]), (self.spans[side][1], self.end))
        ):
            if to - from_ > TOUCH:
                yield self.sheet(
                    f"{name} row {side + 1} end {end + 1}", (from_, to), (edge, edge), (0.0, self.top)
                )

    def _face(self, side: int, end: int) -> float:
        """Face of a row at one end of the aisle; of a row that ends before it, the edge of the aisle."""
        reaches = abs(self.spans[side][end] - (self.start, self.end)[end]) <= TOUCH
        if not reaches or not self.boxes[side]:
            return self.edges[side]
        box = min(self.boxes[side], key=lambda b: abs(b[0][end] - self.spans[side][end]))
        return box[1][1 - side]


def _sorted(a: float, b: float) -> Corner:
    return (a, b) if a < b else (b, a)


def _span(run: Run) -> Corner:
    start = run.origin[0 if run.axis == "x" else 1]
    return start, start + run.length


# -- tiles and grilles -----------------------------------------------------------------------------------


def tile_areas(facility: Facility, shell: Shell) -> tuple[Area, ...]:
    """Perforated tiles of a hall, one by one; empty on a slab."""
    floor, (x, y) = shell.floor, shell.origin
    if floor.type != "raised" or floor.height <= 0:
        return ()
    if not isinstance(floor.tiles, Tiles):
        areas = [
            Area(
                f"tiles {n}",
                (x + a.at[0], y + a.at[1]),
                (x + a.at[0] + a.size[0], y + a.at[1] + a.size[1]),
                a.open_area,
            )
            for n, a in enumerate(floor.tiles, 1)
        ]
    else:
        areas = list(_along_rows(facility, shell, floor.tiles))
    count = sum(_count(a, 0, floor.tile) * _count(a, 1, floor.tile) for a in areas)
    if count > MOST_TILES:
        return tuple(areas)
    return tuple(tile for area in areas for tile in _split(area, floor.tile))


def _along_rows(facility: Facility, shell: Shell, tiles: Tiles) -> Iterator[Area]:
    cold = _aisle_of(facility, shell, "cold") if tiles.where == "cold_aisles" else {}
    seen = set()
    for run, machines in _rack_rows(facility, shell):
        if shell.tile_rows is not None and (run is None or run.id not in shell.tile_rows):
            continue
        aisle = cold.get(run.id) if run else None
        if aisle is None:
            name = f"{run.id if run else machines[0].id} tile"
            yield _strip(shell, name, machines, machines[0].face, shell.floor.tile, tiles.open_area)
        elif aisle.rows not in seen:
            seen.add(aisle.rows)
            yield Area(f"{'/'.join(aisle.rows)} tile", aisle.low, aisle.high, tiles.open_area)


def grille_areas(facility: Facility, shell: Shell) -> tuple[Area, ...]:
    """Return grilles in the ceiling: over the hot aisles, else over a strip behind every row; not over chimneys."""
    if shell.ceiling_plenum <= 0:
        return ()
    hot, seen, found = _aisle_of(facility, shell, "hot"), set(), []
    chimneys = {zone.id for zone in facility.zones if zone.containment.aisle == "chimney"}
    for run, machines in _rack_rows(facility, shell):
        if machines[0].pod in chimneys:
            continue
        aisle = hot.get(run.id) if run else None
        if aisle is None:
            name = f"{run.id if run else machines[0].id} grille"
            back = OPPOSITE[machines[0].face]
            found.append(_strip(shell, name, machines, back, GRILLE_DEPTH, GRILLE_OPEN))
        elif aisle.rows not in seen:
            seen.add(aisle.rows)
            found.append(Area(f"{'/'.join(aisle.rows)} grille", aisle.low, aisle.high, GRILLE_OPEN))
    return tuple(found)


OPPOSITE: dict[Side, Side] = {"north": "south", "south": "north", "east": "west", "west": "east"}


def _aisle_of(facility: Facility, shell: Shell, kind: str) -> dict[str, Aisle]:
    """Aisle of one kind at every row that has one of any width."""
    return {
        row: aisle
        for aisle in aisles(facility)
        if aisle.hall == shell.id and aisle.kind == kind and aisle.width > 0
        for row in aisle.rows
    }


def _rack_rows(facility: Facility, shell: Shell) -> Iterator[tuple[Run | None, list[Machine]]]:
    """Racks of every row of a hall that has any, then free-standing racks one by one."""
    racks: dict[str | None, list[Machine]] = {}
    for machine in facility.racks:
        if machine.indoors and machine.hall == shell.id:
            racks.setdefault(machine.row, []).append(machine)
    alone = racks.pop(None, [])
    runs = {run.id: run for run in facility.runs}
    for name, machines in racks.items():
        yield runs.get(name or ""), machines
    for machine in alone:
        yield None, [machine]


def _strip(
    shell: Shell, name: str, machines: list[Machine], side: str, depth: float, open_area: float
) -> Area:
    """A strip along one side of machines, inside the hall."""
    corners = [(*m.origin[:2], m.origin[0] + m.extent[0], m.origin[1] + m.extent[1]) for m in machines]
    west, south, east, north = (
        f(c) for f, c in zip((min, min, max, max), zip(*corners, strict=True), strict=True)
    )
    if side == "south":
        south, north = south - depth, south
    elif side == "north":
        south, north = north, north + depth
    elif side == "west":
        west, east = west - depth, west
    else:
        west, east = east, east + depth
    x, y = shell.origin
    low = (max(west, x), max(south, y))
    high = (min(east, x + shell.size[0]), min(north, y + shell.size[1]))
    return Area(name, low, high, open_area)


def _count(area: Area, axis: int, pitch: float) -> int:
    return max(1, int(-(-(area.high[axis] - area.low[axis] - TOUCH) // pitch)))


def _split(area: Area, pitch: float) -> Iterator[Area]:
    """Whole tiles from the south-west corner; the last ones may be cut."""
    (x, y), (east, north) = area.low, area.high
    columns, rows = _count(area, 0, pitch), _count(area, 1, pitch)
    for number in range(columns * rows):
        j, i = divmod(number, columns)
        low = (x + i * pitch, y + j * pitch)
        high = (min(low[0] + pitch, east), min(low[1] + pitch, north))
        yield Area(f"{area.name} {number + 1:0{len(str(columns * rows))}d}", low, high, area.open_area)


# -- holes in walls --------------------------------------------------------------------------------------


def vent_box(shell: Shell, vent: Vent) -> tuple[Point, Point]:
    """Low and high corner of a hole, flat on its wall; of one in the ceiling, at the hall's height."""
    (x, y), (east, north, up) = shell.origin, shell.size
    (a, b), (da, db) = vent.at, vent.size
    if vent.wall == "ceiling":
        return (x + a, y + b, up), (x + a + da, y + b + db, up)
    if vent.wall in ("north", "south"):
        at = y + (north if vent.wall == "north" else 0.0)
        return (x + a, at, b), (x + a + da, at, b + db)
    at = x + (east if vent.wall == "east" else 0.0)
    return (at, y + a, b), (at, y + a + da, b + db)


def beyond_wall(shell: Shell, vent: Vent) -> float:
    """How far a hole reaches beyond the edge of its wall; 0 if it lies in it. [m]"""
    east, north, up = shell.size
    length, height = {"ceiling": (east, north), "north": (east, up), "south": (east, up)}.get(
        vent.wall, (north, up)
    )
    far = (vent.at[0] + vent.size[0] - length, vent.at[1] + vent.size[1] - height)
    beyond = max(-vent.at[0], -vent.at[1], *far)
    return beyond if beyond > TOUCH else 0.0

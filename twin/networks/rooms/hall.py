"""A hall lowered to the room of the 3-D air: the same solids as everything else, in site coordinates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.air.field.grid import Grid
from solvers.air.field.problem import TIGHT, Opening, Panel, Patch, Room, Solid, Source, Wall
from twin.geometry import Prism, place, runs
from twin.geometry.air import Area, enclosures, grille_areas, tile_areas, vent_box
from twin.geometry.solids import Solids, columns
from twin.model.facility import Facility, Machine, Shell, Vent
from twin.model.products import Crah, Rack
from twin.networks.rooms import diagnosis, losses
from twin.networks.rooms.boxes import BEHIND, FACES, Box, Point, face, point, vanishes
from twin.networks.rooms.faults import AirflowError, Element
from twin.networks.rooms.machines import Standing, in_hall, put
from twin.networks.rooms.mesh import Stops, chosen

Array = NDArray[np.float64]
Index = NDArray[np.intp]

CEILING_RELIEF = 0.02
"""Open share of a ceiling below a plenum that has chimneys and no grilles, so that racks and units need not move the same
air. Assumed."""
LOSSY_IN_ROWS = ("rectifier", "ups", "pdu", "transformer")
"""Kinds of electrical machines that breathe to the back where they stand in a row."""
PLUME = 0.3
"""Depth of the air behind them that takes up their losses. Assumed. [m]"""
TILE_NOTE = (
    "{:.0%} open tiles cover the floor of the cold aisles, or a strip before rows without one, assumed"
)


@dataclass(frozen=True, eq=False)
class HallRoom:
    """The room of one hall and what is what in it: R racks, C air handlers and S slots make N streams.

    Racks and air handlers are those of :class:`twin.networks.air.HallAir`, in the same order.
    """

    shell: Shell
    room: Room
    racks: tuple[str, ...]
    crahs: tuple[str, ...]
    rack_stream: Index
    """(R,) stream of each rack; -1 for one that stands outdoors."""
    rack_leak: Array
    """(R,) share l of the exhaust that comes back to the inlets inside the rack: of a rack that moves V the room sees the
    flow (1 - l) V, and its IT takes air that is l / (1 - l) of the room's rise warmer than the room's. [0..1]"""
    crah_stream: Index
    """(C,) likewise."""
    crah_head: Array
    """(C,) pressure rise of the fans at full speed without flow; NaN where the flow is held. [Pa]"""
    crah_curvature: Array
    """(C,) fall of that pressure over the square of the flow. [Pa/(m3/s)2]"""
    slot_stream: Index
    """(S,)"""
    slot_flow: Array
    """(S,) [m3/s]"""
    slot_temperature: Array
    """(S,) [degC]"""
    source_share: Array
    """(H,) part of the hall's other heat that each source of the room releases."""
    inlet_patch: Index
    """(N,) patch of each stream that takes air from the room; -1 for slots."""
    outlet_patch: Index
    """(N,) patch that gives it."""
    tile_panels: Index
    """Panels that are perforated tiles, one by one."""
    grille_panels: Index
    """Panels that are return grilles in the ceiling."""
    leak_panels: Index
    """Panels through which air leaks: floor, containment."""
    panel_element: tuple[str, ...]
    """Of each panel: pod of a containment, ``floor`` or ``ceiling``."""
    spacing: float
    """Largest cell size. [m]"""
    notes: tuple[str, ...]
    """What was assumed, and what a reader should know."""

    @property
    def cells(self) -> int:
        """Cells of the grid, those inside machines included."""
        return self.room.grid.cells

    def spread(self, rack: ArrayLike, crah: ArrayLike, slot: ArrayLike = 0.0) -> Array:
        """Values of racks, air handlers and slots as one array over the streams."""
        values = np.zeros(len(self.room.streams))
        for stream, given in ((self.rack_stream, rack), (self.crah_stream, crah), (self.slot_stream, slot)):
            known = stream >= 0
            values[stream[known]] = np.broadcast_to(np.asarray(given, float), stream.shape)[known]
        return values


@dataclass
class _Sheets:
    """Panels as they are collected; of two in one place the later counts."""

    panels: list[Panel] = field(default_factory=list)
    element: list[str] = field(default_factory=list)
    role: list[str] = field(default_factory=list)

    def add(self, panel: Panel, element: str, role: str = "") -> None:
        self.panels.append(panel)
        self.element.append(element)
        self.role.append(role)

    def of(self, role: str) -> Index:
        return np.array([n for n, own in enumerate(self.role) if own == role], np.intp)


def lower(
    facility: Facility, shell: Shell, *, spacing: float | None = None, memory: float = 2e9, check: bool = True
) -> HallRoom:
    """Restate a hall as a room.

    Parameters
    ----------
    spacing : float, optional
        Largest cell size; without it the finest of 0.1 to 0.3 m that keeps the grid below 200,000 cells. [m]
    memory : float
        Most memory that a solve may take. [B]
    check : bool
        Whether to look for faults; they cost two rasterisations.

    Raises
    ------
    TooManyCells
        If the grid would need more than ``memory``; nothing has been built by then.
    AirflowError
        With every reason why the air cannot be solved.

    Notes
    -----
    Racks, air handlers and slots are streams named by id, their patches ``<id> inlet`` and ``<id> outlet``.  How machines
    take and give air is told in :mod:`twin.networks.rooms.machines`, how aisles are closed in :mod:`twin.geometry.air`.

    The room reaches from the floor to the hall's height.  Below a raised floor that perimeter units blow into it goes down
    to the slab; a raised floor that nothing blows into is left out.  Above it goes to the top of the ceiling plenum.
    Heat that the hall's air takes up from electrical machines is released behind those that stand in rows (power sidecars
    blow their losses out at the back), by rating, or without any in the upper half of the hall; the caller sets it.
    Busways, trays and pipes over the rows resist the air; cables do not.
    """
    solids = place(facility)
    things = list(in_hall(facility, solids, shell))
    standing = Standing(shell, _downflow(shell, (machine.product for machine, _ in things)))
    bounds = _bounds(shell, standing.downflow)
    for machine, box in things:
        put(standing, facility, machine, box)
    slots, openings = _vents(standing, shell, bounds)
    _walls_inside(standing, facility, shell, bounds)
    sheets = _Sheets()
    tiles, grilles = _floor_and_ceiling(sheets, standing, facility, shell, bounds)
    _containment(sheets, standing, facility, shell, solids)
    stops = _stops(shell, standing, sheets, openings, [*tiles, *grilles])
    grid = chosen(*bounds, stops, shell.id, spacing=spacing, memory=memory)
    sheets = _without_slivers(grid, sheets)
    heated = _losses(shell, things)
    room = Room(
        grid=grid,
        streams=tuple(standing.streams),
        patches=tuple(standing.patches),
        solids=tuple(standing.solids),
        panels=tuple(sheets.panels),
        obstacles=tuple(_obstacles(facility, bounds, grid)),
        openings=tuple(openings),
        sources=tuple(source for source, _ in heated),
        walls=tuple(_walls(shell)),
    )
    share = np.array([rating for _, rating in heated])
    result = _labelled(facility, shell, room, sheets, slots, standing, share / share.sum())
    if not check:
        return result
    faults, notes = diagnosis.look(facility, result, standing.elements, standing.downflow, tiles)
    if faults:
        raise AirflowError(faults)
    return replace(result, notes=(*result.notes, *notes))


def _downflow(shell: Shell, products: Iterable[object]) -> bool:
    """Whether perimeter units blow below a raised floor."""
    raised = shell.floor.type == "raised" and shell.floor.height > 0
    return raised and any(isinstance(p, Crah) and p.form == "perimeter" for p in products)


def _bounds(shell: Shell, downflow: bool) -> tuple[Point, Point]:
    (x, y), (east, north, up) = shell.origin, shell.size
    bottom = -shell.floor.height if downflow else 0.0
    return (x, y, bottom), (x + east, y + north, up + shell.ceiling_plenum)


# -- walls and holes -------------------------------------------------------------------------------------


def _vents(standing: Standing, shell: Shell, bounds: Box) -> tuple[list[Vent], list[Opening]]:
    """Openings of the hall; slots become streams that only give air."""
    slots, openings = [], []
    for vent in shell.vents:
        low, high = vent_box(shell, vent)
        if vent.flow is not None:
            slots.append(vent)
            _slot(standing, shell, vent, (low, high), bounds[1][2])
            continue
        if vent.wall == "ceiling":  # in the roof, if a plenum is between
            low, high = (*low[:2], bounds[1][2]), (*high[:2], bounds[1][2])
        openings.append(Opening(vent.id, low, high, vent.temperature))
        standing.elements[vent.id] = Element(vent.id, "opening", vent.mark)
    return slots, openings


def _slot(standing: Standing, shell: Shell, vent: Vent, box: Box, roof: float) -> None:
    name = f"{vent.id} outlet"
    inward = {"west": 1, "south": 1, "east": -1, "north": -1, "ceiling": -1}[vent.wall]
    standing.streams.append(vent.id)
    standing.patches.append(Patch(name, len(standing.streams) - 1, True, *box, inward))
    standing.elements[name] = Element(vent.id, "slot", vent.mark)
    if vent.wall == "ceiling" and shell.ceiling_plenum > 0:
        standing.solids.append(Solid(f"{vent.id} duct", box[0], (*box[1][:2], roof)))


def _walls_inside(standing: Standing, facility: Facility, shell: Shell, bounds: Box) -> None:
    for name, low, high in zip(*columns([shell]), strict=True):
        solid = Solid(name, (low[0], low[1], bounds[0][2]), (high[0], high[1], bounds[1][2]))
        standing.solids.append(solid)
    for wall in shell.barriers:
        (x, y), (east, north) = wall.origin, wall.size
        top = shell.size[2] if wall.height is None else min(wall.height, shell.size[2])
        standing.solids.append(Solid(wall.id, (x, y, 0.0), (x + east, y + north, top)))


def _walls(shell: Shell) -> Iterator[Wall]:
    """The four outer walls, if heat passes them."""
    if shell.walls is None:
        return
    low, high = (*shell.origin, 0.0), point(np.add((*shell.origin, 0.0), shell.size))
    for side in ("west", "east", "south", "north"):
        box, _ = face((low, high), side)
        yield Wall(f"wall {side}", *box, shell.walls.u_value, shell.walls.outside)


def _losses(shell: Shell, things: Iterable[tuple[Machine, Box]]) -> list[tuple[Source, float]]:
    """Where electrical machines release their losses, and in which proportion."""
    in_rows = [
        (machine, box) for machine, box in things if machine.row is not None and machine.kind in LOSSY_IN_ROWS
    ]
    if not in_rows:
        (x, y), (east, north, up) = shell.origin, shell.size
        return [(Source("room losses", (x, y, up / 2), (x + east, y + north, up), 0.0), 1.0)]
    found = []
    for machine, box in in_rows:
        (low, high), sign = face(box, BEHIND[machine.face])
        axis = FACES[BEHIND[machine.face]][0]
        corners = [list(low), list(high)]
        corners[1 if sign > 0 else 0][axis] += sign * PLUME
        rating = float(getattr(machine.product, "rating", 1.0))
        found.append((Source(f"{machine.id} losses", point(corners[0]), point(corners[1]), 0.0), rating))
    return found


def _obstacles(facility: Facility, bounds: Box, grid: Grid) -> Iterator[losses.Obstacle]:
    for run in runs(facility):
        obstacle = losses.porous(run, bounds, grid) if _has_size(run) else None
        if obstacle is not None:
            yield obstacle


def _has_size(run: Prism) -> bool:
    return bool(np.all(np.subtract(run.high, run.low) > 0))


# -- floor, ceiling and containment ----------------------------------------------------------------------


def _floor_and_ceiling(
    sheets: _Sheets, standing: Standing, facility: Facility, shell: Shell, bounds: Box
) -> tuple[tuple[Area, ...], tuple[Area, ...]]:
    (x, y, _), (east, north, _) = bounds
    tiles: tuple[Area, ...] = ()
    if standing.downflow:
        tiles = tile_areas(facility, shell)
        loss = losses.gap(shell.floor.leakage)
        role = "leak" if loss < TIGHT else ""
        sheets.add(Panel("floor", (x, y, 0.0), (east, north, 0.0), loss), "floor", role)
        for tile in tiles:
            sheets.add(_panel(tile, 0.0, jet=True), "floor", "tile")
        _floor_notes(standing, shell)
    elif shell.floor.type == "raised" and shell.floor.height > 0:
        standing.notes["no unit blows below the raised floor: the air under it is left out"] = None
    grilles = grille_areas(facility, shell)
    if shell.ceiling_plenum > 0:
        up = standing.ceiling
        ducts = any(solid.name.endswith(" duct") for solid in standing.solids)
        loss = TIGHT if grilles or not ducts else losses.perforated(CEILING_RELIEF)
        sheets.add(Panel("ceiling", (x, y, up), (east, north, up), loss), "ceiling")
        for grille in grilles:
            sheets.add(_panel(grille, up, jet=False), "ceiling", "grille")
        standing.notes["return grilles are 50 % open, over the hot aisles or the backs of rows, assumed"] = (
            None
        )
    return tiles, grilles


def _floor_notes(standing: Standing, shell: Shell) -> None:
    floor = shell.floor
    if "tiles" not in floor.model_fields_set:
        standing.notes[TILE_NOTE.format(0.25)] = None
    if "leakage" not in floor.model_fields_set:
        standing.notes[f"{floor.leakage:.1%} of the other floor is open, assumed"] = None


def _panel(area: Area, height: float, *, jet: bool) -> Panel:
    loss = losses.perforated(area.open_area)
    low, high = (*area.low, height), (*area.high, height)
    return Panel(area.name, low, high, loss, area.open_area if jet else 0.0)


WAY_OUT = {
    "open": "hot aisles of {}: neither ceiling plenum nor in-row coolers take their air, so their roofs are open and panels "
    "rise {:.1f} m above the racks",
    "ceiling": "hot aisles of {}: panels rise {:.1f} m to the ceiling, grilles lead into the plenum",
}


def _containment(
    sheets: _Sheets, standing: Standing, facility: Facility, shell: Shell, solids: Solids
) -> None:
    closed = enclosures(facility, solids, shell)
    ways: dict[tuple[str, float], list[str]] = {}
    for enclosure in closed:
        containment = enclosure.zone.containment
        loss = losses.gap(containment.gaps)
        for sheet in enclosure.sheets:
            role = "leak" if loss < TIGHT else ""
            sheets.add(Panel(sheet.name, sheet.low, sheet.high, loss), enclosure.zone.id, role)
        ways.setdefault((enclosure.way_out, enclosure.rise), []).append(enclosure.zone.id)
        if "gaps" not in containment.model_fields_set:
            standing.notes[f"gaps are {containment.gaps:.1%} of the containment's area, assumed"] = None
    for (way, rise), zones in ways.items():
        if way in WAY_OUT:
            standing.notes[WAY_OUT[way].format(", ".join(dict.fromkeys(zones)), rise)] = None
    enclosed = {enclosure.zone.id for enclosure in closed}
    for zone in facility.zones:
        kind = zone.containment.aisle
        if zone.hall == shell.id and kind in ("hot", "cold") and zone.id not in enclosed:
            standing.notes[f"{zone.id} has no {kind} aisle between two rows: nothing is enclosed"] = None


# -- grid ------------------------------------------------------------------------------------------------

PLANE = 10.0
"""Weight of a plane through which air goes, over that of a wall of the same area, when they compete for a grid line."""


def _stops(
    shell: Shell, standing: Standing, sheets: _Sheets, openings: list[Opening], areas: list[Area]
) -> Stops:
    stops = Stops()
    for solid in standing.solids:
        stops.add((solid.low, solid.high))
    for patch in standing.patches:
        stops.add((patch.low, patch.high), PLANE)
    for opening in openings:
        stops.add((opening.low, opening.high))
        _edges(stops, (opening.low, opening.high))
    for panel, role in zip(sheets.panels, sheets.role, strict=True):
        if role not in ("tile", "grille"):
            stops.add((panel.low, panel.high), PLANE / 2)
    for low, high in _outlines(areas):
        _edges(stops, ((*low, 0.0), (*high, 0.0)))
    for patch in standing.patches:
        _edges(stops, (patch.low, patch.high))
    if standing.downflow:
        stops.insist(2, 0.0)
    if shell.ceiling_plenum > 0:
        stops.insist(2, shell.size[2])
    return stops


def _edges(stops: Stops, box: Box) -> None:
    """The edges of a flat box: they come after all faces."""
    size = np.subtract(box[1], box[0])
    for axis in range(3):
        if size[axis] > 0:
            for value in (box[0][axis], box[1][axis]):
                stops.weight[axis][round(value, 6)] += 1e-6 * float(size[size > 0].prod())


def _outlines(areas: list[Area]) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    """Rectangles around tiles of one area: lines need not meet every tile."""
    groups: dict[str, list[Area]] = {}
    for area in areas:
        groups.setdefault(area.name.rpartition(" ")[0], []).append(area)
    for members in groups.values():
        yield (
            (min(a.low[0] for a in members), min(a.low[1] for a in members)),
            (max(a.high[0] for a in members), max(a.high[1] for a in members)),
        )


def _without_slivers(grid: Grid, sheets: _Sheets) -> _Sheets:
    """Leave out sheets of containment that are narrower than a cell: they would grow to one."""
    kept = _Sheets()
    for panel, element, role in zip(sheets.panels, sheets.element, sheets.role, strict=True):
        if role in ("tile", "grille") or not vanishes(grid, panel.low, panel.high):
            kept.add(panel, element, role)
    return kept


# -- index maps ------------------------------------------------------------------------------------------


def _labelled(
    facility: Facility,
    shell: Shell,
    room: Room,
    sheets: _Sheets,
    slots: list[Vent],
    standing: Standing,
    source_share: Array,
) -> HallRoom:
    racks = [machine for machine in facility.racks if machine.hall == shell.id]
    crahs = [machine for machine in facility.of_kind("crah") if machine.hall == shell.id]
    number = {name: index for index, name in enumerate(room.streams)}
    patch = np.full((2, len(room.streams)), -1, np.intp)
    for index, own in enumerate(room.patches):
        patch[int(own.supply), own.stream] = index
    fans = np.array([_fan(m.product) for m in crahs if isinstance(m.product, Crah)]).reshape(-1, 2)
    return HallRoom(
        shell=shell,
        room=room,
        racks=tuple(machine.id for machine in racks),
        crahs=tuple(machine.id for machine in crahs),
        rack_stream=_numbers(number, (machine.id for machine in racks)),
        rack_leak=np.array([m.product.leakage for m in racks if isinstance(m.product, Rack)], float),
        crah_stream=_numbers(number, (machine.id for machine in crahs)),
        crah_head=fans[:, 0],
        crah_curvature=fans[:, 1],
        slot_stream=_numbers(number, (slot.id for slot in slots)),
        slot_flow=np.array([slot.flow for slot in slots], float),
        slot_temperature=np.array([slot.temperature for slot in slots], float),
        source_share=source_share,
        inlet_patch=patch[0],
        outlet_patch=patch[1],
        tile_panels=sheets.of("tile"),
        grille_panels=sheets.of("grille"),
        leak_panels=sheets.of("leak"),
        panel_element=tuple(sheets.element),
        spacing=max(float(np.diff(line).max()) for line in room.grid.lines),
        notes=tuple(standing.notes),
    )


def _numbers(number: dict[str, int], names: Iterable[str]) -> Index:
    return np.array([number.get(name, -1) for name in names], np.intp)


def _fan(crah: Crah) -> tuple[float, float]:
    """Pressure without flow [Pa] and its fall over the flow squared [Pa/(m3/s)2] at full speed."""
    if crah.fan_head is None:
        return float("nan"), 0.0
    without, rated = crah.fan_head
    return without, (without - rated) / crah.air_flow**2

"""Why the air of a hall could not be solved: looked for before any solve."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from solvers.air.field.problem import TIGHT, Room
from solvers.air.field.terrain import DISCHARGE
from solvers.air.field.voxels import RoomError, Voxels, rasterise
from twin.geometry.air import Area, beyond_wall
from twin.geometry.sweep import TOUCH
from twin.model.facility import Facility, Shell
from twin.model.language import Tiles
from twin.model.products import Crah, Rack
from twin.networks.rooms import losses
from twin.networks.rooms.boxes import FACES, Box, meet, point
from twin.networks.rooms.faults import Element, Fault, translated

if TYPE_CHECKING:
    from twin.networks.rooms.hall import HallRoom

AHEAD = 0.05
"""Depth before a patch in which what blocks it is looked for. [m]"""
AIR_CAPACITY = 1.2 * 1006.0
"""Heat that a volume of air takes up: 1.2 kg/m3 and 1006 J/(kg K), near 20 degC at sea level. [J/(m3 K)]"""


def look(
    facility: Facility,
    hall: HallRoom,
    elements: Mapping[str, Element],
    downflow: bool,
    tiles: tuple[Area, ...],
) -> tuple[list[Fault], list[str]]:
    """Every fault of a hall, and what a reader should know of its air."""
    shell, room = hall.shell, hall.room
    faults = [*_supplies(facility, hall), *_places(shell, tiles)]
    if downflow:
        faults += _floor(shell, tiles)
    try:
        voxels = rasterise(room)
    except RoomError as error:
        return [*faults, *translated(error.faults, elements, _blockers(room), shell.mark)], []
    if faults:
        return faults, []
    faults = _shut(facility, hall, elements, voxels)
    if faults:
        return faults, []
    return _starved(facility, hall, elements)


def _supplies(facility: Facility, hall: HallRoom) -> Iterator[Fault]:
    shell, openings = hall.shell, hall.room.openings
    doors = any(facility.by_id[name].rear_door for name in hall.racks)
    crahs = (hall.crah_stream >= 0).any()
    if len(hall.racks) and not (crahs or len(hall.slot_stream) or openings or doors):
        yield Fault(
            f"hall {shell.id or 1}: {len(hall.racks)} racks and nothing that supplies cool air; add air: crahs, "
            "openings or rear doors",
            shell.mark,
        )
    for vent in shell.vents:
        if vent.flow is not None and not openings:
            yield Fault(f"slot {vent.id}: its air cannot leave the hall; add air: openings", vent.mark)


def _places(shell: Shell, tiles: tuple[Area, ...]) -> Iterator[Fault]:
    """What lies outside the hall."""
    for vent in shell.vents:
        if beyond := beyond_wall(shell, vent):
            kind = "opening" if vent.flow is None else "slot"
            where = "the ceiling" if vent.wall == "ceiling" else f"wall {vent.wall}"
            yield Fault(f"{kind} {vent.id}: reaches {beyond:.2f} m beyond {where}", vent.mark)
    (x, y), (east, north, _) = shell.origin, shell.size
    floor = ((x, y), (x + east, y + north))
    for wall in shell.barriers:
        corner = (wall.origin[0] + wall.size[0], wall.origin[1] + wall.size[1])
        if beyond := _outside((wall.origin, corner), floor):
            yield Fault(f"partition {wall.id}: reaches {beyond:.2f} m beyond the hall", wall.mark)
    areas = {area.name.rpartition(" ")[0]: _outside((area.low, area.high), floor) for area in tiles}
    for name, beyond in areas.items():
        if beyond:
            yield Fault(f"floor: {name} reach {beyond:.2f} m beyond the hall", shell.mark)


Rectangle = tuple[tuple[float, float], tuple[float, float]]


def _outside(inner: Rectangle, outer: Rectangle) -> float:
    beyond = max(max(outer[0][k] - inner[0][k], inner[1][k] - outer[1][k], 0.0) for k in range(2))
    return beyond if beyond > TOUCH else 0.0


def _floor(shell: Shell, tiles: tuple[Area, ...]) -> Iterator[Fault]:
    """A raised floor whose seams pass more air than its tiles, at one pressure."""
    where = f"hall {shell.id or 1}, raised floor"
    if not tiles:
        rows = isinstance(shell.floor.tiles, Tiles)
        why = "no row of racks to lie before" if rows else "an empty list"
        yield Fault(f"{where}: air handlers blow below it, and it has no tiles ({why})", shell.mark)
        return
    area = [(t.high[0] - t.low[0]) * (t.high[1] - t.low[1]) for t in tiles]
    open_ = sum(a / losses.perforated(t.open_area) ** 0.5 for a, t in zip(area, tiles, strict=True))
    rest = max(shell.size[0] * shell.size[1] - sum(area), 0.0)
    leaks = rest * DISCHARGE * shell.floor.leakage
    if leaks > open_:
        yield Fault(
            f"{where}: it is not sealed: its seams (leakage {shell.floor.leakage:.1%}) pass {leaks / open_:.1f} times as "
            "much air as its tiles",
            shell.mark,
        )


def _blockers(room: Room) -> dict[str, str]:
    """What stands in front of each patch, by name of patch."""
    found = {}
    for patch in room.patches:
        axis = int(np.argmin(np.subtract(patch.high, patch.low)))
        low, high = list(patch.low), list(patch.high)
        if patch.side > 0:
            high[axis] += AHEAD
        else:
            low[axis] -= AHEAD
        ahead: Box = (point(low), point(high))
        names = [solid.name for solid in room.solids if meet(ahead, (solid.low, solid.high))]
        beyond = low[axis] < room.grid.lines[axis][0] or high[axis] > room.grid.lines[axis][-1]
        if names:
            found[patch.name] = names[0]
        elif beyond:
            side = next(s for s, face in FACES.items() if face == (axis, patch.side))
            found[patch.name] = {"top": "the ceiling", "bottom": "the floor"}.get(side, f"wall {side}")
    return found


# -- spaces ----------------------------------------------------------------------------------------------


@dataclass
class _Space:
    """A part of the room that is cut off from the others, and the streams that meet it."""

    takes: list[int]
    """Streams that take air from it."""
    gives: list[int]
    opens: bool
    """Whether an opening leads to surroundings."""


def _spaces(room: Room, voxels: Voxels) -> tuple[list[_Space], dict[tuple[int, bool], int]]:
    """Cut-off spaces; and by stream and whether it supplies: the space its patch lies in."""
    region = voxels.region.reshape(-1)
    faces, holes = voxels.patches, voxels.openings
    met = [np.unique(region[faces.cell[faces.of(n)]]) for n in range(len(room.patches))]
    met += [np.unique(region[holes.cell[holes.of(n)]]) for n in range(len(room.openings))]
    # a patch that meets two spaces joins them
    pairs = np.array([(a[0], b) for a in met for b in a if len(a)], int).reshape(-1, 2)
    size = int(region.max(initial=0)) + 1
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    label = connected_components(graph, directed=False)[1]
    spaces: dict[int, _Space] = defaultdict(lambda: _Space([], [], False))
    where: dict[tuple[int, bool], int] = {}
    for number, own in enumerate(met):
        if not len(own):
            continue
        space = spaces[int(label[own[0]])]
        if number >= len(room.patches):
            space.opens = True
            continue
        patch = room.patches[number]
        (space.gives if patch.supply else space.takes).append(patch.stream)
        where[patch.stream, patch.supply] = int(label[own[0]])
    names = list(spaces)
    return list(spaces.values()), {key: names.index(value) for key, value in where.items()}


def _shut(facility: Facility, hall: HallRoom, elements: Mapping[str, Element], voxels: Voxels) -> list[Fault]:
    """Streams that carry air between spaces that nothing else joins: their flows cannot balance."""
    room = hall.room
    spaces, where = _spaces(room, voxels)
    racks = set(hall.rack_stream.tolist())
    between: dict[tuple[int, int], list[int]] = defaultdict(list)
    for stream in range(len(room.streams)):
        start, end = where.get((stream, False), -1), where.get((stream, True), -1)
        if start < 0 and end >= 0 and not spaces[end].opens:  # a slot
            between[-1, end].append(stream)
        elif start != end and start >= 0 and not (spaces[start].opens and spaces[end].opens):
            between[min(start, end), max(start, end)].append(stream)
    faults = []
    for (first, _), streams in between.items():
        if first < 0:
            text = "its air is shut in; an opening must lie in the same space"
            faults.append(_of(room, elements, streams, text))
            continue
        chosen = [stream for stream in streams if stream in racks] or streams
        text = (
            "takes air from a space that is sealed from where it blows, so the flows cannot balance; "
            f"{_demand(facility, hall, spaces[where[chosen[0], False]])}give the containment gaps, the floor leakage, or "
            "open a way"
        )
        faults.append(_of(room, elements, chosen, text))
    return faults


def _starved(
    facility: Facility, hall: HallRoom, elements: Mapping[str, Element]
) -> tuple[list[Fault], list[str]]:
    """Racks in a space that has air through gaps alone: none is a fault, too little a note."""
    sheets = tuple(
        replace(panel, loss=TIGHT) if n in set(hall.leak_panels.tolist()) else panel
        for n, panel in enumerate(hall.room.panels)
    )
    room = replace(hall.room, panels=sheets)
    spaces, _ = _spaces(room, rasterise(room))
    racks = set(hall.rack_stream.tolist())
    faults, notes = [], []
    for space in spaces:
        mine = [stream for stream in space.takes if stream in racks]
        if mine and not space.gives and not space.opens:
            text = "draws from a space that nothing supplies; only gaps of its containment let air in"
            faults.append(_of(room, elements, mine, text))
        mine = [stream for stream in space.gives if stream in racks]
        if mine and not space.takes and not space.opens:
            text = "blows into a space that nothing takes air from; only gaps of its containment let it out"
            faults.append(_of(room, elements, mine, text))
        one_way = not space.opens and not racks & set(space.gives)
        if one_way and (short := _demand(facility, hall, space)):
            notes.append(short + "the rest comes through gaps")
    return faults, notes


def _of(room: Room, elements: Mapping[str, Element], streams: list[int], text: str) -> Fault:
    element = _element(room, elements, streams[0])
    many = f" (and {len(streams) - 1} more)" if len(streams) > 1 else ""
    return Fault(f"{element.kind} {element.id}{many}: {text}", element.mark)


def _element(room: Room, elements: Mapping[str, Element], stream: int) -> Element:
    return elements[next(patch.name for patch in room.patches if patch.stream == stream)]


def _demand(facility: Facility, hall: HallRoom, space: _Space) -> str:
    """Words for racks that draw more from a space than all supplies give; empty if they do not."""
    drawn = _flow(facility, hall, space.takes, racks=True)
    given = _flow(facility, hall, space.gives, racks=False)
    if drawn <= given or not drawn:
        return ""
    first = hall.room.streams[space.takes[0]]
    return (
        f"racks that share the air of {first} draw {drawn:.1f} m3/s at full power, all supplies together give "
        f"{given:.1f} m3/s; "
    )


def _flow(facility: Facility, hall: HallRoom, streams: Iterable[int], *, racks: bool) -> float:
    """Most air of racks at full power, or of air handlers at full speed and slots. [m3/s]"""
    slots = dict(zip(hall.slot_stream.tolist(), hall.slot_flow.tolist(), strict=True))
    total = 0.0
    for stream in streams:
        machine = facility.by_id.get(hall.room.streams[stream])
        product = machine.product if machine else None
        if isinstance(product, Rack) and racks:
            air = product.power.maximum * (1.0 - product.liquid_share)
            total += (1.0 - product.leakage) * air / (AIR_CAPACITY * product.air_rise)
        elif isinstance(product, Crah) and not racks:
            total += product.air_flow
        elif product is None and not racks:
            total += slots.get(stream, 0.0)
    return total

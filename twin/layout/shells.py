"""Halls: their shell with the walls inside, the holes in it, and the rows that have perforated tiles."""

from __future__ import annotations

from collections.abc import Iterator

from twin.layout.document import Path
from twin.layout.draft import Block, Draft
from twin.layout.placement import Rectangle
from twin.model.facility import Barrier, Shell, Vent
from twin.model.language import Air, ElectricalRooms, HallShape, Slot, Tiles, WallOpening


def note_shell(
    draft: Draft,
    name: str,
    corner: tuple[float, float],
    shape: HallShape,
    air: Air,
    rooms: ElectricalRooms | None,
    path: Path,
) -> Rectangle:
    """Note the hall written at ``path``; its outline on the site."""
    x, y = corner
    prefix = f"{name}." if name else ""
    inside: Path = path if path == ("hall",) else (*path, "hall")
    around: Path = ("air",) if air is draft.layout.air else (*path, "air")
    draft.shells.append(
        Shell(
            id=name,
            origin=corner,
            size=shape.size,
            floor=shape.floor,
            columns=tuple((x + column.at[0], y + column.at[1], *column.size) for column in shape.columns),
            air=air,
            indoor_losses=shape.indoor_losses,
            electrical_rooms=rooms or draft.layout.power.electrical_rooms or ElectricalRooms(),
            ceiling_plenum=shape.ceiling_plenum,
            barriers=tuple(_barriers(draft, prefix, corner, shape, inside)),
            vents=tuple(_vents(draft, prefix, air, around)),
            walls=shape.walls,
            mark=draft.mark(path),
        )
    )
    bounds = (x, y, x + shape.size[0], y + shape.size[1])
    draft.ground.taken.append(bounds)
    return bounds


def _barriers(
    draft: Draft, prefix: str, corner: tuple[float, float], shape: HallShape, path: Path
) -> Iterator[Barrier]:
    for index, wall in enumerate(shape.partitions):
        place = (*path, "partitions", index)
        if draft.claim(prefix + wall.id, place, wall.id):
            origin = (corner[0] + wall.at[0], corner[1] + wall.at[1])
            yield Barrier(
                id=prefix + wall.id, origin=origin, size=wall.size, height=wall.height, mark=draft.mark(place)
            )


def _vents(draft: Draft, prefix: str, air: Air, path: Path) -> Iterator[Vent]:
    places: dict[str, tuple[WallOpening | Slot, ...]] = {"openings": air.openings, "slots": air.slots}
    for section, written in places.items():
        for index, vent in enumerate(written):
            place = (*path, section, index)
            if draft.claim(prefix + vent.id, place, vent.id):
                yield Vent(
                    id=prefix + vent.id,
                    wall=vent.wall,
                    at=vent.at,
                    size=vent.size,
                    temperature=vent.temperature,
                    flow=vent.flow if isinstance(vent, Slot) else None,
                    mark=draft.mark(place),
                )


def note_tiles(draft: Draft, block: Block) -> None:
    """Resolve the rows of a hall that have perforated tiles; call it when its rows are there."""
    number = next((n for n, shell in enumerate(draft.shells) if shell.id == block.hall), None)
    if number is None:
        return
    tiles = draft.shells[number].floor.tiles
    if isinstance(tiles, Tiles) and tiles.rows is not None:
        path = (*block.path, "hall", "floor", "tiles", "rows")
        rows = tuple(run.id for run in draft.select_rows(tiles.rows, path, block))
        draft.shells[number] = draft.shells[number].replace(tile_rows=rows)

"""A room on its grid: which cells hold air, which faces are open, where walls rub and where streams begin and end.

Arrays run over ``[k, j, i]`` (z, y, x; x fastest, as VTK has it) and carry one layer of ghost cells around the room. Face
``i`` along x lies between cells ``i - 1`` and ``i``; likewise along y and z.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from solvers.air.field.grid import Grid
from solvers.air.field.problem import Opening, Panel, Patch, Point, Room, Solid

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

AXES = "xyz"
FLUID, EDGE = 8, 16
"""Bits of :attr:`Voxels.flags` besides 1, 2, 4 (lower x, y, z face open): cell holds air; cell has a rubbing wall."""


class RoomError(ValueError):
    """The geometry of a room cannot be solved; ``faults`` says why, one sentence each."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces of patches or panels, one after the other; the faces of item n are ``start[n]:start[n + 1]``."""

    start: Index
    axis: Index
    """Direction of each face's normal."""
    face: Index
    """Flat index of the face (that of the cell above it)."""
    cell: Index
    """Flat index of the cell on the side of the air."""
    ghost: Index
    """Flat index of the cell behind."""
    side: Index
    """+1 if the air lies on the side of growing coordinates."""
    area: Array
    """[m2]"""

    def of(self, item: int) -> slice:
        """Faces of one item."""
        return slice(int(self.start[item]), int(self.start[item + 1]))


@dataclass(frozen=True, eq=False)
class Voxels:
    """A room on a grid."""

    room: Room
    grid: Grid
    size: tuple[Array, Array, Array]
    """Cell sizes along x, y, z with a ghost at both ends. [m]"""
    apart: tuple[Array, Array, Array]
    """Distance of the cell middles on both sides of each face. [m]"""
    fluid: Mask
    """[k, j, i] cell holds air."""
    open: tuple[Mask, Mask, Mask]
    """Face lets air through and is solved for."""
    through: tuple[Mask, Mask, Mask]
    """Face lets air through, those of patches and openings included."""
    flags: NDArray[np.uint8]
    patches: Faces
    openings: Faces
    panels: Faces
    """Faces of panels with a finite loss."""
    panel_of: Index
    """(panels with faces,) number of the panel in the room."""
    rubs: tuple[Index, Index, Index]
    """Cell, axis and side (-1, +1) of every side of a cell that rubs on a wall."""
    solid_of: NDArray[np.int32]
    """[k, j, i] number of the solid that fills a cell, -1 for none."""
    region: NDArray[np.int32]
    """[k, j, i] connected air, from 1; 0 for none."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the arrays."""
        nz, ny, nx = self.fluid.shape
        return nz, ny, nx

    @property
    def cells(self) -> int:
        """Cells with air."""
        return int(self.fluid.sum())

    def volume(self) -> Array:
        """[k, j, i] volume of the cells. [m3]"""
        dx, dy, dz = self.size
        return dz[:, None, None] * dy[:, None] * dx

    def face_area(self, axis: int) -> Array:
        """Area of the faces across an axis, broadcast over [k, j, i]. [m2]"""
        dx, dy, dz = self.size
        return (dz[:, None, None] * dy[:, None], dz[:, None, None] * dx, dy[:, None] * dx)[axis]

    def range_of(self, low: Point, high: Point) -> tuple[slice, slice, slice]:
        """Cells of a box as slices along k, j, i; at least one cell along each axis."""
        return _cells(self.grid, low, high)


def rasterise(room: Room, grid: Grid | None = None) -> Voxels:
    """Put a room on its grid, or on a coarser one.

    Raises
    ------
    RoomError
        If patches or openings lie where no air is, outside the room or over each other.

    Notes
    -----
    Boxes snap to the nearest grid lines; a solid or patch that would vanish keeps one cell.
    """
    grid = grid or room.grid
    shape = tuple(n + 2 for n in grid.shape[::-1])
    solid_of = np.full(shape, -1, np.int32)
    fluid = np.zeros(shape, bool)
    fluid[1:-1, 1:-1, 1:-1] = True
    for number, solid in enumerate(room.solids):
        if _meets(grid, solid.low, solid.high):
            solid_of[_cells(grid, solid.low, solid.high)] = number
    fluid &= solid_of < 0
    opened = tuple(fluid & _before(fluid, axis) for axis in range(3))
    losses: list[tuple[int, int, tuple[slice, slice, slice]]] = []
    for number, panel in enumerate(room.panels):
        axis, where = flat_box(grid, panel.low, panel.high)
        if np.isinf(panel.loss):
            opened[axis][where] = False
        else:
            opened[axis][where] = fluid[where] & _before(fluid, axis)[where]
        losses.append((number, axis, where))
    faults: list[str] = []
    taken: tuple[NDArray[np.int32], ...] = tuple(np.full(shape, -1, np.int32) for _ in range(3))
    patches = _faces(grid, shape, _patch_items(grid, room, fluid, opened, taken, faults))
    openings = _faces(grid, shape, _opening_items(grid, room, fluid, taken, len(room.patches), faults))
    panels, panel_of = _panel_faces(grid, shape, room, losses, opened)
    through = tuple(face | (owner >= 0) for face, owner in zip(opened, taken, strict=True))
    rubs = _rubs(room, fluid, through)
    flags = np.zeros(shape, np.uint8)
    for axis in range(3):
        flags |= opened[axis].astype(np.uint8) << axis
    flags |= fluid.astype(np.uint8) * FLUID
    flags.reshape(-1)[rubs[0]] |= EDGE
    if faults:
        raise RoomError(faults)
    return Voxels(
        room=room,
        grid=grid,
        size=_sizes(grid),
        apart=_distances(grid),
        fluid=fluid,
        open=opened,
        through=through,
        flags=flags,
        patches=patches,
        openings=openings,
        panels=panels,
        panel_of=panel_of,
        rubs=rubs,
        solid_of=solid_of,
        region=regions(fluid, opened),
    )


def regions(fluid: Mask, opened: Sequence[Mask]) -> NDArray[np.int32]:
    """Number the connected parts of the air, from 1, over open faces."""
    import scipy.sparse
    from scipy.sparse.csgraph import connected_components

    numbers = np.full(fluid.shape, -1, np.int64)
    count = int(fluid.sum())
    if all((opened[a] == (fluid & _before(fluid, a))).all() for a in range(3)):  # no panels: faster
        labels, _ = ndimage.label(fluid)
        return labels.astype(np.int32)
    numbers[fluid] = np.arange(count)
    pairs = [(numbers[opened[a]], np.roll(numbers, 1, 2 - a)[opened[a]]) for a in range(3)]
    first, second = (np.concatenate([pair[n] for pair in pairs]) for n in (0, 1))
    graph = scipy.sparse.coo_array((np.ones(first.size, np.int8), (first, second)), shape=(count, count))
    labels = np.zeros(fluid.shape, np.int32)
    labels[fluid] = connected_components(graph.tocsr(), directed=False)[1] + 1
    return labels


def _before(array: NDArray[Any], axis: int) -> NDArray[Any]:
    """Value of the cell before each face along x, y or z."""
    return np.roll(array, 1, 2 - axis)


def _line(lines: Array, value: float) -> int:
    return int(np.argmin(np.abs(lines - value)))


def _span(lines: Array, low: float, high: float) -> tuple[int, int]:
    """First and last + 1 cell (with ghosts counted) between two coordinates; at least one."""
    first, last = _line(lines, low), _line(lines, high)
    if last <= first:
        first = int(np.clip(np.searchsorted(lines, (low + high) / 2) - 1, 0, lines.size - 2))
        last = first + 1
    return first + 1, last + 1


def _cells(grid: Grid, low: Point, high: Point) -> tuple[slice, slice, slice]:
    x, y, z = (slice(*_span(line, a, b)) for line, a, b in zip(grid.lines, low, high, strict=True))
    return z, y, x


def _meets(grid: Grid, low: Point, high: Point) -> bool:
    """Whether a box reaches into the grid at all."""
    return all(a < line[-1] and b > line[0] for line, a, b in zip(grid.lines, low, high, strict=True))


def flat_box(grid: Grid, low: Point, high: Point) -> tuple[int, tuple[slice, slice, slice]]:
    """Axis of the normal and faces of a flat box."""
    axis = int(np.argmin(np.subtract(high, low)))
    spans = [slice(*_span(line, a, b)) for line, a, b in zip(grid.lines, low, high, strict=True)]
    plane = _line(grid.lines[axis], (low[axis] + high[axis]) / 2) + 1
    spans[axis] = slice(plane, plane + 1)
    return axis, (spans[2], spans[1], spans[0])


def _sizes(grid: Grid) -> tuple[Array, Array, Array]:
    x, y, z = (np.pad(np.diff(line), 1, mode="edge") for line in grid.lines)
    return x, y, z


def _distances(grid: Grid) -> tuple[Array, Array, Array]:
    def apart(line: Array) -> Array:
        size = np.diff(line)
        inner = (size[1:] + size[:-1]) / 2
        # at the boundary to the face itself
        return np.concatenate([[size[0]], [size[0] / 2], inner, [size[-1] / 2]])

    x, y, z = (apart(line) for line in grid.lines)
    return x, y, z


Item = tuple[int, Index, int]
"""Axis, flat indices of faces, side."""


def _faces(grid: Grid, shape: tuple[int, ...], items: Iterator[Item]) -> Faces:
    sizes = _sizes(grid)
    strides = (1, shape[2], shape[1] * shape[2])
    start, axes, face, cell, ghost, sides, area = [0], [], [], [], [], [], []
    for axis, faces, side in items:
        start.append(start[-1] + faces.size)
        axes.append(np.full(faces.size, axis))
        face.append(faces)
        behind, ahead = (faces - strides[axis], faces)
        cell.append(ahead if side > 0 else behind)
        ghost.append(behind if side > 0 else ahead)
        sides.append(np.full(faces.size, side))
        place = np.unravel_index(faces, shape)[::-1]
        others = [a for a in range(3) if a != axis]
        area.append(sizes[others[0]][place[others[0]]] * sizes[others[1]][place[others[1]]])

    def joined(parts: list[NDArray[Any]], kind: type) -> NDArray[Any]:
        return np.concatenate(parts).astype(kind) if parts else np.zeros(0, kind)

    return Faces(
        np.array(start, np.int64),
        joined(axes, np.int64),
        joined(face, np.int64),
        joined(cell, np.int64),
        joined(ghost, np.int64),
        joined(sides, np.int64),
        joined(area, float),
    )


def _flat_index(where: tuple[slice, slice, slice], chosen: Mask, shape: tuple[int, ...]) -> Index:
    k, j, i = np.nonzero(chosen)
    return np.ravel_multi_index((k + where[0].start, j + where[1].start, i + where[2].start), shape).astype(
        np.int64
    )


def _patch_items(
    grid: Grid,
    room: Room,
    fluid: Mask,
    opened: Sequence[Mask],
    taken: Sequence[NDArray[np.int32]],
    faults: list[str],
) -> Iterator[Item]:
    for number, patch in enumerate(room.patches):
        yield _hole(grid, patch, patch.side, number, fluid, taken, faults, room)


def _opening_items(
    grid: Grid, room: Room, fluid: Mask, taken: Sequence[NDArray[np.int32]], first: int, faults: list[str]
) -> Iterator[Item]:
    for number, opening in enumerate(room.openings):
        axis = int(np.argmin(np.subtract(opening.high, opening.low)))
        lines, at = grid.lines[axis], (opening.low[axis] + opening.high[axis]) / 2
        reach = max(lines[1] - lines[0], lines[-1] - lines[-2])
        if min(abs(at - lines[0]), abs(at - lines[-1])) > reach / 2:
            faults.append(f"opening {opening.name} lies in no outer wall of the room")
            yield axis, np.zeros(0, np.int64), 1
            continue
        side = 1 if abs(at - lines[0]) < abs(at - lines[-1]) else -1
        yield _hole(grid, opening, side, first + number, fluid, taken, faults, room)


def _hole(
    grid: Grid,
    hole: Patch | Opening,
    side: int,
    number: int,
    fluid: Mask,
    taken: Sequence[NDArray[np.int32]],
    faults: list[str],
    room: Room,
) -> Item:
    """Faces of a patch or opening: air on its side, none behind."""
    axis, where = flat_box(grid, hole.low, hole.high)
    outside = [
        AXES[a]
        for a in range(3)
        if hole.high[a] < grid.lines[a][0] - 1e-6 or hole.low[a] > grid.lines[a][-1] + 1e-6
    ]
    if outside:
        faults.append(f"{hole.name} lies outside the room along {outside[0]}")
        return axis, np.zeros(0, np.int64), side
    behind, ahead = _before(fluid, axis)[where], fluid[where]
    air, back = (ahead, behind) if side > 0 else (behind, ahead)
    chosen = air & ~back
    if not chosen.any():
        why = "has air on both sides" if (air & back).any() else "is blocked: no air in front of it"
        faults.append(f"{hole.name} {why}")
    held = taken[axis][where]
    if (chosen & (held >= 0)).any():
        other = int(held[chosen & (held >= 0)][0])
        names = [*(p.name for p in room.patches), *(o.name for o in room.openings)]
        faults.append(f"{hole.name} overlaps {names[other]}")
        chosen &= held < 0
    taken[axis][where] = np.where(chosen, number, held)
    return axis, _flat_index(where, chosen, fluid.shape), side


def _panel_faces(
    grid: Grid,
    shape: tuple[int, ...],
    room: Room,
    losses: list[tuple[int, int, tuple[slice, slice, slice]]],
    opened: Sequence[Mask],
) -> tuple[Faces, Index]:
    """Faces of the panels with a finite loss; a face counts for the last panel that holds it."""
    owner = tuple(np.full(shape, -1, np.int32) for _ in range(3))
    for number, axis, where in losses:
        owner[axis][where] = number
    items, numbers = [], []
    for number, axis, where in losses:
        if np.isinf(room.panels[number].loss):
            continue
        chosen = (owner[axis][where] == number) & opened[axis][where]
        if chosen.any():
            items.append((axis, _flat_index(where, chosen, shape), 1))
            numbers.append(number)
    return _faces(grid, shape, iter(items)), np.array(numbers, np.int64)


def _rubs(room: Room, fluid: Mask, through: Sequence[Mask]) -> tuple[Index, Index, Index]:
    cells, axes, sides = [], [], []
    for axis in range(3):
        for side in (-1, 1):
            passes = through[axis] if side < 0 else np.roll(through[axis], -1, 2 - axis)
            rubbing = fluid & ~passes
            if f"{'-+'[side > 0]}{AXES[axis]}" in room.slip:
                edge: list[Any] = [slice(None)] * 3
                edge[2 - axis] = 1 if side < 0 else -2
                rubbing[tuple(edge)] = False
            found = np.flatnonzero(rubbing)
            cells.append(found)
            axes.append(np.full(found.size, axis))
            sides.append(np.full(found.size, side))
    order = np.argsort(np.concatenate(cells), kind="stable")
    cell, axis_of, side_of = (np.concatenate(part)[order].astype(np.int64) for part in (cells, axes, sides))
    return cell, axis_of, side_of


__all__ = [
    "EDGE",
    "FLUID",
    "Faces",
    "Panel",
    "RoomError",
    "Solid",
    "Voxels",
    "rasterise",
    "regions",
]

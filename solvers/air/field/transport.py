"""What frozen air carries: temperature, tracers and age, exact for the flow they are given.

The air stands still as a picture does: volume fluxes and conductances no longer change, so that every scalar obeys one
linear balance in every cell (upwind convection, diffusion, walls as sinks).  It is solved to rounding, which makes the
heat of a room close and a field the sum of its causes (:mod:`solvers.air.field.influence`).

Method: Gauss-Seidel sweeps in eight alternating orders, so that one of them runs with the air wherever it goes, and a
W-cycle over ever coarser grids whose cells are sums of 2 x 2 x 2 finer ones.  Sums of upwind balances are upwind
balances again, so every grid has the same form and the cycle contracts 5- to 10-fold whatever the ratio of convection
to diffusion.  No pre-smoothing: a solve needs the unknown and its right-hand side, no further fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.air.field import transport_kernels as kernels
from solvers.air.field.problem import Air, Source, Wall
from solvers.air.field.voxels import Faces, RoomError, Voxels
from solvers.status import Status

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]
Triple = tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]]

TRACERS = 16
"""Solved together; a row of 16 doubles is two cache lines (measured: 8 is 1.3 times slower, 32 falls out of cache)."""
TOLERANCE = 1e-10
"""Accepted sum over the cells of what does not balance, over the sum of what is brought in.

Nowhere does a source reach with more than its own strength, so this bounds the error of the heat that any stream takes.
"""
CYCLES = 100
COARSEST = 128
"""Cells from which on a grid is no longer coarsened but solved directly."""
ORDERS = (
    (((1, 1, 1), (1, -1, -1)), ((-1, -1, -1), (-1, 1, 1))),
    (((1, -1, 1), (1, 1, -1)), ((-1, 1, -1), (-1, -1, 1))),
)
"""Directions along z, y and x of the sweeps of a visit, in two passes over the planes; visits alternate between the two."""


class Level(NamedTuple):
    """The balance on one grid."""

    flux: Triple
    conductance: Triple
    diagonal: NDArray[np.floating]
    slot: NDArray[np.int32]
    """Row of the table of right-hand sides that belongs to a cell; on the finest grid it comes with the solve."""


@dataclass(frozen=True, eq=False)
class Operator:
    """Frozen air of a room, ready to carry scalars."""

    voxels: Voxels
    air: Air
    levels: tuple[Level, ...]
    """Finest first; its fluxes are balanced in every cell and zero at patches and openings."""
    coarsest: tuple[Index, Array]
    """Flat cells with air of the last level and the inverse of their balance."""
    patch_flow: Array
    """(faces of the patches,) air through each, positive. [m3/s]"""
    opening_flow: Array
    """(faces of the openings,) positive into the room. [m3/s]"""
    wall_cells: tuple[tuple[Index, Array], ...]
    """Of every wall: cells along it and their conductance to it. [m3/s]"""
    still: Mask
    """[k, j, i] air that neither streams, openings nor walls reach; no temperature of it is defined."""
    repaired: float
    """Largest change that balanced a cell, over all air supplied: what the fluxes lacked in continuity."""


@dataclass(frozen=True)
class Ending:
    """How a solve of scalars ended."""

    status: Status
    cycles: int
    residual: float
    """Of the worst scalar, over its right-hand side."""


def assemble(
    voxels: Voxels, flux: Triple, conductance: Triple, *, air: Air | None = None, walls: bool = True
) -> Operator:
    """Freeze the air.

    Parameters
    ----------
    flux : three [k, j, i] arrays
        Air through the lower x, y and z face of every cell, positive to growing coordinates, zero at closed faces;
        continuous in every cell but for rounding, which is repaired.  Not changed. [m3/s]
    conductance : three [k, j, i] arrays
        Diffusivity times area over distance; zero at closed faces, patches and openings. [m3/s]
    walls : bool
        Whether the walls of the room take part.  They do in heat, not in what no wall takes (age, gases).
    """
    air = air or Air()
    own = each(lambda f: np.array(f, np.float64), flux)
    patch_flow = _taken(own, voxels.patches) * _direction(voxels)
    opening_flow = _taken(own, voxels.openings) * voxels.openings.side
    if np.any(patch_flow < -1e-6 * patch_flow.max(initial=0.0)):
        raise ValueError("air goes the wrong way through a patch")
    patch_flow = np.maximum(patch_flow, 0.0)
    patch_flow, opening_flow, repaired, reached = _balance(voxels, own, patch_flow, opening_flow)
    wall_cells = tuple(_along(voxels, wall, air) for wall in voxels.room.walls) if walls else ()
    supplied = _is_supply(voxels)
    sink = np.zeros(voxels.fluid.size)
    np.add.at(sink, voxels.patches.cell[~supplied], patch_flow[~supplied])
    np.add.at(sink, voxels.openings.cell, np.maximum(-opening_flow, 0.0))
    for cells, rate in wall_cells:
        np.add.at(sink, cells, rate)
        reached[voxels.region.reshape(-1)[cells]] = True
    still = voxels.fluid & ~reached[voxels.region]
    thin = each(lambda g: np.ascontiguousarray(g, np.float32), conductance)
    levels = _levels(own, thin, sink.reshape(voxels.shape), voxels.fluid & ~still)
    return Operator(
        voxels, air, levels, _inverse(levels[-1]), patch_flow, opening_flow, wall_cells, still, repaired
    )


def each(function: Callable[[Any], NDArray[np.floating]], faces: Sequence[NDArray[np.floating]]) -> Triple:
    """The function of the faces of each axis."""
    x, y, z = faces
    return function(x), function(y), function(z)


def without_walls(operator: Operator) -> Operator:
    """The same air between walls that take no heat."""
    if not operator.wall_cells:
        return operator
    voxels, finest = operator.voxels, operator.levels[0]
    flux = each(np.copy, finest.flux)
    for faces, signed in (
        (voxels.patches, operator.patch_flow * _direction(voxels)),
        (voxels.openings, operator.opening_flow * voxels.openings.side),
    ):
        for axis in range(3):
            mine = faces.axis == axis
            flux[axis].reshape(-1)[faces.face[mine]] = signed[mine]
    return assemble(voxels, flux, finest.conductance, air=operator.air, walls=False)


def solve(
    operator: Operator,
    cells: Index,
    rates: Array,
    *,
    start: Array | None = None,
    tolerance: float = TOLERANCE,
    max_cycles: int = CYCLES,
) -> tuple[Array, Ending]:
    """Scalars from what is brought into some cells.

    Parameters
    ----------
    cells : (n,) int
        Flat indices, each at most once; all others receive nothing.
    rates : (n, M)
        Rate at which M scalars are brought in: flow times value. [m3/s times unit of the scalar]
    start : [k, j, i, M]
        First guess.

    Returns
    -------
    [k, j, i, M], zero where no air is, and how the solve ended
    """
    shape, count = operator.voxels.shape, rates.shape[1]
    slot = np.zeros(shape, np.int32)
    slot.reshape(-1)[cells] = np.arange(1, len(cells) + 1)
    levels = (operator.levels[0]._replace(slot=slot), *operator.levels[1:])
    groups = [slice(0, 1)] if count == 1 else list(in_groups(count))
    fields, endings = [], []
    for group in groups:
        given = rates[:, group]
        width = 1 if count == 1 else TRACERS
        table = np.zeros((len(cells) + 1, width))
        table[1:, : given.shape[1]] = given
        field = np.zeros((*shape, width))
        if start is not None:
            field[..., : given.shape[1]] = start[..., group]
        endings.append(
            _iterate(_Cycle(levels, operator.coarsest, width), field, table, tolerance, max_cycles)
        )
        fields.append(field[..., : given.shape[1]])
    return np.concatenate(fields, axis=-1) if len(fields) > 1 else fields[0], worst(endings)


def worst(endings: list[Ending]) -> Ending:
    """One ending for several solves."""
    last = max(endings, key=lambda ending: (not ending.status.ok, ending.residual))
    return Ending(last.status, max(ending.cycles for ending in endings), last.residual)


def _iterate(cycle: _Cycle, field: Array, table: Array, tolerance: float, max_cycles: int) -> Ending:
    """Cycle until the residual of every scalar is small; ``field`` is changed in place."""
    scale = np.abs(table).sum(axis=0)
    residual = cycle.restrict(0, field, table)
    for count in range(max_cycles + 1):
        largest = float((residual / np.where(scale > 0, scale, 1.0)).max())
        if not np.isfinite(largest):
            return Ending(Status.DIVERGED, count, np.inf)
        if largest <= tolerance:
            return Ending(Status.CONVERGED, count, largest)
        if count < max_cycles:
            residual = cycle.correct(0, field, table, count)
    return Ending(Status.MAX_ITERATIONS, max_cycles, largest)


def temperature(
    operator: Operator,
    leaving: ArrayLike,
    *,
    openings: ArrayLike | None = None,
    walls: ArrayLike | None = None,
    sources: ArrayLike | None = None,
    correction: Array | None = None,
    start: Array | None = None,
    tolerance: float = TOLERANCE,
) -> tuple[Array, Ending]:
    """Temperature of the air for given temperatures of what the streams give to it.

    Parameters
    ----------
    leaving : (N,)
        Of the air that each stream supplies. [degC]
    openings, walls : (Q,), (W,)
        Of the air that comes in and behind the walls; those of the room if not given. [degC]
    sources : (H,)
        Heat; that of the room if not given. [W]
    correction : [k, j, i]
        Explicit addition to the balance of every cell: what a better convection scheme brings in beyond the upwind one.
        [K m3/s]
    start : [k, j, i]
        First guess. [degC]

    Returns
    -------
    [k, j, i] temperature [degC], zero where no air is and the mean of what enters where it stands still; and the
    ending: ``SINGULAR`` if still air is heated.
    """
    room = operator.voxels.room
    outside = [o.temperature for o in room.openings] if openings is None else openings
    behind = [w.temperature for w in room.walls] if walls is None else walls
    heat = [s.heat for s in room.sources] if sources is None else sources
    # above the mean of what enters: the residual then counts against differences of temperature
    mean = _mean_entering(operator, np.asarray(leaving, float), np.asarray(outside, float))
    brought = np.zeros(operator.voxels.shape)
    flat = brought.reshape(-1)
    for cells, rates in (
        *_times(supplies(operator), np.asarray(leaving, float) - mean),
        *_times(intakes(operator), np.asarray(outside, float) - mean),
        *_times(operator.wall_cells, np.asarray(behind, float)[: len(operator.wall_cells)] - mean),
        *_times(heated(operator), np.asarray(heat, float)),
    ):
        np.add.at(flat, cells, rates)
    lost = bool(np.any(brought[operator.still]))
    if correction is not None:
        brought += correction
    brought[~operator.voxels.fluid | operator.still] = 0.0
    cells = np.flatnonzero(brought)
    first = None
    if start is not None:
        first = np.where(operator.voxels.fluid & ~operator.still, start - mean, 0.0)[..., None]
    found, ending = solve(
        operator, cells, brought.reshape(-1)[cells][:, None], start=first, tolerance=tolerance
    )
    field = np.where(operator.voxels.fluid, found[..., 0] + mean, 0.0)
    return field, Ending(Status.SINGULAR, ending.cycles, ending.residual) if lost else ending


def supplies(operator: Operator) -> list[tuple[Index, Array]]:
    """Of every stream: cells it gives air to and how much. [m3/s]"""
    return flows(operator, supply=True)


def flows(operator: Operator, *, supply: bool) -> list[tuple[Index, Array]]:
    """Of every stream: cells in front of its supply or extract patches and the air through them. [m3/s]"""
    return _of_streams(operator.voxels, operator.patch_flow, supply=supply)


def intakes(operator: Operator) -> list[tuple[Index, Array]]:
    """Of every opening: cells that air enters and how much. [m3/s]"""
    faces = operator.voxels.openings
    inward = np.maximum(operator.opening_flow, 0.0)
    parts = [faces.of(n) for n in range(len(operator.voxels.room.openings))]
    return [(faces.cell[part], inward[part]) for part in parts]


def heated(operator: Operator) -> list[tuple[Index, Array]]:
    """Of every source: cells it heats and the share of its heat over ``rho cp`` in each. [m3 K/J]"""
    return [_within(operator.voxels, source, operator.air) for source in operator.voxels.room.sources]


def entering(operator: Operator, field: Array) -> Array:
    """(N, ...) mean of a scalar [k, j, i, ...] over the air each stream takes; zero for one without extract patches.

    While a stream moves no air, the mean over the area of its extract patches.
    """
    flat = field.reshape(-1, *field.shape[3:])
    means = np.zeros((len(operator.voxels.room.streams), *field.shape[3:]))
    taken = flows(operator, supply=False)
    areas = _of_streams(operator.voxels, operator.voxels.patches.area, supply=False)
    for n, ((cells, flow), (_, area)) in enumerate(zip(taken, areas, strict=True)):
        if cells.size:
            weight = flow if flow.sum() > 0 else area
            means[n] = np.tensordot(weight / weight.sum(), flat[cells], 1)
    return means


def _times(places: Sequence[tuple[Index, Array]], values: Array) -> Iterator[tuple[Index, Array]]:
    return ((cells, rates * value) for (cells, rates), value in zip(places, values, strict=True))


def _mean_entering(operator: Operator, leaving: Array, outside: Array) -> float:
    flow = np.array([r.sum() for _, r in supplies(operator)] + [r.sum() for _, r in intakes(operator)])
    given = np.concatenate([leaving, outside])
    moving = flow > 0
    return (
        float((flow * np.where(moving, given, 0.0)).sum() / flow.sum())
        if moving.any()
        else operator.air.reference
    )


def _of_streams(voxels: Voxels, rates: Array, *, supply: bool) -> list[tuple[Index, Array]]:
    owner = _of_faces(voxels.patches, [p.stream for p in voxels.room.patches])
    wanted = _is_supply(voxels) == supply
    chosen = [np.flatnonzero(wanted & (owner == n)) for n in range(len(voxels.room.streams))]
    return [(voxels.patches.cell[faces], rates[faces]) for faces in chosen]


def _of_faces(faces: Faces, values: list[int]) -> Index:
    return np.repeat(np.asarray(values, np.int64), np.diff(faces.start))


def _is_supply(voxels: Voxels) -> Mask:
    return _of_faces(voxels.patches, [p.supply for p in voxels.room.patches]).astype(bool)


def _direction(voxels: Voxels) -> Array:
    """+1 for faces of patches whose air goes to growing coordinates."""
    return np.where(_is_supply(voxels), 1.0, -1.0) * voxels.patches.side


def _taken(flux: Triple, faces: Faces) -> Array:
    """Take the flux of some faces out of the arrays."""
    values = np.zeros(faces.face.size)
    for axis in range(3):
        mine = faces.axis == axis
        values[mine] = flux[axis].reshape(-1)[faces.face[mine]]
        flux[axis].reshape(-1)[faces.face[mine]] = 0.0
    return values


def _balance(
    voxels: Voxels, flux: Triple, patch_flow: Array, opening_flow: Array
) -> tuple[Array, Array, float, NDArray[np.bool_]]:
    """Make the fluxes (in place) continuous to rounding.

    The flows out of a region are scaled to those into it; then what a cell has too much goes along a spanning tree of the
    open faces towards the largest outflow, where nothing is left over.
    """
    patches, openings, size = voxels.patches, voxels.openings, voxels.fluid.size
    cells = np.concatenate([patches.cell, openings.cell])
    signed = np.concatenate([np.where(_is_supply(voxels), 1.0, -1.0) * patch_flow, opening_flow])
    region = voxels.region.reshape(-1)[cells]
    count = int(voxels.region.max()) + 1
    into = np.bincount(region, np.maximum(signed, 0.0), count)
    out = np.bincount(region, np.maximum(-signed, 0.0), count)
    reached = (into > 0) & (out > 0)
    scale = np.where(reached, into / np.where(reached, out, 1.0), 0.0)
    missing = float(np.abs(into - out).max(initial=0.0))
    signed *= np.where(signed < 0, scale[region], reached[region])
    root = np.zeros(count, np.int64)
    inside = np.flatnonzero(voxels.region)
    root[voxels.region.reshape(-1)[inside]] = inside  # any cell will do without an outflow
    smallest = np.argsort(-signed, kind="stable")  # of several, the last one is kept
    root[region[smallest]] = cells[smallest]
    inflow = np.zeros(size)
    np.add.at(inflow, cells, signed)
    parent = np.full(size, kernels.UNSEEN, np.uint8)
    queue = np.empty(inside.size, np.int32)
    length = kernels.grow_tree(queue, parent, voxels.open, root[1:])
    missing = max(missing, kernels.balance_tree(flux, inflow, queue, parent, length))
    sent = np.split(np.abs(signed), [patches.cell.size])[0]
    total = float(into.sum())
    return sent, signed[patches.cell.size :], missing / total if total > 0 else 0.0, reached


def _along(voxels: Voxels, wall: Wall, air: Air) -> tuple[Index, Array]:
    """Cells along a wall and their conductance to what is behind it. [m3/s]"""
    axis = int(np.argmin(np.subtract(wall.high, wall.low)))
    lines = voxels.grid.lines[axis]
    plane = int(np.argmin(np.abs(lines - (wall.low[axis] + wall.high[axis]) / 2))) + 1
    cells, rates = [], []
    for side in (0, -1):
        where = list(voxels.range_of(wall.low, wall.high))
        other = where.copy()
        where[2 - axis] = slice(plane + side, plane + side + 1)
        other[2 - axis] = slice(plane - 1 - side, plane - side)
        face = where.copy()
        face[2 - axis] = slice(plane, plane + 1)
        bare = voxels.fluid[tuple(where)] & ~voxels.fluid[tuple(other)] & ~voxels.through[axis][tuple(face)]
        place = np.nonzero(bare)
        area = np.broadcast_to(voxels.face_area(axis), voxels.shape)[tuple(where)][place]
        index = tuple(p + w.start for p, w in zip(place, where, strict=True))
        cells.append(np.ravel_multi_index(index, voxels.shape))
        rates.append(wall.conductance / (air.density * air.heat_capacity) * area)
    if not sum(c.size for c in cells):
        raise RoomError([f"wall {wall.name} has air on no side or on both"])
    return np.concatenate(cells).astype(np.int64), np.concatenate(rates)


def _within(voxels: Voxels, source: Source, air: Air) -> tuple[Index, Array]:
    where = voxels.range_of(source.low, source.high)
    place = np.nonzero(voxels.fluid[where])
    if not place[0].size:
        raise RoomError([f"source {source.name} has no air to heat"])
    cells = np.ravel_multi_index(tuple(p + w.start for p, w in zip(place, where, strict=True)), voxels.shape)
    volume = voxels.volume()[where][place]
    return cells.astype(np.int64), volume / (volume.sum() * air.density * air.heat_capacity)


def _levels(flux: Triple, conductance: Triple, sink: Array, live: Mask) -> tuple[Level, ...]:
    """The balance on the given grid and on ever coarser ones."""
    unset = np.zeros((0, 0, 0), np.int32)
    shape = sink.shape
    levels: list[Level] = []
    while True:
        diagonal = sink.astype(flux[0].dtype)
        kernels.add_faces(diagonal, flux, conductance, 1, shape[0] - 1)
        if not levels:
            diagonal[~live] = 0.0
        slot = np.arange(sink.size, dtype=np.int32).reshape(shape) if levels else unset
        levels.append(Level(flux, conductance, diagonal, slot))
        inner = np.array(shape) - 2
        if inner.prod() <= COARSEST and (len(levels) > 1 or inner.max() == 1):
            return tuple(levels)
        shape = tuple(int(n) for n in (inner + 1) // 2 + 2)
        flux, conductance = _merge_faces(flux, conductance, shape)
        fine, sink = sink, np.zeros(shape)
        kernels.merge_cells(sink, fine)


def _merge_faces(flux: Triple, conductance: Triple, shape: tuple[int, ...]) -> tuple[Triple, Triple]:
    """Faces of the coarser grid: its fluxes are net ones, what fine fluxes exchange beside that joins the conductance.

    The distance between the cells doubles, hence half the sum of the conductances.
    """
    net, mixing = [], []
    for axis in range(3):
        f, positive, g = (np.zeros(shape) for _ in range(3))
        kernels.merge_faces(f, positive, g, flux[axis], conductance[axis], axis)
        net.append(f.astype(np.float32))
        mixing.append((g / 2 + np.maximum(positive - np.maximum(f, 0.0), 0.0)).astype(np.float32))
    (net_x, net_y, net_z), (mixing_x, mixing_y, mixing_z) = net, mixing
    return (net_x, net_y, net_z), (mixing_x, mixing_y, mixing_z)


def _inverse(level: Level) -> tuple[Index, Array]:
    """Cells with air of a small grid and the inverse of their balance."""
    cells = np.flatnonzero(level.diagonal)
    number = np.full(level.diagonal.size, -1)
    number[cells] = np.arange(cells.size)
    # a hair more than the diagonal: air that stands still gives a singular block, which nothing is brought into
    matrix = np.diag(level.diagonal.reshape(-1)[cells] * (1 + 1e-9))
    _, ny, nx = level.diagonal.shape
    for flux, conductance, step in zip(level.flux, level.conductance, (1, nx, nx * ny), strict=True):
        f, g = (values.reshape(-1)[cells].astype(float) for values in (flux, conductance))
        before = number[cells - step]
        met = np.flatnonzero(before >= 0)
        matrix[met, before[met]] -= (g + np.maximum(f, 0.0))[met]
        matrix[before[met], met] -= (g + np.maximum(-f, 0.0))[met]
    return cells, np.linalg.inv(matrix)


class _Cycle:
    """W-cycle with the coarse unknowns and right-hand sides of one solve."""

    def __init__(self, levels: tuple[Level, ...], coarsest: tuple[Index, Array], width: int) -> None:
        self.levels, self.coarsest = levels, coarsest
        self.sweep, self.restriction, self.prolong = kernels.compiled(width)
        shapes = [level.diagonal.shape for level in levels[1:]]
        # a lone grid brings its residual nowhere, only its size counts
        shapes.append(tuple((n - 1) // 2 + 2 for n in levels[-1].diagonal.shape))
        self.unknown = [np.empty(0), *(np.zeros((*shape, width), np.float32) for shape in shapes)]
        self.brought = [np.empty(0), *(np.zeros((*shape, width), np.float32) for shape in shapes)]

    def restrict(self, level: int, x: Array, table: Array) -> Array:
        """Bring the residual of a level to the next; the sum of its size (M,)."""
        self.brought[level + 1][...] = 0.0
        total = np.zeros(x.shape[3])
        self._restrict(level, total, x, table, 1, x.shape[0] - 1)
        return total

    def correct(self, level: int, x: Array, table: Array, turn: int) -> Array:
        """One visit of a level whose residual has been restricted: correction from the coarser grids, then sweeps.

        Ends with the restriction of the new residual; returns the sum of its size (M,).
        """
        below = level + 1 < len(self.levels)
        if below:
            coarse = self.unknown[level + 1]
            rows = self.brought[level + 1].reshape(-1, x.shape[3])
            coarse[...] = 0.0
            if level + 2 == len(self.levels):
                cells, inverse = self.coarsest
                coarse.reshape(rows.shape)[cells] = inverse @ rows[cells]
            else:
                self.restrict(level + 1, coarse, rows)
                for visit in (0, 1):
                    self.correct(level + 1, coarse, rows, visit)
        self.brought[level + 1][...] = 0.0
        total = np.zeros(x.shape[3])
        first, second = ORDERS[turn % 2]

        def prolong(k0: int, k1: int) -> None:
            self.prolong(x, self.unknown[level + 1], self.levels[level].diagonal, k0, k1)

        def sweep(step: tuple[int, int, int]) -> Callable[[int, int], None]:
            grid = self.levels[level]
            return lambda k0, k1: self.sweep(
                x, table, grid.slot, grid.flux, grid.conductance, grid.diagonal, k0, k1, step
            )

        def restrict(k0: int, k1: int) -> None:
            self._restrict(level, total, x, table, k0, k1)

        planes = x.shape[0] - 2
        at_once = 1 if level == 0 else planes
        _pipeline([*([prolong] if below else []), *map(sweep, first)], planes, first[0][0], at_once)
        _pipeline([*map(sweep, second), restrict], planes, second[0][0], at_once)
        return total

    def _restrict(self, level: int, total: Array, x: Array, table: Array, k0: int, k1: int) -> None:
        grid, coarse = self.levels[level], self.brought[level + 1]
        self.restriction(
            coarse, total, x, table, grid.slot, grid.flux, grid.conductance, grid.diagonal, k0, k1
        )


def _pipeline(stages: list[Callable[[int, int], None]], planes: int, direction: int, at_once: int) -> None:
    """Run stages over the planes, each one plane behind the one before: as one after the other, but in cache."""
    if at_once == planes:
        for stage in stages:
            stage(1, planes + 1)
        return
    for place in range(planes + len(stages) - 1):
        for behind, stage in enumerate(stages):
            k = place - behind
            if 0 <= k < planes:
                k = k + 1 if direction > 0 else planes - k
                stage(k, k + 1)


def in_groups(count: int, size: int = TRACERS) -> Iterator[slice]:
    """Slices of at most ``size`` out of ``count``."""
    for first in range(0, count, size):
        yield slice(first, min(first + size, count))

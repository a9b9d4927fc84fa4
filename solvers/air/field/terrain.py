"""What stays as it is while the air of a room moves: sizes, walls that rub, panels that resist, jets, moving walls."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.air.field.problem import JET_LENGTH, Problem
from solvers.air.field.streams import Streams
from solvers.air.field.voxels import EDGE, Voxels, flat_box

Array = NDArray[np.float64]

DISCHARGE = 0.6
"""Discharge coefficient of sharp-edged holes, for the free area behind a loss coefficient. Assumed (I. Idelchik, Handbook of
Hydraulic Resistance, gives 0.59 to 0.62)."""


class Terrain:
    """A room on one grid, prepared for the kernels."""

    def __init__(self, voxels: Voxels, problem: Problem, dtype: Any) -> None:
        self.voxels, self.dtype = voxels, dtype
        self.streams = Streams(voxels, problem)
        self.flags = voxels.flags
        self.area = tuple((voxels.through[a] * voxels.face_area(a)).astype(dtype) for a in range(3))
        self._metrics()
        self._lists()

    def _metrics(self) -> None:
        kind = self.dtype
        dx, dy, dz = self.voxels.size
        hx, hy, hz = self.voxels.apart
        one = np.ones_like

        def plane(y: Array, x: Array) -> NDArray[Any]:
            return (y[:, None] * x).astype(kind).reshape(-1)

        def factors(y: Array, x: Array, z: Array) -> tuple[Any, Any]:
            return z.astype(kind), plane(y, x)

        shift = [np.concatenate([d[:1], d[:-1]]) for d in (dx, dy, dz)]
        # number of the plane and row of all planes; for each component area over size of the cell behind and before
        # each face, area over distance, one over area, distance
        self.behind = factors(dy, 1 / dx, dz), factors(1 / dy, dx, dz), factors(dy, dx, 1 / dz)
        self.before = (
            factors(dy, 1 / shift[0], dz),
            factors(1 / shift[1], dx, dz),
            factors(dy, dx, 1 / shift[2]),
        )
        self.slope = factors(dy, 1 / hx, dz), factors(1 / hy, dx, dz), factors(dy, dx, 1 / hz)
        self.inverse = tuple(
            factors(1 / y, 1 / x, 1 / z)
            for y, x, z in ((dy, one(dx), dz), (one(dy), dx, dz), (dy, dx, one(dz)))
        )
        self.between = (
            factors(one(dy), hx, one(dz)),
            factors(hy, one(dx), one(dz)),
            factors(one(dy), one(dx), hz),
        )
        self.bulk = factors(dy, dx, dz)

        def reach(d: Array) -> Array:
            wide = np.ones_like(d)
            wide[1:-1] = 0.5 * (d[:-2] + d[2:]) + d[1:-1]
            return 1 / wide

        self.reciprocal = plane(one(dy), 1 / dx), plane(1 / dy, one(dx)), (1 / dz).astype(kind)
        self.span = plane(one(dy), reach(dx)), plane(reach(dy), one(dx)), reach(dz).astype(kind)
        _, ny, nx = self.voxels.shape
        self.row = nx
        self.steps = np.array([1, nx, nx * ny], np.int64)
        parity = np.arange(1, nx - 1) % 2
        self.even, self.odd = (parity == 0).astype(kind), (parity == 1).astype(kind)

    def _lists(self) -> None:
        """Sides that rub, cells at patches, faces with a loss."""
        voxels = self.voxels
        cell, axis, _ = voxels.rubs
        shape = voxels.shape
        k, j, i = np.unravel_index(cell, shape)
        dx, dy, dz = (d[index] for d, index in zip(voxels.size, (i, j, k), strict=True))
        sizes = np.stack([dx, dy, dz], axis=1)
        self.rub_cell, self.rub_axis = cell, axis
        self.rub_size = sizes[np.arange(cell.size), axis]
        _, of_cell, count = np.unique(cell, return_inverse=True, return_counts=True)
        self.rub_share = 1.0 / count[of_cell]
        wall = sizes.prod(axis=1) / self.rub_size
        # half a cell's wall belongs to each of the two faces of a component
        self.rub_weight = (0.5 * wall / (0.5 * self.rub_size))[:, None] * np.ones(3)
        flat = [face.reshape(-1) for face in voxels.open]
        self.rub_lower = np.stack([f[cell] for f in flat], axis=1)
        self.rub_upper = np.stack(
            [f[np.minimum(cell + s, f.size - 1)] for f, s in zip(flat, self.steps, strict=True)], axis=1
        )
        self._edge_cells()
        self._losses()
        self.slides, self.jets = self._slides(), self._jets()
        marks = []
        for a in range(3):
            lower, upper = cell[self.rub_lower[:, a]], cell[self.rub_upper[:, a]] + self.steps[a]
            marks.append(np.unique(np.concatenate([lower, upper, self.loss_face[self.loss_axis == a]])))
        self.drag_faces = marks

    def _edge_cells(self) -> None:
        """Cells at patches and openings that have no wall: their production needs one-sided differences."""
        voxels = self.voxels
        holes = np.unique(np.concatenate([voxels.patches.cell, voxels.openings.cell]))
        flags = self.flags.reshape(-1)
        holes = holes[(flags[holes] & EDGE) == 0]
        kind = np.zeros((holes.size, 3, 2), np.int64)
        at = {int(c): n for n, c in enumerate(holes)}
        slips = np.concatenate([~self.streams.supplies, np.ones(voxels.openings.cell.size, bool)])
        cells = np.concatenate([voxels.patches.cell, voxels.openings.cell])
        axes = np.concatenate([voxels.patches.axis, voxels.openings.axis])
        sides = np.concatenate([voxels.patches.side, voxels.openings.side])
        for c, a, s, slip in zip(cells.tolist(), axes.tolist(), sides.tolist(), slips.tolist(), strict=True):
            if c in at:
                kind[at[c], a, 0 if s > 0 else 1] = 2 if slip else 1
        # frictionless boundaries and neighbours without air mirror the cell
        fluid = voxels.fluid.reshape(-1)
        for a in range(3):
            for side, step in ((0, -self.steps[a]), (1, self.steps[a])):
                bare = ~fluid[holes + step] & (kind[:, a, side] == 0)
                kind[bare, a, side] = 2
        k, j, i = np.unravel_index(holes, voxels.shape)
        size = np.empty((holes.size, 3, 3))
        for a, (d, index) in enumerate(zip(voxels.size, (i, j, k), strict=True)):
            size[:, a] = np.stack([d[index - 1], d[index], d[index + 1]], axis=1)
        self.hole_cell, self.hole_kind, self.hole_size = holes, kind, size

    def _losses(self) -> None:
        """Faces with a loss, K / 2 |V| V: panels and porous obstacles."""
        voxels, room = self.voxels, self.voxels.room
        face, axis, factor = [voxels.panels.face], [voxels.panels.axis], []
        loss = np.array([room.panels[n].loss for n in voxels.panel_of])
        factor.append(np.repeat(loss, np.diff(voxels.panels.start)) / 2 * voxels.panels.area)
        for obstacle in room.obstacles:
            where = voxels.range_of(obstacle.low, obstacle.high)
            for a in range(3):
                if obstacle.loss[a] <= 0:
                    continue
                inside = np.zeros(voxels.shape, bool)
                inside[where] = True
                chosen = np.flatnonzero(inside & voxels.open[a])
                place = np.unravel_index(chosen, voxels.shape)[::-1]
                face.append(chosen)
                axis.append(np.full(chosen.size, a))
                others = [b for b in range(3) if b != a]
                area = voxels.size[others[0]][place[others[0]]] * voxels.size[others[1]][place[others[1]]]
                factor.append(obstacle.loss[a] / 2 * area * voxels.apart[a][place[a]])
        self.loss_face, self.loss_axis = np.concatenate(face), np.concatenate(axis)
        self.loss_factor = np.concatenate(factor)
        # a panel mixes both sides through its holes alone: free share of a thin plate whose jets contract to 0.6
        share = np.minimum(1.0, 1.0 / (DISCHARGE * np.sqrt(np.maximum(loss, 1e-9))))
        self.panel_share = np.repeat(share, np.diff(voxels.panels.start))

    def _slides(self) -> list[tuple[int, NDArray[Any], Array, float]]:
        """Component, faces beside a moving wall, wall area over distance for half a cell, velocity of the wall."""
        found = []
        voxels = self.voxels
        for slide in voxels.room.slides:
            normal, where = flat_box(voxels.grid, slide.low, slide.high)
            index = np.zeros(voxels.shape, bool)
            index[where] = True
            faces = np.flatnonzero(index)
            fluid = voxels.fluid.reshape(-1)
            cells = np.where(fluid[faces], faces, faces - self.steps[normal])
            k, j, i = np.unravel_index(cells, voxels.shape)
            sizes = np.stack([d[n] for d, n in zip(voxels.size, (i, j, k), strict=True)], axis=1)
            weight = sizes.prod(axis=1) / sizes[:, normal] ** 2
            for a in range(3):
                if a == normal or slide.velocity[a] == 0.0:
                    continue
                free = voxels.open[a].reshape(-1)
                for step in (0, int(self.steps[a])):
                    chosen = free[cells + step]
                    found.append((a, cells[chosen] + step, weight[chosen], slide.velocity[a]))
        return found

    def _jets(self) -> list[tuple[int, NDArray[Any], NDArray[Any], Array, Array]]:
        """Axis, panel faces, faces behind them, weights, and momentum gained over ``V |V|``; the last one's sign is the way
        that the air must go."""
        voxels, found = self.voxels, []
        for n, number in enumerate(voxels.panel_of):
            jet = voxels.room.panels[number].jet
            if not 0.0 < jet < 1.0:
                continue
            part = voxels.panels.of(n)
            face, axis = voxels.panels.face[part], int(voxels.panels.axis[part][0])
            gain = voxels.panels.area[part] * (1.0 / jet - 1.0)
            free, place = voxels.open[axis].reshape(-1), voxels.apart[axis]
            for way in (1, -1):
                step, line = way * int(self.steps[axis]), np.unravel_index(face, voxels.shape)[2 - axis]
                target, reach, there = face.copy(), np.zeros(face.size), np.ones(face.size, bool)
                links: list[tuple[Any, Any, Any]] = []
                while there.any():
                    line = line + way
                    there &= (reach < JET_LENGTH) & (line > 0) & (line < place.size)
                    target = target + step
                    there &= free[np.clip(target, 0, free.size - 1)]
                    size = place[np.clip(line, 0, place.size - 1)]
                    links.append((target[there], np.flatnonzero(there), size[there]))
                    reach = reach + size
                total = np.zeros(face.size)
                for _, index, size in links:
                    total[index] += size
                for faces, index, size in links:
                    if faces.size:
                        found.append((axis, face[index], faces, size / total[index], way * gain[index]))
        return found


def barriers(voxels: Voxels) -> tuple[set[int], set[int], set[int]]:
    """Faces along x, y and z in whose plane a panel lies somewhere."""
    found = []
    for a in range(3):
        beside = voxels.fluid & np.roll(voxels.fluid, 1, 2 - a) & ~voxels.open[a]
        chosen = voxels.panels.axis == a
        beside.reshape(-1)[voxels.panels.face[chosen]] = True
        others = tuple(n for n in range(3) if n != 2 - a)
        found.append(set(np.flatnonzero(beside.any(axis=others)).tolist()))
    return found[0], found[1], found[2]

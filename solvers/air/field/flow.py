"""The flow on one grid: fields, and one iteration of the coupled equations.

Steady SIMPLEC on a staggered grid: momentum, continuity, heat with the streams closed, turbulence.  With a time step the
same iteration advances the implicit Euler scheme.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.air.field import kernels
from solvers.air.field.multigrid import Multigrid
from solvers.air.field.problem import JET_LENGTH, Problem, leaving
from solvers.air.field.voxels import EDGE, FLUID, Faces, Voxels, flat_box

Array = NDArray[np.float64]

RELAX_MOMENTUM, RELAX_HEAT, RELAX_TURBULENCE = 0.88, 0.95, 0.92
SWEEPS_MOMENTUM, SWEEPS_HEAT, SWEEPS_TURBULENCE = 3, 6, 3
ROUNDS_HEAT = 2
"""Times per iteration that streams and heat are updated in turn: heat that recirculates through racks is the slow mode."""
PRESSURE_TOLERANCE = 0.2
MOST_PRESSURE = 12
_MODEL = {"k-epsilon": 0, "zero-equation": 1, "constant": 1, "laminar": 2}


class Streams:
    """What the streams see and give, on one grid."""

    def __init__(self, voxels: Voxels, problem: Problem) -> None:
        room = voxels.room
        count = len(room.streams)
        faces = voxels.patches
        owner = np.array([patch.stream for patch in room.patches], np.int64)
        supply = np.array([patch.supply for patch in room.patches], bool)
        item = np.repeat(np.arange(len(room.patches)), np.diff(faces.start))
        self.owner, self.supplies = owner[item], supply[item]
        self.faces = faces
        self.taking = np.flatnonzero(~self.supplies)
        self.giving = np.flatnonzero(self.supplies)
        self.area_in = np.bincount(self.owner[self.taking], faces.area[self.taking], count)
        self.area_out = np.bincount(self.owner[self.giving], faces.area[self.giving], count)
        self.one_way = self.area_in == 0.0
        self.count = count
        self.cell_in, self.cell_out = faces.cell[self.taking], faces.cell[self.giving]
        self.ghost_out = faces.ghost[self.giving]
        self.owner_in, self.owner_out = self.owner[self.taking], self.owner[self.giving]
        self.weight_in = faces.area[self.taking] / np.maximum(self.area_in, 1e-30)[self.owner_in]
        self.weight_out = faces.area[self.giving] / np.maximum(self.area_out, 1e-30)[self.owner_out]

    def entering(self, temperature: NDArray[Any], otherwise: Array) -> Array:
        """(N,) mean temperature at the extract patches; ``otherwise`` for streams without one. [degC]"""
        values = temperature.reshape(-1)[self.cell_in].astype(float) * self.weight_in
        return np.where(self.one_way, otherwise, np.bincount(self.owner_in, values, self.count))

    def pressure(self, p: NDArray[Any]) -> Array:
        """(N,) mean pressure at the supply patches less that at the extract patches. [m2/s2]"""
        flat = p.reshape(-1)
        back = np.bincount(self.owner_in, flat[self.cell_in] * self.weight_in, self.count)
        ahead = np.bincount(self.owner_out, flat[self.cell_out] * self.weight_out, self.count)
        return np.asarray(ahead - back, float)


class Flow:
    """Fields of a room on one grid."""

    def __init__(
        self, voxels: Voxels, problem: Problem, dtype: Any = np.float32, convection: str = "upwind"
    ) -> None:
        self.voxels, self.problem, self.dtype, self.convection = voxels, problem, dtype, convection
        shape = voxels.shape
        self.streams = Streams(voxels, problem)
        air = problem.air
        self.model = _MODEL[air.turbulence]
        self.iterations = 0
        self._heating: tuple[Any, Array, Array] | None = None
        self.exchange: tuple[Any, Array, Array] | None = None
        """Further heat of cells, each named once: K m3/s that they gain and m3/s that they lose per degree."""
        self._length: NDArray[Any] | None = None

        def field(value: float = 0.0) -> NDArray[Any]:
            return np.full(shape, value, dtype)

        self.u, self.v, self.w, self.p = (field() for _ in range(4))
        self.T = field(air.reference)
        eddy = 0.0 if self.model == 2 else air.eddy_viscosity
        self.nt = field(eddy) * voxels.fluid
        self.k, self.e = field(1e-2), field(3e-3)
        self.G, self.eok = field(), field(0.3)
        self.g = tuple(field() for _ in range(3))
        self.drag = tuple(field() for _ in range(3))
        self.flags = voxels.flags
        self.area = tuple((voxels.through[a] * voxels.face_area(a)).astype(dtype) for a in range(3))
        self.multigrid: Any = None
        self.wake()
        self._metrics()
        self._lists()
        self.flow = np.array(problem.flow, float)
        self.outlet = np.where(np.isfinite(problem.setpoint), problem.setpoint, air.reference)
        self.inlet = self.outlet.copy()
        self.set_flows()
        self.set_outlets()

    def wake(self) -> None:
        """Make the work arrays of the iteration, if they are not there."""
        if self.multigrid is not None:
            return
        shape = self.voxels.shape
        self.C = np.zeros((7, *shape), self.dtype)
        self.R, self.dp, self.b = (np.zeros(shape, self.dtype) for _ in range(3))
        self.q: Any = tuple(np.zeros(shape, self.dtype) for _ in range(3))
        self.multigrid = Multigrid(self.q, barriers(self.voxels))

    def rest(self) -> None:
        """Let the work arrays go; the fields stay."""
        nothing = np.zeros(0, self.dtype)
        self.C = self.R = self.dp = self.b = nothing
        self.q, self.multigrid = (), None

    @staticmethod
    def model_of(problem: Problem) -> int:
        """Number of the turbulence model for the kernels."""
        return _MODEL[problem.air.turbulence]

    FIELDS = ("u", "v", "w", "p", "T", "nt", "k", "e")

    def under(self, problem: Problem) -> Flow:
        """A copy of the fields under other flows and heats, with work arrays of its own."""
        other = copy.copy(self)
        other.multigrid = None
        other.wake()
        other.drag = tuple(np.zeros_like(drag) for drag in self.drag)
        other.g = tuple(np.zeros_like(g) for g in self.g)
        other.G, other.eok = np.zeros_like(self.G), self.eok.copy()
        other.problem = problem
        for name in self.FIELDS:
            setattr(other, name, getattr(self, name).copy())
        other.inlet, other.outlet = self.inlet.copy(), self.outlet.copy()
        free = np.isfinite(problem.head)
        other.flow = np.where(free, self.flow, problem.flow)
        other._heating = None
        other.set_flows()
        other.close_streams()
        return other

    def take(self, problem: Problem) -> None:
        """Go on in the same room under other flows and heats."""
        self.problem = problem
        self._heating = None
        self.flow = np.where(np.isfinite(problem.head), self.flow, problem.flow)
        self.set_flows()

    def warm_to(self, T: NDArray[Any]) -> None:
        """Take another temperature, and the pressure at rest that goes with the change."""
        fluid = self.voxels.fluid
        cells = np.maximum(fluid.sum(axis=(1, 2)), 1)
        warmer = np.where(fluid, T - self.T, 0.0).sum(axis=(1, 2), dtype=float) / cells
        self.T[fluid] = T[fluid]
        air, apart = self.problem.air, self.voxels.apart[2]
        steps = 0.5 * (warmer[1:] + warmer[:-1]) * apart[1:]
        rest = air.expansion * air.gravity * np.concatenate([[0.0], np.cumsum(steps)])
        holes = self.voxels.openings.cell
        level = (
            np.interp(np.mean(holes // self.steps[2]), np.arange(rest.size), rest)
            if holes.size
            else rest.mean()
        )
        self.p[fluid] += (np.broadcast_to((rest - level)[:, None, None], fluid.shape)[fluid]).astype(
            self.dtype
        )

    def conserve(self, tolerance: float = 1e-6, most: int = 8) -> None:
        """Correct the velocities until mass is conserved to rounding, and bring conductances up to date."""
        self.wake()
        self.mix()
        for _ in range(most):
            if self.project(1e-4) <= tolerance:
                break

    def beyond_upwind(self, T: NDArray[Any]) -> Array:
        """[k, j, i] what second-order convection brings into every cell beyond upwind. [K m3/s]"""
        here = np.asarray(T, self.dtype).copy()
        here[~self.voxels.fluid] = self.T[~self.voxels.fluid]
        C = np.zeros((7, *here.shape), self.dtype)
        fields = self._flat(C, np.ones_like(here), here, self.u, self.v, self.w, *self.g, *self.area)
        kernels.defer_scalar(*fields, self.row, self.convection == "limited", *self.planes)
        return np.where(self.voxels.fluid, C[6], 0.0).astype(float)

    # -- preparation ---------------------------------------------------------------------------------

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

    # -- boundary values -------------------------------------------------------------------------------

    def set_flows(self) -> None:
        """Velocities, k and epsilon at the patches from the flows of the streams."""
        s, air = self.streams, self.problem.air
        faces = s.faces
        speed = np.zeros(faces.face.size)
        speed[s.giving] = (self.flow / np.maximum(s.area_out, 1e-30))[s.owner_out]
        speed[s.taking] = -(self.flow / np.maximum(s.area_in, 1e-30))[s.owner_in]
        value = speed * faces.side
        for a, component in enumerate((self.u, self.v, self.w)):
            chosen = faces.axis == a
            component.reshape(-1)[faces.face[chosen]] = value[chosen]
        k = np.maximum(1.5 * (speed[s.giving] * air.intensity) ** 2, kernels.K_LEAST)
        self.k.reshape(-1)[s.ghost_out] = k
        self.e.reshape(-1)[s.ghost_out] = np.maximum(
            kernels.C_MU**0.75 * k**1.5 / air.length, kernels.E_LEAST
        )

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

    def _drag_along(self, axis: int) -> None:
        """Moving walls pull the air with them."""
        for a, faces, weight, velocity in self.slides:
            if a == axis:
                push = self.problem.air.viscosity * weight * velocity
                np.add.at(self.C[6].reshape(-1), faces, self.R.reshape(-1)[faces] * push)

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

    def _drive_jets(self, axis: int) -> None:
        """What the jets of perforated panels carry beyond the momentum of the mean velocity."""
        speed = (self.u, self.v, self.w)[axis].reshape(-1)
        for a, panel, faces, weight, gain in self.jets:
            if a == axis:
                through = np.maximum(np.sign(gain) * speed[panel], 0.0)
                push = weight * gain * through**2
                self.C[6].reshape(-1)[faces] += self.R.reshape(-1)[faces] * push

    def set_outlets(self) -> None:
        """Temperatures of the air that the streams and openings give."""
        self.T.reshape(-1)[self.streams.ghost_out] = self.outlet[self.streams.owner_out]
        for number, opening in enumerate(self.voxels.room.openings):
            part = self.voxels.openings.of(number)
            self.T.reshape(-1)[self.voxels.openings.ghost[part]] = opening.temperature

    def close_streams(self) -> None:
        """Let every stream see what enters it."""
        fixed = np.where(
            np.isfinite(self.problem.setpoint), self.problem.setpoint, self.problem.air.reference
        )
        self.inlet = self.streams.entering(self.T, fixed)
        self.outlet, self.cooling = leaving(self.problem, self.flow, self.inlet)
        self.outlet = np.where(self.streams.one_way, fixed, self.outlet)
        self.set_outlets()

    def set_fans(self, relax: float = 0.5) -> None:
        """Flows of the streams that follow a fan curve."""
        free = np.isfinite(self.problem.head)
        if not free.any():
            return
        rise = self.streams.pressure(self.p) * self.problem.air.density
        head, curve = np.where(free, self.problem.head, 0.0), np.asarray(self.problem.curvature, float)
        # the room taken as a square law through the present point: exact for losses, and stable for any fan
        room = np.maximum(rise, 0.0) / np.maximum(self.flow, 1e-6) ** 2
        wanted = np.sqrt(np.maximum(head - np.minimum(rise, 0.0), 0.0) / np.maximum(curve + room, 1e-30))
        self.flow = np.where(free, (1 - relax) * self.flow + relax * wanted, self.flow)
        self.set_flows()

    # -- one iteration ---------------------------------------------------------------------------------

    @property
    def planes(self) -> tuple[int, int]:
        """Range of planes with cells."""
        return 1, self.voxels.shape[0] - 1

    def smooth(self, f: NDArray[Any], sweeps: int) -> None:
        k0, k1 = self.planes
        for n in range(sweeps):
            back = n % 2 == 1
            for first in (k0, k0 + 1):
                kernels.smooth(f, self.C, first, k1, self.even, self.odd, back)

    def mix(self) -> None:
        """Eddy viscosity, conductances, friction."""
        nu = self.problem.air.viscosity
        if self.model == 0:
            fields = self._flat(self.u, self.v, self.w, self.k, self.e, self.nt, self.G, self.eok)
            kernels.turbulence(
                *fields, *self.reciprocal, *self.span, *self._flat(self.flags), self.row, nu, *self.planes
            )
            flat = [f.reshape(-1) for f in (self.u, self.v, self.w, self.nt, self.G)]
            kernels.holes(*flat, self.hole_cell, self.hole_kind, self.hole_size, self.steps)
        elif self.problem.air.turbulence == "zero-equation":
            kernels.zero_equation(self.u, self.v, self.w, self.nt, self._distance(), self.flags, *self.planes)
        for drag, faces in zip(self.drag, self.drag_faces, strict=True):
            drag.reshape(-1)[faces] = 0.0
        flat = [f.reshape(-1) for f in (self.u, self.v, self.w, self.k, self.e, self.nt, self.G, self.eok)]
        kernels.walls(
            *flat, self.rub_cell, self.rub_axis, self.rub_share, self.rub_lower, self.rub_upper, self.rub_weight,
            self.rub_size, *(d.reshape(-1) for d in self.drag), self.steps, nu, self.model,
        )  # fmt: skip
        parts = [part for pair in self.slope for part in pair]
        fields = self._flat(self.nt, self.flags, *self.g)
        kernels.conductances(*fields, *parts, self.row, nu, *self.planes_with_upper)

    @property
    def planes_with_upper(self) -> tuple[int, int]:
        """Planes of faces: one more than of cells."""
        return 1, self.voxels.shape[0]

    def _distance(self) -> NDArray[Any]:
        if self._length is None:
            from scipy.ndimage import distance_transform_edt

            sampling = [float(np.median(d)) for d in self.voxels.size[::-1]]
            away = distance_transform_edt(self.voxels.fluid, sampling=sampling)
            self._length = np.maximum(away - 0.5 * min(sampling), 0.5 * min(sampling)).astype(self.dtype)
        return self._length

    def _resist(self, axis: int) -> None:
        """Losses of panels and obstacles, linearised at the present velocity: K/2 |V| (2 V' - V)."""
        chosen = self.loss_axis == axis
        if chosen.any():
            faces = self.loss_face[chosen]
            speed = np.abs((self.u, self.v, self.w)[axis].reshape(-1)[faces])
            self.drag[axis].reshape(-1)[faces] += 2 * self.loss_factor[chosen] * speed

    def _give_back(self, axis: int) -> None:
        """The explicit part of the linearised loss."""
        chosen = self.loss_axis == axis
        if chosen.any():
            faces = self.loss_face[chosen]
            value = (self.u, self.v, self.w)[axis].reshape(-1)[faces]
            push = self.loss_factor[chosen] * np.abs(value) * value
            self.C[6].reshape(-1)[faces] += self.R.reshape(-1)[faces] * push

    def _flat(self, *fields: NDArray[Any]) -> list[NDArray[Any]]:
        """Planes in one row."""
        return [f.reshape(*f.shape[:-2], -1) for f in fields]

    def move(
        self, relax: float, sweeps: int, inertia: float = 0.0, old: tuple[Any, Any, Any] | None = None
    ) -> None:
        """Momentum."""
        velocity = (self.u, self.v, self.w)
        air = self.problem.air
        steps = ((0, 1), (0, self.row), (1, 0))
        flat = self._flat
        for a in range(3):
            b, c = ((1, 2), (0, 2), (0, 1))[a]
            self._resist(a)
            kernels.momentum(
                *flat(self.C, self.R, self.q[a], velocity[a], self.area[a], velocity[b], self.area[b], self.g[b]),
                *flat(velocity[c], self.area[c], self.g[c], self.nt, self.drag[a], self.p, self.T, self.flags),
                *flat(old[a] if old else velocity[a]), a, steps[a], steps[b], steps[c], (2 * a, 2 * b, 2 * c),
                *self.behind[a], *self.before[a], *self.between[a], self.row, air.viscosity, relax,
                air.expansion * air.gravity if a == 2 else 0.0, air.reference, inertia, *self.planes,
            )  # fmt: skip
            self._give_back(a)
            self._drag_along(a)
            self._drive_jets(a)
            if self.convection != "upwind":
                kernels.defer_momentum(
                    *flat(self.C, self.R, velocity[a], self.area[a], velocity[b], self.area[b], velocity[c], self.area[c]),
                    steps[a], steps[b], steps[c], self.row, self.convection == "limited", *self.planes,
                )  # fmt: skip
            self.smooth(velocity[a], sweeps)
            self._blow_out(a, relax, inertia, old[a] if old else None)

    def _blow_out(self, axis: int, relax: float, inertia: float, old: Any) -> None:
        """Faces of openings: momentum of the half cell before them, with the pressure zero behind.

        What air brings along, friction and mass are those of the next face inside (no gradient across an opening); without
        this equation the pressure at openings would be whatever the way to the answer left there.
        """
        holes = self.voxels.openings
        chosen = np.flatnonzero(holes.axis == axis)
        if not chosen.size:
            return
        face, cell, outward = holes.face[chosen], holes.cell[chosen], -holes.side[chosen]
        step = -outward * int(self.steps[axis])
        inner = face + step
        gain = (self.R.reshape(-1)[inner] / relax).astype(float) * self.area[axis].reshape(-1)[inner]
        p, speed = self.p.reshape(-1), (self.u, self.v, self.w)[axis].reshape(-1)
        here, behind = p[cell].astype(float), p[cell + step].astype(float)
        value = speed[inner] + outward * gain * (2 * here - (behind - here))
        if old is not None:
            across, along = self.between[axis]
            k, n = np.divmod(inner, along.size)
            was = old.reshape(-1)
            value += gain * inertia * across[k] * along[n] * (was[face] - was[inner])
        solved = gain > 0
        speed[face[solved]] = value[solved]

    def project(self, tolerance: float, gain: float = 1.0, most: int = 60) -> float:
        """Pressure correction; returns the imbalance before, over all air supplied."""
        self._open_holes()
        self.multigrid.setup()
        fields = self._flat(self.b, self.u, self.v, self.w, *self.area, self.flags)
        total = kernels.divergence(*fields, self.row, *self.planes)
        if not self.voxels.openings.face.size:
            self._level_out()
        self.pressure_steps, _ = self.multigrid.solve(self.dp, self.b, tolerance, most)
        parts = [part for pair in self.inverse for part in pair]
        fields = self._flat(self.u, self.v, self.w, self.p, self.dp, *self.q)
        kernels.correct(*fields, *parts, self.row, gain, *self.planes_with_upper)
        return total / self.supplied

    def imbalance(self) -> float:
        """Air that appears or vanishes, over all air supplied; leaves what is missing in every cell in ``b``. [m3/s]"""
        fields = self._flat(self.b, self.u, self.v, self.w, *self.area, self.flags)
        return kernels.divergence(*fields, self.row, *self.planes) / self.supplied

    def through(self, faces: Faces) -> Array:
        """Flow through every face of some patches, openings or panels, to growing coordinates. [m3/s]"""
        speed = np.empty(faces.face.size)
        for a, component in enumerate((self.u, self.v, self.w)):
            chosen = faces.axis == a
            speed[chosen] = component.reshape(-1)[faces.face[chosen]]
        return speed * faces.area

    @property
    def supplied(self) -> float:
        """All air supplied. [m3/s]"""
        if not self.flow.any():  # air that nothing supplies: as much as moves
            area = sum(
                float((a * np.abs(f)).max()) for a, f in zip(self.area, (self.u, self.v, self.w), strict=True)
            )
            return max(area, 1e-12)
        return max(float(self.flow.sum()), 1e-12)

    def _level_out(self) -> None:
        """Without openings the pressure has no level: what is missing in a region must sum to nothing."""
        region = self.voxels.region
        count = int(region.max())
        if count == 1:
            fluid = self.voxels.fluid
            self.b[fluid] -= self.b[fluid].mean(dtype=float)
            return
        sums = np.bincount(region.reshape(-1), self.b.reshape(-1), count + 1)
        cells = np.maximum(np.bincount(region.reshape(-1), minlength=count + 1), 1)
        self.b -= (sums / cells)[region].astype(self.dtype) * self.voxels.fluid

    def _open_holes(self) -> None:
        """Faces of openings: behind them the pressure is zero."""
        holes = self.voxels.openings
        for a in range(3):
            chosen = holes.axis == a
            if chosen.any():
                q = self.q[a].reshape(-1)
                inner = holes.face[chosen] + np.where(holes.side[chosen] > 0, self.steps[a], -self.steps[a])
                q[holes.face[chosen]] = 2.0 * q[inner]

    def heat(self, relax: float, sweeps: int, rounds: int, inertia: float = 0.0, old: Any = None) -> None:
        """Temperature, with the streams closed between the rounds."""
        self.set_heat(relax, inertia, old)
        for _ in range(rounds):
            self.close_streams()
            self.spread_heat(sweeps)

    def set_heat(self, relax: float, inertia: float = 0.0, old: Any = None) -> None:
        """Coefficients of the temperature."""
        self._transport(self.T, 1.0 / self.prandtl(), relax, inertia=inertia, old=old)
        if self.convection != "upwind":
            fields = self._flat(self.C, self.R, self.T, self.u, self.v, self.w, *self.g, *self.area)
            kernels.defer_scalar(*fields, self.row, self.convection == "limited", *self.planes)
        for places in (self._heat_lists(), self.exchange):
            if places is not None:
                self._add_heat(relax, *places)

    def spread_heat(self, sweeps: int) -> None:
        """Sweep the temperature for the outlets as they are."""
        ghosts = self.streams.ghost_out
        self.C[6].reshape(-1)[ghosts] = self.T.reshape(-1)[ghosts]  # cells without air keep what C says
        self.smooth(self.T, sweeps)

    def prandtl(self) -> float:
        """Of the conductances: turbulent, or molecular without turbulence."""
        air = self.problem.air
        return air.prandtl if self.model == 2 else air.turbulent_prandtl

    def _transport(
        self, f: NDArray[Any], share: float, relax: float, *, source: float = 0.0, sink: float = 0.0, paired: bool = False,
        fixed: int = 3, inertia: float = 0.0, old: Any = None,
    ) -> None:  # fmt: skip
        fields = self._flat(
            self.C, self.R, f, self.u, self.v, self.w, *self.area, *self.g, self.flags, self.G, self.eok
        )
        kernels.scalar(
            *fields, *self._flat(f if old is None else old), share, source, sink, paired, fixed, relax, inertia,
            *self.bulk, self.row, *self.planes,
        )  # fmt: skip

    def _add_heat(self, relax: float, cells: Any, gain: Array, keep: Array) -> None:
        """Sources and walls."""
        if not cells.size:
            return
        flat, r = self.C.reshape(7, -1), self.R.reshape(-1)[cells].astype(float)
        value = self.T.reshape(-1)[cells]
        changed = 1.0 / (1.0 / np.maximum(r, 1e-30) + keep / relax)
        ratio = changed / np.maximum(r, 1e-30)
        rest = flat[6, cells] - (1 - relax) * value
        flat[:6, cells] = flat[:6, cells] * ratio
        flat[6, cells] = rest * ratio + (1 - relax) * value + changed * gain
        self.R.reshape(-1)[cells] = changed

    def _heat_lists(self) -> tuple[Any, Array, Array]:
        """Cells with sources or walls; K m3/s they gain, and m3/s that they lose per degree."""
        if self._heating is not None:
            return self._heating
        voxels, problem = self.voxels, self.problem
        rate = problem.air.density * problem.air.heat_capacity
        gain, keep = np.zeros(voxels.fluid.size), np.zeros(voxels.fluid.size)
        volume = voxels.volume()
        for source, heat in zip(voxels.room.sources, problem.source_heat, strict=True):
            inside = np.zeros(voxels.shape, bool)
            inside[voxels.range_of(source.low, source.high)] = True
            inside &= voxels.fluid
            part = np.where(inside, volume, 0.0)
            if part.sum() > 0:
                gain += (part / part.sum() * heat / rate).reshape(-1)
        for number, area in enumerate(wall_faces(voxels)):
            wall = voxels.room.walls[number]
            keep += area * wall.conductance / rate
            gain += area * wall.conductance / rate * problem.wall_temperature[number]
        cells = np.flatnonzero((gain != 0) | (keep != 0))
        self._heating = cells, gain[cells], keep[cells]
        return self._heating

    def stir(
        self, relax: float, sweeps: int, inertia: float = 0.0, old: tuple[Any, Any] | None = None
    ) -> None:
        """k and epsilon."""
        k_old, e_old = old or (None, None)
        self._transport(
            self.k, 1.0 / kernels.SIGMA_K, relax, source=1.0, sink=1.0, inertia=inertia, old=k_old
        )
        self.smooth(self.k, sweeps)
        np.maximum(self.k, kernels.K_LEAST, out=self.k)
        self._transport(
            self.e, 1.0 / kernels.SIGMA_E, relax, source=kernels.C_1, sink=kernels.C_2, paired=True, fixed=4,
            inertia=inertia, old=e_old,
        )  # fmt: skip
        self.smooth(self.e, sweeps)
        np.maximum(self.e, kernels.E_LEAST, out=self.e)

    def potential(self, tolerance: float = 1e-4, rounds: int = 20) -> None:
        """Flow without inertia, jets or buoyancy: fluxes follow a potential, losses of panels a square law.

        The potential's own pressure drop over the room is kept small beside that of the panels.
        """
        velocity = (self.u, self.v, self.w)
        panels = np.isin(self.loss_face, self.voxels.panels.face) & (self.loss_factor > 0)
        ease = 1.0
        if panels.any():
            area = sum(self.voxels.face_area(a).mean() for a in range(3)) / 3
            speed = self.supplied / max(float(area) * int(panels.sum()), 1e-9)
            drop = float(np.median(self.loss_factor[panels])) / float(area) * max(speed, 1e-3) ** 2
            reach = max(float(line[-1] - line[0]) for line in self.voxels.grid.lines)
            ease = 100.0 * 0.5 * reach / max(drop, 1e-6)
        pace = np.full(self.loss_face.size, 1e-2)
        for _ in range(rounds if panels.any() else 1):
            for a in range(3):
                s, m = self.slope[a]
                self.q[a][:] = (self.voxels.open[a] * ease) * (s[:, None] * m).reshape(self.q[a].shape)
                velocity[a][self.voxels.open[a]] = 0
                chosen = self.loss_axis == a
                if chosen.any():
                    face = self.loss_face[chosen]
                    free = self.q[a].reshape(-1)[face].astype(float)
                    area_here = self.area[a].reshape(-1)[face].astype(float)
                    tight = area_here**2 / np.maximum(self.loss_factor[chosen] * pace[chosen], 1e-12)
                    self.q[a].reshape(-1)[face] = 1.0 / (1.0 / free + 1.0 / tight)
            for component, a in zip(velocity, range(3), strict=True):
                holes = self.voxels.openings
                component.reshape(-1)[holes.face[holes.axis == a]] = 0
            self.p[:] = 0
            self.project(tolerance)
            speed_now = np.empty_like(pace)
            for a in range(3):
                chosen = self.loss_axis == a
                speed_now[chosen] = np.abs(velocity[a].reshape(-1)[self.loss_face[chosen]])
            pace = np.sqrt(np.maximum(pace, 1e-6) * np.maximum(speed_now, 1e-6))
            if np.abs(speed_now - pace).max(initial=0) <= 1e-3 * speed_now.max(initial=1e-9):
                break

    def step(
        self, *, relax: float = RELAX_MOMENTUM, relax_heat: float = RELAX_HEAT, relax_turbulence: float = RELAX_TURBULENCE,
        sweeps: int = SWEEPS_MOMENTUM, sweeps_heat: int = SWEEPS_HEAT, sweeps_turbulence: int = SWEEPS_TURBULENCE,
        rounds: int = ROUNDS_HEAT, tolerance: float = PRESSURE_TOLERANCE,
    ) -> float:  # fmt: skip
        """One steady iteration; returns the imbalance of mass before the correction."""
        self.mix()
        self.move(relax, sweeps)
        off = self.project(tolerance, most=MOST_PRESSURE)
        self.set_fans()
        self.heat(relax_heat, sweeps_heat, rounds)
        if self.model == 0:
            self.stir(relax_turbulence, sweeps_turbulence)
        self.iterations += 1
        return off


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


def wall_faces(voxels: Voxels) -> list[Array]:
    """For every wall of the room the area at each cell (flat) that it touches. [m2]"""
    found = []
    for wall in voxels.room.walls:
        axis, where = flat_box(voxels.grid, wall.low, wall.high)
        area = np.broadcast_to(voxels.face_area(axis), voxels.shape)[where]
        total = np.zeros(voxels.shape)
        before = list(where)
        before[2 - axis] = slice(where[2 - axis].start - 1, where[2 - axis].stop - 1)
        ahead, back = voxels.fluid[where], voxels.fluid[tuple(before)]
        total[where] += area * (ahead & ~back)
        total[tuple(before)] += area * (back & ~ahead)
        found.append(total.reshape(-1))
    return found


__all__ = ["FLUID", "Faces", "Flow", "Streams", "wall_faces"]

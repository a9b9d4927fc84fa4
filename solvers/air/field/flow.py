"""The flow on one grid: fields, and one iteration of the coupled equations.

Steady SIMPLEC on a staggered grid: momentum, continuity, heat with the streams closed, turbulence.  With a time step the
same iteration advances the implicit Euler scheme.
"""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.air.field import kernels
from solvers.air.field.multigrid import Multigrid
from solvers.air.field.problem import Problem, leaving
from solvers.air.field.terrain import Terrain, barriers
from solvers.air.field.threads import halves
from solvers.air.field.voxels import Faces, Voxels, flat_box

Array = NDArray[np.float64]

RELAX_MOMENTUM, RELAX_HEAT, RELAX_TURBULENCE = 0.88, 0.95, 0.92
SWEEPS_MOMENTUM, SWEEPS_HEAT, SWEEPS_TURBULENCE = 3, 6, 3
ROUNDS_HEAT = 2
"""Times per iteration that streams and heat are updated in turn: heat that recirculates through racks is the slow mode."""
PRESSURE_TOLERANCE = 0.2
MOST_PRESSURE = 12
_MODEL = {"k-epsilon": 0, "zero-equation": 1, "constant": 1, "laminar": 2}


class Flow(Terrain):
    """Fields of a room on one grid."""

    def __init__(
        self, voxels: Voxels, problem: Problem, dtype: Any = np.float32, convection: str = "upwind"
    ) -> None:
        super().__init__(voxels, problem, dtype)
        self.problem, self.convection = problem, convection
        shape = voxels.shape
        air = problem.air
        self.model = _MODEL[air.turbulence]
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
        self.multigrid: Any = None
        self.wake()
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

    def _drag_along(self, axis: int) -> None:
        """Moving walls pull the air with them."""
        for a, faces, weight, velocity in self.slides:
            if a == axis:
                push = self.problem.air.viscosity * weight * velocity
                np.add.at(self.C[6].reshape(-1), faces, self.R.reshape(-1)[faces] * push)

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
                self._share(partial(kernels.smooth, f, self.C), (self.even, self.odd, back), first, k1, 2)

    def _share(self, kernel: Any, after: tuple[Any, ...], k0: int, k1: int, step: int = 1) -> tuple[Any, ...]:
        """A kernel over both halves of some planes; ``after`` are its arguments behind the planes."""
        return halves(lambda a, b: kernel(a, b, *after), k0, k1, self.voxels.fluid.size, step)

    def mix(self) -> None:
        """Eddy viscosity, conductances, friction."""
        nu = self.problem.air.viscosity
        if self.model == 0:
            fields = self._flat(self.u, self.v, self.w, self.k, self.e, self.nt, self.G, self.eok)
            before = (*fields, *self.reciprocal, *self.span, *self._flat(self.flags), self.row, nu)
            self._share(partial(kernels.turbulence, *before), (), *self.planes)
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
        self._share(partial(kernels.conductances, *fields, *parts, self.row, nu), (), *self.planes_with_upper)
        panels = self.voxels.panels
        for a in range(3):
            chosen = panels.axis == a
            self.g[a].reshape(-1)[panels.face[chosen]] *= self.panel_share[chosen]

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
            kernel = partial(
                kernels.momentum,
                *flat(self.C, self.R, self.q[a], velocity[a], self.area[a], velocity[b], self.area[b], self.g[b]),
                *flat(velocity[c], self.area[c], self.g[c], self.nt, self.drag[a], self.p, self.T, self.flags),
                *flat(old[a] if old else velocity[a]), a, steps[a], steps[b], steps[c], (2 * a, 2 * b, 2 * c),
                *self.behind[a], *self.before[a], *self.between[a], self.row, air.viscosity, relax,
                air.expansion * air.gravity if a == 2 else 0.0, air.reference, inertia,
            )  # fmt: skip
            self._share(kernel, (), *self.planes)
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
        total = sum(self._share(partial(kernels.divergence, *fields, self.row), (), *self.planes))
        if not self.voxels.openings.face.size:
            self._level_out()
        self.pressure_steps, _ = self.multigrid.solve(self.dp, self.b, tolerance, most)
        parts = [part for pair in self.inverse for part in pair]
        fields = self._flat(self.u, self.v, self.w, self.p, self.dp, *self.q)
        self._share(partial(kernels.correct, *fields, *parts, self.row, gain), (), *self.planes_with_upper)
        return total / self.supplied

    def imbalance(self) -> float:
        """Air that appears or vanishes, over all air supplied; leaves what is missing in every cell in ``b``. [m3/s]"""
        fields = self._flat(self.b, self.u, self.v, self.w, *self.area, self.flags)
        return (
            float(sum(self._share(partial(kernels.divergence, *fields, self.row), (), *self.planes)))
            / self.supplied
        )

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
        kernel = partial(
            kernels.scalar, *fields, *self._flat(f if old is None else old), share, source, sink, paired, fixed, relax,
            inertia, *self.bulk, self.row,
        )  # fmt: skip
        self._share(kernel, (), *self.planes)

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
        return off


def wall_faces(voxels: Voxels) -> list[Array]:
    """For every wall of the room the area at each cell (flat) that it touches. [m2]"""
    found = []
    for wall in voxels.room.walls:
        axis, where = flat_box(voxels.grid, wall.low, wall.high)
        area = np.broadcast_to(voxels.face_area(axis), voxels.shape)[where]
        total = np.zeros(voxels.shape)
        before = list(where)
        before[2 - axis] = slice(where[2 - axis].start - 1, where[2 - axis].stop - 1)
        ahead, back, shut = voxels.fluid[where], voxels.fluid[tuple(before)], ~voxels.through[axis][where]
        total[where] += area * (ahead & ~back & shut)
        total[tuple(before)] += area * (back & ~ahead & shut)
        found.append(total.reshape(-1))
    return found

"""How the air of a room changes with time: a fan or a coil that fails, a load that steps, a restart.

Implicit Euler on the equations of the steady solver, so that a run which comes to rest comes to rest where that one does.
Beside the air there are lumped masses: what a stream passes through (servers, coil), water of a coil's loop, and thin
surfaces along walls and solids.  Heat closes at every step: what the sweeps leave over is put right by one shift of all
air, and what single precision cannot hold of that is carried into the next step.

Mass of a stream: what leaves it has the temperature of the mass, ``C dT/dt = rho cp V (T_in - T) + heat - cooling``, a lag
of ``C / (rho cp V)`` behind the steady law.  A mass without air keeps its heat: nothing is lost through casings (assumed).
Water of a coil: ``C_w dT_w/dt = cooling - rejection``, held at ``coolant`` as long as the plant can reject the heat.
Surfaces: ``M dT_s/dt = film (T_air - T_s)`` per area of every cell's wall, insulated behind (assumed).
"""

from __future__ import annotations

import os
import time as clock
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.air.field.checks import check
from solvers.air.field.flow import Flow, wall_faces
from solvers.air.field.outcome import field_of
from solvers.air.field.problem import Problem
from solvers.air.field.schedule import SCHEDULED, Masses, Schedule
from solvers.air.field.solution import Field, Solution
from solvers.air.field.solve import Restart
from solvers.air.field.voxels import RoomError, Voxels, flat_box, rasterise
from solvers.status import SolveError, Status

Array = NDArray[np.float64]
Index = NDArray[np.int64]

SWEEPS_MOMENTUM, SWEEPS_HEAT, SWEEPS_TURBULENCE = 4, 4, 3
MOST_ROUNDS = 12
"""Times that streams and heat are updated in turn in one pass, at most."""
SETTLED = 1e-3
"""Change of outlets and inlets from round to round at which they count as closed. [K]"""
PROJECTIONS = 4
"""Corrections of the pressure in one pass, at most."""
REFINED, GROWTH = 0.1, 1.5
"""First step after an event over the usual one, and growth from step to step (assumed)."""
UNEVEN = 1e-3
"""Imbalance of heat in a step, over the heat turned over, beyond which a run does not count."""


@dataclass(frozen=True, eq=False)
class State:
    """All that a run needs to go on; arrays alone, so that it can be kept in a file."""

    time: float
    step: float
    """Next step proposed. [s]"""
    owed: float
    """Heat that the air still lacks. [J]"""
    convection: str
    fields: dict[str, NDArray[Any]]
    """Of the flow, [k, j, i]."""
    flow: Array
    outlet: Array
    coolant: Array
    surface: Array

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to a file; one that is there is replaced only when the new one is complete."""
        target = Path(path)
        part = target.with_name(f"{target.name}.part")
        kept: dict[str, Any] = {
            "scalars": np.array([self.time, self.step, self.owed]),
            "convection": np.array(self.convection),
            **{name: getattr(self, name) for name in ("flow", "outlet", "coolant", "surface")},
            **{f"field_{name}": value for name, value in self.fields.items()},
        }
        with part.open("wb") as stream:
            np.savez(stream, **kept)
        part.replace(target)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> State:
        """Read what :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as kept:
            moment, step, owed = map(float, kept["scalars"])
            own = {name: kept[name] for name in ("flow", "outlet", "coolant", "surface")}
            known = {name: kept[f"field_{name}"] for name in Flow.FIELDS}
            return cls(moment, step, owed, str(kept["convection"]), known, **own)


@dataclass(frozen=True, eq=False)
class Transient:
    """Streams and heat at T times, the first being the start."""

    status: Status
    """Converged if mass, heat and streams closed at every step; otherwise the numbers are for diagnosis."""
    times: Array
    """(T,) [s]"""
    stream_flow: Array
    """(T, N) [m3/s]"""
    stream_inlet: Array
    """(T, N) mean temperature of the air entering. [degC]"""
    stream_inlet_max: Array
    """(T, N) largest over the extract patches. [degC]"""
    stream_outlet: Array
    """(T, N) of the air leaving and of the mass that it passes through. [degC]"""
    stream_cooling: Array
    """(T, N) heat that the coil takes from the air. [W]"""
    stream_coolant: Array
    """(T, N) entering the coil. [degC]"""
    mean_temperature: Array
    """(T,) of the room's air. [degC]"""
    stored: Array
    """(T,) heat in air and masses above that at the start. [J]"""
    heat_in: Array
    """(T,) of streams and sources, in the step that ends at each time; 0 at the start, as in the next three. [W]"""
    heat_out: Array
    """(T,) taken by coolant that is held and rejected by plants. [W]"""
    heat_across: Array
    """(T,) into the room through walls and openings, and with the air of streams that only give or only take. [W]"""
    energy_error: Array
    """(T,) what is stored in a step less what came in, over the heat turned over in it."""
    mass_error: Array
    """(T,) sum over the cells of the air that appears or vanishes, over all air supplied when most was."""
    frames: tuple[tuple[float, Field], ...]
    """Times [s] and fields that were asked for."""
    cells: int
    """With air."""
    seconds: float
    """CPU time."""
    restart: State | None
    """To go on from the last time; None after a run that diverged, whose rows end before."""

    def time_to(self, limit: ArrayLike, *, hottest: bool = False) -> Array:
        """(N,) first time at which what enters a stream is above a limit, linear between steps; inf if never. [s]

        Parameters
        ----------
        limit : float or (N,)
            [degC]
        hottest : bool
            Whether the hottest spot of the intake counts and not its mean.
        """
        inlet = self.stream_inlet_max if hottest else self.stream_inlet
        limit = np.broadcast_to(np.asarray(limit, float), inlet.shape[1:])
        above = inlet > limit
        first = np.argmax(above, axis=0)
        before, column = np.maximum(first - 1, 0), np.arange(first.size)
        low, high = inlet[before, column], inlet[first, column]
        part = np.where(first > 0, (limit - low) / np.where(first > 0, high - low, 1.0), 1.0)
        passed = self.times[before] + part * (self.times[first] - self.times[before])
        return np.where(above.any(axis=0), passed, np.inf)

    @property
    def balance_error(self) -> float:
        """Heat missing over the whole run, over the heat turned over."""
        step = np.diff(self.times)
        net = (self.heat_in - self.heat_out + self.heat_across)[1:] @ step
        gross = (self.heat_in + self.heat_out + np.abs(self.heat_across))[1:] @ step
        return float(abs(self.stored[-1] - net) / max(gross, 1e-9))


def simulate(
    problem: Problem,
    schedule: Schedule,
    *,
    start: Solution | Transient | State,
    duration: float,
    step: float = 1.0,
    masses: Masses | None = None,
    adapt: float | None = None,
    passes: int = 1,
    tolerance: float = 1e-3,
    frames: Sequence[float] = (),
    checkpoint: Callable[[State], None] | None = None,
    every: float = 60.0,
    progress: Callable[[float, Array], None] | None = None,
    raise_on_failure: bool = False,
) -> Transient:
    """Follow the air of a room through a schedule.

    Parameters
    ----------
    schedule : Schedule
        Its times count from a steady start.
    start : Solution, Transient or State
        A steady state of the same room, or where another run ended (which goes on at that time).
    duration : float
        [s]
    step : float
        Largest time step; the first one after a jump of the schedule is a tenth of it. [s]
    masses : Masses, optional
        None beside the air without it.
    adapt : float, optional
        Largest change of any inlet in a step that is aimed at, by smaller steps. [K]
    passes : int
        Outer iterations of a step.
    tolerance : float
        Accepted ``mass_error``.
    frames : floats
        Times at which the whole field is kept. [s]
    checkpoint : callable
        Gets a state to go on from each time that ``every`` seconds of the room have passed:
        ``lambda state: state.save(path)``.
    progress : callable
        Gets time and inlets after every step.

    Raises
    ------
    ValueError
        If schedule, masses or times make no sense.
    RoomError
        If the flows at some time have no solution.
    SolveError
        If asked to, where the run failed.

    Notes
    -----
    A stream whose flow is zero moves no air: nothing blows back through a stopped unit.  Flows, heats and limits in a
    step are those at its end.  Time steps over which air crosses many cells smear what happens within them: first order;
    where a flow has two stable states, steps of several seconds may end in the other one.  Flows of fan curves follow
    the pressures halfway in every pass, a lag of about a step.

    In single precision heat closes to about 1e-5 of the heat turned over in a step, and to 1e-7 over a run, as what is
    missing is carried on; to rounding from a start that was solved with ``double``.
    """
    begun = clock.process_time()
    masses = masses or Masses()
    _check_shapes(problem, schedule, masses)
    run = _begin(problem, schedule, start, masses)
    _check_times(duration, step, passes, adapt, frames, run.time)
    _check_schedule(problem, schedule, masses, run.flow.voxels)
    end = run.time + duration
    marks = np.unique([*(t for t in (*schedule.jumps, *frames) if run.time < t < end), end])
    pace = _Pace(step, adapt, marks, set(schedule.jumps.tolist()))
    proposed = run.step or REFINED * step
    record = _Record(run)
    kept = [(run.time, run.field())] if run.time in frames else []
    saved = run.time
    while run.time < end:
        dt, target = pace.next(run.time, min(proposed, step))
        before = run.flow.inlet.copy()
        run.advance(target, dt, passes, tolerance)
        change = float(np.abs(run.flow.inlet - before).max(initial=0.0))
        run.step = proposed = pace.after(target, dt, proposed, change)
        if not run.finite():
            run.status = Status.DIVERGED
            break
        record.add(run)
        if progress:
            progress(run.time, run.flow.inlet)
        if any(target == f for f in frames):
            kept.append((target, run.field()))
        if checkpoint and target - saved >= every - 1e-9:
            checkpoint(run.state())
            saved = target
    result = record.result(run, kept, clock.process_time() - begun)
    if raise_on_failure and not result.status.ok:
        raise SolveError(result.status, f"air of the room at {run.time:g} s")
    return result


class _Pace:
    """Lengths of the steps."""

    def __init__(self, step: float, adapt: float | None, marks: Array, jumps: set[float]) -> None:
        self.step, self.adapt, self.marks, self.jumps = step, adapt, marks, jumps

    def next(self, now: float, proposed: float) -> tuple[float, float]:
        """Length and end of a step: equal steps that meet the next mark."""
        mark = float(self.marks[np.searchsorted(self.marks, now, side="right")])
        count = int(np.ceil((mark - now) / proposed - 1e-9))
        if count <= 1:
            return mark - now, mark
        return (mark - now) / count, now + (mark - now) / count

    def after(self, now: float, dt: float, proposed: float, change: float) -> float:
        """Length proposed for the next step."""
        if now in self.jumps:
            return REFINED * self.step
        grown = GROWTH * proposed
        if self.adapt is not None:
            grown = min(grown, dt * float(np.clip(self.adapt / max(change, 1e-9), 0.3, GROWTH)))
            grown = max(grown, 1e-3 * self.step)
        return min(grown, self.step)


class _Surfaces:
    """Thin masses along walls and solids: one temperature for every cell's side that rubs."""

    def __init__(self, voxels: Voxels, masses: Masses, rate: float) -> None:
        cell, axis, side = voxels.rubs
        stride = np.array([1, voxels.shape[2], voxels.shape[1] * voxels.shape[2]])
        beyond = cell + side * stride[axis]
        # behind a thin panel there is air: it has no mass of its own
        kind = np.where(voxels.solid_of.reshape(-1)[beyond] >= 0, masses.solid, masses.boundary)
        kind = np.where(voxels.fluid.reshape(-1)[beyond] | _held(voxels), 0.0, kind)
        area = np.empty(cell.size)
        for a in range(3):
            whole = np.broadcast_to(voxels.face_area(a), voxels.shape).reshape(-1)
            area[axis == a] = whole[cell[axis == a]]
        chosen = kind * masses.film > 0
        self.cell, self.mass = cell[chosen], (kind * area)[chosen]
        self.film = (masses.film * area)[chosen]
        self.cells, self.place = np.unique(self.cell, return_inverse=True)
        self.rate = rate
        self.temperature = np.zeros(self.cell.size)

    def exchange(self, dt: float) -> tuple[Index, Array, Array]:
        """Cells, K m3/s that they gain and m3/s that they lose per degree, with the surfaces eliminated."""
        lag = self.mass / dt
        share = self.film * lag / (lag + self.film) / self.rate
        count = self.cells.size
        gain, keep = (np.bincount(self.place, share * v, count) for v in (self.temperature, 1.0))
        return self.cells, gain.astype(float), keep.astype(float)

    def after(self, T: NDArray[Any], dt: float) -> Array:
        """Temperature at the end of a step. [degC]"""
        lag = self.mass / dt
        return (lag * self.temperature + self.film * T.reshape(-1)[self.cell]) / (lag + self.film)


def _held(voxels: Voxels) -> NDArray[np.bool_]:
    """Sides that rub and belong to walls with a temperature behind: these are no insulated masses."""
    cell, axis, _ = voxels.rubs
    found = np.zeros(cell.size, bool)
    for wall, area in zip(voxels.room.walls, wall_faces(voxels), strict=True):
        if wall.conductance > 0:
            found |= (area[cell] > 0) & (axis == flat_box(voxels.grid, wall.low, wall.high)[0])
    return found


class _Run:
    """A room under way."""

    def __init__(self, problem: Problem, schedule: Schedule, masses: Masses, flow: Flow) -> None:
        self.problem, self.schedule, self.flow = problem, schedule, flow
        voxels, air = flow.voxels, problem.air
        self.rate = air.density * air.heat_capacity
        self.volume = np.where(voxels.fluid, voxels.volume(), 0.0).reshape(-1)
        self.size = float(self.volume.sum())
        self.surfaces = _Surfaces(voxels, masses, self.rate)
        self.wall_areas = [(np.flatnonzero(area), area[area > 0]) for area in wall_faces(voxels)]
        s = flow.streams
        self.gives_only, self.takes_only = s.one_way & (s.area_out > 0), ~s.one_way & (s.area_out == 0)
        self.passing = ~s.one_way & (s.area_out > 0)
        count = problem.flow.shape
        self.mass = np.where(self.passing, masses.stream, 0.0)
        self.water = np.where(self.passing, np.broadcast_to(masses.water, count), 0.0)
        self.time, self.step, self.owed = 0.0, 0.0, 0.0
        self.outlet, self.coolant = flow.outlet.copy(), np.array(problem.coolant)
        self.cooling, self.served = np.zeros(count), np.zeros(count)
        self.rejection = np.full(count, np.inf)
        self.before = self.outlet, self.coolant, flow.T
        self.datum, self.turned = 0.0, 1.0
        self.status = Status.CONVERGED
        self.gap = self.off = self.missing = self.most_air = 0.0
        self.sums = (0.0, 0.0, 0.0, 0.0)

    # -- one step ------------------------------------------------------------------------------------

    def advance(self, target: float, dt: float, passes: int, tolerance: float) -> None:
        """Go on to a time."""
        flow = self.flow
        now = self.schedule.problem_at(self.problem, target)
        rejection = self.schedule.at("rejection", target)
        self.rejection = np.broadcast_to(np.inf if rejection is None else rejection, now.flow.shape)
        old = {name: getattr(flow, name).copy() for name in ("u", "v", "w", "T", "k", "e")}
        self.before = self.outlet.copy(), self.coolant.copy(), old["T"]
        flow.take(now)
        for _ in range(passes):
            flow.set_fans()
            flow.mix()
            flow.move(1.0, SWEEPS_MOMENTUM, 1.0 / dt, (old["u"], old["v"], old["w"]))
            self._conserve(tolerance)
            self._warm(dt)
            if flow.model == 0:
                flow.stir(1.0, SWEEPS_TURBULENCE, 1.0 / dt, (old["k"], old["e"]))
        self._account(dt)
        if self.gap > 10 * SETTLED or self.off > tolerance:
            self.status = Status.MAX_ITERATIONS
        self.time = target

    def _conserve(self, tolerance: float) -> None:
        """Correct the pressure until mass is conserved."""
        flow = self.flow
        self.off = np.inf
        for _ in range(PROJECTIONS):
            wanted = 0.02 if np.isinf(self.off) else 0.3 * tolerance / self.off
            flow.project(float(np.clip(wanted, 1e-4, 0.1)))
            self.off = self.imbalance()
            if not self.off > tolerance:
                break

    def _warm(self, dt: float) -> None:
        """Temperature and streams at the end of the step."""
        flow = self.flow
        old = self.before[2]
        if self.surfaces.cells.size:
            flow.exchange = self.surfaces.exchange(dt)
        flow.set_heat(1.0, 1.0 / dt, old)
        # air that the pressure left over carries its warmth against the mean, or heat would not close
        self.datum = float(self.volume @ old.reshape(-1)) / self.size
        flow.C[6] += flow.R * flow.b * (flow.T - flow.dtype(self.datum))
        for _ in range(MOST_ROUNDS):
            seen = np.concatenate([flow.inlet, self.outlet])
            self._close(dt)
            flow.spread_heat(SWEEPS_HEAT)
            self.gap = float(np.abs(np.concatenate([flow.inlet, self.outlet]) - seen).max(initial=0.0))
            if self.gap <= SETTLED:
                break
        self._shift(dt)

    def _shift(self, dt: float) -> None:
        """Move all air by the little that makes heat close."""
        flow = self.flow
        fluid = flow.voxels.fluid
        slope = -self.rate * self.size / dt
        self._close(dt)
        missing, step = self._balance(dt)[0], 0.0
        for _ in range(2):
            step = -missing / slope
            flow.T[fluid] += flow.dtype(step)
            self._close(dt)
            after = self._balance(dt)[0]
            moved = (after - missing) / step if step else 0.0
            slope = moved if moved < 0.5 * slope else slope
            missing = after
        self.missing = missing

    def _close(self, dt: float) -> None:
        """Let streams, their masses and their water see what enters."""
        flow, now = self.flow, self.flow.problem
        fixed = np.where(np.isfinite(now.setpoint), now.setpoint, now.air.reference)
        inlet = flow.streams.entering(flow.T, fixed)
        rate = flow.flow * self.rate
        moving = (rate > 0) & self.passing
        safe = np.where(moving, rate, 1.0)
        heated = inlet + now.heat / safe
        most = np.maximum(np.minimum(heated - now.setpoint, now.capacity / safe), 0.0) * safe
        reach = np.where(moving, safe * now.effectiveness, 0.0)
        self.coolant = self._water(np.where(moving, most, 0.0), reach, heated, dt)
        with np.errstate(invalid="ignore"):
            able = np.where(np.isfinite(self.coolant), reach * (heated - self.coolant), np.inf * (reach > 0))
        able = np.nan_to_num(able, nan=0.0, posinf=np.inf)
        self.cooling = np.where(moving, np.minimum(most, np.maximum(able, 0.0)), 0.0)
        lag = self.mass / dt
        weight = lag + np.where(moving, rate, 0.0)
        kept = lag * self.before[0] + np.where(moving, rate * inlet, 0.0) + now.heat - self.cooling
        self.outlet = np.where(weight > 0, kept / np.where(weight > 0, weight, 1.0), inlet)
        self.outlet = np.where(flow.streams.one_way, fixed, np.where(self.takes_only, inlet, self.outlet))
        self.served = np.where(weight > 0, now.heat, 0.0) * self.passing
        flow.inlet, flow.outlet, flow.cooling = inlet, self.outlet, self.cooling
        flow.set_outlets()

    def _water(self, most: Array, reach: Array, heated: Array, dt: float) -> Array:
        """Coolant at the end of the step; the coil takes ``min(most, reach (heated - coolant))`` from the air.

        Without a plant's help the water would end where the smaller of the two takes it, which is the lower of both
        temperatures because either rises with the heat taken.
        """
        held, old = self.flow.problem.coolant, self.before[1]
        lag = self.water / dt
        has = (lag > 0) & np.isfinite(held)
        if not has.any():
            return held
        safe = np.where(has, lag, 1.0)
        rejection = np.where(np.isfinite(self.rejection), self.rejection, 0.0)
        old = np.where(has, old, 0.0)
        by_most = old + (most - rejection) / safe
        by_reach = (safe * old + reach * heated - rejection) / (safe + reach)
        idle = old - rejection / safe
        free = np.minimum(by_most, np.maximum(by_reach, idle))
        return np.where(has & np.isfinite(self.rejection), np.maximum(free, held), held)

    def imbalance(self) -> float:
        """Air that appears or vanishes, over all air supplied when most was."""
        now = self.flow.supplied
        self.most_air = max(self.most_air, now)
        return self.flow.imbalance() * now / self.most_air

    # -- heat ----------------------------------------------------------------------------------------

    def _balance(self, dt: float) -> tuple[float, float, float, float, float]:
        """Heat missing in the air and masses, what came in, went out, came across, was stored. [W]"""
        flow, now = self.flow, self.flow.problem
        entered = float(self.served.sum()) + float(np.sum(now.source_heat))
        stored = self.rate * float(self.volume @ (flow.T - self.before[2]).reshape(-1)) / dt
        stored += float(self.mass @ (self.outlet - self.before[0])) / dt
        warmed = np.where(self.water > 0, self.water, 0.0)
        with np.errstate(invalid="ignore"):
            gained = np.where(warmed > 0, warmed * (self.coolant - self.before[1]) / dt, 0.0)
        stored += float(gained.sum())
        if self.surfaces.cells.size:
            s = self.surfaces
            stored += float(s.mass @ (s.after(flow.T, dt) - s.temperature)) / dt
        left, across = float((self.cooling - gained).sum()), self._across()
        return entered - left + across - stored + self.owed / dt, entered, left, across, stored

    def _across(self) -> float:
        """Heat into the room through walls and openings and with streams of one side. [W]"""
        flow, now = self.flow, self.flow.problem
        T = flow.T.reshape(-1)
        excess = self.outlet - self.datum
        air = float(flow.flow[self.gives_only] @ excess[self.gives_only])
        air -= float(flow.flow[self.takes_only] @ excess[self.takes_only])
        holes = flow.voxels.openings
        if holes.face.size:
            into = flow.through(holes) * holes.side
            air += float(into @ (np.where(into > 0, T[holes.ghost], T[holes.cell]) - self.datum))
        heat = self.rate * air
        for wall, outside, (cells, size) in zip(
            now.room.walls, now.wall_temperature, self.wall_areas, strict=True
        ):
            heat += wall.conductance * float(size @ (outside - T[cells]))
        return heat

    def _account(self, dt: float) -> None:
        """Take the heat of the step into the books."""
        missing, entered, left, across, stored = self._balance(dt)
        self.missing = missing - self.owed / dt
        self.owed = missing * dt
        if self.surfaces.cells.size:
            self.surfaces.temperature = self.surfaces.after(self.flow.T, dt)
        self.sums = entered, left, across, stored * dt
        self.turned = abs(entered) + abs(left) + abs(across) + abs(stored)

    # -- what is kept ----------------------------------------------------------------------------------

    def finite(self) -> bool:
        """Whether the run still makes sense."""
        flow = self.flow
        return bool(
            np.isfinite(self.off) and np.isfinite(flow.inlet).all() and np.isfinite(flow.T.sum(dtype=float))
        )

    def field(self) -> Field:
        """The field as it is."""
        return field_of(self.flow, np.asarray(self.flow.T, float), None)

    def state(self) -> State:
        """To go on from here."""
        flow = self.flow
        return State(
            self.time, self.step, self.owed, flow.convection,
            {name: getattr(flow, name).copy() for name in Flow.FIELDS},
            flow.flow.copy(), self.outlet.copy(), self.coolant.copy(), self.surfaces.temperature.copy(),
        )  # fmt: skip

    def hottest(self) -> Array:
        """(N,) largest temperature over the extract patches. [degC]"""
        s = self.flow.streams
        found = self.flow.inlet.copy()
        np.maximum.at(found, s.owner_in, self.flow.T.reshape(-1)[s.cell_in].astype(float))
        return found

    def mean(self) -> float:
        """Temperature of the air. [degC]"""
        return float(self.volume @ self.flow.T.reshape(-1)) / self.size


class _Record:
    """Rows of the result."""

    def __init__(self, run: _Run) -> None:
        self.rows: list[dict[str, Any]] = []
        self.stored = 0.0
        run.sums = (0.0, 0.0, 0.0, 0.0)
        run.missing, run.turned = 0.0, 1.0
        run.off = run.imbalance()
        self.add(run)

    def add(self, run: _Run) -> None:
        """One more time."""
        flow = run.flow
        entered, left, across, stored = run.sums
        self.stored += stored
        self.rows.append({
            "times": run.time,
            "stream_flow": flow.flow.copy(),
            "stream_inlet": flow.inlet.copy(),
            "stream_inlet_max": run.hottest(),
            "stream_outlet": run.outlet.copy(),
            "stream_cooling": run.cooling.copy(),
            "stream_coolant": run.coolant.copy(),
            "mean_temperature": run.mean(),
            "stored": self.stored,
            "heat_in": entered,
            "heat_out": left,
            "heat_across": across,
            "energy_error": abs(run.missing) / max(run.turned, 1e-9),
            "mass_error": run.off,
        })  # fmt: skip

    def result(self, run: _Run, frames: list[tuple[float, Field]], seconds: float) -> Transient:
        """All rows."""
        columns: dict[str, Any] = {
            name: np.array([row[name] for row in self.rows], float) for name in self.rows[0]
        }
        uneven = float(columns["energy_error"].max())
        if run.status.ok and not uneven <= UNEVEN:
            run.status = Status.MAX_ITERATIONS
        return Transient(
            status=run.status,
            frames=tuple(frames),
            cells=run.flow.voxels.cells,
            seconds=seconds,
            restart=None if run.status is Status.DIVERGED else run.state(),
            **columns,
        )


# -- start ------------------------------------------------------------------------------------------


def _begin(problem: Problem, schedule: Schedule, start: Solution | Transient | State, masses: Masses) -> _Run:
    """A run at its start."""
    state = start.restart if isinstance(start, Transient) else start
    if state is None:
        raise ValueError("start has nothing to go on from")
    first = state.time if isinstance(state, State) else 0.0
    now = schedule.problem_at(problem, first)
    if isinstance(state, Solution):
        if not isinstance(state.restart, Restart):
            raise ValueError("start has nothing to go on from")
        known = state.restart.flows[-1]
        if known.voxels.room is not problem.room:
            raise ValueError("start is a state of another room")
        flow = known.under(now)
        flow.outlet, flow.inlet = state.stream_outlet.copy(), state.stream_inlet.copy()
    else:
        flow = Flow(rasterise(problem.room), now, state.fields["T"].dtype.type, state.convection)
        _restore(flow, state)
    flow.set_outlets()
    run = _Run(problem, schedule, masses, flow)
    if isinstance(state, State):
        run.time, run.step, run.owed = state.time, state.step, state.owed
        run.coolant = state.coolant.copy()
    else:
        run.coolant = now.coolant.copy()
        run.cooling = state.stream_cooling.copy()
    surfaces = run.surfaces
    surfaces.temperature = (
        state.surface.copy() if isinstance(state, State) else flow.T.reshape(-1)[surfaces.cell].astype(float)
    )
    if surfaces.temperature.shape != surfaces.cell.shape:
        raise ValueError("start was simulated with other masses")
    return run


def _restore(flow: Flow, state: State) -> None:
    """Fields of an earlier run."""
    if state.flow.shape != flow.flow.shape or state.fields["T"].shape != flow.T.shape:
        raise ValueError("start is a state of another room")
    for name in Flow.FIELDS:
        setattr(flow, name, state.fields[name].copy())
    flow.flow, flow.outlet = state.flow.copy(), state.outlet.copy()
    flow.set_outlets()
    flow.inlet = flow.streams.entering(flow.T, state.outlet)


def _check_times(
    duration: float, step: float, passes: int, adapt: float | None, frames: Sequence[float], begin: float
) -> None:
    for name, value in (("duration", duration), ("step", step), ("adapt", adapt)):
        if value is not None and not (np.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be positive and finite")
    if passes < 1:
        raise ValueError("passes must be at least 1")
    for moment in frames:
        if not begin <= moment <= begin + duration:
            raise ValueError(f"frame at {moment:g} s lies outside the run")


def _check_shapes(problem: Problem, schedule: Schedule, masses: Masses) -> None:
    room = problem.room
    count = len(room.streams)
    sizes = {"wall_temperature": len(room.walls), "source_heat": len(room.sources)}
    for name in SCHEDULED:
        value = getattr(schedule, name)
        wanted = sizes.get(name, count)
        if value is not None and value.shape[1] not in (1, wanted):
            raise ValueError(f"{name} has {value.shape[1]} columns, the room needs {wanted}")
    for name in ("stream", "water"):
        shape = getattr(masses, name).shape
        if shape not in ((), (count,)):
            raise ValueError(f"masses: {name} has shape {shape}, the room has {count} streams")
    water = (masses.water > 0) & ~np.isfinite(problem.coolant)
    if masses.water.ndim and water.any() and schedule.coolant is None:
        raise ValueError(f"stream {room.streams[int(np.argmax(water))]} has water but no coolant temperature")


def _check_schedule(problem: Problem, schedule: Schedule, masses: Masses, voxels: Voxels) -> None:
    """Flows that balance at every time (they are linear between), and heat that goes somewhere."""
    room = problem.room
    flow = problem.flow[None] if schedule.flow is None else schedule.flow
    heat = problem.heat[None] if schedule.heat is None else schedule.heat
    mass = np.broadcast_to(masses.stream, problem.flow.shape)
    for row in range(max(len(flow), len(heat))):
        moved, put = (np.broadcast_to(v[min(row, len(v) - 1)], problem.flow.shape) for v in (flow, heat))
        moment = schedule.times[row] if len(flow) + len(heat) > 2 else 0.0
        lost = (moved == 0) & (put > 0) & (mass == 0) & ~np.isfinite(problem.head)
        for n in np.flatnonzero(lost):
            raise ValueError(
                f"stream {room.streams[n]} at {moment:g} s has heat but neither air nor mass to take it"
            )
        try:
            check(problem.replace(flow=moved), voxels)
        except RoomError as error:
            raise RoomError([f"at {moment:g} s: {fault}" for fault in error.faults]) from None


__all__ = ["Masses", "Schedule", "State", "Transient", "simulate"]

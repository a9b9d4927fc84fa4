"""Steady air of a room: coarse to fine, until the streams see the same air; then to rounding.

The finest grid ends with fluxes that conserve mass and a temperature that is exact for them
(:mod:`solvers.air.field.transport`), so that heat closes whatever was left of the iteration.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.air.field import influence as influences
from solvers.air.field import outcome
from solvers.air.field.checks import check, removable
from solvers.air.field.closing import direct, exact_heat, frozen, guess
from solvers.air.field.flow import Flow
from solvers.air.field.grid import Grid
from solvers.air.field.potential import potential
from solvers.air.field.problem import Problem
from solvers.air.field.refine import start_from
from solvers.air.field.solution import Solution
from solvers.air.field.voxels import RoomError, Voxels, rasterise
from solvers.status import SolveError, Status

Array = NDArray[np.float64]
Method = Literal["rans", "potential"]
Convection = Literal["upwind", "limited", "central"]

# The numbers below are assumed: chosen on the rooms of tests/benchmarks/rooms.py and the cavities of the tests.
COARSEST = 4_000
"""Cells below which a grid is not made coarser: racks and aisles must still be told apart."""
WINDOW, WARM_WINDOW = 15, 8
"""Iterations over which the inlets must rest, from a cold and from a warm start."""
STEADY_FLOW = 0.1
"""Largest mean change of velocities from one iteration to the next at rest, over their mean: eddies may still turn."""
WATCHED = 50
"""Iterations over which a limit cycle is watched."""
CLOSES = 1e-5
"""Largest imbalance of mass and heat of an answer, over what moves; some 1e-8 is usual."""
TRACED = 1e-8
"""Accepted residual of tracers; their heat closes as far."""
SMALL_CYCLE = 0.3
"""Swing of an inlet that still counts as steady. [K]"""
STILL = 1e-4
"""The same where no temperature tells that the air rests: isothermal rooms, cavities."""
PATIENCE, CALM = 200, {"relax": 0.7}
"""Iterations after which momentum is relaxed more: in small rooms large steps end in a cycle of their own making."""
CAREFUL = {"relax": 0.6, "relax_heat": 0.8, "relax_turbulence": 0.5}
"""Relaxation of a second try where the first one diverged."""


class Progress(Protocol):
    """Is told the grid, the iteration and the inlets."""

    def __call__(self, level: int, iteration: int, inlets: Array) -> None: ...


@dataclass(frozen=True, eq=False)
class Restart:
    """Flows of the grids of a room, coarsest first."""

    flows: tuple[Flow, ...]


@dataclass
class _Run:
    """What one grid did."""

    flow: Flow
    status: Status
    history: list[tuple[float, float, float, float]]
    inlets: list[Array]
    notes: list[str]


def solve(
    problem: Problem,
    *,
    method: Method = "rans",
    convection: Convection = "upwind",
    tolerance: float = 0.03,
    max_iterations: int = 500,
    levels: int | None = None,
    start: Solution | None = None,
    influence: bool = False,
    groups: ArrayLike | None = None,
    fresh: ArrayLike | None = None,
    memory: float = 8e9,
    double: bool = False,
    progress: Progress | None = None,
    raise_on_failure: bool = False,
) -> Solution:
    """Solve the steady air of a room.

    Parameters
    ----------
    method : str
        ``rans`` (momentum, buoyancy, turbulence) or ``potential`` (one Poisson problem, then heat): seconds against
        tenths of one; the latter knows neither jets nor buoyancy.
    convection : str
        ``upwind`` (first order), ``limited`` (second, van Leer) or ``central``; those of k and epsilon stay upwind.
    tolerance : float
        Largest change of any stream's inlet over the last iterations. [K]
    levels : int, optional
        Grids; as many as stay above a few thousand cells, at most three, without it.
    start : Solution, optional
        Of the same room in another state: goes on from there.
    influence : bool
        Whether to add how the streams act on each other.
    groups : (N,) int, optional
        Streams that share a tracer in it, anchored to this state: cheaper by as much as there are fewer groups.
    fresh : (N,) bool, optional
        Streams that give fresh air; with it the age of the air is solved.
    memory : float
        Most that may be used. [bytes]
    double : bool
        Double instead of single precision.
    progress : callable
        Called after every iteration.

    Raises
    ------
    RoomError
        If the geometry or the flows cannot be solved, with every reason.
    SolveError
        If asked to, where there is no steady state.

    Notes
    -----
    One state at a time: a field is a long array by itself.  What changes heat alone is answered for all scenarios at once
    by the influence, :func:`solvers.air.field.influence.stream_temperatures`.
    """
    begun = time.process_time()
    if groups is not None and np.shape(groups) != (len(problem.room.streams),):
        raise ValueError("groups must be one number for every stream")
    unmoved = (problem.flow == 0.0) & (problem.heat > 0.0) & ~np.isfinite(problem.head)
    if unmoved.any():
        raise RoomError(
            [
                f"stream {problem.room.streams[n]} has heat but no air to carry it"
                for n in np.flatnonzero(unmoved)
            ]
        )
    voxels = _voxels(problem, levels, start, memory, method, BYTES_TRACED if influence else BYTES)
    check(problem, voxels[-1])
    if not removable(problem, voxels[-1]):
        if raise_on_failure:
            raise SolveError(Status.INFEASIBLE, "the coils cannot remove the heat")
        method = "potential"
        feasible = False
    else:
        feasible = True
    runs = (
        _potential(problem, voxels[-1], start, double)
        if method == "potential"
        else _rans(problem, voxels, start, convection, tolerance, max_iterations, double, progress)
    )
    wanted = _Wanted(method, influence, None if groups is None else np.asarray(groups), fresh)
    solution = _finished(problem, runs, wanted, feasible, begun, start)
    if raise_on_failure and not solution.status.ok:
        raise SolveError(solution.status, f"air of the room after {solution.iterations[-1]} iterations")
    return solution


BYTES, BYTES_TRACED = 290.0, 400.0
"""Memory of a solve per cell of the padded grid, without and with tracers for the influence; measured. [bytes]"""


def _voxels(
    problem: Problem, levels: int | None, start: Solution | None, memory: float, method: str, each: float
) -> tuple[Voxels, ...]:
    restart = start.restart if start is not None else None
    if isinstance(restart, Restart) and restart.flows[-1].voxels.room is problem.room:
        return (restart.flows[-1].voxels,)
    grid = problem.room.grid
    needed = each * np.prod([n + 2.0 for n in grid.shape]) * 8 / 7
    if needed > memory:
        widen = (needed / memory) ** (1 / 3)
        raise RoomError([
            f"{grid.cells:,} cells need {needed / 1e9:.1f} GB, more than the {memory / 1e9:.1f} GB allowed: "
            f"make the spacing {widen:.2f} times as wide"
        ])  # fmt: skip
    grids: list[Grid] = [grid]
    most = levels or (1 if method == "potential" else 3)
    while len(grids) < most and (levels or grids[0].coarser().cells >= COARSEST):
        grids.insert(0, grids[0].coarser())
    found: list[Voxels] = []
    for g in grids[:-1]:
        try:
            found.append(rasterise(problem.room, g))
        except RoomError:  # an aisle that a coarse grid closes: begin on the next finer one
            found.clear()
    return (*found, rasterise(problem.room))


# -- iteration --------------------------------------------------------------------------------------


def _rans(
    problem: Problem, voxels: tuple[Voxels, ...], start: Solution | None, convection: Convection, tolerance: float,
    max_iterations: int, double: bool, progress: Progress | None,
) -> list[_Run]:  # fmt: skip
    runs: list[_Run] = []
    known = start.restart.flows if start is not None and isinstance(start.restart, Restart) else ()
    kind = np.float64 if double else np.float32
    if known and known[-1].model == Flow.model_of(problem):
        flow = known[-1].under(problem)
        guess(problem, flow, start.influence if start else None)
        runs.append(_settled(flow, tolerance, max_iterations, 0, progress, window=WARM_WINDOW))
        if runs[-1].status is not Status.DIVERGED:
            return runs
        runs.clear()
    for number, grid in enumerate(voxels):
        finest = number == len(voxels) - 1
        flow = Flow(grid, problem, kind, convection)
        if runs:
            start_from(flow, runs[-1].flow)
        else:
            _quiet_start(flow)
        limit, wanted = (max_iterations, tolerance) if finest else (150, max(tolerance, 0.1))
        run = _settled(flow, wanted, limit, number, progress)
        if run.status is Status.DIVERGED:
            flow = Flow(grid, problem, kind, convection)
            _quiet_start(flow)
            run = _settled(flow, wanted, 2 * limit, number, progress, CAREFUL)
            run.notes.append("diverged at first; solved with stronger relaxation")
        runs.append(run)
    return runs


def _quiet_start(flow: Flow) -> None:
    """Potential flow for the velocities; its pressure knows no inertia and would only shake them."""
    potential(flow)
    flow.p[:] = 0


def _settled(
    flow: Flow, tolerance: float, limit: int, number: int, progress: Progress | None,
    options: dict[str, Any] | None = None, window: int = WINDOW,
) -> _Run:  # fmt: skip
    """Iterate until the inlets rest."""
    run = _Run(flow, Status.MAX_ITERATIONS, [], [], [])
    flow.wake()
    sample = _sample(flow)
    for iteration in range(limit):
        calm = options or (CALM if iteration >= PATIENCE else {})
        off = flow.step(**calm)
        now = _sample(flow)
        moved = float(np.abs(now - sample).mean() / max(float(np.abs(now).mean()), 1e-12))
        sample = now
        change = float(np.abs(flow.inlet - run.inlets[-1]).max(initial=0.0)) if run.inlets else np.inf
        run.inlets.append(flow.inlet.copy())
        run.history.append((moved, off, outcome.heat_off(flow), change))
        if progress:
            progress(number, iteration, flow.inlet)
        if not np.isfinite(moved + off) or not np.isfinite(flow.inlet).all() or off > 1e6:
            run.status = Status.DIVERGED
            return run
        still = iteration >= window and moved < (STEADY_FLOW if _uneven(flow) else STILL)
        if still and _rests(run, window, tolerance) and _fans_rest(flow):
            run.status = Status.CONVERGED
            return run
    _cycle(run)
    return run


def _breathed(run: _Run, last: int) -> Array:
    """(last, n) inlets of the streams that move; nobody breathes at a stopped unit."""
    return np.array(run.inlets[-last:])[:, run.flow.flow > 0]


def _rests(run: _Run, window: int, tolerance: float) -> bool:
    """Whether the inlets have stopped, and do not creep on: a steady creep has as far to go as it has come."""
    inlets = _breathed(run, 2 * window)
    recent = inlets[-window:]
    if np.abs(recent - recent[-1]).max(initial=0.0) >= tolerance:
        return False
    now = float(np.abs(recent[-1] - recent[0]).max(initial=0.0))
    if now < tolerance / 3 or len(inlets) < 2 * window:
        return True
    before = float(np.abs(recent[0] - inlets[0]).max(initial=0.0))
    slower = min(now / max(before, 1e-12), 0.95)
    return now * slower / (1.0 - slower) < 3.0 * tolerance


def _uneven(flow: Flow) -> bool:
    """Whether temperatures tell that the flow rests: they do where streams see air of different warmth."""
    return bool(flow.inlet.size and np.ptp(np.concatenate([flow.inlet, flow.outlet])) > 0.5)


def _fans_rest(flow: Flow) -> bool:
    before = flow.flow.copy()
    free = np.isfinite(flow.problem.head)
    if not free.any():
        return True
    flow.set_fans()
    return bool(np.abs(flow.flow - before)[free].max() <= 0.005 * max(flow.supplied, 1e-12))


def _cycle(run: _Run) -> None:
    """A small limit cycle counts as steady; its spread is told, and counts as an error of the inlets."""
    recent = _breathed(run, WATCHED)
    if len(recent) < WATCHED:
        return
    spread = float((recent.max(axis=0) - recent.min(axis=0)).max(initial=0.0)) / 2
    if spread <= SMALL_CYCLE and run.history[-1][0] < STEADY_FLOW:
        run.status = Status.CONVERGED
        run.notes.append(f"inlets swing by +/- {spread:.2f} K; the last state is reported")


def _sample(flow: Flow) -> NDArray[Any]:
    """Velocities of a few thousand faces."""
    every = max(1, flow.u.size // 4000) | 1
    return np.concatenate([f.reshape(-1)[::every] for f in (flow.u, flow.v, flow.w)]).copy()


def _potential(problem: Problem, voxels: Voxels, start: Solution | None, double: bool) -> list[_Run]:
    flow = Flow(voxels, problem, np.float64 if double else np.float32)
    potential(flow)
    for _ in range(40 if np.isfinite(problem.head).any() else 0):
        if _fans_rest(flow):
            break
        potential(flow)
    if flow.model != 2:
        flow.nt[voxels.fluid] = problem.air.eddy_viscosity
    run = _Run(flow, Status.CONVERGED, [], [], [])
    run.inlets.append(flow.inlet.copy())
    run.history.append((0.0, 0.0, 0.0, 0.0))
    return [run]


# -- result -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Wanted:
    """What the caller asked for."""

    method: str
    influence: bool
    groups: NDArray[Any] | None
    fresh: ArrayLike | None


def _finished(
    problem: Problem, runs: list[_Run], wanted: _Wanted, feasible: bool, begun: float, start: Solution | None
) -> Solution:
    last = runs[-1]
    flow, voxels = last.flow, last.flow.voxels
    if last.status is Status.DIVERGED:
        flow = Flow(voxels, problem)
        potential(flow)
    for run in runs[:-1]:
        run.flow.rest()
    operator = frozen(flow)
    known, told = None, last.notes
    if wanted.influence or not direct(problem):
        known, ending = influences.influence(operator, groups=wanted.groups, tolerance=TRACED)
        if not ending.status.ok:
            told = [*told, f"tracers are good to {ending.residual:.0e} only"]
    heat = exact_heat(problem, flow, operator, known, feasible)
    if known is not None and wanted.groups is not None:
        known = influences.anchored(known, problem, heat.inlet, heat.outlet)
    flow.T[voxels.fluid] = heat.field[voxels.fluid]
    flow.outlet, flow.inlet = heat.outlet, heat.inlet
    flow.set_outlets()
    inlet_error = _grid_error(runs, heat.inlet, start)
    aged = None
    if wanted.fresh is not None:
        aged, _, aging = influences.age(operator, wanted.fresh)
        if not aging.status.ok:
            told = [*told, f"the age of the air is not known everywhere: {aging.status}"]
    status = last.status if feasible else Status.INFEASIBLE
    if status.ok and not heat.ok:
        status = Status.MAX_ITERATIONS
    mass, energy = outcome.mass_off(flow, operator), outcome.energy_off(problem, operator, heat)
    hot = (
        float(np.abs(heat.outlet - heat.inlet).max(initial=0.0)) > 1e-3
    )  # without heat nothing to compare with
    if status.ok and not max(mass, energy if hot else 0.0) <= CLOSES:
        status = Status.MAX_ITERATIONS
        told = [*told, f"mass is off by {mass:.0e}, heat by {energy:.0e} of what moves"]
    return Solution(
        status=status,
        method=f"rans, {problem.air.turbulence}" if wanted.method == "rans" else wanted.method,
        field=outcome.field_of(flow, heat.field, aged),
        stream_flow=flow.flow.copy(),
        stream_inlet=heat.inlet,
        stream_inlet_max=outcome.hottest(flow, heat),
        stream_inlet_error=inlet_error,
        stream_outlet=heat.outlet,
        stream_cooling=heat.cooling,
        stream_held=outcome.held(problem, flow, heat),
        patch_profile=outcome.profiles(flow, heat.field),
        panel_flow=outcome.panel_flow(flow),
        panel_rise=outcome.panel_rise(flow),
        opening_flow=np.array([
            operator.opening_flow[voxels.openings.of(n)].sum() for n in range(len(voxels.room.openings))
        ]),
        cells=tuple(run.flow.voxels.cells for run in runs),
        iterations=tuple(len(run.inlets) for run in runs),
        history=tuple(np.array(run.history, float).reshape(-1, 4) for run in runs),
        inlet_history=np.array(last.inlets, float).reshape(len(last.inlets), -1),
        mass_error=mass,
        energy_error=energy,
        seconds=time.process_time() - begun,
        notes=tuple(told),
        influence=known if wanted.influence else None,
        restart=Restart(tuple(run.flow for run in runs)),
    )  # fmt: skip


def _grid_error(runs: list[_Run], inlet: Array, start: Solution | None) -> Array:
    """Distance to the next coarser grid over (r^p - 1), first order; larger by the swing of a limit cycle.

    After a warm start that of the state it started from.
    """
    if len(runs) < 2 and start is not None:
        return start.stream_inlet_error.copy()
    if len(runs) < 2 or not runs[-2].status.ok:
        return np.full(inlet.shape, np.inf)
    fine, coarse = runs[-1], runs[-2]
    ratio = (fine.flow.voxels.grid.cells / coarse.flow.voxels.grid.cells) ** (1 / 3)
    recent = np.array(fine.inlets[-WATCHED:])
    swing = (recent.max(axis=0) - recent.min(axis=0)) / 2 if fine.notes else np.zeros(inlet.size)
    return np.abs(inlet - coarse.inlets[-1]) / max(ratio - 1.0, 0.3) + swing


__all__ = ["Progress", "Restart", "check", "frozen", "solve"]

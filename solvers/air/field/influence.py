"""How the streams of a room act on each other while the air is frozen, and what follows from it without the field.

One tracer for each stream says where its air goes; the matrix of these shares answers other heat loads, set points and
coil limits exactly and in microseconds, as long as the air moves as it did.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.air.field import transport
from solvers.air.field.problem import Problem
from solvers.air.field.solution import Influence
from solvers.air.field.transport import Ending, Operator
from solvers.air.zonal import CEILING
from solvers.status import Status

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

LEAK = 1e-12
"""Share of the returning heat that is let go, so that a room which nothing cools is very hot and not singular (assumed)."""
BEYOND = 1e5
"""Temperature that only heat which nothing removes can reach (assumed). [degC]"""
POLICIES = 60
"""Largest number of choices of limits that are tried."""
TOGETHER = 64
"""Scenarios solved in one call where coils are at their limits; keeps the matrices in cache."""


@dataclass(frozen=True, eq=False)
class StreamStates:
    """Streams of S scenarios in the same frozen air."""

    ok: Mask
    """(S,) a steady state exists; where not, temperatures concerned read at most ``zonal.CEILING``."""
    entering: Array
    """(S, N) [degC]"""
    leaving: Array
    """(S, N) [degC]"""
    cooling: Array
    """(S, N) heat removed by the coil. [W]"""
    held: Mask
    """(S, N) coil holds its set point or has nothing to do; True for streams without one."""

    @property
    def status(self) -> Status:
        """Converged if every scenario has a steady state."""
        return Status.CONVERGED if self.ok.all() else Status.INFEASIBLE


def influence(
    operator: Operator,
    *,
    groups: ArrayLike | None = None,
    tolerance: float = transport.TOLERANCE,
    workers: int = 1,
) -> tuple[Influence, Ending]:
    """Where the air of every stream goes; ``workers`` threads share the tracers, 16 at a time.

    Every moving stream supplies a tracer of 1 in turn, all others 0; likewise openings, sources (1 W) and walls (1 K).
    With ``groups`` (N,), a number for every stream, the streams of a group share one tracer: each then counts with its
    part of the group's flow.  Heat still closes; :func:`anchored` makes one state exact.

    With walls in the operator the rows of ``share``, ``opening_share`` and those of the walls in ``source_rise``
    together sum to one: heat that a wall takes is then no longer the stream's.
    """
    room = operator.voxels.room
    label = np.arange(len(room.streams)) if groups is None else np.asarray(groups, np.int64)
    own = transport.supplies(operator)
    kinds = np.unique(label)
    columns = [
        *(_together([own[n] for n in np.flatnonzero(label == kind)]) for kind in kinds),
        *transport.intakes(operator),
        *transport.heated(operator),
        *(operator.wall_cells or [(np.zeros(0, np.int64), np.zeros(0))] * len(room.walls)),
    ]
    received, ending = _responses(operator, columns, tolerance, workers)
    openings = len(room.openings)
    share, opening_share, source_rise = np.split(received, [kinds.size, kinds.size + openings], axis=1)
    causes = np.array([*(s.heat for s in room.sources), *(w.temperature for w in room.walls)])
    taken = np.array([flow.sum() for _, flow in transport.flows(operator, supply=False)])
    given = np.array([flow.sum() for _, flow in own])
    if groups is not None:
        of_group = np.bincount(np.searchsorted(kinds, label), given)
        place = np.searchsorted(kinds, label)
        share = share[:, place] * (given / np.where(of_group > 0, of_group, 1.0)[place])
    extracted = share * taken[:, None] / np.where(given > 0, given, 1.0)
    return Influence(share, opening_share, source_rise @ causes, extracted, source_rise), ending


def _together(columns: list[tuple[Index, Array]]) -> tuple[Index, Array]:
    return np.concatenate([cells for cells, _ in columns]), np.concatenate([rate for _, rate in columns])


def anchored(influence: Influence, problem: Problem, entering: Array, leaving: Array) -> Influence:
    """An influence of groups that is exact for one known state of a problem: all else counts from there."""
    plain = replace(influence, residue=None)
    known = _base(plain, problem, None, {})[0] + influence.share @ leaving
    return replace(influence, residue=entering - known)


def stream_temperatures(
    influence: Influence,
    problem: Problem,
    *,
    flow: ArrayLike | None = None,
    openings: ArrayLike | None = None,
    **changes: ArrayLike,
) -> StreamStates:
    """Temperatures of all streams for S variants of a problem in the same frozen air.

    Parameters
    ----------
    flow : (N,)
        Of the frozen air; that of the problem if not given (it is not where fan curves rule). [m3/s]
    openings : (Q,) or (S, Q)
        Temperature of the air that comes in. [degC]
    **changes : (N,) or (S, N), (W,) or (S, W), (H,) or (S, H)
        ``heat``, ``setpoint``, ``capacity``, ``effectiveness``, ``coolant``, ``wall_temperature`` and ``source_heat``
        instead of those of the problem.

    Notes
    -----
    A stream with supply patches alone is a fixed supply at its set point; one with extract patches alone has no effect.

    Streams without a coil pass on what enters them plus a constant, so they are eliminated once for all scenarios.  What
    remains is piecewise linear in the streams with a coil: ``leaving = min(T1, max(setpoint, by effectiveness, by
    capacity))``.  If every coil holds its set point that is the answer; for the others the branches are chosen anew until
    none changes: for given idle coils the maximum (its states rise from choice to choice), then the idle coils (states
    fall), which ends for the same reason as strategies in a game against nature do.

    Examples
    --------
    One rack and one cooler that share all their air: the rack takes the set point, the cooler that plus the rise.
    """
    base = _base(influence, problem, openings, changes)
    laws = _laws(problem, flow, changes, len(base))
    base = np.broadcast_to(base, laws.setpoint.shape)
    fixed, exhaust = _one_sided(problem)
    moving = laws.rate > 0
    coil = moving & ~fixed & ~exhaust & np.isfinite(laws.setpoint).any(axis=0)
    passing = ~fixed & ~coil
    known = np.where(fixed & moving, laws.setpoint, 0.0)
    if not np.all(np.isfinite(known)):
        raise ValueError("a stream with supply patches alone needs a finite set point")
    count = len(problem.room.streams)
    gain = np.linalg.inv(np.eye(count) - influence.share * passing * (1 - LEAK))
    through = gain @ influence.share
    without_coils = base @ gain.T + (np.where(passing, laws.warming, 0.0) + known) @ through.T
    inner = _at_coils(without_coils[:, coil], through[np.ix_(coil, coil)], laws.of(coil))
    entering = without_coils + inner.leaving @ through[:, coil].T
    ok = inner.settled & (np.abs(entering) < BEYOND).all(axis=1)
    entering = np.where(ok[:, None], entering, np.clip(entering, -CEILING, CEILING))
    entering = np.where(fixed, known, entering)
    leaving, drop = laws.apply(entering)
    held = ~np.isfinite(laws.setpoint) | ~moving | (leaving <= laws.setpoint + 1e-6)
    leaving = np.where(fixed, known, leaving)
    drop = np.where(fixed, 0.0, drop)
    return StreamStates(ok, entering, leaving, drop * laws.rate, held | fixed)


def age(
    operator: Operator,
    fresh: ArrayLike,
    *,
    share: Array | None = None,
    tolerance: float = transport.TOLERANCE,
) -> tuple[Array, Array, Ending]:
    """Mean time since the air was last cooled, or came in through an opening.

    Parameters
    ----------
    operator
        Its walls do not count: they stop no clock.
    fresh : (N,) bool
        Streams whose supply has age 0; the others give air on as old as they take it.
    share : (N, N)
        Of the influence of this operator; solved for if not given, or if there are walls, whose heat it counts.

    Returns
    -------
    [k, j, i] age [s], infinite where air stands still; (N,) age of the air that enters each stream [s]; and the ending,
    ``SINGULAR`` if some air goes round without ever being fresh.
    """
    if operator.wall_cells:
        operator, share = transport.without_walls(operator), None
    voxels = operator.voxels
    pairs = transport.supplies(operator)
    taking = np.array([cells.size > 0 for cells, _ in transport.flows(operator, supply=False)], bool)
    giving = np.array([flow.sum() > 0 for _, flow in pairs], bool)
    old = giving & taking & ~np.asarray(fresh, bool)
    if share is None:
        nothing = (np.zeros(0, np.int64), np.zeros(0))
        columns = [pair if passed else nothing for pair, passed in zip(pairs, old, strict=True)]
        share, _ = _responses(operator, columns, tolerance)
    alive = voxels.fluid & ~operator.still
    brought = np.where(alive, voxels.volume(), 0.0)
    cells = np.flatnonzero(brought)
    field, ending = transport.solve(operator, cells, brought.reshape(-1)[cells][:, None], tolerance=tolerance)
    since = transport.entering(operator, field[..., 0])
    passed_on = share[:, old]
    again = np.linalg.solve(np.eye(int(old.sum())) - passed_on[old] * (1 - LEAK), since[old])
    status = ending.status if again.max(initial=0.0) < 1 / np.sqrt(LEAK) else Status.SINGULAR
    if old.any():
        flat = brought.reshape(-1)
        for (where, rate), years in zip((pairs[n] for n in np.flatnonzero(old)), again, strict=True):
            np.add.at(flat, where, rate * years)
        field, ending = transport.solve(
            operator, cells, flat[cells][:, None], start=field + again.mean(), tolerance=tolerance
        )
        status = ending.status if status.ok else status
    ages = np.where(operator.still, np.inf, field[..., 0] * voxels.fluid)
    return ages, since + passed_on @ again, Ending(status, ending.cycles, ending.residual)


def _responses(
    operator: Operator, columns: list[tuple[Index, Array]], tolerance: float, workers: int = 1
) -> tuple[Array, Ending]:
    """(N, columns) mean at each stream of the scalar that each column brings in; zero for columns that bring nothing."""
    received = np.zeros((len(operator.voxels.room.streams), len(columns)))
    live = [n for n, (_, rate) in enumerate(columns) if rate.sum() > 0]

    def respond(group: slice) -> Ending:
        chosen = live[group]
        cells, place = np.unique(np.concatenate([columns[n][0] for n in chosen]), return_inverse=True)
        owner = np.repeat(np.arange(len(chosen)), [columns[n][0].size for n in chosen])
        rates = np.zeros((cells.size, len(chosen)))
        np.add.at(rates, (place, owner), np.concatenate([columns[n][1] for n in chosen]))
        field, ending = transport.solve(operator, cells, rates, tolerance=tolerance)
        received[:, chosen] = transport.entering(operator, field)
        return ending

    groups = list(transport.in_groups(len(live)))
    if workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            endings = list(pool.map(respond, groups))
    else:
        endings = [respond(group) for group in groups]
    return received, transport.worst([Ending(Status.CONVERGED, 0, 0.0), *endings])


def _one_sided(problem: Problem) -> tuple[Mask, Mask]:
    """Streams with supply patches alone, and with extract patches alone."""
    count = len(problem.room.streams)
    gives, takes = np.zeros(count, bool), np.zeros(count, bool)
    for patch in problem.room.patches:
        (gives if patch.supply else takes)[patch.stream] = True
    return gives & ~takes, takes & ~gives


@dataclass(frozen=True, eq=False)
class _Laws:
    """Stream laws of S scenarios, (S, N) each but for ``rate`` (N,), which is ``rho cp V``. [W/K]"""

    rate: Array
    warming: Array
    """[K]"""
    setpoint: Array
    limit: Array
    """Capacity over ``rho cp V``. [K]"""
    effectiveness: Array
    coolant: Array

    def of(self, chosen: Mask | Index, scenarios: Index | slice = slice(None)) -> _Laws:
        """Laws of some streams in some scenarios."""
        parts = (self.warming, self.setpoint, self.limit, self.effectiveness, self.coolant)
        return _Laws(self.rate[chosen], *(part[scenarios][:, chosen] for part in parts))

    def cooled(self, warm: Array) -> tuple[Array, Array, Array]:
        """Leaving temperatures by set point, by effectiveness and by capacity, of air at ``warm`` before the coil."""
        with np.errstate(invalid="ignore"):  # 0 x inf of a coil without effect
            by_reach = warm - np.where(
                self.effectiveness > 0, self.effectiveness * (warm - self.coolant), 0.0
            )
        return np.broadcast_to(self.setpoint, warm.shape), by_reach, warm - self.limit

    def apply(self, entering: Array) -> tuple[Array, Array]:
        """Leaving temperature and the drop over the coil."""
        warm = entering + self.warming
        drop = np.where(self.rate > 0, np.maximum(warm - np.maximum.reduce(self.cooled(warm)), 0.0), 0.0)
        return warm - drop, drop


def _laws(problem: Problem, flow: ArrayLike | None, changes: dict[str, ArrayLike], least: int) -> _Laws:
    unknown = set(changes) - {*_LAW, "wall_temperature", "source_heat"}
    if unknown:
        raise TypeError(f"no such quantity of a stream: {', '.join(sorted(unknown))}")
    values = {
        name: np.atleast_2d(np.asarray(changes.get(name, getattr(problem, name)), float)) for name in _LAW
    }
    shape = (max(least, *(len(value) for value in values.values())), len(problem.room.streams))
    values = {name: np.broadcast_to(value, shape) for name, value in values.items()}
    moved = np.asarray(problem.flow if flow is None else flow, float)
    rate = moved * problem.air.density * problem.air.heat_capacity
    divisor = np.where(moved > 0, rate, 1.0)
    warming = np.where(moved > 0, values["heat"] / divisor, 0.0)
    limit = values["capacity"] / divisor
    return _Laws(rate, warming, values["setpoint"], limit, values["effectiveness"], values["coolant"])


_LAW = ("heat", "setpoint", "capacity", "effectiveness", "coolant")


def _base(
    influence: Influence, problem: Problem, openings: ArrayLike | None, changes: dict[str, ArrayLike]
) -> Array:
    """(S or 1, N) what enters the streams from openings, sources and walls. [degC]"""
    own = [o.temperature for o in problem.room.openings]
    outside = np.atleast_2d(np.asarray(own if openings is None else openings, float))
    came_in = outside @ influence.opening_share.T
    if influence.residue is not None:
        came_in = came_in + influence.residue
    if influence.source_rise is None:
        return came_in + influence.rise
    heat, walls = (
        np.atleast_2d(np.asarray(changes.get(name, getattr(problem, name)), float))
        for name in ("source_heat", "wall_temperature")
    )
    rows = max(len(heat), len(walls))
    causes = np.concatenate([np.broadcast_to(part, (rows, part.shape[1])) for part in (heat, walls)], axis=1)
    return came_in + causes @ influence.source_rise.T


@dataclass(frozen=True, eq=False)
class _Coils:
    settled: Mask
    leaving: Array


def _at_coils(known: Array, share: Array, laws: _Laws) -> _Coils:
    """Leaving temperatures (S, C) for ``entering = known + share @ leaving``."""
    held = np.where(np.isfinite(laws.setpoint), laws.setpoint, 0.0)
    leaving, _ = laws.apply(known + held @ share.T)
    settled = (leaving == laws.setpoint).all(axis=1)
    everyone = np.arange(known.shape[1])
    left = np.flatnonzero(~settled)
    for first in range(0, left.size, TOGETHER):
        group = left[first : first + TOGETHER]
        some = laws.of(everyone, group)
        entering, settled[group] = _choose(known[group], share, some)
        leaving[group] = some.apply(entering)[0]
    return _Coils(settled, leaving)


def _choose(known: Array, share: Array, laws: _Laws) -> tuple[Array, Mask]:
    """Entering temperatures and whether the choice of branches came to rest, scenario by scenario."""
    idle = ~np.isfinite(laws.setpoint)
    branch: Index = np.zeros(known.shape, np.int64)
    entering = _linear(known, share, laws, branch, idle)
    settled = np.zeros(len(known), bool)
    for _ in range(POLICIES):
        warm = entering + laws.warming
        options = np.stack(laws.cooled(warm))
        slack = 1e-9 * (1 + np.abs(warm))
        best = options.max(axis=0)
        better = best > np.take_along_axis(options, branch[None], 0)[0] + slack
        rising = (better & ~idle).any(axis=1)
        branch = np.where(better, options.argmax(axis=0), branch)
        turned = np.where(idle, warm > best + slack, warm < best - slack)
        settled = ~rising & ~turned.any(axis=1)
        if settled.all():
            break
        idle = idle ^ (turned & ~rising[:, None])
        entering = np.where(settled[:, None], entering, _linear(known, share, laws, branch, idle))
    return entering, settled


def _linear(known: Array, share: Array, laws: _Laws, branch: Index, idle: Mask) -> Array:
    """Entering temperatures where every coil stays on its branch: 0 set point, 1 effectiveness, 2 capacity."""
    keep = 1 - laws.effectiveness
    with np.errstate(invalid="ignore"):  # 0 x inf of a coil without effect
        reach = np.where(laws.effectiveness > 0, laws.effectiveness * laws.coolant, 0.0)
    held, by_reach = (branch == 0) & ~idle, (branch == 1) & ~idle
    slope = np.where(held, 0.0, np.where(by_reach, keep, 1.0))
    limited = laws.warming - np.where(idle, 0.0, laws.limit)
    offset = np.where(held, laws.setpoint, np.where(by_reach, keep * laws.warming + reach, limited))
    matrix = np.eye(share.shape[0]) - share * (slope * (1 - LEAK))[:, None, :]
    return np.asarray(np.linalg.solve(matrix, (known + offset @ share.T)[..., None])[..., 0], float)

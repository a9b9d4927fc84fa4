"""An hour or a year of load as a series of steady states, in blocks and in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.dynamics.checks import number, refuse
from solvers.power.flow import prepare
from solvers.power.problem import Problem, Solution
from solvers.status import Status

Array = NDArray[Any]
SolveBlock = Callable[[Array], Any]
"""(n, L) complex loads -> result of n states with ``scenario_ok`` (n,) bool."""
LoadBlock = Callable[[int, int], ArrayLike]
"""(first, last) -> (last - first, L) complex loads of these steps."""
Take = Callable[[Any], ArrayLike]
"""Result of a block -> (n,) or (n, x) real numbers."""

JOULE_PER_KWH = 3.6e6


@dataclass(frozen=True)
class Track:
    """One number or x numbers per step, such as a loss or the loading of every branch, over all solved steps."""

    mean: Array
    least: Array
    most: Array
    """(x,) of the number itself."""
    least_step: Array
    most_step: Array
    """(x,) step at which it is first that small or large."""
    integral: Array
    """(x,) sum of number x step length: J for a power. """
    time_above: Array
    """(x,) time above the limit given for it; 0 without one. [s]"""
    series: Array
    """(T,) the number itself where x = 1 (0 in steps that failed), else size 0."""


@dataclass(frozen=True)
class Series:
    """Statistics of a series of steady states."""

    status: Status
    """Worst ending: CONVERGED, or MAX_ITERATIONS if a step failed."""
    step_ok: Array
    """(T,) bool; steps that failed are in no statistic."""
    tracks: dict[str, Track]
    detail: str = ""
    """How many steps failed, and the first."""

    def duration_curve(self, name: str) -> Array:
        """Values of a single number in falling order, one per solved step: its load duration curve."""
        track = self.tracks[name]
        if track.series.size == 0:
            raise ValueError(f"{name} has no series: it is more than one number per step")
        return np.sort(track.series[self.step_ok])[::-1]


def flow_solver(
    problem: Problem, block: int = 256, *, outputs: tuple[str, ...] | None = None, **options: Any
) -> SolveBlock:
    """A function that finds the power flow of up to ``block`` rows of loads in the one switching state of ``problem``.

    Parameters
    ----------
    outputs, options : see :meth:`solvers.power.Prepared.solve`.
    """
    if problem.scenarios != 1:
        raise ValueError(f"problem must have one scenario, got {problem.scenarios}")
    if block < 1:
        raise ValueError(f"block must be >= 1, got {block}")
    closed = np.broadcast_to(problem.branch_closed, (block, problem.branch_from.size))
    load = np.broadcast_to(problem.load_power, (block, problem.load_power.shape[1]))
    ready = prepare(replace(problem, branch_closed=closed, load_power=load))

    def solve_block(loads: Array) -> Solution:
        return ready.solve(loads, rows=np.arange(loads.shape[0]), outputs=outputs, **options)

    return solve_block


def run_series(
    solve_block: SolveBlock,
    loads: ArrayLike | LoadBlock,
    take: Mapping[str, Take],
    *,
    step: float,
    steps: int | None = None,
    block: int = 256,
    limits: Mapping[str, ArrayLike] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Series:
    """Solve a series of loads and keep statistics only.

    Parameters
    ----------
    solve_block : from :func:`flow_solver`, or any function of (n, L) loads.
    loads : (T, L) complex, or a function (first, last) that gives those rows, then with ``steps``. [VA]
    take : name -> what to follow, for example ``{"loss": lambda s: s.loss}``.
    step : length of one step: 1 s for an hour, 3,600 s for a year. [s]
    limits : name -> (x,) or one number; the time above it is counted.
    progress : called as (steps done, all steps) after each block.

    Notes
    -----
    Memory: one block of results, and 8 bytes per step for each single number followed.
    """
    length = float(number("step", step, above=0.0))
    if not take:
        raise ValueError("take must name at least one number to follow")
    fetch, total = _loader(loads, steps)
    if block < 1:
        raise ValueError(f"block must be >= 1, got {block}")
    bounds = dict(limits or {})
    if set(bounds) - set(take):
        raise ValueError(f"limits has names that are not followed: {sorted(set(bounds) - set(take))}")
    books = {name: _Book(name, bounds.get(name), total) for name in take}
    good = np.zeros(total, dtype=bool)
    for first in range(0, total, block):
        last = min(first + block, total)
        rows = np.atleast_2d(np.asarray(fetch(first, last), dtype=complex))
        if rows.shape[0] != last - first:
            raise ValueError(f"loads gave {rows.shape[0]} rows for steps {first} to {last}")
        result = solve_block(rows)
        ok = np.asarray(result.scenario_ok, dtype=bool)
        good[first:last] = ok
        for name, pick in take.items():
            books[name].add(first, np.asarray(pick(result), dtype=float), ok)
        if progress is not None:
            progress(last, total)
    bad = np.flatnonzero(~good)
    detail = f"{bad.size} of {total} steps failed, the first is step {int(bad[0])}" if bad.size else ""
    status = Status.MAX_ITERATIONS if bad.size else Status.CONVERGED
    return Series(status, good, {name: book.close(length) for name, book in books.items()}, detail)


def _loader(loads: ArrayLike | LoadBlock, steps: int | None) -> tuple[LoadBlock, int]:
    if callable(loads):
        if steps is None or steps < 1:
            raise ValueError("steps must be given, >= 1, when loads is a function")
        return loads, steps
    table = np.asarray(loads, dtype=complex)
    if table.ndim != 2 or table.shape[0] == 0:
        raise ValueError(f"loads has shape {table.shape}, expected (T, L)")
    if steps is not None and steps != table.shape[0]:
        raise ValueError(f"steps is {steps}, loads has {table.shape[0]} rows")
    refuse("loads", ~np.isfinite(table), "is not finite")
    return lambda first, last: table[first:last], table.shape[0]


class _Book:
    """Running statistics of one followed number."""

    def __init__(self, name: str, limit: ArrayLike | None, total: int) -> None:
        self.name, self.limit, self.total = name, limit, total
        self.count, self.width = 0, -1

    def add(self, first: int, values: Array, ok: Array) -> None:
        table = values[:, None] if values.ndim == 1 else values
        if table.ndim != 2 or table.shape[0] != ok.size:
            raise ValueError(f"take[{self.name!r}] gave shape {values.shape} for {ok.size} steps")
        if self.width < 0:
            self._begin(table.shape[1])
        used = table[ok]
        refuse(f"take[{self.name!r}]", ~np.isfinite(used), "is not finite")
        if self.series.size:
            self.series[first : first + ok.size] = np.where(ok, table[:, 0], 0.0)
        if not used.shape[0]:
            return
        self.count += used.shape[0]
        self.sum += used.sum(axis=0)
        self.above += (used > self.bound).sum(axis=0)
        at = first + np.flatnonzero(ok)
        low, high = np.argmin(used, axis=0), np.argmax(used, axis=0)
        column = np.arange(self.width)
        lower, higher = used[low, column] < self.least, used[high, column] > self.most
        self.least_step[lower], self.most_step[higher] = at[low[lower]], at[high[higher]]
        self.least[lower], self.most[higher] = used[low, column][lower], used[high, column][higher]

    def _begin(self, width: int) -> None:
        self.width = width
        self.bound = np.full(width, np.inf) if self.limit is None else np.broadcast_to(
            number(f"limits[{self.name!r}]", self.limit, endless=True), (width,))  # fmt: skip
        self.sum, self.above = np.zeros(width), np.zeros(width)
        self.least, self.most = np.full(width, np.inf), np.full(width, -np.inf)
        self.least_step, self.most_step = np.full(width, -1), np.full(width, -1)
        self.series = np.zeros(self.total if width == 1 else 0)

    def close(self, length: float) -> Track:
        if not self.count:
            nothing = np.zeros(self.width)
            return Track(
                nothing, nothing, nothing, self.least_step, self.most_step, nothing, nothing, self.series
            )
        return Track(self.sum / self.count, self.least, self.most, self.least_step, self.most_step,
                     self.sum * length, self.above * length, self.series)  # fmt: skip

"""Steady-state power flow of all scenarios: switching, choice of method, balances.

:func:`prepare` works out what depends on topology and switching alone; :meth:`Prepared.solve` then finds the
flows for any loads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.newton import Task, solve_newton
from solvers.power.problem import Problem, Solution
from solvers.power.report import report
from solvers.power.sweep import (
    CONVERGED,
    INFEASIBLE,
    SINGULAR,
    Loads,
    Plan,
    sweep,
)
from solvers.power.transfer import LANES, Switching, feed_arcs, resolve, share_load, unpack
from solvers.power.trees import find_feeds, find_roots, group, radial
from solvers.status import SolveError, Status

Array = NDArray[Any]
Method = Literal["auto", "sweep", "newton"]

ENDINGS = (Status.CONVERGED, Status.MAX_ITERATIONS, Status.DIVERGED, Status.SINGULAR, Status.INFEASIBLE)
"""Endings from good to worst; the solvers work with their indices."""

WIDTH = 32
"""Scenarios swept side by side (measured: with 7,000 buses 16 to 48 take the same time, 64 up to 40 % more)."""

QUICK = 15
"""Sweeps after which a block of scenarios is given up and its slow ones are collected for a second pass: a
design far from collapse needs 5 to 10 (measured on synthetic facilities)."""

MASKS = {"bus_live": "bus", "branch_closed": "branch", "load_served": "load"}
POWERS = {
    "bus_voltage": "bus",
    "branch_power_from": "branch",
    "branch_power_to": "branch",
    "converter_input": "converter",
    "converter_output": "converter",
    "source_power": "source",
    "generator_output": "generator",
    "cord_power": "cord",
}
REALS = {
    "branch_current": "branch",
    "branch_loading": "branch",
    "branch_loss": "branch",
    "converter_loss": "converter",
    "converter_loading": "converter",
}
LIMITS = {"generator_limit": "generator"}
SUMS = ("loss", "power_error", "shunt_loss")
OUTPUTS = frozenset({*MASKS, *POWERS, *REALS, *LIMITS, *SUMS})
"""What may be asked of :meth:`Prepared.solve`; ``scenario_ok``, ``residual`` and the endings are always there."""
NEEDED = {
    "loss": {"branch_loss", "converter_loss"},
    "power_error": {"loss", "shunt_loss", "source_power", "generator_output", "cord_power", "branch_loss"}
    | {"converter_loss"},
}


def solve(
    problem: Problem,
    *,
    tolerance: float = 1e-8,
    max_iterations: int = 100,
    method: Method = "auto",
    raise_on_failure: bool = False,
) -> Solution:
    """Find voltages, flows, losses and unserved loads of every scenario.

    Parameters
    ----------
    tolerance : float
        Largest accepted complex power mismatch at a bus, relative to ``base_power`` or to the served load of
        the scenario, whichever is smaller. [-]
    max_iterations : int
        Limit of sweeps, and of Newton steps.
    method : "auto", "sweep" or "newton"
        "auto" sweeps scenarios whose energised part is radial and solves the others, and those whose sweep
        does not settle, by Newton-Raphson.  With "sweep" a scenario that is not radial is INFEASIBLE.
    raise_on_failure : bool
        Raise :class:`solvers.status.SolveError` if any scenario fails, instead of reporting it.

    Notes
    -----
    Balanced three-phase AC and two-pole DC in the steady state.  Unbalance, faults, tap changers and reactive
    limits of generators are left out; overloads are reported as loading, nothing trips.  A generator (PV bus)
    alone does not energise its island: that takes a source.

    Examples
    --------
    A DC source E feeds a constant power P over a resistance R: V = (E + sqrt(E^2 - 4 R P)) / 2.
    """
    return prepare(problem, method=method).solve(
        problem.load_power,
        tolerance=tolerance,
        max_iterations=max_iterations,
        raise_on_failure=raise_on_failure,
    )


@dataclass(frozen=True)
class _Switched:
    """Outcome of the switching of all S scenarios."""

    states: list[Switching]
    """In blocks of 64."""
    live: Array
    closed: Array
    source: Array
    feeding: Array
    cord_on: Array


def _switch(problem: Problem) -> _Switched:
    arcs = feed_arcs(problem, converters=True)
    count = problem.scenarios

    def whole(mask: Array) -> Array:
        return np.broadcast_to(mask, (count, mask.shape[1]))

    given = [whole(m) for m in (problem.branch_closed, problem.source_live, problem.converter_live)]
    live = np.zeros((count, problem.bus_voltage.size), dtype=bool)
    closed, source, feeding = (np.zeros(mask.shape, dtype=bool) for mask in given)
    states = []
    for first in range(0, count, LANES):
        rows = slice(first, min(first + LANES, count))
        state = resolve(problem, arcs, *(mask[rows] for mask in given))
        states.append(state)
        for table, words in (
            (live, state.live),
            (closed, state.closed),
            (source, state.source),
            (feeding, state.feeding),
        ):
            table[rows] = unpack(words, state.scenarios)
    return _Switched(states, live, closed, source, feeding, whole(problem.cord_on))


def prepare(problem: Problem, *, method: Method = "auto") -> Prepared:
    """Work out all that does not depend on the loads: switching, busbars, trees, shares of the cords.

    Parameters
    ----------
    method : see :func:`solve`.

    Notes
    -----
    ``problem.load_power`` is not read; the result serves any loads of the same network and switching.
    """
    if method not in ("auto", "sweep", "newton"):
        raise ValueError(f'method must be "auto", "sweep" or "newton", got {method!r}')
    return Prepared(problem, method)


class Prepared:
    """A network in S scenarios of switching, ready for loads; arrays are not to be written to."""

    problem: Problem
    bus_live: Array
    """(S, B) bool: connected to a live source, directly or through live converters."""
    branch_closed: Array
    """(S, E) bool, after the transfer switches have chosen."""
    load_served: Array
    """(S, L) bool: at least one cord with weight is energised."""

    def __init__(self, problem: Problem, method: Method) -> None:
        self.problem, self.method = problem, method
        switched = _switch(problem)
        self.bus_live, self.branch_closed, self._states = switched.live, switched.closed, switched.states
        self.load_served, self._share = share_load(problem, switched.cord_on, switched.live)
        for table in (self.bus_live, self.branch_closed, self.load_served):
            table.flags.writeable = False
        self._plans: list[Plan] = []
        self._plan_of = np.full(problem.scenarios, -1)
        """(S,) plan of each scenario; -1 = none."""
        self._radial = np.zeros(problem.scenarios, dtype=bool)
        if method != "newton" and not problem.voltage_dependent:
            self._plan(switched)

    def _plan(self, switched: _Switched) -> None:
        problem = self.problem
        roots = find_roots(problem, switched.live, switched.closed, switched.source, switched.feeding)
        tree = radial(problem, switched.live, switched.closed, roots)
        if problem.generator_bus.size:
            tree &= ~switched.live[:, problem.generator_bus].any(axis=1)
        self._radial = tree
        if not tree.any():
            return
        feeds = find_feeds(problem, switched.states, roots.held, tree)
        graphs, _ = group(problem, roots, feeds, np.flatnonzero(tree))
        for number, graph in enumerate(graphs):
            self._plans.append(Plan(problem, graph, roots, self.bus_live, self.branch_closed))
            self._plan_of[graph.lanes] = number

    def solve(
        self,
        load_power: ArrayLike,
        *,
        rows: ArrayLike | None = None,
        tolerance: float = 1e-8,
        max_iterations: int = 100,
        warm: Solution | None = None,
        outputs: Iterable[str] | None = None,
        raise_on_failure: bool = False,
    ) -> Solution:
        """Find voltages, flows and losses for some loads.

        Parameters
        ----------
        load_power : (n, L), (1, L) or (L,) complex constant power P + jQ, consuming. [VA]
        rows : (n,) indices or (S,) bool
            Scenarios wanted, each at most once, in this order; default all.
        tolerance, max_iterations, raise_on_failure : see :func:`solve`.
        warm : Solution
            Result of the same ``rows`` (with ``bus_voltage``) for nearly the same loads, to begin with.
        outputs : names of array fields of Solution
            Only these are worked out, the other arrays have size 0; default all.  ``scenario_ok``,
            ``residual`` and the endings are always there.

        Returns
        -------
        Solution of n scenarios.
        """
        if not (tolerance > 0 and max_iterations >= 1):
            raise ValueError(
                f"tolerance must be > 0 and max_iterations >= 1, got {tolerance} and {max_iterations}"
            )
        chosen = self._chosen(rows)
        wanted = OUTPUTS if outputs is None else frozenset(outputs) - {"scenario_ok", "residual"}
        if wanted - OUTPUTS:
            raise ValueError(f"outputs has unknown names: {sorted(wanted - OUTPUTS)}")
        voltage = None if warm is None else warm.bus_voltage
        if voltage is not None and voltage.shape != (chosen.size, self.problem.bus_voltage.size):
            raise ValueError(
                f"warm.bus_voltage has shape {voltage.shape}, "
                f"expected ({chosen.size}, {self.problem.bus_voltage.size})"
            )
        load = self._load(load_power, chosen.size)
        run = _Run(self, chosen, load, tolerance, max_iterations, voltage, wanted)
        solution = run.solution()
        if raise_on_failure and not solution.status.ok:
            raise SolveError(solution.status, solution.detail)
        return solution

    def _chosen(self, rows: ArrayLike | None) -> Array:
        count = self.problem.scenarios
        if rows is None:
            return np.arange(count)
        given = np.asarray(rows)
        if given.dtype == bool and given.shape == (count,):
            return np.flatnonzero(given)
        chosen = given.astype(int)
        if chosen.ndim != 1 or np.any(chosen != given) or np.any((chosen < 0) | (chosen >= count)):
            raise ValueError(f"rows must be indices below {count}, or a bool for each scenario")
        if np.unique(chosen).size != chosen.size:
            raise ValueError("rows has a scenario twice")
        return chosen

    def _load(self, load_power: ArrayLike, count: int) -> Array:
        load = np.atleast_2d(np.asarray(load_power, dtype=complex))
        loads = self.problem.load_power.shape[1]
        if load.ndim != 2 or load.shape[1] != loads or load.shape[0] not in (1, count):
            raise ValueError(f"load_power has shape {np.shape(load_power)}, expected ({count}, {loads})")
        if not np.isfinite(load).all():
            raise ValueError("load_power has a value that is not finite")
        return np.broadcast_to(load, (count, loads))


class _Run:
    """Outputs of one call of :meth:`Prepared.solve`, filled block by block."""

    def __init__(
        self, prepared: Prepared, chosen: Array, load: Array, tolerance: float, max_iterations: int,
        warm: Array | None, wanted: frozenset[str],
    ) -> None:  # fmt: skip
        self.prepared, self.problem, self.chosen = prepared, prepared.problem, chosen
        self.load, self.tolerance, self.max_iterations = load, tolerance, max_iterations
        self.warm, self.wanted = warm, wanted
        self.needed = wanted | {name for want in wanted for name in NEEDED.get(want, ())}
        problem, n = self.problem, chosen.size
        self.dc = problem.bus_dc[problem.cord_bus]
        counts = {"bus": problem.bus_voltage.size, "branch": problem.branch_from.size}
        counts |= {"source": problem.source_bus.size, "generator": problem.generator_bus.size}
        counts |= {"converter": problem.converter_from.size, "cord": problem.cord_load.size}
        counts |= {"load": load.shape[1]}
        self.out: dict[str, Array] = {}
        for names, kind in ((MASKS, bool), (POWERS, complex), (REALS, float), (LIMITS, int)):
            self.out |= {
                name: np.zeros((n, counts[size]) if name in wanted else (0, 0), dtype=kind)
                for name, size in names.items()
            }
        self.out |= {name: np.zeros(n if name in wanted else 0) for name in SUMS}
        whole = n == problem.scenarios and np.array_equal(chosen, np.arange(n))
        for name in wanted & {"bus_live", "branch_closed"}:
            table = getattr(prepared, name)
            self.out[name] = table if whole else table[chosen]
        self.residual = np.zeros(n)
        self.ending = np.full(n, INFEASIBLE)
        self.details: dict[int, str] = {}
        self.iterations = 0
        self._run()

    def _run(self) -> None:
        prepared, quick = self.prepared, min(QUICK, self.max_iterations)
        plan_of = prepared._plan_of[self.chosen]
        swept = np.flatnonzero(plan_of >= 0)
        slow = [self._sweep(at, quick) for at in self._parts(swept, plan_of)]
        left = np.concatenate([*slow, np.zeros(0, dtype=int)])
        if quick < self.max_iterations:
            slow = [self._sweep(at, self.max_iterations) for at in self._parts(left, plan_of)]
            left = np.concatenate([*slow, np.zeros(0, dtype=int)])
        others = np.flatnonzero(plan_of < 0)
        if prepared.method != "sweep":
            self._newton(np.sort(np.concatenate([others, left])))
            return
        for at in others:
            ring = prepared._radial[self.chosen[at]]
            self.ending[at] = SINGULAR if ring else INFEASIBLE
            self.details[int(at)] = (
                "converters feed each other in a ring" if ring else "the energised network is not radial"
            )

    @staticmethod
    def _parts(at: Array, plan_of: Array) -> list[Array]:
        """Output rows in blocks of one plan each."""
        parts = []
        for number in np.unique(plan_of[at]):
            same = at[plan_of[at] == number]
            pieces = -(-same.size // WIDTH)
            parts += np.array_split(same, pieces)
        return parts

    def _loads(self, at: Array) -> Loads:
        """Cord powers (VA) of the output rows ``at``, and the mismatch they allow."""
        problem = self.problem
        share = self.prepared._share[:, self.chosen[at]]
        cords = np.ascontiguousarray(self.load[at].T)[problem.cord_load]
        cords *= share
        cords.imag[self.dc] = 0.0
        total = np.abs(cords).sum(axis=0) / problem.base_power
        return Loads(cords, self.tolerance * np.where(total > 0, np.minimum(total, 1.0), 1.0))

    def _sweep(self, at: Array, limit: int) -> Array:
        """Sweep output rows of one plan and write their results; returns those that need something else."""
        plan = self.prepared._plans[self.prepared._plan_of[self.chosen[at[0]]]]
        loads = self._loads(at)
        warm = None if self.warm is None else self.warm[at]
        state = sweep(plan, self.chosen[at], loads, limit, warm)
        self.iterations = max(self.iterations, state.iterations)
        tables = report(plan, state, self.needed)
        tables["cord_power"] = loads.cord_power
        self._write(at, tables, state.ending, state.residual)
        return at[(state.ending != CONVERGED) & ~state.hopeless]

    def _newton(self, at: Array) -> None:
        """Solve output rows by Newton-Raphson, block by block of the switching."""
        block = self.chosen[at] // LANES
        for number in np.unique(block):
            self._newton_block(at[block == number], int(number))

    def _newton_block(self, at: Array, number: int) -> None:
        lanes, loads = self.chosen[at], self._loads(at)
        given = self.problem.generator_power
        task = Task(
            self.prepared._states[number], lanes - number * LANES, loads.cord_power, loads.tolerance,
            given[lanes] if given.shape[0] > 1 else np.repeat(given, at.size, axis=0),
            None if self.warm is None else self.warm[at],
        )  # fmt: skip
        answer = solve_newton(self.problem, task, self.max_iterations)
        self.iterations = max(self.iterations, answer.iterations)
        for row, why in zip(at, answer.details, strict=True):
            self.details.pop(int(row), None)
            if why:
                self.details[int(row)] = why
        self._write(at, answer.tables, answer.ending, answer.residual)

    def _write(self, at: Array, tables: dict[str, Array], ending: Array, residual: Array) -> None:
        """Results of some output rows from tables (element, row) in SI units."""
        out, ok, problem = self.out, ending == CONVERGED, self.problem
        lanes = self.chosen[at]
        first, stop = int(at[0]), int(at[-1]) + 1
        rows: Any = slice(first, stop) if stop - first == at.size else at
        self.ending[rows], self.residual[rows] = ending, residual
        if not ok.all():
            tables["cord_power"] = np.where(ok, tables["cord_power"], 0.0)
        for name in (*POWERS, *REALS, *LIMITS):
            if name in self.wanted and name in tables:
                out[name][rows] = tables[name].T
        if "load_served" in self.wanted:
            out["load_served"][rows] = self.prepared.load_served[lanes] & ok[:, None]
        if "shunt_loss" in self.wanted:
            out["shunt_loss"][rows] = tables["shunt_loss"]
        if not self.wanted & {"loss", "power_error"}:
            return
        loss = tables["branch_loss"].sum(axis=0) + tables["converter_loss"].sum(axis=0)
        if "loss" in self.wanted:
            out["loss"][rows] = loss
        if "power_error" in self.wanted:
            served = tables["cord_power"].real.sum(axis=0)
            fed = tables["source_power"].real.sum(axis=0)
            if problem.generator_bus.size and "generator_output" in tables:
                fed = fed + tables["generator_output"].real.sum(axis=0)
            error = np.abs(fed - served - loss - tables["shunt_loss"]) / np.maximum(served, 1.0)
            out["power_error"][rows] = np.where(ok, error, 1.0)

    def solution(self) -> Solution:
        ok = self.ending == CONVERGED
        if "power_error" in self.wanted:
            self.out["power_error"][~ok] = 1.0
        worst = int(self.ending.max(initial=0))
        detail = ""
        if worst:
            row = int(np.flatnonzero(self.ending == worst)[0])
            why = self.details.get(row, ENDINGS[worst].value)
            detail = f"{int((~ok).sum())} of {ok.size} scenarios failed; scenario {row}: {why}"
        return Solution(
            status=ENDINGS[worst],
            scenario_ok=ok,
            iterations=self.iterations,
            residual=self.residual,
            scenario_status=tuple(ENDINGS[i] for i in self.ending),
            detail=detail,
            **self.out,
        )

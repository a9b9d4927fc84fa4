"""Steady-state power flow of all scenarios: switching, choice of method, balances.

:func:`prepare` works out what depends on topology and switching alone; :meth:`Prepared.solve` then finds the
flows for any loads.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, cached_property
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.mesh import Meshed, States
from solvers.power.outputs import VOLTAGES, voltages_only, wanted_outputs
from solvers.power.plan import Plan
from solvers.power.problem import Problem, Solution
from solvers.power.run import Question, Run
from solvers.power.switching import Switched, switch
from solvers.power.transfer import share_load
from solvers.power.trees import find_feeds, find_roots, group, radial
from solvers.status import SolveError

Array = NDArray[Any]
Method = Literal["auto", "sweep", "mesh", "newton"]

COMPILED_FROM = 20_000
"""Buses times scenarios from which the compiled sweep repays the import of the compiler (about half a second;
assumed: five such calls)."""


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
    method : "auto", "sweep", "mesh" or "newton"
        "auto" sweeps scenarios whose energised part is radial, solves meshed ones by injected currents, and what
        neither fits nor settles by Newton-Raphson.  With "sweep" a scenario that is not radial is INFEASIBLE, with
        "mesh" one that has PV generators, phase shifters or converters in a ring.
    raise_on_failure : bool
        Raise :class:`solvers.status.SolveError` if any scenario fails, instead of reporting it.

    Notes
    -----
    Balanced three-phase AC and two-pole DC in the steady state.  Phases, faults and tap changers have modules of
    their own; overloads are reported as loading, nothing trips.  A generator (PV bus) alone does not energise
    its island: that takes a source.

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


def prepare(problem: Problem, *, method: Method = "auto", compiled: bool | None = None) -> Prepared:
    """Work out all that does not depend on the loads: switching, busbars, trees, shares of the cords.

    Parameters
    ----------
    method : see :func:`solve`.
    compiled : bool or None
        Sweep with the compiled kernel (needs numba; the first use in a process costs its import) or with numpy
        alone.  None compiles where buses times scenarios are at least 20,000 and numba is there.

    Notes
    -----
    ``problem.load_power`` is not read; the result serves any loads of the same network and switching.
    """
    if method not in ("auto", "sweep", "mesh", "newton"):
        raise ValueError(f'method must be "auto", "sweep", "mesh" or "newton", got {method!r}')
    return Prepared(problem, method, compiled)


class Prepared:
    """A network in S scenarios of switching, ready for loads; arrays are not to be written to.

    Where no switch, source, converter or cord differs between the scenarios there is one state of switching, D = 1;
    else D = S.
    """

    problem: Problem
    bus_live: Array
    """(S, B) bool: connected to a live source, directly or through live converters."""
    branch_closed: Array
    """(S, E) bool, after the transfer switches have chosen."""
    load_served: Array
    """(S, L) bool: at least one cord with weight is energised."""

    def __init__(self, problem: Problem, method: Method, compiled: bool | None) -> None:
        self.problem, self.method, self._compiled = problem, method, compiled
        switched = switch(problem)
        self.states = switched.states
        self.live, self.closed = switched.live, switched.closed
        self.served, self.cord_share = share_load(problem, switched.cord_on, switched.live)
        self.cord_dc = problem.bus_dc[problem.cord_bus]
        for table in (self.live, self.closed, self.served):
            table.flags.writeable = False
        count = problem.scenarios
        self._lane = np.arange(count) if self.live.shape[0] == count else np.zeros(count, dtype=int)
        self.bus_live, self.branch_closed, self.load_served = (
            np.broadcast_to(table, (count, table.shape[1])) for table in (self.live, self.closed, self.served)
        )
        self.plans: list[Plan] = []
        self.plan_of = np.full(self.live.shape[0], -1)
        """(D,) plan of each state of switching; -1 = none."""
        self.is_radial = np.zeros(self.live.shape[0], dtype=bool)
        if method in ("auto", "sweep"):
            self._plan(switched)
        self._alone = count == 1 and self.plan_of[0] >= 0
        self.meshed: Meshed | None = None
        asked = self.plan_of < 0
        if method in ("auto", "mesh") and asked.any():
            states = States(switched.live, switched.closed, switched.source, switched.feeding)
            self.meshed = Meshed(problem, states, asked)

    def _plan(self, switched: Switched) -> None:
        problem = self.problem
        roots = find_roots(problem, switched.live, switched.closed, switched.source, switched.feeding)
        self.element_share = roots.share
        tree = radial(problem, switched.live, switched.closed, roots)
        if problem.generator_bus.size:
            tree &= ~switched.live[:, problem.generator_bus].any(axis=1)
        self.is_radial = tree
        if not tree.any():
            return
        feeds = find_feeds(problem, switched.states, roots.held, tree)
        # two sources that meet behind transfer switches: what else hangs on them, no way from their busbar reaches
        lacking = np.count_nonzero(switched.live, axis=1) - np.count_nonzero(roots.held, axis=1)
        tree &= np.count_nonzero(feeds.conducts, axis=0) == lacking
        self.is_radial = tree
        graphs, _ = group(problem, roots, feeds, np.flatnonzero(tree))
        for number, graph in enumerate(graphs):
            self.plans.append(Plan(problem, graph, roots, self.live, self.closed))
            self.plan_of[graph.lanes] = number

    @cached_property
    def _direct(self) -> Any:
        from solvers.power.tree_flow import Direct

        return Direct(self.plans[0], self.shares)

    @cached_property
    def shares(self) -> Any:
        """Tables that the compiled sweeps read."""
        from solvers.power.tree_flow import Shares

        return Shares(np.ascontiguousarray(self.cord_share), self.element_share, self.live)

    def solve(
        self,
        load_power: ArrayLike,
        *,
        rows: ArrayLike | None = None,
        tolerance: float = 1e-8,
        max_iterations: int = 100,
        warm: Solution | None = None,
        outputs: Iterable[str] | None = None,
        out: Solution | None = None,
        raise_on_failure: bool = False,
    ) -> Solution:
        """Find voltages, flows and losses for some loads.

        Parameters
        ----------
        load_power : (n, L), (1, L) or (L,) complex power P + jQ at 1 p.u., consuming. [VA]
        rows : (n,) indices or (S,) bool
            Scenarios wanted, each at most once, in this order; default all.  A network prepared in one scenario
            takes any number n of loads.
        tolerance, max_iterations, raise_on_failure : see :func:`solve`.
        warm : Solution
            Result of the same ``rows`` (with ``bus_voltage``) for nearly the same loads, to begin with.
        outputs : names of array fields of Solution
            Only these are worked out, the other arrays have size 0; default all.  ``scenario_ok``,
            ``residual`` and the endings are always there.
        out : Solution
            A result that is no longer needed: its arrays are written over and belong to the new one, which spares
            fresh memory (for many scenarios, a good part of the time).

        Returns
        -------
        Solution of n scenarios.
        """
        if not (tolerance > 0 and max_iterations >= 1):
            raise ValueError(
                f"tolerance must be > 0 and max_iterations >= 1, got {tolerance} and {max_iterations}"
            )
        load = self._load(load_power)
        wanted = wanted_outputs(outputs)
        if (
            wanted == VOLTAGES
            and rows is None
            and warm is None
            and self._alone
            and self._compile(load.shape[0])
        ):
            found = self._direct.voltages(
                load, tolerance, max_iterations, None if out is None else out.bus_voltage
            )  # fmt: skip
            if found is not None:
                return voltages_only(*found)
        chosen = self._chosen(rows, load.shape[0])
        if load.shape[0] not in (1, chosen.size):
            loads = self.problem.load_power.shape[1]
            raise ValueError(
                f"load_power has shape {np.shape(load_power)}, expected ({chosen.size}, {loads})"
            )
        wanted = wanted_outputs(outputs)
        voltage = None if warm is None else warm.bus_voltage
        if voltage is not None and voltage.shape != (chosen.size, self.problem.bus_voltage.size):
            raise ValueError(
                f"warm.bus_voltage has shape {voltage.shape}, "
                f"expected ({chosen.size}, {self.problem.bus_voltage.size})"
            )
        if voltage is not None and out is not None and np.shares_memory(voltage, out.bus_voltage):
            voltage = voltage.copy()
        question = Question(
            chosen, self._lane[chosen], load, tolerance, max_iterations, voltage, wanted, out,
            self._compile(chosen.size),
        )  # fmt: skip
        solution = Run(self, question).solution()
        if raise_on_failure and not solution.status.ok:
            raise SolveError(solution.status, solution.detail)
        return solution

    def _compile(self, count: int) -> bool:
        """The same for all parts of a batch, so that their numbers do not depend on how it is divided."""
        if self._compiled is None:
            scenarios = max(self.problem.scenarios, count)
            large = scenarios * self.problem.bus_voltage.size >= COMPILED_FROM
            return large and _compiler()
        return self._compiled

    def _chosen(self, rows: ArrayLike | None, given_loads: int) -> Array:
        count = self.problem.scenarios
        if rows is None:
            return np.zeros(given_loads, dtype=int) if count == 1 else np.arange(count)
        given = np.asarray(rows)
        if given.dtype == bool and given.shape == (count,):
            return np.flatnonzero(given)
        chosen = given.astype(int)
        if chosen.ndim != 1 or np.any(chosen != given) or np.any((chosen < 0) | (chosen >= count)):
            raise ValueError(f"rows must be indices below {count}, or a bool for each scenario")
        if np.unique(chosen).size != chosen.size:
            raise ValueError("rows has a scenario twice")
        return chosen

    def _load(self, load_power: ArrayLike) -> Array:
        load = np.ascontiguousarray(load_power, dtype=complex)
        if load.ndim < 2:
            load = load[None] if load.ndim else load.reshape(1, 1)
        if load.ndim != 2 or load.shape[1] != self.problem.load_power.shape[1]:
            expected = f"(n, {self.problem.load_power.shape[1]})"
            raise ValueError(f"load_power has shape {np.shape(load_power)}, expected {expected}")
        # a sum that is finite has finite terms
        if not np.isfinite(load.view(float).sum()) and not np.isfinite(load).all():
            raise ValueError("load_power has a value that is not finite")
        return load


@cache
def _compiler() -> bool:
    return find_spec("numba") is not None

"""Compiled sweeps of the scenarios of a plan: working memory, call, result.

Importing this module imports numba.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import typeof
from numpy.typing import NDArray

from solvers.power.lanes import LANES, aligned
from solvers.power.plan import Plan
from solvers.power.sweep import CONVERGED, MAX_ITERATIONS, State
from solvers.power.tree_build import plan_tour
from solvers.power.tree_kernel import sweep_blocks
from solvers.power.tree_steps import BUS, EXTRA, FINAL, LOAD, RAW, STAGE, TOTAL, WATCH
from solvers.power.tree_tables import Answer, Asked, Tables
from solvers.power.tree_tour import Tour

if TYPE_CHECKING:
    from solvers.power.outputs import Outputs
    from solvers.power.run import Question

Array = NDArray[Any]

ALONE = 2
"""Scenarios up to which each is solved alone: a block of LANES takes about three times as long as one of them."""
_NO_TABLE = np.zeros((0, 0), dtype=complex)


class Shares(NamedTuple):
    """How loads and busbars are shared; one column per scenario of the switching."""

    cord: Array
    element: Array
    live: Array


def voltages(plan: Plan, shares: Shares, question: Question, rows: Array, outputs: Outputs) -> Array:
    """Put the voltages of some ``rows`` into ``outputs``; returns those that are hopeless (bool)."""
    tour = _tour(plan)
    voltage = outputs.arrays["bus_voltage"]
    answer = Answer(
        voltage, _NO_TABLE, outputs.ending, np.zeros(outputs.n, dtype=bool), outputs.residual
    )  # fmt: skip
    rounds = _solve(plan, tour, shares, question, rows, answer)
    outputs.iterations = max(outputs.iterations, rounds)
    if voltage.size:
        absent = tour.absent
        if absent.size:
            voltage[np.ix_(rows, absent)] = 0.0
        failed = rows[outputs.ending[rows] != CONVERGED]
        voltage[failed] = 0.0
    return answer.hopeless[rows]


def currents(plan: Plan, shares: Shares, question: Question, rows: Array) -> State:
    """Currents towards the buses of some rows, as :func:`solvers.power.sweep.sweep` finds them."""
    tour = _tour(plan)
    n = rows.size
    state = State(
        question.lanes[rows], np.zeros((plan.rows + 1, n), dtype=complex), np.full(n, MAX_ITERATIONS),
        np.zeros(n), np.zeros(n, dtype=bool), 0,
    )  # fmt: skip
    question = question._replace(
        lanes=state.lanes, load=question.load if question.load.shape[0] == 1 else question.load[rows],
        warm=None if question.warm is None else question.warm[rows],
    )  # fmt: skip
    answer = Answer(_NO_TABLE, state.current, state.ending, state.hopeless, state.residual)
    state.iterations = _solve(plan, tour, shares, question, np.arange(n), answer)
    return state


class Direct:
    """Voltages of one state of switching for any loads, with as little around the kernel as can be."""

    def __init__(self, plan: Plan, shares: Shares) -> None:
        self._plan, self._shares, self._ready = plan, shares, _tour(plan)
        self._last = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, bool))

    def voltages(
        self, load: Array, tolerance: float, limit: int, room: Array | None
    ) -> tuple[Array, Array, int] | None:
        """Voltages (n, B) [p.u.] for (n, L) loads [VA], residuals and iterations; None if a scenario fails.

        ``room`` is written to if it has the right shape.
        """
        ready, n = self._ready, load.shape[0]
        shape = (n, self._plan.graph.parent.size)
        if room is None or room.shape != shape or not (room.flags.writeable and room.flags.c_contiguous):
            room = np.empty(shape, dtype=complex)
        rows, lanes, ending, hopeless = self._rows(n)
        residual = np.empty(n)
        admittance = self._plan.admittance(ready.varying, lanes) if ready.varying.size else _NO_TABLE
        asked = Asked(
            load, rows, lanes, *self._shares, admittance, _NO_TABLE, self._plan.problem.base_power, tolerance, limit
        )  # fmt: skip
        tables = ready.tables(n)
        rounds = _call(ready.tour, tables, asked, Answer(room, _NO_TABLE, ending, hopeless, residual))
        ready.give_back(tables)
        if rounds < 0:
            return None
        if ready.absent.size:
            room[:, ready.absent] = 0.0
        return room, residual, rounds

    def _rows(self, n: int) -> tuple[Array, Array, Array, Array]:
        """Rows, their one state of switching, and room for endings that nobody looks at; kept for the next call."""
        if self._last[0].size != n:
            self._last = (np.arange(n), np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, bool))
        return self._last


def _tour(plan: Plan) -> Any:
    if plan.tour is None:
        plan.tour = _Ready(plan)
    return plan.tour


class _Ready:
    """A tour, and what is not the kernel's business."""

    def __init__(self, plan: Plan) -> None:
        tour = plan_tour(plan)
        self.tour: Tour = _canonical(tour)
        present = np.zeros(plan.graph.parent.size, dtype=bool)
        present[self.tour.falls[:, 3]] = True
        self.absent = np.flatnonzero(~present)
        self.varying: Array = self.tour.varying_bus
        tour = self.tour
        self.sizes: tuple[tuple[int, int], ...] = (
            (tour.bus.size + 1, BUS), (tour.cord_start.size - 1, LOAD), (tour.extra_rows, EXTRA),
            (tour.order.stages.shape[0], STAGE), (1, WATCH), (tour.falls.shape[0], FINAL),
            (plan.problem.load_power.shape[1], RAW), (1, TOTAL),
        )  # fmt: skip

        self._spare: dict[bool, list[Tables]] = {True: [], False: []}

    def give_back(self, tables: Tables) -> None:
        """Keep working memory for the next call: touching fresh pages costs as much as a round."""
        self._spare[tables.bus.ndim == 2].append(tables)

    def tables(self, n: int) -> Tables:
        """Working memory; whoever takes it has it alone."""
        try:
            return self._spare[n <= ALONE].pop()
        except IndexError:
            return self._new_tables(n)

    def _new_tables(self, n: int) -> Tables:
        if n <= ALONE:
            flat = [np.empty(size) for size in self.sizes]
            seen = [table[:, :, None] for table in flat]
        else:
            seen = flat = [aligned((*size, LANES)) for size in self.sizes]
        return Tables._make([*flat[:6], *seen[:6], flat[6], flat[7], seen[7]])


def _canonical(value: Any) -> Any:
    """A named tuple with all its arrays C-contiguous."""
    if isinstance(value, tuple):
        return type(value)(*map(_canonical, value))
    return np.ascontiguousarray(value) if isinstance(value, np.ndarray) else value


def _solve(plan: Plan, ready: _Ready, shares: Shares, question: Question, rows: Array, answer: Answer) -> int:
    lanes = question.lanes[rows]
    tables = ready.tables(rows.size)
    admittance = plan.admittance(ready.varying, lanes) if ready.varying.size else _NO_TABLE
    warm = _NO_TABLE if question.warm is None else np.ascontiguousarray(question.warm)
    asked = Asked(
        question.load, rows, lanes, *shares, admittance, warm, plan.problem.base_power, question.tolerance,
        question.max_iterations,
    )  # fmt: skip
    rounds = _call(ready.tour, tables, asked, answer)
    ready.give_back(tables)
    return abs(rounds)


_ENTRIES: dict[int, Any] = {}
"""The compiled code for tables with and without lanes."""


def _call(tour: Tour, tables: Tables, asked: Asked, answer: Answer) -> int:
    """Run the kernel by its compiled entry.

    All arrays are C-contiguous and of one kind each.  Asking numba's dispatcher would take as long as a network of
    200 buses, and would compile anew for arrays that happen to be read-only.
    """
    entry = _ENTRIES.get(tables.bus.ndim)
    if entry is None:
        entry = _ENTRIES[tables.bus.ndim] = _entry(tour, tables)
    return int(entry(tour, tables, asked, answer))


def _entry(tour: Tour, tables: Tables) -> Any:
    whole, real, rows = np.zeros(0, dtype=np.int64), np.zeros((0, 0)), np.zeros(0)
    yes = np.zeros((0, 0), dtype=bool)
    asked = Asked(_NO_TABLE, whole, whole, real, real, yes, _NO_TABLE, _NO_TABLE, 1.0, 1.0, 1)
    answer = Answer(_NO_TABLE, _NO_TABLE, whole, np.zeros(0, dtype=bool), rows)
    arguments = (tour, tables, asked, answer)
    sweep_blocks(*arguments)
    overloads: Any = sweep_blocks.overloads
    return overloads[tuple(map(typeof, arguments))].entry_point

"""Compiled sweeps of the scenarios of a plan: working memory, call, result.

Importing this module imports numba.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.power.lanes import LANES
from solvers.power.plan import Plan
from solvers.power.sweep import CONVERGED, MAX_ITERATIONS, State
from solvers.power.tree_kernel import Answer, Asked, Tables, sweep_blocks
from solvers.power.tree_steps import BUS, EXTRA, FINAL, LOAD, RAW, STAGE, TOTAL, WATCH
from solvers.power.tree_tour import Tour, plan_tour

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
        voltage, _NO_TABLE, outputs.ending, np.zeros(outputs.n, dtype=bool), outputs.residual,
        np.zeros(outputs.n, dtype=np.int64),
    )  # fmt: skip
    _solve(plan, tour, shares, question, rows, answer)
    outputs.iterations = max(outputs.iterations, int(answer.iterations.max(initial=0)))
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
    iterations = np.zeros(n, dtype=np.int64)
    answer = Answer(_NO_TABLE, state.current, state.ending, state.hopeless, state.residual, iterations)
    _solve(plan, tour, shares, question, np.arange(n), answer)
    state.iterations = int(iterations.max(initial=0))
    return state


def _tour(plan: Plan) -> Any:
    if plan.tour is None:
        plan.tour = _Ready(plan)
    return plan.tour


class _Ready:
    """A tour, and what is not the kernel's business."""

    def __init__(self, plan: Plan) -> None:
        self.tour: Tour = plan_tour(plan)
        present = np.zeros(plan.graph.parent.size, dtype=bool)
        present[self.tour.falls[:, 3]] = True
        self.absent = np.flatnonzero(~present)
        self.varying = self.tour.varying_bus
        tour = self.tour
        self.sizes = (
            (tour.bus.size + 1, BUS), (tour.cord_start.size - 1, LOAD), (tour.extra_rows, EXTRA),
            (tour.stages.shape[0], STAGE), (1, WATCH), (tour.falls.shape[0], FINAL),
            (plan.problem.load_power.shape[1], RAW), (1, TOTAL),
        )  # fmt: skip

    def tables(self, n: int) -> Tables:
        """Working memory."""
        if n <= ALONE:
            flat = [np.empty(size) for size in self.sizes]
            seen = [table[:, :, None] for table in flat]
        else:
            seen = flat = [_aligned((*size, LANES)) for size in self.sizes]
        *main, raw, total = flat
        return Tables(*main, *seen[:6], raw, total, seen[7])


def _aligned(shape: tuple[int, ...]) -> Array:
    """An empty table that begins on a cache line, so that no slot lies on two."""
    size = int(np.prod(shape))
    room = np.empty(size + LANES)
    first = -room.ctypes.data % (8 * LANES) // 8
    return room[first : first + size].reshape(shape)


def _solve(
    plan: Plan, ready: _Ready, shares: Shares, question: Question, rows: Array, answer: Answer
) -> None:
    lanes = question.lanes[rows]
    tables = ready.tables(rows.size)
    admittance = plan.admittance(ready.varying, lanes) if ready.varying.size else _NO_TABLE
    asked = Asked(
        question.load, rows, lanes, shares.cord, shares.element, admittance, shares.live,
        _NO_TABLE if question.warm is None else question.warm, plan.problem.base_power, question.tolerance,
        question.max_iterations,
    )  # fmt: skip
    sweep_blocks(ready.tour, tables, asked, answer)

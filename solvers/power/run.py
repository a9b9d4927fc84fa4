"""One call of :meth:`solvers.power.Prepared.solve`: which method each scenario gets, and their results together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.power.newton import Task, solve_newton
from solvers.power.outputs import SWITCHING, Outputs, needed_outputs
from solvers.power.problem import Solution, load_at
from solvers.power.report import report
from solvers.power.sweep import CONVERGED, INFEASIBLE, SINGULAR, Loads, sweep
from solvers.power.transfer import LANES as WORD

if TYPE_CHECKING:
    from solvers.power.flow import Prepared
    from solvers.power.plan import Plan
    from solvers.power.sweep import State

Array = NDArray[Any]

WIDTH = 32
"""Scenarios whose tables are worked out side by side (measured: with 7,000 buses 16 to 48 take the same time, 64 up
to 40 % more)."""

QUICK = 15
"""Sweeps after which a block of scenarios is given up and its slow ones are collected for a second pass: a
design far from collapse needs 5 to 10 (measured on synthetic facilities)."""


MESH_QUICK = 40
"""Iterations of injected currents after which Newton-Raphson is the better way: the error falls by less than 0.6 in
each (assumed)."""

MESH_WIDTH = 128
"""Meshed scenarios side by side; bounds the memory of their tables."""


class Question(NamedTuple):
    """What one call asks."""

    chosen: Array
    """(n,) scenarios."""
    lanes: Array
    """(n,) their switching."""
    load: Array
    """(n or 1, L) complex. [VA]"""
    tolerance: float
    max_iterations: int
    warm: Array | None
    wanted: frozenset[str]
    out: Solution | None
    compiled: bool


class Run:
    """Sweeps, then whatever the scenarios need that do not settle or are not radial."""

    def __init__(self, prepared: Prepared, question: Question) -> None:
        self.prepared, self.problem, self.question = prepared, prepared.problem, question
        self.needed = needed_outputs(self.problem, question.wanted)
        self.outputs = Outputs(self.problem, question.chosen.size, question.wanted, question.out)

    def solution(self) -> Solution:
        """Solve and gather."""
        plan_of = self.prepared.plan_of[self.question.lanes]
        swept = np.flatnonzero(plan_of >= 0)
        quick = self.question.compiled and self.needed <= SWITCHING | {"bus_voltage"}
        self.outputs.allocate(zero=not quick or swept.size < plan_of.size)
        self._switching()
        left = self._voltages(swept, plan_of) if quick else self._swept(swept, plan_of)
        self._unswept(np.flatnonzero(plan_of < 0), left)
        if "load_served" in self.question.wanted and quick:
            ok = self.outputs.ending == CONVERGED
            served = self.prepared.served[self.question.lanes] & ok[:, None]
            self.outputs.arrays["load_served"] = served
        return self.outputs.solution()

    def _switching(self) -> None:
        """What the preparation knows already; shared, not copied, where all scenarios are asked in order."""
        lanes, wanted = self.question.lanes, self.question.wanted
        prepared = self.prepared
        whole = lanes.size == prepared.live.shape[0] and np.array_equal(lanes, np.arange(lanes.size))
        for name, table in (("bus_live", prepared.live), ("branch_closed", prepared.closed)):
            if name in wanted:
                same = table.shape[0] == 1 and not whole
                shape = (lanes.size, table.shape[1])
                rows = np.broadcast_to(table, shape) if same else table[lanes]
                self.outputs.arrays[name] = table if whole else rows

    def _unswept(self, others: Array, left: Array) -> None:
        """Scenarios that are not radial, and those whose sweeps did not settle: choose a method for each."""
        method = self.prepared.method
        if method in ("auto", "mesh"):
            others = self._mesh(others)
        if method in ("auto", "newton"):
            self._newton(np.sort(np.concatenate([others, left])))
            return
        if method == "mesh":
            return
        for at in others:
            ring = self.prepared.is_radial[self.question.lanes[at]]
            self.outputs.ending[at] = SINGULAR if ring else INFEASIBLE
            self.outputs.details[int(at)] = (
                "converters feed each other in a ring" if ring else "the energised network is not radial"
            )

    def _voltages(self, swept: Array, plan_of: Array) -> Array:
        """Compiled sweeps that put out nothing but voltages; returns the rows that need something else."""
        from solvers.power.tree_flow import voltages

        left = []
        for number in np.unique(plan_of[swept]):
            rows = swept[plan_of[swept] == number]
            plan = self.prepared.plans[number]
            hopeless = voltages(plan, self.prepared.shares, self.question, rows, self.outputs)
            failed = self.outputs.ending[rows] != CONVERGED
            left.append(rows[failed & ~hopeless])
        return np.concatenate([*left, np.zeros(0, dtype=int)])

    def _swept(self, swept: Array, plan_of: Array) -> Array:
        """Sweeps with all outputs; returns the rows that need something else."""
        limit = self.question.max_iterations
        if self.question.compiled:
            slow = [self._sweep(at, limit) for at in _parts(swept, plan_of)]
            return np.concatenate([*slow, np.zeros(0, dtype=int)])
        slow = [self._sweep(at, min(QUICK, limit)) for at in _parts(swept, plan_of)]
        left = np.concatenate([*slow, np.zeros(0, dtype=int)])
        if limit > QUICK:
            slow = [self._sweep(at, limit) for at in _parts(left, plan_of)]
            left = np.concatenate([*slow, np.zeros(0, dtype=int)])
        return left

    def _sweep(self, at: Array, limit: int) -> Array:
        """Sweep rows of one plan and write their results; returns those that need something else."""
        plan = self.prepared.plans[self.prepared.plan_of[self.question.lanes[at[0]]]]
        loads = self._loads(at)
        state = self._state(plan, at, loads, limit)
        self.outputs.iterations = max(self.outputs.iterations, state.iterations)
        tables = report(plan, state, self.needed)
        tables["cord_power"] = loads.cord_power
        if self.problem.voltage_dependent and "cord_power" in self.needed:
            tables["cord_power"] = loads.cord_power * load_at(self.problem, tables["bus_voltage"].T).T
        self._write(at, tables, state.ending, state.residual)
        return at[(state.ending != CONVERGED) & ~state.hopeless]

    def _state(self, plan: Plan, at: Array, loads: Loads, limit: int) -> State:
        question = self.question
        if question.compiled:
            from solvers.power.tree_flow import currents

            return currents(plan, self.prepared.shares, question, at)
        warm = None if question.warm is None else question.warm[at]
        return sweep(plan, question.lanes[at], loads, limit, warm)

    def _loads(self, at: Array) -> Loads:
        """Cord powers (VA) of rows, and the mismatch they allow."""
        problem, question = self.problem, self.question
        load = question.load[at] if question.load.shape[0] > 1 else np.repeat(question.load, at.size, axis=0)
        cords = np.ascontiguousarray(load.T)[problem.cord_load]
        cords *= self.prepared.cord_share[:, question.lanes[at]]
        cords.imag[self.prepared.cord_dc] = 0.0
        total = np.abs(cords).sum(axis=0) / problem.base_power
        allowed = question.tolerance * np.where(total > 0, np.minimum(total, 1.0), 1.0)
        return Loads(cords, allowed, question.tolerance)

    def _mesh(self, at: Array) -> Array:
        """Solve meshed rows by injected currents; returns those that need something else."""
        meshed, question = self.prepared.meshed, self.question
        if meshed is None or not at.size:
            return at
        limit = question.max_iterations
        limit = min(limit, MESH_QUICK) if self.prepared.method == "auto" else limit
        group_of = np.full(self.outputs.n, -1)
        group_of[at] = meshed.group_of[question.lanes[at]]
        left = [at[group_of[at] < 0]]
        for number in left[0]:
            self.outputs.details[int(number)] = "PV generators, phase shifters, or converters in a ring"
        for rows in _parts(at[group_of[at] >= 0], group_of, MESH_WIDTH):
            loads = self._loads(rows)
            first, stop = int(rows[0]), int(rows[-1]) + 1
            whole = stop - first == rows.size and "bus_voltage" in question.wanted
            answer = meshed.solve(
                question.lanes[rows], loads.cord_power, loads.tolerance, needed=self.needed,
                max_iterations=limit, warm=None if question.warm is None else question.warm[rows],
                out=self.outputs.arrays["bus_voltage"][first:stop] if whole else None,
                compiled=question.compiled,
            )  # fmt: skip
            self.outputs.iterations = max(self.outputs.iterations, answer.iterations)
            self._write(rows, answer.tables, answer.ending, answer.residual)
            left.append(rows[answer.ending != CONVERGED])
        return np.concatenate(left)

    def _newton(self, at: Array) -> None:
        """Solve rows by Newton-Raphson, block by block of the switching."""
        block = self.question.lanes[at] // WORD
        for number in np.unique(block):
            rows = at[block == number]
            for part in np.array_split(rows, -(-rows.size // WORD)):
                self._newton_block(part, int(number))

    def _newton_block(self, at: Array, number: int) -> None:
        question, loads = self.question, self._loads(at)
        given, warm = self.problem.generator_power, question.warm
        task = Task(
            self.prepared.states[number], question.lanes[at] - number * WORD, loads.cord_power, loads.tolerance,
            given[question.chosen[at]] if given.shape[0] > 1 else np.repeat(given, at.size, axis=0),
            None if warm is None else warm[at],
        )  # fmt: skip
        answer = solve_newton(self.problem, task, question.max_iterations)
        self.outputs.iterations = max(self.outputs.iterations, answer.iterations)
        for row, why in zip(at, answer.details, strict=True):
            self.outputs.details.pop(int(row), None)
            if why:
                self.outputs.details[int(row)] = why
        self._write(at, answer.tables, answer.ending, answer.residual)

    def _write(self, at: Array, tables: dict[str, Array], ending: Array, residual: Array) -> None:
        first, stop = int(at[0]), int(at[-1]) + 1
        rows: Any = slice(first, stop) if stop - first == at.size else at
        served = None
        if "load_served" in self.question.wanted:
            served = self.prepared.served[self.question.lanes[at]]
        self.outputs.write(rows, tables, ending, residual, served)


def _parts(at: Array, plan_of: Array, width: int = WIDTH) -> list[Array]:
    """Rows in blocks of one plan or group each."""
    parts = []
    for number in np.unique(plan_of[at]):
        same = at[plan_of[at] == number]
        parts += np.array_split(same, -(-same.size // width))
    return parts

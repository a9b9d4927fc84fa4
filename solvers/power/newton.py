"""Newton-Raphson power flow for meshed networks, generators and loads of every kind, scenarios stacked into
one block-diagonal system.

Buses joined by ideal (zero-impedance) branches are merged into one point (``newton_busbars``); the equations at
the points, with the converters between them, are in ``newton_system``, their iteration in ``newton_iterate``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, csr_array, diags_array
from scipy.sparse.linalg import splu

from solvers.power.newton_busbars import AGREE, Busbars
from solvers.power.newton_growth import solve_from
from solvers.power.newton_limits import Reactive
from solvers.power.newton_nodes import Nodes, Task, total
from solvers.power.newton_report import report_newton
from solvers.power.newton_system import Converters, State, System
from solvers.power.problem import Problem
from solvers.power.sweep import CONVERGED, INFEASIBLE, SINGULAR, reactive_factor
from solvers.power.transfer import feed_arcs, resolve, share_load, unpack

__all__ = ["Answer", "Model", "Task", "solve_newton"]
Array = NDArray[Any]


class Answer(NamedTuple):
    """What became of the scenarios of a task."""

    tables: dict[str, Array]
    """Outputs (element, n), SI."""
    ending: Array
    """(n,)."""
    residual: Array
    """(n,). [p.u.]"""
    iterations: int
    details: list[str]
    """(n,) why a scenario failed, else empty."""


def solve_newton(problem: Problem, task: Task, max_iterations: int, stack: int = 5000) -> Answer:
    """Solve the scenarios of a task, about ``stack`` buses at a time."""
    step = max(1, stack // problem.bus_voltage.size)
    columns = np.arange(task.lanes.size)
    parts: list[Answer] = []
    for first in range(0, columns.size, step):
        parts += _solve_part(problem, task.part(columns[first : first + step]), max_iterations)
    return Answer(
        {name: np.concatenate([p.tables[name] for p in parts], axis=-1) for name in parts[0].tables},
        np.concatenate([p.ending for p in parts]),
        np.concatenate([p.residual for p in parts]),
        max(p.iterations for p in parts),
        [why for p in parts for why in p.details],
    )


def _solve_part(problem: Problem, task: Task, max_iterations: int) -> list[Answer]:
    try:
        return [Model(problem, task).solve(max_iterations)]
    except RuntimeError:  # the factorisation met an exact zero: find the scenario that is to blame
        if task.lanes.size == 1:
            return [Model(problem, task, singular=True).solve(max_iterations)]
        half = np.array_split(np.arange(task.lanes.size), 2)
        return [a for columns in half for a in _solve_part(problem, task.part(columns), max_iterations)]


class Model:
    """Some scenarios as nodes, points and equations."""

    def __init__(self, problem: Problem, task: Task, singular: bool = False) -> None:
        self.problem, self.task = problem, task
        self.nodes = Nodes(problem, task)
        self.busbars = Busbars(self.nodes)
        self.ending = np.full(task.lanes.size, CONVERGED)
        self.details = [""] * task.lanes.size
        if singular:
            self._blame(np.array([0]), SINGULAR, "the Jacobian is singular")
        self._check_sections()
        self.fixed, self.magnitude, self.share = self._hold()
        self.matrix, self.series = self._admittances()
        self.system = self._system()

    def solve(self, max_iterations: int) -> Answer:
        """Find the state of the scenarios that are not already known to have none."""
        good = self.ending == CONVERGED
        system, points, units = self.system.lanes_only(good)
        start = self.start() if good.any() else self._dead()
        state, warm = start.take(points, units), self._warmed(start).take(points, units)
        reactive = Reactive(self.nodes, self.busbars, self.system)
        outcome, reached = solve_from(system, warm, state, self.task.tolerance, max_iterations)
        outcome = reactive.enforce(outcome, system, points, self.task.tolerance, max_iterations)
        self.ending = np.maximum(self.ending, outcome.ending)
        good = self.ending == CONVERGED
        for row in np.flatnonzero(outcome.ending != CONVERGED):
            self.details[row] = (
                f"no steady state was found beyond {reached[row]:.0%} of loads and generation"
                if reached[row] < 1
                else "no steady state was found with generators at their reactive limits"
            )
        for column, part, at in zip(start, outcome.state, (points, points, units), strict=True):
            column[at] = part
        tables = report_newton(self, start, reactive, good)
        return Answer(tables, self.ending, outcome.residual, outcome.iterations, self.details)

    def start(self) -> State:
        """No-load state with the magnitudes of the generators."""
        voltage = self.no_load()
        machines = self.magnitude > 0
        if machines.any():  # again with these held, so that the magnitudes between them agree
            voltage = self._no_load(
                np.where(machines, self.magnitude * voltage / np.abs(voltage), self.fixed)
            )
        size = np.where(machines, self.magnitude, np.abs(voltage))
        return State(np.angle(voltage), size, np.zeros(self.nodes.converter.element.size))

    def _warmed(self, start: State) -> State:
        """The start with the voltages that the task gives, if any."""
        if self.task.start is None:
            return start
        nodes, busbars = self.nodes, self.busbars
        given = np.zeros(busbars.points, dtype=complex)
        given[busbars.point] = self.task.start[nodes.lane, nodes.bus] / busbars.ratio
        known = (given != 0) & (self.fixed == 0)
        angle = np.where(known, np.angle(given), start.angle)
        return State(angle, np.where(known & (self.magnitude == 0), np.abs(given), start.size), start.output)

    def _dead(self) -> State:
        points, units = self.busbars.points, self.nodes.converter.element.size
        return State(np.zeros(points), np.zeros(points), np.zeros(units))

    def no_load(self) -> Array:
        """(points,) complex voltages with nothing but sources, converters and series impedances. [p.u.]"""
        return self._no_load(self.fixed)

    def _blame(self, rows: Array, code: int, why: str) -> None:
        for row in np.unique(rows):
            if self.ending[row] < code:
                self.ending[row], self.details[int(row)] = code, why

    def _check_sections(self) -> None:
        nodes, point = self.nodes, self.busbars.point
        self._blame(
            nodes.lane[self.busbars.contradictory()],
            INFEASIBLE,
            "a loop of ideal transformers has ratios that do not agree",
        )
        short = point[nodes.converter.node] == point[nodes.intake]
        self._blame(
            nodes.converter.lane[short], INFEASIBLE, "the input and the output of a converter are one busbar"
        )

    def _hold(self) -> tuple[Array, Array, Array]:
        """Fixed voltages (points,), given magnitudes (points,), and shares of sources and converters."""
        problem, nodes, busbars = self.problem, self.nodes, self.busbars
        source, unit, machine = nodes.source, nodes.converter, nodes.generator
        node = np.r_[source.node, unit.node]
        kind = np.r_[np.zeros(source.node.size), np.ones(unit.node.size)]
        value = np.r_[problem.source_voltage[source.element], problem.converter_voltage[unit.element]]
        value = value / busbars.ratio[node]
        weight = np.r_[np.ones(source.node.size), problem.converter_rating[unit.element]]
        at = busbars.point[node]
        fixed, kinds = np.zeros(busbars.points, dtype=complex), np.zeros(busbars.points)
        fixed[at], kinds[at] = value, kind
        clash = (np.abs(fixed[at] - value) > AGREE * np.abs(value)) | (kinds[at] != kind)
        self._blame(
            nodes.lane[node[clash]],
            INFEASIBLE,
            "two sources or converters hold one busbar at different values",
        )
        magnitude = np.zeros(busbars.points)
        wanted = problem.generator_voltage[machine.element] / np.abs(busbars.ratio[machine.node])
        place = busbars.point[machine.node]
        magnitude[place] = wanted
        clash = (np.abs(magnitude[place] - wanted) > AGREE * wanted) & (fixed[place] == 0)
        self._blame(
            nodes.lane[machine.node[clash]],
            INFEASIBLE,
            "two generators hold one busbar at different voltages",
        )
        magnitude[fixed != 0] = 0.0
        return fixed, magnitude, weight / np.bincount(at, weight, busbars.points)[at]

    def _admittances(self) -> tuple[csr_array, csr_array]:
        """Matrices between points: with shunts, and of the series elements alone."""
        problem, nodes, busbars = self.problem, self.nodes, self.busbars
        edges = nodes.real
        series = 1.0 / problem.branch_impedance[edges.branch]
        near = busbars.ratio[edges.tail] / problem.branch_tap[edges.branch]
        far = busbars.ratio[edges.head]
        tail, head = busbars.point[edges.tail], busbars.point[edges.head]
        every = np.arange(busbars.points)
        rows = np.r_[tail, tail, head, head, every]
        columns = np.r_[tail, head, tail, head, every]
        values = np.r_[
            series * np.abs(near) ** 2, -series * np.conj(near) * far, -series * np.conj(far) * near,
            series * np.abs(far) ** 2, np.zeros(every.size),
        ]  # fmt: skip
        shape = (every.size, every.size)
        matrix = csr_array(coo_array((values, (rows, columns)), shape=shape))
        matrix.sum_duplicates()
        shunt = busbars.at_points(nodes.shunt * np.abs(busbars.ratio) ** 2)
        return csr_array(matrix + diags_array(shunt)), matrix

    def _system(self) -> System:
        problem, nodes, busbars = self.problem, self.nodes, self.busbars
        unit, machine = nodes.converter, nodes.generator
        rating = problem.converter_rating[unit.element] / problem.base_power
        converters = Converters(
            busbars.point[unit.node], busbars.point[nodes.intake], self.share[nodes.source.node.size :],
            rating, problem.converter_loss[unit.element], reactive_factor(problem)[unit.element],
        )  # fmt: skip
        dc = np.zeros(busbars.points, dtype=bool)
        dc[busbars.point] = problem.bus_dc[nodes.bus]
        gain = np.abs(busbars.ratio)
        demand, linear, square = (
            busbars.at_points(term * gain**power) for power, term in enumerate(nodes.demand)
        )
        generation = total(busbars.point[machine.node], nodes.generation, busbars.points)
        return System(
            self.matrix, busbars.lane, self.task.lanes.size, dc, self.fixed, self.magnitude, generation,
            demand, linear, square, converters,
        )  # fmt: skip

    def _no_load(self, held: Array) -> Array:
        """Voltages without load and shunts where some (not 0) are ``held``: they know taps and phase shifts."""
        voltage = np.where(held != 0, held, 1.0 + 0j)
        free, fixed = np.flatnonzero(held == 0), np.flatnonzero(held != 0)
        if free.size:
            rows = self.series[free]
            right = -(rows[:, fixed] @ held[fixed])
            voltage[free] = splu(csc_array(rows[:, free])).solve(right)
        return np.asarray(voltage)


def model_of(problem: Problem, scenario: int, tolerance: float) -> Model:
    """One scenario of a problem: its switching, its loads, its equations."""
    one = scenario_of(problem, scenario)
    state = resolve(
        one, feed_arcs(one, converters=True), one.branch_closed, one.source_live, one.converter_live
    )
    _, share = share_load(one, one.cord_on, unpack(state.live, 1))
    cords = one.load_power[0, one.cord_load] * share[:, 0]
    cords = np.where(one.bus_dc[one.cord_bus], cords.real, cords)
    task = Task(state, np.array([0]), cords[:, None], np.array([tolerance]), one.generator_power)
    return Model(one, task)


def scenario_of(problem: Problem, scenario: int) -> Problem:
    """The problem of one scenario; a ValueError if there is none of that number."""
    if not 0 <= scenario < problem.scenarios:
        raise ValueError(f"scenario must be an index below {problem.scenarios}, got {scenario}")
    names = ("branch_closed", "source_live", "converter_live", "generator_power", "load_power", "cord_on")
    tables = {name: getattr(problem, name) for name in names}
    rows = {name: table[scenario if table.shape[0] > 1 else 0][None] for name, table in tables.items()}
    return replace(problem, **rows)

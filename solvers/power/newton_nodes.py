"""The live buses ("nodes") and closed branches of several scenarios, laid side by side."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from solvers.power.problem import Problem
from solvers.power.transfer import Switching, unpack

Array = NDArray[Any]


class Task(NamedTuple):
    """Scenarios of one block of switching to be solved."""

    state: Switching
    lanes: Array
    """(n,) scenarios of the block."""
    cord_power: Array
    """(K, n) complex power of each cord at a voltage of 1 p.u. [VA]"""
    tolerance: Array
    """(n,) largest accepted mismatch of a bus. [p.u.]"""
    generator_power: Array
    """(n, N). [W]"""
    start: Array | None = None
    """(n, B) complex voltages to begin with; zeros begin at no load. [p.u.]"""

    def part(self, columns: Array) -> Task:
        """Some of the scenarios."""
        return Task(
            self.state, self.lanes[columns], self.cord_power[:, columns], self.tolerance[columns],
            self.generator_power[columns], None if self.start is None else self.start[columns],
        )  # fmt: skip


class Edges(NamedTuple):
    """Closed live branches; ``lane`` is the scenario (a column of the task), the ends are nodes."""

    lane: Array
    branch: Array
    tail: Array
    head: Array

    def take(self, which: Array) -> Edges:
        """Some of the edges."""
        return Edges(self.lane[which], self.branch[which], self.tail[which], self.head[which])


class Holders(NamedTuple):
    """Sources, converters or generators: scenario, element and node."""

    lane: Array
    element: Array
    node: Array


class Nodes:
    """All that is live in the scenarios of a task, per unit."""

    def __init__(self, problem: Problem, task: Task) -> None:
        self.problem, self.task = problem, task
        state, buses = task.state, problem.bus_voltage.size
        live, closed, source, feeding = (
            unpack(words, state.scenarios)[task.lanes]
            for words in (state.live, state.closed, state.source, state.feeding)
        )
        at = np.flatnonzero(live)
        self.lane, self.bus = np.divmod(at, buses)
        self._number = np.full(live.size, -1)
        self._number[at] = np.arange(at.size)
        lane, branch = np.nonzero(closed & live[:, problem.branch_from])
        ends = (problem.branch_from[branch], problem.branch_to[branch])
        tail, head = (self._number[lane * buses + end] for end in ends)
        self.edges = Edges(lane, branch, tail, head)
        ideal = problem.branch_impedance[branch] == 0
        self.real, self.ideal = self.edges.take(~ideal), self.edges.take(ideal)
        self.source = self._holders(source, problem.source_bus)
        self.converter = self._holders(feeding, problem.converter_to)
        self.intake = self._holders(feeding, problem.converter_from).node
        """Node of the input of each converter."""
        self.generator = self._holders(live[:, problem.generator_bus], problem.generator_bus)
        self.generation = (
            task.generator_power[self.generator.lane, self.generator.element] / problem.base_power
        )
        self.demand = tuple(term.T.ravel()[at] for term in self._demand())
        """Complex power of the nodes, consuming, times 1, |V| and |V|^2."""
        self.shunt = self._shunt()

    @property
    def size(self) -> int:
        """Number of nodes."""
        return int(self.lane.size)

    def _holders(self, mask: Array, bus: Array) -> Holders:
        lane, element = np.nonzero(mask)
        return Holders(lane, element, self._number[lane * self.problem.bus_voltage.size + bus[element]])

    def _demand(self) -> list[Array]:
        problem = self.problem
        cords, buses = problem.cord_load.size, problem.bus_voltage.size
        current = problem.load_current_share[problem.cord_load]
        impedance = problem.load_impedance_share[problem.cord_load]
        place = (problem.cord_bus, np.arange(cords))
        return [
            csr_array((share / problem.base_power, place), shape=(buses, cords)) @ self.task.cord_power
            for share in (1.0 - current - impedance, current, impedance)
        ]

    def _shunt(self) -> Array:
        """Shunts of the buses with half the charging of the closed branches at each end."""
        problem, edges = self.problem, self.edges
        half = 0.5j * problem.branch_charging[edges.branch]
        far = half / np.abs(problem.branch_tap[edges.branch]) ** 2
        return np.asarray(
            problem.bus_shunt[self.bus]
            + total(edges.head, half, self.size)
            + total(edges.tail, far, self.size)
        )


def total(index: Array, value: Array, size: int) -> Array:
    """Complex sums of ``value`` by ``index``."""
    value = np.asarray(value, dtype=complex)
    return np.bincount(index, value.real, size) + 1j * np.bincount(index, value.imag, size)

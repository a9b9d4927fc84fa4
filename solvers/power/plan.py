"""What one graph says about the sweeps of its scenarios, whatever their loads.

Buses that only pass current on to one other (no load, no shunt, no branching) are left out of the sweeps and
filled in at their end.  Busbars at the output of converters with nothing but loads have a voltage that never
changes; they are worked out once, before the sweeps.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.levels import Tree
from solvers.power.problem import Problem
from solvers.power.trees import Graph, Roots, feed_values

Array = NDArray[Any]


class Plan:
    """A graph with the roles of its buses.

    Currents towards the buses are tables of ``rows`` + 1: swept buses, fixed busbars and a last row of zeros;
    ``row`` is that of each bus.
    """

    def __init__(self, problem: Problem, graph: Graph, roots: Roots, live: Array, closed: Array) -> None:
        self.problem, self.graph, self.roots = problem, graph, roots
        self.live, self.closed = live, closed
        buses = problem.bus_voltage.size
        self.gain, self.impedance, self.forward = feed_values(problem, graph.branch, np.arange(buses))
        self.shunted = problem.bus_shunt != 0
        charged = np.flatnonzero(problem.branch_charging)
        self.shunted[problem.branch_from[charged]] = self.shunted[problem.branch_to[charged]] = True
        self.corded = np.zeros(buses, dtype=bool)
        self.corded[problem.cord_bus[problem.cord_weight > 0]] = True
        self.is_fixed, self.rounds = self._fixed()
        self.is_core, self.slim_parent, self.slim_impedance, self.heir = self._contract(self.is_fixed)
        drawing = np.zeros(buses, dtype=bool)
        drawing[graph.inputs] = True
        self.demanding = (drawing | self.corded) & graph.present
        self.moved = np.flatnonzero((graph.hub >= 0) & np.isin(np.arange(graph.hub.size), roots.tangled))
        swept, self.fixed = np.flatnonzero(self.is_core), np.flatnonzero(self.is_fixed & graph.present)
        self.rows = swept.size + self.fixed.size
        self.row = np.full(buses, self.rows)
        self.row[swept] = np.arange(swept.size)
        self.row[self.fixed] = swept.size + np.arange(self.fixed.size)
        self.levels: Any = None
        """What the sweep in numpy works out once."""
        self.tour: Any = None
        """The same of the compiled sweep."""

    def _fixed(self) -> tuple[Array, list[Array]]:
        """Busbars (B,) bool whose voltage and demand no sweep changes, and the converters that feed them, in
        order."""
        graph = self.graph
        buses = graph.parent.size
        alone = graph.held & (graph.parent < 0)
        alone[graph.tails] = alone[graph.heads] = False
        open_draws = np.bincount(graph.inputs, minlength=buses)
        left = np.ones(graph.running.size, dtype=bool)
        rounds: list[Array] = []
        while True:
            at = np.flatnonzero(left & (alone & (open_draws == 0))[graph.outputs])
            if not at.size:
                return alone & (open_draws == 0), rounds
            rounds.append(at)
            left[at] = False
            np.subtract.at(open_draws, graph.inputs[at], 1)

    def _contract(self, fixed: Array) -> tuple[Array, Array, Array, Array]:
        """Which buses take part in the sweeps, their parents and impedances over the others, and the bus that has
        the current of each (-1 = none)."""
        graph = self.graph
        buses = graph.parent.size
        drawing = np.zeros(buses, dtype=bool)
        drawing[graph.inputs] = True
        children = np.bincount(graph.tails, minlength=buses)
        needed = drawing | self.corded | self.shunted | graph.held | (children > 1)
        needed[graph.odd.bus] = True
        needed[graph.odd.parent[graph.odd.parent >= 0]] = True
        usual = np.flatnonzero(graph.parent >= 0)
        special = usual[self.gain[usual] != 1]
        needed[special] = needed[graph.parent[special]] = True
        exceptional = graph.odd.bus[graph.parent[graph.odd.bus] >= 0]
        needed[graph.parent[exceptional]] = True
        core = graph.present & needed & ~fixed
        heir = np.where(core | fixed, np.arange(buses), -1)
        slim = graph.present & ~needed
        only = usual[slim[graph.parent[usual]]]
        heir[graph.parent[only]] = only
        parent, impedance = graph.parent.copy(), self.impedance.copy()
        while True:  # halve the remaining way, up and down
            over = np.flatnonzero(graph.present & (parent >= 0))
            over = over[slim[parent[over]]]
            chain = np.flatnonzero(slim & (heir >= 0))
            further = np.where(slim[heir[chain]], heir[heir[chain]], heir[chain])
            if not over.size and np.array_equal(further, heir[chain]):
                return core, parent, impedance, heir
            via = parent[over]
            ohm, up = impedance[via], parent[via]
            impedance[over] += ohm
            parent[over] = up
            heir[chain] = further

    @cached_property
    def core(self) -> Tree:
        """The buses that are swept, level by level."""
        order = self.graph.order()
        rows = order[self.is_core[order]]
        return Tree(self.graph, self.problem, rows, self.slim_parent, self.slim_impedance, self.demanding)

    @cached_property
    def full(self) -> Tree:
        """All energised buses, level by level."""
        none = np.zeros(self.row.size, dtype=bool)
        return Tree(self.graph, self.problem, self.graph.order(), self.graph.parent, self.impedance, none)

    @cached_property
    def section(self) -> Tree | None:
        """Busbars of ideal branches that several sources or converters feed at different buses."""
        if not self.moved.size:
            return None
        order, sections = self.graph.order(), self.roots.sections
        inside = np.where(sections[np.maximum(self.graph.parent, 0)], self.graph.parent, -1)
        none = np.zeros(self.row.size, dtype=bool)
        return Tree(self.graph, self.problem, order[sections[order]], inside, self.impedance, none)

    @cached_property
    def fill(self) -> Array:
        """Row of the currents that flows towards each row of ``full``."""
        heir = self.heir[self.full.buses]
        return np.asarray(np.where(heir >= 0, self.row[heir], self.rows))

    @cached_property
    def branch_row(self) -> Array:
        """(E,) row of ``full`` that each branch usually feeds, else one beyond them."""
        full = self.full
        row = np.full(self.problem.branch_from.size + 1, full.buses.size)
        row[self.graph.branch[full.buses]] = np.arange(full.buses.size)
        return np.asarray(row[:-1])

    def admittance(self, buses: Array, lanes: Array) -> Array:
        """(buses, n) shunts and half the charging of what is energised. [p.u.]"""
        if not buses.size:
            return np.zeros((0, lanes.size), dtype=complex)
        return admittance(self.problem, buses, self.live[lanes], self.closed[lanes])


def admittance(problem: Problem, buses: Array, live: Array, closed: Array) -> Array:
    """(buses, n) shunts of the energised buses, with half the charging of closed branches. [p.u.]

    ``live`` is (n, B), ``closed`` (n, E).
    """
    table = np.where(live[:, buses].T, problem.bus_shunt[buses, None], 0.0)
    charged = np.flatnonzero(problem.branch_charging)
    if charged.size:
        place = np.full(problem.bus_voltage.size, -1)
        place[buses] = np.arange(buses.size)
        conducts = closed[:, charged] & live[:, problem.branch_from[charged]]
        half = 0.5j * problem.branch_charging[charged, None] * conducts.T
        far = half / square(problem.branch_tap[charged, None])
        for ends, values in ((problem.branch_to[charged], half), (problem.branch_from[charged], far)):
            at = place[ends] >= 0
            np.add.at(table, place[ends[at]], values[at])
    return table


def square(value: Array) -> Array:
    return np.asarray(value.real**2 + value.imag**2)

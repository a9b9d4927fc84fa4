"""Buses joined by ideal (zero-impedance) branches, merged into one "point" each, and the power of every ideal
branch.

Inside a section all voltages follow from one: V of a node = ratio * V of its point, with the ratios of ideal
transformers kept exactly.  The powers of the ideal branches follow from Kirchhoff's current law at the buses.
Where they form loops that law leaves the circulating part open; it is taken as zero in the sense of equal
small resistances in the limit: the solution of least squares of current.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components
from scipy.sparse.linalg import splu

from solvers.power.newton_nodes import Nodes, total

Array = NDArray[Any]
AGREE = 1e-12
"""Relative difference up to which two voltages or ratios of a busbar count as equal (rounding of data)."""


class Busbars:
    """Spanning trees over the ideal branches of all scenarios."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes, self.edges = nodes, nodes.ideal
        edges, size = self.edges, nodes.size
        graph = coo_array((np.ones(edges.tail.size), (edges.tail, edges.head)), shape=(size, size))
        self.points, self.point = connected_components(graph, directed=False)
        self.ratio = np.ones(size, dtype=complex)
        self.depth = np.zeros(size, dtype=int)
        self.parent = np.arange(size)
        self.sign = np.zeros(edges.tail.size)
        self.child = edges.head.copy()
        if edges.tail.size:
            self._grow(nodes.problem.branch_tap[edges.branch])
        self.lane = np.zeros(self.points, dtype=int)
        self.lane[self.point] = nodes.lane
        surplus = np.bincount(self.point[edges.tail], minlength=self.points) + 1
        self.looped = surplus > np.bincount(self.point, minlength=self.points)
        """(points,) bool: the section has more ideal branches than its tree."""

    def _grow(self, tap: Array) -> None:
        edges, size = self.edges, self.nodes.size
        _, first = np.unique(self.point, return_index=True)
        ones = np.ones(edges.tail.size + first.size)
        ends = (np.r_[edges.tail, np.full(first.size, size)], np.r_[edges.head, first])
        graph = csr_array(coo_array((ones, ends), shape=(size + 1, size + 1)))
        _, before = breadth_first_order(graph, size, directed=False)
        before = before[:size]
        self.parent = np.where(before == size, np.arange(size), before)
        down, up = self.parent[edges.head] == edges.tail, self.parent[edges.tail] == edges.head
        below = np.where(down, edges.head, edges.tail)
        rows = np.flatnonzero(down | up)
        _, first = np.unique(below[rows], return_index=True)  # one of several parallel branches is the tree's
        chosen = rows[first]
        self.child = below
        self.sign[chosen] = np.where(down[chosen], 1.0, -1.0)
        gain = np.ones(size, dtype=complex)
        gain[below[chosen]] = np.where(down, 1.0 / tap, tap)[chosen]
        step, hop = (self.parent != np.arange(size)).astype(int), self.parent.copy()
        while (hop != hop[hop]).any():  # pointer jumping: the reach towards the root doubles every time
            gain, step, hop = gain * gain[hop], step + step[hop], hop[hop]
        self.ratio, self.depth = gain, step

    def contradictory(self) -> Array:
        """Nodes on loops of ideal transformers whose ratios do not agree: no voltages satisfy them."""
        edges = self.edges
        tap = self.nodes.problem.branch_tap[edges.branch]
        gap = np.abs(self.ratio[edges.tail] / tap - self.ratio[edges.head])
        return np.asarray(edges.head[gap > 1e3 * AGREE * np.abs(self.ratio[edges.head])])

    def at_points(self, value: Array) -> Array:
        """Complex sums over the nodes of each point."""
        return total(self.point, value, self.points)

    def flows(self, need: Array) -> Array:
        """Power through each ideal branch, from -> to, that meets the ``need`` of the nodes."""
        summed = need.copy()
        for depth in range(int(self.depth.max(initial=0)), 0, -1):
            at = np.flatnonzero(self.depth == depth)
            np.add.at(summed, self.parent[at], summed[at])
        passed = np.asarray(self.sign * summed[self.child])
        if self.looped.any():
            self._spread(need, passed)
        return passed

    def _spread(self, need: Array, passed: Array) -> None:
        """Powers of the sections with loops: P = w (phi_from - phi_to), the least sum of |P|^2 / w.

        |P|^2 / w is the square of the current at the to side with w = |V_to|^2.
        """
        edges = self.edges
        at = np.flatnonzero(self.looped[self.point[edges.tail]])
        member = np.flatnonzero(self.looped[self.point] & (self.depth > 0))  # roots have phi = 0
        number = np.full(self.nodes.size, -1)
        number[member] = np.arange(member.size)
        weight = np.abs(self.ratio[edges.head[at]]) ** 2
        tail, head = number[edges.tail[at]], number[edges.head[at]]
        rows, columns = np.r_[tail, head, tail, head], np.r_[tail, head, head, tail]
        values = np.r_[weight, weight, -weight, -weight]
        kept = (rows >= 0) & (columns >= 0)
        shape = (member.size, member.size)
        laplacian = csc_array(coo_array((values[kept], (rows[kept], columns[kept])), shape=shape))
        factor = splu(laplacian)
        right = -need[member]
        phi = np.append(factor.solve(right.real) + 1j * factor.solve(right.imag), 0.0)
        passed[at] = weight * (phi[tail] - phi[head])

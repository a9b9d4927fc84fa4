"""Trees of a graph as tables, level by level, for sweeps over many scenarios in numpy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from solvers.power.problem import Problem
from solvers.power.trees import Exceptions, Graph, feed_values, levels_of

Array = NDArray[Any]


class Sum:
    """Adds rows of a table to rows of another; several may go to the same row."""

    def __init__(self, target: Array) -> None:
        self.rows, self._place = np.unique(target, return_inverse=True)
        first, size = (int(self.rows[0]), self.rows.size) if target.size else (0, 0)
        run = size and int(self.rows[-1]) - first + 1 == size
        self.at: Any = slice(first, first + size) if run else self.rows
        self.single = bool(np.array_equal(self.rows, target))

    @cached_property
    def matrix(self) -> csr_array:
        """Made at the first use: not all trees are summed over."""
        count = self._place.size
        ones = (np.ones(count), (self._place, np.arange(count)))
        return csr_array(ones, shape=(self.rows.size, count))

    def add(self, table: Array, rows: Array) -> None:
        """``table[target] += rows`` for complex tables with contiguous rows."""
        if not self.rows.size:
            return
        if not self.single:
            flat = np.ascontiguousarray(rows).view(float)
            rows = (self.matrix @ flat).view(complex)
        table[self.at] += rows


@dataclass(frozen=True)
class Level:
    """Rows of one level: first root, first child, end; those that carry loads lie between."""

    start: int
    first: int
    stop: int
    loaded: slice
    """Rows with loads."""
    numbers: slice
    """The same, counted among all rows with loads."""
    parent: Array
    """Rows of the parents of the children."""
    impedance: Array | None
    """(children, 1), None = all zero. [p.u.]"""
    gain: Array | None
    """(children, 1) no-load voltage over the parent's, None = all 1."""
    up: Sum


@dataclass(frozen=True)
class Bound:
    """The exceptions of some scenarios (columns) in one level."""

    cell: tuple[Array, Array]
    above: tuple[Array, Array]
    """Row and column of the bus and of its feed."""
    fed: Array
    """bool: has a feed; else it holds ``voltage``."""
    impedance: Array
    gain: Array
    voltage: Array


class Tree:
    """Rows of a graph in order of level, for sweeps over tables (row, scenario).

    Inside a level stand the roots without load, those with, the children with load, those without.
    """

    def __init__(
        self, graph: Graph, problem: Problem, rows: Array, parent: Array, impedance: Array, loaded: Array
    ) -> None:
        """``rows`` are buses, each after its feeds; the other arrays are over buses."""
        self.voltage = graph.voltage
        buses = graph.parent.size
        keep = np.zeros(buses, dtype=bool)
        keep[rows] = True
        self.odd = Exceptions(*(column[keep[graph.odd.bus]] for column in graph.odd))
        inside = keep[np.maximum(self.odd.parent, 0)] & (self.odd.parent >= 0)
        self.odd = self.odd._replace(parent=np.where(inside, self.odd.parent, -1))
        gain, _, _ = feed_values(problem, graph.branch, np.arange(buses))
        self.odd_gain, self.odd_impedance, _ = feed_values(problem, self.odd.branch, self.odd.bus)
        depth = self._depth(graph, keep, parent)
        self.position = np.full(buses, -1)
        self.levels: list[Level] = []
        parts: list[Array] = []
        size = count = 0
        for step in range(int(depth[rows].max(initial=-1)) + 1):
            here = rows[depth[rows] == step]
            top, children = here[parent[here] < 0], here[parent[here] >= 0]
            top = top[np.argsort(loaded[top], kind="stable")]
            children = children[np.lexsort((self.position[parent[children]], ~loaded[children]))]
            nodes = np.concatenate([top, children])
            first = size + int(np.argmax(loaded[nodes])) if loaded[nodes].any() else size
            some = int(np.count_nonzero(loaded[nodes]))
            self.position[nodes] = size + np.arange(nodes.size)
            above = self.position[parent[children]]
            z, g = impedance[children], gain[children]
            self.levels.append(
                Level(
                    size, size + top.size, size + nodes.size,
                    slice(first, first + some), slice(count, count + some), above,
                    z[:, None] if z.any() else None, g[:, None] if (g != 1).any() else None, Sum(above),
                )
            )  # fmt: skip
            parts.append(nodes)
            size += nodes.size
            count += some
        self.buses = np.concatenate(parts) if parts else np.zeros(0, dtype=int)
        self.odd_level = depth[self.odd.bus]

    def _depth(self, graph: Graph, keep: Array, parent: Array) -> Array:
        """Levels with only the kept buses: those of the graph, without the gaps."""
        buses = parent.size
        child = np.flatnonzero(keep & (parent >= 0))
        fed = self.odd.parent >= 0
        real = keep[graph.inputs] & keep[graph.outputs]
        tails = np.concatenate([parent[child], self.odd.parent[fed], graph.inputs[real]])
        heads = np.concatenate([child, self.odd.bus[fed], graph.outputs[real]])
        depth = levels_of(buses, tails, heads)
        assert depth is not None
        return depth

    def bind(self, column: Array) -> list[Bound | None]:
        """The exceptions of the scenarios that have a column (S,), -1 = none, by level."""
        keep = np.flatnonzero(column[self.odd.lane] >= 0)
        keep = keep[np.argsort(self.odd_level[keep], kind="stable")]
        cuts = np.searchsorted(self.odd_level[keep], np.arange(len(self.levels) + 1))
        result: list[Bound | None] = []
        for first, stop in pairwise(cuts):
            at = keep[first:stop]
            lane, parent, bus = column[self.odd.lane[at]], self.odd.parent[at], self.odd.bus[at]
            above = (self.position[np.maximum(parent, 0)], lane)
            result.append(
                Bound(
                    (self.position[bus], lane), above, parent >= 0,
                    self.odd_impedance[at], self.odd_gain[at], self.voltage[bus],
                ) if at.size else None
            )  # fmt: skip
        return result

    def rise(self, level: int, current: Array, bound: Bound | None) -> None:
        """Add the currents of a level to those of its feeds."""
        here = self.levels[level]
        moved = None if bound is None else current[bound.cell]
        if here.first < here.stop:
            up = current[here.first : here.stop]
            if bound is not None:
                child = bound.cell[0] >= here.first
                up = up.copy()
                up[bound.cell[0][child] - here.first, bound.cell[1][child]] = 0.0
            if here.gain is not None:
                up = up * np.conj(here.gain)
            here.up.add(current, up)
        if bound is not None and moved is not None:
            at = bound.fed
            above = (bound.above[0][at], bound.above[1][at])
            np.add.at(current, above, np.conj(bound.gain[at]) * moved[at])

    def fall(self, voltage: Array, current: Array | None, bounds: list[Bound | None]) -> None:
        """Voltages from the roots outwards: V = g V_feed - z J."""
        for number in range(len(self.levels)):
            self.step(number, voltage, current, bounds[number])

    def step(
        self,
        level: int,
        voltage: Array,
        current: Array | None,
        bound: Bound | None,
        space: Array | None = None,
    ) -> None:
        """Voltages of one level; ``space`` has room for a product of its rows."""
        here = self.levels[level]
        if here.first < here.stop:
            at = voltage[here.first : here.stop]
            np.take(voltage, here.parent, axis=0, out=at, mode="clip")
            if here.gain is not None:
                at *= here.gain
            if here.impedance is not None and current is not None:
                room = None if space is None else space[: at.shape[0]]
                at -= np.multiply(here.impedance, current[here.first : here.stop], out=room)
        if bound is not None:
            new = bound.gain * voltage[bound.above]
            if current is not None:
                new -= bound.impedance * current[bound.cell]
            voltage[bound.cell] = np.where(bound.fed, new, bound.voltage)

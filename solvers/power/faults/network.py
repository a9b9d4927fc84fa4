"""Busbars joined by ideal switches, and sequence networks as pi circuits and shunts.

Per unit on :data:`BASE` and the nominal voltage of each bus.  Transformers keep the ratio of their rated voltages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array
from scipy.sparse.csgraph import connected_components

from solvers.power.faults.corrections import EQUIVALENT_FREQUENCY
from solvers.power.faults.problem import FaultProblem

Array = NDArray[Any]

BASE = 1e8
"""Power base of the per-unit system; any will do. [VA]"""


@dataclass(frozen=True)
class View:
    """What one network is built for."""

    case: str
    """"max" or "min"."""
    peak: bool = False
    """At the equivalent frequency of method C, with the fictitious resistances of generators."""
    motors: bool = True


def at_frequency(z: Array, view: View) -> Array:
    """Impedance at the frequency of the view."""
    return np.asarray(z.real + 1j * z.imag * (EQUIVALENT_FREQUENCY if view.peak else 1.0))


@dataclass(frozen=True)
class Topology:
    """Who is joined to whom in one scenario."""

    node: Array
    """(B,) node of each bus; buses joined by closed ideal branches share one."""
    nodes: int
    """Number of nodes."""
    voltage: Array
    """(nodes,) nominal voltage. [V]"""
    closed: Array
    """(E,) bool."""
    ideal: Array
    """(E,) bool: closed and ideal."""
    feeder: Array
    generator: Array
    motor: Array
    converter: Array
    earthing: Array
    """bool: live."""
    unit: Array
    """(N,) bool: runs as a power-station unit, its transformer closed and at its own busbar."""
    unit_grid: Array
    """(N,) node at the far side of the unit transformer, -1 = none."""


def row(mask: Array, scenario: int) -> Array:
    """The row of a scenario array that may have only one."""
    return np.asarray(mask[min(scenario, mask.shape[0] - 1)])


def topology(problem: FaultProblem, scenario: int) -> Topology:
    """Join busbars; find the machines that run as units."""
    branches, buses = problem.branches, problem.bus_voltage.size
    closed = row(branches.closed, scenario)
    ideal = closed & problem.ideal
    if ideal.any():
        ends = branches.from_bus[ideal], branches.to_bus[ideal]
        joins = csr_array((np.ones(ends[0].size), ends), shape=(buses, buses))
        nodes, node = connected_components(joins, directed=False)
    else:
        nodes, node = buses, np.arange(buses)
    voltage = np.empty(nodes)
    voltage[node] = problem.bus_voltage
    generators = problem.generators
    live = row(generators.live, scenario)
    unit = live & (generators.unit_branch >= 0)
    branch = np.where(unit, generators.unit_branch, 0)
    grid = np.full(live.size, -1)
    if unit.any():
        near, first, second = (
            node[generators.bus], node[branches.from_bus[branch]], node[branches.to_bus[branch]],
        )  # fmt: skip
        unit &= closed[branch] & ((near == first) | (near == second)) & (first != second)
        grid = np.where(unit, np.where(near == first, second, first), -1)
    return Topology(
        node, int(nodes), voltage, closed, ideal,
        row(problem.feeders.live, scenario), live, row(problem.motors.live, scenario),
        row(problem.converters.live, scenario), row(problem.earthings.live, scenario), unit, grid,
    )  # fmt: skip


@dataclass(frozen=True)
class Sequence:
    """A sequence network: pi circuits between nodes, and shunts of sources and earthings. [p.u.]"""

    first: Array
    second: Array
    """(k,) nodes of each pi circuit; equal where it has only one terminal."""
    y11: Array
    y12: Array
    y22: Array
    """(k,) its admittance matrix."""
    slot1: Array
    slot2: Array
    """(k,) whose current each end is: 2 e and 2 e + 1 for the from and to end of branch e, 2 E + 3 w + leg for the
    windings of transformer w, 2 E + 3 W for nobody's."""
    way_to_earth: Array
    """(k,) bool: the circuit itself leads to earth."""
    shunt_node: Array
    shunt: Array
    """Admittances to earth, 0 where off."""
    shunt_rows: dict[str, slice]
    """Where the rows of each table stand among the shunts."""
    nodes: int

    def matrix(self, earthed: Array) -> Any:
        """Nodal admittance matrix; nodes that have no way to earth (``earthed``) get 1 p.u."""
        i, j, s = self.first, self.second, self.shunt_node
        two = self.y12 != 0
        i2, j2, y12 = i[two], j[two], self.y12[two]
        loose = np.flatnonzero(~earthed)
        data = np.concatenate([self.y11, self.y22, y12, y12, self.shunt, np.ones(loose.size)])
        rows = np.concatenate([i, j, i2, j2, s, loose])
        columns = np.concatenate([i, j, j2, i2, s, loose])
        return csc_array((data, (rows, columns)), shape=(self.nodes, self.nodes))

    def earthed(self) -> Array:
        """(nodes,) bool: some way leads to earth, so the impedance seen from the node is finite."""
        label = self.parts()
        ends = np.zeros(label.max(initial=-1) + 1, bool)
        ends[label[self.shunt_node[self.shunt != 0]]] = True
        ends[label[self.first[self.way_to_earth]]] = True
        return np.asarray(ends[label])

    def parts(self) -> Array:
        """(nodes,) number of the connected part of each node."""
        two = self.y12 != 0
        ends = self.first[two], self.second[two]
        links = csr_array((np.ones(ends[0].size), ends), shape=(self.nodes, self.nodes))
        return np.asarray(connected_components(links, directed=False)[1])


class Circuits:
    """Collects pi circuits and shunts of a sequence network."""

    def __init__(self, problem: FaultProblem, net: Topology) -> None:
        self._columns: list[list[Array]] = [[] for _ in range(8)]
        self._shunts: list[tuple[str, Array, Array]] = []
        self._nodes = net.nodes
        self.nobody = 2 * problem.branches.from_bus.size + 3 * problem.triples.rating.shape[0]

    def pi(self, ends: tuple[Any, Any], y: tuple[Any, Any, Any], slots: tuple[Any, Any], earth: Any) -> None:
        """Circuits with admittances (y11, y12, y22); scalars are spread."""
        first, second = np.atleast_1d(ends[0]), np.atleast_1d(ends[1])
        for place, value in enumerate((first, second, *y, *slots, earth)):
            dtype = (int, int, complex, complex, complex, int, int, bool)[place]
            self._columns[place].append(np.broadcast_to(np.asarray(value, dtype), first.shape))

    def shunts(self, kind: str, node: Array, y: Array) -> None:
        self._shunts.append((kind, node, y))

    def done(self) -> Sequence:
        empty = (int, int, complex, complex, complex, int, int, bool)
        first, second, y11, y12, y22, slot1, slot2, earth = (
            np.concatenate([np.empty(0, t), *c]) for t, c in zip(empty, self._columns, strict=True)
        )
        sizes = np.cumsum([0] + [node.size for _, node, _ in self._shunts])
        rows = {kind: slice(int(sizes[k]), int(sizes[k + 1])) for k, (kind, _, _) in enumerate(self._shunts)}
        node = np.concatenate([np.empty(0, int), *(one[1] for one in self._shunts)])
        y = np.concatenate([np.empty(0, complex), *(one[2] for one in self._shunts)])
        return Sequence(first, second, y11, y12, y22, slot1, slot2, earth, node, y, rows, self._nodes)

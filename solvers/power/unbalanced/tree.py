"""Buses and edges of a radial three-phase network: the part of ``radial.py`` that decides if it is one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from solvers.power.unbalanced.network import Network

Array = NDArray[Any]

SAME = 1e-12
"""Relative difference up to which impedances count as equal."""


class Outside(Exception):
    """The network is not of the class."""


def demand(condition: Any) -> None:
    """Raise :class:`Outside` unless the condition holds."""
    if not condition:
        raise Outside


class Tree:
    """Merged three-phase buses, lines and threes of units, each bus with its parent."""

    def __init__(self, network: Network) -> None:
        self.network, self.problem = network, network.problem
        self._buses()
        self._edges()

    def _buses(self) -> None:
        """Number the merged three-phase buses; phase and bus of every live place."""
        network, p = self.network, self.problem
        demand(network.size and not network.pins.size)
        places = np.append(network.merged[:-1], -1)[p.bus_nodes[:, :3]]
        whole = (p.bus_nodes[:, :3] >= 0).all(axis=1) & (places >= 0).all(axis=1)
        live = whole & network.live[places].all(axis=1)
        triples = np.unique(places[live], axis=0)
        demand(3 * triples.shape[0] == np.count_nonzero(network.live))
        self.count = triples.shape[0]
        self.triple = triples
        self.bus = np.full(network.size + 1, -1)
        self.phase = np.full(network.size + 1, -1)
        for k in range(3):
            self.bus[triples[:, k]], self.phase[triples[:, k]] = np.arange(self.count), k
        demand(np.array_equal(np.sort(triples.ravel()), np.flatnonzero(network.live)))
        self.base = network.base[triples[:, 0]]

    def of(self, node: Array) -> tuple[Array, Array]:
        """Bus and phase of nodes, -1 for earth and dead nodes."""
        place = self.network.merged[node]
        return self.bus[place], self.phase[place]

    def _edges(self) -> None:
        """Lines and transformers as edges between buses; tree by breadth-first search from the sources."""
        p = self.problem
        self._lines()
        self._units()
        a = np.concatenate([self.line_a, self.pair[:, 0]])
        b = np.concatenate([self.line_b, self.pair[:, 1]])
        graph = csr_array((np.arange(1, a.size + 1), (a, b)), shape=(self.count, self.count))
        demand(graph.nnz == a.size)
        graph = csr_array(graph + graph.T)
        demand(graph.nnz == 2 * a.size)
        parts, label = connected_components(graph, False)
        source_bus, source_phase = self.of(p.source_node)
        roots = np.unique(source_bus)
        demand(parts == roots.size == np.unique(label[roots]).size and a.size == self.count - parts)
        self.source = np.full((self.count, 3), -1)
        self.source[source_bus, source_phase] = np.arange(p.source_node.size)
        demand((self.source[roots] >= 0).all())
        self.parent, self.edge, self.roots = np.full(self.count, -1), np.full(self.count, -1), roots
        walks = []
        for root in roots:
            walk, before = breadth_first_order(graph, root, directed=False)
            walks.append(walk)
            self.parent[walk[1:]] = before[walk[1:]]
        self.top_down = np.concatenate(walks)
        """All buses, each after its parent."""
        child = np.flatnonzero(self.parent >= 0)
        forward = csr_array((np.arange(1, a.size + 1), (a, b)), shape=(self.count, self.count))
        self.edge[child] = np.maximum(
            np.asarray(forward[child, self.parent[child]]).ravel(),
            np.asarray(forward[self.parent[child], child]).ravel(),
        ) - 1  # fmt: skip

    def _lines(self) -> None:
        p = self.problem
        closed = np.flatnonzero(self.network.state.line_closed)
        there = p.line_from[closed] >= 0
        bus_a, phase_a = self.of(p.line_from[closed])
        bus_b, phase_b = self.of(p.line_to[closed])
        self_live = (np.where(there, bus_a, -1) >= 0).any(axis=1)
        closed, there = closed[self_live], there[self_live]
        bus_a, phase_a, bus_b, phase_b = (t[self_live] for t in (bus_a, phase_a, bus_b, phase_b))
        demand((there.sum(axis=1) == 3).all())
        shape = (closed.size, 3)
        bus_a, phase_a = bus_a[there].reshape(shape), phase_a[there].reshape(shape)
        bus_b, phase_b = bus_b[there].reshape(shape), phase_b[there].reshape(shape)
        demand((bus_a == bus_a[:, :1]).all() and (bus_b == bus_b[:, :1]).all() and np.all(bus_a[:, 0] >= 0))
        demand((phase_a == phase_b).all() and (np.sort(phase_a, axis=1) == np.arange(3)).all())
        self.line_a, self.line_b = bus_a[:, 0], bus_b[:, 0]
        demand((self.line_a != self.line_b).all())
        columns = np.nonzero(there)[1].reshape(shape)
        rows = np.arange(closed.size)[:, None, None]
        z = p.line_impedance[closed][rows, columns[:, :, None], columns[:, None, :]]
        y = p.line_admittance[closed][rows, columns[:, :, None], columns[:, None, :]]
        self.line_z = self._cyclic(z) * (p.base_power / self.base[self.line_b, None] ** 2)
        pair = self._cyclic(y)
        self.line_y = pair[:, 1:, None] * np.ones((3, 3)) + pair[:, :1, None] * np.eye(3)

    @staticmethod
    def _cyclic(matrix: Array) -> Array:
        """(e, 2) self minus mutual, and mutual value of matrices that have only these two."""
        own = matrix[:, 0, 0] - matrix[:, 0, 1]
        mutual = matrix[:, 0, 1]
        model = mutual[:, None, None] + own[:, None, None] * np.eye(3)
        demand((np.abs(model - matrix) <= SAME * np.abs(matrix).max(axis=(1, 2), keepdims=True)).all())
        return np.stack([own, mutual], axis=1)

    def _units(self) -> None:
        """Threes of units between the same two buses."""
        network, p = self.network, self.problem
        on = np.flatnonzero(network.state.unit_closed)
        bus_from, phase_from = self.of(p.unit_from[on])
        bus_to, phase_to = self.of(p.unit_to[on])
        a, b = bus_from.max(axis=1), bus_to.max(axis=1)
        alive = (a >= 0) & (b >= 0)
        on, a, b = on[alive], a[alive], b[alive]
        self.unit_bus = (bus_from[alive], bus_to[alive])
        self.unit_phase = (phase_from[alive], phase_to[alive])
        for table, bus in zip(self.unit_bus, (a, b), strict=True):
            demand(((table == bus[:, None]) | (table < 0)).all())
        self.on = on
        keys, inverse = np.unique(np.stack([a, b], axis=1), axis=0, return_inverse=True)
        self.pair = keys.reshape(-1, 2)
        self.three = inverse.ravel()
        demand((np.bincount(self.three, minlength=self.pair.shape[0]) == 3).all())

    def transformer(self, number: int, child: int) -> tuple[Array, Array, Array]:
        """Ratio (3, 3), impedance (3,) and no-load admittance (3, 3) of a three of units, seen from the child."""
        network, p = self.network, self.problem
        members = np.flatnonzero(self.three == number)
        near = 1 if self.pair[number, 1] == child else 0
        ratio, impedance, core = np.zeros((3, 3)), np.zeros(3, complex), np.zeros((3, 3), complex)
        parent_base = self.base[self.pair[number, 1 - near]]
        scale = self.base[child] ** 2 / p.base_power
        seen = set()
        for member in members:
            unit = self.on[member]
            weight = network.unit_weight[unit]
            toward = self.unit_phase[near][member], self.unit_phase[1 - near][member]
            own, other = weight[2 * near : 2 * near + 2], weight[2 - 2 * near : 4 - 2 * near]
            at = np.flatnonzero(toward[0] >= 0)
            demand(at.size == 1)
            k = int(toward[0][at[0]])
            seen.add(k)
            for terminal in np.flatnonzero(toward[1] >= 0):
                ratio[k, toward[1][terminal]] = -other[terminal] / own[at[0]] * parent_base / self.base[child]
            impedance[k] = 1.0 / (network.unit_series[unit] * own[at[0]] ** 2 * scale)
            demand(near == 1 or network.unit_core[unit] == 0)
            core[k, k] = network.unit_core[unit]
        demand(len(seen) == 3)
        return ratio, impedance, core

"""The order in which a structure is worked through, and which of its capacities can be exceeded at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from solvers.reliability.structure import Structure

Array = NDArray[Any]

OVERLOAD = 1e-9
"""A machine trips above (1 + OVERLOAD) times its capacity: exactly full is not overloaded, whatever the rounding
of the sum of its loads."""


@dataclass(frozen=True)
class Stage:
    """Nodes that can be settled together: none feeds another (acyclic), or all are one loop (cyclic)."""

    nodes: Array
    cyclic: bool


@dataclass(frozen=True, eq=False)
class Wiring:
    """Prepared graph of a structure."""

    structure: Structure
    stages: tuple[Stage, ...]
    """Inputs before those they feed."""
    edge_inside: Array
    """(E,) bool: both ends lie in one loop."""
    input_edges: tuple[Array, ...]
    """Edges into each node, in order of rank."""
    output_edges: tuple[Array, ...]
    """Edges out of each node."""
    at_risk: Array
    """Nodes whose capacity may be exceeded in some state."""
    loaded: Array
    """(N,) bool: the node may carry a demand that matters to a node at risk."""

    @classmethod
    def of(cls, structure: Structure) -> Wiring:
        """Work out the order of ``structure``."""
        label, stages = _stages(structure)
        tail, head = structure.edge_from, structure.edge_to
        by_rank = np.lexsort((structure.edge_rank, head))
        by_tail = np.argsort(tail, kind="stable")
        inside = label[tail] == label[head]
        inputs = _split(by_rank, head, structure.nodes)
        outputs = _split(by_tail, tail, structure.nodes)
        largest = _largest_demand(structure, stages, inside, inputs, outputs)
        at_risk = np.flatnonzero(largest > structure.node_capacity * (1 + OVERLOAD))
        loaded = np.zeros(structure.nodes, dtype=bool)
        loaded[at_risk] = True
        for stage in stages:
            _carry_on(structure, stage, inputs, loaded)
        return cls(structure, stages, inside, inputs, outputs, at_risk, loaded & (largest > 0))

    def ancestors(self, nodes: Array) -> Array:
        """(N,) bool: ``nodes`` and all that feeds them directly or through others."""
        return _reached(self.structure.nodes, nodes, self.input_edges, self.structure.edge_from)

    def cone(self, tops: Array) -> Array:
        """(N,) bool: everything the state of ``tops`` depends on, overload trips included."""
        found = self.ancestors(tops)
        while True:
            risky = self.at_risk[found[self.at_risk]]
            below = _reached(self.structure.nodes, risky, self.output_edges, self.structure.edge_to)
            grown = found | self.ancestors(np.flatnonzero(below & self.loaded))
            if np.array_equal(grown, found):
                return found
            found = grown

    def clusters(self, tops: Array) -> list[Array]:
        """Rows of ``tops`` that depend on the same overloads; tops of different rows share no machine at risk."""
        loaded = self.loaded
        tail, head = self.structure.edge_from, self.structure.edge_to
        both = loaded[tail] & loaded[head]
        nodes = self.structure.nodes
        graph = csr_array((np.ones(both.sum()), (tail[both], head[both])), shape=(nodes, nodes))
        _, label = connected_components(graph, directed=False)
        key: list[frozenset[int]] = [frozenset()] * nodes
        for stage in self.stages:
            for _ in range(stage.nodes.size if stage.cyclic else 1):
                for node in stage.nodes.tolist():
                    found = {key[source] for source in tail[self.input_edges[node]].tolist()}
                    own = frozenset({int(label[node])}) if loaded[node] else frozenset()
                    key[node] = own.union(*found) if len(found) > 1 or own else next(iter(found), own)
        rows: dict[frozenset[int], list[int]] = {}
        for row, top in enumerate(tops.tolist()):
            rows.setdefault(key[top], []).append(row)
        return [np.array(group) for group in rows.values()]


def _split(order: Array, end: Array, nodes: int) -> tuple[Array, ...]:
    bounds = np.cumsum(np.bincount(end, minlength=nodes))
    return tuple(np.split(order, bounds[:-1])) if nodes else ()


def _reached(nodes: int, start: Array, edges: tuple[Array, ...], end: Array) -> Array:
    found = np.zeros(nodes, dtype=bool)
    found[start] = True
    front = [int(node) for node in start]
    while front:
        node = front.pop()
        for other in end[edges[node]].tolist():
            if not found[other]:
                found[other] = True
                front.append(other)
    return found


def _stages(structure: Structure) -> tuple[Array, tuple[Stage, ...]]:
    """Loops (strongly connected sets) and the longest way from a source to each, which is the order."""
    nodes = structure.nodes
    tail, head = structure.edge_from, structure.edge_to
    graph = csr_array((np.ones(tail.size), (tail, head)), shape=(nodes, nodes))
    count, label = connected_components(graph, directed=True, connection="strong")
    one, other = label[tail], label[head]
    apart = one != other
    pairs = np.unique(np.stack([one[apart], other[apart]], axis=1), axis=0)
    level = _levels(count, pairs)
    size = np.bincount(label, minlength=count)
    stages = []
    for height in range(int(level.max(initial=-1)) + 1):
        here = level[label] == height
        plain = np.flatnonzero(here & (size[label] == 1))
        if plain.size:
            stages.append(Stage(plain, cyclic=False))
        stages += [
            Stage(np.flatnonzero(label == loop), cyclic=True)
            for loop in np.unique(label[here & (size[label] > 1)])
        ]
    return np.asarray(label), tuple(stages)


def _levels(count: int, pairs: Array) -> Array:
    """Longest path to each vertex of an acyclic graph."""
    level = np.zeros(count, dtype=int)
    waiting = np.bincount(pairs[:, 1], minlength=count)
    start = np.searchsorted(pairs[:, 0], np.arange(count + 1))
    front = np.flatnonzero(waiting == 0)
    height = 0
    while front.size:
        level[front] = height
        length = start[front + 1] - start[front]
        out = np.repeat(start[front] - np.cumsum(length) + length, length) + np.arange(length.sum())
        heads = pairs[out, 1]
        np.subtract.at(waiting, heads, 1)
        front = np.unique(heads[waiting[heads] == 0])
        height += 1
    return level


def _largest_share(structure: Structure, node: int, edges: Array, inside: Array) -> Array:
    """Upper bound of the part of the node's demand that each of its input ``edges`` may have to carry.

    All ``needs`` inputs carry where none stands by and none lies in a loop.
    """
    weight = structure.edge_weight[edges]
    needs = int(structure.node_needs[node])
    if needs == 0:
        return weight
    share = (weight > 0).astype(float)
    if needs > 1 and np.ptp(structure.edge_rank[edges]) == 0 and not inside[edges].any():
        for place in np.flatnonzero(weight > 0):
            others = np.sort(np.delete(weight, place))[: needs - 1].sum()
            share[place] = weight[place] / (weight[place] + others)
    return share


def _largest_demand(
    structure: Structure, stages: tuple[Stage, ...], inside: Array, inputs: tuple[Array, ...],
    outputs: tuple[Array, ...],
) -> Array:  # fmt: skip
    """(N,) upper bound of what each node may have to carry in any state."""
    largest = structure.node_demand.copy()
    if not np.isfinite(structure.node_capacity).any():
        return largest
    share = np.zeros(structure.edge_from.size)
    for node, edges in enumerate(inputs):
        if edges.size:
            share[edges] = _largest_share(structure, node, edges, inside)
    for stage in reversed(stages):
        for node in stage.nodes.tolist():
            out = outputs[node][~inside[outputs[node]]]
            largest[node] += (largest[structure.edge_to[out]] * share[out]).sum()
        if stage.cyclic:  # any of the loop may have to carry all of it, magnified where a weight is above 1
            gain = max(1.0, float(share[inside].max(initial=1.0))) ** (stage.nodes.size - 1)
            largest[stage.nodes] = largest[stage.nodes].sum() * gain
    return largest


def _carry_on(structure: Structure, stage: Stage, inputs: tuple[Array, ...], loaded: Array) -> None:
    """Mark the nodes of a stage that are fed, directly or not, by a node at risk."""
    for _ in range(stage.nodes.size if stage.cyclic else 1):
        before = int(loaded[stage.nodes].sum())
        for node in stage.nodes.tolist():
            loaded[node] |= bool(loaded[structure.edge_from[inputs[node]]].any())
        if int(loaded[stage.nodes].sum()) == before:
            break

"""Weighted Laplacian systems, solved for many right-hand sides and weights at once by star-mesh elimination.

Eliminating node v of a resistor network puts a weight ``w_va w_vb / sum(w)`` between each pair of its
neighbours.  Only positive numbers are added and multiplied: no cancellation, no pivoting, and weights that
differ by twenty orders of magnitude (closed valves beside open headers) cost no accuracy.  An isolated node
has no weight at all, and gets potential 0 instead of a division by zero.

The order of elimination depends on the topology alone and is planned once in rounds: nodes of one round are
not neighbours, so a round is a few array operations over (nodes, scenarios).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class Scatter:
    """Sum of rows into targets; where these repeat, sorted once and then one ``reduceat``."""

    order: Index | None  # None where no target repeats
    start: Index
    target: Index

    @classmethod
    def onto(cls, target: Index) -> Scatter:
        order = np.argsort(target, kind="stable")
        where, start = np.unique(target[order], return_index=True)
        if where.size == target.size:
            return cls(None, start, target)
        return cls(order, start, where)

    def add(self, values: Array, into: Array) -> None:
        if self.order is not None:
            values = np.add.reduceat(values[self.order], self.start, axis=0)
        into[self.target] += values


@dataclass(frozen=True)
class _Round:
    """Nodes of equal degree d, none of them neighbours, eliminated together."""

    node: Index  # (m,)
    neighbour: Index  # (d, m)
    slot: Index  # (d, m)
    first: Index  # (d (d - 1) / 2,), rows of `slot` that make a pair
    second: Index
    pairs: Scatter | None  # (d (d - 1) / 2 * m,) slots that receive the new weights
    load: Scatter  # (d m,) nodes that receive the load


@dataclass(frozen=True)
class Plan:
    """Elimination order of one topology; ``link_slot`` maps each link to its pair of nodes."""

    link_slot: Scatter
    slot_count: int
    rounds: tuple[_Round, ...]


def plan(node_count: int, link_from: Index, link_to: Index, fixed_node: Index) -> Plan:
    """Elimination plan of a topology; the latest few are remembered."""
    key = (np.asarray(a, np.int64).tobytes() for a in (link_from, link_to, fixed_node))
    return _plan(node_count, *key)


@lru_cache(maxsize=64)
def _plan(node_count: int, link_from: bytes, link_to: bytes, fixed_node: bytes) -> Plan:
    start, end, fixed = (np.frombuffer(a, np.int64) for a in (link_from, link_to, fixed_node))
    adjacent: list[dict[int, int]] = [{} for _ in range(node_count)]
    counter = iter(range(2**62))

    def slot(a: int, b: int) -> int:
        found = adjacent[a].get(b)
        if found is None:
            found = adjacent[a][b] = adjacent[b][a] = next(counter)
        return found

    links = np.array([slot(a, b) for a, b in zip(start.tolist(), end.tolist(), strict=True)], np.intp)
    live = set(range(node_count)) - set(fixed.tolist())
    rounds: list[_Round] = []
    while live:
        for group in _independent(live, adjacent):
            rounds.append(_eliminate(group, adjacent, slot))
            live.difference_update(group)
    return Plan(Scatter.onto(links), next(counter), tuple(rounds))


def _independent(live: set[int], adjacent: list[dict[int, int]]) -> list[list[int]]:
    """Nodes of low degree of which no two are neighbours, grouped by degree."""
    limit = max(2, min(len(adjacent[v]) for v in live))
    low = sorted((len(adjacent[v]), v) for v in live if len(adjacent[v]) <= limit)
    blocked: set[int] = set()
    groups: dict[int, list[int]] = {}
    for degree, v in low:
        if v not in blocked:
            groups.setdefault(degree, []).append(v)
            blocked.add(v)
            blocked.update(adjacent[v])
    return list(groups.values())


def _eliminate(group: list[int], adjacent: list[dict[int, int]], slot: Callable[[int, int], int]) -> _Round:
    neighbour = np.array([list(adjacent[v]) for v in group], np.intp).T
    slots = np.array([list(adjacent[v].values()) for v in group], np.intp).T
    degree = len(neighbour)
    first, second = np.triu_indices(degree, 1)
    pairs = np.empty((len(first), len(group)), np.intp)
    for column, v in enumerate(group):
        near = list(adjacent[v])
        for a in near:
            del adjacent[a][v]
        adjacent[v] = {}
        pairs[:, column] = [slot(near[i], near[j]) for i, j in zip(first, second, strict=True)]
    scatter = Scatter.onto(pairs.ravel()) if pairs.size else None
    shape = (degree, len(group))
    return _Round(
        np.array(group, np.intp),
        neighbour.reshape(shape),
        slots.reshape(shape),
        first,
        second,
        scatter,
        Scatter.onto(neighbour.ravel()),
    )


def solve(plan: Plan, weight: Array, load: Array, potential: Array) -> Array:
    """Potentials of the nodes, given those of the fixed nodes.

    Parameters
    ----------
    weight : (E, S) array
        Conductance of every link, >= 0.
    load : (N, S) array
        What flows into every node from outside; overwritten.
    potential : (N, S) array
        Potential of the fixed nodes; the rest is overwritten with the result.
    """
    scenarios = weight.shape[1]
    mesh = np.zeros((plan.slot_count, scenarios))
    plan.link_slot.add(weight, mesh)
    kept: list[tuple[Array, Array]] = []
    for r in plan.rounds:
        star = mesh[r.slot]
        total = np.add.reduce(star, axis=0)
        inverse = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0.0)
        share = star * inverse
        kept.append((share, inverse))
        r.load.add((share * load[r.node]).reshape(-1, scenarios), load)
        if r.pairs is not None:
            r.pairs.add((share[r.first] * star[r.second]).reshape(-1, scenarios), mesh)
    for r, (share, inverse) in zip(reversed(plan.rounds), reversed(kept), strict=True):
        pull = np.add.reduce(share * potential[r.neighbour], axis=0)
        potential[r.node] = pull + load[r.node] * inverse
    return potential

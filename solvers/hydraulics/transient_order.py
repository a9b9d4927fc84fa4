"""Elimination order of a heat network, planned once, and the solve of all its scenarios side by side.

The matrix of an implicit step has a positive diagonal that outweighs its columns or rows and off-diagonals <= 0
(an M-matrix), so it is eliminated without pivoting, in an order that depends on the topology alone.  The pattern
is symmetric since flows turn round.  Entries lie in a table ``(entries, scenarios)``; the plan says which entries
meet in which step, so a step is one operation on rows of that table, for any number of scenarios.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """Entries of the matrix and its factors, and the steps of elimination.

    The first N entries are the diagonal.  Pivot ``node[k]`` has the neighbours ``near[start[k]:start[k + 1]]``
    that are eliminated after it; ``below`` and ``beside`` are their entries in the column and the row of the
    pivot, and ``meet[square[k]:square[k + 1]]`` the entries between them, row by row.
    """

    entries: int
    place: dict[tuple[int, int], int]
    node: Index
    start: Index
    near: Index
    below: Index
    beside: Index
    square: Index
    meet: Index

    def entry(self, row: int, column: int) -> int:
        """Row of the table that holds an entry of the matrix."""
        return row if row == column else self.place[row, column]


def plan(node_count: int, pairs: Index) -> Plan:
    """Plan for a network whose nodes are coupled in the given (M, 2) pairs; the latest few are remembered."""
    unique = np.unique(np.sort(np.asarray(pairs, np.int64).reshape(-1, 2), axis=1), axis=0)
    return _plan(node_count, unique[unique[:, 0] != unique[:, 1]].tobytes())


@lru_cache(maxsize=16)
def _plan(node_count: int, pairs: bytes) -> Plan:
    near: list[set[int]] = [set() for _ in range(node_count)]
    for a, b in np.frombuffer(pairs, np.int64).reshape(-1, 2).tolist():
        near[a].add(b)
        near[b].add(a)
    place: dict[tuple[int, int], int] = {}
    nodes: list[int] = []
    lists: list[list[int]] = [[] for _ in range(4)]
    start, square = [0], [0]

    def entry(row: int, column: int) -> int:
        return row if row == column else place.setdefault((row, column), node_count + len(place))

    heap = [(len(around), v) for v, around in enumerate(near)]
    heapq.heapify(heap)
    done = [False] * node_count
    while heap:
        degree, v = heapq.heappop(heap)
        if done[v] or degree != len(near[v]):
            continue
        done[v] = True
        around = sorted(near[v])
        nodes.append(v)
        for held, new in zip(
            lists,
            (
                around,
                [entry(i, v) for i in around],
                [entry(v, i) for i in around],
                [entry(i, j) for i in around for j in around],
            ),
            strict=True,
        ):
            held.extend(new)
        start.append(len(lists[0]))
        square.append(len(lists[3]))
        for i in around:
            near[i].update(around)
            near[i].difference_update((i, v))
            heapq.heappush(heap, (len(near[i]), i))
    arrays = [np.array(x, np.int64) for x in (nodes, start, *lists[:3], square, lists[3])]
    return Plan(node_count + len(place), place, *arrays)


def factorise(p: Plan, table: Array) -> None:
    """Replace the (entries, S) matrix by its factors, L below and U on and above the diagonal."""
    scenarios = table.shape[1]
    for k, v in enumerate(p.node):
        some = slice(p.start[k], p.start[k + 1])
        if some.start == some.stop:
            continue
        share = table[p.below[some]] / table[v]
        table[p.below[some]] = share
        product = share[:, None] * table[p.beside[some]]
        table[p.meet[p.square[k] : p.square[k + 1]]] -= product.reshape(-1, scenarios)


def substitute(p: Plan, table: Array, load: Array) -> None:
    """Replace the (N, S) right-hand side by the solution, with the factors of :func:`factorise`."""
    for k, v in enumerate(p.node):
        some = slice(p.start[k], p.start[k + 1])
        load[p.near[some]] -= table[p.below[some]] * load[v]
    for k in range(p.node.size - 1, -1, -1):
        v, some = p.node[k], slice(p.start[k], p.start[k + 1])
        pull = (table[p.beside[some]] * load[p.near[some]]).sum(axis=0)
        load[v] = (load[v] - pull) / table[v]

"""Order in which node temperatures are eliminated, planned once for all flow directions.

A node may take heat from every node it shares a link or an exchanger with, whichever way the water runs, so the
plan holds both directions of every pair and the numbers decide which of the two is zero.  The matrix
``fed - W`` (capacity rate that reaches a node, less what each node passes to it) has W >= 0 and columns that sum
to no less than zero: it stays so under elimination in any order, and no pivot needs to be searched.  Nodes of
fewest neighbours go first, which for headers with branches leaves almost no fill.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .heat_arrays import Topology

Place = NDArray[np.uint32]
"""Rows of a table.  Unsigned, so that compiled loops need no check for counting from the end."""


@dataclass(frozen=True)
class Plan:
    """Elimination of one topology.

    The table W has a row for every entry of the matrix: first the N diagonal ones, then two for every pair of
    neighbours, ``forward`` and ``backward`` of every link, those across exchangers, at last the fill.
    """

    rows: int
    """Rows of the table W."""
    given: int
    """Rows that are not fill."""
    forward: Place  # (E,) entry (link_to, link_from)
    backward: Place  # (E,) entry (link_from, link_to)
    across_hot: Place  # (X, 2, 2) entry (end 0 from or 1 to of the hot link, end of the cold link)
    across_cold: Place  # (X, 2, 2) entry (end of the cold link, end of the hot link)
    order: Place  # (N,) nodes as they are eliminated
    first: Place  # (N + 1,) where the neighbours of the k-th begin
    neighbour: Place
    above: Place  # entry (k-th node, neighbour)
    below: Place  # entry (neighbour, k-th node)
    pair_first: Place  # (N + 1,)
    pair: Place  # entries (neighbour, neighbour), the diagonal ones included
    touching_first: Place  # (N + 1,) where the links at a node begin
    touching: Place


def plan(topology: Topology) -> Plan:
    """Elimination plan of a topology; the latest few are remembered."""
    parts = (topology.start, topology.end, topology.hot, topology.cold)
    return _plan(topology.nodes, *(np.asarray(part, np.int64).tobytes() for part in parts))


class _Entries:
    """Rows of the table, given out as pairs of neighbours appear."""

    def __init__(self, nodes: int) -> None:
        self.count = nodes
        self.near: list[dict[int, int]] = [{} for _ in range(nodes)]
        """Per node, neighbours and the entry (node, neighbour)."""

    def row(self, i: int, j: int) -> int:
        if i == j:
            return i
        found = self.near[i].get(j)
        if found is None:
            found = self.count
            self.near[i][j], self.near[j][i] = found, found + 1
            self.count += 2
        return found


@lru_cache(maxsize=64)
def _plan(nodes: int, link_from: bytes, link_to: bytes, hot_side: bytes, cold_side: bytes) -> Plan:
    start, end, hot, cold = (
        np.frombuffer(part, np.int64).tolist() for part in (link_from, link_to, hot_side, cold_side)
    )
    entries = _Entries(nodes)
    forward = [entries.row(b, a) for a, b in zip(start, end, strict=True)]
    backward = [entries.row(a, b) for a, b in zip(start, end, strict=True)]
    ends = [((start[h], end[h]), (start[c], end[c])) for h, c in zip(hot, cold, strict=True)]
    across_hot = [[[entries.row(i, j) for j in c] for i in h] for h, c in ends]
    across_cold = [[[entries.row(j, i) for i in h] for j in c] for h, c in ends]
    given = entries.count
    order, first, neighbour, above, below, pair_first, pair = _eliminate(entries, nodes)
    at = np.array(start + end, np.int64)
    touching = np.argsort(at, kind="stable") % max(len(start), 1)
    return Plan(
        entries.count,
        given,
        _places(forward),
        _places(backward),
        _places(across_hot).reshape(-1, 2, 2),
        _places(across_cold).reshape(-1, 2, 2),
        _places(order),
        _places(first),
        _places(neighbour),
        _places(above),
        _places(below),
        _places(pair_first),
        _places(pair),
        _places(np.concatenate([[0], np.cumsum(np.bincount(at, minlength=nodes))])),
        _places(touching),
    )


def _eliminate(entries: _Entries, nodes: int) -> tuple[list[int], ...]:
    """Fewest neighbours first; the neighbours of an eliminated node become neighbours of each other."""
    near, row = entries.near, entries.row
    waiting = [(len(near[v]), v) for v in range(nodes)]
    heapq.heapify(waiting)
    done = [False] * nodes
    order: list[int] = []
    first, pair_first = [0], [0]
    neighbour: list[int] = []
    above: list[int] = []
    below: list[int] = []
    pair: list[int] = []
    while waiting:
        degree, v = heapq.heappop(waiting)
        if done[v] or degree != len(near[v]):
            continue
        done[v] = True
        around = list(near[v])
        order.append(v)
        neighbour += around
        above += near[v].values()
        below += [near[i].pop(v) for i in around]
        pair += [row(i, j) for i in around for j in around]
        first.append(len(neighbour))
        pair_first.append(len(pair))
        for i in around:
            heapq.heappush(waiting, (len(near[i]), i))
    return order, first, neighbour, above, below, pair_first, pair


def _places(values: object) -> Place:
    return np.asarray(values, np.uint32)

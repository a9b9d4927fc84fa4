"""Runs of links in series: through a node with two links and no demand the flow is the same on both sides.

Laws that increase add up to one that increases, so a run is solved as one link.  It holds at most one link whose law
knows a direction (pump, check valve, limiter, curve), and points the way of that link.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Index = NDArray[np.intp]
Mask = NDArray[np.bool_]


@njit(cache=True)
def _incidence(nodes: int, start: Any, end: Any) -> Any:
    """Links at every node: those of node v are ``link[first[v]:first[v + 1]]``."""
    first = np.zeros(nodes + 1, np.int64)
    for e in range(start.size):
        first[start[e] + 1] += 1
        first[end[e] + 1] += 1
    for v in range(nodes):
        first[v + 1] += first[v]
    at = first[:-1].copy()
    link = np.empty(2 * start.size, np.int64)
    for e in range(start.size):
        for v in (start[e], end[e]):
            link[at[v]] = e
            at[v] += 1
    return first, link


@njit(cache=True)
def _turn(links: Any, signs: Any, after: Any, first: int, stop: int, begin: int) -> int:
    """Reverse a run that began at node ``begin``; returns the node it begins at now."""
    last = after[stop - 1]
    for k in range((stop - first) // 2):
        a, b = first + k, stop - 1 - k
        links[a], links[b] = links[b], links[a]
        signs[a], signs[b] = signs[b], signs[a]
    for k in range((stop - 1 - first) // 2):
        a, b = first + k, stop - 2 - k
        after[a], after[b] = after[b], after[a]
    for k in range(first, stop):
        signs[k] = -signs[k]
    after[stop - 1] = begin
    return last


@njit(cache=True)
def find_runs(nodes: int, start: Any, end: Any, kept: Any, directed: Any) -> Any:
    """Runs of a network.

    Parameters
    ----------
    kept : (N,) bool, overwritten
        Nodes that stay nodes: fixed or with demand.  On return those of all ends of runs are added.
    directed : (E,) bool
        Links whose law knows a direction.

    Returns
    -------
    first : (R + 1,) where the links of each run begin
    begin : (R,) node where it begins
    links, signs, after : (E,) its links in order, +1 along them or -1, and the node behind each
    """
    count = start.size
    at, incident = _incidence(nodes, start, end)
    for v in range(nodes):
        if at[v + 1] - at[v] != 2:
            kept[v] = True
    seen = np.zeros(count, np.bool_)
    links, signs, after = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    first, begin = np.zeros(count + 1, np.int64), np.empty(count, np.int64)
    runs, filled = 0, 0
    for ring in range(2):  # what is left after the first round are rings without a kept node
        for seed in range(count):
            if seen[seed] or not (ring or kept[start[seed]] or kept[end[seed]]):
                continue
            here = start[seed] if ring or kept[start[seed]] else end[seed]
            kept[here] = True
            link, head, turn, has = seed, here, False, False
            while True:
                if directed[link] and has:
                    kept[here] = True
                    if turn:
                        head = _turn(links, signs, after, first[runs], filled, head)
                    begin[runs] = head
                    runs += 1
                    first[runs], head, turn, has = filled, here, False, False
                along = start[link] == here
                links[filled], signs[filled], seen[link] = link, 1 if along else -1, True
                here = end[link] if along else start[link]
                after[filled] = here
                filled += 1
                if directed[link]:
                    has, turn = True, not along
                if kept[here]:
                    break
                link = incident[at[here]] if incident[at[here]] != link else incident[at[here] + 1]
            cut = here == head  # a ring: its last link becomes a run of its own
            if cut:
                lone = directed[links[filled - 1]]
                before = after[filled - 2]
                kept[before] = True
                filled -= 1
                if not (lone and turn) and turn:
                    head = _turn(links, signs, after, first[runs], filled, head)
                begin[runs] = head
                runs += 1
                first[runs] = filled
                head, turn = before, lone and turn
                filled += 1
            if turn:
                head = _turn(links, signs, after, first[runs], filled, head)
            begin[runs] = head
            runs += 1
            first[runs] = filled
    return first[: runs + 1], begin[:runs], links, signs, after

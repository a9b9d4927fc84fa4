"""Compiled: which nodes something outside determines, for LANES scenarios at once as the bits of a byte."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from .heat_steps import LANES, OPTIONS
from .mixing import AT_FLOOR, CONTROLLED, LIMITED


@njit(**OPTIONS)
def tie(plan: Any, links: Any, state: Any, bits: Any, waiting: Any, settled: Any) -> None:  # pragma: no cover
    """Set ``tied`` as ``mixing._tied`` does; a scenario with a loose node is not settled.

    ``bits`` holds for each link the scenarios in which water runs along it, against it, in which the end depends
    on the inlet, and in which heat of its inlet goes to the end of its exchanger's other link.
    """
    start, end, hot, cold, machine = links[0], links[1], links[2], links[3], links[7]
    fed, inflow, tied = state[4], state[6], state[7]
    runs_along, runs_against, follows, crosses = bits
    touching_first, touching = plan[11], plan[12]
    tied[:] = 0
    _set_bits(links, state, bits)
    for e in range(start.size):
        sink = np.uint8(~(follows[e] >> 8))
        tied[end[e]] |= np.uint8(runs_along[e] & sink)
        tied[start[e]] |= np.uint8(runs_against[e] & sink)
    count = 0
    for n in range(tied.size):
        for c in range(LANES):
            if inflow[n, c] > 0.0:
                tied[n] |= np.uint8(1 << c)
        waiting[n] = 0
    # waiting[0 .. nodes) is whether a node waits, the rest the nodes that do
    for n in range(tied.size):
        if tied[n]:
            waiting[n] = 1
            waiting[tied.size + count] = n
            count += 1
    while count > 0:
        count -= 1
        v = waiting[tied.size + count]
        waiting[v] = 0
        for i in range(touching_first[v], touching_first[v + 1]):
            e = touching[i]
            along = np.uint8(tied[v] & runs_along[e]) if start[e] == v else np.uint8(0)
            against = np.uint8(tied[v] & runs_against[e]) if end[e] == v else np.uint8(0)
            count = _reach(end[e], along & follows[e], tied, waiting, count)
            count = _reach(start[e], against & follows[e], tied, waiting, count)
            if machine[e] < hot.size and crosses[e]:
                other = cold[machine[e]] if hot[machine[e]] == e else hot[machine[e]]
                passed = (along | against) & crosses[e]
                count = _reach(end[other], passed & runs_along[other], tied, waiting, count)
                count = _reach(start[other], passed & runs_against[other], tied, waiting, count)
    for n in range(tied.size):
        for c in range(LANES):
            if fed[n, c] > 0.0 and not (tied[n] >> c) & 1:
                settled[c] = False


@njit(**OPTIONS)
def _reach(n: int, lanes: int, tied: Any, waiting: Any, count: int) -> int:  # pragma: no cover
    """Mark node ``n`` in some lanes; it waits where that is news."""
    fresh = np.uint8(lanes & ~tied[n])
    if fresh:
        tied[n] |= fresh
        if not waiting[n]:
            waiting[n] = 1
            waiting[tied.size + count] = n
            count += 1
    return count


@njit(**OPTIONS)
def _set_bits(links: Any, state: Any, bits: Any) -> None:  # pragma: no cover
    """Bits of the links; in ``follows`` the upper byte says where the end is not tied by a loss, plant or floor."""
    hot, cold, taken = links[2], links[3], links[4]
    flows, shares, mode = state[0], state[1], state[2]
    along_link, against, through = flows[0], flows[1], flows[2]
    runs_along, runs_against, follows, crosses = bits
    for e in range(runs_along.size):
        a, b, f = 0, 0, 0
        for c in range(LANES):
            a |= (along_link[e, c] > 0.0) << c
            b |= (against[e, c] > 0.0) << c
            f |= ((through[e, c] > 0.0) << c) | ((through[e, c] >= 1.0) << (c + 8))
        runs_along[e], runs_against[e], follows[e], crosses[e] = a, b, f, 0
    for x in range(hot.size):
        h, k = hot[x], cold[x]
        for c in range(LANES):
            m = mode[x, c]
            if m == CONTROLLED or (m == LIMITED and shares[0][x, c] >= 1.0):
                follows[h] &= ~(1 << c)
            if m == LIMITED and shares[1][x, c] >= 1.0:
                follows[k] &= ~(1 << c)
            if m == LIMITED and shares[1][x, c] * through[k, c] > 0.0:
                crosses[h] |= 1 << c
            if m == CONTROLLED or (m == LIMITED and shares[0][x, c] * through[h, c] > 0.0):
                crosses[k] |= 1 << c
    for k in range(taken.size):
        for c in range(LANES):
            if mode[hot.size + k, c] == AT_FLOOR:
                follows[taken[k]] &= ~((1 << c) | (1 << (c + 8)))

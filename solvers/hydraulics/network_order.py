"""Order of star-mesh elimination by least degree, planned once for a topology."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_EMPTY = -1


@njit(cache=True)
def _find(keys: Any, key: int) -> int:
    """Place of a key, or of the empty place where it belongs (open addressing; the size is a power of two)."""
    mask = keys.size - 1
    place = ((key * 0x1E3779B97F4A7C15) >> 17) & mask
    while keys[place] != _EMPTY and keys[place] != key:
        place = (place + 1) & mask
    return place


@njit(cache=True)
def _grown(keys: Any, values: Any) -> Any:
    bigger, moved = np.full(2 * keys.size, _EMPTY, np.int64), np.empty(2 * keys.size, np.int64)
    for place in range(keys.size):
        if keys[place] != _EMPTY:
            to = _find(bigger, keys[place])
            bigger[to], moved[to] = keys[place], values[place]
    return bigger, moved


@njit(cache=True)
def _longer(array: Any) -> Any:
    longer = np.empty(2 * array.size, array.dtype)
    for x in range(array.size):
        longer[x] = array[x]
    return longer


@njit(cache=True)
def _take(head: Any, after: Any, before: Any, degree: Any, v: int) -> None:
    """Take a node out of the list of its degree."""
    if before[v] >= 0:
        after[before[v]] = after[v]
    else:
        head[degree[v]] = after[v]
    if after[v] >= 0:
        before[after[v]] = before[v]


@njit(cache=True)
def _put(head: Any, after: Any, before: Any, degree: Any, v: int) -> None:
    first = head[degree[v]]
    after[v], before[v] = first, -1
    if first >= 0:
        before[first] = v
    head[degree[v]] = v


@njit(cache=True)
def plan_order(nodes: int, start: Any, end: Any, fixed: Any) -> Any:
    """Eliminate every node that is not fixed.

    Parameters
    ----------
    start, end : (R,) nodes of the runs.
    fixed : (N,) bool
        Nodes that stay.

    Returns
    -------
    row : (N,) place of each node in the order of elimination; fixed nodes follow.
    slot : (R,) place of each run's weight: those of one star side by side, stars in order.
    degree : (M,) neighbours of each eliminated node.
    ops : for each eliminated node the rows of its d neighbours, then the slots of its d (d - 1) / 2 pairs, in the
        order (0, 1), (0, 2) .. (1, 2) ..
    slots : number of slots.
    """
    size = 16
    while size < 4 * start.size:
        size *= 2
    keys, values = np.full(size, _EMPTY, np.int64), np.empty(size, np.int64)
    room = max(4 * start.size, 16)
    near, slot_at, onward = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    chain, degree = np.full(nodes, -1, np.int64), np.zeros(nodes, np.int64)
    entries, slots = 0, 0
    raw = np.empty(start.size, np.int64)

    for r in range(start.size):
        a, b = start[r], end[r]
        place = _find(keys, min(a, b) * nodes + max(a, b))
        if keys[place] == _EMPTY:
            keys[place], values[place] = min(a, b) * nodes + max(a, b), slots
            for v, w in ((a, b), (b, a)):
                near[entries], slot_at[entries], onward[entries] = w, slots, chain[v]
                chain[v] = entries
                entries += 1
                degree[v] += 1
            slots += 1
        raw[r] = values[place]

    head, after, before = (
        np.full(nodes + 1, -1, np.int64),
        np.full(nodes, -1, np.int64),
        np.full(nodes, -1, np.int64),
    )
    live = 0
    for v in range(nodes - 1, -1, -1):
        if not fixed[v]:
            _put(head, after, before, degree, v)
            live += 1
    row, done = np.full(nodes, -1, np.int64), np.zeros(nodes, np.bool_)
    ops, used = np.empty(max(8 * nodes, 16), np.int64), 0
    degrees, final = np.empty(live, np.int64), np.full(room, -1, np.int64)
    placed = 0
    around, around_slot = np.empty(nodes, np.int64), np.empty(nodes, np.int64)
    least = 0
    for k in range(live):
        while head[least] < 0:
            least += 1
        v = head[least]
        _take(head, after, before, degree, v)
        row[v], done[v] = k, True
        d, entry = 0, chain[v]
        while entry >= 0:
            if not done[near[entry]]:
                around[d], around_slot[d] = near[entry], slot_at[entry]
                d += 1
            entry = onward[entry]
        degrees[k] = d
        pairs = d * (d - 1) // 2
        while used + d + pairs > ops.size:
            ops = _longer(ops)
        while slots + pairs > final.size:
            known = final.size
            final = _longer(final)
            for x in range(known, final.size):
                final[x] = -1
        while entries + 2 * pairs > near.size:
            near, slot_at, onward = _longer(near), _longer(slot_at), _longer(onward)
        while 2 * (slots + pairs) > keys.size:
            keys, values = _grown(keys, values)
        for i in range(d):
            w = around[i]
            if not fixed[w]:
                _take(head, after, before, degree, w)
            degree[w] -= 1
            ops[used + i] = w
            final[around_slot[i]] = placed + i
        used += d
        placed += d
        for i in range(d):
            for j in range(i + 1, d):
                a, b = around[i], around[j]
                key = min(a, b) * nodes + max(a, b)
                place = _find(keys, key)
                if keys[place] == _EMPTY:
                    keys[place], values[place] = key, slots
                    for x, y in ((a, b), (b, a)):
                        near[entries], slot_at[entries], onward[entries] = y, slots, chain[x]
                        chain[x] = entries
                        entries += 1
                        degree[x] += 1
                    slots += 1
                ops[used] = values[place]
                used += 1
        for i in range(d):
            w = around[i]
            if not fixed[w]:
                _put(head, after, before, degree, w)
                least = min(least, degree[w])
    for v in range(nodes):
        if fixed[v]:
            row[v] = live
            live += 1
    for s in range(slots):  # between fixed nodes
        if final[s] < 0:
            final[s] = placed
            placed += 1
    _renumber(ops, degrees, row, final)
    for r in range(raw.size):
        raw[r] = final[raw[r]]
    return row, raw, degrees, ops[:used], placed


@njit(cache=True)
def _renumber(ops: Any, degrees: Any, row: Any, final: Any) -> None:
    """Nodes by their rows, slots by their final places."""
    at = 0
    for k in range(degrees.size):
        d = degrees[k]
        for i in range(at, at + d):
            ops[i] = row[ops[i]]
        at += d
        for i in range(at, at + d * (d - 1) // 2):
            ops[i] = final[ops[i]]
        at += d * (d - 1) // 2

"""Branches that scenarios take out of a base: Woodbury's formula along the ways of elimination.

A branch taken out of the base adds y (e^T V) e to the right side.  w = L^-1 e has entries only on the way from
the branch to the end of the elimination, so it is a small change of the result of the forward substitution.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from solvers.power.lanes import INNER


@njit(**INNER)
def _way(net, first, second, at):  # type: ignore[no-untyped-def]
    """Points on the ways of elimination from two points (fixed ones have none) on, ascending; their number."""
    m, count = net.inverse.size, 0
    a, b = first, second
    while a < m or b < m:
        here = min(a, b)
        at[count] = here
        count += 1
        c = net.column_start[here]
        after = net.column_row[c] if c < net.column_start[here + 1] else m
        if a == here:
            a = after
        if b == here:
            b = after
    return count


@njit(**INNER)
def _invert(A, B):  # type: ignore[no-untyped-def]
    """B = inverse of a small complex matrix, which is destroyed (Gauss-Jordan with row exchange)."""
    n = A.shape[0]
    for c in range(n):
        B[c, c] = 1.0
    for c in range(n):
        p = c
        for r in range(c + 1, n):
            if abs(A[r, c]) > abs(A[p, c]):
                p = r
        for k in range(n):
            A[c, k], A[p, k] = A[p, k], A[c, k]
            B[c, k], B[p, k] = B[p, k], B[c, k]
        q = 1.0 / A[c, c]
        for k in range(n):
            A[c, k] *= q
            B[c, k] *= q
        for r in range(n):
            f = A[r, c]
            if r != c and f != 0:
                for k in range(n):
                    A[r, k] -= f * A[c, k]
                    B[r, k] -= f * B[c, k]


@njit(**INNER)
def ways_of(net, changes, first, stop, dense):  # type: ignore[no-untyped-def]
    """w = L^-1 e of the changed branches first..stop: starts, points, values; and the part of e^T V that is
    there without load."""
    m = net.inverse.size
    start = np.zeros(stop - first + 1, np.int64)
    path = np.zeros(m, np.int64)
    for c in range(first, stop):
        start[c - first + 1] = start[c - first] + _way(net, changes.tail[c], changes.head[c], path)
    at = np.zeros(start[-1], np.int64)
    value = np.zeros(start[-1], np.complex128)
    idle = np.zeros(stop - first, np.complex128)
    for c in range(first, stop):
        a, b, i, n = changes.tail[c], changes.head[c], start[c - first], start[c - first + 1]
        _way(net, a, b, path)
        idle[c - first] = changes.near[c] * net.no_load[a] - changes.far[c] * net.no_load[b]
        if a < m:
            dense[a] += changes.near[c]
        if b < m:
            dense[b] -= changes.far[c]
        for k in range(i, n):
            j = path[k - i]
            at[k] = j
            value[k] = dense[j]
            dense[j] = 0.0
            for p in range(net.column_start[j], net.column_start[j + 1]):
                dense[net.column_row[p]] -= net.column_value[p] * value[k]
    return first, start, at, value, idle


@njit(**INNER)
def gains_of(net, changes, row, count, base, start, at, value, dense):  # type: ignore[no-untyped-def]
    """(1 - G diag(y))^-1 of the changed branches of each lane, G = w^T D^-1 w."""
    widest = 0
    for w in range(count):
        widest = max(widest, changes.start[row + w + 1] - changes.start[row + w])
    result = np.zeros((count, widest, widest), np.complex128)
    for w in range(count):
        first, n = changes.start[row + w], changes.start[row + w + 1] - changes.start[row + w]
        A = np.zeros((n, n), np.complex128)
        for b in range(n):
            A[b, b] = 1.0
            here = first + b - base
            for k in range(start[here], start[here + 1]):
                dense[at[k]] = value[k] * net.inverse[at[k]]
            for a in range(n):
                g = 0j
                for k in range(start[first + a - base], start[first + a - base + 1]):
                    g += value[k] * dense[at[k]]
                A[a, b] -= g * changes.admittance[first + b]
            for k in range(start[here], start[here + 1]):
                dense[at[k]] = 0.0
        _invert(A, result[w])
    return result


@njit(**INNER)
def correct(net, changes, row, w, low, high, X, ways, gains):  # type: ignore[no-untyped-def]
    """Let the changed branches of lane ``w`` act on the forward result of the stage low..high."""
    base, start, at, value, idle = ways
    first, n = changes.start[row + w], changes.start[row + w + 1] - changes.start[row + w]
    seen = np.zeros(n, np.complex128)
    for a in range(n):
        i, stop = start[first + a - base], start[first + a - base + 1]
        if i == stop or not low <= at[i] < high:
            continue  # a way lies in one stage; the sums of another one may not have begun
        total = idle[first + a - base]
        for k in range(i, stop):
            j = at[k]
            total += value[k] * net.inverse[j] * complex(X[j, 2, w], X[j, 3, w])
        seen[a] = total
    for a in range(n):
        i, stop = start[first + a - base], start[first + a - base + 1]
        if i == stop or not low <= at[i] < high:
            continue
        across = 0j
        for b in range(n):
            across += gains[w, a, b] * seen[b]
        across *= changes.admittance[first + a]
        for k in range(i, stop):
            add = value[k] * across
            X[at[k], 2, w] += add.real
            X[at[k], 3, w] += add.imag


@njit(**INNER)
def at_point(net, X, j, w):  # type: ignore[no-untyped-def]
    """Voltage of a point."""
    if j < net.inverse.size:
        return net.no_load[j] + complex(X[j, 0, w], X[j, 1, w])
    return net.no_load[j]

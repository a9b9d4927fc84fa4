"""The elimination of :mod:`transient_order`, compiled; the same operations.

Scenarios lie side by side in the rows of all tables, where the compiler turns the innermost loops into vector
instructions.  A pivot's share is copied out first, so that it need not fear that what it writes is what it reads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def factorise(
    table: Any, node: Any, start: Any, below: Any, beside: Any, square: Any, meet: Any
) -> None:  # pragma: no cover - compiled
    """Replace the (entries, S) matrix by its factors, L below and U on and above the diagonal."""
    width = table.shape[1]
    inverse, share = np.empty(width), np.empty(width)
    for k in range(node.size):
        first, last = start[k], start[k + 1]
        pivot = table[node[k]]
        for b in range(width):
            inverse[b] = 1.0 / pivot[b]
        spot = square[k]
        for i in range(first, last):
            low = table[below[i]]
            for b in range(width):
                share[b] = low[b] * inverse[b]
                low[b] = share[b]
            for j in range(first, last):
                target, right = table[meet[spot]], table[beside[j]]
                for b in range(width):
                    target[b] -= share[b] * right[b]
                spot += 1


@njit(cache=True, error_model="numpy")
def substitute(
    table: Any, load: Any, node: Any, start: Any, near: Any, below: Any, beside: Any
) -> None:  # pragma: no cover - compiled
    """Replace the (N, S) right-hand side by the solution."""
    width = table.shape[1]
    here = np.empty(width)
    for k in range(node.size):
        own = load[node[k]]
        for b in range(width):
            here[b] = own[b]
        for i in range(start[k], start[k + 1]):
            other, low = load[near[i]], table[below[i]]
            for b in range(width):
                other[b] -= low[b] * here[b]
    for k in range(node.size - 1, -1, -1):
        own, pivot = load[node[k]], table[node[k]]
        for b in range(width):
            here[b] = own[b]
        for i in range(start[k], start[k + 1]):
            other, right = load[near[i]], table[beside[i]]
            for b in range(width):
                here[b] -= right[b] * other[b]
        for b in range(width):
            own[b] = here[b] / pivot[b]

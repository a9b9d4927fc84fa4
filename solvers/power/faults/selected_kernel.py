"""Compiled selected inverse; imported only when it runs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]


@njit(cache=True)
def takahashi(start: Array, row: Array, value: Array, inverse: Array) -> tuple[Array, Array]:
    """Diagonal of the inverse of L D L^T, and its entries in the places of L.

    From the last column to the first, Z_ij = - sum_k Z_ik L_kj and Z_jj = 1 / D_j - sum_k Z_jk L_kj over the
    entries k of column j of L: every Z_ik they need lies in the pattern of L and is known by then.
    """
    size = inverse.size
    diagonal = np.zeros(size, np.complex128)
    below = np.zeros(row.size, np.complex128)
    for j in range(size - 1, -1, -1):
        first, last = start[j], start[j + 1]
        for p in range(first, last):
            k, factor = row[p], value[p]
            below[p] -= diagonal[k] * factor
            # entries of column k that column j has too, both ascending
            q, r, end = p + 1, start[k], start[k + 1]
            while q < last and r < end:
                if row[r] < row[q]:
                    r += 1
                elif row[r] > row[q]:
                    q += 1
                else:
                    below[q] -= below[r] * factor
                    below[p] -= below[r] * value[q]
                    q += 1
                    r += 1
        total = inverse[j]
        for p in range(first, last):
            total -= below[p] * value[p]
        diagonal[j] = total
    return diagonal, below

"""Entries of the inverse of a nodal admittance matrix where they are needed, without the inverse.

The diagonal is the impedance seen from each bus; the entries between neighbours give the currents of the branches
at a faulted bus.  Both follow from the LDL^T factor by the Takahashi equations at about the cost of the factor.

K. Takahashi, J. Fagan and M.-S. Chen, "Formation of a sparse bus impedance matrix and its application to short
circuit study", Proc. 8th PICA Conference, 1973, pp. 63-69.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.factor import Factor, factorise

Array = NDArray[Any]

BLOCK = 256
"""Columns of the inverse solved at once where nothing is compiled: bounds memory."""


@dataclass(frozen=True)
class SelectedInverse:
    """Diagonal and neighbour entries of Z = Y^-1."""

    diagonal: Array
    """(n,) complex."""
    factor: Factor
    _keys: Array
    """Ascending numbers column * n + row of the entries of L, in places of the elimination."""
    _below: Array
    _place: Array

    def between(self, first: Array, second: Array) -> Array:
        """Z[first, second] for pairs of rows that Y connects (or that are equal).

        KeyError if a pair lies outside the pattern of the factor.
        """
        a, b = self._place[first], self._place[second]
        equal = a == b
        key = np.minimum(a, b) * self.diagonal.size + np.maximum(a, b)
        at = np.searchsorted(self._keys, key)
        known = at < self._keys.size
        at = np.where(known, at, 0)
        if not np.all(equal | (known & (self._keys[at] == key if self._keys.size else False))):
            raise KeyError("pairs of buses that are not neighbours")
        if not self._keys.size:
            return np.asarray(self.diagonal[first])
        return np.where(equal, self.diagonal[first], self._below[at])

    def columns(self, rows: Array) -> Array:
        """(n, k) columns of Z."""
        right = np.zeros((self.diagonal.size, rows.size), complex)
        right[rows, np.arange(rows.size)] = 1.0
        return self.factor.solve(right)


def selected_inverse(matrix: Any, *, compiled: bool = True) -> SelectedInverse:
    """Diagonal and neighbour entries of the inverse of a sparse complex symmetric matrix.

    Parameters
    ----------
    compiled : bool
        Use the compiled kernel; else solve for whole columns, block by block, which needs no compiler and
        time that grows with the square of n.

    Raises
    ------
    solvers.power.factor.SingularMatrix
        If the matrix has no factor.
    """
    factor = factorise(matrix)
    size = factor.order.size
    column = np.repeat(np.arange(size), np.diff(factor.start))
    if compiled:
        from solvers.power.faults.selected_kernel import takahashi

        diagonal, below = takahashi(factor.start, factor.row, factor.value, factor.inverse)
    else:
        diagonal, below = _by_columns(factor, column)
    whole = np.empty(size, complex)
    whole[factor.order] = diagonal
    return SelectedInverse(whole, factor, column * size + factor.row, below, factor.place)


def _by_columns(factor: Factor, column: Array) -> tuple[Array, Array]:
    """The same entries from solves, in places of the elimination."""
    size = factor.order.size
    diagonal, below = np.empty(size, complex), np.empty(factor.row.size, complex)
    for first in range(0, size, BLOCK):
        places = np.arange(first, min(first + BLOCK, size))
        right = np.zeros((size, places.size), complex)
        right[factor.order[places], places - first] = 1.0
        block = factor.solve(right)[factor.order]
        diagonal[places] = block[places, places - first]
        here = slice(factor.start[first], factor.start[places[-1] + 1])
        below[here] = block[factor.row[here], column[here] - first]
    return diagonal, below

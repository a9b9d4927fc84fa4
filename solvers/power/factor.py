"""LDL^T of complex symmetric nodal admittance matrices, ordered for few fill-ins.

Distribution networks are nearly trees, so their factors have hardly more entries than the networks have
branches; one factor serves any number of load scenarios, outages of single branches (as rank-one changes)
and all short circuits (as its selected inverse).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, tril
from scipy.sparse.linalg import splu

Array = NDArray[Any]


class SingularMatrix(ArithmeticError):
    """The matrix has no LDL^T: an island without a source, or an admittance that cancels another."""


@dataclass(frozen=True)
class Factor:
    """A[order][:, order] = L D L^T with a unit lower triangular L.

    ``solve`` answers A x = b; compiled kernels read the arrays.
    """

    order: Array
    """(n,) int64: row of A at each place of the elimination."""
    start: Array
    """(n + 1,) int64 where each column of L (below the diagonal) begins in ``row`` and ``value``."""
    row: Array
    """int64 rows of the entries, ascending in a column, in places of the elimination."""
    value: Array
    """complex128 entries."""
    inverse: Array
    """(n,) complex128 1 / D."""
    _lu: Any

    @property
    def place(self) -> Array:
        """(n,) place of each row of A in the elimination."""
        place = np.empty_like(self.order)
        place[self.order] = np.arange(self.order.size)
        return place

    def solve(self, right: Array) -> Array:
        """x of A x = b for (n,) or (n, k) right-hand sides."""
        result = np.empty(right.shape, complex)
        result[self.order] = self._lu.solve(np.ascontiguousarray(right[self.order], dtype=complex))
        return result


def factorise(matrix: Any) -> Factor:
    """Factor a sparse complex symmetric matrix (not Hermitian), without pivoting.

    Parameters
    ----------
    matrix : (n, n) sparse, structurally and numerically symmetric. [S or p.u.]

    Raises
    ------
    SingularMatrix
        If a pivot vanishes.

    Notes
    -----
    The order is minimum degree on A + A^T (SuperLU's MMD_AT_PLUS_A).  Diagonal pivots are safe because the
    real part of a nodal admittance matrix of passive branches is positive semi-definite.
    """
    whole = csc_array(matrix, dtype=complex)
    options = {"SymmetricMode": True}
    try:
        first = splu(whole, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)
        order = np.argsort(first.perm_c).astype(np.int64)
        lu = splu(
            csc_array(whole[order][:, order]), permc_spec="NATURAL", diag_pivot_thresh=0.0, options=options
        )
    except RuntimeError as error:
        raise SingularMatrix(str(error)) from error
    pivots = lu.U.diagonal()
    natural = np.arange(order.size)
    if not (np.array_equal(lu.perm_r, natural) and np.array_equal(lu.perm_c, natural)) or not np.all(
        np.isfinite(pivots) & (pivots != 0)
    ):
        raise SingularMatrix("a pivot on the diagonal vanishes")
    lower = csc_array(tril(lu.L, -1))
    lower.sort_indices()
    return Factor(
        order, lower.indptr.astype(np.int64), lower.indices.astype(np.int64), lower.data, 1.0 / pivots, lu
    )

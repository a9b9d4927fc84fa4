"""Impedance matrices of lines: from sequence values, with and without the neutral; symmetrical components."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

ROTATION = np.exp(2j * np.pi / 3)
"""a of the symmetrical components (C. L. Fortescue, AIEE Trans. 37, 1918)."""
TO_PHASES = np.array([[1, 1, 1], [1, ROTATION**2, ROTATION], [1, ROTATION, ROTATION**2]])
"""Phases a, b, c of the zero, positive and negative sequence."""


def cyclic(positive: ArrayLike, zero: ArrayLike) -> Array:
    """Phase matrices (..., 3, 3) of a transposed line from its positive and zero sequence values.

    Self value (z0 + 2 z1) / 3, mutual value (z0 - z1) / 3; for impedances and admittances alike.
    """
    one, nought = np.asarray(positive, dtype=complex), np.asarray(zero, dtype=complex)
    mutual = ((nought - one) / 3)[..., None, None]
    return np.asarray(mutual + one[..., None, None] * np.eye(3))


def without_neutral(matrix: ArrayLike) -> Array:
    """Kron reduction: the (k, k) matrix without its last conductor, earthed at both ends.

    Exact for a neutral at earth potential all along (multi-earthed); not for one that is earthed at its head.
    """
    z = np.asarray(matrix, dtype=complex)
    return np.asarray(z[:-1, :-1] - np.outer(z[:-1, -1], z[-1, :-1]) / z[-1, -1])


def with_return(phase: ArrayLike, neutral: ArrayLike) -> Array:
    """Phase matrices (..., 3, 3) of a four-wire line whose neutral carries all that the phases do not balance.

    Self z_phase + z_neutral, mutual z_neutral, for conductors without coupling (loop values): voltages behind it are
    those from phase to neutral.  Exact in a tree whose neutral is earthed at its head only, with loads from phase to
    neutral or between phases; the network then has three conductors and no neutral nodes.
    """
    one = np.asarray(phase, dtype=complex)
    return cyclic(one, one + 3 * np.asarray(neutral, dtype=complex))


def sequences(phases: ArrayLike) -> Array:
    """Zero, positive and negative sequence (..., 3) of phase quantities (..., 3)."""
    return np.asarray(np.asarray(phases) @ np.linalg.inv(TO_PHASES).T)

"""What harmonic currents do to a transformer: loss factors, K-factor, permissible current."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

STRAY_EXPONENT = 0.8
"""Other stray losses grow as h^0.8 (IEEE Std C57.110-2018, as quoted)."""


def _with_fundamental(orders: ArrayLike, current: ArrayLike) -> tuple[Array, Array]:
    h, i = np.atleast_1d(np.asarray(orders, dtype=float)), np.abs(np.asarray(current, dtype=complex))
    if h.ndim != 1 or i.shape[-1:] != h.shape:
        raise ValueError(f"current has shape {i.shape}, expected (..., {h.size})")
    if not np.any(h == 1):
        raise ValueError("orders must include the fundamental, order 1")
    if not np.all(np.isfinite(i)):
        raise ValueError("current has a value that is not finite")
    return h, i


def loss_factor(orders: ArrayLike, current: ArrayLike) -> Array:
    """Harmonic loss factor of winding eddy currents, F_HL = sum h^2 I_h^2 / sum I_h^2 (IEEE Std C57.110). [-]

    Parameters
    ----------
    orders : (H,) with the fundamental.
    current : (..., H) magnitudes, in any unit.
    """
    return _moment(orders, current, 2.0)


def stray_loss_factor(orders: ArrayLike, current: ArrayLike) -> Array:
    """Harmonic loss factor of other stray losses, F_HL-STR = sum h^0.8 I_h^2 / sum I_h^2 (IEEE Std C57.110). [-]"""
    return _moment(orders, current, STRAY_EXPONENT)


def _moment(orders: ArrayLike, current: ArrayLike, power: float) -> Array:
    h, i = _with_fundamental(orders, current)
    total = (i**2).sum(axis=-1)
    return np.asarray(
        np.where(total > 0, (h**power * i**2).sum(axis=-1) / np.where(total > 0, total, 1.0), 1.0)
    )


def k_factor(orders: ArrayLike, current: ArrayLike, rated: ArrayLike) -> Array:
    """K of UL 1561 and UL 1562: sum h^2 (I_h / I_rated)^2, the eddy loss per that of rated sinusoidal current. [-]

    Parameters
    ----------
    current : (..., H) magnitudes. [A]
    rated : rated rms current. [A]
    """
    h, i = _with_fundamental(orders, current)
    base = np.asarray(rated, dtype=float)
    if np.any(~(base > 0)):
        raise ValueError("rated must be > 0")
    return np.asarray((h**2 * i**2).sum(axis=-1) / base**2)


def permissible_current(
    factor: ArrayLike, eddy_loss: ArrayLike, *, stray_factor: ArrayLike = 1.0, stray_loss: ArrayLike = 0.0
) -> Array:
    """Largest rms current at which the loss density is not above the rated one, per rated current (IEEE Std C57.110).

    Parameters
    ----------
    factor : F_HL of the current. [-]
    eddy_loss : eddy loss at rated current / I^2 R loss, P_EC-R at the hottest place: 0.05 to 0.15 for dry types. [-]
    stray_factor, stray_loss : F_HL-STR and other stray loss / I^2 R loss; liquid-filled types only. [-]

    Examples
    --------
    F_HL = 1 (no harmonics) gives 1.
    """
    f, e = np.asarray(factor, dtype=float), np.asarray(eddy_loss, dtype=float)
    g, s = np.asarray(stray_factor, dtype=float), np.asarray(stray_loss, dtype=float)
    if np.any(~(f >= 1)) or np.any(~(e >= 0)) or np.any(~(g >= 1)) or np.any(~(s >= 0)):
        raise ValueError("factors must be >= 1 and losses >= 0")
    return np.asarray(np.sqrt((1.0 + e + s) / (1.0 + f * e + g * s)))

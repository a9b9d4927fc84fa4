"""Crossflow with both streams unmixed: effectiveness by Mason's series, and its inverse.

Sources: J. L. Mason, "Heat transfer in cross-flow", Proc. 2nd US National Congress of Applied Mechanics, 1954,
pp. 801-803; for very large exchangers the equivalent sum of Bessel functions, B. S. Baclic, "A simplified formula
for cross-flow heat exchanger effectiveness", J. Heat Transfer 100 (1978) 746-747.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ive

Array = NDArray[np.float64]

SERIES_LIMIT = 100.0
"""Product of NTU and ratio up to which Mason's series is summed; Bessel functions beyond."""
LARGEST = 1e4
"""NTU at which larger exchangers are held: their effectiveness is within 0.006 of 1. [-]"""
_SMALLEST = 1e-12
_NEWTON_LIMIT = 60


def unmixed(n: Array, c: Array) -> Array:
    """Effectiveness [-] at NTU ``n`` and a ratio ``c`` above 0, arrays of one shape."""
    return _with_slope(n, c)[0]


def unmixed_transfer_units(e: Array, c: Array) -> Array:
    """NTU [-] at which the effectiveness is ``e`` (0 <= e < 1); held at :data:`LARGEST`.

    Newton's method on ``ln(1 - e)``, which is convex in NTU: from counterflow, which needs the least, it climbs to
    the root without a bracket.
    """
    gap, odds = 1.0 - c, e / (1.0 - e)
    n = np.where(gap * odds > 1e-300, np.log1p(gap * odds) / np.where(gap > 0.0, gap, 1.0), odds)
    n, target = np.minimum(n, LARGEST), np.log1p(-e)
    open_ = np.flatnonzero(e > 0.0)
    flat, goal, ratio = n.ravel().copy(), target.ravel(), c.ravel()
    for _ in range(_NEWTON_LIMIT):
        if not open_.size:
            break
        value, slope = _with_slope(flat[open_], ratio[open_])
        missing = np.maximum(1.0 - value, 1e-17)
        step = (np.log(missing) - goal[open_]) * missing / np.maximum(slope, 1e-300)
        before = flat[open_]
        flat[open_] = np.clip(before + step, 0.5 * before, np.minimum(2.0 * before + 1.0, LARGEST))
        open_ = open_[np.abs(flat[open_] - before) > 1e-13 * before]
    return flat.reshape(n.shape)


def _with_slope(n: Array, c: Array) -> tuple[Array, Array]:
    """Effectiveness and its derivative with NTU."""
    units, ratio = np.clip(n.ravel(), _SMALLEST, LARGEST), c.ravel()
    value, slope = np.empty(units.shape), np.empty(units.shape)
    small = units * ratio <= SERIES_LIMIT
    if small.any():
        value[small], slope[small] = _mason(units[small], ratio[small])
    if not small.all():
        value[~small], slope[~small] = _bessel(units[~small], ratio[~small])
    return np.where(n > _SMALLEST, value.reshape(n.shape), n), slope.reshape(n.shape)


def _mason(n: Array, c: Array) -> tuple[Array, Array]:
    """``1/(c n) sum_k P(k, n) P(k, c n)`` over k >= 1, with P the regularised incomplete gamma function.

    ``P(k + 1, x) = P(k, x) - e^-x x^k / k!`` is run upwards: its error is that of P(1, x), which the sum bears.
    """
    y = c * n
    top = float(y.max())
    wide, narrow = -np.expm1(-n), -np.expm1(-y)
    wide_step, narrow_step = np.exp(-n), np.exp(-y)  # the derivatives of P(k, x) as well
    total, slope = np.zeros(n.shape), np.zeros(n.shape)
    for k in range(1, int(np.ceil(top + 10.0 * np.sqrt(top + 1.0) + 25.0))):
        total += wide * narrow
        slope += wide_step * narrow + c * wide * narrow_step
        wide_step *= n / k
        narrow_step *= y / k
        wide -= wide_step
        narrow -= narrow_step
    value = total / y
    return value, slope / y - value / n


def _bessel(n: Array, c: Array) -> tuple[Array, Array]:
    """Baclic's sum with scaled Bessel functions, and its central difference."""
    step = 1e-5 * n
    below, value, above = (1.0 - _missing(x, c) for x in (n - step, n, n + step))
    return value, np.maximum((above - below) / (2.0 * step), 0.0)


def _missing(n: Array, c: Array) -> Array:
    root = np.sqrt(c)
    z = 2.0 * n * root
    orders = np.arange(2, int(np.ceil(9.0 * np.sqrt(float(z.max())) + 20.0))).reshape((-1,) + (1,) * n.ndim)
    rest = (root**orders * ive(orders, z)).sum(axis=0)
    inside = ive(0, z) + root * ive(1, z) - (1.0 - c) / c * rest
    return np.asarray(np.exp(-n * (1.0 - root) ** 2) * np.maximum(inside, 0.0))

"""Heat exchangers by effectiveness and number of transfer units (NTU): closed forms and their inverses.

``duty = effectiveness C_min (T_hot_in - T_cold_in)``, ``NTU = UA / C_min``, ``ratio = C_min / C_max``.
Source of all forms: W. M. Kays and A. L. London, "Compact Heat Exchangers", 3rd ed., 1984, chapter 2; also
F. P. Incropera et al., "Fundamentals of Heat and Mass Transfer", 7th ed., tables 11.3 and 11.4.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainc

Array = NDArray[np.float64]
Arrangement = Literal["counterflow", "parallel", "crossflow_unmixed", "shell_tube"]

FLOW_EXPONENT = 0.8
"""Power of the film coefficient with flow in turbulent tubes, F. W. Dittus and L. M. K. Boelter 1930
(reprinted in Int. Comm. Heat Mass Transfer 12 (1985) 3-22)."""


def effectiveness(ntu: ArrayLike, ratio: ArrayLike, *, arrangement: Arrangement = "counterflow") -> Array:
    """Share of the largest possible duty that is exchanged [-].

    Parameters
    ----------
    ntu : array_like
        Conductance over the smaller capacity rate, >= 0. [-]
    ratio : array_like
        Smaller over larger capacity rate, 0..1; 0 is a stream that boils, condenses or is very large. [-]
    arrangement : str
        ``crossflow_unmixed`` is Mason's series (exact), not the usual approximation; ``shell_tube`` has one
        shell pass and an even number of tube passes.

    Examples
    --------
    Balanced counterflow: ``NTU / (1 + NTU)``.

    >>> float(effectiveness(3.0, 1.0))
    0.75
    """
    n, c = np.broadcast_arrays(np.asarray(ntu, float), np.asarray(ratio, float))
    return np.where(c > 0.0, _FORMS[arrangement](n, c), -np.expm1(-n))


def transfer_units(effect: ArrayLike, ratio: ArrayLike, *, arrangement: Arrangement = "counterflow") -> Array:
    """NTU [-] that gives an effectiveness; infinite at or above the most the arrangement can reach."""
    e, c = np.broadcast_arrays(np.asarray(effect, float), np.asarray(ratio, float))
    low, high = np.zeros(e.shape), np.full(e.shape, 1e-3)
    for _ in range(40):
        short = effectiveness(high, c, arrangement=arrangement) < e
        if not short.any():
            break
        low, high = np.where(short, high, low), np.where(short, 2.0 * high, high)
    reachable = effectiveness(high, c, arrangement=arrangement) >= e
    for _ in range(100):
        middle = 0.5 * (low + high)
        short = effectiveness(middle, c, arrangement=arrangement) < e
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return np.where(e <= 0.0, 0.0, np.where(reachable & (e < 1.0), 0.5 * (low + high), np.inf))


def conductance_from_rating(
    duty: ArrayLike,
    hot_inlet: ArrayLike,
    cold_inlet: ArrayLike,
    capacity_rates: tuple[ArrayLike, ArrayLike],
    *,
    arrangement: Arrangement = "counterflow",
) -> Array:
    """Conductance UA [W/K] from a rating point; infinite if the point is beyond the second law.

    Parameters
    ----------
    duty : array_like
        Heat from hot to cold. [W]
    hot_inlet, cold_inlet : array_like
        Entering temperatures. [degC]
    capacity_rates : pair of array_like
        Flow times heat capacity of the hot and of the cold stream. [W/K]
    """
    hot, cold = (np.asarray(rate, float) for rate in capacity_rates)
    least, most = np.minimum(hot, cold), np.maximum(hot, cold)
    span = np.asarray(hot_inlet, float) - np.asarray(cold_inlet, float)
    effect = np.asarray(duty, float) / (least * span)
    return least * transfer_units(effect, least / most, arrangement=arrangement)


def scaled_conductance(
    rated: ArrayLike,
    hot_fraction: ArrayLike,
    cold_fraction: ArrayLike,
    *,
    hot_share: float = 0.5,
    exponent: float = FLOW_EXPONENT,
) -> Array:
    """Conductance UA [W/K] at other flows than rated.

    Film coefficients follow flow to the power ``exponent`` and act in series; the wall is left out.

    Parameters
    ----------
    rated : array_like
        Conductance at the rating point. [W/K]
    hot_fraction, cold_fraction : array_like
        Flow over rated flow of each stream. [-]
    hot_share : float
        Share of the rated thermal resistance on the hot side; 0.5 assumed (equal films). [-]
    """
    hot, cold = (np.maximum(np.asarray(f, float), 0.0) for f in (hot_fraction, cold_fraction))
    with np.errstate(divide="ignore"):
        resistance = hot_share * hot**-exponent + (1.0 - hot_share) * cold**-exponent
    return np.asarray(rated, float) / resistance


def _counterflow(n: Array, c: Array) -> Array:
    gap = 1.0 - c
    x = n * gap
    # (1 - e^-x) / (1 - c e^-x), with numerator and denominator over 1 - c so that c = 1 is regular
    share = np.where(x > 1e-300, -np.expm1(-x) / np.where(gap > 0.0, gap, 1.0), n)
    return share / (1.0 + c * share)


def _parallel(n: Array, c: Array) -> Array:
    return -np.expm1(-n * (1.0 + c)) / (1.0 + c)


def _shell_tube(n: Array, c: Array) -> Array:
    root = np.sqrt(1.0 + c * c)
    x = n * root
    decay = np.exp(-x)
    return 2.0 * (1.0 - decay) / ((1.0 + c) * (1.0 - decay) + root * (1.0 + decay))


def _crossflow_unmixed(n: Array, c: Array) -> Array:
    """Mason (1954): ``1/(c n) sum_k P(k+1, n) P(k+1, c n)`` with regularised incomplete gamma functions."""
    n_safe, c_safe = np.maximum(n, 1e-12), np.maximum(c, 1e-12)
    top = float(np.max(c * n, initial=0.0))
    terms = int(np.ceil(top + 10.0 * np.sqrt(top + 1.0) + 25.0))
    k = np.arange(1, min(terms, 2000) + 1).reshape((-1,) + (1,) * n.ndim)
    total = (gammainc(k, n_safe) * gammainc(k, c_safe * n_safe)).sum(axis=0)
    return np.where(n > 1e-12, total / (c_safe * n_safe), n)


_FORMS = {
    "counterflow": _counterflow,
    "parallel": _parallel,
    "crossflow_unmixed": _crossflow_unmixed,
    "shell_tube": _shell_tube,
}

"""Factors of IEC 60909-0:2016: c, K_T, K_G, kappa, mu, q, m, n.

Clause numbers are as quoted; the equations are checked by the worked example of IEC TR 60909-4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LOW_VOLTAGE = 1000.0
"""Highest nominal voltage of low-voltage networks, IEC 60909-0:2016 Table 1. [V]"""
COPPER = 0.004
"""Temperature coefficient of resistance of copper and aluminium, IEC 60909-0:2016 clause 7.1.2. [1/K]"""
EQUIVALENT_FREQUENCY = 0.4
"""f_c / f of method C: 20 Hz at 50 Hz, 24 Hz at 60 Hz, IEC 60909-0:2016 clause 8.1. [-]"""
MESHED = 1.15
"""Factor of method B, IEC 60909-0:2016 clause 8.1."""
KAPPA_LIMITS = (1.8, 2.0)
"""Largest 1.15 kappa of method B at low and at higher voltage, IEC 60909-0:2016 clause 8.1."""
RESISTIVE = 0.3
"""Method B needs no 1.15 where R/X of all branches is below this, IEC 60909-0:2016 clause 8.1."""


def voltage_factor(voltage: Array, case: str, tolerance: float) -> Array:
    """c of Table 1 by nominal voltage [V]; ``tolerance`` is 0.06 or 0.10 and matters up to 1 kV."""
    low = {"max": 1.05 if tolerance < 0.08 else 1.10, "min": 0.95 if tolerance < 0.08 else 0.90}
    high = {"max": 1.10, "min": 1.00}
    return np.where(voltage <= LOW_VOLTAGE, low[case], high[case])


def transformer_factor(reactance: Array, c_max: Array) -> Array:
    """K_T = 0.95 c_max / (1 + 0.6 x_T), clause 6.3.3; c_max of the network at the low-voltage side."""
    return np.asarray(0.95 * c_max / (1 + 0.6 * reactance))


def generator_factor(nominal: Array, rated: Array, c_max: Array, reactance: Array, sine: Array) -> Array:
    """K_G = U_n / U_rG  c_max / (1 + x''_d sin phi), clause 6.6.1; ``rated`` with 1 + p_G where it applies."""
    return np.asarray(nominal / rated * c_max / (1 + reactance * sine))


def kappa(r_over_x: Array) -> Array:
    """Peak factor 1.02 + 0.98 exp(-3 R/X), clause 8.1."""
    return np.asarray(1.02 + 0.98 * np.exp(-3 * r_over_x))


def fictitious_resistance(rating: Array, voltage: Array) -> Array:
    """R_Gf / X''_d of a generator for the peak current, clause 6.6.1: 0.05, 0.07 or 0.15."""
    return np.where(voltage <= LOW_VOLTAGE, 0.15, np.where(rating >= 100e6, 0.05, 0.07))


_MU_TIMES = np.array([0.02, 0.05, 0.10, 0.25])
_MU = np.array([[0.84, 0.26, 0.26], [0.71, 0.51, 0.30], [0.62, 0.72, 0.32], [0.56, 0.94, 0.38]])
_Q = np.array([[1.03, 0.12], [0.79, 0.12], [0.57, 0.12], [0.26, 0.10]])


def _between(time: float, rows: Array) -> Array:
    """Rows at the four times of the standard, interpolated linearly in time; constant outside."""
    time = float(np.clip(time, _MU_TIMES[0], _MU_TIMES[-1]))
    at = int(np.clip(np.searchsorted(_MU_TIMES, time) - 1, 0, 2))
    part = (time - _MU_TIMES[at]) / (_MU_TIMES[at + 1] - _MU_TIMES[at])
    return np.asarray(rows[at] * (1 - part) + rows[at + 1] * part)


def decay_factor(ratio: Array, time: float) -> Array:
    """mu of a machine by I_k''/I_r and minimum time delay [s], clause 9.1.1 (1 up to a ratio of 2)."""
    ratio = np.asarray(ratio, float)
    rows = np.stack([a + b * np.exp(-g * ratio) for a, b, g in _MU])
    return np.where(ratio <= 2, 1.0, np.minimum(_between(time, rows), 1.0))


def motor_decay_factor(pole_pair_power: Array, time: float) -> Array:
    """q of an asynchronous motor by rated power per pole pair [W] and time delay [s], clause 9.1.2; 0 .. 1."""
    megawatt = np.log(np.minimum(np.asarray(pole_pair_power, float), 1e12) / 1e6)
    rows = np.stack([a + b * megawatt for a, b in _Q])
    return np.clip(_between(time, rows), 0.0, 1.0)


def direct_heat_factor(kappa_value: Array, duration: Array, frequency: float) -> Array:
    """m: heat of the direct-current component, clause 14 and Annex A. [-]"""
    # kappa = 2 is a component that never decays: m = 2, the limit of the formula
    exponent = np.minimum(np.log(np.maximum(np.asarray(kappa_value, float) - 1, 1e-12)), -1e-9)
    span = 2 * frequency * np.asarray(duration, float)
    return np.asarray(np.expm1(2 * span * exponent) / (span * exponent))


def alternating_heat_factor(ratio: Array, duration: Array) -> Array:
    """n: heat of the alternating component that decays from I_k'' to I_k = I_k'' / ``ratio``, Annex A.

    The decay is (I_k'' - I_k') exp(-10 t / T'_d) + (I_k' - I_k) exp(-t / T'_d) + I_k with
    I_k'/I_k = r / (0.88 + 0.17 r) and T'_d = 3.1 s / (I_k'/I_k) (constants as quoted); r below 1.05 counts as 1.
    """
    ratio, duration = np.broadcast_arrays(np.asarray(ratio, float), np.asarray(duration, float))
    constant = ratio < 1.05
    ratio = np.where(constant, 1.05, ratio)
    transient = ratio / (0.88 + 0.17 * ratio)
    time = 3.1 / transient
    a, b = ratio - transient, transient - 1

    def part(rate: float) -> Array:
        """Integral of exp(-rate t / T'_d) over the duration, divided by the duration."""
        return np.asarray(time / (rate * duration) * -np.expm1(-rate * duration / time))

    square = 1 + a**2 * part(20) + b**2 * part(2) + 2 * a * part(10) + 2 * b * part(1) + 2 * a * b * part(11)
    return np.where(constant, 1.0, square / ratio**2)


def thermal_equivalent(
    initial: Array, kappa_value: Array, duration: Array, frequency: float, steady: Array | None = None
) -> Array:
    """I_th = I_k'' sqrt(m + n): the constant current with the same heat over ``duration`` [s], clause 14. [A]

    ``steady`` I_k makes n smaller than 1 near generators; left out, n = 1 (far from generators, or safe side).
    """
    initial = np.asarray(initial, float)
    ratio = np.ones_like(initial)
    if steady is not None:
        steady = np.asarray(steady, float)
        ratio = np.divide(initial, steady, out=ratio, where=steady > 0)
    m = direct_heat_factor(kappa_value, duration, frequency)
    return np.asarray(initial * np.sqrt(m + alternating_heat_factor(ratio, duration)))

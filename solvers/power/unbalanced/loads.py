"""What loads draw at a voltage: constant power, current and impedance in any mix."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.unbalanced.problem import UnbalancedProblem

Array = NDArray[Any]


def load_current(problem: UnbalancedProblem, power: Array, voltage: Array) -> Array:
    """Current through each load, a constant-current share at constant power factor. [A]

    Parameters
    ----------
    power : (..., L) complex power at the loads' own voltage. [VA]
    voltage : (..., L) complex voltage across each load, not 0 where ``power`` is not. [V]
    """
    current, impedance = problem.load_current_share, problem.load_impedance_share
    rated = problem.load_voltage
    voltage = np.where(power == 0, rated, voltage)  # what draws nothing may have no voltage
    drawn = (1.0 - current - impedance) / np.conj(voltage)
    if current.any():
        drawn = drawn + current / rated * voltage / np.abs(voltage)
    if impedance.any():
        drawn = drawn + impedance / rated**2 * voltage
    return np.asarray(np.conj(power) * drawn)


def load_slope(problem: UnbalancedProblem, power: Array, voltage: Array) -> tuple[Array, Array]:
    """Derivatives of :func:`load_current` by V and by its conjugate. [S]"""
    current, impedance = problem.load_current_share, problem.load_impedance_share
    rated = problem.load_voltage
    voltage = np.where(power == 0, rated, voltage)
    size = np.abs(voltage)
    direct = impedance / rated**2 + 0.5 * current / (rated * size)
    mirrored = -(1.0 - current - impedance) / np.conj(voltage) ** 2 - 0.5 * current * voltage**2 / (
        rated * size**3
    )
    factor = np.conj(power)
    return factor * direct, factor * mirrored

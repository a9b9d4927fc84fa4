"""Saturated air through a wetted fill: what it leaves with, and its equivalent heat capacity.

Merkel's theory lets one stream of saturated air stand for heat and vapour together; see :mod:`solvers.plant.tower`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers import psychrometrics

Array = NDArray[np.float64]

_MAGNUS = (17.27, 237.3)
"""Magnus' form of saturation pressure, for slopes only (within 1 % of the real one, so an error falls a hundredfold
per step)."""
_HOT = 4e5
"""Enthalpy of saturated air near 65 degC; above it the general inverse takes over. [J/kg]"""
_SETTLED = 1e-10
_LIMIT = 20
_TINY = 1e-9


def outlet(entry: Array, rise: Array, wet_bulb: Array, pressure: Array) -> Array:
    """Temperature of saturated air of enthalpy ``entry + rise`` that entered at ``wet_bulb``. [degC]

    The same as :func:`solvers.psychrometrics.saturated_temperature_at`, several times faster because it starts close and
    asks for the saturation pressure once a step.
    """
    target = entry + rise
    if target.size == 0 or np.max(target) > _HOT:
        return psychrometrics.saturated_temperature_at(target, pressure)
    temperature = wet_bulb + rise / (1000.0 + 800.0 * np.exp(0.05 * wet_bulb))
    for _ in range(_LIMIT):
        ratio = psychrometrics.saturation_humidity_ratio(temperature, pressure)
        latent = psychrometrics.EVAPORATION_HEAT + psychrometrics.VAPOUR_CAPACITY * temperature
        excess = psychrometrics.DRY_AIR_CAPACITY * temperature + ratio * latent - target
        step = excess / _slope(temperature, ratio, latent)
        temperature = np.minimum(temperature - step, 70.0)
        if np.max(np.abs(step)) < _SETTLED:
            break
    return temperature


def _slope(temperature: Array, ratio: Array, latent: Array) -> Array:
    """Enthalpy of saturated air per kelvin, nearly. [J/(kg K)]"""
    growth = _MAGNUS[0] * _MAGNUS[1] / (_MAGNUS[1] + temperature) ** 2
    vapour = ratio * (1.0 + ratio / psychrometrics.MASS_RATIO) * growth
    return psychrometrics.DRY_AIR_CAPACITY + ratio * psychrometrics.VAPOUR_CAPACITY + vapour * latent


def equivalent_capacity(rise: Array, leaving: Array, wet_bulb: Array) -> Array:
    """Enthalpy rise of saturated air per kelvin of wet bulb. [J/(kg K)]"""
    return rise / np.maximum(leaving - wet_bulb, _TINY)

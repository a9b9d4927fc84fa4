"""Pumps: hydraulic power over efficiencies, and the affinity laws.

Source: I. J. Karassik et al., "Pump Handbook", 4th ed., McGraw-Hill, 2008, chapter 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def power(
    flow: ArrayLike,
    rise: ArrayLike,
    density: ArrayLike,
    efficiency: ArrayLike,
    motor_efficiency: ArrayLike = 1.0,
    drive_efficiency: ArrayLike = 1.0,
) -> Array:
    """Electrical power of a pump. [W]

    ``flow`` [kg/s], ``rise`` [Pa] across the pump, ``density`` [kg/m3], efficiencies [0..1] at this point.
    All of it ends as heat in the coolant except what motor and drive lose to the room.

    1 kg/s of water through 100 kPa at 50 %: 0.2 kW.
    """
    hydraulic = np.asarray(flow, float) * np.asarray(rise, float) / np.asarray(density, float)
    chain = (
        np.asarray(efficiency, float)
        * np.asarray(motor_efficiency, float)
        * np.asarray(drive_efficiency, float)
    )
    return hydraulic / chain


def affinity(
    speed: ArrayLike, flow: ArrayLike, rise: ArrayLike, power: ArrayLike
) -> tuple[Array, Array, Array]:
    """Flow, pressure rise and shaft power at a speed ratio, from those at full speed (no static head)."""
    n = np.asarray(speed, float)
    return n * np.asarray(flow, float), n**2 * np.asarray(rise, float), n**3 * np.asarray(power, float)

"""Fans: the affinity laws, with a floor for what a variable-speed drive cannot go below.

At one fan and one duct, flow goes with speed, pressure with its square, power with its cube, and pressure and
power with air density (ASHRAE Handbook - HVAC Systems and Equipment, chapter "Fans").
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def power(
    flow: ArrayLike,
    rated_flow: ArrayLike,
    rated_power: ArrayLike,
    *,
    min_speed: ArrayLike = 0.0,
    density_ratio: ArrayLike = 1.0,
    standby: ArrayLike = 0.0,
) -> Array:
    """Electrical power of a fan at a volume flow by the cube law. [W]

    ``flow`` and ``rated_flow`` share any unit of volume flow.  Below ``min_speed`` (of rated, 0..1) the drive
    stays at that speed and a damper or cycling does the rest, so power stays too; at zero flow only
    ``standby`` [W] is drawn.  ``density_ratio`` is air density over that of the rating.  Motor and drive
    efficiency are taken as at the rating point.

    At half flow an eighth of the rated power.
    """
    ratio = np.asarray(flow, float) / np.asarray(rated_flow, float)
    speed = np.maximum(ratio, min_speed)
    running = np.asarray(rated_power, float) * np.asarray(density_ratio, float) * speed**3
    return np.where(ratio > 0.0, running, 0.0) + np.asarray(standby, float)


def pressure_power(
    volume_flow: ArrayLike, rise: ArrayLike, efficiency: ArrayLike, motor_efficiency: ArrayLike = 1.0
) -> Array:
    """Electrical power from volume flow [m3/s], pressure rise [Pa] and efficiencies [0..1]. [W]"""
    hydraulic = np.asarray(volume_flow, float) * np.asarray(rise, float)
    return hydraulic / (np.asarray(efficiency, float) * np.asarray(motor_efficiency, float))


def affinity(
    speed: ArrayLike, flow: ArrayLike, rise: ArrayLike, power: ArrayLike
) -> tuple[Array, Array, Array]:
    """Flow, pressure rise and power at a speed ratio, from those at full speed."""
    n = np.asarray(speed, float)
    return n * np.asarray(flow, float), n**2 * np.asarray(rise, float), n**3 * np.asarray(power, float)

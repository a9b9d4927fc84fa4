"""Fans: the affinity laws, with a floor for what a variable-speed drive cannot go below.

At one fan and one duct, flow goes with speed, pressure with its square, power with its cube, and pressure and
power with air density (ASHRAE Handbook - HVAC Systems and Equipment, chapter "Fans").
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers import checks

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
    through = checks.number("flow", flow, least=0.0, rounding=checks.ROUNDING)
    ratio = through / checks.number("rated_flow", rated_flow, above=0.0)
    least = checks.number("min_speed", min_speed, least=0.0, most=1.0)
    density = checks.number("density_ratio", density_ratio, above=0.0)
    full = checks.number("rated_power", rated_power, least=0.0) * density
    return cubed(ratio, full, least) + checks.number("standby", standby, least=0.0)


def cubed(share: Array, full: float | Array, min_speed: float | Array = 0.0) -> Array:
    """The work of :func:`power`, for loops that have looked at their arrays: power at a share of the rated flow. [W]"""
    return np.where(share > 0.0, full * np.maximum(share, min_speed) ** 3, 0.0)


def pressure_power(
    volume_flow: ArrayLike, rise: ArrayLike, efficiency: ArrayLike, motor_efficiency: ArrayLike = 1.0
) -> Array:
    """Electrical power from volume flow [m3/s], pressure rise [Pa] and efficiencies [0..1]. [W]"""
    flow = checks.number("volume_flow", volume_flow, least=0.0, rounding=checks.ROUNDING)
    chain = checks.number("efficiency", efficiency, above=0.0, most=1.0) * checks.number(
        "motor_efficiency", motor_efficiency, above=0.0, most=1.0
    )
    return flow * checks.number("rise", rise, least=0.0, rounding=checks.ROUNDING) / chain


def affinity(
    speed: ArrayLike, flow: ArrayLike, rise: ArrayLike, power: ArrayLike
) -> tuple[Array, Array, Array]:
    """Flow, pressure rise and power at a speed ratio, from those at full speed."""
    n = checks.number("speed", speed, least=0.0)
    q, h, p = (checks.number(k, v) for k, v in (("flow", flow), ("rise", rise), ("power", power)))
    return n * q, n**2 * h, n**3 * p

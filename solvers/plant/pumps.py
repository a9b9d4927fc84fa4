"""Pumps: hydraulic power over efficiencies, efficiency away from the best point, and the affinity laws.

References
----------
.. [1] I. J. Karassik et al., "Pump Handbook", 4th ed., McGraw-Hill, 2008, chapter 2.
.. [2] H. Fu, D. Blum and M. Wetter, "Fan and Pump Efficiency in Modelica based on the Euler Number", American
   Modelica Conference, 2022; coefficients as in the Modelica Buildings library, ``Euler/correlation.mo`` (BSD-3),
   which has them from the EnergyPlus Engineering Reference, "Component Model Fan".
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial.polynomial import polyval
from numpy.typing import ArrayLike, NDArray

from solvers import checks

Array = NDArray[np.float64]

_EULER_LOW = (1.407887300933, 1.433531254001, 0.493231336746, 0.05687322707407)
_EULER_MIDDLE = (1.01426507307139, -0.060614519563716, -0.75988502317361, 0.37824577860088)
_EULER_HIGH = (1.13993003013131, -0.65997315029278, 0.12957001502368, -8.5494313567465e-3)
_EULER_BEST = 1.01545
_LEAST = 0.002
"""Lowest share of the best efficiency; the correlation is not read below it [2]_."""


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
    q = checks.number("flow", flow, least=0.0, rounding=checks.ROUNDING)
    h = checks.number("rise", rise, least=0.0, rounding=checks.ROUNDING)
    hydraulic = q * h / checks.number("density", density, above=0.0)
    for name, share in (
        ("efficiency", efficiency), ("motor_efficiency", motor_efficiency), ("drive_efficiency", drive_efficiency),
    ):  # fmt: skip
        hydraulic = hydraulic / checks.number(name, share, above=0.0, most=1.0, rounding=checks.ROUNDING)
    return hydraulic


def relative_efficiency(flow: ArrayLike, rise: ArrayLike) -> Array:
    """Efficiency over that of the best point, for any speed. [0..1]

    ``flow`` and ``rise`` are over those of the best point at full speed; the Euler number of a point,
    ``rise / flow^2``, does not change along an affinity parabola, so neither does the efficiency [2]_.
    Cubic in the logarithm of the Euler number over its best; at half the best flow of a flat curve 0.77.
    """
    q, h = checks.number("flow", flow), checks.number("rise", rise)
    running = (q > 0.0) & (h > 0.0)
    x = np.log10(np.where(running, h, 1.0) / np.where(running, q, 1.0) ** 2)
    share = np.where(
        x < -0.5,
        polyval(x, _EULER_LOW),
        np.where(x > 0.5, polyval(x, _EULER_HIGH), polyval(x, _EULER_MIDDLE)),
    )
    return np.where(running, np.maximum(share / _EULER_BEST, _LEAST), _LEAST)


def shaft_power(
    flow: ArrayLike,
    rise: ArrayLike,
    density: ArrayLike,
    *,
    duty_flow: float,
    duty_rise: float,
    efficiency: float,
) -> Array:
    """Power at the shaft of a pump whose duty point is its best point, at any speed. [W]

    ``flow`` and ``duty_flow`` [kg/s], ``rise`` and ``duty_rise`` [Pa], ``density`` [kg/m3]; ``efficiency`` is that at the
    duty point, which falls by :func:`relative_efficiency` away from its affinity parabola.  No flow, or no rise: 0.
    """
    through, lifted = checks.number("flow", flow), checks.number("rise", rise)
    q = through / checks.number("duty_flow", duty_flow, above=0.0)
    h = lifted / checks.number("duty_rise", duty_rise, above=0.0)
    best = checks.number("efficiency", efficiency, above=0.0, most=1.0)
    share = best * relative_efficiency(q, h) / relative_efficiency(1.0, 1.0)
    return power(np.maximum(through, 0.0), np.maximum(lifted, 0.0), density, np.minimum(share, 1.0))


def affinity(
    speed: ArrayLike, flow: ArrayLike, rise: ArrayLike, power: ArrayLike
) -> tuple[Array, Array, Array]:
    """Flow, pressure rise and shaft power at a speed ratio, from those at full speed (no static head)."""
    n = checks.number("speed", speed, least=0.0)
    q, h, p = (checks.number(k, v) for k, v in (("flow", flow), ("rise", rise), ("power", power)))
    return n * q, n**2 * h, n**3 * p

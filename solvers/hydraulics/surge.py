"""Pressure surge when a valve closes or a pump stops: Joukowsky for fast, Michaud for slow closure.

The largest rise of a single pipe with a reservoir at the other end; reflections from branches lower it, line packing
and column separation may raise it.  A screening for which pipes deserve a method-of-characteristics study.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Surge:
    """Rise of pressure, arrays broadcast together."""

    wave_speed: Array
    """[m/s]"""
    period: Array
    """Time in which the first reflection is back, 2 L / a [s]."""
    rise: Array
    """Largest rise above the steady pressure [Pa]."""
    fast: NDArray[np.bool_]
    """Closure within the period: the full Joukowsky rise."""


def wave_speed(
    density: ArrayLike, bulk_modulus: ArrayLike, diameter: ArrayLike, wall: ArrayLike, elasticity: ArrayLike,
    *, poisson: float = 0.3, support: Literal["anchored", "upstream", "free"] = "anchored",
) -> Array:  # fmt: skip
    """Speed of pressure waves in a thin-walled elastic pipe full of liquid without gas [m/s].

    ``a^2 = (K / rho) / (1 + K D c / (E e))`` with inner diameter D and wall e; c = 1 - nu^2 anchored along its length,
    1.25 - nu anchored at one end, 1 with expansion joints (Wylie and Streeter, Fluid Transients, chapter 1, as quoted).
    """
    given = {
        "density": density, "bulk_modulus": bulk_modulus, "diameter": diameter, "wall": wall, "elasticity": elasticity,
    }  # fmt: skip
    rho, bulk, d, e, young = checks.together(
        **{name: checks.number(name, value, above=0.0) for name, value in given.items()}
    )
    checks.number("poisson", poisson, least=0.0, most=0.5)
    restraints = {"anchored": 1.0 - poisson**2, "upstream": 1.25 - poisson, "free": 1.0}
    checks.choice("support", support, restraints)
    restraint = restraints[support]
    return np.sqrt(bulk / rho / (1.0 + bulk * d * restraint / (young * e)))


def closure(
    velocity: ArrayLike, length: ArrayLike, closing_time: ArrayLike, *, density: ArrayLike, speed: ArrayLike
) -> Surge:
    """Rise when a flow of ``velocity`` [m/s] in a pipe of ``length`` [m] is stopped within ``closing_time`` [s].

    Joukowsky ``rho a v`` if the valve is shut before the reflection is back (2 L / a); after Michaud ``2 rho L v / t``
    for a uniform deceleration otherwise, which meets it at t = 2 L / a.  A valve stops most of the flow in the last
    part of its travel: use that part as closing time.  Speed: :func:`wave_speed`.

    Examples
    --------
    >>> round(float(closure(1.5, 100.0, 0.0, density=1000.0, speed=1200.0).rise) / 1e5, 3)
    18.0
    """
    v, run, time, rho, a = checks.together(
        velocity=checks.number("velocity", velocity, least=0.0),
        length=checks.number("length", length, least=0.0),
        closing_time=checks.number("closing_time", closing_time, least=0.0),
        density=checks.number("density", density, above=0.0),
        speed=checks.number("speed", speed, above=0.0),
    )
    period = 2.0 * run / a
    fast = time <= period
    share = np.where(fast, 1.0, np.divide(period, np.where(fast, 1.0, time)))
    return Surge(*np.broadcast_arrays(a, period, rho * a * v * share, fast))

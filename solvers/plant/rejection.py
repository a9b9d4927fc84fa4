"""What every machine that rejects heat to the outdoor air answers, and how its fan is modulated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CEILING = 150.0
"""Coolant temperature reported where heat has no way out (no flow). [degC] Assumed."""
_LIMIT = 80
_SETTLED = 1e-12


@dataclass(frozen=True)
class Rejection:
    """State of one unit in every scenario; arrays of one common shape."""

    leaving: Array
    """Coolant leaving the unit. [degC]"""
    power: Array
    """Fans, at the meter of the unit. [W]"""
    water: Array
    """Make-up water drawn. [kg/s]"""
    saturated: Mask
    """Set point not held with the fans at full speed."""
    heat: Array
    """Heat given to the outdoor air. [W]"""
    entering: Array
    """Coolant entering the unit. [degC]"""
    speed: Array
    """Fan speed over rated; below the minimum speed, that times the share of time it is run. [-]"""
    in_range: Mask
    """Whether every correlation was used inside its range."""


def find_root(
    function: Callable[[Array], Array], low: Array, high: Array, *, settled: float = _SETTLED
) -> Array:
    """Root of an elementwise function that changes sign once between ``low`` and ``high``.

    Inverse quadratic interpolation where it is safe, else bisection [1]_; every element ends within a
    relative ``settled`` of its bracket or after 80 evaluations.  An element without a change of sign ends at some
    point inside.

    References
    ----------
    .. [1] T. R. Chandrupatla, "A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear
       function without using derivatives", Advances in Engineering Software 28, 1997, pp. 145-149.
    """
    near, far = np.array(low, float), np.array(high, float)
    near_value, far_value = function(near), function(far)
    tolerance = settled * np.abs(far - near) + np.finfo(float).tiny
    share = np.full(near.shape, 0.5)
    best = near
    for _ in range(_LIMIT):
        point = near + share * (far - near)
        value = function(point)
        kept = np.sign(value) == np.sign(near_value)
        old, old_value = np.where(kept, near, far), np.where(kept, near_value, far_value)
        far, far_value = np.where(kept, far, near), np.where(kept, far_value, near_value)
        near, near_value = point, value
        best = np.where(np.abs(near_value) < np.abs(far_value), near, far)
        least = tolerance / np.maximum(np.abs(far - near), np.finfo(float).tiny)
        done = (least > 0.5) | (near_value == 0.0) | (far_value == 0.0)
        if done.all():
            break
        share = np.where(done, 0.0, _next_share(near, far, old, near_value, far_value, old_value))
        share = np.where(done, 0.0, np.clip(share, np.minimum(least, 0.5), 1.0 - np.minimum(least, 0.5)))
    return best


def _next_share(near: Array, far: Array, old: Array, f_near: Array, f_far: Array, f_old: Array) -> Array:
    """Where to look next between ``near`` (0) and ``far`` (1), by Chandrupatla's criterion."""

    def over(above: Array, below: Array) -> Array:
        return above / np.where(below == 0.0, np.inf, below)

    place = over(near - far, old - far)
    level = over(f_near - f_far, f_old - f_far)
    smooth = (level**2 < place) & ((1.0 - level) ** 2 < 1.0 - place)
    curve = over(f_near, f_far - f_near) * over(f_old, f_far - f_old)
    curve += over(old - near, far - near) * over(f_near, f_old - f_near) * over(f_far, f_old - f_far)
    return np.where(smooth, curve, 0.5)


@dataclass(frozen=True)
class Stepping:
    """Answer of :func:`step`: two neighbouring fan steps and the share of time at the upper one."""

    lower: Array
    """Air-flow fraction of the lower step. [0..1]"""
    upper: Array
    """Air-flow fraction of the upper step. [0..1]"""
    share: Array
    """Time at the upper step. [0..1]"""
    leaving: Array
    """Mean leaving temperature. [degC]"""
    lost: Mask
    """Set point not held at the top step."""


def step(
    leaving_at: Callable[[Array], Array], setpoint: Array, free: float, steps: tuple[float, ...]
) -> Stepping:
    """Hold a set point on average by cycling between the two fan steps around it.

    ``steps`` are air-flow fractions of the fans' speeds, rising, the last 1 for full; below the first the fans
    rest at ``free``.  Arguments otherwise as :func:`modulate`.
    """
    levels = (free, *steps)
    at = [leaving_at(np.full(setpoint.shape, x)) for x in levels]
    lower, upper = np.full(setpoint.shape, free), np.full(setpoint.shape, free)
    share = np.zeros(setpoint.shape)
    for low, high, warm, cold in zip(levels, levels[1:], at, at[1:], strict=False):
        needed = warm > setpoint
        span = np.where(warm > cold, warm - cold, 1.0)
        lower, upper = np.where(needed, low, lower), np.where(needed, high, upper)
        share = np.where(needed, np.clip((warm - setpoint) / span, 0.0, 1.0), share)
    lost = at[-1] > setpoint + 1e-6
    return Stepping(lower, upper, share, np.where(lost, at[-1], setpoint), lost)


def modulate(
    leaving_at: Callable[[Array], Array],
    setpoint: Array,
    free: float,
    minimum: float,
    *,
    search: Callable[[Mask], Array] | None = None,
) -> tuple[Array, Array, Array, Mask]:
    """Least fan speed that holds a set point.

    ``leaving_at`` gives the leaving temperature at an air-flow fraction and falls as it grows; ``free`` is
    the air-flow fraction with the fans at rest; ``search`` a quicker way to the air-flow fraction of those elements
    whose fans modulate.  Returns the air-flow fraction, the share of time the fans run, the leaving temperature
    and whether the set point is lost.

    Four regimes: fans at rest and a bypass valve holding the set point; fans cycling between rest and minimum
    speed; modulating; full speed with the set point lost.
    """
    rest, least, full = (leaving_at(np.full(setpoint.shape, x)) for x in (free, minimum, 1.0))
    idle = rest <= setpoint
    lost = full > setpoint + 1e-6  # K; a unit at its rating point is not lost to rounding
    cycling = ~idle & (least <= setpoint)
    between = ~idle & ~cycling & ~lost
    low = np.where(between, minimum, 1.0)
    flow = np.ones(setpoint.shape)
    if search is not None and between.any():
        flow[between] = search(between)
    elif between.any():

        def excess(fraction: Array) -> Array:
            return np.where(between, leaving_at(fraction) - setpoint, 0.0)

        flow = np.where(between, find_root(excess, low, np.ones(setpoint.shape)), 1.0)
    flow = np.where(idle, free, np.where(cycling, minimum, flow))
    span = np.where(cycling, rest - least, 1.0)
    duty_cycle = np.where(idle, 0.0, np.where(cycling, (rest - setpoint) / span, 1.0))
    leaving = np.where(lost, full, setpoint)
    return flow, duty_cycle, leaving, lost

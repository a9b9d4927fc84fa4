"""Closed forms beside the transient: ride-through, a pump that runs down, a restart, a room that warms up."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

RUN_DOWN_END = 0.02
"""Speed at which bearing and seal friction, left out of the closed form, have stopped a pump [-]; assumed."""
STEEL_HEAT = 480.0
"""Specific heat capacity of carbon steel near 20 degC, as quoted in handbooks [J/(kg K)]."""
COPPER_HEAT = 385.0
"""Specific heat capacity of copper near 20 degC, as quoted in handbooks [J/(kg K)]."""


def ride_through(
    volumes: ArrayLike, metal: ArrayLike, rise: ArrayLike, heat: ArrayLike, *, volumetric_heat: ArrayLike
) -> Array:
    """Time until a loop without cooling is warmer by `rise`, ``t = sum(C) rise / heat``. [s]

    Parameters
    ----------
    volumes : (..., V) array_like
        Volumes of fluid that follow the temperature. [m3]
    metal : (..., V) array_like or 0
        Heat capacities of the metal beside them: mass times :data:`STEEL_HEAT` and the like. [J/K]
    rise : array_like
        Temperature rise that is left. [K]
    heat : array_like
        Heat that keeps coming, > 0. [W]
    volumetric_heat : array_like
        Density times heat capacity of the fluid. [J/(m3 K)]

    Notes
    -----
    All of it takes part at once, so the pumps run on; a stopped loop is a matter of seconds at the cold plate.

    Examples
    --------
    1,500 L of PG25 and 10 K at 2 MW: 30 s.

    >>> round(float(ride_through([1.5], 0.0, 10.0, 2e6, volumetric_heat=1007.2 * 3981.0)), 1)
    30.1
    """
    power = np.asarray(heat, float)
    if not (power > 0.0).all():
        raise ValueError("heat must be > 0")
    capacity = np.asarray(volumes, float) * np.asarray(volumetric_heat, float) + np.asarray(metal, float)
    return np.asarray(capacity.sum(axis=-1) * np.asarray(rise, float) / power)


def run_down_time(inertia: ArrayLike, speed: ArrayLike, power: ArrayLike) -> Array:
    """Time in which a pump without drive falls to half its speed, ``T = I w^2 / P``. [s]

    Parameters
    ----------
    inertia : array_like
        Moment of inertia of impeller, shaft, motor and entrained fluid. [kg m2]
    speed : array_like
        Rotation before the loss. [rad/s]
    power : array_like
        Shaft power before the loss. [W]
    """
    return np.asarray(inertia, float) * np.asarray(speed, float) ** 2 / np.asarray(power, float)


def inertia(power: ArrayLike, speed: ArrayLike) -> Array:
    """Moment of inertia of a pump and its motor from their rating, where no data sheet tells it. [kg m2]

    Parameters
    ----------
    power : array_like
        Shaft power at the best point. [W]
    speed : array_like
        Rated rotation. [rad/s]

    Notes
    -----
    ``1.5e7 (P/N^3)^0.9556`` for the impeller with its fluid and ``118 (P/N)^1.48`` for the motor, P in kW and N
    in revolutions per minute: A. R. D. Thorley, "Fluid Transients in Pipeline Systems", 2nd ed., 2004, as quoted.
    Regressions with a wide scatter: a factor of two either way is possible.
    """
    kilowatt = np.asarray(power, float) / 1e3
    turns = np.asarray(speed, float) * 30.0 / np.pi
    return 1.5e7 * (kilowatt / turns**3) ** 0.9556 + 118.0 * (kilowatt / turns) ** 1.48


def coast_down(time: ArrayLike, half_time: ArrayLike, *, lost_at: ArrayLike = 0.0) -> Array:
    """Speed of a pump after its drive lost power, over that before; flow follows it in a loop of pure friction. [-]

    Parameters
    ----------
    time : array_like
        When. [s]
    half_time : array_like
        From :func:`run_down_time`. [s]
    lost_at : array_like
        When power was lost; before, the speed is 1. [s]

    Notes
    -----
    With the affinity laws the torque follows the square of speed, so ``I dw/dt = -P0/w0 (w/w0)^2`` and
    ``n = 1/(1 + t/T)``.  The fluid's own inertia is left out (it prolongs the flow), as are check valves that
    close when other pumps run on (they end it); below :data:`RUN_DOWN_END` the pump is taken as stopped.
    """
    after = np.maximum(np.asarray(time, float) - np.asarray(lost_at, float), 0.0)
    speed = 1.0 / (1.0 + after / np.asarray(half_time, float))
    return np.where(speed > RUN_DOWN_END, speed, 0.0)


def coast_down_signal(half_time: float, *, lost_at: float = 0.0, points: int = 12) -> tuple[Array, Array]:
    """Times and speeds of a run-down as a signal: a straight-line table of :func:`coast_down`. [s], [-]

    Points lie at equal ratios r of speed, so the table is nowhere more than ``(r - 1)^2 / (4 r)`` of the speed too
    high: 3.2 % with 12 points down to 2 %.
    """
    speed = np.geomspace(1.0, RUN_DOWN_END, points)
    time = lost_at + half_time * (1.0 / speed - 1.0)
    return np.append(time, time[-1]), np.append(speed, 0.0)


def restart(time: ArrayLike, begins_at: ArrayLike, ramp: ArrayLike) -> Array:
    """Share of capacity or speed of a machine that restarts, 0 before and a straight ramp to 1. [-]

    Parameters
    ----------
    begins_at : array_like
        When it begins to deliver: detection, generator start and restart delay are over. [s]
    ramp : array_like
        Length of the ramp; a chiller loads over minutes, a pump on a drive over seconds. [s]
    """
    part = (np.asarray(time, float) - np.asarray(begins_at, float)) / np.maximum(
        np.asarray(ramp, float), 1e-9
    )
    return np.clip(part, 0.0, 1.0)


def room_rise(
    time: ArrayLike, heat: ArrayLike, air: ArrayLike, mass: ArrayLike, conductance: ArrayLike
) -> tuple[Array, Array]:
    """Rise of room air, and of racks and structure, after all cooling was lost. [K]

    Parameters
    ----------
    time : array_like
        Since the loss. [s]
    heat : array_like
        Heat into the air. [W]
    air, mass : array_like
        Heat capacities. [J/K]
    conductance : array_like
        Film coefficient times surface between them. [W/K]

    Notes
    -----
    Two lumped capacities: the air begins to warm at ``heat/air``, and the rate decays with the time constant
    ``tau = air mass / ((air + mass) conductance)`` to ``heat/(air + mass)``, the lowest a room can have.
    The form is that of K. Khankari, "Rate of heating analysis of data centers during power shutdown", ASHRAE
    Transactions 117 (2011) part 1, LV-11-C026 (abstract read; equations derived here).
    """
    t, q = np.asarray(time, float), np.asarray(heat, float)
    a, m, g = (np.asarray(x, float) for x in (air, mass, conductance))
    tau = a * m / ((a + m) * g)
    common = q * t / (a + m)
    apart = q * m / (a + m) / g * -np.expm1(-t / tau)  # difference of the two temperatures
    return common + apart * m / (a + m), common - apart * a / (a + m)

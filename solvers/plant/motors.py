"""Motors and variable-speed drives at part load: what a shaft's power costs at the meter.

References
----------
.. [1] U.S. Department of Energy, "Determining Electric Motor Load and Efficiency", DOE/GO-10097-517, figure 1;
   points as read off by the Modelica Buildings library, ``Characteristics/motorEfficiencyCurve.mo`` (BSD-3).
.. [2] U.S. Department of Energy, Motor Systems Tip Sheet 11, "Adjustable Speed Drive Part-Load Efficiency", 2012;
   as quoted, the sheet itself was not reopened.
.. [3] U.S. 10 CFR 431 subpart Y, appendix A, "Uniform Test Method for the Measurement of Energy Consumption of Pumps",
   losses of motor and continuous control at part load, by size; coefficients as quoted, the table was not reopened.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers import checks

Array = NDArray[np.float64]

_MOTOR_SIZE = (0.7e3, 2.5e3, 7.5e3, 15e3, 35e3, 70e3)
"""Rated power of the classes of [1]_. [W]"""
_MOTOR_LOAD = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
_MOTOR_SHARE = (
    (0.0, 0.3198, 0.5517, 0.7165, 0.8170, 0.9064, 0.9569, 1.0),
    (0.0, 0.3299, 0.6133, 0.8042, 0.9225, 1.0, 1.0, 1.0),
    (0.0, 0.4580, 0.7527, 0.8866, 0.9502, 1.0, 1.0, 1.0),
    (0.0, 0.5761, 0.8432, 0.9369, 0.9803, 1.0, 1.0, 1.0),
    (0.0, 0.6440, 0.9035, 0.9570, 1.0, 1.0, 1.0, 1.0),
    (0.0, 0.7244, 0.9625, 0.9871, 1.0, 1.0, 1.0, 1.0),
)
"""Efficiency over that at full load, class by class [1]_."""
_DRIVE_SIZE = (3.7e3, 7.5e3, 15e3, 22e3, 37e3, 45e3, 56e3, 75e3, 149e3)
"""Rated power of the classes of [2]_: 5, 10, 20, 30, 50, 60, 75, 100 and 200 hp. [W]"""
_DRIVE_LOAD = (0.016, 0.125, 0.25, 0.42, 0.5, 0.75, 1.0)
_DRIVE_EFFICIENCY = (
    (0.35, 0.80, 0.88, 0.91, 0.92, 0.94, 0.95),
    (0.41, 0.83, 0.90, 0.93, 0.94, 0.95, 0.96),
    (0.47, 0.86, 0.93, 0.94, 0.95, 0.96, 0.97),
    (0.50, 0.88, 0.93, 0.95, 0.95, 0.96, 0.97),
    (0.46, 0.86, 0.92, 0.95, 0.95, 0.96, 0.97),
    (0.51, 0.87, 0.92, 0.95, 0.95, 0.96, 0.97),
    (0.47, 0.86, 0.93, 0.95, 0.96, 0.97, 0.97),
    (0.55, 0.89, 0.94, 0.95, 0.96, 0.97, 0.97),
    (0.61, 0.91, 0.95, 0.96, 0.96, 0.97, 0.97),
)
_HORSEPOWER = 745.7
_PUMP_SIZE = (5.0 * _HORSEPOWER, 20.0 * _HORSEPOWER, 50.0 * _HORSEPOWER)
"""Upper ends of all but the last class of [3]_. [W]"""
_PUMP_LOSS = (
    (0.5303, 1.4965, -0.4658),
    (0.1052, 2.9551, -1.3198),
    (0.1847, 3.0777, -1.5122),
    (0.2625, 2.8846, -0.8914),
)
"""Losses of motor and drive over those of the motor at full load: a constant, one with load and one with its square [3]_."""
_LEAST = 1e-3
"""Lowest efficiency read off a curve that starts at the origin; keeps losses finite."""


def motor_efficiency(load: ArrayLike, rated_power: float, *, best: float = 0.95) -> Array:
    """Shaft power over electrical power of an induction motor. [0..1]

    ``load`` is shaft power over rated [0..1, above 1 held]; ``rated_power`` [W] picks the size class of [1]_, between
    classes by straight lines; ``best`` is the efficiency at full load (IE3 of some 30 kW reaches 0.93 .. 0.95).
    """
    _check(rated_power)
    top = checks.number("best", best, above=0.0, most=1.0)
    share = _between(rated_power, _MOTOR_SIZE, _MOTOR_SHARE)
    return np.maximum(top * np.interp(_load(load), _MOTOR_LOAD, share), _LEAST)


def drive_efficiency(load: ArrayLike, rated_power: float) -> Array:
    """Output over input of a variable-frequency drive at a share of its rated output [2]_. [0..1]"""
    _check(rated_power)
    curve = _between(rated_power, _DRIVE_SIZE, _DRIVE_EFFICIENCY)
    points = np.concatenate(([0.0], _DRIVE_LOAD))
    return np.maximum(np.interp(_load(load), points, np.concatenate(([0.0], curve))), _LEAST)


def electrical_power(
    shaft_power: ArrayLike, rated_power: float, *, best: float = 0.95, drive: bool = True
) -> Array:
    """Electrical power of a driven shaft; zero at rest. [W]

    ``shaft_power`` [W]; ``rated_power`` is the motor's rated shaft power [W]; with ``drive`` a frequency converter of
    the motor's size feeds it.
    """
    _check(rated_power)
    shaft = checks.number("shaft_power", shaft_power, least=0.0, rounding=checks.ROUNDING)
    motor = shaft / motor_efficiency(shaft / rated_power, rated_power, best=best)
    if not drive:
        return np.asarray(motor)
    size = rated_power / best
    return np.asarray(motor / drive_efficiency(motor / size, size))


def pump_drive_loss(load: ArrayLike, rated_power: float) -> Array:
    """Losses of a pump's motor and drive at varied speed, over those of both at full load [3]_. [-]

    ``load`` is shaft power over rated [0..1; beyond, losses grow with its square]; ``rated_power`` [W] picks the size class.
    Unlike the product of :func:`motor_efficiency` and :func:`drive_efficiency`, which belong to constant speed and torque,
    the law is that of a pump slowed down: 0.44 of the losses of a 3 kW drive are left at 0.11 of its load.
    """
    _check(rated_power)
    constant, linear, square = _PUMP_LOSS[int(np.searchsorted(_PUMP_SIZE, rated_power))]
    x = _load(load)
    held = np.minimum(x, 1.0)
    whole = constant + linear + square
    loss = (constant + held * (linear + held * square)) / whole
    return np.asarray(np.where(x > 0.0, loss * np.maximum(x, 1.0) ** 2, 0.0))


def _between(size: float, sizes: tuple[float, ...], table: tuple[tuple[float, ...], ...]) -> Array:
    """Row of a table at a size between its classes; beyond them the nearest class."""
    columns = np.asarray(table).T
    return np.array([np.interp(size, sizes, column) for column in columns])


def _check(rated_power: float) -> None:
    checks.number("rated_power", rated_power, above=0.0)


def _load(load: ArrayLike) -> Array:
    return checks.number("load", load, least=0.0, rounding=checks.ROUNDING)

"""Design days of a climate year: the values that are exceeded in few hours, and the day that goes with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers import psychrometrics
from twin.climate.year import HOURS, Array, WeatherYear

DAILY_RANGE_FRACTION = np.array(
    [0.88, 0.92, 0.95, 0.98, 1.00, 0.98, 0.91, 0.74, 0.55, 0.38, 0.23, 0.13,
     0.05, 0.00, 0.00, 0.06, 0.14, 0.24, 0.39, 0.50, 0.59, 0.68, 0.75, 0.82]
)  # fmt: skip
"""How far below the maximum of the day every hour is, as a share of the daily range; hours 1 .. 24 of ASHRAE Handbook -
Fundamentals (2021), chapter 14, table 6 (as quoted)."""
DAILY_RANGE_FRACTION.setflags(write=False)
BIN = 1.0
"""Half-width of the band of hours whose mean is called coincident; assumed: with 35 design hours a narrower band
rests on a handful of them. [K]"""


@dataclass(frozen=True)
class DesignDay:
    """One design condition."""

    name: str
    """For example ``cooling 0.4 %``."""
    frequency: float
    """Share of the hours of a year beyond the condition. [-]"""
    dry_bulb: float
    """[degC]"""
    wet_bulb: float
    """[degC]"""
    pressure: float
    """Mean of the year. [Pa]"""
    dry_bulb_profile: Array
    """Hour by hour from midnight, shape (24,). [degC]"""
    wet_bulb_profile: Array
    """At constant humidity ratio, or saturated, shape (24,). [degC]"""

    @property
    def humidity_ratio_profile(self) -> Array:
        """Shape (24,). [kg/kg]"""
        return psychrometrics.humidity_ratio_from_wet_bulb(
            self.dry_bulb_profile, self.wet_bulb_profile, self.pressure
        )


@dataclass(frozen=True)
class DesignDays:
    """Design conditions of a year, as ASHRAE names them."""

    cooling: tuple[DesignDay, DesignDay, DesignDay]
    """Dry bulb exceeded in 0.4, 1 and 2 % of the hours, with the mean coincident wet bulb."""
    evaporation: tuple[DesignDay, DesignDay, DesignDay]
    """Wet bulb exceeded in 0.4, 1 and 2 % of the hours, with the mean coincident dry bulb."""
    heating: tuple[DesignDay, DesignDay]
    """Dry bulb exceeded in 99.6 and 99 % of the hours."""
    daily_range: float
    """Mean daily range of the dry bulb in the warmest month. [K]"""
    highest_dry_bulb: float
    lowest_dry_bulb: float
    highest_wet_bulb: float
    highest_dew_point: float
    """[degC]"""
    hottest_hour: int
    """Index of the highest dry bulb."""
    most_humid_hour: int
    """Index of the highest wet bulb."""


def design_days(year: WeatherYear) -> DesignDays:
    """Design conditions of a year of hours.

    Notes
    -----
    A typical year is milder at its ends than the 25 years and more from which ASHRAE takes its design values: the
    extremes of the year are what it holds, not what a place has seen.

    The profile of a day has the design value as its maximum, the mean daily range of the warmest month and the shape
    of the ASHRAE Handbook; its humidity ratio is constant, less where the air would be saturated.
    """
    spread = _daily_range(year)
    rates = (0.004, 0.01, 0.02)
    dry = [exceeded(year.dry_bulb, rate) for rate in rates]
    wet = [exceeded(year.wet_bulb, rate) for rate in rates]
    cold = [exceeded(year.dry_bulb, 1.0 - rate) for rate in rates[:2]]
    pressure = float(np.mean(year.pressure))

    def day(name: str, rate: float, dry_bulb: float, wet_bulb: float, daily_range: float) -> DesignDay:
        return _day(
            f"{name} {100 * rate:g} %", rate, (dry_bulb, min(wet_bulb, dry_bulb)), pressure, daily_range
        )

    cooling = [
        day("cooling", rate, value, mean_coincident(year.wet_bulb, year.dry_bulb, value), spread)
        for rate, value in zip(rates, dry, strict=True)
    ]
    evaporation = [
        day("evaporation", rate, mean_coincident(year.dry_bulb, year.wet_bulb, value), value, spread)
        for rate, value in zip(rates, wet, strict=True)
    ]
    heating = [
        day("heating", 1.0 - rate, value, mean_coincident(year.wet_bulb, year.dry_bulb, value), 0.0)
        for rate, value in zip(rates, cold, strict=False)
    ]
    return DesignDays(
        (cooling[0], cooling[1], cooling[2]),
        (evaporation[0], evaporation[1], evaporation[2]),
        (heating[0], heating[1]),
        spread,
        float(year.dry_bulb.max()),
        float(year.dry_bulb.min()),
        float(year.wet_bulb.max()),
        float(year.dew_point.max()),
        int(np.argmax(year.dry_bulb)),
        int(np.argmax(year.wet_bulb)),
    )


def exceeded(values: Array, share: float) -> float:
    """The value that is exceeded in a share of the hours; 0.4 % of a year is 35 hours.

    The highest ``round(share * n)`` hours are set aside and the next one is taken, so exactly so many are at or
    above it and may exceed it.
    """
    beyond = min(round(share * len(values)), len(values) - 1)
    return float(np.sort(values)[::-1][beyond])


def mean_coincident(of: Array, when: Array, value: float) -> float:
    """Mean of one quantity in the hours in which the other is within :data:`BIN` of a value."""
    near = np.abs(when - value) <= BIN
    return float(np.mean(of[near])) if near.any() else float(of[np.argmin(np.abs(when - value))])


def degree_days(dry_bulb: Array) -> tuple[float, float]:
    """Cooling degree-days above 10 degC and heating degree-days below 18 degC, from daily means of (8760,) hours. [K d]"""
    daily = dry_bulb.reshape(-1, 24).mean(axis=1)
    return float(np.maximum(daily - 10.0, 0.0).sum()), float(np.maximum(18.0 - daily, 0.0).sum())


def thermal_zone(dry_bulb: Array) -> int:
    """Number of the climate zone by degree-days of (8760,) hours, 0 (extremely hot) to 8 (subarctic).

    ANSI/ASHRAE Standard 169-2013, table A-3 (as quoted).  The letter (A moist, B dry, C marine) needs rain, which a
    climate year does not hold.
    """
    cooling, heating = degree_days(dry_bulb)
    for zone, above in ((0, 6000.0), (1, 5000.0), (2, 3500.0)):
        if cooling > above:
            return zone
    for zone, upto in ((3, 2000.0), (4, 3000.0), (5, 4000.0), (6, 5000.0), (7, 7000.0)):
        if heating <= upto or (zone == 3 and cooling > 2500.0):
            return zone
    return 8


def _daily_range(year: WeatherYear) -> float:
    days = year.dry_bulb.reshape(HOURS // 24, 24)
    month = year.month[::24]
    warmest = max(range(1, 13), key=lambda m: float(days[month == m].mean()))
    chosen = days[month == warmest]
    return float(np.mean(chosen.max(axis=1) - chosen.min(axis=1)))


def _day(name: str, rate: float, air: tuple[float, float], pressure: float, daily_range: float) -> DesignDay:
    dry, wet = air
    profile = dry - daily_range * DAILY_RANGE_FRACTION
    ratio = psychrometrics.humidity_ratio_from_wet_bulb(dry, wet, pressure)
    ratio = np.minimum(ratio, psychrometrics.saturation_humidity_ratio(profile, pressure))
    bulbs = psychrometrics.wet_bulb(profile, ratio, pressure)
    return DesignDay(name, rate, dry, wet, pressure, profile, bulbs)

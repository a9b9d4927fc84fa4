"""A year of hours from monthly normals, where the hours of a typical year cannot be shipped.

The year is synthetic: it has the monthly means of daily maximum, daily minimum, dry bulb and dew point of a place,
and its 0.4 % dry and wet bulb; the order of warm and cold days is invented.  Annual energy and water follow the
means and the spread; a single day means nothing.

Method
------
1. The normals become daily values, linear between mid-months, with nodes chosen so that every month keeps its mean.
2. The day follows the fractions of the daily range of the ASHRAE Handbook [1]_, raised to a power that gives the
   month its mean dry bulb.
3. A departure from the normal is added: a first-order autoregressive series of days (coefficient 0.7, assumed), with
   a fixed seed from the name of the place, zero mean in every month, softly bounded, larger in winter where the
   seasons differ (assumed), linear between noons.
4. The dew point departs with its own series, correlated to that of the dry bulb; air never exceeds saturation.
5. The size of the first departure is set so that the dry bulb exceeded in 35 hours is that of the catalogue, the size
   of the second so that the wet bulb is, the correlation (of nine values) so that the wet bulb at the design dry bulb
   comes nearest.  Monthly means are restored at every step.

The pressure is that of the standard atmosphere at the elevation.

References
----------
.. [1] ASHRAE Handbook - Fundamentals (2021), chapter 14, table 6 "Fraction of daily temperature range" (as quoted).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from zlib import crc32

import numpy as np
import yaml

from solvers import psychrometrics
from twin.catalogue.places import Climate, climates
from twin.climate.design import DAILY_RANGE_FRACTION, exceeded, mean_coincident
from twin.climate.year import HOUR, MONTH, Array, WeatherYear
from twin.model.calendar import MONTH_DAYS

PERSISTENCE = 0.7
"""Correlation of the departures of one day and the next; assumed."""
COLD_SPREAD = (0.5, 1.2)
"""Departures of the coldest month over those of the warmest: from the first without seasons to the second where the
months differ by :data:`CONTINENTAL`; assumed."""
CONTINENTAL = 25.0
"""Difference of the warmest and the coldest month. [K]"""
SOFT_END = 2.0
"""Standard deviations that a departure approaches but never passes: the hottest hour of NREL's years lies 2 to 6 K
above the dry bulb of 35 hours, and normal ends reach beyond."""
CORRELATIONS = (-0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6, 0.8, 0.95)
LARGEST_SPREAD = 12.0
"""Of a departure, one standard deviation. [K]"""
DRIEST = -45.0
"""Lowest dew point. [degC]"""
_ROUNDS = 8
_HALVINGS = 24
_DAY = np.arange(8760) // 24


@dataclass(frozen=True)
class Normals:
    """Monthly normals of a place, each of shape (12,). [degC]"""

    name: str
    station: str
    source: str
    latitude: float
    longitude: float
    time_zone: float
    high: Array
    low: Array
    mean: Array
    dew: Array


@cache
def all_normals() -> Mapping[str, Normals]:
    """The shipped normals by the name of the climate."""
    text = (files("twin.climate") / "normals.yaml").read_text(encoding="utf-8")
    return {name: _normals(name, entry) for name, entry in yaml.safe_load(text).items()}


def _normals(name: str, entry: Mapping[str, Any]) -> Normals:
    high, low, dew = (np.array(entry[key], float) for key in ("high", "low", "dew"))
    mean = np.array(entry.get("mean", high - (high - low) * np.mean(DAILY_RANGE_FRACTION)), float)
    place = entry["place"]
    return Normals(
        name, entry["station"], entry["source"],
        place["latitude"], place["longitude"], place["time_zone"], high, low, mean, dew,
    )  # fmt: skip


def build(name: str) -> WeatherYear:
    """The synthetic year of a climate of the catalogue; the same every time."""
    normals, climate = all_normals()[name], climates()[name]
    pressure = np.full(8760, np.round(psychrometrics.pressure_at(climate.elevation), -1))
    best: tuple[float, Array, Array] | None = None
    for correlation in CORRELATIONS:
        dry, dew = _fitted(normals, climate, pressure, correlation)
        wet = wet_bulb(dry, dew, pressure)
        miss = abs(mean_coincident(wet, dry, climate.dry_bulb) - climate.coincident_wet_bulb)
        miss += 4.0 * abs(exceeded(wet, 0.004) - climate.wet_bulb)
        if best is None or miss < best[0] - 1e-9:
            best = miss, dry, dew
    assert best is not None
    source = f"synthetic year from monthly normals and 0.4 % design values; {normals.source}"
    place = (normals.latitude, normals.longitude, normals.time_zone, climate.elevation)
    air = (np.round(best[1], 1), np.round(best[2], 1), pressure)
    return WeatherYear.of(normals.station, source, place, air, synthetic=True)


def wet_bulb(dry: Array, dew: Array, pressure: Array) -> Array:
    """Wet bulb of air given by its dew point. [degC]"""
    ratio = psychrometrics.humidity_ratio_from_dew_point(dew, pressure)
    return psychrometrics.wet_bulb(dry, ratio, pressure)


def _fitted(normals: Normals, climate: Climate, pressure: Array, correlation: float) -> tuple[Array, Array]:
    """Dry bulb and dew point that meet the 0.4 % values as far as they can be met."""
    warm, damp = departures(normals, correlation)
    spread = _root(lambda s: exceeded(_dry(normals, s * warm), 0.004) - climate.dry_bulb, LARGEST_SPREAD)
    dry = _dry(normals, spread * warm)
    damp_spread = _root(
        lambda s: exceeded(wet_bulb(dry, _dew(normals, dry, s * damp), pressure), 0.004) - climate.wet_bulb,
        LARGEST_SPREAD,
    )
    return dry, _dew(normals, dry, damp_spread * damp)


def _root(excess: Callable[[float], float], largest: float) -> float:
    """Where a rising function of a spread passes zero; an end of the range if it does not."""
    low, high = 0.0, largest
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if excess(middle) < 0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def departures(normals: Normals, correlation: float) -> tuple[Array, Array]:
    """Hourly departures of dry bulb and dew point with a spread near 1 and zero mean in every month."""
    source = random.Random(crc32(normals.name.encode()))
    first, second = _series(source), _series(source)
    second = correlation * first + np.sqrt(1 - correlation**2) * second
    below = normals.mean.max() - normals.mean
    least, most = COLD_SPREAD
    cold = least + (most - least) * min(below.max() / CONTINENTAL, 1.0)
    weight = _daily(1.0 + (cold - 1.0) * below / max(below.max(), 1.0))
    hourly = [_hourly(weight * series) for series in (first, second)]
    return _centred(hourly[0]), _centred(hourly[1])


def _series(source: random.Random) -> Array:
    """Daily autoregressive departures of unit spread.

    Twelve uniform numbers make one that is nearly normal; ``Random.random`` gives the same numbers in every version
    of Python.
    """
    values = np.empty(365)
    state = 0.0
    for day in range(-30, 365):
        shock = sum(source.random() for _ in range(12)) - 6.0
        state = PERSISTENCE * state + np.sqrt(1 - PERSISTENCE**2) * shock
        if day >= 0:
            values[day] = state
    values = SOFT_END * np.tanh((values - values.mean()) / values.std() / SOFT_END)
    return np.asarray((values - values.mean()) / values.std(), float)


def _hourly(daily: Array) -> Array:
    """Linear between noons, around the turn of the year."""
    noons = 24.0 * np.arange(-1, 366) + 12.0
    return np.interp(np.arange(8760.0), noons, np.concatenate([daily[-1:], daily, daily[:1]]))


def _centred(hourly: Array) -> Array:
    return np.asarray(hourly - _monthly(hourly)[MONTH - 1], float)


def _monthly(values: Array) -> Array:
    """Mean of every month."""
    return np.bincount(MONTH - 1, values) / np.bincount(MONTH - 1)


def _monthly_extremes(hourly: Array) -> tuple[Array, Array]:
    """Mean daily maximum and minimum of every month."""
    days, month = hourly.reshape(365, 24), MONTH[::24] - 1
    count = np.bincount(month)
    return np.bincount(month, days.max(1)) / count, np.bincount(month, days.min(1)) / count


@cache
def _interpolation() -> tuple[Array, Array]:
    """Matrix (365, 12) from mid-month nodes to days, and the inverse of its monthly means."""
    middle = np.cumsum(MONTH_DAYS) - np.array(MONTH_DAYS) / 2.0
    middle = np.concatenate([[middle[-1] - 365], middle, [middle[0] + 365]])
    days = np.arange(365) + 0.5
    weights = np.stack(
        [np.interp(days, middle, np.concatenate([node[-1:], node, node[:1]])) for node in np.eye(12)],
        axis=1,
    )
    month = MONTH[::24] - 1
    means = np.stack([np.bincount(month, column) / np.bincount(month) for column in weights.T], axis=1)
    return weights.astype(float), np.linalg.inv(means).astype(float)


def _daily(monthly: Array) -> Array:
    """Daily values (365,) that keep the mean of every month."""
    weights, inverse = _interpolation()
    return weights @ (inverse @ monthly)


def _dry(normals: Normals, departure: Array) -> Array:
    """Dry bulb with the monthly highs, lows and means of the normals."""
    high, low, mean = normals.high.copy(), normals.low.copy(), normals.mean.copy()
    dry = departure
    for _ in range(_ROUNDS):
        dry = _shaped(high, low, mean) + departure
        highs, lows = _monthly_extremes(dry)
        high += normals.high - highs
        low += normals.low - lows
        mean += normals.mean - _monthly(dry)
    return dry


def _shaped(high: Array, low: Array, mean: Array) -> Array:
    """Days of the ASHRAE shape, bent so that every month has its mean."""
    share = np.clip((high - mean) / (high - low), 0.15, 0.85)
    power = _daily(np.array([_power(float(one)) for one in share]))
    top, bottom = _daily(high), _daily(low)
    fraction = DAILY_RANGE_FRACTION[HOUR] ** np.maximum(power, 0.1)[_DAY]
    return top[_DAY] - (top - bottom)[_DAY] * fraction


def _power(share: float) -> float:
    """Exponent that gives the daily fractions the mean ``share``."""
    low, high = 0.1, 12.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        if np.mean(DAILY_RANGE_FRACTION**middle) > share:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _dew(normals: Normals, dry: Array, departure: Array) -> Array:
    """Dew point with the monthly means of the normals, never above the dry bulb."""
    target = normals.dew.copy()
    dew = dry
    for _ in range(2 * _ROUNDS):  # saturated hours give way only on one side
        dew = np.clip(_daily(target)[_DAY] + departure, DRIEST, dry)
        target += normals.dew - _monthly(dew)
    return dew

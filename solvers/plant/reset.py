"""Set points that follow the outdoors or the load, as data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers import checks

Array = NDArray[np.float64]

CONDENSER_APPROACH = 4.0
"""Tower water above the wet bulb that a condenser-water set point asks for; assumed, a usual design approach. [K]"""
CONDENSER_FLOOR = 18.0
"""Coldest condenser water asked for; assumed, near the lower end of published chiller curves (13 .. 19 degC)."""
CONDENSER_CEILING = 30.0
"""Warmest condenser water asked for: the rating of AHRI 551/591, as quoted. [degC]"""
WARM_APPROACH = 8.0
"""Warm-water supply above the dry bulb that a dry cooler holds at little fan power; assumed. [K]"""


@dataclass(frozen=True)
class Reset:
    """A set point by straight lines between points, held beyond the ends; call it with what it follows."""

    points: tuple[float, ...]
    """What is followed: outdoor temperature [degC], load over design [-] ...; rising."""
    values: tuple[float, ...]
    """Set point at each. [degC]"""

    def __post_init__(self) -> None:
        if len(self.points) != len(self.values) or not self.points:
            raise ValueError("a reset needs as many values as points, and at least one")
        checks.number("points", self.points)
        checks.temperature("values", self.values)
        if any(low >= high for low, high in zip(self.points, self.points[1:], strict=False)):
            raise ValueError("points of a reset must rise")

    def __call__(self, followed: ArrayLike) -> Array:
        """Set point. [degC]"""
        return np.asarray(np.interp(checks.number("followed", followed), self.points, self.values))


WARM_WATER_BY_LOAD = Reset((0.5, 1.0), (40.0, 32.0))
"""Warm-water supply against IT load: chips at half load bear warmer water; assumed, within ASHRAE class W40."""


def tracking(outdoor: ArrayLike, *, approach: float, floor: float, ceiling: float) -> Array:
    """Outdoor temperature plus an approach, between a floor and a ceiling. [degC]"""
    low, high = checks.temperature("floor", floor), checks.temperature("ceiling", ceiling)
    if not low <= high:
        raise ValueError("floor must not exceed ceiling, or no set point is left")
    gap = checks.number("approach", approach)
    return np.clip(checks.temperature("outdoor", outdoor) + gap, low, high)


def condenser_water(
    wet_bulb: ArrayLike,
    *,
    approach: float = CONDENSER_APPROACH,
    floor: float = CONDENSER_FLOOR,
    ceiling: float = CONDENSER_CEILING,
) -> Array:
    """Condenser-water set point from the outdoor wet bulb. [degC]

    Below the floor the compressor gains little more, and its head pressure must be kept.
    """
    return tracking(wet_bulb, approach=approach, floor=floor, ceiling=ceiling)


def warm_water(
    dry_bulb: ArrayLike, *, approach: float = WARM_APPROACH, floor: float, ceiling: float
) -> Array:
    """Warm-water supply set point from the outdoor dry bulb, between dew-point floor and the rack's limit. [degC]"""
    return tracking(dry_bulb, approach=approach, floor=floor, ceiling=ceiling)

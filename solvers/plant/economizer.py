"""Water-side economizer: how much of a cooling duty the outdoors can carry, and what the chiller must add.

:func:`mode` decides with a fixed approach; :func:`exchange` runs a plate exchanger at its actual flows.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers import checks
from solvers.hydraulics import exchanger
from solvers.plant.inputs import broadcast

Array = NDArray[np.float64]


class Mode(IntEnum):
    """How the plant runs."""

    FREE = 0
    """Outdoors alone, chiller off."""
    MIXED = 1
    """Outdoors first, chiller trims."""
    MECHANICAL = 2
    """Chiller alone."""


@dataclass(frozen=True)
class Decision:
    """Answer of :func:`mode`, arrays of one common shape."""

    mode: NDArray[np.int64]
    """Value of :class:`Mode`."""
    free_fraction: Array
    """Share of the duty carried without compressor. [0..1]"""
    chiller_entering: Array
    """Coolant temperature after the economizer, entering the chiller. [degC]"""


def mode(
    entering: ArrayLike,
    setpoint: ArrayLike,
    source: ArrayLike,
    *,
    approach: ArrayLike = 3.0,
    integrated: ArrayLike = True,
) -> Decision:
    """Decide between free, mixed and mechanical cooling.

    Parameters
    ----------
    entering : array_like
        Coolant coming back from the load. [degC]
    setpoint : array_like
        Coolant wanted by the load. [degC]
    source : array_like
        Coldest water that tower or dry cooler can make now. [degC]
    approach : array_like
        Of the heat exchanger between the two; 3 K is assumed, a common plate-exchanger design. [K]
    integrated : array_like
        In series before the chiller; otherwise the economizer carries all or nothing.

    Notes
    -----
    Fraction = (entering - reachable) / (entering - setpoint) between 0 and 1, reachable = source + approach,
    constant coolant flow.  Without a duty (entering <= setpoint) nothing need run: FREE, fraction 1.
    """
    back, wanted, cold, gap = broadcast(
        entering=entering, setpoint=setpoint, source=source, approach=approach
    )
    span = back - wanted
    share = np.clip((back - (cold + gap)) / np.where(span > 0.0, span, 1.0), 0.0, 1.0)
    share = np.where(span > 0.0, share, 1.0)
    share = np.where(np.asarray(integrated, bool) | (share >= 1.0), share, 0.0)
    chosen = np.where(share >= 1.0, Mode.FREE, np.where(share > 0.0, Mode.MIXED, Mode.MECHANICAL))
    return Decision(chosen.astype(np.int64), share, back - share * np.maximum(span, 0.0))


@dataclass(frozen=True, kw_only=True)
class PlateRating:
    """One operating point of the plate exchanger between coolant (hot) and outdoor water (cold)."""

    hot_entering: float
    """Coolant in. [degC]"""
    hot_leaving: float
    """Coolant out. [degC]"""
    cold_entering: float
    """Outdoor water in. [degC]"""
    hot_rate: float
    """Heat-capacity rate of the coolant. [W/K]"""
    cold_rate: float
    """Heat-capacity rate of the outdoor water. [W/K]"""
    hot_share: float = 0.5
    """Share of the thermal resistance on the coolant side; assumed, equal films. [0..1]"""

    def __post_init__(self) -> None:
        checks.finite(self, "cold_entering")
        if not self.hot_entering > self.hot_leaving > self.cold_entering:
            raise ValueError("rating must have hot_entering > hot_leaving > cold_entering, or no heat passes")
        if min(self.hot_rate, self.cold_rate) <= 0.0 or not 0.0 < self.hot_share < 1.0:
            raise ValueError("rates must be positive and hot_share a fraction")
        if not np.isfinite(self.conductance):
            raise ValueError("rating needs more outdoor water: its effectiveness is out of reach")

    @cached_property
    def conductance(self) -> float:
        """UA that reproduces the rating point, counterflow. [W/K]"""
        duty = self.hot_rate * (self.hot_entering - self.hot_leaving)
        rates = (self.hot_rate, self.cold_rate)
        return float(exchanger.conductance_from_rating(duty, self.hot_entering, self.cold_entering, rates))

    def passing(self, hot_rate: ArrayLike, cold_rate: ArrayLike) -> Array:
        """Heat per kelvin between the entering temperatures at these capacity rates, counterflow. [W/K]"""
        hot, cold = broadcast(hot_rate=hot_rate, cold_rate=cold_rate)
        flowing = (hot > 0.0) & (cold > 0.0)
        one, other = np.where(flowing, hot, self.hot_rate), np.where(flowing, cold, self.cold_rate)
        transfer = exchanger.scaled_conductance(
            self.conductance, one / self.hot_rate, other / self.cold_rate, hot_share=self.hot_share
        )
        least, most = np.minimum(one, other), np.maximum(one, other)
        return np.where(flowing, least * exchanger.effectiveness(transfer / least, least / most), 0.0)


@dataclass(frozen=True)
class Exchange:
    """Answer of :func:`exchange`, arrays of one common shape."""

    mode: NDArray[np.int64]
    """Value of :class:`Mode`."""
    heat: Array
    """Heat carried to the outdoor water. [W]"""
    free_fraction: Array
    """``heat`` over the duty. [0..1]"""
    chiller_entering: Array
    """Coolant after the exchanger, or into the chiller beside it. [degC]"""
    chiller_duty: Array
    """Left for the chiller. [W]"""
    cold_leaving: Array
    """Outdoor water out. [degC]"""


def exchange(
    plate: PlateRating,
    *,
    entering: ArrayLike,
    setpoint: ArrayLike,
    hot_rate: ArrayLike,
    source: ArrayLike,
    cold_rate: ArrayLike,
    integrated: ArrayLike = True,
) -> Exchange:
    """Run the exchanger at actual flows, before the chiller (integrated) or instead of it (parallel).

    Parameters
    ----------
    entering, setpoint : array_like
        Coolant from the load, and wanted by it. [degC]
    hot_rate, cold_rate : array_like
        Heat-capacity rates of coolant and outdoor water. [W/K]
    source : array_like
        Outdoor water. [degC]
    integrated : array_like
        In series before the chiller, which trims; otherwise all the coolant goes one way or the other.

    Notes
    -----
    A by-pass valve keeps the coolant from falling below its set point.  Source warmer than the coolant: closed.
    """
    back, wanted, hot, cold, water = broadcast(
        entering=entering, setpoint=setpoint, hot_rate=hot_rate, source=source, cold_rate=cold_rate
    )
    duty = hot * np.maximum(back - wanted, 0.0)
    able = plate.passing(hot, water) * np.maximum(back - cold, 0.0)
    heat = np.minimum(able, duty)
    whole = able >= duty * (1.0 - 1e-12)
    heat = np.where(np.asarray(integrated, bool) | whole, heat, 0.0)
    left = np.where(whole, 0.0, duty - heat)
    share = np.where(duty > 0.0, heat / np.where(duty > 0.0, duty, 1.0), 1.0)
    chosen = np.where(whole, Mode.FREE, np.where(heat > 0.0, Mode.MIXED, Mode.MECHANICAL))
    return Exchange(
        mode=chosen.astype(np.int64),
        heat=heat,
        free_fraction=share,
        chiller_entering=back - heat / np.where(hot > 0.0, hot, 1.0),
        chiller_duty=left,
        cold_leaving=cold + heat / np.where(water > 0.0, water, 1.0),
    )


def required_source(
    plate: PlateRating, *, entering: ArrayLike, setpoint: ArrayLike, hot_rate: ArrayLike, cold_rate: ArrayLike
) -> Array:
    """Warmest outdoor water with which the exchanger carries the whole duty: the set point of the tower. [degC]

    Minus infinity where no water flows.
    """
    back, wanted, hot, cold = broadcast(
        entering=entering, setpoint=setpoint, hot_rate=hot_rate, cold_rate=cold_rate
    )
    duty = hot * np.maximum(back - wanted, 0.0)
    passing = plate.passing(hot, cold)
    drop = np.where(passing > 0.0, duty / np.where(passing > 0.0, passing, 1.0), np.inf)
    return back - np.where(duty > 0.0, drop, 0.0)

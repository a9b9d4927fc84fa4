"""Chillers: published performance curves inside their range, Carnot's proportion beyond it.

Power = capacity / cop x EIR(temperatures) x EIR(part load), as EnergyPlus' electric EIR chiller [1]_.  No
published set is valid above some 13 degC of leaving water, while warm-water plants want 20 .. 40 degC: beyond
the range the curves are read at its nearest edge and scaled by the work that the lift asks, so the answer is
continuous there and flagged.  A rating without curves is that proportion from its one point: Carnot's above the
rated lift; below it part of the losses stay, as the internal entropy production of Gordon and Ng does [2]_.

References
----------
.. [1] EnergyPlus Engineering Reference, "Electric Chiller Model Based on Condenser Entering Temperature".
.. [2] J. M. Gordon and K. C. Ng, "Thermodynamic modeling of reciprocating chillers", Journal of Applied Physics 75,
   1994, pp. 2769-2774 (as quoted): 1 / COP is Carnot's plus a term of losses per heat that lift does not change.
.. [3] Carrier, "Engineering Guide for Altitude Effects", as excerpted in load calculation handbooks (table 4-2):
   air-cooled condensers carry 0.95 / 0.90 / 0.85 / 0.80 of their heat at 762 / 1,525 / 2,285 / 3,050 m (as quoted).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers import checks
from solvers.plant.chiller_curves import CARRIER_19XR, CURVES, YORK_YK
from solvers.plant.chiller_rating import (
    COLD_SLOPE,
    FLAT,
    HOT_SLOPE_AIR,
    HOT_SLOPE_WATER,
    STEEPEST,
    Biquadratic,
    ChillerRating,
)
from solvers.plant.inputs import broadcast
from solvers.psychrometrics import STANDARD_PRESSURE, ZERO_CELSIUS

__all__ = [
    "CARRIER_19XR",
    "CURVES",
    "YORK_YK",
    "ChillerRating",
    "Chilling",
    "chill",
    "part_load_value",
    "relief",
    "thin_air",
]

Array = NDArray[np.float64]

_RELIEF_LOAD = (0.25, 0.5, 0.75, 1.0)
_RELIEF_WATER = (19.0, 19.0, 24.5, 30.0)
_RELIEF_AIR = (13.0, 19.0, 27.0, 35.0)
_LOAD_WEIGHT = (0.12, 0.45, 0.42, 0.01)
_LEAST = 0.05
"""Smallest capacity left beyond an edge, over that at it: no machine runs there.  Assumed. [-]"""
_THIN_AIR = 0.57
"""Exponent of a condenser's conductance over air density: 0.56 .. 0.60 at the four heights of [3]_."""


@dataclass(frozen=True)
class Chilling:
    """State of one machine in every scenario; arrays of one common shape."""

    power: Array
    """Compressor and what the rating includes with it. [W]"""
    heat: Array
    """Heat taken from the coolant; the duty, or the capacity where that is less. [W]"""
    condenser_heat: Array
    """Heat given to the condenser side: ``heat`` + ``power`` (hermetic motor). [W]"""
    capacity: Array
    """Most heat the machine can take at these temperatures. [W]"""
    in_range: NDArray[np.bool_]
    """Curves used inside their range; without curves, lift between ``min_lift`` and ``max_lift``."""
    saturated: NDArray[np.bool_]
    """Duty beyond capacity: the set point is not held."""


def chill(
    rating: ChillerRating,
    *,
    duty: ArrayLike,
    evaporator_leaving: ArrayLike,
    condenser_entering: ArrayLike | None = None,
    dry_bulb: ArrayLike | None = None,
    pressure: ArrayLike | None = None,
) -> Chilling:
    """Carry a cooling duty at given temperatures.

    Parameters
    ----------
    duty : array_like
        Heat to take from the coolant of this machine; nothing below 0 is taken. [W]
    evaporator_leaving : array_like
        Chilled-water set point. [degC]
    condenser_entering, dry_bulb : array_like
        The one that the condenser sees: water for a water-cooled, air for an air-cooled machine. [degC]
    pressure : array_like, optional
        Barometric pressure at an air-cooled machine, without it that of the rating.  In thin air the condenser's
        approach grows, at full load by ``(rated / pressure)^0.57`` [3]_, in proportion to the load below it. [Pa]

    Notes
    -----
    Beyond the range of its curve, or without one beyond the rating, capacity falls on a straight line where the
    condenser sees more or the leaving water is colder, and is held where both are milder, which understates warm-water
    capacity.  Surge and start-up are left out; head-pressure control is ``rating.condenser_floor``.
    """
    seen, other = (dry_bulb, condenser_entering) if rating.air_cooled else (condenser_entering, dry_bulb)
    if seen is None or other is not None:
        raise ValueError(
            "give dry_bulb to an air-cooled machine and condenser_entering to a water-cooled one"
        )
    name = "dry_bulb" if rating.air_cooled else "condenser_entering"
    if pressure is None or not rating.air_cooled:
        pressure = rating.pressure
    load, cold, hot, barometer = broadcast(
        duty=duty, evaporator_leaving=evaporator_leaving, **{name: seen}, pressure=pressure
    )
    evaporating = checks.ABSOLUTE_ZERO + rating.evaporator_approach
    checks.number("evaporator_leaving", cold, above=evaporating)
    load = np.maximum(load, 0.0)
    thin = rating.approach * (thin_air(barometer, rating.pressure) - 1.0)
    outdoors, hot = hot, np.maximum(hot + thin, rating.condenser_floor)
    edge_cold = _hold(cold, rating.evaporator_range, rating.evaporator_leaving)
    edge_hot = _hold(hot, rating.condenser_range, rating.condenser_entering)
    capacity = rating.capacity * _at(rating, rating.capacity_curve, edge_cold, edge_hot)
    capacity = capacity * _beyond(rating, cold, hot, edge_cold, edge_hot)
    heat = np.minimum(load, capacity * rating.max_part_load)
    at_load = np.maximum(outdoors + thin * np.minimum(heat / capacity, 1.0), rating.condenser_floor)
    edge_at_load = _hold(at_load, rating.condenser_range, rating.condenser_entering)
    ratio = _at(rating, rating.eir_curve, edge_cold, edge_at_load)
    ratio = ratio * _work(rating, cold, at_load) / _work(rating, edge_cold, edge_at_load)
    full = capacity / rating.cop * ratio
    power = full * _part_load(rating, heat / capacity)
    return Chilling(
        power=power,
        heat=heat,
        condenser_heat=heat + power,
        capacity=capacity * rating.max_part_load,
        in_range=_in_range(rating, cold, hot, edge_cold, edge_hot),
        saturated=load > heat * (1.0 + 1e-12),
    )


def thin_air(pressure: ArrayLike, rated: float = STANDARD_PRESSURE) -> Array:
    """Approach of a finned coil to the air over that at its rated pressure, at equal heat and fan speed [3]_. [-]"""
    return np.asarray(
        (checks.number("rated", rated, above=0.0) / checks.number("pressure", pressure, above=0.0))
        ** _THIN_AIR
    )


def relief(load: ArrayLike, *, air_cooled: bool = False) -> Array:
    """Condenser water, or air, expected at a part load: it is cooler outdoors when less is wanted. [degC]

    ``load`` over the full load of the rating [0..1]; between and below the four points of AHRI 551/591 (SI),
    part-load conditions for rating (30 / 24.5 / 19 / 19 degC of water, 35 / 27 / 19 / 13 degC of air; as
    quoted), by straight lines.  A data center carries its load all year: use outdoor air where it is known.
    """
    points = _RELIEF_AIR if air_cooled else _RELIEF_WATER
    return np.asarray(np.interp(checks.number("load", load), _RELIEF_LOAD, points))


def part_load_value(rating: ChillerRating, *, evaporator_leaving: float = 7.0) -> float:
    """Integrated part load value, the standard's mean COP over loads with relieved condenser. [-]

    0.01 A + 0.42 B + 0.45 C + 0.12 D of the COPs at 100 / 75 / 50 / 25 % load (AHRI 550/590 and 551/591, as
    quoted), each at :func:`relief` and the standard's leaving water.
    """
    load = np.asarray(_RELIEF_LOAD)
    seen = relief(load, air_cooled=rating.air_cooled)
    side = {"dry_bulb": seen} if rating.air_cooled else {"condenser_entering": seen}
    state = chill(rating, duty=load * rating.capacity, evaporator_leaving=evaporator_leaving, **side)
    return float(np.dot(_LOAD_WEIGHT, state.heat / state.power))


def _hold(temperature: Array, limits: tuple[float, float] | None, rated: float) -> Array:
    low, high = limits if limits is not None else (rated, rated)
    return np.clip(temperature, low, high)


def _at(rating: ChillerRating, curve: Biquadratic, cold: Array, hot: Array) -> Array:
    """Curve over its own value at the rating point."""
    rated = _raw(curve, np.asarray(rating.evaporator_leaving), np.asarray(rating.condenser_entering))
    return _raw(curve, cold, hot) / rated


def _raw(curve: Biquadratic, te: Array, tc: Array) -> Array:
    a, b, c, d, e, f = curve
    return a + b * te + c * te**2 + d * tc + e * tc**2 + f * te * tc


def _beyond(rating: ChillerRating, cold: Array, hot: Array, edge_cold: Array, edge_hot: Array) -> Array:
    """Capacity over that at the nearest edge: less where the condenser sees more, or the leaving water is colder.

    By the slope given; without it by that of the curve at its edge, between what is assumed without curves and
    :data:`STEEPEST`.
    """
    slope: float | Array = HOT_SLOPE_AIR if rating.air_cooled else HOT_SLOPE_WATER
    if rating.hot_slope is not None:
        slope = rating.hot_slope
    elif rating.capacity_curve != FLAT:
        _, _, _, d, e, f = rating.capacity_curve
        raw = _raw(rating.capacity_curve, edge_cold, edge_hot)
        slope = np.clip(-(d + 2.0 * e * edge_hot + f * edge_cold) / raw, slope, STEEPEST)
    hotter = 1.0 - slope * np.maximum(hot - edge_hot, 0.0)
    colder = 1.0 - COLD_SLOPE * np.maximum(edge_cold - cold, 0.0)
    return np.maximum(hotter, _LEAST) * np.maximum(colder, _LEAST)


def _lift(rating: ChillerRating, cold: Array, hot: Array) -> Array:
    return hot + rating.approach - (cold - rating.evaporator_approach)


def _work(rating: ChillerRating, cold: Array, hot: Array) -> Array:
    """Work per heat between evaporating and condensing temperature, in the unit of the lift over the kelvins below it.

    Above the rated lift in Carnot's proportion; below it the share ``loss / (1 + loss)`` of the rated work stays.
    """
    evaporating = cold - rating.evaporator_approach + ZERO_CELSIUS
    share = np.maximum(_lift(rating, cold, hot), rating.min_lift) / rating.lift
    return np.maximum(share, (share + rating.loss) / (1.0 + rating.loss)) / evaporating


def _part_load(rating: ChillerRating, load: Array) -> Array:
    """Power over full-load power; below the minimum load the machine runs there part of the time."""
    a, b, c = rating.part_load_curve
    held = np.maximum(load, rating.min_part_load)
    running = (a + held * (b + held * c)) / (a + b + c)
    share = np.minimum(load / rating.min_part_load, 1.0)
    return running * share * (1.0 + rating.cycling_loss * (1.0 - share))


def _in_range(
    rating: ChillerRating, cold: Array, hot: Array, edge_cold: Array, edge_hot: Array
) -> NDArray[np.bool_]:
    lift = _lift(rating, cold, hot)
    runs = lift <= rating.max_lift
    if rating.evaporator_range is None and rating.condenser_range is None:
        return runs & (lift >= rating.min_lift)
    return runs & (cold == edge_cold) & (hot == edge_hot)

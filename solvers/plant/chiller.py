"""Chillers: published performance curves inside their range, Carnot's proportion beyond it.

Power = capacity / cop x EIR(temperatures) x EIR(part load), as EnergyPlus' electric EIR chiller [1]_.  No
published set is valid above some 13 degC of leaving water, while warm-water plants want 20 .. 40 degC: beyond
the range the curves are read at its nearest edge and scaled by the ratio of Carnot COPs, so the answer is
continuous there and flagged.  A rating without curves is Carnot's proportion from its one point.

References
----------
.. [1] EnergyPlus Engineering Reference, "Electric Chiller Model Based on Condenser Entering Temperature"; the
   sets below are from its ``datasets/Chillers.idf`` as carried by the Modelica Buildings library,
   ``Chillers/Data/ElectricEIR.mo`` (both BSD-3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.psychrometrics import ZERO_CELSIUS

Array = NDArray[np.float64]
Biquadratic = tuple[float, float, float, float, float, float]

_FLAT: Biquadratic = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class ChillerRating:
    """One machine: its rating point and, where published, its curves.

    Curves are normalised to 1 at the rating point, so that the rating is always reproduced.
    """

    capacity: float
    """Heat taken from the coolant at the rating. [W]"""
    cop: float
    """Capacity over electrical power at the rating. [-]"""
    evaporator_leaving: float
    """Chilled water out at the rating. [degC]"""
    condenser_entering: float
    """Condenser water in, or dry bulb of an air-cooled machine, at the rating. [degC]"""
    air_cooled: bool = False
    """Whether the condenser sees the dry bulb."""
    capacity_curve: Biquadratic = _FLAT
    """Capacity over rated: a + b Te + c Te2 + d Tc + e Tc2 + f Te Tc. [degC]"""
    eir_curve: Biquadratic = _FLAT
    """Electric input ratio over rated, as ``capacity_curve``."""
    part_load_curve: tuple[float, float, float] = (0.0, 1.0, 0.0)
    """Power over full-load power: a + b x + c x2 of part load x; the default, a constant COP, is assumed."""
    evaporator_range: tuple[float, float] | None = None
    """Where the curves hold; without curves only the rating point. [degC]"""
    condenser_range: tuple[float, float] | None = None
    """As ``evaporator_range``. [degC]"""
    min_part_load: float = 0.1
    """Below it the machine cycles. [-] Default assumed."""
    max_part_load: float = 1.0
    """Largest load over the capacity of the hour. [-]"""
    evaporator_approach: float = 2.0
    """Leaving water less evaporating temperature; assumed. [K]"""
    condenser_approach: float | None = None
    """Condensing temperature less entering water or air; assumed 7 K (5 K range, 2 K pinch) and 15 K. [K]"""
    min_lift: float = 10.0
    """Least condensing less evaporating temperature the compressor can make; assumed. [K]"""
    max_lift: float = 60.0
    """Largest lift at which the machine still runs; beyond it the result is flagged; assumed. [K]"""

    def __post_init__(self) -> None:
        if min(self.capacity, self.cop, self.min_lift) <= 0.0:
            raise ValueError("capacity, cop and min_lift must be positive")
        if not 0.0 < self.min_part_load <= self.max_part_load:
            raise ValueError("need 0 < min_part_load <= max_part_load, or the machine could carry no load")
        if (self.capacity_curve != _FLAT or self.eir_curve != _FLAT) and (
            self.evaporator_range is None or self.condenser_range is None
        ):
            raise ValueError(
                "curves need evaporator_range and condenser_range, or they would be used anywhere"
            )

    @property
    def approach(self) -> float:
        """Condensing temperature less entering water or air. [K]"""
        if self.condenser_approach is not None:
            return self.condenser_approach
        return 15.0 if self.air_cooled else 7.0


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

    Notes
    -----
    Capacity beyond the range of its curve is held at the edge, which understates warm-water capacity.  Surge,
    head-pressure control and start-up are left out.
    """
    seen, other = (dry_bulb, condenser_entering) if rating.air_cooled else (condenser_entering, dry_bulb)
    if seen is None or other is not None:
        raise ValueError(
            "give dry_bulb to an air-cooled machine and condenser_entering to a water-cooled one"
        )
    load, cold, hot = np.broadcast_arrays(
        np.maximum(np.asarray(duty, float), 0.0),
        np.asarray(evaporator_leaving, float),
        np.asarray(seen, float),
    )
    edge_cold = _hold(cold, rating.evaporator_range, rating.evaporator_leaving)
    edge_hot = _hold(hot, rating.condenser_range, rating.condenser_entering)
    capacity = rating.capacity * _at(rating, rating.capacity_curve, edge_cold, edge_hot)
    ratio = _at(rating, rating.eir_curve, edge_cold, edge_hot)
    ratio = ratio * _carnot(rating, edge_cold, edge_hot) / _carnot(rating, cold, hot)
    heat = np.minimum(load, capacity * rating.max_part_load)
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


def _hold(temperature: Array, limits: tuple[float, float] | None, rated: float) -> Array:
    low, high = limits if limits is not None else (rated, rated)
    return np.clip(temperature, low, high)


def _at(rating: ChillerRating, curve: Biquadratic, cold: Array, hot: Array) -> Array:
    """Curve over its own value at the rating point."""

    def value(te: Array, tc: Array) -> Array:
        a, b, c, d, e, f = curve
        return a + b * te + c * te**2 + d * tc + e * tc**2 + f * te * tc

    return value(cold, hot) / value(
        np.asarray(rating.evaporator_leaving), np.asarray(rating.condenser_entering)
    )


def _lift(rating: ChillerRating, cold: Array, hot: Array) -> Array:
    return hot + rating.approach - (cold - rating.evaporator_approach)


def _carnot(rating: ChillerRating, cold: Array, hot: Array) -> Array:
    """Carnot COP between evaporating and condensing temperature."""
    evaporating = cold - rating.evaporator_approach + ZERO_CELSIUS
    return evaporating / np.maximum(_lift(rating, cold, hot), rating.min_lift)


def _part_load(rating: ChillerRating, load: Array) -> Array:
    """Power over full-load power; below the minimum load the machine runs there part of the time."""
    a, b, c = rating.part_load_curve
    held = np.maximum(load, rating.min_part_load)
    running = (a + held * (b + held * c)) / (a + b + c)
    return running * np.minimum(load / rating.min_part_load, 1.0)


def _in_range(
    rating: ChillerRating, cold: Array, hot: Array, edge_cold: Array, edge_hot: Array
) -> NDArray[np.bool_]:
    lift = _lift(rating, cold, hot)
    runs = lift <= rating.max_lift
    if rating.evaporator_range is None and rating.condenser_range is None:
        return runs & (lift >= rating.min_lift)
    return runs & (cold == edge_cold) & (hot == edge_hot)


CARRIER_19XR = ChillerRating(
    capacity=1586e3,
    cop=5.53,
    evaporator_leaving=8.89,
    condenser_entering=26.67,
    capacity_curve=(1.119233, 0.01130501, -0.0006423802, -0.005144512, -0.0003085995, 0.0007813582),
    eir_curve=(1.110611, -0.03795765, 0.0002851444, -0.004560404, 0.0004044229, 0.0001407332),
    part_load_curve=(0.1996379, -0.1612021, 0.9608483),
    evaporator_range=(7.22, 12.78),
    condenser_range=(12.78, 26.67),
    min_part_load=0.19,
    max_part_load=1.01,
)
"""Carrier 19XR, variable-speed drive ("ElectricEIRChiller_Carrier_19XR_1586kW_5_53COP_VSD" in [1]_)."""

YORK_YK = ChillerRating(
    capacity=1881.4e3,
    cop=6.53,
    evaporator_leaving=8.89,
    condenser_entering=26.67,
    capacity_curve=(0.8561286, 0.04130164, -0.0007109335, 0.004306273, -0.0006336613, 0.0007211635),
    eir_curve=(0.4434989, 0.04361264, -0.001733337, 0.009915503, 0.0004312717, -0.001122346),
    part_load_curve=(0.05272116, 0.4176382, 0.531087),
    evaporator_range=(7.22, 12.78),
    condenser_range=(9.44, 26.67),
    min_part_load=0.19,
    max_part_load=1.03,
)
"""York YK, 1881 kW, inlet vanes ("ElectricEIRChiller_York_YK_1881kW_6_53COP_Vanes" in [1]_)."""

"""Dry cooler: a finned crossflow coil with variable-speed fans, and an optional wetted pad before it.

Effectiveness-NTU with the conductance of the rating point, scaled by air and coolant flow; see ``THEORY.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers import checks, psychrometrics
from solvers.plant import fans
from solvers.plant.inputs import broadcast
from solvers.plant.rejection import CEILING, Rejection, find_root, modulate

Array = NDArray[np.float64]

_AIR_EXPONENT, _COOLANT_EXPONENT = 0.8, 0.85
_TINY = 1e-12


@dataclass(frozen=True, kw_only=True)
class DryCoolerRating:
    """One operating point from a data sheet, at full fan speed."""

    duty: float
    """Heat rejected. [W]"""
    air_entering: float
    """Dry bulb entering the coil. [degC]"""
    coolant_entering: float
    """Coolant into the coil. [degC]"""
    coolant_leaving: float
    """Coolant out of the coil. [degC]"""
    fan_power: float
    """All fans of the unit. [W]"""
    air_flow: float
    """Air through the coil. [kg/s]"""
    pressure: float = psychrometrics.STANDARD_PRESSURE
    """Barometric pressure of the rating. [Pa]"""
    min_speed: float = 0.2
    """Least fan speed over rated; assumed, a usual limit of EC fans and drives."""
    free_convection: float = 0.1
    """Air flow with the fans at rest over rated; assumed, as EnergyPlus sizes it for towers (0.1)."""
    air_resistance_share: float = 0.6
    """Share of the coil's thermal resistance on the air side; air-to-water conductance ratio 2/3 as in the
    Modelica Buildings library's dry coil."""
    pad_effectiveness: float = 0.0
    """Of an adiabatic pad: (dry bulb - pad outlet) / (dry bulb - wet bulb); 0 means no pad. [0..1]"""
    pad_above: float = 25.0
    """Dry bulb above which the pad is wetted; assumed. [degC]"""
    pad_cycles: float = 3.0
    """Cycles of concentration of the pad's water; assumed."""
    pad_drag: float = 0.0
    """Pressure drop of the pad over that of the unit without it; the pad stands in the air stream wet or dry. [-]"""
    pad_power: float = 0.0
    """Pumps that wet the pad, drawn while it is wet and the fans turn. [W]"""

    def __post_init__(self) -> None:
        checks.finite(self, "air_entering")
        if not self.coolant_entering > self.coolant_leaving > self.air_entering:
            raise ValueError(
                "rating must have coolant_entering > coolant_leaving > air_entering, or no heat leaves"
            )
        if min(self.duty, self.air_flow, self.fan_power, self.pressure) <= 0.0:
            raise ValueError("duty, air_flow, fan_power and pressure of the rating must be positive")
        if not 0.0 <= self.free_convection <= self.min_speed <= 1.0:
            raise ValueError(
                "need 0 <= free_convection <= min_speed <= 1, or the fans would slow the air down"
            )
        if not 0.0 < self.air_resistance_share < 1.0 or not 0.0 <= self.pad_effectiveness <= 1.0:
            raise ValueError("air_resistance_share and pad_effectiveness are fractions")
        if self.pad_cycles <= 1.0 or min(self.pad_drag, self.pad_power) < 0.0:
            raise ValueError(
                "pad_cycles must exceed 1, or all water is bled off; pad_drag and pad_power must not be negative"
            )
        _ = self.conductance  # refuses a rating that no coil can meet

    @property
    def coolant_rate(self) -> float:
        """Heat-capacity rate of the coolant at the rating. [W/K]"""
        return self.duty / (self.coolant_entering - self.coolant_leaving)

    @property
    def air_rate(self) -> float:
        """Heat-capacity rate of the air at the rating. [W/K]"""
        return self.air_flow * psychrometrics.DRY_AIR_CAPACITY

    @property
    def effectiveness(self) -> float:
        """Of the rating point. [0..1]"""
        return self.duty / (
            min(self.coolant_rate, self.air_rate) * (self.coolant_entering - self.air_entering)
        )

    @cached_property
    def conductance(self) -> float:
        """UA that reproduces the rating point. [W/K]"""
        least, most = sorted((self.coolant_rate, self.air_rate))

        def missing(log_ntu: Array) -> Array:
            return _effectiveness(np.exp(log_ntu), np.asarray(least / most)) - self.effectiveness

        low, high = np.array(-12.0), np.array(6.0)
        if missing(high) <= 0.0:
            raise ValueError(
                "rating needs more air or coolant flow: its effectiveness is out of reach of any coil"
            )
        return float(np.exp(find_root(missing, low, high)) * least)


def reject(
    rating: DryCoolerRating,
    *,
    duty: ArrayLike,
    coolant_flow: ArrayLike,
    coolant_capacity: ArrayLike,
    dry_bulb: ArrayLike,
    pressure: ArrayLike,
    setpoint: ArrayLike,
    wet_bulb: ArrayLike | None = None,
) -> Rejection:
    """Reject a given duty: the coolant settles at the temperature at which the coil passes it on.

    Parameters
    ----------
    duty : array_like
        Heat from the loop into this unit; nothing below 0 is rejected. [W]
    coolant_flow, coolant_capacity : array_like
        Through this unit. [kg/s], [J/(kg K)]
    dry_bulb, pressure : array_like
        Outdoor air. [degC], [Pa]
    setpoint : array_like
        Wanted leaving temperature; held with the least fan speed that can. [degC]
    wet_bulb : array_like
        Needed with a pad. [degC]

    Notes
    -----
    A valve is assumed to mix past the coil when the outdoors would cool below set point with the fans at rest.
    Duty without coolant flow has no steady state: saturated, leaving :data:`CEILING`, heat 0.
    """
    heat, flow, capacity, air, barometer, wanted, bulb = _broadcast(
        wet_bulb,
        duty=duty,
        coolant_flow=coolant_flow,
        coolant_capacity=coolant_capacity,
        dry_bulb=dry_bulb,
        pressure=pressure,
        setpoint=setpoint,
    )
    heat = np.maximum(heat, 0.0)
    rate, stuck = flow * capacity, (flow <= 0.0) & (heat > 0.0)
    safe = np.where(rate > 0.0, rate, rating.coolant_rate)
    inlet, evaporated = _pad(rating, air, bulb, barometer)

    # with the set point held the entering temperature is known, and the question is that of `solve`
    held = wanted + heat / safe

    def leaving_at(fraction: Array) -> Array:
        passing = _pass(rating, fraction, safe, inlet, barometer)
        cooled = held - passing / safe * np.maximum(held - inlet, 0.0)
        return np.where(heat > 0.0, cooled, wanted)

    fraction, share, leaving, lost = modulate(leaving_at, wanted, rating.free_convection, rating.min_speed)
    flat_out = _pass(rating, np.ones(wanted.shape), safe, inlet, barometer)
    leaving = np.where(lost, inlet + heat * (1.0 / flat_out - 1.0 / safe), leaving)
    entering = leaving + heat / safe
    made = _result(rating, fraction, share, inlet, barometer, evaporated)
    return Rejection(
        leaving=np.where(stuck, CEILING, leaving),
        power=np.where(
            stuck, rating.fan_power * (1.0 + rating.pad_drag) * barometer / rating.pressure, made[0]
        ),
        water=made[1],
        saturated=lost | stuck,
        heat=np.where(stuck, 0.0, heat),
        entering=np.where(stuck, CEILING, entering),
        speed=np.where(stuck, 1.0, made[2]),
        in_range=(rate <= 2.0 * rating.coolant_rate) & ~stuck,
    )


def solve(
    rating: DryCoolerRating,
    *,
    coolant_entering: ArrayLike,
    coolant_flow: ArrayLike,
    coolant_capacity: ArrayLike,
    dry_bulb: ArrayLike,
    pressure: ArrayLike,
    setpoint: ArrayLike,
    units: ArrayLike = 1,
    wet_bulb: ArrayLike | None = None,
) -> Rejection:
    """Cool a coolant of known entering temperature to the set point, in ``units`` equal coolers side by side.

    ``coolant_flow`` and the answer's power, heat and water are of all units together; otherwise as
    :func:`reject`.  Where the outdoors are warmer than the coolant the fans rest, the coolant goes past the
    coil and the set point is lost.
    """
    count, whole = broadcast(units=units, coolant_flow=coolant_flow)
    running = count > 0.0
    entry, flow, capacity, air, barometer, wanted, bulb = _broadcast(
        wet_bulb,
        coolant_entering=coolant_entering,
        coolant_flow=np.where(running, whole / np.where(running, count, 1.0), 0.0),
        coolant_capacity=coolant_capacity,
        dry_bulb=dry_bulb,
        pressure=pressure,
        setpoint=setpoint,
    )
    rate = flow * capacity
    safe = np.where(rate > 0.0, rate, rating.coolant_rate)
    inlet, evaporated = _pad(rating, air, bulb, barometer)

    def leaving_at(fraction: Array) -> Array:
        passing = _pass(rating, fraction, safe, inlet, barometer)
        cooled = entry - passing / safe * (entry - inlet)
        # air warmer than the coolant only hurts: the fans rest and the valve goes past the coil
        return np.where((rate > 0.0) & (entry > inlet), cooled, entry)

    fraction, share, leaving, lost = modulate(leaving_at, wanted, rating.free_convection, rating.min_speed)
    useless = (entry <= inlet) | (rate <= 0.0)
    rest = useless | (entry <= wanted)
    leaving = np.where(rest, entry, leaving)
    fraction, share = np.where(rest, rating.free_convection, fraction), np.where(rest, 0.0, share)
    power, water, speed = _result(rating, fraction, share, inlet, barometer, evaporated)
    return Rejection(
        leaving=leaving,
        power=power * count,
        water=water * count,
        saturated=lost & (entry > wanted),
        heat=rate * (entry - leaving) * count,
        entering=entry,
        speed=speed,
        in_range=(rate <= 2.0 * rating.coolant_rate) & np.broadcast_to(running, rate.shape),
    )


def leaving_temperature(
    rating: DryCoolerRating,
    *,
    coolant_entering: ArrayLike,
    coolant_flow: ArrayLike,
    coolant_capacity: ArrayLike,
    dry_bulb: ArrayLike,
    pressure: ArrayLike,
    speed: ArrayLike = 1.0,
    wet_bulb: ArrayLike | None = None,
) -> Array:
    """Coolant leaving at a given fan speed (0..1, not below free convection). [degC]

    Air warmer than the coolant heats it; without flow the coolant leaves as it came.
    """
    entry, flow, capacity, air, barometer, fraction, bulb = _broadcast(
        wet_bulb,
        coolant_entering=coolant_entering,
        coolant_flow=coolant_flow,
        coolant_capacity=coolant_capacity,
        dry_bulb=dry_bulb,
        pressure=pressure,
        speed=speed,
    )
    rate = flow * capacity
    safe = np.where(rate > 0.0, rate, rating.coolant_rate)
    inlet, _ = _pad(rating, air, bulb, barometer)
    blow = np.maximum(fraction, rating.free_convection)
    cooled = entry - _pass(rating, blow, safe, inlet, barometer) / safe * (entry - inlet)
    return np.where(rate > 0.0, cooled, entry)


def _broadcast(wet_bulb: ArrayLike | None, **named: ArrayLike) -> list[Array]:
    """Arguments of one shape, the wet bulb last; a missing one becomes NaN, which only a pad would ever read."""
    if wet_bulb is not None:
        return broadcast(**named, wet_bulb=wet_bulb)
    given = broadcast(**named)
    return [*given, np.full(given[0].shape, np.nan)]


def _air_flow(rating: DryCoolerRating, fraction: Array, inlet: Array, pressure: Array) -> Array:
    """Mass flow at an air-flow fraction: the fans move volume, density follows the weather. [kg/s]"""
    kelvin = (rating.air_entering + psychrometrics.ZERO_CELSIUS) / (inlet + psychrometrics.ZERO_CELSIUS)
    return rating.air_flow * fraction * kelvin * pressure / rating.pressure


def _pass(rating: DryCoolerRating, fraction: Array, rate: Array, inlet: Array, pressure: Array) -> Array:
    """Heat per kelvin between entering coolant and entering air. [W/K]"""
    air = np.maximum(_air_flow(rating, fraction, inlet, pressure) / rating.air_flow, _TINY)
    share = rating.air_resistance_share
    resistance = (
        share * air**-_AIR_EXPONENT + (1.0 - share) * (rate / rating.coolant_rate) ** -_COOLANT_EXPONENT
    )
    air_rate = air * rating.air_rate
    least = np.minimum(air_rate, rate)
    return least * _effectiveness(rating.conductance / resistance / least, least / np.maximum(air_rate, rate))


def _pad(rating: DryCoolerRating, air: Array, bulb: Array, pressure: Array) -> tuple[Array, Array]:
    """Air temperature at the coil, and water evaporated per kg of air. [degC], [kg/kg]"""
    if rating.pad_effectiveness == 0.0:
        return air, np.zeros(air.shape)
    if np.any(np.isnan(bulb)):
        raise ValueError("a dry cooler with a pad needs wet_bulb")
    wet = np.where(air > rating.pad_above, rating.pad_effectiveness, 0.0)
    inlet = air - wet * (air - np.minimum(bulb, air))
    before = psychrometrics.humidity_ratio_from_wet_bulb(air, np.minimum(bulb, air), pressure)
    after = psychrometrics.humidity_ratio_from_wet_bulb(inlet, np.minimum(bulb, air), pressure)
    return inlet, np.where(wet > 0.0, np.maximum(after - before, 0.0), 0.0)


def _result(
    rating: DryCoolerRating, fraction: Array, share: Array, inlet: Array, pressure: Array, evaporated: Array
) -> tuple[Array, Array, Array]:
    """Fan power [W], water [kg/s] and mean speed [-]."""
    density = pressure / rating.pressure
    full = fans.power(fraction, 1.0, rating.fan_power * (1.0 + rating.pad_drag), density_ratio=density)
    air = _air_flow(rating, fraction, inlet, pressure)
    makeup = evaporated * rating.pad_cycles / (rating.pad_cycles - 1.0)
    wetting = np.where(evaporated > 0.0, rating.pad_power, 0.0)
    return share * (full + wetting), share * air * makeup, share * fraction


def _effectiveness(ntu: Array, ratio: Array) -> Array:
    """Crossflow, both streams unmixed, by the usual explicit form (Incropera and DeWitt, table 11.3).

    Within 0.011 of the exact series in :mod:`solvers.hydraulics.exchanger` and some 300 times faster; as the
    conductance comes from the rating through the same form, the leaving temperature differs by far less.
    """
    return 1.0 - np.exp(ntu**0.22 / ratio * np.expm1(-ratio * ntu**0.78))

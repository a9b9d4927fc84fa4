"""Open cooling tower by Merkel's theory in effectiveness-NTU form, with the water it drinks.

Saturated air is treated as one stream with an equivalent heat capacity [1]_; the conductance of the rating
point is scaled by wet bulb, air and water flow with EnergyPlus' default curves [2]_.  See ``THEORY.md``.

References
----------
.. [1] J. E. Braun, S. A. Klein and J. W. Mitchell, "Effectiveness models for cooling towers and cooling
   coils", ASHRAE Transactions 95(2), 1989, pp. 164-174.
.. [2] EnergyPlus Engineering Reference, "Variable Speed Cooling Towers Merkel Model"; coefficients also in
   the Modelica Buildings library, ``CoolingTowers/Data/UAMerkel.mo``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers import checks, psychrometrics
from solvers.hydraulics.exchanger import conductance_from_rating, effectiveness
from solvers.plant import fans, merkel
from solvers.plant.inputs import broadcast
from solvers.plant.rejection import CEILING, Rejection, find_root, modulate, step

Array = NDArray[np.float64]

WATER_CAPACITY = 4186.0
"""Liquid water near 30 degC. [J/(kg K)]"""
_UA_WET_BULB = 0.0081
_UA_AIR = (1.3, -0.3)
_UA_WATER = (0.1082, 1.667, -0.7713)
_WATER_RANGE = (0.3, 1.08)
"""Water flow over rated: the curve is fitted to 0.3 .. 1.0 and peaks at 1.08, where it is held."""
_TINY = 1e-9
_TRICKLE = 10.0
"""Least enthalpy rise of the air: keeps the equivalent capacity defined, as the slope at the entering wet bulb. [J/kg]"""


@dataclass(frozen=True, kw_only=True)
class TowerRating:
    """One operating point from a data sheet, at full fan speed."""

    water_flow: float
    """Circulating water. [kg/s]"""
    water_entering: float
    """Hot water into the tower. [degC]"""
    water_leaving: float
    """Cold water out of the basin. [degC]"""
    wet_bulb: float
    """Of the entering air. [degC]"""
    air_flow: float
    """Dry air through the fill. [kg/s]"""
    fan_power: float
    """All fans of the cell. [W]"""
    pressure: float = psychrometrics.STANDARD_PRESSURE
    """Barometric pressure of the rating. [Pa]"""
    min_speed: float = 0.2
    """Least fan speed over rated; lower end of the air-flow curve's fit [2]_."""
    free_convection: float = 0.1
    """Air flow with the fans at rest over rated; EnergyPlus' sizing default."""
    cycles: float = 5.0
    """Cycles of concentration: solids in the basin over those in the make-up; assumed, 3 .. 7 is usual."""
    drift: float = 2e-5
    """Droplets lost over circulating water; assumed, modern eliminators reach 0.0005 % .. 0.005 %."""
    steps: tuple[float, ...] = ()
    """Fan speeds over rated, rising to 1, of a motor without drive (two-speed: ``(0.5, 1.0)``); empty means variable
    speed.  Motors cycle between neighbouring steps."""

    def __post_init__(self) -> None:
        checks.finite(self, "wet_bulb")
        if not self.water_entering > self.water_leaving > self.wet_bulb:
            raise ValueError(
                "rating must have water_entering > water_leaving > wet_bulb, or no tower can meet it"
            )
        if min(self.water_flow, self.air_flow, self.fan_power, self.pressure) <= 0.0:
            raise ValueError("flows, fan_power and pressure of the rating must be positive")
        if not 0.0 < self.free_convection <= self.min_speed <= 1.0:
            raise ValueError(
                "need 0 < free_convection <= min_speed <= 1, or the fans would slow the air down"
            )
        if self.cycles <= 1.0 or self.drift < 0.0:
            raise ValueError("cycles must exceed 1, or all water is bled off; drift must not be negative")
        rising = all(
            low < high for low, high in zip((self.free_convection, *self.steps), self.steps, strict=False)
        )
        if self.steps and (not rising or self.steps[-1] != 1.0):
            raise ValueError("steps must rise from above free_convection to 1, full speed")
        _ = self.conductance  # refuses a rating that no tower can meet

    @property
    def duty(self) -> float:
        """Heat rejected at the rating. [W]"""
        return self.water_flow * WATER_CAPACITY * (self.water_entering - self.water_leaving)

    @cached_property
    def conductance(self) -> float:
        """UA that reproduces the rating point. [W/K]"""
        wet, air = np.asarray(self.wet_bulb), np.asarray(self.air_flow)
        rise = np.asarray(self.duty / self.air_flow)
        entry = psychrometrics.saturation_enthalpy(wet, self.pressure)
        leaving = merkel.outlet(entry, rise, wet, np.asarray(self.pressure))
        equivalent = merkel.equivalent_capacity(rise, leaving, wet)
        transfer = conductance_from_rating(
            self.duty, self.water_entering, wet, (self.water_flow * WATER_CAPACITY, air * equivalent)
        )
        if not np.isfinite(transfer):
            raise ValueError(
                "rating needs more air or water flow: its effectiveness is out of reach of any tower"
            )
        return float(transfer * psychrometrics.DRY_AIR_CAPACITY / equivalent)


def reject(
    rating: TowerRating,
    *,
    duty: ArrayLike,
    coolant_flow: ArrayLike,
    dry_bulb: ArrayLike,
    wet_bulb: ArrayLike,
    pressure: ArrayLike,
    setpoint: ArrayLike,
) -> Rejection:
    """Reject a given duty: the water settles at the temperature at which the tower passes it on.

    Parameters
    ----------
    duty : array_like
        Heat from the loop into this cell; nothing below 0 is rejected. [W]
    coolant_flow : array_like
        Circulating water through this cell. [kg/s]
    dry_bulb, wet_bulb, pressure : array_like
        Outdoor air. [degC], [degC], [Pa]
    setpoint : array_like
        Wanted leaving temperature; held with the least fan speed that can. [degC]

    Notes
    -----
    Make-up is evaporation + drift + blow-down, blow-down = evaporation / (cycles - 1) - drift but not below 0.
    Evaporation follows from air that leaves saturated.  The heater of an idle basin is that of :mod:`solvers.plant.frost`.
    """
    heat, flow, dry, wet, barometer, wanted = broadcast(
        duty=duty,
        coolant_flow=coolant_flow,
        dry_bulb=dry_bulb,
        wet_bulb=wet_bulb,
        pressure=pressure,
        setpoint=setpoint,
    )
    heat, wet = np.maximum(heat, 0.0), np.minimum(wet, dry)
    stuck = (flow <= 0.0) & (heat > 0.0)
    safe = np.where(flow > 0.0, flow, rating.water_flow)
    rate = safe * WATER_CAPACITY

    fill = _Fill(heat, safe, wet, barometer, psychrometrics.saturation_enthalpy(wet, barometer))

    def leaving_at(fraction: Array) -> Array:
        return np.where(heat > 0.0, _entering(rating, fill, fraction) - heat / rate, wanted)

    def search(between: NDArray[np.bool_]) -> Array:
        return _fraction(rating, fill.where(between), (wanted + heat / rate)[between])

    density = barometer / rating.pressure
    made = np.where(stuck, 0.0, heat)

    def spent(fraction: Array) -> tuple[Array, Array]:
        full = fans.power(fraction, 1.0, rating.fan_power, density_ratio=density)
        return full, _makeup(rating, replace(fill, heat=made), flow, dry, fraction)

    power, water, speed, leaving, lost = _held(rating, leaving_at, search, spent, wanted)
    return Rejection(
        leaving=np.where(stuck, CEILING, leaving),
        power=np.where(stuck, rating.fan_power * density, power),
        water=water,
        saturated=lost | stuck,
        heat=made,
        entering=np.where(stuck, CEILING, leaving + heat / rate),
        speed=np.where(stuck, 1.0, speed),
        in_range=_in_range(rating, safe, wet) & ~stuck & (leaving + heat / rate <= CEILING),
    )


def leaving_temperature(
    rating: TowerRating,
    *,
    water_entering: ArrayLike,
    water_flow: ArrayLike,
    wet_bulb: ArrayLike,
    pressure: ArrayLike,
    speed: ArrayLike = 1.0,
) -> Array:
    """Water leaving at a given fan speed (0..1, not below free convection). [degC]

    Water colder than the wet bulb leaves as it came; without flow too.
    """
    entering, flow, wet, barometer, fraction = broadcast(
        water_entering=water_entering,
        water_flow=water_flow,
        wet_bulb=wet_bulb,
        pressure=pressure,
        speed=speed,
    )
    able = (flow > 0.0) & (entering > wet)
    safe = np.where(flow > 0.0, flow, rating.water_flow)
    air = np.maximum(fraction, rating.free_convection)
    most = np.where(able, safe * WATER_CAPACITY * (entering - wet), 1.0)

    fill = _Fill(most, safe, wet, barometer, psychrometrics.saturation_enthalpy(wet, barometer))

    def excess(share: Array) -> Array:
        return _entering(rating, replace(fill, heat=share * most), air) - np.where(able, entering, wet + 1.0)

    share = find_root(excess, np.full(most.shape, _TINY), np.ones(most.shape))
    return np.where(able, entering - share * most / (safe * WATER_CAPACITY), entering)


def _held(
    rating: TowerRating,
    leaving_at: Callable[[Array], Array],
    search: Callable[[NDArray[np.bool_]], Array],
    spent: Callable[[Array], tuple[Array, Array]],
    wanted: Array,
) -> tuple[Array, Array, Array, Array, NDArray[np.bool_]]:
    """Fan power, make-up, mean speed, leaving temperature and whether the set point is lost.

    ``spent`` gives fan power [W] and make-up [kg/s] at an air-flow fraction; at rest the fans draw nothing.
    """
    if not rating.steps:
        fraction, share, leaving, lost = modulate(
            leaving_at, wanted, rating.free_convection, rating.min_speed, search=search
        )
        power, water = spent(fraction)
        return share * power, water, share * fraction, leaving, lost
    steps = step(leaving_at, wanted, rating.free_convection, rating.steps)
    low, high = spent(steps.lower), spent(steps.upper)
    turning = np.where(steps.lower > rating.free_convection, steps.lower, 0.0)
    rest = np.where(turning > 0.0, low[0], 0.0)
    return (
        rest + steps.share * (high[0] - rest),
        low[1] + steps.share * (high[1] - low[1]),
        turning + steps.share * (steps.upper - turning),
        steps.leaving,
        steps.lost,
    )


def _in_range(rating: TowerRating, flow: Array, wet: Array) -> NDArray[np.bool_]:
    share, below = flow / rating.water_flow, rating.wet_bulb - wet
    flow_ok = (share >= _WATER_RANGE[0]) & (share <= _WATER_RANGE[1])
    return flow_ok & (below >= -10.0) & (below <= 25.0)


def _air_flow(rating: TowerRating, fraction: Array, wet: Array, pressure: Array) -> Array:
    kelvin = (rating.wet_bulb + psychrometrics.ZERO_CELSIUS) / (wet + psychrometrics.ZERO_CELSIUS)
    return rating.air_flow * fraction * kelvin * pressure / rating.pressure


@dataclass(frozen=True)
class _Fill:
    """What goes through the fill, arrays of one shape."""

    heat: Array
    """[W]"""
    flow: Array
    """Water. [kg/s]"""
    wet: Array
    """Wet bulb of the entering air. [degC]"""
    pressure: Array
    """[Pa]"""
    entry: Array
    """Enthalpy of the entering air. [J/kg]"""

    def where(self, chosen: NDArray[np.bool_]) -> _Fill:
        """The chosen elements only."""
        return _Fill(*(getattr(self, field.name)[chosen] for field in fields(self)))


def _outlet(fill: _Fill, air: Array) -> tuple[Array, Array]:
    """Enthalpy rise of the air [J/kg], and the wet bulb it leaves with [degC]."""
    rise = np.maximum(fill.heat / air, _TRICKLE)
    return rise, merkel.outlet(fill.entry, rise, fill.wet, fill.pressure)


def _entering(rating: TowerRating, fill: _Fill, fraction: Array) -> Array:
    """Entering water at which the tower passes the heat on: explicit, as heat fixes the air outlet. [degC]"""
    air = _air_flow(rating, fraction, fill.wet, fill.pressure)
    rise, leaving = _outlet(fill, air)
    return _entering_at(rating, fill, air, merkel.equivalent_capacity(rise, leaving, fill.wet))


def _entering_at(rating: TowerRating, fill: _Fill, air: Array, equivalent: Array) -> Array:
    transfer = _conductance(rating, fill.flow, fill.wet, air) * equivalent / psychrometrics.DRY_AIR_CAPACITY
    water_rate, air_rate = fill.flow * WATER_CAPACITY, air * equivalent
    least = np.minimum(water_rate, air_rate)
    passing = least * effectiveness(transfer / least, least / np.maximum(water_rate, air_rate))
    return fill.wet + fill.heat / passing


def _fraction(rating: TowerRating, fill: _Fill, wanted: Array) -> Array:
    """Air-flow fraction, between least and full speed, at which water enters as ``wanted``.

    Searched over the wet bulb of the leaving air: heat and that give the air flow outright, while air flow gives the
    leaving wet bulb by iteration only.
    """
    full = _air_flow(rating, np.ones(wanted.shape), fill.wet, fill.pressure)
    heat = np.maximum(fill.heat, _TRICKLE * full)
    low, high = (
        merkel.outlet(fill.entry, heat / (full * y), fill.wet, fill.pressure) for y in (1.0, rating.min_speed)
    )

    def rise_at(leaving: Array) -> Array:
        return psychrometrics.saturation_enthalpy(leaving, fill.pressure) - fill.entry

    def excess(leaving: Array) -> Array:
        rise = np.maximum(rise_at(leaving), _TINY)
        equivalent = merkel.equivalent_capacity(rise, leaving, fill.wet)
        return _entering_at(rating, fill, heat / rise, equivalent) - wanted

    leaving = find_root(excess, low, high)
    return np.clip(heat / np.maximum(rise_at(leaving), _TINY) / full, rating.min_speed, 1.0)


def _conductance(rating: TowerRating, flow: Array, wet: Array, air: Array) -> Array:
    """UA at part load; every curve is 1 at the rating. [W/K]"""
    below = np.clip(rating.wet_bulb - wet, -10.0, 25.0)
    blow = air / rating.air_flow
    blow = np.where(blow < 1.0, blow * (_UA_AIR[0] + _UA_AIR[1] * blow), blow**0.7)
    spray = np.clip(flow / rating.water_flow, *_WATER_RANGE)
    wetting = (_UA_WATER[0] + spray * (_UA_WATER[1] + spray * _UA_WATER[2])) / sum(_UA_WATER)
    return rating.conductance * (1.0 + _UA_WET_BULB * below) * blow * wetting


def _makeup(rating: TowerRating, fill: _Fill, flow: Array, dry: Array, fraction: Array) -> Array:
    air = _air_flow(rating, fraction, fill.wet, fill.pressure)
    _, leaving = _outlet(fill, air)
    before = psychrometrics.humidity_ratio_from_wet_bulb(dry, fill.wet, fill.pressure)
    after = psychrometrics.saturation_humidity_ratio(leaving, fill.pressure)
    evaporated = np.where(fill.heat > 0.0, air * np.maximum(after - before, 0.0), 0.0)
    drift = np.where(fill.heat > 0.0, rating.drift * np.maximum(flow, 0.0), 0.0)
    return evaporated + np.maximum(evaporated / (rating.cycles - 1.0), drift)

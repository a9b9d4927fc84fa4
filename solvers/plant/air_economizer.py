"""Air-side economizer: outdoor air straight into the hall, within limits of dew point and humidity.

The hall has no source of moisture, so once outdoor air comes in, its air settles at the humidity of the supply;
mixing sets the temperature, not the moisture.  Limits: ASHRAE TC 9.9, "Thermal Guidelines for Data Processing
Environments", 5th ed., 2021, recommended envelope (-9 .. 15 degC dew point, at most 70 % relative humidity in halls
with little corrosion), as quoted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers import checks, psychrometrics
from solvers.plant import fans
from solvers.plant.inputs import broadcast

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class AirEconomizerRating:
    """Outdoor-air unit of a hall, and the air it may let in."""

    air_flow: float
    """Supply air at full fan speed. [m3/s]"""
    fan_power: float
    """Supply and relief fans at that flow and ``density``. [W]"""
    density: float = 1.2
    """Air density of the fan rating. [kg/m3]"""
    min_speed: float = 0.2
    """Least fan speed over rated; assumed, a usual limit of drives."""
    min_dew_point: float = -9.0
    """Supply air is not drier. [degC]"""
    max_dew_point: float = 15.0
    """Outdoor air with more moisture is kept out. [degC]"""
    max_relative_humidity: float = 0.7
    """Of the supply air. [0..1]"""
    humidify: bool = True
    """Whether dry outdoor air is wetted adiabatically to ``min_dew_point``; otherwise it is kept out."""
    lockout: float = -40.0
    """Colder outdoor air is kept out, for the coils' sake; assumed. [degC]"""

    def __post_init__(self) -> None:
        checks.finite(self, "min_dew_point", "lockout")
        if min(self.air_flow, self.fan_power, self.density) <= 0.0:
            raise ValueError("air_flow, fan_power and density of the rating must be positive")
        if not self.min_dew_point < self.max_dew_point:
            raise ValueError("need min_dew_point < max_dew_point, or no air would do")
        if not 0.0 < self.max_relative_humidity <= 1.0 or not 0.0 <= self.min_speed <= 1.0:
            raise ValueError("max_relative_humidity and min_speed are fractions")


@dataclass(frozen=True)
class AirEconomy:
    """State of the unit in every scenario; arrays of one common shape."""

    usable: Mask
    """Outdoor air may come in: moisture within limits, and cooler than the hall's return."""
    outdoor_share: Array
    """Outdoor air in the supply. [0..1]"""
    supply: Array
    """Air leaving the mixing box, before any mechanical coil. [degC]"""
    humidity_ratio: Array
    """Of the supply while outdoor air is used, of the return otherwise. [kg/kg]"""
    free_heat: Array
    """Duty carried by outdoor air. [W]"""
    mechanical: Array
    """Left for the coil, sensible. [W]"""
    power: Array
    """Fans. [W]"""
    water: Array
    """Evaporated by the humidifier. [kg/s]"""
    saturated: Mask
    """More air wanted than the fans move: the return would rise above its value."""


def run(
    rating: AirEconomizerRating,
    *,
    duty: ArrayLike,
    return_temperature: ArrayLike,
    setpoint: ArrayLike,
    dry_bulb: ArrayLike,
    humidity_ratio: ArrayLike,
    pressure: ArrayLike,
    return_humidity: ArrayLike = 0.0085,
) -> AirEconomy:
    """Cool a hall with outdoor air as far as it goes.

    Parameters
    ----------
    duty : array_like
        Sensible heat of the hall. [W]
    return_temperature, setpoint : array_like
        Air from the hot aisle, and wanted at the racks. [degC]
    dry_bulb, humidity_ratio, pressure : array_like
        Outdoor air. [degC], [kg/kg], [Pa]
    return_humidity : array_like
        Of the closed hall, where no outdoor air is used; the default is 12 degC dew point, assumed. [kg/kg]

    Notes
    -----
    Air flow follows the duty at the wanted rise; at altitude the same mass is more volume, so the fans run
    faster in thinner air.  Latent load of a coil, direct evaporative cooling above the set point, filters that
    load up and leakage are left out.
    """
    heat, back, wanted, outside, moisture, barometer, closed = broadcast(
        duty=duty,
        return_temperature=return_temperature,
        setpoint=setpoint,
        dry_bulb=dry_bulb,
        humidity_ratio=humidity_ratio,
        pressure=pressure,
        return_humidity=return_humidity,
    )
    if np.any(back <= wanted):
        raise ValueError("return_temperature must exceed setpoint, or no air flow carries the duty")
    heat = np.maximum(heat, 0.0)
    inside, usable = _admit(rating, wanted, back, outside, moisture, barometer)
    share, mixed = _mix(back, wanted, outside, moisture, inside)
    humidity = np.where(usable, inside, closed)
    share, mixed = np.where(usable, share, 0.0), np.where(usable, mixed, back)
    air = heat / (psychrometrics.enthalpy(back, humidity) - psychrometrics.enthalpy(wanted, humidity))
    free = heat * np.clip((back - mixed) / (back - wanted), 0.0, 1.0)
    power, short = _fan(rating, air, np.maximum(wanted, mixed), humidity, barometer)
    return AirEconomy(
        usable=usable,
        outdoor_share=share,
        supply=mixed,
        humidity_ratio=humidity,
        free_heat=free,
        mechanical=heat - free,
        power=power,
        water=np.where(usable, share * air * np.maximum(inside - moisture, 0.0), 0.0),
        saturated=short,
    )


def _admit(
    rating: AirEconomizerRating, wanted: Array, back: Array, outside: Array, moisture: Array, barometer: Array
) -> tuple[Array, Mask]:
    """Humidity of the supply if outdoor air comes in, and whether it may. [kg/kg]"""
    least = psychrometrics.humidity_ratio_from_dew_point(rating.min_dew_point, barometer)
    most = psychrometrics.humidity_ratio_from_dew_point(rating.max_dew_point, barometer)
    damp = psychrometrics.humidity_ratio_from_relative_humidity(
        wanted, rating.max_relative_humidity, barometer
    )
    inside = np.maximum(moisture, least) if rating.humidify else moisture
    fits = (inside >= least) & (inside <= np.minimum(most, damp))
    return inside, fits & (outside < back) & (outside >= rating.lockout)


def _mix(back: Array, wanted: Array, outside: Array, moisture: Array, inside: Array) -> tuple[Array, Array]:
    """Share of outdoor air and mixed temperature; water is sprayed at its wet bulb, so enthalpy holds."""
    hot = psychrometrics.enthalpy(back, inside)
    goal = psychrometrics.enthalpy(wanted, inside)
    fresh = psychrometrics.enthalpy(outside, moisture)
    share = np.clip((hot - goal) / np.maximum(hot - fresh, 1e-9), 0.0, 1.0)
    mixed = hot + share * (fresh - hot)
    capacity = psychrometrics.DRY_AIR_CAPACITY + psychrometrics.VAPOUR_CAPACITY * inside
    return share, (mixed - psychrometrics.EVAPORATION_HEAT * inside) / capacity


def _fan(
    rating: AirEconomizerRating, air: Array, supply: Array, humidity: Array, barometer: Array
) -> tuple[Array, Mask]:
    """Fan power [W] at a flow of dry air [kg/s], and whether the fans fall short."""
    density = psychrometrics.density(supply, humidity, barometer)
    volume = air * (1.0 + humidity) / density
    short = volume > rating.air_flow * (1.0 + 1e-9)
    power = fans.power(
        np.minimum(volume, rating.air_flow),
        rating.air_flow,
        rating.fan_power,
        min_speed=rating.min_speed,
        density_ratio=density / rating.density,
    )
    return power, short

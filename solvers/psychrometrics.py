"""Moist air: what a dry bulb, a humidity and a pressure say about each other.

Every function takes arrays that broadcast and returns an array.  Temperatures are degC, pressures Pa,
humidity ratios kg of vapour per kg of dry air, relative humidities fractions 0..1, enthalpies J per kg of dry
air.  What is not finite, a temperature below absolute zero, a humidity ratio below 0 or no pressure is a ValueError that
names argument and index.

Ideal-gas mixture without the enhancement factor, as in the handbook [1]_; against real-gas properties the wet
bulb is off by at most some 25 mK.  Saturation is over ice below the triple point (0.01 degC) and over water
above it.

References
----------
.. [1] ASHRAE Handbook - Fundamentals (2017), chapter 1 "Psychrometrics".
.. [2] R. W. Hyland and A. Wexler, "Formulations for the thermodynamic properties of the saturated phases of
   H2O from 173.15 K to 473.15 K", ASHRAE Transactions 89(2A), 1983, pp. 500-519.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers import checks

Array = NDArray[np.float64]

STANDARD_PRESSURE = 101325.0
"""Sea-level pressure of the standard atmosphere. [Pa]"""
ZERO_CELSIUS = 273.15
TRIPLE_POINT = 0.01
"""Where saturation changes from ice to water. [degC]"""
GAS_CONSTANT = 287.042
"""Dry air, [1]_ eq. 1. [J/(kg K)]"""
MASS_RATIO = 0.621945
"""Molar mass of water over that of dry air, [1]_ eq. 20."""
DRY_AIR_CAPACITY = 1006.0
"""Dry air at constant pressure, [1]_ eq. 30. [J/(kg K)]"""
VAPOUR_CAPACITY = 1860.0
"""Water vapour at constant pressure, [1]_ eq. 30. [J/(kg K)]"""
EVAPORATION_HEAT = 2.501e6
"""Water at 0 degC, [1]_ eq. 30. [J/kg]"""
DRIEST = 1e-7
"""Smallest humidity ratio that still has a dew point inside the range of [2]_. [kg/kg]"""
COLDEST, HOTTEST = -100.0, 200.0
"""Range of [2]_; saturation is evaluated at the nearer end beyond it. [degC]"""

LOWEST, HIGHEST = -5000.0, 11000.0
"""Range of the standard atmosphere, [1]_ eq. 3. [m]"""

# Hyland-Wexler coefficients [2]: ln(p) = a/T + b + c T + d T^2 + e T^3 + f T^4 + g ln(T)
_ICE = (-5.6745359e3, 6.3925247, -9.677843e-3, 6.2215701e-7, 2.0747825e-9, -9.484024e-13, 4.1635019)
_WATER = (-5.8002206e3, 1.3914993, -4.8640239e-2, 4.1764768e-5, -1.4452093e-8, 0.0, 6.5459673)
_NEWTON_LIMIT = 30
_SETTLED = 1e-9  # K; far below any use, reached in five or six Newton steps


def pressure_at(elevation: ArrayLike) -> Array:
    """Barometric pressure of the standard atmosphere. [Pa]

    ``elevation`` [m], -5000 .. 11000.  [1]_ eq. 3.  At 1609 m (Denver): 83.4 kPa.
    """
    return (
        STANDARD_PRESSURE
        * (1.0 - 2.25577e-5 * checks.number("elevation", elevation, least=LOWEST, most=HIGHEST)) ** 5.2559
    )


def saturation_pressure(temperature: ArrayLike) -> Array:
    """Vapour pressure over ice (below 0.01 degC) or water. [Pa]

    [2]_, -100 .. 200 degC.  At 25 degC: 3169 Pa.
    """
    return np.exp(_log_saturation(_clip(checks.temperature("temperature", temperature)))[0])


def saturation_temperature(vapour_pressure: ArrayLike) -> Array:
    """Temperature at which a vapour pressure [Pa] saturates: :func:`saturation_pressure` inverted. [degC]"""
    vapour = checks.number("vapour_pressure", vapour_pressure, least=0.0)
    low, high = (_log_saturation(np.asarray(limit))[0] for limit in (COLDEST, HOTTEST))
    target = np.clip(np.log(np.maximum(vapour, 1e-300)), low, high)
    # ln p is almost linear in 1/T: one secant through two known points starts Newton within some 3 K
    cold, hot = (_log_saturation(np.asarray(t)) for t in (0.0, 60.0))
    share = (target - cold[0]) / (hot[0] - cold[0])
    inverse = 1.0 / ZERO_CELSIUS + share * (1.0 / (60.0 + ZERO_CELSIUS) - 1.0 / ZERO_CELSIUS)
    temperature = _clip(1.0 / inverse - ZERO_CELSIUS)
    for _ in range(_NEWTON_LIMIT):
        value, slope = _log_saturation(temperature)
        step = (value - target) / slope
        temperature = _clip(temperature - step)
        if step.size == 0 or np.max(np.abs(step)) < _SETTLED:
            break
    return temperature


def saturation_humidity_ratio(temperature: ArrayLike, pressure: ArrayLike) -> Array:
    """Humidity ratio of saturated air. [kg/kg]"""
    return _ratio_of_vapour(saturation_pressure(temperature), _pressure(pressure))


def humidity_ratio_from_relative_humidity(
    temperature: ArrayLike, relative_humidity: ArrayLike, pressure: ArrayLike
) -> Array:
    """Humidity ratio at a dry bulb and a relative humidity 0..1. [kg/kg]"""
    damp = checks.number("relative_humidity", relative_humidity, least=0.0)
    return _ratio_of_vapour(damp * saturation_pressure(temperature), _pressure(pressure))


def humidity_ratio_from_dew_point(dew_point: ArrayLike, pressure: ArrayLike) -> Array:
    """Humidity ratio of air that would saturate at ``dew_point``. [kg/kg]"""
    return saturation_humidity_ratio(checks.temperature("dew_point", dew_point), pressure)


def humidity_ratio_from_wet_bulb(temperature: ArrayLike, wet_bulb: ArrayLike, pressure: ArrayLike) -> Array:
    """Humidity ratio at a dry and a wet bulb, [1]_ eq. 33 (water) and 35 (ice). [kg/kg]"""
    bulb, dry = checks.temperature("wet_bulb", wet_bulb), checks.temperature("temperature", temperature)
    return np.maximum(_wet_bulb_ratio(dry, bulb, _pressure(pressure), np.asarray(bulb < 0.0))[0], DRIEST)


def relative_humidity(temperature: ArrayLike, humidity_ratio: ArrayLike, pressure: ArrayLike) -> Array:
    """Vapour pressure over its saturation value; above 1 means fog. [-]"""
    return _vapour_pressure(_ratio(humidity_ratio), _pressure(pressure)) / saturation_pressure(temperature)


def dew_point(humidity_ratio: ArrayLike, pressure: ArrayLike) -> Array:
    """Temperature at which the air would begin to condense (or frost). [degC]"""
    ratio = np.maximum(_ratio(humidity_ratio), DRIEST)
    return saturation_temperature(_vapour_pressure(ratio, _pressure(pressure)))


def wet_bulb(temperature: ArrayLike, humidity_ratio: ArrayLike, pressure: ArrayLike) -> Array:
    """Thermodynamic wet-bulb temperature. [degC]

    Close to 0 degC in dry air both an iced and a wetted bulb satisfy the balance; the iced one is returned.
    Supersaturated air returns its dry bulb.
    """
    dry, ratio, barometer = checks.together(
        temperature=checks.temperature("temperature", temperature),
        humidity_ratio=np.maximum(_ratio(humidity_ratio), DRIEST),
        pressure=_pressure(pressure),
    )
    iced = ratio <= _wet_bulb_ratio(dry, np.zeros(dry.shape), barometer, np.ones(dry.shape, bool))[0]
    bulb = dry.astype(float)
    for _ in range(_NEWTON_LIMIT):
        # both branches rise and bend upward with the bulb, so Newton from the dry bulb never overshoots
        value, slope = _wet_bulb_ratio(dry, bulb, barometer, iced)
        step = np.clip((value - ratio) / slope, -50.0, 50.0)
        bulb = _clip(bulb - step)
        if step.size == 0 or np.max(np.abs(step)) < _SETTLED:
            break
    return np.minimum(bulb, dry)


def enthalpy(temperature: ArrayLike, humidity_ratio: ArrayLike) -> Array:
    """Enthalpy of moist air per kg of dry air, zero for dry air and liquid water at 0 degC. [J/kg]"""
    t, w = checks.temperature("temperature", temperature), _ratio(humidity_ratio)
    return DRY_AIR_CAPACITY * t + w * (EVAPORATION_HEAT + VAPOUR_CAPACITY * t)


def saturation_enthalpy(temperature: ArrayLike, pressure: ArrayLike) -> Array:
    """Enthalpy of saturated air per kg of dry air. [J/kg]"""
    return enthalpy(temperature, saturation_humidity_ratio(temperature, pressure))


def saturated_temperature_at(enthalpy: ArrayLike, pressure: ArrayLike) -> Array:
    """Temperature of saturated air with this enthalpy: the inverse of :func:`saturation_enthalpy`. [degC]

    The result stays below boiling; the enthalpy itself is without bound there.
    """
    target, barometer = checks.together(
        enthalpy=checks.number("enthalpy", enthalpy), pressure=_pressure(pressure)
    )
    boiling = saturation_temperature(0.99 * barometer)
    # the curve bends upward: from below Newton overshoots once, from above it closes in; this start is above
    temperature = np.minimum(10.0 + np.maximum(target, 0.0) / 3e3, np.minimum(60.0, boiling))
    for _ in range(_NEWTON_LIMIT):
        ratio, slope = _saturation_ratio_slope(temperature, barometer)
        latent = EVAPORATION_HEAT + VAPOUR_CAPACITY * temperature
        value = DRY_AIR_CAPACITY * temperature + ratio * latent
        rise = DRY_AIR_CAPACITY + ratio * VAPOUR_CAPACITY + slope * latent
        new = np.clip(temperature - (value - target) / rise, COLDEST, boiling)
        change, temperature = np.abs(new - temperature), new
        if change.size == 0 or np.max(change) < _SETTLED:
            break
    return temperature


def density(temperature: ArrayLike, humidity_ratio: ArrayLike, pressure: ArrayLike) -> Array:
    """Mass of moist air per volume. [kg/m3]"""
    w = _ratio(humidity_ratio)
    kelvin = checks.temperature("temperature", temperature) + ZERO_CELSIUS
    return _pressure(pressure) * (1.0 + w) / (GAS_CONSTANT * kelvin * (1.0 + w / MASS_RATIO))


def heat_capacity(humidity_ratio: ArrayLike) -> Array:
    """Heat capacity at constant pressure per kg of moist air. [J/(kg K)]"""
    w = _ratio(humidity_ratio)
    return (DRY_AIR_CAPACITY + VAPOUR_CAPACITY * w) / (1.0 + w)


def _pressure(pressure: ArrayLike) -> Array:
    return checks.number("pressure", pressure, above=0.0)


def _ratio(humidity_ratio: ArrayLike) -> Array:
    return checks.number("humidity_ratio", humidity_ratio, least=0.0, rounding=checks.ROUNDING)


def _clip(temperature: ArrayLike) -> Array:
    return np.clip(np.asarray(temperature, float), COLDEST, HOTTEST)


def _log_saturation(temperature: Array) -> tuple[Array, Array]:
    """Natural logarithm of the saturation pressure and its slope per kelvin."""
    kelvin = temperature + ZERO_CELSIUS
    ice = temperature <= TRIPLE_POINT
    a, b, c, d, e, f, g = (np.where(ice, i, w) for i, w in zip(_ICE, _WATER, strict=True))
    value = a / kelvin + b + kelvin * (c + kelvin * (d + kelvin * (e + kelvin * f))) + g * np.log(kelvin)
    slope = -a / kelvin**2 + c + kelvin * (2 * d + kelvin * (3 * e + kelvin * 4 * f)) + g / kelvin
    return value, slope


def _ratio_of_vapour(vapour_pressure: Array, pressure: ArrayLike) -> Array:
    # near boiling the ratio has no bound; 99 % vapour keeps it finite
    vapour = np.minimum(vapour_pressure, 0.99 * np.asarray(pressure, float))
    return MASS_RATIO * vapour / (np.asarray(pressure, float) - vapour)


def _vapour_pressure(humidity_ratio: ArrayLike, pressure: ArrayLike) -> Array:
    w = np.asarray(humidity_ratio, float)
    return np.asarray(pressure, float) * w / (MASS_RATIO + w)


def _saturation_ratio_slope(temperature: Array, pressure: Array) -> tuple[Array, Array]:
    log_vapour, slope = _log_saturation(_clip(temperature))
    vapour = np.minimum(np.exp(log_vapour), 0.99 * pressure)
    ratio = MASS_RATIO * vapour / (pressure - vapour)
    return ratio, ratio * slope * pressure / (pressure - vapour)


def _wet_bulb_ratio(
    temperature: ArrayLike, bulb: Array, pressure: ArrayLike, iced: NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Humidity ratio read from an iced or a wetted bulb, [1]_ eq. 35 or 33, and its slope per kelvin."""
    dry = np.asarray(temperature, float)
    saturated, rise = _saturation_ratio_slope(bulb, np.asarray(pressure, float))
    latent = np.where(iced, 2.830e6, 2.501e6)
    per_bulb = np.where(iced, 240.0, 2326.0)
    condensed = np.where(iced, 2100.0, 4186.0)
    above = (latent - per_bulb * bulb) * saturated - DRY_AIR_CAPACITY * (dry - bulb)
    below = latent + VAPOUR_CAPACITY * dry - condensed * bulb
    ratio = above / below
    slope = (latent - per_bulb * bulb) * rise - per_bulb * saturated + DRY_AIR_CAPACITY + ratio * condensed
    return ratio, slope / below

"""Properties of the coolants of a data center against temperature: water and aqueous propylene glycol.

All functions take temperature in degC (scalar or array) and return SI.  Nothing is clipped: outside
:attr:`Fluid.range` the fits extrapolate, and the caller asks :meth:`Fluid.in_range` or :meth:`Fluid.check`; what is no
temperature (not finite, or below absolute zero) is a ValueError.

Sources
-------
Water, liquid at 0.1 MPa.  Density: G. S. Kell, J. Chem. Eng. Data 20 (1975) 97-105.  Viscosity and thermal
conductivity: IAPWS SR6-08(2011), supplementary release on liquid water at 0.1 MPa.  Heat capacity: degree-6
polynomial fitted by us to IAPWS-95 (IAPWS R6-95(2018)) over 0..100 degC, largest deviation 0.004 %.  Bulk
modulus: density times the square of the speed of sound, W. Marczak, J. Acoust. Soc. Am. 102 (1997) 2776-2779.

``pg25``, ``pg40``: 25 and 40 % by *mass* propylene glycol without inhibitors, A. Melinder, "Properties of
Secondary Working Fluids for Indirect Systems", 2nd ed., International Institute of Refrigeration, 2010.  The
published double polynomial in concentration and temperature collapses at a fixed concentration to the cubics
below (identical to rounding).

``pg25_inhibited``: DOWFROST LC 25, 25 % by *volume* (25.9 % by mass) with inhibitors, fitted by us to the eight
points of 20..55 degC of its technical data sheet (as quoted in public calculations; the sheet itself was not
opened).  The fits give every printed digit; :attr:`Fluid.range` goes 10 K beyond the points on either side, where
the ratio to the pure mixture goes on smoothly.  Against ``pg25`` it is 16 to 19 % more viscous, 1.2 % denser, holds
1.3 % less heat and conducts 2 to 2.5 % worse.  The maker's engineering guide prints viscosities 12 to 14 % lower at
the same points (1.39 against 1.58 mPa s at 40 degC): take that as the uncertainty.

``pg40_inhibited``: Antifrogen L, 40 % by volume (Clariant data as tabulated in SecCool, J. Skovrup 2013, by way of
CoolProp), fitted by us at 5 K steps over -20..80 degC: density and heat capacity to the printed digit, conductivity
to 0.14 %, viscosity to 0.8 %.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.polynomial import polyval
from numpy.typing import ArrayLike, NDArray

from solvers import checks, psychrometrics

Property = Callable[[ArrayLike], NDArray[np.float64]]

ICE_POINT = 273.15
"""0 degC in kelvin, exact by definition."""
WATER_MOLAR_MASS, GLYCOL_MOLAR_MASS = 18.015, 76.094
"""Molar masses of water and 1,2-propanediol. [g/mol]"""
_STEP = 0.05
"""Half width of the central difference that gives the thermal expansion. [K]"""


@dataclass(frozen=True)
class Fluid:
    """A liquid coolant; each property is a vectorised function of temperature in degC."""

    name: str
    density: Property
    """Mass density [kg/m3]."""
    heat_capacity: Property
    """Specific heat capacity at constant pressure [J/(kg K)]."""
    viscosity: Property
    """Dynamic viscosity [Pa s]."""
    conductivity: Property
    """Thermal conductivity [W/(m K)]."""
    freezing_point: float
    """Temperature at which the first ice forms [degC]."""
    range: tuple[float, float]
    """Lowest and highest temperature of validity [degC]."""
    source: str
    """Where the numbers come from."""
    bulk_modulus: Property
    """Adiabatic bulk modulus, for pressure waves [Pa]."""
    glycol: float = 0.0
    """Mass fraction of propylene glycol [-]."""

    def in_range(self, temperature: ArrayLike) -> NDArray[np.bool_]:
        """True where the properties are valid at ``temperature`` [degC]."""
        t = np.asarray(temperature, float)
        return (t >= self.range[0]) & (t <= self.range[1])

    def check(self, temperature: ArrayLike) -> str:
        """What is wrong with ``temperature`` [degC] for this fluid, in words; empty if nothing is.

        Names the fluid, the first value outside, its index in an array, and what is allowed.
        """
        t = np.asarray(temperature, float)
        outside = np.argwhere(~self.in_range(t))
        if not len(outside):
            return ""
        index = tuple(int(k) for k in outside[0])
        value, where = float(t[index]), f" at {list(index)}" if index else ""
        why = f"; it freezes at {self.freezing_point:g} degC" if value < self.freezing_point else ""
        low, high = self.range
        return f"{self.name}: {value:g} degC{where} is outside its range {low:g} to {high:g} degC{why}"

    def thermal_expansion(self, temperature: ArrayLike) -> NDArray[np.float64]:
        """Relative growth of volume per kelvin, ``-(1/rho) drho/dT`` [1/K]; negative for water below 4 degC."""
        t = np.asarray(temperature, float)
        slope = (self.density(t + _STEP) - self.density(t - _STEP)) / (2.0 * _STEP)
        return np.asarray(-slope / self.density(t))

    def vapour_pressure(self, temperature: ArrayLike) -> NDArray[np.float64]:
        """Pressure below which it boils [Pa]: that of water times its mole fraction (Raoult).

        Glycol's own vapour (20 Pa at 25 degC) is left out and the mixture is taken as ideal.
        """
        water = (1.0 - self.glycol) / WATER_MOLAR_MASS
        share = water / (water + self.glycol / GLYCOL_MOLAR_MASS)
        return np.asarray(share * psychrometrics.saturation_pressure(temperature))

    def prandtl(self, temperature: ArrayLike) -> NDArray[np.float64]:
        """Prandtl number, cp mu / k [-], at ``temperature`` [degC]."""
        return self.heat_capacity(temperature) * self.viscosity(temperature) / self.conductivity(temperature)


def _water_density(temperature: ArrayLike) -> NDArray[np.float64]:
    """Kell (1975) equation 16; within 2e-5 of IAPWS-95 over 0..100 degC."""
    t = checks.temperature("temperature", temperature)
    numerator = polyval(t, [999.83952, 16.945176, -7.9870401e-3, -46.170461e-6, 105.56302e-9, -280.54253e-12])
    return np.asarray(numerator / (1.0 + 16.879850e-3 * t))


def _water_modulus(temperature: ArrayLike) -> NDArray[np.float64]:
    """Density times the square of Marczak's (1997) speed of sound, 0..95 degC."""
    t = checks.temperature("temperature", temperature)
    sound = polyval(t, [1402.385, 5.038813, -5.799136e-2, 3.287156e-4, -1.398845e-6, 2.787860e-9])
    return np.asarray(_water_density(t) * sound**2)


def _power_sum(terms: tuple[tuple[float, float], ...]) -> Property:
    """Sum of a (T / 300 K)^b, the form of IAPWS SR6-08."""

    def value(temperature: ArrayLike) -> NDArray[np.float64]:
        reduced = (checks.temperature("temperature", temperature) + ICE_POINT) / 300.0
        return np.asarray(sum(a * reduced**b for a, b in terms))

    return value


def _polynomial(*coefficients: float, about: float = 40.0) -> Property:
    """Polynomial in ``temperature - about``, constant term first."""

    def value(temperature: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(polyval(checks.temperature("temperature", temperature) - about, coefficients))

    return value


def _exponential(*coefficients: float, about: float = 40.0) -> Property:
    """Exponential of a polynomial in ``temperature - about``."""
    exponent = _polynomial(*coefficients, about=about)
    return lambda temperature: np.exp(exponent(temperature))


def _vogel(front: float, numerator: float, offset: float) -> Property:
    """``front exp(numerator / (t + offset))``, which goes on sensibly beyond the points it was fitted to."""

    def value(temperature: ArrayLike) -> NDArray[np.float64]:
        return front * np.exp(numerator / (checks.temperature("temperature", temperature) + offset))

    return value


def _constant(value: float) -> Property:
    return lambda temperature: np.full(checks.temperature("temperature", temperature).shape, value)


_PG25_MODULUS = _constant(2.5e9)
_PG40_MODULUS = _constant(2.7e9)
"""Assumed: sound is 5 to 10 % faster than in water; 10 % of modulus are 5 % of a pressure surge."""
_MELINDER = "Melinder, Properties of Secondary Working Fluids, IIR 2010 (mass fraction, no inhibitors)"

FLUIDS: dict[str, Fluid] = {
    "water": Fluid(
        name="water",
        density=_water_density,
        heat_capacity=_polynomial(
            4179.446, 0.09005449, 0.01099974, -1.464832e-4, 3.740899e-6, -5.349077e-8, 3.442338e-10
        ),
        viscosity=_power_sum(((280.68e-6, -1.9), (511.45e-6, -7.7), (61.131e-6, -19.6), (0.45903e-6, -40.0))),
        conductivity=_power_sum(((1.6630, -1.15), (-1.7781, -3.4), (1.1567, -6.0), (-0.432115, -7.6))),
        freezing_point=0.0,
        range=(0.0, 100.0),
        source="Kell 1975; IAPWS SR6-08(2011); IAPWS R6-95(2018); Marczak 1997",
        bulk_modulus=_water_modulus,
    ),
    "pg25": Fluid(
        name="propylene glycol 25 % by mass",
        density=_polynomial(1009.909, -0.5277465, -2.679932e-3, 1.434573e-5),
        heat_capacity=_polynomial(3968.650, 2.389253, -1.403976e-3, -2.05841e-5),
        viscosity=_exponential(-6.605422, -2.508747e-2, 1.992562e-4, -1.294375e-6),
        conductivity=_polynomial(0.4858398, 8.863801e-4, -7.794268e-7, -6.495569e-9),
        freezing_point=-9.8,
        range=(-9.8, 100.0),
        source=_MELINDER,
        bulk_modulus=_PG25_MODULUS,
        glycol=0.25,
    ),
    "pg40": Fluid(
        name="propylene glycol 40 % by mass",
        density=_polynomial(1020.060, -0.6539761, -1.917625e-3, 1.251322e-5),
        heat_capacity=_polynomial(3770.829, 3.178745, -1.33747e-3, -3.793736e-7),
        viscosity=_exponential(-6.146584, -3.009369e-2, 2.556501e-4, -1.575782e-6),
        conductivity=_polynomial(0.4132107, 6.577006e-4, 4.383158e-7, -3.722552e-9),
        freezing_point=-20.6,
        range=(-20.6, 100.0),
        source=_MELINDER,
        bulk_modulus=_PG40_MODULUS,
        glycol=0.40,
    ),
    "pg25_inhibited": Fluid(
        name="propylene glycol 25 % by volume, inhibited (DOWFROST LC 25)",
        density=_polynomial(1022.504, -0.5525, -2.166667e-3),
        heat_capacity=_polynomial(3915.952, 2.380952),
        viscosity=_vogel(1.34415e-4, 255.41512, 63.769371),
        conductivity=_polynomial(0.47635, 8.9e-4, -6.0e-6),
        freezing_point=-10.0,
        range=(10.0, 65.0),
        source="DOWFROST LC 25 technical data sheet, 20..55 degC, as quoted; freezing point as quoted",
        bulk_modulus=_PG25_MODULUS,
        glycol=0.259,
    ),
    "pg40_inhibited": Fluid(
        name="propylene glycol 40 % by volume, inhibited (Antifrogen L)",
        density=_polynomial(1026.983, -0.648422, -2.13234e-3, 8.845126e-6),
        heat_capacity=_polynomial(3780.774, 2.720309, 2.419091e-3, 1.109493e-5),
        viscosity=_exponential(
            -5.988446, -3.085335e-2, 2.258128e-4, -6.390739e-7, -1.007602e-8, -3.376744e-10
        ),
        conductivity=_polynomial(0.4202072, 6.652567e-5, 7.160193e-7, 2.283707e-8),
        freezing_point=-22.1,
        range=(-20.0, 80.0),
        source="Antifrogen L 40 vol%, Clariant by way of SecCool (Skovrup 2013) and CoolProp",
        bulk_modulus=_PG40_MODULUS,
        glycol=0.41,
    ),
}
"""The coolants by the name a layout uses."""

"""Properties of the coolants of a data center against temperature: water and aqueous propylene glycol.

All functions take temperature in degC (scalar or array) and return SI.  Nothing is clipped: outside
:attr:`Fluid.range` the polynomials extrapolate, and the caller checks :meth:`Fluid.in_range`.

Sources
-------
Water, liquid at 0.1 MPa.  Density: G. S. Kell, J. Chem. Eng. Data 20 (1975) 97-105.  Viscosity and thermal
conductivity: IAPWS SR6-08(2011), supplementary release on liquid water at 0.1 MPa.  Heat capacity: degree-6
polynomial fitted by us to IAPWS-95 (IAPWS R6-95(2018)) over 0..100 degC, largest deviation 0.004 %.

PG25, PG40: 25 and 40 % by *mass* propylene glycol without inhibitors, A. Melinder, "Properties of Secondary
Working Fluids for Indirect Systems", 2nd ed., International Institute of Refrigeration, 2010.  The published
double polynomial in concentration and temperature collapses at a fixed concentration to the cubics below
(identical to rounding).  25 % by volume is 25.9 % by mass; inhibited products are thicker: a 25 vol% heat
transfer fluid data sheet lists viscosities 12 to 16 % above, densities 1.2 % above and heat capacities 1.1 %
below these between 25 and 55 degC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.polynomial import polyval
from numpy.typing import ArrayLike, NDArray

Property = Callable[[ArrayLike], NDArray[np.float64]]

ICE_POINT = 273.15
"""0 degC in kelvin, exact by definition."""


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

    def in_range(self, temperature: ArrayLike) -> NDArray[np.bool_]:
        """True where the properties are valid at ``temperature`` [degC]."""
        t = np.asarray(temperature, float)
        return (t >= self.range[0]) & (t <= self.range[1])

    def prandtl(self, temperature: ArrayLike) -> NDArray[np.float64]:
        """Prandtl number, cp mu / k [-], at ``temperature`` [degC]."""
        return self.heat_capacity(temperature) * self.viscosity(temperature) / self.conductivity(temperature)


def _water_density(temperature: ArrayLike) -> NDArray[np.float64]:
    """Kell (1975) equation 16; within 2e-5 of IAPWS-95 over 0..100 degC."""
    t = np.asarray(temperature, float)
    numerator = polyval(t, [999.83952, 16.945176, -7.9870401e-3, -46.170461e-6, 105.56302e-9, -280.54253e-12])
    return np.asarray(numerator / (1.0 + 16.879850e-3 * t))


def _power_sum(terms: tuple[tuple[float, float], ...]) -> Property:
    """Sum of a (T / 300 K)^b, the form of IAPWS SR6-08."""

    def value(temperature: ArrayLike) -> NDArray[np.float64]:
        reduced = (np.asarray(temperature, float) + ICE_POINT) / 300.0
        return np.asarray(sum(a * reduced**b for a, b in terms))

    return value


def _polynomial(*coefficients: float, about: float = 40.0) -> Property:
    """Polynomial in ``temperature - about``, constant term first."""

    def value(temperature: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(polyval(np.asarray(temperature, float) - about, coefficients))

    return value


def _exponential(*coefficients: float, about: float = 40.0) -> Property:
    """Exponential of a polynomial in ``temperature - about``."""
    exponent = _polynomial(*coefficients, about=about)
    return lambda temperature: np.exp(exponent(temperature))


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
        source="Kell 1975; IAPWS SR6-08(2011); IAPWS R6-95(2018)",
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
    ),
}
"""The coolants by the name a layout uses."""

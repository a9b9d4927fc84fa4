"""Heat that pipes exchange with their surroundings: conductance of an insulated cylinder.

Heat passes the insulation by conduction and its surface by convection and radiation, in series::

    1 / UA = ( ln(D_s / D) / (2 pi k) + 1 / (h pi D_s) ) / L,    D_s = D + 2 t

with D the outside diameter of the pipe, t and k thickness and conductivity of the insulation, h the film
coefficient of the surface and L the length.  The film of the liquid and the wall of a metal pipe are left out:
in DN50 steel with 2000 W/(m2 K) inside they are 0.14 % of the resistance under 19 mm of foam, 0.7 % of that of a
bare pipe.

Source: F. P. Incropera et al., "Fundamentals of Heat and Mass Transfer", 7th ed., 2011, section 3.3.1; ISO 12241
writes the same per metre of pipe (linear thermal transmittance).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks

Array = NDArray[np.float64]

FILM_INDOORS = 10.0
"""Film coefficient of a surface of high emissivity in still air, CIBSE Guide C table 3.25 (as quoted by others, the
table was not opened); 5.7 for reflective cladding. [W/(m2 K)]"""


def pipe_conductance(
    length: ArrayLike,
    diameter: ArrayLike,
    thickness: ArrayLike = 0.0,
    conductivity: ArrayLike = 0.035,
    *,
    film: ArrayLike = FILM_INDOORS,
) -> Array:
    """Conductance UA between the liquid in a pipe and its surroundings, for ``link_conductance``. [W/K]

    Parameters
    ----------
    length : array_like
        Length of pipe, >= 0; fittings count as equivalent length. [m]
    diameter : array_like
        Outside diameter of the pipe, > 0. [m]
    thickness : array_like
        Thickness of the insulation, >= 0; 0 is a bare pipe. [m]
    conductivity : array_like
        Conductivity of the insulation at its mean temperature, > 0. [W/(m K)]  Default assumed: elastomeric
        foam and mineral wool near room temperature are sold at 0.033 to 0.040.
    film : array_like
        Film coefficient of the outer surface, > 0. [W/(m2 K)]

    Raises
    ------
    ValueError
        A value outside these ranges.

    Examples
    --------
    10 m of bare pipe, 0.1 m wide: pi D L h.

    >>> round(float(pipe_conductance(10.0, 0.1)), 4)
    31.4159
    """
    length, diameter = (
        checks.number("length", length, least=0.0),
        checks.number("diameter", diameter, above=0.0),
    )
    thickness, conductivity = (
        checks.number("thickness", thickness, least=0.0),
        checks.number("conductivity", conductivity, above=0.0),
    )
    surface = diameter + 2.0 * thickness
    resistance = np.log(surface / diameter) / (2.0 * np.pi * conductivity)
    resistance = resistance + 1.0 / (np.pi * surface * checks.number("film", film, above=0.0))
    return np.asarray(length / resistance)


def film_in_wind(speed: ArrayLike, surface_diameter: ArrayLike) -> Array:
    """Film coefficient of a pipe outdoors by convection alone. [W/(m2 K)]

    ``8.9 v^0.9 / D_s^0.1``, and ``8.1e-3 / D_s + 3.14 sqrt(v / D_s)`` where ``v D_s <= 8.55e-3`` m2/s.
    ISO 12241:2008, forced convection outside buildings (as quoted by others, the standard was not opened).

    Parameters
    ----------
    speed : array_like
        Wind, >= 0. [m/s]
    surface_diameter : array_like
        Diameter over the insulation, > 0. [m]
    """
    v, d = (
        checks.number("speed", speed, least=0.0),
        checks.number("surface_diameter", surface_diameter, above=0.0),
    )
    return np.where(v * d <= 8.55e-3, 8.1e-3 / d + 3.14 * np.sqrt(v / d), 8.9 * v**0.9 / d**0.1)


def surface_temperature(
    liquid: ArrayLike,
    surroundings: ArrayLike,
    diameter: ArrayLike,
    thickness: ArrayLike = 0.0,
    conductivity: ArrayLike = 0.035,
    *,
    film: ArrayLike = FILM_INDOORS,
) -> Array:
    """Temperature of the outer surface [degC]: below the dew point of the air it sweats.

    Arguments as of :func:`pipe_conductance`; liquid and surroundings in degC.
    """
    surface = checks.number("diameter", diameter, above=0.0) + 2.0 * checks.number(
        "thickness", thickness, least=0.0
    )
    passed = pipe_conductance(1.0, diameter, thickness, conductivity, film=film)
    share = passed / (np.pi * surface * checks.number("film", film, above=0.0))
    air = checks.temperature("surroundings", surroundings)
    return air + share * (checks.temperature("liquid", liquid) - air)

"""Cooling tower by the YorkCalc polynomial: approach from range, wet bulb and liquid-to-gas ratio.

An empirical alternative to :mod:`solvers.plant.tower`, good inside its bounds only; wet bulbs above 26.7 degC are
outside.  It knows no rating point of its own: one tower of that maker, at flows over design.

References
----------
.. [1] EnergyPlus Engineering Reference, "Variable Speed Cooling Towers, York International": coefficients and bounds,
   as in the Modelica Buildings library, ``Correlations/yorkCalc.mo`` and ``BoundsYorkCalc.mo`` (BSD-3).
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial.polynomial import polyval3d
from numpy.typing import ArrayLike, NDArray

from solvers import checks
from solvers.psychrometrics import COLDEST, HOTTEST

Array = NDArray[np.float64]

_COEFFICIENTS = np.array(
    [
        [
            [-0.359741205, -0.055053608, 0.0023850432],
            [0.173926877, -0.0248473764, 0.00048430224],
            [-0.005589849456, 0.0005770079712, -1.342427256e-5],
        ],
        [
            [2.84765801111111, -0.121765149, 0.0014599242],
            [1.680428651, -0.0166920786, -0.0007190532],
            [-0.025485194448, 4.87491696e-5, 2.719234152e-5],
        ],
        [
            [-0.0653766255555556, -0.002278167, 0.0002500254],
            [-0.0910565458, 0.00318176316, 3.8621772e-5],
            [-0.0034285382352, 8.56589904e-6, -1.516821552e-6],
        ],
    ]
)
"""By powers of liquid-to-gas ratio, range and wet bulb [1]_."""
_WET_BULB = (-34.4, 26.7)
_RANGE = (1.1, 22.2)
_APPROACH = (1.1, 40.0)
_WATER = (0.75, 1.25)
_LIQUID_TO_GAS = 8.0


def approach(
    *, span: ArrayLike, wet_bulb: ArrayLike, water_share: ArrayLike = 1.0, air_share: ArrayLike = 1.0
) -> tuple[Array, NDArray[np.bool_]]:
    """Leaving water less wet bulb [K], and whether the correlation holds there.

    Parameters
    ----------
    span : array_like
        Entering less leaving water, the range. [K]
    wet_bulb : array_like
        Of the entering air. [degC]
    water_share, air_share : array_like
        Water and air flow over design. [-]

    Raises
    ------
    ValueError
        Without air or water flow.
    """
    width, wet, water, air = checks.together(
        span=checks.number("span", span),
        wet_bulb=checks.number("wet_bulb", wet_bulb, least=COLDEST, most=HOTTEST),
        water_share=checks.number("water_share", water_share, above=0.0),
        air_share=checks.number("air_share", air_share, above=0.0),
    )
    ratio = water / air
    value = polyval3d(ratio, width, wet, _COEFFICIENTS)
    held = _inside(wet, _WET_BULB) & _inside(width, _RANGE) & _inside(value, _APPROACH)
    return value, held & _inside(water, _WATER) & (ratio <= _LIQUID_TO_GAS)


def _inside(value: Array, limits: tuple[float, float]) -> NDArray[np.bool_]:
    return (value >= limits[0]) & (value <= limits[1])

"""Darcy friction factor of a round pipe, and its slope, for a Newton solver.

``dp = f (L / D) rho v^2 / 2``.  Laminar below a Reynolds number of 2000, turbulent above 4000, and between
them a cubic with matching value and slope at both ends, so that the pressure drop rises strictly with flow
(the real transition is unsteady; no law is exact there).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks

Array = NDArray[np.float64]
FrictionLaw = Literal["colebrook", "swamee_jain"]

LAMINAR_LIMIT = 2000.0
"""Reynolds number below which flow is laminar (EPANET 2.2 manual, section 12.1)."""
TURBULENT_LIMIT = 4000.0
"""Reynolds number above which the turbulent law holds (same source)."""

MOST_ROUGHNESS = 1.0
"""Sand roughness over diameter: sand as high as the pipe is wide."""

_LN10 = float(np.log(10.0))
_SPAN = float(np.log(TURBULENT_LIMIT / LAMINAR_LIMIT))


def friction_factor(
    reynolds: ArrayLike, relative_roughness: ArrayLike, *, law: FrictionLaw = "colebrook"
) -> Array:
    """Darcy friction factor [-].

    Parameters
    ----------
    reynolds : array_like
        Reynolds number, >= 0, taken as at least 1e-30. [-]
    relative_roughness : array_like
        Sand roughness over inner diameter: the law was measured for 0..0.05; beyond 1, sand higher than the pipe is
        wide, it is refused. [-]
    law : {"colebrook", "swamee_jain"}
        ``colebrook`` is exact to rounding; ``swamee_jain`` with Dunlop's cubic in the transition is what
        EPANET computes, and lies 1 to 3 % off.

    Raises
    ------
    ValueError
        Outside these ranges, with the index; a law that is not known.

    References
    ----------
    .. [1] C. F. Colebrook, J. Inst. Civ. Eng. 11 (1939) 133-156.
    .. [2] S. E. Haaland, J. Fluids Eng. 105 (1983) 89-90 (starting value).
    .. [3] P. K. Swamee and A. K. Jain, J. Hydraul. Div. ASCE 102 (1976) 657-664.
    .. [4] E. J. Dunlop, WADI users manual, 1991 (cubic), as given in the EPANET 2.2 manual, section 12.1.

    Examples
    --------
    >>> float(friction_factor(640.0, 0.0))
    0.1
    """
    re, rough = checks.together(
        reynolds=checks.number("reynolds", reynolds, least=0.0),
        relative_roughness=checks.number(
            "relative_roughness", relative_roughness, least=0.0, most=MOST_ROUGHNESS
        ),
    )
    return friction_and_slope(re, rough, law=law)[0]


def friction_and_slope(
    reynolds: ArrayLike, relative_roughness: ArrayLike, *, law: FrictionLaw = "colebrook"
) -> tuple[Array, Array]:
    """Darcy friction factor and ``d ln f / d ln Re``, both [-].

    The work of :func:`friction_factor`, for solvers that have looked at their arrays: numbers are not looked at again.
    """
    checks.choice("law", law, _TURBULENT)
    re, rough = np.broadcast_arrays(np.asarray(reynolds, float), np.asarray(relative_roughness, float))
    shape = re.shape
    re, rough = np.maximum(re.ravel(), 1e-30), rough.ravel()
    turbulent = _TURBULENT[law]
    f, slope = 64.0 / re, np.full(re.shape, -1.0)
    high = np.flatnonzero(re >= TURBULENT_LIMIT)
    f[high], slope[high] = turbulent(re[high], rough[high])
    middle = np.flatnonzero((re >= LAMINAR_LIMIT) & (re < TURBULENT_LIMIT))
    if middle.size:
        edge = turbulent(np.full(middle.size, TURBULENT_LIMIT), rough[middle])
        f[middle], slope[middle] = _TRANSITION[law](re[middle], *edge)
    return f.reshape(shape), slope.reshape(shape)


def _colebrook(re: Array, rough: Array) -> tuple[Array, Array]:
    """Colebrook-White by Newton on ``x = 1 / sqrt(f)`` from Haaland's estimate; two steps reach 1e-11."""
    relative = rough / 3.7
    x = (-1.8 / _LN10) * np.log(relative**1.11 + 6.9 / re)
    gain = 2.51 / re
    for _ in range(2):
        argument = relative + gain * x
        residual = x + (2.0 / _LN10) * np.log(argument)
        x = x - residual / (1.0 + (2.0 / _LN10) * gain / argument)
    # implicit differentiation of x + 2 log10(rough / 3.7 + 2.51 x / Re) = 0
    c = (2.0 / _LN10) * gain / (relative + gain * x)
    return x**-2, -2.0 * c / (1.0 + c)


def _swamee_jain(re: Array, rough: Array) -> tuple[Array, Array]:
    viscous = 5.74 * re**-0.9
    argument = rough / 3.7 + viscous
    log = np.log(argument)
    return 0.25 * (_LN10 / log) ** 2, 1.8 * viscous / (argument * log)


def _hermite(re: Array, f_edge: Array, slope_edge: Array) -> tuple[Array, Array]:
    """Cubic in ln f over ln Re; the slope of ln f stays above -1, so the drop stays increasing."""
    t = np.log(re / LAMINAR_LIMIT) / _SPAN
    a, b, _, _ = _hermite_coefficients(f_edge, slope_edge)
    y = np.log(64.0 / LAMINAR_LIMIT) + t * (-_SPAN + t * (b + t * a))
    return np.exp(y), (-_SPAN + t * (2 * b + 3 * t * a)) / _SPAN


def _hermite_coefficients(f_edge: Array, slope_edge: Array) -> tuple[Array, ...]:
    y0, y1 = np.log(64.0 / LAMINAR_LIMIT), np.log(f_edge)
    m0, m1 = -_SPAN, slope_edge * _SPAN
    none = np.zeros_like(f_edge)
    return 2 * (y0 - y1) + m0 + m1, 3 * (y1 - y0) - 2 * m0 - m1, none, none


def _dunlop(re: Array, f_edge: Array, slope_edge: Array) -> tuple[Array, Array]:
    """Dunlop's cubic in Re / 2000, the transition of EPANET."""
    r = re / LAMINAR_LIMIT
    x1, x2, x3, x4 = _dunlop_coefficients(f_edge, slope_edge)
    f = x1 + r * (x2 + r * (x3 + r * x4))
    return f, r * (x2 + r * (2 * x3 + 3 * r * x4)) / f


def _dunlop_coefficients(f_edge: Array, slope_edge: Array) -> tuple[Array, ...]:
    fa, fb = f_edge, f_edge * (2.0 + slope_edge)
    return 7 * fa - fb, 0.128 - 17 * fa + 2.5 * fb, -0.128 + 13 * fa - 2 * fb, 0.032 - 3 * fa + 0.5 * fb


def transition_coefficients(relative_roughness: ArrayLike, *, law: FrictionLaw) -> Array:
    """(n, 4) coefficients of the cubic between laminar and turbulent flow: of ``t^3`` and ``t^2`` in ln f over
    ``t = ln(Re / 2000) / ln 2`` for Colebrook, of rising powers of Re / 2000 in f for Swamee and Jain."""
    checks.choice("law", law, _TURBULENT)
    rough = np.atleast_1d(checks.number("relative_roughness", relative_roughness, least=0.0))
    edge = _TURBULENT[law](np.full(rough.shape, TURBULENT_LIMIT), rough)
    return np.stack(_COEFFICIENTS[law](*edge), axis=1)


_TURBULENT = {"colebrook": _colebrook, "swamee_jain": _swamee_jain}
_TRANSITION = {"colebrook": _hermite, "swamee_jain": _dunlop}
_COEFFICIENTS = {"colebrook": _hermite_coefficients, "swamee_jain": _dunlop_coefficients}

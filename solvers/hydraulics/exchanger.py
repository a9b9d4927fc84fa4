"""Heat exchangers by effectiveness and number of transfer units (NTU): closed forms and their inverses.

``duty = effectiveness C_min (T_hot_in - T_cold_in)``, ``NTU = UA / C_min``, ``ratio = C_min / C_max``.
Source of all forms: W. M. Kays and A. L. London, "Compact Heat Exchangers", 3rd ed., 1984, chapter 2; also
F. P. Incropera et al., "Fundamentals of Heat and Mass Transfer", 7th ed., tables 11.3 and 11.4.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from .crossflow import unmixed, unmixed_transfer_units

Array = NDArray[np.float64]
Arrangement = Literal[
    "counterflow", "parallel", "crossflow_unmixed", "crossflow_max_mixed", "crossflow_min_mixed", "shell_tube"
]

FLOW_EXPONENT = 0.8
"""Power of the film coefficient with flow in turbulent tubes, F. W. Dittus and L. M. K. Boelter 1930
(reprinted in Int. Comm. Heat Mass Transfer 12 (1985) 3-22)."""
_TINY = 1e-300
_PLENTY = 1e18
"""Transfer units beyond which nothing changes; keeps an infinite exchanger finite in the forms."""


def effectiveness(
    ntu: ArrayLike, ratio: ArrayLike, *, arrangement: Arrangement = "counterflow", passes: int = 1
) -> Array:
    """Share of the largest possible duty that is exchanged [-].

    Parameters
    ----------
    ntu : array_like
        Conductance over the smaller capacity rate, >= 0. [-]
    ratio : array_like
        Smaller over larger capacity rate, 0..1; 0 is a stream that boils, condenses or is very large. [-]
    arrangement : str
        ``crossflow_unmixed`` is Mason's series (exact), not the usual approximation.  ``crossflow_max_mixed`` and
        ``crossflow_min_mixed`` have one stream mixed across its flow: that of the larger or of the smaller
        capacity rate (a bare tube row: the liquid; ducts without fins: the air).  ``shell_tube`` has one shell
        pass and an even number of tube passes.
    passes : int
        Equal passes of that arrangement in overall counterflow, both streams mixed between them (the rows of a
        coil, the shells of a train); ``ntu`` is that of all together.

    Raises
    ------
    ValueError
        ``ntu`` below 0 or ``ratio`` outside 0..1, with the index; an arrangement that is not known.

    Examples
    --------
    Balanced counterflow: ``NTU / (1 + NTU)``.

    >>> float(effectiveness(3.0, 1.0))
    0.75
    """
    checks.choice("arrangement", arrangement, _FORMS)
    n, c = checks.together(ntu=checks.number("ntu", ntu, least=0.0, infinite=True), ratio=_ratio(ratio))
    n = np.minimum(n, _PLENTY) / _counted(passes)
    single = np.where(c > 0.0, _FORMS[arrangement][0](n, np.maximum(c, _TINY)), -np.expm1(-n))
    return single if passes == 1 else _joined(single, c, float(passes))


def transfer_units(
    effect: ArrayLike, ratio: ArrayLike, *, arrangement: Arrangement = "counterflow", passes: int = 1
) -> Array:
    """NTU [-] that gives an effectiveness; infinite at or above the most the arrangement can reach.

    Closed forms, and Newton's method for crossflow unmixed.
    """
    checks.choice("arrangement", arrangement, _FORMS)
    e, c = checks.together(effect=checks.number("effect", effect), ratio=_ratio(ratio))
    within = np.clip(e, 0.0, np.nextafter(1.0, 0.0))
    single = within if passes == 1 else _joined(within, c, 1.0 / _counted(passes))
    units = np.where(c > 0.0, _FORMS[arrangement][1](single, np.maximum(c, _TINY)), _to_go(single))
    return np.where(e < 1.0, np.where(e > 0.0, passes * units, 0.0), np.inf)


def conductance_from_rating(
    duty: ArrayLike,
    hot_inlet: ArrayLike,
    cold_inlet: ArrayLike,
    capacity_rates: tuple[ArrayLike, ArrayLike],
    *,
    arrangement: Arrangement = "counterflow",
    passes: int = 1,
) -> Array:
    """Conductance UA [W/K] from a rating point; infinite if the point is beyond the second law.

    Parameters
    ----------
    duty : array_like
        Heat from hot to cold. [W]
    hot_inlet, cold_inlet : array_like
        Entering temperatures. [degC]
    capacity_rates : pair of array_like
        Flow times heat capacity of the hot and of the cold stream, > 0. [W/K]

    Raises
    ------
    ValueError
        A number that is none, a negative duty, a hot inlet that is not above the cold one, a stream without flow: by
        field and index.
    """
    if len(capacity_rates) != 2:
        raise ValueError("capacity_rates are two, of the hot and of the cold stream")
    heat, warm, cool, hot, cold = checks.together(
        duty=checks.number("duty", duty, least=0.0),
        hot_inlet=checks.number("hot_inlet", hot_inlet),
        cold_inlet=checks.number("cold_inlet", cold_inlet),
        hot_rate=checks.number("capacity_rates of the hot stream", capacity_rates[0], above=0.0),
        cold_rate=checks.number("capacity_rates of the cold stream", capacity_rates[1], above=0.0),
    )
    span = warm - cool
    if not (span > 0.0).all():
        raise ValueError(f"{checks.place('hot_inlet', warm, ~(span > 0.0))}, not above cold_inlet")
    least, most = np.minimum(hot, cold), np.maximum(hot, cold)
    effect = heat / (least * span)
    return least * transfer_units(effect, least / most, arrangement=arrangement, passes=passes)


def scaled_conductance(
    rated: ArrayLike,
    hot_fraction: ArrayLike,
    cold_fraction: ArrayLike,
    *,
    hot_share: float = 0.5,
    wall_share: float = 0.0,
    exponent: float = FLOW_EXPONENT,
    cold_exponent: float | None = None,
) -> Array:
    """Conductance UA [W/K] at other flows than rated.

    Film coefficients follow flow to a power and act in series with the wall, whose resistance stays.

    Parameters
    ----------
    rated : array_like
        Conductance at the rating point. [W/K]
    hot_fraction, cold_fraction : array_like
        Flow over rated flow of each stream. [-]
    hot_share : float
        Share of the rated resistance of both films on the hot side; 0.5 assumed (equal films). [-]
    wall_share : float
        Share of the rated resistance in wall and fouling. [-]
    exponent, cold_exponent : float
        Power of the film coefficient with flow, hot and cold side (without it as the hot side). [-]
    """
    hot = checks.number("hot_fraction", hot_fraction, least=0.0, rounding=checks.ROUNDING)
    cold = checks.number("cold_fraction", cold_fraction, least=0.0, rounding=checks.ROUNDING)
    power = exponent if cold_exponent is None else cold_exponent
    for name, share in (("hot_share", hot_share), ("wall_share", wall_share)):
        checks.number(name, share, least=0.0, most=1.0)
    for name, bend in (("exponent", exponent), ("cold_exponent", power)):
        checks.number(name, bend, above=0.0)
    full = checks.number("rated", rated, least=0.0)
    return scaled(full, hot, cold, hot_share, wall_share, exponent, power)


def scaled(
    rated: float | Array,
    hot: float | Array,
    cold: float | Array,
    hot_share: float,
    wall_share: float = 0.0,
    exponent: float = FLOW_EXPONENT,
    cold_exponent: float = FLOW_EXPONENT,
) -> Array:
    """The work of :func:`scaled_conductance`, for loops that have looked at their arrays: fractions are not negative."""
    with np.errstate(divide="ignore"):
        films = hot_share * hot**-exponent + (1.0 - hot_share) * cold**-cold_exponent
    return np.asarray(rated / (wall_share + (1.0 - wall_share) * films))


def _counted(passes: int) -> int:
    return checks.whole("passes", passes, 1)


def _ratio(ratio: ArrayLike) -> Array:
    return checks.number("ratio", ratio, least=0.0, most=1.0, rounding=checks.ROUNDING)


def _joined(single: Array, c: Array, times: float) -> Array:
    """Effectiveness of ``times`` exchangers in overall counterflow; with 1/n of one of n of them.

    ``((1 - e c) / (1 - e))^times`` written with e / (1 - e), so that c = 1 is regular.
    """
    gap = 1.0 - c
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        odds = single / (1.0 - single)
        grown = np.expm1(times * np.log1p(odds * gap)) / gap
        odds = np.where(gap > 1e-12, grown, times * odds)
        joined = odds / (1.0 + odds)
    return np.where(np.isinf(odds) | (single >= 1.0), 1.0, joined)


def _to_go(reached: Array) -> Array:
    """``-ln(1 - x)``, infinite from 1 on."""
    return np.where(reached < 1.0, -np.log1p(-np.minimum(reached, np.nextafter(1.0, 0.0))), np.inf)


def _counterflow(n: Array, c: Array) -> Array:
    gap = 1.0 - c
    x = n * gap
    # (1 - e^-x) / (1 - c e^-x), with numerator and denominator over 1 - c so that c = 1 is regular
    share = np.where(x > _TINY, -np.expm1(-x) / np.where(gap > 0.0, gap, 1.0), n)
    return share / (1.0 + c * share)


def _counterflow_units(e: Array, c: Array) -> Array:
    gap, odds = 1.0 - c, e / (1.0 - e)
    x = odds * gap
    return np.where(x > _TINY, np.log1p(x) / np.where(gap > 0.0, gap, 1.0), odds)


def _parallel(n: Array, c: Array) -> Array:
    return -np.expm1(-n * (1.0 + c)) / (1.0 + c)


def _parallel_units(e: Array, c: Array) -> Array:
    return _to_go(e * (1.0 + c)) / (1.0 + c)


def _max_mixed(n: Array, c: Array) -> Array:
    return -np.expm1(c * np.expm1(-n)) / c


def _max_mixed_units(e: Array, c: Array) -> Array:
    return _to_go(_to_go(e * c) / c)


def _min_mixed(n: Array, c: Array) -> Array:
    return -np.expm1(np.expm1(-c * n) / c)


def _min_mixed_units(e: Array, c: Array) -> Array:
    return _to_go(c * _to_go(e)) / c


def _shell_tube(n: Array, c: Array) -> Array:
    root = np.sqrt(1.0 + c * c)
    decay = -np.expm1(-n * root)
    return 2.0 * decay / ((1.0 + c) * decay + root * (2.0 - decay))


def _shell_tube_units(e: Array, c: Array) -> Array:
    root = np.sqrt(1.0 + c * c)
    # 1 - e^-(n root) from the form above
    return _to_go(2.0 * root * e / (2.0 - (1.0 + c - root) * e)) / root


_FORMS = {
    "counterflow": (_counterflow, _counterflow_units),
    "parallel": (_parallel, _parallel_units),
    "crossflow_unmixed": (unmixed, unmixed_transfer_units),
    "crossflow_max_mixed": (_max_mixed, _max_mixed_units),
    "crossflow_min_mixed": (_min_mixed, _min_mixed_units),
    "shell_tube": (_shell_tube, _shell_tube_units),
}
"""Effectiveness of NTU and ratio, and NTU of effectiveness and ratio."""

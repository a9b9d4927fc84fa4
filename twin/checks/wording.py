"""The words of a finding: a quantity with its unit, how far it is from the limit, and in which state."""

from __future__ import annotations

from typing import Literal

from twin.scenario import Scenario
from twin.units import DIMENSIONS, Dimension, format_quantity

RATIO = Dimension("ratio", "1", {"%": 1e-2}, ("%",), "1.15", bare=True)
VOLUME_PER_ENERGY = Dimension(
    "volume per energy",
    "m3/J",
    {"L/kWh": 1e-3 / 3.6e6, "m3/MWh": 1 / 3.6e9, "m3/J": 1.0},
    ("L/kWh",),
    "0.3 L/kWh",
)
MONEY_PER_TOKEN = Dimension(
    "money per token",
    "USD/token",
    {"USD/Mtoken": 1e-6, "USD/ktoken": 1e-3, "USD/token": 1.0},
    ("USD/Mtoken",),
    "0.2 USD/Mtoken",
)
DENSITY = Dimension("density", "kg/m3", {"kg/m3": 1.0}, ("kg/m3",), "998 kg/m3")
HOURS = Dimension("time of the year", "s", {"h": 3600.0, "day": 86400.0, "s": 1.0}, ("h",), "100 h")
_OWN = {
    "hours": HOURS,
    "ratio": RATIO,
    "flag": RATIO,
    "volume_per_energy": VOLUME_PER_ENERGY,
    "money_per_token": MONEY_PER_TOKEN,
    "density": DENSITY,
}


DIMENSION_NAMES = (*_OWN, *(name.replace(" ", "_") for name in DIMENSIONS))
"""All that :func:`dimension` knows."""


def dimension(name: str) -> Dimension:
    """The dimension that a quantity table calls ``name``."""
    return _OWN[name] if name in _OWN else DIMENSIONS[name.replace("_", " ")]


def quantity(value: float, name: str, *, digits: int = 3) -> str:
    """Text for people; plain numbers stay plain, and counts are written out."""
    if name in ("ratio", "flag"):
        if abs(value) < 1e6 and value == round(value):
            return f"{value:.0f}"
        return f"{value:.{digits}g}"
    return format_quantity(value, dimension(name), digits=digits)


def sentence(
    what: str, value: float, limit: float, sense: Literal["max", "min"], name: str, error: float = 0.0
) -> str:
    """``coolant flow is 1.62 kg/s, 17 % below the 1.95 kg/s required``; a flag is its own sentence.

    With the estimated error of a temperature: ``inlet air is 26.4 +/- 0.7 degC, ...``.
    """
    if name == "flag":
        return what
    shown, bound = _apart(value, limit, name)
    if name == "temperature" and error >= 0.05:
        number, _, unit = shown.partition(" ")
        shown = f"{number} +/- {error:.1f} {unit}"
    word = "required" if sense == "min" else "allowed"
    if value == limit:
        return f"{what} is {shown}, at the limit"
    side = "above" if value > limit else "below"
    return f"{what} is {shown}, {_distance(value, limit, name)}{side} the {bound} {word}"


def state(scenario: Scenario) -> str:
    """`` when ups.A1 is lost``, `` on the evaporation design day``; nothing for the normal state."""
    when = " on the evaporation design day" if scenario.day else ""
    kept = f" while {', '.join(scenario.maintained)} is in maintenance" if scenario.maintained else ""
    if scenario.failed:
        lost = scenario.failed[0] if len(scenario.failed) == 1 else scenario.usual.removeprefix("lose:")
        return f", when {lost} is lost{kept}{when}"
    if kept or when:
        return f",{kept}{when}"
    return "" if scenario.name in ("", "normal") else f", in state {scenario.name}"


def _apart(value: float, limit: float, name: str) -> tuple[str, str]:
    """Both numbers with as many digits as it takes to see that they differ."""
    for digits in range(3, 10):
        shown, bound = quantity(value, name, digits=digits), quantity(limit, name, digits=digits)
        if shown != bound or value == limit:
            return shown, bound
    # temperatures are written with one decimal whatever the digits asked for
    unit = dimension(name).si
    for places in range(2, 12):
        shown, bound = f"{value:.{places}f} {unit}", f"{limit:.{places}f} {unit}"
        if shown != bound:
            return shown, bound
    return f"{value!r} {unit}", f"{limit!r} {unit}"


def _distance(value: float, limit: float, name: str) -> str:
    gap = abs(value - limit)
    if name == "temperature":
        return f"{gap:.1f} K " if gap >= 0.05 else f"{gap:.1g} K "
    if limit == 0:
        return ""
    share = 100 * gap / abs(limit)
    return f"{share:.0f} % " if share >= 1 else f"{share:.1g} % "

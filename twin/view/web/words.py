"""Units and texts of the document."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from twin.checks.wording import dimension, quantity
from twin.view.web.parts import Dimension, Unit

_DEGREES = re.compile(r"(?<=\d )degC\b")


def degrees(text: str) -> str:
    """Temperatures as people write them: ``24.0 °C``."""
    return _DEGREES.sub("°C", text)


def text(value: float, name: str, *, digits: int = 3) -> str:
    """A value with its unit."""
    if not math.isfinite(value):
        return "no value"
    if name == "flag":
        return "yes" if value > 0.5 else "no"
    return degrees(quantity(value, name, digits=digits))


def dimensions(names: Iterable[str]) -> dict[str, Dimension]:
    """The dimensions of some names."""
    return {name: _dimension(name) for name in sorted(set(names))}


def _dimension(name: str) -> Dimension:
    if name in ("ratio", "flag"):
        return Dimension(units=(), flag=name == "flag")
    about = dimension(name)
    units = tuple(_unit(unit, about.units[unit]) for unit in about.shown)
    zero = about.si if about.si in about.shown else about.shown[-1]
    return Dimension(units=units, decimals=about.decimals, zero=zero.replace("degC", "°C"))


def _unit(name: str, scale: float | tuple[float, float]) -> Unit:
    factor, offset = scale if isinstance(scale, tuple) else (scale, 0.0)
    return Unit(text=name.replace("degC", "°C"), factor=factor, offset=offset)

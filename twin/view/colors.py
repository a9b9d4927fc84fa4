"""Colours: one table of maps and one table of limits for every picture, map, window and page.

A quantity keeps its limits whatever the state, so that two pictures of one design can be laid side by side.
What has no value (a dead rack, a rack without liquid) is grey, never the colour of a low value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.checks.wording import dimension
from twin.results.quantities import QUANTITIES

if TYPE_CHECKING:
    from twin.model.facility import Facility, Machine

Floats = NDArray[np.float64]
Colors = NDArray[np.uint8]

NO_VALUE = (176, 176, 176)
"""Grey of what has no value."""
OUT = (40, 40, 46)
"""Of a machine that the state takes out of service."""
STEPS = 256
"""Colours in a map."""

ASHRAE_BANDS: tuple[tuple[float, str, str], ...] = (
    (15.0, "#3b4cc0", "below class A1"),
    (18.0, "#7fb3e6", "allowable"),
    (21.0, "#1b9e77", "recommended"),
    (24.0, "#5fbf5f", "recommended"),
    (27.0, "#b4d96c", "recommended"),
    (32.0, "#fee08b", "allowable A1"),
    (35.0, "#fdae61", "allowable A2"),
    (40.0, "#f46d43", "allowable A3"),
    (45.0, "#c51b1b", "allowable A4"),
    (math.inf, "#67001f", "above class A4"),
)
"""Upper edge [degC], colour and meaning of the bands of inlet air.

ASHRAE TC 9.9, *Thermal Guidelines for Data Processing Environments*, 5th ed., 2021, table 2.1: recommended
18 degC to 27 degC for classes A1 to A4 (shown in three shades), allowable up to 32, 35, 40 and 45 degC.
"""

MARGIN_BANDS: tuple[tuple[float, str, str], ...] = (
    (-0.1, "#7a0019", "rule broken"),
    (0.0, "#c51b1b", "rule broken"),
    (0.05, "#f9a03f", "less than 5 % to a limit"),
    (0.15, "#f2dc6a", "rules hold"),
    (0.3, "#9ccc65", "rules hold"),
    (0.5, "#1b9e77", "rules hold"),
)
"""Upper edge (share of the limit), colour and meaning of the bands of margins."""
MARGIN, MARGIN_LOW = "margin", -0.2
"""Name of the quantity of the tightest margins, and the lowest of them that has a colour of its own."""

FULL, LOAD_HIGH = 1.0, 1.2025
"""Load over rating that is a full load, and the highest that has a colour of its own; the latter is such that one of the
256 colours begins just above a full load (at 1.0005), not in the middle of it."""
OVER, OVERLOAD = "#c400c4", "overload"
"""Colour of more than a full load, which is on no map, and its meaning."""
_SAFE_FULL = 0.8  # of cividis, the colour of a full load; its brightest is that of more

MAPS = ("turbo", "cividis", "ashrae", "flag", "load", "load_safe")
"""The maps: heat; what is neither good nor bad (safe for all eyes); inlet air; yes or no; loads (and safe for all eyes)."""
LOADS = ("load", "load_safe")
BANDS = {"ashrae": ASHRAE_BANDS, "margin": MARGIN_BANDS}
"""Maps whose colours change at values that mean something."""

_TURBO = (0.04, 0.97)  # without its nearly black ends

_AIR, _LIQUID = (10.0, 45.0), (10.0, 65.0)
_LIMITS: dict[str, tuple[float, float]] = {
    "rack.inlet_temperature": _AIR,
    "rack.inlet_highest": _AIR,
    "hall.inlet_max": _AIR,
    "crah.supply": _AIR,
    "rack.outlet_temperature": (20.0, 65.0),
    "rack.liquid_supply": _LIQUID,
    "rack.liquid_return": _LIQUID,
    "rack.case_temperature": (30.0, 90.0),
    "cdu.supply": _LIQUID,
    "loop.supply": _LIQUID,
    "loop.return": _LIQUID,
    "plant.leaving": _LIQUID,
    "rack.recirculation": (0.0, 0.3),
    "rack.voltage": (0.9, 1.1),
    "power.voltage": (0.9, 1.1),
}
"""Fixed limits of quantities that mean the same in every design; shares and flags have 0 and 1."""

_BANDED = {"rack.inlet_temperature", "rack.inlet_highest", "hall.inlet_max"}
_HEAT = {"temperature", "temperature_difference"}


@dataclass(frozen=True)
class Band:
    """Values that mean the same."""

    low: float
    high: float
    text: str
    color: str


@dataclass(frozen=True)
class Scale:
    """How the values of a quantity become colours, and what stands beside the colour bar."""

    quantity: str
    label: str
    unit: str
    """Shown unit; empty for plain numbers."""
    factor: float
    """SI value of one shown unit."""
    low: float
    """Value of the first colour, SI."""
    high: float
    map: str

    @property
    def title(self) -> str:
        """Label and unit."""
        return f"{self.label} [{self.unit}]" if self.unit else self.label

    def lut(self) -> Colors:
        """The map over low .. high, (256, 3)."""
        return table(self.map, self.low, self.high)

    def rgb(self, values: Floats) -> Colors:
        """Colour of every value, (n, 3); grey where it is not finite."""
        values = np.asarray(values, dtype=float)
        finite = np.isfinite(values)
        share = (np.where(finite, values, self.low) - self.low) / (self.high - self.low)
        index = np.clip(np.floor(share * STEPS), 0, STEPS - 1).astype(int)
        colors = self.lut()[index]
        colors[~finite] = NO_VALUE
        return colors

    def ticks(self) -> list[float]:
        """Round values to print beside the bar, SI."""
        if self.map == "flag":
            return [0.0, 1.0]
        if self.map in LOADS:
            return [0.2 * k for k in range(7)]
        if self.map in BANDS:
            inner = [edge for edge, _, _ in BANDS[self.map] if self.low < edge < self.high]
            return [self.low, *inner, self.high]
        low, high = self.low / self.factor, self.high / self.factor
        step = _nice((high - low) / 6)
        first = math.ceil(low / step - 1e-9)
        last = math.floor(high / step + 1e-9)
        return [k * step * self.factor for k in range(first, last + 1)]

    def bands(self) -> tuple[Band, ...]:
        """Values on the bar that mean the same, from below; neighbours that do are one."""
        if self.map in LOADS:
            return (Band(FULL, self.high, OVERLOAD, css(self.lut()[-1])),)
        found: list[Band] = []
        start = self.low
        for edge, color, meaning in BANDS.get(self.map, ()):
            end = min(edge, self.high)
            if end <= start:
                continue
            joined = found.pop().low if found and found[-1].text == meaning else start
            found.append(Band(joined, end, meaning, color))
            start = end
        return tuple(found)

    def text(self, value: float) -> str:
        """A value without its unit, as short as the bar needs."""
        return f"{value / self.factor:.4g}"


def scale(
    quantity: str,
    values: Floats,
    facility: Facility | None = None,
    *,
    colors: str | None = None,
    label: str = "",
) -> Scale:
    """The scale of a quantity.

    Parameters
    ----------
    quantity : str
        ``table.quantity``.
    values : array
        Its values in all states; they set the limits only where neither the quantity nor the products do.
    colors : str, optional
        ``cividis`` (safe for all kinds of colour vision) or ``turbo`` instead of the usual map; loads keep one colour
        for what is above a full load.
    label : str, optional
        Words beside the bar instead of the quantity's own.
    """
    low, high = field_range(quantity, values, facility)
    about = QUANTITIES.get(quantity)
    unit, factor = _unit(about.dimension if about else "ratio", max(abs(low), abs(high)))
    label = label or (about.label if about else quantity)
    usual = _usual(quantity)
    if usual == "load":
        chosen = "load_safe" if colors == "cividis" else usual
    else:
        chosen = colors if colors in ("turbo", "cividis") else usual
    return Scale(quantity, label, unit, factor, low, high, chosen)


def margin_scale(palette: str | None = None) -> Scale:
    """The scale of the tightest margins of things."""
    low, high = MARGIN_LOW, MARGIN_BANDS[-1][0]
    return Scale(MARGIN, "Tightest margin of all rules", "%", 0.01, low, high, palette or MARGIN)


def field_range(quantity: str, values: Floats, facility: Facility | None = None) -> tuple[float, float]:
    """Limits of the colours of a quantity, the same in every state.

    Fixed for temperatures, loads, shares and flags; from the products' sheets for power and heat; else from zero (or
    the lowest value) to the next round number above the highest value of any state.
    """
    about = QUANTITIES.get(quantity)
    if quantity in _LIMITS:
        return _LIMITS[quantity]
    if _is_load(quantity):
        return 0.0, LOAD_HIGH
    if about and about.dimension in ("fraction", "flag"):
        return 0.0, 1.0
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    sheet = _sheet_limit(quantity, facility) if facility is not None else 0.0
    high = sheet if sheet > 0 else float(values.max(initial=0.0))
    low = min(float(values.min(initial=0.0)), 0.0)
    low, high = -_ceiling(-low), _ceiling(high)
    return (low, high) if high > low else (low, low + 1.0)


@cache
def _table(name: str, low: float, high: float) -> Colors:
    if name in BANDS:
        values = low + (np.arange(STEPS) + 0.5) / STEPS * (high - low)
        band = np.searchsorted([edge for edge, _, _ in BANDS[name]], values, side="right")
        band = np.minimum(band, len(BANDS[name]) - 1)
        return np.array([_hex(color) for _, color, _ in BANDS[name]], dtype=np.uint8)[band]
    if name == "flag":
        dead, live = _hex("#4a4a52"), _hex("#2ca25f")
        return np.where(np.arange(STEPS)[:, None] < STEPS // 2, dead, live).astype(np.uint8)
    from matplotlib import colormaps

    if name in LOADS:
        return _load_table(name)
    samples = np.linspace(*_TURBO, STEPS) if name == "turbo" else np.linspace(0, 1, STEPS)
    return np.round(255 * colormaps[name](samples)[:, :3]).astype(np.uint8)


def _load_table(name: str) -> Colors:
    """Up to a full load as other maps, above it one colour."""
    from matplotlib import colormaps

    share = (np.arange(STEPS) + 0.5) / STEPS * LOAD_HIGH / FULL
    if name == "load":
        low, high = _TURBO
        found = colormaps["turbo"](low + (high - low) * np.minimum(share, 1.0))[:, :3]
        over = np.array(rgb(OVER))
    else:
        found = colormaps["cividis"](_SAFE_FULL * np.minimum(share, 1.0))[:, :3]
        over = np.array(colormaps["cividis"](1.0)[:3])
    found[np.arange(STEPS) / STEPS * LOAD_HIGH > FULL] = over
    return np.round(255 * found).astype(np.uint8)


def table(name: str, low: float = 0.0, high: float = 1.0) -> Colors:
    """A map as (256, 3) red, green, blue; low and high matter to banded maps alone."""
    return _table(name, *((low, high) if name in BANDS else (0.0, 1.0))).copy()


def css(color: tuple[int, int, int] | Colors) -> str:
    """``#rrggbb``."""
    red, green, blue = (int(part) for part in color)
    return f"#{red:02x}{green:02x}{blue:02x}"


def rgb(text: str) -> tuple[float, float, float]:
    """``#rrggbb`` as shares of one."""
    red, green, blue = _hex(text)
    return red / 255, green / 255, blue / 255


def _usual(quantity: str) -> str:
    about = QUANTITIES.get(quantity)
    if about and about.dimension == "flag":
        return "flag"
    if quantity in _BANDED:
        return "ashrae"
    if _is_load(quantity):
        return "load"
    return "turbo" if about and about.dimension in _HEAT else "cividis"


def _is_load(quantity: str) -> bool:
    """Whether it is a load over a rating."""
    return quantity.endswith("loading")


def _unit(name: str, size: float) -> tuple[str, float]:
    """The largest shown unit in which ``size`` is at least one."""
    if name in ("ratio", "flag"):
        return "", 1.0
    dim = dimension(name)
    factors = {unit: _factor(dim.units[unit]) for unit in dim.shown}
    fitting = [unit for unit in dim.shown if size >= factors[unit] * (1 - 1e-9)] or [dim.shown[0]]
    return fitting[-1].replace("degC", "°C"), factors[fitting[-1]]


def _factor(entry: float | tuple[float, float]) -> float:
    return entry[0] if isinstance(entry, tuple) else entry


def _sheet_limit(quantity: str, facility: Facility) -> float:
    """Largest power or heat that the sheets of a table's machines state; 0 if they state none."""
    name = quantity.rpartition(".")[2]
    if quantity == "rack.power":
        return max((_rack_power(machine) for machine in facility.racks), default=0.0)
    if name != "duty":
        return 0.0
    kinds = {
        "cdu": ("cdu",),
        "crah": ("crah",),
        "plant": ("dry_cooler", "cooling_tower", "chiller", "thermosyphon"),
    }
    chosen = facility.of_kind(*kinds.get(quantity.partition(".")[0], ()))
    return max((float(getattr(machine.product, "capacity", 0.0)) for machine in chosen), default=0.0)


def _rack_power(machine: Machine) -> float:
    power = getattr(machine.product, "power", None)
    return float(power.maximum) if power is not None else 0.0


def _ceiling(value: float) -> float:
    """The next round number: 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6 or 8 times a power of ten."""
    if not value > 0 or not math.isfinite(value):
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    steps = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
    return next(step * power for step in steps if step * power >= value * (1 - 1e-9))


def _nice(step: float) -> float:
    """The tick distance of 1, 2 or 5 times a power of ten nearest above ``step``."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * (1 - 1e-9))


def _hex(text: str) -> tuple[int, int, int]:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)

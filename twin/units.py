"""Units of measure: text with a unit becomes an SI float, and back.

Units exist only in text.  In a layout ``132 kW`` is read as ``132000.0``; from Python a bare float is
already SI (W, Pa, kg/s, m, s, A, V), temperatures are in degC, differences in K, fractions 0..1.  The
table is closed on purpose: a unit that is not listed is a spelling mistake, and the editor knows the same
list (every field carries it as a JSON Schema pattern).

Use the annotated types in a pydantic model::

    power: Power = Field(gt=0)

Reading text is switched on by the validation context ``{"text": True}``; there a bare number is a mistake.

Conversion factors: BIPM, The International System of Units (SI Brochure), 9th ed., 2019; inch-pound units:
NIST Special Publication 811 (2008), appendix B.  "year" is 365 days, the 8760 h of energy accounting;
"U" is the 44.45 mm rack unit of EIA-310.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from numbers import Real
from typing import Annotated, Any, get_args

from pydantic_core import core_schema

__all__ = ["DIMENSIONS", "Dimension", "UnitError", "format_quantity", "parse"]

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_QUANTITY = re.compile(rf"\s*({_NUMBER})\s*(.*?)\s*", re.ASCII)
_NUMBER_LIMIT = 100  # characters; longer texts are not quantities
_UNITS_TOLD = 12  # units in a message; only flows per power and rates of computing have more
_SHOWN = 40  # characters of a wrong text that are repeated in a message
PARAMETER = r"\$[A-Za-z_][A-Za-z0-9_]*"
"""Regular expression of a parameter reference, ``$name``."""


class UnitError(ValueError):
    """A text that is not a quantity of the wanted dimension; the message is one line and shows the fix."""


@dataclass(frozen=True, eq=False)
class Dimension:
    """A kind of quantity: its SI unit, the units that may be written, and the ones that are shown.

    As metadata of ``Annotated[float, ...]`` it also tells pydantic how to read and describe the field.
    """

    name: str
    """What messages call it, for example ``length``."""

    si: str
    """Unit of the float inside Python."""

    units: Mapping[str, float | tuple[float, float]]
    """Unit -> factor, or (factor, offset): ``si = number * factor + offset``."""

    shown: tuple[str, ...]
    """Units for messages and reports, small to large."""

    example: str
    """A quantity somebody would write."""

    limit: float = 1e18
    """Largest magnitude in SI units that is believed."""

    decimals: int | None = None
    """Decimals in reports; None means three significant digits."""

    bare: bool = False
    """Whether a number without a unit may be written in text."""

    _scales: dict[str, tuple[float, float]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        scales = {u: s if isinstance(s, tuple) else (s, 0.0) for u, s in self.units.items()}
        object.__setattr__(self, "_scales", scales)

    def parse(self, text: str) -> float:
        """SI value of ``text``; raises `UnitError`."""
        match = _QUANTITY.fullmatch(text) if len(text) <= _NUMBER_LIMIT else None
        if match is None:
            raise UnitError(self._not_a_quantity(text))
        number, unit = match.groups()
        scale = self._scales.get(unit)
        if scale is None:
            if unit:
                raise UnitError(self._wrong_unit(unit))
            if not self.bare:
                raise UnitError(self._bare(number))
            scale = (1.0, 0.0)
        return self._believable(float(number) * scale[0] + scale[1], text)

    def read(self, value: Any, *, text: bool = False) -> float:
        """SI value of a text, or of a number that is SI already (refused where units must be written)."""
        if isinstance(value, str):
            return self.parse(value)
        if isinstance(value, bool) or not isinstance(value, Real):
            raise UnitError(f"expected {_a(self.name)}, for example {self._quoted}; found {_kind(value)}")
        if text and not self.bare:
            raise UnitError(self._bare(_digits_of(value)))
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        return self._believable(number, _digits_of(value))

    def pattern(self) -> str:
        """Regular expression (Python and ECMA 262) of everything that may be written."""
        units = "|".join(re.escape(u).replace(r"\-", "-") for u in self._scales)
        optional = "?" if self.bare else ""
        return rf"^\s*(?:{_NUMBER}\s*(?:{units}){optional}|{PARAMETER})\s*$"

    @property
    def _quoted(self) -> str:
        return f'"{self.example}"'

    def _not_a_quantity(self, text: str) -> str:
        return f"{_clip(text)} is not {_a(self.name)}; write a number and a unit, for example {self._quoted}"

    def _bare(self, number: str) -> str:
        return f'bare number {number}; write a unit, for example "{number} {self.example.split(" ", 1)[1]}"'

    def _wrong_unit(self, unit: str) -> str:
        if unit[0] in ",'_" and unit[1:2].isdigit():
            return (
                f"'{unit[0]}' is not part of a number; write digits and a point, for example {self._quoted}"
            )
        if any(unit in other._scales for other in DIMENSIONS.values()):
            return f"'{unit}' is not {_a(self.name)} unit; use {self._accepted}"
        meant = self._meant(unit)
        fix = f'did you mean "{meant}"?' if meant else f"use {self._accepted}"
        return f"unknown {self.name} unit {_clip(unit)}; {fix}"

    @property
    def _accepted(self) -> str:
        """The units that may be written, those of reports first."""
        units = list(dict.fromkeys((*self.shown, *self._scales)))
        more = f" or {len(units) - _UNITS_TOLD} others" if len(units) > _UNITS_TOLD else ""
        return ("one of " if len(units) > 1 else "") + ", ".join(units[:_UNITS_TOLD]) + more

    def _meant(self, unit: str) -> str | None:
        if (hint := _HINTS.get(unit.lower())) in self._scales:
            return hint
        plain = unit.translate(_TYPOGRAPHIC)
        for known in self._scales:
            if known.lower() == plain.lower():
                return known
        close = get_close_matches(plain, self._scales, n=1, cutoff=0.6)
        return close[0] if close else None

    def _believable(self, value: float, text: str) -> float:
        if not math.isfinite(value) or abs(value) > self.limit:
            raise UnitError(
                f"{_clip(text)} is not {_a(self.name)} that can exist; largest is {self.limit:g} {self.si}"
            )
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        def quantity(value: Any, info: core_schema.ValidationInfo) -> float:
            context = info.context
            return self.read(value, text=bool(context and context.get("text")))

        # Around the float schema, not instead of it: pydantic puts Field(gt=0) inside it.
        return core_schema.with_info_before_validator_function(quantity, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        text: dict[str, Any] = {"type": "string", "pattern": self.pattern(), "examples": [self.example]}
        if self.bare:
            text = {"anyOf": [{"type": "number"}, text], "examples": [self.example]}
        return {
            "description": f"{self.name.capitalize()}, for example {self._quoted}.",
            **text,
            "x-dimension": self.name,
        }


def _digits_of(value: Real) -> str:
    """A number as it was written, clipped (integers may be longer than Python prints)."""
    try:
        return str(value)[:_SHOWN]
    except ValueError:
        return "of very many digits"


def _kind(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, (list, tuple)) else f"a {type(value).__name__}"


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _clip(text: str) -> str:
    text = " ".join(text.split())
    return f'"{text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."}"'


_TYPOGRAPHIC = str.maketrans(
    {"²": "2", "³": "3", "°": "deg", "\u2126": "ohm", "\u03a9": "ohm", "·": "/", "\u00b5": "u", "\u03bc": "u"}
)

# What people write -> what the table calls it; looked up in lower case, used only to suggest.
_HINTS = {
    **dict.fromkeys(("metre", "metres", "meter", "meters", "mtr"), "m"),
    **dict.fromkeys(("millimetre", "millimeter", "millimetres", "millimeters"), "mm"),
    **dict.fromkeys(("foot", "feet", "'"), "ft"),
    **dict.fromkeys(("inch", "inches", '"'), "in"),
    **dict.fromkeys(("sqm", "m^2", "m**2"), "m2"),
    **dict.fromkeys(("sqft", "sf", "ft^2"), "ft2"),
    **dict.fromkeys(("m^3", "m**3", "cbm"), "m3"),
    **dict.fromkeys(("litre", "litres", "liter", "liters"), "L"),
    **dict.fromkeys(("kilogram", "kilograms", "kgs"), "kg"),
    **dict.fromkeys(("ton", "tons", "tonne", "tonnes"), "t"),
    **dict.fromkeys(("watt", "watts"), "W"),
    **dict.fromkeys(("kilowatt", "kilowatts"), "kW"),
    **dict.fromkeys(("megawatt", "megawatts"), "MW"),
    **dict.fromkeys(("volt", "volts"), "V"),
    **dict.fromkeys(("amp", "amps", "ampere", "amperes"), "A"),
    **dict.fromkeys(("c", "°c", "celsius", "centigrade", "deg_c", "deg"), "degC"),
    **dict.fromkeys(("f", "°f", "fahrenheit", "deg_f"), "degF"),
    **dict.fromkeys(("kelvin", "delta_degc", "°k"), "K"),
    **dict.fromkeys(("lpm", "l/m"), "L/min"),
    **dict.fromkeys(("lps",), "L/s"),
    **dict.fromkeys(("cmh", "m^3/h", "m3/hr"), "m3/h"),
    **dict.fromkeys(("pascal", "pascals"), "Pa"),
    **dict.fromkeys(("mh20", "mwc", "mwg"), "mH2O"),
    **dict.fromkeys(("wg", "inwc", "inwg", "in.wg"), "inH2O"),
    **dict.fromkeys(("percent", "pct"), "%"),
    **dict.fromkeys(("sec", "second", "seconds", "secs"), "s"),
    **dict.fromkeys(("minute", "minutes", "mins"), "min"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "days"), "day"),
    **dict.fromkeys(("a", "yr", "yrs", "years"), "year"),
    **dict.fromkeys(("hertz", "cps"), "Hz"),
    **dict.fromkeys(("$", "dollar", "dollars", "usd"), "USD"),
    **dict.fromkeys(("$/kwh",), "USD/kWh"),
    **dict.fromkeys(("$/mwh",), "USD/MWh"),
    **dict.fromkeys(("tok/s", "tps"), "token/s"),
    **dict.fromkeys(("gbps", "gb/s", "gbit"), "Gbit/s"),
    **dict.fromkeys(("tflop", "tflops/s"), "TFLOPS"),
    **dict.fromkeys(("degree", "degrees", "°"), "deg"),
    **dict.fromkeys(("ft/m",), "ft/min"),
}

_INCH, _FOOT, _POUND, _GALLON = 0.0254, 0.3048, 0.45359237, 231 * 0.0254**3
_G = 9.80665  # standard gravity, m/s2
_WATER = 1000.0  # conventional density of a water column, kg/m3
_HOUR, _DAY = 3600.0, 86400.0
_KWH = 3.6e6
_BTU = 1055.05585262  # International Table
_CFM = _FOOT**3 / 60
_PSI = _POUND * _G / _INCH**2

_FLOW = {
    "m3/s": 1.0,
    "m3/min": 1 / 60,
    "m3/h": 1 / _HOUR,
    "L/s": 1e-3,
    "L/min": 1e-3 / 60,
    "L/h": 1e-3 / _HOUR,
}
_FLOW |= {"cfm": _CFM, "gpm": _GALLON / 60}
_BYTES = {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "PB": 1e15, "EB": 1e18}
_BINARY = {"KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30, "TiB": 2.0**40}
_FLOPS = {
    p: f for p, f in zip(("", "G", "T", "P", "E", "Z"), (1.0, 1e9, 1e12, 1e15, 1e18, 1e21), strict=True)
}

LENGTH = Dimension(
    "length",
    "m",
    {"m": 1.0, "km": 1e3, "cm": 1e-2, "mm": 1e-3, "um": 1e-6, "ft": _FOOT, "in": _INCH, "U": 0.04445},
    ("mm", "m"),
    "3 m",
)
AREA = Dimension(
    "area",
    "m2",
    {"m2": 1.0, "cm2": 1e-4, "mm2": 1e-6, "ft2": _FOOT**2, "in2": _INCH**2},
    ("mm2", "m2"),
    "600 m2",
)
VOLUME = Dimension(
    "volume",
    "m3",
    {"m3": 1.0, "L": 1e-3, "mL": 1e-6, "ft3": _FOOT**3, "gal": _GALLON},
    ("L", "m3"),
    "2 m3",
)
MASS = Dimension(
    "mass",
    "kg",
    {"kg": 1.0, "g": 1e-3, "t": 1e3, "lb": _POUND},
    ("g", "kg", "t"),
    "1360 kg",
)
POWER = Dimension(
    "power",
    "W",
    {
        "W": 1.0,
        "kW": 1e3,
        "MW": 1e6,
        "GW": 1e9,
        "Btu/h": _BTU / _HOUR,
        "tonR": 12000 * _BTU / _HOUR,
        "hp": 745.69987,
    },
    ("W", "kW", "MW"),
    "132 kW",
)
APPARENT_POWER = Dimension(
    "apparent power",
    "VA",
    {"VA": 1.0, "kVA": 1e3, "MVA": 1e6, "GVA": 1e9},
    ("VA", "kVA", "MVA"),
    "2500 kVA",
)
VOLTAGE = Dimension("voltage", "V", {"V": 1.0, "mV": 1e-3, "kV": 1e3}, ("V", "kV"), "415 V")
CURRENT = Dimension("current", "A", {"A": 1.0, "mA": 1e-3, "kA": 1e3}, ("A", "kA"), "63 A")
ENERGY = Dimension(
    "energy",
    "J",
    {
        "J": 1.0,
        "kJ": 1e3,
        "MJ": 1e6,
        "GJ": 1e9,
        "Wh": 3600.0,
        "kWh": _KWH,
        "MWh": 1e3 * _KWH,
        "GWh": 1e6 * _KWH,
    },
    ("Wh", "kWh", "MWh", "GWh"),
    "50 kWh",
)
ENERGY_PER_AREA = Dimension(
    "energy per area",
    "J/m2",
    {"J/m2": 1.0, "kJ/m2": 1e3, "J/cm2": 1e4, "cal/cm2": 4.184e4},
    ("cal/cm2",),
    "8 cal/cm2",
)
TEMPERATURE = Dimension(
    "temperature",
    "degC",
    {"degC": 1.0, "degF": (5 / 9, -32 * 5 / 9), "K": (1.0, -273.15)},
    ("degC",),
    "24 degC",
    decimals=1,
)
TEMPERATURE_DIFFERENCE = Dimension("temperature difference", "K", {"K": 1.0}, ("K",), "10 K", decimals=1)
MASS_FLOW = Dimension(
    "mass flow",
    "kg/s",
    {
        "kg/s": 1.0,
        "g/s": 1e-3,
        "kg/min": 1 / 60,
        "kg/h": 1 / _HOUR,
        "t/h": 1e3 / _HOUR,
        "lb/min": _POUND / 60,
    },
    ("g/s", "kg/s"),
    "2.5 kg/s",
)
VOLUME_FLOW = Dimension("volume flow", "m3/s", _FLOW, ("L/min", "L/s", "m3/s"), "110 L/min")
SPECIFIC_FLOW = Dimension(
    "specific flow",
    "m3/s/W",
    {f"{u}/{p}": f / w for u, f in _FLOW.items() for p, w in (("W", 1.0), ("kW", 1e3), ("MW", 1e6))},
    ("L/min/kW", "L/s/kW", "m3/s/kW"),
    "1.5 L/min/kW",
)
PRESSURE = Dimension(
    "pressure",
    "Pa",
    {"Pa": 1.0, "hPa": 1e2, "kPa": 1e3, "MPa": 1e6, "mbar": 1e2, "bar": 1e5, "psi": _PSI}
    | {"mH2O": _WATER * _G, "ftH2O": _WATER * _G * _FOOT, "inH2O": _WATER * _G * _INCH, "atm": 101325.0},
    ("Pa", "kPa", "MPa"),
    "15 kPa",
)
FLOOR_LOAD = Dimension(
    "floor load",
    "Pa",
    {
        "kPa": 1e3,
        "Pa": 1.0,
        "kN/m2": 1e3,
        "N/m2": 1.0,
        "kg/m2": _G,
        "t/m2": 1e3 * _G,
        "psf": _POUND * _G / _FOOT**2,
    },
    ("Pa", "kPa"),
    "20 kPa",
)
FRACTION = Dimension("fraction", "1", {"%": 1e-2}, ("%",), "80 %", decimals=1, bare=True)
DURATION = Dimension(
    "duration",
    "s",
    {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": _HOUR, "day": _DAY, "week": 7 * _DAY}
    | {"year": 365 * _DAY},
    ("us", "ms", "s", "min", "h", "day", "year"),
    "10 min",
)
RESISTANCE = Dimension(
    "resistance",
    "ohm",
    {"ohm": 1.0, "mohm": 1e-3, "uohm": 1e-6, "kohm": 1e3, "Mohm": 1e6},
    ("uohm", "mohm", "ohm", "kohm"),
    "12 mohm",
)
LINEAR_IMPEDANCE = Dimension(
    "linear impedance",
    "ohm/m",
    {"ohm/m": 1.0, "ohm/km": 1e-3, "mohm/m": 1e-3, "uohm/m": 1e-6, "mohm/km": 1e-6},
    ("uohm/m", "mohm/m", "ohm/m"),
    "0.32 ohm/km",
)
FREQUENCY = Dimension(
    "frequency", "Hz", {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9}, ("Hz", "kHz", "MHz", "GHz"), "50 Hz"
)
SPEED = Dimension(
    "speed",
    "m/s",
    {"m/s": 1.0, "km/h": 1 / 3.6, "ft/min": _FOOT / 60, "fpm": _FOOT / 60, "mph": 0.44704},
    ("m/s",),
    "2 m/s",
)
THERMAL_CONDUCTANCE = Dimension(
    "thermal conductance", "W/K", {"W/K": 1.0, "kW/K": 1e3, "MW/K": 1e6}, ("W/K", "kW/K", "MW/K"), "250 kW/K"
)
THERMAL_TRANSMITTANCE = Dimension(
    "thermal transmittance",
    "W/(m2 K)",
    {
        "W/(m2 K)": 1.0,
        "W/m2/K": 1.0,
        "W/m2K": 1.0,
        "BTU/h/ft2/degF": _BTU / 3600 / _FOOT**2 * 1.8,
    },
    ("W/(m2 K)",),
    "0.3 W/(m2 K)",
)
MONEY = Dimension(
    "money", "USD", {"USD": 1.0, "kUSD": 1e3, "MUSD": 1e6, "GUSD": 1e9}, ("USD", "kUSD", "MUSD"), "40000 USD"
)
ENERGY_PRICE = Dimension(
    "energy price",
    "USD/J",
    {"USD/kWh": 1 / _KWH, "USD/MWh": 1e-3 / _KWH, "USD/GJ": 1e-9, "USD/J": 1.0},
    ("USD/MWh",),
    "70 USD/MWh",
)
POWER_PRICE = Dimension(
    "power price", "USD/W", {"USD/W": 1.0, "USD/kW": 1e-3, "MUSD/MW": 1.0}, ("USD/kW", "USD/W"), "11 USD/W"
)
VOLUME_PRICE = Dimension(
    "volume price", "USD/m3", {"USD/m3": 1.0, "USD/L": 1e3, "USD/gal": 1 / _GALLON}, ("USD/m3",), "2.5 USD/m3"
)
CARBON_INTENSITY = Dimension(
    "carbon intensity",
    "kg/J",
    {
        "g/kWh": 1e-3 / _KWH,
        "kg/kWh": 1 / _KWH,
        "kg/MWh": 1e-3 / _KWH,
        "t/MWh": 1 / _KWH,
        "lb/MWh": _POUND * 1e-3 / _KWH,
    }
    | {"kg/J": 1.0},
    ("g/kWh",),
    "350 g/kWh",
)
TOKEN_RATE = Dimension(
    "token rate",
    "token/s",
    {
        f"{p}{u}": f
        for u in ("token/s", "tokens/s")
        for p, f in (("", 1.0), ("k", 1e3), ("M", 1e6), ("G", 1e9))
    },
    ("token/s", "ktoken/s", "Mtoken/s"),
    "900 ktoken/s",
)
BYTES = Dimension(
    "data size", "B", _BYTES | _BINARY, ("B", "kB", "MB", "GB", "TB", "PB"), "288 GB", limit=1e24
)
DATA_RATE = Dimension(
    "data rate",
    "B/s",
    {f"{u}/s": f for u, f in _BYTES.items()} | {"Mbit/s": 1e6 / 8, "Gbit/s": 1e9 / 8, "Tbit/s": 1e12 / 8},
    ("kB/s", "MB/s", "GB/s", "TB/s"),
    "8 TB/s",
    limit=1e24,
)
COMPUTE_RATE = Dimension(
    "compute rate",
    "FLOP/s",
    {f"{p}FLOPS": f for p, f in _FLOPS.items()} | {f"{p}FLOP/s": f for p, f in _FLOPS.items()},
    ("GFLOPS", "TFLOPS", "PFLOPS", "EFLOPS"),
    "15 PFLOPS",
    limit=1e27,
)
ANGLE = Dimension("angle", "deg", {"deg": 1.0, "rad": 180 / math.pi}, ("deg",), "90 deg", decimals=1)

DIMENSIONS: Mapping[str, Dimension] = {
    d.name: d for d in list(globals().values()) if isinstance(d, Dimension)
}
"""Every dimension by its name."""

Length = Annotated[float, LENGTH]
Area = Annotated[float, AREA]
Volume = Annotated[float, VOLUME]
Mass = Annotated[float, MASS]
Power = Annotated[float, POWER]
ApparentPower = Annotated[float, APPARENT_POWER]
Voltage = Annotated[float, VOLTAGE]
Current = Annotated[float, CURRENT]
Energy = Annotated[float, ENERGY]
Temperature = Annotated[float, TEMPERATURE]
TemperatureDifference = Annotated[float, TEMPERATURE_DIFFERENCE]
MassFlow = Annotated[float, MASS_FLOW]
VolumeFlow = Annotated[float, VOLUME_FLOW]
SpecificFlow = Annotated[float, SPECIFIC_FLOW]
Pressure = Annotated[float, PRESSURE]
FloorLoad = Annotated[float, FLOOR_LOAD]
Fraction = Annotated[float, FRACTION]
Duration = Annotated[float, DURATION]
Resistance = Annotated[float, RESISTANCE]
LinearImpedance = Annotated[float, LINEAR_IMPEDANCE]
Frequency = Annotated[float, FREQUENCY]
Speed = Annotated[float, SPEED]
ThermalConductance = Annotated[float, THERMAL_CONDUCTANCE]
ThermalTransmittance = Annotated[float, THERMAL_TRANSMITTANCE]
Money = Annotated[float, MONEY]
EnergyPrice = Annotated[float, ENERGY_PRICE]
PowerPrice = Annotated[float, POWER_PRICE]
VolumePrice = Annotated[float, VOLUME_PRICE]
CarbonIntensity = Annotated[float, CARBON_INTENSITY]
TokenRate = Annotated[float, TOKEN_RATE]
Bytes = Annotated[float, BYTES]
DataRate = Annotated[float, DATA_RATE]
ComputeRate = Annotated[float, COMPUTE_RATE]
Angle = Annotated[float, ANGLE]


def parse(text: str, dimension: Any) -> float:
    """SI value of a text such as ``"132 kW"``.

    Parameters
    ----------
    text : str
        A number and a unit.
    dimension : Dimension, str or annotated type
        ``POWER``, ``"power"`` and ``Power`` mean the same.

    Examples
    --------
    >>> parse("132 kW", Power)
    132000.0
    """
    return dimension_of(dimension).parse(text)


def format_quantity(value: float, dimension: Any, *, digits: int = 3) -> str:
    """Text for people: the largest unit that leaves a number of at least one, ``digits`` significant digits.

    Examples
    --------
    >>> format_quantity(132e3, Power), format_quantity(24, Temperature), format_quantity(0.805, Fraction)
    ('132 kW', '24.0 degC', '80.5 %')
    """
    dim = dimension_of(dimension)
    if not math.isfinite(value):
        return f"{value} {dim.si}"
    unit, number = _largest_unit(value, dim, digits)
    if dim.decimals is not None:
        return f"{round(number, dim.decimals) + 0.0:.{dim.decimals}f} {unit}"
    return f"{_digits(number, digits)} {unit}"


def dimension_of(dimension: Any) -> Dimension:
    """The dimension behind a dimension, its name, or an annotated type; KeyError if there is none."""
    if isinstance(dimension, Dimension):
        return dimension
    if isinstance(dimension, str):
        return DIMENSIONS[dimension]
    for part in get_args(dimension):
        if isinstance(part, Dimension):
            return part
    raise KeyError(f"{dimension!r} has no dimension")


def _largest_unit(value: float, dim: Dimension, digits: int) -> tuple[str, float]:
    chosen = dim.shown[0]
    for unit in dim.shown:
        factor = dim._scales[unit][0]
        if value and float(f"{abs(value) / factor:.{max(digits, 1) - 1}e}") >= 1:
            chosen = unit
    if not value:
        chosen = dim.si if dim.si in dim.shown else dim.shown[-1]
    factor, offset = dim._scales[chosen]
    return chosen, (value - offset) / factor


def _digits(number: float, digits: int) -> str:
    if number == 0:
        return "0"
    if abs(number) < 1e-4 or abs(number) >= 1e15:
        return f"{number:.{digits - 1}e}"
    places = digits - 1 - math.floor(math.log10(abs(number)))
    text = f"{number:.{max(places, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

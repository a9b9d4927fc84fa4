"""What holds for a whole EPANET file: its units, options and times, and its patterns and curves.

Keywords, defaults and their meaning are those of the EPANET 2.2 Users Manual, appendix C.2, and of version 2.3 where it
adds to them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from twin.exchange.epanet_text import LARGEST_VALUE, Inp, Row
from twin.layout.mistakes import one_of, quote, suggest
from twin.networks.bare_hydraulics import FOOT, GRAVITY

INCH = 0.0254
"""[m], NIST SP 811, appendix B.8."""
CUBIC_FOOT = FOOT**3
GALLON, IMPERIAL_GALLON = 3.785411784e-3, 4.54609e-3
"""[m3], the same."""
ACRE_FOOT = 43560.0 * CUBIC_FOOT
HORSEPOWER = 745.69987158227
"""Of 550 ft lbf/s. [W]"""
PSI = 6894.757293168
"""[Pa]"""
DAY = 86400.0
WATER_DENSITY = 62.4 * 0.45359237 / CUBIC_FOOT
"""What EPANET's constants imply: 62.4 lb/ft3 (8.814 = 550 / 62.4 for pumps of constant power). [kg/m3]"""
VISCOSITY = 1.1e-5 * FOOT**2
"""Kinematic viscosity that is taken by default (EPANET ``VISCOS``). [m2/s]"""

FLOWS = {
    "CFS": CUBIC_FOOT, "GPM": GALLON / 60, "MGD": 1e6 * GALLON / DAY, "IMGD": 1e6 * IMPERIAL_GALLON / DAY,
    "AFD": ACRE_FOOT / DAY, "LPS": 1e-3, "LPM": 1e-3 / 60, "MLD": 1e3 / DAY, "CMH": 1 / 3600, "CMD": 1 / DAY, "CMS": 1.0,
}  # fmt: skip
"""Units of flow. [m3/s]"""
US = ("CFS", "GPM", "MGD", "IMGD", "AFD")
"""Units of flow with which lengths are in feet, diameters in inches and powers in horsepower."""
PRESSURES = ("PSI", "KPA", "METERS", "BAR", "FEET")
LAWS = ("H-W", "D-W", "C-M")
HARMLESS = (
    "QUALITY", "MAP", "VERIFY", "UNBALANCED", "DIFFUSIVITY", "TRIALS", "ACCURACY", "HEADERROR", "FLOWCHANGE", "TOLERANCE",
    "SEGMENTS", "HTOL", "QTOL", "RQTOL", "CHECKFREQ", "MAXCHECK", "DAMPLIMIT", "MINIMUM", "REQUIRED", "NODE",
)  # fmt: skip
"""Options without meaning for a steady flow solved to the end, or only together with others that are told of."""
KEYS = (
    "UNITS", "PRESSURE", "HEADLOSS", "HYDRAULICS", "VISCOSITY", "SPECIFIC", "PATTERN", "DEMAND", "EMITTER", "BACKFLOW",
    *HARMLESS,
)  # fmt: skip
_CLOCK = {"SEC": 1.0, "MIN": 60.0, "HOU": 3600.0, "DAY": DAY}


@dataclass
class Options:
    """[OPTIONS] and [TIMES]."""

    flow_unit: str = "GPM"
    pressure_unit: str = ""
    law: Literal["H-W", "D-W"] = "H-W"
    specific_gravity: float = 1.0
    given_viscosity: float = 0.0
    multiplier: float = 1.0
    pattern: str = "1"
    pattern_row: Row | None = None
    """Where the default pattern is named, if it is."""
    emitter_exponent: float = 0.5
    backflow: bool = True
    pattern_step: float = 3600.0
    pattern_start: float = 0.0
    clock: float = 0.0
    """Time of day at which the simulation starts. [s]"""

    @property
    def us(self) -> bool:
        """Customary units."""
        return self.flow_unit in US

    @property
    def flow(self) -> float:
        """[m3/s] of one unit of flow."""
        return FLOWS[self.flow_unit]

    @property
    def length(self) -> float:
        """[m] of one unit of length, height and head."""
        return FOOT if self.us else 1.0

    @property
    def diameter(self) -> float:
        """[m] of one unit of diameter."""
        return INCH if self.us else 1e-3

    @property
    def roughness(self) -> float:
        """[m] of one unit of sand roughness: thousandth of a foot, or millimetre."""
        return self.length * 1e-3

    @property
    def power(self) -> float:
        """[W] of one unit of power."""
        return HORSEPOWER if self.us else 1e3

    @property
    def density(self) -> float:
        """[kg/m3]"""
        return self.specific_gravity * WATER_DENSITY

    @property
    def head(self) -> float:
        """[Pa] of one unit of head."""
        return self.density * GRAVITY * self.length

    @property
    def pressure(self) -> float:
        """[Pa] of one unit of pressure; heads in metres or feet are of the liquid itself, as in EPANET 2.3."""
        liquid = self.density * GRAVITY
        unit = self.pressure_unit or ("PSI" if self.us else "METERS")
        return {"PSI": PSI, "KPA": 1e3, "BAR": 1e5, "METERS": liquid, "FEET": liquid * FOOT}[unit]

    @property
    def emitter_pressure(self) -> float:
        """[Pa] of the unit to which emitter coefficients belong: psi, or metres of the liquid."""
        return PSI if self.us else self.density * GRAVITY

    @property
    def viscosity(self) -> float:
        """Kinematic; a value above 1e-3 is a multiple of EPANET's default. [m2/s]"""
        given = self.given_viscosity
        if not given:
            return VISCOSITY
        return given * VISCOSITY if given > 1e-3 else given * self.length**2


@dataclass
class Tables:
    """Patterns and curves by name."""

    patterns: dict[str, list[float]] = field(default_factory=dict)
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    curve_rows: dict[str, list[Row]] = field(default_factory=dict)


def read_options(inp: Inp) -> Options:
    """[OPTIONS] and [TIMES]; mistakes are noted in ``inp``."""
    options = Options()
    for row in inp.rows("OPTIONS"):
        _option(inp, options, row, row.words[0].upper())
    for row in inp.rows("TIMES"):
        _time(inp, options, row)
    return options


def _option(inp: Inp, options: Options, row: Row, key: str) -> None:
    """One row of [OPTIONS]; a keyword without a value is passed over, as in EPANET."""
    known = next((name for name in KEYS if key.startswith(name[:5] if len(name) > 5 else name)), "")
    word = row.words[1].upper() if len(row.words) > 1 else ""
    if not known:
        inp.wrong_word(row, 0, f"unknown option {quote(row.words[0])}{suggest(key, KEYS)}")
    elif not word or known in HARMLESS:
        return
    elif known == "UNITS":
        options.flow_unit = _choice(inp, row, word, tuple(FLOWS), options.flow_unit)
    elif known == "PRESSURE":
        if not word.startswith("EXP"):
            options.pressure_unit = _choice(inp, row, word, PRESSURES, "PSI")
    elif known == "HEADLOSS":
        law = _choice(inp, row, word, LAWS, "H-W")
        if law == "C-M":
            inp.wrong_word(row, 1, "the Chezy-Manning law is not solved; state roughnesses for D-W or H-W")
        else:
            options.law = "D-W" if law == "D-W" else "H-W"
    elif known == "HYDRAULICS":
        inp.notes.append(
            f"line {row.line}: HYDRAULICS {word} with a file of flows is left out; flows are solved"
        )
    elif known == "VISCOSITY":
        options.given_viscosity = inp.number(row, 1, "the viscosity", above=0.0)
    elif known == "PATTERN":
        options.pattern, options.pattern_row = row.words[1], row
    else:
        _second(inp, options, row, known, word)


def _second(inp: Inp, options: Options, row: Row, known: str, word: str) -> None:
    """Options of two words."""
    third = row.words[2].upper() if len(row.words) > 2 else ""
    if known == "SPECIFIC":
        options.specific_gravity = inp.number(row, 2, "the specific gravity", above=0.0) if third else 1.0
    elif known == "BACKFLOW" or (known == "EMITTER" and word.startswith("BACK")):
        options.backflow = third != "NO"
    elif known == "EMITTER":
        options.emitter_exponent = inp.number(row, 2, "the emitter exponent", above=0.0) if third else 0.5
        if options.emitter_exponent > 1.0:
            inp.wrong_word(row, 2, "an emitter exponent above 1 is not solved; write one up to 1")
    elif word.startswith("MODEL"):
        if third == "PDA":
            inp.notes.append(
                f"line {row.line}: pressure-driven demands are not followed: every demand is drawn in full, whatever "
                "the pressure"
            )
    elif third or word.startswith("MULT"):
        options.multiplier = inp.number(row, 2, "the demand multiplier", above=0.0) if third else 1.0


def _choice(inp: Inp, row: Row, word: str, allowed: tuple[str, ...], default: str) -> str:
    if word == "SI" and "LPS" in allowed:
        return "LPS"
    if word in allowed:
        return word
    inp.wrong_word(row, 1, f"{quote(row.words[1])} is not known here{suggest(word, allowed)}")
    return default


def _time(inp: Inp, options: Options, row: Row) -> None:
    """One row of [TIMES]; of the steps only that of the patterns matters at time 0."""
    key = row.words[0].upper()
    second = row.words[1].upper() if len(row.words) > 1 else ""
    if key.startswith("PATT") and second.startswith("TIME"):
        options.pattern_step = time_of(inp, row, 2) or 3600.0
    elif key.startswith("PATT") and second.startswith("STAR"):
        options.pattern_start = time_of(inp, row, 2)
    elif key.startswith("STAR"):
        options.clock = time_of(inp, row, 2 if second.startswith("CLOCK") else 1) % DAY
    elif not key.startswith(("STAT", "DURA", "HYDR", "QUAL", "RULE", "MINI", "PATT", "REPO")):
        allowed = ("DURATION", "HYDRAULIC", "QUALITY", "RULE", "PATTERN", "REPORT", "START", "STATISTIC")
        inp.wrong_word(row, 0, f"{quote(row.words[0])} is no time that is set{suggest(key, allowed)}")


def time_of(inp: Inp, row: Row, at: int) -> float:
    """A time: hours, ``h:mm:ss``, with a unit or AM and PM behind it. [s]"""
    if at >= len(row.words):
        inp.wrong_word(row, at, "a time is missing here; write hours or h:mm")
        return 0.0
    parts = row.words[at].split(":")
    unit = row.words[at + 1].upper() if at + 1 < len(row.words) else ""
    try:
        if len(parts) > 3 or not all(part and set(part) <= set("0123456789.") for part in parts):
            raise ValueError
        hours = min(sum(float(part) / 60.0**place for place, part in enumerate(parts)), LARGEST_VALUE)
    except ValueError:
        inp.wrong_word(row, at, f"{quote(row.words[at])} is no time; write hours or h:mm")
        return 0.0
    if unit in ("AM", "PM"):
        return (hours % 12.0 + (12.0 if unit == "PM" else 0.0)) * 3600.0
    if unit and len(parts) == 1:
        seconds = next((value for name, value in _CLOCK.items() if unit.startswith(name)), 0.0)
        if not seconds:
            inp.wrong_word(
                row, at + 1, f"{quote(unit)} is no unit of time; {one_of(('SEC', 'MIN', 'HOURS', 'DAYS'))}"
            )
        return min(hours * seconds, LARGEST_VALUE)
    return min(hours * 3600.0, LARGEST_VALUE)


def read_tables(inp: Inp) -> Tables:
    """[PATTERNS] and [CURVES]; rows of one name are one pattern or curve, in the order of the file."""
    tables = Tables()
    for row in inp.rows("PATTERNS"):
        name = row.words[0]
        if len(row.words) < 2:
            inp.wrong_word(row, 1, f"pattern {quote(name)} has no multipliers here")
        values = [inp.number(row, at, "a multiplier") for at in range(1, len(row.words))]
        tables.patterns.setdefault(name, []).extend(values)
        if inp.full:
            break
    for row in inp.rows("CURVES"):
        point = inp.number(row, 1, "the x-value"), inp.number(row, 2, "the y-value")
        tables.curves.setdefault(row.words[0], []).append(point)
        tables.curve_rows.setdefault(row.words[0], []).append(row)
        if inp.full:
            break
    return tables


def multiplier(tables: Tables, options: Options, name: str) -> float:
    """Value of a pattern at time 0; 1 for one that is not there."""
    values = tables.patterns.get(name)
    if not values:
        return 1.0
    return values[int(np.floor(options.pattern_start / max(options.pattern_step, 1.0))) % len(values)]

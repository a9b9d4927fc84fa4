"""NREL TMY2 files: a line about the station, then hours in columns of fixed width.

Positions, units and codes: W. Marion and K. Urban, "User's Manual for TMY2s", NREL/SP-463-7668, 1995, tables 3-1
and 3-2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from twin.climate.assemble import Columns, Station, assemble, limited, place_number, whole_numbers
from twin.climate.table import AIR, BAROMETER, DEW, HUMIDITY, WIND, Column, Place, Times
from twin.climate.text import Complaints
from twin.climate.year import WeatherYear

WIDTH = 98
"""Characters of an hour up to the wind speed; a complete one has 142."""
_MONTH, _DAY, _HOUR = slice(3, 5), slice(5, 7), slice(7, 9)
_DRY, _DEW, _HUMIDITY = slice(67, 71), slice(73, 77), slice(79, 82)
_PRESSURE, _WIND = slice(84, 88), slice(95, 98)
_HEAD = re.compile(r" ?\d{5} .{22} .{2} .{3} [NS] ")


def is_tmy2(lines: Sequence[str]) -> bool:
    """Whether a file begins as a TMY2 file does."""
    return bool(_HEAD.match(lines[0]))


def read_tmy2(path: str | Path, lines: list[str]) -> WeatherYear:
    """A year from the lines of a TMY2 file.

    Raises
    ------
    twin.layout.mistakes.LayoutError
        All mistakes of the file.
    """
    complaints = Complaints(str(path), lines)
    station = _station(lines[0], complaints)
    limited(len(lines), complaints)
    rows = _rows(lines, complaints)
    hours = [lines[row - 1] for row in rows]
    number = np.array(rows, np.int64)
    month, day, hour = (
        whole_numbers([line[part] for line in hours], rows, what, complaints)
        for part, what in ((_MONTH, "month"), (_DAY, "day"), (_HOUR, "hour"))
    )
    times = Times(month, day, hour, number, _places(slice(1, 9)))

    def column(
        name: str, part: slice, scale: float, missing: float, limits: tuple[float, float], unit: str
    ) -> Column:
        texts = [line[part] for line in hours]
        return Column(name, texts, _places(part), scale, (missing,), limits, unit)

    columns = Columns(
        column("dry bulb", _DRY, 0.1, 9999.0, AIR, "tenths of a degC"),
        column("dew point", _DEW, 0.1, 9999.0, DEW, "tenths of a degC"),
        column("pressure", _PRESSURE, 100.0, 9999.0, BAROMETER, "mbar"),
        column("wind speed", _WIND, 0.1, 999.0, WIND, "tenths of a m/s"),
        column("relative humidity", _HUMIDITY, 1.0, 999.0, HUMIDITY, "%"),
    )
    return assemble(station, times, columns, complaints)


def _station(line: str, complaints: Complaints) -> Station:
    text = line.ljust(59)
    latitude = _angle(text[37], text[39:41], text[42:44], "latitude", complaints)
    longitude = _angle(text[45], text[47:50], text[51:53], "longitude", complaints)
    zone = place_number(text[33:36].replace("- ", "-"), "time zone", 1, 34, complaints)
    elevation = place_number(text[55:59], "elevation", 1, 56, complaints)
    name = f"{text[7:29].strip()}, {text[30:32].strip()}"
    return Station(name, f"TMY2 {text[1:6].strip()}", latitude, longitude, zone, elevation, (56, 4))


def _angle(side: str, degrees: str, minutes: str, what: str, complaints: Complaints) -> float:
    """Degrees of ``N 25 48``."""
    sign = -1.0 if side in "SW" else 1.0
    whole = place_number(degrees, what, 1, 38 if what == "latitude" else 46, complaints)
    part = float(minutes) if minutes.strip().isdecimal() else 0.0
    return sign * (whole + part / 60.0)


def _rows(lines: list[str], complaints: Complaints) -> list[int]:
    rows = []
    for number, line in enumerate(lines[1:], 2):
        if len(line) >= WIDTH:
            rows.append(number)
        elif line.strip():
            cut = "; the file is cut off here" if number == len(lines) else ""
            message = f"an hour has {len(line)} characters, and at least {WIDTH} are needed{cut}"
            complaints.add(message, number, len(line) or 1, kind="hour with too few characters")
    return rows


def _places(part: slice) -> Place:
    def place(row: int) -> tuple[int, int]:
        return int(part.start) + 1, int(part.stop - part.start)

    return place

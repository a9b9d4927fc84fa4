"""EnergyPlus weather files (EPW): eight head lines, then comma-separated hours.

Field numbers, units and codes for missing values: EnergyPlus Auxiliary Programs, "Weather Converter: EnergyPlus
Weather File (EPW) Data Dictionary".
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from twin.climate.assemble import Columns, Station, assemble, limited, place_number, whole_numbers
from twin.climate.table import (
    AIR,
    BAROMETER,
    DEW,
    FAHRENHEIT_OR_KELVIN,
    HUMIDITY,
    WIND,
    Column,
    Looks,
    Place,
    Times,
)
from twin.climate.text import Complaints
from twin.climate.year import WeatherYear
from twin.layout.mistakes import quote

HEADS = (
    "LOCATION", "DESIGN CONDITIONS", "TYPICAL/EXTREME PERIODS", "GROUND TEMPERATURES",
    "HOLIDAYS/DAYLIGHT SAVINGS", "COMMENTS 1", "COMMENTS 2", "DATA PERIODS",
)  # fmt: skip
"""First words of the head lines, in order."""
FEWEST_FIELDS = 22
"""Fields of a row up to the wind speed; a complete row has 35."""
_MONTH, _DAY, _HOUR, _MINUTE, _DRY, _DEW, _HUMIDITY, _PRESSURE, _WIND = 1, 2, 3, 4, 6, 7, 8, 9, 21
_PRESSURE_LOOKS = ((450.0, 1100.0, "hPa (mbar)"), (45.0, 110.0, "kPa"), (13.0, 33.0, "inches of mercury"))


def is_epw(lines: Sequence[str]) -> bool:
    """Whether a file begins as an EPW file does."""
    return lines[0].lstrip().upper().startswith("LOCATION,")


def read_epw(path: str | Path, lines: list[str]) -> WeatherYear:
    """A year from the lines of an EPW file.

    Raises
    ------
    twin.layout.mistakes.LayoutError
        All mistakes of the file.
    """
    complaints = Complaints(str(path), lines)
    start = _heads(lines, complaints)
    station = _station(lines[0], complaints)
    limited(len(lines) - start, complaints)
    rows, fields = _rows(lines, start, complaints)
    month, day, hour = (
        whole_numbers([row[at] for row in fields], rows, what, complaints)
        for at, what in ((_MONTH, "month"), (_DAY, "day"), (_HOUR, "hour"))
    )
    times = Times(month, day, hour, np.array(rows, np.int64), _places(fields, _MONTH, _HOUR))
    _minutes(fields, rows, complaints)

    def column(
        at: int,
        name: str,
        missing: tuple[float, ...],
        limits: tuple[float, float],
        unit: str,
        looks: Looks = (),
    ) -> Column:
        return Column(
            name, [row[at] for row in fields], _places(fields, at, at), 1.0, missing, limits, unit, looks
        )

    columns = Columns(
        column(_DRY, "dry bulb", (99.9, 999.0), AIR, "degC", FAHRENHEIT_OR_KELVIN),
        column(_DEW, "dew point", (99.9, 999.0), DEW, "degC", FAHRENHEIT_OR_KELVIN),
        column(_PRESSURE, "pressure", (999999.0,), BAROMETER, "Pa", _PRESSURE_LOOKS),
        column(_WIND, "wind speed", (999.0, 99.0), WIND, "m/s"),
        column(_HUMIDITY, "relative humidity", (999.0,), HUMIDITY, "%"),
    )
    return assemble(station, times, columns, complaints)


def _heads(lines: list[str], complaints: Complaints) -> int:
    """Check the head lines; the index of the first hour."""
    for number, head in enumerate(HEADS):
        line = lines[number] if number < len(lines) else ""
        if not line.lstrip().upper().startswith(head):
            found = quote(line.split(",")[0], 30) if line else "the end of the file"
            complaints.add(
                f"head line {number + 1} of an EPW file begins with {head}, not {found}", number + 1
            )
    complaints.settle()
    fields = [field.strip() for field in lines[7].split(",")]
    if len(fields) > 1 and fields[1] not in ("1", ""):
        complaints.add(f"{quote(fields[1])} data periods; one period of a whole year is read", 8)
    if len(fields) > 2 and fields[2] not in ("1", ""):
        complaints.add(
            f"{quote(fields[2])} records an hour; keep one record an hour: a year of 8,760 hours is read", 8
        )
    complaints.settle()
    return len(HEADS)


def _station(line: str, complaints: Complaints) -> Station:
    fields = [*line.split(","), *[""] * 10][:10]
    starts = [sum(len(field) + 1 for field in fields[:at]) + 1 for at in range(10)]
    latitude, longitude, zone, elevation = (
        place_number(fields[at], what, 1, starts[at], complaints)
        for at, what in ((6, "latitude"), (7, "longitude"), (8, "time zone"), (9, "elevation"))
    )
    name = ", ".join(field.strip() for field in fields[1:4] if field.strip() not in ("", "-"))
    source = " ".join(field.strip() for field in fields[4:6] if field.strip()) or "EPW file"
    place = starts[9], max(1, len(fields[9].strip()))
    return Station(name or "unnamed", source, latitude, longitude, zone, elevation, place)


def _rows(lines: list[str], start: int, complaints: Complaints) -> tuple[list[int], list[list[str]]]:
    """Line number and fields of every hour; short rows are noted and left out."""
    rows, fields = [], []
    for number, line in enumerate(lines[start:], start + 1):
        parts = line.split(",")
        if len(parts) >= FEWEST_FIELDS:
            rows.append(number)
            fields.append(parts)
        elif line.strip():
            cut = "; the file is cut off here" if number == len(lines) else ""
            message = f"an hour has {len(parts)} fields, and at least {FEWEST_FIELDS} are needed{cut}"
            complaints.add(message, number, len(line) or 1, kind="hour with too few fields")
    return rows, fields


def _minutes(fields: list[list[str]], rows: list[int], complaints: Complaints) -> None:
    """Only whole hours: the minute is 0 or 60."""
    for row, parts in zip(rows, fields, strict=True):
        if parts[_MINUTE].strip() not in ("0", "60", "00", ""):
            message = (
                f"minute {quote(parts[_MINUTE].strip())}: one record an hour is read, with minute 0 or 60"
            )
            complaints.add(message, row, kind="minute within the hour")


def _places(fields: list[list[str]], first: int, last: int) -> Place:
    """Where fields ``first`` .. ``last`` of a row stand."""

    def place(row: int) -> tuple[int, int]:
        parts = fields[row]
        begin = sum(len(part) + 1 for part in parts[:first])
        return begin + 1, sum(len(part) + 1 for part in parts[first : last + 1]) - 1

    return place

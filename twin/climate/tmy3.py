"""NREL TMY3 files: a line about the station, a line of column names, then comma-separated hours.

Columns and units: S. Wilcox and W. Marion, "Users Manual for TMY3 Data Sets", NREL/TP-581-43156, 2008, tables 1-1
and 1-2.  Missing values are -9900.
"""

from __future__ import annotations

import csv
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
from twin.layout.mistakes import did_you_mean, quote

DATE, TIME = "Date (MM/DD/YYYY)", "Time (HH:MM)"
DRY, DEW_POINT, PRESSURE, SPEED = "Dry-bulb (C)", "Dew-point (C)", "Pressure (mbar)", "Wspd (m/s)"
RELATIVE = "RHum (%)"
"""Read where it stands; whether it fits the dew point is checked."""
_NEEDED = (DATE, TIME, DRY, DEW_POINT, PRESSURE, SPEED)
_PRESSURE_LOOKS = ((45_000.0, 110_000.0, "Pa"), (45.0, 110.0, "kPa"), (13.0, 33.0, "inches of mercury"))
_MISSING = (-9900.0, -999.0, 9999.0)


def is_tmy3(lines: Sequence[str]) -> bool:
    """Whether a file begins as a TMY3 file does."""
    return len(lines) > 1 and lines[1].lstrip(' "').lower().startswith("date (")


def read_tmy3(path: str | Path, lines: list[str]) -> WeatherYear:
    """A year from the lines of a TMY3 file.

    Raises
    ------
    twin.layout.mistakes.LayoutError
        All mistakes of the file.
    """
    complaints = Complaints(str(path), lines)
    station = _station(lines[0], complaints)
    at = _header(lines[1], complaints)
    complaints.settle()
    limited(len(lines) - 2, complaints)
    rows, fields = _rows(lines, max(at.values()) + 1, complaints)
    times = _times(fields, rows, at, complaints)

    def column(
        name: str, label: str, scale: float, limits: tuple[float, float], unit: str, looks: Looks
    ) -> Column:
        texts = [row[at[name]] for row in fields]
        return Column(label, texts, _places(fields, at[name]), scale, _MISSING, limits, unit, looks)

    columns = Columns(
        column(DRY, "dry bulb", 1.0, AIR, "degC", FAHRENHEIT_OR_KELVIN),
        column(DEW_POINT, "dew point", 1.0, DEW, "degC", FAHRENHEIT_OR_KELVIN),
        column(PRESSURE, "pressure", 100.0, BAROMETER, "mbar", _PRESSURE_LOOKS),
        column(SPEED, "wind speed", 1.0, WIND, "m/s", ()),
        column(RELATIVE, "relative humidity", 1.0, HUMIDITY, "%", ()) if RELATIVE in at else None,
    )
    return assemble(station, times, columns, complaints)


def _station(line: str, complaints: Complaints) -> Station:
    fields = [*next(csv.reader([line]), []), *[""] * 7][:7]
    zone, latitude, longitude, elevation = (
        place_number(fields[at], what, 1, 1, complaints)
        for at, what in ((3, "time zone"), (4, "latitude"), (5, "longitude"), (6, "elevation"))
    )
    name = ", ".join(field.strip() for field in fields[1:3] if field.strip())
    place = max(line.rfind(fields[6]), 0) + 1, max(1, len(fields[6].strip()))
    return Station(
        name or "unnamed", f"TMY3 {fields[0].strip()}", latitude, longitude, zone, elevation, place
    )


def _header(line: str, complaints: Complaints) -> dict[str, int]:
    """Where the needed columns stand."""
    names = [name.strip() for name in next(csv.reader([line]), [])]
    at = {}
    for name in _NEEDED:
        if name in names:
            at[name] = names.index(name)
            continue
        quantity = name.split(" (")[0]
        other = next((found for found in names if found.startswith(quantity + " (")), None)
        if other:
            message = f"column {quote(other)} is expected as {quote(name)}; convert it"
        else:
            message = " ".join(
                filter(None, (f"there is no column {quote(name)};", did_you_mean(name, names)))
            )
        complaints.add(message.rstrip(";"), 2)
    if RELATIVE in names:
        at[RELATIVE] = names.index(RELATIVE)
    return at


def _rows(lines: list[str], fewest: int, complaints: Complaints) -> tuple[list[int], list[list[str]]]:
    rows, fields = [], []
    for number, line in enumerate(lines[2:], 3):
        parts = line.split(",")
        if len(parts) >= fewest:
            rows.append(number)
            fields.append(parts)
        elif line.strip():
            cut = "; the file is cut off here" if number == len(lines) else ""
            message = f"an hour has {len(parts)} fields, and at least {fewest} are needed{cut}"
            complaints.add(message, number, len(line) or 1, kind="hour with too few fields")
    return rows, fields


def _times(fields: list[list[str]], rows: list[int], at: dict[str, int], complaints: Complaints) -> Times:
    """Dates as 07/31/1999 and times as 13:00."""
    dates = [[*row[at[DATE]].split("/"), "", ""] for row in fields]
    clocks = [[*row[at[TIME]].split(":"), ""] for row in fields]
    month = whole_numbers([date[0] for date in dates], rows, "month", complaints)
    day = whole_numbers([date[1] for date in dates], rows, "day", complaints)
    hour = whole_numbers([clock[0] for clock in clocks], rows, "hour", complaints)
    for row, clock in zip(rows, clocks, strict=True):
        if clock[1].strip() != "00":
            message = f"minute {quote(clock[1].strip())}: one record an hour is read, with minute 00"
            complaints.add(message, row, kind="minute within the hour")
    return Times(month, day, hour, np.array(rows, np.int64), _places(fields, at[DATE]))


def _places(fields: list[list[str]], column: int) -> Place:
    def place(row: int) -> tuple[int, int]:
        parts = fields[row]
        return sum(len(part) + 1 for part in parts[:column]) + 1, max(1, len(parts[column]))

    return place

"""From columns of text to a climate year: the part that all formats share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.climate.agreement import fitting_barometer, fitting_humidity
from twin.climate.table import Column, Times, moist, numbers, select_hours
from twin.climate.text import Complaints
from twin.climate.year import WeatherYear

MOST_ROWS = 50_000
"""Rows of a file that are looked at; a leap year in four records an hour has 35,136."""


@dataclass(frozen=True)
class Station:
    """What the head of a file says about its place."""

    name: str
    source: str
    latitude: float
    longitude: float
    time_zone: float
    elevation: float
    elevation_place: tuple[int, int] = (1, 1)
    """Column and length of the elevation in the first line."""


@dataclass(frozen=True)
class Columns:
    """The quantities of a file, every one with a text for every row."""

    dry_bulb: Column
    dew_point: Column
    pressure: Column
    wind_speed: Column
    relative_humidity: Column | None = None
    """In the unit of the file; None where it has none."""


def assemble(station: Station, times: Times, columns: Columns, complaints: Complaints) -> WeatherYear:
    """A year of what was read.

    Raises
    ------
    twin.layout.mistakes.LayoutError
        All mistakes noted before and found here.
    """
    kept, remarks = select_hours(times, complaints)
    rows = times.rows
    dry = numbers(columns.dry_bulb, rows, complaints)
    dew = numbers(columns.dew_point, rows, complaints)
    pressure = numbers(columns.pressure, rows, complaints)
    assert dry is not None and dew is not None and pressure is not None  # not optional
    if not complaints.found:
        dew, rounded = moist(dry, dew, rows, columns.dew_point, complaints)
        if rounded:
            remarks += (f"dew point above the dry bulb by rounding in {rounded} hours, set to the dry bulb",)
    if not complaints.found:
        remarks += fitting_barometer(pressure[kept], station.elevation, station.elevation_place, complaints)
        fitting_humidity(dry, dew, rows, columns.relative_humidity, complaints)
    complaints.settle()
    wind = numbers(columns.wind_speed, rows, complaints, optional=True)
    if wind is None:
        remarks += ("wind speed has gaps and was left out",)
    return WeatherYear.of(
        station.name,
        station.source,
        (station.latitude, station.longitude, station.time_zone, station.elevation),
        (dry[kept], dew[kept], pressure[kept]),
        wind_speed=None if wind is None else wind[kept],
        remarks=remarks,
    )


LIMITS = {
    "latitude": (-90.0, 90.0, "degrees, north positive"),
    "longitude": (-180.0, 180.0, "degrees, east positive"),
    "time zone": (-12.0, 14.0, "hours from UTC"),
    "elevation": (-430.0, 6000.0, "m"),
}


def place_number(text: str, what: str, line: int, column: int, complaints: Complaints) -> float:
    """Latitude, longitude, time zone or elevation of a head; a wrong one is noted."""
    low, high, unit = LIMITS[what]
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if low <= value <= high:
        return value
    found = text.strip() or "nothing"
    complaints.add(
        f'{what} is "{found[:40]}"; a number from {low:g} to {high:g} ({unit}) is expected',
        line, column, max(1, len(text)),
    )  # fmt: skip
    return 0.0


def whole_numbers(
    texts: Sequence[str], rows: Sequence[int], what: str, complaints: Complaints
) -> NDArray[np.int64]:
    """Integers of a column of dates; a wrong one is noted and becomes -1."""
    try:
        if frozenset("".join(texts)) <= frozenset("0123456789 "):
            return np.array(list(map(int, texts)), np.int64)
    except ValueError:
        pass
    values = np.full(len(texts), -1, np.int64)
    for row, text in enumerate(texts):
        if text.strip().isdecimal() and text.isascii() and len(text) < 9:
            values[row] = int(text)
        else:
            found = text.strip() or "nothing"
            complaints.add(
                f'{what} is "{found[:40]}", which is no whole number', rows[row], kind=f"{what} no number"
            )
    return values


def limited(count: int, complaints: Complaints) -> None:
    """Refuse files with far too many rows before anything is computed."""
    if count > MOST_ROWS:
        complaints.add(f"the file has {count:,} rows; a year of hours has 8,760", 1)
        complaints.settle()

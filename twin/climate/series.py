"""Hourly carbon intensity and price of electricity, from a CSV file::

    timestamp,carbon [g/kWh],price [USD/MWh]
    2023-01-01 00:00,312,24.1
    2023-01-01 01:00,305,22.8

The first column is ``hour`` (0 .. 8759 or 1 .. 8760) or ``timestamp`` (ISO 8601, local standard time, the beginning of
the hour).  The unit stands in the header, because nothing else can tell kg/MWh from lb/MWh.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.climate.assemble import limited, whole_numbers
from twin.climate.table import Column, Place, Times, numbers, select_hours
from twin.climate.text import Complaints, read_lines
from twin.climate.year import DAY, HOUR, HOURS, MONTH, Array
from twin.layout.mistakes import did_you_mean, quote
from twin.units import CarbonIntensity, EnergyPrice, UnitError, parse

QUANTITIES = {"carbon": CarbonIntensity, "price": EnergyPrice}
LIMITS = {"carbon": (0.0, 3.0 / 3.6e6), "price": (-5.0 / 3.6e6, 20.0 / 3.6e6)}
"""The dirtiest grid stays below 3 kg/kWh; prices were between -1 and 10 per kWh (assumed). [kg/J], [1/J]"""
_HEAD = re.compile(r"\s*(\w+)\s*\[([^\]]*)\]\s*\Z")
_STAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::00(?:\.0+)?)?(Z|[+-]\d\d:?\d\d)?\Z")


@dataclass(frozen=True)
class HourlySeries:
    """What electricity costs and emits, hour by hour of a year; arrays of shape (8760,) or None."""

    file: str
    carbon: Array | None
    """[kg/J]"""
    price: Array | None
    """[USD/J]"""
    remarks: tuple[str, ...] = ()
    """What was done while reading."""


def read_series(path: str | Path) -> HourlySeries:
    """Read hourly carbon intensity, price, or both.

    A file is untrusted; mistakes are those of :func:`twin.climate.reading.read_weather`.

    Raises
    ------
    twin.layout.mistakes.LayoutError
        All mistakes of the file.
    """
    lines = read_lines(path)
    complaints = Complaints(str(path), lines)
    names = [name.strip().strip('"') for name in lines[0].split(",")]
    factors = _factors(names, complaints)
    complaints.settle()
    limited(len(lines) - 1, complaints)
    rows, fields = _rows(lines, len(names), complaints)
    times = _times(names[0], fields, rows, complaints)
    kept, remarks = select_hours(times, complaints)
    values: dict[str, Array] = {}
    for at, (name, factor, unit) in factors.items():
        column = Column(
            name, [row[at] for row in fields], _places(fields, at), factor, (), LIMITS[name], unit
        )
        read = numbers(column, times.rows, complaints)
        assert read is not None  # not optional
        values[name] = read
    complaints.settle()
    arrays = {name: _frozen(read[kept]) for name, read in values.items()}
    return HourlySeries(str(path), arrays.get("carbon"), arrays.get("price"), remarks)


def _factors(names: list[str], complaints: Complaints) -> dict[int, tuple[str, float, str]]:
    """Of every value column: quantity, factor to SI, unit."""
    if len(names) < 2:
        hint = "; separate columns with commas" if ";" in names[0] or "\t" in names[0] else ""
        complaints.add(
            f"the first line names the columns, such as: hour,carbon [g/kWh],price [USD/MWh]{hint}", 1
        )
        return {}
    if names[0].lower() not in ("hour", "timestamp"):
        complaints.add(f'the first column is "hour" or "timestamp", not {quote(names[0])}', 1)
    found: dict[int, tuple[str, float, str]] = {}
    for at, name in enumerate(names[1:], 1):
        column = sum(len(other) + 1 for other in names[:at]) + 1
        head = _HEAD.match(name)
        quantity = (head.group(1) if head else name.split("[")[0]).strip().lower()
        if quantity not in QUANTITIES:
            near = did_you_mean(quantity, QUANTITIES)
            message = f"column {quote(name)} is neither carbon nor price; {near}".rstrip("; ")
            complaints.add(message, 1, column, len(name))
        elif not head:
            example = "carbon [g/kWh]" if quantity == "carbon" else "price [USD/MWh]"
            complaints.add(
                f"{quantity} needs its unit in the header, such as {example}", 1, column, len(name)
            )
        elif quantity in (one[0] for one in found.values()):
            complaints.add(f"there are two columns of {quantity}", 1, column, len(name))
        else:
            try:
                found[at] = (
                    quantity,
                    parse(f"1 {head.group(2).strip()}", QUANTITIES[quantity]),
                    head.group(2).strip(),
                )
            except UnitError as error:
                complaints.add(str(error), 1, column, len(name))
    return found


def _rows(lines: list[str], width: int, complaints: Complaints) -> tuple[list[int], list[list[str]]]:
    rows, fields = [], []
    for number, line in enumerate(lines[1:], 2):
        parts = line.split(",")
        if len(parts) == width:
            rows.append(number)
            fields.append(parts)
        elif line.strip():
            message = f"a row has {len(parts)} fields, and the header names {width}"
            complaints.add(message, number, kind="row with another number of fields")
    return rows, fields


def _times(name: str, fields: list[list[str]], rows: list[int], complaints: Complaints) -> Times:
    number, place = np.array(rows, np.int64), _places(fields, 0)
    texts = [row[0].strip().strip('"') for row in fields]
    if name.lower() == "timestamp":
        return _stamps(texts, number, place, complaints)
    hour = whole_numbers(texts, rows, "hour", complaints)
    first = 1 if len(hour) and hour.min() >= 1 and hour.max() >= HOURS else 0
    index = hour - first
    for row in map(int, np.flatnonzero((index < 0) | (index >= HOURS))):
        if hour[row] >= 0:
            message = f"hour {hour[row]}; the hours of a year go from 0 to 8759, or from 1 to 8760"
            complaints.add(message, rows[row], *place(row), kind="no such hour")
    inside = np.flatnonzero((index >= 0) & (index < HOURS))
    index = index[inside]
    return Times(
        MONTH[index], DAY[index], HOUR[index] + 1, number[inside], lambda row: place(int(inside[row]))
    )


def _stamps(texts: list[str], rows: NDArray[np.int64], place: Place, complaints: Complaints) -> Times:
    found = [_STAMP.match(text) for text in texts]
    zones, years = set(), set()
    parts = np.full((len(texts), 3), -1, np.int64)
    for row, stamp in enumerate(found):
        if stamp is None or stamp.group(5) != "00":
            what = "the beginning of an hour, such as 2023-07-14 15:00"
            complaints.add(
                f"timestamp {quote(texts[row])} is not {what}", int(rows[row]), *place(row), kind="timestamp"
            )
            continue
        parts[row] = int(stamp.group(2)), int(stamp.group(3)), int(stamp.group(4)) + 1
        zones.add(stamp.group(6) or "")
        years.add(stamp.group(1))
    if len(zones) > 1:
        some = " and ".join(sorted(quote(zone) for zone in zones)[:2])
        complaints.add(f"offsets from UTC change ({some}); write local standard time all year", int(rows[0]))
    if len(years) > 1:
        some = " and ".join(sorted(years)[:2])
        complaints.add(f"the file holds several years ({some}); one calendar year is read", int(rows[0]))
    known = np.flatnonzero(parts[:, 0] >= 0)
    month, day, hour = parts[known].T
    return Times(month, day, hour, rows[known], lambda row: place(int(known[row])))


def _places(fields: list[list[str]], column: int) -> Place:
    def place(row: int) -> tuple[int, int]:
        parts = fields[row]
        return sum(len(part) + 1 for part in parts[:column]) + 1, max(1, len(parts[column]))

    return place


def _frozen(values: Array) -> Array:
    values = np.ascontiguousarray(values)
    values.setflags(write=False)
    return values

"""Rows of a weather file as arrays: numbers with their place, the calendar, what air can be.

The three formats differ in where the numbers stand; what is wrong with them is told here, the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.climate.text import Complaints
from twin.climate.year import HOURS, Array, moment
from twin.layout.mistakes import quote
from twin.model.calendar import MONTH_DAYS

Place = Callable[[int], tuple[int, int]]
"""Of the number in row i: column from 1 and length."""

Looks = tuple[tuple[float, float, str], ...]
"""Ranges of values in the unit of the file, and the other unit they point to."""

_DIGITS = frozenset("0123456789+-.eE \t\n")
DRIEST_TO_DRY = 0.5
"""A dew point this much above the dry bulb is rounding of two instruments and set to the dry bulb. [K]"""
MANY = 100
"""Hours out of range from which on the unit is suspected, not the single value."""
AIR = (-90.0, 60.0)
"""Dry bulbs ever measured on earth: -89.2 and 56.7 degC (WMO archive of extremes). [degC]"""
DEW = (-100.0, 40.0)
"""Dew points: 35 degC is the highest ever reported; the lower end is that of the saturation equations. [degC]"""
BAROMETER = (45_000.0, 110_000.0)
"""From 6,000 m above the sea to the Dead Sea in a high. [Pa]"""
HUMIDITY = (0.0, 110.0)
"""Relative humidity of files, which round and let instruments overshoot. [%]"""
WIND = (0.0, 115.0)
"""The strongest gust measured is 113 m/s (WMO). [m/s]"""


@dataclass(frozen=True)
class Column:
    """One quantity as the file writes it."""

    name: str
    """For messages: ``dry bulb``."""
    texts: Sequence[str]
    """As it stands in every row."""
    place: Place
    scale: float
    """To SI."""
    missing: tuple[float, ...]
    """Codes for "not known", in the unit of the file."""
    limits: tuple[float, float]
    """What air can be, in SI."""
    unit: str
    """Of the file."""
    looks: Looks = ()
    """Ranges, in the unit of the file, of what is written by mistake: from, to, unit."""


def numbers(
    column: Column, rows: NDArray[np.int64], complaints: Complaints, *, optional: bool = False
) -> Array | None:
    """Values of a column in SI; wrong ones are noted and become 0.

    Parameters
    ----------
    rows : line of every row
    optional : a missing or odd value makes the whole column None instead of a mistake
    """
    values = _floats(column, rows, complaints, optional)
    if values is None:
        return None
    gaps, told = np.isin(values, column.missing), np.isnan(values)
    low, high = (limit / column.scale for limit in column.limits)
    outside = ~gaps & ~told & ~((values >= low) & (values <= high))
    if optional:
        return None if gaps.any() or outside.any() else values * column.scale
    if outside.sum() >= MANY and (seen := _other_unit(column, values[~gaps & ~told])):
        first = int(np.argmax(outside))
        message = (
            f"{column.name} in {column.unit} is expected, but the values (for one {column.texts[first].strip()}) "
            f"look like {seen}; convert the column"
        )
        complaints.add(message, int(rows[first]), *column.place(first))
    else:
        for row in map(int, np.flatnonzero(outside)):
            found = quote(column.texts[row].strip())
            message = f"{column.name} {found} is out of range; {low:g} to {high:g} {column.unit} can be"
            complaints.add(message, int(rows[row]), *column.place(row), kind=f"{column.name} out of range")
    for row in map(int, np.flatnonzero(gaps)):
        message = (
            f"{column.name} is missing ({quote(column.texts[row].strip())} is the code for it); fill the gap"
        )
        complaints.add(message, int(rows[row]), *column.place(row), kind=f"{column.name} missing")
    return np.where(gaps | told | outside, 0.0, values) * column.scale


def _floats(column: Column, rows: NDArray[np.int64], complaints: Complaints, optional: bool) -> Array | None:
    """Fast where all is well; cell by cell where it is not, with NaN for what was told."""
    if frozenset("\n".join(column.texts)) <= _DIGITS:
        try:
            values = np.array(list(map(float, column.texts)))
            if np.isfinite(values).all():
                return values
        except ValueError:
            pass
    if optional:
        return None
    values = np.full(len(column.texts), np.nan)
    for row, text in enumerate(column.texts):
        try:
            value = float(text) if frozenset(text) <= _DIGITS else np.nan
        except ValueError:
            value = np.nan
        if np.isfinite(value):
            values[row] = value
            continue
        found = quote(text.strip()) if text.strip() else "nothing"
        message = f"{column.name} is {found}, which is no number; a number in {column.unit} is expected"
        complaints.add(message, int(rows[row]), *column.place(row), kind=f"{column.name} no number")
    return values


def _other_unit(column: Column, values: Array) -> str:
    """The unit a whole column seems to be in, if not its own."""
    if not len(values):
        return ""
    low, high = np.percentile(values, (2, 98))
    return next((unit for first, last, unit in column.looks if first <= low and high <= last), "")


FAHRENHEIT_OR_KELVIN = ((180.0, 335.0, "kelvin"), (-60.0, 135.0, "degrees Fahrenheit"))


def moist(
    dry: Array, dew: Array, rows: NDArray[np.int64], dew_column: Column, complaints: Complaints
) -> tuple[Array, int]:
    """The dew point, nowhere above the dry bulb; the number of hours that were above by rounding."""
    above = dew - dry
    for row in map(int, np.flatnonzero(above > DRIEST_TO_DRY)):
        message = (
            f"dew point {dew[row]:g} degC is above the dry bulb {dry[row]:g} degC of the same hour, "
            "which no air can be"
        )
        complaints.add(message, int(rows[row]), *dew_column.place(row), kind="dew point above dry bulb")
    return np.minimum(dew, dry), int(np.count_nonzero((above > 0) & (above <= DRIEST_TO_DRY)))


@dataclass(frozen=True)
class Times:
    """Month, day and hour (1 .. 24, the hour that ends) of every row, and where the date stands."""

    month: NDArray[np.int64]
    day: NDArray[np.int64]
    hour: NDArray[np.int64]
    rows: NDArray[np.int64]
    place: Place


_FIRST_DAY = np.concatenate([[0], np.cumsum(MONTH_DAYS)])


def select_hours(times: Times, complaints: Complaints) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Rows that are the 8,760 hours of the year in order, and remarks.

    A complete 29 February (24 hours) is dropped with a remark, because years are compared and added hour by hour;
    an incomplete one is a mistake.  So are dates that do not exist, hours that are missing, there twice or out of
    order, and several records an hour.
    """
    length = np.array([0, *MONTH_DAYS, 0])
    month = np.clip(times.month, 0, 13)
    leap = (times.month == 2) & (times.day == 29) & (times.hour >= 1) & (times.hour <= 24)
    real = (times.day >= 1) & (times.day <= length[month]) & (times.hour >= 1) & (times.hour <= 24)
    dated = (times.month >= 0) & (times.day >= 0) & (times.hour >= 0)  # others were told when they were read
    for row in map(int, np.flatnonzero(~real & ~leap & dated)):
        message = (
            f"there is no hour {times.hour[row]} of day {times.day[row]} in month {times.month[row]}; "
            "hours go from 1 to 24"
        )
        complaints.add(message, int(times.rows[row]), *times.place(row), kind="no such hour")
    remarks = _leap_day(times, leap, complaints)
    kept = np.flatnonzero(real)
    index = (_FIRST_DAY[month[kept] - 1] + times.day[kept] - 1) * 24 + times.hour[kept] - 1
    count = np.bincount(index, minlength=HOURS)
    several = count[count > 0]
    if len(several) and several.min() > 1 and len(kept) > HOURS / 2:
        complaints.add(
            f"{several.min()} records an hour; a year of 8,760 hours is read: keep one record an hour or average",
            int(times.rows[kept[0]]),
        )
        return kept[:0], remarks
    _repeated(times, kept, index, complaints)
    _missing(times, kept, index, complaints)
    return kept, remarks


def _leap_day(times: Times, leap: NDArray[np.bool_], complaints: Complaints) -> tuple[str, ...]:
    hours = np.unique(times.hour[leap])
    if not len(hours):
        return ()
    if len(hours) == 24:
        return ("29 February dropped: a year has 8,760 hours",)
    row = int(np.argmax(leap))
    complaints.add(
        f"29 February has {len(hours)} of 24 hours; remove the day (a year of 8,760 hours is read) or complete it",
        int(times.rows[row]),
        *times.place(row),
    )
    return ()


def _repeated(
    times: Times, kept: NDArray[np.int64], index: NDArray[np.int64], complaints: Complaints
) -> None:
    """Hours that stand twice, or after a later one."""
    first = np.full(HOURS, -1)
    latest = np.maximum.accumulate(np.concatenate([[-1], index]))[:-1] if len(index) else index
    first[index[::-1]] = kept[::-1]
    for row, hour, before in zip(*(a[(index <= latest)] for a in (kept, index, latest)), strict=True):
        line = int(times.rows[row])
        if first[hour] != row:
            message = (
                f"{moment(int(hour))} is there again; it stands in line {times.rows[first[hour]]} already"
            )
            complaints.add(message, line, *times.place(row), kind="hour there twice")
        else:
            message = f"{moment(int(hour))} stands after {moment(int(before))}; hours must be in order"
            complaints.add(message, line, *times.place(row), kind="hour out of order")


def _missing(times: Times, kept: NDArray[np.int64], index: NDArray[np.int64], complaints: Complaints) -> None:
    """Hours that no row has, as ranges, told at the row before them."""
    gaps = np.setdiff1d(np.arange(HOURS), index)
    if not len(gaps):
        return
    starts = np.concatenate([[0], np.flatnonzero(np.diff(gaps) > 1) + 1])
    stops = np.concatenate([starts[1:], [len(gaps)]])
    order = np.argsort(index, kind="stable")
    before = np.searchsorted(index[order], gaps[starts]) - 1
    for start, stop, at in zip(starts, stops, before, strict=True):
        first, last = int(gaps[start]), int(gaps[stop - 1])
        several = f" to {moment(last)} ({last - first + 1:,} hours) are" if last > first else " is"
        message = f"{moment(first)}{several} missing; the file has {HOURS - len(gaps):,} of 8,760 hours"
        line = int(times.rows[kept[order[max(at, 0)]]]) if len(kept) else len(complaints.lines)
        complaints.add(message, line, kind="hours missing")

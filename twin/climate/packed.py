"""The format of the shipped years: text in gzip, dry bulb and dew point to 0.1 K, pressure as in the source.

::

    twin climate 1
    station: Chicago Ohare Intl Ap, IL, USA
    source: NREL TMY3 725300 ...
    place: 41.98 -87.92 -6.0 201.0        latitude, longitude, time zone, elevation
    synthetic: no
    pressure_step: 100                    [Pa]
    dry_bulb: -122 0 5 ...                tenths of a degree, the first and then the changes from hour to hour
    dew_point: ...
    pressure: ...

Changes from hour to hour are small numbers, which gzip packs two times tighter than the values.  The same year
always gives the same text; the bytes of gzip may differ between versions of zlib.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.climate.text import refuse
from twin.climate.year import HOURS, Array, WeatherYear

FIRST_LINE = "twin climate 1"
TENTH = 10.0
_KEYS = ("station", "source", "place", "synthetic", "pressure_step", "dry_bulb", "dew_point", "pressure")


def is_packed(lines: Sequence[str]) -> bool:
    """Whether a file is one of ours."""
    return lines[0] == FIRST_LINE


def packed_text(year: WeatherYear, pressure_step: int = 100) -> str:
    """The text of a year.

    Parameters
    ----------
    pressure_step : what pressures are rounded to. [Pa]
    """
    place = (year.latitude, year.longitude, year.time_zone, year.elevation)
    lines = [
        FIRST_LINE,
        f"station: {year.station}",
        f"source: {year.source}",
        "place: " + " ".join(map(repr, map(float, place))),
        f"synthetic: {'yes' if year.synthetic else 'no'}",
        f"pressure_step: {pressure_step}",
        "dry_bulb: " + _changes(year.dry_bulb * TENTH),
        "dew_point: " + _changes(year.dew_point * TENTH),
        "pressure: " + _changes(year.pressure / pressure_step),
    ]
    return "\n".join(_wrapped(lines)) + "\n"


def write_packed(year: WeatherYear, path: str | Path, pressure_step: int = 100) -> None:
    """Write :func:`packed_text` in gzip, without a date, so that the same year gives the same file."""
    text = packed_text(year, pressure_step).encode("utf-8")
    Path(path).write_bytes(gzip.compress(text, 9, mtime=0))


def read_packed(path: str | Path, lines: list[str]) -> WeatherYear:
    """A year from the lines of a packed file.

    Raises
    ------
    twin.layout.mistakes.LayoutError
        If the file was changed by hand in a way that is no year any more.
    """
    entries: dict[str, list[str]] = {}
    key = ""
    for line in lines[1:]:
        head, colon, rest = line.partition(": ")
        if colon and head in _KEYS:
            key, line = head, rest
        entries.setdefault(key, []).append(line)
    if missing := [key for key in _KEYS if key not in entries]:
        refuse(path, f"a packed climate year without {', '.join(missing)}", 1)
    try:
        place = tuple(map(float, entries["place"][0].split()))
        step = int(entries["pressure_step"][0])
        dry, dew, pressure = (_values(entries[key]) for key in ("dry_bulb", "dew_point", "pressure"))
        latitude, longitude, zone, elevation = place
        air = (dry / TENTH, dew / TENTH, pressure * float(step))
        _sound(air)
    except (ValueError, OverflowError) as error:
        refuse(path, f"a damaged packed climate year: {error}", 1)
    return WeatherYear.of(
        " ".join(entries["station"]),
        " ".join(entries["source"]),
        (latitude, longitude, zone, elevation),
        air,
        synthetic=entries["synthetic"][0] == "yes",
    )


def _changes(values: Array) -> str:
    whole = np.rint(values).astype(np.int64)
    return " ".join(map(str, np.diff(whole, prepend=0).tolist()))


def _wrapped(lines: list[str], width: int = 4000) -> list[str]:
    """Long lines in pieces, cut at spaces."""
    pieces = []
    for line in lines:
        while len(line) > width:
            cut = line.rindex(" ", 0, width)
            pieces.append(line[:cut])
            line = line[cut + 1 :]
        pieces.append(line)
    return pieces


def _values(lines: list[str]) -> NDArray[np.float64]:
    changes = np.array([int(text) for line in lines for text in line.split()], np.int64)
    if len(changes) != HOURS:
        raise ValueError(f"{len(changes)} hours, not {HOURS}")
    return np.cumsum(changes).astype(float)


def _sound(air: tuple[Array, Array, Array]) -> None:
    """Refuse what no air can be, so that the year is finite."""
    for values, low, high in zip(air, (-100.0, -100.0, 4e4), (65.0, 65.0, 1.2e5), strict=True):
        if not ((values >= low) & (values <= high)).all():
            raise ValueError(f"a value outside {low:g} to {high:g}")

"""Weather files by what is in them: EPW, TMY3, TMY2, or packed ones of our own."""

from __future__ import annotations

from pathlib import Path

from twin.climate.epw import is_epw, read_epw
from twin.climate.packed import is_packed, read_packed
from twin.climate.text import read_lines, refuse
from twin.climate.tmy2 import is_tmy2, read_tmy2
from twin.climate.tmy3 import is_tmy3, read_tmy3
from twin.climate.year import WeatherYear

READERS = ((is_epw, read_epw), (is_tmy3, read_tmy3), (is_tmy2, read_tmy2), (is_packed, read_packed))


def read_weather(path: str | Path) -> WeatherYear:
    """Read a year of hours from an EPW, TMY3 (CSV) or TMY2 file, plain or in gzip.

    The format is told by the content.  A file is untrusted: only regular files of at most 8 MiB (also unpacked) are
    read, and nothing but numbers in known columns is used.

    What is refused, with line and column: hours that are missing, there twice or out of order, several records an
    hour, an incomplete 29 February (a complete one is dropped with a remark), missing-value codes, numbers that are
    none, values outdoor air cannot have, columns that look like another unit, and a dew point above the dry bulb.

    Raises
    ------
    twin.layout.mistakes.LayoutError
        All mistakes of the file.
    """
    lines = read_lines(path)
    for fits, read in READERS:
        if fits(lines):
            return read(path, lines)
    refuse(
        path,
        "not a weather file that can be read; an EPW file begins with LOCATION, a TMY3 file has column names "
        '("Date (MM/DD/YYYY)" ...) in line 2, a TMY2 file begins with a station number',
        1,
    )

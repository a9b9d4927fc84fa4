"""The hours of a year as a file that other programs read: CSV, or Parquet where pyarrow is installed.

A typical year is of no calendar year, so an hour is told by month, day and hour (at which it begins, local standard time)
in three columns of whole numbers instead of a date.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.results.year import DAY, HALL_SERIES, HOUR_OF_DAY, MONTH, SERIES, Year

Column = NDArray[np.float64] | NDArray[np.int64]

NAME = "hours.csv"
"""In a run folder."""
UNITS = {
    "power": "W", "temperature": "degC", "temperature_difference": "K", "pressure": "Pa", "mass_flow": "kg/s",
    "fraction": "-", "ratio": "-", "flag": "-", "token_rate": "1/s", "carbon_intensity": "kg/J", "energy_price": "USD/J",
}  # fmt: skip
"""Unit of each dimension in files."""
WHOLE = ("solved", "mode", "throttled", "unserved")
"""Series that are counts or codes."""
HALL = "hall"
"""What the single hall of a layout is called, whose id is empty: as in findings and tables."""
FINEST = 1e-9
"""What is smaller is rounding of the solve and written as 0: above set points. [K]"""


class NoParquet(RuntimeError):
    """pyarrow is not installed."""


def columns(year: Year) -> Iterator[tuple[str, Column]]:
    """Headings with units, and values: month, day and hour, then the site, every loop and every hall."""
    yield "month", MONTH
    yield "day", DAY
    yield "hour", HOUR_OF_DAY
    for name, about in SERIES.items():
        values = year[name]
        if name in WHOLE:
            yield f"{name} [-]", np.round(values).astype(np.int64)
            continue
        if name == "excess":
            values = np.where(np.abs(values) < FINEST, 0.0, values)
        yield f"{name} [{UNITS[about.dimension]}]", values
    for column, loop in enumerate(year.loops):
        yield f"{loop}.supply [degC]", year.supply[:, column]
        yield f"{loop}.setpoint [degC]", year.setpoint[:, column]
    for column, hall in enumerate(year.halls):
        for name, about in HALL_SERIES.items():
            yield f"{hall or HALL}.{name} [{UNITS[about.dimension]}]", year.hall[name][:, column]


def write_csv(year: Year, path: Path) -> None:
    """One row an hour; seven digits."""
    names, values = zip(*columns(year), strict=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(_quoted(name) for name in names) + "\n")
        np.savetxt(file, np.column_stack(values), fmt="%.7g", delimiter=",", newline="\n")


def _quoted(name: str) -> str:
    """A heading of RFC 4180; ids of loops hold no comma, but a layout is not to be trusted."""
    plain = not set(name) & set(',"\r\n')
    return name if plain else '"' + name.replace('"', '""') + '"'


def write_parquet(year: Year, path: Path) -> None:
    """The same columns with full precision.

    Raises
    ------
    NoParquet
        If pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise NoParquet("Parquet needs pyarrow: pip install 'aifactory-twin[parquet]'") from error
    table = pyarrow.table(dict(columns(year)))
    told = {"station": year.station, "source": year.source, "synthetic": str(year.synthetic).lower()}
    pyarrow.parquet.write_table(table.replace_schema_metadata(told), path)

"""The hours of a year as a file that other programs read: CSV, or Parquet where pyarrow is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.results.year import HOURS, SERIES, Year

Array = NDArray[np.float64]

NAME = "hours.csv"
"""In a run folder."""
DAYS = np.repeat(np.arange(1, 13), [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
UNITS = {
    "power": "W", "temperature": "degC", "temperature_difference": "K", "pressure": "Pa", "mass_flow": "kg/s",
    "fraction": "-", "ratio": "-", "flag": "-", "token_rate": "1/s", "carbon_intensity": "kg/J", "energy_price": "USD/J",
}  # fmt: skip
"""Unit of each dimension in files."""


class NoParquet(RuntimeError):
    """pyarrow is not installed."""


def columns(year: Year) -> Iterator[tuple[str, Array]]:
    """Headings with units, and values: month, day and hour, then the site, then every loop."""
    month = np.repeat(DAYS, 24).astype(float)
    first = np.concatenate([np.arange(1, count + 1) for count in np.unique(DAYS, return_counts=True)[1]])
    yield "month", month
    yield "day", np.repeat(first, 24).astype(float)
    yield "hour", np.tile(np.arange(24), HOURS // 24).astype(float)
    for name, about in SERIES.items():
        yield f"{name} [{UNITS[about.dimension]}]", year[name]
    for column, loop in enumerate(year.loops):
        yield f"{loop}.supply [degC]", year.supply[:, column]
        yield f"{loop}.setpoint [degC]", year.setpoint[:, column]


def write_csv(year: Year, path: Path) -> None:
    """One row an hour; seven digits."""
    names, values = zip(*columns(year), strict=True)
    rows = np.column_stack(values)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(names) + "\n")
        np.savetxt(file, rows, fmt="%.7g", delimiter=",", newline="\n")


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
    pyarrow.parquet.write_table(pyarrow.table(dict(columns(year))), path)

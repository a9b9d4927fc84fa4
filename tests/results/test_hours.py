"""The file of hours: it opens in other programs, its headings have units, and its numbers are those of the year."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from tests.view.view_samples import hall as facility
from tests.year_samples import made_year
from twin.results.hours import columns, write_csv, write_parquet
from twin.results.year import ANNUAL, DAY, HALL_SERIES, HOUR_OF_DAY, HOURS, MONTH, SERIES, annual, when


@pytest.fixture(scope="module")
def year():
    inlet = 24.0 + np.arange(HOURS) / 7.0e4
    return made_year(facility(), loops=("fws", 'odd,"loop"'), inlet=inlet)


@pytest.fixture(scope="module")
def rows(year, tmp_path_factory):
    path = tmp_path_factory.mktemp("hours") / "hours.csv"
    write_csv(year, path)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_it_has_a_row_an_hour_and_every_heading_has_a_unit(rows):
    heads, *values = rows
    assert len(values) == HOURS and {len(row) for row in rows} == {len(heads)}
    assert heads[:3] == ["month", "day", "hour"]
    assert all(head.endswith("]") and " [" in head for head in heads[3:])
    assert len(heads) == 3 + len(SERIES) + 4
    assert 'odd,"loop".supply [degC]' in heads


def test_time_is_whole_numbers_from_midnight_of_the_first_of_january(rows):
    assert rows[1][:3] == ["1", "1", "0"] and rows[-1][:3] == ["12", "31", "23"]
    assert rows[1 + 24 * 59][:3] == ["3", "1", "0"]  # no leap day
    assert when(24 * 59 + 5) == "03-01 05h"


def test_numbers_are_those_of_the_year_to_seven_digits(rows, year):
    heads, *values = rows
    table = np.array(values, float)
    for name, expected in columns(year):
        np.testing.assert_allclose(table[:, heads.index(name)], expected, rtol=5e-7)


def test_every_hall_has_its_columns_with_units(year):
    halls = {name: np.full((HOURS, 1), 0.25) for name in HALL_SERIES}
    told = dict(columns(replace(year, halls=("h1",), hall=halls)))
    heads = [name for name in told if name.startswith("h1.")]
    assert heads == ["h1.throttled [-]", "h1.inlet [degC]", "h1.coolant [degC]", "h1.lid [degC]"]


def test_the_single_hall_of_a_layout_has_a_name(year):
    halls = {name: np.full((HOURS, 1), 0.25) for name in HALL_SERIES}
    heads = list(dict(columns(replace(year, halls=("",), hall=halls))))
    assert "hall.inlet [degC]" in heads and not [head for head in heads if head.startswith(".")]


def test_pandas_reads_it_without_help(year, tmp_path):
    pandas = pytest.importorskip("pandas")
    write_csv(year, tmp_path / "hours.csv")
    frame = pandas.read_csv(tmp_path / "hours.csv")
    assert len(frame) == HOURS and not frame.isna().any().any()
    assert set(frame.dtypes[["month", "day", "hour", "solved [-]", "mode [-]"]]) == {np.dtype("int64")}
    dates = pandas.to_datetime(frame[["month", "day", "hour"]].assign(year=2025))
    assert dates.is_monotonic_increasing and dates.is_unique


def test_parquet_holds_the_same_columns_in_full(year, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    write_parquet(year, tmp_path / "hours.parquet")
    table = parquet.read_table(tmp_path / "hours.parquet")
    for name, expected in columns(year):
        np.testing.assert_array_equal(table[name].to_numpy(), expected)
    assert table.schema.metadata[b"station"] == b"Nowhere"


def test_the_calendar_is_that_of_the_weather():
    from twin.climate import year as climate

    for ours, theirs in ((MONTH, climate.MONTH), (DAY, climate.DAY), (HOUR_OF_DAY, climate.HOUR)):
        np.testing.assert_array_equal(ours, theirs)


def test_every_figure_of_a_year_has_a_name_and_every_name_a_figure(year):
    assert set(annual(year.facts)) == set(ANNUAL)
    assert set(annual({"hours_solved": 0})) == {"unsolved_hours"}

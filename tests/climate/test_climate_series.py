"""Hourly carbon and price: units from the header, all mistakes at once."""

import numpy as np
import pytest

from twin.climate import moment, read_series
from twin.climate.year import DAY, HOUR, MONTH
from twin.layout.mistakes import LayoutError

VALUES = np.random.default_rng(3).uniform(50, 600, 8760).round(1)
PRICES = np.random.default_rng(4).uniform(-20, 300, 8760).round(2)


def stamps(year=2023, end=""):
    return [f"{year}-{m:02d}-{d:02d} {h:02d}:00{end}" for m, d, h in zip(MONTH, DAY, HOUR, strict=True)]


def lines_of(first="hour", labels=None, head="carbon [g/kWh],price [USD/MWh]"):
    labels = range(8760) if labels is None else labels
    return [f"{first},{head}"] + [
        f"{label},{c},{p}" for label, c, p in zip(labels, VALUES, PRICES, strict=True)
    ]


def read(folder, lines):
    path = folder / "grid.csv"
    path.write_text("\n".join(lines))
    return read_series(path)


def mistakes(folder, lines):
    with pytest.raises(LayoutError) as caught:
        read(folder, lines)
    return caught.value.mistakes


@pytest.mark.parametrize(
    ("first", "labels"),
    [("hour", range(8760)), ("hour", range(1, 8761)), ("timestamp", stamps()), ("timestamp", stamps(end=":00Z")),
     ("timestamp", [s.replace(" ", "T") + "+01:00" for s in stamps()])],
)  # fmt: skip
def test_hours_and_timestamps_give_the_values_in_si(tmp_path, first, labels):
    series = read(tmp_path, lines_of(first, labels))
    np.testing.assert_allclose(series.carbon * 3.6e9, VALUES, rtol=1e-12)
    np.testing.assert_allclose(series.price * 3.6e9, PRICES, rtol=1e-12)


def test_other_units_and_a_single_column(tmp_path):
    head = ["timestamp,carbon [lb/MWh]", *(f"{s},{v}" for s, v in zip(stamps(), VALUES, strict=True))]
    series = read(tmp_path, head)
    np.testing.assert_allclose(series.carbon, VALUES * 0.45359237 / 3.6e9, rtol=1e-12)
    assert series.price is None


def test_the_leap_day_of_a_real_year_is_dropped_and_said(tmp_path):
    leap = [f"2024-02-29 {h:02d}:00,{v},1.0" for h, v in enumerate(VALUES[:24])]
    lines = lines_of("timestamp", stamps(2024))
    at = 1 + 24 * 59
    series = read(tmp_path, lines[:at] + leap + lines[at:])
    np.testing.assert_allclose(series.carbon * 3.6e9, VALUES, rtol=1e-12)
    assert "29 February dropped" in series.remarks[0]


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("hour,carbon,price [USD/MWh]", "carbon needs its unit in the header"),
        ("hour,carbon [g],price [USD/MWh]", "carbon intensity"),
        ("hour,carbn [g/kWh],price [USD/MWh]", 'did you mean "carbon"'),
        ("hour,carbon [g/kWh],carbon [g/kWh]", "two columns of carbon"),
        ("date,carbon [g/kWh],price [USD/MWh]", '"hour" or "timestamp"'),
        ("hour;carbon [g/kWh];price [USD/MWh]", "separate columns with commas"),
    ],
)
def test_wrong_headers_are_told(tmp_path, head, words):
    assert words in mistakes(tmp_path, [head, *lines_of()[1:]])[0].message


def test_missing_repeated_and_late_hours_are_told(tmp_path):
    lines = lines_of("timestamp", stamps())
    del lines[100]
    assert f"{moment(99)} is missing" in mistakes(tmp_path, lines)[0].message
    lines = lines_of()
    lines[51] = lines[50]
    found = " ".join(m.message for m in mistakes(tmp_path, lines))
    assert "is there again" in found and "is missing" in found


def test_wrong_values_come_all_at_once_with_their_column(tmp_path):
    lines = lines_of()
    lines[10] = "9,nan,5"
    lines[20] = "19,300,"
    lines[30] = "29,99999,5"
    lines[40] = "39,300"
    found = mistakes(tmp_path, lines)
    assert [m.line for m in found] == [11, 21, 31, 40, 41]
    assert found[2].column == 4 and "is out of range" in found[2].message


def test_timestamps_that_are_none_or_change_their_zone_or_year_are_told(tmp_path):
    labels = stamps()
    labels[5] = "2023-01-01 05:30"
    labels[6] = "1 January"
    assert [m.line for m in mistakes(tmp_path, lines_of("timestamp", labels))][:2] == [5 + 1, 5 + 2]
    labels = stamps(end="+01:00")
    labels[4000:6000] = [label.replace("+01", "+02") for label in labels[4000:6000]]
    assert "offsets from UTC change" in mistakes(tmp_path, lines_of("timestamp", labels))[0].message
    labels = stamps(2022)[:4000] + stamps(2023)[4000:]
    assert "several years" in mistakes(tmp_path, lines_of("timestamp", labels))[0].message


def test_hours_beyond_the_year_and_garbage_are_told(tmp_path):
    assert "hour 9000" in " ".join(m.message for m in mistakes(tmp_path, [*lines_of()[:-1], "9000,1,1"]))
    assert "names the columns" in mistakes(tmp_path, ["hello"])[0].message
    assert "binary" in mistakes(tmp_path, ["a\0b"])[0].message

"""What is wrong with a weather file is told with line and column, all mistakes at once, within bounds."""

import gzip
import os
import random
import time
import tracemalloc

import pytest

from tests.climate.weather_files import epw_lines, tmy2_lines, tmy3_lines
from twin.climate import climate_year, read_weather
from twin.climate.text import LARGEST
from twin.layout.mistakes import LayoutError

EPW = epw_lines(climate_year("chicago"))
TMY3 = tmy3_lines(climate_year("chicago"))
TMY2 = tmy2_lines(climate_year("chicago"))
FIRST = 8
"""Index of the first hour in an EPW file; hour k stands in line k + 9."""
DRY, DEW, PRESSURE = 6, 7, 9


def mistakes(folder, lines, name="a.epw"):
    path = folder / name
    path.write_bytes(lines if isinstance(lines, bytes) else "\n".join(lines).encode())
    with pytest.raises(LayoutError) as caught:
        read_weather(path)
    assert all(m.file == str(path) for m in caught.value.mistakes)
    return caught.value.mistakes


def spoiled(changes, lines=EPW):
    """Lines with fields changed: {(hour, field): text}."""
    lines = list(lines)
    for (hour, field), text in changes.items():
        fields = lines[FIRST + hour].split(",")
        fields[field] = text
        lines[FIRST + hour] = ",".join(fields)
    return lines


def changed(field, change):
    """Every hour with one field changed."""
    return spoiled({(k, field): change(EPW[FIRST + k].split(",")[field]) for k in range(8760)})


def test_missing_hours_are_told_as_ranges(tmp_path):
    lines = EPW[: FIRST + 100] + EPW[FIRST + 104 :]
    del lines[FIRST + 4000]
    first, second = mistakes(tmp_path, lines)
    assert (
        "5 January 04:00 to 5 January 07:00 (4 hours) are missing; the file has 8,755 of 8,760"
        in first.message
    )
    assert "16 June 20:00 is missing" in second.message
    assert (first.line, second.line) == (FIRST + 100, FIRST + 4000 - 4 + 4)


def test_half_a_year_is_one_mistake(tmp_path):
    (only,) = mistakes(tmp_path, EPW[: FIRST + 4344])
    assert "1 July 00:00 to 31 December 23:00 (4,416 hours) are missing" in only.message


def test_an_hour_that_is_there_twice_names_both_lines(tmp_path):
    (only,) = mistakes(tmp_path, [*EPW[: FIRST + 10], EPW[FIRST + 9], *EPW[FIRST + 10 :]])
    assert only.line == FIRST + 11
    assert "1 January 09:00 is there again; it stands in line 18 already" in only.message


def test_hours_out_of_order_are_told(tmp_path):
    lines = list(EPW)
    lines[FIRST + 5], lines[FIRST + 6] = lines[FIRST + 6], lines[FIRST + 5]
    (only,) = mistakes(tmp_path, lines)
    assert only.line == FIRST + 7
    assert "1 January 05:00 stands after 1 January 06:00" in only.message


def test_part_of_a_leap_day_is_a_mistake(tmp_path):
    at = FIRST + 24 * 59
    leap = [line.replace("1990,2,28,", "1992,2,29,") for line in EPW[at - 24 : at - 14]]
    (only,) = mistakes(tmp_path, EPW[:at] + leap + EPW[at:])
    assert "29 February has 10 of 24 hours; remove the day" in only.message


def test_a_day_that_does_not_exist_is_told(tmp_path):
    found = mistakes(tmp_path, spoiled({(0, 2): "32", (1, 3): "25", (2, 1): "13"}))
    assert [m.line for m in found if "there is no hour" in m.message] == [9, 10, 11]


def test_several_records_an_hour_are_told_in_head_and_rows(tmp_path):
    lines = [*EPW[:7], EPW[7].replace("PERIODS,1,1", "PERIODS,1,4"), *EPW[8:]]
    (only,) = mistakes(tmp_path, lines)
    assert (only.line, "records an hour" in only.message) == (8, True)
    doubled = EPW[:FIRST] + [line for line in EPW[FIRST:] for _ in range(2)]
    (only,) = mistakes(tmp_path, doubled)
    assert "2 records an hour" in only.message
    assert "minute" in mistakes(tmp_path, spoiled({(3, 4): "30"}))[0].message


@pytest.mark.parametrize(
    ("field", "change", "unit"),
    [
        (DRY, lambda t: f"{float(t) * 1.8 + 32:.1f}", "degrees Fahrenheit"),
        (DRY, lambda t: f"{float(t) + 273.15:.1f}", "kelvin"),
        (DEW, lambda t: f"{float(t) + 273.15:.1f}", "kelvin"),
        (PRESSURE, lambda t: f"{float(t) / 100:.0f}", "hPa"),
        (PRESSURE, lambda t: f"{float(t) / 1000:.2f}", "kPa"),
        (PRESSURE, lambda t: f"{float(t) / 3386.39:.2f}", "inches of mercury"),
    ],
)
def test_a_column_in_another_unit_is_one_mistake_that_names_the_unit(tmp_path, field, change, unit):
    (only,) = mistakes(tmp_path, changed(field, change))
    assert f"look like {unit}" in only.message
    assert only.line >= 9 and only.column > 18


def test_pascal_in_a_tmy3_file_is_recognised(tmp_path):
    lines = TMY3[:2] + [
        ",".join([*f[:5], f"{float(f[5]) * 100:.0f}", f[6]]) for f in (t.split(",") for t in TMY3[2:])
    ]
    (only,) = mistakes(tmp_path, lines)
    assert "pressure in mbar is expected" in only.message and "look like Pa;" in only.message


@pytest.mark.parametrize(("field", "code"), [(DRY, "99.9"), (DEW, "99.9"), (PRESSURE, "999999")])
def test_codes_for_missing_values_are_told_as_such(tmp_path, field, code):
    (only,) = mistakes(tmp_path, spoiled({(123, field): code}))
    assert only.line == FIRST + 124 and f'is missing ("{code}" is the code for it)' in only.message
    assert code in only.excerpt


def test_codes_of_tmy3_and_tmy2(tmp_path):
    fields = TMY3[50].split(",")
    fields[3] = "-9900"
    (only,) = mistakes(tmp_path, [*TMY3[:50], ",".join(fields), *TMY3[51:]])
    assert (only.line, "dry bulb is missing" in only.message) == (51, True)
    row = TMY2[50][:67] + "9999" + TMY2[50][71:]
    (only,) = mistakes(tmp_path, [*TMY2[:50], row, *TMY2[51:]])
    assert (only.line, only.column, "dry bulb is missing" in only.message) == (51, 68, True)


def test_many_mistakes_come_at_once_and_in_order(tmp_path):
    changes = {(5, DRY): "abc", (9, DEW): "", (20, PRESSURE): "1e3", (40, DRY): "75.0", (60, DRY): "nan"}
    found = mistakes(tmp_path, spoiled(changes))
    assert [m.line for m in found] == [14, 18, 29, 49, 69]
    assert (
        "no number" in found[0].message
        and "nothing" in found[1].message
        and "is out of range" in found[3].message
    )


@pytest.mark.parametrize("text", ["1_0", "inf", "1e999", "٣", "0x10", "--1", "1e"])
def test_what_python_takes_for_a_number_but_a_file_must_not_hold_is_refused(tmp_path, text):
    assert mistakes(tmp_path, spoiled({(7, DRY): text}))[0].line == FIRST + 8


def test_thousands_of_mistakes_are_counted(tmp_path):
    found = mistakes(tmp_path, changed(DRY, lambda t: "x"))
    assert len(found) < 30
    assert any("8,740 more" in m.message for m in found)


def test_a_dew_point_above_the_dry_bulb_is_told(tmp_path):
    (only,) = mistakes(tmp_path, spoiled({(30, DRY): "5.0", (30, DEW): "7.5"}))
    assert "dew point 7.5 degC is above the dry bulb 5 degC" in only.message


def test_a_wrong_place_is_told(tmp_path):
    lines = [EPW[0].replace("41.98", "north").replace(",201.0", ",9999"), *EPW[1:]]
    found = mistakes(tmp_path, lines)
    assert ["latitude" in found[0].message, "elevation" in found[1].message] == [True, True]


def test_an_elevation_that_contradicts_the_pressures_is_told_in_the_first_line_with_what_is_expected(
    tmp_path,
):
    (high,) = mistakes(tmp_path, [EPW[0].replace(",201.0", ",3000"), *EPW[1:]])
    assert (high.line, high.column) == (1, EPW[0].rindex(",") + 2)
    assert "3000 m does not fit the pressures" in high.message and "about 180 m is expected" in high.message
    (feet,) = mistakes(tmp_path, [EPW[0].replace(",201.0", ",660"), *EPW[1:]])
    assert "this looks like feet, write 201" in feet.message
    (old,) = mistakes(tmp_path, [TMY2[0].replace("  201", " 3000"), *TMY2[1:]])
    assert (old.line, old.column) == (1, 56)
    (csv,) = mistakes(tmp_path, [TMY3[0].replace(",201", ",3000"), *TMY3[1:]])
    assert (csv.line, csv.column) == (1, TMY3[0].rindex(",") + 2)


def test_an_elevation_some_way_off_is_a_remark(tmp_path):
    (tmp_path / "a.epw").write_text("\n".join([EPW[0].replace(",201.0", ",500"), *EPW[1:]]))
    assert any(
        "elevation 500 m does not fit" in remark for remark in read_weather(tmp_path / "a.epw").remarks
    )


def test_a_humidity_that_contradicts_the_dew_point_is_one_mistake(tmp_path):
    (only,) = mistakes(tmp_path, changed(8, lambda t: "5"))
    assert only.line == 9 and 'relative humidity "5" % contradicts the dew point' in only.message
    assert "write 999 for humidities that are not known" in only.message


@pytest.mark.parametrize(
    "change", [lambda t: "999", lambda t: "", lambda t: "x", lambda t: f"{min(float(t) + 9.0, 100.0):.0f}"]
)
def test_humidities_that_are_not_known_or_a_little_off_do_no_harm(tmp_path, change):
    (tmp_path / "a.epw").write_text("\n".join(changed(8, change)))
    assert read_weather(tmp_path / "a.epw").remarks == ()


def test_a_hundred_megabytes_of_zeros_are_refused_within_bounds(tmp_path):
    path = tmp_path / "a.epw"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)
    tracemalloc.start()
    with pytest.raises(LayoutError, match="more than"):
        read_weather(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * LARGEST


def test_a_file_cut_off_says_so(tmp_path):
    found = mistakes(tmp_path, [*EPW[:-1], EPW[-1][:20]])
    assert any("cut off here" in m.message for m in found)


@pytest.mark.parametrize("spoil", [lambda t: t[:3] + t[4:], lambda t: t[:5], lambda t: ["LOCATION,,,,,,,,,"]])
def test_wrong_heads_are_told(tmp_path, spoil):
    assert "head line" in mistakes(tmp_path, spoil(EPW))[0].message


def test_wrong_columns_of_tmy3_are_told_with_what_is_expected(tmp_path):
    lines = [
        TMY3[0],
        TMY3[1].replace("Dry-bulb (C)", "Dry-bulb (F)").replace("Wspd (m/s)", "Speed"),
        *TMY3[2:],
    ]
    first, second = mistakes(tmp_path, lines)
    assert {"Dry-bulb (F)" in m.message or "Wspd" in m.message for m in (first, second)} == {True}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "empty"),
        (b"PK\x03\x04" + bytes(100), "zip archive"),
        ("LOCATION".encode("utf-16"), "UTF-16"),
        (b"LOCATION\0\1\2", "binary"),
        (bytes(range(256)), "binary"),
        (b"hello, world", "not a weather file"),
        (b"x" * 20_000, "a line of 20,000 characters"),
        (b"\x1f\x8b\x08\x00garbage", "gzip"),
        (gzip.compress("\n".join(EPW).encode(), mtime=0)[:5000], "truncated gzip"),
        (gzip.compress(b"a", mtime=0) + gzip.compress(b"b", mtime=0), "more than one member"),
    ],
)
def test_what_is_no_weather_file_is_refused_by_what_it_is(tmp_path, content, words):
    assert words in mistakes(tmp_path, content)[0].message


def test_a_gzip_bomb_is_refused_in_little_time(tmp_path):
    bomb = gzip.compress(bytes(200 * 2**20))
    start = time.process_time()
    assert "unpacks to more than" in mistakes(tmp_path, bomb)[0].message
    assert time.process_time() - start < 1.0


def test_large_files_folders_pipes_and_absent_files_are_refused(tmp_path):
    assert "more than" in mistakes(tmp_path, b"1," * (LARGEST // 2 + 1))[0].message
    for path, words in [
        (tmp_path, "folder"),
        (tmp_path / "no.epw", "cannot be read"),
        ("a\0b", "cannot be read"),
    ]:
        with pytest.raises(LayoutError, match=words):
            read_weather(path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(LayoutError, match="not a regular file"):
        read_weather(pipe)


def test_too_many_rows_are_refused(tmp_path):
    assert (
        "rows; a year of hours has 8,760" in mistakes(tmp_path, EPW[:FIRST] + ["1,1,1"] * 60_000)[0].message
    )


@pytest.mark.parametrize("name", ["epw", "tmy3", "tmy2"])
def test_spoiled_files_end_in_mistakes_or_in_a_year_never_otherwise(tmp_path, name):
    """Random bytes changed, lines lost, repeated and swapped."""
    source = "\n".join({"epw": EPW, "tmy3": TMY3, "tmy2": TMY2}[name]).encode()
    dice = random.Random(name)
    path = tmp_path / "a"
    for _ in range(12):
        content = bytearray(source)
        for _ in range(dice.choice([1, 5, 50])):
            at = dice.randrange(len(content))
            action = dice.randrange(3)
            if action == 0:
                content[at] = dice.randrange(256)
            elif action == 1:
                del content[at : at + dice.randrange(1, 200)]
            else:
                content[at:at] = content[at : at + dice.randrange(1, 200)]
        path.write_bytes(content)
        count, sound = outcome(path)
        assert count <= 400 and sound


def outcome(path):
    """Number of mistakes, and whether a year that was read is air."""
    try:
        year = read_weather(path)
    except LayoutError as error:
        return len(error.mistakes), bool(error.mistakes)
    return 0, bool((year.wet_bulb <= year.dry_bulb).all())

"""Weather files in three formats become the same year; the hours of NREL give the numbers that are known of them."""

import gzip
import time

import numpy as np
import pytest

from solvers import psychrometrics
from tests.climate.weather_files import epw_lines, original, tmy2_lines, tmy3_lines
from twin.climate import climate_year, exceeded, read_weather

CHICAGO = climate_year("chicago")
FORMATS = {"a.epw": epw_lines, "a.csv": tmy3_lines, "a.tm2": tmy2_lines}


def written(folder, name, lines, end="\n", **encoding):
    path = folder / name
    path.write_text(end.join(lines) + end, newline="", **(encoding or {"encoding": "utf-8"}))
    return path


def assert_same_hours(year, other):
    np.testing.assert_allclose(year.dry_bulb, other.dry_bulb, atol=1e-9)
    np.testing.assert_allclose(year.dew_point, other.dew_point, atol=1e-9)
    np.testing.assert_allclose(year.pressure, other.pressure, atol=1e-6)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_hours_that_were_written(tmp_path, name):
    year = read_weather(written(tmp_path, name, FORMATS[name](CHICAGO)))
    assert_same_hours(year, CHICAGO)
    assert year.elevation == 201.0 and year.time_zone == -6.0
    assert year.latitude == pytest.approx(41.98, abs=0.01) and year.longitude == pytest.approx(
        -87.92, abs=0.01
    )
    np.testing.assert_allclose(year.wind_speed, 3.1)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_endings_do_not_matter(tmp_path, end):
    assert_same_hours(read_weather(written(tmp_path, "a.epw", epw_lines(CHICAGO), end)), CHICAGO)


def test_a_byte_order_mark_old_encodings_and_gzip_do_not_matter(tmp_path):
    lines = epw_lines(CHICAGO)
    lines[0] = lines[0].replace(CHICAGO.station.split(",")[0], "São Paulo")
    for encoding in ("utf-8-sig", "latin-1"):
        year = read_weather(written(tmp_path, "a.epw", lines, encoding=encoding))
        assert year.station.startswith("São Paulo")
    packed = tmp_path / "a.epw.gz"
    packed.write_bytes(gzip.compress("\n".join(lines).encode()))
    assert_same_hours(read_weather(packed), CHICAGO)


def test_a_complete_leap_day_is_dropped_and_said(tmp_path):
    lines = epw_lines(CHICAGO)
    at = 8 + 24 * 59
    leap = [line.replace("1990,2,28,", "1992,2,29,") for line in lines[at - 24 : at]]
    year = read_weather(written(tmp_path, "a.epw", lines[:at] + leap + lines[at:]))
    assert_same_hours(year, CHICAGO)
    assert "29 February dropped" in year.remarks[0]


def test_gaps_in_the_wind_leave_the_wind_out_and_are_said(tmp_path):
    lines = epw_lines(CHICAGO)
    lines[100] = lines[100].replace(",3.1,", ",999,")
    year = read_weather(written(tmp_path, "a.epw", lines))
    assert year.wind_speed is None
    assert any("wind speed" in remark for remark in year.remarks)


def test_dew_points_above_the_dry_bulb_by_rounding_become_the_dry_bulb(tmp_path):
    lines = epw_lines(CHICAGO)
    fields = lines[8].split(",")
    fields[7] = f"{float(fields[6]) + 0.3:.1f}"
    year = read_weather(written(tmp_path, "a.epw", [*lines[:8], ",".join(fields), *lines[9:]]))
    assert year.dew_point[0] == year.dry_bulb[0] and "1 hours" in year.remarks[0]


def test_arrays_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        CHICAGO.dry_bulb[0] = 0.0


def test_what_follows_from_the_three_quantities_agrees_with_each_other():
    year = CHICAGO
    assert (year.dew_point <= year.wet_bulb + 1e-9).all() and (year.wet_bulb <= year.dry_bulb + 1e-9).all()
    back = psychrometrics.dew_point(year.humidity_ratio, year.pressure)
    np.testing.assert_allclose(back, year.dew_point, atol=1e-6)
    assert year.relative_humidity.min() > 0.1 and year.relative_humidity.max() <= 1.0


def test_wet_bulb_is_that_of_psychrolib(psychrolib):
    """Within 2 mK: psychrolib stops at 1 mK.  Near 0 degC an iced and a wetted bulb may both fit; there we take the
    iced one and psychrolib the one that its halving happens on."""
    year = climate_year("denver")
    chosen = np.random.default_rng(5).choice(8760, 400, replace=False)
    theirs = np.empty(400)
    for at, k in enumerate(chosen):
        ratio = psychrolib.GetHumRatioFromTDewPoint(year.dew_point[k], year.pressure[k])
        theirs[at] = psychrolib.GetTWetBulbFromHumRatio(year.dry_bulb[k], ratio, year.pressure[k])
    ours = year.wet_bulb[chosen]
    other = np.abs(ours - theirs) > 2e-3
    assert (
        (ours[other] <= 0.0) & (ours[other] > -0.7) & (theirs[other] >= 0.0) & (theirs[other] < 0.7)
    ).all()
    assert other.mean() < 0.03


# file: mean, maximum of the dry bulb; 0.4 % and maximum of the wet bulb; tower hours; dry-cooler hours.  Computed
# before this reader existed, by another program, from the relative humidity of the files.
KNOWN = {
    "USA_WA_Port.Angeles-William.R.Fairchild.Intl.AP.727885_TMY3.epw":
        (9.3, 30.0, 16.6, 19.9, (6126, 8760, 8760), (7860, 8631, 8759, 8760)),
    "USA_CA_San.Francisco.Intl.AP.724940_TMY3.epw":
        (13.8, 32.8, 18.0, 20.1, (2816, 8759, 8760), (6537, 8347, 8749, 8760)),
    "USA_IL_Chicago-OHare.Intl.AP.725300_TMY3.epw":
        (10.0, 35.0, 25.4, 26.9, (4872, 7912, 8702), (5617, 6920, 8514, 8758)),
    "USA_AZ_Davis-Monthan.AFB.722745_TMY3.epw":
        (21.7, 42.0, 21.8, 23.2, (3475, 8220, 8760), (2749, 4215, 6739, 8006)),
    "USA_GA_Atlanta-Hartsfield.AP.722190_TMY3_BESTEST.epw":
        (16.7, 36.7, 24.3, 25.1, (3170, 6648, 8756), (3766, 5421, 8084, 8732)),
    "12839.tm2": (24.3, 33.9, 26.2, 27.4, (229, 3066, 8268), (457, 1488, 7792, 8760)),
}  # fmt: skip
TOWER = 4.0 + 3.0
"""Approach of a tower and of its heat exchanger. [K]"""
DRY_COOLER = 8.0 + 3.0


@pytest.mark.parametrize("name", KNOWN)
def test_hours_of_nrel_give_the_known_numbers(name):
    """Dry bulbs to the hour.  Wet bulbs here come from the dew point (0.1 K), there from a relative humidity in whole
    per cent: 0.1 K and 30 hours of a class apart."""
    year = read_weather(original(name))
    mean, hottest, wet, wettest, tower, dry = KNOWN[name]
    assert year.dry_bulb.mean() == pytest.approx(mean, abs=0.051)
    assert year.dry_bulb.max() == pytest.approx(hottest, abs=0.051)
    assert exceeded(year.wet_bulb, 0.004) == pytest.approx(wet, abs=0.11)
    assert year.wet_bulb.max() == pytest.approx(wettest, abs=0.11)
    assert tuple(int((year.dry_bulb + DRY_COOLER <= c).sum()) for c in (27, 32, 40, 45)) == dry
    ours = [int((year.wet_bulb + TOWER <= c).sum()) for c in (17, 27, 32)]
    assert np.abs(np.subtract(ours, tower)).max() <= 30


def test_tower_hours_from_the_relative_humidity_of_the_file_are_those_known():
    """The other way to the wet bulb, by which the known numbers were made: equal to the hour."""
    path = original("USA_IL_Chicago-OHare.Intl.AP.725300_TMY3.epw")
    year = read_weather(path)
    relative = [float(line.split(",")[8]) / 100 for line in path.read_text().splitlines()[8:]]
    ratio = psychrometrics.humidity_ratio_from_relative_humidity(year.dry_bulb, relative, year.pressure)
    wet = psychrometrics.wet_bulb(year.dry_bulb, ratio, year.pressure)
    assert tuple(int((wet + TOWER <= c).sum()) for c in (17, 27, 32)) == (4872, 7912, 8702)


def test_a_year_is_read_in_a_fifth_of_a_second(tmp_path):
    """Processor time, best of three; 0.05 s on an idle machine."""
    path = written(tmp_path, "a.epw", epw_lines(CHICAGO))

    def once():
        start = time.process_time()
        read_weather(path)
        return time.process_time() - start

    assert min(once() for _ in range(3)) < 0.2

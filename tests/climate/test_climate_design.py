"""Design days: counted hours, known curves, and limits of what a day can be."""

from dataclasses import replace

import numpy as np
import pytest

from solvers import psychrometrics
from twin.climate import (
    WeatherYear,
    climate_names,
    climate_year,
    degree_days,
    design_days,
    exceeded,
    thermal_zone,
)
from twin.climate.design import DAILY_RANGE_FRACTION


def year_of(dry, dew=-40.0, pressure=101325.0):
    air = [np.broadcast_to(values, 8760) for values in (dry, dew, pressure)]
    return WeatherYear.of("test", "test", (0.0, 0.0, 0.0, 0.0), tuple(air))


def test_a_value_is_exceeded_in_just_so_many_hours():
    values = np.random.default_rng(1).permutation(8760).astype(float)
    assert [int((values > exceeded(values, share)).sum()) for share in (0.004, 0.01, 0.02)] == [35, 88, 175]


@pytest.mark.parametrize("name", climate_names())
def test_design_values_are_ordered_as_their_frequency(name):
    days = design_days(climate_year(name))
    dry = [day.dry_bulb for day in days.cooling]
    wet = [day.wet_bulb for day in days.evaporation]
    assert (
        days.highest_dry_bulb
        >= dry[0]
        >= dry[1]
        >= dry[2]
        > days.heating[1].dry_bulb
        >= days.heating[0].dry_bulb
    )
    assert days.highest_wet_bulb >= wet[0] >= wet[1] >= wet[2] >= days.cooling[2].wet_bulb - 1.0
    assert days.heating[0].dry_bulb >= days.lowest_dry_bulb
    assert all(day.wet_bulb <= day.dry_bulb for day in (*days.cooling, *days.evaporation, *days.heating))


def test_chicago_has_the_values_that_are_known_of_its_hours():
    days = design_days(climate_year("chicago"))
    assert days.cooling[0].dry_bulb == pytest.approx(32.2, abs=0.051)
    assert days.evaporation[0].wet_bulb == pytest.approx(25.4, abs=0.051)
    assert days.highest_wet_bulb == pytest.approx(26.9, abs=0.051)
    assert (days.highest_dry_bulb, days.lowest_dry_bulb) == (35.0, -22.8)


def test_the_day_has_the_shape_of_the_handbook_and_its_design_value_at_the_top():
    day = design_days(climate_year("phoenix")).cooling[0]
    drop = (day.dry_bulb - day.dry_bulb_profile) / (day.dry_bulb - day.dry_bulb_profile.min())
    np.testing.assert_allclose(drop, DAILY_RANGE_FRACTION, atol=1e-12)
    assert day.dry_bulb_profile.max() == day.dry_bulb
    assert day.wet_bulb_profile[13] == pytest.approx(day.wet_bulb, abs=1e-6)


@pytest.mark.parametrize("name", ["singapore", "chicago", "denver"])
def test_the_humidity_of_a_design_day_is_constant_until_the_air_is_saturated(name):
    year = climate_year(name)
    for day in (*design_days(year).cooling, *design_days(year).evaporation):
        ratio = day.humidity_ratio_profile
        full = psychrometrics.saturation_humidity_ratio(day.dry_bulb_profile, day.pressure)
        np.testing.assert_allclose(ratio, np.minimum(ratio.max(), full), rtol=1e-6)
        assert (day.wet_bulb_profile <= day.dry_bulb_profile + 1e-9).all()


def test_a_year_without_weather_has_one_value_for_everything():
    days = design_days(year_of(20.0, 10.0))
    assert days.daily_range == 0.0
    assert {day.dry_bulb for day in (*days.cooling, *days.evaporation, *days.heating)} == {20.0}
    assert degree_days(year_of(20.0).dry_bulb) == (3650.0, 0.0)
    assert degree_days(year_of(8.0).dry_bulb) == (0.0, 3650.0)


@pytest.mark.parametrize(
    ("dry", "zone"),
    [(27.0, 0), (24.0, 1), (20.0, 2), (18.0, 3), (11.0, 4), (9.0, 5), (5.0, 6), (0.0, 7), (-3.0, 8)],
)
def test_zones_follow_the_degree_days(dry, zone):
    assert thermal_zone(year_of(dry).dry_bulb) == zone


def test_what_is_not_a_year_is_refused_by_name():
    with pytest.raises(ValueError, match="dry_bulb has shape"):
        WeatherYear.of("a", "b", (0, 0, 0, 0), (np.zeros(10), np.zeros(10), np.full(10, 1e5)))
    base = climate_year("miami")
    pressure = np.array(base.pressure)
    pressure[7] = np.nan
    with pytest.raises(ValueError, match=r"pressure\[7\] is not a finite number"):
        replace(base, pressure=pressure)


def test_a_year_at_another_height_keeps_its_temperatures_and_has_the_pressure_of_the_height():
    """Denver's airport lies at 1,650 m: sea level has 22 % more pressure, so less water for the same dew point."""
    year = climate_year("denver")
    low = year.at(0.0)
    np.testing.assert_array_equal(low.dry_bulb, year.dry_bulb)
    np.testing.assert_array_equal(low.dew_point, year.dew_point)
    ratio = psychrometrics.pressure_at(0.0) / psychrometrics.pressure_at(1650.0)
    np.testing.assert_allclose(low.pressure, year.pressure * ratio, rtol=1e-12)
    assert (low.humidity_ratio < year.humidity_ratio).all() and (low.wet_bulb >= year.wet_bulb - 0.35).all()
    assert low.elevation == 0.0 and "moved" in low.remarks[-1]
    assert year.at(1650.0) is year

"""Outdoor air for halls: limits of moisture, mixing, energy, altitude."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solvers import psychrometrics
from solvers.plant import air_economizer
from solvers.plant.air_economizer import AirEconomizerRating

UNIT = AirEconomizerRating(air_flow=60.0, fan_power=40e3)
PRESSURE = psychrometrics.STANDARD_PRESSURE


def run(rating=UNIT, **changes):
    made = {
        "duty": 600e3,
        "return_temperature": 36.0,
        "setpoint": 24.0,
        "dry_bulb": 10.0,
        "humidity_ratio": psychrometrics.humidity_ratio_from_dew_point(5.0, PRESSURE),
        "pressure": PRESSURE,
    }
    return air_economizer.run(rating, **{**made, **changes})


def test_mixed_air_holds_the_set_point_in_cool_weather():
    state = run(dry_bulb=np.linspace(-5.0, 24.0, 30))
    np.testing.assert_allclose(state.supply, 24.0, atol=1e-9)
    np.testing.assert_allclose(state.mechanical, 0.0, atol=1e-6)
    # same moisture on both sides, so the share is that of temperatures
    np.testing.assert_allclose(state.outdoor_share, 12.0 / (36.0 - np.linspace(-5.0, 24.0, 30)), rtol=1e-9)


def test_warm_outdoor_air_helps_until_it_is_as_warm_as_the_return():
    state = run(dry_bulb=[30.0, 35.9, 36.0])
    np.testing.assert_allclose(state.free_heat / 600e3, [0.5, 0.1 / 12.0, 0.0], atol=1e-9)
    np.testing.assert_array_equal(state.usable, [True, True, False])
    np.testing.assert_allclose(state.free_heat + state.mechanical, 600e3)


@pytest.mark.parametrize(
    ("dew_point", "usable"), [(15.1, False), (14.9, True), (-8.9, True), (-15.0, True), (-35.0, True)]
)
def test_moisture_limits_admit_and_refuse(dew_point, usable):
    ratio = psychrometrics.humidity_ratio_from_dew_point(dew_point, PRESSURE)
    assert run(dry_bulb=18.0, humidity_ratio=ratio).usable == usable


def test_dry_air_is_refused_without_humidifier_and_wetted_with_one():
    ratio = psychrometrics.humidity_ratio_from_dew_point(-20.0, PRESSURE)
    assert not run(replace(UNIT, humidify=False), humidity_ratio=ratio).usable
    state = run(humidity_ratio=ratio)
    assert state.usable and state.water > 0.0
    np.testing.assert_allclose(psychrometrics.dew_point(state.humidity_ratio, PRESSURE), -9.0, atol=1e-6)
    # spraying cools: less outdoor air is needed than without
    assert state.outdoor_share < 12.0 / 26.0


def test_water_closes_the_moisture_balance_of_the_hall():
    ratio = psychrometrics.humidity_ratio_from_dew_point(-20.0, PRESSURE)
    state = run(humidity_ratio=ratio)
    rise = psychrometrics.enthalpy(36.0, state.humidity_ratio) - psychrometrics.enthalpy(
        24.0, state.humidity_ratio
    )
    outdoor = state.outdoor_share * 600e3 / rise
    np.testing.assert_allclose(state.water, outdoor * (state.humidity_ratio - ratio), rtol=1e-9)
    # and energy: what comes in leaves as return air, at the same enthalpy balance
    gained = outdoor * (
        psychrometrics.enthalpy(36.0, state.humidity_ratio) - psychrometrics.enthalpy(10.0, ratio)
    )
    np.testing.assert_allclose(gained, 600e3, rtol=1e-9)


def test_damp_supply_is_refused():
    ratio = psychrometrics.humidity_ratio_from_dew_point(14.0, PRESSURE)
    assert not run(replace(UNIT, max_relative_humidity=0.5), dry_bulb=20.0, humidity_ratio=ratio).usable


def test_thin_air_costs_fan_power():
    # the same mass is more volume by 1 / density, and power goes with its cube times density
    power = run(pressure=np.array([PRESSURE, 0.8 * PRESSURE])).power
    assert power[1] / power[0] == pytest.approx(0.8**-2, rel=0.01)


def test_fans_that_fall_short_are_said():
    np.testing.assert_array_equal(run(duty=[600e3, 2e6]).saturated, [False, True])
    assert run(duty=0.0).power == 0.0


def test_no_rise_is_refused():
    with pytest.raises(ValueError, match="return_temperature"):
        run(return_temperature=24.0)
    with pytest.raises(ValueError, match="min_dew_point"):
        AirEconomizerRating(air_flow=1.0, fan_power=1.0, min_dew_point=20.0)

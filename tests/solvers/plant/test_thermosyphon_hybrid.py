"""Thermosyphon cooler, and its order with the tower: closed forms, economy, energy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solvers.plant import hybrid, thermosyphon, tower
from solvers.plant.thermosyphon import ThermosyphonRating
from solvers.plant.tower import WATER_CAPACITY, TowerRating

DRY = ThermosyphonRating(
    duty=800e3, air_entering=10.0, coolant_entering=32.0, coolant_leaving=25.0, air_flow=70.0, fan_power=30e3
)
WET = TowerRating(
    water_flow=40.0, water_entering=32.0, water_leaving=25.0, wet_bulb=20.0, air_flow=45.0, fan_power=15e3
)
FLOW = DRY.coolant_rate / WATER_CAPACITY


def cool(rating=DRY, **changes):
    made = {
        "coolant_entering": 32.0,
        "coolant_flow": FLOW,
        "coolant_capacity": WATER_CAPACITY,
        "dry_bulb": 10.0,
        "pressure": 101325.0,
        "setpoint": 0.0,
    }
    return thermosyphon.cool(rating, **{**made, **changes})


def reject(**changes):
    made = {
        "duty": 1e6,
        "coolant_flow": 36.0,
        "dry_bulb": np.linspace(-10.0, 35.0, 91),
        "wet_bulb": np.linspace(-10.0, 35.0, 91) * 0.7 - 3.0,
        "pressure": 101325.0,
        "setpoint": 22.0,
    }
    return hybrid.reject(DRY, WET, **{**made, **changes})


def test_rating_point_is_reproduced():
    state = cool()
    np.testing.assert_allclose([state.heat, state.leaving, state.power], [800e3, 25.0, 30e3], rtol=1e-9)
    assert state.saturated and state.in_range and state.water == 0.0


def test_duty_is_proportional_to_the_difference_of_entering_temperatures():
    # at one speed and density; air density is undone by pressure
    kelvin = np.array([283.15, 293.15])
    heat = cool(dry_bulb=kelvin - 273.15, pressure=101325.0 * kelvin / 283.15).heat
    np.testing.assert_allclose(heat / 800e3, [1.0, 12.0 / 22.0], rtol=1e-9)


def test_air_nearly_as_warm_as_the_coolant_does_not_start_it():
    state = cool(dry_bulb=[30.5, 33.0])
    np.testing.assert_array_equal(state.heat, 0.0)
    np.testing.assert_array_equal(state.power, 0.0)
    np.testing.assert_array_equal(state.leaving, 32.0)


def test_fans_turn_no_faster_than_their_heat_is_worth():
    limit = np.array([0.005, 0.01, 0.02, np.inf])
    state = cool(power_limit=limit)
    np.testing.assert_allclose(state.power[:3], limit[:3] * state.heat[:3], rtol=1e-8)
    assert np.all(np.diff(state.heat) > 0.0) and np.all(np.diff(state.speed) > 0.0)
    still = cool(power_limit=1e-6)
    assert still.power == 0.0 < still.heat  # free convection costs nothing


def test_units_side_by_side_share_the_flow():
    two = cool(units=2, coolant_flow=2.0 * FLOW)
    np.testing.assert_allclose([two.heat, two.power], [1.6e6, 60e3], rtol=1e-9)
    none = cool(units=0)
    assert none.heat == 0.0 and none.leaving == 32.0 and none.power == 0.0


def test_set_point_is_held_with_the_least_fan_speed():
    state = cool(setpoint=28.0, dry_bulb=[-10.0, 0.0, 10.0])
    np.testing.assert_allclose(state.leaving, 28.0, atol=1e-8)
    assert np.all(np.diff(state.power) > 0.0) and not state.saturated.any()


def test_hybrid_passes_the_duty_on_and_closes_in_series():
    state = reject()
    np.testing.assert_allclose(state.dry.heat + state.wet.heat, 1e6, rtol=1e-9)
    np.testing.assert_allclose(state.dry.leaving, state.wet.entering, atol=1e-6)
    np.testing.assert_allclose(state.dry.entering - state.leaving, 1e6 / 36.0 / WATER_CAPACITY, atol=1e-6)
    assert state.wet.saturated.any() and not state.wet.saturated.all()


def test_cold_weather_needs_no_water_and_hot_weather_no_thermosyphon():
    state = reject()
    assert state.dry_share[0] == pytest.approx(1.0) and state.wet.water[0] == 0.0
    assert state.dry_share[-1] < 0.05
    assert np.all(np.diff(state.dry_share) <= 1e-9)


def test_hybrid_without_coolers_is_the_tower():
    state = reject(coolers=0, cells=2)
    alone = tower.reject(
        WET,
        duty=5e5,
        coolant_flow=18.0,
        dry_bulb=np.linspace(-10.0, 35.0, 91),
        wet_bulb=np.linspace(-10.0, 35.0, 91) * 0.7 - 3.0,
        pressure=101325.0,
        setpoint=22.0,
    )
    np.testing.assert_allclose(state.wet.power, 2.0 * alone.power, rtol=1e-9)
    np.testing.assert_allclose(state.leaving, alone.leaving, rtol=1e-9)


def test_worth_of_water_is_the_price_ratio():
    assert thermosyphon.worth(water_price=3.0, energy_price=0.1) == pytest.approx(0.06)
    with pytest.raises(ValueError, match="energy_price"):
        thermosyphon.worth(water_price=3.0, energy_price=0.0)


@pytest.mark.parametrize(
    ("field", "value"), [("evaporator_share", 0.05), ("coolant_leaving", 33.0), ("min_speed", 0.05)]
)
def test_ratings_out_of_reach_are_refused(field, value):
    with pytest.raises(ValueError):
        replace(DRY, **{field: value})

"""Dry cooler: rating point, balances, and the direction in which things must move."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solvers import psychrometrics
from solvers.hydraulics.exchanger import effectiveness
from solvers.plant import dry_cooler, rejection
from solvers.plant.dry_cooler import DryCoolerRating

# BAC Trillium TDFS1238N-C60ET40B data sheet; its air flow is not given: 8 K of air rise is assumed here
TRILLIUM = DryCoolerRating(
    duty=2931e3,
    air_entering=35.0,
    coolant_entering=46.1,
    coolant_leaving=40.55,
    fan_power=117.68e3,
    air_flow=2931e3 / (8.0 * 1006.0),
)
CAPACITY = 4180.0
FLOW = TRILLIUM.coolant_rate / CAPACITY


def reject(rating=TRILLIUM, **changes):
    made = {
        "duty": 2931e3,
        "coolant_flow": FLOW,
        "coolant_capacity": CAPACITY,
        "dry_bulb": 35.0,
        "pressure": 101325.0,
        "setpoint": 40.55,
    }
    return dry_cooler.reject(rating, **{**made, **changes})


def test_rating_point_is_reproduced():
    state = reject()
    np.testing.assert_allclose(state.leaving, 40.55, atol=1e-6)
    np.testing.assert_allclose(state.entering, 46.1, atol=1e-6)
    np.testing.assert_allclose(state.power, 117.68e3, rtol=1e-6)
    assert not state.saturated and state.in_range


@pytest.mark.parametrize("seed", range(5))
def test_warmer_outdoors_never_lowers_fan_power_or_leaving_temperature(seed):
    rng = np.random.default_rng(seed)
    air = np.sort(rng.uniform(-25.0, 50.0, 3000))
    state = reject(
        dry_bulb=air,
        duty=rng.uniform(0.1, 1.2) * 2931e3,
        setpoint=rng.uniform(15.0, 45.0),
        coolant_flow=FLOW * rng.uniform(0.3, 1.3),
    )
    assert np.all(np.diff(state.power) >= -1e-6 * TRILLIUM.fan_power)
    assert np.all(np.diff(state.leaving) >= -1e-9)


def test_set_point_is_held_or_lost_at_full_speed():
    air = np.linspace(-20.0, 48.0, 5000)
    state = reject(dry_bulb=air, setpoint=38.0, duty=2e6)
    np.testing.assert_allclose(state.leaving[~state.saturated], 38.0)
    assert np.all(state.leaving[state.saturated] > 38.0)
    np.testing.assert_allclose(state.speed[state.saturated], 1.0)
    assert state.saturated.any() and (state.speed == 0.0).any()
    assert np.max(np.abs(np.diff(state.power))) < 0.05 * TRILLIUM.fan_power  # no jump between the regimes


def test_full_speed_leaving_temperature_rises_kelvin_for_kelvin_with_dry_air_at_constant_density():
    hot = reject(dry_bulb=[45.0, 46.0], setpoint=0.0)
    # effectiveness is a matter of flows alone; the thinner air of 1 K costs some hundredths more
    assert 1.0 < np.diff(hot.leaving)[0] < 1.05


def test_heat_is_flow_times_capacity_times_difference():
    state = reject(dry_bulb=np.linspace(0, 50, 50), duty=1.5e6)
    np.testing.assert_allclose(FLOW * CAPACITY * (state.entering - state.leaving), 1.5e6, rtol=1e-9)


def test_known_duty_and_known_entering_temperature_agree():
    air = np.linspace(5.0, 45.0, 200)
    known = reject(dry_bulb=air, setpoint=37.0, duty=2.2e6)
    again = dry_cooler.solve(
        TRILLIUM,
        coolant_entering=known.entering,
        coolant_flow=3 * FLOW,
        coolant_capacity=CAPACITY,
        dry_bulb=air,
        pressure=101325.0,
        setpoint=37.0,
        units=3,
    )
    np.testing.assert_allclose(again.leaving, known.leaving, atol=1e-8)
    np.testing.assert_allclose(again.power, 3 * known.power, rtol=1e-6, atol=1e-3)
    np.testing.assert_allclose(again.heat, 3 * 2.2e6, rtol=1e-8)


def test_thin_air_carries_less():
    high = psychrometrics.pressure_at(1609.0)
    assert reject(pressure=high).leaving > reject().leaving + 0.5
    assert reject(pressure=high).saturated


def test_cube_law_holds_while_modulating():
    state = reject(dry_bulb=np.linspace(10.0, 34.0, 100))
    modulating = state.speed > TRILLIUM.min_speed * (1.0 + 1e-9)
    assert modulating.sum() > 20
    np.testing.assert_allclose(state.power[modulating] / 117.68e3, state.speed[modulating] ** 3, rtol=1e-12)


def test_pad_cools_towards_the_wet_bulb_and_drinks_what_it_adds():
    wetted = replace(TRILLIUM, pad_effectiveness=0.8, pad_above=30.0)
    state = reject(wetted, dry_bulb=[29.0, 40.0], wet_bulb=[18.0, 20.0], setpoint=20.0)
    dry = reject(dry_bulb=[29.0, 24.0], setpoint=20.0)
    np.testing.assert_allclose(state.leaving, dry.leaving, rtol=1e-9)
    assert state.water[0] == 0.0
    air = TRILLIUM.air_flow * (35.0 + 273.15) / (24.0 + 273.15)
    before, after = psychrometrics.humidity_ratio_from_wet_bulb([40.0, 24.0], 20.0, 101325.0)
    np.testing.assert_allclose(state.water[1], air * (after - before) * 1.5, rtol=1e-9)
    with pytest.raises(ValueError, match="wet_bulb"):
        reject(wetted)


def test_nothing_to_reject_and_no_flow_are_answered():
    none = reject(duty=[0.0, -5.0])
    np.testing.assert_allclose(none.leaving, 40.55)
    np.testing.assert_allclose(none.power, 0.0)
    assert not none.saturated.any()
    stuck = reject(coolant_flow=0.0)
    assert stuck.saturated and stuck.leaving == rejection.CEILING and stuck.heat == 0.0
    warm = dry_cooler.solve(
        TRILLIUM,
        coolant_entering=[30.0, 30.0, 50.0],
        coolant_flow=[FLOW, FLOW, 0.0],
        coolant_capacity=CAPACITY,
        dry_bulb=[40.0, 20.0, 20.0],
        pressure=101325.0,
        setpoint=[25.0, 35.0, 25.0],
    )
    np.testing.assert_allclose(warm.leaving, [30.0, 30.0, 50.0])
    np.testing.assert_allclose(warm.heat, 0.0)
    np.testing.assert_array_equal(warm.saturated, [True, False, True])


def test_rating_that_no_coil_can_meet_is_refused():
    with pytest.raises(ValueError, match="out of reach"):
        replace(TRILLIUM, air_flow=100.0)
    with pytest.raises(ValueError, match="no heat leaves"):
        replace(TRILLIUM, air_entering=45.0)


def test_explicit_effectiveness_costs_less_than_a_tenth_of_a_kelvin(monkeypatch):
    air = np.linspace(-10.0, 45.0, 60)
    quick = reject(dry_bulb=air, setpoint=0.0, coolant_flow=0.6 * FLOW)
    monkeypatch.setattr(
        dry_cooler, "_effectiveness", lambda n, c: effectiveness(n, c, arrangement="crossflow_unmixed")
    )
    exact = reject(replace(TRILLIUM), dry_bulb=air, setpoint=0.0, coolant_flow=0.6 * FLOW)
    np.testing.assert_allclose(quick.leaving, exact.leaving, atol=0.1)


def test_answers_broadcast():
    state = reject(dry_bulb=np.zeros((3, 1)), duty=np.ones(4) * 1e6)
    assert state.leaving.shape == state.power.shape == state.water.shape == (3, 4)

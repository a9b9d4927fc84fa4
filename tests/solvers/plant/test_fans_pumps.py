"""Fans, pumps and the economizer decision against their own laws."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.plant import dry_cooler, economizer, fans, pumps, rejection, tower
from solvers.plant.dry_cooler import DryCoolerRating
from solvers.plant.economizer import Mode
from solvers.plant.tower import TowerRating


def test_fan_power_goes_with_the_cube_of_flow():
    ratio = np.linspace(0.05, 1.0, 20)
    np.testing.assert_allclose(fans.power(ratio * 7.0, 7.0, 900.0), 900.0 * ratio**3, rtol=1e-12)


def test_fan_stops_saving_at_the_drives_least_speed():
    power = fans.power([0.0, 0.1, 0.3, 0.5], 1.0, 1000.0, min_speed=0.3, standby=10.0)
    np.testing.assert_allclose(power, [10.0, 37.0, 37.0, 135.0], rtol=1e-12)


def test_fan_power_from_pressure_agrees_with_the_hydraulic_power():
    np.testing.assert_allclose(fans.pressure_power(10.0, 300.0, 0.6, 0.9), 3000.0 / 0.54, rtol=1e-12)


def test_pump_power_is_hydraulic_power_over_efficiencies():
    np.testing.assert_allclose(pumps.power([1.0, 0.0], 100e3, 1000.0, 0.5), [200.0, 0.0], rtol=1e-12)
    np.testing.assert_allclose(pumps.power(2.0, 50e3, 1000.0, 0.5, 0.8, 0.5), 500.0, rtol=1e-12)


@pytest.mark.parametrize("machine", [fans, pumps])
def test_affinity_laws_are_exact(machine):
    speed = np.linspace(0.1, 1.2, 12)
    flow, rise, power = machine.affinity(speed, 3.0, 2e5, 5e3)
    np.testing.assert_allclose(flow, 3.0 * speed, rtol=1e-12)
    np.testing.assert_allclose(rise, 2e5 * speed**2, rtol=1e-12)
    np.testing.assert_allclose(power, 5e3 * speed**3, rtol=1e-12)


def test_pump_power_is_consistent_with_affinity():
    flow, rise, power = pumps.affinity(0.7, 3.0, 2e5, pumps.power(3.0, 2e5, 1000.0, 0.6))
    np.testing.assert_allclose(pumps.power(flow, rise, 1000.0, 0.6), power, rtol=1e-12)


def test_economizer_carries_all_some_or_nothing():
    decision = economizer.mode([30.0, 30.0, 30.0, 20.0], 20.0, [15.0, 22.0, 28.0, 40.0], approach=3.0)
    np.testing.assert_allclose(decision.free_fraction, [1.0, 0.5, 0.0, 1.0])
    np.testing.assert_array_equal(decision.mode, [Mode.FREE, Mode.MIXED, Mode.MECHANICAL, Mode.FREE])
    np.testing.assert_allclose(decision.chiller_entering, [20.0, 25.0, 30.0, 20.0])


def test_economizer_outside_the_chilled_loop_is_all_or_nothing():
    decision = economizer.mode(30.0, 20.0, [15.0, 22.0], integrated=False)
    np.testing.assert_array_equal(decision.mode, [Mode.FREE, Mode.MECHANICAL])


@pytest.mark.parametrize("seed", range(3))
def test_roots_are_found_wherever_they_lie(seed):
    wanted = np.random.default_rng(seed).uniform(0.0, 1.0, 500)
    for function in (lambda x: x**9 - wanted**9, lambda x: np.exp(8 * x) - np.exp(8 * wanted)):
        root = rejection.find_root(function, np.zeros(500), np.ones(500))
        np.testing.assert_allclose(function(root), 0.0, atol=1e-8)


def test_extreme_duties_and_flows_stay_finite():
    cooler = DryCoolerRating(
        duty=1e6,
        air_entering=35.0,
        coolant_entering=50.0,
        coolant_leaving=42.0,
        fan_power=3e4,
        air_flow=120.0,
    )
    cell = TowerRating(
        water_flow=30.0,
        water_entering=35.0,
        water_leaving=29.0,
        wet_bulb=24.0,
        air_flow=25.0,
        fan_power=8e3,
    )
    duty = np.array([0.0, 1.0, 1e6, 1e8])[:, None]
    flow = np.array([0.0, 1e-6, 30.0, 1e4])
    weather = {"dry_bulb": 45.0, "pressure": 101325.0, "setpoint": 30.0}
    for state in (
        dry_cooler.reject(cooler, duty=duty, coolant_flow=flow, coolant_capacity=4e3, **weather),
        tower.reject(cell, duty=duty, coolant_flow=flow, wet_bulb=30.0, **weather),
        tower.reject(cell, duty=duty, coolant_flow=flow, wet_bulb=-30.0, **{**weather, "dry_bulb": -30.0}),
    ):
        for name in ("leaving", "entering", "power", "water", "heat", "speed"):
            assert np.all(np.isfinite(getattr(state, name))), name
        assert np.all(state.power >= 0.0) and np.all(state.water >= 0.0)

"""Towers beside the open one on a drive: stepped fans, idle basins, a correlation, closed circuit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solvers.plant import dry_cooler, fluid_cooler, tower, yorkcalc
from solvers.plant.dry_cooler import DryCoolerRating
from solvers.plant.fluid_cooler import FluidCoolerRating
from solvers.plant.tower import WATER_CAPACITY, TowerRating

TOWER = TowerRating(
    water_flow=40.0, water_entering=35.0, water_leaving=29.5, wet_bulb=25.6, air_flow=40.0, fan_power=18e3
)
HOURS = np.linspace(-10.0, 27.0, 300)


def cell(rating=TOWER, **changes):
    made = {
        "duty": 0.7 * rating.duty,
        "coolant_flow": 40.0,
        "dry_bulb": HOURS + 5.0,
        "wet_bulb": HOURS,
        "pressure": 101325.0,
        "setpoint": 25.0,
    }
    return tower.reject(rating, **{**made, **changes})


def test_two_speeds_hold_the_set_point_and_cost_more_than_a_drive():
    drive, two, one = cell(), cell(replace(TOWER, steps=(0.5, 1.0))), cell(replace(TOWER, steps=(1.0,)))
    for stepped in (two, one):
        np.testing.assert_allclose(stepped.leaving, drive.leaving, atol=1e-6)
        np.testing.assert_array_equal(stepped.saturated, drive.saturated)
    # leaving temperature bends upward and power too, so any mixture of speeds costs more
    assert np.all(drive.power <= two.power + 1e-6) and np.all(two.power <= one.power + 1e-6)
    assert two.power.sum() > 1.05 * drive.power.sum()


def test_stepped_fans_have_no_jump_where_a_step_is_reached():
    power = cell(
        replace(TOWER, steps=(0.5, 1.0)), dry_bulb=35.0, wet_bulb=np.linspace(0.0, 26.0, 20001)
    ).power
    assert np.max(np.abs(np.diff(power))) < 0.005 * TOWER.fan_power


def test_stepped_fans_at_full_load_run_at_full_speed():
    state = cell(
        replace(TOWER, steps=(0.5, 1.0)), duty=TOWER.duty, dry_bulb=35.0, wet_bulb=25.6, setpoint=29.5
    )
    np.testing.assert_allclose([state.speed, state.power / 18e3], 1.0, rtol=1e-5)


@pytest.mark.parametrize("steps", [(0.5,), (1.0, 0.5), (0.05, 1.0)])
def test_steps_that_do_not_rise_to_full_speed_are_refused(steps):
    with pytest.raises(ValueError, match="steps"):
        replace(TOWER, steps=steps)


def test_york_correlation_reproduces_its_usual_design_point():
    # EnergyPlus sizes this tower at 25.6 degC wet bulb, 5.6 K range, 3.9 K approach
    value, valid = yorkcalc.approach(span=5.56, wet_bulb=25.56)
    assert value == pytest.approx(3.9, abs=0.1)
    assert valid


def test_york_correlation_says_where_it_ends():
    _, valid = yorkcalc.approach(
        span=[5.0, 5.0, 25.0, 5.0, 5.0],
        wet_bulb=[20.0, 27.0, 20.0, 20.0, 20.0],
        water_share=[1.0, 1.0, 1.0, 0.5, 1.0],
        air_share=[1.0, 1.0, 1.0, 1.0, 0.1],
    )
    np.testing.assert_array_equal(valid, [True, False, False, False, False])
    with pytest.raises(ValueError, match="air_share"):
        yorkcalc.approach(span=5.0, wet_bulb=20.0, air_share=0.0)


def test_merkel_and_york_agree_inside_the_correlation():
    # a second method for the same tower: two towers of two makers, so a kelvin is all that can be asked
    wet = np.linspace(10.0, 26.0, 30)
    york, valid = yorkcalc.approach(span=5.5, wet_bulb=wet)
    state = cell(duty=TOWER.duty, wet_bulb=wet, dry_bulb=wet + 8.0, setpoint=-50.0)
    assert valid.all()
    assert np.max(np.abs(state.leaving - wet - york)) < 1.2


FLUID = FluidCoolerRating(
    wet=replace(TOWER, water_entering=37.0, water_leaving=31.5),
    dry=DryCoolerRating(
        duty=0.5 * TOWER.duty,
        air_entering=10.0,
        coolant_entering=35.0,
        coolant_leaving=32.25,
        fan_power=18e3,
        air_flow=40.0,
    ),
    spray_power=4e3,
)


def closed(rating=FLUID, **changes):
    made = {
        "duty": 0.5 * TOWER.duty,
        "coolant_flow": 40.0 * WATER_CAPACITY / 3800.0,
        "coolant_capacity": 3800.0,
        "dry_bulb": HOURS + 5.0,
        "wet_bulb": HOURS,
        "pressure": 101325.0,
        "setpoint": 31.0,
    }
    return fluid_cooler.reject(rating, **{**made, **changes})


def test_closed_circuit_runs_dry_while_that_holds_the_set_point():
    state = closed()
    assert state.wet.any() and not state.wet.all()
    assert np.all(np.diff(state.wet.astype(int)) >= 0)  # once, as it warms
    assert np.all(state.state.water[~state.wet] == 0.0) and np.all(state.state.water[state.wet] > 0.0)
    assert not state.state.saturated.any()
    assert np.all(state.state.power[state.wet] >= 4e3)


def test_closed_circuit_below_its_switch_is_dry_whatever_the_set_point():
    state = closed(replace(FLUID, dry_below=8.0), duty=TOWER.duty)
    np.testing.assert_array_equal(state.wet, HOURS + 5.0 >= 8.0)
    assert state.state.saturated[(HOURS + 5.0 < 8.0) & (HOURS > 0.0)].all()


def test_closed_circuit_sprayed_is_the_tower_of_equal_heat_capacity_rate():
    state = closed(replace(FLUID, dry_below=-50.0))
    open_tower = tower.reject(
        FLUID.wet,
        duty=0.5 * TOWER.duty,
        coolant_flow=40.0,
        dry_bulb=HOURS + 5.0,
        wet_bulb=HOURS,
        pressure=101325.0,
        setpoint=31.0,
    )
    np.testing.assert_allclose(state.state.power, open_tower.power + 4e3, rtol=1e-9)
    np.testing.assert_allclose(state.state.water, open_tower.water, rtol=1e-9)


def test_pad_drag_costs_fan_power_wet_or_dry():
    dry = DryCoolerRating(
        duty=1e6,
        air_entering=30.0,
        coolant_entering=45.0,
        coolant_leaving=38.0,
        fan_power=30e3,
        air_flow=110.0,
        pad_effectiveness=0.8,
    )
    conditions = {
        "duty": 8e5,
        "coolant_flow": 35.0,
        "coolant_capacity": 3900.0,
        "dry_bulb": [20.0, 35.0],
        "wet_bulb": [12.0, 20.0],
        "pressure": 101325.0,
        "setpoint": 36.0,
    }
    plain = dry_cooler.reject(dry, **conditions)
    dragged = dry_cooler.reject(replace(dry, pad_drag=0.2), **conditions)
    np.testing.assert_allclose(dragged.power, 1.2 * plain.power, rtol=1e-12)
    np.testing.assert_array_equal(dragged.leaving, plain.leaving)
    assert plain.water[0] == 0.0 < plain.water[1]


def test_dry_cooler_at_a_given_speed_agrees_with_its_controlled_answer():
    dry = FLUID.dry
    state = dry_cooler.reject(
        dry,
        duty=0.4 * TOWER.duty,
        coolant_flow=40.0,
        coolant_capacity=4186.0,
        dry_bulb=[5.0, 12.0, 25.0],
        pressure=101325.0,
        setpoint=31.0,
    )
    again = dry_cooler.leaving_temperature(
        dry,
        coolant_entering=state.entering,
        coolant_flow=40.0,
        coolant_capacity=4186.0,
        dry_bulb=[5.0, 12.0, 25.0],
        pressure=101325.0,
        speed=state.speed,
    )
    modulating = state.speed > dry.min_speed
    assert modulating.sum() >= 2
    np.testing.assert_allclose(again[modulating], state.leaving[modulating], atol=1e-8)

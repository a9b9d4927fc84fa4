"""Cooling tower: rating point, water balance, and EnergyPlus' own Merkel tower."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from solvers import psychrometrics
from solvers.plant import rejection, tower
from solvers.plant.tower import WATER_CAPACITY, TowerRating

# design point of EnergyPlus' example "CoolingTower:VariableSpeed:Merkel"; its 0.561 m3/s of air is taken at
# 35 degC dry and 25.6 degC wet bulb
SMALL = TowerRating(
    water_flow=1.093,
    water_entering=35.0,
    water_leaving=29.5,
    wet_bulb=25.6,
    air_flow=0.561 * 1.137,
    fan_power=213.0,
)
REFERENCE = Path("data/plant/CoolingTower_VariableSpeed_Merkel.dat")


def reject(rating=SMALL, **changes):
    made = {
        "duty": rating.duty,
        "coolant_flow": rating.water_flow,
        "dry_bulb": 35.0,
        "wet_bulb": 25.6,
        "pressure": 101325.0,
        "setpoint": 29.5,
    }
    return tower.reject(rating, **{**made, **changes})


def shared(path: Path) -> Path:
    """Reference data kept beside the repository; not part of it."""
    for parent in Path(__file__).resolve().parents:
        if (parent / "shared" / path).is_file():
            return parent / "shared" / path
    pytest.skip(f"reference data {path} is not here")


def test_rating_point_is_reproduced():
    state = reject()
    np.testing.assert_allclose(state.leaving, 29.5, atol=1e-6)
    np.testing.assert_allclose(state.entering, 35.0, atol=1e-6)
    np.testing.assert_allclose(state.power, 213.0, rtol=1e-6)
    assert not state.saturated and state.in_range


def test_leaving_water_agrees_with_energyplus_within_150_mk():
    rows = np.loadtxt(shared(REFERENCE), delimiter=",", skiprows=13)
    rows = rows[(rows[:, 9] > 0.0) & (rows[:, 5] > 0.1)]
    assert len(rows) > 1000
    ours = tower.leaving_temperature(
        SMALL,
        water_entering=rows[:, 3],
        water_flow=rows[:, 5],
        wet_bulb=rows[:, 2],
        pressure=101325.0,
        speed=rows[:, 9],
    )
    error = ours - rows[:, 4]
    assert np.sqrt(np.mean(error**2)) < 0.08  # measured 0.06 K
    assert np.max(np.abs(error)) < 0.15


@pytest.mark.parametrize("seed", range(5))
def test_wetter_outdoors_never_lowers_fan_power_or_leaving_temperature(seed):
    rng = np.random.default_rng(seed)
    wet = np.sort(rng.uniform(-5.0, 32.0, 1500))
    state = reject(
        wet_bulb=wet,
        dry_bulb=wet + 6.0,
        duty=SMALL.duty * rng.uniform(0.1, 1.2),
        setpoint=rng.uniform(10.0, 32.0),
        coolant_flow=1.093 * rng.uniform(0.4, 1.0),
    )
    assert np.all(np.diff(state.power) >= -1e-6 * SMALL.fan_power)
    assert np.all(np.diff(state.leaving) >= -1e-7)


def test_leaving_water_stays_above_the_wet_bulb():
    wet = np.linspace(0.0, 32.0, 100)
    state = reject(wet_bulb=wet, dry_bulb=wet + 3.0, setpoint=-50.0)
    assert np.all(state.leaving > wet) and state.saturated.all()


def test_known_duty_and_known_entering_temperature_agree():
    wet = np.linspace(0.0, 30.0, 40)
    state = reject(wet_bulb=wet, dry_bulb=wet + 5.0, setpoint=-50.0)
    again = tower.leaving_temperature(
        SMALL, water_entering=state.entering, water_flow=1.093, wet_bulb=wet, pressure=101325.0
    )
    np.testing.assert_allclose(again, state.leaving, atol=1e-8)


def test_evaporation_closes_the_enthalpy_balance_of_the_air():
    state = reject(setpoint=-50.0)
    rating = replace(SMALL, cycles=1e12, drift=0.0)
    evaporated = reject(rating, setpoint=-50.0).water
    air = SMALL.air_flow
    entry = psychrometrics.humidity_ratio_from_wet_bulb(35.0, 25.6, 101325.0)
    exit_ratio = entry + evaporated / air
    exit_temperature = psychrometrics.dew_point(exit_ratio, 101325.0)
    gained = air * (
        psychrometrics.enthalpy(exit_temperature, exit_ratio)
        - psychrometrics.saturation_enthalpy(25.6, 101325.0)
    )
    np.testing.assert_allclose(gained, SMALL.duty, rtol=1e-6)
    # about 1 kg per 2.43 MJ: here the air, warmer than the water that leaves, evaporates a little of its own
    assert 0.95 < evaporated * 2.43e6 / SMALL.duty < 1.05
    # make-up with five cycles is 5/4 of evaporation
    np.testing.assert_allclose(state.water, evaporated * 1.25, rtol=1e-9)


def test_drift_bounds_the_blow_down():
    lossy = replace(SMALL, drift=0.01)
    clean = reject(replace(SMALL, cycles=1e12, drift=0.0)).water
    np.testing.assert_allclose(reject(lossy).water - clean, 0.01 * 1.093, rtol=1e-6)


def test_no_duty_and_no_flow_are_answered():
    none = reject(duty=0.0)
    assert none.leaving == 29.5 and none.power == 0.0 and none.water == 0.0 and not none.saturated
    stuck = reject(coolant_flow=0.0)
    assert stuck.saturated and stuck.leaving == rejection.CEILING and stuck.water == 0.0
    cold = tower.leaving_temperature(
        SMALL, water_entering=[20.0, 30.0], water_flow=[1.0, 0.0], wet_bulb=25.0, pressure=101325.0
    )
    np.testing.assert_allclose(cold, [20.0, 30.0])


def test_balance_over_the_water():
    state = reject(duty=15e3, wet_bulb=np.linspace(0.0, 28.0, 30))
    np.testing.assert_allclose(1.093 * WATER_CAPACITY * (state.entering - state.leaving), 15e3, rtol=1e-9)


def test_rating_that_no_tower_can_meet_is_refused():
    with pytest.raises(ValueError, match="out of reach"):
        replace(SMALL, air_flow=0.1)

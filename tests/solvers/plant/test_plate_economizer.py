"""Plate economizer at actual flows: energy, second method, order of cases."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.plant import economizer
from solvers.plant.economizer import Mode, PlateRating

PLATE = PlateRating(hot_entering=20.0, hot_leaving=13.0, cold_entering=10.0, hot_rate=100e3, cold_rate=120e3)


def exchange(**changes):
    made = {"entering": 20.0, "setpoint": 13.0, "hot_rate": 100e3, "source": 10.0, "cold_rate": 120e3}
    return economizer.exchange(PLATE, **{**made, **changes})


def test_rating_point_is_reproduced():
    state = exchange()
    np.testing.assert_allclose(state.heat, 700e3, rtol=1e-9)
    np.testing.assert_allclose(state.cold_leaving, 10.0 + 700.0 / 120.0, rtol=1e-9)
    assert state.mode == Mode.FREE and state.chiller_duty == 0.0


def test_required_source_is_the_one_at_which_the_chiller_just_rests():
    needed = economizer.required_source(
        PLATE, entering=20.0, setpoint=13.0, hot_rate=[60e3, 100e3], cold_rate=[120e3, 90e3]
    )
    for step, mode in ((-1e-6, Mode.FREE), (1e-3, Mode.MIXED)):
        state = exchange(source=needed + step, hot_rate=[60e3, 100e3], cold_rate=[120e3, 90e3])
        np.testing.assert_array_equal(state.mode, mode)


@pytest.mark.parametrize("seed", range(5))
def test_energy_balances_and_shares_are_shares(seed):
    rng = np.random.default_rng(seed)
    back, source = rng.uniform(10.0, 40.0, 400), rng.uniform(-5.0, 35.0, 400)
    hot, cold = rng.uniform(0.0, 200e3, 400), rng.uniform(0.0, 200e3, 400)
    state = exchange(
        entering=back, source=source, hot_rate=hot, cold_rate=cold, integrated=rng.random(400) > 0.5
    )
    duty = hot * np.maximum(back - 13.0, 0.0)
    np.testing.assert_allclose(state.heat + state.chiller_duty, duty, atol=1e-6)
    np.testing.assert_allclose(hot * (back - state.chiller_entering), state.heat, atol=1e-4)
    np.testing.assert_allclose(cold * (state.cold_leaving - source), state.heat, atol=1e-4)
    assert np.all((state.free_fraction >= 0.0) & (state.free_fraction <= 1.0))
    ran = state.heat > 0.0
    assert np.all(state.cold_leaving[ran] <= back[ran] + 1e-9)  # second law
    assert np.all(np.isfinite(state.chiller_entering))


def test_parallel_economizer_carries_all_or_nothing():
    state = exchange(source=[9.0, 12.0, 25.0], integrated=False)
    np.testing.assert_array_equal(state.mode, [Mode.FREE, Mode.MECHANICAL, Mode.MECHANICAL])
    integrated = exchange(source=[9.0, 12.0, 25.0])
    np.testing.assert_array_equal(integrated.mode, [Mode.FREE, Mode.MIXED, Mode.MECHANICAL])
    assert state.heat[1] == 0.0 < integrated.heat[1]


def test_large_exchanger_with_much_water_is_the_fixed_approach_of_zero():
    wide = PlateRating(
        hot_entering=20.0, hot_leaving=13.0, cold_entering=12.999, hot_rate=100e3, cold_rate=900e3
    )
    source = np.linspace(5.0, 22.0, 40)
    ours = economizer.exchange(
        wide, entering=20.0, setpoint=13.0, hot_rate=100e3, source=source, cold_rate=900e3
    )
    other = economizer.mode(20.0, 13.0, source, approach=0.0)
    np.testing.assert_allclose(ours.free_fraction, other.free_fraction, atol=1e-3)


def test_rating_out_of_reach_is_refused():
    with pytest.raises(ValueError, match="out of reach"):
        PlateRating(hot_entering=20.0, hot_leaving=11.0, cold_entering=10.0, hot_rate=100e3, cold_rate=50e3)
    with pytest.raises(ValueError, match="hot_entering"):
        PlateRating(hot_entering=10.0, hot_leaving=11.0, cold_entering=9.0, hot_rate=1.0, cold_rate=1.0)

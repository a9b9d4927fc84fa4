"""Number of machines and set points over the hours; the free-cooling coil."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.plant import chiller, free_cooling, reset
from solvers.plant.dry_cooler import DryCoolerRating
from solvers.plant.reset import Reset
from solvers.plant.staging import stage

LOADS = np.array([0.0, 0.4e6, 1.0e6, 1.0000001e6, 2.6e6, 9e6])


def test_as_few_as_carry_the_load_run_and_spare_ones_do_not():
    state = stage(LOADS, capacity=1e6, count=5, spare=1)
    np.testing.assert_array_equal(state.running, [0, 1, 1, 2, 3, 4])
    np.testing.assert_array_equal(state.short, [False] * 5 + [True])
    np.testing.assert_allclose(state.part_load[1:], LOADS[1:] / 1e6 / state.running[1:])


def test_all_run_that_stay_above_least_load_and_flow():
    state = stage(LOADS, capacity=1e6, count=5, spare=1, strategy="all_on", min_part_load=0.3)
    np.testing.assert_array_equal(state.running, [0, 1, 3, 3, 4, 4])
    starved = stage(2.6e6, capacity=1e6, count=5, strategy="all_on", flow=70.0, min_flow=20.0)
    assert starved.running == 3
    # capacity comes before flow, and that is said
    forced = stage(2.6e6, capacity=1e6, count=5, strategy="all_on", flow=30.0, min_flow=20.0)
    assert forced.running == 3 and forced.cycling


def test_below_the_least_load_of_one_it_cycles():
    state = stage([1e5, 3e5], capacity=1e6, count=2, min_part_load=0.2)
    np.testing.assert_array_equal(state.cycling, [True, False])
    np.testing.assert_array_equal(state.running, [1, 1])


def test_best_efficiency_beats_every_other_number():
    rating = chiller.CURVES["york_yk_2771"]
    load = np.linspace(0.2, 4.0, 60) * rating.capacity

    def power(units):
        state = chiller.chill(
            rating, duty=load / units, evaporator_leaving=rating.evaporator_leaving, condenser_entering=18.0
        )
        # a pump of its own for every machine that runs
        return units * (state.power + 15e3)

    capacity = chiller.chill(
        rating, duty=0.0, evaporator_leaving=rating.evaporator_leaving, condenser_entering=18.0
    ).capacity
    best = stage(load, capacity=capacity, count=6, spare=1, strategy="efficiency", power=power)
    least = np.array([power(np.full(60, float(n))) for n in range(1, 6)])
    able = np.arange(1, 6)[:, None] * capacity >= load
    np.testing.assert_allclose(power(best.running.astype(float)), np.where(able, least, np.inf).min(axis=0))
    assert len(set(best.running)) > 2


@pytest.mark.parametrize("seed", range(5))
def test_more_load_never_stops_a_machine(seed):
    rng = np.random.default_rng(seed)
    load = np.sort(rng.uniform(0.0, 8e6, 500))
    for strategy in ("capacity", "all_on"):
        state = stage(load, capacity=9e5, count=9, spare=2, strategy=strategy, min_part_load=0.25)
        assert np.all(np.diff(state.running) >= 0) and state.running.max() <= 7


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"count": 2, "spare": 2}, "leaves no machine"),
        ({"strategy": "efficiency"}, "needs power"),
        ({"capacity": 0.0}, "capacity"),
        ({"min_part_load": 2.0}, "min_part_load"),
    ],
)
def test_staging_that_cannot_be_is_refused(changes, match):
    with pytest.raises(ValueError, match=match):
        stage(1e6, **{"capacity": 1e6, "count": 3, **changes})


def test_reset_is_straight_between_points_and_held_beyond():
    shape = Reset((0.0, 10.0, 20.0), (30.0, 25.0, 24.0))
    np.testing.assert_allclose(shape([-5.0, 5.0, 15.0, 40.0]), [30.0, 27.5, 24.5, 24.0])
    with pytest.raises(ValueError, match="rise"):
        Reset((1.0, 1.0), (2.0, 3.0))
    with pytest.raises(ValueError, match="as many"):
        Reset((1.0,), (2.0, 3.0))


def test_condenser_water_follows_the_wet_bulb_between_its_bounds():
    np.testing.assert_allclose(reset.condenser_water([-10.0, 20.0, 29.0]), [18.0, 24.0, 30.0])
    np.testing.assert_allclose(
        reset.warm_water([0.0, 20.0, 40.0], floor=20.0, ceiling=32.0), [20.0, 28.0, 32.0]
    )
    np.testing.assert_allclose(reset.WARM_WATER_BY_LOAD([0.2, 0.75, 1.0]), [40.0, 36.0, 32.0])
    with pytest.raises(ValueError, match="floor"):
        reset.tracking(20.0, approach=4.0, floor=30.0, ceiling=20.0)


COIL = DryCoolerRating(
    duty=80e3,
    air_entering=5.0,
    coolant_entering=18.0,
    coolant_leaving=12.0,
    fan_power=4e3,
    air_flow=12.0,
)


def free(**changes):
    made = {
        "duty": 80e3,
        "coolant_flow": 80e3 / 6.0 / 4186.0,
        "coolant_capacity": 4186.0,
        "evaporator_leaving": 12.0,
        "dry_bulb": np.linspace(-10.0, 35.0, 91),
        "pressure": 101325.0,
    }
    return free_cooling.run(chiller.CURVES["york_ycal"], COIL, **{**made, **changes})


def test_free_cooling_coil_gives_way_to_the_compressors_as_it_warms():
    state = free()
    assert state.free_fraction[0] == 1.0 and state.free_fraction[-1] == 0.0
    assert np.all(np.diff(state.free_fraction) <= 1e-12)
    np.testing.assert_allclose(state.coil.heat + state.chiller.heat, 80e3, rtol=1e-9)
    assert np.all(state.chiller.power[state.free_fraction == 1.0] == 0.0)
    assert np.all(state.coil.power[np.linspace(-10.0, 35.0, 91) > 18.0] == 0.0)


def test_free_cooling_coil_alone_holds_its_rating_point():
    state = free(dry_bulb=5.0)
    assert state.free_fraction == pytest.approx(1.0, abs=1e-6)
    np.testing.assert_allclose(state.power, 4e3, rtol=1e-3)


def test_free_cooling_coil_beside_a_water_cooled_machine_is_refused():
    with pytest.raises(ValueError, match="air-cooled"):
        free_cooling.run(
            chiller.CARRIER_19XR,
            COIL,
            duty=1.0,
            coolant_flow=1.0,
            coolant_capacity=4186.0,
            evaporator_leaving=12.0,
            dry_bulb=5.0,
            pressure=101325.0,
        )

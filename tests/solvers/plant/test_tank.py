"""The stratified tank against plug flow, energy, and what water does when it lies wrong."""

import numpy as np
import pytest

from solvers.plant.tank import Tank, discharge, move, operate, turn_over, usable

STILL = dict(conductivity=0.0, wall_conductance=0.0)


def content(tank, layers):
    return layers.sum(axis=1) * tank.layer_capacity


def test_whole_layers_pass_without_mixing():
    tank = Tank(30.0, 5.0, layers=30, **STILL)
    moved = move(tank, np.full((1, 30), 10.0), 10 * tank.layer_mass / 100.0, 20.0, 100.0)
    np.testing.assert_allclose(moved.temperature[0], [10.0] * 20 + [20.0] * 10, rtol=1e-12)
    np.testing.assert_allclose(moved.outlet, 10.0)


def test_a_tank_holds_its_supply_for_its_mass_over_the_flow():
    tank = Tank(100.0, 8.0, layers=40, **STILL)
    power = np.array([1e6, 2e6, 4e6])
    held = discharge(tank, np.full((3, 40), 20.0), power, 10.0, 24.0)
    np.testing.assert_allclose(held, 100.0 * tank.density * tank.heat_capacity * 10.0 / power, rtol=1e-12)


def test_a_hundred_cubic_metres_at_ten_kelvin_ride_through_35_minutes_at_2_mw():
    held = discharge(Tank(100.0, 8.0), np.full((1, 30), 20.0), 2e6, 10.0, 24.0)
    assert held[0] / 60.0 == pytest.approx(35.0, abs=0.5)  # as printed in the notes


def test_a_tank_without_load_holds_for_ever_and_a_warm_one_not_at_all():
    held = discharge(Tank(10.0, 3.0), np.array([[20.0] * 30, [30.0] * 30]), [0.0, 1e5], 10.0, 24.0)
    assert np.isinf(held[0])
    assert held[1] == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_energy_is_conserved_whatever_flows(seed):
    rng = np.random.default_rng(seed)
    tank = Tank(50.0, 6.0, layers=25, conductivity=2.0, wall_conductance=60.0)
    layers = np.sort(rng.uniform(5, 25, (6, 25)), axis=1)
    flow, inlet = rng.uniform(-20, 20, 6), rng.uniform(0, 40, 6)
    moved = move(tank, layers, flow, inlet, 900.0, ambient=rng.uniform(0, 35, 6))
    came = np.abs(flow) * 900.0 * tank.heat_capacity * (inlet - moved.outlet) - moved.lost
    np.testing.assert_allclose(content(tank, moved.temperature - layers), came, rtol=1e-9, atol=1.0)
    assert (np.diff(moved.temperature, axis=1) >= -1e-9).all()


def test_a_standing_tank_relaxes_to_the_room_with_its_time_constant():
    tank = Tank(10.0, 4.0, layers=20, wall_conductance=100.0)
    layers, hours = np.full((1, 20), 10.0), 200
    for _ in range(hours):
        layers = move(tank, layers, 0.0, 0.0, 3600.0, ambient=30.0).temperature
    tau = 20 * tank.layer_capacity / 100.0
    factor = (1.0 + 3600.0 / tau) ** -hours  # implicit Euler of the closed form exp(-t/tau)
    np.testing.assert_allclose(layers, 30.0 - 20.0 * factor, rtol=1e-10)


def test_conduction_alone_keeps_the_mean_and_levels_the_layers():
    tank = Tank(10.0, 4.0, layers=20, conductivity=50.0)
    start = np.linspace(5.0, 25.0, 20)[None]
    layers = start
    for _ in range(2000):
        layers = move(tank, layers, 0.0, 0.0, 36000.0).temperature
    np.testing.assert_allclose(layers, 15.0, atol=1e-6)


def test_water_that_lies_wrong_mixes_as_neighbours_would():
    layers = np.array([[10.0, 12.0, 9.0, 15.0, 14.0, 20.0], [30.0, 20.0, 10.0, 10.0, 5.0, 0.0]])
    expected = [[10.0, 10.5, 10.5, 14.5, 14.5, 20.0], [12.5] * 6]
    np.testing.assert_allclose(turn_over(layers), expected, rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_turning_over_equals_pooling_of_neighbours_until_none_lies_wrong(seed):
    given = np.random.default_rng(seed).uniform(0, 30, (4, 12))
    for row, mixed in zip(given, turn_over(given), strict=True):
        pools = []
        for value in row:
            pools.append([value, 1])
            while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
                (b, m), (a, n) = pools.pop(), pools.pop()
                pools.append([(a * n + b * m) / (n + m), n + m])
        np.testing.assert_allclose(mixed, np.repeat(*zip(*pools, strict=True)), rtol=1e-12)


def test_usable_energy_counts_what_lies_within_the_limit_on_either_side():
    tank = Tank(4.0, 2.0, layers=4)
    layers = [[10.0, 12.0, 18.0, 20.0]]
    assert usable(tank, layers, 14.0, 20.0)[0] == pytest.approx(18.0 * tank.layer_capacity)
    assert usable(tank, layers, 17.0, 10.0, side="above")[0] == pytest.approx(18.0 * tank.layer_capacity)


def test_a_day_of_charging_at_night_returns_by_day_what_was_stored():
    tank = Tank(200.0, 10.0, **STILL)
    day = np.r_[np.zeros(12), np.full(12, 150e3)]
    spare = np.r_[np.full(12, 200e3), np.zeros(12)]
    hours = operate(
        tank, np.full((1, 30), 20.0), np.tile(day, 5), np.tile(spare, 5),
        charged_at=10.0, returned_at=20.0, limit=13.0,
    )  # fmt: skip
    assert hours.energy_error[0] < 1e-10
    last = hours.discharged[0, -12:].sum()
    assert last == pytest.approx(12 * 150e3, rel=0.02)  # the thermocline is about a layer of 30
    assert last == pytest.approx(hours.charged[0, -24:].sum(), rel=0.01)
    assert hours.supply[0, -12:].max() <= 13.5


def test_the_store_gives_no_more_than_lies_below_the_limit():
    tank = Tank(20.0, 4.0, **STILL)
    hours = operate(
        tank, np.full((1, 30), 10.0), np.full((1, 5), 1e6), 0.0, charged_at=10.0, returned_at=20.0, limit=13.0
    )
    assert hours.discharged.sum() * 3600.0 == pytest.approx(30 * tank.layer_capacity * 10.0, rel=1e-9)


def test_nonsense_is_refused_by_name():
    with pytest.raises(ValueError, match="volume"):
        Tank(0.0, 1.0)
    with pytest.raises(ValueError, match=r"rise\[1\]"):
        discharge(Tank(1.0, 1.0), np.full((2, 30), 10.0), 1e3, [5.0, 0.0], 20.0)

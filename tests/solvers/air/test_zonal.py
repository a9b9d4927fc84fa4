"""The zonal hall against closed forms, conservation and monotony."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solvers.air import zonal
from solvers.psychrometrics import dew_point, heat_capacity, relative_humidity
from solvers.status import SolveError, Status

CP = float(heat_capacity(0.008))


def random_hall(seed: int, *, scenarios: int = 4, **changes) -> zonal.Problem:
    """A hall of equal units that can always remove its heat."""
    rng = np.random.default_rng(seed)
    racks, zones, units = rng.integers(3, 30), rng.integers(1, 5), rng.integers(2, 7)
    flow = rng.uniform(0.2, 3.0, (scenarios, racks))
    made = {
        "rack_zone": rng.integers(0, zones, racks),
        "rack_flow": flow,
        "rack_heat": rng.uniform(0.0, 20e3, (scenarios, racks)),
        "rack_exposure": rng.uniform(0.2, 3.0, racks),
        "zone_bypass": rng.uniform(0.0, 0.4, zones),
        "zone_recirculation": rng.uniform(0.0, 0.5, zones),
        "zone_hot_aisle": rng.uniform(0.0, 1.0, zones),
        "room_heat": rng.uniform(0.0, 30e3, scenarios),
        "unit_flow": np.repeat(flow.sum(axis=1)[:, None] * rng.uniform(0.5, 2.0) / units, units, axis=1),
        "unit_setpoint": np.full(units, 22.0),
        "unit_effectiveness": 0.7,
        "unit_coolant": 15.0,
    }
    return zonal.Problem(**{**made, **changes})


def one_rack(recirculation: float = 0.0, **changes) -> zonal.Problem:
    made = {
        "rack_zone": [0],
        "rack_flow": [[1.0]],
        "rack_heat": [[10e3]],
        "zone_bypass": [0.0],
        "zone_recirculation": [recirculation],
        "unit_flow": [[1.0]],
        "unit_setpoint": [20.0],
    }
    return zonal.Problem(**{**made, **changes})


def test_perfect_containment_gives_every_inlet_the_supply():
    hall = random_hall(1, zone_bypass=np.zeros(4), zone_recirculation=np.zeros(4), rack_zone=[0, 1, 2, 3])
    racks = np.asarray(hall.rack_flow)[:, :4]
    hall = replace(
        hall,
        rack_flow=racks,
        rack_heat=np.asarray(hall.rack_heat)[:, :4],
        rack_exposure=1.0,
        zone_hot_aisle=1.0,
        unit_flow=np.repeat(racks.sum(axis=1)[:, None] / 2.0, 3, axis=1),
        unit_setpoint=[22.0] * 3,
    )
    solution = zonal.solve(hall)
    assert solution.status.ok
    np.testing.assert_allclose(solution.rack_inlet, solution.supply[:, None] + np.zeros((1, 4)), atol=1e-9)


def test_one_rack_recirculating_its_own_exhaust_follows_the_geometric_series():
    r, rise = 0.2, 10e3 / CP
    solution = zonal.solve(one_rack(r))
    np.testing.assert_allclose(solution.rack_inlet, 20.0 + r / (1.0 - r) * rise, rtol=1e-12)
    np.testing.assert_allclose(solution.room, 20.0 + rise, rtol=1e-12)  # return does not see recirculation
    np.testing.assert_allclose(solution.bypass, r, rtol=1e-12)  # what the rack did not take


def test_recirculation_of_room_air_is_milder_than_of_the_own_hot_aisle():
    r, rise = 0.2, 10e3 / CP
    solution = zonal.solve(one_rack(r, zone_hot_aisle=[0.0]))
    np.testing.assert_allclose(solution.rack_inlet, 20.0 + r * rise, rtol=1e-12)


def test_short_supply_forces_recirculation():
    solution = zonal.solve(one_rack(0.05, unit_flow=[[0.6]], zone_bypass=[0.1]))
    np.testing.assert_allclose(solution.recirculation, 1.0 - 0.6 * 0.9, rtol=1e-12)
    np.testing.assert_allclose(solution.room - solution.supply, 10e3 / (0.6 * CP), rtol=1e-9)


def test_exposed_racks_go_short_first():
    hall = zonal.Problem(
        rack_zone=[0, 0, 0],
        rack_flow=[[1.0, 1.0, 1.0]],
        rack_heat=[[5e3] * 3],
        rack_exposure=[0.0, 1.0, 4.0],
        zone_bypass=[0.0],
        zone_recirculation=[0.0],
        unit_flow=[[2.0]],
        unit_setpoint=[20.0],
    )
    # one kg/s is missing: 4x saturates at 1 when x = 1/4, but 5x = 1 is met before, at x = 0.2
    np.testing.assert_allclose(zonal.solve(hall).recirculation, [[0.0, 0.2, 0.8]], atol=1e-12)
    scarce = zonal.solve(replace(hall, unit_flow=[[0.5]])).recirculation
    np.testing.assert_allclose(scarce, [[0.5, 1.0, 1.0]], atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_heat_and_air_balance_on_random_halls(seed):
    hall = random_hall(seed)
    solution = zonal.solve(hall)
    assert solution.status is Status.CONVERGED
    heat = np.asarray(hall.rack_heat).sum(axis=1) + np.asarray(hall.room_heat)
    np.testing.assert_allclose(solution.unit_heat.sum(axis=1), heat, rtol=1e-9)
    assert np.max(np.abs(solution.energy_error)) < 1e-9
    assert np.all((solution.recirculation >= 0.0) & (solution.recirculation <= 1.0))
    supply = np.asarray(hall.unit_flow).sum(axis=1)
    fresh = (np.asarray(hall.rack_flow) * (1.0 - solution.recirculation)).sum(axis=1)
    np.testing.assert_allclose(fresh, supply * (1.0 - solution.bypass), rtol=1e-12)
    assert np.all(solution.bypass >= -1e-12)
    rise = np.asarray(hall.rack_heat) / (np.asarray(hall.rack_flow) * CP)
    np.testing.assert_allclose(solution.rack_outlet - solution.rack_inlet, rise, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_more_leakage_never_lowers_an_inlet(seed):
    hall = random_hall(seed)
    before = zonal.solve(hall).rack_inlet
    for name in ("zone_recirculation", "zone_bypass"):
        worse = replace(hall, **{name: np.minimum(np.asarray(getattr(hall, name)) * 1.5 + 0.02, 0.95)})
        assert np.all(zonal.solve(worse).rack_inlet >= before - 1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_losing_one_of_equal_units_never_lowers_an_inlet(seed):
    hall = random_hall(seed)
    units = np.asarray(hall.unit_flow).shape[1]
    live = np.ones((4, units), bool)
    live[:, 0] = False
    assert np.all(
        zonal.solve(replace(hall, unit_live=live)).rack_inlet >= zonal.solve(hall).rack_inlet - 1e-9
    )


@pytest.mark.parametrize("seed", range(10))
def test_unequal_units_obey_their_own_law_and_close_the_balance(seed):
    rng = np.random.default_rng(seed)
    hall = random_hall(seed)
    shape = np.asarray(hall.unit_flow).shape
    heat = np.asarray(hall.rack_heat).sum(axis=1) + np.asarray(hall.room_heat)
    setpoint, coolant = rng.uniform(16.0, 30.0, shape[1]), rng.uniform(5.0, 25.0, shape)
    eps = rng.uniform(0.2, 0.9, shape)
    capacity = heat[:, None] * rng.uniform(1.0, 3.0, shape) / shape[1]
    live = rng.random(shape) > 0.2
    live[:, 0] = True
    capacity[:, 0] = heat
    made = replace(
        hall,
        unit_setpoint=setpoint,
        unit_coolant=coolant,
        unit_effectiveness=eps,
        unit_capacity=capacity,
        unit_live=live,
    )
    solution = zonal.solve(made)
    assert solution.status.ok
    back = solution.unit_return[:, None]
    mass = np.asarray(hall.unit_flow) * CP
    law = np.maximum(np.maximum(setpoint, back - eps * (back - coolant)), back - capacity / mass)
    np.testing.assert_allclose(
        solution.unit_supply, np.where(live, np.minimum(law, back), 0.0), rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(solution.unit_heat.sum(axis=1), heat, rtol=1e-9)
    np.testing.assert_array_equal(solution.unit_saturated, live & (solution.unit_supply > setpoint + 1e-6))


def test_a_coil_short_of_coolant_lets_the_supply_rise_by_its_effectiveness():
    # 10 kW through 1 kg/s: T_ret - T_sup = 10 kW / cp = eps (T_ret - T_coolant)
    solution = zonal.solve(one_rack(unit_effectiveness=0.5, unit_coolant=18.0))
    np.testing.assert_allclose(solution.room, 18.0 + 10e3 / CP / 0.5, rtol=1e-10)
    assert solution.unit_saturated.all()


def test_rear_door_takes_its_heat_before_the_hall_sees_it():
    solution = zonal.solve(one_rack(rack_cooling=[[6e3]]))
    np.testing.assert_allclose(solution.unit_heat, [[4e3]], rtol=1e-10)
    np.testing.assert_allclose(solution.rack_outlet - solution.rack_inlet, 4e3 / CP, rtol=1e-10)


def test_no_unit_running_is_infeasible_and_finite():
    solution = zonal.solve(one_rack(unit_live=[[True], [False]]))
    assert solution.status is Status.INFEASIBLE
    np.testing.assert_array_equal(solution.scenario_ok, [True, False])
    np.testing.assert_allclose(solution.rack_inlet, [[20.0], [zonal.CEILING]])
    with pytest.raises(SolveError):
        zonal.solve(one_rack(unit_live=[[False]]), raise_on_failure=True)


def test_too_little_capacity_is_infeasible_and_the_units_run_flat_out():
    solution = zonal.solve(one_rack(unit_capacity=[[9e3]]))
    assert solution.status is Status.INFEASIBLE
    np.testing.assert_allclose(solution.unit_heat, [[9e3]])
    assert solution.energy_error[0] == pytest.approx(-0.1)


def test_dead_racks_empty_zones_and_no_heat_are_answered():
    hall = zonal.Problem(
        rack_zone=[0, 0],
        rack_flow=[[0.0, 0.0], [1.0, 0.0], [1.0, 0.0]],
        rack_heat=[[0.0, 0.0], [0.0, 0.0], [1e3, 500.0]],
        zone_bypass=[0.1, 0.1],
        zone_recirculation=[0.1, 0.1],
        unit_flow=[[2.0, 2.0]],
        unit_setpoint=[22.0, 24.0],
    )
    solution = zonal.solve(hall)
    np.testing.assert_array_equal(solution.scenario_ok, [True, True, False])
    assert solution.rack_outlet[2, 1] == zonal.CEILING  # load without air has no steady state
    for field in ("rack_inlet", "rack_outlet", "zone_hot", "zone_cold", "room", "rack_relative_humidity"):
        assert np.all(np.isfinite(getattr(solution, field)))
    np.testing.assert_allclose(solution.rack_inlet[:2], 22.0)


def test_more_door_cooling_than_heat_is_infeasible_not_heating():
    solution = zonal.solve(one_rack(rack_cooling=[[12e3]]))
    assert solution.status is Status.INFEASIBLE
    assert np.all(solution.unit_heat == 0.0)


def test_a_hall_without_units_or_without_racks_is_answered():
    bare = one_rack(unit_flow=np.zeros((1, 0)), unit_setpoint=np.zeros(0))
    assert zonal.solve(bare).status is Status.INFEASIBLE
    assert zonal.solve(replace(bare, rack_heat=[[0.0]])).status.ok
    empty = one_rack(rack_zone=np.zeros(0, int), rack_flow=np.zeros((1, 0)), rack_heat=np.zeros((1, 0)))
    solution = zonal.solve(replace(empty, room_heat=2e3))
    np.testing.assert_allclose(solution.room, 20.0 + 2e3 / CP)
    np.testing.assert_allclose(solution.bypass, 1.0)


def test_a_zone_without_any_fresh_air_is_infeasible_but_leaves_the_others_alone():
    hall = zonal.Problem(
        rack_zone=[0, 1],
        rack_flow=[[1.0, 1.0]],
        rack_heat=[[5e3, 5e3]],
        zone_bypass=[0.0, 0.0],
        zone_recirculation=[0.0, 0.0],
        zone_share=[1.0, 0.0],
        unit_flow=[[2.0]],
        unit_setpoint=[20.0],
    )
    solution = zonal.solve(hall)
    assert solution.status is Status.INFEASIBLE
    np.testing.assert_allclose(solution.rack_inlet, [[20.0, zonal.CEILING]])


def test_humidity_at_the_inlet_is_that_of_the_supply_at_the_inlets_temperature():
    solution = zonal.solve(one_rack(0.3, humidity_ratio=0.009, pressure=95e3))
    warmer = relative_humidity(solution.rack_inlet, 0.009, 95e3)
    np.testing.assert_allclose(solution.rack_relative_humidity, warmer, rtol=1e-12)
    np.testing.assert_allclose(solution.dew_point, dew_point(0.009, 95e3), rtol=1e-12)
    assert np.all(solution.rack_relative_humidity < relative_humidity(solution.supply, 0.009, 95e3))


def test_scenarios_do_not_see_each_other():
    hall = random_hall(5)
    together = zonal.solve(hall).rack_inlet
    for s in range(4):
        alone = replace(
            hall,
            rack_flow=np.asarray(hall.rack_flow)[s : s + 1],
            rack_heat=np.asarray(hall.rack_heat)[s : s + 1],
            room_heat=np.asarray(hall.room_heat)[s : s + 1],
            unit_flow=np.asarray(hall.unit_flow)[s : s + 1],
        )
        np.testing.assert_allclose(zonal.solve(alone).rack_inlet[0], together[s], rtol=1e-11)


def test_impossible_input_is_refused():
    with pytest.raises(ValueError, match="zone_bypass"):
        one_rack(zone_bypass=[1.2])
    with pytest.raises(ValueError, match="rack_zone"):
        one_rack(rack_zone=[3])
    with pytest.raises(ValueError, match="not a number"):
        one_rack(rack_heat=[[np.nan]])


def test_better_containment_leaks_less():
    kinds = [zonal.leakage(kind) for kind in ("none", "cold", "hot", "chimney")]
    assert kinds == sorted(kinds, reverse=True)
    assert zonal.leakage("hot", "raised")[0] > zonal.leakage("hot")[0]
    with pytest.raises(ValueError, match="chimney"):
        zonal.leakage("tent")

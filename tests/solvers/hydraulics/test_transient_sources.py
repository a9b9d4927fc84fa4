"""Throttling, tripping, plants that come and go, reversed flow, and what is refused."""

import numpy as np
import pytest

from solvers.hydraulics.transient import Problem, solve
from solvers.hydraulics.transient_forms import (
    RUN_DOWN_END,
    coast_down,
    coast_down_signal,
    inertia,
    restart,
    run_down_time,
)


def lump(**change):
    """50 kW into 100 kJ/K: half a kelvin a second from 40 degC."""
    given = dict(node_capacity=[100e3], node_initial=40.0, source_node=[0], source_heat=50e3, watch_node=[0])
    return Problem(**(given | change))


def test_a_trip_stops_the_heat_at_its_limit_and_is_dated():
    found = solve(lump(source_trip=60.0), 100.0)
    assert found.trip_time[0, 0] == pytest.approx(40.0, rel=1e-9)
    assert found.final_temperature[0, 0] == pytest.approx(60.0, rel=1e-9)
    assert found.source_energy[0, 0] == pytest.approx(2e6, rel=1e-9)
    assert found.withheld_energy[0, 0] == pytest.approx(3e6, rel=1e-9)


def test_linear_throttling_approaches_where_power_meets_cooling():
    """Cooling 2 kW/K above 40 degC: 50 kW (1 - 0.1 (T - 55)) = 2 kW (T - 40) at T = 57.857."""
    found = solve(
        lump(
            node_capacity=[100e3, 1.0], node_fixed=[False, True], conductance_from=[0], conductance_to=[1],
            conductance=2e3, source_throttle=55.0, source_throttle_end=65.0, source_fraction=0.0,
        ),
        2000.0,
    )  # fmt: skip
    assert found.final_temperature[0, 0] == pytest.approx(405.0 / 7.0, abs=1e-6)
    assert found.steady.all()


def test_a_source_throttled_by_another_node_settles_too():
    """The same by the temperature of a node that follows the heated one closely."""
    found = solve(
        Problem(
            [100e3, 100.0, 1.0], [40.0, 40.0, 40.0], [False, False, True],
            conductance_from=[0, 0], conductance_to=[2, 1], conductance=[2e3, 1e3],
            source_node=[0], source_heat=50e3, source_watch=[1],
            source_throttle=55.0, source_throttle_end=65.0, source_fraction=0.0,
        ),
        2000.0,
    )  # fmt: skip
    assert found.status.ok
    assert found.final_temperature[0, 0] == pytest.approx(405.0 / 7.0, abs=1e-3)


def test_stepping_down_has_hysteresis():
    """Falls to 20 % at 60 degC, cools to 50, comes back: a saw between the two limits."""
    times = np.arange(0.0, 600.0, 0.5)
    found = solve(
        lump(
            node_capacity=[100e3, 1.0], node_fixed=[False, True], conductance_from=[0], conductance_to=[1],
            conductance=1e3, source_throttle=60.0, source_throttle_end=50.0, source_fraction=0.0,
        ),
        600.0, times=times, record=[0],
    )  # fmt: skip
    late = found.series[0, times > 100.0, 0]
    assert late.max() == pytest.approx(60.0, abs=0.5)  # a switch may be one event step late
    assert late.min() == pytest.approx(50.0, abs=0.5)
    # rise 50..60 towards 90 with tau 100 s, fall 60..50 towards 40
    period = 100.0 * (np.log(40.0 / 30.0) + np.log(20.0 / 10.0))
    tops = times[1:-1][
        (found.series[0, 1:-1, 0] > found.series[0, :-2, 0])
        & (found.series[0, 1:-1, 0] >= found.series[0, 2:, 0])
    ]
    assert np.diff(tops).mean() == pytest.approx(period, rel=0.02)


def plant(**change):
    """A heated loop of two volumes with a plant between them that is away from 10 s to 40 s."""
    given = dict(
        node_capacity=[200e3, 200e3], node_initial=[30.0, 35.0], link_from=[0, 1], link_to=[1, 0], link_rate=10e3,
        exchanger_hot=[1], exchanger_setpoint=30.0, exchanger_signal=0, source_node=[1], source_heat=50e3,
        watch_node=[0], watch_limit=32.0, signal_time=[10.0, 10.0, 40.0, 60.0], signal_value=[[1], [0], [0], [1]],
    )  # fmt: skip
    return Problem(**(given | change))


def test_a_plant_at_its_set_point_leaves_the_loop_as_it_was_until_it_stops():
    found = solve(plant(), 400.0, times=[9.0, 400.0])
    np.testing.assert_allclose(found.series[0, 0], [30.0, 35.0], rtol=1e-9)
    np.testing.assert_allclose(found.series[0, 1], [30.0, 35.0], atol=1e-4)
    assert 10.0 < found.limit_time[0, 0, 0] < 40.0


def test_a_plant_of_limited_capacity_recovers_later_the_smaller_it_is():
    found = solve(plant(exchanger_capacity=[[60e3], [100e3], [1e9]]), 400.0, times=[100.0], record=[0])
    assert found.series[0, 0, 0] > found.series[1, 0, 0] > found.series[2, 0, 0] - 1e-9
    assert (found.exchanger_energy <= np.array([[60e3], [100e3], [1e9]]) * 400.0).all()


def test_a_dry_cooler_is_an_exchanger_with_outdoor_air():
    """Steady: duty = gain (T_hot - T_air), gain of a stream against a constant temperature."""
    rate, ua = 10e3, 15e3
    found = solve(
        Problem(
            [1e5, 1e5, 1.0], [40.0, 40.0, 35.0], [False, False, True], link_from=[0, 1], link_to=[1, 0],
            link_rate=rate, exchanger_hot=[1], exchanger_sink=[2], exchanger_conductance=ua, source_node=[1],
            source_heat=60e3,
        ),
        2000.0,
    )  # fmt: skip
    hot = 35.0 + 60e3 / (rate * (1.0 - np.exp(-ua / rate)))
    np.testing.assert_allclose(found.final_temperature[0, :2], [hot - 6.0, hot], rtol=1e-6)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_flow_the_other_way_round_gives_the_mirror_image(side):
    ring = dict(
        node_capacity=[1e5, 2e5, 3e5], node_initial=[20.0, 30.0, 40.0], source_node=[1], source_heat=1e4,
        exchanger_hot=[2], exchanger_setpoint=25.0,
    )  # fmt: skip
    ends = ([0, 1, 2], [1, 2, 0]) if side > 0 else ([1, 2, 0], [0, 1, 2])
    found = solve(Problem(link_from=ends[0], link_to=ends[1], link_rate=side * 5e3, **ring), 300.0)
    again = solve(Problem(link_from=[0, 1, 2], link_to=[1, 2, 0], link_rate=5e3, **ring), 300.0)
    np.testing.assert_allclose(found.final_temperature, again.final_temperature, rtol=1e-12)


def test_flow_that_turns_round_in_time_conserves_energy():
    found = solve(
        Problem(
            [1e5, 2e5, 3e5], [[20.0, 30.0, 40.0]], link_from=[0, 1, 2], link_to=[1, 2, 0], link_rate=5e3,
            link_signal=0, exchanger_hot=[2], exchanger_setpoint=25.0, source_node=[1], source_heat=2e4,
            signal_time=[0.0, 100.0], signal_value=[[1.0], [-1.0]],
        ),
        200.0,
    )  # fmt: skip
    assert found.status.ok and found.energy_error[0] < 1e-12


def test_patterns_blend_two_states_of_flow():
    """Half of each of two patterns is their mean."""
    two = dict(
        node_capacity=[1e4, 1e4, 1e4],
        node_initial=[20.0, 60.0, 40.0],
        link_from=[0, 1, 0, 2],
        link_to=[1, 0, 2, 0],
    )
    mixed = solve(
        Problem(
            link_rate=[[[100.0, 100.0, 0.0, 0.0], [0.0, 0.0, 300.0, 300.0]]], link_signal=[[0] * 4, [1] * 4],
            signal_value=[[0.5, 0.5]], **two,
        ),
        100.0,
    )  # fmt: skip
    mean = solve(Problem(link_rate=[50.0, 50.0, 150.0, 150.0], **two), 100.0)
    np.testing.assert_allclose(mixed.final_temperature, mean.final_temperature, rtol=1e-12)


def test_a_jump_acts_at_its_time():
    found = solve(
        lump(source_signal=0, signal_time=[0.0, 30.0, 30.0, 31.0], signal_value=[[0], [0], [1], [1]]),
        50.0,
        times=[30.0, 50.0],
    )
    np.testing.assert_allclose(found.series[0, :, 0], [40.0, 50.0], rtol=1e-9)


def test_a_pump_runs_down_as_its_inertia_says():
    speed = 2 * np.pi * 1480 / 60
    half = run_down_time(0.9, speed, 37e3)
    assert coast_down(half, half) == 0.5
    assert coast_down(-1.0, half) == 1.0 and coast_down(1e6, half) == 0.0
    # I dw/dt = -P/w, P = P0 n^3
    time = np.linspace(0.0, 5.0, 50_001)
    n = coast_down(time, half)
    torque = 0.9 * speed * np.gradient(n, time, edge_order=2)
    np.testing.assert_allclose(torque, -37e3 / speed * n**2, rtol=1e-6)
    assert 0.3 < inertia(37e3, speed) < 3.0


def test_the_table_of_a_run_down_is_as_close_as_it_says():
    time, value = coast_down_signal(2.0, lost_at=5.0)
    fine = np.linspace(5.0, time[-2], 10_001)[:-1]
    ratio = RUN_DOWN_END ** (-1.0 / 11.0)
    over = np.interp(fine, time, value) / coast_down(fine, 2.0, lost_at=5.0) - 1.0
    assert over.min() > -1e-9
    assert over.max() <= (ratio - 1.0) ** 2 / (4.0 * ratio) * 1.0001


def test_a_restart_is_a_ramp():
    np.testing.assert_allclose(restart([0.0, 120.0, 150.0, 400.0], 120.0, 60.0), [0.0, 0.0, 0.5, 1.0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(node_capacity=[0.0]), r"node_capacity\[0, 0\] must be finite and > 0"),
        (dict(source_node=[3]), r"source_node\[0\] is 3, outside 0..0"),
        (dict(source_heat=[[np.nan]]), r"source_heat\[0, 0\] must be finite"),
        (dict(source_fraction=1.5), r"source_fraction\[0, 0\] must be within"),
        (dict(source_signal=0), r"source_signal\[0\] is 0, outside -1..-1"),
        (dict(signal_time=[1.0, 0.0], signal_value=[[1.0], [1.0]]), r"signal_time\[0, 1\] is before"),
        (
            dict(node_initial=[[1.0], [2.0]], source_heat=[[1.0], [2.0], [3.0]]),
            "numbers of scenarios disagree",
        ),
        (dict(watch_limit=[[1.0], [2.0]]), "watch_limit: 2 rows, expected 1"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        solve(lump(**change), 10.0)


def test_flow_that_is_not_conserved_is_refused_with_node_and_scenario():
    with pytest.raises(ValueError, match=r"scenario 1, pattern 0: .* enter node 0 than leave it"):
        solve(plant(link_rate=[[1e4, 1e4], [1e4, 2e4]]), 10.0)


def test_an_exchanger_that_nothing_limits_is_refused():
    with pytest.raises(ValueError, match=r"exchanger_setpoint\[0\]: nothing limits"):
        solve(plant(exchanger_setpoint=-np.inf), 10.0)
    with pytest.raises(ValueError, match="link 1 is a side of two exchangers"):
        solve(plant(exchanger_hot=[1, 1]), 10.0)


def test_times_and_horizon_are_checked():
    with pytest.raises(ValueError, match=r"times\[1\]"):
        solve(lump(), 10.0, times=[5.0, 3.0])
    with pytest.raises(ValueError, match=r"record\[0\]"):
        solve(lump(), 10.0, times=[5.0], record=[4])
    with pytest.raises(ValueError, match="horizon"):
        solve(lump(), np.inf)

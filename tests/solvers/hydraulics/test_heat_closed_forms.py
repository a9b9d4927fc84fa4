"""Mixers, by-passes, three-way valves, losses and dead parts against what can be worked out by hand."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from solvers.fluids import FLUIDS
from solvers.hydraulics.heat import Problem, solve

CP = 4000.0
BOTH = pytest.mark.parametrize("compiled", [False, True])


@BOTH
def test_a_chain_of_mixers_carries_the_running_mean(compiled):
    """Streams of 1 kg/s at k degC join a main one after another: behind the k-th it has (1 + k) / 2 degC."""
    count = 30
    main, side = np.arange(count), count + np.arange(count)
    temperature = np.zeros(2 * count)
    temperature[side] = np.arange(1, count + 1)
    result = solve(
        Problem(
            2 * count,
            np.concatenate([main[:-1], side]),
            np.concatenate([main[1:], main]),
            link_flow=np.concatenate([np.arange(1.0, count), np.ones(count)]),
            link_capacity=CP,
            inflow_temperature=temperature,
        ),
        compiled=compiled,
    )
    np.testing.assert_allclose(
        result.node_temperature[0, main], (1 + np.arange(1, count + 1)) / 2, rtol=1e-12
    )
    assert result.energy_error[0] < 1e-12


@BOTH
def test_racks_in_series_on_a_plant_add_their_rises(compiled):
    heat = np.array([10e3, 25e3, 5e3, 0.0])
    result = solve(
        Problem(
            4, range(4), [1, 2, 3, 0], link_flow=0.8, link_capacity=CP, link_heat=heat,
            link_outlet=27.0, link_outlet_fixed=[False, False, False, True],
        ),
        compiled=compiled,
    )  # fmt: skip
    rises = np.concatenate([[0.0], np.cumsum(heat[:-1])]) / (0.8 * CP)
    np.testing.assert_allclose(result.node_temperature[0], 27.0 + rises, rtol=1e-12)
    assert result.rejected[0, 3] == pytest.approx(40e3, rel=1e-12)


@BOTH
def test_a_three_way_valve_mixes_what_its_flows_say(compiled):
    """A share x of the return passes the plant (20 degC), the rest its by-pass: supply = x 20 + (1 - x) return.

    The rack adds 10 K, so return = 20 + 10 / x.
    """
    share = np.array([1.0, 0.5, 0.2, 0.05])
    flow = np.stack([np.ones(4), share, 1.0 - share], axis=1)
    result = solve(
        Problem(
            2, [0, 1, 1], [1, 0, 0], link_flow=flow, link_capacity=CP, link_heat=[40e3, 0.0, 0.0],
            link_outlet=20.0, link_outlet_fixed=[False, True, False],
        ),
        compiled=compiled,
    )  # fmt: skip
    np.testing.assert_allclose(result.node_temperature[:, 1], 20.0 + 10.0 / share, rtol=1e-12)
    np.testing.assert_allclose(result.node_temperature[:, 0], 10.0 + 10.0 / share, rtol=1e-12)
    np.testing.assert_allclose(result.rejected[:, 1], 40e3, rtol=1e-12)


@BOTH
def test_a_by_pass_on_the_hot_side_holds_the_set_point_like_a_valve_on_the_cold_side(compiled):
    """Hot 3 kg/s at 50 degC, cold 2 kg/s at 20 degC; the by-pass is laid as a link and its flow sought."""

    def with_bypass(passing):
        flow = [3.0, passing, 3.0 - passing, 3.0, 2.0]
        return solve(
            Problem(
                6, [0, 1, 1, 2, 4], [1, 2, 2, 3, 5], link_flow=flow, link_capacity=CP,
                inflow_temperature=[50.0, 0, 0, 0, 20.0, 0], exchanger_hot=[1], exchanger_cold=[4],
                exchanger_conductance=9000.0,
            ),
            compiled=compiled,
        )  # fmt: skip

    setpoint = np.array([[44.0], [40.0], [20.0]])
    held = solve(
        Problem(
            4, [0, 2], [1, 3], link_flow=[3.0, 2.0], link_capacity=CP,
            inflow_temperature=[50.0, 0, 20.0, 0], exchanger_hot=[0], exchanger_cold=[1],
            exchanger_conductance=9000.0, exchanger_setpoint=setpoint,
        ),
        compiled=compiled,
    )  # fmt: skip
    for row in (0, 1):
        passing = brentq(
            lambda x, target=setpoint[row, 0]: with_bypass(x).node_temperature[0, 3] - target, 1e-3, 3.0
        )
        laid = with_bypass(passing)
        # the root is found to 1e-12 kg/s, which moves temperatures by less than 1e-9 K
        np.testing.assert_allclose(laid.node_temperature[0, 3], held.node_temperature[row, 1], atol=1e-9)
        np.testing.assert_allclose(laid.node_temperature[0, 5], held.node_temperature[row, 3], atol=1e-9)
    full = with_bypass(3.0)
    np.testing.assert_array_equal(held.exchanger_limited[:, 0], [False, False, True])
    assert held.exchanger_duty[2, 0] == pytest.approx(full.exchanger_duty[0, 0], rel=1e-12)


@BOTH
def test_losses_and_gains_of_pipes_are_in_the_balance(compiled):
    """Plant 30 degC, rack 40 kW, pipes that lose to a room at 15 degC or gain from one at 60 degC."""
    result = solve(
        Problem(
            3, range(3), [1, 2, 0], link_flow=1.0, link_capacity=CP, link_heat=[0.0, 40e3, 0.0],
            link_conductance=[200.0, 0.0, 100.0], ambient=[15.0, 60.0], link_outlet=30.0,
            link_outlet_fixed=[False, False, True],
        ),
        compiled=compiled,
    )  # fmt: skip
    ambient = np.array([15.0, 60.0])
    arriving = ambient + (30.0 - ambient) * np.exp(-200.0 / CP)
    back = ambient + (arriving + 10.0 - ambient) * np.exp(-100.0 / CP)
    np.testing.assert_allclose(result.node_temperature[:, 1], arriving, rtol=1e-12)
    np.testing.assert_allclose(result.rejected[:, 2], CP * (back - 30.0), rtol=1e-11)
    lost = CP * (30.0 - arriving) + CP * (arriving + 10.0 - back)
    np.testing.assert_allclose(40e3 - lost, result.rejected[:, 2], rtol=1e-11)
    assert result.energy_error.max() < 1e-12


@BOTH
def test_parts_without_connection_do_not_touch_each_other(compiled):
    """Two loops in one problem, the second without flow, then without heat, then both as usual."""
    flow = np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]])
    heat = np.array([[40e3, 0, 7e3, 0], [40e3, 0, 0, 0], [40e3, 0, 80e3, 0]])
    result = solve(
        Problem(
            4, range(4), [1, 0, 3, 2], link_flow=flow, link_capacity=CP, link_heat=heat, link_outlet=25.0,
            link_outlet_fixed=[False, True, False, True], initial=18.0,
        ),
        compiled=compiled,
    )  # fmt: skip
    np.testing.assert_allclose(result.node_temperature[:, :2], [[25.0, 35.0]] * 3, rtol=1e-12)
    np.testing.assert_allclose(result.node_temperature[:, 2:], [[18, 18], [25, 25], [25, 35]], rtol=1e-12)
    np.testing.assert_array_equal(result.stagnant_heat, [7e3, 0.0, 0.0])


@BOTH
def test_a_network_at_rest_reports_its_initial_temperature(compiled):
    result = solve(
        Problem(3, range(3), [1, 2, 0], link_flow=0.0, link_capacity=CP, initial=[[17.0, 18.0, 19.0]]),
        compiled=compiled,
    )
    assert result.status.ok
    np.testing.assert_array_equal(result.node_temperature, [[17.0, 18.0, 19.0]])
    assert result.link_gain.any() == result.energy_error.any() == False  # noqa: E712


@BOTH
def test_without_links_there_is_nothing_to_solve(compiled):
    result = solve(Problem(2, [], [], link_flow=0.0, link_capacity=CP, initial=21.0), compiled=compiled)
    np.testing.assert_array_equal(result.node_temperature, [[21.0, 21.0]])


@pytest.mark.parametrize(("name", "at_inlet", "at_35"), [("water", 0.03, 0.04), ("pg25", 0.035, 0.16)])
def test_a_constant_heat_capacity_costs_hundredths_of_a_kelvin(name, at_inlet, at_35):
    """10 K rises from 5..55 degC by enthalpy, against capacities of mean, inlet and 35 degC."""
    capacity = FLUIDS[name].heat_capacity
    inlet = np.arange(5.0, 56.0, 5.0)
    enthalpy = np.array([quad(lambda t: float(capacity(t)), start, start + 10.0)[0] for start in inlet])
    for at, allowed in ((inlet + 5.0, 0.002), (inlet, at_inlet), (np.full_like(inlet, 35.0), at_35)):
        rise = solve(
            Problem(
                2, [0], [1], link_flow=1.0, link_capacity=1.0, link_heat=(enthalpy / capacity(at))[:, None],
                inflow_temperature=inlet[:, None] * np.ones(2),
            )
        ).link_gain  # fmt: skip
        assert np.abs(rise[:, 0] - 10.0).max() < allowed

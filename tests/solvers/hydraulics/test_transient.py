"""The transient against closed forms, the order of its methods, a second integrator, and energy."""

import doctest
import time

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from solvers.hydraulics import heat, transient, transient_forms
from solvers.hydraulics.exchanger import effectiveness
from solvers.hydraulics.transient import Problem, settle, solve
from solvers.hydraulics.transient_forms import coast_down_signal, ride_through, room_rise
from solvers.plant import tank
from solvers.status import SolveError, Status
from tests.benchmarks.hydraulics_transient import hall


def cell(**change):
    """One lump that exchanges with a fixed one at 20 degC: time constant 100 s, starts at 60."""
    given = dict(
        node_capacity=[1000.0, 1.0], node_initial=[60.0, 20.0], node_fixed=[False, True],
        conductance_from=[0], conductance_to=[1], conductance=10.0,
    )  # fmt: skip
    return Problem(**(given | change))


@pytest.mark.parametrize(("method", "order"), [("euler", 1.0), ("second_order", 2.0)])
def test_methods_converge_with_their_order(method, order):
    exact = 20.0 + 40.0 * np.exp(-1.0)
    errors = []
    for step in (10.0, 5.0, 2.5):
        found = solve(cell(), 100.0, method=method, tolerance=np.inf, first_step=step, longest_step=step)
        errors.append(abs(found.final_temperature[0, 0] - exact))
    observed = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(observed, order, atol=0.1)


def test_euler_never_leaves_the_range_of_its_surroundings_whatever_the_step():
    rng = np.random.default_rng(1)
    initial = rng.uniform(20.0, 80.0, (5, 12))
    ends = np.array([rng.choice(12, 2, replace=False) for _ in range(30)])
    found = solve(
        Problem(
            rng.uniform(1.0, 1e6, 12), initial, conductance_from=ends[:, 0], conductance_to=ends[:, 1],
            conductance=rng.uniform(1.0, 1e5, 30),
        ),
        1e4, method="euler", tolerance=np.inf, first_step=500.0, times=np.linspace(0, 1e4, 21),
    )  # fmt: skip
    low, high = initial.min(axis=1)[:, None, None], initial.max(axis=1)[:, None, None]
    assert (found.series >= low - 1e-9).all() and (found.series <= high + 1e-9).all()


def test_a_loop_on_ups_that_lost_facility_water_rides_through_as_the_closed_form_says():
    fluid = 1007.2 * 3981.0
    loop = Problem(
        [1.5 * fluid], 45.0, source_node=[0], source_heat=2e6, watch_node=[0], watch_limit=[[48.0, 55.0]]
    )
    passed = solve(loop, 60.0).limit_time[0, 0]
    expected = [float(ride_through([1.5], 0.0, rise, 2e6, volumetric_heat=fluid)) for rise in (3.0, 10.0)]
    np.testing.assert_allclose(passed, expected, rtol=1e-9)  # linear in time: no error of the method
    assert passed[1] == pytest.approx(30.0, abs=0.2)  # as computed in the notes
    assert passed[0] / 3.0 == pytest.approx(3.0, abs=0.02)


def test_a_room_without_cooling_warms_as_two_capacities_do():
    room = Problem(
        [2e5, 5e6],
        25.0,
        conductance_from=[0],
        conductance_to=[1],
        conductance=4e3,
        source_node=[0],
        source_heat=1e5,
    )
    times = np.array([5.0, 20.0, 60.0, 300.0, 900.0])
    found = solve(room, 900.0, times=times, tolerance=1e-3)
    np.testing.assert_allclose(
        found.series[0].T, 25.0 + np.array(room_rise(times, 1e5, 2e5, 5e6, 4e3)), atol=2e-2
    )  # interpolation within a step, about the tolerance


def test_a_lost_flow_brings_the_chip_to_its_limit_in_seconds():
    """Chip behind a film alone: with the flow gone it heats at heat over its own capacity."""
    signal = coast_down_signal(0.5)
    rack = Problem(
        node_capacity=[40e3, 60e3, 1.0], node_initial=[65.0, 55.0, 45.0], node_fixed=[False, False, True],
        link_from=[2, 1], link_to=[1, 2], link_rate=12e3, link_signal=0,
        conductance_from=[0], conductance_to=[1], conductance=12e3, conductance_link=[0], conductance_rated=12e3,
        source_node=[0], source_heat=120e3, watch_node=[0], watch_limit=85.0,
        signal_time=signal[0], signal_value=signal[1][:, None],
    )  # fmt: skip
    start = settle(rack)
    np.testing.assert_allclose(start.problem.node_initial[0], [65.0, 55.0, 45.0], rtol=1e-9)
    limit = solve(start.problem, 60.0).limit_time[0, 0, 0]
    assert 20.0 * 40e3 / 120e3 < limit < 20.0


def loops(rng, scenarios=3):
    """Two loops through a controlled exchanger, a plant with limited capacity, throttled sources, a pump that stops."""
    rate, cold = rng.uniform(5e3, 9e3), rng.uniform(8e3, 12e3)
    stop = rng.uniform(5.0, 20.0)
    heat_in = rng.uniform(40e3, 80e3, (scenarios, 1))
    return Problem(
        node_capacity=rng.uniform(3e4, 3e5, 8), node_initial=35.0, node_fixed=np.arange(8) == 7,
        link_from=[0, 1, 2, 3, 4], link_to=[1, 2, 0, 4, 3], link_rate=[rate, rate, rate, cold, cold],
        link_signal=[0, 0, 0, -1, -1],
        conductance_from=[5, 6, 6], conductance_to=[1, 2, 7], conductance=rng.uniform(2e3, 9e3, 3),
        conductance_link=[0, -1, -1], conductance_rated=rate, conductance_film=0.7,
        exchanger_hot=[2, 4], exchanger_cold=[3, -1], exchanger_conductance=[[3e4, 0.0]],
        exchanger_film_hot=[0.5, 0.0], exchanger_film_cold=[0.4, 0.0], exchanger_rated_hot=rate,
        exchanger_rated_cold=cold, exchanger_setpoint=[[32.0, 25.0]], exchanger_capacity=[[np.inf, 90e3]],
        exchanger_signal=[-1, 1],
        source_node=[5], source_heat=heat_in, source_throttle=60.0, source_throttle_end=75.0, source_fraction=0.3,
        watch_node=[5, 0], watch_limit=[[60.0], [40.0]],
        signal_time=[0.0, stop, stop + 10.0, stop + 60.0, stop + 90.0],
        signal_value=[[1, 1], [1, 1], [0.3, 0], [0.3, 0], [1, 1]],
    )  # fmt: skip


def derivative(p, heat_in):
    """The same equations written down once more, one scenario, by scalars."""
    links = list(zip(p.link_from, p.link_to, strict=True))

    def film(share, fraction):
        return share * max(fraction, 1e-12) ** -0.8

    def rates(now, t):
        pump, plant = (np.interp(now, p.signal_time, np.array(p.signal_value, float)[:, i]) for i in (0, 1))
        flow = np.array(p.link_rate) * np.where(np.array(p.link_signal) == 0, pump, 1.0)
        gain = np.zeros(8)
        for (a, b), w in zip(links, flow, strict=True):
            gain[b] += w * (t[a] - t[b])
        for k, (a, b) in enumerate(zip(p.conductance_from, p.conductance_to, strict=True)):
            ua = p.conductance[k] / (0.3 + film(0.7, pump)) if k == 0 else p.conductance[k]
            gain[a] -= ua * (t[a] - t[b])
            gain[b] += ua * (t[a] - t[b])
        hot, cold = flow[2], flow[3]
        least, most = min(hot, cold), max(hot, cold)
        ua = 3e4 / (0.1 + film(0.5, pump) + film(0.4, 1.0))
        share = least * float(effectiveness(ua / least, least / most))
        duty = max(0.0, min(hot * (t[2] - 32.0), share * (t[2] - t[3])))
        gain[0] -= duty
        gain[4] += duty
        gain[3] -= max(0.0, min(flow[4] * (t[4] - 25.0), 90e3 * plant))
        gain[5] += heat_in * np.clip(1.0 - 0.7 * (t[5] - 60.0) / 15.0, 0.3, 1.0)
        gain[7] = 0.0
        return gain / p.node_capacity

    return rates


@pytest.mark.parametrize("seed", range(2))
def test_it_agrees_with_an_independent_stiff_integrator(seed):
    problem = loops(np.random.default_rng(seed), scenarios=2)
    times = np.linspace(0.0, 300.0, 61)
    fine = solve(
        problem, 300.0, times=times, tolerance=1e-4, shortest_step=1e-3, first_step=1e-2, longest_step=0.5
    )
    usual = solve(problem, 300.0, times=times)
    assert fine.status.ok and usual.status.ok
    for scenario in range(2):
        second = solve_ivp(
            derivative(problem, problem.source_heat[scenario, 0]), (0.0, 300.0), np.full(8, 35.0),
            method="BDF", t_eval=times, rtol=1e-8, atol=1e-8, max_step=1.0,
        )  # fmt: skip
        np.testing.assert_allclose(fine.series[scenario].T, second.y, atol=1e-3)  # ten tolerances
        np.testing.assert_allclose(usual.series[scenario].T, second.y, atol=0.03)  # tolerance 0.02 K a step


@pytest.mark.parametrize("method", ["euler", "second_order"])
@pytest.mark.parametrize("seed", range(5))
def test_energy_is_conserved_while_modes_change(seed, method):
    found = solve(loops(np.random.default_rng(seed), scenarios=20), 400.0, method=method)
    assert found.status.ok
    assert found.energy_error.max() < 1e-11  # algebra; 1e-8 is required


def test_the_compiled_elimination_gives_what_numpy_gives():
    pytest.importorskip("numba")
    problem = loops(np.random.default_rng(9), scenarios=7)
    plain, fast = (solve(problem, 200.0, compiled=c, times=[50.0, 200.0]) for c in (False, True))
    np.testing.assert_allclose(fast.series, plain.series, rtol=1e-9)
    np.testing.assert_allclose(fast.limit_time, plain.limit_time, rtol=1e-6)


def test_scenarios_alone_are_what_they_are_in_a_batch_within_the_tolerance():
    """Steps are shared, so not to rounding."""
    problem = loops(np.random.default_rng(3), scenarios=3)
    batch = solve(problem, 200.0)
    for s in range(3):
        alone = solve(Problem(**{**vars(problem), "source_heat": problem.source_heat[s : s + 1]}), 200.0)
        np.testing.assert_allclose(alone.final_temperature[0], batch.final_temperature[s], atol=0.05)


def test_settling_finds_the_steady_state_of_the_steady_solver():
    rng = np.random.default_rng(5)
    problem = loops(rng)
    start = settle(problem)
    t = start.problem.node_initial
    assert start.steady.all()
    rate, cold = np.array(problem.link_rate)[[0, 3]]
    # conductances to the fixed node are not in the steady solver: give it the heat that gets through them
    lost = problem.conductance[1] * (t[:, 6] - t[:, 2])
    steady = heat.solve(
        heat.Problem(
            5, problem.link_from, problem.link_to, link_flow=[rate, rate, rate, cold, cold], link_capacity=1.0,
            link_heat=np.stack([problem.source_heat[:, 0], lost, *[0 * lost] * 3], axis=1),
            link_outlet=25.0, link_outlet_fixed=[False] * 4 + [True], exchanger_hot=[2], exchanger_cold=[3],
            exchanger_conductance=3e4, exchanger_setpoint=32.0,
        )
    )  # fmt: skip
    np.testing.assert_allclose(t[:, :4], steady.node_temperature[:, :4], atol=1e-5)


def test_heat_that_meets_no_sink_has_no_steady_state_and_keeps_rising():
    loop = Problem([1e5], 40.0, source_node=[0], source_heat=[[0.0], [5e3]], watch_node=[0])
    start = settle(loop)
    assert start.steady.tolist() == [True, False]
    found = solve(start.problem, 100.0)
    assert found.rising.tolist() == [[False], [True]]
    assert found.steady.tolist() == [True, False]


def test_too_few_steps_are_said():
    found = solve(cell(), 100.0, max_steps=3, times=[0.0, 0.1, 100.0])
    assert found.status is Status.MAX_ITERATIONS and not found.scenario_ok.any()
    np.testing.assert_array_equal(found.series[:, -1], found.final_temperature)
    with pytest.raises(SolveError):
        solve(cell(), 100.0, max_steps=3, raise_on_failure=True)


def test_scenarios_come_back_in_the_order_given():
    """They are marched in another order, beside those that fail alike."""
    rng = np.random.default_rng(2)
    stops = rng.uniform(5.0, 50.0, 40)
    loop = Problem(
        [1e5], 30.0, source_node=[0], source_heat=1e4, source_signal=0, watch_node=[0], watch_limit=32.0,
        signal_time=stops[:, None] + [0.0, 0.0], signal_value=np.tile([[1.0], [0.0]], (40, 1, 1)),
    )  # fmt: skip
    found = solve(loop, 100.0)
    np.testing.assert_allclose(found.final_temperature[:, 0], 30.0 + 0.1 * stops, rtol=1e-9)
    np.testing.assert_allclose(found.limit_time[:, 0, 0], np.where(stops > 20.0, 20.0, np.inf), rtol=1e-9)


def test_a_hall_through_half_an_hour_of_failures_keeps_its_energy():
    """Racks, CDUs, chillers, hall air; throttling and trips of most sources."""
    start = settle(hall(3, 4, scenarios=10))
    assert start.steady.all()
    found = solve(start.problem, 1800.0)
    assert found.status.ok
    assert found.energy_error.max() < 1e-11
    assert np.isfinite(found.trip_time).any() and np.isinf(found.trip_time).any()
    assert (found.withheld_energy >= -1e-3).all()
    supply = found.limit_time[:, 24:27, 0]  # of the pods, 40 degC and 45 allowed
    without_pumps = np.isin(np.arange(10) % 5, (1, 4))
    assert (supply[without_pumps] < 60.0).all()
    assert np.isinf(supply[~without_pumps & (np.arange(10) % 5 != 2)]).all()


@pytest.mark.slow
def test_three_hundred_failures_of_a_large_hall_take_seconds():
    pytest.importorskip("numba")
    start = settle(hall(30, 32, scenarios=300))
    begun = time.process_time()
    found = solve(start.problem, 1800.0)
    assert found.status.ok and found.energy_error.max() < 1e-11
    assert time.process_time() - begun < 90.0  # 20 s measured beside other work


@pytest.mark.parametrize("module", [transient, transient_forms, tank])
def test_examples_give_what_they_say(module):
    assert doctest.testmod(module).failed == 0

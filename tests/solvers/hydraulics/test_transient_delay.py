"""Links that hold fluid: pure delay, chains of tanks that tend to it, loops that close through it, energy."""

import numpy as np
import pytest

from solvers.hydraulics.transient import Problem, settle, solve

RATE = 5e3  # W/K


def pipe(volume, *, light=10.0, **change):
    """From a fixed node at 50 degC through a link into a node that holds next to nothing, and out."""
    given = dict(
        node_capacity=[1.0, light, 1.0], node_initial=[50.0, 20.0, 0.0], node_fixed=[True, False, True],
        link_from=[0, 1], link_to=[1, 2], link_rate=RATE, link_volume=[volume, 0.0],
    )  # fmt: skip
    return Problem(**(given | change))


def front(volume=300e3, **change):
    """A pipe at 20 degC that a lump warms at once from 20 to 50 degC: node 1 feeds the link, node 2 is its end."""
    given = dict(
        node_capacity=[1.0, 50.0, 50.0, 1.0], node_initial=[50.0, 20.0, 20.0, 0.0],
        node_fixed=[True, False, False, True],
        link_from=[0, 1, 2], link_to=[1, 2, 3], link_rate=RATE, link_volume=[0.0, volume, 0.0],
        watch_node=[2], watch_limit=[[21.0, 35.0, 49.0]],
    )  # fmt: skip
    return Problem(**(given | change))


def test_a_step_arrives_after_volume_over_flow_as_steep_as_it_entered():
    """300 kJ/K at 5 kW/K: 60 s. The two nodes beside the pipe hold 10 ms of flow each."""
    found = solve(front(), 100.0, longest_step=0.5)
    early, middle, late = found.limit_time[0, 0]
    assert middle == pytest.approx(60.0, abs=0.3)  # half a step
    assert late - early < 1.2  # two steps of half a second
    assert found.energy_error[0] < 1e-12


def test_steps_that_are_longer_than_the_pipe_pass_through_it():
    """2 s of pipe under steps of a minute: what enters leaves in the same step."""
    found = solve(front(10e3), 600.0, tolerance=np.inf, first_step=60.0, longest_step=60.0)
    assert found.final_temperature[0, 2] == pytest.approx(50.0, abs=1e-6)
    assert found.energy_error[0] < 1e-12


def test_a_chain_of_tanks_tends_to_the_pipe_as_their_number_grows():
    """n tanks spread a step by tau / sqrt(n); 10 to 90 % is 2.56 of that, with the pipe none."""
    spread = {}
    for n in (4, 16, 64):
        given = dict(
            node_capacity=[1.0, *[300e3 / n] * n, 1.0], node_initial=[50.0, *[20.0] * n, 0.0],
            node_fixed=[True, *[False] * n, True], link_from=np.arange(n + 1), link_to=np.arange(n + 1) + 1, link_rate=RATE,
            watch_node=[n], watch_limit=[[23.0, 35.0, 47.0]],
        )  # fmt: skip
        chain = Problem(**given)
        first, middle, last = solve(chain, 150.0, tolerance=1e-2).limit_time[0, 0]
        spread[n] = last - first
        assert middle == pytest.approx(
            60.0 * (1.0 - 1.0 / (3.0 * n)), rel=2e-3
        )  # median of a gamma distribution
    for n, wide in spread.items():
        assert wide == pytest.approx(2.563 * 60.0 / np.sqrt(n), rel=0.05)
    early, _, late = solve(front(), 200.0).limit_time[0, 0]
    assert late - early < spread[64] / 4.0


def test_no_flow_carries_nothing_and_flow_that_comes_back_goes_on_where_it_stood():
    """20 s of flow, 100 s of none, flow again: the front is 60 s of flow long, so it arrives at 160 s."""
    stop = dict(
        link_signal=0, signal_time=[0.0, 20.0, 20.0, 120.0, 120.0], signal_value=[[1], [1], [0], [0], [1]]
    )
    found = solve(front(**stop), 300.0, longest_step=0.5)
    assert found.limit_time[0, 0, 1] == pytest.approx(160.0, abs=0.3)
    assert found.energy_error[0] < 2e-12  # rounding of 600 steps


def test_flow_that_runs_down_delays_as_the_volume_that_has_passed_says():
    """Flow falls linearly to a fifth over 100 s: integral of it reaches 60 s at full flow where 0.4e-2 t^2 - t + 60 = 0."""
    fall = dict(link_signal=0, signal_time=[0.0, 100.0], signal_value=[[1.0], [0.2]])
    found = solve(front(**fall), 300.0, longest_step=0.5)
    due = (1.0 - np.sqrt(1.0 - 4.0 * 0.004 * 60.0)) / 0.008
    assert found.limit_time[0, 0, 1] == pytest.approx(due, abs=0.2)


def heated_loop(tau=30.0, capacity=200e3, rate=10e3, heat=50e3):
    """A lump heated in a loop whose pipe brings its own coolant back later."""
    return Problem(
        [capacity, 0.1], 30.0, link_from=[0, 1], link_to=[1, 0], link_rate=rate, link_volume=[rate * tau, 0.0],
        source_node=[0], source_heat=heat,
    )  # fmt: skip


def by_steps(tau, capacity, rate, heat, horizon, count=40_000):
    """The delay equation ``C T' = W (T(t - tau) - T) + Q`` by Heun's method with the past interpolated."""
    time = np.linspace(0.0, horizon, count + 1)
    step, value = time[1], np.full(count + 1, 30.0)
    lag = round(tau / step)
    for k in range(count):
        past = value[k - lag] if k >= lag else 30.0
        after = value[k + 1 - lag] if k + 1 >= lag else 30.0
        slope = (rate * (past - value[k]) + heat) / capacity
        end = (rate * (after - value[k] - step * slope) + heat) / capacity
        value[k + 1] = value[k] + 0.5 * step * (slope + end)
    return time, value


def test_a_loop_that_closes_through_a_pipe_follows_its_delay_equation():
    at = np.arange(0.0, 301.0, 10.0)
    found = solve(heated_loop(), 300.0, times=at, record=[0], tolerance=1e-3)
    time, value = by_steps(30.0, 200e3, 10e3, 50e3, 300.0)
    np.testing.assert_allclose(found.series[0, :, 0], np.interp(at, time, value), atol=0.02)
    # at last it warms as all its capacity says
    rate = np.diff(found.series[0, -2:, 0])[0] / 10.0
    assert rate == pytest.approx(50e3 / (200e3 + 300e3), rel=0.02)


def test_the_error_of_that_loop_falls_with_the_square_of_the_step():
    """A packet has the mean temperature of what entered, so its shape and not its heat is of first order."""
    _, value = by_steps(30.0, 200e3, 10e3, 50e3, 160.0, count=64_000)
    error = []
    for step in (5.0, 2.5, 1.25):
        found = solve(
            heated_loop(),
            160.0,
            times=[160.0],
            record=[0],
            tolerance=np.inf,
            first_step=step,
            longest_step=step,
        )
        error.append(abs(found.series[0, 0, 0] - value[-1]))
    order = np.log2(np.array(error[:-1]) / np.array(error[1:]))
    assert order.min() > 1.6, (error, order)


@pytest.mark.parametrize("seed", range(3))
def test_random_networks_with_pipes_and_plates_conserve_energy(seed):
    """Rings of random pipes with plates on some, pumps that stop and come back, in scenarios of their own."""
    rng = np.random.default_rng(seed)
    n, scenarios = 9, 3
    start, end = np.arange(n), np.roll(np.arange(n), -1)
    body = n + np.arange(3)
    rate = rng.uniform(2e3, 2e4, (scenarios, 1))
    stop = rng.uniform(0.0, 60.0, (scenarios, 1))
    problem = Problem(
        node_capacity=np.r_[rng.uniform(10.0, 3e5, n), rng.uniform(1e4, 5e4, 3)],
        node_initial=rng.uniform(20.0, 60.0, n + 3),
        link_from=start, link_to=end, link_rate=np.broadcast_to(rate, (scenarios, n)), link_signal=0,
        link_volume=np.where(rng.random((scenarios, n)) < 0.7, rng.uniform(1e3, 4e5, (scenarios, n)), 0.0)
        * (np.arange(n) < n - 1),
        exchanger_hot=[n - 1], exchanger_setpoint=25.0, exchanger_capacity=2e5,
        plate_link=[0, 2, 5], plate_node=body, plate_conductance=rng.uniform(1e3, 5e3, 3),
        plate_rated=rate, plate_film=0.4, plate_rise=0.2, plate_exponent=0.7, plate_reach=0.8,
        source_node=body, source_heat=rng.uniform(1e4, 8e4, 3), source_throttle=80.0, source_throttle_end=95.0,
        source_fraction=0.3, source_trip=95.0,
        signal_time=np.hstack([stop, stop + 2.0, stop + 40.0, stop + 50.0]),
        signal_value=[[1.0], [0.0], [0.0], [1.0]],
    )  # fmt: skip
    found = solve(problem, 120.0, tolerance=0.2)
    assert found.status.ok and found.energy_error.max() < 1e-11
    if not seed:
        plain = solve(problem, 120.0, tolerance=0.2, compiled=True)
        np.testing.assert_allclose(found.final_temperature, plain.final_temperature, atol=1e-9)


def test_scenarios_in_chunks_of_their_own_give_the_same(monkeypatch):
    """A pipe that holds nothing in all scenarios of one chunk still does in others."""
    from solvers.hydraulics import transient

    volume = np.zeros((40, 3))
    volume[35:, 1] = 100e3
    stop = dict(
        link_signal=0,
        signal_time=[0.0, 1e3],
        signal_value=np.linspace(1.0, 0.5, 40)[:, None, None].repeat(2, 1),
    )
    problem = front(link_volume=volume, **stop)
    whole = solve(problem, 60.0)
    monkeypatch.setattr(transient, "PLAIN_TABLE", 1)
    parts = solve(problem, 60.0)
    assert parts.status.ok
    np.testing.assert_allclose(
        parts.limit_time[:, 0, 1], whole.limit_time[:, 0, 1], atol=1.0
    )  # steps are not shared


def test_pipes_start_as_warm_as_what_flows_into_them_and_settle_changes_nothing():
    start = settle(
        Problem(
            [1e5, 20.0, 1e5], 30.0, link_from=[0, 1, 2], link_to=[1, 2, 0], link_rate=RATE, link_volume=[2e5, 0.0, 1e5],
            exchanger_hot=[1], exchanger_setpoint=25.0, source_node=[2], source_heat=5e4,
        )
    )  # fmt: skip
    assert start.steady.all()
    np.testing.assert_allclose(start.problem.node_initial[0], [35.0, 35.0, 25.0 + 10.0], atol=1e-6)
    found = solve(start.problem, 500.0)
    np.testing.assert_allclose(found.final_temperature, start.problem.node_initial, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(link_rate=-RATE), r"link_rate\[0, 0\] turns round"),
        (dict(link_volume=[-1.0, 0.0]), r"link_volume\[0, 0\] must be finite and >= 0"),
        (
            dict(exchanger_hot=[0], exchanger_setpoint=20.0),
            r"link_volume\[0\]: the link is a side of an exchanger",
        ),
    ],
)
def test_links_that_cannot_hold_fluid_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        solve(pipe(1e5, **change), 10.0)

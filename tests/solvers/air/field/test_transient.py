"""Transients of rooms: closed forms of lumped air and masses, balances, and the way back to steady states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solvers.air import field
from solvers.air.field import Masses, Schedule, State, simulate
from solvers.air.field.problem import Air, Opening, Problem, Source, Wall
from solvers.air.field.voxels import RoomError, rasterise
from solvers.status import Status
from tests.solvers.air.field.chambers import (
    RACK_FLOW,
    RACK_HEAT,
    RACKS,
    raised_floor,
    small_hall,
    small_state,
)

AIR = Air()
RATE = AIR.density * AIR.heat_capacity
"""[J/(m3 K)]"""
SINGLE, SINGLE_RUN = 5e-5, 1e-7
"""Imbalance of heat that single precision leaves in a step of 0.1 s or more, and in a run."""
COOLER = RACKS


@pytest.fixture(scope="module")
def hall():
    """A hall and its steady state."""
    problem = Problem(room=small_hall(), **small_state(1.1))
    return problem, field.solve(problem, tolerance=0.003)


@pytest.fixture(scope="module")
def contained():
    problem = Problem(room=small_hall(contained=True), **small_state())
    return problem, field.solve(problem, tolerance=0.003)


def closed(run, step=SINGLE, whole=SINGLE_RUN):
    """The same run, seen to have closed."""
    assert run.status.ok
    # what single precision leaves is energy: over a shorter step it is more power
    assert np.all(run.energy_error[1:] < step * np.maximum(1.0, 0.1 / np.diff(run.times)))
    assert run.balance_error < whole
    return run


# -- closed forms ------------------------------------------------------------------------------------


@pytest.mark.parametrize("massive", [False, True])
def test_a_room_without_coils_warms_by_the_heat_over_all_heat_capacities(hall, massive):
    problem, start = hall
    voxels = rasterise(problem.room)
    capacity = RATE * float(voxels.volume()[voxels.fluid].sum())
    masses = Masses()
    if massive:
        masses = Masses(stream=np.array([3e3] * RACKS + [2e3]), boundary=500.0, solid=200.0, film=20.0)
        cell, axis, side = voxels.rubs
        step = np.array([1, voxels.shape[2], voxels.shape[1] * voxels.shape[2]])
        solid = voxels.solid_of.reshape(-1)[cell + side * step[axis]] >= 0
        area = 0.3**2
        capacity += RACKS * 3e3 + 2e3 + area * (500.0 * (~solid).sum() + 200.0 * solid.sum())
    lasting = 400.0 if massive else 150.0  # until all warm alike, to single precision
    schedule = Schedule.jump(problem, 0.0, capacity=0.0)
    run = closed(simulate(problem, schedule, start=start, duration=lasting, masses=masses))
    slope = np.diff(run.mean_temperature[-10:]).sum() / np.diff(run.times[-10:]).sum()
    np.testing.assert_allclose(slope, RACKS * RACK_HEAT / capacity, rtol=1e-4)
    np.testing.assert_allclose(run.stored, RACKS * RACK_HEAT * run.times, rtol=1e-4)


def test_the_exhaust_of_a_rack_with_mass_lags_as_one_exponential(contained):
    problem, start = contained
    tau, begin = 12.0, 2.0
    mass = tau * RATE * RACK_FLOW
    masses = Masses(stream=np.array([mass] * RACKS + [0.0]))
    heat = np.append(np.full(RACKS, 1.4 * RACK_HEAT), 0.0)
    run = closed(
        simulate(
            problem, Schedule.jump(problem, begin, heat=heat), start=start, duration=30.0, step=0.25, masses=masses
        )
    )  # fmt: skip
    after = run.times > begin
    rest = 18.0 + 1.4 * RACK_HEAT / RATE / RACK_FLOW - run.stream_outlet[after, 0]
    jump = 0.4 * RACK_HEAT / RATE / RACK_FLOW
    steps = np.diff(run.times)[after[1:]]
    # that of implicit Euler to what the inlet moves, the exponential to half a step over tau
    np.testing.assert_allclose(rest, jump / np.cumprod(1 + steps / tau), atol=2e-3)
    np.testing.assert_allclose(
        rest, jump * np.exp(-(run.times[after] - begin) / tau), atol=jump / 2 * 0.25 / tau
    )


def test_water_without_a_plant_warms_by_the_heat_that_its_coil_takes():
    problem = Problem(
        room=small_hall(),
        **small_state(1.1),
        coolant=np.array([-np.inf] * RACKS + [8.0]),
        effectiveness=0.8,
    )
    start = field.solve(problem, tolerance=0.01)
    water = 4e5
    masses = Masses(water=np.array([0.0] * RACKS + [water]))
    times = np.array([0, 20.0, 20.0, 200.0, 200.0])
    shape = (5, RACKS + 1)
    rejection = np.broadcast_to(np.array([np.inf, np.inf, 0.0, 0.0, 60e3])[:, None], shape)
    run = closed(
        simulate(problem, Schedule(times=times, rejection=rejection), start=start, duration=500.0, masses=masses)
    )  # fmt: skip
    coolant, steps = run.stream_coolant[:, COOLER], np.diff(run.times)
    taken = np.append(0.0, np.cumsum(run.stream_cooling[1:, COOLER] * steps))
    off = (run.times >= 20.0) & (run.times <= 200.0)
    np.testing.assert_allclose(coolant[run.times <= 20.0], 8.0)
    np.testing.assert_allclose(np.diff(coolant[off]), np.diff(taken[off]) / water, rtol=1e-9)
    assert run.heat_out[off][1:].max() < 1e-3  # of 20 kW
    np.testing.assert_allclose(coolant[-1], 8.0)  # the plant has caught up
    np.testing.assert_allclose(run.stream_outlet[-1, COOLER], 18.0, atol=0.01)


def test_limits_are_passed_where_the_line_between_steps_crosses_them(hall):
    problem, start = hall
    run = simulate(problem, Schedule.jump(problem, 0.0, capacity=0.0), start=start, duration=60.0)
    passed = run.time_to(30.0)
    for n in range(RACKS):
        np.testing.assert_allclose(np.interp(passed[n], run.times, run.stream_inlet[:, n]), 30.0)
    assert np.all(run.time_to(1e3) == np.inf)
    assert np.all(run.time_to(-1e3) == 0.0)
    assert np.all(run.time_to(30.0, hottest=True) <= passed)


# -- against the steady solver -----------------------------------------------------------------------


def test_a_steady_state_stays(hall):
    problem, start = hall
    run = closed(simulate(problem, Schedule(times=np.zeros(1)), start=start, duration=60.0))
    np.testing.assert_allclose(run.stream_inlet, run.stream_inlet[:1].repeat(len(run.times), 0), atol=0.02)


def test_a_run_comes_to_rest_where_the_steady_solver_does(hall):
    problem, start = hall
    other = problem.replace(heat=1.3 * problem.heat, flow=problem.flow * [1.1, 1, 1, 0.8, 1])
    steady = field.solve(other, tolerance=0.003)
    schedule = Schedule.jump(problem, 2.0, heat=other.heat, flow=other.flow)
    run = closed(simulate(problem, schedule, start=start, duration=500.0))
    np.testing.assert_allclose(run.stream_inlet[-1], steady.stream_inlet, atol=0.1)


def test_openings_rest_where_the_steady_solver_has_them():
    """Air goes in and out of a door; its share of momentum holds for any time step."""
    room = replace(
        small_hall(),
        openings=(Opening("door", (4.2, 1.8, 0.0), (4.2, 3.0, 2.1), 28.0),),
        sources=(Source("lamp", (0.3, 0.3, 2.1), (0.9, 0.9, 2.4), 1500.0),),
        walls=(Wall("west", (0, 0, 0), (0, 4.8, 2.7), 2.0, 30.0),),
    )
    problem = Problem(room=room, **small_state(1.1))
    start = field.solve(problem, tolerance=0.003)
    for step in (0.5, 2.0):
        run = closed(simulate(problem, Schedule(times=np.zeros(1)), start=start, duration=60.0, step=step))
        np.testing.assert_allclose(run.stream_inlet[-1], start.stream_inlet, atol=0.05)


def test_a_cooler_that_stops_and_restarts_brings_the_old_state_back(hall):
    problem, start = hall
    stopped = problem.flow * [1, 1, 1, 1, 0]
    schedule = Schedule(
        times=np.array([5.0, 5.0, 45.0, 60.0]), flow=np.array([problem.flow, stopped, stopped, problem.flow])
    )
    run = closed(simulate(problem, schedule, start=start, duration=500.0))
    assert run.stream_inlet[:, :RACKS].max() > 30.0
    np.testing.assert_allclose(run.stream_inlet[-1], start.stream_inlet, atol=0.1)


def test_fans_find_the_flow_of_another_speed():
    problem = Problem(
        room=raised_floor([20.0, 40.0, 60.0]), flow=1.0, heat=5e3, setpoint=18.0, head=60.0, curvature=20.0
    )
    start = field.solve(problem, tolerance=0.01)
    slow = field.solve(problem.replace(head=15.0), tolerance=0.01)
    run = simulate(problem, Schedule.jump(problem, 5.0, head=15.0), start=start, duration=40.0)
    assert run.status.ok
    np.testing.assert_allclose(run.stream_flow[-1], slow.stream_flow, rtol=1e-3)


# -- method --------------------------------------------------------------------------------------------


def test_the_error_falls_with_the_time_step():
    """First order: differences of halved steps halve (with an eddy viscosity that does not jump about)."""
    problem = Problem(
        room=small_hall(), air=Air(turbulence="constant", eddy_viscosity=0.01), **small_state(1.1)
    )
    start = field.solve(problem, tolerance=1e-3, double=True)
    schedule = Schedule(times=np.array([0.0, 20.0]), heat=np.stack([problem.heat, 1.5 * problem.heat]))
    found = [
        simulate(problem, schedule, start=start, duration=20.0, step=step).stream_inlet[-1, COOLER]
        for step in (1.0, 0.5, 0.25, 0.125)
    ]
    order = np.log2(np.diff(found)[:-1] / np.diff(found)[1:])
    np.testing.assert_allclose(order, 1.0, atol=0.3)


@pytest.mark.parametrize("seed", range(3))
def test_heat_closes_over_random_schedules(seed):
    random = np.random.default_rng(seed)
    room = replace(
        small_hall(),
        openings=(Opening("door", (4.2, 1.8, 0.0), (4.2, 3.0, 2.1), 28.0),),
        walls=(Wall("west", (0, 0, 0), (0, 4.8, 2.7), 2.0, 30.0),),
    )
    problem = Problem(room=room, coolant=np.array([-np.inf] * RACKS + [8.0]), **small_state(1.1))
    start = field.solve(problem, tolerance=0.1, double=True, max_iterations=80)
    times = np.sort(random.uniform(0, 30, 6))
    times[3] = times[2]  # a jump

    def varied(values):
        return values * random.uniform(0.0, 1.5, (6, values.size))

    schedule = Schedule(
        times=times,
        flow=varied(problem.flow),
        heat=varied(problem.heat),
        rejection=varied(np.full(RACKS + 1, 3e4)),
        setpoint=problem.setpoint + random.uniform(-2, 2, (6, 1)),
    )
    masses = Masses(
        stream=random.uniform(1e3, 2e4, RACKS + 1), water=np.array([0.0] * RACKS + [1e5]), boundary=1e4, solid=2e3
    )  # fmt: skip
    closed(simulate(problem, schedule, start=start, duration=30.0, masses=masses, adapt=1.0), 1e-10, 1e-12)


def test_runs_are_the_same_in_one_piece_and_in_two_through_a_file(hall, tmp_path):
    problem, start = hall
    masses = Masses(stream=np.full(RACKS + 1, 5e3), boundary=1e4)
    schedule = Schedule.jump(problem, 3.0, heat=1.5 * problem.heat)
    states: list[State] = []
    options = {"masses": masses, "frames": [10.0, 20.0]}
    whole = simulate(
        problem, schedule, start=start, duration=20.0, checkpoint=states.append, every=10.0, **options
    )
    states[0].save(tmp_path / "state.npz")
    rest = simulate(
        problem,
        schedule,
        start=State.load(tmp_path / "state.npz"),
        duration=10.0,
        masses=masses,
        frames=[20.0],
    )
    again = simulate(problem, schedule, start=start, duration=20.0, **options)
    count = len(rest.times)
    np.testing.assert_array_equal(rest.times, whole.times[-count:])
    for other in (rest, again):
        np.testing.assert_array_equal(other.stream_inlet[1:], whole.stream_inlet[1 - len(other.times) :])
        np.testing.assert_array_equal(other.frames[-1][1].temperature, whole.frames[-1][1].temperature)
    assert [moment for moment, _ in whole.frames] == [10.0, 20.0]


def test_steps_shrink_where_inlets_change_fast(hall):
    problem, start = hall
    schedule = Schedule.jump(problem, 5.0, capacity=0.0)
    run = simulate(problem, schedule, start=start, duration=15.0, step=2.0, adapt=0.5)
    assert 5.0 in run.times
    assert np.abs(np.diff(run.stream_inlet, axis=0)).max() < 1.0
    assert np.diff(run.times).max() <= 2.0


# -- errors --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"times": [0.0, 2.0, 1.0]}, "1 s comes after 2 s"),
        ({"times": [0.0, np.nan, 1.0]}, "finite"),
        ({"flow": [[1.0], [np.nan], [1.0]]}, "flow at 1 s is not a number"),
        ({"flow": [[1.0], [1.0], [-0.5]]}, "flow of stream 0 at 2 s is negative"),
        ({"heat": [[1.0], [np.inf], [0.0]]}, "heat at 1 s is infinite"),
        ({"capacity": [[1.0], [1.0], [np.inf]]}, "capacity cannot go to infinity between 1 and 2 s"),
        ({"heat": [[1.0], [0.0]]}, "one row for each of 3 times"),
    ],
)
def test_schedules_that_make_no_sense_are_named(changes, words):
    with pytest.raises(ValueError, match=words):
        Schedule(**{"times": [0.0, 1.0, 2.0], **changes})


def test_flows_that_cannot_balance_are_named_with_their_time(contained):
    problem, start = contained
    schedule = Schedule(times=[0.0, 40.0], flow=[problem.flow, problem.flow * [1, 1, 1, 1, 0.5]])
    with pytest.raises(RoomError, match=r"at 40 s: .*m3/s of air are taken out more than is brought in"):
        simulate(problem, schedule, start=start, duration=10.0)


def test_heat_that_nothing_takes_is_named(hall):
    problem, start = hall
    schedule = Schedule.jump(problem, 5.0, flow=problem.flow * [0, 1, 1, 1, 1])
    with pytest.raises(ValueError, match="stream south 1 at 5 s has heat but neither air nor mass"):
        simulate(problem, schedule, start=start, duration=10.0)
    run = simulate(problem, schedule, start=start, duration=60.0, masses=Masses(stream=5e3))
    after = np.flatnonzero(run.times >= 5.0)
    warming = (run.stream_outlet[-1, 0] - run.stream_outlet[after[0], 0]) / 55.0
    np.testing.assert_allclose(warming, RACK_HEAT / 5e3, rtol=1e-6)  # servers without air


def test_other_mistakes_are_named(hall):
    problem, start = hall
    still = Schedule(times=[0.0])
    for options, words in (
        ({"duration": -1.0}, "duration must be positive"),
        ({"step": 0.0}, "step must be positive"),
        ({"passes": 0}, "passes"),
        ({"frames": [99.0]}, "frame at 99 s lies outside"),
        ({"masses": Masses(stream=[1.0, 2.0])}, "2.* 5 streams"),
    ):
        with pytest.raises(ValueError, match=words):
            simulate(problem, still, start=start, **{"duration": 10.0, **options})
    with pytest.raises(ValueError, match="another room"):
        simulate(problem.replace(room=small_hall()), still, start=start, duration=1.0)
    with pytest.raises(ValueError, match="not negative"):
        Masses(boundary=-1.0)
    with pytest.raises(ValueError, match="3 columns"):
        simulate(problem, Schedule(times=[0.0], heat=[[0.0, 1.0, 2.0]]), start=start, duration=1.0)


def test_a_run_that_is_stopped_short_is_no_value(hall):
    problem, start = hall
    run = simulate(
        problem,
        Schedule.jump(problem, 0.0, flow=2 * problem.flow),
        start=start,
        duration=2.0,
        tolerance=1e-13,
    )
    assert run.status is Status.MAX_ITERATIONS

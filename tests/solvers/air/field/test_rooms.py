"""Rooms with racks: closed forms, invariants, and the traps that moved inlets by kelvins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solvers.air import field
from solvers.air.field.flow import Flow
from solvers.air.field.potential import potential
from solvers.air.field.problem import Air, Opening, Patch, Problem, Room, Solid, Source, Wall
from solvers.air.field.voxels import rasterise
from solvers.status import Status
from tests.benchmarks.rooms import reference_room
from tests.solvers.air.field.chambers import (
    OPEN_SIDES,
    RACK_FLOW,
    RACK_HEAT,
    RACKS,
    Hall,
    line,
    mirrored,
    small_hall,
    small_state,
    transposed,
)

AIR = Air()
RATE = AIR.density * AIR.heat_capacity
"""[J/(m3 K)]"""
RISE = RACK_HEAT / RATE / RACK_FLOW
"""Of the air in a rack. [K]"""


def solved(room: Room, **state):
    """A solution that rests and closes."""
    options = {
        n: state.pop(n) for n in ("method", "convection", "tolerance", "start", "double") if n in state
    }
    solution = field.solve(Problem(room=room, **state), **options)
    assert solution.status.ok
    closes(solution)
    return solution


def closes(solution) -> None:
    assert solution.mass_error < 1e-6
    assert solution.energy_error < 1e-6
    shown = solution.field
    assert np.isfinite(shown.temperature[~np.isnan(shown.pressure)]).all()


# -- closed forms ------------------------------------------------------------------------------------


def duct(cells: int, **parts) -> Room:
    """A row of cells of 1 m3: air comes in at the west end and leaves through the open east end."""
    return Room(
        line(cells),
        ("fan",),
        (Patch("in", 0, True, (0, 0, 0), (0, 1, 1), 1),),
        openings=(Opening("out", (cells, 0, 0), (cells, 1, 1), 35.0),),
        slip=OPEN_SIDES,
        **parts,
    )


@pytest.mark.parametrize("method", ["rans", "potential"])
def test_heat_does_not_diffuse_back_through_a_supply(method):
    """Heat of a source creeps against the air, but not into the supply: each cell upstream is warmer than the supply by
    the next one's excess over 1 + velocity x size / diffusivity, and beyond the source nothing of its heat is missing."""
    speed, eddy, source = 0.5, 0.5, 6
    room = duct(10, sources=(Source("lamp", (source, 0, 0), (source + 1, 1, 1), 3e3),))
    air = Air(turbulence="constant", eddy_viscosity=eddy)
    solution = solved(room, air=air, flow=speed, setpoint=20.0, method=method)
    rise = 3e3 / RATE / speed
    ratio = 1 + speed / ((air.viscosity + eddy) / air.turbulent_prandtl)
    expected = np.where(np.arange(10) >= source, rise, rise * ratio ** (np.arange(10.0) - source))
    np.testing.assert_allclose(
        solution.field.temperature[:, 0, 0] - 20.0, expected, rtol=1e-5
    )  # single precision


@pytest.mark.parametrize("method", ["rans", "potential"])
def test_a_rack_that_breathes_its_own_exhaust_warms_by_the_heat_over_the_fresh_air(method):
    """Exhaust joins the fresh air upstream of the intake: T_in = T_fresh + heat / (rho cp V_fresh)."""
    fresh, flow, heat = 0.3, 0.5, 2e3
    room = duct(6)
    room = replace(
        room,
        streams=("fan", "rack"),
        patches=(
            *room.patches,
            Patch("exhaust", 1, True, (1, 0, 0), (2, 1, 0), 1),
            Patch("intake", 1, False, (3, 0, 1), (4, 1, 1), -1),
        ),
    )
    air = Air(turbulence="laminar")
    solution = solved(
        room, air=air, flow=[fresh, flow], heat=[0, heat], setpoint=[20.0, np.inf], method=method
    )
    # molecular diffusion along the duct changes it by 1e-5
    np.testing.assert_allclose(solution.stream_inlet[1] - 20.0, heat / RATE / fresh, rtol=1e-4)
    np.testing.assert_allclose(
        solution.stream_outlet[1] - solution.stream_inlet[1], heat / RATE / flow, rtol=1e-9
    )


@pytest.mark.parametrize("method", ["rans", "potential"])
def test_racks_in_a_tight_aisle_breathe_supply_air(method):
    solution = solved(small_hall(contained=True), **small_state(), method=method)
    np.testing.assert_allclose(solution.stream_inlet[:RACKS], 18.0, atol=0.01)
    np.testing.assert_allclose(solution.stream_outlet[:RACKS], 18.0 + RISE, atol=0.01)
    np.testing.assert_allclose(solution.stream_inlet[RACKS], 18.0 + RISE, atol=0.01)
    np.testing.assert_allclose(solution.stream_cooling[RACKS], RACKS * RACK_HEAT, rtol=1e-6)


@pytest.mark.parametrize("method", ["rans", "potential"])
def test_a_uniform_temperature_stays_uniform(method):
    state = small_state(factor=1.2)
    room = small_hall(openings=(Opening("door", (0, 0, 0), (0, 1.2, 2.1), 18.0),))
    solution = field.solve(Problem(room=room, **(state | {"heat": 0.0})), method=method)
    assert solution.status.ok
    np.testing.assert_allclose(
        solution.field.temperature[~np.isnan(solution.field.temperature)], 18.0, atol=1e-5
    )


@pytest.mark.parametrize("method", ["rans", "potential"])
def test_a_coil_at_its_capacity_leaves_the_rest_to_the_walls(method):
    """Heat that the coil cannot take leaves through the walls: sum of U A (T - T_outside)."""
    wall = Wall("west", (0, 0, 0), (0, 4.8, 2.7), 4.0, 10.0)
    state = small_state()
    capacity = 0.9 * RACKS * RACK_HEAT
    solution = solved(
        small_hall(walls=(wall,)), **state, capacity=np.array([np.inf] * RACKS + [capacity]), method=method
    )
    assert not solution.stream_held[RACKS]
    assert solution.stream_held[:RACKS].all()
    np.testing.assert_allclose(solution.stream_cooling[RACKS], capacity, rtol=1e-9)
    lost = 4.0 * 4.8 * 2.7 * (solution.field.temperature[0].mean() - 10.0)
    np.testing.assert_allclose(lost, 0.1 * RACKS * RACK_HEAT, rtol=1e-3)


@pytest.mark.parametrize("method", ["rans", "potential"])
def test_heat_that_nothing_can_remove_has_no_steady_state(method):
    problem = Problem(
        room=small_hall(), **small_state(), capacity=np.array([np.inf] * RACKS + [RACKS * RACK_HEAT / 2])
    )
    solution = field.solve(problem, method=method)
    assert solution.status is Status.INFEASIBLE
    assert np.isfinite(solution.stream_inlet).all() and np.isfinite(solution.stream_outlet).all()
    assert not np.isnan(solution.field.temperature[~np.isnan(solution.field.pressure)]).any()


# -- traps -------------------------------------------------------------------------------------------


def test_air_that_leaves_into_racks_takes_its_momentum_along():
    """Without buoyancy nothing drives the jet of the tiles: along the fronts of the racks it must not speed up.

    With tangential velocity zero at the intakes OpenFOAM gave 1.14 times the speed of the tiles, and inlets moved by 4 K.
    """
    room, state = reference_room(0.2, 1.1)
    solution = solved(room, **(state | {"air": replace(state["air"], gravity=0.0)}))
    tiles, rack = room.patches[-1], room.solids[0]
    area = np.prod(np.subtract(tiles.high[:2], tiles.low[:2]))
    x, y, z = room.grid.centers
    aisle = np.ix_(
        (x > tiles.low[0]) & (x < tiles.high[0]), (y > tiles.low[1]) & (y < tiles.high[1]), z < rack.high[2]
    )
    assert solution.field.velocity[..., 2][aisle].max() <= 1.05 * solution.stream_flow[-1] / area


@pytest.mark.parametrize("factor", [0.8, 1.1])
@pytest.mark.parametrize("method", ["rans", "potential"])
def test_heat_of_the_racks_leaves_through_the_returns(method, factor):
    """Balance from the streams alone, beside the solver's own account."""
    room, state = reference_room(0.2, factor)
    solution = solved(room, **state, method=method)
    rate = 1.2 * 1005.0
    racks = rate * state["flow"][:12] * (solution.stream_outlet[:12] - solution.stream_inlet[:12])
    np.testing.assert_allclose(racks, state["heat"][:12], rtol=1e-9)
    net = state["flow"][-1]
    assert solution.opening_flow.sum() == pytest.approx(-net, rel=1e-6)
    assert solution.stream_inlet[:12].min() > 15.0 - 1e-6  # nothing is colder than what is supplied
    assert np.nanmax(solution.field.temperature) < solution.stream_outlet.max() + 1e-3


@pytest.mark.parametrize("convection", ["upwind", "limited"])
@pytest.mark.parametrize("turbulence", ["k-epsilon", "zero-equation", "constant"])
def test_heat_and_mass_close_whatever_the_scheme_and_the_model(convection, turbulence):
    """To 1e-6, at rest or not."""
    problem = Problem(
        room=small_hall(walls=(Wall("west", (0, 0, 0), (0, 4.8, 2.7), 2.0, 30.0),)),
        air=Air(turbulence=turbulence),
        **small_state(),
    )
    solution = field.solve(problem, convection=convection, max_iterations=60)
    closes(solution)


# -- invariants --------------------------------------------------------------------------------------


def test_potential_flow_of_a_symmetric_room_is_symmetric():
    inlet = solved(small_hall(), **small_state(0.9), method="potential").stream_inlet[:RACKS]
    np.testing.assert_allclose(inlet, inlet[0], atol=1e-4)  # pressure to 1e-4


def test_the_mirror_image_of_a_flow_at_rest_is_at_rest():
    """No direction is preferred.  (The symmetric flow of this symmetric room is itself unstable: warm air that comes over
    the racks chooses a side, and which one is chance.)"""
    flow = Flow(rasterise(small_hall()), Problem(room=small_hall(), **small_state(0.9)), np.float64)
    potential(flow)
    for _ in range(400):
        flow.step(relax=0.7)
    inlet = flow.inlet[[2, 3, 0, 1, 4]]
    for name in ("v", "w", "p", "T", "nt", "k", "e"):
        getattr(flow, name)[:] = getattr(flow, name)[:, :, ::-1].copy()
    flow.u[:, :, 1:] = -flow.u[:, :, :0:-1].copy()
    flow.outlet = flow.outlet[[2, 3, 0, 1, 4]]
    flow.set_outlets()
    before = flow.w.copy()
    flow.step(relax=0.7)
    np.testing.assert_allclose(flow.inlet, inlet, atol=1e-6)
    np.testing.assert_allclose(flow.w, before, atol=1e-5)


@pytest.mark.parametrize("turned", [mirrored, transposed])
def test_a_turned_room_has_the_turned_answer(turned):
    room = small_hall(shift=0.6)
    first = solved(room, **small_state(0.9), tolerance=0.005)
    second = solved(turned(room), **small_state(0.9), tolerance=0.005)
    assert np.ptp(first.stream_inlet[:RACKS]) > 0.1  # the room itself is not symmetric
    np.testing.assert_allclose(second.stream_inlet, first.stream_inlet, atol=0.05)


def test_two_runs_agree_to_the_last_bit():
    first, second = (solved(small_hall(), **small_state(0.8)) for _ in range(2))
    np.testing.assert_array_equal(first.stream_inlet, second.stream_inlet)
    np.testing.assert_array_equal(first.field.temperature, second.field.temperature)
    np.testing.assert_array_equal(first.field.velocity, second.field.velocity)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (small_state(1.1), small_state(0.8)),
        (small_state(1.0), small_state(1.0, supply=24.0)),
        (small_state(0.8) | {"heat": np.array([2e3, 8e3, 2e3, 8e3, 0.0])}, small_state(1.0)),
    ],
    ids=["less supply", "warmer supply", "other racks"],
)
def test_a_warm_start_reaches_the_answer_of_a_cold_one(before, after):
    room = small_hall(shift=0.6)
    cold = solved(room, **after)
    warm = solved(room, **after, start=solved(room, **before))
    np.testing.assert_allclose(
        warm.stream_inlet, cold.stream_inlet, atol=0.15
    )  # both may still swing by 0.06 K
    # never far from the start: this room swings, and the rounding of another processor took 110 steps to 213 of 220
    assert warm.iterations[-1] < 1.6 * cold.iterations[-1]


def test_the_answer_does_not_depend_on_the_way_to_it():
    """Pressure just inside the openings is part of the answer, not of the start: a kick to it is forgotten."""
    room, state = reference_room(0.2, 1.1)
    flow = Flow(rasterise(room), Problem(room=room, **state))
    potential(flow)
    for _ in range(300):
        flow.step(relax=0.7)
    before = flow.inlet.copy()
    cells = flow.voxels.openings.cell
    flow.p.reshape(-1)[cells] += np.random.default_rng(0).normal(0, 2.0, cells.size)
    for _ in range(300):
        flow.step(relax=0.7)
    np.testing.assert_allclose(flow.inlet, before, atol=0.01)


def test_warmer_supply_and_warmer_walls_shift_everything_alike():
    """Without buoyancy, a constant added to all temperatures is added to the answer."""
    air = Air(gravity=0.0)
    cold, warm = (solved(small_hall(), air=air, **small_state(0.8, supply)) for supply in (16.0, 26.0))
    np.testing.assert_allclose(warm.stream_inlet - cold.stream_inlet, 10.0, atol=0.05)


@pytest.mark.parametrize("method", ["rans", "potential"])
def test_a_stream_that_stands_still_moves_and_heats_nothing(method):
    state = small_state()
    state["flow"][0] = 0.0
    state["heat"][0] = 0.0
    state["flow"][RACKS] = state["flow"][:RACKS].sum()
    solution = solved(small_hall(), **state, method=method)
    assert solution.stream_flow[0] == 0.0
    np.testing.assert_allclose(solution.stream_cooling[RACKS], 3 * RACK_HEAT, rtol=1e-6)


def test_racks_that_breathe_along_x_and_z_are_like_those_along_y():
    """A rack in a shaft: which axis the air takes does not matter (without gravity)."""
    inlets = []
    for axis in range(3):
        size = np.roll([3.0, 1.2, 1.2], axis)
        low, high = np.roll([1.2, 0.0, 0.0], axis), np.roll([1.8, 1.2, 0.6], axis)
        hall = Hall(tuple(size), 0.3)
        hall.add(solids=Solid("rack", tuple(low), tuple(high)))
        ends = [(tuple(low), tuple(np.where(np.arange(3) == axis, low, high)), -1)]
        hall.stream("rack", ends, [(tuple(np.where(np.arange(3) == axis, high, low)), tuple(high), 1)])
        hall.stream("fan", (), [((0, 0, 0), tuple(np.where(np.arange(3) == axis, 0, size)), 1)])
        hall.add(openings=Opening("out", tuple(np.where(np.arange(3) == axis, size, 0)), tuple(size), 30.0))
        solution = solved(
            hall.room(), air=Air(gravity=0.0), flow=[0.5, 0.4], heat=[4e3, 0], setpoint=[np.inf, 20.0],
            tolerance=0.005,
        )  # fmt: skip
        inlets.append(solution.stream_inlet[0])
    assert inlets[0] > 20.5
    np.testing.assert_allclose(inlets, inlets[0], atol=0.02)


def test_two_threads_give_the_bits_of_one(monkeypatch):
    from solvers.air.field import threads

    room, state = reference_room(0.2, 1.1)
    answers = []
    monkeypatch.setattr(threads, "LEAST", 0)
    for count in (1, 2):
        monkeypatch.setattr(threads, "cores", lambda count=count: count)
        answers.append(field.solve(Problem(room=room, **state), max_iterations=20))
    np.testing.assert_array_equal(answers[0].inlet_history, answers[1].inlet_history)
    np.testing.assert_array_equal(answers[0].field.velocity, answers[1].field.velocity)

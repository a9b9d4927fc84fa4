"""How streams act on each other in frozen air: closed forms, balances, and the direct solve as second method."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.air import indices
from solvers.air.field import influence as influences
from solvers.air.field import transport
from solvers.air.field.problem import Air, Opening, Patch, Problem, Room, Source, Wall, leaving
from solvers.air.field.solution import Influence
from solvers.air.zonal import CEILING
from solvers.status import Status
from tests.solvers.air.frozen_air import Frozen, duct, freeze, hall

AIR = Air()
RATE = AIR.density * AIR.heat_capacity
LOSSES = {
    "sources": (Source("lamp", (0.6, 0.6, 2.1), (1.8, 1.2, 2.4), 500.0),),
    "walls": (Wall("west", (0, 0, 0), (0, 3.6, 2.4), 2.0, 30.0),),
}
DOORS = (
    Opening("door", (3.0, 0, 0), (3.0, 0.6, 1.8), 28.0),
    Opening("gap", (0, 0, 2.4), (3.0, 0.3, 2.4), 5.0),
)


def operator_of(frozen: Frozen, **options) -> transport.Operator:
    return transport.assemble(frozen.voxels, frozen.flux, frozen.conductance, **options)


def influence_of(frozen: Frozen, **options) -> Influence:
    found, ending = influences.influence(operator_of(frozen), **options)
    assert ending.status.ok
    return found


def random_hall(seed: int, **parts) -> Frozen:
    rng = np.random.default_rng(seed)
    opened = [0.2, -0.2] if "openings" in parts else None
    flow = np.append(rng.uniform(0.1, 0.5, 3), 1.0)
    return freeze(
        hall(**parts),
        flow,
        swirl=rng.uniform(0, 0.3),
        diffusivity=10 ** rng.uniform(-5, -1),
        seed=seed,
        opened=opened,
    )


def random_share(rng, count: int) -> np.ndarray:
    """Rows sum to one."""
    share = rng.random((count, count)) ** 3
    return share / share.sum(axis=1, keepdims=True)


def balanced(share: np.ndarray) -> np.ndarray:
    """Flows with which every stream's air is taken up by the others: ``flow @ share = flow``."""
    flow = np.linalg.matrix_power(share, 200)[0]
    return flow * len(share) / 2


def room_of(count: int, lone: tuple[Patch, ...] = ()) -> Room:
    """Names and patches for ``count`` streams; only those matter."""
    pairs = [Patch("", n, side, (0, 0, 0), (0, 1, 1), 1) for n in range(count) for side in (True, False)]
    kept = [p for p in pairs if p.stream not in {q.stream for q in lone}]
    return Room(duct(2).grid, tuple(str(n) for n in range(count)), (*kept, *lone))


def known(share: np.ndarray) -> Influence:
    count = len(share)
    return Influence(share, np.zeros((count, 0)), np.zeros(count), share, np.zeros((count, 0)))


@pytest.mark.parametrize("seed", range(6))
def test_all_air_has_an_origin_and_a_destination(seed):
    frozen = random_hall(seed)
    found = influence_of(frozen)
    np.testing.assert_allclose(found.share.sum(axis=1), 1.0, rtol=2e-9)  # flows differ up to tenfold
    np.testing.assert_allclose(found.extracted.sum(axis=0), 1.0, rtol=2e-10)
    assert found.share.min() >= -1e-12
    found = influence_of(random_hall(seed, openings=DOORS))
    np.testing.assert_allclose(found.share.sum(axis=1) + found.opening_share.sum(axis=1), 1.0, rtol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_the_influence_says_what_the_field_says(seed):
    frozen = random_hall(seed, openings=DOORS, **LOSSES)
    operator = operator_of(frozen)
    found = influence_of(frozen)
    out = np.random.default_rng(seed).uniform(10, 40, 4)
    field, _ = transport.temperature(operator, out)
    expected = transport.entering(operator, field)
    np.testing.assert_allclose(
        found.share @ out + found.opening_share @ [28.0, 5.0] + found.rise, expected, atol=1e-8
    )
    np.testing.assert_allclose(found.source_rise @ [500.0, 30.0], found.rise)
    whole = found.share.sum(axis=1) + found.opening_share.sum(axis=1) + found.source_rise[:, 1]
    np.testing.assert_allclose(whole, 1.0, rtol=1e-9)


def test_threads_change_nothing():
    frozen = random_hall(0)
    np.testing.assert_array_equal(influence_of(frozen).share, influence_of(frozen, workers=2).share)


def test_a_lone_stream_in_a_duct_breathes_its_own_air():
    found = influence_of(freeze(duct(6), [0.5]))
    np.testing.assert_allclose(found.share, [[1.0]])


def test_a_rack_that_recirculates_takes_the_closed_form_of_its_loop():
    share = np.array([[0.3, 0.7], [0.5, 0.5]])
    problem = Problem(room=room_of(2), flow=[0.5, 0.5], heat=[6000.0, 0.0], setpoint=[np.inf, 18.0])
    states = influences.stream_temperatures(known(share), problem)
    rise = 6000.0 / (RATE * 0.5)
    np.testing.assert_allclose(states.entering[0, 0], 18.0 + 0.3 / 0.7 * rise, rtol=1e-10)
    assert states.status is Status.CONVERGED
    np.testing.assert_array_equal(states.held, True)


@pytest.mark.parametrize("seed", range(6))
def test_heat_removed_is_heat_put_in(seed):
    frozen = random_hall(seed, sources=LOSSES["sources"])
    problem = Problem(
        room=frozen.voxels.room, flow=frozen.flow, heat=[3e3, 4e3, 2e3, 0.0], setpoint=[np.inf] * 3 + [18.0]
    )
    states = influences.stream_temperatures(influence_of(frozen), problem)
    np.testing.assert_allclose(states.cooling.sum(), 9.5e3, rtol=1e-8)


@pytest.mark.parametrize("seed", range(20))
def test_stream_laws_hold_with_every_kind_of_limit(seed):
    rng = np.random.default_rng(seed)
    count, scenarios = 12, 40
    share = random_share(rng, count)
    cooler = rng.random(count) < 0.5
    cooler[0] = True
    problem = Problem(
        room=room_of(count),
        flow=balanced(share),
        effectiveness=np.where(cooler, rng.uniform(0.3, 1.0, count), 1.0),
        coolant=np.where(cooler, rng.uniform(5, 15, count), -np.inf),
    )
    heat = rng.uniform(0, 6e3, (scenarios, count))
    setpoint = np.where(cooler, rng.uniform(15, 40, (scenarios, count)), np.inf)
    capacity = np.where(cooler, rng.uniform(5e2, 2e4, (scenarios, count)), np.inf)
    states = influences.stream_temperatures(
        known(share), problem, heat=heat, setpoint=setpoint, capacity=capacity
    )
    possible = np.where(cooler, capacity, 0.0).sum(axis=1) > heat.sum(axis=1)
    np.testing.assert_array_equal(states.ok, possible)
    assert np.isfinite(states.entering).all() and states.entering.max() < 1e3
    for s in np.flatnonzero(states.ok):
        one = problem.replace(heat=heat[s], setpoint=setpoint[s], capacity=capacity[s])
        out, cooling = leaving(one, np.asarray(problem.flow), states.entering[s])
        np.testing.assert_allclose(states.leaving[s], out, atol=1e-8)
        np.testing.assert_allclose(states.cooling[s], cooling, rtol=1e-8, atol=1e-4)
        np.testing.assert_allclose(share @ out, states.entering[s], atol=1e-7)


def test_heat_that_no_coil_can_remove_is_said():
    share = np.array([[0.2, 0.8], [0.8, 0.2]])
    problem = Problem(
        room=room_of(2), flow=0.5, heat=[6000.0, 0.0], setpoint=[np.inf, 18.0], capacity=[np.inf, 7000.0]
    )
    states = influences.stream_temperatures(known(share), problem, heat=[[6000.0, 0.0], [8000.0, 0.0]])
    np.testing.assert_array_equal(states.ok, [True, False])
    assert states.status is Status.INFEASIBLE
    assert states.entering[1].max() <= CEILING
    without = problem.replace(setpoint=np.inf)
    assert not influences.stream_temperatures(known(share), without).ok.any()


def test_a_stopped_stream_takes_part_in_nothing():
    share = np.array([[0.2, 0.0, 0.8], [0.5, 0.0, 0.5], [0.8, 0.0, 0.2]])
    problem = Problem(
        room=room_of(3), flow=[0.5, 0.0, 0.5], heat=[6e3, 9e3, 0.0], setpoint=[np.inf, 10.0, 18.0]
    )
    states = influences.stream_temperatures(known(share), problem)
    np.testing.assert_allclose(states.leaving[0, 1], states.entering[0, 1])
    np.testing.assert_allclose(states.cooling[0], [0.0, 0.0, 6e3], rtol=1e-9)


def test_a_fixed_supply_is_at_its_set_point_and_an_exhaust_has_no_effect():
    # 0 rack, 1 supply alone, 2 exhaust alone
    share = np.array([[0.25, 0.75, 0.0], [0.0, 0.0, 0.0], [0.6, 0.4, 0.0]])
    lone = (Patch("", 1, True, (0, 0, 0), (0, 1, 1), 1), Patch("", 2, False, (0, 0, 0), (0, 1, 1), 1))
    problem = Problem(room=room_of(3, lone), flow=0.5, heat=[3e3, 0, 0], setpoint=[np.inf, 16.0, np.inf])
    states = influences.stream_temperatures(known(share), problem)
    warm = 16.0 + 0.25 / 0.75 * 3e3 / (RATE * 0.5)
    np.testing.assert_allclose(states.entering[0, 0], warm, rtol=1e-10)
    np.testing.assert_allclose(states.leaving[0, 1], 16.0)
    np.testing.assert_allclose(states.entering[0, 2], 0.6 * states.leaving[0, 0] + 0.4 * 16.0, rtol=1e-10)
    with pytest.raises(ValueError, match="finite set point"):
        influences.stream_temperatures(known(share), problem.replace(setpoint=np.inf))


def test_sources_walls_and_openings_of_a_scenario_take_effect():
    frozen = random_hall(3, openings=DOORS, **LOSSES)
    operator, found = operator_of(frozen), influence_of(frozen)
    problem = Problem(
        room=frozen.voxels.room, flow=frozen.flow, heat=[3e3, 4e3, 2e3, 0.0], setpoint=[np.inf] * 3 + [18.0]
    )
    states = influences.stream_temperatures(
        found, problem, source_heat=[[500.0], [2000.0]], wall_temperature=[40.0], openings=[25.0, 5.0]
    )
    assert states.entering.shape == (2, 4)
    field, _ = transport.temperature(
        operator, states.leaving[1], sources=[2000.0], walls=[40.0], openings=[25.0, 5.0]
    )
    np.testing.assert_allclose(transport.entering(operator, field), states.entering[1], atol=1e-8)
    with pytest.raises(TypeError, match="load"):
        influences.stream_temperatures(found, problem, load=[1.0])


def test_age_in_a_duct_grows_with_the_distance_and_leaves_at_volume_over_flow():
    frozen = freeze(duct(10), [0.5], diffusivity=0.0)
    age, entering, ending = influences.age(operator_of(frozen), [True])
    assert ending.status.ok
    np.testing.assert_allclose(age[1, 1, 1:-1], 0.2 * np.arange(1, 11), rtol=1e-9)
    np.testing.assert_allclose(entering, 2.0, rtol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_the_air_that_is_cooled_again_is_as_old_as_the_room_is_large(seed):
    # all air comes from the cooler and goes back there: mean residence time = volume / flow, racks or not
    frozen = random_hall(seed)
    operator = operator_of(frozen)
    age, entering, ending = influences.age(operator, [False, False, False, True])
    assert ending.status.ok
    volume = frozen.voxels.volume()[frozen.voxels.fluid].sum()
    np.testing.assert_allclose(entering[3], volume / 1.0, rtol=1e-8)
    np.testing.assert_allclose(transport.entering(operator, age), entering, rtol=1e-8)
    share = influence_of(frozen).share
    again, _, _ = influences.age(operator, [False, False, False, True], share=share)
    np.testing.assert_allclose(again, age, rtol=1e-8, atol=1e-8)


def test_air_that_is_never_fresh_has_no_age():
    _, _, ending = influences.age(operator_of(freeze(hall(), [0.3, 0.3, 0.3, 1.0])), np.zeros(4, bool))
    assert ending.status is Status.SINGULAR


def test_walls_stop_no_clock():
    fresh = [False, False, False, True]
    bare, walled = random_hall(0), random_hall(0, **LOSSES)
    expected, _, _ = influences.age(operator_of(bare), fresh)
    found, _, _ = influences.age(operator_of(walled), fresh, share=influence_of(walled).share)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


def test_capture_and_recirculation_are_sums_of_shares():
    share = np.array([[0.2, 0.1, 0.7], [0.0, 0.3, 0.7], [0.6, 0.4, 0.0]])
    racks = np.array([True, True, False])
    np.testing.assert_allclose(indices.cold_aisle_capture(share, ~racks), [0.7, 0.7, 0.0])
    np.testing.assert_allclose(indices.recirculation(share, racks), [0.3, 0.3, 1.0])
    extracted = np.array([[0.2, 0.1, 0.7], [0.0, 0.3, 0.3], [0.8, 0.6, 0.0]])
    np.testing.assert_allclose(indices.hot_aisle_capture(extracted, ~racks), [0.8, 0.6, 0.0])
    mine = np.eye(3, dtype=bool)
    np.testing.assert_allclose(indices.hot_aisle_capture(extracted, mine), [0.2, 0.3, 0.0])
    np.testing.assert_allclose(indices.cold_aisle_capture(share, mine), [0.2, 0.3, 0.0])

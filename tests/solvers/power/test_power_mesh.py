"""Meshed networks by injected currents: closed forms, balances, agreement with Newton-Raphson, outages."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solvers.power import Problem, Solution, prepare, solve
from solvers.power.mesh_changes import States, changes_of
from solvers.power.mesh_group import Group, group, solve_group
from solvers.power.mesh_outages import Intact, find_harmless
from solvers.power.switching import switch
from solvers.status import Status

BASE = 1e6
BOTH = pytest.mark.parametrize("compiled", [False, True])


def random_mesh(seed: int, scenarios: int = 8, buses: int = 30, **more: Any) -> Problem:
    """A tree with twelve more branches, ideal switches, taps, shunts, charging and random outages; direct current
    for every fifth seed, loads that depend on voltage for every third."""
    rng = np.random.default_rng(seed)
    ends = [(int(rng.integers(max(0, bus - 6), bus)), bus) for bus in range(1, buses)]
    ends += [tuple(int(b) for b in rng.choice(buses, 2, replace=False)) for _ in range(12)]
    e, loads, dc = len(ends), 20, seed % 5 == 4
    z = rng.uniform(0.002, 0.01, e) * (1 + 2j)
    z[: buses - 1][rng.random(buses - 1) < 0.15] = 0.0
    tap = np.where((rng.random(e) < 0.2) & (not dc), rng.uniform(0.98, 1.02, e), 1.0)
    shares = rng.uniform(0, 0.5, (2, loads)) if seed % 3 == 1 else np.zeros((2, loads))
    fields: dict[str, Any] = dict(
        bus_dc=np.full(buses, dc), bus_shunt=rng.uniform(0, 2e-3, buses) + 1j * rng.uniform(-0.01, 0.02, buses),
        branch_from=[a for a, _ in ends], branch_to=[b for _, b in ends], branch_impedance=z, branch_tap=tap,
        branch_charging=rng.uniform(0, 2e-2, e), branch_closed=rng.random((scenarios, e)) < 0.95,
        branch_rating=np.full(e, 1e3), source_bus=[0, buses // 2], source_voltage=[1.02, 1.02],
        source_live=rng.random((scenarios, 2)) < 0.8,
        load_power=rng.uniform(1e4, 6e4, (scenarios, loads)) * (1 + 0.3j),
        load_current_share=shares[0], load_impedance_share=shares[1],
        cord_load=np.r_[np.arange(loads), rng.integers(0, loads, 10)],
        cord_bus=rng.integers(0, buses, loads + 10), cord_weight=rng.uniform(0.5, 1, loads + 10),
    )  # fmt: skip
    return Problem(BASE, np.full(buses, 415.0), **(fields | more))


def with_converters(seed: int, scenarios: int = 8) -> Problem:
    """Two meshed halls behind a meshed supply: double-conversion units in parallel and a rectifier, all fed from
    different buses, with random outages of branches and units."""
    rng = np.random.default_rng(seed)
    supply = random_mesh(seed * 5, scenarios, source_live=np.ones((scenarios, 2), dtype=bool))
    n, hall = supply.bus_voltage.size, 6
    tail, head = list(supply.branch_from), list(supply.branch_to)
    for first in (n, n + hall):
        tail += [first, first, first + 1, first + 2, first + 3, first + 4, first + 1]
        head += [first + 1, first + 2, first + 3, first + 3, first + 4, first + 5, first + 5]
    new, loads = len(tail) - supply.branch_from.size, 8
    dc = np.repeat([False, False, True], [n, hall, hall])
    closed = np.hstack([supply.branch_closed, rng.random((scenarios, new)) < 0.9])
    return replace(
        supply, bus_voltage=np.r_[supply.bus_voltage, np.full(2 * hall, 480.0)], bus_dc=dc,
        bus_shunt=np.r_[supply.bus_shunt, np.zeros(2 * hall)], branch_from=tail, branch_to=head,
        branch_impedance=np.r_[supply.branch_impedance, rng.uniform(0.002, 0.01, new) * (1 + 1j)],
        branch_charging=np.r_[supply.branch_charging, np.zeros(new)],
        branch_tap=np.r_[supply.branch_tap, np.ones(new)], branch_rating=np.full(len(tail), 1e3),
        branch_group=np.full(len(tail), -1), branch_rank=np.zeros(len(tail), dtype=int), branch_closed=closed,
        converter_from=[5, 11, n + 4, 20], converter_to=[n, n, n + hall, n + hall + 5],
        converter_rating=[4e5, 2e5, 3e5, 1e5], converter_loss=np.tile([0.0055, 0.012, 0.013], (4, 1)),
        converter_input_pf=[0.98, 1.0, 0.99, 1.0], converter_voltage=[1.0, 1.0, 1.02, 1.02],
        converter_live=rng.random((scenarios, 4)) < 0.8,
        load_power=np.hstack([supply.load_power, rng.uniform(1e4, 4e4, (scenarios, loads)) * (1 + 0.2j)]),
        load_current_share=np.r_[supply.load_current_share, np.zeros(loads)],
        load_impedance_share=np.r_[supply.load_impedance_share, np.zeros(loads)],
        cord_load=np.r_[supply.cord_load, 20 + np.arange(loads)],
        cord_bus=np.r_[supply.cord_bus, n + rng.integers(0, 2 * hall, loads)],
        cord_weight=np.r_[supply.cord_weight, np.ones(loads)], cord_on=np.ones((1, 38), dtype=bool),
    )  # fmt: skip


def mismatch(problem: Problem, s: Solution) -> np.ndarray:
    """Complex power that does not add up at each bus, from the powers reported. [p.u.]"""
    total = np.zeros(s.bus_voltage.shape, dtype=complex).T
    for bus, power, sign in (
        (problem.branch_from, s.branch_power_from, 1), (problem.branch_to, s.branch_power_to, -1),
        (problem.converter_from, s.converter_input, 1), (problem.converter_to, s.converter_output, -1),
        (problem.source_bus, s.source_power, -1), (problem.cord_bus, s.cord_power, 1),
    ):  # fmt: skip
        np.add.at(total, bus, sign * power.T)
    return total.T / problem.base_power + np.conj(problem.bus_shunt) * np.abs(s.bus_voltage) ** 2


def assert_same(one: Solution, other: Solution, tolerance: float) -> None:
    """Every array of two solutions agrees, relative to its largest entry."""
    assert one.status is other.status is Status.CONVERGED, (one.detail, other.detail)
    for name, value in vars(one).items():
        if not isinstance(value, np.ndarray) or name == "residual" or not value.size:
            continue
        size = max(1.0, float(np.abs(value).max()))
        np.testing.assert_allclose(getattr(other, name), value, rtol=0, atol=tolerance * size, err_msg=name)


def both(problem: Problem, compiled: bool, tolerance: float = 1e-12) -> tuple[Solution, Solution]:
    mesh = prepare(problem, method="mesh", compiled=compiled).solve(problem.load_power, tolerance=tolerance)
    return mesh, solve(problem, method="newton", tolerance=tolerance)


@BOTH
@pytest.mark.parametrize("seed", range(10))
def test_all_outputs_agree_with_newton_on_random_meshes_with_outages(seed, compiled):
    problem = random_mesh(seed)
    mesh, newton = both(problem, compiled)
    assert_same(newton, mesh, 1e-9)
    assert np.abs(mismatch(problem, mesh)).max() < 1e-9


@BOTH
@pytest.mark.parametrize("seed", range(6))
def test_all_outputs_agree_with_newton_behind_converters(seed, compiled):
    problem = with_converters(seed)
    mesh, newton = both(problem, compiled)
    assert (mesh.converter_output.real > 0).any(axis=0).all()
    assert_same(newton, mesh, 1e-9)
    assert np.abs(mismatch(problem, mesh)).max() < 1e-9


def test_both_programs_give_the_same_voltages():
    problem = random_mesh(0, scenarios=19)  # not a multiple of the vector length
    one, other = (both(problem, compiled)[0] for compiled in (False, True))
    np.testing.assert_allclose(one.bus_voltage, other.bus_voltage, rtol=0, atol=1e-12)


@BOTH
def test_a_direct_current_ring_between_two_sources_follows_the_ladder(compiled):
    r = np.array(
        [0.01, 0.02, 0.03]
    )  # source A - 1 - 2 - source B, and back from B to A, which carries nothing
    problem = Problem(
        1e5, np.full(4, 800.0), bus_dc=[True] * 4, branch_from=[0, 1, 2, 3], branch_to=[1, 2, 3, 0],
        branch_impedance=[*r, 0.05], source_bus=[0, 3], source_voltage=[1.0, 1.0],
        load_power=[[30e3, 0.0], [30e3, 20e3]], cord_load=[0, 1], cord_bus=[1, 2],
    )  # fmt: skip
    s = prepare(problem, method="mesh", compiled=compiled).solve(problem.load_power, tolerance=1e-14)
    # one load sees r_1 against r_2 + r_3 in parallel: V = (1 + sqrt(1 - 4 R P)) / 2
    resistance = r[0] * (r[1] + r[2]) / r.sum()
    v = (1 + np.sqrt(1 - 4 * resistance * 0.3)) / 2
    assert s.bus_voltage[0, 1].real == pytest.approx(v, abs=1e-13)
    current = 0.3 / v
    assert s.source_power[0, 0].real == pytest.approx(1e5 * current * (r[1] + r[2]) / r.sum(), rel=1e-12)
    assert np.abs(s.branch_power_from[:, 3]).max() < 1e-6
    # two loads: the voltages satisfy the ladder with their own currents
    v1, v2 = s.bus_voltage[1, 1:3].real
    assert (1 - v1) / r[0] - (v1 - v2) / r[1] == pytest.approx(0.3 / v1, abs=1e-11)
    assert (1 - v2) / r[2] + (v1 - v2) / r[1] == pytest.approx(0.2 / v2, abs=1e-11)


@BOTH
def test_a_symmetric_double_feed_splits_evenly(compiled):
    problem = Problem(
        BASE, np.full(4, 415.0), branch_from=[0, 0, 1, 2], branch_to=[1, 2, 3, 3],
        branch_impedance=[0.01 + 0.02j] * 4, source_bus=[0], load_power=[4e5 + 1e5j], cord_load=[0],
        cord_bus=[3],
    )  # fmt: skip
    s = prepare(problem, method="mesh", compiled=compiled).solve(problem.load_power, tolerance=1e-13)
    np.testing.assert_allclose(s.branch_power_from[0, 0], s.branch_power_from[0, 1], rtol=1e-13)
    assert s.branch_power_to[0, 2] == pytest.approx((4e5 + 1e5j) / 2, rel=1e-11)


@BOTH
@pytest.mark.parametrize("seed", range(5))
def test_an_outage_by_woodbury_equals_an_outage_by_factorisation(seed, compiled):
    problem = random_mesh(
        seed, scenarios=1, branch_closed=np.ones((1, 41), dtype=bool), source_live=[[True, True]]
    )
    e = problem.branch_from.size
    rng = np.random.default_rng(seed)
    closed = np.ones((24, e), dtype=bool)
    closed[np.arange(1, 24), rng.integers(29, e, 23)] = False  # the branches beyond the tree are no bridges
    closed[12:, :][np.arange(12), rng.integers(29, e, 12)] = False  # a second one
    outages = replace(problem, branch_closed=closed)
    states = switch(outages)
    taken = States(states.live, states.closed, states.source, states.feeding)
    groups, left = group(outages, taken)
    assert len(groups) == 1 and not left.size and groups[0].changes.start[-1] >= 23
    cords = prepare(outages).cord_share * problem.load_power.T[problem.cord_load]
    cords = np.where(problem.bus_dc[problem.cord_bus, None], cords.real, cords).astype(complex)
    tolerance = np.full(24, 1e-14)
    woodbury = solve_group(outages, groups[0], cords, tolerance, max_iterations=60, compiled=compiled)
    for row in range(24):
        (alone,), _ = group(outages, taken.take(np.array([row])))
        assert not alone.changes.start[-1]
        own = solve_group(
            outages, alone, cords[:, [row]].copy(), tolerance[:1], max_iterations=60, compiled=compiled
        )
        np.testing.assert_allclose(woodbury.voltage[row], own.voltage[0], rtol=0, atol=1e-10)


def ring(**more: Any) -> Problem:
    """A source, a ring of three boards with a load on each, and a stub with a shunt behind a bridge."""
    fields: dict[str, Any] = dict(
        branch_from=[0, 1, 2, 3, 2], branch_to=[1, 2, 3, 1, 4], branch_impedance=[0.01 + 0.03j] * 5,
        branch_charging=[0.02] * 5, bus_shunt=[0, 0, 0, 0, 0.05j], source_bus=[0],
        load_power=[1e5, 2e5, 1.5e5 + 5e4j, 1e5], cord_load=[0, 1, 2, 3, 3], cord_bus=[1, 2, 3, 3, 4],
    )  # fmt: skip
    return Problem(BASE, np.full(5, 415.0), **(fields | more))


@BOTH
def test_a_bridge_takes_what_is_behind_it_and_its_charging(compiled):
    closed = np.ones((3, 5), dtype=bool)
    closed[1, 4] = closed[2, 1] = False
    problem = ring(branch_closed=closed)
    groups, _ = group(problem, States(*_states(problem)))
    assert len(groups) == 1
    mesh, newton = both(problem, compiled)
    assert_same(newton, mesh, 1e-10)
    assert mesh.bus_voltage[1, 4] == 0
    assert mesh.cord_power[:, 3].tolist() == [5e4, 1e5, 5e4]  # the load keeps its other cord


def _states(problem: Problem) -> tuple[np.ndarray, ...]:
    switched = switch(problem)
    return switched.live, switched.closed, switched.source, switched.feeding


def test_two_outages_that_cut_a_ring_leave_one_end_of_the_dead_part_hanging():
    closed = np.ones((2, 5), dtype=bool)
    closed[1, [1, 2]] = False  # board 2 and the stub are dead
    problem = ring(branch_closed=closed)
    states = States(*_states(problem))
    groups, _ = group(problem, states)
    _, changes = changes_of(groups[0].mesh, states)
    assert changes.start.tolist() == [0, 0, 1]  # one of the two is taken out
    mesh, newton = both(problem, False)
    assert_same(newton, mesh, 1e-10)


@BOTH
def test_a_phase_shifter_is_left_to_newton(compiled):
    tap = np.ones(5, dtype=complex)
    tap[2] = np.exp(0.05j)
    problem = ring(branch_tap=tap)
    mesh = prepare(problem, method="mesh", compiled=compiled).solve(problem.load_power)
    assert mesh.status is Status.INFEASIBLE and "phase shifters" in mesh.detail
    auto = prepare(problem, compiled=compiled).solve(problem.load_power, tolerance=1e-12)
    np.testing.assert_array_equal(
        auto.bus_voltage, solve(problem, method="newton", tolerance=1e-12).bus_voltage
    )


def test_a_pv_generator_is_left_to_newton():
    problem = ring(generator_bus=[3], generator_power=[5e4], generator_voltage=[1.0])
    assert not solve(problem, method="mesh").status.ok
    assert solve(problem).status.ok


@BOTH
def test_beyond_the_range_of_injected_currents_newton_takes_over(compiled):
    # a double feed of a constant power close to the nose of E^2 / 4R
    problem = Problem(
        1e5, np.full(2, 800.0), bus_dc=[True, True], branch_from=[0, 0], branch_to=[1, 1],
        branch_impedance=[0.2, 0.2], source_bus=[0], load_power=[[2e5], [2.5e5 * (1 - 1e-5)], [2.6e5]],
        cord_load=[0], cord_bus=[1],
    )  # fmt: skip
    alone = prepare(problem, method="mesh", compiled=compiled).solve(problem.load_power)
    assert alone.scenario_status[1] is Status.MAX_ITERATIONS and not alone.bus_voltage[1:].any()
    s = prepare(problem, compiled=compiled).solve(problem.load_power)
    assert s.scenario_ok.tolist() == [True, True, False]
    assert s.bus_voltage[1, 1].real == pytest.approx((1 + np.sqrt(1 - 0.4 * 2.5 * (1 - 1e-5))) / 2, abs=1e-5)
    for value in vars(s).values():
        assert not isinstance(value, np.ndarray) or np.isfinite(value).all()


@BOTH
def test_a_scenario_does_not_depend_on_its_neighbours(compiled):
    problem = random_mesh(
        3, scenarios=1, branch_closed=np.ones((1, 41), dtype=bool), source_live=[[True, True]]
    )
    rng = np.random.default_rng(0)
    loads = problem.load_power * rng.uniform(0.2, 3.0, (21, 1))
    mesh = prepare(problem, method="mesh", compiled=compiled)
    batch = mesh.solve(loads)
    for row in (0, 9, 20):
        np.testing.assert_array_equal(mesh.solve(loads[row]).bus_voltage[0], batch.bus_voltage[row])


@BOTH
def test_a_warm_start_saves_iterations_and_changes_nothing(compiled):
    problem = random_mesh(
        0, scenarios=1, branch_closed=np.ones((1, 41), dtype=bool), source_live=[[True, True]]
    )
    mesh = prepare(problem, method="mesh", compiled=compiled)
    cold = mesh.solve(problem.load_power, tolerance=1e-12)
    warm = mesh.solve(problem.load_power, tolerance=1e-12, warm=cold)
    assert warm.iterations == 1 < cold.iterations
    np.testing.assert_allclose(warm.bus_voltage, cold.bus_voltage, rtol=0, atol=1e-12)


def test_only_the_outputs_asked_for_are_worked_out():
    problem = ring()
    s = prepare(problem, method="mesh").solve(problem.load_power, outputs=["bus_voltage"])
    assert s.bus_voltage.shape == (1, 5) and not s.branch_current.size


@pytest.mark.parametrize("seed", range(5))
def test_harmless_branches_are_those_without_which_all_stays_connected(seed):
    problem = random_mesh(seed, scenarios=1)
    e = problem.branch_from.size
    intact = Intact(problem)
    closed = np.repeat(problem.branch_closed, e, axis=0) & ~np.eye(e, dtype=bool)
    live = switch(replace(problem, branch_closed=closed)).live
    same = (live == switch(problem).live).all(axis=1)
    assert intact.mesh is not None
    ideal = intact.mesh.conducts & (problem.branch_impedance == 0)
    np.testing.assert_array_equal(find_harmless(intact.mesh), same & ~ideal)
    assert 5 < intact.harmless.sum() < e


@BOTH
@pytest.mark.parametrize("seed", range(4))
def test_single_outages_of_all_branches_agree_with_newton(seed, compiled):
    problem = random_mesh(seed, scenarios=1)
    e = problem.branch_from.size
    found = Intact(problem).solve(np.arange(e), tolerance=1e-12, compiled=compiled)
    closed = np.repeat(problem.branch_closed, e, axis=0) & ~np.eye(e, dtype=bool)
    newton = solve(replace(problem, branch_closed=closed), method="newton", tolerance=1e-12)
    assert found.scenario_ok.all() and 0 < found.rank_one.mean() < 1
    np.testing.assert_allclose(found.bus_voltage, newton.bus_voltage, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(found.load_served, newton.load_served)


def test_an_outage_of_a_branch_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="branches must be indices below 5"):
        Intact(ring()).solve([5])


def test_a_group_can_be_asked_in_part():
    problem = random_mesh(0, scenarios=12)
    groups, _ = group(problem, States(*_states(problem)))
    largest: Group = max(groups, key=lambda members: members.rows.size)
    some = largest.take(np.array([1, 0]))
    assert some.rows.tolist() == largest.rows[[1, 0]].tolist()
    assert some.changes.scenarios == 2


def test_the_iteration_is_compiled_once_for_loads_and_outages():
    from solvers.power.mesh_kernel import iterate

    problem = random_mesh(0)
    for power in (
        problem.load_power,
        problem.load_power[:1].repeat(8, axis=0),
        np.asfortranarray(problem.load_power),
    ):
        prepare(problem, method="mesh", compiled=True).solve(power, outputs=["bus_voltage"])
    Intact(problem).solve([0, 1, 2], compiled=True)
    signatures: Any = iterate.signatures
    assert len(signatures) == 1


def test_a_small_mesh_loads_no_compiler():
    script = (
        "import sys, numpy as np; from solvers.power import Problem, solve\n"
        "p = Problem(1e6, np.full(3, 400.0), branch_from=[0, 1, 2], branch_to=[1, 2, 0], branch_impedance=[0.01] * 3,"
        " source_bus=[0], source_voltage=[1.0], load_power=np.full((50, 1), 1e5), cord_load=[0], cord_bus=[1])\n"
        "assert solve(p).status.ok and 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@BOTH
def test_scenarios_beside_each_other_do_not_share_their_failures(compiled):
    # one load beyond collapse, among others, in every block of eight
    problem = random_mesh(
        2, scenarios=1, branch_closed=np.ones((1, 41), dtype=bool), source_live=[[True, True]]
    )
    power = problem.load_power * np.linspace(0.5, 1.0, 24)[:, None]
    mesh = prepare(problem, method="mesh", compiled=compiled)
    alone = mesh.solve(power).bus_voltage
    power[::3] *= 1e3
    mixed = mesh.solve(power)
    assert not mixed.scenario_ok[::3].any() and not mixed.bus_voltage[::3].any()
    kept = np.arange(24) % 3 > 0
    assert mixed.scenario_ok[kept].all()
    np.testing.assert_allclose(mixed.bus_voltage[kept], alone[kept], rtol=0, atol=0.0 if compiled else 1e-13)
    # working memory that was left by failures does no harm
    np.testing.assert_allclose(mesh.solve(power[kept]).bus_voltage, alone[kept], rtol=0, atol=1e-13)

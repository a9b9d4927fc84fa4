"""Repeated sub-networks as equivalent laws: what is found, and that the whole network is met exactly."""

from dataclasses import replace

import numpy as np
import pytest

from solvers.hydraulics import network
from solvers.hydraulics.equivalent import Reduction, solve
from solvers.hydraulics.equivalent_law import drop_at, passive_drop
from tests.benchmarks.hydraulics_equivalent import hall

EXACT = 1e-7  # the tolerance that solve promises for laws over the largest pressure difference


def agree(problem, result, rtol=1e-6):
    whole = network.solve(problem)
    assert whole.status.ok and result.status.ok
    largest = np.abs(whole.link_flow).max()
    np.testing.assert_allclose(result.link_flow, whole.link_flow, atol=rtol * largest)
    span = np.ptp(whole.node_pressure)
    np.testing.assert_allclose(result.node_pressure, whole.node_pressure, atol=rtol * span)


def test_rows_of_a_hall_are_found_as_one_family():
    problem = hall(14, 4, 1)
    reduction = Reduction(problem)
    assert [family.links.shape for family in reduction.families] == [(14, 2 + 4 * 7 + 3 * 2)]
    replaced = np.concatenate([family.links.ravel() for family in reduction.families])
    assert np.unique(replaced).size == replaced.size


def test_racks_are_found_where_rows_differ():
    problem = hall(6, 4, 1)
    length = np.array(problem.link_length)
    first = np.flatnonzero(length == 2.0)[::2]
    length[first] += np.arange(first.size)  # every row has its own length of feed
    families = Reduction(replace(problem, link_length=length)).families
    # the last rack of a row is one run with its mains, so three of four are alone
    assert [family.links.shape for family in families] == [(18, 7)]


@pytest.mark.parametrize("ring", [True, False])
@pytest.mark.parametrize("limit", [np.inf, 1.2])
def test_the_hall_is_met_exactly(ring, limit):
    problem = hall(14, 5, 4, ring=ring, limit=limit)
    result = solve(problem)
    assert not result.polished.any() and result.instance_count == 14
    assert result.law_error.max() <= EXACT and result.mass_error.max() < 1e-12
    agree(problem, result)


def test_limiters_at_the_edge_are_met_or_solved_whole():
    """Some rows hold their flow, the far ones just do not: the law has a kink in the range of operation."""
    problem = hall(14, 5, 1)
    free = network.solve(problem)
    plates = np.flatnonzero(np.asarray(problem.link_device_exponent) != 2.0)
    edge = float(np.median(free.link_flow[0, plates]))
    problem = hall(14, 5, 1, limit=edge)
    result = solve(problem)
    assert result.law_error.max() <= EXACT
    agree(problem, result)


def test_reversed_and_heights_make_no_difference():
    """Links of every second row written the other way round, nodes at random heights, demand at the header."""
    problem = hall(16, 3, 2)
    rng = np.random.default_rng(3)
    start, end = np.array(problem.link_from), np.array(problem.link_to)
    passive = np.flatnonzero(np.arange(start.size) > 3)
    turned = passive[rng.random(passive.size) < 0.5]
    start[turned], end[turned] = end[turned], start[turned]
    demand = np.zeros(problem.node_count)
    demand[2] = 0.7
    problem = replace(
        problem,
        link_from=start,
        link_to=end,
        node_elevation=rng.uniform(0, 5, problem.node_count),
        node_demand=demand,
    )
    result = solve(problem)
    assert result.instance_count == 16
    agree(problem, result)


def test_equal_branches_between_two_nodes_carry_equal_flow():
    """k branches in parallel: q / k each, drop (q/k)^2 c."""
    k, c = 20, 8e3
    start = np.r_[0, np.zeros(k, int) + 1, np.arange(2, 2 + k)]
    end = np.r_[1, np.arange(2, 2 + k), np.zeros(k, int)]
    device = np.r_[0.0, np.full(k, c / 2), np.full(k, c / 2)]
    head = np.r_[50e3, np.zeros(2 * k)]
    problem = network.Problem(
        2 + k, [0], [0.0], start, end, link_device_coefficient=device, link_pump_head=head
    )
    result = solve(problem)
    assert result.instance_count == k
    np.testing.assert_allclose(result.link_flow[0, 1:], np.sqrt(50e3 / c), rtol=1e-9)


def test_a_reduction_serves_further_cases_and_notices_those_it_does_not_fit():
    problem = hall(14, 4, 3)
    reduction = Reduction(problem)
    faster = replace(problem, link_pump_speed=np.asarray(problem.link_pump_speed) * 0.9)
    agree(faster, solve(faster, reduction=reduction))
    device = np.array(problem.link_device_coefficient)
    device[1, np.flatnonzero(device[0] > 0)[7]] *= 5.0  # one rack of one row is throttled in one case
    odd = replace(problem, link_device_coefficient=device)
    result = solve(odd, reduction=reduction)
    assert result.polished.tolist() == [False, True, False]
    agree(odd, result)


def test_a_network_without_repetition_is_solved_whole():
    problem = hall(3, 2, 2)
    result = solve(problem)
    assert result.family_count == 0 and result.polished.all()
    agree(problem, result)


def test_standing_water_is_no_trouble():
    problem = replace(hall(14, 3, 1), link_pump_speed=0.0)
    result = solve(problem)
    assert result.status.ok and np.abs(result.link_flow).max() < 1e-9
    assert np.isfinite(result.node_pressure).all()


def test_the_law_of_single_links_is_the_same_written_twice():
    """drop_at goes through the network solver, passive_drop does not."""
    rng = np.random.default_rng(5)
    links = 30
    problem = network.Problem(
        links + 1, [0], [0.0], np.arange(links), np.arange(links) + 1, link_length=rng.uniform(0.5, 50, links),
        link_diameter=rng.uniform(0.02, 0.4, links), link_roughness=1e-5, link_minor_loss=rng.uniform(0, 5, links),
        link_device_coefficient=rng.uniform(0, 1e4, links), link_device_exponent=rng.choice([2.0, 1.8], links),
    )  # fmt: skip
    flow = rng.uniform(-5, 5, (3, links))
    every = np.arange(links)
    np.testing.assert_allclose(
        passive_drop(problem, every, flow, "colebrook"), drop_at(problem, every, flow), rtol=1e-8
    )


@pytest.mark.slow
def test_a_large_hall_is_met_exactly_in_many_cases():
    problem = hall(64, 16, 20)
    result = solve(problem)
    assert not result.polished.any()
    agree(problem, result)


def test_one_table_serves_all_cases_in_which_only_the_pumps_vary():
    same = hall(14, 4, 30, plates=False)
    result = solve(same)
    assert not result.polished.any() and result.law_error.max() <= EXACT
    agree(same, result)


@pytest.fixture(scope="module")
def pumps():
    """A hall in which only the pumps vary, with racks of limited flow in none; and its reduction for the compiler."""
    pytest.importorskip("numba")
    problem = hall(14, 4, 6, plates=False)
    return problem, Reduction(problem, compiled=True)


def test_rows_written_out_by_compiled_code_meet_the_whole_network(pumps):
    problem, reduction = pumps
    for share in (1.0, 0.97):  # the second call finds the tables of the first
        varied = replace(problem, link_pump_speed=np.asarray(problem.link_pump_speed) * share)
        result = solve(varied, reduction=reduction)
        assert not result.polished.any()
        assert result.law_error.max() <= EXACT and result.mass_error.max() < 1e-11
        agree(varied, result, rtol=1e-8)


def test_laws_missed_by_class_bound_those_missed_link_by_link(pumps):
    problem, reduction = pumps
    every, once = (solve(problem, reduction=reduction, check=check) for check in (True, False))
    assert (once.law_error >= 0.99 * every.law_error - 1e-15).all()  # 16 places a point: 1 % of a hump
    assert once.law_error.max() <= EXACT
    np.testing.assert_allclose(once.link_flow, every.link_flow, rtol=1e-9, atol=1e-12)


def test_compiled_code_finds_the_states_whose_rows_are_not_alike(pumps):
    problem, reduction = pumps
    device = np.repeat(np.asarray(problem.link_device_coefficient), 6, axis=0)
    device[4, np.flatnonzero(device[0] > 0)[9]] *= 3.0
    odd = replace(problem, link_device_coefficient=device)
    result = solve(odd, reduction=reduction)
    assert result.polished.tolist() == [False] * 4 + [True, False]
    agree(odd, result)


@pytest.mark.parametrize("limit", [1.2, 0.8])
def test_limiters_that_hold_are_checked_by_compiled_code(limit):
    pytest.importorskip("numba")
    problem = hall(14, 3, 1, limit=limit)
    result = solve(problem, reduction=Reduction(problem, compiled=True))
    assert result.status.ok and result.law_error.max() <= EXACT
    agree(problem, result)

"""Availability, frequency and cut sets against closed forms and against the sum over all states."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from solvers.reliability import (
    Draft,
    Rates,
    Structure,
    add_common_causes,
    availability,
    evaluate,
    minimal_cut_sets,
)
from solvers.status import SolveError, Status
from tests.solvers.reliability.reliability_cases import all_states, catcher, parallel, random_structure

Array = NDArray[Any]
EXACT = dict(rtol=0, atol=1e-12)  # sums of a few dozen products


def unit(structure: Structure, available: float = 0.999) -> Rates:
    """Every component available with this probability."""
    return Rates(structure.events, demand_probability=1 - available)


@pytest.mark.parametrize(
    ("count", "needs", "expected"),
    [
        (1, 1, 0.999),
        (4, 3, 0.999994007997),
        (2, 1, 0.999999),
        (3, 1, 1 - 1e-9),
    ],
)
def test_redundant_groups_have_their_binomial_availability(count: int, needs: int, expected: float) -> None:
    structure = parallel(count, needs)
    found = availability(structure, unit(structure), [structure.nodes - 1])
    binomial = sum(comb(count, k) * 0.999**k * 0.001 ** (count - k) for k in range(needs, count + 1))
    np.testing.assert_allclose(found.availability, expected, **EXACT)
    np.testing.assert_allclose(found.availability, binomial, **EXACT)


def test_two_sides_of_n_plus_1_have_the_square_of_one_sides_unavailability() -> None:
    draft = Draft()
    sides = [
        draft.node(inputs=[draft.node(draft.component(f"{side}{i}")) for i in range(4)], needs=3)
        for side in "ab"
    ]
    top = draft.node(inputs=sides, needs=1)
    structure = draft.freeze()
    found = availability(structure, unit(structure), [top])
    side = 1 - 0.999**4 - 4 * 0.001 * 0.999**3
    np.testing.assert_allclose(found.unavailability, side**2, rtol=1e-9)  # side itself is a difference
    np.testing.assert_allclose(found.availability, 0.99999999996, atol=5e-12)  # as quoted, eleven digits


def test_a_common_cause_of_5_percent_eats_the_second_side() -> None:
    structure = parallel(2, 1)
    widened, rates = add_common_causes(structure, unit(structure), [[0, 1]], beta=0.05)
    found = availability(widened, rates, [2])
    q, beta = 0.001, 0.05
    np.testing.assert_allclose(found.availability, (1 - beta * q) * (1 - ((1 - beta) * q) ** 2), **EXACT)
    np.testing.assert_allclose(found.availability, 0.9999491, atol=5e-8)  # as quoted, seven digits
    # Of the 5.09e-5, 98 % is the common cause.
    assert found.leading(0, 1) == [(2, pytest.approx(0.982, abs=1e-3))]


def test_a_catcher_at_75_percent_is_not_2n_because_the_rest_trips_in_cascade() -> None:
    structure = catcher()
    loads = np.arange(4, 10)
    found = availability(structure, unit(structure), loads)
    at_most_one_down = 0.999**4 + 4 * 0.001 * 0.999**3
    np.testing.assert_allclose(found.availability, at_most_one_down, **EXACT)
    np.testing.assert_allclose(found.availability, 0.999994, atol=1e-8)
    relaxed = catcher(load=0.45)  # two systems down leave 1.8 of load on 2 systems: nothing trips
    np.testing.assert_allclose(availability(relaxed, unit(relaxed), loads).availability, 0.999999, **EXACT)


def test_any_two_systems_of_the_catcher_are_a_cut_of_every_load() -> None:
    found = minimal_cut_sets(catcher(), np.arange(4, 10), order=3)
    pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert all(found.of(row) == pairs for row in range(6))
    np.testing.assert_array_equal(found.smallest, 2)


def test_one_machine_fails_as_often_and_as_long_as_its_data_say() -> None:
    structure = parallel(1, 1)
    found = availability(structure, Rates(1, failure_rate=8.76, repair_time=1.0), [1])
    np.testing.assert_allclose(found.unavailability, 0.001 / 1.001, **EXACT)
    np.testing.assert_allclose(found.frequency, 8.76 / 1.001, **EXACT)
    np.testing.assert_allclose(found.mean_outage, 1.0, **EXACT)
    np.testing.assert_allclose([found.saifi, found.saidi], 8.76 / 1.001, **EXACT)


def test_two_in_parallel_fail_with_the_sum_of_their_repair_rates() -> None:
    structure = parallel(2, 1)
    rates = Rates(2, failure_rate=[1.0, 2.0], repair_time=[24.0, 6.0])
    found = availability(structure, rates, [2])
    q = rates.unavailability
    np.testing.assert_allclose(found.unavailability, q[0] * q[1], **EXACT)
    np.testing.assert_allclose(found.mean_outage, 1 / (1 / 24 + 1 / 6), rtol=1e-12)


def test_maintenance_of_one_side_leaves_the_other_alone_for_its_time() -> None:
    structure = parallel(2, 1)
    rates = Rates(2, 0.5, 10.0, maintenance_rate=2.0, maintenance_time=8.0)
    found = availability(structure, rates, [2])
    q, w, u = rates.unavailability[0], rates.frequency[0], 16 / 8760
    np.testing.assert_allclose(found.unavailability, (1 - 2 * u) * q**2 + 2 * u * q, **EXACT)
    often = (1 - 2 * u) * 2 * w * q + 2 * u * w + 2 * 2.0 * (1 - q) * q
    np.testing.assert_allclose(found.frequency, often, **EXACT)
    np.testing.assert_allclose(found.unmaintained, q**2, **EXACT)


def test_a_generator_that_may_not_start_stands_behind_the_utility() -> None:
    draft = Draft()
    utility = draft.node(draft.component("utility"))
    running = draft.node(draft.component("generator"))
    started = draft.node(draft.component("start"), inputs=[running])
    bus = draft.node(inputs=[utility, started], needs=1, ranks=[0, 1])
    structure = draft.freeze()
    rates = Rates(3, [2.0, 0.1, 0.0], [1.5, 20.0, 0.0], demand_probability=[0, 0, 0.01])
    q = rates.unavailability
    found = availability(structure, rates, [bus])
    backup = 1 - (1 - q[1]) * 0.99
    np.testing.assert_allclose(found.unavailability, q[0] * backup, **EXACT)
    often = rates.frequency[0] * backup + rates.frequency[1] * 0.99 * q[0]
    np.testing.assert_allclose(found.frequency, often, **EXACT)


def _rates(structure: Structure, seed: int) -> Rates:
    rng = np.random.default_rng(seed)
    count = structure.events
    planned = rng.uniform(0, 2, count) * (np.arange(count) < structure.components) * (rng.random(count) < 0.7)
    standby = rng.uniform(0, 0.1, count) * (rng.random(count) < 0.5)
    return Rates(
        count, rng.uniform(0, 50, count), rng.uniform(1, 100, count), standby, planned,
        rng.uniform(1, 50, count),
    )  # fmt: skip


def _switched(up: Array, chance: Array, event: int, q: Array) -> Array:
    """Probability that the event decides on each node, from all states."""
    without = np.flatnonzero(~(np.arange(len(up)) >> event & 1).astype(bool))
    return chance[without] / (1 - q[event]) @ (up[without] != up[without | 1 << event])


@pytest.mark.parametrize("seed", range(30))
def test_availability_and_frequency_are_the_sums_over_all_states(seed: int) -> None:
    structure = random_structure(seed)
    rates = _rates(structure, seed)
    happened, failed = all_states(structure)
    up = evaluate(structure, failed).up
    q = rates.unavailability
    down, often = np.zeros((2, structure.nodes))
    for out in (-1, *np.flatnonzero(rates.planned)):
        share = 1 - rates.planned.sum() if out < 0 else rates.planned[out]
        chance = np.where(happened, q, 1 - q).prod(axis=1)
        if out >= 0:
            often += rates.maintenance_rate[out] * (1 - q[out]) * _switched(up, chance, out, q)
            chance = np.where(happened[:, out], chance / q[out], 0.0)
        down += share * (chance @ ~up)
        for event in np.flatnonzero(np.arange(q.size) != out):
            often += share * rates.frequency[event] * _switched(up, chance, event, q)
    found = availability(structure, rates, np.arange(structure.nodes))
    np.testing.assert_allclose(found.unavailability, down, **EXACT)
    np.testing.assert_allclose(found.frequency, often, rtol=1e-10, atol=1e-10)  # sums of rates up to 1e2
    assert found.status.ok and not found.remainder.any()


@pytest.mark.parametrize("seed", range(30))
def test_cut_sets_are_the_minimal_ones_among_all_states(seed: int) -> None:
    structure = random_structure(seed)
    happened, failed = all_states(structure)
    up = evaluate(structure, failed).up
    found = minimal_cut_sets(structure, np.arange(structure.nodes), order=3)
    few = happened.sum(axis=1) <= 3
    for node in range(structure.nodes):
        drops = [frozenset(np.flatnonzero(row).tolist()) for row in happened[few & ~up[:, node]]]
        minimal = [tuple(sorted(one)) for one in drops if not any(other < one for other in drops)]
        assert found.of(node) == sorted(minimal, key=lambda one: (len(one), one))
        assert found.counts[node].sum() == len(minimal)


@pytest.mark.parametrize("seed", range(10))
def test_overloads_followed_to_an_order_bound_the_exact_value(seed: int) -> None:
    structure = random_structure(seed)
    rates, tops = _rates(structure, seed), np.arange(structure.nodes)
    exact = availability(structure, rates, tops).unavailability
    for order in (0, 1, 2, structure.events):
        found = availability(structure, rates, tops, overload_order=order)
        assert np.all(found.unavailability <= exact + found.remainder + 1e-12)
        assert np.all(found.unavailability >= exact - found.remainder - 1e-12)
    np.testing.assert_allclose(found.unavailability, exact, **EXACT)


def test_a_diagram_that_does_not_fit_is_said_and_gives_no_numbers() -> None:
    structure = catcher()
    found = availability(structure, unit(structure), [4], node_limit=20)
    assert found.status is Status.MAX_ITERATIONS
    assert not found.unavailability.any() and not found.frequency.any()
    assert minimal_cut_sets(structure, [4], node_limit=20).status is Status.MAX_ITERATIONS
    with pytest.raises(SolveError, match="20 nodes"):
        availability(structure, unit(structure), [4], node_limit=20, raise_on_failure=True)


def test_importance_may_be_left_out() -> None:
    structure = catcher()
    full = availability(structure, unit(structure), [4, 5])
    lean = availability(structure, unit(structure), [4, 5], importance=False)
    np.testing.assert_array_equal(lean.unavailability, full.unavailability)
    assert lean.birnbaum.shape == lean.criticality.shape == (2, 0)
    # Coherent to second order: two systems must fail, so each has half of the criticality of all.
    np.testing.assert_allclose(full.criticality[0].sum(), 2.0, atol=5e-3)


def test_rates_that_make_no_sense_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"failure_rate\[1\]"):
        Rates(2, [1.0, -1.0])
    with pytest.raises(ValueError, match=r"demand_probability\[0\]"):
        Rates(2, demand_probability=1.5)
    with pytest.raises(ValueError, match="maintenance"):
        Rates(2, maintenance_rate=1.0, maintenance_time=5000.0)
    structure = parallel(2, 1)
    with pytest.raises(ValueError, match=r"groups\[0\].*repair_time"):
        add_common_causes(structure, Rates(2, 1.0, [1.0, 2.0]), [[0, 1]], beta=0.1)
    with pytest.raises(ValueError, match="beta"):
        add_common_causes(structure, Rates(2), [[0, 1]], beta=1.5)
    with pytest.raises(ValueError, match="3 events"):
        availability(structure, Rates(3), [0])
    with pytest.raises(ValueError, match="tops"):
        availability(structure, Rates(2), [7])

"""Random histories against the exact values."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.reliability import Draft, Rates, Simulation, Structure, availability, simulate
from tests.solvers.reliability.reliability_cases import catcher, parallel, random_structure


def _deviation(found: Simulation, structure: Structure, rates: Rates) -> np.ndarray:
    """Largest distance from the exact values in standard errors."""
    exact = availability(structure, rates, found.tops)
    worst = []
    for values, truth in ((found.unavailability, exact.unavailability), (found.frequency, exact.frequency)):
        error = found.standard_error(values)
        np.testing.assert_allclose(found.mean(values)[error == 0], truth[error == 0], atol=1e-5)
        worst.append(np.abs(found.mean(values) - truth)[error > 0] / error[error > 0])
    return np.concatenate(worst)


@pytest.mark.parametrize("seed", range(4))
def test_histories_agree_with_the_exact_values_cascades_and_maintenance_included(seed: int) -> None:
    structure = random_structure(seed)
    rng = np.random.default_rng(seed)
    count = structure.events
    planned = rng.uniform(0, 1.5, count) * (np.arange(count) < structure.components)
    rates = Rates(
        count, rng.uniform(1, 20, count), rng.uniform(10, 100, count), 0.0, planned, rng.uniform(5, 40, count)
    )
    found = simulate(structure, rates, np.arange(structure.nodes), years=10, replications=100, seed=seed)
    # About ten independent numbers each: 3.5 standard errors are passed once in two hundred.
    assert _deviation(found, structure, rates).max() < 3.5


def test_the_catcher_lies_within_its_confidence_interval_and_2n_does_not() -> None:
    structure = catcher()
    rates = Rates(4, failure_rate=8.76, repair_time=1 / 0.999)  # q = 0.001 each
    np.testing.assert_allclose(rates.unavailability, 0.001, rtol=1e-5)
    found = simulate(structure, rates, [4], years=100, replications=200, seed=4)
    low, high = found.interval(found.unavailability, confidence=0.99)
    assert low[0] < availability(structure, rates, [4]).unavailability[0] < high[0]
    assert not low[0] < 1e-6 < high[0]


def test_a_generator_that_fails_to_start_is_drawn_once_per_disturbance() -> None:
    draft = Draft()
    utility = draft.node(draft.component("utility"))
    generator = draft.node(draft.component("start"))
    bus = draft.node(inputs=[utility, generator], needs=1, ranks=[0, 1])
    structure = draft.freeze()
    rates = Rates(2, [6.0, 0.0], [8.0, 0.0], demand_probability=[0.0, 0.2])
    found = simulate(structure, rates, [bus], years=20, replications=200, seed=0)
    assert _deviation(found, structure, rates).max() < 3


def test_the_same_seed_gives_the_same_history_and_another_another() -> None:
    structure = parallel(3, 2)
    rates = Rates(3, 2.0, 50.0)
    one, same, other = (
        simulate(structure, rates, [3], years=50, replications=10, seed=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.unavailability, same.unavailability)
    assert not np.array_equal(one.unavailability, other.unavailability)


def test_what_never_fails_is_always_up() -> None:
    structure = parallel(2, 1)
    found = simulate(structure, Rates(2), [2], years=1, replications=3, seed=0)
    assert not found.unavailability.any() and not found.frequency.any()


def test_a_simulation_that_shows_nothing_is_refused() -> None:
    structure = parallel(2, 1)
    with pytest.raises(ValueError, match="replications"):
        simulate(structure, Rates(2), [2], years=1, replications=1, seed=0)
    with pytest.raises(ValueError, match="years"):
        simulate(structure, Rates(2), [2], years=-1, replications=3, seed=0)
    with pytest.raises(ValueError, match="events"):
        simulate(structure, Rates(3), [2], years=1, replications=3, seed=0)

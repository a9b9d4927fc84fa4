"""Start of generators: worked sequences, order, storage, and scenarios against single runs."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from solvers.power.dynamics import (
    StartSequence,
    battery,
    discharge,
    load_profile,
    ride_through,
    run_start,
    timeline,
)

MW = 1e6


def three_sets(**more):
    given = dict(
        generator_power=[2.5 * MW] * 3, start_time=[8.0, 9.0, 10.0], block_power=[2.0 * MW, 1.0 * MW, 3.0 * MW],
        confirm_time=3.0, parallel_time=5.0, settle_time=2.0,
    )  # fmt: skip
    return StartSequence(**(given | more))


def test_a_sequence_worked_by_hand():
    """Sets on the bus at 11, 17, 18 s.  2 MW at 11; 1 MW needs two sets: 17; 3 MW needs three: 19 = 17 + settle."""
    result = run_start(three_sets())
    np.testing.assert_allclose(result.generator_time[0], [11, 17, 18])
    np.testing.assert_allclose(result.block_time[0], [11, 17, 19])
    np.testing.assert_allclose(result.step_fraction[0], [0.8, 0.2, 0.4])
    assert result.load_power[0] == 6 * MW and result.capacity[0] == 7.5 * MW


def test_a_set_that_fails_to_start_leaves_out_what_no_longer_fits():
    result = run_start(three_sets(starts=[[True, True, True], [False, True, True], [True, False, False]]))
    np.testing.assert_allclose(result.block_time[1], [12, 18, np.inf])
    np.testing.assert_allclose(result.block_time[2], [11, np.inf, np.inf])
    np.testing.assert_allclose(result.load_power, [6 * MW, 3 * MW, 2 * MW])


def test_without_any_set_every_block_is_lost_unless_its_storage_has_no_end():
    result = run_start(three_sets(starts=[False] * 3, ride_through=[600.0, np.inf, 0.0]))
    assert np.all(np.isinf(result.block_time))
    np.testing.assert_array_equal(result.held[0], [False, True, False])
    np.testing.assert_array_equal(result.storage_margin[0], [-np.inf, np.inf, -np.inf])


def test_sets_ready_at_the_same_moment_do_not_all_close_onto_a_dead_bus():
    result = run_start(three_sets(start_time=[9.0, 9.0, 9.0]))
    np.testing.assert_allclose(np.sort(result.generator_time[0]), [12, 17, 17])


def test_a_step_waits_for_more_sets_and_a_walk_in_does_not():
    step = run_start(three_sets(block_power=[2.0 * MW, 0.1 * MW, 0.1 * MW], step_limit=0.5))
    assert step.block_time[0, 0] == 17.0
    ramp = run_start(
        three_sets(block_power=[2.0 * MW, 0.1 * MW, 0.1 * MW], step_limit=0.5, walk_in=[15.0, 0, 0])
    )
    assert ramp.block_time[0, 0] == 11.0
    assert ramp.block_time[0, 1] == 11 + 15 + 2


def test_the_step_limit_follows_the_loading():
    """0.8 of the first half of the range, 0.3 above: the second block finds the set at 0.6."""
    one = StartSequence(
        [1.0 * MW], [10.0], [0.6 * MW, 0.35 * MW, 0.25 * MW], step_limit=[[0.8, 0.3]], confirm_time=0.0
    )
    result = run_start(one)
    np.testing.assert_allclose(result.block_time[0], [10.0, np.inf, 12.0])


def test_storage_is_judged_by_energy_over_the_walk_in():
    """Battery of 60 full-power seconds, mains at 50 s, walk-in 20 s: 50 + 10 = 60 s are just enough."""
    sequence = StartSequence(
        [3 * MW], [47.0], [1 * MW], walk_in=[20.0], ride_through=[[60.0], [59.0], [45.0]]
    )
    result = run_start(sequence)
    np.testing.assert_allclose(result.storage_margin[:, 0], [0.0, -1.0, -15.0], atol=1e-9)
    np.testing.assert_array_equal(result.held[:, 0], [True, False, False])


def test_the_moment_the_storage_is_empty_agrees_with_following_its_discharge():
    sequence = StartSequence([3 * MW], [47.0], [1 * MW], walk_in=[20.0], ride_through=[[57.0], [45.0]])
    result = run_start(sequence)
    for scenario, lasts in enumerate((57.0, 45.0)):
        store = battery(lasts * MW)
        assert ride_through(store, MW) == pytest.approx(lasts)
        at = np.arange(0, 80, 0.01) + 0.005
        power = MW - load_profile(sequence, result, at)[scenario]
        followed = discharge(store, power, 0.01).empty_time[0]
        empty = next(e.time for e in timeline(sequence, result, scenario) if e.what == "storage empty")
        assert empty == pytest.approx(followed, abs=0.02)


def test_a_chiller_is_judged_by_its_service_and_the_cold_store():
    result = run_start(three_sets(restart_time=[0.0, 90.0, 0.0], ride_through=[300.0, 120.0, np.inf]))
    assert result.service_time[0, 1] == 17 + 90
    assert result.storage_margin[0, 1] == pytest.approx(13.0)


def test_the_timeline_is_in_order_and_complete():
    sequence = three_sets(walk_in=[10.0, 0, 0], ride_through=[5.0, np.inf, np.inf])
    result = run_start(sequence)
    events = timeline(sequence, result)
    assert [e.time for e in events] == sorted(e.time for e in events)
    told = {(e.what, e.number) for e in events}
    assert {("utility lost", -1), ("start signal", -1), ("generator on bus", 2), ("block loaded", 0),
            ("block in service", 2), ("storage empty", 0)} <= told  # fmt: skip
    assert next(e.time for e in events if e.what == "storage empty") == 5.0


@pytest.mark.parametrize("seed", range(5))
def test_a_batch_gives_what_each_scenario_gives_alone_and_never_overloads(seed):
    rng = np.random.default_rng(seed)
    s, n, m = 12, 5, 7
    batch = StartSequence(
        rng.uniform(1, 3, (s, n)) * MW, rng.uniform(6, 15, (s, n)), rng.uniform(0.1, 2.5, (s, m)) * MW,
        starts=rng.random((s, n)) < 0.8, step_limit=rng.uniform(0.2, 0.9, (s, 3)), loading_limit=0.9,
        walk_in=rng.choice([0.0, 10.0], (s, m)), transfer_time=rng.uniform(0, 1, (s, m)),
        ride_through=rng.uniform(5, 60, (s, m)), least_running=rng.integers(1, 3, s),
    )  # fmt: skip
    result = run_start(batch)
    for k in range(s):
        alone = StartSequence(**{
            f.name: getattr(batch, f.name)[k % getattr(batch, f.name).shape[0]][None] for f in fields(batch)
        })  # fmt: skip
        one = run_start(alone)
        for f in fields(one):
            np.testing.assert_allclose(
                getattr(one, f.name)[0], getattr(result, f.name)[k], rtol=1e-12, err_msg=f.name
            )
    time = np.arange(0, 200, 0.25)
    load = load_profile(batch, result, time)
    power = np.broadcast_to(batch.generator_power, (s, n))
    online = (power[:, :, None] * (result.generator_time[:, :, None] <= time)).sum(axis=1)
    assert np.all(load <= 0.9 * online + 1e-6)
    finite = np.isfinite(result.block_time)
    for row, ok in zip(result.block_time, finite, strict=True):
        assert np.all(np.diff(row[ok]) > 0)
    np.testing.assert_allclose(load[:, -1], result.load_power, rtol=1e-12)


def test_bad_sequences_are_refused():
    with pytest.raises(ValueError, match=r"generator_power\[0, 1\]|generator_power\[1\] must be > 0"):
        StartSequence([1.0, 0.0], [1.0, 1.0], [1.0])
    with pytest.raises(ValueError, match="start_time has shape"):
        StartSequence([1.0, 1.0], [1.0], [1.0])
    with pytest.raises(ValueError, match=r"step_power\[0, 0\] is more"):
        StartSequence([1.0], [1.0], [1.0], step_power=[2.0])
    with pytest.raises(ValueError, match="disagree on the number of scenarios"):
        StartSequence(np.ones((2, 1)), [1.0], np.ones((3, 1)))
    with pytest.raises(ValueError, match="scenario must be an index"):
        timeline(three_sets(), run_start(three_sets()), 1)

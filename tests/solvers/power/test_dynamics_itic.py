"""ITI curve: its corners, events against waveforms, sags and transfers."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.power.dynamics import (
    Region,
    fault_sag,
    hold_up_time,
    judge_events,
    judge_waveform,
    longest,
    longest_run,
    lower_limit,
    transfer_margin,
    upper_limit,
)


@pytest.mark.parametrize(
    ("voltage", "duration", "region"),
    [
        (0.0, 0.020, Region.TOLERATED), (0.0, 0.021, Region.NO_DAMAGE), (0.70, 0.5, Region.TOLERATED),
        (0.69, 0.5, Region.NO_DAMAGE), (0.70, 0.51, Region.NO_DAMAGE), (0.80, 10.0, Region.TOLERATED),
        (0.80, 10.1, Region.NO_DAMAGE), (0.90, np.inf, Region.TOLERATED), (0.89, np.inf, Region.NO_DAMAGE),
        (1.10, np.inf, Region.TOLERATED), (1.11, np.inf, Region.PROHIBITED), (1.20, 0.5, Region.TOLERATED),
        (1.21, 0.5, Region.PROHIBITED), (1.40, 0.003, Region.TOLERATED), (1.40, 0.0031, Region.PROHIBITED),
        (2.00, 0.001, Region.TOLERATED), (2.10, 0.001, Region.PROHIBITED), (5.0, 1e-5, Region.TOLERATED),
    ],
)  # fmt: skip
def test_the_corners_of_the_curve_belong_to_the_tolerated_side(voltage, duration, region):
    assert judge_events(voltage, duration).region == region


def test_the_longest_time_and_the_limits_are_each_others_inverse():
    voltage = np.linspace(0.0, 4.9, 491)
    time = longest(voltage)
    here = judge_events(voltage, time * (1 - 1e-9))
    assert here.tolerated.all()
    finite = np.isfinite(time)
    assert not judge_events(voltage[finite], time[finite] * (1 + 1e-6)).tolerated.any()
    assert np.all(judge_events(voltage, np.minimum(time, 1e9) * 0.5).time_margin >= 0)


def test_the_margin_is_the_distance_to_the_nearer_limit():
    result = judge_events([0.75, 1.05, 0.5], [0.1, np.inf, 1.0])
    np.testing.assert_allclose(result.margin, [0.05, 0.05, -0.3], atol=1e-12)
    np.testing.assert_allclose(result.time_margin, [0.4, np.inf, -0.98], atol=1e-12)


def test_limits_never_cross():
    time = np.logspace(-6, 3, 1000)
    assert np.all(lower_limit(time) < upper_limit(time))
    assert np.all(np.diff(lower_limit(time)) >= 0) and np.all(np.diff(upper_limit(time)) <= 0)


@pytest.mark.parametrize("seed", range(5))
def test_a_waveform_with_one_rectangular_event_is_judged_as_that_event(seed):
    rng = np.random.default_rng(seed)
    step = 1e-3
    depth, cycles = rng.choice([0.0, 0.3, 0.65, 0.75, 0.85, 1.15, 1.3, 1.5], 40), rng.integers(1, 900, 40)
    wave = np.ones((40, 1000))
    for row, v, n in zip(wave, depth, cycles, strict=True):
        row[50 : 50 + n] = v
    events, waves = judge_events(depth, cycles * step), judge_waveform(wave, step)
    np.testing.assert_array_equal(events.region, waves.region)


def test_a_two_stage_sag_counts_the_whole_time_below_each_level():
    """15 ms of nothing inside 0.6 s at 85 % (10 s allowed) is tolerated; inside 0.52 s at 65 % it is not."""
    wave = np.ones((2, 1000))
    wave[0, 100:700] = 0.85
    wave[1, 100:620] = 0.65
    wave[:, 300:315] = 0.0
    result = judge_waveform(wave, 1e-3)
    np.testing.assert_array_equal(result.region, [Region.TOLERATED, Region.NO_DAMAGE])
    assert result.time_margin[0] == pytest.approx(0.005)


def test_longest_run_of_random_masks():
    mask = np.random.default_rng(0).random((30, 200)) < 0.7
    by_hand = [max(len(run) for run in "".join("1" if x else "0" for x in row).split("0")) for row in mask]
    np.testing.assert_array_equal(longest_run(mask), by_hand)


def test_a_sag_is_the_voltage_divider_of_source_and_feeder():
    assert fault_sag(0.1j, 0.3j) == pytest.approx(0.75)
    assert fault_sag(0.1j, 0.0) == 0.0
    assert fault_sag(3 + 4j, 4 - 3j) == pytest.approx(1 / np.sqrt(2))


def test_a_half_loaded_supply_holds_twice_as_long():
    np.testing.assert_allclose(hold_up_time(0.02, [1.0, 0.5, 0.0]), [0.02, 0.04, np.inf])
    np.testing.assert_allclose(transfer_margin([0.006, 0.05], 0.02, 0.8), [0.019, -0.025])


def test_bad_events_are_refused():
    with pytest.raises(ValueError, match="voltage must be in"):
        judge_events(-0.1, 1.0)
    with pytest.raises(ValueError, match="not 0"):
        fault_sag(0.0, 0.0)
    with pytest.raises(ValueError, match="step"):
        judge_waveform([1.0], 0.0)

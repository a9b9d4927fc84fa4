"""Training-job waveforms, their spectrum, and storage that smooths them: closed forms and balances."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.power.dynamics import (
    PEAK_FACTOR,
    Genset,
    Smoothing,
    every,
    job,
    many_racks,
    run_genset,
    smooth,
    square_wave,
    swing,
    time_grid,
)

RACK = 132e3


def wave(duration: float = 20.0, step: float = 0.01, **more: float) -> np.ndarray:
    given = dict(low=0.5 * RACK, high=RACK, period=1.0, duty=0.6) | more
    return square_wave(time_grid(duration, step), **given)


def test_the_spectrum_of_a_square_wave_is_its_fourier_series():
    """Amplitude of line k: 2 A |sin(pi k d)| / (pi k); sampling at 1 ms changes line k by less than (pi k / 1000)^2."""
    power = wave(step=1e-3)
    result = swing(power, 1e-3)
    k = np.arange(1, 16)
    lines = np.round(k * 20).astype(int)
    exact = 2 * 0.5 * RACK * np.abs(np.sin(np.pi * k * 0.6)) / (np.pi * k)
    np.testing.assert_allclose(result.amplitude[0, lines], exact, atol=2e-3 * RACK)
    assert result.band_frequency[0] == pytest.approx(1.0)
    assert result.mean[0] == pytest.approx(0.8 * RACK, rel=1e-12)
    assert result.dynamic_range[0] == pytest.approx(0.5 * RACK)


def test_a_sine_shows_its_amplitude_and_rms():
    t = time_grid(10.0, 0.01)
    result = swing(100 + 7 * np.sin(2 * np.pi * 3 * t), 0.01)
    assert result.band_peak[0] == pytest.approx(7.0, rel=1e-12)
    assert result.band_rms[0] == pytest.approx(7 / np.sqrt(2), rel=1e-12)


@pytest.mark.parametrize("samples", [200, 201])
def test_parseval_holds_for_random_records(samples):
    power = np.random.default_rng(samples).uniform(0, 1, (3, samples))
    result = swing(power, 0.01, band=(1e-6, 50.0))
    np.testing.assert_allclose(result.band_rms, power.std(axis=1), rtol=1e-10)


def test_edges_of_the_trapezoid_have_the_given_slope():
    power = wave(step=1e-3, rise=0.05)
    result = swing(power, 1e-3)
    np.testing.assert_allclose([result.ramp_up[0], result.ramp_down[0]], 0.5 * RACK / 0.05, rtol=1e-9)
    assert power.mean() == pytest.approx(0.8 * RACK, rel=1e-3)


def test_many_racks_is_the_sum_of_shifted_racks():
    rng = np.random.default_rng(0)
    one, delays = rng.uniform(0, 1, 300), rng.uniform(0, 4, 40)
    t = np.arange(300) * 0.01
    direct = sum(np.interp(t - d, t, one, left=one[0]) for d in delays)
    np.testing.assert_allclose(many_racks(one, 0.01, delays), direct, atol=1e-9)
    np.testing.assert_allclose(many_racks(one, 0.01, np.zeros(5)), 5 * one, atol=1e-9)


def test_racks_spread_over_a_period_cancel_and_in_step_they_add():
    power = wave(step=0.01)
    spread = many_racks(power, 0.01, np.arange(100) * 0.01)[200:]
    together = many_racks(power, 0.01, np.zeros(100))
    # 100 racks a hundredth of a period apart: every sample sees the same sum
    np.testing.assert_allclose(spread, 100 * power.mean(), rtol=1e-9)
    assert swing(together, 0.01).dynamic_range[0] == pytest.approx(50 * RACK)


def test_a_job_starts_within_milliseconds_and_peaks_at_1_4():
    t = time_grid(10.0, 1e-3)
    power = job(t, RACK * every(t, factor=PEAK_FACTOR, interval=2.0, length=0.05), idle=0.2 * RACK, start=1.0, end=8.0,
                rise=2e-3)  # fmt: skip
    assert power[999] == pytest.approx(0.2 * RACK) and power[-1] == pytest.approx(0.2 * RACK)
    assert power.max() == pytest.approx(1.4 * RACK)
    assert swing(power, 1e-3, window=2e-3).ramp_up[0] >= 0.8 * RACK / 2e-3 * (1 - 1e-9)


def test_a_large_store_leaves_only_the_mean_on_the_grid():
    power = wave(120.0)
    result = smooth(power, 0.01, Smoothing(2e6, average_time=10.0, charge_gain=0.0))
    before, after = swing(power[10000:], 0.01), swing(result.grid_power[:, 10000:], 0.01)
    # first-order lag at 1 Hz: 1 / (2 pi 10)
    assert after.band_peak[0] / before.band_peak[0] == pytest.approx(1 / (2 * np.pi * 10), rel=0.02)
    assert result.broken[0] == 0


def test_no_store_and_no_limit_changes_nothing():
    power = wave()
    result = smooth(power, 0.01, Smoothing(0.0))
    np.testing.assert_array_equal(result.grid_power[0], power)
    assert result.broken[0] == 0 and result.energy_error[0] < 1e-12


def test_the_ramp_limit_at_the_start_of_a_job_costs_the_energy_of_a_triangle():
    """From idle to peak D in no time, with the grid at r W/s: the store gives D^2 / (2 r)."""
    t = time_grid(20.0, 1e-3)
    d, r = 1e5, 2e4
    power = job(t, d, idle=0.0, start=1.0, rise=1e-3)
    result = smooth(power, 1e-3, Smoothing(2e6, ramp_up=r, charge_target=1.0, charge_gain=0.0))
    given = (1 - result.charge[0].min()) * 2e6
    assert given == pytest.approx(d**2 / (2 * r), rel=1e-3)
    assert swing(result.grid_power, 1e-3).ramp_up[0] == pytest.approx(r, rel=1e-6)
    assert result.broken[0] == 0


def test_a_store_too_small_breaks_the_limit_and_says_so():
    t = time_grid(20.0, 0.01)
    power = job(t, 1e5, idle=0.0, start=1.0, rise=0.01)
    result = smooth(power, 0.01, Smoothing([1e3, 2e6], ramp_up=2e4, charge_target=1.0, charge_gain=0.0))
    np.testing.assert_array_equal(result.broken > 0, [True, False])
    np.testing.assert_allclose(result.grid_power[:, -1], 1e5)


def test_burn_keeps_the_fall_within_its_limit_at_the_price_of_a_triangle():
    t = time_grid(10.0, 1e-3)
    power = job(t, 1e5, idle=2e4, start=-1.0, end=2.0, rise=1e-3)
    result = smooth(power, 1e-3, Smoothing(0.0, ramp_down=4e4, burn=[True, False]))
    assert result.burned[0] == pytest.approx(8e4**2 / (2 * 4e4), rel=2e-3)
    assert swing(result.grid_power[0], 1e-3).ramp_down[0] == pytest.approx(4e4, rel=1e-6)
    np.testing.assert_array_equal(result.broken > 0, [False, True])


def test_a_floor_is_burned_up_to():
    result = smooth(wave(), 0.01, Smoothing(0.0, floor=0.8 * RACK))
    assert result.grid_power.min() == pytest.approx(0.8 * RACK)
    assert result.burned[0] == pytest.approx(0.3 * RACK * 0.4 * 20, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_energy_is_conserved_with_losses_burn_and_limits(seed):
    rng = np.random.default_rng(seed)
    power = np.repeat(rng.uniform(0, 2e5, (4, 60)), rng.integers(5, 40), axis=1)
    smoothing = Smoothing(
        rng.uniform(1e3, 4e5, 4), power_limit=8e4, efficiency=0.95, ramp_up=5e4, ramp_down=[5e4, 1e5, np.inf, 1e4],
        average_time=2.0, burn=[True, False, True, False], floor=2e4,
    )  # fmt: skip
    result = smooth(power, 0.01, smoothing)
    assert np.all(result.energy_error < 1e-10)
    assert np.all((result.charge > -1e-12) & (result.charge < 1 + 1e-12))
    assert np.all(result.grid_power >= -1e-6)
    np.testing.assert_allclose(result.grid_power + result.storage_power, power + result.burn_power, atol=1e-6)


def test_storage_lets_a_generator_carry_a_training_job():
    """16 racks on one 3 MVA set: in step they move the frequency, with storage they do so much less."""
    step = 0.01
    raw = 16 * wave(20.0, step, period=2.0, low=0.3 * RACK)
    store = Smoothing(16 * 200e3, average_time=4.0, ramp_up=3e5, ramp_down=3e5, charge_gain=0.3)
    smoothed = smooth(raw, step, store)
    soft = smoothed.grid_power[0]
    assert smoothed.broken[0] == 0
    runs = run_genset(Genset(3e6), np.stack([raw, soft]).astype(complex), step)
    span = runs.frequency.max(axis=1) - runs.frequency.min(axis=1)
    assert runs.status.ok and np.all(np.isinf(runs.tripped))
    assert span[0] > 6.0 and span[1] < 0.2 * span[0]  # measured: 6.9 Hz and 1.1 Hz


def test_bad_waveforms_are_refused():
    with pytest.raises(ValueError, match="rise must fit"):
        square_wave([0.0], low=0, high=1, period=1, duty=0.9, rise=0.2)
    with pytest.raises(ValueError, match="step must be at most"):
        swing(np.ones(100), 0.1)
    with pytest.raises(ValueError, match="no line between"):
        swing(np.ones(10), 0.01, band=(0.1, 0.2))
    with pytest.raises(ValueError, match=r"smoothing.energy\[1\]"):
        Smoothing([1.0, -1.0])
    with pytest.raises(ValueError, match=r"power\[0, 1\] is not finite"):
        smooth([1.0, np.nan], 0.1, Smoothing(1.0))

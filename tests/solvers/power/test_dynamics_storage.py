"""Ride-through of batteries, flywheels and supercapacitors: closed forms and balances."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.power import curve_from_points
from solvers.power.dynamics import (
    Storage,
    battery,
    discharge,
    drain,
    flywheel,
    recharge_time,
    ride_through,
    supercapacitor,
)

KWH = 3.6e6


def test_a_hundred_kilowatt_hours_at_one_megawatt_last_307_8_seconds():
    store = battery(100 * KWH, efficiency=0.90, converter_efficiency=0.95)
    assert ride_through(store, 1e6) == pytest.approx(307.8, rel=1e-12)


def test_ride_through_is_energy_over_drain_for_every_pairing_of_scenarios():
    energy, power = np.array([50.0, 100.0, 200.0]) * KWH, np.array([0.5e6, 1e6, 3e6])
    store = battery(energy, depth=0.8, health=0.9, efficiency=0.93)
    np.testing.assert_allclose(ride_through(store, power), energy * 0.8 * 0.9 * 0.93 / power, rtol=1e-12)


def test_a_converter_loss_curve_counts_its_no_load_loss():
    loss = curve_from_points([0.25, 0.5, 1.0], [0.963, 0.971, 0.970])
    store = battery(10 * KWH, converter_rating=1e6, converter_loss=loss)
    a, b, c = loss
    expected = 10 * KWH / (0.4e6 + 1e6 * (a + b * 0.4 + c * 0.16))
    assert ride_through(store, 0.4e6) == pytest.approx(expected, rel=1e-12)
    assert ride_through(store, 0.0) == pytest.approx(10 * KWH / (1e6 * a), rel=1e-12)


def test_a_load_above_the_limit_is_not_carried_at_all():
    store = battery(10 * KWH, power_limit=1e6)
    np.testing.assert_array_equal(ride_through(store, [1.1e6, 2e6]), 0.0)
    assert np.isinf(ride_through(store, 0.0))


def test_peukert_shortens_fast_discharges_and_never_lengthens_slow_ones():
    store = battery(10 * KWH, peukert=1.15, rated_power=100e3)
    np.testing.assert_allclose(
        ride_through(store, [50e3, 100e3, 400e3]), [720.0, 360.0, 90.0 * 4**-0.15], rtol=1e-12
    )


def test_a_constant_power_table_gives_back_its_own_rows():
    power, time = np.array([100e3, 200e3, 400e3]), np.array([1200.0, 500.0, 180.0])
    store = Storage(150e6, converter_efficiency=0.95, rate_power=power, rate_time=time)
    np.testing.assert_allclose(ride_through(store, 0.95 * power), time, rtol=1e-12)
    middle = np.sqrt(power[0] * power[1])
    assert ride_through(store, 0.95 * middle) == pytest.approx(np.sqrt(time[0] * time[1]), rel=1e-12)
    assert ride_through(store, 0.95 * 50e3) == pytest.approx(2400.0, rel=1e-12)
    assert ride_through(store, 0.95 * 401e3) == 0.0


def test_a_flywheel_gives_the_energy_between_two_speeds():
    store = flywheel(600.0, 800.0, 400.0, standby_loss=2e3, converter_efficiency=0.96)
    energy = 0.5 * 600 * (800**2 - 400**2)
    assert ride_through(store, 1e6) == pytest.approx(energy / (1e6 / 0.96 + 2e3), rel=1e-12)
    assert ride_through(store, 0.0) == pytest.approx(energy / 2e3, rel=1e-12)


def test_a_supercapacitor_gives_the_energy_between_two_voltages_and_the_current_that_its_converter_takes():
    store = supercapacitor(20.0, 50.0, 40.0, current_limit=500.0, converter_efficiency=0.9)
    assert ride_through(store, 9e3) == pytest.approx(0.5 * 20 * (50**2 - 40**2) * 0.9 / 9e3, rel=1e-12)
    assert ride_through(store, 0.9 * 40 * 500 + 1) == 0.0


def test_recharge_pays_the_charging_loss_and_the_standby_loss():
    store = Storage(10e6, standby_loss=1e3, charge_efficiency=0.9, charge_limit=100e3)
    assert recharge_time(store, 500e3, charge=0.25) == pytest.approx(7.5e6 / (90e3 - 1e3), rel=1e-12)
    assert np.isinf(recharge_time(store, 1e3))
    assert recharge_time(store, 0.0, charge=1.0) == 0.0


def test_the_moment_of_emptiness_is_found_inside_a_step():
    store = battery(100.0, efficiency=0.8)
    result = discharge(store, [4.0, 8.0, 8.0], 10.0)  # drains 5, 10, 10 W
    assert result.empty_time[0] == 15.0
    result = discharge(store, [4.0, 8.0, 8.0], 10.0, charge=0.75)
    assert result.empty_time[0] == pytest.approx(12.5, rel=1e-12)
    np.testing.assert_allclose(result.charge[0], [0.75, 0.25, 0, 0], atol=1e-12)
    assert result.delivered[0] == pytest.approx(60.0) and result.unserved[0] == pytest.approx(140.0)


@pytest.mark.parametrize("seed", range(5))
def test_energy_is_conserved_for_random_powers(seed):
    rng = np.random.default_rng(seed)
    energy = rng.uniform(50, 400, 6)
    store = battery(
        energy, efficiency=0.9, converter_efficiency=0.95, standby_loss=0.3, charge_efficiency=0.93
    )
    power, step = rng.uniform(-20, 20, (6, 40)), rng.uniform(0.2, 3.0, 40)
    result = discharge(store, power, step, charge=0.6)
    # standby is paid while discharging until empty, and always while charging; count it from the charge itself
    change = (result.charge[:, -1] - 0.6) * energy
    lost = 0.93 * result.drawn - result.delivered / 0.855 - change
    assert np.all(lost >= -1e-9) and np.all(lost <= 0.3 * step.sum() + 1e-9)
    np.testing.assert_allclose(
        result.delivered + result.unserved, (np.maximum(power, 0) * step).sum(axis=1), rtol=1e-12
    )
    assert np.all((result.charge >= 0) & (result.charge <= 1))


def test_following_a_constant_power_agrees_with_the_closed_form():
    store = battery(np.array([1e6, 2e6, 5e6]), efficiency=0.9, peukert=1.1, rated_power=1e3)
    result = discharge(store, np.full((3, 900), 1234.0), 10.0)
    np.testing.assert_allclose(result.empty_time, ride_through(store, 1234.0), rtol=1e-12)


def test_charging_stops_when_full():
    store = Storage(100.0, charge_efficiency=0.5)
    result = discharge(store, [-10.0, -10.0], 15.0, charge=0.5)
    np.testing.assert_allclose(result.charge[0], [0.5, 1.0, 1.0])
    assert result.drawn[0] == pytest.approx(100.0)
    assert np.isinf(result.empty_time[0])


def test_bad_storage_is_refused_with_field_and_index():
    with pytest.raises(ValueError, match=r"storage.efficiency\[1\] must be > 0"):
        battery(1.0, efficiency=[0.9, 0.0])
    with pytest.raises(ValueError, match="depth must be in"):
        battery(1.0, depth=1.2)
    with pytest.raises(ValueError, match="rated_power must be finite"):
        battery(1.0, peukert=1.2)
    with pytest.raises(ValueError, match="least_speed must be below"):
        flywheel(1.0, 10.0, 10.0)
    with pytest.raises(ValueError, match=r"power\[0\] is not finite"):
        drain(battery(1.0), [np.nan])
    with pytest.raises(ValueError, match="rate_power must rise"):
        Storage(1.0, rate_power=[2.0, 1.0], rate_time=[1.0, 2.0])

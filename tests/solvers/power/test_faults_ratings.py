"""Ratings against currents: factors of asymmetry, heat, making capacity, withstand, cables."""

import numpy as np
import pytest
from scipy.integrate import quad

from solvers.power.faults import (
    DeviceRatings,
    adiabatic_limit,
    device_duties,
    interrupting_multiplier,
    making_capacity,
    ratio_of_kappa,
    thermal_equivalent,
    ul489_test_ratio,
    x_over_r,
)
from solvers.power.faults.corrections import (
    alternating_heat_factor,
    decay_factor,
    direct_heat_factor,
    kappa,
    motor_decay_factor,
)


def test_test_circuits_have_the_published_ratio():
    # TSEWG TP-6 Tables 1 and 2
    np.testing.assert_allclose(ul489_test_ratio([7500, 14e3, 65e3]), [1.73, 3.18, 4.90], atol=0.005)
    assert x_over_r(0.15) == pytest.approx(6.6, abs=0.01)


def test_multiplier_is_one_at_the_test_ratio_and_below_and_rises_above():
    assert interrupting_multiplier(4.9, 4.9) == 1
    assert interrupting_multiplier(1.0, 4.9) == 1
    assert interrupting_multiplier(1e9, 6.6) == pytest.approx(2 / (1 + np.exp(-np.pi / 6.6)))
    peaks = interrupting_multiplier(np.array([6.6, 10, 20]), 4.9)
    rms = interrupting_multiplier(np.array([6.6, 10, 20]), 4.9, delayed=True)
    assert np.all(np.diff(peaks) > 0) and np.all(np.diff(rms) > 0)
    # half a cycle: 1.25 at X/R 4.9 is the base of fused breakers in IEEE C37.13, as quoted
    assert np.sqrt(1 + 2 * np.exp(-2 * np.pi / 4.9)) == pytest.approx(1.25, abs=0.005)


def test_an_iec_device_has_no_multiplier():
    assert interrupting_multiplier(50.0, np.inf) == 1


def test_making_capacity_by_voltage_and_frequency():
    np.testing.assert_allclose(
        making_capacity([5e3, 10e3, 36e3, 100e3], 480, 60), [7.5e3, 17e3, 75.6e3, 220e3]
    )
    assert making_capacity(25e3, 13.8e3, 50) == pytest.approx(62.5e3)
    assert making_capacity(25e3, 13.8e3, 60) == pytest.approx(65e3)


def test_ratio_of_kappa_inverts_kappa():
    ratio = np.array([0.5, 2.0, 10.0, 50.0])
    np.testing.assert_allclose(ratio_of_kappa(kappa(1 / ratio)), ratio, rtol=1e-9)


@pytest.mark.parametrize("factor", [1.2, 1.5, 1.8, 1.95])
@pytest.mark.parametrize("duration", [0.02, 0.1, 1.0])
def test_m_is_the_heat_of_the_decaying_direct_current(factor, duration):
    """i_dc = sqrt(2) I exp(2 f t ln(kappa - 1)): m = integral of i_dc^2 / (I^2 T)."""
    rate = 2 * 60 * np.log(factor - 1)
    heat, _ = quad(lambda t: 2 * np.exp(2 * rate * t), 0, duration)
    # the standard's decay constant makes the component (kappa - 1) after half a cycle
    assert direct_heat_factor(factor, duration, 60.0) == pytest.approx(heat / duration, rel=1e-9)


def test_m_of_a_current_that_never_decays_is_two():
    assert direct_heat_factor(2.0, 1.0, 50.0) == pytest.approx(2.0, rel=1e-6)


@pytest.mark.parametrize("ratio", [1.25, 2.0, 5.0])
@pytest.mark.parametrize("duration", [0.1, 1.0, 5.0])
def test_n_is_the_heat_of_the_decaying_alternating_current(ratio, duration):
    transient = ratio / (0.88 + 0.17 * ratio)
    time = 3.1 / transient

    def current(t):
        return (ratio - transient) * np.exp(-10 * t / time) + (transient - 1) * np.exp(-t / time) + 1

    heat, _ = quad(lambda t: current(t) ** 2, 0, duration)
    assert alternating_heat_factor(ratio, duration) == pytest.approx(heat / ratio**2 / duration, rel=1e-9)


def test_n_is_one_far_from_generators():
    assert alternating_heat_factor(1.0, 1.0) == 1
    assert thermal_equivalent(np.array([10e3]), np.array([1.5]), 1.0, 50.0) > 10e3


def test_decay_factors_at_their_limits():
    assert decay_factor(np.array([1.0, 2.0]), 0.1).tolist() == [1.0, 1.0]
    assert decay_factor(np.array([5.0]), 0.1)[0] == pytest.approx(0.62 + 0.72 * np.exp(-1.6))
    # linear between the times of the standard
    middle = (decay_factor(np.array([5.0]), 0.05) + decay_factor(np.array([5.0]), 0.10)) / 2
    np.testing.assert_allclose(decay_factor(np.array([5.0]), 0.075), middle)
    assert motor_decay_factor(np.array([np.inf]), 0.1)[0] == 1
    assert motor_decay_factor(np.array([1e6]), 0.1)[0] == pytest.approx(0.57)
    assert motor_decay_factor(np.array([1e3]), 0.25)[0] == 0


def ratings(**changes):
    given = {
        "interrupting": [65e3], "making": [np.inf], "withstand": [50e3], "withstand_time": [1.0], "test_ratio": [4.9],
    }  # fmt: skip
    return DeviceRatings(**(given | changes))


def test_a_breaker_in_a_stiff_network_is_derated_below_its_label():
    """60 kA at X/R 20 stands for more than 65 kA at the test X/R of 4.9."""
    factor = kappa(np.array([1 / 20]))
    duty = device_duties(ratings(), [60e3], [120e3], factor, 0.05, frequency=60.0)
    expected = (1 + np.exp(-np.pi / 20)) / (1 + np.exp(-np.pi / 4.9)) * 60 / 65
    assert duty.interrupting[0] == pytest.approx(expected, rel=1e-9)
    assert expected > 1 and not duty.ok[0]
    iec = device_duties(
        ratings(test_ratio=[np.inf], making=[143e3], withstand=[np.inf]),
        [60e3],
        [120e3],
        factor,
        0.05,
        frequency=60.0,
    )
    assert iec.ok[0] and iec.making[0] == pytest.approx(120 / 143)


def test_a_fused_breaker_is_compared_by_rms():
    duty = device_duties(
        ratings(fused=[True]), [60e3], [0.0], kappa(np.array([1 / 20])), 0.05, frequency=60.0
    )
    assert duty.multiplier[0] == pytest.approx(interrupting_multiplier(20.0, 4.9, delayed=True))


def test_withstand_goes_with_the_square_root_of_time_and_no_higher_than_its_rating():
    duty = [
        device_duties(ratings(), [30e3], [0.0], [1.02], t, frequency=60.0).withstand[0]
        for t in (0.5, 1.0, 4.0)
    ]
    heat = [thermal_equivalent(np.array([30e3]), np.array([1.02]), t, 60.0)[0] for t in (0.5, 1.0, 4.0)]
    np.testing.assert_allclose(duty, np.array(heat) / [50e3, 50e3, 25e3])


def test_scenarios_broadcast_against_devices():
    currents = np.array([[10e3], [60e3], [0.0]])
    duty = device_duties(
        ratings(withstand=[80e3]), currents, 2 * currents, np.full((3, 1), 1.6), 0.1, frequency=50.0
    )
    assert duty.interrupting.shape == (3, 1)
    assert duty.ok[:, 0].tolist() == [True, True, True]
    assert duty.withstand[2, 0] == 0


def test_cable_heat_limit():
    # 50 mm2 copper in XLPE for 1 s: 143 x 50 = 7.15 kA
    assert adiabatic_limit(50e-6, 1.0, "copper", "xlpe") == pytest.approx(7150)
    with pytest.raises(ValueError, match="no k for 'tin'"):
        adiabatic_limit(50e-6, 1.0, "tin", "xlpe")


def test_bad_ratings_are_named():
    with pytest.raises(ValueError, match=r"interrupting\[0\] is 0.0, must be above 0"):
        ratings(interrupting=[0.0])
    with pytest.raises(ValueError, match=r"making has shape \(2,\), expected \(1,\)"):
        ratings(making=[1.0, 2.0])
    with pytest.raises(ValueError, match="clearing_time"):
        device_duties(ratings(), [1.0], [1.0], [1.5], 0.0, frequency=50.0)

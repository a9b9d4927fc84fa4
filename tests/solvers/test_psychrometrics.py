"""Moist air against the handbook's own table values, its own inverses, and psychrolib."""

from __future__ import annotations

import numpy as np

from solvers import psychrometrics as psy

RNG = np.random.default_rng(7)


def test_saturation_pressure_matches_the_handbook_table():
    # ASHRAE Fundamentals 2017, chapter 1, table 3: -20, 0, 25, 50 degC
    np.testing.assert_allclose(
        psy.saturation_pressure([-20.0, 0.0, 25.0, 50.0]), [103.24, 611.2, 3169.3, 12351.3], rtol=2e-4
    )


def test_saturation_temperature_inverts_saturation_pressure():
    temperature = np.linspace(-95.0, 195.0, 700)
    np.testing.assert_allclose(
        psy.saturation_temperature(psy.saturation_pressure(temperature)), temperature, atol=1e-6
    )


def test_pressure_at_denver_is_83_kpa():
    np.testing.assert_allclose(psy.pressure_at([0.0, 1609.0]), [101325.0, 83436.0], rtol=1e-3)


def test_every_humidity_measure_returns_to_itself():
    dry = RNG.uniform(-20.0, 50.0, 2000)
    pressure = RNG.uniform(70e3, 105e3, 2000)
    ratio = psy.humidity_ratio_from_relative_humidity(dry, RNG.uniform(0.05, 1.0, 2000), pressure)
    np.testing.assert_allclose(
        psy.humidity_ratio_from_dew_point(psy.dew_point(ratio, pressure), pressure), ratio, rtol=1e-7
    )
    again = psy.humidity_ratio_from_relative_humidity(
        dry, psy.relative_humidity(dry, ratio, pressure), pressure
    )
    np.testing.assert_allclose(again, ratio, rtol=1e-12)
    bulb = psy.wet_bulb(dry, ratio, pressure)
    np.testing.assert_allclose(
        psy.humidity_ratio_from_wet_bulb(dry, bulb, pressure), ratio, rtol=1e-8, atol=1e-10
    )


def test_saturated_enthalpy_inverts():
    temperature = np.linspace(-30.0, 80.0, 300)
    again = psy.saturated_temperature_at(psy.saturation_enthalpy(temperature, 90e3), 90e3)
    np.testing.assert_allclose(again, temperature, atol=1e-6)


def test_bulbs_stand_in_order_and_meet_at_saturation():
    dry = RNG.uniform(-15.0, 45.0, 1000)
    ratio = psy.humidity_ratio_from_relative_humidity(dry, RNG.uniform(0.02, 1.0, 1000), 101325.0)
    bulb, dew = psy.wet_bulb(dry, ratio, 101325.0), psy.dew_point(ratio, 101325.0)
    assert np.all(bulb <= dry + 1e-9)
    # frost point and iced bulb use slightly different latent heats: 10 mK of slack
    assert np.all(dew <= bulb + 1e-2)
    full = psy.saturation_humidity_ratio(dry, 101325.0)
    np.testing.assert_allclose(psy.wet_bulb(dry, full, 101325.0), dry, atol=2e-2)


def test_density_of_dry_air_is_the_gas_law():
    np.testing.assert_allclose(psy.density(20.0, 0.0, 101325.0), 101325.0 / (287.042 * 293.15), rtol=1e-12)


def test_moist_air_is_lighter_than_dry_air():
    assert psy.density(25.0, 0.015, 101325.0) < psy.density(25.0, 0.0, 101325.0)


def test_extremes_stay_finite():
    for value in (
        psy.wet_bulb([60.0, -60.0], [0.0, 1e-9], 70e3),
        psy.dew_point([0.0, 1.0], 101325.0),
        psy.saturation_humidity_ratio([120.0, 5000.0], 101325.0),
        psy.saturated_temperature_at([1e9, -1e9], 101325.0),
    ):
        assert np.all(np.isfinite(value))


def test_wet_bulb_agrees_with_psychrolib_within_its_own_tolerance(psychrolib):
    dry = RNG.uniform(-20.0, 50.0, 1500)
    pressure = RNG.uniform(70e3, 105e3, 1500)
    ratio = psy.humidity_ratio_from_relative_humidity(dry, RNG.uniform(0.02, 1.0, 1500), pressure)
    theirs = np.array(
        [psychrolib.GetTWetBulbFromHumRatio(*row) for row in zip(dry, ratio, pressure, strict=True)]
    )
    ours = psy.wet_bulb(dry, ratio, pressure)
    # near freezing two roots exist and its bisection lands on either; there ours must be the iced one
    two_roots = np.abs(ours - theirs) > 2e-3
    assert np.all((ours[two_roots] <= 0.0) & (theirs[two_roots] > 0.0))
    assert np.mean(two_roots) < 0.01
    np.testing.assert_allclose(ours[~two_roots], theirs[~two_roots], atol=2e-3)
    np.testing.assert_allclose(
        psy.dew_point(ratio, pressure)[:300],
        [
            psychrolib.GetTDewPointFromHumRatio(*row)
            for row in zip(dry[:300], ratio[:300], pressure[:300], strict=True)
        ],
        atol=2e-3,
    )

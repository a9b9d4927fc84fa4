"""NPSH and expansion tanks: closed forms, Raoult's law, and the handbook's formula as a special case."""

from dataclasses import replace

import numpy as np
import pytest

from solvers.fluids import FLUIDS
from solvers.hydraulics.suction import (
    MOLAR_PROPYLENE_GLYCOL,
    MOLAR_WATER,
    expansion,
    fill_pressure,
    npsh_available,
    size_tank,
    suction_pressure,
    tank_state,
    vapour_pressure,
)

G = 9.80665
WATER = FLUIDS["water"]


def tank(**change):
    given = dict(
        system_volume=10.0, static_pressure=150e3, relief_pressure=600e3, fill_density=WATER.density(10.0),
        hot_density=WATER.density(60.0), fill_temperature=10.0, hot_temperature=60.0,
    )  # fmt: skip
    return size_tank(**(given | change))


def test_water_boils_at_its_saturation_pressure():
    """NIST: 7.385 kPa at 40 degC, 101.42 kPa at 100 degC; Hyland-Wexler within 0.1 %."""
    np.testing.assert_allclose(vapour_pressure([40.0, 100.0]), [7.385e3, 101.42e3], rtol=1e-3)


def test_glycol_lowers_vapour_pressure_by_the_share_of_its_molecules():
    water, glycol = 0.75 / MOLAR_WATER, 0.25 / MOLAR_PROPYLENE_GLYCOL
    share = water / (water + glycol)
    assert vapour_pressure(45.0, 0.25) / vapour_pressure(45.0) == pytest.approx(share, rel=1e-12)
    assert vapour_pressure(45.0, 0.25, method="water") == pytest.approx(
        float(vapour_pressure(45.0)), rel=1e-12
    )


def test_npsh_of_an_open_tank_is_atmosphere_and_height_less_losses_and_boiling():
    rho = 992.2
    inlet = suction_pressure(0.0, -3.0, 10e3, density=rho)
    assert inlet == pytest.approx(3.0 * rho * G - 10e3)
    head = npsh_available(inlet, 40.0, density=rho, velocity=1.5)
    by_hand = (101325.0 - 10e3 - 7.385e3) / (rho * G) + 3.0 + 1.5**2 / (2 * G)
    assert head == pytest.approx(by_hand, abs=1e-3)


def test_npsh_falls_with_altitude_and_temperature_and_may_be_negative():
    heads = npsh_available(-30e3, [20.0, 60.0, 99.0], density=960.0, barometric=70e3)
    assert (np.diff(heads) < 0).all() and heads[-1] < 0


def test_tank_without_reserve_is_the_handbook_formula():
    """V = V_e / (1 - P1 / P2) in absolute pressures, filled at the pre-charge."""
    grown = expansion(10.0, WATER.density(10.0), WATER.density(60.0))
    sized = tank()
    p1, p2 = sized.pre_charge + 101325.0, 540e3 + 101325.0
    reserve = sized.filled
    assert sized.volume * (1 - p1 / p2) == pytest.approx(float(grown + reserve), rel=1e-12)
    assert grown == pytest.approx(10.0 * (999.70 / 983.20 - 1.0), rel=1e-3)  # Kell: 999.70 and 983.20 kg/m3


def test_pressure_runs_from_the_fill_to_the_highest_and_back():
    sized = tank()
    temperature = np.array([10.0, 35.0, 60.0])
    state = tank_state(sized, WATER.density(temperature), temperature)
    assert state.pressure[0] == pytest.approx(float(fill_pressure(sized)), rel=1e-12)
    assert state.pressure[2] == pytest.approx(0.9 * 600e3, rel=1e-9)
    assert (np.diff(state.pressure) > 0).all()
    assert not state.empty.any() and not state.full.any()
    gas = (state.pressure + 101325.0) * (sized.volume - state.liquid)
    np.testing.assert_allclose(gas, gas[0], rtol=1e-12)  # Boyle


def test_cold_system_empties_its_tank_and_hot_one_fills_it():
    small = replace(tank(), filled=np.asarray(0.001))
    cold = tank_state(small, WATER.density(10.0) * 1.01, 10.0)
    assert cold.empty and cold.pressure == pytest.approx(float(small.pre_charge))
    hot = tank_state(replace(tank(), volume=np.asarray(0.2)), WATER.density(95.0), 95.0)
    assert hot.full and np.isfinite(hot.pressure)


def test_pipes_that_grow_too_need_a_smaller_tank():
    assert tank(wall_expansion=11.7e-6).volume < tank().volume


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tank(relief_pressure=200e3), "relief_pressure leaves no room"),
        (lambda: tank(system_volume=0.0), "system_volume"),
        (lambda: vapour_pressure(20.0, 1.0), "glycol is 1.0, not a finite number >= 0 and <= 1"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""Fluids against their published tables, and what follows from them: expansion, boiling, stiffness, ranges."""

import numpy as np
import pytest

from solvers.fluids import FLUIDS, ICE_POINT

MOLAR_MASS = 18.015268  # of water, kg/kmol

# Melinder's double polynomial for propylene glycol as CoolProp prints it (MPG.json, four digits): rows are powers of
# T - 305.8583 K, columns of mass fraction - 0.307031; viscosity is its exponential.
MELINDER = {
    "density": [
        [1018.0, 76.04, -24.98, -155.0, -113.1, 234.2],
        [-0.5406, -0.945, 0.27, 2.829, -2.221, 0.0],
        [-0.002666, 0.005541, -0.004018, -0.007175, 0.0, 0.0],
        [1.347e-05, -1.343e-05, 3.376e-05, 0.0, 0.0, 0.0],
    ],
    "heat_capacity": [
        [3882.0, -1304.0, -1598.0, 353.9, 5000.0, -4959.0],
        [2.699, 5.07, 0.9534, 31.02, -71.35, 0.0],
        [-0.001659, -0.004752, 0.1167, -0.295, 0.0, 0.0],
        [-1.032e-05, 0.0001522, -0.000487, 0.0, 0.0, 0.0],
    ],
    "conductivity": [
        [0.4513, -0.4795, 0.2076, -0.09083, -0.05952, 0.2104],
        [0.0007955, -0.001678, 0.001563, -0.002518, -0.003605, 0.0],
        [3.482e-08, 8.941e-06, -4.615e-05, 6.543e-05, 0.0, 0.0],
        [-5.966e-09, 1.493e-08, 9.897e-08, 0.0, 0.0, 0.0],
    ],
    "viscosity": [
        [-6.224055, 3.328, 0.5453, -3.9, -1.587, 35.64],
        [-0.03045, -0.03984, -0.00086, 0.1054, 0.04475, 0.0],
        [0.0002525, 0.0004332, -0.0001593, -0.001589, 0.0, 0.0],
        [-1.399e-06, -1.86e-06, -4.465e-07, 0.0, 0.0, 0.0],
    ],
}


@pytest.mark.parametrize("quantity", MELINDER)
@pytest.mark.parametrize(("name", "share"), [("pg25", 0.25), ("pg40", 0.40)])
def test_pure_mixtures_follow_melinders_polynomial_within_a_thousandth(name, share, quantity):
    t = np.linspace(0.0, 80.0, 33)
    warmer, richer = t + ICE_POINT - 305.8583, np.full(t.shape, share - 0.307031)
    expected = np.polynomial.polynomial.polyval2d(warmer, richer, np.array(MELINDER[quantity]))
    expected = np.exp(expected) if quantity == "viscosity" else expected
    np.testing.assert_allclose(getattr(FLUIDS[name], quantity)(t), expected, rtol=1e-3)


# DOWFROST LC 25 technical data sheet: degC, kg/m3, kJ/kgK, W/mK, mPa s (as quoted)
DOWFROST = """
20 1032.7 3.87 0.456 2.84
25 1030.3 3.88 0.462 2.39
30 1027.8 3.89 0.467 2.05
35 1025.2 3.90 0.472 1.78
40 1022.5 3.92 0.476 1.58
45 1019.7 3.93 0.481 1.41
50 1016.8 3.94 0.485 1.27
55 1013.7 3.95 0.488 1.15
"""


def test_dowfrost_gives_every_printed_digit_of_its_sheet():
    t, density, heat_capacity, conductivity, viscosity = np.array(
        [line.split() for line in DOWFROST.strip().splitlines()], float
    ).T
    fluid = FLUIDS["pg25_inhibited"]
    np.testing.assert_array_equal(np.round(fluid.density(t), 1), density)
    np.testing.assert_array_equal(np.round(fluid.heat_capacity(t) / 1e3, 2), heat_capacity)
    np.testing.assert_array_equal(np.round(fluid.conductivity(t), 3), conductivity)
    np.testing.assert_array_equal(np.round(fluid.viscosity(t) * 1e3, 2), viscosity)


@pytest.mark.parametrize(
    ("t", "viscosity", "density", "heat_capacity", "conductivity"),
    [
        (-20, 46.908, 1056, 3.62, 0.414),
        (0, 12.924, 1049, 3.68, 0.417),
        (20, 5.1327, 1039, 3.73, 0.419),
        (40, 2.4956, 1027, 3.78, 0.420),
        (60, 1.4689, 1013, 3.84, 0.422),
        (80, 0.9481, 998, 3.89, 0.426),
    ],
)
def test_antifrogen_agrees_with_its_table(t, viscosity, density, heat_capacity, conductivity):
    """SecCool's table: whole kg/m3, two decimals of kJ/kgK, three of W/mK; viscosity fitted to 0.8 %."""
    fluid = FLUIDS["pg40_inhibited"]
    assert fluid.density(t) == pytest.approx(density, abs=0.5)
    assert fluid.heat_capacity(t) == pytest.approx(1e3 * heat_capacity, abs=6)
    assert fluid.conductivity(t) == pytest.approx(conductivity, abs=7e-4)
    assert fluid.viscosity(t) == pytest.approx(1e-3 * viscosity, rel=9e-3)


@pytest.mark.parametrize(("inhibited", "pure"), [("pg25_inhibited", "pg25"), ("pg40_inhibited", "pg40")])
def test_inhibited_products_are_thicker_and_denser(inhibited, pure):
    t = np.linspace(20.0, 55.0, 8)
    ratio = FLUIDS[inhibited].viscosity(t) / FLUIDS[pure].viscosity(t)
    assert (ratio > 1.0).all()
    assert (ratio < 1.25).all()
    assert (FLUIDS[inhibited].density(t) > FLUIDS[pure].density(t)).all()


@pytest.mark.parametrize(
    ("kelvin", "density", "heat_capacity", "sound", "conductivity", "viscosity"),
    [  # mol/dm3, kJ/(mol K), m/s, mW/(m K), uPa s; saturated, which is within 5e-5 of 0.1 MPa
        (290, 55.440, 0.075429, 1472.1, 592.73, 1084.0),
        (300, 55.315, 0.075320, 1501.4, 610.28, 853.84),
        (320, 54.919, 0.075317, 1538.7, 639.71, 577.02),
        (340, 54.371, 0.075456, 1553.9, 660.55, 421.97),
        (360, 53.698, 0.075708, 1552.0, 673.76, 326.10),
    ],
)
def test_water_agrees_with_the_iapws_formulations(
    kelvin, density, heat_capacity, sound, conductivity, viscosity
):
    """Perry's Chemical Engineers' Handbook, 9th ed., table 2-135.

    Its conductivity is that of 1998, up to 0.5 % above that of 2011; its sound differs by 0.015 % from Marczak's.
    """
    water, t = FLUIDS["water"], kelvin - ICE_POINT
    assert water.density(t) == pytest.approx(density * MOLAR_MASS, rel=5e-5)
    assert water.heat_capacity(t) == pytest.approx(heat_capacity * 1e6 / MOLAR_MASS, rel=2e-4)
    assert water.viscosity(t) == pytest.approx(1e-6 * viscosity, rel=1e-3)
    assert water.conductivity(t) == pytest.approx(1e-3 * conductivity, rel=6e-3)
    assert water.bulk_modulus(t) == pytest.approx(density * MOLAR_MASS * sound**2, rel=4e-4)


@pytest.mark.parametrize(("t", "expansion"), [(10, 0.088e-3), (20, 0.207e-3), (40, 0.385e-3), (80, 0.641e-3)])
def test_water_expands_as_kell_tabulates(t, expansion):
    """Three decimals of 1e-3 per kelvin are printed."""
    assert FLUIDS["water"].thermal_expansion(t) == pytest.approx(expansion, abs=6e-7)


def test_water_boils_at_100_degrees_and_glycol_later():
    assert FLUIDS["water"].vapour_pressure(100.0) == pytest.approx(101325.0, rel=2e-3)
    assert FLUIDS["pg25"].vapour_pressure(60.0) == pytest.approx(
        FLUIDS["water"].vapour_pressure(60.0) * (75 / 18.015) / (75 / 18.015 + 25 / 76.094), rel=1e-12
    )


@pytest.mark.parametrize("name", sorted(FLUIDS))
def test_derived_properties_keep_the_shape_and_expand_when_warm(name):
    fluid = FLUIDS[name]
    t = np.linspace(max(fluid.range[0], 10.0), fluid.range[1], 12).reshape(3, 4)
    for value in (fluid.thermal_expansion(t), fluid.bulk_modulus(t), fluid.vapour_pressure(t)):
        assert value.shape == t.shape
        assert (value > 0).all()
    integral = np.trapezoid(fluid.thermal_expansion(np.linspace(20, 60, 2001)), dx=0.02)
    assert np.exp(-integral) == pytest.approx(fluid.density(60.0) / fluid.density(20.0), rel=1e-7)


def test_a_temperature_outside_the_range_is_named():
    coolant = FLUIDS["pg25_inhibited"]
    assert coolant.check([20.0, 55.0]) == ""
    assert coolant.check([[20.0, 70.0]]) == (
        "propylene glycol 25 % by volume, inhibited (DOWFROST LC 25): 70 degC at [0, 1] is outside its range "
        "10 to 65 degC"
    )
    assert (
        FLUIDS["water"]
        .check(-3.0)
        .endswith("-3 degC is outside its range 0 to 100 degC; it freezes at 0 degC")
    )
    assert "nan" in FLUIDS["water"].check(float("nan"))

"""Fluid properties against published tables."""

import numpy as np
import pytest

from solvers.fluids import FLUIDS


@pytest.mark.parametrize(
    ("temperature", "density", "heat_capacity", "viscosity", "conductivity"),
    [
        (25.0, 1017.2, 3933.0, 2.07e-3, 0.472),
        (35.0, 1012.5, 3957.0, 1.54e-3, 0.481),
        (45.0, 1007.2, 3981.0, 1.20e-3, 0.490),
        (55.0, 1001.4, 4004.0, 0.967e-3, 0.499),
    ],
)
def test_pg25_agrees_with_melinder(temperature, density, heat_capacity, viscosity, conductivity):
    """Melinder (2010), 25 % by mass, as printed to three or four digits."""
    pg = FLUIDS["pg25"]
    assert pg.density(temperature) == pytest.approx(density, abs=0.06)
    assert pg.heat_capacity(temperature) == pytest.approx(heat_capacity, abs=0.6)
    assert pg.viscosity(temperature) == pytest.approx(viscosity, rel=4e-3)
    assert pg.conductivity(temperature) == pytest.approx(conductivity, abs=6e-4)


def test_water_agrees_with_iapws():
    """At 0.1 MPa and 25 degC, IAPWS-95, R12-08 and R15-11."""
    water = FLUIDS["water"]
    assert water.density(25.0) == pytest.approx(997.047, rel=2e-5)
    assert water.heat_capacity(25.0) == pytest.approx(4181.4, rel=1e-4)
    assert water.viscosity(25.0) == pytest.approx(890.02e-6, rel=1e-4)
    assert water.conductivity(25.0) == pytest.approx(0.6065, rel=1e-3)


@pytest.mark.parametrize("name", sorted(FLUIDS))
def test_properties_are_vectorised_and_physical_over_the_range(name):
    fluid = FLUIDS[name]
    t = np.linspace(*fluid.range, 60).reshape(3, 20)
    for value in (fluid.density(t), fluid.heat_capacity(t), fluid.viscosity(t), fluid.conductivity(t)):
        assert value.shape == t.shape
        assert (value > 0).all()
    assert (np.diff(fluid.viscosity(t).ravel()) < 0).all()
    assert fluid.in_range(t).all()
    assert not fluid.in_range(fluid.range[1] + 1.0)
    assert fluid.freezing_point <= fluid.range[0]


def test_more_glycol_means_thicker_and_less_heat_capacity():
    order = [FLUIDS[k] for k in ("water", "pg25", "pg40")]
    assert (np.diff([f.viscosity(30.0) for f in order]) > 0).all()
    assert (np.diff([f.heat_capacity(30.0) for f in order]) < 0).all()
    assert (np.diff([f.freezing_point for f in order]) < 0).all()

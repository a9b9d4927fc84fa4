"""Pipe tables against printed ones, sizing against its definition, working pressures, fittings and flow coefficients."""

import numpy as np
import pytest

from solvers.hydraulics.network import Problem, solve
from solvers.hydraulics.pipes import carried, pipe_table, size, working_pressure
from solvers.hydraulics.pipes_fittings import (
    FITTINGS,
    coefficient_from_cv,
    coefficient_from_kv,
    kv_from_coefficient,
    loss_coefficient,
    loss_from_kv,
)
from solvers.hydraulics.pipes_tables import INCH, PSI, TABLES


@pytest.mark.parametrize(
    ("name", "nominal", "inches"),
    [
        ("steel_40", 15, 0.622), ("steel_40", 50, 2.067), ("steel_40", 100, 4.026), ("steel_40", 250, 10.020),
        ("steel_80", 25, 0.957), ("steel_80", 150, 5.761), ("steel_80", 250, 9.562), ("stainless_10s", 80, 3.260),
        ("stainless_10s", 200, 8.329), ("stainless_10s", 600, 23.500), ("copper_l", 15, 0.545), ("copper_l", 50, 1.985),
        ("copper_l", 150, 5.845),
    ],
)  # fmt: skip
def test_inner_diameters_are_those_printed(name, nominal, inches):
    """Hydraulic Institute Engineering Data Book, section IV; printed to 0.001 in."""
    table = pipe_table(name)
    assert table.inner_diameter[table.row(nominal)] / INCH == pytest.approx(inches, abs=5e-4)


@pytest.mark.parametrize("name", list(TABLES))
def test_every_table_grows_with_size_and_names_its_source(name):
    table = pipe_table(name)
    for values in (table.nominal, table.outer_diameter, table.inner_diameter, table.metal_capacity):
        assert (np.diff(values) > 0).all()
    assert (working_pressure(table) > 0.9e6).all()  # largest STD steel pipe: 48 in
    assert table.source and table.material.source


def test_wall_weighs_what_the_standard_prints():
    """Plain-end weights of ASME B36.10M, lb/ft: NPS 2 schedule 40 3.66, NPS 8 28.58; their steel has 7850 kg/m3."""
    table = pipe_table("steel_40")
    for nominal, pounds in ((50, 3.66), (200, 28.58)):
        row = table.row(nominal)
        mass = table.metal_capacity[row] / table.material.heat_capacity
        assert mass == pytest.approx(pounds * 0.45359237 / 0.3048, rel=2e-3)


@pytest.mark.parametrize(("nominal", "psi"), [(150, 696), (200, 643)])
def test_working_pressure_of_steel_is_that_of_the_handbook(nominal, psi):
    """ASHRAE table "Steel pipe data", A53 B ERW welded; printed to 1 psi."""
    table = pipe_table("steel_40")
    assert working_pressure(table)[table.row(nominal)] / PSI == pytest.approx(psi, abs=1.0)


@pytest.mark.parametrize(("nominal", "psi"), [(15, 722), (20, 582), (25, 494)])
def test_working_pressure_of_copper_is_that_of_the_tube_handbook(nominal, psi):
    """Copper Tube Handbook, type L annealed at 100 F, as quoted; we take tolerances as shares, which costs 1.5 %."""
    table = pipe_table("copper_l")
    assert working_pressure(table)[table.row(nominal)] / PSI == pytest.approx(psi, rel=0.015)


def test_the_size_chosen_is_the_smallest_that_keeps_both_limits():
    table = pipe_table("steel_40")
    rng = np.random.default_rng(0)
    flow = np.exp(rng.uniform(np.log(0.05), np.log(400.0), (40, 3)))
    limit = rng.uniform(100.0, 400.0, (40, 3))
    chosen = size(flow, table, velocity_limit=2.5, friction_limit=limit)
    assert chosen.row.shape == flow.shape and chosen.enough.all()
    assert (chosen.velocity <= 2.5).all() and (chosen.friction <= limit).all()
    below = np.maximum(chosen.row - 1, 0)
    velocity, friction = carried(flow[..., None], table, density=998.2, viscosity=1.0016e-3)
    at = np.take_along_axis
    too_fast = at(velocity, below[..., None], -1)[..., 0] > 2.5
    too_steep = at(friction, below[..., None], -1)[..., 0] > limit
    assert (too_fast | too_steep | (chosen.row == 0)).all()


def test_sizes_by_velocity_are_those_of_the_example():
    assert size([1.0, 31.5], pipe_table("steel_40"), velocity_limit=1.5).nominal.tolist() == [32, 200]


def test_a_flow_too_large_for_the_table_is_said():
    chosen = size([1e5], pipe_table("copper_l"), velocity_limit=1.5)
    assert not chosen.enough[0] and chosen.nominal[0] == 150


def test_friction_is_that_of_the_network():
    table = pipe_table("steel_80")
    row = table.row(65)
    _, friction = carried(4.0, table, density=1000.0, viscosity=1e-3)
    problem = Problem(
        2, [0], [0.0], [0], [1], node_demand=[0, 4.0], link_length=1.0, link_diameter=table.inner_diameter[row],
        link_roughness=table.roughness, link_density=1000.0, link_viscosity=1e-3,
    )  # fmt: skip
    assert friction[row] == pytest.approx(solve(problem).link_drop[0, 0], rel=1e-9)


def test_kv_is_the_flow_at_one_bar():
    """Kv 25: 25 m3/h of 1000 kg/m3 at 1 bar; a denser liquid flows less by the root of its density."""
    c = coefficient_from_kv(25.0, 1000.0)
    assert c * (25.0 / 3.6) ** 2 == pytest.approx(1e5, rel=1e-12)
    q = np.sqrt(1e5 / coefficient_from_kv(25.0, 1100.0)) / 1100.0 * 3600.0
    assert q == pytest.approx(25.0 / np.sqrt(1.1), rel=1e-12)
    np.testing.assert_allclose(
        kv_from_coefficient(coefficient_from_kv([1.0, 630.0])), [1.0, 630.0], rtol=1e-12
    )


def test_cv_is_gallons_at_one_psi():
    """1 US gal/min of water at 60 F (999.0 kg/m3) through Cv 1 drops 1 psi; the rounded 0.865 costs 0.05 %."""
    q = 3.785411784e-3 / 60.0 * 999.0
    assert coefficient_from_cv(1.0, 999.0) * q**2 == pytest.approx(PSI, rel=2e-3)


def test_kv_as_a_loss_coefficient_drops_the_same():
    kv, d, velocity = 40.0, 0.05, 1.3
    q = 1000.0 * np.pi / 4 * d**2 * velocity
    assert loss_from_kv(kv, d) * 500.0 * velocity**2 == pytest.approx(coefficient_from_kv(kv, 1000.0) * q**2)


def test_fittings_follow_the_turbulent_factor():
    """Crane prints f_T 0.019 at NPS 2 and 0.015 at NPS 6, rounded to 0.001."""
    d = np.array([2.067, 6.065]) * INCH
    np.testing.assert_allclose(loss_coefficient("elbow_90", d) / 30.0, [0.019, 0.015], atol=5e-4)
    assert loss_coefficient("entrance", 0.05) == 0.5
    assert all(f.source and (f.lengths > 0) != (f.loss > 0) for f in FITTINGS.values())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pipe_table("lead"), "no pipe table 'lead'"),
        (lambda: pipe_table("copper_l").row(17), "no DN 17"),
        (lambda: size([1.0], pipe_table("copper_l")), "velocity_limit or friction_limit"),
        (
            lambda: size([np.nan], pipe_table("copper_l"), velocity_limit=1.0),
            r"flow\[0\] is nan, not a finite number",
        ),
        (
            lambda: size([1.0], pipe_table("copper_l"), velocity_limit=0.0),
            "velocity_limit is 0.0, not a finite number > 0",
        ),
        (lambda: loss_coefficient("knee", 0.1), "no fitting 'knee'"),
        (lambda: loss_coefficient("exit", 0.0), "diameter"),
        (lambda: coefficient_from_kv(0.0), "Kv must be > 0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

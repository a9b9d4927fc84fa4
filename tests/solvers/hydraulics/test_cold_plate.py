"""Cold plates against the Open Compute Project's points, balances, inverses and limits."""

import numpy as np
import pytest

from solvers.fluids import FLUIDS
from solvers.hydraulics.cold_plate import (
    CEILING,
    LITRE_PER_MINUTE,
    OCP_MODULE,
    OCP_MODULE_PG25,
    OCP_PG25,
    OCP_WATER,
    ColdPlate,
    Plates,
    chips,
    fitted,
    flow_for,
    scaled,
)

RACK = Plates(count=72, share=0.85)


def error(plate, table, **coolant):
    flow, expected = np.array(table)
    return np.abs(plate.resistance(flow * LITRE_PER_MINUTE, **coolant) / expected - 1)


def test_the_inverse_flow_form_meets_the_ocp_points_within_its_quoted_error():
    """R V = 0.0160 V + 0.0086 K/W L/min; 4.5 % is what a fit of the same form is quoted with."""
    assert error(OCP_MODULE_PG25, OCP_PG25).max() < 0.045
    slope = OCP_MODULE_PG25.variable * OCP_MODULE_PG25.rated_flow / LITRE_PER_MINUTE
    assert OCP_MODULE_PG25.fixed == pytest.approx(0.01617, rel=0.02)
    assert slope == pytest.approx(0.00839, rel=0.03)
    water = fitted(np.array(OCP_WATER[0]) * LITRE_PER_MINUTE, OCP_WATER[1], exponent=1.0, fluid="water")
    assert error(water, OCP_WATER).max() < 0.002


def test_the_power_law_meets_the_ocp_points():
    """The first point, at 0.4 L/min, lies 7 % above any such curve."""
    worst = error(OCP_MODULE, OCP_PG25)
    assert worst[1:].max() < 0.025
    assert worst[0] < 0.075


def test_the_law_fitted_to_glycol_predicts_what_was_measured_with_water():
    """Another fluid and another figure of the guideline, no constant fitted to it."""
    assert error(OCP_MODULE, OCP_WATER, fluid="water", temperature=30.0).max() < 0.01


def test_a_fit_gives_back_the_law_it_was_made_from():
    plate = ColdPlate(fixed=0.011, variable=0.02, rated_flow=2e-5, exponent=0.6)
    flow = np.linspace(0.5, 4, 9) * 1e-5
    again = fitted(flow, plate.resistance(flow), exponent=0.6)
    np.testing.assert_allclose(again.resistance(flow * 1.3), plate.resistance(flow * 1.3), rtol=1e-12)


def test_the_modelica_example_of_a_rack_of_132_kw():
    """ColdPlateR_P: 132 kW over 7 K through plates at 1.25 L/min each, the mean of the data's flows."""
    flow = np.mean(OCP_PG25[0]) * LITRE_PER_MINUTE
    coolant = FLUIDS["pg25"]
    rate = float(coolant.density(30.0) * coolant.heat_capacity(30.0))
    count = round(132e3 / (flow * rate * 7.0))
    now = chips(
        OCP_MODULE_PG25,
        Plates(count=count),
        power=132e3 / count,
        rack_flow=count * flow * float(coolant.density(30.0)),
        supply=30.0,
        fluid="pg25",
    )
    assert now.flow == pytest.approx(flow, rel=1e-12)
    assert now.case == pytest.approx(30 + 132e3 / count * np.interp(1.25, *OCP_PG25), abs=0.1)


def test_a_lid_is_its_coolant_and_its_resistance():
    flow = np.array([[2.0, 3.0], [1.0, 2.5]])
    power = np.array([1400.0, 1200.0])
    now = chips(OCP_MODULE, RACK, power=power, rack_flow=flow, supply=40.0, fluid="pg25")
    plate = flow / float(FLUIDS["pg25"].density(40.0)) * 0.85 / 72
    np.testing.assert_allclose(now.flow, plate, rtol=1e-14)
    resistance = OCP_MODULE.resistance(plate, fluid="pg25", temperature=40.0)
    np.testing.assert_allclose(now.case, 40.0 + power * resistance, rtol=1e-14)
    np.testing.assert_array_equal(now.junction, now.case)
    assert now.in_range.all()


def test_plates_in_series_share_one_flow_and_the_last_gets_warm_coolant():
    """Two in series get twice the flow; the second enters at supply + P / C."""
    one = chips(OCP_MODULE, Plates(count=8), power=1000.0, rack_flow=0.2, supply=30.0, fluid="water")
    two = chips(
        OCP_MODULE, Plates(count=8, series=2), power=1000.0, rack_flow=0.2, supply=30.0, fluid="water"
    )
    assert two.flow == pytest.approx(2 * one.flow)
    rise = 1000.0 / (0.2 / 4 * float(FLUIDS["water"].heat_capacity(30.0)))
    assert two.coolant == pytest.approx(30.0 + rise, rel=1e-12)
    uneven = chips(
        OCP_MODULE, Plates(count=8, balance=0.8), power=1000.0, rack_flow=0.2, supply=30.0, fluid="water"
    )
    assert uneven.case > one.case


@pytest.mark.parametrize("seed", range(5))
def test_the_flow_for_a_limit_brings_the_lid_there(seed):
    rng = np.random.default_rng(seed)
    plates = Plates(count=16, series=int(rng.integers(1, 5)), share=0.8, balance=0.9)
    plate = ColdPlate(
        fixed=rng.uniform(0, 0.02),
        variable=rng.uniform(0.002, 0.03),
        rated_flow=2e-5,
        exponent=rng.uniform(0.3, 1.2),
    )
    power, supply = rng.uniform(300, 2000, 50), rng.uniform(15, 45, 50)
    limit = supply + power * plate.fixed + rng.uniform(0.5, 40, 50)
    flow = flow_for(plate, plates, power=power, supply=supply, limit=limit, fluid="pg25")
    now = chips(plate, plates, power=power, rack_flow=flow, supply=supply, fluid="pg25")
    reached = limit < CEILING
    np.testing.assert_allclose(now.case[reached], limit[reached], rtol=1e-10)


def test_no_flow_is_enough_for_a_limit_below_what_the_lid_itself_needs():
    limit = 40.0 + 1000.0 * OCP_MODULE.fixed - 1e-6
    found = flow_for(
        OCP_MODULE,
        RACK,
        power=[1000.0, 1000.0, 0.0, 0.0],
        supply=40.0,
        limit=[limit, 30.0, 50.0, 30.0],
        fluid="pg25",
    )
    assert found.tolist() == [np.inf, np.inf, 0.0, np.inf]


def test_heat_without_flow_has_no_steady_state_and_says_so():
    now = chips(
        OCP_MODULE, RACK, power=[1000.0, 0.0, 1000.0], rack_flow=[0.0, 0.0, 1e-4], supply=40.0, fluid="pg25"
    )
    assert now.no_steady_state.tolist() == [True, False, False]
    assert now.case.tolist() == [CEILING, 40.0, CEILING]
    assert not now.in_range.any()


def test_leakage_is_the_fixed_point_of_power_and_temperature():
    plate = ColdPlate(fixed=0.012, variable=0.01, rated_flow=2e-5, junction=0.01)
    now = chips(plate, RACK, power=1200.0, rack_flow=2.0, supply=40.0, fluid="pg25", leakage=0.004)
    power = 1200.0
    for _ in range(200):
        power = 1200.0 * (
            1 + 0.004 * (40.0 + power * (plate.resistance(now.flow, temperature=40.0) + 0.01) - 65.0)
        )
    assert now.power == pytest.approx(power, rel=1e-12)
    assert now.junction == pytest.approx(now.case + power * 0.01, rel=1e-12)
    away = chips(plate, RACK, power=1200.0, rack_flow=2.0, supply=40.0, fluid="pg25", leakage=0.05)
    assert away.no_steady_state
    assert away.case == CEILING


def test_a_plate_scaled_to_a_point_passes_through_it():
    plate = scaled(OCP_MODULE, 0.012, 4e-5)
    assert plate.resistance(4e-5) == pytest.approx(0.012, rel=1e-12)
    assert plate.fixed / plate.variable == pytest.approx(OCP_MODULE.fixed / OCP_MODULE.variable)


def test_thicker_coolant_makes_warmer_lids():
    lid = [
        float(chips(OCP_MODULE, RACK, power=1200.0, rack_flow=2.0, supply=40.0, fluid=name).case)
        for name in ("water", "pg25", "pg25_inhibited", "pg40")
    ]
    assert lid == sorted(lid)
    assert lid[2] - lid[1] < 1.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ColdPlate(fixed=-1, variable=1, rated_flow=1), "fixed is -1"),
        (lambda: ColdPlate(fixed=0, variable=0, rated_flow=1), "variable is 0"),
        (lambda: ColdPlate(fixed=0, variable=1, rated_flow=1, fluid="oil"), "fluid is 'oil'"),
        (lambda: Plates(count=4, series=5), "series is 5"),
        (lambda: Plates(count=4, share=0), "share is 0"),
        (lambda: fitted([1e-5], [0.02]), "two or more points"),
        (lambda: fitted([1e-5, 2e-5], [0.02, 0.03]), "variable is -"),
    ],
)
def test_numbers_that_cannot_be_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()

"""Chillers: rating point, published curves, Carnot's proportion beyond them."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from solvers.plant import chiller
from solvers.plant.chiller import CARRIER_19XR, YORK_YK, ChillerRating

AIR_COOLED = ChillerRating(
    capacity=1.2e6, cop=3.2, evaporator_leaving=7.0, condenser_entering=35.0, air_cooled=True
)
CURVED = pytest.mark.parametrize("rating", [CARRIER_19XR, YORK_YK], ids=["carrier", "york"])


@CURVED
def test_rating_point_is_reproduced(rating):
    state = chiller.chill(
        rating,
        duty=rating.capacity,
        evaporator_leaving=rating.evaporator_leaving,
        condenser_entering=rating.condenser_entering,
    )
    np.testing.assert_allclose(state.power, rating.capacity / rating.cop, rtol=1e-12)
    assert state.in_range and not state.saturated


@CURVED
def test_published_curves_are_near_one_at_their_reference(rating):
    # what normalisation corrects: at most 1 % for these two sets
    te, tc = rating.evaporator_leaving, rating.condenser_entering
    for a, b, c, d, e, f in (rating.capacity_curve, rating.eir_curve):
        assert a + b * te + c * te**2 + d * tc + e * tc**2 + f * te * tc == pytest.approx(1.0, abs=0.01)
    assert sum(rating.part_load_curve) == pytest.approx(1.0, abs=0.013)


def test_shipped_sets_are_the_published_ones():
    for parent in Path(__file__).resolve().parents:
        path = parent / "shared" / "data" / "plant" / "chillers_electric_eir.csv"
        if path.is_file():
            break
    else:
        pytest.skip("reference data is not here")
    with path.open() as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    for rating, name in (
        (CARRIER_19XR, "ElectricEIRChiller_Carrier_19XR_1586kW_5_53COP_VSD"),
        (YORK_YK, "ElectricEIRChiller_York_YK_1881kW_6_53COP_Vanes"),
    ):
        row = rows[name]
        ours = (rating.capacity, rating.cop, rating.evaporator_leaving, rating.condenser_entering)
        ours += (
            *rating.evaporator_range,
            *rating.condenser_range,
            rating.min_part_load,
            rating.max_part_load,
        )
        ours += (*rating.capacity_curve, *rating.eir_curve, *rating.part_load_curve)
        keys = "Q_W COP TEvaLvg TConEnt TEvaMin TEvaMax TConMin TConMax PLRMin PLRMax"
        keys += " cap0 cap1 cap2 cap3 cap4 cap5"
        keys += " eirT0 eirT1 eirT2 eirT3 eirT4 eirT5 plr0 plr1 plr2"
        np.testing.assert_allclose(ours, [float(row[key]) for key in keys.split()], rtol=1e-9)


@CURVED
def test_energy_balances_everywhere(rating):
    rng = np.random.default_rng(1)
    state = chiller.chill(
        rating,
        duty=rng.uniform(0.0, 2.5e6, 500),
        evaporator_leaving=rng.uniform(5.0, 40.0, 500),
        condenser_entering=rng.uniform(5.0, 45.0, 500),
    )
    np.testing.assert_allclose(state.condenser_heat, state.heat + state.power, rtol=1e-12)
    assert np.all(state.power >= 0.0) and np.all(np.isfinite(state.power))
    assert np.all(state.heat <= state.capacity * (1.0 + 1e-12))
    assert state.in_range.any() and not state.in_range.all()


@CURVED
def test_answer_is_continuous_where_the_curves_end(rating):
    edge, step = rating.evaporator_range[1], 1e-7
    state = chiller.chill(
        rating, duty=1e6, evaporator_leaving=[edge - step, edge, edge + step], condenser_entering=26.0
    )
    np.testing.assert_allclose(state.power, state.power[1], rtol=1e-6)
    np.testing.assert_array_equal(state.in_range, [True, True, False])


@CURVED
def test_warm_water_costs_less_and_hot_condensers_cost_more(rating):
    warm = chiller.chill(
        rating, duty=1e6, evaporator_leaving=np.linspace(12.78, 40.0, 60), condenser_entering=26.67
    )
    hot = chiller.chill(
        rating, duty=1e6, evaporator_leaving=10.0, condenser_entering=np.linspace(26.67, 45.0, 60)
    )
    assert np.all(np.diff(warm.power) <= 1e-9) and np.all(np.diff(hot.power) > 0.0)


def test_above_its_rated_lift_a_machine_without_curves_keeps_its_effectiveness():
    # evaporating 5 degC; condensing 50 and 55 degC: powers stand as the lifts
    state = chiller.chill(AIR_COOLED, duty=6e5, evaporator_leaving=7.0, dry_bulb=[35.0, 40.0])
    np.testing.assert_allclose(state.power[1] / state.power[0], 50.0 / 45.0, rtol=1e-12)
    np.testing.assert_allclose(state.power[0], 6e5 / 3.2, rtol=1e-12)


def test_below_its_rated_lift_a_machine_without_curves_keeps_its_fixed_losses():
    # a loss of 0.2 of the rated lift: powers stand as the lifts, each with 9 K more; none: as the lifts
    state = chiller.chill(AIR_COOLED, duty=6e5, evaporator_leaving=7.0, dry_bulb=[35.0, 30.0])
    np.testing.assert_allclose(state.power[1] / state.power[0], 49.0 / 54.0, rtol=1e-12)
    ideal = replace(AIR_COOLED, lift_loss=0.0)
    state = chiller.chill(ideal, duty=6e5, evaporator_leaving=7.0, dry_bulb=[35.0, 30.0])
    np.testing.assert_allclose(state.power[1] / state.power[0], 40.0 / 45.0, rtol=1e-12)


def test_losses_that_would_help_are_refused():
    with pytest.raises(ValueError, match="lift_loss"):
        replace(AIR_COOLED, lift_loss=-0.1)


def test_low_lift_is_bounded_and_flagged():
    state = chiller.chill(AIR_COOLED, duty=6e5, evaporator_leaving=30.0, dry_bulb=[30.0, -10.0, -20.0])
    np.testing.assert_array_equal(state.in_range, [True, False, False])
    assert state.power[1] == state.power[2] > 0.0


def test_duty_beyond_capacity_saturates_and_is_not_invented():
    state = chiller.chill(YORK_YK, duty=[3e6, 0.0], evaporator_leaving=8.89, condenser_entering=26.67)
    np.testing.assert_array_equal(state.saturated, [True, False])
    np.testing.assert_allclose(state.heat, [1.03 * 1881.4e3, 0.0])
    assert state.power[1] == 0.0


def test_below_its_least_load_the_machine_cycles():
    state = chiller.chill(CARRIER_19XR, duty=[1e5, 2e5], evaporator_leaving=8.89, condenser_entering=26.67)
    np.testing.assert_allclose(state.power[1], 2.0 * state.power[0], rtol=1e-12)


def test_the_wrong_condenser_side_is_refused():
    with pytest.raises(ValueError, match="dry_bulb"):
        chiller.chill(AIR_COOLED, duty=1.0, evaporator_leaving=7.0, condenser_entering=30.0)
    with pytest.raises(ValueError, match="evaporator_range"):
        replace(CARRIER_19XR, evaporator_range=None)

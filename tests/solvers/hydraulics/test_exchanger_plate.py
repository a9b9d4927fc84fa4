"""Plate exchangers from a rating point: films from the fluids, part load, bad input."""

import numpy as np
import pytest

from solvers.hydraulics.plate_exchanger import PlateExchanger

# Vertiv XDU1350: 1,368 kW at a 4 K approach, 20.6 kg/s of PG20 (as quoted); facility water flow assumed
CDU = {"duty": 1.368e6, "hot_inlet": 52.3, "cold_inlet": 32.0, "hot_flow": 20.6, "cold_flow": 21.0}


def test_the_rating_gives_back_its_duty():
    unit = PlateExchanger(**CDU, hot_fluid="pg25")
    now = unit.exchange(20.6, 21.0, 52.3, 32.0)
    assert now.duty == pytest.approx(1.368e6, rel=1e-4)  # heat capacities at the mean of the outlets
    assert now.hot_outlet < 37.0
    assert now.conductance == pytest.approx(unit.conductance, rel=1e-3)


def test_equal_fluids_and_flows_have_nearly_equal_films():
    """Both sides water: the colder one is thicker and holds a little more of the resistance."""
    same = PlateExchanger(duty=1e6, hot_inlet=45, cold_inlet=30, hot_flow=24, cold_flow=24)
    assert 0.45 < same.hot_share < 0.5
    glycol = PlateExchanger(
        duty=1e6, hot_inlet=45, cold_inlet=30, hot_flow=24, cold_flow=24, hot_fluid="pg25"
    )
    assert glycol.hot_share > 0.5


def test_conductance_follows_flow_and_warmth():
    unit = PlateExchanger(**CDU, hot_fluid="pg25", wall_share=0.0)
    half = unit.conductance_at(10.3, 10.5, *unit.means)
    assert half == pytest.approx(unit.conductance * 0.5**0.7, rel=1e-12)
    assert unit.conductance_at(20.6, 21.0, unit.means[0] - 20, unit.means[1] - 20) < 0.9 * unit.conductance
    assert unit.conductance_at(0.0, 21.0, 40.0, 30.0) == 0.0


def test_heat_balances_in_every_state_and_vanishes_with_a_flow():
    unit = PlateExchanger(**CDU, hot_fluid="pg25")
    rng = np.random.default_rng(3)
    hot, cold = rng.uniform(0, 25, (2, 400))
    hot[:20], cold[10:30] = 0.0, 0.0
    now = unit.exchange(hot, cold, 50.0, rng.uniform(20, 40, 400))
    assert np.isfinite(now.duty).all()
    assert (now.duty[:30] == 0.0).all()
    assert (now.duty[30:] > 0.0).all()
    assert (now.hot_outlet <= 50.0).all()


def test_a_warmer_inlet_lifts_the_duty_almost_in_proportion():
    unit = PlateExchanger(**CDU)
    first, second = unit.exchange(20.6, 21.0, [42.0, 52.0], 32.0).duty
    assert second / first == pytest.approx(2.0, rel=0.04)  # viscosity falls, so a little more


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hot_fluid": "oil"}, "hot_fluid is 'oil'; known are pg25"),
        ({"cold_flow": 0.0}, "cold_flow is 0; it must be above 0"),
        ({"cold_inlet": 60.0}, "hot_inlet must be above cold_inlet"),
        ({"wall_share": 1.0}, "wall_share is 1"),
        ({"duty": 9e6}, "more than any exchanger"),
    ],
)
def test_a_rating_that_cannot_be_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        PlateExchanger(**{**CDU, **change})

"""Heat taken off at a temperature: amounts, limits, and the energy that is left."""

import numpy as np
import pytest

from solvers.hydraulics.heat import Problem, solve
from solvers.status import Status

CP = 4000.0
BOTH = pytest.mark.parametrize("compiled", [False, True])


def loop(**change):
    """Rack 40 kW, a user of heat behind it, then a plant at 25 degC; 1 kg/s: the rack returns 35 degC."""
    given = dict(
        node_count=3,
        link_from=[0, 1, 2],
        link_to=[1, 2, 0],
        link_flow=1.0,
        link_capacity=CP,
        link_heat=[40e3, 0.0, 0.0],
        link_outlet=25.0,
        link_outlet_fixed=[False, False, True],
        extraction_link=[1],
    )
    return Problem(**(given | change))


@BOTH
def test_a_user_takes_what_it_wants_down_to_its_temperature(compiled):
    """C (35 - floor) at most, nothing where the return is colder; the plant rejects the rest."""
    wanted, floor = [10e3, 60e3, 60e3, 60e3, 0.0], [30.0, 30.0, 35.0, 50.0, 30.0]
    result = solve(loop(extraction_wanted=np.c_[wanted], extraction_floor=np.c_[floor]), compiled=compiled)
    assert result.status is Status.CONVERGED
    np.testing.assert_allclose(result.extraction[:, 0], [10e3, 20e3, 0.0, 0.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(result.link_outlet[:, 1], [32.5, 30.0, 35.0, 35.0, 35.0], rtol=1e-12)
    np.testing.assert_allclose(result.rejected[:, 2], 40e3 - result.extraction[:, 0], rtol=1e-10)
    assert result.energy_error.max() < 1e-12


@BOTH
def test_a_user_that_wants_all_heat_is_the_only_plant_needed(compiled):
    """Without plant the loop settles where the floor lets exactly the racks' heat out: 40 and 30 degC."""
    result = solve(
        loop(link_outlet_fixed=False, extraction_wanted=50e3, extraction_floor=30.0), compiled=compiled
    )
    np.testing.assert_allclose(result.node_temperature, [[30.0, 40.0, 30.0]], rtol=1e-12)
    assert not result.node_runaway.any()
    assert result.extraction[0, 0] == pytest.approx(40e3, rel=1e-12)


@BOTH
def test_a_user_that_wants_less_than_the_racks_give_lets_a_loop_without_plant_run_away(compiled):
    result = solve(
        loop(link_outlet_fixed=False, extraction_wanted=30e3, extraction_floor=30.0), compiled=compiled
    )
    assert result.status is Status.CONVERGED
    assert result.node_runaway.all()
    assert result.extraction[0, 0] == 0.0
    assert result.stagnant_heat[0] == 40e3


@BOTH
def test_nothing_is_taken_from_standing_water(compiled):
    result = solve(loop(link_flow=0.0, extraction_wanted=10e3, initial=60.0), compiled=compiled)
    assert result.extraction[0, 0] == 0.0
    assert result.stagnant_heat[0] == 40e3


@BOTH
@pytest.mark.parametrize("seed", range(10))
def test_users_in_a_row_follow_their_law_at_the_reported_temperatures(compiled, seed):
    """Eight users and eight racks in turn round one loop, some with losses: min(wanted, C max(T - floor, 0))."""
    rng = np.random.default_rng(seed)
    links, scenarios = 16, 9
    users = np.arange(0, links, 2)
    flow = rng.uniform(0.5, 3.0, (scenarios, 1)) * rng.choice([-1.0, 1.0], (scenarios, 1))
    problem = Problem(
        links,
        np.arange(links),
        (np.arange(links) + 1) % links,
        link_flow=flow * np.ones(links),
        link_capacity=CP,
        link_heat=np.where(np.arange(links) % 2, rng.uniform(0, 4e4, (scenarios, links)), 0.0),
        link_conductance=rng.uniform(10, 100, links),
        ambient=10.0,
        extraction_link=users,
        extraction_wanted=rng.uniform(0, 6e4, (scenarios, users.size)),
        extraction_floor=rng.uniform(20, 50, (scenarios, users.size)),
    )
    result = solve(problem, compiled=compiled)
    assert result.status is Status.CONVERGED
    above = np.maximum(result.link_inlet[:, users] - problem.extraction_floor, 0.0)
    law = np.minimum(problem.extraction_wanted, np.abs(flow) * CP * above)
    # the temperatures carry 1e-9 of themselves, times C
    np.testing.assert_allclose(result.extraction, law, atol=1e-3)
    assert result.energy_error.max() < 1e-10


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(extraction_link=[3]), r"extraction_link\[0\] is 3, outside 0..2"),
        (dict(extraction_link=[1, 1]), "link 1 is named twice"),
        (dict(extraction_wanted=-1.0), r"extraction_wanted\[0, 0\] is -1.0, must be >= 0"),
        (dict(extraction_floor=-np.inf), r"extraction_floor\[0, 0\] is -inf, must be finite"),
        (dict(exchanger_hot=[1], exchanger_cold=[2]), "link 1 is named twice"),
    ],
)
def test_impossible_extractions_are_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        solve(loop(**(dict(extraction_wanted=1.0) | change)))

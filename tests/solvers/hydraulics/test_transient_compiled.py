"""The compiled loops of a stage give what numpy gives, with everything that a network may have in it at once."""

import numpy as np
import pytest

from solvers.hydraulics.transient import Problem, solve

pytest.importorskip("numba")
SCENARIOS = 6


def network(seed):
    """Two loops with headers that hold fluid, plates, exchangers that hold set points, outdoor air, trips and throttling.

    Facility: 0 supply, 1 return; coolant: 2 supply, 3 rack, 4 return; 5 plates; 6 outdoors; 7, 8 side by side.
    Links: 0 supply main, 1 rack, 2 through the CDU, 3 facility to the CDU, 4 plant, 5, 6 streams that turn round.
    """
    rng = np.random.default_rng(seed)
    wide = (SCENARIOS, 1)
    heat = 100e3 * rng.uniform(0.8, 1.3, wide)
    rate = np.tile(np.array([7.5e3, 7.5e3, 7.5e3, 9e3, 9e3, 2e3, 2e3]), (SCENARIOS, 1))
    when = np.cumsum(rng.uniform(5.0, 40.0, (SCENARIOS, 4)), axis=1)
    level = np.stack(
        [np.ones((SCENARIOS, 4)), rng.uniform(0.0, 1.0, (SCENARIOS, 4)), rng.uniform(-1, 1, (SCENARIOS, 4))],
        2,
    )
    level[:, :, 0] = np.array([1.0, 1.0, 0.1, 0.0])
    return Problem(
        node_capacity=[4e5, 4e5, 1e3, 6e4, 2e5, 4e4, 1.0, 3e4, 3e4],
        node_initial=[34.0, 44.0, 40.0, 53.0, 53.0, 60.0, 30.0, 20.0, 30.0],
        node_fixed=[False] * 6 + [True, False, False],
        link_from=[4, 2, 3, 0, 1, 7, 8], link_to=[2, 3, 4, 1, 0, 8, 7], link_rate=rate,
        link_signal=[0, 0, 0, -1, -1, 2, 2],
        link_volume=np.array([0.0, 3e5, 1e5, 0.0, 0.0, 0.0, 0.0]) * rng.uniform(0.2, 1.0, wide),
        conductance_from=[7, 1], conductance_to=[8, 8], conductance=[500.0, 100.0],
        exchanger_hot=[0, 4, 5], exchanger_cold=[3, -1, 6], exchanger_sink=[-1, 6, -1],
        exchanger_conductance=[4e4, 2e4, 1e3], exchanger_film_hot=[0.5, 0.5, 0.0], exchanger_rated_hot=[7.5e3, 9e3, 1.0],
        exchanger_setpoint=[40.0, 34.0, -np.inf], exchanger_capacity=[np.inf, 1.2e5, np.inf], exchanger_signal=[-1, 1, -1],
        plate_link=[1], plate_node=[5], plate_conductance=1.4e4, plate_rated=7.5e3, plate_film=0.5, plate_rise=0.1,
        source_node=[5, 3, 8], source_heat=heat * np.array([0.85, 0.15, 0.05]), source_watch=[-1, 5, -1],
        source_throttle=[62.0, 62.0, np.inf], source_throttle_end=[75.0, 75.0, np.inf], source_fraction=[0.3, 0.3, 1.0],
        source_trip=[75.0, 75.0, 200.0],
        watch_node=[5, 2], watch_limit=[[60.0, 65.0], [41.0, 45.0]], signal_time=when, signal_value=level,
    )  # fmt: skip


@pytest.mark.parametrize("method", ["second_order", "euler"])
def test_compiled_loops_give_what_numpy_gives(method):
    problem = network(3)
    plain, fast = (
        solve(problem, 400.0, method=method, tolerance=0.2, compiled=compiled, times=[100.0, 400.0])
        for compiled in (False, True)
    )
    assert plain.scenario_ok.all() and plain.energy_error.max() < 1e-10
    assert (plain.steps, plain.rejected) == (fast.steps, fast.rejected)
    assert np.isfinite(plain.trip_time).any() and (plain.withheld_energy > 0.0).any()
    for name in (
        "series",
        "limit_time",
        "peak",
        "trip_time",
        "final_temperature",
        "exchanger_energy",
        "source_energy",
    ):
        np.testing.assert_allclose(
            getattr(fast, name), getattr(plain, name), rtol=1e-9, atol=1e-7, err_msg=name
        )

"""Series of steady states: closed forms, block size, failed steps, bounded memory."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from solvers.power import Problem
from solvers.power.dynamics import flow_solver, run_series
from solvers.status import Status

OHM, VOLT = 0.05, 800.0


def feeder() -> Problem:
    """A DC source, a line, a constant-power load: V = (E + sqrt(E^2 - 4 R P)) / 2."""
    base = 1e5
    return Problem(
        base, [VOLT, VOLT], bus_dc=[True, True], branch_from=[0], branch_to=[1],
        branch_impedance=[OHM * base / VOLT**2], branch_rating=[150.0], source_bus=[0], load_power=[[1e4]],
        cord_load=[0], cord_bus=[1],
    )  # fmt: skip


def year() -> np.ndarray:
    hour = np.arange(8760)
    return 1e5 * (0.7 + 0.2 * np.sin(2 * np.pi * hour / 24) + 0.1 * np.sin(2 * np.pi * hour / 8760))


TAKE = {
    "loss": lambda s: s.loss,
    "load": lambda s: s.source_power.real,
    "current": lambda s: s.branch_current,
}


def test_a_year_of_a_dc_feeder_loses_what_the_closed_form_says():
    power = year()
    volt = (VOLT + np.sqrt(VOLT**2 - 4 * OHM * power)) / 2
    current = power / volt
    told = []
    result = run_series(flow_solver(feeder(), 500), power[:, None], TAKE, step=3600.0, block=500,
                        limits={"current": 120.0}, progress=lambda done, all_: told.append((done, all_)))  # fmt: skip
    assert result.status.ok and result.step_ok.all()
    loss = result.tracks["loss"]
    # power flow tolerance 1e-8 of the load
    assert loss.integral[0] == pytest.approx((OHM * current**2).sum() * 3600, rel=1e-6)
    assert loss.most[0] == pytest.approx((OHM * current**2).max(), rel=1e-6)
    assert loss.most_step[0] == np.argmax(power) and loss.least_step[0] == np.argmin(power)
    assert result.tracks["current"].time_above[0] == 3600.0 * (current > 120).sum()
    np.testing.assert_allclose(
        result.duration_curve("load"), np.sort(power + OHM * current**2)[::-1], rtol=1e-7
    )
    assert told[-1] == (8760, 8760) and len(told) == 18


def test_the_size_of_a_block_does_not_matter():
    power = year()[:700, None]
    one, other = (run_series(flow_solver(feeder(), n), power, TAKE, step=1.0, block=n) for n in (64, 700))
    for name in TAKE:
        for field in ("mean", "least", "most", "integral", "most_step"):
            np.testing.assert_allclose(
                getattr(one.tracks[name], field), getattr(other.tracks[name], field), rtol=1e-9
            )


def test_a_step_that_fails_is_in_no_statistic_and_is_named():
    power = np.full((30, 1), 1e5, dtype=complex)
    power[17] = 5e6  # beyond E^2 / 4R = 3.2 MW
    result = run_series(flow_solver(feeder(), 8), power, TAKE, step=1.0, block=8)
    assert result.status is Status.MAX_ITERATIONS
    assert "1 of 30" in result.detail and "step 17" in result.detail
    assert result.tracks["load"].least[0] == result.tracks["load"].most[0]
    assert result.duration_curve("load").size == 29


def test_loads_may_come_from_a_function_block_by_block():
    asked = []

    def loads(first: int, last: int) -> np.ndarray:
        asked.append(last - first)
        return np.arange(first, last, dtype=float)[:, None]

    def solve(rows: np.ndarray) -> SimpleNamespace:
        return SimpleNamespace(scenario_ok=np.ones(len(rows), bool), both=np.hstack([rows.real, -rows.real]))

    result = run_series(solve, loads, {"x": lambda s: s.both}, step=2.0, steps=1000, block=300)
    assert asked == [300, 300, 300, 100]
    track = result.tracks["x"]
    np.testing.assert_allclose(track.mean, [499.5, -499.5])
    np.testing.assert_array_equal(track.most_step, [999, 0])
    np.testing.assert_allclose(track.integral, [999000.0, -999000.0])
    with pytest.raises(ValueError, match="no series"):
        result.duration_curve("x")


def test_bad_series_are_refused():
    solver = flow_solver(feeder(), 4)
    with pytest.raises(ValueError, match="one scenario"):
        flow_solver(Problem(1.0, [1.0], branch_from=[], source_bus=[0], source_live=[[True], [True]]))
    with pytest.raises(ValueError, match=r"loads has shape"):
        run_series(solver, [1.0, 2.0], TAKE, step=1.0)
    with pytest.raises(ValueError, match="not followed"):
        run_series(solver, [[1.0]], TAKE, step=1.0, limits={"y": 1.0})
    with pytest.raises(ValueError, match="steps must be given"):
        run_series(solver, lambda a, b: np.zeros((b - a, 1)), TAKE, step=1.0)

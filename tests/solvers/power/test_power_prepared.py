"""A network prepared once serves any loads and any choice of scenarios."""

from __future__ import annotations

from dataclasses import fields, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solvers.power import Problem, Solution, prepare, solve
from solvers.status import SolveError, Status


def _beside(name: str) -> Any:
    spec = spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


random_facility = _beside("test_power_flow").random_facility
bus_mismatch = _beside("test_power_flow").bus_mismatch
campus = _beside("test_power_scale").campus

ARRAYS = [
    f.name for f in fields(Solution) if f.name not in ("status", "iterations", "scenario_status", "detail")
]


def assert_same(one: Solution, other: Solution, rows: Any = slice(None), tolerance: float = 1e-10) -> None:
    """Every array of ``other`` equals those rows of ``one``, to ``tolerance`` p.u. of 1 MVA."""
    for name in ARRAYS:
        here, there = getattr(one, name)[rows], getattr(other, name)
        scale = 1.0 if name in ("bus_voltage", "residual", "power_error") else 1e6
        np.testing.assert_allclose(there, here, rtol=0, atol=tolerance * scale, err_msg=name)
    assert other.scenario_status == tuple(np.array(one.scenario_status, dtype=object)[rows])


@pytest.mark.parametrize("seed", range(10))
def test_other_loads_and_other_rows_give_what_a_fresh_solve_gives(seed):
    """Random outages: feeds contradict each other between scenarios, so several groups are swept."""
    p = random_facility(seed)
    ready = prepare(p)
    rng = np.random.default_rng(seed)
    load = p.load_power * rng.uniform(0.5, 1.2, p.load_power.shape)
    whole = solve(replace(p, load_power=load), tolerance=1e-12)
    assert_same(whole, ready.solve(load, tolerance=1e-12))
    rows = rng.permutation(p.scenarios)[:13]
    some = ready.solve(load[rows], rows=rows, tolerance=1e-12)
    assert_same(whole, some, rows)
    assert np.abs(bus_mismatch(replace_rows(p, rows, load), some)).max() < 1e-9
    mask = np.isin(np.arange(p.scenarios), rows)
    assert_same(whole, ready.solve(load[mask], rows=mask, tolerance=1e-12), mask)


def replace_rows(p: Problem, rows: Any, load: Any) -> Problem:
    names = ("branch_closed", "source_live", "converter_live", "cord_on")
    return replace(p, load_power=load[rows], **{name: getattr(p, name)[rows] for name in names})


def test_switching_is_known_before_any_load():
    p = random_facility(3)
    ready, solution = prepare(p), solve(p)
    assert np.array_equal(ready.bus_live, solution.bus_live)
    assert np.array_equal(ready.load_served, solution.load_served)
    assert np.array_equal(ready.branch_closed, solution.branch_closed)


def test_only_the_outputs_asked_for_are_worked_out():
    p = random_facility(1)
    ready, whole = prepare(p), solve(p)
    asked = ("cord_power", "converter_input", "branch_loss", "converter_loss", "load_served")
    for names in (asked, ("branch_current",), ("branch_power_to", "power_error"), ("loss", "shunt_loss")):
        part = ready.solve(p.load_power, outputs=names)
        for name in ARRAYS:
            if name in (*names, "scenario_ok", "residual"):
                np.testing.assert_allclose(getattr(part, name), getattr(whole, name), rtol=0, atol=1e-9)
            else:
                assert getattr(part, name).size == 0, name


def test_a_warm_start_saves_sweeps_and_keeps_the_answer():
    p = campus(64)
    ready = prepare(p)
    first = ready.solve(p.load_power, tolerance=1e-11)
    near = p.load_power * (1 + 1e-4)
    cold = ready.solve(near, tolerance=1e-11)
    warm = ready.solve(near, tolerance=1e-11, warm=first)
    assert warm.iterations < cold.iterations
    assert_same(cold, warm)
    rows = np.array([5, 2])
    few = ready.solve(p.load_power, rows=rows, outputs=("bus_voltage",))
    assert ready.solve(near, rows=rows, warm=few).status.ok


def test_one_of_parallel_units_lost_leaves_one_group():
    """Units on own output buses joined by ideal breakers: the common bus stands for the busbar, whoever is
    lost, so its branches keep their direction and all scenarios are swept together."""
    units = 4
    out = np.arange(2, 2 + units)
    on = ~np.vstack([np.zeros(units, bool), np.eye(units, dtype=bool)])
    p = Problem(
        1e6, np.full(2 + units, 415.0), source_bus=[0], converter_from=[0] * units, converter_to=out,
        converter_rating=[1e6] * units, converter_live=on, branch_from=out, branch_to=[1] * units, branch_closed=on,
        load_power=[1.2e6], cord_load=[0], cord_bus=[1],
    )  # fmt: skip
    ready = prepare(p)
    assert len(ready.plans) == 1
    solution = ready.solve(p.load_power)
    np.testing.assert_allclose(
        solution.converter_output.real, np.where(on, 1.2e6 / on.sum(1)[:, None], 0), atol=1e-6
    )
    np.testing.assert_allclose(solution.branch_power_to, solution.converter_output, atol=1e-6)


def test_feeds_that_turn_round_are_told_apart():
    """A line fed from its left end in one scenario and from its right end in the other."""
    p = Problem(
        1e6, np.full(4, 415.0), branch_from=[0, 1, 2], branch_to=[1, 2, 3], branch_impedance=[0.01] * 3,
        branch_closed=[[True, True, False], [False, True, True], [True, False, True]],
        source_bus=[0, 3], load_power=[1e5, 2e5], cord_load=[0, 1], cord_bus=[1, 2],
    )  # fmt: skip
    solution = prepare(p, method="sweep").solve(p.load_power, tolerance=1e-12)
    assert solution.status.ok
    assert np.sign(solution.branch_power_from[:, 1].real).tolist() == [1, -1, 0]
    assert np.abs(bus_mismatch(p, solution)).max() < 1e-9


@pytest.mark.parametrize("method", ["auto", "sweep"])
def test_a_failed_scenario_leaves_the_others_alone(method):
    """P beyond E^2 / 4R has no steady state."""
    p = Problem(
        1e5, np.full(2, 800.0), bus_dc=[True, True], branch_from=[0], branch_to=[1], branch_impedance=[0.1],
        source_bus=[0], branch_closed=np.ones((3, 1), bool), load_power=[1e5], cord_load=[0], cord_bus=[1],
    )  # fmt: skip
    ready = prepare(p, method=method)
    load = np.array([[1e5], [4e5], [2e5]])
    solution = ready.solve(load)
    assert solution.scenario_ok.tolist() == [True, False, True]
    assert solution.status is Status.DIVERGED
    assert solution.bus_voltage[1].tolist() == [0, 0] and solution.power_error[1] == 1.0
    expected = (1 + np.sqrt(1 - 0.4 * load[[0, 2], 0] / 1e5)) / 2
    np.testing.assert_allclose(solution.bus_voltage[[0, 2], 1], expected, atol=1e-7)
    with pytest.raises(SolveError):
        ready.solve(load, raise_on_failure=True)
    # what failed before does not spoil a warm start
    assert ready.solve(np.full((3, 1), 1e5), warm=solution).status.ok


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rows": [0, 0]}, "twice"),
        ({"rows": [99]}, "below"),
        ({"outputs": ["voltage"]}, "unknown"),
        ({"load_power": np.ones((3, 5))}, "shape"),
        ({"load_power": np.full(40, np.nan)}, "finite"),
        ({"tolerance": 0.0}, "tolerance"),
    ],
)
def test_a_wrong_question_is_named(change, words):
    p = random_facility(0)
    asked: dict[str, Any] = {"load_power": p.load_power[0]} | change
    with pytest.raises(ValueError, match=words):
        prepare(p).solve(asked.pop("load_power"), **asked)

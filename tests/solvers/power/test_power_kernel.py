"""The compiled sweep: the same answers as the sweep in numpy and Newton, whatever stands beside a scenario."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solvers.power import Problem, prepare
from solvers.status import Status
from tests.benchmarks import facilities

pytest.importorskip("numba")

VOLTAGES = ("bus_voltage",)


def _beside(name: str) -> Any:
    spec = spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


random_facility = _beside("test_power_flow").random_facility
assert_same = _beside("test_power_prepared").assert_same


def with_shares(problem: Problem, seed: int) -> Problem:
    """Some loads of constant current and impedance."""
    rng = np.random.default_rng(seed)
    share = rng.uniform(0, 0.5, (2, problem.load_power.shape[1])) * (
        rng.random(problem.load_power.shape[1]) < 0.5
    )
    return replace(problem, load_current_share=share[0], load_impedance_share=share[1])


@pytest.mark.parametrize("seed", range(12))
def test_the_compiled_sweep_gives_what_numpy_gives(seed):
    """Taps, shunts, charging, converters in rows, transfer switches, dead parts, outages that turn feeds round."""
    p = random_facility(seed)
    if seed % 2:
        p = with_shares(p, seed)
    plain = prepare(p, compiled=False).solve(p.load_power, tolerance=1e-11)
    ready = prepare(p, compiled=True)
    fast = ready.solve(p.load_power, tolerance=1e-11)
    # converters' losses of up to 2e6 W hang on these voltages: 1e-10 p.u. is a tenth of a milliwatt
    assert_same(plain, replace(fast, residual=plain.residual), tolerance=1e-10)
    few = ready.solve(p.load_power, tolerance=1e-11, outputs=VOLTAGES)
    np.testing.assert_allclose(few.bus_voltage, plain.bus_voltage, rtol=0, atol=1e-11)
    assert np.array_equal(few.bus_voltage == 0, plain.bus_voltage == 0)
    assert fast.residual.max() <= 1e-10


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_sweeps_with_voltage_dependent_loads_agree_with_newton(seed, compiled):
    p = with_shares(random_facility(seed, scenarios=8), seed)
    swept = prepare(p, method="sweep", compiled=compiled).solve(p.load_power, tolerance=1e-11)
    newton = prepare(p, method="newton").solve(p.load_power, tolerance=1e-11)
    assert swept.status.ok and newton.status.ok
    for name in ("bus_voltage", "cord_power", "converter_input", "source_power"):
        np.testing.assert_allclose(
            getattr(swept, name), getattr(newton, name), rtol=0, atol=1e-9 if name == "bus_voltage" else 1e-3
        )


@pytest.mark.parametrize("compiled", [False, True])
def test_a_resistive_load_divides_the_voltage(compiled):
    """A load of constant impedance 1 / g behind R: V = E / (1 + R g)."""
    p = Problem(
        1e5, np.full(2, 800.0), bus_dc=[True, True], branch_from=[0], branch_to=[1], branch_impedance=[0.05],
        source_bus=[0], load_power=[8e4], load_impedance_share=[1.0], cord_load=[0], cord_bus=[1],
    )  # fmt: skip
    s = prepare(p, method="sweep", compiled=compiled).solve(p.load_power, tolerance=1e-13)
    assert s.bus_voltage[0, 1] == pytest.approx(1 / (1 + 0.05 * 0.8), abs=1e-12)
    assert s.cord_power[0, 0].real == pytest.approx(8e4 / (1 + 0.05 * 0.8) ** 2, rel=1e-11)
    assert s.power_error[0] < 1e-11


def test_a_scenario_has_the_same_bits_alone_and_in_any_company():
    p = random_facility(7)
    ready = prepare(p, compiled=True)
    together = ready.solve(p.load_power, outputs=VOLTAGES).bus_voltage
    rng = np.random.default_rng(0)
    for size in (1, 2, 3, 11):
        rows = rng.permutation(p.scenarios)[:size]
        some = ready.solve(p.load_power[rows], rows=rows, outputs=VOLTAGES).bus_voltage
        np.testing.assert_array_equal(some, together[rows])


def test_neighbours_that_collapse_do_not_touch_a_scenario():
    """P beyond E^2 / 4R has no steady state; the others of the block keep their bits."""
    p = Problem(
        1e5, np.full(2, 800.0), bus_dc=[True, True], branch_from=[0], branch_to=[1], branch_impedance=[0.1],
        source_bus=[0], load_power=[1e5], cord_load=[0], cord_bus=[1],
    )  # fmt: skip
    ready = prepare(p, method="sweep", compiled=True)
    calm = np.linspace(1e4, 2e5, 8)[:, None]
    mixed = calm.copy()
    mixed[[1, 4]] = [[4e5], [1e300]]
    alone, beside = ready.solve(calm, outputs=VOLTAGES), ready.solve(mixed, outputs=VOLTAGES)
    good = [0, 2, 3, 5, 6, 7]
    np.testing.assert_array_equal(beside.bus_voltage[good], alone.bus_voltage[good])
    assert beside.status is Status.DIVERGED and beside.scenario_ok.tolist() == [i in good for i in range(8)]
    assert not beside.bus_voltage[[1, 4]].any() and np.isfinite(beside.residual).all()


def test_a_limit_of_sweeps_is_told():
    p = facilities.problem(facilities.facility("300"))
    s = prepare(p, method="sweep", compiled=True).solve(p.load_power, max_iterations=1, outputs=VOLTAGES)
    assert s.status is Status.MAX_ITERATIONS and not s.bus_voltage.any()


@pytest.mark.parametrize("compiled", [False, True])
def test_the_tolerance_is_that_of_the_voltages_too(compiled):
    """Racks are small beside the base of 100 MVA, so a small mismatch alone says little about voltages."""
    net = facilities.facility("300")
    ready = prepare(facilities.problem(net), compiled=compiled)
    exact = ready.solve(net.load_power, tolerance=1e-14, outputs=VOLTAGES).bus_voltage
    for tolerance in (1e-5, 1e-8, 1e-10):
        s = ready.solve(net.load_power, tolerance=tolerance, outputs=VOLTAGES)
        assert np.abs(s.bus_voltage - exact).max() < tolerance
        assert s.residual.max() <= tolerance


@pytest.mark.parametrize("compiled", [False, True])
def test_a_network_in_one_state_takes_any_number_of_loads(compiled):
    net = facilities.facility("300")
    load = facilities.scenarios(net, 9) * net.load_power
    p = facilities.problem(net)
    ready = prepare(p, compiled=compiled)
    some = ready.solve(load)
    assert_same(prepare(replace(p, load_power=load), compiled=compiled).solve(load), some)
    assert some.bus_live.shape == (9, net.bus_voltage.size)
    one = ready.solve(load[4])
    assert_same(some, one, [4])


@pytest.mark.parametrize("seed", [0, 5])
def test_a_result_that_is_no_longer_needed_is_written_over(seed):
    p = random_facility(seed)
    ready = prepare(p, compiled=True)
    first = ready.solve(p.load_power, outputs=VOLTAGES)
    table, kept = first.bus_voltage, first.bus_voltage.copy()
    lighter = ready.solve(0.5 * p.load_power, outputs=VOLTAGES, out=first)
    assert lighter.bus_voltage is table and not np.array_equal(table, kept)
    np.testing.assert_array_equal(
        lighter.bus_voltage, ready.solve(0.5 * p.load_power, outputs=VOLTAGES).bus_voltage
    )
    again = ready.solve(p.load_power, outputs=VOLTAGES, out=lighter, warm=lighter)
    np.testing.assert_allclose(again.bus_voltage, kept, rtol=0, atol=1e-8)
    whole = ready.solve(p.load_power)
    assert_same(whole, ready.solve(p.load_power, out=ready.solve(0.5 * p.load_power)), tolerance=0)


def test_a_warm_start_saves_rounds_and_keeps_the_answer():
    net = facilities.facility("300")
    ready = prepare(facilities.problem(net), compiled=True)
    load = facilities.scenarios(net, 10) * net.load_power
    first = ready.solve(load, tolerance=1e-11, outputs=VOLTAGES)
    near = load * (1 + 1e-6)
    cold = ready.solve(near, tolerance=1e-11, outputs=VOLTAGES)
    warm = ready.solve(near, tolerance=1e-11, outputs=VOLTAGES, warm=first)
    assert warm.iterations < cold.iterations
    np.testing.assert_allclose(warm.bus_voltage, cold.bus_voltage, rtol=0, atol=1e-11)


def test_power_grid_model_finds_the_same_voltages():
    pytest.importorskip("power_grid_model")
    net = facilities.facility("3k")
    load = facilities.scenarios(net, 10) * net.load_power
    ours = prepare(facilities.problem(net), compiled=True).solve(load, outputs=VOLTAGES).bus_voltage
    theirs = facilities.grid_solve(facilities.grid_model(net), facilities.grid_loads(net, load))
    # both stop at changes of 1e-8 p.u.; what is left after that change is smaller
    np.testing.assert_allclose(ours, facilities.voltages(theirs), rtol=0, atol=2e-9)


def test_importing_the_solver_does_not_import_the_compiler():
    code = "import solvers.power, sys; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

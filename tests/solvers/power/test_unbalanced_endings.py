"""Unbalanced power flow: conservation on random networks, batches of switching, failures and bad input."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from solvers.power.unbalanced import EARTH, Feeder, UnbalancedProblem, cyclic, prepare, solve
from solvers.status import SolveError, Status


def random_feeder(seed: int) -> UnbalancedProblem:
    """Meshed four-wire network with transformers of several groups, delta and wye loads and capacitors."""
    rng = np.random.default_rng(seed)
    net = Feeder(1e6)
    net.bus("H", 10e3)
    net.source("H", 10e3, positive=0.5 + 2j, zero=0.5 + 3j)
    names = []
    for number, group in enumerate(rng.choice(["Dyn11", "YNyn0", "Dyn1"], 2)):
        net.bus(f"T{number}", 400.0)
        net.transformer(
            "H", f"T{number}", str(group), (10e3, 400.0), 500e3, 0.01 + 0.05j, magnetising=0.002 - 0.01j,
            tap=rng.uniform(0.98, 1.03), neutrals=("g", "n"),
        )  # fmt: skip
        net.earth(f"T{number}", impedance=0.01)
        names.append(f"T{number}")
    for number in range(8):
        bus = f"B{number}"
        net.bus(bus, 400.0)
        near = [name for name in names if name[0] != "T" or int(name[1]) == number % 2]
        near = [name for name in near if name[0] == "T" or int(name[1]) % 2 == number % 2]
        matrix = np.diag(rng.uniform(0.01, 0.03, 4) * (1 + 0.7j)) + 0.004j
        net.line(str(rng.choice(near)), bus, matrix, phases="abcn", shunt=1e-6j * np.eye(4))
        if number % 3 == 0:
            net.line(f"T{number % 2}", bus, 1.5 * matrix, phases="abcn")  # a loop
        names.append(bus)
        kind = {"current_share": rng.uniform(0, 0.5), "impedance_share": rng.uniform(0, 0.5)}
        net.load(bus, rng.uniform(1, 8) * 1e3 * (1 + 0.3j), 230.0, phases=str(rng.choice(["a", "b", "c", "ac"])),
                 neutral="n", **kind)  # fmt: skip
        net.load(bus, rng.uniform(1, 8) * 1e3, 400.0, phases=str(rng.choice(["ab", "bc", "abc"])), delta=True)
        net.capacitor(bus, 2e3, 230.0, neutral="n")
    return net.problem()


@pytest.mark.parametrize("seed", range(8))
def test_power_and_current_are_conserved_on_random_networks(seed):
    problem = random_feeder(seed)
    solution = solve(problem, tolerance=1e-10)
    assert solution.status.ok, solution.detail
    assert solution.power_error[0] < 1e-9  # rounding
    assert solution.residual[0] < 1e-8
    # what leaves through earth and sources sums to nothing: current of every node is balanced
    current = solution.load_current[0]
    np.testing.assert_allclose(
        solution.load_power[0],
        current.conj() * (np.append(solution.node_voltage[0], 0)[problem.load_from]
                          - np.append(solution.node_voltage[0], 0)[problem.load_to]),
    )  # fmt: skip
    newton = solve(problem, method="newton", tolerance=1e-10)
    np.testing.assert_allclose(newton.node_voltage, solution.node_voltage, atol=1e-5)


def two_lines(**more: object) -> UnbalancedProblem:
    """Source, two parallel lines, a tie; three buses of 400 V with single-phase loads."""
    net = Feeder(1e5)
    for bus in "SLM":
        net.bus(bus, 400.0)
    net.source("S", 400.0)
    net.line("S", "L", cyclic(0.02 + 0.02j, 0.06 + 0.06j))
    net.line("S", "M", cyclic(0.03 + 0.02j, 0.09 + 0.06j))
    net.switch("L", "M", closed=False)
    for letter, s in zip("abc", (9e3, 4e3 + 2e3j, 6e3), strict=True):
        net.load("L", s, 231.0, phases=letter)
    net.load("M", 5e3, 400.0, phases="ab", delta=True)
    return net.problem(**more)


def test_states_of_switches_and_lines_are_scenarios():
    closed = np.array([[1, 1], [0, 1], [0, 1], [1, 1]], dtype=bool)
    tie = np.array([0, 0, 1, 1], dtype=bool)
    batch = solve(two_lines(line_closed=closed, switch_closed=np.repeat(tie[:, None], 3, axis=1)))
    assert batch.status.ok
    for row in range(4):
        alone = solve(two_lines(line_closed=closed[row], switch_closed=np.full(3, tie[row])))
        np.testing.assert_array_equal(batch.node_voltage[row], alone.node_voltage[0])
        np.testing.assert_array_equal(batch.switch_current[row], alone.switch_current[0])
    live = batch.node_live.all(axis=1)
    np.testing.assert_array_equal(live, [True, False, True, True])
    assert (batch.load_power[1, :3] == 0).all() and batch.load_power[1, 3] != 0


def test_prepared_problem_takes_other_loads():
    problem = two_lines()
    prepared = prepare(problem)
    power = problem.load_power * np.array([[0.5], [1.2], [0.0]])
    batch = prepared.solve(power, outputs=["node_voltage", "loss"])
    assert batch.line_current_from.size == 0
    again = solve(dataclasses.replace(problem, load_power=power))
    np.testing.assert_allclose(batch.node_voltage, again.node_voltage, rtol=1e-9)
    np.testing.assert_allclose(batch.loss, again.loss, rtol=1e-6)
    assert batch.loss[2] == pytest.approx(0, abs=1e-9)


def test_load_that_alone_ties_a_neutral_to_earth_may_appear_later():
    net = Feeder(1e5)
    net.bus("P", 400.0)
    net.source("P", 400.0)
    for letter in "abc":
        net.load("P", 1e3, 231.0, phases=letter, neutral="n", impedance_share=1.0)
    prepared = prepare(net.problem())
    assert prepared.solve(np.zeros(3)).status.ok
    solution = prepared.solve(np.array([2e3, 1e3, 1e3]))
    assert abs(solution.load_current[0].sum()) < 1e-9  # nothing returns but through the loads


def test_collapse_is_a_status_with_a_place():
    problem = two_lines()
    solution = solve(dataclasses.replace(problem, load_power=problem.load_power * 500))
    assert not solution.status.ok and not solution.scenario_ok[0]
    assert "lowest voltage at bus" in solution.detail
    for name in ("node_voltage", "line_current_from", "source_power", "load_power", "loss"):
        assert np.all(getattr(solution, name) == 0), name
    assert solution.power_error[0] == 1
    with pytest.raises(SolveError):
        solve(dataclasses.replace(problem, load_power=problem.load_power * 500), raise_on_failure=True)


def test_heavy_load_that_injection_does_not_settle_is_solved_by_newton():
    # near the nose of the curve: S = 0.95 of |E|^2 / 4 R on one phase
    net = Feeder(1e5)
    for bus in "SL":
        net.bus(bus, 400.0)
    net.source("S", 400.0)
    net.line("S", "L", [[1.0]], phases="a")
    volts = 400 / np.sqrt(3)
    power = 0.999 * volts**2 / 4
    net.load("L", power, volts, phases="a")
    assert solve(net.problem(), method="injection").status is Status.MAX_ITERATIONS
    solution = solve(net.problem())
    assert solution.status.ok
    expected = (volts + np.sqrt(volts**2 - 4 * power)) / 2
    assert abs(solution.node_voltage[0, -1]) == pytest.approx(expected, rel=1e-6)


def test_contradicting_sources_are_infeasible_and_a_loop_of_switches_is_singular():
    net = Feeder(1e5)
    for bus in "ST":
        net.bus(bus, 400.0)
    net.source("S", 400.0)
    net.source("T", 410.0)
    net.switch("S", "T")
    solution = solve(net.problem())
    assert solution.status is Status.INFEASIBLE and "source 3" in solution.detail
    net = Feeder(1e5)
    for bus in "ST":
        net.bus(bus, 400.0)
    net.source("S", 400.0)
    net.switch("S", "T")
    net.switch("S", "T")
    net.load("T", 1e3, 231.0)
    assert solve(net.problem()).status is Status.SINGULAR
    assert solve(net.problem(), outputs=["node_voltage"]).status.ok  # voltages are unique


def test_source_tied_to_earth_is_infeasible():
    net = Feeder(1e5)
    net.bus("S", 400.0)
    net.source("S", 400.0)
    net.earth("S", "b")
    solution = solve(net.problem())
    assert solution.status is Status.INFEASIBLE and "source 1" in solution.detail


def test_equal_sources_on_one_bus_share_evenly():
    net = Feeder(1e5)
    for bus in "STL":
        net.bus(bus, 400.0)
    net.source("S", 400.0)
    net.source("T", 400.0)
    net.switch("S", "T")
    net.line("S", "L", cyclic(0.1, 0.1))
    net.load("L", 9e3, 400 / np.sqrt(3))
    solution = solve(net.problem())
    np.testing.assert_allclose(solution.source_power[0, :3], solution.source_power[0, 3:])
    assert solution.power_error[0] < 1e-9


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("base_power", 0.0, "base_power must be"),
        ("bus_voltage", [400.0, -1.0, 400.0], r"bus_voltage\[1\] must be > 0"),
        ("node_conductor", [0, 1, 5, 0, 1, 2, 0, 1, 2], r"node_conductor\[2\] must be 0, 1, 2"),
        ("node_conductor", [0, 1, 1, 0, 1, 2, 0, 1, 2], r"node_conductor\[2\] is there twice"),
        ("node_bus", [0, 0, 0, 1, 1, 1, 2, 2, 9], r"node_bus\[8\] is not an index below 3"),
        ("line_from", [[0, 1, 2], [0, 1, 77]], r"line_from\[\(1, 2\)\] is not a node below 9"),
        ("line_to", [[3, 4, -1], [6, 7, 8]], r"line_to\[\(0, 2\)\] lacks a conductor"),
        ("line_impedance", np.zeros((2, 3, 3)), r"line_impedance\[\(0, 0\)\] has a zero on its diagonal"),
        ("line_impedance", np.triu(np.ones((2, 3, 3))), r"line_impedance\[0\] is not symmetric"),
        ("line_impedance", np.full((2, 3, 3), np.nan), r"line_impedance has a value that is not finite"),
        ("load_voltage", [231.0, 231.0, 0.0, 400.0], r"load_voltage\[2\] must be > 0"),
        ("load_power", [1.0, 2.0], r"load_power has shape \(2,\), expected \(S, 4\)"),
        ("load_to", [3, EARTH, EARTH, EARTH], r"load_to\[0\] is also its from node"),
        ("load_current_share", [0, 0, 2, 0], r"load_current_share\[2\] must be in 0..1"),
        ("source_node", [0, 1, EARTH], r"source_node\[2\] is not a node"),
        ("switch_to", [6, 7, 1.5], "switch_to must hold whole numbers"),
        ("line_closed", np.ones((2, 2)), None),
    ],
)
def test_bad_input_is_named(field, value, message):
    problem = two_lines()
    narrow = {name: getattr(problem, name)[..., :3] for name in ("line_from", "line_to")}
    narrow |= {name: getattr(problem, name)[:, :3, :3] for name in ("line_impedance", "line_admittance")}
    problem = dataclasses.replace(problem, **narrow)
    if message is None:  # allowed: two scenarios
        assert dataclasses.replace(problem, **{field: value}).scenarios == 2
        return
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(problem, **{field: value})


def test_scenario_counts_must_agree():
    with pytest.raises(ValueError, match="disagree on the number of scenarios"):
        two_lines(line_closed=np.ones((2, 2), bool), load_power=np.ones((3, 4)))
    with pytest.raises(ValueError, match="load_power has 3 scenarios"):
        prepare(two_lines(line_closed=np.ones((2, 2), bool))).solve(np.ones((3, 4)))
    with pytest.raises(ValueError, match="unknown names"):
        solve(two_lines(), outputs=["bus_voltage"])
    with pytest.raises(ValueError, match="method must be"):
        solve(two_lines(), method="gauss")  # type: ignore[arg-type]


def test_nodes_of_different_voltage_are_not_switched_together():
    net = Feeder()
    net.bus("H", 10e3)
    net.bus("L", 400.0)
    net.source("H", 10e3)
    net.switch("H", "L")
    with pytest.raises(ValueError, match="different nominal voltage"):
        net.problem()


def test_compiler_is_not_loaded_before_a_sweep_needs_it():
    code = "import sys, solvers.power.unbalanced; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_a_compiler_batches_are_solved_by_injection(monkeypatch):
    problem = two_lines(load_power=two_lines().load_power * np.linspace(0.5, 1.5, 12)[:, None])
    monkeypatch.setattr("solvers.power.unbalanced.voltages.find_spec", lambda name: None)
    assert solve(problem).status.ok
    with pytest.raises(ValueError, match="numba"):
        solve(problem, method="sweep")


def test_feeder_names_what_is_wrong():
    net = Feeder()
    net.bus("S", 400.0)
    with pytest.raises(ValueError, match="twice"):
        net.bus("S", 400.0)
    with pytest.raises(ValueError, match="no bus 'X'"):
        net.load("X", 1e3, 230.0)
    with pytest.raises(ValueError, match="a, b, c, n, g"):
        net.load("S", 1e3, 230.0, phases="x")
    with pytest.raises(ValueError, match="odd clock number"):
        net.transformer("S", "S", "Dyn2", (400, 400), 1e3, 0.1j)
    with pytest.raises(ValueError, match="like Dyn11"):
        net.transformer("S", "S", "Zyn5", (400, 400), 1e3, 0.1j)

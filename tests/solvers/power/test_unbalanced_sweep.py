"""The compiled sweep of radial three-phase networks against current injection, Newton and power-grid-model."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from solvers.power.unbalanced import EARTH, UnbalancedProblem, cyclic, prepare, solve, voltages
from tests.benchmarks import facilities, power_unbalanced

pytest.importorskip("numba")


def facility(
    rng: np.random.Generator,
    *,
    mixed: bool = False,
    between: bool = False,
    scenarios: int = 11,
    buses: int = 14,
) -> UnbalancedProblem:
    """A random tree of lines and transformers of several groups, with shunts, loads and a dead branch.

    Node 3 b + k is phase k of bus b; bus 0 is the source; the branch into the last bus is open.
    """
    parent = np.array([0] + [rng.integers(max(0, bus - 4), bus) for bus in range(1, buses)])
    volts = np.full(buses, 415.0)
    stepped = np.zeros(buses, dtype=bool)
    stepped[rng.choice(np.arange(1, buses - 1), 3, replace=False)] = True
    child, phase = np.arange(1, buses), np.arange(3)
    line, transformer = child[~stepped[1:]], child[stepped[1:]]
    ohm = rng.uniform(0.002, 0.01, line.size) * (1 + 0.6j)
    siemens = 1j * rng.uniform(0, 1e-3, line.size)
    primary, secondary = 3 * parent[transformer, None] + phase, 3 * transformer[:, None] + phase
    delta = rng.random(transformer.size) < 0.7
    other = np.where(delta[:, None], np.roll(primary, rng.choice([1, -1]), axis=1), EARTH)
    rated = np.stack(
        [np.where(delta, 415.0, 415 / np.sqrt(3)), np.full(transformer.size, 415 / np.sqrt(3))], axis=1
    )
    forward = rng.random(line.size) < 0.5  # lines may be written from either end
    ends = 3 * parent[line, None] + phase, 3 * line[:, None] + phase
    tail = np.where(forward[:, None], ends[0], ends[1])
    head = np.where(forward[:, None], ends[1], ends[0])
    loads = rng.choice(np.arange(3, 3 * buses), 20)
    other_end = np.full(loads.size, EARTH)
    if between:  # half of the loads lie between two phases, in either order
        other_end[::2] = loads[::2] // 3 * 3 + (loads[::2] + rng.choice([1, 2], loads[::2].size)) % 3
    shares = rng.dirichlet(np.ones(3), loads.size) if mixed else np.tile([1.0, 0, 0], (loads.size, 1))
    power = rng.uniform(500, 3000, (scenarios, loads.size)) * (1 + 0.3j) * rng.uniform(0.3, 1, (scenarios, 1))
    shunts = rng.choice(np.arange(3, 3 * buses), 4, replace=False)
    closed = line != buses - 1
    return UnbalancedProblem(
        1e5, volts, np.repeat(np.arange(buses), 3), np.tile(phase, buses),
        line_from=tail, line_to=head, line_impedance=cyclic(ohm, 2.5 * ohm),
        line_admittance=cyclic(siemens, 0.5 * siemens), line_closed=closed,
        unit_from=np.stack([primary, other], axis=2).reshape(-1, 2),
        unit_to=np.stack([secondary, np.full_like(secondary, EARTH)], axis=2).reshape(-1, 2),
        unit_voltage=np.repeat(rated, 3, axis=0), unit_power=np.full(3 * transformer.size, 30e3),
        unit_impedance=np.full(3 * transformer.size, 0.01 + 0.03j),
        unit_magnetising=np.full(3 * transformer.size, 0.002 - 0.01j),
        unit_tap_to=np.repeat(rng.uniform(0.97, 1.03, transformer.size), 3),
        shunt_from=shunts, shunt_admittance=rng.uniform(0, 0.02, 4) * (0.1 + 1j),
        source_node=phase, source_voltage=415 / np.sqrt(3) * np.exp(-2j * np.pi / 3 * phase),
        load_from=loads, load_to=other_end, load_voltage=np.where(other_end < 0, 230.0, 400.0), load_power=power,
        load_current_share=shares[:, 1], load_impedance_share=shares[:, 2],
    )  # fmt: skip


@pytest.mark.parametrize("between", [False, True], ids=["to earth", "between phases"])
@pytest.mark.parametrize("mixed", [False, True], ids=["constant power", "mixed loads"])
@pytest.mark.parametrize("seed", range(6))
def test_sweep_and_injection_agree_on_random_trees(seed, mixed, between):
    problem = facility(np.random.default_rng(seed), mixed=mixed, between=between)
    swept = solve(problem, method="sweep", tolerance=1e-10)
    injected = solve(problem, method="injection", tolerance=1e-10)
    assert swept.status.ok and injected.status.ok
    # both stop when voltages move by less than 1e-10 p.u. of 240 V, and converge several times faster than that
    np.testing.assert_allclose(swept.node_voltage, injected.node_voltage, rtol=0, atol=240e-10)
    assert (swept.residual < 1e-10).all() and (injected.residual < 1e-10).all()
    assert (swept.power_error < 1e-8).all()
    np.testing.assert_array_equal(swept.node_voltage[:, -3:], 0)  # the dead bus


@pytest.mark.parametrize("seed", range(3))
def test_newton_agrees_with_the_sweep(seed):
    problem = facility(np.random.default_rng(seed), mixed=True, scenarios=3)
    swept = solve(problem, method="sweep", tolerance=1e-11)
    newton = solve(problem, method="newton", tolerance=1e-11)
    np.testing.assert_allclose(newton.node_voltage, swept.node_voltage, rtol=0, atol=240e-11)


def test_a_scenario_does_not_feel_those_beside_it():
    problem = facility(np.random.default_rng(3), mixed=True)
    together = solve(problem, method="sweep")
    prepared = prepare(problem)
    alone = [prepared.solve(power, method="sweep").node_voltage[0] for power in problem.load_power]
    np.testing.assert_array_equal(together.node_voltage, alone)


def test_sweep_is_taken_for_large_batches_of_its_class_only(monkeypatch):
    problem = facility(np.random.default_rng(1))
    few = dataclasses.replace(problem, load_power=problem.load_power[:2])
    small = solve(problem).node_voltage  # too little work to load a compiler for
    np.testing.assert_array_equal(small, solve(problem, method="injection").node_voltage)
    monkeypatch.setattr(voltages, "COMPILED_FROM", problem.load_power.shape[0] * problem.node_bus.size)
    np.testing.assert_array_equal(solve(problem).node_voltage, solve(problem, method="sweep").node_voltage)
    monkeypatch.setattr(voltages, "COMPILED_FROM", 0)
    np.testing.assert_array_equal(solve(few).node_voltage, solve(few, method="injection").node_voltage)
    matrix = problem.line_impedance.copy()
    matrix[0, 0, 0] *= 1.5  # not transposed
    with pytest.raises(ValueError, match="radial three-phase"):
        solve(dataclasses.replace(problem, line_impedance=matrix), method="sweep")


def test_the_sweep_is_compiled_once_for_arrays_of_any_kind():
    from solvers.power.unbalanced.tour import _run

    problem = facility(np.random.default_rng(1))
    for power in (problem.load_power, problem.load_power.copy(), np.asfortranarray(problem.load_power)):
        prepare(problem).solve(power, method="sweep")
    signatures: Any = _run.signatures
    assert len(signatures) == 1


def test_a_small_batch_loads_no_compiler():
    script = (
        "import sys, numpy as np; from solvers.power.unbalanced import Feeder, prepare\n"
        "net = Feeder(); [net.bus(name, 400.0) for name in 'ab']; net.source('a', 400.0)\n"
        "net.line('a', 'b', 0.1 * np.eye(3)); net.load('b', 3e3, 231.0)\n"
        "s = prepare(net.problem()).solve(np.full((50, 3), 1e3))\n"
        "assert s.status.ok and 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("change", ["loop", "load between buses", "single phase"])
def test_other_networks_are_left_to_injection(change):
    problem = facility(np.random.default_rng(2))
    if change == "loop":
        problem = dataclasses.replace(
            problem, switch_from=3 * 3 + np.arange(3), switch_to=3 * 6 + np.arange(3)
        )
    elif change == "load between buses":
        problem = dataclasses.replace(
            problem, load_to=np.where(np.arange(20) == 0, (problem.load_from + 1) % 3, EARTH)
        )
    else:
        tail = problem.line_from.copy()
        head = problem.line_to.copy()
        tail[0, 2] = head[0, 2] = EARTH
        problem = dataclasses.replace(problem, line_from=tail, line_to=head)
    with pytest.raises(ValueError, match="radial three-phase"):
        solve(problem, method="sweep")
    solution = solve(problem)
    assert solution.status.ok and (solution.power_error < 1e-7).all()


def test_overload_in_one_lane_is_reported_and_the_others_are_solved():
    problem = facility(np.random.default_rng(4))
    power = problem.load_power.copy()
    power[5] *= 1000
    solution = solve(dataclasses.replace(problem, load_power=power))
    assert not solution.status.ok and not solution.scenario_ok[5] and solution.scenario_ok.sum() == 10
    assert "scenario 5" in solution.detail and "lowest voltage at bus" in solution.detail
    np.testing.assert_array_equal(solution.node_voltage[5], 0)
    assert solution.power_error[5] == 1
    rest = np.arange(11) != 5
    np.testing.assert_array_equal(solution.node_voltage[rest], solve(problem).node_voltage[rest])


def test_facility_of_300_buses_agrees_with_power_grid_model():
    pytest.importorskip("power_grid_model")
    net = facilities.facility("300")
    power = power_unbalanced.phase_power(net, 9)
    problem = power_unbalanced.ours(net, power)
    node = power_unbalanced.peer_solve(power_unbalanced.theirs(net), power_unbalanced.peer_loads(net, power))[
        "node"
    ]
    reference = node["u_pu"] * np.exp(1j * node["u_angle"])
    for method in ("sweep", "injection"):
        solution = solve(problem, method=method, tolerance=1e-8)
        volts = (solution.node_voltage / problem.node_base).reshape(reference.shape)
        # both stop at a change of 1e-8 p.u.; a pass shrinks the error more than tenfold
        np.testing.assert_allclose(volts, reference, rtol=0, atol=1e-9)
        assert (solution.residual < 1e-8).all()

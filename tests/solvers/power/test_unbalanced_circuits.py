"""Rack circuits on phases: currents of panels, neutral, imbalance, and the same circuits in a solved network."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.power.unbalanced import (
    Feeder,
    assign_phases,
    bus_voltage,
    line_neutral_current,
    line_phase_current,
    nema_unbalance,
    panel_report,
    phase_loads,
    solve,
    with_return,
)


def test_two_pole_circuit_draws_from_two_phases_and_not_from_the_neutral():
    report = panel_report(phase_loads([2080.0], ["ab"], voltage=208.0), [0], 1, voltage=208.0)
    np.testing.assert_allclose(np.abs(report.phase_current[0, 0]), [10, 10, 0], atol=1e-12)
    assert abs(report.neutral_current[0, 0]) < 1e-12
    # 10, 10, 0 A: average 6.67 A, worst deviation 6.67 A
    assert report.imbalance[0, 0] == pytest.approx(1.0)


def test_one_pole_circuits_return_in_the_neutral():
    loads = phase_loads(
        [[2400.0, 4800.0, 0.0], [2400.0, 2400.0, 2400.0]], ["a", "b", "c"], voltage=240 * np.sqrt(3)
    )
    report = panel_report(loads, [0, 0, 0], 1, voltage=240 * np.sqrt(3))
    np.testing.assert_allclose(np.abs(report.phase_current[:, 0]), [[10, 20, 0], [10, 10, 10]], atol=1e-12)
    # |10 + 20 a^2| = sqrt(10^2 + 20^2 - 10 * 20)
    np.testing.assert_allclose(np.abs(report.neutral_current[:, 0]), [np.sqrt(300), 0], atol=1e-9)
    np.testing.assert_allclose(report.imbalance[:, 0], [1.0, 0], atol=1e-12)


@pytest.mark.parametrize("delta", [False, True])
def test_three_pole_circuit_draws_evenly_whatever_its_connection(delta):
    loads = phase_loads([30e3], ["abc"], voltage=415.0, power_factor=0.9, delta=delta)
    report = panel_report(loads, [0], 1, voltage=415.0)
    np.testing.assert_allclose(np.abs(report.phase_current[0, 0]), 30e3 / 0.9 / np.sqrt(3) / 415)
    assert abs(report.neutral_current[0, 0]) < 1e-9 and report.imbalance[0, 0] < 1e-12


def test_power_factor_may_lead():
    loads = phase_loads([1000.0, 1000.0], ["a", "a"], voltage=400.0, power_factor=[0.8, -0.8])
    np.testing.assert_allclose(loads.power, [[1000 + 750j, 1000 - 750j]])


def test_circuits_of_a_busway_in_a_network_match_the_panel_schedule():
    # A stiff busway: the currents of the solved network are those of the schedule; the neutral is a conductor.
    volts, rng = 415.0, np.random.default_rng(7)
    phases = ["a", "b", "c", "ab", "ca", "abc", "a"]
    watts = rng.uniform(1e3, 8e3, (4, len(phases)))
    net = Feeder(1e5)
    for bus in ("ups", "tap"):
        net.bus(bus, volts)
    net.source("ups", volts)
    net.earth("ups")
    net.line("ups", "tap", np.eye(4) * 1e-7, phases="abcn")
    loads = phase_loads(watts, phases, voltage=volts, power_factor=0.95)
    bare = net.problem()
    problem = net.problem(**loads.fields(bare.bus_nodes, np.full(len(phases), net.bus_index("tap"))))
    solution = solve(problem)
    report = panel_report(loads, np.zeros(len(phases), int), 1, voltage=volts)
    current = line_phase_current(problem, solution.line_current_to)[:, 0]
    np.testing.assert_allclose(current, report.phase_current[:, 0], rtol=1e-5)  # 1e-7 ohm of drop
    np.testing.assert_allclose(
        line_neutral_current(problem, solution.line_current_to)[:, 0],
        -report.neutral_current[:, 0],
        rtol=1e-4,
        atol=1e-3,
    )
    np.testing.assert_allclose(nema_unbalance(current), report.imbalance[:, 0], rtol=1e-5)


def test_busway_of_whips_behind_one_ups():
    # How a facility's section is lowered: stiff UPS output, four-wire segments, a whip per rack
    net = Feeder(1e5)
    net.bus("ups", 415.0)
    net.source("ups", 415.0)
    net.earth("ups")
    before, ohm = "ups", (0.000095 + 0.00004j)
    phases = ["a", "b", "c", "a", "ab", "abc"]
    taps, racks = [], []
    for number in range(6):
        tap, rack = f"tap{number}", f"rack{number}"
        net.bus(tap, 415.0)
        net.bus(rack, 415.0)
        net.line(before, tap, np.eye(4) * ohm + 0.2 * ohm.imag * 1j, phases="abcn")
        net.line(tap, rack, np.eye(4) * (0.0012 + 0.0004j), phases="abcn")
        before = tap
        taps.append(tap)
        racks.append(net.bus_index(rack))
    loads = phase_loads(np.full(6, 12e3), phases, voltage=415.0, power_factor=0.98)
    bare = net.problem()
    problem = net.problem(**loads.fields(bare.bus_nodes, racks))
    solution = solve(problem)
    assert solution.status.ok and solution.power_error[0] < 1e-9
    volts = np.abs(bus_voltage(problem, solution.node_voltage))[0, racks]
    assert (volts < 415 / np.sqrt(3) * 1.01).all() and (volts > 0.98 * 415 / np.sqrt(3)).all()
    feed = line_phase_current(problem, solution.line_current_from)[0, 0]
    assert nema_unbalance(feed) > 0.1
    assert abs(line_neutral_current(problem, solution.line_current_from)[0, 0] + feed.sum()) < 1e-3


@pytest.mark.parametrize("scenarios", [1, 9], ids=["injection", "sweep"])
def test_neutral_folded_into_the_phases_gives_the_voltages_of_four_wires(scenarios):
    phase, neutral, volts = 0.02 + 0.01j, 0.03 + 0.01j, 415.0
    rng = np.random.default_rng(2)
    phases = ["a", "b", "c", "a", "ab", "ca", "abc"]
    loads = phase_loads(rng.uniform(500, 2500, (scenarios, 7)), phases, voltage=volts, power_factor=0.95)
    results = []
    for folded in (False, True):
        net = Feeder(1e5)
        net.bus("ups", volts)
        net.source("ups", volts)
        net.earth("ups")
        for number in range(7):
            net.bus(f"tap{number}", volts)
            before = f"tap{number - 1}" if number else "ups"
            if folded:
                net.line(before, f"tap{number}", with_return(phase, neutral))
            else:
                net.line(before, f"tap{number}", np.diag([phase] * 3 + [neutral]), phases="abcn")
        at = [net.bus_index(f"tap{number}") for number in range(7)]
        problem = net.problem(**loads.fields(net.problem().bus_nodes, at))
        solution = solve(problem, tolerance=1e-11, method="sweep" if folded and scenarios > 1 else "auto")
        results.append(bus_voltage(problem, solution.node_voltage))
    np.testing.assert_allclose(*results, rtol=0, atol=1e-8 * volts)  # tolerance 1e-11 times the stages


def test_greedy_assignment_balances_equal_and_unequal_circuits():
    assert assign_phases([5.0] * 6, [1] * 6) == ["a", "b", "c", "a", "b", "c"]
    assert assign_phases([5.0] * 3, [2] * 3) == ["ab", "bc", "ca"]
    rng = np.random.default_rng(11)
    watts = rng.uniform(1e3, 5e3, 60)
    poles = rng.choice([1, 2, 3], 60)
    chosen = assign_phases(watts, list(poles))
    assert [len(text) for text in chosen] == list(poles)
    report = panel_report(phase_loads(watts, chosen, voltage=415.0), np.zeros(60, int), 1, voltage=415.0)
    assert report.imbalance[0, 0] < 0.03


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (dict(power=[1.0, 2.0], phases=["a"]), r"power has shape \(2,\), expected \(S, 1\)"),
        (dict(power=[1.0], phases=["aa"]), r"phases\[0\] must be one to three"),
        (dict(power=[1.0], phases=["n"]), r"phases\[0\] must be one to three"),
        (dict(power=[1.0, np.nan], phases=["a", "b"]), r"power\[1\] is not finite"),
        (dict(power=[1.0], phases=["a"], power_factor=0.0), r"power_factor\[0\] must be in"),
        (dict(power=[1.0], phases=["a"], voltage=-1.0), "voltage must be > 0"),
    ],
)
def test_bad_circuits_are_named(given, message):
    with pytest.raises(ValueError, match=message):
        phase_loads(**({"voltage": 415.0} | given))


def test_circuit_on_a_phase_that_its_bus_lacks_is_named():
    net = Feeder()
    for bus in "SL":
        net.bus(bus, 400.0)
    net.source("S", 400.0)
    net.line("S", "L", [[0.1]], phases="a")
    loads = phase_loads([1.0, 1.0], ["a", "b"], voltage=400.0)
    with pytest.raises(ValueError, match="circuit 1 is on a phase that its bus 1 lacks"):
        loads.fields(net.problem().bus_nodes, [1, 1])

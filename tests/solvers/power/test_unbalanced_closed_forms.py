"""Unbalanced power flow: cases that can be worked out by hand, and the balanced solver as a special case."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.power import Problem
from solvers.power import solve as solve_balanced
from solvers.power.unbalanced import (
    Feeder,
    between,
    bus_voltage,
    cyclic,
    iec_unbalance,
    line_neutral_current,
    nema_unbalance,
    sequences,
    solve,
    voltage_report,
    without_neutral,
)

A = np.exp(2j * np.pi / 3)
PHASES = np.array([1, A**2, A])


def single(net: Feeder, **how):
    solution = solve(net.problem(), tolerance=1e-11, **how)
    assert solution.status.ok, solution.detail
    return solution


@pytest.mark.parametrize("method", ["injection", "newton"])
def test_balanced_loads_give_the_balanced_solution(method):
    ohm, power = (
        np.array([0.2 + 0.3j, 0.1 + 0.4j, 0.3 + 0.1j]),
        np.array([0.8 + 0.3j, 0.5 - 0.1j, 0.6 + 0.2j]) * 1e6,
    )
    tail, head, charging = [0, 1, 1], [1, 2, 3], np.array([3e-5, 0, 2e-5])
    base, volts = 10e6, 10e3
    balanced = solve_balanced(
        Problem(
            base, np.full(4, volts), branch_from=tail, branch_to=head, branch_impedance=ohm * base / volts**2,
            branch_charging=charging * volts**2 / base, source_bus=[0], source_voltage=[1.03], load_power=power,
            cord_load=[0, 1, 2], cord_bus=[1, 2, 3], load_current_share=[0, 0.3, 0], load_impedance_share=[0, 0.2, 1],
        ),
        tolerance=1e-13,
    )  # fmt: skip
    net = Feeder(base)
    for bus in "0123":
        net.bus(bus, volts)
    net.source("0", 1.03 * volts)
    for one, two, z, b in zip(tail, head, ohm, charging, strict=True):
        net.line(str(one), str(two), cyclic(z, 3 * z), shunt=cyclic(1j * b, 0.4j * b))
    for bus, s, current, impedance in zip("123", power, (0, 0.3, 0), (0, 0.2, 1), strict=True):
        net.load(bus, s, volts / np.sqrt(3), current_share=current, impedance_share=impedance)
    solution = solve(net.problem(), tolerance=1e-13, method=method)
    phases = bus_voltage(net.problem(), solution.node_voltage)[0] / (volts / np.sqrt(3))
    # 1e-10: both are solved to about 1e-13
    np.testing.assert_allclose(phases, balanced.bus_voltage[0][:, None] * PHASES, rtol=0, atol=1e-10)
    assert solution.loss[0] == pytest.approx(balanced.loss[0], rel=1e-8)


def test_single_phase_load_behind_delta_wye_transformer():
    # Dyn11, 13.8 kV / 480 V, 1 MVA, z per unit: a load from phase a to neutral is one of the three units alone, the
    # unit's primary current flows in A and back in B, and its voltage is the quadratic of one line.
    z, power, high, low = 0.01 + 0.05j, 100e3 + 50e3j, 13.8e3, 480.0
    net = Feeder()
    net.bus("H", high)
    net.bus("L", low)
    net.source("H", high)
    net.transformer("H", "L", "Dyn11", (high, low), 1e6, z)
    net.load("L", power, low / np.sqrt(3), phases="a")
    solution = single(net)
    ohm, no_load = z * 3 * (low / np.sqrt(3)) ** 2 / 1e6, low / np.sqrt(3)
    drop = power.conjugate() * ohm  # V* (E - V) = S* z with E real: |V|^2 + S* z = E V*
    product = drop.real, drop.imag
    square = (
        no_load**2
        - 2 * product[0]
        + np.sqrt((no_load**2 - 2 * product[0]) ** 2 - 4 * (product[0] ** 2 + product[1] ** 2))
    ) / 2
    phases = bus_voltage(net.problem(), solution.node_voltage)[0, 1]
    assert abs(phases[0]) == pytest.approx(np.sqrt(square), rel=1e-10)
    np.testing.assert_allclose(np.abs(phases[1:]), no_load, rtol=1e-10)
    current = abs(power) / abs(phases[0])
    np.testing.assert_allclose(np.abs(solution.unit_current_to[0]), [current, 0, 0], atol=1e-6)
    primary = current * low / np.sqrt(3) / high
    source = solution.source_current[0]
    np.testing.assert_allclose(np.abs(source), [primary, primary, 0], atol=1e-6)
    assert abs(source.sum()) < 1e-6


def test_dyn11_leads_by_thirty_degrees_and_every_clock_by_its_hour():
    for group in (
        "Dyn1",
        "Dyn5",
        "Dyn7",
        "Dyn11",
        "YNd1",
        "YNd5",
        "YNd11",
        "Dd0",
        "Dd6",
        "Dd4",
        "YNyn0",
        "YNyn6",
        "Yd1",
    ):
        net = Feeder()
        net.bus("H", 10e3)
        net.bus("L", 400.0)
        net.source("H", 10e3)
        net.transformer("H", "L", group, (10e3, 400.0), 1e6, 0.05j)
        solution = single(net)
        line = between(bus_voltage(net.problem(), solution.node_voltage)[0])
        clock = int(group.lstrip("YyNnDd"))
        turned = between(PHASES) * 400 / np.sqrt(3) * np.exp(-1j * np.pi / 6 * clock)
        np.testing.assert_allclose(line[1], turned, rtol=0, atol=1e-6, err_msg=group)


def test_three_single_phase_loads_return_their_vector_sum_in_the_neutral():
    power = np.array([10e3, 20e3 + 5e3j, 5e3 - 2e3j])
    net = Feeder()
    for bus in "SL":
        net.bus(bus, 400.0)
    net.source("S", 400.0)
    net.earth("S")
    # mutual impedances between all four conductors
    net.line("S", "L", np.eye(4) * (0.02 + 0.05j) + 0.03j, phases="abcn")
    for letter, s in zip("abc", power, strict=True):
        net.load("L", s, 400 / np.sqrt(3), phases=letter, neutral="n")
    problem, solution = net.problem(), single(net)
    phases = bus_voltage(problem, solution.node_voltage)[0, 1]
    currents = np.conj(power / phases)
    np.testing.assert_allclose(
        line_neutral_current(problem, solution.line_current_to)[0, 0], -currents.sum(), rtol=1e-9
    )
    # all of it returns in the conductor: the sum of the four currents is zero
    assert abs(solution.line_current_from[0, 0].sum()) < 1e-6
    neutral = solution.node_voltage[0, net.node("L", "n")]
    assert abs(neutral) > 1.0  # the neutral is lifted by its own drop


def test_open_neutral_shifts_to_the_star_point_of_the_impedances():
    # Millman: V_n = sum(E_k Y_k) / sum(Y_k) with impedances from three stiff phases to a neutral that lost its earth
    volts = 400 / np.sqrt(3)
    power = np.array([10e3, 2e3 + 1e3j, 6e3])
    net = Feeder()
    net.bus("P", 400.0)
    net.source("P", 400.0)
    for letter, s in zip("abc", power, strict=True):
        net.load("P", s, volts, phases=letter, neutral="n", impedance_share=1.0)
    solution = single(net)
    admittance = np.conj(power) / volts**2
    shift = (volts * PHASES * admittance).sum() / admittance.sum()
    np.testing.assert_allclose(solution.node_voltage[0, net.node("P", "n")], shift, rtol=1e-10)
    # phase c gets the voltage that is missing at a
    phases = np.abs(bus_voltage(net.problem(), solution.node_voltage)[0, 0])
    assert phases[0] < volts < phases[1]


def test_open_neutral_with_constant_current_loads_is_solved_too():
    net = Feeder()
    net.bus("P", 400.0)
    net.source("P", 400.0)
    for letter, s in zip("abc", (10e3, 8e3, 9e3), strict=True):
        net.load("P", s, 400 / np.sqrt(3), phases=letter, neutral="n", current_share=0.5, impedance_share=0.5)
    solution = single(net)
    assert abs(solution.load_current[0].sum()) < 1e-6


def test_earthing_resistor_carries_the_current_of_a_floating_neutral():
    net = Feeder()
    net.bus("P", 400.0)
    net.source("P", 400.0)
    net.earth("P", impedance=2.0)
    net.load("P", 3e3, 400 / np.sqrt(3), phases="a", neutral="n", impedance_share=1.0)
    solution = single(net)
    ohm = (400 / np.sqrt(3)) ** 2 / 3e3
    assert abs(solution.load_current[0, 0]) == pytest.approx(400 / np.sqrt(3) / (ohm + 2.0), rel=1e-10)


def test_open_delta_carries_a_balanced_load_with_two_units():
    # Two units feed three phases; each carries the line current, 1/sqrt(3) of its rating in three-phase power.
    net = Feeder()
    net.bus("H", 4800.0)
    net.bus("L", 480.0)
    net.source("H", 4800.0)
    net.unit(("H", "a", "b"), ("L", "a", "b"), (4800.0, 480.0), 50e3, 1e-6j)
    net.unit(("H", "c", "b"), ("L", "c", "b"), (4800.0, 480.0), 50e3, 1e-6j)
    net.load("L", 60e3, 480.0, delta=True)
    solution = single(net)
    line = between(bus_voltage(net.problem(), solution.node_voltage)[0, 1])
    np.testing.assert_allclose(np.abs(line), 480.0, rtol=1e-5)  # but for the drop in 1e-6 p.u.
    np.testing.assert_allclose(np.abs(solution.unit_current_to[0]), 60e3 / np.sqrt(3) / 480, rtol=1e-5)


def test_open_wye_open_delta_bank_gives_three_phases_from_two():
    net = Feeder()
    net.bus("H", 12470.0)
    net.bus("L", 4160.0)
    net.source("H", 12470.0)
    volts = (12470 / np.sqrt(3), 4160.0)
    net.unit(("H", "a", "g"), ("L", "a", "b"), volts, 2e6, 0.01 + 0.06j)
    net.unit(("H", "b", "g"), ("L", "b", "c"), volts, 2e6, 0.01 + 0.06j)
    solution = single(net)
    line = np.abs(between(bus_voltage(net.problem(), solution.node_voltage)[0, 1]))
    np.testing.assert_allclose(line, 4160.0, rtol=1e-9)


def test_centre_tap_serves_120_and_240_volts():
    net = Feeder()
    net.bus("H", 12470.0)
    net.bus("house", 240.0)
    net.source("H", 12470.0)
    z = (0.006 + 0.0136j, 0.012 + 0.0204j, 0.012 + 0.0204j)
    net.centre_tap(("H", "a", "g"), ("house", "a", "n", "b"), (12470 / np.sqrt(3), 120.0), 50e3, z)
    net.earth("house")
    net.load("house", 5e3, 120.0, phases="a", neutral="n")
    net.load("house", 2e3, 120.0, phases="b", neutral="n")
    net.load("house", 8e3, 240.0, phases="ab", delta=True)
    solution = single(net)
    volts = solution.node_voltage[0]
    one, two = volts[net.node("house", "a")], volts[net.node("house", "b")]
    assert abs(one - two) == pytest.approx(240, rel=0.03)
    assert abs(one) < abs(two) < 120  # the heavier half sags more
    assert solution.power_error[0] < 1e-9


def test_taps_multiply_the_turns():
    net = Feeder()
    net.bus("H", 10e3)
    net.bus("L", 400.0)
    net.source("H", 10e3)
    net.transformer("H", "L", "YNyn0", (10e3, 400.0), 1e6, 0.05j, tap=1.05, tap_primary=0.975)
    solution = single(net)
    phases = np.abs(bus_voltage(net.problem(), solution.node_voltage)[0, 1])
    np.testing.assert_allclose(phases, 400 / np.sqrt(3) * 1.05 / 0.975, rtol=1e-10)


def test_regulator_lifts_the_load_centre_to_its_target():
    # The compensator has the impedance of the line: what it keeps in the band is the voltage at the line's end.
    base = 2400.0
    ohm, ratio, amperes = 0.3 + 0.6j, 20.0, 700.0
    net = Feeder()
    for bus in "SRL":
        net.bus(bus, base * np.sqrt(3))
    net.source("S", base * np.sqrt(3))
    units = [net.unit(("S", k, "g"), ("R", k, "g"), (base, base), 1e6, 1e-5j) for k in "abc"]
    for unit in units:
        net.regulator(
            [unit], target=120.0, band=2.0, pt_ratio=ratio, ct_rating=amperes, drop=ohm * amperes / ratio
        )
    net.line("R", "L", np.eye(3) * ohm)
    for letter, s in zip("abc", (600e3, 300e3, 450e3 + 200e3j), strict=True):
        net.load("L", s, base, phases=letter)
    problem, solution = net.problem(), single(net)
    at_load = np.abs(bus_voltage(problem, solution.node_voltage)[0, 2]) / ratio
    assert (np.abs(at_load - 120) <= 1.0 + 1e-9).all()
    assert (solution.regulator_tap[0] > 0).all()
    fixed = single(net, control=False)
    assert (np.abs(bus_voltage(problem, fixed.node_voltage)[0, 2]) / ratio < 119).all()


def test_ganged_regulator_moves_three_taps_with_one_relay():
    net = Feeder()
    for bus in "SR":
        net.bus(bus, 4160.0)
    net.source("S", 4160.0 * 0.95)
    units = net.transformer("S", "R", "YNyn0", (4160.0, 4160.0), 5e6, 1e-5j)
    net.regulator(units, target=120.0, band=2.0, pt_ratio=20.0)
    solution = single(net)
    phases = np.abs(bus_voltage(net.problem(), solution.node_voltage)[0, 1])
    assert solution.regulator_tap.shape == (1, 1)
    np.testing.assert_allclose(
        phases, 4160 / np.sqrt(3) * 0.95 * (1 + 0.00625 * solution.regulator_tap[0, 0]), rtol=1e-9
    )


def test_delta_capacitors_equal_the_wye_bank_of_the_same_rating():
    results = []
    for delta in (False, True):
        net = Feeder()
        for bus in "SC":
            net.bus(bus, 480.0)
        net.source("S", 480.0)
        net.line("S", "C", cyclic(0.01 + 0.04j, 0.03 + 0.12j))
        net.capacitor("C", 50e3, 480.0 if delta else 480 / np.sqrt(3), delta=delta)
        results.append(single(net).node_voltage)
    np.testing.assert_allclose(*results, rtol=1e-12)


def test_switches_join_without_impedance_and_their_current_is_found():
    net = Feeder()
    for bus in "SABC":
        net.bus(bus, 400.0)
    net.source("S", 400.0)
    net.line("S", "A", np.eye(3) * 0.01)
    first = net.switch("A", "B")
    net.switch("B", "C", closed=False)
    net.load("B", 9e3, 400 / np.sqrt(3))
    net.load("C", 9e3, 400 / np.sqrt(3))
    problem, solution = net.problem(), single(net)
    nodes = problem.bus_nodes
    np.testing.assert_array_equal(
        solution.node_voltage[0, nodes[1, :3]], solution.node_voltage[0, nodes[2, :3]]
    )
    np.testing.assert_allclose(
        solution.switch_current[0, first], solution.line_current_to[0, 0, :3], rtol=1e-9
    )
    np.testing.assert_array_equal(solution.switch_current[0, 3:], 0)
    # what lies behind the open switch is dead and unserved
    assert not solution.node_live[0, nodes[3, :3]].any()
    np.testing.assert_array_equal(solution.load_power[0, 3:], 0)


def test_source_behind_sequence_impedances_sees_its_zero_sequence():
    # One phase of a source feeds an impedance: I = E / (Z + (2 Z1 + Z0) / 3)
    positive, zero, ohm = 0.01 + 0.1j, 0.03 + 0.2j, 2.0 + 1.0j
    net = Feeder()
    net.bus("S", 400.0)
    net.source("S", 400.0, positive=positive, zero=zero)
    volts = 400 / np.sqrt(3)
    net.load("S", volts**2 / np.conj(ohm), volts, phases="a", impedance_share=1.0)
    current = single(net).load_current[0, 0]
    assert current == pytest.approx(volts / (ohm + (2 * positive + zero) / 3), rel=1e-10)


def test_sequences_and_unbalance_factors_of_known_phasors():
    phases = 100 * PHASES + 4 * PHASES.conj() + 1.0
    np.testing.assert_allclose(sequences(phases), [1, 100, 4], atol=1e-12)
    assert iec_unbalance(phases) == pytest.approx(0.04)
    # NEMA: 480, 470, 490 V: average 480, worst deviation 10 V
    assert nema_unbalance([480, 470, 490]) == pytest.approx(10 / 480)
    assert iec_unbalance(np.zeros(3)) == 0 and nema_unbalance(np.zeros(3)) == 0


def test_voltage_report_skips_buses_without_three_phases():
    net = Feeder()
    for bus in "SL":
        net.bus(bus, 400.0)
    net.source("S", 400.0)
    net.line("S", "L", [[0.1]], phases="a")
    net.load("L", 1e3, 400 / np.sqrt(3), phases="a")
    report = voltage_report(net.problem(), single(net))
    np.testing.assert_allclose(report["iec_unbalance"], [[0, 0]], atol=1e-12)
    assert report["sequence_voltage"][0, 0, 1] == pytest.approx(400 / np.sqrt(3))


def test_kron_reduction_equals_a_neutral_earthed_at_both_ends():
    rng = np.random.default_rng(5)
    full = np.diag(0.3 + 0.8j + rng.random(4)) + 0.1 + 0.3j
    results = []
    for matrix, letters in ((full, "abcn"), (without_neutral(full), "abc")):
        net = Feeder()
        for bus in "SL":
            net.bus(bus, 4160.0)
            net.earth(bus)
        net.source("S", 4160.0)
        net.line("S", "L", matrix, phases=letters)
        for letter, s in zip("abc", (300e3, 100e3, 50e3j), strict=True):
            net.load("L", s, 2400.0, phases=letter)
        results.append(bus_voltage(net.problem(), single(net).node_voltage, neutral=False))
    np.testing.assert_allclose(*results, rtol=1e-10)

"""Generators at reactive limits, several sources, and converters solved together with the network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solvers.power import Problem, input_for_output, prepare, solve


def machine(load: complex, **more: Any) -> Problem:
    """Source - 0.1j - bus with a generator (0.3 p.u., holds 1.02) and a load; 1 p.u. = 1 MVA."""
    fields: dict[str, Any] = dict(
        branch_from=[0], branch_to=[1], branch_impedance=[0.1j], source_bus=[0], generator_bus=[1],
        generator_power=[0.3e6], generator_voltage=[1.02], load_power=[load * 1e6], cord_load=[0],
        cord_bus=[1],
    )  # fmt: skip
    return Problem(1e6, np.full(2, 11e3), **(fields | more))


def lossless_reactive(load: complex, voltage: float) -> float:
    """What the generator makes to hold ``voltage``: sin(d) = -P x / V, Q = (V^2 - V cos d) / x + Q_load."""
    power, x = 0.3 - load.real, 0.1
    cosine = np.sqrt(1 - (power * x / voltage) ** 2)
    return float((voltage**2 - voltage * cosine) / x + load.imag)


def test_a_machine_within_its_limits_holds_its_voltage():
    s = solve(machine(0.8 + 0.1j, generator_q_min=[-1e6], generator_q_max=[1e6]), tolerance=1e-12)
    assert s.status.ok and s.generator_limit[0, 0] == 0
    assert abs(s.bus_voltage[0, 1]) == pytest.approx(1.02, abs=1e-15)
    assert s.generator_output[0, 0].imag / 1e6 == pytest.approx(
        lossless_reactive(0.8 + 0.1j, 1.02), abs=1e-10
    )


@pytest.mark.parametrize(("low", "high", "limit"), [(-1.0, 0.2, 1), (0.5, 1.0, -1)])
def test_a_machine_at_a_limit_makes_exactly_that_and_gives_up_its_voltage(low, high, limit):
    load = 0.8 + 0.1j
    assert not low < lossless_reactive(load, 1.02) < high
    s = solve(machine(load, generator_q_min=[low * 1e6], generator_q_max=[high * 1e6]), tolerance=1e-12)
    assert s.status.ok and s.generator_limit[0, 0] == limit
    made = high if limit > 0 else low
    assert s.generator_output[0, 0] == pytest.approx((0.3 + 1j * made) * 1e6, rel=1e-12)
    v = abs(s.bus_voltage[0, 1])
    assert v < 1.02 if limit > 0 else v > 1.02
    assert lossless_reactive(load, v) == pytest.approx(made, abs=1e-10)
    assert s.power_error[0] < 1e-10


def test_limits_act_per_scenario():
    p = machine(0.8, generator_q_min=[-1e6], generator_q_max=[0.3e6])
    s = solve(replace(p, load_power=np.array([[0.5e6], [0.5e6 + 0.4e6j], [0.5e6 + 0.05e6j]])))
    assert s.generator_limit[:, 0].tolist() == [0, 1, 0]


def test_machines_of_one_bus_make_equal_parts_until_one_is_at_its_limit():
    p = machine(
        0.8 + 0.5j, generator_bus=[1, 1], generator_power=[0.1e6, 0.2e6], generator_voltage=[1.02, 1.02],
        generator_q_min=[-1e6, -1e6], generator_q_max=[0.1e6, 2e6],
    )  # fmt: skip
    s = solve(p, tolerance=1e-12)
    total = lossless_reactive(0.8 + 0.5j, 1.02)
    assert s.generator_limit[0].tolist() == [0, 0]  # the bus keeps its voltage
    np.testing.assert_allclose(s.generator_output[0].imag / 1e6, [0.1, total - 0.1], atol=1e-9)


def test_a_machine_takes_its_voltage_back_when_a_neighbour_has_been_limited():
    """Two machines on a chain; the first round puts both at a limit, of which one has to return."""
    rng = np.random.default_rng(0)
    back = 0
    for _ in range(40):
        n = 6
        z = rng.uniform(0.02, 0.2, n) * (0.2 + 1j)
        p = Problem(
            1e6, np.full(n, 11e3), branch_from=[0, 1, 2, 3, 4, 5], branch_to=[1, 2, 3, 4, 5, 0],
            branch_impedance=z, source_bus=[0], generator_bus=[2, 3, 5],
            generator_power=rng.uniform(0, 3e5, 3), generator_voltage=rng.uniform(0.97, 1.05, 3),
            generator_q_min=np.full(3, -0.2e6), generator_q_max=np.full(3, 0.2e6),
            load_power=rng.uniform(0, 4e5, n) * (1 + 0.5j), cord_load=np.arange(n), cord_bus=np.arange(n),
        )  # fmt: skip
        s = solve(p, tolerance=1e-11)
        assert s.status.ok, s.detail
        made, v = s.generator_output[0].imag, np.abs(s.bus_voltage[0, [2, 3, 5]])
        state = s.generator_limit[0]
        # complementarity: inside the limits the voltage is held, at a limit it lies on the right side
        assert np.all(np.abs(made) <= 0.2e6 + 1e-2)
        np.testing.assert_allclose(v[state == 0], p.generator_voltage[state == 0], rtol=1e-12)
        assert np.all((v - p.generator_voltage)[state == 1] <= 1e-9)
        assert np.all((v - p.generator_voltage)[state == -1] >= -1e-9)
        back += int((state != 0).any() and (state == 0).any())
    assert back > 10


def test_sources_at_different_angles_push_power_through_the_impedance_between_them():
    x, angle = 0.2, np.deg2rad(20)
    p = Problem(
        1e6, np.full(3, 11e3), branch_from=[0, 1], branch_to=[1, 2], branch_impedance=[x / 2 * 1j, x / 2 * 1j],
        source_bus=[0, 2], source_voltage=[np.exp(1j * angle), 1.0], load_power=[0.0], cord_load=[0],
        cord_bus=[1],
    )  # fmt: skip
    s = solve(p, tolerance=1e-12)
    assert s.status.ok
    assert s.source_power[0].real / 1e6 == pytest.approx(np.array([1, -1]) * np.sin(angle) / x, abs=1e-10)


def test_sources_on_a_meshed_network_keep_their_voltages():
    p = Problem(
        1e6, np.full(4, 11e3), branch_from=[0, 1, 2, 3], branch_to=[1, 2, 3, 0],
        branch_impedance=np.full(4, 0.02 + 0.1j), source_bus=[0, 1, 2],
        source_voltage=[1.02, np.exp(0.1j), 0.99 * np.exp(-0.05j)], load_power=[2e5 + 1e5j],
        cord_load=[0], cord_bus=[3],
    )  # fmt: skip
    s = solve(p, tolerance=1e-12)
    np.testing.assert_allclose(s.bus_voltage[0, :3], p.source_voltage, rtol=0, atol=1e-15)
    assert s.power_error[0] < 1e-10


def test_a_chain_of_bypassed_converters_is_one_system():
    """Two units in series, each with an impedance around it: neither can be solved before the other."""
    p = Problem(
        1e6, np.full(4, 415.0), branch_from=[0, 1, 2], branch_to=[1, 2, 3],
        branch_impedance=[0.01j, 0.05j, 0.08j], source_bus=[0], converter_from=[1, 2], converter_to=[2, 3],
        converter_rating=[1e6, 1e6], converter_loss=[(0.005, 0.01, 0.02)] * 2,
        load_power=[2e5, 3e5], cord_load=[0, 1], cord_bus=[2, 3],
    )  # fmt: skip
    s = solve(p, tolerance=1e-12)
    assert s.status.ok and s.iterations <= 8
    drawn = input_for_output(s.converter_output[0].real, 1e6, p.converter_loss)
    np.testing.assert_allclose(s.converter_input[0].real, drawn, rtol=1e-10)
    assert s.power_error[0] < 1e-10


def test_a_generator_on_a_direct_current_bus_is_refused():
    with pytest.raises(ValueError, match=r"generator_bus\[0\]"):
        machine(0.5, bus_dc=[True, True], branch_impedance=[0.1])


def test_a_start_near_the_collapsed_state_still_ends_at_the_upper_one():
    """V (1 - V) = r P has two roots; the iteration is started at the lower one."""
    r, load = 0.1, 0.1
    p = Problem(
        1e5, np.full(2, 800.0), bus_dc=[True, True], branch_from=[0], branch_to=[1], branch_impedance=[r],
        source_bus=[0], load_power=[load * 1e5], cord_load=[0], cord_bus=[1],
    )  # fmt: skip
    root = np.sqrt(1 - 4 * r * load)
    right = solve(p, tolerance=1e-12)
    wrong = replace(right, bus_voltage=np.array([[1.0, (1 - root) / 2]], dtype=complex))
    s = prepare(p, method="newton").solve(p.load_power, warm=wrong, tolerance=1e-12)
    assert s.status.ok
    assert s.bus_voltage[0, 1].real == pytest.approx((1 + root) / 2, abs=1e-11)


def test_a_warm_start_saves_iterations_and_changes_nothing():
    p = machine(0.8 + 0.1j)
    cold = solve(p, method="newton", tolerance=1e-12)
    again = prepare(p, method="newton").solve(p.load_power, warm=cold, tolerance=1e-12)
    assert again.iterations == 0 < cold.iterations
    np.testing.assert_allclose(again.bus_voltage, cold.bus_voltage, rtol=0, atol=1e-12)

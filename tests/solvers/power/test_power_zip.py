"""Loads that depend on voltage: constant power, constant current and constant impedance mixed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solvers.power import Problem, solve
from solvers.power.problem import load_at


def line(impedance: complex, load: complex, **more: Any) -> Problem:
    """Source 1 p.u., one impedance, one load; 1 p.u. = 1 MVA at 415 V."""
    fields: dict[str, Any] = dict(
        branch_from=[0], branch_to=[1], branch_impedance=[impedance], source_bus=[0],
        load_power=[load * 1e6], cord_load=[0], cord_bus=[1],
    )  # fmt: skip
    return Problem(1e6, np.array([415.0, 415.0]), **(fields | more))


def test_a_constant_impedance_load_divides_the_voltage():
    z, load = 0.02 + 0.06j, 0.8 + 0.3j
    s = solve(line(z, load, load_impedance_share=[1.0]), tolerance=1e-13)
    exact = 1 / (1 + z * np.conj(load))  # the load is the admittance conj(S) at 1 p.u.
    assert s.bus_voltage[0, 1] == pytest.approx(exact, abs=1e-12)
    assert s.cord_power[0, 0] == pytest.approx(load * abs(exact) ** 2 * 1e6, rel=1e-11)


def test_a_direct_current_load_of_constant_current_drops_exactly_r_times_i():
    s = solve(line(0.1, 0.8, bus_dc=[True, True], load_current_share=[1.0]), tolerance=1e-13)
    assert s.bus_voltage[0, 1].real == pytest.approx(1 - 0.1 * 0.8, abs=1e-12)
    assert s.cord_power[0, 0] == pytest.approx(0.8e6 * 0.92, rel=1e-11)


def test_a_mixed_direct_current_load_solves_its_quadratic():
    r, load, current, impedance = 0.1, 0.9, 0.3, 0.5
    s = solve(
        line(r, load, bus_dc=[True, True], load_current_share=[current], load_impedance_share=[impedance]),
        tolerance=1e-13,
    )
    # V (1 - V) / r = load (z V^2 + i V + p)
    a, b, c = 1 + r * load * impedance, r * load * current - 1, r * load * (1 - current - impedance)
    assert s.bus_voltage[0, 1].real == pytest.approx((-b + np.sqrt(b * b - 4 * a * c)) / (2 * a), abs=1e-12)


def test_each_cord_follows_the_voltage_of_its_own_bus_and_shares_are_of_the_demand():
    p = Problem(
        1e6, np.full(3, 415.0), branch_from=[0, 1], branch_to=[1, 2], branch_impedance=[0.05j, 0.1],
        source_bus=[0], load_power=[[4e5 + 2e5j, 2e5]], cord_load=[0, 0, 1], cord_bus=[1, 2, 2],
        load_current_share=[0.25, 0.0], load_impedance_share=[0.5, 0.0],
    )  # fmt: skip
    s = solve(p, tolerance=1e-13)
    v = np.abs(s.bus_voltage[0])
    wanted = (4e5 + 2e5j) / 2 * (0.25 + 0.25 * v[1:] + 0.5 * v[1:] ** 2)
    np.testing.assert_allclose(s.cord_power[0, :2], wanted, rtol=1e-10)
    assert s.cord_power[0, 2] == pytest.approx(2e5)
    assert s.power_error[0] < 1e-10
    np.testing.assert_allclose(load_at(p, s.bus_voltage)[0, :2], wanted / ((4e5 + 2e5j) / 2), rtol=1e-10)


def test_constant_impedance_is_the_same_as_a_shunt():
    z, load = 0.02 + 0.06j, 0.8 + 0.3j
    loaded = solve(line(z, load, load_impedance_share=[1.0]), tolerance=1e-13)
    shunted = solve(line(z, 0.0, bus_shunt=[0, np.conj(load)]), tolerance=1e-13)
    np.testing.assert_allclose(loaded.bus_voltage, shunted.bus_voltage, rtol=0, atol=1e-12)


def test_loads_behind_an_ideal_transformer_see_their_own_voltage():
    """Ratio 1.25 at the from side: the load bus has 0.8 p.u. whatever it draws."""
    p = line(0.0, 0.5, branch_tap=[1.25], load_current_share=[0.4], load_impedance_share=[0.6])
    s = solve(p, tolerance=1e-13)
    assert s.bus_voltage[0, 1] == pytest.approx(0.8, abs=1e-12)
    assert s.cord_power[0, 0] == pytest.approx(0.5e6 * (0.4 * 0.8 + 0.6 * 0.64), rel=1e-11)


def test_voltage_dependent_loads_keep_a_scenario_axis():
    p = line(0.1j, 0.0, load_current_share=[0.5])
    p = replace(p, load_power=np.array([[2e5], [4e5], [6e5]]))
    batch = solve(p, tolerance=1e-12)
    for i in range(3):
        one = solve(replace(p, load_power=p.load_power[i]), tolerance=1e-12)
        np.testing.assert_allclose(one.bus_voltage[0], batch.bus_voltage[i], rtol=0, atol=1e-11)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"load_current_share": [-0.1]}, r"load_current_share\[0\]"),
        ({"load_impedance_share": [1.2]}, r"load_impedance_share\[0\]"),
        ({"load_current_share": [0.6], "load_impedance_share": [0.6]}, "more than 1 together"),
    ],
)
def test_shares_that_make_no_sense_are_named(change, words):
    with pytest.raises(ValueError, match=words):
        line(0.1j, 0.5, **change)

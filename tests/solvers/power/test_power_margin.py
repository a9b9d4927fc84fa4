"""How far loads can grow: closed forms of lines, agreement with the solver on both sides of the nose.

Points of the curve balance to 1e-10 p.u. or to rounding, hence 1e-9 in the factors.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solvers.power import Problem, input_for_output, solve
from solvers.power.margin import loadability
from solvers.status import Status


def line(impedance: complex, load: complex, **more: Any) -> Problem:
    fields: dict[str, Any] = dict(
        branch_from=[0], branch_to=[1], branch_impedance=[impedance], source_bus=[0],
        load_power=[load * 1e6], cord_load=[0], cord_bus=[1],
    )  # fmt: skip
    return Problem(1e6, np.array([415.0, 415.0]), **(fields | more))


@pytest.mark.parametrize("source", [1.0, 1.05])
def test_a_direct_current_line_carries_e_squared_over_four_r(source):
    r, load = 0.1, 0.8
    m = loadability(line(r, load, bus_dc=[True, True], source_voltage=[source]))
    assert m.status.ok and m.bounded and m.bus == 1
    assert m.margin == pytest.approx(source**2 / (4 * r) / load, rel=1e-9)
    assert m.voltage[1].real == pytest.approx(source / 2, abs=1e-8)


@pytest.mark.parametrize("load", [0.5, 0.5 + 0.2j, 0.4 - 0.2j, 0.3j])
@pytest.mark.parametrize("z", [0.1j, 0.05 + 0.1j])
def test_an_alternating_current_line_carries_its_largest_apparent_power(z, load):
    """S_max = E^2 / (2 |Z| (1 + cos(arg Z - arg S))); at the nose |V| = E / (2 cos((arg Z - arg S) / 2))."""
    m = loadability(line(z, load))
    turn = np.angle(z) - np.angle(load)
    assert m.margin == pytest.approx(1 / (2 * abs(z) * (1 + np.cos(turn))) / abs(load), rel=1e-9)
    assert abs(m.voltage[1]) == pytest.approx(1 / (2 * np.cos(turn / 2)), abs=1e-7)


def test_a_problem_beyond_its_nose_says_so_and_names_the_bus():
    """A strong and a weak spur; the weak one cannot carry its load."""
    p = Problem(
        1e6, np.full(3, 415.0), branch_from=[0, 0], branch_to=[1, 2], branch_impedance=[0.02j, 0.5j],
        source_bus=[0], load_power=[1e6, 1.2e6], cord_load=[0, 1], cord_bus=[1, 2],
    )  # fmt: skip
    s = solve(p, method="newton")
    assert not s.status.ok and "%" in s.detail
    m = loadability(p)
    assert m.status.ok and m.bus == 2
    assert m.margin == pytest.approx(1 / (2 * 0.5) / 1.2, rel=1e-9)  # unity power factor: E^2 / 2x
    assert m.participation[2] == 1 and m.participation[1] < 0.1


def test_a_constant_impedance_load_has_no_nose():
    m = loadability(line(0.1j, 0.5, load_impedance_share=[1.0]), most=20.0)
    assert m.status.ok and not m.bounded and m.margin == 20.0 and m.bus == -1


def test_a_direct_current_load_with_a_constant_current_part_keeps_its_closed_form():
    """V (1 - V) / r = k P (p + i V): the nose of k is where its derivative by V vanishes."""
    r, load, share = 0.1, 0.8, 0.4
    m = loadability(line(r, load, bus_dc=[True, True], load_current_share=[share]))
    v = np.linspace(0.01, 0.99, 2_000_001)
    factor = v * (1 - v) / (r * load * (1 - share + share * v))
    assert m.margin == pytest.approx(factor.max(), rel=1e-10)


def test_the_source_side_of_a_converter_collapses_at_its_input():
    """A unit with a proportional loss draws 1.1 P + no-load loss over a resistance: E^2 / 4R is its input."""
    p = Problem(
        1e6, np.full(4, 800.0), bus_dc=[True] * 4, branch_from=[0, 2], branch_to=[1, 3],
        branch_impedance=[0.1, 1e-4], source_bus=[0], converter_from=[1], converter_to=[2],
        converter_rating=[1e6], converter_loss=[(0.01, 0.1, 0.0)], load_power=[1e6], cord_load=[0],
        cord_bus=[3],
    )  # fmt: skip
    m = loadability(p)
    # P + 1e-4 P^2 / V3^2 is the output; 2.5 = 1.1 output + 0.01
    output = (2.5 - 0.01) / 1.1
    assert m.bus == 1
    assert m.margin == pytest.approx(output - 1e-4 * output**2, rel=1e-10)
    assert input_for_output(output * 1e6, 1e6, (0.01, 0.1, 0.0)) == pytest.approx(2.5e6)


def random_network(seed: int) -> Problem:
    rng = np.random.default_rng(seed)
    n = 12
    ends = [(int(rng.integers(0, b)), b) for b in range(1, n)]
    ends += [tuple(int(i) for i in rng.choice(n, 2, replace=False)) for _ in range(5)]
    a = np.array(ends)
    return Problem(
        1e6, np.full(n, 11e3), branch_from=a[:, 0], branch_to=a[:, 1],
        branch_impedance=rng.uniform(0.02, 0.1, len(a)) * (0.3 + 1j), source_bus=[0],
        generator_bus=[5, 9], generator_power=[1e5, 2e5], generator_voltage=[1.01, 1.0],
        load_power=rng.uniform(1e4, 2e5, n) * (1 + 0.3j), cord_load=np.arange(n), cord_bus=np.arange(n),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_the_solver_converges_just_below_the_margin_and_fails_just_above(seed):
    p = random_network(seed)
    m = loadability(p)
    assert m.status.ok and m.bounded and m.margin > 1
    for factor, ok in ((1 - 1e-6, True), (1 + 1e-6, False)):
        k = m.margin * factor
        s = solve(replace(p, load_power=p.load_power * k, generator_power=p.generator_power * k))
        assert s.status.ok is ok
    assert np.all(np.diff(m.curve[:, 0]) > 0)


def test_fixed_generation_moves_the_margin():
    p = random_network(1)
    fixed, grown = loadability(p, scale_generation=False), loadability(p)
    assert fixed.status.ok and fixed.margin != pytest.approx(grown.margin, rel=1e-3)
    k = fixed.margin
    assert solve(replace(p, load_power=p.load_power * k * (1 - 1e-6))).status.ok
    assert not solve(replace(p, load_power=p.load_power * k * (1 + 1e-6))).status.ok


def test_a_generator_at_its_reactive_limit_lowers_the_margin():
    p = random_network(2)
    free = loadability(p)
    bound = loadability(replace(p, generator_q_min=np.full(2, -1e6), generator_q_max=np.full(2, 0.3e6)))
    assert bound.status.ok and bound.margin < free.margin
    limited = replace(p, generator_q_min=np.full(2, -1e6), generator_q_max=np.full(2, 0.3e6))
    for factor, ok in ((1 - 1e-5, True), (1 + 1e-5, False)):
        k = bound.margin * factor
        s = solve(replace(limited, load_power=p.load_power * k, generator_power=p.generator_power * k))
        assert s.status.ok is ok


def test_each_scenario_has_its_own_margin():
    p = line(0.1j, 0.0)
    p = replace(p, load_power=np.array([[1e6], [2e6]]))
    assert loadability(p, 0).margin == pytest.approx(2 * loadability(p, 1).margin, rel=1e-9)
    with pytest.raises(ValueError, match="scenario"):
        loadability(p, 2)


def test_no_load_and_no_state_are_answers():
    assert not loadability(line(0.1j, 0.0)).bounded
    clash = line(0.0, 0.5, source_bus=[0, 1], source_voltage=[1.0, 1.02])
    m = loadability(clash)
    assert m.status is Status.INFEASIBLE and "busbar" in m.detail and m.margin == 0

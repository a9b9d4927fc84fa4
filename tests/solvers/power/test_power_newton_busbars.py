"""Buses joined by ideal branches: merged exactly, loops of breakers divide their current by least squares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from solvers.power import Problem, solve
from solvers.status import Status


def section(ends: list[tuple[int, int]], demand: dict[int, complex], buses: int, **more: Any) -> Problem:
    """Ideal branches ``ends`` between buses, a source at bus 0, loads in W; 1 p.u. = 1 MVA at 415 V."""
    a = np.array(ends)
    fields: dict[str, Any] = dict(
        branch_from=a[:, 0], branch_to=a[:, 1], source_bus=[0], load_power=list(demand.values()),
        cord_load=np.arange(len(demand)), cord_bus=list(demand),
    )  # fmt: skip
    return Problem(1e6, np.full(buses, 415.0), **(fields | more))


def test_parallel_breakers_carry_equal_parts():
    s = solve(section([(0, 1), (0, 1), (1, 0)], {1: 3e5 + 6e4j}, 2))
    assert s.status.ok and s.bus_voltage[0, 1] == 1.0
    np.testing.assert_allclose(s.branch_power_to[0], [1e5 + 2e4j, 1e5 + 2e4j, -1e5 - 2e4j], rtol=1e-12)


def test_a_ring_of_breakers_divides_by_the_number_of_breakers_each_way():
    """Load at bus 1 of a ring of four: three quarters over the direct breaker, a quarter over the other three."""
    s = solve(section([(0, 1), (1, 2), (2, 3), (3, 0)], {1: 4e5}, 4))
    np.testing.assert_allclose(s.branch_power_to[0].real, [3e5, -1e5, -1e5, -1e5], rtol=1e-12)


def test_the_ideal_split_is_the_limit_of_equal_small_resistances():
    rng = np.random.default_rng(4)
    buses = 12
    ends = [(int(rng.integers(0, b)), b) for b in range(1, buses)]
    ends += [tuple(int(i) for i in rng.choice(buses, 2, replace=False)) for _ in range(8)]
    demand = {b: complex(rng.uniform(1e4, 5e4), rng.uniform(0, 2e4)) for b in range(1, buses)}
    ideal = solve(section(ends, demand, buses))
    small = solve(section(ends, demand, buses, branch_impedance=np.full(len(ends), 1e-7)), tolerance=1e-12)
    assert ideal.status.ok and small.status.ok
    # the voltage differences of 1e-7 p.u. change powers by that fraction
    np.testing.assert_allclose(ideal.branch_power_to, small.branch_power_to, rtol=0, atol=1.0)
    assert np.all(ideal.bus_voltage == 1.0)


def test_loops_behind_an_impedance_and_a_sound_neighbour_are_solved_together():
    """Scenario 0 closes the tie of a double busbar, scenario 1 opens it; the line has 0.02 + 0.05j p.u."""
    p = section(
        [(0, 1), (1, 2), (1, 3), (2, 3)], {2: 2e5 + 5e4j, 3: 4e5}, 4,
        branch_impedance=[0.02 + 0.05j, 0, 0, 0],
        branch_closed=[[True, True, True, True], [True, True, True, False]],
    )  # fmt: skip
    s = solve(p, tolerance=1e-12)
    assert s.status.ok
    np.testing.assert_allclose(s.bus_voltage[0], s.bus_voltage[1], rtol=0, atol=1e-11)
    # loads a at 2, b at 3: the tie carries (b - a) / 3
    np.testing.assert_allclose(s.branch_power_to[0, 3], (2e5 - 5e4j) / 3, rtol=1e-9)
    np.testing.assert_allclose(s.branch_power_to[1, 1:], [2e5 + 5e4j, 4e5, 0], rtol=0, atol=1e-6)
    assert s.power_error.max() < 1e-10


def test_transformers_of_equal_ratio_in_a_loop_share_and_of_unequal_ratio_contradict():
    equal = solve(section([(0, 1), (0, 1)], {1: 2e5}, 2, branch_tap=[1.05, 1.05]))
    assert equal.status.ok
    assert equal.bus_voltage[0, 1] == pytest.approx(1 / 1.05, abs=1e-15)
    np.testing.assert_allclose(equal.branch_power_from[0].real, [1e5, 1e5], rtol=1e-12)
    unequal = solve(section([(0, 1), (0, 1)], {1: 2e5}, 2, branch_tap=[1.05, 1.0]))
    assert unequal.status is Status.INFEASIBLE and "ratios" in unequal.detail


def test_current_through_a_looped_section_with_ratios_is_least_squares_of_current():
    """Two ways from 0 to 3: over bus 1 (ratio 2 then 1/2) and over bus 2 (ratio 1): |J|^2 sums are least."""
    p = section([(0, 1), (1, 3), (0, 2), (2, 3)], {3: 1e6}, 4, branch_tap=[2.0, 0.5, 1.0, 1.0])
    s = solve(p)
    assert s.status.ok and abs(s.bus_voltage[0, 3] - 1) < 1e-14
    # currents at the to sides: 2 P1, P1 over bus 1 and P2, P2 over bus 2: minimise 5 P1^2 + 2 P2^2, P1 + P2 = 1
    np.testing.assert_allclose(s.branch_power_to[0].real / 1e6, [2 / 7, 2 / 7, 5 / 7, 5 / 7], rtol=1e-12)


def test_two_sources_at_different_values_on_one_looped_section_are_named():
    p = section([(0, 1), (1, 2), (2, 0)], {1: 1e5}, 3, source_bus=[0, 2], source_voltage=[1.0, 1.02])
    s = solve(p)
    assert s.status is Status.INFEASIBLE and "busbar" in s.detail


def test_a_converter_whose_bypass_is_an_ideal_branch_is_named():
    p = section([(0, 1), (1, 2)], {2: 1e5}, 3, branch_impedance=[0.01j, 0], converter_from=[1],
        converter_to=[2], converter_rating=[1e6])  # fmt: skip
    s = solve(p)
    assert s.status is Status.INFEASIBLE and "converter" in s.detail

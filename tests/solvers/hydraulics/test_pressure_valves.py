"""Reducing and sustaining valves by their states: closed forms, what must hold in any network, a second method."""

from dataclasses import replace

import numpy as np
import pytest

from solvers.hydraulics import network
from solvers.hydraulics.control import PressureReducing
from solvers.hydraulics.control import solve as solve_controlled
from solvers.hydraulics.network import Problem
from solvers.hydraulics.pressure_valves import PressureValve, solve


def line(**change):
    """Source, square law, valve, square law, demand: 0 -> 1 -> 2 -> 3, with 3 drawing 2 kg/s."""
    given = dict(
        node_count=4, fixed_node=[0], fixed_pressure=[400e3], link_from=[0, 1, 2], link_to=[1, 2, 3],
        node_demand=[0, 0, 0, 2.0], link_device_coefficient=[10e3, 0.0, 5e3], link_diameter=0.05,
    )  # fmt: skip
    return Problem(**{**given, **change})


def test_a_reducing_valve_holds_the_pressure_behind_it():
    found = solve(line(), [PressureValve(1, "reduce", 150e3)])
    assert found.ok and found.state == ("active",)
    # 400 kPa - 10 kPa x 2^2 before the valve; 150 kPa - 5 kPa x 2^2 at the end
    np.testing.assert_allclose(found.solution.node_pressure[0], [400e3, 360e3, 150e3, 130e3], rtol=1e-9)
    np.testing.assert_allclose(found.solution.link_flow[0], 2.0, rtol=1e-9)
    assert found.solution.mass_error[0] < 1e-12


def test_a_reducing_valve_opens_where_the_pressure_is_short():
    found = solve(line(), [PressureValve(1, "reduce", 380e3)])
    assert found.ok and found.state == ("open",)
    np.testing.assert_allclose(found.solution.node_pressure[0, 2], 360e3, rtol=1e-6)


def test_a_sustaining_valve_holds_the_pressure_before_it():
    """The end is a fixed node at 100 kPa: 300 kPa before the valve let sqrt(100 / 10) kg/s through."""
    problem = line(fixed_node=[0, 3], fixed_pressure=[400e3, 100e3], node_demand=0.0)
    found = solve(problem, [PressureValve(1, "sustain", 300e3)])
    assert found.ok and found.state == ("active",)
    np.testing.assert_allclose(found.solution.link_flow[0], np.sqrt(10.0), rtol=1e-9)
    np.testing.assert_allclose(found.solution.node_pressure[0, 1], 300e3, rtol=1e-9)
    assert solve(problem, [PressureValve(1, "sustain", 150e3)]).state == ("open",)
    shut = solve(problem, [PressureValve(1, "sustain", 450e3)])
    assert shut.state == ("closed",)
    np.testing.assert_allclose(shut.solution.link_flow[0], 0.0, atol=1e-9)


def test_nothing_flows_back_through_a_valve():
    problem = line(fixed_node=[0, 3], fixed_pressure=[100e3, 400e3], node_demand=0.0)
    for kind, pressure in (("reduce", 500e3), ("reduce", 50e3), ("sustain", 10e3)):
        found = solve(problem, [PressureValve(1, kind, pressure)])
        assert found.ok
        assert found.solution.link_flow[0, 1] >= -1e-9


@pytest.mark.parametrize("seed", range(20))
def test_states_and_pressures_agree_in_random_networks(seed):
    """Mass in every node, the set point of every active valve, and the right side of it of every other one."""
    rng = np.random.default_rng(seed)
    problem, valves = zones(rng, valves=6)
    found = solve(problem, valves)
    assert found.ok
    flow, pressure = found.solution.link_flow[0], found.solution.node_pressure[0]
    assert found.solution.mass_error[0] < 1e-8
    for valve, state in zip(valves, found.state, strict=True):
        before, behind = pressure[problem.link_from[valve.link]], pressure[problem.link_to[valve.link]]
        assert flow[valve.link] > -1e-6
        if state == "active":
            assert (behind if valve.kind == "reduce" else before) == pytest.approx(valve.pressure, rel=1e-9)
        elif state == "open":
            assert (
                behind <= valve.pressure * (1 + 1e-6)
                if valve.kind == "reduce"
                else before >= valve.pressure * (1 - 1e-6)
            )
        else:
            assert flow[valve.link] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_a_throttle_of_the_same_drop_gives_the_same_flow(seed):
    """A valve that holds its pressure is a fixed loss once its drop is known."""
    rng = np.random.default_rng(100 + seed)
    problem, valves = zones(rng, valves=3)
    found = solve(problem, valves)
    flow, pressure = found.solution.link_flow[0], found.solution.node_pressure[0]
    added = np.array(problem.link_device_coefficient, float)
    for valve, state in zip(valves, found.state, strict=True):
        start, end = problem.link_from[valve.link], problem.link_to[valve.link]
        if state == "active" and flow[valve.link] > 1e-6:
            own = added[valve.link]
            added[valve.link] = max((pressure[start] - pressure[end]) / flow[valve.link] ** 2, own)
    links = [valve.link for valve in valves]
    check = np.isin(np.arange(added.size), links)
    opened = ~np.isin(
        np.arange(added.size), [v.link for v, s in zip(valves, found.state, strict=True) if s == "closed"]
    )
    plain = network.solve(replace(problem, link_device_coefficient=added, link_check=check, link_open=opened))
    np.testing.assert_allclose(plain.link_flow[0], flow, atol=1e-6 * np.abs(flow).max())


def test_one_valve_agrees_with_the_search_for_its_throttling():
    problem, valves = zones(np.random.default_rng(7), valves=1)
    valve = replace(valves[0], kind="reduce", pressure=120e3)
    other = solve_controlled(problem, (PressureReducing(valve.link, valve.pressure),), tolerance=1e-9)
    found = solve(problem, [valve])
    assert found.ok and other.status.ok
    np.testing.assert_allclose(found.solution.link_flow, other.solution.link_flow, rtol=1e-5, atol=1e-5)


def zones(rng, valves):
    """A random tree with chords and demands, and valves in links of the tree away from the source."""
    nodes = 24
    start = np.array([rng.integers(max(0, i - 4), i) for i in range(1, nodes)])
    end = np.arange(1, nodes)
    chord = rng.integers(0, nodes - 1, 4)
    start, end = np.concatenate([start, chord]), np.concatenate([end, chord + 1])
    chosen = rng.choice(np.arange(3, nodes - 1), valves, replace=False)
    problem = Problem(
        node_count=nodes, fixed_node=[0], fixed_pressure=[600e3], link_from=start, link_to=end,
        node_demand=np.concatenate([[0.0], rng.uniform(0.0, 0.6, nodes - 1)]),
        link_device_coefficient=rng.uniform(200.0, 3e3, start.size),
    )  # fmt: skip
    problem = replace(problem, link_device_coefficient=np.where(np.isin(np.arange(start.size), chosen), 0.0,
                                                                problem.link_device_coefficient))  # fmt: skip
    kinds = ["reduce"] * valves
    pressures = rng.uniform(80e3, 450e3, valves)
    return problem, [
        PressureValve(int(at), kind, float(p)) for at, kind, p in zip(chosen, kinds, pressures, strict=True)
    ]


@pytest.mark.parametrize(
    ("valves", "message"),
    [
        ([PressureValve(9, "reduce", 1e5)], "outside 0..2"),
        ([PressureValve(1, "reduce", 1e5), PressureValve(1, "sustain", 1e5)], "a link twice"),
        ([PressureValve(0, "sustain", 1e5)], "node that is fixed"),
    ],
)
def test_wrong_valves_are_named(valves, message):
    with pytest.raises(ValueError, match=message):
        solve(line(), valves)

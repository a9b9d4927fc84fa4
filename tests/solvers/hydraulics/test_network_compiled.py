"""The compiled network solver against the numpy solver, on random networks with everything in them."""

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from solvers.hydraulics.network import Problem, prepare, solve
from solvers.status import Status

pytest.importorskip("numba", reason="numba is not installed")


def both(problem, **options):
    return solve(problem, compiled=True, **options), solve(problem, compiled=False, **options)


def agree(problem, ours, reference):
    """Flows to 1e-8 of the largest; pressures wherever links that are not blocked lead to a fixed node (between two
    blocked valves the pressure is free); all else alike."""
    assert ours.status is reference.status
    np.testing.assert_array_equal(ours.scenario_ok, reference.scenario_ok)
    np.testing.assert_array_equal(ours.node_connected, reference.node_connected)
    ok = reference.scenario_ok[:, None]
    np.testing.assert_array_equal(ours.link_limited & ok, reference.link_limited & ok)
    largest = np.maximum(np.abs(reference.link_flow).max(axis=1, keepdims=True, initial=0.0), 1e-300)
    assert (ok * np.abs(ours.link_flow - reference.link_flow) / largest).max(initial=0.0) < 1e-8
    assert all(np.isfinite(a).all() for a in (ours.node_pressure, ours.link_drop, ours.residual))
    one_way = np.broadcast_to(problem.link_check, len(problem.link_from)) | (
        np.atleast_2d(problem.link_pump_head) > 0
    ).any(axis=0)
    for row, (flow, limited) in enumerate(zip(ours.link_flow, ours.link_limited, strict=True)):
        opened = np.broadcast_to(problem.link_open, ours.link_flow.shape)[row]
        free = np.flatnonzero(opened & ~limited & ~(one_way & (flow == 0)))
        ends = (np.asarray(problem.link_from)[free], np.asarray(problem.link_to)[free])
        graph = coo_array((np.ones(free.size), ends), shape=(problem.node_count,) * 2)
        _, label = connected_components(graph, directed=False)
        tied = np.isin(label, label[np.asarray(problem.fixed_node)])
        scale = np.abs(reference.node_pressure[row]).max() + 1.0
        gap = np.abs(ours.node_pressure[row] - reference.node_pressure[row])[tied] / scale
        assert gap.max(initial=0.0) < 1e-7 or not reference.scenario_ok[row]


@pytest.mark.parametrize("seed", range(60))
def test_compiled_and_numpy_agree_on_random_networks(random_network, seed):
    """One to eleven scenarios: alone, part of a group of lanes, several groups."""
    rng = np.random.default_rng(seed)
    problem = random_network(
        rng, nodes=6 + seed % 30, extra=seed % 12, scenarios=[1, 2, 3, 5, 8, 11][seed % 6]
    )
    ours, reference = both(problem)
    agree(problem, ours, reference)
    assert ours.mass_error.max() < 1e-9


@pytest.mark.parametrize("seed", range(12))
def test_compiled_and_numpy_agree_with_every_law_and_demands(random_network, seed):
    """Hazen-Williams, pump exponents, curves of pumps and valves, densities that differ, two fixed nodes."""
    rng = np.random.default_rng(100 + seed)
    links, scenarios = 13 + 8, 4
    curve = np.full(links, -1)
    curve[rng.choice(links, 3, replace=False)] = [0, 1, 1]
    plain = random_network(rng, scenarios=scenarios)
    head = np.where(curve >= 0, 0.0, plain.link_pump_head)
    problem = replace(
        plain, fixed_node=[0, 7], fixed_pressure=rng.uniform(1e5, 2e5, (scenarios, 2)),
        node_demand=rng.uniform(0, 0.3, (scenarios, 14)), link_hazen_williams=np.where(rng.random(links) < 0.3, 120.0, 0.0),
        link_pump_head=head, link_pump_exponent=rng.choice([1.3, 2.0, 2.7], links),
        link_curve=curve, curves=[([0, 1, 4], [150e3, 120e3, 10e3]), ([0, 1, 2], [0, 20e3, 70e3])],
        link_density=rng.choice([990.0, 1000.0], links), link_open=True,
    )  # fmt: skip
    agree(problem, *both(problem))


def ladder(rungs, scenarios, rng, **change):
    """Two mains of short pipes of several sizes with runs of three links as rungs, and a pump."""
    supply, back = np.arange(rungs), rungs + np.arange(rungs)
    inner = 2 * rungs + np.arange(2 * rungs).reshape(rungs, 2)
    start = np.r_[0 * back[:1] + back[0], supply[:-1], back[1:], supply, inner[:, 0], inner[:, 1]]
    end = np.r_[supply[0], supply[1:], back[:-1], inner[:, 0], inner[:, 1], back]
    links, rack = start.size, np.zeros(start.size, bool)
    rack[-2 * rungs : -rungs] = True
    pump = np.arange(links) == 0
    shape = (scenarios, links)
    given = dict(
        node_count=4 * rungs, fixed_node=[int(back[0])], fixed_pressure=[2e5], link_from=start, link_to=end,
        link_length=np.where(rack | pump, 0.0, 2.0), link_diameter=np.where(rack, 0.0, rng.choice([0.08, 0.1], links)),
        link_roughness=4.5e-5, link_minor_loss=np.where(rack, 0.0, 1.0),
        link_device_coefficient=np.where(rack, rng.uniform(1e4, 8e4, shape), 0.0),
        link_pump_head=np.where(pump, 2e5, 0.0), link_pump_curvature=np.where(pump, 500.0, 0.0),
    )  # fmt: skip
    return Problem(**(given | change))


@pytest.mark.parametrize("broken", [1, 2, 3])
def test_broken_runs_leave_their_stubs_at_the_pressure_of_their_end(broken):
    """Closed links inside runs: nodes beside them hang on one end, nodes between two of them on none."""
    rng = np.random.default_rng(broken)
    problem = ladder(6, 9, rng)
    opened = np.ones((9, len(problem.link_from)), bool)
    for row in opened:
        row[rng.choice(np.arange(1, row.size), broken * 2, replace=False)] = False
    problem = replace(problem, link_open=opened)
    ours, reference = both(problem)
    agree(problem, ours, reference)
    np.testing.assert_allclose(ours.node_pressure, reference.node_pressure, atol=1e-2)


def test_rings_of_nodes_with_two_links_and_two_pumps_in_series_are_solved():
    """A ring that hangs on one node with its own pump, and one without any fixed node."""
    problem = Problem(
        7, [0], [1e5], [0, 1, 2, 3, 4, 5, 6], [1, 2, 3, 0, 5, 6, 4],
        link_pump_head=[40e3, 0, 20e3, 0, 30e3, 0, 0], link_device_coefficient=[0, 1e4, 0, 5e3, 0, 1e4, 1e4],
    )  # fmt: skip
    ours, reference = both(problem)
    agree(problem, ours, reference)
    np.testing.assert_allclose(ours.link_flow[0], [2, 2, 2, 2, 0, 0, 0], rtol=1e-9)
    np.testing.assert_allclose(ours.node_pressure, reference.node_pressure, atol=1e-3)


def test_still_loops_tripped_pumps_and_unmet_demand_end_alike():
    base = dict(node_count=3, fixed_node=[0], fixed_pressure=[1e5], link_from=[0, 1, 2], link_to=[1, 2, 0])
    still = Problem(**base, link_device_coefficient=1e3)
    tripped = Problem(**base, link_device_coefficient=1e3, link_pump_head=[4e4, 0, 0],
                      link_pump_speed=[[0, 1, 1], [1, 1, 1], [1e-9, 1, 1]])  # fmt: skip
    unmet = Problem(**base, node_demand=[0, 0, 1.0], link_device_coefficient=1e3,
                    link_open=[[True, False, False], [True, True, True]])  # fmt: skip
    for problem in (still, tripped, unmet):
        agree(problem, *both(problem))
    assert solve(unmet, compiled=True).status is Status.INFEASIBLE
    assert (solve(still, compiled=True).link_flow == 0).all()


def test_networks_without_links_or_free_nodes_are_answered():
    alone = Problem(2, [0], [3e5], [], [])
    tied = Problem(2, [0, 1], [3e5, 1e5], [0], [1], link_device_coefficient=2e5)
    for problem in (alone, tied):
        agree(problem, *both(problem))


def test_laminar_and_transition_lanes_beside_turbulent_ones():
    """One pipe from Re 50 to 5e6 in neighbouring lanes, both friction laws."""
    demand = np.geomspace(1e-4, 100.0, 37)[:, None] * [[0.0, 1.0]]
    problem = Problem(2, [0], [0.0], [0], [1], node_demand=demand, link_length=1.0, link_diameter=0.1,
                      link_roughness=1e-5)  # fmt: skip
    for friction in ("colebrook", "swamee_jain"):
        ours, reference = both(problem, friction=friction)
        np.testing.assert_allclose(ours.link_drop, reference.link_drop, rtol=1e-10, atol=1e-13)


def test_colebrook_of_the_kernel_is_exact():
    """Against bracketing of ``x + 2 log10(r / 3.7 + 2.51 x / Re) = 0``: 1e-10 asked for, lanes of all roughness."""
    from scipy.optimize import brentq

    rng = np.random.default_rng(0)
    rough, flow = 10 ** rng.uniform(-7, -1.4, 40), 10 ** rng.uniform(0.6, 4, 40)
    d, rho, mu = 0.1, 1000.0, 1e-3
    problem = Problem(41, [0], [0.0], np.zeros(40, int), np.arange(1, 41), node_demand=np.r_[0.0, flow],
                      link_length=1.0, link_diameter=d, link_roughness=rough * d, link_density=rho,
                      link_viscosity=mu)  # fmt: skip
    drop = solve(problem, compiled=True).link_drop[0]
    kinetic = flow**2 / (2 * rho * (np.pi * d**2 / 4) ** 2)
    for k in range(40):
        re = 4 * flow[k] / (np.pi * d * mu)
        law = lambda x, k=k, re=re: x + 2 * np.log10(rough[k] / 3.7 + 2.51 * x / re)  # noqa: E731
        x = brentq(law, 1e-3, 1e3, xtol=1e-15, rtol=1e-15)
        assert drop[k] / (kinetic[k] / d) == pytest.approx(x**-2, rel=1e-10)


def test_prepared_networks_take_varied_arrays_and_keep_the_rest(random_network):
    problem = random_network(np.random.default_rng(3), scenarios=5)
    names = {f.name for f in fields(problem)} & {
        "link_device_coefficient",
        "link_pump_speed",
        "link_limit",
        "link_open",
    }
    bare = replace(
        problem, link_device_coefficient=0.0, link_limit=np.inf, link_open=True, link_pump_speed=1.0
    )
    for compiled in (True, False):
        ready = prepare(bare, compiled=compiled)
        ready.solve()
        ready.solve(link_open=problem.link_open)
        varied = ready.solve(**{name: getattr(problem, name) for name in names})
        whole = solve(problem, compiled=compiled)
        np.testing.assert_allclose(varied.link_flow, whole.link_flow, rtol=1e-9, atol=1e-9)
    with pytest.raises(ValueError, match="link_length is not varied"):
        ready.solve(link_length=1.0)
    with pytest.raises(ValueError, match="link_limit"):
        ready.solve(link_limit=-1.0)
    with pytest.raises(ValueError, match="disagree"):
        ready.solve(link_limit=np.ones((3, 1)), link_open=np.ones((2, 1), bool))


def test_equal_scenarios_are_solved_once_and_spread():
    problem = ladder(4, 3, np.random.default_rng(2))
    pick = np.array([0, 1, 0, 2, 2, 1, 0, 0, 1, 2, 0])
    result = prepare(problem, compiled=True).solve(
        link_device_coefficient=problem.link_device_coefficient[pick]
    )
    np.testing.assert_allclose(result.link_flow, solve(problem, compiled=True).link_flow[pick], rtol=1e-9)
    assert (result.link_flow[0] == result.link_flow[2]).all()


def test_a_scenario_does_not_depend_on_how_many_threads_ask():
    from concurrent.futures import ThreadPoolExecutor

    problem = ladder(8, 16, np.random.default_rng(5))
    ready = prepare(problem, compiled=True)
    alone = ready.solve().link_flow
    with ThreadPoolExecutor(4) as pool:
        for flow in pool.map(lambda _: ready.solve().link_flow, range(16)):
            np.testing.assert_array_equal(flow, alone)


def test_two_thousand_limiters_settle_in_fifteen_iterations():
    """Saturated, partly and not, with a tripped pump and mixed speeds; flows obey their limits exactly."""
    rng = np.random.default_rng(7)
    problem = ladder(2000, 6, rng)
    links = len(problem.link_from)
    rack, pump = slice(links - 4000, links - 2000), np.arange(links) == 0
    wide = np.where(problem.link_diameter > 0, 0.05, 0.0)
    wide[: links - 6000] = 2.0
    problem = replace(problem, link_diameter=wide, link_pump_curvature=np.where(pump, 6e4 / 4000**2, 0.0))
    limit = np.full((6, links), np.inf)
    limit[0, rack], limit[1, rack], limit[3, rack] = 0.5, 2.0, 50.0
    limit[2, rack], limit[4:, rack] = rng.uniform(0.3, 4, 2000), rng.uniform(0.5, 3, (2, 2000))
    speed = np.ones((6, links))
    speed[3, 0], speed[4, 0], speed[5, 0] = 0.7, 0.8, 0.0
    result = solve(replace(problem, link_limit=limit, link_pump_speed=speed), compiled=True)
    assert result.status is Status.CONVERGED
    assert result.iterations <= 15
    assert (result.link_flow <= limit).all()
    assert (result.link_flow[result.link_limited] == limit[result.link_limited]).all()
    held = result.link_limited.sum(axis=1)
    assert held[0] == 2000 and 0 < held[1] < 2000 and 0 < held[2] < 2000 and held[3] == 0
    assert result.mass_error.max() < 1e-9
    assert (result.link_flow[5] == 0).all()


def test_size_decides_whether_the_kernel_is_used(monkeypatch):
    from solvers.hydraulics import prepared

    problem = ladder(4, 3, np.random.default_rng(2))
    used = []
    kernel = prepared.Prepared._by_kernel
    monkeypatch.setattr(
        prepared.Prepared, "_by_kernel", lambda self, *a: used.append(True) or kernel(self, *a)
    )
    solve(problem)
    assert not used
    monkeypatch.setattr(prepared, "COMPILED_FROM", 10)
    solve(problem)
    assert used

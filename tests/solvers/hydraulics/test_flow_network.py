"""Looped flow: closed forms, conservation on random networks, valves, pumps, batches."""

import time
from dataclasses import fields, replace

import numpy as np
import pytest

from solvers.hydraulics.network import Problem, solve
from solvers.status import SolveError, Status

RHO, MU = 1000.0, 1e-3


def imbalance(problem, flow):
    """(S, N) flow into free nodes less what leaves them."""
    net = np.zeros((len(flow), problem.node_count))
    for link, (a, b) in enumerate(zip(problem.link_from, problem.link_to, strict=True)):
        net[:, a] -= flow[:, link]
        net[:, b] += flow[:, link]
    net -= problem.node_demand
    net[:, problem.fixed_node] = 0.0
    return net


def loop(**change):
    """Pump 0 -> 1 and a device 1 -> 0; node 0 is the expansion vessel."""
    given = dict(
        node_count=2,
        fixed_node=[0],
        fixed_pressure=[200e3],
        link_from=[0, 1],
        link_to=[1, 0],
        link_pump_head=[40e3, 0.0],
        link_device_coefficient=[0.0, 10e3],
    )
    return Problem(**(given | change))


def test_one_pump_one_device_spends_all_head_in_the_device():
    """flow = sqrt(head / c) = sqrt(40e3 / 10e3) = 2 kg/s"""
    result = solve(loop())
    assert result.status is Status.CONVERGED
    np.testing.assert_allclose(result.link_flow, [[2.0, 2.0]], rtol=1e-9)
    np.testing.assert_allclose(result.node_pressure, [[200e3, 240e3]], rtol=1e-9)
    np.testing.assert_allclose(result.link_drop, [[-40e3, 40e3]], rtol=1e-9)


def test_pump_curve_meets_the_system_curve():
    """head - slope q - curvature q^2 = c q^2: a quadratic."""
    a, b, h = 10e3 + 2e3, 5e3, 40e3
    result = solve(loop(link_pump_slope=[5e3, 0.0], link_pump_curvature=[2e3, 0.0]))
    assert result.link_flow[0, 1] == pytest.approx((-b + np.sqrt(b * b + 4 * a * h)) / (2 * a), rel=1e-9)


def test_affinity_flow_follows_speed_and_drop_its_square():
    speed = np.array([1.0, 0.8, 0.5, 0.1])
    result = solve(
        loop(
            link_pump_speed=np.stack([speed, np.ones(4)], 1),
            link_pump_slope=[5e3, 0],
            link_pump_curvature=[2e3, 0],
        )
    )
    np.testing.assert_allclose(result.link_flow[:, 0], result.link_flow[0, 0] * speed, rtol=1e-9)
    np.testing.assert_allclose(result.link_drop[:, 1], result.link_drop[0, 1] * speed**2, rtol=1e-9)


def test_laminar_pipe_is_poiseuille():
    """flow = rho pi D^4 dp / (128 mu L)"""
    d, length, dp = 0.01, 10.0, 200.0
    result = solve(
        Problem(
            2,
            [0, 1],
            [dp, 0.0],
            [0],
            [1],
            link_length=length,
            link_diameter=d,
            link_density=RHO,
            link_viscosity=MU,
        )
    )
    flow = RHO * np.pi * d**4 * dp / (128 * MU * length)
    assert result.link_flow[0, 0] == pytest.approx(flow, rel=1e-10)
    assert result.link_reynolds[0, 0] == pytest.approx(4 * flow / (np.pi * d * MU), rel=1e-10)
    assert result.link_velocity[0, 0] == pytest.approx(4 * flow / (RHO * np.pi * d**2), rel=1e-10)


def test_parallel_branches_split_as_inverse_root_of_resistance():
    c = np.array([1e3, 4e3, 9e3])
    result = solve(Problem(2, [0, 1], [9e3, 0.0], [0, 0, 0], [1, 1, 1], link_device_coefficient=c))
    np.testing.assert_allclose(result.link_flow[0], np.sqrt(9e3 / c), rtol=1e-9)


def test_minor_loss_is_a_multiple_of_the_velocity_head():
    """flow = rho A sqrt(2 dp / (rho K))"""
    result = solve(
        Problem(2, [0, 1], [5e3, 0.0], [0], [1], link_diameter=0.05, link_minor_loss=2.5, link_density=RHO)
    )
    assert result.link_flow[0, 0] == pytest.approx(
        RHO * np.pi * 0.05**2 / 4 * np.sqrt(2 * 5e3 / (RHO * 2.5)), rel=1e-9
    )


def test_still_water_has_hydrostatic_pressure():
    """p = p0 - rho g z"""
    result = solve(
        Problem(
            3,
            [0],
            [100e3],
            [0, 1],
            [1, 2],
            node_elevation=[0, 3, -2],
            link_length=5,
            link_diameter=0.1,
            link_density=RHO,
        )
    )
    assert (result.link_flow == 0).all()
    np.testing.assert_allclose(
        result.node_pressure, 100e3 - RHO * 9.80665 * np.array([[0, 3, -2]]), rtol=1e-12
    )


def test_warm_riser_drives_natural_circulation():
    """Two legs of height z and densities r1 > r2: driving pressure (r1 - r2) g z = c q^2."""
    result = solve(
        Problem(
            2,
            [0],
            [0.0],
            [0, 1],
            [1, 0],
            node_elevation=[0, 10],
            link_density=[980.0, 1000.0],
            link_device_coefficient=[50, 50],
        )
    )
    np.testing.assert_allclose(result.link_flow[0], np.sqrt(20 * 9.80665 * 10 / 100), rtol=1e-9)


def test_demands_are_met_from_the_fixed_node():
    result = solve(
        Problem(
            3, [0], [3e5], [0, 1], [1, 2], node_demand=[[0, 1.5, 0.5], [0, 0, 2]], link_device_coefficient=1e3
        )
    )
    np.testing.assert_allclose(result.link_flow, [[2.0, 0.5], [2.0, 2.0]], rtol=1e-12)
    np.testing.assert_allclose(result.node_pressure[0, 2], 3e5 - 1e3 * 4 - 1e3 * 0.25, rtol=1e-9)


def test_limiter_holds_its_flow_exactly_and_wide_open_it_does_nothing():
    problem = loop(link_limit=[[np.inf, 1.25], [np.inf, 2.5], [np.inf, 0.0]])
    result = solve(problem)
    assert result.link_flow[0, 1] == 1.25
    assert result.link_flow[2, 1] == 0.0
    assert result.link_flow[1, 1] == pytest.approx(2.0, rel=1e-9)
    np.testing.assert_array_equal(result.link_limited[:, 1], [True, False, True])
    assert result.link_drop[0, 1] == pytest.approx(40e3, rel=1e-9)  # the limiter takes what the device leaves


def test_two_limiters_in_series_and_in_parallel():
    """Pump -> two racks in parallel, each limited; the tighter one of the series pair rules."""
    result = solve(
        Problem(
            3,
            [0],
            [0.0],
            [0, 1, 1, 2],
            [1, 2, 2, 0],
            link_pump_head=[50e3, 0, 0, 0],
            link_device_coefficient=[0, 1e3, 1e3, 10.0],
            link_limit=[[np.inf, 1, 2, np.inf], [np.inf, 1, 2, 2.5], [4.0, 9, 9, 5.0]],
        )
    )
    assert result.scenario_ok.all()
    np.testing.assert_allclose(result.link_flow, [[3, 1, 2, 3], [2.5, 1, 1.5, 2.5], [4, 2, 2, 4]], rtol=1e-6)
    assert result.mass_error.max() < 1e-9


def test_check_valve_passes_no_flow_back():
    problem = Problem(2, [0, 1], [[0, 5e3], [5e3, 0]], [0], [1], link_device_coefficient=1e3, link_check=True)
    result = solve(problem)
    assert result.link_flow[0, 0] == 0.0
    assert result.link_flow[1, 0] == pytest.approx(np.sqrt(5.0), rel=1e-9)


@pytest.mark.parametrize("trip", ["open", "speed", "head"])
def test_tripped_pump_stands_and_its_twin_takes_over(trip):
    """Two parallel pumps and a device; either way of stopping one gives exactly zero flow in it."""
    change = {
        "open": dict(link_open=[[True] * 3, [False, True, True]]),
        "speed": dict(link_pump_speed=[[1, 1, 1], [0, 1, 1]]),
        "head": dict(link_pump_head=[[40e3, 40e3, 0], [0, 40e3, 0]]),
    }[trip]
    given = dict(
        link_pump_head=[40e3, 40e3, 0], link_pump_curvature=[1e3, 1e3, 0], link_device_coefficient=[0, 0, 5e3]
    )
    result = solve(Problem(2, [0], [0.0], [0, 0, 1], [1, 1, 0], **(given | change)))
    assert result.link_flow[1, 0] == 0.0
    assert result.link_flow[1, 1] == pytest.approx(np.sqrt(40e3 / 6e3), rel=1e-9)
    assert result.link_flow[0, 0] == pytest.approx(np.sqrt(40e3 / 21e3), rel=1e-9)


def test_weak_pump_is_held_shut_by_its_check_valve():
    result = solve(
        Problem(
            2,
            [0],
            [0.0],
            [0, 0, 1],
            [1, 1, 0],
            link_pump_head=[40e3, 5e3, 0],
            link_device_coefficient=[0, 0, 1e4],
        )
    )
    np.testing.assert_allclose(result.link_flow, [[2.0, 0.0, 2.0]], rtol=1e-9)
    assert result.link_flow[0, 1] == 0.0


def test_all_pumps_stopped_is_a_still_loop():
    result = solve(loop(link_pump_speed=[0.0, 1.0]))
    assert result.status.ok
    assert (result.link_flow == 0).all()
    np.testing.assert_allclose(result.node_pressure, 200e3)


def full_of_check_valves(seed, nodes, states=64):
    """A tree with three chords, pumps two in five of its links and check valves nearly all others."""
    rng = np.random.default_rng(seed)
    start = np.r_[rng.integers(0, np.arange(1, nodes)), rng.integers(0, nodes, 3)]
    end = np.r_[np.arange(1, nodes), rng.integers(0, nodes, 3)]
    start, end = start[start != end], end[start != end]
    links = start.size
    pump = rng.random(links) < 0.4
    return Problem(
        nodes, [0], [2e5], start, end, link_device_coefficient=np.where(pump, 0.0, 10 ** rng.uniform(0, 6, links)),
        link_pump_head=np.where(pump, rng.uniform(2e4, 3e5, links), 0.0),
        link_pump_curvature=np.where(pump, 10 ** rng.uniform(0, 4, links), 0.0),
        link_pump_speed=rng.uniform(0.3, 1.0, (states, links)), link_check=~pump | (rng.random(links) < 0.3),
    )  # fmt: skip


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(("nodes", "seed"), [(9, 5), (9, 10), (16, 30), (22, 7), (22, 11), (22, 18)])
def test_leaks_of_check_valves_keep_no_state_from_being_found(nodes, seed, compiled):
    """Six of 600 such networks, each with a state in which little or nothing flows, that once went on for ever."""
    if compiled:
        pytest.importorskip("numba", reason="numba is not installed")
    problem = full_of_check_valves(seed, nodes)
    result = solve(problem, compiled=compiled)
    assert result.status.ok
    assert result.mass_error.max() < 1e-9
    gate = np.asarray(problem.link_check) | (np.asarray(problem.link_pump_head) > 0.0)
    assert result.link_flow[:, gate].min() >= 0.0  # nothing leaks back
    flows = result.link_flow > 0.0
    law = np.asarray(problem.link_device_coefficient) * result.link_flow * np.abs(result.link_flow)
    speed = np.asarray(problem.link_pump_speed)
    law -= np.asarray(problem.link_pump_head) * speed**2 - problem.link_pump_curvature * result.link_flow**2
    scale = np.abs(result.link_drop).max(axis=1, keepdims=True)
    assert (np.abs(result.link_drop - law) * flows <= 1e-8 * scale).all()
    assert ((result.link_drop - law) * (~flows & gate) <= 1e-8 * scale).all()  # shut by pressure against them


def all_but_still(seed, states=4):
    """Wide pipes, dead-headed and tripped pumps, limiters and closed links at random."""
    rng = np.random.default_rng([seed, 6])
    nodes = int(rng.integers(3, 14))
    further = int(rng.integers(nodes, 2 * nodes + 3))
    start = np.r_[[rng.integers(0, i) for i in range(1, nodes)], rng.integers(0, nodes, further)].astype(int)
    end = np.r_[np.arange(1, nodes), rng.integers(0, nodes, further)].astype(int)
    start, end = start[start != end], end[start != end]
    links = start.size
    pump, wide = rng.random(links) < 0.2, rng.uniform(0.01, 1.0, links)
    limited = (rng.random(links) < 0.3) & ~pump
    limit = np.where(limited, 10 ** rng.uniform(-2, 1.5, (states, links)), np.inf)
    pressure = rng.uniform(1e5, 5e5)
    return Problem(
        nodes, [0], [pressure], start, end,
        node_elevation=rng.uniform(0, 30, nodes) * (rng.random() < 0.5),
        link_device_coefficient=np.where(rng.random(links) < 0.6, 10 ** rng.uniform(1, 5, links), 0),
        link_diameter=wide, link_length=10 ** rng.uniform(-1, 2, links), link_roughness=4.5e-5,
        link_minor_loss=rng.uniform(0, 20, links),
        link_pump_head=np.where(pump, 10 ** rng.uniform(4, 5.7, links), 0),
        link_pump_curvature=np.where(pump, 10 ** rng.uniform(0, 4, links), 0),
        link_pump_speed=np.where(rng.random((states, links)) < 0.3, 0, rng.uniform(0.2, 1, (states, links))),
        link_limit=limit, link_check=rng.random(links) < 0.2, link_open=rng.random((states, links)) > 0.1,
        link_viscosity=10 ** rng.uniform(-3.5, -1.5), link_density=rng.uniform(950, 1080),
    )  # fmt: skip


@pytest.mark.parametrize("seed", [21, 476, 1024, 2006])
@pytest.mark.parametrize("compiled", [False, True])
def test_loops_that_all_but_stand_still_are_states_too(seed, compiled):
    """Micrograms a second between dead-headed pumps once counted as a demand that cannot be met."""
    problem = all_but_still(seed)
    result = solve(problem, compiled=compiled)
    assert result.status is Status.CONVERGED
    assert np.abs(imbalance(problem, result.link_flow)[:, 1:]).max() < 1e-8


def test_isolated_part_stands_still_even_with_a_running_pump():
    """Nodes 2, 3 have a pump but no way to the vessel."""
    result = solve(
        Problem(
            4,
            [0],
            [0.0],
            [0, 1, 2, 3, 1],
            [1, 0, 3, 2, 2],
            link_pump_head=[40e3, 0, 40e3, 0, 0],
            link_device_coefficient=[0, 1e4, 0, 1e4, 1e4],
            link_open=[[True, True, True, True, False], [True] * 5],
        )
    )
    np.testing.assert_allclose(result.link_flow[0], [2, 2, 0, 0, 0], rtol=1e-9)
    np.testing.assert_allclose(result.link_flow[1], [2, 2, 2, 2, 0], rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(result.node_connected, [[True, True, False, False], [True] * 4])
    assert result.scenario_ok.all()
    assert np.isfinite(result.node_pressure).all()


def test_humped_pump_curve_is_held_at_its_peak():
    """Peak of 40e3 + 20e3 q - 10e3 q^2 is 50e3 at q = 1; a device of 200e3 q^2 meets it at q = 0.5."""
    result = solve(
        loop(link_pump_slope=[-20e3, 0], link_pump_curvature=[10e3, 0], link_device_coefficient=[0, 200e3])
    )
    assert result.link_flow[0, 0] == pytest.approx(0.5, rel=1e-8)


@pytest.mark.parametrize("seed", range(30))
def test_random_networks_conserve_mass_and_obey_their_laws(random_network, seed):
    problem = random_network(np.random.default_rng(seed))
    result = solve(problem)
    assert result.status is Status.CONVERGED
    assert result.mass_error.max() < 1e-9
    largest = np.maximum(np.abs(result.link_flow).max(axis=1, keepdims=True), 1e-300)
    assert (np.abs(imbalance(problem, result.link_flow)) / largest).max() < 1e-9
    assert (result.link_flow[~problem.link_open] == 0).all()
    assert (result.link_flow <= problem.link_limit).all()
    one_way = problem.link_check | (problem.link_pump_head > 0).any(axis=0)
    assert (result.link_flow[:, one_way] >= 0).all()
    check_laws(problem, result)


def check_laws(problem, result):
    """Each link by itself: free ones obey their curve, shut or limited ones are pushed against their stop."""
    from solvers.hydraulics.friction import friction_factor

    q = result.link_flow
    area = np.pi / 4 * problem.link_diameter**2
    friction = friction_factor(
        np.maximum(result.link_reynolds, 1e-9), problem.link_roughness / problem.link_diameter
    )
    losses = friction * problem.link_length / problem.link_diameter + problem.link_minor_loss
    law = losses * q * np.abs(q) / (2 * RHO * area**2)
    law = law + problem.link_device_coefficient * q * np.abs(q) ** (problem.link_device_exponent - 1)
    s = problem.link_pump_speed
    rise = (
        problem.link_pump_head * s**2 - problem.link_pump_slope * s * q - problem.link_pump_curvature * q**2
    )
    law = law - np.where(problem.link_pump_head > 0, rise, 0.0)
    z = problem.node_elevation
    law = law + RHO * 9.80665 * (z[problem.link_to] - z[problem.link_from])
    both = result.node_connected[:, problem.link_from] & result.node_connected[:, problem.link_to]
    stopped = (problem.link_pump_head > 0).any(axis=0) & (s <= 0)
    active = both & problem.link_open & ~stopped
    one_way = problem.link_check | (problem.link_pump_head > 0).any(axis=0)
    shut, held = active & one_way & (q == 0), active & result.link_limited
    scale = np.abs(result.link_drop).max() + 1.0
    excess = (result.link_drop - law) / scale
    assert np.abs(excess[active & ~shut & ~held]).max(initial=0) < 1e-8
    assert excess[shut].max(initial=0) < 1e-8
    assert excess[held].min(initial=0) > -1e-8


def test_batch_equals_one_by_one(random_network):
    problem = random_network(np.random.default_rng(5), scenarios=6)
    whole = solve(problem)
    for s in range(6):
        rows = {
            f.name: value[s : s + 1]
            for f in fields(problem)
            if isinstance(value := getattr(problem, f.name), np.ndarray) and value.ndim == 2
        }
        alone = solve(replace(problem, **rows))
        largest = np.abs(alone.link_flow).max()
        np.testing.assert_allclose(whole.link_flow[s], alone.link_flow[0], rtol=1e-9, atol=1e-9 * largest)
        np.testing.assert_allclose(whole.node_pressure[s], alone.node_pressure[0], atol=1e-3)


def test_equal_scenarios_give_equal_rows(random_network):
    problem = random_network(np.random.default_rng(9), scenarios=3)
    pick = np.array([0, 1, 0, 2, 1, 0])
    rows = {
        f.name: value[pick]
        for f in fields(problem)
        if isinstance(value := getattr(problem, f.name), np.ndarray) and value.ndim == 2
    }
    np.testing.assert_array_equal(solve(replace(problem, **rows)).link_flow, solve(problem).link_flow[pick])


def test_unmet_demand_is_infeasible_and_reported_or_raised():
    problem = Problem(
        3,
        [0],
        [1e5],
        [0, 1],
        [1, 2],
        node_demand=[0, 0, 1],
        link_device_coefficient=10.0,
        link_open=[[True, True], [True, False]],
    )
    result = solve(problem)
    assert result.status is Status.INFEASIBLE
    np.testing.assert_array_equal(result.scenario_ok, [True, False])
    with pytest.raises(SolveError):
        solve(problem, raise_on_failure=True)


def test_iteration_limit_is_a_status(random_network):
    assert solve(random_network(np.random.default_rng(0)), max_iterations=1).status is Status.MAX_ITERATIONS


@pytest.mark.parametrize(
    "change",
    [
        dict(link_to=[0, 0]),
        dict(link_to=[2, 0]),
        dict(fixed_node=[0, 0], fixed_pressure=[0, 0]),
        dict(link_device_coefficient=[0, -1.0]),
        dict(link_device_exponent=0.5),
        dict(link_length=1.0),
        dict(link_limit=-1.0),
        dict(link_viscosity=0.0),
        dict(link_pump_slope=-1.0),
        dict(link_open=np.ones((2, 2), bool), link_limit=np.ones((3, 2))),
        dict(node_demand=np.nan),
    ],
)
def test_impossible_problems_are_refused(change):
    with pytest.raises(ValueError):
        solve(loop(**change))


def hall(rows, racks, scenarios, rng):
    """Pumps, supply and return mains, `rows` rows of `racks` racks with limiters: 5 links per rack."""
    start, end, size, kind = [], [], [], []
    names = {}

    def node(name):
        return names.setdefault(name, len(names))

    def link(a, b, d, k):
        start.append(node(a)), end.append(node(b)), size.append(d), kind.append(k)

    for _ in range(3):
        link("return", "supply", 0.4, "pump")
    for r in range(rows):
        link(f"s{r - 1}" if r else "supply", f"s{r}", 0.35, "main")
        link(f"r{r}", f"r{r - 1}" if r else "return", 0.35, "main")
        for k in range(racks):
            link(f"s{r}.{k - 1}" if k else f"s{r}", f"s{r}.{k}", 0.15, "main")
            link(f"r{r}.{k}", f"r{r}.{k - 1}" if k else f"r{r}", 0.15, "main")
            link(f"s{r}.{k}", f"a{r}.{k}", 0.04, "main")
            link(f"a{r}.{k}", f"b{r}.{k}", 0.04, "rack")
            link(f"b{r}.{k}", f"r{r}.{k}", 0.04, "main")
    link(f"s{rows - 1}", "supply", 0.35, "main")
    link(f"r{rows - 1}", "return", 0.35, "main")
    kind = np.array(kind)
    shape = (scenarios, kind.size)
    flow = 2.0 * rows * racks / 3
    return Problem(
        len(names),
        [0],
        [1e5],
        np.array(start),
        np.array(end),
        link_length=np.where(kind == "main", 3.0, 0.0),
        link_diameter=np.array(size),
        link_roughness=4.5e-5,
        link_minor_loss=np.where(kind == "main", 1.0, 0.0),
        link_device_coefficient=np.where(kind == "rack", 2e4 * rng.uniform(0.5, 2, shape), 0.0),
        link_pump_head=np.where(kind == "pump", 2e5, 0.0),
        link_pump_curvature=np.where(kind == "pump", 6e4 / flow**2, 0.0),
        link_limit=np.where(kind == "rack", 2.2, np.inf),
        link_open=rng.random(shape) > 2.0 / kind.size,
        link_viscosity=0.7e-3,
    )


@pytest.mark.parametrize(
    ("rows", "racks", "scenarios", "seconds"),
    [(2, 4, 600, 1.0), pytest.param(20, 20, 300, 15.0, marks=pytest.mark.slow)],
)
def test_batches_are_fast_enough(rows, racks, scenarios, seconds):
    problem = hall(rows, racks, scenarios, np.random.default_rng(1))
    begin = time.process_time()
    result = solve(problem)
    assert time.process_time() - begin < seconds
    assert result.scenario_ok.all()
    assert result.mass_error.max() < 1e-9
    assert result.link_limited.any()

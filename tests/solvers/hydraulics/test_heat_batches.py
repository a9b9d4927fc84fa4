"""Compiled and plain temperatures side by side, on random circulations with everything a heat problem may hold."""

import time
from dataclasses import fields, replace

import numpy as np
import pytest

from solvers.hydraulics import heat
from solvers.hydraulics.heat import Problem, prepare, solve
from solvers.hydraulics.heat_arrays import VARIED
from solvers.status import SolveError, Status
from tests.benchmarks.hydraulics_heat import site


def circulation(rng, nodes, extra, scenarios):
    """A random connected graph, and flows without sources: any chord flows, the tree balances them."""
    tail = np.concatenate([np.arange(1, nodes), rng.integers(0, nodes, extra)])
    tip = np.concatenate([[rng.integers(0, i) for i in range(1, nodes)], rng.integers(0, nodes, extra)])
    tip = np.where(tail == tip, (tip + 1) % nodes, tip)
    flow = np.zeros((scenarios, tail.size))
    flow[:, nodes - 1 :] = rng.uniform(-3, 3, (scenarios, extra)) * (rng.random((scenarios, extra)) < 0.9)
    short = np.zeros((scenarios, nodes))
    for e in range(nodes - 1, tail.size):
        short[:, tail[e]] += flow[:, e]
        short[:, tip[e]] -= flow[:, e]
    for v in range(nodes - 1, 0, -1):  # the branch of node v is link v - 1, to a node of lower number
        flow[:, v - 1] = -short[:, v]
        short[:, tip[v - 1]] += short[:, v]
    return tail, tip, flow


def random_problem(seed, *, nodes=20, extra=8, scenarios=11):
    """Heats, losses, plants, exchangers and extractions at random places of two separate circulations."""
    rng = np.random.default_rng(seed)
    parts = [circulation(rng, nodes, extra, scenarios) for _ in range(2)]
    tail = np.concatenate([parts[0][0], parts[1][0] + nodes])
    tip = np.concatenate([parts[0][1], parts[1][1] + nodes])
    flow = np.concatenate([parts[0][2], parts[1][2]], axis=1)
    links = tail.size
    chosen = rng.choice(links, 9, replace=False)
    shape = (scenarios, links)
    return Problem(
        2 * nodes,
        tail,
        tip,
        link_flow=flow,
        link_capacity=rng.uniform(3800, 4200),
        link_heat=np.where(rng.random(shape) < 0.3, rng.uniform(-2e4, 1e5, shape), 0.0),
        link_conductance=np.where(rng.random(links) < 0.5, rng.uniform(0, 80, links), 0.0),
        ambient=rng.uniform(10, 35, scenarios),
        link_outlet=rng.uniform(15, 30, (scenarios, 1)),
        link_outlet_fixed=(rng.random(shape) < 0.05),
        exchanger_hot=chosen[:3],
        exchanger_cold=chosen[3:6],
        exchanger_conductance=rng.uniform(0, 3e4, (scenarios, 3)),
        exchanger_setpoint=np.where(
            rng.random((scenarios, 3)) < 0.6, rng.uniform(20, 60, (scenarios, 3)), -np.inf
        ),
        initial=rng.uniform(15, 25, (1, 2 * nodes)),
        extraction_link=chosen[6:],
        extraction_wanted=rng.uniform(-2e4, 1e5, (scenarios, 3)).clip(0.0),
        extraction_floor=rng.uniform(15, 60, (scenarios, 3)),
    )


NUMBERS = [
    "node_temperature", "link_inlet", "link_outlet", "link_gain", "exchanger_duty", "rejected",
    "stagnant_heat", "extraction",
]  # fmt: skip
FACTS = ["exchanger_limited", "node_runaway", "scenario_ok"]


def assert_same(one, other, kelvin=1e-9):
    """Temperatures within 1e-9 K, heats within what that is of the heat exchanged; the same findings."""
    scale = 1.0 + np.abs(one.link_gain).max()
    for name in NUMBERS:
        per = kelvin if "temperature" in name or "let" in name else kelvin * scale
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=1e-10, atol=per, err_msg=name
        )
    for name in FACTS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert one.status is other.status


@pytest.mark.parametrize("seed", range(40))
def test_the_compiled_way_gives_the_plain_temperatures(seed):
    """Shut, reversed and standing links, missing sinks, cold users of heat: all within 1e-9 K."""
    problem = random_problem(seed)
    plain, quick = solve(problem, compiled=False), solve(problem, compiled=True)
    assert plain.status is Status.CONVERGED
    assert_same(quick, plain)


@pytest.mark.parametrize("seed", range(20))
def test_energy_closes_on_random_circulations(seed):
    """1e-8 of the heat exchanged at every node and in all, with more loops and more hours."""
    problem = random_problem(100 + seed, nodes=60, extra=40, scenarios=40)
    result = solve(problem, compiled=True)
    assert result.status is Status.CONVERGED
    assert result.residual.max() < 1e-8
    assert result.energy_error.max() < 1e-8
    # what no sink takes and what leaves by pipes, plants and users is what the racks gave
    gains = result.link_gain.sum(axis=1)
    np.testing.assert_allclose(gains, 0.0, atol=1e-8 * (1.0 + np.abs(result.link_gain).sum(axis=1).max()))


def rows_of(problem, rows):
    """Some scenarios of a problem."""
    names = [f.name for f in fields(problem) if np.ndim(getattr(problem, f.name)) == 2]
    names = [n for n in names if len(getattr(problem, n)) == len(problem.link_flow)]
    return replace(problem, ambient=problem.ambient[rows], **{n: getattr(problem, n)[rows] for n in names})


@pytest.mark.parametrize("seed", [3, 12])
def test_an_hour_has_the_same_bits_alone_and_among_others(seed):
    """Neither its place among the hours nor what they do matters; seed 12 has hours with loops that run away."""
    problem = random_problem(seed, scenarios=21)
    whole = solve(problem, compiled=True)
    assert whole.node_runaway.any() == (seed == 12)
    for rows in ([4], [20, 3], list(range(20, -1, -1))):
        part = solve(rows_of(problem, rows), compiled=True)
        for name in NUMBERS + FACTS + ["energy_error", "residual"]:
            np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[rows], err_msg=name)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_prepared_problem_answers_for_other_values(compiled):
    """Flows, heats and set points of another problem of the same shape, in more and in fewer scenarios."""
    first, second = random_problem(7, scenarios=5), random_problem(7, scenarios=12)
    prepared = prepare(first, compiled=compiled)
    assert_same(prepared.solve(), solve(first, compiled=compiled), kelvin=0.0)
    for rows in (slice(None), slice(2, 4)):
        part = rows_of(second, rows)
        values = {name: getattr(part, name) for name in VARIED}
        fresh = replace(first, **values)
        assert_same(prepared.solve(**values), solve(fresh, compiled=compiled), kelvin=0.0)
    with pytest.raises(ValueError, match="link_capacity is shared by all scenarios"):
        prepared.solve(link_capacity=4000.0)


def test_scalars_rows_and_columns_spread_as_in_the_plain_way():
    """One value, one for each link, one for each scenario."""
    problem = random_problem(5)
    problem = replace(
        problem, link_heat=2e3, link_conductance=np.full(problem.link_flow.shape[1], 4.0),
        link_outlet=22.0, ambient=18.0, exchanger_conductance=[[5e3]], extraction_wanted=[[3e3, 0.0, 1e4]],
    )  # fmt: skip
    assert_same(solve(problem, compiled=True), solve(problem, compiled=False))


@pytest.mark.parametrize("compiled", [False, True])
def test_what_misses_the_tolerance_is_said(compiled):
    """No rounding meets a tolerance of zero, and no pass is too few."""
    problem = random_problem(11)
    result = solve(problem, compiled=compiled, tolerance=0.0)
    assert result.status is Status.INFEASIBLE
    assert not result.scenario_ok.all()
    assert np.isfinite(result.node_temperature).all()
    with pytest.raises(SolveError):
        solve(problem, compiled=compiled, tolerance=0.0, raise_on_failure=True)
    with pytest.raises(ValueError, match="max_iterations is 0"):
        solve(problem, compiled=compiled, max_iterations=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(link_heat=[[0.0, np.nan]]), r"link_heat\[0, 1\] is nan, must be finite"),
        (dict(ambient=[20.0, np.inf]), r"ambient\[1, 0\] is inf, must be finite"),
        (dict(link_conductance=[0.0, -1.0]), r"link_conductance\[0, 1\] is -1.0, must be >= 0"),
        (dict(link_capacity=[1.0, 0.0]), r"link_capacity\[1\] is 0.0, must be > 0"),
        (dict(link_to=[1, 2]), r"link_to\[1\] is 2, outside 0..1"),
        (dict(link_to=[1.0, 0.5]), "link_to must be one-dimensional and of whole numbers"),
        (dict(link_flow=np.zeros((0, 2))), "no scenario"),
        (dict(link_flow=np.zeros((3, 3))), "link_flow has 3 columns, expected 2"),
    ],
)
def test_values_that_make_no_sense_are_refused_with_field_and_place(change, message):
    given = dict(node_count=2, link_from=[0, 1], link_to=[1, 0], link_flow=1.0, link_capacity=4000.0)
    for compiled in (False, True):
        with pytest.raises(ValueError, match=message):
            solve(Problem(**(given | change)), compiled=compiled)


def test_without_compiler_large_batches_take_the_plain_way(monkeypatch):
    monkeypatch.setattr(heat, "REPAYS", 0)
    monkeypatch.setattr(heat, "find_spec", lambda name: None)
    monkeypatch.setattr(heat, "Compiled", None)
    assert solve(random_problem(1)).status is Status.CONVERGED


@pytest.mark.slow
def test_a_year_of_a_thousand_links_takes_two_seconds():
    """Three tiers of exchangers, ring mains either way; twice the target, for busy machines."""
    problem = site(12, 8760)
    prepared = prepare(problem, compiled=True)
    prepared.solve()
    begin = time.process_time()
    result = prepared.solve()
    assert time.process_time() - begin < 4.0
    assert result.scenario_ok.all()
    assert result.energy_error.max() < 1e-8

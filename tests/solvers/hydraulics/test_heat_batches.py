"""Compiled and plain temperatures side by side, on random circulations with everything a heat problem may hold."""

import numpy as np
import pytest

from solvers.hydraulics.heat import Problem, solve
from solvers.status import Status


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

"""Random looped networks for the hydraulics tests."""

import numpy as np
import pytest

from solvers.hydraulics.network import Problem


@pytest.fixture
def random_network():
    """Function of a random generator that makes a closed looped network with a bit of everything."""
    return _random_network


def _random_network(rng, nodes=14, extra=8, scenarios=4, **change):
    """A closed loop network: spanning tree plus chords; pipes, fittings, devices, pumps, valves, limiters."""
    start = np.concatenate([np.arange(1, nodes), rng.integers(0, nodes, extra)])
    end = np.concatenate([[rng.integers(0, i) for i in range(1, nodes)], rng.integers(0, nodes, extra)])
    end = np.where(start == end, (end + 1) % nodes, end)
    links = start.size
    pump = np.zeros(links, bool)
    pump[rng.choice(links, 4, replace=False)] = True
    shape = (scenarios, links)
    given = dict(
        node_count=nodes,
        fixed_node=[0],
        fixed_pressure=[150e3],
        link_from=start,
        link_to=end,
        node_elevation=rng.uniform(0, 5, nodes),
        link_length=np.where(rng.random(links) < 0.6, rng.uniform(0.5, 40, links), 0.0),
        link_diameter=rng.uniform(0.02, 0.2, links),
        link_roughness=4.5e-5,
        link_minor_loss=rng.uniform(0.1, 5, links),
        link_device_coefficient=np.where(rng.random(shape) < 0.5, rng.uniform(1e2, 1e5, shape), 0.0),
        link_device_exponent=rng.choice([1.0, 1.75, 2.0], links),
        link_pump_head=np.where(pump, rng.uniform(5e4, 3e5, shape), 0.0),
        link_pump_slope=np.where(pump, 100.0, 0.0),
        link_pump_curvature=np.where(pump, 500.0, 0.0),
        link_pump_speed=np.where(rng.random(shape) < 0.2, 0.0, rng.uniform(0.5, 1.1, shape)),
        link_limit=np.where(rng.random(shape) < 0.3, rng.uniform(0.05, 2.0, shape), np.inf),
        link_check=rng.random(links) < 0.2,
        link_open=rng.random(shape) < 0.9,
        link_density=1000.0,
        link_viscosity=rng.uniform(0.5e-3, 3e-3, (scenarios, 1)) * np.ones(shape),
    )
    return Problem(**(given | change))

"""A hundred thousand buses: a meshed network of feeders loads and solves."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest

from solvers.power import Problem, solve


def meshed_region(buses: int, feeder: int = 40, seed: int = 0) -> Problem:
    """A backbone of substations (two or three lines each, a tenth with generators) with a radial feeder each."""
    rng = np.random.default_rng(seed)
    stations = buses // feeder
    place = rng.uniform(0, 1, stations)
    order = np.argsort(place)
    ring = np.c_[order, np.roll(order, -1)]
    hop = rng.integers(2, 30, stations // 2)
    first = rng.permutation(stations)[: stations // 2]
    cross = np.c_[order[first], order[(first + hop) % stations]]
    ends = [ring, cross]
    z = [rng.uniform(0.0005, 0.002, stations + len(cross)) * (0.15 + 1j)]
    tail = np.arange(stations)
    for step in range(1, feeder):
        head = stations * step + np.arange(stations)
        up = np.where(
            rng.random(stations) < 0.7, tail, stations * rng.integers(0, step, stations) + np.arange(stations)
        )
        ends.append(np.c_[up, head])
        z.append(rng.uniform(0.002, 0.02, stations) * (0.5 + 1j))
        tail = head
    pairs = np.concatenate(ends)
    total = stations * feeder
    machines = order[::10][1:]
    p = rng.uniform(0.001, 0.01, total) * (1 + 0.3j)
    return Problem(
        100e6, np.full(total, 20e3), branch_from=pairs[:, 0], branch_to=pairs[:, 1],
        branch_impedance=np.concatenate(z), source_bus=[order[0]], source_voltage=[1.03],
        generator_bus=machines, generator_voltage=np.full(machines.size, 1.03),
        generator_power=np.full(machines.size, p.real.sum() * 1.02 * 100e6 / (machines.size + 1)),
        load_power=p * 100e6, cord_load=np.arange(total), cord_bus=np.arange(total),
    )  # fmt: skip


@pytest.mark.parametrize("buses", [2_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_meshed_network_of_feeders_loads_and_solves(buses):
    tracemalloc.start()
    start = time.process_time()
    p = meshed_region(buses)
    built = time.process_time() - start
    s = solve(p)
    taken = time.process_time() - start - built
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    assert s.status.ok, s.detail
    assert s.power_error[0] < 1e-6 and 0.8 < np.abs(s.bus_voltage).min() < 1.02
    print(f"{buses} buses: built in {built:.2f} s, solved in {taken:.2f} s, peak {peak:.0f} MB of arrays")
    assert taken < 60 and peak < 2000

"""A liquid-cooled hall through half an hour of failures: racks, CDUs, chillers, hall air, many scenarios.

Every scenario loses something at 5 s (a technology-loop pump, the facility pumps, chillers, the hall's fans) and
gets it back between 60 s and never; chips throttle and trip.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from tests.benchmarks.timing import Row, medians, report, single_threaded

CAPACITY = 3981.0  # J/(kg K), PG25 at 45 degC
RACK_HEAT, RACK_RATE = 132e3, 132e3 / 10.0  # W, W/K
HORIZON = 1800.0  # s


def main() -> None:
    """Print the table."""
    single_threaded()
    report(__doc__ or "", rows)


def rows() -> Iterator[Row]:
    """Halls of about 200, 1,000 and 2,000 nodes."""
    from solvers.hydraulics.transient import settle, solve

    for pods, racks in ((6, 16), (15, 32), (30, 32)):
        problem = settle(hall(pods, racks, scenarios=300)).problem
        nodes = problem.node_initial.shape[1]
        (seconds,) = medians(lambda p=problem: solve(p, HORIZON), repeats=1, clock=time.process_time)
        yield Row(f"{nodes} nodes, 300 scenarios, {HORIZON:.0f} s", seconds)


def hall(pods: int, racks: int, scenarios: int, *, chillers: int = 5, seed: int = 0) -> Any:
    """Pods of racks behind one CDU each, a ring of facility water, chillers, and the air of the hall.

    Nodes: per rack coolant and chip; per pod supply and return header; facility supply and return, air, structure.
    Signals: a pump per pod, facility pumps, each chiller, fans, facility power at the chips.
    """
    import numpy as np

    from solvers.hydraulics.transient import Problem

    rng = np.random.default_rng(seed)
    count = pods * racks
    coolant, chip = np.arange(count), count + np.arange(count)
    supply, back = 2 * count + np.arange(pods), 2 * count + pods + np.arange(pods)
    cold, warm, air, mass = 2 * count + 2 * pods + np.arange(4)
    pod = np.repeat(np.arange(pods), racks)
    load = rng.uniform(0.85, 1.0, count) * RACK_HEAT
    flow, total = racks * RACK_RATE, count * RACK_RATE * 1.2
    fans = 0.12 * count * RACK_HEAT / 10.0
    links = [  # from, to, rate, signal
        (supply[pod], coolant, np.full(count, RACK_RATE), pod),
        (coolant, back[pod], np.full(count, RACK_RATE), pod),
        (back, supply, np.full(pods, flow), np.arange(pods)),
        (np.full(pods, cold), np.full(pods, warm), np.full(pods, 0.95 * total / pods), np.full(pods, pods)),
        ([cold], [warm], [0.05 * total], [pods]),
        (np.full(chillers, warm), np.full(chillers, cold), np.full(chillers, total / chillers), np.full(chillers, pods)),
        ([air], [air], [fans], [pods + chillers + 1]),
    ]  # fmt: skip
    start, end, rate, signal = (np.concatenate([part[i] for part in links]) for i in range(4))
    cdu, primary = 2 * count + np.arange(pods), 2 * count + pods + np.arange(pods)
    plant = 2 * count + 2 * pods + 1 + np.arange(chillers)
    design = count * RACK_HEAT
    nodes = 2 * count + 2 * pods + 4
    capacity = np.full(nodes, 60e3)
    capacity[chip] = 45e3
    capacity[np.r_[supply, back]] = 0.5 * racks * 132e3 * 3.0 / 2.0
    capacity[[cold, warm]] = design * 20.0
    capacity[[air, mass]] = design * 0.1, design * 2.0
    times, values = _failures(rng, pods, chillers, scenarios)
    return Problem(
        node_capacity=capacity,
        node_initial=30.0,
        link_from=start,
        link_to=end,
        link_rate=rate,
        link_signal=signal,
        conductance_from=np.r_[chip, mass],
        conductance_to=np.r_[coolant, air],
        conductance=np.r_[np.full(count, 9e3), design * 0.02],
        conductance_link=np.r_[np.arange(count), -1],
        conductance_film=0.6,
        conductance_rated=RACK_RATE,
        exchanger_hot=np.r_[cdu, plant, start.size - 1],
        exchanger_cold=np.r_[primary, np.full(chillers, -1), plant[0] - 1],
        exchanger_conductance=np.r_[np.full(pods, 6.0 * flow), np.zeros(chillers), 4.0 * fans],
        exchanger_setpoint=np.r_[np.full(pods, 40.0), np.full(chillers, 18.0), 24.0],
        exchanger_capacity=np.r_[np.full(pods, np.inf), np.full(chillers, 1.3 * design / chillers), np.inf],
        exchanger_signal=np.r_[np.full(pods, -1), pods + 1 + np.arange(chillers), -1],
        source_node=np.r_[chip, np.full(count, air)],
        source_heat=np.r_[0.9 * load, 0.1 * load],
        source_watch=np.r_[np.full(count, -1), chip],
        source_throttle=np.r_[np.full(count, 75.0), np.full(count, np.inf)],
        source_throttle_end=np.r_[np.full(count, 90.0), np.full(count, np.inf)],
        source_fraction=np.r_[np.full(count, 0.4), np.ones(count)],
        source_trip=100.0,
        watch_node=np.r_[chip, coolant, supply, cold, air],
        watch_limit=np.r_[np.full(count, 85.0), np.full(count, 55.0), np.full(pods, 45.0), 25.0, 35.0][
            :, None
        ],
        signal_time=times,
        signal_value=values,
    )


def _failures(rng: Any, pods: int, chillers: int, scenarios: int) -> tuple[Any, Any]:
    """Times (S, K) and signals (S, K, G): one group of signals falls at 5 s and comes back later, or never."""
    import numpy as np

    fall = np.array([0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 20.0])
    speed = 1.0 / (1.0 + fall / 1.5)
    speed[-1] = 0.0
    width = pods + chillers + 2
    times = np.zeros((scenarios, fall.size + 2))
    values = np.ones((scenarios, fall.size + 2, width))
    for s in range(scenarios):
        back = rng.choice([60.0, 150.0, 240.0, 1e6])
        times[s] = [*(5.0 + fall), 5.0 + back, 5.0 + back + 20.0]
        lost = [
            rng.choice(pods, 1),
            [pods],
            pods + 1 + rng.choice(chillers, rng.integers(1, chillers + 1), replace=False),
            [pods + chillers + 1],
            [pods, *range(pods + 1, pods + 2 + chillers)],
        ][s % 5]
        shape = np.r_[speed, 0.0, 1.0]
        values[s][:, lost] = shape[:, None]
    return times, values


if __name__ == "__main__":
    main()

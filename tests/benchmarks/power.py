"""Power flow against pandapower: the same radial net, one state and every single branch outage.

Both get a net that is built already; the time is that of the solve call ("prepared": of new loads on a network whose
switching is worked out). pandapower's Newton method writes result tables of every element, ours returns arrays;
pandapower uses numba where it is installed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from tests.benchmarks.timing import Row, against, medians, report, single_threaded

VOLTAGE, BASE = 20e3, 10e6


def main() -> None:
    """Print the table."""
    single_threaded()
    report(__doc__ or "", rows)


def rows() -> Iterator[Row]:
    """Small and large; then a batch."""
    for buses in (30, 400):
        yield from _cases(buses)
    yield _batch(100)


def radial(buses: int) -> dict[str, Any]:
    """A random tree: every bus hangs on one of the ten before it; loads that keep all voltages above 0.9."""
    import numpy as np

    rng = np.random.default_rng(buses)
    upstream = np.array([rng.integers(max(0, bus - 10), bus) for bus in range(1, buses)])
    length = rng.uniform(0.05, 0.4, buses - 1)  # km
    power = rng.uniform(0.5, 1.5, buses - 1) * 8e6 / buses
    return {"upstream": upstream, "ohm": length * (0.16 + 0.11j), "power": power * (1 + 0.3j), "buses": buses}


def ours(net: dict[str, Any], closed: Any = True) -> Any:
    """The problem in our arrays."""
    import numpy as np

    from solvers.power import Problem

    buses = net["buses"]
    rest = np.arange(1, buses)
    states = np.broadcast_to(closed, np.shape(closed) or (1, buses - 1))
    return Problem(
        BASE, np.full(buses, VOLTAGE), branch_from=net["upstream"], branch_to=rest, branch_closed=states,
        branch_impedance=net["ohm"] * BASE / VOLTAGE**2, source_bus=np.array([0]), load_power=net["power"],
        cord_load=np.arange(buses - 1), cord_bus=rest,
    )  # fmt: skip


def theirs(net: dict[str, Any]) -> Any:
    """The same net in pandapower."""
    import pandapower

    grid = pandapower.create_empty_network(sn_mva=BASE / 1e6)
    pandapower.create_buses(grid, net["buses"], VOLTAGE / 1e3)
    pandapower.create_ext_grid(grid, 0)
    for bus, (up, ohm, power) in enumerate(zip(net["upstream"], net["ohm"], net["power"], strict=True), 1):
        pandapower.create_line_from_parameters(
            grid, int(up), bus, 1.0, ohm.real, ohm.imag, c_nf_per_km=0, max_i_ka=1
        )
        pandapower.create_load(grid, bus, power.real / 1e6, power.imag / 1e6)
    return grid


def _run(grid: Any) -> Any:
    import pandapower

    pandapower.runpp(grid, tolerance_mva=1e-7, numba=find_spec("numba") is not None, init="flat")
    return grid


def _cases(buses: int) -> Iterator[Row]:
    import numpy as np

    from solvers.power import prepare, solve

    net = radial(buses)
    problem, grid = ours(net), theirs(net)
    mine, other = np.abs(solve(problem).bus_voltage[0]), _run(grid).res_bus.vm_pu.to_numpy()
    np.testing.assert_allclose(mine, other, atol=1e-8)
    assert mine.min() > 0.9
    case = f"radial net, {buses} buses, one state"
    yield against(case, "pandapower", lambda: solve(problem), lambda: _run(grid))
    prepared, loads = prepare(problem), problem.load_power
    yield against(f"{case}, prepared", "pandapower", lambda: prepared.solve(loads), lambda: _run(grid))


def _batch(buses: int) -> Row:
    import numpy as np

    from solvers.power import solve

    net = radial(buses)
    branches = buses - 1
    problem = ours(net, ~np.eye(branches, dtype=bool))
    grid = theirs(net)

    def outages() -> list[float]:
        lowest = []
        for line in range(branches):
            grid.line.loc[line, "in_service"] = False
            lowest.append(_run(grid).res_bus.vm_pu.min())
            grid.line.loc[line, "in_service"] = True
        return lowest

    voltage = np.abs(solve(problem).bus_voltage)
    np.testing.assert_allclose(np.where(voltage > 0, voltage, 9).min(axis=1), outages(), atol=1e-8)
    case = f"radial net, {buses} buses, {branches} single outages"
    ours_s, peer_s = medians(lambda: solve(problem), outages, repeats=3, clock=time.process_time)
    return Row(case, ours_s, "pandapower", peer_s, peer_s / ours_s)


if __name__ == "__main__":
    main()

"""Power flow against the fastest programs known: facilities against power-grid-model, and a small net against pandapower.

Facilities are those of :mod:`tests.benchmarks.facilities`. Both sides get a model that is built already, the same
tolerance of 1e-8 p.u. on voltages, one thread; both put out nothing but voltages, into fresh arrays. Process time, in
turn, median of five pairs; voltages are compared first. "prepared and solved" counts the building of both models.
pandapower's Newton method writes result tables of every element. Rows without a peer show how the cost of a batch
grows with scenarios and buses.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from tests.benchmarks.timing import Row, against, medians, report, single_threaded

VOLTAGE, BASE = 20e3, 10e6
SIZES = {"300": 1000, "3k": 1000, "30k": 100}
"""Load scenarios of each facility."""
REPEATED = {"300": 50, "3k": 20, "30k": 3}
"""Single solves in one measurement; the row gives the time of one."""
GROWTH = (2, 7, 21, 70, 207, 695)
"""Line-ups of the facilities whose batches show the cost of buses: 300 to 100,000."""
PEER = "power-grid-model"


def main() -> None:
    """Print the table."""
    single_threaded()
    report(__doc__ or "", rows)


def rows() -> Iterator[Row]:
    """Radial facilities, then what others measure, then growth, then the small net."""
    from tests.benchmarks import power_contingency, power_faults, power_mesh, power_unbalanced

    for name, count in SIZES.items():
        yield from _facility(name, count)
    for part in (power_mesh, power_contingency, power_unbalanced, power_faults):
        yield from part.rows()
    yield from _growth()
    yield _small(400)


def _facility(name: str, count: int) -> Iterator[Row]:
    import numpy as np

    from solvers.power import prepare
    from tests.benchmarks.facilities import (
        facility,
        grid_loads,
        grid_model,
        grid_solve,
        problem,
        scenarios,
        voltages,
    )  # fmt: skip

    net = facility(name)
    loads = scenarios(net, count) * net.load_power
    prepared, model, update = prepare(problem(net), compiled=True), grid_model(net), grid_loads(net, loads)
    put = {"outputs": ("bus_voltage",)}
    last = prepared.solve(loads, **put)
    np.testing.assert_allclose(last.bus_voltage, voltages(grid_solve(model, update)), rtol=0, atol=1e-8)
    where = f"radial, {net.bus_voltage.size} buses"
    peer = lambda: grid_solve(model, update)  # noqa: E731
    yield against(f"{where}, {count} loads", PEER, lambda: prepared.solve(loads, **put), peer)
    yield against(
        f"{where}, {count} loads, reused", PEER, lambda: prepared.solve(loads, out=last, **put), peer
    )
    times, one = range(REPEATED[name]), net.load_power[None].copy()
    row = against(
        f"{where}, single solve", PEER,
        lambda: [prepared.solve(one, **put) for _ in times], lambda: [grid_solve(model) for _ in times],
    )  # fmt: skip
    yield Row(row.case, row.ours_s / len(times), PEER, (row.peer_s or 0.0) / len(times), row.ratio)
    yield against(
        f"{where}, prepared and solved", PEER,
        lambda: prepare(problem(net), compiled=True).solve(one, **put), lambda: grid_solve(grid_model(net)),
    )  # fmt: skip


def _growth() -> Iterator[Row]:
    """Batches of 50 scenarios on ever larger networks, and ever larger batches on one."""
    for lineups in GROWTH:
        yield _batch(lineups, 50)
    for count in (100, 300, 1000, 3000):
        yield _batch(21, count)


def _batch(lineups: int, count: int) -> Row:
    import time

    from solvers.power import prepare
    from tests.benchmarks.facilities import campus, problem, scenarios

    net = campus(lineups)
    loads = scenarios(net, count) * net.load_power
    prepared = prepare(problem(net), compiled=True)
    (taken,) = medians(lambda: prepared.solve(loads, outputs=("bus_voltage",)), clock=time.process_time)
    return Row(f"growth: {net.bus_voltage.size} buses, {count} loads", taken)


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


def _small(buses: int) -> Row:
    import numpy as np

    from solvers.power import prepare

    net = radial(buses)
    problem, grid = ours(net), theirs(net)
    prepared = prepare(problem, compiled=True)
    mine, other = prepared.solve(problem.load_power), _run(grid).res_bus.vm_pu.to_numpy()
    np.testing.assert_allclose(np.abs(mine.bus_voltage[0]), other, atol=1e-8)
    return against(
        f"radial net, {buses} buses, all outputs", "pandapower",
        lambda: prepared.solve(problem.load_power), lambda: _run(grid),
    )  # fmt: skip


if __name__ == "__main__":
    main()

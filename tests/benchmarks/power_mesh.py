"""Meshed networks against power-grid-model: load scenarios, and single outages that leave all connected.

Rings closed, tolerance 1e-8 on the voltages: power-grid-model's own tolerance is on them, ours is on the power of
each bus, so it is set to :data:`TOLERANCE`, with which the voltages of all cases agree to 1e-8 p.u.  Process time of
one thread, in turn, median of five pairs; both sides have built their model before, nothing but voltages is put out,
and ours writes over its last result where the row says "reused".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.benchmarks.timing import Row, against, report, single_threaded

SIZES = {"300": 1000, "3k": 1000, "30k": 100}
"""Scenarios of each facility."""
TOLERANCE = 3e-11
PEER = "power-grid-model"


def main() -> None:
    """Print the table."""
    single_threaded()
    report(__doc__ or "", rows)


def rows() -> Iterator[Row]:
    """Loads, then outages, of three sizes."""
    from tests.benchmarks.facilities import facility

    for name, count in SIZES.items():
        yield from _loads(name, facility(name, mesh=True), count)
    for name, count in SIZES.items():
        yield _outages(name, facility(name, mesh=True), count)


def _loads(name: str, net: Any, count: int) -> Iterator[Row]:
    from solvers.power import prepare
    from tests.benchmarks.facilities import grid_loads, grid_model, grid_solve, problem, scenarios

    loads = scenarios(net, count) * net.load_power
    prepared = prepare(problem(net), compiled=True)
    model, update = grid_model(net), grid_loads(net, loads)

    def ours(out: Any = None) -> Any:
        return prepared.solve(loads, outputs=["bus_voltage"], tolerance=TOLERANCE, out=out)

    last = ours()
    _check(last.bus_voltage, grid_solve(model, update), last.scenario_ok)
    case = f"meshed, {net.bus_voltage.size} buses, {count} loads"
    yield against(case, PEER, ours, lambda: grid_solve(model, update))
    yield against(f"{case}, reused", PEER, lambda: ours(last), lambda: grid_solve(model, update))


def _outages(name: str, net: Any, count: int) -> Row:
    import numpy as np

    from solvers.power.mesh_outages import Intact
    from tests.benchmarks.facilities import grid_model, grid_solve, problem

    intact = Intact(problem(net))
    rings = np.flatnonzero(intact.harmless & net.branch_closed)  # lines, each in some ring
    opened = np.resize(rings, count)
    model, update = grid_model(net), _openings(net, opened)
    found = intact.solve(opened, tolerance=TOLERANCE, compiled=True)
    assert found.rank_one.all()
    _check(found.bus_voltage, grid_solve(model, update), found.scenario_ok)
    return against(
        f"meshed, {net.bus_voltage.size} buses, {count} outages in rings", PEER,
        lambda: intact.solve(opened, tolerance=TOLERANCE, compiled=True), lambda: grid_solve(model, update),
    )  # fmt: skip


def _openings(net: Any, opened: Any) -> dict[str, Any]:
    """Batch update of power-grid-model that opens one line in each scenario."""
    from power_grid_model import initialize_array

    update = initialize_array("update", "line", (opened.size, 1))
    update["id"][:, 0] = net.bus_voltage.size + opened
    update["from_status"] = update["to_status"] = 0
    return {"line": update}


def _check(ours: Any, theirs: Any, ok: Any) -> None:
    import numpy as np

    from tests.benchmarks.facilities import voltages

    assert ok.all()
    np.testing.assert_allclose(ours, voltages(theirs), rtol=0, atol=1e-8)


if __name__ == "__main__":
    main()

"""Three-phase short circuits at every bus of a facility against power-grid-model.

Both get networks that are built already and give the initial symmetrical short-circuit current of every bus. Ours is
one call, from the tables to the currents (checks, matrix, factor, selected inverse); power-grid-model solves one fault
a scenario, in a batch. With more than FAULTS buses it is timed on that many faults, evenly spread, and its time is
extrapolated to all buses. Transformers get the impedance correction of IEC 60909 in their data and lines no charging,
so that both solve the same equations.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.benchmarks.timing import Row, medians, report, single_threaded

POWER = 5e9  # VA, of the utility
R_OVER_X = 0.1
FAULTS = 4000


def main() -> None:
    """Print the table."""
    single_threaded()
    report(__doc__ or "", rows)


def rows() -> Iterator[Row]:
    """The three sizes, rings closed."""
    for name, faults in (("300", FAULTS), ("3k", FAULTS), ("30k", 300)):
        yield _case(name, faults)


def ours(name: str) -> Any:
    """The facility in our tables; c is 1.1 at every voltage."""
    import numpy as np

    from solvers.power.faults import Branches, FaultProblem, Feeders, Transformers
    from tests.benchmarks.facilities import FREQUENCY, facility

    net = facility(name, mesh=True)
    at = np.flatnonzero(net.branch_transformer)
    ohm = np.where(net.branch_transformer, 0, net.branch_impedance * net.ohm)
    low = net.bus_voltage[net.branch_to[at]]
    rating = np.sqrt(3) * low * net.branch_rating[at]
    transformers = Transformers(
        at, rating, net.bus_voltage[net.branch_from[at]], low,
        net.branch_impedance[at] * net.ohm[at] * rating / low**2,
    )  # fmt: skip
    return FaultProblem(
        net.bus_voltage, Feeders([0], [POWER], r_over_x=[R_OVER_X]),
        Branches(net.branch_from, net.branch_to, impedance=ohm, closed=net.branch_closed), transformers,
        low_voltage_tolerance=0.10, frequency=FREQUENCY,
    )  # fmt: skip


def theirs(problem: Any) -> Any:
    """A function that answers a batch of faults at given buses by power-grid-model."""
    import numpy as np
    from power_grid_model import PowerGridModel, ShortCircuitVoltageScaling, initialize_array

    from solvers.power.faults.corrections import transformer_factor

    voltage, branches, transformers = problem.bus_voltage, problem.branches, problem.transformers
    buses, edges = voltage.size, branches.from_bus.size
    node = initialize_array("input", "node", buses)
    node["id"], node["u_rated"] = np.arange(buses), voltage
    lines = np.setdiff1d(np.arange(edges), transformers.branch)
    tables = {"node": node}
    for kind, at in (("line", lines), ("transformer", transformers.branch)):
        table = initialize_array("input", kind, at.size)
        table["id"], table["from_node"], table["to_node"] = (
            buses + at,
            branches.from_bus[at],
            branches.to_bus[at],
        )
        table["from_status"] = table["to_status"] = branches.closed[0, at]
        tables[kind] = table
    line, transformer = tables["line"], tables["transformer"]
    for part in "01":
        line[f"r{part}"], line[f"x{part}"] = branches.impedance[lines].real, branches.impedance[lines].imag
        line[f"c{part}"] = line[f"tan{part}"] = 0.0
    corrected = transformers.impedance * transformer_factor(transformers.impedance.imag, np.array(1.1))
    transformer["u1"], transformer["u2"] = transformers.voltage_from, transformers.voltage_to
    transformer["sn"], transformer["uk"] = transformers.rating, np.abs(corrected)
    transformer["pk"] = corrected.real * transformers.rating
    transformer["i0"] = transformer["p0"] = 0.0
    transformer["winding_from"] = transformer["winding_to"] = 1
    transformer["clock"] = transformer["tap_side"] = transformer["tap_pos"] = transformer["tap_nom"] = 0
    transformer["tap_min"], transformer["tap_max"], transformer["tap_size"] = -1, 1, 100.0
    source = initialize_array("input", "source", 1)
    source["id"], source["node"], source["status"], source["u_ref"] = buses + edges, 0, 1, 1.0
    source["sk"], source["rx_ratio"], source["z01_ratio"] = POWER / 1.1, R_OVER_X, 1.0
    fault = initialize_array("input", "fault", 1)
    fault["id"], fault["status"], fault["fault_object"] = buses + edges + 1, 1, 0
    fault["fault_type"] = fault["r_f"] = fault["x_f"] = 0
    model = PowerGridModel({**tables, "source": source, "fault": fault}, system_frequency=problem.frequency)

    def solve(at: Any) -> Any:
        update = initialize_array("update", "fault", (at.size, 1))
        update["id"], update["status"], update["fault_object"] = fault["id"][0], 1, at[:, None]
        result = model.calculate_short_circuit(
            update_data={"fault": update}, threading=-1, output_component_types={"fault": ["i_f"]},
            short_circuit_voltage_scaling=ShortCircuitVoltageScaling.maximum,
        )  # fmt: skip
        return result["fault"]["i_f"].reshape(at.size, -1)[:, 0]

    return solve


def answer(problem: Any) -> Callable[[], Any]:
    """Our call that does what the other program does."""
    from solvers.power.faults import short_circuit

    return lambda: short_circuit(
        problem, cases=("max",), faults=("three_phase",), peak=None, partial=False
    ).initial[0, 0]


def _case(name: str, faults: int) -> Row:
    import numpy as np

    problem = ours(name)
    solve, mine = theirs(problem), answer(problem)
    buses = problem.bus_voltage.size
    at = np.unique(np.linspace(0, buses - 1, min(buses, faults)).astype(np.int32))
    np.testing.assert_allclose(mine()[at], solve(at), rtol=1e-6)
    ours_s, peer_s = medians(mine, lambda: solve(at), clock=time.process_time)
    share = "" if at.size == buses else f", theirs from {at.size} faults"
    whole = peer_s * buses / at.size
    case = f"short circuits at all {buses} buses{share}"
    return Row(case, ours_s, "power-grid-model", whole, whole / ours_s)


if __name__ == "__main__":
    main()

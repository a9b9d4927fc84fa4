"""Three-phase unbalanced power flow of facility networks against power-grid-model (asymmetric, iterative current).

Lines have Z0 = 3 Z1, transformers are Dyn11 with Z0 = Z1, racks draw constant power from phase to neutral, different
on every phase and in every scenario.  Both get a network that is built already; the time is that of a solve for new
loads, voltages only, fresh result arrays on both sides, one thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.benchmarks.timing import Row, against, report, single_threaded

TOLERANCE = 1e-8
ZERO_SEQUENCE = 3.0
"""Z0 / Z1 of lines (assumed)."""
SIZES = (("300", 1000), ("3k", 200), ("3k", 1000))
PEER = "power-grid-model, asymmetric"


def main() -> None:
    """Print the table."""
    single_threaded()
    report(__doc__ or "", rows)


def rows() -> Iterator[Row]:
    """A small and a large facility, then general feeders."""
    import numpy as np

    from solvers.power.unbalanced import prepare
    from tests.benchmarks import facilities

    for name, scenarios in SIZES:
        net = facilities.facility(name)
        power = phase_power(net, scenarios)
        problem = ours(net, power[:1])
        prepared = prepare(problem)
        model, update = theirs(net), peer_loads(net, power)
        flat = power.reshape(scenarios, -1)

        def mine(prepared: Any = prepared, flat: Any = flat) -> Any:
            return prepared.solve(flat, tolerance=TOLERANCE, outputs=("node_voltage",))

        def other(model: Any = model, update: Any = update) -> Any:
            return peer_solve(model, update)

        solution = mine()
        assert solution.status.ok
        volts = solution.node_voltage.reshape(scenarios, -1, 3) / problem.node_base.reshape(-1, 3)
        node = other()["node"]
        reference = node["u_pu"] * np.exp(1j * node["u_angle"])
        np.testing.assert_allclose(volts, reference, rtol=0, atol=TOLERANCE)
        yield against(f"radial facility, {name} buses, {scenarios} unbalanced loads", PEER, mine, other)


def phase_power(net: Any, count: int, seed: int = 3) -> Any:
    """(count, K, 3) complex power of each phase of each cord. [VA]"""
    import numpy as np

    from tests.benchmarks import facilities

    rng = np.random.default_rng(seed)
    cords = facilities.cord_power(net, net.load_power * facilities.scenarios(net, count))
    return cords[:, :, None] / 3 * rng.uniform(0.85, 1.15, (count, net.cord_load.size, 3))


def ours(net: Any, power: Any) -> Any:
    """The facility as an unbalanced problem for (S, K, 3) powers: node 3 b + k is phase k of bus b."""
    import numpy as np

    from solvers.power.unbalanced import EARTH, UnbalancedProblem, cyclic
    from tests.benchmarks import facilities

    buses, phase = net.bus_voltage.size, np.arange(3)
    line, transformer = np.flatnonzero(~net.branch_transformer), np.flatnonzero(net.branch_transformer)
    ohm = (net.branch_impedance * net.ohm)[line]
    siemens = 1j * (net.branch_charging / net.ohm)[line]
    tail, head = net.branch_from, net.branch_to
    primary = 3 * tail[transformer, None] + phase
    secondary = 3 * head[transformer, None] + phase
    rated = np.stack([net.bus_voltage[tail], net.bus_voltage[head] / np.sqrt(3)], axis=1)[transformer]
    return UnbalancedProblem(
        facilities.BASE, net.bus_voltage, np.repeat(np.arange(buses), 3), np.tile(phase, buses),
        line_from=3 * tail[line, None] + phase, line_to=3 * head[line, None] + phase,
        line_impedance=cyclic(ohm, ZERO_SEQUENCE * ohm), line_admittance=cyclic(siemens, siemens),
        line_closed=net.branch_closed[line],
        unit_from=np.stack([primary, np.roll(primary, -1, axis=1)], axis=2).reshape(-1, 2),
        unit_to=np.stack([secondary, np.full_like(secondary, EARTH)], axis=2).reshape(-1, 2),
        unit_voltage=np.repeat(rated, 3, axis=0),
        unit_power=np.full(3 * transformer.size, facilities.BASE / 3),
        unit_impedance=np.repeat(net.branch_impedance[transformer], 3),
        source_node=phase,
        source_voltage=facilities.SOURCE * net.bus_voltage[0] / np.sqrt(3) * np.exp(-2j * np.pi / 3 * phase),
        load_from=(3 * net.cord_bus[:, None] + phase).ravel(),
        load_voltage=np.repeat(net.bus_voltage[net.cord_bus] / np.sqrt(3), 3),
        load_power=power.reshape(power.shape[0], -1),
    )  # fmt: skip


def theirs(net: Any) -> Any:
    """The facility in power-grid-model with transformers of group Dyn11 and loads of three phases."""
    import numpy as np
    from power_grid_model import PowerGridModel, WindingType, initialize_array

    from tests.benchmarks import facilities

    grid = facilities.grid_input(net)
    line = grid["line"]
    line["r0"], line["x0"] = ZERO_SEQUENCE * line["r1"], ZERO_SEQUENCE * line["x1"]
    line["c0"], line["tan0"] = line["c1"], 0.0
    generic = grid.pop("generic_branch")
    at = np.flatnonzero(net.branch_transformer)
    table = initialize_array("input", "transformer", at.size)
    for name in ("id", "from_node", "to_node", "from_status", "to_status"):
        table[name] = generic[name]
    table["u1"], table["u2"] = net.bus_voltage[net.branch_from[at]], net.bus_voltage[net.branch_to[at]]
    rating = 40e6  # any rating above the losses: impedances are on it
    table["sn"] = rating
    impedance = net.branch_impedance[at] * rating / facilities.BASE
    table["uk"], table["pk"] = np.abs(impedance), impedance.real * rating
    table["i0"] = table["p0"] = 0.0
    table["winding_from"], table["winding_to"], table["clock"] = WindingType.delta, WindingType.wye_n, 11
    table["tap_side"] = table["tap_pos"] = table["tap_nom"] = 0
    table["tap_min"], table["tap_max"], table["tap_size"] = -1, 1, 100.0
    symmetric = grid.pop("sym_load")
    load = initialize_array("input", "asym_load", symmetric.size)
    for name in ("id", "node", "status", "type"):
        load[name] = symmetric[name]
    load["p_specified"] = symmetric["p_specified"][:, None] / 3
    load["q_specified"] = symmetric["q_specified"][:, None] / 3
    grid["source"]["z01_ratio"], grid["source"]["rx_ratio"] = 1.0, 0.1
    grid |= {"transformer": table, "asym_load": load}
    return PowerGridModel(grid, system_frequency=facilities.FREQUENCY)


def peer_loads(net: Any, power: Any) -> Any:
    """Batch update for (S, K, 3) powers."""
    from power_grid_model import initialize_array

    from tests.benchmarks import facilities

    update = initialize_array("update", "asym_load", power.shape[:2])
    update["id"] = facilities.grid_loads(net, net.load_power[None])["sym_load"]["id"]
    update["status"] = 1
    update["p_specified"], update["q_specified"] = power.real, power.imag
    return {"asym_load": update}


def peer_solve(model: Any, update: Any) -> Any:
    """Its fastest method on one thread, voltages only."""
    from power_grid_model import CalculationMethod

    return model.calculate_power_flow(
        symmetric=False, update_data=update, calculation_method=CalculationMethod.iterative_current,
        error_tolerance=TOLERANCE, max_iterations=100, threading=-1,
        output_component_types={"node": ["u_pu", "u_angle"]},
    )  # fmt: skip


if __name__ == "__main__":
    main()

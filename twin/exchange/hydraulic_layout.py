"""The loops of a facility in its normal state as bare hydraulic networks, one for each loop.

Loops have different liquids, and are apart from each other but for the heat they exchange.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.exchange.hydraulic import BareHydraulics

if TYPE_CHECKING:
    from solvers.hydraulics.network import Problem
    from twin.networks.liquid import LoopNetwork
    from twin.studies.basis import Basis

Array = NDArray[Any]

SINK_FLOWS = (
    ("rack", "liquid_flow"),
    ("cdu", "primary_flow"),
    ("crah", "water_flow"),
)
DOOR_FLOWS = (("rear_door", "water_flow"),)
"""The table of rear doors, whose rows bear the names of the racks."""
SOURCE_FLOWS = (("cdu", "secondary_flow"), ("plant", "flow"), ("pump", "flow"))
"""Tables of results, and their quantities, in which the flow through a machine is looked up."""


def hydraulics_of(basis: Basis) -> tuple[BareHydraulics, ...]:
    """All loops: control valves as limiters at the flow they let through, pumps at their speed."""
    return tuple(_loop(basis, loop) for loop in basis.world.loops)


def _loop(basis: Basis, loop: LoopNetwork) -> BareHydraulics:
    from twin.networks.liquid import design_flow

    circuit, machines = loop.circuit, basis.facility.by_id
    sink = np.array([
        found if (found := _sink_flow(basis, name)) is not None else design_flow(machines[name], circuit)
        for name in circuit.sinks
    ])  # fmt: skip
    source, pump = (
        np.array(
            [(found := _looked_up(basis, name, SOURCE_FLOWS)) is None or found > 0.0 for name in names], bool
        )
        for names in (circuit.sources, circuit.pumps)
    )
    known = (*(name for table, _ in SINK_FLOWS + SOURCE_FLOWS for name in basis.results.tables[table].ids),)
    assumed = [
        name for name in (*circuit.sources, *circuit.sinks) if name not in known and not machines[name].host
    ]
    notes = (
        (f"taken as in service, sinks at their design flow: {', '.join(assumed):.200}",) if assumed else ()
    )

    live = (source[None, :], pump[None, :], sink[None, :] > 0.0)
    speed, primary = (
        np.array([basis.results.tables["loop"].at(circuit.id, name, basis.row)])
        for name in ("speed", "primary_speed")
    )
    problem = loop.problem(*live, sink[None, :], speed, primary_speed=primary)
    if loop.node_level.any():
        problem = replace(problem, node_elevation=loop.node_level)
    node, link = _names(loop, problem)
    name = f"{basis.facility.name}, loop {circuit.id}"
    return BareHydraulics.of(problem, node, link, name=name, file=basis.facility.file, notes=notes)


def _sink_flow(basis: Basis, name: str) -> float | None:
    """Flow through a sink in the normal state; of a rear door, which the results tell by its rack, too. [kg/s]"""
    host = basis.facility.by_id[name].host
    return _looked_up(basis, name, SINK_FLOWS) if host is None else _looked_up(basis, host, DOOR_FLOWS)


def _looked_up(basis: Basis, name: str, tables: tuple[tuple[str, str], ...]) -> float | None:
    """Flow through a machine in the normal state. [kg/s]"""
    for table, quantity in tables:
        found = basis.results.tables.get(table)
        if found is not None and name in found.ids and quantity in found.values:
            return found.at(name, quantity, basis.row)
    return None


def _names(loop: LoopNetwork, problem: Problem) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Nodes by the machines at them, links by the machines in them or the nodes between which they lie."""
    start, end = np.asarray(problem.link_from), np.asarray(problem.link_to)
    node: dict[int, str] = {int(at): "expansion" for at in np.atleast_1d(problem.fixed_node)}
    link: dict[int, str] = {}
    for names, columns in (
        (loop.circuit.sinks, loop.sink_link), (loop.circuit.sources, loop.source_link), (loop.circuit.pumps, loop.pump_link),
    ):  # fmt: skip
        for name, column in zip(names, columns.tolist(), strict=True):
            link[column] = name
            node.setdefault(int(start[column]), f"{name}.in")
            node.setdefault(int(end[column]), f"{name}.out")
    link |= {loop.decoupler_link: "decoupler", loop.bypass_link: "bypass"}
    nodes = _apart([node.get(at, f"n{at}") for at in range(problem.node_count)])
    links = _apart([
        link.get(at, f"{nodes[first]}-{nodes[last]}")
        for at, (first, last) in enumerate(zip(start.tolist(), end.tolist(), strict=True))
    ])  # fmt: skip
    return nodes, links


def _apart(names: list[str]) -> tuple[str, ...]:
    """Names made different where they repeat."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = count = seen.get(name, 0) + 1
        result.append(name if count == 1 else f"{name} #{count}")
    return tuple(result)

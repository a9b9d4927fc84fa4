"""Fluid loops as hydraulic problems.

Each loop becomes two headers: sources (with their pumps, or behind the loop's pumps) feed the supply header,
sinks hang between supply and return in the order in which the pipes reach them, and the expansion vessel holds the
return at the pumps' suction, behind strainers and the machines in the return.  Mains in rings close both headers.

Secondary pumps stand between the sources' outlet and the supply header; a decoupler joins that outlet to the suction of the
primary pumps.  Boosters stand there without a decoupler.  Pressures are those at the pumps' height; what stands higher or
lower is told by its level.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from math import ceil, pi, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.fluids import FLUIDS
from solvers.hydraulics import network
from solvers.hydraulics.pipes import PipeTable, pipe_table
from twin.geometry import PipeRoute, Routes
from twin.model.elements import FlowPath
from twin.model.facility import Circuit, Facility, Machine
from twin.model.products import (
    Cdu,
    Chiller,
    Crah,
    HeatExchanger,
    Plant,
    Pump,
    Rack,
    RearDoor,
)
from twin.networks.loop_network import LoopNetwork

__all__ = ["LoopNetwork", "design_flow", "lower", "lower_loop", "rack_flow"]

Array = NDArray[np.float64]

HEADER_VELOCITY = 2.0
"""Design velocity from which headers are sized. [m/s] Assumed, common practice for steel mains of 2-3 m/s at most."""
BRANCH_VELOCITY = 1.8
"""The same for branches. [m/s] Assumed."""
ROUND_SIZE = 0.2
"""Beyond the largest standard pipe diameters are rounded up to a multiple of this. [m] Assumed."""
FITTINGS = 3.0
"""Loss coefficient of bends, tee and isolation valves of one branch, both ways. [-] Assumed."""
DECOUPLER_LENGTH = 3.0
"""Pipe that joins supply and return at the plant, as wide as the headers. [m] Assumed: at least ten diameters between the
tees, so that water does not short-cut, is the usual advice for the common pipe (as quoted)."""
BYPASS_DROP = 10e3
"""Pressure that the valve of a by-pass needs to pass its flow. [Pa] Assumed."""


def design_flow(machine: Machine, circuit: Circuit) -> float:
    """Flow a sink is laid out for at the loop's set point. [kg/s]"""
    fluid = FLUIDS[circuit.fluid]
    match machine.product:
        case Rack() as rack if rack.coolant is not None:
            return float(
                rack_flow(
                    rack, np.array(rack.power.maximum * rack.liquid_share), circuit.supply, circuit.fluid
                )
            )
        case Cdu() | HeatExchanger() as product:
            return product.primary_flow * float(fluid.density(circuit.supply))
        case Crah() as coil:
            return coil.flow * float(fluid.density(circuit.supply))
        case RearDoor() as door:
            return door.flow * float(fluid.density(circuit.supply))
        case Chiller() as chiller:
            return chiller.condenser_flow * float(fluid.density(circuit.supply))
    return 0.0


def rack_flow(rack: Rack, liquid_heat: Array, supply: Array | float, fluid: str) -> Array:
    """Coolant flow the sheet asks for at a supply temperature. [kg/s]

    A rack whose sheet holds the return takes ``heat / (cp (return - supply))``; where the supply comes within 2 K of the
    return the flow is capped there, because no valve opens without end.
    """
    coolant = rack.coolant
    assert coolant is not None
    properties = FLUIDS[fluid]
    if coolant.specific_flow is not None:
        return np.asarray(
            coolant.specific_flow * liquid_heat * properties.density(np.clip(supply, *properties.range))
        )
    assert coolant.return_temperature is not None
    rise = np.maximum(coolant.return_temperature - supply, 2.0)
    middle = np.clip((coolant.return_temperature + supply) / 2, *properties.range)
    return np.asarray(liquid_heat / (properties.heat_capacity(middle) * rise))


def lower(facility: Facility, routes: Routes) -> tuple[LoopNetwork, ...]:
    """Restate every loop that has sources and sinks."""
    return tuple(
        lower_loop(facility, circuit, routes.pipes[circuit.id])
        for circuit in facility.circuits
        if circuit.sources and circuit.sinks
    )


class _Links:
    """Growing columns of the network problem."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, float, float, FlowPath]] = []

    def add(self, start: int, end: int, path: FlowPath, *, length: float = 0.0, diameter: float = 0.0) -> int:
        self.rows.append((start, end, length, diameter, path))
        return len(self.rows) - 1


def lower_loop(facility: Facility, circuit: Circuit, route: PipeRoute) -> LoopNetwork:
    """Restate one loop, along its route."""
    fluid = FLUIDS[circuit.fluid]
    density = float(fluid.density(circuit.supply))
    machines = facility.by_id
    flows = np.array([design_flow(machines[name], circuit) for name in route.header])
    total = float(flows.sum())
    if circuit.bypass is not None:
        total = max(total + (circuit.bypass.flow or 0.0) * density, (circuit.bypass.minimum or 0.0) * density)
    pipe = pipe_table(circuit.pipe)
    header = circuit.header or _diameter(total / density, HEADER_VELOCITY, pipe)
    # a source's own pipe carries its share; an equal one is assumed
    tail = _diameter(total / density / max(len(circuit.sources), 1), BRANCH_VELOCITY, pipe)
    links = _Links()
    # nodes: 0 suction, 1 pump discharge, 2 head of the supply, then a supply and a return node a sink, then the sources'
    # outlet where a second station of pumps parts it from the head, then the return
    entry = 0 if not circuit.pumps else 1
    outlet = 3 + 2 * len(flows) if circuit.secondary else 2
    first, second = circuit.pumps[: len(circuit.pumps) - len(circuit.secondary)], circuit.secondary
    pump_link = [links.add(0, 1, _pump(machines[name]).pump_path(density)) for name in first]
    source_link = [
        links.add(
            entry,
            outlet,
            _source_path(machines[name], density),
            length=round(2 * route.source[name], 6),
            diameter=tail,
        )
        for name in circuit.sources
    ]
    free = max(outlet + 1, 3 + 2 * len(flows))
    nodes, back = _return_train(links, machines, circuit, free, total, density)
    sink_link, sink_node, segments = _mains(links, machines, circuit, route, flows, (back, header, density))
    second_link = [links.add(outlet, 2, _pump(machines[name]).pump_path(density)) for name in second]
    decoupler, bypass = -1, -1
    if circuit.decoupler:
        decoupler = links.add(outlet, 0, FlowPath("", ""), length=DECOUPLER_LENGTH, diameter=header)
    if circuit.bypass is not None:
        rated = (circuit.bypass.flow or circuit.bypass.minimum or 0.0) * density
        far = sink_node[route.header[-1]]
        start, end = (far, far + 1) if circuit.bypass.at == "end" else (2, back)
        bypass = links.add(start, end, FlowPath("", "", coefficient=BYPASS_DROP / rated**2))
    start_nodes, end_nodes, length, diameter, paths = zip(*links.rows, strict=True)
    columns = [sink_link[name] for name in circuit.sinks]
    minor = np.zeros(len(paths))
    minor[columns] = FITTINGS
    head = np.array([path.pump_head for path in paths])
    primary = pump_link if circuit.decoupler else []
    movers = np.array(second_link if primary else (*pump_link, *second_link) or source_link, np.intp)
    levels = _levels(machines, circuit)
    template = network.Problem(
        node_count=nodes,
        fixed_node=np.array([0]),
        fixed_pressure=np.array([circuit.static_pressure]),
        link_from=np.array(start_nodes),
        link_to=np.array(end_nodes),
        link_length=np.array(length),
        link_diameter=np.array(diameter),
        link_roughness=np.full(
            len(paths), pipe.roughness if circuit.roughness is None else circuit.roughness
        ),
        link_minor_loss=minor,
        link_device_coefficient=np.array([path.coefficient for path in paths]),
        link_device_exponent=np.array([path.exponent for path in paths]),
        link_pump_head=head,
        link_pump_curvature=np.array([path.pump_curvature for path in paths]),
        link_check=np.isin(np.arange(len(paths)), source_link),
        link_open=~np.isin(np.arange(len(paths)), [sink_link[name] for name in circuit.shut]),
        link_density=density,
        link_viscosity=float(fluid.viscosity(circuit.supply)),
    )
    return LoopNetwork(
        circuit=circuit,
        template=template,
        source_link=np.array(source_link, np.intp),
        pump_link=np.array([*pump_link, *second_link], np.intp),
        sink_link=np.array(columns, np.intp),
        sink_node=np.array([sink_node[name] for name in circuit.sinks], np.intp),
        segment_link=np.array(segments, np.intp).reshape(-1, 2),
        segment_sink=tuple(route.header),
        sink_coefficient=np.array([paths[column].coefficient for column in columns]),
        sink_exponent=np.array([paths[column].exponent for column in columns]),
        sink_design=np.array([design_flow(machines[name], circuit) for name in circuit.sinks]),
        header=header,
        pipe_length=route.total,
        density=density,
        capacity=float(fluid.heat_capacity(circuit.supply)),
        pump_head=head[movers],
        movers=movers,
        drive=_drive(head, pump_link, second_link, source_link, decoupled=circuit.decoupler),
        node_level=_node_levels(nodes, outlet, sink_node, circuit, levels),
        source_level=levels.source,
        precool_level=levels.precool,
        pump_level=levels.pump,
        sink_level=levels.sink,
        primary_link=np.array(primary, np.intp),
        decoupler_link=decoupler,
        bypass_link=bypass,
    )


def _drive(head: Array, first: list[int], second: list[int], sources: list[int], *, decoupled: bool) -> float:
    """Head that the sinks get at no flow from the weakest pump, or pair in series; 0 where nothing pumps. [Pa]"""
    stations = [second] if decoupled else [station for station in (first, second) if station] or [sources]
    return float(sum(head[station].min() for station in stations))


class _Levels(NamedTuple):
    """Heights of a loop's machines over the suction of its (primary) pumps. [m]"""

    source: Array
    precool: Array
    pump: Array
    sink: Array


def _levels(machines: Mapping[str, Machine], circuit: Circuit) -> _Levels:
    """The vessel stands at the first pump, or at the first source that pumps itself."""
    base = machines[(*circuit.pumps, *circuit.sources)[0]].origin[2]
    parts = (circuit.sources, circuit.precool, circuit.pumps, circuit.sinks)
    return _Levels(*(np.array([machines[name].origin[2] - base for name in names]) for names in parts))


def _node_levels(
    nodes: int, outlet: int, sink_node: dict[str, int], circuit: Circuit, levels: _Levels
) -> Array:
    """Lowest place that each node stands for, as pressure is highest there: pipes to sources lead down to them. [m]"""
    found = np.zeros(nodes)
    low, foot = float(levels.source.min(initial=0.0)), float(levels.sink.min())
    found[1], found[2] = low, min(foot, low)
    if circuit.secondary:
        found[outlet] = min(low, float(levels.pump[-1]))
    for name, level in zip(circuit.sinks, levels.sink, strict=True):
        found[[sink_node[name], sink_node[name] + 1]] = level
    return found


def _return_train(
    links: _Links, machines: Mapping[str, Machine], circuit: Circuit, nodes: int, flow: float, density: float
) -> tuple[int, int]:
    """Machines and strainers between the return header and the pumps: how many nodes there are then, and the return's."""
    back = 0
    if circuit.strainer > 0.0:
        links.add(nodes, back, FlowPath("", "", coefficient=circuit.strainer / max(flow, 1e-9) ** 2))
        nodes, back = nodes + 1, nodes
    # machines of one type side by side, one type after the other
    for _, alike in groupby(circuit.precool, key=lambda name: machines[name].type):
        for name in alike:
            links.add(nodes, back, _source_path(machines[name], density))
        nodes, back = nodes + 1, nodes
    return nodes, back


def _mains(
    links: _Links,
    machines: Mapping[str, Machine],
    circuit: Circuit,
    route: PipeRoute,
    flows: Array,
    start: tuple[int, float, float],
) -> tuple[dict[str, int], dict[str, int], list[tuple[int, int]]]:
    """Headers past the sinks and the branches between them; link and supply node of each sink, and the header segments.

    Parameters
    ----------
    start : return node, diameter of the headers [m] and density of the fluid [kg/m3].
    """
    pipe = pipe_table(circuit.pipe)
    home_node, header, density = start
    spacings, branches = (
        np.round(route.spacing, 6),
        np.round(route.branch, 6),
    )  # rows that repeat are equal to the bit
    supply, back = 2, home_node
    up, down = (round(rise, 6) for rise in route.rise)  # of the first piece
    sink_link, sink_node, segments = {}, {}, []
    for position, (name, spacing, branch) in enumerate(zip(route.header, spacings, branches, strict=True)):
        here, home = 3 + 2 * position, 4 + 2 * position
        out = links.add(supply, here, FlowPath("", ""), length=float(spacing) + up, diameter=header)
        segments.append(
            (out, links.add(home, back, FlowPath("", ""), length=float(spacing) + down, diameter=header))
        )
        up = down = 0.0
        size = circuit.branch or _diameter(float(flows[position]) / density, BRANCH_VELOCITY, pipe)
        sink_link[name] = links.add(
            here, home, _sink_path(machines[name], density), length=2 * float(branch), diameter=size
        )
        sink_node[name] = here
        supply, back = here, home
    if circuit.mains == "ring" and len(route.header) > 1:
        closing = round(float(np.abs(route.path[-1] - route.path[0]).sum()) + sum(route.rise) / 2, 6)
        out = links.add(2, supply, FlowPath("", ""), length=closing, diameter=header)
        segments.append((out, links.add(back, home_node, FlowPath("", ""), length=closing, diameter=header)))
    return sink_link, sink_node, segments


def _diameter(volume_flow: float, velocity: float, pipe: PipeTable) -> float:
    """Smallest standard pipe that keeps the velocity. [m]"""
    needed = sqrt(4.0 * max(volume_flow, 1e-9) / (pi * velocity))
    larger = pipe.inner_diameter[needed <= pipe.inner_diameter]
    return float(larger[0]) if larger.size else ceil(needed / ROUND_SIZE) * ROUND_SIZE


def _pump(machine: Machine) -> Pump:
    assert isinstance(machine.product, Pump)
    return machine.product


def _source_path(machine: Machine, density: float) -> FlowPath:
    match machine.product:
        case Cdu() as cdu:
            return cdu.pump_path(density)
        case Plant() | HeatExchanger() as plant:
            return plant.source_path(density)
    raise TypeError(f"{machine.id} cannot be the source of a loop")


def _sink_path(machine: Machine, density: float) -> FlowPath:
    match machine.product:
        case Rack() | Crah() | RearDoor() as coil:
            return coil.flow_path(density)
        case Cdu() | HeatExchanger() as product:
            return product.primary_path(density)
        case Chiller() as chiller:
            return chiller.sink_path(density)
    raise TypeError(f"{machine.id} cannot be a sink of a loop")

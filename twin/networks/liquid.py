"""Fluid loops as hydraulic and thermal problems.

Each loop becomes two headers: sources (with their pumps, or behind the loop's pumps) feed the supply header,
sinks hang between supply and return in the order in which the pipes reach them, and the expansion vessel holds the
return at the sources.  Temperatures need less: without heat gains along a header all sinks of a loop see the mixed
supply, so the thermal problem has three nodes a loop and couples all loops of the facility at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from solvers.fluids import FLUIDS
from solvers.hydraulics import exchanger, heat, network
from twin.geometry import PipeRoute, Routes
from twin.model.elements import FlowPath
from twin.model.facility import Circuit, Facility, Machine
from twin.model.products import Cdu, Chiller, Crah, Plant, Pump, Rack, RearDoor

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

HEADER_VELOCITY = 2.0
"""Design velocity from which headers are sized. [m/s] Assumed, common practice for steel mains of 2-3 m/s at most."""
BRANCH_VELOCITY = 1.8
"""The same for branches. [m/s] Assumed."""
STATIC_PRESSURE = 1.5e5
"""Gauge pressure held by the expansion vessel at the suction side. [Pa] Assumed."""
NOMINAL_DIAMETERS = (
    np.array(
        [
            15.8,
            20.9,
            26.6,
            35.1,
            40.9,
            52.5,
            62.7,
            77.9,
            102.3,
            128.2,
            154.1,
            202.7,
            254.5,
            303.2,
            333.3,
            381.0,
            428.7,
            477.8,
            574.7,
            742.9,
            895.3,
            1047.8,
            1200.0,
            1400.0,
            1600.0,
            1800.0,
            2000.0,
            2400.0,
            2800.0,
        ]
    )
    / 1e3
)
"""Inner diameters of steel pipe, ASME B36.10M schedule 40 / standard weight to DN 600, round above. [m]"""
FITTINGS = 3.0
"""Loss coefficient of bends, tee and isolation valves of one branch, both ways. [-] Assumed."""


@dataclass(frozen=True)
class LoopNetwork:
    """One loop in arrays; columns are links, named by the machines in them."""

    circuit: Circuit
    setpoint: float
    """Supply temperature the sources are asked for. [degC]"""
    template: network.Problem
    """Everything in service, limits open."""
    source_link: NDArray[np.intp]
    """(sources,) link of each source."""
    pump_link: NDArray[np.intp]
    """(pumps,) link of each loop pump; empty if the sources pump themselves."""
    sink_link: NDArray[np.intp]
    """(sinks,)"""
    sink_node: NDArray[np.intp]
    """(sinks,) supply node of each sink."""
    sink_coefficient: Array
    """Data-sheet law of each sink. [Pa/(kg/s)^n]"""
    sink_exponent: Array
    header: float
    """Header diameter used. [m]"""
    density: float
    capacity: float
    """Heat capacity of the fluid at the supply set point. [J/(kg K)]"""
    pump_head: Array
    """(movers,) shut-off head of what pumps: loop pumps, or sources with pumps. [Pa]"""
    movers: NDArray[np.intp]
    """Links that pump."""

    @property
    def self_pumped(self) -> bool:
        """True if the sources (CDUs) bring their own pumps."""
        return not self.circuit.pumps

    def problem(
        self, source_live: Mask, pump_live: Mask, sink_live: Mask, limit: Array, speed: Array
    ) -> network.Problem:
        """The problem of S states; masks and limits are (S, sources), (S, pumps), (S, sinks); speed (S,)."""
        states, links = limit.shape[0], np.size(self.template.link_from)
        opened = np.ones((states, links), bool)
        opened[:, self.source_link] = source_live
        opened[:, self.pump_link] = pump_live
        opened[:, self.sink_link] = sink_live & (limit > 0.0)
        limits = np.full((states, links), np.inf)
        limits[:, self.sink_link] = np.maximum(limit, 1e-9)
        speeds = np.ones((states, links))
        speeds[:, self.movers] = speed[:, None]
        return network.Problem(
            **{**vars(self.template), "link_open": opened, "link_limit": limits, "link_pump_speed": speeds}
        )

    def law_drop(self, sink_flow: Array) -> Array:
        """Pressure drop through each sink's own passages. [Pa]"""
        return self.sink_coefficient * np.abs(sink_flow) ** self.sink_exponent


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
        case Cdu() as cdu:
            return cdu.primary_flow * float(fluid.density(circuit.supply))
        case Crah() as coil:
            return coil.flow * float(fluid.density(circuit.supply))
        case Rack() if isinstance(machine.rear_door, RearDoor):
            return machine.rear_door.flow * float(fluid.density(circuit.supply))
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
        _lower_loop(facility, circuit, routes.pipes[circuit.id])
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


def _lower_loop(facility: Facility, circuit: Circuit, route: PipeRoute) -> LoopNetwork:
    fluid = FLUIDS[circuit.fluid]
    density = float(fluid.density(circuit.supply))
    machines = facility.by_id
    flows = np.array([design_flow(machines[name], circuit) for name in route.header])
    header = circuit.header or _diameter(float(flows.sum()) / density, HEADER_VELOCITY)
    links = _Links()
    spacings, branches = (
        np.round(route.spacing, 6),
        np.round(route.branch, 6),
    )  # rows that repeat are equal to the bit
    # nodes: 0 return at the sources, 1 pump discharge, 2 supply at the sources, then a supply and a return node a sink
    entry = 0 if not circuit.pumps else 1
    pump_link = [links.add(0, 1, _pump(machines[name]).pump_path(density)) for name in circuit.pumps]
    source_link = [
        links.add(
            entry,
            2,
            _source_path(machines[name], density),
            length=round(2 * route.source[name], 6),
            diameter=header,
        )
        for name in circuit.sources
    ]
    supply, back, sink_link, sink_node = 2, 0, {}, {}
    for position, (name, spacing, branch) in enumerate(zip(route.header, spacings, branches, strict=True)):
        here, home = 3 + 2 * position, 4 + 2 * position
        links.add(supply, here, FlowPath("", ""), length=float(spacing), diameter=header)
        links.add(home, back, FlowPath("", ""), length=float(spacing), diameter=header)
        size = circuit.branch or _diameter(float(flows[position]) / density, BRANCH_VELOCITY)
        sink_link[name] = links.add(
            here, home, _sink_path(machines[name], density), length=2 * float(branch), diameter=size
        )
        sink_node[name] = here
        supply, back = here, home
    start, end, length, diameter, paths = zip(*links.rows, strict=True)
    columns = [sink_link[name] for name in circuit.sinks]
    minor = np.zeros(len(paths))
    minor[columns] = FITTINGS
    movers = np.array(pump_link or source_link, np.intp)
    head = np.array([path.pump_head for path in paths])
    template = network.Problem(
        node_count=3 + 2 * len(route.header),
        fixed_node=np.array([0]),
        fixed_pressure=np.array([STATIC_PRESSURE]),
        link_from=np.array(start),
        link_to=np.array(end),
        link_length=np.array(length),
        link_diameter=np.array(diameter),
        link_roughness=np.full(len(paths), circuit.roughness),
        link_minor_loss=minor,
        link_device_coefficient=np.array([path.coefficient for path in paths]),
        link_device_exponent=np.array([path.exponent for path in paths]),
        link_pump_head=head,
        link_pump_curvature=np.array([path.pump_curvature for path in paths]),
        link_check=np.isin(np.arange(len(paths)), source_link),
        link_density=density,
        link_viscosity=float(fluid.viscosity(circuit.supply)),
    )
    return LoopNetwork(
        circuit=circuit,
        setpoint=circuit.supply,
        template=template,
        source_link=np.array(source_link, np.intp),
        pump_link=np.array(pump_link, np.intp),
        sink_link=np.array(columns, np.intp),
        sink_node=np.array([sink_node[name] for name in circuit.sinks], np.intp),
        sink_coefficient=np.array([paths[column].coefficient for column in columns]),
        sink_exponent=np.array([paths[column].exponent for column in columns]),
        header=header,
        density=density,
        capacity=float(fluid.heat_capacity(circuit.supply)),
        pump_head=head[movers],
        movers=movers,
    )


def _diameter(volume_flow: float, velocity: float) -> float:
    """Smallest standard pipe that keeps the velocity. [m]"""
    needed = sqrt(4.0 * max(volume_flow, 1e-9) / (pi * velocity))
    larger = NOMINAL_DIAMETERS[needed <= NOMINAL_DIAMETERS]
    return float(larger[0]) if larger.size else needed


def _pump(machine: Machine) -> Pump:
    assert isinstance(machine.product, Pump)
    return machine.product


def _source_path(machine: Machine, density: float) -> FlowPath:
    match machine.product:
        case Cdu() as cdu:
            return cdu.pump_path(density)
        case Plant() as plant:
            return plant.source_path(density)
    raise TypeError(f"{machine.id} cannot be the source of a loop")


def _sink_path(machine: Machine, density: float) -> FlowPath:
    match machine.product:
        case Rack() as rack if rack.coolant is None and isinstance(machine.rear_door, RearDoor):
            return machine.rear_door.flow_path(density)
        case Rack() | Crah() as coil:
            return coil.flow_path(density)
        case Cdu() as cdu:
            return cdu.primary_path(density)
        case Chiller() as chiller:
            return chiller.sink_path(density)
    raise TypeError(f"{machine.id} cannot be a sink of a loop")


@dataclass(frozen=True)
class HeatNetwork:
    """All loops as one thermal problem: per loop a return, a collecting and a supply node."""

    node_count: int
    link_from: NDArray[np.intp]
    link_to: NDArray[np.intp]
    link_capacity: Array
    collect: NDArray[np.intp]
    """(loops,) link that carries a loop's whole flow and takes up its pump heat."""
    source: tuple[NDArray[np.intp], ...]
    """Per loop, links of its sources."""
    sink: tuple[NDArray[np.intp], ...]
    exchanger_hot: NDArray[np.intp]
    exchanger_cold: NDArray[np.intp]
    exchanger_name: tuple[str, ...]
    exchanger_loop: NDArray[np.intp]
    """Loop whose set point the exchanger holds."""
    exchanger_rating: tuple[tuple[float, float, float], ...]
    """Conductance [W/K] and the hot and cold flow [kg/s] it belongs to."""

    def problem(
        self,
        flow: Array,
        heat_in: Array,
        outlet: Array,
        outlet_fixed: Mask,
        conductance: Array,
        setpoint: Array,
    ) -> heat.Problem:
        """The thermal problem of S states; flow, heat, outlet are (S, E), conductance and setpoint (S, X)."""
        return heat.Problem(
            node_count=self.node_count,
            link_from=self.link_from,
            link_to=self.link_to,
            link_flow=flow,
            link_capacity=self.link_capacity,
            link_heat=heat_in,
            link_outlet=outlet,
            link_outlet_fixed=outlet_fixed,
            exchanger_hot=self.exchanger_hot,
            exchanger_cold=self.exchanger_cold,
            exchanger_conductance=conductance,
            exchanger_setpoint=setpoint,
        )


def lower_heat(loops: tuple[LoopNetwork, ...], facility: Facility) -> HeatNetwork:
    """Join the loops through the machines that are source of one and sink of another by an exchanger (CDUs)."""
    start: list[int] = []
    end: list[int] = []
    capacity: list[float] = []
    as_source: dict[str, tuple[int, int]] = {}
    as_sink: dict[str, int] = {}
    collect, source, sink = [], [], []

    def add(first: int, last: int, loop: LoopNetwork) -> int:
        start.append(first)
        end.append(last)
        capacity.append(loop.capacity)
        return len(start) - 1

    for number, loop in enumerate(loops):
        back, middle, supply = 3 * number, 3 * number + 1, 3 * number + 2
        collect.append(add(back, middle, loop))
        source.append(np.array([add(middle, supply, loop) for _ in loop.circuit.sources], np.intp))
        sink.append(np.array([add(supply, back, loop) for _ in loop.circuit.sinks], np.intp))
        as_source |= {n: (int(k), number) for n, k in zip(loop.circuit.sources, source[-1], strict=True)}
        as_sink |= {n: int(k) for n, k in zip(loop.circuit.sinks, sink[-1], strict=True)}
    cold_loop = {name: loop for loop in loops for name in loop.circuit.sinks}
    joined = [n for n in as_source if n in as_sink and facility.by_id[n].kind == "cdu"]
    ratings: dict[tuple[str, str, str], tuple[float, float, float]] = {}
    for name in joined:
        machine, hot, cold = facility.by_id[name], loops[as_source[name][1]], cold_loop[name]
        assert isinstance(machine.product, Cdu)
        key = (machine.type, hot.circuit.id, cold.circuit.id)
        if key not in ratings:
            ratings[key] = exchanger_conductance(machine.product, hot, cold)
    return HeatNetwork(
        node_count=3 * len(loops),
        link_from=np.array(start, np.intp),
        link_to=np.array(end, np.intp),
        link_capacity=np.array(capacity),
        collect=np.array(collect, np.intp),
        source=tuple(source),
        sink=tuple(sink),
        exchanger_hot=np.array([as_source[n][0] for n in joined], np.intp),
        exchanger_cold=np.array([as_sink[n] for n in joined], np.intp),
        exchanger_name=tuple(joined),
        exchanger_loop=np.array([as_source[n][1] for n in joined], np.intp),
        exchanger_rating=tuple(
            ratings[facility.by_id[n].type, loops[as_source[n][1]].circuit.id, cold_loop[n].circuit.id]
            for n in joined
        ),
    )


def exchanger_conductance(cdu: Cdu, hot: LoopNetwork, cold: LoopNetwork) -> tuple[float, float, float]:
    """Conductance of a CDU's exchanger at its rating point [W/K] and the rated flows hot and cold [kg/s]."""
    rating = cdu.exchange()
    hot_flow, cold_flow = rating.hot_flow * hot.density, rating.cold_flow * cold.density
    entering = rating.duty / (hot_flow * hot.capacity) + rating.approach
    value = exchanger.conductance_from_rating(
        rating.duty, entering, 0.0, (hot_flow * hot.capacity, cold_flow * cold.capacity)
    )
    return float(value), hot_flow, cold_flow

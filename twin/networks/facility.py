"""All domains of one facility lowered together, with the index maps between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from solvers import psychrometrics
from solvers.power import losses
from twin.geometry import Routes, routes
from twin.model.electrical_rooms import in_electrical_room
from twin.model.facility import DOOR, Facility, Machine
from twin.model.language import ElectricalRooms
from twin.model.products import Rack
from twin.networks import air, liquid, power
from twin.networks.fidelity import Effort
from twin.networks.heat import HeatNetwork, lower_heat
from twin.networks.plant import Weather
from twin.scenario import Scenario

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]

COOLING_KINDS = (
    "cdu", "crah", "dry_cooler", "cooling_tower", "chiller", "heat_exchanger", "thermosyphon", "tank", "pump",
    "rear_door",
)  # fmt: skip
FLOW_COMPILED, HEAT_COMPILED = 4_000_000, 1_500_000
"""Links times states from which compiling repays itself: a pass takes 1.5 us a link without (heat: 2.5 us), a state some
three passes, and compiling 25 s (heat: 18 s), all measured."""


@dataclass(frozen=True)
class Slices:
    """Where each loop's sources, pumps and sinks lie in the flat arrays of all loops."""

    source: tuple[slice, ...]
    pump: tuple[slice, ...]
    sink: tuple[slice, ...]


@dataclass(frozen=True)
class Lowered:
    """A facility in arrays: R racks, M cooling machines, L loops, H halls."""

    facility: Facility
    routes: Routes
    power: power.PowerNetwork
    loops: tuple[liquid.LoopNetwork, ...]
    alike: tuple[tuple[int, ...], ...]
    """Loops of one hydraulic shape, solved together."""
    slices: Slices
    heat: HeatNetwork
    halls: tuple[air.HallAir, ...]
    airs: tuple[air.AirModel, ...]
    """The model of each hall's air."""
    racks: tuple[Machine, ...]
    cooling: tuple[Machine, ...]
    """Cooling machines that draw power or move fluid."""
    rack_demand: Array
    """(R,) power asked for at the input. [W]"""
    rack_busbar: Array
    """(R,) power to be served behind the power shelves, equal to the demand without shelves. [W]"""
    rack_liquid: Array
    """(R,) share of heat into the liquid."""
    rack_load: Index
    """(R,) row in the power problem's loads; -1 without feed."""
    rack_sink: Index
    """(R,) position of its cold plates among all sinks; -1 if on no loop."""
    rack_loop: Index
    rack_door: Index
    """(R,) position of its rear door among the cooling machines; -1 without."""
    door_sink: Index
    """(R,) position of its rear door among all sinks; -1 if on no loop."""
    cooling_load: Index
    """(M,) as ``rack_load``."""
    source_machine: Index
    """(sources,) position among the cooling machines."""
    source_loop: Index
    pump_machine: Index
    precool_machine: Index
    """(P,) machines in returns, as ``source_machine``."""
    precool_loop: Index
    sink_machine: Index
    """(sinks,) position among the cooling machines, -1 for racks."""
    sink_rack: Index
    """(sinks,) position among the racks, -1 for others."""
    sink_loop: Index
    sink_heat_link: Index
    source_heat_link: Index
    sink_design: Array
    """(sinks,) flow each sink is laid out for. [kg/s]"""
    branch_hall: csr_array
    """(E, H) share of each branch's loss that a hall's air takes up."""
    converter_hall: csr_array
    shunt_bus: Index
    shunt_hall: Array
    """(shunts, H) no-load loss at nominal voltage that a hall's air takes up. [W]"""
    branch_room: csr_array
    converter_room: csr_array
    shunt_room: Array
    """As those of halls, for the electrical rooms of every hall and, last, those that the halls share: (E, H + 1) ..."""
    shelf: Mask
    """(R,) rack has power shelves."""
    rack_converter: csr_array
    """(C, R) converters inside racks."""

    @property
    def door_loop(self) -> Index:
        """(R,) loop that cools the rear door; -1 without."""
        return np.where(
            self.door_sink >= 0, self.sink_loop[self.door_sink] if self.sink_loop.size else -1, -1
        )

    @property
    def electrical_rooms(self) -> tuple[ElectricalRooms, ...]:
        """(H + 1) of every hall and, last, those that the halls share."""
        return (*(hall.shell.electrical_rooms for hall in self.halls), self.facility.electrical_rooms)

    def failed(self, scenarios: tuple[Scenario, ...]) -> Mask:
        """(S, M) cooling machines out of service."""
        column = {machine.id: index for index, machine in enumerate(self.cooling)}
        table = np.zeros((len(scenarios), len(self.cooling)), bool)
        for row, scenario in enumerate(scenarios):
            table[row, [column[name] for name in scenario.out if name in column]] = True
        return table

    def weather(self, scenarios: tuple[Scenario, ...]) -> Weather:
        """Outdoor air of every state; the barometer stands as at the site's height."""
        states = [scenario.outdoor or self.facility.place.outdoor for scenario in scenarios]
        pressure = float(psychrometrics.pressure_at(self.facility.place.elevation))
        return Weather(
            np.array([state.dry_bulb for state in states]),
            np.array([state.wet_bulb for state in states]),
            np.full(len(states), pressure),
        )

    def levels(self, scenarios: tuple[Scenario, ...]) -> Array:
        """(S, R) power asked of each rack over its demand in the layout's workload. [-]"""
        column = {machine.id: index for index, machine in enumerate(self.racks)}
        table = np.ones((len(scenarios), len(self.racks)))
        for row, scenario in enumerate(scenarios):
            table[row] *= scenario.load
            for name, level in scenario.rack_load.items():
                table[row, column[name]] *= level
        return table


def lower(facility: Facility, effort: Effort | None = None, *, states: int = 1) -> Lowered:
    """Restate a facility for all solvers; the halls' air is zonal unless more ``effort`` is asked for.

    ``states`` says how many will be solved: beyond some work loops and temperatures are left to compiled kernels, which take
    half a minute to compile once on a machine, and whose answers may differ in the last digits.

    Raises
    ------
    AirFault
        If the 3-D air of a hall is asked for and has no solution as it is laid out.
    """
    way = routes(facility)
    network = power.lower(facility, way)
    loops = liquid.lower(facility, way)
    links = states * sum(np.size(loop.template.link_from) for loop in loops)
    loops = tuple(replace(loop, large=links >= FLOW_COMPILED) for loop in loops)
    heat = lower_heat(loops, facility)
    heat = replace(heat, large=states * heat.link_from.size >= HEAT_COMPILED)
    halls = air.lower(facility)
    racks = facility.racks
    cooling = facility.of_kind(*COOLING_KINDS)
    rack_at = {machine.id: index for index, machine in enumerate(racks)}
    cooling_at = {machine.id: index for index, machine in enumerate(cooling)}
    load_at = {name: index for index, name in enumerate(network.loads)}
    sources = [name for loop in loops for name in loop.circuit.sources]
    pumps = [name for loop in loops for name in loop.circuit.pumps]
    precool = [name for loop in loops for name in loop.circuit.precool]
    sinks = [name for loop in loops for name in loop.circuit.sinks]
    sink_at = {name: index for index, name in enumerate(sinks)}
    sink_loop = _ranks([len(loop.circuit.sinks) for loop in loops])
    demand = np.array([_demand(facility, machine) for machine in racks])
    rack_sink = np.array([sink_at.get(machine.id, -1) for machine in racks], np.intp)
    (branch_hall, branch_room), (converter_hall, converter_room), shunts = _shares(facility, network, halls)
    return Lowered(
        facility=facility,
        routes=way,
        power=network,
        loops=loops,
        alike=_alike(loops),
        slices=Slices(
            _slices([len(loop.circuit.sources) for loop in loops]),
            _slices([len(loop.circuit.pumps) for loop in loops]),
            _slices([len(loop.circuit.sinks) for loop in loops]),
        ),
        heat=heat,
        halls=halls,
        airs=_airs(facility, halls, effort or Effort("zonal")),
        racks=racks,
        cooling=cooling,
        rack_demand=demand,
        rack_busbar=np.array([_busbar(machine, watts) for machine, watts in zip(racks, demand, strict=True)]),
        rack_liquid=np.array([rack_product(machine).liquid_share for machine in racks]),
        rack_load=np.array([load_at.get(machine.id, -1) for machine in racks], np.intp),
        rack_sink=rack_sink,
        rack_loop=np.where(rack_sink >= 0, sink_loop[rack_sink] if len(sinks) else -1, -1),
        rack_door=np.array([cooling_at.get(f"{machine.id}{DOOR}", -1) for machine in racks], np.intp),
        door_sink=np.array([sink_at.get(f"{machine.id}{DOOR}", -1) for machine in racks], np.intp),
        cooling_load=np.array([load_at.get(machine.id, -1) for machine in cooling], np.intp),
        source_machine=np.array([cooling_at[name] for name in sources], np.intp),
        source_loop=_ranks([len(loop.circuit.sources) for loop in loops]),
        pump_machine=np.array([cooling_at[name] for name in pumps], np.intp),
        precool_machine=np.array([cooling_at[name] for name in precool], np.intp),
        precool_loop=_ranks([len(loop.circuit.precool) for loop in loops]),
        sink_machine=np.array([cooling_at.get(name, -1) for name in sinks], np.intp),
        sink_rack=np.array([rack_at.get(name, -1) for name in sinks], np.intp),
        sink_loop=sink_loop,
        sink_heat_link=_join(heat.sink),
        source_heat_link=_join(heat.source),
        sink_design=np.array(
            [
                liquid.design_flow(facility.by_id[name], loop.circuit)
                for loop in loops
                for name in loop.circuit.sinks
            ]
        ),
        branch_hall=branch_hall,
        converter_hall=converter_hall,
        shunt_bus=np.array([bus for bus, _ in network.shunt_owner.values()], np.intp),
        shunt_hall=shunts[0].toarray(),
        branch_room=branch_room,
        converter_room=converter_room,
        shunt_room=shunts[1].toarray(),
        shelf=np.array([rack_product(machine).shelf is not None for machine in racks], bool),
        rack_converter=_ownership(network.converter_owner, rack_at, len(racks)),
    )


def _airs(facility: Facility, halls: tuple[air.HallAir, ...], effort: Effort) -> tuple[air.AirModel, ...]:
    if effort.model == "zonal":
        return tuple(air.ZonalAir() for _ in halls)
    from twin.networks import airfield, rooms  # numba

    most = airfield.MOST_PATTERNS if effort.losses else 1
    return tuple(
        airfield.FieldAir(facility, hall, rooms.lower(facility, hall.shell), effort.model, most)
        for hall in halls
    )


def rack_product(machine: Machine) -> Rack:
    """The data sheet of a rack."""
    assert isinstance(machine.product, Rack)
    return machine.product


def _demand(facility: Facility, machine: Machine) -> float:
    """Power the workload asks of a rack; the peak factor acts on the accelerators alone. [W]"""
    rack, work = rack_product(machine), facility.workload
    base: float = getattr(rack.power, work.power)
    if rack.accelerators is None:
        return base
    return base + (work.peak_factor - 1.0) * rack.accelerators.count * rack.accelerators.power


def _busbar(machine: Machine, watts: float) -> float:
    """Busbar power at which the shelves draw the sheet's input power with every input live. [W]"""
    rack = rack_product(machine)
    if rack.shelf is None:
        return watts
    load, efficiency = np.array(rack.shelf.efficiency).T
    curve = losses.curve_from_points(load, efficiency)
    return float(losses.output_for_input(watts, rack.shelf.rating, curve))


def _shares(
    facility: Facility, network: power.PowerNetwork, halls: tuple[air.HallAir, ...]
) -> tuple[tuple[csr_array, csr_array], ...]:
    """Which hall, and which electrical rooms, take up the loss of each branch, converter and shunt outside the racks.

    Shares of branches and converters, watts of shunts at nominal voltage.
    """
    column: dict[str | None, int] = {hall.shell.id: index for index, hall in enumerate(halls)}
    count = len(halls)

    def shares(owners: Iterable[str], watts: Array | float = 1.0) -> tuple[csr_array, csr_array]:
        found = [facility.by_id.get(owner) for owner in owners]
        hall, room = np.zeros((len(found), count)), np.zeros((len(found), count + 1))
        for row, machine in enumerate(found):
            if machine is None or machine.kind == "rack":
                continue
            at, inside = column.get(machine.hall, count), 0.0
            if at < count:
                indoors = machine.indoors or machine.kind == "busway"
                inside = 1.0 if indoors else halls[at].shell.indoor_losses
                hall[row, at] = inside
            if in_electrical_room(machine):
                room[row, at] = 1.0 - inside
        scale = np.broadcast_to(watts, (len(found),))[:, None]
        return csr_array(hall * scale), csr_array(room * scale)

    return (
        shares(network.branch_owner),
        shares(network.converter_owner),
        shares(network.shunt_owner, np.array([power for _, power in network.shunt_owner.values()])),
    )


def _ownership(owners: tuple[str, ...], column: dict[str, int], count: int) -> csr_array:
    rows = [(row, column[owner]) for row, owner in enumerate(owners) if owner in column]
    at = np.array(rows, np.intp).reshape(-1, 2)
    return csr_array((np.ones(len(rows)), (at[:, 0], at[:, 1])), shape=(len(owners), count))


def _alike(loops: tuple[liquid.LoopNetwork, ...]) -> tuple[tuple[int, ...], ...]:
    """Group loops whose network problems are equal to the last bit, such as those of repeated pods."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for number, loop in enumerate(loops):
        arrays = (
            *vars(loop.template).values(), loop.source_link, loop.pump_link, loop.sink_link, loop.sink_design,
            loop.node_level, loop.source_level, loop.pump_level, loop.sink_level,
        )  # fmt: skip
        circuit = loop.circuit
        ways = repr((circuit.control, circuit.primary, circuit.bypass, circuit.valves, circuit.decoupler))
        key = (ways, *(np.asarray(value).tobytes() for value in arrays))
        groups.setdefault(key, []).append(number)
    return tuple(tuple(group) for group in groups.values())


def _slices(counts: list[int]) -> tuple[slice, ...]:
    ends = np.cumsum(counts)
    return tuple(slice(int(end - count), int(end)) for count, end in zip(counts, ends, strict=True))


def _ranks(counts: list[int]) -> Index:
    return np.repeat(np.arange(len(counts)), counts)


def _join(parts: tuple[Index, ...]) -> Index:
    return np.concatenate(parts) if parts else np.zeros(0, np.intp)

"""One step of the coupling per domain: each takes the state, asks its solver and returns the state with the answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from solvers import power as power_flow
from solvers.air import zonal
from solvers.hydraulics import exchanger, heat, network
from solvers.hydraulics.friction import friction_factor
from twin.model.air_classes import CLASSES
from twin.model.products import Cdu, Crah, Pump, Rack, RearDoor
from twin.networks import air, liquid, plant, power
from twin.networks.facility import PLANT_KINDS, Lowered
from twin.networks.state import State
from twin.scenario import Scenario

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

COIL_MARGIN = 1.1
"""Water a coil takes over its share of rated duty. [-] Assumed."""
CDU_MARGIN = 1.3
"""Facility water a CDU takes over its share of rated duty, at its rated approach; in proportion more where the set
points of the two loops leave less. [-] Assumed: covers the fall of the conductance with flow.  The valve does not open
further for facility water that has lost its set point, which errs on the warm side."""
VALVE_FLOOR = 0.3
"""Smallest share of rated flow through a coil or CDU. [-] Assumed."""
SPARE_DROP = 15e3
"""Pressure kept across the control valve of the worst sink by pump speed control. [Pa] Assumed."""
SAME_FLOW, SAME_SPEED = 1e-10, 1e-10
"""A loop is solved again only when a wanted flow (over the design flow) or a pump speed changed by more. [-]"""
SAME_LOAD = 1e-10
"""The power flow is solved again only when a load changed by more than this share of all racks' demand. [-]"""
MIN_SPEED = 0.3
"""Lowest pump speed. [-] Assumed."""
CDU_STANDBY = 0.05
"""Share of a CDU's rated input taken by controls. [-] Assumed."""
STEEPEST, SHALLOWEST = -50.0, 0.9
"""Bounds of the slope of a target that the secant step believes. [-]"""
AIR_TRIP_SPAN = 10.0
"""Above the allowable inlet a rack throttles linearly and is off this much higher. [K] Assumed."""


def start(world: Lowered, scenarios: tuple[Scenario, ...]) -> State:
    """First guess: demand served where the power tree reaches, set points held."""
    count, racks, machines = len(scenarios), len(world.racks), len(world.cooling)
    loops, halls, crahs = len(world.loops), len(world.halls), len(world.facility.of_kind("crah"))
    sources, pumps, sinks = world.source_machine.size, world.pump_machine.size, world.sink_loop.size

    def full(width: int, value: float | Array = 0.0) -> Array:
        return np.array(np.broadcast_to(value, (count, width)), float)

    setpoints = np.array([loop.circuit.supply for loop in world.loops])
    zeros = {
        name: full(width)
        for names, width in (
            (("rack_air", "rack_recirculation", "rack_humidity", "door_heat"), racks),
            (("power", "condenser"), machines),
            (("crah_heat", "crah_supply", "crah_speed"), crahs),
            (("room_loss", "hall_flow", "hall_dew_point", "hall_heat"), halls),
            (("source_flow", "plant_duty", "plant_loading", "plant_water", "plant_free"), sources),
            (("pump_flow",), pumps),
            (("sink_flow", "sink_law", "sink_pressure"), sinks),
            (("mover_rise",), sources + pumps),
            (("loop_velocity", "loop_pressure", "loop_margin"), loops),
            (("exchange",), world.heat.exchanger_hot.size),
        )
        for name in names
    }
    return State(
        **zeros,
        served=np.ones((count, racks), bool),
        live=np.ones((count, machines), bool),
        throttle=full(racks, 1.0),
        throttle_before=full(racks, 1.0),
        target_before=full(racks, 1.0),
        rack_power=full(racks, world.rack_demand),
        rack_inlet=full(racks, 24.0),
        rack_outlet=full(racks, 36.0),
        crah_saturated=np.zeros((count, crahs), bool),
        hall_return=full(halls, 36.0),
        hall_supply=full(halls, 24.0),
        hall_ok=np.ones((count, halls), bool),
        speed=full(loops, 1.0),
        solved_speed=full(loops, -1.0),
        solved_live=np.zeros((count, machines), bool),
        sink_limit=full(sinks, world.sink_design),
        supply=full(loops, setpoints),
        back=full(loops, setpoints + 10.0),
        plant_leaving=full(sources, setpoints[world.source_loop] if loops else 0.0),
        plant_lost=np.zeros((count, sources), bool),
        solved_load=full(len(world.power.loads), -1.0),
        mass_error=np.zeros(count),
        stagnant=np.zeros(count),
        flow_ok=np.ones(count, bool),
        heat_ok=np.ones(count, bool),
        power_ok=np.ones(count, bool),
    )


def energise(world: Lowered, state: State, problem: power_flow.Problem, failed: Mask) -> State:
    """Who has power: decided by switching alone, whatever is drawn."""
    _, reached = power_flow.energise(problem)
    fed, wired = world.rack_load >= 0, world.cooling_load >= 0
    served, live = np.zeros_like(state.served), ~failed
    served[:, fed] = reached[:, world.rack_load[fed]]
    live[:, wired] &= reached[:, world.cooling_load[wired]]
    return replace(state, served=served, live=live, rack_power=np.where(served, state.rack_power, 0.0))


def electrical_load(world: Lowered, state: State) -> Array:
    """(S, loads) power asked of the tree, behind the racks' power shelves. [W]"""
    load = np.zeros((len(state.live), len(world.power.loads)))
    fed, wired = world.rack_load >= 0, world.cooling_load >= 0
    load[:, world.rack_load[fed]] = (world.rack_busbar * state.throttle)[:, fed]
    load[:, world.cooling_load[wired]] = state.power[:, wired]
    return load


def feed(world: Lowered, state: State, problem: power_flow.Problem) -> State:
    """Power flow of the scenarios whose loads changed: what racks draw at their inputs, and the losses."""
    load = electrical_load(world, state)
    scale = max(float(world.rack_demand.sum()), 1.0)
    at = np.flatnonzero(np.abs(load - state.solved_load).max(axis=1, initial=0.0) > SAME_LOAD * scale)
    if not at.size:
        return state
    solution = power_flow.solve(replace(power.rows(problem, at), load_power=complex_load(world, load[at])))
    drawn, losses, ok = state.rack_power.copy(), state.room_loss.copy(), state.power_ok.copy()
    drawn[at] = rack_input(world, solution)
    losses[at] = solution.branch_loss @ world.branch_hall + solution.converter_loss @ world.converter_hall
    ok[at] = solution.scenario_ok
    return replace(state, rack_power=drawn, room_loss=losses, power_ok=ok, solved_load=load)


def complex_load(world: Lowered, load: Array) -> NDArray[np.complex128]:
    """With the reactive power of each load's power factor. [VA]"""
    return np.asarray(load * (1.0 + 1j * np.tan(np.arccos(world.power.load_power_factor))))


def rack_input(world: Lowered, solution: power_flow.Solution) -> Array:
    """(S, R) what each rack draws at its inputs, shelves included. [W]"""
    tree = world.power.problem
    cords = np.zeros((len(solution.scenario_ok), len(world.power.loads)))
    for cord, column in enumerate(tree.cord_load):
        cords[:, column] += solution.cord_power[:, cord].real
    fed = world.rack_load >= 0
    plain = np.zeros((len(cords), len(world.racks)))
    plain[:, fed] = cords[:, world.rack_load[fed]]
    return np.where(world.shelf, solution.converter_input.real @ world.rack_converter, plain)


def rack_heat(world: Lowered, state: State) -> tuple[Array, Array]:
    """(S, R) heat of each rack into liquid and into air; without a loop all of it goes to air. [W]"""
    liquid_heat = state.rack_power * np.where(world.rack_loop >= 0, world.rack_liquid, 0.0)
    return liquid_heat, state.rack_power - liquid_heat


def breathe(world: Lowered, state: State) -> State:
    """Air of every hall: rack inlets, what room air handlers and rear doors take up."""
    _, air_heat = rack_heat(world, state)
    flow = np.stack(
        [air.rack_air_flow(_rack(world, r), air_heat[:, r]) for r in range(len(world.racks))], axis=1
    ) if world.racks else air_heat
    doors = _door_cooling(world, state, flow)
    columns: dict[str, Array] = {
        name: getattr(state, name).copy()
        for name in ("rack_inlet", "rack_outlet", "rack_recirculation", "rack_humidity", "crah_heat", "crah_supply",
                     "crah_speed", "crah_saturated", "hall_return", "hall_supply", "hall_flow", "hall_dew_point",
                     "hall_heat", "hall_ok", "power")
    }  # fmt: skip
    crahs = world.facility.of_kind("crah")
    machine_of = {machine.id: index for index, machine in enumerate(world.cooling)}
    crah_machine = np.array([machine_of[machine.id] for machine in crahs], np.intp)
    coolant, wet = _coil_water(world, state, crah_machine)
    for number, hall in enumerate(world.halls):
        units, racks = hall.crah, hall.rack
        live = state.live[:, crah_machine[units]]
        wanted = hall.shell.air.supply_ratio * flow[:, racks].sum(axis=1)
        speed = hall.speed(wanted, live)
        fans = hall.unit_fan * speed**3
        room = state.room_loss[:, number] + fans.sum(axis=1)
        answer = zonal.solve(
            hall.problem(
                flow[:, racks], air_heat[:, racks], doors[:, racks], room, speed, live, coolant[:, units], wet[:, units]
            )
        )
        columns["rack_inlet"][:, racks] = answer.rack_inlet
        columns["rack_outlet"][:, racks] = answer.rack_outlet
        columns["rack_recirculation"][:, racks] = answer.recirculation
        columns["rack_humidity"][:, racks] = answer.rack_relative_humidity
        columns["crah_heat"][:, units] = answer.unit_heat
        columns["crah_supply"][:, units] = answer.unit_supply
        columns["crah_speed"][:, units] = speed
        columns["crah_saturated"][:, units] = answer.unit_saturated
        columns["hall_return"][:, number] = answer.room
        columns["hall_supply"][:, number] = answer.supply
        columns["hall_flow"][:, number] = (speed * hall.unit_flow).sum(axis=1)
        columns["hall_dew_point"][:, number] = answer.dew_point
        columns["hall_heat"][:, number] = (air_heat - doors)[:, racks].sum(axis=1) + room
        columns["hall_ok"][:, number] = answer.scenario_ok
        columns["power"][:, crah_machine[units]] = fans
    return replace(state, rack_air=flow, door_heat=doors, **columns)


def _rack(world: Lowered, column: int) -> Rack:
    product = world.racks[column].product
    assert isinstance(product, Rack)
    return product


def _door_cooling(world: Lowered, state: State, flow: Array) -> Array:
    """Heat taken at rear doors, from the last exhaust temperature before the door."""
    taken = np.zeros_like(flow)
    for column, machine in enumerate(world.racks):
        sink = world.rack_sink[column]
        if isinstance(machine.rear_door, RearDoor) and sink >= 0 and world.rack_liquid[column] == 0.0:
            before = state.rack_inlet[:, column] + state.rack_power[:, column] / (air.AIR_CAPACITY * flow[:, column])
            water = state.supply[:, world.sink_loop[sink]]
            running = state.sink_limit[:, sink] > 0.0
            taken[:, column] = running * air.door_cooling(machine.rear_door, flow[:, column], before, water)
    return taken


def _coil_water(world: Lowered, state: State, crah_machine: NDArray[np.intp]) -> tuple[Array, Mask]:
    """(S, C) water temperature at each coil and whether water flows; before the first pass it does."""
    count = len(state.live)
    coolant, wet = np.full((count, crah_machine.size), 100.0), np.zeros((count, crah_machine.size), bool)
    column = {int(machine): index for index, machine in enumerate(crah_machine)}
    for sink, machine in enumerate(world.sink_machine):
        if machine in column:
            coolant[:, column[machine]] = state.supply[:, world.sink_loop[sink]]
            wet[:, column[machine]] = (state.sink_flow[:, sink] > 0.0) | ~begun(state)
    return coolant, wet


def circulate(world: Lowered, state: State) -> State:
    """Hydraulics of every loop at the flows the sinks ask for; pump speed follows the worst sink."""
    limit = _wanted_flow(world, state)
    parts = {
        name: getattr(state, name).copy()
        for name in ("speed", "solved_speed", "source_flow", "pump_flow", "sink_flow", "sink_law", "sink_pressure",
                     "mover_rise", "loop_velocity", "loop_pressure", "loop_margin", "mass_error")
    }  # fmt: skip
    ok = state.flow_ok.copy()
    stale = (np.abs(limit - state.sink_limit) > SAME_FLOW * world.sink_design) | ~begun(state)[:, None]
    switched = (state.live != state.solved_live).any(axis=1)
    for alike in world.alike:
        cases = []
        for number in alike:
            moved = np.abs(state.speed - state.solved_speed)[:, number] > SAME_SPEED
            rows = np.flatnonzero(stale[:, world.slices.sink[number]].any(axis=1) | switched | moved)
            cases += [(number, rows)] if rows.size else []
        if cases:
            _circulate_alike(world, state, cases, limit, parts, ok)
    return replace(state, sink_limit=limit, solved_live=state.live, flow_ok=ok, **parts)


def begun(state: State) -> Mask:
    """(S,) False in the first pass, before any flow was solved."""
    return np.asarray(state.solved_speed.min(axis=1, initial=1.0) >= 0.0)


def _circulate_alike(
    world: Lowered, state: State, cases: list[tuple[int, NDArray[np.intp]]], limit: Array, parts: dict[str, Array], ok: Mask
) -> None:
    """Solve loops of one shape for the scenarios whose inputs changed, all in one batch; write into ``parts``."""
    loop = world.loops[cases[0][0]]
    pieces = [_loop_inputs(world, state, number, rows, limit) for number, rows in cases]
    source_live, pump_live, sink_live, wanted, speed = (np.concatenate(piece) for piece in zip(*pieces, strict=True))
    answer = network.solve(loop.problem(source_live, pump_live, sink_live, wanted, speed))
    law = loop.law_drop(answer.link_flow[:, loop.sink_link])
    faster, margin = _pump_speed(loop, speed, answer, wanted, sink_live, law)
    risers = world.source_machine.size
    first = 0
    for number, rows in cases:
        part = slice(first, first + rows.size)
        first += rows.size
        source, pump, sink = (getattr(world.slices, name)[number] for name in ("source", "pump", "sink"))
        for name, columns, values in (
            ("source_flow", source, answer.link_flow[part][:, loop.source_link]),
            ("pump_flow", pump, answer.link_flow[part][:, loop.pump_link]),
            ("sink_flow", sink, answer.link_flow[part][:, loop.sink_link]),
            ("sink_law", sink, law[part]),
            ("sink_pressure", sink, answer.node_pressure[part][:, loop.sink_node]),
            ("mover_rise", source, -answer.link_drop[part][:, loop.source_link]),
            ("mover_rise", slice(risers + pump.start, risers + pump.stop), -answer.link_drop[part][:, loop.pump_link]),
            ("loop_velocity", number, np.abs(answer.link_velocity[part]).max(axis=1)),
            ("loop_pressure", number, answer.node_pressure[part].max(axis=1)),
            ("solved_speed", number, speed[part]),
            ("speed", number, faster[part]),
            ("loop_margin", number, margin[part]),
        ):
            parts[name][rows, columns] = values
        parts["mass_error"][rows] = np.maximum(parts["mass_error"][rows], answer.mass_error[part])
        ok[rows] &= answer.scenario_ok[part]


def _loop_inputs(world: Lowered, state: State, number: int, rows: NDArray[np.intp], limit: Array) -> tuple[Array, ...]:
    source, pump, sink = (getattr(world.slices, name)[number] for name in ("source", "pump", "sink"))
    live = state.live[rows]
    sink_live = np.stack([live[:, m] if m >= 0 else np.ones(rows.size, bool) for m in world.sink_machine[sink]], axis=1)
    return (
        live[:, world.source_machine[source]], live[:, world.pump_machine[pump]], sink_live, limit[rows, sink],
        state.speed[rows, number],
    )  # fmt: skip


def _wanted_flow(world: Lowered, state: State) -> Array:
    """(S, sinks) flow each control valve is set to."""
    wanted = np.array(np.broadcast_to(world.sink_design, state.sink_flow.shape))
    need = np.zeros_like(wanted)
    capacity = np.full(wanted.shape[1], np.inf)
    exchanger_at = {name: index for index, name in enumerate(world.heat.exchanger_name)}
    crah_at = {machine.id: index for index, machine in enumerate(world.facility.of_kind("crah"))}
    for sink, (machine, rack) in enumerate(zip(world.sink_machine, world.sink_rack, strict=True)):
        loop = world.sink_loop[sink]
        if rack >= 0 and world.rack_liquid[rack] > 0.0:
            asked = world.rack_demand[rack] * world.rack_liquid[rack]
            fluid = world.loops[loop].circuit.fluid
            wanted[:, sink] = liquid.rack_flow(_rack(world, rack), asked, state.supply[:, loop], fluid)
        elif machine >= 0:
            name, product = world.cooling[machine].id, world.cooling[machine].product
            if isinstance(product, Cdu) and name in exchanger_at:
                column = exchanger_at[name]
                setpoint = world.loops[world.heat.exchanger_loop[column]].circuit.supply
                approach = max(setpoint - world.loops[loop].circuit.supply, 0.01)
                need[:, sink] = CDU_MARGIN * state.exchange[:, column] * product.approach / approach
                capacity[sink] = product.capacity
            elif isinstance(product, Crah):
                need[:, sink], capacity[sink] = COIL_MARGIN * state.crah_heat[:, crah_at[name]], product.capacity
    share = np.clip(need / capacity, VALVE_FLOOR, 1.0)
    return np.where(np.isfinite(capacity) & begun(state)[:, None], share, 1.0) * wanted


def _pump_speed(
    loop: liquid.LoopNetwork, speed: Array, answer: network.Solution, limit: Array, live: Mask, law: Array
) -> tuple[Array, Array]:
    """New speed of a loop's pumps and the head they do not need.

    The pressure above what the worst live sink needs (its own passages and a working valve) is taken off the
    shut-off head, which falls with the square of speed; a sink short of flow raises it by what it lacks.
    """
    flow, drop = answer.link_flow[:, loop.sink_link], answer.link_drop[:, loop.sink_link]
    asked = live & (limit > 0.0)
    short = np.maximum(loop.law_drop(limit) - law, 0.0)
    held = flow >= limit * (1.0 - 1e-6)
    pipe = _branch_friction(loop, answer)
    over = np.where(held, drop - law - pipe - SPARE_DROP, -short - SPARE_DROP)
    spare = np.where(asked, over, np.inf).min(axis=1, initial=np.inf)
    head = max(float(loop.pump_head.min()), 1.0)  # a loop without pumps has none
    squared = np.clip(speed**2 - np.where(np.isfinite(spare), spare, 0.0) / head, MIN_SPEED**2, 1.0)
    margin = 1.0 - speed**2 + (np.where(np.isfinite(spare), spare, 0.0) + np.where(held.all(axis=1), SPARE_DROP, 0.0)) / head
    return np.sqrt(squared), margin


def _branch_friction(loop: liquid.LoopNetwork, answer: network.Solution) -> Array:
    """Friction and fittings of the branch pipes, by Darcy-Weisbach at the solved velocity. [Pa]"""
    at = loop.sink_link
    diameter = np.asarray(loop.template.link_diameter)[at]
    length, minor = np.asarray(loop.template.link_length)[at], np.asarray(loop.template.link_minor_loss)[at]
    rough = np.asarray(loop.template.link_roughness)[at] / diameter
    velocity = np.abs(answer.link_velocity[:, at])
    factor = friction_factor(np.maximum(answer.link_reynolds[:, at], 1.0), rough)
    return (factor * length / diameter + minor) * loop.density * velocity**2 / 2.0


def warm(world: Lowered, state: State) -> State:
    """Temperatures of all loops at once, CDU exchangers included; plant outlets as last computed."""
    net, count = world.heat, len(state.live)
    if not world.loops:
        return state
    links = net.link_from.size
    flow, gain = np.zeros((count, links)), np.zeros((count, links))
    outlet, fixed = np.zeros((count, links)), np.zeros(links, bool)
    flow[:, world.source_heat_link] = state.source_flow
    flow[:, world.sink_heat_link] = state.sink_flow
    for number, collect in enumerate(net.collect):
        flow[:, collect] = state.source_flow[:, world.slices.source[number]].sum(axis=1)
    gain[:, net.collect] = pump_heat(world, state)
    gain[:, world.sink_heat_link] = _sink_heat(world, state)
    is_plant = np.array([world.cooling[m].kind in PLANT_KINDS for m in world.source_machine], bool)
    fixed[world.source_heat_link[is_plant]] = True
    outlet[:, world.source_heat_link[is_plant]] = state.plant_leaving[:, is_plant]
    setpoint = np.array([world.loops[loop].circuit.supply for loop in net.exchanger_loop])
    answer = heat.solve(net.problem(flow, gain, outlet, fixed, _conductance(world, flow), setpoint))
    moving = flow[:, net.collect] > 0.0
    nodes = 3 * np.arange(len(world.loops))
    supply = np.where(moving, answer.node_temperature[:, nodes + 2], [loop.circuit.supply for loop in world.loops])
    back = np.where(moving, answer.node_temperature[:, nodes], supply)
    duty = np.where(is_plant, answer.rejected[:, world.source_heat_link], 0.0)
    return replace(
        state, supply=supply, back=back, exchange=answer.exchanger_duty, plant_duty=duty,
        stagnant=answer.stagnant_heat, heat_ok=answer.scenario_ok,
    )


def _conductance(world: Lowered, flow: Array) -> Array:
    """(S, X) conductance of the CDU exchangers at the flows they have. [W/K]"""
    net = world.heat
    values = np.zeros((len(flow), net.exchanger_hot.size))
    for column in range(net.exchanger_hot.size):
        rated, hot_flow, cold_flow = net.exchanger_rating[column]
        values[:, column] = exchanger.scaled_conductance(
            rated,
            np.maximum(flow[:, net.exchanger_hot[column]] / hot_flow, 1e-6),
            np.maximum(flow[:, net.exchanger_cold[column]] / cold_flow, 1e-6),
        )
    return values


def _sink_heat(world: Lowered, state: State) -> Array:
    """(S, sinks) heat into the fluid at each sink; CDUs exchange instead. [W]"""
    gain = np.zeros_like(state.sink_flow)
    liquid_heat, _ = rack_heat(world, state)
    crah_at = {machine.id: index for index, machine in enumerate(world.facility.of_kind("crah"))}
    for sink, (machine, rack) in enumerate(zip(world.sink_machine, world.sink_rack, strict=True)):
        if rack >= 0:
            gain[:, sink] = liquid_heat[:, rack] + state.door_heat[:, rack]
        elif world.cooling[machine].kind == "crah":
            gain[:, sink] = state.crah_heat[:, crah_at[world.cooling[machine].id]]
        elif world.cooling[machine].kind == "chiller":
            gain[:, sink] = state.condenser[:, machine]
    return gain


def pump_heat(world: Lowered, state: State) -> Array:
    """(S, L) pump work that ends as heat in the fluid: a CDU's whole input, a loop pump's shaft power. [W]"""
    gain = np.zeros_like(state.supply)
    drawn = mover_power(world, state)
    for number, loop in enumerate(world.loops):
        if loop.self_pumped:
            gain[:, number] = drawn[:, world.source_machine[world.slices.source[number]]].sum(axis=1)
            continue
        for column in range(world.slices.pump[number].start, world.slices.pump[number].stop):
            product = world.cooling[world.pump_machine[column]].product
            assert isinstance(product, Pump)
            gain[:, number] += drawn[:, world.pump_machine[column]] * product.motor_efficiency
    return gain


def mover_power(world: Lowered, state: State) -> Array:
    """(S, M) electrical power of pumps and CDUs. [W]"""
    drawn = np.zeros_like(state.power)
    sources = world.source_machine.size
    for column, machine in enumerate(world.source_machine):
        product = world.cooling[machine].product
        if isinstance(product, Cdu):
            density = world.loops[world.source_loop[column]].density
            work = state.source_flow[:, column] / density * np.maximum(state.mover_rise[:, column], 0.0)
            share = work / (product.secondary_flow * product.external_head)
            drawn[:, machine] = product.pump_power * (CDU_STANDBY + (1.0 - CDU_STANDBY) * share)
    for column, machine in enumerate(world.pump_machine):
        product = world.cooling[machine].product
        assert isinstance(product, Pump)
        loop = next(k for k, part in enumerate(world.slices.pump) if part.start <= column < part.stop)
        work = state.pump_flow[:, column] / world.loops[loop].density * np.maximum(state.mover_rise[:, sources + column], 0.0)
        drawn[:, machine] = work / (product.efficiency * product.motor_efficiency)
    return np.where(state.live, drawn, 0.0)


def reject(world: Lowered, state: State) -> State:
    """Plant at the outdoor state: leaving temperatures, fans, compressors, water."""
    parts = {
        name: getattr(state, name).copy()
        for name in ("plant_leaving", "plant_loading", "plant_water", "plant_free", "plant_lost", "condenser", "power")
    }
    parts["power"] = np.where(_is_mover(world), mover_power(world, state), parts["power"])
    for columns in _alike(world):
        machines = world.source_machine[columns]
        loop = int(world.source_loop[columns[0]])
        live = state.live[:, machines] & (state.source_flow[:, columns] > 0.0)
        running = np.maximum(live.sum(axis=1), 1)
        duty = np.maximum((state.plant_duty[:, columns] * live).sum(axis=1), 0.0) / running
        flow = (state.source_flow[:, columns] * live).sum(axis=1) / running
        entering = _condenser_water(world, state, int(machines[0]))
        answer = plant.run(world.cooling[machines[0]], world.loops[loop], world.weather, duty, flow, entering)
        for name, value in (
            ("plant_leaving", answer.leaving), ("plant_loading", answer.loading), ("plant_water", answer.water),
            ("plant_free", answer.free), ("plant_lost", answer.lost),
        ):  # fmt: skip
            idle = parts[name][:, columns] * 0 if name != "plant_leaving" else world.loops[loop].circuit.supply
            parts[name][:, columns] = np.where(live, value[:, None], idle)
        parts["power"][:, machines] = np.where(live, answer.power[:, None], 0.0)
        parts["condenser"][:, machines] = np.where(live, answer.condenser[:, None], 0.0)
    return replace(state, **parts)


def _is_mover(world: Lowered) -> Mask:
    return np.array([machine.kind in ("cdu", "pump") for machine in world.cooling], bool)


def _alike(world: Lowered) -> list[NDArray[np.intp]]:
    """Plant sources of one type in one loop, which run alike."""
    groups: dict[tuple[int, str], list[int]] = {}
    for column, machine in enumerate(world.source_machine):
        if world.cooling[machine].kind in PLANT_KINDS:
            groups.setdefault((int(world.source_loop[column]), world.cooling[machine].type), []).append(column)
    return [np.array(columns, np.intp) for columns in groups.values()]


def _condenser_water(world: Lowered, state: State, machine: int) -> Array:
    for sink in np.flatnonzero(world.sink_machine == machine):
        return np.asarray(state.supply[:, world.sink_loop[sink]])
    return np.full(len(state.live), world.weather.dry_bulb)


def curtail(world: Lowered, state: State) -> State:
    """Racks that coolant or air cannot carry draw less.

    Cooling less heat warms less air and coolant, so what can be carried depends on what is drawn.
    """
    target = np.where(state.served, np.minimum(_liquid_share(world, state), _air_share(world, state)), 0.0)
    wanted = secant(state.throttle, state.throttle_before, target, state.target_before, slope=-1.0)
    throttle = np.where(target == 0.0, 0.0, np.clip(wanted, 0.0, 1.0))
    return replace(state, throttle=throttle, throttle_before=state.throttle, target_before=target)


def secant(value: Array, before: Array, target: Array, target_before: Array, *, slope: float) -> Array:
    """Next value of each element of a fixed point ``value = target(value)``.

    The slope of the target is taken from the last two passes, or is ``slope`` where the value did not move.
    """
    moved = value - before
    rise = np.divide(target - target_before, moved, out=np.full_like(value, slope), where=np.abs(moved) > 1e-13)
    return np.asarray(value + (target - value) / (1.0 - np.clip(rise, STEEPEST, SHALLOWEST)))


def _liquid_share(world: Lowered, state: State) -> Array:
    """(S, R) share of the demand that the coolant's flow and temperature can carry within the sheet's limits."""
    share = np.ones_like(state.throttle)
    for column, machine in enumerate(world.racks):
        rack, sink, loop = _rack(world, column), world.rack_sink[column], world.rack_loop[column]
        if rack.coolant is None or rack.liquid_share == 0.0:
            continue
        if sink < 0:
            share[:, column] = 0.0
            continue
        limits, supply = rack.coolant, state.supply[:, loop]
        room = np.maximum(limits.return_max - supply, 0.0)
        carried = state.sink_flow[:, sink] * world.loops[loop].capacity * room
        asked = world.rack_demand[column] * rack.liquid_share
        by_heat = room / (limits.return_max - limits.supply_max)
        share[:, column] = np.clip(np.minimum(carried / asked, by_heat), 0.0, 1.0)
    return share


def _air_share(world: Lowered, state: State) -> Array:
    """(S, R) share of the demand at which a rack runs at its inlet temperature."""
    elevation = world.facility.place.elevation
    allowable = np.array([CLASSES[_rack(world, r).air_class].highest(elevation) for r in range(len(world.racks))])
    return np.clip(1.0 - (state.rack_inlet - allowable) / AIR_TRIP_SPAN, 0.0, 1.0)

"""Heat: temperatures of all loops at once, CDU exchangers included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from solvers.hydraulics import exchanger, heat
from solvers.plant import motors, pumps
from twin.model.products import PLANT_KINDS, Cdu, Pump
from twin.networks.facility import Lowered
from twin.networks.heat import COOLERS
from twin.networks.state import State
from twin.networks.steps.air import rack_heat

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

NO_SINK = 100.0
"""Temperature given to a loop that is heated and has nowhere to leave the heat: racks on it stop. [degC]"""
CDU_STANDBY = 0.05
"""Share of a CDU's rated input taken by controls. [-] Assumed."""


def warm(world: Lowered, state: State) -> State:
    """Temperatures of all loops at once, CDU exchangers included; plant outlets as last computed."""
    net, count = world.heat, len(state.live)
    if not world.loops:
        return state
    links = net.link_from.size
    flow, gain = np.zeros((count, links)), np.zeros((count, links))
    outlet, fixed = np.zeros((count, links)), np.zeros((count, links), bool)
    flow[:, world.source_heat_link] = state.source_flow
    flow[:, world.sink_heat_link] = state.sink_flow
    for number, collect in enumerate(net.collect):
        flow[:, collect] = state.source_flow[:, world.slices.source[number]].sum(axis=1)
    flow[:, net.train_link] = state.header_flow[:, net.train_loop]
    work, second = _station_heat(world, state)
    parted, past = net.decoupler >= 0, net.bypass >= 0
    flow[:, net.back[parted]] = state.header_flow[:, parted]
    flow[:, net.secondary[parted]] = state.header_flow[:, parted]
    flow[:, net.decoupler[parted]] = state.decoupler[:, parted]
    flow[:, net.bypass[past]] = state.bypass[:, past]
    gain[:, net.collect] = work + np.where(parted, 0.0, second)
    gain[:, net.secondary[parted]] = second[:, parted]
    gain[:, world.sink_heat_link] = _sink_heat(world, state)
    is_plant = np.array([world.cooling[m].kind in PLANT_KINDS for m in world.source_machine], bool)
    fixed[:, world.source_heat_link[is_plant]] = state.plant_running[:, is_plant]
    outlet[:, world.source_heat_link[is_plant]] = state.plant_leaving[:, is_plant]
    setpoint = state.setpoint[:, net.exchanger_loop]
    conductance = _conductance(world, flow)
    wanted, floor = _taken(world, state)
    answer = net.ready.solve(
        link_flow=flow,
        link_heat=gain,
        link_outlet=outlet,
        link_outlet_fixed=fixed,
        exchanger_conductance=conductance,
        exchanger_setpoint=setpoint,
        extraction_wanted=wanted,
        extraction_floor=floor,
    )
    reuse, cooled = _train(world, state, answer.extraction)
    moving = state.header_flow > 0.0
    nodes = 3 * np.arange(len(world.loops))
    supply = np.where(moving, answer.node_temperature[:, nodes + 2], state.setpoint)
    back = np.where(moving, answer.node_temperature[:, nodes], supply)
    supply = np.where(answer.node_runaway[:, nodes + 2], NO_SINK, supply)
    back = np.where(answer.node_runaway[:, nodes], NO_SINK, back)
    given = _behind_sources(world, flow, answer, supply)
    duty = np.where(is_plant, answer.rejected[:, world.source_heat_link], 0.0)
    return replace(
        state,
        supply=supply,
        source_supply=given,
        back=back,
        exchange=answer.exchanger_duty,
        plant_duty=duty,
        reuse=reuse,
        precooled=cooled,
        pipe_loss=_pipe_loss(world, gain, answer),
        stagnant=answer.stagnant_heat,
        heat_ok=answer.scenario_ok,
    )


def _behind_sources(world: Lowered, flow: Array, answer: heat.Solution, supply: Array) -> Array:
    """(S, L) mixed temperature of what sources give: that of the supply, unless a decoupler parts them. [degC]"""
    found = supply.copy()
    for number in np.flatnonzero(world.heat.decoupler >= 0):
        links = world.heat.source[number]
        total = flow[:, links].sum(axis=1)
        mixed = (flow[:, links] * answer.link_outlet[:, links]).sum(axis=1) / np.maximum(total, 1e-12)
        known = (total > 0.0) & ~answer.node_runaway[:, world.heat.outlet[number]]
        found[:, number] = np.where(known, mixed, supply[:, number])
    return found


def _pipe_loss(world: Lowered, gain: Array, answer: heat.Solution) -> Array:
    """(S,) what goes into the links that lose heat, less what their fluid takes up. [W]"""
    net = world.heat
    lossy = net.link_conductance > 0.0
    if not lossy.any():
        return np.zeros(len(gain))
    given = gain.copy()
    given[:, net.exchanger_cold] += answer.exchanger_duty
    return np.asarray(np.where(lossy & (answer.link_gain != 0.0), given - answer.link_gain, 0.0).sum(axis=1))


def _taken(world: Lowered, state: State) -> tuple[Array, Array]:
    """(S, K) most heat each link of a return may give [W], and the temperature down to which it does [degC]."""
    net, count = world.heat, len(state.live)
    wanted, floor = np.zeros((count, net.train_link.size)), np.zeros((count, net.train_link.size))
    for column, (number, user) in enumerate(zip(net.train_loop, net.train_user, strict=True)):
        if user == COOLERS:
            wanted[:, column] = state.precool_most[:, world.precool_loop == number].sum(axis=1)
            floor[:, column] = state.setpoint[:, number]
        else:
            customer = world.loops[number].circuit.reuse[user]
            wanted[:, column], floor[:, column] = customer.power, customer.temperature
    return wanted, floor


def coolers_alike(world: Lowered, loop: int) -> list[NDArray[np.intp]]:
    """Columns of the machines in a loop's return, type by type in the order in which the return meets them."""
    groups: dict[str, list[int]] = {}
    for column in np.flatnonzero(world.precool_loop == loop).tolist():
        groups.setdefault(world.cooling[world.precool_machine[column]].type, []).append(column)
    return [np.array(columns, np.intp) for columns in groups.values()]


def _train(world: Lowered, state: State, taken: Array) -> tuple[Array, Array]:
    """Heat that users take of each loop, (S, L), and that each cooler in a return takes, (S, P). [W]"""
    net = world.heat
    reuse, cooled = np.zeros_like(state.supply), np.zeros_like(state.precooled)
    for column, (number, user) in enumerate(zip(net.train_loop, net.train_user, strict=True)):
        if user == COOLERS:
            left = taken[:, column : column + 1]
            for columns in coolers_alike(world, int(number)):
                most = state.precool_most[:, columns]
                able = most.sum(axis=1, keepdims=True)
                cooled[:, columns] = most * np.minimum(left / np.maximum(able, 1e-9), 1.0)
                left = np.maximum(left - able, 0.0)
        else:
            reuse[:, number] += taken[:, column]
    return reuse, cooled


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
    door_rack = {int(door): rack for rack, door in enumerate(world.rack_door) if door >= 0}
    for sink, (machine, rack) in enumerate(zip(world.sink_machine, world.sink_rack, strict=True)):
        if rack >= 0:
            gain[:, sink] = liquid_heat[:, rack]
        elif machine in door_rack:
            gain[:, sink] = state.door_heat[:, door_rack[machine]]
        elif world.cooling[machine].kind == "crah":
            unit = crah_at[world.cooling[machine].id]
            gain[:, sink] = state.crah_heat[:, unit] * (1.0 - state.crah_free[:, unit])
        elif world.cooling[machine].kind == "chiller":
            gain[:, sink] = state.condenser[:, machine]
    return gain


def pump_heat(world: Lowered, state: State) -> Array:
    """(S, L) pump work that ends as heat in the fluid: a CDU's whole input, a loop pump's shaft power. [W]"""
    first, second = _station_heat(world, state)
    return first + second


def _station_heat(world: Lowered, state: State) -> tuple[Array, Array]:
    """The same of the first station of pumps and of the second, each (S, L). [W]"""
    gain, second = np.zeros_like(state.supply), np.zeros_like(state.supply)
    drawn, shaft = mover_power(world, state), _shafts(world, state)
    for number, loop in enumerate(world.loops):
        if loop.self_pumped:
            gain[:, number] = drawn[:, world.source_machine[world.slices.source[number]]].sum(axis=1)
            continue
        part = world.slices.pump[number]
        work = np.where(state.live[:, world.pump_machine[part]], shaft[:, part], 0.0)
        second[:, number] = work[:, loop.second].sum(axis=1)
        gain[:, number] = work[:, ~np.asarray(loop.second)].sum(axis=1)
    return gain, second


def mover_power(world: Lowered, state: State) -> Array:
    """(S, M) electrical power of pumps and CDUs. [W]"""
    drawn = np.zeros_like(state.power)
    for column, machine in enumerate(world.source_machine):
        product = world.cooling[machine].product
        if isinstance(product, Cdu):
            density = world.loops[world.source_loop[column]].density
            flow = state.source_flow[:, column] / density
            inside = product.internal_drop * (flow / product.secondary_flow) ** 2
            work = flow * (np.maximum(state.mover_rise[:, column], 0.0) + inside)
            share = work / (product.secondary_flow * (product.external_head + product.internal_drop))
            drawn[:, machine] = product.pump_power * (CDU_STANDBY + (1.0 - CDU_STANDBY) * share)
    shaft = _shafts(world, state)
    for column, machine in enumerate(world.pump_machine):
        product = world.cooling[machine].product
        assert isinstance(product, Pump)
        rated, loss = product.flow * product.head / product.efficiency, shaft[:, column]
        if product.part_load == "falls":
            loss = rated * motors.pump_drive_loss(loss / rated, rated)
        drawn[:, machine] = shaft[:, column] + loss * (1.0 / product.motor_efficiency - 1.0)
    return np.where(state.live, drawn, 0.0)


def _shafts(world: Lowered, state: State) -> Array:
    """(S, pumps) power at the shafts of the loops' pumps, whether in service or not. [W]"""
    shaft = np.zeros_like(state.pump_flow)
    sources = world.source_machine.size
    for number, part in enumerate(world.slices.pump):
        density = world.loops[number].density
        for column in range(part.start, part.stop):
            product = world.cooling[world.pump_machine[column]].product
            assert isinstance(product, Pump)
            flow = state.pump_flow[:, column]
            rise = np.maximum(state.mover_rise[:, sources + column], 0.0)
            if product.part_load == "constant":
                shaft[:, column] = pumps.power(flow, rise, density, product.efficiency)
            else:
                shaft[:, column] = pumps.shaft_power(
                    flow, rise, density,
                    duty_flow=product.flow * density, duty_rise=product.head, efficiency=product.efficiency,
                )  # fmt: skip
    return shaft

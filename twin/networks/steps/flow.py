"""Flow: hydraulics of every loop, control valves and pump speed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.hydraulics import exchanger, network
from solvers.hydraulics.friction import friction_factor
from twin.model.piping import PRIMARY_SURPLUS
from twin.model.products import Cdu, Chiller, CoolingTower, Crah, DryCooler, HeatExchanger
from twin.networks import liquid, plant
from twin.networks.facility import Lowered, rack_product
from twin.networks.state import State, begun

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

COIL_MARGIN = 1.1
"""Water a coil takes over its share of rated duty. [-] Assumed."""
CDU_MARGIN = 1.3
"""Facility water a CDU takes over its share of rated duty, at its rated approach; in proportion more where the set
points of the two loops leave less. [-] Assumed: covers the fall of the conductance with flow.  The valve does not open
further for facility water that a plant too small has lost, which errs on the warm side."""
VALVE_FLOOR = 0.3
"""Smallest share of rated flow through a coil or CDU. [-] Assumed."""
SPARE_DROP = 15e3
"""Pressure kept across the control valve of the worst sink by pump speed control. [Pa] Assumed."""
SAME_FLOW, SAME_SPEED = 1e-10, 1e-10
"""A loop is solved again only when a wanted flow (over the design flow) or a pump speed changed by more. [-]"""
MIN_SPEED = 0.3
"""Lowest pump speed. [-] Assumed."""


def circulate(world: Lowered, state: State) -> State:
    """Hydraulics of every loop at the flows the sinks ask for; pump speed follows the worst sink."""
    limit = _wanted_flow(world, state)
    parts = {
        name: getattr(state, name).copy()
        for name in ("speed", "solved_speed", "source_flow", "pump_flow", "sink_flow", "sink_law", "sink_pressure",
                     "primary_speed", "solved_primary", "header_flow", "decoupler", "bypass", "pump_suction",
                     "suction_level", "mover_rise", "loop_velocity", "loop_pressure", "loop_margin", "mass_error")
    }  # fmt: skip
    ok = state.flow_ok.copy()
    stale = (np.abs(limit - state.sink_limit) > SAME_FLOW * world.sink_design) | ~begun(state)[:, None]
    switched = (state.live != state.solved_live).any(axis=1) | (state.staged != state.solved_staged).any(
        axis=1
    )
    for alike in world.alike:
        cases = []
        for number in alike:
            moved = np.abs(state.speed - state.solved_speed)[:, number] > SAME_SPEED
            moved |= np.abs(state.primary_speed - state.solved_primary)[:, number] > SAME_SPEED
            rows = np.flatnonzero(stale[:, world.slices.sink[number]].any(axis=1) | switched | moved)
            cases += [(number, rows)] if rows.size else []
        if cases:
            _circulate_alike(world, state, cases, limit, parts, ok)
    return replace(
        state, sink_limit=limit, solved_live=state.live, solved_staged=state.staged, flow_ok=ok, **parts
    )


def _circulate_alike(
    world: Lowered,
    state: State,
    cases: list[tuple[int, NDArray[np.intp]]],
    limit: Array,
    parts: dict[str, Array],
    ok: Mask,
) -> None:
    """Solve loops of one shape for the scenarios whose inputs changed, all in one batch; write into ``parts``."""
    loop = world.loops[cases[0][0]]
    pieces = [_loop_inputs(world, state, number, rows, limit) for number, rows in cases]
    source_live, pump_live, sink_live, wanted, speed, primary = (
        np.concatenate(piece) for piece in zip(*pieces, strict=True)
    )
    varied = loop.varied(source_live, pump_live, sink_live, wanted, speed, primary_speed=primary)
    coils = np.concatenate([_economizer_drop(world, state, number, rows) for number, rows in cases])
    if coils.any():
        laws = np.tile(np.asarray(loop.template.link_device_coefficient, float), (len(coils), 1))
        laws[:, loop.source_link] += coils
        varied["link_device_coefficient"] = laws
    answer = loop.ready.solve(**varied)
    through = loop.through(answer.link_flow[:, loop.sink_link], wanted)
    law = loop.law_drop(through)
    faster, margin = _pump_speed(loop, speed, answer, loop.branch_limit(wanted), sink_live)
    carried = loop.header_flow(answer.link_flow)
    risers = world.source_machine.size
    first = 0
    for number, rows in cases:
        part = slice(first, first + rows.size)
        first += rows.size
        source, pump, sink = (getattr(world.slices, name)[number] for name in ("source", "pump", "sink"))
        for name, columns, values in (
            ("source_flow", source, answer.link_flow[part][:, loop.source_link]),
            ("pump_flow", pump, answer.link_flow[part][:, loop.pump_link]),
            ("sink_flow", sink, through[part]),
            ("sink_law", sink, law[part]),
            (
                "sink_pressure",
                sink,
                answer.node_pressure[part][:, loop.sink_node] - loop.lift(loop.sink_level),
            ),
            ("pump_suction", pump, _suction(loop, answer.node_pressure[part])),
            ("header_flow", number, carried[part]),
            ("bypass", number, loop.bypassed(answer.link_flow[part], wanted[part])),
            ("mover_rise", source, -answer.link_drop[part][:, loop.source_link]),
            (
                "mover_rise",
                slice(risers + pump.start, risers + pump.stop),
                -answer.link_drop[part][:, loop.pump_link],
            ),
            ("loop_velocity", number, np.abs(answer.link_velocity[part]).max(axis=1)),
            ("loop_pressure", number, (answer.node_pressure[part] - loop.lift(loop.node_level)).max(axis=1)),
            ("suction_level", number, answer.node_pressure[part].max(axis=1)),
            (
                "primary_speed",
                number,
                _primary_speed(loop, primary[part], answer.link_flow[part], carried[part]),
            ),
            ("solved_primary", number, primary[part]),
            ("solved_speed", number, speed[part]),
            ("speed", number, faster[part]),
            ("loop_margin", number, margin[part]),
        ):
            parts[name][rows, columns] = values
        if loop.decoupled:
            parts["decoupler"][rows, number] = answer.link_flow[part][:, loop.decoupler_link]
        parts["mass_error"][rows] = np.maximum(parts["mass_error"][rows], answer.mass_error[part])
        ok[rows] &= answer.scenario_ok[part]


def _loop_inputs(
    world: Lowered, state: State, number: int, rows: NDArray[np.intp], limit: Array
) -> tuple[NDArray[Any], ...]:
    source, pump, sink = (getattr(world.slices, name)[number] for name in ("source", "pump", "sink"))
    live = state.live[rows]
    sink_live = np.stack([_open(world, state, rows, machine) for machine in world.sink_machine[sink]], axis=1)
    return (
        live[:, world.source_machine[source]] & state.staged[rows, source], live[:, world.pump_machine[pump]], sink_live,
        limit[rows, sink], state.speed[rows, number], state.primary_speed[rows, number],
    )  # fmt: skip


def _economizer_drop(world: Lowered, state: State, number: int, rows: NDArray[np.intp]) -> Array:
    """(rows, sources) what economizers add to their chillers' laws of pressure where valves lead through. [Pa/(kg/s)2]"""
    part = world.slices.source[number]
    added = np.zeros((rows.size, part.stop - part.start))
    for column, machine in enumerate(world.source_machine[part]):
        product = world.cooling[machine].product
        if not isinstance(product, Chiller) or product.economizer_approach is None:
            continue
        outdoors = state.dry_bulb[rows]
        for sink in np.flatnonzero(world.sink_machine == machine):
            outdoors = state.setpoint[rows, world.sink_loop[sink]]
        opened = plant.economizer_opens(product, state.setpoint[rows, number], outdoors)
        drop = product.drop if product.economizer_drop is None else product.economizer_drop
        added[:, column] = np.where(opened, drop / (product.flow * world.loops[number].density) ** 2, 0.0)
    return added


def _open(world: Lowered, state: State, rows: NDArray[np.intp], machine: int) -> Mask:
    """(rows,) a sink's valve is open: its machine has power, and is not one that stands while others carry the load."""
    if machine < 0:  # a rack
        return np.ones(rows.size, bool)
    serves = np.flatnonzero(world.source_machine == machine)
    return np.asarray(state.live[rows, machine] & state.staged[np.ix_(rows, serves)].all(axis=1))


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
            asked = world.rack_demand[rack] * world.rack_liquid[rack] * state.rack_level[:, rack]
            fluid = world.loops[loop].circuit.fluid
            wanted[:, sink] = liquid.rack_flow(
                rack_product(world.racks[rack]), asked, state.supply[:, loop], fluid
            )
        elif machine >= 0:
            name, product = world.cooling[machine].id, world.cooling[machine].product
            if isinstance(product, Cdu | HeatExchanger) and name in exchanger_at:
                opening = _opening(world, state, exchanger_at[name], product, int(loop))
                need[:, sink], capacity[sink] = opening * product.capacity, product.capacity
            elif isinstance(product, Crah):
                unit = crah_at[name]
                wet = state.crah_heat[:, unit] * (1.0 - state.crah_free[:, unit])
                need[:, sink], capacity[sink] = COIL_MARGIN * wet, product.capacity
    share = np.clip(need / capacity, VALVE_FLOOR, 1.0)
    return np.where(np.isfinite(capacity) & begun(state)[:, None], share, 1.0) * wanted


def _opening(
    world: Lowered, state: State, column: int, product: Cdu | HeatExchanger, cold_loop: int
) -> Array:
    """(S,) share of the rated cold stream with which a CDU (or plate exchanger) holds its warm outlet.

    A simple rule with a margin; where the exchanger would then miss the set point with facility water at *its* set
    point, the opening that meets it.  Facility water that has lost its set point opens the valve further only as far as
    the outdoors alone say that it must be warmer: valves that chase a saturated plant do not settle.
    """
    hot, cold = world.loops[world.heat.exchanger_loop[column]], world.loops[cold_loop]
    setpoint = state.setpoint[:, world.heat.exchanger_loop[column]]
    entering = np.maximum(state.setpoint[:, cold_loop], _coldest(world, state, cold_loop))
    duty = np.maximum(state.exchange[:, column], 0.0)
    rated, hot_rated, cold_rated = world.heat.exchanger_rating[column]
    link = np.flatnonzero(world.source_heat_link == world.heat.exchanger_hot[column])[0]
    hot_flow = state.source_flow[:, link]
    approach = np.maximum(setpoint - entering, 0.01)
    opening = np.clip(CDU_MARGIN * duty / product.capacity * product.approach / approach, VALVE_FLOOR, 1.0)

    def missed(share: Array) -> Array:
        rates = hot_flow * hot.capacity, share * cold_rated * cold.capacity
        least, most = np.minimum(*rates), np.maximum(*rates)
        conductance = exchanger.scaled_conductance(rated, np.maximum(hot_flow / hot_rated, 1e-6), share)
        safe = np.maximum(least, 1e-9)
        effect = exchanger.effectiveness(conductance / safe, least / np.maximum(most, 1e-9))
        warm = setpoint + duty / np.maximum(rates[0], 1e-9)
        return np.asarray((duty > effect * least * (warm - entering)) & (hot_flow > 0.0))

    short = missed(opening)
    if not short.any():
        return opening
    low, high = opening, np.ones_like(opening)
    for _ in range(40):
        middle = (low + high) / 2.0
        miss = missed(middle)
        low, high = np.where(miss, middle, low), np.where(miss, high, middle)
    return np.where(short, high, opening)


def _coldest(world: Lowered, state: State, loop: int) -> Array:
    """(S,) temperature below which no source of a loop could cool it, however large; -inf for chillers and exchangers."""
    weather = plant.Weather(state.dry_bulb, state.wet_bulb, state.barometer)
    coldest = np.full(len(state.live), np.inf)
    for machine in world.source_machine[world.slices.source[loop]]:
        product = world.cooling[machine].product
        if not isinstance(product, DryCooler | CoolingTower):
            return np.full(len(state.live), -np.inf)
        coldest = np.minimum(coldest, plant.sink(product, weather))
    return np.where(np.isfinite(coldest), coldest, -np.inf)


def _pump_speed(
    loop: liquid.LoopNetwork, speed: Array, answer: network.Solution, limit: Array, live: Mask
) -> tuple[Array, Array]:
    """New speed of a loop's pumps and the head they do not need.

    The pressure above what the worst live sink needs (its own passages and a working valve) is taken off the
    shut-off head, which falls with the square of speed; a sink short of flow raises it by what it lacks.  Controls that
    hold a pressure at the far end of the headers, or the speed, do that instead.  ``limit`` is the flow each branch is
    held at.
    """
    law = loop.law_drop(answer.link_flow[:, loop.sink_link])
    flow, drop = answer.link_flow[:, loop.sink_link], answer.link_drop[:, loop.sink_link]
    in_use = np.asarray(loop.template.link_open, bool)[loop.sink_link]  # not valved off
    asked = live & (limit > 0.0) & in_use
    short = np.maximum(loop.law_drop(limit) - law, 0.0)
    held = (flow >= limit * (1.0 - 1e-6)) | ~in_use
    pipe = _branch_friction(loop, answer)
    over = np.where(held, drop - law - pipe - SPARE_DROP, -short - SPARE_DROP)
    spare = np.where(asked, over, np.inf).min(axis=1, initial=np.inf)
    head = max(loop.drive, 1.0)  # a loop without pumps has none
    excess, control = spare, loop.circuit.control
    if control.pressure is not None:
        far = int(loop.sink_node[loop.circuit.sinks.index(loop.segment_sink[-1])])
        excess = answer.node_pressure[:, far] - answer.node_pressure[:, far + 1] - control.pressure
    squared = np.clip(speed**2 - np.where(np.isfinite(excess), excess, 0.0) / head, MIN_SPEED**2, 1.0)
    if control.hold == "speed":
        squared = np.full_like(squared, (control.speed or 1.0) ** 2)
    margin = (
        1.0
        - speed**2
        + (np.where(np.isfinite(spare), spare, 0.0) + np.where(held.all(axis=1), SPARE_DROP, 0.0)) / head
    )
    if control.pressure is not None:  # what the pumps have beyond, or lack for, the pressure they are to hold
        margin = np.minimum(margin, 1.0 - speed**2 + excess / head)
    return np.sqrt(squared), margin


def _primary_speed(loop: liquid.LoopNetwork, speed: Array, link_flow: Array, carried: Array) -> Array:
    """New speed of primary pumps beside a decoupler: their flow, in proportion to it, beyond that of the headers."""
    primary = loop.circuit.primary
    if not loop.decoupled or primary.hold == "speed":
        return speed
    flow = link_flow[:, loop.primary_link].sum(axis=1)
    surplus = PRIMARY_SURPLUS if primary.surplus is None else primary.surplus
    ratio = np.divide((1.0 + surplus) * carried, flow, out=np.ones_like(flow), where=flow > 0.0)
    return np.clip(speed * ratio, MIN_SPEED, 1.0)


def _suction(loop: liquid.LoopNetwork, node_pressure: Array) -> Array:
    """(S, pumps) gauge pressure at the inlet of each pump. [Pa]"""
    at = np.asarray(loop.template.link_from)[loop.pump_link]
    return np.asarray(node_pressure[:, at] - loop.lift(loop.pump_level))


def _branch_friction(loop: liquid.LoopNetwork, answer: network.Solution) -> Array:
    """Friction and fittings of the branch pipes, by Darcy-Weisbach at the solved velocity. [Pa]"""
    at = loop.sink_link
    diameter = np.asarray(loop.template.link_diameter)[at]
    length, minor = np.asarray(loop.template.link_length)[at], np.asarray(loop.template.link_minor_loss)[at]
    rough = np.asarray(loop.template.link_roughness)[at] / diameter
    velocity = np.abs(answer.link_velocity[:, at])
    factor = friction_factor(np.maximum(answer.link_reynolds[:, at], 1.0), rough)
    return (factor * length / diameter + minor) * loop.density * velocity**2 / 2.0

"""Cooling machines, loops and halls."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.air import indices
from twin.model.air_classes import CLASSES
from twin.model.products import PLANT_KINDS, Cdu, Crah, Pump
from twin.networks.air import AIR_CAPACITY
from twin.networks.facility import Lowered, rack_product
from twin.networks.loop_network import LoopNetwork
from twin.networks.state import State
from twin.networks.steps.air import rack_heat
from twin.networks.steps.heat import coolers_alike
from twin.results.results import Table
from twin.tabulate import piping

Array = NDArray[np.float64]


def cdus(world: Lowered, state: State) -> Table:
    names = [m.id for m in world.cooling if m.kind == "cdu"]
    machine_at = {machine.id: index for index, machine in enumerate(world.cooling)}
    source_at = {world.cooling[m].id: k for k, m in enumerate(world.source_machine)}
    sink_at = {world.cooling[m].id: k for k, m in enumerate(world.sink_machine) if m >= 0}
    exchanger_at = {name: k for k, name in enumerate(world.heat.exchanger_name)}
    count, rise = len(state.live), piping.sink_surge(world, state)
    rows: dict[str, list[Array]] = {q: [] for q in (
        "live", "duty", "loading", "primary_flow", "secondary_flow", "supply", "primary_supply", "approach", "power",
        "head_margin", "primary_required", "primary_pressure", "primary_surge", "secondary_pressure",
        "filter_drop")}  # fmt: skip
    zero = np.zeros(count)
    for name in names:
        product = world.facility.by_id[name].product
        assert isinstance(product, Cdu)
        duty = state.exchange[:, exchanger_at[name]] if name in exchanger_at else zero
        source, sink = source_at.get(name), sink_at.get(name)
        supply = state.supply[:, world.source_loop[source]] if source is not None else zero
        entering = state.supply[:, world.sink_loop[sink]] if sink is not None else zero
        values = {
            "live": state.live[:, machine_at[name]].astype(float),
            "duty": duty,
            "loading": duty / product.capacity,
            "primary_flow": state.sink_flow[:, sink] if sink is not None else zero,
            "secondary_flow": state.source_flow[:, source] if source is not None else zero,
            "supply": supply,
            "primary_supply": entering,
            "approach": supply - entering,
            "power": state.power[:, machine_at[name]],
            "head_margin": state.loop_margin[:, world.source_loop[source]] if source is not None else zero,
            "primary_surge": rise[:, sink] if sink is not None else zero,
            **piping.cdu_columns(world, state, name, source, sink),
        }
        for quantity, value in values.items():
            rows[quantity].append(value)
    return Table(tuple(names), {quantity: stack(columns, count) for quantity, columns in rows.items()})


def crahs(world: Lowered, state: State) -> Table:
    crahs = world.facility.of_kind("crah")
    at = [world.cooling.index(machine) for machine in crahs]
    sink_at = {world.cooling[m].id: k for k, m in enumerate(world.sink_machine) if m >= 0}
    count = len(state.live)

    def at_sink(values: Array, name: str) -> Array:
        return values[:, sink_at[name]] if name in sink_at else np.zeros(count)

    flows = [at_sink(state.sink_flow, m.id) for m in crahs]
    water = [
        state.supply[:, world.sink_loop[sink_at[m.id]]] if m.id in sink_at else np.zeros(count) for m in crahs
    ]
    capacity = np.array([m.product.capacity for m in crahs if isinstance(m.product, Crah)])
    return Table(
        tuple(machine.id for machine in crahs),
        {
            "live": state.live[:, at].astype(float),
            "duty": state.crah_heat,
            "loading": state.crah_heat / capacity if len(crahs) else state.crah_heat,
            "supply": state.crah_supply,
            "speed": state.crah_speed,
            "water_flow": stack(flows, count),
            "water_supply": stack(water, count),
            "water_required": stack([at_sink(state.sink_limit, m.id) for m in crahs], count),
            "water_pressure": stack([at_sink(state.sink_pressure, m.id) for m in crahs], count),
            "power": state.power[:, at],
            "saturated": state.crah_saturated.astype(float),
        },
    )


def rear_doors(world: Lowered, state: State) -> Table:
    at = [k for k, machine in enumerate(world.racks) if machine.rear_door is not None]
    count, duty, machines = len(state.live), state.door_heat[:, at], world.rack_door[at]
    sinks = world.door_sink[at]

    def at_sink(values: Array) -> Array:
        return stack([values[:, k] if k >= 0 else np.zeros(count) for k in sinks], count)

    water = at_sink(state.supply[:, world.sink_loop] if world.loops else np.zeros((count, 0)))
    capacity = [getattr(world.racks[k].rear_door, "capacity", np.inf) for k in at]
    air = state.rack_air[:, at]
    before = state.rack_inlet[:, at] + rack_heat(world, state)[1][:, at] / (
        AIR_CAPACITY * np.maximum(air, 1e-9)
    )
    return Table(
        tuple(world.racks[k].id for k in at),
        {
            "live": state.live[:, machines].astype(float),
            "duty": duty,
            "loading": duty / np.array(capacity),
            "air_supply": before,
            "air_leaving": before - duty / (AIR_CAPACITY * np.maximum(air, 1e-9)),
            "water_supply": water,
            "water_flow": at_sink(state.sink_flow),
            "water_required": at_sink(state.sink_limit),
            "water_pressure": at_sink(state.sink_pressure),
            "power": state.power[:, machines],
        },
    )


def plant(world: Lowered, state: State) -> Table:
    at = [k for k, m in enumerate(world.source_machine) if world.cooling[m].kind in PLANT_KINDS]
    machines = world.source_machine[at]
    values = {
        "live": state.live[:, machines].astype(float),
        "duty": state.plant_duty[:, at],
        "loading": state.plant_loading[:, at],
        "leaving": state.plant_leaving[:, at],
        "flow": state.source_flow[:, at],
        "power": state.power[:, machines],
        "water": state.plant_water[:, at],
        "saturated": state.plant_lost[:, at].astype(float),
        "free": state.plant_free[:, at],
        "pressure": _source_pressure(world, state)[:, at],
    }
    ids = tuple(world.cooling[m].id for m in machines)
    for loop in dict.fromkeys(world.precool_loop.tolist()):
        columns = np.flatnonzero(world.precool_loop == loop)
        ids += tuple(world.cooling[m].id for m in world.precool_machine[columns])
        more = _coolers(world, state, loop, columns)
        values = {name: np.concatenate([value, more[name]], axis=1) for name, value in values.items()}
    return Table(ids, values)


def _source_pressure(world: Lowered, state: State) -> Array:
    """(S, sources) highest pressure of the loop, at the height of each source. [Pa]"""
    lift = [loop.lift(loop.source_level) for loop in world.loops]
    return state.suction_level[:, world.source_loop] - np.concatenate([np.zeros(0), *lift])


def _coolers(world: Lowered, state: State, loop: int, columns: NDArray[np.intp]) -> dict[str, Array]:
    """Coolers in the return of one loop, as rows of the plant; none of them has a set point of its own to lose."""
    machines, heat = world.precool_machine[columns], state.precooled[:, columns]
    live = state.live[:, machines].astype(float)
    total = state.header_flow[:, loop]
    rate = total * world.loops[loop].capacity
    flow, drop = np.zeros_like(heat), np.zeros_like(heat)
    taken = state.reuse[:, loop]
    for alike in coolers_alike(world, loop):
        at = alike - columns[0]
        flow[:, at] = live[:, at] * (total / np.maximum(live[:, at].sum(axis=1), 1.0))[:, None]
        taken = taken + heat[:, at].sum(axis=1)
        drop[:, at] = (taken / np.maximum(rate, 1e-9))[:, None]
    return {
        "live": live,
        "duty": heat,
        "loading": heat / np.maximum(state.precool_most[:, columns], 1e-9),
        "leaving": state.back[:, [loop]] - drop,
        "flow": flow,
        "power": state.power[:, machines],
        "water": state.precool_water[:, columns],
        "saturated": np.zeros_like(heat),
        "free": np.ones_like(heat),
        "pressure": state.suction_level[:, [loop]] - world.loops[loop].lift(world.loops[loop].precool_level),
    }


def pumps(world: Lowered, state: State) -> Table:
    sources, machines = world.source_machine.size, world.pump_machine
    rated = []
    for column, machine in enumerate(machines):
        product = world.cooling[machine].product
        assert isinstance(product, Pump)
        loop = next(k for k, part in enumerate(world.slices.pump) if part.start <= column < part.stop)
        rated.append(product.flow * world.loops[loop].density)
    return Table(
        tuple(world.cooling[m].id for m in machines),
        {
            "live": state.live[:, machines].astype(float),
            "flow": state.pump_flow,
            "rise": state.mover_rise[:, sources:],
            "power": state.power[:, machines],
            "loading": state.pump_flow / np.array(rated) if rated else state.pump_flow,
            **piping.pump_columns(world, state),
        },
    )


def loops(world: Lowered, state: State) -> Table:
    count = len(state.live)
    heat, imbalance = [], []
    for number in range(len(world.loops)):
        part = world.slices.sink[number]
        asked = np.maximum(state.sink_limit[:, part], 1e-12)
        share = state.sink_flow[:, part] / asked
        machine = world.sink_machine[part]
        there = (machine < 0) | state.live[:, np.maximum(machine, 0)]  # what is out asks for nothing
        most = np.where(there, share, 0.0).max(axis=1, initial=0.0)
        imbalance.append(most - np.minimum(np.where(there, share, np.inf).min(axis=1, initial=np.inf), most))
        rise = state.back[:, number] - state.supply[:, number]
        heat.append(state.header_flow[:, number] * world.loops[number].capacity * rise)
    flows = [state.source_flow[:, part].sum(axis=1) for part in world.slices.source]
    return Table(
        tuple(loop.circuit.id for loop in world.loops),
        {
            "supply": state.supply,
            "return": state.back,
            "setpoint": state.setpoint,
            "flow": state.header_flow,
            "source_flow": stack(flows, count),
            "source_supply": state.source_supply,
            "decoupler": state.decoupler,
            "bypass": state.bypass,
            "least_flow": np.tile([_least_flow(loop) for loop in world.loops], (count, 1)),
            "density": np.tile([loop.density for loop in world.loops], (count, 1)),
            "velocity": state.loop_velocity,
            "pressure": state.loop_pressure,
            "heat": stack(heat, count),
            "head_margin": state.loop_margin,
            "imbalance": stack(imbalance, count),
            "reuse": state.reuse,
            **piping.loop_columns(world, state),
            "speed": np.where(state.solved_speed > 0.0, state.solved_speed, state.speed),
            "primary_speed": np.where(state.solved_primary > 0.0, state.solved_primary, state.primary_speed)
            * [loop.decoupled for loop in world.loops],
        },
    )


def _least_flow(loop: LoopNetwork) -> float:
    """What the by-pass keeps up in the headers; 0 where it has no such duty. [kg/s]"""
    bypass = loop.circuit.bypass
    return (bypass.minimum or 0.0) * loop.density if bypass is not None else 0.0


def halls(world: Lowered, state: State) -> Table:
    count = len(state.live)
    rows: dict[str, list[Array]] = {q: [] for q in ("inlet_max", "rci_hi", "rci_lo", "rti", "shi", "rhi")}
    for number, hall in enumerate(world.halls):
        inlet, outlet = state.rack_inlet[:, hall.rack], state.rack_outlet[:, hall.rack]
        flow, doors = state.rack_air[:, hall.rack], state.door_heat[:, hall.rack]
        # indices tell how air mixes, of which racks make the differences; what doors have cooled counts by the heat left
        outlet = outlet + doors / (AIR_CAPACITY * np.maximum(flow, 1e-12))
        given = flow * (outlet - inlet) * AIR_CAPACITY
        left = flow * (1.0 - np.clip(doors / np.maximum(given, 1e-9), 0.0, 1.0))
        classes = [CLASSES[rack_product(world.racks[r]).air_class] for r in hall.rack]
        worst = classes[0]  # a hall of mixed classes is judged by its first rack's
        high, low = indices.rci(inlet, worst.recommended, worst.allowable)
        rise = (left * (outlet - inlet)).sum(axis=1) / np.maximum(left.sum(axis=1), 1e-12)
        supply = state.hall_supply[:, number]
        heat_index = indices.shi(inlet, outlet, supply, flow)
        for quantity, value in (
            ("inlet_max", inlet.max(axis=1)), ("rci_hi", high / 100.0), ("rci_lo", low / 100.0),
            ("rti", indices.rti(state.hall_return[:, number], supply, rise) / 100.0),
            ("shi", heat_index), ("rhi", 1.0 - heat_index),
        ):  # fmt: skip
            rows[quantity].append(value)
    return Table(
        tuple(hall.shell.id or "hall" for hall in world.halls),
        {
            "supply_flow": state.hall_flow,
            "supply": state.hall_supply,
            "return": state.hall_return,
            "dew_point": state.hall_dew_point,
            "heat": state.hall_heat,
            "rests": state.hall_rests.astype(float),
            **{quantity: stack(columns, count) for quantity, columns in rows.items()},
        },
    )


def stack(columns: list[Array], count: int) -> Array:
    """(S, n) from n columns of (S,)."""
    return np.stack(columns, axis=1).astype(float) if columns else np.zeros((count, 0))

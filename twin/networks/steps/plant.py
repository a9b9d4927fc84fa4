"""Plant: leaving temperatures, fans, compressors and water at the outdoor state."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from twin.model.facility import Circuit, Machine
from twin.model.products import PLANT_KINDS, Chiller, CoolingTower, DryCooler
from twin.networks import plant
from twin.networks.facility import Lowered
from twin.networks.state import State
from twin.networks.steps.heat import coolers_alike, mover_power
from twin.networks.steps.turns import turns

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

FULL = 0.95
"""Load of a machine over what it can carry at which the sequence starts another. [-] Assumed."""
HOLD = 1.03
"""A machine more than needed runs on until the others could carry this much more. [-] Assumed; keeps the count at rest."""


def reject(world: Lowered, state: State) -> State:
    """Plant at the outdoor state: leaving temperatures, fans, compressors, water."""
    parts = {
        name: getattr(state, name).copy()
        for name in (
            "plant_leaving",
            "plant_loading",
            "plant_water",
            "plant_free",
            "plant_lost",
            "plant_running",
            "condenser",
            "power",
            "staged",
            "precool_most",
            "precool_water",
        )
    }
    parts["power"] = np.where(_is_mover(world), mover_power(world, state), parts["power"])
    weather = plant.Weather(state.dry_bulb, state.wet_bulb, state.barometer)
    groups = _alike(world)
    ables = [
        state.live[:, world.source_machine[columns]] & _condensing(world, state, columns)
        for columns in groups
    ]
    for columns, able, turn in zip(groups, ables, turns(world, state, weather, groups, ables), strict=True):
        machines = world.source_machine[columns]
        loop = int(world.source_loop[columns[0]])
        live = able & (state.source_flow[:, columns] > 0.0)
        running = np.maximum(live.sum(axis=1), 1)
        duty = np.maximum((state.plant_duty[:, columns] * live).sum(axis=1), 0.0) / running
        flow = (state.source_flow[:, columns] * live).sum(axis=1) / running
        entering = _condenser_water(world, state, int(machines[0]))
        setpoint = state.setpoint[:, loop]
        asked = plant.Asked(duty, flow, world.loops[loop].capacity, setpoint, entering)
        machine = world.cooling[machines[0]]
        answer = plant.run(machine, asked, weather)
        loading = answer.loading
        staged = np.ones_like(able)
        if machine.stage == "needed":
            staged = _sequence(able, live, loading) | (turn.together[:, None] & able)
            loading = loading * running / np.maximum(able.sum(axis=1), 1)
        parts["staged"][:, columns] = staged & ~turn.rests[:, None]
        loading = _of_own_set_point(world.loops[loop].circuit, machine, asked, weather, loading)
        for name, value in (
            ("plant_leaving", answer.leaving), ("plant_loading", loading), ("plant_water", answer.water),
            ("plant_free", answer.free), ("plant_lost", answer.lost),
        ):  # fmt: skip
            idle = parts[name][:, columns] * 0 if name != "plant_leaving" else setpoint[:, None]
            value = np.where(turn.rests, 0.0, value) if name in ("plant_free", "plant_loading") else value
            there = able if name in ("plant_free", "plant_loading") else live
            parts[name][:, columns] = np.where(there, value[:, None], idle)
        # a chiller without condenser water lets its own water pass; plant out of service has none
        parts["plant_running"][:, columns] = live | (state.source_flow[:, columns] <= 0.0)
        parts["power"][:, machines] = _input(
            state, machine, machines, live & (duty > 0.0)[:, None], answer.power, weather
        )
        parts["condenser"][:, machines] = np.where(live, answer.condenser[:, None], 0.0)
    _precool(world, state, weather, parts)
    return replace(state, **parts)


def _of_own_set_point(
    circuit: Circuit, machine: Machine, asked: plant.Asked, weather: plant.Weather, loading: Array
) -> Array:
    """(S,) loading, where water is colder than its loop must have it for economizers alone, for what it must have."""
    product = machine.product
    colder = asked.setpoint < circuit.supply
    if circuit.reset is not None or isinstance(product, Chiller) or not colder.any():
        return loading
    assert isinstance(product, (CoolingTower, DryCooler))
    own = np.maximum(asked.setpoint, circuit.supply)
    least = plant.loading(product, replace(asked, setpoint=own), weather)
    return np.where(colder, np.minimum(least, loading), loading)


def _sequence(able: Mask, live: Mask, loading: Array) -> Mask:
    """(S, n) the first of the machines that are able, as few as carry the load; what runs and suffices stays."""
    running = live.sum(axis=1)
    needed = np.ceil(running * loading / FULL - 1e-9)
    enough = (running >= needed) & (running - 1 < np.maximum(running * loading / FULL * HOLD, 1.0))
    count = np.where((running > 0) & enough, running, np.maximum(needed, 1.0))
    return np.asarray(able & (np.cumsum(able, axis=1) <= count[:, None])) | ~able.any(axis=1, keepdims=True)


def _precool(world: Lowered, state: State, weather: plant.Weather, parts: dict[str, Array]) -> None:
    """Machines in returns, type after type as they are named: each takes what it can of what is left above the set point."""
    for number, loop in enumerate(world.loops):
        rate = state.header_flow[:, number] * loop.capacity
        entering = state.back[:, number] - state.reuse[:, number] / np.maximum(rate, 1e-9)
        for columns in coolers_alike(world, number):
            machines = world.precool_machine[columns]
            live = state.live[:, machines] & (rate > 0.0)[:, None]
            running = np.maximum(live.sum(axis=1), 1)
            share = rate / loop.capacity / running
            machine, setpoint = world.cooling[machines[0]], state.setpoint[:, number]
            most = plant.precool(machine, share, loop.capacity, entering, plant.FULL_SPEED, weather)
            answer = plant.precool(machine, share, loop.capacity, entering, setpoint, weather)
            parts["precool_most"][:, columns] = np.where(live, most.heat[:, None], 0.0)
            parts["precool_water"][:, columns] = np.where(live, answer.water[:, None], 0.0)
            at_work = live & (answer.heat > 0.0)[:, None]
            parts["power"][:, machines] = _input(state, machine, machines, at_work, answer.power, weather)
            taken = np.where(live, answer.heat[:, None], 0.0).sum(axis=1)
            entering = entering - taken / np.maximum(rate, 1e-9)


def _input(
    state: State,
    machine: Machine,
    machines: NDArray[np.intp],
    at_work: Mask,
    power: Array,
    weather: plant.Weather,
) -> Array:
    """(S, n) power of machines of one type: of those at work their own, of those that stand still their frost heaters'."""
    heaters = np.where(state.live[:, machines], plant.frost_power(machine, at_work, weather), 0.0)
    return np.where(at_work, power[:, None], heaters)


def _is_mover(world: Lowered) -> Mask:
    return np.array([machine.kind in ("cdu", "pump") for machine in world.cooling], bool)


def _alike(world: Lowered) -> list[NDArray[np.intp]]:
    """Plant sources of one type in one loop, which run alike."""
    groups: dict[tuple[int, str], list[int]] = {}
    for column, machine in enumerate(world.source_machine):
        if world.cooling[machine].kind in PLANT_KINDS:
            groups.setdefault((int(world.source_loop[column]), world.cooling[machine].type), []).append(
                column
            )
    return [np.array(columns, np.intp) for columns in groups.values()]


def _condensing(world: Lowered, state: State, columns: NDArray[np.intp]) -> Mask:
    """(S, n) where plant that needs condenser water gets some, or would: the valves of machines that stand are shut."""
    flowing = np.ones((len(state.live), columns.size), bool)
    for place, column in enumerate(columns):
        machine = world.source_machine[column]
        sinks = np.flatnonzero(world.sink_machine == machine)
        if sinks.size:
            pumps = world.pump_machine[world.slices.pump[int(world.sink_loop[sinks[0]])]]
            could = state.live[:, pumps].any(axis=1)
            flowing[:, place] = np.where(
                state.staged[:, column], state.sink_flow[:, sinks].max(axis=1) > 0.0, could
            )
        elif getattr(world.cooling[machine].product, "condenser", "") == "water":
            flowing[:, place] = False
    return flowing


def _condenser_water(world: Lowered, state: State, machine: int) -> Array:
    for sink in np.flatnonzero(world.sink_machine == machine):
        return np.asarray(state.supply[:, world.sink_loop[sink]])
    return state.dry_bulb

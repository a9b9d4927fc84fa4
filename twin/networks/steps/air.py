"""Air: rack inlets, what room air handlers and rear doors take up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers import psychrometrics
from solvers.plant.air_economizer import AirEconomizerRating
from solvers.plant.air_economizer import run as economize
from twin.model.products import Crah, RearDoor
from twin.networks import air
from twin.networks.facility import Lowered, rack_product
from twin.networks.state import State, begun

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def rack_heat(world: Lowered, state: State) -> tuple[Array, Array]:
    """(S, R) heat of each rack into liquid and into air; without a loop all of it goes to air. [W]"""
    liquid_heat = state.rack_power * np.where(world.rack_loop >= 0, world.rack_liquid, 0.0)
    return liquid_heat, state.rack_power - liquid_heat


def breathe(world: Lowered, state: State) -> State:
    """Air of every hall: rack inlets, what room air handlers and rear doors take up."""
    _, air_heat = rack_heat(world, state)
    flow = (
        np.stack(
            [
                air.rack_air_flow(rack_product(world.racks[r]), air_heat[:, r])
                for r in range(len(world.racks))
            ],
            axis=1,
        )
        if world.racks
        else air_heat
    )
    doors = _door_cooling(world, state, flow, air_heat)
    door_fans = _door_fans(world, state, flow)
    columns: dict[str, Any] = {
        name: getattr(state, name).copy()
        for name in ("rack_inlet", "rack_highest", "rack_error", "rack_outlet", "rack_recirculation", "rack_humidity",
                     "crah_heat", "crah_supply",
                     "crah_speed", "crah_saturated", "hall_return", "hall_supply", "hall_flow", "hall_dew_point",
                     "hall_heat", "hall_ok", "hall_rests", "power")
    }  # fmt: skip
    crahs = world.facility.of_kind("crah")
    machine_of = {machine.id: index for index, machine in enumerate(world.cooling)}
    crah_machine = np.array([machine_of[machine.id] for machine in crahs], np.intp)
    coolant, wet = _coil_water(world, state, crah_machine)
    for number, hall in enumerate(world.halls):
        units, racks = hall.crah, hall.rack
        live = state.live[:, crah_machine[units]]
        wanted = hall.shell.air.supply_ratio * _air_for_room(flow, air_heat, doors)[:, racks].sum(axis=1)
        speed = hall.speed(wanted, live)
        fans = hall.unit_fan * speed**3
        blown = door_fans[:, racks].sum(axis=1)
        room = state.room_loss[:, number] + fans.sum(axis=1) + blown
        answer = world.airs[number].solve(
            hall.problem(
                flow[:, racks],
                air_heat[:, racks],
                doors[:, racks],
                room,
                speed,
                live,
                coolant[:, units],
                wet[:, units],
            ),
            fans,
        )
        columns["rack_inlet"][:, racks] = answer.rack_inlet
        columns["rack_highest"][:, racks] = answer.rack_highest
        columns["rack_error"][:, racks] = answer.rack_error
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
        columns["hall_rests"][:, number] = answer.rests
        columns["power"][:, crah_machine[units]] = fans
    behind = world.rack_door >= 0
    columns["power"][:, world.rack_door[behind]] = door_fans[:, behind]
    return replace(state, rack_air=flow, door_heat=doors, **columns)


def ventilate(world: Lowered, state: State) -> State:
    """Outdoor air: the share of each room air handler's heat that it takes where its moisture and temperature allow that.

    The humidifier's and the dampers' power is left out; the fans run as without it.
    """
    crahs = world.facility.of_kind("crah")
    able = [k for k, machine in enumerate(crahs) if machine.outdoor_air]
    if not able:
        return state
    free = state.crah_free.copy()
    humidity = psychrometrics.humidity_ratio_from_wet_bulb(state.dry_bulb, state.wet_bulb, state.barometer)
    for number, hall in enumerate(world.halls):
        units = [k for k in hall.crah if k in able]
        for unit in units:
            product = crahs[unit].product
            assert isinstance(product, Crah)
            wanted = crahs[unit].setpoint if crahs[unit].setpoint is not None else 24.0
            duty, back = state.crah_heat[:, unit], np.maximum(state.hall_return[:, number], wanted + 0.1)
            rating = AirEconomizerRating(air_flow=product.air_flow, fan_power=product.fan_power)
            answer = economize(
                rating, duty=duty, return_temperature=back, setpoint=wanted, dry_bulb=state.dry_bulb,
                humidity_ratio=humidity, pressure=state.barometer,
            )  # fmt: skip
            free[:, unit] = answer.free_heat / np.maximum(duty, 1e-9)
    return replace(state, crah_free=np.clip(free, 0.0, 1.0))


def _door_cooling(world: Lowered, state: State, flow: Array, air_heat: Array) -> Array:
    """(S, R) heat taken at rear doors, from the last inlet and what the rack adds to it. [W]"""
    taken = np.zeros_like(flow)
    for column, machine in enumerate(world.racks):
        sink = world.door_sink[column]
        if isinstance(machine.rear_door, RearDoor) and sink >= 0:
            before = state.rack_inlet[:, column] + air_heat[:, column] / (air.AIR_CAPACITY * flow[:, column])
            loop = world.sink_loop[sink]
            rated = machine.rear_door.flow * world.loops[loop].density
            got = np.where(begun(state), state.sink_flow[:, sink], rated) / rated
            wet = got * state.live[:, world.rack_door[column]]
            heat = air.door_cooling(machine.rear_door, flow[:, column], before, state.supply[:, loop], wet)
            # the door's valve keeps it from cooling the exhaust below the room
            taken[:, column] = np.minimum(heat, air_heat[:, column])
    return taken


def _door_fans(world: Lowered, state: State, flow: Array) -> Array:
    """(S, R) power of the fans of active doors; they stand where the rack does, or without power. [W]"""
    drawn = np.zeros_like(flow)
    pressure = float(psychrometrics.pressure_at(world.facility.place.elevation))
    for column, machine in enumerate(world.racks):
        if isinstance(machine.rear_door, RearDoor) and machine.rear_door.fan_power > 0.0:
            turns = state.live[:, world.rack_door[column]] & state.served[:, column]
            drawn[:, column] = turns * air.door_fans(machine.rear_door, flow[:, column], pressure)
    return drawn


def _air_for_room(flow: Array, air_heat: Array, doors: Array) -> Array:
    """(S, R) air that room air handlers must follow: exhaust that a door has cooled counts by the heat left in it. [kg/s]"""
    left = np.divide(air_heat - doors, air_heat, out=np.ones_like(flow), where=air_heat > 0.0)
    return np.asarray(flow * np.clip(left, 0.0, 1.0))


def _water_share(state: State, sink: int) -> Array:
    """(S,) water a coil gets over the water its valve asks for; all of it before the first pass."""
    asked = np.maximum(state.sink_limit[:, sink], 1e-9)
    return np.where(begun(state), np.clip(state.sink_flow[:, sink] / asked, 0.0, 1.0), 1.0)


def _coil_water(world: Lowered, state: State, crah_machine: NDArray[np.intp]) -> tuple[Array, Array]:
    """(S, C) water temperature at each coil and the share of the water asked for that it gets; 0 without a loop."""
    count = len(state.live)
    coolant, wet = np.full((count, crah_machine.size), 100.0), np.zeros((count, crah_machine.size))
    column = {int(machine): index for index, machine in enumerate(crah_machine)}
    for sink, machine in enumerate(world.sink_machine):
        if machine in column:
            coolant[:, column[machine]] = state.supply[:, world.sink_loop[sink]]
            wet[:, column[machine]] = _water_share(state, sink)
    return coolant, wet

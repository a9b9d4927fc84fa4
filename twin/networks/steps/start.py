"""The first guess."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.networks.facility import Lowered
from twin.networks.plant import Weather
from twin.networks.setpoints import setpoints
from twin.networks.state import State
from twin.networks.steps.curtailment import MEMORY
from twin.scenario import Scenario

Array = NDArray[np.float64]


def start(world: Lowered, scenarios: tuple[Scenario, ...], weather: Weather | None = None) -> State:
    """First guess: demand served where the power tree reaches, set points held; ``weather`` instead of the states' own."""
    count, racks, machines = len(scenarios), len(world.racks), len(world.cooling)
    loops, halls, crahs = len(world.loops), len(world.halls), len(world.facility.of_kind("crah"))
    sources, pumps, sinks = world.source_machine.size, world.pump_machine.size, world.sink_loop.size

    def full(width: int, value: float | Array = 0.0) -> Array:
        return np.array(np.broadcast_to(value, (count, width)), float)

    air = weather or world.weather(scenarios)
    wanted = setpoints(world.facility, world.loops, air)
    zeros = {
        name: full(width)
        for names, width in (
            (("rack_air", "rack_error", "rack_recirculation", "rack_humidity", "door_heat"), racks),
            (("power", "condenser"), machines),
            (("crah_heat", "crah_free", "crah_supply", "crah_speed"), crahs),
            (("room_loss", "hall_flow", "hall_dew_point", "hall_heat"), halls),
            (("electrical_room_heat",), halls + 1),
            (("source_flow", "plant_duty", "plant_loading", "plant_water", "plant_free"), sources),
            (("pump_flow", "pump_suction"), pumps),
            (("sink_flow", "sink_law", "sink_pressure"), sinks),
            (("mover_rise",), sources + pumps),
            (("loop_velocity", "loop_pressure", "loop_margin", "suction_level"), loops),
            (("header_flow", "decoupler", "bypass"), loops),
            (("exchange",), world.heat.exchanger_hot.size),
            (("reuse",), loops),
            (("precool_most", "precooled", "precool_water"), world.precool_machine.size),
        )
        for name in names
    }
    return State(
        **zeros,
        dry_bulb=air.dry_bulb,
        wet_bulb=air.wet_bulb,
        barometer=air.pressure,
        setpoint=wanted,
        served=np.ones((count, racks), bool),
        live=np.ones((count, machines), bool),
        rack_level=(level := world.levels(scenarios)),
        throttle=full(racks, 1.0),
        throttle_memory=np.full((count, MEMORY, racks), np.nan),
        gap_memory=np.full((count, MEMORY, racks), np.nan),
        throttle_gap=np.zeros(count),
        rack_power=world.rack_demand * level,
        rack_inlet=full(racks, 24.0),
        rack_highest=full(racks, 24.0),
        rack_outlet=full(racks, 36.0),
        crah_saturated=np.zeros((count, crahs), bool),
        hall_return=full(halls, 36.0),
        hall_supply=full(halls, 24.0),
        hall_ok=np.ones((count, halls), bool),
        hall_rests=np.ones((count, halls), bool),
        speed=full(loops, 1.0),
        solved_speed=full(loops, -1.0),
        primary_speed=full(loops, np.array([loop.primary_full for loop in world.loops])),
        solved_primary=full(loops, -1.0),
        solved_live=np.zeros((count, machines), bool),
        sink_limit=full(sinks, world.sink_design),
        supply=wanted.copy(),
        source_supply=wanted.copy(),
        back=wanted + 10.0,
        plant_leaving=wanted[:, world.source_loop] if loops else full(sources),
        plant_running=np.ones((count, sources), bool),
        plant_lost=np.zeros((count, sources), bool),
        staged=np.ones((count, sources), bool),
        solved_staged=np.ones((count, sources), bool),
        solved_load=full(len(world.power.loads), -1.0),
        mass_error=np.zeros(count),
        pipe_loss=np.zeros(count),
        stagnant=np.zeros(count),
        flow_ok=np.ones(count, bool),
        heat_ok=np.ones(count, bool),
        power_ok=np.ones(count, bool),
    )

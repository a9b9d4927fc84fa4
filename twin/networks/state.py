"""The unknowns of the coupling: one frozen value, every array with the scenario on axis 0."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class State:
    """S states of R racks, M cooling machines, L loops, H halls, C room air handlers.

    Each step of the coupling returns a copy with its own fields replaced.
    """

    dry_bulb: Array
    wet_bulb: Array
    """(S,) outdoors. [degC]"""
    barometer: Array
    """(S,) [Pa]"""
    setpoint: Array
    """(S, L) supply temperature the sources of each loop are asked for. [degC]"""

    served: Mask
    """(S, R) rack has power."""
    live: Mask
    """(S, M) cooling machine in service and powered."""
    rack_level: Array
    """(S, R) power asked for over the demand of the layout's workload."""
    throttle: Array
    """(S, R) power drawn over power asked for."""
    throttle_memory: Array
    gap_memory: Array
    """(S, memory, R) throttles of the last steps, and by how much what could be carried differed; NaN where none."""
    throttle_gap: Array
    """(S,) largest difference between what racks draw and what can be carried, as shares of demand."""
    rack_power: Array
    """(S, R) at the input. [W]"""
    room_loss: Array
    """(S, H) losses of electrical machines into the hall's air. [W]"""
    electrical_room_heat: Array
    """(S, H + 1) losses into the electrical rooms of every hall and, last, those that the halls share. [W]"""
    power: Array
    """(S, M) electrical power of the cooling machines. [W]"""

    solved_load: Array
    """(S, loads) loads of the last power flow; -1 before the first. [W]"""

    rack_air: Array
    """(S, R) [kg/s]"""
    rack_inlet: Array
    rack_highest: Array
    rack_outlet: Array
    """(S, R) mean over the inlet, its warmest place, outlet. [degC]"""
    rack_error: Array
    """(S, R) estimated error of the inlet. [K]"""
    rack_recirculation: Array
    rack_humidity: Array
    door_heat: Array
    """(S, R) taken by rear doors. [W]"""
    crah_heat: Array
    crah_free: Array
    """(S, C) heat of room air handlers, and the share that outdoor air takes."""
    crah_supply: Array
    crah_speed: Array
    """(S, C)"""
    crah_saturated: Mask
    hall_return: Array
    hall_supply: Array
    """(S, H) [degC]"""
    hall_flow: Array
    """(S, H) supply air. [kg/s]"""
    hall_dew_point: Array
    hall_heat: Array
    hall_ok: Mask
    """(S, H) the hall has a steady state."""
    hall_rests: Mask
    """(S, H) the solve of its air came to rest."""

    speed: Array
    """(S, L) pump speed."""
    solved_speed: Array
    """(S, L) pump speed at which the flows below were solved; -1 before the first solve."""
    primary_speed: Array
    """(S, L) speed of primary pumps beside a decoupler; 1 without."""
    solved_primary: Array
    """(S, L) the same in the last solve."""
    solved_live: Mask
    """(S, M) machines that ran in that solve."""
    source_flow: Array
    pump_flow: Array
    sink_flow: Array
    """(S, sources), (S, pumps), (S, sinks) [kg/s]"""
    header_flow: Array
    """(S, L) what the headers of each loop carry. [kg/s]"""
    decoupler: Array
    """(S, L) from the sources' outlet to the return; negative where return mixes into the supply. [kg/s]"""
    bypass: Array
    """(S, L) from the supply to the return past the sinks, by the by-pass and by three-way valves. [kg/s]"""
    sink_limit: Array
    """(S, sinks) flow wanted. [kg/s]"""
    sink_law: Array
    """(S, sinks) pressure drop through each sink itself. [Pa]"""
    sink_pressure: Array
    """(S, sinks) gauge pressure at the inlet. [Pa]"""
    mover_rise: Array
    """(S, sources + pumps) pressure rise across each. [Pa]"""
    pump_suction: Array
    """(S, pumps) gauge pressure at the inlet. [Pa]"""
    suction_level: Array
    """(S, L) highest pressure of the loop, brought to the height of its pumps' suction. [Pa]"""
    loop_velocity: Array
    loop_pressure: Array
    loop_margin: Array
    """(S, L) unused share of the pump head; negative where flow is short."""
    mass_error: Array
    """(S,)"""

    supply: Array
    back: Array
    """(S, L) supply and return temperature. [degC]"""
    source_supply: Array
    """(S, L) temperature behind the sources; that of the supply, but for what a decoupler mixes into it. [degC]"""
    exchange: Array
    """(S, X) duty of the exchangers between loops. [W]"""
    plant_duty: Array
    """(S, sources) heat taken from the loop by plant machines. [W]"""
    plant_leaving: Array
    """(S, sources) [degC]"""
    plant_loading: Array
    plant_water: Array
    plant_free: Array
    plant_running: Mask
    """(S, sources) plant that cools what flows through it; fluid passes the others unchanged."""
    plant_lost: Mask
    staged: Mask
    """(S, sources) the sequence runs it."""
    solved_staged: Mask
    """The same at the last solve of the flows."""
    reuse: Array
    """(S, L) heat taken from the return by its users. [W]"""
    precool_most: Array
    precooled: Array
    """(S, P) heat that machines in a return could take from it at full speed, and what they take. [W]"""
    precool_water: Array
    """(S, P) make-up water. [kg/s]"""
    condenser: Array
    """(S, M) heat of chillers into their condenser loop. [W]"""
    pipe_loss: Array
    """(S,) heat that pipes lose to their surroundings. [W]"""
    stagnant: Array
    """(S,) heat into fluid that does not move. [W]"""

    flow_ok: Mask
    heat_ok: Mask
    power_ok: Mask
    """(S,) the domain's solve met its tolerance."""

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Some scenarios."""
        return replace(self, **{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def put(self, rows: NDArray[np.intp], part: State) -> Self:
        """A copy with some scenarios taken from ``part``."""
        merged = {}
        for f in fields(self):
            whole = getattr(self, f.name).copy()
            whole[rows] = getattr(part, f.name)
            merged[f.name] = whole
        return replace(self, **merged)


def change(before: State, after: State, scale: Array) -> Array:
    """(S,) largest change of what couples the domains: powers over ``scale`` (S,) [W], temperatures over 100 K."""
    watts = [
        _largest(after, before, name) / scale
        for name in ("rack_power", "power", "crah_heat", "plant_duty", "precooled", "room_loss")
    ]
    kelvins = [_largest(after, before, name) / 100.0 for name in ("supply", "plant_leaving", "rack_inlet")]
    plain = [
        _largest(after, before, "throttle"),
        _largest(after, before, "speed"),
        _largest(after, before, "primary_speed"),
        after.throttle_gap,
    ]
    return np.max([*watts, *kelvins, *plain], axis=0)


def _largest(after: State, before: State, name: str) -> Array:
    difference = np.abs(getattr(after, name) - getattr(before, name))
    return difference.max(axis=1, initial=0.0)


def begun(state: State) -> Mask:
    """(S,) False in the first pass, before any flow was solved."""
    return np.asarray(state.solved_speed.min(axis=1, initial=1.0) >= 0.0)

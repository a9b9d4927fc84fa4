"""Curtailment: what racks may draw with the coolant and air they get."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from twin.model.air_classes import CLASSES
from twin.networks.facility import Lowered, rack_product
from twin.networks.state import State

Array = NDArray[np.float64]

STEEPEST, SHALLOWEST = -50.0, 0.9
"""Bounds of the slope of a target that the secant step believes. [-]"""
AIR_TRIP_SPAN = 10.0
"""Above the allowable inlet a rack throttles linearly and is off this much higher. [K] Assumed."""


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
    rise = np.divide(
        target - target_before, moved, out=np.full_like(value, slope), where=np.abs(moved) > 1e-13
    )
    return np.asarray(value + (target - value) / (1.0 - np.clip(rise, STEEPEST, SHALLOWEST)))


def _liquid_share(world: Lowered, state: State) -> Array:
    """(S, R) share of the demand that the coolant's flow and temperature can carry within the sheet's limits."""
    share = np.ones_like(state.throttle)
    for column in range(len(world.racks)):
        rack, sink, loop = rack_product(world.racks[column]), world.rack_sink[column], world.rack_loop[column]
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
    allowable = np.array(
        [CLASSES[rack_product(world.racks[r]).air_class].highest(elevation) for r in range(len(world.racks))]
    )
    return np.clip(1.0 - (state.rack_inlet - allowable) / AIR_TRIP_SPAN, 0.0, 1.0)

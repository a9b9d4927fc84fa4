"""Curtailment: what racks may draw with the coolant and air they get."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from twin.model.air_classes import CLASSES
from twin.networks.facility import Lowered, rack_product
from twin.networks.state import State

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

MEMORY = 4
"""Steps remembered to estimate how racks that share coolant and air act on each other. [-]"""
DAMPING = 0.25
"""Share of the gap closed by a step for which nothing is remembered. [-]"""
TRUST = 0.3
"""Largest change of a rack's throttle in one step. [-]"""
AIR_TRIP_SPAN = 10.0
"""Above the allowable inlet a rack throttles linearly and is off this much higher. [K] Assumed."""


def curtail(world: Lowered, state: State, *, act: bool) -> State:
    """Racks that coolant or air cannot carry draw less.

    Cooling less heat warms less air and coolant, so what can be carried depends on what is drawn, and the answer to
    a step takes a few passes to come back through the loops: ``act`` is True only when it has.  In between the gap
    is only measured; a rack that no power or no coolant reaches stops at once.  One that is too warm does so step by step:
    off at once, it would be cold, start again, and never come to rest.
    """
    liquid = _liquid_share(world, state)
    target = np.where(state.served, np.minimum(liquid, _air_share(world, state)), 0.0)
    stopped = ~state.served | (liquid == 0.0)
    state = replace(state, throttle_gap=np.abs(target - state.throttle).max(axis=1, initial=0.0))
    if act:
        return _step(state, target, stopped)
    return replace(state, throttle=np.where(stopped, 0.0, state.throttle))


def _step(state: State, target: Array, stopped: Mask) -> State:
    """One step of all racks towards ``throttle = target(throttle)``, by Anderson's mixing of the last steps.

    Racks that share coolant and air act on each other, so the step is taken for the racks of a scenario together.

    References
    ----------
    .. [1] D. G. Anderson, "Iterative procedures for nonlinear integral equations", J. ACM 12 (1965) 547-560;
       H. F. Walker and P. Ni, "Anderson acceleration for fixed-point iterations", SIAM J. Numer. Anal. 49 (2011).
    """
    value, gap = state.throttle, target - state.throttle
    moved = value[:, None] - state.throttle_memory
    closed = gap[:, None] - state.gap_memory
    known = np.isfinite(state.gap_memory).all(axis=2, keepdims=True) & (
        np.abs(moved).max(axis=2, keepdims=True, initial=0.0) > 1e-12
    )
    moved, closed = np.where(known, moved, 0.0), np.where(known, closed, 0.0)
    normal = closed @ closed.transpose(0, 2, 1)
    size = np.trace(normal, axis1=1, axis2=2)[:, None, None]
    normal = normal + (1e-10 * size + 1e-30) * np.eye(MEMORY)
    weight = np.linalg.solve(normal, closed @ gap[:, :, None])
    step = DAMPING * gap - (weight.transpose(0, 2, 1) @ (moved + DAMPING * closed))[:, 0]
    throttle = np.clip(value + np.clip(step, -TRUST, TRUST), 0.0, 1.0)
    throttle = np.where(gap == 0.0, value, np.where(stopped, 0.0, throttle))
    return replace(
        state,
        throttle=throttle,
        throttle_memory=np.concatenate([value[:, None], state.throttle_memory[:, :-1]], axis=1),
        gap_memory=np.concatenate([gap[:, None], state.gap_memory[:, :-1]], axis=1),
    )


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
        asked = world.rack_demand[column] * rack.liquid_share * state.rack_level[:, column]
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

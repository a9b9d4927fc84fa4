"""Dry before wet: thermosyphon coolers ahead of a cooling tower in the same water, and who carries how much."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.plant import thermosyphon, tower
from solvers.plant.inputs import broadcast
from solvers.plant.rejection import Rejection, find_root
from solvers.plant.thermosyphon import ThermosyphonRating
from solvers.plant.tower import WATER_CAPACITY, TowerRating

Array = NDArray[np.float64]


_FLAT_OUT = -90.0
"""A set point no outdoor state reaches: the tower at full fan speed. [degC]"""
_NOTHING = 1e-9
"""Share of the duty below which the tower is by-passed and stays dry."""
_SETTLED = 1e-9
"""Share of its bracket to which the loop temperature is sought; the machines inside settle to 1e-9 K themselves."""


@dataclass(frozen=True)
class HybridRejection:
    """Answer of :func:`reject`; of all units together."""

    dry: Rejection
    """Thermosyphons."""
    wet: Rejection
    """Tower cells; ``power``, ``water`` and ``heat`` of all."""
    leaving: Array
    """Water back to the load. [degC]"""
    dry_share: Array
    """Heat of the thermosyphons over the duty. [0..1]"""


@dataclass(frozen=True)
class _State:
    """Arguments of :func:`reject` as arrays of one shape."""

    duty: Array
    flow: Array
    dry_bulb: Array
    wet_bulb: Array
    pressure: Array
    setpoint: Array
    coolers: Array
    cells: Array
    power_limit: Array

    def where(self, chosen: NDArray[np.bool_]) -> _State:
        """The chosen elements only."""
        return _State(*(getattr(self, field.name)[chosen] for field in fields(self)))


def reject(
    dry: ThermosyphonRating,
    wet: TowerRating,
    *,
    duty: ArrayLike,
    coolant_flow: ArrayLike,
    dry_bulb: ArrayLike,
    wet_bulb: ArrayLike,
    pressure: ArrayLike,
    setpoint: ArrayLike,
    coolers: ArrayLike = 1,
    cells: ArrayLike = 1,
    power_limit: ArrayLike = np.inf,
) -> HybridRejection:
    """Reject a given duty: thermosyphons take what is worth it, the tower the rest, in series.

    Parameters
    ----------
    duty, coolant_flow : array_like
        Of the whole loop, water. [W], [kg/s]
    dry_bulb, wet_bulb, pressure, setpoint : array_like
        As :func:`solvers.plant.tower.reject`.
    coolers, cells : array_like
        Thermosyphons and tower cells that run, side by side each; at least one cell.
    power_limit : array_like
        As :func:`solvers.plant.thermosyphon.cool`. [W/W]

    Notes
    -----
    Where the tower loses the set point the loop warms, and the thermosyphons with it, until both pass the duty on.
    """
    state = _State(
        *broadcast(
            ("power_limit",),
            duty=duty,
            coolant_flow=coolant_flow,
            dry_bulb=dry_bulb,
            wet_bulb=wet_bulb,
            pressure=pressure,
            setpoint=setpoint,
            coolers=coolers,
            cells=cells,
            power_limit=power_limit,
        )
    )
    if np.any(state.cells <= 0.0):
        raise ValueError("cells must be at least one: something has to take what the thermosyphons leave")
    state = replace(state, duty=np.maximum(state.duty, 0.0))
    first, second = _through(dry, wet, state, state.setpoint, state.setpoint)
    warm = second.saturated & (state.flow > 0.0)
    if warm.any():
        leaving = state.setpoint.copy()
        leaving[warm] = _settle(dry, wet, state.where(warm), second.leaving[warm])
        first, second = _through(dry, wet, state, leaving, state.setpoint)
    heat = state.duty
    return HybridRejection(
        dry=first,
        wet=_of_all(second, state.cells),
        leaving=second.leaving,
        dry_share=first.heat / np.where(heat > 0.0, heat, 1.0),
    )


def _through(
    dry: ThermosyphonRating, wet: TowerRating, state: _State, leaving: Array, tower_setpoint: ArrayLike
) -> tuple[Rejection, Rejection]:
    """Thermosyphons and one tower cell, if the water back to the load has temperature ``leaving``."""
    rate = np.where(state.flow > 0.0, state.flow, 1.0) * WATER_CAPACITY
    first = thermosyphon.cool(
        dry,
        coolant_entering=leaving + state.duty / rate,
        coolant_flow=state.flow,
        coolant_capacity=WATER_CAPACITY,
        dry_bulb=state.dry_bulb,
        pressure=state.pressure,
        setpoint=leaving,
        units=state.coolers,
        power_limit=state.power_limit,
    )
    left = state.duty - first.heat
    second = tower.reject(
        wet,
        duty=np.where(left > _NOTHING * state.duty, left, 0.0) / state.cells,
        coolant_flow=state.flow / state.cells,
        dry_bulb=state.dry_bulb,
        wet_bulb=state.wet_bulb,
        pressure=state.pressure,
        setpoint=tower_setpoint,
    )
    return first, second


def _settle(dry: ThermosyphonRating, wet: TowerRating, state: _State, ceiling: Array) -> Array:
    """Water back to the load where the tower at full speed cannot hold the set point. [degC]

    Warmer return lets the thermosyphons take more, so the tower's answer falls as the guess rises: one root.
    """

    def excess(level: Array) -> Array:
        first, second = _through(dry, wet, state, level, _FLAT_OUT)
        return np.where(first.heat < state.duty * (1.0 - 1e-12), second.leaving, _FLAT_OUT) - level

    return find_root(excess, state.setpoint.astype(float), ceiling, settled=_SETTLED)


def _of_all(one: Rejection, cells: Array) -> Rejection:
    return Rejection(
        leaving=one.leaving,
        power=one.power * cells,
        water=one.water * cells,
        saturated=one.saturated,
        heat=one.heat * cells,
        entering=one.entering,
        speed=one.speed,
        in_range=one.in_range,
    )

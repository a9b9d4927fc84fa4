"""Closed-circuit tower: a coil under a spray of water, or dry when the outdoors allow.

Wet, the process fluid takes the place of the tower's water in Merkel's theory, with the conductance of its own rating,
so the coil's resistance is inside it (EnergyPlus Engineering Reference, "Evaporative Fluid Coolers", takes the same
step).  Dry, it is a finned coil in the same air stream.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers import checks
from solvers.plant import dry_cooler, tower
from solvers.plant.dry_cooler import DryCoolerRating
from solvers.plant.inputs import broadcast
from solvers.plant.rejection import Rejection
from solvers.plant.tower import WATER_CAPACITY, TowerRating

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class FluidCoolerRating:
    """Wet and dry operating points of one unit."""

    wet: TowerRating
    """Sprayed: the process fluid as water of equal heat-capacity rate; drift is a share of that flow."""
    dry: DryCoolerRating
    """Spray off, same fans."""
    spray_power: float
    """Spray pump. [W]"""
    dry_below: float | None = None
    """Dry bulb below which the spray rests, held set point or not; None: wherever the dry coil holds it. [degC]"""

    def __post_init__(self) -> None:
        checks.finite(self)
        if self.spray_power < 0.0:
            raise ValueError("spray_power must not be negative")
        if self.dry.pad_effectiveness > 0.0:
            raise ValueError("the dry coil of a fluid cooler has no pad; its spray is the wet mode")


@dataclass(frozen=True)
class FluidCooling:
    """Answer of :func:`reject`."""

    state: Rejection
    """Of the unit; power with the spray pump."""
    wet: Mask
    """Spray on."""


def reject(
    rating: FluidCoolerRating,
    *,
    duty: ArrayLike,
    coolant_flow: ArrayLike,
    coolant_capacity: ArrayLike,
    dry_bulb: ArrayLike,
    wet_bulb: ArrayLike,
    pressure: ArrayLike,
    setpoint: ArrayLike,
) -> FluidCooling:
    """Reject a given duty, dry where that does, else sprayed; arguments as :func:`dry_cooler.reject`."""
    heat, flow, capacity, air, bulb, barometer, wanted = broadcast(
        duty=duty,
        coolant_flow=coolant_flow,
        coolant_capacity=coolant_capacity,
        dry_bulb=dry_bulb,
        wet_bulb=wet_bulb,
        pressure=pressure,
        setpoint=setpoint,
    )
    dry = dry_cooler.reject(
        rating.dry,
        duty=heat,
        coolant_flow=flow,
        coolant_capacity=capacity,
        dry_bulb=air,
        pressure=barometer,
        setpoint=wanted,
    )
    sprayed = tower.reject(
        rating.wet,
        duty=heat,
        coolant_flow=flow * capacity / WATER_CAPACITY,
        dry_bulb=air,
        wet_bulb=bulb,
        pressure=barometer,
        setpoint=wanted,
    )
    wet = dry.saturated if rating.dry_below is None else air >= rating.dry_below
    wet = wet & (heat > 0.0)
    state = Rejection(
        leaving=np.where(wet, sprayed.leaving, dry.leaving),
        power=np.where(wet, sprayed.power + rating.spray_power, dry.power),
        water=np.where(wet, sprayed.water, 0.0),
        saturated=np.where(wet, sprayed.saturated, dry.saturated),
        heat=np.where(wet, sprayed.heat, dry.heat),
        entering=np.where(wet, sprayed.entering, dry.entering),
        speed=np.where(wet, sprayed.speed, dry.speed),
        in_range=np.where(wet, sprayed.in_range, dry.in_range),
    )
    return FluidCooling(state=state, wet=wet)

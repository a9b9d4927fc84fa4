"""Air-cooled chiller with a free-cooling coil: outdoor air cools the return before the compressors do.

The coil lies in the air stream of the condenser in most machines; here it has fans of its own (its rating), which
overstates fan power where both run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.plant import dry_cooler
from solvers.plant.chiller import Chilling, chill
from solvers.plant.chiller_rating import ChillerRating
from solvers.plant.dry_cooler import DryCoolerRating
from solvers.plant.inputs import broadcast
from solvers.plant.rejection import Rejection

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FreeCooling:
    """Answer of :func:`run`."""

    coil: Rejection
    """Free-cooling coil; its ``saturated`` means that the compressors are needed."""
    chiller: Chilling
    """Compressors on what is left."""
    free_fraction: Array
    """Share of the duty done by the coil. [0..1]"""
    power: Array
    """Coil fans and compressors. [W]"""


def run(
    rating: ChillerRating,
    coil: DryCoolerRating,
    *,
    duty: ArrayLike,
    coolant_flow: ArrayLike,
    coolant_capacity: ArrayLike,
    evaporator_leaving: ArrayLike,
    dry_bulb: ArrayLike,
    pressure: ArrayLike,
    wet_bulb: ArrayLike | None = None,
) -> FreeCooling:
    """Carry a duty in series: coil first, compressors after.

    Arguments as :func:`solvers.plant.dry_cooler.solve` and :func:`solvers.plant.chiller.chill`; the coil aims at the
    chiller's set point.  Without coolant flow the coil does nothing.
    """
    if not rating.air_cooled:
        raise ValueError(
            "a free-cooling coil belongs to an air-cooled machine; use the economizer beside water"
        )
    heat, flow, capacity, wanted = broadcast(
        duty=duty,
        coolant_flow=coolant_flow,
        coolant_capacity=coolant_capacity,
        evaporator_leaving=evaporator_leaving,
    )
    heat = np.maximum(heat, 0.0)
    rate = flow * capacity
    rise = np.where(rate > 0.0, heat / np.where(rate > 0.0, rate, 1.0), 0.0)
    first = dry_cooler.solve(
        coil,
        coolant_entering=wanted + rise,
        coolant_flow=flow,
        coolant_capacity=capacity,
        dry_bulb=dry_bulb,
        pressure=pressure,
        setpoint=wanted,
        wet_bulb=wet_bulb,
    )
    left = np.maximum(heat - first.heat, 0.0)
    left = np.where(first.saturated | (first.heat <= 0.0), left, 0.0)
    second = chill(rating, duty=left, evaporator_leaving=wanted, dry_bulb=dry_bulb, pressure=pressure)
    share = np.where(heat > 0.0, 1.0 - left / np.where(heat > 0.0, heat, 1.0), 1.0)
    return FreeCooling(coil=first, chiller=second, free_fraction=share, power=first.power + second.power)

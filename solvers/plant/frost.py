"""Heaters that keep machines outdoors from freezing while they stand still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers import checks
from solvers.plant.inputs import broadcast

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Heater:
    """Basin, trace or evaporator heaters with a thermostat: their input grows as the outdoors get colder."""

    power: float
    """Input at ``full`` and below. [W]"""
    below: float = 4.0
    """Outdoor air below which they begin; assumed, as basins are kept at some 4 degC. [degC]"""
    full: float = -18.0
    """Outdoor air at which all of ``power`` is drawn; assumed, 0 degF, a usual design point of basin heaters. [degC]"""

    def __post_init__(self) -> None:
        checks.finite(self, "full", "below")
        if self.power < 0.0:
            raise ValueError("power of the heaters must not be negative")
        if not self.full < self.below:
            raise ValueError("full must be colder than below, or the heaters would have no range to work in")


def input_power(heater: Heater, *, dry_bulb: ArrayLike, running: ArrayLike) -> Array:
    """Electrical input of the heaters. [W]

    What a machine at rest loses is proportional to how much colder it is outdoors.  A machine that ``running`` says is
    at work is warmed by its own coolant and needs none.
    """
    air, _ = broadcast(dry_bulb=dry_bulb, running=running)
    share = np.clip((heater.below - air) / (heater.below - heater.full), 0.0, 1.0)
    return np.asarray(np.where(np.asarray(running, bool), 0.0, heater.power * share))

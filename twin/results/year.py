"""A year, hour by hour: arrays of 8,760 values and the figures that sum them up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HOURS = 8760


@dataclass(frozen=True, slots=True)
class Series:
    """An hourly quantity of the site."""

    label: str
    dimension: str
    """As in :data:`twin.results.quantities.QUANTITIES`."""


SERIES: dict[str, Series] = {
    "solved": Series("The hour has a solution", "flag"),
    "dry_bulb": Series("Outdoor dry bulb", "temperature"),
    "wet_bulb": Series("Outdoor wet bulb", "temperature"),
    "pressure": Series("Barometric pressure", "pressure"),
    "load": Series("Power asked of the racks over that of the workload", "fraction"),
    "it_power": Series("IT power", "power"),
    "room_fans": Series("Room air handlers and rear doors", "power"),
    "cdu_power": Series("CDUs", "power"),
    "pump_power": Series("Pumps of the loops", "power"),
    "rejection_power": Series("Fans and pumps of heat rejection", "power"),
    "compressor_power": Series("Chillers", "power"),
    "loss_power": Series("Losses of the power tree", "power"),
    "facility_power": Series("Facility power", "power"),
    "pue": Series("PUE", "ratio"),
    "water": Series("Make-up water", "mass_flow"),
    "reuse": Series("Heat handed to others", "power"),
    "free": Series("Heat rejected without compressors, of all", "fraction"),
    "mode": Series("Compressors: 0 off, 1 carry a part of the heat, 2 carry all", "ratio"),
    "plant_loading": Series("Load of the fullest plant machine over what it can carry", "fraction"),
    "excess": Series("Warmest supply above its set point", "temperature_difference"),
    "inlet": Series("Warmest rack inlet", "temperature"),
    "throttled": Series("Racks that draw less than asked", "ratio"),
    "unserved": Series("Racks without power", "ratio"),
    "tokens": Series("Tokens per second", "token_rate"),
    "carbon_intensity": Series("Emissions of grid electricity", "carbon_intensity"),
    "price": Series("Price of electricity", "energy_price"),
}
"""Every hourly quantity, in the order of tables and files."""


@dataclass(frozen=True, eq=False)
class Year:
    """Hours of one year from midnight of 1 January, local standard time; means over each hour."""

    station: str
    """Where the weather is from."""
    source: str
    """Document of the weather."""
    synthetic: bool
    """The weather was built from monthly normals."""
    hours: Mapping[str, Array]
    """(8760,) by the names of :data:`SERIES`; 0 where ``solved`` is 0."""
    loops: tuple[str, ...] = ()
    supply: Array = field(default_factory=lambda: np.zeros((HOURS, 0)))
    """(8760, loops) supply temperature. [degC]"""
    setpoint: Array = field(default_factory=lambda: np.zeros((HOURS, 0)))
    """(8760, loops) [degC]"""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Annual figures, hours per mode, peaks and margins: plain values, SI and degC."""
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Array:
        return self.hours[name]

    @property
    def solved(self) -> NDArray[np.bool_]:
        """(8760,) hours that have a solution."""
        return np.asarray(self.hours["solved"] > 0.5)

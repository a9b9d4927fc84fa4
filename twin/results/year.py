"""A year, hour by hour: arrays of 8,760 values, and the names of the figures that sum them up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.model.calendar import DAYS, HOURS, MONTHS

Array = NDArray[np.float64]

HOUR = 3600.0
"""[s]"""
MONTH, DAY, HOUR_OF_DAY = np.array(MONTHS), np.array(DAYS), np.arange(HOURS) % 24
"""Of every hour: month 1 .. 12, day of the month 1 .. 31, and the hour 0 .. 23 at which it begins."""


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
    "electrical_rooms_power": Series("Cooling of electrical rooms", "power"),
    "loss_power": Series("Losses of the power tree", "power"),
    "facility_power": Series("Facility power", "power"),
    "pue": Series("PUE", "ratio"),
    "water": Series("Make-up water", "mass_flow"),
    "precooled": Series("Heat taken by coolers in returns", "power"),
    "reuse": Series("Heat handed to others", "power"),
    "free": Series("Heat rejected without compressors, of all", "fraction"),
    "mode": Series(
        "Compressors: 0 off, 1 carry a part of the heat, 2 carry all, 3 little heat is carried at all",
        "ratio",
    ),
    "plant_loading": Series("Load of the fullest plant machine over what it can carry", "fraction"),
    "excess": Series("Warmest supply above its set point", "temperature_difference"),
    "inlet": Series("Warmest rack inlet", "temperature"),
    "throttled": Series("Racks that draw less than asked", "ratio"),
    "unserved": Series("Racks without power", "ratio"),
    "tokens": Series("Tokens per second", "token_rate"),
    "charged": Series("Heat that plant takes out of dispatched tanks", "power"),
    "discharged": Series("Heat that loops leave in dispatched tanks", "power"),
    "stored": Series("Cold in dispatched tanks, of full ones", "fraction"),
    "shifted_power": Series("Plant power with dispatched tanks less that without", "power"),
    "carbon_intensity": Series("Emissions of grid electricity", "carbon_intensity"),
    "price": Series("Price of electricity", "energy_price"),
}
"""Every hourly quantity, in the order of tables and files."""

HALL_SERIES: dict[str, Series] = {
    "throttled": Series("Share of racks that draw less than asked", "fraction"),
    "inlet": Series("Warmest rack inlet", "temperature"),
    "coolant": Series("Warmest coolant supply of racks; 0 without", "temperature"),
    "lid": Series("Warmest lid; 0 without data of cold plates", "temperature"),
}
"""Hourly quantities of every hall."""

RACK_FIGURES: dict[str, Series] = {
    "throttled_hours": Series("Hours throttled", "ratio"),
    "recommended_hours": Series("Hours with the inlet above the recommended range", "ratio"),
    "allowable_hours": Series("Hours with the inlet above the allowable range of its class", "ratio"),
    "coolant_hours": Series("Hours with coolant warmer than the data sheet allows", "ratio"),
    "lowest_throttle": Series("Least power over what is asked", "fraction"),
    "warmest_inlet": Series("Warmest inlet", "temperature"),
    "warmest_lid": Series("Warmest lid; 0 without data of cold plates", "temperature"),
    # counted from 0 at the beginning of the year, -1 for none
    "worst_hour": Series("Hour of the least power, or else of the warmest inlet", "ratio"),
}
"""Figures of every rack over the year; hours are counts."""


ANNUAL: dict[str, Series] = {
    "pue": Series("Annual PUE", "ratio"),
    "wue": Series("Annual WUE", "volume_per_energy"),
    "cue": Series("Annual CUE", "carbon_intensity"),
    "erf": Series("Annual ERF", "fraction"),
    "ere": Series("Annual ERE", "ratio"),
    "mlc": Series("Annual MLC", "ratio"),
    "elc": Series("Annual ELC", "ratio"),
    "energy": Series("Facility energy", "energy"),
    "it_energy": Series("IT energy", "energy"),
    "water": Series("Make-up water", "volume"),
    "carbon": Series("CO2", "mass"),
    "cost": Series("Cost of energy and water", "money"),
    "tokens_per_joule": Series("Annual tokens per joule", "ratio"),
    "power_highest": Series("Highest power of an hour", "power"),
    "pue_highest": Series("Highest PUE of an hour", "ratio"),
    "pue_lowest": Series("Lowest PUE of an hour", "ratio"),
    "plant_loading": Series("Load of the fullest plant machine", "fraction"),
    "excess": Series("Warmest supply above its set point", "temperature_difference"),
    "inlet": Series("Warmest rack inlet", "temperature"),
    "free_share": Series("Heat that no compressor carries", "fraction"),
    "free_hours": Series("Hours without compressors", "hours"),
    "partial_hours": Series("Hours, compressors in part", "hours"),
    "mechanical_hours": Series("Hours, compressors alone", "hours"),
    "unsolved_hours": Series("Hours without a solution", "hours"),
    "throttled_hours": Series("Hours with throttled racks", "hours"),
    "unserved_hours": Series("Hours with racks without power", "hours"),
    "excess_hours": Series("Hours above a set point", "hours"),
}
"""Figures of a year, as ``year.NAME`` in limits and ``annual_NAME`` among key figures; :func:`annual` picks them."""


def annual(facts: Mapping[str, Any]) -> dict[str, float]:
    """The figures of :data:`ANNUAL` that the facts of a year hold; SI units and degC."""
    found = {"unsolved_hours": (HOURS - int(facts.get("hours_solved", 0))) * HOUR}
    if "pue" not in facts:  # no hour has a solution, or no IT energy is used
        return found
    names = ("pue", "wue", "cue", "erf", "ere", "water", "carbon", "cost", "tokens_per_joule", "free_share")
    found |= {name: float(facts[name]) for name in (*names, "pue_highest", "pue_lowest")}
    found |= {
        "mlc": facts["mechanical_load_component"],
        "elc": facts["electrical_loss_component"],
        "energy": facts["facility_energy"],
        "it_energy": facts["energy"]["it"],
    }
    peaks = {
        "power_highest": "peak",
        "plant_loading": "tightest",
        "excess": "warmest",
        "inlet": "warmest_inlet",
    }
    found |= {name: float(facts[fact]["value"]) for name, fact in peaks.items()}
    found |= {f"{mode}_hours": hours * HOUR for mode, hours in facts["hours"].items()}
    counted = ("throttled_hours", "unserved_hours", "excess_hours")
    return found | {name: facts[name] * HOUR for name in counted}


def when(hour: int) -> str:
    """Month, day and hour of the year's hour: ``07-21 15h``, local standard time."""
    return f"{MONTH[hour]:02d}-{DAY[hour]:02d} {HOUR_OF_DAY[hour]:02d}h"


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
    halls: tuple[str, ...] = ()
    hall: Mapping[str, Array] = field(default_factory=dict)
    """(8760, halls) by the names of :data:`HALL_SERIES`."""
    racks: tuple[str, ...] = ()
    rack: Mapping[str, Array] = field(default_factory=dict)
    """(racks,) by the names of :data:`RACK_FIGURES`."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Annual figures, hours per mode, peaks and margins: plain values, SI and degC."""
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Array:
        return self.hours[name]

    @property
    def solved(self) -> NDArray[np.bool_]:
        """(8760,) hours that have a solution."""
        return np.asarray(self.hours["solved"] > 0.5)

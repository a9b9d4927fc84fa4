"""A year made by hand, whose sums can be done in the head."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from twin.model.facility import Facility
from twin.results.year import HOURS, SERIES, Year
from twin.year.figures import facts

IT = 1e6
"""[W]"""
DAY = 24 * np.arange(365)
CONSTANT = {
    "solved": 1.0, "wet_bulb": 5.0, "pressure": 101325.0, "load": 1.0, "it_power": IT, "room_fans": 10e3,
    "cdu_power": 20e3, "pump_power": 30e3, "electrical_rooms_power": 8e3, "loss_power": 40e3, "water": 0.1,
    "inlet": 24.0, "free": 1.0, "tokens": 4e6, "plant_loading": 0.5, "carbon_intensity": 1e-7, "price": 2e-8,
}  # fmt: skip


def made_year(facility: Facility, loops: tuple[str, ...] = ("fws", "tcs"), **changed: np.ndarray) -> Year:
    """Dry bulb between 0 and 40 degC, compressors of 100 kW above 30 degC; what is given replaces its series."""
    hours = {name: np.full(HOURS, CONSTANT.get(name, 0.0)) for name in SERIES}
    hours["dry_bulb"] = 20.0 - 20.0 * np.cos(2.0 * np.pi * np.arange(HOURS) / HOURS)
    warm = hours["dry_bulb"] > 30.0
    hours |= {
        "compressor_power": np.where(warm, 100e3, 0.0),
        "rejection_power": np.full(HOURS, 5e3),
        "mode": np.where(warm, 2.0, 0.0),
        "free": np.where(warm, 0.0, 1.0),
    }
    setpoint = np.broadcast_to(np.linspace(32.0, 40.0, len(loops)), (HOURS, len(loops))).copy()
    supply = np.array(changed.pop("supply", setpoint))
    hours |= changed
    uses = (
        "it_power",
        "room_fans",
        "cdu_power",
        "pump_power",
        "rejection_power",
        "compressor_power",
        "electrical_rooms_power",
        "loss_power",
    )
    hours["facility_power"] = np.sum([hours[name] for name in uses], axis=0)
    hours["pue"] = hours["facility_power"] / hours["it_power"]
    year = Year("Nowhere", "made by hand", False, hours, loops, supply, setpoint)
    return counted(facility, year)


def counted(facility: Facility, year: Year) -> Year:
    """The year with the figures of its hours."""
    return replace(year, facts=facts(facility, year))

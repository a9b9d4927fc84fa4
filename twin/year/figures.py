"""Annual figures of a year's hours: energy, water, carbon, modes, peaks and the tightest hour."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.model.facility import Facility
from twin.results.year import HOURS, Year

Array = NDArray[np.float64]

HOUR = 3600.0
"""[s]"""
MODES = ("free", "partial", "mechanical")
USES = (
    "it_power",
    "room_fans",
    "cdu_power",
    "pump_power",
    "rejection_power",
    "compressor_power",
    "loss_power",
)
COOLING = ("room_fans", "cdu_power", "pump_power", "rejection_power", "compressor_power")
WATER_CLASSES = {"W17": 17.0, "W27": 27.0, "W32": 32.0, "W40": 40.0, "W45": 45.0}
"""Facility water classes by their warmest supply, ASHRAE TC 9.9 (2021). [degC]"""
INLET_LIMITS = {"recommended": 27.0, "A1": 32.0, "A2": 35.0, "A3": 40.0, "A4": 45.0}
"""Warmest rack inlets, ASHRAE TC 9.9, Thermal Guidelines, 5th ed. (2021). [degC]"""
DAYS_BEFORE = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30])


def facts(facility: Facility, year: Year) -> dict[str, Any]:
    """Figures of the hours that have a solution; ``hours_solved`` says how many those are.  SI units and degC.

    PUE, WUE, CUE and ERF are annual ratios (ISO/IEC 30134-2, -9, -8, -6): sums over sums, with IT energy at the racks'
    input.  ``mechanical_load_component`` is all cooling energy over IT energy (ASHRAE 90.4, annualized MLC).
    """
    solved = year.solved
    count = int(solved.sum())
    found: dict[str, Any] = {
        "station": year.station,
        "source": year.source,
        "synthetic": year.synthetic,
        "hours_solved": count,
    }
    energy = {name: float(year[name].sum() * HOUR) for name in USES}
    it, total = energy["it_power"], float(year["facility_power"].sum() * HOUR)
    found |= {
        "energy": {name.removesuffix("_power"): joules for name, joules in energy.items()},
        "facility_energy": total,
    }
    if count == 0 or it <= 0.0:
        return found
    water, reuse = float(year["water"].sum() * HOUR), float(year["reuse"].sum() * HOUR)
    carbon = float((year["facility_power"] * year["carbon_intensity"]).sum() * HOUR)
    cost = (
        float((year["facility_power"] * year["price"]).sum() * HOUR)
        + water / 1000.0 * facility.place.water_price
    )
    cooling = sum(energy[name] for name in COOLING)
    tokens = float(year["tokens"].sum() * HOUR)
    modes = {name: int((solved & (year["mode"] == k)).sum()) for k, name in enumerate(MODES)}
    return {
        **found,
        "pue": total / it,
        "wue": water / 1000.0 / it,
        "cue": carbon / it,
        "erf": reuse / total,
        "ere": (total - reuse) / it,
        "mechanical_load_component": cooling / it,
        "electrical_loss_component": energy["loss_power"] / total,
        "water": water / 1000.0,
        "carbon": carbon,
        "cost": cost,
        "tokens": tokens,
        "tokens_per_joule": tokens / total,
        "hours": modes,
        "free_share": float(year["free"][solved].mean()),
        "pue_highest": float(year["pue"][solved].max()),
        "pue_lowest": float(year["pue"][solved].min()),
        "throttled_hours": int((year["throttled"] > 0).sum()),
        "unserved_hours": int((year["unserved"] > 0).sum()),
        "excess_hours": int((year["excess"] > 0.5).sum()),
        "inlet_hours": {
            name: int((solved & (year["inlet"] > limit)).sum()) for name, limit in INLET_LIMITS.items()
        },
        "class_hours": _class_hours(year),
        "peak": _peak(year, "facility_power"),
        "peak_pue": _peak(year, "pue"),
        "peak_water": _peak(year, "water"),
        "tightest": _peak(year, "plant_loading"),
        "warmest": _peak(year, "excess"),
        "peak_day": _peak_day(year),
        "sentences": _sentences(year, total / it, water / 1000.0 / it, modes, count),
    }


def _peak(year: Year, name: str) -> dict[str, Any]:
    """Highest value of a series, when, and the outdoors then."""
    values = np.where(year.solved, year[name], -np.inf)
    hour = int(np.argmax(values))
    return {"value": float(values[hour]), "when": when(hour), "hour": hour, "dry_bulb": float(year["dry_bulb"][hour]),
            "wet_bulb": float(year["wet_bulb"][hour])}  # fmt: skip


def when(hour: int) -> str:
    """Month, day and hour of the year's hour: ``07-21 15h``, local standard time."""
    day = hour // 24
    month = int(np.searchsorted(DAYS_BEFORE, day, side="right"))
    return f"{month:02d}-{day - int(DAYS_BEFORE[month - 1]) + 1:02d} {hour % 24:02d}h"


def _peak_day(year: Year) -> dict[str, Any]:
    """The day with the most energy: its date, mean PUE and highest power."""
    power = year["facility_power"].reshape(-1, 24)
    day = int(np.argmax(power.sum(axis=1)))
    it = year["it_power"].reshape(-1, 24)[day].sum()
    return {
        "date": when(24 * day)[:5],
        "energy": float(power[day].sum() * HOUR),
        "pue": float(power[day].sum() / it) if it > 0 else 0.0,
        "power": float(power[day].max()),
        "water": float(year["water"].reshape(-1, 24)[day].sum() * HOUR / 1000.0),
    }


def _class_hours(year: Year) -> dict[str, dict[str, int]]:
    """Hours in which the supply of every loop is warmer than a facility water class."""
    solved = year.solved
    rounded = np.round(year.supply, 2)
    return {
        loop: {
            name: int((solved & (rounded[:, column] > limit)).sum()) for name, limit in WATER_CLASSES.items()
        }
        for column, loop in enumerate(year.loops)
    }


def _sentences(year: Year, pue: float, wue: float, modes: dict[str, int], count: int) -> list[str]:
    built = " (synthetic)" if year.synthetic else ""
    told = [
        f"{year.station}{built}: annual PUE {pue:.4f}, WUE {wue * 3.6e9:.3f} L/kWh; compressors are off in "
        f"{modes['free']:,} hours, carry a part of the heat in {modes['partial']:,} and all of it in {modes['mechanical']:,}"
    ]
    if count < HOURS:
        told.append(f"{HOURS - count:,} hours have no steady solution and are in no figure")
    tight = _peak(year, "plant_loading")
    told.append(
        f"tightest hour {tight['when']} at {tight['dry_bulb']:.1f} degC (wet bulb {tight['wet_bulb']:.1f} degC): the "
        f"fullest plant machine carries {tight['value']:.0%} of what it can"
    )
    return told

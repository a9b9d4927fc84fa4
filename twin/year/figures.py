"""Annual figures of a year's hours: energy, water, carbon, modes, peaks and the tightest hour."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.model.air_classes import CLASSES
from twin.model.climate_zones import MLC_SOURCE, mechanical_load_limit
from twin.model.facility import Facility
from twin.model.piping import SETPOINT_BAND
from twin.model.water_classes import DIGITS, WATER_CLASSES
from twin.networks.plant import NO_ROOM
from twin.results.year import HOUR, HOURS, Year, when
from twin.year.zone import zone_of

Array = NDArray[np.float64]

MODES = ("free", "partial", "mechanical")
USES = (
    "it_power",
    "room_fans",
    "cdu_power",
    "pump_power",
    "rejection_power",
    "compressor_power",
    "electrical_rooms_power",
    "loss_power",
)
COOLING = (
    "room_fans",
    "cdu_power",
    "pump_power",
    "rejection_power",
    "compressor_power",
    "electrical_rooms_power",
)
INLET_LIMITS = {
    "recommended": CLASSES["A1"].recommended[1],
    **{name: CLASSES[name].allowable[1] for name in ("A1", "A2", "A3", "A4")},
}
"""Warmest rack inlets, at sea level. [degC]"""
EQUAL = 1e-6
"""Hours whose values differ by less of them are alike; of those the warmest is told."""


def facts(facility: Facility, year: Year) -> dict[str, Any]:
    """Figures of the hours that have a solution; ``hours_solved`` says how many those are.  SI units and degC.

    PUE, WUE, CUE and ERF are annual ratios (ISO/IEC 30134-2, -9, -8, -6): sums over sums, with IT energy at the racks'
    input.  ``mechanical_load_component`` is all cooling energy, that of electrical rooms too, over IT energy (ASHRAE 90.4,
    annualized MLC: all cooling, fan, pump and heat rejection energy), ``electrical_loss_component`` the losses of the power
    tree over what enters it for IT and losses, as in PWR-034.
    """
    solved = year.solved
    count = int(solved.sum())
    found: dict[str, Any] = {
        "station": year.station,
        "source": year.source,
        "synthetic": year.synthetic,
        "hours_solved": count,
        **dict(zip(("zone", "zone_source"), zone_of(facility, year), strict=True)),
    }
    energy = {name: float(year[name].sum() * HOUR) for name in USES}
    it, total = energy["it_power"], float(year["facility_power"].sum() * HOUR)
    found |= {
        "energy": {name.removesuffix("_power"): joules for name, joules in energy.items()},
        "facility_energy": total,
    }
    if count == 0 or it <= 0.0:
        return {
            **found,
            "sentences": [f"{year.station}: no hour of the year has a steady solution in which racks run"],
        }
    water, reuse = float(year["water"].sum() * HOUR), float(year["reuse"].sum() * HOUR)
    carbon = float((year["facility_power"] * year["carbon_intensity"]).sum() * HOUR)
    cost = float((year["facility_power"] * year["price"]).sum() * HOUR)
    water_cost = water / 1000.0 * facility.place.water_price
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
        "electrical_loss_component": energy["loss_power"] / (it + energy["loss_power"]),
        "water": water / 1000.0,
        "carbon": carbon,
        "cost": cost + water_cost,
        "cost_parts": {"energy": cost, "water": water_cost},
        "tokens": tokens,
        "tokens_per_joule": tokens / total,
        "hours": modes,
        "free_share": float(year["free"][solved].mean()),
        "pue_highest": float(year["pue"][solved].max()),
        "pue_lowest": float(year["pue"][solved].min()),
        "throttled_hours": int((year["throttled"] > 0).sum()),
        "unserved_hours": int((year["unserved"] > 0).sum()),
        "excess_hours": int((year["excess"] > SETPOINT_BAND).sum()),
        "inlet_hours": {
            name: int((solved & (year["inlet"] > limit)).sum()) for name, limit in INLET_LIMITS.items()
        },
        "class_hours": _class_hours(year),
        "loops": _loops(year),
        "peak": _peak(year, "facility_power"),
        "peak_pue": _peak(year, "pue"),
        "peak_water": _peak(year, "water"),
        "tightest": _peak(year, "plant_loading"),
        "warmest": _peak(year, "excess"),
        "warmest_inlet": _peak(year, "inlet"),
        "peak_day": _peak_day(year),
        "sentences": [
            *_sentences(year, total / it, water / 1000.0 / it, modes, count),
            _of_mechanical_load(found["zone"], cooling / it, float(year["it_power"].max())),
        ],
    }


def _peak(year: Year, name: str) -> dict[str, Any]:
    """Highest value of a series, when, and the outdoors then; of hours that are alike the warmest."""
    values = np.where(year.solved, year[name], -np.inf)
    highest = values.max()
    alike = values >= highest - EQUAL * max(abs(highest), 1.0)
    hour = int(np.argmax(np.where(alike, year["dry_bulb"], -np.inf)))
    return {"value": float(values[hour]), "when": when(hour), "hour": hour, "dry_bulb": float(year["dry_bulb"][hour]),
            "wet_bulb": float(year["wet_bulb"][hour])}  # fmt: skip


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


def _loops(year: Year) -> dict[str, dict[str, Any]]:
    """Of every loop: mean and warmest supply, hours in which it is missed, by how much at worst, and when."""
    solved = year.solved
    found = {}
    for column, loop in enumerate(year.loops):
        supply, setpoint = year.supply[:, column], year.setpoint[:, column]
        above = np.where(solved, supply - setpoint, -np.inf)
        hour = int(np.argmax(above))
        found[loop] = {
            "setpoint": float(setpoint[solved].max()),
            "mean": float(supply[solved].mean()),
            "warmest": float(supply[solved].max()),
            "missed_hours": int((above > SETPOINT_BAND).sum()),
            "excess": float(above[hour]),
            "when": when(hour),
        }
    return found


def _class_hours(year: Year) -> dict[str, dict[str, int]]:
    """Hours in which the supply of every loop is warmer than a facility water class."""
    solved = year.solved
    rounded = np.round(year.supply, DIGITS)
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
    if year.synthetic:
        told.append(
            "the hours of the weather are synthetic, built from monthly normals: their means are those of the place, "
            "their sequence and extremes are of no measured year"
        )
    if astray := count - sum(modes.values()):
        told.append(f"in {astray:,} hours the plant carries less than half of the racks' heat")
    if count < HOURS:
        told.append(f"{HOURS - count:,} hours have no steady solution and are in no figure")
    tight = _peak(year, "plant_loading")
    if tight["value"] > 0.0:
        asked = f"is asked for {tight['value']:.0%} of what it can carry then"
        if tight["value"] >= NO_ROOM:
            asked = f"can carry no more than {1.0 / NO_ROOM:.0%} of what it is asked for then"
        told.append(
            f"tightest hour {tight['when']} at {tight['dry_bulb']:.1f} degC (wet bulb {tight['wet_bulb']:.1f} degC): the "
            f"fullest plant machine {asked}"
        )
    return told


def _of_mechanical_load(zone: str, component: float, it_power: float) -> str:
    limit = mechanical_load_limit(zone, it_power)
    where = f"climate zone {zone}" if zone else "a climate zone that is not known"
    if limit is None:
        return (
            f"mechanical load component {component:.3f}: no limit of ASHRAE 90.4 is at hand for {where}, so YEA-009 does "
            "not apply; state one with limits: {what: year.mlc, max: ...}"
        )
    return f"mechanical load component {component:.3f}, {limit:.2f} allowed in {where} ({MLC_SOURCE})"

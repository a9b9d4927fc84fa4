"""What a report tells of a climate year: pictures, peaks, loops and inlets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.checks.liquid import WATER_CLASSES, facility_water
from twin.checks.wording import quantity
from twin.model.facility import Facility
from twin.results.results import Results
from twin.results.year import RACK_FIGURES, Year, when
from twin.view import legend, year_charts
from twin.view.facts import ASSUMED
from twin.view.sheets import NONE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 110
WIDTH = 10.5
"""[inch]"""


@dataclass(frozen=True)
class Chart:
    """One picture of a year."""

    title: str
    draw: Callable[[Figure, Year], None]
    height: float
    """[inch]"""
    shown: Callable[[Year], bool] = lambda year: True
    """Whether there is anything to see."""


CHARTS = {
    "year_load": Chart("Load duration of facility and cooling", year_charts.load_duration, 3.7),
    "year_pue": Chart("PUE by hour of the year", year_charts.pue_map, 3.3),
    "year_compressors": Chart(
        "Hours without compressors, and outdoor temperature", year_charts.compressor_hours, 4.6
    ),
    "year_energy": Chart("Energy by end use and month", year_charts.energy_by_month, 3.8),
    "year_water": Chart(
        "Make-up water by month", year_charts.water_by_month, 3.1, lambda year: bool(year["water"].any())
    ),
    "year_supply": Chart(
        "Supply temperature of the loops over the year", year_charts.supply_duration, 3.9, lambda year: bool(year.loops)
    ),
    "year_halls": Chart(
        "Warm inlets and throttled racks of the halls over the year", year_charts.halls, 3.5,
        lambda year: bool(year.halls) and bool(year.hall["throttled"].any() or np.ptp(year.hall["inlet"]) > 0.5)
    ),
    "year_tanks": Chart(
        "Cold in dispatched tanks", year_charts.tanks, 4.4, lambda year: bool(year["stored"].any())
    ),
    "year_peak_day": Chart("The day with the most energy", year_charts.peak_day, 4.8),
}  # fmt: skip
"""Pictures by the names of their files, in the order of a report."""
PEAKS = {
    "peak": ("Highest facility power", "power"),
    "peak_pue": ("Highest PUE", "ratio"),
    "peak_water": ("Most make-up water", "mass_flow"),
    "tightest": ("Fullest plant machine, load over what it can carry", "fraction"),
    "warmest": ("Warmest supply above its set point", "temperature_difference"),
    "warmest_inlet": ("Warmest rack inlet", "temperature"),
}
"""Peaks in the facts of a year: label and dimension."""


def figure(year: Year, name: str) -> Figure:
    """One of :data:`CHARTS`, for a notebook or a file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    chart = CHARTS[name]
    sheet = Figure(figsize=(WIDTH, chart.height), dpi=DPI, facecolor="white", layout="constrained")
    FigureCanvasAgg(sheet)
    chart.draw(sheet, year)
    return sheet


def write(year: Year, out_dir: Path) -> list[Path]:
    """Write the pictures of a year, ``year_load.png`` and so on; none where no hour has a solution."""
    if "pue" not in year.facts:
        return []
    out_dir.mkdir(parents=True, exist_ok=True)
    written = []
    for name, chart in CHARTS.items():
        if chart.shown(year):
            path = out_dir / f"{name}.png"
            legend.save(figure(year, name), path, dpi=DPI)
            written.append(path)
    return written


def pictures(paths: Iterable[Path]) -> list[tuple[str, Path]]:
    """Titles and files of the pictures of a year among others, in the order of a report."""
    by_name = {path.stem: path for path in paths}
    return [(chart.title, by_name[name]) for name, chart in CHARTS.items() if name in by_name]


def told(facility: Facility, results: Results) -> dict[str, Any] | None:
    """What the template shows of a year; None without one."""
    year = results.year
    if year is None:
        return None
    solved = "pue" in year.facts
    return {
        "sentences": [f"{words[:1].upper()}{words[1:]}." for words in year.facts.get("sentences", ())],
        "weather": _weather(year),
        "notes": year.notes,
        "peaks": list(_peaks(year)) if solved else [],
        "classes": list(WATER_CLASSES),
        "loops": list(_loops(facility, year)) if solved else [],
        "storage": list(_storage(year)),
        "rack_heads": [about.label for about in RACK_FIGURES.values()],
        "racks": list(_racks(year)) if solved else [],
        "inlets": [f"{name}: {hours:,} h" for name, hours in year.facts.get("inlet_hours", {}).items()],
    }


def _weather(year: Year) -> str:
    kind = "synthetic hours" if year.synthetic else "hours"
    zone = year.facts.get("zone", "")
    where = f"; climate zone {zone} of ASHRAE 169 ({year.facts.get('zone_source', '')})" if zone else ""
    return f"Weather: {kind} of {year.station}, {year.source}{where}."


def _peaks(year: Year) -> Iterator[tuple[str, str, str, str, str]]:
    """Label, value, when, dry bulb and wet bulb."""
    for name, (label, dimension) in PEAKS.items():
        peak = year.facts[name]
        if name in ("peak_water", "warmest") and peak["value"] <= 1e-6:
            continue
        outdoors = (quantity(peak[bulb], "temperature") for bulb in ("dry_bulb", "wet_bulb"))
        yield (label, quantity(peak["value"], dimension, digits=4), peak["when"], *outdoors)
    day = year.facts["peak_day"]
    rows = year["dry_bulb"].reshape(-1, 24), year["wet_bulb"].reshape(-1, 24)
    number = int(np.argmax(year["facility_power"].reshape(-1, 24).sum(axis=1)))
    means = (f"mean {quantity(float(values[number].mean()), 'temperature')}" for values in rows)
    yield ("Day with the most energy", quantity(day["energy"], "energy", digits=4), day["date"], *means)


def _loops(facility: Facility, year: Year) -> Iterator[tuple[str, list[str]]]:
    """Set point, mean and warmest supply, hours above the set point, and of facility water those above each class."""
    water = facility_water(facility)
    for name, facts in year.facts["loops"].items():
        temperatures = [quantity(facts[key], "temperature") for key in ("setpoint", "mean", "warmest")]
        above = year.facts["class_hours"][name].values()
        hours = [f"{count:,}" if name in water else NONE for count in above]
        yield name, [*temperatures, f"{facts['missed_hours']:,}", *hours]


def _storage(year: Year) -> Iterator[tuple[str, list[str]]]:
    """Of every loop with dispatched tanks: heat moved, what is saved, least content and reserve."""
    for name, told in year.facts.get("storage", {}).items():
        yield (
            name,
            [
                *(
                    quantity(told[key], "energy", digits=4)
                    for key in ("charged", "discharged", "energy_saved")
                ),
                quantity(told["carbon_saved"], "mass", digits=4),
                quantity(told["cost_saved"], "money", digits=4),
                *(quantity(told[key], "fraction") for key in ("least", "reserve")),
            ],
        )


def _racks(year: Year) -> Iterator[tuple[str, list[str]]]:
    """Racks with any hour throttled or too warm, those with the most first."""
    counted = [name for name in RACK_FIGURES if name.endswith("_hours")]
    if not year.racks:
        return
    hours = np.array([year.rack[name] for name in counted])
    for column in np.lexsort((np.arange(len(year.racks)), -hours.sum(axis=0), -hours[0])):
        if not hours[:, column].any():
            continue
        cells = []
        for name, about in RACK_FIGURES.items():
            value = float(year.rack[name][column])
            if name == "worst_hour":
                cells.append(when(int(value)) if value >= 0.0 else NONE)
            elif name in counted:
                cells.append(f"{value:,.0f}")
            else:
                unknown = name == "warmest_lid" and value == 0.0
                cells.append(NONE if unknown else quantity(value, about.dimension))
        yield year.racks[column], cells


def assumptions(results: Results) -> list[tuple[str, str, str]]:
    """What a year takes for granted: thing, value, source."""
    if results.year is None:
        return []
    found = [
        (
            "climate year",
            "every hour is a steady state: heat stored in water, metal and buildings is left out",
            ASSUMED,
        )
    ]
    if results.year.synthetic:
        found.append(
            ("climate year", f"the hours of {results.year.station} are synthetic", results.year.source)
        )
    return found  # fmt: skip

"""Rules of the climate year: they read the hours that ``--year`` evaluates, and are silent without them.

Hours are judged as time, so that an ``override`` may allow some: ``{rule: YEA-004, max: 20 h, reason: ...}``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from twin.checks.air import PRACTICE, THERMAL_GUIDELINES
from twin.checks.liquid import LIQUID_GUIDELINES, facility_water
from twin.checks.rules import Assessment, Mask, check
from twin.model.air_classes import CLASSES, AirClass
from twin.model.climate_zones import MLC_SOURCE, mechanical_load_limit
from twin.model.facility import Facility
from twin.model.piping import SETPOINT_BAND
from twin.model.products import Rack
from twin.model.products.cooling import NO_ROOM
from twin.model.water_classes import class_of
from twin.results.results import Results
from twin.results.year import HOUR, Year, when

REQUIREMENT = "design requirement"
SITE = ("site",)
FULL = 1.0
"""Load of a plant machine over what it can carry."""
SAME = 0.01
"""A supply is above a class when it is by more: the solve's tolerance and the digits of the classes. [K]"""


def _years(results: Results) -> Iterator[Year]:
    """The year, if it was evaluated and has any hour with a solution."""
    if results.year is not None and results.year.solved.any():
        yield results.year


def _time(what: str, hours: Mask, remark: str = "") -> Assessment:
    """The time in which something happens to the site, of which none is allowed."""
    return _times(SITE, (what,), hours[:, None], (remark,))


def _times(
    subjects: tuple[str, ...], what: tuple[str, ...], hours: Mask, remark: tuple[str, ...]
) -> Assessment:
    """The same of many things, (8760, n)."""
    time = hours.sum(axis=0) * HOUR
    none, held = np.zeros(len(subjects)), (time <= 0.0)[None, :]
    return Assessment(subjects, time, none, "max", "hours", what, held=held, remark=remark)


def _first(year: Year, hours: Mask) -> str:
    """``first 07-05 12h at 37.2 degC, wet bulb 26.5 degC``; nothing if there is no such hour."""
    return f"first {_outdoors(year, int(np.argmax(hours)))}" if hours.any() else ""


def _outdoors(year: Year, hour: int) -> str:
    dry, wet = year["dry_bulb"][hour], year["wet_bulb"][hour]
    return f"{when(hour)} at {dry:.1f} degC, wet bulb {wet:.1f} degC"


@check(
    "YEA-001",
    "Every hour of the year has a steady solution",
    standard="physics",
    clause="no thermal runaway, no voltage collapse",
    stage="study",
)
def solved(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Hours without one are in no figure of the year."""
    if results.year is not None:
        hours = ~results.year.solved
        yield _time("time of the year without a steady solution", hours, _first(results.year, hours))


@check("YEA-002", "No rack is throttled in any hour of the year", standard=REQUIREMENT, stage="study")
def full_speed(facility: Facility, results: Results) -> Iterator[Assessment]:
    """As SOL-003, of every hour."""
    for year in _years(results):
        hours = year["throttled"] > 0.0
        most = f", {year['throttled'].max():.0f} racks at most" if hours.any() else ""
        yield _time("time of the year in which racks are throttled", hours, _first(year, hours) + most)


@check("YEA-003", "Every rack has power in every hour of the year", standard=REQUIREMENT, stage="study")
def served(facility: Facility, results: Results) -> Iterator[Assessment]:
    """As PWR-001, of every hour with nothing failed."""
    for year in _years(results):
        hours = year["unserved"] > 0.0
        yield _time("time of the year in which racks have no power", hours, _first(year, hours))


@check(
    "YEA-004",
    "Loops hold their set points all year",
    standard=PRACTICE,
    clause="within 0.5 K in every hour",
    severity="warning",
    stage="study",
)
def set_points(facility: Facility, results: Results) -> Iterator[Assessment]:
    """As LIQ-010, of every hour: the plant is too small, or the outdoors too warm, in those that are counted."""
    for year in _years(results):
        above = np.where(year.solved[:, None], year.supply - year.setpoint, -np.inf)
        remark = []
        for column in range(len(year.loops)):
            hour = int(np.argmax(above[:, column]))
            excess = above[hour, column]
            told = f"warmest by {excess:.1f} K, {_outdoors(year, hour)}" if excess > SETPOINT_BAND else ""
            remark.append(told)
        what = ("time of the year in which the supply is above its set point",) * len(year.loops)
        yield _times(year.loops, what, above > SETPOINT_BAND, tuple(remark))


@check(
    "YEA-005",
    "The plant has room in the tightest hour of the year",
    standard=PRACTICE,
    clause="no machine is asked for more than it can carry",
    severity="warning",
    stage="study",
)
def room(facility: Facility, results: Results) -> Iterator[Assessment]:
    """A machine whose outdoor air is too warm for the set point carries little or nothing: that is told in words, and the
    tightest of the other hours as a load."""
    for year in _years(results):
        loading = np.where(year.solved, year["plant_loading"], 0.0)
        none = loading >= NO_ROOM
        if none.any():
            what = f"a plant machine cannot hold its set point in {int(none.sum()):,} h, nor could more of its kind"
            yield Assessment(SITE, np.zeros(1), 1.0, "min", "flag", (what,), remark=(_first(year, none),))
        loading = np.where(none, 0.0, loading)
        hour = int(np.argmax(loading))
        over = int((loading > FULL).sum())
        told = _outdoors(year, hour) + (f"; more than it can carry in {over:,} h" if over else "")
        what = "load of the fullest plant machine over what it can carry"
        yield Assessment(SITE, loading[hour : hour + 1], FULL, "max", "fraction", what, remark=(told,))


@check(
    "YEA-006",
    "Facility water stays in the class of its set point all year",
    standard=LIQUID_GUIDELINES,
    clause="facility water classes W17 to W45",
    severity="warning",
    stage="study",
)
def water_classes(facility: Facility, results: Results) -> Iterator[Assessment]:
    """The class is the coolest that holds the loop's warmest set point; of W+ nothing is asked (LIQ-011 tells it)."""
    for year in _years(results):
        names = facility_water(facility)
        columns = [column for column, loop in enumerate(year.loops) if loop in names]
        found = [(column, *class_of(float(year.setpoint[year.solved, column].max()))) for column in columns]
        found = [(column, name, limit) for column, name, limit in found if np.isfinite(limit)]
        if not found:
            continue
        supply = np.where(year.solved[:, None], year.supply, -np.inf)[:, [column for column, _, _ in found]]
        hours = supply > np.array([limit for _, _, limit in found]) + SAME
        what = tuple(
            f"time of the year in which facility water is warmer than class {n}" for _, n, _ in found
        )
        remark = tuple(
            f"warmest {values.max():.1f} degC, {_outdoors(year, int(np.argmax(values)))}" if values.max() > limit else ""
            for values, (_, _, limit) in zip(supply.T, found, strict=True)
        )  # fmt: skip
        yield _times(tuple(year.loops[column] for column, _, _ in found), what, hours, remark)


@check(
    "YEA-007",
    "Rack inlets stay in the recommended range all year",
    standard=THERMAL_GUIDELINES,
    clause="table 2.1, recommended envelope",
    severity="warning",
    stage="study",
)
def inlets_recommended(facility: Facility, results: Results) -> Iterator[Assessment]:
    """The warmest inlet of every hour, against the strictest class of the racks."""
    limits = [air.recommended[1] for air in _classes(facility)]
    for year in _years(results):
        if limits:
            yield _warm(year, min(limits), "recommended")


@check(
    "YEA-008",
    "Rack inlets stay in the allowable range of their class all year",
    standard=THERMAL_GUIDELINES,
    clause="table 2.1, derated above 900 m",
    stage="study",
)
def inlets_allowable(facility: Facility, results: Results) -> Iterator[Assessment]:
    """A year keeps the warmest inlet only: above the laxest class of the racks it is an error, above the strictest a
    warning."""
    limits = [air.highest(facility.place.elevation) for air in _classes(facility)]
    for year in _years(results):
        if not limits:
            continue
        yield _warm(year, max(limits), "allowable")
        if min(limits) < max(limits):
            yield _warm(year, min(limits), "allowable", severe=False)


def _warm(year: Year, limit: float, name: str, *, severe: bool = True) -> Assessment:
    inlet = np.where(year.solved, year["inlet"], -np.inf)
    hour = int(np.argmax(inlet))
    hours = inlet > limit
    told = f"warmest {inlet[hour]:.1f} degC, {_outdoors(year, hour)}" if hours.any() else ""
    what = f"time of the year in which a rack inlet is above the {name} {limit:.1f} degC"
    made = _time(what, hours, told)
    return made if severe else replace(made, severity="warning")


def _classes(facility: Facility) -> list[AirClass]:
    """Classes of the racks that take in air."""
    products = (machine.product for machine in facility.racks)
    names = {p.air_class for p in products if isinstance(p, Rack) and p.liquid_share < 1.0}
    return [CLASSES[name] for name in sorted(names)]


@check(
    "YEA-009",
    "The mechanical load component is within that of the climate zone",
    standard="ANSI/ASHRAE 90.4-2016",
    clause="addendum g, table 6.6, annualized (as quoted)",
    severity="warning",
    stage="study",
)
def mechanical_load(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Energy of cooling over that of IT, at the load of the year; the standard asks for it at full and at half load.

    Zones of which no limit is at hand are not judged; the sentences of the year say so.
    """
    for year in _years(results):
        zone = str(year.facts.get("zone", ""))
        component = year.facts.get("mechanical_load_component")
        limit = mechanical_load_limit(zone, float(year["it_power"].max()))
        if component is None or limit is None:
            continue
        made = ", synthetic weather" if year.synthetic else ""
        told = f"climate zone {zone}{made}; {MLC_SOURCE}"
        what = "annualized mechanical load component"
        yield Assessment(SITE, np.array([component]), limit, "max", "ratio", what, remark=(told,))


@check(
    "YEA-010",
    "Dispatched tanks keep their reserve all year",
    standard=REQUIREMENT,
    clause="dispatch: reserve",
    severity="warning",
    stage="study",
)
def tank_reserve(facility: Facility, results: Results) -> Iterator[Assessment]:
    """What a loss of cooling finds in the tanks at the worst hour; losses and mixing count, only unloading stops in time."""
    for year in _years(results):
        told = year.facts.get("storage", {})
        if not told:
            continue
        least = np.array([one["least"] for one in told.values()])
        kept = np.array([one["reserve"] for one in told.values()])
        what = "least cold in the tanks, of full ones"
        yield Assessment(tuple(told), least, kept, "min", "fraction", (what,) * len(told))

"""Rules of the pipework: pressures and what bears them, suction of pumps, frost, erosion, even flow, filters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twin.checks.air import PRACTICE
from twin.checks.liquid import SHEET
from twin.checks.reading import Columns, Mask, of_machines, of_table, positions
from twin.checks.rules import Array, Assessment, check
from twin.model.facility import Circuit, Facility, Machine
from twin.model.products import Cdu, CoolingTower, Crah, Plant, Pump, Rack
from twin.results.results import Results, Table

OVER_ATMOSPHERE = 3e4
"""EN 12828:2012 annex D, as quoted: 0.3 bar above the static pressure at the highest point. [Pa]"""
SUCTION_SHARE, SUCTION_EXCESS = 1.1, 0.6
"""ANSI/HI 9.6.1, pumps of building services of high suction specific speed, as quoted: the greater of a ratio of 1.1 and a
margin of 0.6 m."""
STEEL_EROSION = 2.4
"""ASHRAE Handbook Fundamentals, pipe sizing, as quoted: 8 ft/s at 8,000 hours of operation a year. [m/s]"""
COPPER_COLD, COPPER_WARM, COPPER_HOT = 2.4, 1.5, 0.75
"""Copper Tube Handbook (Copper Development Association), as quoted: 8 ft/s cold, 5 ft/s up to 60 degC, 2 to 3 ft/s above.
[m/s]"""
WARM, HOT = 30.0, 60.0
"""Temperatures from which copper is taken for warm (assumed) and hot. [degC]"""
EVEN = 0.10
"""Spread between racks of a loop. [-]  Assumed: what balancing valves reach."""
STEAM = 120.0
"""Water under a gauge pressure of 1 bar boils here (IAPWS-IF97: 120.2 degC at 200 kPa); hotter ones are no loops. [degC]"""
OUTDOOR_KINDS = ("dry_cooler", "thermosyphon")


def _circuits(facility: Facility) -> dict[str, Circuit]:
    return {circuit.id: circuit for circuit in facility.circuits}


def _open_to_air(circuit: Circuit, facility: Facility) -> bool:
    """True for a loop that is sprayed in open towers: no vessel holds its pressure, and its top is open."""
    products = [facility.by_id[name].product for name in circuit.sources]
    return any(isinstance(product, CoolingTower) and product.circuit == "open" for product in products)


def _rated(facility: Facility, results: Results, table: str, quantity: str) -> Iterator[Columns]:
    """Machines of a table that has a quantity; results of an earlier version lack some."""
    for units in of_machines(facility, results, table):
        if quantity in units.table.values:
            yield units


@check(
    "LIQ-021",
    "A closing valve raises the pressure of rack and CDU within their sheets",
    standard=SHEET,
    clause="maximum pressure; rise by Joukowsky and Michaud (Wylie and Streeter, Fluid Transients)",
)
def surge(facility: Facility, results: Results) -> Iterator[Assessment]:
    """When one valve closes within the loop's closing time; where the steady pressure holds (LIQ-005, LIQ-022)."""
    what = "gauge pressure while its valve closes"
    for racks in _rated(facility, results, "rack", "liquid_surge"):
        for wet in racks.some(_coolant):
            limit = wet.sheet(lambda rack: rack.product.coolant.pressure_max)  # type: ignore[union-attr]
            yield _with_surge(wet, wet["liquid_pressure"], wet["liquid_surge"], limit, what)
    for units in _rated(facility, results, "cdu", "primary_surge"):
        limit = units.sheet(lambda cdu: cdu.product.primary_pressure_max)  # type: ignore[union-attr]
        yield _with_surge(units, units["primary_pressure"], units["primary_surge"], limit, what)


def _coolant(rack: Machine) -> bool:
    return isinstance(rack.product, Rack) and rack.product.coolant is not None


def _with_surge(units: Columns, steady: Array, rise: Array, limit: Array, what: str) -> Assessment:
    return Assessment(units.ids, steady + rise, limit, "max", "pressure", what, steady <= limit)


@check(
    "LIQ-022",
    "Machines bear the pressure of their loop",
    standard="data sheets",
    clause="maximum pressure; PN 10 or PN 16 where a sheet says nothing",
)
def machine_pressure(facility: Facility, results: Results) -> Iterator[Assessment]:
    """CDUs on both sides, pumps, plant and coils; racks are judged by LIQ-005."""
    for table, quantity, field, what in (
        ("cdu", "primary_pressure", "primary_pressure_max", "gauge pressure of its facility water"),
        ("cdu", "secondary_pressure", "secondary_pressure_max", "gauge pressure of its coolant"),
        ("pump", "pressure", "pressure_max", "gauge pressure at its outlet"),
        ("plant", "pressure", "pressure_max", "gauge pressure of its loop"),
        ("crah", "water_pressure", "pressure_max", "gauge pressure of its water"),
    ):
        for units in _rated(facility, results, table, quantity):
            limit = units.sheet(lambda machine, field=field: _bears(machine, field))  # type: ignore[misc]
            yield Assessment(units.ids, units[quantity], limit, "max", "pressure", what)


def _bears(machine: Machine, field: str) -> float:
    product = machine.product
    assert isinstance(product, Cdu | Crah | Plant | Pump)
    return float(getattr(product, field))


@check(
    "LIQ-023",
    "Pipes and joints bear the pressure of the pumps at no flow",
    standard="ASME B31.9",
    clause="working pressure by Barlow's formula, joints PN 16 (as quoted)",
)
def pipe_pressure(facility: Facility, results: Results) -> Iterator[Assessment]:
    """All valves shut and pumps at full speed, or a valve that closes, whichever is more."""
    for loops in _loops(results, "pipe_rating"):
        highest = np.maximum(loops["shutoff_pressure"], loops["surge_pressure"])
        what = "highest gauge pressure (pumps at no flow, or a closing valve)"
        yield Assessment(loops.ids, highest, loops["pipe_rating"], "max", "pressure", what)


def _loops(results: Results, quantity: str) -> Iterator[Table]:
    for loops in of_table(results, "loop"):
        if quantity in loops.values:
            yield loops


@check(
    "LIQ-024",
    "Pumps have suction head to spare",
    standard="ANSI/HI 9.6.1",
    clause="building services: the greater of 1.1 times NPSH3 and 0.6 m above it (as quoted)",
)
def suction_head(facility: Facility, results: Results) -> Iterator[Assessment]:
    """At the warmest return, the site's barometer, and the flow of each state; NPSH3 estimated where the sheet has none."""
    for pumps in _rated(facility, results, "pump", "npsh_required"):
        needed = pumps["npsh_required"]
        limit = np.maximum(SUCTION_SHARE * needed, needed + SUCTION_EXCESS)
        where = pumps.on("live") & (needed > 0)
        remark = tuple("" if _has_npsh(pump) else "need estimated from the flow" for pump in pumps.machines)
        yield Assessment(
            pumps.ids, pumps["npsh_available"], limit, "min", "length", "net positive suction head", where,
            remark=remark,
        )  # fmt: skip


def _has_npsh(pump: Machine) -> bool:
    return isinstance(pump.product, Pump) and pump.product.npsh_required is not None


@check(
    "LIQ-025",
    "The highest point of a loop stays above the atmosphere",
    standard="EN 12828:2012",
    clause="annex D: 0.3 bar above the static pressure (as quoted; warning below it, error below the atmosphere)",
)
def top_pressure(facility: Facility, results: Results) -> Iterator[Assessment]:
    """While the pumps stand.  Below the atmosphere air is drawn in at vents and seals; not for loops of open towers."""
    circuits = _circuits(facility)
    for loops in _loops(results, "top_pressure"):
        closed = np.array(
            [name in circuits and not _open_to_air(circuits[name], facility) for name in loops.ids]
        )
        known = closed & (loops["pipe_rating"] > 0)
        what, top = "gauge pressure at the highest point", loops["top_pressure"]
        least = np.maximum(loops["boiling"], 0.0)
        yield Assessment(loops.ids, top, least, "min", "pressure", what, known)
        yield Assessment(
            loops.ids, top, OVER_ATMOSPHERE, "min", "pressure", what, known & (top >= least), "warning"
        )


@check(
    "LIQ-026",
    "Fluids stay within the range of their property data",
    standard="property data of the fluid",
    clause="range of validity",
    severity="warning",
)
def fluid_range(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Supply and return; beyond it flows and temperatures are extrapolated.

    Hotter than any fluid of loops stays liquid it is an error: more heat comes in than the flow could ever carry away, and
    the numbers of that loop only tell so.
    """
    for loops in _loops(results, "warmest_known"):
        known, flowing = loops["warmest_known"] > loops["coldest_known"], loops["flow"] > 0
        boiling = np.maximum(loops["warmest_known"], STEAM)
        steam = ("the fluid would boil away; the flow is too small for the heat",) * len(loops.ids)
        for quantity, what in (("supply", "loop supply"), ("return", "loop return")):
            where, liquid = known & flowing, loops[quantity] <= boiling
            yield Assessment(
                loops.ids, loops[quantity], loops["coldest_known"], "min", "temperature", what, where
            )
            yield Assessment(
                loops.ids, loops[quantity], loops["warmest_known"], "max", "temperature", what, where & liquid
            )
            yield Assessment(
                loops.ids, loops[quantity], boiling, "max", "temperature", what, where & ~liquid, "error",
                remark=steam,
            )  # fmt: skip


@check(
    "LIQ-027",
    "No fluid freezes",
    standard=PRACTICE,
    clause="99.6 % heating dry bulb of the site's typical year (warning); coils may be drained or heated (frost:)",
    during="normal",
)
def frost(facility: Facility, results: Results) -> Iterator[Assessment]:
    """The supply is above the freezing point, and outdoors fluid that stands still survives the design winter."""
    coldest = design_winter(facility)
    for loops in _loops(results, "freezing_point"):
        freezing = loops["freezing_point"]
        known = loops["warmest_known"] > loops["coldest_known"]
        yield Assessment(loops.ids, loops["supply"], freezing, "min", "temperature", "loop supply", known)
        if coldest is None:
            continue
        outside = _outdoor_coils(facility)
        where = known & np.array([name in outside for name in loops.ids])
        remark = tuple(f"{outside[name]} stands outdoors" if name in outside else "" for name in loops.ids)
        yield Assessment(
            loops.ids, freezing, coldest, "max", "temperature", "freezing point of the fluid", where, "warning",
            remark=remark,
        )  # fmt: skip


def design_winter(facility: Facility) -> float | None:
    """Dry bulb that is exceeded in 99.6 % of the hours of the site's typical year; None without a climate. [degC]"""
    from twin.climate.design import design_days  # moist air, of the solvers
    from twin.climate.shipped import climate_names, climate_year

    name = facility.place.climate
    return design_days(climate_year(name)).heating[0].dry_bulb if name in climate_names() else None


def _outdoor_coils(facility: Facility) -> dict[str, str]:
    """Loops whose fluid alone saves coils outdoors from frost, and the first of these; open towers drain into a basin."""
    found = {}
    for circuit in facility.circuits:
        machines = [facility.by_id[name] for name in (*circuit.precool, *circuit.sources)]
        coils = [machine.id for machine in machines if not machine.indoors and _is_coil(machine)]
        if coils and circuit.frost == "fluid":
            found[circuit.id] = coils[0]
    return found


def _is_coil(machine: Machine) -> bool:
    product = machine.product
    return product.kind in OUTDOOR_KINDS or (
        isinstance(product, CoolingTower) and product.circuit == "closed"
    )


@check(
    "LIQ-028",
    "Pipes do not erode over the years",
    standard="ASHRAE Handbook Fundamentals; Copper Tube Handbook",
    clause="steel 2.4 m/s at 8,000 h a year; copper 2.4 m/s cold, 1.5 m/s warm, 0.75 m/s above 60 degC (as quoted)",
    severity="warning",
    during="normal",
)
def erosion(facility: Facility, results: Results) -> Iterator[Assessment]:
    """In headers and branches in normal operation; for hours after a failure LIQ-009 holds."""
    circuits = _circuits(facility)
    for loops in _loops(results, "branch_velocity"):
        copper = np.array([name in circuits and circuits[name].pipe == "copper_l" for name in loops.ids])
        warmest = loops["return"]
        soft = np.where(warmest > HOT, COPPER_HOT, np.where(warmest > WARM, COPPER_WARM, COPPER_COLD))
        limit = np.where(copper, soft, STEEL_EROSION)
        yield Assessment(loops.ids, loops["velocity"], limit, "max", "speed", "highest pipe velocity")


@check(
    "LIQ-029",
    "Racks of a loop share its flow evenly",
    standard=PRACTICE,
    clause="spread of flow over what is asked for within 10 %",
    severity="warning",
)
def even_flow(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Racks that have power and are not valved off.  With limiters it shows where pumps are short, and who pays for it."""
    for racks in of_table(results, "rack"):
        if "flow_share" not in racks.values:
            return
        column = positions(racks.ids)
        asks = (racks["served"] > 0.5) & (racks["liquid_required"] > 0)
        names, spread = [], []
        for circuit in facility.circuits:
            members = [column[name] for name in circuit.sinks if name in column and name not in circuit.shut]
            if len(members) > 1:
                names.append(circuit.id)
                spread.append(_spread(racks["flow_share"][:, members], asks[:, members]))
        if names:
            yield Assessment(
                tuple(names),
                np.stack(spread, axis=1),
                EVEN,
                "max",
                "fraction",
                "spread of rack flow over need",
            )


def _spread(share: Array, asks: Mask) -> Array:
    """(S,) largest less smallest of those that ask; 0 where less than two do."""
    high = np.where(asks, share, -np.inf).max(axis=1)
    low = np.where(asks, share, np.inf).min(axis=1)
    return np.where(asks.sum(axis=1) > 1, high - low, 0.0)


@check(
    "LIQ-030",
    "Filters of CDUs have drop to spare before they are changed",
    standard="CDU data sheet",
    clause="drop at which the element is changed",
    severity="warning",
)
def filters(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Clean, at the flow of each state; for CDUs whose filter is known."""
    for units in _rated(facility, results, "cdu", "filter_drop"):
        for known in units.some(lambda cdu: cdu.product.filter):  # type: ignore[union-attr]
            limit = known.sheet(lambda cdu: cdu.product.filter.drop_max)  # type: ignore[union-attr]
            yield Assessment(
                known.ids,
                known["filter_drop"],
                limit,
                "max",
                "pressure",
                "drop of the clean filter",
                known.on("live"),
            )


@check(
    "LIQ-031",
    "Expansion vessels take up the growth of the fluid",
    standard="EN 12828:2012",
    clause="annex D: filled at 10 degC, below the relief valve at the warmest, with a reserve when cold (as quoted)",
    stage="study",
)
def expansion(facility: Facility, results: Results) -> Iterator[Assessment]:
    """For loops that state a vessel; the size that others need is told by the study."""
    for table in _studied(results, "vessel"):
        stated = table["stated"] > 0
        yield Assessment(
            table.ids, table["pressure"], table["pressure_max"], "max", "pressure",
            "gauge pressure of the warm expansion vessel", stated,
        )  # fmt: skip
        yield Assessment(
            table.ids, table["reserve"], table["reserve_least"], "min", "volume",
            "fluid in the cold expansion vessel", stated,
        )  # fmt: skip


def _studied(results: Results, name: str) -> Iterator[Table]:
    found = results.studies.get(name)
    if found is not None and found.ids:
        yield found


@check(
    "LIQ-032",
    "Any piece of the headers may be shut for maintenance",
    standard="Uptime Institute Tier Standard: Topology",
    clause="Tier III, concurrently maintainable distribution paths (as quoted)",
    stage="study",
)
def maintainable(facility: Facility, results: Results) -> Iterator[Assessment]:
    """For layouts with that goal: no rack may be lost; the study tells of all others."""
    if facility.redundancy.goal == "none":
        return
    places = results.answers.get("mains", {}).get("segments", {})
    for table in _studied(results, "segment"):
        for circuit in facility.circuits:
            mine = [k for k, name in enumerate(table.ids) if name.rpartition(".seg")[0] == circuit.id]
            if mine:
                names, lost = tuple(table.ids[k] for k in mine), table["racks_lost"][mine]
                what = tuple(
                    f"shut ({places.get(n, n)}), drops {k:.0f} racks"
                    for n, k in zip(names, lost, strict=True)
                )
                yield Assessment(
                    names, (lost == 0).astype(float), 1.0, "min", "flag", what, mark=circuit.mark
                )


@check(
    "LIQ-033",
    "Pumps reach every sink of their loop",
    standard="consistency",
    clause="diagnosis of the flow network, pumps at full speed",
    stage="study",
)
def hydraulics(facility: Facility, results: Results) -> Iterator[Assessment]:
    """No part without drive, no pump against a closed way, no sink cut off or more than 5 % short."""
    faults = results.answers.get("hydraulics", {}).get("faults", ())
    if faults:
        names = tuple(fault["element"] for fault in faults)
        words = tuple(fault["words"] for fault in faults)
        yield Assessment(names, np.zeros(len(names)), 1.0, "min", "flag", words)
    elif results.studies and facility.circuits:
        names = tuple(circuit.id for circuit in facility.circuits)
        yield Assessment(names, np.ones(len(names)), 1.0, "min", "flag", "reaches every sink")

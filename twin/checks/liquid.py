"""Rules of the liquid side: racks, CDUs, loops and plant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from twin.checks.air import PRACTICE, SETPOINT_HELD, without_spares
from twin.checks.places import hall_name
from twin.checks.reading import Columns, of_machines, of_table, positions
from twin.checks.rules import Assessment, check
from twin.checks.workload import heat
from twin.model.facility import Circuit, Facility, Machine
from twin.model.piping import SETPOINT_BAND
from twin.model.products import PLANT_KINDS, Coolant, Rack
from twin.model.products.cooling import NO_ROOM
from twin.model.water_classes import WATER_CLASSES, class_of
from twin.results.results import Array, Results, Table

SHEET = "rack data sheet"
LIQUID_GUIDELINES = "ASHRAE TC 9.9 Liquid Cooling Guidelines / Thermal Guidelines, 5th ed. (2021)"
FLOW_SHARE = 0.95
"""Share of the sheet's flow that is still accepted: accuracy of a balancing valve, assumed."""
FLOW_HELD = 1e-4
"""Shortfall of a controlled flow that is only the tolerance of the solve. [-]"""
DEW_POINT_MARGIN = 2.0
"""Coolant above room dew point. [K]"""
NO_HOLD = "cannot hold its set point at this outdoor state, nor could more of its kind"
IN_RETURN = "beside chillers it helps in the return (precool:)"
"""What is told of a machine for which the outdoors are too warm, and what would help beside chillers."""
VELOCITY_MAX = 3.0
"""Header velocity; practice is 2.4 to 3 m/s for steel headers. [m/s]"""


def _coolant(rack: Machine) -> Coolant:
    coolant = rack.product.coolant  # type: ignore[union-attr]
    assert coolant is not None
    return coolant


def _wet(machine: Machine) -> bool:
    """True for a rack that needs coolant."""
    product = machine.product
    return isinstance(product, Rack) and product.coolant is not None and product.liquid_share > 0


def _cooled(facility: Facility, results: Results) -> Iterator[Columns]:
    for racks in of_machines(facility, results, "rack"):
        yield from racks.some(_wet)


@check(
    "LIQ-001", "Coolant enters the rack within its sheet's range", standard=SHEET, clause="supply temperature"
)
def coolant_supply(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Where coolant flows; a rack without flow breaks LIQ-002."""
    for racks in _cooled(facility, results):
        supply, where = racks["liquid_supply"], racks.on("served") & (racks["liquid_flow"] > 0)
        warmest = racks.sheet(lambda rack: _coolant(rack).supply_max)
        coldest = racks.sheet(lambda rack: _coolant(rack).supply_min)
        yield Assessment(racks.ids, supply, warmest, "max", "temperature", "coolant supply", where)
        yield Assessment(racks.ids, supply, coldest, "min", "temperature", "coolant supply", where)


@check(
    "LIQ-002", "Rack coolant flow is at least 95 % of what its sheet asks for", standard=SHEET, clause="flow"
)
def coolant_flow(facility: Facility, results: Results) -> Iterator[Assessment]:
    """The flow that the sheet asks for at the heat and supply temperature of each state."""
    for racks in _cooled(facility, results):
        flow, required = racks["liquid_flow"], racks["liquid_required"]
        where, held = racks.on("served") & (required > 0), flow >= (1.0 - FLOW_HELD) * required
        limit = FLOW_SHARE * required
        yield Assessment(racks.ids, flow, limit, "min", "mass_flow", "coolant flow", where, held=held)


@check(
    "LIQ-003",
    "Coolant pressure drop across the rack is within its sheet",
    standard=SHEET,
    clause="pressure drop",
)
def coolant_drop(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Largest drop that hoses, manifold and cold plates are rated for."""
    for racks in _cooled(facility, results):
        limit = racks.sheet(lambda rack: _coolant(rack).drop_max)
        yield Assessment(racks.ids, racks["liquid_drop"], limit, "max", "pressure", "coolant pressure drop")


@check(
    "LIQ-004",
    "Coolant leaves the rack no warmer than its sheet allows",
    standard=SHEET,
    clause="return temperature",
)
def coolant_return(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Where coolant flows."""
    for racks in _cooled(facility, results):
        limit = racks.sheet(lambda rack: _coolant(rack).return_max)
        where = racks.on("served") & (racks["liquid_flow"] > 0)
        yield Assessment(
            racks.ids, racks["liquid_return"], limit, "max", "temperature", "coolant return", where
        )


@check("LIQ-005", "Gauge pressure at the rack is within its sheet", standard=SHEET, clause="maximum pressure")
def coolant_pressure(facility: Facility, results: Results) -> Iterator[Assessment]:
    """At the coolant inlet."""
    for racks in _cooled(facility, results):
        limit = racks.sheet(lambda rack: _coolant(rack).pressure_max)
        yield Assessment(racks.ids, racks["liquid_pressure"], limit, "max", "pressure", "gauge pressure")


@check(
    "LIQ-006",
    "Coolant stays 2 K above the room's dew point",
    standard=LIQUID_GUIDELINES,
    clause="condensation; 2 K is practice",
    during="normal",
)
def condensation(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Loops that reach racks (rear doors included); their manifolds and hoses are not insulated."""
    for loops, dew in _dew_points(facility, results, ("rack", "rear_door")):
        limit, where = dew + DEW_POINT_MARGIN, loops["flow"] > 0
        yield Assessment(loops.ids, loops["supply"], limit, "min", "temperature", "coolant supply", where)


@check(
    "LIQ-017",
    "Chilled and facility water stays above the room's dew point",
    standard=LIQUID_GUIDELINES,
    clause="condensation on coils, pipes and CDUs",
    severity="warning",
    during="normal",
)
def cold_water(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Loops that reach coils and CDUs in a hall: colder ones need insulation and drains and dry the air."""
    for loops, dew in _dew_points(facility, results, ("crah", "cdu")):
        where = loops["flow"] > 0
        yield Assessment(loops.ids, loops["supply"], dew, "min", "temperature", "water supply", where)


def _dew_points(
    facility: Facility, results: Results, kinds: tuple[str, ...]
) -> Iterator[tuple[Table, Array]]:
    """Loops and the highest dew point of the halls in which each reaches machines of some kinds; -inf for none."""
    circuits = {circuit.id: circuit for circuit in facility.circuits}
    for loops in of_table(results, "loop"):
        for halls in of_table(results, "hall"):
            column = positions(halls.ids)
            dew = np.full(loops["supply"].shape, -np.inf)
            for index, name in enumerate(loops.ids):
                rooms = _rooms(circuits[name], facility, column, kinds) if name in circuits else []
                if rooms:
                    dew[:, index] = halls["dew_point"][:, rooms].max(axis=1)
            yield loops, dew


def _rooms(
    circuit: Circuit,
    facility: Facility,
    column: dict[str, int],
    kinds: tuple[str, ...],
) -> list[int]:
    """Columns of the halls in which a loop reaches machines of some kinds."""
    sinks = (facility.by_id[name] for name in circuit.sinks)
    names = {hall_name(sink.hall) for sink in sinks if sink.kind in kinds}
    return sorted(column[name] for name in names if name in column)


@check(
    "LIQ-007", "CDUs move no more heat than they are rated for", standard="CDU data sheet", clause="capacity"
)
def cdu_loading(facility: Facility, results: Results) -> Iterator[Assessment]:
    """In every state, those after a failure included."""
    for units in of_machines(facility, results, "cdu"):
        yield Assessment(units.ids, units["loading"], 1.0, "max", "fraction", "CDU load", units.on("live"))


@check(
    "LIQ-036",
    "Rear doors take no more heat than they are rated for",
    standard="rear door data sheet",
    clause="capacity",
    severity="warning",
)
def door_loading(facility: Facility, results: Results) -> Iterator[Assessment]:
    """In every state; beyond, hotter air or colder water than at the rating point is counted on."""
    for doors in of_machines(facility, results, "rear_door"):
        yield Assessment(
            doors.ids, doors["loading"], 1.0, "max", "fraction", "rear door load", doors.on("live")
        )


@check("LIQ-008", "Pumps have head to spare", standard=PRACTICE, clause="no negative head margin")
def pump_head(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Head of the loop's pumps at the worst sink, and of the pumps inside the CDUs.

    Primary pumps beside a decoupler have no worst sink: theirs is short where full speed brings less than is drawn.
    """
    for loops in of_table(results, "loop"):
        margin, where = loops["head_margin"], loops["flow"] > 0
        yield Assessment(loops.ids, margin, 0.0, "min", "fraction", "unused pump head", where)
        yield from _primary_head(facility, loops)
    for units in of_machines(facility, results, "cdu"):
        margin, where = units["head_margin"], units.on("live")
        yield Assessment(units.ids, margin, 0.0, "min", "fraction", "unused pump head", where)


def _primary_head(facility: Facility, loops: Table) -> Iterator[Assessment]:
    """Loops with a decoupler; results of an earlier version know no primary speed."""
    parted = {circuit.id: circuit for circuit in facility.circuits if circuit.decoupler}
    chosen = [column for column, name in enumerate(loops.ids) if name in parted]
    if not chosen or not {"primary_speed", "source_flow"} <= loops.values.keys():
        return
    flow, through = loops["flow"][:, chosen], loops["decoupler"][:, chosen]
    short = (loops["primary_speed"][:, chosen] >= 1.0) & (through < -FLOW_HELD * flow)
    names = tuple(loops.ids[column] for column in chosen)
    told = tuple(
        f"its primary pumps ({', '.join(_primary(parted[name])[:4])}) bring less at full speed than the secondary pumps "
        "draw; they lack head, or flow"
        for name in names
    )
    running = (
        loops["source_flow"][:, chosen] > FLOW_HELD * flow
    )  # where all are lost the pumps are not to blame
    yield Assessment(names, np.where(short, 0.0, 1.0), 1.0, "min", "flag", told, running)


def _primary(circuit: Circuit) -> tuple[str, ...]:
    """Pumps of the first station."""
    return tuple(name for name in circuit.pumps if name not in circuit.secondary)


@check(
    "LIQ-009",
    "Pipe velocity is moderate",
    standard="ASHRAE Handbook Fundamentals, pipe sizing",
    clause="2.4 m/s to 3 m/s, practice",
    severity="warning",
)
def velocity(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Erosion, noise and water hammer grow with it."""
    for loops in of_table(results, "loop"):
        yield Assessment(loops.ids, loops["velocity"], VELOCITY_MAX, "max", "speed", "highest pipe velocity")


@check(
    "LIQ-010",
    "Loop supply is no warmer than its set point",
    standard=PRACTICE,
    clause="within 0.5 K",
    after_failure="warning",
)
def loop_supply(facility: Facility, results: Results) -> Iterator[Assessment]:
    """After a failure the racks (LIQ-001, LIQ-004, SOL-004) decide, so it is a warning."""
    for loops in of_table(results, "loop"):
        supply, setpoint, flowing = loops["supply"], loops["setpoint"], loops["flow"] > 0
        limit, held = setpoint + SETPOINT_BAND, supply <= setpoint + SETPOINT_HELD
        yield Assessment(loops.ids, supply, limit, "max", "temperature", "loop supply", flowing, held=held)


@check(
    "LIQ-011",
    "Facility water is no warmer than class W45",
    standard=LIQUID_GUIDELINES,
    clause="facility water classes W17 to W45",
    severity="warning",
    during="normal",
)
def water_class(facility: Facility, results: Results) -> Iterator[Assessment]:
    """The message tells the class that a loop meets; above 45 degC it is W+, for which few CDUs are made."""
    water = facility_water(facility)
    for loops in of_table(results, "loop"):
        chosen = [index for index, name in enumerate(loops.ids) if name in water]
        supply, flowing = loops["supply"][:, chosen], loops["flow"][:, chosen] > 0
        what = tuple(f"facility water (class {class_of(float(worst))[0]})" for worst in supply.max(axis=0))
        names = tuple(loops.ids[index] for index in chosen)
        yield Assessment(names, supply, WATER_CLASSES["W45"], "max", "temperature", what, flowing)


def facility_water(facility: Facility) -> frozenset[str]:
    """Loops between the plant and CDUs, room air handlers or racks."""
    return frozenset(c.id for c in facility.circuits if _is_facility_water(c, facility))


def _is_facility_water(circuit: Circuit, facility: Facility) -> bool:
    sources = {facility.by_id[name].kind for name in circuit.sources}
    sinks = {facility.by_id[name].kind for name in circuit.sinks}
    return bool(
        sources.intersection(PLANT_KINDS) and sinks.intersection(("cdu", "crah", "rack", "rear_door"))
    )


@check(
    "LIQ-012",
    "Every loop has sources and pumps, every liquid-cooled machine a loop",
    standard="consistency",
    stage="placement",
)
def loops_complete(facility: Facility) -> Iterator[Assessment]:
    """CDUs bring their own pumps; racks, rear doors, CDUs, air handlers and water-cooled chillers must hang on a loop."""
    if facility.circuits:
        names = tuple(circuit.id for circuit in facility.circuits)
        lacks = [_lacks(circuit, facility) for circuit in facility.circuits]
        values = np.array([0.0 if lack else 1.0 for lack in lacks])
        yield Assessment(names, values, 1.0, "min", "flag", tuple(f"has no {lack}" for lack in lacks))
    thirsty = [machine for machine in facility.machines if _needs_loop(machine)]
    served = {name for circuit in facility.circuits for name in circuit.sinks}
    if thirsty:
        values = np.array([float(machine.id in served) for machine in thirsty])
        what = "needs coolant but is on no loop"
        yield Assessment(tuple(machine.id for machine in thirsty), values, 1.0, "min", "flag", what)
    if facility.doors:
        values = np.array([float(door.id in served) for door in facility.doors])
        what = "has a rear door that is on no loop; name it in doors: of the loop that cools it"
        racks = tuple(door.host or door.id for door in facility.doors)
        yield Assessment(racks, values, 1.0, "min", "flag", what)


def _lacks(circuit: Circuit, facility: Facility) -> str:
    pumped = circuit.pumps or any(facility.by_id[name].kind == "cdu" for name in circuit.sources)
    missing = [
        word
        for word, there in (("sources", circuit.sources), ("pumps", pumped), ("sinks", circuit.sinks))
        if not there
    ]
    return " and no ".join(missing)


def _needs_loop(machine: Machine) -> bool:
    if machine.kind == "chiller":
        return machine.product.condenser == "water"  # type: ignore[union-attr]
    return _wet(machine) or machine.kind in ("cdu", "crah")


@check(
    "LIQ-013",
    "Plant carries no more heat than it can at this outdoor state",
    standard="plant data sheets",
    clause="capacity",
)
def plant_loading(facility: Facility, results: Results) -> Iterator[Assessment]:
    """In every state, those after a failure included; coolers in returns take what they can and have no limit to exceed."""
    for units in _sources(facility, results):
        on, none = units.on("live"), units["loading"] >= NO_ROOM
        yield Assessment(units.ids, units["loading"], 1.0, "max", "fraction", "plant load", on & ~none)
        beside = _beside_chillers(facility)
        told = tuple(f"{NO_HOLD}; {IN_RETURN}" if name in beside else NO_HOLD for name in units.ids)
        yield Assessment(units.ids, np.where(none, 0.0, 1.0), 1.0, "min", "flag", told, on & none)


@check(
    "LIQ-014",
    "Plant and pumps carry the load without their spares",
    standard=PRACTICE,
    clause="N+1",
    during="normal",
)
def plant_spares(facility: Facility, results: Results) -> Iterator[Assessment]:
    """The load of a group in fully loaded machines, against those left without the spares.

    Where no number of machines would hold the set point LIQ-013 tells it.  Coolers in returns have no load of their own.
    """
    for units in (*_sources(facility, results), *of_machines(facility, results, "pump")):
        for group in units.groups():
            some = group["loading"].max(axis=1, keepdims=True) < NO_ROOM
            for needed in without_spares(group, "number of machines needed"):
                yield replace(needed, where=some)


def _sources(facility: Facility, results: Results) -> Iterator[Columns]:
    """Plant that serves a loop, without the coolers in returns."""
    returns = {name for circuit in facility.circuits for name in circuit.precool}
    for units in of_machines(facility, results, "plant"):
        yield from units.some(lambda machine: machine.id not in returns)


def _beside_chillers(facility: Facility) -> frozenset[str]:
    """Sources of loops that have a chiller among them."""
    groups = [
        c.sources for c in facility.circuits if any(facility.by_id[n].kind == "chiller" for n in c.sources)
    ]
    return frozenset(name for sources in groups for name in sources)


@check(
    "LIQ-015",
    "Every pump runs near or below its duty point",
    standard="pump data sheet",
    clause="duty-point flow",
    severity="warning",
)
def pump_runout(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Beyond 120 % of the duty-point flow (assumed) pumps overload and may cavitate."""
    for pumps in of_machines(facility, results, "pump"):
        yield Assessment(
            pumps.ids, pumps["loading"], 1.2, "max", "fraction", "flow over duty point", pumps.on("live")
        )


@check(
    "LIQ-016",
    "CDUs are rated for the racks on their loop",
    standard="CDU data sheet",
    clause="capacity sum",
    stage="placement",
)
def cdu_capacity(facility: Facility) -> Iterator[Assessment]:
    """Sum of capacities of the sources of a loop against the liquid heat of its racks."""
    loops = [c for c in facility.circuits if any(facility.by_id[name].kind == "cdu" for name in c.sources)]
    if not loops:
        return
    capacity = [
        sum(getattr(facility.by_id[name].product, "capacity", 0.0) for name in c.sources) for c in loops
    ]
    racks = [[facility.by_id[name] for name in c.sinks if facility.by_id[name].kind == "rack"] for c in loops]
    load = [sum(heat(rack, facility.workload)[1] for rack in members) for members in racks]
    names = tuple(circuit.id for circuit in loops)
    yield Assessment(names, np.array(capacity), np.array(load), "min", "power", "capacity of the CDUs")

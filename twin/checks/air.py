"""Rules of the air side.

Classes of inlet air: :mod:`twin.model.air_classes`.
Indices: M. Herrlin, "Rack cooling effectiveness in data centers and telecom central offices: the rack cooling
index (RCI)", ASHRAE Transactions 111(2), 2005; M. Herrlin, "Airflow and cooling performance of data centers:
two performance metrics" (RTI), ASHRAE Transactions 114(2), 2008; R. Sharma, C. Bash, C. Patel, "Dimensionless
parameters for evaluation of thermal design and performance of large-scale data centers" (SHI), AIAA paper
2002-3091.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twin.checks.places import hall_name
from twin.checks.reading import Columns, Mask, constant, of_machines, of_table
from twin.checks.rules import Assessment, check
from twin.checks.workload import heat
from twin.model.air_classes import CLASSES, DEW_POINT_MIN, ELEVATION_MAX, HUMIDITY_MIN, AirClass
from twin.model.electrical_rooms import LEAST_RISE, in_electrical_room, room_temperature, rooms_of
from twin.model.facility import Facility, Machine
from twin.model.piping import SETPOINT_BAND
from twin.results.results import Array, Results, Table

THERMAL_GUIDELINES = "ASHRAE TC 9.9 Thermal Guidelines, 5th ed. (2021)"
PRACTICE = "practice (assumed)"
SETPOINT_HELD = 0.01
"""Deviation below which a set point is held without doubt: tolerance of the solve. [K]"""


def dew_point(temperature: Array, humidity: Array) -> Array:
    """Dew point over water by the Magnus form. [degC]

    O. Alduchov and R. Eskridge, "Improved Magnus form approximation of saturation vapor pressure", J. Appl.
    Meteorol. 35, 1996, pp. 601-609: within 0.4 % in pressure (about 0.06 K) from -40 to 50 degC.
    """
    a, b = 17.625, 243.04
    magnus = np.log(np.clip(humidity, 1e-6, None)) + a * temperature / (b + temperature)
    return b * magnus / (a - magnus)


def _breathing(racks: Columns) -> Mask:
    """Where a rack is powered and takes air in."""
    return racks.on("served") & (racks["air_flow"] > 0)


@check(
    "AIR-001",
    "Rack inlet air is within the allowable range of its class",
    standard=THERMAL_GUIDELINES,
    clause="table 2.1, derated above 900 m",
)
def inlet_allowable(facility: Facility, results: Results) -> Iterator[Assessment]:
    """The upper limit falls with elevation above 900 m, by 1 K per 300 m for classes A1 and A2."""
    for racks in of_machines(facility, results, "rack"):
        upper = racks.sheet(lambda rack: _class(rack).highest(facility.place.elevation))
        lower = racks.sheet(lambda rack: _class(rack).allowable[0])
        yield from _between(racks, "inlet_temperature", lower, upper, "temperature", "inlet air")


@check(
    "AIR-002",
    "Rack inlet air is within the recommended range of its class",
    standard=THERMAL_GUIDELINES,
    clause="table 2.1, recommended envelope",
    severity="warning",
    during="normal",
)
def inlet_recommended(facility: Facility, results: Results) -> Iterator[Assessment]:
    """18 to 27 degC, 18 to 22 degC for class H1."""
    for racks in of_machines(facility, results, "rack"):
        lower = racks.sheet(lambda rack: _class(rack).recommended[0])
        upper = racks.sheet(lambda rack: _class(rack).recommended[1])
        yield from _between(racks, "inlet_temperature", lower, upper, "temperature", "inlet air")


@check(
    "AIR-003",
    "Rack inlet humidity is within the range of its class",
    standard=THERMAL_GUIDELINES,
    clause="table 2.1, humidity",
    severity="warning",
    during="normal",
)
def inlet_humidity(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Humidity and dew point below the class's largest; above both 8 % and a dew point of -12 degC."""
    for racks in of_machines(facility, results, "rack"):
        humidity, where = racks["relative_humidity"], _breathing(racks)
        dew = dew_point(racks["inlet_temperature"], humidity)
        wettest = racks.sheet(lambda rack: _class(rack).humidity_max)
        least = constant(len(racks.ids), HUMIDITY_MIN)
        yield Assessment(racks.ids, humidity, wettest, "max", "fraction", "inlet relative humidity", where)
        yield Assessment(racks.ids, humidity, least, "min", "fraction", "inlet relative humidity", where)
        highest = racks.sheet(lambda rack: _class(rack).dew_point_max)
        yield Assessment(racks.ids, dew, highest, "max", "temperature", "inlet dew point", where)
        yield Assessment(racks.ids, dew, DEW_POINT_MIN, "min", "temperature", "inlet dew point", where)


@check(
    "AIR-004",
    "The site is no higher than the air classes reach",
    standard=THERMAL_GUIDELINES,
    clause="table 2.1, maximum elevation",
    severity="warning",
    stage="placement",
)
def elevation(facility: Facility) -> Iterator[Assessment]:
    """3050 m for all classes; the fall of the allowable temperature with elevation is part of AIR-001."""
    if facility.racks:
        yield Assessment(
            ("site",), np.array([facility.place.elevation]), ELEVATION_MAX, "max", "length", "site elevation"
        )


@check(
    "AIR-005",
    "Room air handlers hold their set point",
    standard=PRACTICE,
    clause="within 0.5 K",
    after_failure="warning",
)
def supply_air(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Only warmer is a breach.  After a failure the rack inlets (AIR-001) decide, so it is a warning."""
    for units in of_machines(facility, results, "crah"):
        setpoint = units.sheet(lambda unit: np.inf if unit.setpoint is None else unit.setpoint)
        supply, live = units["supply"], units.on("live")
        limit, held = setpoint + SETPOINT_BAND, supply <= setpoint + SETPOINT_HELD
        yield Assessment(units.ids, supply, limit, "max", "temperature", "supply air", live, held=held)


@check(
    "AIR-006",
    "Room air handlers carry the heat without their spares",
    standard=PRACTICE,
    clause="N+1",
    during="normal",
)
def air_handler_spares(facility: Facility, results: Results) -> Iterator[Assessment]:
    """The heat of a group in machines at rated capacity, against those left without the spares."""
    for units in of_machines(facility, results, "crah"):
        yield from without_spares(units, "number of air handlers needed")


def without_spares(machines: Columns, what: str) -> Iterator[Assessment]:
    """Sum of the loadings of each group against its count less its declared spares."""
    for group in machines.groups():
        needed = group["loading"].sum(axis=1, keepdims=True)
        left = float(len(group.machines) - group.machines[0].spare)
        yield Assessment((group.machines[0].group,), needed, left, "max", "ratio", what)


@check(
    "AIR-007",
    "Rack cooling index, high side, is good",
    standard="Herrlin 2005, rack cooling index",
    clause="96 %",
    severity="warning",
    during="normal",
)
def rack_cooling_index(facility: Facility, results: Results) -> Iterator[Assessment]:
    """100 % is ideal, 96 % good, 90 % poor."""
    for halls in of_table(results, "hall"):
        yield Assessment(halls.ids, halls["rci_hi"], 0.96, "min", "fraction", "RCI (high)", _warm(halls))


@check(
    "AIR-008",
    "Supply air matches the air that the racks take",
    standard="Herrlin 2008, return temperature index",
    clause="80 % to 120 %, practice (assumed)",
    severity="warning",
    during="normal",
)
def return_temperature_index(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Above 100 % exhaust recirculates, below it supply air bypasses the racks.

    Air that rear doors have cooled may go round in the room: it counts by the heat left in it, and halls whose doors take
    most of the heat are not judged.
    """
    for halls in of_table(results, "hall"):
        where = _warm(halls) & (_cooled_by_doors(facility, results, halls) < 0.5)
        yield Assessment(halls.ids, halls["rti"], 1.2, "max", "fraction", "RTI", where)
        yield Assessment(halls.ids, halls["rti"], 0.8, "min", "fraction", "RTI", where)


@check(
    "AIR-009",
    "Little exhaust mixes into the supply air",
    standard="Sharma, Bash and Patel 2002, supply heat index",
    clause="0.4, practice (assumed)",
    severity="warning",
    during="normal",
)
def supply_heat_index(facility: Facility, results: Results) -> Iterator[Assessment]:
    """0 is perfect separation of hot and cold air."""
    for halls in of_table(results, "hall"):
        yield Assessment(halls.ids, halls["shi"], 0.4, "max", "fraction", "SHI", _warm(halls))


@check(
    "AIR-010",
    "Room air handlers are rated for the racks' air heat",
    standard=PRACTICE,
    clause="capacity sum",
    stage="placement",
)
def air_capacity(facility: Facility) -> Iterator[Assessment]:
    """Sum of rated capacities of a hall's air handlers (and rear doors) against its racks' heat into air."""
    for shell in facility.halls:
        mine = [machine for machine in facility.machines if hall_name(machine.hall) == hall_name(shell.id)]
        handlers = [machine for machine in mine if machine.kind == "crah"]
        doors = [rack.rear_door for rack in mine if rack.rear_door]
        capacity = sum(
            getattr(product, "capacity", 0.0) for product in (*(m.product for m in handlers), *doors)
        )
        load = sum(heat(rack, facility.workload)[0] for rack in mine if rack.kind == "rack")
        if not load:
            continue
        name = hall_name(shell.id)
        yield Assessment(
            (name,), np.array([capacity]), load, "min", "power", "capacity of the room air handlers"
        )


@check(
    "AIR-011",
    "The warmest place of every rack inlet is within the allowable range of its class",
    standard=THERMAL_GUIDELINES,
    clause="table 2.1, derated above 900 m; every air inlet of a rack counts",
    severity="warning",
)
def warmest_place(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Exhaust that comes over the top of a row enters the uppermost equipment first; only a 3-D field tells."""
    for racks in of_machines(facility, results, "rack"):
        upper = racks.sheet(lambda rack: _class(rack).highest(facility.place.elevation))
        told = racks["inlet_highest"] > racks["inlet_temperature"]
        where = _breathing(racks) & told
        what = "air at the warmest place of the inlet"
        yield Assessment(racks.ids, racks["inlet_highest"], upper, "max", "temperature", what, where)


@check(
    "AIR-012",
    "Outdoor air on the design day keeps ventilated electrical rooms at their temperature",
    standard="IEC 61439-1",
    clause="7.1.1, 40 degC unless the layout says otherwise",
    severity="warning",
    stage="placement",
)
def ventilated_rooms(facility: Facility) -> Iterator[Assessment]:
    """Fans are sized for a rise of no less than 5 K (assumed)."""
    used = {machine.hall for machine in facility.machines if in_electrical_room(machine)}
    halls: tuple[str | None, ...] = (*(shell.id for shell in facility.halls), None)
    for hall, rooms in zip(halls, rooms_of(facility), strict=True):
        if hall not in used or rooms.cooling != "ventilation":
            continue
        warmest = np.array([facility.place.outdoor.dry_bulb + LEAST_RISE])
        name = "site" if hall is None else hall_name(hall)
        what = "air of the electrical rooms"
        yield Assessment((name,), warmest, room_temperature(rooms), "max", "temperature", what)


def _between(
    racks: Columns, quantity: str, lower: Array, upper: Array, dimension: str, what: str
) -> Iterator[Assessment]:
    where, error = _breathing(racks), racks["inlet_error"]
    yield Assessment(racks.ids, racks[quantity], upper, "max", dimension, what, where, error=error)
    yield Assessment(racks.ids, racks[quantity], lower, "min", dimension, what, where, error=error)


def _class(rack: Machine) -> AirClass:
    return CLASSES[rack.product.air_class]  # type: ignore[union-attr]


def _cooled_by_doors(facility: Facility, results: Results, halls: Table) -> Array:
    """(S, halls) share of what racks give to the air of each hall that rear doors take."""
    taken = np.zeros(halls["heat"].shape)
    for doors in of_machines(facility, results, "rear_door"):
        for column, hall in enumerate(halls.ids):
            mine = [hall_name(rack.hall) == hall for rack in doors.machines]
            taken[:, column] = doors["duty"][:, mine].sum(axis=1)
    return np.divide(taken, taken + halls["heat"], out=np.zeros_like(taken), where=taken > 0.0)


def _warm(halls: Table) -> Mask:
    return halls["heat"] > 0

"""Rules for the loss of cooling in time: does it come back before racks throttle or shut down?

Times are those of the study ``cooling``; what it assumes of volumes, metal and restart is told with it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twin.checks.rules import Array, Assessment, Mask, check
from twin.model.facility import Facility
from twin.model.products import YEAR
from twin.results.results import Results, Table

CONTINUOUS = "Uptime Institute, Accredited Tier Designer Technical Paper: Continuous Cooling (2017)"
"""Asks for a stable inlet for as long as cooling takes to restart after an interruption of its power, transfer to generators
included; required of Tier IV, recommended above 4 kW a rack whatever the Tier."""
TO_ACT = 15 * 60.0
"""Time in which people can find the fault and act.  Assumed: practice of staffed sites. [s]"""
FOLLOWED = 30 * 60.0
"""Time for which losses are followed at least; racks that run on for so long are told as if they stopped then. [s]"""
CHANGEOVER = 5.0
"""Time in which a standby pump takes over and is up to speed.  Assumed: CDUs change over in 0.05 to 0.5 s (Vertiv CoolChip
CDU 600, operation guide, parameter P210, as quoted) and their drives need seconds. [s]"""


def _studied(results: Results) -> Iterator[Table]:
    table = results.studies.get("cooling_loss")
    if table is not None and table.ids:
        yield table


@check(
    "RTC-001",
    "Cooling is back before racks shut down",
    standard=CONTINUOUS,
    clause="stable cooling until the mechanical system has restarted",
    stage="study",
)
def shut_down(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Loss of the utility, and transfers that interrupt cooling: the time within which everything must cool again, at least
    what generators, pumps and chillers take; and racks that run on while cooling does not come back at all."""
    for table in _studied(results):
        yield _ride(
            facility, table, "ride_trip", "time within which cooling must be back lest racks shut down"
        )
        alone = (table["utility"] > 0.5) & (table["returns"] < 0.5)
        runs_on: Array = np.where(table["racks_trip"] > 0.0, 0.0, 1.0)
        what = "cooling stays without power and racks shut down when the utility is lost"
        yield Assessment(_subjects(facility, table), runs_on, 1.0, "min", "flag", what, alone)


@check(
    "RTC-002",
    "Cooling is back before racks throttle",
    standard=CONTINUOUS,
    clause="stable cooling until the mechanical system has restarted",
    severity="warning",
    stage="study",
)
def throttling(facility: Facility, results: Results) -> Iterator[Assessment]:
    """As RTC-001; racks throttle by their lids, and air above the allowable range of their class counts as throttling.

    Coolant above the supply that a sheet allows at full power does not: lids tell what it does to a rack.  Its time is told
    beside, and the solved states, which ask what racks may draw for good, curtail racks by it.
    """
    for table in _studied(results):
        yield _ride(
            facility, table, "ride_throttle", "time within which cooling must be back lest racks throttle"
        )


@check(
    "RTC-003",
    "One lost machine leaves time to act",
    standard="design practice",
    clause="N+1 in time: 15 min (assumed)",
    severity="warning",
    stage="study",
)
def single(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Cooling machines, and power machines that stop some.  A warning: whether racks run on for good after a loss is judged
    in the steady states."""
    for table in _studied(results):
        what = "time until racks shut down once it is lost"
        where = (table["single"] > 0.5) | (table["power"] > 0.5)
        time = np.minimum(table["time_trip"], FOLLOWED)
        none = tuple("none does" if bound >= FOLLOWED else "" for bound in time)
        subjects = _subjects(facility, table)
        yield Assessment(subjects, time, TO_ACT, "min", "duration", what, where, remark=none)


@check(
    "RTC-004",
    "Lids stay below their limit until a standby pump runs",
    standard="design practice",
    clause="a change of pumps, 5 s (assumed)",
    severity="warning",
    stage="study",
)
def standing_coolant(facility: Facility, results: Results) -> Iterator[Assessment]:
    """All pumps of a loop lost at once: the margin tells how long plates, packages and the coolant in them last.

    Servers with cold plates shut down within a minute of a failure (ASME InterPACK 2017, V001T02A008, abstract).
    """
    for table in _studied(results):
        lids = (table["flowless"] > 0.5) & (table["time_case"] < YEAR)  # loops without racks warm no lid
        what = "time until the first lid is at its limit once the coolant stands still"
        yield Assessment(
            _subjects(facility, table), table["time_case"], CHANGEOVER, "min", "duration", what, lids
        )


@check(
    "RTC-005",
    "Losses of cooling were followed to their end",
    standard="this program",
    clause="the march reached its end and conserved energy",
    severity="warning",
    stage="study",
)
def followed(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Where one was not, its times are not to be trusted."""
    for table in _studied(results):
        what = "loss of cooling could not be followed to its end"
        yield Assessment(_subjects(facility, table), table["followed"], 1.0, "min", "flag", what)


def _ride(facility: Facility, table: Table, quantity: str, what: str) -> Assessment:
    where: Mask = (table["returns"] > 0.5) & (table["restart"] > 0.0)
    values: Array = np.asarray(table[quantity], float)
    return Assessment(
        _subjects(facility, table),
        values,
        table["restart"],
        "min",
        "duration",
        what,
        where,
        remark=_lost(table),
    )


def _subjects(facility: Facility, table: Table) -> tuple[str, ...]:
    """The thing that is lost: a machine, a loop, a hall; the first utility for all of them."""
    utilities = facility.of_kind("utility")
    first = utilities[0].id if utilities else ""
    return tuple(first if name == "utility" else name.partition(":")[2] or name for name in table.ids)


def _lost(table: Table) -> tuple[str, ...]:
    """What to add to a sentence, as the subject alone does not tell it."""
    return tuple("once the utility is lost" if name == "utility" else f"after {name}" for name in table.ids)


@check(
    "RTC-006",
    "Lids stay below their limit until cooling is back after the loss of the utility",
    standard="rack data sheet",
    clause="lid temperature in operation",
    severity="warning",
    stage="study",
)
def lids_meanwhile(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Racks whose plates are known; LIQ-018 asks the same of the steady states."""
    table = results.studies.get("rack_loss")
    if table is not None and {"case_max", "utility_lid"} <= table.values.keys():
        known = (table["case_max"] > 0.0) & (table["utility_lid"] > 0.0)
        what = "warmest lid after the loss of the utility"
        yield Assessment(
            table.ids, table["utility_lid"], table["case_max"], "max", "temperature", what, known
        )

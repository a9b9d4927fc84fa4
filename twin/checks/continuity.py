"""Rules for the loss of the utility: batteries, transfers, generators, fuel, and the step of a training job.

ISO 8528-5:2018, *Reciprocating internal combustion engine driven alternating current generating sets, Part 5: Generating
sets*; its classes as quoted by makers.  The dynamic model of a set rests on assumed constants, so its findings are
warnings unless the set trips.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twin.checks.rules import Assessment, Mask, check
from twin.model.facility import Facility
from twin.results.results import Results, Table

FUEL = 12 * 3600.0
"""Uptime Institute, Tier Standard: Topology: 12 hours of fuel at the load "N", in all tiers (as quoted by Mission Critical
Magazine on the vote of the Owners Advisory Committee). [s]"""


def _studied(results: Results, name: str) -> Iterator[Table]:
    table = results.studies.get(name)
    if table is not None and table.ids:
        yield table


@check(
    "CON-001",
    "Batteries last until the generators carry the load",
    standard="IEC 62040-3:2021",
    clause="stored energy time (as quoted)",
    stage="study",
)
def batteries(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Start, load blocks, transfer and half of the walk-in; without a generator there is no gap to compare with."""
    for table in _studied(results, "store"):
        relieved = (table["relieved"] > 0.5) & (table["gap"] > 0.0)
        what = "time to an empty battery"
        yield Assessment(table.ids, table["time"], table["gap"], "min", "duration", what, relieved)


@check(
    "CON-002",
    "Batteries last also at the highest load after a failure",
    standard="IEC 62040-3:2021",
    clause="stored energy time (as quoted)",
    severity="warning",
    stage="study",
)
def batteries_after_failure(facility: Facility, results: Results) -> Iterator[Assessment]:
    """A warning, as the utility would have to be lost while another machine is out."""
    for table in _studied(results, "store"):
        relieved = (table["relieved"] > 0.5) & (table["gap"] > 0.0)
        what = "time to an empty battery at the highest load after a failure"
        yield Assessment(table.ids, table["time_worst"], table["gap"], "min", "duration", what, relieved)


@check(
    "CON-003",
    "Racks ride through transfers and the start of the generators",
    standard="ITI (CBEMA) curve, 2000",
    clause="no voltage for 20 ms, or the hold-up time of the power supplies",
    stage="study",
)
def transfers(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Racks with no UPS or storage on some way see every transfer above them, and the gap until the generators."""
    for table in _studied(results, "input"):
        racks = np.array([facility.by_id[name].kind == "rack" for name in table.ids])
        limit = table["hold_up"]
        what = "interruption by a transfer switch"
        yield Assessment(table.ids, table["transfer"], limit, "max", "duration", what, racks)
        back = racks & (table["returns"] > 0.5)
        what = "interruption when the utility is lost"
        yield Assessment(table.ids, table["gap"], limit, "max", "duration", what, back)


@check(
    "CON-004",
    "Generators take up the load in blocks they can bear",
    standard="ISO 8528-5:2018",
    clause="load acceptance, data sheet",
    severity="warning",
    stage="study",
)
def blocks(facility: Facility, results: Results) -> Iterator[Assessment]:
    """What a transfer switch puts on the sets at once: racks without UPS; what has a walk-in is no step."""
    for table in _studied(results, "genset"):
        step, limit = table["block_step"], table["block_step_limit"]
        yield Assessment(table.ids, step, limit, "max", "fraction", "largest step over rating")


@check(
    "CON-005",
    "Fuel lasts for hours",
    standard="Uptime Institute Tier Standard: Topology",
    clause="12 h of on-site fuel (as quoted)",
    stage="study",
)
def fuel(facility: Facility, results: Results) -> Iterator[Assessment]:
    """The tanks at the sets, at the load that these carry without the utility; consumption in proportion to the load."""
    for table in _studied(results, "genset"):
        yield Assessment(table.ids, table["fuel_time"], FUEL, "min", "duration", "fuel at this load")


@check(
    "CON-006",
    "Generators keep frequency within their class when a training job starts",
    standard="ISO 8528-5:2018",
    clause="table of operating limit values (as quoted)",
    severity="warning",
    stage="study",
)
def frequency(facility: Facility, results: Results) -> Iterator[Assessment]:
    """All racks on the set from idle to peak at once, smoothed by what stores they have."""
    for table in _studied(results, "genset"):
        yield _class(table, "frequency_drop", "fraction", "fall of frequency")
        yield _class(table, "frequency_recovery", "duration", "recovery of frequency")


@check(
    "CON-007",
    "Generators keep voltage within their class when a training job starts",
    standard="ISO 8528-5:2018",
    clause="table of operating limit values (as quoted)",
    severity="warning",
    stage="study",
)
def voltage(facility: Facility, results: Results) -> Iterator[Assessment]:
    """As CON-006."""
    for table in _studied(results, "genset"):
        yield _class(table, "voltage_drop", "fraction", "fall of voltage")
        yield _class(table, "voltage_recovery", "duration", "recovery of voltage")


@check(
    "CON-008",
    "Generators survive the start of a training job",
    standard="design requirement",
    clause="no trip by frequency or voltage",
    stage="study",
)
def survival(facility: Facility, results: Results) -> Iterator[Assessment]:
    """A set that trips leaves its racks dark, whatever its class."""
    for table in _studied(results, "genset"):
        what = tuple(
            f"trips when its racks step from idle to peak, {100 * step:.0f} % of its rating"
            for step in table["job_step"]
        )
        yield Assessment(table.ids, table["job_held"], 1.0, "min", "flag", what, _jobs(table))


def _class(table: Table, quantity: str, dimension: str, what: str) -> Assessment:
    where = _jobs(table) & (table["job_held"] > 0.5)
    return Assessment(table.ids, table[quantity], table[f"{quantity}_limit"], "max", dimension, what, where)


def _jobs(table: Table) -> Mask:
    return np.asarray(table["job"] > 0.5)

"""Rules of short circuits: what breakers and assemblies stand, who clears a fault, how fast, and what an arc does meanwhile.

They read the tables of the study of short circuits.  What has no rating in the layout or the catalogue is not checked; the
study says how many.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twin.checks.air import PRACTICE
from twin.checks.places import feed_name
from twin.checks.rules import Array, Assessment, check
from twin.model.facility import Facility, Feed, Machine
from twin.results.results import Results, Table

FINAL_TIME, DISTRIBUTION_TIME = 0.4, 5.0
"""IEC 60364-4-41 clause 411.3.2, TN systems of 120 to 230 V to earth (as quoted). [s]"""
SOCKETS, FIXED = 63.0, 32.0
"""Rating of final circuits up to which the shorter time holds: with socket-outlets, as those of racks, and of others;
IEC 60364-4-41:2017 clause 411.3.2.2 (as quoted). [A]"""
LOW_VOLTAGE = 1000.0
"""[V]"""
HOTTEST = 40.0 * 4.184e4
"""40 cal/cm2. [J/m2]"""


@check(
    "FLT-001",
    "Breakers interrupt the prospective short-circuit current",
    standard="NFPA 70 (NEC) 2023",
    clause="110.9; UL 489, IEEE C37.13 or IEC 60947-2 by the site's grid",
    stage="study",
)
def breakers_interrupt(facility: Facility, results: Results) -> Iterator[Assessment]:
    """At the breaker, and at the busbars of boards whose breakers have a rating; corrected for the asymmetry of the test."""
    what = "interrupting rating needed"
    for table in _table(results, "protection"):
        duty, needed = table["interrupting"], table["interrupting_needed"]
        yield Assessment(table.ids, needed, _over(needed, duty), "max", "current", what, duty > 0)
    for table in _table(results, "fault"):
        rating = np.array([_sheet(facility, name, "interrupting") for name in table.ids])
        duty = table["interrupting"]
        needed = np.where(duty > 0, duty * np.where(duty > 0, rating, 1.0), 0.0)
        yield Assessment(table.ids, needed, rating, "max", "current", what, duty > 0)


@check(
    "FLT-002",
    "Switchboards and busways withstand the short-circuit current",
    standard="NFPA 70 (NEC) 2023",
    clause="110.10; IEC 61439-1 clause 9.3, UL 891, UL 857",
    stage="study",
)
def assemblies_withstand(facility: Facility, results: Results) -> Iterator[Assessment]:
    """The heat until it is cleared, and the peak."""
    for table in _table(results, "fault"):
        rating = np.array([_sheet(facility, name, "withstand") for name in table.ids])
        stress = table["withstand"]
        needed = np.where(stress > 0, stress * np.where(stress > 0, rating, 1.0), 0.0)
        what = "withstand rating needed"
        yield Assessment(table.ids, needed, rating, "max", "current", what, stress > 0)


@check(
    "FLT-003",
    "Breakers are selective with those upstream",
    standard=PRACTICE,
    clause="up to the prospective current; asked of emergency and critical operations by NEC 645.27, 700.32, 708.54",
    severity="warning",
    stage="study",
)
def selective(facility: Facility, results: Results) -> Iterator[Assessment]:
    """By their time-current curves; makers' tables of energy selectivity may allow more."""
    by_feed = {
        one["feed"]: f"with {one['upstream']}"
        for one in results.answers.get("faults", {}).get("not_selective", ())
    }
    for table in _table(results, "protection"):
        total = table["selective"] >= 1.0
        yield Assessment(
            table.ids,
            table["selective"] * table["prospective"],
            table["prospective"],
            "min",
            "current",
            "current up to which it is selective with the breaker upstream",
            table["prospective"] > 0,
            held=total[np.newaxis],
            remark=tuple(by_feed.get(name, "") for name in table.ids),
        )


@check(
    "FLT-004",
    "Earth faults are cleared in time",
    standard="IEC 60364-4-41",
    clause="411.3.2: 0.4 s in final circuits, 5 s in distribution circuits (as quoted)",
    severity="warning",
    stage="study",
)
def disconnection(facility: Facility, results: Results) -> Iterator[Assessment]:
    """At the smallest earth fault at the end of the circuit; not where a first fault drives no current (IT systems)."""
    feeds = {feed_name(feed): feed for feed in facility.feeds}
    for table in _table(results, "protection"):
        mine = [feeds[name] for name in table.ids]
        limit = np.array([_longest(feed, facility.by_id[feed.to]) for feed in mine])
        low = np.array([_voltage(facility, feed) <= LOW_VOLTAGE for feed in mine], bool)
        where = (table["disconnection"] > 0) & low
        yield Assessment(
            table.ids,
            table["disconnection"],
            limit,
            "max",
            "duration",
            "clearing time of an earth fault",
            where,
        )


@check(
    "FLT-005",
    "The incident energy of an arc is at most 40 cal/cm2",
    standard=PRACTICE,
    clause="NFPA 70E, informational notes (as quoted); IEEE 1584-2018",
    severity="warning",
    stage="study",
)
def arc_flash(facility: Facility, results: Results) -> Iterator[Assessment]:
    """At the working distance, with the clearing time of the protection, at most 2 s."""
    for table in _table(results, "fault"):
        energy = table["incident_energy"]
        yield Assessment(
            table.ids, energy, HOTTEST, "max", "energy_per_area", "incident energy of an arc", energy > 0
        )


def _table(results: Results, name: str) -> Iterator[Table]:
    found = results.studies.get(name)
    if found is not None and found.ids:
        yield found


def _over(needed: Array, duty: Array) -> Array:
    """Ratings of which ``duty`` is the share that is needed; inf where there is none."""
    return np.divide(needed, duty, out=np.full_like(needed, np.inf), where=duty > 0)


def _sheet(facility: Facility, name: str, field: str) -> float:
    """A short-circuit rating of a machine's sheet; inf where it has none."""
    return getattr(facility.by_id[name].product, field, None) or np.inf


def _longest(feed: Feed, machine: Machine) -> float:
    """Longest time allowed to clear an earth fault in a circuit. [s]"""
    shorter = SOCKETS if machine.kind == "rack" else FIXED
    final = machine.product.role != "power"
    return FINAL_TIME if final and (feed.breaker or 0.0) <= shorter else DISTRIBUTION_TIME


def _voltage(facility: Facility, feed: Feed) -> float:
    """Nominal voltage of what feeds a circuit. [V]"""
    sheet = facility.by_id[feed.sources[0]].product
    return float(getattr(sheet, "secondary", getattr(sheet, "voltage", 0.0)))

"""Rules of the single phases, where circuits have one or two poles."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twin.checks.air import PRACTICE
from twin.checks.power import CONTINUOUS
from twin.checks.rules import Assessment, check
from twin.model.facility import Facility
from twin.results.results import Array, Results, Table

EVEN = 0.10
"""Largest deviation of a phase current from the mean of the three, over the mean: the usual goal of operators (5 % is good,
above 15 % panels are dealt anew).  Practice."""
LIGHT = 0.20
"""Load over rating of the fullest phase below which an imbalance is of no account.  Assumed."""
SUPPLY_UNBALANCE = 0.03
"""ANSI C84.1-2020, annex C, at the meter without load (as quoted); machines above are derated by a tenth and more."""
PLANNED_UNBALANCE = 0.02
"""EN 50160:2010, 4.2.4, and IEC 61000-2-2, 4.6: compatibility level of the negative sequence (as quoted)."""
MOTOR_UNBALANCE = 0.01
"""NEMA MG 1, 12.45: above 1 % a motor is derated (as quoted)."""


def _tables(results: Results, name: str) -> Iterator[Table]:
    """The machines or loads of sections with such circuits; nothing where there are none."""
    table = results.studies.get(name)
    if table is not None and table.ids:
        yield table


@check(
    "PHS-001",
    "Panels and busways load their three phases evenly",
    standard=PRACTICE,
    clause="within 10 %",
    severity="warning",
    stage="study",
)
def imbalance(facility: Facility, results: Results) -> Iterator[Assessment]:
    """In the normal state; those that never carry a fifth of their rating do not count."""
    for table in _tables(results, "phase"):
        panel = [facility.by_id[name].kind in ("pdu", "busway") for name in table.ids]
        counts = np.array(panel) & (table["loading"] >= LIGHT)
        yield Assessment(table.ids, table["imbalance"], EVEN, "max", "fraction", "phase imbalance", counts)


@check(
    "PHS-002",
    "Neutral conductors carry no more than their ampacity",
    standard="NFPA 70 (NEC) 2023",
    clause="220.61, 310.15(E)",
    stage="study",
)
def neutral(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Fundamental and triplens, in any state; a busway without a neutral can feed no circuit of one pole."""
    for table in _tables(results, "phase"):
        carried, limit = table["worst_neutral"], table["neutral_ampacity"]
        yield Assessment(table.ids, carried, limit, "max", "current", "current in the neutral")


@check(
    "PHS-003",
    "Voltages of the three phases are even",
    standard="ANSI C84.1-2020, EN 50160, NEMA MG 1",
    clause="annex C, 3 %; 4.2.4, 2 % (warning); 12.45, 1 % at motors (warning) (as quoted)",
    stage="study",
)
def unbalance(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Negative over positive sequence in the normal state and after any loss.

    ANSI and NEMA take the largest deviation of the voltages between phases from their mean, which is about the same.
    """
    what = "voltage unbalance"
    for table in _tables(results, "phase"):
        factor = table["worst_unbalance"]
        yield Assessment(table.ids, factor, SUPPLY_UNBALANCE, "max", "fraction", what)
        yield Assessment(table.ids, factor, PLANNED_UNBALANCE, "max", "fraction", what, severity="warning")
    for table in _tables(results, "phase_load"):
        motors = np.array([facility.by_id[name].product.role == "cooling" for name in table.ids])
        factor = table["worst_unbalance"]
        yield Assessment(
            table.ids, factor, MOTOR_UNBALANCE, "max", "fraction", what, motors, severity="warning"
        )


@check(
    "PHS-004",
    "The fullest phase is within the rating of machine, breaker and cable",
    standard="NFPA 70 (NEC) 2023, UL 857, UL 67",
    clause="210.20(A), 215.3: breakers 80 %, or 100 % if so listed; rated current",
    stage="study",
)
def fullest_phase(facility: Facility, results: Results) -> Iterator[Assessment]:
    """In the normal state and after any loss: three phases that share badly overload one while their sum is fine."""
    for table in _tables(results, "phase"):
        limit = _continuous(facility, table.ids)
        for quantity, largest, what in (
            ("loading", 1.0, "load of the fullest phase"),
            ("cable_loading", 1.0, "load of the fullest conductor of the cable"),
            ("breaker_loading", limit, "load of the fullest pole of the breaker"),
        ):
            yield Assessment(table.ids, table[quantity], largest, "max", "fraction", what)


def _continuous(facility: Facility, ids: tuple[str, ...]) -> Array:
    """(n,) share of the rating of the breakers before each machine that a continuous load may take."""
    standard = {feed.to for feed in facility.feeds if feed.breaker is not None and not feed.rated_100}
    return np.where([name in standard for name in ids], CONTINUOUS, 1.0)

"""Rules of the solve: does a steady state exist, are its numbers sound, do the racks keep their speed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from twin.checks.reading import of_machines, of_table
from twin.checks.rules import Assessment, check
from twin.model.facility import Facility
from twin.results.results import Results

BALANCE_ERROR = 1e-6
"""Largest relative error of the mass, energy and power balances that is believed."""
THROTTLE = 0.999
"""Share of the power asked for below which a rack counts as throttled: tolerance of the coupling, assumed."""
ROUNDING = 1e-6


@check(
    "SOL-001",
    "Every state has a steady solution",
    standard="physics",
    clause="no thermal runaway, no voltage collapse",
    unsettled=True,
)
def settled(facility: Facility, results: Results) -> Iterator[Assessment]:
    """The subject is the machine whose loss brings it about.

    In the normal state it is the machine or feed whose voltage collapses, else the site; the states that fail beside
    it are counted with it, for what is lost there is not the cause.
    """
    scenarios = results.scenarios
    lost = [index for index, ok in enumerate(results.settled) if not ok]
    if not lost:
        yield Assessment(("site",), np.ones((len(scenarios), 1)), 1.0, "min", "flag", "")
        return
    normal = [index for index in lost if scenarios[index].normal]
    told = normal[:1] or lost
    holds = np.ones((len(scenarios), len(told)))
    holds[told, range(len(told))] = 0.0
    if normal:
        holds[lost] = 0.5  # less grave, so that of all of them the normal state is told
        holds[told] = 0.0
    subjects = tuple(_culprit(results, index) for index in told)
    what = tuple(f"no steady state: {_reason(results, index)}" for index in told)
    yield Assessment(subjects, holds, 1.0, "min", "flag", what, where=holds < 1)


def _culprit(results: Results, index: int) -> str:
    scenario = results.scenarios[index]
    if scenario.normal:
        return _collapse(results, index).get("subject") or "site"
    return scenario.failed[0] if len(scenario.failed) == 1 else scenario.name


def _reason(results: Results, index: int) -> str:
    """Why the power flow has no solution, or which solves failed; where all of them did well, the coupling found no
    balance between them."""
    if words := _collapse(results, index).get("sentences"):
        return str(words[0])
    failed = [
        report.domain for report in results.reports if not report.ok[index] and report.domain != "coupling"
    ]
    if failed:
        return f"{' and '.join(failed)} did not converge"
    return f"no balance after {results.passes} passes (thermal runaway)"


def _collapse(results: Results, index: int) -> Mapping[str, Any]:
    """What was found about the power flow of the normal state; nothing for other states."""
    return results.answers.get("power", {}) if results.scenarios[index].normal else {}


@check(
    "SOL-002", "Mass, energy and power balances close", standard="conservation laws", clause="1e-6 relative"
)
def balances(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Relative errors over the whole facility."""
    names = tuple(results.conservation)
    if names:
        errors = np.abs(np.stack([results.conservation[name] for name in names], axis=1))
        what = tuple(f"error of the {name} balance" for name in names)
        yield Assessment(tuple(f"site.{name}" for name in names), errors, BALANCE_ERROR, "max", "ratio", what)


@check("SOL-003", "No rack is throttled in the normal state", standard="design requirement", during="normal")
def full_speed(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Power drawn over power asked for."""
    yield from _throttle(facility, results)


@check(
    "SOL-004",
    "No rack is throttled after a failure",
    standard="design requirement",
    severity="warning",
    during="failure",
)
def full_speed_after_failure(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Power drawn over power asked for, where there is power at all."""
    yield from _throttle(facility, results)


def _throttle(facility: Facility, results: Results) -> Iterator[Assessment]:
    for racks in of_machines(facility, results, "rack"):
        throttle, what = racks["throttle"], "power drawn of the power asked for"
        full = throttle >= 1.0 - ROUNDING
        yield Assessment(
            racks.ids, throttle, THROTTLE, "min", "fraction", what, racks.on("served"), held=full
        )


@check("SOL-005", "Every result is a number", standard="consistency")
def finite(facility: Facility, results: Results) -> Iterator[Assessment]:
    """A quantity that is not finite in a settled state is judged by no other rule."""
    names = tuple(name for name, table in results.tables.items() if table.ids)
    if names:
        columns = [_finite_rows(results, name) for name in names]
        what = tuple(f"values of the table {name!r} are not finite" for name in names)
        yield Assessment(
            tuple(f"site.{name}" for name in names), np.stack(columns, axis=1), 1.0, "min", "flag", what
        )


@check(
    "SOL-006",
    "The air of every hall comes to rest",
    standard="consistency",
    severity="warning",
)
def air_rests(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Where it does not, the inlets are those of the last iteration, and their swing is told as their error."""
    for halls in of_table(results, "hall"):
        yield Assessment(
            halls.ids, halls["rests"], 1.0, "min", "flag", "the solve of the hall's air did not come to rest"
        )


def _finite_rows(results: Results, table: str) -> np.ndarray:
    """(S,) 1 where all quantities of a table are finite."""
    good = np.ones(len(results.scenarios))
    for values in results.tables[table].values.values():
        with np.errstate(all="ignore"):
            sound = np.isfinite(
                values.sum(axis=1)
            )  # a sum is not finite if a term is not; cheaper than asking each
        good *= sound
    return good

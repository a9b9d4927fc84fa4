"""What is asked of a facility beside its steady states: short circuits, ride-through, harmonics, redundancy, reliability.

Every study takes a :class:`~twin.studies.basis.Basis`, the lowered facility with its normal state, and answers with tables
that have no axis of states, and with facts in words and numbers.  :data:`STUDIES` lists them; a new study is one function
and one line there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from twin.results.histories import History
from twin.results.results import Results, Table
from twin.studies.basis import Basis
from twin.studies.continuity import continuity
from twin.studies.cooling_loss import cooling_loss
from twin.studies.faults import faults
from twin.studies.harmonics import harmonics
from twin.studies.mains import mains
from twin.studies.mains_faults import hydraulic_faults
from twin.studies.phases import phases
from twin.studies.redundancy import redundancy
from twin.studies.reliability import reliability


class Answer(NamedTuple):
    """What a study has found."""

    tables: Mapping[str, Table]
    facts: Mapping[str, Any]
    histories: tuple[History, ...] = ()


STUDIES: dict[str, Callable[[Basis], tuple[Any, ...]]] = {
    "faults": faults,
    "redundancy": redundancy,
    "continuity": continuity,
    "cooling": cooling_loss,
    "mains": mains,
    "harmonics": harmonics,
    "phases": phases,
    "reliability": reliability,
}
"""Name and function of every study, in the order in which they run; each returns the members of an :class:`Answer`."""


def study(basis: Basis) -> Results:
    """The results with the answers of all studies.

    A facility whose normal state has no solution has none; what is wrong with its loops is told all the same.
    """
    faults_found = hydraulic_faults(basis)
    results = basis.results
    if faults_found:
        results = replace(results, answers={**results.answers, "hydraulics": faults_found})
    if not results.settled[basis.row]:
        return results
    tables: dict[str, Table] = {}
    answers: dict[str, Mapping[str, Any]] = dict(results.answers)
    histories: tuple[History, ...] = ()
    begun = time.perf_counter()
    for name, function in STUDIES.items():
        answer = Answer(*function(basis))
        answers[name], histories = answer.facts, (*histories, *answer.histories)
        for key, table in answer.tables.items():
            tables[key] = _beside(tables[key], table) if key in tables else table
    seconds = {**results.seconds, "studies": time.perf_counter() - begun}
    return replace(results, studies=tables, answers=answers, histories=histories, seconds=seconds)


def _beside(one: Table, other: Table) -> Table:
    """Two tables of the same things as one."""
    if one.ids != other.ids:
        raise ValueError("two studies tell of different things under one name")
    return Table(one.ids, {**one.values, **other.values})

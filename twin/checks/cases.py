"""From assessments to cases: margins, the worst state of every subject, the tightest passing case of a rule.

Margins are shares of the limit, so that rules compare: ``(limit - value) / scale`` for a largest value and
``(value - limit) / scale`` for a smallest one, with ``scale = |limit|``; 10 K for temperatures.  Where the limit is zero
the scale is a year for hours of a year, 1 bar for pressures, 1 kW for powers, else 1, and people read the distance
itself (:func:`apart`).  A yes/no has no distance to its limit: its margin is 1 or -1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from twin.checks.rules import Array, Assessment, Mask, Rule, Severity
from twin.model.base import Mark
from twin.scenario import Scenario

TOLERANCE = 1e-9
"""A limit is broken when it is passed by more than this share of the scale (rounding of the solvers)."""
TEMPERATURE_SCALE = 10.0
"""Distance to a temperature limit that counts as a margin of 1. [K]"""
YEAR_SCALE = 8760 * 3600.0
"""What is 1 to hours of a year where none is allowed. [s]"""
SCALE_OF_NONE = {"hours": YEAR_SCALE, "pressure": 1e5, "power": 1e3, "apparent_power": 1e3}
"""What is 1 where the limit is zero, by dimension; 1 of the unit of Python for others.  Assumed."""
SAME = 1e-6
"""Margins closer than this are the same."""
RANK = {"error": 0, "warning": 1, "info": 2}


@dataclass
class Case:
    """A subject's worst state, or a rule's tightest one."""

    rule: Rule
    assessment: Assessment
    scenario: Scenario
    row: int
    column: int
    margin: float
    severity: Severity
    states: Mask
    """(S,) where the rule is broken."""

    @property
    def rank(self) -> tuple[int, float]:
        """Smaller is worse."""
        return RANK[self.severity], self.margin


def collect(
    rule: Rule,
    assessments: Iterable[Assessment],
    scenarios: tuple[Scenario, ...],
    broken: list[Case],
    passed: list[Case],
    nearest: dict[str, tuple[float, str]],
) -> None:
    """Append one case for every subject that breaks the rule, and the tightest one that does not.

    ``nearest`` takes the smallest margin of every subject and the rule's code; a yes that holds has none.

    The designer's limits are one rule in the table but many in truth: they are kept apart by their line.
    """
    worst: dict[tuple[str, Mark | None], Case] = {}
    tightest: dict[Mark | None, Case] = {}
    for assessment in assessments:
        if not assessment.subjects:
            continue
        margin = _margin(assessment, scenarios, failed_too=rule.unsettled)
        _note(rule.code, assessment, margin, nearest)
        for case in _broken(rule, assessment, scenarios, margin):
            key = assessment.subjects[case.column], assessment.mark
            worst[key] = _worse(worst[key], case) if key in worst else case
        candidate, known = _tightest(rule, assessment, scenarios, margin), tightest.get(assessment.mark)
        if candidate and (known is None or candidate.margin < known.margin):
            tightest[assessment.mark] = candidate
    broken.extend(worst.values())
    passed.extend(tightest.values())


def _note(code: str, assessment: Assessment, margin: Array, nearest: dict[str, tuple[float, str]]) -> None:
    least = margin.min(axis=0)
    told = np.isfinite(least) if assessment.dimension != "flag" else least < 0
    for column in np.flatnonzero(told):
        subject, value = assessment.subjects[column], float(least[column])
        known = nearest.get(subject)
        if known is None or value < known[0]:
            nearest[subject] = value, code


def _margin(assessment: Assessment, scenarios: tuple[Scenario, ...], *, failed_too: bool) -> Array:
    """(S, n) margins; infinite where the rule does not apply or nothing can be said."""
    values = np.atleast_2d(np.asarray(assessment.values, dtype=float))
    limit = np.asarray(assessment.limit, dtype=float)
    margin = limit - values if assessment.sense == "max" else values - limit
    scale = scale_of(limit, assessment.dimension)
    if scale.size > 1 or scale != 1.0:
        margin /= scale
    if assessment.dimension == "flag":
        margin[margin >= 0] = 1.0
    if assessment.held is not None:
        margin[assessment.held] = 1.0
    if assessment.where is not None:
        margin[~np.broadcast_to(assessment.where, margin.shape)] = np.inf
    if not failed_too:
        _excuse_failed(assessment.subjects, scenarios, margin)
    if np.isnan(margin.min(axis=0)).any():  # no number, no judgement: SOL-005 reports it
        margin[np.isnan(margin)] = np.inf
    return margin


def scale_of(limit: Array, dimension: str) -> Array:
    """What a margin of 1 is worth, in the limit's unit."""
    if dimension == "flag":
        return np.array(1.0)
    if dimension == "temperature":
        return np.array(TEMPERATURE_SCALE)
    none = SCALE_OF_NONE.get(dimension, 1.0)
    return np.where((limit == 0) | np.isinf(limit), none, np.abs(limit))


def apart(margin: float, limit: float, dimension: str) -> float | None:
    """Distance to a limit of zero, in its own unit, negative if it is broken; None where the margin itself tells more."""
    if limit != 0.0 or dimension in ("flag", "temperature", "fraction", "ratio"):
        return None
    return margin * SCALE_OF_NONE.get(dimension, 1.0)


def _excuse_failed(subjects: tuple[str, ...], scenarios: tuple[Scenario, ...], margin: Array) -> None:
    """A machine that is out of service breaks no rule itself."""
    out = {name for scenario in scenarios for name in scenario.out}.intersection(subjects)
    if not out:
        return
    column = {name: index for index, name in enumerate(subjects)}
    for row, scenario in enumerate(scenarios):
        for name in out.intersection(scenario.out):
            margin[row, column[name]] = np.inf


def _broken(
    rule: Rule, assessment: Assessment, scenarios: tuple[Scenario, ...], margin: Array
) -> Iterator[Case]:
    normal = np.array([scenario.intact for scenario in scenarios])
    for column in np.flatnonzero(margin.min(axis=0) < -TOLERANCE):
        states = margin[:, column] < -TOLERANCE
        judged = margin[:, column]
        if rule.severity != rule.after_failure and (states & normal).any():
            judged = np.where(normal, judged, np.inf)  # the graver breach, not the deeper one
        row = _first(judged)
        severity = assessment.severity or (rule.severity if normal[row] else rule.after_failure)
        yield Case(rule, assessment, scenarios[row], row, int(column), float(judged[row]), severity, states)


def _tightest(
    rule: Rule, assessment: Assessment, scenarios: tuple[Scenario, ...], margin: Array
) -> Case | None:
    if margin.min() < -TOLERANCE:
        margin = np.where(margin < -TOLERANCE, np.inf, margin)
    row, column = divmod(_first(margin.ravel()), margin.shape[1])
    if not np.isfinite(margin[row, column]):
        return None
    states = np.zeros(len(scenarios), dtype=bool)
    return Case(rule, assessment, scenarios[row], row, column, float(margin[row, column]), "info", states)


def _first(margins: Array) -> int:
    """The first of the smallest: of states that differ by rounding only the earliest is told."""
    return int((margins <= margins.min() + SAME).argmax())


def _worse(first: Case, second: Case) -> Case:
    case = min(first, second, key=lambda case: case.rank)
    case.states = first.states | second.states
    return case

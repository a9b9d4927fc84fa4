"""Judging: apply the rules, write the findings, name the tightest margins.

A rule (:mod:`twin.checks.rules`) yields assessments, :mod:`twin.checks.cases` subtracts and keeps the worst
state of every subject, and here a case becomes a sentence with a place and a line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from twin.checks import wording
from twin.checks.cases import RANK, Case, collect
from twin.checks.limits import unanswered
from twin.checks.overrides import Overrides
from twin.checks.places import Places
from twin.checks.rules import RULES, Array, Assessment, During, Rule, check, rules_table
from twin.checks.states import restricted
from twin.checks.waivers import Waivers
from twin.kpi import figures
from twin.model.facility import Facility
from twin.results.results import Finding, Results, Verdict
from twin.scenario import NORMAL, Scenario

__all__ = [
    "RULES",
    "Assessment",
    "Group",
    "Rule",
    "check",
    "check_placement",
    "grouped",
    "judge",
    "rules_table",
]

_DESIGN = Scenario(name="")
_COUNTS: dict[During, Callable[[Scenario], bool]] = {
    "any": lambda scenario: True,
    "normal": lambda scenario: scenario.intact,
    "failure": lambda scenario: not scenario.intact,
}


def check_placement(facility: Facility) -> tuple[Finding, ...]:
    """Findings of the rules that need no solve, worst first."""
    rules = [rule for rule in RULES.values() if rule.stage == "placement"]
    broken, _, _ = _run(rules, facility, None, Overrides(facility))
    return _ordered(_Writer(facility, Waivers(facility.waivers, facility)).findings(broken))


def judge(facility: Facility, results: Results) -> Verdict:
    """Apply every rule to a solved facility."""
    waivers = Waivers(facility.waivers, facility)
    writer = _Writer(facility, waivers)
    overrides = Overrides(facility)
    broken, passed, nearest = _run(RULES.values(), facility, results, overrides)
    findings = _ordered(writer.findings(broken))
    normal = [index for index, scenario in enumerate(results.scenarios) if scenario.normal]
    holds = all(results.settled[index] for index in normal)
    return Verdict(
        layout=facility.name,
        status=_status(results, normal),
        verdict="fail" if not holds or any(finding.broken for finding in findings) else "pass",
        findings=findings,
        margins=tuple(sorted((writer.margin(case) for case in passed), key=lambda f: (f.margin, f.code))),
        kpis=figures(facility, results, normal[0]) if normal and holds else (),
        unused_waivers=(*waivers.unused(RULES), *overrides.unused(), *unanswered(facility, results)),
        tightest=nearest,
    )


def _status(results: Results, normal: list[int]) -> Literal["solved", "unsettled", "runaway", "failed"]:
    """A solver that failed in the normal state is one thing; solvers that did well and found no balance another."""
    if all(results.settled):
        return "solved"
    if all(results.settled[index] for index in normal):
        return "unsettled"
    numeric = [report for report in results.reports if report.domain not in ("air", "coupling")]
    solved = all(report.ok[index] for report in numeric for index in normal)
    return "runaway" if solved and numeric else "failed"


def _run(
    rules: Iterable[Rule], facility: Facility, results: Results | None, overrides: Overrides
) -> tuple[list[Case], list[Case], dict[str, tuple[float, str]]]:
    """Cases that break a rule, the tightest that do not, and the smallest margin of every subject."""
    broken: list[Case] = []
    passed: list[Case] = []
    nearest: dict[str, tuple[float, str]] = {}
    views: dict[tuple[During, bool], Results] = {}
    for rule in rules:
        if rule.stage == "placement":
            assessments = overrides.applied(rule, rule.function(facility))
            collect(rule, assessments, (_DESIGN,), broken, passed, nearest)
            continue
        assert results is not None
        if rule.stage == "study":
            assessments = overrides.applied(rule, rule.function(facility, results))
            collect(rule, assessments, (_DESIGN,), broken, passed, nearest)
            continue
        key = rule.during, rule.unsettled
        if key not in views:
            views[key] = _states_of(rule, results)
        if views[key].scenarios:
            assessments = overrides.applied(rule, rule.function(facility, views[key]))
            collect(rule, assessments, views[key].scenarios, broken, passed, nearest)
    return broken, passed, nearest


def _states_of(rule: Rule, results: Results) -> Results:
    counts = _COUNTS[rule.during]
    pairs = zip(results.scenarios, results.settled, strict=True)
    return restricted(results, [counts(scenario) and (ok or rule.unsettled) for scenario, ok in pairs])


class _Writer:
    """Makes findings of cases."""

    def __init__(self, facility: Facility, waivers: Waivers) -> None:
        self.places = Places(facility)
        self.waivers = waivers

    def findings(self, cases: Iterable[Case]) -> Iterator[Finding]:
        for case in cases:
            yield self._finding(case, count=int(case.states.sum()), waived=self._waived(case))

    def margin(self, case: Case) -> Finding:
        return self._finding(case, count=0)

    def _waived(self, case: Case) -> str:
        subject = case.assessment.subjects[case.column]
        return self.waivers.reason(case.rule.code, subject, self.places.machine(subject))

    def _finding(self, case: Case, *, count: int, waived: str = "") -> Finding:
        assessment, rule = case.assessment, case.rule
        subject = assessment.subjects[case.column]
        value = _number(assessment.values, case.row, case.column)
        limit = _number(assessment.limit, case.row, case.column)
        place = self.places.of(subject)
        mark = assessment.mark or place.mark
        what = assessment.what if isinstance(assessment.what, str) else assessment.what[case.column]
        if assessment.dimension == "flag" and case.severity == "info":
            message = rule.title
        else:
            error = 0.0 if assessment.error is None else _number(assessment.error, case.row, case.column)
            message = wording.sentence(what, value, limit, assessment.sense, assessment.dimension, error)
        return Finding(
            code=rule.code,
            title=rule.title,
            severity=case.severity,
            standard=rule.standard,
            clause=rule.clause,
            subject=subject,
            scenario=case.scenario.name,
            value=value,
            limit=limit,
            margin=_believable(case.margin),
            dimension=assessment.dimension,
            message=message + wording.state(case.scenario) + _remark(assessment, case.column),
            place=place.name,
            position=place.position,
            file=mark.file if mark else "",
            line=mark.line if mark else 0,
            count=count,
            waived=waived,
        )


def _remark(assessment: Assessment, column: int) -> str:
    words = assessment.remark[column] if assessment.remark else ""
    return f" ({words})" if words else ""


def _number(values: float | Array, row: int, column: int) -> float:
    """One element of a number for all, an array over things, or one over states and things."""
    array = np.atleast_2d(np.asarray(values, dtype=float))
    rows, columns = array.shape
    return _believable(float(array[row if rows > 1 else 0, column if columns > 1 else 0]))


def _believable(value: float) -> float:
    """Documents hold finite numbers only."""
    return min(max(value, -1e18), 1e18)


CAUSES = frozenset({"LIQ-012"})
"""Rules that need no solve, and whose breach may alone be why there is no solution."""

MEANINGLESS = frozenset({"LIQ-026"})
"""Rules whose breach, as an error, makes the numbers of all others of that state doubtful."""


def _no_solution(finding: Finding) -> bool:
    return finding.code == "SOL-001" and finding.scenario == NORMAL.name


def _ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors, warnings, then what is waived; the worst margin first, but before all a normal state that has no solution or
    none of a liquid, and before that a loop that cannot work as it was written."""
    findings = tuple(findings)
    unsolved = any(_no_solution(f) for f in findings)

    def rank(f: Finding) -> tuple[bool, int, int, float, str, str]:
        first = 0 if unsolved and f.code in CAUSES else 1 if _no_solution(f) or f.code in MEANINGLESS else 2
        return bool(f.waived), RANK[f.severity], first, f.margin, f.code, f.subject

    return tuple(sorted(findings, key=rank))


@dataclass(frozen=True)
class Group:
    """Findings that tell the same thing of many subjects."""

    worst: Finding
    subjects: tuple[str, ...]
    """Worst first."""

    @property
    def message(self) -> str:
        """The worst subject's sentence, and how many more there are."""
        others = len(self.subjects) - 1
        return f"{self.worst.subject}: {self.worst.message}" + (f" (and {others} more)" if others else "")


def grouped(findings: Iterable[Finding]) -> tuple[Group, ...]:
    """One line for every rule that is broken, so that a lost row of racks does not fill the page."""
    groups: dict[tuple[str, str, str, str], list[Finding]] = {}
    for finding in findings:
        own = ""
        if finding.code == "LIM-001":  # every limit of the designer is a rule of its own
            own = str(finding.line)
        elif finding.code == "LIQ-033":  # and so is every kind of fault of the flows, told by its first words
            own = " ".join(word for word in finding.message.split()[:4] if word.isalpha())
        groups.setdefault((finding.code, finding.severity, finding.waived, own), []).append(finding)
    return tuple(Group(members[0], tuple(f.subject for f in members)) for members in groups.values())

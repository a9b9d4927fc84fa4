"""The verdict as the page shows it: findings, worst first, what holds behind them, and key figures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from twin.results import results as found_by
from twin.results.results import Results, Verdict
from twin.view.facts import counts
from twin.view.web.parts import Figure, Finding
from twin.view.web.things import Register
from twin.view.web.words import degrees, text

MOST = 400
"""Most findings of one rule; the others are counted in a note and stand in the report."""


def findings(
    verdict: Verdict, register: Register, states: Sequence[str]
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Findings, then the tightest case of every rule that holds; and notes about what was left out."""
    number = {name: index for index, name in enumerate(states)}
    seen: Counter[str] = Counter()
    kept = []
    for finding in verdict.findings:
        seen[finding.code] += 1
        if seen[finding.code] <= MOST:
            kept.append(_finding(finding, register, number))
    kept += [_finding(finding, register, number) for finding in verdict.margins]
    left = {code: count - MOST for code, count in sorted(seen.items()) if count > MOST}
    notes = tuple(
        f"{count} further findings of rule {code} are in the report alone." for code, count in left.items()
    )
    return tuple(kept), notes


def _finding(finding: found_by.Finding, register: Register, states: dict[str, int]) -> Finding:
    flag = finding.dimension == "flag"
    position = finding.position
    return Finding(
        code=finding.code,
        title=finding.title,
        severity=finding.severity,
        waived=finding.waived,
        subject=finding.subject,
        thing=register.of(finding.subject),
        state=states.get(finding.scenario, -1),
        message=degrees(finding.message),
        value=text(finding.value, finding.dimension),
        limit=text(finding.limit, finding.dimension),
        margin=None if flag or not math.isfinite(finding.margin) else finding.margin,
        standard=f"{finding.standard}, {finding.clause}" if finding.clause else finding.standard,
        place=finding.place,
        file=finding.file,
        line=max(finding.line, 0),
        position=position if position is not None and all(map(math.isfinite, position)) else None,
        count=finding.count,
    )


def figures(verdict: Verdict) -> tuple[Figure, ...]:
    """Key figures in the order of the verdict."""
    return tuple(
        Figure(name=kpi.name, label=kpi.label, text=text(kpi.value, kpi.dimension), definition=kpi.definition)
        for kpi in verdict.kpis
    )


def summary(verdict: Verdict, results: Results) -> str:
    """How many rules are broken, and in how many states was looked."""
    number = counts(verdict)
    looked = _many(len(results.scenarios), "state")
    if not number["broken"]:
        words = f"All rules hold in {looked}"
    else:
        words = f"{_many(number['rules'], 'rule')} broken by {_many(number['broken'], 'finding')}, {looked} evaluated"
    rest = [f"{number[name]} {name}" for name in ("warnings", "waived") if number[name]]
    return ", ".join([words, *rest])


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"

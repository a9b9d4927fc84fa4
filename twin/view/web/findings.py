"""The verdict as the page shows it: findings, worst first, what holds behind them, and key figures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from twin.results import results as found_by
from twin.results.results import Results, Verdict
from twin.view.facts import holding, tally
from twin.view.subject import Subjects
from twin.view.web.parts import Figure, Finding, Quantity
from twin.view.web.values import Source
from twin.view.web.words import degrees, text

MOST = 400
"""Most findings of one rule; the others are counted in a note and stand in the report."""


def findings(source: Source, quantities: Sequence[Quantity]) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Findings, then the tightest case of every rule that holds; and notes about what was left out."""
    verdict, told = source.verdict, _Told(source, quantities)
    seen: Counter[str] = Counter()
    kept = []
    for finding in verdict.findings:
        seen[finding.code] += 1
        if seen[finding.code] <= MOST:
            kept.append(told.finding(finding))
    kept += [told.finding(finding) for finding in holding(verdict)]
    left = {code: count - MOST for code, count in sorted(seen.items()) if count > MOST}
    notes = tuple(
        f"{count} further findings of rule {code} are in the report alone." for code, count in left.items()
    )
    return tuple(kept), notes


class _Told:
    """Findings as the page has them."""

    def __init__(self, source: Source, quantities: Sequence[Quantity]) -> None:
        self.register, self.judged = source.register, bool(source.verdict.tightest)
        self.subjects = Subjects(source.results)
        self.states = {source.results.scenarios[row].name: index for index, row in enumerate(source.rows)}
        self.painted = {quantity.name: index for index, quantity in enumerate(quantities) if quantity.paint}

    def finding(self, finding: found_by.Finding) -> Finding:
        """A finding, with the numbers of its thing, state and quantity."""
        flag = finding.dimension == "flag"
        position = finding.position
        return Finding(
            code=finding.code,
            title=finding.title,
            severity=finding.severity,
            waived=finding.waived,
            subject=finding.subject,
            thing=self.register.of(finding.subject),
            state=self.states.get(finding.scenario, -1),
            quantity=self.painted.get(self.subjects.paint(finding, self.judged, self.painted), -1),
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
        Figure(
            name=kpi.name,
            label=kpi.label,
            text=text(kpi.value, kpi.dimension, digits=4),
            definition=kpi.definition,
        )
        for kpi in verdict.kpis
    )


def summary(verdict: Verdict, results: Results) -> str:
    """How many rules hold or are broken, and in how many states was looked."""
    return f"{tally(verdict, findings=True)}; {_many(len(results.scenarios), 'state')} evaluated"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"

"""What is known of a thing in a state, in lines of text: product, place, all quantities, findings, neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from twin.checks.places import Places
from twin.checks.wording import quantity
from twin.model.facility import Facility
from twin.results.quantities import QUANTITIES
from twin.results.results import Finding, Results, Verdict
from twin.view.cascade import Step
from twin.view.kin import Kin
from twin.view.paints import margins
from twin.view.web.words import degrees

TABLES = ("rack", "rear_door", "cdu", "crah", "plant", "pump", "power", "loop", "hall")
"""Tables of things that stand in the scene."""
UNSETTLED = "This state has no steady solution."
NEAREST = 6
"""Neighbours that are named in a line."""


def describe(
    facility: Facility, results: Results, verdict: Verdict | None, name: str, scenario: int = 0
) -> str:
    """What is known of a thing in a state: product, place, all quantities, findings."""
    lines = [*head(facility, results, name, scenario)]
    if not results.settled[scenario]:
        lines.append(UNSETTLED)
    else:
        lines += quantities(results, name, scenario)
    if verdict is not None:
        lines += findings(verdict, name)
    return "\n".join(lines)


def head(facility: Facility, results: Results, name: str, scenario: int) -> Iterator[str]:
    """Name, product, place, line of the layout and state."""
    yield name
    machine = facility.by_id.get(name)
    if machine is not None:
        yield f"{machine.type} ({machine.kind.replace('_', ' ')})"
        if machine.product.description:
            yield machine.product.description
    place = Places(facility).of(name)
    if place.name:
        yield place.name
    if place.mark is not None and place.mark.line:
        yield str(place.mark)
    state = results.scenarios[scenario]
    yield f"State: {state.name}" + ("; out of service" if name in state.out else "")


def quantities(results: Results, name: str, scenario: int) -> Iterator[str]:
    """Every quantity of a thing with its unit."""
    for table_name in TABLES:
        table = results.tables.get(table_name)
        if table is None or name not in table.ids:
            continue
        column = table.index(name)
        for key, values in table.values.items():
            about = QUANTITIES.get(f"{table_name}.{key}")
            if about is not None:
                yield f"{about.label}: {said(float(values[scenario, column]), about.dimension)}"


def findings(verdict: Verdict, name: str) -> Iterator[str]:
    """The smallest margin of a thing and what was found about it."""
    margin = margins(verdict).get(name)
    if margin is not None and np.isfinite(margin):
        yield f"Tightest margin of all rules: {100 * margin:+.1f} %"
    for finding in verdict.findings:
        if finding.subject == name or finding.subject.startswith(f"{name}.in"):
            tone = "waived" if finding.waived else finding.severity
            yield f"{finding.code} ({tone}): {degrees(finding.message)}"


def neighbours(kin: Kin) -> Iterator[str]:
    """Who serves a thing and whom it serves, nearest first."""
    for words, names in (
        ("Power from", kin.power_up),
        ("Power to", kin.power_down),
        ("Cooled by", kin.cooling_up),
        ("Cools", kin.cooling_down),
    ):
        if names:
            more = f" and {len(names) - NEAREST} more" if len(names) > NEAREST else ""
            yield f"{words}: {', '.join(names[:NEAREST])}{more}"


def told(finding: Finding) -> Iterator[str]:
    """A finding in lines."""
    tone = "waived" if finding.waived else "rule broken" if finding.broken else finding.severity
    yield f"{finding.code}  {tone}"
    yield finding.title
    yield f"{finding.subject}: {degrees(finding.message)}"
    if finding.dimension != "flag" and np.isfinite([finding.value, finding.limit]).all():
        yield f"{said(finding.value, finding.dimension)}, limit {said(finding.limit, finding.dimension)}"
    yield f"State: {finding.scenario or 'none, the design as such'}" + (
        f"; {finding.count} states" if finding.count > 1 else ""
    )


def stages(steps: Sequence[Step], now: int) -> Iterator[str]:
    """What follows from a state, a step in a line, with a mark before the one that is shown."""
    if not steps:
        yield "Nothing follows: choose a state with the arrows."
        return
    yield f"Step {now + 1} of {len(steps)}   c: next   z: before"
    yield ""
    for number, step in enumerate(steps):
        yield f"{'▶' if number == now else '    '} {number + 1}.  {degrees(step.text)}"


def said(value: float, dimension: str) -> str:
    """A value with its unit, as people write it."""
    if not np.isfinite(value):
        return "no value"
    if dimension == "flag":
        return "yes" if value > 0 else "no"
    return degrees(quantity(value, dimension))

"""The states of a run: what is out of service in each, what follows from it, and step by step how."""

from __future__ import annotations

from collections import Counter

from twin.view.cascade import Effects
from twin.view.web.parts import State, Step
from twin.view.web.values import Source


def states(source: Source) -> tuple[State, ...]:
    """The states that are shown, in their order."""
    told = Effects(source)
    findings = Counter(f.scenario for f in source.verdict.findings if f.severity != "info" and not f.waived)
    made = []
    for index, row in enumerate(source.rows):
        scenario = source.results.scenarios[row]
        made.append(
            State(
                name=scenario.name,
                settled=bool(source.settled[index]),
                normal=scenario.normal,
                failed=source.register.known(scenario.failed),
                maintained=source.register.known(scenario.maintained),
                dark=len(told.dark[index]),
                throttled=len(told.slow[index]),
                overloaded=len(told.over[index]),
                hottest=told.hottest(index),
                findings=findings[scenario.name],
                cascade=()
                if scenario.normal
                else tuple(
                    Step(text=step.text, things=source.register.known(step.names))
                    for step in told.cascade(index, scenario)
                ),
            )
        )
    return tuple(made)

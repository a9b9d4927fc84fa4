"""What a rule is: a function that yields assessments, with its code, standard and severity."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from twin.model.base import Mark

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Severity = Literal["error", "warning", "info"]
Stage = Literal["placement", "solved", "study"]
During = Literal["normal", "failure", "any"]


@dataclass(frozen=True, eq=False)
class Assessment:
    """One quantity of n things in S states, and its limit.

    Parameters
    ----------
    subjects : tuple of str
        Ids of the n things.
    values : (S, n) array, or (n,) at the placement stage
        SI units, degC.
    limit : float, (n,) or (S, n) array
        Same unit; infinite where there is none.
    sense : "max" or "min"
        Whether the limit is the largest or the smallest value allowed.
    dimension : str
        Dimension of :mod:`twin.units`, ``ratio`` or ``flag``.
    what : str, or n of them
        The quantity as a noun (``coolant flow``); for a flag the whole predicate (``has no power``).
    where : (S, n) or (n,) mask, optional
        Where the rule applies; everywhere without it.
    severity : str, optional
        Instead of the rule's own (for the designer's limits).
    mark : Mark, optional
        Line to show instead of that of the subject.
    held : mask, optional
        Where a controlled quantity sits at its target: the distance to the limit is then only the width of
        the band and tells nothing, so the margin is 1, as for a flag.
    error : (S, n) array, optional
        Estimated error of the values, same unit (K for temperatures); 0 where none is known.
    remark : tuple of n str, optional
        What is added to the sentence of a subject (the reason of another limit).
    """

    subjects: tuple[str, ...]
    values: Array
    limit: float | Array
    sense: Literal["max", "min"]
    dimension: str
    what: str | tuple[str, ...]
    where: Mask | None = None
    severity: Severity | None = None
    mark: Mark | None = None
    held: Mask | None = None
    error: Array | None = None
    remark: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A rule and where it comes from; the code never changes meaning."""

    code: str
    title: str
    standard: str
    clause: str
    severity: Severity
    after_failure: Severity
    """Severity in states with a failed machine."""
    stage: Stage
    during: During
    """``normal``: with everything in service, on every design day; ``failure``: in the others."""
    unsettled: bool
    """True for a rule that also reads states without a solution."""
    function: Callable[..., Iterator[Assessment]]


RULES: dict[str, Rule] = {}
"""Every rule by its code."""


def check(
    code: str,
    title: str,
    *,
    standard: str,
    clause: str = "",
    severity: Severity = "error",
    after_failure: Severity | None = None,
    stage: Stage = "solved",
    during: During = "any",
    unsettled: bool = False,
) -> Callable[[Callable[..., Iterator[Assessment]]], Callable[..., Iterator[Assessment]]]:
    """Make a rule of a function ``(facility, results)``, or ``(facility)`` at the placement stage.

    A rule of the ``study`` stage reads ``results.studies``, whose arrays have no axis of states.

    Raises
    ------
    ValueError
        If the code is taken.
    """

    def register(function: Callable[..., Iterator[Assessment]]) -> Callable[..., Iterator[Assessment]]:
        if code in RULES:
            raise ValueError(f"rule code {code} is taken by {RULES[code].title!r}")
        RULES[code] = Rule(
            code,
            title,
            standard,
            clause,
            severity,
            after_failure or severity,
            stage,
            during,
            unsettled,
            function,
        )
        return function

    return register


def rules_table() -> str:
    """All rules as a Markdown table."""
    rows = ["| code | rule | standard | severity | states |", "|---|---|---|---|---|"]
    for rule in sorted(RULES.values(), key=lambda rule: rule.code):
        severity = rule.severity
        if rule.after_failure != severity:
            severity = f"{severity}, after a failure {rule.after_failure}"  # type: ignore[assignment]
        states = {"placement": "no solve", "study": "study"}.get(rule.stage, rule.during)
        standard = f"{rule.standard}, {rule.clause}" if rule.clause else rule.standard
        rows.append(f"| {rule.code} | {rule.title} | {standard} | {severity} | {states} |")
    return "\n".join(rows) + "\n"

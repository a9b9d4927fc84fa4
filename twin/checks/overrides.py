"""Other limits for built-in rules, each with the designer's reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from twin.checks.bounds import BOUNDS, UNBOUNDED
from twin.checks.places import Places
from twin.checks.rules import RULES, Assessment, Rule
from twin.checks.selection import named, selectors, things
from twin.checks.wording import DIMENSION_NAMES, dimension
from twin.model.base import Mark
from twin.model.facility import Facility
from twin.model.language import Override
from twin.units import UnitError


def check_overrides(facility: Facility) -> list[tuple[Mark, str]]:
    """Overrides that could change nothing, or contradict each other: the mark and one sentence of each."""
    found = []
    first: dict[tuple[str, str, tuple[str, ...]], tuple[str | float, Mark]] = {}
    for override, mark in facility.overrides:
        if override.rule not in RULES:
            continue  # told by its name
        for bound in ("max", "min"):
            value = getattr(override, bound)
            if value is None:
                continue
            if words := _unfit(override.rule, bound, value):
                found.append((mark, f"override > {bound}: {words}"))
                continue
            key = override.rule, bound, tuple(sorted(selectors(override.select)))
            other = first.setdefault(key, (value, mark))
            if other[1] is not mark and other[0] != value:
                told = (
                    f"{_shown(value)} contradicts the {_shown(other[0])} of {other[1]} for the same subjects"
                )
                found.append((mark, f"override > {bound}: {told}; keep one of them"))
    return found


def _unfit(code: str, sense: str, value: str | float) -> str:
    """Why a rule cannot have this bound; empty if it can."""
    if not any(_readable(value, name) for name in DIMENSION_NAMES):
        return f"{_shown(value)} is no quantity; write a number with its unit"
    bounds = BOUNDS.get(code, ())
    if not bounds:
        return (
            ""
            if code in UNBOUNDED
            else f"{code} answers yes or no and has no limit; to accept a finding use waive:"
        )
    names = [name for side, name in bounds if side == sense]
    if not names:
        has, lacks = ("smallest", "largest") if sense == "max" else ("largest", "smallest")
        return f"{code} limits the {has} value, not the {lacks}; write {'min' if sense == 'max' else 'max'}:"
    if any(_readable(value, name) for name in names):
        return ""
    wanted = " or ".join(f"{name.replace('_', ' ')}, for example {dimension(name).example}" for name in names)
    return f"{_shown(value)} is not what {code} limits: that is {wanted}"


def _shown(value: str | float) -> str:
    return f'"{value}"'


def _readable(value: str | float, name: str) -> bool:
    try:
        dimension(name).read(value)
    except UnitError:
        return False
    return True


class Overrides:
    """All overrides of a facility; remembers which were of use, and which could not be read in a rule's unit."""

    def __init__(self, facility: Facility) -> None:
        self._facility = facility
        self._entries = [_Entry(override, mark, facility) for override, mark in facility.overrides]
        self._places = Places(facility) if self._entries else None

    def applied(self, rule: Rule, assessments: Iterable[Assessment]) -> Iterator[Assessment]:
        """The assessments of a rule with the limits that count."""
        entries = [entry for entry in self._entries if entry.override.rule == rule.code]
        for assessment in assessments:
            for entry in entries:
                assessment = self._changed(assessment, entry)
            yield assessment

    def _changed(self, assessment: Assessment, entry: _Entry) -> Assessment:
        bound = getattr(entry.override, assessment.sense)
        if bound is None or assessment.dimension == "flag" or not assessment.subjects:
            return assessment
        try:
            limit = dimension(assessment.dimension).read(bound)
        except UnitError as error:
            entry.complaint = str(error)
            return assessment
        assert self._places is not None
        covered = np.array([entry.covers(s, self._places.machine(s)) for s in assessment.subjects])
        if not covered.any():
            return assessment
        entry.used = True
        old = np.broadcast_to(np.asarray(assessment.limit, float), _shape(assessment, len(covered)))
        remarks = assessment.remark or ("",) * len(covered)
        words = f"limit overridden: {entry.override.reason}"
        told = tuple(words if hit else remark for hit, remark in zip(covered, remarks, strict=True))
        return replace(assessment, limit=np.where(covered, limit, old), remark=told)

    def unused(self) -> tuple[str, ...]:
        """Overrides that changed no limit, and why."""
        return tuple(str(entry) for entry in self._entries if not entry.used)


def _shape(assessment: Assessment, count: int) -> tuple[int, ...]:
    limit = np.asarray(assessment.limit)
    return limit.shape if limit.ndim == 2 else (count,)


class _Entry:
    """One override and the things it covers."""

    def __init__(self, override: Override, mark: Mark, facility: Facility) -> None:
        self.override, self.mark = override, mark
        self._select = selectors(override.select)
        self._things = things(facility, self._select)
        self.used = False
        self.complaint = ""

    def covers(self, subject: str, machine: str) -> bool:
        """True if the subject, or the machine behind it, is selected."""
        if not self._select:
            return True
        return named(subject, self._select) or subject in self._things or machine in self._things

    def __str__(self) -> str:
        which = f" for {', '.join(self._select)}" if self._select else ""
        why = f": {self.complaint}" if self.complaint else " changes no limit"
        return f"{self.mark}: override of {self.override.rule}{which}{why}"

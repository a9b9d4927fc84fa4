"""Waivers: the findings a designer accepts, each with its reason."""

from __future__ import annotations

from collections.abc import Container
from functools import cached_property

from twin.checks.selection import named, selectors, things
from twin.model.base import Mark
from twin.model.facility import Facility
from twin.model.language import Waiver


class _Accepted:
    """One waiver and the things it covers, looked up when it is first asked."""

    def __init__(self, waiver: Waiver, mark: Mark, facility: Facility) -> None:
        self.waiver, self.mark, self._facility = waiver, mark, facility
        self.select = selectors(waiver.select)
        self.used = False

    @cached_property
    def _things(self) -> frozenset[str]:
        return things(self._facility, self.select)

    def covers(self, subject: str, machine: str) -> bool:
        """True if the subject, or the machine behind it, is selected."""
        if not self.select:
            return True
        return named(subject, self.select) or subject in self._things or machine in self._things

    def __str__(self) -> str:
        which = f" for {', '.join(self.select)}" if self.select else ""
        return f"{self.mark}: {self.waiver.rule}{which}"


class Waivers:
    """All waivers of a facility; remembers which were of use."""

    def __init__(self, waivers: tuple[tuple[Waiver, Mark], ...], facility: Facility) -> None:
        self._accepted = [_Accepted(waiver, mark, facility) for waiver, mark in waivers]

    def reason(self, code: str, subject: str, machine: str) -> str:
        """Why a finding is accepted; empty if it is not."""
        reason = ""
        for accepted in self._accepted:
            if accepted.waiver.rule == code and accepted.covers(subject, machine):
                accepted.used = True
                reason = reason or accepted.waiver.reason
        return reason

    def unused(self, codes: Container[str]) -> tuple[str, ...]:
        """Waivers that cover no finding: the design changed, or the code or selector is wrong."""
        return tuple(
            f"{accepted}" + ("" if accepted.waiver.rule in codes else " (there is no such rule)")
            for accepted in self._accepted
            if not accepted.used
        )

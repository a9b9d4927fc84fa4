"""Selectors of waivers and limits: which subjects they mean."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from twin.layout.selectors import NoMatch, matching, subjects
from twin.model.facility import Facility
from twin.model.names import Selectors


def selectors(select: Selectors | None) -> tuple[str, ...]:
    """One or several selectors as a tuple."""
    if select is None:
        return ()
    return (select,) if isinstance(select, str) else tuple(select)


def things(facility: Facility, select: Iterable[str]) -> frozenset[str]:
    """Ids of the machines, loops, pods, rows and halls that any of the selectors means."""
    found: set[str] = set()
    for selector in select:
        for look in (matching, subjects):  # a pod's name means its machines and the pod itself
            try:
                found.update(look(facility, selector))
            except NoMatch:  # it may still be the name of a feed, which the caller compares
                continue
    return frozenset(found)


def named(subject: str, select: Iterable[str]) -> bool:
    """True if a selector is the subject's name, or a glob of it."""
    return any(subject == selector or fnmatchcase(subject, selector) for selector in select)

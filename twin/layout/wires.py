"""Drawing feeds: one per terminal, from sources that are near and on the same side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.layout.dealing import deal, pairs
from twin.layout.document import Path
from twin.layout.draft import MAX_LINKS, Draft, Full
from twin.layout.mistakes import quote
from twin.model.facility import Feed, Machine
from twin.model.language import Deal

SUPPLIERS = (
    "utility",
    "generator",
    "bess",
    "transformer",
    "ups",
    "rectifier",
    "switchboard",
    "transfer_switch",
    "busway",
    "pdu",
)
"""Kinds that others can hang on."""


class Wires:
    """Feeds as they are drawn; every terminal takes one."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self._terminals: dict[tuple[str, str], Path] = {}
        self._clashes: set[tuple[Path, Path]] = set()
        self._links = 0

    def connect(
        self, machine: Machine, terminal: str, sources: tuple[str, ...], path: Path, **more: Any
    ) -> None:
        """Draw one feed, written at ``path``."""
        holder = self._terminals.setdefault((machine.id, terminal), path)
        if holder is not path:
            self._refuse(machine, terminal, path, holder)
            return
        self._links += len(sources)
        if self._links > MAX_LINKS:
            self.draft.complain(
                path, f"more than {MAX_LINKS} connections; deal the sources among fewer machines"
            )
            raise Full
        self.draft.feeds.append(
            Feed(to=machine.id, terminal=terminal, sources=sources, mark=self.draft.mark(path), **more)
        )

    def _refuse(self, machine: Machine, terminal: str, path: Path, holder: Path) -> None:
        """Note a terminal that is taken, once for all machines that two entries both name."""
        if (path, holder) in self._clashes:
            return
        self._clashes.add((path, holder))
        side = terminal.removeprefix("in")
        what = f"feed {side}" if side else "a feed"
        where = f"from {self.draft.mark(holder)}"
        place = (*path, "to") if path[-2] == "whips" else path
        self.draft.complain(place, f"{machine.kind} {quote(machine.id)} already has {what}, {where}")


def in_reach(candidates: list[Machine], hall: str | None) -> list[Machine]:
    """Candidates of the own hall and shared ones; all if there are none."""
    if hall is None:
        return candidates
    return [machine for machine in candidates if machine.hall in (hall, None)] or candidates


def same_feed(candidates: list[Machine], feed: str) -> list[Machine]:
    """Candidates of the same feed; all if there are none."""
    return [machine for machine in candidates if machine.feed == feed] or candidates if feed else candidates


def dealt_ids(
    draft: Draft, how: Deal, sources: Sequence[Machine], count: int, side: int, path: Path
) -> list[tuple[str, ...]]:
    """Ids of the sources of each of ``count`` machines; ``side`` is the number of their feed."""
    if not sources:
        return []  # the selector's mistake is noted
    names = [machine.id for machine in sources]
    if how == "pairs":
        if len(names) < 2 or side > 1:
            need = "at least two machines upstream" if len(names) < 2 else "two feeds, no more"
            draft.complain((*path, "deal"), f"pairs needs {need}")
            return []
        return [(names[pair[side]],) for pair in pairs(len(names), count)]
    if how == "common":
        return [tuple(names)] * count
    return [tuple(names[index] for index in indices) for indices in deal(how, len(names), count)]

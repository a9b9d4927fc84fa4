"""Wiring of the power tree: which machine hangs on which.

Upstream machines are found by ``from`` and dealt to the members of a group (`twin.layout.dealing`), each feed
by itself: a member of side A takes sources of side A where there are any, and sources of other halls only
where there are none in its own.  Every connection is a `Feed` into one terminal:

* ``in`` of a machine with one input;
* ``inA``, ``inB`` of a load with a cord, or a rectifier with an input, on each side;
* ``in1``, ``in2`` of a transfer switch, in the order of preference in which ``from`` lists them (ranks 0, 1).

A machine without any feed is no mistake: it is dark, and a rule says so later.  A ring is one, for nothing
would tell which way the power flows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from twin.layout.document import Path
from twin.layout.draft import Block, Draft, Group
from twin.layout.mistakes import one_of, quote
from twin.layout.whips import wire_whip
from twin.layout.wires import SUPPLIERS, Wires, dealt_ids, in_reach, same_feed
from twin.model.facility import Feed, Machine
from twin.model.names import Selectors


def wire(draft: Draft, blocks: Sequence[Block]) -> None:
    """Draw all feeds of all blocks."""
    wires = Wires(draft)
    for group in draft.groups:
        _wire_group(wires, group)
    for block in blocks:
        for index, whip in enumerate(block.sections.power.whips):
            wire_whip(wires, block, whip, (*block.path, "power", "whips", index))
    _check_rings(draft)


def _wire_group(wires: Wires, group: Group) -> None:
    draft, written = wires.draft, group.written
    if not _mapping_fits(draft, group):
        return
    if group.path[-2] in ("generators", "bess"):
        if written.from_:
            what = "a generator" if group.path[-2] == "generators" else "a battery system"
            draft.complain((*group.path, "from"), f"{what} is a source; it hangs on nothing")
        return
    cable = draft.product(written.cable, (*group.path, "cable"), ("cable",)) if written.cable else None
    circuit: dict[str, Any] = {
        "breaker": written.breaker,
        "rated_100": written.rated_100,
        "circuits": written.circuits,
    }
    circuit |= {"cable": cable, "length": written.length}
    circuit |= {"interrupting": written.interrupting, "trip": written.trip}
    for side, (feed, members) in enumerate(group.members.items()):
        for terminal, rank, path, selectors in _inputs(group, feed):
            candidates = draft.select(selectors, path, group.block, SUPPLIERS, "source of power")
            for hall, neighbours in _by_hall(members).items():
                sources = same_feed(in_reach(candidates, hall), feed)
                dealt = dealt_ids(draft, written.deal, sources, len(neighbours), side, group.path)
                for machine, ids in zip(neighbours, dealt, strict=False):
                    wires.connect(machine, terminal, ids, group.path, rank=rank, **circuit)


def _mapping_fits(draft: Draft, group: Group) -> bool:
    """Check that the feeds under ``from`` are those of the group."""
    written, path = group.written.from_, (*group.path, "from")
    if not isinstance(written, Mapping):
        return True
    feeds = group.written.feeds
    several = group.path[-2] == "rectifiers" and not feeds
    if not feeds and not several:
        draft.complain(
            path, "from names feeds but the group has none; write feeds: [A, B], or one selector for all"
        )
        return False
    for feed in written if not several else ():
        if feed not in feeds:
            draft.complain((*path, feed), f"the group has no feed {quote(feed)}; {one_of(feeds)}")
    for feed in feeds:
        if feed not in written:
            draft.complain(path, f"from says nothing about feed {quote(feed)} of the group")
    return True


def _inputs(group: Group, feed: str) -> Iterator[tuple[str, int, Path, Selectors]]:
    """Terminal, rank, place and selectors of each input of the members on one side."""
    written: Any = group.written.from_
    path: Path = (*group.path, "from")
    if isinstance(written, Mapping):
        if not feed:  # a rectifier with an input for each side
            yield from ((f"in{side}", 0, (*path, side), selectors) for side, selectors in written.items())
            return
        written, path = written.get(feed, ()), (*path, feed)
    if group.path[-2] == "transfer_switches":
        entries = (
            [(path, written)]
            if isinstance(written, str)
            else [((*path, i), s) for i, s in enumerate(written)]
        )
        yield from (
            (f"in{rank + 1}", rank, place, selector) for rank, (place, selector) in enumerate(entries)
        )
    elif written:
        yield "in", 0, path, written


def _by_hall(machines: Sequence[Machine]) -> dict[str | None, list[Machine]]:
    halls: dict[str | None, list[Machine]] = {}
    for machine in machines:
        halls.setdefault(machine.hall, []).append(machine)
    return halls


def _check_rings(draft: Draft) -> None:
    """A ring in the power tree is a mistake at one of its machines; the message walks around it."""
    below: dict[str, list[Feed]] = {}
    for feed in draft.feeds:
        for source in feed.sources:
            below.setdefault(source, []).append(feed)
    done: set[str] = set()
    for start in below:
        ring = _ring_from(start, below, done)
        if ring is not None:
            chain = " -> ".join([feed.to for feed in ring] + [ring[0].to])
            place = draft.by_id[ring[0].to].mark
            draft.complain_at(place, f"power runs in a ring: {chain}")
            return


def _ring_from(start: str, below: Mapping[str, list[Feed]], done: set[str]) -> list[Feed] | None:
    """The feeds of a ring below a machine, or None; machines without one go to ``done``."""
    if start in done:
        return None
    trail: list[str] = [start]
    way: list[Feed] = []
    on_trail = {start}
    stack = [iter(below.get(start, ()))]
    while stack:
        feed = next(stack[-1], None)
        if feed is None:
            stack.pop()
            done.add(gone := trail.pop())
            on_trail.discard(gone)
            if way:
                way.pop()
        elif feed.to in on_trail:
            return [*way[trail.index(feed.to) :], feed]
        elif feed.to not in done:
            trail.append(feed.to)
            way.append(feed)
            on_trail.add(feed.to)
            stack.append(iter(below.get(feed.to, ())))
    return None

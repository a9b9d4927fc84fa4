"""Rules of transformer windings that need no solve: what runs in parallel is in phase, and where there is a neutral."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np

from twin.checks.places import feed_name
from twin.checks.rules import Assessment, check
from twin.model.facility import Facility, Feed, Machine
from twin.model.products import Pdu, Transformer, Ups

PANEL_CLOCK = 11
"""Clock number of the transformer of a floor PDU, which is taken as Dyn11 everywhere.  Assumed."""
HOURS = 12
DEGREES = 30
"""Of an hour of the clock (IEC 60076-1, vector group, as quoted)."""


@check(
    "PWR-036",
    "Machines in parallel are in phase",
    standard="IEC 60076-8",
    clause="parallel operation: clock numbers that agree (as quoted)",
    stage="placement",
)
def in_phase(facility: Facility) -> Iterator[Assessment]:
    """Displacement of the sources of a common bus from the utility that feeds them both.

    A transfer switch is taken on its preferred input.  The output of a UPS follows its bypass, so it hands the phase of
    its mains on; generators are synchronised with whatever they meet, and two utilities are not compared.
    """
    tree = _Tree(facility)
    names, apart, phrases = [], [], []
    for feed in facility.feeds:
        if len(feed.sources) < 2:
            continue
        gap, phrase = max((tree.gap(*pair) for pair in combinations(feed.sources, 2)), key=lambda one: one[0])
        names.append(feed_name(feed))
        apart.append(float(gap > 0))
        phrases.append(phrase)
    if names:
        yield Assessment(tuple(names), np.array(apart), 0.0, "max", "flag", tuple(phrases))


@check(
    "PWR-037",
    "Circuits between line and neutral have a neutral",
    standard="IEC 60076-1",
    clause="vector group: a delta winding has no neutral (as quoted)",
    stage="placement",
)
def has_neutral(facility: Facility) -> Iterator[Assessment]:
    """Circuits of one pole behind a delta; a UPS in double conversion and a PDU with a transformer make a neutral anew.

    The neutral of a busway is the matter of PHS-002.
    """
    tree = _Tree(facility)
    feeds = [feed for feed in facility.feeds if feed.poles == 1]
    if feeds:
        deltas = [tree.delta(feed.sources) for feed in feeds]
        what = tuple(
            f"is a circuit between line and neutral behind the delta winding of {name}, which has no neutral"
            for name in deltas
        )
        names, missing = tuple(map(feed_name, feeds)), np.array([float(bool(name)) for name in deltas])
        yield Assessment(names, missing, 0.0, "max", "flag", what)


class _Tree:
    """What lies upstream of every machine, each worked out once."""

    def __init__(self, facility: Facility) -> None:
        self.machines: Mapping[str, Machine] = facility.by_id
        self.inputs: dict[str, list[Feed]] = {}
        for feed in facility.feeds:
            self.inputs.setdefault(feed.to, []).append(feed)
        self.clocks: dict[str, dict[str, int]] = {}
        self.deltas: dict[str, str] = {}

    def clock(self, name: str) -> dict[str, int]:
        """Clock number of a machine's output from every utility that feeds it in the normal state."""
        if name not in self.clocks:
            self.clocks[name] = {}  # a ring ends here
            machine = self.machines[name]
            turn = _turn(machine)
            found = {name: 0} if machine.kind == "utility" else {}
            if turn is not None:
                for source in self._preferred(machine):
                    for root, hours in self.clock(source).items():
                        found.setdefault(root, (hours + turn) % HOURS)
            self.clocks[name] = found
        return self.clocks[name]

    def _preferred(self, machine: Machine) -> Iterator[str]:
        feeds = self.inputs.get(machine.id, [])
        if machine.kind == "transfer_switch" and feeds:
            feeds = [min(feeds, key=lambda feed: feed.rank)]
        for feed in feeds:
            yield from feed.sources

    def gap(self, one: str, other: str) -> tuple[int, str]:
        """Hours between two machines, and the sentence."""
        first, second = self.clock(one), self.clock(other)
        for root in first:
            apart = (first[root] - second.get(root, first[root])) % HOURS
            if apart:
                hours = min(apart, HOURS - apart)
                return hours, (
                    f"puts {one} and {other} in parallel with {DEGREES * hours} degrees between them "
                    f"(clock numbers {first[root]} and {second[root]} from {root})"
                )
        return 0, ""

    def delta(self, sources: tuple[str, ...]) -> str:
        """The first transformer whose delta leaves some machines without a neutral, if any does, else empty."""
        return next((found for found in map(self._delta, sources) if found), "")

    def _delta(self, name: str) -> str:
        if name not in self.deltas:
            self.deltas[name] = ""  # a ring ends here
            match self.machines[name].product:
                case Transformer(vector_group=group):
                    self.deltas[name] = "" if "n" in group else name  # a small n: of the secondary
                case Ups(mode="double_conversion"):
                    pass
                case Pdu(impedance=impedance) if impedance > 0.0:
                    pass
                case _:
                    sources = tuple(s for feed in self.inputs.get(name, ()) for s in feed.sources)
                    self.deltas[name] = self.delta(sources)
        return self.deltas[name]


def _turn(machine: Machine) -> int | None:
    """Hours by which a machine turns its input; None where its output has no phase of the mains."""
    match machine.product:
        case Transformer(vector_group=group):
            return int("".join(letter for letter in group if letter.isdigit()))
        case Pdu(impedance=impedance) if impedance > 0.0:
            return PANEL_CLOCK
    return None if machine.kind == "rectifier" else 0

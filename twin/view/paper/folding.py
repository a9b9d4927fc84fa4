"""Machines that are alike as one: the same product in the same place of the power tree or of the loops.

Alike are machines of one product and side that hang on machines that are alike, and feed machines that are alike: the
classes that colour refinement finds (Paige and Tarjan, 1987), with sets instead of counts, so that eight halls fold into
one.  Where that leaves too many for a page, what they are compared by becomes coarser.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from twin.model.facility import Facility, Feed, Machine
from twin.view import board

SOURCES = ("utility", "generator", "bess")
MOST, WIDEST, LOADS = 40, 10, 6
"""Most classes on a page, in one layer of it, and of loads."""
ROUNDS = 20
_Likeness = Literal["both", "above", "none"]
"""Whether alike are only machines whose neighbours are alike: on both sides, above them, or whatever they are."""


@dataclass(frozen=True)
class Joint:
    """Feeds between two classes, or from no machine at all."""

    source: str
    target: str
    side: str
    """Letter of the side, empty without."""
    rank: int
    """Least order of preference at a transfer switch."""
    feeds: tuple[int, ...]
    """Their numbers in the facility."""


@dataclass(frozen=True)
class Fold:
    """A power tree with like machines folded."""

    classes: dict[str, tuple[Machine, ...]]
    """Name of a class, that of its first machine, to its machines."""
    joints: tuple[Joint, ...]
    layer: dict[str, int]
    """Level of every class from the utility down; loads are the last."""
    coarse: bool = False
    """Whether machines are one that hang on, or feed, machines that are not alike."""


def tree(facility: Facility) -> Fold:
    """The folded power tree with its loads."""
    joined = {name for feed in facility.feeds for name in (feed.to, *feed.sources)}
    machines = [m for m in facility.by_id.values() if m.product.role == "power" or m.id in joined]
    depth = board.depths(facility)
    keys: tuple[tuple[Callable[[Machine], Hashable], _Likeness], ...] = (
        (lambda m: (m.kind, m.type, m.feed), "both"),
        (lambda m: (m.kind, m.type, m.feed), "above"),
        (lambda m: (m.kind, m.type, m.feed, depth[m.id]), "none"),
        (lambda m: (m.kind, m.feed, depth[m.id]), "none"),
        (lambda m: (m.kind, depth[m.id]), "none"),
    )
    for key, likeness in keys:
        found = _refined(facility, machines, key, likeness)
        name_of = {machine.id: name for name, group in found.items() for machine in group}
        joints = _joints(facility, name_of)
        layer = _layers(found, joints, depth)
        loads = sum(group[0].product.role != "power" for group in found.values())
        if (
            len(found) <= MOST
            and loads <= LOADS
            and max(Counter(layer.values()).values(), default=0) <= WIDEST
        ):
            break
    return Fold(found, joints, layer, likeness != "both")


def _refined(
    facility: Facility, machines: list[Machine], key: Callable[[Machine], Hashable], likeness: _Likeness
) -> dict[str, tuple[Machine, ...]]:
    """Classes of machines: split by key, then until like machines hang on like ones (with ``both``, also feed like ones)."""
    above: dict[str, list[Feed]] = defaultdict(list)
    below: dict[str, set[str]] = defaultdict(set)
    for feed in facility.feeds:
        above[feed.to].append(feed)
        for source in feed.sources:
            below[source].add(feed.to)
    buses = {feed.sources for feed in facility.feeds}
    color: dict[str, int] = _numbered(
        {m.id: key(m) if m.product.role == "power" else _load(m) for m in machines}
    )
    for _ in range(ROUNDS if likeness != "none" else 0):
        signs: dict[str, Hashable] = {}
        bus = {sources: frozenset(color[name] for name in sources) for sources in buses}
        for machine in machines:
            hung = frozenset((feed.rank, bus[feed.sources]) for feed in above[machine.id])
            feeds = frozenset(color[name] for name in below[machine.id]) if likeness == "both" else None
            signs[machine.id] = (color[machine.id], hung, feeds)
        refined = _numbered(signs)
        if len(set(refined.values())) == len(set(color.values())):
            break
        color = refined
    groups: dict[int, list[Machine]] = defaultdict(list)
    for machine in machines:
        groups[color[machine.id]].append(machine)
    return {group[0].id: tuple(group) for group in groups.values()}


def _load(machine: Machine) -> Hashable:
    """Racks by product; cooling machines together."""
    return ("load", machine.type) if machine.kind == "rack" else ("load", machine.product.role)


def _numbered(signs: dict[str, Any]) -> dict[str, int]:
    numbers: dict[Any, int] = {}
    return {name: numbers.setdefault(sign, len(numbers)) for name, sign in signs.items()}


def _joints(facility: Facility, name_of: dict[str, str]) -> tuple[Joint, ...]:
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, feed in enumerate(facility.feeds):
        for source in dict.fromkeys(name_of[name] for name in feed.sources):
            if source != name_of[feed.to]:
                found[source, name_of[feed.to]].append(number)
    return tuple(
        Joint(
            source,
            target,
            _side(facility, numbers),
            min(facility.feeds[number].rank for number in numbers),
            tuple(numbers),
        )
        for (source, target), numbers in found.items()
    )


def _side(facility: Facility, numbers: Iterable[int]) -> str:
    sides = {facility.by_id[name].feed for number in numbers for name in facility.feeds[number].sources} or {
        ""
    }
    return sides.pop() if len(sides) == 1 else ""


def _layers(
    classes: dict[str, tuple[Machine, ...]], joints: tuple[Joint, ...], depth: dict[str, int]
) -> dict[str, int]:
    """Levels: power machines by the longest way to them, standby sources just above what they feed, loads last."""
    power = [name for name, group in classes.items() if group[0].product.role == "power"]
    layer = {name: max(depth[machine.id] for machine in classes[name]) for name in power}
    for name in power:
        below = [layer[joint.target] for joint in joints if joint.source == name and joint.target in layer]
        if classes[name][0].kind in SOURCES and below:
            layer[name] = max(min(below) - 1, 0)
    used = {number: place for place, number in enumerate(sorted(set(layer.values())))}
    layer = {name: used[number] for name, number in layer.items()}
    last = max(layer.values(), default=-1) + 1
    return {name: layer.get(name, last) for name in classes}

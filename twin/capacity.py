"""Capacity sums without a solve: what is installed against what hangs on it.

Ratings are added as the data sheets state them; losses, part load and the heat of loop pumps are the business of the
solve.  Loads are what the workload asks of racks, and of cooling machines their rated input, which they hardly ever
draw: only racks make a sum certain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from twin.model.facility import Circuit, Facility, Machine
from twin.model.products import Chiller, Rack, RearDoor

POWER = ("utility", "generator", "bess", "transformer", "ups", "rectifier", "pdu")
"""Kinds of the power tree whose ratings are powers."""
_RATING = ("rating", "capacity")
_INPUT = ("pump_power", "fan_power")
WATER = 998.0
"""Density for the rated power of pumps. [kg/m3]"""


@dataclass(frozen=True)
class Sum:
    """One line: machines that serve something together."""

    name: str
    """Group of the power tree, loop, or hall."""
    what: str
    """``power``, ``heat`` (into a loop) or ``air`` (of a hall)."""
    units: str
    """How many of which product."""
    installed: float
    """Sum of the ratings. [W], apparent power counted as real"""
    remaining: float
    """With one side, or one unit where there are no sides, out; ``installed`` for a single unit. [W]"""
    load: float
    """[W]"""
    sure: float
    """The part of the load that no part load or mild day makes smaller: racks. [W]"""

    @property
    def short(self) -> bool:
        """True if everything together cannot carry what is sure."""
        return self.sure > self.installed

    @property
    def tight(self) -> bool:
        """True if what is sure is not carried when one side or unit is out."""
        return self.sure > self.remaining

    @property
    def open(self) -> bool:
        """True if all rated loads together exceed what one loss leaves; only a solve tells whether they meet."""
        return self.load > self.remaining


@dataclass(frozen=True)
class Totals:
    """A facility in a few numbers."""

    racks: int
    machines: int
    it_power: float
    """[W]"""
    liquid_heat: float
    """[W]"""
    sums: tuple[Sum, ...]

    @property
    def short(self) -> bool:
        """True if some line is short."""
        return any(line.short for line in self.sums)


def totals(facility: Facility) -> Totals:
    """Sums of a facility."""
    racks = [rack for machine in facility.racks if (rack := _rack(machine)) is not None]
    demand = {machine.id: demand_of(facility, machine) for machine in facility.machines}
    liquid = sum(
        demand[machine.id] * rack.liquid_share for machine, rack in zip(facility.racks, racks, strict=True)
    )
    sums = (*_power(facility, demand), *_heat(facility, demand), *_air(facility, demand))
    return Totals(
        len(facility.racks),
        len(facility.machines),
        sum(demand[m.id] for m in facility.racks),
        liquid,
        tuple(sums),
    )


def demand_of(facility: Facility, machine: Machine) -> float:
    """Power a machine asks for: of racks by the workload, of cooling machines at their rating. [W]"""
    product, work = machine.product, facility.workload
    if isinstance(product, Rack):
        chips = product.accelerators
        extra = (work.peak_factor - 1.0) * chips.count * chips.power if chips else 0.0
        return float(getattr(product.power, work.power)) + extra
    if isinstance(product, Chiller):
        return product.capacity / product.cop
    if product.kind == "pump":
        return product.flow * product.head / (product.efficiency * product.motor_efficiency)
    return float(next((getattr(product, name) for name in _INPUT if hasattr(product, name)), 0.0))


def _rack(machine: Machine) -> Rack | None:
    return machine.product if isinstance(machine.product, Rack) else None


# -- power -----------------------------------------------------------------------------------------


def _power(facility: Facility, demand: dict[str, float]) -> Iterator[Sum]:
    below = _loads_below(facility, demand)
    racks = frozenset(machine.id for machine in facility.racks)
    for group, members in _groups(facility, POWER).items():
        loads = frozenset[str]().union(*(below.get(machine.id, frozenset()) for machine in members))
        ratings = [_rating(machine) for machine in members]
        sides: dict[str, float] = defaultdict(float)
        for machine, rating in zip(members, ratings, strict=True):
            sides[machine.feed] += rating
        lost = max(sides.values()) if len(sides) > 1 else max(ratings) if len(ratings) > 1 else 0.0
        total = sum(ratings)
        load, sure = (_added(demand, chosen) for chosen in (loads, loads & racks))
        yield Sum(group, "power", _units(members), total, total - lost, load, sure)


def _added(demand: dict[str, float], names: Iterable[str]) -> float:
    return sum(demand[name] for name in sorted(names))  # in one order: a set has none


def _loads_below(facility: Facility, demand: dict[str, float]) -> dict[str, frozenset[str]]:
    """The loads that each machine of the power tree may have to carry."""
    fed: dict[str, set[str]] = defaultdict(set)
    for feed in facility.feeds:
        for source in feed.sources:
            fed[source].add(feed.to)
    below: dict[str, frozenset[str]] = {}
    for machine in _upwards(fed):
        own = frozenset({machine}) if demand.get(machine) else frozenset[str]()
        below[machine] = own.union(*(below[child] for child in fed.get(machine, ())))
    return below


def _upwards(fed: dict[str, set[str]]) -> Iterator[str]:
    """Machines after everything they feed; a loaded facility has no rings."""
    done: set[str] = set()
    for start in list(fed):
        stack = [(start, iter(fed[start]))]
        while stack:
            name, children = stack[-1]
            child = next((c for c in children if c not in done), None)
            if child is None:
                stack.pop()
                if name not in done:
                    done.add(name)
                    yield name
            else:
                stack.append((child, iter(fed.get(child, ()))))


def _groups(facility: Facility, kinds: tuple[str, ...]) -> dict[str, list[Machine]]:
    groups: dict[str, list[Machine]] = defaultdict(list)
    for kind in kinds:
        for machine in facility.of_kind(kind):
            groups[machine.group.removesuffix(f".{machine.feed}") or machine.id].append(machine)
    return groups


def _rating(machine: Machine) -> float:
    return float(
        next((getattr(machine.product, name) for name in _RATING if hasattr(machine.product, name)), 0.0)
    )


def _units(members: Iterable[Machine]) -> str:
    counts: dict[str, int] = {}
    for machine in members:
        name = machine.type or machine.kind
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(f"{count} x {name}" for name, count in counts.items())


# -- heat ------------------------------------------------------------------------------------------

Leaf = tuple[str, str]
"""A rack and the way its heat leaves, ``liquid`` or ``air``; or a CDU and ``pump``."""
Leaves = dict[Leaf, float]
"""What a loop takes up, with the heat there over the heat where it arises: compressors add theirs on the way."""


def _heat(facility: Facility, demand: dict[str, float]) -> Iterator[Sum]:
    """Loops: capacity of their sources against the heat of racks, CDU pumps and compressors behind their sinks.

    A chiller gives its condenser loop what it takes up and its rated power, ``1 + 1 / cop`` of it.
    """
    served: dict[str, list[str]] = defaultdict(list)
    for circuit in facility.circuits:
        for name in circuit.sources:
            served[name].append(circuit.id)
    circuits = {circuit.id: circuit for circuit in facility.circuits}

    @cache
    def leaves(loop: str) -> Leaves:
        pumps = (name for name in circuits[loop].sources if facility.by_id[name].kind == "cdu")
        sinks = (behind(name) for name in circuits[loop].sinks)
        return _joined([dict.fromkeys(((name, "pump") for name in pumps), 1.0), *sinks])

    def behind(name: str) -> Leaves:
        machine = facility.by_id[name]
        if machine.kind == "rack":
            return {(name, "liquid"): 1.0}
        if machine.host is not None:
            return {(machine.host, "air"): 1.0}
        if machine.kind == "crah":
            return dict.fromkeys(_air_of(facility, machine.hall), 1.0)
        found = _joined([leaves(loop) for loop in served[name]])
        rejected = 1.0 + 1.0 / machine.product.cop if isinstance(machine.product, Chiller) else 1.0
        return {leaf: factor * rejected for leaf, factor in found.items()}

    for circuit in facility.circuits:
        yield from _loop(facility, circuit, demand, leaves(circuit.id))


def _joined(parts: Iterable[Leaves]) -> Leaves:
    """All of some loops; what several ways lead to counts once, by the one that adds most."""
    found: Leaves = {}
    for part in parts:
        for leaf, factor in part.items():
            found[leaf] = max(factor, found.get(leaf, 0.0))
    return found


def _loop(facility: Facility, circuit: Circuit, demand: dict[str, float], leaves: Leaves) -> Iterator[Sum]:
    members = [facility.by_id[name] for name in circuit.sources]
    ratings = [_rating(machine) for machine in members]
    if ratings and all(ratings):
        total = sum(ratings)
        lost = max(ratings) if len(ratings) > 1 else 0.0
        racks = {leaf: factor for leaf, factor in leaves.items() if leaf[1] != "pump"}
        # plant carries more on a mild day
        sure = _watts(facility, demand, racks) if all(machine.kind == "cdu" for machine in members) else 0.0
        load = _watts(facility, demand, leaves)
        yield Sum(circuit.id, "heat", _units(members), total, total - lost, load, sure)


def _air(facility: Facility, demand: dict[str, float]) -> Iterator[Sum]:
    """Halls: capacity of the air handlers against what racks give to the air."""
    for hall in facility.halls:
        members = [machine for machine in facility.of_kind("crah") if machine.hall == hall.id]
        if not members:
            continue
        ratings = [_rating(machine) for machine in members]
        load = _watts(facility, demand, dict.fromkeys(_air_of(facility, hall.id), 1.0))
        total = sum(ratings)
        lost = max(ratings) if len(ratings) > 1 else 0.0
        yield Sum(hall.id or "hall", "air", _units(members), total, total - lost, load, load)


def _air_of(facility: Facility, hall: str | None) -> frozenset[Leaf]:
    return frozenset(
        (m.id, "air") for m in facility.racks if m.hall == hall and not isinstance(m.rear_door, RearDoor)
    )


def _watts(facility: Facility, demand: dict[str, float], leaves: Leaves) -> float:
    total = 0.0
    for (name, way), factor in sorted(leaves.items()):  # sums in one order
        share = getattr(facility.by_id[name].product, "liquid_share", 0.0)
        part = {"liquid": share, "air": 1.0 - share, "pump": 1.0}[way]
        total += factor * demand[name] * part
    return total

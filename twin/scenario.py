"""What is varied: the states of one facility, each a row of every solver array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from graphlib import TopologicalSorter
from typing import Annotated, Literal

from pydantic import Field

from twin.model.base import Frozen
from twin.model.facility import Facility, Machine
from twin.model.language import Outdoor
from twin.model.products import PLANT_KINDS, DryCooler

EVAPORATION_DAY = "evaporation day"
"""State of the site's evaporation design day with nothing lost, and how the names of losses on that day begin."""
CARRIERS = (*PLANT_KINDS, "heat_exchanger")
"""Kinds of sinks whose loss leaves the same heat to fewer of their like, at the water that the day allows."""
Level = Annotated[float, Field(gt=0, le=2)]


class Scenario(Frozen):
    """One state: a name, the machines that are out of service in it, and how much work the racks have."""

    name: str
    failed: tuple[str, ...] = ()
    """Machines that are lost, and paths: feeds by the machine they feed and its input, ``p1.s.01.inA``."""
    maintained: tuple[str, ...] = ()
    """Machines that were taken out of service."""
    load: Level = 1.0
    """Power asked of every rack over that of the layout's workload."""
    rack_load: dict[str, Level] = {}
    """The same for single racks, on top of ``load``."""
    outdoor: Outdoor | None = None
    """Outdoor state; the site's design state without it."""
    day: Literal["", "evaporation"] = ""
    """Design day that ``outdoor`` is of, by name; empty for the cooling design day and states of one's own."""

    @property
    def out(self) -> tuple[str, ...]:
        """All machines out of service."""
        return (*self.failed, *self.maintained)

    @property
    def normal(self) -> bool:
        """True for the state with everything in service at the layout's workload and design outdoor state."""
        return self.intact and self.outdoor is None

    @property
    def intact(self) -> bool:
        """True where everything is in service at the layout's workload, whatever the outdoors."""
        return not self.out and self.load == 1.0 and not self.rack_load

    @property
    def usual(self) -> str:
        """Name of the same state on the cooling design day: ``lose:ct1`` of ``evaporation day: ct1 lost``."""
        if not self.day:
            return self.name
        words = self.name.removeprefix(EVAPORATION_DAY).removeprefix(": ").removesuffix(" lost")
        return f"lose:{words}" if words else NORMAL.name


NORMAL = Scenario(name="normal")


def single_failures(facility: Facility) -> tuple[Scenario, ...]:
    """Every loss of one power or cooling machine (N-1), in the order of the layout."""
    return tuple(
        Scenario(name=f"lose:{machine.id}", failed=(machine.id,))
        for machine in (*facility.machines, *facility.doors)
        if machine.product.role in ("power", "cooling")
    )


def lost_sides(facility: Facility) -> tuple[Scenario, ...]:
    """Every loss of all UPS of one side, where UPS come in sides: each other side must carry the load alone."""
    sides: dict[str, list[str]] = {}
    for machine in facility.of_kind("ups"):
        if machine.feed:
            sides.setdefault(machine.feed, []).append(machine.id)
    if len(sides) < 2:
        return ()
    return tuple(Scenario(name=f"lose:side {side}", failed=tuple(ids)) for side, ids in sides.items())


def named_losses(facility: Facility) -> tuple[Scenario, ...]:
    """The ``lose:`` states that the designer's own limits ask for."""
    from twin.layout.selectors import matching

    names = dict.fromkeys(
        state for limit, _ in facility.limits for state in limit.during if state.startswith("lose:")
    )
    losses = ((name, matching(facility, name.removeprefix("lose:"))) for name in names)
    return tuple(Scenario(name=name, failed=failed) for name, failed in losses)


def plan(facility: Facility, *, failures: bool = True) -> tuple[Scenario, ...]:
    """The states to evaluate: normal first, then the designer's, then lost sides and every single failure.

    Last, where plant evaporates water and the site has an evaporation design day, that day: with nothing lost, and with
    each of those losses that the plant feels.
    """
    losses = (*lost_sides(facility), *single_failures(facility)) if failures else ()
    states = unique((NORMAL, *named_losses(facility), *losses))
    return (*states, *evaporation_states(facility, states[1:]))


def evaporation_states(facility: Facility, losses: Sequence[Scenario] = ()) -> Iterator[Scenario]:
    """The evaporation design day, and on it those of some losses that plant feels which ends in towers or wet pads.

    A tower sized for the cooling design day, whose wet bulb is the mean one at the highest dry bulb, may be too small for
    the highest wet bulb.  Felt are losses of :func:`evaporating` machines, and of power without which some of them stand
    while others run.  Others are left out, for they meet what they meet on the cooling day: beyond these machines the water
    is as cold as it should be, or the day itself breaks a rule with nothing lost.
    """
    air, plant = facility.place.evaporation, evaporating(facility)
    if air is None or not plant:
        return
    yield Scenario(name=EVAPORATION_DAY, outdoor=air, day="evaporation")
    above = _above(facility, plant)
    for loss in losses:
        out = _standing(above, loss.out) & plant
        if plant.intersection(loss.out) or (out and out != plant):
            words = loss.name.removeprefix("lose:")
            yield loss.replace(name=f"{EVAPORATION_DAY}: {words} lost", outdoor=air, day="evaporation")


def evaporating(facility: Facility) -> frozenset[str]:
    """Machines of loops that towers or wet pads cool: sources, pumps, and the chillers and exchangers they serve."""
    found: set[str] = set()
    for circuit in facility.circuits:
        plant = (*circuit.precool, *circuit.sources)
        if any(_evaporates(facility.by_id[name]) for name in plant):
            served = (name for name in circuit.sinks if facility.by_id[name].kind in CARRIERS)
            found.update(plant, circuit.pumps, served)
    return frozenset(found)


def _evaporates(machine: Machine) -> bool:
    pads = isinstance(machine.product, DryCooler) and machine.product.pad_effectiveness > 0
    return pads or machine.kind == "cooling_tower"


def _above(facility: Facility, names: frozenset[str]) -> dict[str, set[str]]:
    """Of some machines and all that feed them what each is fed by, from the sources of power down."""
    sources: dict[str, set[str]] = {}
    for feed in facility.feeds:
        sources.setdefault(feed.to, set()).update(feed.sources)
    found: dict[str, set[str]] = {}
    todo = sorted(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = sources.get(name, set())
            todo.extend(found[name])
    return {name: found[name] for name in TopologicalSorter(found).static_order()}


def _standing(above: dict[str, set[str]], out: Sequence[str]) -> set[str]:
    """What is out of service, and what has no way left to a source of power."""
    dead = set(out)
    for name, sources in above.items():
        if sources and sources <= dead:
            dead.add(name)
    return dead


def unique(scenarios: Iterable[Scenario]) -> tuple[Scenario, ...]:
    """Drop later scenarios that bear an earlier one's name."""
    first: dict[str, Scenario] = {}
    for scenario in scenarios:
        first.setdefault(scenario.name, scenario)
    return tuple(first.values())

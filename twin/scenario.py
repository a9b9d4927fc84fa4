"""What is varied: the states of one facility, each a row of every solver array."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from twin.model.base import Frozen
from twin.model.facility import Facility
from twin.model.language import Outdoor

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

    @property
    def out(self) -> tuple[str, ...]:
        """All machines out of service."""
        return (*self.failed, *self.maintained)

    @property
    def normal(self) -> bool:
        """True for the state with everything in service at the layout's workload and design outdoor state."""
        return not self.out and self.load == 1.0 and not self.rack_load and self.outdoor is None


NORMAL = Scenario(name="normal")


def single_failures(facility: Facility) -> tuple[Scenario, ...]:
    """Every loss of one power or cooling machine (N-1), in the order of the layout."""
    return tuple(
        Scenario(name=f"lose:{machine.id}", failed=(machine.id,))
        for machine in facility.machines
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
    """The states to evaluate: normal first, then the designer's, then lost sides and every single failure."""
    losses = (*lost_sides(facility), *single_failures(facility)) if failures else ()
    return unique((NORMAL, *named_losses(facility), *losses))


def unique(scenarios: Iterable[Scenario]) -> tuple[Scenario, ...]:
    """Drop later scenarios that bear an earlier one's name."""
    first: dict[str, Scenario] = {}
    for scenario in scenarios:
        first.setdefault(scenario.name, scenario)
    return tuple(first.values())

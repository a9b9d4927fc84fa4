"""What serves a thing and what it serves: along the power tree and along the loops, in both directions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from twin.checks.places import feed_name
from twin.model.facility import Facility

MOST = 20_000
"""Most things that are followed in one direction."""


@dataclass(frozen=True)
class Kin:
    """Names of machines and loops, nearest first; each without the thing itself."""

    power_up: tuple[str, ...] = ()
    power_down: tuple[str, ...] = ()
    cooling_up: tuple[str, ...] = ()
    cooling_down: tuple[str, ...] = ()

    @property
    def up(self) -> tuple[str, ...]:
        """All that serves the thing."""
        return tuple(dict.fromkeys((*self.power_up, *self.cooling_up)))

    @property
    def down(self) -> tuple[str, ...]:
        """All that it serves."""
        return tuple(dict.fromkeys((*self.power_down, *self.cooling_down)))


Links = Mapping[str, tuple[str, ...]]


@dataclass
class Family:
    """Who serves whom in a facility, gathered once."""

    facility: Facility = field(repr=False)

    @cached_property
    def power(self) -> tuple[Links, Links]:
        """Sources of every fed machine, and what every source feeds."""
        pairs = ((source, self._rack(feed.to)) for feed in self.facility.feeds for source in feed.sources)
        return _both(pairs)

    def _rack(self, name: str) -> str:
        """The rack of a rear door, which does not stand by itself; others as they are."""
        return self.facility.by_id[name].host or name

    @cached_property
    def cooling(self) -> tuple[Links, Links]:
        """The same along the loops, which stand between the machines that cool and those that are cooled."""
        pairs = [
            pair
            for circuit in self.facility.circuits
            for pair in (
                *((name, circuit.id) for name in (*circuit.sources, *circuit.precool, *circuit.pumps)),
                *((circuit.id, self._rack(name)) for name in circuit.sinks),
            )
        ]
        return _both(pairs)

    @cached_property
    def _fed(self) -> dict[str, str]:
        return {
            **{feed_name(feed): self._rack(feed.to) for feed in self.facility.feeds},
            **{door.id: self._rack(door.id) for door in self.facility.doors},
        }

    def owner(self, subject: str) -> str:
        """The machine or loop behind a subject; inputs belong to what they feed."""
        return self._fed.get(subject, subject)

    def of(self, name: str) -> Kin:
        """Kin of a thing, the whole way up and down."""
        name = self.owner(name)
        (power_up, power_down), (cooling_up, cooling_down) = self.power, self.cooling
        return Kin(
            _walk(power_up, name), _walk(power_down, name), _walk(cooling_up, name), _walk(cooling_down, name)
        )


def _both(pairs: Iterable[tuple[str, str]]) -> tuple[Links, Links]:
    """Givers of every taker, and takers of every giver."""
    up: dict[str, dict[str, None]] = defaultdict(dict)
    down: dict[str, dict[str, None]] = defaultdict(dict)
    for giver, taker in pairs:
        if giver != taker:
            up[taker][giver] = None
            down[giver][taker] = None
    return _plain(up), _plain(down)


def _plain(links: Mapping[str, dict[str, None]]) -> Links:
    return {name: tuple(found) for name, found in links.items()}


def _walk(links: Links, start: str) -> tuple[str, ...]:
    """Everything that can be reached, nearest first; rings end."""
    found: dict[str, None] = {start: None}
    ready = [start]
    while ready and len(found) <= MOST:
        ready = [new for name in ready for new in links.get(name, ()) if new not in found]
        ready = list(dict.fromkeys(ready))
        found |= dict.fromkeys(ready)
    return tuple(found)[1 : MOST + 1]

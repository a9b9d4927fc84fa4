"""Who loses power for how long: when one transfer switch operates, and when the utility is lost.

A walk over the power tree, no solve.  Upstream: which sources stand behind an input, when its voltage is back, which
switches interrupt it.  Downstream: what the racks and motors below a machine draw while the utility is away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf

import numpy as np
from numpy.typing import NDArray

from twin.model.facility import Feed, Machine
from twin.model.products import Bess, Generator, Rack, Rectifier, TransferSwitch, Ups
from twin.studies.basis import Basis

DRIVE_RAMP = 10.0
"""Time in which the drives of cooling machines run up again once they have power; assumed (5 to 30 s are common). [s]"""

NOW, HARD, BASE, IDLE, RUN, PEAK, STORE_POWER, STORE_ENERGY = range(8)
"""What :meth:`Outage.drawn` tells: all power, what of it comes back as a step, what does not belong to training racks,
power of the training racks idle, running and at their peak, and what the stores in them give [W] and hold [J]."""


@dataclass(frozen=True)
class Group:
    """Generators that reach the same transfer switches, which are the blocks of their load."""

    generators: tuple[str, ...]
    switches: tuple[str, ...]


class Outage:
    """A facility's power tree seen from the loss of a source."""

    def __init__(self, basis: Basis) -> None:
        self.basis = basis
        self.machine = basis.facility.by_id
        self.live = basis.normal("power", "live")
        self.back_at: Mapping[str, float] = {}
        """Transfer switch to the moment at which its generators' power is on its output; set by the start sequence."""
        self._roots: dict[str, frozenset[str]] = {}
        self._held: dict[str, bool] = {}
        self._events: dict[str, dict[str, float]] = {}
        self._back: dict[str, float] = {}
        self._drawn: dict[str, NDArray[np.float64]] = {}
        self._soft: dict[str, float] = {}

    # -- structure --------------------------------------------------------------------------------------------

    def feeds(self, name: str) -> tuple[Feed, ...]:
        """Inputs of a machine, the preferred one first."""
        return tuple(sorted(self.basis.feeds_of.get(name, ()), key=lambda feed: feed.rank))

    @cached_property
    def users(self) -> dict[str, list[Feed]]:
        """Feeds that start from every machine."""
        found: dict[str, list[Feed]] = {}
        for feed in self.basis.facility.feeds:
            for source in feed.sources:
                found.setdefault(source, []).append(feed)
        return found

    def roots(self, names: Iterable[str]) -> frozenset[str]:
        """Sources, converters and switches that stand behind machines, through transformers, boards and busways."""
        return frozenset().union(*(self._root(name) for name in names))

    def _root(self, name: str) -> frozenset[str]:
        if name not in self._roots:
            self._roots[name] = frozenset()  # a ring of boards ends here
            inputs = [source for feed in self.feeds(name) for source in feed.sources]
            passive = inputs and self.machine[name].kind not in ("transfer_switch", "ups", "rectifier")
            self._roots[name] = self.roots(inputs) if passive else frozenset([name])
        return self._roots[name]

    def energised(self, name: str) -> bool:
        """Whether it has power for good once the utility is lost."""
        return name in self._reached

    @cached_property
    def _reached(self) -> frozenset[str]:
        """Everything that some generator or BESS feeds."""
        ahead = [machine.id for machine in self.basis.facility.of_kind("generator", "bess")]
        found = set(ahead)
        while ahead:
            below = {feed.to for feed in self.users.get(ahead.pop(), ())} - found
            found |= below
            ahead += below
        return frozenset(found)

    def active(self, switch: str) -> Feed | None:
        """Input that a transfer switch uses in the normal state."""
        for feed in self.feeds(switch):
            if any(self.live.get(source, 0.0) > 0.5 for source in feed.sources) and not self._standby(feed):
                return feed
        return next(iter(self.feeds(switch)), None)

    def _standby(self, feed: Feed) -> bool:
        """Behind nothing but generators and BESS, which do not run until they are called."""
        kinds = {self.machine[name].kind for name in self.roots(feed.sources)}
        return bool(kinds) and kinds <= {"generator", "bess"}

    def taken(self, switch: str) -> Feed | None:
        """Input that a transfer switch uses for good once the utility is lost."""
        for feed in self.feeds(switch):
            if any(map(self.energised, feed.sources)):
                return feed
        return None

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Generators with the transfer switches that call them, in the order of the layout."""
        sets: dict[str, frozenset[str]] = {}
        for switch in self.basis.facility.of_kind("transfer_switch"):
            behind = [self._generators(feed.sources) for feed in self.feeds(switch.id)]
            called = next((names for names in behind if names), frozenset())
            if called and self._lost(switch.id):
                sets[switch.id] = called
        merged: list[tuple[set[str], list[str]]] = []
        for name, called in sets.items():
            mine: tuple[set[str], list[str]] = (set(called), [name])
            for other in [group for group in merged if group[0] & called]:
                merged.remove(other)
                mine = (mine[0] | other[0], other[1] + mine[1])
            merged.append(mine)
        order = {machine.id: index for index, machine in enumerate(self.basis.facility.machines)}
        return tuple(
            Group(tuple(sorted(sets_, key=order.__getitem__)), tuple(sorted(switches, key=order.__getitem__)))
            for sets_, switches in merged
        )

    def _generators(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset(name for name in self.roots(names) if self.machine[name].kind == "generator")

    def _lost(self, switch: str) -> bool:
        """Whether its input in the normal state dies with the utility."""
        feed = self.active(switch)
        return feed is None or not any(map(self._holds, feed.sources))

    def _holds(self, name: str) -> bool:
        """Whether its output does not even blink when the utility is lost: a store is on one of its ways."""
        if name not in self._held:
            self._held[name] = False
            if has_store(self.machine[name]):
                self._held[name] = True
            elif self.machine[name].kind == "transfer_switch":
                self._held[name] = not self._lost(name)
            else:
                inputs = (source for feed in self.feeds(name) for source in feed.sources)
                self._held[name] = any(map(self._holds, inputs))
        return self._held[name]

    # -- one transfer switch operates ----------------------------------------------------------------------------

    def events(self, name: str) -> dict[str, float]:
        """Transfer switches whose operation interrupts a machine's output (a rack's or motor's inputs), and for how
        long. [s]"""
        if name not in self._events:
            self._events[name] = {}
            self._events[name] = self._interruptions(name)
        return self._events[name]

    def _interruptions(self, name: str) -> dict[str, float]:
        machine, feeds = self.machine[name], self.feeds(name)
        if has_store(machine) or not feeds:
            return {}
        ways = [_both(*(self.events(source) for source in feed.sources)) for feed in feeds]
        if not isinstance(machine.product, TransferSwitch):
            return _both(*ways)
        active = self.active(name)
        own, product = next(i for i, feed in enumerate(feeds) if feed is active), machine.product
        ready = [way for i, way in enumerate(ways) if i != own and not self._standby(feeds[i])]
        found = {
            switch: min(lasts, product.transfer_time) if any(switch not in way for way in ready) else lasts
            for switch, lasts in ways[own].items()
        }
        if len(feeds) > 1:
            found[name] = self._own(name, feeds, own, product.transfer_time)
        return found

    def _own(self, name: str, feeds: tuple[Feed, ...], own: int, transfer_time: float) -> float:
        """The active source fails alone: the other one is there at once, or has to be started."""
        others = [feed for index, feed in enumerate(feeds) if index != own]
        if all(self._standby(feed) for feed in others):
            return min(self._way_back(name, feed, transfer_time) for feed in others)
        return transfer_time

    # -- the utility is lost -------------------------------------------------------------------------------------

    def back(self, name: str) -> float:
        """Time without power at a machine's output (a rack's or motor's inputs) after the loss of the utility; inf:
        for good.  Batteries are taken to hold: whether they do is another question. [s]"""
        if name not in self._back:
            self._back[name] = inf
            self._back[name] = self._returns(name)
        return self._back[name]

    def _returns(self, name: str) -> float:
        machine, feeds = self.machine[name], self.feeds(name)
        if has_store(machine):
            return 0.0
        match machine.product:
            case Bess() | Generator():
                return machine.product.start_time
            case TransferSwitch():
                active = self.active(name)
                if active is not None and self._input_back(active) == 0.0:
                    return 0.0
                return min(
                    (self._way_back(name, f, machine.product.transfer_time) for f in feeds), default=inf
                )
        return min((self._input_back(feed) for feed in feeds), default=inf)

    def _input_back(self, feed: Feed) -> float:
        return min((self.back(source) for source in feed.sources), default=inf)

    def input_back(self, name: str) -> float:
        """Time until a machine's input has voltage again after the loss of the utility; inf: never. [s]"""
        return min((self._input_back(feed) for feed in self.feeds(name)), default=inf)

    def _way_back(self, switch: str, feed: Feed, transfer_time: float) -> float:
        """Until a switch has closed on one of its inputs."""
        if switch in self.back_at and self._generators(feed.sources):
            return self.back_at[switch]
        return self._input_back(feed) + transfer_time

    # -- what is drawn while it is away ---------------------------------------------------------------------------

    def drawn(self, name: str) -> NDArray[np.float64]:
        """(8,) sums over the racks and motors that a machine feeds while the utility is away; see :data:`NOW`."""
        if name not in self._drawn:
            self._drawn[name] = np.zeros(8)
            total = self._own_draw(self.machine[name])
            for feed in self.users.get(name, ()):
                total = total + self._share(feed, name) * self.drawn(feed.to)
            if has_store(self.machine[name]):
                total[HARD] = 0.0
            self._drawn[name] = total
        return self._drawn[name]

    def _share(self, feed: Feed, source: str) -> float:
        """Part of what hangs on an input that one of its sources carries."""
        if self.machine[feed.to].kind == "transfer_switch":
            part = 1.0 if feed is self.taken(feed.to) else 0.0
        else:
            live = [f for f in self.feeds(feed.to) if any(map(self.energised, f.sources))]
            part = 1.0 / len(live) if feed in live else 0.0
        sources = [name for name in feed.sources if self.energised(name)]
        weight = {name: _size(self.machine[name]) for name in sources}
        return part * weight[source] / sum(weight.values()) if source in weight else 0.0

    @cached_property
    def motors(self) -> dict[str, float]:
        """Power of cooling machines in the normal state. [W]"""
        tables = ("cdu", "crah", "plant", "pump")
        return {name: watts for t in tables for name, watts in self.basis.normal(t, "power").items()}

    @cached_property
    def racks(self) -> dict[str, float]:
        """Power of the racks in the normal state. [W]"""
        return self.basis.normal("rack", "power")

    def _own_draw(self, machine: Machine) -> NDArray[np.float64]:
        own = np.zeros(8)
        product = machine.product
        if not isinstance(product, Rack):
            own[NOW] = own[BASE] = self.motors.get(machine.id, 0.0)
            return own
        watts = self.racks.get(machine.id, 0.0)
        own[NOW] = own[HARD] = watts
        if product.accelerators is None:
            own[BASE] = watts
            return own
        own[IDLE], own[RUN], own[PEAK] = min(product.power.idle, watts), watts, max(product.power.peak, watts)
        if product.shelf is not None and product.shelf.storage > 0:
            own[STORE_POWER], own[STORE_ENERGY] = product.shelf.storage_power, product.shelf.storage
        return own

    def soft(self, name: str) -> float:
        """Longest time over which something below a machine takes up its load. [s]"""
        if name not in self._soft:
            self._soft[name] = 0.0
            own = _ramp(self.machine[name])
            below = (self.soft(feed.to) for feed in self.users.get(name, ()) if self._share(feed, name) > 0)
            self._soft[name] = own if own is not None else max(below, default=0.0)
        return self._soft[name]


def has_store(machine: Machine) -> bool:
    """Whether its output holds when its input fails: a battery in line, which a UPS on bypass has not."""
    match machine.product:
        case Ups():
            return machine.product.battery > 0 and machine.product.mode != "bypass"
        case Rectifier():
            return machine.product.storage > 0
    return False


def _ramp(machine: Machine) -> float | None:
    """Time over which a machine takes up what it draws; None: as what it feeds does."""
    match machine.product:
        case Ups() | Rectifier():
            return machine.product.walk_in
        case Rack():
            return 0.0
    return DRIVE_RAMP if machine.product.role == "cooling" else None


def _size(machine: Machine) -> float:
    """By which machines in parallel share: their rating."""
    return float(getattr(machine.product, "rating", 1.0))


def _both(*ways: dict[str, float]) -> dict[str, float]:
    """Interruptions of a thing with several ways: those that interrupt all, for the shortest time."""
    if len(ways) == 1:
        return ways[0]
    common = set(ways[0]).intersection(*ways[1:]) if ways else set()
    return {name: min(way[name] for way in ways) for name in sorted(common)}

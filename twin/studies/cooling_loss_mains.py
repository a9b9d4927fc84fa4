"""The headers of one loop in time: coolant passes them in order, and reaches near racks before far ones.

From the machines that cool, through tanks, the fluid goes along the supply header and branches off at a few *places*; the
return header mirrors it.  What passes a pipe comes out unmixed when as much has followed; machines and racks are mixed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twin.studies.cooling_loss_draft import NOTHING, Draft
from twin.studies.cooling_loss_events import Event
from twin.studies.cooling_loss_flow import Flow
from twin.studies.cooling_loss_state import Before

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Rates = tuple[Array, Array]

PLACES = 8
"""Places along the headers of a loop, at most; racks of one place are reached together, when its nearest is.  First times of
gb300_hall and vera_rubin_800vdc are then 0 to 1.4 % early of those with 16 (measured)."""
TANK_NODES = 8
"""Mixed layers in which a tank in the supply is passed, at most.  A front is smeared over about 1/sqrt(n) of the tank."""


class Mains:
    """Nodes and links of the headers of a loop.

    Attributes
    ----------
    entry, back : int
        Nodes to which the machines that cool give the fluid, and from which they take it.
    """

    def __init__(
        self, draft: Draft, before: Before, number: int, events: Sequence[Event], signal: int
    ) -> None:
        self.draft, self.before, self.number, self.events, self.signal = draft, before, number, events, signal
        self.mass, self.loop = before.masses[number], before.world.loops[number]
        self.first = before.world.slices.sink[number].start
        self._mixed = self.loop.circuit.mains == "ring"
        self._at = self._positions()
        self._place, self._start = self._divided()
        self._last = self._remainders()
        d, mass, supply, back = draft, self.mass, before.supply[number], before.back[number]
        self.back = d.node(mass.tails, back)
        self._watches: dict[int, int] = {}
        self._supply: list[int] = []
        self._return: list[int] = []
        self.entry = self._chain(supply, back)

    # -- what reaches what, and when ----------------------------------------------------------------------------------

    def _positions(self) -> Index:
        """(sinks,) of each sink along the headers; sinks that are no racks stand at the middle of their group."""
        order = {name: k for k, name in enumerate(self.loop.segment_sink)}
        at = np.array([order.get(name, 0) for name in self.loop.circuit.sinks], np.intp)
        for columns in self.before.sink_groups[self.number].values():
            own = columns - self.first
            at[own] = int(at[own].mean())
        return at

    def _divided(self) -> tuple[Index, Index]:
        """(sinks,) place of each sink, and (places,) position at which the place begins: that of its nearest sink.

        In rings coolant comes from both sides and may turn round, so all of one is a single place, and mixed.
        """
        count = max(len(self.loop.segment_sink), 1)
        bins = 1 if self._mixed else min(count, PLACES)
        used, place = np.unique(self._at * bins // count, return_inverse=True)
        start = np.array([self._at[place == k].min() for k in range(used.size)], np.intp)
        return place.reshape(-1).astype(np.intp), start

    def _remainders(self) -> Array:
        """(sinks, 2) share of each sink of the last place in the headers beyond it, supply and return. [J/K]"""
        beyond = np.zeros(2) if self._mixed else self.mass.header[self._start[-1] + 1 :].sum(axis=0)
        flow = np.where(self._place == self._place.max(), self.before.flows.before[self.number].sink, 0.0)
        if flow.sum() <= 0.0:
            flow = (self._place == self._place.max()).astype(float)
        return np.asarray(flow[:, None] / flow.sum() * beyond)

    def _pieces(self) -> Array:
        """(places, 2) headers from one place to the next, the first from the connection point. [J/K]"""
        if self._mixed:
            return np.zeros((self._start.size, 2))
        total = np.vstack([np.zeros((1, 2)), np.cumsum(self.mass.header, axis=0)])[self._start + 1]
        return np.diff(total, axis=0, prepend=np.zeros((1, 2)))

    def rates(self, sinks: Index) -> Rates:
        """Capacity rates of sinks, given among all of them, before (n,) and after (S, n). [W/K]"""
        own, capacity, flows = sinks - self.first, self.loop.capacity, self.before.flows
        after = np.array([flows.after(self.number, event).sink[own] for event in self.events])
        return capacity * flows.before[self.number].sink[own], capacity * after.reshape(
            len(self.events), own.size
        )

    def places(self, sinks: Index) -> Index:
        """Of sinks, given among all of them."""
        return np.asarray(self._place[sinks - self.first])

    def branches(self, sinks: Index) -> Array:
        """(n,) pipes from the supply header at its place to each sink. [J/K]"""
        return np.asarray(self._way(sinks - self.first)[:, 0])

    def _way(self, own: Index) -> Array:
        """(n, 2) pipes from the headers at its place to each sink, and back. [J/K]"""
        return np.asarray(self.mass.branch[own][:, None] + self._last[own])

    # -- nodes and links ----------------------------------------------------------------------------------------------

    def _chain(self, supply: float, back: float) -> int:
        """Tanks and headers, from the far end of the supply to the sources and from there to the far end of the return."""
        d, mass, pieces = self.draft, self.mass, self._pieces()
        columns = self.first + np.arange(self._place.size)
        before, after = self.rates(columns)
        past = self._past()
        beyond = [self._place >= place for place in range(self._start.size)]
        rates = [
            (
                before[some].sum() + sum(b for b, _ in past[place:]),
                after[:, some].sum(axis=1) + sum(a for _, a in past[place:]),
            )
            for place, some in enumerate(beyond)
        ]
        entry = node = d.node(mass.sources, supply)
        layers = min(TANK_NODES, mass.tank_layers)
        for _ in range(layers):
            layer = d.node(mass.tank / layers, supply)
            d.link(node, layer, rates[0], self.signal)
            node = layer
        home, out = self.back, mass.tails
        ring = mass.header.sum(axis=0) if self._mixed else np.zeros(2)
        way = [
            float(self._way(np.flatnonzero(self._place == place))[:, 1].sum()) for place in range(len(pieces))
        ]
        for place, (ahead, behind) in enumerate(pieces.tolist()):
            here, there = d.node(NOTHING + ring[0], supply), d.node(NOTHING + ring[1], back)
            d.link(node, here, rates[place], self.signal, ahead + out)
            d.link(there, home, rates[place], self.signal, behind + way[place])
            if past[place][0] > 0.0 or past[place][1].any():
                d.link(here, there, past[place], self.signal)
            self._supply.append(here)
            self._return.append(there)
            node, home, out = here, there, 0.0
        self._decouple(entry, rates[0])
        return entry

    def _past(self) -> list[Rates]:
        """Capacity rates past the sinks at each place, by three-way valves and the by-pass, before and after. [W/K]"""
        flows, places, capacity = self.before.flows, self._start.size, self.loop.capacity
        bypass = self.loop.circuit.bypass
        at = 0 if bypass is not None and bypass.at == "plant" else places - 1

        def shares(flow: Flow) -> Array:
            found = np.zeros(places)
            np.add.at(found, self._place, flow.past)
            found[at] += flow.bypass
            return capacity * found

        before = shares(flows.before[self.number])
        after = np.array([shares(flows.after(self.number, event)) for event in self.events])
        return [(before[place], after[:, place]) for place in range(places)]

    def _decouple(self, entry: int, carried: Rates) -> None:
        """The way between what sources give and the return: it takes what the headers do not, or gives what they lack."""
        if not self.loop.decoupled:
            return
        flows, capacity = self.before.flows, self.loop.capacity
        after = np.array([flows.after(self.number, event).given for event in self.events])
        rates = capacity * flows.before[self.number].given - carried[0], capacity * after - carried[1]
        self.draft.link(entry, self.back, rates, self.signal)

    @property
    def first_supply(self) -> int:
        """Node of the supply header at the first place."""
        return self._supply[0]

    def tap(self, place: int, node: int, rates: tuple[float | Array, float | Array], volume: Array) -> int:
        """Join a node to both headers at a place, behind pipes that hold `volume` [J/K]; the link to it."""
        link = self.draft.link(self._supply[place], node, rates, self.signal, volume)
        self.draft.link(node, self._return[place], rates, self.signal)
        return link

    def sink(self, columns: Index) -> int:
        """Join sinks that are no racks, given among all; the link that passes them, which may exchange heat."""
        d, before, after = self.draft, *self.rates(columns)
        rates = before.sum(), after.sum(axis=1)
        place, volume = int(self.places(columns)[0]), float(self.branches(columns).sum())
        entry = d.node(NOTHING, self.before.supply[self.number])
        leaving = d.node(self.mass.sinks[columns - self.first].sum(), self.before.back[self.number])
        d.link(self._supply[place], entry, rates, self.signal, volume)
        d.link(leaving, self._return[place], rates, self.signal)
        return d.link(entry, leaving, rates, self.signal)

    def watch(self, place: int = 0) -> int:
        """Watch of what reaches a place: warmest supply allowed."""
        if place not in self._watches:
            limit = self.before.supply_limit[self.number]
            self._watches[place] = self.draft.watch(self._supply[place], limit)
        return self._watches[place]

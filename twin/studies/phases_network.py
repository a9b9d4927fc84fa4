"""Sections of the power tree with circuits of one or two poles, conductor by conductor.

Built on the buses of :mod:`twin.networks.power`: all that hangs on one set of sources (the mains, or the outputs of UPS in
double conversion) without another conversion between, if any circuit in it has one or two poles.  The neutral is folded into
the phases (it is earthed at the head of a section only), so that voltages are those from phase to neutral.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from solvers.power.unbalanced import NEUTRAL, Feeder, UnbalancedProblem, with_return
from twin.model.facility import Feed
from twin.model.products import SQRT3, Busway, Ups
from twin.networks.power import BASE_POWER
from twin.studies.basis import Basis
from twin.studies.phases_transformer import Sheet, current_turns, transformer_sheet

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]

MOST_STATES = 256
"""Most states that are looked at; of more, those in which a section carries most over its normal load."""
SAME = 1e-4
"""Loads and shares closer than this (of the normal load) make one state. [-]"""
POWER_FACTOR = 0.98
"""Of loads that draw nothing in the normal state.  Assumed."""


@dataclass(frozen=True)
class Drawn:
    """A single-phase load, or one of the three of a three-phase load."""

    feed: int
    """Number of the feed; -1 for a no-load loss."""
    spot: str
    """Bus in the unbalanced network."""
    entry: int
    """Bus of the power tree where its current joins that of others."""
    conductors: str
    """``a``: to neutral; ``ab``: between phases."""
    share: float
    """Of the power of its feed; the power itself for a no-load loss. [-, W]"""
    circuits: int = 0
    """Circuits of one or two poles that it stands for."""


@dataclass(frozen=True, eq=False)
class PhaseNetwork:
    """An unbalanced problem of S states, the normal one first, and where the facility's things are in it."""

    problem: UnbalancedProblem
    rows: Index
    """(S,) states in the results."""
    drawn: tuple[Drawn, ...]
    """(L,) loads of the problem."""
    load_bus: Index
    """(L,) their buses in the problem."""
    spot: Index
    """(B,) bus of the problem for every bus of the power tree; -1 where there is none in the normal state."""
    order: tuple[int, ...]
    """Buses of the power tree, every one after those it feeds."""
    incoming: dict[int, list[int]]
    """Branches into each bus."""
    share: dict[int, Array]
    """(S,) share of a bus's current that comes over a branch, where there are several."""
    turns: dict[int, Array]
    """(3, 3) line currents into a transformer's branch of those out of it."""
    touched: Mask
    """(B,) bus carries current of circuits of one or two poles."""


def lower(basis: Basis) -> PhaseNetwork | None:
    """Restate the sections; None where no circuit has one or two poles."""
    if not any(feed.phases for feed in basis.facility.feeds):
        return None
    return _Lowering(basis).network()


class _Lowering:
    def __init__(self, basis: Basis) -> None:
        self.basis, self.facility, self.net = basis, basis.facility, basis.world.power
        flow, tree = basis.flow, self.net.problem
        self.first, self.second = np.asarray(tree.branch_from), np.asarray(tree.branch_to)
        self.volts = np.asarray(tree.bus_voltage)
        direct = np.asarray(tree.bus_dc)
        self.live = np.asarray(flow.bus_live[0]) & ~direct
        alternating = ~direct[self.first] & ~direct[self.second]
        self.of_feed = {int(branch): f for f, branch in enumerate(self.net.feed_branch) if branch >= 0}
        self.section = self._components(alternating)
        phased = [
            int(self.second[branch]) for branch, f in self.of_feed.items() if self.facility.feeds[f].phases
        ]
        self.chosen = np.isin(self.section, self.section[phased]) & ~direct
        self.branches = np.flatnonzero(alternating & self.chosen[self.first])
        conducts = np.asarray(flow.branch_closed[0]) & self.live[self.first] & self.live[self.second]
        self.closed = self.branches[conducts[self.branches]]
        self.feeding = set(self.first[self.branches].tolist())
        self.grid = Feeder(BASE_POWER)
        self.drawn: list[Drawn] = []

    def network(self) -> PhaseNetwork:
        merged = self._merged()
        self._sources(merged)
        for branch in self.closed.tolist():
            start, end = merged[self.first[branch]], merged[self.second[branch]]
            if self._phased(branch) is not None:
                self._circuits(branch, start)
            elif start != end:
                self._conduct(branch, start, end)
        self._loads(merged)
        rows = self._states()
        power = self._power(rows)
        for load in self.drawn:
            nominal = self.volts[load.entry] / (SQRT3 if len(load.conductors) == 1 else 1.0)
            self.grid.load(
                load.spot, 0.0, nominal, phases=load.conductors, delta=len(load.conductors) == 2,
                impedance_share=float(load.feed < 0),
            )  # fmt: skip
        spot = np.full(len(self.volts), -1, np.intp)
        for bus in np.flatnonzero(self.chosen & self.live).tolist():
            if str(merged[bus]) in self.spots:
                spot[bus] = self.grid.bus_index(str(merged[bus]))
        return PhaseNetwork(
            problem=self.grid.problem(load_power=power),
            rows=rows,
            drawn=tuple(self.drawn),
            load_bus=np.array([self.grid.bus_index(load.spot) for load in self.drawn], np.intp),
            spot=spot,
            order=self._order(),
            incoming=self.incoming,
            share={branch: share[rows] for branch, share in self._shares.items()},
            turns=self._turns(),
            touched=self._touched(),
        )

    def _components(self, branches: Mask) -> Index:
        return _labels(len(self.volts), self.first[branches], self.second[branches])

    def _phased(self, branch: int) -> Feed | None:
        """The feed of a branch, if its circuits have one or two poles."""
        feed = self.facility.feeds[self.of_feed[branch]] if branch in self.of_feed else None
        return feed if feed is not None and feed.phases else None

    # -- what conducts ---------------------------------------------------------------------------------------

    def _merged(self) -> Index:
        """(B,) first bus of those joined without impedance; their names in the problem."""
        joins = [
            branch
            for branch in self.closed.tolist()
            if self._ohm(branch) == 0 and self._phased(branch) is None and branch not in self.transformers
        ]
        label = _labels(len(self.volts), self.first[joins], self.second[joins])
        _, start = np.unique(label, return_index=True)
        merged = np.asarray(start[label])
        ends = {int(self.second[branch]) for branch in self.closed.tolist() if self._phased(branch)}
        self.spots = {
            str(merged[bus]) for bus in np.flatnonzero(self.chosen & self.live).tolist() if bus not in ends
        }
        for name in sorted(self.spots, key=int):
            self.grid.bus(name, float(self.volts[int(name)]))
        return merged

    def _ohm(self, branch: int) -> complex:
        per_unit = self.net.problem.branch_impedance[branch]
        return complex(per_unit * self.volts[self.second[branch]] ** 2 / BASE_POWER)

    @cached_property
    def transformers(self) -> dict[int, Sheet]:
        """Branches of transformers: vector group, voltages [V], rating [VA], impedance [p.u.] and turns over rated."""
        found: dict[int, Sheet] = {}
        for name, branches in self.net.through.items():
            sheet = transformer_sheet(self.facility.by_id[name].product)
            if sheet is not None:
                found |= dict.fromkeys(branches, sheet)
        return found

    def _conduct(self, branch: int, start: int, end: int) -> None:
        if branch in self.transformers:
            group, volts, rating, impedance, tap = self.transformers[branch]
            self.grid.transformer(str(start), str(end), group, volts, rating, impedance, tap=tap)
            return
        ohm = self._ohm(branch)
        owner = self.facility.by_id.get(self.net.branch_owner[branch])
        neutral = ohm  # of the size of the phases: assumed for cables
        if owner is not None and isinstance(owner.product, Busway):
            neutral = ohm / owner.product.neutral if owner.product.neutral else 0.0
        elif owner is not None and isinstance(owner.product, Ups):
            neutral = 0.0  # a static bypass does not switch it
        self.grid.line(str(start), str(end), with_return(ohm, neutral))

    def _circuits(self, branch: int, start: int) -> None:
        """Every phase of a feed's circuits as a line and load of its own; the way back is in the line."""
        number = self.of_feed[branch]
        feed = self.facility.feeds[number]
        ohm = 0.0 + 0.0j
        if feed.cable is not None:
            stated = feed.length
            length = stated if stated is not None else self.basis.world.routes.feeder[feed.to, feed.terminal]
            ohm = complex(feed.cable.resistance, feed.cable.reactance) * length
        for phases, count in Counter(feed.phases).items():
            spot = str(start)
            if ohm:
                spot = f"{feed.to}.{feed.terminal}.{phases}"
                self.grid.bus(spot, float(self.volts[start]))
                one_way = ohm / count * (2.0 if len(phases) == 1 else 1.0)
                self.grid.line(str(start), spot, np.eye(3) * one_way)
            entry = int(self.first[branch])
            self.drawn.append(Drawn(number, spot, entry, phases.lower(), count / feed.circuits, count))

    def _sources(self, merged: Index) -> None:
        tree, volts = self.net.problem, self.basis.flow.bus_voltage[0]
        held = [*np.asarray(tree.source_bus).tolist(), *np.asarray(tree.converter_to).tolist()]
        done: set[int] = set()
        for bus in held:
            if self.chosen[bus] and self.live[bus] and merged[bus] not in done:
                done.add(merged[bus])
                angle = float(np.degrees(np.angle(volts[bus])))
                self.grid.source(str(merged[bus]), float(abs(volts[bus]) * self.volts[bus]), angle=angle)

    # -- what is drawn ---------------------------------------------------------------------------------------

    def _loads(self, merged: Index) -> None:
        """Three-phase loads, and inputs of converters."""
        for branch in self.closed.tolist():
            end = int(self.second[branch])
            if branch in self.of_feed and end not in self.feeding and self._phased(branch) is None:
                number = self.of_feed[branch]
                pairs = (
                    ("a", "b", "c") if self._has_neutral(self.facility.feeds[number]) else ("ab", "bc", "ca")
                )
                self.drawn += [Drawn(number, str(merged[end]), end, pair, 1.0 / 3.0) for pair in pairs]
        shunt = np.asarray(self.net.problem.bus_shunt).real * BASE_POWER
        for bus in np.flatnonzero((shunt != 0.0) & self.chosen & self.live).tolist():
            self.drawn += [Drawn(-1, str(merged[bus]), bus, one, shunt[bus] / 3.0) for one in "abc"]

    def _has_neutral(self, feed: Feed) -> bool:
        """Whether a three-phase load uses the neutral: racks, unless their busway has none."""
        above = [self.facility.by_id[name].product for name in feed.sources]
        lacking = any(isinstance(product, Busway) and not product.neutral for product in above)
        return self.facility.by_id[feed.to].kind == "rack" and not lacking

    def _power(self, rows: Index) -> Complex:
        """(S, L) power of every load. [VA]"""
        feed = np.array([load.feed for load in self.drawn], np.intp)
        share = np.array([load.share for load in self.drawn])
        through = self.basis.flow.branch_power_to[0, np.maximum(self.net.feed_branch, 0)]
        usual = np.tan(np.arccos(POWER_FACTOR))
        ratio = np.divide(
            through.imag, through.real, out=np.full(len(through), usual), where=through.real > 0
        )
        watts = np.asarray(self.basis.results["feed"]["power"])[rows]
        asked = watts[:, feed] * (1.0 + 1j * ratio[feed]) * share
        return np.where(feed < 0, share * self._energised(rows), asked).astype(complex)

    def _energised(self, rows: Index) -> Mask:
        """(S, L) whether a no-load loss is there: its machine may be out of service."""
        power = self.basis.results["power"]
        owner = {bus: power.ids.index(name) for name, (bus, _) in self.net.shunt_owner.items()}
        column = np.array([owner.get(load.entry, -1) for load in self.drawn], np.intp)
        return (column >= 0) & (np.asarray(power["live"])[np.ix_(rows, column)] > 0.5)

    def _states(self) -> Index:
        """The normal state and, of the settled ones, those that differ in what these sections carry."""
        results = self.basis.results
        number = sorted({load.feed for load in self.drawn if load.feed >= 0})
        watts = np.asarray(results["feed"]["power"])[:, number]
        normal = np.maximum(watts[self.basis.row], 1.0)
        shares = np.array(list(self._shares.values())).reshape(-1, len(watts)).T
        seen = np.round(np.concatenate([watts / normal.mean(), shares], axis=1) / SAME)
        settled = [row for row, fine in enumerate(results.settled) if fine and row != self.basis.row]
        order = [self.basis.row, *settled]
        _, first = np.unique(seen[order], axis=0, return_index=True)
        kept = [order[place] for place in sorted(first.tolist())]
        if len(kept) <= MOST_STATES:
            return np.array(kept, np.intp)
        label = self.section[self.second[self.net.feed_branch[number]]]
        relative = np.max(
            [watts[:, label == one].sum(axis=1) / normal[label == one].sum() for one in np.unique(label)],
            axis=0,
        )
        fullest = sorted(kept[1:], key=lambda row: -relative[row])[: MOST_STATES - 1]
        return np.array([self.basis.row, *fullest], np.intp)

    # -- how currents add up ---------------------------------------------------------------------------------

    @cached_property
    def incoming(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for branch in self.branches.tolist():
            found.setdefault(int(self.second[branch]), []).append(branch)
        return found

    @cached_property
    def _shares(self) -> dict[int, Array]:
        """(states,) part of what comes into a bus over each of several branches: from inputs of a transfer switch or sources
        in parallel."""
        results = self.basis.results
        feeds = np.asarray(results["feed"]["power"])
        by_end = {int(self.second[branch]): feed for branch, feed in self.of_feed.items()}
        power = results["power"]
        column = {name: index for index, name in enumerate(power.ids)}
        found: dict[int, Array] = {}
        for branches in self.incoming.values():
            if len(branches) < 2:
                continue
            parts = np.zeros((len(branches), len(feeds)))
            for part, branch in zip(parts, branches, strict=True):
                start, owner = int(self.first[branch]), self.net.branch_owner[branch]
                if start in by_end:  # one input of a transfer switch
                    part[:] = feeds[:, by_end[start]]
                elif owner in column:
                    part[:] = power["power"][:, column[owner]]
            total = parts.sum(axis=0)
            even = np.full(parts.shape, 1.0 / len(branches))
            found |= zip(branches, np.divide(parts, total, out=even, where=total > 0.0), strict=True)
        return found

    def _order(self) -> tuple[int, ...]:
        """Buses from the loads up; the layout has no rings."""
        waiting = Counter(self.first[self.branches].tolist())
        order = [bus for bus in np.flatnonzero(self.chosen).tolist() if not waiting[bus]]
        for bus in order:  # grows on the way
            for branch in self.incoming.get(bus, ()):
                above = int(self.first[branch])
                waiting[above] -= 1
                if not waiting[above]:
                    order.append(above)
        return tuple(order)

    def _touched(self) -> Mask:
        touched = np.zeros(len(self.volts), bool)
        touched[[load.entry for load in self.drawn if load.circuits]] = True
        for bus in self._order():
            if touched[bus]:
                touched[self.first[self.incoming.get(bus, [])]] = True
        return touched

    def _turns(self) -> dict[int, Array]:
        return {
            branch: current_turns(group, volts[1] * tap / volts[0])
            for branch, (group, volts, _, _, tap) in self.transformers.items()
        }


def conductors(drawn: tuple[Drawn, ...]) -> tuple[Index, Index]:
    """(L,) and (L,) conductors that the loads lie between: 0, 1, 2 the phases, 3 the neutral."""
    pairs = [(load.conductors + "n")[:2] for load in drawn]
    table = np.array([["abcn".index(letter) for letter in pair] for pair in pairs], np.intp).reshape(-1, 2)
    assert NEUTRAL == 3
    return table[:, 0], table[:, 1]


def _labels(count: int, first: Index, second: Index) -> Index:
    graph = csr_array((np.ones(len(first)), (first, second)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1])

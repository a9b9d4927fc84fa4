"""What the design withstands: any machine or path out, any other lost meanwhile, and the fewest that drop a rack.

All states are worked through on the structure of :mod:`twin.studies.dependence`, over power and cooling together; the single
losses of machines among them are also solved in full by the coupling.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations, islice
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.reliability.evaluate import Evaluation, Evaluator
from twin.results.results import Table
from twin.studies.basis import Basis
from twin.studies.dependence import HARM

FEW_PAIRS = 20_000
"""Pairs that are worked through without being asked for (measured: 13,000 take 0.9 s, 485,000 five minutes)."""
MOST_SETS = 2_000_000
"""Most sets of three or more machines that are worked through."""
BLOCK = 65_536
"""Pairs worked through side by side."""
SHOWN = 5
"""Counter-examples that are told."""


@dataclass(frozen=True)
class Loss:
    """A state that drops racks."""

    out: tuple[str, ...]
    """What is out of service."""
    racks: tuple[str, ...]
    trips: tuple[tuple[int, str], ...]
    """Steps of the cascade, and what trips on overload in them."""

    def told(self) -> dict[str, Any]:
        """For documents."""
        trips = [{"step": step, "what": name} for step, name in self.trips]
        return {
            "out": list(self.out),
            "racks": len(self.racks),
            "first": list(self.racks[:SHOWN]),
            "trips": trips,
        }

    def __str__(self) -> str:
        lost = f"{len(self.racks)} rack{'s' if len(self.racks) > 1 else ''} down ({', '.join(self.racks[:3])}"
        lost += " ...)" if len(self.racks) > 3 else ")"
        chain = f", after {', '.join(name for _, name in self.trips[:4])} tripped" if self.trips else ""
        return f"{' and '.join(self.out)} out: {lost}{chain}"


@dataclass
class Found:
    """Pairs of which either alone is withstood, but not both."""

    states: int = 0
    count: int = 0
    worst: list[Loss] = field(default_factory=list)
    racks: dict[int, int] = field(default_factory=dict)
    """Component to the racks lost in its worst pair."""
    dropped: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Column of a rack to the first pair that drops it."""
    overloads: list[tuple[int, int, frozenset[str]]] = field(default_factory=list)
    """Pairs of components that drop racks through overload alone, and the racks."""


def redundancy(basis: Basis) -> tuple[dict[str, Table], dict[str, Any]]:
    """Work through single losses, pairs and minimal sets of failures.

    The n (n - 1) / 2 states of one machine out for maintenance and another lost are worked through where the layout asks
    for it or they are few.

    Returns
    -------
    Tables ``part`` (machines and paths: racks lost without it, and in its worst pair) and ``rack`` (fewest failures that
    drop it), and the answer in words and numbers.
    """
    return basis.proof.answer()


class Proof:
    """The states of a facility's structure, worked through once."""

    def __init__(self, basis: Basis) -> None:
        structure = basis.dependence
        self.basis, self.depends = basis, structure
        self.names = structure.components
        self.racks = tuple(structure.top)
        self.evaluator = Evaluator(structure.structure, np.array([*structure.top.values()], int))
        known = basis.facility.by_id
        self.machines = np.array([i for i, name in enumerate(self.names) if name in known], int)

    @cached_property
    def alone(self) -> Evaluation:
        """The normal state, then every component out alone."""
        return self.evaluator.sets(np.arange(-1, len(self.names))[:, None])

    @cached_property
    def pairs(self) -> Found | None:
        """Every two machines that are each withstood alone; None where that is too many to do unasked."""
        asked = self.basis.facility.redundancy.goal == "fault_tolerant" or self.basis.thorough
        few = len(self.machines) * (len(self.machines) - 1) // 2 <= FEW_PAIRS
        return self._pairs((~self.alone.up[1:]).sum(axis=1)) if asked or few else None

    def answer(self) -> tuple[dict[str, Table], dict[str, Any]]:
        """Tables and facts."""
        alone, found = self.alone, self.pairs
        lost = (~alone.up).sum(axis=1)
        losses = [self._loss(alone, int(row), (self.names[row - 1],)) for row in np.flatnonzero(lost) if row]
        smallest, example, reached = self._fewest(alone, found)
        facts: dict[str, Any] = {
            "stands": bool(lost[0] == 0),
            "concurrently_maintainable": bool(lost.max(initial=0) == 0),
            "states": len(self.names),
            "losses": [loss.told() for loss in _worst(losses)],
            "losing": len(losses),
            "fault_tolerant_in_maintenance": None,
            "searched": reached,
            "unsearched": 0 if found is not None else comb(len(self.machines), 2),
            "fewest_failures": int(smallest.min()) if smallest.size else 0,
            "fewest": list(example),
        }
        facts |= self._already_short()
        if found is not None:
            facts |= {
                "fault_tolerant_in_maintenance": not losses and found.count == 0,
                "pairs": found.states,
                "pair_losses": [loss.told() for loss in found.worst],
                "pairs_losing": found.count,
            }
        facts["sentences"] = list(_sentences(facts, _worst(losses), found))
        return self._tables(lost[1:], found, smallest), facts

    def _already_short(self) -> dict[str, Any]:
        """Racks that draw less than they ask for with nothing lost, and the least share of it that one draws."""
        drawn = [*self.basis.normal("rack", "throttle").values()]
        return {
            "throttled_in_normal_state": sum(share < HARM for share in drawn),
            "least_drawn": min(drawn, default=1.0),
        }

    def _tables(
        self, lost: NDArray[np.int_], found: Found | None, smallest: NDArray[np.int_]
    ) -> dict[str, Table]:
        values = {"racks_lost": lost.astype(float)}
        if found is not None:
            values["pair_racks_lost"] = np.array(
                [float(found.racks.get(i, 0)) for i in range(len(self.names))]
            )
        return {
            "part": Table(self.names, values),
            "rack": Table(self.racks, {"fewest_failures": smallest.astype(float)}),
        }

    def _loss(self, states: Evaluation, row: int, out: tuple[str, ...]) -> Loss:
        racks = tuple(self.racks[column] for column in np.flatnonzero(~states.up[row]))
        first, last = np.searchsorted(states.trip_step[:, 0], [row, row + 1])
        owner = self.depends.owner
        trips = [
            (int(step), owner[int(node)])
            for _, node, step in states.trip_step[first:last]
            if int(node) in owner
        ]
        return Loss(out, racks, tuple(sorted(trips)))

    def _pairs(self, lost: NDArray[np.int_]) -> Found:
        """Every two machines that are each withstood alone."""
        found = Found()
        some = self.machines[lost[self.machines] == 0]
        total = len(some) * (len(some) - 1) // 2
        for first in range(0, total, BLOCK):
            events = _some_pairs(some, first, BLOCK)
            states = self.evaluator.sets(events)
            self.basis.tell(f"{first + len(events):,} of {total:,} states of maintenance and failure")
            racks = (~states.up).sum(axis=1)
            bad = np.flatnonzero(racks)
            found.states += len(events)
            found.count += len(bad)
            for row in bad:
                for component in events[row].tolist():
                    found.racks[component] = max(found.racks.get(component, 0), int(racks[row]))
            found.overloads += self._by_overload(states, events, bad[_trips(states, bad) > 0])
            down = ~states.up[bad]
            for column in np.flatnonzero(down.any(axis=0)).tolist():
                row = bad[int(down[:, column].argmax())]
                found.dropped.setdefault(column, tuple(self.names[i] for i in events[row]))
            deepest = bad[np.lexsort((bad, -_trips(states, bad), -racks[bad]))][:SHOWN]
            found.worst += [
                self._loss(states, int(row), tuple(self.names[i] for i in events[row])) for row in deepest
            ]
            found.worst = _worst(found.worst)
        return found

    def _by_overload(
        self, states: Evaluation, events: NDArray[np.int_], rows: NDArray[np.int_]
    ) -> Iterator[tuple[int, int, frozenset[str]]]:
        """Pairs, and the racks that would have stayed up had nothing tripped."""
        if not rows.size:
            return
        stays = self._patient.sets(events[rows]).up & ~states.up[rows]
        for row, racks in zip(rows, stays, strict=True):
            lost = frozenset(self.racks[column] for column in np.flatnonzero(racks))
            if lost:
                yield int(events[row, 0]), int(events[row, 1]), lost

    @cached_property
    def _patient(self) -> Evaluator:
        """The same structure in which nothing ever trips."""
        unlimited = np.full(self.depends.structure.nodes, np.inf)
        return Evaluator(replace(self.depends.structure, node_capacity=unlimited), self.evaluator.nodes)

    def _fewest(
        self, alone: Evaluation, found: Found | None
    ) -> tuple[NDArray[np.int_], tuple[str, ...], int]:
        """Fewest machines whose loss drops each rack, one such set of the weakest rack, and how far was searched.

        A rack that no set so large drops has one more than was searched.
        """
        order = self.basis.facility.redundancy.order
        fewest = np.full(len(self.racks), 2)
        example: tuple[str, ...] = ()
        down = ~alone.up[1 + self.machines]
        fewest[down.any(axis=0)] = 1
        if down.any():
            example = (self.names[self.machines[int(down.any(axis=1).argmax())]],)
        if order == 1 or found is None:
            return fewest, example, 1
        fewest[[c for c in range(len(self.racks)) if fewest[c] > 1 and c not in found.dropped]] = 3
        if not example and found.dropped:
            example = next(iter(found.dropped.values()))
        reached = 2
        for count in range(3, order + 1):
            if comb(len(self.machines), count) > MOST_SETS:
                break
            dropping = self._sets(count, fewest)
            example = example or dropping
            reached = count
        return fewest, example, reached

    def _sets(self, count: int, fewest: NDArray[np.int_]) -> tuple[str, ...]:
        """Raise ``fewest`` above ``count`` for the racks that no set of so many machines drops; the first that does."""
        first: tuple[str, ...] = ()
        sets = combinations(self.machines.tolist(), count)
        stands = fewest >= count
        while stands.any():
            events = np.array(list(islice(sets, BLOCK)), int)
            if not events.size:
                break
            down = ~self.evaluator.sets(events).up
            new = down.any(axis=0) & stands
            if new.any() and not first:
                row = int(down[:, new].any(axis=1).argmax())
                first = tuple(self.names[i] for i in events[row])
            stands &= ~new
        fewest[stands] = count + 1
        return first


def _some_pairs(items: NDArray[np.int_], first: int, count: int) -> NDArray[np.int_]:
    """(k, 2) pairs number ``first`` to ``first + count`` of the items, in the order (0, 1), (0, 2), (1, 2), (0, 3) ..."""
    number = np.arange(first, min(first + count, len(items) * (len(items) - 1) // 2))
    high = np.floor((1.0 + np.sqrt(1.0 + 8.0 * number)) / 2.0).astype(int)
    high -= high * (high - 1) // 2 > number  # rounding of the root
    return np.stack([items[number - high * (high - 1) // 2], items[high]], axis=1)


def _trips(states: Evaluation, rows: NDArray[np.int_]) -> NDArray[np.int_]:
    return np.bincount(states.trip_step[:, 0], minlength=len(states.up))[rows]


def _worst(losses: Iterable[Loss]) -> list[Loss]:
    """Those that drop most racks, cascades first."""
    return sorted(losses, key=lambda loss: (-len(loss.racks), -len(loss.trips), loss.out))[:SHOWN]


def _sentences(facts: Mapping[str, Any], losses: list[Loss], found: Found | None) -> Iterator[str]:
    if not facts["stands"]:
        yield "not every rack has power and cooling in the normal state; nothing can be said about losses"
        return
    if facts["concurrently_maintainable"]:
        what = f"{facts['states']} machines and power paths each out of service"
        short, least = facts["throttled_in_normal_state"], facts["least_drawn"]
        yield (
            f"concurrently maintainable: proven, {what} (pieces of pipe: see Mains)"
            if not short
            else f"{short} racks are throttled with nothing lost, the worst to {least:.0%} of its power; beyond that no "
            f"loss is felt, {what}"
        )
    else:
        count = f"{facts['losing']} of {facts['states']} machines and paths drop racks"
        yield f"not concurrently maintainable: {count}; {losses[0]}"
    if found is not None:
        what = f"{found.states} states of one machine in maintenance and another lost"
        if found.count:
            yield f"{found.count} of {what} drop racks; {found.worst[0]}"
        elif found.states:
            yield f"fault tolerant during maintenance: proven, {what}"
    fewest = facts["fewest_failures"]
    if found is None and facts["concurrently_maintainable"]:
        count = f"{facts['unsearched']:,} states of one machine in maintenance and another lost"
        yield f"{count} were not worked through; --studies thorough does"
    if not facts["fewest"]:
        if found is not None:
            yield f"no {facts['searched']} machines lost together drop a rack"
    else:
        yield f"the fewest losses that drop a rack: {fewest} ({', '.join(facts['fewest'])})"

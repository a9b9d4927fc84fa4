"""Random histories: when each machine fails, is repaired and is taken out, replication by replication."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.reliability.rates import HOURS, Rates

Array = NDArray[Any]


@dataclass(frozen=True)
class Outages:
    """Stretches of time in which something is out; ``mark`` < V is a basic event, V + c maintenance of
    component c."""

    replication: Array
    mark: Array
    start: Array
    """[h]"""
    end: Array
    """[h]"""

    @classmethod
    def of(cls, parts: list[tuple[Array, int, Array, Array]]) -> Outages:
        """From (replications, mark, starts, ends) of many marks."""
        if not parts:
            return cls(np.empty(0, int), np.empty(0, int), np.empty(0), np.empty(0))
        return cls(
            np.concatenate([part[0] for part in parts]),
            np.repeat([part[1] for part in parts], [part[0].size for part in parts]),
            np.concatenate([part[2] for part in parts]),
            np.concatenate([part[3] for part in parts]),
        )

    def joined(self, other: Outages) -> Outages:
        """Both."""
        return Outages(
            np.concatenate([self.replication, other.replication]),
            np.concatenate([self.mark, other.mark]),
            np.concatenate([self.start, other.start]),
            np.concatenate([self.end, other.end]),
        )


def failures(rates: Rates, hours: float, replications: int, rng: np.random.Generator) -> Outages:
    """Alternating exponential up and repair times, begun in the long-run state of each event."""
    parts = []
    for event in np.flatnonzero((rates.failure_rate > 0) & (rates.repair_time > 0)).tolist():
        up, repair = HOURS / rates.failure_rate[event], rates.repair_time[event]
        cycles = int(1.1 * hours / (up + repair)) + 8  # a guess; those who need more go on in the next round
        row = np.arange(replications)
        out = rng.random(replications) < repair / (up + repair)
        clock = np.where(out, 0.0, rng.exponential(up, replications))
        while row.size:
            down = rng.exponential(repair, (row.size, cycles))
            between = rng.exponential(up, (row.size, cycles))
            end = clock[:, None] + np.cumsum(down, axis=1)
            end[:, 1:] += np.cumsum(between[:, :-1], axis=1)
            start = end - down
            late, column = np.nonzero(start < hours)
            parts.append((row[late], event, start[late, column], np.minimum(end[late, column], hours)))
            clock = end[:, -1] + between[:, -1]
            row, clock = row[clock < hours], clock[clock < hours]
    return Outages.of(parts)


def maintenance(rates: Rates, hours: float, replications: int, rng: np.random.Generator) -> Outages:
    """Planned outages one after the other, in random order with random pauses."""
    parts = [np.empty((4, 0))]
    component = np.flatnonzero(rates.planned > 0)
    expected = rates.maintenance_rate[component] * hours / HOURS
    for replication in range(replications if component.size else 0):
        visits = np.floor(expected).astype(int)
        visits += rng.random(component.size) < expected - visits
        order = rng.permutation(np.repeat(component, visits))
        length = rates.maintenance_time[order]
        pause = max(hours - length.sum(), 0.0)
        start = np.sort(rng.uniform(0, pause, order.size)) + np.cumsum(length) - length
        end = np.minimum(start + length, hours)
        parts.append(np.stack([np.full(order.size, replication), rates.events + order, start, end]))
    table = np.concatenate(parts, axis=1)
    table = table[:, table[2] < table[3]]
    return Outages(table[0].astype(int), table[1].astype(int), table[2], table[3])


@dataclass(frozen=True)
class History:
    """The states of all replications, one after the other in time."""

    replication: Array
    """(I,) of each interval of constant state."""
    begin: Array
    """(I,) time in its replication.  [h]"""
    duration: Array
    """(I,) [h]"""
    state: Array
    """(I,) number of the distinct state."""
    member_state: Array
    member_mark: Array
    """Pairs (distinct state, mark), sorted by state."""
    states: int
    """Number of distinct states."""


def history(
    outages: Outages, rates: Rates, hours: float, replications: int, rng: np.random.Generator
) -> History:
    """Cut time wherever something changes, and find the distinct states.

    Notes
    -----
    A state is recognised by a 64-bit sum of random keys; two different ones of n states are taken for one with
    probability n^2 / 4e19.  Standbys draw anew whether they fail on demand at the beginning of every stretch of
    time with at least one outage.
    """
    keys = rng.integers(0, 2**64, size=2 * rates.events, dtype=np.uint64)
    every = np.arange(replications)
    still = np.zeros(replications, dtype=np.uint64)
    replication = np.concatenate([outages.replication, outages.replication, every])
    time = np.concatenate([outages.start, outages.end, np.zeros(replications)])
    key = np.concatenate([keys[outages.mark], keys[outages.mark], still])
    order = np.lexsort((time, replication))
    place = np.empty(order.size, dtype=int)
    place[order] = np.arange(order.size)
    count = outages.mark.size
    first, last = place[:count], place[count : 2 * count]
    tag = np.bitwise_xor.accumulate(key[order])
    busy = np.concatenate([[0], np.cumsum(_change(first, last, order.size))])[1:] > 0
    where, what = _standbys(busy, replication[order], rates, rng)
    np.bitwise_xor.at(tag, where, keys[what])
    replication, time = replication[order], time[order]
    following = np.append(time[1:], hours)
    following[np.flatnonzero(np.diff(replication, append=replications))] = hours
    _, seen, state = np.unique(tag, return_index=True, return_inverse=True)
    pairs = _members(seen, first, last, outages.mark, where, what)
    return History(replication, time, following - time, state, *pairs, seen.size)


def _change(first: Array, last: Array, size: int) -> Array:
    """How many more outages there are from each interval on."""
    return np.bincount(first, minlength=size) - np.bincount(last, minlength=size)


def _standbys(busy: Array, replication: Array, rates: Rates, rng: np.random.Generator) -> tuple[Array, Array]:
    """Pairs (interval, event): the standby fails on demand during this busy stretch."""
    event = np.flatnonzero(rates.demand_probability > 0)
    fresh = busy & ~np.concatenate([[False], busy[:-1] & (np.diff(replication) == 0)])
    stretch = np.cumsum(fresh) - 1
    fails = rng.random((int(fresh.sum()), event.size)) < rates.demand_probability[event]
    interval = np.flatnonzero(busy)
    row, column = np.nonzero(fails[stretch[interval]])
    return interval[row], event[column]


def _members(
    seen: Array, first: Array, last: Array, mark: Array, where: Array, what: Array
) -> tuple[Array, Array]:
    """Marks that are out in the intervals ``seen``, as pairs (row of ``seen``, mark)."""
    order = np.argsort(seen)
    place = seen[order]
    low, high = np.searchsorted(place, first), np.searchsorted(place, last)
    length = np.maximum(high - low, 0)
    at = np.repeat(low - np.cumsum(length) + length, length) + np.arange(length.sum())
    row, member = order[at], np.repeat(mark, length)
    sample = np.full(int(max(place.max(initial=0), where.max(initial=0))) + 1, -1)
    sample[place] = order
    drawn = sample[where] >= 0
    row = np.concatenate([row, sample[where[drawn]]])
    member = np.concatenate([member, what[drawn]])
    by_row = np.lexsort((member, row))
    return row[by_row], member[by_row]

"""Which bus feeds which: the topology of radial scenarios, shared by all loads.

The trees of hundreds of scenarios with single failures differ in few places.  They are therefore laid over each
other into one directed acyclic graph of buses: every bus has the feed it has in most scenarios, and a short
list of exceptions (bus, scenario) names the others.  A bus that is dead in a scenario stays where it is and
carries no current there.  Scenarios whose feeds contradict each other (A feeds B in one, B feeds A in another)
go into different groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from solvers.power.problem import Problem
from solvers.power.transfer import LANES, WORD, Arcs, Switching, feed_arcs, pack, unpack

Array = NDArray[Any]


@dataclass(frozen=True)
class Roots:
    """Who holds a voltage.  Elements are the sources, then the converters; S scenarios."""

    bus: Array
    """(X,) bus of each element."""
    voltage: Array
    """(X,) complex. [p.u.]"""
    share: Array
    """(X, S) part of its busbar's demand that the element delivers; 0 where it is off. [-]"""
    tangled: Array
    """Elements whose busbar may hold several roots on different buses, joined by ideal branches."""
    hub: Array
    """(tangled, S) bus that stands for the busbar, -1 where the element is off."""
    held: Array
    """(S, B) bool: the bus stands for a busbar held by an element."""
    conflict: Array
    """(S,) bool: two elements on one busbar contradict each other."""
    sections: Array
    """(B,) bool: on a section of ideal branches that tangled elements share."""


def find_roots(problem: Problem, live: Array, closed: Array, source_on: Array, feeding: Array) -> Roots:
    """Bring sources and converters together on their busbars.

    Parameters
    ----------
    live, closed, source_on, feeding : (S, B | E | G | C) bool, after transfer.

    Notes
    -----
    Of a busbar joined by ideal branches the bus with the most of them stands for the whole, so that the loss of
    one of several parallel elements leaves the direction of the branches as it is.
    """
    count, buses = live.shape
    bus = np.concatenate([problem.source_bus, problem.converter_to])
    voltage = np.concatenate([problem.source_voltage, problem.converter_voltage.astype(complex)])
    kind = np.repeat([0, 1], [problem.source_bus.size, problem.converter_to.size])
    weight = np.concatenate([np.ones(problem.source_bus.size), problem.converter_rating])
    on = np.concatenate([source_on, feeding], axis=1)
    ideal = np.flatnonzero((problem.branch_impedance == 0) & (problem.branch_tap == 1))
    ends = (problem.branch_from[ideal], problem.branch_to[ideal])
    label = _components(buses, *ends)[bus]
    mark = np.stack([voltage.real, voltage.imag, kind, bus], axis=1)
    _, first, section = np.unique(label, return_index=True, return_inverse=True)
    odd = np.bincount(section, (mark != mark[first][section]).any(axis=1), minlength=first.size) > 0
    tangled = np.flatnonzero(odd[section])
    plain = np.flatnonzero(~odd[section])
    share = np.zeros((bus.size, count))
    held = np.zeros((count, buses), dtype=bool)
    hubs, place = np.unique(bus[plain], return_inverse=True)
    part = np.where(on[:, plain].T, weight[plain, None], 0.0)
    total = (
        csr_array((np.ones(plain.size), (place, np.arange(plain.size))), shape=(hubs.size, plain.size)) @ part
    )
    held[:, hubs] = total.T > 0
    share[plain] = part / np.where(total > 0, total, 1.0)[place]
    sections = np.isin(_components(buses, *ends), label[tangled])
    lane, at = np.nonzero(on[:, tangled])
    element = tangled[at]
    hub = np.full((tangled.size, count), -1)
    near = ideal[sections[ends[0]]]
    main = _busbars(problem, near, closed[:, near] & live[:, problem.branch_from[near]], lane, bus[element])
    held[lane, main] = True
    hub[at, lane] = main
    _, first, inverse = np.unique(lane * buses + main, return_index=True, return_inverse=True)
    share[element, lane] = weight[element] / np.bincount(inverse, weight[element])[inverse]
    clash = (mark[element, :3] != mark[element[first], :3][inverse]).any(axis=1)
    conflict = np.bincount(lane[clash], minlength=count) > 0
    return Roots(bus, voltage, share, tangled, hub, held, conflict, sections)


def _components(buses: int, one: Array, other: Array) -> Array:
    if not one.size:
        return np.arange(buses)
    graph = coo_array((np.ones(one.size), (one, other)), shape=(buses, buses))
    return np.asarray(connected_components(graph, directed=False)[1])


def _busbars(problem: Problem, ideal: Array, conducts: Array, lane: Array, bus: Array) -> Array:
    """For each root (lane, bus) the bus that stands for its busbar in that scenario."""
    if not lane.size:
        return bus
    buses = problem.bus_voltage.size
    row, at = np.nonzero(conducts)
    one = row * buses + problem.branch_from[ideal[at]]
    other = row * buses + problem.branch_to[ideal[at]]
    nodes, index = np.unique(np.concatenate([lane * buses + bus, one, other]), return_inverse=True)
    graph_ends = np.split(index[lane.size :], 2)
    one, other = graph_ends
    label = _components(nodes.size, one, other)
    plain = problem.branch_group[ideal[at]] < 0
    part = _components(nodes.size, one[plain], other[plain])
    # a transfer switch only feeds forward, so what is behind it cannot stand for the whole
    behind = np.zeros(nodes.size, dtype=bool)
    behind[part[other[~plain]]] = True
    ways = ideal[problem.branch_group[ideal] < 0]
    degree = np.bincount(np.r_[problem.branch_from[ways], problem.branch_to[ways]], minlength=buses)
    order = np.lexsort((nodes, -degree[nodes % buses], behind[part], label))
    _, first = np.unique(label[order], return_index=True)
    return np.asarray((nodes % buses)[order[first]][label[index[: lane.size]]])


def radial(problem: Problem, live: Array, closed: Array, roots: Roots) -> Array:
    """(S,) bool: every energised bus has exactly one feed, so a forest has as many branches as non-root
    buses."""
    conducting = np.count_nonzero(closed & live[:, problem.branch_from], axis=1)
    fed = np.count_nonzero(live, axis=1) - np.count_nonzero(roots.held, axis=1)
    return np.asarray((conducting == fed) & ~roots.conflict)


class Feeds(NamedTuple):
    """Directed branches that feed a bus in some scenario."""

    tail: Array
    head: Array
    branch: Array
    conducts: Array
    """(A, S) bool: feeds its head in that scenario."""


def find_feeds(problem: Problem, states: list[Switching], held: Array, asked: Array) -> Feeds:
    """Direct the closed branches of the radial scenarios ``asked`` (S,) away from the busbars held by roots."""
    arcs = feed_arcs(problem, converters=False)
    words = []
    for block, state in enumerate(states):
        lanes = slice(block * LANES, block * LANES + state.scenarios)
        seed = pack(held[lanes] & asked[lanes, None])
        mask = pack(asked[lanes, None])[0]
        words.append(_trace(seed, arcs, state.closed & mask))
    used = np.flatnonzero(np.any(words, axis=0)) if words else np.zeros(0, dtype=int)
    table = np.zeros((used.size, asked.size), dtype=bool)
    for block, word in enumerate(words):
        n = states[block].scenarios
        table[:, block * LANES : block * LANES + n] = unpack(word[used], n).T
    return Feeds(arcs.tail[used], arcs.head[used], arcs.gate[used], table)


def _trace(seed: Array, arcs: Arcs, closed: Array) -> Array:
    """Words of each arc: the scenarios in which it feeds its head."""
    fed = np.zeros(arcs.tail.size, dtype=WORD)
    done, new = seed.copy(), seed.copy()
    front = np.flatnonzero(new)
    while front.size:
        out = arcs.leaving(front)
        head = arcs.head[out]
        bits = new[arcs.tail[out]] & closed[arcs.gate[out]] & ~done[head]
        fed[out] |= bits
        new[front] = 0
        np.bitwise_or.at(new, head, bits)
        done |= new
        front = np.flatnonzero(new)
    return fed


class Exceptions(NamedTuple):
    """(bus, scenario) whose feed differs from the usual one; branch and parent -1 = holds its own voltage."""

    bus: Array
    lane: Array
    parent: Array
    branch: Array


@dataclass(frozen=True)
class Graph:
    """The feeds of a group of scenarios; arrays over buses."""

    lanes: Array
    """Scenarios of the group, ascending."""
    present: Array
    """bool: energised in some scenario."""
    parent: Array
    """Bus that usually feeds it, -1 = none."""
    branch: Array
    """Branch by which it does, -1 = none."""
    voltage: Array
    """Voltage it holds where it is a root, else 1. [p.u.]"""
    held: Array
    """bool: a root in some scenario."""
    odd: Exceptions
    tails: Array
    heads: Array
    """All feeds, each once."""
    hub: Array
    """(X,) bus that stands for each source's and converter's busbar, -1 = always off."""
    running: Array
    """Converters that run in some scenario."""
    inputs: Array
    outputs: Array
    """Input bus of those converters and the bus that stands for their output busbar."""

    @cached_property
    def level(self) -> Array:
        """Longest way from a root, converters included."""
        tails, heads = (self.tails, self.inputs), (self.heads, self.outputs)
        level = levels_of(self.parent.size, np.concatenate(tails), np.concatenate(heads))
        assert level is not None
        return level

    def order(self) -> Array:
        """Buses, each after all that feed it."""
        buses = np.flatnonzero(self.present)
        return np.asarray(buses[np.argsort(self.level[buses], kind="stable")])


def group(problem: Problem, roots: Roots, feeds: Feeds, lanes: Array) -> tuple[list[Graph], Array]:
    """Graphs that together hold the scenarios ``lanes``, and those scenarios in which converters feed each other
    in a ring."""
    graphs: list[Graph] = []
    rings: list[int] = []
    waiting = [lanes] if lanes.size else []
    while waiting:
        part = waiting.pop()
        graph = _overlay(problem, roots, feeds, part)
        if graph is not None:
            graphs.append(graph)
        elif part.size == 1:
            rings.append(int(part[0]))
        else:
            waiting += [part[part.size // 2 :], part[: part.size // 2]]
    return graphs, np.array(rings, dtype=int)


def _overlay(problem: Problem, roots: Roots, feeds: Feeds, lanes: Array) -> Graph | None:
    """All scenarios ``lanes`` in one graph, or None where they contradict each other."""
    buses = problem.bus_voltage.size
    hub = np.where((roots.share[:, lanes] > 0).any(axis=1), roots.bus, -1)
    for row, element in enumerate(roots.tangled):
        seen = np.unique(roots.hub[row, lanes])
        seen = seen[seen >= 0]
        if seen.size > 1:
            return None
        hub[element] = seen[0] if seen.size else -1
    voltage = np.ones(buses, dtype=complex)
    on = np.flatnonzero(hub >= 0)
    voltage[hub[on]] = roots.voltage[on]
    if np.any(voltage[hub[on]] != roots.voltage[on]):
        return None
    conducts = feeds.conducts[:, lanes]
    times = np.count_nonzero(conducts, axis=1)
    held = np.count_nonzero(roots.held[lanes], axis=0)
    # the usual feed of each bus is its most frequent one; a bus that is a root more often has none
    order = np.lexsort((-times, feeds.head))
    order = order[times[order] > 0]
    heads, first = np.unique(feeds.head[order], return_index=True)
    usual = order[first]
    usual = usual[times[usual] > held[heads]]
    parent, branch = np.full(buses, -1), np.full(buses, -1)
    parent[feeds.head[usual]], branch[feeds.head[usual]] = feeds.tail[usual], feeds.branch[usual]
    rest = np.zeros(times.size, dtype=bool)
    rest[order], rest[usual] = True, False
    rare = np.flatnonzero(rest)
    at, lane = np.nonzero(conducts[rare])
    rooted = np.flatnonzero((held > 0) & (parent >= 0))
    own, own_lane = np.nonzero(roots.held[np.ix_(lanes, rooted)].T)
    none = np.full(own.size, -1)
    odd = Exceptions(
        np.concatenate([feeds.head[rare[at]], rooted[own]]),
        lanes[np.concatenate([lane, own_lane])],
        np.concatenate([feeds.tail[rare[at]], none]),
        np.concatenate([feeds.branch[rare[at]], none]),
    )
    present = held > 0
    present[feeds.head[order]] = True
    into = hub[problem.source_bus.size :]
    running = np.flatnonzero(into >= 0)
    inputs, outputs = problem.converter_from[running], into[running]
    tails, heads = feeds.tail[order], feeds.head[order]
    # one tree for all scenarios has no cycle
    if odd.bus.size or running.size:
        level = levels_of(buses, np.concatenate([tails, inputs]), np.concatenate([heads, outputs]))
        if level is None:
            return None
    return Graph(
        lanes,
        present,
        parent,
        branch,
        voltage,
        held > 0,
        odd,
        tails,
        heads,
        hub,
        running,
        inputs,
        outputs,
    )


def levels_of(buses: int, tails: Array, heads: Array) -> Array | None:
    """Longest way to each bus, or None if there is a cycle."""
    order = np.argsort(tails, kind="stable")
    tails, heads = tails[order], heads[order]
    start = np.searchsorted(tails, np.arange(buses + 1))
    waits = np.bincount(heads, minlength=buses)
    level = np.full(buses, -1)
    front = np.flatnonzero(waits == 0)
    step = 0
    while front.size:
        level[front] = step
        count = start[front + 1] - start[front]
        out = np.repeat(start[front] - np.cumsum(count) + count, count) + np.arange(count.sum())
        reached, times = np.unique(heads[out], return_counts=True)
        waits[reached] -= times
        front = reached[waits[reached] == 0]
        step += 1
    return None if (level < 0).any() else level


def feed_values(problem: Problem, branch: Array, bus: Array) -> tuple[Array, Array, Array]:
    """Gain, impedance and direction (True = the feed is at the from side) of the branches that feed ``bus``."""
    tap, ohm = np.r_[problem.branch_tap, 1.0], np.r_[problem.branch_impedance, 0.0]
    forward = np.r_[problem.branch_to, -1][branch] == bus
    forward |= branch < 0
    gain = np.where(forward, 1.0 / tap[branch], tap[branch])
    impedance = np.where(forward, ohm[branch], ohm[branch] * np.abs(gain) ** 2)
    return gain, impedance, forward

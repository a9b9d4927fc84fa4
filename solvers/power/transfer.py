"""Which transfer switches close, which buses are energised, and what each cord carries.

Up to 64 scenarios travel together in the bits of one 64-bit word per bus, branch or converter, so that
following the energy through the network costs the same for 64 scenarios as for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from solvers.power.problem import Problem

Array = NDArray[Any]
WORD = np.dtype("<u8")
LANES = 64


def pack(mask: Array) -> Array:
    """Words (rows,) from a mask (scenarios <= 64, rows)."""
    octets = np.zeros((8, mask.shape[1]), dtype=np.uint8)
    bits = np.packbits(mask, axis=0, bitorder="little")
    octets[: bits.shape[0]] = bits
    return np.ascontiguousarray(octets.T).view(WORD).ravel()


def unpack(words: Array, scenarios: int) -> Array:
    """Mask (scenarios, rows) from words (rows,)."""
    return _bits(words)[:, :scenarios].T.astype(bool)


def _bits(words: Array) -> Array:
    octets = np.ascontiguousarray(words, dtype=WORD).view(np.uint8).reshape(-1, 8)
    return np.unpackbits(octets, axis=1, bitorder="little")


@dataclass(frozen=True)
class Arcs:
    """Directed possibilities of feed, ordered by the bus they leave."""

    tail: Array
    head: Array
    gate: Array
    """Row of the word that must be set for the arc to conduct: branches first, then converters."""
    start: Array
    """(B + 1,) first arc of each bus."""

    def leaving(self, buses: Array) -> Array:
        """Indices of all arcs that leave ``buses``."""
        first = self.start[buses]
        count = self.start[buses + 1] - first
        return np.repeat(first - np.cumsum(count) + count, count) + np.arange(count.sum())


def feed_arcs(problem: Problem, *, converters: bool) -> Arcs:
    """Plain branches feed both ways, transfer switches and converters only forward."""
    edges = np.arange(problem.branch_from.size)
    plain = edges[problem.branch_group < 0]
    tail = [problem.branch_from, problem.branch_to[plain]]
    head = [problem.branch_to, problem.branch_from[plain]]
    gate = [edges, plain]
    if converters:
        tail.append(problem.converter_from)
        head.append(problem.converter_to)
        gate.append(edges.size + np.arange(problem.converter_from.size))
    tails, heads, gates = np.concatenate(tail), np.concatenate(head), np.concatenate(gate)
    order = np.argsort(tails, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(tails, minlength=problem.bus_voltage.size))])
    return Arcs(tails[order], heads[order], gates[order], start)


def spread(seed: Array, arcs: Arcs, gate: Array) -> Array:
    """Words of the buses reached from ``seed`` words over conducting arcs; ends when no bus gains a
    scenario."""
    live = seed.copy()
    new = seed.copy()
    conducts = gate[arcs.gate]
    front = np.flatnonzero(new)
    while front.size:
        out = arcs.leaving(front)
        head = arcs.head[out]
        bits = new[arcs.tail[out]] & conducts[out] & ~live[head]
        new[front] = 0
        np.bitwise_or.at(new, head, bits)
        live |= new
        front = np.flatnonzero(new)
    return live


@dataclass(frozen=True)
class Switching:
    """State of up to 64 scenarios, one bit each."""

    scenarios: int
    live: Array
    """(B,) words: bus is energised."""
    closed: Array
    """(E,) words: branch is closed, after transfer."""
    feeding: Array
    """(C,) words: converter runs and its input is energised."""
    source: Array
    """(G,) words: source is on."""


def resolve(
    problem: Problem, arcs: Arcs, closed: Array, source_live: Array, converter_live: Array
) -> Switching:
    """Let every transfer switch take its best energised input.

    Parameters
    ----------
    closed, source_live, converter_live : (n <= 64, E | G | C) bool, before transfer.

    Notes
    -----
    What *can* be energised is found first with every input admitted; each switch then takes its input of
    lowest rank among those.  An input that turns out to live only on the switch's own output is barred and
    the choice repeated, at most once per input.  The order of events in time (break before make, retransfer)
    is not modelled.
    """
    source, running, admitted = pack(source_live), pack(converter_live), pack(closed)
    seed = np.zeros(problem.bus_voltage.size, dtype=WORD)
    np.bitwise_or.at(seed, problem.source_bus, source)
    switches = _Switches.of(problem)
    chosen = admitted
    live = spread(seed, arcs, np.concatenate([admitted, running]))
    for _ in range(LANES * switches.inputs.size):
        chosen = switches.choose(admitted, live)
        reached = spread(seed, arcs, np.concatenate([chosen, running]))
        starved = chosen[switches.inputs] & ~reached[problem.branch_from[switches.inputs]]
        if not starved.any():
            live = reached
            break
        admitted = admitted.copy()
        admitted[switches.inputs] &= ~_self_fed(problem, arcs, switches.inputs, chosen, running, starved)
        live = spread(seed, arcs, np.concatenate([admitted, running]))
    feeding = running & live[problem.converter_from]
    return Switching(closed.shape[0], live, chosen, feeding, source)


def _self_fed(
    problem: Problem, arcs: Arcs, inputs: Array, chosen: Array, running: Array, starved: Array
) -> Array:
    """Words of the starved inputs that hang on their own output; switches merely downstream of those are
    spared."""
    gate = np.concatenate([chosen, running])
    guilty = np.zeros_like(starved)
    for row in np.flatnonzero(starved):
        seed = np.zeros(problem.bus_voltage.size, dtype=WORD)
        seed[problem.branch_to[inputs[row]]] = starved[row]
        guilty[row] = starved[row] & spread(seed, arcs, gate)[problem.branch_from[inputs[row]]]
    return guilty if guilty.any() else starved


@dataclass(frozen=True)
class _Switches:
    """Inputs of all transfer switches, sorted by switch and rank."""

    branch_from: Array
    inputs: Array
    """Branch indices."""
    switch: Array
    """Switch number of each input."""
    place: Array
    """Place of each input in its switch's order of preference."""

    @classmethod
    def of(cls, problem: Problem) -> _Switches:
        edges = np.flatnonzero(problem.branch_group >= 0)
        edges = edges[np.lexsort((edges, problem.branch_rank[edges], problem.branch_group[edges]))]
        _, first, switch = np.unique(problem.branch_group[edges], return_index=True, return_inverse=True)
        return cls(problem.branch_from, edges, switch, np.arange(edges.size) - first[switch])

    def choose(self, closed: Array, live: Array) -> Array:
        """Closed words with only the best energised input of each switch left."""
        chosen = closed.copy()
        if not self.inputs.size:
            return chosen
        able = closed[self.inputs] & live[self.branch_from[self.inputs]]
        taken = np.zeros(int(self.switch.max()) + 1, dtype=WORD)
        for place in range(int(self.place.max()) + 1):
            at = self.place == place
            able[at] &= ~taken[self.switch[at]]
            taken[self.switch[at]] |= able[at]
        chosen[self.inputs] = able
        return chosen


def share_load(problem: Problem, cord_on: Array, live: Array) -> tuple[Array, Array]:
    """Divide every load over its energised cords.

    Parameters
    ----------
    cord_on : (S, K) bool.
    live : (S, B) bool.

    Returns
    -------
    served (S, L) bool and the cords' shares (K, S). [-]
    """
    cords, loads = problem.cord_load.size, problem.load_power.shape[1]
    weight = np.where((cord_on & live[:, problem.cord_bus]).T, problem.cord_weight[:, None], 0.0)
    total = csr_array((np.ones(cords), (problem.cord_load, np.arange(cords))), shape=(loads, cords)) @ weight
    served = total > 0
    weight /= np.where(served, total, 1.0)[problem.cord_load]
    return np.ascontiguousarray(served.T), weight

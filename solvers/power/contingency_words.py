"""Switching of 64 scenarios as the bits of one word, compiled; the rules are those of solvers.power.transfer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint64

from solvers.power.contingency_outages import Kind
from solvers.power.contingency_steps import inner, small

LANES = 64

_BRANCH, _CONVERTER, _SOURCE, _BUS = (
    int(kind) for kind in (Kind.BRANCH, Kind.CONVERTER, Kind.SOURCE, Kind.BUS)
)


@inner
def _reach(seed: Any, start: Any, head: Any, gate_of: Any, gate: Any, live: Any, queue: Any) -> None:
    """Words of the buses reached from ``seed`` over open gates; see transfer.spread."""
    buses = live.size
    fresh = seed.copy()
    waits = np.zeros(buses, np.bool_)
    first = size = 0
    for bus in range(buses):
        live[bus] = seed[bus]
        if seed[bus]:
            queue[size] = bus
            waits[bus] = True
            size += 1
    while size:
        bus = queue[first]
        first = first + 1 if first + 1 < buses else 0
        size -= 1
        waits[bus] = False
        bits = fresh[bus]
        fresh[bus] = uint64(0)
        for arc in range(start[bus], start[bus + 1]):
            to = head[arc]
            got = bits & gate[gate_of[arc]] & ~live[to]
            if got:
                live[to] |= got
                fresh[to] |= got
                if not waits[to]:
                    waits[to] = True
                    at = first + size
                    queue[at if at < buses else at - buses] = to
                    size += 1


@inner
def _choose(switches: Any, branch: Any, gate: Any, live: Any) -> None:
    """Leave only the best energised input of each transfer switch; see transfer.resolve."""
    taken = uint64(0)
    for e in switches.input:
        if e < 0:
            taken = uint64(0)
        else:
            able = gate[e] & live[branch[e].tail] & ~taken
            gate[e] = able
            taken |= able


@inner
def _shut(network: Any, kind: Any, i: Any, bit: Any, gate: Any, source: Any) -> None:
    """Take a failed element out of the words of gates and of sources."""
    branches, item = network.branch.size, network.item
    if kind == _BRANCH:
        gate[i] &= ~bit
    elif kind == _CONVERTER:
        gate[branches + i] &= ~bit
    elif kind == _SOURCE:
        source[i] &= ~bit
    elif kind == _BUS:
        bus = network.bus[i]
        for j in range(bus.branch, bus.input):
            gate[item[j]] &= ~bit
        for j in range(bus.input, bus.source):
            gate[branches + item[j]] &= ~bit
        for j in range(bus.source, bus.cord):
            source[item[j]] &= ~bit


@inner
def switch_block(
    network: Any,
    switches: Any,
    offsets: Any,
    kind: Any,
    index: Any,
    words: Any,
    gate: Any,
    source: Any,
    queue: Any,
) -> Any:
    """Switch up to 64 scenarios; ``words`` are for buses that can be, and that are energised, and the seed.

    Returns the scenarios that need transfer.resolve.
    """
    every = ~uint64(0)
    able, live, seed = words[0], words[1], words[2]
    for g in range(gate.size):
        gate[g] = every if switches.admitted[g] else uint64(0)
    for g in range(source.size):
        source[g] = every if switches.source_on[g] else uint64(0)
    for lane in range(offsets.size - 1):
        for k in range(offsets[lane], offsets[lane + 1]):
            _shut(network, kind[k], index[k], uint64(1) << uint64(lane), gate, source)
    seed[:] = uint64(0)
    for g in range(source.size):
        seed[switches.source_bus[g]] |= source[g]
    _reach(seed, switches.start, switches.head, switches.gate, gate, able, queue)
    caught = uint64(0)
    if switches.input.size:
        _choose(switches, network.branch, gate, able)
        _reach(seed, switches.start, switches.head, switches.gate, gate, live, queue)
        for e in switches.input:
            if e >= 0:
                caught |= gate[e] & ~live[network.branch[e].tail]
    else:
        live[:] = able
    return caught


@inner
def find_differences(network: Any, switches: Any, live: Any, gate: Any, changed: Any) -> Any:
    """Buses that are dark in some scenario, then inputs of transfer switches that changed; their numbers, and the
    scenarios in which a bus gains voltage."""
    every = ~uint64(0)
    dark, gained = 0, uint64(0)
    for bus in range(live.size):
        if network.bus[bus].live:
            if live[bus] != every:
                changed[dark] = bus
                dark += 1
        else:
            gained |= live[bus]
    turned = dark
    for e in switches.input:
        if e >= 0 and not switches.chosen[e] and gate[e] != 0:
            changed[turned] = e
            turned += 1
    return dark, turned, gained


@inner
def scatter(live: Any, changed: Any, dark: Any, lanes: Any, start: Any, buses: Any) -> Any:
    """Dark buses of each lane, in compressed rows."""
    inside = ~uint64(0) >> uint64(LANES - lanes)
    total = 0
    start[:] = 0
    for j in range(dark):
        bits = ~live[changed[j]] & inside
        while bits:
            start[_lowest(bits) + 1] += 1
            bits &= bits - uint64(1)
            total += 1
    for lane in range(LANES):
        start[lane + 1] += start[lane]
    if total > buses.size:
        buses = np.empty(2 * total, np.int64)
    at = start[:-1].copy()
    for j in range(dark):
        bits = ~live[changed[j]] & inside
        while bits:
            lane = _lowest(bits)
            buses[at[lane]] = changed[j]
            at[lane] += 1
            bits &= bits - uint64(1)
    return buses


@small
def _lowest(bits: Any) -> Any:
    """Number of the lowest set bit."""
    low = bits & (~bits + uint64(1))
    number = 0
    for width in (32, 16, 8, 4, 2, 1):
        if low >> uint64(number) >= uint64(1) << uint64(width):
            number += width
    return number

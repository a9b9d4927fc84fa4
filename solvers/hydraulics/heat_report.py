"""Compiled: the laws of links and exchangers, and the answer of one scenario from its node temperatures."""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from .heat_steps import LANES, OPTIONS, outlet_terms
from .mixing import AT_FLOOR, IDLE, LIMITED, TAKING

BLOCK = 64
"""Links or nodes at a time: six tables of them fit the nearest cache."""


@njit(**OPTIONS)
def along(rate: float, leak: float, heat: float, ambient: float) -> tuple[float, float]:  # pragma: no cover
    """Share of the inlet temperature left at the end of a link, and what is added to it."""
    if rate <= 0.0:
        return 1.0, 0.0
    if leak <= 0.0:
        return 1.0, heat / rate
    lost = -math.expm1(-leak / rate)
    return 1.0 - lost, lost * ambient + heat * lost / leak


@njit(**OPTIONS)
def exchange_shares(
    hot_rate: float, cold_rate: float, conductance: float
) -> tuple[float, float]:  # pragma: no cover
    """Exchanged share of the inlet difference as seen by the hot and the cold stream; -1 without exchange.

    Counterflow as in ``exchanger.effectiveness``, in a form that is regular for equal streams.
    """
    least, most = min(hot_rate, cold_rate), max(hot_rate, cold_rate)
    if least <= 0.0:
        return -1.0, -1.0
    units, ratio = conductance / least, least / most
    gap = 1.0 - ratio
    x = units * gap
    share = -math.expm1(-x) / gap if x > 1e-300 else units
    duty = least * share / (1.0 + ratio * share)
    return duty / hot_rate, duty / cold_rate


@njit(**OPTIONS)
def report(
    row: Any, count: int, settled: Any, links: Any, given: Any, state: Any, scratch: Any, answer: Any
) -> None:  # pragma: no cover
    """Write rows ``row[:count]`` of every array of the answer, as ``modes._report`` does.

    In blocks of links and nodes: their tables stay near while the rows are written one after another.
    """
    exchanged, mixed, sums = scratch
    links_count, nodes = links[0].size, state[3].shape[0]
    mixed[:], sums[:] = 0.0, 0.0
    _after_machines(links, state, exchanged)
    for c in range(count):
        _write_machines(c, row[c], links, given, state, exchanged, answer)
    for first in range(0, links_count, BLOCK):
        last = min(first + BLOCK, links_count)
        for c in range(count):
            _write_links(c, row[c], first, last, links, given, state, scratch, answer)
    for c in range(count):
        sums[5, c] = max(max(sums[1, c], sums[2, c]), 1e-3 * sums[3, c] + 1e-9)
    for first in range(0, nodes, BLOCK):
        last = min(first + BLOCK, nodes)
        for c in range(count):
            _write_nodes(c, row[c], first, last, given, state, scratch, answer)
    for c in range(count):
        s = row[c]
        answer[0][s, 0] = sums[6, c] / sums[5, c]
        answer[8][s, 0] = abs(sums[0, c] - sums[7, c]) / sums[5, c]
        answer[9][s, 0] = settled[c] and math.isfinite(answer[8][s, 0] + sums[6, c])
        answer[11][s, 0] = sums[4, c]


@njit(**OPTIONS)
def _write_nodes(
    c: int, s: int, first: int, last: int, given: Any, state: Any, scratch: Any, answer: Any
) -> None:  # pragma: no cover
    """Temperatures, the largest imbalance, and what crosses the boundary."""
    temperature, fed, leaving, inflow = state[3], state[4], state[5], state[6]
    tied, runaway, entering = state[7], state[8], given[6]
    mixed, sums = scratch[1], scratch[2]
    entering_row = s if entering.shape[0] > 1 else 0
    worst, boundary = sums[6, c], sums[7, c]
    for n in range(first, last):
        t = temperature[n, c]
        answer[1][s, n] = t
        if fed[n, c] > 0.0:
            if (tied[n] >> c) & 1:
                brought = inflow[n, c] * entering[entering_row, n]
                worst = max(worst, abs(mixed[n, c] + brought - fed[n, c] * t))
                boundary += (fed[n, c] - leaving[n, c]) * t - brought
            elif runaway[n, c]:
                answer[12][s, n] = True
    sums[6, c], sums[7, c] = worst, boundary


@njit(**OPTIONS)
def _after_machines(links: Any, state: Any, exchanged: Any) -> None:  # pragma: no cover
    """Temperature of every link behind its exchanger or extraction, before heat and losses."""
    start, end, hot, cold, taken = links[0], links[1], links[2], links[3], links[4]
    flows, shares, mode, temperature = state[0], state[1], state[2], state[3]
    along_link, against = flows[0], flows[1]
    for e in range(start.size):
        a, z = start[e], end[e]
        for c in range(LANES):
            exchanged[e, c] = temperature[a, c] if against[e, c] == 0.0 else temperature[z, c]
    for x in range(hot.size):
        h, k = hot[x], cold[x]
        for c in range(LANES):
            hot_in, cold_in = exchanged[h, c], exchanged[k, c]
            own_h, other_h, plus_h, own_k, other_k, plus_k = outlet_terms(
                mode[x, c],
                shares[0][x, c],
                shares[1][x, c],
                shares[2][x, c],
                along_link[h, c] + against[h, c],
                along_link[k, c] + against[k, c],
            )
            exchanged[h, c] = own_h * hot_in + other_h * cold_in + plus_h
            exchanged[k, c] = own_k * cold_in + other_k * hot_in + plus_k
    for k in range(taken.size):
        x = hot.size + k
        for c in range(LANES):
            if mode[x, c] == AT_FLOOR:
                exchanged[taken[k], c] = shares[2][x, c]
            elif mode[x, c] == TAKING:
                exchanged[taken[k], c] -= shares[0][x, c]


@njit(**OPTIONS)
def _write_machines(
    c: int, s: int, links: Any, given: Any, state: Any, exchanged: Any, answer: Any
) -> None:  # pragma: no cover
    """Duties, missed set points and extractions."""
    start, end, hot, taken = links[0], links[1], links[2], links[4]
    flows, mode, temperature, fed, tied, runaway = state[0], state[2], state[3], state[4], state[7], state[8]
    along_link, against = flows[0], flows[1]
    setpoint = given[9]
    for x in range(hot.size + taken.size):
        e = hot[x] if x < hot.size else taken[x - hot.size]
        rate = along_link[e, c] + against[e, c]
        up = start[e] if against[e, c] == 0.0 else end[e]
        inlet = temperature[up, c]
        counted = rate > 0.0 and ((tied[up] >> c) & 1 or fed[up, c] == 0.0)
        heat = rate * (inlet - exchanged[e, c]) if counted else 0.0
        if x >= hot.size:
            answer[10][s, x - hot.size] = heat
            continue
        answer[5][s, x] = heat
        held = setpoint[s if setpoint.shape[0] > 1 else 0, x]
        too_warm = inlet > held + 1e-9 * (1.0 + abs(held))
        missed = mode[x, c] == LIMITED or (mode[x, c] == IDLE and too_warm) or runaway[up, c]
        answer[6][s, x] = held > -math.inf and rate > 0.0 and missed


@njit(**OPTIONS)
def _write_links(
    c: int, s: int, first: int, last: int, links: Any, given: Any, state: Any, scratch: Any, answer: Any
) -> None:  # pragma: no cover
    """Temperatures and heats of links, and heat that reaches each node.

    Sums over the links: gains, absolute gains, absolute heats, rates, heat that stays in machines.
    """
    start, end = links[0], links[1]
    flows, temperature, fed, tied = state[0], state[3], state[4], state[7]
    along_link, against, through, added = flows
    exchanged, mixed, sums = scratch
    flow, heat, leak, ambient, fixed = given[0], given[1], given[2], given[3], given[5]
    flow_row = s if flow.shape[0] > 1 else 0
    heat_row = s if heat.shape[0] > 1 else 0
    fixed_row = s if fixed.shape[0] > 1 else 0
    gained, moved, heated, total, lost = 0.0, 0.0, 0.0, 0.0, 0.0
    for e in range(first, last):
        ahead = flow[flow_row, e] >= 0.0
        up, down = (start[e], end[e]) if ahead else (end[e], start[e])
        rate = along_link[e, c] + against[e, c]
        inlet = temperature[up, c]
        outlet = inlet
        if rate > 0.0 and ((tied[up] >> c) & 1 or fed[up, c] == 0.0):
            outlet = through[e, c] * exchanged[e, c] + added[e, c]
            if fixed[fixed_row, e]:
                kept, natural = along(
                    rate,
                    leak[s if leak.shape[0] > 1 else 0, e],
                    heat[heat_row, e],
                    ambient[s if ambient.shape[0] > 1 else 0, 0],
                )
                answer[7][s, e] = rate * (kept * exchanged[e, c] + natural - outlet)
            heated += abs(heat[heat_row, e])
        else:
            lost += heat[heat_row, e]
        mixed[down, c] += rate * outlet
        total += rate
        gain = rate * (outlet - inlet)
        gained += gain
        moved += abs(gain)
        answer[2][s, e] = inlet
        answer[3][s, e] = outlet
        answer[4][s, e] = gain
    sums[0, c] += gained
    sums[1, c] += moved
    sums[2, c] += heated
    sums[3, c] += total
    sums[4, c] += lost

"""Compiled: the laws of links and exchangers, and the answer of one scenario from its node temperatures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from .heat_steps import OPTIONS, outlet_terms
from .mixing import AT_FLOOR, CONTROLLED, IDLE, LIMITED, TAKING


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
    c: int, s: int, settled: bool, links: Any, given: Any, state: Any, scratch: Any, answer: Any
) -> None:  # pragma: no cover
    """Write row ``s`` of every array of the answer from lane ``c``, as ``modes._report`` does."""
    exchanged, mixed = scratch[0], scratch[1]
    temperature, fed, leaving, inflow = state[3], state[4], state[5], state[6]
    tied, runaway = state[7], state[8]
    _after_machines(c, links, state, exchanged)
    _write_machines(c, s, links, given, state, exchanged, answer)
    moved, heated, total = _write_links(c, s, links, given, state, exchanged, mixed, answer)
    entering = given[6]
    scale = max(max(moved, heated), 1e-3 * total + 1e-9)
    worst, boundary = 0.0, 0.0
    for n in range(fed.shape[0]):
        t = temperature[n, c]
        answer[1][s, n] = t
        if fed[n, c] > 0.0 and tied[n, c]:
            brought = inflow[n, c] * entering[s if entering.shape[0] > 1 else 0, n]
            worst = max(worst, abs(mixed[n] + brought - fed[n, c] * t))
            boundary += (fed[n, c] - leaving[n, c]) * t - brought
        elif fed[n, c] > 0.0 and runaway[n, c]:
            answer[12][s, n] = True
    answer[0][s, 0] = worst / scale
    answer[8][s, 0] = abs(answer[8][s, 0] - boundary) / scale
    answer[9][s, 0] = settled and math.isfinite(answer[8][s, 0] + worst)


@njit(**OPTIONS)
def _after_machines(c: int, links: Any, state: Any, exchanged: Any) -> None:  # pragma: no cover
    """Temperature of every link behind its exchanger or extraction, before heat and losses."""
    start, end, hot, cold, taken = links[0], links[1], links[2], links[3], links[4]
    flows, shares, mode, temperature = state[0], state[1], state[2], state[3]
    along_link, against = flows[0], flows[1]
    for e in range(start.size):
        exchanged[e] = temperature[start[e] if against[e, c] == 0.0 else end[e], c]
    for x in range(hot.size):
        h, k = hot[x], cold[x]
        hot_in, cold_in = exchanged[h], exchanged[k]
        own_h, other_h, plus_h, own_k, other_k, plus_k = outlet_terms(
            mode[x, c],
            shares[0][x, c],
            shares[1][x, c],
            shares[2][x, c],
            along_link[h, c] + against[h, c],
            along_link[k, c] + against[k, c],
        )
        exchanged[h] = own_h * hot_in + other_h * cold_in + plus_h
        exchanged[k] = own_k * cold_in + other_k * hot_in + plus_k
    for k in range(taken.size):
        x = hot.size + k
        if mode[x, c] == AT_FLOOR:
            exchanged[taken[k]] = shares[2][x, c]
        elif mode[x, c] == TAKING:
            exchanged[taken[k]] -= shares[0][x, c]


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
        counted = rate > 0.0 and (tied[up, c] or fed[up, c] == 0.0)
        heat = rate * (inlet - exchanged[e]) if counted else 0.0
        if x >= hot.size:
            answer[10][s, x - hot.size] = heat
            continue
        answer[5][s, x] = heat
        held = setpoint[s if setpoint.shape[0] > 1 else 0, x]
        too_warm = inlet > held + 1e-9 * (1.0 + abs(held))
        missed = mode[x, c] == LIMITED or (mode[x, c] == IDLE and too_warm) or runaway[up, c]
        answer[6][s, x] = held > -np.inf and rate > 0.0 and missed


@njit(**OPTIONS)
def _write_links(
    c: int, s: int, links: Any, given: Any, state: Any, exchanged: Any, mixed: Any, answer: Any
) -> tuple[float, float, float]:  # pragma: no cover
    """Temperatures and heats of links; heat that reaches each node; sums of absolute gains, of heats, of rates."""
    start, end = links[0], links[1]
    flows, temperature, fed, tied = state[0], state[3], state[4], state[7]
    along_link, against, through, added = flows
    flow, heat, leak, ambient, fixed = given[0], given[1], given[2], given[3], given[5]
    flow_row = s if flow.shape[0] > 1 else 0
    heat_row = s if heat.shape[0] > 1 else 0
    mixed[:] = 0.0
    gained, moved, heated, total, lost = 0.0, 0.0, 0.0, 0.0, 0.0
    for e in range(start.size):
        ahead = flow[flow_row, e] >= 0.0
        up, down = (start[e], end[e]) if ahead else (end[e], start[e])
        rate = along_link[e, c] + against[e, c]
        inlet = temperature[up, c]
        outlet = inlet
        if rate > 0.0 and (tied[up, c] or fed[up, c] == 0.0):
            outlet = through[e, c] * exchanged[e] + added[e, c]
            if fixed[s if fixed.shape[0] > 1 else 0, e]:
                kept, natural = along(
                    rate,
                    leak[s if leak.shape[0] > 1 else 0, e],
                    heat[heat_row, e],
                    ambient[s if ambient.shape[0] > 1 else 0, 0],
                )
                answer[7][s, e] = rate * (kept * exchanged[e] + natural - outlet)
            heated += abs(heat[heat_row, e])
        else:
            lost += heat[heat_row, e]
        mixed[down] += rate * outlet
        total += rate
        gain = rate * (outlet - inlet)
        gained += gain
        moved += abs(gain)
        answer[2][s, e] = inlet
        answer[3][s, e] = outlet
        answer[4][s, e] = gain
    answer[8][s, 0] = gained
    answer[11][s, 0] = lost
    return moved, heated, total


@njit(**OPTIONS)
def tie(c: int, plan: Any, links: Any, state: Any, waiting: Any) -> bool:  # pragma: no cover
    """Mark the nodes that something outside determines, as ``mixing._tied``; whether all with flow are."""
    flows, shares, mode, fed, inflow, tied = state[0], state[1], state[2], state[4], state[6], state[7]
    start, end, hot, cold, taken, machine = links[0], links[1], links[2], links[3], links[4], links[7]
    along_link, against, through = flows[0], flows[1], flows[2]
    touching_first, touching = plan[11], plan[12]
    tied[:, c] = False
    count = 0
    for n in range(fed.shape[0]):
        if inflow[n, c] > 0.0:
            tied[n, c] = True
            waiting[count] = n
            count += 1
    for e in range(start.size):
        floored = (
            machine[e] >= hot.size and machine[e] < hot.size + taken.size and mode[machine[e], c] == AT_FLOOR
        )
        if along_link[e, c] + against[e, c] > 0.0 and (through[e, c] < 1.0 or floored):
            n = end[e] if against[e, c] == 0.0 else start[e]
            if not tied[n, c]:
                tied[n, c] = True
                waiting[count] = n
                count += 1
    while count > 0:
        count -= 1
        v = waiting[count]
        for i in range(touching_first[v], touching_first[v + 1]):
            e = touching[i]
            if along_link[e, c] + against[e, c] <= 0.0:
                continue
            up, down = (start[e], end[e]) if against[e, c] == 0.0 else (end[e], start[e])
            if up != v:
                continue
            x = machine[e]
            follows = through[e, c] > 0.0
            if x < hot.size + taken.size:
                m = mode[x, c]
                if x >= hot.size:
                    follows = follows and m != AT_FLOOR
                else:
                    is_hot = hot[x] == e
                    own = (shares[0] if is_hot else shares[1])[x, c]
                    follows = (
                        follows and not (is_hot and m == CONTROLLED) and not (m == LIMITED and own >= 1.0)
                    )
                    other = cold[x] if is_hot else hot[x]
                    passed = (shares[1] if is_hot else shares[0])[x, c] * through[other, c] > 0.0
                    if (m == LIMITED and passed) or (m == CONTROLLED and not is_hot):
                        n = end[other] if against[other, c] == 0.0 else start[other]
                        if not tied[n, c]:
                            tied[n, c] = True
                            waiting[count] = n
                            count += 1
            if follows and not tied[down, c]:
                tied[down, c] = True
                waiting[count] = down
                count += 1
    missed = False
    for n in range(fed.shape[0]):
        missed |= fed[n, c] > 0.0 and not tied[n, c]
    return not missed

"""Compiled steps of the temperature kernel: entries of the matrix, elimination, and the modes that follow.

``state`` holds flows (along each link, against it, share of the inlet that passes, what is added), shares of the
machines, modes, temperatures, rates that reach and leave nodes and enter from outside, whether something ties a
node, whether it ran away, whether it has an equation (1) or keeps its initial temperature (0), and that
temperature.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from .heat_case import INFLOW
from .mixing import AT_FLOOR, CONTROLLED, IDLE, LIMITED, TAKING

LANES = 8
"""Scenarios side by side.  Measured on 1,000 links: 16 are no faster than 8."""

FAST: dict[str, Any] = dict(error_model="numpy", fastmath={"contract", "nsz"})
"""Divisions need no check: what is not finite is found at the end."""
OPTIONS: dict[str, Any] = dict(no_cpython_wrapper=True, no_cfunc_wrapper=True, **FAST)
"""For functions that compiled code alone calls: nothing is compiled for other callers."""


@njit(**OPTIONS)
def assemble(
    row: Any, links: Any, given: Any, flows: Any, fed: Any, leaving: Any, inflow: Any, load: Any, start: Any
) -> None:  # pragma: no cover
    """Rates that reach and leave the nodes and enter from outside, and the loads that no mode changes."""
    tail, tip = links[0], links[1]
    along_link, against, added = flows[0], flows[1], flows[3]
    fed[:], leaving[:], load[:] = 0.0, 0.0, 0.0
    most = np.zeros(LANES)
    for e in range(tail.size):
        a, z = tail[e], tip[e]
        for c in range(LANES):
            most[c] = max(most[c], along_link[e, c] + against[e, c])
        for c in range(LANES):
            fed[z, c] += along_link[e, c]
        for c in range(LANES):
            fed[a, c] += against[e, c]
        for c in range(LANES):
            leaving[a, c] += along_link[e, c]
        for c in range(LANES):
            leaving[z, c] += against[e, c]
        for c in range(LANES):
            load[z, c] += along_link[e, c] * added[e, c]
        for c in range(LANES):
            load[a, c] += against[e, c] * added[e, c]
    entering, initial = given[6], given[7]
    for n in range(fed.shape[0]):
        for c in range(LANES):
            excess = leaving[n, c] - fed[n, c]
            inflow[n, c] = excess if excess > INFLOW * most[c] else 0.0
            fed[n, c] += inflow[n, c]
            load[n, c] += inflow[n, c] * entering[row[c] if entering.shape[0] > 1 else 0, n]
            start[n, c] = initial[row[c] if initial.shape[0] > 1 else 0, n]


@njit(**OPTIONS)
def link_entries(plan: Any, links: Any, flows: Any, alive: Any, base: Any) -> None:  # pragma: no cover
    """Entries of links without machine, in the rows of nodes that have an equation."""
    tail, tip, plain = links[0], links[1], links[6]
    forward, backward = plan[0], plan[1]
    along_link, against, through = flows[0], flows[1], flows[2]
    base[:] = 0.0
    for e in range(tail.size):
        if plain[e]:
            a, z, f, b = tail[e], tip[e], forward[e], backward[e]
            for c in range(LANES):
                base[f, c] += along_link[e, c] * through[e, c] * alive[z, c]
            for c in range(LANES):
                base[b, c] += against[e, c] * through[e, c] * alive[a, c]


@njit(**OPTIONS)
def outlet_terms(
    mode: int, hot_share: float, cold_share: float, setpoint: float, hot_rate: float, cold_rate: float
) -> tuple[float, float, float, float, float, float]:  # pragma: no cover
    """Hot and cold outlet, each as own T(up) + other T(up of the partner) + constant, before heat and losses."""
    if mode == LIMITED:
        return 1.0 - hot_share, hot_share, 0.0, 1.0 - cold_share, cold_share, 0.0
    if mode == CONTROLLED:
        ratio = hot_rate / cold_rate
        return 0.0, 0.0, setpoint, 1.0, ratio, -ratio * setpoint
    return 1.0, 0.0, 0.0, 1.0, 0.0, 0.0


@njit(**OPTIONS)
def add_machines(plan: Any, links: Any, state: Any, matrix: Any, right: Any) -> None:  # pragma: no cover
    """Entries and loads of exchangers and extractions in their modes."""
    start, end, hot, cold, taken = links[0], links[1], links[2], links[3], links[4]
    forward, backward, across_hot, across_cold = plan[0], plan[1], plan[2], plan[3]
    flows, shares, mode, alive = state[0], state[1], state[2], state[9]
    along_link, against, through = flows[0], flows[1], flows[2]
    for x in range(hot.size):
        h, k = hot[x], cold[x]
        for c in range(LANES):
            ahead_h, ahead_k = against[h, c] == 0.0, against[k, c] == 0.0
            rate_h, rate_k = along_link[h, c] + against[h, c], along_link[k, c] + against[k, c]
            own_h, other_h, plus_h, own_k, other_k, plus_k = outlet_terms(
                mode[x, c], shares[0][x, c], shares[1][x, c], shares[2][x, c], rate_h, rate_k
            )
            down_h, down_k = 1 if ahead_h else 0, 1 if ahead_k else 0
            if rate_h > 0.0:
                n = end[h] if ahead_h else start[h]
                gain = rate_h * through[h, c] * alive[n, c]
                matrix[forward[h] if ahead_h else backward[h], c] += gain * own_h
                matrix[across_hot[x, down_h, 1 - down_k], c] += gain * other_h
                right[n, c] += gain * plus_h
            if rate_k > 0.0:
                n = end[k] if ahead_k else start[k]
                gain = rate_k * through[k, c] * alive[n, c]
                matrix[forward[k] if ahead_k else backward[k], c] += gain * own_k
                matrix[across_cold[x, down_k, 1 - down_h], c] += gain * other_k
                right[n, c] += gain * plus_k
    for k in range(taken.size):
        x, e = hot.size + k, taken[k]
        for c in range(LANES):
            rate = along_link[e, c] + against[e, c]
            ahead = against[e, c] == 0.0
            n = end[e] if ahead else start[e]
            gain = rate * through[e, c] * alive[n, c]
            if mode[x, c] == AT_FLOOR:
                right[n, c] += gain * shares[2][x, c]
                continue
            matrix[forward[e] if ahead else backward[e], c] += gain
            if mode[x, c] == TAKING:
                right[n, c] -= gain * shares[0][x, c]


@njit(**OPTIONS)
def eliminate(
    plan: Any, reach: Any, matrix: Any, right: Any, inverse: Any, temperature: Any
) -> None:  # pragma: no cover
    """Solve ``(reach - W) T = right``; ``matrix`` and ``right`` are used up."""
    order, first, neighbour, above, below = plan[4], plan[5], plan[6], plan[7], plan[8]
    pair_first, pair = plan[9], plan[10]
    share = np.empty(LANES)
    for k in range(order.size):
        v = order[k]
        for c in range(LANES):
            inverse[v, c] = 1.0 / (reach[v, c] - matrix[v, c])
        p = pair_first[k]
        for i in range(first[k], first[k + 1]):
            n, low = neighbour[i], below[i]
            for c in range(LANES):
                share[c] = matrix[low, c] * inverse[v, c]
            for c in range(LANES):
                right[n, c] += share[c] * right[v, c]
            for j in range(first[k], first[k + 1]):
                up, into = above[j], pair[p]
                p += np.uint32(1)
                for c in range(LANES):
                    matrix[into, c] += share[c] * matrix[up, c]
    for back in range(order.size):
        k = order.size - 1 - back
        v = order[k]
        for c in range(LANES):
            share[c] = right[v, c]
        for i in range(first[k], first[k + 1]):
            n, up = neighbour[i], above[i]
            for c in range(LANES):
                share[c] += matrix[up, c] * temperature[n, c]
        for c in range(LANES):
            temperature[v, c] = share[c] * inverse[v, c]


@njit(**OPTIONS)
def change_modes(links: Any, state: Any, settled: Any) -> None:  # pragma: no cover
    """As ``modes._exchanging`` and ``modes._taking``; a scenario is settled where nothing changes.

    Machines whose water has no equation keep their mode.
    """
    start, end, hot, cold, taken = links[0], links[1], links[2], links[3], links[4]
    shares, mode, temperature, alive, against = state[1], state[2], state[3], state[9], state[0][1]
    settled[:] = True
    for x in range(hot.size + taken.size):
        e = hot[x] if x < hot.size else taken[x - hot.size]
        k = cold[x] if x < hot.size else e
        for c in range(LANES):
            n = start[e] if against[e, c] == 0.0 else end[e]
            m = start[k] if against[k, c] == 0.0 else end[k]
            # without set point, without one of the flows or without use there is nothing to choose
            if shares[2][x, c] == -np.inf or shares[0][x, c] < 0.0 or alive[n, c] * alive[m, c] == 0.0:
                continue
            if x < hot.size:
                wanted = _exchanging(
                    temperature[n, c], temperature[m, c], shares[0][x, c], shares[2][x, c], mode[x, c]
                )
            else:
                wanted = _taking(temperature[n, c], shares[0][x, c], shares[2][x, c], mode[x, c])
            if wanted != mode[x, c]:
                mode[x, c], settled[c] = wanted, False


@njit(**OPTIONS)
def _exchanging(
    hot_in: float, cold_in: float, share: float, held: float, mode: int
) -> int:  # pragma: no cover
    reach = hot_in - share * (hot_in - cold_in)
    slack = 1e-9 * (1.0 + abs(held) + abs(hot_in))
    wanted = LIMITED if reach > held + slack else CONTROLLED
    if hot_in < held - slack or (hot_in < cold_in - slack and wanted == LIMITED):
        wanted = IDLE
    if abs(reach - held) <= slack and wanted != IDLE and mode != IDLE:
        wanted = mode
    if abs(hot_in - held) <= slack and mode == IDLE:
        wanted = IDLE
    if abs(hot_in - cold_in) <= slack and hot_in > held and mode != CONTROLLED:
        wanted = mode
    return wanted


@njit(**OPTIONS)
def _taking(entering: float, full: float, floor: float, mode: int) -> int:  # pragma: no cover
    above = entering - floor
    slack = 1e-9 * (1.0 + abs(floor) + abs(above))
    if abs(above) <= slack and mode != TAKING:
        return mode
    if abs(above - full) <= slack and mode != IDLE:
        return mode
    return TAKING if above > full else (IDLE if above < 0.0 else AT_FLOOR)

"""Temperatures of many scenarios by compiled code: LANES scenarios side by side, one elimination for each pass.

The equations, modes and limits are those of ``heat_case``, ``mixing`` and ``modes``, which stay the reference.
Scenarios whose modes do not settle at once, or where heat meets no sink, are marked as hard and left to them.

All tables are (rows, LANES).  Loops over lanes hold one simple statement each, so that the compiler turns them
into vector instructions.  numba's cache does not notice changes of functions in other files: after editing
``heat_report``, delete ``__pycache__``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .heat_case import INFLOW, STILL
from .heat_report import FAST, LANES, OPTIONS, along, exchange_shares, outlet_terms, report
from .mixing import AT_FLOOR, CONTROLLED, IDLE, LIMITED, TAKING

Table = NDArray[Any]


@njit(cache=True, **FAST)
def solve_rows(
    scenarios: int, plan: Any, links: Any, given: Any, answer: Any, limit: int
) -> int:  # pragma: no cover
    """Fill the arrays of ``answer``; returns the largest number of passes that any scenario took.

    Parameters
    ----------
    plan : forward, backward, across_hot, across_cold, order, first, neighbour, above, below, pair_first, pair,
        touching_first, touching, rows of an elimination table, its rows that are not fill.
    links : start, end, hot, cold, taken, heat capacity, and whether a link is none of hot, cold and taken.
    given : the varied arrays in the order of ``heat_arrays.VARIED``, of one row or one for each scenario.
    answer : (S, columns) arrays in the order of ``heat_run.ANSWER``.
    """
    nodes, count = plan[4].size, links[0].size
    machines = links[2].size + links[4].size
    flows = (
        np.empty((count, LANES)),
        np.empty((count, LANES)),
        np.empty((count, LANES)),
        np.empty((count, LANES)),
    )
    shares = (np.empty((machines, LANES)), np.empty((machines, LANES)), np.empty((machines, LANES)))
    mode = np.empty((machines, LANES), np.int64)
    fed, leaving, inflow = np.empty((nodes, LANES)), np.empty((nodes, LANES)), np.empty((nodes, LANES))
    load, right, inverse = np.empty((nodes, LANES)), np.empty((nodes, LANES)), np.empty((nodes, LANES))
    temperature = np.empty((nodes, LANES))
    base, matrix = np.zeros((plan[14], LANES)), np.zeros((plan[13], LANES))
    settled = np.zeros(LANES, np.bool_)
    scratch = (np.empty(count), np.empty(nodes), np.empty(nodes, np.uint32), np.empty(nodes, np.bool_))
    row = np.empty(LANES, np.int64)
    most = 0
    for begin in range(0, scenarios, LANES):
        for c in range(LANES):
            row[c] = min(begin + c, scenarios - 1)
        _set_up(row, links, given, flows)
        _set_up_machines(row, links, given, flows, shares, mode)
        _assemble(row, plan, links, given, flows, fed, leaving, inflow, load, base)
        for passes in range(1, limit + 1):
            most = max(most, passes)
            matrix[: plan[14]] = base
            matrix[plan[14] :] = 0.0
            right[:] = load
            _add_machines(plan, links, flows, shares, mode, matrix, right)
            _eliminate(plan, fed, matrix, right, inverse, temperature)
            if machines == 0:
                settled[:] = True
                break
            _change_modes(links, flows, shares, mode, temperature, settled)
            if settled.all():
                break
        for c in range(min(LANES, scenarios - begin)):
            state = (flows, shares, mode, temperature, fed, leaving, inflow)
            report(c, row[c], settled[c], plan, links, given, state, scratch, answer)
    return most


@njit(**OPTIONS)
def _set_up(row: Any, links: Any, given: Any, flows: Any) -> None:  # pragma: no cover
    """Capacity rates along and against each link, share of the inlet that passes, and what is added to it."""
    flow, heat, leak, ambient, outlet, fixed = given[0], given[1], given[2], given[3], given[4], given[5]
    specific = links[5]
    along_link, against, through, added = flows
    still = np.zeros(LANES)
    for c in range(LANES):
        s = row[c] if flow.shape[0] > 1 else 0
        largest = 0.0
        for e in range(specific.size):
            largest = max(largest, abs(flow[s, e]))
        still[c] = STILL * largest
    for e in range(specific.size):
        for c in range(LANES):
            s = row[c]
            q = flow[s if flow.shape[0] > 1 else 0, e]
            rate = abs(q) * specific[e] if abs(q) > still[c] else 0.0
            along_link[e, c] = rate if q >= 0.0 else 0.0
            against[e, c] = rate if q < 0.0 else 0.0
            kept, natural = along(
                rate,
                leak[s if leak.shape[0] > 1 else 0, e],
                heat[s if heat.shape[0] > 1 else 0, e],
                ambient[s if ambient.shape[0] > 1 else 0, 0],
            )
            pinned = rate > 0.0 and fixed[s if fixed.shape[0] > 1 else 0, e]
            through[e, c] = 0.0 if pinned else kept
            added[e, c] = outlet[s if outlet.shape[0] > 1 else 0, e] if pinned else natural


@njit(**OPTIONS)
def _set_up_machines(
    row: Any, links: Any, given: Any, flows: Any, shares: Any, mode: Any
) -> None:  # pragma: no cover
    """Shares of exchangers (hot, cold) and their set points; full fall of extractions, nothing, and floors."""
    hot, cold, taken = links[2], links[3], links[4]
    conductance, setpoint, wanted, floor = given[8], given[9], given[10], given[11]
    along_link, against = flows[0], flows[1]
    first, second, target = shares
    for x in range(hot.size):
        for c in range(LANES):
            s = row[c]
            hot_rate = along_link[hot[x], c] + against[hot[x], c]
            cold_rate = along_link[cold[x], c] + against[cold[x], c]
            first[x, c], second[x, c] = exchange_shares(
                hot_rate, cold_rate, conductance[s if conductance.shape[0] > 1 else 0, x]
            )
            target[x, c] = setpoint[s if setpoint.shape[0] > 1 else 0, x]
            coupled = hot_rate > 0.0 and cold_rate > 0.0
            mode[x, c] = (CONTROLLED if target[x, c] > -np.inf else LIMITED) if coupled else IDLE
    for k in range(taken.size):
        x = hot.size + k
        for c in range(LANES):
            s = row[c]
            rate = along_link[taken[k], c] + against[taken[k], c]
            first[x, c] = wanted[s if wanted.shape[0] > 1 else 0, k] / rate if rate > 0.0 else 0.0
            second[x, c] = 0.0
            target[x, c] = floor[s if floor.shape[0] > 1 else 0, k]
            mode[x, c] = AT_FLOOR if first[x, c] > 0.0 else IDLE


@njit(**OPTIONS)
def _assemble(
    row: Any, plan: Any, links: Any, given: Any, flows: Any,
    fed: Any, leaving: Any, inflow: Any, load: Any, base: Any,
) -> None:  # pragma: no cover  # fmt: skip
    """What does not depend on modes: rates that reach and leave the nodes, loads, entries of plain links."""
    start, end, plain = links[0], links[1], links[6]
    forward, backward = plan[0], plan[1]
    along_link, against, through, added = flows
    fed[:], leaving[:], load[:], base[:] = 0.0, 0.0, 0.0, 0.0
    most = np.zeros(LANES)
    for e in range(start.size):
        a, z = start[e], end[e]
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
        if plain[e]:
            f, b = forward[e], backward[e]
            for c in range(LANES):
                base[f, c] += along_link[e, c] * through[e, c]
            for c in range(LANES):
                base[b, c] += against[e, c] * through[e, c]
    entering, initial = given[6], given[7]
    for n in range(fed.shape[0]):
        for c in range(LANES):
            excess = leaving[n, c] - fed[n, c]
            inflow[n, c] = excess if excess > INFLOW * most[c] else 0.0
            fed[n, c] += inflow[n, c]
            if fed[n, c] > 0.0:
                load[n, c] += inflow[n, c] * entering[row[c] if entering.shape[0] > 1 else 0, n]
            else:
                load[n, c] = initial[row[c] if initial.shape[0] > 1 else 0, n]


@njit(**OPTIONS)
def _add_machines(
    plan: Any, links: Any, flows: Any, shares: Any, mode: Any, matrix: Any, right: Any
) -> None:  # pragma: no cover
    """Entries and loads of exchangers and extractions in their modes."""
    start, end, hot, cold, taken = links[0], links[1], links[2], links[3], links[4]
    forward, backward, across_hot, across_cold = plan[0], plan[1], plan[2], plan[3]
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
                gain = rate_h * through[h, c]
                matrix[forward[h] if ahead_h else backward[h], c] += gain * own_h
                matrix[across_hot[x, down_h, 1 - down_k], c] += gain * other_h
                right[end[h] if ahead_h else start[h], c] += gain * plus_h
            if rate_k > 0.0:
                gain = rate_k * through[k, c]
                matrix[forward[k] if ahead_k else backward[k], c] += gain * own_k
                matrix[across_cold[x, down_k, 1 - down_h], c] += gain * other_k
                right[end[k] if ahead_k else start[k], c] += gain * plus_k
    for k in range(taken.size):
        x, e = hot.size + k, taken[k]
        for c in range(LANES):
            rate = along_link[e, c] + against[e, c]
            ahead = against[e, c] == 0.0
            gain = rate * through[e, c]
            if mode[x, c] == AT_FLOOR:
                right[end[e] if ahead else start[e], c] += gain * shares[2][x, c]
                continue
            matrix[forward[e] if ahead else backward[e], c] += gain
            if mode[x, c] == TAKING:
                right[end[e] if ahead else start[e], c] -= gain * shares[0][x, c]


@njit(**OPTIONS)
def _eliminate(
    plan: Any, fed: Any, matrix: Any, right: Any, inverse: Any, temperature: Any
) -> None:  # pragma: no cover
    """Solve ``(fed - W) T = right``; ``matrix`` and ``right`` are used up."""
    order, first, neighbour, above, below = plan[4], plan[5], plan[6], plan[7], plan[8]
    pair_first, pair = plan[9], plan[10]
    share = np.empty(LANES)
    for k in range(order.size):
        v = order[k]
        for c in range(LANES):
            reach = fed[v, c] if fed[v, c] > 0.0 else 1.0
            inverse[v, c] = 1.0 / (reach - matrix[v, c])
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
def _change_modes(
    links: Any, flows: Any, shares: Any, mode: Any, temperature: Any, settled: Any
) -> None:  # pragma: no cover
    """As ``modes._exchanging`` and ``modes._taking``; a scenario is settled where nothing changes."""
    start, end, hot, cold, taken = links[0], links[1], links[2], links[3], links[4]
    against = flows[1]
    settled[:] = True
    for x in range(hot.size):
        h, k = hot[x], cold[x]
        for c in range(LANES):
            # without set point or without one of the flows there is nothing to choose
            if shares[2][x, c] == -np.inf or shares[0][x, c] < 0.0:
                continue
            hot_in = temperature[start[h] if against[h, c] == 0.0 else end[h], c]
            cold_in = temperature[start[k] if against[k, c] == 0.0 else end[k], c]
            wanted = _exchanging(hot_in, cold_in, shares[0][x, c], shares[2][x, c], mode[x, c])
            if wanted != mode[x, c]:
                mode[x, c], settled[c] = wanted, False
    for k in range(taken.size):
        x, e = hot.size + k, taken[k]
        for c in range(LANES):
            if shares[0][x, c] > 0.0:
                entering = temperature[start[e] if against[e, c] == 0.0 else end[e], c]
                wanted = _taking(entering, shares[0][x, c], shares[2][x, c], mode[x, c])
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

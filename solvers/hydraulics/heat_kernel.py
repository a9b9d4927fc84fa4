"""Temperatures of many scenarios by compiled code: LANES scenarios side by side, one elimination for each pass.

The equations, modes and limits are those of ``heat_case``, ``mixing`` and ``modes``, which stay the reference.
A first call takes the modes that settle at once; where they do not, or where heat meets no sink, a second one
warms the network up.

All tables are (rows, LANES).  Loops over lanes hold one simple statement each, so that the compiler turns them
into vector instructions.  numba's cache does not notice changes of functions in other files: after editing
``heat_steps``, ``heat_tie`` or ``heat_report``, delete ``__pycache__``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from .heat_case import STILL
from .heat_report import BLOCK, along, exchange_shares, report
from .heat_steps import FAST, LANES, OPTIONS, add_machines, assemble, change_modes, eliminate, link_entries
from .heat_tie import tie
from .mixing import AT_FLOOR, CONTROLLED, IDLE, LIMITED
from .modes import LONG, QUICK, RUNAWAY


@njit(cache=True, **FAST)
def solve_rows(
    rows: Any, plan: Any, links: Any, given: Any, answer: Any, limit: int, slow: bool
) -> int:  # pragma: no cover
    """Fill some rows of the arrays of ``answer``; returns the most passes that any of them took.

    Parameters
    ----------
    rows : scenarios to solve.
    plan : forward, backward, across_hot, across_cold, order, first, neighbour, above, below, pair_first, pair,
        touching_first, touching, rows of an elimination table, its rows that are not fill.
    links : start, end, hot, cold, taken, heat capacity, whether a link is none of hot, cold and taken, and its
        machine: exchangers count from 0, extractions follow.
    given : the varied arrays in the order of ``heat_arrays.VARIED``, of one row or one for each scenario.
    answer : (S, columns) arrays in the order of ``heat_run.ANSWER``.
    limit : passes, or with ``slow`` steps of the warm-up.
    slow : warm the network up, and leave nodes that nothing ties at their initial temperature.
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
    temperature, start, load = np.empty((nodes, LANES)), np.empty((nodes, LANES)), np.empty((nodes, LANES))
    alive, tied = np.ones((nodes, LANES)), np.zeros(nodes, np.uint8)
    runaway = np.zeros((nodes, LANES), np.bool_)
    system = (
        np.zeros((plan[14], LANES)), np.zeros((plan[13], LANES)), load, np.empty((nodes, LANES)),
        np.empty((nodes, LANES)), np.empty((nodes, LANES)),
    )  # fmt: skip
    state = (flows, shares, mode, temperature, fed, leaving, inflow, tied, runaway, alive, start)
    settled = np.zeros(LANES, np.bool_)
    scratch = (np.empty((count, LANES)), np.empty((nodes, LANES)), np.empty((8, LANES)))
    bits = (
        np.empty(count, np.uint8),
        np.empty(count, np.uint8),
        np.empty(count, np.uint16),
        np.empty(count, np.uint8),
    )
    waiting = np.empty(2 * nodes, np.int64)
    row = np.empty(LANES, np.int64)
    most = 0
    for begin in range(0, rows.size, LANES):
        for c in range(LANES):
            row[c] = rows[min(begin + c, rows.size - 1)]
        _set_up(row, links, given, flows)
        _set_up_machines(row, links, given, flows, shares, mode)
        assemble(row, links, given, flows, fed, leaving, inflow, load, start)
        alive[:] = 1.0
        link_entries(plan, links, flows, alive, system[0])
        if slow:
            passes = _warm_up(plan, links, state, system, settled, limit)
            passes += _settle(plan, links, state, system, bits, waiting, settled)
        else:
            passes = _iterate(plan, links, state, system, settled, limit)
            tie(plan, links, state, bits, waiting, settled)
        most = max(most, passes)
        report(row, min(LANES, rows.size - begin), settled, links, given, state, scratch, answer)
    return most


@njit(**OPTIONS)
def _iterate(
    plan: Any, links: Any, state: Any, system: Any, settled: Any, limit: int
) -> int:  # pragma: no cover
    """Change modes until none does; a matrix that nothing ties leaves a number that is none, or a loose node."""
    for passes in range(1, limit + 1):
        _solve(plan, links, state, system, np.zeros(LANES), state[3])
        change_modes(links, state, settled)
        if settled.all():
            return passes
    return limit


@njit(**OPTIONS)
def _warm_up(
    plan: Any, links: Any, state: Any, system: Any, settled: Any, limit: int
) -> int:  # pragma: no cover
    """As ``modes._warm_up``; a scenario that has arrived waits for its neighbours without further steps."""
    mode, temperature, runaway, start = state[2], state[3], state[8], state[10]
    before, modes = start.copy(), mode.copy()
    inertia = np.ones(LANES)
    passes = 0
    for _ in range(limit):
        for _ in range(QUICK):
            passes += 1
            _solve(plan, links, state, system, inertia, before)
            change_modes(links, state, settled)
            if settled.all():
                break
        waiting = False
        for c in range(LANES):
            if inertia[c] < LONG or not settled[c]:
                mode[:, c] = modes[:, c]
            else:
                modes[:, c] = mode[:, c]
                before[:, c] = temperature[:, c]
            if inertia[c] >= LONG:
                inertia[c] *= 1.0 / 16.0 if settled[c] else 4.0
                waiting |= inertia[c] >= LONG
        if not waiting:
            break
    for n in range(runaway.shape[0]):
        for c in range(LANES):
            runaway[n, c] = abs(before[n, c]) > RUNAWAY
    return passes


@njit(**OPTIONS)
def _settle(
    plan: Any, links: Any, state: Any, system: Any, bits: Any, waiting: Any, settled: Any
) -> int:  # pragma: no cover
    """The last passes without storage: what nothing ties keeps its initial temperature and its machines' modes."""
    fed, tied, alive = state[4], state[7], state[9]
    loose = np.zeros(LANES, np.bool_)  # what has no sink may be settled all the same
    for passes in range(1, QUICK + 2):
        tie(plan, links, state, bits, waiting, loose)
        for n in range(alive.shape[0]):
            for c in range(LANES):
                alive[n, c] = 1.0 if (tied[n] >> c) & 1 and fed[n, c] > 0.0 else 0.0
        link_entries(plan, links, state[0], alive, system[0])
        _solve(plan, links, state, system, np.zeros(LANES), state[3])
        if passes > QUICK:
            break
        change_modes(links, state, settled)
        if settled.all():
            return passes
    return QUICK + 1


@njit(**OPTIONS)
def _solve(
    plan: Any, links: Any, state: Any, system: Any, inertia: Any, before: Any
) -> None:  # pragma: no cover
    """Temperatures for the modes; ``inertia`` is storage over time step and flow, acting from ``before``."""
    base, matrix, load, reach, right, inverse = system
    temperature, fed, alive, start = state[3], state[4], state[9], state[10]
    matrix[: plan[14]] = base
    matrix[plan[14] :] = 0.0
    right[:] = load
    add_machines(plan, links, state, matrix, right)
    for n in range(fed.shape[0]):
        for c in range(LANES):
            if alive[n, c] > 0.0 and fed[n, c] > 0.0:
                reach[n, c] = fed[n, c] * (1.0 + inertia[c])
                right[n, c] += fed[n, c] * inertia[c] * before[n, c] if inertia[c] > 0.0 else 0.0
            else:
                reach[n, c] = 1.0
                right[n, c] = start[n, c]
    eliminate(plan, reach, matrix, right, inverse, temperature)


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
    for first in range(0, specific.size, BLOCK):
        for c in range(LANES):
            s = row[c]
            flow_row, heat_row = s if flow.shape[0] > 1 else 0, s if heat.shape[0] > 1 else 0
            leak_row, fixed_row = s if leak.shape[0] > 1 else 0, s if fixed.shape[0] > 1 else 0
            outlet_row, air = s if outlet.shape[0] > 1 else 0, ambient[s if ambient.shape[0] > 1 else 0, 0]
            for e in range(first, min(first + BLOCK, specific.size)):
                q = flow[flow_row, e]
                rate = abs(q) * specific[e] if abs(q) > still[c] else 0.0
                along_link[e, c] = rate if q >= 0.0 else 0.0
                against[e, c] = rate if q < 0.0 else 0.0
                kept, natural = along(rate, leak[leak_row, e], heat[heat_row, e], air)
                pinned = rate > 0.0 and fixed[fixed_row, e]
                through[e, c] = 0.0 if pinned else kept
                added[e, c] = outlet[outlet_row, e] if pinned else natural


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
            full = wanted[s if wanted.shape[0] > 1 else 0, k] / rate if rate > 0.0 else 0.0
            first[x, c] = full if full > 0.0 else -1.0
            second[x, c] = 0.0
            target[x, c] = floor[s if floor.shape[0] > 1 else 0, k]
            mode[x, c] = AT_FLOOR if full > 0.0 else IDLE

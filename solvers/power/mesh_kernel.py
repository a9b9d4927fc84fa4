"""Compiled current-injection iteration on one LDL^T, LANES scenarios at a time, one tour per iteration.

Table X has for every free point: slots 0, 1 the change x of the voltage against no load, slots 2, 3 sums.  An
iteration solves L D L^T x = -conj(S / V).  Entering a point gives its x (backward substitution) and begins its sum
for the next iteration with the injection at the new voltage; leaving it hands the sum on (forward substitution).
So one walk over X does the second half of an iteration and the first half of the next.  S has the demands, C and T
the parts of those that depend on voltage, M what is largest, W the point at hand.

Branches taken out of the base act between two tours (``mesh_branches.py``), changed shunts where the tour enters
their points.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from solvers.power.lanes import INNER, LANES
from solvers.power.mesh_block import bend_held, bend_terms, draw, fill, freeze, warm
from solvers.power.mesh_branches import at_point, correct, gains_of, ways_of
from solvers.power.mesh_steps import (
    back,
    bend,
    beside,
    clear,
    enter,
    enter_loaded,
    inject,
    miss_idle,
    miss_loaded,
    own,
    push,
    rest,
    scale,
    settle,
    settle_bent,
    settle_loaded,
    visit,
)
from solvers.power.mesh_tour import (
    BACK,
    ENTER,
    ENTER_LOADED,
    PUSH,
    SCALE,
    SETTLE,
    SETTLE_BENT,
    SETTLE_LOADED,
    VISIT,
)

CONVERGED, MAX_ITERATIONS, DIVERGED = 0, 1, 2
"""The first three of :data:`solvers.power.flow.ENDINGS`."""


@njit(**INNER)
def _walk(ops, values, no_load, tables, first, stop):  # type: ignore[no-untyped-def]
    """Steps ``first`` to ``stop`` of an iteration."""
    X, S, C, T, M, _ = tables
    for k in range(first, stop):
        code, j, p, s = ops[k, 0], ops[k, 1], ops[k, 2], ops[k, 3]
        dr, di, lr, li = values[k, 0], values[k, 1], values[k, 2], values[k, 3]
        if code == VISIT:
            visit(X, S, M, j, p, s, dr, di, lr, li, no_load[j, 0], no_load[j, 1])
        elif code == ENTER:
            enter(X, j, p, dr, di, lr, li)
        elif code == PUSH:
            push(X, j, p, lr, li)
        elif code == ENTER_LOADED:
            enter_loaded(X, S, M, j, p, s, dr, di, lr, li, no_load[j, 0], no_load[j, 1])
        elif code == SCALE:
            scale(X, j, dr, di)
        elif code == BACK:
            back(X, j, p, lr, li)
        elif code == SETTLE:
            settle(X, j)
        elif code == SETTLE_LOADED:
            settle_loaded(X, S, M, j, s, no_load[j, 0], no_load[j, 1])
        else:
            settle_bent(X, S, C, T, M, j, p, s, no_load[j, 0], no_load[j, 1])


@njit(**INNER)
def _begin(ops, values, no_load, tables, first, stop, cold):  # type: ignore[no-untyped-def]
    """The same before the first iteration, which keeps the voltages: those without load, or given ones."""
    X, S, C, T, _, _ = tables
    for k in range(first, stop):
        code, j, p, s = ops[k, 0], ops[k, 1], ops[k, 2], ops[k, 3]
        if code == PUSH:
            push(X, j, p, values[k, 2], values[k, 3])
        elif code not in (SCALE, BACK):
            if cold:
                rest(X, j)
            if code in (ENTER, SETTLE):
                clear(X, j)
                continue
            if code == SETTLE_BENT:
                bend(X, S, C, T, j, p, s, no_load[j, 0], no_load[j, 1])
            inject(X, S, j, s, no_load[j, 0], no_load[j, 1])
            if code == VISIT:
                push(X, j, p, values[k, 2], values[k, 3])


@njit(**INNER)
def _round(net, tour, changes, events, tables, stage, beginning, cold):  # type: ignore[no-untyped-def]
    """All steps of a stage, with the changed shunts where they are due."""
    mark, after, lane, what, points = events
    X, start, last, number = tables[0], tour.start[stage], tour.start[stage + 1], 0
    while True:
        while number < points.size and points[number] >= net.stage[stage + 1]:
            number += 1
        due = number < points.size and points[number] >= net.stage[stage]
        stop = tour.enter[points[number]] + 1 if due else last
        if beginning:
            _begin(tour.ops, tour.values, tour.no_load, tables, start, stop, cold)
        else:
            _walk(tour.ops, tour.values, tour.no_load, tables, start, stop)
        if not due:
            return
        j, k, event = points[number], stop - 1, mark[points[number]]
        while event >= 0:
            if what[event] < 0:
                w = lane[event]
                current = -changes.shunt[-1 - what[event]] * at_point(net, X, j, w)
                X[j, 2, w] += current.real
                X[j, 3, w] += current.imag
                if tour.ops[k, 0] == VISIT:  # has left already
                    passed = complex(tour.values[k, 2], tour.values[k, 3]) * current
                    X[tour.ops[k, 2], 2, w] -= passed.real
                    X[tour.ops[k, 2], 3, w] -= passed.imag
            event = after[event]
        start, number = stop, number + 1


@njit(**INNER)
def _events(net, changes, row, count, mark):  # type: ignore[no-untyped-def]
    """Changed branches and shunts by point: ``mark`` has the first event of a point, ``after`` the next one;
    ``what`` is a branch or -1 - shunt; ``points`` are those with shunts, as the tour enters them."""
    m, shunts = net.inverse.size, changes.shunt_start[row + count] - changes.shunt_start[row]
    size = 2 * (changes.start[row + count] - changes.start[row]) + shunts
    after, lane, what = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    points = np.empty(shunts, np.int64)
    number = 0
    for w in range(count):
        for turn in range(3):
            of = changes.shunt_start if turn == 0 else changes.start
            for c in range(of[row + w], of[row + w + 1]):
                j = changes.shunt_point[c] if turn == 0 else changes.tail[c] if turn == 1 else changes.head[c]
                if j < m:
                    after[number], mark[j] = mark[j], number
                    lane[number], what[number] = w, -1 - c if turn == 0 else c
                    number += 1
    found = 0
    if shunts:
        for j in range(m - 1, -1, -1):
            event = mark[j]
            while event >= 0 and what[event] >= 0:
                event = after[event]
            if event >= 0:
                points[found] = j
                found += 1
    return mark, after, lane, what, points[:found]


@njit(**INNER)
def _unmark(net, changes, row, count, mark):  # type: ignore[no-untyped-def]
    m = net.inverse.size
    for c in range(changes.start[row], changes.start[row + count]):
        for j in (changes.tail[c], changes.head[c]):
            if j < m:
                mark[j] = -1
    for h in range(changes.shunt_start[row], changes.shunt_start[row + count]):
        if changes.shunt_point[h] < m:
            mark[changes.shunt_point[h]] = -1


@njit(**INNER)
def _verify(net, changes, events, first, stop, tables):  # type: ignore[no-untyped-def]
    """M = square of the largest mismatch of the free points of a stage."""
    X, S, _, _, M, W = tables
    mark, after, lane, what, _ = events
    start, column, value, diagonal = net.link_start, net.link_column, net.link_value, net.diagonal
    for j in range(first, stop):
        own(X, W, j, diagonal[j].real, diagonal[j].imag)
        for k in range(start[j], start[j + 1]):
            beside(X, W, column[k], value[k].real, value[k].imag)
        event = mark[j]
        while event >= 0:
            c, w = what[event], lane[event]
            if c < 0:
                more = changes.shunt[-1 - c] * at_point(net, X, j, w)
            else:
                a, b = changes.tail[c], changes.head[c]
                drop = changes.near[c] * at_point(net, X, a, w) - changes.far[c] * at_point(net, X, b, w)
                drop *= changes.admittance[c]
                more = 0j
                if a == j:
                    more -= changes.near[c] * drop
                if b == j:
                    more += changes.far[c] * drop
                if a == b:  # is there twice
                    more *= 0.5
            W[0, 0, w] += more.real
            W[0, 1, w] += more.imag
            event = after[event]
        s = net.slot[j]
        if s >= 0:
            miss_loaded(X, S, M, W, j, s, net.no_load[j].real, net.no_load[j].imag)
        else:
            miss_idle(X, M, W, j, net.no_load[j].real, net.no_load[j].imag)


@njit(**INNER)
def _solve_stage(net, tour, changes, batch, row, rows, stage, tables, ways, gains, events, answer):  # type: ignore[no-untyped-def]
    """Iterate one stage of a block until all its lanes are settled; returns the iterations."""
    X, M, W = tables[0], tables[4], tables[5]
    out, residual, ending = answer
    first, stop = net.stage[stage], net.stage[stage + 1]
    count = rows.size
    pending, done = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    left = 0
    for w in range(count):
        pending[w] = ending[rows[w]] == CONVERGED
        left += pending[w]
    flags = np.array([True, False])  # not as constants, which would be compiled apart
    _round(net, tour, changes, events, tables, stage, flags[0], batch.start.size == 0)
    turn = 0
    while turn < batch.limit and left:
        turn += 1
        for w in range(count):
            if changes.start[row + w] < changes.start[row + w + 1]:
                correct(net, changes, row, w, first, stop, X, ways, gains)
        for w in range(LANES):
            M[0, 0, w] = 0.0
        _round(net, tour, changes, events, tables, stage, flags[1], flags[1])
        hopeful = turn == batch.limit
        for w in range(count):
            hopeful |= pending[w] and M[0, 0, w] <= max(batch.tolerance[rows[w]], batch.rounding)
        if not hopeful:
            continue
        for w in range(LANES):
            M[0, 0, w] = 0.0
        _verify(net, changes, events, first, stop, tables)
        before = left
        for w in range(count):
            miss = np.sqrt(M[0, 0, w])
            done[w] = pending[w] and miss <= max(batch.tolerance[rows[w]], batch.rounding)
            if done[w]:
                pending[w] = False
                left -= 1
                residual[rows[w]] = max(residual[rows[w]], miss)
        if left < before:
            freeze(net, stage, rows, X, W, done, out)
    for w in range(count):
        if pending[w]:
            finite = np.isfinite(M[0, 0, w])
            ending[rows[w]] = MAX_ITERATIONS if finite else DIVERGED
            residual[rows[w]] = np.sqrt(M[0, 0, w]) if finite else 0.0
    return turn


@njit(cache=True, error_model="numpy")
def iterate(net, tour, changes, batch, order, tables, out, residual, ending):  # type: ignore[no-untyped-def]
    """Solve n scenarios of a :class:`solvers.power.mesh_plain.Batch`; returns the most iterations one took.

    Parameters
    ----------
    changes : in ``order``.
    order : (n,) scenarios, neighbours side by side.
    tables : X, S, C, T, M, W: working memory.
    out : (n, B) complex voltages, written; so are residual (n,) and ending (n,).
    """
    X, S, C, T, _, _ = tables
    n, m, bends = batch.tolerance.size, net.inverse.size, batch.bends.size
    bent = np.empty((bends + 1, 2, LANES))
    mark, dense = np.full(m, -1), np.zeros(m, np.complex128)
    most = 0
    for row in range(0, n, LANES):
        rows = order[row : min(row + LANES, n)]
        count = rows.size
        fill(S, batch.cord_power, rows, batch.cord_slot, batch.parts[0])
        if bends:
            fill(C, batch.cord_power, rows, batch.cord_slot, batch.parts[0])
            bend_terms(batch, rows, bent, T)
        if batch.start.size:
            warm(net, batch.start, rows, X)
        ways = ways_of(net, changes, changes.start[row], changes.start[row + count], dense)
        gains = gains_of(net, changes, row, count, ways[0], ways[1], ways[2], ways[3], dense)
        events = _events(net, changes, row, count, mark)
        for stage in range(net.stage.size - 1):
            turn = _solve_stage(
                net,
                tour,
                changes,
                batch,
                row,
                rows,
                stage,
                tables,
                ways,
                gains,
                events,
                (out, residual, ending),
            )
            most = max(most, turn)
            bend_held(net, batch, tables)
            for w in range(count):
                if ending[rows[w]] == CONVERGED:
                    draw(net, changes, row, w, stage, batch.unit_share[rows[w]], out[rows[w]], S, C)
        _unmark(net, changes, row, count, mark)
    return most

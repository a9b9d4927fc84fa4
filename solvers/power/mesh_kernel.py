"""Compiled current-injection iteration on one LDL^T, LANES scenarios at a time.

Table X has for every free point: slots 0, 1 the change x of the voltage against no load, slots 2, 3 work.  An
iteration solves L D L^T x = -conj(S / V): forward by rows of L, so that a point's injection and its sum are
written once, then backward by columns.  A branch taken out of the base adds y (e^T V) e to the right side; with
w = L^-1 e, which has entries only on the way from the branch to the end of the elimination, that is a small
change of the forward result (Woodbury's formula without a dense vector).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from solvers.power.lanes import LANES
from solvers.power.mesh_steps import (
    back,
    back_one,
    back_one_loaded,
    clear,
    inject,
    miss_idle,
    miss_loaded,
    own,
    pull,
    pull_one,
    pull_two,
    scale,
    settle,
    settle_loaded,
)

CONVERGED, MAX_ITERATIONS, DIVERGED = 0, 1, 2
"""The first three of :data:`solvers.power.flow.ENDINGS`."""


@njit(cache=True, error_model="numpy")
def _forward(net, first, stop, X, S, extra, E):  # type: ignore[no-untyped-def]
    """L z = injections, of one stage."""
    for j in range(first, stop):
        a, b, s = net.row_start[j], net.row_start[j + 1], net.slot[j]
        value, column = net.row_value, net.row_column
        if s >= 0:
            inject(X, S, j, s, net.no_load[j].real, net.no_load[j].imag)
        elif b == a + 1:
            pull_one(X, j, column[a], value[a].real, value[a].imag)
            a = b
        elif b == a + 2:
            pull_two(
                X, j, column[a], column[a + 1],
                value[a].real, value[a].imag, value[a + 1].real, value[a + 1].imag,
            )  # fmt: skip
            a = b
        else:
            clear(X, j)
        for k in range(a, b):
            pull(X, j, column[k], value[k].real, value[k].imag)
        e = extra[j]
        if e >= 0:
            for w in range(LANES):
                X[j, 2, w] += E[e, 0, w]
                X[j, 3, w] += E[e, 1, w]


@njit(cache=True, error_model="numpy")
def _backward(net, first, stop, X, S, M):  # type: ignore[no-untyped-def]
    """D L^T x = z, of one stage; notes the largest change of a load's power in M."""
    for j in range(stop - 1, first - 1, -1):
        a, b, s, d = net.column_start[j], net.column_start[j + 1], net.slot[j], net.inverse[j]
        if b == a + 1:
            p, l = net.column_row[a], net.column_value[a]
            if s >= 0:
                back_one_loaded(X, S, M, j, s, p, d.real, d.imag, l.real, l.imag)
            else:
                back_one(X, j, p, d.real, d.imag, l.real, l.imag)
            continue
        scale(X, j, d.real, d.imag)
        for k in range(a, b):
            back(X, j, net.column_row[k], net.column_value[k].real, net.column_value[k].imag)
        if s >= 0:
            settle_loaded(X, S, M, j, s)
        else:
            settle(X, j)


@njit(cache=True, error_model="numpy")
def _way(net, first, second, at):  # type: ignore[no-untyped-def]
    """Points on the ways of elimination from two points (fixed ones have none) on, ascending; their number."""
    m, count = net.inverse.size, 0
    a, b = first, second
    while a < m or b < m:
        here = min(a, b)
        at[count] = here
        count += 1
        c = net.column_start[here]
        after = net.column_row[c] if c < net.column_start[here + 1] else m
        if a == here:
            a = after
        if b == here:
            b = after
    return count


@njit(cache=True, error_model="numpy")
def _invert(A, B):  # type: ignore[no-untyped-def]
    """B = inverse of a small complex matrix, which is destroyed (Gauss-Jordan with row exchange)."""
    n = A.shape[0]
    for c in range(n):
        B[c, c] = 1.0
    for c in range(n):
        p = c
        for r in range(c + 1, n):
            if abs(A[r, c]) > abs(A[p, c]):
                p = r
        for k in range(n):
            A[c, k], A[p, k] = A[p, k], A[c, k]
            B[c, k], B[p, k] = B[p, k], B[c, k]
        q = 1.0 / A[c, c]
        for k in range(n):
            A[c, k] *= q
            B[c, k] *= q
        for r in range(n):
            f = A[r, c]
            if r != c and f != 0:
                for k in range(n):
                    A[r, k] -= f * A[c, k]
                    B[r, k] -= f * B[c, k]


@njit(cache=True, error_model="numpy")
def _ways(net, changes, first, stop, dense):  # type: ignore[no-untyped-def]
    """w = L^-1 e of the changed branches first..stop: starts, points, values; and the part of e^T V that is
    there without load."""
    m = net.inverse.size
    start = np.zeros(stop - first + 1, np.int64)
    path = np.zeros(m, np.int64)
    for c in range(first, stop):
        start[c - first + 1] = start[c - first] + _way(net, changes.tail[c], changes.head[c], path)
    at = np.zeros(start[-1], np.int64)
    value = np.zeros(start[-1], np.complex128)
    idle = np.zeros(stop - first, np.complex128)
    for c in range(first, stop):
        a, b, i, n = changes.tail[c], changes.head[c], start[c - first], start[c - first + 1]
        _way(net, a, b, path)
        idle[c - first] = changes.near[c] * net.no_load[a] - changes.far[c] * net.no_load[b]
        if a < m:
            dense[a] += changes.near[c]
        if b < m:
            dense[b] -= changes.far[c]
        for k in range(i, n):
            j = path[k - i]
            at[k] = j
            value[k] = dense[j]
            dense[j] = 0.0
            for p in range(net.column_start[j], net.column_start[j + 1]):
                dense[net.column_row[p]] -= net.column_value[p] * value[k]
    return first, start, at, value, idle


@njit(cache=True, error_model="numpy")
def _gains(net, changes, row, count, base, start, at, value, dense):  # type: ignore[no-untyped-def]
    """(1 - G diag(y))^-1 of the changed branches of each lane, G = w^T D^-1 w."""
    widest = 0
    for w in range(count):
        widest = max(widest, changes.start[row + w + 1] - changes.start[row + w])
    result = np.zeros((count, widest, widest), np.complex128)
    for w in range(count):
        first, n = changes.start[row + w], changes.start[row + w + 1] - changes.start[row + w]
        A = np.zeros((n, n), np.complex128)
        for b in range(n):
            A[b, b] = 1.0
            here = first + b - base
            for k in range(start[here], start[here + 1]):
                dense[at[k]] = value[k] * net.inverse[at[k]]
            for a in range(n):
                g = 0j
                for k in range(start[first + a - base], start[first + a - base + 1]):
                    g += value[k] * dense[at[k]]
                A[a, b] -= g * changes.admittance[first + b]
            for k in range(start[here], start[here + 1]):
                dense[at[k]] = 0.0
        _invert(A, result[w])
    return result


@njit(cache=True, error_model="numpy")
def _correct(net, changes, row, w, low, high, X, ways, gains):  # type: ignore[no-untyped-def]
    """Let the changed branches of lane ``w`` act on the forward result of the stage low..high."""
    base, start, at, value, idle = ways
    first, n = changes.start[row + w], changes.start[row + w + 1] - changes.start[row + w]
    seen = np.zeros(n, np.complex128)
    for a in range(n):
        total = idle[first + a - base]
        for k in range(start[first + a - base], start[first + a - base + 1]):
            j = at[k]
            total += value[k] * net.inverse[j] * complex(X[j, 2, w], X[j, 3, w])
        seen[a] = total
    for a in range(n):
        across = 0j
        for b in range(n):
            across += gains[w, a, b] * seen[b]
        across *= changes.admittance[first + a]
        for k in range(start[first + a - base], start[first + a - base + 1]):
            j = at[k]
            if low <= j < high:
                add = value[k] * across
                X[j, 2, w] += add.real
                X[j, 3, w] += add.imag


@njit(cache=True, error_model="numpy")
def _at(net, X, j, w):  # type: ignore[no-untyped-def]
    """Voltage of a point."""
    if j < net.inverse.size:
        return net.no_load[j] + complex(X[j, 0, w], X[j, 1, w])
    return net.no_load[j]


@njit(cache=True, error_model="numpy")
def _verify(net, changes, row, count, first, stop, X, S, M):  # type: ignore[no-untyped-def]
    """M = square of the largest mismatch of the free points of a stage."""
    for j in range(first, stop):
        own(X, j, net.diagonal[j].real, net.diagonal[j].imag)
        for k in range(net.link_start[j], net.link_start[j + 1]):
            y = net.link_value[k]
            back(X, j, net.link_column[k], -y.real, -y.imag)
    for w in range(count):
        for c in range(changes.start[row + w], changes.start[row + w + 1]):
            a, b = changes.tail[c], changes.head[c]
            drop = changes.near[c] * _at(net, X, a, w) - changes.far[c] * _at(net, X, b, w)
            drop *= changes.admittance[c]
            if first <= a < stop:
                X[a, 2, w] -= (changes.near[c] * drop).real
                X[a, 3, w] -= (changes.near[c] * drop).imag
            if first <= b < stop:
                X[b, 2, w] += (changes.far[c] * drop).real
                X[b, 3, w] += (changes.far[c] * drop).imag
        for c in range(changes.shunt_start[row + w], changes.shunt_start[row + w + 1]):
            j = changes.shunt_point[c]
            if first <= j < stop:
                more = changes.shunt[c] * _at(net, X, j, w)
                X[j, 2, w] += more.real
                X[j, 3, w] += more.imag
    for j in range(first, stop):
        s = net.slot[j]
        if s >= 0:
            miss_loaded(X, S, M, j, s, net.no_load[j].real, net.no_load[j].imag)
        else:
            miss_idle(X, M, j, net.no_load[j].real, net.no_load[j].imag)


@njit(cache=True, error_model="numpy")
def _draw(net, changes, row, w, stage, share, out, S, constant):  # type: ignore[no-untyped-def]
    """Add the inputs of the converters of a stage to the demands of lane ``w``."""
    for u in range(net.unit_start[stage], net.unit_start[stage + 1]):
        part = share[row + w, u]
        if part <= 0:
            continue
        h = net.unit_out[u]
        hold = net.no_load[h]
        current = net.diagonal[h] * hold
        for k in range(net.link_start[h], net.link_start[h + 1]):
            j = net.link_column[k]
            v = net.no_load[j] if j >= net.inverse.size else out[row + w, net.point_bus[j]]
            current += net.link_value[k] * v
        for c in range(changes.start[row + w], changes.start[row + w + 1]):
            a, b = changes.tail[c], changes.head[c]
            if h in (a, b):
                va = net.no_load[a] if a >= net.inverse.size else out[row + w, net.point_bus[a]]
                vb = net.no_load[b] if b >= net.inverse.size else out[row + w, net.point_bus[b]]
                drop = changes.admittance[c] * (changes.near[c] * va - changes.far[c] * vb)
                current += (changes.far[c] if b == h else 0.0) * drop - (
                    changes.near[c] if a == h else 0.0
                ) * drop
        for c in range(changes.shunt_start[row + w], changes.shunt_start[row + w + 1]):
            if changes.shunt_point[c] == h:
                current += changes.shunt[c] * hold
        power = (hold * current.conjugate()).real
        s = net.slot[h]
        if s >= 0:
            power += S[s, 0, w]
        power *= part
        rating, a0, a1, a2, tangent = net.unit_curve[u]
        size = abs(power)
        power += size * (a1 + size * a2 / rating) + a0 * rating
        S[net.unit_in[u], 0, w] += power
        S[net.unit_in[u], 1, w] += power * tangent
        if constant.size:
            constant[net.unit_in[u], 0, w] += power
            constant[net.unit_in[u], 1, w] += power * tangent


@njit(cache=True, error_model="numpy")
def _freeze(net, stage, row, X, done, out):  # type: ignore[no-untyped-def]
    """Write the voltages of a stage of the lanes that are ``done``."""
    for i in range(net.bus_start[stage], net.bus_start[stage + 1]):
        bus, j, ratio = net.bus[i], net.bus_point[i], net.bus_ratio[i]
        a = net.no_load[j]
        for w in range(done.size):
            if done[w]:
                out[row + w, bus] = complex(ratio * (a.real + X[j, 0, w]), ratio * (a.imag + X[j, 1, w]))


@njit(cache=True, error_model="numpy")
def _shunts(net, changes, row, count, X, extra, E):  # type: ignore[no-untyped-def]
    """E = currents that the changed shunts of the lanes inject."""
    E[:] = 0.0
    for w in range(count):
        for h in range(changes.shunt_start[row + w], changes.shunt_start[row + w + 1]):
            j = changes.shunt_point[h]
            if j < net.inverse.size:
                v = changes.shunt[h] * _at(net, X, j, w)
                E[extra[j], 0, w] -= v.real
                E[extra[j], 1, w] -= v.imag


@njit(cache=True, error_model="numpy")
def _effective(X, S, constant, bends, net, terms):  # type: ignore[no-untyped-def]
    """Demands of the points whose loads depend on voltage, at the voltage of the iterate."""
    for i in range(bends.size):
        j = bends[i]
        s = net.slot[j]
        for w in range(LANES):
            v = abs(_at(net, X, j, w))
            for k in range(2):
                S[s, k, w] = constant[s, k, w] + v * (terms[i, k, w] + v * terms[i, 2 + k, w])


@njit(cache=True, error_model="numpy")
def _fill(S, cord_power, row, count, cord_slot, part):  # type: ignore[no-untyped-def]
    """Demands of the lanes: sums over the cords of each row."""
    S[:] = 0.0
    alone = cord_power.shape[1] == 1
    for k in range(cord_slot.size):
        s, f = cord_slot[k], part[k]
        for w in range(count):
            x = cord_power[k, 0 if alone else row + w]
            S[s, 0, w] += f * x.real
            S[s, 1, w] += f * x.imag


@njit(cache=True, error_model="numpy")
def _begin(net, start, row, count, X):  # type: ignore[no-untyped-def]
    """Voltages to begin with."""
    X[:, 0:2] = 0.0
    if start.size == 0:
        return
    for w in range(count):
        given = row + w if start.shape[0] > 1 else 0
        for j in range(net.inverse.size):
            v = start[given, j]
            if v != 0:
                X[j, 0, w] = v.real - net.no_load[j].real
                X[j, 1, w] = v.imag - net.no_load[j].imag


@njit(cache=True, error_model="numpy")
def _bend(batch, row, count, bent, terms):  # type: ignore[no-untyped-def]
    """Terms of the loads that depend on voltage: constant current, constant impedance."""
    for term in range(2):
        _fill(bent, batch.cord_power, row, count, batch.bend_slot, batch.parts[1 + term])
        for b in range(batch.bends.size):
            for k in range(2):
                for w in range(LANES):
                    terms[b, 2 * term + k, w] = bent[b, k, w]


@njit(cache=True, error_model="numpy")
def _solve_stage(net, changes, batch, row, stage, tables, ways, gains, extra, answer):  # type: ignore[no-untyped-def]
    """Iterate one stage of a block until all its lanes are settled; returns the iterations."""
    X, S, constant, terms, E, M = tables
    out, residual, ending = answer
    first, stop = net.stage[stage], net.stage[stage + 1]
    count = min(LANES, batch.tolerance.size - row)
    pending, done = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    accepted = np.zeros(count)
    for w in range(count):
        pending[w] = ending[row + w] == CONVERGED
        accepted[w] = max(batch.tolerance[row + w], batch.rounding)
    turn = 0
    while turn < batch.limit and pending.any():
        turn += 1
        if batch.bends.size:
            _effective(X, S, constant, batch.bends, net, terms)
        _shunts(net, changes, row, count, X, extra, E)
        _forward(net, first, stop, X, S, extra, E)
        for w in range(count):
            if changes.start[row + w] < changes.start[row + w + 1]:
                _correct(net, changes, row, w, first, stop, X, ways, gains)
        M[:] = 0.0
        _backward(net, first, stop, X, S, M)
        hopeful = turn == batch.limit
        for w in range(count):
            hopeful |= pending[w] and M[0, 0, w] <= accepted[w]
        if not hopeful:
            continue
        if batch.bends.size:
            _effective(X, S, constant, batch.bends, net, terms)
        M[:] = 0.0
        _verify(net, changes, row, count, first, stop, X, S, M)
        for w in range(count):
            done[w] = pending[w] and M[0, 0, w] <= accepted[w] ** 2
            if done[w]:
                pending[w] = False
                residual[row + w] = max(residual[row + w], np.sqrt(M[0, 0, w]))
        if done.any():
            _freeze(net, stage, row, X, done, out)
    for w in range(count):
        if pending[w]:
            finite = np.isfinite(M[0, 0, w])
            ending[row + w] = MAX_ITERATIONS if finite else DIVERGED
            residual[row + w] = np.sqrt(M[0, 0, w]) if finite else 0.0
    return turn


@njit(cache=True, error_model="numpy")
def iterate(net, changes, batch, out, residual, ending):  # type: ignore[no-untyped-def]
    """Solve n scenarios of a :class:`solvers.power.mesh_plain.Batch`; returns the most iterations one took.

    Parameters
    ----------
    out : (n, B) complex voltages, written; so are residual (n,) and ending (n,).
    """
    n, m, bends = batch.tolerance.size, net.inverse.size, batch.bends.size
    X, M = np.zeros((m, 4, LANES)), np.zeros((1, 1, LANES))
    slots = 1
    for j in range(net.slot.size):
        slots = max(slots, net.slot[j] + 2)
    S = np.zeros((slots, 2, LANES))
    constant = np.zeros((slots if bends else 0, 2, LANES))
    terms, bent = np.zeros((bends, 4, LANES)), np.zeros((bends + 1, 2, LANES))
    extra, dense = np.full(m, -1), np.zeros(m, np.complex128)
    most = 0
    for row in range(0, n, LANES):
        count = min(LANES, n - row)
        _fill(S, batch.cord_power, row, count, batch.cord_slot, batch.parts[0])
        if bends:
            _fill(constant, batch.cord_power, row, count, batch.cord_slot, batch.parts[0])
            _bend(batch, row, count, bent, terms)
        _begin(net, batch.start, row, count, X)
        ways = _ways(net, changes, changes.start[row], changes.start[row + count], dense)
        gains = _gains(net, changes, row, count, ways[0], ways[1], ways[2], ways[3], dense)
        h0, h1 = changes.shunt_start[row], changes.shunt_start[row + count]
        E = np.zeros((h1 - h0 + 1, 2, LANES))
        number = 0
        for h in range(h0, h1):
            j = changes.shunt_point[h]
            if j < m and extra[j] < 0:
                extra[j] = number
                number += 1
        for stage in range(net.stage.size - 1):
            turn = _solve_stage(
                net, changes, batch, row, stage, (X, S, constant, terms, E, M), ways, gains, extra,
                (out, residual, ending),
            )  # fmt: skip
            most = max(most, turn)
            for w in range(count):
                if ending[row + w] == CONVERGED:
                    _draw(net, changes, row, w, stage, batch.unit_share, out, S, constant)
        for h in range(h0, h1):
            if changes.shunt_point[h] < m:
                extra[changes.shunt_point[h]] = -1
    return most

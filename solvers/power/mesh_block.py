"""What goes into and comes out of a block of the compiled iteration: demands, voltages, converter inputs."""

from __future__ import annotations

from numba import njit

from solvers.power.lanes import INNER, LANES, expect_writes, put_complex
from solvers.power.mesh_steps import clear_demand, show

AHEAD = 64
"""Buses ahead of which the cache is told of writes (measured: 32 is slower)."""


@njit(**INNER)
def draw(net, changes, row, w, stage, share, volts, S, constant):  # type: ignore[no-untyped-def]
    """Add the inputs of the converters of a stage to the demands of lane ``w``."""
    for u in range(net.unit_start[stage], net.unit_start[stage + 1]):
        part = share[u]
        if part <= 0:
            continue
        h = net.unit_out[u]
        hold = net.no_load[h]
        current = net.diagonal[h] * hold
        for k in range(net.link_start[h], net.link_start[h + 1]):
            j = net.link_column[k]
            v = net.no_load[j] if j >= net.inverse.size else volts[net.point_bus[j]]
            current += net.link_value[k] * v
        for c in range(changes.start[row + w], changes.start[row + w + 1]):
            a, b = changes.tail[c], changes.head[c]
            if h in (a, b):
                va = net.no_load[a] if a >= net.inverse.size else volts[net.point_bus[a]]
                vb = net.no_load[b] if b >= net.inverse.size else volts[net.point_bus[b]]
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


@njit(**INNER)
def freeze(net, stage, rows, X, W, done, out):  # type: ignore[no-untyped-def]
    """Write the voltages of a stage of the lanes that are ``done``."""
    whole = done.size == LANES
    for w in range(done.size):
        whole &= done[w]
    for i in range(net.bus_start[stage], net.bus_start[stage + 1]):
        bus, j = net.bus[i], net.bus_point[i]
        show(X, W, j, net.bus_ratio[i], net.no_load[j].real, net.no_load[j].imag)
        if whole:
            if i & 3 == 0:
                expect_writes(out, rows, bus + AHEAD)
            put_complex(out, rows, bus, W, 0)
            continue
        for w in range(done.size):
            if done[w]:
                out[rows[w], bus] = complex(W[0, 0, w], W[0, 1, w])


@njit(**INNER)
def bend_held(net, batch, tables):  # type: ignore[no-untyped-def]
    """Demands that depend on voltage at points whose voltage is held."""
    _, S, C, T, _, _ = tables
    for i in range(batch.bends.size):
        j = batch.bends[i]
        if j < net.inverse.size:
            continue
        s, v = net.slot[j], abs(net.no_load[j])
        for w in range(LANES):
            for k in range(2):
                S[s, k, w] = C[s, k, w] + v * (T[i, k, w] + v * T[i, 2 + k, w])


@njit(**INNER)
def fill(table, cord_power, rows, cord_slot, part):  # type: ignore[no-untyped-def]
    """Demands of the lanes: sums over the cords of each row."""
    for s in range(table.shape[0]):
        clear_demand(table, s)
    alone = cord_power.shape[1] == 1
    for k in range(cord_slot.size):
        s, f = cord_slot[k], part[k]
        for w in range(rows.size):
            x = cord_power[k, 0 if alone else rows[w]]
            table[s, 0, w] += f * x.real
            table[s, 1, w] += f * x.imag


@njit(**INNER)
def warm(net, start, rows, X):  # type: ignore[no-untyped-def]
    """Voltages to begin with."""
    alone = start.shape[0] == 1
    for j in range(net.inverse.size):
        a = net.no_load[j]
        for w in range(LANES):
            v = start[0 if alone else rows[min(w, rows.size - 1)], j]
            X[j, 0, w] = v.real - a.real if v != 0 else 0.0
            X[j, 1, w] = v.imag - a.imag if v != 0 else 0.0


@njit(**INNER)
def bend_terms(batch, rows, bent, T):  # type: ignore[no-untyped-def]
    """Terms of the loads that depend on voltage: constant current, constant impedance."""
    for term in range(2):
        fill(bent, batch.cord_power, rows, batch.bend_slot, batch.parts[1 + term])
        for b in range(batch.bends.size):
            for k in range(2):
                for w in range(LANES):
                    T[b, 2 * term + k, w] = bent[b, k, w]

"""Compiled sweep over a radial three-phase network: 8 scenarios x 3 phases side by side, one walk per pass.

Entering a bus, its voltage follows from that of the bus before and the current of the last pass; leaving it, the
current of all that hangs on it is known and added to the bus before.  Voltages and sums live in a table by depth (a
few kilobytes); only the currents of branches and the powers of loads are kept per bus.  A scenario is written out in
the pass in which it settles, so that its bits do not depend on those beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.power.lanes import INNER, LANES, aligned, expect_reads, expect_writes, put_complex, take_complex
from solvers.power.unbalanced.radial import (
    DELTA,
    LEAF,
    LINE,
    LINE_BACK,
    LOAD,
    ROOT,
    SHUNT,
    UNIT,
    UNIT_BACK,
    Radial,
)
from solvers.power.unbalanced.tour_steps import (
    add_load,
    add_loads,
    add_shunt,
    add_up,
    checked_leaf,
    enter,
    enter_unit,
    leaf,
    leaf_wrong,
    leave,
    leave_unit,
    loads_wrong,
    show,
    shunt_wrong,
)

Array = NDArray[Any]

FIRST_CHECK = 4
"""Pass from which changes are looked at; no network with loads settles before (assumed)."""

AHEAD = 32
"""Loads and buses ahead of which the cache is told what is going to be read and written (measured)."""
SAMPLE = 64
"""Loads looked at to tell heavily loaded scenarios from others (assumed)."""


@njit(**INNER)
def _write(order, table, rows, lanes, out, residual, passes):  # type: ignore[no-untyped-def]
    """Voltages of some lanes from the currents as they are, and the mismatch of power at these voltages."""
    branch, level, power, drawn, drawn_shunt, wrong, total, volt = table
    whole = True
    for w in range(LANES):
        wrong[0, 0, w] = total[0, 0, w] = 0.0
        whole &= lanes[w]
    start, nodes, line, visit = order.place_start, order.place_node, order.line, order.visit
    for number in range(visit.shape[0]):
        kind, bus, depth, carrier = visit[number, 0], visit[number, 1], visit[number, 2], visit[number, 3]
        if kind == SHUNT:
            row = order.shunt[bus]
            shunt_wrong(level, depth, order.admittance[row], drawn_shunt, row, wrong)
            continue
        if kind == LOAD:
            loads_wrong(level, depth, power, order.load_row[bus], drawn, wrong, False)
            continue
        if kind == DELTA:
            loads_wrong(level, depth, power, order.delta_row[bus], drawn, wrong, True)
            continue
        if kind == UNIT:
            row = order.unit[bus]
            enter_unit(branch, level, bus, depth, order.ratio[row], order.impedance[row])
        elif kind == ROOT:
            _root(branch, level, bus)
        else:
            r, x, rm, xm = line[bus, 0], line[bus, 1], line[bus, 2], line[bus, 3]
            enter(branch, level, carrier, depth - 1, depth, r, x, rm, xm)
            if kind == LEAF:
                leaf_wrong(branch, level, power, wrong, bus, depth, order.load_row[bus])
        add_up(level, total, depth)
        show(level, volt, depth, order.base[bus])
        node = order.place_first[bus]
        if node >= 0 and whole:
            ahead = order.place_first[visit[min(number + AHEAD, visit.shape[0] - 1), 1]]
            if ahead >= 0:
                expect_writes(out, rows, ahead + 2)
            for k in range(3):
                put_complex(out, rows, node + k, volt, k)
            continue
        for k in range(3):
            for place in range(start[3 * bus + k], start[3 * bus + k + 1]):
                for w in range(LANES):
                    if lanes[w]:
                        out[rows[w], nodes[place]] = complex(volt[k, 0, w], volt[k, 1, w])
    for w in range(LANES):
        if lanes[w]:
            residual[rows[w]] = np.sqrt(wrong[0, 0, w])
            if not np.isfinite(total[0, 0, w]):
                passes[rows[w]] = 0


@njit(**INNER)
def _root(branch, level, bus):  # type: ignore[no-untyped-def]
    """The voltages of a source stand where the current of its bus would."""
    for k in range(6):
        for w in range(LANES):
            level[0, k, w] = branch[bus, k, w]


@njit(**INNER)
def _gather(order, rows, load_power, raw, power, source_voltage, branch):  # type: ignore[no-untyped-def]
    """Powers and source voltages of a block; ``power`` has a row for every slot."""
    for row in range(power.shape[0]):
        for w in range(LANES):
            power[row, 0, w] = 0.0
    for number in range(order.load.shape[0]):
        which, row, k = order.load[number, 0], order.load[number, 1], order.load[number, 2]
        if number & 3 == 0:
            expect_reads(load_power, rows, which + AHEAD)
        take_complex(load_power, rows, which, raw, 0)
        for part in range(order.parts):
            slot = 6 * (order.parts * row + part) + k
            add_load(raw, power, slot, slot + 3, order.share[number, part])
    for bus in range(order.source.shape[0]):
        for k in range(6):
            for w in range(LANES):
                branch[bus, k, w] = 0.0
        if order.source[bus, 0] >= 0:
            for k in range(3):
                source = order.source[bus, k]
                for w in range(LANES):
                    value = source_voltage[rows[w], source] * order.source_scale[source]
                    branch[bus, k, w] = value.real
                    branch[bus, 3 + k, w] = value.imag


@njit(**INNER)
def _pass(order, table, simple, checked, excess, tolerance):  # type: ignore[no-untyped-def]
    """One walk; ``simple`` are the powers of leaves."""
    branch, level, power, drawn, drawn_shunt, _, _, _ = table
    steps, path, rows = order.step, order.path, order.load_row
    for number in range(steps.shape[0]):
        kind, bus, depth = steps[number, 0], steps[number, 1], steps[number, 2]
        r, x, rm, xm = path[bus, 0], path[bus, 1], path[bus, 2], path[bus, 3]
        if kind == LEAF:
            if checked:
                checked_leaf(
                    branch, level, simple, excess, bus, depth - 1, rows[bus], r, x, rm, xm, tolerance
                )
            else:
                leaf(branch, level, simple, bus, depth - 1, rows[bus], r, x, rm, xm)
        elif kind == LINE:
            enter(branch, level, bus, depth - 1, depth, r, x, rm, xm)
        elif kind == LINE_BACK:
            leave(branch, level, bus, depth - 1, depth)
        elif kind == UNIT:
            row = order.unit[bus]
            enter_unit(branch, level, bus, depth, order.ratio[row], order.impedance[row])
        elif kind == UNIT_BACK:
            leave_unit(branch, level, bus, depth, order.ratio[order.unit[bus]])
        elif kind == SHUNT:
            row = order.shunt[bus]
            add_shunt(level, depth, order.admittance[row], drawn_shunt, row, excess, tolerance)
        elif kind == LOAD:
            add_loads(level, depth, power, rows[bus], drawn, excess, tolerance, False)
        elif kind == DELTA:
            add_loads(level, depth, power, order.delta_row[bus], drawn, excess, tolerance, True)
        else:
            _root(branch, level, bus)


@njit(cache=True, error_model="numpy")
def _run(order, rank, load_power, source_voltage, tolerance, limit, memory, out, residual, passes):  # type: ignore[no-untyped-def]
    table, flat, raw, simple, excess = memory
    drawn, drawn_shunt = table[3], table[4]
    active, settled, rows = np.empty(LANES, np.bool_), np.empty(LANES, np.bool_), np.empty(LANES, np.int64)
    for first in range(0, rank.size, LANES):
        count = min(LANES, rank.size - first)
        for w in range(LANES):  # the last block is filled up with its last scenario
            rows[w] = rank[first + min(w, count - 1)]
            active[w] = w < count
        _gather(order, rows, load_power, raw, flat, source_voltage, table[0])
        drawn[:] = 0.0
        drawn_shunt[:] = 0.0
        for number in range(1, limit + 1):
            for w in range(LANES):
                excess[0, 0, w] = 0.0
            _pass(order, table, simple, number >= FIRST_CHECK, excess, tolerance)
            if number < FIRST_CHECK:
                continue
            any_settled, any_active = False, False
            for w in range(LANES):
                settled[w] = active[w] and excess[0, 0, w] <= 0.0
                active[w] = active[w] and not settled[w]
                any_settled |= settled[w]
                any_active |= active[w]
                if settled[w]:
                    passes[rows[w]] = number
            if any_settled:
                _write(order, table, rows, settled, out, residual, passes)
            if not any_active:
                break


def sweep(
    order: Radial, power: Array, source_voltage: Array, tolerance: float, limit: int
) -> tuple[Array, Array, Array]:
    """Sweep all scenarios.

    Parameters
    ----------
    power : (A, L) load powers. [VA]
    source_voltage : (A, G). [V]

    Returns
    -------
    (A, N) node voltages, zeros where it did not settle [V]; (A,) passes, 0 = did not settle; (A,) largest power
    mismatch [p.u.].
    """
    scenarios = power.shape[0]
    out = np.empty((scenarios, order.nodes), dtype=complex)
    dead = np.ones(order.nodes, dtype=bool)
    dead[order.place_node] = False
    out[:, dead] = 0
    residual, passes = np.full(scenarios, np.inf), np.zeros(scenarios, dtype=np.int64)
    power = _given(power)
    # |dI| <= tolerance |S| holds |dV| <= tolerance |V|^2; real and imaginary parts are added, as those of S are
    _run(
        order, _rank(power), power, _given(source_voltage), np.sqrt(0.5) * tolerance, limit, _memory(order), out,
        residual, passes,
    )  # fmt: skip
    failed = passes == 0
    out[failed], residual[failed] = 0, np.inf
    return out, passes, residual


def _given(table: Array) -> Array:
    """The same numbers always as one kind of array: for another one the sweep would be compiled again."""
    given = np.ascontiguousarray(table, dtype=complex).view()
    given.flags.writeable = False
    return given


def _rank(power: Array) -> Array:
    """Scenarios such that those with like loads, which settle together, share a block."""
    if not power.size:
        return np.arange(power.shape[0])
    return np.argsort(power[:, :: -(-power.shape[1] // SAMPLE)].real.sum(axis=1), kind="stable")


def _memory(order: Radial) -> tuple[Any, ...]:
    """Tables of a walk, powers by slot, one load, powers of leaves, excess."""
    buses, rows, shunts = order.line.shape[0], max(1, order.rows), max(1, order.admittance.shape[0])
    sizes = (
        (buses, 6), (order.depth + 1, 12), (rows, 6 * order.parts), (rows, 6), (shunts, 6), (1, 1), (1, 1), (3, 2)
    )  # fmt: skip
    table = tuple(aligned((*size, LANES)) for size in sizes)
    table[1].fill(0.0)
    power = table[2]
    simple = power if order.parts == 1 else aligned((rows, 6, LANES))
    return table, power.reshape(-1, 1, LANES), aligned((1, 2, LANES)), simple, aligned((1, 1, LANES))

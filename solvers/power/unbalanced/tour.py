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

from solvers.power.lanes import LANES
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
    shunt_wrong,
)

Array = NDArray[Any]

FIRST_CHECK = 4
"""Pass from which changes are looked at; no network with loads settles before (assumed)."""


@njit(cache=True, error_model="numpy")
def _write(order, table, first, lanes, out, residual, passes):  # type: ignore[no-untyped-def]
    """Voltages of some lanes from the currents as they are, and the mismatch of power at these voltages."""
    branch, level, power, drawn, drawn_shunt, wrong, total = table
    wrong[:] = 0.0
    total[:] = 0.0
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
        volts, node = order.base[bus], order.place_first[bus]
        if node >= 0:
            for w in range(LANES):
                if lanes[w]:
                    row = out[first + w]
                    for k in range(3):
                        row[node + k] = complex(level[depth, k, w] * volts, level[depth, 3 + k, w] * volts)
            continue
        for slot in range(3 * bus, 3 * bus + 3):
            k = slot - 3 * bus
            for place in range(start[slot], start[slot + 1]):
                for w in range(LANES):
                    if lanes[w]:
                        value = complex(level[depth, k, w] * volts, level[depth, 3 + k, w] * volts)
                        out[first + w, nodes[place]] = value
    for w in range(LANES):
        if lanes[w]:
            residual[first + w] = np.sqrt(wrong[0, 0, w])
            if not np.isfinite(total[0, 0, w]):
                passes[first + w] = 0


@njit(cache=True, error_model="numpy")
def _root(branch, level, bus):  # type: ignore[no-untyped-def]
    """The voltages of a source stand where the current of its bus would."""
    for k in range(6):
        for w in range(LANES):
            level[0, k, w] = branch[bus, k, w]


@njit(cache=True, error_model="numpy")
def _gather(order, first, count, load_power, power, source_voltage, branch):  # type: ignore[no-untyped-def]
    """Powers and source voltages of a block; lanes beyond the last scenario repeat it."""
    power[:] = 0.0
    branch[:] = 0.0
    for number in range(order.load.shape[0]):
        which, row, k = order.load[number, 0], order.load[number, 1], order.load[number, 2]
        for part in range(order.parts):
            share = order.share[number, part]
            for w in range(LANES):
                value = load_power[first + min(w, count - 1), which]
                power[row, 6 * part + k, w] += share * value.real
                power[row, 6 * part + 3 + k, w] += share * value.imag
    for bus in range(order.source.shape[0]):
        if order.source[bus, 0] >= 0:
            for k in range(3):
                source = order.source[bus, k]
                for w in range(LANES):
                    value = source_voltage[first + min(w, count - 1), source] * order.source_scale[source]
                    branch[bus, k, w] = value.real
                    branch[bus, 3 + k, w] = value.imag


@njit(cache=True, error_model="numpy")
def _pass(order, table, simple, checked, excess, tolerance):  # type: ignore[no-untyped-def]
    """One walk; ``simple`` are the powers of leaves."""
    branch, level, power, drawn, drawn_shunt, _, _ = table
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
def _run(order, load_power, source_voltage, tolerance, limit, out, residual, passes):  # type: ignore[no-untyped-def]
    scenarios, buses = load_power.shape[0], order.line.shape[0]
    rows = max(1, order.rows)
    branch = np.empty((buses, 6, LANES))
    level = np.zeros((order.depth + 1, 12, LANES))
    power = np.empty((rows, 6 * order.parts, LANES))
    simple = np.empty((rows, 6, LANES)) if order.parts > 1 else power
    drawn = np.empty((rows, 6, LANES))
    drawn_shunt = np.empty((max(1, order.admittance.shape[0]), 6, LANES))
    excess, wrong = np.empty((1, 1, LANES)), np.empty((1, 1, LANES))
    table = (branch, level, power, drawn, drawn_shunt, wrong, np.empty((1, 1, LANES)))
    active, settled = np.empty(LANES, np.bool_), np.empty(LANES, np.bool_)
    for first in range(0, scenarios, LANES):
        count = min(LANES, scenarios - first)
        _gather(order, first, count, load_power, power, source_voltage, branch)
        drawn[:] = 0.0
        drawn_shunt[:] = 0.0
        for w in range(LANES):
            active[w] = w < count
        for number in range(1, limit + 1):
            excess[:] = -1.0
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
                    passes[first + w] = number
            if any_settled:
                _write(order, table, first, settled, out, residual, passes)
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
    # |dI| <= tolerance |S| holds |dV| <= tolerance |V|^2; real and imaginary parts are added, as those of S are
    _run(
        order, np.ascontiguousarray(power, dtype=complex), np.ascontiguousarray(source_voltage, dtype=complex),
        np.sqrt(0.5) * tolerance, limit, out, residual, passes,
    )  # fmt: skip
    failed = passes == 0
    out[failed], residual[failed] = 0, np.inf
    return out, passes, residual

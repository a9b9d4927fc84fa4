"""Eight scenarios side by side through the pieces that their failures touch.

A block takes up to eight scenarios, unites their pieces, orders them so that feeds come first, and sweeps: currents
from the last row to the first, voltages back.  What hangs on a stiff busbar but is not touched adds its current of the
base state; converters hand the demand of their busbars on to their inputs within the same pass.  A row whose scenario
feeds it otherwise than the base state does (a transfer switch) is worked out lane by lane.  Compiled; imported on use.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.power.contingency_block import (
    CUTS,
    FIRST_CUT,
    HAS_MOVED,
    PIECES,
    Start,
    State,
    begin_block,
    set_base,
    sort_block,
    take_pieces,
)
from solvers.power.contingency_steps import (
    fall,
    fall_general,
    fall_leaf,
    fall_loaded,
    hold,
    inner,
    push,
    rise,
    rise_turned,
)
from solvers.power.islands_records import GENERAL, LEAF, LOADED, Network, Tables
from solvers.power.lanes import LANES

Array = NDArray[Any]

COLLAPSED = 0.04
"""|V|^2 (p.u.) below which the general solver is asked; see solvers.power.sweep.COLLAPSED."""
CONTRACTION = 0.2
"""Ratio of changes above which their ratio is not trusted to be constant (assumed; facilities have 0.01 to 0.1)."""
ROUNDING = 64 * np.finfo(float).eps


@inner
def start_voltages(network: Any, state: Any, voltage: Any) -> None:
    """Voltages of the base state, and the currents of loads and shunts at them."""
    x, s, y, rows, rest = state.x, state.s, state.y, network.row, state.rest
    for at in range(state.counts[PIECES]):
        piece = network.piece[state.order[at]]
        for i in range(piece.first, piece.stop):
            v = voltage[i]
            hold(x, s, y, i, rows[i].load_slot, rows[i].shunt_slot, v.real, v.imag)
            if piece.stiff:
                push(x, i, rest[i].real, rest[i].imag)
            elif rows[i].code == LEAF:
                rise(x, i, rows[i].parent)


@inner
def backward(network: Any, state: Any) -> None:
    """Currents, last rows first."""
    x, rows, detail, cuts, count, pieces = (
        state.x,
        network.row,
        network.detail,
        state.cut,
        state.counts,
        state.piece,
    )
    for at in range(count[PIECES] - 1, -1, -1):
        number = state.order[at]
        piece = network.piece[number]
        moved = pieces[number, HAS_MOVED] > 0
        next_cut = pieces[number, FIRST_CUT]
        next_row = cuts[next_cut, 0] if next_cut >= 0 else -1
        for i in range(piece.stop - 1, piece.first - 1, -1):
            code, parent = rows[i].code, rows[i].parent
            if code == LEAF and not piece.stiff:
                continue  # the forward pass has done it
            while next_row == i:
                x[i, 2, cuts[next_cut, 1]] = 0.0
                x[i, 3, cuts[next_cut, 1]] = 0.0
                next_cut += 1
                next_row = cuts[next_cut, 0] if next_cut < count[CUTS] else -1
            if i == piece.first and (parent < 0 or moved):
                continue
            if code == GENERAL:
                gain = detail[i].gain
                rise_turned(x, i, parent, gain.real, gain.imag)
            else:
                rise(x, i, parent)
        if piece.stiff:
            _convert(network, state, piece)
        elif moved:
            _rise_moved(network, state, number, piece.first)


@inner
def feed_of(network: Any, state: Any, number: Any, top: Any, lane: Any) -> Any:
    """Row that feeds the top of a piece in one lane, with gain and impedance."""
    branch = state.moved[number, lane]
    if branch < 0:
        row = network.row[top]
        return row.parent, network.detail[top].gain, complex(row.r, row.x)
    record = network.branch[branch]
    return network.bus[record.tail].row, record.gain, complex(record.r, record.x)


@inner
def _rise_moved(network: Any, state: Any, number: Any, top: Any) -> None:
    x = state.x
    for lane in range(LANES):
        up, gain, _ = feed_of(network, state, number, top, lane)
        j = np.conj(gain) * complex(x[top, 2, lane], x[top, 3, lane])
        x[up, 2, lane] += j.real
        x[up, 3, lane] += j.imag


@inner
def _convert(network: Any, state: Any, piece: Any) -> None:
    """Hand the demand of a busbar on to the inputs of its converters."""
    x, s, units, table, m, top = state.x, state.s, network.unit, state.unit, state.m, piece.first
    for k in range(piece.unit, piece.unit_stop):
        number = network.item[k]
        unit = units[number]
        i = unit.input
        if unit.converter < 0 or i < 0:
            continue
        slot = network.row[i].load_slot
        for lane in range(LANES):
            share, runs = table[number, 0, lane], table[number, 1, lane]
            power = share * (x[top, 0, lane] * x[top, 2, lane] + x[top, 1, lane] * x[top, 3, lane])
            size = abs(power)
            real = power + size * (unit.b + size * unit.c / unit.rating) + unit.a * unit.rating
            if runs == 0.0:
                real = 0.0
            dp = real - table[number, 2, lane]
            dq = real * unit.tangent - table[number, 3, lane]
            table[number, 2, lane] += dp
            table[number, 3, lane] += dq
            s[slot, 0, lane] += dp
            s[slot, 1, lane] += dq
            vr, vi = x[i, 0, lane], x[i, 1, lane]
            inverse = 1.0 / (vr * vr + vi * vi)
            x[i, 2, lane] += (dp * vr + dq * vi) * inverse
            x[i, 3, lane] += (dp * vi - dq * vr) * inverse
            m[0, 1, lane] = max(m[0, 1, lane], abs(dp) + abs(dq))


@inner
def forward(network: Any, state: Any) -> None:
    """Voltages, first rows first, and the loads' currents at them."""
    x, s, y, m, rows, detail, rest = (
        state.x,
        state.s,
        state.y,
        state.m,
        network.row,
        network.detail,
        state.rest,
    )
    for at in range(state.counts[PIECES]):
        number = state.order[at]
        piece = network.piece[number]
        first = piece.first
        if piece.stiff:
            for i in range(first, piece.stop):
                hold(x, s, y, i, rows[i].load_slot, rows[i].shunt_slot, x[i, 0, 0], x[i, 1, 0])
                push(x, i, rest[i].real, rest[i].imag)
            continue
        if state.piece[number, HAS_MOVED]:
            _fall_moved(network, state, number, first)
            first += 1
        for i in range(first, piece.stop):
            row = rows[i]
            if row.code == LEAF:
                fall_leaf(x, s, m, i, row.parent, row.load_slot, row.r, row.x)
            elif row.code == LOADED:
                fall_loaded(x, s, m, i, row.parent, row.load_slot, row.r, row.x)
            elif row.code == GENERAL:
                gain = detail[i].gain
                fall_general(
                    x,
                    s,
                    y,
                    m,
                    i,
                    row.parent,
                    row.load_slot,
                    row.shunt_slot,
                    row.r,
                    row.x,
                    gain.real,
                    gain.imag,
                )
            else:
                fall(x, i, row.parent, row.r, row.x)


@inner
def _fall_moved(network: Any, state: Any, number: Any, top: Any) -> None:
    x, row = state.x, network.row[top]
    for lane in range(LANES):
        up, gain, z = feed_of(network, state, number, top, lane)
        old = complex(x[top, 0, lane], x[top, 1, lane])
        v = gain * complex(x[up, 0, lane], x[up, 1, lane]) - z * complex(x[top, 2, lane], x[top, 3, lane])
        s = complex(state.s[row.load_slot, 0, lane], state.s[row.load_slot, 1, lane])
        y = complex(state.y[row.shunt_slot, 0, lane], state.y[row.shunt_slot, 1, lane])
        j = np.conj(s / v) + y * v
        change = abs(v - old)
        state.m[0, 0, lane] = max(state.m[0, 0, lane], change)
        state.m[0, 1, lane] = max(state.m[0, 1, lane], change * abs(s / v))
        if s != 0:
            state.m[0, 2, lane] = max(state.m[0, 2, lane], 1.0 / abs(v) ** 2)
        x[top, 0, lane], x[top, 1, lane] = v.real, v.imag
        x[top, 2, lane], x[top, 3, lane] = j.real, j.imag


@inner
def sweep_block(network: Any, state: Any, voltage: Any, accepted: Any, mismatch: Any, limit: Any) -> Any:
    """Sweep until in every lane the voltages are within ``accepted`` [p.u.] of where they go, and no bus is off balance
    by more than ``mismatch`` (LANES,) [p.u.]; notes which lanes are, and returns the number of sweeps.

    Changes shrink by a nearly constant ratio from sweep to sweep, so what is left after one of d, and of d' before
    it, is about d^2 / d'; a quarter of the tolerance is granted to that.
    """
    start_voltages(network, state, voltage)
    m, settled = state.m, state.settled
    before = np.zeros(LANES)
    iteration = 0
    done = False
    while not done and iteration < limit:
        iteration += 1
        m[:] = 0.0
        backward(network, state)
        forward(network, state)
        done = True
        for lane in range(LANES):
            change = m[0, 0, lane]
            near = change <= accepted or (
                change < CONTRACTION * before[lane] and change * change <= 0.25 * accepted * before[lane]
            )
            settled[lane] = near and m[0, 1, lane] <= mismatch[lane]
            done &= settled[lane]
            before[lane] = change
    backward(network, state)
    return iteration


@inner
def _no_load(network: Any, order: Any) -> Any:
    """Voltages without currents."""
    voltage = network.detail["hold"].copy()
    for number in order:
        piece = network.piece[number]
        for i in range(piece.first, piece.stop):
            up = network.row[i].parent
            if up >= 0:
                voltage[i] = network.detail[i].gain * voltage[up]
    return voltage


@njit(cache=True)
def _solve_base(network: Any, state: Any, start: Any, accepted: Any, mismatch: Any, limit: Any) -> Any:
    begin_block(state)
    pieces = np.arange(network.piece.size)
    take_pieces(network, state, pieces, np.array([0, pieces.size]), np.zeros(1, np.int64))
    set_base(network, state, start)
    if not sort_block(network, state):
        return 0, start.voltage
    voltage = _no_load(network, state.order)
    return sweep_block(network, state, voltage, accepted, np.full(LANES, mismatch), limit), voltage


def solve_base(
    network: Network, tables: Tables, state: State, accepted: float, mismatch: float, limit: int
) -> tuple[Start, bool]:
    """All pieces of the base state; False if it does not settle."""
    rows, units = network.row.size, network.unit.size
    start = Start(
        np.ones(rows, complex), np.zeros(rows, complex), tables.demand.copy(), tables.shunt,
        np.zeros(rows, complex), np.zeros(units, complex), np.zeros(units, complex),
    )  # fmt: skip
    with np.errstate(all="ignore"):
        iterations, _ = _solve_base(network, state, start, accepted, mismatch, limit)
    x = state.x[:, :, 0]
    settled = bool(iterations > 0 and state.settled[0] and state.m[0, 2, 0] < 1.0 / COLLAPSED)
    settled &= bool(np.isfinite(x).all())
    start.voltage[:], start.current[:] = x[:, 0] + 1j * x[:, 1], x[:, 2] + 1j * x[:, 3]
    start.input[:] = state.unit[:, 2, 0] + 1j * state.unit[:, 3, 0]
    at = np.flatnonzero((network.unit["converter"] >= 0) & (network.unit["input"] >= 0))
    slot = network.row["load_slot"][network.unit["input"][at]]
    np.add.at(start.demand, slot, np.stack([start.input[at].real, start.input[at].imag], axis=1))
    on = np.flatnonzero(network.unit["hub"] >= 0)
    hub = network.unit["hub"][on]
    start.output[on] = network.unit["share"][on] * start.voltage[hub] * np.conj(start.current[hub])
    top = network.piece["first"]
    top = top[network.row["parent"][top] >= 0]
    above = network.row["parent"][top]
    stiff = network.piece["stiff"][network.detail["piece"][above]]
    drawn = np.conj(network.detail["gain"][top]) * start.current[top]
    np.add.at(start.rest, above[stiff], drawn[stiff])
    return start, settled

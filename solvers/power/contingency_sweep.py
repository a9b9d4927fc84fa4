"""Eight scenarios side by side through the pieces that their failures touch.

A block takes up to eight scenarios, unites their pieces, orders them so that feeds come first, and sweeps: currents
from the last row to the first, voltages back.  What hangs on a stiff busbar but is not touched adds its current of the
base state; converters hand the demand of their busbars on to their inputs within the same pass.  A row whose scenario
feeds it otherwise than the base state does (a transfer switch) is worked out lane by lane.  Compiled; imported on use.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.power.contingency_steps import (
    ERROR,
    EXTREMES,
    STATE,
    fall,
    fall_general,
    fall_leaf,
    fall_loaded,
    fill,
    hold,
    inner,
    push,
    rise,
    rise_turned,
)
from solvers.power.contingency_switch import CUT, LOAD, MOVE, SHUNT, UNIT
from solvers.power.islands import GENERAL, LEAF, LOADED, Network, Tables
from solvers.power.lanes import LANES

Array = NDArray[Any]

COLLAPSED = 0.04
"""|V|^2 (p.u.) below which the general solver is asked; see solvers.power.sweep.COLLAPSED."""
CACHE_LINE = 64
"""[bytes]"""
CONTRACTION = 0.2
"""Ratio of changes above which their ratio is not trusted to be constant (assumed; facilities have 0.01 to 0.1)."""
ROUNDING = 64 * np.finfo(float).eps
_PIECES, _CUTS, _MOVES, _BLOCK = range(4)


class State(NamedTuple):
    """Working memory of one block after the other."""

    x: Array
    """(R, 4, LANES) voltage and current; see contingency_steps."""
    s: Array
    """(slots, 2, LANES) loads with the converters' inputs."""
    y: Array
    """(slots, 2, LANES) shunts."""
    m: Array
    """(1, 3, LANES) largest change of a voltage, largest mismatch, and largest 1 / |V|^2 at a load."""
    end: Array
    """(1, 2, LANES)."""
    extreme: Array
    """(1, EXTREMES, LANES)."""
    unit: Array
    """(X, 4, LANES) share, whether it runs, real and reactive input."""
    moved: Array
    """(P, LANES) branch that feeds the piece instead of the usual one, -1 = the usual one does."""
    piece: Array
    """(P, 4) block that last took the piece, level, first cut, whether moved in some lane."""
    order: Array
    """(P,) pieces of the block, feeds first."""
    cut: Array
    """(., 2) row and lane where nothing is handed on, rows descending."""
    rest: Array
    """(R,) current of what hangs on a stiff row and is not in the block."""
    settled: Array
    """(LANES,) bool: the sweeps came to an end."""
    counts: Array


class Start(NamedTuple):
    """The base state that blocks begin with; per unit."""

    voltage: Array
    """(R,) complex."""
    current: Array
    """(R,) complex, towards the row."""
    demand: Array
    """(slots, 2) with the converters' inputs."""
    shunt: Array
    rest: Array
    """(R,) current that hangs on each stiff row."""
    input: Array
    """(X,) complex."""
    output: Array
    """(X,) complex."""


TAKEN, LEVEL, FIRST_CUT, HAS_MOVED = range(4)


def aligned(*shape: int) -> Array:
    """Zeros that begin where a cache line does: vectors across two lines cost a third of the speed (measured)."""
    count = int(np.prod(shape))
    room = np.zeros(count + CACHE_LINE // 8)
    skip = -room.ctypes.data % CACHE_LINE // 8
    return room[skip : skip + count].reshape(shape)


def new_state(network: Network, tables: Tables) -> State:
    """Working memory."""
    rows, pieces, units = network.row.size, network.piece.size, network.unit.size
    return State(
        aligned(rows, STATE, LANES), aligned(tables.demand.shape[0], 2, LANES),
        aligned(tables.shunt.shape[0], 2, LANES), aligned(1, ERROR, LANES), aligned(1, 2, LANES),
        aligned(1, EXTREMES, LANES), aligned(units, 4, LANES), np.full((pieces, LANES), -1),
        np.full((pieces, 4), -1), np.zeros(pieces, np.int64), np.zeros((LANES * (rows + 1), 2), np.int64),
        np.zeros(rows, complex), np.zeros(LANES, dtype=bool), np.zeros(4, np.int64),
    )  # fmt: skip


@inner
def take_pieces(network: Any, state: Any, pieces: Any, start: Any, members: Any) -> None:
    """Add the pieces of some scenarios to the block, as they are in the base state."""
    counts, table, order = state.counts, state.piece, state.order
    for scenario in members:
        for k in range(start[scenario], start[scenario + 1]):
            piece = pieces[k]
            if table[piece, TAKEN] != counts[_BLOCK]:
                table[piece, TAKEN] = counts[_BLOCK]
                table[piece, LEVEL] = network.piece[piece].rank
                table[piece, FIRST_CUT] = -1
                table[piece, HAS_MOVED] = 0
                order[counts[_PIECES]] = piece
                counts[_PIECES] += 1


@inner
def begin_block(state: Any) -> None:
    state.counts[_PIECES] = state.counts[_CUTS] = 0
    state.counts[_BLOCK] += 1


@inner
def set_base(network: Any, state: Any, start: Any) -> None:
    """Tables of the block's pieces as in the base state, in all lanes."""
    # tables are taken out of their tuples before loops: each time costs a count of references
    pieces, rows, units, item, order = network.piece, network.row, network.unit, network.item, state.order
    demand, shunt, s, y, unit_table = start.demand, start.shunt, state.s, state.y, state.unit
    given, rest, hung = start.input, state.rest, start.rest
    for at in range(state.counts[_PIECES]):
        piece = pieces[order[at]]
        state.moved[order[at], :] = -1
        for i in range(piece.first, piece.stop):
            load, earth = rows[i].load_slot, rows[i].shunt_slot
            if load:
                fill(s, load, demand[load, 0], demand[load, 1])
            if earth:
                fill(y, earth, shunt[earth, 0], shunt[earth, 1])
        for k in range(piece.unit, piece.unit_stop):
            unit = item[k]
            for lane in range(LANES):
                unit_table[unit, 0, lane] = units[unit].share
                unit_table[unit, 1, lane] = 1.0
                unit_table[unit, 2, lane] = given[unit].real
                unit_table[unit, 3, lane] = given[unit].imag
        if piece.stiff:
            for i in range(piece.first, piece.stop):
                rest[i] = hung[i]
    for at in range(state.counts[_PIECES]):
        first = pieces[order[at]].first
        up = rows[first].parent
        if up >= 0 and pieces[network.detail[up].piece].stiff:
            rest[up] -= np.conj(network.detail[first].gain) * start.current[first]


@inner
def apply_events(rows: Any, state: Any, event: Any, amount: Any, start: Any, members: Any) -> None:
    """Make each lane its scenario; lanes to spare repeat the last one."""
    s, y, cut, unit, counts = state.s, state.y, state.cut, state.unit, state.counts
    for lane in range(LANES):
        scenario = members[min(lane, members.size - 1)]
        for k in range(start[scenario], start[scenario + 1]):
            kind, a = event[k, 0], event[k, 1]
            if kind == CUT:
                if rows[a].code == LEAF:  # no current to be handed on
                    s[rows[a].load_slot, 0, lane] = s[rows[a].load_slot, 1, lane] = 0.0
                else:
                    cut[counts[_CUTS], 0], cut[counts[_CUTS], 1] = a, lane
                    counts[_CUTS] += 1
            elif kind == MOVE:
                state.moved[a, lane] = event[k, 3]
                state.piece[a, HAS_MOVED] = 1
            elif kind == LOAD:
                s[a, 0, lane] += amount[k, 0]
                s[a, 1, lane] += amount[k, 1]
            elif kind == SHUNT:
                y[a, 0, lane] += amount[k, 0]
                y[a, 1, lane] += amount[k, 1]
            elif kind == UNIT:
                unit[a, 0, lane], unit[a, 1, lane] = amount[k, 0], event[k, 2]


@inner
def sort_block(network: Any, state: Any) -> Any:
    """Put cuts and pieces in order; False if the lanes contradict each other (or one is a ring)."""
    cuts, pieces = state.counts[_CUTS], state.counts[_PIECES]
    order = np.argsort(-state.cut[:cuts, 0])
    state.cut[:cuts] = state.cut[:cuts][order]
    for k in range(cuts - 1, -1, -1):
        state.piece[network.detail[state.cut[k, 0]].piece, FIRST_CUT] = k
    rounds = 0
    while _raise_levels(network, state):
        rounds += 1
        if rounds > pieces:
            return False
    levels = np.empty(pieces, np.int64)
    for at in range(pieces):
        levels[at] = state.piece[state.order[at], LEVEL]
    state.order[:pieces] = state.order[:pieces][np.argsort(levels, kind="mergesort")]
    return True


@inner
def _raise_levels(network: Any, state: Any) -> Any:
    """Lift pieces above their feeds once; True if one was too low."""
    lifted = False
    for at in range(state.counts[_PIECES]):
        number = state.order[at]
        piece = network.piece[number]
        level = state.piece[number, LEVEL]
        least = level
        up = network.row[piece.first].parent
        if up >= 0:
            if state.piece[number, HAS_MOVED]:
                for lane in range(LANES):
                    branch = state.moved[number, lane]
                    above = up if branch < 0 else network.bus[network.branch[branch].tail].row
                    least = max(least, state.piece[network.detail[above].piece, LEVEL] + 1)
            else:
                least = max(least, state.piece[network.detail[up].piece, LEVEL] + 1)
        for k in range(piece.unit, piece.unit_stop):
            below = network.unit[network.item[k]].input
            if below >= 0:
                feeder = network.detail[below].piece
                if state.piece[feeder, TAKEN] == state.counts[_BLOCK]:
                    least = max(least, state.piece[feeder, LEVEL] + 1)
        if least > level:
            state.piece[number, LEVEL] = least
            lifted = True
    return lifted


@inner
def start_voltages(network: Any, state: Any, voltage: Any) -> None:
    """Voltages of the base state, and the currents of loads and shunts at them."""
    x, s, y, rows, rest = state.x, state.s, state.y, network.row, state.rest
    for at in range(state.counts[_PIECES]):
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
    for at in range(count[_PIECES] - 1, -1, -1):
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
                next_row = cuts[next_cut, 0] if next_cut < count[_CUTS] else -1
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
    for at in range(state.counts[_PIECES]):
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

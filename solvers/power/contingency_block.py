"""A block of up to eight scenarios: which pieces it takes, in which order, and what differs in each lane.

Compiled; imported on use.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.power.contingency_steps import ERROR, EXTREMES, STATE, fill, inner
from solvers.power.contingency_switch import CUT, LOAD, MOVE, SHUNT, UNIT
from solvers.power.islands_records import LEAF, Network, Tables
from solvers.power.lanes import LANES

Array = NDArray[Any]

CACHE_LINE = 64
"""[bytes]"""
PIECES, CUTS, BLOCK = range(3)
"""Counts of a block: its pieces, its cuts, and its number."""


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
            if table[piece, TAKEN] != counts[BLOCK]:
                table[piece, TAKEN] = counts[BLOCK]
                table[piece, LEVEL] = network.piece[piece].rank
                table[piece, FIRST_CUT] = -1
                table[piece, HAS_MOVED] = 0
                order[counts[PIECES]] = piece
                counts[PIECES] += 1


@inner
def begin_block(state: Any) -> None:
    state.counts[PIECES] = state.counts[CUTS] = 0
    state.counts[BLOCK] += 1


@inner
def set_base(network: Any, state: Any, start: Any) -> None:
    """Tables of the block's pieces as in the base state, in all lanes."""
    # tables are taken out of their tuples before loops: each time costs a count of references
    pieces, rows, units, item, order = network.piece, network.row, network.unit, network.item, state.order
    demand, shunt, s, y, unit_table = start.demand, start.shunt, state.s, state.y, state.unit
    given, rest, hung = start.input, state.rest, start.rest
    for at in range(state.counts[PIECES]):
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
    for at in range(state.counts[PIECES]):
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
                    cut[counts[CUTS], 0], cut[counts[CUTS], 1] = a, lane
                    counts[CUTS] += 1
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
    cuts, pieces = state.counts[CUTS], state.counts[PIECES]
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
    for at in range(state.counts[PIECES]):
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
                if state.piece[feeder, TAKEN] == state.counts[BLOCK]:
                    least = max(least, state.piece[feeder, LEVEL] + 1)
        if least > level:
            state.piece[number, LEVEL] = least
            lifted = True
    return lifted

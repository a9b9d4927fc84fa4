"""What each failure switches, loads and darkens: the difference of every scenario from the base state.

64 scenarios are the bits of one word, as in :mod:`solvers.power.transfer`, whose rules are followed exactly; the
scenarios in which a transfer switch is caught living on its own output, and those whose feeds turn round, are marked
for the general solver.  Compiled; imported on use.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit, uint64
from numpy.typing import NDArray

from solvers.power.contingency_outages import Kind, Outages
from solvers.power.contingency_steps import inner, small
from solvers.power.contingency_words import LANES, find_differences, scatter, switch_block
from solvers.power.islands_records import DEAD, ELSEWHERE, Network, Switches

Array = NDArray[Any]

CUT, MOVE, LOAD, SHUNT, UNIT = range(5)
"""Events: a row hands nothing on to its parent (row); a piece hangs on another row (piece, row, branch); changes of
the tables of loads and of shunts (slot; real and imaginary part); a unit's share and whether it runs (unit, on;
share)."""

_BRANCH, _CONVERTER, _SOURCE, _BUS, _CORD, _LOAD = (int(kind) for kind in Kind)
_TOUCHED, _LOADS, _HUBS, _EVENTS, _GENERAL, _SOURCES = range(6)
"""Counts of the lists, whether the general solver is asked, and the number of sources."""


class Changes(NamedTuple):
    """Differences of n scenarios from the base state, in compressed rows."""

    general: Array
    """(n,) bool: not to be told by events; ask the general solver."""
    served: Array
    """(n,) served real load power. [p.u.]"""
    apparent: Array
    """(n,) sum of the magnitudes of the served loads. [p.u.]"""
    mark: Array
    """(n,) equal for scenarios that touch the same pieces."""
    last: Array
    """(n,) last piece touched."""
    event_start: Array
    event: Array
    """(., 4) kind and up to three integers."""
    amount: Array
    """(., 2)."""
    dead_start: Array
    dead: Array
    """Rows that are not energised."""
    piece_start: Array
    piece: Array
    """Pieces to be solved."""
    lost_start: Array
    lost: Array
    """Loads that are not served."""


_DEAD, _MOVED, _FAILED, _LOST, _ISOLATED, _REACHED, _HUB, _ASKED = range(8)
"""Columns of marks; a mark is the number of the scenario that set it."""


class _Scratch(NamedTuple):
    counts: Array
    mark: Array
    """(largest number of elements, columns)."""
    list: Array
    """(., 3) pieces touched, loads touched, busbars whose units change."""
    event: Array
    amount: Array


def find_changes(network: Network, switches: Switches, outages: Outages) -> Changes:
    """Differences of the scenarios from the base state."""
    sizes = [table.size for table in network[2:8]] + [1]
    room = 5 * network.bus.size + 4 * switches.input.size + network.cord.size + network.unit.size + 8
    scratch = _Scratch(
        np.zeros(6, np.int64), np.full((max(sizes), 8), -1), np.empty((max(sizes), 3), np.int64),
        np.empty((room, 4), np.int64), np.empty((room, 2)),
    )  # fmt: skip
    return Changes(*_trace(network, switches, scratch, outages.offsets, outages.kind, outages.index))


@small
def _touch(network: Any, s: Any, row: Any, stamp: Any) -> None:
    """The piece of a row must be solved."""
    if row == ELSEWHERE:
        s.counts[_GENERAL] = 1
    elif row >= 0:
        piece = network.detail[row].piece
        if s.mark[piece, _REACHED] != stamp:
            s.mark[piece, _REACHED] = stamp
            s.list[s.counts[_TOUCHED], 0] = piece
            s.counts[_TOUCHED] += 1


@small
def _note(s: Any, kind: Any, a: Any, b: Any, c: Any, x: Any, y: Any) -> None:
    at = s.counts[_EVENTS]
    s.event[at, 0], s.event[at, 1], s.event[at, 2], s.event[at, 3] = kind, a, b, c
    s.amount[at, 0], s.amount[at, 1] = x, y
    s.counts[_EVENTS] += 1


@inner
def _lose(network: Any, s: Any, number: Any, stamp: Any, column: Any) -> None:
    """A source or converter is off, or stands alone on its busbar."""
    unit = network.unit[number]
    if not unit.on or s.mark[number, column] == stamp:
        return
    s.mark[number, column] = stamp
    if unit.hub < 0:
        s.counts[_GENERAL] = 1
        return
    _touch(network, s, unit.input, stamp)
    piece = network.detail[unit.hub].piece
    if s.mark[piece, _HUB] != stamp:
        s.mark[piece, _HUB] = stamp
        s.list[s.counts[_HUBS], 2] = piece
        s.counts[_HUBS] += 1


@small
def _unload(s: Any, load: Any, stamp: Any) -> None:
    if s.mark[load, _ASKED] != stamp:
        s.mark[load, _ASKED] = stamp
        s.list[s.counts[_LOADS], 1] = load
        s.counts[_LOADS] += 1


@inner
def _darken(network: Any, s: Any, dead: Any, stamp: Any) -> None:
    """All that the loss of voltage at a set of buses entails."""
    # tables are taken out of their tuples before the loop: each time costs a count of references
    buses, rows, detail, item, cords = network.bus, network.row, network.detail, network.item, network.cord
    mark, lists, count = s.mark, s.list, s.counts
    for number in dead:
        bus = buses[number]
        row = bus.row
        if row < 0:
            if row == ELSEWHERE:
                count[_GENERAL] = 1
            continue
        piece = detail[row].piece
        if mark[piece, _REACHED] != stamp:
            mark[piece, _REACHED] = stamp
            lists[count[_TOUCHED], 0] = piece
            count[_TOUCHED] += 1
        up = rows[row].parent
        if up >= 0 and mark[detail[up].bus, _DEAD] != stamp:
            _touch(network, s, up, stamp)
            _note(s, CUT, row, 0, 0, 0.0, 0.0)
            _charge(network, s, detail[row].branch, detail[up].bus, -1.0)
        elif up >= 0 and detail[up].piece != piece:
            _touch(network, s, up, stamp)
        for k in range(bus.input, bus.output):
            _lose(network, s, count[_SOURCES] + item[k], stamp, _LOST)
        for k in range(bus.cord, bus.end):
            load = cords[item[k]].load
            if cords[item[k]].share > 0 and mark[load, _ASKED] != stamp:
                mark[load, _ASKED] = stamp
                lists[count[_LOADS], 1] = load
                count[_LOADS] += 1


@small
def _charge(network: Any, s: Any, number: Any, bus: Any, sign: Any) -> None:
    """Half the charging of a branch comes to, or leaves, one of its ends."""
    branch = network.branch[number]
    half = branch.half if branch.head == bus else branch.half_tail
    if half != 0:
        slot = network.row[network.bus[bus].row].shunt_slot
        _note(s, SHUNT, slot, 0, 0, 0.0, sign * half)


@small
def _open(network: Any, s: Any, number: Any, stamp: Any) -> None:
    """A failed branch: what it fed is dead, fed anew, or a unit that now stands alone."""
    branch = network.branch[number]
    if not branch.conducts:
        return
    bus = branch.fed
    if bus < 0:
        s.counts[_GENERAL] = 1
    elif s.mark[bus, _DEAD] != stamp and s.mark[bus, _MOVED] != stamp:
        unit = network.detail[network.bus[bus].row].alone
        if unit < 0:
            s.counts[_GENERAL] = 1
        else:
            _lose(network, s, unit, stamp, _ISOLATED)


@small
def _fail(network: Any, s: Any, kind: Any, i: Any, stamp: Any) -> None:
    """An element of the scenario's list, seen from the pieces."""
    sources, item = s.counts[_SOURCES], network.item
    if kind == _BRANCH:
        _open(network, s, i, stamp)
    elif kind == _CONVERTER:
        _lose(network, s, sources + i, stamp, _LOST)
    elif kind == _SOURCE:
        _lose(network, s, i, stamp, _LOST)
    elif kind == _BUS:
        bus = network.bus[i]
        for k in range(bus.branch, bus.input):
            _open(network, s, item[k], stamp)
        for k in range(bus.input, bus.source):
            _lose(network, s, sources + item[k], stamp, _LOST)
        for k in range(bus.source, bus.cord):
            _lose(network, s, item[k], stamp, _LOST)
        for k in range(bus.cord, bus.end):
            s.mark[item[k], _FAILED] = stamp
            _unload(s, network.cord[item[k]].load, stamp)
    elif kind == _CORD:
        s.mark[i, _FAILED] = stamp
        _unload(s, network.cord[i].load, stamp)
    else:
        for k in range(network.load[i].cord, network.load[i].cord_stop):
            s.mark[item[k], _FAILED] = stamp
        _unload(s, i, stamp)


@inner
def _move(network: Any, s: Any, number: Any, stamp: Any) -> None:
    """A transfer switch feeds its output by another input."""
    branch = network.branch[number]
    row, up = network.bus[branch.head].row, network.bus[branch.tail].row
    if row < 0 or up < 0:
        s.counts[_GENERAL] = 1
        return
    before, piece = network.detail[row].branch, network.detail[row].piece
    alone = network.detail[up].alone
    if (
        before < 0
        or network.branch[before].group != branch.group
        or network.piece[piece].first != row
        or (alone >= 0 and s.mark[alone, _ISOLATED] == stamp)
    ):
        s.counts[_GENERAL] = 1
        return
    old = network.row[row].parent
    _touch(network, s, row, stamp)
    _touch(network, s, up, stamp)
    _touch(network, s, old, stamp)
    _note(s, MOVE, piece, up, number, 0.0, 0.0)
    _charge(network, s, before, branch.head, -1.0)
    _charge(network, s, number, branch.head, 1.0)
    _charge(network, s, number, branch.tail, 1.0)
    if s.mark[network.detail[old].bus, _DEAD] != stamp:
        _charge(network, s, before, network.detail[old].bus, -1.0)


@inner
def _reshare(network: Any, s: Any, number: Any, stamp: Any) -> None:
    """The units that are left on a busbar share what it needs."""
    piece = network.piece[number]
    _touch(network, s, piece.first, stamp)
    total = 0.0
    for k in range(piece.unit, piece.unit_stop):
        unit = network.item[k]
        if s.mark[unit, _LOST] != stamp and s.mark[unit, _ISOLATED] != stamp:
            total += network.unit[unit].weight
    dead = s.mark[network.detail[piece.first].bus, _DEAD] == stamp
    if dead == (total > 0):  # fed by something else, or held though dead
        s.counts[_GENERAL] = 1
    for k in range(piece.unit, piece.unit_stop):
        unit = network.item[k]
        runs = s.mark[unit, _LOST] != stamp
        shares = runs and s.mark[unit, _ISOLATED] != stamp and total > 0
        share = network.unit[unit].weight / total if shares else 0.0
        _note(s, UNIT, unit, int(runs), 0, share, 0.0)


@small
def _carries(cord: Any, number: Any, live: Any, mark: Any, stamp: Any) -> Any:
    return cord.on and live and mark[number, _FAILED] != stamp and mark[cord.bus, _DEAD] != stamp


@inner
def _redivide(network: Any, s: Any, stamp: Any, lost: Any) -> Any:
    """Divide the loads asked for over the cords they have left; ``lost`` takes those that have none.

    Returns their number, and what they drew: real power and magnitude.
    """
    loads, cords, buses, item, mark = network.load, network.cord, network.bus, network.item, s.mark
    rows, detail, lists, count = network.row, network.detail, s.list, s.counts
    n, power, size = 0, 0.0, 0.0
    for j in range(count[_LOADS]):
        load = loads[lists[j, 1]]
        total = 0.0
        for k in range(load.cord, load.cord_stop):
            cord = cords[item[k]]
            if _carries(cord, item[k], buses[cord.bus].live, mark, stamp):
                total += cord.weight
        for k in range(load.cord, load.cord_stop):
            cord = cords[item[k]]
            carries = total > 0 and _carries(cord, item[k], buses[cord.bus].live, mark, stamp)
            change = ((cord.weight / total if carries else 0.0) - cord.share) * load.power
            row = buses[cord.bus].row
            if change == 0 or row == DEAD or mark[cord.bus, _DEAD] == stamp:
                continue
            if row == ELSEWHERE:
                count[_GENERAL] = 1
                continue
            piece = detail[row].piece
            if mark[piece, _REACHED] != stamp:
                mark[piece, _REACHED] = stamp
                lists[count[_TOUCHED], 0] = piece
                count[_TOUCHED] += 1
            at = count[_EVENTS]
            s.event[at, 0], s.event[at, 1] = LOAD, rows[row].load_slot
            s.amount[at, 0], s.amount[at, 1] = change.real, 0.0 if cord.real else change.imag
            count[_EVENTS] += 1
        if total == 0 and load.served:
            power += load.power.real
            size += abs(load.power)
            lost[n] = lists[j, 1]
            n += 1
    return n, power, size


@inner
def _spread(network: Any, s: Any, stamp: Any) -> None:
    """Touch all pieces that feel those touched: what hangs on them, and what feeds them."""
    at = 0
    while at < s.counts[_TOUCHED]:
        piece = network.piece[s.list[at, 0]]
        at += 1
        bus = network.detail[piece.first].bus
        if s.mark[bus, _DEAD] == stamp:
            continue
        if piece.stiff:
            for k in range(piece.unit, piece.unit_stop):
                if s.mark[network.item[k], _LOST] != stamp:
                    _touch(network, s, network.unit[network.item[k]].input, stamp)
        else:
            if s.mark[bus, _MOVED] != stamp:
                _touch(network, s, network.row[piece.first].parent, stamp)
            for k in range(piece.child, piece.child_stop):
                _touch(network, s, network.piece[network.item[k]].first, stamp)


@inner
def _roomy(table: Any, used: Any, more: Any) -> Any:
    """The table, with room for more rows."""
    if used + more <= table.shape[0]:
        return table
    larger = np.empty((2 * (used + more), *table.shape[1:]), table.dtype)
    larger[:used] = table[:used]
    return larger


@small
def _difference(
    network: Any, s: Any, k: Any, bit: Any, kind: Any, index: Any, dead: Any, gate: Any, turned: Any
) -> None:
    """Fill the scratch lists for one scenario."""
    s.counts[:_SOURCES] = 0
    for bus in dead:
        s.mark[bus, _DEAD] = k
    for e in turned:
        if gate[e] & bit:
            s.mark[network.branch[e].head, _MOVED] = k
    _darken(network, s, dead, k)
    for j in range(kind.size):
        _fail(network, s, kind[j], index[j], k)
    for e in turned:
        if gate[e] & bit:
            _move(network, s, e, k)
    j = 0
    while j < s.counts[_HUBS]:
        _reshare(network, s, s.list[j, 2], k)
        j += 1


@njit(cache=True)
def _trace(network: Any, switches: Any, s: Any, offsets: Any, kind: Any, index: Any) -> Any:
    n = offsets.size - 1
    gate, source = np.empty(switches.admitted.size, np.uint64), np.empty(switches.source_on.size, np.uint64)
    words, queue = np.empty((3, network.bus.size), np.uint64), np.empty(network.bus.size, np.int64)
    live = words[1]
    changed = np.empty(network.bus.size + switches.input.size, np.int64)
    bounds, unlit = np.zeros(LANES + 1, np.int64), np.empty(64, np.int64)
    s.counts[_SOURCES] = switches.source_on.size
    total, apparent, never = 0.0, 0.0, 0
    for load in network.load:
        if load.served:
            total += load.power.real
            apparent += abs(load.power)
        else:
            never += 1
    general = np.zeros(n, np.bool_)
    served, size = np.empty(n), np.empty(n)
    mark, last = np.zeros(n, np.uint64), np.zeros(n, np.int64)
    event_start, dead_start = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)
    piece_start, lost_start = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)
    event, amount = np.empty((64, 4), np.int64), np.empty((64, 2))
    dead, piece, lost = np.empty(64, np.int64), np.empty(64, np.int64), np.empty(64, np.int64)
    for first in range(0, n, LANES):
        stop = min(first + LANES, n)
        caught = switch_block(
            network, switches, offsets[first : stop + 1], kind, index, words, gate, source, queue
        )
        dark, turned, gained = find_differences(network, switches, live, gate, changed)
        unlit = scatter(live, changed, dark, stop - first, bounds, unlit)
        for k in range(first, stop):
            bit = uint64(1) << uint64(k - first)
            own = slice(offsets[k], offsets[k + 1])
            buses = unlit[bounds[k - first] : bounds[k - first + 1]]
            _difference(network, s, k, bit, kind[own], index[own], buses, gate, changed[dark:turned])
            at = dead_start[k]
            dead = _roomy(dead, at, buses.size)
            for j in range(buses.size):
                dead[at + j] = network.bus[buses[j]].row
            dead_start[k + 1] = at + buses.size
            served[k], size[k] = total, apparent
            at = lost_start[k]
            lost = _roomy(lost, at, never + s.counts[_LOADS])
            if never:
                for load in range(network.load.size):
                    if not network.load[load].served:
                        lost[at] = load
                        at += 1
            more, power, magnitude = _redivide(network, s, k, lost[at:])
            served[k] -= power
            size[k] -= magnitude
            at += more
            lost_start[k + 1] = at
            _spread(network, s, k)
            general[k] = s.counts[_GENERAL] > 0 or ((caught | gained) & bit) != 0
            count, at = s.counts[_EVENTS], event_start[k]
            event, amount = _roomy(event, at, count), _roomy(amount, at, count)
            event[at : at + count], amount[at : at + count] = s.event[:count], s.amount[:count]
            event_start[k + 1] = at + count
            count, at = s.counts[_TOUCHED], piece_start[k]
            piece = _roomy(piece, at, count)
            for j in range(count):
                p = s.list[j, 0]
                piece[at + j] = p
                mark[k] += (uint64(p) + uint64(1)) * (uint64(p) + uint64(0x9E3779B97F4A7C15))
                last[k] = max(last[k], p)
            piece_start[k + 1] = at + count
    return (
        general, served, size, mark, last, event_start, event, amount, dead_start, dead, piece_start, piece,
        lost_start, lost,
    )  # fmt: skip

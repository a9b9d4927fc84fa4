"""From swept blocks to what is kept of each scenario: extremes, losses, trips, and each element's worst state.

What a scenario leaves untouched is taken from a summary of the base state by pieces.  Compiled; imported on use.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.power.contingency_block import (
    HAS_MOVED,
    PIECES,
    apply_events,
    begin_block,
    set_base,
    sort_block,
    take_pieces,
)
from solvers.power.contingency_keep import find_trips, merge_base, watch_lane
from solvers.power.contingency_steps import (
    HEAVIEST,
    HEAVIEST_AT,
    HIGHEST,
    HIGHEST_AT,
    LOST,
    LOWEST,
    LOWEST_AT,
    NAME,
    charge,
    inner,
    judge,
    judge_and_mark,
    judge_charged,
    judge_charged_and_mark,
    mark,
)
from solvers.power.contingency_sweep import COLLAPSED, ROUNDING, sweep_block
from solvers.power.lanes import LANES

Array = NDArray[Any]

DONE, ASK = 0, -1
"""Endings: settled; ask the general solver."""


@inner
def _clear(state: Any, changes: Any, members: Any) -> None:
    """Take voltage and current from the rows that are dead."""
    x, dead = state.x, changes.dead
    for lane in range(LANES):
        k = members[min(lane, members.size - 1)]
        for j in range(changes.dead_start[k], changes.dead_start[k + 1]):
            row = dead[j]
            if row >= 0:
                x[row, 0, lane] = x[row, 1, lane] = x[row, 2, lane] = x[row, 3, lane] = 0.0


@inner
def _units(network: Any, state: Any, extreme: Any) -> None:
    """Loading of the units of the block, kept in place of their shares; ``extreme`` (LANES, 4) is converter and
    source: loading and number."""
    x, units, item, table, total, rows = (
        state.x, network.unit, network.item, state.unit, state.extreme, network.row
    )  # fmt: skip
    for at in range(state.counts[PIECES]):
        piece = network.piece[state.order[at]]
        for k in range(piece.unit, piece.unit_stop):
            number = item[k]
            unit = units[number]
            top = piece.first
            column = 0 if unit.converter >= 0 else 2
            for lane in range(LANES):
                share = table[number, 0, lane]
                jr, ji = share * x[top, 2, lane], share * x[top, 3, lane]
                p = x[top, 0, lane] * jr + x[top, 1, lane] * ji
                q = x[top, 1, lane] * jr - x[top, 0, lane] * ji
                if unit.converter >= 0:
                    loading = p / unit.rating
                    if unit.input >= 0 and table[number, 1, lane] != 0.0:
                        total[0, LOST, lane] += table[number, 2, lane] - p
                else:
                    loading = np.sqrt(p * p + q * q)
                if loading > extreme[lane, column]:
                    extreme[lane, column], extreme[lane, column + 1] = loading, number
                i = unit.row
                while i != top:  # its own way to the busbar carries what it delivers there
                    x[i, 2, lane] -= jr
                    x[i, 3, lane] -= ji
                    i = rows[i].parent
                table[number, 0, lane] = loading


@inner
def _moved(network: Any, state: Any, moved: Any) -> Any:
    """Feeds out of their usual place: list of branch, lane, |current / rating|^2, loss; their rows carry no more."""
    n = 0
    for at in range(state.counts[PIECES]):
        number = state.order[at]
        if not state.piece[number, HAS_MOVED]:
            continue
        top = network.piece[number].first
        for lane in range(LANES):
            branch = state.moved[number, lane]
            if branch >= 0:
                record = network.branch[branch]
                j = complex(state.x[top, 2, lane], state.x[top, 3, lane])
                i = j - 1j * record.half * complex(state.x[top, 0, lane], state.x[top, 1, lane])
                moved[n, 0], moved[n, 1] = branch, lane
                moved[n, 2] = record.scale * abs(i) ** 2
                moved[n, 3] = record.r * abs(j) ** 2
                state.x[top, 2, lane] = state.x[top, 3, lane] = 0.0
                n += 1
    return n


@inner
def _judge_rows(network: Any, state: Any, limits: Any, worst: Any, at_once: Any) -> None:
    """Judge all rows; ``at_once``: and mark them."""
    x, end, extreme, details, rows, trip = (
        state.x,
        state.end,
        state.extreme,
        network.detail,
        network.row,
        limits.row,
    )
    table = worst.row
    for at in range(state.counts[PIECES]):
        number = state.order[at]
        piece = network.piece[number]
        for i in range(piece.stop - 1, piece.first - 1, -1):
            detail, r = details[i], rows[i].r
            if detail.across == 0.0:
                if at_once:
                    judge_and_mark(x, table, extreme, i, float(i), r, detail.scale)
                else:
                    judge(x, extreme, i, float(i), r, trip[i], detail.scale)
                continue
            charge(x, end, detail.beside, detail.across)
            for lane in range(LANES):
                dead = x[i, 0, lane] == 0.0 and x[i, 1, lane] == 0.0
                if dead or (i == piece.first and state.moved[number, lane] >= 0):
                    end[0, 0, lane] = end[0, 1, lane] = 0.0
            real, imaginary = detail.along.real, detail.along.imag
            if at_once:
                judge_charged_and_mark(x, end, table, extreme, i, float(i), r, detail.scale, real, imaginary)
            else:
                judge_charged(x, end, extreme, i, float(i), r, trip[i], detail.scale, real, imaginary)


@inner
def _sound(network: Any, state: Any, sound: Any) -> Any:
    """Lanes that came to an end far from collapse; True if all did.  What is not a number reaches the top of its
    piece."""
    every = True
    for lane in range(LANES):
        fine = state.settled[lane] and state.m[0, 2, lane] < 1.0 / COLLAPSED
        for at in range(state.counts[PIECES]):
            fine &= np.isfinite(state.x[network.piece[state.order[at]].first, 2, lane])
        sound[lane] = fine
        every &= fine
    return every


@inner
def _silence(network: Any, state: Any, lane: Any) -> None:
    """Keep one lane out of the marks."""
    for at in range(state.counts[PIECES]):
        piece = network.piece[state.order[at]]
        for i in range(piece.first, piece.stop):
            state.x[i, 2, lane] = state.x[i, 3, lane] = 0.0
        for k in range(piece.unit, piece.unit_stop):
            state.unit[network.item[k], 0, lane] = 0.0


@inner
def _mark(network: Any, state: Any, worst: Any, moved: Any, silent: Any, at_once: Any) -> None:
    """Worst states of the elements of the block; of rows, unless that is done."""
    x, table, extreme, unit_worst, item = state.x, worst.row, state.extreme, worst.unit, network.item
    for at in range(state.counts[PIECES]):
        piece = network.piece[state.order[at]]
        if not at_once:
            for i in range(piece.first, piece.stop):
                mark(x, table, extreme, i)
        for k in range(piece.unit, piece.unit_stop):
            unit = item[k]
            for lane in range(LANES):
                if state.unit[unit, 0, lane] > unit_worst[unit, 0]:
                    unit_worst[unit, 0] = state.unit[unit, 0, lane]
                    unit_worst[unit, 1] = extreme[0, NAME, lane]
    for j in range(moved.shape[0]):
        branch, lane = int(moved[j, 0]), int(moved[j, 1])
        if not silent[lane] and moved[j, 2] > worst.branch[branch, 0]:
            worst.branch[branch, 0] = moved[j, 2]
            worst.branch[branch, 1] = extreme[0, NAME, lane]


@inner
def _block(
    network: Any, state: Any, start: Any, changes: Any, members: Any, accepted: Any, limit: Any, summary: Any,
    limits: Any, figures: Any, names: Any, worst: Any, watched: Any, tripping: Any, trips: Any, n_trips: Any,
    moved: Any,
) -> Any:  # fmt: skip
    """Sweep and judge up to LANES scenarios; False where they must be taken one by one."""
    begin_block(state)
    take_pieces(network, state, changes.piece, changes.piece_start, members)
    set_base(network, state, start)
    mismatch = np.empty(LANES)
    for lane in range(LANES):
        k = members[min(lane, members.size - 1)]
        size = changes.apparent[k]
        mismatch[lane] = max(accepted * (min(size, 1.0) if size > 0 else 1.0), ROUNDING * max(size, 1.0))
    apply_events(network.row, state, changes.event, changes.amount, changes.event_start, members)
    if not sort_block(network, state):
        return False, trips, n_trips
    iterations = sweep_block(network, state, start.voltage, max(accepted, ROUNDING), mismatch, limit)
    sound = np.zeros(LANES, np.bool_)
    at_once = _sound(network, state, sound) and not tripping
    state.extreme[:] = 0.0
    state.extreme[0, LOWEST] = np.inf
    state.extreme[0, LOWEST_AT] = state.extreme[0, HIGHEST_AT] = state.extreme[0, HEAVIEST_AT] = -1.0
    for lane in range(LANES):
        k = members[min(lane, members.size - 1)]
        state.extreme[0, NAME, lane] = names[k]
    _clear(state, changes, members)
    extreme = np.zeros((LANES, 4))
    extreme[:, 1] = extreme[:, 3] = -1.0
    _units(network, state, extreme)
    for lane in range(members.size):
        if watched.bus.size + watched.branch.size + watched.unit.size:
            watch_lane(network, state, watched, lane, members[lane])
    count = _moved(network, state, moved)
    feeds = moved[:count]
    _judge_rows(network, state, limits, worst, at_once)
    kept = summary.total
    for at in range(state.counts[PIECES]):
        kept -= summary.loss[state.order[at]]
    silent = np.zeros(LANES, np.bool_)
    for lane in range(members.size):
        k = members[lane]
        figure = figures[k]
        figure.lowest, figure.lowest_at = (
            state.extreme[0, LOWEST, lane],
            int(state.extreme[0, LOWEST_AT, lane]),
        )
        figure.highest = state.extreme[0, HIGHEST, lane]
        figure.highest_at = int(state.extreme[0, HIGHEST_AT, lane])
        figure.heaviest = state.extreme[0, HEAVIEST, lane]
        figure.heaviest_at = int(state.extreme[0, HEAVIEST_AT, lane])
        figure.converter, figure.converter_at = extreme[lane, 0], int(extreme[lane, 1])
        figure.source, figure.source_at = extreme[lane, 2], int(extreme[lane, 3])
        figure.loss = kept + state.extreme[0, LOST, lane]
        figure.iterations, figure.residual = iterations, state.m[0, 1, lane]
        for j in range(count):
            if int(feeds[j, 1]) == lane:
                figure.loss += feeds[j, 3]
        figure.ending, figure.tripped = DONE if sound[lane] else ASK, False
    merge_base(network, state, summary, figures, members)
    for lane in range(members.size):
        k, fine = members[lane], sound[lane]
        figure = figures[k]
        for j in range(count):
            if int(feeds[j, 1]) == lane and feeds[j, 2] > figure.heaviest:
                figure.heaviest, figure.heaviest_at = feeds[j, 2], int(feeds[j, 0])
        if fine and tripping:
            before = n_trips
            trips, n_trips = find_trips(network, state, limits, summary, lane, k, feeds, trips, n_trips)
            figure.tripped = n_trips > before
        silent[lane] = not fine or figure.tripped
    silent[members.size :] = silent[members.size - 1]
    for lane in range(LANES):
        if silent[lane]:
            _silence(network, state, lane)
    _mark(network, state, worst, feeds, silent, at_once)
    return True, trips, n_trips


@njit(cache=True, error_model="numpy")
def run_blocks(
    network: Any, state: Any, start: Any, changes: Any, order: Any, accepted: Any, limit: Any, summary: Any,
    limits: Any, figures: Any, names: Any, worst: Any, watched: Any, tripping: Any,
) -> Any:  # fmt: skip
    """Sweep and judge the scenarios ``order``; returns what trips (TRIPS)."""
    trips = np.empty(16, summary.trip.dtype)
    moved = np.empty((LANES * network.piece.size, 4))
    n = 0
    for first in range(0, order.size, LANES):
        members = order[first : first + LANES]
        done, trips, n = _block(
            network, state, start, changes, members, accepted, limit, summary, limits, figures, names, worst,
            watched, tripping, trips, n, moved,
        )  # fmt: skip
        if not done:
            for j in range(members.size):
                alone = members[j : j + 1]
                done, trips, n = _block(
                    network, state, start, changes, alone, accepted, limit, summary, limits, figures, names,
                    worst, watched, tripping, trips, n, moved,
                )  # fmt: skip
                if not done:
                    figures[alone[0]].ending = ASK
    return trips[:n]

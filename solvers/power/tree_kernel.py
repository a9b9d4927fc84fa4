"""The compiled sweep: one tour around the trees per round, LANES scenarios side by side.

A round enters every bus after its feeds and leaves it after all it feeds (see :mod:`solvers.power.tree_tour`).
Entering gives the new voltage from the last round's current and begins the new current; leaving hands that on.
So one pass over the tables does the forward sweep of a round and the backward sweep of the next, and what a bus
needs is still in the cache when the tour comes back to it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.power.lanes import put_complex, take_complex
from solvers.power.sweep import COLLAPSED, CONVERGED, DIVERGED, MAX_ITERATIONS, ROUNDING
from solvers.power.tree_steps import (
    add_cord,
    add_own,
    add_shunt,
    compare,
    convert,
    enter_gain,
    enter_held,
    enter_loaded,
    enter_plain,
    enter_scaled,
    enter_watched,
    fall,
    fall_gain,
    hold,
    leave,
    leave_gain,
    note_load,
    restart,
    restart_loaded,
    settle,
    visit_leaf,
)
from solvers.power.tree_tour import (
    CONVERT,
    FALL_GAIN,
    GAIN,
    HELD,
    HOLD,
    LEAF,
    LEAVE,
    LEAVE_GAIN,
    LOADED,
    OWN,
    PLAIN,
    SCALED,
    SHUNT,
    WATCHED,
    Tour,
)

Array = NDArray[Any]

WILD = 1e3
"""Change of a voltage in one round (p.u.) that no settling network shows (assumed)."""

HIGHEST = 1.5
"""Voltage (p.u.) up to which the bound of the mismatch holds for loads that grow with it (assumed)."""


class Tables(NamedTuple):
    """Working memory of a block; steps take the tables, the rest looks at the same numbers with a lane axis."""

    bus: Any
    load: Any
    extra: Any
    stage: Any
    watch: Any
    final: Any
    bus_lanes: Array
    load_lanes: Array
    extra_lanes: Array
    stage_lanes: Array
    watch_lanes: Array
    final_lanes: Array
    raw: Any
    total: Any
    total_lanes: Array


class Asked(NamedTuple):
    """What is solved: n output rows of one plan."""

    load: Array
    """(N or 1, L) complex. [VA]"""
    row: Array
    """(n,) rows of the loads, the voltages to begin with and the answer."""
    lane: Array
    """(n,) scenario of the switching of each, a column of the shares."""
    cord_share: Array
    """(K, S)."""
    element_share: Array
    """(X, S)."""
    admittance: Array
    """(varying shunts, n) complex. [p.u.]"""
    live: Array
    """(S, B) bool."""
    warm: Array
    """(N, B) complex, or (0, 0) for a start at no load. [p.u.]"""
    base: float
    tolerance: float
    limit: int


class Answer(NamedTuple):
    """What is found, by row; a table without rows is not wanted."""

    voltage: Array
    """(N, B) complex. [p.u.]"""
    current: Array
    """(rows of the plan, n) complex towards each bus. [p.u.]"""
    ending: Array
    hopeless: Array
    residual: Array
    iterations: Array


class Events(NamedTuple):
    """Where the feeds of single lanes of a block differ, in order of the tour."""

    op: Array
    lane: Array
    number: Array
    """Of the exception."""
    kept: Array
    """(events, 5) numbers that a vector step would overwrite."""


@njit(cache=True, error_model="numpy")
def _steps(ops, values, gains, stages, bus, load, extra, stage, watch, first, stop):  # type: ignore[no-untyped-def]
    """Steps ``first`` to ``stop`` of the tour.  (Arrays one by one: taking them out of a tuple costs time.)"""
    for k in range(first, stop):
        code, here, above, slot = ops[k, 0], ops[k, 1], ops[k, 2], ops[k, 3]
        r, x = values[k, 0], values[k, 1]
        if code == LEAF:
            visit_leaf(bus, load, watch, here, above, slot, r, x)
        elif code == LEAVE:
            leave(bus, here, above)
        elif code == PLAIN:
            enter_plain(bus, here, above, r, x)
        elif code == LOADED:
            enter_loaded(bus, load, watch, here, above, slot, r, x)
        elif code == SHUNT:
            add_shunt(bus, here, r, x)
        elif code == SCALED:
            enter_scaled(bus, watch, here, above, r, x)
        elif code == OWN:
            add_own(bus, load, extra, watch, here, above, slot)
        elif code == CONVERT:
            convert(bus, stage, watch, here, above, slot, stages[slot, 0], stages[slot, 1], stages[slot, 2])
        elif code == HELD:
            enter_held(bus, here, r, x)
        elif code == GAIN:
            enter_gain(bus, watch, here, above, r, x, gains[slot, 0], gains[slot, 1])
        elif code == LEAVE_GAIN:
            leave_gain(bus, here, above, r, x)
        elif code == WATCHED:
            enter_watched(bus, watch, here, above, r, x)


@njit(cache=True, error_model="numpy")
def _begin(tour: Tour, t: Tables, cold: bool, first: int, stop: int) -> None:
    """The same in the first round, which keeps the voltages: those without load, or given ones."""
    ops, no_load, bus, load, watch = tour.ops, tour.no_load, t.bus, t.load, t.watch
    for k in range(first, stop):
        code, here, above = ops[k, 0], ops[k, 1], ops[k, 2]
        if code == LEAVE:
            leave(bus, here, above)
        elif code == SHUNT:
            add_shunt(bus, here, tour.values[k, 0], tour.values[k, 1])
        elif code > LEAVE:
            _walk(tour, t, k, k + 1)
        else:
            if cold or code == HELD:
                enter_held(bus, here, no_load[here, 0], no_load[here, 1])
            if code in (LEAF, LOADED):
                restart_loaded(bus, load, watch, here, ops[k, 3])
                if code == LEAF:
                    leave(bus, here, above)
            else:
                restart(bus, here)


@njit(cache=True, error_model="numpy")
def _walk(tour: Tour, t: Tables, first: int, stop: int) -> None:
    _steps(
        tour.ops, tour.values, tour.gains, tour.stages, t.bus, t.load, t.extra, t.stage, t.watch, first, stop
    )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _round(tour: Tour, t: Tables, events: Events, beginning: bool, cold: bool) -> None:
    """All steps, with the exceptions where they are due."""
    t.watch_lanes[:] = 0.0
    event, count, start = 0, events.op.size, 0
    while True:
        stop = events.op[event] if event < count else tour.ops.shape[0]
        if beginning:
            _begin(tour, t, cold, start, stop)
        else:
            _walk(tour, t, start, stop)
        if event == count:
            return
        after = event
        while after < count and events.op[after] == stop:
            after += 1
        if tour.ops[stop, 0] >= LEAVE:
            _leave_odd(stop, event, after, tour, t, events)
        elif beginning:
            _begin(tour, t, cold, stop, stop + 1)
        else:
            _enter_odd(stop, event, after, tour, t, events)
        event, start = after, stop + 1


@njit(cache=True, error_model="numpy")
def _enter_odd(k: int, first: int, stop: int, tour: Tour, t: Tables, events: Events) -> None:
    """Enter a bus that has another feed in some lanes."""
    here = tour.ops[k, 1]
    for event in range(first, stop):
        lane = events.lane[event]
        for slot in range(4):
            events.kept[event, slot] = t.bus_lanes[here, slot, lane]
        events.kept[event, 4] = t.watch_lanes[0, 0, lane]
    _walk(tour, t, k, k + 1)
    for event in range(first, stop):
        lane, number = events.lane[event], events.number[event]
        kept = events.kept[event]
        voltage = tour.odd_voltage[number]
        above = tour.odd_above[number]
        if above >= 0:
            feed = complex(t.bus_lanes[above, 0, lane], t.bus_lanes[above, 1, lane])
            voltage = tour.odd_gain[number] * feed - tour.odd_impedance[number] * complex(kept[2], kept[3])
        t.bus_lanes[here, 0, lane], t.bus_lanes[here, 1, lane] = voltage.real, voltage.imag
        change = abs(voltage.real - kept[0]) + abs(voltage.imag - kept[1])
        t.watch_lanes[0, 0, lane] = max(change, kept[4])


@njit(cache=True, error_model="numpy")
def _leave_odd(k: int, first: int, stop: int, tour: Tour, t: Tables, events: Events) -> None:
    """Leave it, and give the current to that feed instead of the usual one."""
    here, usual = tour.ops[k, 1], tour.ops[k, 2]
    for event in range(first, stop):
        if usual >= 0:
            lane = events.lane[event]
            events.kept[event, 0] = t.bus_lanes[usual, 2, lane]
            events.kept[event, 1] = t.bus_lanes[usual, 3, lane]
    _walk(tour, t, k, k + 1)
    for event in range(first, stop):
        lane, number = events.lane[event], events.number[event]
        if usual >= 0:
            t.bus_lanes[usual, 2, lane] = events.kept[event, 0]
            t.bus_lanes[usual, 3, lane] = events.kept[event, 1]
        above = tour.odd_above[number]
        if above >= 0:
            passed = complex(t.bus_lanes[here, 2, lane], t.bus_lanes[here, 3, lane])
            passed *= tour.odd_gain[number].conjugate()
            t.bus_lanes[above, 2, lane] += passed.real
            t.bus_lanes[above, 3, lane] += passed.imag


@njit(cache=True, error_model="numpy")
def _events(tour: Tour, lane: Array, first: int, stop: int, falling: bool) -> Events:
    """Those of a block, by step of the tour or by row of the final voltages."""
    size = 0
    for row in range(first, stop):
        size += tour.odd_start[lane[row] + 1] - tour.odd_start[lane[row]]
    both = size if falling else 2 * size
    op, column, number = np.empty(both, np.int64), np.empty(both, np.int64), np.empty(both, np.int64)
    at = 0
    for row in range(first, stop):
        for odd in range(tour.odd_start[lane[row]], tour.odd_start[lane[row] + 1]):
            op[at] = tour.odd_row[odd] if falling else tour.odd_enter[odd]
            column[at], number[at] = row - first, odd
            at += 1
            if not falling:
                op[at], column[at], number[at] = tour.odd_leave[odd], row - first, odd
                at += 1
    if both:
        order = np.argsort(op)
        op, column, number = op[order], column[order], number[order]
    return Events(op, column, number, np.empty((both, 5)))


@njit(cache=True, error_model="numpy")
def _fill(tour: Tour, t: Tables, asked: Asked, first: int, row: Array, column: Array) -> None:
    """Loads, shares and admittances of a block, whose lanes are the given rows and columns of the shares."""
    width = row.size
    t.load_lanes[:] = 0.0
    t.extra_lanes[:] = 0.0
    t.total_lanes[:] = 0.0
    given = row if asked.load.shape[0] > 1 else np.zeros(width, np.int64)
    if asked.cord_share.shape[1] == 1 and t.extra_lanes.shape[0] == 1:
        _add_cords(
            tour.cord_start, tour.cord, tour.cord_load, tour.cord_weight, asked.load, given, asked.cord_share,
            1.0 / asked.base, t.raw, t.load, t.total,
        )  # fmt: skip
    else:
        _add_cords_apart(
            tour.cord_start, tour.cord, tour.cord_load, tour.cord_extra, tour.cord_weight, t.load_lanes,
            t.extra_lanes, t.total_lanes, asked.load, given, asked.cord_share, column, 1.0 / asked.base,
        )  # fmt: skip
    for lane in range(width):
        for number in range(tour.varying.shape[0]):
            extra, slot = tour.varying[number, 0], tour.varying[number, 1]
            y = asked.admittance[number, min(first + lane, asked.lane.size - 1)]
            if extra >= 0:
                t.extra_lanes[extra, 2, lane] += y.real
                t.extra_lanes[extra, 3, lane] += y.imag
            else:
                square = tour.fixed_voltage[slot].real ** 2 + tour.fixed_voltage[slot].imag ** 2
                t.load_lanes[slot, 0, lane] += y.real * square
                t.load_lanes[slot, 1, lane] -= y.imag * square
        for stage in range(tour.stages.shape[0]):
            share = asked.element_share[tour.stage_element[stage], column[lane]]
            t.stage_lanes[stage, 0, lane] = share
            t.stage_lanes[stage, 1, lane] = tour.stages[stage, 3] if share > 0 else 0.0
    for k in range(tour.settled.shape[0]):
        hub, source, stage = tour.settled[k, 0], tour.settled[k, 1], tour.settled[k, 2]
        b, c, tangent = tour.stages[stage, 0], tour.stages[stage, 1], tour.stages[stage, 2]
        settle(t.load, t.stage, hub, source, stage, b, c, tangent)
        note_load(t.load, t.total, source)


@njit(cache=True, error_model="numpy")
def _add_cords(  # type: ignore[no-untyped-def]
    start, cords, cord_load, weight, load, given, share, per_unit, raw, table, total
):
    """Sum the cords of each row of the load table; shares are the same for all lanes."""
    for number in range(load.shape[1]):
        take_complex(load, given, number, raw, number)
    for slot in range(start.size - 1):
        for at in range(start[slot], start[slot + 1]):
            part = share[cords[at], 0] * per_unit
            add_cord(
                raw, table, total, cord_load[at], slot, part, weight[at, 1], weight[at, 0] * weight[at, 1]
            )
        note_load(table, total, slot)


@njit(cache=True, error_model="numpy")
def _add_cords_apart(  # type: ignore[no-untyped-def]
    start,
    cords,
    cord_load,
    cord_extra,
    weight,
    table,
    extra_table,
    total,
    load,
    given,
    share,
    column,
    per_unit,
):
    """The same with shares of each lane, and loads that depend on the voltage."""
    for slot in range(start.size - 1):
        for lane in range(given.size):
            p, q = 0.0, 0.0
            for at in range(start[slot], start[slot + 1]):
                part = share[cords[at], column[lane]] * per_unit
                power = load[given[lane], cord_load[at]]
                real, imaginary = power.real * part, power.imag * part * weight[at, 0]
                total[0, 0, lane] += abs(real) + abs(imaginary)
                p += real * weight[at, 1]
                q += imaginary * weight[at, 1]
                extra = cord_extra[at]
                if extra >= 0:
                    extra_table[extra, 0, lane] += real * weight[at, 2]
                    extra_table[extra, 1, lane] += imaginary * weight[at, 2]
                    extra_table[extra, 2, lane] += real * weight[at, 3]
                    extra_table[extra, 3, lane] -= imaginary * weight[at, 3]
                    total[0, 1, lane] = max(total[0, 1, lane], abs(real) + abs(imaginary))
            table[slot, 0, lane], table[slot, 1, lane] = p, q
            total[0, 1, lane] = max(total[0, 1, lane], abs(p) + abs(q))


@njit(cache=True, error_model="numpy")
def _warm(tour: Tour, t: Tables, asked: Asked, first: int) -> None:
    """Voltages to begin with: given ones where they are not zero."""
    width = t.bus_lanes.shape[2]
    for here in range(tour.bus.size):
        for lane in range(width):
            voltage = complex(tour.no_load[here, 0], tour.no_load[here, 1])
            if first + lane < asked.lane.size:
                given = asked.warm[asked.row[first + lane], tour.bus[here]]
                if given != 0 and not tour.held[here]:
                    voltage = given
            t.bus_lanes[here, 0, lane], t.bus_lanes[here, 1, lane] = voltage.real, voltage.imag


@njit(cache=True, error_model="numpy")
def _draws(tour: Tour, t: Tables, lane: int) -> float:
    """Largest apparent power that the converters of one bus can draw together. [p.u.]"""
    most = 0.0
    for stage in range(tour.stages.shape[0]):
        hub = tour.stage_hub[stage]
        if hub < 0:
            continue
        bus = t.bus_lanes[hub]
        out = t.stage_lanes[stage, 0, lane] * (bus[0, lane] * bus[2, lane] + bus[1, lane] * bus[3, lane])
        loss = abs(out) * (tour.stages[stage, 0] + abs(out) * tour.stages[stage, 1])
        drawn = abs(out + loss + t.stage_lanes[stage, 1, lane]) * (1.0 + tour.stages[stage, 2])
        most = max(most, drawn * tour.stages[stage, 4])
    return most


@njit(cache=True, error_model="numpy")
def _sunk(tour: Tour, t: Tables, lane: int) -> bool:
    """Some voltage is below COLLAPSED of that without load."""
    for here in range(tour.bus.size):
        square = t.bus_lanes[here, 0, lane] ** 2 + t.bus_lanes[here, 1, lane] ** 2
        if square < COLLAPSED**2 * (tour.no_load[here, 0] ** 2 + tour.no_load[here, 1] ** 2):
            return True
    return False


@njit(cache=True, error_model="numpy")
def _finish(
    tour: Tour, t: Tables, events: Events, asked: Asked, answer: Answer, first: int, ready: Array
) -> None:
    """Voltages that follow from the last currents; those of the ``ready`` lanes are put out."""
    t.watch_lanes[:] = 0.0
    rows = asked.row[first + ready]
    event, count, start = 0, events.op.size, 0
    while True:
        # an exception mends the row before it is compared and put out
        stop = events.op[event] if event < count else tour.falls.shape[0]
        _fall(
            tour.falls, tour.fall_values, tour.watched, t.bus, t.final, t.watch, t.final_lanes, answer.voltage,
            ready, rows, start, stop, True,
        )  # fmt: skip
        if event == count:
            break
        _fall(
            tour.falls, tour.fall_values, tour.watched, t.bus, t.final, t.watch, t.final_lanes, answer.voltage,
            ready, rows, stop, stop + 1, False,
        )  # fmt: skip
        while event < count and events.op[event] == stop:
            number, lane = events.number[event], events.lane[event]
            voltage, feed, flow = tour.odd_voltage[number], tour.odd_fall[number], tour.falls[stop, 2]
            if feed >= 0:
                passed = complex(t.bus_lanes[flow, 2, lane], t.bus_lanes[flow, 3, lane])
                before = complex(t.final_lanes[feed, 0, lane], t.final_lanes[feed, 1, lane])
                voltage = tour.odd_gain[number] * before - tour.odd_impedance[number] * passed
            t.final_lanes[stop, 0, lane], t.final_lanes[stop, 1, lane] = voltage.real, voltage.imag
            event += 1
        if tour.watched[stop]:
            compare(t.bus, t.final, t.watch, stop, tour.falls[stop, 2])
        if answer.voltage.shape[0]:
            bus = tour.falls[stop, 3]
            for place in range(ready.size):
                final = t.final_lanes[stop, :, ready[place]]
                answer.voltage[rows[place], bus] = complex(final[0], final[1])
        start = stop + 1
    if tour.partial and answer.voltage.shape[0]:
        for place in range(ready.size):
            live = asked.live[asked.lane[first + ready[place]]]
            for row in range(tour.falls.shape[0]):
                if not live[tour.falls[row, 3]]:
                    answer.voltage[rows[place], tour.falls[row, 3]] = 0.0


@njit(cache=True, error_model="numpy")
def _fall(  # type: ignore[no-untyped-def]
    falls, values, watched, bus, final, watch, final_lanes, voltage, ready, rows, first, stop, whole
):
    """Final voltages of some rows; ``whole`` compares them and puts them out."""
    put = whole and voltage.shape[0] > 0
    for row in range(first, stop):
        code, above, flow, at = falls[row, 0], falls[row, 1], falls[row, 2], falls[row, 3]
        r, x = values[row, 0], values[row, 1]
        if code == HOLD:
            hold(final, row, r, x)
        elif code == FALL_GAIN:
            fall_gain(bus, final, row, above, flow, r, x, values[row, 2], values[row, 3])
        else:
            fall(bus, final, row, above, flow, r, x)
        if whole and watched[row]:
            compare(bus, final, watch, row, flow)
        if put:
            if ready.size == final_lanes.shape[2]:
                put_complex(voltage, rows, at, final, row)
                continue
            for place in range(ready.size):
                lane = ready[place]
                voltage[rows[place], at] = complex(final_lanes[row, 0, lane], final_lanes[row, 1, lane])


@njit(cache=True, error_model="numpy")
def _keep_currents(tour: Tour, t: Tables, answer: Answer, row: int, lane: int) -> None:
    for here in range(tour.bus.size):
        current = complex(t.bus_lanes[here, 2, lane], t.bus_lanes[here, 3, lane])
        answer.current[tour.current_row[here], row] = current
    for number in range(tour.fixed_voltage.size):
        voltage = tour.fixed_voltage[number]
        if voltage != 0:
            power = complex(t.load_lanes[number, 0, lane], t.load_lanes[number, 1, lane])
            answer.current[tour.fixed_row[number], row] = (power / voltage).conjugate()


@njit(cache=True, error_model="numpy")
def sweep_blocks(tour: Tour, t: Tables, asked: Asked, answer: Answer) -> None:
    """Sweep all rows, a block at a time, each until its voltages settle; fills ``answer``."""
    n, width = asked.lane.size, t.bus_lanes.shape[2]
    before, row, column = np.zeros(width), np.zeros(width, np.int64), np.zeros(width, np.int64)
    pending, ready = np.zeros(width, np.bool_), np.zeros(width, np.int64)
    t.bus_lanes[tour.bus.size] = 0.0
    cold = asked.warm.shape[0] == 0
    exact = max(asked.tolerance, ROUNDING)
    for first in range(0, n, width):
        used = min(width, n - first)
        for lane in range(width):  # the last block is filled up with its last scenario
            at = min(first + lane, n - 1)
            row[lane], column[lane] = asked.row[at], asked.lane[at]
        _fill(tour, t, asked, first, row, column)
        events = _events(tour, asked.lane, first, first + used, False)
        falling = _events(tour, asked.lane, first, first + used, True)
        if not cold:
            _warm(tour, t, asked, first)
        _round(tour, t, events, True, cold)
        pending[:] = False
        pending[:used] = True
        before[:] = 0.0
        left = used
        for iteration in range(1, asked.limit + 1):
            _round(tour, t, events, False, cold)
            count = 0
            for lane in range(used):
                if not pending[lane]:
                    continue
                change, inverse = t.watch_lanes[0, 0, lane], t.watch_lanes[0, 1, lane]
                answer.iterations[row[lane]] = iteration
                wild = not change < WILD
                deep = inverse * tour.highest > 1.0 / COLLAPSED**2 and _sunk(tour, t, lane)
                if wild or deep:
                    answer.ending[row[lane]], answer.hopeless[row[lane]] = DIVERGED, deep and not wild
                    pending[lane] = False
                    left -= 1
                elif change <= exact or change * change <= exact * before[lane]:
                    ready[count] = lane
                    count += 1
                answer.residual[row[lane]] = min(change, WILD) * t.total_lanes[0, 1, lane]
                before[lane] = change
            if count:
                lowest = t.watch_lanes[0, 1].copy()
                _finish(tour, t, falling, asked, answer, first, ready[:count])
                for lane in ready[:count]:
                    change = t.watch_lanes[0, 0, lane]
                    most = max(t.total_lanes[0, 1, lane], _draws(tour, t, lane))
                    bound = change * (most * max(np.sqrt(lowest[lane]), HIGHEST) + HIGHEST * tour.admittance)
                    fraction = min(t.total_lanes[0, 0, lane] / np.sqrt(2.0), 1.0)
                    allowed = asked.tolerance * (fraction if fraction > 0 else 1.0)
                    answer.residual[row[lane]] = bound
                    if change <= exact and bound <= max(allowed, ROUNDING * most):
                        answer.ending[row[lane]] = CONVERGED
                        pending[lane] = False
                        left -= 1
                        if answer.current.shape[0]:
                            _keep_currents(tour, t, answer, first + lane, lane)
            if left == 0:
                break
        for lane in range(used):
            if pending[lane]:
                answer.ending[row[lane]] = MAX_ITERATIONS

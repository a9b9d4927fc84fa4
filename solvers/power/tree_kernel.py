"""The compiled sweep: one tour around the trees per round, LANES scenarios side by side.

A round enters every bus after its feeds and leaves it after all it feeds (see :mod:`solvers.power.tree_tour`).
Entering gives the new voltage from the last round's current and begins the new current; leaving hands that on.
So one pass over the tables does the forward sweep of a round and the backward sweep of the next, and what a bus
needs is still in the cache when the tour comes back to it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.power.sweep import COLLAPSED, CONVERGED, DIVERGED, MAX_ITERATIONS, ROUNDING
from solvers.power.tree_final import finish, keep_currents
from solvers.power.tree_steps import (
    add_own,
    add_shunt,
    convert,
    enter_gain,
    enter_held,
    enter_loaded,
    enter_plain,
    enter_scaled,
    enter_watched,
    leave,
    leave_gain,
    restart,
    restart_loaded,
    visit_leaf,
)
from solvers.power.tree_tables import Answer, Asked, Events, Tables, begin_warm, fill
from solvers.power.tree_tour import (
    CONVERT,
    GAIN,
    HELD,
    LEAF,
    LEAVE,
    LEAVE_GAIN,
    LOADED,
    OWN,
    PLAIN,
    SCALED,
    SHUNT,
    WATCHED,
    Odd,
    Order,
    Tour,
)

Array = NDArray[Any]

WILD = 1e3
"""Change of a voltage in one round (p.u.) that no settling network shows (assumed)."""

HIGHEST = 1.5
"""Voltage (p.u.) up to which the bound of the mismatch holds for loads that grow with it (assumed)."""


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
def _begin(order: Order, t: Tables, cold: bool, first: int, stop: int) -> None:
    """The same in the first round, which keeps the voltages: those without load, or given ones."""
    ops, no_load, bus, load, watch = order.ops, order.no_load, t.bus, t.load, t.watch
    for k in range(first, stop):
        code, here, above = ops[k, 0], ops[k, 1], ops[k, 2]
        if code == LEAVE:
            leave(bus, here, above)
        elif code == SHUNT:
            add_shunt(bus, here, order.values[k, 0], order.values[k, 1])
        elif code > LEAVE:
            _walk(order, t, k, k + 1)
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
def _walk(order: Order, t: Tables, first: int, stop: int) -> None:
    _steps(
        order.ops, order.values, order.gains, order.stages, t.bus, t.load, t.extra, t.stage, t.watch, first, stop
    )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _round(order: Order, odd: Odd, t: Tables, events: Events, beginning: bool, cold: bool) -> None:
    """All steps, with the exceptions where they are due."""
    t.watch_lanes[:] = 0.0
    event, count, start = 0, events.op.size, 0
    while True:
        stop = events.op[event] if event < count else order.ops.shape[0]
        if beginning:
            _begin(order, t, cold, start, stop)
        else:
            _walk(order, t, start, stop)
        if event == count:
            return
        after = event
        while after < count and events.op[after] == stop:
            after += 1
        if order.ops[stop, 0] >= LEAVE:
            _leave_odd(stop, event, after, order, odd, t, events)
        elif beginning:
            _begin(order, t, cold, stop, stop + 1)
        else:
            _enter_odd(stop, event, after, order, odd, t, events)
        event, start = after, stop + 1


@njit(cache=True, error_model="numpy")
def _enter_odd(k: int, first: int, stop: int, order: Order, odd: Odd, t: Tables, events: Events) -> None:
    """Enter a bus that has another feed in some lanes."""
    here = order.ops[k, 1]
    for event in range(first, stop):
        lane = events.lane[event]
        for slot in range(4):
            events.kept[event, slot] = t.bus_lanes[here, slot, lane]
        events.kept[event, 4] = t.watch_lanes[0, 0, lane]
    _walk(order, t, k, k + 1)
    for event in range(first, stop):
        lane, number = events.lane[event], events.number[event]
        kept = events.kept[event]
        voltage = odd.voltage[number]
        above = odd.above[number]
        if above >= 0:
            feed = complex(t.bus_lanes[above, 0, lane], t.bus_lanes[above, 1, lane])
            voltage = odd.gain[number] * feed - odd.impedance[number] * complex(kept[2], kept[3])
        t.bus_lanes[here, 0, lane], t.bus_lanes[here, 1, lane] = voltage.real, voltage.imag
        change = abs(voltage.real - kept[0]) + abs(voltage.imag - kept[1])
        t.watch_lanes[0, 0, lane] = max(change, kept[4])


@njit(cache=True, error_model="numpy")
def _leave_odd(k: int, first: int, stop: int, order: Order, odd: Odd, t: Tables, events: Events) -> None:
    """Leave it, and give the current to that feed instead of the usual one."""
    here, usual = order.ops[k, 1], order.ops[k, 2]
    for event in range(first, stop):
        if usual >= 0:
            lane = events.lane[event]
            events.kept[event, 0] = t.bus_lanes[usual, 2, lane]
            events.kept[event, 1] = t.bus_lanes[usual, 3, lane]
    _walk(order, t, k, k + 1)
    for event in range(first, stop):
        lane, number = events.lane[event], events.number[event]
        if usual >= 0:
            t.bus_lanes[usual, 2, lane] = events.kept[event, 0]
            t.bus_lanes[usual, 3, lane] = events.kept[event, 1]
        above = odd.above[number]
        if above >= 0:
            passed = complex(t.bus_lanes[here, 2, lane], t.bus_lanes[here, 3, lane])
            passed *= odd.gain[number].conjugate()
            t.bus_lanes[above, 2, lane] += passed.real
            t.bus_lanes[above, 3, lane] += passed.imag


@njit(cache=True, error_model="numpy")
def _sort(key: Array, one: Array, other: Array) -> None:
    """Sort three columns by the first (Shell's way: few lines to compile)."""
    gap = key.size // 2
    while gap > 0:
        for at in range(gap, key.size):
            first, second, third, place = key[at], one[at], other[at], at
            while place >= gap and key[place - gap] > first:
                key[place], one[place], other[place] = key[place - gap], one[place - gap], other[place - gap]
                place -= gap
            key[place], one[place], other[place] = first, second, third
        gap //= 2


@njit(cache=True, error_model="numpy")
def _events(odd: Odd, lane: Array, first: int, stop: int, falling: bool) -> Events:
    """Those of a block, by step of the tour or by row of the final voltages."""
    size = 0
    for row in range(first, stop):
        size += odd.start[lane[row] + 1] - odd.start[lane[row]]
    size *= 1 if falling else 2
    op, column, number = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    at = 0
    for row in range(first, stop):
        for one in range(odd.start[lane[row]], odd.start[lane[row] + 1]):
            op[at] = odd.row[one] if falling else odd.enter[one]
            column[at], number[at] = row - first, one
            at += 1
            if not falling:
                op[at], column[at], number[at] = odd.leave[one], row - first, one
                at += 1
    _sort(op, column, number)
    return Events(op, column, number, np.empty((size, 5)))


@njit(cache=True, error_model="numpy")
def _draws(tour: Tour, t: Tables, lane: int) -> float:
    """Largest apparent power that the converters of one bus can draw together. [p.u.]"""
    most, order = 0.0, tour.order
    for stage in range(order.stages.shape[0]):
        hub = tour.stage_hub[stage]
        if hub < 0:
            continue
        bus = t.bus_lanes[hub]
        out = t.stage_lanes[stage, 0, lane] * (bus[0, lane] * bus[2, lane] + bus[1, lane] * bus[3, lane])
        loss = abs(out) * (order.stages[stage, 0] + abs(out) * order.stages[stage, 1])
        drawn = abs(out + loss + t.stage_lanes[stage, 1, lane]) * (1.0 + order.stages[stage, 2])
        most = max(most, drawn * order.stages[stage, 4])
    return most


@njit(cache=True, error_model="numpy")
def _sunk(bus_lanes: Array, no_load: Array, lane: int) -> bool:
    """Some voltage is below COLLAPSED of that without load."""
    for here in range(no_load.shape[0]):
        square = bus_lanes[here, 0, lane] ** 2 + bus_lanes[here, 1, lane] ** 2
        if square < COLLAPSED**2 * (no_load[here, 0] ** 2 + no_load[here, 1] ** 2):
            return True
    return False


@njit(cache=True, error_model="numpy")
def sweep_blocks(tour: Tour, t: Tables, asked: Asked, answer: Answer) -> int:
    """Sweep all rows, a block at a time, each until its voltages settle; fills ``answer``.

    Returns the most rounds that a row took, negative if some row failed.
    """
    n, width = asked.lane.size, t.bus_lanes.shape[2]
    before, row, column = np.zeros(width), np.zeros(width, np.int64), np.zeros(width, np.int64)
    pending, ready = np.zeros(width, np.bool_), np.zeros(width, np.int64)
    t.bus_lanes[tour.bus.size] = 0.0
    cold = asked.warm.shape[0] == 0
    exact = max(asked.tolerance, ROUNDING)
    most_rounds, failed = 0, False
    order, odd = tour.order, tour.odd
    flags = np.array([True, False])  # not as constants, which would be compiled apart
    for first in range(0, n, width):
        used = min(width, n - first)
        for lane in range(width):  # the last block is filled up with its last scenario
            at = min(first + lane, n - 1)
            row[lane], column[lane] = asked.row[at], asked.lane[at]
        fill(tour, t, asked, first, row, column)
        events = _events(odd, asked.lane, first, first + used, flags[1])
        falling = _events(odd, asked.lane, first, first + used, flags[0])
        if not cold:
            begin_warm(tour, t, asked, first)
        _round(order, odd, t, events, flags[0], cold)
        pending[:] = False
        pending[:used] = True
        before[:] = 0.0
        left = used
        for iteration in range(1, asked.limit + 1):
            _round(order, odd, t, events, flags[1], cold)
            count = 0
            for lane in range(used):
                if not pending[lane]:
                    continue
                change, inverse = t.watch_lanes[0, 0, lane], t.watch_lanes[0, 1, lane]
                wild = not change < WILD
                deep = inverse * tour.highest > 1.0 / COLLAPSED**2 and _sunk(t.bus_lanes, order.no_load, lane)
                if wild or deep:
                    answer.ending[row[lane]], answer.hopeless[row[lane]] = DIVERGED, deep and not wild
                    pending[lane], failed = False, True
                    left -= 1
                elif change <= exact or change * change <= exact * before[lane]:
                    ready[count] = lane
                    count += 1
                answer.residual[row[lane]] = min(change, WILD) * t.total_lanes[0, 1, lane]
                before[lane] = change
            if count:
                lowest = t.watch_lanes[0, 1].copy()
                finish(tour, t, falling, asked, answer, first, ready[:count])
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
                            keep_currents(tour, t, answer, first + lane, lane)
            most_rounds = max(most_rounds, iteration)
            if left == 0:
                break
        for lane in range(used):
            if pending[lane]:
                answer.ending[row[lane]], failed = MAX_ITERATIONS, True
    return -most_rounds if failed else most_rounds

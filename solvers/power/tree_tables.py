"""What the compiled sweep works on: its memory, the question, the answer; how the memory is filled.

Python calls :func:`solvers.power.tree_kernel.sweep_blocks` with these; see there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.power.lanes import take_complex
from solvers.power.tree_steps import add_cord, note_load, settle
from solvers.power.tree_tour import Tour

Array = NDArray[Any]


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
    live: Array
    """(S, B) bool."""
    admittance: Array
    """(varying shunts, n) complex. [p.u.]"""
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


class Events(NamedTuple):
    """Where the feeds of single lanes of a block differ, in order of the tour."""

    op: Array
    lane: Array
    number: Array
    """Of the exception."""
    kept: Array
    """(events, 5) numbers that a vector step would overwrite."""


@njit(cache=True, error_model="numpy")
def fill(tour: Tour, t: Tables, asked: Asked, first: int, row: Array, column: Array) -> None:
    """Loads, shares and admittances of a block, whose lanes are the given rows and columns of the shares."""
    width, order = row.size, tour.order
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
        for stage in range(order.stages.shape[0]):
            share = asked.element_share[tour.stage_element[stage], column[lane]]
            t.stage_lanes[stage, 0, lane] = share
            t.stage_lanes[stage, 1, lane] = order.stages[stage, 3] if share > 0 else 0.0
    for k in range(tour.settled.shape[0]):
        hub, source, stage = tour.settled[k, 0], tour.settled[k, 1], tour.settled[k, 2]
        b, c, tangent = order.stages[stage, 0], order.stages[stage, 1], order.stages[stage, 2]
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
def begin_warm(tour: Tour, t: Tables, asked: Asked, first: int) -> None:
    """Voltages to begin with: given ones where they are not zero."""
    width, order = t.bus_lanes.shape[2], tour.order
    for here in range(tour.bus.size):
        for lane in range(width):
            voltage = complex(order.no_load[here, 0], order.no_load[here, 1])
            if first + lane < asked.lane.size:
                given = asked.warm[asked.row[first + lane], tour.bus[here]]
                if given != 0 and not tour.held[here]:
                    voltage = given
            t.bus_lanes[here, 0, lane], t.bus_lanes[here, 1, lane] = voltage.real, voltage.imag

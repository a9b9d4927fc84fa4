"""What is kept of a judged block besides its own extremes: those of the base state, trips, watched values.

Compiled; imported on use.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.power.contingency_block import BLOCK, PIECES, TAKEN
from solvers.power.contingency_outages import Kind
from solvers.power.contingency_steps import STRAIN, inner

Array = NDArray[Any]

_BRANCH, _CONVERTER, _SOURCE = int(Kind.BRANCH), int(Kind.CONVERTER), int(Kind.SOURCE)


class Limits(NamedTuple):
    """What trips."""

    row: Array
    """(R,) 1 / limit^2 of the branch that usually feeds the row, 0 = never."""
    branch: Array
    """(E,) the same."""
    unit: Array
    """(X,) capacity of a source [p.u.], loading of a converter; inf = never."""


class Summary(NamedTuple):
    """The base state by pieces, for what a scenario leaves alone."""

    lowest: Array
    lowest_row: Array
    highest: Array
    highest_row: Array
    heaviest: Array
    heaviest_row: Array
    loss: Array
    """(P,) branches, and converters that hold the piece. [p.u.]"""
    order: Array
    """(P, 3) pieces by lowest, highest and heaviest, the worst first."""
    unit: Array
    """(X,) loading of converters, power of sources [p.u.]."""
    unit_order: Array
    """(X,) the heaviest first."""
    elsewhere: Array
    """FIGURES (1,) of the parts without rows; nothing there: inf and zeros, -1."""
    total: float
    """Losses of the base state. [p.u.]"""
    trip: Array
    """TRIPS of the base state; its ``scenario`` is the piece, -1 = elsewhere."""


class Worst(NamedTuple):
    """Worst states so far."""

    row: Array
    """(R, 4, LANES) see contingency_steps."""
    branch: Array
    """(E, 2) |current / rating|^2 and scenario, of branches out of their usual place."""
    unit: Array
    """(X, 2) loading and scenario."""


class Watched(NamedTuple):
    """Values wanted in full, and where they go."""

    bus: Array
    """(.,) rows."""
    voltage: Array
    """(n, .) complex."""
    branch: Array
    branch_row: Array
    """(.,) row that the branch feeds if it feeds any."""
    current: Array
    """(n, .) magnitude at the to side. [p.u.]"""
    unit: Array
    output: Array
    """(n, .) real output of converters. [p.u.]"""


@inner
def merge_base(network: Any, state: Any, summary: Any, figures: Any, members: Any) -> None:
    """Let the extremes of what is not in the block into the figures, and call all by their own numbers."""
    other = _others(network, state, summary)
    for k in members:
        figure = figures[k]
        if other[0].lowest < figure.lowest:
            figure.lowest, figure.lowest_at = other[0].lowest, other[0].lowest_at
        if other[0].highest > figure.highest:
            figure.highest, figure.highest_at = other[0].highest, other[0].highest_at
        if other[0].heaviest > figure.heaviest:
            figure.heaviest, figure.heaviest_at = other[0].heaviest, other[0].heaviest_at
        if other[0].converter > figure.converter:
            figure.converter, figure.converter_at = other[0].converter, other[0].converter_at
        if other[0].source > figure.source:
            figure.source, figure.source_at = other[0].source, other[0].source_at
        _named(network.detail, network.unit, summary.elsewhere[0], figure)


@inner
def _others(network: Any, state: Any, summary: Any) -> Any:
    """Extremes of the pieces that are not in the block; one record."""
    block = state.counts[BLOCK]
    result = np.zeros(1, summary.elsewhere.dtype)
    figure = result[0]
    figure.lowest = np.inf
    for piece in summary.order[:, 0]:
        if state.piece[piece, TAKEN] != block:
            if summary.lowest[piece] < figure.lowest:
                figure.lowest = summary.lowest[piece]
                figure.lowest_at = summary.lowest_row[piece]
            break
    for piece in summary.order[:, 1]:
        if state.piece[piece, TAKEN] != block:
            if summary.highest[piece] > figure.highest:
                figure.highest = summary.highest[piece]
                figure.highest_at = summary.highest_row[piece]
            break
    for piece in summary.order[:, 2]:
        if state.piece[piece, TAKEN] != block:
            if summary.heaviest[piece] > figure.heaviest:
                figure.heaviest = summary.heaviest[piece]
                figure.heaviest_at = summary.heaviest_row[piece]
            break
    converters = sources = True
    for number in summary.unit_order:
        unit = network.unit[number]
        inside = unit.hub >= 0 and state.piece[network.detail[unit.hub].piece, TAKEN] == block
        if inside or not unit.on:
            continue
        if unit.converter >= 0 and converters:
            converters = False
            if summary.unit[number] > figure.converter:
                figure.converter, figure.converter_at = summary.unit[number], number
        elif unit.converter < 0 and sources:
            sources = False
            if summary.unit[number] > figure.source:
                figure.source, figure.source_at = summary.unit[number], number
        if not (converters or sources):
            break
    return result


@inner
def _named(detail: Any, unit: Any, other: Any, figure: Any) -> None:
    """Rows and units become buses, branches, converters and sources; parts without rows come in."""
    if figure.lowest_at >= 0:
        figure.lowest_at = detail[figure.lowest_at].bus
    if figure.highest_at >= 0:
        figure.highest_at = detail[figure.highest_at].bus
    if figure.heaviest_at >= 0:
        figure.heaviest_at = detail[figure.heaviest_at].branch
    if figure.converter_at >= 0:
        figure.converter_at = unit[figure.converter_at].converter
    if other.lowest < figure.lowest:
        figure.lowest, figure.lowest_at = other.lowest, other.lowest_at
    if other.highest > figure.highest:
        figure.highest, figure.highest_at = other.highest, other.highest_at
    if other.heaviest > figure.heaviest:
        figure.heaviest, figure.heaviest_at = other.heaviest, other.heaviest_at


@inner
def _more(trips: Any, n: Any) -> Any:
    if n < trips.size:
        return trips
    larger = np.empty(2 * n + 16, trips.dtype)
    larger[:n] = trips[:n]
    return larger


@inner
def _put(trips: Any, n: Any, scenario: Any, kind: Any, element: Any, loading: Any) -> None:
    trips[n].scenario = scenario
    trips[n].kind = kind
    trips[n].element = element
    trips[n].loading = loading


@inner
def find_trips(
    network: Any, state: Any, limits: Any, summary: Any, lane: Any, k: Any, moved: Any, trips: Any, n: Any
) -> Any:
    """Add what trips in one lane."""
    block = state.counts[BLOCK]
    for record in summary.trip:
        if record.scenario < 0 or state.piece[record.scenario, TAKEN] != block:
            trips = _more(trips, n)
            _put(trips, n, k, record.kind, record.element, record.loading)
            n += 1
    for at in range(state.counts[PIECES]):
        piece = network.piece[state.order[at]]
        for j in range(piece.unit, piece.unit_stop):
            unit = network.item[j]
            loading = state.unit[unit, 0, lane]
            if loading > limits.unit[unit]:
                trips = _more(trips, n)
                if network.unit[unit].converter >= 0:
                    _put(trips, n, k, _CONVERTER, network.unit[unit].converter, loading)
                else:
                    _put(trips, n, k, _SOURCE, unit, loading / limits.unit[unit])
                n += 1
        if state.extreme[0, STRAIN, lane] > 1.0:
            for i in range(piece.first, piece.stop):
                if state.x[i, 2, lane] * limits.row[i] > 1.0:
                    trips = _more(trips, n)
                    _put(trips, n, k, _BRANCH, network.detail[i].branch, np.sqrt(state.x[i, 2, lane]))
                    n += 1
    for j in range(moved.shape[0]):
        branch = int(moved[j, 0])
        if int(moved[j, 1]) == lane and moved[j, 2] * limits.branch[branch] > 1.0:
            trips = _more(trips, n)
            _put(trips, n, k, _BRANCH, branch, np.sqrt(moved[j, 2]))
            n += 1
    return trips, n


@inner
def watch_lane(network: Any, state: Any, watched: Any, lane: Any, k: Any) -> None:
    """Values of the watched elements of the block; the other ones have those of the base state."""
    block, x = state.counts[BLOCK], state.x
    for column in range(watched.bus.size):
        row = watched.bus[column]
        if row >= 0 and state.piece[network.detail[row].piece, TAKEN] == block:
            watched.voltage[k, column] = complex(x[row, 0, lane], x[row, 1, lane])
    for column in range(watched.branch.size):
        row, branch = watched.branch_row[column], watched.branch[column]
        if row < 0:
            continue
        detail = network.detail[row]
        if state.piece[detail.piece, TAKEN] != block:
            continue
        feed = detail.branch
        if network.piece[detail.piece].first == row and state.moved[detail.piece, lane] >= 0:
            feed = state.moved[detail.piece, lane]
        j = complex(x[row, 2, lane], x[row, 3, lane])
        v = complex(x[row, 0, lane], x[row, 1, lane])
        if feed != branch or v == 0:
            watched.current[k, column] = 0.0
        elif branch == detail.branch:
            beside = complex(x[detail.beside, 0, lane], x[detail.beside, 1, lane])
            watched.current[k, column] = abs(detail.along * j + 1j * detail.across * beside)
        else:
            watched.current[k, column] = abs(j - 1j * network.branch[branch].half * v)
    for column in range(watched.unit.size):
        number = watched.unit[column]
        unit = network.unit[number]
        if unit.hub >= 0 and state.piece[network.detail[unit.hub].piece, TAKEN] == block:
            watched.output[k, column] = state.unit[number, 0, lane] * unit.rating

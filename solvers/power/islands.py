"""The base state cut into pieces that a failure may leave untouched.

Every energised bus of the radial part of a network is a *row*; its feed in the base state is the row's parent.
Rows are cut into *pieces*, each of which is solved as a whole or not at all:

- a *stiff* piece is a busbar held by converters or ideal sources with all that hangs on it over ideal branches; its
  voltages never change, so what hangs on it does not feel its neighbours;
- the other pieces begin below a stiff piece, or at the output of a transfer switch that has a choice.

The rows of a piece are contiguous and in depth-first order, parents first.  Compiled; imported on use.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, depth_first_order

from solvers.power.islands_records import (
    BRANCH,
    BUS,
    CORD,
    DEAD,
    DETAIL,
    ELSEWHERE,
    GENERAL,
    LEAF,
    LOAD,
    LOADED,
    PIECE,
    PLAIN,
    ROW,
    UNIT,
    Network,
    Switches,
    Tables,
)
from solvers.power.problem import Problem
from solvers.power.transfer import Arcs, feed_arcs, resolve, share_load, unpack
from solvers.power.trees import feed_values, find_roots

Array = NDArray[Any]


class Base(NamedTuple):
    """Outcome of the switching of the base state."""

    arcs: Arcs
    live: Array
    closed: Array
    source: Array
    feeding: Array
    share: Array
    """(K,) of the cords."""


def compile_network(problem: Problem) -> tuple[Network, Switches, Tables, Base]:
    """Divide the base state (scenario 0) into pieces.

    Notes
    -----
    Islands with loops, several held busbars or PV generators have no rows.  Where converters feed each other in a
    ring, their pieces have rank -1.
    """
    base = _switch(problem)
    roots = find_roots(problem, base.live[None], base.closed[None], base.source[None], base.feeding[None])
    held = roots.held[0]
    conducts = base.closed & base.live[problem.branch_from]
    radial = _radial(problem, base, conducts, held, bool(roots.conflict[0]))
    order, parent, feed = _grow(problem, conducts, held & radial, radial)
    _, impedance, _ = feed_values(problem, feed, np.arange(held.size))
    piece, stiff = _divide(order, parent, impedance == 0, _choices(problem, base))
    order = order[np.argsort(piece[order], kind="stable")]
    row = np.where(base.live, ELSEWHERE, DEAD)
    row[order] = np.arange(order.size)
    units = _units(problem, base, roots, row, _hubs(roots))
    rows, detail, tables = _rows(problem, base, conducts, row, order, parent, feed, units)
    detail["piece"] = piece[order]
    on = np.flatnonzero(units["hub"] >= 0)
    detail["hold"][units["hub"][on]] = roots.voltage[on]
    detail["alone"] = _alone(rows, detail, units)
    _leaves(problem, rows, detail, row, units)
    lists = _Lists()
    pieces = _pieces(problem, rows, row, detail["piece"], stiff, units, lists)
    branches = _branches(problem, conducts, detail)
    buses, cords, loads = _wiring(problem, base, row, lists)
    item = np.concatenate(lists.parts).astype(np.int64)
    network = Network(rows, detail, pieces, units, branches, buses, cords, loads, item)
    return network, _switches(problem, base), tables, base


def _switch(problem: Problem) -> Base:
    arcs = feed_arcs(problem, converters=True)
    masks = (problem.branch_closed[:1], problem.source_live[:1], problem.converter_live[:1])
    state = resolve(problem, arcs, *masks)
    words = (state.live, state.closed, state.source, state.feeding)
    live, closed, source, feeding = (unpack(word, 1)[0] for word in words)
    _, share = share_load(problem, problem.cord_on[:1], live[None])
    return Base(arcs, live, closed, source, feeding, np.ascontiguousarray(share[:, 0]))


def _radial(problem: Problem, base: Base, conducts: Array, held: Array, conflict: bool) -> Array:
    """(B,) bool: energised, in an island that is a tree below one busbar."""
    if conflict:
        return np.zeros(held.size, dtype=bool)
    at = np.flatnonzero(conducts)
    graph = coo_array(
        (np.ones(at.size), (problem.branch_from[at], problem.branch_to[at])), shape=(held.size,) * 2
    )
    count, label = connected_components(graph, directed=False)
    edges = np.bincount(label[problem.branch_from[at]], minlength=count)
    buses = np.bincount(label, minlength=count)
    roots = np.bincount(label, held, minlength=count)
    fine = (roots == 1) & (edges == buses - 1)
    fine[label[problem.generator_bus]] = False
    # two sources that meet behind transfer switches: what else hangs on them, no way from their busbar reaches
    candidate = base.live & fine[label]
    missed = candidate.copy()
    missed[_grow(problem, conducts, held & candidate, candidate)[0]] = False
    fine[label[missed]] = False
    return np.asarray(base.live & fine[label])


def _grow(problem: Problem, conducts: Array, held: Array, radial: Array) -> tuple[Array, Array, Array]:
    """Depth-first order of the rows, and the feed of each bus."""
    buses = held.size
    at = np.flatnonzero(conducts & radial[problem.branch_from])
    tail, head = problem.branch_from[at], problem.branch_to[at]
    plain = problem.branch_group[at] < 0
    tops = np.flatnonzero(held)
    tails = np.concatenate([tail, head[plain], np.full(tops.size, buses)])
    heads = np.concatenate([head, tail[plain], tops])
    graph = csr_array((np.ones(tails.size), (tails, heads)), shape=(buses + 1, buses + 1))
    order, before = depth_first_order(graph, buses, directed=True)
    order = order[1:].astype(np.int64)
    parent = np.full(buses, -1)
    parent[order] = np.where(before[order] == buses, -1, before[order])
    branch = np.full(buses, -1)
    down = parent[head] == tail
    branch[head[down]], branch[tail[~down]] = at[down], at[~down]
    return order, parent, branch


def _choices(problem: Problem, base: Base) -> Array:
    """(B,) bool: output of a transfer switch with more than one input to choose from."""
    able = (problem.branch_group >= 0) & problem.branch_closed[0] & base.live[problem.branch_from]
    return np.bincount(problem.branch_to[able], minlength=base.live.size) > 1


def _hubs(roots: Any) -> Array:
    """(X,) bus that stands for the busbar of each unit that is on, else -1."""
    hub = np.where(roots.share[:, 0] > 0, roots.bus, -1)
    hub[roots.tangled] = roots.hub[:, 0]
    return np.asarray(hub)


@njit(cache=True)
def _divide(order: Any, parent: Any, ideal: Any, choice: Any) -> Any:
    """Piece of each bus, and which pieces are stiff; pieces count in depth-first order."""
    piece = np.full(parent.size, -1)
    stiff = np.zeros(order.size, np.bool_)
    count = 0
    for bus in order:
        up = parent[bus]
        top = up < 0 or choice[bus] or (stiff[piece[up]] and not ideal[bus])
        if top:
            stiff[count] = up < 0
            piece[bus] = count
            count += 1
        else:
            piece[bus] = piece[up]
    return piece, stiff[:count]


def _units(problem: Problem, base: Base, roots: Any, row: Array, hub: Array) -> Array:
    sources, converters = problem.source_bus.size, problem.converter_from.size
    table = np.zeros(sources + converters, UNIT)
    table["row"], table["hub"] = row[roots.bus], np.where(hub >= 0, row[hub], -1)
    table["input"] = np.concatenate([np.full(sources, DEAD), row[problem.converter_from]])
    table["converter"] = np.concatenate([np.full(sources, -1), np.arange(converters)])
    table["share"] = roots.share[:, 0]
    table["weight"] = np.concatenate([np.ones(sources), problem.converter_rating])
    table["rating"] = np.concatenate([np.ones(sources), problem.converter_rating / problem.base_power])
    for column, name in enumerate("abc"):
        table[name][sources:] = problem.converter_loss[:, column]
    pf = problem.converter_input_pf
    table["tangent"][sources:] = np.sqrt(1.0 - pf**2) / pf
    table["on"] = np.concatenate([base.source, base.feeding])
    return table


def _numbered(mask: Array) -> Array:
    """1, 2, ... where the mask is set, else 0."""
    return np.where(mask, np.cumsum(mask), 0)


def _rows(
    problem: Problem, base: Base, conducts: Array, row: Array, order: Array, parent: Array, branch: Array,
    units: Array,
) -> tuple[Array, Array, Tables]:  # fmt: skip
    count = order.size
    feed = branch[order]
    gain, impedance, forward = feed_values(problem, feed, order)
    up = np.where(parent[order] >= 0, row[parent[order]], -1)
    loaded = np.zeros(count, dtype=bool)
    cord_row = row[problem.cord_bus]
    at = (cord_row >= 0) & (problem.cord_weight > 0)
    loaded[cord_row[at]] = True
    loaded[units["input"][units["input"] >= 0]] = True
    load_slot = _numbered(loaded)
    power = base.share * problem.load_power[0][problem.cord_load] / problem.base_power
    power = np.where(problem.bus_dc[problem.cord_bus], power.real, power)
    demand = np.zeros((int(load_slot.max(initial=0)) + 1, 2))
    np.add.at(demand, load_slot[cord_row[at]], np.stack([power[at].real, power[at].imag], axis=1))
    shunt_slot, shunt = _shunts(problem, conducts, order, row)
    rows, detail = np.zeros(count, ROW), np.zeros(count, DETAIL)
    rows["parent"], rows["load_slot"], rows["shunt_slot"] = up, load_slot, shunt_slot
    rows["code"] = np.where((gain != 1) | (shunt_slot > 0), GENERAL, np.where(loaded, LOADED, PLAIN))
    rows["r"], rows["x"] = impedance.real, impedance.imag
    charged = (
        problem.branch_charging[feed] / 2 if feed.size and problem.branch_charging.size else np.zeros(count)
    )
    charged = np.where(feed >= 0, charged, 0.0)
    detail["bus"], detail["branch"], detail["gain"], detail["hold"] = order, feed, gain, 1.0
    scale = current_scale(problem)
    detail["scale"] = np.where(feed >= 0, scale[feed] if scale.size else 0.0, 0.0)
    detail["along"] = np.where(forward, 1.0, np.conj(gain))
    detail["across"] = np.where(forward, -charged, charged)
    detail["beside"] = np.where(forward | (up < 0), np.arange(count), up)
    return rows, detail, Tables(demand, shunt)


def current_scale(problem: Problem) -> Array:
    """(E,) square of what a per-unit current at the to side is of the rating; 0 where there is no rating."""
    to = problem.branch_to
    factor = np.where(problem.bus_dc[to], 1.0, np.sqrt(3.0)) * problem.bus_voltage[to]
    return np.asarray((problem.base_power / factor / problem.branch_rating) ** 2)


def _shunts(problem: Problem, conducts: Array, order: Array, row: Array) -> tuple[Array, Array]:
    """Slots and admittances of the rows that have, or may get, an admittance to earth."""
    value = problem.bus_shunt[order].astype(complex)
    may = value != 0
    for ends, half in (
        (problem.branch_to, 0.5j * problem.branch_charging),
        (problem.branch_from, 0.5j * problem.branch_charging / np.abs(problem.branch_tap) ** 2),
    ):
        at = np.flatnonzero((problem.branch_charging != 0) & (row[ends] >= 0))
        may[row[ends[at]]] = True
        np.add.at(value, row[ends[at]], np.where(conducts[at], half[at], 0.0))
    slot = _numbered(may)
    table = np.zeros((int(slot.max(initial=0)) + 1, 2))
    table[slot[may]] = np.stack([value[may].real, value[may].imag], axis=1)
    return slot, table


def compressed(key: Array, count: int) -> tuple[Array, Array]:
    """Start of each key's items, and the items; negative keys are left out."""
    order = np.argsort(key, kind="stable")
    order = order[np.searchsorted(key[order], 0) :]
    start = np.concatenate([[0], np.cumsum(np.bincount(key[order], minlength=count))])
    return start.astype(np.int64), order.astype(np.int64)


class _Lists:
    """Compressed rows one behind the other in one array of items."""

    def __init__(self) -> None:
        self.parts: list[Array] = []
        self.size = 0

    def add(self, key: Array, count: int) -> tuple[Array, Array]:
        """First item of each key, and the end of its items."""
        start, items = compressed(key, count)
        start = start + self.size
        self.parts.append(items)
        self.size += items.size
        return start[:-1], start[1:]

    def together(self, keys: list[Array], count: int) -> list[Array]:
        """First item of each key in several lists that follow each other for each key; the end at last."""
        which = np.concatenate([np.full(key.size, number) for number, key in enumerate(keys)])
        place = np.concatenate([np.arange(key.size) for key in keys])
        starts, items = compressed(np.concatenate(keys) * len(keys) + which, count * len(keys))
        self.parts.append(place[items])
        starts = starts + self.size
        self.size += items.size
        return [*(starts[n : -1 : len(keys)] for n in range(len(keys))), starts[len(keys) :: len(keys)]]


def _pieces(
    problem: Problem, rows: Array, row: Array, piece: Array, stiff: Array, units: Array, lists: _Lists
) -> Array:
    count = stiff.size
    table = np.zeros(count, PIECE)
    bounds = np.searchsorted(piece, np.arange(count + 1))
    table["first"], table["stop"], table["stiff"] = bounds[:-1], bounds[1:], stiff
    above = rows["parent"][table["first"]]
    feeds = np.where(above >= 0, np.append(piece, -1)[above], -1)
    table["child"], table["child_stop"] = lists.add(feeds, count)
    padded = np.append(piece, -1)
    holds = np.where(units["hub"] >= 0, padded[np.maximum(units["hub"], -1)], -1)
    table["unit"], table["unit_stop"] = lists.add(holds, count)
    at = np.flatnonzero((holds >= 0) & (units["input"] >= 0))
    child_at = np.flatnonzero(feeds >= 0)
    tails = np.concatenate([feeds[child_at], padded[units["input"][at]]])
    heads = np.concatenate([child_at, holds[at]])
    able = (problem.branch_group >= 0) & problem.branch_closed[0]
    able &= (row[problem.branch_from] >= 0) & (row[problem.branch_to] >= 0)
    able = np.flatnonzero(able)
    more = (padded[row[problem.branch_from[able]]], padded[row[problem.branch_to[able]]])
    rank = _ranks(count, np.concatenate([tails, more[0]]), np.concatenate([heads, more[1]]))
    if rank.min(initial=0) < 0:  # the choices of the switches go round; blocks rank what they need
        rank = _ranks(count, tails, heads)
    table["rank"] = rank
    return table


def _ranks(count: int, tails: Array, heads: Array) -> Array:
    """Longest way to each piece, -1 in and behind a ring."""
    other = tails != heads
    tails, heads = tails[other], heads[other]
    start, out = compressed(tails, count)
    return np.asarray(_rank(start, heads[out], np.bincount(heads, minlength=count)))


@njit(cache=True)
def _rank(start: Any, heads: Any, waits: Any) -> Any:
    rank = np.where(waits == 0, 0, -1)
    ready = np.empty(waits.size, np.int64)
    n = 0
    for piece in range(waits.size):
        if waits[piece] == 0:
            ready[n] = piece
            n += 1
    level = rank.copy()
    at = 0
    while at < n:
        piece = ready[at]
        at += 1
        rank[piece] = max(level[piece], 0)
        for k in range(start[piece], start[piece + 1]):
            head = heads[k]
            level[head] = max(level[head], rank[piece] + 1)
            waits[head] -= 1
            if waits[head] == 0:
                ready[n] = head
                n += 1
    return rank


def _branches(problem: Problem, conducts: Array, detail: Array) -> Array:
    table = np.zeros(problem.branch_from.size, BRANCH)
    table["tail"], table["head"], table["group"] = (
        problem.branch_from,
        problem.branch_to,
        problem.branch_group,
    )
    table["fed"] = -1
    at = np.flatnonzero(detail["branch"] >= 0)
    table["fed"][detail["branch"][at]] = detail["bus"][at]
    table["half"] = problem.branch_charging / 2
    table["half_tail"] = table["half"] / np.abs(problem.branch_tap) ** 2
    table["r"], table["x"] = problem.branch_impedance.real, problem.branch_impedance.imag
    table["scale"], table["gain"] = current_scale(problem), 1.0 / problem.branch_tap
    table["conducts"] = conducts
    return table


def _wiring(problem: Problem, base: Base, row: Array, lists: _Lists) -> tuple[Array, Array, Array]:
    """Records of buses, cords and loads."""
    edges = problem.branch_from.size
    buses = np.zeros(row.size, BUS)
    buses["row"], buses["live"] = row, base.live
    ends = np.concatenate([problem.branch_from, problem.branch_to])
    keys = [ends, problem.converter_from, problem.converter_to, problem.source_bus, problem.cord_bus]
    names = ("branch", "input", "output", "source", "cord", "end")
    for name, start in zip(names, lists.together(keys, row.size), strict=True):
        buses[name] = start
    items = lists.parts[-1]  # both ends of a branch are the same branch
    at = _inside(buses["branch"] - (lists.size - items.size), buses["input"] - buses["branch"])
    items[at] %= max(edges, 1)
    cords = np.zeros(problem.cord_load.size, CORD)
    cords["load"], cords["bus"], cords["weight"] = problem.cord_load, problem.cord_bus, problem.cord_weight
    cords["share"], cords["on"] = base.share, problem.cord_on[0]
    cords["real"] = problem.bus_dc[problem.cord_bus]
    loads = np.zeros(problem.load_power.shape[1], LOAD)
    loads["cord"], loads["cord_stop"] = lists.add(problem.cord_load, loads.size)
    loads["power"] = problem.load_power[0] / problem.base_power
    loads["served"] = np.bincount(problem.cord_load, base.share, minlength=loads.size) > 0
    return buses, cords, loads


def _inside(start: Array, count: Array) -> Array:
    """start[0] ... start[0] + count[0] - 1, start[1] ..."""
    return np.repeat(start - np.cumsum(count) + count, count) + np.arange(count.sum())


def _leaves(problem: Problem, rows: Array, detail: Array, row: Array, units: Array) -> None:
    """Find the loads that no switch, converter or branch ever draws current past."""
    busy = np.zeros(rows.size, dtype=bool)
    busy[rows["parent"][rows["parent"] >= 0]] = True
    busy[units["input"][units["input"] >= 0]] = True
    inputs = row[problem.branch_from[problem.branch_group >= 0]]
    busy[inputs[inputs >= 0]] = True
    busy[np.searchsorted(detail["piece"], np.arange(detail["piece"].max(initial=-1) + 1))] = True
    rows["code"][(rows["code"] == LOADED) & ~busy] = LEAF


def _alone(rows: Array, detail: Array, units: Array) -> Array:
    """(R,) the unit that stands at the end of the ideal branches below a row, where there is nothing else."""
    parent = rows["parent"]
    children = np.bincount(parent[parent >= 0], minlength=parent.size)
    on = units["hub"] >= 0
    stands = np.bincount(units["row"][on], minlength=parent.size)
    bare = (rows["load_slot"] == 0) & (rows["shunt_slot"] == 0) & (detail["gain"] == 1)
    bare &= (rows["r"] == 0) & (rows["x"] == 0) & (parent >= 0)
    alone = np.full(parent.size, -1)
    for unit in np.flatnonzero(on & (units["row"] != units["hub"])):
        at, below = int(units["row"][unit]), 0
        while at != units["hub"][unit] and bare[at] and children[at] == below and stands[at] == 1 - below:
            alone[at], at, below = unit, int(parent[at]), 1
    return alone


def _switches(problem: Problem, base: Base) -> Switches:
    edges = np.flatnonzero(problem.branch_group >= 0)
    edges = edges[np.lexsort((edges, problem.branch_rank[edges], problem.branch_group[edges]))]
    group = problem.branch_group[edges]
    ends = np.flatnonzero(np.diff(group, append=-1) != 0) + 1
    inputs = np.insert(edges, ends, -1)
    arcs = base.arcs
    return Switches(
        arcs.start.astype(np.int64), arcs.head, arcs.gate,
        np.concatenate([problem.branch_closed[0], problem.converter_live[0]]), problem.source_bus,
        problem.source_live[0], inputs, base.closed,
    )  # fmt: skip

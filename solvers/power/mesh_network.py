"""One state of switching of a meshed network, ready for many loads: points, admittances, factors, stages.

Buses joined by ideal branches are one point.  Points held by sources or converters leave the equations; what
remains of the nodal admittance matrix falls into parts, and the parts into *stages*: a stage needs to know the
converters whose outputs lie in earlier stages, so loads come before what feeds them.  The free points are
numbered stage by stage in the order of their elimination.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from solvers.power.factor import Factor, SingularMatrix, factorise
from solvers.power.newton_busbars import AGREE, Busbars
from solvers.power.newton_nodes import Nodes, Task
from solvers.power.problem import Problem
from solvers.power.transfer import Switching, pack

Array = NDArray[Any]


class Holding(NamedTuple):
    """Sources, then converters: the points they hold."""

    point: Array
    """(X,) point of each element, -1 where its bus is dead in the base."""
    agrees: Array
    """(X,) bool: the point is held in the base, at the voltage of this element."""
    weight: Array
    """(X,) part in the power of the busbar before it is shared out."""


class Arrays(NamedTuple):
    """What the compiled kernel reads; free points in order of elimination, fixed points after them."""

    stage: Array
    """(R + 1,) first free point of each stage."""
    row_start: Array
    row_column: Array
    row_value: Array
    """L by rows, below the diagonal."""
    column_start: Array
    column_row: Array
    column_value: Array
    """L by columns, below the diagonal."""
    inverse: Array
    """(m,) 1 / D."""
    no_load: Array
    """(m + F,) voltage without loads; that of fixed points is given. [p.u.]"""
    slot: Array
    """(m + F,) row in the table of demands, -1 = none."""
    link_start: Array
    link_column: Array
    link_value: Array
    """Rows of Y without the diagonal: those of free points only towards free points."""
    diagonal: Array
    """(m + F,) of Y. [p.u.]"""
    unit: Array
    """(c,) converters in order of stage."""
    unit_start: Array
    """(R + 1,) first of them after each stage."""
    unit_out: Array
    unit_in: Array
    """(c,) point held, and row in the table of demands of the input."""
    unit_curve: Array
    """(c, 5) rating [p.u.], a, b, c of the loss curve, tan(phi) of the input."""
    bus: Array
    """Live buses with free points, by stage, then ascending."""
    bus_start: Array
    """(R + 1,)."""
    bus_point: Array
    bus_ratio: Array
    """Voltage of a bus = ratio * voltage of its point."""
    point_bus: Array
    """(m + F,) the bus of each point whose ratio is 1."""


@dataclass(frozen=True)
class Links:
    """How branches see the points: the voltage across a branch is near * V[tail] - far * V[head]."""

    tail: Array
    head: Array
    """(E,) points, -1 = dead in the base."""
    near: Array
    far: Array
    admittance: Array
    """(E,) of the series element, 0 for ideal branches. [p.u.]"""


class Mesh:
    """The base state of a group of scenarios.  Use :func:`mesh_of` to make one."""

    def __init__(
        self, problem: Problem, live: Array, conducts: Array, nodes: Nodes, busbars: Busbars
    ) -> None:
        self.problem, self.live, self.conducts = problem, live, conducts
        self.nodes, self.busbars = nodes, busbars
        self.ratio = np.ones(live.size)
        """(B,) voltage of a bus over that of its point."""
        self.ratio[nodes.bus] = busbars.ratio.real
        self._number()

    def _number(self) -> None:
        raw = np.full(self.live.size, -1)
        raw[self.nodes.bus] = self.busbars.point
        self._raw_point = raw

    # The parts below are filled in by _build, in this order.
    point: Array
    """(B,) point of each bus, -1 = dead."""
    free: int
    """Number of free points; fixed ones come after them."""
    fixed: Array
    """(F,) complex voltage of the fixed points. [p.u.]"""
    part: Array
    """(m + F,) connected part of the free points, -1 for fixed ones."""
    holding: Holding
    links: Links
    factors: list[Factor | None]
    """Of each stage."""
    arrays: Arrays
    largest: float
    """Largest admittance on the diagonal: rounding cannot balance power better than this allows. [p.u.]"""
    cord_slot: Array
    """(K,) row of each cord in the table of demands, the last row where its bus is dead."""
    slots: int

    @property
    def stages(self) -> int:
        return len(self.factors)

    @property
    def points(self) -> int:
        return self.free + self.fixed.size


def mesh_of(problem: Problem, live: Array, closed: Array, source: Array, feeding: Array) -> Mesh | None:
    """Prepare one state of switching, or None where it is for Newton-Raphson.

    Parameters
    ----------
    live, closed, source, feeding : (B | E | G | C) bool, after transfer.

    Notes
    -----
    None for live PV generators, phase shifters, contradictory busbars, converters in a ring and admittances
    without an LDL^T.  Newton-Raphson solves these or says what is wrong with them.
    """
    if live[problem.generator_bus].any():
        return None
    conducts = closed & live[problem.branch_from]
    if np.any(problem.branch_tap[conducts].imag != 0):
        return None
    state = Switching(1, *(pack(mask[None]) for mask in (live, closed, feeding, source)))
    task = Task(
        state, np.zeros(1, dtype=int), np.zeros((problem.cord_load.size, 1), dtype=complex), np.ones(1),
        np.zeros((1, problem.generator_bus.size)),
    )  # fmt: skip
    nodes = Nodes(problem, task)
    busbars = Busbars(nodes)
    if busbars.contradictory().size:
        return None
    mesh = Mesh(problem, live, conducts, nodes, busbars)
    try:
        return mesh if _build(mesh, source, feeding) else None
    except SingularMatrix:
        return None


def _build(mesh: Mesh, source: Array, feeding: Array) -> bool:
    held = _hold(mesh, np.concatenate([source, feeding]))
    if held is None:
        return False
    raw = mesh._raw_point
    links = _links(mesh, raw)
    rows, columns, values = _admittance(mesh, links, raw)
    points = mesh.busbars.points
    matrix = csr_array(coo_array((values, (rows, columns)), shape=(points, points)))
    free = held == 0
    part, stage_of = _stages(mesh, matrix, free, raw, feeding)
    if part is None:
        return False
    order, factors = [], []
    for stage in range(int(stage_of.max(initial=0)) + 1):
        at = np.flatnonzero(free & (stage_of == stage))
        factor = factorise(matrix[at][:, at]) if at.size else None
        factors.append(factor)
        order.append(at if factor is None else at[factor.order])
    placed = np.concatenate([*order, np.flatnonzero(~free)])
    place = np.full(points + 1, -1)
    place[placed] = np.arange(points)
    mesh.free, mesh.fixed = int(free.sum()), held[~free]
    mesh.part = part[placed]
    mesh.point = place[raw]
    mesh.factors = factors
    mesh.links = Links(place[links.tail], place[links.head], links.near, links.far, links.admittance)
    element = np.concatenate([mesh.problem.source_bus, mesh.problem.converter_to])
    value = _values(mesh.problem, mesh.ratio)
    at = mesh.point[element]
    reference = np.append(held[placed], 0)[at]
    agrees = (reference != 0) & (np.abs(value - reference) <= AGREE * np.abs(value))
    weight = np.concatenate([np.ones(mesh.problem.source_bus.size), mesh.problem.converter_rating])
    mesh.holding = Holding(at, agrees & (at >= 0), weight)
    _finish(mesh, matrix[placed][:, placed], stage_of[placed], feeding)
    return True


def _values(problem: Problem, ratio: Array) -> Array:
    """(X,) voltage that each source and converter would give to its point."""
    element = np.concatenate([problem.source_bus, problem.converter_to])
    return np.asarray(np.concatenate([problem.source_voltage, problem.converter_voltage]) / ratio[element])


def _hold(mesh: Mesh, on: Array) -> Array | None:
    """(points,) complex voltages, 0 = free; None where holders contradict each other."""
    problem, points = mesh.problem, mesh.busbars.points
    element = np.concatenate([problem.source_bus, problem.converter_to])
    sources = problem.source_bus.size
    at, value = mesh._raw_point[element[on]], _values(problem, mesh.ratio)[on]
    kind = (np.arange(element.size) >= sources)[on]
    held, kinds = np.zeros(points, dtype=complex), np.zeros(points, dtype=bool)
    held[at], kinds[at] = value, kind
    clash = (np.abs(held[at] - value) > AGREE * np.abs(value)) | (kinds[at] != kind)
    return None if clash.any() else held


def _links(mesh: Mesh, raw: Array) -> Links:
    problem = mesh.problem
    tail, head = raw[problem.branch_from], raw[problem.branch_to]
    ideal = problem.branch_impedance == 0
    ohm = np.where(ideal, 1.0, problem.branch_impedance)
    near = mesh.ratio[problem.branch_from] / problem.branch_tap.real
    return Links(tail, head, near, mesh.ratio[problem.branch_to], np.where(ideal, 0.0, 1.0 / ohm))


def _admittance(mesh: Mesh, links: Links, raw: Array) -> tuple[Array, Array, Array]:
    """Entries of the admittance matrix of all points: y e e^T of each branch, and the shunts."""
    at = np.flatnonzero(mesh.conducts & (links.admittance != 0))
    tail, head, y = links.tail[at], links.head[at], links.admittance[at]
    near, far = links.near[at], links.far[at]
    shunt = mesh.nodes.shunt * mesh.busbars.ratio.real**2
    own = mesh.busbars.point
    rows = np.concatenate([tail, head, tail, head, own])
    columns = np.concatenate([tail, head, head, tail, own])
    values = np.concatenate([y * near**2, y * far**2, -y * near * far, -y * near * far, shunt])
    return rows, columns, values


def _stages(
    mesh: Mesh, matrix: csr_array, free: Array, raw: Array, feeding: Array
) -> tuple[Array | None, Array]:
    """Part and stage of every point; None where converters feed each other in a ring."""
    problem = mesh.problem
    entries = coo_array(matrix)
    inner = free[entries.row] & free[entries.col]
    pattern = (np.ones(int(inner.sum())), (entries.row[inner], entries.col[inner]))
    count, label = connected_components(coo_array(pattern, shape=matrix.shape), directed=False)
    units = np.flatnonzero(feeding)
    out, into = label[raw[problem.converter_to[units]]], label[raw[problem.converter_from[units]]]
    edge = free[entries.row] & ~free[entries.col]  # a free part beside a fixed point comes no later than it
    lower, upper = label[entries.row[edge]], label[entries.col[edge]]
    stage = np.zeros(count, dtype=int)
    for _ in range(2 * units.size + 2):
        raised = stage.copy()
        np.maximum.at(raised, upper, stage[lower])
        np.maximum.at(raised, into, stage[out] + 1)
        if np.array_equal(raised, stage):
            return np.where(free, label, -1), stage[label]
        stage = raised
    return None, stage[label]


def _finish(mesh: Mesh, matrix: csr_array, stage_of: Array, feeding: Array) -> None:
    """Arrays of the kernel from the admittances and stages of the points, in their new order."""
    problem, m = mesh.problem, mesh.free
    mesh.largest = float(np.abs(matrix.diagonal()[:m]).max(initial=0.0))
    no_load = np.concatenate([np.zeros(m, dtype=complex), mesh.fixed])
    right = -(matrix[:m][:, m:] @ mesh.fixed)
    first = 0
    for factor in mesh.factors:
        size = 0 if factor is None else factor.order.size
        if factor is not None:
            given = np.empty(size, dtype=complex)
            given[factor.order] = right[first : first + size]
            no_load[first : first + size] = factor.solve(given)[factor.order]
        first += size
    slot, cord_slot, inputs = _slots(mesh, feeding)
    units, unit_start, curve = _units(mesh, stage_of, feeding)
    buses, bus_start = _buses(mesh, stage_of)
    stage = np.searchsorted(stage_of[:m], np.arange(len(mesh.factors) + 1))
    mesh.cord_slot = cord_slot
    mesh.arrays = Arrays(
        stage, *_lower(mesh.factors), no_load, slot, *_neighbours(matrix, m), matrix.diagonal(),
        units, unit_start, mesh.point[problem.converter_to[units]], inputs[units], curve,
        buses, bus_start, mesh.point[buses], mesh.ratio[buses], _representatives(mesh),
    )  # fmt: skip


def _slots(mesh: Mesh, feeding: Array) -> tuple[Array, Array, Array]:
    """Rows in the table of demands of points, cords and converter inputs; the table has a spare last row."""
    problem = mesh.problem
    cord_point = np.where(problem.cord_weight > 0, mesh.point[problem.cord_bus], -1)
    into = np.where(feeding, mesh.point[problem.converter_from], -1)
    needed = np.zeros(mesh.points + 1, dtype=bool)
    needed[cord_point] = needed[into] = True
    needed[-1] = False
    mesh.slots = int(needed.sum())
    slot = np.where(needed, np.cumsum(needed) - 1, mesh.slots)
    return np.where(needed, slot, -1)[:-1], slot[cord_point], slot[into]


def _units(mesh: Mesh, stage_of: Array, feeding: Array) -> tuple[Array, Array, Array]:
    problem = mesh.problem
    units = np.flatnonzero(feeding)
    stage = stage_of[mesh.point[problem.converter_to[units]]]
    units = units[np.argsort(stage, kind="stable")]
    start = np.searchsorted(np.sort(stage), np.arange(len(mesh.factors) + 1))
    pf = problem.converter_input_pf[units]
    rating = problem.converter_rating[units] / problem.base_power
    curve = np.column_stack([rating, problem.converter_loss[units], np.sqrt(1.0 - pf**2) / pf])
    return units, start, curve


def _buses(mesh: Mesh, stage_of: Array) -> tuple[Array, Array]:
    """Buses of free points, by stage."""
    buses = np.flatnonzero((mesh.point >= 0) & (mesh.point < mesh.free))
    stage = stage_of[mesh.point[buses]]
    order = np.argsort(stage, kind="stable")
    return buses[order], np.searchsorted(stage[order], np.arange(len(mesh.factors) + 1))


def _representatives(mesh: Mesh) -> Array:
    roots = np.flatnonzero(mesh.busbars.parent == np.arange(mesh.nodes.size))
    bus = np.zeros(mesh.points, dtype=int)
    bus[mesh.point[mesh.nodes.bus[roots]]] = mesh.nodes.bus[roots]
    return bus


def _lower(factors: list[Factor | None]) -> tuple[Array, ...]:
    """L of all stages by rows and by columns, and the inverse of D."""
    columns, rows, values, inverse = ([np.zeros(0, dtype=int)] for _ in range(4))
    first = 0
    for factor in factors:
        if factor is None:
            continue
        size = factor.order.size
        columns.append(first + np.repeat(np.arange(size), np.diff(factor.start)))
        rows.append(first + factor.row)
        values.append(factor.value)
        inverse.append(factor.inverse)
        first += size
    row, column = np.concatenate(rows), np.concatenate(columns)
    value = np.concatenate(values).astype(complex)
    by_row = np.lexsort((column, row))
    bounds = np.arange(first + 1)
    return (
        np.searchsorted(row[by_row], bounds), column[by_row], value[by_row],
        np.searchsorted(column, bounds), row, value, np.concatenate(inverse).astype(complex),
    )  # fmt: skip


def _neighbours(matrix: csr_array, free: int) -> tuple[Array, Array, Array]:
    """Rows of Y without the diagonal; those of free points without the fixed ones."""
    entries = coo_array(matrix)
    kept = (entries.row != entries.col) & ((entries.row >= free) | (entries.col < free))
    row, column = entries.row[kept].astype(np.int64), entries.col[kept].astype(np.int64)
    order = np.lexsort((column, row))
    start = np.searchsorted(row[order], np.arange(matrix.shape[0] + 1))
    return start, column[order], entries.data[kept][order]

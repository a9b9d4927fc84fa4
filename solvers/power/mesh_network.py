"""One state of switching of a meshed network, ready for many loads: points, admittances, factors, stages.

Buses joined by ideal branches are one point.  Points held by sources or converters leave the equations; what
remains of the nodal admittance matrix falls into parts, and the parts into *stages*: a stage needs to know the
converters whose outputs lie in earlier stages, so loads come before what feeds them.  The free points are
numbered stage by stage in the order of their elimination.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from solvers.power.factor import SingularMatrix, factorise
from solvers.power.mesh_arrays import Arrays, arrays_of
from solvers.power.mesh_tour import Elimination, Tour, depth_first, tour_of
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
    """(X,) bool: may hold its point: the base has it held at the same voltage, and a converter runs there."""


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


@dataclass(frozen=True)
class Mesh:
    """The base state of a group of scenarios; made by :func:`mesh_of`."""

    problem: Problem
    live: Array
    """(B,) bool."""
    conducts: Array
    """(E,) bool: closed and live."""
    nodes: Nodes
    busbars: Busbars
    ratio: Array
    """(B,) voltage of a bus over that of its point."""
    point: Array
    """(B,) point of each bus, -1 = dead."""
    free: int
    """Number of free points; fixed ones come after them."""
    part: Array
    """(m + F,) connected part of the free points, -1 for fixed ones."""
    holding: Holding
    links: Links
    factors: list[Elimination | None]
    """Of each stage."""
    arrays: Arrays
    cord_slot: Array
    """(K,) row of each cord in the table of demands, the last row where its bus is dead."""
    slots: int
    """Rows of that table with a point; a spare one comes after them."""
    spare: list[Any] = field(default_factory=list, compare=False, repr=False)
    """Working memory of the compiled iteration that nobody uses."""

    @cached_property
    def tour(self) -> Tour:
        """The order of the compiled iteration."""
        parents, first = [np.zeros(0, dtype=int)], 0
        for factor in self.factors:
            if factor is not None:
                top = factor.order.size
                parents.append(np.where(factor.parent < top, first + factor.parent, self.free))
                first += top
        return tour_of(self.arrays, np.concatenate(parents), self.bends)

    @cached_property
    def bends(self) -> Array:
        """Points whose loads depend on voltage."""
        problem = self.problem
        bent = problem.load_current_share[problem.cord_load] > 0
        bent |= problem.load_impedance_share[problem.cord_load] > 0
        bent &= self.cord_slot < self.slots
        return np.unique(self.point[problem.cord_bus[bent]])

    @property
    def stages(self) -> int:
        """Number of stages between converters."""
        return len(self.factors)

    @property
    def points(self) -> int:
        """Number of points, free and fixed."""
        return int(self.part.size)

    @property
    def largest(self) -> float:
        """Largest admittance on the diagonal: rounding cannot balance power better than this allows. [p.u.]"""
        return float(np.abs(self.arrays.diagonal[: self.free]).max(initial=0.0))


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
    draft = Draft(problem, live, conducts, nodes, busbars, feeding)
    held = draft.hold(np.concatenate([source, feeding]))
    try:
        return None if held is None else draft.finished(held)
    except SingularMatrix:
        return None


class Draft:
    """A mesh in the making; points have the numbers of the busbars until they are ordered."""

    def __init__(
        self, problem: Problem, live: Array, conducts: Array, nodes: Nodes, busbars: Busbars, feeding: Array
    ) -> None:
        self.problem, self.live, self.conducts = problem, live, conducts
        self.nodes, self.busbars, self.feeding = nodes, busbars, feeding
        self.ratio = np.ones(live.size)
        self.ratio[nodes.bus] = busbars.ratio.real
        self.point = np.full(live.size, -1)
        self.point[nodes.bus] = busbars.point
        self.element = np.concatenate([problem.source_bus, problem.converter_to])
        given = np.concatenate([problem.source_voltage, problem.converter_voltage])
        self.value = given / self.ratio[self.element]
        """(X,) voltage that each source and converter would give to its point."""

    def hold(self, on: Array) -> Array | None:
        """(points,) complex voltages, 0 = free; None where holders contradict each other."""
        points = self.busbars.points
        at, value = self.point[self.element[on]], self.value[on]
        kind = (np.arange(self.element.size) >= self.problem.source_bus.size)[on]
        held, kinds = np.zeros(points, dtype=complex), np.zeros(points, dtype=bool)
        held[at], kinds[at] = value, kind
        clash = (np.abs(held[at] - value) > AGREE * np.abs(value)) | (kinds[at] != kind)
        return None if clash.any() else held

    def finished(self, held: Array) -> Mesh | None:
        """The mesh, with the points that ``held`` leaves free in order of elimination."""
        points, free = held.size, held == 0
        links = self._links()
        matrix = self._admittance(links)
        part, stage_of = self._stages(matrix, free)
        if part is None:
            return None
        order, factors = [], []
        for stage in range(int(stage_of.max(initial=0)) + 1):
            at = np.flatnonzero(free & (stage_of == stage))
            factor = depth_first(factorise(matrix[at][:, at])) if at.size else None
            factors.append(factor)
            order.append(at if factor is None else at[factor.order])
        placed = np.concatenate([*order, np.flatnonzero(~free)])
        place = np.full(points + 1, -1)
        place[placed] = np.arange(points)
        self.point = place[self.point]
        links = Links(place[links.tail], place[links.head], links.near, links.far, links.admittance)
        at = self.point[self.element]
        reference = np.append(held[placed], 0)[at]
        agrees = (at >= 0) & (reference != 0)
        agrees &= np.abs(self.value - reference) <= AGREE * np.abs(self.value)
        agrees[self.problem.source_bus.size :] &= self.feeding  # others have no place in the order of stages
        slot, cord_slot, inputs = self._slots(points)
        arrays = arrays_of(
            self, matrix[placed][:, placed], factors, held[~free], stage_of[placed], slot, inputs
        )
        return Mesh(
            self.problem, self.live, self.conducts, self.nodes, self.busbars, self.ratio, self.point,
            int(free.sum()), part[placed], Holding(at, agrees), links, factors, arrays, cord_slot,
            int((slot >= 0).sum()),
        )  # fmt: skip

    def _links(self) -> Links:
        problem, ratio = self.problem, self.ratio
        ideal = problem.branch_impedance == 0
        admittance = np.where(ideal, 0.0, 1.0 / np.where(ideal, 1.0, problem.branch_impedance))
        near = ratio[problem.branch_from] / problem.branch_tap.real
        tail, head = self.point[problem.branch_from], self.point[problem.branch_to]
        return Links(tail, head, near, ratio[problem.branch_to], admittance)

    def _admittance(self, links: Links) -> csr_array:
        """y e e^T of each branch, and the shunts."""
        at = np.flatnonzero(self.conducts & (links.admittance != 0))
        tail, head, y = links.tail[at], links.head[at], links.admittance[at]
        near, far = links.near[at], links.far[at]
        own = self.busbars.point
        shunt = self.nodes.shunt * self.busbars.ratio.real**2
        rows = np.concatenate([tail, head, tail, head, own])
        columns = np.concatenate([tail, head, head, tail, own])
        values = np.concatenate([y * near**2, y * far**2, -y * near * far, -y * near * far, shunt])
        return csr_array(coo_array((values, (rows, columns)), shape=(self.busbars.points,) * 2))

    def _stages(self, matrix: csr_array, free: Array) -> tuple[Array | None, Array]:
        """Part and stage of every point; None where converters feed each other in a ring."""
        entries = coo_array(matrix)
        inner = free[entries.row] & free[entries.col]
        pattern = (np.ones(int(inner.sum())), (entries.row[inner], entries.col[inner]))
        count, label = connected_components(coo_array(pattern, shape=matrix.shape), directed=False)
        units = np.flatnonzero(self.feeding)
        out, into = (
            label[self.point[end[units]]] for end in (self.problem.converter_to, self.problem.converter_from)
        )
        edge = free[entries.row] & ~free[entries.col]  # a fixed point comes no earlier than a part beside it
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

    def _slots(self, points: int) -> tuple[Array, Array, Array]:
        """Rows in the table of demands of points (-1 = none), cords and converter inputs (last = none)."""
        problem = self.problem
        cord_point = np.where(problem.cord_weight > 0, self.point[problem.cord_bus], -1)
        into = np.where(self.feeding, self.point[problem.converter_from], -1)
        needed = np.zeros(points + 1, dtype=bool)
        needed[cord_point] = needed[into] = True
        needed[-1] = False
        slot = np.where(needed, np.cumsum(needed) - 1, int(needed.sum()))
        return np.where(needed, slot, -1)[:-1], slot[cord_point], slot[into]

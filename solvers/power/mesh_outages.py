"""Single outages of branches in a meshed network: which of them leave everything connected, and the voltages.

A branch without which its ends are still connected is a change of rank one for the factor of the intact network.
The others switch something off or over, and go the way of :func:`solvers.power.solve`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from solvers.power.flow import COMPILED_FROM, solve
from solvers.power.mesh_changes import Changes, branch_shunts, no_changes
from solvers.power.mesh_group import Group, solve_group
from solvers.power.mesh_network import Mesh, mesh_of
from solvers.power.newton import scenario_of
from solvers.power.problem import Problem
from solvers.power.sweep import CONVERGED
from solvers.power.transfer import feed_arcs, resolve, share_load, unpack

Array = NDArray[Any]


@dataclass(frozen=True)
class Outages:
    """Voltages of n outages; those that did not converge are 0 and ``scenario_ok`` says so."""

    bus_voltage: Array
    """(n, B) complex, 0 where dead. [p.u.]"""
    load_served: Array
    """(n, L) bool."""
    scenario_ok: Array
    """(n,) bool."""
    residual: Array
    """(n,) largest complex power mismatch. [p.u.]"""
    rank_one: Array
    """(n,) bool: solved as a change of the intact network."""


class Intact:
    """One scenario of a problem, ready for outages of its branches.

    Parameters
    ----------
    scenario : whose switching and loads are the intact state.
    """

    harmless: Array
    """(E,) bool: opening the branch is a change of rank one, or none; see :func:`find_harmless`."""

    def __init__(self, problem: Problem, scenario: int = 0) -> None:
        self.problem = one = scenario_of(problem, scenario)
        state = resolve(
            one, feed_arcs(one, converters=True), one.branch_closed, one.source_live, one.converter_live
        )
        live, closed, source, feeding = (
            unpack(words, 1) for words in (state.live, state.closed, state.source, state.feeding)
        )
        self._served, self._share = share_load(one, one.cord_on, live)
        self.mesh = mesh_of(one, live[0], closed[0], source[0], feeding[0])
        none = np.zeros(one.branch_from.size, dtype=bool)
        self.harmless = none if self.mesh is None else find_harmless(self.mesh)

    def solve(
        self, branches: ArrayLike, *, tolerance: float = 1e-8, max_iterations: int = 100,
        compiled: bool | None = None,
    ) -> Outages:  # fmt: skip
        """Open one branch at a time.

        Parameters
        ----------
        branches : (n,) indices.
        tolerance, max_iterations : see :func:`solvers.power.solve`.
        compiled : see :func:`solvers.power.prepare`.
        """
        opened, count = np.asarray(branches, dtype=int), self.harmless.size
        if opened.ndim != 1 or np.any((opened < 0) | (opened >= count)):
            raise ValueError(f"branches must be indices below {count}")
        problem, n = self.problem, opened.size
        result = Outages(
            np.empty((n, problem.bus_voltage.size), dtype=complex),
            np.zeros((n, problem.load_power.shape[1]), dtype=bool),
            np.zeros(n, dtype=bool), np.zeros(n), np.zeros(n, dtype=bool),
        )  # fmt: skip
        if compiled is None:
            compiled = n * problem.bus_voltage.size >= COMPILED_FROM and find_spec("numba") is not None
        at = np.flatnonzero(self.harmless[opened])
        if self.mesh is not None and at.size:
            self._solve_harmless(self.mesh, opened, at, tolerance, max_iterations, compiled, result)
        others = np.flatnonzero(~result.scenario_ok)
        if others.size:
            self._solve_others(opened, others, tolerance, max_iterations, result)
        return result

    def _solve_harmless(
        self, mesh: Mesh, opened: Array, at: Array, tolerance: float, limit: int, compiled: bool,
        result: Outages,
    ) -> None:  # fmt: skip
        problem = self.problem
        cords = problem.load_power.T[problem.cord_load] * self._share
        cords.imag[problem.bus_dc[problem.cord_bus]] = 0.0
        total = float(np.abs(cords).sum()) / problem.base_power
        accepted = tolerance * (min(total, 1.0) if total > 0 else 1.0)
        base = solve_group(
            problem, Group.of(np.zeros(1, dtype=int), mesh, no_changes(1)), cords, np.array([accepted]),
            max_iterations=limit, compiled=compiled,
        )  # fmt: skip
        if base.ending[0] != CONVERGED:
            return
        members = Group.of(at, mesh, changes_of_branches(mesh, opened[at]))
        whole = at.size == opened.size  # then no second table: touching fresh memory costs as much as solving
        found = solve_group(
            problem, members, cords, np.full(at.size, accepted), max_iterations=limit, start=base.voltage,
            out=result.bus_voltage if whole else None, compiled=compiled,
        )  # fmt: skip
        good = found.ending == CONVERGED
        if not whole:
            result.bus_voltage[at] = found.voltage
        result.residual[at] = found.residual
        result.scenario_ok[at] = result.rank_one[at] = good
        result.load_served[at] = self._served & good[:, None]

    def _solve_others(
        self, opened: Array, rows: Array, tolerance: float, limit: int, result: Outages
    ) -> None:
        closed = np.repeat(self.problem.branch_closed, rows.size, axis=0)
        closed[np.arange(rows.size), opened[rows]] = False
        found = solve(replace(self.problem, branch_closed=closed), tolerance=tolerance, max_iterations=limit)
        result.bus_voltage[rows], result.load_served[rows] = found.bus_voltage, found.load_served
        result.scenario_ok[rows], result.residual[rows] = found.scenario_ok, found.residual


def changes_of_branches(mesh: Mesh, branches: Array) -> Changes:
    """One opened branch for each scenario; those that do not conduct change nothing."""
    links, lane = mesh.links, np.flatnonzero(mesh.conducts[branches])
    at = branches[lane]
    start = np.searchsorted(lane, np.arange(branches.size + 1))
    shunts = branch_shunts(mesh, branches.size, lane, at, np.ones(at.size, dtype=bool))
    return Changes(
        start, links.tail[at], links.head[at], links.near[at], links.far[at], links.admittance[at], *shunts
    )


def find_harmless(mesh: Mesh) -> Array:
    """(E,) bool: opening the branch leaves every bus as it was fed, and no transfer switch moves.

    Notes
    -----
    Each branch outside a spanning forest draws a random word; a branch of the forest is a bridge where the words
    of all branches over it add up (exclusive or) to zero.  An error needs 64 random bits to agree.
    """
    problem, links = mesh.problem, mesh.links
    plain = problem.branch_group < 0
    conducts = mesh.conducts & plain
    edges = np.flatnonzero(conducts)
    held = np.arange(mesh.points) >= mesh.free
    vertex = np.where(held, mesh.free, np.arange(mesh.points))  # all that hold a voltage are one
    tail, head = vertex[links.tail[edges]], vertex[links.head[edges]]
    parent, depth = _forest(tail, head, mesh.free + 1)
    child = np.where(parent[head] == tail, head, tail)
    on_tree = np.where(parent[head] == tail, True, parent[tail] == head) & (tail != head)
    rows = np.flatnonzero(on_tree)
    _, first = np.unique(child[rows], return_index=True)
    tree = np.zeros(edges.size, dtype=bool)
    tree[rows[first]] = True
    words = np.random.default_rng(0).integers(1, 2**63, edges.size, dtype=np.uint64)
    total = np.zeros(mesh.free + 1, dtype=np.uint64)
    for end in (tail, head):
        np.bitwise_xor.at(total, end[~tree], words[~tree])
    for level in range(int(depth.max(initial=0)), 0, -1):
        at = np.flatnonzero(depth == level)
        np.bitwise_xor.at(total, parent[at], total[at])
    result = plain & ~mesh.conducts
    result[edges] = ~(tree & (total[child] == 0)) & (links.admittance[edges] != 0)
    return np.asarray(result)


def _forest(tail: Array, head: Array, size: int) -> tuple[Array, Array]:
    """Parent (itself = root) and depth of each vertex in a spanning forest."""
    graph = coo_array((np.ones(tail.size), (tail, head)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    _, roots = np.unique(label, return_index=True)
    ends = (np.concatenate([tail, np.full(roots.size, size)]), np.concatenate([head, roots]))
    whole = csr_array(coo_array((np.ones(ends[0].size), ends), shape=(size + 1, size + 1)))
    order, before = breadth_first_order(whole, size, directed=False)
    depth = np.zeros(size + 1, dtype=int)
    for vertex in order[1:]:
        depth[vertex] = depth[before[vertex]] + 1
    parent = np.where(before[:size] == size, np.arange(size), before[:size])
    return parent, depth[:size] - 1

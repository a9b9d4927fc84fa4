"""Meshed scenarios gathered around common base states, and their voltages.

Y V = -conj(S(V) / V) is repeated with the LDL^T of Y, which depends neither on the loads nor, but for small
changes, on the scenario: branches that are lost or added enter by Woodbury's formula (``mesh_changes``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.power.mesh_changes import Changes, States, changes_of, joined
from solvers.power.mesh_network import Mesh, mesh_of
from solvers.power.mesh_plain import Batch
from solvers.power.mesh_plain import iterate as iterate_plain
from solvers.power.problem import Problem
from solvers.power.sweep import CONVERGED, ROUNDING

Array = NDArray[Any]

CHUNK = 256
"""Scenarios compared with a base at a time, to bound the memory of the masks."""


@dataclass(frozen=True)
class Group:
    """Scenarios with one base."""

    rows: Array
    """(n,) scenarios, in the order given to :func:`group`."""
    mesh: Mesh
    changes: Changes
    unit_share: Array
    """(n, c) part of its busbar's power that each converter of the mesh delivers, 0 = off. [-]"""

    @classmethod
    def of(cls, rows: Array, mesh: Mesh, changes: Changes, feeding: Array | None = None) -> Group:
        """A group with (n, C) bool converters that run; default those of the base."""
        if feeding is None:
            feeding = np.ones((rows.size, mesh.problem.converter_from.size), dtype=bool)
        return cls(rows, mesh, changes, _unit_share(mesh, feeding))

    def take(self, which: Array) -> Group:
        """Some of the scenarios, by their place in the group."""
        if which.size == self.rows.size and np.array_equal(which, np.arange(which.size)):
            return self
        return Group(self.rows[which], self.mesh, self.changes.take(which), self.unit_share[which])

    def renamed(self, names: Array) -> Group:
        """The same with ``names[rows]`` for the rows."""
        return Group(names[self.rows], self.mesh, self.changes, self.unit_share)


def group(problem: Problem, states: States) -> tuple[list[Group], Array]:
    """Gather scenarios around bases; returns the groups, and the scenarios left for Newton-Raphson.

    Notes
    -----
    Each base is the scenario with the most live buses and closed branches that is left, so an intact state is
    the base of its single failures.
    """
    groups: list[Group] = []
    left: list[int] = []
    size = states.live.sum(axis=1) + (states.closed & states.live[:, problem.branch_from]).sum(axis=1)
    waiting = np.argsort(-size, kind="stable")
    while waiting.size:
        first = int(waiting[0])
        mesh = mesh_of(
            problem, states.live[first], states.closed[first], states.source[first], states.feeding[first]
        )
        if mesh is None:
            left.append(first)
            waiting = waiting[1:]
            continue
        parts = np.array_split(waiting, -(-waiting.size // CHUNK))
        answers = [changes_of(mesh, states.take(part)) for part in parts]
        fits = np.concatenate([served for served, _ in answers])
        rows = waiting[fits]
        order = np.argsort(rows, kind="stable")
        changes = joined([change for _, change in answers]).take(order)
        groups.append(Group.of(rows[order], mesh, changes, states.feeding[rows[order]]))
        waiting = waiting[~fits]
    return groups, np.sort(np.array(left, dtype=int))


def _unit_share(mesh: Mesh, feeding: Array) -> Array:
    """Units on one busbar share its power in proportion to their ratings."""
    net = mesh.arrays
    weight = np.where(feeding[:, net.unit], net.unit_curve[:, 0], 0.0)
    _, busbar = np.unique(net.unit_out, return_inverse=True)
    total = np.zeros((weight.shape[0], int(busbar.max(initial=-1)) + 1))
    np.add.at(total.T, busbar, weight.T)
    return np.ascontiguousarray(weight / np.where(total > 0, total, 1.0)[:, busbar])


class Answer(NamedTuple):
    """Voltages of the n scenarios of a group."""

    voltage: Array
    """(n, B) complex; dead buses and scenarios that did not settle are 0. [p.u.]"""
    ending: Array
    residual: Array
    """(n,) largest mismatch. [p.u.]"""
    iterations: int


def solve_group(
    problem: Problem, members: Group, cord_power: Array, tolerance: Array, *, max_iterations: int, compiled: bool,
    live: Array | None = None, start: Array | None = None, out: Array | None = None,
) -> Answer:  # fmt: skip
    """Find the voltages of the scenarios of a group.

    Parameters
    ----------
    cord_power : (K, n) or (K, 1) complex power of the cords at a voltage of 1 p.u., real at DC buses. [VA]
    tolerance : (n,) largest accepted complex power mismatch of a point. [p.u.]
    max_iterations : of each stage.
    compiled : iterate with the compiled kernel or with numpy and scipy alone.
    live : (n, B) bool
        Buses to report; default all of the base.
    start : (n, B) or (1, B) complex voltages to begin with; 0 begins at no load. [p.u.]
    out : (n, B) complex, C-contiguous; written and returned instead of a new table.

    Notes
    -----
    A scenario is frozen when it settles.  Its numbers do not depend on its neighbours, but for rounding in the
    choice of the program and the base of its group.
    """
    mesh, n = members.mesh, members.rows.size
    voltage = np.empty((n, problem.bus_voltage.size), dtype=complex) if out is None else out
    residual, ending = np.zeros(n), np.zeros(n, dtype=int)
    batch = _batch(problem, members, cord_power, tolerance, max_iterations, start)
    dead = np.flatnonzero(mesh.point < 0)
    if dead.size:
        voltage[:, dead] = 0.0
    held = np.flatnonzero(mesh.point >= mesh.free)
    voltage[:, held] = mesh.ratio[held] * mesh.arrays.no_load[mesh.point[held]]
    if compiled:
        from solvers.power.mesh_run import run  # imports the compiler

        turns = run(mesh, members.changes, batch, voltage, residual, ending)
    else:
        turns = iterate_plain(mesh, members.changes, batch, voltage, residual, ending)
    failed = np.flatnonzero(ending != CONVERGED)
    voltage[failed] = 0.0
    if live is not None:
        part = np.flatnonzero((live != mesh.live).any(axis=1))
        voltage[part] *= live[part]
    return Answer(voltage, ending, residual, int(turns))


def _batch(
    problem: Problem, members: Group, cord_power: Array, tolerance: Array, limit: int, start: Array | None
) -> Batch:
    mesh = members.mesh
    current = problem.load_current_share[problem.cord_load]
    impedance = problem.load_impedance_share[problem.cord_load]
    ratio = np.abs(mesh.ratio[problem.cord_bus])
    parts = np.stack([1.0 - current - impedance, current * ratio, impedance * ratio**2]) / problem.base_power
    bent = ((current > 0) | (impedance > 0)) & (mesh.cord_slot < mesh.slots)
    bends = mesh.bends
    number = np.full(bent.size, bends.size)
    number[bent] = np.searchsorted(bends, mesh.point[problem.cord_bus[bent]])
    begin = np.zeros((0, 0), dtype=complex)
    if start is not None:
        begin = np.ascontiguousarray(start[:, mesh.arrays.point_bus[: mesh.free]])
    return Batch(
        np.ascontiguousarray(cord_power), mesh.cord_slot, parts, bends, number, members.unit_share,
        np.ascontiguousarray(tolerance), float(ROUNDING * mesh.largest), limit, begin,
    )  # fmt: skip

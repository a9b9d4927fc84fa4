"""Power flow of meshed scenarios by injected currents: one factor of the nodal admittances for all of them.

The compiled iteration is in ``mesh_kernel``, its twin without a compiler in ``mesh_plain``; both work on groups
of scenarios with a common base state (``mesh_group``).  Networks that this does not fit (PV generators, phase
shifters, converters in a ring) and scenarios that do not settle are left to Newton-Raphson.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.power.mesh_changes import States
from solvers.power.mesh_group import group, solve_group
from solvers.power.mesh_report import report_mesh
from solvers.power.problem import Problem

__all__ = ["Answer", "Meshed", "States"]
Array = NDArray[Any]


class Answer(NamedTuple):
    """What became of some scenarios of a group."""

    tables: dict[str, Array]
    """Outputs (element, n), SI; without ``bus_voltage`` where that was written to a given table."""
    ending: Array
    """(n,)."""
    residual: Array
    """(n,). [p.u.]"""
    iterations: int


class Meshed:
    """Meshed scenarios of a network, ready for loads.

    Parameters
    ----------
    states : switching of all S scenarios.
    asked : (S,) bool
        Scenarios to prepare.

    Notes
    -----
    Newton-Raphson's rate of convergence does not depend on the load; that of injected currents is about
    |Z S| / |V|^2, as of the sweep of a radial network.
    """

    group_of: Array
    """(S,) group of each scenario; -1 = not asked for, or for Newton-Raphson."""

    def __init__(self, problem: Problem, states: States, asked: Array) -> None:
        self._problem, self._states = problem, states
        rows = np.flatnonzero(asked)
        groups, _ = group(problem, states.take(rows))
        self._groups = [members.renamed(rows) for members in groups]
        self.group_of = np.full(asked.size, -1)
        self._place = np.zeros(asked.size, dtype=int)
        for number, members in enumerate(self._groups):
            self.group_of[members.rows] = number
            self._place[members.rows] = np.arange(members.rows.size)

    def solve(
        self, rows: Array, cord_power: Array, tolerance: Array, *, needed: frozenset[str],
        max_iterations: int, compiled: bool, warm: Array | None = None, out: Array | None = None,
    ) -> Answer:  # fmt: skip
        """Solve some scenarios of one group.

        Parameters
        ----------
        rows : (n,) scenarios with the same ``group_of``.
        cord_power : (K, n) complex power of the cords at a voltage of 1 p.u., real at DC buses. [VA]
        tolerance : (n,) largest accepted complex power mismatch of a busbar. [p.u.]
        needed : names of outputs.
        max_iterations : of each stage between converters.
        compiled : iterate with the compiled kernel or with numpy and scipy alone.
        warm : (n, B) complex voltages to begin with; 0 begins at no load. [p.u.]
        out : (n, B) complex, C-contiguous, to write ``bus_voltage`` to.
        """
        members = self._groups[self.group_of[rows[0]]].take(self._place[rows])
        states = self._states.take(rows)
        found = solve_group(
            self._problem, members, cord_power, tolerance, live=states.live, max_iterations=max_iterations,
            start=warm, out=out, compiled=compiled,
        )  # fmt: skip
        tables = report_mesh(self._problem, members, states, found.voltage, cord_power, needed)
        if out is not None:
            del tables["bus_voltage"]
        return Answer(tables, found.ending, found.residual, found.iterations)

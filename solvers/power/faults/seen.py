"""A sequence network and the impedances seen from its nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.faults.network import Sequence, Topology
from solvers.power.faults.problem import FaultProblem
from solvers.power.faults.selected import BLOCK, SelectedInverse, selected_inverse
from solvers.power.faults.sequences import Unit

Array = NDArray[Any]


@dataclass(frozen=True)
class Seen:
    """A solved sequence network."""

    sequence: Sequence
    inverse: SelectedInverse
    earthed: Array
    """(nodes,) bool."""
    impedance: Array
    """(nodes,) seen from each node, that of unit terminals with their own corrections; 1 where not earthed. [p.u.]"""
    columns: Array
    """(nodes, u) columns of the corrected inverse for faults at unit terminals. [p.u.]"""


def look(sequence: Sequence, unit: Unit | None, compiled: bool) -> Seen:
    earthed = sequence.earthed()
    inverse = selected_inverse(sequence.matrix(earthed), compiled=compiled)
    impedance = inverse.diagonal.copy()
    columns = np.zeros((sequence.nodes, 0), complex)
    if unit is not None and unit.terminal.size:
        columns = _unit_columns(inverse, unit)
        impedance[unit.terminal] = columns[unit.terminal, np.arange(unit.terminal.size)]
    return Seen(sequence, inverse, earthed, impedance, columns)


def _unit_columns(inverse: SelectedInverse, unit: Unit) -> Array:
    """Columns of (Y + change)^-1 = Z - Z_u C (1 + Z_uu C)^-1 Z_u^T, with the change C at the unit's two nodes."""
    count = unit.terminal.size
    solved = inverse.columns(np.concatenate([unit.terminal, unit.grid]))
    result = np.empty((solved.shape[0], count), complex)
    for u in range(count):
        both = solved[:, [u, count + u]]
        small = both[[unit.terminal[u], unit.grid[u]]]
        change = unit.branch_change[u].copy()
        change[0, 0] += unit.machine_change[u]
        inner = change @ np.linalg.solve(np.eye(2) + small @ change, small[:, 0])
        result[:, u] = both[:, 0] - both @ inner
    return result


def machine_currents(
    problem: FaultProblem, net: Topology, unit: Unit, seen: Seen, c: Array, kind: str
) -> Iterator[tuple[Array, Array, Array]]:
    """What each machine gives to a three-phase fault at each bus, in blocks of machines.

    Yields rows (m,) of the table ``kind`` ("generators", "motors"), their currents (B, m) at the voltage of their own
    buses and their admittances (B, m) for that fault. [p.u.]
    """
    bus, table = net.node, getattr(problem, kind)
    y = seen.sequence.shunt[seen.sequence.shunt_rows[kind]]
    at = np.flatnonzero(y != 0)
    for first in range(0, at.size, BLOCK):
        rows = at[first : first + BLOCK]
        z = seen.inverse.columns(bus[table.bus[rows]])[bus]
        admittance = np.broadcast_to(y[rows], z.shape).copy()
        for u, terminal in enumerate(unit.terminal):
            here = np.flatnonzero(bus == terminal)
            z[here] = seen.columns[bus[table.bus[rows]], u]
            if kind == "generators":
                own = np.ix_(here, np.flatnonzero(rows == unit.generator[u]))
                admittance[own] += unit.machine_change[u]
        yield rows, (c / seen.impedance[bus])[:, None] * z * admittance, admittance

"""A sequence network and the impedances seen from its nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.faults.network import Sequence
from solvers.power.faults.selected import SelectedInverse, selected_inverse
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

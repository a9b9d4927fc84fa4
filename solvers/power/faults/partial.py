"""Which branch brings which part of the current into a fault at its end: the duty of every breaker.

For a fault at node f every node k stands at -c Z_kf / Z_ff, so a neighbour's current needs only entries of the
selected inverse.  Parts are admittances here: the current of a part is part x c x U_n / sqrt(3), and the parts of
all that meets at a node add up to 1 / Z_ff.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.faults.network import Sequence
from solvers.power.faults.selected import SelectedInverse
from solvers.power.faults.sequences import Unit

Array = NDArray[Any]


def slot_parts(sequence: Sequence, inverse: SelectedInverse, slots: int) -> Array:
    """(slots,) part that comes through each end of a branch or winding into a fault at that end. [p.u.]"""
    first, second = sequence.first, sequence.second
    mutual = inverse.between(first, second)
    parts = np.zeros(slots + 1, complex)
    into_first = sequence.y11 + sequence.y12 * mutual / inverse.diagonal[first]
    into_second = sequence.y22 + sequence.y12 * mutual / inverse.diagonal[second]
    np.add.at(parts, sequence.slot1, into_first)
    np.add.at(parts, sequence.slot2, into_second)
    return parts[:slots]


def unit_parts(sequence: Sequence, unit: Unit, columns: Array, parts: Array, sources: Array) -> None:
    """Correct the parts of faults at the terminals of power-station units, in place.

    Parameters
    ----------
    columns : (nodes, u) column of the corrected inverse for a fault at each terminal.
    parts, sources : parts of slots and admittances of the generators.
    """
    for u, terminal in enumerate(unit.terminal):
        seen = columns[:, u] / columns[terminal, u]
        for end, slot, y, other in (
            (sequence.first, sequence.slot1, sequence.y11, sequence.second),
            (sequence.second, sequence.slot2, sequence.y22, sequence.first),
        ):
            here = np.flatnonzero(end == terminal)
            here = here[(sequence.y12[here] != 0) | (y[here] != 0)]
            touched = slot[here]
            parts[touched] = 0.0
            own = (touched < parts.size) & (touched // 2 == unit.branch[u]) & (touched % 2 >= 0)
            near = y[here] + np.where(own, unit.branch_change[u, 0, 0], 0)
            far = sequence.y12[here] + np.where(own, unit.branch_change[u, 0, 1], 0)
            np.add.at(parts, touched, near + far * seen[other[here]])
        sources[unit.generator[u]] += unit.machine_change[u]


def through_switches(bus_sum: Array, first: Array, second: Array, total: Array) -> tuple[Array, Array, Array]:
    """Currents of ideal switches into faults at their first and second bus, and whether they are unique.

    A busbar is peeled from its ends: the switch at an end carries what meets at that end; what comes from the other
    side is the rest of the whole.  Switches in a ring cannot be peeled; they are given the whole.

    Parameters
    ----------
    bus_sum : (B,) or (B, k) what other elements bring to each bus.
    first, second : buses of the ideal switches.
    total : the same sums over all buses of the busbar that each bus belongs to.
    """
    value = bus_sum.copy()
    degree = np.bincount(np.concatenate([first, second]), minlength=bus_sum.shape[0])
    into_first, into_second = total[first].copy(), total[second].copy()
    left = np.ones(first.size, bool)
    while True:
        tip_first = left & (degree[first] == 1)
        tip_second = left & (degree[second] == 1) & ~tip_first
        if not (tip_first | tip_second).any():
            return into_first, into_second, ~left
        for tips, near, far, to_near, to_far in (
            (tip_first, first, second, into_first, into_second),
            (tip_second, second, first, into_second, into_first),
        ):
            at = np.flatnonzero(tips)
            brought = value[near[at]]
            to_far[at] = brought
            to_near[at] = total[near[at]] - brought
            np.add.at(value, far[at], brought)
            np.subtract.at(degree, far[at], 1)
            degree[near[at]] = 0
        left &= ~(tip_first | tip_second)

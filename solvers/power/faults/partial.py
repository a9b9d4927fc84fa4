"""Which branch brings which part of the current into a fault at its end: the duty of every breaker.

For a fault at node f every node k stands at -c Z_kf / Z_ff, so a neighbour's current needs only entries of the
selected inverse.  Parts are admittances here: the current of a part is part x c x U_n / sqrt(3), and the parts of
all that meets at a node add up to 1 / Z_ff.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.faults.network import BASE, Sequence, Topology
from solvers.power.faults.problem import FaultProblem
from solvers.power.faults.seen import Seen
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
            own = touched // 2 == unit.branch[u]
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


def partial_currents(
    problem: FaultProblem,
    net: Topology,
    seen: Seen,
    unit: Unit,
    ground: tuple[Seen, Array] | None,
    scale: Array,
) -> dict[str, Array]:
    """Currents of branches, windings and sources into faults at their own buses.

    Parameters
    ----------
    ground : zero-sequence network and complex I_0 (B,) of line-to-earth faults [p.u.], None = not asked.
    scale : (B,) amperes per unit of part at a three-phase fault.
    """
    answer: dict[str, Array] = {}
    branches, triples = problem.branches, problem.triples
    edges = branches.from_bus.size
    slots = 2 * edges + 3 * triples.rating.shape[0]
    led = triples.bus.ravel()
    slot_bus = np.concatenate(
        [np.stack([branches.from_bus, branches.to_bus], axis=1).ravel(), np.maximum(led, 0)]
    )
    parts = slot_parts(seen.sequence, seen.inverse, slots)
    sources = seen.sequence.shunt.copy()
    unit_parts(seen.sequence, unit, seen.columns, parts, sources[seen.sequence.shunt_rows["generators"]])
    current = parts * scale[slot_bus]
    source_bus = {kind: getattr(problem, kind).bus for kind in ("feeders", "generators", "motors")}
    for kind, name in zip(source_bus, ("feeder_current", "generator_current", "motor_current"), strict=True):
        answer[name] = sources[seen.sequence.shunt_rows[kind]] * scale[source_bus[kind]]
    at_source = np.concatenate(list(source_bus.values()))
    brought = _sums(problem, slot_bus, current, at_source, sources * scale[at_source])
    from_, to, unique = _switches(problem, net, current, brought)
    answer |= {"branch_from": from_, "branch_to": to, "branch_unique": unique}
    answer["winding_current"] = current[2 * edges :].reshape(-1, 3)
    if ground is None:
        return answer
    zero_seen, i0 = ground
    base = BASE / np.sqrt(3) / problem.bus_voltage
    zero_parts = slot_parts(zero_seen.sequence, zero_seen.inverse, slots)
    node = net.node[slot_bus]
    share = 2 * parts * seen.impedance[node] + zero_parts * zero_seen.impedance[node]
    current = share * (i0 * base)[slot_bus]
    shunts, first = [], {"feeders": 0, "generators": 0, "motors": 0}
    for kind in first:
        here = net.node[source_bus[kind]]
        share = 2 * sources[seen.sequence.shunt_rows[kind]] * seen.impedance[here]
        if kind in zero_seen.sequence.shunt_rows:
            share = (
                share
                + zero_seen.sequence.shunt[zero_seen.sequence.shunt_rows[kind]] * zero_seen.impedance[here]
            )
        shunts.append(share * (i0 * base)[source_bus[kind]])
    earthing = problem.earthings.bus
    y = zero_seen.sequence.shunt[zero_seen.sequence.shunt_rows["earthings"]]
    shunts.append(y * zero_seen.impedance[net.node[earthing]] * (i0 * base)[earthing])
    brought = _sums(problem, slot_bus, current, np.concatenate([at_source, earthing]), np.concatenate(shunts))
    from_, to, _ = _switches(problem, net, current, brought)
    answer |= {"branch_ground_from": from_, "branch_ground_to": to}
    return answer


def _sums(problem: FaultProblem, slot_bus: Array, current: Array, source_bus: Array, source: Array) -> Array:
    """(B,) what branches with impedance and sources bring to each bus."""
    where, what = np.concatenate([slot_bus, source_bus]), np.concatenate([current, source])
    count = problem.bus_voltage.size
    return np.asarray(
        np.bincount(where, what.real, minlength=count) + 1j * np.bincount(where, what.imag, minlength=count)
    )


def _switches(
    problem: FaultProblem, net: Topology, current: Array, brought: Array
) -> tuple[Array, Array, Array]:
    """(E,) currents at both ends with those of ideal switches filled in, and which of them are unique."""
    branches = problem.branches
    edges = branches.from_bus.size
    from_, to = current[0 : 2 * edges : 2].copy(), current[1 : 2 * edges : 2].copy()
    unique = np.ones(edges, bool)
    at = np.flatnonzero(net.ideal)
    if at.size:
        whole = np.bincount(net.node, brought.real, minlength=net.nodes) + 1j * np.bincount(
            net.node, brought.imag, minlength=net.nodes
        )
        from_[at], to[at], unique[at] = through_switches(
            brought, branches.from_bus[at], branches.to_bus[at], whole[net.node]
        )
    return from_, to, unique

"""Links that block in the compiled iteration: held, let go, and flows that are rounding.

The memory is that of :mod:`solvers.hydraulics.network_newton`; the rules are those of its twin,
:mod:`solvers.hydraulics.newton`.
"""

from __future__ import annotations

from numba import njit

from .network_laws import FLOW, gate_blocks
from .network_steps import hold, raise_peak, snap, zero
from .network_vectors import INNER
from .newton import NOISE, ROUNDING, SNAP


@njit(**INNER)
def hold_gates(t, at, i, of):  # type: ignore[no-untyped-def]
    """Hold the gates that are blocked."""
    for x in range(of.gates):
        r = i[of.gate_run + x]
        hold(t, at.flow + r, at.drop + r, at.slope + r, at.shut + x, at.held + x, at.limit + x,
             at.head + i[of.start + r], at.head + i[of.end + r])  # fmt: skip


@njit(**INNER)
def block_gates(t, at, i, k, of):  # type: ignore[no-untyped-def]
    """Mark the gates whose flow is beyond their stop; True if one is marked."""
    blocked = False
    for x in range(of.gates):
        r = i[of.gate_run + x]
        blocked |= (
            gate_blocks(
                t, k, at.flow + r, at.live + r, of.one_way + x, at.limit + x, at.shut + x, at.held + x
            )
            > 0
        )
    return blocked


@njit(**INNER)
def wrongly_held(flat, at, i, k, of, c, tolerance, let_go):  # type: ignore[no-untyped-def]
    """Whether a lane has gates held that pressure opens, which are let go where asked, or flows beyond their stop.

    Drops are those of the flows reached. The twin of ``_wrongly_blocked`` and ``_astray`` of the numpy solver.
    """
    highest, largest, wrong = 0.0, 0.0, False
    for n in range(of.nodes):
        highest = max(highest, abs(flat[at.head + n, c]))
    slack = ROUNDING * highest
    if tolerance > 0.0:
        for r in range(of.runs):
            level = flat[at.head + i[of.start + r], c] - flat[at.head + i[of.end + r], c]
            largest = max(largest, abs(level))
        slack += tolerance * largest
    beyond = max(SNAP * flat[at.peak_step + 1, c], NOISE * flat[at.scale + FLOW, c])
    for x in range(of.gates):
        r = i[of.gate_run + x]
        if flat[at.live + r, c] == 0.0:
            continue
        q, shut, held = flat[at.flow + r, c], flat[at.shut + x, c] > 0.0, flat[at.held + x, c] > 0.0
        gap = flat[at.head + i[of.start + r], c] - flat[at.head + i[of.end + r], c] - flat[at.drop + r, c]
        if (shut and gap > slack) or (held and gap < -slack):
            wrong = True
            if let_go:
                flat[at.shut + x, c], flat[at.held + x, c] = 0.0, 0.0
        elif not (shut or held):
            back = k[of.one_way + x, 0] > 0.0 and q < -beyond
            wrong |= back or q > flat[at.limit + x, c] + beyond
    return wrong


@njit(**INNER)
def snap_flows(flat, t, at, of):  # type: ignore[no-untyped-def]
    """Flows that are rounding become zero: beside the largest, or all where the largest is rounding itself."""
    zero(t, at.move)
    for r in range(of.runs):
        raise_peak(t, at.move, at.flow + r)
    for c in range(flat.shape[1]):
        if flat[at.move, c] > NOISE * flat[at.scale + FLOW, c]:
            flat[at.move, c] *= SNAP
    for r in range(of.runs):
        snap(t, at.flow + r, at.move)

"""The compiled network solver: groups of LANES scenarios side by side, or one scenario alone."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable
from typing import Any

import numpy as np
from numba import njit
from numba.np.unsafe.ndarray import to_fixed_tuple
from numpy.typing import NDArray

from .answer import Answer
from .duty import Duty
from .friction import FrictionLaw
from .network_fill import begin_flow, connect, connect_whole, fill
from .network_given import Uses, lay_out
from .network_memory import AT, OF, At, Memory, Of
from .network_newton import COLEBROOK, SWAMEE_JAIN, newton
from .network_steps import zero
from .network_vectors import LANES
from .network_write import imbalance, inner_connections, inner_heads, write
from .pipework import Index, Pipework

TOGETHER = 3
"""Scenarios from which a group of lanes is faster than one after the other; measured."""


class Layout:
    """A plan, what it was made for, and working memory that nobody uses."""

    def __init__(self, pipework: Pipework, own: Duty, uses: Uses, friction: FrictionLaw) -> None:
        self.uses, self.given = uses, lay_out(pipework, uses, friction)
        self._own, self._covers_own = own, uses.covers(Uses.of(pipework, own))
        self._spare: dict[int, list[Memory]] = {1: [], LANES: []}

    def serves(self, duty: Duty) -> bool:
        """Whether the plan is known to hold for a duty; False may be wrong.

        Arrays of the network's own duty, which nobody else can change, are not looked through again.
        """
        own, uses = self._own, self.uses
        return (
            self._covers_own
            and duty.pump_head is own.pump_head
            and duty.viscosity is own.viscosity
            and (duty.device is own.device or not _beyond(duty.device, uses.device, 0.0))
            and (duty.demand is own.demand or not _beyond(duty.demand, uses.demand, 0.0))
            and (duty.limit is own.limit or not _beyond(duty.limit, uses.limited, np.inf))
        )

    def lend(self, lanes: int) -> Memory:
        """Memory for one caller; threads do not share any."""
        try:
            return self._spare[lanes].pop()
        except IndexError:
            return Memory(self.given, lanes)

    def give_back(self, memory: Memory) -> None:
        """For the next caller."""
        self._spare[memory.lanes].append(memory)


def layout(pipework: Pipework, own: Duty, duty: Duty, friction: FrictionLaw, known: Layout | None) -> Layout:
    """A plan that serves a duty of a network whose own duty is ``own``: the known one, or one that serves both."""
    uses = Uses.of(pipework, duty)
    if known is not None:
        if known.uses.covers(uses):
            return known
        uses = known.uses.join(uses)
    return Layout(pipework, own, uses, friction)


def solve_compiled(
    pipework: Pipework, duty: Duty, plan: Layout, tolerance: float, max_iterations: int, friction: FrictionLaw
) -> tuple[Answer, Index | None]:
    """Solve the distinct scenarios of a duty; also the one each row belongs to, None where all are distinct."""
    narrow = _Duty(*duty.narrow)
    keep, row_of = _distinct(narrow, duty.scenarios)
    lanes, links, nodes = LANES if keep.size >= TOGETHER else 1, pipework.link_count, pipework.node_count
    memory = plan.lend(lanes)
    out = Answer(
        flow=np.empty((keep.size, links)),
        pressure=np.empty((keep.size, nodes)),
        limited=np.zeros((keep.size, links), bool),
        connected=np.empty((keep.size, nodes), bool),
        residual=np.empty(keep.size),
        mass_error=np.empty(keep.size),
        converged=np.empty(keep.size, bool),
        iterations=0,
    )
    law = COLEBROOK if friction == "colebrook" else SWAMEE_JAIN
    most = solve_groups(  # type: ignore[call-arg]
        law, keep, narrow, *memory.whole, memory.member, tolerance, max_iterations, *memory.parts, *memory.endings,
        *out[:-1],
    )  # fmt: skip
    plan.give_back(memory)
    return out._replace(iterations=most), row_of


_Duty = namedtuple(
    "_Duty", ["fixed_pressure", "demand", "device", "pump_head", "speed", "limit", "open", "viscosity"]
)


@njit(cache=True, error_model="numpy", nogil=True)
def solve_groups(  # type: ignore[no-untyped-def]
    law, keep, duty, flat, t, v, pipe, at_, i, k, of_, member, tolerance, limit, parent, low, high, driven, residual,
    converged, worst, flow, pressure, limited, connected, all_residual, mass_error, all_converged,
):  # fmt: skip
    """Group after group, the last filled up with its last scenario; returns the most iterations."""
    at, of = At(*to_fixed_tuple(at_, AT)), Of(*to_fixed_tuple(of_, OF))
    lanes, most = flat.shape[1], 0
    picked, joined = np.empty(lanes, np.int64), np.zeros(2, np.int64)
    for n in range(of.nodes):
        zero(t, at.rise + n)
    for first in range(0, keep.size, lanes):
        count = min(lanes, keep.size - first)
        for c in range(lanes):
            picked[c] = keep[first + min(c, count - 1)]
        fill(picked, duty, flat, at, i, k, of, first == 0)
        begin_flow(picked, duty, flat, at, i, k, of)
        for x in range(of.gates):
            for c in range(lanes):
                flat[at.held + x, c] = 0.0
        if connect_whole(picked, duty, flat, at, i, k, of, parent, low, high, driven, converged, joined):
            moving = not converged.all()
        else:
            moving = connect(picked, duty, flat, at, i, k, of, parent, low, high, driven, converged, joined)
        for c in range(lanes):
            residual[c] = 0.0 if converged[c] else np.inf
        if moving:
            done = newton(
                law, flat, t, v, pipe, at, i, k, of, tolerance, limit, residual, converged, low, high
            )
            most = max(most, done)
        inner_heads(law, flat, t, v, pipe, member, at, i, k, of)
        inner_connections(picked, duty, flat, at, i, k, of)
        imbalance(flat, t, at, i, of, residual, converged, worst)
        write(first, count, flat, at, i, k, of, flow, pressure, limited, connected)
        for c in range(count):
            all_residual[first + c], all_converged[first + c] = residual[c], converged[c]
            mass_error[first + c] = worst[c]
    return most


@njit(cache=True, error_model="numpy")
def _beyond(array, used, nothing):  # type: ignore[no-untyped-def]
    """Whether something else than ``nothing`` stands in a column that is not used."""
    for s in range(array.shape[0]):
        for x in range(array.shape[1]):
            if array[s, x] != nothing and not used[x]:
                return True
    return False


@njit(cache=True, error_model="numpy")
def _fingerprint(array, prints):  # type: ignore[no-untyped-def]
    """Mix the rows of an array into numbers that differ where rows differ, but for accidents.

    Four chains side by side: each product waits for the one before it.
    """
    odd, by, width = np.uint64(0x9E3779B97F4A7C15), np.uint64(29), array.shape[1]
    for s in range(array.shape[0]):
        a = prints[s]
        b, c, d = a ^ odd, a + odd, a - odd
        x = 0
        while x + 4 <= width:
            a = (a ^ np.uint64(array[s, x])) * odd
            b = (b ^ np.uint64(array[s, x + 1])) * odd
            c = (c ^ np.uint64(array[s, x + 2])) * odd
            d = (d ^ np.uint64(array[s, x + 3])) * odd
            a, b, c, d = a ^ (a >> by), b ^ (b >> by), c ^ (c >> by), d ^ (d >> by)
            x += 4
        while x < width:
            a = (a ^ np.uint64(array[s, x])) * odd
            a ^= a >> by
            x += 1
        for other in (b, c, d):
            a = (a ^ other) * odd
            a ^= a >> by
        prints[s] = a


@njit(cache=True, error_model="numpy")
def _grouped(prints, first, member):  # type: ignore[no-untyped-def]
    """First place of every number and which of these each is, in order; returns how many.  By a hash table."""
    size = 2
    while size < 2 * prints.size:
        size *= 2
    table, found = np.full(size, -1), 0
    for s in range(prints.size):
        at = np.int64(prints[s] & np.uint64(size - 1))
        while table[at] >= 0 and prints[first[table[at]]] != prints[s]:
            at = (at + 1) & (size - 1)
        if table[at] < 0:
            table[at], first[found] = found, s
            found += 1
        member[s] = table[at]
    return found


def _distinct(arrays: Iterable[NDArray[Any]], count: int) -> tuple[Index, Index | None]:
    """First row of each set of equal scenarios, and the set every scenario belongs to, None where all differ."""
    moving = [a for a in arrays if a.shape[0] > 1]
    if not moving:
        return np.arange(1), None if count == 1 else np.zeros(count, np.intp)
    prints = np.full(count, 0xCBF29CE484222325, np.uint64)
    for a in moving:
        _fingerprint(a.view(np.uint8 if a.dtype == bool else np.uint64), prints)
    first, member = np.empty(count, np.intp), np.empty(count, np.intp)
    found = _grouped(prints, first, member)
    if found == count or any((a != a[first[member]]).any() for a in moving):  # the latter: an accident
        return np.arange(count), None
    return first[:found], member

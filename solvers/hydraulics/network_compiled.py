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
from .network_newton import COLEBROOK, SWAMEE_JAIN, imbalance, newton
from .network_steps import zero
from .network_vectors import LANES
from .network_write import inner_connections, inner_heads, write
from .pipework import Index, Pipework

TOGETHER = 3
"""Scenarios from which a group of lanes is faster than one after the other; measured."""


class Layout:
    """A plan, what it was made for, and working memory that nobody uses."""

    def __init__(self, pipework: Pipework, uses: Uses, friction: FrictionLaw) -> None:
        self.uses, self.given = uses, lay_out(pipework, uses, friction)
        self._spare: dict[int, list[Memory]] = {1: [], LANES: []}

    def lend(self, lanes: int) -> Memory:
        """Memory for one caller; threads do not share any."""
        try:
            return self._spare[lanes].pop()
        except IndexError:
            return Memory(self.given, lanes)

    def give_back(self, memory: Memory) -> None:
        """For the next caller."""
        self._spare[memory.lanes].append(memory)


def layout(pipework: Pipework, duty: Duty, friction: FrictionLaw, known: Layout | None) -> Layout:
    """A plan that serves a duty: the known one, or one that serves both."""
    uses = Uses.of(pipework, duty)
    if known is not None:
        if known.uses.covers(uses):
            return known
        uses = known.uses.join(uses)
    return Layout(pipework, uses, friction)


def solve_compiled(
    pipework: Pipework, duty: Duty, plan: Layout, tolerance: float, max_iterations: int, friction: FrictionLaw
) -> tuple[Answer, Index]:
    """Solve the distinct scenarios of a duty; also the one each row belongs to."""
    narrow = _Duty(*(_narrow(array) for array in duty.arrays.values()))
    keep, row_of = _distinct(narrow, duty.scenarios)
    lanes, links, nodes = LANES if keep.size >= TOGETHER else 1, pipework.link_count, pipework.node_count
    memory = plan.lend(lanes)
    out = Answer(
        flow=np.empty((keep.size, links)),
        pressure=np.zeros((keep.size, nodes)),
        limited=np.zeros((keep.size, links), bool),
        connected=np.zeros((keep.size, nodes), bool),
        residual=np.zeros(keep.size),
        mass_error=np.zeros(keep.size),
        converged=np.ones(keep.size, bool),
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
        imbalance(flat, t, at, i, of, worst)
        write(first, count, flat, at, i, k, of, flow, pressure, limited, connected)
        for c in range(count):
            all_residual[first + c], all_converged[first + c] = residual[c], converged[c]
            mass_error[first + c] = worst[c]
    return most


@njit(cache=True, error_model="numpy")
def _fingerprint(array, prints):  # type: ignore[no-untyped-def]
    """Mix the rows of an array into numbers that differ where rows differ, but for accidents."""
    for s in range(array.shape[0]):
        value = prints[s]
        for x in range(array.shape[1]):
            value = (value ^ np.uint64(array[s, x])) * np.uint64(0x9E3779B97F4A7C15)
            value ^= value >> np.uint64(29)
        prints[s] = value


def _narrow(array: NDArray[Any]) -> NDArray[Any]:
    """One row or column of what repeats, contiguous."""
    if array.shape[1] > 1 and array.strides[1] == 0:
        array = array[:, :1]
    if array.shape[0] > 1 and array.strides[0] == 0:
        array = array[:1]
    return np.ascontiguousarray(array)


def _distinct(arrays: Iterable[NDArray[Any]], count: int) -> tuple[Index, Index]:
    """First row of each set of equal scenarios, and the set every scenario belongs to."""
    moving = [a for a in arrays if a.shape[0] > 1]
    whole = np.arange(count)
    if not moving:
        return whole[:1], np.zeros(count, np.intp)
    prints = np.full(count, 0xCBF29CE484222325, np.uint64)
    for a in moving:
        _fingerprint(a.view(np.uint8 if a.dtype == bool else np.uint64), prints)
    _, first, member = np.unique(prints, return_index=True, return_inverse=True)
    if first.size == count or any((a != a[first[member]]).any() for a in moving):  # the latter: an accident
        return whole, whole
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    return first[order], rank[member]

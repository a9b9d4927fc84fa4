"""The order in which the compiled iteration visits the points of a mesh: one tour around the elimination tree.

In L D L^T x = b a point takes part in the sums of those after it on its way of elimination, its *ancestors*.
Numbered by a depth-first walk from the ends of the ways back, with every point after all it is an ancestor of,
each subtree is a range of points.  A tour enters a point when its ancestors have their x (back substitution), and
leaves it when the sums of all points below are done (forward substitution of the next iteration).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.power.factor import Factor, SingularMatrix

if TYPE_CHECKING:
    from solvers.power.mesh_arrays import Arrays

Array = NDArray[Any]

VISIT, ENTER, ENTER_LOADED, PUSH, BACK, SCALE, SETTLE, SETTLE_LOADED, SETTLE_BENT = range(9)
"""Steps; see ``mesh_steps.py``."""


@dataclass(frozen=True)
class Elimination:
    """A factor with its points in depth-first order; fields as those of :class:`solvers.power.factor.Factor`."""

    order: Array
    start: Array
    row: Array
    value: Array
    inverse: Array
    parent: Array
    """(n,) first ancestor, n = none."""
    factor: Factor

    def solve(self, right: Array) -> Array:
        """x of A x = b, in the order of A."""
        return self.factor.solve(right)


def depth_first(factor: Factor) -> Elimination:
    """Number the points of a factor such that subtrees are ranges.

    Raises
    ------
    SingularMatrix
        Where entries of L are missing because terms cancel exactly, so that there is no such order.
    """
    n = factor.order.size
    count = np.diff(factor.start)
    parent = np.full(n, n)
    parent[count > 0] = factor.row[factor.start[:-1][count > 0]]
    size, offset = _subtrees(parent.tolist())
    place = n - 1 - _walked(parent.tolist(), offset)
    old = np.empty(n, dtype=np.int64)
    old[place] = np.arange(n)
    column, row = np.repeat(place, count), place[factor.row]
    if np.any((column > row) | (column <= row - np.array(size, dtype=np.int64)[factor.row])):
        raise SingularMatrix("entries of the factor cancel")
    order = np.lexsort((row, column))
    return Elimination(
        factor.order[old], np.concatenate([[0], np.cumsum(count[old])]), row[order], factor.value[order],
        factor.inverse[old], np.append(place, n)[parent[old]], factor,
    )  # fmt: skip


def _subtrees(parent: list[int]) -> tuple[list[int], list[int]]:
    """Points of each subtree, and how long after its parent each point is walked to: small numbers first."""
    n = len(parent)
    size, used, offset = [1] * n, [0] * (n + 1), [0] * n
    for j, above in enumerate(parent):
        size[j] += used[j]
        offset[j] = 1 + used[above]
        used[above] += size[j]
    return size, offset


def _walked(parent: list[int], offset: list[int]) -> Array:
    """Place of each point in the walk."""
    n = len(parent)
    at = [-1] * (n + 1)
    for j in range(n - 1, -1, -1):
        at[j] = at[parent[j]] + offset[j]
    return np.array(at[:n], dtype=np.int64)


class Tour(NamedTuple):
    """Steps of all stages."""

    start: Array
    """(R + 1,) first step of each stage."""
    ops: Array
    """(n, 4) int32: step, point, ancestor or row of the loads that depend on voltage, row of demands."""
    values: Array
    """(n, 4) 1 / D and entry of L."""
    no_load: Array
    """(m, 2) voltage without loads. [p.u.]"""
    enter: Array
    """(m,) step at which a point's sum begins."""


def tour_of(net: Arrays, parent: Array, bends: Array) -> Tour:
    """The tour of a mesh.

    Parameters
    ----------
    parent : (m,) first ancestor of each free point, m = none.
    bends : free or fixed points whose loads depend on voltage.
    """
    m = net.inverse.size
    size = np.array(_subtrees(parent.tolist())[0], dtype=np.int64)
    bent = np.full(net.slot.size, -1)
    bent[bends] = np.arange(bends.size)
    first, count = net.column_start[:-1], np.diff(net.column_start)
    loaded, simple = net.slot[:m] >= 0, (count == 1) & (bent[:m] < 0)
    leaf = simple & loaded & (size == 1)
    code = np.where(leaf, VISIT, np.where(loaded, ENTER_LOADED, ENTER))
    ending = np.where(bent[:m] >= 0, SETTLE_BENT, np.where(loaded, SETTLE_LOADED, SETTLE))
    point = np.arange(m)
    one, many, left = np.flatnonzero(simple), np.flatnonzero(~simple), np.flatnonzero(~leaf)
    backs, pushes = (np.repeat(at, count[at]) for at in (many, left))
    entries = [np.repeat(first[at], count[at]) + _within(count[at]) for at in (many, left)]
    none, last = np.full(many.size, -1), int(count.max(initial=0)) + 1
    # step, point, entry of L, time, place at that time
    enter, leave = 2 * (m - point), 2 * (m - (point - size + 1)) + 1
    parts = [
        (code[one], one, first[one], enter[one], np.zeros_like(one)),
        (np.full(many.size, SCALE), many, none, enter[many], np.zeros_like(many)),
        (np.full(backs.size, BACK), backs, entries[0], enter[backs], 1 + _within(count[many])),
        (ending[many], many, none, enter[many], np.full(many.size, last)),
        (np.full(pushes.size, PUSH), pushes, entries[1], leave[pushes], pushes * last + _within(count[left])),
    ]
    step, at, entry, time, within = (np.concatenate(column) for column in zip(*parts, strict=True))
    stage = np.searchsorted(net.stage, at, side="right")
    order = np.lexsort((within, time, stage))
    step, at, entry, stage = step[order], at[order], entry[order], stage[order]
    ancestor = np.append(net.column_row, -1)[entry]
    other = np.where(step == SETTLE_BENT, bent[at], ancestor)
    value, inverse = np.append(net.column_value, 0.0)[entry], net.inverse[at]
    begins = np.empty(m, dtype=np.int64)
    begun = np.flatnonzero((step != PUSH) & (step != BACK) & (step != SCALE))
    begins[at[begun]] = begun
    return Tour(
        np.searchsorted(stage, np.arange(1, net.stage.size + 1)),
        np.column_stack([step, at, other, net.slot[at]]).astype(np.int32),
        np.column_stack([inverse.real, inverse.imag, value.real, value.imag]),
        np.column_stack([net.no_load[:m].real, net.no_load[:m].imag]), begins,
    )  # fmt: skip


def _within(count: Array) -> Array:
    """0 .. count - 1 of each."""
    ends = np.cumsum(count)
    return np.asarray(np.arange(int(count.sum())) - np.repeat(ends - count, count))

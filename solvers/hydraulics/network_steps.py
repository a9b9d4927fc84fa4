"""Newton's method and star-mesh elimination (see :mod:`solvers.hydraulics.elimination`) as vector steps.

All lies in one table ``t``; a step is given the rows it works on.  A node's row is its place in the order of
elimination; the weights of its star lie side by side from ``star`` on.
"""

from __future__ import annotations

import math
from typing import Any

from .network_vectors import Number, Table, larger, step


@step((1,), indices=9)
def push(
    t: Table, flow: Any, drop: Any, slope: Any, live: Any, start: Any, end: Any, weight: Any, load_start: Any,
    load_end: Any,
) -> None:  # fmt: skip
    """Turn drop and slope of a run into the excess of its flow over the law and its weight; add it to its nodes.

    ``start`` and ``end`` are rows of heads.
    """
    w = t[live] / t[slope]
    excess = w * (t[start] - t[end] - t[drop])
    moved = t[flow] + excess
    t[slope], t[drop] = w, excess
    t[weight] = t[weight] + w
    t[load_start] = t[load_start] - moved
    t[load_end] = t[load_end] + moved


@step((1,), indices=6)
def settle(t: Table, flow: Any, excess: Any, weight: Any, start: Any, end: Any, peak: Any) -> None:
    """Step of a run's flow, left in place of its excess; largest step and flow are kept from ``peak`` on.

    ``start`` and ``end`` are rows of rises.
    """
    change = t[excess] + t[weight] * (t[start] - t[end])
    moved = t[flow] + change
    t[excess], t[flow] = change, moved
    t[peak] = larger(t[peak], abs(change))
    t[peak, 1] = larger(t[peak, 1], abs(moved))


@step((1,), indices=2)
def raise_peak(t: Table, peak: Any, row: Any) -> None:
    """Keep the largest magnitude of the rows that pass."""
    t[peak] = larger(t[peak], abs(t[row]))


@step((1,), indices=2)
def taint(t: Table, sign: Any, row: Any) -> None:
    """Make ``sign`` something else than zero where a number of the rows that pass is not finite."""
    t[sign] = t[sign] + t[row] * 0.0


@step((1,), indices=3)
def carry(t: Table, flow: Any, start: Any, end: Any) -> None:
    """Take a run's flow from the load of its start node to that of its end node."""
    t[start] = t[start] - t[flow]
    t[end] = t[end] + t[flow]


@step((1,), indices=2)
def lift(t: Table, head: Any, rise: Any) -> None:
    """Add to the head of a node."""
    t[head] = t[head] + t[rise]


@step((1,), indices=2)
def begin_load(t: Table, load: Any, demand: Any) -> None:
    """The load of a node is its demand."""
    t[load] = -t[demand]


@step((1,), indices=1)
def zero(t: Table, row: Any) -> None:
    """Zero."""
    t[row] = t[row].none()


def _inverse(total: Number) -> Number:
    """1 / x, and 0 for a node that nothing ties."""
    return (total > 0.0).choose(1.0 / total, 0.0)


@step((1,), indices=4)
def star_1(t: Table, star: Any, load: Any, inverse: Any, a: Any) -> None:
    """Eliminate a node with one neighbour, whose load is in row ``a``."""
    w = t[star]
    r = _inverse(w)
    t[inverse] = r
    t[a] = t[a] + w * r * t[load]


@step((1,), indices=6)
def star_2(t: Table, star: Any, load: Any, inverse: Any, a: Any, b: Any, ab: Any) -> None:
    """Eliminate a node with two neighbours."""
    w1, w2, own = t[star], t[star, 1], t[load]
    r = _inverse(w1 + w2)
    t[inverse] = r
    s1, s2 = w1 * r, w2 * r
    t[a] = t[a] + s1 * own
    t[b] = t[b] + s2 * own
    t[ab] = t[ab] + s1 * w2


@step((1,), indices=9)
def star_3(
    t: Table, star: Any, load: Any, inverse: Any, a: Any, b: Any, c: Any, ab: Any, ac: Any, bc: Any
) -> None:
    """Eliminate a node with three neighbours."""
    w1, w2, w3, own = t[star], t[star, 1], t[star, 2], t[load]
    r = _inverse(w1 + w2 + w3)
    t[inverse] = r
    s1, s2, s3 = w1 * r, w2 * r, w3 * r
    t[a] = t[a] + s1 * own
    t[b] = t[b] + s2 * own
    t[c] = t[c] + s3 * own
    t[ab] = t[ab] + s1 * w2
    t[ac] = t[ac] + s1 * w3
    t[bc] = t[bc] + s2 * w3


@step((1,), indices=2)
def star_sum(t: Table, total: Any, weight: Any) -> None:
    """Add a weight to the sum of a star."""
    t[total] = t[total] + t[weight]


@step((1,), indices=1)
def star_turn(t: Table, total: Any) -> None:
    """The sum becomes its inverse."""
    t[total] = _inverse(t[total])


@step((1,), indices=5)
def star_share(t: Table, weight: Any, load: Any, inverse: Any, share: Any, a: Any) -> None:
    """Share of a neighbour, which takes that much of the load."""
    s = t[weight] * t[inverse]
    t[share] = s
    t[a] = t[a] + s * t[load]


@step((1,), indices=3)
def star_pair(t: Table, share: Any, weight: Any, pair: Any) -> None:
    """Weight between that neighbour and another."""
    t[pair] = t[pair] + t[share] * t[weight]


@step((1,), indices=5)
def pull_1(t: Table, star: Any, load: Any, inverse: Any, rise: Any, a: Any) -> None:
    """Potential of a node from that of its one neighbour."""
    t[rise] = (t[star] * t[a] + t[load]) * t[inverse]


@step((1,), indices=6)
def pull_2(t: Table, star: Any, load: Any, inverse: Any, rise: Any, a: Any, b: Any) -> None:
    """Potential of a node from those of two neighbours."""
    t[rise] = (t[star] * t[a] + t[star, 1] * t[b] + t[load]) * t[inverse]


@step((1,), indices=7)
def pull_3(t: Table, star: Any, load: Any, inverse: Any, rise: Any, a: Any, b: Any, c: Any) -> None:
    """Potential of a node from those of three neighbours."""
    three = t[star] * t[a] + t[star, 1] * t[b] + t[star, 2] * t[c]
    t[rise] = (three + t[load]) * t[inverse]


@step((1,), indices=3)
def pull(t: Table, weight: Any, load: Any, a: Any) -> None:
    """Add what a neighbour pulls to the load of a node."""
    t[load] = t[load] + t[weight] * t[a]


@step((1,), indices=3)
def pull_end(t: Table, load: Any, inverse: Any, rise: Any) -> None:
    """Potential of a node whose neighbours have pulled."""
    t[rise] = t[load] * t[inverse]


@step((1,), indices=8)
def hold(
    t: Table,
    flow: Any,
    drop: Any,
    slope: Any,
    shut: Any,
    held: Any,
    limit: Any,
    start: Any,
    end: Any,
) -> None:
    """Blocked lanes of a gate: flow at its stop, the drop that the heads leave to it, and no conductance, so that what
    it carries is given."""
    closed, full = t[shut] > 0.0, t[held] > 0.0
    blocked = t[shut] + t[held] > 0.0
    t[flow] = full.choose(t[limit], closed.choose(0.0, t[flow]))
    t[drop] = blocked.choose(t[start] - t[end], t[drop])
    t[slope] = blocked.choose(math.inf, t[slope])


@step((1,), indices=2)
def snap(t: Table, flow: Any, noise: Any) -> None:
    """Zero a flow that is rounding."""
    t[flow] = (abs(t[flow]) > t[noise]).choose(t[flow], 0.0)


@step((1,), indices=6)
def slant(t: Table, change: Any, drop: Any, live: Any, start: Any, end: Any, total: Any) -> None:
    """Add the slope of the content along the last step, at its end."""
    t[total] = t[total] + t[live] * t[change] * (t[drop] - (t[start] - t[end]))


@step((1,), indices=4)
def slant_before(t: Table, change: Any, kept: Any, weight: Any, total: Any) -> None:
    """Add its size at the beginning, where law and heads differed by step over weight; keep the step."""
    alive = t[weight] > 0.0
    t[total] = t[total] + alive.choose(t[change] * t[change] / alive.choose(t[weight], 1.0), 0.0)
    t[kept] = t[change]


@step((1,), indices=3)
def shift(t: Table, flow: Any, change: Any, share: Any) -> None:
    """Move a flow by a share of the last step."""
    t[flow] = t[flow] + t[share] * t[change]

"""Which boxes overlap: strips in y, a sorted sweep in x, an exact test of what is left.

Every box is entered once in each strip that it covers.  Strips are as high as the mean box, so there are at
most three entries per box on average, and the work is that of sorting plus the pairs that are close to each
other.  numpy alone, because ``twin check`` must start fast.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

TOUCH = 1e-3
"""Overlap up to this depth is touching: building tolerance and rounding of the text, assumed. [m]"""
BUDGET = 500_000
"""Candidate pairs that are looked at together; bounds the memory to some 50 MB."""

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


def overlaps(
    low: Floats, high: Floats, side: NDArray[np.bool_] | None = None
) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Find the pairs of boxes that overlap by more than ``TOUCH`` along all three axes.

    Parameters
    ----------
    low, high : (n, 3)
        Corners. [m]
    side : (n,), optional
        With it, only pairs of an unmarked box (the first) and a marked one (the second).

    Yields
    ------
    first, second : (k,)
        Indices; every pair comes once, and without ``side`` first < second.
    overlap : (k, 3)
        Depth of the overlap. [m]
    """
    if len(low) < 2:
        return
    for one, two in _candidates(low, high, side):
        swap = one > two if side is None else side[one]
        first, second = np.where(swap, two, one), np.where(swap, one, two)
        overlap = np.minimum(high[first], high[second]) - np.maximum(low[first], low[second])
        hit = (overlap > TOUCH).all(axis=1)
        yield first[hit], second[hit], overlap[hit]


def _candidates(low: Floats, high: Floats, side: NDArray[np.bool_] | None) -> Iterator[tuple[Ints, Ints]]:
    """Yield pairs whose x intervals meet within a strip, in chunks, each pair once."""
    box, strip, bottom = _strips(low[:, 1], high[:, 1])
    origin = low[:, 0].min()
    span = high[:, 0].max() - origin + 1.0  # strips are laid end to end on one line, one metre apart
    start, stop = strip * span + (low[box, 0] - origin), strip * span + (high[box, 0] - origin)
    for entry, other, begin, end in _meetings(start, stop, None if side is None else side[box]):
        count = np.maximum(end - begin, 0)
        for left, right in _expanded(begin, count):
            one, two = entry[left], other[right]
            shared = np.maximum(bottom[box[one]], bottom[box[two]])  # the first strip that both cover
            first = strip[one] == shared
            yield box[one[first]], box[two[first]]


def _meetings(
    start: Floats, stop: Floats, side: NDArray[np.bool_] | None
) -> Iterator[tuple[Ints, Ints, Ints, Ints]]:
    """Of every entry, the range begin:end of the sorted others that start within it.

    Two intervals meet if one starts within the other; with equal starts the unmarked one comes first.
    """
    order = np.argsort(start, kind="stable")
    if side is None:
        yield order, order, np.arange(len(order)) + 1, np.searchsorted(start[order], stop[order])
        return
    plain, marked = order[~side[order]], order[side[order]]
    ranks = np.searchsorted(start[marked], start[plain]), np.searchsorted(start[marked], stop[plain])
    yield plain, marked, *ranks
    ranks = np.searchsorted(start[plain], start[marked], "right"), np.searchsorted(start[plain], stop[marked])
    yield marked, plain, *ranks


def _expanded(begin: Ints, count: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Turn ranges into pairs (range, member), about ``BUDGET`` at a time."""
    for a, b in _chunks(count):
        length = count[a:b]
        left = np.repeat(np.arange(a, b), length)
        step = np.arange(len(left)) - np.repeat(np.cumsum(length) - length, length)
        yield left, begin[left] + step


def _strips(low: Floats, high: Floats) -> tuple[Ints, NDArray[np.int64], NDArray[np.int64]]:
    """Enter every box in the strips that it covers: box and strip of each entry, lowest strip of each box."""
    height = max(float(np.mean(high - low)), TOUCH)
    bottom = np.floor((low - low.min()) / height).astype(np.int64)
    count = np.floor((high - low.min()) / height).astype(np.int64) - bottom + 1
    box = np.repeat(np.arange(len(low)), count)
    step = np.arange(len(box)) - np.repeat(np.cumsum(count) - count, count)
    return box, bottom[box] + step, bottom


def _chunks(count: Ints) -> Iterator[tuple[int, int]]:
    """Cut the entries into ranges of about ``BUDGET`` candidates."""
    part = np.maximum(np.cumsum(count) - 1, 0) // BUDGET
    edges = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), len(count)]
    yield from pairwise(edges)

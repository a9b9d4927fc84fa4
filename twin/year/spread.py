"""Hours that lie well spread among others, and others seen from them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]

NEIGHBOURS = 14
"""Hours from which another is told."""
SAME = 1e-12
"""Squared distance below which two are one."""


def far_apart(points: Array, count: int) -> Index:
    """Up to ``count`` rows of (H, d) points: each the farthest from those before it, the first that nearest to the middle.

    T. F. Gonzalez, "Clustering to minimize the maximum intercluster distance", Theor. Comput. Sci. 38 (1985): no other
    choice of as many covers the rest with half the radius.
    """
    first = int(np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1)))
    chosen, least = [first], ((points - points[first]) ** 2).sum(axis=1)
    while len(chosen) < min(count, len(points)):
        next_one = int(np.argmax(least))
        if least[next_one] <= SAME:
            break
        chosen.append(next_one)
        least = np.minimum(least, ((points - points[next_one]) ** 2).sum(axis=1))
    return np.array(chosen, np.intp)


def weights(known: Array, asked: Array) -> tuple[Index, Array]:
    """Which of the (A, d) known points tell each of the (H, d) asked ones, and with what weights, (H, k) both.

    The surface through the nearest ones that bends least (thin plate, kernel r^2 log r) and is exact for planes; only
    its nearest one where they do not span all directions.

    References
    ----------
    .. [1] J. Duchon, "Splines minimizing rotation-invariant semi-norms in Sobolev spaces", Lect. Notes Math. 571 (1977).
    """
    count = min(NEIGHBOURS, len(known))
    distance = ((asked[:, None] - known[None]) ** 2).sum(axis=2)
    near = np.argsort(distance, axis=1, kind="stable")[:, :count]
    there = known[near] - asked[:, None]
    scale = np.sqrt((there**2).sum(axis=2).max(axis=1))[:, None, None] + 1e-300
    there = there / scale
    planes = np.concatenate([np.ones((*near.shape, 1)), there], axis=2)
    size = count + planes.shape[2]
    system = np.zeros((len(asked), size, size))
    system[:, :count, :count] = _kernel(((there[:, :, None] - there[:, None]) ** 2).sum(axis=3))
    system[:, :count, count:], system[:, count:, :count] = planes, planes.transpose(0, 2, 1)
    system[:, count:, count:] -= 1e-9 * np.eye(size - count)
    right = np.zeros((len(asked), size, 1))
    right[:, :count, 0], right[:, count, 0] = _kernel((there**2).sum(axis=2)), 1.0
    found = np.linalg.solve(system, right)[:, :count, 0]
    good = np.isfinite(found).all(axis=1) & (np.abs(found).sum(axis=1) < 5.0)
    alone = np.eye(1, count)
    found = np.where(good[:, None], found / found.sum(axis=1, keepdims=True), alone)
    return near.astype(np.intp), found


def _kernel(squared: Array) -> Array:
    """r^2 log r of squared distances."""
    return np.asarray(0.5 * squared * np.log(np.maximum(squared, 1e-300)))

"""Walk through simplices to a zero of a continuous map, which cannot get stuck: piecewise-linear continuation.

Between a layer where the map is ``z - start`` and one where it is the map itself lies a triangulation (Freudenthal's)
of space; the path of zeros of the piecewise linear map leads from the one to the other (O. H. Merrill 1972; E. L.
Allgower and K. Georg, Numerical Continuation Methods, Springer 1990, chapters 12 and 13).  It needs values alone, no
slopes, and follows turns.  It ends on the far layer if the map points outwards far away, as a normal map does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MOST_PIVOTS = 1000
"""Simplices walked through."""
SHIFT = 0.0137
"""Irrational-looking offset of the start in its simplex, so that no vertex is hit."""


class Walk:
    """From ``start`` on a grid of ``width``."""

    def __init__(self, value: Callable[[Array], Array], start: Array, width: float) -> None:
        self.value, self.width, self.size = value, width, start.size
        self.start = start
        order = np.arange(1, self.size + 1)
        self.origin = start - width * (1.0 - order * (1.0 / (self.size + 1.0)) + SHIFT * np.sin(order))
        self.seen: dict[tuple[int, ...], Array] = {}
        self.pivots = 0

    def _place(self, vertex: NDArray[np.int_]) -> Array:
        return np.asarray(self.origin + self.width * vertex[:-1])

    def _column(self, vertex: NDArray[np.int_]) -> Array:
        """(K + 1,) one and the label of a vertex."""
        place = self._place(vertex)
        if vertex[-1] <= 0:
            return np.concatenate([[1.0], place - self.start])
        key = tuple(vertex.tolist())
        if key not in self.seen:
            self.seen[key] = self.value(place)
        return np.concatenate([[1.0], self.seen[key]])

    def run(self) -> Array | None:
        """A zero of the map made piecewise linear, or None where the walk is too long."""
        n = self.size
        # each vertex lies one step along one axis further than the one before, in a ring
        vertices = np.concatenate([np.zeros((1, n + 1), int), np.tril(np.ones((n + 1, n + 1), int))])
        columns = np.stack([self._column(vertex) for vertex in vertices], axis=1)
        enters = n + 1
        for self.pivots in range(1, MOST_PIVOTS + 1):
            face = np.delete(np.arange(n + 2), enters)
            try:
                right = np.stack([np.eye(n + 1)[0], columns[:, enters]], axis=1)
                weights, rates = np.linalg.solve(columns[:, face], right).T
            except np.linalg.LinAlgError:
                return None
            with np.errstate(divide="ignore", invalid="ignore"):
                reach = np.where(rates > 1e-13, np.maximum(weights, 0.0) / rates, np.inf)
            leaves = int(face[int(np.argmin(reach))])
            if not np.isfinite(reach.min()):
                return None
            rest = np.delete(np.arange(n + 2), leaves)
            if (vertices[rest, -1] == 1).all():
                return self._zero(vertices[rest], columns[:, rest])
            before, behind = vertices[leaves - 1], vertices[(leaves + 1) % (n + 2)]
            vertices[leaves] = before + behind - vertices[leaves]
            if not 0 <= vertices[leaves, -1] <= 1:
                return None
            columns[:, leaves] = self._column(vertices[leaves])
            enters = leaves
        return None

    def _zero(self, vertices: NDArray[np.int_], columns: Array) -> Array:
        weights = np.linalg.solve(columns, np.eye(self.size + 1)[0])
        return np.asarray(weights @ np.stack([self._place(vertex) for vertex in vertices]), np.float64)

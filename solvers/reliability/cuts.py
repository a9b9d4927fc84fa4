"""The smallest sets of failures that drop a top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.reliability.diagram import FALSE, TRUE, DiagramLimit
from solvers.reliability.families import SetFamily
from solvers.reliability.structure import Structure, as_events, as_nodes
from solvers.reliability.symbolic import NODE_LIMIT, Functions
from solvers.status import SolveError, Status

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class CutSets:
    """Minimal cut sets of T tops up to an order; like tops share them."""

    status: Status
    """MAX_ITERATIONS: the functions did not fit into ``node_limit``, and there are no sets."""
    tops: Array
    """(T,) node indices."""
    order: int
    """Largest number of events in a set that was looked for."""
    counts: Array
    """(T, order + 1) number of minimal sets of 0, 1, 2 ... events; a set of none is a top that is down anyway."""
    _family: SetFamily
    _roots: tuple[int, ...]
    _event_of: Array

    @property
    def smallest(self) -> Array:
        """(T,) fewest events that drop the top; order + 1 = more than were looked for."""
        found = self.counts > 0
        return np.asarray(np.where(found.any(axis=1), found.argmax(axis=1), self.order + 1))

    def of(self, row: int) -> list[tuple[int, ...]]:
        """Minimal cut sets of ``tops[row]``: sorted basic events, small sets first."""
        sets = self._family.sets(self._roots[row])
        return sorted(
            (tuple(sorted(int(self._event_of[v]) for v in one)) for one in sets), key=lambda s: (len(s), s)
        )


def minimal_cut_sets(
    structure: Structure, tops: ArrayLike, *, order: int = 3, events: ArrayLike | None = None,
    node_limit: int = NODE_LIMIT, raise_on_failure: bool = False,
) -> CutSets:  # fmt: skip
    """Find all minimal sets of at most ``order`` basic events that drop each of ``tops``.

    Parameters
    ----------
    order : int
        Largest number of events that happen together.
    events : basic events, optional
        Those that may happen; all by default.
    node_limit : int
        Largest decision diagram.
    raise_on_failure : bool
        Raise :class:`solvers.status.SolveError` instead of reporting the status.

    Notes
    -----
    Exact: a set is listed if its events alone, all else working, drop the top (after the cascade of overloads) and
    those of no subset do.  With overloads a larger set may bring the top back; the list stays exact, but then does
    not tell everything about larger sets.
    """
    if order < 0:
        raise ValueError(f"order must be >= 0, got {order}")
    index = as_nodes(structure, tops)
    family = SetFamily()
    try:
        functions = Functions(structure, index, as_events(structure, events), node_limit=node_limit)
        diagram = functions.diagram
        down = [diagram.without(TRUE, up) for up in functions.up]
    except DiagramLimit as error:
        if raise_on_failure:
            raise SolveError(Status.MAX_ITERATIONS, str(error)) from error
        none = np.zeros((index.size, order + 1), dtype=int)
        lost = (FALSE,) * index.size
        return CutSets(Status.MAX_ITERATIONS, index, order, none, family, lost, np.empty(0, dtype=int))
    roots = tuple(family.minimal(diagram, function, order) for function in down)
    counts = np.zeros((index.size, order + 1), dtype=int)
    known = {root: _counts(family, root, order) for root in set(roots)}
    for row, root in enumerate(roots):
        counts[row] = known[root]
    return CutSets(Status.CONVERGED, index, order, counts, family, roots, functions.event_of)


def _counts(family: SetFamily, root: int, order: int) -> Array:
    """(order + 1,) number of sets of each size."""
    known = {FALSE: np.zeros(order + 1, dtype=int), TRUE: np.eye(order + 1, dtype=int)[0]}
    stack = [root]
    while stack:
        index = stack[-1]
        if index in known:
            stack.pop()
            continue
        missing = [part for part in (family.low[index], family.high[index]) if part not in known]
        if missing:
            stack += missing
            continue
        known[index] = known[family.low[index]] + np.concatenate([[0], known[family.high[index]][:-1]])
        stack.pop()
    return known[root]

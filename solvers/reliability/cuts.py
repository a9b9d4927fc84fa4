"""The smallest sets of failures that drop a top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.reliability.diagram import FALSE, TRUE, DiagramLimit
from solvers.reliability.families import SetFamily
from solvers.reliability.structure import Structure, as_events, as_nodes
from solvers.reliability.symbolic import NODE_LIMIT, Functions
from solvers.reliability.wiring import Wiring
from solvers.status import SolveError, Status

Array = NDArray[Any]


class _Part(NamedTuple):
    """Where the sets of one top are."""

    family: SetFamily
    root: int
    event_of: Array


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
    _parts: tuple[_Part, ...]

    @property
    def smallest(self) -> Array:
        """(T,) fewest events that drop the top; order + 1 = more than were looked for."""
        found = self.counts > 0
        return np.asarray(np.where(found.any(axis=1), found.argmax(axis=1), self.order + 1))

    def of(self, row: int) -> list[tuple[int, ...]]:
        """Minimal cut sets of ``tops[row]``: sorted basic events, small sets first."""
        family, root, event_of = self._parts[row]
        named = (tuple(sorted(int(event_of[variable]) for variable in one)) for one in family.sets(root))
        return sorted(named, key=lambda one: (len(one), one))


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
    index, admitted = as_nodes(structure, tops), as_events(structure, events)
    counts = np.zeros((index.size, order + 1), dtype=int)
    parts = [_Part(SetFamily(), FALSE, admitted)] * index.size
    try:
        for rows in Wiring.of(structure).clusters(index):
            functions = Functions(structure, index[rows], admitted, node_limit=node_limit, most=order)
            family = SetFamily()
            known: dict[int, Array] = {}
            for row, up in zip(rows.tolist(), functions.up, strict=True):
                root = family.minimal(functions.diagram, functions.diagram.without(TRUE, up), order)
                if root not in known:
                    known[root] = _counts(family, root, order)
                counts[row] = known[root]
                parts[row] = _Part(family, root, functions.event_of)
    except DiagramLimit as error:
        if raise_on_failure:
            raise SolveError(Status.MAX_ITERATIONS, str(error)) from error
        none = [_Part(SetFamily(), FALSE, admitted)] * index.size
        return CutSets(Status.MAX_ITERATIONS, index, order, np.zeros_like(counts), tuple(none))
    return CutSets(Status.CONVERGED, index, order, counts, tuple(parts))


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

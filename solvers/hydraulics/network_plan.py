"""What the compiled solver plans once for a topology: runs, order of elimination, and whose law is where.

Rows are numbered so that memory is read in order: nodes by elimination, then fixed ones, then those inside runs; runs
with pipes first, of these the ones of several links first.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .network_order import plan_order
from .network_runs import find_runs

Index = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Shape(NamedTuple):
    """Topology of a network and of its runs; E links, N nodes, R runs, I nodes inside runs."""

    start: Index
    """(R,) row of the node where each run begins."""
    end: Index
    slot: Index
    """(R,) place of its weight."""
    degree: Index
    """(M,) neighbours of each eliminated node."""
    ops: Index
    """See :func:`solvers.hydraulics.network_order.plan_order`."""
    slots: int
    fixed: Index
    """(F,) rows of the fixed nodes."""
    row: Index
    """(N,) row of each node."""
    demand_node: Index
    """Nodes with demand in some scenario."""
    run_first: Index
    """(R + 1,)"""
    links: Index
    """(E,) links of each run, in its order."""
    sign: Index
    """(E,) -1 where the link points against its run."""
    behind: Index
    """(E,) row of the node behind each of these."""
    merged: Index
    """Runs of more than one link."""
    pivot: Index
    """(R,) place in ``links`` of the link that knows a direction, else of the last one."""
    mains: int
    """Rows of runs with several links and pipes; they come first."""
    pipes: int
    """Rows of runs with pipes."""


def plan(
    nodes: int, start: Index, end: Index, fixed: Index, kept: Mask, directed: Mask, piped: Mask
) -> Shape:
    """Plan of a topology; the latest few are remembered.

    Parameters
    ----------
    kept : (N,) bool
        Nodes with demand in some scenario.
    directed : (E,) bool
        Links whose law knows a direction.
    piped : (E,) bool
        Links with pipe friction.
    """
    return _plan(
        nodes, *(np.asarray(a, np.int64).tobytes() for a in (start, end, fixed)),
        *(a.tobytes() for a in (kept, directed, piped)),
    )  # fmt: skip


def forget() -> None:
    """Forget all plans."""
    _plan.cache_clear()


@lru_cache(maxsize=32)
def _plan(
    nodes: int, start_: bytes, end_: bytes, fixed_: bytes, kept_: bytes, directed_: bytes, piped_: bytes
) -> Shape:
    start, end, fixed = (np.frombuffer(a, np.int64) for a in (start_, end_, fixed_))
    demand, directed, piped = (np.frombuffer(a, np.bool_) for a in (kept_, directed_, piped_))
    held = np.zeros(nodes, bool)
    held[fixed] = True
    kept = demand | held
    first, begin, links, signs, after = find_runs(nodes, start, end, kept, directed)
    runs = first.size - 1
    run_of = np.repeat(np.arange(runs), np.diff(first))
    several = np.diff(first) > 1
    with_pipe = np.bincount(run_of, piped[links], runs) > 0
    order = np.argsort(np.where(with_pipe, np.where(several, 0, 1), 2), kind="stable")
    first, begin, (links, signs, after) = _sorted(order, first, begin, (links, signs, after))
    run_of = np.repeat(np.arange(runs), np.diff(first))
    finish = after[first[1:] - 1]

    stays = np.flatnonzero(kept)
    number = np.full(nodes, -1)
    number[stays] = np.arange(stays.size)
    row_of_kept, slot, degree, ops, slots = plan_order(stays.size, number[begin], number[finish], held[stays])
    row = np.empty(nodes, np.int64)
    row[stays] = row_of_kept
    inner = np.ones(links.size, bool)
    inner[first[1:] - 1] = False
    row[after[inner]] = stays.size + np.arange(inner.sum())
    pivot = first[1:] - 1
    at = np.flatnonzero(directed[links])
    pivot[run_of[at]] = at
    piped_runs = int(with_pipe.sum())
    return Shape(
        start=row[begin], end=row[finish], slot=slot, degree=degree, ops=ops.astype(np.int64), slots=int(slots),
        fixed=row[fixed], row=row, demand_node=np.flatnonzero(demand), run_first=first, links=links, sign=signs,
        behind=row[after], merged=np.flatnonzero(np.diff(first) > 1), pivot=pivot,
        mains=int((with_pipe & several).sum()), pipes=piped_runs,
    )  # fmt: skip


def _sorted(order: Any, first: Any, begin: Any, columns: Sequence[Any]) -> tuple[Any, Any, list[Any]]:
    """Runs in another order."""
    size = np.diff(first)[order]
    new_first = np.concatenate([[0], np.cumsum(size)])
    pick = np.repeat(first[:-1][order] - new_first[:-1], size) + np.arange(new_first[-1])
    return new_first, begin[order], [column[pick] for column in columns]

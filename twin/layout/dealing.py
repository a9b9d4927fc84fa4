"""Dealing: how several machines share several upstream machines."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import cycle, islice, pairwise

from twin.model.language import Deal


def deal(how: Deal, upstream: int, downstream: int) -> list[tuple[int, ...]]:
    """Upstream machines of each downstream machine, by index.

    Parameters
    ----------
    how : {"block", "round", "common"}
        ``block``: in order and evenly: 6 machines on 3 give 0 0 1 1 2 2, and 2 machines on 4 give 01 23, in
        parallel.  ``round``: in turn: 0 1 2 0 1 2.  ``common``: every machine on all, in parallel.
    upstream, downstream : int
        Numbers of machines.

    Examples
    --------
    >>> deal("block", 3, 6)
    [(0,), (0,), (1,), (1,), (2,), (2,)]
    >>> deal("block", 4, 2)
    [(0, 1), (2, 3)]
    """
    if how == "common":
        return [tuple(range(upstream))] * downstream
    if how == "round":
        return [(index % upstream,) for index in range(downstream)]
    if downstream >= upstream:
        return [(index * upstream // downstream,) for index in range(downstream)]
    starts = [-(-index * upstream // downstream) for index in range(downstream + 1)]
    return [tuple(range(first, last)) for first, last in pairwise(starts)]


def pairs(machines: int, count: int) -> list[tuple[int, int]]:
    """``count`` pairs of different machines, all in turn, so that any first few load the machines evenly.

    This is the round-robin tournament (circle method): each round every machine, or all but one, plays once.
    Where rows take these pairs in turn, the loss of one machine takes one side of some rows and never both.

    Examples
    --------
    >>> pairs(4, 6)
    [(0, 3), (1, 2), (0, 2), (1, 3), (0, 1), (2, 3)]
    """
    return list(islice(cycle(_tournament(machines)), count))


def _tournament(machines: int) -> Iterator[tuple[int, int]]:
    seats: deque[int | None] = deque(range(1, machines))
    if machines % 2:
        seats.append(None)
    for _ in range(len(seats)):
        table = [0, *seats]
        for one, other in zip(table[: len(table) // 2], reversed(table), strict=False):
            if one is not None and other is not None:
                yield min(one, other), max(one, other)
        seats.rotate(1)

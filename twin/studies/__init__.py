"""What is asked of a facility beside its steady states: short circuits, ride-through, harmonics, redundancy, reliability.

Every study takes a :class:`~twin.studies.basis.Basis`, the lowered facility with its normal state, and answers with tables
that have no axis of states.  :data:`STUDIES` lists them; a new study is one function and one name there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from twin.results.results import Results, Table
from twin.studies.basis import Basis

STUDIES: tuple[tuple[str, Callable[[Basis], Mapping[str, Table]]], ...] = ()
"""Name and function of every study, in the order in which they run."""


def study(basis: Basis) -> Results:
    """The results with the tables of all studies; a facility whose normal state has no solution has none."""
    results = basis.results
    if not results.settled[basis.row]:
        return results
    tables: dict[str, Table] = {}
    begun = time.perf_counter()
    for _, function in STUDIES:
        for name, table in function(basis).items():
            tables[name] = merged(tables[name], table) if name in tables else table
    seconds = {**results.seconds, "studies": time.perf_counter() - begun}
    return replace(results, studies=tables, seconds=seconds)


def merged(one: Table, other: Table) -> Table:
    """Two tables of the same things side by side."""
    if one.ids != other.ids:
        raise ValueError("two studies tell of different things under one name")
    return Table(one.ids, {**one.values, **other.values})

"""A view of results that holds some of the states only, and copies no array before it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from twin.results.results import Array, Results, Table


class _Rows(Mapping[str, Array]):
    """The arrays of a table at some rows."""

    def __init__(self, values: Mapping[str, Array], rows: slice | np.ndarray) -> None:
        self._values, self._rows = values, rows
        self._taken: dict[str, Array] = {}

    def __getitem__(self, quantity: str) -> Array:
        if quantity not in self._taken:
            self._taken[quantity] = self._values[quantity][self._rows]
        return self._taken[quantity]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def restricted(results: Results, keep: Sequence[bool]) -> Results:
    """The results of the states where ``keep`` is true."""
    chosen = np.flatnonzero(keep)
    if len(chosen) == len(results.scenarios):
        return results
    rows: slice | np.ndarray = chosen
    if len(chosen) and chosen[-1] - chosen[0] + 1 == len(chosen):
        rows = slice(int(chosen[0]), int(chosen[-1]) + 1)  # a run of states is a view, not a copy
    return replace(
        results,
        scenarios=tuple(results.scenarios[index] for index in chosen),
        settled=tuple(results.settled[index] for index in chosen),
        tables={name: Table(table.ids, _Rows(table.values, rows)) for name, table in results.tables.items()},
        conservation={name: values[rows] for name, values in results.conservation.items()},
        reports=tuple(replace(report, ok=tuple(report.ok[i] for i in chosen)) for report in results.reports),
    )

"""Reading tables beside data sheets: columns of the result tables and the machines they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.model.facility import Facility, Machine
from twin.results.results import Array, Results, Table

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Columns:
    """Some machines and their columns of one table."""

    table: Table
    columns: tuple[int, ...]
    machines: tuple[Machine, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Names of the machines."""
        return tuple(machine.id for machine in self.machines)

    def __getitem__(self, quantity: str) -> Array:
        """(S, n) values; the table's own array if all its columns are meant."""
        values = self.table[quantity]
        return values if len(self.columns) == values.shape[1] else values[:, self.columns]

    def sheet(self, read: Callable[[Machine], float]) -> Array:
        """(n,) a number of every machine's data sheet."""
        return np.array([read(machine) for machine in self.machines], dtype=float)

    def on(self, quantity: str) -> Mask:
        """(S, n) where a yes/no quantity is yes."""
        return self[quantity] > 0.5

    def some(self, keep: Callable[[Machine], object]) -> Iterator[Columns]:
        """The machines that ``keep`` holds for; nothing if there are none."""
        pairs = [(c, m) for c, m in zip(self.columns, self.machines, strict=True) if keep(m)]
        if pairs:
            yield Columns(self.table, *zip(*pairs, strict=True))

    def groups(self) -> Iterator[Columns]:
        """The machines of one group after the other."""
        names = dict.fromkeys(machine.group for machine in self.machines)
        for name in names:
            yield from self.some(lambda machine, name=name: machine.group == name)  # type: ignore[misc]


def of_machines(facility: Facility, results: Results, table: str, *kinds: str) -> Iterator[Columns]:
    """The machines of one table (of some kinds only, if given); nothing if there are none."""
    found = results.tables.get(table)
    if found is None or not found.ids:
        return
    machines = tuple(facility.by_id[name] for name in found.ids)
    everything = Columns(found, tuple(range(len(machines))), machines)
    yield from everything.some(lambda machine: machine.kind in kinds) if kinds else (everything,)


def of_table(results: Results, name: str) -> Iterator[Table]:
    """A table of things that are no machines (loops, halls, feeds); nothing if it is missing or empty."""
    found = results.tables.get(name)
    if found is not None and found.ids:
        yield found


def constant(count: int, value: float) -> Array:
    """(n,) equal numbers."""
    return np.full(count, value)


def positions(names: Sequence[str]) -> dict[str, int]:
    """Column of every name."""
    return {name: index for index, name in enumerate(names)}

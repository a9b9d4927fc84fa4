"""What fails together: lists of elements, one list per scenario."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.problem import Problem

Array = NDArray[Any]


class Kind(IntEnum):
    """Kind of a failed element; its index counts the elements of that kind in the Problem."""

    BRANCH = 0
    CONVERTER = 1
    SOURCE = 2
    BUS = 3
    """Opens every branch, stops every converter and source, and kills every cord at the bus."""
    CORD = 4
    LOAD = 5
    """All cords of the load."""


@dataclass(frozen=True)
class Outages:
    """K scenarios of failed elements in compressed rows; scenario k owns the entries
    ``offsets[k]:offsets[k + 1]``."""

    offsets: Array
    """(K + 1,) int64."""
    kind: Array
    """(N,) int64 of :class:`Kind`."""
    index: Array
    """(N,) int64."""

    def __post_init__(self) -> None:
        for name in ("offsets", "kind", "index"):
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), dtype=np.int64))
        offsets = self.offsets
        if offsets.ndim != 1 or not offsets.size or offsets[0] != 0 or np.any(np.diff(offsets) < 0):
            raise ValueError("offsets must rise from 0")
        for name in ("kind", "index"):
            if getattr(self, name).shape != (offsets[-1],):
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, expected ({offsets[-1]},)")

    def __len__(self) -> int:
        return int(self.offsets.size - 1)

    def part(self, start: int, stop: int) -> Outages:
        """Scenarios ``start`` to ``stop``."""
        if start == 0 and stop == len(self):
            return self
        cut = slice(self.offsets[start], self.offsets[stop])
        return Outages(self.offsets[start : stop + 1] - self.offsets[start], self.kind[cut], self.index[cut])

    def take(self, rows: Array) -> Outages:
        """Scenarios ``rows``, in that order."""
        count = np.diff(self.offsets)[rows]
        offsets = np.concatenate([[0], np.cumsum(count)])
        at = np.repeat(self.offsets[rows] - offsets[:-1], count) + np.arange(offsets[-1])
        return Outages(offsets, self.kind[at], self.index[at])

    def joined(self, other: Outages) -> Outages:
        """Each scenario with the failures of the same scenario of ``other`` behind its own."""
        owner = np.concatenate([np.repeat(np.arange(len(o)), np.diff(o.offsets)) for o in (self, other)])
        order = np.argsort(owner, kind="stable")
        kind, index = (
            np.concatenate([getattr(self, n), getattr(other, n)])[order] for n in ("kind", "index")
        )
        return Outages(self.offsets + other.offsets, kind, index)

    @classmethod
    def of(cls, scenarios: Iterable[Iterable[tuple[Kind | int, int]]]) -> Outages:
        """From lists of (kind, index), one list per scenario."""
        lists = [list(scenario) for scenario in scenarios]
        offsets = np.concatenate([[0], np.cumsum([len(scenario) for scenario in lists])])
        entries = np.array([entry for scenario in lists for entry in scenario], dtype=np.int64)
        entries = entries.reshape(-1, 2)
        return cls(offsets, entries[:, 0], entries[:, 1])

    @classmethod
    def each(cls, kind: Kind, indices: ArrayLike) -> Outages:
        """One scenario for each element of one kind."""
        index = np.asarray(indices, dtype=np.int64)
        return cls(np.arange(index.size + 1), np.full(index.size, int(kind)), index)

    @classmethod
    def single(cls, problem: Problem, *, buses: bool = False) -> Outages:
        """Every branch, converter and source that is in service, and on request every bus, fails alone."""
        in_service = [
            (Kind.BRANCH, problem.branch_closed[0]),
            (Kind.CONVERTER, problem.converter_live[0]),
            (Kind.SOURCE, problem.source_live[0]),
        ]
        if buses:
            in_service.append((Kind.BUS, np.ones(problem.bus_voltage.size, dtype=bool)))
        parts = [cls.each(kind, np.flatnonzero(on)) for kind, on in in_service]
        return cls.concatenate(parts)

    @classmethod
    def concatenate(cls, parts: Sequence[Outages]) -> Outages:
        """The scenarios of several, one after the other."""
        counts = [np.diff(part.offsets) for part in parts]
        offsets = np.concatenate([[0], np.cumsum(np.concatenate(counts))]) if parts else np.zeros(1)
        return cls(offsets, np.concatenate([p.kind for p in parts]), np.concatenate([p.index for p in parts]))

    @staticmethod
    def pairs(first: Outages, second: Outages) -> Pairs:
        """Every scenario of ``first`` (maintained, say) with every one of ``second`` (failed); never stored as a
        whole."""
        return Pairs(first, second)


@dataclass(frozen=True)
class Pairs:
    """Product of two sets of scenarios: row k fails ``first[k // n]`` and ``second[k % n]``, n =
    ``len(second)``."""

    first: Outages
    second: Outages

    def __len__(self) -> int:
        return len(self.first) * len(self.second)

    def part(self, start: int, stop: int) -> Outages:
        """Scenarios ``start`` to ``stop``, made on demand."""
        rows = np.arange(start, stop)
        return self.first.take(rows // len(self.second)).joined(self.second.take(rows % len(self.second)))


def check_outages(problem: Problem, outages: Outages) -> None:
    """Raise a ValueError for an element that the network does not have."""
    sizes = np.array(
        [
            problem.branch_from.size, problem.converter_from.size, problem.source_bus.size,
            problem.bus_voltage.size, problem.cord_load.size, problem.load_power.shape[1],
        ]
    )  # fmt: skip
    bad = (outages.kind < 0) | (outages.kind >= sizes.size)
    if bad.any():
        raise ValueError(f"outages.kind[{int(np.argmax(bad))}] is not a Kind: {outages.kind[bad][0]}")
    bad = (outages.index < 0) | (outages.index >= sizes[outages.kind])
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(
            f"outages.index[{at}] is {outages.index[at]}, but there are {sizes[outages.kind[at]]} elements of "
            f"kind {Kind(outages.kind[at]).name}"
        )


@dataclass(frozen=True)
class Masks:
    """Dense switching of n scenarios: base state less what fails; (n, x) bool."""

    branch_closed: Array
    source_live: Array
    converter_live: Array
    cord_on: Array


def masks(problem: Problem, outages: Outages) -> Masks:
    """The outages as the scenario fields of a Problem."""
    n = len(outages)
    owner = np.repeat(np.arange(n), np.diff(outages.offsets))

    def failed(kind: Kind, count: int) -> Array:
        table = np.zeros((n, count), dtype=bool)
        at = outages.kind == kind
        table[owner[at], outages.index[at]] = True
        return table

    branch = failed(Kind.BRANCH, problem.branch_from.size)
    converter = failed(Kind.CONVERTER, problem.converter_from.size)
    source = failed(Kind.SOURCE, problem.source_bus.size)
    cord = failed(Kind.CORD, problem.cord_load.size)
    cord |= failed(Kind.LOAD, problem.load_power.shape[1])[:, problem.cord_load]
    if np.any(outages.kind == Kind.BUS):
        bus = failed(Kind.BUS, problem.bus_voltage.size)
        branch |= bus[:, problem.branch_from] | bus[:, problem.branch_to]
        converter |= bus[:, problem.converter_from] | bus[:, problem.converter_to]
        source |= bus[:, problem.source_bus]
        cord |= bus[:, problem.cord_bus]
    return Masks(
        problem.branch_closed[:1] & ~branch, problem.source_live[:1] & ~source,
        problem.converter_live[:1] & ~converter, problem.cord_on[:1] & ~cord,
    )  # fmt: skip

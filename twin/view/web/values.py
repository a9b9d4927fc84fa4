"""What the tables of a run say, as the page shows it: which states, which things, and where there is no value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.checks.places import feed_name
from twin.results.quantities import QUANTITIES
from twin.results.results import Array, Results, Table, Verdict
from twin.view.evaluated import Evaluated, numbers
from twin.view.web.things import Register

Numbers = NDArray[np.uint32]

BYTES = 160_000_000
"""Most bytes of values of all states, unpacked: what a browser holds without effort (assumed)."""
FEEDS = ("feed.loading", "feed.cable_loading", "feed.current", "feed.drop")
"""Quantities of feeds that are told of the machine that is fed: the largest of its feeds."""


@dataclass(frozen=True, eq=False)
class Source(Evaluated):
    """Where the values come from, and which states of them are shown."""

    verdict: Verdict
    register: Register
    _known: dict[tuple[str, ...], tuple[list[int], Numbers]] = field(default_factory=dict)

    def columns(self, table: Table) -> tuple[list[int], Numbers]:
        """Columns of those things of a table that the document knows, and their numbers."""
        number = self.register.number
        if table.ids not in self._known:
            pairs = [(column, number[name]) for column, name in enumerate(table.ids) if name in number]
            things = np.array([thing for _, thing in pairs], dtype=np.uint32)
            self._known[table.ids] = [column for column, _ in pairs], things
        return self._known[table.ids]

    def of_things(self, name: str) -> tuple[Array, Numbers] | None:
        """Values of a quantity, (states, n), and the numbers of the n things; None if there are none."""
        values = self.shown(name)
        if values is None:
            return None
        if name in FEEDS:
            order, first, things = self._fed
            return (np.fmax.reduceat(values[:, order], first, axis=1), things) if len(order) else None
        columns, things = self.columns(self.results.tables[name.partition(".")[0]])
        if not columns:
            return None
        return (values if len(columns) == values.shape[1] else values[:, columns]), things

    def of_design(self, name: str) -> tuple[Array, Numbers] | None:
        """What studies found beside the states, (1, n)."""
        table_name, _, quantity = name.partition(".")
        table = self.results.studies.get(table_name)
        if table is None or quantity not in table.values:
            return None
        values = np.asarray(table.values[quantity], dtype=float)
        columns, things = self.columns(table)
        if values.shape != (len(table.ids),) or not columns:
            return None
        return np.where(np.isfinite(values), values, np.nan)[None, columns], things

    @cached_property
    def _fed(self) -> tuple[Numbers, Numbers, Numbers]:
        """Columns of feeds in the order of what they feed, where each of it begins, and its number."""
        number = self.register.number
        fed = {feed_name(feed): number[feed.to] for feed in self.facility.feeds}
        owner = np.array([fed.get(name, -1) for name in self.results.tables["feed"].ids], dtype=int)
        order = np.argsort(owner, kind="stable")
        order = order[owner[order] >= 0]
        things, first = np.unique(owner[order], return_index=True)
        return order.astype(np.uint32), first.astype(np.uint32), things.astype(np.uint32)


def chosen(results: Results, verdict: Verdict, *, names: Iterable[str] | None = None) -> tuple[int, ...]:
    """States to show, as rows: those that are named, else all, or as many as :data:`BYTES` allows.

    The normal state is kept first, then states without a steady solution, with broken rules, with dark, overloaded and
    throttled machines, in this order.
    """
    if names is not None:
        return tuple(sorted({results.scenario_index(name) for name in names}))
    count = len(results.scenarios)
    varying = _varying(results) if count else 0
    most = max(BYTES // (4 * varying), 1) if varying else count
    if count <= most:
        return tuple(range(count))
    return tuple(sorted(_worst_first(results, verdict)[:most]))


def _varying(results: Results) -> int:
    """Numbers that every further state adds: those of quantities that are not the same in all."""
    tables = [
        values
        for name in QUANTITIES
        if (not name.startswith("feed.") or name in FEEDS)
        and (values := numbers(results, *name.split(".", 1))) is not None
        and values.size
    ]
    if 4 * sum(values.size for values in tables) <= BYTES:
        return 0
    return sum(values.shape[1] for values in tables if not (values == values[:1]).all())


def _worst_first(results: Results, verdict: Verdict) -> list[int]:
    broken = dict.fromkeys((finding.scenario for finding in verdict.findings if finding.broken), 1)

    def count(table: str, quantity: str, low: float, high: float) -> Array:
        values = numbers(results, table, quantity)
        if values is None:
            return np.zeros(len(results.scenarios))
        return np.asarray(((values <= low) | (values > high)).sum(axis=1), dtype=float)

    keys: tuple[Any, ...] = (
        [not scenario.normal for scenario in results.scenarios],
        [bool(settled) for settled in results.settled],
        [-broken.get(scenario.name, 0) for scenario in results.scenarios],
        -count("rack", "served", 0.0, np.inf),
        -count("power", "loading", -np.inf, 1.0),
        -count("rack", "throttle", 1.0 - 1e-6, np.inf),
    )
    return [int(row) for row in np.lexsort(keys[::-1])]


def notes(source: Source) -> tuple[str, ...]:
    """Whether states were left out."""
    count, shown = len(source.results.scenarios), len(source.rows)
    if shown == count:
        return ()
    return (f"{shown} of {count} states are shown; the report lists all.",)

"""Where the elements of a heat network lie in its matrix; the same for all scenarios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from . import transient_order as order
from .transient_case import Array, Case, Index

WAYS = ((True, True), (True, False), (False, True), (False, False))
"""Pairs of flow directions of the two sides of an exchanger: forward or not."""


def entries_of(rows: list[list[tuple[int, float]]], height: int) -> csr_array:
    """Sparse map onto `height` rows from columns that are lists of (row, factor)."""
    row = [r for column in rows for r, _ in column]
    factor = [f for column in rows for _, f in column]
    column = np.repeat(np.arange(len(rows)), [len(c) for c in rows])
    return csr_array((np.array(factor, float), (np.array(row, int), column)), shape=(height, len(rows)))


@dataclass(frozen=True)
class _Rows:
    """A map that reaches few rows of a table."""

    rows: Index
    map: csr_array

    @classmethod
    def of(cls, columns: list[list[tuple[int, float]]], height: int) -> _Rows:
        full = entries_of(columns, height)
        rows = np.flatnonzero(np.diff(full.indptr))
        return cls(rows, full[rows])

    def add(self, table: Array, values: Array) -> None:
        table[self.rows] += self.map @ values


@dataclass(frozen=True)
class _Exchange:
    """Maps of the exchangers for one pair of flow directions."""

    hot: _Rows  # of ``a`` to entries of the matrix
    cold: _Rows  # of ``b``
    heat: _Rows  # of heat into nodes
    net: Array  # (X, 1) what the free nodes gain for one watt of duty


class Structure:
    """Where the elements of a network lie in its matrix; the same for all scenarios."""

    def __init__(self, c: Case) -> None:
        links = list(zip(c.start.tolist(), c.end.tolist(), strict=True))
        ties = list(zip(c.tie_a.tolist(), c.tie_b.tolist(), strict=True))
        self.cold_ends = [
            links[cold] if cold >= 0 else (sink, sink)
            for cold, sink in zip(c.cold.tolist(), c.sink.tolist(), strict=True)
        ]
        self.hot_ends = [links[h] for h in c.hot.tolist()]
        couples = links + ties
        for body, link in zip(c.plate_node.tolist(), c.plate_link.tolist(), strict=True):
            couples += [(body, end) for end in links[link]]
        for ends, cold in zip(self.hot_ends, self.cold_ends, strict=True):
            around = {*ends, *cold} - {-1}
            couples += [(a, b) for a in around for b in around if a < b]
        self.plan = order.plan(c.nodes, np.array(couples, np.int64).reshape(-1, 2))
        self.fixed, self.nodes = c.fixed, c.nodes
        self.forward = self._map([self._receive(b, a) for a, b in links])
        self.backward = self._map([self._receive(a, b) for a, b in links])
        self.tied = self._map([self._receive(b, a) + self._receive(a, b) for a, b in ties])
        self.exchange = {way: self._exchangers(*way) for way in WAYS}
        self.exchange_entry = np.array([self._entries(*way) for way in WAYS], np.intp).reshape(
            len(WAYS), -1, 4
        )
        self.into = entries_of([[(m, 1.0)] if not c.fixed[m] else [] for m in c.source.tolist()], c.nodes)
        self._plates(c, links)

    def _plates(self, c: Case, links: list[tuple[int, int]]) -> None:
        """Maps of plates, and of what links that hold fluid, and plates on them, take from there and not from upstream."""
        holding = c.holding.tolist()
        bodies = list(
            zip(c.plate_node.tolist(), (links[link] for link in c.plate_link.tolist()), strict=True)
        )
        self.plate = self._map([
            [(row, sign) for node, entry, sign in self._plate(body, *ends) for row in [entry] if not self.fixed[node]]
            for body, ends in bodies
        ])  # fmt: skip
        self.held_entry = np.array(
            [row for link in holding for row, _ in self._late(links[link]) or [(-1, 0.0)]], np.intp
        )
        self.held = _Rows.of([self._late(links[link]) for link in holding], self.plan.entries)
        self.held_heat = entries_of(
            [[(links[k][1], 1.0)] if not self.fixed[links[k][1]] else [] for k in holding], self.nodes
        )
        place = {link: k for k, link in enumerate(holding)}
        self.plate_place = np.array([place.get(link, -1) for link in c.plate_link.tolist()], np.intp)
        entry = self.plan.entry
        self.plate_behind = np.array(
            [
                [-1 if self.fixed[row] else entry(row, up) for row in (body, end)]
                for body, (up, end) in bodies
            ],
            np.intp,
        ).reshape(-1, 2)
        late = [[(row, -sign) for row, sign in self._from_upstream(body, *ends)] for body, ends in bodies]
        self.plate_late = _Rows.of(late, self.plan.entries)
        self.plate_heat = entries_of(
            [
                [(n, s) for n, s in ((body, 1.0), (end, -1.0)) if not self.fixed[n]]
                for body, (_, end) in bodies
            ],
            self.nodes,
        )

    def _plate(self, body: int, up: int, end: int) -> list[tuple[int, int, float]]:
        """Rows and entries of ``G (T - T_up)`` from a body into the end of a link."""
        entry = self.plan.entry
        return [
            (body, body, 1.0), (body, entry(body, up), -1.0), (end, entry(end, body), -1.0), (end, entry(end, up), 1.0),
        ]  # fmt: skip

    def _from_upstream(self, body: int, up: int, end: int) -> list[tuple[int, float]]:
        entry = self.plan.entry
        return [(entry(row, up), sign) for row, sign in ((body, -1.0), (end, 1.0)) if not self.fixed[row]]

    def _late(self, ends: tuple[int, int]) -> list[tuple[int, float]]:
        up, end = ends
        return [(self.plan.entry(end, up), 1.0)] if not self.fixed[end] and up != end else []

    def _receive(self, node: int, other: int) -> list[tuple[int, float]]:
        if self.fixed[node] or node == other:
            return []
        return [(node, 1.0), (self.plan.entry(node, other), -1.0)]

    def _map(self, rows: list[list[tuple[int, float]]]) -> csr_array:
        return entries_of(rows, self.plan.entries)

    def _entries(self, hot_forward: bool, cold_forward: bool) -> list[list[int]]:
        """Of every exchanger, where ``a`` is added and taken, then ``b``; -1: nowhere."""
        found = []
        for hot, cold in zip(self.hot_ends, self.cold_ends, strict=True):
            up, down = hot if hot_forward else hot[::-1]
            source, target = cold if cold_forward else cold[::-1]
            found.append([
                -1 if row < 0 or column < 0 or self.fixed[row] else self.plan.entry(row, column)
                for column in (up, source) for row in (down, target)
            ])  # fmt: skip
        return found

    def _exchangers(self, hot_forward: bool, cold_forward: bool) -> _Exchange:
        """Maps of ``a``, ``b`` and of heat into nodes, for one pair of flow directions."""
        per_hot, per_cold, heat = [], [], []
        for hot, cold in zip(self.hot_ends, self.cold_ends, strict=True):
            up, down = hot if hot_forward else hot[::-1]
            source, target = cold if cold_forward else cold[::-1]
            rows = [(down, 1.0)] + ([(target, -1.0)] if target >= 0 else [])
            rows = [(row, sign) for row, sign in rows if not self.fixed[row]]
            per_hot.append([(self.plan.entry(row, up), sign) for row, sign in rows])
            per_cold.append(
                [(self.plan.entry(row, source), sign) for row, sign in rows] if source >= 0 else []
            )
            heat.append([(row, -sign) for row, sign in rows])
        net = np.array([[sum(factor for _, factor in column)] for column in heat]).reshape(-1, 1)
        return _Exchange(
            _Rows.of(per_hot, self.plan.entries),
            _Rows.of(per_cold, self.plan.entries),
            _Rows.of(heat, self.nodes),
            net,
        )

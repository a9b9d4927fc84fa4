"""The equations of a heat network at one instant: ``C dT/dt = load - A T``, and their implicit solve.

Rows of A: a node receives ``W (T_up - T)`` from each link that flows into it, ``UA (T_other - T)`` from each
conductance, and the duty of exchangers ``a T_hot + b T_cold + d``, linear for given modes.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from . import transient_order as order
from .exchanger import FLOW_EXPONENT, effectiveness
from .transient_case import Array, Case, Index, Mask
from .transient_sources import Power

IDLE, HELD, EXCHANGE, FULL = range(4)
"""Modes of an exchanger: nothing, holds its set point, exchanges what flows allow, at its capacity."""
SAME = 1e-9
"""Duties closer than this, relative to the larger, are no reason to change the mode."""
COMPILED_FROM = 400
"""Nodes times scenarios from which the compiled elimination repays the loading of its compiler (measured)."""
Modes = NDArray[np.int8]


@dataclass(frozen=True)
class Instant:
    """What does not depend on temperature."""

    rate: Array  # (E, S)
    tie: Array  # (Q, S)
    gain: Array  # (X, S) duty of plain exchange per kelvin between the entering streams
    limit: Array  # (X, S)
    heat: Array  # (M, S)
    matrix: Array  # (entries, S) without storage, exchangers and throttling


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
        for ends, cold in zip(self.hot_ends, self.cold_ends, strict=True):
            around = {*ends, *cold} - {-1}
            couples += [(a, b) for a in around for b in around if a < b]
        self.plan = order.plan(c.nodes, np.array(couples, np.int64).reshape(-1, 2))
        self.fixed, self.nodes = c.fixed, c.nodes
        self.forward = self._map([self._receive(b, a) for a, b in links])
        self.backward = self._map([self._receive(a, b) for a, b in links])
        self.tied = self._map([self._receive(b, a) + self._receive(a, b) for a, b in ties])
        self.exchange = {way: self._exchangers(*way) for way in product((True, False), repeat=2)}
        self.into = entries_of([[(m, 1.0)] if not c.fixed[m] else [] for m in c.source.tolist()], c.nodes)

    def _receive(self, node: int, other: int) -> list[tuple[int, float]]:
        if self.fixed[node] or node == other:
            return []
        return [(node, 1.0), (self.plan.entry(node, other), -1.0)]

    def _map(self, rows: list[list[tuple[int, float]]]) -> csr_array:
        return entries_of(rows, self.plan.entries)

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


class System:
    """One chunk of scenarios: instants, modes, and implicit solves."""

    def __init__(self, c: Case, structure: Structure, compiled: bool) -> None:
        self.case, self.structure, self.plan = c, structure, structure.plan
        self.free = ~c.fixed
        self.has_cold = ((c.cold >= 0) | (c.sink >= 0))[:, None]
        self.plain = self.has_cold & np.isneginf(c.setpoint) & np.isposinf(c.limit)
        self._kernel = _Compiled() if compiled else _Plain()
        self._signals = np.empty(0)
        self._instant: Instant | None = None
        self._factored: tuple[Any, ...] = ()
        self._loading = np.unique(c.heat_signal)
        self._loaded, self._full = np.empty(0), c.heat
        self._step, self._storage = 0.0, c.capacity
        self._heat, self._heating = c.heat, self.structure.into @ c.heat
        touching = c.fixed[c.start] != c.fixed[c.end]
        self._crossing = np.flatnonzero(touching)
        self._across = np.flatnonzero(c.fixed[c.tie_a] != c.fixed[c.tie_b])
        self._factors = np.empty(0)

    def at(self, time: float) -> Instant:
        """The network just before `time`."""
        signals = signals_before(self.case, time)
        if self._instant is None or not np.array_equal(signals, self._signals):
            self._signals, self._instant = signals, self._build(signals)
        return self._instant

    def _build(self, signals: Array) -> Instant:
        c, s = self.case, self.structure
        rate = np.add.reduce([r * signals[index] for r, index in zip(c.rate, c.rate_signal, strict=True)])
        flow = np.abs(rate)
        beside = np.vstack([flow, np.ones((1, c.scenarios))])[c.tie_link]
        tie = c.tie / _resistance(beside, c.tie_film, c.tie_rated, c.tie_exponent)
        available = signals[c.duty_signal]
        matrix = s.forward @ np.maximum(rate, 0.0)
        matrix += s.tied @ tie
        if (rate < 0.0).any():
            matrix += s.backward @ np.maximum(-rate, 0.0)
        return Instant(
            rate=rate,
            tie=tie,
            gain=self._gain(flow, available),
            limit=np.where(available > 0.0, c.limit * np.where(available > 0.0, available, 1.0), 0.0),
            heat=self._load(signals),
            matrix=matrix,
        )

    def _load(self, signals: Array) -> Array:
        """Heat of the sources before throttling; the same object while their signals stay."""
        used = signals[self._loading]
        if not np.array_equal(used, self._loaded):
            self._loaded, self._full = used, self.case.heat * signals[self.case.heat_signal]
        return self._full

    def _gain(self, flow: Array, available: Array) -> Array:
        c = self.case
        hot, cold = flow[c.hot], np.where((c.cold >= 0)[:, None], flow[c.cold], np.inf)
        films = _films(hot, c.film_hot, c.rated_hot) + _films(
            np.where(np.isinf(cold), 1.0, cold), c.film_cold, c.rated_cold
        )
        conductance = c.exchange * available / (np.maximum(1.0 - c.film_hot - c.film_cold, 0.0) + films)
        least, most = np.minimum(hot, cold), np.maximum(hot, cold)
        runs = least > 0.0
        safe = np.where(runs, least, 1.0)
        ratio = np.where(np.isinf(most), 0.0, safe / np.where(runs & np.isfinite(most), most, safe))
        return np.where(self.has_cold & runs, safe * effectiveness(conductance / safe, ratio), 0.0)

    def streams(self, now: Instant, temperature: Array) -> tuple[Array, Array]:
        """Entering temperatures of the hot and the cold side (X, S); the hot one where there is no cold side."""
        c = self.case
        hot = _upstream(now.rate, c.hot, c.start, c.end, temperature)
        cold = _upstream(now.rate, c.cold, c.start, c.end, temperature)
        cold = np.where((c.cold >= 0)[:, None], cold, temperature[c.sink])
        return hot, np.where(self.has_cold, cold, hot)

    def modes(self, now: Instant, temperature: Array, old: Modes) -> Modes:
        """Mode of every exchanger at these temperatures; the old one where two are equally good."""
        c = self.case
        if not c.hot.size:
            return old
        hot, cold = self.streams(now, temperature)
        rate = np.abs(now.rate[c.hot])
        controlled = np.isfinite(c.setpoint)
        offers = np.stack([
            np.zeros_like(hot),
            np.where(controlled, rate * (hot - np.where(controlled, c.setpoint, 0.0)), np.inf),
            np.where(self.has_cold, now.gain * (hot - cold), np.inf),
            np.where(rate > 0.0, now.limit, 0.0),
        ])  # fmt: skip
        best = np.argmin(offers[1:], axis=0).astype(np.int8) + np.int8(1)
        duty = np.take_along_axis(offers, best[None], axis=0)[0]
        best = np.where(duty > 0.0, best, np.int8(IDLE)).astype(np.int8)
        duty = np.maximum(duty, 0.0)
        kept = np.take_along_axis(offers, old[None], axis=0)[0]
        best = np.where(np.abs(kept - duty) <= SAME * (np.abs(duty) + rate), old, best)
        return np.where(self.plain, np.int8(EXCHANGE), best).astype(np.int8)

    def duty_terms(self, now: Instant, modes: Modes) -> tuple[Array, Array, Array]:
        """``a``, ``b``, ``d`` of ``duty = a T_hot + b T_cold + d`` (X, S)."""
        c = self.case
        rate = np.abs(now.rate[c.hot])
        held, exchange, full = modes == HELD, modes == EXCHANGE, modes == FULL
        a = np.where(held, rate, np.where(exchange, now.gain, 0.0))
        b = np.where(exchange, -now.gain, 0.0)
        d = np.where(
            held, -rate * np.where(held, c.setpoint, 0.0), np.where(full, np.where(full, now.limit, 0.0), 0.0)
        )
        return a, b, d

    def ways(self, now: Instant) -> list[tuple[tuple[bool, bool], Mask]]:
        """Which exchangers have which pair of flow directions."""
        c = self.case
        if not c.hot.size:
            return []
        hot, cold = now.rate[c.hot] >= 0.0, (now.rate[c.cold] >= 0.0) | (c.cold < 0)[:, None]
        found = (((h, k), (hot == h) & (cold == k)) for h, k in product((True, False), repeat=2))
        return [(way, mask) for way, mask in found if mask.any()]

    def solve(self, now: Instant, step: float, base: Array, modes: Modes, power: Power) -> Array:
        """``(C/step + A) T = C/step base + load`` for given modes and power of the sources."""
        if step != self._step:
            self._step, self._storage = step, self.case.capacity / step
        if power.base is not self._heat:
            self._heat, self._heating = power.base, self.structure.into @ power.base
        heated = self.case.source[power.source]
        free = self.free[heated]
        a, b, d = self.duty_terms(now, modes)
        ways = self.ways(now)
        load = self._storage * base
        load += self._heating
        spot = heated * self.case.scenarios + power.scenario
        np.add.at(load.reshape(-1), spot, np.where(free, power.lift, 0.0))
        for way, mask in ways:
            self.structure.exchange[way].heat.add(load, np.where(mask, d, 0.0))
        key = (now, step, modes, spot, power.slope)
        if not self._is_factored(key):
            table = now.matrix.copy()
            for way, mask in ways:
                self.structure.exchange[way].hot.add(table, np.where(mask, a, 0.0))
                self.structure.exchange[way].cold.add(table, np.where(mask, b, 0.0))
            table[: self.case.nodes] += self._storage
            np.add.at(table.reshape(-1), spot, np.where(free, power.slope, 0.0))
            self._factors, self._factored = self._kernel.factorise(self.plan, table), key
        return self._kernel.substitute(self.plan, self._factors, load)

    def _is_factored(self, key: tuple[Any, ...]) -> bool:
        old = self._factored
        return bool(old) and old[0] is key[0] and all(map(np.array_equal, old[1:], key[1:]))

    def duty(self, now: Instant, temperature: Array, modes: Modes) -> Array:
        """Heat from hot to cold (X, S)."""
        a, b, d = self.duty_terms(now, modes)
        hot, cold = self.streams(now, temperature)
        return a * hot + b * cold + d

    def boundary(self, now: Instant, temperature: Array, duty: Array) -> Array:
        """Heat that enters free nodes from fixed ones and from outside the network, sources apart (S,)."""
        c, free = self.case, self.free.astype(float)
        total = np.zeros(c.scenarios)
        if self._crossing.size:
            rate, start, end = now.rate[self._crossing], c.start[self._crossing], c.end[self._crossing]
            enters = (free[end] - free[start])[:, None]
            total += (rate * enters * np.where(rate >= 0.0, temperature[start], temperature[end])).sum(axis=0)
        if self._across.size:
            a, b = c.tie_a[self._across], c.tie_b[self._across]
            enters = (free[b] - free[a])[:, None]
            total += (now.tie[self._across] * enters * (temperature[a] - temperature[b])).sum(axis=0)
        for way, mask in self.ways(now):
            total += (self.structure.exchange[way].net * np.where(mask, duty, 0.0)).sum(axis=0)
        return total


def signals_before(c: Case, time: float) -> Array:
    """(G + 1, S) signals just before `time`; the last row is the constant 1."""
    above = np.clip((c.time < time).sum(axis=0), 1, len(c.time) - 1) if len(c.time) > 1 else np.zeros(1, int)
    below, column = np.maximum(above - 1, 0), np.arange(c.scenarios)
    first, last = c.time[below, column], c.time[above, column]
    part = np.where(last > first, (time - first) / np.where(last > first, last - first, 1.0), time > first)
    part = np.clip(part, 0.0, 1.0)
    low, high = c.value[below, :, column].T, c.value[above, :, column].T
    return np.vstack([low + part * (high - low), np.ones((1, c.scenarios))])


def _upstream(rate: Array, link: Index, start: Index, end: Index, temperature: Array) -> Array:
    return np.where(rate[link] >= 0.0, temperature[start[link]], temperature[end[link]])


def _films(flow: Array, share: Array, rated: Array) -> Array:
    """Film resistance over the whole rated one; very large without flow."""
    return np.where(share > 0.0, share * np.maximum(flow / rated, 1e-12) ** -FLOW_EXPONENT, 0.0)


def _resistance(flow: Array, film: Array, rated: Array, exponent: Array) -> Array:
    """Resistance over the rated one of a film in series with a solid."""
    return (1.0 - film) + np.where(film > 0.0, film * np.maximum(flow / rated, 1e-12) ** -exponent, 0.0)


class _Plain:
    """Elimination without a compiler."""

    def factorise(self, plan: order.Plan, table: Array) -> Array:
        order.factorise(plan, table)
        return table

    def substitute(self, plan: order.Plan, table: Array, load: Array) -> Array:
        order.substitute(plan, table, load)
        return load


class _Compiled(_Plain):
    def __init__(self) -> None:
        from . import transient_kernel

        self._kernel = transient_kernel

    def factorise(self, plan: order.Plan, table: Array) -> Array:
        p = plan
        self._kernel.factorise(table, p.node, p.start, p.below, p.beside, p.square, p.meet)
        return table

    def substitute(self, plan: order.Plan, table: Array, load: Array) -> Array:
        p = plan
        self._kernel.substitute(table, load, p.node, p.start, p.near, p.below, p.beside)
        return load


def is_compiled(c: Case, wanted: bool | None) -> bool:
    """Whether elimination is compiled: as wanted, or where there is numba and enough work."""
    enough = c.nodes * c.scenarios >= COMPILED_FROM
    return (enough and find_spec("numba") is not None) if wanted is None else wanted

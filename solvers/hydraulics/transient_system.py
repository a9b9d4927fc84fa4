"""The equations of a heat network at one instant: ``C dT/dt = load - A T``, and their implicit solve.

Rows of A: a node receives ``W (T_up - T)`` from each link that flows into it, ``UA (T_other - T)`` from each
conductance, and the duty of exchangers ``a T_hot + b T_cold + d``, linear for given modes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import transient_order as order
from .exchanger import FLOW_EXPONENT, effectiveness
from .transient_case import Array, Case, Index, Mask
from .transient_delay import Arrival
from .transient_sources import Power
from .transient_structure import WAYS, Structure

IDLE, HELD, EXCHANGE, FULL = range(4)
"""Modes of an exchanger: nothing, holds its set point, exchanges what flows allow, at its capacity."""
SAME = 1e-9
"""Duties closer than this, relative to the larger, are no reason to change the mode."""
LEAST_FLOW = 1e-12
"""Flow over the rated one below which films are no worse; they conduct nothing then. [-]"""
STAGES = 2
"""Instants that are remembered: those of the stages of a step."""
COMPILED_FROM = 40
"""Nodes, or nodes times scenarios over :data:`FEW`, from which compiled loops repay the loading of their compiler (measured:
marches of some hundred steps)."""
FEW = 10
"""Scenarios that cost as little as one. [-]"""
Modes = NDArray[np.int8]


@dataclass(frozen=True)
class Instant:
    """What does not depend on temperature."""

    rate: Array  # (E, S)
    tie: Array  # (Q, S)
    plate: Array  # (Y, S)
    gain: Array  # (X, S) duty of plain exchange per kelvin between the entering streams
    limit: Array  # (X, S)
    heat: Array  # (M, S)
    matrix: Array  # (entries, S) without storage, exchangers and throttling
    ways: list[tuple[tuple[bool, bool], Mask]]  # which exchangers have which pair of flow directions


class System:
    """One chunk of scenarios: instants, modes, and implicit solves."""

    compiled = False

    def __init__(self, c: Case, structure: Structure) -> None:
        self.case, self.structure, self.plan = c, structure, structure.plan
        self.free = ~c.fixed
        self.has_cold = ((c.cold >= 0) | (c.sink >= 0))[:, None]
        self.plain = self.has_cold & np.isneginf(c.setpoint) & np.isposinf(c.limit)
        self._recent: list[tuple[Array, Instant]] = []
        self._holding = c.holding
        self._factored: tuple[Any, ...] = ()
        self._loading = np.unique(c.heat_signal)
        self._loaded, self._full = np.empty(0), c.heat
        self._step, self._storage = 0.0, c.capacity
        self._heat, self._heating = c.heat, self.structure.into @ c.heat
        holds = np.isin(np.arange(c.start.size), self._holding)
        self._crossing = np.flatnonzero((c.fixed[c.start] != c.fixed[c.end]) & ~holds)
        ends = c.start[self._holding], c.end[self._holding]
        self._bordering = np.flatnonzero(c.fixed[ends[0]] | c.fixed[ends[1]])
        self._plated = np.flatnonzero(c.fixed[c.plate_node] != c.fixed[c.end[c.plate_link]])
        self._across = np.flatnonzero(c.fixed[c.tie_a] != c.fixed[c.tie_b])
        self._factors = np.empty(0)

    def at(self, time: float) -> Instant:
        """The network just before `time`."""
        signals = self._signals(time)
        for known, instant in self._recent:
            if np.array_equal(signals, known):
                return instant
        built = self._build(signals)
        self._recent = [(signals, built), *self._recent[: STAGES - 1]]
        return built

    def _signals(self, time: float) -> Array:
        return signals_before(self.case, time)

    def _build(self, signals: Array) -> Instant:
        c, s = self.case, self.structure
        rate = np.add.reduce([r * signals[index] for r, index in zip(c.rate, c.rate_signal, strict=True)])
        flow = np.abs(rate)
        beside = np.vstack([flow, np.ones((1, c.scenarios))])[c.tie_link]
        tie = c.tie / _resistance(beside, c.tie_film, c.tie_rated, c.tie_exponent)
        available = signals[c.duty_signal]
        plate = self._plate(flow[c.plate_link])
        matrix = s.forward @ np.maximum(rate, 0.0)
        matrix += s.tied @ tie
        if plate.size:
            matrix += s.plate @ plate
        if (rate < 0.0).any():
            matrix += s.backward @ np.maximum(-rate, 0.0)
        return Instant(
            rate=rate,
            tie=tie,
            plate=plate,
            gain=self._gain(flow, available),
            limit=np.where(available > 0.0, c.limit * np.where(available > 0.0, available, 1.0), 0.0),
            heat=self._load(signals),
            matrix=matrix,
            ways=self._ways(rate),
        )

    def _plate(self, flow: Array) -> Array:
        """Conductance of plates to the fluid that arrives. [W/K]"""
        c = self.case
        share = np.maximum(flow / c.plate_rated, LEAST_FLOW)
        solid = np.maximum(1.0 - c.plate_film - c.plate_rise, 0.0)
        resistance = solid + c.plate_film * share**-c.plate_exponent + c.plate_rise / share
        return np.minimum(c.plate / resistance, c.plate_reach * flow)

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

    def _ways(self, rate: Array) -> list[tuple[tuple[bool, bool], Mask]]:
        c = self.case
        if not c.hot.size:
            return []
        hot, cold = rate[c.hot] >= 0.0, (rate[c.cold] >= 0.0) | (c.cold < 0)[:, None]
        found = ((way, (hot == way[0]) & (cold == way[1])) for way in WAYS)
        return [(way, mask) for way, mask in found if mask.any()]

    def entering(self, now: Instant, temperature: Array) -> Array:
        """Heat that enters the links that hold fluid, of temperatures in degC (L, S). [W]"""
        return np.asarray(now.rate[self._holding] * temperature[self.case.start[self._holding]])

    def arriving(self, temperature: Array, arrival: Arrival) -> Array:
        """Temperature of what leaves the links that hold fluid (L, S)."""
        return arrival.fresh * temperature[self.case.start[self._holding]] + arrival.old

    def solve(
        self,
        now: Instant,
        step: float,
        base: Array,
        modes: Modes,
        power: Power,
        arrival: Arrival | None = None,
    ) -> Array:
        """``(C/step + A) T = C/step base + load`` for given modes, power of sources and what arrives through links."""
        if step != self._step:
            self._step, self._storage = step, self.case.capacity / step
        if power.base is not self._heat:
            self._heat, self._heating = power.base, self.structure.into @ power.base
        heated = self.case.source[power.source]
        free = self.free[heated]
        load = self._load_of(now, base, modes, arrival)
        spot = heated * self.case.scenarios + power.scenario
        self._add(load, spot, np.where(free, power.lift, 0.0))
        key: tuple[Any, ...] = (now, step, modes, spot, power.slope)
        if arrival is not None:
            key = (*key, arrival.fresh)
        if not self._is_factored(key):
            table = self._matrix_of(now, modes, arrival)
            self._add(table, spot, np.where(free, power.slope, 0.0))
            self._factors, self._factored = self._factorise(table), key
        return self._substitute(load)

    def _load_of(self, now: Instant, base: Array, modes: Modes, arrival: Arrival | None) -> Array:
        """(N, S) right-hand side without what throttled sources give less."""
        s = self.structure
        load = self._storage * base
        load += self._heating
        _, _, d = self.duty_terms(now, modes)
        for way, mask in now.ways:
            s.exchange[way].heat.add(load, np.where(mask, d, 0.0))
        if arrival is not None:
            load += s.held_heat @ (now.rate[self._holding] * arrival.old)
            if now.plate.size:
                old = np.vstack([arrival.old, np.zeros((1, self.case.scenarios))])[s.plate_place]
                load += s.plate_heat @ (now.plate * old)
        return load

    def _matrix_of(self, now: Instant, modes: Modes, arrival: Arrival | None) -> Array:
        """(entries, S) of the step without throttled sources."""
        s = self.structure
        a, b, _ = self.duty_terms(now, modes)
        table = now.matrix.copy()
        for way, mask in now.ways:
            s.exchange[way].hot.add(table, np.where(mask, a, 0.0))
            s.exchange[way].cold.add(table, np.where(mask, b, 0.0))
        if arrival is not None:
            late = 1.0 - arrival.fresh
            s.held.add(table, now.rate[self._holding] * late)
            if now.plate.size:
                behind = np.vstack([late, np.zeros((1, self.case.scenarios))])[s.plate_place]
                s.plate_late.add(table, now.plate * behind)
        table[: self.case.nodes] += self._storage
        return table

    def _add(self, table: Array, spot: Index, value: Array) -> None:
        np.add.at(table.reshape(-1), spot, value)

    def _factorise(self, table: Array) -> Array:
        order.factorise(self.plan, table)
        return table

    def _substitute(self, load: Array) -> Array:
        order.substitute(self.plan, self._factors, load)
        return load

    def _is_factored(self, key: tuple[Any, ...]) -> bool:
        old = self._factored
        return len(old) == len(key) and old[0] is key[0] and all(map(np.array_equal, old[1:], key[1:]))

    def duty(self, now: Instant, temperature: Array, modes: Modes) -> Array:
        """Heat from hot to cold (X, S)."""
        a, b, d = self.duty_terms(now, modes)
        hot, cold = self.streams(now, temperature)
        return a * hot + b * cold + d

    def boundary(
        self, now: Instant, temperature: Array, duty: Array, arrival: Arrival | None = None
    ) -> Array:
        """Heat that enters free nodes and what links hold from fixed nodes and from outside, sources apart (S,)."""
        c, free = self.case, self.free.astype(float)
        total = np.zeros(c.scenarios)
        if self._crossing.size:
            rate, start, end = now.rate[self._crossing], c.start[self._crossing], c.end[self._crossing]
            enters = (free[end] - free[start])[:, None]
            total += (rate * enters * np.where(rate >= 0.0, temperature[start], temperature[end])).sum(axis=0)
        if arrival is not None and self._bordering.size:
            total += self._border(now, temperature, arrival)
        if self._plated.size:
            total += self._from_plates(now, temperature, arrival)
        if self._across.size:
            a, b = c.tie_a[self._across], c.tie_b[self._across]
            enters = (free[b] - free[a])[:, None]
            total += (now.tie[self._across] * enters * (temperature[a] - temperature[b])).sum(axis=0)
        for way, mask in now.ways:
            total += (self.structure.exchange[way].net * np.where(mask, duty, 0.0)).sum(axis=0)
        return total

    def _border(self, now: Instant, temperature: Array, arrival: Arrival) -> Array:
        """What links that hold fluid take from and bring to fixed nodes (S,)."""
        c, at = self.case, self._bordering
        link = self._holding[at]
        takes = c.fixed[c.start[link]][:, None] * temperature[c.start[link]]
        brings = c.fixed[c.end[link]][:, None] * self.arriving(temperature, arrival)[at]
        return np.asarray((now.rate[link] * (takes - brings)).sum(axis=0))

    def _from_plates(self, now: Instant, temperature: Array, arrival: Arrival | None) -> Array:
        """Heat of plates with either the plate or what it warms fixed (S,)."""
        c, at = self.case, self._plated
        entering = temperature[c.start[c.plate_link]]
        if arrival is not None:
            held = self.structure.plate_place >= 0
            entering[held] = self.arriving(temperature, arrival)[self.structure.plate_place[held]]
        heat = now.plate[at] * (temperature[c.plate_node[at]] - entering[at])
        sign = c.fixed[c.plate_node[at]].astype(float) - c.fixed[c.end[c.plate_link[at]]]
        return np.asarray((sign[:, None] * heat).sum(axis=0))


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
    return np.where(share > 0.0, share * np.maximum(flow / rated, LEAST_FLOW) ** -FLOW_EXPONENT, 0.0)


def _resistance(flow: Array, film: Array, rated: Array, exponent: Array) -> Array:
    """Resistance over the rated one of a film in series with a solid."""
    return (1.0 - film) + np.where(film > 0.0, film * np.maximum(flow / rated, LEAST_FLOW) ** -exponent, 0.0)


def is_compiled(c: Case, wanted: bool | None) -> bool:
    """Whether it is compiled: as wanted, or where there is numba, and enough work or a compiler that is loaded anyway."""
    enough = c.nodes * max(c.scenarios / FEW, 1.0) >= COMPILED_FROM or "numba" in sys.modules
    return (enough and find_spec("numba") is not None) if wanted is None else wanted

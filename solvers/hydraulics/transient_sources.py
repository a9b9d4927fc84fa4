"""Heat sources that obey a temperature: throttled above one limit, tripped above a higher one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .transient_case import Array, Case, Index, Mask


@dataclass(frozen=True)
class Events:
    """Sources that trip or step within a step, and the share of the step before they do."""

    trips: Mask
    falls: Mask
    recovers: Mask
    when: Array

    @property
    def first(self) -> float:
        """Share of the step before the earliest."""
        return float(self.when[self.trips | self.falls | self.recovers].min())


@dataclass(frozen=True)
class Power:
    """Power of the sources: what they would give, and the few that are throttled linearly right now.

    These give ``base + lift - slope T``, T the temperature of their own node.
    """

    base: Array  # (M, S)
    source: Index  # (H,) of the throttled ones
    scenario: Index  # (H,)
    lift: Array  # (H,)
    slope: Array  # (H,)


class Sources:
    """The sources of one chunk and what they remember: tripped, stepped down."""

    def __init__(self, c: Case, compiled: bool = False) -> None:
        self.case, self._throttled = c, (_compiled if compiled else _throttled)
        self.tripped, self.low = np.zeros(c.heat.shape, bool), np.zeros(c.heat.shape, bool)
        self.trip_time = np.full(c.heat.shape, np.inf)
        linear = ((c.throttle_end > c.throttle) & np.isfinite(c.throttle_end))[:, 0]
        self.steps = np.isfinite(c.throttle) & ~linear[:, None]
        self._stepping, self._tripping = bool(self.steps.any()), bool(np.isfinite(c.trip).any())
        self._linear = np.flatnonzero(linear)
        self._watch, self._own = c.watch[linear], c.watch[linear] == c.source[linear]
        self._start, self._least = c.throttle[linear, 0], c.fraction[linear, 0]
        self._fall = (1.0 - self._least) / (c.throttle_end[linear, 0] - self._start)
        self._share = np.ones(c.heat.shape)
        self._trip_level = np.broadcast_to(c.trip, c.heat.shape)
        self._heat = self._base = c.heat

    def power(self, heat: Array, temperature: Array) -> Power:
        """Power at these temperatures.

        A source that watches another node is constant within one pass of the implicit solve, and the passes
        are repeated until that no longer matters.
        """
        base = self._present(heat)
        found = self._throttled(
            temperature, base, self._linear, self._watch, self._own, self._start, self._fall, self._least
        )
        return Power(base, *found)

    def given(self, power: Power, temperature: Array) -> Array:
        """(H,) heat more than `base` of the throttled sources, at the temperatures found."""
        return power.lift - power.slope * temperature[self.case.source[power.source], power.scenario]

    def _present(self, heat: Array) -> Array:
        """Heat after trips and steps; computed anew when the signals or the states changed."""
        if heat is not self._heat:
            self._heat, self._base = heat, heat * self._share
        return self._base

    def events(self, before: Array, after: Array) -> Events | None:
        """What happens on the straight line between two states."""
        if not (self._stepping or self._tripping):
            return None
        c = self.case
        new = after[c.watch]
        trips = new >= self._trip_level
        if not (self._stepping or trips.any()):
            return None
        falls = self.steps & ~self.low & (new >= c.throttle)
        recovers = self.steps & self.low & (new < c.throttle_end)
        if not (trips.any() or falls.any() or recovers.any()):
            return None
        level = np.where(trips, c.trip, np.where(falls, c.throttle, np.where(recovers, c.throttle_end, 0.0)))
        old = before[c.watch]
        rise = new - old
        when = np.clip((level - old) / np.where(rise != 0.0, rise, 1.0), 0.0, 1.0)
        return Events(trips, falls & ~trips, recovers & ~trips, when)

    def within(self, events: Events) -> None:
        """For the step in which they happen, sources give the mean of the heat before and after."""
        after = np.where(events.trips, 0.0, np.where(events.falls, self.case.fraction, 1.0))
        happen = events.trips | events.falls | events.recovers
        mean = events.when * self._share + (1.0 - events.when) * after
        self._set(np.where(happen, mean, self._share))

    def remember(self, events: Events, start: float, step: float) -> None:
        """Take over what happened in an accepted step."""
        self.trip_time = np.where(events.trips, start + step * events.when, self.trip_time)
        self.tripped |= events.trips
        self._trip_level = np.where(self.tripped, np.inf, self.case.trip)
        self.low = (self.low | events.falls) & ~events.recovers
        self._set(np.where(self.tripped, 0.0, np.where(self.low, self.case.fraction, 1.0)))

    def _set(self, share: Array) -> None:
        self._share = share
        self._heat = np.empty(0)


def _throttled(
    temperature: Array, base: Array, linear: Index, watch: Index, own: Mask, first: Array, fall: Array, least: Array
) -> tuple[Index, Index, Array, Array]:  # fmt: skip
    """Sources that are warm enough to give less: source, scenario, lift and slope of each."""
    seen = temperature[watch]
    at, scenario = np.nonzero(seen > first[:, None])
    share = np.maximum(1.0 - fall[at] * (seen[at, scenario] - first[at]), least[at])
    between = own[at] & (share > least[at])
    full = base[linear[at], scenario]
    lift = full * np.where(between, fall[at] * first[at], share - 1.0)
    return linear[at], scenario, lift, np.where(between, full * fall[at], 0.0)


def _compiled(*told: Any) -> tuple[Index, Index, Array, Array]:
    from . import transient_kernel_stage

    source, scenario, lift, slope = transient_kernel_stage.throttled(*told)
    return source, scenario, lift, slope

"""Heat sources that obey a temperature: throttled above one limit, tripped above a higher one."""

from __future__ import annotations

import numpy as np

from .transient_case import Array, Case


class Sources:
    """The sources of one chunk and what they remember: tripped, stepped down."""

    def __init__(self, c: Case) -> None:
        self.case = c
        shape = c.heat.shape
        self.tripped, self.low = np.zeros(shape, bool), np.zeros(shape, bool)
        self.trip_time = np.full(shape, np.inf)
        self.linear = (c.throttle_end > c.throttle) & np.isfinite(c.throttle_end)
        self.steps = np.isfinite(c.throttle) & ~self.linear
        self.own = (c.watch == c.source)[:, None]
        self.alive = bool(self.linear.any())
        self.discrete = bool(self.steps.any() or np.isfinite(c.trip).any())
        span = np.where(self.linear, c.throttle_end - np.where(self.linear, c.throttle, 0.0), 1.0)
        self.fall = np.where(self.linear, (1.0 - c.fraction) / span, 0.0)

    def terms(self, heat: Array, temperature: Array) -> tuple[Array, Array]:
        """``constant`` and ``slope`` of the power ``constant - slope T``, T that of the source's own node.

        A source that watches another node is constant within one pass of the implicit solve, and the passes
        are repeated until that no longer matters.
        """
        c = self.case
        heat = np.where(self.tripped, 0.0, np.where(self.low, c.fraction * heat, heat))
        if not self.alive:
            return heat, np.zeros_like(heat)
        seen = temperature[c.watch]
        start = np.where(self.linear, c.throttle, 0.0)
        share = np.clip(1.0 - self.fall * (seen - start), c.fraction, 1.0)
        between = self.linear & self.own & (seen > c.throttle) & (seen < c.throttle_end)
        constant = np.where(between, 1.0 + self.fall * start, np.where(self.linear, share, 1.0))
        return heat * constant, np.where(between, heat * self.fall, 0.0)

    def first_event(self, before: Array, after: Array) -> float:
        """Earliest share of the step, 0..1, at which a source steps or trips; above 1 if none does."""
        if not self.discrete:
            return 2.0
        c = self.case
        old, new = before[c.watch], after[c.watch]
        shares = [
            _crossing(old, new, level)[active]
            for level, active in (
                (c.trip, ~self.tripped & (new >= c.trip)),
                (c.throttle, self.steps & ~self.low & (new >= c.throttle)),
                (c.throttle_end, self.steps & self.low & (new < c.throttle_end)),
            )
        ]
        return float(min((s.min() for s in shares if s.size), default=2.0))

    def remember(self, start: float, step: float, before: Array, after: Array) -> None:
        """Take over what happened in an accepted step."""
        if not self.discrete:
            return
        c = self.case
        old, new = before[c.watch], after[c.watch]
        trips = ~self.tripped & (new >= c.trip)
        when = start + step * _crossing(old, new, c.trip)
        self.trip_time = np.where(trips, when, self.trip_time)
        self.tripped |= trips
        self.low = np.where(self.steps, np.where(self.low, new >= c.throttle_end, new >= c.throttle), False)


def _crossing(old: Array, new: Array, level: Array) -> Array:
    """Share of a step at which a straight line meets a level, 0 where it began beyond it."""
    rise = new - old
    level = np.where(np.isfinite(level), level, 0.0)
    share = np.where(rise != 0.0, (level - old) / np.where(rise != 0.0, rise, 1.0), 0.0)
    return np.clip(share, 0.0, 1.0)

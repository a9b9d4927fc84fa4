"""What is kept of a march: series, limits passed, maxima, energies."""

from __future__ import annotations

import numpy as np

from .transient_case import Array, Case, Index
from .transient_sources import Power


class Record:
    """Bounded memory: nothing here grows with the number of steps."""

    def __init__(self, c: Case, times: Array, nodes: Index) -> None:
        self.case, self.times, self.nodes = c, times, nodes
        self.series = np.empty((times.size, nodes.size, c.scenarios))
        self.series[times <= 0.0] = c.initial[nodes]
        self._next = int((times <= 0.0).sum())
        seen = c.initial[c.watched]
        self.limit_time = np.where(seen[:, None] >= c.levels[:, :, None], 0.0, np.inf)
        self.peak, self.peak_time = seen.copy(), np.zeros_like(seen)
        self._ahead = self._lowest_ahead()
        self.power = np.zeros_like(c.heat)
        self.withheld = np.zeros_like(c.heat)
        self.duty = np.zeros_like(c.limit)
        self.boundary = np.zeros(c.scenarios)
        self.exchanged = np.zeros(c.scenarios)
        self._held, self._holding = (c.heat, c.heat), 0.0

    def _lowest_ahead(self) -> Array:
        """(W, S) the lowest limit not passed yet."""
        levels = np.where(np.isinf(self.limit_time), self.case.levels[:, :, None], np.inf)
        return levels.min(axis=1, initial=np.inf)

    def step(self, start: float, end: float, before: Array, after: Array) -> None:
        """Temperatures of an accepted step, a straight line in between."""
        c, step = self.case, end - start
        while self._next < self.times.size and self.times[self._next] <= end:
            part = (self.times[self._next] - start) / step
            old, new = before[self.nodes], after[self.nodes]
            self.series[self._next] = old + part * (new - old)
            self._next += 1
        new = after[c.watched]
        higher = np.flatnonzero(new > self.peak)
        self.peak.ravel()[higher] = new.ravel()[higher]
        self.peak_time.ravel()[higher] = end
        passing = np.nonzero(new >= self._ahead)
        if passing[0].size:
            self._pass(start, step, before[c.watched], new, passing)

    def _pass(self, start: float, step: float, old: Array, new: Array, at: tuple[Index, ...]) -> None:
        watched, scenario = at
        levels = self.case.levels[watched]
        first, last = old[at][:, None], new[at][:, None]
        part = (levels - first) / np.where(last != first, last - first, 1.0)
        known = self.limit_time[watched, :, scenario]
        found = np.where(np.isinf(known) & (last >= levels), start + step * part, known)
        self.limit_time[watched, :, scenario] = found
        self._ahead[at] = np.where(np.isinf(found), levels, np.inf).min(axis=1)

    def energy(
        self, seconds: float, full: Array, power: tuple[Power, Array], duty: Array, boundary: Array
    ) -> None:
        """Heat flows of one stage and the time they stand for; `full` is the load before throttling."""
        told, more = power
        if told.base is not self._held[0] or full is not self._held[1]:
            self.settle()
            self._held = (told.base, full)
        self._holding += seconds
        at = (told.source, told.scenario)
        self.power[at] += seconds * more
        self.withheld[at] -= seconds * more
        self.duty += seconds * duty
        self.boundary += seconds * boundary
        self.exchanged += seconds * np.abs(duty).sum(axis=0)

    def finish(self, temperature: Array) -> None:
        """Times a march cut short did not reach get its last state."""
        self.series[self._next :] = temperature[self.nodes]
        self.settle()

    def settle(self) -> None:
        """Add up what was the same for many steps."""
        base, full = self._held
        self.power += self._holding * base
        self.withheld += self._holding * (full - base)
        self.exchanged += self._holding * np.abs(base).sum(axis=0)
        self._holding = 0.0

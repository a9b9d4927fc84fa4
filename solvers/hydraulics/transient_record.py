"""What is kept of a march: series, limits passed, maxima, energies."""

from __future__ import annotations

import numpy as np

from .transient_case import Array, Case, Index


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

    def _lowest_ahead(self) -> Array:
        """(W, S) the lowest limit not passed yet."""
        levels = np.where(np.isinf(self.limit_time), self.case.levels[:, :, None], np.inf)
        return levels.min(axis=1, initial=np.inf)

    def step(self, start: float, step: float, before: Array, after: Array) -> None:
        """Temperatures of an accepted step, a straight line in between."""
        c, end = self.case, start + step
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

    def energy(self, seconds: float, power: Array, withheld: Array, duty: Array, boundary: Array) -> None:
        """Heat flows of one stage and the time they stand for."""
        self.power += seconds * power
        self.withheld += seconds * withheld
        self.duty += seconds * duty
        self.boundary += seconds * boundary
        self.exchanged += seconds * (np.abs(power).sum(axis=0) + np.abs(duty).sum(axis=0))

"""Second search for scenarios whose controls have not settled: many starts at once, then a walk that cannot get stuck.

Both work on the *closing* of an actuator, 0..1, in which residuals rise: speed and stroke over their range, and how
far a throttle is shut.  The responses are continuous on a closed box, so a settled state exists (Hartman and
Stampacchia 1966); it is a zero of the normal map ``r(P(z)) + z - P(z)``, P the projection onto the box.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .control_actuators import LEAST_FLOW, Index
from .control_walk import Walk

if TYPE_CHECKING:
    from .control_search import Search

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

STARTS = (0.0, 0.5, 0.95)
"""Closings of all actuators from which a scenario is searched at once; the walk begins in the middle."""
STEPS = 25
"""Newton steps of each."""
SHARES = (1.0, 0.5, 0.2, 0.05)
"""Shares of a Newton step that are tried together; the best is taken."""
NUDGE = 1e-4
"""Difference for slopes: small against the range, large against the solver's 1e-9 of the flow. [-]"""
PAYS = 0.999
"""A start is given up where the distance does not fall by this factor."""
TIRED = 4
"""... in so many steps one after another."""
WIDTHS = 0.25 * 0.3 ** np.arange(12)
"""Widths of the grids of the walk, one after the other; the last is below what a residual may miss. [-]"""
DECADES = 2.0
"""An equal-percentage throttle of so many decades, so that small flows are as well resolved as large ones; assumed."""
THIN = 0.05
"""Share of the largest flow of any throttle that every throttle is sized for at least; assumed."""
LEAST_OPENING = 1e-3
"""Opening below which a throttle is shut altogether. [-]"""


class Rescue:
    """Scenarios ``rows`` of a search that are not settled."""

    def __init__(self, search: Search, rows: Index) -> None:
        self.search, self.rows = search, rows
        self.size = len(search.actuators)
        self.fixed = search.idle | np.array([a.given for a in search.actuators])
        self.reference = self._reference()
        self.least = np.where(search.throttle, 1.0 - LEAST_OPENING, 1.0)

    def _reference(self) -> Array:
        """(S, K) drop coefficient of a throttle that drops its set point at the largest flow it has had, wide open too."""
        search = self.search
        knob = search.knob.copy()
        knob[self.rows] = np.where(search.throttle, 0.0, search.high)
        knob = np.where(self.fixed, search.knob, knob)
        _, _, flow = search.evaluate(self.rows, knob[self.rows])
        least = THIN * np.maximum(
            np.maximum(search.largest[self.rows], flow).max(axis=1, keepdims=True), LEAST_FLOW
        )
        search.largest[self.rows] = np.maximum(search.largest[self.rows], np.maximum(flow, least))
        return np.asarray(search.unit / np.maximum(search.largest, LEAST_FLOW) ** 2)

    def knob(self, rows: Index, closing: Array) -> Array:
        """Knobs of closings."""
        search = self.search
        opening = 1.0 - closing
        share = opening * 10.0 ** (-DECADES * closing)
        with np.errstate(divide="ignore"):
            coefficient = self.reference[rows] * (1.0 / share**2 - 1.0)
        coefficient = np.where(opening < LEAST_OPENING, np.inf, coefficient)
        high = np.where(search.throttle, 1.0, search.high)
        plain = np.where(closing >= 1.0, high, search.low + closing * (high - search.low))
        moved = np.where(search.throttle, coefficient, plain)
        return np.where(self.fixed[rows], search.knob[rows], moved)

    def residual(self, rows: Index, closing: Array) -> Array:
        """Residuals at closings; those of shut throttles that cut off a demand are seen a little before they are shut."""
        _, residual, _ = self.search.evaluate(rows, self.knob(rows, closing))
        ajar = np.minimum(closing, self.least)
        cut = np.flatnonzero(~self.search.served & (ajar < closing).any(axis=1))
        if cut.size:
            residual[cut] = self.search.evaluate(rows[cut], self.knob(rows[cut], ajar[cut]))[1]
        return np.where(self.fixed[rows], 0.0, residual)

    def leaking(self, rows: Index, closing: Array) -> Array:
        """Residuals with throttles that never shut altogether: these are continuous, whatever hangs behind a valve."""
        _, residual, _ = self.search.evaluate(rows, self.knob(rows, np.minimum(closing, self.least)))
        return np.where(self.fixed[rows], 0.0, residual)

    def run(self) -> Index:
        """Scenarios that are still not settled."""
        starts = np.broadcast_to(np.array(STARTS)[:, None], (self.rows.size, len(STARTS), self.size))
        left = self._newton(self.rows, np.array(starts))
        left = left[~self.search.cut[left]]
        return np.array([row for row in left if not self._walked(int(row))], np.intp)

    def _newton(self, rows: Index, starts: Array) -> Index:
        """Newton's method from all starts of all scenarios side by side; scenarios that stay unsettled."""
        where = np.repeat(rows, starts.shape[1])
        at = starts.reshape(-1, self.size)
        value = self.residual(where, at)
        tired = np.zeros(where.size, int)
        for _ in range(STEPS):
            found = self._settle(where, at, value)
            alive = (tired < TIRED) & ~np.isin(where, found)
            where, at, value, tired = where[alive], at[alive], value[alive], tired[alive]
            if not where.size:
                break
            self.search.iterations += 1
            step = self._step(where, at, value)
            before = _distance(at, value)
            trial = np.clip(at + np.array(SHARES)[:, None, None] * step, 0.0, 1.0)
            flat = trial.reshape(-1, self.size)
            seen = self.residual(np.tile(where, len(SHARES)), flat).reshape(trial.shape)
            best = np.argmin(_distance(trial, seen), axis=0)
            pick = np.arange(where.size)
            at, value = trial[best, pick], seen[best, pick]
            tired = np.where(_distance(at, value) < PAYS * before, 0, tired + 1)
        self._settle(where, at, value)
        return rows[~self.search.settled()[rows]]

    def _step(self, rows: Index, at: Array, value: Array) -> Array:
        """Newton step between the bounds."""
        from .control_search import box_step, regular

        count = rows.size
        side = np.where(at > 0.5, -NUDGE, NUDGE)
        moved = at[:, None, :] + side[:, :, None] * np.eye(self.size)
        beside = self.residual(np.repeat(rows, self.size), moved.reshape(-1, self.size))
        change = beside.reshape(count, self.size, self.size) - value[:, None, :]
        slope = (change / side[:, :, None]).transpose(0, 2, 1)
        slope = np.where(self.fixed[rows][:, :, None], np.eye(self.size), slope)
        return np.where(self.fixed[rows], 0.0, box_step(regular(slope), value, -at, 1.0 - at))

    def _settle(self, where: Index, at: Array, value: Array) -> Index:
        """Give the search the first start of every scenario that solves it; the scenarios solved."""
        good = np.flatnonzero(_distance(at, value) <= self.search.tolerance)
        if not good.size:
            return np.zeros(0, np.intp)
        rows, first = np.unique(where[good], return_index=True)
        closing, search = at[good[first]], self.search
        before = (search.level, search.residual, search.flow, search.knob)
        kept = [values[rows].copy() for values in before]
        knob = self.knob(rows, closing)
        measured = search.evaluate(rows, knob)
        served = search.served
        search.accept(rows, *measured, knob)
        settled = search.settled()[rows] & served
        # all controls are met or at a bound, but for a throttle that cannot go to its bound without cutting off a demand
        cut = ~served
        if cut.any():
            ajar = self.knob(rows[cut], np.minimum(closing[cut], self.least))
            search.accept(rows[cut], *search.evaluate(rows[cut], ajar), ajar)
            search.cut[rows[cut]] = True
        lost = ~settled & ~cut
        search.accept(rows[lost], *(values[lost] for values in kept))
        search.cut[rows[settled]] = False
        return rows[settled]

    def _walked(self, row: int) -> bool:
        """Walk from coarse to fine grids, with Newton's method from where each walk ends."""
        only = np.array([row])

        def normal(z: Array) -> Array:
            inside = np.clip(z, 0.0, 1.0)
            residual = self.leaking(only, inside[None])[0]
            return residual / (1.0 + np.abs(residual)) + z - inside

        start = np.full(self.size, 0.5)
        for width in WIDTHS:
            found = Walk(normal, start, width).run()
            if found is None:
                return False
            start = found
            left = self._newton(only, np.clip(found, 0.0, 1.0)[None, None])
            if not left.size or self.search.cut[row]:
                return not left.size
        return False


def _distance(at: Array, value: Array) -> Array:
    """How far residuals are from being zero, or from being explained by a bound; (..., K) -> (...)."""
    natural = np.maximum(np.minimum(value, at), at - 1.0)
    natural = np.where((at <= 0.0) & (value > 0.0) | (at >= 1.0) & (value < 0.0), 0.0, natural)
    return np.asarray(np.abs(natural).max(axis=-1))

"""Newton-Raphson iteration of the power-flow equations of several scenarios, each with its own damping."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.power.newton_system import State, System
from solvers.power.sweep import CONVERGED, DIVERGED, MAX_ITERATIONS, ROUNDING, SINGULAR

Array = NDArray[Any]
HALVINGS = 10
"""Most times a Newton step is halved while the sum of squares of the residual grows (assumed)."""


class Outcome(NamedTuple):
    """Where the iteration of each scenario ended."""

    state: State
    ending: Array
    """(lanes,)."""
    residual: Array
    """(lanes,) largest complex mismatch. [p.u.]"""
    iterations: int


def iterate(system: System, start: State, tolerance: Array, max_iterations: int) -> Outcome:
    """Iterate until every scenario is below its ``tolerance`` (lanes,) [p.u.], as good as rounding lets it be, or given up.

    Notes
    -----
    A step is halved while the sum of squares of a scenario's residual grows; the Newton step is a direction of
    descent of that sum, so that the iteration ends either at a solution or where it cannot improve.  Scenarios
    that are done are frozen, and left out when they are half of what is being worked on.
    """
    return _Iteration(system, start, tolerance).run(max_iterations)


class _Iteration:
    def __init__(self, system: System, start: State, tolerance: Array) -> None:
        self.whole, self.state = system, State(*(column.copy() for column in start))
        self.system, self.part = system, start
        self.points, self.units = np.arange(system.lane.size), np.arange(start.output.size)
        self.present = np.zeros(system.lanes, dtype=bool)
        self.present[system.lane] = True
        self.ending = np.full(system.lanes, CONVERGED)
        self.worst = np.zeros(system.lanes)
        self.tolerance, self.rounding = tolerance, ROUNDING * _scale(system)
        self._look()

    def _look(self) -> None:
        """Residual of the part being worked on."""
        with np.errstate(all="ignore"):
            self.voltage = self.part.voltage()
            lacking = self.system.lacking(self.part, self.voltage)
            self.left = self.system.residual(self.part, lacking)
        self.merit = _squares(self.system, self.left)
        worst = largest(self.system, self.left, lacking)
        self.worst[self.present] = worst[self.present]

    def run(self, max_iterations: int) -> Outcome:
        active = self.present & (self.worst > self.tolerance)
        taken = 0
        while active.any() and taken < max_iterations:
            taken += 1
            if 2 * active.sum() <= self.present.sum():
                self._narrow(active)
            before = self.worst.copy()
            stalled, code = self._step(active)
            fine = self.worst <= self.tolerance
            # rounding stops the last steps short; what it leaves of a stiff network is the best there is
            fine |= (self.worst <= self.rounding) & (stalled | (self.worst > 0.5 * before))
            self.ending[active & stalled & ~fine] = code
            active = active & ~fine & ~stalled
        self.ending[active & (self.worst > self.rounding)] = MAX_ITERATIONS
        self._store()
        return Outcome(self.state, self.ending, self.worst, taken)

    def _store(self) -> None:
        for column, part, at in zip(
            self.state, self.part, (self.points, self.points, self.units), strict=True
        ):
            column[at] = part

    def _narrow(self, active: Array) -> None:
        """Go on with the active scenarios alone."""
        self._store()
        self.system, self.points, self.units = self.whole.lanes_only(active)
        self.part = self.state.take(self.points, self.units)
        self.present = active.copy()
        self._look()

    def _step(self, active: Array) -> tuple[Array, int]:
        """One damped Newton step of all active scenarios; tells which of them no longer improve, and why."""
        system, before, merit, worst = self.system, self.part, self.merit, self.worst.copy()
        try:
            with np.errstate(all="ignore"):  # a scenario that ran away spoils no other; its merit tells
                step = -system.pattern.solve(system, before, self.voltage, self.left)
        except RuntimeError:  # an exact zero pivot: with several scenarios the caller finds which is to blame
            if self.present.sum() > 1:
                raise
            return active, SINGULAR
        length = np.where(active, 1.0, 0.0)
        for _ in range(HALVINGS + 1):
            self.part = system.moved(before, step, length)
            self._look()
            worse = active & ~(self.merit < merit)
            if not worse.any():
                return worse, DIVERGED
            length[worse] *= 0.5
        length[worse] = 0.0
        self.part = system.moved(before, np.where(worse[system.unknown_lane], 0.0, step), length)
        self._look()
        self.worst[worse] = worst[worse]
        return worse, DIVERGED


def largest(system: System, left: Array, lacking: Array) -> Array:
    """(lanes,) largest mismatch of each scenario; infinite where it is not a number."""
    counted = np.zeros(lacking.size, dtype=complex)
    counted[system.turning] = lacking[system.turning].real
    counted[system.sizing] = np.where(system.direct, lacking[system.sizing].real, lacking[system.sizing])
    units = left[left.size - system.converters.output.size :]
    worst = np.zeros(system.lanes)
    with np.errstate(all="ignore"):
        np.maximum.at(worst, system.lane, np.nan_to_num(np.abs(counted), nan=np.inf))
        np.maximum.at(worst, system.lane[system.converters.output], np.nan_to_num(np.abs(units), nan=np.inf))
    return worst


def _squares(system: System, left: Array) -> Array:
    """(lanes,) sum of squares of the residual; infinite where it is not a number."""
    with np.errstate(all="ignore"):
        total = np.bincount(system.unknown_lane, left * left, system.lanes)
    return np.nan_to_num(total, nan=np.inf)


def _scale(system: System) -> Array:
    """(lanes,) largest power or admittance: rounding cannot balance power better than these allow."""
    size = np.maximum(np.abs(system.demand - system.generation), np.abs(system.matrix.diagonal()))
    scale = np.zeros(system.lanes)
    np.maximum.at(scale, system.lane, size)
    return scale

"""Reactive limits of generators: a machine at a limit gives up its voltage, and takes it back when it can."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.newton_busbars import Busbars
from solvers.power.newton_iterate import Outcome, iterate
from solvers.power.newton_nodes import Nodes
from solvers.power.newton_system import System
from solvers.power.sweep import CONVERGED, MAX_ITERATIONS

Array = NDArray[Any]
RETURNS = 3
"""Times the machines of a point may take their voltage back before they are left at their limit (assumed)."""
ROUNDS = 50
"""Most rounds of giving up and taking back (assumed; MATPOWER cases need at most 6)."""


class Reactive:
    """Limits of the machines of each point together."""

    def __init__(self, nodes: Nodes, busbars: Busbars, system: System) -> None:
        problem, machine = nodes.problem, nodes.generator
        self.point = busbars.point[machine.node]
        self.low = problem.generator_q_min[machine.element] / problem.base_power
        self.high = problem.generator_q_max[machine.element] / problem.base_power
        self.least = np.bincount(self.point, self.low, busbars.points)
        self.most = np.bincount(self.point, self.high, busbars.points)
        self.wanted = system.magnitude
        self.at_limit = np.zeros(busbars.points, dtype=int)
        """(points,) -1 or 1: at the lower or upper limit."""

    def enforce(
        self, outcome: Outcome, system: System, points: Array, tolerance: Array, max_iterations: int
    ) -> Outcome:
        """Repeat the iteration until every point keeps its voltage or sits at a limit for a reason.

        ``points`` are those of ``system`` among all.
        """
        least, most, wanted = self.least[points], self.most[points], self.wanted[points]
        if not np.any((wanted > 0) & (np.isfinite(least) | np.isfinite(most))):
            return outcome
        base, at_limit, returned = system.generation, np.zeros(points.size, dtype=int), np.zeros(points.size)
        for _ in range(ROUNDS):
            state, iterations = outcome.state, outcome.iterations
            settled = (outcome.ending == CONVERGED)[system.lane]
            made = system.lacking(state, state.voltage()).imag
            # what rounding leaves is no violation; the mismatch of a solved point is below its tolerance
            slack = np.maximum(tolerance, outcome.residual)[system.lane]
            holds = settled & (wanted > 0) & (at_limit == 0)
            over, under = holds & (made > most + slack), holds & (made < least - slack)
            margin = (state.size - wanted) * at_limit
            back = settled & (at_limit != 0) & (margin > slack) & (returned < RETURNS)
            if not (over | under | back).any():
                break
            at_limit = np.where(over, 1, np.where(under, -1, np.where(back, 0, at_limit)))
            returned += back
            bound = np.where(at_limit > 0, most, least)
            system = replace(
                system,
                magnitude=np.where(at_limit == 0, wanted, 0.0),
                generation=base + 1j * np.where(at_limit == 0, 0.0, bound),
            )
            state = state._replace(size=np.where(system.magnitude > 0, system.magnitude, state.size))
            failed = outcome.ending
            limit = np.where(failed == CONVERGED, tolerance, np.inf)
            outcome = iterate(system, state, limit, max_iterations)
            outcome = outcome._replace(
                ending=np.maximum(outcome.ending, failed), iterations=outcome.iterations + iterations
            )
        else:
            unsettled = np.unique(system.lane[over | under | back])
            outcome.ending[unsettled] = np.maximum(outcome.ending[unsettled], MAX_ITERATIONS)
        self.at_limit[points] = at_limit
        return outcome

    def limit(self) -> Array:
        """-1, 0 or 1 for each machine."""
        return np.asarray(self.at_limit[self.point])

    def divide(self, made: Array) -> Array:
        """Reactive power of each machine: equal parts of what its point (``made``) needs, within its limits."""
        if not self.point.size:
            return np.zeros(0)
        count = np.bincount(self.point, minlength=made.size)[self.point]
        even = made[self.point] / count
        part = np.clip(even, self.low, self.high)
        for _ in range(int(count.max())):  # each round at least one machine of a point reaches its limit
            rest = made - np.bincount(self.point, part, made.size)
            up = rest[self.point] > 0
            room = np.where(up, part < self.high, part > self.low)
            able = np.bincount(self.point, room, made.size)[self.point]
            part = np.where(
                room, np.clip(part + rest[self.point] / np.maximum(able, 1), self.low, self.high), part
            )
        rest = made - np.bincount(self.point, part, made.size)  # rounding, and what a failed machine leaves
        return np.asarray(part + rest[self.point] / count)

"""A second way to the solution for scenarios whose Newton iteration failed: along a growing share of their loads
and generation, each solution being the start of the next.

It follows the upper branch of the P-V curve.  A state with a voltage below 0.2 of that without load is taken for one
of the lower branch, and accepted only if this way leads to it too (loads of constant impedance may).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.newton_iterate import Outcome, iterate
from solvers.power.newton_system import State, System
from solvers.power.sweep import COLLAPSED, CONVERGED, DIVERGED

Array = NDArray[Any]
STEPS = 20
"""Newton steps given to each share (assumed: from a near solution four to eight are usual)."""
ROUNDS, SMALLEST = 20, 1.0 / 32.0
"""Most steps along the share, and the smallest before it is given up (assumed: beyond the nose about eight steps
are wasted)."""


def solve_from(
    system: System, start: State, unloaded: State, tolerance: Array, max_iterations: int
) -> tuple[Outcome, Array]:
    """:func:`iterate`; where that fails or finds a collapsed state, again along a growing share from ``unloaded``.

    Returns
    -------
    The outcome, and the largest share (lanes,) of loads and generation that was solved. [-]
    """
    outcome = iterate(system, start, tolerance, max_iterations)
    sunk = np.zeros(system.lanes, dtype=bool)
    sunk[system.lane[outcome.state.size < COLLAPSED * unloaded.size]] = True
    outcome.ending[sunk] = np.maximum(outcome.ending[sunk], DIVERGED)
    failed = outcome.ending != CONVERGED
    reached = np.where(failed, 0.0, 1.0)
    if not failed.any():
        return outcome, reached
    part, points, units = system.lanes_only(failed)
    state, taken = unloaded.take(points, units), outcome.iterations
    step, pending = np.full(system.lanes, 0.5), failed
    share = np.zeros(system.lanes)
    for _ in range(ROUNDS):
        factor = share[part.lane]
        limit = np.where(pending, tolerance, np.inf)
        trial = iterate(part.scaled(factor, factor), state, limit, min(max_iterations, STEPS))
        taken += trial.iterations
        good = pending & (trial.ending == CONVERGED)
        state = _chosen(part, good, trial.state, state)
        outcome.residual[good & (share == 1.0)] = trial.residual[good & (share == 1.0)]
        step = np.where(good, np.where(share > 0, 1.5, 1.0), 0.5) * step
        reached = np.where(good, share, reached)
        pending = pending & (reached < 1.0) & (step >= SMALLEST) & (good | (share > 0))
        if not pending.any():
            break
        share = np.minimum(reached + step, 1.0)
    outcome.ending[failed & (reached == 1.0)] = CONVERGED
    for column, new, at in zip(outcome.state, state, (points, points, units), strict=True):
        column[at] = new
    return outcome._replace(iterations=taken), reached


def _chosen(system: System, good: Array, new: State, old: State) -> State:
    """The new state in the ``good`` scenarios."""
    point, unit = good[system.lane], good[system.lane[system.converters.output]]
    return State(
        np.where(point, new.angle, old.angle),
        np.where(point, new.size, old.size),
        np.where(unit, new.output, old.output),
    )

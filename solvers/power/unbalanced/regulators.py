"""Step-voltage regulators with line-drop compensation: which taps move next.

The relay sees the voltage of the to coil over the ratio of its voltage transformer, less the drop that the coil
current causes in the compensator: V_relay = V / n_pt - (I / I_ct) (R + jX).  While |V_relay| is outside
target +- band / 2 the regulator steps towards it, one tap at a time; of all that want to move, those with the
smallest delay do.  That is the time sequence of real controls with staggered delays (W. H. Kersting, Distribution
System Modeling and Analysis, ch. 7, as quoted), and it makes the final positions independent of the order of lists.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.unbalanced.problem import UnbalancedProblem

Array = NDArray[Any]


def relay_voltage(problem: UnbalancedProblem, node_voltage: Array, unit_current_to: Array) -> Array:
    """(S, R) complex voltage that each relay compares with its target. [V]"""
    unit = problem.regulator_unit
    volts = np.concatenate([node_voltage, np.zeros((node_voltage.shape[0], 1))], axis=1)
    ends = problem.unit_to[unit]
    coil = volts[:, ends[:, 0]] - volts[:, ends[:, 1]]
    drop = unit_current_to[:, unit] / problem.regulator_ct_rating * problem.regulator_drop
    return np.asarray(coil / problem.regulator_pt_ratio - drop)


def moves(problem: UnbalancedProblem, tables: dict[str, Array], taps: Array) -> Array:
    """(S, R) steps of -1, 0 or 1 that regulators at ``taps`` take next; a dead regulator rests."""
    size = np.abs(relay_voltage(problem, tables["node_voltage"], tables["unit_current_to"]))
    half = 0.5 * problem.regulator_band
    step = (size < problem.regulator_target - half).astype(int) - (size > problem.regulator_target + half)
    step = np.where(np.abs(taps + step) > problem.regulator_positions, 0, step)
    step = np.where(size > 0, step, 0)
    delay = np.broadcast_to(problem.regulator_delay, step.shape)
    soonest = np.where(step != 0, delay, np.inf).min(axis=1, keepdims=True)
    return np.asarray(np.where(delay <= soonest, step, 0))

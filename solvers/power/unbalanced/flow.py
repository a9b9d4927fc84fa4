"""Unbalanced power flow: :func:`solve` a problem, or :func:`prepare` it and solve it for many loads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.unbalanced.network import State
from solvers.power.unbalanced.problem import UnbalancedProblem
from solvers.power.unbalanced.run import Run
from solvers.power.unbalanced.solution import OUTPUTS, UnbalancedSolution
from solvers.power.unbalanced.states import States
from solvers.power.unbalanced.voltages import Method
from solvers.status import SolveError

Array = NDArray[Any]


def solve(
    problem: UnbalancedProblem,
    *,
    method: Method = "auto",
    tolerance: float = 1e-9,
    control: bool = True,
    outputs: Iterable[str] | None = None,
    raise_on_failure: bool = False,
) -> UnbalancedSolution:
    """Solve all scenarios.

    Parameters
    ----------
    method : "auto" takes the compiled sweep for at least 8 scenarios of a radial three-phase network (see
        :mod:`~solvers.power.unbalanced.radial`) with 60,000 nodes times scenarios, else current injection, and
        Newton for what does not settle.
        "sweep", "injection" and "newton" ask for one of them; what they cannot solve is reported as failed.
    tolerance : largest accepted change of a voltage in the last pass, in per unit of the nominal voltage, and
        largest complex power mismatch of a node, in per unit of ``base_power``. [-]
    control : let regulators move; else they stay at ``regulator_tap``.
    outputs : names of array fields of the solution to work out; None = all.
    raise_on_failure : raise :class:`~solvers.status.SolveError` if any scenario fails.

    Raises
    ------
    ValueError
        For an unknown output or method, or ``method="sweep"`` on a network that is not of its class.

    Notes
    -----
    Left out: saturation and inrush, harmonics, frequency dependence, thermal state of conductors, current
    limits.  Line-drop compensators see the fundamental only; regulators move one tap at a time, those with the
    smallest delay first.

    Examples
    --------
    One line of 1 ohm and a load of constant impedance of 99 ohm on 100 V: 1 A.
    """
    return Prepared(problem).solve(
        method=method,
        tolerance=tolerance,
        control=control,
        outputs=outputs,
        raise_on_failure=raise_on_failure,
    )


def prepare(problem: UnbalancedProblem) -> Prepared:
    """Keep what does not depend on the loads (merged nodes, factors, sweep order) for further solves."""
    return Prepared(problem)


class Prepared:
    """A problem whose factors and orders are kept; see :func:`prepare`."""

    def __init__(self, problem: UnbalancedProblem) -> None:
        self.problem = problem
        self.states = States(problem)

    def solve(
        self,
        load_power: ArrayLike | None = None,
        *,
        method: Method = "auto",
        tolerance: float = 1e-9,
        control: bool = True,
        outputs: Iterable[str] | None = None,
        raise_on_failure: bool = False,
    ) -> UnbalancedSolution:
        """As :func:`solve`, with other ``load_power`` (S, L) or (L,) if given. [VA]"""
        if method not in ("auto", "sweep", "injection", "newton"):
            raise ValueError(f"method must be auto, sweep, injection or newton, got {method!r}")
        wanted = OUTPUTS if outputs is None else frozenset(outputs)
        if not wanted <= OUTPUTS:
            raise ValueError(f"outputs has unknown names: {sorted(wanted - OUTPUTS)}")
        if not 0 < tolerance < 1:
            raise ValueError(f"tolerance must be in (0, 1), got {tolerance}")
        run = Run(self.states, self._loads(load_power), method, tolerance, wanted)
        solution = run.solution(control)
        if raise_on_failure and not solution.status.ok:
            raise SolveError(solution.status, solution.detail)
        return solution

    def _loads(self, load_power: ArrayLike | None) -> Array:
        problem = self.problem
        if load_power is None:
            return np.asarray(problem.load_power)
        power = np.ascontiguousarray(np.atleast_2d(np.asarray(load_power)), dtype=complex)
        if power.ndim != 2 or power.shape[1] != problem.load_from.size:
            raise ValueError(
                f"load_power has shape {np.shape(load_power)}, expected (S, {problem.load_from.size})"
            )
        if not np.all(np.isfinite(power)):
            raise ValueError("load_power has a value that is not finite")
        fixed = {
            getattr(problem, n).shape[0] for n in (*State._fields, "source_voltage", "regulator_tap")
        } - {1}
        if fixed and power.shape[0] not in (*fixed, 1):
            raise ValueError(f"load_power has {power.shape[0]} scenarios, the problem {max(fixed)}")
        return power

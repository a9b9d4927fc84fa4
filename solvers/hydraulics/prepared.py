"""A network ready for many duties: checked, planned, solved by the compiled kernel or by numpy."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..status import SolveError, Status
from .answer import Answer
from .case import Case
from .duty import Duty
from .friction import FrictionLaw
from .newton import Flow, solve_flow
from .pipework import Index, Pipework
from .scenarios import Rows, distinct

if TYPE_CHECKING:
    from .network import Problem, Solution

CHUNK = 40_000
"""Links times scenarios that numpy works on at once; bounds memory.  Measured: slower below, flat above."""

COMPILED_FROM = 50_000
"""Links times scenarios from which the compiled kernel is used.  Measured: to load it takes 0.35 s once in a process
(the first time ever some 25 s more), numpy 1.5 us for each; assumed: five such calls."""

LEAST_TOLERANCE = 1e-11
"""Imbalance over the largest flow that is rounding, whatever is asked for: flows below that are set to zero."""
TRIED_AGAIN = 64
"""Most scenarios without an answer that numpy tries after the compiled kernel.  It tells flow beyond a stop from rounding
where two valves in series are about to open: needed by one state in 1,000 of random networks, none of brutal ones."""


class Prepared:
    """A checked network; :meth:`solve` may be called from several threads."""

    def __init__(self, problem: Problem, friction: FrictionLaw, compiled: bool | None) -> None:
        if friction not in ("colebrook", "swamee_jain"):
            raise ValueError(f'friction must be "colebrook" or "swamee_jain", got {friction!r}')
        self.pipework = Pipework.of(problem)
        self.duty = Duty.of(problem, self.pipework)
        self.duty.pumps(self.pipework)
        self._friction, self._compiled = friction, compiled
        self._layout: Any = None

    def solve(
        self,
        *,
        tolerance: float = 1e-9,
        max_iterations: int = 60,
        raise_on_failure: bool = False,
        **varied: ArrayLike,
    ) -> Solution:
        """Solve with some arrays replaced.

        Parameters
        ----------
        tolerance, max_iterations, raise_on_failure : see :func:`solvers.hydraulics.network.solve`.
        varied : array_like
            New values of ``node_demand``, ``fixed_pressure``, ``link_device_coefficient``, ``link_pump_head``,
            ``link_pump_speed``, ``link_limit``, ``link_open`` or ``link_viscosity``, shaped as in the problem; the rest
            keeps the problem's.

        Raises
        ------
        ValueError
            Another field, impossible values, arrays that disagree on the number of scenarios, or such a tolerance.
        SolveError
            Some scenario failed and ``raise_on_failure`` is set.
        """
        if not 0.0 < tolerance < 1.0:
            raise ValueError(f"tolerance is {tolerance}, not between 0 and 1")
        duty = self.duty.changed(varied, self.pipework)
        by = self._by_kernel if self._compile(duty) else self._by_numpy
        answer, row_of = by(duty, tolerance, max_iterations)
        solution = self._solution(duty, answer, row_of, tolerance)
        if raise_on_failure and not solution.status.ok:
            worst = float(solution.residual.max(initial=0.0))
            raise SolveError(
                solution.status, f"{int((~solution.scenario_ok).sum())} scenarios, residual {worst:.1e}"
            )
        return solution

    def _compile(self, duty: Duty) -> bool:
        if self._compiled is None:
            return duty.scenarios * self.pipework.link_count >= COMPILED_FROM and compiler_there()
        return self._compiled

    def _by_kernel(self, duty: Duty, tolerance: float, max_iterations: int) -> tuple[Answer, Index | None]:
        """Distinct scenarios, and which of them each row is, None where all are distinct."""
        from . import network_compiled

        plan = self._layout
        if plan is None or not plan.serves(duty):
            self._layout = plan = network_compiled.layout(
                self.pipework, self.duty, duty, self._friction, plan
            )
        answer, row_of = network_compiled.solve_compiled(
            self.pipework, duty, plan, tolerance, max_iterations, self._friction
        )
        if not answer.converged.all():
            self._try_again(duty, answer, row_of, tolerance, max_iterations)
        return answer, row_of

    def _try_again(
        self, duty: Duty, answer: Answer, row_of: Index | None, tolerance: float, max_iterations: int
    ) -> None:
        """Put what numpy makes of the scenarios that the kernel has not solved in its place."""
        left = np.flatnonzero(~answer.converged)
        if left.size > TRIED_AGAIN:
            return
        first = left if row_of is None else np.unique(row_of, return_index=True)[1][left]
        again = self._numpy(duty, first, tolerance, max_iterations)
        for ours, theirs in zip(answer[:-1], again[:-1], strict=True):
            ours[left[again.converged]] = theirs[again.converged]

    def _by_numpy(self, duty: Duty, tolerance: float, max_iterations: int) -> tuple[Answer, Index | None]:
        keep, row_of = distinct(duty.arrays.values())
        answer = self._numpy(duty, keep, tolerance, max_iterations)
        return answer, None if keep.size == row_of.size else row_of

    def _numpy(self, duty: Duty, keep: Index, tolerance: float, max_iterations: int) -> Answer:
        """The scenarios ``keep``."""
        case = Case.of(self.pipework, duty, keep)
        step = max(1, CHUNK // max(case.link_count, 1))
        with np.errstate(
            over="ignore", invalid="ignore", divide="ignore"
        ):  # what is not finite is found below
            parts = [
                solve_flow(
                    case.take(np.arange(i, min(i + step, case.scenarios))),
                    tolerance,
                    max_iterations,
                    self._friction,
                )
                for i in range(0, case.scenarios, step)
            ]
            return _gathered(self.pipework, case, parts)

    def _solution(self, duty: Duty, answer: Answer, row_of: Index | None, tolerance: float) -> Solution:
        """The distinct scenarios spread over the rows of the problem again."""
        from .network import Solution

        ok = answer.converged & (answer.mass_error <= max(tolerance, LEAST_TOLERANCE))
        status = Status.CONVERGED
        if not ok.all():
            status = Status.INFEASIBLE if answer.converged.all() else Status.MAX_ITERATIONS

        def spread(array: Rows) -> Rows:
            return array if row_of is None else array[row_of]

        return Solution(
            status=status,
            scenario_ok=spread(ok),
            iterations=answer.iterations,
            residual=spread(answer.residual),
            node_pressure=spread(answer.pressure),
            link_flow=spread(answer.flow),
            link_limited=spread(answer.limited),
            mass_error=spread(answer.mass_error),
            node_connected=spread(answer.connected),
            _pipework=self.pipework,
            _viscosity=duty.viscosity,
        )


def _gathered(pipework: Pipework, case: Case, parts: list[Flow]) -> Answer:
    """The chunks of the numpy solver behind each other, a row for each scenario.

    Scenarios with a number that is not finite become ones without flow and pressure that have not converged.
    """
    flow, head, limited, connected = (
        np.concatenate([getattr(part, name) for part in parts], axis=1)
        for name in ("flow", "head", "limited", "connected")
    )
    residual, converged = (
        np.concatenate([getattr(p, name) for p in parts]) for name in ("residual", "converged")
    )
    finite = np.isfinite(flow).all(axis=0) & np.isfinite(head).all(axis=0)
    if not finite.all():
        flow, head = np.where(finite, flow, 0.0), np.where(finite, head, 0.0)
        limited, connected = limited & finite, connected & finite
        converged = converged & finite
    free = np.ones(case.node_count, bool)
    free[case.fixed] = False
    largest = np.abs(flow).max(axis=0, initial=0.0)
    demand = np.abs(case.full("demand")).max(axis=0, initial=0.0)
    scale = np.maximum(np.maximum(largest, demand), 1e-300)
    pressure = np.where(connected, head - pipework.hydrostatic[:, None], 0.0)
    error = np.abs(case.balance(flow)[free]).max(axis=0, initial=0.0) / scale
    return Answer(
        flow=np.ascontiguousarray(flow.T),
        pressure=np.ascontiguousarray(pressure.T),
        limited=np.ascontiguousarray(limited.T),
        connected=np.ascontiguousarray(connected.T),
        residual=np.where(np.isfinite(residual), residual, 1.0),
        mass_error=np.where(finite & np.isfinite(error), error, 1.0),
        converged=converged,
        iterations=max((p.iterations for p in parts), default=0),
    )


@cache
def compiler_there() -> bool:
    return find_spec("numba") is not None

"""Prospective short-circuit currents at every bus after IEC 60909-0:2016, all scenarios in one call."""

from __future__ import annotations

from collections.abc import Sequence as Many
from dataclasses import fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from solvers.power.factor import SingularMatrix
from solvers.power.faults.case import CaseCurrents, Question, evaluate
from solvers.power.faults.network import row, topology
from solvers.power.faults.problem import FaultCurrents, FaultProblem
from solvers.status import SolveError, Status

Array = NDArray[Any]

CASES = ("max", "min")
FAULTS = ("three_phase", "line_line", "line_ground")
PeakMethod = Literal["B", "C"]


def short_circuit(
    problem: FaultProblem,
    *,
    cases: Many[str] = CASES,
    faults: Many[str] = FAULTS,
    peak: PeakMethod | None = "C",
    breaking_time: float | None = None,
    partial: bool = True,
    compiled: bool = True,
    raise_on_failure: bool = False,
) -> FaultCurrents:
    """Find the currents of bolted short circuits at every bus of every scenario.

    Parameters
    ----------
    cases : "max", "min" or both: greatest and smallest currents (voltage factor c, feeders, motors, temperature).
    faults : of "three_phase", "line_line", "line_ground"; the three-phase ones are always found.
    peak : "C" (equivalent frequency 20/24 Hz), "B" (R/X at the fault, times 1.15 in meshed parts with R/X >= 0.3)
        or None (no peak currents).
    breaking_time : minimum time delay for which the breaking current is wanted, None = not wanted. [s]
    partial : whether the currents of branches and sources at their own buses are wanted.
    compiled : use the compiled kernel; without, the work grows with the square of the number of buses.
    raise_on_failure : raise :class:`solvers.status.SolveError` if a scenario fails instead of reporting it.

    Raises
    ------
    ValueError
        For an unknown case, fault or method.

    Notes
    -----
    Equivalent voltage source at the fault; line capacitances, loads and tap positions are neglected as the
    standard has it; Z_(2) = Z_(1).  Fault impedance, double faults to earth and currents of isolated networks
    to earth (capacitive) are not modelled.  The answer holds up to 16 numbers for every bus and 8 for every
    branch, per case and scenario: give large batches in blocks of scenarios, or ask for less.

    Examples
    --------
    One feeder of S_k'' and nothing else: I_k'' = S_k'' / (sqrt(3) U_n), whatever c is.
    """
    question = _question(cases, faults, peak, breaking_time, partial, compiled)
    known: dict[bytes, tuple[list[CaseCurrents], Array, Status]] = {}
    answers = []
    for scenario in range(problem.scenarios):
        key = b"".join(
            row(getattr(table, one.name), scenario).tobytes()
            for table in problem.tables()
            for one in fields(table)
            if one.metadata["scenario"]
        )
        if key not in known:
            known[key] = _scenario(problem, scenario, tuple(cases), question)
        answers.append(known[key])
    status = np.array([answer[2] for answer in answers], dtype=object)
    if raise_on_failure and any(not one.ok for one in status):
        worst = int(np.flatnonzero([not one.ok for one in status])[0])
        raise SolveError(status[worst], f"scenario {worst}")
    tables = {
        one.name: np.stack([[getattr(case, one.name) for case in answer[0]] for answer in answers])
        for one in fields(CaseCurrents)
        if one.name != "branch_unique"
    }
    unique = np.stack([answer[1] for answer in answers])
    return FaultCurrents(cases=tuple(cases), branch_unique=unique, status=status, **tables)


def _question(
    cases: Many[str], faults: Many[str], peak: str | None, time: float | None, partial: bool, compiled: bool
) -> Question:
    for name, given, allowed in (("cases", cases, CASES), ("faults", faults, FAULTS)):
        wrong = [one for one in given if one not in allowed]
        if isinstance(given, str) or wrong or len(given) == 0:
            raise ValueError(f"{name} must be of {', '.join(allowed)}, got {given!r}")
    if peak not in ("B", "C", None):
        raise ValueError(f'peak must be "B", "C" or None, got {peak!r}')
    if time is not None and not time > 0:
        raise ValueError(f"breaking_time is {time}, must be above 0")
    return Question("line_line" in faults, "line_ground" in faults, peak, time, partial, compiled)


def _scenario(
    problem: FaultProblem, scenario: int, cases: tuple[str, ...], question: Question
) -> tuple[list[CaseCurrents], Array, Status]:
    net = topology(problem, scenario)
    try:
        answers = [evaluate(problem, net, case, question) for case in cases]
    except SingularMatrix:
        nothing = [CaseCurrents.nothing(problem, question) for _ in cases]
        return nothing, np.ones(problem.branches.from_bus.size, bool), Status.SINGULAR
    return answers, answers[0].branch_unique, Status.CONVERGED

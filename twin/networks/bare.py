"""Problems of networks that no layout describes: arrays that another tool's file was read into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from solvers.power import Problem, Solution, solve
from solvers.power.diagnosis import Diagnosis, diagnose
from solvers.power.margin import Loadability, loadability

LARGE = 20_000
"""Buses beyond which the loadability margin is left out (it takes ten power flows or more)."""


@dataclass(frozen=True, eq=False)
class Flow:
    """The power flow of a bare network, what looks wrong in it, and how far its loads may grow."""

    solution: Solution
    diagnoses: tuple[Diagnosis, ...]
    loadability: Loadability | None
    """None for large networks, and where there is nothing to load."""


def power_flow(problem: Problem, *, margin: bool = True) -> Flow:
    """Solve one state, and say why where there is no solution."""
    solution = solve(problem)
    fit = margin and problem.bus_voltage.size <= LARGE and problem.load_power.size > 0
    return Flow(solution, diagnose(problem, solution), loadability(problem) if fit else None)


def problem_fields() -> tuple[str, ...]:
    """Names of the arrays of a problem."""
    return tuple(item.name for item in fields(Problem) if item.name != "base_power")


def bare_problem(base_power: float, arrays: Mapping[str, Any]) -> Problem:
    """The problem with these fields; a ValueError names the field and the index of the first bad value.

    Parameters
    ----------
    base_power : three-phase power base. [VA]
    arrays : by the names of :class:`solvers.power.Problem`; ``bus_voltage`` must be there.
    """
    return Problem(base_power, **arrays)

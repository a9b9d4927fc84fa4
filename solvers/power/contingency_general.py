"""Any failure by the general solver, in blocks of dense masks: slower, needs no compiler, knows every network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.contingency_outages import Kind, Outages, masks
from solvers.power.flow import prepare
from solvers.power.outputs import ENDINGS
from solvers.power.problem import Problem, Solution

Array = NDArray[Any]

BLOCK = 64
"""Scenarios solved together: one word of the switching."""

FIGURES = np.dtype(
    [
        (n, "f8")
        for n in ("lowest", "highest", "heaviest", "converter", "source", "loss", "residual", "served")
    ]
    + [(n, "i8") for n in ("lowest_at", "highest_at", "heaviest_at", "converter_at", "source_at")]
    + [("iterations", "i8"), ("ending", "i8"), ("tripped", "?"), ("swept", "?")],
    align=True,
)
"""Of one scenario, in SI units; voltages in p.u.  Inside the kernels: |V|^2, |current / rating|^2, powers in p.u."""

TRIPS = np.dtype([("scenario", "i8"), ("kind", "i8"), ("element", "i8"), ("loading", "f8")], align=True)

OUTPUTS = (
    "bus_voltage", "bus_live", "branch_loading", "branch_current", "converter_loading", "converter_output",
    "source_power", "loss", "load_served", "cord_power",
)  # fmt: skip


@dataclass
class Outcome:
    """What n scenarios came to."""

    figures: Array
    """(n,) FIGURES."""
    lost_start: Array
    lost: Array
    """Loads not served, in compressed rows."""
    trips: Array
    """TRIPS, ascending in ``scenario``, which counts within the n."""
    voltage: Array
    current: Array
    output: Array
    """(n, .) watched elements."""


class Records:
    """Worst state of each element: value and scenario."""

    def __init__(self, problem: Problem) -> None:
        self.branch = np.zeros(problem.branch_from.size)
        self.converter = np.zeros(problem.converter_from.size)
        self.source = np.zeros(problem.source_bus.size)
        self.bus = np.full(problem.bus_voltage.size, np.inf)
        self.branch_in, self.converter_in, self.source_in, self.bus_in = (
            np.full(a.size, -1) for a in (self.branch, self.converter, self.source, self.bus)
        )

    def higher(self, name: str, value: Array, scenario: Array) -> None:
        """Take values that are larger."""
        self._take(name, value, scenario, value > getattr(self, name))

    def lower(self, name: str, value: Array, scenario: Array) -> None:
        """Take values that are smaller."""
        self._take(name, value, scenario, value < getattr(self, name))

    def _take(self, name: str, value: Array, scenario: Array, better: Array) -> None:
        getattr(self, name)[better] = value[better]
        getattr(self, f"{name}_in")[better] = scenario[better]

    def see(self, solution: Solution, names: Array, rows: Array) -> None:
        """Scenarios ``rows`` of a solution, which are called ``names``."""
        if not rows.size:
            return
        source = np.abs(solution.source_power[rows])
        for name, table in (
            ("branch", solution.branch_loading[rows]),
            ("converter", solution.converter_loading[rows]),
            ("source", source),
        ):
            if table.size:
                at = table.argmax(axis=0)
                self.higher(name, table.max(axis=0), names[rows][at])
        size = np.where(solution.bus_live[rows], np.abs(solution.bus_voltage[rows]), np.inf)
        self.lower("bus", size.min(axis=0), names[rows][size.argmin(axis=0)])


class General:
    """The general solver behind one base state."""

    def __init__(self, problem: Problem, tolerance: float, max_iterations: int) -> None:
        self.problem, self.tolerance, self.max_iterations = problem, tolerance, max_iterations
        nothing = np.zeros(0, dtype=np.int64)
        self.begin(None, (nothing, nothing, nothing))

    def begin(self, limits: tuple[Array, Array, Array] | None, watch: tuple[Array, Array, Array]) -> None:
        """Forget the worst states; take other trip limits and watched elements."""
        self.limits, self.watch = limits, watch
        self.records = Records(self.problem)

    def finish(self) -> None:
        """Let the base state into the records."""
        solution = self.base()
        self.records.see(solution, np.array([-1]), np.flatnonzero(solution.scenario_ok))

    def base(self) -> Solution:
        """The base state."""
        return self._solve(Outages.of([[]]))

    def _solve(self, outages: Outages) -> Solution:
        dense = masks(self.problem, outages)
        problem = replace(
            self.problem, branch_closed=dense.branch_closed, source_live=dense.source_live,
            converter_live=dense.converter_live, cord_on=dense.cord_on,
        )  # fmt: skip
        return prepare(problem).solve(
            problem.load_power, tolerance=self.tolerance, max_iterations=self.max_iterations, outputs=OUTPUTS
        )

    def run(self, outages: Outages, names: Array) -> Outcome:
        """Solve scenarios that are called ``names``."""
        parts = [
            self._part(
                outages.part(first, min(first + BLOCK, len(outages))), names[first : first + BLOCK], first
            )
            for first in range(0, len(outages), BLOCK)
        ]
        counts = np.concatenate([np.diff(part.lost_start) for part in parts])
        return Outcome(
            np.concatenate([part.figures for part in parts]), np.concatenate([[0], np.cumsum(counts)]),
            *(np.concatenate([getattr(p, n) for p in parts]) for n in ("lost", "trips", "voltage", "current",
                                                                       "output")),
        )  # fmt: skip

    def _part(self, outages: Outages, names: Array, first: int) -> Outcome:
        solution = self._solve(outages)
        trips = self._trips(solution)
        quiet = solution.scenario_ok.copy()
        quiet[trips["scenario"]] = False
        self.records.see(solution, names, np.flatnonzero(quiet))
        row, lost = np.nonzero(~solution.load_served)
        start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(outages)))])
        trips["scenario"] += first
        buses, branches, converters = self.watch
        return Outcome(
            figures_of(solution, self.problem), start, lost, trips, solution.bus_voltage[:, buses],
            solution.branch_current[:, branches], solution.converter_output[:, converters].real,
        )  # fmt: skip

    def _trips(self, solution: Solution) -> Array:
        if self.limits is None:
            return np.zeros(0, TRIPS)
        branch, converter, source = self.limits
        parts = []
        for kind, loading, limit in (
            (Kind.BRANCH, solution.branch_loading, branch),
            (Kind.CONVERTER, solution.converter_loading, converter),
            (Kind.SOURCE, np.abs(solution.source_power), source),
        ):
            scenario, element = np.nonzero(loading > limit)
            part = np.zeros(scenario.size, TRIPS)
            part["scenario"], part["kind"], part["element"] = scenario, int(kind), element
            part["loading"] = loading[scenario, element]
            if kind is Kind.SOURCE:
                part["loading"] /= limit[element]
            parts.append(part)
        trips = np.concatenate(parts)
        return trips[np.argsort(trips["scenario"], kind="stable")]


def figures_of(solution: Solution, problem: Problem) -> Array:
    """FIGURES of each scenario of a solution."""
    n = solution.residual.size
    table = np.zeros(n, FIGURES)
    for name in ("lowest_at", "highest_at", "heaviest_at", "converter_at", "source_at"):
        table[name] = -1
    codes = {status: code for code, status in enumerate(ENDINGS)}
    table["ending"] = [codes[status] for status in solution.scenario_status]
    table["residual"], table["iterations"] = solution.residual, solution.iterations
    table["loss"] = solution.loss
    table["served"] = solution.cord_power.real.sum(axis=1)
    size = np.abs(solution.bus_voltage)
    live = solution.bus_live & solution.scenario_ok[:, None]
    some = live.any(axis=1)
    low, high = np.where(live, size, np.inf), np.where(live, size, 0.0)
    for name, column, at in (
        ("lowest", low.min(axis=1), low.argmin(axis=1)),
        ("highest", high.max(axis=1), high.argmax(axis=1)),
    ):
        table[name] = np.where(some, column, 0.0)
        table[f"{name}_at"] = np.where(some, at, -1)
    for name, values in (
        ("heaviest", solution.branch_loading),
        ("converter", solution.converter_loading),
        ("source", np.abs(solution.source_power)),
    ):
        if values.shape[1]:
            table[name] = values.max(axis=1)
            table[f"{name}_at"] = np.where(table[name] > 0, values.argmax(axis=1), -1)
    return table

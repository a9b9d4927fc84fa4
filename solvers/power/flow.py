"""Steady-state power flow of all scenarios: switching, choice of method, balances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from solvers.power.newton import solve_newton
from solvers.power.problem import Problem, Solution
from solvers.power.sweep import CONVERGED, INFEASIBLE, Demand, Flows, find_roots, radial, solve_sweep
from solvers.power.transfer import LANES, Arcs, Switching, feed_arcs, resolve, share_load, unpack
from solvers.status import SolveError, Status

Array = NDArray[Any]
Method = Literal["auto", "sweep", "newton"]

ENDINGS = (Status.CONVERGED, Status.MAX_ITERATIONS, Status.DIVERGED, Status.SINGULAR, Status.INFEASIBLE)
"""Endings from good to worst; the solvers work with their indices."""

BLOCK_NODES = 100_000
"""Buses times scenarios of one block (measured: 20 % faster than 64 scenarios of 6,000 buses)."""

QUICK = 15
"""Sweeps after which a block of scenarios is given up and its slow ones are collected for a second pass: a
design far from collapse needs 5 to 10 (measured on synthetic facilities)."""


def solve(
    problem: Problem,
    *,
    tolerance: float = 1e-8,
    max_iterations: int = 100,
    method: Method = "auto",
    raise_on_failure: bool = False,
) -> Solution:
    """Find voltages, flows, losses and unserved loads of every scenario.

    Parameters
    ----------
    tolerance : float
        Largest accepted complex power mismatch at a bus, relative to ``base_power`` or to the served load of
        the scenario, whichever is smaller. [-]
    max_iterations : int
        Limit of sweeps, and of Newton steps.
    method : "auto", "sweep" or "newton"
        "auto" sweeps scenarios whose energised part is radial and solves the others, and those whose sweep
        does not settle, by Newton-Raphson.  With "sweep" a scenario that is not radial is INFEASIBLE.
    raise_on_failure : bool
        Raise :class:`solvers.status.SolveError` if any scenario fails, instead of reporting it.

    Notes
    -----
    Balanced three-phase AC and two-pole DC in the steady state.  Unbalance, faults, tap changers and reactive
    limits of generators are left out; overloads are reported as loading, nothing trips.  A generator (PV bus)
    alone does not energise its island: that takes a source.

    Examples
    --------
    A DC source E feeds a constant power P over a resistance R: V = (E + sqrt(E^2 - 4 R P)) / 2.
    """
    if method not in ("auto", "sweep", "newton"):
        raise ValueError(f'method must be "auto", "sweep" or "newton", got {method!r}')
    if not (tolerance > 0 and max_iterations >= 1):
        raise ValueError(
            f"tolerance must be > 0 and max_iterations >= 1, got {tolerance} and {max_iterations}"
        )
    run = _Run(problem, tolerance, max_iterations, method)
    scenarios = np.arange(problem.scenarios)
    quick = min(QUICK, max_iterations)
    rest = np.concatenate([run.block(part, quick, quick == max_iterations) for part in run.parts(scenarios)])
    for part in run.parts(rest):
        run.block(part, max_iterations, True)
    solution = run.solution()
    if raise_on_failure and not solution.status.ok:
        raise SolveError(solution.status, solution.detail)
    return solution


def energise(problem: Problem) -> tuple[Array, Array]:
    """Switching alone: (S, B) which buses are live and (S, L) which loads are reached; no flow is solved."""
    arcs = feed_arcs(problem, converters=True)
    live = np.zeros((problem.scenarios, problem.bus_voltage.size), dtype=bool)
    served = np.zeros((problem.scenarios, problem.load_power.shape[1]), dtype=bool)
    for first in range(0, problem.scenarios, LANES):
        rows = slice(first, min(first + LANES, problem.scenarios))
        closed, source, running, cords = (
            np.broadcast_to(mask, (problem.scenarios, mask.shape[1]))[rows]
            for mask in (problem.branch_closed, problem.source_live, problem.converter_live, problem.cord_on)
        )
        live[rows] = unpack(resolve(problem, arcs, closed, source, running).live, closed.shape[0])
        reached = cords & live[rows][:, problem.cord_bus] & (problem.cord_weight > 0)
        for cord, load in enumerate(problem.cord_load):
            served[rows, load] |= reached[:, cord]
    return live, served


@dataclass(frozen=True)
class _Inputs:
    """The scenario arrays of one block."""

    state: Switching
    live: Array
    closed: Array
    demand: Demand
    served: Array
    cord_power: Array
    generation: Array


class _Run:
    """Output arrays of one call of :func:`solve`, filled block by block of 64 scenarios."""

    def __init__(self, problem: Problem, tolerance: float, max_iterations: int, method: Method) -> None:
        self.problem, self.tolerance, self.method = problem, tolerance, method
        self.max_iterations = max_iterations
        self.arcs: Arcs = feed_arcs(problem, converters=True)
        self.tree_arcs: Arcs = feed_arcs(problem, converters=False)
        s, b, e = problem.scenarios, problem.bus_voltage.size, problem.branch_from.size
        g, n, c = problem.source_bus.size, problem.generator_bus.size, problem.converter_from.size
        k, load = problem.cord_load.size, problem.load_power.shape[1]
        masks = {"scenario_ok": (s,), "bus_live": (s, b), "branch_closed": (s, e), "load_served": (s, load)}
        powers = {"bus_voltage": b, "branch_power_from": e, "branch_power_to": e, "converter_input": c}
        powers |= {"converter_output": c, "source_power": g, "generator_output": n, "cord_power": k}
        reals = {"branch_current": e, "branch_loading": e, "branch_loss": e, "converter_loss": c}
        reals |= {"converter_loading": c}
        self.out: dict[str, Array] = {name: np.zeros(shape, dtype=bool) for name, shape in masks.items()}
        self.out |= {name: np.zeros((s, size), dtype=complex) for name, size in powers.items()}
        self.out |= {name: np.zeros((s, size)) for name, size in reals.items()}
        self.out |= {name: np.zeros(s) for name in ("residual", "loss", "power_error", "shunt_loss")}
        self.ending = np.zeros(s, dtype=int)
        self.details: dict[int, str] = {}
        self.iterations = 0
        cords = (np.ones(k), problem.cord_bus, np.arange(k + 1))
        self.cords_to_bus = csr_array(cords, shape=(k, b)).T.tocsr()
        charged = np.flatnonzero(problem.branch_charging)
        self.charged = charged
        half = 0.5j * problem.branch_charging[charged]
        at = np.arange(charged.size)
        far = half / np.abs(problem.branch_tap[charged]) ** 2
        ends = np.r_[problem.branch_to[charged], problem.branch_from[charged]]
        self.charging = csr_array((np.r_[half, far], (ends, np.r_[at, at])), shape=(b, charged.size))

    def parts(self, scenarios: Array) -> list[Array]:
        """The scenarios in blocks of 8 to 64, small enough for the cache where the network is large."""
        size = int(np.clip(BLOCK_NODES // max(self.problem.bus_voltage.size, 1), 8, LANES))
        return [scenarios[i : i + size] for i in range(0, scenarios.size, size)]

    def block(self, scenarios: Array, limit: int, last: bool) -> Array:
        """Solve up to 64 scenarios and write their results; returns those left over for a longer run."""
        problem, n = self.problem, scenarios.size
        given = self._inputs(scenarios)
        sources, converters, conflict = find_roots(problem, given.state)
        tree = radial(problem, given.state, sources, converters) & ~conflict
        if problem.generator_bus.size:
            tree &= ~given.live[:, problem.generator_bus].any(axis=1)
        sweepable = tree & (self.method != "newton")
        flows = solve_sweep(problem, self.tree_arcs, given.state, given.demand, sweepable, limit)
        left = sweepable & (flows.ending != CONVERGED) & ~flows.hopeless
        meshed = ~sweepable
        if last and self.method == "auto":
            meshed, left = meshed | left, np.zeros(n, dtype=bool)
        elif last:
            left = np.zeros(n, dtype=bool)
        if self.method == "sweep":
            flows.ending[~tree] = INFEASIBLE
            flows.details |= {int(i): "the energised network is not radial" for i in np.flatnonzero(~tree)}
        elif meshed.any():
            other = solve_newton(
                problem, given.state, given.demand, given.generation, meshed, self.max_iterations
            )
            _merge(flows, other, meshed)
        self._write(scenarios, given, flows, left)
        return scenarios[left]

    def _inputs(self, scenarios: Array) -> _Inputs:
        problem, n = self.problem, scenarios.size

        def rows(values: Array) -> Array:
            return values[scenarios] if values.shape[0] > 1 else np.broadcast_to(values, (n, values.shape[1]))

        switches = (rows(problem.branch_closed), rows(problem.source_live), rows(problem.converter_live))
        state = resolve(problem, self.arcs, *switches)
        live = unpack(state.live, n)
        closed = unpack(state.closed, n)
        served, cord_power = share_load(problem, rows(problem.load_power), rows(problem.cord_on), live)
        power = (self.cords_to_bus @ cord_power.T).T / problem.base_power
        shunt = np.broadcast_to(problem.bus_shunt, power.shape)
        if self.charged.size:
            conducting = closed[:, self.charged] & live[:, problem.branch_from[self.charged]]
            shunt = shunt + (self.charging @ conducting.T.astype(float)).T
        total = np.abs(cord_power).sum(axis=1) / problem.base_power
        tolerance = self.tolerance * np.where(total > 0, np.minimum(total, 1.0), 1.0)
        demand = Demand(np.ascontiguousarray(power), np.ascontiguousarray(shunt), tolerance)
        generation = rows(problem.generator_power) / problem.base_power
        return _Inputs(state, live, closed, demand, served, cord_power, generation)

    def _write(self, scenarios: Array, given: _Inputs, flows: Flows, left: Array) -> None:
        """Results of the block in SI units."""
        problem, out, base = self.problem, self.out, self.problem.base_power
        first, stop = int(scenarios[0]), int(scenarios[-1]) + 1
        at: Any = slice(first, stop) if stop - first == scenarios.size else scenarios
        ok = flows.ending == CONVERGED
        self.iterations = max(self.iterations, flows.iterations)
        self.ending[at] = flows.ending
        self.details |= {int(scenarios[row]): why for row, why in flows.details.items()}
        out["scenario_ok"][at], out["residual"][at] = ok, flows.residual
        out["bus_live"][at], out["branch_closed"][at] = given.live, given.closed
        out["bus_voltage"][at] = flows.bus_voltage
        out["load_served"][at] = given.served & ok[:, None]
        out["cord_power"][at] = cords = np.where(ok[:, None], given.cord_power, 0.0)
        scaled = {"branch_power_from": flows.power_from, "branch_power_to": flows.power_to}
        scaled |= {"converter_input": flows.converter_input, "converter_output": flows.converter_output}
        scaled |= {"source_power": flows.source_power, "generator_output": flows.generator_output}
        for name, value in scaled.items():
            value *= base
            out[name][at] = value
        out["branch_loss"][at] = branch_loss = flows.power_from.real - flows.power_to.real
        out["converter_loss"][at] = converter_loss = flows.converter_input.real - flows.converter_output.real
        out["converter_loading"][at] = flows.converter_output.real / problem.converter_rating
        out["branch_current"][at] = current = self._current(flows)
        out["branch_loading"][at] = current / problem.branch_rating
        loss = branch_loss.sum(axis=1) + converter_loss.sum(axis=1)
        square = flows.bus_voltage.real**2 + flows.bus_voltage.imag**2
        shunt = base * (square @ problem.bus_shunt.real)
        served = cords.real.sum(axis=1)
        fed = flows.source_power.real.sum(axis=1) + flows.generator_output.real.sum(axis=1)
        error = np.abs(fed - served - loss - shunt) / np.maximum(served, 1.0)
        out["loss"][at], out["shunt_loss"][at] = loss, shunt
        out["power_error"][at] = np.where(ok, error, 1.0)

    def _current(self, flows: Flows) -> Array:
        """Branch current at the to side. [A]"""
        problem = self.problem
        to, dc = problem.branch_to, problem.bus_dc[problem.branch_to]
        factor = np.where(dc, 1.0, np.sqrt(3.0)) * problem.bus_voltage[to]
        voltage = np.abs(flows.bus_voltage)[:, to] * factor
        return np.asarray(np.abs(flows.power_to) / np.where(voltage > 0, voltage, np.inf))

    def solution(self) -> Solution:
        worst = int(self.ending.max(initial=0))
        detail = ""
        if worst:
            row = int(np.flatnonzero(self.ending == worst)[0])
            failed = int((self.ending != CONVERGED).sum())
            why = self.details.get(row, ENDINGS[worst].value)
            detail = f"{failed} of {self.ending.size} scenarios failed; scenario {row}: {why}"
        return Solution(
            status=ENDINGS[worst],
            iterations=self.iterations,
            scenario_status=tuple(ENDINGS[i] for i in self.ending),
            detail=detail,
            **self.out,
        )


def _merge(flows: Flows, other: Flows, rows: Array) -> None:
    """Take the scenarios ``rows`` from another method's result."""
    for name, value in vars(other).items():
        if isinstance(value, np.ndarray):
            getattr(flows, name)[rows] = value[rows]
    flows.iterations = max(flows.iterations, other.iterations)
    for row in np.flatnonzero(rows):
        flows.details.pop(int(row), None)
    flows.details |= other.details

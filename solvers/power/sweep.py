"""Backward/forward sweep over the overlaid trees of many scenarios, in numpy.

Tables hold one row per bus, in order of level, and one column per scenario, so one sweep is a few array
operations per level, whatever the number of scenarios.

Inside a level the power balance of a bus is I = conj(S/V) + Y V, the current towards it J = I + sum of its
children's, and its voltage follows from its parent's by V = g V_parent - z J, where an off-nominal tap is in
g and z.  z = 0 is exact: it only passes the voltage on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from solvers.power.levels import Sum
from solvers.power.plan import Plan, square
from solvers.power.problem import Problem

Array = NDArray[Any]

CONVERGED, MAX_ITERATIONS, DIVERGED, SINGULAR, INFEASIBLE = range(5)
"""Endings of one scenario, from good to worst; same order as :data:`solvers.power.flow.ENDINGS`."""

COLLAPSED = 0.2
"""Voltage (p.u.) below which a constant-power network has no steady state left: at the nose of a line it is
at least half the source voltage, so iterates this low have passed it (assumed threshold, with margin for long
chains)."""

ROUNDING = 64 * np.finfo(float).eps


class _Stage:
    """Converters (rows of the plan) whose output busbars are settled at the same time."""

    def __init__(self, problem: Problem, converters: Array, hub: Array, source: Array) -> None:
        """``hub`` are rows of the output busbars, ``source`` rows of the demand table."""
        self.converters, self.hub = converters, hub
        self.source = Sum(source)
        self.rating = problem.converter_rating[converters, None] / problem.base_power
        self.loss = problem.converter_loss[converters]
        self.drawn = np.conj(reactive_factor(problem))[converters, None]

    def draw(self, demand: Array, share: Array, current: Array, voltage: Array) -> None:
        """Add the converters' input to the conjugate demands; ``share`` is (converters, n), 0 = off."""
        output = share * (voltage[self.hub] * np.conj(current[self.hub])).real
        self.source.add(demand, input_power(output, share > 0, self.rating, self.loss) * self.drawn)


def reactive_factor(problem: Problem) -> Array:
    """(C,) 1 + j tan(phi) of the converter inputs."""
    pf = problem.converter_input_pf
    return np.asarray(1.0 + 1j * np.sqrt(1.0 - pf**2) / pf)


def input_power(output: Array, runs: Array, rating: Array, loss: Array) -> Array:
    """Real input of converters (rows) that deliver ``output``; idle ones take no no-load loss."""
    a, b, c = (loss[:, k : k + 1] for k in range(3))
    x = np.abs(output)
    return np.asarray(output + x * (b + x * (c / rating)) + np.where(runs, a * rating, 0.0))


@dataclass(frozen=True)
class Loads:
    """What n scenarios draw; one column per scenario."""

    cord_power: Array
    """(K, n) complex. [VA]"""
    tolerance: Array
    """(n,) largest accepted mismatch. [p.u.]"""
    voltage: float
    """Largest accepted change of a voltage in the last sweep. [p.u.]"""


class Levels:
    """Rows of the tables of swept buses and of fixed busbars."""

    def __init__(self, plan: Plan) -> None:
        self.plan, problem, graph, core = plan, plan.problem, plan.graph, plan.core
        fixed = plan.fixed
        self.loaded = np.flatnonzero(plan.demanding[core.buses])
        slot = np.full(graph.parent.size, -1)
        slot[core.buses[self.loaded]] = np.arange(self.loaded.size)
        slot[fixed] = self.loaded.size + np.arange(fixed.size)
        self.slots = self.loaded.size + fixed.size
        self._cords(slot)
        self.shunt_core = np.flatnonzero(plan.shunted[core.buses])
        self.shunt_fixed = np.flatnonzero(plan.shunted[fixed])
        hub = core.position.copy()
        hub[fixed] = np.arange(fixed.size)
        hub = hub[graph.outputs]
        settled = np.zeros(graph.running.size, dtype=bool)
        self.settled = []
        for at in plan.rounds:
            settled[at] = True
            # currents of fixed busbars are a table of their own until the sweeps begin
            self.settled.append(self._stage(at, hub[at], slot))
        self.stages: list[_Stage | None] = []
        for level in core.levels:
            at = np.flatnonzero(~settled & (hub >= level.start) & (hub < level.stop))
            self.stages.append(self._stage(at, hub[at], slot) if at.size else None)
        dynamic = [s.source.rows for s in self.stages if s is not None]
        self.dynamic = np.unique(np.concatenate(dynamic)) if dynamic else np.zeros(0, dtype=int)
        cuts = [np.searchsorted(self.shunt_core, (level.start, level.stop)) for level in core.levels]
        self.shunts = [slice(*cut) for cut in cuts]
        self.shunt_number = slot[core.buses[self.shunt_core]]
        self.shunt_loaded = self.shunt_number >= 0
        self.problem = problem

    def _cords(self, slot: Array) -> None:
        """What the cords draw from each loaded row: constant power, current and impedance, per unit."""
        problem, plan = self.plan.problem, self.plan
        cords = np.flatnonzero(slot[problem.cord_bus] >= 0)
        current = problem.load_current_share[problem.cord_load[cords]]
        impedance = problem.load_impedance_share[problem.cord_load[cords]]
        bus = problem.cord_bus[cords]
        fixed = plan.is_fixed[bus]
        size = np.abs(plan.graph.voltage[bus])
        # the voltage of a fixed busbar is known: all its loads are constant power
        power = 1.0 - current - impedance + fixed * (current * size + impedance * size**2)
        shape = (self.slots, problem.cord_bus.size)

        def matrix(share: Array) -> csr_array:
            return csr_array((share / problem.base_power, (slot[bus], cords)), shape=shape)

        self.cords = matrix(power)
        current, impedance = np.where(fixed, 0.0, current), np.where(fixed, 0.0, impedance)
        self.dependent = (
            (matrix(current)[: self.loaded.size], matrix(impedance)[: self.loaded.size])
            if current.any() or impedance.any()
            else None
        )

    def _stage(self, at: Array, hub: Array, slot: Array) -> _Stage:
        graph = self.plan.graph
        return _Stage(self.plan.problem, graph.running[at], hub, slot[graph.inputs[at]])


@dataclass
class State:
    """End of the sweeps of n scenarios of a plan; columns that did not converge are zero."""

    lanes: Array
    current: Array
    """(swept rows + fixed rows + 1, n) towards each bus; the last row is zero. [p.u.]"""
    ending: Array
    residual: Array
    hopeless: Array
    """(n,) bool: voltage collapsed, another method need not try."""
    iterations: int


def sweep(plan: Plan, lanes: Array, loads: Loads, max_iterations: int, warm: Array | None = None) -> State:
    """Sweep the scenarios ``lanes`` of a plan until each one's mismatch is below its tolerance.

    Parameters
    ----------
    warm : (n, B) complex voltages to begin with; zeros (dead, not converged) begin at no load.

    Notes
    -----
    A scenario is frozen as soon as it converges, so its numbers do not depend on its neighbours.
    """
    with np.errstate(all="ignore"):
        return _Sweep(plan, lanes, loads).run(max_iterations, warm)


def _levels(plan: Plan) -> Levels:
    """Made at the first sweep of a plan."""
    if plan.levels is None:
        plan.levels = Levels(plan)
    return plan.levels


class _Sweep:
    """Tables of one call of :func:`sweep`; those of loaded buses hold only these, in the same order."""

    def __init__(self, plan: Plan, lanes: Array, loads: Loads) -> None:
        self.plan, self.lanes, self.loads = plan, lanes, loads
        n = lanes.size
        graph, core = plan.graph, plan.core
        self.levels = levels = _levels(plan)
        column = np.full(plan.live.shape[0], -1)
        column[lanes] = np.arange(n)
        self.bounds = core.bind(column)
        first = plan.problem.source_bus.size
        share = plan.roots.share
        self.share = [
            None if s is None else share[np.ix_(first + s.converters, lanes)] for s in levels.stages
        ]
        self.demand = self._drawn(levels.cords)
        self.fixed_current = np.zeros((plan.fixed.size, n), dtype=complex)
        self._settle(lanes, share, first)
        self.demand = self.demand[: levels.loaded.size]
        self.base = self.demand[levels.dynamic].copy()
        self.dependent = None
        if levels.dependent is not None:
            self.dependent = tuple(map(self._drawn, levels.dependent))
        self.shunt = plan.admittance(core.buses[levels.shunt_core], lanes)
        self.start = np.empty((core.buses.size, n), dtype=complex)
        self.start[:] = graph.voltage[core.buses, None]
        core.fall(self.start, None, self.bounds)
        self.no_load = square(self.start[levels.loaded])
        # tables that every sweep writes anew
        self.current = np.empty_like(self.start)
        self.own, self.before = (np.empty((levels.loaded.size, n), dtype=complex) for _ in range(2))
        self.square = np.empty((levels.loaded.size, n))
        widest = max((level.stop - level.start for level in core.levels), default=0)
        self.space = np.empty((widest, n), dtype=complex)
        self.noise = np.zeros(n)

    def _drawn(self, matrix: csr_array) -> Array:
        """Conjugate demand of rows by the cords of a matrix. [p.u.]"""
        cords = np.ascontiguousarray(self.loads.cord_power)
        demand = (matrix @ cords.view(float)).view(complex).reshape(matrix.shape[0], self.lanes.size)
        return np.asarray(np.conj(demand, out=demand))

    def _settle(self, lanes: Array, share: Array, first: int) -> None:
        """Currents of the busbars that the sweeps leave alone."""
        plan, levels = self.plan, self.levels
        if not plan.fixed.size:
            return
        held = np.repeat(plan.graph.voltage[plan.fixed, None], lanes.size, axis=1)
        demand = self.demand[levels.loaded.size :]
        shunt = plan.admittance(plan.fixed[levels.shunt_fixed], lanes)

        def balance() -> None:
            np.divide(demand, np.conj(held), out=self.fixed_current)
            self.fixed_current[levels.shunt_fixed] += shunt * held[levels.shunt_fixed]

        balance()
        for stage in levels.settled:
            stage.draw(self.demand, share[np.ix_(first + stage.converters, lanes)], self.fixed_current, held)
            balance()

    def _backward(self, voltage: Array) -> None:
        """Currents towards each bus."""
        core, levels, demand, current = self.plan.core, self.levels, self.demand, self.current
        current.fill(0.0)
        if levels.dynamic.size:
            demand[levels.dynamic] = self.base
        for number in range(len(core.levels) - 1, -1, -1):
            at, numbers = core.levels[number].loaded, core.levels[number].numbers
            if at.start < at.stop:
                self.before[numbers] = voltage[at]
                current[at] += self._own(numbers)
            shunts = levels.shunts[number]
            if shunts.start < shunts.stop:
                rows = levels.shunt_core[shunts]
                current[rows] += self.shunt[shunts] * voltage[rows]
            stage = levels.stages[number]
            share = self.share[number]
            if stage is not None and share is not None:
                stage.draw(demand, share, current, voltage)
            core.rise(number, current, self.bounds[number])

    def _own(self, numbers: slice) -> Array:
        """Currents that loaded buses draw at the voltages ``before``."""
        before, own, size = self.before[numbers], self.own[numbers], self.square[numbers]
        np.reciprocal(_square_into(before, size), out=size)
        np.multiply(before.real, size, out=own.real)  # V / |V|^2 = 1 / conj(V), by real products:
        np.multiply(before.imag, size, out=own.imag)  # a quarter of the time of a complex division
        own *= self.demand[numbers]
        if self.dependent is not None:
            current, impedance = (table[numbers] for table in self.dependent)
            own += before * (current * np.sqrt(size) + impedance)
        return own

    def _forward(self, voltage: Array) -> tuple[Array, Array]:
        """New voltages in place; the largest change of a loaded bus's, and the smallest of its |V|^2."""
        core = self.plan.core
        worst, lowest = np.zeros(self.lanes.size), np.full(self.lanes.size, np.inf)
        for number, level in enumerate(core.levels):
            core.step(number, voltage, self.current, self.bounds[number], self.space)
            at, numbers = level.loaded, level.numbers
            if at.start < at.stop:
                change = self.space[: at.stop - at.start]
                np.subtract(voltage[at], self.before[numbers], out=change)
                parts = change.view(float)
                highs = np.maximum(parts.max(axis=0), -parts.min(axis=0)).reshape(-1, 2).max(axis=1)
                worst = np.maximum(worst, highs)
                lowest = np.minimum(lowest, _square_into(voltage[at], self.square[numbers]).min(axis=0))
        return worst, lowest

    def _mismatch(self, voltage: Array, old_shunt: Array) -> tuple[Array, Array, Array]:
        """(n,) largest mismatch of each scenario, its largest demand, and its lowest voltage over no load.

        The currents were taken at the old voltages, so V conj(I) - S is left at the new ones.
        """
        levels = self.levels
        new = voltage[levels.loaded]
        change = np.conj(self.own) * (new - self.before)
        if self.dependent is not None:
            current, impedance = map(np.conj, self.dependent)
            change -= current * (np.abs(new) - np.abs(self.before))
            change -= impedance * (square(new) - square(self.before))
        at = levels.shunt_core
        if at.size:
            left = np.conj(self.shunt) * voltage[at] * np.conj(old_shunt - voltage[at])
            np.add.at(change, levels.shunt_number[levels.shunt_loaded], left[levels.shunt_loaded])
            change = np.concatenate([change, left[~levels.shunt_loaded]])
        error = np.sqrt(square(change).max(axis=0, initial=0.0))
        scale = np.sqrt(square(self.demand).max(axis=0, initial=0.0))
        lowest = (square(new) / self.no_load).min(axis=0, initial=1.0)
        return error, scale, lowest

    def run(self, max_iterations: int, warm: Array | None) -> State:
        plan, levels, n = self.plan, self.levels, self.lanes.size
        rows = plan.row[plan.core.buses]
        voltage = self.start
        if warm is not None:
            given = warm[:, plan.core.buses].T
            known = (given != 0) & ~plan.graph.held[plan.core.buses, None]
            np.copyto(voltage, given, where=known)
        state = State(
            self.lanes, np.zeros((plan.rows + 1, n), dtype=complex),
            np.full(n, MAX_ITERATIONS), np.zeros(n), np.zeros(n, dtype=bool), 0,
        )  # fmt: skip
        settled = max(self.loads.voltage, ROUNDING)
        sound = 2.0 * COLLAPSED**2 * self.no_load.max(initial=0.0)
        pending = np.ones(n, dtype=bool)
        for state.iterations in range(1, max_iterations + 1):
            self._backward(voltage)
            old_shunt = voltage[levels.shunt_core]
            worst, least = self._forward(voltage)
            open_still = ((worst > settled) & (least > sound))[pending].all()
            if state.iterations < max_iterations and open_still:
                continue
            error, scale, lowest = self._mismatch(voltage, old_shunt)
            finite = np.isfinite(error) & np.isfinite(lowest)
            state.residual = np.where(pending & finite, error, state.residual)
            sunk = pending & finite & (lowest < COLLAPSED**2)
            wild = pending & ~finite
            small = (worst <= settled) & (error <= np.maximum(self.loads.tolerance, ROUNDING * scale))
            fine = pending & finite & ~sunk & small
            state.ending[sunk | wild] = DIVERGED
            state.hopeless |= sunk
            state.ending[fine] = CONVERGED
            if fine.any():
                at = np.flatnonzero(fine)
                state.current[np.ix_(rows, at)] = self.current[:, at]
            pending &= ~(fine | sunk | wild)
            if not pending.any():
                break
        ok = state.ending == CONVERGED
        state.current[np.ix_(plan.row[plan.fixed], ok)] = self.fixed_current[:, ok]
        return state


def _square_into(value: Array, out: Array) -> Array:
    """|value|^2 without a table in between but one."""
    np.multiply(value.real, value.real, out=out)
    out += value.imag * value.imag
    return out

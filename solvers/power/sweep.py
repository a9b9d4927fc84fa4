"""Backward/forward sweep over the overlaid trees of many scenarios.

Tables hold one row per bus, in order of level, and one column per scenario, so one sweep is a few array
operations per level, whatever the number of scenarios.

Inside a level the power balance of a bus is I = conj(S/V) + Y V, the current towards it J = I + sum of its
children's, and its voltage follows from its parent's by V = g V_parent - z J, where an off-nominal tap is in
g and z.  z = 0 is exact: it only passes the voltage on.

Buses that only pass current on to one other (no load, no shunt, no branching) are left out of the iteration and
filled in at its end.  Busbars at the output of converters with nothing but loads have a voltage that never
changes; they are worked out once, before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from solvers.power.problem import Problem
from solvers.power.trees import Graph, Roots, Sum, Tree, feed_values

Array = NDArray[Any]

CONVERGED, MAX_ITERATIONS, DIVERGED, SINGULAR, INFEASIBLE = range(5)
"""Endings of one scenario, from good to worst; same order as :data:`solvers.power.flow.ENDINGS`."""

COLLAPSED = 0.2
"""Voltage (p.u.) below which a constant-power network has no steady state left: at the nose of a line it is
at least half the source voltage, so iterates this low have passed it (assumed threshold, with margin for long
chains)."""

ROUNDING = 64 * np.finfo(float).eps


@dataclass(frozen=True)
class Demand:
    """Electrical input of up to 64 scenarios, per unit."""

    power: Array
    """(n, B) complex, consuming."""
    shunt: Array
    """(n, B) complex admittance, half the charging of closed branches included."""
    tolerance: Array
    """(n,) largest accepted mismatch."""


@dataclass
class Flows:
    """State of n scenarios, per unit; rows of scenarios that were not asked for or failed are zero."""

    bus_voltage: Array
    power_from: Array
    power_to: Array
    converter_input: Array
    converter_output: Array
    source_power: Array
    generator_output: Array
    residual: Array
    ending: Array
    hopeless: Array
    """(n,) bool: voltage collapsed, another method need not try."""
    iterations: int = 0
    details: dict[int, str] = field(default_factory=dict)

    @classmethod
    def zeros(cls, problem: Problem, n: int) -> Flows:
        sizes = [problem.bus_voltage, problem.branch_from, problem.branch_from, problem.converter_from]
        sizes += [problem.converter_from, problem.source_bus, problem.generator_bus]
        blocks = [np.zeros((n, a.size), dtype=complex) for a in sizes]
        voltage, sent, got, drawn, output, source, generator = blocks
        ending, hopeless = np.zeros(n, dtype=int), np.zeros(n, dtype=bool)
        return cls(voltage, sent, got, drawn, output, source, generator, np.zeros(n), ending, hopeless)


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


class Plan:
    """What one graph says about the sweeps of its scenarios, whatever their loads."""

    def __init__(self, problem: Problem, graph: Graph, roots: Roots, live: Array, closed: Array) -> None:
        self.problem, self.graph, self.roots = problem, graph, roots
        self.live, self.closed = live, closed
        buses = problem.bus_voltage.size
        self.gain, self.impedance, self.forward = feed_values(problem, graph.branch, np.arange(buses))
        self.shunted = problem.bus_shunt != 0
        charged = np.flatnonzero(problem.branch_charging)
        self.shunted[problem.branch_from[charged]] = self.shunted[problem.branch_to[charged]] = True
        self.corded = np.zeros(buses, dtype=bool)
        self.corded[problem.cord_bus[problem.cord_weight > 0]] = True
        fixed, rounds = self._fixed()
        core, parent, impedance, heir = self._contract(fixed)
        order = graph.order()
        drawing = np.zeros(buses, dtype=bool)
        drawing[graph.inputs] = True
        self.demanding = (drawing | self.corded) & graph.present
        none = np.zeros(buses, dtype=bool)
        self.core = Tree(graph, problem, order[core[order]], parent, impedance, self.demanding)
        self.full = Tree(graph, problem, order, graph.parent, self.impedance, none)
        section = order[roots.sections[order]]
        inside = np.where(roots.sections[np.maximum(graph.parent, 0)], graph.parent, -1)
        moved = np.flatnonzero((graph.hub >= 0) & np.isin(np.arange(graph.hub.size), roots.tangled))
        self.moved = moved
        self.section = Tree(graph, problem, section, inside, self.impedance, none) if moved.size else None
        self._number(fixed, rounds, heir)

    def _fixed(self) -> tuple[Array, list[Array]]:
        """Busbars (B,) bool whose voltage and demand no sweep changes, and the converters that feed them, in
        order."""
        graph = self.graph
        buses = graph.parent.size
        alone = graph.held & (graph.parent < 0)
        alone[graph.tails] = alone[graph.heads] = False
        open_draws = np.bincount(graph.inputs, minlength=buses)
        left = np.ones(graph.running.size, dtype=bool)
        rounds: list[Array] = []
        while True:
            at = np.flatnonzero(left & (alone & (open_draws == 0))[graph.outputs])
            if not at.size:
                return alone & (open_draws == 0), rounds
            rounds.append(at)
            left[at] = False
            np.subtract.at(open_draws, graph.inputs[at], 1)

    def _contract(self, fixed: Array) -> tuple[Array, Array, Array, Array]:
        """Which buses take part in the sweeps, their parents and impedances over the others, and the bus that has
        the current of each (-1 = none)."""
        graph = self.graph
        buses = graph.parent.size
        drawing = np.zeros(buses, dtype=bool)
        drawing[graph.inputs] = True
        children = np.bincount(graph.tails, minlength=buses)
        needed = drawing | self.corded | self.shunted | graph.held | (children > 1)
        needed[graph.odd.bus] = True
        needed[graph.odd.parent[graph.odd.parent >= 0]] = True
        usual = np.flatnonzero(graph.parent >= 0)
        special = usual[self.gain[usual] != 1]
        needed[special] = needed[graph.parent[special]] = True
        exceptional = graph.odd.bus[graph.parent[graph.odd.bus] >= 0]
        needed[graph.parent[exceptional]] = True
        core = graph.present & needed & ~fixed
        heir = np.where(core | fixed, np.arange(buses), -1)
        slim = graph.present & ~needed
        only = usual[slim[graph.parent[usual]]]
        heir[graph.parent[only]] = only
        parent, impedance = graph.parent.copy(), self.impedance.copy()
        while True:  # halve the remaining way, up and down
            over = np.flatnonzero(graph.present & (parent >= 0))
            over = over[slim[parent[over]]]
            chain = np.flatnonzero(slim & (heir >= 0))
            further = np.where(slim[heir[chain]], heir[heir[chain]], heir[chain])
            if not over.size and np.array_equal(further, heir[chain]):
                return core, parent, impedance, heir
            via = parent[over]
            ohm, up = impedance[via], parent[via]
            impedance[over] += ohm
            parent[over] = up
            heir[chain] = further

    def _number(self, fixed: Array, rounds: list[Array], heir: Array) -> None:
        """Rows of all tables.  Currents: swept buses, fixed ones, and a last row of zeros."""
        problem, graph, core, full = self.problem, self.graph, self.core, self.full
        self.fixed = np.flatnonzero(fixed & graph.present)
        row = core.position.copy()
        row[self.fixed] = core.buses.size + np.arange(self.fixed.size)
        self.row = row
        zero = core.buses.size + self.fixed.size
        self.fill = np.where(heir[full.buses] >= 0, row[heir[full.buses]], zero)
        full_row = np.full(problem.branch_from.size + 1, full.buses.size)
        full_row[graph.branch[full.buses]] = np.arange(full.buses.size)
        self.branch_row = full_row[:-1]
        self.loaded = np.flatnonzero(self.demanding[core.buses])
        slot = np.full(graph.parent.size, -1)
        slot[core.buses[self.loaded]] = np.arange(self.loaded.size)
        slot[self.fixed] = self.loaded.size + np.arange(self.fixed.size)
        self.slots = self.loaded.size + self.fixed.size
        cords = np.flatnonzero(slot[problem.cord_bus] >= 0)
        ones = (np.full(cords.size, 1.0 / problem.base_power), (slot[problem.cord_bus[cords]], cords))
        self.cords = csr_array(ones, shape=(self.slots, problem.cord_bus.size))
        self.shunt_core = np.flatnonzero(self.shunted[core.buses])
        self.shunt_fixed = np.flatnonzero(self.shunted[self.fixed])
        settled = np.zeros(graph.running.size, dtype=bool)
        self.settled = []
        for at in rounds:
            settled[at] = True
            # currents of fixed busbars are a table of their own until the sweeps begin
            self.settled.append(self._stage(at, row[graph.outputs[at]] - core.buses.size, slot))
        self.stages: list[_Stage | None] = []
        hub = row[graph.outputs]
        for level in core.levels:
            at = np.flatnonzero(~settled & (hub >= level.start) & (hub < level.stop))
            self.stages.append(self._stage(at, hub[at], slot) if at.size else None)
        dynamic = [s.source.rows for s in self.stages if s is not None]
        self.dynamic = np.unique(np.concatenate(dynamic)) if dynamic else np.zeros(0, dtype=int)
        cuts = [np.searchsorted(self.shunt_core, (level.start, level.stop)) for level in core.levels]
        self.shunts = [slice(*cut) for cut in cuts]
        self.shunt_number = slot[core.buses[self.shunt_core]]
        self.shunt_loaded = self.shunt_number >= 0

    def _stage(self, at: Array, hub: Array, slot: Array) -> _Stage:
        return _Stage(self.problem, self.graph.running[at], hub, slot[self.graph.inputs[at]])

    def admittance(self, buses: Array, lanes: Array) -> Array:
        """(buses, n) shunts and half the charging of what is energised. [p.u.]"""
        if not buses.size:
            return np.zeros((0, lanes.size), dtype=complex)
        return admittance(self.problem, buses, self.live[lanes], self.closed[lanes])


def admittance(problem: Problem, buses: Array, live: Array, closed: Array) -> Array:
    """(buses, n) shunts of the energised buses, with half the charging of closed branches. [p.u.]

    ``live`` is (n, B), ``closed`` (n, E).
    """
    table = np.where(live[:, buses].T, problem.bus_shunt[buses, None], 0.0)
    charged = np.flatnonzero(problem.branch_charging)
    if charged.size:
        place = np.full(problem.bus_voltage.size, -1)
        place[buses] = np.arange(buses.size)
        conducts = closed[:, charged] & live[:, problem.branch_from[charged]]
        half = 0.5j * problem.branch_charging[charged, None] * conducts.T
        far = half / square(problem.branch_tap[charged, None])
        for ends, values in ((problem.branch_to[charged], half), (problem.branch_from[charged], far)):
            at = place[ends] >= 0
            np.add.at(table, place[ends[at]], values[at])
    return table


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


class _Sweep:
    """Tables of one call of :func:`sweep`; those of loaded buses hold only these, in the same order."""

    def __init__(self, plan: Plan, lanes: Array, loads: Loads) -> None:
        self.plan, self.lanes, self.tolerance = plan, lanes, loads.tolerance
        n = lanes.size
        graph, core = plan.graph, plan.core
        column = np.full(plan.live.shape[0], -1)
        column[lanes] = np.arange(n)
        self.bounds = core.bind(column)
        first = plan.problem.source_bus.size
        share = plan.roots.share
        self.share = [None if s is None else share[np.ix_(first + s.converters, lanes)] for s in plan.stages]
        cords = np.ascontiguousarray(loads.cord_power)
        demand = (plan.cords @ cords.view(float)).view(complex).reshape(plan.slots, n)
        self.demand = np.conj(demand, out=demand)
        self.fixed_current = np.zeros((plan.fixed.size, n), dtype=complex)
        self._settle(lanes, share, first)
        self.demand = self.demand[: plan.loaded.size]
        self.base = self.demand[plan.dynamic].copy()
        self.shunt = plan.admittance(core.buses[plan.shunt_core], lanes)
        self.start = np.empty((core.buses.size, n), dtype=complex)
        self.start[:] = graph.voltage[core.buses, None]
        core.fall(self.start, None, self.bounds)
        self.no_load = square(self.start[plan.loaded])
        # tables that every sweep writes anew
        self.current = np.empty_like(self.start)
        self.own, self.before = (np.empty((plan.loaded.size, n), dtype=complex) for _ in range(2))
        self.square = np.empty((plan.loaded.size, n))
        widest = max((level.stop - level.start for level in core.levels), default=0)
        self.space = np.empty((widest, n), dtype=complex)
        self.noise = np.zeros(n)

    def _settle(self, lanes: Array, share: Array, first: int) -> None:
        """Currents of the busbars that the sweeps leave alone."""
        plan = self.plan
        if not plan.fixed.size:
            return
        held = np.repeat(plan.graph.voltage[plan.fixed, None], lanes.size, axis=1)
        demand = self.demand[plan.loaded.size :]
        shunt = plan.admittance(plan.fixed[plan.shunt_fixed], lanes)

        def balance() -> None:
            np.divide(demand, np.conj(held), out=self.fixed_current)
            self.fixed_current[plan.shunt_fixed] += shunt * held[plan.shunt_fixed]

        balance()
        for stage in plan.settled:
            stage.draw(self.demand, share[np.ix_(first + stage.converters, lanes)], self.fixed_current, held)
            balance()

    def _backward(self, voltage: Array) -> None:
        """Currents towards each bus."""
        plan, demand, current = self.plan, self.demand, self.current
        current.fill(0.0)
        if plan.dynamic.size:
            demand[plan.dynamic] = self.base
        for number in range(len(plan.core.levels) - 1, -1, -1):
            level = plan.core.levels[number]
            at, numbers = level.loaded, level.numbers
            if at.start < at.stop:
                before, own, size = self.before[numbers], self.own[numbers], self.square[numbers]
                before[...] = voltage[at]
                np.reciprocal(_square_into(before, size), out=size)
                np.multiply(before.real, size, out=own.real)  # V / |V|^2 = 1 / conj(V), by real products:
                np.multiply(before.imag, size, out=own.imag)  # a quarter of the time of a complex division
                own *= demand[numbers]
                current[at] += own
            shunts = plan.shunts[number]
            if shunts.start < shunts.stop:
                rows = plan.shunt_core[shunts]
                current[rows] += self.shunt[shunts] * voltage[rows]
            stage = plan.stages[number]
            share = self.share[number]
            if stage is not None and share is not None:
                stage.draw(demand, share, current, voltage)
            plan.core.rise(number, current, self.bounds[number])

    def _forward(self, voltage: Array) -> tuple[Array, Array]:
        """New voltages in place; the largest part of a loaded bus's mismatch, and the smallest of its |V|^2."""
        plan = self.plan
        worst, lowest = np.zeros(self.lanes.size), np.full(self.lanes.size, np.inf)
        for number, level in enumerate(plan.core.levels):
            plan.core.step(number, voltage, self.current, self.bounds[number], self.space)
            at, numbers = level.loaded, level.numbers
            if at.start < at.stop:
                product = self.space[: at.stop - at.start]
                np.subtract(voltage[at], self.before[numbers], out=product)
                product *= self.own[numbers]
                parts = product.view(float)
                highs = np.maximum(parts.max(axis=0), -parts.min(axis=0)).reshape(-1, 2).max(axis=1)
                worst = np.maximum(worst, highs)
                lowest = np.minimum(lowest, _square_into(voltage[at], self.square[numbers]).min(axis=0))
        return worst, lowest

    def _mismatch(self, voltage: Array, old_shunt: Array) -> tuple[Array, Array, Array]:
        """(n,) largest mismatch of each scenario, its largest demand, and its lowest voltage over no load.

        The currents were taken at the old voltages, so V conj(I) - S is left at the new ones.
        """
        plan = self.plan
        change = np.conj(self.own) * (voltage[plan.loaded] - self.before)
        at = plan.shunt_core
        if at.size:
            left = np.conj(self.shunt) * voltage[at] * np.conj(old_shunt - voltage[at])
            np.add.at(change, plan.shunt_number[plan.shunt_loaded], left[plan.shunt_loaded])
            change = np.concatenate([change, left[~plan.shunt_loaded]])
        error = np.sqrt(square(change).max(axis=0, initial=0.0))
        scale = np.sqrt(square(self.demand).max(axis=0, initial=0.0))
        lowest = (square(voltage[plan.loaded]) / self.no_load).min(axis=0, initial=1.0)
        return error, scale, lowest

    def _open(self, worst: Array, lowest: Array, pending: Array) -> bool:
        """True if it is plain that no pending scenario ends with this sweep."""
        enough = worst > np.maximum(self.tolerance, self.noise)
        sound = lowest > 2.0 * COLLAPSED**2 * self.no_load.max(initial=0.0)
        return bool((enough & sound)[pending].all())

    def run(self, max_iterations: int, warm: Array | None) -> State:
        plan, n = self.plan, self.lanes.size
        rows = plan.core.buses.size
        voltage = self.start
        if warm is not None:
            given = warm[:, plan.core.buses].T
            known = (given != 0) & ~plan.graph.held[plan.core.buses, None]
            np.copyto(voltage, given, where=known)
        state = State(
            self.lanes, np.zeros((rows + plan.fixed.size + 1, n), dtype=complex),
            np.full(n, MAX_ITERATIONS), np.zeros(n), np.zeros(n, dtype=bool), 0,
        )  # fmt: skip
        pending = np.ones(n, dtype=bool)
        for state.iterations in range(1, max_iterations + 1):
            self._backward(voltage)
            old_shunt = voltage[plan.shunt_core]
            worst, least = self._forward(voltage)
            if state.iterations == 1:
                self.noise = 4.0 * ROUNDING * np.abs(self.demand).max(axis=0, initial=0.0)
            if state.iterations < max_iterations and self._open(worst, least, pending):
                continue
            error, scale, lowest = self._mismatch(voltage, old_shunt)
            finite = np.isfinite(error) & np.isfinite(lowest)
            state.residual = np.where(pending & finite, error, state.residual)
            sunk = pending & finite & (lowest < COLLAPSED**2)
            wild = pending & ~finite
            fine = pending & finite & ~sunk & (error <= np.maximum(self.tolerance, ROUNDING * scale))
            state.ending[sunk | wild] = DIVERGED
            state.hopeless |= sunk
            state.ending[fine] = CONVERGED
            if fine.any():
                at = slice(None) if fine.all() else fine
                state.current[:rows, at] = self.current[:, at]
            pending &= ~(fine | sunk | wild)
            if not pending.any():
                break
        ok = state.ending == CONVERGED
        state.current[rows:-1, ok] = self.fixed_current[:, ok]
        return state


def _square_into(value: Array, out: Array) -> Array:
    """|value|^2 without a table in between but one."""
    np.multiply(value.real, value.real, out=out)
    out += value.imag * value.imag
    return out


def square(value: Array) -> Array:
    return np.asarray(value.real**2 + value.imag**2)

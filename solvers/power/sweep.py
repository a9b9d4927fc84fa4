"""Backward/forward sweep over the forest of all scenarios at once.

Every energised bus of every scenario is one node of one large forest; a scenario with another switching state
simply has other trees.  The nodes are stored level by level, so one sweep is a few array operations per
level, whatever the number of scenarios, and no loop runs over scenarios.

Inside a level the power balance of a bus is I = conj(S/V) + Y V, the current towards it J = I + sum of its
children's, and its voltage follows from its parent's by V = g V_parent - z J, where an off-nominal tap is in
g and z.  z = 0 is exact: it only passes the voltage on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from solvers.power.losses import conversion_loss
from solvers.power.problem import Problem
from solvers.power.transfer import WORD, Arcs, Switching, pairs, unpack

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


class Roots(NamedTuple):
    """Who holds a voltage: one row per live source or converter and scenario; flat = scenario * B + bus."""

    element: Array
    lane: Array
    flat: Array
    primary: Array
    """Flat node that stands for the whole ideal busbar."""
    share: Array
    """Part of the busbar's demand that this element delivers."""


def find_roots(problem: Problem, state: Switching) -> tuple[Roots, Roots, Array]:
    """Sources, converters, and the scenarios (n,) in which two of them contradict each other on one
    busbar."""
    buses = problem.bus_voltage.size
    source, s_lane = pairs(state.source)
    converter, c_lane = pairs(state.feeding)
    s_flat = s_lane * buses + problem.source_bus[source]
    c_flat = c_lane * buses + problem.converter_to[converter]
    flat = np.concatenate([s_flat, c_flat])
    primary = _busbars(problem, state, flat)
    voltage = np.concatenate([problem.source_voltage[source], problem.converter_voltage[converter]])
    kind = np.concatenate([np.zeros(source.size), np.ones(converter.size)])
    weight = np.concatenate([np.ones(source.size), problem.converter_rating[converter]])
    _, first, inverse = np.unique(primary, return_index=True, return_inverse=True)
    share = weight / np.bincount(inverse, weight)[inverse]
    clash = (voltage != voltage[first][inverse]) | (kind != kind[first][inverse])
    conflict = np.zeros(state.scenarios, dtype=bool)
    conflict[np.concatenate([s_lane, c_lane])[clash]] = True
    cut = source.size
    return (
        Roots(source, s_lane, s_flat, primary[:cut], share[:cut]),
        Roots(converter, c_lane, c_flat, primary[cut:], share[cut:]),
        conflict,
    )


def _busbars(problem: Problem, state: Switching, flat: Array) -> Array:
    """The lowest flat node among those of ``flat`` on the same busbar joined by closed ideal branches."""
    ideal = np.flatnonzero((problem.branch_impedance == 0) & (problem.branch_tap == 1))
    ideal = ideal[_joins_roots(problem, ideal)]
    if not ideal.size:
        return flat
    row, lane = pairs(state.closed[ideal] & state.live[problem.branch_from[ideal]])
    buses = problem.bus_voltage.size
    one = lane * buses + problem.branch_from[ideal[row]]
    other = lane * buses + problem.branch_to[ideal[row]]
    nodes, index = np.unique(np.concatenate([flat, one, other]), return_inverse=True)
    one, other = index[flat.size : flat.size + one.size], index[flat.size + one.size :]
    graph = coo_array((np.ones(one.size), (one, other)), shape=(nodes.size, nodes.size))
    count, label = connected_components(graph, directed=False)
    lowest = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(lowest, label[index[: flat.size]], flat)
    return lowest[label[index[: flat.size]]]


def _joins_roots(problem: Problem, ideal: Array) -> Array:
    """Ideal branches on a busbar that could hold two roots in some scenario: all others need no search."""
    buses = problem.bus_voltage.size
    ends = (problem.branch_from[ideal], problem.branch_to[ideal])
    count, label = connected_components(
        coo_array((np.ones(ideal.size), ends), shape=(buses, buses)), directed=False
    )
    root = np.zeros(buses)
    root[problem.source_bus] = root[problem.converter_to] = 1
    return np.bincount(label, root, minlength=count)[label[ends[0]]] > 1


def radial(problem: Problem, state: Switching, sources: Roots, converters: Roots) -> Array:
    """(n,) bool: every energised bus has exactly one feed, so a forest has as many branches as non-root
    buses."""
    n, buses = state.scenarios, problem.bus_voltage.size
    live = unpack(state.live, n).sum(axis=1)
    closed = unpack(state.closed & state.live[problem.branch_from], n).sum(axis=1)
    primary = np.unique(np.concatenate([sources.primary, converters.primary]))
    return closed == live - np.bincount(primary // buses, minlength=n)


@dataclass(frozen=True)
class Forest:
    """Nodes of all scenarios in order of level; roots stand first in their level."""

    flat: Array
    parent: Array
    branch: Array
    forward: Array
    """(N,) bool: the parent is at the from side of the branch."""
    levels: list[tuple[int, int, int]]
    """First node, first node with a parent, end."""
    position: Array
    """(n * B,) place of each bus in this order, -1 = absent."""

    def families(self) -> list[tuple[Array, Array]]:
        """Per level the distinct parents of its nodes and where each one's children start."""
        result = []
        for _, first, stop in self.levels:
            parents = self.parent[first:stop]
            starts = np.flatnonzero(np.r_[True, parents[1:] != parents[:-1]]) if parents.size else parents
            result.append((parents[starts], starts))
        return result


def plant(problem: Problem, arcs: Arcs, state: Switching, asked: Array, roots: tuple[Roots, Roots]) -> Forest:
    """Grow the forest of the scenarios in the word ``asked``, all of them radial.

    A busbar held by converters starts once all their inputs have been reached, so that their demand is known,
    going back, before the input's own turn comes.
    """
    n, buses = state.scenarios, problem.bus_voltage.size
    conducts = (state.closed & asked)[arcs.gate]
    sources, converters = (_select(r, _asked(asked, r.lane)) for r in roots)
    feeding = state.feeding & asked
    busbar = np.full((problem.converter_from.size, n), -1)
    busbar[converters.element, converters.lane] = converters.primary
    waiting = np.bincount(converters.primary, minlength=n * buses)
    by_input = np.argsort(problem.converter_from, kind="stable")
    position = np.full(n * buses, -1)
    done = np.zeros(buses, dtype=WORD)
    new = np.zeros(buses, dtype=WORD)
    front = np.zeros(0, dtype=int)
    start = np.unique(sources.primary)
    parts: list[tuple[Array, Array, Array, Array]] = []
    levels: list[tuple[int, int, int]] = []
    size = 0
    while front.size or start.size:
        out = arcs.leaving(front)
        head = arcs.head[out]
        bits = new[arcs.tail[out]] & conducts[out] & ~done[head]
        row, lane = pairs(bits)
        arc = out[row]
        parent = position[lane * buses + arcs.tail[arc]]
        order = np.argsort(parent, kind="stable")
        child = (lane * buses + arcs.head[arc])[order]
        nodes = np.concatenate([start, child])
        position[nodes] = size + np.arange(nodes.size)
        levels.append((size, size + start.size, size + nodes.size))
        filler = np.full(start.size, -1)
        branch = arcs.gate[arc[order]]
        forward = problem.branch_from[branch] == arcs.tail[arc[order]]
        parts.append(
            (nodes, np.r_[filler, parent[order]], np.r_[filler, branch], np.r_[filler == 0, forward])
        )
        size += nodes.size
        new[:] = 0
        np.bitwise_or.at(new, head, bits)
        np.bitwise_or.at(new, start % buses, np.left_shift(WORD.type(1), (start // buses).astype(WORD)))
        done |= new
        front = np.flatnonzero(new)
        row, lane = pairs((new[problem.converter_from] & feeding)[by_input])
        reached, count = np.unique(busbar[by_input[row], lane], return_counts=True)
        waiting[reached] -= count
        start = reached[waiting[reached] == 0]
    columns = [np.concatenate(c) for c in zip(*parts, strict=True)] if parts else [np.zeros(0, dtype=int)] * 4
    return Forest(columns[0], columns[1], columns[2], columns[3].astype(bool), levels, position)


def _asked(word: Array, lane: Array) -> Array:
    return (np.right_shift(word, lane.astype(WORD)) & WORD.type(1)).astype(bool)


def _select(roots: Roots, keep: Array) -> Roots:
    return Roots(*(column[keep] for column in roots))


class _Stage(NamedTuple):
    """Converters whose output busbar is in one level."""

    source: Array
    root: Array
    share: Array
    rating: Array
    loss: Array
    reactive: Array

    def draw(self, total: Array) -> Array:
        """Complex input power for the busbars' real power ``total`` per unit."""
        output = self.share * total
        return (output + conversion_loss(output, self.rating, self.loss)) * self.reactive


def reactive_factor(problem: Problem) -> Array:
    """(C,) 1 + j tan(phi) of the converter inputs."""
    pf = problem.converter_input_pf
    return 1.0 + 1j * np.sqrt(1.0 - pf**2) / pf


def solve_sweep(
    problem: Problem, arcs: Arcs, state: Switching, demand: Demand, asked: Array, max_iterations: int
) -> Flows:
    """Sweep the scenarios of ``asked`` (n,) bool until each one's mismatch is below its tolerance."""
    sources, converters, _ = find_roots(problem, state)
    word = np.packbits(np.r_[asked, np.zeros(64 - asked.size, bool)], bitorder="little").view(WORD)[0]
    forest = plant(problem, arcs, state, word, (sources, converters))
    flows = Flows.zeros(problem, state.scenarios)
    lost = _unreached(state, forest, asked)
    if lost.any():
        for lane in np.flatnonzero(lost):
            flows.details[int(lane)] = "converters feed each other in a ring"
        flows.ending[lost] = SINGULAR
    if forest.flat.size:
        sources, converters = (_select(r, asked[r.lane] & ~lost[r.lane]) for r in (sources, converters))
        _Sweep(problem, forest, demand, sources, converters, asked & ~lost).run(flows, max_iterations)
    return flows


def _unreached(state: Switching, forest: Forest, asked: Array) -> Array:
    live = unpack(state.live, state.scenarios).sum(axis=1)
    buses = state.live.size
    return asked & (live != np.bincount(forest.flat // buses, minlength=state.scenarios))


class _Sweep:
    """Arrays of one forest in node order, and the iteration over them."""

    def __init__(
        self,
        problem: Problem,
        forest: Forest,
        demand: Demand,
        sources: Roots,
        converters: Roots,
        asked: Array,
    ) -> None:
        self.problem, self.forest, self.asked = problem, forest, asked
        self.sources, self.converters = sources, converters
        self.families = forest.families()
        self.tolerance = demand.tolerance
        self.shape = demand.power.shape
        self.demand = demand.power.ravel()[forest.flat]
        shunt = demand.shunt.ravel()[forest.flat]
        self.shunt = shunt if shunt.any() else None
        tap = np.r_[problem.branch_tap, 1.0]
        impedance = np.r_[problem.branch_impedance, 0.0]
        # an absent branch (-1) of a root meets the appended neutral entry
        gain = np.where(forest.forward, (1.0 / tap)[forest.branch], tap[forest.branch])
        self.gain = gain if (gain != 1).any() else None
        ohm = impedance[forest.branch]
        self.impedance = ohm if self.gain is None else np.where(forest.forward, ohm, ohm * np.abs(gain) ** 2)
        self.start = self._start()
        self.stages = self._stages()

    def _start(self) -> Array:
        """No-load voltages: roots hold theirs, the others take their parent's through the taps."""
        voltage = np.ones(self.forest.flat.size, dtype=complex)
        position = self.forest.position
        voltage[position[self.sources.primary]] = self.problem.source_voltage[self.sources.element]
        voltage[position[self.converters.primary]] = self.problem.converter_voltage[self.converters.element]
        self._forward(voltage, np.zeros_like(voltage))
        return voltage

    def _stages(self) -> list[_Stage | None]:
        problem, roots, position = self.problem, self.converters, self.forest.position
        reactive = reactive_factor(problem)
        root = position[roots.primary]
        buses = problem.bus_voltage.size
        source = position[roots.lane * buses + problem.converter_from[roots.element]]
        stages: list[_Stage | None] = []
        for start, first, _ in self.forest.levels:
            at = (
                np.flatnonzero((root >= start) & (root < first))
                if roots.lane.size and first > start
                else root[:0]
            )
            c = roots.element[at]
            rating = problem.converter_rating[c] / problem.base_power
            loss = problem.converter_loss[c]
            stages.append(
                _Stage(source[at], root[at], roots.share[at], rating, loss, reactive[c]) if at.size else None
            )
        return stages

    def _forward(self, voltage: Array, current: Array) -> None:
        parent = self.forest.parent
        for _, first, stop in self.forest.levels:
            at = slice(first, stop)
            fed = voltage[parent[at]]
            if self.gain is not None:
                fed *= self.gain[at]
            voltage[at] = fed - self.impedance[at] * current[at]

    def _backward(self, voltage: Array) -> tuple[Array, Array, Array]:
        """Currents towards each node, and the bus currents and demands they came from."""
        demand = self.demand.copy()
        own = np.empty_like(voltage)
        current = np.zeros_like(voltage)
        for level in range(len(self.forest.levels) - 1, -1, -1):
            start, first, stop = self.forest.levels[level]
            at = slice(start, stop)
            bus = np.conj(demand[at] / voltage[at])
            if self.shunt is not None:
                bus += self.shunt[at] * voltage[at]
            own[at] = bus
            current[at] += bus
            stage = self.stages[level]
            if stage is not None:
                total = (voltage[stage.root] * np.conj(current[stage.root])).real
                np.add.at(demand, stage.source, stage.draw(total))
            self._gather(level, current)
        return current, own, demand

    def _gather(self, level: int, current: Array) -> None:
        """Add the level's currents to its parents."""
        _, first, stop = self.forest.levels[level]
        if first == stop:
            return
        up = current[first:stop]
        if self.gain is not None:
            up = up * np.conj(self.gain[first:stop])
        parents, starts = self.families[level]
        current[parents] += np.add.reduceat(up, starts)

    def _table(self, value: Array, fill: float) -> Array:
        """(n, B) table of a node value."""
        table = np.full(self.shape, fill)
        table.ravel()[self.forest.flat] = value
        return table

    def run(self, flows: Flows, max_iterations: int) -> None:
        """Iterate; a scenario is frozen as soon as it converges, so its numbers do not depend on its
        neighbours."""
        voltage = self.start.copy()
        lane = self.forest.flat // self.shape[1]
        pending = self.asked.copy()
        kept = (np.zeros_like(voltage), np.zeros_like(voltage))
        no_load = _square(self.start)
        flows.ending[pending] = MAX_ITERATIONS
        with np.errstate(all="ignore"):
            for flows.iterations in range(1, max_iterations + 1):
                current, own, demand = self._backward(voltage)
                self._forward(voltage, current)
                square = _square(voltage)
                mismatch = voltage * np.conj(own) - demand
                if self.shunt is not None:
                    mismatch -= np.conj(self.shunt) * square
                error = np.sqrt(self._table(_square(mismatch), 0.0).max(axis=1))
                scale = np.sqrt(self._table(_square(demand), 0.0).max(axis=1))
                lowest = self._table(square / no_load, 1.0).min(axis=1)
                finite = np.isfinite(error) & np.isfinite(lowest)
                flows.residual = np.where(pending & finite, error, flows.residual)
                sunk = pending & finite & (lowest < COLLAPSED**2)
                wild = pending & ~finite
                fine = pending & finite & ~sunk & (error <= np.maximum(self.tolerance, ROUNDING * scale))
                flows.ending[sunk | wild] = DIVERGED
                flows.hopeless |= sunk
                flows.ending[fine] = CONVERGED
                if fine.any():
                    at = fine[lane]
                    kept[0][at], kept[1][at] = voltage[at], current[at]
                pending &= ~(fine | sunk | wild)
                if not pending.any():
                    break
        self._report(flows, *kept)

    def _report(self, flows: Flows, voltage: Array, current: Array) -> None:
        """Write branch, converter and source powers from node voltages and currents (zero where not
        converged)."""
        position = self.forest.position
        flows.bus_voltage.ravel()[self.forest.flat] = voltage
        correction = np.zeros_like(current)
        reactive = reactive_factor(self.problem)
        for roots, target in ((self.sources, flows.source_power), (self.converters, flows.converter_output)):
            root = position[roots.primary]
            target[roots.lane, roots.element] = roots.share * voltage[root] * np.conj(current[root])
            np.subtract.at(correction, position[roots.flat], roots.share * current[root])
        rating = self.problem.converter_rating[self.converters.element] / self.problem.base_power
        cell = (self.converters.lane, self.converters.element)
        output = flows.converter_output[cell].real
        loss = conversion_loss(output, rating, self.problem.converter_loss[self.converters.element])
        runs = flows.ending[self.converters.lane] == CONVERGED
        flows.converter_input[cell] = np.where(runs, output + loss, 0.0) * reactive[self.converters.element]
        if np.any(self.sources.flat != self.sources.primary) or np.any(
            self.converters.flat != self.converters.primary
        ):
            # an element beside the first one of its busbar feeds the busbar through ideal branches
            for level in range(len(self.forest.levels) - 1, -1, -1):
                self._gather(level, correction)
            current = current + correction
        self._branches(flows, voltage, current)

    def _branches(self, flows: Flows, voltage: Array, current: Array) -> None:
        children = np.flatnonzero(self.forest.parent >= 0)
        for first in range(0, children.size, 1 << 14):  # small pieces stay in the cache
            self._branch_piece(flows, voltage, current, children[first : first + (1 << 14)])

    def _branch_piece(self, flows: Flows, voltage: Array, current: Array, child: Array) -> None:
        problem, forest = self.problem, self.forest
        branch, forward = forest.branch[child], forest.forward[child]
        up = voltage[forest.parent[child]]
        here = voltage[child]
        passed = current[child]
        drawn = passed if self.gain is None else np.conj(self.gain[child]) * passed
        if problem.branch_charging.any():
            at_to = 0.5j * problem.branch_charging[branch]
            at_from = at_to / _square(problem.branch_tap[branch])
            drawn = drawn + np.where(forward, at_from, at_to) * up
            passed = passed - np.where(forward, at_to, at_from) * here
        leaves = up * np.conj(drawn)
        arrives = here * np.conj(passed)
        cell = forest.flat[child] // self.shape[1] * problem.branch_from.size + branch
        flows.power_from.ravel()[cell] = np.where(forward, leaves, -arrives)
        flows.power_to.ravel()[cell] = np.where(forward, arrives, -leaves)


def _square(value: Array) -> Array:
    return np.asarray(value.real**2 + value.imag**2)

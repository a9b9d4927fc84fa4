"""Newton-Raphson power flow for meshed networks and PV buses, scenarios stacked into one block-diagonal
system.

Buses joined by ideal (zero-impedance) branches are merged into one node, with the ratio of an ideal
transformer kept exactly; the powers of the ideal branches follow afterwards from the balance of each bus.
Converters cut the network into islands, which are solved from the load side to the source side, so that each
converter's output is known before its input is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, csr_array, diags_array, hstack, vstack
from scipy.sparse.csgraph import breadth_first_order, connected_components
from scipy.sparse.linalg import splu

from solvers.power.losses import conversion_loss
from solvers.power.problem import Problem, load_at
from solvers.power.sweep import (
    CONVERGED,
    DIVERGED,
    INFEASIBLE,
    MAX_ITERATIONS,
    ROUNDING,
    SINGULAR,
    Flows,
    admittance,
    reactive_factor,
)
from solvers.power.transfer import Switching, unpack

Array = NDArray[Any]
Blame = Callable[[Array, int, str], None]
HALVINGS = 6
"""Most times a Newton step is halved while the mismatch grows (assumed)."""


class Task(NamedTuple):
    """Scenarios of one block of switching to be solved."""

    state: Switching
    lanes: Array
    """(n,) scenarios of the block."""
    cord_power: Array
    """(K, n) complex power of each cord at a voltage of 1 p.u. [VA]"""
    tolerance: Array
    """(n,) largest accepted mismatch of a bus. [p.u.]"""
    generator_power: Array
    """(n, N). [W]"""
    start: Array | None = None
    """(n, B) complex voltages to begin with; zeros begin at no load. [p.u.]"""


class Answer(NamedTuple):
    """What became of the scenarios of a task."""

    tables: dict[str, Array]
    """Outputs (element, n), SI."""
    ending: Array
    residual: Array
    iterations: int
    details: list[str]
    """(n,) why a scenario failed, else empty."""


class _Demand(NamedTuple):
    """Electrical input of up to 64 scenarios, per unit."""

    power: Array
    current: Array
    impedance: Array
    """(n, B) complex, consuming, times 1, |V| and |V|^2."""
    shunt: Array
    """(n, B) complex admittance, half the charging of closed branches included."""
    tolerance: Array


def solve_newton(problem: Problem, task: Task, max_iterations: int, stack: int = 5000) -> Answer:
    """Solve the scenarios of a task, about ``stack`` buses at a time."""
    state, lanes, n = task.state, task.lanes, task.state.scenarios
    cords, buses = problem.cord_load.size, problem.bus_voltage.size
    current = problem.load_current_share[problem.cord_load]
    impedance = problem.load_impedance_share[problem.cord_load]
    terms = []
    for share in (1.0 - current - impedance, current, impedance):
        ones = (share / problem.base_power, (problem.cord_bus, np.arange(cords)))
        term = np.zeros((n, buses), dtype=complex)
        term[lanes] = (csr_array(ones, shape=(buses, cords)) @ task.cord_power).T
        terms.append(term)
    shunt = np.zeros((n, buses), dtype=complex)
    live, closed = unpack(state.live, n)[lanes], unpack(state.closed, n)[lanes]
    shunt[lanes] = admittance(problem, np.arange(buses), live, closed).T
    tolerance, generation = np.ones(n), np.zeros((n, problem.generator_bus.size))
    tolerance[lanes], generation[lanes] = task.tolerance, task.generator_power / problem.base_power
    demand = _Demand(terms[0], terms[1], terms[2], shunt, tolerance)
    flows = Flows.zeros(problem, n)
    step = max(1, stack // buses)
    for first in range(0, lanes.size, step):
        _solve_stack(problem, state, demand, generation, lanes[first : first + step], max_iterations, flows)
    tables = _tables(problem, flows, lanes)
    tables["cord_power"] = task.cord_power * load_at(problem, flows.bus_voltage[lanes]).T
    details = [flows.details.get(int(lane), "") for lane in lanes]
    return Answer(tables, flows.ending[lanes], flows.residual[lanes], flows.iterations, details)


def _tables(problem: Problem, flows: Flows, lanes: Array) -> dict[str, Array]:
    """Tables (element, scenario) of a Newton result, SI."""
    base = problem.base_power
    names = {"branch_power_from": flows.power_from, "branch_power_to": flows.power_to}
    names |= {"converter_input": flows.converter_input, "converter_output": flows.converter_output}
    names |= {"source_power": flows.source_power, "generator_output": flows.generator_output}
    result = {name: base * value[lanes].T for name, value in names.items()}
    result["bus_voltage"] = voltage = flows.bus_voltage[lanes].T
    result["branch_loss"] = (result["branch_power_from"] - result["branch_power_to"]).real
    result["converter_loss"] = (result["converter_input"] - result["converter_output"]).real
    result["converter_loading"] = result["converter_output"].real / problem.converter_rating[:, None]
    to = problem.branch_to
    factor = np.where(problem.bus_dc[to], 1.0, np.sqrt(3.0)) * problem.bus_voltage[to]
    level = np.abs(voltage)[to] * factor[:, None]
    current = np.abs(result["branch_power_to"]) / np.where(level > 0, level, np.inf)
    result["branch_current"] = current
    result["branch_loading"] = current / problem.branch_rating[:, None]
    square = voltage.real**2 + voltage.imag**2
    result["shunt_loss"] = base * (problem.bus_shunt.real @ square)
    return result


def _solve_stack(
    problem: Problem,
    state: Switching,
    demand: _Demand,
    generation: Array,
    lanes: Array,
    max_iterations: int,
    flows: Flows,
) -> None:
    try:
        _Stack(problem, state, demand, generation, lanes).run(flows, max_iterations)
    except RuntimeError:  # the factorisation met an exact zero: find the scenario that is to blame
        if lanes.size == 1:
            _fail(flows, lanes, SINGULAR, "the Jacobian is singular")
            return
        for lane in lanes:
            _solve_stack(problem, state, demand, generation, np.array([lane]), max_iterations, flows)


def _fail(flows: Flows, lanes: Array, ending: int, detail: str) -> None:
    for lane in lanes:
        if flows.ending[lane] < ending:
            flows.ending[lane] = ending
            flows.details[int(lane)] = detail


class _Edges(NamedTuple):
    """Closed live branches of all stacked scenarios; ends are node numbers."""

    lane: Array
    branch: Array
    tail: Array
    head: Array


class _Holders(NamedTuple):
    """Sources, converters or generators: scenario (row of the stack), element and node."""

    lane: Array
    element: Array
    node: Array


class _Stack:
    """The live buses ("nodes") of several scenarios, merged over ideal branches into "points"."""

    def __init__(
        self, problem: Problem, state: Switching, demand: _Demand, generation: Array, lanes: Array
    ) -> None:
        self.problem, self.lanes = problem, lanes
        n, buses = state.scenarios, problem.bus_voltage.size
        live = unpack(state.live, n)[lanes]
        self.at = np.flatnonzero(live)
        self.node_lane = self.at // buses
        self.number = np.full(live.size, -1)
        self.number[self.at] = np.arange(self.at.size)
        self.demand, self.current, self.impedance = (
            term[lanes].ravel()[self.at] for term in (demand.power, demand.current, demand.impedance)
        )
        self.shunt = demand.shunt[lanes].ravel()[self.at]
        self.tolerance = demand.tolerance[lanes]
        closed = unpack(state.closed, n)[lanes] & live[:, problem.branch_from]
        lane, branch = np.nonzero(closed)
        tail, head = (
            self.number[lane * buses + end[branch]] for end in (problem.branch_from, problem.branch_to)
        )
        ideal = problem.branch_impedance[branch] == 0
        edges = _Edges(lane, branch, tail, head)
        self.real = _Edges(*(column[~ideal] for column in edges))
        self.ideal = _Edges(*(column[ideal] for column in edges))
        self.source = self._holders(unpack(state.source, n)[lanes], problem.source_bus)
        feeding = unpack(state.feeding, n)[lanes]
        self.converter = self._holders(feeding, problem.converter_to)
        self.intake = self._holders(feeding, problem.converter_from).node
        self.generator = self._holders(live[:, problem.generator_bus], problem.generator_bus)
        self.generation = generation[lanes][self.generator.lane, self.generator.element]
        self.broken: list[tuple[Array, int, str]] = []

    def _holders(self, mask: Array, bus: Array) -> _Holders:
        lane, element = np.nonzero(mask)
        return _Holders(lane, element, self.number[lane * self.problem.bus_voltage.size + bus[element]])

    def run(self, flows: Flows, max_iterations: int) -> None:
        lanes, count = self.lanes, self.lanes.size
        ending = np.zeros(count, dtype=int)
        detail: dict[int, str] = {}

        def blame(rows: Array, code: int, why: str) -> None:
            for row in np.unique(rows):
                if ending[row] < code:
                    ending[row], detail[int(row)] = code, why

        tree = _IdealTree(self.at.size, self.ideal, self.problem)
        blame(self.node_lane[tree.looped], SINGULAR, "closed zero-impedance branches form a loop")
        points = tree.points
        held = self._hold(tree, blame)
        network = _network(self, tree)
        rank = self._ranks(network, tree)
        cyclic = rank < 0
        rank = np.where(cyclic, 0, rank)
        point_lane = np.zeros(points, dtype=int)
        point_lane[tree.point] = self.node_lane
        voltage = _no_load(network.series, held)
        injected = -_sum(tree.point, self.demand, points)
        injected += _sum(tree.point[self.generator.node], self.generation, points)
        gain = np.abs(tree.ratio)
        linear = _sum(tree.point, self.current * gain, points)
        square = _sum(tree.point, self.impedance * gain**2, points)
        intake = np.zeros(self.converter.element.size, dtype=complex)
        residual = np.zeros(count)
        iterations = 0
        for _ in range(max_iterations if cyclic.any() else 1):
            previous = intake.copy()
            for level in range(int(rank.max(initial=-1)) + 1):
                part = np.flatnonzero((rank == level) & (ending[point_lane] == CONVERGED))
                spec = injected - _sum(tree.point[self.intake], intake, points)
                island = _Island(
                    network.full[part][:, part],
                    (spec[part], linear[part], square[part]),
                    held.take(part),
                    point_lane[part],
                    count,
                )
                voltage[part], took = island.solve(voltage[part], self.tolerance, max_iterations)
                iterations = max(iterations, took)
                residual = np.maximum(residual, island.residual)
                ending = np.maximum(ending, island.ending)
                size = np.abs(voltage)
                delivered = voltage * np.conj(network.full @ voltage) - spec + (linear + square * size) * size
                intake = self._draw(delivered, held, tree, rank, level, intake)
            change = np.zeros(count)
            np.maximum.at(change, self.converter.lane, np.abs(intake - previous))
            unsettled = change > self.tolerance
            if not (unsettled & (ending == CONVERGED)).any():
                break
        if cyclic.any():
            blame(
                np.flatnonzero(unsettled & np.isin(np.arange(count), point_lane[cyclic])),
                MAX_ITERATIONS,
                "converters that feed their own input did not settle",
            )
        good = ending == CONVERGED
        flows.ending[lanes], flows.residual[lanes] = ending, residual
        flows.iterations = max(flows.iterations, iterations)
        flows.details.update({int(lanes[row]): why for row, why in detail.items()})
        spec = injected - _sum(tree.point[self.intake], intake, points)
        voltage[~good[point_lane]] = 0.0
        size = np.abs(voltage)
        delivered = voltage * np.conj(network.full @ voltage) - spec + (linear + square * size) * size
        delivered = np.where(good[point_lane], delivered, 0.0)
        self._report(
            flows, tree, held, voltage, delivered, np.where(good[self.converter.lane], intake, 0.0), good
        )

    def _hold(self, tree: _IdealTree, blame: Blame) -> _Held:
        """Fix the voltage of points with a source or converter and the magnitude of points with a
        generator."""
        problem = self.problem
        node = np.r_[self.source.node, self.converter.node]
        kind = np.r_[np.zeros(self.source.node.size), np.ones(self.converter.node.size)]
        value = np.r_[
            problem.source_voltage[self.source.element], problem.converter_voltage[self.converter.element]
        ]
        value = value / tree.ratio[node]
        weight = np.r_[np.ones(self.source.node.size), problem.converter_rating[self.converter.element]]
        fixed = np.zeros(tree.points, dtype=complex)
        total = np.bincount(tree.point[node], weight, tree.points)
        kinds = np.zeros(tree.points)
        fixed[tree.point[node]], kinds[tree.point[node]] = value, kind
        clash = (np.abs(fixed[tree.point[node]] - value) > 1e-12) | (kinds[tree.point[node]] != kind)
        blame(
            self.node_lane[node[clash]],
            INFEASIBLE,
            "two sources or converters hold one busbar at different values",
        )
        magnitude = np.zeros(tree.points)
        machine = self.generator.node
        wanted = problem.generator_voltage[self.generator.element] / np.abs(tree.ratio[machine])
        magnitude[tree.point[machine]] = wanted
        clash = (np.abs(magnitude[tree.point[machine]] - wanted) > 1e-12) & (fixed[tree.point[machine]] == 0)
        blame(
            self.node_lane[machine[clash]], INFEASIBLE, "two generators hold one busbar at different voltages"
        )
        magnitude[fixed != 0] = 0.0
        return _Held(fixed, magnitude, weight / total[tree.point[node]])

    def _ranks(self, network: _Network, tree: _IdealTree) -> Array:
        """(points,) converter stages between a point's island and the last load; -1 where they go round in a
        ring."""
        links = network.full
        pattern = csr_array((np.ones(links.nnz), links.indices, links.indptr), shape=links.shape)
        count, island = connected_components(pattern, directed=False)
        rank = np.zeros(count, dtype=int)
        lower, upper = island[tree.point[self.converter.node]], island[tree.point[self.intake]]
        for _ in range(self.problem.converter_from.size + 1):
            raised = rank.copy()
            np.maximum.at(raised, upper, rank[lower] + 1)
            if np.array_equal(raised, rank):
                return rank[island]
            rank = raised
        lane = np.zeros(count, dtype=int)
        lane[island[tree.point]] = self.node_lane
        stuck = np.unique(lane[rank > self.problem.converter_from.size])
        ring = np.isin(lane, stuck)
        return np.where(ring, -1, rank)[island]

    def _draw(
        self, delivered: Array, held: _Held, tree: _IdealTree, rank: Array, level: int, intake: Array
    ) -> Array:
        """Converter input powers after the islands of ``level`` are solved."""
        problem, c = self.problem, self.converter.element
        share = held.share[self.source.node.size :]
        point = tree.point[self.converter.node]
        output = share * delivered[point].real
        rating = problem.converter_rating[c] / problem.base_power
        drawn = (output + conversion_loss(output, rating, problem.converter_loss[c])) * reactive_factor(
            problem
        )[c]
        return np.where(rank[point] == level, drawn, intake)

    def _report(
        self,
        flows: Flows,
        tree: _IdealTree,
        held: _Held,
        voltage: Array,
        delivered: Array,
        intake: Array,
        good: Array,
    ) -> None:
        problem, lanes = self.problem, self.lanes
        bus = tree.ratio * voltage[tree.point]
        lane = lanes[self.node_lane]
        flows.bus_voltage[lane, self.at % problem.bus_voltage.size] = bus
        share = held.share * delivered[tree.point[np.r_[self.source.node, self.converter.node]]]
        cut = self.source.node.size
        flows.source_power[lanes[self.source.lane], self.source.element] = share[:cut]
        flows.converter_output[lanes[self.converter.lane], self.converter.element] = share[cut:]
        flows.converter_input[lanes[self.converter.lane], self.converter.element] = intake
        machine = tree.point[self.generator.node]
        among = np.bincount(machine, minlength=tree.points)[machine]
        reactive = np.where(held.magnitude[machine] > 0, delivered[machine].imag / among, 0.0)
        generated = np.where(good[self.generator.lane], self.generation, 0.0) + 1j * reactive
        flows.generator_output[lanes[self.generator.lane], self.generator.element] = generated
        sent, got = self._series(bus)
        need = self.demand * good[self.node_lane]
        need += (self.current + (self.impedance + np.conj(self.shunt)) * np.abs(bus)) * np.abs(bus)
        need += _sum(self.intake, intake, bus.size) - _sum(self.source.node, share[:cut], bus.size)
        need -= _sum(self.converter.node, share[cut:], bus.size) + _sum(
            self.generator.node, generated, bus.size
        )
        need += _sum(self.real.tail, sent, bus.size) - _sum(self.real.head, got, bus.size)
        passed = tree.flows(need)
        for edges, leaving, arriving in ((self.real, sent, got), (self.ideal, passed, passed)):
            half = -0.5j * problem.branch_charging[edges.branch]
            inner = np.abs(bus[edges.tail] / problem.branch_tap[edges.branch]) ** 2
            cell = (lanes[edges.lane], edges.branch)
            flows.power_from[cell] = leaving + half * inner
            flows.power_to[cell] = arriving - half * np.abs(bus[edges.head]) ** 2

    def _series(self, bus: Array) -> tuple[Array, Array]:
        """Complex power into and out of the series elements."""
        inner = bus[self.real.tail] / self.problem.branch_tap[self.real.branch]
        current = (inner - bus[self.real.head]) / self.problem.branch_impedance[self.real.branch]
        return inner * np.conj(current), bus[self.real.head] * np.conj(current)


def _sum(index: Array, value: Array, size: int) -> Array:
    """Complex sums of ``value`` by ``index``."""
    value = np.asarray(value, dtype=complex)
    return np.bincount(index, value.real, size) + 1j * np.bincount(index, value.imag, size)


class _IdealTree:
    """Spanning trees over the ideal branches: V of a node = ratio * V of its point."""

    def __init__(self, nodes: int, edges: _Edges, problem: Problem) -> None:
        self.edges, self.nodes = edges, nodes
        graph = coo_array((np.ones(edges.tail.size), (edges.tail, edges.head)), shape=(nodes, nodes))
        self.points, self.point = connected_components(graph, directed=False)
        surplus = np.bincount(self.point[edges.tail], minlength=self.points) + 1
        self.looped = np.flatnonzero((surplus > np.bincount(self.point, minlength=self.points))[self.point])
        self.ratio = np.ones(nodes, dtype=complex)
        self.depth = np.zeros(nodes, dtype=int)
        self.parent = np.arange(nodes)
        self.sign = np.zeros(edges.tail.size)
        self.child = edges.head.copy()
        if edges.tail.size:
            self._grow(problem.branch_tap[edges.branch])

    def _grow(self, tap: Array) -> None:
        edges, nodes = self.edges, self.nodes
        _, first = np.unique(self.point, return_index=True)
        ones = np.ones(edges.tail.size + first.size)
        ends = (np.r_[edges.tail, np.full(first.size, nodes)], np.r_[edges.head, first])
        graph = csr_array(coo_array((ones, ends), shape=(nodes + 1, nodes + 1)))
        _, before = breadth_first_order(graph, nodes, directed=False)
        before = before[:nodes]
        self.parent = np.where(before == nodes, np.arange(nodes), before)
        down = self.parent[edges.head] == edges.tail
        self.child = np.where(down, edges.head, edges.tail)
        self.sign = np.where(down, 1.0, -1.0)
        gain = np.ones(nodes, dtype=complex)
        gain[self.child] = np.where(down, 1.0 / tap, tap)
        step, hop = (self.parent != np.arange(nodes)).astype(int), self.parent.copy()
        gain[self.parent == np.arange(nodes)] = 1.0
        while (hop != hop[hop]).any():  # pointer jumping: the reach towards the root doubles every time
            gain, step, hop = gain * gain[hop], step + step[hop], hop[hop]
        self.ratio, self.depth = gain, step

    def flows(self, need: Array) -> Array:
        """Power through each ideal branch, from -> to, that meets the ``need`` of the nodes."""
        total = need.copy()
        for depth in range(int(self.depth.max(initial=0)), 0, -1):
            at = np.flatnonzero(self.depth == depth)
            np.add.at(total, self.parent[at], total[at])
        return np.asarray(self.sign * total[self.child])


class _Held(NamedTuple):
    """What is given at each point, and how the holders of a busbar share its power."""

    fixed: Array
    """(points,) complex voltage, 0 = free."""
    magnitude: Array
    """(points,) voltage magnitude of PV points, 0 = none."""
    share: Array
    """(sources + converters,)."""

    def take(self, part: Array) -> _Held:
        return _Held(self.fixed[part], self.magnitude[part], self.share)


class _Network(NamedTuple):
    """Admittance matrices between points."""

    full: csr_array
    series: csr_array


def _network(stack: _Stack, tree: _IdealTree) -> _Network:
    problem, edges = stack.problem, stack.real
    nodes = stack.at.size
    series = 1.0 / problem.branch_impedance[edges.branch]
    tap = problem.branch_tap[edges.branch]
    rows = np.r_[edges.tail, edges.tail, edges.head, edges.head]
    columns = np.r_[edges.tail, edges.head, edges.tail, edges.head]
    values = np.r_[series / np.abs(tap) ** 2, -series / np.conj(tap), -series / tap, series]
    matrix = csr_array(coo_array((values, (rows, columns)), shape=(nodes, nodes)))
    lift = csr_array(coo_array((tree.ratio, (np.arange(nodes), tree.point)), shape=(nodes, tree.points)))
    merge = csr_array(lift.conj().T)
    full = matrix + diags_array(stack.shunt)
    return _Network(csr_array(merge @ full @ lift), csr_array(merge @ matrix @ lift))


def _no_load(series: csr_array, held: _Held) -> Array:
    """Voltages without load and shunts, PV magnitudes put in: a start that knows taps and phase shifts."""
    voltage = np.where(held.fixed != 0, held.fixed, 1.0)
    free = np.flatnonzero(held.fixed == 0)
    if free.size:
        fixed = np.flatnonzero(held.fixed != 0)
        right = -(series[free][:, fixed] @ held.fixed[fixed])
        voltage[free] = splu(csc_array(series[free][:, free])).solve(right)
    scale = np.where(held.magnitude > 0, held.magnitude / np.abs(voltage), 1.0)
    return np.asarray(voltage * scale)


class _Island:
    """Newton-Raphson in polar form on all islands of one rank."""

    def __init__(
        self, matrix: csr_array, terms: tuple[Array, Array, Array], held: _Held, lane: Array, scenarios: int
    ) -> None:
        self.matrix, self.lane = matrix, lane
        self.spec, self.linear, self.square = terms
        self.angle = np.flatnonzero(held.fixed == 0)
        self.size = np.flatnonzero((held.fixed == 0) & (held.magnitude == 0))
        self.residual = np.zeros(scenarios)
        self.ending = np.zeros(scenarios, dtype=int)
        self.active = np.zeros(scenarios, dtype=bool)
        self.active[lane[self.angle]] = True

    def _mismatch(self, voltage: Array) -> tuple[Array, Array]:
        """Power mismatch of every point and the largest one that counts of each scenario."""
        size = np.abs(voltage)
        gap = voltage * np.conj(self.matrix @ voltage) - self.spec + (self.linear + self.square * size) * size
        counted = np.zeros(gap.size, dtype=complex)
        counted[self.angle] = gap[self.angle].real
        counted[self.size] = gap[self.size]
        worst = np.zeros(self.residual.size)
        with np.errstate(all="ignore"):
            np.maximum.at(worst, self.lane, np.nan_to_num(np.abs(counted), nan=np.inf))
        return gap, worst

    def solve(self, start: Array, tolerance: Array, max_iterations: int) -> tuple[Array, int]:
        """Iterate until every scenario is below its tolerance or given up; returns voltages and
        iterations."""
        voltage = start.copy()
        scale = np.zeros(self.residual.size)
        np.maximum.at(scale, self.lane, np.abs(self.spec))
        accepted = np.maximum(
            tolerance, ROUNDING * np.maximum(scale, _size(self.matrix, self.lane, scale.size))
        )
        gap, self.residual = self._mismatch(voltage)
        self.active &= self.residual > accepted
        for iteration in range(1, max_iterations + 1):
            if not self.active.any():
                return voltage, iteration - 1
            voltage, gap, stalled = self._step(voltage, gap)
            self.ending[stalled] = DIVERGED
            self.active &= ~stalled & (self.residual > accepted)
        self.ending[self.active] = MAX_ITERATIONS
        return voltage, max_iterations

    def _step(self, voltage: Array, gap: Array) -> tuple[Array, Array, Array]:
        """One damped Newton step of all active scenarios; tells which of them no longer improve."""
        angle, size = (index[self.active[self.lane[index]]] for index in (self.angle, self.size))
        step = -splu(self._jacobian(voltage, angle, size)).solve(np.r_[gap[angle].real, gap[size].imag])
        turn, grow = np.zeros(voltage.size), np.zeros(voltage.size)
        turn[angle], grow[size] = step[: angle.size], step[angle.size :]
        length = np.where(self.active, 1.0, 0.0)
        before = self.residual
        for _ in range(HALVINGS + 1):
            with np.errstate(all="ignore"):
                modulus = np.abs(voltage) + length[self.lane] * grow
                turned = voltage / np.abs(voltage) * np.exp(1j * length[self.lane] * turn)
                trial = np.where(length[self.lane] > 0, modulus * turned, voltage)
            _, worst = self._mismatch(trial)
            worse = self.active & ~(worst < before) & (length > 0)
            if not worse.any():
                break
            length[worse] *= 0.5
        length[worse] = 0.0
        trial = np.where(worse[self.lane], voltage, trial)
        gap, self.residual = self._mismatch(trial)
        return trial, gap, worse

    def _jacobian(self, voltage: Array, angle: Array, size: Array) -> csc_array:
        current = self.matrix @ voltage
        unit = voltage / np.abs(voltage)
        here = diags_array(voltage)
        by_angle = csr_array(1j * (here @ (diags_array(current) - self.matrix @ here).conj()))
        by_size = csr_array(
            here @ (self.matrix @ diags_array(unit)).conj()
            + diags_array(np.conj(current) * unit + self.linear + 2 * self.square * np.abs(voltage))
        )
        top = hstack([by_angle[angle][:, angle].real, by_size[angle][:, size].real])
        bottom = hstack([by_angle[size][:, angle].imag, by_size[size][:, size].imag])
        return csc_array(vstack([top, bottom]))


def _size(matrix: csr_array, lane: Array, scenarios: int) -> Array:
    """Largest admittance of each scenario: rounding cannot balance power better than this allows."""
    size = np.zeros(scenarios)
    np.maximum.at(size, lane, np.abs(matrix.diagonal()))
    return size

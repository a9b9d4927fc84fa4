"""Powers, currents and losses of every element from the voltages of the points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.newton_limits import Reactive
from solvers.power.newton_nodes import Nodes, total
from solvers.power.newton_system import State
from solvers.power.problem import Problem, load_at

if TYPE_CHECKING:
    from solvers.power.newton import Model

Array = NDArray[Any]


def report_newton(model: Model, state: State, reactive: Reactive, good: Array) -> dict[str, Array]:
    """Tables (element, scenario) in SI units; scenarios that are not ``good`` are zero."""
    problem, nodes, busbars = model.problem, model.nodes, model.busbars
    lanes, base = good.size, problem.base_power
    kept = good[busbars.lane]
    voltage = np.where(kept, state.voltage(), 0.0)
    size = np.abs(voltage)
    system = model.system
    intake = np.where(good[nodes.converter.lane], system.converters.drawn(state.output), 0.0)
    load = system.demand * kept + (system.linear + system.square * size) * size
    asked = voltage * np.conj(system.matrix @ voltage) + load
    asked += total(system.converters.intake, intake, size.size) - system.generation * kept
    bus = busbars.ratio * voltage[busbars.point]
    holder = model.share * asked[busbars.point[np.r_[nodes.source.node, nodes.converter.node]]]
    fed, output = holder[: nodes.source.node.size], holder[nodes.source.node.size :]
    held = (system.fixed == 0) & kept
    made = 1j * reactive.divide(np.where(held, asked.imag, 0.0))
    generated = nodes.generation * good[nodes.generator.lane] + made
    sent, got, passed = _branches(nodes, busbars, bus, (fed, output, generated, intake), good)
    tables = _scatter(nodes, lanes, bus, fed, output, intake, generated)
    shape = (problem.branch_from.size, lanes)
    tables["branch_power_from"], tables["branch_power_to"] = np.zeros((2, *shape), dtype=complex)
    for edges, leaving, arriving in ((nodes.real, sent, got), (nodes.ideal, passed, passed)):
        half = -0.5j * problem.branch_charging[edges.branch]
        inner = np.abs(bus[edges.tail] / problem.branch_tap[edges.branch]) ** 2
        cell = (edges.branch, edges.lane)
        tables["branch_power_from"][cell] = leaving + half * inner
        tables["branch_power_to"][cell] = arriving - half * np.abs(bus[edges.head]) ** 2
    for name in tables:
        if name != "bus_voltage":
            tables[name] *= base
    tables["generator_limit"] = np.zeros((problem.generator_bus.size, lanes), dtype=int)
    tables["generator_limit"][nodes.generator.element, nodes.generator.lane] = np.where(
        good[nodes.generator.lane], reactive.limit(), 0
    )
    tables["cord_power"] = model.task.cord_power * load_at(problem, tables["bus_voltage"].T).T * good
    return tables | _derived(problem, tables)


def _branches(
    nodes: Nodes, busbars: Any, bus: Array, holders: tuple[Array, ...], good: Array
) -> tuple[Array, Array, Array]:
    """Power into and out of the series elements, and through the ideal branches. [p.u.]"""
    problem, edges = nodes.problem, nodes.real
    inner = bus[edges.tail] / problem.branch_tap[edges.branch]
    current = (inner - bus[edges.head]) / problem.branch_impedance[edges.branch]
    sent, got = inner * np.conj(current), bus[edges.head] * np.conj(current)
    fed, output, generated, intake = holders
    size = np.abs(bus)
    power, linear, square = nodes.demand
    need = power * good[nodes.lane] + (linear + (square + np.conj(nodes.shunt)) * size) * size
    need += total(nodes.intake, intake, size.size) - total(nodes.source.node, fed, size.size)
    need -= total(nodes.converter.node, output, size.size) + total(nodes.generator.node, generated, size.size)
    need += total(edges.tail, sent, size.size) - total(edges.head, got, size.size)
    return sent, got, busbars.flows(need)


def _scatter(
    nodes: Nodes, lanes: int, bus: Array, fed: Array, output: Array, intake: Array, generated: Array
) -> dict[str, Array]:
    """Tables of the nodes and of what hangs on them. [p.u.]"""
    problem = nodes.problem
    rows = [
        ("bus_voltage", problem.bus_voltage, nodes.bus, nodes.lane, bus),
        ("source_power", problem.source_bus, nodes.source.element, nodes.source.lane, fed),
        ("converter_output", problem.converter_to, nodes.converter.element, nodes.converter.lane, output),
        ("converter_input", problem.converter_to, nodes.converter.element, nodes.converter.lane, intake),
        ("generator_output", problem.generator_bus, nodes.generator.element, nodes.generator.lane, generated),
    ]
    tables = {}
    for name, element, row, lane, value in rows:
        tables[name] = np.zeros((element.size, lanes), dtype=complex)
        tables[name][row, lane] = value
    return tables


def _derived(problem: Problem, tables: dict[str, Array]) -> dict[str, Array]:
    """Losses, currents and loadings."""
    voltage, arriving = tables["bus_voltage"], tables["branch_power_to"]
    result = {
        "branch_loss": (tables["branch_power_from"] - arriving).real,
        "converter_loss": (tables["converter_input"] - tables["converter_output"]).real,
        "converter_loading": tables["converter_output"].real / problem.converter_rating[:, None],
    }
    to = problem.branch_to
    factor = np.where(problem.bus_dc[to], 1.0, np.sqrt(3.0)) * problem.bus_voltage[to]
    level = np.abs(voltage)[to] * factor[:, None]
    result["branch_current"] = np.abs(arriving) / np.where(level > 0, level, np.inf)
    result["branch_loading"] = result["branch_current"] / problem.branch_rating[:, None]
    square = voltage.real**2 + voltage.imag**2
    result["shunt_loss"] = problem.base_power * (problem.bus_shunt.real @ square)
    return result

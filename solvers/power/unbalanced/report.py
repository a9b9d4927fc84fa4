"""From node voltages to currents, powers and losses of every element, in SI units."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from solvers.power.unbalanced.loads import load_current
from solvers.power.unbalanced.network import Network
from solvers.power.unbalanced.problem import UnbalancedProblem

Array = NDArray[Any]


class LoopOfSwitches(ArithmeticError):
    """Closed ideal switches form a loop: how the current divides is not defined."""


def spread(network: Network, voltage: Array) -> Array:
    """(A, N) volts of all nodes of (R, A) voltages in per unit; what floats is centred.

    The nodes of a part that nothing ties to earth are shifted together until those of the bus with the
    pinned node have a mean of zero.
    """
    p, merged = network.problem, network.merged
    whole = np.concatenate([voltage * network.base[:, None], np.zeros((1, voltage.shape[1]))])
    volts = whole[merged[:-1]].T
    part = np.append(network.pinned_part, -1)[merged[:-1]]
    for number, pin in enumerate(network.pins):
        bus = p.node_bus[np.flatnonzero(merged[:-1] == pin)[0]]
        members = np.flatnonzero((part == number) & (p.node_bus == bus))
        volts[:, part == number] -= volts[:, members].mean(axis=1, keepdims=True)
    return np.ascontiguousarray(volts)


def node_live(network: Network) -> Array:
    """(N,) bool."""
    return np.append(network.live, False)[network.merged[:-1]]


def report(network: Network, voltage: Array, power: Array, wanted: frozenset[str]) -> dict[str, Array]:
    """The ``wanted`` outputs of scenarios that share a network; voltages (A, N) [V], load powers (A, L) [VA]."""
    tables = {"node_voltage": voltage} if "node_voltage" in wanted else {}
    rest = wanted - {"node_voltage"}
    return tables | _Report(network, voltage, power).tables(rest) if rest else tables


class _Report:
    """Tables of elements for scenarios that share a network; voltages (A, N) in volts."""

    def __init__(self, network: Network, voltage: Array, power: Array) -> None:
        self.network, self.problem = network, network.problem
        p = self.problem
        self._volts = np.concatenate([voltage, np.zeros((voltage.shape[0], 1))], axis=1)
        served = np.append(node_live(network), False)
        self.power = np.where(served[p.load_from] | served[p.load_to], power, 0)

    def at(self, node: Array) -> Array:
        """(A, ...) volts of nodes, 0 of the earth."""
        return np.asarray(self._volts[:, node])

    def tables(self, wanted: frozenset[str]) -> dict[str, Array]:
        """The ``wanted`` outputs of a solution."""
        everything: dict[str, Array] = self._lines() | self._units() | self._shunts() | self._loads()
        if wanted & {"switch_current", "source_current", "source_power", "power_error"}:
            everything |= self._sources_and_switches(everything)
        everything["loss"] = (
            everything["line_loss"].sum(axis=1)
            + everything["unit_loss"].sum(axis=1)
            + everything["shunt_power"].real.sum(axis=1)
        )
        if "power_error" in wanted:
            given = everything["source_power"].real.sum(axis=1)
            taken = everything["load_power"].real.sum(axis=1) + everything["loss"]
            scale = np.maximum(np.abs(everything["source_power"]).sum(axis=1), np.finfo(float).tiny)
            everything["power_error"] = np.abs(given - taken) / scale
        return {name: table for name, table in everything.items() if name in wanted}

    def _lines(self) -> dict[str, Array]:
        p, network = self.problem, self.network
        start, end = self.at(p.line_from), self.at(p.line_to)
        series = _times(network.line_series, start - end)
        into = series + _times(network.line_shunt, start)
        out = series - _times(network.line_shunt, end)
        loss = (start * np.conj(into) - end * np.conj(out)).real.sum(axis=2)
        return {"line_current_from": into, "line_current_to": out, "line_loss": loss}

    def _units(self) -> dict[str, Array]:
        network = self.network
        nodes = self.at(network.unit_nodes)
        flux = network.unit_series * (nodes * network.unit_weight).sum(axis=2)
        across_from, across_to = nodes[:, :, 0] - nodes[:, :, 1], nodes[:, :, 2] - nodes[:, :, 3]
        into = flux * network.unit_weight[:, 0]
        out = flux * network.unit_weight[:, 3] - network.unit_core * across_to
        loss = (across_from * np.conj(into) - across_to * np.conj(out)).real
        return {"unit_current_from": into, "unit_current_to": out, "unit_loss": loss}

    def _shunts(self) -> dict[str, Array]:
        p = self.problem
        across = self.at(p.shunt_from) - self.at(p.shunt_to)
        return {"shunt_power": np.abs(across) ** 2 * np.conj(p.shunt_admittance)}

    def _loads(self) -> dict[str, Array]:
        p = self.problem
        across = self.at(p.load_from) - self.at(p.load_to)
        with np.errstate(divide="ignore", invalid="ignore"):
            current = load_current(p, self.power, across)
        return {"load_current": current, "load_power": across * np.conj(current)}

    def drawn(self, tables: dict[str, Array]) -> Array:
        """(A, N + 1) current that the elements draw out of each node, the earth last. [A]"""
        p = self.problem
        total = np.zeros_like(self._volts)
        shunt = (self.at(p.shunt_from) - self.at(p.shunt_to)) * p.shunt_admittance
        lines = p.line_from.size
        flat = [
            (p.line_from.ravel(), tables["line_current_from"].reshape(total.shape[0], lines)),
            (p.line_to.ravel(), -tables["line_current_to"].reshape(total.shape[0], lines)),
            (p.unit_from[:, 0], tables["unit_current_from"]),
            (p.unit_from[:, 1], -tables["unit_current_from"]),
            (p.unit_to[:, 0], -tables["unit_current_to"]),
            (p.unit_to[:, 1], tables["unit_current_to"]),
            (p.shunt_from, shunt),
            (p.shunt_to, -shunt),
            (p.load_from, tables["load_current"]),
            (p.load_to, -tables["load_current"]),
        ]
        node = np.concatenate([n for n, _ in flat])
        current = np.concatenate([c for _, c in flat], axis=1)
        gather = csr_array(
            (np.ones(node.size), (node % total.shape[1], np.arange(node.size))),
            shape=(total.shape[1], node.size),
        )
        return np.asarray((gather @ current.T).T)

    def _sources_and_switches(self, tables: dict[str, Array]) -> dict[str, Array]:
        """Sources carry what the elements on their merged nodes draw; switches, what lies behind them."""
        p, network = self.problem, self.network
        drawn = self.drawn(tables)
        nodes = p.node_bus.size
        place = network.merged[:-1]
        total = np.zeros((drawn.shape[0], network.size), dtype=complex)
        for node in np.flatnonzero(np.isin(place, network.fixed)):
            total[:, place[node]] += drawn[:, node]
        held = network.merged[p.source_node]
        sharing = np.bincount(held, minlength=network.size)[held] if held.size else held
        source = total[:, held] / np.maximum(sharing, 1)
        for number, node in enumerate(p.source_node):
            drawn[:, node] -= source[:, number]
        result = {
            "source_current": source,
            "source_power": self.at(p.source_node) * np.conj(source),
        }
        result["switch_current"] = _through_switches(p, network.state.switch_closed, drawn[:, : nodes + 1])
        return result


def _times(matrix: Array, vector: Array) -> Array:
    """(A, E, K) products of (E, K, K) matrices."""
    return np.einsum("ejk,aek->aej", matrix, vector)


def _through_switches(problem: UnbalancedProblem, closed: Array, drawn: Array) -> Array:
    """(A, W) currents that bring ``drawn`` (A, N + 1) to every node over a forest of closed switches."""
    current = np.zeros((drawn.shape[0], closed.size), dtype=complex)
    on = np.flatnonzero(closed)
    if not on.size:
        return current
    nodes = drawn.shape[1]
    a, b = problem.switch_from[on] % nodes, problem.switch_to[on] % nodes
    graph = csr_array((on + 1, (a, b)), shape=(nodes, nodes))  # parallel switches add up, and are a loop
    graph = csr_array(graph + graph.T)
    parts, label = connected_components(graph, False)
    if on.size != nodes - parts:
        raise LoopOfSwitches("closed switches form a loop; how the current divides among them is not defined")
    roots = np.unique(label, return_index=True)[1]
    roots[label[-1]] = nodes - 1  # what flows to earth needs no path back
    need = drawn.copy()
    number = {(int(i), int(j)): int(w) for w, i, j in zip(on, a, b, strict=True)}
    for root in roots[np.bincount(label)[label[roots]] > 1]:
        order, parent = breadth_first_order(graph, root, directed=False)
        for node in order[:0:-1]:
            up = int(parent[node])
            down = (up, int(node))
            switch, sign = (number[down], 1.0) if down in number else (number[down[::-1]], -1.0)
            current[:, switch] = sign * need[:, node]
            need[:, up] += need[:, node]
    return current

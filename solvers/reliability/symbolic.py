"""A structure as functions of its basic events: the same rules as :mod:`solvers.reliability.evaluate`, for all
states at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.reliability.diagram import FALSE, TRUE, Diagram
from solvers.reliability.structure import Structure
from solvers.reliability.wiring import OVERLOAD, Stage, Wiring

Array = NDArray[Any]

NODE_LIMIT = 2_000_000
"""Default bound of the diagram, 1 to 2 GB (measured: 360 bytes per node built, 900 when all its uses are done)."""

FINEST = 1e-12
"""Demands that differ by less, relative to the total, are one: rounding of sums in different order."""


class Functions:
    """When each of ``tops`` is live, as functions in one shared diagram.

    Parameters
    ----------
    tops : (T,) node indices.
    events : sorted basic events that may happen; the others never do.
    node_limit : int
        Largest diagram; beyond it :class:`~solvers.reliability.diagram.DiagramLimit` is raised.
    most : int, optional
        Overloads are followed only in states with at most so many of the events that decide on them; in the others
        nothing trips.
    """

    def __init__(
        self, structure: Structure, tops: Array, events: Array, *, node_limit: int, most: int | None = None
    ) -> None:
        self.structure = structure
        self.wiring = Wiring.of(structure)
        self._mask = self.wiring.cone(tops)
        total = float(structure.node_demand.sum())
        self.diagram = Diagram(limit=node_limit, quantum=FINEST * (total or 1.0))
        self._watched = self.wiring.at_risk[self._mask[self.wiring.at_risk]].tolist()
        self.event_of, deciding = _ordered(self.wiring, tops, self._mask, events)
        """Event of each variable of the diagram."""
        self._works = self._component_functions()
        self.followed = TRUE
        """Function: true where overloads are followed."""
        if most is not None and self._watched:
            happened = [self.diagram.node(v, FALSE, TRUE) for v in np.flatnonzero(deciding).tolist()[::-1]]
            self.followed = self.diagram.without(TRUE, self.diagram.at_least(happened, most + 1))
        live = self._cascade()
        self.up = [live[top] for top in tops.tolist()]
        """Function of each top: true while it is live."""

    @property
    def monotone(self) -> bool:
        """No further failure can bring a top back: nothing trips on overload."""
        return not self._watched

    def _component_functions(self) -> list[int]:
        variable_of = {int(event): place for place, event in enumerate(self.event_of)}
        works = [TRUE] * self.structure.components
        event, component = self.structure.event_pairs()
        both = zip(event.tolist(), component.tolist(), strict=True)
        pairs = [(variable_of[e], c) for e, c in both if e in variable_of]
        for variable, c in sorted(pairs, reverse=True):
            works[c] = self.diagram.both(works[c], self.diagram.node(variable, TRUE, FALSE))
        return works

    def _cascade(self) -> list[int]:
        diagram = self.diagram
        tripped = dict.fromkeys(self._watched, FALSE)
        while True:
            live, earlier = self._feed(tripped)
            if not self._watched:
                return live
            carried = self._carried([self.diagram.both(f, self.followed) for f in live], earlier)
            grown = {}
            for node in self._watched:
                limit = float(self.structure.node_capacity[node]) * (1 + OVERLOAD)
                over = diagram.both(diagram.above(carried[node], limit), live[node])
                grown[node] = diagram.either(tripped[node], over)
            if grown == tripped:
                return live
            tripped = grown

    def _own(self, node: int, tripped: dict[int, int]) -> int:
        component = int(self.structure.node_component[node])
        works = TRUE if component < 0 else self._works[component]
        return self.diagram.without(works, tripped.get(node, FALSE))

    def _enough(self, node: int, live: list[int]) -> int:
        inputs = [live[tail] for tail in self.structure.edge_from[self.wiring.input_edges[node]].tolist()]
        needs = int(self.structure.node_needs[node])
        if needs == 0:
            return self.diagram.all_of(inputs)
        return self.diagram.at_least(inputs, needs)

    def _feed(self, tripped: dict[int, int]) -> tuple[list[int], dict[int, int]]:
        live = [FALSE] * self.structure.nodes
        earlier: dict[int, int] = {}
        for stage in self.wiring.stages:
            nodes = stage.nodes[self._mask[stage.nodes]].tolist()
            own = {node: self._own(node, tripped) for node in nodes}
            if stage.cyclic:
                self._settle(nodes, own, live, earlier)
            else:
                for node in nodes:
                    live[node] = self.diagram.both(own[node], self._enough(node, live))
        return live, earlier

    def _settle(
        self, nodes: list[int], own: dict[int, int], live: list[int], earlier: dict[int, int]
    ) -> None:
        diagram = self.diagram
        while True:
            now = {node: diagram.both(own[node], self._enough(node, live)) for node in nodes}
            if all(now[node] == live[node] for node in nodes):
                return
            for node in nodes:
                gained = diagram.without(now[node], live[node])
                for edge in self._loop_edges(node):
                    source = live[int(self.structure.edge_from[edge])]
                    earlier[edge] = diagram.either(earlier.get(edge, FALSE), diagram.both(source, gained))
            for node in nodes:
                live[node] = now[node]

    def _loop_edges(self, node: int) -> list[int]:
        edges = self.wiring.input_edges[node]
        return [int(edge) for edge in edges[self.wiring.edge_inside[edges]]]

    def _carried(self, live: list[int], earlier: dict[int, int]) -> dict[int, int]:
        """Demand that each loaded node carries, as functions with numbers at their ends."""
        loaded = self._mask & self.wiring.loaded
        carried: dict[int, int] = {}
        flow: dict[int, int] = {}
        for stage in reversed(self.wiring.stages):
            nodes = stage.nodes[loaded[stage.nodes]]
            for _ in range(nodes.size if stage.cyclic else 1):
                self._draw(Stage(nodes, stage.cyclic), live, earlier, carried, flow)
        return carried

    def _draw(
        self, stage: Stage, live: list[int], earlier: dict[int, int], carried: dict[int, int],
        flow: dict[int, int],
    ) -> None:  # fmt: skip
        diagram = self.diagram
        for node in stage.nodes.tolist():
            total = diagram.constant(float(self.structure.node_demand[node]))
            for edge in self.wiring.output_edges[node].tolist():
                total = diagram.add(total, flow.get(edge, FALSE))
            carried[node] = diagram.multiply(total, live[node])
        for node in stage.nodes.tolist():
            edges = self.wiring.input_edges[node]
            if self.wiring.loaded[self.structure.edge_from[edges]].any():
                for edge, share in zip(edges.tolist(), self._shares(node, live, earlier), strict=True):
                    flow[edge] = diagram.multiply(carried[node], share)

    def _shares(self, node: int, live: list[int], earlier: dict[int, int]) -> list[int]:
        diagram, structure = self.diagram, self.structure
        edges = self.wiring.input_edges[node]
        weight = [diagram.constant(float(value)) for value in structure.edge_weight[edges]]
        if structure.node_needs[node] == 0:
            return weight
        used = self._in_use(node, live, earlier)
        part = [diagram.multiply(w, u) for w, u in zip(weight, used, strict=True)]
        total = FALSE
        for value in part:
            total = diagram.add(total, value)
        return [diagram.divide(value, total) for value in part]

    def _in_use(self, node: int, live: list[int], earlier: dict[int, int]) -> list[int]:
        diagram, structure = self.diagram, self.structure
        edges = self.wiring.input_edges[node]
        rank = structure.edge_rank[edges]
        inside = self.wiring.edge_inside[edges]
        used = [
            earlier.get(edge, FALSE) if loop else live[int(structure.edge_from[edge])]
            for edge, loop in zip(edges.tolist(), inside.tolist(), strict=True)
        ]
        before: list[int] = []
        for level in np.unique(rank):
            enough = diagram.at_least(before, int(structure.node_needs[node]))
            for row in np.flatnonzero(rank == level).tolist():
                used[row] = diagram.without(used[row], enough)
            before += [used[row] for row in np.flatnonzero(rank == level).tolist()]
        return used


def _ordered(wiring: Wiring, tops: Array, mask: Array, events: Array) -> tuple[Array, Array]:
    """Events in the order in which the diagram asks.

    What few tops depend on comes first, so that the many functions of racks end in the same few functions of shared
    machines.  But of what decides on overloads the shared machines come first: once it is known which of them
    run, the loads add up in few ways.  For a single top (a whole hall) the order is that of the paths alone: what is
    shared is met first and leaves independent parts.  Also tells which events decide.
    """
    structure = wiring.structure
    place, reach = _first_visit(wiring, tops, mask)
    found: dict[int, tuple[int, int, int]] = {}
    deciding = wiring.ancestors(np.flatnonzero(wiring.loaded & mask))
    event, component = structure.event_pairs()
    node_of: dict[int, list[int]] = {}
    for node in np.flatnonzero(mask & (structure.node_component >= 0)).tolist():
        node_of.setdefault(int(structure.node_component[node]), []).append(node)
    admitted = set(events.tolist())
    for e, c in zip(event.tolist(), component.tolist(), strict=True):
        if e in admitted:
            for node in node_of.get(c, ()):
                often = int(reach[node]) if tops.size > 1 else 0
                key = (1, -often, int(place[node])) if deciding[node] else (0, often, int(place[node]))
                found[e] = max(found.get(e, key), key)
    order = sorted(found, key=lambda e: (*found[e], e))
    return np.array(order, dtype=int), np.array([found[e][0] for e in order], dtype=bool)


def _first_visit(wiring: Wiring, tops: Array, mask: Array) -> tuple[Array, Array]:
    """Place of each node in a depth-first walk from the tops, and how many tops depend on it (power of two)."""
    structure = wiring.structure
    place = np.full(structure.nodes, structure.nodes)
    reach = np.zeros(structure.nodes, dtype=int)
    visited = 0
    for top in [*tops.tolist(), *np.flatnonzero(mask).tolist()]:
        stack = [top]
        while stack:
            node = stack.pop()
            if place[node] < structure.nodes:
                continue
            place[node] = visited
            visited += 1
            stack += structure.edge_from[wiring.input_edges[node]].tolist()[::-1]
    weight = np.zeros(structure.nodes)
    np.add.at(weight, tops, 1.0)
    for stage in reversed(
        wiring.stages
    ):  # paths from tops, counted once per path: an order of magnitude will do
        for node in stage.nodes[mask[stage.nodes]].tolist():
            for tail in structure.edge_from[wiring.input_edges[node]].tolist():
                weight[tail] = min(weight[tail] + weight[node], 1e18)
    reach[mask] = np.ceil(np.log2(np.maximum(weight[mask], 1.0))).astype(int)
    return place, reach

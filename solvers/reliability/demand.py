"""What every node carries in every state: the demand of the live loads, drawn through the inputs in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.reliability.feeding import LANES, WORD, unpack
from solvers.reliability.wiring import OVERLOAD, Wiring

Array = NDArray[Any]


@dataclass(frozen=True)
class _Step:
    """Nodes of one stage that are loaded, with their outputs and those inputs that lead to loaded nodes."""

    nodes: Array
    rows: slice
    """Rows of the nodes in the table of what is carried."""
    outputs: Array
    """Rows, in the table of flows, of the edges out of the nodes that have any, one node's after the other."""
    drained: Array
    """Rows of the nodes that have outputs."""
    first: Array
    """Where the outputs of each of them begin."""
    splits: tuple[tuple[int, int, slice], ...]
    """Nodes that divide their demand over their inputs, with their rows and those of their input edges."""
    plain: tuple[tuple[int, Array, slice], ...]
    """Rows of nodes whose inputs carry the whole demand times their weight, the weights, rows of the edges."""
    rounds: int
    """Passes until the stage is settled: 1, or the number of nodes of a loop."""


@dataclass(frozen=True)
class Demand:
    """The loads of a part of the structure, ready to be summed."""

    wiring: Wiring
    steps: tuple[_Step, ...]
    """From the loads to the sources."""
    watched: Array
    """Nodes whose capacity may be exceeded."""
    watched_rows: Array
    """Their rows in the table of what is carried."""
    size: tuple[int, int]
    """Rows of the tables of what is carried and of flows."""

    @classmethod
    def of(cls, wiring: Wiring, mask: Array) -> Demand:
        """Steps over the loaded nodes in ``mask``."""
        chosen = wiring.loaded & mask
        row_of = np.full(wiring.structure.nodes, -1)
        flow_of = np.full(wiring.structure.edge_from.size, -1)
        steps = []
        nodes = edges = 0
        for stage in reversed(wiring.stages):
            part = stage.nodes[chosen[stage.nodes]]
            if part.size:
                row_of[part] = np.arange(nodes, nodes + part.size)
                nodes += part.size
                edges = _number_inputs(wiring, part, chosen, flow_of, edges)
                steps.append(_step(wiring, part, chosen, row_of, flow_of, part.size if stage.cyclic else 1))
        watched = wiring.at_risk[mask[wiring.at_risk]]
        return cls(wiring, tuple(steps), watched, row_of[watched], (nodes, edges))

    def overloaded(self, live: Array, earlier: dict[int, Array]) -> Array:
        """(watched, W) words: the node is live and carries more than it can."""
        limit = self.wiring.structure.node_capacity[self.watched] * (1 + OVERLOAD)
        over = np.packbits(self.carried(live, earlier) > limit[:, None], axis=1, bitorder="little")
        return over.view(WORD) & live[self.watched]

    def carried(self, live: Array, earlier: dict[int, Array]) -> Array:
        """(watched, 64 W) what each node carries in every state. [unit of the demand]"""
        structure = self.wiring.structure
        states = live.shape[1] * LANES
        carried = np.zeros((self.size[0], states))
        flow = np.zeros((self.size[1], states))
        for step in self.steps:
            on = unpack(live[step.nodes], states)
            shares = [self._shares(node, live, earlier) for node, _, _ in step.splits]
            for _ in range(step.rounds):
                total = np.repeat(structure.node_demand[step.nodes, None], states, axis=1)
                if step.outputs.size:
                    total[step.drained] += np.add.reduceat(flow[step.outputs], step.first, axis=0)
                np.multiply(total, on, out=carried[step.rows])
                for row, weight, rows in step.plain:
                    np.multiply(carried[row], weight, out=flow[rows])
                for (_, row, rows), share in zip(step.splits, shares, strict=True):
                    np.multiply(carried[row], share, out=flow[rows])
        return carried[self.watched_rows]

    def _shares(self, node: int, live: Array, earlier: dict[int, Array]) -> Array:
        """(inputs, states) part of the node's demand that each input carries."""
        structure = self.wiring.structure
        edges = self.wiring.input_edges[node]
        used = in_use(self.wiring, node, live, earlier)
        weight = unpack(used, live.shape[1] * LANES) * structure.edge_weight[edges, None]
        total = weight.sum(axis=0)
        return np.asarray(weight / np.where(total > 0, total, 1.0))


def in_use(wiring: Wiring, node: int, live: Array, earlier: dict[int, Array]) -> Array:
    """(inputs, W) words: the input is live, feeds the node, and enough of better rank are not."""
    structure = wiring.structure
    edges = wiring.input_edges[node]
    usable = live[structure.edge_from[edges]]
    for place, edge in enumerate(edges.tolist()):
        if edge in earlier:
            usable[place] = earlier[edge]
    rank = structure.edge_rank[edges]
    if np.ptp(rank) == 0:
        return usable
    needs = int(structure.node_needs[node])
    tally = np.zeros((needs + 1, live.shape[1]), dtype=WORD)
    tally[0] = ~tally[0]
    for level in np.unique(rank):
        rows = np.flatnonzero(rank == level)
        usable[rows] &= ~tally[needs]
        for row in rows:
            tally[1:] |= tally[:-1] & usable[row]
    return usable


def _fed(wiring: Wiring, node: int, chosen: Array) -> bool:
    """Whether an input of the node is loaded, so that its draw matters."""
    return bool(chosen[wiring.structure.edge_from[wiring.input_edges[node]]].any())


def _number_inputs(wiring: Wiring, nodes: Array, chosen: Array, flow_of: Array, edges: int) -> int:
    """Give the input edges of the nodes rows in the table of flows; returns the next free row."""
    for node in nodes.tolist():
        if _fed(wiring, node, chosen):
            inputs = wiring.input_edges[node]
            flow_of[inputs] = np.arange(edges, edges + inputs.size)
            edges += inputs.size
    return edges


def _step(wiring: Wiring, nodes: Array, chosen: Array, row_of: Array, flow_of: Array, rounds: int) -> _Step:
    structure = wiring.structure
    outputs = [flow_of[wiring.output_edges[node]] for node in nodes]
    outputs = [rows[rows >= 0] for rows in outputs]
    drained = np.array([row for row, rows in enumerate(outputs) if rows.size], dtype=int)
    size = np.array([outputs[row].size for row in drained], dtype=int)
    splits, plain = [], []
    for node in nodes.tolist():
        if _fed(wiring, node, chosen):
            inputs = wiring.input_edges[node]
            rows = slice(int(flow_of[inputs[0]]), int(flow_of[inputs[-1]]) + 1)
            if structure.node_needs[node] > 0:
                splits.append((node, int(row_of[node]), rows))
            else:
                plain.append((int(row_of[node]), structure.edge_weight[inputs, None], rows))
    return _Step(
        nodes,
        slice(int(row_of[nodes[0]]), int(row_of[nodes[-1]]) + 1),
        np.concatenate([*outputs, np.empty(0, dtype=int)]).astype(int),
        drained,
        np.cumsum(size) - size,
        tuple(splits),
        tuple(plain),
        rounds,
    )

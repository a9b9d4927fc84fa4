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
    outputs: Array
    """Edges out of the nodes that have any, one node's after the other."""
    drained: Array
    """Rows of ``nodes`` that have outputs."""
    first: Array
    """Where the outputs of each of them begin."""
    splits: tuple[int, ...]
    """Nodes that divide their demand over their inputs."""
    plain: Array
    """Edges that carry the whole demand times their weight."""
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

    @classmethod
    def of(cls, wiring: Wiring, mask: Array) -> Demand:
        """Steps over the loaded nodes in ``mask``."""
        chosen = wiring.loaded & mask
        steps = []
        for stage in reversed(wiring.stages):
            nodes = stage.nodes[chosen[stage.nodes]]
            if nodes.size:
                steps.append(_step(wiring, nodes, chosen, nodes.size if stage.cyclic else 1))
        return cls(wiring, tuple(steps), wiring.at_risk[mask[wiring.at_risk]])

    def overloaded(self, live: Array, earlier: dict[int, Array]) -> Array:
        """(watched, W) words: the node is live and carries more than it can."""
        structure = self.wiring.structure
        states = live.shape[1] * LANES
        carried = np.zeros((structure.nodes, states))
        flow = np.zeros((structure.edge_from.size, states))
        for step in self.steps:
            on = unpack(live[step.nodes], states)
            for _ in range(step.rounds):
                total = np.repeat(structure.node_demand[step.nodes, None], states, axis=1)
                if step.outputs.size:
                    total[step.drained] += np.add.reduceat(flow[step.outputs], step.first, axis=0)
                carried[step.nodes] = total * on
                flow[step.plain] = (
                    carried[structure.edge_to[step.plain]] * structure.edge_weight[step.plain, None]
                )
                for node in step.splits:
                    edges = self.wiring.input_edges[node]
                    flow[edges] = carried[node] * self._shares(node, live, earlier)
        limit = structure.node_capacity[self.watched] * (1 + OVERLOAD)
        over = np.packbits(carried[self.watched] > limit[:, None], axis=1, bitorder="little")
        return over.view(WORD) & live[self.watched]

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
    for row, edge in enumerate(edges.tolist()):
        if edge in earlier:
            usable[row] = earlier[edge]
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


def _step(wiring: Wiring, nodes: Array, chosen: Array, rounds: int) -> _Step:
    structure = wiring.structure
    outputs = [wiring.output_edges[node] for node in nodes]
    outputs = [edges[chosen[structure.edge_to[edges]]] for edges in outputs]
    drained = np.array([row for row, edges in enumerate(outputs) if edges.size], dtype=int)
    size = np.array([outputs[row].size for row in drained], dtype=int)
    fed = [node for node in nodes.tolist() if chosen[structure.edge_from[wiring.input_edges[node]]].any()]
    plain = [wiring.input_edges[node] for node in fed if structure.node_needs[node] == 0]
    return _Step(
        nodes,
        np.concatenate([*outputs, np.empty(0, dtype=int)]).astype(int),
        drained,
        np.cumsum(size) - size,
        tuple(node for node in fed if structure.node_needs[node] > 0),
        np.concatenate([*plain, np.empty(0, dtype=int)]).astype(int),
        rounds,
    )


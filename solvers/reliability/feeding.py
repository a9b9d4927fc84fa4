"""Which nodes are live: 64 states in the bits of each word, all nodes of a stage at once.

Live is the least fixed point of feeding: a node that only its own output could keep alive is dead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.reliability.wiring import Stage, Wiring

Array = NDArray[Any]
WORD = np.dtype("<u8")
LANES = 64


def pack(mask: Array) -> Array:
    """Words (rows, W) from bits (states, rows); spare lanes are 0."""
    states, rows = mask.shape
    words = -(-states // LANES)
    octets = np.zeros((rows, words * 8), dtype=np.uint8)
    bits = np.packbits(mask.T, axis=1, bitorder="little")
    octets[:, : bits.shape[1]] = bits
    return octets.view(WORD)


def unpack(words: Array, states: int) -> Array:
    """Bits (rows, states) as 0/1 octets from words (rows, W)."""
    octets = np.ascontiguousarray(words, dtype=WORD).view(np.uint8)
    return np.unpackbits(octets, axis=1, count=states, bitorder="little")


def pack_pairs(state: Array, row: Array, states: int, rows: int) -> Array:
    """Words (rows, W) with the bits (state, row) set."""
    words = np.zeros((rows, -(-states // LANES)), dtype=WORD)
    bit = np.left_shift(np.uint64(1), (state % LANES).astype(np.uint64))
    np.bitwise_or.at(words, (row, state // LANES), bit)
    return words


@dataclass(frozen=True)
class _Batch:
    """Nodes of a stage with one kind of rule."""

    kind: str
    """"all", "any" or "count"."""
    nodes: Array
    sources: Array
    """Input nodes, one node's after the other."""
    first: Array
    """(nodes + 1,) where each node's inputs begin."""
    needs: Array


@dataclass(frozen=True)
class Feeding:
    """The rules of a part of the structure, ready to be applied to words."""

    wiring: Wiring
    mask: Array
    """(N,) bool: nodes that are worked out; the others stay dead."""
    stages: tuple[tuple[Stage, tuple[_Batch, ...]], ...]

    @classmethod
    def of(cls, wiring: Wiring, mask: Array) -> Feeding:
        """Batches of the nodes in ``mask``, which must hold all that feeds them."""
        stages = []
        for stage in wiring.stages:
            nodes = stage.nodes[mask[stage.nodes]]
            if nodes.size:
                stages.append((Stage(nodes, stage.cyclic), tuple(_batches(wiring, nodes))))
        return cls(wiring, mask, tuple(stages))

    def live(self, works: Array) -> tuple[Array, dict[int, Array]]:
        """Live words of all nodes.

        Parameters
        ----------
        works : (N, W) words
            The node's component works and it has not tripped.

        Returns
        -------
        live (N, W), and for each edge inside a loop the states in which its input was live before the node was:
        what feeds the node rather than hanging on it.
        """
        live = np.zeros_like(works)
        earlier: dict[int, Array] = {}
        for stage, batches in self.stages:
            if stage.cyclic:
                self._settle(stage, batches, works, live, earlier)
            else:
                live[stage.nodes] = works[stage.nodes]
                for batch in batches:
                    live[batch.nodes] &= _enough(batch, live)
        return live, earlier

    def _settle(
        self, stage: Stage, batches: tuple[_Batch, ...], works: Array, live: Array, earlier: dict[int, Array]
    ) -> None:
        """Let the feed run round the loop, one node further in each round, until no node gains a state."""
        wiring = self.wiring
        edges = np.concatenate([wiring.input_edges[node] for node in stage.nodes])
        edges = edges[wiring.edge_inside[edges]]
        tail, head = wiring.structure.edge_from[edges], wiring.structure.edge_to[edges]
        came_first = np.zeros((edges.size, works.shape[1]), dtype=WORD)
        for _ in range(stage.nodes.size + 1):
            now = live.copy()
            now[stage.nodes] = works[stage.nodes]
            for batch in batches:
                now[batch.nodes] &= _enough(batch, live)
            gained = now & ~live
            if not gained[stage.nodes].any():
                break
            came_first |= live[tail] & gained[head]
            live[stage.nodes] = now[stage.nodes]
        earlier.update(zip(edges.tolist(), came_first, strict=True))


def _batches(wiring: Wiring, nodes: Array) -> Iterator[_Batch]:
    structure = wiring.structure
    inputs = np.array([wiring.input_edges[node].size for node in nodes])
    needs = structure.node_needs[nodes]
    every = (needs == 0) | (needs == inputs)
    for kind, chosen in (
        ("all", every & (inputs > 0)),
        ("any", ~every & (needs == 1)),
        ("count", ~every & (needs > 1)),
    ):
        part = nodes[chosen]
        if part.size:
            edges = np.concatenate([wiring.input_edges[node] for node in part])
            first = np.concatenate([[0], np.cumsum(inputs[chosen])])
            yield _Batch(kind, part, structure.edge_from[edges], first, needs[chosen])


def _enough(batch: _Batch, live: Array) -> Array:
    """(nodes, W) words: enough of the inputs are live."""
    given = live[batch.sources]
    if batch.kind == "all":
        return np.asarray(np.bitwise_and.reduceat(given, batch.first[:-1], axis=0))
    if batch.kind == "any":
        return np.asarray(np.bitwise_or.reduceat(given, batch.first[:-1], axis=0))
    found = np.empty((batch.nodes.size, live.shape[1]), dtype=WORD)
    for row, needs in enumerate(batch.needs.tolist()):
        found[row] = at_least(given[batch.first[row] : batch.first[row + 1]], needs)
    return found


def at_least(rows: Array, needs: int) -> Array:
    """(W,) words: at least ``needs`` of ``rows`` (n, W) are set."""
    tally = np.zeros((needs + 1, rows.shape[1]), dtype=WORD)
    tally[0] = ~tally[0]
    for row in rows:
        tally[1:] |= tally[:-1] & row
    return tally[needs]

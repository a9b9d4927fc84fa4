"""The state of a facility after any set of failures, overload trips included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.reliability.demand import Demand
from solvers.reliability.feeding import LANES, WORD, Feeding, pack, pack_pairs, unpack
from solvers.reliability.structure import Structure, as_nodes
from solvers.reliability.wiring import Wiring

Array = NDArray[Any]

BLOCK = 2048
"""States worked out together (measured with 1,000 racks: 1,024 to 8,192 take the same time within 20 %)."""


@dataclass(frozen=True)
class Evaluation:
    """Settled state of S sets of failures."""

    up: Array
    """(S, n) bool: the node is live after all transfers and trips."""
    trip_step: Array
    """(K, 3) rows (state, node, step), sorted: the node tripped on overload in this step of the cascade, 1 = first.
    Includes nodes that were not asked for."""
    steps: Array
    """(S,) number of steps of the cascade; 0 = nothing tripped."""


def evaluate(structure: Structure, failed: ArrayLike, *, nodes: ArrayLike | None = None) -> Evaluation:
    """Find which nodes are live after the components in ``failed`` are lost.

    Parameters
    ----------
    failed : (S, C) bool
        Components that are out of order or out for maintenance, state by state.
    nodes : node indices, optional
        Those to report, in this order; all by default.  Few nodes save time: only what they depend on is worked
        out.

    Raises
    ------
    ValueError
        ``failed`` has the wrong shape, or an index is out of range.

    Notes
    -----
    1. A node is live if its component works, it has not tripped, and enough inputs are live; the least such set.
    2. The demand of the live loads is drawn through the inputs in use (best rank first, shared by weight).
    3. All live nodes above their capacity trip at once, and 1 is repeated until none does.

    Trips last: a tripped machine does not come back when the load has gone.  In a loop, power is drawn from inputs
    that were live before the node was, that is over the fewest nodes.  The time between the steps, and transfer
    times, are not modelled.

    Examples
    --------
    Two machines of 100 share 150; one fails, the other carries 150 and trips in step 1.
    """
    mask = np.asarray(failed)
    if mask.ndim != 2 or mask.shape[1] != structure.components:
        raise ValueError(f"failed has shape {mask.shape}, expected (S, {structure.components})")
    if mask.dtype != bool:
        raise ValueError(f"failed must be bool, got {mask.dtype}")
    evaluator = Evaluator(structure, nodes)
    parts = [evaluator.block(pack(mask[at : at + BLOCK]), len(mask[at : at + BLOCK])) for at in _blocks(mask)]
    return _joined(parts, len(evaluator.nodes))


def _blocks(rows: Array) -> range:
    return range(0, len(rows), BLOCK)


class Evaluator:
    """A structure prepared for many evaluations of the same nodes."""

    def __init__(self, structure: Structure, nodes: ArrayLike | None = None) -> None:
        self.structure = structure
        self.wiring = Wiring.of(structure)
        self.nodes = np.arange(structure.nodes) if nodes is None else as_nodes(structure, nodes, "nodes")
        cone = np.ones(structure.nodes, dtype=bool) if nodes is None else self.wiring.cone(self.nodes)
        self.cone = cone
        self._feeding = Feeding.of(self.wiring, cone)
        self._demand = Demand.of(self.wiring, cone)
        event, component = structure.event_pairs()
        self._fails = np.split(component, np.searchsorted(event, np.arange(1, structure.events)))

    def relevant_events(self) -> Array:
        """Basic events that can change the state of the nodes."""
        component = self.structure.node_component[self.cone]
        touched = np.zeros(self.structure.components, dtype=bool)
        touched[component[component >= 0]] = True
        event, of = self.structure.event_pairs()
        return np.unique(event[touched[of]])

    def sets(self, events: Array) -> Evaluation:
        """States given as sets of basic events.

        Parameters
        ----------
        events : (S, k) int
            The events of each state; -1 = none.
        """
        if events.dtype.kind not in "iu" or events.max(initial=-1) >= self.structure.events:
            raise ValueError(f"events must be whole numbers below {self.structure.events}, or -1")
        rows, _ = np.nonzero(events >= 0)
        return self.pairs(rows, events[events >= 0], len(events))

    def carried(self, failed: Array) -> tuple[Array, Array]:
        """What is carried before anything trips, by the nodes that some demand could overload.

        Parameters
        ----------
        failed : (S, C) bool
            Components that are out, state by state.

        Returns
        -------
        (n,) indices of those nodes, and (S, n) what each carries. [unit of the demand]
        """
        watched = self._demand.watched
        table = np.zeros((len(failed), watched.size))
        own = np.flatnonzero(self.structure.node_component >= 0)
        for start in _blocks(failed) if watched.size else ():
            words = pack(failed[start : start + BLOCK])
            works = np.full((self.structure.nodes, words.shape[1]), np.iinfo(np.uint64).max, dtype=WORD)
            works[own] = ~words[self.structure.node_component[own]]
            live, earlier = self._feeding.live(works)
            part = self._demand.carried(live, earlier)
            rows = min(BLOCK, len(failed) - start)
            table[start : start + rows] = part[:, :rows].T
        return watched, table

    def pairs(self, state: Array, event: Array, states: int) -> Evaluation:
        """States given as pairs (state, basic event), sorted by state."""
        return _joined([part for _, part in self.blocks(state, event, states)], len(self.nodes))

    def blocks(self, state: Array, event: Array, states: int) -> Iterator[tuple[int, Evaluation]]:
        """The same block by block, in bounded memory: (first state, evaluation)."""
        size = np.array([len(part) for part in self._fails], dtype=int)
        component = np.concatenate([*self._fails, np.empty(0, dtype=int)])
        begin = np.cumsum(size) - size
        for start in range(0, states, BLOCK):
            low, high = np.searchsorted(state, [start, start + BLOCK])
            some = event[low:high]
            length = size[some]
            at = np.repeat(begin[some] - np.cumsum(length) + length, length) + np.arange(length.sum())
            count = min(BLOCK, states - start)
            failed = pack_pairs(
                np.repeat(state[low:high] - start, length), component[at], count, self.structure.components
            )
            yield start, self.block(failed, count)

    def block(self, failed: Array, states: int) -> Evaluation:
        """One block of states from words (C, W)."""
        works = np.full((self.structure.nodes, failed.shape[1]), np.iinfo(np.uint64).max, dtype=WORD)
        own = np.flatnonzero(self.structure.node_component >= 0)
        works[own] = ~failed[self.structure.node_component[own]]
        live, earlier = self._feeding.live(works)
        steps = np.zeros(failed.shape[1] * LANES, dtype=np.int64)
        trips = [np.empty((0, 3), dtype=np.int64)]
        if self._demand.watched.size:
            trips += self._cascade(works, live, earlier, steps, states)
        table = np.concatenate(trips)
        table = table[np.lexsort((table[:, 1], table[:, 2], table[:, 0]))]
        return Evaluation(unpack(live[self.nodes], states).T.astype(bool), table, steps[:states])

    def _cascade(
        self, works: Array, live: Array, earlier: dict[int, Array], steps: Array, states: int
    ) -> Iterator[Array]:
        """Trip what is overloaded until nothing is; only words with a new trip are worked on again."""
        watched = self._demand.watched
        words = np.arange(works.shape[1])
        for step in range(1, watched.size + 1):
            over = self._demand.overloaded(live[:, words], earlier)
            hit = over.any(axis=0)
            if not hit.any():
                return
            row, lane = np.nonzero(unpack(over, over.shape[1] * LANES))
            state = words[lane // LANES] * LANES + lane % LANES
            steps[state] = step
            real = state < states
            yield np.stack([state, watched[row], np.full(state.size, step)], axis=1)[real]
            words = words[hit]
            works[np.ix_(watched, words)] &= ~over[:, hit]
            live[:, words], earlier = self._feeding.live(works[:, words])


def _joined(parts: list[Evaluation], width: int) -> Evaluation:
    if not parts:
        return Evaluation(np.empty((0, width), bool), np.empty((0, 3), np.int64), np.empty(0, np.int64))
    start = np.cumsum([0] + [len(part.up) for part in parts[:-1]])
    trips = [part.trip_step + np.array([first, 0, 0]) for part, first in zip(parts, start, strict=True)]
    return Evaluation(
        np.concatenate([part.up for part in parts]),
        np.concatenate(trips),
        np.concatenate([part.steps for part in parts]),
    )

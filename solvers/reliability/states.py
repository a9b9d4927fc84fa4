"""Which failures drop which tops: every single one, every one during maintenance of another, and the verdicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.reliability.evaluate import Evaluator
from solvers.reliability.structure import Structure, as_events, as_nodes

Array = NDArray[Any]
Progress = Callable[[int, int], None]
"""Called with the states done and the states in all."""


@dataclass(frozen=True)
class FailingStates:
    """Those of many states that drop a top, in the order in which they were asked."""

    checked: int
    """Number of states that were asked."""
    tops: Array
    """(T,) node indices."""
    events: Array
    """(K, k) basic events of each failing state; in a pair the maintained component comes first."""
    lost: Array
    """(K, T) bool: the top is down."""
    trip_step: Array
    """(M, 3) rows (failing state, node, step): overload trips on the way."""
    tripping: int
    """Number of states, failing or not, in which something tripped."""

    def trips(self, row: int) -> list[tuple[int, int]]:
        """(node, step) of the overload trips of failing state ``row``, in order of time."""
        mine = self.trip_step[self.trip_step[:, 0] == row]
        return [(int(node), int(step)) for _, node, step in mine]


@dataclass(frozen=True)
class Verdict:
    """Proof that no state drops a top, or the states that do."""

    holds: bool
    """True: proven, all states were checked."""
    checked: int
    """Number of states."""
    counter_examples: FailingStates


def single_failures(
    structure: Structure, tops: ArrayLike, *, events: ArrayLike | None = None,
    progress: Progress | None = None,
) -> FailingStates:  # fmt: skip
    """Every basic event alone (N-1).

    Parameters
    ----------
    tops : node indices.
    events : basic events, optional
        Those to ask; all by default.
    """
    states = as_events(structure, events)[:, None]
    return _ask(structure, as_nodes(structure, tops), states, progress)


def failures_during_maintenance(
    structure: Structure, tops: ArrayLike, maintainable: ArrayLike, *, events: ArrayLike | None = None,
    progress: Progress | None = None,
) -> FailingStates:  # fmt: skip
    """Every basic event while each of the ``maintainable`` components is out (N-1 during maintenance).

    Parameters
    ----------
    maintainable : component indices.
    events : basic events that may strike, optional; all by default.
    progress : called now and then with the numbers of states done and in all.
    """
    out = _components(structure, maintainable)
    strikes = as_events(structure, events)
    states = np.stack(np.meshgrid(out, strikes, indexing="ij"), axis=-1).reshape(-1, 2)
    return _ask(structure, as_nodes(structure, tops), states[states[:, 0] != states[:, 1]], progress)


def concurrently_maintainable(structure: Structure, tops: ArrayLike, maintainable: ArrayLike) -> Verdict:
    """Whether any one of the ``maintainable`` components can be taken out without dropping a top.

    Notes
    -----
    The question of Uptime Institute Tier Standard: Topology (2018), Tier III ("concurrently maintainable"), asked of
    every component that is listed, transfers and overload trips included.
    """
    out = _components(structure, maintainable)
    return _verdict(_ask(structure, as_nodes(structure, tops), out[:, None], None))


def fault_tolerant(
    structure: Structure, tops: ArrayLike, *, maintainable: ArrayLike = (), events: ArrayLike | None = None,
    progress: Progress | None = None,
) -> Verdict:  # fmt: skip
    """Whether any one event leaves all tops up, with nothing out and with each ``maintainable`` component out.

    Notes
    -----
    Without ``maintainable`` the question of Tier IV ("fault tolerant": any single failure); with them the harder
    one of a failure during maintenance.  The maintenance itself is among the states.
    """
    index = as_nodes(structure, tops)
    strikes = as_events(structure, events)
    out = _components(structure, maintainable)
    pairs = np.stack(np.meshgrid(out, strikes, indexing="ij"), axis=-1).reshape(-1, 2)
    alone = np.concatenate([np.setdiff1d(out, strikes), strikes])
    single = np.stack([np.full(alone.size, -1), alone], axis=1)
    states = np.concatenate([single, pairs[pairs[:, 0] != pairs[:, 1]]])
    return _verdict(_ask(structure, index, states, progress))


def _components(structure: Structure, components: ArrayLike) -> Array:
    index = as_events(structure, components, "maintainable")
    if index.size and index[-1] >= structure.components:
        raise ValueError(f"maintainable names {int(index[-1])}, which is a common cause, not a component")
    return index


def _verdict(found: FailingStates) -> Verdict:
    return Verdict(len(found.events) == 0, found.checked, found)


def _ask(structure: Structure, tops: Array, states: Array, progress: Progress | None) -> FailingStates:
    evaluator = Evaluator(structure, tops)
    row, _ = np.nonzero(states >= 0)
    kept, lost, trips = [], [], []
    tripping = failing = 0
    for start, found in evaluator.blocks(row, states[states >= 0], len(states)):
        bad = np.flatnonzero(~found.up.all(axis=1))
        place = np.full(len(found.up), -1)
        place[bad] = failing + np.arange(bad.size)
        mine = found.trip_step[place[found.trip_step[:, 0]] >= 0].copy()
        mine[:, 0] = place[mine[:, 0]]
        kept.append(start + bad)
        lost.append(~found.up[bad])
        trips.append(mine)
        failing += bad.size
        tripping += int((found.steps > 0).sum())
        if progress is not None:
            progress(start + len(found.up), len(states))
    return FailingStates(
        len(states),
        tops,
        states[np.concatenate([*kept, np.empty(0, dtype=int)]).astype(int)],
        np.concatenate([*lost, np.empty((0, tops.size), dtype=bool)]),
        np.concatenate([*trips, np.empty((0, 3), dtype=int)]),
        tripping,
    )

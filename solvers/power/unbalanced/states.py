"""Scenarios grouped by the state of switches and taps; networks of the states are kept for further solves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.unbalanced.network import Network, State
from solvers.power.unbalanced.problem import UnbalancedProblem
from solvers.power.unbalanced.radial import Radial, radial

Array = NDArray[Any]

KEPT_NETWORKS = 16
"""Factored networks that are held at a time."""


class States:
    """The states of a problem, and the networks of the last few of them."""

    def __init__(self, problem: UnbalancedProblem) -> None:
        self.problem = problem
        self._networks: dict[bytes, Network] = {}
        self._radial: dict[bytes, Radial | None] = {}
        fields = {name: getattr(problem, name) for name in State._fields}
        if all(table.shape[0] == 1 for table in fields.values()):
            self._states, self._state_of = [State(*(table[0] for table in fields.values()))], np.zeros(1, int)
            return
        count = problem.scenarios
        rows = [np.broadcast_to(t, (count, t.shape[1])).astype(float) for t in fields.values()]
        _, first, inverse = np.unique(
            np.concatenate(rows, axis=1), axis=0, return_index=True, return_inverse=True
        )
        self._states = [
            State(*(np.broadcast_to(t, (count, t.shape[1]))[row] for t in fields.values())) for row in first
        ]
        self._state_of = inverse.ravel()

    def groups(self, count: int, taps: Array) -> Iterator[tuple[Array, State]]:
        """Scenarios with one state and one set of (S, R) tap positions."""
        state_of = np.broadcast_to(self._state_of, (count,))
        if not taps.shape[1]:
            for number, state in enumerate(self._states):
                yield np.flatnonzero(state_of == number), state
            return
        keys = np.concatenate([state_of[:, None], np.broadcast_to(taps, (count, taps.shape[1]))], axis=1)
        rows, inverse = np.unique(keys, axis=0, return_inverse=True)
        for number, row in enumerate(rows):
            yield np.flatnonzero(inverse.ravel() == number), self._tapped(self._states[row[0]], row[1:])

    def _tapped(self, state: State, taps: Array) -> State:
        p = self.problem
        moved = p.unit_regulator >= 0
        turns = state.unit_tap_to.copy()
        regulator = p.unit_regulator[moved]
        turns[moved] += taps[regulator] * p.regulator_step[regulator]
        return state._replace(unit_tap_to=turns)

    def network(self, state: State, power: Array) -> Network:
        """The factored network of a state; built anew when loads appear that may be the only path to earth."""
        key = b"".join(np.ascontiguousarray(part).tobytes() for part in state)
        known = self._networks.get(key)
        if known is not None and not (known.pins.size and np.any((known.reference == 0) & power.any(axis=0))):
            return known
        self._radial.pop(key, None)
        while len(self._networks) >= KEPT_NETWORKS:
            oldest = next(iter(self._networks))
            del self._networks[oldest]
            self._radial.pop(oldest, None)
        self._networks[key] = Network(self.problem, state, _typical(power))
        return self._networks[key]

    def radial(self, network: Network) -> Radial | None:
        """Sweep order of the network, None if it is not of that class."""
        key = b"".join(np.ascontiguousarray(part).tobytes() for part in network.state)
        if key not in self._radial:
            self._radial[key] = radial(network)
        return self._radial[key]


def _typical(power: Array) -> Array:
    """(L,) mean of each load; where loads and generation cancel, the largest."""
    mean = power.mean(axis=0)
    largest = power[np.abs(power).argmax(axis=0), np.arange(power.shape[1])] if power.size else mean
    return np.asarray(np.where(mean == 0, largest, mean))

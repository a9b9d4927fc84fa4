"""The switching of all scenarios, in blocks of 64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.problem import Problem
from solvers.power.transfer import LANES, Switching, feed_arcs, resolve, unpack

Array = NDArray[Any]


@dataclass(frozen=True)
class Switched:
    """Outcome of D states of switching: one for each scenario, or one for all if they are the same."""

    states: list[Switching]
    """In blocks of 64."""
    live: Array
    """(D, B) bool."""
    closed: Array
    """(D, E) bool."""
    source: Array
    """(D, G) bool."""
    feeding: Array
    """(D, C) bool."""
    cord_on: Array
    """(D, K) bool, as given."""


def switch(problem: Problem) -> Switched:
    """Let all transfer switches choose."""
    arcs = feed_arcs(problem, converters=True)
    masks = (problem.branch_closed, problem.source_live, problem.converter_live, problem.cord_on)
    count = max(mask.shape[0] for mask in masks)

    def whole(mask: Array) -> Array:
        return np.broadcast_to(mask, (count, mask.shape[1]))

    given = [whole(mask) for mask in masks[:3]]
    live = np.zeros((count, problem.bus_voltage.size), dtype=bool)
    closed, source, feeding = (np.zeros(mask.shape, dtype=bool) for mask in given)
    states = []
    for first in range(0, count, LANES):
        rows = slice(first, min(first + LANES, count))
        state = resolve(problem, arcs, *(mask[rows] for mask in given))
        states.append(state)
        for table, words in (
            (live, state.live),
            (closed, state.closed),
            (source, state.source),
            (feeding, state.feeding),
        ):
            table[rows] = unpack(words, state.scenarios)
    return Switched(states, live, closed, source, feeding, whole(masks[3]))

"""Parts of a network: which nodes hang together through open links, what anchors and drives them, what cuts them off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .case import GRAVITY
from .network import Problem
from .scenarios import rows as as_rows

Index = NDArray[np.intp]
Mask = NDArray[np.bool_]

PUSH = 1e-6
"""Pressure differences below this drive nothing [Pa]."""


def labels(problem: Problem, is_open: Mask) -> Index:
    """(N,) number of the part each node belongs to."""
    start, end = (np.asarray(getattr(problem, name), np.intp) for name in ("link_from", "link_to"))
    graph = coo_array(
        (np.ones(int(is_open.sum()), bool), (start[is_open], end[is_open])), shape=(problem.node_count,) * 2
    )
    return np.asarray(connected_components(graph, directed=False)[1], np.intp)


@dataclass(frozen=True)
class Parts:
    """Parts of one scenario; P parts."""

    first: Index
    """(P,) lowest node."""
    size: Index
    """(P,) nodes."""
    anchored: Mask
    driven: Mask
    has_links: Mask

    @classmethod
    def of(cls, problem: Problem, is_open: Mask, running: Mask, scenario: int) -> Parts:
        """Parts of ``problem`` in one scenario, given (E,) what is open and which pumps run."""
        label = labels(problem, is_open)
        count = int(label.max(initial=-1)) + 1
        start, end = (np.asarray(getattr(problem, name), np.intp) for name in ("link_from", "link_to"))
        fixed = np.asarray(problem.fixed_node, np.intp)
        height = np.broadcast_to(np.asarray(problem.node_elevation, float), (problem.node_count,))
        density = np.broadcast_to(np.asarray(problem.link_density, float), start.shape)
        reference = float(density.mean()) if density.size else 0.0

        anchored, driven, has_links = np.zeros((3, count), bool)
        anchored[label[fixed]] = True
        has_links[label[start[is_open]]] = True
        level = _row(problem.fixed_pressure, fixed.size, scenario) + reference * GRAVITY * height[fixed]
        low, high = np.full(count, np.inf), np.full(count, -np.inf)
        np.minimum.at(low, label[fixed], level)
        np.maximum.at(high, label[fixed], level)
        driven |= high > low + PUSH
        driven[label[_row(problem.node_demand, problem.node_count, scenario) != 0.0]] = True
        buoyant = np.abs((density - reference) * (height[end] - height[start])) * GRAVITY > PUSH
        driven[label[start[is_open & (running | buoyant)]]] = True
        first = np.full(count, problem.node_count)
        np.minimum.at(first, label, np.arange(problem.node_count))
        return cls(first, np.bincount(label, minlength=count), anchored, driven, has_links)

    def faults(self) -> Iterator[tuple[int, str, int]]:
        """(lowest node, "loose" or "idle", nodes) of parts with links that lack an anchor or a drive."""
        for part in np.flatnonzero(self.has_links & ~(self.anchored & self.driven)):
            kind = "idle" if self.anchored[part] else "loose"
            yield int(self.first[part]), kind, int(self.size[part])


def _row(value: ArrayLike, width: int, scenario: int) -> NDArray[np.float64]:
    rows = as_rows(value, width)
    return np.asarray(rows[scenario if len(rows) > 1 else 0], float)


def isolating_valves(problem: Problem, is_open: Mask, link: int) -> list[int]:
    """Closed links that cut a link off from the loop it belongs to; empty if it is not cut off.

    Itself, if it is closed.  Else the closed links at the border of what hangs on its two ends, where that does not
    reach a node of known pressure; a link with open ways round from one end to the other is not cut off.
    """
    if not is_open[link]:
        return [link]
    start, end = (np.asarray(getattr(problem, name), np.intp) for name in ("link_from", "link_to"))
    others = is_open.copy()
    others[link] = False
    label = labels(problem, others)
    sides = {int(label[start[link]]), int(label[end[link]])}
    if len(sides) == 1 and label[start[link]] in label[np.asarray(problem.fixed_node, np.intp)]:
        return []
    anchored = set(label[np.asarray(problem.fixed_node, np.intp)].tolist())
    loose = sides - anchored
    if not loose:
        return []
    inside_start, inside_end = (np.isin(label[ends], list(loose)) for ends in (start, end))
    border = ~is_open & (inside_start | inside_end) & (label[start] != label[end])
    return [int(valve) for valve in np.flatnonzero(border)]


def damming_valves(
    problem: Problem, is_open: Mask, still: Mask, drop: NDArray[np.float64], link: int
) -> list[int]:
    """Closed links that hold pressure back from the standing fluid around a link, such as a valve before many racks.

    All (E,).  Nothing is named where the link itself bears a pressure difference: then it is what stops the flow.
    """
    if abs(drop[link]) > PUSH:
        return []
    start, end = (np.asarray(getattr(problem, name), np.intp) for name in ("link_from", "link_to"))
    moving = np.zeros(problem.node_count, bool)
    moving[start[~still]] = moving[end[~still]] = True
    moving[np.asarray(problem.fixed_node, np.intp)] = True
    calm = is_open & still & ~moving[start] & ~moving[end]
    label = labels(problem, calm)
    around = [label[node] for node in (start[link], end[link]) if not moving[node]]
    inside_start, inside_end = (np.isin(label[ends], around) for ends in (start, end))
    border = ~is_open & (inside_start != inside_end) & (np.abs(drop) > PUSH)
    return [int(valve) for valve in np.flatnonzero(border)]

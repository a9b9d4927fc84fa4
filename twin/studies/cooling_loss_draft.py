"""The growing columns of a transient: nodes, links, exchangers and signals are added one by one, each for all events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from solvers.hydraulics.transient import Problem
from twin.studies.cooling_loss_signals import Curve, table

Array = NDArray[np.float64]

LEVELS = 3
"""Limits of a watched node."""
NOTHING = 1.0
"""Heat capacity of an empty slot, and of a node at which fluid only divides or meets. [J/K]"""


@dataclass
class Draft:
    """Growing columns; each value is an array over the events, or a number."""

    size: int
    nodes: list[tuple[Array, Array]] = field(default_factory=list)
    fixed: list[bool] = field(default_factory=list)
    links: list[tuple[int, int, Array, Array, int]] = field(default_factory=list)
    volumes: list[Array] = field(default_factory=list)
    ties: list[tuple[int, int, Array]] = field(default_factory=list)
    exchangers: list[dict[str, object]] = field(default_factory=list)
    plates: list[dict[str, object]] = field(default_factory=list)
    sources: list[dict[str, object]] = field(default_factory=list)
    watches: list[tuple[int, tuple[float, ...]]] = field(default_factory=list)
    curves: list[list[Curve]] = field(default_factory=list)

    def node(self, capacity: float | Array, initial: float | Array, *, fixed: bool = False) -> int:
        wide = [np.broadcast_to(np.asarray(value, float), (self.size,)) for value in (capacity, initial)]
        self.nodes.append((np.maximum(wide[0], NOTHING), wide[1]))
        self.fixed.append(fixed)
        return len(self.nodes) - 1

    def link(
        self,
        start: int,
        end: int,
        rates: tuple[float | Array, float | Array],
        signal: int,
        volume: float | Array = 0.0,
    ) -> int:
        """``signal`` multiplies the rate before, the next one that after; -1: constant, and there is none after."""
        wide = [np.broadcast_to(np.asarray(value, float), (self.size,)) for value in (*rates, volume)]
        self.links.append((start, end, wide[0], wide[1], signal))
        self.volumes.append(wide[2])
        return len(self.links) - 1

    def signal(self, curves: Sequence[Curve]) -> int:
        self.curves.append(list(curves))
        return len(self.curves) - 1

    def watch(self, node: int, *limits: float) -> int:
        self.watches.append((node, (*limits, *[np.inf] * (LEVELS - len(limits)))))
        return len(self.watches) - 1

    def problem(self) -> Problem:
        time, value = table(list(map(list, zip(*self.curves, strict=True))))
        forward = np.array([s for *_, s in self.links], np.intp)
        fields: dict[str, object] = {}
        for prefix, rows, wide in (
            ("exchanger", self.exchangers, ("conductance", "setpoint", "capacity")),
            ("plate", self.plates, ("conductance", "rated")),
            ("source", self.sources, ("heat",)),
        ):
            for name in rows[0] if rows else ():
                column = [row[name] for row in rows]
                fields[f"{prefix}_{name}"] = (
                    np.stack([np.broadcast_to(np.asarray(c, float), (self.size,)) for c in column], axis=1)
                    if name in wide
                    else np.array(column)
                )
        return Problem(
            node_capacity=np.stack([c for c, _ in self.nodes], axis=1),
            node_initial=np.stack([t for _, t in self.nodes], axis=1),
            node_fixed=np.array(self.fixed),
            link_from=np.array([a for a, *_ in self.links], np.intp),
            link_to=np.array([b for _, b, *_ in self.links], np.intp),
            link_rate=np.stack([np.stack([b, a]) for *_, b, a, _ in self.links], axis=2).transpose(1, 0, 2),
            link_volume=np.stack(self.volumes, axis=1),
            link_signal=np.stack([forward, np.where(forward >= 0, forward + 1, forward)]),
            conductance_from=np.array([a for a, _, _ in self.ties], np.intp),
            conductance_to=np.array([b for _, b, _ in self.ties], np.intp),
            conductance=np.stack([g for *_, g in self.ties], axis=1) if self.ties else 0.0,
            conductance_film=0.0,
            watch_node=np.array([n for n, _ in self.watches], np.intp),
            watch_limit=np.array([limit for _, limit in self.watches]).reshape(-1, LEVELS),
            signal_time=time,
            signal_value=value,
            **fields,  # type: ignore[arg-type]
        )

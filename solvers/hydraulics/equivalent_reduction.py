"""What repeats in a network, and the network in which every repetition is one equivalent law."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import network
from .equivalent_classes import families
from .equivalent_curve import Sample
from .friction import FrictionLaw
from .scenarios import rows as as_rows

Array = NDArray[np.float64]

LEAST_REPEATS = 12
"""Repeats from which a sub-network is replaced; below, its table costs about as much as its copies."""


class Reduction:
    """What repeats in a network; found once, used for many sets of load cases of the same problem."""

    def __init__(
        self, problem: network.Problem, *, least_repeats: int = LEAST_REPEATS, friction: FrictionLaw = "colebrook",
        compiled: bool | None = None,
    ) -> None:  # fmt: skip
        self.problem, self.friction, self.compiled = problem, friction, compiled
        self.families = families(problem, least_repeats)
        self.samples = [Sample(problem, family, friction, compiled) for family in self.families]
        links = int(np.asarray(problem.link_from).size)
        gone = np.zeros(problem.node_count, bool)
        replaced = np.zeros(links, bool)
        for family in self.families:
            gone[family.inner] = True
            replaced[family.links] = True
        self.kept_nodes, self.kept_links = np.flatnonzero(~gone), np.flatnonzero(~replaced)
        self.share: Array | None = None
        """(I,) y of every instance over the root of the drive, where the last call ended."""
        self.new_index = np.full(problem.node_count, -1, np.intp)
        self.new_index[self.kept_nodes] = np.arange(self.kept_nodes.size)
        ends = [family.terminals for family in self.families]
        self.terminals = np.concatenate(ends) if ends else np.zeros((0, 2), np.intp)
        self.prepared = (
            network.prepare(self.reduced(problem), friction=friction, compiled=compiled) if ends else None
        )

    def reduced(self, p: network.Problem) -> network.Problem:
        """Each instance is two devices in a row: a linear one, and a quadratic one that may hold its flow."""
        kept, many = self.kept_links, len(self.terminals)
        links = int(np.asarray(p.link_from).size)
        middle = self.kept_nodes.size + np.arange(many)
        ends = self.new_index[self.terminals]
        link: dict[str, Any] = {
            "link_from": np.concatenate([self.new_index[np.asarray(p.link_from)[kept]], ends[:, 0], middle]),
            "link_to": np.concatenate([self.new_index[np.asarray(p.link_to)[kept]], middle, ends[:, 1]]),
        }
        for f in fields(p):
            if f.name.startswith("link_") and f.name not in link:
                old = as_rows(getattr(p, f.name), links, copy=False)[:, kept]
                plain = (
                    np.unique(np.asarray(p.link_density, float))[0] if f.name == "link_density" else f.default
                )
                value = np.concatenate([old, np.full((len(old), 2 * many), plain)], axis=1)
                link[f.name] = value if len(value) > 1 else value[0]
        link["link_device_exponent"][kept.size : kept.size + many] = 1.0
        link["link_diameter"] = np.broadcast_to(link["link_diameter"], (kept.size + 2 * many,)).copy()
        link["link_diameter"][kept.size :] = self._sizes(
            p
        )  # without length, for the first guess of their flows alone
        height = np.broadcast_to(np.asarray(p.node_elevation, float), (p.node_count,))
        demand = as_rows(p.node_demand, p.node_count, copy=False)[:, self.kept_nodes]
        return replace(
            p,
            **{
                **link, "node_count": self.kept_nodes.size + many,
                "fixed_node": self.new_index[np.asarray(p.fixed_node, np.intp)],
                "node_elevation": np.concatenate([height[self.kept_nodes], height[self.terminals[:, 1]]]),
                "node_demand": np.concatenate([demand, np.zeros((len(demand), many))], axis=1),
            },
        )  # fmt: skip

    @property
    def instance_count(self) -> int:
        """Sub-networks replaced."""
        return len(self.terminals)

    def _sizes(self, p: network.Problem) -> Array:
        """(2 I,) largest diameter in each instance, twice. [m]"""
        diameter = np.broadcast_to(
            np.asarray(p.link_diameter, float).ravel(), (int(np.asarray(p.link_from).size),)
        )
        return np.tile(np.concatenate([diameter[f.links].max(axis=1) for f in self.families]), 2)

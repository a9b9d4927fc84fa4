"""The equivalent law of a repeated sub-network: its flows as polynomials of the root of the pressure across it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import network
from .equivalent_classes import VARIED, Family
from .equivalent_law import link_fields
from .friction import FrictionLaw
from .scenarios import rows as as_rows

Array = NDArray[np.float64]


def nodes_and_weights(count: int) -> tuple[Array, Array]:
    """Chebyshev points of the second kind on -1..1 and their barycentric weights."""
    k = np.arange(count)
    weight = np.where(k % 2 == 0, 1.0, -1.0)
    weight[[0, -1]] *= 0.5
    return -np.cos(np.pi * k / (count - 1)), weight


def differentiation(count: int) -> Array:
    """(P, P) derivative of the interpolating polynomial at its nodes."""
    x, w = nodes_and_weights(count)
    gap = x[:, None] - x[None, :]
    np.fill_diagonal(gap, 1.0)
    d = w[None, :] / w[:, None] / gap
    np.fill_diagonal(d, 0.0)
    np.fill_diagonal(d, -d.sum(axis=1))
    return np.asarray(d)


@dataclass(frozen=True)
class Curve:
    """States of one sub-network over a range of ``y = sign(p) sqrt(abs(p))``, p the pressure across it.

    In y the quadratic law is a straight line, so few points are exact.  S scenarios, or 1 where the sub-network is the
    same in all of them; P points.
    """

    low: Array
    """(S,)"""
    high: Array
    """(S,)"""
    flow: Array
    """(S, P, n) flow of every link, along the walk from the first terminal to the second [kg/s]."""
    level: Array
    """(S, P, m) piezometric pressure of the inner nodes above the second terminal [Pa]."""
    total: Array
    """(S, P) flow through [kg/s]."""
    ok: NDArray[np.bool_]
    """(S,) all its states were solved."""

    def weights(self, y: Array) -> Array:
        """(S, I, P) share of each point in the state at y (S, I)."""
        x, w = nodes_and_weights(self.total.shape[1])
        at = 2.0 * (y - self.low[:, None]) / (self.high - self.low)[:, None] - 1.0
        gap = at[:, :, None] - x
        exact = np.abs(gap) < 1e-13
        part = np.where(
            exact.any(axis=2, keepdims=True), np.where(exact, 1.0, 0.0), w / np.where(exact, 1.0, gap)
        )
        return np.asarray(part / part.sum(axis=2, keepdims=True))

    def at(self, weight: Array, table: Array) -> Array:
        """(S, I, ...) a quantity of the points (S or 1, P, ...) at the states that ``weights`` describe."""
        return np.asarray(weight @ (table if table.ndim == 3 else table[:, :, None]))

    def slope(self) -> Array:
        """(S, P) change of the flow through with y."""
        return self.total @ differentiation(self.total.shape[1]).T * (2.0 / (self.high - self.low))[:, None]


class Sample:
    """The first instance of a family as a network of its own, between two nodes of known pressure."""

    def __init__(
        self, problem: network.Problem, family: Family, friction: FrictionLaw, compiled: bool | None
    ) -> None:
        links = family.links[0]
        local = {int(node): k + 2 for k, node in enumerate(family.inner[0])}
        local |= {int(node): k for k, node in enumerate(family.terminals[0])}
        start, end = (
            [local[int(node)] for node in np.asarray(getattr(problem, name), np.intp)[links]]
            for name in ("link_from", "link_to")
        )
        self.links, self.sign = links, family.sign[0]
        self.out = (np.array(start) == 0).astype(float) - (np.array(end) == 0)
        alone = replace(
            problem,
            **{
                **link_fields(problem, links), "node_count": 2 + len(family.inner[0]), "fixed_node": [0, 1],
                "fixed_pressure": 0.0, "link_from": start, "link_to": end, "node_demand": 0.0, "node_elevation": 0.0,
                "link_open": True, "link_pump_head": 0.0, "link_pump_speed": 1.0,
            },
        )  # fmt: skip
        self.prepared = network.prepare(alone, friction=friction, compiled=compiled)

    def varies(self, problem: network.Problem) -> bool:
        """Its own data differ between scenarios."""
        whole = int(np.asarray(problem.link_from).size)
        tables = (as_rows(getattr(problem, name), whole)[:, self.links] for name in VARIED)
        return any(bool((table != table[:1]).any()) for table in tables)

    def tabulate(self, problem: network.Problem, low: Array, high: Array, points: int) -> Curve:
        """States at ``points`` pressures across it in every scenario; one point lies in the middle.

        Where nothing of it varies, one table serves all scenarios.
        """
        if not self.varies(problem):
            low, high = low.min(keepdims=True), high.max(keepdims=True)
        count, scenarios = self.links.size, low.size
        x = nodes_and_weights(points)[0] if points > 1 else np.zeros(1)
        y = low[:, None] + 0.5 * (high - low)[:, None] * (x + 1.0)
        varied: dict[str, Any] = {}
        whole = int(np.asarray(problem.link_from).size)
        for name in VARIED:
            value = as_rows(getattr(problem, name), whole)[:, self.links]
            many = scenarios > 1 and len(value) > 1
            varied[name] = np.repeat(value, points, axis=0) if many else value[:1]
        across = np.stack([(y * np.abs(y)).ravel(), np.zeros(y.size)], axis=1)
        solved = self.prepared.solve(fixed_pressure=across, **varied)
        return Curve(
            low=low, high=high, flow=(solved.link_flow * self.sign).reshape(scenarios, points, count),
            level=solved.node_pressure[:, 2:].reshape(scenarios, points, -1),
            total=(solved.link_flow @ self.out).reshape(scenarios, points),
            ok=np.asarray(solved.scenario_ok.reshape(scenarios, points).all(axis=1)),
        )  # fmt: skip

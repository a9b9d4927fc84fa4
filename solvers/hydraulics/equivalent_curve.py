"""The equivalent law of a repeated sub-network: its flows as polynomials of the root of the pressure across it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import network
from .equivalent_classes import VARIED, Family
from .equivalent_law import link_fields
from .friction import FrictionLaw
from .scenarios import rows as as_rows

Array = NDArray[np.float64]

WIDEST = 3.0
"""Times the range asked for that the range of a known table may have; beyond, its points lie too far apart."""


def points_of(count: int) -> Array:
    """Chebyshev points of the second kind on -1..1, rising."""
    return np.asarray(-np.cos(np.pi * np.arange(count) / (count - 1)))


def polynomials(x: Array, count: int) -> Array:
    """(P, ...) Chebyshev polynomials of degree 0 .. P - 1 at x."""
    table = np.empty((count, *x.shape))
    table[0] = 1.0
    if count > 1:
        table[1] = x
    for k in range(2, count):
        np.multiply(x, table[k - 1], out=table[k])
        table[k] *= 2.0
        table[k] -= table[k - 2]
    return table


@lru_cache(maxsize=16)
def coefficients_of(count: int) -> Array:
    """(P, P) coefficients of the polynomials from values at the points."""
    return np.asarray(np.linalg.inv(polynomials(points_of(count), count).T))


@lru_cache(maxsize=16)
def differentiation(count: int) -> Array:
    """(P, P) derivative of the interpolating polynomial at its nodes."""
    nodes = points_of(count)
    slopes = np.zeros((count, count))  # T' = k U
    inner = nodes[1:-1]
    second = np.empty((inner.size, count))
    second[:, 0] = 1.0
    second[:, 1] = 2.0 * inner
    for k in range(2, count):
        second[:, k] = 2.0 * inner * second[:, k - 1] - second[:, k - 2]
    degree = np.arange(count)
    slopes[1:-1, 1:] = degree[1:] * second[:, :-1]
    slopes[0], slopes[-1] = np.where(degree % 2 == 0, -1.0, 1.0) * degree**2, degree**2
    return np.asarray(slopes @ coefficients_of(count))


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

    def at_points(self) -> Array:
        """(P,) y of the points of the first scenario."""
        return np.asarray(
            self.low[0] + 0.5 * (self.high[0] - self.low[0]) * (points_of(self.total.shape[1]) + 1.0)
        )

    def basis(self, y: Array) -> Array:
        """(P, S, I) Chebyshev polynomials at y (S, I)."""
        at = (y - self.low[:, None]) * (2.0 / (self.high - self.low))[:, None] - 1.0
        return polynomials(at, self.total.shape[1])

    def weights(self, y: Array) -> Array:
        """(S, I, P) share of each point in the state at y (S, I)."""
        points = self.total.shape[1]
        flat = self.basis(y).reshape(points, -1).T @ coefficients_of(points)
        return np.asarray(flat.reshape(*y.shape, points))

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
        self._last: tuple[Curve, bytes] | None = None

    def varies(self, problem: network.Problem) -> bool:
        """Its own data differ between scenarios."""
        whole = int(np.asarray(problem.link_from).size)
        tables = (as_rows(getattr(problem, name), whole, copy=False)[:, self.links] for name in VARIED)
        return any(bool((table != table[:1]).any()) for table in tables)

    def tabulate(self, problem: network.Problem, low: Array, high: Array, points: int) -> Curve:
        """States at ``points`` pressures across it in every scenario; one point lies in the middle.

        Where nothing of it varies, one table serves all scenarios.
        """
        if not self.varies(problem):
            low, high = low.min(keepdims=True), high.max(keepdims=True)
            return self._once(problem, low, high, points)
        return self._table(problem, low, high, points)

    def _once(self, problem: network.Problem, low: Array, high: Array, points: int) -> Curve:
        """The table of all scenarios; the last one if its data are the same and its range serves."""
        whole = int(np.asarray(problem.link_from).size)
        data = b"".join(
            as_rows(getattr(problem, n), whole, copy=False)[0, self.links].tobytes() for n in VARIED
        )
        if self._last is not None and points > 1:
            known, of = self._last
            curve_points, span = known.total.shape[1], float((known.high - known.low)[0])
            inside = known.low[0] <= low[0] and high[0] <= known.high[0]
            if of == data and inside and curve_points >= points and span <= WIDEST * float((high - low)[0]):
                return known
        curve = self._table(problem, low, high, points)
        if points > 1:
            self._last = (curve, data)
        return curve

    def known(self, problem: network.Problem) -> bool:
        """There is a table of all scenarios from another call."""
        return self._last is not None and not self.varies(problem)

    def _table(self, problem: network.Problem, low: Array, high: Array, points: int) -> Curve:
        count, scenarios = self.links.size, low.size
        x = points_of(points) if points > 1 else np.zeros(1)
        y = low[:, None] + 0.5 * (high - low)[:, None] * (x + 1.0)
        varied: dict[str, Any] = {}
        whole = int(np.asarray(problem.link_from).size)
        for name in VARIED:
            value = as_rows(getattr(problem, name), whole, copy=False)[:, self.links]
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

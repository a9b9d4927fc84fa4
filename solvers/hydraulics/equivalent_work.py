"""The reduced network: tables of the equivalent laws, tangent laws, and solves in turn."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import network
from .case import GRAVITY
from .equivalent_curve import Curve
from .equivalent_reduction import Reduction
from .scenarios import count
from .scenarios import rows as as_rows

Array = NDArray[np.float64]

CASES = ("node_demand", "fixed_pressure", "link_device_coefficient", "link_pump_head", "link_pump_speed", "link_limit",
         "link_open", "link_viscosity")  # fmt: skip
"""Fields that load cases vary."""
MARGIN = 0.02
"""Share of its middle by which a range is widened on either side."""
PASSES = 12
"""Most solves of the reduced network between two tables; its laws are tangent ones, two or three suffice."""
SETTLED = 1e-6
"""Change of y over its largest value after which the next one is rounding: laws are tangent ones, so it is the square
of this times their curvature, a few per cent."""
FIRST = 1e-4
"""Tolerance of the first of these solves, whose laws are not the last ones."""
STIFF = 10.0
"""Local exponent ``d ln p / d ln q`` from which a sub-network counts as one held flow."""


class Work:
    """The reduced network between two tables; y (S, I) is the root of the pressure across every instance."""

    def __init__(self, problem: network.Problem, reduction: Reduction) -> None:
        self.problem, self.reduction = problem, reduction
        edges = np.cumsum([0, *(len(f.links) for f in reduction.families)]).tolist()
        self.parts = [slice(a, b) for a, b in pairwise(edges)]
        self.links, self.kept = int(np.asarray(problem.link_from).size), reduction.kept_links.size
        self.hydrostatic = hydrostatic_of(problem)
        self.curves: list[Curve] = []
        self.solved: network.Solution
        small = reduction.reduced(problem)
        links, width = int(np.asarray(small.link_from).size), {"node_demand": small.node_count}
        width["fixed_pressure"] = int(np.asarray(small.fixed_node).size)
        self.varied: dict[str, Any] = {
            n: as_rows(getattr(small, n), width.get(n, links), copy=False) for n in CASES
        }
        self.count = count(self.varied.values())
        self.drive = self._drive()
        self.y = np.zeros((self.count, reduction.instance_count))

    def locate(self) -> None:
        """Where the network works, from the states of each family at one pressure, taken as quadratic laws."""
        top = np.sqrt(self.drive)
        middle = np.broadcast_to(0.5 * top, (len(self.reduction.families), self.count))
        self.y[:] = 0.5 * top[:, None]
        for _ in range(2):
            self._tables(middle, middle, 1)
            self._settle(1)
            middle = np.stack([self.y[:, part].mean(axis=1) for part in self.parts])
            middle = np.where(np.abs(middle) < 1e-3 * top, 1e-3 * top, middle)

    def _drive(self) -> Array:
        """(S,) more than any pressure difference there can be: all pump heads, heights and known pressures."""
        p = self.problem
        head = as_rows(p.link_pump_head, self.links, copy=False)
        pump = np.flatnonzero((head > 0.0).any(axis=0))
        raised = head[:, pump] * as_rows(p.link_pump_speed, self.links, copy=False)[:, pump] ** 2
        known = (
            as_rows(p.fixed_pressure, np.asarray(p.fixed_node).size)
            + self.hydrostatic[np.asarray(p.fixed_node)]
        )
        return np.broadcast_to(raised.sum(axis=1) + np.ptp(known, axis=1) + 1.0, (self.count,))

    def start(self) -> None:
        """Begin where the last call of this reduction ended, if there are tables of it; else locate."""
        r = self.reduction
        if r.share is None or not all(sample.known(self.problem) for sample in r.samples):
            self.locate()
            return
        self.y = np.sqrt(self.drive)[:, None] * r.share

    def refine(self, points: int) -> None:
        """Tables over the range of operation; again, if the network leaves it."""
        for _ in range(3):
            low, high = np.empty((2, len(self.reduction.families), self.count))
            for f, part in enumerate(self.parts):
                y = self.y[:, part]
                wide = MARGIN * np.abs(y).max(axis=1) + 0.1 * np.ptp(y, axis=1) + 1e-6
                low[f], high[f] = y.min(axis=1) - wide, y.max(axis=1) + wide
            self._tables(low, high, points)
            self._settle(PASSES)
            inside = [
                (self.y[:, part] >= curve.low[:, None]).all()
                and (self.y[:, part] <= curve.high[:, None]).all()
                for part, curve in zip(self.parts, self.curves, strict=True)
            ]
            if all(inside):
                break
        self.reduction.share = (self.y / np.sqrt(self.drive)[:, None]).mean(axis=0)

    def _tables(self, low: Array, high: Array, points: int) -> None:
        self.curves = [
            sample.tabulate(self.problem, low[f], high[f], points)
            for f, sample in enumerate(self.reduction.samples)
        ]

    def _settle(self, passes: int) -> None:
        """Tangent laws and solves of the reduced network in turn."""
        for done in range(passes):
            linear, square, limit = self._tangent()
            self._solve_reduced(linear, square, limit, FIRST if done == 0 and passes > 1 else 1e-9)
            kept = self.reduction.kept_nodes
            level = self.solved.node_pressure[:, : kept.size] + self.hydrostatic[kept]
            ends = self.reduction.new_index[self.reduction.terminals]
            across = level[:, ends[:, 0]] - level[:, ends[:, 1]]
            y = np.sign(across) * np.sqrt(np.abs(across))
            moved = np.abs(y - self.y).max(initial=0.0)
            self.y = y
            if moved <= SETTLED * np.abs(y).max(initial=0.0):
                break

    def _tangent(self) -> tuple[Array, Array, Array]:
        """(S, I) coefficients of ``p = linear q + square q |q|`` that touches each law, and flows that are held."""
        linear, square, limit = np.zeros((3, *self.y.shape))
        limit[:] = np.inf
        for part, curve in zip(self.parts, self.curves, strict=True):
            if curve.total.shape[1] == 1:
                square[:, part] = (curve.low / np.maximum(np.abs(curve.total[:, 0]), 1e-9))[:, None] ** 2
                continue
            y = np.clip(self.y[:, part], curve.low[:, None], curve.high[:, None])
            both = curve.at(curve.weights(y), np.stack([curve.total, curve.slope()], axis=2))
            size, slope = np.maximum(np.abs(both[:, :, 0]), 1e-12), np.maximum(both[:, :, 1], 1e-12)
            root = np.maximum(np.abs(y), 1e-9)
            exponent = 2.0 * size / (slope * root)  # d ln p / d ln q
            bent = np.clip(exponent, 1.0, 2.0)
            held = (exponent > STIFF) & (y > 0.0)
            linear[:, part] = (2.0 - bent) * root**2 / size
            square[:, part] = (bent - 1.0) * (root / size) ** 2 * np.where(held, 0.5, 1.0)
            limit[:, part] = np.where(held, size, np.inf)
        return linear, square, limit

    def _solve_reduced(self, linear: Array, square: Array, limit: Array, tolerance: float) -> None:
        """The reduced network with the laws of this moment."""
        many = linear.shape[1]
        varied = dict(self.varied)
        for name, added in (
            ("link_device_coefficient", [linear, square]),
            ("link_limit", [np.full_like(limit, np.inf), limit]),
        ):
            if name == "link_limit" and not np.isfinite(limit).any():
                continue
            kept = np.broadcast_to(self.varied[name][:, : -2 * many], (self.count, self.kept))
            varied[name] = np.concatenate([kept, *added], axis=1)
        assert self.reduction.prepared is not None
        self.solved = self.reduction.prepared.solve(tolerance=tolerance, **varied)


def hydrostatic_of(problem: network.Problem) -> Array:
    """(N,) hydrostatic pressure of the heights [Pa]."""
    height = np.broadcast_to(np.asarray(problem.node_elevation, float), (problem.node_count,))
    return np.asarray(np.mean(np.asarray(problem.link_density, float)) * GRAVITY * height)

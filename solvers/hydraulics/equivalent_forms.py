"""A table of a family as polynomials of all that is written out, and what its laws miss anywhere in its range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .equivalent_curve import Curve, Sample, coefficients_of
from .friction import FrictionLaw

if TYPE_CHECKING:
    from .equivalent_kernel import Checker

Array = NDArray[np.float64]

BETWEEN = 16
"""Places at which the laws are evaluated for each point of a table.  Between points a polynomial errs by a smooth
function with one hump each; the largest of 16 places misses its top by less than 1 %."""


@dataclass(frozen=True)
class Forms:
    """Chebyshev coefficients (P, ...) over the range of a curve that serves all scenarios."""

    flows: Array
    """(P, n) flow along the walk from the first terminal to the second, links in the checker's order, padded."""
    drops: Array
    """(P, n) drop of piezometric pressure along it."""
    levels: Array
    """(P, m) of inner nodes above the second terminal."""
    ends: Array
    """(P, 3) flow into the first and the second terminal, and the pressure across."""
    inside: float
    """Bound of the imbalance of inner nodes: polynomials lie between -1 and 1. [kg/s]"""
    checker: Checker

    @classmethod
    def of(cls, sample: Sample, curve: Curve, friction: FrictionLaw) -> Forms:
        """Of a sample and its table."""
        from .equivalent_kernel import Checker

        checker, pipework = (
            Checker(sample.prepared.pipework, sample.prepared.duty, sample.sign, friction),
            sample.prepared.pipework,
        )
        points, order = curve.total.shape[1], checker.order
        turn, y = coefficients_of(points), curve.at_points()
        across = y * np.abs(y)
        level = np.concatenate([across[:, None], np.zeros((points, 1)), curve.level[0]], axis=1)
        drop = (level[:, pipework.start] - level[:, pipework.end]) * sample.sign
        n = order.size
        wide = np.zeros((2, points, checker.rows))
        wide[0, :, :n], wide[1, :, :n] = turn @ curve.flow[0][:, order], turn @ drop[:, order]
        brings = np.zeros((n, level.shape[1]))  # what a unit of flow of each link brings to each node
        brings[np.arange(n), pipework.end[order]] += sample.sign[order]
        brings[np.arange(n), pipework.start[order]] -= sample.sign[order]
        net = wide[0, :, :n] @ brings
        return cls(
            flows=wide[0], drops=wide[1], levels=np.ascontiguousarray(turn @ curve.level[0]),
            ends=np.ascontiguousarray(np.concatenate([net[:, :2], (turn @ across)[:, None]], axis=1)),
            inside=float(np.abs(net[:, 2:]).sum(axis=0).max(initial=0.0)), checker=checker,
        )  # fmt: skip

    def states(self, basis: Array) -> Array:
        """The checker's table of states whose polynomials are ``basis`` (K, P)."""
        table = self.checker.table(len(basis))
        np.matmul(basis, self.flows, out=table[: len(basis)])
        np.matmul(basis, self.drops, out=table[len(basis) : 2 * len(basis)])
        return table

    def worst(self, curve: Curve) -> float:
        """The most that any law misses anywhere in the range: all of them are functions of y alone. [Pa]"""
        at = np.cos(np.pi * (np.arange(BETWEEN * len(self.ends)) + 0.5) / (BETWEEN * len(self.ends)))
        y = curve.low[0] + 0.5 * (curve.high[0] - curve.low[0]) * (at + 1.0)
        return float(self.checker.misses(self.states(curve.basis(y[None])[:, 0].T)).max())

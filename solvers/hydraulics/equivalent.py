"""Identical racks and rows solved once: repeated sub-networks as equivalent laws in a reduced network.

Every family of interchangeable sub-networks is solved alone at a few pressures across it; the reduced network
takes the law that follows, and its solution is expanded to all links and nodes and checked there.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..status import Status
from . import network
from .case import GRAVITY
from .control_actuators import scenario_count
from .equivalent_classes import Family, families
from .equivalent_curve import Curve, Sample
from .equivalent_law import passive_drop
from .friction import FrictionLaw
from .scenarios import rows as as_rows

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]

CASES = ("node_demand", "fixed_pressure", "link_device_coefficient", "link_pump_head", "link_pump_speed", "link_limit",
         "link_open", "link_viscosity")  # fmt: skip
"""Fields that load cases vary."""
LEAST_REPEATS = 12
"""Repeats from which a sub-network is replaced; below, its table costs about as much as its copies."""
FINE, FINEST = 10, 40
"""Points of a table over the range of operation, and at most; see THEORY_control.md for the accuracy."""
MARGIN = 0.02
"""Share of its middle by which a range is widened on either side."""
PASSES = 12
"""Most solves of the reduced network between two tables; its laws are tangent ones, three or four suffice."""
SETTLED = 1e-6
"""Change of y over its largest value after which the next one, its square, is rounding."""
STIFF = 10.0
"""Local exponent ``d ln p / d ln q`` from which a sub-network counts as one held flow."""


@dataclass(frozen=True)
class Expanded:
    """Flows and pressures of the whole network, with what the reduction cost in exactness."""

    status: Status
    scenario_ok: Mask
    """(S,) laws and mass hold in the whole network to the tolerance."""
    node_pressure: Array
    """(S, N) gauge pressure [Pa]."""
    link_flow: Array
    """(S, E) [kg/s]."""
    law_error: Array
    """(S,) largest miss of the law of a replaced link over the largest pressure difference of the network [-]."""
    mass_error: Array
    """(S,) largest imbalance of a free node over the largest flow [-]."""
    polished: Mask
    """(S,) the reduction was not exact enough and the whole network was solved instead."""
    family_count: int
    instance_count: int
    replaced_links: int
    reduced_links: int
    """Links of the reduced network."""


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
                old = as_rows(getattr(p, f.name), links)[:, kept]
                plain = (
                    np.unique(np.asarray(p.link_density, float))[0] if f.name == "link_density" else f.default
                )
                value = np.concatenate([old, np.full((len(old), 2 * many), plain)], axis=1)
                link[f.name] = value if len(value) > 1 else value[0]
        link["link_device_exponent"][kept.size : kept.size + many] = 1.0
        height = np.broadcast_to(np.asarray(p.node_elevation, float), (p.node_count,))
        demand = as_rows(p.node_demand, p.node_count)[:, self.kept_nodes]
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


def solve(
    problem: network.Problem,
    *,
    reduction: Reduction | None = None,
    tolerance: float = 1e-7,
    friction: FrictionLaw = "colebrook",
    compiled: bool | None = None,
    check: bool = True,
) -> Expanded:
    """Solve a network through what repeats in it.

    Parameters
    ----------
    reduction : Reduction, optional
        Found before for the same problem, or for one with the same families; found here if not given.
    tolerance : float
        Largest accepted miss of a law over the largest pressure difference; scenarios beyond it are solved whole. [-]
    check : bool
        Evaluate the laws of all replaced links at the expanded flows.  Without it the miss is estimated between the
        points of the tables only.

    Notes
    -----
    All densities must be equal, and heights enter as pressure only.  A network in which nothing repeats is solved
    whole.  Memory: the states of all scenarios are held at once.
    """
    if reduction is None:
        reduction = Reduction(problem, friction=friction, compiled=compiled)
    if not reduction.families:
        return _whole(problem, reduction)
    work = _Work(problem, reduction)
    work.locate()
    alike = scenario_count(problem) > 1 and not any(sample.varies(problem) for sample in reduction.samples)
    points = 2 * FINE if alike else FINE  # one table for all cases spans a wider range
    while True:
        work.refine(points)
        result = work.expand(tolerance, check)
        if result.scenario_ok.all() or points >= FINEST:
            break
        points *= 2
    return _polish(problem, result, reduction)


class _Work:
    """The reduced network between two tables; y (S, I) is the root of the pressure across every instance."""

    def __init__(self, problem: network.Problem, reduction: Reduction) -> None:
        self.problem, self.reduction = problem, reduction
        self.count = scenario_count(problem)
        self.links, self.kept = int(np.asarray(problem.link_from).size), reduction.kept_links.size
        self.hydrostatic = _weight(problem)
        self.curves: list[Curve] = []
        self.solved: network.Solution
        small = reduction.reduced(problem)
        links, width = int(np.asarray(small.link_from).size), {"node_demand": small.node_count}
        width["fixed_pressure"] = int(np.asarray(small.fixed_node).size)
        self.varied: dict[str, Any] = {n: as_rows(getattr(small, n), width.get(n, links)) for n in CASES}
        self.y = np.zeros((self.count, reduction.instance_count))

    def locate(self) -> None:
        """Where the network works, from the states of each family at one pressure, taken as quadratic laws."""
        top = np.sqrt(self._drive())
        middle = np.broadcast_to(0.5 * top, (len(self.reduction.families), self.count))
        self.y[:] = 0.5 * top[:, None]
        for _ in range(2):
            self._tables(middle, middle, 1)
            self._settle(1)
            middle = np.stack([self.y[:, part].mean(axis=1) for part in self._parts()])
            middle = np.where(np.abs(middle) < 1e-3 * top, 1e-3 * top, middle)

    def _drive(self) -> Array:
        """(S,) more than any pressure difference there can be: all pump heads, heights and known pressures."""
        p = self.problem
        head = as_rows(p.link_pump_head, self.links) * as_rows(p.link_pump_speed, self.links) ** 2
        known = (
            as_rows(p.fixed_pressure, np.asarray(p.fixed_node).size)
            + self.hydrostatic[np.asarray(p.fixed_node)]
        )
        return np.broadcast_to(head.sum(axis=1) + np.ptp(known, axis=1) + 1.0, (self.count,))

    def refine(self, points: int) -> None:
        """Tables over the range of operation; again, if the network leaves it."""
        for _ in range(3):
            low, high = np.empty((2, len(self.reduction.families), self.count))
            for f, part in enumerate(self._parts()):
                y = self.y[:, part]
                wide = MARGIN * np.abs(y).max(axis=1) + 0.1 * np.ptp(y, axis=1) + 1e-6
                low[f], high[f] = y.min(axis=1) - wide, y.max(axis=1) + wide
            self._tables(low, high, points)
            self._settle(PASSES)
            inside = [
                (self.y[:, part] >= low[f][:, None]).all() and (self.y[:, part] <= high[f][:, None]).all()
                for f, part in enumerate(self._parts())
            ]
            if all(inside):
                break

    def _parts(self) -> list[slice]:
        edges = np.cumsum([0, *(len(f.links) for f in self.reduction.families)]).tolist()
        return [slice(a, b) for a, b in pairwise(edges)]

    def _tables(self, low: Array, high: Array, points: int) -> None:
        self.curves = [
            sample.tabulate(self.problem, low[f], high[f], points)
            for f, sample in enumerate(self.reduction.samples)
        ]

    def _settle(self, passes: int) -> None:
        """Tangent laws and solves of the reduced network in turn."""
        for _ in range(passes):
            linear, square, limit = self._tangent()
            self._solve_reduced(linear, square, limit)
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
        for part, curve in zip(self._parts(), self.curves, strict=True):
            if curve.total.shape[1] == 1:
                square[:, part] = (curve.low / np.maximum(np.abs(curve.total[:, 0]), 1e-9))[:, None] ** 2
                continue
            y = np.clip(self.y[:, part], curve.low[:, None], curve.high[:, None])
            weight = curve.weights(y)
            size = np.maximum(np.abs(curve.at(weight, curve.total)[:, :, 0]), 1e-12)
            slope = np.maximum(curve.at(weight, curve.slope())[:, :, 0], 1e-12)
            root = np.maximum(np.abs(y), 1e-9)
            exponent = 2.0 * size / (slope * root)  # d ln p / d ln q
            bent = np.clip(exponent, 1.0, 2.0)
            held = (exponent > STIFF) & (y > 0.0)
            linear[:, part] = (2.0 - bent) * root**2 / size
            square[:, part] = (bent - 1.0) * (root / size) ** 2 * np.where(held, 0.5, 1.0)
            limit[:, part] = np.where(held, size, np.inf)
        return linear, square, limit

    def _solve_reduced(self, linear: Array, square: Array, limit: Array) -> None:
        """The reduced network with the laws of this moment."""
        many = linear.shape[1]
        devices = [
            np.broadcast_to(self.varied["link_device_coefficient"][:, : -2 * many], (self.count, self.kept))
        ]
        limits = [np.broadcast_to(self.varied["link_limit"][:, : -2 * many], (self.count, self.kept))]
        varied: dict[str, Any] = {
            **self.varied,
            "link_device_coefficient": np.concatenate([*devices, linear, square], axis=1),
            "link_limit": np.concatenate([*limits, np.full_like(limit, np.inf), limit], axis=1),
        }
        assert self.reduction.prepared is not None
        self.solved = self.reduction.prepared.solve(**varied)

    def expand(self, tolerance: float, check: bool) -> Expanded:
        """All flows and pressures, and how well they obey laws and mass."""
        r, kept = self.reduction, self.kept
        flow = np.zeros((self.count, self.links))
        level = np.zeros((self.count, self.problem.node_count))
        flow[:, r.kept_links] = self.solved.link_flow[:, :kept]
        level[:, r.kept_nodes] = (
            self.solved.node_pressure[:, : r.kept_nodes.size] + self.hydrostatic[r.kept_nodes]
        )
        miss = np.zeros(self.count)
        ok = self.solved.scenario_ok.copy()
        for part, family, curve in zip(self._parts(), r.families, self.curves, strict=True):
            weight = curve.weights(self.y[:, part])
            flow[:, family.links.ravel()] = (curve.at(weight, curve.flow) * family.sign).reshape(
                self.count, -1
            )
            base = level[:, family.terminals[:, 1]]
            if family.inner.size:
                inner = base[:, :, None] + curve.at(weight, curve.level)
                level[:, family.inner.ravel()] = inner.reshape(self.count, -1)
            chosen = family if check else _first(family)
            miss = np.maximum(miss, self._miss(chosen, flow, level))
            ok &= curve.ok
        mass = self._mass(flow)
        scale = np.maximum(np.ptp(level, axis=1), 1.0)
        law = miss / scale
        good = ok & (law <= tolerance) & (mass <= max(tolerance, 1e-9))
        return Expanded(
            status=Status.CONVERGED if good.all() else Status.MAX_ITERATIONS, scenario_ok=good,
            node_pressure=level - self.hydrostatic, link_flow=flow, law_error=law, mass_error=mass,
            polished=np.zeros(self.count, bool), family_count=len(r.families), instance_count=r.instance_count,
            replaced_links=self.links - kept, reduced_links=kept + 2 * r.instance_count,
        )  # fmt: skip

    def _miss(self, family: Family, flow: Array, level: Array) -> Array:
        """(S,) largest miss of the laws of replaced links; a limiter may add drop where it holds the flow."""
        links = family.links.ravel()
        start, end = (np.asarray(getattr(self.problem, n), np.intp)[links] for n in ("link_from", "link_to"))
        extra = (
            level[:, start]
            - level[:, end]
            - passive_drop(self.problem, links, flow[:, links], self.reduction.friction)
        )
        limit = as_rows(self.problem.link_limit, self.links)[:, links]
        if np.isfinite(limit).any():
            spare = limit - flow[:, links]
            held = spare <= 1e-9 * np.abs(limit)
            over = np.where(spare < -1e-7 * np.abs(limit), np.inf, 0.0)
            extra = np.where(held, np.minimum(extra, 0.0) + over, extra)
        return np.asarray(np.abs(extra).max(axis=1, initial=0.0))

    def _mass(self, flow: Array) -> Array:
        p = self.problem
        start, end = np.asarray(p.link_from, np.intp), np.asarray(p.link_to, np.intp)
        link = np.arange(self.links)
        incidence = csr_array(
            (np.repeat([1.0, -1.0], self.links), (np.r_[end, start], np.r_[link, link])),
            (p.node_count, self.links),
        )
        net = (incidence @ flow.T).T - as_rows(p.node_demand, p.node_count)
        net[:, np.asarray(p.fixed_node, np.intp)] = 0.0
        return np.asarray(np.abs(net).max(axis=1) / np.maximum(np.abs(flow).max(axis=1), 1e-300))


def _first(family: Family) -> Family:
    """Its lowest and highest instances only: the two at the ends of the list."""
    pick = np.unique([0, len(family.links) - 1])
    return Family(family.links[pick], family.sign[pick], family.inner[pick], family.terminals[pick])


def _weight(problem: network.Problem) -> Array:
    """(N,) hydrostatic pressure of the heights [Pa]."""
    height = np.broadcast_to(np.asarray(problem.node_elevation, float), (problem.node_count,))
    return np.asarray(np.mean(np.asarray(problem.link_density, float)) * GRAVITY * height)


def _whole(problem: network.Problem, reduction: Reduction) -> Expanded:
    solved = network.solve(problem, friction=reduction.friction, compiled=reduction.compiled)
    links = solved.link_flow.shape[1]
    return Expanded(
        status=solved.status, scenario_ok=solved.scenario_ok, node_pressure=solved.node_pressure,
        link_flow=solved.link_flow, law_error=np.zeros_like(solved.mass_error), mass_error=solved.mass_error,
        polished=np.ones(len(solved.mass_error), bool), family_count=0, instance_count=0, replaced_links=0,
        reduced_links=links,
    )  # fmt: skip


def _polish(problem: network.Problem, result: Expanded, reduction: Reduction) -> Expanded:
    """Scenarios in which the reduction is not exact enough, solved whole."""
    bad = np.flatnonzero(~result.scenario_ok)
    if not bad.size:
        return result
    varied: dict[str, Any] = {}
    links: int = result.link_flow.shape[1]
    fixed: int = np.asarray(problem.fixed_node).size
    width = {"node_demand": int(problem.node_count), "fixed_pressure": int(fixed)}
    for name in CASES:
        value: Array = as_rows(getattr(problem, name), width.get(name, links))
        varied[name] = value[bad] if len(value) > 1 else value
    whole = _whole(replace(problem, **varied), reduction)
    ok, pressure, flow, law, mass = (
        np.array(getattr(result, n))
        for n in ("scenario_ok", "node_pressure", "link_flow", "law_error", "mass_error")
    )
    ok[bad], pressure[bad], flow[bad] = whole.scenario_ok, whole.node_pressure, whole.link_flow
    law[bad], mass[bad] = 0.0, whole.mass_error
    return replace(
        result, status=Status.CONVERGED if ok.all() else whole.status, scenario_ok=ok, node_pressure=pressure,
        link_flow=flow, law_error=law, mass_error=mass, polished=~result.scenario_ok,
    )  # fmt: skip

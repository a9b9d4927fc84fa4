"""Identical racks and rows solved once: repeated sub-networks as equivalent laws in a reduced network.

Every family of interchangeable sub-networks is solved alone at a few pressures across it; the reduced network
takes the law that follows, and its solution is expanded to all links and nodes and checked there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..status import Status
from . import network
from .equivalent_expand import expand
from .equivalent_reduction import LEAST_REPEATS, Reduction
from .equivalent_work import CASES, Work
from .friction import FrictionLaw
from .scenarios import rows as as_rows

__all__ = ["LEAST_REPEATS", "Expanded", "Reduction", "solve"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

FINE, FINEST = 10, 40
"""Points of a table over the range of operation, and at most; see THEORY_control.md for the accuracy."""


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
        Evaluate the laws of all replaced links at the expanded flows.  Without it, where one table serves all scenarios
        and compiled code writes them out, laws count as missed by the most they miss anywhere in the range of the table
        (they are functions of the pressure across alone; 16 places for each of its points); elsewhere the first and the
        last instance are evaluated.

    Notes
    -----
    All densities must be equal, and heights enter as pressure only.  A network in which nothing repeats is solved
    whole.  A reduction keeps the tables of its last call, so the last digits depend on it.  Memory: the states of all
    scenarios are held at once.
    """
    if reduction is None:
        reduction = Reduction(problem, friction=friction, compiled=compiled)
    if not reduction.families:
        return _whole(problem, reduction)
    work = Work(problem, reduction)
    work.start()
    alike = work.count > 1 and not any(sample.varies(problem) for sample in reduction.samples)
    points = 2 * FINE if alike else FINE  # one table for all cases spans a wider range
    while True:
        work.refine(points)
        result = _expanded(work, tolerance, check)
        if result.scenario_ok.all() or points >= FINEST:
            break
        points *= 2
    return _polish(problem, result, reduction)


def _expanded(work: Work, tolerance: float, check: bool) -> Expanded:
    """The states of the whole network, judged."""
    r, states = work.reduction, expand(work, check)
    good = states.ok & (states.law_error <= tolerance) & (states.mass_error <= max(tolerance, 1e-9))
    return Expanded(
        status=Status.CONVERGED if good.all() else Status.MAX_ITERATIONS, scenario_ok=good,
        node_pressure=states.pressure, link_flow=states.flow, law_error=states.law_error,
        mass_error=states.mass_error, polished=np.zeros(work.count, bool), family_count=len(r.families),
        instance_count=r.instance_count, replaced_links=work.links - work.kept,
        reduced_links=work.kept + 2 * r.instance_count,
    )  # fmt: skip


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

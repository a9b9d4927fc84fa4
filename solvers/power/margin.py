"""Loadability: how far the loads of a network can grow before no steady state is left, and which bus collapses.

All loads are multiplied by one factor and, unless told otherwise, the generation too; the sources take the rest.
The curve of solutions is followed through its nose (continuation power flow, ``newton_curve``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.newton import Model, model_of
from solvers.power.newton_curve import ON_CURVE, Curve, Trace
from solvers.power.problem import Problem
from solvers.power.sweep import CONVERGED
from solvers.status import Status

Array = NDArray[Any]


@dataclass(frozen=True)
class Loadability:
    """Where the loads of one scenario stop having a solution."""

    status: Status
    """CONVERGED: the nose, or ``most``, was reached; INFEASIBLE or DIVERGED: not even no load has a state;
    MAX_ITERATIONS: the curve was lost at ``margin``."""
    margin: float
    """Largest factor on all loads that has a steady state; below 1 the given loads have none. [-]"""
    bounded: bool
    """False if ``margin`` is ``most`` and loads could grow further."""
    bus: int
    """Bus whose voltage falls most steeply at the nose; -1 if there is no nose."""
    voltage: Array
    """(B,) complex at the nose, 0 = dead. [p.u.]"""
    participation: Array
    """(B,) how steeply each bus's voltage falls at the nose, relative to ``bus``. [-]"""
    limited: bool
    """True if it is not the network that collapses but a generator that reaches its reactive limit."""
    curve: Array
    """(n, 2) load factors that were solved, and the voltage magnitude of ``bus`` there. [-], [p.u.]"""
    detail: str = ""
    """One sentence on why it did not converge."""


def loadability(
    problem: Problem,
    scenario: int = 0,
    *,
    scale_generation: bool = True,
    most: float = 100.0,
    max_steps: int = 500,
) -> Loadability:
    """Find the largest factor on all loads of a scenario that has a steady state.

    Parameters
    ----------
    scale_generation : bool
        The given power of the generators grows with the loads; else it stays as it is at every factor.
    most : float
        Factor at which the search ends. [-]
    max_steps : int
        Limit of steps along the curve.

    Notes
    -----
    Switching is that of the scenario and nothing trips on the way.  Reactive limits of generators are kept: one
    that reaches a limit gives its voltage up, and takes it back when it can.  Loads of constant impedance have
    no nose of their own.

    References
    ----------
    .. [1] V. Ajjarapu and C. Christy, "The continuation power flow: a tool for steady state voltage stability
       analysis", IEEE Trans. Power Systems 7(1), 1992.

    Examples
    --------
    A DC line of resistance R from a source E carries at most E^2 / (4 R); the voltage is then E / 2.
    """
    if not most > 0 or max_steps < 1:
        raise ValueError(f"most must be > 0 and max_steps >= 1, got {most} and {max_steps}")
    model = model_of(problem, scenario, ON_CURVE)
    if model.ending[0] != CONVERGED:
        return _none(model, Status.INFEASIBLE, model.details[0])
    try:
        trace = Curve(model, scale_generation).follow(most, max_steps)
    except RuntimeError:  # of the factorisation
        return _none(model, Status.SINGULAR, "the Jacobian is singular")
    if not trace.points:
        return _none(model, Status.DIVERGED, "not even the unloaded network has a steady state")
    return _result(model, trace, most)


def _none(model: Model, status: Status, detail: str) -> Loadability:
    blank = np.zeros(model.problem.bus_voltage.size)
    return Loadability(status, 0.0, True, -1, blank + 0j, blank, False, np.zeros((0, 2)), detail)


def _result(model: Model, trace: Trace, most: float) -> Loadability:
    nodes, busbars, last = model.nodes, model.busbars, trace.points[-1]
    buses = model.problem.bus_voltage.size
    voltage, participation = np.zeros(buses, dtype=complex), np.zeros(buses)
    voltage[nodes.bus] = busbars.ratio * last.state.voltage()[busbars.point]
    bus, gain, point = -1, 1.0, 0
    if trace.nose:
        falls = _falls(trace)
        participation[nodes.bus] = falls[busbars.point] / falls.max()
        point = int(np.argmax(falls))
        at = np.flatnonzero(busbars.point == point)
        loaded = at[np.abs(np.sum(nodes.demand, axis=0)[at]) > 0]
        node = loaded[0] if loaded.size else at[0]
        bus, gain = int(nodes.bus[node]), float(np.abs(busbars.ratio[node]))
    curve = np.array(
        [[p.factor, gain * p.state.size[point] if p.state.size.size else 0] for p in trace.points]
    )
    bounded = trace.nose or not trace.status.ok
    margin = last.factor if bounded else most
    detail = "" if trace.status.ok else f"the curve of solutions was lost at {margin:.4g} times the loads"
    return Loadability(
        trace.status, float(margin), bounded, bus, voltage, participation, trace.limited, curve, detail
    )


def _falls(trace: Trace) -> Array:
    """(points,) how steeply each magnitude falls at the nose; the angles where all magnitudes are given."""
    system, tangent = trace.system, np.abs(trace.points[-1].tangent)
    falls = np.zeros(system.lane.size)
    falls[system.sizing] = tangent[system.turning.size :][: system.sizing.size]
    if not falls.any():
        falls[system.turning] = tangent[: system.turning.size]
    return falls

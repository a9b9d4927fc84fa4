"""Steady flow of an incompressible liquid in a looped network of pipes, devices, pumps and valves.

Every link obeys an increasing law ``drop = h(flow)``; every free node conserves mass.  That makes the state
the unique minimum of a convex content function (Collins 1978), found by Newton's method on flows and
pressures together (Todini and Pilati 1988): no status switching, no starting values from the user.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..status import SolveError, Status
from .case import Case
from .friction import FrictionLaw
from .newton import Flow, solve_flow

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CHUNK = 40_000
"""Links times scenarios worked on at once; bounds memory.  Measured: slower below, flat above."""


@dataclass(frozen=True)
class Problem:
    """A network and what drives it.  Any (S, x) array may be given as (1, x), (x,) or a scalar.

    S scenarios, N nodes, E links, F nodes of known pressure.  Flow is positive from ``link_from`` to
    ``link_to``.  At least one fixed node per connected part (the expansion vessel of a closed loop); a part
    cut off from all of them stands still.
    """

    node_count: int
    fixed_node: ArrayLike
    """(F,) nodes of known pressure."""
    fixed_pressure: ArrayLike
    """(F,) or (S, F) gauge pressure of the fixed nodes [Pa]."""
    link_from: ArrayLike
    """(E,) node at the tail of each link."""
    link_to: ArrayLike
    """(E,) node at the head of each link."""
    node_demand: ArrayLike = 0.0
    """(S, N) flow leaving the network at a node [kg/s]."""
    node_elevation: ArrayLike = 0.0
    """(N,) height [m]."""
    link_length: ArrayLike = 0.0
    """(E,) pipe length [m]; 0 = no pipe friction."""
    link_diameter: ArrayLike = 0.0
    """(E,) inner diameter [m]; 0 only for links without pipe or fittings."""
    link_roughness: ArrayLike = 0.0
    """(E,) sand roughness [m]."""
    link_minor_loss: ArrayLike = 0.0
    """(E,) loss coefficient of fittings on the velocity head of the link's diameter [-]."""
    link_device_coefficient: ArrayLike = 0.0
    """(S, E) c of the data-sheet law ``drop = c q |q|^(n-1)`` [Pa/(kg/s)^n]."""
    link_device_exponent: ArrayLike = 2.0
    """(E,) n of the same law, >= 1 [-]."""
    link_pump_head: ArrayLike = 0.0
    """(S, E) pressure rise at zero flow and full speed [Pa]; a link that never has one is not a pump."""
    link_pump_slope: ArrayLike = 0.0
    """(E,) linear fall of the pump curve [Pa/(kg/s)]."""
    link_pump_curvature: ArrayLike = 0.0
    """(E,) quadratic fall of the pump curve, >= 0 [Pa/(kg/s)^2]."""
    link_pump_speed: ArrayLike = 1.0
    """(S, E) relative speed s: ``rise = head s^2 - slope s q - curvature q^2``; 0 closes the link [-]."""
    link_limit: ArrayLike = np.inf
    """(S, E) largest flow a pressure-independent limiter lets through from -> to [kg/s]."""
    link_check: ArrayLike = False
    """(E,) no flow to -> from.  Pumps have it built in."""
    link_open: ArrayLike = True
    """(S, E) False closes the link."""
    link_density: ArrayLike = 998.2
    """(E,) or scalar [kg/m3]; default water at 20 degC."""
    link_viscosity: ArrayLike = 1.0016e-3
    """(S, E) or scalar, dynamic [Pa s]; default water at 20 degC."""


@dataclass(frozen=True)
class Solution:
    """Flows and pressures of every scenario, free of NaN; ``scenario_ok`` says which rows are results."""

    status: Status
    scenario_ok: Mask
    """(S,) the row meets the tolerance."""
    iterations: int
    residual: Array
    """(S,) last change of any flow over the largest flow [-]."""
    node_pressure: Array
    """(S, N) gauge pressure, including that of the fixed nodes [Pa]; 0 where not connected."""
    link_flow: Array
    """(S, E) [kg/s]."""
    link_drop: Array
    """(S, E) pressure at link_from less that at link_to [Pa]; 0 where an end is not connected."""
    link_velocity: Array
    """(S, E) [m/s], signed like the flow; 0 for links without diameter."""
    link_reynolds: Array
    """(S, E) [-]."""
    link_limited: Mask
    """(S, E) the limiter holds the flow at ``link_limit``."""
    mass_error: Array
    """(S,) largest imbalance of a free node over the largest flow [-]."""
    node_connected: Mask
    """(S, N) open links lead from the node to a fixed node."""


def solve(
    problem: Problem,
    *,
    tolerance: float = 1e-9,
    max_iterations: int = 60,
    raise_on_failure: bool = False,
    friction: FrictionLaw = "colebrook",
) -> Solution:
    """Solve for the steady flow of every scenario at once.

    Parameters
    ----------
    tolerance : float
        Largest accepted change of any flow and largest mass imbalance, relative to the largest flow. [-]
    friction : {"colebrook", "swamee_jain"}
        Pipe friction law; the second is that of EPANET, for comparisons.

    Notes
    -----
    Identical scenarios are solved once.  A pump curve that rises at low flow is replaced by its peak there:
    the rising branch is unstable and has no unique state.  Cavitation, gas, water hammer and control valves
    that react to pressure are not modelled; the caller checks pressures and velocities.

    References
    ----------
    .. [1] E. Todini and S. Pilati, "A gradient algorithm for the analysis of pipe networks", in Computer
       Applications in Water Supply, vol. 1, 1988, pp. 1-20.
    .. [2] M. Collins, L. Cooper, R. Helgason, J. Kennington and L. LeBlanc, "Solving the pipe network
       analysis problem using optimization techniques", Management Science 24 (1978) 747-760.

    Examples
    --------
    One pump, one device: all head is spent in the device, ``flow = sqrt(head / c)``.

    >>> loop = Problem(2, [0], [0.0], [0, 1], [1, 0], link_pump_head=[40e3, 0.0],
    ...                link_device_coefficient=[0.0, 10e3])
    >>> float(solve(loop).link_flow.round(6)[0, 0])
    2.0
    """
    case, row_of = Case.from_problem(problem)
    step = max(1, CHUNK // max(case.link_count, 1))
    parts = [
        solve_flow(
            case.take(np.arange(i, min(i + step, case.scenarios))), tolerance, max_iterations, friction
        )
        for i in range(0, case.scenarios, step)
    ]
    solution = _assemble(case, parts, row_of, tolerance)
    if raise_on_failure and not solution.status.ok:
        worst = float(solution.residual.max(initial=0.0))
        raise SolveError(
            solution.status, f"{int((~solution.scenario_ok).sum())} scenarios, residual {worst:.1e}"
        )
    return solution


def _assemble(case: Case, parts: list[Flow], row_of: NDArray[np.intp], tolerance: float) -> Solution:
    """Derived quantities, and the distinct scenarios spread over the rows of the problem again."""
    flow, head, limited, connected = (
        np.concatenate([getattr(part, name) for part in parts], axis=1)
        for name in ("flow", "head", "limited", "connected")
    )
    residual, converged = (
        np.concatenate([getattr(p, name) for p in parts]) for name in ("residual", "converged")
    )
    free = np.ones(case.node_count, bool)
    free[case.fixed] = False
    largest = np.abs(flow).max(axis=0, initial=0.0)
    demand = np.abs(case.full("demand")).max(axis=0, initial=0.0)
    scale = np.maximum(np.maximum(largest, demand), 1e-300)
    mass_error = np.abs(case.balance(flow)[free]).max(axis=0, initial=0.0) / scale
    pressure = np.where(connected, head - case.hydrostatic, 0.0)
    drop = np.where(
        connected[case.start] & connected[case.end], pressure[case.start] - pressure[case.end], 0.0
    )
    speed = np.divide(flow, case.density * case.area, out=np.zeros_like(flow), where=case.area > 0.0)
    reynolds = np.abs(speed) * case.diameter * case.density / case.viscosity
    balanced = mass_error <= max(tolerance, 1e-12) * 10.0
    ok = converged & balanced
    status = Status.CONVERGED
    if not ok.all():
        status = Status.INFEASIBLE if converged.all() else Status.MAX_ITERATIONS

    def spread(array: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(array.T[row_of])

    return Solution(
        status=status,
        scenario_ok=spread(ok),
        iterations=max((p.iterations for p in parts), default=0),
        residual=spread(residual),
        node_pressure=spread(pressure),
        link_flow=spread(flow),
        link_drop=spread(drop),
        link_velocity=spread(speed),
        link_reynolds=spread(reynolds),
        link_limited=spread(limited),
        mass_error=spread(mass_error),
        node_connected=spread(connected),
    )

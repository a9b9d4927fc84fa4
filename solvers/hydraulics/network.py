"""Steady flow of an incompressible liquid in a looped network of pipes, devices, pumps and valves.

Every link obeys an increasing law ``drop = h(flow)``; every free node conserves mass.  That makes the state
the unique minimum of a convex content function (Collins 1978), found by Newton's method on flows and
pressures together (Todini and Pilati 1988): no status switching, no starting values from the user.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..status import Status
from .friction import FrictionLaw
from .pipework import Pipework
from .prepared import Prepared

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


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
    """(E,) fall of the pump curve with q^n, >= 0 [Pa/(kg/s)^n]."""
    link_pump_speed: ArrayLike = 1.0
    """(S, E) relative speed s: ``rise = head s^2 - slope s q - curvature s^(2-n) q^n``; 0 closes the link [-]."""
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
    link_hazen_williams: ArrayLike = 0.0
    """(E,) C of Hazen and Williams; where > 0 the pipe has ``head = 10.667 C^-1.852 D^-4.871 L Q^1.852`` [m, m3/s]
    instead of Darcy friction, and density and standard gravity turn head into pressure [-]."""
    link_pump_exponent: ArrayLike = 2.0
    """(E,) n of the pump curve, > 0 [-]."""
    link_curve: ArrayLike = -1
    """(E,) index into ``curves``: a falling one is the rise of a pump at full speed, which affinity carries to other
    speeds; a rising one is the drop of a valve, the same in both directions.  -1: none."""
    curves: Sequence[tuple[ArrayLike, ArrayLike]] = ()
    """Points (flow [kg/s], pressure [Pa]), flow increasing; straight lines between and beyond them."""


@dataclass(frozen=True)
class Solution:
    """Flows and pressures of every scenario, free of NaN; ``scenario_ok`` says which rows are results.

    Rows in which numbers left the range of floats hold zeros, with ``residual`` and ``mass_error`` 1.
    """

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
    link_limited: Mask
    """(S, E) the limiter holds the flow at ``link_limit``."""
    mass_error: Array
    """(S,) largest imbalance of a free node over the largest flow [-]."""
    node_connected: Mask
    """(S, N) open links lead from the node to a fixed node."""
    _pipework: Pipework = field(repr=False)
    _viscosity: Array = field(repr=False)

    @cached_property
    def link_drop(self) -> Array:
        """(S, E) pressure at link_from less that at link_to [Pa]; 0 where an end is not connected."""
        start, end = self._pipework.start, self._pipework.end
        both = self.node_connected[:, start] & self.node_connected[:, end]
        return np.where(both, self.node_pressure[:, start] - self.node_pressure[:, end], 0.0)

    @cached_property
    def link_velocity(self) -> Array:
        """(S, E) [m/s], signed like the flow; 0 for links without diameter."""
        p = self._pipework
        return self.link_flow * np.divide(
            1.0, p.density * p.area, out=np.zeros_like(p.area), where=p.area > 0.0
        )

    @cached_property
    def link_reynolds(self) -> Array:
        """(S, E) [-]."""
        return (
            np.abs(self.link_velocity) * (self._pipework.diameter * self._pipework.density) / self._viscosity
        )


def solve(
    problem: Problem,
    *,
    tolerance: float = 1e-9,
    max_iterations: int = 60,
    raise_on_failure: bool = False,
    friction: FrictionLaw = "colebrook",
    compiled: bool | None = None,
) -> Solution:
    """Solve for the steady flow of every scenario at once.

    Parameters
    ----------
    tolerance : float
        Largest accepted change of any flow and largest mass imbalance, relative to the largest flow. [-]
    friction : {"colebrook", "swamee_jain"}
        Pipe friction law; the second is that of EPANET, for comparisons.
    compiled : bool or None
        Solve with the compiled kernel (needs numba) or with numpy alone.  None compiles where links times scenarios
        repay the import of the compiler and numba is there.

    Raises
    ------
    ValueError
        Impossible input, by field and index.
    SolveError
        Some scenario failed and ``raise_on_failure`` is set.

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
    return prepare(problem, friction=friction, compiled=compiled).solve(
        tolerance=tolerance, max_iterations=max_iterations, raise_on_failure=raise_on_failure
    )


def prepare(
    problem: Problem, *, friction: FrictionLaw = "colebrook", compiled: bool | None = None
) -> Prepared:
    """Check a problem and work out what depends on its topology alone, for many solves of varied scenarios.

    Parameters
    ----------
    friction, compiled : see :func:`solve`.

    Examples
    --------
    >>> loop = Problem(2, [0], [0.0], [0, 1], [1, 0], link_pump_head=[40e3, 0.0],
    ...                link_device_coefficient=[0.0, 10e3])
    >>> ready = prepare(loop)
    >>> ready.solve(link_pump_speed=[[1.0, 1.0], [0.5, 1.0]]).link_flow[:, 0].round(6).tolist()
    [2.0, 1.0]
    """
    return Prepared(problem, friction, compiled)

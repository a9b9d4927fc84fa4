"""Steady temperatures along known flows: mixing, heat input, losses, plants and heat exchangers.

With known flows everything is linear in the node temperatures, except that an exchanger holds its set point
only while it can.  Each exchanger is in one of three modes, and the modes are iterated until none changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from ..status import SolveError, Status
from .heat_arrays import VARIED, Topology, varied_arrays
from .heat_case import Array, HeatCase, Mask
from .modes import solve_chunk

CHUNK = 60_000
"""Nodes times scenarios in one sparse matrix; bounds memory.  Measured: no effect on time above 1e4."""


@dataclass(frozen=True)
class Problem:
    """Flows and what heats or cools them.  Any (S, x) array may be given as (1, x), (x,) or a scalar.

    S scenarios, N nodes, E links, X exchangers.  A link is at most one side of one exchanger.
    """

    node_count: int
    link_from: ArrayLike
    """(E,) node at the tail of each link."""
    link_to: ArrayLike
    """(E,) node at the head of each link."""
    link_flow: ArrayLike
    """(S, E) mass flow, either sign [kg/s]; conserves mass at closed nodes."""
    link_capacity: ArrayLike
    """(E,) specific heat capacity, equal for links that mix [J/(kg K)]."""
    link_heat: ArrayLike = 0.0
    """(S, E) heat into the fluid within the link: rack heat, pump heat [W]."""
    link_conductance: ArrayLike = 0.0
    """(E,) or (S, E) conductance to ambient [W/K]."""
    ambient: ArrayLike = 20.0
    """(S,) ambient temperature [degC]."""
    link_outlet: ArrayLike = 0.0
    """(S, E) outlet temperature of links where `link_outlet_fixed`: a plant at its set point [degC]."""
    link_outlet_fixed: ArrayLike = False
    """(S, E) the fluid leaves at `link_outlet`, whatever enters."""
    inflow_temperature: ArrayLike = 20.0
    """(S, N) temperature of flow that enters an open network at a node [degC]."""
    exchanger_hot: ArrayLike = field(default_factory=lambda: np.zeros(0, np.intp))
    """(X,) link on the hot side."""
    exchanger_cold: ArrayLike = field(default_factory=lambda: np.zeros(0, np.intp))
    """(X,) link on the cold side."""
    exchanger_conductance: ArrayLike = 0.0
    """(S, X) UA, counterflow [W/K]."""
    exchanger_setpoint: ArrayLike = -np.inf
    """(S, X) hot outlet temperature a valve on the cold side holds if it can; -inf: no control [degC]."""
    initial: ArrayLike = 20.0
    """(S, N) temperature reported for nodes that nothing flows to [degC]."""
    extraction_link: ArrayLike = field(default_factory=lambda: np.zeros(0, np.intp))
    """(K,) links that heat is taken off for use elsewhere; none of them a side of an exchanger."""
    extraction_wanted: ArrayLike = 0.0
    """(S, K) heat that can be used, >= 0 [W]."""
    extraction_floor: ArrayLike = 0.0
    """(S, K) the user's limit: the flow is cooled no further, and not at all while it enters colder [degC]."""


@dataclass(frozen=True)
class Solution:
    """Temperatures [degC] and heat flows [W] of every scenario, free of NaN."""

    status: Status
    scenario_ok: Mask
    """(S,) the row meets the tolerance."""
    iterations: int
    """Passes over the exchanger modes."""
    residual: Array
    """(S,) largest heat imbalance of a node over the heat exchanged in the scenario [-]."""
    node_temperature: Array
    """(S, N) mixed temperature of what leaves the node [degC]."""
    link_inlet: Array
    """(S, E) in flow direction [degC]."""
    link_outlet: Array
    """(S, E) in flow direction [degC]."""
    link_gain: Array
    """(S, E) heat the fluid takes up along the link [W]."""
    exchanger_duty: Array
    """(S, X) heat from hot to cold [W]."""
    exchanger_limited: Mask
    """(S, X) there is a set point and the exchanger cannot hold it."""
    rejected: Array
    """(S, E) heat taken out at links of fixed outlet; negative where the plant heats [W]."""
    stagnant_heat: Array
    """(S,) heat into links without flow, or into a flow that meets no sink: it stays in the machine [W]."""
    energy_error: Array
    """(S,) sum of all gains less what crosses the boundary, over the heat exchanged [-]."""
    node_runaway: Mask
    """(S, N) heated flow that meets no sink has no steady temperature; the node reports `initial`."""
    extraction: Array
    """(S, K) heat taken off for use elsewhere: the numerator of the energy reuse factor [W]."""


def solve(
    problem: Problem, *, tolerance: float = 1e-8, max_iterations: int = 60, raise_on_failure: bool = False
) -> Solution:
    """Steady temperatures of every scenario.

    Parameters
    ----------
    tolerance : float
        Largest accepted relative heat imbalance, of any node and of the whole. [-]
    max_iterations : int
        Passes over the modes of the exchangers; ordinary cases need 1 to 4.

    Notes
    -----
    Along a link with conductance UA and heat q spread evenly, ``T = Te + (Tin - Te) exp(-UA / C)`` with
    ``Te = ambient + q / UA`` and C the capacity rate.  On the links of an exchanger, exchange comes first.
    A controlled exchanger never heats its hot stream; one without control is a plain exchanger and obeys
    only the temperature difference.  Axial conduction and storage are left out.

    Heat that meets no flow, or flows round a loop without sink, is no failure of the solve but a finding:
    it is summed in ``stagnant_heat``.

    Examples
    --------
    A 42 kW rack and a plant at 30 degC in a loop of 1 kg/s water: the rack returns 40 degC.

    >>> loop = Problem(2, [0, 1], [1, 0], link_flow=1.0, link_capacity=4200.0, link_heat=[42e3, 0.0],
    ...                link_outlet=30.0, link_outlet_fixed=[False, True])
    >>> solve(loop).node_temperature.round(6).tolist()
    [[30.0, 40.0]]
    """
    topology = Topology.of(problem)
    arrays, _ = varied_arrays(topology, {name: getattr(problem, name) for name in VARIED})
    case, row_of = HeatCase.from_arrays(topology, arrays)
    step = max(1, CHUNK // max(case.node_count, 1))
    parts = [
        solve_chunk(case.take(slice(i, min(i + step, case.scenarios))), max_iterations)
        for i in range(0, case.scenarios, step)
    ]
    merged = {
        name: np.concatenate([part[name] for part in parts])[row_of]
        for name in parts[0]
        if isinstance(parts[0][name], np.ndarray)
    }
    settled = merged.pop("settled")
    ok = settled & (merged["residual"] <= tolerance) & (merged["energy_error"] <= tolerance)
    status = Status.CONVERGED
    if not ok.all():
        status = Status.INFEASIBLE if settled.all() else Status.MAX_ITERATIONS
    if raise_on_failure and not status.ok:
        raise SolveError(status, f"{int((~ok).sum())} of {ok.size} scenarios")
    return Solution(
        status=status, scenario_ok=ok, iterations=max(int(part["iterations"]) for part in parts), **merged
    )

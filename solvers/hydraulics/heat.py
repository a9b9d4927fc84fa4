"""Steady temperatures along known flows: mixing, heat input, losses, plants and heat exchangers.

With known flows everything is linear in the node temperatures, except that an exchanger holds its set point
only while it can, and heat is taken off for use elsewhere only while it is warm enough.  Each such machine is in
one of three modes, and the modes are iterated until none changes.  Theory and validation: ``THEORY_heat.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..status import SolveError, Status
from .heat_arrays import VARIED, Array, Topology, varied_arrays
from .heat_case import Mask
from .heat_run import Compiled, run_plain

REPAYS = 50_000
"""Links times scenarios from which the compiled kernel repays its loading, half a second, against 4 us each."""


@dataclass(frozen=True)
class Problem:
    """Flows and what heats or cools them.  Any (S, x) array may be given as (1, x), (x,) or a scalar.

    S scenarios, N nodes, E links, X exchangers, K extractions.  A link is at most one side of one exchanger or has
    one extraction.
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
    """(S, X) hot outlet temperature that a valve on either side holds if it can; -inf: no control [degC]."""
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
    """Passes over the modes."""
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
    problem: Problem,
    *,
    tolerance: float = 1e-8,
    max_iterations: int = 60,
    raise_on_failure: bool = False,
    compiled: bool | None = None,
) -> Solution:
    """Steady temperatures of every scenario.

    Parameters
    ----------
    tolerance : float
        Largest accepted relative heat imbalance, of any node and of the whole. [-]
    max_iterations : int
        Passes over the modes of exchangers and extractions; ordinary cases need 1 to 4.
    compiled : bool or None
        Solve with the compiled kernel (needs numba; the first use in a process loads it) or with numpy and
        scipy alone.  None compiles where links times scenarios are at least 50,000 and numba is there.

    Raises
    ------
    ValueError
        An index, a shape or a value that makes no sense, with field and place.
    SolveError
        With `raise_on_failure`, if a scenario is not solved.

    Notes
    -----
    Along a link with conductance UA and heat q spread evenly, ``T = Te + (Tin - Te) exp(-UA / C)`` with
    ``Te = ambient + q / UA`` and C the capacity rate.  On the links of an exchanger, exchange comes first, and so
    does extraction.  Axial conduction and storage are left out.

    A controlled exchanger never heats its hot stream; one without control is a plain exchanger and obeys
    only the temperature difference.  With both flows given, the set point may stand for a valve that lets part
    of the cold stream past the exchanger or for one that lets part of the hot stream past and mixes it again
    (the hot link is then exchanger and by-pass together): either way the heat is whatever the set point needs,
    between nothing and the full duty, since less flow through one side never raises the duty.

    An extraction takes ``min(wanted, C max(Tin - floor, 0))``.

    Heat capacities are constant.  A rise of 10 K between 5 and 65 degC comes out within 0.002 K (water, PG25)
    where the capacity is that of the mean of inlet and outlet, within 0.04 K where it is that of the inlet, and
    within 0.04 K (water) or 0.16 K (PG25) where it is that of 35 degC (``THEORY_heat.md``).

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
    return prepare(problem, compiled=compiled).solve(
        tolerance=tolerance, max_iterations=max_iterations, raise_on_failure=raise_on_failure
    )


def prepare(problem: Problem, *, compiled: bool | None = None) -> Prepared:
    """Check and plan the topology of a problem once, to solve it for many sets of values.

    `compiled` as for :func:`solve`; None decides anew at each call by its number of scenarios.
    """
    return Prepared(problem, compiled)


class Prepared:
    """A topology ready to be solved for many values; made by :func:`prepare`."""

    def __init__(self, problem: Problem, compiled: bool | None) -> None:
        self._problem, self._compiled = problem, compiled
        self._topology = Topology.of(problem)
        self._kernel: Compiled | None = None

    def solve(
        self,
        *,
        tolerance: float = 1e-8,
        max_iterations: int = 60,
        raise_on_failure: bool = False,
        **varied: ArrayLike,
    ) -> Solution:
        """As :func:`solve`, with some fields replaced.

        Parameters
        ----------
        varied : array_like
            New values of `link_flow`, `link_heat`, `link_conductance`, `ambient`, `link_outlet`,
            `link_outlet_fixed`, `inflow_temperature`, `initial`, `exchanger_conductance`,
            `exchanger_setpoint`, `extraction_wanted` or `extraction_floor`; what is not named stays as in the
            problem.  Scenarios may be more or fewer than there.
        """
        if max_iterations < 1:
            raise ValueError(f"max_iterations is {max_iterations}, must be >= 1")
        unknown = sorted(varied.keys() - VARIED.keys())
        if unknown:
            raise ValueError(
                f"{unknown[0]} is shared by all scenarios or unknown; varied are {', '.join(VARIED)}"
            )
        given = {name: varied.get(name, getattr(self._problem, name)) for name in VARIED}
        arrays, scenarios = varied_arrays(self._topology, given)
        if self._compile(scenarios):
            self._kernel = self._kernel or Compiled(self._topology)
            answer, passes = self._kernel.run(arrays, scenarios, max_iterations)
        else:
            answer, passes = run_plain(self._topology, arrays, max_iterations)
        return _solution(answer, passes, tolerance, raise_on_failure)

    def _compile(self, scenarios: int) -> bool:
        if self._compiled is not None:
            return self._compiled
        return scenarios * self._topology.start.size >= REPAYS and find_spec("numba") is not None


def _solution(
    answer: dict[str, NDArray[Any]], passes: int, tolerance: float, raise_on_failure: bool
) -> Solution:
    settled = answer.pop("settled")
    ok = settled & (answer["residual"] <= tolerance) & (answer["energy_error"] <= tolerance)
    status = Status.CONVERGED
    if not ok.all():
        status = Status.INFEASIBLE if settled.all() else Status.MAX_ITERATIONS
    if raise_on_failure and not status.ok:
        raise SolveError(status, f"{int((~ok).sum())} of {ok.size} scenarios")
    return Solution(status=status, scenario_ok=ok, iterations=passes, **answer)

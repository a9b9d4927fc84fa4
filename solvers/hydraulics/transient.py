"""What happens in time when cooling fails: coupled loops and rooms as lumped heat capacities.

Many failure scenarios of one network are solved side by side.  Flows, availability and load follow given signals
in time; temperatures, set points, throttling and trips are found.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..status import SolveError, Status
from .transient_case import Array, Case, Mask
from .transient_march import Control, March, Method, checked
from .transient_problem import Problem
from .transient_record import Record
from .transient_system import Structure, System, is_compiled, signals_before

__all__ = ["Problem", "Settled", "Solution", "settle", "solve"]

TABLE = 100_000
"""Entries times scenarios of one chunk: 0.8 MB stay in a second-level cache, and few scenarios share their steps
(measured: 20 % faster than six times as many)."""
PLAIN_TABLE = 4_000_000
"""The same without compiler, where an operation on few scenarios costs as much as on many (measured)."""
NARROWEST = 16
"""Scenarios in a chunk at least; fewer make array operations too short."""
LONGEST = 1e8
"""Time over which :func:`settle` waits for a steady state [s], about three years."""
STEADY_RATE = 1e-4
"""Largest rate of change of a state called steady [K/s], a third of a kelvin an hour; assumed."""


@dataclass(frozen=True)
class Solution:
    """Temperatures [degC], times [s] and heat [J] of every scenario, free of NaN; times that never come are inf."""

    status: Status
    scenario_ok: Mask
    """(S,) the horizon was reached, energy is conserved, and modes settled in every step."""
    steps: int
    """Accepted steps, of the chunk with the most."""
    rejected: int
    """Steps tried and taken back."""
    series: Array
    """(S, T, R) temperature of the recorded nodes at the requested times, a straight line within a step; the last
    state at times that a march cut short did not reach."""
    limit_time: Array
    """(S, W, L) first time a watched node is at or above a limit."""
    peak: Array
    """(S, W) largest temperature of a watched node."""
    peak_time: Array
    """(S, W) when that was first reached."""
    rising: Mask
    """(S, W) the watched node still rises faster than `STEADY_RATE` at the end."""
    steady: Mask
    """(S,) no node changes faster than `STEADY_RATE` at the end."""
    trip_time: Array
    """(S, M) time at which a source tripped."""
    source_energy: Array
    """(S, M) heat given."""
    withheld_energy: Array
    """(S, M) heat not given because throttled or tripped."""
    exchanger_energy: Array
    """(S, X) heat from hot to cold."""
    final_temperature: Array
    """(S, N) at the horizon."""
    final_rate: Array
    """(S, N) mean rate of change in the last step [K/s]."""
    energy_error: Array
    """(S,) stored less entered, over all heat given and exchanged [-]."""
    unsettled_steps: Array
    """(S,) shortest steps in which modes or throttling still changed in the last pass, of the scenario's chunk."""


@dataclass(frozen=True)
class Settled:
    """A problem that starts where it would stay."""

    problem: Problem
    """The same with `node_initial` (S, N) replaced."""
    steady: Mask
    """(S,) there is a steady state; elsewhere heat meets no sink and `node_initial` is as given."""


def solve(
    problem: Problem,
    horizon: float,
    *,
    times: ArrayLike = (),
    record: ArrayLike | None = None,
    method: Method = "second_order",
    tolerance: float = 0.02,
    first_step: float = 0.1,
    shortest_step: float = 0.05,
    longest_step: float = np.inf,
    event_step: float = 1.0,
    max_steps: int = 100_000,
    energy_tolerance: float = 1e-8,
    raise_on_failure: bool = False,
    compiled: bool | None = None,
) -> Solution:
    """March all scenarios from time 0 to the horizon.

    Parameters
    ----------
    horizon : float
        End of the march. [s]
    times : (T,) array_like
        Times at which recorded nodes are kept, rising, within 0..horizon. [s]
    record : (R,) array_like, optional
        Nodes to keep; all if not given and there are times.
    method : str
        ``second_order`` (SDIRK2), or ``euler``: first order, and no temperature ever leaves the range of what
        surrounds it, whatever the step.  Both are L-stable.
    tolerance : float
        Largest estimated error of a node in one step; equal steps of `first_step` where infinite and
        `longest_step` says so. [K]
    first_step, shortest_step, longest_step : float
        Step to begin with, below which the error is no longer controlled, and never exceeded. [s]
    event_step : float
        Longest step in which a source trips or steps down. [s]
    energy_tolerance : float
        Largest accepted energy error. [-]
    compiled : bool, optional
        Elimination by numba; None: where there is numba and enough work.

    Raises
    ------
    ValueError
        An input is wrong; the message names field and index.
    SolveError
        With `raise_on_failure`, when the status is not converged.

    Notes
    -----
    ``C dT/dt = sum W (T_up - T) + sum UA (T_other - T) + duties + heat``, each flow quasi-steady.  A volume is
    well mixed: a long pipe is a chain of nodes.  Heat capacity rates do not follow temperature.  Times of limits
    are interpolated in the step; a source that trips or steps down within a step gives the mean of the heat before
    and after in it.

    Examples
    --------
    2 MW into 1,500 kg of water that lost its plant: 6.27 MJ/K over 2 MW is 3.1 s per kelvin.

    >>> loop = Problem([1500.0 * 4180.0], 45.0, source_node=[0], source_heat=2e6, watch_node=[0], watch_limit=55.0)
    >>> solve(loop, 60.0).limit_time.round(2).tolist()
    [[[31.35]]]

    A rack of 100 kW (chip 0, coolant 1), a CDU (headers 2 supply, 3 return, facility side 4 and 5) and a plant that
    stops at 10 s and comes back at 130 s over 20 s.  Links: 0 header to rack, 1 rack to return header, 2 through
    the CDU, 3 from the plant to the CDU, 4 through the CDU back, 5 through the plant.

    >>> w = 7500.0
    >>> hall = Problem(
    ...     node_capacity=[40e3, 60e3, 200e3, 200e3, 400e3, 400e3], node_initial=40.0,
    ...     link_from=[2, 1, 3, 4, 5], link_to=[1, 3, 2, 5, 4], link_rate=w,
    ...     conductance_from=[0], conductance_to=[1], conductance=12e3, conductance_link=[0], conductance_rated=w,
    ...     exchanger_hot=[2, 4], exchanger_cold=[3, -1], exchanger_conductance=[[40e3, 0.0]],
    ...     exchanger_setpoint=[[40.0, 30.0]], exchanger_signal=[-1, 0],
    ...     source_node=[0], source_heat=100e3, watch_node=[0, 2], watch_limit=[[75.0], [45.0]],
    ...     signal_time=[0, 10, 10, 130, 150], signal_value=[[1], [1], [0], [0], [1]])
    >>> start = settle(hall)
    >>> bool(start.steady.all())
    True
    >>> solve(start.problem, 600.0).limit_time.round(0).tolist()
    [[[inf], [120.0]]]
    """
    case = Case.from_problem(problem)
    control = checked(
        Control(horizon, method, tolerance, first_step, shortest_step, longest_step, event_step, max_steps)
    )
    at, nodes = _requested(times, record, horizon, case.nodes)
    structure = Structure(case)
    fast = is_compiled(case, compiled)
    width = max(NARROWEST, (TABLE if fast else PLAIN_TABLE) // structure.plan.entries)
    order = _alike(case)
    parts = [
        _chunk(case.take(order[i : i + width]), structure, control, (at, nodes), fast)
        for i in range(0, case.scenarios, width)
    ]
    given = np.argsort(order)
    merged: dict[str, Any] = {
        name: np.concatenate([part[name] for part in parts])[given]
        for name in parts[0]
        if isinstance(parts[0][name], np.ndarray)
    }
    reached = merged.pop("reached")
    ok = reached & (merged["energy_error"] <= energy_tolerance) & (merged["unsettled_steps"] == 0)
    status = Status.CONVERGED if ok.all() else Status.MAX_ITERATIONS
    if not np.isfinite(merged["final_temperature"]).all():
        status = Status.DIVERGED
    if raise_on_failure and not status.ok:
        raise SolveError(status, f"{int((~ok).sum())} of {ok.size} scenarios")
    return Solution(
        status=status,
        scenario_ok=ok,
        steps=max(part["steps"] for part in parts),
        rejected=sum(part["rejected"] for part in parts),
        **merged,
    )


def settle(problem: Problem, *, compiled: bool | None = None) -> Settled:
    """The problem with the steady state just before time 0 as initial state; nothing is throttled in it.

    The network is marched over years in steps that double, which needs no guess and finds the modes on the way.
    """
    case = Case.from_problem(problem)
    signals = signals_before(case, 0.0)[:-1].T
    frozen = replace(
        problem,
        signal_time=0.0,
        signal_value=signals[:, None, :],
        source_throttle=np.inf,
        source_throttle_end=np.inf,
        source_trip=np.inf,
        watch_node=np.zeros(0, np.intp),
        watch_limit=np.inf,
    )
    found = solve(frozen, LONGEST, method="euler", tolerance=np.inf, first_step=1.0, compiled=compiled)
    scale = np.abs(found.final_rate).max(axis=1) * LONGEST
    steady = (scale <= 1e-3) & (found.unsettled_steps == 0)
    initial = np.where(steady[:, None], found.final_temperature, case.initial.T)
    return Settled(replace(problem, node_initial=initial), steady)


def _requested(times: ArrayLike, record: ArrayLike | None, horizon: float, nodes: int) -> tuple[Array, Any]:
    at = np.asarray(times, float).reshape(-1)
    wrong = np.flatnonzero(~((at >= 0.0) & (at <= horizon)) | (np.diff(at, prepend=-np.inf) < 0.0))
    if wrong.size:
        raise ValueError(f"times[{wrong[0]}] is {at[wrong[0]]:g}: times must rise within 0..horizon")
    chosen = np.arange(nodes if at.size else 0) if record is None else np.asarray(record, np.intp).reshape(-1)
    bad = np.flatnonzero((chosen < 0) | (chosen >= nodes))
    if bad.size:
        raise ValueError(f"record[{bad[0]}] is {chosen[bad[0]]}, outside 0..{nodes - 1}")
    return at, chosen


def _alike(case: Case) -> NDArray[np.intp]:
    """Order of scenarios that puts beside each other what fails alike: a chunk shares its steps."""
    return np.lexsort(np.vstack([case.value.mean(axis=0), case.time])[::-1])


def _system(case: Case, structure: Structure, compiled: bool) -> System:
    if not compiled:
        return System(case, structure)
    from .transient_compiled import Compiled

    return Compiled(case, structure)


def _chunk(
    case: Case, structure: Structure, control: Control, kept: tuple[Array, Any], compiled: bool
) -> dict[str, Any]:
    record = Record(case, *kept)
    march = March(_system(case, structure, compiled), control, record)
    reached = march.run()
    rate = np.zeros_like(march.temperature) if march.slope is None else march.slope
    rate = np.where(case.fixed[:, None], 0.0, rate)
    scenarios = case.scenarios
    return {
        "reached": np.full(scenarios, reached),
        "steps": march.steps,
        "rejected": march.rejected,
        "series": np.moveaxis(record.series, 2, 0),
        "limit_time": np.moveaxis(record.limit_time, 2, 0),
        "peak": record.peak.T,
        "peak_time": record.peak_time.T,
        "rising": (rate[case.watched] > STEADY_RATE).T,
        "steady": (np.abs(rate) <= STEADY_RATE).all(axis=0),
        "trip_time": march.sources.trip_time.T,
        "source_energy": record.power.T,
        "withheld_energy": record.withheld.T,
        "exchanger_energy": record.duty.T,
        "final_temperature": march.temperature.T,
        "final_rate": rate.T,
        "energy_error": march.energy_error(),
        "unsettled_steps": np.full(scenarios, march.unsettled),
    }

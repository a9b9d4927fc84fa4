"""Exact availability of every top: probability, frequency, duration, and which machines it hangs on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.reliability.diagram import FALSE, TRUE, Diagram, DiagramLimit
from solvers.reliability.rates import HOURS, Rates
from solvers.reliability.structure import Structure, as_nodes
from solvers.reliability.symbolic import NODE_LIMIT, Functions
from solvers.reliability.wiring import Wiring
from solvers.status import SolveError, Status

Array = NDArray[Any]


@dataclass(frozen=True)
class Availability:
    """Long-run behaviour of T tops; all zeros where ``status`` is not CONVERGED."""

    status: Status
    """MAX_ITERATIONS: the functions did not fit into ``node_limit``."""
    tops: Array
    """(T,) node indices."""
    unavailability: Array
    """(T,) part of the time the top is down, maintenance included.  [-]"""
    frequency: Array
    """(T,) interruptions per year, those by planned switching included.  [1/yr]"""
    unmaintained: Array
    """(T,) part of the time the top would be down without any maintenance.  [-]"""
    birnbaum: Array
    """(T, V) unavailability with the event happened minus without it, outside maintenance; (T, 0) if not asked for.
    [-]"""
    criticality: Array
    """(T, V) part of ``unmaintained`` that vanishes if the event never happens (Fussell-Vesely importance as
    computed from diagrams; negative where a failure protects by shedding load); (T, 0) if not asked for.  [-]"""
    remainder: Array
    """(T,) part of the time with more failures than ``overload_order``, in which overloads were not followed: the
    unavailability may be larger by at most this.  [-]"""
    diagram_nodes: int
    """Size of the largest diagram."""

    @property
    def availability(self) -> Array:
        """(T,) 1 - unavailability.  [-]"""
        return np.asarray(1 - self.unavailability)

    @property
    def outage_hours(self) -> Array:
        """(T,) expected time down in a year.  [h/yr]"""
        return np.asarray(self.unavailability * HOURS)

    @property
    def mean_outage(self) -> Array:
        """(T,) mean duration of an interruption, 0 where there is none.  [h]"""
        safe = np.where(self.frequency > 0, self.frequency, 1.0)
        return np.asarray(np.where(self.frequency > 0, self.outage_hours / safe, 0.0))

    @property
    def saifi(self) -> float:
        """Interruptions per top and year, all tops alike.  [1/yr]"""
        return float(self.frequency.mean()) if self.tops.size else 0.0

    @property
    def saidi(self) -> float:
        """Time down per top and year, all tops alike.  [h/yr]"""
        return float(self.outage_hours.mean()) if self.tops.size else 0.0

    def leading(self, row: int, count: int = 10) -> list[tuple[int, float]]:
        """The events that ``tops[row]`` owes most of its unavailability to, with their criticality."""
        order = np.argsort(-self.criticality[row], kind="stable")[:count]
        return [(int(event), float(self.criticality[row, event])) for event in order]


def availability(
    structure: Structure, rates: Rates, tops: ArrayLike, *, overload_order: int | None = None,
    importance: bool = True, node_limit: int = NODE_LIMIT, raise_on_failure: bool = False,
) -> Availability:  # fmt: skip
    """Work out how often and how long each of ``tops`` is down.

    Parameters
    ----------
    rates : Rates
        One row for each of the structure's basic events.
    tops : node indices
        For the availability of all racks at once add a node that needs them all.
    overload_order : int, optional
        Follow overloads only in states with at most so many failures of what carries or feeds the overloaded
        machines; ``remainder`` bounds what that leaves out.  None = all states.
    importance : bool
        Whether to keep the importance of every event for every top: 16 bytes each, 1.6 GB for 10,000 racks of 10,000
        events.
    node_limit : int
        Largest decision diagram.
    raise_on_failure : bool
        Raise :class:`solvers.status.SolveError` instead of reporting the status.

    Notes
    -----
    Exact for the structure, cascades included: no rare-event approximation, no cut-off.  Basic events are
    independent; the state after a failure is reached at once; a tripped machine is back when its cause is repaired;
    a standby that failed on demand stays so until nothing calls for it.  Maintenance takes one component at a time
    out, evenly over the year; its own failures do not count meanwhile.

    Examples
    --------
    One machine, lambda = 8.76 / yr, r = 1 h: U = 0.001 / 1.001, nu = 8.76 / 1.001 per year, mean outage 1 h.
    """
    if rates.events != structure.events:
        raise ValueError(f"rates has {rates.events} events, the structure {structure.events}")
    index = as_nodes(structure, tops)
    possible = np.flatnonzero((rates.unavailability > 0) | (rates.planned > 0))
    table = {
        name: np.zeros(index.size) for name in ("unavailability", "frequency", "unmaintained", "remainder")
    }
    table |= {name: np.zeros((index.size, rates.events * importance)) for name in ("birnbaum", "criticality")}
    size = 0
    try:
        for rows in Wiring.of(structure).clusters(index):
            functions = Functions(
                structure, index[rows], possible, node_limit=node_limit, most=overload_order
            )
            _fill(table, rows, functions, rates)
            size = max(size, len(functions.diagram.variable))
    except DiagramLimit as error:
        if raise_on_failure:
            raise SolveError(Status.MAX_ITERATIONS, str(error)) from error
        zeros = {name: np.zeros_like(value) for name, value in table.items()}
        return Availability(Status.MAX_ITERATIONS, index, diagram_nodes=node_limit, **zeros)
    return Availability(Status.CONVERGED, index, diagram_nodes=size, **table)


def _fill(table: dict[str, Array], rows: Array, functions: Functions, rates: Rates) -> None:
    """Results of the tops in ``rows``; what like tops have in common is worked out once."""
    known: dict[int, _Result] = {}
    left = _long_run(_result(functions, functions.followed, rates, known), functions, rates)[0]
    for row, up in zip(rows.tolist(), functions.up, strict=True):
        result = _result(functions, up, rates, known)
        down = result.down[0]
        table["unavailability"][row], table["frequency"][row] = _long_run(result, functions, rates)
        table["unmaintained"][row] = down
        table["remainder"][row] = left
        if not table["birnbaum"].size:
            continue
        table["birnbaum"][row, functions.event_of] = result.change
        q = rates.unavailability[functions.event_of]
        table["criticality"][row, functions.event_of] = q * result.change / down if down > 0 else 0.0


@dataclass(frozen=True)
class _Result:
    """One function in 1 + P cases: no maintenance, then each planned outage that it depends on."""

    planned: Array
    """(P,) variables."""
    down: Array
    """(1 + P,) probability that the function is false.  [-]"""
    interruptions: Array
    """(1 + P,) by failures and repairs, per year of the case.  [1/yr]"""
    change: Array
    """(variables,) Birnbaum importance without maintenance.  [-]"""
    swing: Array
    """(variables,) probability that the event decides, either way, without maintenance.  [-]"""


def _long_run(result: _Result, functions: Functions, rates: Rates) -> tuple[float, float]:
    """Unavailability and interruptions per year over the calendar of maintenance."""
    event = functions.event_of[result.planned]
    share = rates.planned[event]
    rest = 1 - share.sum()
    switched = (
        rates.maintenance_rate[event] * (1 - rates.unavailability[event]) * result.swing[result.planned]
    )
    return (
        float(rest * result.down[0] + share @ result.down[1:]),
        float(rest * result.interruptions[0] + share @ result.interruptions[1:] + switched.sum()),
    )


def _result(functions: Functions, up: int, rates: Rates, known: dict[int, _Result]) -> _Result:
    """Split off what stands in series, from the top, down to a function that is known or has no such part."""
    diagram = functions.diagram
    series = []
    while up not in known and not diagram.leaf(up) and diagram.high[up] == FALSE:
        series.append(up)
        up = diagram.low[up]
    if up not in known:
        known[up] = _core(functions, up, rates)
    result = known[up]
    for node in reversed(series):
        variable = diagram.variable[node]
        result = known[node] = _in_series(result, variable, int(functions.event_of[variable]), rates)
    return result


def _in_series(core: _Result, variable: int, event: int, rates: Rates) -> _Result:
    """The core and one more component that it cannot do without."""
    q, often = float(rates.unavailability[event]), float(rates.frequency[event])
    down = q + (1 - q) * core.down
    interruptions = (1 - q) * core.interruptions + often * (1 - core.down)
    change, swing = (1 - q) * core.change, (1 - q) * core.swing
    change[variable] = swing[variable] = 1 - core.down[0]
    planned = core.planned
    if rates.planned[event] > 0:
        planned = np.append(planned, variable)
        down, interruptions = np.append(down, 1.0), np.append(interruptions, 0.0)
    return _Result(planned, down, interruptions, change, swing)


def _core(functions: Functions, up: int, rates: Rates) -> _Result:
    event = functions.event_of
    diagram = functions.diagram
    met = np.unique([diagram.variable[i] for i in diagram.below(up) if not diagram.leaf(i)]).astype(int)
    planned = met[rates.planned[event[met]] > 0]
    cases = np.arange(planned.size)
    chance = np.repeat(rates.unavailability[event][:, None], 1 + planned.size, axis=1)
    chance[planned, 1 + cases] = 1.0
    rate = np.repeat(rates.frequency[event][:, None], 1 + planned.size, axis=1)
    rate[planned, 1 + cases] = 0.0
    down, change, swing = probability(diagram, up, chance, monotone=functions.monotone)
    return _Result(planned, down, (swing * rate).sum(axis=0), change[:, 0], swing[:, 0])


def probability(diagram: Diagram, up: int, chance: Array, *, monotone: bool) -> tuple[Array, Array, Array]:
    """Probability that a truth function is false, and how it hangs on each event.

    Parameters
    ----------
    chance : (variables, K) probability of each event, in K cases.
    monotone : bool
        No event ever makes the function true.

    Returns
    -------
    down (K,); down with the event minus down without it (variables, K); probability that the event decides, in
    either direction (variables, K).
    """
    false: dict[int, Array] = {FALSE: np.ones(chance.shape[1]), TRUE: np.zeros(chance.shape[1])}
    down = _chance(diagram, up, chance, false)
    change, back = np.zeros_like(chance), np.zeros_like(chance)
    order = diagram.below(up)
    reached = {i: np.zeros(chance.shape[1]) for i in order}
    reached[up] = np.ones(chance.shape[1])
    for i in reversed(order):
        if diagram.leaf(i):
            continue
        variable, low, high = diagram.variable[i], diagram.low[i], diagram.high[i]
        here = reached[i]
        failed = here * chance[variable]
        change[variable] += here * (false[high] - false[low])
        reached[low] += here - failed
        reached[high] += failed
        revived = FALSE if monotone or high == FALSE else diagram.without(high, low)
        if revived != FALSE:
            back[variable] += here * (1 - _chance(diagram, revived, chance, false))
    return down, change, change + 2 * back


def _chance(diagram: Diagram, function: int, chance: Array, false: dict[int, Array]) -> Array:
    """Probability that the function is false; ``false`` remembers all nodes met."""
    stack = [function]
    while stack:
        i = stack[-1]
        if i in false:
            stack.pop()
            continue
        low, high = false.get(diagram.low[i]), false.get(diagram.high[i])
        if low is None or high is None:
            stack += [child for child in (diagram.low[i], diagram.high[i]) if child not in false]
            continue
        false[i] = low + chance[diagram.variable[i]] * (high - low)
        stack.pop()
    return false[function]

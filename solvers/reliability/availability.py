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
    """(T, V) unavailability with the event happened minus without it, outside maintenance.  [-]"""
    criticality: Array
    """(T, V) part of ``unmaintained`` that vanishes if the event never happens (Fussell-Vesely importance as
    computed from diagrams; negative where a failure protects by shedding load).  [-]"""
    diagram_nodes: int
    """Size of the diagram."""

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


def availability(
    structure: Structure, rates: Rates, tops: ArrayLike, *, node_limit: int = NODE_LIMIT,
    raise_on_failure: bool = False,
) -> Availability:  # fmt: skip
    """Work out how often and how long each of ``tops`` is down.

    Parameters
    ----------
    rates : Rates
        One row for each of the structure's basic events.
    tops : node indices
        For the availability of all racks at once add a node that needs them all.
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
    try:
        functions = Functions(structure, index, possible, node_limit=node_limit)
        return _solved(functions, rates, index)
    except DiagramLimit as error:
        if raise_on_failure:
            raise SolveError(Status.MAX_ITERATIONS, str(error)) from error
        nothing, table = np.zeros(index.size), np.zeros((index.size, structure.events))
        return Availability(
            Status.MAX_ITERATIONS, index, nothing, nothing, nothing, table, table, node_limit
        )


def _solved(functions: Functions, rates: Rates, index: Array) -> Availability:
    tables = [np.zeros(index.size) for _ in range(3)]
    birnbaum, criticality = np.zeros((2, index.size, rates.events))
    known: dict[int, tuple[Any, ...]] = {}
    for row, up in enumerate(functions.up):
        if up not in known:
            known[up] = _of_one(functions, up, rates)
        down, often, bare, change, critical = known[up]
        for table, value in zip(tables, (down, often, bare), strict=True):
            table[row] = value
        birnbaum[row, functions.event_of] = change
        criticality[row, functions.event_of] = critical
    size = len(functions.diagram.variable)
    return Availability(Status.CONVERGED, index, *tables, birnbaum, criticality, size)


def _of_one(functions: Functions, up: int, rates: Rates) -> tuple[Any, ...]:
    """Unavailability, frequency, unavailability without maintenance, Birnbaum, criticality over the variables."""
    event = functions.event_of
    q, often = rates.unavailability[event], rates.frequency[event]
    order = functions.diagram.below(up)
    met = np.unique([functions.diagram.variable[i] for i in order if not functions.diagram.leaf(i)])
    met = met.astype(int)
    planned = met[rates.planned[event[met]] > 0]
    # Column 0 is the year without maintenance, column 1 + k the time when planned[k] is out.
    chance = np.repeat(q[:, None], 1 + planned.size, axis=1)
    chance[planned, 1 + np.arange(planned.size)] = 1.0
    down, change = probability(functions.diagram, up, chance)
    swing = change
    if not functions.monotone:
        swing = change.copy()
        for variable in met.tolist():
            swing[variable] = _swing(functions.diagram, up, variable, chance, change[variable])
    rate = np.repeat(often[:, None], 1 + planned.size, axis=1)
    rate[planned, 1 + np.arange(planned.size)] = 0.0
    interruptions = (swing * rate).sum(axis=0)
    share = rates.planned[event[planned]]
    rest = 1 - share.sum()
    started = rates.maintenance_rate[event[planned]] * (1 - q[planned]) * _turns(functions, up, planned, q)
    criticality = q * change[:, 0] / down[0] if down[0] > 0 else np.zeros(q.size)
    return (
        float(rest * down[0] + share @ down[1:]),
        float(rest * interruptions[0] + share @ interruptions[1:] + started.sum()),
        float(down[0]),
        change[:, 0],
        criticality,
    )


def probability(diagram: Diagram, up: int, chance: Array) -> tuple[Array, Array]:
    """Probability that a truth function is false, and its change with each event.

    Parameters
    ----------
    chance : (variables, K) probability of each event, in K cases.

    Returns
    -------
    down (K,), and down with the event minus down without it (variables, K).
    """
    order = diagram.below(up)
    cases = chance.shape[1]
    down = {FALSE: np.ones(cases), TRUE: np.zeros(cases)}
    for i in order:
        if not diagram.leaf(i):
            p = chance[diagram.variable[i]]
            low, high = down[diagram.low[i]], down[diagram.high[i]]
            down[i] = low + p * (high - low)
    change = np.zeros_like(chance)
    reached = {i: np.zeros(cases) for i in order}
    reached[up] = np.ones(cases)
    for i in reversed(order):
        if not diagram.leaf(i):
            p, here = chance[diagram.variable[i]], reached[i]
            change[diagram.variable[i]] += here * (down[diagram.high[i]] - down[diagram.low[i]])
            reached[diagram.low[i]] += here * (1 - p)
            reached[diagram.high[i]] += here * p
    return down[up], change


def _swing(diagram: Diagram, up: int, variable: int, chance: Array, change: Array) -> Array:
    """Probability that the event decides, in either direction."""
    one, other = diagram.given(up, variable, False), diagram.given(up, variable, True)
    back = diagram.without(other, one)
    if back == FALSE:
        return change
    return change + 2 * (1 - probability(diagram, back, chance)[0])


def _turns(functions: Functions, up: int, planned: Array, q: Array) -> Array:
    """Probability that taking each of ``planned`` out, or bringing it back, brings the top down, given that the
    component itself works."""
    found = np.zeros(planned.size)
    diagram = functions.diagram
    for row, variable in enumerate(planned.tolist()):
        turned = diagram.differ(diagram.given(up, variable, False), diagram.given(up, variable, True))
        found[row] = 1 - float(probability(diagram, turned, q[:, None])[0][0])
    return found

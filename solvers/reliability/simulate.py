"""Sequential Monte Carlo: many random histories of a facility, with confidence intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.special import ndtri

from solvers.reliability.chronology import History, failures, history, maintenance
from solvers.reliability.evaluate import Evaluator
from solvers.reliability.rates import HOURS, Rates
from solvers.reliability.structure import Structure, as_nodes

Array = NDArray[Any]


@dataclass(frozen=True)
class Simulation:
    """What R replications of a facility's life showed of T tops."""

    tops: Array
    """(T,) node indices."""
    years: float
    """Length of each replication.  [yr]"""
    unavailability: Array
    """(R, T) part of the replication in which the top was down.  [-]"""
    frequency: Array
    """(R, T) interruptions per year.  [1/yr]"""
    states: int
    """Number of distinct states that were met."""

    def mean(self, values: Array) -> Array:
        """(T,) mean of (R, T) ``values`` over the replications."""
        return np.asarray(values.mean(axis=0))

    def standard_error(self, values: Array) -> Array:
        """(T,) standard error of that mean."""
        return np.asarray(values.std(axis=0, ddof=1) / np.sqrt(len(values)))

    def interval(self, values: Array, *, confidence: float = 0.95) -> tuple[Array, Array]:
        """Two-sided normal confidence interval of the mean: lower and upper (T,)."""
        half = float(ndtri(0.5 + confidence / 2)) * self.standard_error(values)
        return self.mean(values) - half, self.mean(values) + half


def simulate(
    structure: Structure, rates: Rates, tops: ArrayLike, *, years: float, replications: int, seed: int
) -> Simulation:
    """Live through ``replications`` times ``years`` of failures, repairs and maintenance.

    Parameters
    ----------
    rates : Rates
        One row for each of the structure's basic events.
    years : float
        Length of one replication; long against the repair times. [yr]
    replications : int
        At least 2, or there is no standard error.
    seed : int
        The same seed gives the same numbers.

    Notes
    -----
    Every event begins in its long-run state.  Each distinct state that is met is evaluated once, overload cascades
    included.  A standby that fails on demand stays failed while anything is out; with nothing out, standbys are not
    called.  Expected values equal those of :func:`solvers.reliability.availability.availability`, except that there
    a standby counts as failed with its probability also in the undisturbed state.
    """
    if rates.events != structure.events:
        raise ValueError(f"rates has {rates.events} events, the structure {structure.events}")
    if not (np.isfinite(years) and years > 0):
        raise ValueError(f"years must be > 0, got {years}")
    if replications < 2:
        raise ValueError(f"replications must be at least 2, got {replications}")
    index = as_nodes(structure, tops)
    rng = np.random.default_rng(seed)
    hours = years * HOURS
    outages = failures(rates, hours, replications, rng).joined(maintenance(rates, hours, replications, rng))
    past = history(outages, rates, hours, replications, rng)
    event = np.where(past.member_mark < rates.events, past.member_mark, past.member_mark - rates.events)
    up = Evaluator(structure, index).pairs(past.member_state, event, past.states).up
    down = _down(past, up, replications) / hours
    falls = _falls(past, up, replications, hours) / years
    return Simulation(index, years, down, falls, past.states)


def _down(past: History, up: Array, replications: int) -> Array:
    """(R, T) hours down."""
    spent = coo_array((past.duration, (past.replication, past.state)), shape=(replications, past.states))
    return np.asarray(spent.tocsr() @ (~up).astype(float))


def _falls(past: History, up: Array, replications: int, hours: float) -> Array:
    """(R, T) number of changes from up to down; what is out at the beginning or beyond the end is no change."""
    inside = (past.begin[1:] > 0) & (past.begin[1:] < hours)
    before, after = past.state[:-1][inside], past.state[1:][inside]
    pair, number = np.unique(before * past.states + after, return_inverse=True)
    fell = up[pair // past.states] & ~up[pair % past.states]
    count = coo_array(
        (np.ones(number.size), (past.replication[1:][inside], number)), shape=(replications, pair.size)
    )
    return np.asarray(count.tocsr() @ fell.astype(float))

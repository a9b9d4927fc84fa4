"""How often basic events happen and how long they last (:class:`Rates`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.reliability.structure import Structure

Array = NDArray[Any]

HOURS = 8760.0
"""Hours in a year, as reliability data are quoted (IEEE Std 493-2007, 3.2: 8760 h)."""


@dataclass(frozen=True, eq=False)
class Rates:
    """Failure, repair and maintenance of V basic events; up and repair times are exponential.

    A scalar stands for all events.
    """

    events: int
    """V = components + common causes."""
    failure_rate: Any = 0.0
    """(V,) failures per year of operation.  [1/yr]"""
    repair_time: Any = 0.0
    """(V,) mean time to repair.  [h]"""
    demand_probability: Any = 0.0
    """(V,) probability that a standby fails when called upon (start, transfer), beside its failures in time.
    [-]"""
    maintenance_rate: Any = 0.0
    """(V,) planned outages per year; one component at a time, never two.  [1/yr]"""
    maintenance_time: Any = 0.0
    """(V,) duration of each.  [h]"""

    def __post_init__(self) -> None:
        for name in _FIELDS:
            value = np.asarray(getattr(self, name), dtype=float)
            if value.shape not in ((), (self.events,)):
                raise ValueError(f"{name} has shape {value.shape}, expected ({self.events},)")
            value = np.ascontiguousarray(np.broadcast_to(value, (self.events,)))
            bad = ~(np.isfinite(value) & (value >= 0))
            if name == "demand_probability":
                bad |= value > 1
            if bad.any():
                where = int(np.flatnonzero(bad)[0])
                raise ValueError(f"{name}[{where}] = {value[where]} is not a finite number in its range")
            object.__setattr__(self, name, value)
        if self.planned.sum() > 1:
            raise ValueError(
                f"maintenance of one component at a time takes {self.planned.sum():.3g} years in every year"
            )

    @cached_property
    def unavailability(self) -> Array:
        """(V,) probability of being failed: 1 - (1 - p) (1 - lambda r / (8760 + lambda r)).  [-]"""
        load = self.failure_rate * self.repair_time / HOURS
        in_time = load / (1 + load)
        return np.asarray(in_time + self.demand_probability * (1 - in_time))

    @cached_property
    def frequency(self) -> Array:
        """(V,) failures per calendar year: lambda (1 - q).  [1/yr]"""
        return np.asarray(self.failure_rate * (1 - self.unavailability))

    @cached_property
    def planned(self) -> Array:
        """(V,) part of the year out for maintenance.  [-]"""
        return np.asarray(self.maintenance_rate * self.maintenance_time / HOURS)


_FIELDS = ("failure_rate", "repair_time", "demand_probability", "maintenance_rate", "maintenance_time")


def add_common_causes(
    structure: Structure, rates: Rates, groups: Sequence[Sequence[int]], beta: float
) -> tuple[Structure, Rates]:
    """Beta-factor model: a part ``beta`` of each group's failures strikes all its components at once.

    Parameters
    ----------
    groups : lists of components
        Like machines in like surroundings; the members of a group must have equal rates.
    beta : float
        Common part of the failure rate and of the probability per demand. [-]

    Returns
    -------
    The structure with one more common cause per group, and rates where each member keeps (1 - beta) of its failures
    and the common cause has beta of one member's.  Repair times and maintenance stay.

    References
    ----------
    .. [1] IEC 61508-6:2010, annex D (beta-factor model); K. N. Fleming, General Atomic report GA-A13284, 1975.

    Examples
    --------
    Two machines that fail on demand with q = 0.001, beta = 0.05, one of two needed: A = (1 - beta q) (1 - ((1 - beta)
    q)^2) = 0.99994909754...
    """
    if not 0 <= beta <= 1:
        raise ValueError(f"beta must be in 0..1, got {beta}")
    members = [np.asarray(group, dtype=int) for group in groups]
    scale = np.ones(rates.events)
    first = []
    for number, group in enumerate(members):
        if group.size == 0 or (group < 0).any() or (group >= structure.components).any():
            raise ValueError(f"groups[{number}] must name components 0..{structure.components - 1}")
        for name in ("failure_rate", "repair_time", "demand_probability"):
            value = getattr(rates, name)[group]
            if np.any(value != value[0]):
                raise ValueError(f"groups[{number}] has components of different {name}")
        if np.any(scale[group] != 1):
            raise ValueError(f"groups[{number}] shares a component with another group")
        scale[group] = 1 - beta
        first.append(int(group[0]))
    pairs = [(structure.causes + x, int(c)) for x, group in enumerate(members) for c in group]
    event, component = np.array(pairs, dtype=int).reshape(-1, 2).T
    widened = replace(
        structure,
        cause_event=np.concatenate([structure.cause_event, event]),
        cause_component=np.concatenate([structure.cause_component, component]),
    )
    grown = {
        "failure_rate": np.concatenate([rates.failure_rate * scale, rates.failure_rate[first] * beta]),
        "demand_probability": np.concatenate(
            [rates.demand_probability * scale, rates.demand_probability[first] * beta]
        ),
        "repair_time": np.concatenate([rates.repair_time, rates.repair_time[first]]),
    }
    for name in ("maintenance_rate", "maintenance_time"):
        grown[name] = np.concatenate([getattr(rates, name), np.zeros(len(members))])
    return widened, Rates(rates.events + len(members), **grown)

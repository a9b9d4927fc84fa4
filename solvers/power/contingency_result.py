"""What is kept of many failures: figures of each scenario, and the worst state of each element."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.outputs import ENDINGS
from solvers.power.problem import Problem
from solvers.status import Status

Array = NDArray[Any]

BASE_STATE = -1
"""Number of the base state where scenarios are named."""


def _none() -> Array:
    return np.empty(0)


@dataclass(frozen=True)
class Trip:
    """Overload limits; what exceeds its limit trips.  inf or an empty array: never."""

    branch: ArrayLike = field(default_factory=_none)
    """(E,) or one number: multiple of the branch rating. [-]"""
    converter: ArrayLike = field(default_factory=_none)
    """(C,) or one number: real output over rating. [-]"""
    source: ArrayLike = field(default_factory=_none)
    """(G,) or one number: apparent power. [VA]"""

    def limits(self, problem: Problem) -> tuple[Array, Array, Array]:
        """(E,), (C,), (G,) float.

        Raises
        ------
        ValueError
            If a limit has the wrong shape, is not a number or not > 0.
        """
        result = []
        for name, count in (
            ("branch", problem.branch_from.size),
            ("converter", problem.converter_from.size),
            ("source", problem.source_bus.size),
        ):
            given = np.asarray(getattr(self, name), dtype=float)
            if given.ndim == 1 and not given.size:
                given = np.array(np.inf)
            if given.shape not in ((), (count,)):
                raise ValueError(f"trip.{name} has shape {given.shape}, expected ({count},)")
            limit = np.broadcast_to(given, count)
            if not np.all(limit > 0):
                raise ValueError(f"trip.{name}[{int(np.argmin(limit > 0))}] must be > 0")
            result.append(limit.copy())
        return result[0], result[1], result[2]


@dataclass(frozen=True)
class Watch:
    """Elements whose values are wanted for every scenario; indices."""

    buses: ArrayLike = ()
    branches: ArrayLike = ()
    converters: ArrayLike = ()

    def indices(self, problem: Problem) -> tuple[Array, Array, Array]:
        """Checked index arrays."""
        result = []
        for name, count in (
            ("buses", problem.bus_voltage.size),
            ("branches", problem.branch_from.size),
            ("converters", problem.converter_from.size),
        ):
            index = np.asarray(getattr(self, name), dtype=np.int64).ravel()
            bad = (index < 0) | (index >= count)
            if bad.any():
                raise ValueError(f"watch.{name}[{int(np.argmax(bad))}] is not an index below {count}")
            result.append(index)
        return result[0], result[1], result[2]


class Watched(NamedTuple):
    """Values of the watched elements; zero where dead or failed."""

    bus_voltage: Array
    """(K, .) complex. [p.u.]"""
    branch_current: Array
    """(K, .) at the to side. [A]"""
    converter_output: Array
    """(K, .) real power. [W]"""


class Cascade(NamedTuple):
    """Elements that tripped, in order of scenario and step."""

    scenario: Array
    step: Array
    """Solve at whose end it tripped, counted from 1."""
    kind: Array
    """:class:`~solvers.power.contingency_outages.Kind`."""
    element: Array
    loading: Array
    """Current over rating, output over rating, or apparent power over its limit. [-]"""


@dataclass(frozen=True)
class Contingencies:
    """Outcome of K failures; a failed scenario (``ok`` False) has zeros, -1 and all loads unserved.

    ``..._at`` is the element where the extreme is, -1 = there is none.  The worst states count all scenarios that
    end well, after their trips, and the base state, which is scenario -1.
    """

    status: Status
    """Worst ending of all scenarios."""
    detail: str
    """One sentence about it; empty if all converged."""
    ending: Array
    """(K,) index of ``solvers.power.outputs.ENDINGS``."""
    iterations: Array
    """(K,) sweeps or Newton steps; of the last solve of a cascade."""
    residual: Array
    """(K,) largest power mismatch at a bus, an upper bound where swept. [p.u.]"""

    lowest_voltage: Array
    lowest_voltage_at: Array
    highest_voltage: Array
    highest_voltage_at: Array
    """(K,) magnitudes over the energised buses. [p.u.]"""
    branch_loading: Array
    branch_loading_at: Array
    """(K,) largest current / rating. [-]"""
    converter_loading: Array
    converter_loading_at: Array
    """(K,) largest real output / rating. [-]"""
    source_power: Array
    source_power_at: Array
    """(K,) largest apparent power of a source. [VA]"""
    loss: Array
    """(K,) in branches and converters. [W]"""
    served_power: Array
    """(K,) real power of the served loads. [W]"""
    unserved: Array
    """(K,) number of loads that are not served."""
    unserved_start: Array
    """(K + 1,) where each scenario's loads begin in ``unserved_load``."""
    unserved_load: Array
    steps: Array
    """(K,) solves until nothing trips any more; 1 = nothing tripped."""
    cascade: Cascade

    worst_branch_loading: Array
    worst_branch_scenario: Array
    """(E,) largest current / rating, and in which scenario. [-]"""
    worst_converter_loading: Array
    worst_converter_scenario: Array
    """(C,)."""
    worst_source_power: Array
    worst_source_scenario: Array
    """(G,). [VA]"""
    worst_bus_voltage: Array
    worst_bus_scenario: Array
    """(B,) lowest magnitude while energised; 0 and -1 if it is dead in the base state. [p.u.]"""
    watched: Watched
    swept: Array
    """(K,) bool: solved piece by piece; False: by the general solver."""

    @property
    def ok(self) -> Array:
        """(K,) bool: converged."""
        return np.asarray(self.ending == 0)

    def status_of(self, scenario: int) -> Status:
        """Ending of one scenario."""
        return ENDINGS[self.ending[scenario]]

    def unserved_loads(self, scenario: int) -> Array:
        """Loads that one scenario leaves without power."""
        return self.unserved_load[self.unserved_start[scenario] : self.unserved_start[scenario + 1]]

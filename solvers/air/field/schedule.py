"""What changes in a room over time, and what stores heat there: the givens of a transient run."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.air.field.problem import STREAM_FIELDS, Problem

Array = NDArray[np.float64]

FILM = 5.0
"""Heat transfer from air to surfaces, convection at walls and machines (assumed). [W/(m2 K)]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Masses:
    """What stores heat beside the air; single numbers count for all.  Nothing by default."""

    stream: Array = field(default_factory=lambda: np.array(0.0))
    """(N,) heat capacity of what a stream with intake and supply passes through: servers, coil with its water. [J/K]"""
    water: Array = field(default_factory=lambda: np.array(0.0))
    """(N,) heat capacity of the water that goes round through a coil, warm when the plant rejects less than the coil
    takes; 0 for a coolant that is always as cold as it is given. [J/K]"""
    boundary: float = 0.0
    """Of the room's floor, ceiling and walls, per area that the air touches. [J/(m2 K)]"""
    solid: float = 0.0
    """Of the surfaces of solids. [J/(m2 K)]"""
    film: float = FILM
    """From air to these surfaces. [W/(m2 K)]"""

    def __post_init__(self) -> None:
        for name in ("stream", "water", "boundary", "solid", "film"):
            value = np.asarray(getattr(self, name), float)
            if not np.all(np.isfinite(value)) or np.any(value < 0):
                raise ValueError(f"{name} must be finite and not negative")
            if name in ("stream", "water"):
                object.__setattr__(self, name, value)


_NEGATIVE = ("heat", "setpoint", "coolant", "head", "wall_temperature", "source_heat")
"""Fields of a schedule that may be negative."""
_INFINITE = ("setpoint", "capacity", "coolant", "rejection")


@dataclass(frozen=True, kw_only=True, eq=False)
class Schedule:
    """What a problem's streams do over time: linear between given times, before and after as at the ends.

    A jump is two equal times.  What is not given stays as in the problem; one column counts for all streams.
    """

    times: Array
    """(K,) ascending. [s]"""
    flow: Array | None = None
    """(K, N) [m3/s]"""
    heat: Array | None = None
    """(K, N) [W]"""
    setpoint: Array | None = None
    """(K, N) [degC]"""
    capacity: Array | None = None
    """(K, N) [W]"""
    effectiveness: Array | None = None
    """(K, N) [0..1]"""
    coolant: Array | None = None
    """(K, N) that the plant holds. [degC]"""
    head: Array | None = None
    """(K, N) of fan curves; as the square of the speed. [Pa]"""
    curvature: Array | None = None
    """(K, N) [Pa/(m3/s)2]"""
    rejection: Array | None = None
    """(K, N) most heat that the plant takes out of a coil's water; without limit if not given. [W]"""
    wall_temperature: Array | None = None
    """(K, W) [degC]"""
    source_heat: Array | None = None
    """(K, H) [W]"""

    def __post_init__(self) -> None:
        times = np.asarray(self.times, float)
        if times.ndim != 1 or not times.size or not np.all(np.isfinite(times)):
            raise ValueError("times must be a list of finite numbers")
        for n in np.flatnonzero(np.diff(times) < 0):
            raise ValueError(f"times must ascend: {times[n + 1]:g} s comes after {times[n]:g} s")
        object.__setattr__(self, "times", times)
        for name in SCHEDULED:
            given = getattr(self, name)
            if given is None:
                continue
            value = np.asarray(given, float)
            if value.ndim != 2 or len(value) != times.size:
                raise ValueError(
                    f"{name} has shape {value.shape}: one row for each of {times.size} times is needed"
                )
            _check_values(name, times, value)
            object.__setattr__(self, name, value)

    @classmethod
    def jump(cls, problem: Problem, at: float, **changes: ArrayLike) -> Self:
        """From the state of a problem to another one at once.

        Examples
        --------
        ``Schedule.jump(problem, 10.0, capacity=0.0)``: after 10 s no coil takes heat any more.
        """
        rows = {}
        for name, after in changes.items():
            unlimited = np.full(problem.flow.shape, np.inf)
            before = unlimited if name == "rejection" else np.asarray(getattr(problem, name))
            rows[name] = np.stack([before, np.broadcast_to(np.asarray(after, float), before.shape)])
        return cls(times=np.array([at, at]), **rows)

    @property
    def jumps(self) -> Array:
        """Times at which something changes at once. [s]"""
        return np.unique(self.times[1:][np.diff(self.times) == 0])

    def at(self, name: str, moment: float) -> Array | None:
        """One field just before a moment; None if it is not scheduled."""
        values = getattr(self, name)
        if values is None:
            return None
        upper = int(np.searchsorted(self.times, moment, side="left"))
        if upper in (0, self.times.size):
            return np.array(values[min(upper, self.times.size - 1)])
        t0, t1 = self.times[upper - 1 : upper + 1]
        low, high = values[upper - 1], values[upper]
        with np.errstate(invalid="ignore"):  # inf - inf of what stays without limit
            between = low + (high - low) * ((moment - t0) / (t1 - t0))
        return np.where(low == high, low, between)

    def problem_at(self, problem: Problem, moment: float) -> Problem:
        """The problem as it is just before a moment."""
        now = {name: self.at(name, moment) for name in SCHEDULED if name != "rejection"}
        return problem.replace(**{name: value for name, value in now.items() if value is not None})


SCHEDULED = (*STREAM_FIELDS, "rejection", "wall_temperature", "source_heat")
assert {"times", *SCHEDULED} == {f.name for f in fields(Schedule)}


def _check_values(name: str, times: Array, value: Array) -> None:
    """No NaN, nothing negative that must not be, no ramp to infinity."""
    if name != "head" and np.any(np.isnan(value)):
        row = int(np.argwhere(np.isnan(value))[0, 0])
        raise ValueError(f"{name} at {times[row]:g} s is not a number")
    if name not in _NEGATIVE and np.any(value < 0):
        row, column = np.argwhere(value < 0)[0]
        raise ValueError(f"{name} of stream {column} at {times[row]:g} s is negative: {value[row, column]:g}")
    if name not in _INFINITE and np.any(np.isinf(value)):
        row = int(np.argwhere(np.isinf(value))[0, 0])
        raise ValueError(f"{name} at {times[row]:g} s is infinite")
    apart = (np.diff(times) > 0)[:, None] & (np.isinf(value[1:]) != np.isinf(value[:-1]))
    if np.any(apart):
        row = int(np.argwhere(apart)[0, 0])
        raise ValueError(
            f"{name} cannot go to infinity between {times[row]:g} and {times[row + 1]:g} s: let it jump"
        )

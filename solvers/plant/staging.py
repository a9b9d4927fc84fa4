"""How many of n like machines run at a load.

Every hour by itself: hysteresis, least run and rest times, and wear levelling are left out, so a load that wanders
around a threshold switches more often here than in a plant, and energy is slightly understated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers import checks
from solvers.plant.inputs import broadcast

Array = NDArray[np.float64]
Strategy = Literal["capacity", "all_on", "efficiency"]

_ROUNDING = 1e-9
"""A load this much above a whole number of machines is theirs."""


@dataclass(frozen=True)
class Staging:
    """Answer of :func:`stage`, arrays of one common shape."""

    running: NDArray[np.int64]
    """Machines that run."""
    part_load: Array
    """Load of each over its capacity; above ``max_part_load`` where the plant is too small. [-]"""
    short: NDArray[np.bool_]
    """Load beyond what all available machines carry."""
    cycling: NDArray[np.bool_]
    """Even the fewest machines run below their least part load or flow: they cycle or by-pass."""


def stage(
    load: ArrayLike,
    *,
    capacity: ArrayLike,
    count: int,
    spare: int = 0,
    strategy: Strategy = "capacity",
    min_part_load: float = 0.0,
    max_part_load: float = 1.0,
    flow: ArrayLike = np.inf,
    min_flow: float = 0.0,
    power: Callable[[Array], Array] | None = None,
) -> Staging:
    """Choose the number of machines that run.

    Parameters
    ----------
    load : array_like
        On all of them together. [W]
    capacity : array_like
        Of one at the conditions of the hour. [W]
    count, spare : int
        Installed, and of these kept out.
    strategy : str
        ``capacity``: as few as carry the load.  ``all_on``: as many as stay above their least part load and flow, for
        fans and pumps on drives, whose power falls with the cube.  ``efficiency``: the number that draws least, by
        ``power``.
    min_part_load, max_part_load : float
        Of one machine. [-]
    flow : array_like
        Through all running machines together. [kg/s]
    min_flow : float
        Through one machine. [kg/s]
    power : callable
        Total power [W] for an array of numbers of machines; needed by ``efficiency``, evaluated ``count - spare`` times.

    Raises
    ------
    ValueError
        If no machine is left after the spare ones, or ``efficiency`` lacks ``power``.
    """
    checks.choice("strategy", strategy, get_args(Strategy))
    checks.whole("count", count, 1)
    checks.whole("spare", spare, 0)
    checks.number("min_flow", min_flow, least=0.0)
    available = count - spare
    if available < 1:
        raise ValueError(f"count {count} less spare {spare} leaves no machine to run")
    if not 0.0 <= min_part_load <= max_part_load < np.inf or max_part_load <= 0.0:
        raise ValueError("need 0 <= min_part_load <= max_part_load, and max_part_load positive")
    heat, able, through = broadcast(("flow",), load=load, capacity=capacity, flow=flow)
    heat = np.maximum(heat, 0.0)
    needed = np.clip(np.ceil(heat / (able * max_part_load) - _ROUNDING), 1, available)
    allowed = _most(heat, able, through, min_part_load, min_flow, available)
    most = np.maximum(allowed, needed)
    if strategy == "capacity":
        chosen = needed
    elif strategy == "all_on":
        chosen = most
    elif power is None:
        raise ValueError("strategy efficiency needs power, the draw of a number of machines")
    else:
        chosen = _cheapest(power, needed, most, available)
    running = np.where(heat > 0.0, chosen, 0.0)
    part = heat / (np.maximum(chosen, 1.0) * able)
    starved = (part < min_part_load) | (through < chosen * min_flow)
    return Staging(
        running=running.astype(np.int64),
        part_load=part,
        short=heat > available * able * max_part_load * (1.0 + _ROUNDING),
        cycling=starved & (heat > 0.0),
    )


def _most(
    heat: Array, able: Array, through: Array, min_part_load: float, min_flow: float, available: int
) -> Array:
    """Most machines that stay above their least part load and flow."""
    most = np.full(heat.shape, float(available))
    if min_part_load > 0.0:
        most = np.minimum(most, np.floor(heat / (able * min_part_load) + _ROUNDING))
    if min_flow > 0.0:
        most = np.minimum(most, np.floor(np.minimum(through / min_flow, available) + _ROUNDING))
    return most


def _cheapest(power: Callable[[Array], Array], needed: Array, most: Array, available: int) -> Array:
    best, least = needed.astype(float), np.full(needed.shape, np.inf)
    for number in range(1, available + 1):
        draw = power(np.full(needed.shape, float(number)))
        better = (number >= needed) & (number <= most) & (draw < least)
        best, least = np.where(better, float(number), best), np.where(better, draw, least)
    return best

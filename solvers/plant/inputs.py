"""Arguments of a machine as arrays of one shape; what cannot be is named, not carried into the answer."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers import checks
from solvers.psychrometrics import COLDEST, HOTTEST

Array = NDArray[np.float64]

_OUTDOORS = ("dry_bulb", "wet_bulb")
"""Air, within the range of the formula for saturation."""
_TEMPERATURES = (
    "ambient", "coolant_entering", "condenser_entering", "entering", "evaporator_leaving", "limit", "return_temperature",
    "setpoint", "source", "water_entering",
)  # fmt: skip
_POSITIVE = ("capacity", "coolant_capacity", "pressure")
_NOT_NEGATIVE = (
    "approach", "cells", "cold_rate", "coolant_flow", "coolers", "flow", "hot_rate", "humidity_ratio", "power_limit",
    "return_humidity", "speed", "units", "water_flow",
)  # fmt: skip
_BOUNDS: dict[str, dict[str, float]] = {
    **{name: {"least": COLDEST, "most": HOTTEST} for name in _OUTDOORS},
    **{name: {"above": checks.ABSOLUTE_ZERO} for name in _TEMPERATURES},
    **{name: {"above": 0.0} for name in _POSITIVE},
    **{name: {"least": 0.0, "rounding": checks.ROUNDING} for name in _NOT_NEGATIVE},
}
"""What an argument of this name may be, whatever the machine; loads may be of either sign, and nothing below 0 is done."""


def broadcast(infinite: tuple[str, ...] = (), /, **named: ArrayLike) -> list[Array]:
    """Float arrays of one common shape, in the order given.

    Raises
    ------
    ValueError
        Where a value is not a number, infinite and not named in ``infinite``, or impossible for what its name means
        (below absolute zero, a negative flow, no pressure): with argument and index.  Where shapes do not broadcast.
    """
    arrays = {
        name: checks.number(name, value, infinite=name in infinite, **_BOUNDS.get(name, {}))
        for name, value in named.items()
    }
    return checks.together(**arrays)

"""Water-side economizer: how much of a cooling duty the outdoors can carry, and what the chiller must add."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class Mode(IntEnum):
    """How the plant runs."""

    FREE = 0
    """Outdoors alone, chiller off."""
    MIXED = 1
    """Outdoors first, chiller trims."""
    MECHANICAL = 2
    """Chiller alone."""


@dataclass(frozen=True)
class Decision:
    """Answer of :func:`mode`, arrays of one common shape."""

    mode: NDArray[np.int64]
    """Value of :class:`Mode`."""
    free_fraction: Array
    """Share of the duty carried without compressor. [0..1]"""
    chiller_entering: Array
    """Coolant temperature after the economizer, entering the chiller. [degC]"""


def mode(
    entering: ArrayLike,
    setpoint: ArrayLike,
    source: ArrayLike,
    *,
    approach: ArrayLike = 3.0,
    integrated: ArrayLike = True,
) -> Decision:
    """Decide between free, mixed and mechanical cooling.

    Parameters
    ----------
    entering : array_like
        Coolant coming back from the load. [degC]
    setpoint : array_like
        Coolant wanted by the load. [degC]
    source : array_like
        Coldest water that tower or dry cooler can make now. [degC]
    approach : array_like
        Of the heat exchanger between the two; 3 K is assumed, a common plate-exchanger design. [K]
    integrated : array_like
        In series before the chiller; otherwise the economizer carries all or nothing.

    Notes
    -----
    Fraction = (entering - reachable) / (entering - setpoint) between 0 and 1, reachable = source + approach,
    constant coolant flow.  Without a duty (entering <= setpoint) nothing need run: FREE, fraction 1.
    """
    back, wanted, cold, gap = np.broadcast_arrays(
        *(np.asarray(x, float) for x in (entering, setpoint, source, approach))
    )
    span = back - wanted
    share = np.clip((back - (cold + gap)) / np.where(span > 0.0, span, 1.0), 0.0, 1.0)
    share = np.where(span > 0.0, share, 1.0)
    share = np.where(np.asarray(integrated, bool) | (share >= 1.0), share, 0.0)
    chosen = np.where(share >= 1.0, Mode.FREE, np.where(share > 0.0, Mode.MIXED, Mode.MECHANICAL))
    return Decision(chosen.astype(np.int64), share, back - share * np.maximum(span, 0.0))

"""Does the device nearest to a fault clear it alone: selectivity of two devices in series by their bands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.power.faults.tables import Array
from solvers.power.faults.tripcurves import TripCurve

POINTS = 400
"""Currents compared, spaced evenly in the logarithm, besides the corners of both curves."""
BISECTIONS = 40


@dataclass(frozen=True)
class Selectivity:
    """Outcome for one pair."""

    total: bool
    """Selective up to the prospective current."""
    limit: float
    """Largest current at the downstream device up to which the pair is selective; the prospective current if
    ``total``, 0 if at none. [A]"""
    margin: float
    """Smallest time between the latest clearing downstream and the earliest unlatching upstream, over the
    currents at which both trip; negative where they cross, inf where they never both trip. [s]"""
    at: float
    """Current of the smallest margin. [A]"""


def selectivity(
    upstream: TripCurve,
    downstream: TripCurve,
    prospective: float,
    *,
    lowest: float | None = None,
    ratio: float = 1.0,
    load: float = 0.0,
    interval: float = 0.0,
) -> Selectivity:
    """Compare the bands of two devices in series.

    Parameters
    ----------
    prospective : largest short-circuit current at the downstream device. [A]
    lowest : smallest current compared; the lowest corner of the downstream curve where it is left out. [A]
    ratio : upstream over downstream current (transformer between them, or several infeeds). [-]
    load : current that the upstream device carries besides, added arithmetically. [A]
    interval : time that must lie between the two (0.2 to 0.4 s between relays is usual practice). [s]

    Notes
    -----
    Selective at a current means: the latest clearing downstream is over ``interval`` before the earliest unlatching
    upstream.  In the instantaneous range of both, makers' tables of energy selectivity may allow more than time-current
    curves show; currents below a half cycle's melting time of fuses need their I2t.  Both are left to those tables.

    Raises
    ------
    ValueError
        If the prospective current does not exceed ``lowest``, or a factor is out of range.

    Examples
    --------
    An upstream release without instantaneous trip and 0.3 s of delay is totally selective with one below that
    clears within 0.05 s.
    """
    for name, value, least in (("prospective", prospective, 0), ("ratio", ratio, 0)):
        if not (np.isfinite(value) and value > least):
            raise ValueError(f"{name} is {value}, must be above {least}")
    if load < 0 or interval < 0:
        raise ValueError("load and interval must be at least 0")
    first = float(downstream.corners().min()) if lowest is None else lowest
    if not 0 < first < prospective:
        raise ValueError(f"prospective is {prospective} A, must exceed the lowest current {first} A")

    def gap(current: Array) -> Array:
        """Time between the two; inf where upstream never trips, -inf where downstream need not trip before it."""
        early = upstream.band(ratio * current + load)[0]
        late = downstream.band(current)[1]
        never = np.isinf(early)
        return np.where(never, np.inf, np.where(never, 0, early) - late)

    corners = np.concatenate([downstream.corners(), (upstream.corners() - load) / ratio])
    beside = np.concatenate([corners * (1 - 1e-9), corners, corners * (1 + 1e-9)])
    beside = beside[(beside > first) & (beside < prospective)]
    current = np.unique(np.concatenate([np.geomspace(first, prospective, POINTS), beside]))
    time = gap(current)
    both = np.isfinite(time)
    margin, at = np.inf, float(prospective)
    if both.any():
        worst = int(np.argmin(np.where(both, time, np.inf)))
        margin, at = float(time[worst]), float(current[worst])
    fails = time <= interval
    if not fails.any():
        return Selectivity(True, float(prospective), margin, at)
    bad = int(np.argmax(fails))
    if bad == 0:
        return Selectivity(False, 0.0, margin, at)
    low, high = current[bad - 1], current[bad]
    for _ in range(BISECTIONS):
        middle = np.sqrt(low * high)
        low, high = (low, middle) if gap(np.array([middle]))[0] <= interval else (middle, high)
    return Selectivity(False, float(low), margin, at)

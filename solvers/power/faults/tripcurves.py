"""Time-current curves of breakers, fuses and relays as bands: the earliest and the latest time at each current.

Settings belong to the maker's data sheet.  Defaults marked "assumed" are generic: tolerances and mechanical times of
the usual order, good for a first grading study and to be replaced before anything is ordered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from solvers.power.faults.tables import Array, refuse

NEVER = np.inf
LONG_TIME_REFERENCE = 6.0
"""Multiple of the pick-up at which the long-time delay of trip units is stated (usual; makers differ)."""
SHORT_TIME_REFERENCE = 10.0
"""Multiple of the long-time pick-up at which the short-time I2t slope meets its flat delay (assumed)."""


class TripCurve(Protocol):
    """Anything that trips on current."""

    def band(self, current: Array) -> tuple[Array, Array]:
        """Earliest time at which it may have unlatched and latest at which it has cleared, inf = never. [A] -> [s]"""

    def corners(self) -> Array:
        """Currents at which the band jumps or bends. [A]"""


def _positive(owner: object, *names: str) -> None:
    for name in names:
        value = getattr(owner, name)
        if not value > 0:
            raise ValueError(f"{type(owner).__name__}.{name} is {value}, must be above 0")


def _earliest(times: list[Array]) -> Array:
    return np.asarray(np.min(np.stack(np.broadcast_arrays(*times)), axis=0))


def _flat(current: Array, pickup: float, time: float) -> Array:
    return np.where(current >= pickup, time, NEVER)


def _square(current: Array, pickup: float, at: float, time: float) -> Array:
    """I2t line through ``time`` at the current ``at``, above ``pickup``."""
    with np.errstate(divide="ignore"):
        return np.where(current >= pickup, time * (at / current) ** 2, NEVER)


@dataclass(frozen=True)
class ThermalMagnetic:
    """Breaker with a bimetal (I2t band) and a magnet."""

    rating: float
    """[A]"""
    thermal_time: tuple[float, float] = (3.0, 12.0)
    """Cold, shortest and longest time at 6 times the rating (assumed). [s]"""
    thermal_pickup: tuple[float, float] = (1.05, 1.30)
    """Conventional non-tripping and tripping current over the rating, IEC 60947-2 Table 6, as quoted. [-]"""
    magnetic: tuple[float, float] = (8.0, 12.0)
    """Band of the magnet over the rating: 10 +- 20 % (tolerance of IEC 60947-2 clause 8.3.3.1.2, as quoted);
    IEC 60898-1 types B, C, D: 3-5, 5-10, 10-20. [-]"""
    magnetic_time: tuple[float, float] = (0.003, 0.020)
    """Unlatching and clearing time of the magnet (assumed). [s]"""

    def __post_init__(self) -> None:
        _positive(self, "rating")
        for name in ("thermal_time", "thermal_pickup", "magnetic", "magnetic_time"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"ThermalMagnetic.{name} is {(low, high)}, must ascend from above 0")

    def band(self, current: Array) -> tuple[Array, Array]:
        current = np.asarray(current, float)
        edges = []
        for side, magnet in ((0, 0), (1, 1)):
            slow = _square(
                current, self.thermal_pickup[side] * self.rating, LONG_TIME_REFERENCE * self.rating,
                self.thermal_time[side],
            )  # fmt: skip
            fast = _flat(current, self.magnetic[magnet] * self.rating, self.magnetic_time[side])
            edges.append(_earliest([slow, fast]))
        return edges[0], np.maximum(edges[1], self.magnetic_time[1])

    def corners(self) -> Array:
        return np.array([*self.thermal_pickup, *self.magnetic]) * self.rating


@dataclass(frozen=True)
class Electronic:
    """Electronic trip unit: long time (L), short time (S), instantaneous (I); ground (G) is :class:`Ground`."""

    long_pickup: float
    """I_r. [A]"""
    long_time: float
    """Delay at 6 I_r, on an I2t line. [s]"""
    short_pickup: float = np.inf
    """I_sd, inf = off. [A]"""
    short_time: float = 0.1
    """t_sd. [s]"""
    short_i2t: bool = False
    """The delay follows I2t down to ``short_time`` at 10 I_r."""
    instantaneous: float = np.inf
    """I_i, inf = off; the making-current release or override of the frame counts here too. [A]"""
    instantaneous_time: tuple[float, float] = (0.005, 0.050)
    """Unlatching and clearing time of the instantaneous release (assumed). [s]"""
    pickup_tolerance: float = 0.10
    """Relative, both ways (assumed; I_r itself: 1.05 to 1.20, IEC 60947-2). [-]"""
    time_tolerance: float = 0.20
    """Delays are the latest; the earliest is this part less (assumed). [-]"""
    clearing_time: float = 0.050
    """Opening and arcing, added to the delays (assumed). [s]"""

    def __post_init__(self) -> None:
        _positive(
            self, "long_pickup", "long_time", "short_pickup", "short_time", "instantaneous", "clearing_time"
        )
        for name in ("pickup_tolerance", "time_tolerance"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(
                    f"Electronic.{name} is {getattr(self, name)}, must be at least 0 and below 1"
                )

    def band(self, current: Array) -> tuple[Array, Array]:
        current = np.asarray(current, float)
        low, high, early = 1 - self.pickup_tolerance, 1 + self.pickup_tolerance, 1 - self.time_tolerance
        first = self._times(current, (1.05, low), early, 0.0, self.instantaneous_time[0])
        last = self._times(current, (1.20, high), 1.0, self.clearing_time, self.instantaneous_time[1])
        return first, last

    def _times(
        self, current: Array, pickup: tuple[float, float], scale: float, extra: float, fast: float
    ) -> Array:
        long_time = _square(
            current,
            pickup[0] * self.long_pickup,
            LONG_TIME_REFERENCE * self.long_pickup,
            self.long_time * scale,
        )
        times = [long_time + extra]
        if np.isfinite(self.short_pickup):
            short = _flat(current, pickup[1] * self.short_pickup, self.short_time * scale)
            if self.short_i2t:
                at = SHORT_TIME_REFERENCE * self.long_pickup
                slope = _square(current, pickup[1] * self.short_pickup, at, self.short_time * scale)
                short = np.maximum(short, slope)
            times.append(short + extra)
        if np.isfinite(self.instantaneous):
            times.append(_flat(current, pickup[1] * self.instantaneous, fast))
        return _earliest(times)

    def corners(self) -> Array:
        low, high = 1 - self.pickup_tolerance, 1 + self.pickup_tolerance
        pickups = np.array([self.short_pickup, self.instantaneous])
        pickups = pickups[np.isfinite(pickups)]
        bend = [SHORT_TIME_REFERENCE * self.long_pickup]
        return np.concatenate(
            [np.array([1.05, 1.20]) * self.long_pickup, pickups * low, pickups * high, bend]
        )


@dataclass(frozen=True)
class Ground:
    """Ground-fault release or relay of an electronic trip unit; its current is the residual one."""

    pickup: float
    """I_g; at most 1200 A, and 1 s at 3000 A (NEC 230.95(A)). [A]"""
    time: float
    """t_g. [s]"""
    i2t: bool = False
    """The delay follows I2t down to ``time`` at ``i2t_end``."""
    i2t_end: float = 3000.0
    """(assumed) [A]"""
    pickup_tolerance: float = 0.10
    time_tolerance: float = 0.20
    clearing_time: float = 0.050
    """As in :class:`Electronic` (assumed)."""

    def __post_init__(self) -> None:
        _positive(self, "pickup", "time", "i2t_end", "clearing_time")

    def band(self, current: Array) -> tuple[Array, Array]:
        current = np.asarray(current, float)
        edges = []
        for pickup, scale, extra in (
            (1 - self.pickup_tolerance, 1 - self.time_tolerance, 0.0),
            (1 + self.pickup_tolerance, 1.0, self.clearing_time),
        ):
            time = _flat(current, pickup * self.pickup, self.time * scale)
            if self.i2t:
                time = np.maximum(
                    time, _square(current, pickup * self.pickup, self.i2t_end, self.time * scale)
                )
            edges.append(time + extra)
        return edges[0], edges[1]

    def corners(self) -> Array:
        low, high = 1 - self.pickup_tolerance, 1 + self.pickup_tolerance
        return np.array([low * self.pickup, high * self.pickup, self.i2t_end])


@dataclass(frozen=True)
class Fuse:
    """Fuse by points of its curves; straight in log-log between them, constant I2t beyond the last."""

    current: Array
    """(n,) ascending. [A]"""
    melting: Array
    """(n,) minimum melting (pre-arcing) times, falling. [s]"""
    clearing: Array
    """(n,) total clearing times. [s]"""

    def __post_init__(self) -> None:
        for name in ("current", "melting", "clearing"):
            value = np.asarray(getattr(self, name), float)
            refuse(f"Fuse.{name}", value, ~(value > 0), "must be above 0")
            object.__setattr__(self, name, value)
        if self.current.ndim != 1 or self.current.size < 2:
            raise ValueError(f"Fuse.current has shape {self.current.shape}, expected at least two points")
        for name, value, sign in (("current", self.current, 1), ("melting", self.melting, -1)):
            bad = np.append(False, sign * np.diff(value) <= 0)
            refuse(f"Fuse.{name}", value, bad, "must ascend" if sign > 0 else "must fall")
        if self.melting.shape != self.current.shape or self.clearing.shape != self.current.shape:
            raise ValueError("Fuse.melting and Fuse.clearing must have as many points as Fuse.current")
        refuse("Fuse.clearing", self.clearing, self.clearing < self.melting, "must not be before melting")

    def band(self, current: Array) -> tuple[Array, Array]:
        current = np.asarray(current, float)
        return self._time(current, self.melting), self._time(current, self.clearing)

    def _time(self, current: Array, times: Array) -> Array:
        first, last = self.current[0], self.current[-1]
        inside = np.exp(np.interp(np.log(np.clip(current, first, last)), np.log(self.current), np.log(times)))
        beyond = np.maximum(current / last, 1.0) ** -2
        return np.where(current < first, NEVER, inside * beyond)

    def corners(self) -> Array:
        return self.current


@dataclass(frozen=True)
class InverseCurve:
    """t = dial (k / (M^alpha - 1) + c), M = current over pick-up."""

    k: float
    """[s]"""
    alpha: float
    c: float = 0.0
    """[s]"""


INVERSE_CURVES = {
    "IEC A": InverseCurve(0.14, 0.02),
    "IEC B": InverseCurve(13.5, 1.0),
    "IEC C": InverseCurve(80.0, 2.0),
    "IEEE moderately": InverseCurve(0.0515, 0.02, 0.1140),
    "IEEE very": InverseCurve(19.61, 2.0, 0.491),
    "IEEE extremely": InverseCurve(28.2, 2.0, 0.1217),
}
"""IEC 60255-151:2009 Annex A Table A.1, curves A (inverse), B (very), C (extremely); D, E, F there are those of
IEEE C37.112-2018 Table 1."""


@dataclass(frozen=True)
class Relay:
    """Inverse-time overcurrent relay (51) with an optional definite-time or instantaneous element (50)."""

    pickup: float
    """Primary current. [A]"""
    dial: float
    """Time multiplier (IEC) or time dial (IEEE). [-]"""
    curve: InverseCurve = field(default_factory=lambda: INVERSE_CURVES["IEC A"])
    instantaneous: float = np.inf
    """Pick-up of the 50 element, inf = off. [A]"""
    instantaneous_time: float = 0.02
    """Its delay, without the breaker (assumed). [s]"""
    clearing_time: float = 0.060
    """Breaker: three cycles of 50 Hz (assumed). [s]"""
    time_tolerance: float = 0.05
    """Relative, both ways: the usual class 5 (assumed). [-]"""
    pickup_tolerance: float = 0.05
    """(assumed) [-]"""
    limit: float = 30.0
    """Multiple of the pick-up above which the time falls no further (assumed; IEC 60255-151: at least 20). [-]"""

    def __post_init__(self) -> None:
        _positive(self, "pickup", "dial", "instantaneous", "instantaneous_time", "clearing_time", "limit")

    def time(self, current: Array) -> Array:
        """Nominal operating time of the 51 element, without breaker. [s]"""
        multiple = np.minimum(np.asarray(current, float) / self.pickup, self.limit)
        over = np.maximum(multiple, 1 + 1e-9) ** self.curve.alpha - 1
        return np.where(multiple > 1, self.dial * (self.curve.k / over + self.curve.c), NEVER)

    def band(self, current: Array) -> tuple[Array, Array]:
        current = np.asarray(current, float)
        edges = []
        for sign, extra in ((-1, 0.0), (1, self.clearing_time)):
            time = self.time(current / (1 + sign * self.pickup_tolerance)) * (1 + sign * self.time_tolerance)
            fast = _flat(
                current, (1 + sign * self.pickup_tolerance) * self.instantaneous, self.instantaneous_time
            )
            edges.append(_earliest([time, fast]) + extra)
        return edges[0], edges[1]

    def corners(self) -> Array:
        pickups = np.array([self.pickup, self.instantaneous])
        pickups = pickups[np.isfinite(pickups)]
        spread = 1 + self.pickup_tolerance * np.array([-1, 0, 1])
        return np.append(np.outer(pickups, spread).ravel(), self.limit * self.pickup)


def trip_times(curve: TripCurve, current: Array) -> tuple[Array, Array]:
    """Earliest and latest time at given currents [A], inf = never. [s]

    ValueError if a current is not above 0.
    """
    current = np.asarray(current, float)
    refuse("current", current, ~(np.isfinite(current) & (current > 0)), "must be above 0")
    return curve.band(current)

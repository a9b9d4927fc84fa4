"""Performance classes of generating sets: limits of ISO 8528-5 and how a transient compares with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.dynamics.checks import number, refuse, rows

Array = NDArray[Any]
Change = Literal["increase", "decrease"]


@dataclass(frozen=True)
class ClassLimits:
    """Limits of one performance class; fractions of rated frequency and voltage."""

    frequency_drop: float
    """Largest transient deviation after a sudden load increase. [-]"""
    frequency_rise: float
    """After a sudden decrease of 100 % of rated power. [-]"""
    frequency_recovery: float
    """[s]"""
    frequency_band: float
    """Steady-state band, full width. [-]"""
    frequency_tolerance: float
    """Tolerance band of the recovery, full width. [-]"""
    voltage_drop: float
    voltage_rise: float
    """[-]"""
    voltage_recovery: float
    """[s]"""
    voltage_band: float
    """Steady-state deviation, each way. [-]"""


CLASSES = {
    "G1": ClassLimits(0.15, 0.18, 10.0, 0.025, 0.035, 0.25, 0.35, 10.0, 0.05),
    "G2": ClassLimits(0.10, 0.12, 5.0, 0.015, 0.020, 0.20, 0.25, 6.0, 0.025),
    "G3": ClassLimits(0.07, 0.10, 3.0, 0.005, 0.020, 0.15, 0.20, 4.0, 0.01),
}
"""ISO 8528-5:2018, table of operating limit values for the performance classes: transients of G2 as quoted by makers of
generating sets, the rest recalled; check against the standard.  G4 is by agreement between maker and customer."""

STEPS_G2 = np.array([0.5, 0.8, 1.0])
"""Load levels that a G2 test takes in turn, as quoted (0-50-80-100 %). [of rated power]"""

FIRST_STEP_PRESSURE = 0.8e6
"""Brake mean effective pressure up to which a turbocharged four-stroke diesel takes its rated power in one step; read
from the hyperbola 0.8 MPa / p_me that the guide curves of ISO 8528-5 (figure for the first power stage) resemble:
assumed. [Pa]"""


def first_step(mean_pressure: ArrayLike) -> Array:
    """Largest first load step of a turbocharged four-stroke diesel engine; a guide, assumed. [of rated power]

    Parameters
    ----------
    mean_pressure : brake mean effective pressure at rated power. [Pa]
    """
    return np.asarray(
        np.minimum(FIRST_STEP_PRESSURE / number("mean_pressure", mean_pressure, above=0.0), 1.0)
    )


@dataclass(frozen=True)
class Excursion:
    """A transient in the terms of ISO 8528-5; (S,) each."""

    least_frequency: Array
    most_frequency: Array
    """[Hz]"""
    frequency_drop: Array
    frequency_rise: Array
    """From the frequency before the change, of rated. [-]"""
    least_voltage: Array
    most_voltage: Array
    """[p.u.]"""
    voltage_drop: Array
    voltage_rise: Array
    """From rated. [-]"""
    recovery: dict[str, Array]
    """Class -> (S,) frequency recovery time: from leaving the steady-state band until it stays in the tolerance band
    around the final value; 0 if it never leaves, inf if it has not returned by the end. [s]"""
    voltage_recovery: dict[str, Array]
    """Class -> (S,) the same for voltage, with the steady-state band. [s]"""


def excursion(
    time: ArrayLike, frequency: ArrayLike, voltage: ArrayLike, *, rated: float, since: float = 0.0
) -> Excursion:
    """Measure a transient.

    Parameters
    ----------
    time : (T,). [s]
    frequency, voltage : (S, T). [Hz], [p.u.]
    rated : frequency. [Hz]
    since : moment of the change; what lies before it gives the frequency before. [s]
    """
    t, f, v = number("time", time), rows("frequency", frequency), rows("voltage", voltage)
    if t.ndim != 1 or t.size != f.shape[1] or f.shape != v.shape:
        raise ValueError(f"time, frequency and voltage disagree: {t.shape}, {f.shape}, {v.shape}")
    refuse("since", np.asarray((since < t[0]) | (since >= t[-1])), "lies outside time")
    begin = int(np.searchsorted(t, since, side="right")) - 1
    before, clock, f, v = f[:, begin], t[begin:], f[:, begin:], v[:, begin:]
    low, high = f.min(axis=1), f.max(axis=1)
    recovery, settled = {}, {}
    for name, limit in CLASSES.items():
        around = 0.5 * rated * limit.frequency_tolerance
        leave = np.abs(f - before[:, None]) > 0.5 * rated * limit.frequency_band
        recovery[name] = _recovery(clock, leave, np.abs(f - rated) > around)
        out = np.abs(v - 1.0) > limit.voltage_band
        settled[name] = _recovery(clock, out, out)
    return Excursion(
        low, high, np.maximum(before - low, 0) / rated, np.maximum(high - before, 0) / rated,
        v.min(axis=1), v.max(axis=1), np.maximum(1.0 - v.min(axis=1), 0), np.maximum(v.max(axis=1) - 1.0, 0),
        recovery, settled,
    )  # fmt: skip


def _recovery(clock: Array, left: Array, outside: Array) -> Array:
    """Time from the first True of ``left`` to the last of ``outside``."""
    begin = np.argmax(left, axis=1)
    last = outside.shape[1] - 1 - np.argmax(outside[:, ::-1], axis=1)
    ever, back = left.any(axis=1) & outside.any(axis=1), ~outside[:, -1]
    end = clock[np.minimum(last + 1, clock.size - 1)]
    return np.where(ever, np.where(back, np.maximum(end - clock[begin], 0.0), np.inf), 0.0)


@dataclass(frozen=True)
class ClassVerdict:
    """Does a transient keep the limits of a class; (S,) each."""

    passed: Array
    """Bool."""
    margin: Array
    """Least of (limit - value) / limit over all limits; -inf where it does not recover. [-]"""
    binding: Array
    """Name of the limit with the least margin."""


def judge_class(measured: Excursion, name: str, change: Change = "increase") -> ClassVerdict:
    """Compare a transient with the limits of a class of ISO 8528-5.

    Parameters
    ----------
    name : "G1", "G2" or "G3".
    change : a sudden increase of load is judged by drop and recovery, a decrease by rise and recovery.
    """
    if name not in CLASSES:
        raise ValueError(f"name must be one of {', '.join(CLASSES)}, got {name!r}")
    if change not in ("increase", "decrease"):
        raise ValueError(f'change must be "increase" or "decrease", got {change!r}')
    limit = CLASSES[name]
    way = "drop" if change == "increase" else "rise"
    pairs = {
        f"frequency_{way}": (getattr(measured, f"frequency_{way}"), getattr(limit, f"frequency_{way}")),
        f"voltage_{way}": (getattr(measured, f"voltage_{way}"), getattr(limit, f"voltage_{way}")),
        "frequency_recovery": (measured.recovery[name], limit.frequency_recovery),
        "voltage_recovery": (measured.voltage_recovery[name], limit.voltage_recovery),
    }
    names = np.array(list(pairs))
    margins = np.stack([1.0 - value / bound for value, bound in pairs.values()])
    worst = np.argmin(margins, axis=0)
    return ClassVerdict(margins.min(axis=0) >= 0.0, margins.min(axis=0), names[worst])

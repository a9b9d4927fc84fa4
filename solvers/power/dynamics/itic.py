"""Does a voltage disturbance at the rack stay inside what its power supplies tolerate?

The ITI (CBEMA) curve of 2000 for events and for waveforms, sags from faults, gaps of transfer switches.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.dynamics.checks import number, rows

Array = NDArray[Any]

# Information Technology Industry Council, "ITI (CBEMA) Curve Application Note", revised 2000, as quoted by
# reproductions of its figure (A. Kusko and M. Thompson, Power Quality in Electrical Systems, 2007, fig. 8.2).
LOWER = np.array([(0.02, 0.0), (0.5, 0.7), (10.0, 0.8), (np.inf, 0.9)])
"""(n, 2) up to this duration [s] the voltage may be as low as [p.u. of nominal]."""
UPPER = np.array([(1.667e-4, 5.0), (1e-3, 2.0), (3e-3, 1.4), (0.5, 1.2), (np.inf, 1.1)])
"""(n, 2) corners: 5.0 p.u. to 0.01 cycle of 60 Hz, then a line (in log time) over 2.0 at 1 ms to 1.4 at 3 ms, then
steps.  The corner at 0.01 cycle is read from the figure."""


class Region(IntEnum):
    """Part of the plane of the ITI curve."""

    TOLERATED = 0
    """Inside the envelope: no interruption in function."""
    NO_DAMAGE = 1
    """Below the envelope: function may be interrupted, nothing is damaged."""
    PROHIBITED = 2
    """Above the envelope: damage may result."""


def lower_limit(duration: ArrayLike) -> Array:
    """Least voltage that is tolerated for this long. [p.u.]"""
    time = number("duration", duration, least=0.0, endless=True)
    return np.asarray(LOWER[np.searchsorted(LOWER[:-1, 0], time, side="left"), 1])


def upper_limit(duration: ArrayLike) -> Array:
    """Largest voltage (rms or peak equivalent) that is tolerated for this long. [p.u.]"""
    time = number("duration", duration, least=0.0, endless=True)
    step = UPPER[np.searchsorted(UPPER[:-1, 0], time, side="left"), 1]
    sloped = np.clip(time, UPPER[0, 0], UPPER[2, 0])
    line = np.interp(np.log(sloped), np.log(UPPER[:3, 0]), UPPER[:3, 1])
    return np.asarray(np.where(time <= UPPER[2, 0], line, step))


@dataclass(frozen=True)
class Judgement:
    """Events against the ITI curve; shapes are those of the events."""

    region: Array
    """:class:`Region` as int."""
    margin: Array
    """Distance to the nearer limit at this duration; negative outside. [p.u.]"""
    time_margin: Array
    """How much longer the event could last at this voltage; negative outside, inf if for ever. [s]"""

    @property
    def tolerated(self) -> Array:
        """Bool."""
        return np.asarray(self.region == Region.TOLERATED)


def longest(voltage: ArrayLike) -> Array:
    """Longest time for which a constant voltage is tolerated; 0 if not at all. [s]"""
    v = number("voltage", voltage, least=0.0)
    low = np.max(np.where(v[..., None] >= LOWER[:, 1], LOWER[:, 0], 0.0), axis=-1)
    high = np.max(np.where(v[..., None] <= UPPER[:, 1], UPPER[:, 0], 0.0), axis=-1)
    on_line = (v > UPPER[2, 1]) & (v <= UPPER[0, 1])
    line = np.exp(np.interp(np.clip(v, UPPER[2, 1], UPPER[0, 1]), UPPER[2::-1, 1], np.log(UPPER[2::-1, 0])))
    return np.asarray(np.minimum(low, np.where(on_line, line, high)))


def judge_events(voltage: ArrayLike, duration: ArrayLike) -> Judgement:
    """Judge rectangular events.

    Parameters
    ----------
    voltage : what remains (a sag) or is reached (a swell), broadcast against ``duration``. [p.u. of nominal]
    duration : inf for the steady state. [s]

    Examples
    --------
    A total loss of 20 ms is tolerated, one of 21 ms is not.
    """
    v = number("voltage", voltage, least=0.0)
    time = number("duration", duration, least=0.0, endless=True)
    low, high = v - lower_limit(time), upper_limit(time) - v
    region = np.where(low < 0, int(Region.NO_DAMAGE), np.where(high < 0, int(Region.PROHIBITED), 0))
    allowed = np.broadcast_to(longest(v), region.shape)
    for_ever = np.isinf(allowed)
    left = np.where(for_ever, np.inf, np.where(for_ever, 0.0, allowed) - time)
    return Judgement(region, np.minimum(low, high), left)


@dataclass(frozen=True)
class WaveformJudgement:
    """Waveforms against the ITI curve, level by level."""

    region: Array
    """(S,) :class:`Region` as int; the worse one where both limits are broken."""
    level: Array
    """(n,) voltages of the steps of the curve. [p.u.]"""
    allowed: Array
    """(n,) longest time beyond each level. [s]"""
    spent: Array
    """(S, n) longest unbroken time below a lower or above an upper level. [s]"""
    time_margin: Array
    """(S,) least ``allowed - spent`` of the levels that were crossed; inf if none was. [s]"""


def judge_waveform(voltage: ArrayLike, step: float) -> WaveformJudgement:
    """Judge rms voltages over time, sampled every ``step`` and held between samples.

    Parameters
    ----------
    voltage : (S, T) or (T,). [p.u. of nominal]
    step : [s]

    Notes
    -----
    The lower curve is a staircase, so a waveform keeps it if and only if it is never below a step's voltage for
    longer than the step before it allows.  That is how nested and multi-stage sags are read here.
    The sloping part above 1.4 p.u. is tested at 1.4, 2 and 5 p.u.
    """
    v = rows("voltage", voltage)
    if np.any(v < 0):
        raise ValueError("voltage must be >= 0")
    length = float(number("step", step, above=0.0))
    below, above = LOWER[1:, 1], UPPER[1:, 1][::-1]
    allowed = np.concatenate([LOWER[:-1, 0], UPPER[:-1, 0][::-1]])
    spent = np.stack(
        [longest_run(v < level) for level in below] + [longest_run(v > level) for level in above], axis=1
    ) * length  # fmt: skip
    slack = np.where(spent > 0, allowed - spent, np.inf)
    tight = slack < -1e-9 * length
    low, high = tight[:, : below.size].any(axis=1), tight[:, below.size :].any(axis=1)
    region = np.where(high, int(Region.PROHIBITED), np.where(low, int(Region.NO_DAMAGE), 0))
    return WaveformJudgement(region, np.concatenate([below, above]), allowed, spent, slack.min(axis=1))


def longest_run(mask: Array) -> Array:
    """(S,) length of the longest run of True in each row of (S, T)."""
    count = np.cumsum(mask, axis=1)
    broken = np.maximum.accumulate(np.where(mask, 0, count), axis=1)
    return np.asarray((count - broken).max(axis=1))


def fault_sag(source_impedance: ArrayLike, fault_impedance: ArrayLike) -> Array:
    """Voltage that remains at the point where the faulted feeder leaves, |Z_f / (Z_s + Z_f)|. [p.u.]

    Parameters
    ----------
    source_impedance : complex, of the network behind that point. [ohm or p.u.]
    fault_impedance : complex, of the feeder from there to the fault and of the fault. [the same]

    Notes
    -----
    Voltage divider of M. Bollen, Understanding Power Quality Problems, IEEE Press, 2000, eq. 4.9.  The load current
    and the contribution of motors and converters are left out.  The sag lasts until the fault is cleared.
    """
    behind, ahead = np.asarray(source_impedance, dtype=complex), np.asarray(fault_impedance, dtype=complex)
    total = behind + ahead
    if not np.all(np.isfinite(total)) or np.any(total == 0):
        raise ValueError("source_impedance + fault_impedance must be finite and not 0")
    return np.asarray(np.abs(ahead) / np.abs(total))


def hold_up_time(rated_hold_up: ArrayLike, load_fraction: ArrayLike) -> Array:
    """Time a power supply runs on its own capacitors: their energy is fixed, so it grows as 1 / load. [s]

    Parameters
    ----------
    rated_hold_up : at full load; 20 ms for an OCP ORv3 5.5 kW supply (as quoted), 10 to 12 ms for CRPS (assumed). [s]
    load_fraction : load / rated load. [-]
    """
    hold = number("rated_hold_up", rated_hold_up, least=0.0)
    load = number("load_fraction", load_fraction, least=0.0)
    return np.asarray(np.where(load > 0, hold / np.where(load > 0, load, 1.0), np.inf))


def transfer_margin(gap: ArrayLike, rated_hold_up: ArrayLike, load_fraction: ArrayLike = 1.0) -> Array:
    """Hold-up time left when a transfer switch has closed on the other source; negative: the load has dropped. [s]

    Parameters
    ----------
    gap : time without voltage: 4 to 8 ms for a static switch, 50 ms to seconds for an automatic one (assumed). [s]
    """
    return np.asarray(hold_up_time(rated_hold_up, load_fraction) - number("gap", gap, least=0.0))

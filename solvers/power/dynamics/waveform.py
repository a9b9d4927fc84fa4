"""Power of training jobs over time, and what a utility asks about it: ramp, range, spectrum.

A training job computes and communicates in turn, every rack in step; each function returns the power of one rack or
group on a time grid, and :func:`many_racks` adds up racks that are not quite in step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.dynamics.checks import number, refuse, rows

Array = NDArray[Any]

OSCILLATION_BAND = (0.1, 20.0)
"""Frequencies in which utilities limit oscillations of large loads: E. Choukse et al., "Power Stabilization for AI
Training Datacenters", arXiv 2508.14318, 2025, as quoted. [Hz]"""

PEAK_FACTOR = 1.4
"""Peak over steady power of a GB300 rack, as quoted by the specification of this project. [-]"""


def time_grid(duration: float, step: float) -> Array:
    """Beginnings of the samples, 0, step, ... < duration. [s]"""
    length = float(number("step", step, above=0.0))
    samples = int(np.ceil(float(number("duration", duration, above=0.0)) / length - 1e-9))
    return np.arange(samples) * length


def square_wave(
    time: ArrayLike, *, low: ArrayLike, high: ArrayLike, period: ArrayLike, duty: ArrayLike = 0.7,
    rise: ArrayLike = 0.0, delay: ArrayLike = 0.0,
) -> Array:  # fmt: skip
    """Compute phases at ``high`` and communication phases at ``low`` in turn.

    Parameters
    ----------
    time : (n,). [s]
    low, high : power; broadcast as (S, 1) against time. [W]
    period : 0.2 to 5 s in training (assumed range). [s]
    duty : share of the period from the beginning of the rise to the beginning of the fall. [-]
    rise : duration of each edge, straight. [s]
    delay : shift to the right. [s]
    """
    t, cycle = np.asarray(time, dtype=float), number("period", period, above=0.0)
    on = number("duty", duty, least=0.0, most=1.0) * cycle
    edge = number("rise", rise, least=0.0)
    refuse("rise", np.asarray((edge > on + 1e-12) | (edge > cycle - on + 1e-12)), "must fit into both phases")
    at = np.mod(number("time", t) - number("delay", delay), cycle)
    tiny = 1e-9 * cycle  # multiples of the step miss the edges by rounding only
    at = np.where(at > cycle - tiny, 0.0, at)
    safe = np.where(edge > 0, edge, 1.0)
    up = np.where(edge > 0, np.clip(at / safe, 0, 1), 1.0)
    down = np.where(edge > 0, np.clip((at - on) / safe, 0, 1), (at >= on - tiny).astype(float))
    floor, top = number("low", low, least=0.0), number("high", high, least=0.0)
    return np.asarray(floor + (top - floor) * (up - down))


def job(
    time: ArrayLike,
    running: ArrayLike,
    *,
    idle: ArrayLike,
    start: float,
    end: float = np.inf,
    rise: float = 5e-3,
) -> Array:
    """A job that goes from idle to ``running`` within milliseconds, and back.

    Parameters
    ----------
    running : (S, n) or (n,) power while it runs. [W]
    idle : power before and after. [W]
    start, end : moments. [s]
    rise : duration of both edges, straight. [s]
    """
    t, length = np.asarray(time, dtype=float), float(number("rise", rise, above=0.0))
    on = np.clip((t - start) / length, 0, 1) - (
        np.clip((t - end) / length, 0, 1) if np.isfinite(end) else 0.0
    )
    rest = number("idle", idle, least=0.0)
    return np.asarray(rest + (np.asarray(running, dtype=float) - rest) * on)


def every(time: ArrayLike, *, factor: float, interval: float, length: float, first: float = 0.0) -> Array:
    """Multiplier that is ``factor`` for ``length`` every ``interval`` seconds, else 1: checkpoints (below 1) and
    peaks above the steady power (EDP peaks, above 1). [-]"""
    t, gap = np.asarray(time, dtype=float), float(number("interval", interval, above=0.0))
    inside = (t >= first) & (np.mod(t - first + 1e-9 * gap, gap) < float(number("length", length, least=0.0)))
    return np.where(inside, float(number("factor", factor, least=0.0)), 1.0)


def many_racks(power: ArrayLike, step: float, delays: ArrayLike) -> Array:
    """Sum of racks that draw the same power, each with its own delay.

    Parameters
    ----------
    power : (n,) of one rack, held in each sample and linear between them when shifted by parts of one. [W]
    delays : (R,) >= 0; before its turn a rack draws the first value. [s]
    """
    one, late = rows("power", power), number("delays", delays, least=0.0)
    if one.shape[0] != 1 or late.ndim != 1:
        raise ValueError("power and delays must each have one axis")
    shift, n = late / float(number("step", step, above=0.0)), one.shape[1]
    whole = np.minimum(np.floor(shift).astype(int), n)
    part = np.where(whole < n, shift - whole, 0.0)
    # racks per shift of k samples; the power is then a sum over steps of the power, each felt by all racks late enough
    count = np.bincount(whole, 1.0 - part, n + 2) + np.bincount(whole + 1, part, n + 2)
    change = np.diff(one[0], prepend=one[0, 0])
    size = 2 * n
    moved = np.fft.irfft(np.fft.rfft(change, size) * np.fft.rfft(np.cumsum(count[:n]), size), size)[:n]
    return np.asarray(one[0, 0] * late.size + moved)


@dataclass(frozen=True)
class LoadSwing:
    """What a utility asks about a load; (S,) each but the spectrum."""

    ramp_up: Array
    ramp_down: Array
    """Steepest rise and fall over the window. [W/s]"""
    dynamic_range: Array
    """Highest minus lowest power. [W]"""
    mean: Array
    """[W]"""
    band_peak: Array
    """Largest amplitude of one line in the band. [W]"""
    band_frequency: Array
    """Where it is. [Hz]"""
    band_rms: Array
    """Root of the mean square of all that lies in the band. [W]"""
    frequency: Array
    """(m,) lines of the spectrum. [Hz]"""
    amplitude: Array
    """(S, m) one-sided amplitudes; a sine of amplitude A on a line shows A. [W]"""


def swing(
    power: ArrayLike,
    step: float,
    *,
    window: float | None = None,
    band: tuple[float, float] = OSCILLATION_BAND,
) -> LoadSwing:
    """Ramp rates, dynamic range and spectrum of a power over time.

    Parameters
    ----------
    power : (S, n) or (n,). [W]
    step : [s]
    window : the ramp is the change over this time divided by it; default one step. [s]
    band : limits of the band. [Hz]

    Notes
    -----
    The spectrum is that of the whole record without a window function: choose its length as a multiple of the period.
    A step of at most 1 / (2 band[1]) is needed for the band, 25 ms for 20 Hz.
    """
    p, length = rows("power", power), float(number("step", step, above=0.0))
    if not 0 < band[0] < band[1]:
        raise ValueError(f"band must be two rising frequencies > 0, got {band}")
    if band[1] > 0.5 / length * (1 + 1e-9):
        raise ValueError(f"step must be at most {0.5 / band[1]:g} s to show {band[1]:g} Hz, got {length:g}")
    lag = 1 if window is None else max(round(float(number("window", window, above=0.0)) / length), 1)
    if p.shape[1] <= lag:
        raise ValueError(f"power has {p.shape[1]} samples, the ramp needs more than {lag}")
    slope = (p[:, lag:] - p[:, :-lag]) / (lag * length)
    n = p.shape[1]
    line = np.fft.rfftfreq(n, length)
    amplitude = np.abs(np.fft.rfft(p, axis=1)) * (2.0 / n)
    amplitude[:, 0] *= 0.5
    if n % 2 == 0:
        amplitude[:, -1] *= 0.5
    inside = (line >= band[0] - 1e-12) & (line <= band[1] + 1e-12)
    if not inside.any():
        raise ValueError(f"the record of {n * length:g} s has no line between {band[0]:g} and {band[1]:g} Hz")
    part = amplitude[:, inside]
    top = np.argmax(part, axis=1)
    weight = np.where((n % 2 == 0) & (np.arange(line.size) == line.size - 1), 1.0, 0.5)[inside]
    return LoadSwing(
        np.maximum(slope.max(axis=1), 0.0), np.maximum(-slope.min(axis=1), 0.0), p.max(axis=1) - p.min(axis=1),
        p.mean(axis=1), part.max(axis=1), line[inside][top], np.sqrt((weight * part**2).sum(axis=1)), line, amplitude,
    )  # fmt: skip

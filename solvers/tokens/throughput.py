"""Tokens per second of a fleet: measured points at a service level, and what a power cap takes away.

A serving system trades speed for the one user (interactivity) against throughput of the whole; a benchmark
gives points on that frontier.  Between points the throughput is interpolated, beyond them it is not invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

IDLE_FRACTION = 0.1
"""Accelerator power at rest over full power; assumed (an H100 SXM rests near 70 W of 700 W)."""
EXPONENT = 0.5
"""Of :func:`relative_throughput`; assumed between the cube law (1/3) and proportion (1)."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """One measured point of a platform serving a model."""

    platform: str
    """Accelerator system, as the benchmark names it."""
    model: str
    """Model served, with sequence lengths if the benchmark fixes them."""
    precision: str
    """Number format of weights and activations."""
    interactivity: float
    """Service level: output tokens per second for each user. [1/s]"""
    tokens_per_second: float
    """Throughput of one accelerator at that level. [1/s]"""
    accelerator_power: float
    """Power of one accelerator at that level. [W]"""
    source: str
    """Benchmark and date; or the word "assumed"."""

    def __post_init__(self) -> None:
        if min(self.interactivity, self.tokens_per_second, self.accelerator_power) <= 0.0:
            raise ValueError("interactivity, tokens_per_second and accelerator_power must be positive")


def per_accelerator(points: Sequence[Point], interactivity: ArrayLike) -> tuple[Array, Array]:
    """Throughput [1/s] and power [W] of one accelerator at a service level.

    Parameters
    ----------
    points : sequence of Point
        Of one platform, model and precision; levels distinct.
    interactivity : array_like
        Wanted output tokens per second for each user. [1/s]

    Notes ----- Logarithm of throughput, and power, linear in the level between points.  Below the slowest
    point its values are kept (a slower service could do more, but was not measured); above the fastest point
    the level cannot be served: throughput 0, at the power of that point.
    """
    if len({(p.platform, p.model, p.precision) for p in points}) != 1:
        raise ValueError(
            "points must be of one platform, model and precision, or the frontier mixes machines"
        )
    ordered = sorted(points, key=lambda p: p.interactivity)
    level = np.array([p.interactivity for p in ordered])
    if np.any(np.diff(level) <= 0.0):
        raise ValueError("points must have distinct interactivity, or one level has two throughputs")
    wanted = np.asarray(interactivity, float)
    rate = np.exp(np.interp(wanted, level, np.log([p.tokens_per_second for p in ordered])))
    power = np.interp(wanted, level, [p.accelerator_power for p in ordered])
    return np.where(wanted <= level[-1], rate, 0.0), power


def relative_throughput(
    power_fraction: ArrayLike, *, idle_fraction: ArrayLike = IDLE_FRACTION, exponent: ArrayLike = EXPONENT
) -> Array:
    """Throughput under a power cap over throughput without: ``((p - idle) / (1 - idle)) ** exponent``.

    Parameters
    ----------
    power_fraction : array_like
        Power allowed over power wanted; at or above 1 nothing is lost, at or below idle nothing runs. [-]
    idle_fraction, exponent : array_like
        See :data:`IDLE_FRACTION` and :data:`EXPONENT`.

    Notes ----- The form is assumed: concave, because voltage falls with frequency (dynamic power goes with
    V^2 f, which gives exponent 1/3 where voltage follows frequency).  The default is on the careful side of
    what was measured: training under a 150 W cap on 250 W accelerators took 6.8 % longer and 13.7 % less
    energy [1]_, so 81 % of the power gave 94 % of the throughput; this function says 89 %.  Memory-bound
    decoding loses still less, often nothing [2]_.

    References
    ----------
    .. [1] J. McDonald et al., "Great Power, Great Responsibility: Recommendations for Reducing Energy for
       Training Language Models", Findings of NAACL 2022, arXiv:2205.09646.
    .. [2] B. Ma et al., "The Illusion of Power Capping in LLM Decode", arXiv:2605.11999, 2026.
    """
    idle = np.asarray(idle_fraction, float)
    lively = np.clip((np.asarray(power_fraction, float) - idle) / (1.0 - idle), 0.0, 1.0)
    return lively ** np.asarray(exponent, float)


def tokens_per_second(
    points: Sequence[Point],
    interactivity: ArrayLike,
    accelerators: ArrayLike,
    power_fraction: ArrayLike = 1.0,
    *,
    idle_fraction: ArrayLike = IDLE_FRACTION,
    exponent: ArrayLike = EXPONENT,
) -> Array:
    """Output of a fleet at a service level under a power cap. [1/s]

    ``accelerators`` is the number that run; everything broadcasts.  Throttled accelerators keep the batch and
    miss the service level by the same factor: the level is that of the uncapped points.
    """
    rate, _ = per_accelerator(points, interactivity)
    throttled = relative_throughput(power_fraction, idle_fraction=idle_fraction, exponent=exponent)
    return np.asarray(rate * np.asarray(accelerators, float) * throttled)

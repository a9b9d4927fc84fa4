"""Valve characteristics: flow coefficient against stroke, and what authority makes of it in a circuit."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Characteristic = Literal["linear", "equal percentage"]


def relative_capacity(stroke: ArrayLike, kind: Characteristic, rangeability: float) -> Array:
    """Flow coefficient over that of the open valve [-]; ``stroke`` 0..1, ``rangeability`` R > 1.

    Inherent characteristics of IEC 60534-2-4: linear ``1/R + (1 - 1/R) x``, equal percentage ``R^(x-1)``.
    """
    if not (np.isfinite(rangeability) and rangeability > 1.0):
        raise ValueError(f"rangeability must be finite and > 1, not {rangeability}")
    x = np.asarray(stroke, float)
    if not (np.isfinite(x).all() and (x >= 0.0).all() and (x <= 1.0).all()):
        raise ValueError("stroke must lie between 0 and 1")
    if kind == "linear":
        return np.asarray(1.0 / rangeability + (1.0 - 1.0 / rangeability) * x)
    if kind == "equal percentage":
        return np.asarray(rangeability ** (x - 1.0))
    raise ValueError(f"characteristic {kind!r} is none of 'linear', 'equal percentage'")


def coefficient_for_authority(circuit: ArrayLike, authority: ArrayLike) -> Array:
    """Drop coefficient of the open valve that gives it an authority in a circuit [Pa/(kg/s)^2].

    ``circuit``: coefficient of the part whose flow the valve varies, without the valve.  Authority = drop of
    the open valve over that of valve and circuit together, 0 < N < 1 (ASHRAE Handbook - HVAC Systems and
    Equipment, "Valves", as quoted).
    """
    n = np.asarray(authority, float)
    if not ((n > 0.0).all() and (n < 1.0).all()):
        raise ValueError("authority must lie between 0 and 1, both excluded")
    return np.asarray(circuit, float) * n / (1.0 - n)


def installed_flow(
    stroke: ArrayLike,
    authority: ArrayLike,
    kind: Characteristic = "equal percentage",
    rangeability: float = 50.0,
) -> Array:
    """Flow over that at full stroke, at constant differential pressure over valve and quadratic circuit [-]."""
    n = np.asarray(authority, float)
    return np.asarray(1.0 / np.sqrt(1.0 - n + n / relative_capacity(stroke, kind, rangeability) ** 2))

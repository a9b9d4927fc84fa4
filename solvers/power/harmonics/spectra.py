"""Harmonic currents of rectifier front ends and power supplies, per fundamental current."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

ACTIVE_FRONT_END = {
    3: 0.003,
    5: 0.020,
    7: 0.014,
    11: 0.009,
    13: 0.007,
    17: 0.005,
    19: 0.004,
    23: 0.003,
    25: 0.003,
}
"""UPS with IGBT rectifier at full load: total 2.8 %, below the 3 % that makers state; the split is assumed."""

PFC_SUPPLY = {3: 0.030, 5: 0.020, 7: 0.015, 9: 0.010, 11: 0.008, 13: 0.007, 15: 0.005, 17: 0.004, 19: 0.004}
"""Single-phase server supply with power factor correction at half load or more: total 4.3 %; assumed."""

CAPACITOR_INPUT_SUPPLY = {3: 0.81, 5: 0.606, 7: 0.370, 9: 0.157, 11: 0.024, 13: 0.063, 15: 0.079}
"""Single-phase switch-mode supply without correction, rich in triplens; as quoted in harmonics texts after IEEE 1100,
check before use."""

SIX_PULSE_WITH_CHOKE = {5: 0.32, 7: 0.09, 11: 0.055, 13: 0.035, 17: 0.026, 19: 0.018, 23: 0.015, 25: 0.012}
"""Diode rectifier with capacitor and 5 % line reactance, total 34 %; assumed after the typical spectra of drives."""


def from_table(orders: ArrayLike, table: Mapping[int, complex]) -> Array:
    """(H,) complex spectrum at ``orders`` from order -> fraction; orders that are not in it are 0."""
    return np.array([table.get(int(h), 0.0) for h in np.atleast_1d(np.asarray(orders))], dtype=complex)


def rectifier(
    orders: ArrayLike, *, pulses: int = 6, firing: float = 0.0, overlap: float = 0.0, residual: float = 0.0
) -> Array:
    """(H,) complex spectrum of a line-commutated rectifier with smooth direct current.

    Parameters
    ----------
    pulses : 6, 12, 18, 24 ...: orders 6 k +- 1 that are not ``pulses`` k +- 1 are cancelled.
    firing : delay angle; 0 for diodes. [rad]
    overlap : commutation angle. [rad]
    residual : what is left of cancelled orders in practice, 0.1 to 0.15 (assumed range); 0 = ideal. [-]

    Notes
    -----
    Without overlap 1/h, alternately opposed in sign (a block of 120 degrees centred on its fundamental).  With overlap
    |I_h| / I_1 = F_h / F_1, F_h = sqrt(A^2 + B^2 - 2 A B cos(2 firing + overlap)) / h, A = sin((h - 1) overlap / 2) /
    (h - 1), B = sin((h + 1) overlap / 2) / (h + 1) (IEEE 519-1992, clause 4, as quoted; checked here against the
    transform of the waveform).  The angles remain those without overlap, with the fundamental current as reference.
    """
    h = np.atleast_1d(np.asarray(orders)).astype(int)
    if pulses < 6 or pulses % 6:
        raise ValueError(f"pulses must be a multiple of 6, got {pulses}")
    if not (0 <= firing < np.pi / 2 and 0 <= overlap < np.pi / 3 and 0 <= residual <= 1):
        raise ValueError("firing must be in [0, pi/2), overlap in [0, pi/3), residual in [0, 1]")
    rest = h % 6
    own = (rest == 1) | (rest == 5)
    kept = (h % pulses == 1) | (h % pulses == pulses - 1)
    size = _block(h.astype(float), firing, overlap) / _block(np.ones(1), firing, overlap)[0]
    sign = np.where(rest == 5, -1.0, 1.0)
    return np.where(own, sign * size * np.where(kept, 1.0, residual), 0.0).astype(complex)


def _block(h: Array, firing: float, overlap: float) -> Array:
    if overlap == 0.0:
        return 1.0 / h
    a = 0.5 * overlap * np.sinc((h - 1.0) * 0.5 * overlap / np.pi)
    b = np.sin(0.5 * (h + 1.0) * overlap) / (h + 1.0)
    # (A - B)^2 + 4 AB sin^2: the same without the loss of digits for small overlaps
    return np.asarray(np.sqrt((a - b) ** 2 + 4 * a * b * np.sin(firing + 0.5 * overlap) ** 2) / h)


def total_distortion(spectrum: ArrayLike) -> Array:
    """Root of the sum of squares over the last axis, per fundamental. [-]"""
    return np.asarray(np.sqrt((magnitudes("spectrum", spectrum) ** 2).sum(axis=-1)))


def magnitudes(name: str, value: ArrayLike) -> Array:
    """Sizes of complex values; a ValueError for one that is not finite."""
    size = np.abs(np.asarray(value, dtype=complex))
    if not np.isfinite(size).all():
        index = ", ".join(str(int(i)) for i in np.argwhere(~np.isfinite(size))[0])
        raise ValueError(f"{name}{f'[{index}]' if index else ''} is not finite")
    return np.asarray(size)


def neutral_current(orders: ArrayLike, phase_current: ArrayLike) -> Array:
    """Current in the neutral of a balanced four-wire system: three times the triplens of a phase. [A]

    Parameters
    ----------
    orders : (H,)
    phase_current : (..., H) magnitude of each order. [A]
    """
    triplen, size = np.asarray(orders) % 3 == 0, magnitudes("phase_current", phase_current)
    if size.shape[-1:] != triplen.shape:
        raise ValueError(f"phase_current has shape {size.shape}, expected (..., {triplen.size})")
    return np.asarray(3.0 * np.sqrt((size[..., triplen] ** 2).sum(axis=-1)))

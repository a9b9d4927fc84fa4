"""Limits of IEEE Std 519 at the point of common coupling, and how a design compares with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.harmonics.spectra import magnitudes

Array = NDArray[Any]
Edition = Literal["2022", "2014"]

VOLTAGE_LIMITS = ((1e3, 0.050, 0.080), (69e3, 0.030, 0.050), (161e3, 0.015, 0.025), (np.inf, 0.010, 0.015))
"""Up to this nominal voltage [V]: limit of one order and of the total [of the nominal voltage].  IEEE Std 519-2022 (and
-2014) Table 1, as quoted."""

BANDS = (11, 17, 23, 35, 51)
"""Upper ends (excluded) of the bands of orders of the current limits; above the 50th there is none."""

_GENERAL = (
    (20, 4.0, 2.0, 1.5, 0.6, 0.3, 5.0), (50, 7.0, 3.5, 2.5, 1.0, 0.5, 8.0), (100, 10.0, 4.5, 4.0, 1.5, 0.7, 12.0),
    (1000, 12.0, 5.5, 5.0, 2.0, 1.0, 15.0), (np.inf, 15.0, 7.0, 6.0, 2.5, 1.4, 20.0),
)  # fmt: skip
_SUBTRANSMISSION = (
    (20, 2.0, 1.0, 0.75, 0.3, 0.15, 2.5), (50, 3.5, 1.75, 1.25, 0.5, 0.25, 4.0), (100, 5.0, 2.25, 2.0, 0.75, 0.35, 6.0),
    (1000, 6.0, 2.75, 2.5, 1.0, 0.5, 7.5), (np.inf, 7.5, 3.5, 3.0, 1.25, 0.7, 10.0),
)  # fmt: skip
_TRANSMISSION = (
    (25, 1.0, 0.5, 0.38, 0.15, 0.10, 1.5), (50, 2.0, 1.0, 0.75, 0.30, 0.15, 2.5),
    (np.inf, 3.0, 1.5, 1.15, 0.45, 0.22, 3.75),
)  # fmt: skip
CURRENT_LIMITS = ((69e3, _GENERAL), (161e3, _SUBTRANSMISSION), (np.inf, _TRANSMISSION))
"""Up to this nominal voltage [V]: rows of (I_sc / I_L below, limits of the five bands, TDD) in percent of the maximum
demand current I_L.  IEEE Std 519-2022 (and -2014) Table 2 as quoted, Tables 3 and 4 recalled."""


def voltage_limits(nominal: ArrayLike) -> tuple[Array, Array]:
    """Limit of one order and of the total at a nominal voltage [V], per nominal voltage. [-]"""
    v = _positive("nominal", nominal)
    row = np.searchsorted([limit for limit, _, _ in VOLTAGE_LIMITS], v, side="left")
    single, total = (np.array([r[k] for r in VOLTAGE_LIMITS]) for k in (1, 2))
    return single[row], total[row]


def current_limits(
    orders: ArrayLike, ratio: ArrayLike, nominal: float, *, edition: Edition = "2022"
) -> tuple[Array, Array]:
    """Limits of the harmonic currents and of the total demand distortion.

    Parameters
    ----------
    orders : (H,)
    ratio : (n,) or one: short-circuit current / maximum demand current at the point of common coupling. [-]
    nominal : line-to-line voltage there. [V]
    edition : "2022": even orders up to the 6th have half the limit of their band (Table 2, note a), higher ones the whole;
        "2014": all even orders have a quarter.

    Returns
    -------
    (n, H) and (n,), per maximum demand current; inf above the 50th. [-]
    """
    if edition not in ("2022", "2014"):
        raise ValueError(f'edition must be "2022" or "2014", got {edition!r}')
    h, r = np.atleast_1d(np.asarray(orders)), np.atleast_1d(_positive("ratio", ratio))
    v = float(_positive("nominal", nominal))
    table = np.array(next(rows for limit, rows in CURRENT_LIMITS if v <= limit))
    row = np.searchsorted(table[:, 0], r, side="right")
    band = np.searchsorted(BANDS, h, side="right")
    limit = table[np.minimum(row, table.shape[0] - 1)][:, 1:6][:, np.minimum(band, 4)] / 100.0
    even = h % 2 == 0
    factor = np.where(even & (h <= 6), 0.5, 1.0) if edition == "2022" else np.where(even, 0.25, 1.0)
    limit = np.where(band > 4, np.inf, limit * factor)
    return limit, table[np.minimum(row, table.shape[0] - 1), 6] / 100.0


def _positive(name: str, value: ArrayLike) -> Array:
    array = np.asarray(value, dtype=float)
    if np.any(~(array > 0)):
        raise ValueError(f"{name} must be > 0")
    return array


@dataclass(frozen=True)
class Verdict:
    """Distortion against its limits, for n points."""

    distortion: Array
    """(n,) total: THD of the voltage, or TDD of the current. [-]"""
    total_limit: Array
    """(n,). [-]"""
    limit: Array
    """(n, H) of each order. [-]"""
    margin: Array
    """(n,) least of (limit - value) / limit over total and orders; negative: not kept. [-]"""
    worst_order: Array
    """(n,) order with the least margin, 0 if it is the total."""

    @property
    def passed(self) -> Array:
        """(n,) bool."""
        return np.asarray(self.margin >= 0)


def judge_voltage(orders: ArrayLike, voltage: ArrayLike, nominal: ArrayLike) -> Verdict:
    """Voltages (n, H) per nominal, at points of nominal voltage (n,) [V], against Table 1."""
    v = np.atleast_2d(magnitudes("voltage", voltage))
    single, total = voltage_limits(np.broadcast_to(np.asarray(nominal, dtype=float), (v.shape[0],)))
    return _judge(np.atleast_1d(np.asarray(orders)), v, np.broadcast_to(single[:, None], v.shape), total)


def judge_current(
    orders: ArrayLike, current: ArrayLike, demand: ArrayLike, short_circuit: ArrayLike, nominal: float,
    *, edition: Edition = "2022",
) -> Verdict:  # fmt: skip
    """Currents (n, H) [A] against Tables 2 to 4.

    Parameters
    ----------
    demand : (n,) maximum demand current I_L: fundamental, mean of the largest of each of the last 12 months. [A]
    short_circuit : (n,) maximum short-circuit current there. [A]
    """
    i = np.atleast_2d(magnitudes("current", current))
    base = np.broadcast_to(_positive("demand", demand), (i.shape[0],))
    ratio = np.broadcast_to(_positive("short_circuit", short_circuit), (i.shape[0],)) / base
    limit, total = current_limits(orders, ratio, nominal, edition=edition)
    return _judge(np.atleast_1d(np.asarray(orders)), i / base[:, None], limit, total)


def _judge(orders: Array, value: Array, limit: Array, total: Array) -> Verdict:
    if value.shape[1] != orders.size:
        raise ValueError(f"{value.shape[1]} values for {orders.size} orders")
    counted = np.isfinite(limit)
    sum_ = np.sqrt((np.where(counted, value, 0.0) ** 2).sum(axis=1))
    each = 1.0 - value / limit
    margins = np.concatenate([(1.0 - sum_ / total)[:, None], each], axis=1)
    worst = np.argmin(margins, axis=1)
    return Verdict(sum_, total, limit, margins.min(axis=1), np.concatenate([[0], orders])[worst])

"""Are devices rated for the short circuits they may meet: interrupting, making, short-time withstand, cables.

All functions take arrays that broadcast, so one call checks every device in every scenario.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.power.faults.corrections import LOW_VOLTAGE, thermal_equivalent
from solvers.power.faults.problem import FaultCurrents, FaultProblem
from solvers.power.faults.tables import Array, refuse

UL489_TEST_POWER_FACTOR = ((10e3, 0.50), (20e3, 0.30), (np.inf, 0.20))
"""Largest test power factor of moulded-case breakers up to an interrupting rating [A]: UL 489, as quoted in
TSEWG TP-6 (2008) Table 1 with the X/R of 1.73, 3.18 and 4.90."""
C37_13_TEST_POWER_FACTOR = {"unfused": 0.15, "fused": 0.20}
"""Low-voltage power breakers: IEEE C37.13, as quoted in TSEWG TP-6 (2008) Table 2 (X/R 6.6 and 4.9)."""
LOW_VOLTAGE_MAKING = ((6e3, 1.5), (10e3, 1.7), (20e3, 2.0), (50e3, 2.1), (np.inf, 2.2))
"""Making over breaking capacity up to a breaking capacity [A]: IEC 60947-2 Table 2, as quoted."""
HIGH_VOLTAGE_MAKING = {50.0: 2.5, 60.0: 2.6}
"""The same above 1 kV by frequency [Hz], time constant 45 ms: IEC 62271-1, as quoted."""
ADIABATIC = {
    ("copper", "pvc"): 115.0,
    ("copper", "xlpe"): 143.0,
    ("aluminium", "pvc"): 76.0,
    ("aluminium", "xlpe"): 94.0,
}
"""k of S k = I sqrt(t) for insulated conductors: IEC 60364-4-43 Table 43A, as quoted (PVC up to 300 mm2).
[A s^0.5 / mm2]"""


def x_over_r(power_factor: Array | float) -> Array:
    """X/R of a test circuit: tan(acos(power factor))."""
    factor = np.asarray(power_factor, float)
    refuse("power_factor", factor, ~((factor > 0) & (factor <= 1)), "must be above 0 and at most 1")
    return np.asarray(np.sqrt(1 - factor**2) / factor)


def _step(table: tuple[tuple[float, float], ...], value: Array | float) -> Array:
    limits, factors = np.array(table).T
    _number("rating", value)
    return np.asarray(factors[np.searchsorted(limits, np.asarray(value, float))])


def _number(name: str, value: Array | float) -> Array:
    """A float array without NaN; infinity is a rating that is not there."""
    array = np.asarray(value, float)
    refuse(name, array, np.isnan(array), "must be a number")
    return array


def ul489_test_ratio(interrupting: Array | float) -> Array:
    """X/R at which a moulded-case breaker of this interrupting rating [A] was tested at least."""
    return x_over_r(_step(UL489_TEST_POWER_FACTOR, interrupting))


def making_capacity(interrupting: Array | float, voltage: Array | float, frequency: float) -> Array:
    """Smallest rated making capacity (peak) that goes with a breaking capacity. [A]

    Parameters
    ----------
    interrupting : symmetrical breaking capacity (I_cu or I_sc). [A]
    voltage : rated voltage; up to 1 kV IEC 60947-2 Table 2, above it IEC 62271-1. [V]
    frequency : 50 or 60 matter only above 1 kV. [Hz]
    """
    interrupting = _number("interrupting", interrupting)
    high = HIGH_VOLTAGE_MAKING[50.0 if frequency < 55 else 60.0]
    factor = np.where(np.asarray(voltage) <= LOW_VOLTAGE, _step(LOW_VOLTAGE_MAKING, interrupting), high)
    return np.asarray(factor * interrupting)


def interrupting_multiplier(
    ratio: Array | float, test_ratio: Array | float, *, delayed: bool = False
) -> Array:
    """Multiplying factor of the symmetrical current for a device tested at a smaller X/R; at least 1.

    Parameters
    ----------
    ratio : X/R of the network at the fault. [-]
    test_ratio : X/R of the test circuit. [-]
    delayed : compare the currents by their root mean square over the first half cycle (fused breakers) instead of
        by their peak (breakers with instantaneous trip).

    Notes
    -----
    Peak: (1 + exp(-pi R/X)) over the same at the test; rms: sqrt(1 + 2 exp(-2 pi R/X)) over the same (IEEE C37.13
    and IEEE 242, as quoted).
    """

    _number("ratio", ratio)
    _number("test_ratio", test_ratio)

    def stress(x_r: Array | float) -> Array:
        r_x = 1 / np.maximum(np.asarray(x_r, float), 1e-9)
        return np.sqrt(1 + 2 * np.exp(-2 * np.pi * r_x)) if delayed else np.asarray(1 + np.exp(-np.pi * r_x))

    return np.maximum(stress(ratio) / stress(test_ratio), 1.0)


@dataclass(frozen=True)
class DeviceRatings:
    """Ratings of D devices, arrays (D,); what a device has no rating for is inf."""

    interrupting: Array
    """Symmetrical interrupting rating or I_cu. [A]"""
    making: Array
    """Making capacity, peak. [A]"""
    withstand: Array
    """Short-time withstand I_cw. [A]"""
    withstand_time: Array
    """Time to which I_cw belongs. [s]"""
    test_ratio: Array
    """X/R of the test circuit for devices after UL or ANSI; inf for devices after IEC, whose making capacity
    covers the asymmetry. [-]"""
    fused: Array | bool = False
    """(D,) bool: compare asymmetry by rms over half a cycle, as for fused breakers, instead of by peak."""

    def __post_init__(self) -> None:
        size = np.size(self.interrupting)
        for name in ("interrupting", "making", "withstand", "withstand_time", "test_ratio"):
            value = np.atleast_1d(np.asarray(getattr(self, name), float))
            if value.shape != (size,):
                raise ValueError(f"{name} has shape {value.shape}, expected ({size},)")
            refuse(name, value, ~(value > 0), "must be above 0")
            object.__setattr__(self, name, value)
        fused = np.asarray(self.fused, bool)
        if fused.shape not in ((), (size,)):
            raise ValueError(f"fused has shape {fused.shape}, expected ({size},)")
        object.__setattr__(self, "fused", np.broadcast_to(fused, (size,)))


@dataclass(frozen=True)
class Duties:
    """What devices meet over what they are rated for, arrays (..., D); above 1 the device is over its rating."""

    interrupting: Array
    making: Array
    withstand: Array
    multiplier: Array
    """Factor of the symmetrical current for its X/R, contained in ``interrupting``."""

    @property
    def ok(self) -> Array:
        """(..., D) bool: no rating is exceeded."""
        return (self.interrupting <= 1) & (self.making <= 1) & (self.withstand <= 1)


def device_duties(
    ratings: DeviceRatings,
    initial: Array,
    peak: Array,
    kappa: Array,
    clearing_time: Array | float,
    *,
    frequency: float,
    steady: Array | None = None,
) -> Duties:
    """Compare ratings with the currents through D devices.

    Parameters
    ----------
    initial, peak, kappa : (..., D) I_k'' [A], i_p [A] and kappa of the currents that pass the devices.
    clearing_time : how long a device that stays closed must carry the fault. [s]
    frequency : [Hz]
    steady : I_k where it differs from I_k''. [A]

    Notes
    -----
    X/R of the multiplier is that which kappa stands for (kappa = 1.02 + 0.98 exp(-3 R/X)).  A withstand rating for
    t_cw allows I_cw sqrt(t_cw / t) for longer and I_cw for shorter times (IEC 60865-1 clause 6, as quoted).
    """
    initial, time = np.asarray(initial, float), np.asarray(clearing_time, float)
    refuse("clearing_time", time, ~(np.isfinite(time) & (time > 0)), "must be above 0")
    ratio = ratio_of_kappa(kappa)
    by_peak, by_rms = (
        interrupting_multiplier(ratio, ratings.test_ratio, delayed=rms) for rms in (False, True)
    )
    multiplier = np.where(ratings.fused, by_rms, by_peak)
    heat = thermal_equivalent(initial, np.asarray(kappa, float), time, frequency, steady)
    allowed = ratings.withstand * np.minimum(1, np.sqrt(ratings.withstand_time / time))
    return Duties(
        multiplier * initial / ratings.interrupting, np.asarray(peak, float) / ratings.making,
        np.where(initial > 0, heat, 0) / allowed, multiplier,
    )  # fmt: skip


def through_currents(problem: FaultProblem, answer: FaultCurrents) -> tuple[Array, Array, Array]:
    """Largest three-phase currents that each branch may have to interrupt: I_k'' [A], i_p [A], kappa; (S, K, E).

    A breaker sees a fault at either of its ends fed from the other; the greater of both counts.  What converters add
    at that bus is added whole, an upper bound, since their share of a branch is not known.  ``answer`` needs its
    partial and peak currents.

    Raises
    ------
    ValueError
        If ``answer`` lacks them.
    """
    branches = problem.branches
    if branches.from_bus.size and not (answer.branch_from.size and answer.kappa.size):
        raise ValueError("answer has no partial or no peak currents; ask short_circuit for them")
    ends = []
    for bus, brought in ((branches.from_bus, answer.branch_from), (branches.to_bus, answer.branch_to)):
        machines, converter, kappa = np.abs(brought), answer.converter_part[..., bus], answer.kappa[..., bus]
        ends.append((machines + converter, np.sqrt(2) * (kappa * machines + converter), kappa))
    first = ends[0][0] >= ends[1][0]
    current, peak, kappa = (np.where(first, one, other) for one, other in zip(*ends, strict=True))
    return current, peak, kappa


def ratio_of_kappa(kappa: Array) -> Array:
    """X/R that a peak factor stands for; at most 1e3."""
    part = np.clip((np.asarray(kappa, float) - 1.02) / 0.98, 1e-12, np.exp(-3e-3))
    return np.asarray(-3 / np.log(part))


def adiabatic_limit(area: Array | float, duration: Array | float, conductor: str, insulation: str) -> Array:
    """Largest current that a cable carries for a duration (0.1 to 5 s) without harm: k S / sqrt(t). [A]

    Parameters
    ----------
    area : cross-section. [m2]
    duration : [s]
    conductor, insulation : "copper" or "aluminium", "pvc" or "xlpe".
    """
    if (conductor, insulation) not in ADIABATIC:
        raise ValueError(f"no k for {conductor!r} with {insulation!r}; known: {sorted(ADIABATIC)}")
    area, duration = np.asarray(area, float), np.asarray(duration, float)
    refuse("duration", duration, ~(duration > 0), "must be above 0")
    return np.asarray(ADIABATIC[conductor, insulation] * area * 1e6 / np.sqrt(duration))

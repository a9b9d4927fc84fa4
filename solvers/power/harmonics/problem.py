"""What a harmonic study is asked (:class:`HarmonicProblem`) and what it answers (:class:`HarmonicSolution`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.status import Status

Array = NDArray[Any]


class ZeroPath(IntEnum):
    """What zero-sequence current (the triplens of a balanced system) finds in a branch."""

    THROUGH = 0
    """A line or cable with neutral, or a YNyn transformer: it passes."""
    TO_EARTH = 1
    """Delta on the from side, earthed star on the to side: the to side is closed through the delta, nothing passes."""
    FROM_EARTH = 2
    """Earthed star on the from side, delta on the to side."""
    OPEN = 3
    """Dd, Yy, YNy, Dy: no path."""


def _absent() -> Array:
    return np.empty(0)


@dataclass(frozen=True)
class HarmonicProblem:
    """Balanced three-phase network with harmonic currents drawn at some buses, at H orders in S scenarios.

    B buses, E branches, G sources, C capacitor banks, M linear loads, K injectors.  A field written (S, x) may be given
    as (x,) or (1, x).  Per unit is on ``base_power`` and the nominal voltage of the bus.  Buses joined by closed switches
    are one bus here.
    """

    base_power: float
    """Three-phase. [VA]"""
    bus_voltage: Array
    """(B,) nominal, line to line. [V]"""
    orders: Array
    """(H,) harmonic orders, whole numbers >= 2."""

    branch_from: Array = field(default_factory=_absent)
    branch_to: Array = field(default_factory=_absent)
    """(E,) bus indices."""
    branch_impedance: Array = field(default_factory=_absent)
    """(E,) R + jX at the fundamental, on the nominal voltage of the to side. [p.u.]"""
    branch_charging: Array = field(default_factory=_absent)
    """(E,) total susceptance at the fundamental, half at each end. [p.u.]"""
    branch_ratio: Array = field(default_factory=_absent)
    """(E,) off-nominal ratio at the from side. [-]"""
    branch_shift: Array = field(default_factory=_absent)
    """(E,) angle by which the to side leads the from side in the positive sequence: -pi/6 for Dyn1. [rad]"""
    branch_skin: Array = field(default_factory=_absent)
    """(E,) a in R(h) = R h^a: 0 constant, 0.5 skin effect at its strongest. [-]"""
    branch_zero_impedance: Array = field(default_factory=_absent)
    """(E,) zero-sequence R + jX at the fundamental; default the positive one. [p.u.]"""
    branch_zero_path: Array = field(default_factory=_absent)
    """(E,) :class:`ZeroPath`."""
    branch_closed: Array = field(default_factory=_absent)
    """(S, E) bool."""

    source_bus: Array = field(default_factory=_absent)
    """(G,) bus of a utility or generator."""
    source_impedance: Array = field(default_factory=_absent)
    """(G,) short-circuit R + jX at the fundamental; X'' of a generator. [p.u.]"""
    source_zero_impedance: Array = field(default_factory=_absent)
    """(G,) default the positive one. [p.u.]"""
    source_background: Array = field(default_factory=_absent)
    """(H, G) complex harmonic voltage of the source behind its impedance. [p.u.]"""
    source_live: Array = field(default_factory=_absent)
    """(S, G) bool."""

    capacitor_bus: Array = field(default_factory=_absent)
    """(C,)"""
    capacitor_power: Array = field(default_factory=_absent)
    """(C,) reactive power of the capacitors alone at nominal voltage and fundamental. [var]"""
    capacitor_tuning: Array = field(default_factory=_absent)
    """(C,) order to which a reactor in series tunes them, 0 = no reactor; 4.2 or 3.78 are detuned. [-]"""
    capacitor_quality: Array = field(default_factory=_absent)
    """(C,) reactance of the reactor at its tuning order / its resistance (assumed 30). [-]"""
    capacitor_earthed: Array = field(default_factory=_absent)
    """(C,) bool: earthed star, so zero sequence passes."""
    capacitor_on: Array = field(default_factory=_absent)
    """(S, C) bool."""

    load_bus: Array = field(default_factory=_absent)
    """(M,) linear loads, which damp resonances."""
    load_power: Array = field(default_factory=_absent)
    """(M,) complex P + jQ at the fundamental: R and X in parallel, X(h) = h X.  No zero-sequence path. [VA]"""

    injector_bus: Array = field(default_factory=_absent)
    """(K,) bus of a converter or other load that draws harmonic currents."""
    injector_current: Array = field(default_factory=_absent)
    """(S, K) complex fundamental current drawn; its angle is on the reference of the fundamental bus voltages. [A]"""
    injector_spectrum: Array = field(default_factory=_absent)
    """(H, K) complex current of each order per fundamental: order h is |I1| |a_h| at angle h arg(I1) + arg(a_h). [-]"""

    def __post_init__(self) -> None:
        if not (np.isfinite(self.base_power) and self.base_power > 0):
            raise ValueError(f"base_power must be a finite power > 0 VA, got {self.base_power}")
        orders = np.asarray(self.orders)
        if orders.ndim != 1 or orders.size == 0 or np.any(orders != np.floor(orders)) or np.any(orders < 2):
            raise ValueError("orders must be whole numbers >= 2 on one axis")
        counts = {
            name.split("_")[0]: np.size(getattr(self, name))
            for name in (
                "bus_voltage",
                "branch_from",
                "source_bus",
                "capacitor_bus",
                "load_bus",
                "injector_bus",
            )
        }
        object.__setattr__(self, "orders", orders.astype(int))
        for name, rule in _FIELDS.items():
            shaped = _shaped(name, getattr(self, name), rule, counts[name.split("_")[0]], orders.size)
            object.__setattr__(self, name, shaped)
        for kind in ("branch", "source"):
            if np.size(getattr(self, f"{kind}_zero_impedance")) == 0:
                object.__setattr__(self, f"{kind}_zero_impedance", getattr(self, f"{kind}_impedance"))
        lengths = {getattr(self, n).shape[0] for n, r in _FIELDS.items() if r.axis == "S"} - {1}
        if len(lengths) > 1:
            raise ValueError(f"scenario arrays disagree on the number of scenarios: {sorted(lengths)}")
        _check_values(self, counts)

    @property
    def scenarios(self) -> int:
        """Number of scenarios S."""
        return max(getattr(self, n).shape[0] for n, r in _FIELDS.items() if r.axis == "S")

    @property
    def base_current(self) -> Array:
        """(B,) current that is 1 p.u. at each bus. [A]"""
        return np.asarray(self.base_power / (np.sqrt(3.0) * self.bus_voltage))


class _Rule(NamedTuple):
    """Element type, default (None = required), and what axis comes before the elements: none, S or H."""

    dtype: type
    default: complex | None
    axis: str = ""
    blank: bool = False


_FIELDS: dict[str, _Rule] = {
    "bus_voltage": _Rule(float, None),
    "branch_from": _Rule(int, None), "branch_to": _Rule(int, None), "branch_impedance": _Rule(complex, None),
    "branch_charging": _Rule(float, 0), "branch_ratio": _Rule(float, 1), "branch_shift": _Rule(float, 0),
    "branch_skin": _Rule(float, 0), "branch_zero_impedance": _Rule(complex, 0, blank=True),
    "branch_zero_path": _Rule(int, 0), "branch_closed": _Rule(bool, True, "S"),
    "source_bus": _Rule(int, None), "source_impedance": _Rule(complex, None),
    "source_zero_impedance": _Rule(complex, 0, blank=True), "source_background": _Rule(complex, 0, "H"),
    "source_live": _Rule(bool, True, "S"),
    "capacitor_bus": _Rule(int, None), "capacitor_power": _Rule(float, None), "capacitor_tuning": _Rule(float, 0),
    "capacitor_quality": _Rule(float, 30), "capacitor_earthed": _Rule(bool, False),
    "capacitor_on": _Rule(bool, True, "S"),
    "load_bus": _Rule(int, None), "load_power": _Rule(complex, None),
    "injector_bus": _Rule(int, None), "injector_current": _Rule(complex, None, "S"),
    "injector_spectrum": _Rule(complex, None, "H"),
}  # fmt: skip


def _shaped(name: str, value: Any, rule: _Rule, count: int, orders: int) -> Array:
    """The field as an array of the right type and shape, or a ValueError that names it."""
    given = np.asarray(value)
    lead = {"": (), "S": (1,), "H": (orders,)}[rule.axis]
    if given.size == 0:
        if rule.blank:
            return np.empty(0, dtype=rule.dtype)
        if rule.default is None and count:
            raise ValueError(f"{name} is missing: {count} expected")
        return np.full((*lead, count), 0 if rule.default is None else rule.default).astype(rule.dtype)
    if rule.dtype in (float, int) and np.iscomplexobj(given):
        raise ValueError(f"{name} must be real")
    if rule.dtype is int:
        with np.errstate(invalid="ignore"):  # what no integer can hold is no whole number
            whole = np.array_equal(given, given.astype(int))
        if not whole:
            raise ValueError(f"{name} must hold whole numbers")
    array: Array = np.ascontiguousarray(given, dtype=rule.dtype)
    if rule.axis and array.ndim == 1:
        array = array[None] if rule.axis == "S" else array.reshape(orders, -1) if count == 1 else array
    wanted = (*lead, count)
    fits = array.ndim == len(wanted) and array.shape[-1] == count
    if not fits or (rule.axis == "H" and array.shape[0] != orders):
        text = ", ".join([rule.axis, str(count)] if rule.axis else [str(count)])
        raise ValueError(f"{name} has shape {given.shape}, expected ({text})")
    if not np.all(np.isfinite(array)):
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name} has a value that is not finite at {where}")
    return array


def _refuse(name: str, bad: Array, why: str) -> None:
    if np.any(bad):
        raise ValueError(f"{name}[{int(np.argwhere(bad)[0][-1])}] {why}")


def _check_values(problem: HarmonicProblem, counts: dict[str, int]) -> None:
    """Raise a ValueError for values that have no physical meaning."""
    for name in ("branch_from", "branch_to", "source_bus", "capacitor_bus", "load_bus", "injector_bus"):
        index = getattr(problem, name)
        _refuse(name, (index < 0) | (index >= counts["bus"]), f"is not an index below {counts['bus']}")
    for name in ("bus_voltage", "branch_ratio", "capacitor_power", "capacitor_quality"):
        _refuse(name, ~(getattr(problem, name) > 0), "must be > 0")
    _refuse("branch_to", problem.branch_from == problem.branch_to, "is also the from bus of the branch")
    for name in ("branch_impedance", "branch_zero_impedance", "source_impedance", "source_zero_impedance"):
        _refuse(name, getattr(problem, name) == 0, "must not be 0; join the buses instead")
        _refuse(name, getattr(problem, name).real < 0, "must not have a negative resistance")
    path = problem.branch_zero_path
    _refuse("branch_zero_path", (path < 0) | (path > 3), "is not a ZeroPath")
    tuning = problem.capacitor_tuning
    _refuse("capacitor_tuning", (tuning != 0) & (tuning <= 1), "must be 0 or above 1")


@dataclass(frozen=True)
class HarmonicSolution:
    """Harmonic voltages and currents; what could not be solved is 0 and ``scenario_ok`` says so."""

    status: Status
    """Worst ending of all scenarios."""
    scenario_ok: Array
    """(S,) bool."""
    residual: Array
    """(S,) largest |Y V - I| over orders and buses / largest injected current of the scenario. [-]"""
    bus_voltage: Array
    """(S, H, B) magnitude. [p.u.]"""
    branch_current_from: Array
    branch_current_to: Array
    """(S, H, E) magnitude at each end. [A]"""
    bus_phasor: Array
    branch_phasor_from: Array
    branch_phasor_to: Array
    """The same with angles, positive into the branch at either end; size 0 with the summation law, which has none."""
    voltage_distortion: Array
    """(S, B) root of the sum of squares over the orders, per nominal voltage: THD at a fundamental of 1 p.u. [-]"""
    detail: str = ""
    """One sentence about the worst ending."""

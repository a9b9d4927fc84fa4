"""What a power flow is asked (:class:`Problem`) and what it answers (:class:`Solution`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.status import Status

Array = NDArray[Any]


def _absent() -> Array:
    return np.empty(0)


def _optional() -> Any:
    """A field that may be left out; an empty array means "take the default"."""
    return field(default_factory=_absent)


@dataclass(frozen=True)
class Problem:
    """A network of buses, branches, sources, converters and loads, in S scenarios.

    B buses, E branches, G sources, N generators, C converters, L loads, K cords.  A field written (S, x) may
    be given as (1, x) or (x,) when it is the same in all scenarios.  Per unit is on ``base_power`` and the
    nominal voltage of the bus.  Every field but the first two may be left out.
    """

    base_power: float
    """Three-phase power base. [VA]"""
    bus_voltage: Array
    """(B,) nominal voltage, line-to-line for AC, pole-to-pole for DC. [V]"""
    bus_dc: Array = _optional()
    """(B,) bool: a DC bus has only resistance and real power."""
    bus_shunt: Array = _optional()
    """(B,) complex admittance to earth: transformer no-load loss, capacitor bank. [p.u.]"""

    branch_from: Array = _optional()
    branch_to: Array = _optional()
    """(E,) bus indices."""
    branch_impedance: Array = _optional()
    """(E,) complex series impedance on the nominal voltage of the to side; 0 is an ideal switch or busbar.
    [p.u.]"""
    branch_charging: Array = _optional()
    """(E,) total line susceptance, half at each end. [p.u.]"""
    branch_tap: Array = _optional()
    """(E,) complex off-nominal ratio of an ideal transformer at the from side; 1 = none. [-]"""
    branch_rating: Array = _optional()
    """(E,) continuous current at the to side; inf = none. [A]"""
    branch_closed: Array = _optional()
    """(S, E) bool: may conduct; an input of a transfer switch is closed only if also chosen."""
    branch_group: Array = _optional()
    """(E,) transfer switch of which the branch is an input, -1 = plain branch."""
    branch_rank: Array = _optional()
    """(E,) order of preference inside the group; the lowest energised input is taken."""

    source_bus: Array = _optional()
    """(G,) bus held by an ideal voltage source: utility, running generator."""
    source_voltage: Array = _optional()
    """(G,) complex voltage. [p.u.]"""
    source_live: Array = _optional()
    """(S, G) bool."""

    generator_bus: Array = _optional()
    """(N,) bus of a generator with given power and voltage magnitude (PV bus)."""
    generator_power: Array = _optional()
    """(S, N) real power. [W]"""
    generator_voltage: Array = _optional()
    """(N,) voltage magnitude. [p.u.]"""
    generator_q_min: Array = _optional()
    generator_q_max: Array = _optional()
    """(N,) least and most reactive power, -inf and inf = none; at a limit the voltage is given up. [var]"""

    converter_from: Array = _optional()
    converter_to: Array = _optional()
    """(C,) input and output bus."""
    converter_rating: Array = _optional()
    """(C,) rated output. [W]"""
    converter_loss: Array = _optional()
    """(C, 3) loss / rating = a + b x + c x^2 with x = output / rating. [-]"""
    converter_input_pf: Array = _optional()
    """(C,) lagging displacement power factor at an AC input. [-]"""
    converter_voltage: Array = _optional()
    """(C,) regulated output voltage, angle 0. [p.u.]"""
    converter_live: Array = _optional()
    """(S, C) bool."""

    load_power: Array = _optional()
    """(S, L) complex power P + jQ at a voltage magnitude of 1 p.u., consuming. [VA]"""
    load_current_share: Array = _optional()
    load_impedance_share: Array = _optional()
    """(L,) share of the load (P and Q alike) that is constant current and constant impedance, growing with
    |V| and |V|^2; the rest is constant power. [-]"""
    cord_load: Array = _optional()
    cord_bus: Array = _optional()
    """(K,) a load hangs on its cords' buses."""
    cord_weight: Array = _optional()
    """(K,) share of the load's demand among its energised cords. [-]"""
    cord_on: Array = _optional()
    """(S, K) bool."""

    def __post_init__(self) -> None:
        for name in (
            "bus_voltage",
            "branch_from",
            "source_bus",
            "generator_bus",
            "converter_from",
            "cord_load",
        ):
            if np.ndim(getattr(self, name)) != 1:
                raise ValueError(f"{name} must have one axis, got shape {np.shape(getattr(self, name))}")
        counts = {
            "bus": np.size(self.bus_voltage),
            "branch": np.size(self.branch_from),
            "source": np.size(self.source_bus),
            "generator": np.size(self.generator_bus),
            "converter": np.size(self.converter_from),
            "load": np.shape(self.load_power)[-1] if np.size(self.load_power) else 0,
            "cord": np.size(self.cord_load),
        }
        for name, rule in _FIELDS.items():
            object.__setattr__(
                self, name, _shaped(name, getattr(self, name), rule, counts[name.split("_")[0]])
            )
        lengths = {getattr(self, n).shape[0] for n, r in _FIELDS.items() if r.scenario} - {1}
        if len(lengths) > 1:
            raise ValueError(f"scenario arrays disagree on the number of scenarios: {sorted(lengths)}")
        _check_values(self, counts)
        _clean_direct_current(self)

    @property
    def voltage_dependent(self) -> bool:
        """True if some load is not of constant power alone."""
        return bool(np.any(self.load_current_share) or np.any(self.load_impedance_share))

    @property
    def scenarios(self) -> int:
        """Number of scenarios S."""
        return max(getattr(self, n).shape[0] for n, r in _FIELDS.items() if r.scenario)


class _Rule(NamedTuple):
    """Element type, default (None = required), and whether the field has a scenario axis or three columns."""

    dtype: type
    default: complex | None
    scenario: bool = False
    columns: int = 0


_FIELDS: dict[str, _Rule] = {
    "bus_voltage": _Rule(float, None),
    "bus_dc": _Rule(bool, False),
    "bus_shunt": _Rule(complex, 0),
    "branch_from": _Rule(int, None),
    "branch_to": _Rule(int, None),
    "branch_impedance": _Rule(complex, 0),
    "branch_charging": _Rule(float, 0),
    "branch_tap": _Rule(complex, 1),
    "branch_rating": _Rule(float, np.inf),
    "branch_closed": _Rule(bool, True, scenario=True),
    "branch_group": _Rule(int, -1),
    "branch_rank": _Rule(int, 0),
    "source_bus": _Rule(int, None),
    "source_voltage": _Rule(complex, 1),
    "source_live": _Rule(bool, True, scenario=True),
    "generator_bus": _Rule(int, None),
    "generator_power": _Rule(float, None, scenario=True),
    "generator_voltage": _Rule(float, 1),
    "generator_q_min": _Rule(float, -np.inf),
    "generator_q_max": _Rule(float, np.inf),
    "converter_from": _Rule(int, None),
    "converter_to": _Rule(int, None),
    "converter_rating": _Rule(float, None),
    "converter_loss": _Rule(float, 0, columns=3),
    "converter_input_pf": _Rule(float, 1),
    "converter_voltage": _Rule(float, 1),
    "converter_live": _Rule(bool, True, scenario=True),
    "load_power": _Rule(complex, None, scenario=True),
    "load_current_share": _Rule(float, 0),
    "load_impedance_share": _Rule(float, 0),
    "cord_load": _Rule(int, None),
    "cord_bus": _Rule(int, None),
    "cord_weight": _Rule(float, 1),
    "cord_on": _Rule(bool, True, scenario=True),
}

_UNBOUNDED = ("branch_rating", "generator_q_min", "generator_q_max")
"""Fields in which an infinite value means that there is no limit."""


def _shaped(name: str, value: Any, rule: _Rule, count: int) -> Array:
    """The field as an array of the right type and shape, or a ValueError that names it."""
    given = np.asarray(value)
    lead = (1,) if rule.scenario else ()
    tail = (rule.columns,) if rule.columns else ()
    if given.size == 0:
        if rule.default is None and count:
            raise ValueError(f"{name} is missing: {count} expected")
        return np.full((*lead, count, *tail), 0 if rule.default is None else rule.default).astype(rule.dtype)
    if rule.dtype in (float, int) and np.iscomplexobj(given):
        raise ValueError(f"{name} must be real")
    if rule.dtype is int and not _whole(given):
        raise ValueError(f"{name} must hold whole numbers")
    array: Array = np.ascontiguousarray(given, dtype=rule.dtype)
    if rule.scenario and array.ndim == 1:
        array = array[None]
    if array.ndim != len(lead) + 1 + len(tail) or array.shape[len(lead) :] != (count, *tail):
        wanted = ", ".join(["S"] * len(lead) + [str(n) for n in (count, *tail)])
        raise ValueError(f"{name} has shape {given.shape}, expected ({wanted})")
    bad = np.isnan(array) if name in _UNBOUNDED else ~np.isfinite(array)
    if np.any(bad):
        raise ValueError(
            f"{name} has a value that is not finite at {tuple(int(i) for i in np.argwhere(bad)[0])}"
        )
    return array


def _whole(given: Array) -> bool:
    """Whether all are whole numbers; what no integer can hold is none."""
    with np.errstate(invalid="ignore"):
        return bool(np.array_equal(given, given.astype(int)))


def _refuse(name: str, bad: Array, why: str) -> None:
    if np.any(bad):
        raise ValueError(f"{name}[{int(np.argwhere(bad)[0][-1])}] {why}")


def _check_values(problem: Problem, counts: dict[str, int]) -> None:
    """Raise a ValueError for values that have no physical meaning."""
    if not (np.isfinite(problem.base_power) and problem.base_power > 0):
        raise ValueError(f"base_power must be a finite power > 0 VA, got {problem.base_power}")
    for name in _FIELDS:
        if name.endswith(("_from", "_to", "_bus")) or name == "cord_load":
            index, size = getattr(problem, name), counts["load" if name == "cord_load" else "bus"]
            _refuse(name, (index < 0) | (index >= size), f"is not an index below {size}")
    positive: Callable[[Array], Array] = lambda a: ~(a > 0)  # noqa: E731
    for name in (
        "bus_voltage",
        "branch_rating",
        "generator_voltage",
        "converter_rating",
        "converter_voltage",
    ):
        _refuse(name, positive(getattr(problem, name)), "must be > 0")
    _refuse("branch_to", problem.branch_from == problem.branch_to, "is also the from bus of the branch")
    _refuse("branch_tap", problem.branch_tap == 0, "must not be 0")
    _refuse(
        "source_voltage", problem.source_voltage == 0, "must not be 0; use source_live to switch a source off"
    )
    pf = problem.converter_input_pf
    _refuse("converter_input_pf", ~((pf > 0) & (pf <= 1)), "must be in (0, 1]")
    _refuse("converter_to", problem.converter_from == problem.converter_to, "is also the input bus")
    _refuse("cord_weight", problem.cord_weight < 0, "must be >= 0")
    _refuse("generator_bus", problem.bus_dc[problem.generator_bus], "is a DC bus; hold it with a source")
    low, high = problem.generator_q_min, problem.generator_q_max
    _refuse("generator_q_max", high < low, "is below generator_q_min")
    _refuse("generator_q_min", low == np.inf, "must not be inf")
    _refuse("generator_q_max", high == -np.inf, "must not be -inf")
    for name in ("load_current_share", "load_impedance_share"):
        share = getattr(problem, name)
        _refuse(name, (share < 0) | (share > 1), "must be in 0..1")
    _refuse(
        "load_impedance_share",
        problem.load_current_share + problem.load_impedance_share > 1 + 1e-12,
        "and load_current_share are more than 1 together",
    )
    mixed = problem.bus_dc[problem.branch_from] != problem.bus_dc[problem.branch_to]
    _refuse("branch_to", mixed, "joins an AC and a DC bus; that takes a converter")
    grouped = np.flatnonzero(problem.branch_group >= 0)
    if grouped.size:
        _, first, inverse = np.unique(problem.branch_group[grouped], return_index=True, return_inverse=True)
        outputs = problem.branch_to[grouped]
        astray = np.zeros(problem.branch_group.size, dtype=bool)
        astray[grouped] = outputs != outputs[first][inverse]
        _refuse("branch_group", astray, "joins inputs that do not end at one output bus")


def _clean_direct_current(problem: Problem) -> None:
    """Drop reactance, susceptance and phase where there is only direct current."""
    dc = problem.bus_dc
    if not dc.any():
        return
    line = dc[problem.branch_to]
    _refuse("branch_tap", line & (problem.branch_tap.imag != 0), "shifts the phase of direct current")
    _refuse(
        "source_voltage",
        dc[problem.source_bus] & (problem.source_voltage.imag != 0),
        "must be real on a DC bus",
    )
    clean = {
        "branch_impedance": np.where(line, problem.branch_impedance.real, problem.branch_impedance),
        "branch_charging": np.where(line, 0.0, problem.branch_charging),
        "bus_shunt": np.where(dc, problem.bus_shunt.real, problem.bus_shunt),
        "converter_input_pf": np.where(dc[problem.converter_from], 1.0, problem.converter_input_pf),
    }
    for name, value in clean.items():
        object.__setattr__(problem, name, value)


def load_at(problem: Problem, voltage: Array) -> Array:
    """What the cords draw at a voltage, as a fraction of their power at 1 p.u.: z |V|^2 + i |V| + p.

    Parameters
    ----------
    voltage : (..., B) complex or magnitude. [p.u.]

    Returns
    -------
    (..., K). [-]
    """
    current = problem.load_current_share[problem.cord_load]
    impedance = problem.load_impedance_share[problem.cord_load]
    size = np.abs(voltage[..., problem.cord_bus])
    return np.asarray((impedance * size + current) * size + (1.0 - impedance - current))


@dataclass(frozen=True)
class Solution:
    """Steady state of every scenario; what is dead or did not converge is 0 and its mask says so.

    A failed scenario has ``scenario_ok`` False, ``load_served`` False, ``power_error`` 1 and zeros everywhere
    else; ``bus_live`` and ``branch_closed`` are still the result of the switching.
    """

    status: Status
    """Worst ending of all scenarios."""
    scenario_ok: Array
    """(S,) bool."""
    iterations: int
    """Largest number of iterations any scenario took."""
    residual: Array
    """(S,) largest complex power mismatch at a bus. [p.u.]"""

    bus_live: Array
    """(S, B) bool: connected to a live source, directly or through live converters."""
    bus_voltage: Array
    """(S, B) complex. [p.u.]"""

    branch_closed: Array
    """(S, E) bool, after the transfer switches have chosen."""
    branch_power_from: Array
    branch_power_to: Array
    """(S, E) complex power in the direction from -> to, at each end. [VA]"""
    branch_current: Array
    """(S, E) current at the to side. [A]"""
    branch_loading: Array
    """(S, E) current / rating. [-]"""
    branch_loss: Array
    """(S, E) real power lost between the ends. [W]"""

    converter_input: Array
    converter_output: Array
    """(S, C) complex. [VA]"""
    converter_loss: Array
    """(S, C). [W]"""
    converter_loading: Array
    """(S, C) real output / rating. [-]"""

    source_power: Array
    """(S, G) complex power delivered; ideal sources on one busbar share equally. [VA]"""
    load_served: Array
    """(S, L) bool: at least one cord with weight is energised."""
    cord_power: Array
    """(S, K) complex power through each cord. [VA]"""
    loss: Array
    """(S,) branch and converter losses. [W]"""
    power_error: Array
    """(S,) |sources + generators - served loads - losses - shunts| over served loads, or over losses and shunts where
    these are larger; real power. [-]"""

    generator_output: Array
    """(S, N) complex power delivered by the PV generators. [VA]"""
    shunt_loss: Array
    """(S,) real power in the bus shunts. [W]"""
    generator_limit: Array = field(default_factory=_absent)
    """(S, N) -1 or 1: held at its lower or upper reactive limit, its voltage given up; 0: holds its
    voltage."""
    scenario_status: tuple[Status, ...] = ()
    """(S,) ending of each scenario."""
    detail: str = ""
    """One sentence about the worst ending; empty if all converged."""

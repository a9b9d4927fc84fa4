"""What an unbalanced power flow is asked: :class:`UnbalancedProblem`, an electrical network of single conductors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

EARTH = -1
"""Node index of the earth, which is at 0 V; in lines it means "no conductor here"."""
NEUTRAL = 3
"""Conductor number of a neutral; 0, 1, 2 are the phases a, b, c."""


def _optional() -> Any:
    """A field that may be left out; an empty array means "take the default"."""
    return field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True)
class UnbalancedProblem:
    """A network of nodes (one conductor of one bus), in S scenarios of load and switching.

    B buses, N nodes, E lines of at most K conductors, C two-coil units, H shunts, W switches, G sources,
    L loads, R regulators.  A field written (S, x) may be given as (1, x) or (x,) when it is the same in all
    scenarios.  All is in SI units; phase a leads b leads c.  Wherever a node is asked for, -1 is the earth.

    A three-phase transformer is three single-phase *units* (two coils on one core); how their coils are
    connected is what makes it wye or delta.  :class:`~solvers.power.unbalanced.Feeder` writes these arrays
    from lines, transformers, regulators, capacitors and loads.
    """

    base_power: float
    """Power that mismatches are compared with. [VA]"""
    bus_voltage: Array
    """(B,) nominal voltage between phases. [V]"""
    node_bus: Array
    """(N,) bus of the node."""
    node_conductor: Array
    """(N,) 0, 1, 2 for phases a, b, c and 3 for the neutral; no two nodes of a bus are the same."""

    line_from: Array = _optional()
    line_to: Array = _optional()
    """(E, K) node of each conductor at each end, -1 in both where the line has no such conductor."""
    line_impedance: Array = _optional()
    """(E, K, K) complex symmetric series impedance; rows of missing conductors are not read. [ohm]"""
    line_admittance: Array = _optional()
    """(E, K, K) complex symmetric shunt admittance of the whole line, half at each end. [S]"""
    line_closed: Array = _optional()
    """(S, E) bool."""

    unit_from: Array = _optional()
    unit_to: Array = _optional()
    """(C, 2) nodes at the first (dotted) and second terminal of each coil."""
    unit_voltage: Array = _optional()
    """(C, 2) rated voltage of the from and the to coil. [V]"""
    unit_power: Array = _optional()
    """(C,) rating of the unit. [VA]"""
    unit_impedance: Array = _optional()
    """(C,) complex short-circuit impedance on the rating. [p.u.]"""
    unit_magnetising: Array = _optional()
    """(C,) complex no-load admittance on the rating, across the to coil: G - jB takes lagging current. [p.u.]"""
    unit_tap_from: Array = _optional()
    unit_tap_to: Array = _optional()
    """(S, C) turns of the coil over its rated turns. [-]"""
    unit_closed: Array = _optional()
    """(S, C) bool."""

    shunt_from: Array = _optional()
    shunt_to: Array = _optional()
    """(H,) nodes that the shunt lies between: capacitor, reactor, earthing of a neutral."""
    shunt_admittance: Array = _optional()
    """(H,) complex. [S]"""

    switch_from: Array = _optional()
    switch_to: Array = _optional()
    """(W,) nodes joined without impedance."""
    switch_closed: Array = _optional()
    """(S, W) bool."""

    source_node: Array = _optional()
    """(G,) node held by an ideal source to earth; an impedance is a line in front of it."""
    source_voltage: Array = _optional()
    """(S, G) complex voltage to earth. [V]"""

    load_from: Array = _optional()
    load_to: Array = _optional()
    """(L,) nodes that the load lies between."""
    load_voltage: Array = _optional()
    """(L,) voltage between them at which the load draws ``load_power``. [V]"""
    load_power: Array = _optional()
    """(S, L) complex power P + jQ at ``load_voltage``, consuming. [VA]"""
    load_current_share: Array = _optional()
    load_impedance_share: Array = _optional()
    """(L,) share that is constant current and constant impedance (it grows with |V| and |V|^2); the rest is
    constant power. [-]"""

    unit_regulator: Array = _optional()
    """(C,) regulator that moves the tap of the to coil, -1 = none; ``unit_tap_to`` is its neutral position."""
    regulator_unit: Array = _optional()
    """(R,) unit whose to coil the regulator measures."""
    regulator_target: Array = _optional()
    regulator_band: Array = _optional()
    """(R,) voltage to keep and full width of the band about it, at the relay. [V]"""
    regulator_pt_ratio: Array = _optional()
    """(R,) voltage of the coil over that at the relay. [-]"""
    regulator_ct_rating: Array = _optional()
    """(R,) line current at which the compensator drops ``regulator_drop``. [A]"""
    regulator_drop: Array = _optional()
    """(R,) complex line-drop compensation R + jX, as volts at the relay at the rated current. [V]"""
    regulator_step: Array = _optional()
    """(R,) turns of one tap over the rated turns. [-]"""
    regulator_positions: Array = _optional()
    """(R,) taps up and down."""
    regulator_delay: Array = _optional()
    """(R,) those of smaller delay move first. [s]"""
    regulator_tap: Array = _optional()
    """(S, R) position at the start (and at the end, if control is off)."""

    def __post_init__(self) -> None:
        for name in ("bus_voltage", "node_bus"):
            if np.ndim(getattr(self, name)) != 1 or not np.size(getattr(self, name)):
                raise ValueError(f"{name} must have one axis and not be empty")
        sizes = _sizes(self)
        for name, rule in _FIELDS.items():
            object.__setattr__(self, name, _shaped(name, getattr(self, name), rule, sizes))
        lengths = {getattr(self, n).shape[0] for n, r in _FIELDS.items() if r.scenario} - {1}
        if len(lengths) > 1:
            raise ValueError(f"scenario arrays disagree on the number of scenarios: {sorted(lengths)}")
        _check_values(self, sizes)

    @property
    def scenarios(self) -> int:
        """Number of scenarios S."""
        return max(getattr(self, n).shape[0] for n, r in _FIELDS.items() if r.scenario)

    @property
    def node_base(self) -> Array:
        """(N,) nominal voltage to neutral of each node. [V]"""
        return np.asarray(self.bus_voltage[self.node_bus] / np.sqrt(3.0))

    @property
    def bus_nodes(self) -> Array:
        """(B, 4) node of each conductor of a bus, -1 where it has none."""
        table = np.full((self.bus_voltage.size, 4), -1)
        table[self.node_bus, self.node_conductor] = np.arange(self.node_bus.size)
        return table


class _Rule(NamedTuple):
    """Element type, default (None = required), element kind that counts it, scenario axis, further axes."""

    dtype: type
    default: complex | None
    counted: str
    scenario: bool = False
    tail: tuple[int | str, ...] = ()


_FIELDS: dict[str, _Rule] = {
    "bus_voltage": _Rule(float, None, "bus"),
    "node_bus": _Rule(int, None, "node"),
    "node_conductor": _Rule(int, None, "node"),
    "line_from": _Rule(int, None, "line", tail=("K",)),
    "line_to": _Rule(int, None, "line", tail=("K",)),
    "line_impedance": _Rule(complex, None, "line", tail=("K", "K")),
    "line_admittance": _Rule(complex, 0, "line", tail=("K", "K")),
    "line_closed": _Rule(bool, True, "line", scenario=True),
    "unit_from": _Rule(int, None, "unit", tail=(2,)),
    "unit_to": _Rule(int, None, "unit", tail=(2,)),
    "unit_voltage": _Rule(float, None, "unit", tail=(2,)),
    "unit_power": _Rule(float, None, "unit"),
    "unit_impedance": _Rule(complex, None, "unit"),
    "unit_magnetising": _Rule(complex, 0, "unit"),
    "unit_tap_from": _Rule(float, 1, "unit", scenario=True),
    "unit_tap_to": _Rule(float, 1, "unit", scenario=True),
    "unit_closed": _Rule(bool, True, "unit", scenario=True),
    "shunt_from": _Rule(int, None, "shunt"),
    "shunt_to": _Rule(int, EARTH, "shunt"),
    "shunt_admittance": _Rule(complex, None, "shunt"),
    "switch_from": _Rule(int, None, "switch"),
    "switch_to": _Rule(int, None, "switch"),
    "switch_closed": _Rule(bool, True, "switch", scenario=True),
    "source_node": _Rule(int, None, "source"),
    "source_voltage": _Rule(complex, None, "source", scenario=True),
    "load_from": _Rule(int, None, "load"),
    "load_to": _Rule(int, EARTH, "load"),
    "load_voltage": _Rule(float, None, "load"),
    "load_power": _Rule(complex, None, "load", scenario=True),
    "load_current_share": _Rule(float, 0, "load"),
    "load_impedance_share": _Rule(float, 0, "load"),
    "unit_regulator": _Rule(int, -1, "unit"),
    "regulator_unit": _Rule(int, None, "regulator"),
    "regulator_target": _Rule(float, None, "regulator"),
    "regulator_band": _Rule(float, None, "regulator"),
    "regulator_pt_ratio": _Rule(float, None, "regulator"),
    "regulator_ct_rating": _Rule(float, 1, "regulator"),
    "regulator_drop": _Rule(complex, 0, "regulator"),
    "regulator_step": _Rule(float, 0.00625, "regulator"),
    "regulator_positions": _Rule(int, 16, "regulator"),
    "regulator_delay": _Rule(float, 0, "regulator"),
    "regulator_tap": _Rule(int, 0, "regulator", scenario=True),
}
# 32 steps of 5/8 % are the customary step-voltage regulator (+-10 %): IEEE Std C57.15, as quoted

_COUNTED_BY = {
    "bus": "bus_voltage", "node": "node_bus", "line": "line_from", "unit": "unit_from", "shunt": "shunt_from",
    "switch": "switch_from", "source": "source_node", "load": "load_from", "regulator": "regulator_unit",
}  # fmt: skip


def _sizes(problem: UnbalancedProblem) -> dict[int | str, int]:
    sizes: dict[int | str, int] = {}
    for kind, name in _COUNTED_BY.items():
        given = np.asarray(getattr(problem, name))
        sizes[kind] = given.shape[0] if given.size else 0
    ends = np.asarray(problem.line_from)
    sizes["K"] = ends.shape[1] if ends.size and ends.ndim == 2 else 3
    return sizes


def _shaped(name: str, value: Any, rule: _Rule, sizes: dict[int | str, int]) -> Array:
    """The field as an array of the right type and shape, or a ValueError that names it."""
    given = np.asarray(value)
    count = sizes[rule.counted]
    tail = tuple(size if isinstance(size, int) else sizes[size] for size in rule.tail)
    if given.size == 0:
        if rule.default is None and count:
            raise ValueError(f"{name} is missing: {count} expected")
        shape = ((1,) if rule.scenario else ()) + (count, *tail)
        return np.full(shape, 0 if rule.default is None else rule.default).astype(rule.dtype)
    if rule.dtype in (float, int) and np.iscomplexobj(given):
        raise ValueError(f"{name} must be real")
    if rule.dtype is int and not np.array_equal(given, given.astype(int)):
        raise ValueError(f"{name} must hold whole numbers")
    array: Array = np.ascontiguousarray(given, dtype=rule.dtype)
    if rule.scenario and array.ndim == 1 + len(tail):
        array = array[None]
    lead = 1 if rule.scenario else 0
    if array.ndim != lead + 1 + len(tail) or array.shape[lead:] != (count, *tail):
        wanted = ", ".join(["S"] * lead + [str(n) for n in (count, *tail)])
        raise ValueError(f"{name} has shape {given.shape}, expected ({wanted})")
    bad = ~np.isfinite(array)
    if np.any(bad):
        raise ValueError(f"{name} has a value that is not finite at {_place(bad)}")
    return array


def _place(bad: Array) -> str:
    place = [int(i) for i in np.argwhere(bad)[0]]
    return str(place[0] if len(place) == 1 else tuple(place))


def _refuse(name: str, bad: Any, why: str) -> None:
    if np.any(bad):
        raise ValueError(f"{name}[{_place(np.asarray(bad))}] {why}")


def terminals(problem: UnbalancedProblem) -> Iterator[tuple[str, Array]]:
    """Name and node indices of every field that holds nodes and may hold the earth."""
    for name in ("unit_from", "unit_to", "shunt_from", "shunt_to", "switch_from", "switch_to", "load_from",
                 "load_to", "line_from", "line_to"):  # fmt: skip
        yield name, getattr(problem, name)


def _check_values(problem: UnbalancedProblem, sizes: dict[int | str, int]) -> None:
    """Raise a ValueError for values that have no physical meaning."""
    if not (np.isfinite(problem.base_power) and problem.base_power > 0):
        raise ValueError(f"base_power must be a finite power > 0 VA, got {problem.base_power}")
    positive = ("bus_voltage", "unit_voltage", "unit_power", "unit_tap_from", "unit_tap_to", "load_voltage",
                "regulator_band", "regulator_pt_ratio", "regulator_ct_rating", "regulator_step")  # fmt: skip
    for name in positive:
        _refuse(name, ~(getattr(problem, name) > 0), "must be > 0")
    bus, conductor = problem.node_bus, problem.node_conductor
    _refuse("node_bus", (bus < 0) | (bus >= sizes["bus"]), f"is not an index below {sizes['bus']}")
    _refuse(
        "node_conductor", (conductor < 0) | (conductor > NEUTRAL), "must be 0, 1, 2 (phases) or 3 (neutral)"
    )
    _, first = np.unique(bus * 4 + conductor, return_index=True)
    again = np.ones(bus.size, dtype=bool)
    again[first] = False
    _refuse("node_conductor", again, "is there twice on one bus")
    for name, nodes in terminals(problem):
        _refuse(
            name, (nodes < EARTH) | (nodes >= sizes["node"]), f"is not a node below {sizes['node']}, nor -1"
        )
    _refuse(
        "source_node", (problem.source_node < 0) | (problem.source_node >= sizes["node"]), "is not a node"
    )
    for ends in ("unit_from", "unit_to"):
        pair = getattr(problem, ends)
        _refuse(ends, pair[:, 0] == pair[:, 1], "has both terminals of the coil on one node")
    for kind in ("shunt", "load", "switch"):
        same = getattr(problem, f"{kind}_from") == getattr(problem, f"{kind}_to")
        _refuse(f"{kind}_to", same, "is also its from node")
    _check_lines(problem)
    _check_units(problem, sizes)
    for name in ("load_current_share", "load_impedance_share"):
        share = getattr(problem, name)
        _refuse(name, (share < 0) | (share > 1), "must be in 0..1")
    total = problem.load_current_share + problem.load_impedance_share
    _refuse("load_impedance_share", total > 1 + 1e-12, "and load_current_share are more than 1 together")
    joined = (problem.switch_from >= 0) & (problem.switch_to >= 0)
    base = problem.node_base
    apart = np.zeros(joined.size, dtype=bool)
    apart[joined] = base[problem.switch_from[joined]] != base[problem.switch_to[joined]]
    _refuse("switch_to", apart, "joins nodes of different nominal voltage")


def _check_lines(problem: UnbalancedProblem) -> None:
    there = problem.line_from >= 0
    _refuse("line_to", there != (problem.line_to >= 0), "lacks a conductor that the other end has")
    _refuse("line_from", ~there.any(axis=-1), "has no conductor")
    pairs = there[:, :, None] & there[:, None, :]
    for name in ("line_impedance", "line_admittance"):
        matrix = np.where(pairs, getattr(problem, name), 0)
        object.__setattr__(problem, name, matrix)
        skew = np.abs(matrix - np.swapaxes(matrix, 1, 2)).max(axis=(1, 2), initial=0)
        scale = np.abs(matrix).max(axis=(1, 2), initial=0)
        _refuse(name, skew > 1e-9 * scale, "is not symmetric")
    own = np.diagonal(problem.line_impedance, axis1=1, axis2=2)
    _refuse(
        "line_impedance", there & (own == 0), "has a zero on its diagonal; use a switch for an ideal joint"
    )


def _check_units(problem: UnbalancedProblem, sizes: dict[int | str, int]) -> None:
    _refuse("unit_impedance", problem.unit_impedance == 0, "must not be 0")
    _refuse("unit_regulator", problem.unit_regulator >= sizes["regulator"], "is not a regulator")
    unit = problem.regulator_unit
    _refuse("regulator_unit", (unit < 0) | (unit >= sizes["unit"]), f"is not a unit below {sizes['unit']}")
    _refuse("regulator_positions", problem.regulator_positions < 1, "must be > 0")
    away = np.abs(problem.regulator_tap) > problem.regulator_positions
    _refuse("regulator_tap", away, "is beyond regulator_positions")
    travel = problem.regulator_positions * problem.regulator_step
    _refuse("regulator_step", travel >= 1, "times regulator_positions reaches zero turns")

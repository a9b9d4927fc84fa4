"""What a short-circuit calculation is asked (:class:`FaultProblem`) and what it answers (:class:`FaultCurrents`)."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from solvers.power.faults.elements import (
    Branches,
    Converters,
    Earthings,
    Feeders,
    Generators,
    Motors,
    Transformers,
    Triples,
)
from solvers.power.faults.tables import Array, refuse
from solvers.status import Status

EQUAL_VOLTAGE = 1e-6
"""Relative difference of nominal voltages at the ends of a line above which it is a mistake."""


def _none() -> Array:
    return np.empty(0, int)


def _no_branches() -> Branches:
    return Branches(_none(), _none())


def _no_triples() -> Triples:
    nothing = np.empty((0, 3))
    return Triples(nothing, nothing, nothing, nothing)


@dataclass(frozen=True)
class FaultProblem:
    """A three-phase network in S scenarios of switching, for short circuits at every bus.

    S is the common length of the scenario axes of the tables (1 where they have none).
    """

    bus_voltage: Array
    """(B,) nominal voltage, line to line. [V]"""
    feeders: Feeders = field(default_factory=lambda: Feeders(_none(), _none()))
    branches: Branches = field(default_factory=_no_branches)
    transformers: Transformers = field(
        default_factory=lambda: Transformers(_none(), _none(), _none(), _none(), _none())
    )
    triples: Triples = field(default_factory=_no_triples)
    generators: Generators = field(default_factory=lambda: Generators(_none(), _none(), _none(), _none()))
    motors: Motors = field(default_factory=lambda: Motors(_none(), _none(), _none()))
    converters: Converters = field(default_factory=lambda: Converters(_none(), _none()))
    earthings: Earthings = field(default_factory=lambda: Earthings(_none(), _none()))
    low_voltage_tolerance: float = 0.06
    """Upper voltage tolerance of low-voltage networks, 0.06 or 0.10: c_max 1.05 or 1.10, c_min 0.95 or 0.90
    (IEC 60909-0:2016 Table 1)."""
    correct_minimum: bool = False
    """Apply K_T in minimum currents too, as the minimum currents published for the network of IEC TR 60909-4 have it;
    the edition of 2016, as quoted, has it in maximum currents only, which gives smaller ones."""
    frequency: float = 60.0
    """[Hz]"""

    def __post_init__(self) -> None:
        voltage = np.ascontiguousarray(self.bus_voltage, dtype=float)
        if voltage.ndim != 1:
            raise ValueError(f"bus_voltage must have one axis, got shape {voltage.shape}")
        object.__setattr__(self, "bus_voltage", voltage)
        if not voltage.size:
            raise ValueError("bus_voltage is empty: a network has at least one bus")
        refuse("bus_voltage", voltage, ~(np.isfinite(voltage) & (voltage > 0)), "must be above 0")
        if self.low_voltage_tolerance not in (0.06, 0.10):
            raise ValueError(f"low_voltage_tolerance is {self.low_voltage_tolerance}, must be 0.06 or 0.10")
        if not self.frequency > 0:
            raise ValueError(f"frequency is {self.frequency}, must be above 0")
        if len(lengths := self._lengths() - {1}) > 1:
            raise ValueError(f"scenario arrays disagree on the number of scenarios: {sorted(lengths)}")
        self._check_places()

    @property
    def scenarios(self) -> int:
        """Number of scenarios S."""
        return max(self._lengths())

    def tables(self) -> list[Any]:
        """All element tables."""
        return [
            self.feeders, self.branches, self.transformers, self.triples, self.generators, self.motors,
            self.converters, self.earthings,
        ]  # fmt: skip

    def _lengths(self) -> set[int]:
        return {
            getattr(table, one.name).shape[0]
            for table in self.tables()
            for one in fields(table)
            if one.metadata["scenario"]
        } | {1}

    def _check_places(self) -> None:
        buses, branches = self.bus_voltage.size, self.branches
        places = {
            "feeders.bus": self.feeders.bus,
            "branches.from_bus": branches.from_bus,
            "branches.to_bus": branches.to_bus,
            "generators.bus": self.generators.bus,
            "motors.bus": self.motors.bus,
            "converters.bus": self.converters.bus,
            "earthings.bus": self.earthings.bus,
        }
        for name, place in places.items():
            refuse(name, place, (place < 0) | (place >= buses), f"must be a bus 0 .. {buses - 1}")
        refuse("triples.bus", self.triples.bus, self.triples.bus >= buses, f"must be a bus 0 .. {buses - 1}")
        count, rows = branches.from_bus.size, self.transformers.branch
        refuse(
            "transformers.branch", rows, (rows < 0) | (rows >= count), f"must be a branch 0 .. {count - 1}"
        )
        _, first = np.unique(rows, return_index=True)
        twice = np.ones(rows.size, bool)
        twice[first] = False
        refuse("transformers.branch", rows, twice, "is described twice")
        unit = self.generators.unit_branch
        refuse("generators.unit_branch", unit, (unit >= 0) & ~np.isin(unit, rows), "is not a transformer")
        used = np.sort(unit[unit >= 0])
        if (used[1:] == used[:-1]).any():
            twice_at = int(used[1:][used[1:] == used[:-1]][0])
            raise ValueError(
                f"generators.unit_branch: branch {twice_at} is the unit transformer of two machines"
            )
        self._check_branches()

    def _check_branches(self) -> None:
        branches, voltage = self.branches, self.bus_voltage
        line = np.ones(branches.from_bus.size, bool)
        line[self.transformers.branch] = False
        ends = voltage[branches.from_bus], voltage[branches.to_bus]
        apart = line & (np.abs(ends[0] - ends[1]) > EQUAL_VOLTAGE * ends[1])
        refuse("branches.to_bus", branches.to_bus, apart, "has another nominal voltage than the from bus")
        refuse(
            "branches.to_bus", branches.to_bus, branches.to_bus == branches.from_bus, "is also the from bus"
        )
        half = line & (branches.impedance == 0) & (branches.zero_impedance != 0)
        refuse("branches.impedance", branches.impedance, half, "is ideal only in the positive sequence")

    @property
    def ideal(self) -> Array:
        """(E,) bool: branches without impedance."""
        ideal: Array = self.branches.impedance == 0
        ideal[self.transformers.branch] = False
        return ideal


@dataclass(frozen=True)
class FaultCurrents:
    """Prospective short-circuit currents of every bus, of bolted faults; arrays that were not asked for are empty.

    Axes: S scenarios, K cases (``cases``), B buses, E branches, W three-winding transformers.  A bus that
    nothing feeds has zero current.
    """

    cases: tuple[str, ...]
    """"max" and "min", in the order of axis 1."""
    initial: Array
    """(S, K, B) three-phase I_k''. [A]"""
    power: Array
    """(S, K, B) S_k'' = sqrt(3) U_n I_k''. [VA]"""
    peak: Array
    """(S, K, B) three-phase i_p. [A]"""
    kappa: Array
    """(S, K, B) factor of i_p = kappa sqrt(2) I_k''. [-]"""
    breaking: Array
    """(S, K, B) three-phase I_b at ``breaking_time``. [A]"""
    steady: Array
    """(S, K, B) three-phase I_k: motors left out; generators do not decay in maximum currents (an upper bound) and
    give no more than they sustain in minimum ones. [A]"""
    line_line: Array
    """(S, K, B) I_k2''. [A]"""
    line_line_peak: Array
    line_ground: Array
    """(S, K, B) I_k1'', line to earth. [A]"""
    line_ground_peak: Array
    converter_part: Array
    """(S, K, B) the part of ``initial`` that converters add. [A]"""
    impedance: Array
    """(S, K, B) complex positive-sequence impedance seen from the bus; 0 where not ``fed``. [ohm]"""
    zero_impedance: Array
    """(S, K, B) complex zero-sequence impedance; 0 where there is no way to earth. [ohm]"""
    fed: Array
    """(S, K, B) bool: connected to a feeder or machine."""
    branch_from: Array
    branch_to: Array
    """(S, K, E) complex three-phase current that a branch brings into a fault at its from and to bus, without
    the converters' part; real axis = voltage before the fault, so that an inductive current is negative
    imaginary.  At the buses of one busbar and its ideal switches they add up to the total. [A]"""
    branch_ground_from: Array
    branch_ground_to: Array
    """(S, K, E) the same for a line-to-earth fault, current of the faulted phase. [A]"""
    branch_unique: Array
    """(S, E) bool; False for closed ideal switches in a ring of such, for which the currents above are bounds
    (the whole current of the busbar)."""
    winding_current: Array
    """(S, K, W, 3) complex current of three-winding transformers into a three-phase fault at their buses. [A]"""
    feeder_current: Array
    generator_current: Array
    motor_current: Array
    """(S, K, n) complex three-phase current of each source into a fault at its own bus. [A]"""
    status: Array
    """(S,) :class:`solvers.status.Status`."""

    @property
    def ok(self) -> bool:
        """True if every scenario could be solved."""
        return all(one is Status.CONVERGED for one in self.status)

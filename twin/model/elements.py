"""The narrow waist: the small vocabulary into which every machine restates itself.

A machine knows its data sheet; a solver knows arrays.  Between them stand these values.  Each names
*terminals* of the machine it belongs to (``"in"``, ``"out"``, ``"supply"`` ...); ``twin.networks`` turns
(machine, terminal) pairs into node numbers and elements into rows of arrays.  Adding a kind of machine means
writing its ``electrical()``, ``hydraulic()`` and so on in these words; no solver and no network builder
changes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Terminal:
    """An electrical terminal: one bus of the power network."""

    name: str
    voltage: float
    """Nominal voltage: line-to-line for AC, pole-to-pole for DC. [V]"""
    dc: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """A series impedance between two terminals of one machine."""

    start: str
    end: str
    resistance: float = 0.0
    """Per phase, referred to the voltage of ``end``. [ohm]"""
    reactance: float = 0.0
    rating: float = float("inf")
    """Continuous current at ``end``. [A]"""
    ratio: float = 1.0
    """Off-nominal ratio of an ideal transformer at ``start``. [-]"""


@dataclass(frozen=True, slots=True)
class Shunt:
    """A constant loss drawn while a terminal is energised (no-load loss). [W]"""

    at: str
    power: float


@dataclass(frozen=True, slots=True)
class Conversion:
    """A converter that holds its output voltage and draws output plus losses."""

    start: str
    end: str
    rating: float
    """Output power. [W]"""
    efficiency: tuple[tuple[float, float], ...]
    """Points (output / rating, efficiency)."""
    power_factor: float = 1.0
    """Displacement power factor at the input."""


@dataclass(frozen=True, slots=True)
class Supply:
    """An ideal voltage source behind a terminal (utility, running generator)."""

    at: str
    capacity: float
    """Largest power it delivers. [W]"""


@dataclass(frozen=True, slots=True)
class Demand:
    """Constant power taken at one or several terminals, shared over those that are energised."""

    at: tuple[str, ...]
    power_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class FlowPath:
    """A way for fluid through a machine, with the pressure law of its data sheet."""

    start: str
    end: str
    coefficient: float = 0.0
    """c in drop = c |m|^exponent. [Pa/(kg/s)^exponent]"""
    exponent: float = 2.0
    pump_head: float = 0.0
    """Pressure rise at zero flow. [Pa]"""
    pump_curvature: float = 0.0
    """k in rise = head - k m^2. [Pa/(kg/s)^2]"""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A counterflow heat exchanger between two streams of one machine, given by its rating point."""

    duty: float
    """Heat moved at the rating point. [W]"""
    approach: float
    """Hot outlet minus cold inlet at the rating point. [K]"""
    hot_flow: float
    """Volume flows at the rating point. [m3/s]"""
    cold_flow: float


Electrical = Terminal | Branch | Shunt | Conversion | Supply | Demand

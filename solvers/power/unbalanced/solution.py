"""What an unbalanced power flow answers: :class:`UnbalancedSolution`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.status import Status

Array = NDArray[Any]

OUTPUTS = frozenset({
    "node_voltage", "line_current_from", "line_current_to", "line_loss", "unit_current_from", "unit_current_to",
    "unit_loss", "shunt_power", "switch_current", "source_current", "source_power", "load_current", "load_power",
    "loss", "power_error",
})  # fmt: skip
"""Array fields of a solution that cost work and can be asked for by name."""


def _absent() -> Array:
    return np.empty(0)


@dataclass(frozen=True)
class UnbalancedSolution:
    """Steady state of every scenario; what is dead or did not converge is 0 and its mask says so.

    A failed scenario has ``scenario_ok`` False, ``power_error`` 1 and zeros everywhere else.  Fields that
    were not among the asked ``outputs`` are empty.
    """

    status: Status
    """Worst ending of all scenarios."""
    scenario_ok: Array
    """(S,) bool."""
    scenario_status: tuple[Status, ...]
    """(S,) ending of each scenario."""
    iterations: int
    """Largest number of iterations any scenario took (of the last tap positions)."""
    residual: Array
    """(S,) largest complex power mismatch at a node. [p.u. of base_power]"""
    detail: str
    """One sentence about the worst ending; empty if all converged."""

    node_live: Array
    """(S, N) bool: connected to a source; False for what is switched to earth."""
    regulator_tap: Array
    """(S, R) position."""

    node_voltage: Array = field(default_factory=_absent)
    """(S, N) complex, to earth. [V]"""
    line_current_from: Array = field(default_factory=_absent)
    line_current_to: Array = field(default_factory=_absent)
    """(S, E, K) complex, in the direction from -> to at each end. [A]"""
    line_loss: Array = field(default_factory=_absent)
    """(S, E) real power. [W]"""
    unit_current_from: Array = field(default_factory=_absent)
    unit_current_to: Array = field(default_factory=_absent)
    """(S, C) complex: into the first terminal of the from coil, out of the first of the to coil. [A]"""
    unit_loss: Array = field(default_factory=_absent)
    """(S, C) copper and no-load loss. [W]"""
    shunt_power: Array = field(default_factory=_absent)
    """(S, H) complex power taken. [VA]"""
    switch_current: Array = field(default_factory=_absent)
    """(S, W) complex, from -> to. [A]"""
    source_current: Array = field(default_factory=_absent)
    """(S, G) complex, out of the source; sources on one node share equally. [A]"""
    source_power: Array = field(default_factory=_absent)
    """(S, G) complex power delivered. [VA]"""
    load_current: Array = field(default_factory=_absent)
    """(S, L) complex, from -> to through the load. [A]"""
    load_power: Array = field(default_factory=_absent)
    """(S, L) complex power taken. [VA]"""
    loss: Array = field(default_factory=_absent)
    """(S,) of lines, units and shunts. [W]"""
    power_error: Array = field(default_factory=_absent)
    """(S,) |sources - loads - losses| / sources, real power. [-]"""

"""Branch circuits of racks on phases: one-, two- and three-pole breakers, panel schedules, phase assignment.

In Europe a one-pole circuit of 230 V lies between a phase and the neutral; in North America a two-pole circuit of
208 V lies between two phases; rack power units of three-pole circuits draw from phase to neutral (wye, 415/240 V) or
between phases (delta, 208 V).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.unbalanced.problem import EARTH, NEUTRAL
from solvers.power.unbalanced.quality import nema_unbalance

Array = NDArray[Any]

_CHOICES = {1: ("a", "b", "c"), 2: ("ab", "bc", "ca"), 3: ("abc",)}


@dataclass(frozen=True)
class PhaseLoads:
    """M single-phase loads of C circuits, in S scenarios."""

    circuit: Array
    """(M,) circuit that the load is part of."""
    conductor_from: Array
    conductor_to: Array
    """(M,) 0, 1, 2 = phase a, b, c; 3 = neutral."""
    voltage: Array
    """(M,) nominal voltage across the load. [V]"""
    power: Array
    """(S, M) complex, consuming. [VA]"""

    def fields(self, bus_nodes: Array, circuit_bus: ArrayLike) -> dict[str, Array]:
        """Load fields of an UnbalancedProblem for circuits on buses.

        Parameters
        ----------
        bus_nodes : (B, 4) nodes of the buses (``problem.bus_nodes``); a bus without a neutral node has its
            neutral at earth.
        circuit_bus : (C,) bus of each circuit.
        """
        bus = np.asarray(circuit_bus, dtype=int)[self.circuit]
        start, end = bus_nodes[bus, self.conductor_from], bus_nodes[bus, self.conductor_to]
        missing = (start == EARTH) | ((end == EARTH) & (self.conductor_to != NEUTRAL))
        if np.any(missing):
            circuit = int(self.circuit[np.flatnonzero(missing)[0]])
            raise ValueError(f"circuit {circuit} is on a phase that its bus {int(bus[missing][0])} lacks")
        return {
            "load_from": start, "load_to": end, "load_voltage": self.voltage, "load_power": self.power,
        }  # fmt: skip


def phase_loads(
    power: ArrayLike,
    phases: Sequence[str],
    *,
    voltage: float,
    power_factor: ArrayLike = 1.0,
    delta: bool = False,
) -> PhaseLoads:
    """Loads of circuits on given phases.

    Parameters
    ----------
    power : (S, C) or (C,) real power of each circuit, consuming. [W]
    phases : (C) "a": one pole to neutral; "bc": two poles, between phases; "abc": three poles.
    voltage : nominal, between phases. [V]
    power_factor : (C,) or one for all, in (0, 1]; lagging, < 0 = leading. [-]
    delta : three-pole circuits draw between phases instead of from phase to neutral.

    Raises
    ------
    ValueError
        Naming the circuit, for phases or power factors that cannot be.

    Examples
    --------
    A two-pole circuit of 2,080 W at 208 V and unity power factor draws 10 A in two phases, none in the neutral.
    """
    watts = np.atleast_2d(np.asarray(power, dtype=float))
    if watts.ndim != 2 or watts.shape[1] != len(phases):
        raise ValueError(f"power has shape {np.shape(power)}, expected (S, {len(phases)})")
    if not np.all(np.isfinite(watts)):
        raise ValueError(f"power[{int(np.argwhere(~np.isfinite(watts))[0][1])}] is not finite")
    if not (np.isfinite(voltage) and voltage > 0):
        raise ValueError(f"voltage must be > 0 V, got {voltage}")
    factor = np.broadcast_to(np.asarray(power_factor, dtype=float), (len(phases),))
    bad = ~((np.abs(factor) > 0) & (np.abs(factor) <= 1))
    if np.any(bad):
        raise ValueError(f"power_factor[{int(np.flatnonzero(bad)[0])}] must be in (0, 1] or [-1, 0)")
    apparent = watts * (1 + 1j * np.sign(factor) * np.tan(np.arccos(np.abs(factor))))
    rows = [
        (circuit, one, two, len(_parts(text, delta, circuit)))
        for circuit, text in enumerate(phases)
        for one, two in _parts(text, delta, circuit)
    ]
    circuit, one, two, parts = np.array(rows, dtype=int).reshape(-1, 4).T
    across = np.where(two == NEUTRAL, voltage / np.sqrt(3), voltage)
    return PhaseLoads(circuit, one, two, across, apparent[:, circuit] / parts)


def _parts(text: str, delta: bool, circuit: int) -> list[tuple[int, int]]:
    """Conductors of the single-phase loads of one circuit."""
    if not 1 <= len(text) <= 3 or len(set(text)) != len(text) or not set(text) <= set("abc"):
        raise ValueError(f"phases[{circuit}] must be one to three of a, b, c, got {text!r}")
    at = ["abc".index(letter) for letter in text]
    if len(at) == 2:
        return [(at[0], at[1])]
    if len(at) == 3 and delta:
        return [(0, 1), (1, 2), (2, 0)]
    return [(k, NEUTRAL) for k in at]


@dataclass(frozen=True)
class PanelReport:
    """Currents of P panels or busways in S scenarios."""

    phase_current: Array
    """(S, P, 3) complex. [A]"""
    neutral_current: Array
    """(S, P) complex, towards the source. [A]"""
    imbalance: Array
    """(S, P) largest deviation of a phase current from the average, over the average. [-]"""


def panel_report(loads: PhaseLoads, circuit_panel: ArrayLike, panels: int, *, voltage: float) -> PanelReport:
    """Currents of circuits gathered on panels at balanced nominal voltage: the panel schedule.

    Parameters
    ----------
    circuit_panel : (C,) panel or busway of each circuit, below ``panels``.
    voltage : between phases. [V]

    Notes
    -----
    Voltage drop is left out (a few percent of the currents); with a solved network take
    :func:`line_phase_current`, :func:`line_neutral_current` and :func:`nema_unbalance` of the feeding line.
    """
    panel = np.asarray(circuit_panel, dtype=int)[loads.circuit]
    if np.any((panel < 0) | (panel >= panels)):
        raise ValueError(f"circuit_panel has an index that is not below {panels}")
    phasor = np.append(voltage / np.sqrt(3) * np.exp(-2j * np.pi / 3 * np.arange(3)), 0)
    current = np.conj(loads.power / (phasor[loads.conductor_from] - phasor[loads.conductor_to]))
    table = np.zeros((loads.power.shape[0], panels, 4), dtype=complex)
    lane = np.arange(table.shape[0])[:, None]
    np.add.at(table, (lane, panel, loads.conductor_from), current)
    np.add.at(table, (lane, panel, loads.conductor_to), -current)
    return PanelReport(table[..., :3], -table[..., 3], nema_unbalance(table[..., :3]))


def assign_phases(power: ArrayLike, poles: Sequence[int]) -> list[str]:
    """Phases of each circuit such that three phases carry about the same: largest first, each on the least loaded.

    Parameters
    ----------
    power : (C,) power of each circuit [W]; poles : (C) 1, 2 or 3.

    Returns
    -------
    (C) such as "a", "bc", "abc"; for equal powers the first phases in the alphabet come first.

    Notes
    -----
    Longest-processing-time rule of scheduling (R. L. Graham, SIAM J. Appl. Math. 17, 1969): the fullest phase
    carries at most 4/3 - 1/9 of the best possible for one-pole circuits.  Powers are added as numbers, so two-pole
    circuits are balanced by magnitude, not by phasor.
    """
    watts = np.asarray(power, dtype=float).ravel()
    if watts.size != len(poles):
        raise ValueError(f"power has {watts.size} circuits, poles {len(poles)}")
    load = dict.fromkeys("abc", 0.0)
    result = [""] * watts.size
    for circuit in np.argsort(-watts, kind="stable"):
        count = poles[circuit]
        if count not in _CHOICES:
            raise ValueError(f"poles[{int(circuit)}] must be 1, 2 or 3, got {count}")
        best = min(_CHOICES[count], key=lambda letters: round(sum(load[letter] for letter in letters), 6))
        result[circuit] = best
        for letter in best:
            load[letter] += watts[circuit] / count
    return result

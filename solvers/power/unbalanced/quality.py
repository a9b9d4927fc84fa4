"""Measures of unbalance: sequence voltages, IEC and NEMA factors, currents in the neutral."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.unbalanced.matrices import sequences
from solvers.power.unbalanced.problem import NEUTRAL, UnbalancedProblem
from solvers.power.unbalanced.solution import UnbalancedSolution

Array = NDArray[Any]


def bus_voltage(problem: UnbalancedProblem, node_voltage: Array, *, neutral: bool = True) -> Array:
    """(S, B, 3) voltages of phases a, b, c to the neutral of the bus, or to earth where it has none. [V]

    0 where the bus has no such phase; ``neutral=False`` gives voltages to earth everywhere.
    """
    volts = np.concatenate([node_voltage, np.zeros((node_voltage.shape[0], 1))], axis=1)
    nodes = problem.bus_nodes
    phases = volts[:, nodes[:, :3]]
    if neutral:
        phases = np.where(nodes[:, :3] >= 0, phases - volts[:, nodes[:, 3:]], 0)
    return np.asarray(phases)


def iec_unbalance(phases: ArrayLike) -> Array:
    """|V2| / |V1| of (..., 3) phasors, 0 where there is no positive sequence (IEC 61000-4-30, 5.7). [-]"""
    parts = np.abs(sequences(phases))
    return np.divide(parts[..., 2], parts[..., 1], out=np.zeros(parts.shape[:-1]), where=parts[..., 1] > 0)


def nema_unbalance(between_phases: ArrayLike) -> Array:
    """Largest deviation of three magnitudes from their average, over the average (NEMA MG 1-14.36). [-]

    NEMA means voltages between phases (see :func:`between`); the same measure of three phase currents is the
    customary current unbalance.
    """
    size = np.abs(np.asarray(between_phases))
    mean = size.mean(axis=-1)
    worst = np.abs(size - mean[..., None]).max(axis=-1)
    return np.divide(worst, mean, out=np.zeros(mean.shape), where=mean > 0)


def between(phases: ArrayLike) -> Array:
    """V_ab, V_bc, V_ca of (..., 3) phase voltages. [V]"""
    v = np.asarray(phases)
    return np.asarray(v - np.roll(v, -1, axis=-1))


def line_phase_current(problem: UnbalancedProblem, current: Array) -> Array:
    """(S, E, 3) of line currents (S, E, K): phases a, b, c whatever their order in the line. [A]"""
    return _by_conductor(problem, current)[..., :3]


def line_neutral_current(problem: UnbalancedProblem, current: Array) -> Array:
    """(S, E) current that returns: of the neutral conductor, or else the negative sum of the phases. [A]

    Without a neutral conductor in the line this is what flows in the earth and in neutrals that its matrix
    contains (Kron reduction).  Positive in the direction of the line.
    """
    table = _by_conductor(problem, current)
    has = (_conductor(problem) == NEUTRAL).any(axis=1)
    return np.asarray(np.where(has, table[..., NEUTRAL], -table[..., :3].sum(axis=-1)))


def _conductor(problem: UnbalancedProblem) -> Array:
    return np.append(problem.node_conductor, -1)[problem.line_from]


def _by_conductor(problem: UnbalancedProblem, current: Array) -> Array:
    kind = _conductor(problem)
    table = np.zeros((current.shape[0], kind.shape[0], 5), dtype=complex)
    line = np.arange(kind.shape[0])
    for column in range(kind.shape[1]):
        table[:, line, kind[:, column]] = current[:, :, column]  # -1, no conductor, goes to the last place
    return table[..., :4]


def voltage_report(problem: UnbalancedProblem, solution: UnbalancedSolution) -> dict[str, Array]:
    """Sequence voltages (S, B, 3) [V] and factors (S, B) [-] of buses with three phases, 0 elsewhere."""
    phases = bus_voltage(problem, solution.node_voltage)
    lacking = (problem.bus_nodes[:, :3] < 0).any(axis=1)
    phases[:, lacking] = 0
    return {
        "sequence_voltage": sequences(phases),
        "iec_unbalance": iec_unbalance(phases),
        "nema_unbalance": nema_unbalance(between(phases)),
    }

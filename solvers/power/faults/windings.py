"""Three-winding transformers in the sequence networks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.faults.corrections import transformer_factor, voltage_factor
from solvers.power.faults.elements import Winding
from solvers.power.faults.network import BASE, Circuits, Topology, View, at_frequency
from solvers.power.faults.problem import FaultProblem

Array = NDArray[Any]

PAIRS = ((0, 1), (0, 2), (1, 2))
"""Windings of the columns AB, AC, BC."""


def _triple_legs(problem: FaultProblem, w: int, view: View, impedance: Array) -> Array:
    """(3,) legs of the star of a three-winding transformer, at the voltage of A. [p.u. of its rated voltage]"""
    table = problem.triples
    bus, rated = table.bus[w], table.voltage[w]
    nominal = np.where(bus >= 0, problem.bus_voltage[np.maximum(bus, 0)], rated)
    c_max = voltage_factor(nominal, "max", problem.low_voltage_tolerance)
    pair = at_frequency(impedance[w], view) * BASE / table.rating[w]
    if view.case == "max" or problem.correct_minimum:
        low = [a if nominal[a] < nominal[b] else b for a, b in PAIRS]
        pair = pair * transformer_factor(table.impedance[w].imag, c_max[low])
    ab, ac, bc = pair
    return np.array([ab + ac - bc, ab + bc - ac, ac + bc - ab]) / 2


def triples(problem: FaultProblem, net: Topology, view: View, circuits: Circuits) -> None:
    for w in range(problem.triples.rating.shape[0]):
        legs = _triple_legs(problem, w, view, problem.triples.impedance)
        led = [k for k in range(3) if problem.triples.bus[w, k] >= 0]
        _star(problem, net, circuits, w, legs, led, None)


def zero_triples(problem: FaultProblem, net: Topology, view: View, circuits: Circuits) -> None:
    table = problem.triples
    for w in range(table.rating.shape[0]):
        legs = _triple_legs(problem, w, view, table.zero_impedance)
        base = table.voltage[w] ** 2 / BASE
        legs = legs + np.where(table.winding[w] == Winding.STAR_EARTHED, 3 * table.neutral[w] / base, 0)
        deltas = [legs[k] for k in range(3) if table.winding[w, k] == Winding.DELTA]
        short = any(z == 0 for z in deltas)
        earth = None if not deltas else 0j if short else 1 / sum(1 / z for z in deltas)
        led = [k for k in range(3) if table.winding[w, k] == Winding.STAR_EARTHED and table.bus[w, k] >= 0]
        _star(problem, net, circuits, w, legs, led, earth)


def _star(
    problem: FaultProblem, net: Topology, circuits: Circuits, w: int, legs: Array, led: list[int], earth: Any
) -> None:
    """Pi circuits between the terminals ``led`` of a star whose centre has an impedance to earth (None = open).

    The star is turned into a mesh, which does not mind a leg of zero or negative impedance.
    """
    table = problem.triples
    first_slot = 2 * problem.branches.from_bus.size + 3 * w
    node = {k: int(net.node[table.bus[w, k]]) for k in led}
    ratio = {k: table.voltage[w, k] / problem.bus_voltage[table.bus[w, k]] for k in led}
    ends = [(k, complex(legs[k])) for k in led] + ([] if earth is None else [(-1, complex(earth))])
    for i, (a, za) in enumerate(ends):
        for b, zb in ends[i + 1 :]:
            rest = [z for k, z in ends if k not in (a, b)]
            if len(rest) == 0:
                y = 1 / (za + zb)
            elif len(rest) == 1:
                y = rest[0] / (za * zb + zb * rest[0] + rest[0] * za)
            else:  # three windings and earth: legs are never all three earthed stars beside a delta
                raise ValueError(f"triples.winding[{w}]: more than three ways meet in the star")
            if b < 0:
                y = y / ratio[a] ** 2
                circuits.pi((node[a], node[a]), (y, 0, 0), (first_slot + a, circuits.nobody), True)
            else:
                s, t = ratio[a], ratio[b]
                circuits.pi(
                    (node[a], node[b]),
                    (y / s**2, -y / (s * t), y / t**2),
                    (first_slot + a, first_slot + b),
                    False,
                )

"""Positive- and zero-sequence networks of one scenario with the impedance corrections of IEC 60909-0:2016."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.faults.corrections import (
    COPPER,
    fictitious_resistance,
    generator_factor,
    transformer_factor,
    voltage_factor,
)
from solvers.power.faults.elements import Winding
from solvers.power.faults.network import BASE, Circuits, Sequence, Topology, View, at_frequency
from solvers.power.faults.problem import FaultProblem
from solvers.power.faults.windings import triples, zero_triples

Array = NDArray[Any]

REFERENCE_TEMPERATURE = 20.0
"""Temperature of line resistances in maximum currents, IEC 60909-0:2016 clause 7.1.2. [degC]"""


@dataclass(frozen=True)
class Unit:
    """Power-station units: what changes for a fault at the terminals of the machine itself. [p.u.]"""

    generator: Array
    """Rows of Generators."""
    terminal: Array
    grid: Array
    """Nodes at both ends of the unit transformer."""
    branch: Array
    """Branches that are the unit transformers."""
    branch_change: Array
    """(u, 2, 2) what their admittance matrix at (terminal, grid) gains."""
    machine_change: Array
    """(u,) what the machine's admittance gains."""
    voltage: Array
    """(u,) rated voltage of the machine over the nominal one of its bus: scales the fault current. [-]"""


def factors(problem: FaultProblem, case: str) -> Array:
    """(B,) voltage factor c of every bus."""
    return voltage_factor(problem.bus_voltage, case, problem.low_voltage_tolerance)


def positive(problem: FaultProblem, net: Topology, view: View) -> tuple[Sequence, Unit]:
    """Positive-sequence network of a case."""
    circuits = Circuits(problem, net)
    _lines(problem, net, view, circuits, problem.branches.impedance)
    y_unit, ratio = _transformers(problem, net, view, circuits)
    triples(problem, net, view, circuits)
    y_feeder, _ = feeder_admittance(problem, net, view)
    circuits.shunts("feeders", net.node[problem.feeders.bus], y_feeder)
    y_generator, alone = _generators(problem, net, view)
    circuits.shunts("generators", net.node[problem.generators.bus], y_generator)
    circuits.shunts("motors", net.node[problem.motors.bus], _motors(problem, net, view))
    return circuits.done(), _units(problem, net, (y_generator, alone), y_unit, ratio)


def zero(problem: FaultProblem, net: Topology, view: View) -> Sequence:
    """Zero-sequence network of a case."""
    circuits = Circuits(problem, net)
    _lines(problem, net, view, circuits, problem.branches.zero_impedance)
    _zero_transformers(problem, net, view, circuits)
    zero_triples(problem, net, view, circuits)
    feeders, generators = problem.feeders, problem.generators
    _, y_feeder = feeder_admittance(problem, net, view)
    circuits.shunts("feeders", net.node[feeders.bus], y_feeder)
    on = net.generator & generators.earthed
    z = (
        generators.zero_impedance
        * generators.voltage**2
        / generators.rating
        * _generator_factors(problem, net)[0]
    )
    z = np.where(on, z + 3 * generators.neutral, 1.0)
    circuits.shunts(
        "generators", net.node[generators.bus], on * problem.bus_voltage[generators.bus] ** 2 / BASE / z
    )
    earthings = problem.earthings
    y = net.earthing * problem.bus_voltage[earthings.bus] ** 2 / BASE / earthings.impedance
    circuits.shunts("earthings", net.node[earthings.bus], y)
    return circuits.done()


def _lines(problem: FaultProblem, net: Topology, view: View, circuits: Circuits, impedance: Array) -> None:
    branches = problem.branches
    line = net.closed & ~problem.ideal
    line[problem.transformers.branch] = False
    first, second = net.node[branches.from_bus], net.node[branches.to_bus]
    at = np.flatnonzero(line & (first != second) & (impedance != 0))
    z = impedance[at]
    if view.case == "min":
        z = z + z.real * COPPER * (branches.end_temperature[at] - REFERENCE_TEMPERATURE)
    y = branches.parallel[at] * problem.bus_voltage[branches.to_bus[at]] ** 2 / BASE / at_frequency(z, view)
    circuits.pi((first[at], second[at]), (y, -y, y), (2 * at, 2 * at + 1), False)


def feeder_admittance(problem: FaultProblem, net: Topology, view: View) -> tuple[Array, Array]:
    """(F,) positive- and zero-sequence admittance of the feeders, Z_Q = c U_n^2 / S_kQ''."""
    feeders = problem.feeders
    power = feeders.power_max if view.case == "max" else feeders.power_min
    size = factors(problem, view.case)[feeders.bus] * BASE / power
    x = size / np.hypot(1, feeders.r_over_x)
    zero_on = net.feeder & np.isfinite(feeders.x0_over_x1)
    x0 = np.where(zero_on, feeders.x0_over_x1, 1.0) * x
    z, z0 = x * (feeders.r_over_x + 1j), x0 * (feeders.r0_over_x0 + 1j)
    return net.feeder / at_frequency(z, view), zero_on / at_frequency(z0, view)


def _generator_factors(problem: FaultProblem, net: Topology) -> tuple[Array, Array]:
    """(N,) factor of the machine for faults elsewhere (K_G, K_S or K_SO) and at its own terminals."""
    machines, transformers = problem.generators, problem.transformers
    c_max = factors(problem, "max")
    nominal = problem.bus_voltage[machines.bus]
    sine = np.sqrt(1 - machines.power_factor**2)
    x = machines.impedance.imag
    rated = machines.voltage * (1 + machines.voltage_range)
    plain = generator_factor(nominal, rated, c_max[machines.bus], x, sine)
    if not net.unit.any():
        return plain, plain
    at = _transformer_row(problem)[np.where(net.unit, machines.unit_branch, 0)]
    branch = transformers.branch[at]
    machine_side = net.node[problem.branches.to_bus[branch]] == net.node[machines.bus]
    low = np.where(machine_side, transformers.voltage_to[at], transformers.voltage_from[at])
    high = np.where(machine_side, transformers.voltage_from[at], transformers.voltage_to[at])
    grid_bus = np.where(machine_side, problem.branches.from_bus[branch], problem.branches.to_bus[branch])
    grid, c_grid = problem.bus_voltage[grid_bus], c_max[grid_bus]
    on_load = (grid / machines.voltage * low / high) ** 2 * c_grid
    on_load = on_load / (1 + np.abs(x - transformers.impedance[at].imag) * sine)
    fixed = grid / rated * low / high * (1 - machines.unit_tap_range) * c_grid / (1 + x * sine)
    whole = np.where(net.unit, np.where(machines.unit_on_load, on_load, fixed), plain)
    own_c = c_max[machines.bus] / (1 + x * sine)
    alone = np.where(machines.unit_on_load, own_c, own_c / (1 + machines.voltage_range))
    return whole, np.where(net.unit, alone, plain)


def _transformer_row(problem: FaultProblem) -> Array:
    """(E,) row of Transformers of each branch, 0 where it is none."""
    place = np.zeros(problem.branches.from_bus.size, int)
    place[problem.transformers.branch] = np.arange(problem.transformers.branch.size)
    return place


def _generators(problem: FaultProblem, net: Topology, view: View) -> tuple[Array, Array]:
    """(N,) admittances for faults elsewhere and at the terminals of a unit."""
    machines = problem.generators
    z = machines.impedance
    if view.peak:
        z = z.imag * (fictitious_resistance(machines.rating, machines.voltage) + 1j)
    z = (
        at_frequency(z, view)
        * machines.voltage**2
        / machines.rating
        * BASE
        / problem.bus_voltage[machines.bus] ** 2
    )
    whole, alone = _generator_factors(problem, net)
    return net.generator / (z * whole), net.generator / (z * alone)


def _motors(problem: FaultProblem, net: Topology, view: View) -> Array:
    """(M,) admittances; motors are left out of minimum currents (clause 7.1.2)."""
    motors = problem.motors
    size = motors.voltage**2 / motors.rating / motors.start_ratio / motors.count
    x = size / np.hypot(1, motors.r_over_x) * BASE / problem.bus_voltage[motors.bus] ** 2
    on = net.motor & (view.motors and view.case == "max")
    return np.asarray(on / at_frequency(x * (motors.r_over_x + 1j), view))


def transformer_corrections(problem: FaultProblem, net: Topology, case: str) -> Array:
    """(T,) K_T (in maximum currents, clause 6.3.3), or K_S, K_SO of the machine whose unit it is."""
    transformers, branches = problem.transformers, problem.branches
    ends = branches.from_bus[transformers.branch], branches.to_bus[transformers.branch]
    low = np.where(problem.bus_voltage[ends[0]] < problem.bus_voltage[ends[1]], ends[0], ends[1])
    k = np.ones(transformers.branch.size)
    if case == "max" or problem.correct_minimum:
        k = transformer_factor(transformers.impedance.imag, factors(problem, "max")[low])
    machines = np.flatnonzero(net.unit)
    if machines.size:
        at = _transformer_row(problem)[problem.generators.unit_branch[machines]]
        k[at] = _generator_factors(problem, net)[0][machines]
    return k


def _ratio(problem: FaultProblem) -> Array:
    """(T,) ideal ratio at the from side, off the nominal one. [p.u.]"""
    transformers, branches = problem.transformers, problem.branches
    nominal = problem.bus_voltage[branches.from_bus] / problem.bus_voltage[branches.to_bus]
    return np.asarray(transformers.voltage_from / transformers.voltage_to / nominal[transformers.branch])


def _per_unit(problem: FaultProblem) -> Array:
    """(T,) factor from per unit of the rating to per unit of the to bus, of one unit of the parallel ones."""
    transformers, branches = problem.transformers, problem.branches
    to = problem.bus_voltage[branches.to_bus[transformers.branch]]
    return np.asarray(transformers.voltage_to**2 / transformers.rating * BASE / to**2)


def _transformers(
    problem: FaultProblem, net: Topology, view: View, circuits: Circuits
) -> tuple[Array, Array]:
    """Series impedances; returns uncorrected admittances and ratios (T,)."""
    transformers, branches = problem.transformers, problem.branches
    e, ratio = transformers.branch, _ratio(problem)
    first, second = net.node[branches.from_bus[e]], net.node[branches.to_bus[e]]
    plain = branches.parallel[e] / (at_frequency(transformers.impedance, view) * _per_unit(problem))
    y = plain / transformer_corrections(problem, net, view.case)
    on = np.flatnonzero(net.closed[e] & (first != second))
    y, t = y[on], ratio[on]
    circuits.pi((first[on], second[on]), (y / t**2, -y / t, y), (2 * e[on], 2 * e[on] + 1), False)
    return plain, ratio


def _units(
    problem: FaultProblem, net: Topology, machine: tuple[Array, Array], plain: Array, ratio: Array
) -> Unit:
    """For a fault at the terminals of a unit: its machine with K_G alone, its transformer without correction."""
    who = np.flatnonzero(net.unit)
    generators = problem.generators
    at = _transformer_row(problem)[generators.unit_branch[who]] if who.size else np.zeros(0, int)
    terminal, grid = net.node[generators.bus[who]], net.unit_grid[who]
    change, gain = np.zeros((who.size, 2, 2), complex), machine[1][who] - machine[0][who]
    branch = problem.transformers.branch[at]
    if who.size:
        k = _generator_factors(problem, net)[0][who]
        y, t = plain[at] * (1 - 1 / k), ratio[at]
        forward = net.node[problem.branches.from_bus[branch]] == terminal
        change[:, 0, 0] = np.where(forward, y / t**2, y)
        change[:, 1, 1] = np.where(forward, y, y / t**2)
        change[:, 0, 1] = change[:, 1, 0] = -y / t
    voltage = generators.voltage[who] / problem.bus_voltage[generators.bus[who]]
    return Unit(who, terminal, grid, branch, change, gain, voltage)


def _zero_transformers(problem: FaultProblem, net: Topology, view: View, circuits: Circuits) -> None:
    """Star-shaped circuit of two leakage legs and a magnetising one; a delta earths its leg inside."""
    transformers, branches = problem.transformers, problem.branches
    e, ratio, unit = transformers.branch, _ratio(problem), _per_unit(problem)
    first, second = net.node[branches.from_bus[e]], net.node[branches.to_bus[e]]
    leak = (
        at_frequency(transformers.zero_impedance, view)
        * unit
        * transformer_corrections(problem, net, view.case)
    )
    neutral = [
        3 * z * BASE / problem.bus_voltage[bus] ** 2
        for z, bus in (
            (transformers.neutral_from, branches.from_bus[e]),
            (transformers.neutral_to, branches.to_bus[e]),
        )
    ]
    neutral[0] = neutral[0] / ratio**2
    kind = transformers.winding_from, transformers.winding_to
    many = branches.parallel[e]
    leg = [many * (kind[side] == Winding.STAR_EARTHED) / (leak / 2 + neutral[side]) for side in (0, 1)]
    earth = many * sum(((kind[side] == Winding.DELTA) / (leak / 2) for side in (0, 1)), np.zeros(e.size))
    earth = earth + many * transformers.zero_magnetising / unit
    total = leg[0] + leg[1] + earth
    safe = np.where(total == 0, 1.0, total)
    through = leg[0] * leg[1] / safe
    own = [leg[side] * (leg[1 - side] + earth) / safe for side in (0, 1)]
    for side in (0, 1):
        zigzag = kind[side] == Winding.ZIGZAG_EARTHED
        own[side] = own[side] + many * zigzag / (leak + neutral[side])
    to_earth = ((earth != 0) & (leg[0] + leg[1] != 0)) | (kind[0] == Winding.ZIGZAG_EARTHED)
    to_earth = to_earth | (kind[1] == Winding.ZIGZAG_EARTHED)
    closed = net.closed[e] & (first != second)
    two = np.flatnonzero(closed & (through != 0))
    y11, y12, y22, t = own[0][two], through[two], own[1][two], ratio[two]
    circuits.pi(
        (first[two], second[two]), (y11 / t**2, -y12 / t, y22), (2 * e[two], 2 * e[two] + 1), to_earth[two]
    )
    for side, node, scale in ((0, first, ratio**2), (1, second, np.ones(e.size))):
        one = np.flatnonzero(closed & (through == 0) & (own[side] != 0))
        y = own[side][one] / scale[one]
        circuits.pi((node[one], node[one]), (y, 0, 0), (2 * e[one] + side, circuits.nobody), True)

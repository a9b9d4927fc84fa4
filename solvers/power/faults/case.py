"""One scenario, one case (greatest or smallest currents): from sequence networks to currents of all buses."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.faults import corrections
from solvers.power.faults.network import BASE, Sequence, Topology, View
from solvers.power.faults.partial import partial_currents
from solvers.power.faults.problem import FaultProblem
from solvers.power.faults.seen import Seen, look, machine_currents
from solvers.power.faults.selected import BLOCK
from solvers.power.faults.sequences import Unit, factors, positive, zero

Array = NDArray[Any]


@dataclass(frozen=True)
class Question:
    """What is asked."""

    line_line: bool
    line_ground: bool
    peak: str | None
    breaking_time: float | None
    partial: bool
    compiled: bool


@dataclass(frozen=True)
class CaseCurrents:
    """The fields of :class:`~solvers.power.faults.problem.FaultCurrents` without their first two axes."""

    initial: Array
    power: Array
    peak: Array
    kappa: Array
    breaking: Array
    steady: Array
    line_line: Array
    line_line_peak: Array
    line_ground: Array
    line_ground_peak: Array
    converter_part: Array
    impedance: Array
    zero_impedance: Array
    fed: Array
    branch_from: Array
    branch_to: Array
    branch_ground_from: Array
    branch_ground_to: Array
    branch_unique: Array
    winding_current: Array
    feeder_current: Array
    generator_current: Array
    motor_current: Array

    @staticmethod
    def nothing(problem: FaultProblem, question: Question) -> CaseCurrents:
        """All zero, in the shapes of an answer to the question."""
        buses, branches = problem.bus_voltage.size, problem.branches.from_bus.size
        asked = {
            "peak": question.peak, "kappa": question.peak, "breaking": question.breaking_time,
            "line_line": question.line_line, "line_line_peak": question.line_line and question.peak,
            "line_ground": question.line_ground, "line_ground_peak": question.line_ground and question.peak,
            "zero_impedance": question.line_ground,
        }  # fmt: skip
        tables = {
            one.name: np.zeros(buses if asked.get(one.name, True) else 0) for one in fields(CaseCurrents)
        }
        part = int(question.partial)
        ground = part * int(question.line_ground)
        for name, count in (
            ("branch_from", part * branches), ("branch_to", part * branches),
            ("branch_ground_from", ground * branches), ("branch_ground_to", ground * branches),
            ("feeder_current", part * problem.feeders.bus.size),
            ("generator_current", part * problem.generators.bus.size),
            ("motor_current", part * problem.motors.bus.size),
        ):  # fmt: skip
            tables[name] = np.zeros(count, complex)
        tables["winding_current"] = np.zeros((part * problem.triples.rating.shape[0], 3), complex)
        for name in ("impedance", "zero_impedance"):
            tables[name] = tables[name].astype(complex)
        tables["fed"] = np.zeros(buses, bool)
        tables["branch_unique"] = np.ones(branches, bool)
        return CaseCurrents(**tables)


def evaluate(problem: FaultProblem, net: Topology, case: str, question: Question) -> CaseCurrents:
    """Currents of one case.

    Raises
    ------
    solvers.power.factor.SingularMatrix
        If impedances cancel.
    """
    bus = net.node
    sequence, unit = positive(problem, net, View(case))
    seen = look(sequence, unit, question.compiled)
    fed = seen.earthed[bus]
    base_current = BASE / np.sqrt(3) / problem.bus_voltage
    own = np.ones(net.nodes)
    own[unit.terminal] = unit.voltage
    c = factors(problem, case) * own[bus] * fed
    answer = {one.name: one_value for one, one_value in _blank(problem, question)}
    answer |= {"fed": fed}
    answer["impedance"] = np.where(fed, seen.impedance[bus] * problem.bus_voltage**2 / BASE, 0)
    machines = c / np.abs(seen.impedance[bus]) * base_current
    raised, island = _converters(problem, net, case, seen)
    converter = np.where(fed, raised[bus] / np.abs(seen.impedance[bus]), island[bus]) * base_current
    answer["converter_part"] = converter
    answer["initial"] = machines + converter
    answer["power"] = np.sqrt(3) * problem.bus_voltage * answer["initial"]
    answer["steady"] = _steady(problem, net, case, question, c, unit, seen) * base_current + converter
    kappa = None
    if question.peak is not None:
        kappa = _kappa(problem, net, case, question, seen)[bus]
        answer["kappa"] = kappa
        answer["peak"] = np.sqrt(2) * (kappa * machines + converter)
    if question.breaking_time is not None:
        decay = _decay(problem, net, unit, question.breaking_time, seen, c)
        answer["breaking"] = np.abs(c / seen.impedance[bus] - decay) * base_current + converter
    if question.line_line:
        three = np.where(fed, np.sqrt(3) / 2, 1.0)
        answer["line_line"] = three * answer["initial"]
        if kappa is not None:
            answer["line_line_peak"] = three * answer["peak"]
    ground: tuple[Seen, Array] | None = None
    if question.line_ground:
        ground = _line_ground(problem, net, case, question, seen, (c, base_current, raised, kappa), answer)
    if question.partial:
        answer |= partial_currents(problem, net, seen, unit, ground, c * base_current)
    return CaseCurrents(**answer)


def _blank(problem: FaultProblem, question: Question) -> list[tuple[Any, Array]]:
    nothing = CaseCurrents.nothing(problem, question)
    return [(one, getattr(nothing, one.name)) for one in fields(CaseCurrents)]


def _converters(problem: FaultProblem, net: Topology, case: str, seen: Seen) -> tuple[Array, Array]:
    """(nodes,) sum of |Z_ij| I_j over converters j, and the sum of I_j in parts that nothing else feeds. [p.u.]"""
    converters = problem.converters
    current = converters.current_max if case == "max" else converters.current_min
    at = np.flatnonzero(net.converter & (current > 0))
    raised: Array = np.zeros(net.nodes)
    if not at.size:
        return raised, raised
    node = net.node[converters.bus[at]]
    strength = current[at] * np.sqrt(3) * problem.bus_voltage[converters.bus[at]] / BASE
    for first in range(0, at.size, BLOCK):
        block = slice(first, first + BLOCK)
        raised += np.abs(seen.inverse.columns(node[block])) @ strength[block]
    label = seen.sequence.parts()
    island = np.bincount(label[node], strength, minlength=label.max() + 1)[label]
    return np.where(seen.earthed, raised, 0), np.where(seen.earthed, 0, island)


def _steady(
    problem: FaultProblem, net: Topology, case: str, question: Question, c: Array, unit: Unit, seen: Seen
) -> Array:
    """(B,) I_k of machines and feeders: I_k'' without motors (clause 11); in minimum currents generators give no more
    than they sustain. [p.u.]"""
    bus = net.node
    if case == "max":
        if not net.motor.any():
            return np.abs(c / seen.impedance[bus])
        sequence, unit = positive(problem, net, View(case, motors=False))
        seen = look(sequence, unit, question.compiled)
        return np.abs(c * seen.earthed[bus] / seen.impedance[bus])
    limit = problem.generators.sustained * problem.generators.rating / problem.generators.voltage
    limit = limit * problem.bus_voltage[problem.generators.bus] / BASE
    total = c / seen.impedance[bus]
    if np.isfinite(limit[net.generator]).any():
        for rows, current, _ in machine_currents(problem, net, unit, seen, c, "generators"):
            size = np.abs(current)
            part = np.divide(limit[rows], size, out=np.ones_like(size), where=size > limit[rows])
            total = total - ((1 - part) * current).sum(axis=1)
    return np.abs(total)


def _kappa(problem: FaultProblem, net: Topology, case: str, question: Question, seen: Seen) -> Array:
    """(nodes,) peak factor by method B or C; 0 where nothing but converters feeds."""
    if question.peak == "C":
        sequence, unit = positive(problem, net, View(case, peak=True))
        z = look(sequence, unit, question.compiled).impedance
        ratio = z.real / _reactance(z) * corrections.EQUIVALENT_FREQUENCY
        return np.where(seen.earthed, corrections.kappa(ratio), 0.0)
    plain = corrections.kappa(seen.impedance.real / _reactance(seen.impedance))
    low, high = corrections.KAPPA_LIMITS
    limit = np.where(net.voltage <= corrections.LOW_VOLTAGE, low, high)
    value = np.where(_meshed(seen.sequence), corrections.MESHED * plain, plain)
    return np.where(seen.earthed, np.minimum(value, limit), 0.0)


def _reactance(impedance: Array) -> Array:
    """Reactance, kept from zero: a purely resistive way has kappa 1.02."""
    return np.maximum(impedance.imag, 1e-6 * np.abs(impedance))


def _meshed(sequence: Sequence) -> Array:
    """(nodes,) bool: fed from several sides or in a loop, with some R/X of 0.3 or more."""
    label = sequence.parts()
    count = int(label.max(initial=-1)) + 1
    two = sequence.y12 != 0
    ends = np.sort(np.stack([sequence.first[two], sequence.second[two]]), axis=0)
    links = np.unique(ends, axis=1)
    live = np.unique(sequence.shunt_node[sequence.shunt != 0])
    ways = np.bincount(label[links[0]], minlength=count) + np.bincount(label[live], minlength=count)
    z = np.concatenate([1 / sequence.y12[two] * -1, 1 / sequence.shunt[sequence.shunt != 0]])
    where = np.concatenate([sequence.first[two], sequence.shunt_node[sequence.shunt != 0]])
    resistive = z.real >= corrections.RESISTIVE * z.imag
    some = np.bincount(label[where], resistive, minlength=count) > 0
    return np.asarray(((ways > np.bincount(label, minlength=count)) & some)[label])


def _decay(problem: FaultProblem, net: Topology, unit: Unit, time: float, seen: Seen, c: Array) -> Array:
    """(B,) complex what decays until the breaking time, clause 9.1 (meshed): sum of dU (1 - mu q) I_k''. [p.u.]"""
    total = np.zeros(net.node.size, complex)
    motors = problem.motors
    for kind, count, q in (
        ("generators", np.array(1), np.ones(problem.generators.bus.size)),
        ("motors", motors.count, corrections.motor_decay_factor(motors.pole_pair_power, time)),
    ):
        table = getattr(problem, kind)
        rated = count * table.rating / table.voltage * problem.bus_voltage[table.bus] / BASE
        for rows, current, admittance in machine_currents(problem, net, unit, seen, c, kind):
            ratio = np.abs(current) / rated[rows]
            mu = corrections.decay_factor(ratio, time)
            fall = 1j * (1 / admittance).imag * current / np.where(c > 0, c, 1)[:, None]
            total += (fall * np.where(ratio > 2, 1 - mu * q[rows], 0) * current).sum(axis=1)
    return total


def _line_ground(
    problem: FaultProblem,
    net: Topology,
    case: str,
    question: Question,
    seen: Seen,
    known: tuple[Array, Array, Array, Array | None],
    answer: dict[str, Array],
) -> tuple[Seen, Array]:
    """Line-to-earth currents; returns the zero-sequence network and complex I_0 (B,) of machines. [p.u.]"""
    c, base, raised, kappa = known
    bus = net.node
    sequence = zero(problem, net, View(case))
    ground = look(sequence, None, question.compiled)
    closed = ground.earthed[bus] & answer["fed"]
    z0 = np.where(ground.earthed[bus], ground.impedance[bus], 1.0)
    loop = 2 * seen.impedance[bus] + z0
    current = np.where(closed, c / loop, 0)
    machines, converter = 3 * np.abs(current) * base, 3 * closed * raised[bus] / np.abs(loop) * base
    lone = problem.converters.earthed & net.converter
    if lone.any():
        converter = converter + np.where(
            answer["fed"], 0, _island_ground(problem, net, case, seen, lone)[bus] * base
        )
    answer["zero_impedance"] = np.where(ground.earthed[bus], z0 * problem.bus_voltage**2 / BASE, 0)
    answer["line_ground"] = machines + converter
    if kappa is not None:
        answer["line_ground_peak"] = np.sqrt(2) * (kappa * machines + converter)
    return ground, current


def _island_ground(problem: FaultProblem, net: Topology, case: str, seen: Seen, lone: Array) -> Array:
    """(nodes,) limit currents of earthed converters in parts that nothing else feeds. [p.u.]"""
    converters = problem.converters
    current = (converters.current_max if case == "max" else converters.current_min) * lone
    strength = current * np.sqrt(3) * problem.bus_voltage[converters.bus] / BASE
    label = seen.sequence.parts()
    island = np.bincount(label[net.node[converters.bus]], strength, minlength=int(label.max()) + 1)[label]
    return np.where(seen.earthed, 0, island)

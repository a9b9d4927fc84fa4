"""What is wrong with a network, element by element: data that are suspicious, parts that contradict each other,
loads that cannot be fed, and why a scenario has no steady state.

A diagnosis names elements by kind and index; its sentence goes on from the element's name ("... is held at ...").
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.flow import solve
from solvers.power.margin import loadability
from solvers.power.newton import Model, model_of
from solvers.power.newton_busbars import AGREE
from solvers.power.problem import Problem, Solution
from solvers.power.transfer import LANES, WORD, feed_arcs, pack, spread, unpack
from solvers.status import Status

Array = NDArray[Any]

TINY = 1e-7
"""Impedance (p.u.) below which a branch is better given as ideal: its rounding spoils the balance (assumed)."""
CASES = 8
"""Most scenarios of a kind that are looked into; thousands of failures tend to have one cause."""


class Kind(StrEnum):
    """What was found; the text never changes its meaning."""

    NEGATIVE_RESISTANCE = "negative resistance"
    NEGATIVE_REACTANCE = "negative reactance"
    TINY_IMPEDANCE = "impedance so small that it should be 0"
    DISCONNECTED_LOAD = "load without any way to a source"
    DISCONNECTED_GENERATOR = "generator without any way to a source"
    SELF_FED = "transfer switch input that only the switch itself feeds"
    SWITCH_LOOP = "transfer switches that only feed each other"
    HELD_TWICE = "busbar held at two values"
    SOURCE_AND_CONVERTER = "busbar held by a source and a converter"
    SHORTED_CONVERTER = "converter with input and output on one busbar"
    RATIO_LOOP = "loop of ideal transformers whose ratios do not agree"
    CIRCULATING_CURRENT = "current without load above rating"
    BEYOND_SOLUTION = "loads beyond any steady state"
    NOT_SOLVED = "scenario that was not solved"


@dataclass(frozen=True)
class Diagnosis:
    """One thing that is wrong, or looks wrong."""

    kind: Kind
    element: str
    """"bus", "branch", "source", "generator", "converter", "load" or "scenario"."""
    index: int
    message: str
    """Sentence that goes on from the name of the element."""
    scenario: int = -1
    """Scenario in which it was found; -1 = whatever the scenario."""
    others: tuple[tuple[str, int], ...] = ()
    """Further elements that take part."""
    value: float = 0.0
    """The number in the message: p.u., A per rated A, or the share of the loads."""


def diagnose(problem: Problem, solution: Solution | None = None) -> tuple[Diagnosis, ...]:
    """Name what is wrong with a network.

    Parameters
    ----------
    solution : Solution
        Result for the problem's own loads; it is found if it is not given.

    Notes
    -----
    Contradictions and circulating currents are looked for in the first scenario and in at most 8 of those that
    failed, the loadability margin in at most 8.  An empty result says that nothing was found, not that nothing
    is wrong.
    """
    found = [*_data(problem), *_reach(problem), *_switches(problem)]
    solved = solve(problem) if solution is None else solution
    failed = np.flatnonzero(~solved.scenario_ok)
    looked = dict.fromkeys([0, *failed[:CASES].tolist()])
    seen: set[tuple[Kind, str, int]] = set()
    for scenario in looked:
        for item in _scenario(problem, scenario, bool(solved.scenario_ok[scenario]), solved):
            if (item.kind, item.element, item.index) not in seen:
                seen.add((item.kind, item.element, item.index))
                found.append(item)
    return tuple(found)


def _data(problem: Problem) -> Iterator[Diagnosis]:
    """Impedances that a network of real equipment rarely has."""
    z = problem.branch_impedance
    for branch in np.flatnonzero(z.real < 0):
        yield Diagnosis(
            Kind.NEGATIVE_RESISTANCE, "branch", int(branch), f"has a resistance of {z[branch].real:.4g} p.u.",
            value=float(z[branch].real),
        )  # fmt: skip
    for branch in np.flatnonzero(z.imag < 0):
        yield Diagnosis(
            Kind.NEGATIVE_REACTANCE, "branch", int(branch),
            f"has a reactance of {z[branch].imag:.4g} p.u.: a series capacitor, or one leg of a three-winding "
            "transformer, but no line or cable",
            value=float(z[branch].imag),
        )  # fmt: skip
    for branch in np.flatnonzero((z != 0) & (np.abs(z) < TINY)):
        yield Diagnosis(
            Kind.TINY_IMPEDANCE, "branch", int(branch),
            f"has an impedance of {abs(z[branch]):.2g} p.u.; give 0, which is solved exactly",
            value=float(abs(z[branch])),
        )  # fmt: skip


def _most(problem: Problem) -> tuple[Array, Array, Array]:
    """Masks (1, n) of the branches, sources and converters that are on in some scenario."""
    closed, source, converter = (
        np.asarray(mask.any(axis=0))[None]
        for mask in (problem.branch_closed, problem.source_live, problem.converter_live)
    )
    return closed, source, converter


def _reach(problem: Problem) -> Iterator[Diagnosis]:
    """Loads and generators that no source reaches in any scenario."""
    arcs = feed_arcs(problem, converters=True)
    closed, source, converter = _most(problem)
    seed = np.zeros(problem.bus_voltage.size, dtype=WORD)
    np.bitwise_or.at(seed, problem.source_bus, pack(source))
    live = unpack(spread(seed, arcs, np.concatenate([pack(closed), pack(converter)])), 1)[0]
    cords = problem.cord_on.any(axis=0) & (problem.cord_weight > 0)
    fed = np.zeros(problem.load_power.shape[1], dtype=bool)
    np.logical_or.at(fed, problem.cord_load, cords & live[problem.cord_bus])
    for load in np.flatnonzero(~fed & np.any(problem.load_power != 0, axis=0)):
        at = problem.cord_bus[problem.cord_load == load]
        yield Diagnosis(
            Kind.DISCONNECTED_LOAD, "load", int(load),
            "has no cord" if not at.size else "hangs on buses that no source can reach, whatever is switched",
            others=tuple(("bus", int(bus)) for bus in at),
        )  # fmt: skip
    for machine in np.flatnonzero(~live[problem.generator_bus]):
        yield Diagnosis(
            Kind.DISCONNECTED_GENERATOR, "generator", int(machine),
            "has no source in its island; a generator of given power alone does not energise it",
            others=(("bus", int(problem.generator_bus[machine])),),
        )  # fmt: skip


def _switches(problem: Problem) -> Iterator[Diagnosis]:
    """Transfer switches in a ring: each is opened in turn, one per bit, and what is still live is looked at."""
    inputs = np.flatnonzero(problem.branch_group >= 0)
    if not inputs.size:
        return
    groups, member = np.unique(problem.branch_group[inputs], return_inverse=True)
    arcs = feed_arcs(problem, converters=True)
    closed, source, converter = _most(problem)
    for first in range(0, groups.size, LANES):
        count = min(LANES, groups.size - first)
        mine = (member >= first) & (member < first + count)
        rows, lane = inputs[mine], member[mine] - first
        gates = np.repeat(closed, count, axis=0)
        gates[lane, rows] = False
        gate = np.concatenate([pack(gates), pack(np.repeat(converter, count, axis=0))])
        seed = np.zeros(problem.bus_voltage.size, dtype=WORD)
        np.bitwise_or.at(seed, problem.source_bus, pack(np.repeat(source, count, axis=0)))
        live = unpack(spread(seed, arcs, gate), count)
        outputs = np.zeros((count, problem.bus_voltage.size), dtype=bool)
        outputs[lane, problem.branch_to[rows]] = True
        after = unpack(spread(pack(outputs), arcs, gate), count)
        own = ~live[lane, problem.branch_from[rows]] & after[lane, problem.branch_from[rows]]
        for number in range(count):
            at = rows[lane == number]
            fed_by_itself = own[lane == number]
            if fed_by_itself.all():
                yield Diagnosis(
                    Kind.SWITCH_LOOP, "branch", int(at[0]),
                    "belongs to a transfer switch whose inputs are all fed from its own output alone",
                    others=tuple(("branch", int(branch)) for branch in at[1:]),
                )  # fmt: skip
                continue
            for branch in at[fed_by_itself]:
                yield Diagnosis(
                    Kind.SELF_FED, "branch", int(branch),
                    "is an input of a transfer switch that only the switch's own output feeds",
                    others=(("bus", int(problem.branch_to[branch])),),
                )  # fmt: skip


def _scenario(problem: Problem, scenario: int, ok: bool, solved: Solution) -> Iterator[Diagnosis]:
    """Contradictions of one scenario, its currents without load, and why it was not solved."""
    model = model_of(problem, scenario, 1e-8)
    named = list(_contradictions(model, scenario))
    yield from named
    if not named:
        with suppress(RuntimeError):  # the series network may have no unique state without load
            yield from _circulation(model, scenario)
    if ok or named:
        return
    margin = loadability(problem, scenario)
    if margin.status.ok and margin.bounded and margin.margin < 1:
        yield Diagnosis(
            Kind.BEYOND_SOLUTION, "bus", margin.bus,
            f"collapses at {margin.margin:.1%} of the loads; beyond that the network has no steady state",
            scenario, value=margin.margin,
        )  # fmt: skip
        return
    status = solved.scenario_status[scenario] if solved.scenario_status else Status.DIVERGED
    why = model.details[0] or status.value
    yield Diagnosis(Kind.NOT_SOLVED, "scenario", scenario, f"was not solved: {why}", scenario)


def _contradictions(model: Model, scenario: int) -> Iterator[Diagnosis]:
    problem, nodes, busbars = model.problem, model.nodes, model.busbars
    for node in dict.fromkeys(busbars.contradictory().tolist()):
        yield Diagnosis(
            Kind.RATIO_LOOP, "bus", int(nodes.bus[node]),
            "lies on a loop of ideal transformers whose ratios do not multiply to 1", scenario,
        )  # fmt: skip
    for unit in np.flatnonzero(busbars.point[nodes.converter.node] == busbars.point[nodes.intake]):
        yield Diagnosis(
            Kind.SHORTED_CONVERTER, "converter", int(nodes.converter.element[unit]),
            "has its input and its output on one busbar", scenario,
        )  # fmt: skip
    first: dict[int, tuple[str, int, complex]] = {}
    held = [("source", nodes.source, problem.source_voltage)]
    held.append(("converter", nodes.converter, problem.converter_voltage))
    for element, holders, voltage in held:
        for node, index in zip(holders.node, holders.element, strict=True):
            value = complex(voltage[index] / busbars.ratio[node])
            other = first.setdefault(int(busbars.point[node]), (element, int(index), value))
            yield from _clash(element, int(index), value, other, scenario)
    machines: dict[int, tuple[str, int, complex]] = {}
    for node, index in zip(nodes.generator.node, nodes.generator.element, strict=True):
        value = complex(problem.generator_voltage[index] / abs(busbars.ratio[node]))
        if busbars.point[node] not in first:
            other = machines.setdefault(int(busbars.point[node]), ("generator", int(index), value))
            yield from _clash("generator", int(index), value, other, scenario)


def _clash(
    element: str, index: int, value: complex, other: tuple[str, int, complex], scenario: int
) -> Iterator[Diagnosis]:
    """Two holders of one busbar, if they do not agree."""
    kind, number, voltage = other
    if kind != element:
        yield Diagnosis(
            Kind.SOURCE_AND_CONVERTER, element, index, f"holds a busbar that a {kind} holds too", scenario,
            ((kind, number),),
        )  # fmt: skip
    elif abs(value - voltage) > AGREE * abs(voltage):
        angle = np.degrees(np.angle(value / voltage))
        yield Diagnosis(
            Kind.HELD_TWICE, element, index,
            f"holds a busbar at {abs(value):.4g} p.u. that another {kind} holds at {abs(voltage):.4g} p.u., "
            f"{angle:.3g} degrees apart",
            scenario, ((kind, number),), float(abs(value - voltage)),
        )  # fmt: skip


def _circulation(model: Model, scenario: int) -> Iterator[Diagnosis]:
    """Branches that sources (or unequal taps in parallel) load above rating before there is any load."""
    problem, nodes, busbars = model.problem, model.nodes, model.busbars
    rating = problem.branch_rating[nodes.real.branch]
    if not np.isfinite(rating).any():
        return
    bus = busbars.ratio * model.no_load()[busbars.point]
    edges, to = nodes.real, problem.branch_to[nodes.real.branch]
    drop = bus[edges.tail] / problem.branch_tap[edges.branch] - bus[edges.head]
    phases = np.where(problem.bus_dc[to], 1.0, np.sqrt(3.0))
    base = problem.base_power / (phases * problem.bus_voltage[to])
    current = np.abs(drop / problem.branch_impedance[edges.branch]) * base
    for row in np.flatnonzero(current > rating):
        yield Diagnosis(
            Kind.CIRCULATING_CURRENT, "branch", int(edges.branch[row]),
            f"carries {current[row]:.4g} A without any load, {current[row] / rating[row]:.2f} times its rating: "
            "voltages at its ends are held too far apart",
            scenario, value=float(current[row] / rating[row]),
        )  # fmt: skip

"""The coupling: IT power -> heat -> air and liquid -> plant power -> electrical losses -> heat, to a fixed point.

This file is the whole loop.  Each step below asks one domain's solver for all scenarios still in motion; a scenario
leaves the loop when nothing that couples the domains changes any more.  One that never does has no steady state
within the limits: thermal runaway, reported as a finding about the design.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from solvers import power as power_flow
from twin.model.base import Mark
from twin.model.facility import Facility
from twin.networks.facility import Lowered, lower
from twin.networks.fidelity import AirFault, Fidelity, effort
from twin.networks.plant import Weather
from twin.networks.state import State, change
from twin.networks.steps import (
    breathe,
    circulate,
    complex_load,
    curtail,
    electrical_load,
    energise,
    feed,
    reject,
    start,
    ventilate,
    warm,
)
from twin.results.results import Results
from twin.scenario import NORMAL, Scenario, plan
from twin.studies import study
from twin.studies.basis import Basis
from twin.studies.collapse import collapse
from twin.tabulate import air_facts, air_fields, join, tabulate

TOLERANCE = 1e-8
"""Largest change of a coupled quantity: power over the IT power, temperature over 100 K, speed and throttle."""
MAX_PASSES = 240
"""Passes after which a scenario has not settled."""
WARM_UP = 4
"""Passes before racks are curtailed, so that the first guess of flows and pump speeds throttles nobody."""
PATIENCE = 24
"""Passes after which a scenario whose power flow still has no solution is given up."""
CADENCE = 6
"""Passes from one change of what racks draw to the next: the time a change takes to come back through the loops."""
CHUNK = 256
"""Most scenarios solved side by side."""
CELLS = 300_000
"""Most scenarios times racks solved side by side; bounds the memory of large facilities."""
COMPILED = 10_000_000
"""Buses times scenarios from which the compiled power flow repays the time in which it compiles on first use (measured:
20 s, for 4 s less on a campus of 1,056 racks)."""
LARGEST = 1.5e9
"""Largest size of the results. [bytes]"""
QUANTITIES_EACH = 25
"""Result quantities of a rack or machine, for the estimate of their size."""


class TooLarge(MemoryError):
    """The results of an evaluation would not fit in memory."""


class NoAir(ValueError):
    """The 3-D air of a hall has no solution as it is laid out, or no room in memory: messages, and where to look."""

    def __init__(self, faults: tuple[tuple[str, Mark], ...]) -> None:
        super().__init__("; ".join(message for message, _ in faults))
        self.faults = faults


class Progress(Protocol):
    """Is told how many scenarios have settled."""

    def __call__(self, done: int, total: int = 0, base: int = 0) -> None: ...


def evaluate(
    facility: Facility,
    scenarios: tuple[Scenario, ...] | None = None,
    *,
    failures: bool = True,
    air: Fidelity = "zonal",
    tolerance: float = TOLERANCE,
    max_passes: int = MAX_PASSES,
    studies: Literal["none", "quick", "thorough"] = "none",
    progress: Progress | None = None,
) -> Results:
    """Evaluate a facility in the given states (by default normal and every single failure).

    Parameters
    ----------
    air : str
        Model of the halls' air: ``zonal`` (milliseconds), ``potential``, ``rans`` (3-D), or ``auto`` for the best that
        answers within half a minute.
    studies : str
        What is asked beside the states (short circuits, ride-through, redundancy ...): nothing, what takes seconds, or
        also every state of one machine in maintenance and another lost, which may take minutes.
    progress : callable
        Called after every pass with the states settled in this block, all states, and those in earlier blocks.

    Raises
    ------
    TooLarge
        Before any work, if the results would not fit in memory.
    NoAir
        If the 3-D air of a hall is asked for and cannot be solved.
    """
    try:
        results, basis = _evaluated(facility, scenarios, failures, air, tolerance, max_passes, progress)
        if studies == "none" or basis is None:
            return results
        tell = getattr(progress, "stage", basis.tell)
        return study(replace(basis, thorough=studies == "thorough", tell=tell))
    except AirFault as error:
        raise NoAir(error.told(facility)) from error


def normal_state(facility: Facility, *, air: Fidelity = "zonal") -> Basis | None:
    """The lowered facility with its normal state, where it has one."""
    try:
        return _evaluated(facility, (NORMAL,), False, air, TOLERANCE, MAX_PASSES, None)[1]
    except AirFault as error:
        raise NoAir(error.told(facility)) from error


def _evaluated(
    facility: Facility,
    scenarios: tuple[Scenario, ...] | None,
    failures: bool,
    air: Fidelity,
    tolerance: float,
    max_passes: int,
    progress: Progress | None,
) -> tuple[Results, Basis | None]:
    begun = time.perf_counter()
    states = scenarios if scenarios is not None else plan(facility, failures=failures)
    if not states:
        raise ValueError("scenarios is empty: give at least one state")
    _fits(facility, len(states))
    world = lower(facility, effort(facility, air, len(states)), states=len(states))
    lowered = time.perf_counter()
    parts: list[Results] = []
    loads: list[NDArray[np.complex128]] = []
    at_rest: list[State] = []
    chunk = max(8, min(CHUNK, CELLS // max(len(facility.racks), 1)))
    for first in range(0, len(states), chunk):
        tell = partial(progress, total=len(states), base=first) if progress else None
        block = states[first : first + chunk]
        rest = settle(world, block, tolerance=tolerance, max_passes=max_passes, progress=tell)
        load = complex_load(world, electrical_load(world, rest.state))
        part = tabulate(world, block, rest.state, rest.tree.solve(load), rest.settled, rest.passes)
        parts.append(part)
        loads += [load[row] for row, state in enumerate(part.scenarios) if state.normal]
        at_rest += [rest.state.take(np.array([k])) for k, state in enumerate(part.scenarios) if state.normal]
    results = join(facility, parts)
    results = replace(results, fields=air_fields(world), air=air_facts(world))
    results = replace(results, seconds={"lower": lowered - begun, "solve": time.perf_counter() - lowered})
    normal = next((row for row, state in enumerate(states) if state.normal), -1)
    if loads and not all(report.ok[normal] for report in results.reports if report.domain == "power"):
        results = replace(results, answers={"power": collapse(world.power, loads[0])})
    return results, Basis(world, results, normal, loads[0], at_rest[0]) if loads else None


def _fits(facility: Facility, states: int) -> None:
    """Refuse what would not fit in memory, before any work is done."""
    things = len(facility.machines) + len(facility.feeds) / 5
    size = 8.0 * QUANTITIES_EACH * things * states
    if size > LARGEST:
        raise TooLarge(
            f"{states} states of {len(facility.machines)} machines make {size / 1e9:.1f} GB of results, more than "
            f"{LARGEST / 1e9:.1f} GB; leave the single failures out (--no-failures) or evaluate the halls one by one"
        )


@dataclass(frozen=True, eq=False)
class Rest:
    """Some states at rest."""

    state: State
    settled: NDArray[np.bool_]
    """(S,) nothing changes any more, and the power flow has a solution."""
    passes: int
    tree: power_flow.Prepared


def settle(
    world: Lowered,
    scenarios: tuple[Scenario, ...],
    *,
    weather: Weather | None = None,
    tolerance: float = TOLERANCE,
    max_passes: int = MAX_PASSES,
    progress: Progress | None = None,
) -> Rest:
    """Iterate some states to rest, under ``weather`` (a row each) instead of their own."""
    failed = world.failed(scenarios)
    states = world.power.in_service(scenarios)
    large = states.bus_voltage.size * len(scenarios) >= COMPILED
    tree = power_flow.prepare(states, compiled=None if large else False)
    scale = np.full(len(scenarios), max(float(world.rack_demand.sum()), 1.0))
    moving = np.arange(len(scenarios))
    whole = energise(world, start(world, scenarios, weather), tree, failed)
    unsolved = np.zeros(len(scenarios), bool)
    passes = 0
    while moving.size and passes < max_passes:
        passes += 1
        before = whole.take(moving)
        state = breathe(world, before)  # rack heat -> air, room air handlers
        state = ventilate(world, state)  # outdoor air -> what is left for the coils
        state = circulate(world, state)  # flows asked for -> loop flows, pump speed
        state = warm(world, state)  # heat -> loop temperatures, CDU and plant duty
        state = reject(world, state)  # plant duty -> leaving temperature, fan and compressor power
        if passes > WARM_UP:
            # coolant and air -> what racks may draw
            state = curtail(world, state, act=(passes - WARM_UP) % CADENCE == 1)
        if passes >= WARM_UP:
            state = feed(world, state, tree, moving)  # -> what is drawn at the inputs, losses
        whole = whole.put(moving, state)
        restless = (change(before, state, scale[moving]) > tolerance) | (passes <= WARM_UP)
        hopeless = ~state.power_ok & (passes > PATIENCE)
        unsolved[moving[hopeless]] = True
        moving = moving[restless & ~hopeless]
        if progress:
            progress(len(scenarios) - moving.size)
    settled = ~unsolved
    settled[moving] = False
    return Rest(whole, settled, passes, tree)

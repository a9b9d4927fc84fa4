"""The start of the generators after the loss of the utility: which transfer switch is served when, with what step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.power.dynamics.startup import StartSequence, run_start
from twin.model.products import Generator, TransferSwitch
from twin.studies.outage import HARD, NOW, Group, Outage

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Start:
    """What became of the blocks of one group of generators."""

    group: Group
    load: float
    """Of all its generators, in the end. [W]"""
    first: float
    """Moment at which the first set is on the bus. [s]"""
    taken: tuple[float, ...]
    """Moment at which each switch has power. [s]"""
    step: float
    """Largest step over the rating of the sets that were on the bus. [-]"""


@dataclass(frozen=True)
class _Asked:
    """Numbers of one group."""

    rating: tuple[float, ...]
    start: tuple[float, ...]
    power: tuple[float, ...]
    step: tuple[float, ...]
    transfer: tuple[float, ...]
    walk: tuple[float, ...]
    limit: float


def start(outage: Outage) -> tuple[Start, ...]:
    """Follow the start of every group of generators; like groups are one case.

    Every transfer switch is a block.  What it feeds through UPS and rectifiers walks in, drives of cooling machines run
    up, racks without a store in between come as a step.  A block waits until the sets on the bus can take its step
    and its power; one that they can never take is served all the same, as nothing holds its switch back, and rules tell.
    """
    load = lost_load(outage)
    asked = [_asked(outage, group, load) for group in outage.groups]
    done = {case: _run(case) for case in dict.fromkeys(asked)}
    return tuple(
        Start(group, sum(case.power), *done[case]) for group, case in zip(outage.groups, asked, strict=True)
    )


def _asked(outage: Outage, group: Group, load: Mapping[str, float]) -> _Asked:
    sets = [_generator(outage, name) for name in group.generators]
    switches = [outage.machine[name].product for name in group.switches]
    power = [
        max(load.get(name, 0.0), 0.0) for name in group.switches
    ]  # one that is fed backwards takes nothing
    drawn = [outage.drawn(name) for name in group.switches]
    hard = [watts * d[HARD] / d[NOW] if d[NOW] > 0 else 0.0 for watts, d in zip(power, drawn, strict=True)]
    return _Asked(
        tuple(item.rating for item in sets),
        tuple(item.start_time for item in sets),
        tuple(power),
        tuple(min(step, watts) for step, watts in zip(hard, power, strict=True)),
        tuple(item.transfer_time for item in switches if isinstance(item, TransferSwitch)),
        tuple(outage.soft(name) for name in group.switches),
        min(item.load_step for item in sets),
    )


def _generator(outage: Outage, name: str) -> Generator:
    product = outage.machine[name].product
    assert isinstance(product, Generator)
    return product


def lost_load(outage: Outage) -> dict[str, float]:
    """Power through the machines of the power tree once generators carry what the utility did. [W]

    From the solved loss of the utility; of the normal state where several utilities would have to be lost together or
    that state did not settle.
    """
    results, row = outage.basis.results, outage.basis.row
    utilities = tuple(machine.id for machine in outage.basis.facility.of_kind("utility"))
    for index, scenario in enumerate(results.scenarios):
        if scenario.failed == utilities and results.settled[index]:
            row = index
    table = results["power"]
    return dict(zip(table.ids, table["power"][row].tolist(), strict=True))


def _run(case: _Asked) -> tuple[float, tuple[float, ...], float]:
    """Moment of the first set, of every block, and the largest step."""
    blocks = {
        "block_power": np.array(case.power),
        "step_power": np.array(case.step),
        "transfer_time": np.array(case.transfer),
        "walk_in": np.array(case.walk),
    }
    sets = {"generator_power": np.array(case.rating), "start_time": np.array(case.start)}
    held = run_start(StartSequence(**sets, **blocks, step_limit=case.limit))
    free = run_start(StartSequence(**sets, **blocks, step_limit=1e9, loading_limit=1e9))
    served = np.isfinite(held.block_time[0])
    taken = np.where(served, held.block_time[0], free.block_time[0])
    step = np.where(served, held.step_fraction[0], np.array(case.step) / sum(case.rating))
    return float(held.generator_time[0].min()), tuple(taken.tolist()), float(step.max(initial=0.0))

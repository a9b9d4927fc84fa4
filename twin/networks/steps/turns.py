"""Machines that need the outdoors side by side with others on one loop: which of them are open.

All sources of a loop get the same return, and what leaves them mixes.  A dry cooler or tower in air too warm for the set
point so warms the supply, and chillers beside it would have to go below the set point.  So they take turns: alone where
the outdoors carry all at the set point; beside open chillers where they hold it with their share of the flow; else shut.
Where the chillers alone do not carry the load, what leaves colder than the return by a margin stays open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.model.products import CoolingTower, DryCooler
from twin.model.products.cooling import Plant
from twin.networks import plant
from twin.networks.facility import Lowered
from twin.networks.state import State

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

GAIN = 2.0
"""What leaves must be colder than the return, for an outdoor machine to help chillers that are overloaded. [K] Assumed."""
BAND = 0.1
"""Room beyond what a machine needs to stay open that one needs to open. [K] Assumed; keeps the turns at rest."""


@dataclass(frozen=True)
class Turn:
    """Of one group of machines, (S,) each."""

    rests: Mask
    """Its valves are shut, as others carry the load."""
    together: Mask
    """It runs beside others, all of it."""


@dataclass(frozen=True)
class _Group:
    machine: int
    columns: NDArray[np.intp]
    able: Array
    """(S,) machines that could run."""
    product: Plant

    @property
    def outdoors(self) -> bool:
        return isinstance(self.product, DryCooler | CoolingTower)

    @property
    def size(self) -> Array:
        """(S,) rated flow of what could run. [m3/s]"""
        return self.able * self.product.flow


def turns(
    world: Lowered,
    state: State,
    weather: plant.Weather,
    groups: Sequence[NDArray[np.intp]],
    able: Sequence[Mask],
) -> list[Turn]:
    """Turn of every group of plant sources; ``groups`` are columns of the sources, ``able`` (S, n) each."""
    never = np.zeros(len(state.live), bool)
    found = [Turn(never, never) for _ in groups]
    loops = np.array([world.source_loop[columns[0]] for columns in groups], np.intp)
    for number in np.unique(loops):
        places = np.flatnonzero(loops == number).tolist()
        members = [_group(world, groups[place], able[place]) for place in places]
        if len(members) > 1 and any(member.outdoors for member in members):
            for place, turn in zip(
                places, _of_loop(world, state, weather, int(number), members), strict=True
            ):
                found[place] = turn
    return found


def _group(world: Lowered, columns: NDArray[np.intp], able: Mask) -> _Group:
    machine = int(world.source_machine[columns[0]])
    product = world.cooling[machine].product
    assert isinstance(product, Plant)
    return _Group(machine, columns, able.sum(axis=1).astype(float), product)


def _of_loop(
    world: Lowered, state: State, weather: plant.Weather, number: int, members: list[_Group]
) -> list[Turn]:
    columns = np.concatenate([member.columns for member in members])
    duty = np.maximum(state.plant_duty[:, columns].sum(axis=1), 0.0)
    flow = state.source_flow[:, columns].sum(axis=1)
    setpoint, capacity = state.setpoint[:, number], world.loops[number].capacity
    rise = duty / np.maximum(flow * capacity, 1e-9)

    def asked(member: _Group, beside: list[_Group]) -> plant.Asked:
        """Of one unit, where these groups share the flow in proportion to the flows of their sheets."""
        share = member.product.flow / np.maximum(sum(one.size for one in beside), 1e-12)
        entering = weather.dry_bulb
        for sink in np.flatnonzero(world.sink_machine == member.machine):
            entering = state.supply[:, world.sink_loop[sink]]
        return plant.Asked(duty * share, flow * share, capacity, setpoint, entering)

    def leaving(member: _Group, beside: list[_Group]) -> Array:
        at_most = plant.coldest(world.cooling[member.machine], asked(member, beside), weather)
        return np.where(member.able > 0, at_most, np.inf)

    outdoors = [member for member in members if member.outdoors]
    others = [member for member in members if not member.outdoors]
    mechanical = sum((member.able for member in others), np.zeros_like(duty)) > 0
    rested = np.array([~state.staged[:, member.columns].any(axis=1) for member in members])
    open_now = {id(member): ~rest for member, rest in zip(members, rested, strict=True)}
    alone = mechanical.copy()
    for member in outdoors:
        room = np.where(open_now[id(member)], 0.0, BAND)
        missing = (member.able > 0) & (leaving(member, outdoors) > setpoint - room)
        alone &= ~missing
    alone &= sum(member.able for member in outdoors) > 0
    short = ~mechanical
    for member in others:
        short |= (member.able > 0) & plant.run(
            world.cooling[member.machine], asked(member, others), weather
        ).lost
    opened = {}
    for member in outdoors:
        room, cold = np.where(open_now[id(member)], 0.0, BAND), leaving(member, members)
        helps = (cold <= setpoint - room) | (short & (cold < setpoint + rise - GAIN - room))
        opened[id(member)] = alone | helps
    some = np.any([opened[id(member)] & (member.able > 0) for member in outdoors], axis=0)
    moving = flow > 0.0
    answers = []
    for member in members:
        if member.outdoors:
            # without chillers, and where none is of use, all stay open: heat must have some way out
            rests = moving & ~opened[id(member)] & (mechanical | some)
            answers.append(Turn(rests, ~rests))
        else:
            answers.append(Turn(moving & alone, moving & some & ~alone))
    return answers

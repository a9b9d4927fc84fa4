"""Power: who has it, what racks draw at their inputs, and the losses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from solvers import power as power_flow
from twin.networks import electrical_rooms
from twin.networks.facility import Lowered
from twin.networks.state import State

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

SAME_LOAD = 1e-10
"""The power flow is solved again only when a load changed by more than this share of all racks' demand. [-]"""


NEEDED = ("cord_power", "converter_input", "branch_loss", "converter_loss", "bus_voltage")
"""What the coupling reads of a power flow."""


def energise(world: Lowered, state: State, tree: power_flow.Prepared, failed: Mask) -> State:
    """Who has power: decided by switching alone, whatever is drawn."""
    reached = tree.load_served
    fed, wired = world.rack_load >= 0, world.cooling_load >= 0
    served, live = np.zeros_like(state.served), ~failed
    served[:, fed] = reached[:, world.rack_load[fed]]
    live[:, wired] &= reached[:, world.cooling_load[wired]]
    return replace(state, served=served, live=live, rack_power=np.where(served, state.rack_power, 0.0))


def electrical_load(world: Lowered, state: State) -> Array:
    """(S, loads) power asked of the tree, behind the racks' power shelves. [W]"""
    load = np.zeros((len(state.live), len(world.power.loads)))
    fed, wired = world.rack_load >= 0, world.cooling_load >= 0
    load[:, world.rack_load[fed]] = (world.rack_busbar * state.rack_level * state.throttle)[:, fed]
    load[:, world.cooling_load[wired]] = state.power[:, wired]
    return load


def feed(world: Lowered, state: State, tree: power_flow.Prepared, scenarios: NDArray[np.intp]) -> State:
    """Power flow of the scenarios whose loads changed: what racks draw at their inputs, and the losses.

    ``scenarios`` are the rows of ``tree`` that the rows of ``state`` stand for.
    """
    load = electrical_load(world, state)
    scale = max(float(world.rack_demand.sum()), 1.0)
    at = np.flatnonzero(np.abs(load - state.solved_load).max(axis=1, initial=0.0) > SAME_LOAD * scale)
    if not at.size:
        return state
    solution = tree.solve(complex_load(world, load[at]), rows=scenarios[at], outputs=NEEDED)
    drawn, losses, ok = state.rack_power.copy(), state.room_loss.copy(), state.power_ok.copy()
    rooms = state.electrical_room_heat.copy()
    drawn[at] = rack_input(world, solution)
    branch, converter = solution.branch_loss, solution.converter_loss
    idle = np.abs(solution.bus_voltage[:, world.shunt_bus]) ** 2  # of nominal
    losses[at] = branch @ world.branch_hall + converter @ world.converter_hall + idle @ world.shunt_hall
    rooms[at] = branch @ world.branch_room + converter @ world.converter_room + idle @ world.shunt_room
    ok[at] = solution.scenario_ok
    return replace(
        state, rack_power=drawn, room_loss=losses, electrical_room_heat=rooms, power_ok=ok, solved_load=load
    )


def room_cooling(world: Lowered, state: State) -> Array:
    """(S, H + 1) what cooling the electrical rooms of every hall draws, and, last, of those that the halls share. [W]

    It is drawn at the meter: the power tree does not feed it.
    """
    heat = state.electrical_room_heat
    drawn = [
        electrical_rooms.power(rooms, heat[:, column], state.dry_bulb, state.barometer)
        for column, rooms in enumerate(world.electrical_rooms)
    ]
    return np.stack(drawn, axis=1)


def complex_load(world: Lowered, load: Array) -> NDArray[np.complex128]:
    """With the reactive power of each load's power factor. [VA]"""
    return np.asarray(load * (1.0 + 1j * np.tan(np.arccos(world.power.load_power_factor))))


def rack_input(world: Lowered, solution: power_flow.Solution) -> Array:
    """(S, R) what each rack draws at its inputs, shelves included. [W]"""
    tree = world.power.problem
    cords = np.zeros((len(solution.scenario_ok), len(world.power.loads)))
    for cord, column in enumerate(tree.cord_load):
        cords[:, column] += solution.cord_power[:, cord].real
    fed = world.rack_load >= 0
    plain = np.zeros((len(cords), len(world.racks)))
    plain[:, fed] = cords[:, world.rack_load[fed]]
    return np.where(world.shelf, solution.converter_input.real @ world.rack_converter, plain)

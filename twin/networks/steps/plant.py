"""Plant: leaving temperatures, fans, compressors and water at the outdoor state."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from twin.networks import plant
from twin.networks.facility import PLANT_KINDS, Lowered
from twin.networks.state import State
from twin.networks.steps.heat import mover_power

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def reject(world: Lowered, state: State) -> State:
    """Plant at the outdoor state: leaving temperatures, fans, compressors, water."""
    parts = {
        name: getattr(state, name).copy()
        for name in (
            "plant_leaving",
            "plant_loading",
            "plant_water",
            "plant_free",
            "plant_lost",
            "plant_running",
            "condenser",
            "power",
        )
    }
    parts["power"] = np.where(_is_mover(world), mover_power(world, state), parts["power"])
    for columns in _alike(world):
        machines = world.source_machine[columns]
        loop = int(world.source_loop[columns[0]])
        live = state.live[:, machines] & (state.source_flow[:, columns] > 0.0)
        live &= _condensing(world, state, machines)
        running = np.maximum(live.sum(axis=1), 1)
        duty = np.maximum((state.plant_duty[:, columns] * live).sum(axis=1), 0.0) / running
        flow = (state.source_flow[:, columns] * live).sum(axis=1) / running
        entering = _condenser_water(world, state, int(machines[0]))
        answer = plant.run(world.cooling[machines[0]], world.loops[loop], world.weather, duty, flow, entering)
        for name, value in (
            ("plant_leaving", answer.leaving), ("plant_loading", answer.loading), ("plant_water", answer.water),
            ("plant_free", answer.free), ("plant_lost", answer.lost),
        ):  # fmt: skip
            idle = parts[name][:, columns] * 0 if name != "plant_leaving" else world.loops[loop].setpoint
            parts[name][:, columns] = np.where(live, value[:, None], idle)
        # a chiller without condenser water lets its own water pass; plant out of service has none
        parts["plant_running"][:, columns] = live | (state.source_flow[:, columns] <= 0.0)
        parts["power"][:, machines] = np.where(live, answer.power[:, None], 0.0)
        parts["condenser"][:, machines] = np.where(live, answer.condenser[:, None], 0.0)
    return replace(state, **parts)


def _is_mover(world: Lowered) -> Mask:
    return np.array([machine.kind in ("cdu", "pump") for machine in world.cooling], bool)


def _alike(world: Lowered) -> list[NDArray[np.intp]]:
    """Plant sources of one type in one loop, which run alike."""
    groups: dict[tuple[int, str], list[int]] = {}
    for column, machine in enumerate(world.source_machine):
        if world.cooling[machine].kind in PLANT_KINDS:
            groups.setdefault((int(world.source_loop[column]), world.cooling[machine].type), []).append(
                column
            )
    return [np.array(columns, np.intp) for columns in groups.values()]


def _condensing(world: Lowered, state: State, machines: NDArray[np.intp]) -> Mask:
    """(S, n) where plant that needs condenser water gets some."""
    flowing = np.ones((len(state.live), machines.size), bool)
    for column, machine in enumerate(machines):
        sinks = np.flatnonzero(world.sink_machine == machine)
        if sinks.size:
            flowing[:, column] = state.sink_flow[:, sinks].max(axis=1) > 0.0
        elif getattr(world.cooling[machine].product, "condenser", "") == "water":
            flowing[:, column] = False
    return flowing


def _condenser_water(world: Lowered, state: State, machine: int) -> Array:
    for sink in np.flatnonzero(world.sink_machine == machine):
        return np.asarray(state.supply[:, world.sink_loop[sink]])
    return np.full(len(state.live), world.weather.dry_bulb)

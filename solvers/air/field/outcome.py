"""What a solved flow means: the field in the middle of every cell, what streams and panels see, and the balances."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from solvers.air.field import transport
from solvers.air.field.closing import Heat
from solvers.air.field.flow import Flow
from solvers.air.field.problem import Problem
from solvers.air.field.solution import Field

Array = NDArray[np.float64]


def field_of(flow: Flow, temperature: Array, aged: Array | None) -> Field:
    voxels, inner = flow.voxels, (slice(1, -1),) * 3
    blank = ~voxels.fluid[inner]

    def shown(values: NDArray[Any]) -> NDArray[np.float32]:
        found = np.nan_to_num(np.asarray(values[inner]), nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
        found[blank] = np.nan
        return cast(NDArray[np.float32], found.transpose(2, 1, 0))

    middle = [0.5 * (f + np.roll(f, -1, 2 - a)) for a, f in enumerate((flow.u, flow.v, flow.w))]
    pressure = flow.p * flow.problem.air.density
    if not voxels.openings.face.size:
        pressure = pressure - float(pressure[voxels.fluid].mean())
    turbulent = flow.model == 0
    return Field(
        grid=voxels.grid,
        temperature=shown(temperature),
        velocity=np.stack([shown(m) for m in middle], axis=-1),
        pressure=shown(pressure),
        kinetic=shown(flow.k) if turbulent else None,
        dissipation=shown(flow.e) if turbulent else None,
        age=shown(aged) if aged is not None else None,
    )


def hottest(flow: Flow, heat: Heat) -> Array:
    s = flow.streams
    values = heat.field.reshape(-1)[s.cell_in]
    found = heat.inlet.copy()
    np.maximum.at(found, s.owner_in, values)
    return found


def held(problem: Problem, flow: Flow, heat: Heat) -> NDArray[np.bool_]:
    coil = np.isfinite(problem.setpoint) & (flow.flow > 0) & ~flow.streams.one_way
    return ~coil | (heat.outlet <= problem.setpoint + 1e-6)


def profiles(flow: Flow, field: Array) -> tuple[tuple[Array, Array], ...]:
    """Mean temperature in front of every patch by height."""
    faces, flat = flow.voxels.patches, field.reshape(-1)
    z = flow.voxels.grid.centers[2]
    plane = flow.voxels.shape[1] * flow.voxels.shape[2]
    found = []
    for number in range(len(flow.voxels.room.patches)):
        part = faces.of(number)
        level = faces.cell[part] // plane - 1
        heights, where = np.unique(level, return_inverse=True)
        area = np.bincount(where, faces.area[part])
        mean = np.bincount(where, faces.area[part] * flat[faces.cell[part]]) / area
        found.append((z[heights], mean))
    return tuple(found)


def panel_flow(flow: Flow) -> Array:
    faces, found = flow.voxels.panels, np.zeros(len(flow.voxels.room.panels))
    for n, number in enumerate(flow.voxels.panel_of):
        part = faces.of(n)
        component = (flow.u, flow.v, flow.w)[int(faces.axis[part][0])].reshape(-1)
        found[number] += float((component[faces.face[part]] * faces.area[part]).sum())
    return found


def panel_rise(flow: Flow) -> Array:
    faces, found = flow.voxels.panels, np.zeros(len(flow.voxels.room.panels))
    p = flow.p.reshape(-1)
    for n, number in enumerate(flow.voxels.panel_of):
        part = faces.of(n)
        step = p[faces.ghost[part]] - p[faces.cell[part]]
        found[number] = (
            float((step * faces.area[part]).sum() / faces.area[part].sum()) * flow.problem.air.density
        )
    return found


# -- balances ---------------------------------------------------------------------------------------


def heat_off(flow: Flow) -> float:
    """Imbalance of heat while the iteration runs."""
    given = flow.flow * (flow.outlet - flow.inlet)
    given = np.where(flow.streams.one_way, 0.0, given)
    size = max(float(np.abs(given).sum()), 1e-9)
    holes = flow.voxels.openings
    one_way = flow.flow[flow.streams.one_way] @ (
        flow.outlet[flow.streams.one_way] - flow.problem.air.reference
    )
    total = float(given.sum()) + float(one_way)
    if holes.face.size:
        speed = np.empty(holes.face.size)
        for a, component in enumerate((flow.u, flow.v, flow.w)):
            chosen = holes.axis == a
            speed[chosen] = component.reshape(-1)[holes.face[chosen]]
        into = speed * holes.side * holes.area
        T = flow.T.reshape(-1)
        at = np.where(into > 0, T[holes.ghost], T[holes.cell]) - flow.problem.air.reference
        total += float((into * at).sum())
    rate = flow.problem.air.density * flow.problem.air.heat_capacity
    total += float(np.sum(flow.problem.source_heat)) / rate
    return abs(total) / size


def mass_off(flow: Flow, operator: transport.Operator) -> float:
    into = np.where(flow.streams.supplies, 1.0, -1.0) * operator.patch_flow
    total = float(into.sum() + operator.opening_flow.sum())
    return max(abs(total) / flow.supplied, operator.repaired)


def energy_off(problem: Problem, operator: transport.Operator, heat: Heat) -> float:
    """Sum of all heat that enters the room's air, over the heat put in."""
    given = sum(
        float(r.sum()) * t for (_, r), t in zip(transport.supplies(operator), heat.outlet, strict=True)
    )
    taken = 0.0
    size = 1e-9
    flat = heat.field.reshape(-1)
    for n, (cells, rate) in enumerate(transport.flows(operator, supply=False)):
        taken += float((rate * flat[cells]).sum())
        size += abs(float(rate.sum()) * (heat.outlet[n] - heat.inlet[n]))
    faces = operator.voxels.openings
    for n, opening in enumerate(operator.voxels.room.openings):
        part = faces.of(n)
        through = operator.opening_flow[part]
        given += float(np.maximum(through, 0.0).sum()) * opening.temperature
        taken += float((np.maximum(-through, 0.0) * flat[faces.cell[part]]).sum())
    capacity = problem.air.density * problem.air.heat_capacity
    made = float(np.sum(problem.source_heat)) / capacity
    for (cells, conductance), outside in zip(operator.wall_cells, problem.wall_temperature, strict=True):
        made += float((conductance * (outside - flat[cells])).sum())
    return abs(given - taken + made) / (size + abs(made))

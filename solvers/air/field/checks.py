"""What cannot be solved, said before anything is: rooms without supply, air that has no way out, heat without a sink."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.air.field.problem import Problem
from solvers.air.field.voxels import RoomError, Voxels

Array = NDArray[np.float64]

BALANCED = 1e-6
"""Net flow into a closed region that is rounding, over the largest flow."""


def check(problem: Problem, voxels: Voxels) -> None:
    """Raise if the flows have no solution.

    Raises
    ------
    RoomError
        With every reason, each naming the streams concerned.
    """
    faults = [*_moving_walls(problem), *_no_air(problem), *_unbalanced(problem, voxels), *_curves(problem)]
    if faults:
        raise RoomError(faults)


def _moving_walls(problem: Problem) -> list[str]:
    if problem.air.turbulence == "laminar":
        return []
    return [f"{slide.name}: moving walls are solved for laminar air only" for slide in problem.room.slides]


def _no_air(problem: Problem) -> list[str]:
    flow, room = problem.flow, problem.room
    moved = room.slides or np.isfinite(problem.head).any()
    driven = any(w.conductance > 0 for w in room.walls) or bool(np.any(problem.source_heat)) or room.openings
    if not room.streams and not moved and not driven:
        return ["nothing moves the air: the room has no stream, opening, source or wall"]
    faults = []
    for number, name in enumerate(room.streams):
        if flow[number] > 0 and not any(patch.stream == number for patch in room.patches):
            faults.append(f"stream {name} moves air but has no patch")
    return faults


def _unbalanced(problem: Problem, voxels: Voxels) -> list[str]:
    """Regions whose streams bring in more or less than they take out, without an opening."""
    flow, room, faces = problem.flow, problem.room, voxels.patches
    region = voxels.region.reshape(-1)
    count = int(region.max())
    net, open_to = np.zeros(count + 1), np.zeros(count + 1, bool)
    names: dict[int, list[str]] = {}
    total = [np.zeros(len(room.streams)), np.zeros(len(room.streams))]
    for number, patch in enumerate(room.patches):
        total[patch.supply][patch.stream] += faces.area[faces.of(number)].sum()
    for number, patch in enumerate(room.patches):
        part = faces.of(number)
        if part.start == part.stop or flow[patch.stream] == 0:
            continue
        share = faces.area[part] / total[patch.supply][patch.stream]
        sign = 1.0 if patch.supply else -1.0
        np.add.at(net, region[faces.cell[part]], sign * flow[patch.stream] * share)
        names.setdefault(int(region[faces.cell[part][0]]), []).append(patch.name)
    open_to[np.unique(region[voxels.openings.cell])] = True
    size = max(float(flow.max(initial=0.0)), 1e-12)
    free = np.isfinite(problem.head)
    for number, patch in enumerate(room.patches):  # a fan on its curve moves what the room lets it
        if free[patch.stream]:
            open_to[np.unique(region[faces.cell[faces.of(number)]])] = True
    faults = []
    for number in range(1, count + 1):
        if open_to[number] or abs(net[number]) <= BALANCED * size:
            continue
        some = ", ".join(names.get(number, [])[:4])
        what = "brought in more than is taken out" if net[number] > 0 else "taken out more than is brought in"
        faults.append(
            f"{abs(net[number]):.3g} m3/s of air are {what} where no opening lets it {'out' if net[number] > 0 else 'in'} "
            f"(at {some})"
        )
    return faults


def _curves(problem: Problem) -> list[str]:
    free = np.isfinite(problem.head)
    wrong = free & ((problem.head < 0) | (problem.curvature <= 0))
    return [
        f"stream {problem.room.streams[n]}: a fan curve must fall from a positive head"
        for n in np.flatnonzero(wrong)
    ]


def removable(problem: Problem, voxels: Voxels) -> bool:
    """Whether coils, openings, walls or exhausts can take the heat at all."""
    room = problem.room
    one_way = {patch.stream for patch in room.patches if patch.supply} ^ {
        patch.stream for patch in room.patches if not patch.supply
    }
    if room.openings or one_way or any(wall.conductance > 0 for wall in room.walls):
        return True
    flow = problem.flow
    put = float(problem.heat.sum() + problem.source_heat.sum())
    coil = np.isfinite(problem.setpoint) & (flow > 0)
    most = float(np.where(coil, problem.capacity, 0.0).sum())
    return put <= most * (1 + 1e-9) + 1e-9

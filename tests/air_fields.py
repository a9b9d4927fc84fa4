"""Fields for tests of what shows and saves them: made up, but with warm and cold aisles and flow that closes."""

from __future__ import annotations

import numpy as np

from solvers.air.field.grid import Grid, uniform
from solvers.air.field.solution import Field
from twin.geometry import place


def plain(spacing=0.5, size=(4.0, 3.0, 2.5), graded=False):
    """A room with one solid block, warmer to the east and above."""
    grid = uniform(size, spacing)
    if graded:
        x = np.concatenate([grid.x[:3], (grid.x[2:-1] + grid.x[3:]) / 2, grid.x[3:]])
        grid = Grid(np.sort(x), grid.y, grid.z)
    x, y, z = np.meshgrid(*grid.centers, indexing="ij")
    solid = (abs(x - 2.2) < 0.5) & (abs(y - 1.5) < 0.5) & (z < 1.5)
    values = {
        "temperature": 20 + 2 * x + 3 * z,
        "velocity": np.stack([0.2 * y, -0.2 * x, np.zeros_like(x)], axis=-1),
        "pressure": -0.5 * z,
        "age": 10 * x,
    }
    for value in values.values():
        value[solid] = np.nan
    return Field(grid, **{name: value.astype(np.float32) for name, value in values.items()})


def hall_field(facility, hall="", *, spacing=0.25, supply=23.0, rise=17.0):
    """The air of a hall of a facility: plumes behind its rows, rolls over them, stratified."""
    shell = next(shell for shell in facility.halls if shell.id == hall)
    low = np.array([*shell.origin, 0.0])
    counts = np.maximum(np.round(np.array(shell.size) / spacing), 1).astype(int)
    grid = Grid(*(np.linspace(a, a + b, n + 1) for a, b, n in zip(low, shell.size, counts, strict=True)))
    x, y, z = np.meshgrid(*grid.centers, indexing="ij")
    warm = _plumes(facility, hall, x, y, z)
    temperature = supply + 0.35 * rise * (z / shell.size[2]) ** 2 + rise * np.minimum(warm, 1.0)
    velocity = _rolls(x - low[0], y - low[1], z, shell.size)
    solid = _solid(facility, hall, grid)
    temperature[solid], velocity[solid] = np.nan, np.nan
    pressure = np.where(solid, np.nan, 0.04 * (z - 1))
    return Field(
        grid, temperature.astype(np.float32), velocity.astype(np.float32), pressure.astype(np.float32)
    )


def _plumes(facility, hall, x, y, z):
    warm = np.zeros_like(x)
    for run in (run for run in facility.runs if run.hall == hall):
        along, across = (x, y) if run.axis == "x" else (y, x)
        begin, side = run.origin if run.axis == "x" else run.origin[::-1]
        behind = run.face in ("south", "west")  # the plume lies on the other side of the front
        middle = side + run.depth + 0.7 if behind else side - 0.7
        within = 1 / (1 + np.exp(-4 * (along - begin))) / (1 + np.exp(4 * (along - begin - run.length)))
        rising = np.exp(-((z - 1.3) ** 2) / 3) + 0.5 * (z > 1.3) * np.exp(-((z - 2.6) ** 2))
        wave = 1 + 0.25 * np.sin(2.1 * along + middle)
        warm += 0.7 * within * np.exp(-((across - middle) ** 2) / 0.6) * rising * wave
    return warm


def _rolls(x, y, z, size):
    """Curl of a potential that vanishes on the walls: no flow through them, none made or lost."""
    a, b, c = np.pi / np.array(size)
    n = 3
    rolling = 1.2 * np.stack(
        [
            0 * x,
            np.sin(n * b * y) * c * np.cos(c * z) * np.sin(a * x),
            -n * b * np.cos(n * b * y) * np.sin(c * z) * np.sin(a * x),
        ],
        axis=-1,
    )
    swirling = 2.0 * np.stack(
        [
            np.sin(a * x) * 2 * b * np.cos(2 * b * y) * np.cos(c * z),
            -a * np.cos(a * x) * np.sin(2 * b * y) * np.cos(c * z),
            0 * x,
        ],
        axis=-1,
    )
    return rolling + swirling


def _solid(facility, hall, grid):
    solids = place(facility)
    solid = np.zeros(grid.shape, bool)
    for machine, low, high, real in zip(
        facility.machines, solids.low, solids.high, solids.solid, strict=True
    ):
        if machine.hall == hall and machine.indoors and real:
            inside = [(c > a) & (c < b) for c, a, b in zip(grid.centers, low, high, strict=True)]
            solid |= inside[0][:, None, None] & inside[1][:, None] & inside[2]
    return solid

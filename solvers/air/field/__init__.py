"""The air of a room in three dimensions: temperature, velocity and pressure of every cell.

:func:`solve` takes a :class:`Problem` (a :class:`Room` with streams of air through racks and air handlers) and gives a
:class:`Solution`.  ``method="rans"`` solves momentum, turbulence, buoyancy and heat; ``method="potential"`` one Poisson
problem and heat.
"""

from solvers.air.field.grid import Grid, fitted, uniform
from solvers.air.field.influence import stream_temperatures
from solvers.air.field.problem import (
    TIGHT,
    Air,
    Obstacle,
    Opening,
    Panel,
    Patch,
    Problem,
    Room,
    Slide,
    Solid,
    Source,
    Wall,
)
from solvers.air.field.schedule import Masses, Schedule
from solvers.air.field.solution import Field, Influence, Solution
from solvers.air.field.solve import solve
from solvers.air.field.transient import State, Transient, simulate
from solvers.air.field.voxels import RoomError, Voxels, rasterise

__all__ = [
    "TIGHT",
    "Air",
    "Field",
    "Grid",
    "Influence",
    "Masses",
    "Obstacle",
    "Opening",
    "Panel",
    "Patch",
    "Problem",
    "Room",
    "RoomError",
    "Schedule",
    "Slide",
    "Solid",
    "Solution",
    "Source",
    "State",
    "Transient",
    "Voxels",
    "Wall",
    "fitted",
    "rasterise",
    "simulate",
    "solve",
    "stream_temperatures",
    "uniform",
]

"""Geometry: from a facility to boxes, the space between them, and the lengths of what connects them.

Reads a :class:`~twin.model.facility.Facility` and nothing else.  numpy alone; trimesh only where a mesh is
built, so that checking a layout starts fast.
"""

from twin.geometry.clearances import (
    COLD_AISLE,
    HOT_AISLE,
    Aisle,
    Clearances,
    FloorLoads,
    aisles,
    clearances,
    floor_loads,
)
from twin.geometry.routes import BuswayRoute, PipeRoute, Routes, pipes, routes
from twin.geometry.scenery import Prism, runs, scenery
from twin.geometry.solids import Clash, Outside, Solids, boxes, clashes, on_columns, outside, place

__all__ = [
    "COLD_AISLE",
    "HOT_AISLE",
    "Aisle",
    "BuswayRoute",
    "Clash",
    "Clearances",
    "FloorLoads",
    "Outside",
    "PipeRoute",
    "Prism",
    "Routes",
    "Solids",
    "aisles",
    "boxes",
    "clashes",
    "clearances",
    "floor_loads",
    "on_columns",
    "outside",
    "pipes",
    "place",
    "routes",
    "runs",
    "scenery",
]

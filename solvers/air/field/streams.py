"""What the streams of a room see and give, on one grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.air.field.problem import Problem
from solvers.air.field.voxels import Voxels

Array = NDArray[np.float64]


class Streams:
    """What the streams see and give, on one grid."""

    def __init__(self, voxels: Voxels, problem: Problem) -> None:
        room = voxels.room
        count = len(room.streams)
        faces = voxels.patches
        owner = np.array([patch.stream for patch in room.patches], np.int64)
        supply = np.array([patch.supply for patch in room.patches], bool)
        item = np.repeat(np.arange(len(room.patches)), np.diff(faces.start))
        self.owner, self.supplies = owner[item], supply[item]
        self.faces = faces
        self.taking = np.flatnonzero(~self.supplies)
        self.giving = np.flatnonzero(self.supplies)
        self.area_in = np.bincount(self.owner[self.taking], faces.area[self.taking], count)
        self.area_out = np.bincount(self.owner[self.giving], faces.area[self.giving], count)
        self.one_way = self.area_in == 0.0
        self.count = count
        self.cell_in, self.cell_out = faces.cell[self.taking], faces.cell[self.giving]
        self.ghost_out = faces.ghost[self.giving]
        self.owner_in, self.owner_out = self.owner[self.taking], self.owner[self.giving]
        self.weight_in = faces.area[self.taking] / np.maximum(self.area_in, 1e-30)[self.owner_in]
        self.weight_out = faces.area[self.giving] / np.maximum(self.area_out, 1e-30)[self.owner_out]

    def entering(self, temperature: NDArray[Any], otherwise: Array) -> Array:
        """(N,) mean temperature at the extract patches; ``otherwise`` for streams without one. [degC]"""
        values = temperature.reshape(-1)[self.cell_in].astype(float) * self.weight_in
        return np.where(self.one_way, otherwise, np.bincount(self.owner_in, values, self.count))

    def pressure(self, p: NDArray[Any]) -> Array:
        """(N,) mean pressure at the supply patches less that at the extract patches. [m2/s2]"""
        flat = p.reshape(-1)
        back = np.bincount(self.owner_in, flat[self.cell_in] * self.weight_in, self.count)
        ahead = np.bincount(self.owner_out, flat[self.cell_out] * self.weight_out, self.count)
        return np.asarray(ahead - back, float)

"""The call of the compiled iteration, and its working memory.  Importing this module imports numba."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.lanes import LANES, aligned
from solvers.power.mesh_changes import Changes
from solvers.power.mesh_kernel import iterate
from solvers.power.mesh_network import Mesh
from solvers.power.mesh_plain import Batch
from solvers.power.mesh_steps import BENT, DEMAND, MOST, POINT, WORK

Array = NDArray[Any]

SAMPLE = 64
"""Cords looked at to tell heavily loaded scenarios from others (assumed)."""


def run(mesh: Mesh, changes: Changes, batch: Batch, out: Array, residual: Array, ending: Array) -> int:
    """As :func:`solvers.power.mesh_plain.iterate`."""
    order = _order(batch)
    try:
        tables = mesh.spare.pop()
    except IndexError:
        tables = _tables(mesh)
    turns = iterate(
        mesh.arrays, mesh.tour, changes.take(order), batch, order, tables, out, residual, ending
    )  # fmt: skip
    mesh.spare.append(tables)  # touching fresh pages costs as much as a tour
    return int(turns)


def _order(batch: Batch) -> Array:
    """Scenarios such that those with like loads, which settle together, share a block."""
    n, cords = batch.tolerance.size, batch.cord_power
    if cords.shape[1] < n or not cords.size:
        return np.arange(n)
    some = cords[:: -(-cords.shape[0] // SAMPLE)]
    return np.argsort(some.real.sum(axis=0), kind="stable")


def _tables(mesh: Mesh) -> tuple[Array, ...]:
    bends, rows = mesh.bends.size, mesh.slots + 1
    sizes = (
        (mesh.free, POINT),
        (rows, DEMAND),
        (rows if bends else 0, DEMAND),
        (bends, BENT),
        (1, MOST),
        (1, WORK),
    )
    return tuple(aligned((*size, LANES)) for size in sizes)

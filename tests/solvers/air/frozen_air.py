"""Small rooms with continuous air flows made by hand, for tests of what frozen air carries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse
from scipy.sparse.linalg import spsolve

from solvers.air.field.grid import Grid, uniform
from solvers.air.field.problem import Patch, Room, Solid
from solvers.air.field.voxels import Voxels, rasterise


@dataclass(frozen=True)
class Frozen:
    """A room on its grid, its air and the flow of its streams."""

    voxels: Voxels
    flux: tuple[np.ndarray, ...]
    conductance: tuple[np.ndarray, ...]
    flow: np.ndarray


def shaped(values: np.ndarray, axis: int) -> np.ndarray:
    """Values along x, y or z, to be broadcast over [k, j, i]."""
    return values.reshape([-1 if 2 - axis == n else 1 for n in range(3)])


def freeze(
    room: Room, flow, *, diffusivity: float = 3e-3, swirl: float = 0.0, seed: int = 0, opened=None
) -> Frozen:
    """Potential flow through the patches, with random vortices and uneven mixing if there is ``swirl``.

    ``opened`` (Q,): air that comes in at openings. [m3/s]
    """
    voxels, flow = rasterise(room), np.asarray(flow, float)
    flux = [np.zeros(voxels.shape) for _ in range(3)]
    source = np.zeros(voxels.fluid.size)
    for supply in (True, False):
        for stream in range(len(room.streams)):
            own = [n for n, p in enumerate(room.patches) if p.stream == stream and p.supply == supply]
            whole = sum(voxels.patches.area[voxels.patches.of(n)].sum() for n in own)
            for n in own:
                let(voxels.patches, n, flow[stream] / whole * (1 if supply else -1), flux, source)
    for n, entering in enumerate(() if opened is None else opened):
        let(voxels.openings, n, entering / voxels.openings.area[voxels.openings.of(n)].sum(), flux, source)
    ease = [np.where(voxels.open[a], voxels.face_area(a) / shaped(voxels.apart[a], a), 0.0) for a in range(3)]
    potential = np.zeros(voxels.shape)
    potential[voxels.fluid] = laplace(voxels, ease, source[voxels.fluid.reshape(-1)])
    for a in range(3):
        flux[a] += ease[a] * (np.roll(potential, 1, 2 - a) - potential)
        stir(voxels, flux, a, swirl * flow.max(), np.random.default_rng(seed + a))
    rng = np.random.default_rng(seed)
    uneven = rng.uniform(0.5, 1.5, (3, *voxels.shape)) if swirl else np.ones(3)
    return Frozen(
        voxels, tuple(flux), tuple(diffusivity * e * n for e, n in zip(ease, uneven, strict=True)), flow
    )


def let(faces, item: int, speed: float, flux, source) -> None:
    """Air of a speed into the room through the faces of a patch or opening."""
    own = faces.of(item)
    for axis, face, cell, side, area in zip(
        faces.axis[own], faces.face[own], faces.cell[own], faces.side[own], faces.area[own], strict=True
    ):
        flux[axis].reshape(-1)[face] += speed * area * side
        source[cell] += speed * area


def laplace(voxels: Voxels, ease, source: np.ndarray) -> np.ndarray:
    """Potential of the air cells; every region is pinned in one cell."""
    number = np.full(voxels.shape, -1)
    number[voxels.fluid] = np.arange(voxels.cells)
    first, second, value = [], [], []
    for a in range(3):
        here, there = number[voxels.open[a]], np.roll(number, 1, 2 - a)[voxels.open[a]]
        rate = ease[a][voxels.open[a]]
        first += [here, there, here, there]
        second += [here, there, there, here]
        value += [rate, rate, -rate, -rate]
    _, pins = np.unique(voxels.region[voxels.fluid], return_index=True)
    first.append(pins)
    second.append(pins)
    value.append(np.full(pins.size, np.concatenate(value).max()))
    matrix = scipy.sparse.coo_array((np.concatenate(value), (np.concatenate(first), np.concatenate(second))))
    return spsolve(matrix.tocsc(), source)


def stir(voxels: Voxels, flux, axis: int, strength: float, rng) -> None:
    """Add the curl of a random stream function on the edges along an axis, where all four faces are open."""
    if strength == 0.0:
        return
    b, c = [(1, 2), (2, 0), (0, 1)][axis]
    inside = (
        voxels.open[b]
        & np.roll(voxels.open[b], 1, 2 - c)
        & voxels.open[c]
        & np.roll(voxels.open[c], 1, 2 - b)
    )
    psi = strength * rng.standard_normal(voxels.shape) * inside
    flux[b] += np.roll(psi, -1, 2 - c) - psi
    flux[c] -= np.roll(psi, -1, 2 - b) - psi


def duct(cells: int, *, length: float = 1.0, **parts) -> Room:
    """A straight duct along x of 1 m2: stream 0 gives air at x = 0 and takes it at the end."""
    grid = Grid(np.linspace(0.0, length, cells + 1), np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    patches = (
        Patch("in", 0, True, (0, 0, 0), (0, 1, 1), 1),
        Patch("out", 0, False, (length, 0, 0), (length, 1, 1), -1),
    )
    return Room(grid, ("unit",), patches, **parts)


def hall(racks: int = 3, *, spacing: float = 0.3, solids=(), **parts) -> Room:
    """A row of racks (streams 0 .. racks - 1) that breathe along y, and a cooler: floor tiles, return in the ceiling."""
    boxes, patches = list(solids), []
    for n in range(racks):
        low, high = (0.6 + 0.6 * n, 1.2, 0.0), (1.2 + 0.6 * n, 2.4, 1.8)
        boxes.append(Solid(f"rack {n}", low, high))
        patches.append(Patch(f"front {n}", n, False, low, (high[0], low[1], high[2]), -1))
        patches.append(Patch(f"rear {n}", n, True, (low[0], high[1], 0.0), high, 1))
        patches.append(Patch(f"tile {n}", racks, True, (low[0], 0.6, 0.0), (high[0], 1.2, 0.0), 1))
    patches.append(Patch("return", racks, False, (0.6, 3.0, 2.4), (1.2, 3.6, 2.4), -1))
    grid = uniform((1.2 + 0.6 * racks, 3.6, 2.4), spacing)
    return Room(grid, (*(f"rack {n}" for n in range(racks)), "cooler"), tuple(patches), tuple(boxes), **parts)

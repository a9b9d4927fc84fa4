"""From a flow on one grid to a first guess on another, by linear interpolation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from solvers.air.field.flow import Flow

Array = NDArray[np.float64]


def start_from(fine: Flow, coarse: Flow) -> None:
    """Fill the fields of ``fine`` from those of ``coarse``; patches keep their own values."""
    nearest = ndimage.distance_transform_edt(
        ~coarse.voxels.fluid, return_distances=False, return_indices=True
    )
    fluid = fine.voxels.fluid
    middles = [_between(fine, coarse, axis, faces=False) for axis in range(3)]
    if fine.voxels.panels.face.size:  # a sum of both sides of a panel is the pressure of neither
        fine.p[:] = 0
    else:
        fine.p[fluid] = _interpolated(coarse.p[tuple(nearest)], middles)[fluid]
    for name in ("T", "k", "e", "nt"):
        source = getattr(coarse, name)[tuple(nearest)]
        value = _interpolated(source, middles)
        target = getattr(fine, name)
        target[fluid] = value[fluid]
    for axis, name in enumerate("uvw"):
        places = [_between(fine, coarse, a, faces=a == axis) for a in range(3)]
        value = _interpolated(getattr(coarse, name), places)
        free = fine.voxels.open[axis]
        getattr(fine, name)[free] = value[free]
    fine.flow = coarse.flow.copy()
    fine.inlet, fine.outlet = coarse.inlet.copy(), coarse.outlet.copy()
    fine.set_flows()
    fine.set_outlets()
    _open_freely(fine)


def _open_freely(flow: Flow) -> None:
    """Faces of openings take the velocity of the next face inside."""
    holes = flow.voxels.openings
    for a, component in enumerate((flow.u, flow.v, flow.w)):
        chosen = holes.axis == a
        if chosen.any():
            flat = component.reshape(-1)
            inner = holes.face[chosen] + np.where(holes.side[chosen] > 0, flow.steps[a], -flow.steps[a])
            flat[holes.face[chosen]] = flat[inner]


def _between(fine: Flow, coarse: Flow, axis: int, *, faces: bool) -> tuple[NDArray[np.intp], Array]:
    """Lower neighbour and weight of the upper one, for the cells (or faces) of the fine grid along an axis."""
    places = []
    for flow in (fine, coarse):
        line = flow.voxels.grid.lines[axis]
        middle = (line[1:] + line[:-1]) / 2
        if faces:  # face i lies at line i - 1; the ghost face 0 counts for nothing
            places.append(np.concatenate([[line[0]], line]))
        else:
            places.append(np.concatenate([[line[0]], middle, [line[-1]]]))
    at, known = places
    first, last = (1, known.size - 1) if faces else (1, known.size - 2)
    lower = np.clip(np.searchsorted(known, at, side="right") - 1, first, max(first, last - 1))
    upper = np.minimum(lower + 1, last)
    gap = known[upper] - known[lower]
    weight = np.clip((at - known[lower]) / np.where(gap > 0, gap, 1.0), 0.0, 1.0)
    return lower, weight


def _interpolated(source: NDArray[Any], places: list[tuple[NDArray[np.intp], Array]]) -> NDArray[Any]:
    value = source
    for axis, (lower, weight) in enumerate(places):
        along = 2 - axis
        upper = np.minimum(lower + 1, value.shape[along] - 1)
        shape = [1, 1, 1]
        shape[along] = weight.size
        w = weight.astype(source.dtype).reshape(shape)
        value = np.take(value, lower, along) * (1 - w) + np.take(value, upper, along) * w
    return value

"""Soft shadows where things stand on the floor, worked out once in plan and laid on the ground as one picture.

Shading by the drawing library (ambient occlusion in the picture) takes two to seven times as long without graphics hardware
and darkens the colours of the bar; a shadow on the ground does neither.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.view.scene import Layer, Scene
from twin.view.theme import Theme

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]

CAST = ("racks", "cdus", "crahs", "power", "plant", "pumps", "other", "columns")
"""Layers of what stands on the ground."""
NEAR, FAR = 0.35, 1.5
"""Widths of the shadow close to a foot and around it. [m]"""
AROUND = 9.0
"""Ground beyond the outermost thing. [m]"""
STANDING = 0.6
"""Highest foot of something that stands. [m]"""
HEIGHT = 0.012
"""Of the shadow above the floor, so that it does not flicker. [m]"""


def fine(size: tuple[int, int]) -> int:
    """How many pixels of shadow suffice for a picture of so many."""
    return int(np.clip(0.45 * max(size), 256, 1200))


def ground(scene: Scene, theme: Theme, layers: Iterable[str], *, most: int = 1024) -> tuple[Any, Any] | None:
    """A rectangle on the ground and the shadows on it, as mesh and texture; None if nothing stands there.

    ``most`` is the number of pixels along its longer side.
    """
    import pyvista

    standing = [layer for name in CAST if name in set(layers) and (layer := scene.layer(name)) is not None]
    standing = [layer.only(layer.low[:, 2] < STANDING) for layer in standing]
    corners = [part for layer in standing if layer.count for part in (layer.low[:, :2], layer.high[:, :2])]
    corners += [scene.hall_low[:, :2], scene.hall_high[:, :2]] if len(scene.hall_low) else []
    if not corners:
        return None
    points = np.vstack(corners)
    low, high = points.min(axis=0) - AROUND, points.max(axis=0) + AROUND
    strength = _strength(standing, scene, low, high, most)
    image = np.zeros((*strength.shape, 4), dtype=np.uint8)
    image[..., 3] = np.round(255 * theme.shadow * strength).astype(np.uint8)
    (x, y), (east, north) = low, high
    spots = np.array([[x, y, HEIGHT], [east, y, HEIGHT], [east, north, HEIGHT], [x, north, HEIGHT]])
    mesh = pyvista.PolyData.from_regular_faces(spots, np.array([[0, 1, 2, 3]]))
    mesh.active_texture_coordinates = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=float)
    texture = pyvista.Texture(image[::-1])
    texture.interpolate = True
    return mesh, texture


def _strength(layers: list[Layer], scene: Scene, low: Floats, high: Floats, most: int) -> Floats:
    """Shadow of 0 .. 1 on a raster from the south-west corner, (rows to the north, columns to the east)."""
    pixel = float((high - low).max()) / most
    shape = tuple(np.maximum(np.ceil((high - low)[::-1] / pixel), 1).astype(int).tolist())

    def raster(boxes: Iterable[tuple[Floats, Floats]]) -> Floats:
        """1 where a box stands: the sum of steps at its corners."""
        steps = np.zeros((shape[0] + 1, shape[1] + 1), dtype=np.float32)
        for a, b in boxes:
            first = np.floor((a[:, :2] - low) / pixel).astype(int)
            last = np.maximum(np.ceil((b[:, :2] - low) / pixel).astype(int), first + 1)
            for x, sign_x in ((first[:, 0], 1), (last[:, 0], -1)):
                for y, sign_y in ((first[:, 1], 1), (last[:, 1], -1)):
                    np.add.at(steps, (np.clip(y, 0, shape[0]), np.clip(x, 0, shape[1])), sign_x * sign_y)
        return np.asarray(np.minimum(steps.cumsum(axis=0).cumsum(axis=1)[:-1, :-1], 1.0))

    feet = raster((layer.low, layer.high) for layer in layers if layer.count)
    near, far = _blurred(feet, NEAR / pixel), _blurred(feet, FAR / pixel)
    hall = raster([(scene.hall_low, scene.hall_high)] if len(scene.hall_low) else [])
    outside = np.maximum(_blurred(hall, 1.4 * FAR / pixel) - hall, 0.0)
    return np.clip(0.62 * near + 0.5 * far + 0.45 * outside, 0.0, 1.0)


def _blurred(values: Floats, width: float) -> Floats:
    """Three running means along both axes: nearly a bell curve, at the same cost whatever its width. [pixel]"""
    for axis in (0, 1):
        size = values.shape[axis]
        half = min(max(round(width / 1.7), 0), size // 3)
        for _ in range(3 if half else 0):
            summed = np.cumsum(np.pad(values, _beside(axis, half + 1, half)), axis=axis)
            first, last = (summed.take(range(at, at + size), axis) for at in (0, 2 * half + 1))
            values = (last - first) / (2 * half + 1)
    return values


def _beside(axis: int, before: int, after: int) -> list[tuple[int, int]]:
    return [(before, after) if number == axis else (0, 0) for number in (0, 1)]

"""Where the eye is: presets, views that fit what is to be seen, and where a point lies in the picture."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import radians, tan

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ANGLE = 28.0
"""Vertical opening of a perspective view, close to a 75 mm lens on a full-frame camera. [deg]"""
_DIRECTIONS = {
    "iso": (0.64, -0.85, 0.74),
    "south": (0.0, -1.0, 0.38),
    "east": (1.0, 0.0, 0.38),
    "west": (-1.0, 0.0, 0.38),
}
_SLIM = 1.8  # length over width from which the view turns
PRESETS = (*_DIRECTIONS, "plan")
"""Names of the presets; ``iso`` looks from the south-east: electrical rooms stand in the west by default."""


@dataclass(frozen=True)
class Camera:
    """An eye, what it looks at, and which way is up."""

    eye: tuple[float, float, float]
    """[m]"""
    target: tuple[float, float, float]
    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    parallel: float | None = None
    """Half the height that a parallel view shows; None for perspective. [m]"""

    def axes(self) -> tuple[Floats, Floats, Floats]:
        """Unit vectors to the right, up and ahead."""
        ahead = _unit(np.subtract(self.target, self.eye))
        right = _unit(np.cross(ahead, self.up))
        return right, np.cross(right, ahead), ahead

    def project(self, points: Floats, aspect: float) -> Floats:
        """Place in the picture, (n, 2): from 0, 0 at its lower left to 1, 1 at its upper right."""
        offset = np.asarray(points, dtype=float).reshape(-1, 3) - self.eye
        right, up, ahead = self.axes()
        if self.parallel is None:
            half = np.maximum(offset @ ahead, 1e-6) * tan(radians(ANGLE / 2))
        else:
            half = np.full(len(offset), self.parallel)
        across = np.stack([offset @ right / aspect, offset @ up], axis=1)
        return np.asarray(0.5 + 0.5 * across / half[:, None])


def fitted(preset: str, low: Floats, high: Floats, aspect: float, *, margin: float = 1.04) -> Camera:
    """The preset's view of a box, as near as the box fits.

    ``plan`` looks down with north up, or with north to the left where that makes the box larger.  ``iso`` turns
    towards the long side of a box that is much longer than wide, and rises, so that it fills the picture.
    """
    if preset == "plan":
        return _plan(low, high, aspect, margin)
    corners = np.array([[x, y, z] for x, y, z in product(*zip(low, high, strict=True))], dtype=float)
    away = _away(preset, low, high)
    focus = (np.asarray(low) + high) / 2
    slope = tan(radians(ANGLE / 2)) / margin
    distance = 1.0
    for _ in range(4):  # the nearer half looks larger, so the middle of the picture is not that of the box
        camera = _look(focus, away, distance)
        right, up, ahead = camera.axes()
        x, y, depth = (corners - focus) @ right, (corners - focus) @ up, (corners - focus) @ ahead
        distance = max(float(np.max(np.maximum(np.abs(x) / aspect, np.abs(y)) / slope - depth)), 1.0)
        spot = _look(focus, away, distance).project(corners, aspect)
        middle = (spot.min(axis=0) + spot.max(axis=0) - 1.0) * slope * margin * distance
        focus = focus + right * middle[0] * aspect / 2 + up * middle[1] / 2
    return _look(focus, away, distance * 1.01)


def _away(preset: str, low: Floats, high: Floats) -> Floats:
    """Unit vector from what is looked at to the eye."""
    x, y, z = _DIRECTIONS[preset]
    if preset == "iso":
        east, north = np.maximum(high[:2] - low[:2], 1.0)
        slim_east, slim_north = max(east / north / _SLIM, 1.0), max(north / east / _SLIM, 1.0)
        x, y, z = x / slim_east, y / slim_north, z * min(slim_east * slim_north, 1.6)
    return _unit(np.array([x, y, z]))


def _plan(low: Floats, high: Floats, aspect: float, margin: float) -> Camera:
    east, north = np.maximum(high[:2] - low[:2], 1.0)
    upright, turned = max(north, east / aspect), max(east, north / aspect)
    x, y, z = (low + high) / 2
    up = (0.0, 1.0, 0.0) if upright <= 1.15 * turned else (1.0, 0.0, 0.0)
    height = float(high[2] + max(east, north))
    half = min(upright, turned) if up[0] else upright
    return Camera((x, y, height), (x, y, z), up, float(half) / 2 * margin)


def _look(focus: Floats, away: Floats, distance: float) -> Camera:
    (x, y, z), (fx, fy, fz) = (focus + away * distance).tolist(), focus.tolist()
    return Camera((x, y, z), (fx, fy, fz))


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.linalg.norm(vector), dtype=float)

"""Where the eye is: presets, a free eye, views that fit what is to be seen, and where a point lies in the picture."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import cos, isfinite, radians, sin, tan

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Point = tuple[float, float, float]

ANGLE = 28.0
"""Vertical opening of a perspective view, close to a 75 mm lens on a full-frame camera. [deg]"""
SOUTH_EAST, HEIGHT = 143.0, 35.0
"""Azimuth and elevation of ``iso``: electrical rooms stand in the west by default. [deg]"""
TURNS, RISES = (118.0, 130.0, 143.0, 155.0, 166.0), (31.0, 35.0, 41.0, 48.0)
"""Those that ``iso`` may take instead, where boxes are seen larger from there. [deg]"""
_DIRECTIONS = {"south": 180.0, "east": 90.0, "north": 0.0, "west": 270.0}
_LEVEL = 20.8  # elevation of the four sides [deg]
PRESETS = ("iso", *_DIRECTIONS, "plan")
"""Names of the presets."""
_LIMIT = 89.5  # elevation from which up is no longer up [deg]


@dataclass(frozen=True)
class Camera:
    """An eye, what it looks at, and which way is up."""

    eye: Point
    """[m]"""
    target: Point
    up: Point = (0.0, 0.0, 1.0)
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


@dataclass(frozen=True)
class Viewpoint:
    """From where a picture is taken, whatever it shows: it is as near as that fits."""

    preset: str = ""
    """One of :data:`PRESETS`; empty for that of the picture."""
    azimuth: float | None = None
    """Where the eye stands, clockwise from north; None for that of the preset. [deg]"""
    elevation: float | None = None
    """Of the eye above the horizon. [deg]"""
    zoom: float = 1.0
    """Over 1 nearer than it fits."""

    def of(self, points: Floats, aspect: float, preset: str, *, margin: float = 1.04) -> Camera:
        """The view of some points, (n, 3); ``preset`` is that of the picture."""
        name = self.preset or preset
        free = self.azimuth is not None or self.elevation is not None
        if name == "plan" and not free:
            low, high = points.min(axis=0), points.max(axis=0)
            return _plan(low, high, aspect, margin / self.zoom)
        azimuth, elevation = _angles(name, points, aspect)
        azimuth = azimuth if self.azimuth is None else self.azimuth
        elevation = elevation if self.elevation is None else self.elevation
        camera = around(points, aspect, azimuth, elevation, margin=margin)
        return _nearer(camera, self.zoom)


def viewpoint(
    preset: str = "",
    *,
    azimuth: float | None = None,
    elevation: float | None = None,
    zoom: float = 1.0,
    eye: Point | None = None,
    target: Point | None = None,
    up: Point | None = None,
) -> Camera | Viewpoint:
    """A view from what somebody asks for: a camera if eye and target are given.

    Raises
    ------
    ValueError
        If it is none.
    """
    if preset and preset not in PRESETS:
        raise ValueError(f'no view "{preset}"; there are {", ".join(PRESETS)}')
    numbers = [azimuth, elevation, zoom, *(eye or ()), *(target or ()), *(up or ())]
    if not all(number is None or isfinite(number) for number in numbers):
        raise ValueError("a view needs finite numbers")
    if not zoom > 0:
        raise ValueError("zoom must be above 0")
    if elevation is not None and not -90 <= elevation <= 90:
        raise ValueError("elevation lies between -90 and 90 degrees")
    if (eye is None) != (target is None):
        raise ValueError("an eye needs a target, and a target an eye")
    if eye is None or target is None:
        if up is not None:
            raise ValueError("up needs an eye and a target")
        return Viewpoint(preset, azimuth, elevation, zoom)
    if preset or azimuth is not None or elevation is not None:
        raise ValueError("give eye and target, or a view with azimuth and elevation, not both")
    ahead = np.subtract(target, eye)
    if not np.linalg.norm(ahead) > 1e-6:
        raise ValueError("eye and target are one point")
    steep = np.linalg.norm(np.cross(ahead, (0.0, 0.0, 1.0))) < 1e-6 * np.linalg.norm(ahead)
    upward = up or ((0.0, 1.0, 0.0) if steep else (0.0, 0.0, 1.0))
    if np.linalg.norm(np.cross(ahead, upward)) < 1e-9 * np.linalg.norm(ahead):
        raise ValueError("up points where the eye looks")
    return _nearer(Camera(eye, target, upward), zoom)


def fitted(preset: str, low: Floats, high: Floats, aspect: float, *, margin: float = 1.04) -> Camera:
    """The preset's view of a box, as near as the box fits.

    ``plan`` looks down with north up, or with north to the left where that makes the box larger.  ``iso`` turns and
    rises a little where the box is seen larger from there.
    """
    return Viewpoint(preset).of(corners(low, high), aspect, "iso", margin=margin)


def corners(low: Floats, high: Floats) -> Floats:
    """Corners of boxes, (8 n, 3); ``low`` and ``high`` are (n, 3) or (3,)."""
    low, high = np.atleast_2d(np.asarray(low, float)), np.atleast_2d(np.asarray(high, float))
    pick = np.array([*product((0, 1), repeat=3)])
    return np.where(pick, high[:, None], low[:, None]).reshape(-1, 3)


def around(
    points: Floats, aspect: float, azimuth: float, elevation: float, *, margin: float = 1.04
) -> Camera:
    """A perspective view of points from a direction, as near as they fit."""
    away = _away(azimuth, elevation)
    up = _up(azimuth, elevation)
    focus = (points.min(axis=0) + points.max(axis=0)) / 2
    slope = tan(radians(ANGLE / 2)) / margin
    distance = 1.0
    for _ in range(4):  # the nearer half looks larger, so the middle of the picture is not that of the box
        camera = _look(focus, away, distance, up)
        right, upward, ahead = camera.axes()
        offset = points - focus
        x, y, depth = offset @ right, offset @ upward, offset @ ahead
        distance = max(float(np.max(np.maximum(np.abs(x) / aspect, np.abs(y)) / slope - depth)), 1.0)
        spot = _look(focus, away, distance, up).project(points, aspect)
        middle = (spot.min(axis=0) + spot.max(axis=0) - 1.0) * slope * margin * distance
        focus = focus + right * middle[0] * aspect / 2 + upward * middle[1] / 2
    return _look(focus, away, distance * 1.01, up)


def _angles(preset: str, points: Floats, aspect: float) -> tuple[float, float]:
    """Azimuth and elevation of a preset. [deg]"""
    if preset == "plan":
        return 180.0, 90.0
    if preset != "iso":
        return _DIRECTIONS[preset], _LEVEL
    boxes = points.reshape(-1, 8, 3) if len(points) % 8 == 0 else points[None]
    score = {}
    for turn, rise in product(TURNS, RISES):
        seen = around(points, aspect, turn, rise).project(points, aspect).reshape(len(boxes), -1, 2)
        area = np.ptp(seen, axis=1).prod(axis=1)
        score[turn, rise] = float(np.log(area + 1e-9).mean()) - 0.002 * abs(turn - SOUTH_EAST)
    best = max(score, key=lambda angles: score[angles])
    usual = score[SOUTH_EAST, HEIGHT]
    return best if score[best] > usual + 0.02 else (SOUTH_EAST, HEIGHT)


def _plan(low: Floats, high: Floats, aspect: float, margin: float) -> Camera:
    east, north = np.maximum(high[:2] - low[:2], 1.0)
    upright, turned = max(north, east / aspect), max(east, north / aspect)
    x, y, z = (low + high) / 2
    up = (0.0, 1.0, 0.0) if upright <= 1.15 * turned else (1.0, 0.0, 0.0)
    height = float(high[2] + max(east, north))
    half = min(upright, turned) if up[0] else upright
    return Camera((x, y, height), (x, y, z), up, float(half) / 2 * margin)


def _nearer(camera: Camera, zoom: float) -> Camera:
    """The same view from nearer to what it looks at."""
    if zoom == 1.0:
        return camera
    x, y, z = (np.add(camera.target, np.subtract(camera.eye, camera.target) / zoom)).tolist()
    return Camera((x, y, z), camera.target, camera.up, camera.parallel)


def _away(azimuth: float, elevation: float) -> Floats:
    """Unit vector from what is looked at to the eye."""
    turn, rise = radians(azimuth), radians(elevation)
    return np.array([sin(turn) * cos(rise), cos(turn) * cos(rise), sin(rise)])


def _up(azimuth: float, elevation: float) -> Point:
    """Upwards, or where the view comes from if it looks straight down or up."""
    if abs(elevation) < _LIMIT:
        return 0.0, 0.0, 1.0
    turn, sign = radians(azimuth), -1.0 if elevation > 0 else 1.0
    return sign * sin(turn), sign * cos(turn), 0.0


def _look(focus: Floats, away: Floats, distance: float, up: Point) -> Camera:
    (x, y, z), (fx, fy, fz) = (focus + away * distance).tolist(), focus.tolist()
    return Camera((x, y, z), (fx, fy, fz), up)


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.linalg.norm(vector), dtype=float)

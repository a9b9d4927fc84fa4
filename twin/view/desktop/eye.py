"""The eye of the window: presets, and flights to things."""

from __future__ import annotations

import numpy as np

from twin.view import spotlight
from twin.view.camera import Camera, Viewpoint, around, corners
from twin.view.drawing import Plotter, aim, shine
from twin.view.scene import Scene

FLIGHT = 14
"""Pictures on the way to another view."""
ASIDE, BELOW = 0.26, -0.04
"""How far the middle of the picture moves to the left beside a panel and up above the colour bar, over half its size."""
MARGIN = 1.45
"""Room around the halls for words, over what they need."""


class Eye:
    """Where a plotter is looked at from."""

    def __init__(self, plotter: Plotter, scene: Scene) -> None:
        self.plotter, self.scene = plotter, scene
        self.aside = False
        """Whether a panel covers the right side, so that the middle of what is left is looked at."""

    @property
    def aspect(self) -> float:
        """Width of the window over its height."""
        width, height = self.plotter.window_size
        return float(width / height)

    def whole(self, preset: str) -> Camera:
        """A preset view of the halls."""
        low, high = self.scene.bounds(*(("floor",) if self.scene.layer("floor") else ()))
        points = corners(low, np.maximum(high, low + 1.0))
        return Viewpoint(preset).of(points, self.aspect, "iso", margin=MARGIN)

    def look(self, preset: str) -> None:
        """Go to a preset view of the halls."""
        self.point(self.whole(preset))

    def fly(self, *names: str, position: tuple[float, float, float] | None = None) -> None:
        """Bring things to the middle, with what stands around them; or a place [m], if they have no boxes."""
        boxes = self.scene.of(*names)
        if boxes:
            low = np.min([layer.low.min(axis=0) for layer in boxes], axis=0)
            high = np.max([layer.high.max(axis=0) for layer in boxes], axis=0)
        elif position is not None and np.isfinite(position).all():
            low = high = np.array(position, dtype=float)
        else:
            return
        reach = np.full(
            3, max(spotlight.REACH, (0.3 if len(names) == 1 else 0.22) * float((high - low).max()))
        )
        reach[2] = min(reach[2], spotlight.REACH)
        points = corners(low - reach, high + reach)
        goal = around(points, self.aspect, spotlight.AZIMUTH, spotlight.ELEVATION)
        start = self.here()
        if start is not None and not self.plotter.off_screen:
            for part in (np.arange(1, FLIGHT) / FLIGHT).tolist():
                self.point(_between(start, goal, part * part * (3 - 2 * part)))
                self.plotter.render()
        self.point(goal)

    def here(self) -> Camera | None:
        """The camera as it stands; None in a parallel view, from which there is no way to fly."""
        if self.plotter.camera.parallel_projection:
            return None
        eye, target, up = ((float(x), float(y), float(z)) for x, y, z in self.plotter.camera_position)
        return Camera(eye, target, up)

    def point(self, view: Camera) -> None:
        """Aim the camera and the light."""
        if view.parallel is None:
            self.plotter.disable_parallel_projection()
        aim(self.plotter, view)
        self.plotter.camera.SetWindowCenter(ASIDE if self.aside else 0.0, BELOW)
        self.plotter.renderer.remove_all_lights()
        shine(self.plotter, view)


def _between(start: Camera, goal: Camera, share: float) -> Camera:
    pairs = ((start.eye, goal.eye), (start.target, goal.target), (start.up, goal.up))
    mixed = [((1 - share) * np.asarray(a) + share * np.asarray(b)).tolist() for a, b in pairs]
    (x, y, z), (tx, ty, tz), (ux, uy, uz) = mixed
    return Camera((x, y, z), (tx, ty, tz), (ux, uy, uz))

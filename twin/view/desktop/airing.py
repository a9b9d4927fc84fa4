"""The air in the window: a cut that can be moved, streamlines, a surface, a volume."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.model.facility import Facility
from twin.results.fields import AnyField
from twin.view import air, slices
from twin.view.drawing import Plotter

STEP = 0.04
"""How far a cut moves at a stroke, share of the hall."""
AIR = ("", "z", "x", "y", "air_streams", "air_surface", "volume")
"""What of the air is shown, in the order of the key: nothing, a cut by the axis of its normal, lines, a surface, a cloud."""
_EDGE = 1e-3  # how near a cut comes to a wall [m]


class Airing:
    """What of the air is shown on a plotter, and where it is cut."""

    def __init__(self, plotter: Plotter, facility: Facility, fields: Mapping[str, AnyField]) -> None:
        self.plotter, self.facility, self.fields = plotter, facility, fields
        self.shown = ""
        self.at: dict[str, float] = {}
        """Where the cut along each axis stands. [m]"""

    def turn(self, step: int) -> None:
        """The next or an earlier view of the air."""
        self.shown = AIR[(AIR.index(self.shown) + step) % len(AIR)]

    def reach(self) -> tuple[float, float] | None:
        """How far the cut that is shown can be moved [m]; None if none is."""
        if not self.fields or self.shown not in ("x", "y", "z"):
            return None
        low, high = slices.bounds(self.facility, self.fields)
        number = "xyz".index(self.shown)
        return float(low[number]) + _EDGE, float(high[number]) - _EDGE

    def place(self) -> float:
        """Where the cut stands: at rack height or in the middle until it is moved. [m]"""
        low, high = self.reach() or (0.0, 0.0)
        return self.at.get(self.shown, slices.HEIGHT if self.shown == "z" else (low + high) / 2)

    def move(self, place: float) -> bool:
        """Put the cut somewhere, at most at the wall; False if there is none or it stands there."""
        reach = self.reach()
        if reach is None:
            return False
        place = float(np.clip(place, *reach))
        if abs(place - self.place()) < _EDGE / 2:
            return False
        self.at[self.shown] = place
        return True

    def draw(self) -> Any:
        """Show the air as it is asked for; the actor, None if there is nothing to see."""
        self.plotter.remove_actor("air", render=False)
        scale = slices.scale(self.facility)
        if self.shown == "volume":
            return air.volume(self.plotter, self.facility, self.fields, scale, name="air")
        if self.shown in air.SHOWN:
            make, look = air.SHOWN[self.shown]
            return air.show(self.plotter, make(self.facility, self.fields), scale, name="air", **look)
        if self.shown:
            mesh = air.plane(self.facility, self.fields, "xyz".index(self.shown), self.place())
            return air.show(self.plotter, mesh, scale, name="air", lighting=False)
        return None

    def told(self, normal: bool) -> str:
        """What the colours of the air mean; those of the bar where it shows inlet air."""
        state = "" if normal else " of the normal state"
        if self.shown in ("x", "y", "z"):
            return f"Air{state} at {self.shown} = {self.place():.2f} m, colours of inlet air"
        if self.shown == "volume":
            return f"Air{state} above {air.warm(self.fields):.1f} °C, colours of inlet air"
        return f"Air{state}: {air.remark(self.shown, self.fields)}, colours of inlet air"

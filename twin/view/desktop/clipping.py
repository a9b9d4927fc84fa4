"""A box that hides what lies outside of it, for all meshes of a plotter at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.view.drawing import Plotter

Floats = NDArray[np.float64]


class Clipping:
    """The section box of a plotter."""

    def __init__(self, plotter: Plotter) -> None:
        self.plotter = plotter
        self.low: Floats | None = None
        self.high: Floats | None = None
        self._planes: Any = None

    def cut(self, actors: Iterable[Any], low: Any = None, high: Any = None) -> None:
        """Hide what lies outside of a box [m]; show everything without one."""
        from pyvista import _vtk

        self._planes = None
        self.low = self.high = None
        if low is not None and high is not None:
            self.low, self.high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
            self._planes = _vtk.vtkPlaneCollection()
            for axis in range(3):
                for corner, sign in ((self.low, 1.0), (self.high, -1.0)):
                    plane = _vtk.vtkPlane()
                    plane.SetOrigin(*corner)
                    plane.SetNormal(*(sign * np.eye(3)[axis]))
                    self._planes.AddItem(plane)
        extra = [self.plotter.actors[name] for name in ("air", "shadow") if name in self.plotter.actors]
        for actor in (*actors, *extra, *(a for n, a in self.plotter.actors.items() if n.startswith("kin "))):
            self.include(actor)

    def include(self, actor: Any) -> None:
        """Clip one more actor by the box, if there is one."""
        mapper = actor.GetMapper()
        if self._planes is None:
            mapper.RemoveAllClippingPlanes()
        else:
            mapper.SetClippingPlanes(self._planes)

"""Loss coefficients of what air passes through or around."""

from __future__ import annotations

import numpy as np

from solvers.air.field.grid import Grid
from solvers.air.field.problem import TIGHT, Obstacle
from solvers.air.field.terrain import DISCHARGE
from twin.geometry import Prism
from twin.networks.rooms.boxes import Box, clipped, meet, snapped

DRAG = {"busway": 2.05, "tray": 2.0, "pipe": 1.2}
"""Drag over the area seen: a square cylinder 2.05 and a circular one 1.2 (Hoerner, Fluid-Dynamic Drag, 1965, chapter 3); a
tray with cables assumed."""
RUBBING = 0.02
"""Friction factor along a busway, tray or pipe. Assumed."""


def perforated(free: float) -> float:
    """Loss coefficient of a perforated plate over its whole area, from its free share.

    Fried and Idelchik (1989), as Karki, Radmehr and Patankar use it for floor tiles (HVAC&R Research 9(2), 2003).
    """
    shut = 1.0 - free
    return float((1.0 + 0.5 * shut**0.75 + 1.414 * shut**0.375) / free**2)


def gap(free: float) -> float:
    """Loss coefficient of a sheet whose gaps make up a share of its area."""
    return TIGHT if free <= 0.0 else 1.0 / (DISCHARGE * free) ** 2


def porous(run: Prism, inside: Box, grid: Grid) -> Obstacle | None:
    """A busway, tray or pipe as a porous box; None outside the room.

    The cells that it fills are larger than itself, so the drag of its true section is spread over theirs.
    """
    if not meet((run.low, run.high), inside):
        return None
    box = clipped((run.low, run.high), inside)
    size, cells = np.subtract(box[1], box[0]), np.array(snapped(grid, box))
    along = int(np.argmax(size))
    loss = []
    for axis in range(3):
        if axis == along:
            others = [k for k in range(3) if k != along]
            loss.append(float(RUBBING * size[others].sum() / np.prod(cells[others])))
            continue
        seen = 3 - axis - along  # the third axis: height for a flow across, width for one upwards
        section = cells[axis] * cells[seen]
        loss.append(float(DRAG[run.layer] * size[seen] / section))
    return Obstacle(run.id, *box, (loss[0], loss[1], loss[2]))

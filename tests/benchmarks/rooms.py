"""Reference rooms of the air solver: what it is timed on and compared with OpenFOAM on.

``python -m tests.benchmarks.rooms`` checks that they are the rooms whose OpenFOAM results are recorded.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from solvers.air.field.grid import Grid
from solvers.air.field.problem import Air, Opening, Patch, Point, Room, Solid

State = dict[str, Any]
"""Keyword arguments of a ``Problem`` beside its room."""
Cells = tuple[int, int]
"""First and last + 1 along one axis."""

RACK_HEAT, RACK_FLOW = 8e3, 0.45
"""[W], [m3/s]"""
SUPPLY = 15.0
"""Temperature of the tiles. [degC]"""
OUTSIDE = 25.0
"""Of air that the returns give back. [degC]"""
SPACINGS = (0.12, 0.08, 0.06, 0.04, 0.03)
"""Of the reference room: 1.5e5, 5e5, 1.2e6, 4e6 and 1e7 cells. [m]"""


def air(reference: float = SUPPLY) -> Air:
    """Properties for which OpenFOAM's results were recorded."""
    return Air(heat_capacity=1005.0, gravity=9.81, reference=reference)


def reference_room(spacing: float = 0.12, tile_factor: float = 1.1, supplies: int = 1) -> tuple[Room, State]:
    """Two rows of six racks that face one cold aisle, 12 m x 7.92 m x 3 m.

    The tiles blow through their whole face.  Two returns in the ceiling, shifted along x so that the room has
    no plane of symmetry.

    Parameters
    ----------
    spacing : float
        Of the cells, in all directions; racks and walls are rounded to it. [m]
    tile_factor : float
        Air of the tiles over air of the racks.
    supplies : int
        Streams that feed the tiles, each an equal length of the aisle; 1, 2, 3 or 6.
    """

    def whole(length: float) -> int:
        return round(length / spacing)

    count = (whole(12.0), 2 * whole(7.92 / 2), whole(3.0))
    wide, deep, tall = whole(0.6), whole(1.2), whole(2.04)
    west, south = (count[0] - 6 * wide) // 2, count[1] // 2 - wide
    east, north = west + 6 * wide, south + 2 * wide
    plan = _Plan(spacing)
    for row, (begin, front) in {"A": (south - deep, 1), "B": (north, -1)}.items():
        for n in range(6):
            x = (west + n * wide, west + (n + 1) * wide)
            plan.rack(f"{row}{n + 1}", x, (begin, begin + deep), (0, tall), front)
    edges = np.linspace(west, east, supplies + 1).round().astype(int)
    for n, (a, b) in enumerate(pairwise(edges)):
        plan.tiles(f"tiles {n + 1}", (int(a), int(b)), (south, north))
    low, high = south - deep - 2 * wide + wide // 2, north + deep + wide - wide // 2
    plan.opening("return A", (west - 3 * wide, west + 3 * wide), (low, low + wide), count[2])
    plan.opening("return B", (west, east), (high, high + wide), count[2])
    state = plan.state(np.full(12, RACK_FLOW), np.full(12, RACK_HEAT), tile_factor, SUPPLY)
    return plan.room(count), state


def thousand_rack_hall(spacing: float = 0.2, aisles: int = 10, racks: int = 50) -> tuple[Room, State]:
    """Rows of racks that face a tiled aisle two by two, returns in the ceiling over the hot aisles, 4 m high.

    With the defaults 36 m x 54 m, 20 rows of 50 racks and 972,000 cells.  Flows are random by a seeded
    generator, 0.9 m3/s +/- 30 %; every rack warms its air by 13 K.
    """

    def span(begin: float, end: float) -> Cells:
        return round(begin / spacing), round(end / spacing)

    margin, pitch, width = 3.0, 4.8, 0.6
    size = (2 * margin + width * racks, 2 * margin + pitch * aisles, 4.0)
    count = tuple(round(length / spacing) for length in size)
    x = [span(margin + width * n, margin + width * (n + 1)) for n in range(racks)]
    along = x[0][0], x[-1][1]
    plan = _Plan(spacing)
    for aisle in range(aisles):
        y = margin + pitch * aisle
        for row, (begin, front) in enumerate(((y + 0.6, 1), (y + 3.0, -1))):
            for n in range(racks):
                plan.rack(
                    f"{aisle + 1}.{row + 1}.{n + 1}", x[n], span(begin, begin + 1.2), span(0.0, 2.0), front
                )
    for aisle in range(aisles):
        y = margin + pitch * aisle
        plan.tiles(f"tiles {aisle + 1}", along, span(y + 1.8, y + 3.0))
        for side, begin in (("south", y), ("north", y + 4.2)):
            plan.opening(f"return {aisle + 1} {side}", along, span(begin, begin + 0.6), count[2])
    properties = air(18.0)
    flow = 0.9 * np.random.default_rng(1).uniform(0.7, 1.3, 2 * aisles * racks)
    heat = 13.0 * properties.density * properties.heat_capacity * flow
    state = plan.state(flow, heat, 1.0, 18.0)
    return plan.room(count), {**state, "air": properties}


class _Plan:
    """A room under construction, in cells."""

    def __init__(self, spacing: float) -> None:
        self.spacing = spacing
        self.streams: list[str] = []
        self.supplies: list[str] = []
        self.solids: list[Solid] = []
        self.patches: list[Patch] = []
        self.openings: list[Opening] = []

    def box(self, *spans: Cells) -> tuple[Point, Point]:
        """Corners in metres."""
        low, high = (tuple(float(self.spacing * span[n]) for span in spans) for n in (0, 1))
        return low, high  # type: ignore[return-value]

    def rack(self, name: str, x: Cells, y: Cells, z: Cells, front: int) -> None:
        """A closed box that takes air at its front and gives it back behind; ``front`` is the sign of y there."""
        self.solids.append(Solid(name, *self.box(x, y, z)))
        faces = (y[1], y[0]) if front > 0 else (y[0], y[1])
        for supply, at, side in ((False, faces[0], front), (True, faces[1], -front)):
            low, high = self.box(x, (at, at), z)
            self.patches.append(
                Patch(f"{name} {'back' if supply else 'front'}", len(self.streams), supply, low, high, side)
            )
        self.streams.append(name)

    def tiles(self, name: str, x: Cells, y: Cells) -> None:
        """A stream that only gives air, through the floor."""
        self.patches.append(Patch(name, len(self.streams), True, *self.box(x, y, (0, 0)), 1))
        self.streams.append(name)
        self.supplies.append(name)

    def opening(self, name: str, x: Cells, y: Cells, ceiling: int) -> None:
        """A return in the ceiling."""
        self.openings.append(Opening(name, *self.box(x, y, (ceiling, ceiling)), OUTSIDE))

    def room(self, count: tuple[int, ...]) -> Room:
        """The finished room."""
        x, y, z = (np.linspace(0.0, n * self.spacing, n + 1) for n in count)
        return Room(
            Grid(x, y, z),
            tuple(self.streams),
            tuple(self.patches),
            tuple(self.solids),
            openings=tuple(self.openings),
        )

    def state(self, flow: Any, heat: Any, tile_factor: float, supply: float) -> State:
        """Racks first, then equal supplies that together give their air times the factor."""
        tiles = len(self.supplies)
        return {
            "air": air(),
            "flow": np.append(flow, np.full(tiles, flow.sum() * tile_factor / tiles)),
            "heat": np.append(heat, np.zeros(tiles)),
            "setpoint": np.append(np.full(flow.size, np.inf), np.full(tiles, supply)),
        }  # fmt: skip


def main() -> None:
    """Check the rooms against the counts of cells of the recorded runs."""
    from solvers.air.field.voxels import rasterise

    for spacing, cells in ((0.2, 33_840), (0.12, 154_800)):
        room, _ = reference_room(spacing)
        voxels = rasterise(room)
        held = np.zeros(room.grid.shape, bool)
        wide, deep, tall = (round(length / spacing) for length in (0.6, 1.2, 2.04))
        west, aisle = (held.shape[0] - 6 * wide) // 2, (held.shape[1] - 2 * wide) // 2
        for begin in (aisle - deep, aisle + 2 * wide):
            held[west : west + 6 * wide, begin : begin + deep, :tall] = True
        np.testing.assert_array_equal(voxels.fluid[1:-1, 1:-1, 1:-1].T, ~held)
        assert voxels.cells == cells, voxels.cells
        print(f"reference room at {spacing} m: {cells} cells with air")
    hall = thousand_rack_hall()[0]
    assert len(hall.solids) == 1000 and hall.grid.cells == 972_000
    print(f"hall of 1000 racks: {rasterise(hall).cells} cells with air")


if __name__ == "__main__":
    main()

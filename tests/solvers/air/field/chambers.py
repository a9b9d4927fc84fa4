"""Small rooms for the tests of the air solver: slabs of one cell, ducts, rows of racks, raised floors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solvers.air.field.flow import Flow
from solvers.air.field.grid import Grid, uniform
from solvers.air.field.potential import potential
from solvers.air.field.problem import TIGHT, Opening, Panel, Patch, Room, Solid
from solvers.air.field.refine import start_from
from solvers.air.field.voxels import rasterise

FLAT = frozenset({"-y", "+y"})
"""Frictionless sides that make a slab of one cell along y a plane problem in x and z."""


def settle(problems, *, convection="central", change=1e-7, most=4000, heat=True) -> Flow:
    """Flow of the last of some problems on ever finer grids, in double precision, until no velocity moves.

    Closed forms need a flow that is at rest to many digits; :func:`solvers.air.field.solve` stops where rack inlets rest.
    """
    flow = None
    for problem in problems:
        before = flow
        flow = Flow(rasterise(problem.room), problem, np.float64, convection)
        if before is None:
            potential(flow)
        else:
            start_from(flow, before)
        for _ in range(most):
            old = [getattr(flow, name).copy() for name in "uvwT"]
            if heat:
                flow.step()
            else:
                flow.mix()
                flow.move(0.9, 3)
                flow.project(0.2)
            moved = max(
                float(np.abs(getattr(flow, name) - f).max()) for name, f in zip("uvwT", old, strict=True)
            )
            if moved < change:
                break
        assert moved < change, f"velocities still move by {moved:.1e}"
    return flow


def plate(x, z, **parts) -> Room:
    """A plane room: one frictionless cell of 1 m along y."""
    x, z = np.asarray(x, float), np.asarray(z, float)
    return Room(Grid(x, np.array([0.0, 1.0]), z), slip=FLAT, **parts)


def plane(flow: Flow, name: str) -> np.ndarray:
    """A field of a plane room over [z, x]; of a velocity component all faces that bound cells."""
    field = getattr(flow, name)[:, 1, :]
    return {"u": field[1:-1, 1:], "w": field[1:, 1:-1]}.get(name, field[1:-1, 1:-1])


def duct(x, z, **parts) -> Room:
    """A plane duct: stream 0 gives air over the whole height at its west end, its east end is open."""
    room = plate(x, z, **parts)
    (x0, x1), (y0, y1), (z0, z1) = ((line[0], line[-1]) for line in room.grid.lines)
    return Room(
        room.grid,
        ("fan",),
        (Patch("in", 0, True, (x0, y0, z0), (x0, y1, z1), 1),),
        openings=(Opening("out", (x1, y0, z0), (x1, y1, z1), 20.0),),
        slip=FLAT,
        **parts,
    )


def line(cells: int) -> Grid:
    """A row of cells of 1 m x 1 m x 1 m along x."""
    return Grid(np.arange(cells + 1.0), np.array([0.0, 1.0]), np.array([0.0, 1.0]))


OPEN_SIDES = frozenset({"-y", "+y", "-z", "+z"})
"""Frictionless sides of a row of cells."""


class Hall:
    """A room under construction; streams are numbered in the order in which they come."""

    def __init__(self, size, spacing: float) -> None:
        self.size, self.grid = size, uniform(size, spacing)
        self.streams: list[str] = []
        self.parts: dict[str, list] = {
            name: [] for name in ("patches", "solids", "panels", "openings", "walls", "sources")
        }

    def add(self, **parts) -> None:
        """Walls, sources, panels, openings."""
        for name, part in parts.items():
            self.parts[name].append(part)

    def stream(self, name: str, taking=(), giving=()) -> None:
        """``taking`` and ``giving`` are (low, high, side) of patches."""
        for supply, patches in ((False, taking), (True, giving)):
            for n, (low, high, side) in enumerate(patches):
                word = "supply" if supply else "intake"
                label = f"{name} {word}" + (f" {n + 1}" if len(patches) > 1 else "")
                self.add(patches=Patch(label, len(self.streams), supply, low, high, side))
        self.streams.append(name)

    def rack(self, name: str, low, high, front: int) -> None:
        """Takes air at its face to -y or +y (``front`` -1 or 1) and gives it back behind."""
        self.add(solids=Solid(name, low, high))
        faces = {-1: ((*low[:1], low[1], low[2]), (high[0], low[1], high[2])),
                 1: ((low[0], high[1], low[2]), (high[0], high[1], high[2]))}  # fmt: skip
        self.stream(name, [(*faces[front], front)], [(*faces[-front], -front)])

    def room(self) -> Room:
        """The finished room."""
        return Room(
            self.grid, tuple(self.streams), **{name: tuple(parts) for name, parts in self.parts.items()}
        )


RACKS, RACK_FLOW, RACK_HEAT = 4, 0.4, 5e3
"""[-], [m3/s], [W]: a rise of 10.4 K"""


def small_hall(spacing: float = 0.3, *, contained: bool = False, shift: float = 0.0, **parts) -> Room:
    """Two racks on each side of a cold aisle, 4.2 m x 4.8 m x 2.7 m; a cooler blows through the aisle's floor.

    Streams: the racks, then the cooler.  ``shift`` moves the cooler's return in the ceiling off the middle.
    """
    hall = Hall((4.2, 4.8, 2.7), spacing)
    for n, x in enumerate((1.5, 2.1)):
        hall.rack(f"south {n + 1}", (x, 0.6, 0.0), (x + 0.6, 1.8, 2.1), 1)
        hall.rack(f"north {n + 1}", (x, 3.0, 0.0), (x + 0.6, 4.2, 2.1), -1)
    x = 1.5 + shift
    returns = [((x, 0.0, 2.7), (x + 1.2, 0.6, 2.7), -1), ((x, 4.2, 2.7), (x + 1.2, 4.8, 2.7), -1)]
    hall.stream("cooler", returns, [((1.5, 1.8, 0.0), (2.7, 3.0, 0.0), 1)])
    if contained:
        hall.add(panels=Panel("roof", (1.5, 1.8, 2.1), (2.7, 3.0, 2.1)))
        for side, at in (("west", 1.5), ("east", 2.7)):
            hall.add(panels=Panel(f"{side} door", (at, 1.8, 0.0), (at, 3.0, 2.1)))
    room = hall.room()
    return replace(room, **parts)


def small_state(factor: float = 1.0, supply: float = 18.0) -> dict:
    """Of ``small_hall``: cooler flow over rack flow."""
    return {
        "flow": np.array([RACK_FLOW] * RACKS + [RACKS * RACK_FLOW * factor]),
        "heat": np.array([RACK_HEAT] * RACKS + [0.0]),
        "setpoint": np.array([np.inf] * RACKS + [supply]),
    }


def raised_floor(losses, *, spacing: float = 0.3, leak: float = 0.0) -> Room:
    """Tiles of 0.6 m x 0.6 m in a row over a plenum that is fed evenly from below; the cooler takes air at the ceiling.

    ``losses`` of the tiles from west to east, the panels 1, 2 ... of the room; 0 is the tight floor, the last one a leaky
    seam with a loss of ``leak`` if that is positive.
    """
    count = len(losses)
    size = (1.2 * count + 0.6, 1.8, 3.0)
    hall = Hall(size, spacing)
    hall.add(panels=Panel("floor", (0, 0, 0.6), (size[0], size[1], 0.6), TIGHT))
    for n, loss in enumerate(losses):
        x = 0.6 + 1.2 * n
        hall.add(panels=Panel(f"tile {n + 1}", (x, 0.6, 0.6), (x + 0.6, 1.2, 0.6), loss))
    if leak:
        hall.add(panels=Panel("seam", (0, 1.5, 0.6), (size[0], 1.8, 0.6), leak))
    x, y, z = size
    hall.stream("cooler", [((0, 0, z), (x, y, z), -1)], [((0, 0, 0), (x, y, 0), 1)])
    return hall.room()


def mirrored(room: Room) -> Room:
    """West is east."""
    width = room.grid.x[-1]

    def turned(part):
        low, high = ((width - part.high[0], *part.low[1:]), (width - part.low[0], *part.high[1:]))
        changes = {"low": low, "high": high}
        if isinstance(part, Patch) and part.low[0] == part.high[0]:
            changes["side"] = -part.side
        return replace(part, **changes)

    return _every(replace(room, grid=Grid(width - room.grid.x[::-1], room.grid.y, room.grid.z)), turned)


def transposed(room: Room) -> Room:
    """x is y."""

    def turned(part):
        low, high = ((*p[1::-1], p[2]) for p in (part.low, part.high))
        return replace(part, low=low, high=high)

    return _every(replace(room, grid=Grid(room.grid.y, room.grid.x, room.grid.z)), turned)


def _every(room: Room, turned) -> Room:
    names = ("patches", "solids", "panels", "openings", "walls", "sources")
    return replace(room, **{name: tuple(turned(part) for part in getattr(room, name)) for name in names})

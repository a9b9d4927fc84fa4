"""Where the machines stand: their boxes, and which of them are in each other's way.

All boxes are parallel to the site axes (x east, y north, z up, metres), as every face is north, south, east
or west.  A busway that belongs to a row is a box over the whole row; all other machines stand as their data
sheet says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.geometry.sweep import TOUCH, Floats, overlaps
from twin.model.facility import Facility, Machine, Run, Shell

if TYPE_CHECKING:
    import trimesh

BUSWAY_SECTION = (0.2, 0.2)
"""Width and height of a busway whose product states no size: 4000 A class trunking, assumed. [m]"""
CLASH_LIMIT = 10_000
"""Most clashes that are listed.  A ``repeat`` without a step puts n machines in one place: n^2 / 2 pairs."""

_CORNERS = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], dtype=float)
_FACES = np.array(  # two triangles per side, outward by the right-hand rule
    [[0, 2, 1], [1, 2, 3], [4, 5, 6], [5, 7, 6], [0, 1, 4], [1, 5, 4],
     [2, 6, 3], [3, 6, 7], [0, 4, 2], [2, 4, 6], [1, 3, 5], [3, 7, 5]]
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Solids:
    """The boxes of all machines, in the facility's order (row i is ``facility.machines[i]``)."""

    ids: tuple[str, ...]
    low: Floats
    """South-west floor corner, (n, 3). [m]"""
    high: Floats
    """North-east top corner, (n, 3). [m]"""
    kind: tuple[str, ...]

    @property
    def solid(self) -> NDArray[np.bool_]:
        """(n,) False for machines without any size (a grid connection, say): they take no space."""
        return np.any(self.high > self.low, axis=1)

    def meshes(self) -> dict[str, trimesh.Trimesh]:
        """Closed mesh of every machine that takes space."""
        import trimesh

        vertices = boxes(self.low, self.high)[0].reshape(-1, 8, 3)
        return {
            self.ids[i]: trimesh.Trimesh(vertices[i], _FACES, process=False, metadata={"id": self.ids[i]})
            for i in np.flatnonzero(self.solid)
        }

    def scene(self) -> trimesh.Scene:
        """One merged mesh per kind.

        ``metadata["ids"][metadata["face_machine"][f]]`` is the machine to which triangle f belongs.
        """
        import trimesh

        kinds, scene = np.array(self.kind, dtype=object), trimesh.Scene()
        for kind in sorted(set(self.kind)):
            chosen = np.flatnonzero((kinds == kind) & self.solid)
            if not len(chosen):
                continue
            vertices, faces = boxes(self.low[chosen], self.high[chosen])
            metadata = {
                "ids": tuple(self.ids[i] for i in chosen),
                "face_machine": np.repeat(np.arange(len(chosen)), len(_FACES)),
            }
            mesh = trimesh.Trimesh(vertices, faces, process=False, metadata=metadata)
            scene.add_geometry(mesh, geom_name=kind, node_name=kind)
        return scene


@dataclass(frozen=True)
class Clash:
    """Two solids in one place."""

    a: str
    b: str
    """Machine, or name of a column."""
    overlap: tuple[float, float, float]
    """East, north and up. [m]"""


@dataclass(frozen=True)
class Outside:
    """A machine that does not stand where it belongs."""

    machine: str
    hall: str
    by: float
    """How far beyond; for ``inside`` the smaller of the east and north overlap. [m]"""
    what: str
    """``wall north`` (or other side), ``ceiling``, ``floor``; ``inside`` for a yard machine inside a hall."""


def boxes(low: Floats, high: Floats) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (8 n, 3) and outward triangles (12 n, 3) of n boxes."""
    vertices = low[:, None, :] + _CORNERS * (high - low)[:, None, :]
    faces = _FACES + 8 * np.arange(len(low))[:, None, None]
    return vertices.reshape(-1, 3), faces.reshape(-1, 3)


def place(facility: Facility) -> Solids:
    """Boxes of all machines; the busways of a row at one height hang side by side over it."""
    machines = facility.machines
    low = np.array([machine.origin for machine in machines], dtype=float).reshape(-1, 3)
    high = low + np.array([machine.extent for machine in machines], dtype=float).reshape(-1, 3)
    for index, box in _hanging(facility):
        low[index], high[index] = box
    return Solids(
        tuple(machine.id for machine in machines), low, high, tuple(machine.kind for machine in machines)
    )


def row_busways(facility: Facility) -> Iterator[tuple[int, Machine, Run]]:
    """Index, machine and row of every busway that runs along a row."""
    rows = {run.id: run for run in facility.runs}
    for index, machine in enumerate(facility.machines):
        if machine.kind == "busway" and machine.row in rows:
            yield index, machine, rows[machine.row]


def along(run: Run, offset: float, width: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Low and high plan corner of a strip over a whole row, ``offset`` from its south (west) edge."""
    x, y = run.origin
    if run.axis == "x":
        return (x, y + offset), (x + run.length, y + offset + width)
    return (x + offset, y), (x + offset + width, y + run.length)


def clashes(facility: Facility, solids: Solids) -> tuple[Clash, ...]:
    """Pairs of machines that overlap, in the facility's order, at most ``CLASH_LIMIT``; touching is none."""
    chosen = np.flatnonzero(solids.solid)
    found, total = [], 0
    for first, second, overlap in overlaps(solids.low[chosen], solids.high[chosen]):
        found.append((chosen[first], chosen[second], overlap))
        total += len(first)
        if total >= CLASH_LIMIT:
            break
    return _listed(found, solids.ids, solids.ids)


def on_columns(facility: Facility, solids: Solids) -> tuple[Clash, ...]:
    """Machines that stand in a structural column."""
    names, low, high = columns(facility.halls)
    chosen = np.flatnonzero(solids.solid)
    side = np.arange(len(chosen) + len(names)) >= len(chosen)
    low, high = np.vstack([solids.low[chosen], low]), np.vstack([solids.high[chosen], high])
    found = [
        (chosen[first], second - len(chosen), overlap) for first, second, overlap in overlaps(low, high, side)
    ]
    return _listed(found, solids.ids, names)


def columns(halls: Iterable[Shell]) -> tuple[tuple[str, ...], Floats, Floats]:
    """Names (``column 2``, ``h1 column 2``), low and high corners of all columns, floor to ceiling."""
    names, low, high = [], [], []
    for hall in halls:
        for number, (x, y, dx, dy) in enumerate(hall.columns, 1):
            names.append(f"{hall.id} column {number}".strip())
            low.append((x, y, 0.0))
            high.append((x + dx, y + dy, hall.size[2]))
    return tuple(names), np.array(low, dtype=float).reshape(-1, 3), np.array(high, dtype=float).reshape(-1, 3)


def hall_box(hall: Shell) -> tuple[Floats, Floats]:
    """Low and high corner of a hall's inside."""
    low = np.array([*hall.origin, 0.0])
    return low, low + np.array(hall.size)


def standing(facility: Facility) -> np.ndarray:
    """(n,) Index into ``facility.halls`` of the hall in which a machine stands or hangs, else -1."""
    number = {hall.id: index for index, hall in enumerate(facility.halls)}
    only = 0 if len(facility.halls) == 1 else -1
    indoors = [number.get(m.hall or "", only) if m.indoors else -1 for m in facility.machines]
    for index, _, run in row_busways(facility):
        indoors[index] = number.get(run.hall, only)
    return np.array(indoors, dtype=int)


def outside(facility: Facility, solids: Solids) -> tuple[Outside, ...]:
    """Indoor machines beyond a wall, the floor or the ceiling of their hall; yard machines inside a hall."""
    inside, found = standing(facility), []
    for number, hall in enumerate(facility.halls):
        low, high = hall_box(hall)
        mine = np.flatnonzero((inside == number) & solids.solid)
        beyond = np.hstack([low - solids.low[mine], solids.high[mine] - high])
        for k, side in zip(*np.nonzero(beyond > TOUCH), strict=True):
            found.append(
                (mine[k], Outside(solids.ids[mine[k]], hall.id, float(beyond[k, side]), _SIDES[side]))
            )
        yard = np.flatnonzero((inside < 0) & solids.solid)
        overlap = np.minimum(solids.high[yard], high) - np.maximum(solids.low[yard], low)
        for k in np.flatnonzero((overlap > TOUCH).all(axis=1)):
            depth = float(overlap[k, :2].min())
            found.append((yard[k], Outside(solids.ids[yard[k]], hall.id, depth, "inside")))
    return tuple(item for _, item in sorted(found, key=lambda pair: pair[0]))


_SIDES = ("wall west", "wall south", "floor", "wall east", "wall north", "ceiling")


def _hanging(facility: Facility) -> Iterator[tuple[int, tuple[Floats, Floats]]]:
    """Boxes of the busways that run along rows, each in its own lane over the row's depth."""
    lanes: dict[tuple[str, int], list[tuple[int, Machine, Run]]] = defaultdict(list)
    for index, machine, run in row_busways(facility):
        lanes[run.id, round(machine.origin[2] / TOUCH)].append((index, machine, run))
    for lane in lanes.values():
        pitch = lane[0][2].depth / len(lane)
        for number, (index, machine, run) in enumerate(lane):
            width, height = _section(machine)
            width = min(width, pitch)
            low, high = along(run, (number + 0.5) * pitch - width / 2, width)
            bottom = machine.origin[2]
            yield index, (np.array([*low, bottom]), np.array([*high, bottom + height]))


def _section(busway: Machine) -> tuple[float, float]:
    """Width and height of a busway: depth and height of the product where its entry states them."""
    _, depth, height = busway.product.size
    stated = "size" in busway.product.model_fields_set and depth * height > 0
    return (depth, height) if stated else BUSWAY_SECTION


def _listed(
    found: list[tuple[np.ndarray, np.ndarray, Floats]], names: tuple[str, ...], others: tuple[str, ...]
) -> tuple[Clash, ...]:
    if not found:
        return ()
    first, second, overlap = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((second, first))[:CLASH_LIMIT]
    return tuple(
        Clash(names[i], others[j], (float(dx), float(dy), float(dz)))
        for i, j, (dx, dy, dz) in zip(first[order], second[order], overlap[order].tolist(), strict=True)
    )

"""The space between the machines: service clearances, aisles, and what the floor carries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from twin.geometry.solids import Solids, columns, standing
from twin.geometry.sweep import TOUCH, Floats, overlaps
from twin.model.facility import Facility, Run, Zone

COLD_AISLE = 1.2
"""Width in front of racks: two 0.6 m floor tiles, as ANSI/TIA-942 recommends for a cold aisle. [m]"""
HOT_AISLE = 0.9
"""Width behind racks, assumed: the usual 0.9 m to 1.0 m; NFPA 70 (NEC) table 110.26(A)(1) asks for the same
914 mm in front of live parts in the mildest case. [m]"""
GRAVITY = 9.80665
"""Standard gravity, BIPM SI Brochure. [m/s2]"""

DIGITS = 9
"""Decimals that are kept, so that an aisle drawn 1.2 m wide is not short of 1.2 m by rounding."""
REACHES = tuple(2.0 * 4.0**k for k in range(8))
"""Depths at which an obstacle is looked for in turn; the last, 32 km, exceeds every hall. [m]"""

_BEHIND = {"north": "south", "south": "north", "east": "west", "west": "east"}
_DIRECTIONS = tuple(_BEHIND)


@dataclass(frozen=True, eq=False)
class Clearances:
    """Free depth in front of and behind every indoor machine that needs some, as parallel arrays."""

    ids: tuple[str, ...]
    side: tuple[str, ...]
    """``front`` or ``rear``."""
    needed: Floats
    """Depth the product's service needs, (n,). [m]"""
    free: Floats
    """Depth to the nearest solid, column or wall anywhere over the machine's width and height, (n,). [m]"""
    blocker: tuple[str, ...]
    """What ends the free depth: machine, ``column 2``, ``wall north``."""

    @property
    def margin(self) -> Floats:
        """Free minus needed depth; negative where service has too little space. [m]"""
        return np.round(self.free - self.needed, DIGITS)


@dataclass(frozen=True)
class Aisle:
    """The space between two neighbouring parallel rows of a pod."""

    zone: str
    hall: str
    rows: tuple[str, str]
    """South and north row (west and east)."""
    kind: Literal["cold", "hot", "mixed"]
    """``cold``: both fronts look in; ``hot``: both backs; ``mixed``: one of each."""
    width: float
    """[m]"""
    required: float
    """``COLD_AISLE`` where a front looks in, else ``HOT_AISLE``. [m]"""
    low: tuple[float, float] = (0.0, 0.0)
    """South-west plan corner of the space that both rows face. [m]"""
    high: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, eq=False)
class FloorLoads:
    """What the floor carries under every machine that stands on a hall's floor."""

    ids: tuple[str, ...]
    hall: tuple[str, ...]
    footprint_pressure: Floats
    """Weight over footprint, (n,). [Pa]"""
    distributed: Floats
    """Weight over footprint and half of the front and rear clearance zones (the other half belongs to the
    machine across the aisle), (n,). [Pa]"""
    hall_mean: dict[str, float] = field(default_factory=dict)
    """Weight of all machines in a hall over its floor area. [Pa]"""


def clearances(facility: Facility, solids: Solids) -> Clearances:
    """Free depth on the service sides of the machines that stand in a hall.

    Only solids block: the clearance zones of two machines may overlap, as those of two rows across an aisle
    do.  Height counts: a busway above a rack's top takes nothing from the aisle in front of it.
    """
    machine, rear, needed = _wanted(facility, solids)
    free, blocker = np.zeros(len(machine)), np.full(len(machine), "", dtype=object)
    names, low, high = _obstacles(facility, solids)
    faces = [facility.machines[i].face for i in machine]
    looks = np.array([_BEHIND[f] if r else f for f, r in zip(faces, rear, strict=True)], dtype=object)
    hall_low, hall_high = _hall_boxes(facility, machine)
    for direction in _DIRECTIONS:
        chosen = np.flatnonzero(looks == direction)
        mine = machine[chosen]
        probe_low, probe_high = _turned(solids.low[mine], solids.high[mine], direction)
        _, wall = _turned(hall_low[chosen], hall_high[chosen], direction)
        limit = np.maximum(wall[:, 1] - probe_high[:, 1], 0.0)
        depth, hit = _nearest(probe_low, probe_high, limit, *_turned(low, high, direction))
        free[chosen] = np.round(depth, DIGITS)
        blocker[chosen] = [names[j] if j >= 0 else f"wall {direction}" for j in hit]
    side = tuple("rear" if r else "front" for r in rear)
    return Clearances(tuple(solids.ids[i] for i in machine), side, needed, free, tuple(blocker))


def _wanted(facility: Facility, solids: Solids) -> tuple[np.ndarray, np.ndarray, Floats]:
    """Machine, whether it is the rear, and needed depth of every clearance, in order."""
    needed = np.array([m.product.clearance for m in facility.machines], dtype=float).reshape(-1, 2)
    on_floor = np.array([m.indoors for m in facility.machines], dtype=bool)
    needed[~(on_floor & solids.solid & (standing(facility) >= 0))] = 0.0
    machine, side = np.nonzero(needed > 0)
    return machine, side == 1, needed[machine, side]


def _obstacles(facility: Facility, solids: Solids) -> tuple[list[str], Floats, Floats]:
    """Names and boxes of machines and columns; of several in exactly one place only the first."""
    names, low, high = columns(facility.halls)
    taken = solids.solid
    names = (*(solids.ids[i] for i in np.flatnonzero(taken)), *names)
    low, high = np.vstack([solids.low[taken], low]), np.vstack([solids.high[taken], high])
    kept = np.sort(np.unique(np.hstack([low, high]), axis=0, return_index=True)[1])
    return [names[i] for i in kept], low[kept], high[kept]


def _hall_boxes(facility: Facility, machine: np.ndarray) -> tuple[Floats, Floats]:
    low = np.array([[*hall.origin, 0.0] for hall in facility.halls], dtype=float).reshape(-1, 3)
    size = np.array([hall.size for hall in facility.halls], dtype=float).reshape(-1, 3)
    hall = standing(facility)[machine]
    return low[hall], low[hall] + size[hall]


def _turned(low: Floats, high: Floats, direction: str) -> tuple[Floats, Floats]:
    """Corners in axes (across, ahead, up) of someone who looks in a direction."""
    order = [0, 1, 2] if direction in ("north", "south") else [1, 0, 2]
    low, high = low[:, order], high[:, order]
    if direction in ("south", "west"):
        back = np.array([1.0, -1.0, 1.0])
        low, high = np.minimum(low * back, high * back), np.maximum(low * back, high * back)
    return low, high


def _nearest(
    machine_low: Floats, machine_high: Floats, limit: Floats, low: Floats, high: Floats
) -> tuple[Floats, np.ndarray]:
    """Distance ahead to the nearest obstacle (at most ``limit``) and its index (-1 for none).

    Looks near first and farther only for those that saw nothing, so that the pairs stay few.
    """
    depth, hit = limit.copy(), np.full(len(limit), -1)
    pending, seen = np.flatnonzero(limit > 0), 0.0
    for reach in REACHES:
        pending = pending[(hit[pending] < 0) & (limit[pending] > seen)]
        if not len(pending):
            break
        probe, obstacle, distance = _probe(machine_low[pending], machine_high[pending], reach, low, high)
        closer = distance < limit[pending][probe]
        probe, obstacle, distance = pending[probe[closer]], obstacle[closer], distance[closer]
        order = np.lexsort((obstacle, distance, probe))
        first = order[np.unique(probe[order], return_index=True)[1]]
        depth[probe[first]], hit[probe[first]] = distance[first], obstacle[first]
        seen = reach
    return depth, hit


def _probe(
    machine_low: Floats, machine_high: Floats, reach: float, low: Floats, high: Floats
) -> tuple[np.ndarray, np.ndarray, Floats]:
    """Pairs (machine, obstacle, distance) of what lies within ``reach`` ahead of the machines."""
    front, back = machine_low.copy(), machine_high.copy()
    front[:, 1], back[:, 1] = machine_high[:, 1], machine_high[:, 1] + reach
    side = np.arange(len(front) + len(low)) >= len(front)
    probe, obstacle = [np.empty(0, dtype=int)], [np.empty(0, dtype=int)]
    for i, j, _ in overlaps(np.vstack([front, low]), np.vstack([back, high]), side):
        probe.append(i)
        obstacle.append(j - len(front))
    i, j = np.concatenate(probe), np.concatenate(obstacle)
    return i, j, np.maximum(low[j, 1] - machine_high[i, 1], 0.0)


def aisles(facility: Facility) -> tuple[Aisle, ...]:
    """The aisles within the pods: every row with the nearest one across, in the facility's order."""
    rows = {run.id: run for run in facility.runs}
    found = []
    for zone in facility.zones:
        for axis in ("x", "y"):
            mine = [rows[name] for name in zone.rows if name in rows and rows[name].axis == axis]
            found += [_aisle(zone, a, b) for a, b in _facing_pairs(mine)]
    return tuple(found)


def _span(run: Run, across: bool) -> tuple[float, float]:
    """Interval that a row covers along its axis, or across it."""
    start = run.origin[1 if (run.axis == "x") == across else 0]
    return start, start + (run.depth if across else run.length)


def _facing_pairs(rows: list[Run]) -> Iterator[tuple[Run, Run]]:
    """Neighbours across: the nearest parallel row beyond each row, and the nearest before each."""
    rows = sorted(rows, key=lambda run: (_span(run, True), _span(run, False)))
    pairs: dict[tuple[int, int], None] = {}
    for order, neighbours in ((1, range(len(rows))), (-1, range(len(rows) - 1, -1, -1))):
        for i in neighbours:
            others = range(i + order, len(rows) if order > 0 else -1, order)
            across = next((j for j in others if _is_across(rows[min(i, j)], rows[max(i, j)])), None)
            if across is not None:
                pairs[min(i, across), max(i, across)] = None
    return ((rows[i], rows[j]) for i, j in sorted(pairs))


def _is_across(a: Run, b: Run) -> bool:
    """Whether b lies beyond a, and some of b is opposite to some of a."""
    (a_low, a_high), (b_low, b_high) = _span(a, False), _span(b, False)
    opposite = min(a_high, b_high) - max(a_low, b_low) > TOUCH
    return opposite and _span(b, True)[0] >= _span(a, True)[1] - TOUCH


def _aisle(zone: Zone, a: Run, b: Run) -> Aisle:
    ahead, back = ("north", "south") if a.axis == "x" else ("east", "west")
    fronts = (a.face == ahead) + (b.face == back)
    kind: Literal["cold", "hot", "mixed"] = ("hot", "mixed", "cold")[fronts]
    (a_low, a_high), (b_low, b_high) = _span(a, False), _span(b, False)
    start, end = max(a_low, b_low), min(a_high, b_high)
    near, far = _span(a, True)[1], _span(b, True)[0]
    low, high = ((start, near), (end, far)) if a.axis == "x" else ((near, start), (far, end))
    width = max(round(far - near, DIGITS), 0.0)
    return Aisle(
        zone.id, zone.hall, (a.id, b.id), kind, width, COLD_AISLE if fronts else HOT_AISLE, low, high
    )


def floor_loads(facility: Facility, solids: Solids) -> FloorLoads:
    """Pressure on the floor under every machine with a mass that stands indoors (rear doors included)."""
    hall = standing(facility)
    size = solids.high - solids.low
    mass = np.array([m.product.mass + (m.rear_door.mass if m.rear_door else 0.0) for m in facility.machines])
    on_floor = np.array([m.indoors and m.kind != "busway" for m in facility.machines], dtype=bool)
    chosen = np.flatnonzero(on_floor & (hall >= 0) & (mass > 0) & (size[:, :2] > 0).all(axis=1))
    machines = [facility.machines[i] for i in chosen]
    weight, footprint = mass[chosen] * GRAVITY, size[chosen, 0] * size[chosen, 1]
    width = np.array([m.product.size[0] for m in machines], dtype=float)
    service = np.array([sum(m.product.clearance) / 2 for m in machines], dtype=float)
    names = tuple(shell.id for shell in facility.halls)
    total = np.bincount(hall[chosen], weight, minlength=len(names))
    mean = {
        shell.id: float(total[i] / (shell.size[0] * shell.size[1])) for i, shell in enumerate(facility.halls)
    }
    return FloorLoads(
        tuple(m.id for m in machines),
        tuple(names[i] for i in hall[chosen]),
        weight / footprint,
        weight / (footprint + width * service),
        mean,
    )

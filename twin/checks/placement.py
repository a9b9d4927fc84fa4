"""Rules of placement: what is in the way, the space that service needs, and what the floor carries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from twin.checks.places import hall_name
from twin.checks.rules import Assessment, check
from twin.geometry import aisles, clashes, clearances, floor_loads, on_columns, outside, place
from twin.model.facility import Facility

Intrusion = tuple[str, str, float]
"""Machine, what it is in the way of, depth. [m]"""


def _intrusions(found: Iterable[Intrusion], phrase: str, ids: tuple[str, ...]) -> Iterator[Assessment]:
    """One assessment of the deepest intrusion of every machine; of all machines at once if there is none."""
    worst: dict[str, Intrusion] = {}
    number: dict[str, int] = {}
    for item in found:
        name = item[0]
        number[name] = number.get(name, 0) + 1
        worst[name] = max(worst.get(name, item), item, key=lambda intrusion: intrusion[2])
    if worst:
        more = [f" (and {number[name] - 1} more)" if number[name] > 1 else "" for name in worst]
        what = tuple(phrase.format(item[1]) + rest for item, rest in zip(worst.values(), more, strict=True))
        yield Assessment(
            tuple(worst), np.array([item[2] for item in worst.values()]), 0.0, "max", "length", what
        )
    elif ids:
        yield Assessment(("site",), np.ones(1), 1.0, "min", "flag", "")


@check("GEO-001", "No two machines stand in one place", standard="geometry", stage="placement")
def clash(facility: Facility) -> Iterator[Assessment]:
    """Boxes by the data sheets; touching is none.  The value is the smallest extent of the overlap."""
    solids = place(facility)
    found = ((c.a, c.b, min(c.overlap)) for c in clashes(facility, solids))
    yield from _intrusions(found, "overlap with {}", solids.ids)


@check(
    "GEO-002",
    "Machines stand inside their hall, yard machines outside",
    standard="geometry",
    stage="placement",
)
def inside(facility: Facility) -> Iterator[Assessment]:
    """Walls, floor and ceiling."""
    solids = place(facility)
    found = ((o.machine, _boundary(o.what, o.hall), o.by) for o in outside(facility, solids))
    yield from _intrusions(found, "reach beyond {}", solids.ids)


def _boundary(what: str, hall: str) -> str:
    return f"the wall into {hall_name(hall)}" if what == "inside" else f"the {what} of {hall_name(hall)}"


@check("GEO-003", "No machine stands in a column", standard="geometry", stage="placement")
def columns(facility: Facility) -> Iterator[Assessment]:
    """Structural columns reach from floor to ceiling."""
    solids = place(facility)
    found = ((c.a, c.b, min(c.overlap)) for c in on_columns(facility, solids))
    yield from _intrusions(found, "overlap with {}", solids.ids)


@check(
    "GEO-004",
    "Service has the space that the data sheet asks for",
    standard="NFPA 70 (NEC) 2023, data sheets",
    clause="110.26(A)(1)",
    stage="placement",
)
def service(facility: Facility) -> Iterator[Assessment]:
    """Free depth before and behind every machine; zones of two machines may overlap, as across an aisle."""
    free = clearances(facility, place(facility))
    for side in ("front", "rear"):
        chosen = [index for index, name in enumerate(free.side) if name == side]
        ids = tuple(free.ids[index] for index in chosen)
        what = tuple(f"free depth at the {side} (to {free.blocker[index]})" for index in chosen)
        yield Assessment(ids, free.free[chosen], free.needed[chosen], "min", "length", what)


@check(
    "GEO-005",
    "Aisles are wide enough",
    standard="ANSI/TIA-942-B, EN 50600-2-4; NFPA 70 (NEC) 110.26",
    clause="1.2 m in front of racks, 0.9 m behind, practice",
    stage="placement",
)
def aisle_width(facility: Facility) -> Iterator[Assessment]:
    """Between neighbouring rows of a pod."""
    found = aisles(facility)
    what = tuple(f"{aisle.kind} aisle between {' and '.join(aisle.rows)}" for aisle in found)
    width, required = np.array([a.width for a in found]), np.array([a.required for a in found])
    yield Assessment(tuple(aisle.zone for aisle in found), width, required, "min", "length", what)


@check(
    "GEO-006",
    "The floor carries the machines with their service space",
    standard="structural design",
    clause="distributed load",
    stage="placement",
)
def distributed_load(facility: Facility) -> Iterator[Assessment]:
    """Weight over the footprint and half of the clearance zones."""
    loads = floor_loads(facility, place(facility))
    limits = {shell.id: shell.floor.load_limit for shell in facility.halls}
    limit = np.array([limits[name] for name in loads.hall])
    yield Assessment(loads.ids, loads.distributed, limit, "max", "floor_load", "distributed floor load")


@check(
    "GEO-007",
    "The floor carries the load under each machine",
    standard="structural design",
    clause="point load",
    stage="placement",
)
def point_load(facility: Facility) -> Iterator[Assessment]:
    """Weight over the footprint alone, in halls whose floor states ``point_limit``."""
    loads = floor_loads(facility, place(facility))
    limits = {shell.id: shell.floor.point_limit or np.inf for shell in facility.halls}
    limit = np.array([limits[name] for name in loads.hall])
    yield Assessment(
        loads.ids, loads.footprint_pressure, limit, "max", "floor_load", "floor load under the footprint"
    )

"""Machines as boxes that air goes into and comes out of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from solvers.air.field.problem import Patch, Solid
from twin.geometry.scenery import CHIMNEY_DEPTH
from twin.geometry.solids import Solids, standing
from twin.model.facility import Facility, Machine, Shell
from twin.model.products import Crah, Rack
from twin.networks.rooms.boxes import BEHIND, LEFT, Box, band, face, point
from twin.networks.rooms.faults import Element

HEADROOM = 0.3
"""Space that a unit needs above (or behind) it to draw air there. [m] Assumed."""
SUPPLY_SHARE = 0.5
"""Lower share of the front of a perimeter unit on a slab through which it blows; its return is on top. Assumed."""
LOW_SUPPLY_SHARE = 0.3
"""The same for a unit under a low ceiling, whose return is in its front."""
RETURN_SHARE = 0.4
"""Upper share of such a unit's front that is return. Assumed."""


@dataclass
class Standing:
    """What stands in a hall, as it grows."""

    shell: Shell
    downflow: bool
    """Whether perimeter units blow below the floor."""
    solids: list[Solid] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)
    streams: list[str] = field(default_factory=list)
    elements: dict[str, Element] = field(default_factory=dict)
    """By name of patch."""
    notes: dict[str, None] = field(default_factory=dict)

    @property
    def ceiling(self) -> float:
        """[m]"""
        return self.shell.size[2]

    def stream(self, machine: Machine) -> int:
        """A new stream of a machine."""
        self.streams.append(machine.id)
        return len(self.streams) - 1

    def patch(self, machine: Machine, stream: int, box: Box, side: str, supply: bool) -> None:
        """The opening of a stream in one face of a box."""
        name = f"{machine.id} {'outlet' if supply else 'inlet'}"
        (low, high), sign = face(box, side)
        self.patches.append(Patch(name, stream, supply, low, high, sign))
        self.elements[name] = Element(machine.id, machine.kind, machine.mark)

    def duct(self, machine: Machine, box: Box) -> Box:
        """A duct from the top of a box to the ceiling."""
        (x, y, _), (east, north, top) = box
        made = ((x, y, top), (east, north, self.ceiling))
        if top < self.ceiling:
            self.solids.append(Solid(f"{machine.id} duct", *made))
        return made


def in_hall(facility: Facility, solids: Solids, shell: Shell) -> Iterator[tuple[Machine, Box]]:
    """Machines that stand in a hall, with their boxes; not the busways over its rows."""
    number = [hall.id for hall in facility.halls].index(shell.id)
    for i in np.flatnonzero((standing(facility) == number) & solids.solid):
        machine = facility.machines[i]
        if machine.kind != "busway" and machine.indoors:
            yield machine, (point(solids.low[i]), point(solids.high[i]))


def put(standing: Standing, facility: Facility, machine: Machine, box: Box) -> None:
    """Add a machine: its box, and the streams of racks and air handlers."""
    standing.solids.append(Solid(machine.id, *box))
    if isinstance(machine.product, Rack):
        _rack(standing, facility, machine, box)
    elif isinstance(machine.product, Crah):
        _crah(standing, machine, machine.product, box)


def _rack(standing: Standing, facility: Facility, machine: Machine, box: Box) -> None:
    assert isinstance(machine.product, Rack)
    stream, path = standing.stream(machine), machine.product.air_path
    zone = next((zone for zone in facility.zones if zone.id == machine.pod), None)
    left = LEFT[machine.face]
    standing.patch(machine, stream, box, left if path == "side_to_side" else machine.face, supply=False)
    if zone is not None and zone.containment.aisle == "chimney" and path != "side_to_side":
        standing.patch(machine, stream, _chimney(standing, machine, box), "top", supply=True)
        return
    out = {"front_to_rear": BEHIND[machine.face], "side_to_side": BEHIND[left], "front_to_top": "top"}[path]
    standing.patch(machine, stream, box, out, supply=True)


def _chimney(standing: Standing, machine: Machine, box: Box) -> Box:
    """The duct over the back of a rack: to the ceiling plenum, or half-way up if there is none."""
    low, high = list(box[0]), list(box[1])
    axis = 1 if machine.face in ("north", "south") else 0
    depth = min(CHIMNEY_DEPTH, high[axis] - low[axis])
    if machine.face in ("south", "west"):
        low[axis] = high[axis] - depth
    else:
        high[axis] = low[axis] + depth
    if standing.shell.ceiling_plenum > 0:
        return standing.duct(machine, (point(low), point(high)))
    low[2], high[2] = box[1][2], (box[1][2] + standing.ceiling) / 2
    standing.notes["chimneys end half-way to the ceiling, since no plenum is above it"] = None
    made = (point(low), point(high))
    standing.solids.append(Solid(f"{machine.id} duct", *made))
    return made


def _crah(standing: Standing, machine: Machine, crah: Crah, box: Box) -> None:
    stream, front = standing.stream(machine), machine.face
    if crah.form == "in_row":
        standing.patch(machine, stream, box, BEHIND[front], supply=False)
        standing.patch(machine, stream, box, front, supply=True)
    elif crah.form == "fan_wall":
        if _behind(standing.shell, box, BEHIND[front]) >= HEADROOM:
            standing.patch(machine, stream, box, BEHIND[front], supply=False)
            standing.notes["fan walls take air at their backs and blow over their fronts"] = None
        else:
            _return_on_top(standing, machine, stream, box, "fan walls stand against a wall and take")
        standing.patch(machine, stream, box, front, supply=True)
    else:
        _perimeter(standing, machine, stream, box)


def _perimeter(standing: Standing, machine: Machine, stream: int, box: Box) -> None:
    on_top = _return_on_top(standing, machine, stream, box, "perimeter units take")
    if standing.downflow:
        standing.patch(machine, stream, box, "bottom", supply=True)
        return
    share = SUPPLY_SHARE if on_top else LOW_SUPPLY_SHARE
    standing.patch(machine, stream, band(box, 0.0, share), machine.face, supply=True)
    note = f"perimeter units on a slab blow through the lower {share:.0%} of their fronts, assumed"
    standing.notes[note] = None


def _return_on_top(standing: Standing, machine: Machine, stream: int, box: Box, who: str) -> bool:
    """Return at the top, ducted to a ceiling plenum; in the upper front under a low ceiling."""
    if standing.shell.ceiling_plenum > 0:
        standing.patch(machine, stream, standing.duct(machine, box), "top", supply=False)
        standing.notes[f"{who} air from the ceiling plenum through ducts as wide as themselves"] = None
        return True
    if standing.ceiling - box[1][2] >= HEADROOM:
        standing.patch(machine, stream, box, "top", supply=False)
        standing.notes[f"{who} air at their tops, assumed"] = None
        return True
    standing.patch(machine, stream, band(box, 1.0 - RETURN_SHARE, 1.0), machine.face, supply=False)
    standing.notes[f"{who} air in the upper part of their fronts, since the ceiling is low"] = None
    return False


def _behind(shell: Shell, box: Box, side: str) -> float:
    """Distance of a side of a box to the hall's wall. [m]"""
    (x, y), (east, north, _) = shell.origin, shell.size
    return {
        "west": box[0][0] - x,
        "south": box[0][1] - y,
        "east": x + east - box[1][0],
        "north": y + north - box[1][1],
    }[side]

"""The scene: what is to be seen, as arrays of boxes, and what value each box has.

Independent of any way of drawing.  One layer is one sort of thing and becomes one mesh; the owner of a box (a
machine, a loop, a hall) is the id under which its values stand in the results.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.geometry import Prism, Routes, Solids, pipes, place, scenery
from twin.model.facility import Facility, Machine
from twin.results.quantities import QUANTITIES
from twin.results.results import Results

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Sides = NDArray[np.uint8]
_Part = tuple[tuple[str, ...], Floats, Floats]

GAP = 0.008
"""Drawn distance between a machine and its neighbour, so that their sides do not flicker. [m]"""
WALL = 0.15
"""Drawn thickness of walls and floor. [m]"""
FRONTS = ("", "south", "east", "north", "west", "up")
"""Sides by their number: where racks take air in, where the fans of coolers are."""

_CORNERS = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], dtype=float)
_SIDES = np.array([[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]])
_EDGES = np.array(
    [[0, 1], [2, 3], [4, 5], [6, 7], [0, 2], [1, 3], [4, 6], [5, 7], [0, 4], [1, 5], [2, 6], [3, 7]]
)


@dataclass(frozen=True)
class Style:
    """How a layer looks where no value is painted on it."""

    label: str
    color: str
    opacity: float = 1.0
    edges: bool = True


STYLES: dict[str, Style] = {
    "floor": Style("Hall floor", "#e9ebee", edges=False),
    "walls": Style("Walls", "#9aa5b1", 0.10),
    "columns": Style("Columns", "#c3c7cc"),
    "racks": Style("Racks", "#6b7280"),
    "cdus": Style("CDUs", "#4c78a8"),
    "crahs": Style("Room air handlers", "#5fa8a3"),
    "power": Style("Power machines", "#d9a441"),
    "busways": Style("Busways", "#b5762a"),
    "plant": Style("Heat rejection and chillers", "#8fae8b"),
    "pumps": Style("Pumps", "#8d86b8"),
    "other": Style("Other machines", "#a3a3a3"),
    "pipes_supply": Style("Supply pipes", "#3b7dd8", edges=False),
    "pipes_return": Style("Return pipes", "#cf5c5c", edges=False),
    "trays": Style("Cable trays", "#8b9096"),
    "containment": Style("Containment", "#9cc4e4", 0.22),
}
"""Layers in drawing order: what is translucent last."""

_KINDS = {
    "rack": "racks",
    "cdu": "cdus",
    "crah": "crahs",
    "busway": "busways",
    "pump": "pumps",
    "dry_cooler": "plant",
    "cooling_tower": "plant",
    "chiller": "plant",
    "heat_exchanger": "plant",
    "thermosyphon": "plant",
    "tank": "plant",
}
_FACED = ("racks", "plant")
_SCENERY = {
    "column": "columns",
    "tray": "trays",
    "pipe_supply": "pipes_supply",
    "pipe_return": "pipes_return",
    "containment": "containment",
}
_TABLES = {
    "rack": ("racks",),
    "rear_door": ("racks",),
    "cdu": ("cdus",),
    "crah": ("crahs",),
    "plant": ("plant",),
    "pump": ("pumps",),
    "power": ("power", "busways"),
    "loop": ("pipes_supply", "pipes_return"),
    "hall": ("floor",),
}
LIFE = {"rack": "served", "cdu": "live", "crah": "live", "plant": "live", "pump": "live", "power": "live"}
"""Quantity of a table that tells whether a thing is in service."""
NEEDS = {
    "rack.liquid_supply": "liquid_flow",
    "rack.liquid_return": "liquid_flow",
    "rack.liquid_flow": "liquid_required",
    "rack.case_temperature": "case_temperature",
    "rack.case_margin": "case_temperature",
    "rack.tokens": "chip_power",
    "power.loading": "power",
    "loop.supply": "flow",
    "loop.return": "flow",
}
"""Quantities that mean nothing where another one is zero: no coolant temperature without coolant."""


@dataclass(frozen=True)
class Field:
    """A quantity that can be painted, and on which layers."""

    name: str
    """``table.quantity``."""
    label: str
    dimension: str
    layers: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Layer:
    """Boxes of one sort."""

    name: str
    ids: tuple[str, ...]
    """Owner of each box, (n,); one owner may have several boxes."""
    low: Floats
    """(n, 3). [m]"""
    high: Floats
    front: Sides | None = None
    """(n,) side that takes air in or has fans, as in :data:`FRONTS`; None if no box has one."""

    @property
    def style(self) -> Style:
        """Its look."""
        return STYLES[self.name]

    @property
    def count(self) -> int:
        """Boxes."""
        return len(self.ids)

    @cached_property
    def vertices(self) -> Floats:
        """(8 n, 3), box by box. [m]"""
        return (self.low[:, None] + _CORNERS * (self.high - self.low)[:, None]).reshape(-1, 3)

    @property
    def faces(self) -> Ints:
        """(6 n, 4) vertex numbers, outward."""
        return (_SIDES + 8 * np.arange(self.count)[:, None, None]).reshape(-1, 4)

    @property
    def lines(self) -> Ints:
        """(12 n, 2) vertex numbers of the boxes' edges."""
        return (_EDGES + 8 * np.arange(self.count)[:, None, None]).reshape(-1, 2)

    @property
    def face_box(self) -> Ints:
        """(6 n,) number of the box that a face belongs to: what a picked cell leads to."""
        return np.repeat(np.arange(self.count), len(_SIDES))

    def within(self, low: Floats, high: Floats) -> Layer:
        """The boxes that are at least in part between two plan corners."""
        return self.only(np.all((self.low[:, :2] < high) & (self.high[:, :2] > low), axis=1))

    def only(self, chosen: Any) -> Layer:
        """Some of the boxes, (n,) of which."""
        ids = tuple(self.ids[i] for i in np.flatnonzero(chosen))
        front = None if self.front is None else self.front[chosen]
        return Layer(self.name, ids, self.low[chosen], self.high[chosen], front)

    def values(self, values: dict[str, float]) -> Floats:
        """Value of each box, NaN where its owner has none, (n,)."""
        return np.array([values.get(name, np.nan) for name in self.ids], dtype=float)


@dataclass(frozen=True)
class Label:
    """A name in the scene."""

    text: str
    kind: str
    """``hall``, ``row`` or ``group``."""
    position: tuple[float, float, float]
    """[m]"""
    layer: str = ""
    """Layer of a group's machines."""


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything to be seen of a facility."""

    title: str
    layers: tuple[Layer, ...]
    """Those that hold something, in drawing order."""
    labels: tuple[Label, ...]
    hall_low: Floats
    """Corners of the halls, (h, 3). [m]"""
    hall_high: Floats

    @cached_property
    def _by_name(self) -> dict[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    def layer(self, name: str) -> Layer | None:
        """A layer, None if it holds nothing."""
        return self._by_name.get(name)

    def of(self, *names: str, walls: bool = False) -> list[Layer]:
        """The boxes of some things, by layer; a hall has its floor, and its walls if they are asked for."""
        wanted, found = set(names), []
        for layer in self.layers:
            chosen = np.fromiter((name in wanted for name in layer.ids), bool, layer.count)
            if chosen.any() and (walls or layer.name != "walls"):
                found.append(layer.only(chosen))
        return found

    def bounds(self, *names: str) -> tuple[Floats, Floats]:
        """Lowest and highest corner of some layers (all without names); of the halls if those are empty."""
        chosen = [layer for layer in self.layers if not names or layer.name in names]
        if not chosen:
            if not len(self.hall_low):
                return np.zeros(3), np.ones(3)
            return self.hall_low.min(axis=0), self.hall_high.max(axis=0)
        low = np.min([layer.low.min(axis=0) for layer in chosen], axis=0)
        return low, np.max([layer.high.max(axis=0) for layer in chosen], axis=0)


def _fields() -> dict[str, Field]:
    fields = {}
    for name, quantity in QUANTITIES.items():
        layers = _TABLES.get(name.partition(".")[0], ())
        if quantity.paint and layers:
            fields[name] = Field(name, quantity.label, quantity.dimension, _only(name, layers))
    return fields


def _only(name: str, layers: tuple[str, ...]) -> tuple[str, ...]:
    return {"loop.supply": ("pipes_supply",), "loop.return": ("pipes_return",)}.get(name, layers)


FIELDS: dict[str, Field] = _fields()
"""What maps, pictures and the window offer: every quantity that its table marks."""


def build(facility: Facility) -> Scene:
    """The scene of a facility."""
    solids = place(facility)
    parts: dict[str, list[_Part]] = defaultdict(list)
    fronts: dict[str, Sides] = {}
    for name, chosen in _machines(facility, solids).items():
        if name in _FACED:
            sides = [_front(facility.machines[i]) for i in chosen.tolist()]
            fronts[name] = np.array([FRONTS.index(side) for side in sides], dtype=np.uint8)
        ids = tuple(solids.ids[i] for i in chosen)
        low, high = solids.low[chosen].copy(), solids.high[chosen].copy()
        low[:, :2] += GAP / 2
        high[:, :2] = np.maximum(high[:, :2] - GAP / 2, low[:, :2])
        parts[name].append((ids, low, high))
    for name, prisms in _by_layer(scenery(facility, Routes({}, {}, pipes(facility)))).items():
        ids = tuple(_owner(prism) for prism in prisms)
        parts[name].append((ids, np.array([p.low for p in prisms]), np.array([p.high for p in prisms])))
    low, high = _halls(facility)
    for name, part in _shells(facility, low, high):
        parts[name].append(part)
    layers = tuple(_joined(name, parts[name], fronts.get(name)) for name in STYLES if parts.get(name))
    return Scene(facility.name, layers, tuple(_labels(facility, solids)), low, high)


def paint(results: Results, quantity: str, scenario: int = 0) -> dict[str, float]:
    """Value of every thing that has one; what is out of service or has no steady solution has none."""
    table_name, _, name = quantity.partition(".")
    table = results.tables.get(table_name)
    if table is None or name not in table.values or not results.settled[scenario]:
        return {}
    values = np.asarray(table.values[name][scenario], dtype=float)
    has = np.isfinite(values)
    for other in (LIFE.get(table_name), NEEDS.get(quantity)):
        if other is not None and other != name and other in table.values:
            has &= np.asarray(table.values[other][scenario]) > 0
    return {table.ids[i]: float(values[i]) for i in np.flatnonzero(has)}


def all_values(results: Results, quantity: str) -> Floats:
    """Values of a quantity in all settled states, for the limits of its colours."""
    table_name, _, name = quantity.partition(".")
    table = results.tables.get(table_name)
    if table is None or name not in table.values:
        return np.zeros(0)
    return np.asarray(table.values[name], dtype=float)[np.asarray(results.settled, dtype=bool)].ravel()


def _machines(facility: Facility, solids: Solids) -> dict[str, Ints]:
    layer = [_layer_of(machine) for machine in facility.machines]
    names, solid = np.array(layer, dtype=object), solids.solid
    chosen = {name: np.flatnonzero((names == name) & solid) for name in dict.fromkeys(layer)}
    return {name: index for name, index in chosen.items() if len(index)}


def _layer_of(machine: Machine) -> str:
    return _KINDS.get(machine.kind) or ("power" if machine.product.role == "power" else "other")


def _front(machine: Machine) -> str:
    if machine.kind == "rack":
        return machine.face
    fans = (
        machine.kind in ("dry_cooler", "cooling_tower") or getattr(machine.product, "condenser", "") == "air"
    )
    return "up" if fans else ""


def _by_layer(prisms: tuple[Prism, ...]) -> dict[str, list[Prism]]:
    found: dict[str, list[Prism]] = defaultdict(list)
    for prism in prisms:
        if prism.layer in _SCENERY:  # busways come with the machines, halls as floor and walls
            found[_SCENERY[prism.layer]].append(prism)
    return found


def _owner(prism: Prism) -> str:
    """Pipes are numbered pieces of their loop."""
    return prism.id.rpartition(" ")[0] if prism.layer.startswith("pipe") else prism.id


def _halls(facility: Facility) -> tuple[Floats, Floats]:
    low = np.array([(*hall.origin, 0.0) for hall in facility.halls], dtype=float).reshape(-1, 3)
    size = np.array([hall.size for hall in facility.halls], dtype=float).reshape(-1, 3)
    return low, low + size


def _shells(facility: Facility, low: Floats, high: Floats) -> Iterator[tuple[str, _Part]]:
    for hall, a, b in zip(facility.halls, low, high, strict=True):
        owner = (hall.id or "hall",)
        slab = np.array([[*a[:2], -WALL]]), np.array([[*b[:2], -0.01]])
        yield "floor", (owner, *slab)
        (x, y, _), (east, north, top) = a, b
        out = WALL
        sides = np.array(
            [
                [x - out, y - out, 0, east + out, y, top],
                [x - out, north, 0, east + out, north + out, top],
                [x - out, y, 0, x, north, top],
                [east, y, 0, east + out, north, top],
            ]
        )
        yield "walls", (owner * 4, sides[:, :3], sides[:, 3:])


def _joined(name: str, parts: list[_Part], front: Sides | None) -> Layer:
    ids = tuple(owner for owners, _, _ in parts for owner in owners)
    return Layer(name, ids, np.vstack([p[1] for p in parts]), np.vstack([p[2] for p in parts]), front)


def _labels(facility: Facility, solids: Solids) -> Iterator[Label]:
    """Halls, rows (beside their west or south end) and groups of machines that stand outside."""
    for hall in facility.halls:
        x, y = hall.origin
        text = hall.id or "hall"
        yield Label(text, "hall", (x + hall.size[0] / 2, y + hall.size[1], hall.size[2]))
    for run in facility.runs:
        x, y = run.origin
        middle = (x, y + run.depth / 2) if run.axis == "x" else (x + run.depth / 2, y)
        yield Label(run.id, "row", (*middle, 2.5))
    groups: dict[str, list[int]] = defaultdict(list)
    for machine, (index, solid) in zip(facility.machines, enumerate(solids.solid), strict=True):
        if machine.row is None and solid:
            groups[machine.group].append(index)
    for group, members in groups.items():
        low, high = solids.low[members].min(axis=0), solids.high[members].max(axis=0)
        x, y = ((low + high) / 2)[:2].tolist()
        count = f" ({len(members)})" if len(members) > 1 else ""
        layer = _layer_of(facility.machines[members[0]])
        yield Label(f"{group}{count}", "group", (x, y, float(high[2])), layer)

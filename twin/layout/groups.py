"""Machines outside the rows: free-standing equipment, room air handlers, plant, and the power tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from twin.layout.document import Path
from twin.layout.draft import Block, Draft, Group, copies
from twin.layout.placement import Point, Size, along_wall, footprint
from twin.model.facility import Machine, Run
from twin.model.language import CrahGroup, Equipment, PowerGroup, UtilityFeed
from twin.model.names import Side
from twin.model.piping import PlantGroup, Staging
from twin.model.products import PLANT_KINDS, Utility

EQUIPMENT_KINDS = (
    "rack",
    "cdu",
    "crah",
    "dry_cooler",
    "cooling_tower",
    "chiller",
    "heat_exchanger",
    "thermosyphon",
    "tank",
    "pump",
    "rectifier",
    "pdu",
)
"""What may stand free; machines of the power tree have ``at`` there."""
PLANT_SECTION = (*PLANT_KINDS, "cdu", "heat_exchanger", "thermosyphon", "tank")
"""What ``plant:`` takes."""

STAGING: dict[str, Staging] = {"chiller": "needed"}
"""How many machines of a kind run if the layout does not say: a compressor wastes at part load, fans do not."""

POWER_KINDS = {
    "pdus": "pdu",
    "ups": "ups",
    "rectifiers": "rectifier",
    "switchboards": "switchboard",
    "transfer_switches": "transfer_switch",
    "transformers": "transformer",
    "generators": "generator",
    "bess": "bess",
}
"""Sections of the power tree with the kind they take, from the hall's wall outward."""


class _Written(NamedTuple):
    """A group as it was written: what all its members share."""

    block: Block
    path: Path
    id: str
    type: str
    product: Any
    face: Side
    spare: int = 0


def _machine(draft: Draft, group: _Written, name: str, origin: Point, **more: Any) -> Machine | None:
    """A member of a group, noted if its id is free."""
    full = group.block.prefix + name
    if not draft.claim(full, group.path, name):
        return None
    fields = {"hall": group.block.hall, "group": group.block.prefix + group.id, **more}
    machine = Machine(
        id=full,
        type=group.type,
        product=group.product,
        origin=(*origin, fields.pop("height", 0.0)),
        face=group.face,
        mark=draft.mark(group.path),
        spare=group.spare,
        **fields,
    )
    draft.machines.append(machine)
    return machine


def expand_equipment(draft: Draft, block: Block) -> None:
    """Place free-standing machines and the room air handlers along the walls."""
    for index, item in enumerate(block.sections.equipment):
        _expand_item(draft, block, item, (*block.path, "equipment", index))
    if block.hall is not None:
        _expand_crahs(draft, block)


def _expand_item(draft: Draft, block: Block, item: Equipment, path: Path) -> None:
    product = draft.product(item.type, (*path, "type"), EQUIPMENT_KINDS)
    if product is None:
        return
    group = _Written(block, path, item.id, item.type, product, item.face)
    setpoint = block.supply_air if product.kind == "crah" else None
    for name, offset in copies(item.id, item.repeat):
        place = (block.corner[0] + item.at[0] + offset[0], block.corner[1] + item.at[1] + offset[1])
        outdoors = item.where == "yard"
        _machine(draft, group, name, place, indoors=not outdoors, outdoors=outdoors, setpoint=setpoint)
        if outdoors:
            east, north = footprint(product.size, item.face)
            draft.ground.taken.append((*place, place[0] + east, place[1] + north))


def _expand_crahs(draft: Draft, block: Block) -> None:
    """Spread the air handlers of each wall along it, all its groups one after the other."""
    walls: dict[Side, list[tuple[CrahGroup, _Written, int]]] = {}
    for index, crah in enumerate(block.sections.air.crahs):
        path = (*block.path, "air", "crahs", index)
        product = draft.product(crah.type, (*path, "type"), ("crah",))
        if product is not None:
            group = _Written(block, path, crah.id, crah.type, product, _OPPOSITE[crah.along], crah.spare)
            walls.setdefault(crah.along, []).extend((crah, group, n) for n in range(1, crah.count + 1))
    for wall, units in walls.items():
        places = along_wall(block.bounds, wall, [group.product.size for _, group, _ in units])
        for (crah, group, number), place in zip(units, places, strict=True):
            fields = {"indoors": True, "setpoint": crah.supply, "outdoor_air": crah.outdoor_air}
            _machine(draft, group, f"{crah.id}{number}", place, **fields)


_OPPOSITE: dict[Side, Side] = {"north": "south", "south": "north", "east": "west", "west": "east"}


def expand_groups(draft: Draft, block: Block) -> None:
    """Place plant in the yard north of the hall and the power tree west of it; stated places come first."""
    liquid = block.sections.liquid
    plant: list[tuple[PlantGroup, Path, tuple[str, ...]]] = []
    for name, groups, allowed in (("pumps", liquid.pumps, ("pump",)), ("plant", liquid.plant, PLANT_SECTION)):
        plant.extend((group, (*block.path, "liquid", name, i), allowed) for i, group in enumerate(groups))
    for group, path, kinds in sorted(plant, key=lambda item: item[0].at is None):
        _expand_plant(draft, block, group, path, kinds)
    power = [
        (group, (*block.path, "power", section, index), kind)
        for section, kind in POWER_KINDS.items()
        for index, group in enumerate(getattr(block.sections.power, section))
    ]
    for group, path, kind in sorted(power, key=lambda item: item[0].at is None):
        _expand_power(draft, block, group, path, kind)
    _expand_utility(draft, block)


def _expand_plant(draft: Draft, block: Block, group: PlantGroup, path: Path, kinds: tuple[str, ...]) -> None:
    product = draft.product(group.type, (*path, "type"), kinds)
    if product is None:
        return
    written = _Written(block, path, group.id, group.type, product, "south", group.spare)
    places = _places(draft, block, "north", group.at, group.count, product)
    for number, place in enumerate(places, start=1):
        _machine(
            draft,
            written,
            f"{group.id}{number}",
            place,
            height=group.level,
            stage=group.stage or STAGING.get(product.kind, "all"),
        )


def _expand_power(draft: Draft, block: Block, group: PowerGroup, path: Path, kind: str) -> None:
    if group.along is not None:
        draft.complain((*path, "along"), "only busways run along rows")
        return
    product = draft.product(group.type, (*path, "type"), (kind,))
    if product is None:
        return
    members: dict[str, list[Machine]] = {}
    at = group.at
    for feed in _feeds(group):
        side = f"{group.id}.{feed}" if feed else group.id
        written = _Written(block, path, side, group.type, product, "west", group.spare)
        names = [side] if group.count is None else [f"{side}{n}" for n in range(1, group.count + 1)]
        places = _places(draft, block, "west", at, len(names), product)
        if at is not None:
            at = (at[0] - _step(places, product.size), at[1])
        inside = _inside(block, places[0])
        made = (
            _machine(draft, written, name, place, feed=feed, indoors=inside)
            for name, place in zip(names, places, strict=True)
        )
        members[feed] = [machine for machine in made if machine is not None]
    draft.groups.append(Group(block, group, path, members))


def _feeds(group: PowerGroup) -> tuple[str, ...]:
    return group.feeds or ("",)


def _expand_utility(draft: Draft, block: Block) -> None:
    """Grid connections stand at the far end of the electrical room; the layout states their product."""
    written = block.sections.power.utility
    several = isinstance(written, tuple)
    for index, utility in enumerate(written if isinstance(written, tuple) else (written,)):
        place: Path = (*block.path, "power", "utility")
        path: Path = (*place, index) if several else place
        product = _utility(utility)
        group = _Written(block, path, utility.id, "utility", product, "west")
        _machine(draft, group, utility.id, _places(draft, block, "west", None, 1, product)[0])


def _utility(utility: UtilityFeed) -> Utility:
    return Utility(
        kind="utility",
        description="Grid connection",
        size=(2.0, 2.0, 2.5),
        voltage=utility.voltage,
        capacity=utility.capacity,
        fault_level=utility.fault_level,
        fault_level_min=utility.fault_level_min,
        x_to_r=utility.x_to_r,
        circuits=utility.circuits,
        source="layout",
        sources={"size": "assumed", **({} if utility.fault_level else {"fault_level": "assumed"})},
    )


def _places(
    draft: Draft, block: Block, side: str, at: Point | None, count: int, product: Any
) -> Sequence[Point]:
    """South-west corners of like machines: from ``at`` on if it is given, else in the yard on that side."""
    size, clearance = product.size, product.clearance
    if at is None:
        return draft.yard(block, side).place(count, size, clearance)
    return draft.yard(block, side).place_at(
        (block.corner[0] + at[0], block.corner[1] + at[1]), count, size, clearance
    )


def _step(places: Sequence[Point], size: Size) -> float:
    """How far west the columns of one side reach, with a path behind them. [m]"""
    return max(x for x, _ in places) - min(x for x, _ in places) + size[1] + 1.0


def _inside(block: Block, place: Point) -> bool:
    west, south, east, north = block.bounds
    return block.hall is not None and west <= place[0] < east and south <= place[1] < north


def expand_busways(draft: Draft, block: Block) -> None:
    """Hang busways over their rows: one per row and feed, named after both."""
    for index, group in enumerate(block.sections.power.busways):
        path = (*block.path, "power", "busways", index)
        product = draft.product(group.type, (*path, "type"), ("busway",))
        if group.along is None:
            draft.complain(path, 'a busway runs along rows; say which, for example along: "row:*"')
            continue
        rows = draft.select_rows(group.along, (*path, "along"), block)
        if product is None:
            continue
        members: dict[str, list[Machine]] = {}
        for feed in _feeds(group):
            side = f"{group.id}.{feed}" if feed else group.id
            members[feed] = []
            for run in rows:
                written = _Written(block, path, side, group.type, product, run.face, group.spare)
                if (machine := _busway(draft, written, group, feed, run)) is not None:
                    members[feed].append(machine)
        draft.groups.append(Group(block, group, path, members))


def _busway(draft: Draft, written: _Written, group: PowerGroup, feed: str, run: Run) -> Machine | None:
    name = f"{written.id}.{run.id.removeprefix(written.block.prefix)}"
    return _machine(
        draft,
        written,
        name,
        run.origin,
        feed=feed,
        hall=run.hall,
        pod=run.pod,
        row=run.id,
        height=group.height,
    )

"""Pods, rows and positions; trays along rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from twin.layout.document import Path
from twin.layout.draft import Block, Draft, copies
from twin.layout.mistakes import quote
from twin.layout.placement import Point, in_row, row_corners, runs_east
from twin.layout.population import read_item
from twin.model.facility import Machine, Run, Tray, Zone
from twin.model.language import Pod, Row

LINEUP_KINDS = ("rack", "cdu", "crah", "rectifier", "pdu")
"""What may stand in a lineup."""


@dataclass(frozen=True)
class _Slot:
    """A machine of a lineup before it has a place."""

    type: str
    product: Any
    offset: float
    """Along the row. [m]"""
    path: Path


@dataclass(frozen=True)
class _Lineup:
    """A row before it has a place."""

    row: Row
    path: Path
    slots: list[_Slot]
    length: float
    rear_door: Any | None

    @property
    def depth(self) -> float:
        return max((slot.product.size[1] for slot in self.slots), default=0.0)

    def names(self) -> Iterator[str]:
        """Numbers of the positions, with as many digits as the last one needs, at least two."""
        digits = max(2, len(str(len(self.slots))))
        return (f"{number:0{digits}d}" for number in range(1, len(self.slots) + 1))


def expand_pods(draft: Draft, block: Block) -> None:
    """Place the pods of a hall, row by row."""
    if block.hall is None:
        return
    for index, pod in enumerate(block.sections.pods):
        path = (*block.path, "pods", index)
        lineups = [_lineup(draft, row, (*path, "rows", number)) for number, row in enumerate(pod.rows)]
        for name, offset in copies(pod.id, pod.repeat):
            corner = (block.corner[0] + pod.at[0] + offset[0], block.corner[1] + pod.at[1] + offset[1])
            _expand_pod(draft, block, pod, path, lineups, name, corner)


def _lineup(draft: Draft, row: Row, path: Path) -> _Lineup:
    slots: list[_Slot] = []
    offset = 0.0
    for index, text in enumerate(row.lineup):
        place = (*path, "lineup", index)
        try:
            item = read_item(text)
        except ValueError as error:
            draft.complain(place, f"{quote(text)} is not an entry of a lineup; {error}")
            continue
        offset += item.gap
        product = draft.product(item.type, place, LINEUP_KINDS) if item.type else None
        if product is not None:
            width = product.size[0]
            slots.extend(_Slot(item.type, product, offset + n * width, place) for n in range(item.count))
            offset += item.count * width
    door = row.rear_door
    rear_door = draft.product(door, (*path, "rear_door"), ("rear_door",)) if door is not None else None
    return _Lineup(row, path, slots, offset, rear_door)


def _expand_pod(
    draft: Draft, block: Block, pod: Pod, path: Path, lineups: list[_Lineup], name: str, corner: Point
) -> None:
    zone = block.prefix + name
    if not draft.claim(zone, path, name):
        return
    shapes = [(lineup.row.face, lineup.depth, lineup.row.at) for lineup in lineups]
    rows = []
    for lineup, start in zip(lineups, row_corners(corner, pod.containment.width, shapes), strict=True):
        local = f"{name}.{lineup.row.id}"
        if draft.claim(block.prefix + local, lineup.path, local):
            rows.append(block.prefix + local)
            _expand_row(draft, block, lineup, zone, block.prefix + local, start)
    draft.zones.append(
        Zone(
            id=zone,
            hall=block.hall or "",
            rows=tuple(rows),
            containment=pod.containment,
            mark=draft.mark(path),
        )
    )


def _expand_row(draft: Draft, block: Block, lineup: _Lineup, zone: str, name: str, corner: Point) -> None:
    face, depth = lineup.row.face, lineup.depth
    machines = []
    for number, slot in zip(lineup.names(), lineup.slots, strict=True):
        product = slot.product
        x, y = in_row(corner, face, depth, slot.offset, product.size[1])
        machine = Machine(
            id=f"{name}.{number}",
            type=slot.type,
            product=product,
            group=name,
            origin=(x, y, 0.0),
            face=face,
            mark=draft.mark(slot.path),
            hall=block.hall,
            pod=zone,
            row=name,
            indoors=True,
            setpoint=block.supply_air if product.kind == "crah" else None,
            rear_door=lineup.rear_door if product.kind == "rack" else None,
            rear_door_type=(lineup.row.rear_door or "") if product.kind == "rack" else "",
        )
        if draft.claim(machine.id, slot.path, machine.id.removeprefix(block.prefix)):
            machines.append(machine)
    draft.machines.extend(machines)
    draft.runs.append(
        Run(
            id=name,
            hall=block.hall or "",
            pod=zone,
            machines=tuple(machine.id for machine in machines),
            axis="x" if runs_east(face) else "y",
            face=face,
            origin=corner,
            length=lineup.length,
            depth=depth,
            mark=draft.mark(lineup.path),
        )
    )


def expand_trays(draft: Draft, block: Block) -> None:
    """Lay the cable trays of a block along their rows."""
    for index, tray in enumerate(block.sections.trays):
        path = (*block.path, "trays", index)
        for run in draft.select_rows(tray.along, (*path, "along"), block):
            local = f"{tray.id}.{run.id.removeprefix(block.prefix)}"
            if draft.claim(block.prefix + local, path, local):
                draft.trays.append(
                    Tray(
                        id=block.prefix + local,
                        row=run.id,
                        height=tray.height,
                        section=tray.section,
                        mark=draft.mark(path),
                    )
                )

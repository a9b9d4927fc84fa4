"""Everything of a run that has a name, numbered in one order: machines, loops, halls, what else is drawn, and the site."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.checks.places import Places, hall_name
from twin.model.base import Mark
from twin.model.facility import Facility
from twin.view.scene import Scene
from twin.view.sources import shown
from twin.view.web.document import Buffer
from twin.view.web.parts import Things

Floats = NDArray[np.float64]

SITE = "site"
"""Name under which the tables hold values of the whole."""
_KINDS = {"cdu": "CDU", "crah": "CRAH", "ups": "UPS", "pdu": "PDU", "bess": "battery storage"}
"""Kinds of machine that are written otherwise than in a layout."""


@dataclass(frozen=True)
class Thing:
    """A named thing."""

    id: str
    kind: str
    type: str = ""
    """Product and, after a tab, its description."""
    place: str = ""
    row: str = ""
    pod: str = ""
    hall: str = ""
    mark: Mark | None = None


@dataclass(frozen=True, eq=False)
class Register:
    """The things of a run and their numbers."""

    things: tuple[Thing, ...]
    number: Mapping[str, int]
    """Name to number."""
    places: Places

    def of(self, subject: str) -> int:
        """Number of a thing, or of the machine behind a subject (the load of a feed, the first of a group); else -1."""
        found = self.number.get(subject)
        return found if found is not None else self.number.get(self.places.machine(subject), -1)

    def known(self, names: Iterable[str]) -> tuple[int, ...]:
        """Numbers of those names that are things."""
        return tuple(self.number[name] for name in names if name in self.number)


def register(facility: Facility, scene: Scene) -> Register:
    """Number the things: machines first, in the order of the layout."""
    places = Places(facility)
    unique: dict[str, Thing] = {}
    for thing in (*_machines(facility, places), *_others(facility, places), Thing(SITE, "site")):
        unique.setdefault(thing.id, thing)
    for thing in _drawn(facility, scene, places, set(unique)):
        unique.setdefault(thing.id, thing)
    number = {name: n for n, name in enumerate(unique)}
    # rear doors are seen, and told, as their racks
    number |= {door.id: number[door.host] for door in facility.doors if door.host is not None}
    return Register(tuple(unique.values()), number, places)


def _machines(facility: Facility, places: Places) -> Iterator[Thing]:
    said: dict[str, str] = {}
    where: dict[tuple[str | None, str | None, str | None], str] = {}
    for m in facility.machines:
        if m.type not in said:
            said[m.type] = f"{m.type}\t{m.product.description}" if m.product.description else m.type
        hall = hall_name(m.hall) if m.hall is not None else ""
        if (m.hall, m.pod, m.row) not in where:
            where[m.hall, m.pod, m.row] = places.of(m.id).name
        place = where[m.hall, m.pod, m.row]
        yield Thing(
            m.id,
            _KINDS.get(m.kind, m.kind.replace("_", " ")),
            said[m.type],
            place,
            m.row or "",
            m.pod or "",
            hall,
            m.mark,
        )


def _others(facility: Facility, places: Places) -> Iterator[Thing]:
    runs = {run.id: run for run in facility.runs}
    for circuit in facility.circuits:
        yield Thing(circuit.id, "loop", circuit.fluid, places.of(circuit.id).name, mark=circuit.mark)
    for shell in facility.halls:
        name = hall_name(shell.id)
        yield Thing(name, "hall", "", name, hall=name, mark=shell.mark)
    for tray in facility.trays:
        if tray.row in runs:
            run = runs[tray.row]
            place = places.of(run.id).name
            yield Thing(tray.id, "tray", "", place, run.id, run.pod, hall_name(run.hall), tray.mark)


def _drawn(facility: Facility, scene: Scene, places: Places, known: set[str]) -> Iterator[Thing]:
    """What has boxes and is nothing of the above; containment belongs to a pod, or with its row to one."""
    zones, runs = {zone.id: zone for zone in facility.zones}, {run.id: run for run in facility.runs}
    for layer in scene.layers:
        kind = "column" if layer.name == "columns" else layer.name
        for name in dict.fromkeys(layer.ids):
            if name in known:
                continue
            zone, run = zones.get(name.partition(" aisle ")[0]), runs.get(name.removesuffix(" chimney"))
            if zone is not None:
                yield Thing(
                    name, kind, "", places.of(zone.id).name, "", zone.id, hall_name(zone.hall), zone.mark
                )
            elif run is not None:
                place = places.of(run.id).name
                yield Thing(name, kind, "", place, run.id, run.pod, hall_name(run.hall), run.mark)
            else:
                yield Thing(name, kind)


def listed(register: Register, middles: Floats, layout: str, buffer: Buffer) -> Things:
    """The things as the document holds them; ``middles`` is (n, 3), ``layout`` the file of the layout."""
    things = register.things
    kinds, kind = _numbered(thing.kind for thing in things)
    types, type_ = _numbered(thing.type for thing in things)
    places, place = _numbered(thing.place for thing in things)
    rows, row = _numbered((thing.row for thing in things), optional=True)
    pods, pod = _numbered((thing.pod for thing in things), optional=True)
    halls, hall = _numbered((thing.hall for thing in things), optional=True)
    files, file = _numbered((shown(t.mark.file, layout) if t.mark else "" for t in things), optional=True)
    return Things(
        id=tuple(thing.id for thing in things), kind=kind, type=type_, place=place, row=row, pod=pod, hall=hall,
        file=file, line=tuple(max(t.mark.line, 0) if t.mark else 0 for t in things),
        position=buffer.add(np.round(middles, 3)),
        kinds=kinds, types=types, places=places, rows=rows, pods=pods, halls=halls, files=files,
    )  # fmt: skip


def _numbered(words: Iterable[str], *, optional: bool = False) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Different words, and which of them each was; -1 for the empty word if it means none."""
    known: dict[str, int] = {}
    numbers = tuple(-1 if optional and not word else known.setdefault(word, len(known)) for word in words)
    return tuple(known), numbers

"""A facility under construction: what has been expanded so far, and the mistakes found on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from twin.layout.document import Document, Path
from twin.layout.document import Mark as Place
from twin.layout.mistakes import Mistake, one_of, quote
from twin.layout.placement import Ground, Rectangle, Yard, bounding
from twin.layout.selectors import Directory, NoMatch, machine_entry, row_entry
from twin.model.base import Mark
from twin.model.facility import Circuit, Feed, Machine, Run, Shell, Tray, Zone
from twin.model.language import CrahGroup, Layout, PowerGroup, Repeat, Sections
from twin.model.names import Selectors

MAX_MACHINES = 200_000
"""Machines, rows, pods and halls that a layout may unroll to."""
MAX_HALLS = 100
"""Halls that a layout may unroll to."""
MAX_LINKS = 2_000_000
"""Connections of the power tree, each parallel source counted."""

KEYS = {"from_": "from"}
"""Fields whose key in the text differs from the name in the model."""


class Products(Protocol):
    """What is needed of a catalogue."""

    def product(self, name: str) -> Any:
        """The product of this name; a KeyError whose message says what is near if there is none."""
        ...


class Full(Exception):
    """The layout unrolls to more than is allowed; nothing further can be looked at."""


@dataclass(frozen=True)
class Block:
    """A hall with what was written in it, or what all halls share."""

    hall: str | None
    """Name of the hall (empty for the single hall of a file); None for what all halls share."""
    sections: Sections
    path: Path
    """Where the sections stand in the document."""
    bounds: Rectangle
    """Of the hall, or of all halls, in site coordinates. [m]"""

    @property
    def prefix(self) -> str:
        """What stands before the ids in this block."""
        return f"{self.hall}." if self.hall else ""

    @property
    def supply_air(self) -> float:
        """Set point of room air handlers that were not written under ``crahs``. [degC]"""
        crahs = self.sections.air.crahs
        return crahs[0].supply if crahs else CrahGroup.model_fields["supply"].default

    @property
    def corner(self) -> tuple[float, float]:
        """Origin of the coordinates in this block: the hall's south-west corner, or that of the site."""
        return (0.0, 0.0) if self.hall is None else self.bounds[:2]


class Group(NamedTuple):
    """A group of the power tree with its members."""

    block: Block
    written: PowerGroup
    path: Path
    members: dict[str, list[Machine]]
    """By feed, in order."""


@dataclass
class Draft:
    """Everything that has been expanded, in the order of the layout."""

    layout: Layout
    document: Document
    catalogue: Products
    shells: list[Shell] = field(default_factory=list)
    zones: list[Zone] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    machines: list[Machine] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    feeds: list[Feed] = field(default_factory=list)
    circuits: list[Circuit] = field(default_factory=list)
    trays: list[Tray] = field(default_factory=list)
    mistakes: dict[Mistake, None] = field(default_factory=dict)
    ground: Ground = field(default_factory=Ground)

    def __post_init__(self) -> None:
        self._marks: dict[Path, Mark] = {}
        self._claims: dict[str, Path] = {}
        self._clashes: set[tuple[Path, Path]] = set()
        self._products: dict[str, Any] = {}
        self._yards: dict[tuple[str | None, str], Yard] = {}

    # -- places and mistakes -------------------------------------------------------------------------------

    def mark(self, path: Path) -> Mark:
        """Where the value at ``path`` was written."""
        if path not in self._marks:
            place = self.document.mark(path)
            self._marks[path] = Mark(file=place.file, line=place.line, column=place.column)
        return self._marks[path]

    def complain(self, path: Path, message: str) -> None:
        """Note a mistake about the value at ``path``; of the copies of a block the first one counts."""
        self.mistakes.setdefault(self.document.mistake(path, message))

    def complain_at(self, mark: Mark, message: str) -> None:
        """Note a mistake about what was written at ``mark``."""
        place = Place(mark.file, mark.line, mark.column, 1)
        self.mistakes.setdefault(self.document.mistake_at(place, message))

    def claim(self, name: str, path: Path, local: str = "") -> bool:
        """Take an id for the thing written at ``path``; False, with a mistake, if it is taken."""
        if (holder := self._claims.get(name)) is None:
            self._claims[name] = path
            return True
        if (holder, path) in self._clashes:
            return False
        self._clashes.add((holder, path))
        shown = quote(local or name)
        if holder == path:
            self.complain(path, f"this makes two things with the id {shown}; ids are given once")
        else:
            self.complain(path, f"id {shown} is already made at {self.mark(holder)}; ids are given once")
        return False

    # -- products ------------------------------------------------------------------------------------------

    def product(self, name: str, path: Path, kinds: tuple[str, ...]) -> Any | None:
        """The product ``name`` written at ``path``; None, with a mistake, if none exists or fits there."""
        if name not in self._products:
            try:
                self._products[name] = self.catalogue.product(name)
            except KeyError as error:
                self._products[name] = str(error.args[0]) if error.args else f"unknown product {quote(name)}"
        found = self._products[name]
        if isinstance(found, str):
            self.complain(path, found)
            return None
        if found.kind not in kinds:
            self.complain(
                path, f"{quote(name)} is of kind {found.kind}, which cannot stand here; {one_of(kinds)}"
            )
            return None
        if min(found.size) <= 0:
            self.complain(path, f"{quote(name)} has a side of no length, so it cannot stand anywhere")
            return None
        return found

    # -- selectors -----------------------------------------------------------------------------------------

    @cached_property
    def by_id(self) -> dict[str, Machine]:
        """Machines by id, rear doors too; read it when all machines are there."""
        return {machine.id: machine for machine in self._standing_and_hanging}

    @cached_property
    def _standing_and_hanging(self) -> list[Machine]:
        """Machines, then the rear doors of racks."""
        return [*self.machines, *(door for machine in self.machines if (door := machine.door) is not None)]

    @cached_property
    def machine_directory(self) -> Directory:
        """Machines by name; read it when all machines are there."""
        return Directory(map(machine_entry, self._standing_and_hanging))

    @cached_property
    def row_directory(self) -> Directory:
        """Rows by name; read it when all rows are there."""
        return Directory(map(row_entry, self.runs))

    def select(
        self, selectors: Selectors | None, path: Path, block: Block, kinds: tuple[str, ...], role: str
    ) -> list[Machine]:
        """Machines of some kinds that selectors match, in the order written, each once.

        Every selector must name at least one machine of these kinds; others that it also names are left out,
        so ``pod:p1`` may stand for the racks of a pod.
        """
        found: dict[str, Machine] = {}
        for place, selector in selector_places(selectors, path):
            try:
                ids = self.machine_directory.find(selector, block.hall)
            except NoMatch as error:
                self.complain(place, str(error))
                continue
            fit = {name: self.by_id[name] for name in ids if self.by_id[name].kind in kinds}
            if not fit:
                other = self.by_id[ids[0]]
                message = f"{quote(selector)} matches no {role}, only {other.kind} {quote(other.id)}"
                self.complain(
                    place, f"{message if len(ids) == 1 else message + ' and the like'}; {one_of(kinds)}"
                )
            found |= fit
        return list(found.values())

    def select_rows(self, selectors: Selectors, path: Path, block: Block) -> list[Run]:
        """Rows that selectors match, in the order written, each once."""
        by_id = {run.id: run for run in self.runs}
        found: dict[str, Run] = {}
        for place, selector in selector_places(selectors, path):
            try:
                found |= {name: by_id[name] for name in self.row_directory.find(selector, block.hall)}
            except NoMatch as error:
                self.complain(place, str(error).replace("matches nothing", "matches no row", 1))
        return list(found.values())

    # -- places ----------------------------------------------------------------------------------------------

    def yard(self, block: Block, side: str) -> Yard:
        """The strip outside a wall of a block's hall."""
        key = (block.hall, side)
        if key not in self._yards:
            self._yards[key] = Yard(self.ground, block.bounds, "north" if side == "north" else "west")
        return self._yards[key]

    def site_bounds(self) -> Rectangle:
        """The smallest rectangle around all halls."""
        return bounding([hall_bounds(shell) for shell in self.shells] or [(0.0, 0.0, 1.0, 1.0)])


def hall_bounds(shell: Shell) -> Rectangle:
    """A hall's outline on the site. [m]"""
    x, y = shell.origin
    return x, y, x + shell.size[0], y + shell.size[1]


def selector_places(selectors: Selectors | None, path: Path) -> Iterator[tuple[Path, str]]:
    """Each selector with its place in the document."""
    if isinstance(selectors, str):
        yield path, selectors
    else:
        yield from (((*path, index), selector) for index, selector in enumerate(selectors or ()))


def copies(name: str, repeat: Repeat | None) -> Iterator[tuple[str, tuple[float, float]]]:
    """Names and offsets of the copies of a block; without ``repeat`` the block itself."""
    if repeat is None:
        yield name, (0.0, 0.0)
        return
    for index in range(repeat.count):
        yield f"{name}{index + 1}", (index * repeat.step[0], index * repeat.step[1])

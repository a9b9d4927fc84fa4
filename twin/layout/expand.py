"""Expansion: a layout as written becomes a facility with every repeat unrolled and every name resolved.

Ids of machines tell where they stand: ``p1.s.01`` is the first position of row ``s`` in the first copy of
pod ``p``, ``ups.A2`` the second module of side A, ``bw.A.p1.s`` the side-A busway along row ``p1.s``.  In a
file of several halls the hall's name stands in front (``h2.p1.s.01``).  What was written once with a
``count``, a ``repeat``, ``feeds`` or ``along`` is a group; its name selects all members.

All mistakes of a file are found before they are raised together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from twin.layout.document import Document, Path
from twin.layout.draft import Block, Draft, Full, copies, selector_places
from twin.layout.groups import expand_busways, expand_equipment, expand_groups
from twin.layout.loops import expand_loops
from twin.layout.mistakes import LayoutError, quote, suggest
from twin.layout.population import check_population
from twin.layout.rows import expand_pods, expand_trays
from twin.layout.selectors import Directory, NoMatch, subject_entries
from twin.layout.shells import note_shell, note_tiles
from twin.layout.site import locate
from twin.layout.wiring import wire
from twin.model.facility import Facility
from twin.model.language import ElectricalRooms, HallBlock, Layout


def expand(layout: Layout, catalogue: Any, document: Document, *, digest: str = "") -> Facility:
    """The facility that a validated layout describes.

    Parameters
    ----------
    catalogue : Catalogue
        Products, climates and grids, the layout's own among them.
    document : Document
        What the layout was validated from: it knows where every value was written.
    digest : str
        SHA-256 of the document, kept with the facility.

    Raises
    ------
    LayoutError
        With every mistake of the layout: unknown products, selectors that match nothing, ids given twice ...
    """
    draft = Draft(layout, document, catalogue)
    try:
        _fill(draft)
    except Full:
        raise LayoutError(draft.mistakes) from None
    place = locate(draft, catalogue)
    facility = _facility(draft, place, digest) if place is not None and not draft.mistakes else None
    if facility is not None:
        _check_subjects(draft, facility)
    if facility is None or draft.mistakes:
        raise LayoutError(draft.mistakes)
    return facility


def _fill(draft: Draft) -> None:
    check_population(draft)
    blocks = list(_blocks(draft))
    for block in blocks:
        expand_pods(draft, block)
    for block in blocks:
        note_tiles(draft, block)
    for block in blocks:
        expand_equipment(draft, block)
    for block in blocks:
        expand_groups(draft, block)
    for block in blocks:
        expand_busways(draft, block)
        expand_trays(draft, block)
    wire(draft, blocks)
    expand_loops(draft, blocks)


def _facility(draft: Draft, place: Any, digest: str) -> Facility:
    layout = draft.layout
    return Facility(
        name=layout.name,
        description=layout.description,
        file=draft.document.root.mark.file,
        digest=digest,
        place=place,
        halls=tuple(draft.shells),
        zones=tuple(draft.zones),
        runs=tuple(draft.runs),
        machines=tuple(draft.machines),
        feeds=tuple(draft.feeds),
        circuits=tuple(draft.circuits),
        trays=tuple(draft.trays),
        electrical_rooms=layout.power.electrical_rooms or ElectricalRooms(),
        workload=layout.workload,
        economics=layout.economics,
        year=layout.year,
        limits=tuple((limit, draft.mark(("limits", index))) for index, limit in enumerate(layout.limits)),
        waivers=tuple((waiver, draft.mark(("waive", index))) for index, waiver in enumerate(layout.waive)),
        overrides=tuple(
            (item, draft.mark(("override", index))) for index, item in enumerate(layout.override)
        ),
        redundancy=layout.redundancy,
        params=_scalars({**layout.params, **draft.document.params}),
    )


def _scalars(params: Mapping[str, Any]) -> dict[str, str | float | int | bool | None]:
    return {
        name: value if value is None or isinstance(value, (str, float, int, bool)) else str(value)
        for name, value in params.items()
    }


# -- halls -----------------------------------------------------------------------------------------------


def _blocks(draft: Draft) -> Iterator[Block]:
    """The halls, each with what was written in it, then what all halls share."""
    layout = draft.layout
    if layout.hall is not None:
        bounds = note_shell(
            draft, "", (0.0, 0.0), layout.hall, layout.air, layout.power.electrical_rooms, ("hall",)
        )
        yield Block("", layout, (), bounds)
        return
    for index, hall in enumerate(layout.halls):
        yield from _hall_copies(draft, hall, ("halls", index))
    _refuse_shared_rooms(draft)
    yield Block(None, layout, (), draft.site_bounds())


def _hall_copies(draft: Draft, hall: HallBlock, path: Path) -> Iterator[Block]:
    air = hall.air if "air" in hall.model_fields_set else draft.layout.air
    for name, offset in copies(hall.id, hall.repeat):
        if draft.claim(name, path):
            corner = (hall.at[0] + offset[0], hall.at[1] + offset[1])
            rooms = hall.power.electrical_rooms
            yield Block(name, hall, path, note_shell(draft, name, corner, hall.hall, air, rooms, path))


def _refuse_shared_rooms(draft: Draft) -> None:
    """With several halls, what stands in a room must be written in a hall."""
    layout = draft.layout
    if layout.pods:
        draft.complain(
            ("pods",), "with several halls, pods belong inside one of them (halls: [{..., pods: ...}])"
        )
    if layout.air.crahs:
        draft.complain(("air", "crahs"), "with several halls, room air handlers belong inside one of them")
    for index, item in enumerate(layout.equipment):
        if item.where == "hall":
            message = 'with several halls, write equipment inside one of them, or "where: yard"'
            draft.complain(("equipment", index), message)


# -- limits and waivers ----------------------------------------------------------------------------------


def _check_subjects(draft: Draft, facility: Facility) -> None:
    """Selectors of the designer's rules and waivers must name something."""
    things = Directory(subject_entries(facility))
    for index, limit in enumerate(draft.layout.limits):
        _check(draft, things, limit.select, ("limits", index, "select"))
        for number, state in enumerate(limit.during):
            _check_state(draft, state, ("limits", index, "during", number))
    for index, waiver in enumerate(draft.layout.waive):
        _check(draft, things, waiver.select, ("waive", index, "select"))
    for index, override in enumerate(draft.layout.override):
        _check(draft, things, override.select, ("override", index, "select"))


def _check(draft: Draft, things: Directory, selectors: Any, path: Path) -> None:
    for place, selector in selector_places(selectors, path):
        try:
            things.find(selector)
        except NoMatch as error:
            draft.complain(place, str(error))


def _check_state(draft: Draft, state: str, path: Path) -> None:
    word, colon, selector = state.partition(":")
    if word != "lose" or not colon:
        known = ("normal", "any", "lose:SELECTOR")
        if state not in known[:2]:
            draft.complain(path, f"unknown state {quote(state)}{suggest(word, known)}")
        return
    try:
        draft.machine_directory.find(selector)
    except NoMatch as error:
        draft.complain(path, f"state {quote(state)}: {error}")

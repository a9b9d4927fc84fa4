"""How many things a layout unrolls to, known before any of them is made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from twin.layout.document import Path
from twin.layout.draft import MAX_HALLS, MAX_MACHINES, Draft, Full
from twin.model.language import Pod, PowerGroup, Sections
from twin.units import LENGTH, UnitError

_ITEM = re.compile(r"(?:(?P<count>[0-9]+)\s*x\s+)?(?P<type>[^\s$]+)")
_GAP = re.compile(r"gap\s+(?P<length>.+)")
MAX_GAP = 100.0
"""Longest space in a lineup. [m]"""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a lineup."""

    type: str = ""
    """Product; empty for a space."""
    count: int = 0
    gap: float = 0.0
    """[m]"""


def read_item(text: str) -> Item:
    """An entry of a lineup: ``cdu_2300kw``, ``16 x gb300_nvl72`` or ``gap 600 mm``.

    Raises
    ------
    ValueError
        If it is none of these.

    Examples
    --------
    >>> read_item("16 x gb300_nvl72")
    Item(type='gb300_nvl72', count=16, gap=0.0)
    """
    text = text.strip()
    if gap := _GAP.fullmatch(text):
        return Item(gap=_gap(gap["length"]))
    item = _ITEM.fullmatch(text)
    if item is None or text == "gap" or len(item["count"] or "") > 12:
        raise ValueError('write a product, "16 x product" or "gap 600 mm"')
    return Item(item["type"], int(item["count"] or 1))


def _gap(text: str) -> float:
    try:
        length = LENGTH.parse(text)
    except UnitError as error:
        raise ValueError(f"gap: {error}") from None
    if not 0 <= length <= MAX_GAP:
        raise ValueError(f"a gap is 0 to {MAX_GAP:g} m long")
    return length


def check_population(draft: Draft) -> None:
    """Note a mistake where the layout exceeds its bounds, and raise `Full`: nothing further is looked at."""
    layout = draft.layout
    halls = 0
    total = 0
    blocks: list[tuple[Sections, Path, int]] = []
    for index, hall in enumerate(layout.halls):
        copies = hall.repeat.count if hall.repeat else 1
        halls += copies
        if halls > MAX_HALLS:
            _refuse(draft, ("halls", index), f"{halls} halls; at most {MAX_HALLS}")
        blocks.append((hall, ("halls", index), copies))
    for sections, path, copies in (*blocks, (layout, (), 1)):
        for place, count in _parts(sections, path):
            total += count * copies
            if total > MAX_MACHINES:
                _refuse(
                    draft, place, f"this makes {total} machines and rows; a layout has at most {MAX_MACHINES}"
                )
    _count_runs(draft, blocks, total)


def _count_runs(draft: Draft, blocks: list[tuple[Sections, Path, int]], total: int) -> None:
    """Busways and trays: one per row at most, and feed."""
    rows_of = [(sections, path, copies, _rows(sections)) for sections, path, copies in blocks]
    everywhere = sum(copies * rows for _, _, copies, rows in rows_of) + _rows(draft.layout)
    for sections, path, copies, rows in (*rows_of, (draft.layout, (), 1, everywhere)):
        for index, group in enumerate(sections.power.busways):
            total += copies * rows * max(1, len(group.feeds))
            if total > MAX_MACHINES:
                message = f"busways along all rows make {total} machines; a layout has at most {MAX_MACHINES}"
                _refuse(draft, (*path, "power", "busways", index), message)
        for index, _ in enumerate(sections.trays):
            total += copies * rows
            if total > MAX_MACHINES:
                _refuse(draft, (*path, "trays", index), f"this makes {total} things; at most {MAX_MACHINES}")


def _refuse(draft: Draft, path: Path, message: str) -> None:
    draft.complain(path, message)
    raise Full


def _parts(sections: Sections, path: Path) -> Iterator[tuple[Path, int]]:
    """Every part of a block with its place and its number of things."""
    for index, pod in enumerate(sections.pods):
        yield from _pod_parts(pod, (*path, "pods", index))
    for index, item in enumerate(sections.equipment):
        yield (*path, "equipment", index), item.repeat.count if item.repeat else 1
    for index, crah in enumerate(sections.air.crahs):
        yield (*path, "air", "crahs", index), crah.count
    for name in ("plant", "pumps"):
        for index, group in enumerate(getattr(sections.liquid, name)):
            yield (*path, "liquid", name, index), group.count
    for name in type(sections.power).model_fields:
        groups = getattr(sections.power, name)
        for index, member in enumerate(groups if isinstance(groups, tuple) else ()):
            if isinstance(member, PowerGroup) and member.along is None:
                count = (member.count or 1) * max(1, len(member.feeds))
                yield (*path, "power", name, index), count


def _pod_parts(pod: Pod, path: Path) -> Iterator[tuple[Path, int]]:
    copies = pod.repeat.count if pod.repeat else 1
    yield path, copies * (1 + len(pod.rows))
    for number, row in enumerate(pod.rows):
        for slot, text in enumerate(row.lineup):
            try:
                count = read_item(text).count
            except ValueError:
                continue  # told when the row is expanded
            yield (*path, "rows", number, "lineup", slot), count * copies


def _rows(sections: Sections) -> int:
    return sum(len(pod.rows) * (pod.repeat.count if pod.repeat else 1) for pod in sections.pods)

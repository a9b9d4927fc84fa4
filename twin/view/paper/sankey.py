"""Sankey diagrams: bands as wide as what they carry, columns from left to right, labels that never meet.

Flows that skip a column get a place of their own in it, so no band runs through a bar.  Every bar owns a slot that is at
least as high as its label.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from twin.checks.wording import quantity
from twin.view.paper import ink
from twin.view.paper.flows import Flow, Node

TONES = {
    "power": "#3f6fa3",
    "racks": "#2f8f6b",
    "chips": "#1f7a54",
    "cooling": "#3b9cc0",
    "loss": "#cf7a1c",
    "air": "#c9a227",
    "liquid": "#3b7fc0",
    "plant": "#6c63a8",
    "outdoors": "#8a94a3",
    "reuse": "#2f8f6b",
    "around": "#a09383",
    "water": "#2b7fb8",
    "vapour": "#8fb8d8",
    "drain": "#5b7288",
}
"""Colours of nodes and bands, readable on white and on black."""
WIDE, BAR = 1120.0, 13.0
BAND = 300.0
"""Height of the whole flow. [px]"""
TOP, LAST = 16.0, 150.0
"""Space above, and for the labels of the last column. [px]"""
NAME, VALUE = 10.5, 10.0
LINE = 13.0
GAP = 9.0
SWEEPS = 8
THINNEST = 0.6
"""Thinnest band that prints; nodes stay true to value. [px]"""


@dataclass
class _Spot:
    """A bar, or the place where a band crosses a column (``node`` is None there)."""

    id: str
    column: int
    value: float
    node: Node | None
    lines: list[str] = field(default_factory=list)
    top: float = 0.0
    size: float = 0.0
    slot: float = 0.0
    inset: float = 0.0
    """From the top of the slot to that of the bar."""
    over: bool = False
    """Its label stands above the bar, so that the band behind it does not run through."""


@dataclass
class _Band:
    start: str
    end: str
    value: float
    tone: str
    tip: str


def svg(flow: Flow) -> str:
    """The drawing as SVG text; empty without any flow."""
    made = drawing(flow)
    return made.svg() if made else ""


def drawing(flow: Flow) -> ink.Sheet | None:
    """The drawing; None without any flow."""
    if flow.whole <= 0.0:
        return None
    column = columns(flow)
    last = max(column.values())
    pitch = (WIDE - LAST - BAR) / max(last, 1)
    spots, bands = _spots(flow, column, pitch)
    _order(spots, bands, last)
    scale = BAND / flow.whole
    high = _place(spots, bands, scale, last)
    sheet = ink.Sheet(WIDE, high, flow.title, "sankey")
    _draw(sheet, flow, spots, bands, scale, pitch)
    return sheet


def columns(flow: Flow) -> dict[str, int]:
    """Column of every node: the longest way from a beginning; last ends stand in the last one."""
    column = dict.fromkeys(flow.nodes, 0)
    for _ in flow.nodes:  # as often as a way can be long; a ring ends there
        moved = False
        for link in flow.links:
            if column[link.target] <= column[link.source] and column[link.source] < len(flow.nodes):
                column[link.target], moved = column[link.source] + 1, True
        if not moved:
            break
    last = max(column.values(), default=0)
    into, out = flow.into, flow.out_of
    for name, node in flow.nodes.items():
        if node.end:
            column[name] = last
        elif name not in into:  # beginnings stand just before what they feed
            column[name] = (
                min((column[link.target] for link in flow.links if link.source == name), default=1) - 1
            )
    used = sorted(set(column[name] for name in flow.nodes if name in into or name in out))
    return {name: used.index(place) for name, place in column.items()}


def _spots(flow: Flow, column: dict[str, int], pitch: float) -> tuple[dict[str, _Spot], list[_Band]]:
    spots = {}
    for name, node in flow.nodes.items():
        value = flow.value(name)
        last = column[name] == max(column.values())
        room = (LAST if last else pitch) - BAR - 6.0
        lines = [*ink.folded(node.label, room, NAME * 1.06, 3), _value(flow, name, value)]
        spots[name] = _Spot(name, column[name], value, node, lines)
    bands = []
    for number, link in enumerate(flow.links):
        tone = link.tone or _tone(flow.nodes[link.source], flow.nodes[link.target])
        names = f"{flow.nodes[link.source].label} to {flow.nodes[link.target].label}"
        tip = f"{names}: {quantity(link.value, flow.dimension, digits=4)}"
        at = link.source
        for place in range(column[link.source] + 1, column[link.target]):
            name = f"\0{number}.{place}"
            spots[name] = _Spot(name, place, link.value, None)
            bands.append(_Band(at, name, link.value, tone, tip))
            at = name
        bands.append(_Band(at, link.target, link.value, tone, tip))
    return spots, bands


def _value(flow: Flow, name: str, value: float) -> str:
    """The value; with its share of the whole where it ends."""
    said = quantity(value, flow.dimension, digits=4)
    share = value / flow.whole
    ends = all(link.source != name for link in flow.links)
    return f"{said}, {100 * share:.1f} %" if ends and 0.0005 <= share < 0.9995 else said


def _tone(source: Node, target: Node) -> str:
    return target.tone if target.tone == "loss" else source.tone


def _order(spots: dict[str, _Spot], bands: list[_Band], last: int) -> None:
    """Sort every column by the middle of what it is joined to; ``top`` holds the rank."""
    rows = [[spot for spot in spots.values() if spot.column == column] for column in range(last + 1)]
    near: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for band in bands:
        near[band.start].append((band.end, band.value))
        near[band.end].append((band.start, band.value))
    for row in rows:
        row.sort(key=lambda spot: (_is_loss(spot), -spot.value))
        _rank(row)
    for sweep in range(SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            middle = {spot.id: _middle(spots, near[spot.id], spot, sweep % 2 == 0) for spot in row}
            for spot in filter(_is_loss, row):  # below everything else that leaves the same bar
                source = next(band.start for band in bands if band.end == spot.id)
                middle[spot.id] = max((middle.get(name, 0.0) for name, _ in near[source]), default=0.0)
            row.sort(key=lambda spot: (round(middle[spot.id], 6), _is_loss(spot)))
            _rank(row)


def _is_loss(spot: _Spot) -> bool:
    return spot.node is not None and spot.node.tone == "loss" and spot.node.id.startswith("loss:")


def _rank(row: list[_Spot]) -> None:
    whole = sum(spot.value for spot in row) or 1.0
    at = 0.0
    for spot in row:
        spot.top = at + spot.value / whole / 2
        at += spot.value / whole


def _middle(spots: dict[str, _Spot], near: list[tuple[str, float]], spot: _Spot, forward: bool) -> float:
    found = [
        (spots[name].top, value) for name, value in near if (spots[name].column < spot.column) == forward
    ]
    weight = sum(value for _, value in found)
    return sum(top * value for top, value in found) / weight if weight else spot.top


def _place(spots: dict[str, _Spot], bands: list[_Band], scale: float, last: int) -> float:
    """Give every spot its top; the height of the drawing."""
    rows = [
        sorted((s for s in spots.values() if s.column == c), key=lambda s: s.top) for c in range(last + 1)
    ]
    for spot in spots.values():
        spot.size = spot.value * scale
        label = LINE * len(spot.lines)
        spot.over = (
            spot.size < label and any(band.start == spot.id for band in bands) and spot.node is not None
        )
        spot.slot = (spot.size + label + 2.0 if spot.over else max(spot.size, label)) + GAP
        spot.inset = label + 2.0 + GAP / 2 if spot.over else (spot.slot - spot.size) / 2
    high = max(sum(spot.slot for spot in row) for row in rows) + TOP
    for row in rows:
        _stack(row, [spot.slot for spot in row], (high - sum(spot.slot for spot in row)) / 2)
    for sweep in range(SWEEPS):
        for row in rows[1:] if sweep % 2 == 0 else rows[-2::-1]:
            wanted = [_wanted(spots, bands, spot, sweep % 2 == 0) for spot in row]
            _settle(row, wanted, high)
    return high + TOP


def _stack(row: list[_Spot], slots: list[float], top: float) -> None:
    for spot, slot in zip(row, slots, strict=True):
        spot.top = top + spot.inset
        top += slot


def _wanted(spots: dict[str, _Spot], bands: list[_Band], spot: _Spot, forward: bool) -> float:
    """Top at which its bands would run level."""
    near = (
        [(b.start, b.value) for b in bands if b.end == spot.id]
        if forward
        else [(b.end, b.value) for b in bands if b.start == spot.id]
    )
    weight = sum(value for _, value in near)
    if not weight:
        return spot.top
    middle = sum((spots[name].top + spots[name].size / 2) * value for name, value in near) / weight
    return middle - spot.size / 2


def _settle(row: list[_Spot], wanted: list[float], high: float) -> None:
    """Tops near the wanted ones, in order, without two slots on each other, inside the sheet."""
    tops: list[float] = []
    floor = TOP
    for spot, top in zip(row, wanted, strict=True):
        tops.append(max(top - spot.inset, floor))
        floor = tops[-1] + spot.slot
    ceiling = high
    for number in range(len(row) - 1, -1, -1):
        tops[number] = min(tops[number], ceiling - row[number].slot)
        ceiling = tops[number]
    for spot, top in zip(row, tops, strict=True):
        spot.top = top + spot.inset


def _draw(
    sheet: ink.Sheet, flow: Flow, spots: dict[str, _Spot], bands: list[_Band], scale: float, pitch: float
) -> None:
    leave, arrive = _ports(spots, bands, scale)
    for number, band in enumerate(bands):
        a, b = spots[band.start], spots[band.end]
        x = a.column * pitch + (BAR if a.node else BAR / 2)
        to = b.column * pitch + (0.0 if b.node else BAR / 2)
        _band(sheet, (x, leave[number]), (to, arrive[number]), band, scale)
    for spot in spots.values():
        if spot.node is None:
            continue
        x, color = spot.column * pitch, TONES[spot.node.tone]
        sheet.raw(
            f'<rect x="{x:.1f}" y="{spot.top:.2f}" width="{BAR:g}" height="{max(spot.size, THINNEST):.2f}" fill="{color}" '
            f'data-value="{spot.value:.9g}"/>'
        )
        high = LINE * len(spot.lines)
        left = x if spot.over else x + BAR + 5.0
        base = (spot.top - high - 2.0 if spot.over else spot.top + (spot.size - high) / 2) + 0.85 * NAME
        for row, words in enumerate(spot.lines):
            value = row == len(spot.lines) - 1
            sheet.text(
                left, base + row * LINE, words, size=VALUE if value else NAME, ink="soft" if value else "ink",
                bold=not value,
            )  # fmt: skip


def _ports(
    spots: dict[str, _Spot], bands: list[_Band], scale: float
) -> tuple[dict[int, float], dict[int, float]]:
    """Upper edges of all bands where they leave and arrive, sorted so that they do not cross at a bar."""
    leave, arrive = {}, {}
    for spot in spots.values():
        at = spot.top
        for number in sorted(
            (k for k, b in enumerate(bands) if b.start == spot.id), key=lambda k: spots[bands[k].end].top
        ):
            leave[number] = at
            at += bands[number].value * scale
        at = spot.top
        for number in sorted(
            (k for k, b in enumerate(bands) if b.end == spot.id), key=lambda k: spots[bands[k].start].top
        ):
            arrive[number] = at
            at += bands[number].value * scale
    return leave, arrive


def _band(
    sheet: ink.Sheet, start: tuple[float, float], end: tuple[float, float], band: _Band, scale: float
) -> None:
    """A band of one width whose edges are curves with level ends."""
    (x, y), (to, low) = start, end
    size = band.value * scale
    drawn = max(size, THINNEST)
    middle = (x + to) / 2
    path = (
        f"M{x:.1f},{y:.2f} C{middle:.1f},{y:.2f} {middle:.1f},{low:.2f} {to:.1f},{low:.2f} "
        f"V{low + drawn:.2f} C{middle:.1f},{low + drawn:.2f} {middle:.1f},{y + drawn:.2f} {x:.1f},{y + drawn:.2f} Z"
    )
    tip = ink.escape(ink.clean(band.tip))
    paint = f'fill="{TONES[band.tone]}" fill-opacity="0.34" data-value="{band.value:.9g}"'
    sheet.raw(f'<path d="{path}" {paint}><title>{tip}</title></path>')

"""The energy flow as a drawing: bands as wide as the power they stand for, from meter to accelerators."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from twin.checks.wording import quantity
from twin.view.facts import Share

WIDTH, HEIGHT, BAR = 940.0, 300.0, 14.0
LEFT = (10.0, 330.0, 650.0)
"""Left edge of the bars of each depth."""
_COLORS = {0: "#4c78a8", 1: "#e0a030", 2: "#3f9b6e"}
_IT = "#3f9b6e"


def svg(shares: Sequence[Share]) -> str:
    """The drawing as SVG text; empty without any power."""
    whole = next((share.value for share in shares if share.depth == 0), 0.0)
    if whole <= 0:
        return ""
    per_watt = (HEIGHT - 70.0) / whole
    parts = [share for share in shares if share.depth == 1 and share.value > 0]
    inner = [share for share in shares if share.depth == 2 and share.value > 0]
    marks = [
        _bar(LEFT[0], 20.0, whole * per_watt, _COLORS[0]),
        _label(LEFT[0], 20.0, whole * per_watt, shares[0]),
    ]
    start, place = 20.0, 5.0
    for share in parts:
        size = share.value * per_watt
        is_it = share is parts[-1]
        marks += _band(LEFT[0], start, LEFT[1], place, size, _IT if is_it else _COLORS[1])
        marks += [
            _bar(LEFT[1], place, size, _IT if is_it else _COLORS[1]),
            _label(LEFT[1], place, size, share),
        ]
        if is_it:
            marks += _inner(inner, place, per_watt)
        start, place = start + size, place + max(size, 26.0) + 8.0
    title = "<title>Energy flow from the meter to the accelerators</title>"
    box = f'viewBox="0 0 {WIDTH:.0f} {HEIGHT + 10:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="sankey" role="img" {box}>'
    return f"{head}{title}{''.join(marks)}</svg>"


def _inner(shares: Sequence[Share], top: float, per_watt: float) -> list[str]:
    marks, start, place = [], top, max(top - 20.0, 0.0)
    for share in shares:
        size = share.value * per_watt
        marks += _band(LEFT[1], start, LEFT[2], place, size, _COLORS[2])
        marks += [_bar(LEFT[2], place, size, _COLORS[2]), _label(LEFT[2], place, size, share)]
        start, place = start + size, place + max(size, 26.0) + 8.0
    return marks


def _bar(x: float, y: float, size: float, color: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{BAR}" height="{max(size, 1.0):.1f}" fill="{color}"/>'


def _band(x: float, y: float, to_x: float, to_y: float, size: float, color: str) -> list[str]:
    """A curved band of one width from bar to bar."""
    a, b = x + BAR, to_x
    middle = (a + b) / 2
    size = max(size, 1.0)
    foot, to_foot = y + size, to_y + size
    path = (
        f"M{a:.1f},{y:.1f} C{middle:.1f},{y:.1f} {middle:.1f},{to_y:.1f} {b:.1f},{to_y:.1f} "
        f"V{to_foot:.1f} C{middle:.1f},{to_foot:.1f} {middle:.1f},{foot:.1f} {a:.1f},{foot:.1f} Z"
    )
    return [f'<path d="{path}" fill="{color}" opacity="0.28"/>']


def _label(x: float, y: float, size: float, share: Share) -> str:
    name = share.name.partition(":")[0]
    middle = y + max(size, 24.0) / 2
    left, value = x + BAR + 8, escape(quantity(share.value, "power"))
    return (
        f'<text x="{left:.1f}" y="{middle - 3:.1f}">{escape(name)}</text>'
        f'<text x="{left:.1f}" y="{middle + 13:.1f}" class="value">{value}</text>'
    )

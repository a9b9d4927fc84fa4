"""Margins as bars: how much of each limit is used, with one line where the limit is.

Used is one less the margin: of a loading its share of the rating, of a temperature the distance in K over 10 K.
"""

from __future__ import annotations

from collections.abc import Sequence

from twin.results.results import Finding
from twin.view.facts import about, figure, margin_tone
from twin.view.paper import ink
from twin.view.paper.loops import degrees

WIDE, ROW, TOP = 860.0, 21.0, 26.0
CODE, NAME, BAR = 2.0, 56.0, 384.0
"""Left edges of code, title and bar. [px]"""
LENGTH = 190.0
"""From nothing to the limit. [px]"""
MOST = 1.3
"""Share of the limit at which bars are cut."""
SAID = BAR + MOST * LENGTH + 12.0
SIZE, SMALL = 10.5, 9.5
ROWS = 32


def worst(findings: Sequence[Finding], margins: Sequence[Finding]) -> list[Finding]:
    """The tightest case of every rule that has a number, broken or not; the worst first."""
    found: dict[tuple[str, int], Finding] = {}
    for finding in (*findings, *margins):
        if finding.dimension == "flag" or finding.waived:
            continue
        key = finding.code, finding.line if finding.code == "LIM-001" else 0
        if key not in found or finding.margin < found[key].margin:
            found[key] = finding
    return sorted(found.values(), key=lambda finding: (finding.margin, finding.code))


def svg(rows: Sequence[Finding]) -> str:
    """The bars as SVG text; empty without rows."""
    made = drawing(rows)
    return made.svg() if made else ""


def drawing(rows: Sequence[Finding]) -> ink.Sheet | None:
    """The bars; None without rows."""
    shown = rows[:ROWS]
    if not shown:
        return None
    high = TOP + ROW * len(shown) + 8.0
    sheet = ink.Sheet(WIDE, high, "The tightest case of every rule, as a share of its limit", "bars")
    for share in (0.0, 0.5, 1.0):
        x = BAR + share * LENGTH
        if share < 1.0:
            sheet.line((x, TOP - 4.0), (x, high - 6.0), ink="faint", wide=0.7)
        sheet.text(
            x,
            TOP - 10.0,
            f"{share:.0%}" if share < 1.0 else "limit",
            size=SMALL,
            ink="soft",
            anchor="middle",
            bold=share == 1.0,
        )
    for number, finding in enumerate(shown):
        _row(sheet, finding, TOP + ROW * number)
    sheet.line((BAR + LENGTH, TOP - 6.0), (BAR + LENGTH, high - 4.0), ink="ink", wide=1.6)
    return sheet


def _row(sheet: ink.Sheet, finding: Finding, y: float) -> None:
    tone = margin_tone(finding.margin)
    base = y + 13.0
    sheet.text(CODE, base, finding.code, size=SMALL, ink="soft", room=NAME - CODE - 6.0)
    sheet.text(NAME, base, about(finding), size=SIZE, room=BAR - NAME - 14.0)
    used = min(max(1.0 - finding.margin, 0.0), MOST)
    sheet.rect(BAR, y + 4.0, MOST * LENGTH, ROW - 9.0, inside="panel")
    sheet.rect(BAR, y + 4.0, max(used * LENGTH, 1.0), ROW - 9.0, inside=tone)
    if 1.0 - finding.margin > MOST:
        x = BAR + MOST * LENGTH
        sheet.path(
            f"M{x:.1f},{y + 4.0:.1f} l6,{(ROW - 9) / 2:.1f} l-6,{(ROW - 9) / 2:.1f} Z", ink=tone, inside=tone
        )
    value, limit = (degrees(figure(number, finding.dimension)) for number in (finding.value, finding.limit))
    said = f"{value}, limit {limit}, {finding.subject}"
    sheet.text(
        SAID,
        base,
        said,
        size=SMALL,
        ink=tone if tone != "good" else "soft",
        bold=tone == "bad",
        room=(WIDE - SAID - 6.0) / 1.06,
    )

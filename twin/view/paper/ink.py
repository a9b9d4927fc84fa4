"""A sheet of SVG: shapes, texts that know their size, and names that stay names whatever they hold.

Colours are written twice: as attributes, for programs that read an SVG alone (printing engines do), and as classes that the
page's style sheet colours for light and dark.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from itertools import accumulate, combinations

FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"
INKS = {
    "ink": "#17202b",
    "soft": "#5a6675",
    "faint": "#aab4c0",
    "draw": "#3d4957",
    "panel": "#f4f6f8",
    "page": "#ffffff",
    "good": "#1a7f4b",
    "warn": "#a15c00",
    "bad": "#b3261e",
    "supply": "#1f6fb2",
    "return": "#c2402c",
    "side-a": "#1f6fb2",
    "side-b": "#a2560f",
    "side-c": "#4f7d28",
    "side-d": "#7a4f9e",
}
"""Names of colours in drawings and their values on white paper; the style sheet knows them as ``--<name>``."""
_NARROW, _SLIM, _WIDE = frozenset("ijl.,:;'|!fIt()[]/ "), frozenset('r-"*'), frozenset("mMW@%w")
_SPREAD = 1.1
"""Room for fonts that are wider than Helvetica."""
_ISOLATE, _POP = "\u2068", "\u2069"


@dataclass(frozen=True)
class Box:
    """Where a text lies. [px]"""

    left: float
    top: float
    right: float
    bottom: float
    text: str = ""

    def meets(self, other: Box) -> bool:
        """Whether the two share area."""
        return (
            self.left < other.right - 0.01
            and other.left < self.right - 0.01
            and self.top < other.bottom - 0.01
            and other.top < self.bottom - 0.01
        )


def overlaps(boxes: Sequence[Box]) -> list[tuple[str, str]]:
    """Texts that lie on each other."""
    return [(a.text, b.text) for a, b in combinations(boxes, 2) if a.meets(b)]


def width(text: str, size: float) -> float:
    """Width of a text in a sans-serif face, on the safe side. [px]"""
    return _SPREAD * size * sum(map(_em, text))


@cache
def _em(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    if letter in _NARROW:
        return 0.28
    if letter in _SLIM:
        return 0.35
    if letter in _WIDE:
        return 0.86
    return 0.7 if letter.isupper() else 0.556


def clean(text: str) -> str:
    """Text that may stand in XML: no control characters; with letters that run leftwards it keeps to itself."""
    kept = "".join(
        letter for letter in " ".join(text.split()) if unicodedata.category(letter) not in _REFUSED
    )
    sided = any(unicodedata.bidirectional(letter) in _SIDED for letter in kept)
    return f"{_ISOLATE}{kept}{_POP}" if sided else kept


_REFUSED = frozenset(("Cc", "Cs", "Cn", "Co"))
_SIDED = frozenset(("R", "AL", "AN", "RLE", "RLO", "LRE", "LRO", "PDF", "RLI", "LRI", "FSI", "PDI"))


def clipped(text: str, room: float, size: float) -> str:
    """The text, or its beginning with an ellipsis where it does not fit. ``room`` in px."""
    if width(text, size) <= room:
        return text
    ends = accumulate(width(letter, size) for letter in text)
    kept = sum(1 for end in ends if end <= room - width("…", size))
    return text[:kept].rstrip() + "…"


def folded(text: str, room: float, size: float, lines: int = 2) -> list[str]:
    """The text in at most so many lines, broken between words. ``room`` in px."""
    found: list[str] = []
    for word in re.split(r"[ \t\n]+", text.strip(" ")):
        if found and (width(f"{found[-1]} {word}", size) <= room or len(found) == lines):
            found[-1] = f"{found[-1]} {word}"
        else:
            found.append(word)
    return [clipped(line, room, size) for line in found]


@dataclass
class Sheet:
    """A drawing in the making."""

    wide: float
    high: float
    title: str
    kind: str
    """Class of the drawing for the style sheet."""
    parts: list[str] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    """Of every text."""

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 11.0,
        anchor: str = "start",
        ink: str = "ink",
        bold: bool = False,
        room: float | None = None,
        full: str = "",
    ) -> None:
        """A line of text on the base line y; ``room`` cuts it, and the whole is then its tool tip."""
        shown = clean(words if room is None else clipped(words, room, size))
        if not shown:
            return
        long = width(shown, size) * (1.06 if bold else 1.0)
        left = x - {"start": 0.0, "middle": long / 2, "end": long}[anchor]
        self.boxes.append(Box(left, y - 0.78 * size, left + long, y + 0.22 * size, shown))
        whole = clean(full or words)
        tip = f"<title>{escape(whole)}</title>" if whole != shown else ""
        weight = ' font-weight="600"' if bold else ""
        where = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}"{where}{weight} {fill(ink)}>{escape(shown)}{tip}</text>'
        )

    def line(
        self, *points: tuple[float, float], ink: str = "draw", wide: float = 1.2, dash: str = ""
    ) -> None:
        """A line through points."""
        where = " ".join(f"{'L' if k else 'M'}{x:.1f},{y:.1f}" for k, (x, y) in enumerate(points))
        self.path(where, ink=ink, wide=wide, dash=dash)

    def path(
        self, where: str, *, ink: str = "draw", wide: float = 1.2, dash: str = "", inside: str = ""
    ) -> None:
        """An outline, filled where ``inside`` names an ink."""
        body = fill(inside) if inside else 'fill="none"'
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<path d="{where}" {body} {stroke(ink)} stroke-width="{wide:g}"{dashes}/>')

    def rect(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        *,
        inside: str = "panel",
        ink: str = "",
        radius: float = 0.0,
    ) -> None:
        """A box, with an outline where ``ink`` is given."""
        edge = f" {stroke(ink)}" if ink else ""
        corner = f' rx="{radius:g}"' if radius else ""
        size = f'width="{max(w, 0.0):.1f}" height="{max(h, 0.0):.1f}"'
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" {size}{corner} {fill(inside)}{edge}/>')

    def circle(
        self, x: float, y: float, r: float, *, inside: str = "page", ink: str = "draw", wide: float = 1.2
    ) -> None:
        """A circle."""
        body = fill(inside) if inside else 'fill="none"'
        self.parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:g}" {body} {stroke(ink)} stroke-width="{wide:g}"/>'
        )

    def raw(self, part: str) -> None:
        """A part that is safe as it stands."""
        self.parts.append(part)

    def svg(self) -> str:
        """The drawing as text."""
        box = f'viewBox="0 0 {self.wide:.0f} {self.high:.0f}"'
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing {self.kind}" role="img" width="{self.wide:.0f}" '
            f'height="{self.high:.0f}" {box} font-family="{FONT}">'
        )
        return "\n".join([head, f"<title>{escape(clean(self.title))}</title>", *self.parts, "</svg>"])


def fill(ink: str) -> str:
    """Attributes of a filled shape: a named ink, or a colour of its own."""
    return f'class="f-{ink}" fill="{INKS[ink]}"' if ink in INKS else f'fill="{ink}"'


def stroke(ink: str) -> str:
    """Attributes of an outline; a class beside that of a filling needs the style sheet's own selector."""
    return f'data-ink="{ink}" stroke="{INKS[ink]}"' if ink in INKS else f'stroke="{ink}"'


def rules() -> Iterator[str]:
    """Lines of the style sheet by which drawings follow light and dark."""
    for name in INKS:
        yield f".drawing .f-{name} {{ fill: var(--{name}); }}"
        yield f'.drawing [data-ink="{name}"] {{ stroke: var(--{name}); }}'

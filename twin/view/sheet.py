"""The sheet around a drawing: title, verdict, names that do not overlap, colour bars with limits.  By matplotlib."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.results.results import Verdict
from twin.view import legend
from twin.view.camera import Camera
from twin.view.colors import Scale
from twin.view.theme import Theme

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]
Size = tuple[int, int]

WIDTH, HEIGHT = 1920, 1080
"""Pixels of the sheet that all other lengths are given for."""
HEADER, SIDE = 104, 330
"""Pixels above and to the right of the drawing, on a sheet of that size."""
DPI = 120
TITLE = 18
"""Letters of the title. [pt]"""
NAME = 8.5
"""Letters of names in the drawing. [pt]"""
_WIDE, _TALL = 0.66, 1.9  # a name's width for each letter and its height, over the size of its letters
_BOLD, _THIN = 0.66, 0.57  # mean width of a letter over its size
_LONGEST = 40  # letters of a name


@dataclass(frozen=True)
class Bar:
    """A colour bar."""

    scale: Scale
    limits: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Name:
    """A name at a place in the drawing, 0 .. 1 from its lower left."""

    text: str
    x: float
    y: float
    strong: bool = False
    """The thing that the picture is about."""
    color: str = ""


@dataclass(frozen=True)
class Words:
    """What is written around a drawing."""

    title: str
    line: str
    names: tuple[Name, ...] = ()
    """The first ones have precedence where there is no room for all."""
    bars: tuple[Bar, ...] = ()
    swatches: tuple[tuple[str, str], ...] = ()
    """Colour and meaning of what is on no bar."""
    chip: tuple[str, str] = ("", "")
    """A word in a coloured box, upper right, and its colour."""
    note: str = ""
    """Beside the chip."""
    facts: tuple[str, ...] = field(default=())
    """Lines under the colour bars."""


def scaled(size: Size) -> float:
    """How much larger than usual the sheet is."""
    return min(size[0] / WIDTH, size[1] / HEIGHT)


def inside(size: Size) -> Size:
    """Pixels of the drawing on a sheet."""
    k = scaled(size)
    return size[0] - round(SIDE * k), size[1] - round(HEADER * k)


def compose(drawing: Image, words: Words, view: Camera, size: Size, theme: Theme) -> Any:
    """The sheet as a figure."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    dpi = DPI * scaled(size)
    figure = Figure(figsize=(size[0] / dpi, size[1] / dpi), dpi=dpi, facecolor=theme.sheet)
    FigureCanvasAgg(figure)
    wide, tall = inside(size)
    figure.figimage(
        drawing[::-1], origin="lower", zorder=-1
    )  # pixel by pixel: as an image on axes it would be sampled anew
    axes = figure.add_axes((0, 0, wide / size[0], tall / size[1]))
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")
    points = 72 * wide / dpi, 72 * tall / dpi
    for name in roomy(words.names, points):
        _name(axes, name, theme)
    _north(axes, view, wide / tall, theme)
    title, line = (legend.clipped(text, int(points[0] / (share * TITLE))) for text, share in
                   ((words.title, _BOLD), (words.line, 0.72 * _THIN)))  # fmt: skip
    legend.heading(figure, title, line, size=TITLE, theme=theme)
    _chip(figure, words, theme)
    _bars(figure, words, size, theme)
    return figure


def verdict_chip(verdict: Verdict | None, theme: Theme) -> tuple[tuple[str, str], str]:
    """The verdict in a word with its colour, and in a line."""
    if verdict is None:
        return ("", ""), ""
    broken = len({finding.code for finding in verdict.findings if finding.broken})
    warned = sum(not finding.broken and not finding.waived for finding in verdict.findings)
    parts = [f"{broken} {'rules' if broken > 1 else 'rule'} broken"] if broken else []
    parts += [f"{warned} {'warnings' if warned > 1 else 'warning'}"] if warned else []
    passed = verdict.verdict == "pass"
    chip = verdict.verdict.upper(), theme.good if passed else theme.bad
    return chip, ", ".join(parts) or "all rules hold"


def roomy(names: Iterable[Name], points: tuple[float, float]) -> list[Name]:
    """The names that find room, first come first served; ``points`` is the drawing's width and height. [pt]"""
    taken: list[tuple[float, float, float, float]] = []
    kept = []
    for name in names:
        size = NAME * (1.15 if name.strong else 1.0)
        wide = (_WIDE * size * min(len(name.text), _LONGEST) + size) / points[0] / 2
        tall = _TALL * size / points[1] / 2
        if not name.strong and not (wide < name.x < 1 - wide and tall < name.y < 1 - tall):
            continue
        free = all(
            abs(name.x - x) > wide + other_wide or abs(name.y - y) > tall + other_tall
            for x, y, other_wide, other_tall in taken
        )
        if free or name.strong:
            taken.append((name.x, name.y, wide, tall))
            kept.append(name)
    return kept


def _name(axes: Any, name: Name, theme: Theme) -> None:
    size = NAME * (1.15 if name.strong else 1.0)
    rim = name.color or (theme.accent if name.strong else "none")
    axes.text(
        name.x, name.y, legend.clipped(name.text, _LONGEST), fontsize=size, color=theme.ink,
        ha="center", va="bottom" if name.strong else "center", parse_math=False, family=legend.fonts(),
        weight="bold" if name.strong else "normal", zorder=5 if name.strong else 4,
        bbox={"boxstyle": "round,pad=0.3", "fc": theme.card, "ec": rim, "lw": 1.2, "alpha": 0.86},
    )  # fmt: skip


def _north(axes: Any, view: Camera, aspect: float, theme: Theme) -> None:
    """An arrow to the north, lower left."""
    right, up, _ = view.axes()
    x, y = float(right[1]), float(up[1])
    length = max((x * x + y * y) ** 0.5, 1e-9)
    dx, dy = 0.03 * x / length / aspect, 0.03 * y / length
    axes.annotate("", (0.05 + dx, 0.07 + dy), (0.05 - dx, 0.07 - dy), xycoords="data",
                  arrowprops={"arrowstyle": "-|>", "color": theme.muted, "lw": 1.4})  # fmt: skip
    axes.text(
        0.05 + 1.75 * dx, 0.07 + 1.75 * dy, "N", fontsize=9, color=theme.muted, ha="center", va="center"
    )


def _chip(figure: Any, words: Words, theme: Theme) -> None:
    """The verdict, upper right."""
    width, height = figure.get_size_inches()
    text, color = words.chip
    if not text:
        return
    left, top = 1 - (SIDE - 40) / DPI / width, 1 - 0.34 / height
    figure.text(
        left, top, text, fontsize=11, weight="bold", color=theme.sheet, va="center", parse_math=False,
        bbox={"boxstyle": "round,pad=0.42", "fc": color, "ec": "none"},
    )  # fmt: skip
    figure.text(left - 0.05 / width, 1 - 0.66 / height, words.note, fontsize=9, color=theme.muted, va="center",
                parse_math=False)  # fmt: skip


def _bars(figure: Any, words: Words, size: Size, theme: Theme) -> None:
    """Colour bars one below the other, then what grey and black mean, then facts."""
    wide, tall = size[0] / scaled(size), size[1] / scaled(size)  # pixels of the usual sheet
    left, bottom = (wide - SIDE + 44) / wide, 0.03
    for number, fact in enumerate(reversed(words.facts)):
        figure.text(left - 4 / wide, bottom + number * 26 / tall, fact, fontsize=9, color=theme.muted,
                    parse_math=False, family=legend.fonts())  # fmt: skip
    bottom += (26 * len(words.facts) + (14 if words.facts else 0)) / tall
    if words.swatches:
        height = 40 * len(words.swatches) / tall
        legend.swatches(
            figure, (left, bottom, 0.82 * SIDE / wide, height), words.swatches, size=10, theme=theme
        )
        bottom += height + 20 / tall
    top = 1 - (HEADER + 10) / tall
    slot = (top - bottom) / max(len(words.bars), 1)
    for number, part in enumerate(words.bars):
        foot = top - slot * (number + 1)
        rect = left, foot + 24 / tall, 26 / wide, slot - 110 / tall
        legend.bar(figure, rect, part.scale, size=10.5, theme=theme, limits=part.limits)


def spots(view: Camera, points: Sequence[Any] | Floats, aspect: float) -> Floats:
    """Places of points in the drawing, (n, 2); NaN behind the eye."""
    found = view.project(np.asarray(points, dtype=float).reshape(-1, 3), aspect)
    ahead = (np.asarray(points, dtype=float).reshape(-1, 3) - view.eye) @ view.axes()[2]
    return np.where((ahead > 0)[:, None] | (view.parallel is not None), found, np.nan)

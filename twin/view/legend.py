"""What stands beside a map: title, colour bars with units, what grey and black mean.  By matplotlib."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.view import colors
from twin.view.colors import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FONTS = (
    "DejaVu Sans", "Noto Sans", "Noto Sans CJK JP", "Noto Sans CJK SC", "WenQuanYi Zen Hei",
    "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai",
    "Arial Unicode MS", "Unifont",
)  # fmt: skip
INK = "#1f2933"
MUTED = "#5f6b7a"
Rect = tuple[float, float, float, float]


def bar(figure: Figure, rect: Rect, scale: Scale, *, size: float = 10.0) -> None:
    """An upright colour bar with its title above, at ``rect`` (left, bottom, width, height; shares)."""
    axes = figure.add_axes(rect)
    axes.imshow(
        scale.lut()[:, None, :],
        origin="lower",
        aspect="auto",
        extent=(0, 1, scale.low, scale.high),
        interpolation="nearest",
    )
    axes.set_xticks([])
    axes.yaxis.tick_right()
    ticks = scale.ticks()
    names = ["no", "yes"] if scale.map == "flag" else [scale.text(tick) for tick in ticks]
    if scale.map == "flag":
        ticks = [0.25, 0.75]
    axes.set_yticks(ticks, names)
    axes.tick_params(length=2.5, labelsize=size, labelcolor=INK, color=MUTED)
    for spine in axes.spines.values():
        spine.set(linewidth=0.5, color=MUTED)
    axes.set_title(_wrapped(scale.title), fontsize=size, color=INK, loc="left", pad=0.9 * size)
    if scale.map == "ashrae":
        _meanings(axes, scale, size)


def swatches(figure: Figure, rect: Rect, entries: Sequence[tuple[str, str]], *, size: float = 10.0) -> None:
    """Small boxes of one colour with a word beside each."""
    from matplotlib.patches import Rectangle

    axes = figure.add_axes(rect)
    axes.set(xlim=(0, 1), ylim=(len(entries) or 1, 0))
    axes.axis("off")
    for row, (color, text) in enumerate(entries):
        axes.add_patch(Rectangle((0, row + 0.18), 0.1, 0.6, facecolor=color, edgecolor=MUTED, linewidth=0.5))
        axes.text(0.15, row + 0.5, text, fontsize=size, color=INK, va="center", parse_math=False)


def heading(figure: Figure, title: str, line: str, *, size: float = 15.0, left: float = 0.02) -> None:
    """Title and a line below it, top left."""
    inch = 1 / (72 * figure.get_size_inches()[1])
    top = 1 - 8 * inch
    look: dict[str, Any] = {"va": "top", "parse_math": False, "family": fonts()}
    figure.text(left, top, clipped(title, 110), fontsize=size, color=INK, weight="bold", **look)
    below = top - 1.5 * size * inch
    figure.text(left, below, clipped(line, 160), fontsize=0.72 * size, color=MUTED, **look)


@cache
def fonts() -> tuple[str, ...]:
    """Installed typefaces in order of preference; the later ones lend letters that the first lacks."""
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return tuple(name for name in _FONTS if name in installed) or ("sans-serif",)


def save(figure: Figure, path: Path, **options: Any) -> None:
    """Write a figure; a letter that no typeface has becomes a box, which is no reason to complain."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(path, **options)


def special() -> list[tuple[str, str]]:
    """The colours that are on no bar."""
    return [(colors.css(colors.NO_VALUE), "no value"), (colors.css(colors.OUT), "out of service")]


def on(color: Any) -> str:
    """White or dark letters, whichever reads better on a colour of 0 .. 255 (luminance of ITU-R BT.709)."""
    red, green, blue = (float(part) for part in color)
    return "white" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 115 else INK


def clipped(text: str, length: int) -> str:
    """On one line, without characters that no font has, and not longer than ``length``."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if len(text) <= length else text[: length - 1] + "…"


def _meanings(axes: Axes, scale: Scale, size: float) -> None:
    """Bands that mean the same are named once, beside their middle."""
    bottom = scale.low
    spans: dict[str, tuple[float, float]] = {}
    for edge, _, meaning in colors.ASHRAE_BANDS:
        top = min(edge, scale.high)
        if top > bottom:
            spans[meaning] = (spans.get(meaning, (bottom, top))[0], top)
            bottom = top
    for meaning, (low, high) in spans.items():
        axes.text(
            2.5, (low + high) / 2, meaning, fontsize=0.82 * size, color=MUTED, va="center", clip_on=False
        )


def _wrapped(text: str, width: int = 24) -> str:
    from textwrap import wrap

    return "\n".join(wrap(text, width))

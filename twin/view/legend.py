"""What stands beside a map: title, colour bars with units, what grey and black mean.  By matplotlib."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.view import colors
from twin.view.colors import Scale
from twin.view.theme import THEMES, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FONTS = (
    "DejaVu Sans", "Noto Sans", "Noto Sans CJK JP", "Noto Sans CJK SC", "WenQuanYi Zen Hei",
    "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai",
    "Arial Unicode MS", "Unifont",
)  # fmt: skip
_LIGHT = THEMES["light"]
INK, MUTED = _LIGHT.ink, _LIGHT.muted
Rect = tuple[float, float, float, float]
_BESIDE = 2.9  # where words begin beside a bar, in its widths


def bar(
    figure: Figure,
    rect: Rect,
    scale: Scale,
    *,
    size: float = 10.0,
    theme: Theme = _LIGHT,
    limits: Iterable[tuple[float, str]] = (),
) -> None:
    """An upright colour bar with its title above, at ``rect`` (left, bottom, width, height; shares).

    ``limits`` are values to mark on it, and what each means.
    """
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
    axes.tick_params(length=2.5, labelsize=size, labelcolor=theme.ink, color=theme.muted)
    for spine in axes.spines.values():
        spine.set(linewidth=0.5, color=theme.muted)
    axes.set_title(
        _wrapped(scale.title), fontsize=size, color=theme.ink, loc="left", pad=0.9 * size, linespacing=1.25
    )
    tall = 72 * rect[3] * float(figure.get_size_inches()[1])
    said = _meanings(axes, scale, size, theme)
    _limits(axes, scale, [*limits], said, size, theme, 1.1 * size * (scale.high - scale.low) / tall)


def swatches(
    figure: Figure,
    rect: Rect,
    entries: Sequence[tuple[str, str]],
    *,
    size: float = 10.0,
    theme: Theme = _LIGHT,
) -> None:
    """Small boxes of one colour with a word beside each."""
    from matplotlib.patches import Rectangle

    axes = figure.add_axes(rect)
    axes.set(xlim=(0, 1), ylim=(len(entries) or 1, 0))
    axes.axis("off")
    for row, (color, text) in enumerate(entries):
        axes.add_patch(
            Rectangle((0, row + 0.18), 0.1, 0.6, facecolor=color, edgecolor=theme.muted, linewidth=0.5)
        )
        axes.text(0.15, row + 0.5, text, fontsize=size, color=theme.ink, va="center", parse_math=False)


def heading(
    figure: Figure, title: str, line: str, *, size: float = 15.0, left: float = 0.02, theme: Theme = _LIGHT
) -> None:
    """Title and a line below it, top left."""
    inch = 1 / (72 * figure.get_size_inches()[1])
    top = 1 - 8 * inch
    look: dict[str, Any] = {"va": "top", "parse_math": False, "family": fonts()}
    figure.text(left, top, clipped(title, 110), fontsize=size, color=theme.ink, weight="bold", **look)
    below = top - 1.5 * size * inch
    figure.text(left, below, clipped(line, 160), fontsize=0.72 * size, color=theme.muted, **look)


@cache
def fonts() -> tuple[str, ...]:
    """Installed typefaces in order of preference; the later ones lend letters that the first lacks."""
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return tuple(name for name in _FONTS if name in installed) or ("sans-serif",)


@lru_cache(maxsize=512)
def font_file(text: str, *, mono: bool = False, bold: bool = False) -> str:
    """File of the typeface that has most letters of a text; for drawing libraries that take one file."""
    from matplotlib import font_manager

    families = ["DejaVu Sans Mono"] if mono else [*fonts()]
    weight = "bold" if bold else "normal"
    paths = [
        font_manager.findfont(font_manager.FontProperties(family=name, weight=weight)) for name in families
    ]
    wanted = {ord(letter) for letter in text if letter.isprintable() and not letter.isspace()}
    return min(paths, key=lambda path: (len(wanted - _letters(path)), paths.index(path)))


@cache
def _letters(path: str) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(path).get_charmap())


def save(figure: Figure, path: Path, **options: Any) -> None:
    """Write a figure; a letter that no typeface has becomes a box, which is no reason to complain."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(path, **options)


def special(theme: Theme = _LIGHT) -> list[tuple[str, str]]:
    """The colours that are on no bar."""
    return [(colors.css(colors.NO_VALUE), "no value"), (theme.out, "out of service")]


def on(color: Any) -> str:
    """White or dark letters, whichever reads better on a colour of 0 .. 255 (luminance of ITU-R BT.709)."""
    red, green, blue = (float(part) for part in color)
    return "white" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 115 else INK


def clipped(text: str, length: int) -> str:
    """On one line, without characters that no font has, and not longer than ``length``."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if len(text) <= length else text[: length - 1] + "…"


def _meanings(axes: Axes, scale: Scale, size: float, theme: Theme) -> list[float]:
    """Bands that mean the same are named once, beside their middle; where the names stand."""
    middles = {band.text: (band.low + band.high) / 2 for band in scale.bands()}
    for meaning, middle in middles.items():
        axes.text(
            _BESIDE, middle, meaning, fontsize=0.82 * size, color=theme.muted, va="center", clip_on=False,
            transform=axes.get_yaxis_transform(),
        )  # fmt: skip
    return list(middles.values())


def _limits(
    axes: Axes,
    scale: Scale,
    limits: list[tuple[float, str]],
    said: list[float],
    size: float,
    theme: Theme,
    apart: float,
) -> None:
    """A line across the bar at every limit, and its words where those of others leave room."""
    for value, words in sorted(limits):
        if not scale.low <= value <= scale.high:
            continue
        axes.axhline(value, color=theme.ink, linewidth=1.6)
        axes.plot([-0.28], [value], marker=">", markersize=0.55 * size, color=theme.ink, clip_on=False,
                  transform=axes.get_yaxis_transform())  # fmt: skip
        if all(abs(value - other) > apart for other in said):
            said.append(value)
            axes.text(
                _BESIDE, value, "\n".join(_lines(words, 22)[:2]), fontsize=0.82 * size, color=theme.ink,
                va="center", clip_on=False, parse_math=False, transform=axes.get_yaxis_transform(),
            )  # fmt: skip


def _lines(text: str, width: int) -> list[str]:
    from textwrap import wrap

    return wrap(clipped(text, 60), width)


def _wrapped(text: str, width: int = 24) -> str:
    return "\n".join(_lines(text, width))

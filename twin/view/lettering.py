"""Numbers, values and names on a plan map, in letters that fit what they stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.view import legend
from twin.view.paints import Paint, box_colors
from twin.view.scene import Layer, Scene
from twin.view.theme import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LETTERS = 600
"""Most racks that are written into: more cannot be read, and cost seconds."""
READABLE = 4.2
"""Smallest letters in a box. [pt]"""
LARGEST = 7.5
_WRITTEN = ("racks", "cdus", "crahs", "plant")


def write(
    axes: Axes, scene: Scene, layers: list[Layer], paints: list[Paint], out: set[str], theme: Theme
) -> None:
    """Numbers and values into racks and machines, names of rows and of other groups beside them."""
    hung = any(layer.name == "busways" for layer in layers)
    for layer in layers:
        if layer.name in _WRITTEN and layer.count <= LETTERS:
            _into(axes, layer, paints, out, 0.22 if hung and layer.name == "racks" else 1.0, theme)
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    for label in scene.labels:
        x, y, _ = label.position
        inside = left <= x <= right and bottom <= y <= top
        if label.kind == "hall" or label.layer in _WRITTEN or not inside:
            continue
        beside = label.kind == "row"
        axes.annotate(
            legend.clipped(label.text, 32), (x, y), xytext=(-3, 0) if beside else (0, 0), zorder=6,
            textcoords="offset points", fontsize=7, color=theme.ink, ha="right" if beside else "center",
            va="center", parse_math=False,
            bbox={"boxstyle": "round,pad=0.15", "fc": theme.card, "ec": "none", "alpha": 0.8},
        )  # fmt: skip


def _into(axes: Axes, layer: Layer, paints: list[Paint], out: set[str], share: float, theme: Theme) -> None:
    """The last part of the name and the value below it, in letters that fit the box.

    ``share`` is the most of the box's height that a line may take: busways hang over racks.
    """
    part = next((p for p in paints if layer.name in p.values), None)
    values = layer.values(part.values[layer.name]) if part else np.full(layer.count, np.nan)
    extent = (layer.high - layer.low)[:, :2] * points_per_metre(axes)
    box_color = box_colors(layer, paints, out, theme)
    middle = (layer.low + layer.high)[:, :2] / 2
    for number, name in enumerate(layer.ids):
        text = [name.rpartition(".")[2]]
        if part and np.isfinite(values[number]) and name not in out:
            text.append(_short(part, float(values[number])))
        width, height = extent[number].tolist()
        widest = max(len(line) for line in text)
        size = min(width / (0.7 * widest), height / (1.3 * len(text)), share * height, LARGEST)
        if size >= READABLE:
            ink = legend.on(box_color[number]) if box_color is not None else theme.ink
            x, y = middle[number].tolist()
            axes.text(x, y, "\n".join(text), fontsize=size, color=ink, ha="center", va="center",
                      linespacing=1.05, zorder=5, clip_on=True, parse_math=False)  # fmt: skip


def _short(part: Paint, value: float) -> str:
    shown = value / part.scale.factor
    return f"{shown:.1f}" if abs(shown) < 100 else f"{shown:.0f}"


def points_per_metre(axes: Axes) -> float:
    box, figure = axes.get_position(), axes.get_figure()
    assert figure is not None
    inches = figure.get_size_inches()  # type: ignore[union-attr]
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    return float(72 * min(box.width * inches[0] / (right - left), box.height * inches[1] / (top - bottom)))

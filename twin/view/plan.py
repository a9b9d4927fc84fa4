"""Plan maps by matplotlib: drawn without any graphics driver, so every machine makes them.

:func:`figure` gives one quantity as a figure for a notebook; :func:`write` makes the maps of a report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.model.facility import Facility
from twin.results.fields import AnyField
from twin.results.results import Results, Verdict
from twin.view import board, legend, lettering, slices
from twin.view.colors import MARGIN
from twin.view.paints import AIR_MAPS, PICTURES, Paint, Picture, box_colors, caption, painted, picture_of
from twin.view.scene import Layer, Scene, build
from twin.view.theme import THEMES, Theme, themed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
_LIGHT = THEMES["light"]
Frame = tuple[Floats, Floats]
"""South-west and north-east corner of a map. [m]"""

MAPS = ("heat", "coolant", "load")
"""The maps of a report, by the names of :data:`twin.view.paints.PICTURES`."""
LONG, LEAST, MOST = 12.0, 3.4, 14.0
"""Longer side of the drawing, and the least and most of either side. [inch]"""
HEAD, SIDE, FOOT = 0.75, 2.35, 0.35
"""Space above, right of and below the drawing. [inch]"""
PANELS, WIDE = 24, 1.5
"""Most halls that have a map each, and the width over height aimed at for all of them together."""
EDGE = 0.6
"""Seen around what a map frames. [m]"""
DPI = 110
_LINES = {"busways", "pipes_supply", "pipes_return"}
_OVERHEAD = ("containment", "busways", "trays", "pipes_supply", "pipes_return")


def figure(
    facility: Facility,
    results: Results,
    quantity: str = "rack.inlet_temperature",
    scenario: int = 0,
    *,
    verdict: Verdict | None = None,
    palette: str | None = None,
    theme: str = "light",
) -> Figure:
    """A plan map as a figure.

    Parameters
    ----------
    quantity : str
        A field of :data:`twin.view.scene.FIELDS`, or ``heat``, ``coolant`` or ``load``.
    palette : str, optional
        ``cividis`` for colours that are safe for all kinds of colour vision.
    """
    picture, look = picture_of(quantity), themed(theme)
    paints = painted(facility, results, scenario, picture.paints, palette, verdict)
    out = set(results.scenarios[scenario].out)
    scene = build(facility)
    rows = board.lines(facility) if any("power" in part.values for part in paints) else ()
    sheet, maps, boards = arranged(_frames(facility, scene, picture), board.columns(rows), look)
    for number, (axes, (low, high)) in enumerate(maps):
        draw_map(axes, scene, picture, paints, out, low, high, look)
        if len(maps) > 1:
            axes.set_title(facility.halls[number].id, fontsize=8, color=look.ink, loc="left", pad=3)
    for axes, column in boards:
        part = next(part for part in paints if "power" in part.values)
        values = {**part.values["power"], **part.values.get("busways", {})}
        board.draw(axes, column, values, part.scale, out, 7.2, look)
    title = f"{facility.name}: {picture.title}"
    line = caption(results, scenario, verdict, worst=picture.name == MARGIN)
    legend.heading(sheet, title, line, size=13, theme=look)
    bars(sheet, paints, theme=look)
    return sheet


def write(
    facility: Facility,
    results: Results,
    out_dir: Path,
    *,
    verdict: Verdict | None = None,
    scenario: int = 0,
    names: Iterable[str] | None = None,
    formats: Iterable[str] = ("png",),
    palette: str | None = None,
    fields: Mapping[str, AnyField] | None = None,
    height: float = slices.HEIGHT,
    theme: str = "light",
) -> list[Path]:
    """Write plan maps, ``heat_plan_2d.png`` and so on; formats are ``png``, ``svg`` and ``pdf``.

    Without ``names`` all of :data:`MAPS`, and with ``fields`` (by hall) those of the air: ``air_plan_2d.png`` at a
    height [m] and ``air_section_2d.png``.  Any other picture of the air becomes the plan.
    """
    from twin.view.airmap import plan_figure, section_figure

    fields = fields or {}
    names = (*MAPS, *(AIR_MAPS if fields else ())) if names is None else names
    out_dir.mkdir(parents=True, exist_ok=True)
    written = []
    for name, stem in stems(names, fields).items():
        if name == "air_plan":
            sheet = plan_figure(
                facility,
                results,
                fields,
                scenario,
                height=height,
                verdict=verdict,
                palette=palette,
                theme=theme,
            )
        elif name == "air_section":
            sheet = section_figure(
                facility, results, fields, scenario, verdict=verdict, palette=palette, theme=theme
            )
        else:
            sheet = figure(facility, results, name, scenario, verdict=verdict, palette=palette, theme=theme)
        for ending in formats:
            path = out_dir / f"{stem}_2d.{ending}"
            legend.save(sheet, path, dpi=DPI, facecolor=themed(theme).sheet)
            written.append(path)
    return written


def stems(names: Iterable[str], fields: Mapping[str, object]) -> dict[str, str]:
    """Maps to draw and the beginning of their files' names."""
    found = {}
    for name in names:
        picture = PICTURES.get(name)
        if picture is None or not picture.air:
            subject = name.removesuffix("_plan")
            found[subject] = f"{subject.replace('.', '_')}_plan"
        elif fields:
            shown = name if name in AIR_MAPS else "air_plan"
            found[shown] = shown
    return found


def _frames(facility: Facility, scene: Scene, picture: Picture) -> list[Frame]:
    """Plan corners of what is drawn: the halls and their yard; the power yard has a board of its own.

    A site of several halls has a map for each, because what lies between them would leave little room.
    """
    names = [name for name in picture.frame if name != "power"]
    if 1 < len(facility.halls) <= PANELS:
        return [_around(facility, scene, names, hall.id) for hall in facility.halls]
    low, high = scene.bounds(*(names if any(scene.layer(name) for name in names) else ()))
    return [(low[:2] - EDGE, np.maximum(high[:2], low[:2] + 1.0) + EDGE)]


def _around(facility: Facility, scene: Scene, names: list[str], hall: str) -> Frame:
    """A hall and those of its machines that the picture frames."""
    corners = []
    for layer in filter(None, map(scene.layer, names)):
        machines = (facility.by_id.get(name) for name in layer.ids)
        owned = [
            name == hall if machine is None else machine.hall == hall
            for name, machine in zip(layer.ids, machines, strict=True)
        ]
        corners += [layer.low[owned, :2], layer.high[owned, :2]]
    points = np.vstack(corners)
    return points.min(axis=0) - EDGE, points.max(axis=0) + EDGE


def arranged(
    frames: list[Frame], columns: tuple[tuple[board.Line, ...], ...], theme: Theme = _LIGHT
) -> tuple[Figure, list[tuple[Axes, Frame]], list[tuple[Axes, tuple[board.Line, ...]]]]:
    """A sheet with room for the maps, and for the board beside a single map or below several."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    across, panel = _panels(frames)
    down = -(-len(frames) // across)
    width, height = across * panel[0], down * panel[1]
    cells = max((len(row.machines) for column in columns for row in column), default=0)
    lines = max((len(column) for column in columns), default=0)
    column_width, board_height = 0.4 * (cells + 3.5), 0.34 * lines
    board_width = len(columns) * column_width
    below = len(frames) > 1 and bool(columns)
    whole_width = (max(width, board_width) if below else width + board_width) + SIDE
    whole_height = (height + board_height if below else max(height, board_height)) + HEAD + FOOT
    sheet = Figure(figsize=(whole_width, whole_height), dpi=DPI, facecolor=theme.sheet)
    FigureCanvasAgg(sheet)

    def room(x: float, y: float, w: float, h: float) -> Axes:
        """Axes at so many inches from the left and from below the heading."""
        share = (x / whole_width, 1 - (HEAD + y + h) / whole_height, w / whole_width, h / whole_height)
        return sheet.add_axes(share, facecolor=theme.sheet)

    maps = [
        (room(0.45 + k % across * panel[0], k // across * panel[1], panel[0] - 0.5, panel[1] - 0.5), frame)
        for k, frame in enumerate(frames)
    ]
    x, y = (0.0, height) if below else (width + 0.05, 0.0)
    boards = [
        (room(x + k * column_width, y, column_width, 0.34 * len(column)), column)
        for k, column in enumerate(columns)
    ]
    return sheet, maps, boards


def _panels(frames: list[Frame]) -> tuple[int, tuple[float, float]]:
    """How many maps stand side by side, and the space of each. [inch]"""
    east, north = np.max([high - low for low, high in frames], axis=0).tolist()
    count = len(frames)
    if count == 1:
        scale = LONG / max(east, north)
        width, height = (float(np.clip(side * scale, LEAST, MOST)) for side in (east, north))
        return 1, (width + 0.5, height + 0.5)
    across = min(range(1, count + 1), key=lambda k: abs(np.log(k * east / (-(-count // k) * north) / WIDE)))
    across = -(-count // -(-count // across))  # as many in the last row as in the others, if that can be
    scale = min(LONG / max(east, north), 26 / (across * east), 20 / (-(-count // across) * north))
    return across, (max(east * scale, 1.6) + 0.5, max(north * scale, 1.2) + 0.5)


def draw_map(
    axes: Axes,
    scene: Scene,
    picture: Picture,
    paints: list[Paint],
    out: set[str],
    low: Floats,
    high: Floats,
    theme: Theme = _LIGHT,
) -> None:
    """A map of what lies between two corners."""
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axes.set_aspect("equal", adjustable="box", anchor="NW")
    axes.tick_params(labelsize=7, labelcolor=theme.muted, color=theme.muted, length=2)
    axes.locator_params(nbins=5, steps=[1, 2, 5, 10])
    axes.set_xlabel("m", fontsize=7, color=theme.muted, labelpad=1)
    for spine in axes.spines.values():
        spine.set_visible(False)
    shown = [name for name in picture.layers if name != "walls"]
    layers = [layer.within(low, high) for layer in map(scene.layer, shown) if layer is not None]
    for order, layer in enumerate(sorted(layers, key=lambda layer: layer.name in _OVERHEAD)):
        draw = _lines if layer.name in _LINES else boxes
        draw(axes, layer, box_colors(layer, paints, out, theme), order, theme)
    _outlines(axes, scene, theme)
    lettering.write(axes, scene, layers, paints, out, theme)
    _north(axes, theme)


def boxes(
    axes: Axes, layer: Layer, box_color: NDArray[np.uint8] | None, order: int, theme: Theme = _LIGHT
) -> None:
    from matplotlib.collections import PolyCollection

    (x, y), (east, north) = layer.low[:, :2].T, layer.high[:, :2].T
    corners = np.stack([np.stack(p, axis=1) for p in ((x, y), (east, y), (east, north), (x, north))], axis=1)
    if box_color is not None:
        look: dict[str, Any] = {"facecolors": box_color / 255, "edgecolors": theme.edge, "linewidths": 0.35}
    elif layer.name == "containment":
        look = {"facecolors": "none", "edgecolors": "#6fa8d6", "linewidths": 0.6, "hatch": "////"}
    elif layer.name == "columns":
        look = {"facecolors": theme.line, "edgecolors": theme.muted, "linewidths": 0.6, "hatch": "xxxx"}
    else:
        pale = theme.floor if layer.name == "floor" else theme.toned(layer.style.color)
        look = {
            "facecolors": pale,
            "edgecolors": theme.muted if layer.style.edges else "none",
            "linewidths": 0.3,
        }
    axes.add_collection(PolyCollection(list(corners), zorder=2 + 0.01 * order, **look))


def _lines(axes: Axes, layer: Layer, box_color: NDArray[np.uint8] | None, order: int, theme: Theme) -> None:
    """Long boxes as lines along their middle, wide enough to be seen at any scale."""
    from matplotlib.collections import LineCollection

    middle, extent = (layer.low + layer.high)[:, :2] / 2, (layer.high - layer.low)[:, :2]
    half = np.where(extent >= extent.max(axis=1, keepdims=True), extent / 2, 0.0)
    ends = np.stack([middle - half, middle + half], axis=1)
    color = box_color / 255 if box_color is not None else layer.style.color
    width = 2.6 if layer.name == "busways" else 1.6
    rim = LineCollection(list(ends), colors=theme.ink, linewidths=width + 0.7, zorder=3 + 0.01 * order)
    rim.set_capstyle("butt")
    core = LineCollection(list(ends), colors=color, linewidths=width, zorder=3 + 0.01 * order)
    axes.add_collection(rim)
    axes.add_collection(core)


def _outlines(axes: Axes, scene: Scene, theme: Theme) -> None:
    from matplotlib.patches import Rectangle

    for low, high in zip(scene.hall_low, scene.hall_high, strict=True):
        size = (high - low)[:2]
        axes.add_patch(Rectangle(low[:2], *size, fill=False, edgecolor=theme.ink, linewidth=1.2, zorder=4))


def _north(axes: Axes, theme: Theme) -> None:
    axes.annotate(
        "N", (0.985, 0.985), xytext=(0, -22), xycoords="axes fraction", textcoords="offset points",
        fontsize=8, zorder=7, color=theme.ink, ha="center", va="top",
        arrowprops={"arrowstyle": "-|>", "color": theme.ink, "lw": 1.0},
    )  # fmt: skip


def bars(
    sheet: Figure,
    paints: list[Paint],
    special: Sequence[tuple[str, str]] | None = None,
    *,
    theme: Theme = _LIGHT,
) -> None:
    """Colour bars right of the maps, and what grey and black mean."""
    width, height = sheet.get_size_inches()
    left, room = 1 - (SIDE - 0.25) / width, height - HEAD - 1.0
    slot = min(room / max(len(paints), 1), 5.0)
    bottom = height - HEAD
    for part in paints:
        bottom -= slot
        legend.bar(
            sheet,
            (left, (bottom + 0.1) / height, 0.2 / width, (slot - 0.75) / height),
            part.scale,
            size=8,
            theme=theme,
        )
    legend.swatches(
        sheet,
        (left, (bottom - 0.75) / height, 1.9 / width, 0.5 / height),
        special or legend.special(theme),
        size=8,
        theme=theme,
    )

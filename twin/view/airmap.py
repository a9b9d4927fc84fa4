"""Maps of the air by matplotlib: a plan at a height, and a section across the rows; drawn without any graphics driver."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.model.facility import Facility
from twin.results.fields import AnyField
from twin.results.results import Results, Verdict
from twin.view import legend, lettering, plan, slices
from twin.view.colors import Scale
from twin.view.paints import PICTURES, Paint, caption
from twin.view.plan import EDGE, Frame
from twin.view.scene import Layer, Scene, build
from twin.view.slices import Cut
from twin.view.theme import Theme, themed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

ARROW = 14.0
"""Distance of the arrows. [pt]"""
STILL = 0.03
"""Speed below which there is no arrow. [m/s]"""
_SPEEDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # of the arrow that explains the others [m/s]
_CUT = ("columns", "racks", "cdus", "crahs", "power", "other", "busways", "trays", "containment",
        "pipes_supply", "pipes_return")  # fmt: skip


def plan_figure(
    facility: Facility,
    results: Results,
    fields: Mapping[str, AnyField],
    scenario: int = 0,
    *,
    height: float = slices.HEIGHT,
    verdict: Verdict | None = None,
    palette: str | None = None,
    theme: str = "light",
) -> Figure:
    """Temperature and movement of the air at a height above the hall's floor [m], a map for each hall."""
    scene, halls, look = build(facility), list(slices.shells(facility, fields)), themed(theme)
    frames = [
        (np.array(shell.origin) - EDGE, np.add(shell.origin, shell.size[:2]) + EDGE) for shell, _ in halls
    ]
    sheet, maps, _ = plan.arranged(frames, (), look)
    scale, pictured = slices.scale(facility, palette), PICTURES["air_plan"]
    cuts = [slices.cut(field, 2, height) for _, field in halls]
    fastest = _fastest(cuts)
    for (axes, (low, high)), part, (shell, _) in zip(maps, cuts, halls, strict=True):
        plan.draw_map(axes, scene, pictured, [], set(), low, high, look)
        _containment(axes, scene)
        _air(axes, part, scale, fastest)
        _title(axes, shell.id, len(halls), look)
    return _finished(
        sheet,
        scale,
        f"{facility.name}: air temperature at {height:.1f} m",
        results,
        scenario,
        verdict,
        fastest,
        look,
    )


def section_figure(
    facility: Facility,
    results: Results,
    fields: Mapping[str, AnyField],
    scenario: int = 0,
    *,
    verdict: Verdict | None = None,
    palette: str | None = None,
    theme: str = "light",
) -> Figure:
    """Temperature and movement of the air across the rows, a section for each hall."""
    scene, halls, look = build(facility), list(slices.shells(facility, fields)), themed(theme)
    planes = [slices.section(facility, shell) for shell, _ in halls]
    cuts = [slices.cut(field, axis, at) for (axis, at), (_, field) in zip(planes, halls, strict=True)]
    frames: list[Frame] = []
    for (axis, _), (shell, field) in zip(planes, halls, strict=True):
        low, high = shell.origin[1 - axis], shell.origin[1 - axis] + shell.size[1 - axis]
        floor = min(0.0, float(field.grid.lines[2][0]))
        top = max(shell.size[2], float(field.grid.lines[2][-1]))
        frames.append((np.array([low, floor]) - EDGE / 2, np.array([high, top]) + EDGE / 2))
    sheet, maps, _ = plan.arranged(frames, (), look)
    scale, fastest = slices.scale(facility, palette), _fastest(cuts)
    for (axes, frame), part, (axis, at), (shell, _) in zip(maps, cuts, planes, halls, strict=True):
        _elevation(axes, scene, axis, at, frame, shell.size[2], look)
        _air(axes, part, scale, fastest)
        _title(axes, f"{shell.id}  {'xy'[axis]} = {at:.2f} m".strip(), 2, look)
    title = f"{facility.name}: air temperature across the rows"
    return _finished(sheet, scale, title, results, scenario, verdict, fastest, look)


def _air(axes: Axes, part: Cut | None, scale: Scale, fastest: float) -> None:
    """Colours of a cut below what stands in the hall, and arrows over them."""
    from matplotlib.colors import ListedColormap

    if part is None or not np.isfinite(part.temperature).any():
        return
    colours = ListedColormap(scale.lut() / 255)
    fine, lines = _refined(part)
    axes.pcolormesh(
        *lines, np.ma.masked_invalid(fine).T, cmap=colours, vmin=scale.low, vmax=scale.high, zorder=1.5,
        shading="flat", rasterized=True, edgecolors="none", linewidth=0,
    )  # fmt: skip
    spots, moves = _arrows(part, ARROW / lettering.points_per_metre(axes))
    if len(spots):
        length = ARROW / lettering.points_per_metre(axes) * 1.6
        axes.quiver(
            *spots.T, *moves.T, angles="xy", scale_units="xy", scale=fastest / length, units="dots", width=1.3,
            headwidth=3.6, headlength=4.2, headaxislength=3.8, minlength=0.5, color=legend.INK, alpha=0.75,
            zorder=1.9,
        )  # fmt: skip


def _containment(axes: Axes, scene: Scene) -> None:
    """Outlines only: the air inside is what is to be seen."""
    from matplotlib.patches import Rectangle

    layer = scene.layer("containment")
    for low, high in zip(layer.low, layer.high, strict=True) if layer is not None else ():
        size = (high - low)[:2]
        axes.add_patch(Rectangle(low[:2], *size, fill=False, edgecolor="#2f6fa8", lw=0.9, ls="--", zorder=4))


def _refined(part: Cut, times: int = 5) -> tuple[NDArray[np.float32], tuple[Floats, Floats]]:
    """Every cell in ``times`` x ``times``, interpolated between its corners: edges of colour bands without steps."""
    corner = slices.corners_of(part.temperature)[..., None, None]
    share = (np.arange(times) + 0.5) / times
    n, m = part.temperature.shape
    if n * m * times**2 > 4_000_000:  # enough for any page
        return part.temperature, part.lines
    u, v = share[:, None], share[None, :]
    blocks = (
        corner[:, :, 0, 0] * (1 - u) * (1 - v)
        + corner[:, :, 1, 0] * u * (1 - v)
        + corner[:, :, 0, 1] * (1 - u) * v
        + corner[:, :, 1, 1] * u * v
    )
    fine = blocks.transpose(0, 2, 1, 3).reshape(n * times, m * times).astype(np.float32)
    first, second = (_split(line, times) for line in part.lines)
    return fine, (first, second)


def _split(line: Floats, times: int) -> Floats:
    return np.interp(np.arange((line.size - 1) * times + 1) / times, np.arange(line.size), line)


def _arrows(part: Cut, distance: float) -> tuple[Floats, Floats]:
    """Places and velocities about so far apart, (n, 2) each. [m], [m/s]"""
    places, cells = [], []
    for line in part.lines:
        apart = max(distance, float(np.median(np.diff(line))))
        wanted = np.arange(line[0] + apart / 2, line[-1], apart)
        places.append(wanted)
        cells.append(np.clip(np.searchsorted(line, wanted, side="right") - 1, 0, line.size - 2))
    spots = np.stack(np.meshgrid(*places, indexing="ij"), axis=-1)
    moves = part.velocity[np.ix_(*cells)]
    speed = np.linalg.norm(moves, axis=-1)
    seen = np.isfinite(speed) & (speed > STILL)
    return spots[seen], moves[seen].astype(float)


def _fastest(cuts: Iterable[Cut | None]) -> float:
    """A round speed that few arrows exceed: it gets an arrow of full length. [m/s]"""
    speeds = [np.linalg.norm(part.velocity, axis=-1).ravel() for part in cuts if part is not None]
    known = [s[np.isfinite(s)] for s in speeds]
    top = float(np.percentile(np.concatenate(known), 97)) if any(s.size for s in known) else 0.0
    return next((speed for speed in _SPEEDS if speed >= top), _SPEEDS[-1])


def _elevation(
    axes: Axes, scene: Scene, axis: int, at: float, frame: Frame, height: float, theme: Theme
) -> None:
    """What a vertical plane cuts, the hall's outline and its floor."""
    from matplotlib.patches import Rectangle

    low, high = frame
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axes.set_aspect("equal", adjustable="box", anchor="NW")
    axes.tick_params(labelsize=7, labelcolor=theme.muted, color=theme.muted, length=2)
    axes.set_xlabel(f"{'yx'[axis]} / m", fontsize=7, color=theme.muted, labelpad=1)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for name in _CUT:
        layer = scene.layer(name)
        if layer is not None:
            plan.boxes(axes, _turned(layer, axis, at), None, _CUT.index(name), theme)
    axes.axhline(0.0, color=theme.ink, linewidth=0.8, zorder=4)
    corner = (low[0] + EDGE / 2, 0.0)
    axes.add_patch(
        Rectangle(corner, high[0] - low[0] - EDGE, height, fill=False, edgecolor=theme.ink, lw=1.2, zorder=4)
    )


def _turned(layer: Layer, axis: int, at: float) -> Layer:
    """The boxes of a layer that a vertical plane meets, seen along its normal."""
    met = layer.only((layer.low[:, axis] <= at) & (layer.high[:, axis] >= at))
    order = [1 - axis, 2, axis]
    return Layer(met.name, met.ids, met.low[:, order], met.high[:, order])


def _title(axes: Axes, text: str, halls: int, theme: Theme) -> None:
    if halls > 1 and text:
        axes.set_title(text, fontsize=8, color=theme.ink, loc="left", pad=3)


def _finished(
    sheet: Figure,
    scale: Scale,
    title: str,
    results: Results,
    scenario: int,
    verdict: Verdict | None,
    fastest: float,
    theme: Theme,
) -> Figure:
    legend.heading(sheet, title, caption(results, scenario, verdict), size=13, theme=theme)
    plan.bars(sheet, [Paint(scale, {})], special=[(theme.sheet, "no air")], theme=theme)
    _key(sheet, fastest, theme)
    return sheet


def _key(sheet: Any, fastest: float, theme: Theme) -> None:
    """An arrow beside its speed, above the lower right corner."""
    width, height = sheet.get_size_inches()
    axes = sheet.add_axes((1 - (plan.SIDE - 0.25) / width, 0.08 / height, 1.9 / width, 0.25 / height))
    axes.set(xlim=(0, 1.9 * 72), ylim=(0, 18))
    axes.axis("off")
    axes.annotate(
        "", (1.6 * ARROW, 9), (0, 9), arrowprops={"arrowstyle": "-|>", "color": theme.ink, "lw": 1.0}
    )
    axes.text(1.6 * ARROW + 6, 9, f"{fastest:g} m/s", fontsize=8, color=theme.ink, va="center")

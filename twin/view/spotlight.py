"""One picture for each finding: the thing in the middle, what stands around it, and the state in which the rule breaks.

A picture is named after its rank, the rule's code and the thing.  Things of one rule share a picture, that of the worst of
them; the others are outlined where they are in sight.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.checks import grouped
from twin.checks.places import Places
from twin.checks.wording import quantity
from twin.model.facility import Facility
from twin.results.results import Finding, Results, Verdict
from twin.view import gl, legend, plan, sheet, subject
from twin.view.camera import Camera, around, corners
from twin.view.drawing import Plotter, outline
from twin.view.facts import margin
from twin.view.kin import Family
from twin.view.paints import PICTURES, Paint, Picture, caption, painted
from twin.view.pictures import LIFT, SIZE, Shot, save, seen_from, shoot, words
from twin.view.scene import FIELDS, Layer, Scene, build
from twin.view.sheet import Name, Size
from twin.view.subject import Subjects
from twin.view.theme import Theme, themed

Floats = NDArray[np.float64]

MOST = 12
"""Pictures, unless something else is asked for."""
REACH = 7.0
"""What is seen around a thing, beyond its own size. [m]"""
AZIMUTH, ELEVATION = 148.0, 33.0
"""From where it is seen. [deg]"""
_OVERHEAD = ("busways", "pipes_supply", "pipes_return", "trays", "containment")
_UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)


@dataclass(frozen=True)
class Spot:
    """A finding and where it is."""

    finding: Finding
    things: tuple[str, ...]
    """Owners of boxes: that of the worst case first."""
    low: Floats
    """Corners of the worst thing's boxes. [m]"""
    high: Floats
    scenario: int


def render(
    facility: Facility,
    results: Results,
    verdict: Verdict,
    out_dir: Path,
    *,
    most: int = MOST,
    size: Size = SIZE,
    antialias: bool = True,
    palette: str | None = None,
    theme: str = "light",
) -> list[Path]:
    """Draw the worst findings in 3-D, at most so many; those about nothing that has a place are left out.

    Raises
    ------
    twin.view.gl.NoGraphics
        If this machine cannot draw; nothing has been written then.
    """
    gl.require()
    scene, family, look = build(facility), Family(facility), themed(theme)
    subjects, written = Subjects(results), []
    for rank, spot in enumerate(spots(facility, results, verdict, scene, most), 1):
        picture = pictured(spot.finding, subjects, bool(verdict.tightest), scene)
        paints = painted(facility, results, spot.scenario, picture.paints, palette, verdict)
        paints = [part for part in paints if _seen(part, scene, spot)] or paints
        view = facing(scene, picture, spot, size)
        kin = family.of(spot.things[0])
        shown = replace(scene, layers=tuple(layer for layer in scene.layers if layer.name in picture.layers))
        marked = partial(mark, scene=shown, spot=spot, up=kin.up, down=kin.down, theme=look)
        out = results.scenarios[spot.scenario].out
        shot = Shot(scene, picture, paints, view, out, look, antialias, marked)
        said = words(shot, facility, verdict, _line(spot, results), size)
        wide, tall = sheet.inside(size)
        top = [*((spot.low + spot.high) / 2)[:2], spot.high[2] + 0.15]
        x, y = sheet.spots(view, [top], wide / tall)[0].tolist()
        said = replace(
            said,
            title=_title(spot.finding),
            names=(Name(_call(spot.finding), x, y + 2 * LIFT, strong=True), *said.names),
            swatches=(*_swatches(spot, kin.up, kin.down, look), *said.swatches),
            facts=_facts(spot),
        )
        path = _path(out_dir, rank, spot.finding)
        out_dir.mkdir(parents=True, exist_ok=True)
        save(shoot(shot, sheet.inside(size)), said, view, size, look, path)
        written.append(path)
    return written


def maps(
    facility: Facility,
    results: Results,
    verdict: Verdict,
    out_dir: Path,
    *,
    most: int = MOST,
    palette: str | None = None,
    theme: str = "light",
) -> list[Path]:
    """The same as plan maps, drawn without any graphics driver."""
    scene, look = build(facility), themed(theme)
    subjects, written = Subjects(results), []
    for rank, spot in enumerate(spots(facility, results, verdict, scene, most), 1):
        picture = pictured(spot.finding, subjects, bool(verdict.tightest), scene)
        paints = painted(facility, results, spot.scenario, picture.paints, palette, verdict)
        low, high = (spot.low - REACH)[:2], (spot.high + REACH)[:2]
        figure, [(axes, _)], _ = plan.arranged([(low, high)], (), look)
        plan.draw_map(
            axes, scene, picture, paints, set(results.scenarios[spot.scenario].out), low, high, look
        )
        for layer in scene.of(*spot.things):
            _frame(axes, layer, look, 2.2 if spot.things[0] in layer.ids else 1.0)
        legend.heading(figure, _title(spot.finding), _line(spot, results), size=12, theme=look)
        plan.bars(figure, paints, theme=look)
        path = _path(out_dir, rank, spot.finding, "_2d")
        out_dir.mkdir(parents=True, exist_ok=True)
        legend.save(figure, path, dpi=plan.DPI, facecolor=look.sheet)
        written.append(path)
    return written


def spots(
    facility: Facility, results: Results, verdict: Verdict, scene: Scene, most: int = MOST
) -> Iterator[Spot]:
    """The worst findings that have a place, at most so many: broken rules first, then warnings, then waived ones."""
    states = {state.name: number for number, state in enumerate(results.scenarios)}
    places = Places(facility)
    groups = sorted(grouped(verdict.findings), key=lambda g: (not g.worst.broken, bool(g.worst.waived)))
    found = 0
    for group in groups:
        things = tuple(dict.fromkeys(_owner(places, subject) for subject in group.subjects))
        spot = located(scene, group.worst, things, states.get(group.worst.scenario, 0))
        if spot is not None and found < most:
            found += 1
            yield spot


def located(scene: Scene, finding: Finding, things: tuple[str, ...], scenario: int) -> Spot | None:
    """Where a finding is; None if nothing of it is to be seen."""
    layers = scene.of(*things[:1])
    if layers:
        low = np.min([layer.low.min(axis=0) for layer in layers], axis=0)
        high = np.max([layer.high.max(axis=0) for layer in layers], axis=0)
    elif finding.position is not None and np.isfinite(finding.position).all():
        low = high = np.array(finding.position, dtype=float)
    else:
        return None
    return Spot(finding, things, low, high, scenario)


def pictured(finding: Finding, subjects: Subjects, judged: bool, scene: Scene) -> Picture:
    """What a finding is shown on: the map of its rule's family with the quantity that it is about, and what is around.

    ``judged`` tells that there are margins of things.
    """
    name = subject.family(finding, judged)
    picture, quantity = PICTURES[name], subjects.paint(finding, judged)
    if quantity and not any(quantity in quantities for _, quantities, _ in picture.paints):
        beside = [part for part in picture.paints[1:] if not {*_layers(part[0])} & {*_layers(quantity)}]
        picture = replace(picture, paints=((quantity, (quantity,), ""), *beside))
    painted_layers = [layer for part in picture.paints for layer in _layers(part[0])]
    shown = (*picture.layers, "power", "plant", "pumps", "other", "columns", *painted_layers)
    owner = next((layer.name for layer in scene.layers if finding.subject in layer.ids), "")
    shown = (*shown, owner) if owner in _OVERHEAD else shown
    hidden = () if owner in _OVERHEAD or name == "coolant" else _OVERHEAD
    return replace(picture, layers=tuple(n for n in dict.fromkeys(shown) if n not in hidden))


def _layers(quantity: str) -> tuple[str, ...]:
    return FIELDS[quantity].layers if quantity in FIELDS else ()


def facing(scene: Scene, picture: Picture, spot: Spot, size: Size) -> Camera:
    """The view of a thing and what stands around it; of everything, if it is a hall."""
    extent = (spot.high - spot.low)[:2]
    hall = scene.hall_high - scene.hall_low
    if len(hall) and (extent > 0.8 * hall[:, :2].min(axis=0)).all():
        return seen_from(scene, picture, None, size)
    reach = max(REACH, 0.45 * float(extent.max()))
    low, high = spot.low - reach, spot.high + reach
    low[2], high[2] = max(float(low[2]), min(0.0, float(spot.low[2]))), spot.high[2] + 1.0
    wide, tall = sheet.inside(size)
    return around(corners(low, high), wide / tall, AZIMUTH, ELEVATION, margin=0.98)


def mark(
    plotter: Plotter,
    *,
    scene: Scene,
    spot: Spot,
    up: tuple[str, ...],
    down: tuple[str, ...],
    theme: Theme,
) -> None:
    """Outline the thing, the others of its rule, and its kin."""
    for names, color, width in (
        (down, theme.downstream, 2.0),
        (up, theme.upstream, 2.5),
        (spot.things[1:], theme.accent, 2.5),
        (spot.things[:1], theme.accent, 6.0),
    ):
        boxes = scene.of(*names)
        if boxes:
            outline(plotter, boxes, color, width, name=f"outline {color} {width}")


def _owner(places: Places, subject: str) -> str:
    return places.machine(subject) or subject


def _seen(part: Paint, scene: Scene, spot: Spot) -> bool:
    """Whether a bar says something about a thing near the spot."""
    low, high = spot.low - REACH, spot.high + REACH
    return any(
        layer is not None and layer.within(low[:2], high[:2]).count for layer in map(scene.layer, part.values)
    )


def _title(finding: Finding) -> str:
    return f"{finding.code}   {finding.subject}: {_value(finding)}"


def _value(finding: Finding) -> str:
    """Value against limit."""
    if finding.dimension == "flag" or not np.isfinite([finding.value, finding.limit]).all():
        return finding.title[:1].lower() + finding.title[1:] + ": no"
    return f"{_said(finding.value, finding)} (limit {_said(finding.limit, finding)})"


def _said(value: float, finding: Finding) -> str:
    return quantity(value, finding.dimension).replace("degC", "°C")


def _call(finding: Finding) -> str:
    """The words beside the thing."""
    if finding.dimension == "flag" or not np.isfinite(finding.value):
        return finding.subject
    return f"{finding.subject}   {_said(finding.value, finding)}"


def _line(spot: Spot, results: Results) -> str:
    finding = spot.finding
    said = caption(results, spot.scenario, None)
    if results.scenarios[spot.scenario].name != finding.scenario:  # judged as placed, over the year, in time
        said = f"State: {finding.scenario}"
    return f"{said}   |   {finding.title}   |   {results.facility}"


def _facts(spot: Spot) -> tuple[str, ...]:
    finding = spot.finding
    tone = "waived" if finding.waived else "rule broken" if finding.broken else finding.severity
    facts = [f"{tone}, margin {margin(finding)}" if np.isfinite(finding.margin) else tone]
    if finding.place:
        facts.append(legend.clipped(finding.place, 36))
    if finding.line:
        facts.append(legend.clipped(f"{Path(finding.file).name}:{finding.line}", 36))
    if len(spot.things) > 1:
        facts.append(f"and {len(spot.things) - 1} more of this rule")
    return tuple(facts)


def _swatches(
    spot: Spot, up: tuple[str, ...], down: tuple[str, ...], theme: Theme
) -> tuple[tuple[str, str], ...]:
    found = [(theme.accent, "this finding")]
    found += [(theme.upstream, "serves it")] if up else []
    found += [(theme.downstream, "served by it")] if down else []
    return tuple(found)


def _path(folder: Path, rank: int, finding: Finding, tail: str = "") -> Path:
    subject = _UNSAFE.sub("_", finding.subject).strip("._")[:60]
    return folder / f"finding_{rank:02d}_{_UNSAFE.sub('_', finding.code)}_{subject or 'thing'}{tail}.png"


def _frame(axes: Any, layer: Layer, theme: Theme, width: float) -> None:
    from matplotlib.patches import Rectangle

    for low, high in zip(layer.low, layer.high, strict=True):
        axes.add_patch(
            Rectangle(
                low[:2], *(high - low)[:2], fill=False, edgecolor=theme.accent, linewidth=width, zorder=8
            )
        )

"""Still pictures of a solved facility in 3-D, drawn off screen by pyvista.

Every layer is one mesh, whatever the number of racks.  Title, names and colour bars are set around the
drawing afterwards, so that pictures and plan maps look alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.model.facility import Facility
from twin.results.fields import AnyField
from twin.results.quantities import QUANTITIES
from twin.results.results import Results, Verdict
from twin.view import air, colors, gl, legend, plan, shade, sheet, slices
from twin.view.camera import Camera, Viewpoint, corners
from twin.view.drawing import Image, Plotter, add_layer, aim, behind, shine, wires
from twin.view.paints import AIR_MAPS, Paint, Picture, box_colors, caption, offered, painted, picture_of
from twin.view.scene import Label, Layer, Scene, build
from twin.view.sheet import Bar, Name, Size, Words
from twin.view.theme import Theme, themed
from twin.view.web.scales import limits

SIZE = (1920, 1080)
"""Pixels of a picture."""
GHOST = 0.16
"""Opacity of boxes that the air is seen through."""
SAMPLES = 6
"""Samples of a pixel; with more, edges look the same and take longer."""
FRAMED = 600
"""Most boxes of a layer that a view is fitted to."""
ABOVE = 0.6
"""How far walls rise above what stands between them. [m]"""
LIFT = 0.013
"""How far a name stands above what it names, share of the drawing's height."""
_WALL = 0.30  # opacity of the walls that stand behind


@dataclass(frozen=True)
class Shot:
    """What is drawn, and how."""

    scene: Scene
    picture: Picture
    paints: list[Paint]
    view: Camera
    out: tuple[str, ...]
    """Machines out of service."""
    theme: Theme
    antialias: bool = True
    more: Callable[[Plotter], Any] = lambda plotter: None
    """Adds what else is to be seen."""


def render(
    facility: Facility,
    results: Results,
    out_dir: Path,
    *,
    verdict: Verdict | None = None,
    scenario: int = 0,
    names: Iterable[str] | None = None,
    camera: str | Camera | Viewpoint | None = None,
    size: Size = SIZE,
    antialias: bool = True,
    palette: str | None = None,
    fields: Mapping[str, AnyField] | None = None,
    air_view: air.View = air.VIEW,
    theme: str = "light",
) -> list[Path]:
    """Draw pictures into a folder.

    Parameters
    ----------
    names : iterable of str, optional
        Some of :data:`PICTURES` or of the fields of :data:`twin.view.scene.FIELDS`; without it all pictures.
    camera : str, Camera or Viewpoint, optional
        One of :data:`twin.view.camera.PRESETS`, an eye of your own, or a direction from which each picture is taken
        instead of from its own.
    palette : str, optional
        ``cividis`` for all bars, safe for all kinds of colour vision.
    fields : mapping of str to field, optional
        Air of the halls, by hall; without it there are no pictures of the air.
    air_view : air.View
        Height of the cut, temperature of the surface, number of streamlines.
    theme : str
        ``light`` or ``dark``.

    Raises
    ------
    ValueError
        If a picture of the air is asked for and there is no field, or one of margins and no rule was applied.
    twin.view.gl.NoGraphics
        If this machine cannot draw; nothing has been written then.
    """
    gl.require()
    scene, fields, look = build(facility), fields or {}, themed(theme)
    out_dir.mkdir(parents=True, exist_ok=True)
    written = []
    for picture in map(picture_of, offered(names, fields, verdict)):
        if picture.name in AIR_MAPS:
            written += plan.write(
                facility, results, out_dir, verdict=verdict, scenario=scenario, names=[picture.name],
                palette=palette, fields=fields, height=air_view.height, theme=theme,
            )  # fmt: skip
            continue
        paints = painted(facility, results, scenario, picture.paints, palette, verdict)
        line = caption(results, scenario, None, worst=picture.name == colors.MARGIN)
        shown, more = scene, Shot.more
        if picture.air:
            scale = slices.scale(facility, palette)
            paints, shown = [Paint(scale, {})], indoors(scene, facility, fields)
            line = f"{line}   |   {air.remark(picture.name, fields, air_view)}"
            more = partial(
                air.add, name=picture.name, facility=facility, fields=fields, scale=scale, view=air_view
            )
        view = seen_from(shown, picture, camera, size)
        shot = Shot(shown, picture, paints, view, results.scenarios[scenario].out, look, antialias, more)
        said = words(shot, facility, verdict, f"{picture.title}   |   {line}", size)
        path = out_dir / f"{picture.name.replace('.', '_')}.png"
        save(shoot(shot, sheet.inside(size)), said, view, size, look, path)
        written.append(path)
    return written


def save(drawing: Image, said: Words, view: Camera, size: Size, theme: Theme, path: Path) -> None:
    """Set a drawing on its sheet and write it."""
    figure = sheet.compose(drawing, said, view, size, theme)
    legend.save(figure, path, dpi=sheet.DPI * sheet.scaled(size), facecolor=theme.sheet)


def shoot(shot: Shot, size: Size) -> Image:
    """The drawing alone, (height, width, 3)."""
    import pyvista

    plotter: Plotter = pyvista.Plotter(off_screen=True, window_size=list(size), lighting="none")
    try:
        plotter.set_background(shot.theme.sheet)
        if shot.antialias:
            plotter.enable_anti_aliasing("msaa", multi_samples=SAMPLES)
        else:
            plotter.disable_anti_aliasing()
        dress(plotter, shot, size)
        aim(plotter, shot.view)
        shine(plotter, shot.view)
        return np.asarray(plotter.screenshot(return_img=True), dtype=np.uint8)
    finally:
        plotter.close()


def dress(plotter: Plotter, shot: Shot, size: Size) -> None:
    """Add all layers of a shot, and the shadows on the ground."""
    flat = shot.view.parallel is not None
    layers = [layer for layer in shot.scene.layers if layer.name in shot.picture.layers]
    solid = [layer.name for layer in layers if layer.name not in shot.picture.ghost]
    for layer in layers:
        if layer.name == "walls":
            continue
        add_layer(
            plotter, layer, box_colors(layer, shot.paints, shot.out, shot.theme), theme=shot.theme, pale=True, lit=not flat,
            opacity=GHOST if layer.name in shot.picture.ghost else None, wires=wires(layer, shot.view, size),
            trimmed=not flat,
        )  # fmt: skip
        if layer.name == "floor":
            shadow = shade.ground(shot.scene, shot.theme, solid, most=shade.fine(size))
            if shadow is not None:
                plotter.add_mesh(shadow[0], texture=shadow[1], lighting=False, pickable=False, name="shadow")
    shot.more(plotter)
    walls = shot.scene.layer("walls")
    if walls is not None and not flat and "walls" in shot.picture.layers:
        back = behind(walls if shot.picture.air else cutaway(shot.scene, walls), shot.view)
        if back.count:
            add_layer(plotter, back, None, theme=shot.theme, pale=True, opacity=_WALL)


def cutaway(scene: Scene, walls: Layer) -> Layer:
    """Walls cut off a little above what stands in the halls, so that they hide little of what is behind."""
    inside = [layer for name in ("racks", "cdus", "crahs") if (layer := scene.layer(name)) is not None]
    top = max((float(layer.high[:, 2].max()) for layer in inside), default=np.inf) + ABOVE
    high = walls.high.copy()
    high[:, 2] = np.minimum(high[:, 2], top)
    return replace(walls, high=high)


def words(shot: Shot, facility: Facility, verdict: Verdict | None, line: str, size: Size) -> Words:
    """What stands around a picture."""
    chip, note = sheet.verdict_chip(verdict, shot.theme)
    special = legend.special(shot.theme) if any(part.values for part in shot.paints) else []
    bars = tuple(Bar(part.scale, marks(part, facility)) for part in shot.paints)
    return Words(
        shot.scene.title, line, tuple(_names(shot.scene, shot.picture, shot.view, size)), bars, tuple(special),
        chip, note,
    )  # fmt: skip


def marks(part: Paint, facility: Facility) -> tuple[tuple[float, str], ...]:
    """Limits to mark on a colour bar."""
    if part.scale.quantity == colors.MARGIN:
        return ((0.0, "limit"),)
    if part.scale.quantity not in QUANTITIES:
        return ()
    return tuple((tick.value, tick.text) for tick in limits(part.scale.quantity, facility))


def seen_from(
    scene: Scene,
    picture: Picture,
    camera: str | Camera | Viewpoint | None,
    size: Size,
    *,
    margin: float = 1.05,
) -> Camera:
    """The camera of a picture."""
    if isinstance(camera, Camera):
        return camera
    wide, tall = sheet.inside(size)
    view = camera if isinstance(camera, Viewpoint) else Viewpoint(camera or "")
    return view.of(_outline(scene, picture), wide / tall, picture.camera, margin=margin)


def indoors(scene: Scene, facility: Facility, fields: Mapping[str, AnyField]) -> Scene:
    """The scene of the halls that have an air field, without what stands between them."""
    layers = []
    for layer in scene.layers:
        inside = np.zeros(layer.count, dtype=bool)
        for shell, _ in slices.shells(facility, fields):
            low, high = np.subtract(shell.origin, 0.1), np.add(shell.origin, shell.size[:2]) + 0.1
            inside |= ((layer.low[:, :2] < high) & (layer.high[:, :2] > low)).all(axis=1)
        if inside.any():
            layers.append(layer.only(inside))
    known = [layer.name for layer in layers]
    labels = tuple(label for label in scene.labels if label.layer in ("", *known))
    return replace(scene, layers=tuple(layers), labels=labels)


def _outline(scene: Scene, picture: Picture) -> NDArray[np.float64]:
    """Corners of what the view must hold, eight for each box."""
    layers = [layer for name in picture.frame if (layer := scene.layer(name)) is not None]
    if not layers:
        low, high = scene.bounds(*picture.frame)
        return corners(low, np.maximum(high, low + 1.0))
    walls = scene.layer("walls")
    if walls is not None and "floor" in picture.frame and picture.camera != "plan":
        layers.append(walls if picture.air else cutaway(scene, walls))
    return np.vstack([corners(*_thinned(layer)) for layer in layers])


def _thinned(layer: Layer) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Some of the boxes of a layer, the outermost among them."""
    if layer.count <= FRAMED:
        return layer.low, layer.high
    chosen = np.r_[
        np.linspace(0, layer.count - 1, FRAMED).astype(int),
        layer.low.argmin(axis=0),
        layer.high.argmax(axis=0),
    ]
    return layer.low[chosen], layer.high[chosen]


def _names(scene: Scene, picture: Picture, view: Camera, size: Size) -> Iterable[Name]:
    """Names of rows and of groups of machines in the view, or of halls if there are several."""
    low, high = scene.bounds(*picture.frame)
    wide, tall = sheet.inside(size)

    def framed(label: Label) -> bool:
        spot = np.array(label.position[:2])
        known = not label.layer or label.layer in picture.layers
        return known and bool((spot >= low[:2] - 1).all() and (spot <= high[:2] + 1).all())

    kinds = ("hall",) if len(scene.hall_low) > 1 else ("group", "row")
    wanted = [label for kind in kinds for label in scene.labels if label.kind == kind and framed(label)]
    if wanted:
        places = sheet.spots(view, [label.position for label in wanted], wide / tall).tolist()
        for label, (x, y) in zip(wanted, places, strict=True):
            if np.isfinite([x, y]).all():
                yield Name(legend.clipped(label.text, 40), x, y + LIFT)

"""Still pictures of a solved facility in 3-D, drawn off screen by pyvista.

Every layer is one mesh, whatever the number of racks.  Title, names and colour bars are set around the
drawing afterwards, so that pictures and plan maps look alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.model.facility import Facility
from twin.results.fields import AnyField
from twin.results.results import Results, Verdict
from twin.view import air, colors, gl, legend, plan, slices
from twin.view.camera import ANGLE, Camera, fitted
from twin.view.paints import AIR_MAPS, Paint, Picture, box_colors, caption, offered, painted, picture_of
from twin.view.scene import Label, Layer, Scene, build

Image = NDArray[np.uint8]
Plotter = Any
"""A ``pyvista.Plotter``; the library's decorated methods do not type-check, and it is imported late."""

SIZE = (1920, 1080)
"""Pixels of a picture."""
HEADER, SIDE = 96, 330
"""Pixels above and to the right of the drawing."""
DPI = 120
AMBIENT, DIFFUSE = 0.35, 0.65
"""Of racks and other boxes: with less ambient light their shaded sides read as cold."""
EDGE = "#22272e"
GHOST = 0.16
"""Opacity of boxes that the air is seen through."""
_PALE = 0.72
"""How far towards white the colour of what is not painted goes."""


def render(
    facility: Facility,
    results: Results,
    out_dir: Path,
    *,
    verdict: Verdict | None = None,
    scenario: int = 0,
    names: Iterable[str] | None = None,
    camera: str | Camera | None = None,
    size: tuple[int, int] = SIZE,
    antialias: bool = True,
    palette: str | None = None,
    fields: Mapping[str, AnyField] | None = None,
    air_view: air.View = air.VIEW,
) -> list[Path]:
    """Draw pictures into a folder.

    Parameters
    ----------
    names : iterable of str, optional
        Some of :data:`PICTURES` or of the fields of :data:`twin.view.scene.FIELDS`; without it all pictures.
    camera : str or Camera, optional
        ``iso``, ``plan``, ``south``, ``east`` or an eye of your own instead of each picture's view.
    palette : str, optional
        ``cividis`` for all bars, safe for all kinds of colour vision.
    fields : mapping of str to field, optional
        Air of the halls, by hall; without it there are no pictures of the air.
    air_view : air.View
        Height of the cut, temperature of the surface, number of streamlines.

    Raises
    ------
    ValueError
        If a picture of the air is asked for and there is no field.
    twin.view.gl.NoGraphics
        If this machine cannot draw; nothing has been written then.
    """
    gl.require()
    scene, fields = build(facility), fields or {}
    inside = size[0] - SIDE, size[1] - HEADER
    line = caption(results, scenario, verdict)
    out_dir.mkdir(parents=True, exist_ok=True)
    written = []
    for picture in map(picture_of, offered(names, fields)):
        if picture.name in AIR_MAPS:
            written += plan.write(
                facility, results, out_dir, verdict=verdict, scenario=scenario, names=[picture.name],
                palette=palette, fields=fields, height=air_view.height,
            )  # fmt: skip
            continue
        paints = painted(facility, results, scenario, picture.paints, palette)
        shown, said, more = scene, line, _nothing
        if picture.air:
            scale = slices.scale(facility, palette)
            paints, shown = [Paint(scale, {})], _around(scene, facility, fields)
            said = f"{line}   |   {air.remark(picture.name, fields, air_view)}"
            more = partial(
                air.add, name=picture.name, facility=facility, fields=fields, scale=scale, view=air_view
            )
        view = _camera(shown, picture, camera, inside[0] / inside[1])
        drawing = _draw(shown, picture, paints, view, inside, results, scenario, antialias, more)
        path = out_dir / f"{picture.name.replace('.', '_')}.png"
        legend.save(_compose(drawing, shown, picture, paints, view, size, said), path, dpi=DPI)
        written.append(path)
    return written


def mesh(layer: Layer, box_color: Image | None = None) -> Any:
    """All boxes of a layer in one mesh; ``cell_data["box"]`` is the box that a cell belongs to."""
    import pyvista

    poly = pyvista.PolyData.from_regular_faces(layer.vertices, layer.faces.astype(int))
    poly.cell_data["box"] = layer.face_box
    if box_color is not None:
        poly.cell_data["color"] = box_color[layer.face_box]
    return poly


def edges(layer: Layer) -> Any:
    """The edges of all boxes of a layer in one mesh."""
    import pyvista

    lines = np.hstack([np.full((len(layer.lines), 1), 2), layer.lines])
    return pyvista.PolyData(layer.vertices, lines=lines.ravel())


def add_layer(
    plotter: Plotter,
    layer: Layer,
    box_color: Image | None,
    *,
    pale: bool = False,
    lit: bool = True,
    opacity: float | None = None,
) -> tuple[Any, list[Any]]:
    """Add a layer's mesh and its edges; returns the mesh and the actors, that of the mesh first."""
    style = layer.style
    opacity = style.opacity if opacity is None else opacity
    look: dict[str, Any] = {"opacity": opacity, "ambient": AMBIENT, "diffuse": DIFFUSE, "lighting": lit}
    if box_color is not None:
        look |= {"scalars": "color", "rgb": True, "show_scalar_bar": False}
    else:
        look["color"] = _towards_white(style.color, _PALE) if pale and layer.name != "walls" else style.color
    boxes = mesh(layer, box_color)
    actors = [plotter.add_mesh(boxes, name=layer.name, **look)]
    if style.edges:
        color = EDGE if box_color is not None else _towards_white(EDGE, 0.55)
        wire = plotter.add_mesh(
            edges(layer), color=color, line_width=1.0, lighting=False, pickable=False,
            name=f"{layer.name} edges", opacity=1.0 if opacity == 1.0 else 0.5,
        )  # fmt: skip
        actors.append(wire)
    return boxes, actors


def aim(plotter: Plotter, view: Camera) -> None:
    """Point a plotter's camera."""
    plotter.camera_position = [view.eye, view.target, view.up]
    plotter.camera.view_angle = ANGLE
    if view.parallel is not None:
        plotter.enable_parallel_projection()
        plotter.camera.parallel_scale = view.parallel
    plotter.reset_camera_clipping_range()


def shine(plotter: Plotter, view: Camera) -> None:
    """White light, so that colours stay those of the bar: tops as they are, visible sides a little darker."""
    import pyvista

    _, _, ahead = view.axes()
    side = np.array([-ahead[0] - 0.1 * ahead[1], -ahead[1] + 0.1 * ahead[0], 0.0])
    length = float(np.linalg.norm(side))
    towards = side / length * 0.87 if length > 1e-9 else np.array([0.0, 0.0, 0.87])
    for direction, intensity in (((0.0, 0.0, 1.0), 0.5), ((towards[0], towards[1], 0.5), 1.0)):
        light = pyvista.Light(light_type="scene light", intensity=intensity)
        light.positional = False
        light.position, light.focal_point = direction, (0.0, 0.0, 0.0)
        plotter.add_light(light)


def _camera(scene: Scene, picture: Picture, camera: str | Camera | None, aspect: float) -> Camera:
    if isinstance(camera, Camera):
        return camera
    low, high = scene.bounds(*picture.frame)
    return fitted(camera or picture.camera, low, np.maximum(high, low + 1.0), aspect)


def _nothing(plotter: Plotter) -> None:
    """Adds nothing."""


def _around(scene: Scene, facility: Facility, fields: Mapping[str, AnyField]) -> Scene:
    """The scene of the halls that have an air field, without what stands between them."""
    layers = []
    for layer in scene.layers:
        inside = np.zeros(layer.count, dtype=bool)
        for shell, _ in slices.shells(facility, fields):
            low, high = np.subtract(shell.origin, 0.1), np.add(shell.origin, shell.size[:2]) + 0.1
            inside |= ((layer.low[:, :2] < high) & (layer.high[:, :2] > low)).all(axis=1)
        if inside.any():
            ids = tuple(layer.ids[n] for n in np.flatnonzero(inside))
            layers.append(Layer(layer.name, ids, layer.low[inside], layer.high[inside]))
    known = [layer.name for layer in layers]
    labels = tuple(label for label in scene.labels if label.layer in ("", *known))
    return replace(scene, layers=tuple(layers), labels=labels)


def _draw(
    scene: Scene,
    picture: Picture,
    paints: list[Paint],
    view: Camera,
    size: tuple[int, int],
    results: Results,
    scenario: int,
    antialias: bool,
    more: Callable[[Plotter], Any],
) -> Image:
    import pyvista

    plotter: Plotter = pyvista.Plotter(off_screen=True, window_size=list(size), lighting="none")
    try:
        plotter.set_background("white")
        if antialias:
            plotter.enable_anti_aliasing("msaa", multi_samples=8)
        else:
            plotter.disable_anti_aliasing()
        out = results.scenarios[scenario].out
        for layer in scene.layers:
            if layer.name in picture.layers and not (layer.name == "walls" and view.parallel is not None):
                add_layer(
                    plotter, layer, box_colors(layer, paints, out), pale=True, lit=view.parallel is None,
                    opacity=GHOST if layer.name in picture.ghost else None,
                )  # fmt: skip
        more(plotter)
        aim(plotter, view)
        shine(plotter, view)
        return np.asarray(plotter.screenshot(return_img=True), dtype=np.uint8)
    finally:
        plotter.close()


def _compose(
    drawing: Image,
    scene: Scene,
    picture: Picture,
    paints: list[Paint],
    view: Camera,
    size: tuple[int, int],
    line: str,
) -> Any:
    """Drawing, title, names and colour bars on one sheet."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width, height = size
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, (width - SIDE) / width, (height - HEADER) / height))
    axes.imshow(drawing, extent=(0, 1, 0, 1), aspect="auto", interpolation="nearest")
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")
    _names(axes, scene, picture, view, (width - SIDE) / (height - HEADER))
    _north(axes, view, (width - SIDE) / (height - HEADER))
    legend.heading(figure, f"{scene.title}: {picture.title}", line, size=17)
    _bars(figure, paints, size)
    return figure


def _bars(figure: Any, paints: list[Paint], size: tuple[int, int]) -> None:
    width = size[0]
    left, slot = (width - SIDE + 40) / width, 0.80 / max(len(paints), 1)
    for number, part in enumerate(paints):
        bottom = 0.93 - slot * (number + 1) + 0.03
        legend.bar(figure, (left, bottom, 28 / width, slot - 0.14), part.scale, size=11)
    if any(part.values for part in paints):
        legend.swatches(figure, (left, 0.03, 0.85 * SIDE / width, 0.075), legend.special(), size=10)


def _names(axes: Any, scene: Scene, picture: Picture, view: Camera, aspect: float) -> None:
    """Names of rows and of groups of machines in the view, or of halls if there are several."""
    low, high = scene.bounds(*picture.frame)

    def framed(label: Label) -> bool:
        spot = np.array(label.position[:2])
        return bool((spot >= low[:2] - 1).all() and (spot <= high[:2] + 1).all())

    kinds = ("hall",) if len(scene.hall_low) > 1 else ("row", "group")
    wanted = [label for label in scene.labels if label.kind in kinds and framed(label)]
    if not wanted:
        return
    taken: list[tuple[float, float]] = []
    spots = view.project(np.array([label.position for label in wanted]), aspect)
    for label, (x, y) in zip(wanted, spots.tolist(), strict=True):
        crowded = any(abs(x - a) < 0.045 and abs(y - b) < 0.022 for a, b in taken)
        if crowded or not (0.01 < x < 0.99 and 0.01 < y < 0.99):
            continue
        taken.append((x, y))
        axes.text(
            x, y, legend.clipped(label.text, 40), fontsize=8.5, color=legend.INK, ha="center", va="center",
            parse_math=False, bbox={"boxstyle": "round,pad=0.2", "fc": "white", "ec": "none", "alpha": 0.75},
        )  # fmt: skip


def _north(axes: Any, view: Camera, aspect: float) -> None:
    """An arrow to the north, lower left."""
    right, up, _ = view.axes()
    x, y = float(right[1]), float(up[1])
    length = max((x * x + y * y) ** 0.5, 1e-9)
    dx, dy = 0.03 * x / length / aspect, 0.03 * y / length
    axes.annotate("", (0.035 + dx, 0.06 + dy), (0.035 - dx, 0.06 - dy), xycoords="data",
                  arrowprops={"arrowstyle": "-|>", "color": legend.MUTED, "lw": 1.4})  # fmt: skip
    axes.text(
        0.035 + 1.75 * dx, 0.06 + 1.75 * dy, "N", fontsize=9, color=legend.MUTED, ha="center", va="center"
    )


def _towards_white(color: str, share: float) -> tuple[float, float, float]:
    red, green, blue = (part + (1 - part) * share for part in colors.rgb(color))
    return red, green, blue

"""Layers, light and camera in pyvista: what pictures and the window have in common.  One mesh for each layer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.view import colors
from twin.view.camera import ANGLE, Camera
from twin.view.scene import FRONTS, Layer
from twin.view.theme import THEMES, Theme

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]
Plotter = Any
"""A ``pyvista.Plotter``; the library's decorated methods do not type-check, and it is imported late."""

AMBIENT, DIFFUSE = 0.35, 0.65
"""Of racks and other boxes: with less ambient light their shaded sides read as cold."""
ROUND = ("pipes_supply", "pipes_return")
"""Layers whose boxes are drawn as tubes."""
SIDES = 12
"""Of a tube."""
SLOTS, MANY = 7, 2500
"""Dark slots on a rack's front, and the number of racks from which there are fewer."""
FAN = 2.4
"""About the distance of the fans of a cooler (assumed). [m]"""
LEGIBLE = 5.0, 14.0
"""Size of boxes on the screen at which their edges begin to show, and at which they show fully. [pixel]"""
_OFF = 0.008  # how far edges and slots stand out, so that they do not flicker [m]


def mesh(layer: Layer, box_color: Image | None = None) -> Any:
    """All boxes of a layer in one mesh; ``cell_data["box"]`` is the box that a cell belongs to."""
    import pyvista

    if layer.name in ROUND:
        points, faces = _tubes(layer)
        box = np.repeat(np.arange(layer.count), len(faces) // max(layer.count, 1))
    else:
        points, faces, box = layer.vertices, layer.faces, layer.face_box
    corner_numbers: Any = faces
    poly = pyvista.PolyData.from_regular_faces(points, corner_numbers)
    poly.cell_data["box"] = box
    if box_color is not None:
        poly.cell_data["color"] = box_color[box]
    return poly


def edges(layer: Layer) -> Any:
    """The edges of all boxes of a layer in one mesh, a little outside the boxes."""
    import pyvista

    lines = np.hstack([np.full((len(layer.lines), 1), 2), layer.lines])
    return pyvista.PolyData(
        replace(layer, low=layer.low - _OFF, high=layer.high + _OFF).vertices, lines=lines.ravel()
    )


def trim(layer: Layer) -> Any:
    """What tells fronts from backs, in one mesh: slots where racks take air in, fans on coolers; None without."""
    import pyvista

    if layer.front is None or not layer.front.any():
        return None
    fans = layer.front == FRONTS.index("up")
    points, faces = _fans(layer.only(fans)) if fans.any() else _slots(layer.only(layer.front > 0))
    corner_numbers: Any = faces
    return pyvista.PolyData.from_regular_faces(points, corner_numbers)


def add_layer(
    plotter: Plotter,
    layer: Layer,
    box_color: Image | None,
    *,
    theme: Theme = THEMES["light"],
    pale: bool = False,
    lit: bool = True,
    opacity: float | None = None,
    wires: float = 1.0,
    trimmed: bool = True,
) -> tuple[Any, list[Any]]:
    """Add a layer: its boxes, their edges, its trim; returns the mesh of the boxes and the actors, theirs first.

    ``wires`` is how dark the edges are, 0 for none.
    """
    style = layer.style
    opacity = style.opacity if opacity is None else opacity
    look: dict[str, Any] = {"opacity": opacity, "ambient": AMBIENT, "diffuse": DIFFUSE, "lighting": lit}
    if box_color is not None:
        look |= {"scalars": "color", "rgb": True, "show_scalar_bar": False}
    else:
        look["color"] = plain(layer, theme, pale)
    boxes = mesh(layer, box_color)
    actors = [plotter.add_mesh(boxes, name=layer.name, **look)]
    solid = opacity == 1.0
    if style.edges and wires > 0 and layer.name not in ROUND:
        wire = plotter.add_mesh(
            edges(layer), color=theme.edge if box_color is not None else theme.faint, line_width=1.0,
            lighting=False, pickable=False, name=f"{layer.name} edges", opacity=wires * (1.0 if solid else 0.4),
        )  # fmt: skip
        actors.append(wire)
    extra = trim(layer) if trimmed and solid else None
    if extra is not None:
        dark = 0.62 if box_color is not None else 0.3
        actors.append(
            plotter.add_mesh(extra, color="#10151b", opacity=dark, lighting=False, pickable=False,
                             name=f"{layer.name} trim")
        )  # fmt: skip
    return boxes, actors


def plain(layer: Layer, theme: Theme, pale: bool = True) -> str:
    """Colour of a layer that carries no values."""
    if layer.name in ("floor", "walls"):
        return theme.floor if layer.name == "floor" else theme.wall
    return theme.toned(layer.style.color) if pale else layer.style.color


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
    side = np.array([-ahead[0] - 0.35 * ahead[1], -ahead[1] + 0.35 * ahead[0], 0.0])
    length = float(np.linalg.norm(side))
    towards = side / length * 0.87 if length > 1e-9 else np.array([0.0, 0.0, 0.87])
    for direction, intensity in (((0.0, 0.0, 1.0), 0.5), ((towards[0], towards[1], 0.5), 1.0)):
        light = pyvista.Light(light_type="scene light", intensity=intensity)
        light.positional = False
        light.position, light.focal_point = direction, (0.0, 0.0, 0.0)
        plotter.add_light(light)


def wires(layer: Layer, view: Camera, size: tuple[int, int]) -> float:
    """How dark the edges of boxes are: of boxes of a few pixels they would be all there is to see."""
    if not layer.count:
        return 0.0
    middle = (layer.low + layer.high) / 2
    spots = view.project(middle, size[0] / size[1])
    right, _, _ = view.axes()
    extent = np.sort(layer.high - layer.low, axis=1)[:, 1:2]
    moved = view.project(middle + right * extent, size[0] / size[1])
    seen = (spots > 0).all(axis=1) & (spots < 1).all(axis=1)
    if not seen.any():
        return 1.0
    pixels = float(np.median((moved - spots)[seen, 0])) * size[0]
    return float(np.clip((pixels - LEGIBLE[0]) / (LEGIBLE[1] - LEGIBLE[0]), 0.0, 1.0))


def behind(walls: Layer, view: Camera) -> Layer:
    """The walls that do not stand between the eye and what they enclose (four for each hall: south, north, west, east)."""
    x, y, _ = np.subtract(view.target, 0) if view.parallel is not None else np.asarray(view.eye)
    number = np.arange(walls.count) % 4
    near = [y < walls.high[:, 1], y > walls.low[:, 1], x < walls.high[:, 0], x > walls.low[:, 0]]
    return walls.only(~np.choose(number, near))


def _tubes(layer: Layer) -> tuple[Floats, NDArray[np.intp]]:
    """Prisms with many sides along the longest extents of boxes, closed at the ends."""
    n, extent = layer.count, layer.high - layer.low
    axis = extent.argmax(axis=1)
    turn = 2 * np.pi * (np.arange(SIDES) + 0.5) / SIDES
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1) / 2
    points = np.empty((n, 2, SIDES, 3))
    middle = (layer.low + layer.high) / 2
    for k in range(3):
        mine, first, second = axis == k, (k + 1) % 3, (k + 2) % 3
        for end, at in enumerate((layer.low, layer.high)):
            points[mine, end, :, k] = at[mine, None, k]
            points[mine, end, :, first] = middle[mine, None, first] + ring[:, 0] * extent[mine, None, first]
            points[mine, end, :, second] = (
                middle[mine, None, second] + ring[:, 1] * extent[mine, None, second]
            )
    here = np.arange(SIDES)
    after = (here + 1) % SIDES
    mantle = np.stack([here, after, after + SIDES, here + SIDES], axis=1)
    steps = np.arange(1, SIDES - 1, 2)
    cap = np.stack([np.zeros_like(steps), steps + 2, steps + 1, steps], axis=1) % SIDES
    faces = np.vstack([mantle, cap, cap[:, ::-1] + SIDES])
    return points.reshape(-1, 3), (faces + 2 * SIDES * np.arange(n)[:, None, None]).reshape(-1, 4)


def _slots(layer: Layer) -> tuple[Floats, NDArray[np.intp]]:
    """Level slots on the sides that take air in."""
    assert layer.front is not None
    count = SLOTS if layer.count <= MANY else 3
    bottom = 0.1 + 0.84 * (np.arange(count) + 0.3) / count
    rise = np.stack([bottom, bottom, bottom + 0.3 / count, bottom + 0.3 / count], axis=1)
    across = np.array([0.1, 0.9, 0.9, 0.1])
    low, extent = layer.low[:, None, None], (layer.high - layer.low)[:, None, None]
    points = np.empty((layer.count, count, 4, 3))
    points[..., 2] = low[..., 2] + extent[..., 2] * rise
    for side, (axis, far) in {1: (1, False), 2: (0, True), 3: (1, True), 4: (0, False)}.items():
        mine = layer.front == side
        points[mine, :, :, 1 - axis] = low[mine, ..., 1 - axis] + extent[mine, ..., 1 - axis] * across
        face = layer.high[mine, axis] + _OFF if far else layer.low[mine, axis] - _OFF
        points[mine, :, :, axis] = face[:, None, None]
    return points.reshape(-1, 3), np.arange(layer.count * count * 4).reshape(-1, 4)


def _fans(layer: Layer) -> tuple[Floats, NDArray[np.intp]]:
    """Discs on top of coolers, as many as their length and width suggest."""
    turn = 2 * np.pi * np.arange(2 * SIDES) / (2 * SIDES)
    ring = np.stack([np.cos(turn), np.sin(turn), 0 * turn], axis=1)
    discs = []
    for low, high in zip(layer.low, layer.high, strict=True):
        extent = (high - low)[:2]
        count = np.maximum(np.round(extent / FAN), 1).astype(int)
        pitch = extent / count
        x, y = np.meshgrid(
            *((np.arange(k) + 0.5) * p for k, p in zip(count, pitch, strict=True)), indexing="ij"
        )
        middle = np.stack([low[0] + x.ravel(), low[1] + y.ravel(), np.full(x.size, high[2] + 0.03)], axis=1)
        discs.append(middle[:, None] + 0.4 * pitch.min() * ring)
    points = np.vstack(discs).reshape(-1, 3)
    return points, np.arange(len(points)).reshape(-1, 2 * SIDES)


def lookup(scale: colors.Scale, factor: float = 1.0) -> Any:
    """The colours of a scale as a table of the drawing library, over values divided by ``factor``."""
    import pyvista

    table = pyvista.LookupTable()
    table.values = np.hstack([scale.lut(), np.full((colors.STEPS, 1), 255, dtype=np.uint8)])
    table.scalar_range = scale.low / factor, scale.high / factor
    table.nan_color = (*colors.NO_VALUE, 255)
    return table


def outline(plotter: Plotter, layers: list[Layer], color: str, width: float, *, name: str) -> Any:
    """The edges of some boxes, thick and seen through everything that stands before them."""
    import pyvista

    parts = [edges(replace(layer, low=layer.low - _OFF, high=layer.high + _OFF)) for layer in layers]
    return plotter.add_mesh(
        pyvista.merge(parts) if len(parts) > 1 else parts[0], color=color, line_width=width, lighting=False,
        pickable=False, name=name, render=False,
    )  # fmt: skip

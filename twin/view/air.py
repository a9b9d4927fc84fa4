"""The air of a hall in 3-D: cuts, a surface of one temperature, streamlines.  One mesh for each, whatever the grid.

Meshes carry ``temperature`` at their points, so that a colour bar with steps gives clean edges.  Cuts are drawn without
lighting, because a vertical plane in shade looks colder than it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.checks.wording import quantity
from twin.model.facility import Facility
from twin.results.fields import AnyField
from twin.view import colors, drawing, slices
from twin.view.colors import Scale
from twin.view.slices import HEIGHT, Cut

Floats = NDArray[np.float64]

WARM = 27.0
"""Temperature of the surface: upper end of the recommended range (ASHRAE TC 9.9, 2021, table 2.1). [degC]"""
LINES = 180
"""Streamlines in all halls of a picture: more hide one another (tried)."""
TUBE = 0.0009
"""Radius of a streamline over the diagonal of what is shown."""
CLOUD = 250_000
"""Most cells of the cloud of warm air."""
SLOW = 0.02
"""Speed at which a streamline ends, share of the highest."""
_RARE, _MOST = (
    0.002,
    0.7,
)  # least and largest share of the air that a surface may enclose to be worth a picture


@dataclass(frozen=True)
class View:
    """What is shown, and how."""

    height: float = HEIGHT
    """Of the horizontal cut above the hall's floor. [m]"""
    temperature: float | None = None
    """Of the surface; None for :func:`surface_temperature`. [degC]"""
    lines: int = LINES
    """Streamlines."""


VIEW = View()
"""What is shown unless something else is asked for."""


def cuts(facility: Facility, fields: Mapping[str, AnyField], view: View = VIEW) -> Any:
    """A horizontal cut and vertical ones along a cold and a hot aisle of every hall, in one mesh."""
    made = []
    for shell, field in slices.shells(facility, fields):
        planes = ((2, view.height), *slices.aisles(facility, shell))
        made += [part for axis, at in planes if (part := slices.cut(field, axis, at)) is not None]
    return _quads(made)


def plane(facility: Facility, fields: Mapping[str, AnyField], axis: int, at: float) -> Any:
    """A cut through all halls that it meets, in one mesh."""
    made = [slices.cut(field, axis, at) for _, field in slices.shells(facility, fields)]
    return _quads([part for part in made if part is not None])


def surface(facility: Facility, fields: Mapping[str, AnyField], view: View = VIEW) -> Any:
    """Where the air has one temperature, in one mesh; empty if it has it nowhere."""
    import pyvista

    at = surface_temperature(fields) if view.temperature is None else view.temperature
    parts = []
    for _, field in slices.shells(facility, fields):
        air = _grid(field, {"temperature": field.temperature}).extract_cells(
            _flat(np.isfinite(field.temperature))
        )
        part = air.cell_data_to_point_data().contour([at], scalars="temperature") if air.n_cells else None
        if part is not None and part.n_points:
            parts.append(part)
    return pyvista.merge(parts) if len(parts) > 1 else parts[0] if parts else pyvista.PolyData()


def surface_temperature(fields: Mapping[str, AnyField]) -> float:
    """Where the recommended range ends; two thirds up the range of the air where that would show nothing. [degC]"""
    known = [field.temperature[np.isfinite(field.temperature)] for field in fields.values()]
    values = np.concatenate(known) if known else np.zeros(0, np.float32)
    if not values.size:
        return WARM
    if _RARE < float((values > WARM).mean()) < _MOST:
        return WARM
    low, high = np.percentile(values, [0.5, 99.5]).tolist()
    return float(round(low + 2 / 3 * (high - low), 1))


def streams(facility: Facility, fields: Mapping[str, AnyField], view: View = VIEW) -> Any:
    """Streamlines as tubes in one mesh, begun where the air moves most; the same ones every time."""
    import pyvista

    shells = list(slices.shells(facility, fields))
    radius = TUBE * float(np.linalg.norm(np.subtract(*slices.bounds(facility, fields)))) if shells else TUBE
    parts = []
    for _, field in shells:
        seeds = seed(field, max(1, view.lines // len(shells)))
        if not len(seeds):
            continue
        known = np.isfinite(field.temperature)
        still = np.where(known[..., None], np.nan_to_num(field.velocity), 0)
        grid = _grid(field, {"velocity": still}).cell_data_to_point_data()
        grid.point_data["temperature"] = _flat(_corners(field.temperature))
        size = np.array([line[-1] - line[0] for line in field.grid.lines])
        lines = grid.streamlines_from_source(
            pyvista.PolyData(seeds), vectors="velocity", integration_direction="both",
            initial_step_length=0.3, max_step_length=0.5, step_unit="cl", max_steps=3000,
            max_length=float(1.2 * size[:2].max()), terminal_speed=SLOW * float(np.linalg.norm(still, axis=-1).max()),
        )  # fmt: skip
        if lines.n_cells:
            parts.append(lines.tube(radius=radius, n_sides=6))
    return pyvista.merge(parts) if len(parts) > 1 else parts[0] if parts else pyvista.PolyData()


def seed(field: AnyField, count: int) -> Floats:
    """Middles of cells, (n, 3): the faster the air in a part of the room, the more of them. [m]"""
    x, y, z = (np.diff(line) for line in field.grid.lines)
    volume = x[:, None, None] * y[:, None] * z
    speed = np.linalg.norm(field.velocity, axis=-1)
    weight = np.where(np.isfinite(speed) & np.isfinite(field.temperature), speed, 0) * volume
    total = np.cumsum(weight.ravel())
    if not total[-1] > 0:
        return np.zeros((0, 3))
    # shuffled before it is walked along in equal steps, so that no axis of the grid shows in the picture
    order = np.random.default_rng(1).permutation(total.size)
    total = np.cumsum(weight.ravel()[order])
    chosen = np.unique(order[np.searchsorted(total, (np.arange(count) + 0.5) / count * total[-1])])
    places = np.unravel_index(chosen, weight.shape)
    middles = [(line[1:] + line[:-1]) / 2 for line in field.grid.lines]
    return np.stack([line[at] for line, at in zip(middles, places, strict=True)], axis=-1)


SHOWN: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "air_slices": (cuts, {"lighting": False}),
    "air_surface": (surface, {"ambient": 0.45, "diffuse": 0.55, "smooth_shading": True, "opacity": 0.75}),
    "air_streams": (streams, {"ambient": 0.6, "diffuse": 0.4, "smooth_shading": True}),
}
"""Pictures by name: what makes the mesh, and how it is drawn."""


def add(
    plotter: Any,
    name: str,
    facility: Facility,
    fields: Mapping[str, AnyField],
    scale: Scale,
    *,
    view: View = VIEW,
) -> Any:
    """Add what a picture shows of the air to a plotter; returns the actor, None if there is nothing to see."""
    make, look = SHOWN[name]
    return show(plotter, make(facility, fields, view), scale, name=name, **look)


def volume(
    plotter: Any, facility: Facility, fields: Mapping[str, AnyField], scale: Scale, *, name: str
) -> Any:
    """Add the warm air as a cloud, the denser the warmer; None if no hall has a field.

    Halls lie in one grid of equal cells, so that one actor shows all of them.
    """
    import pyvista

    found = list(slices.shells(facility, fields))
    known = [field for _, field in found if np.isfinite(field.temperature).any()]
    if not known:
        return None
    low, high = slices.bounds(facility, fields)
    step = float(np.cbrt(np.prod(high - low) / CLOUD))
    counts = np.maximum(np.ceil((high - low) / step), 2).astype(int)
    middles = [low[n] + (np.arange(counts[n]) + 0.5) * (high - low)[n] / counts[n] for n in range(3)]
    values = np.full(tuple(counts), scale.low, dtype=np.float32)
    for _, field in found:
        lines = field.grid.lines
        inside = [
            np.flatnonzero((m >= line[0]) & (m <= line[-1])) for m, line in zip(middles, lines, strict=True)
        ]
        cells = [
            np.clip(np.searchsorted(line, m[at], side="right") - 1, 0, line.size - 2)
            for m, at, line in zip(middles, inside, lines, strict=True)
        ]
        values[np.ix_(*inside)] = np.nan_to_num(field.temperature[np.ix_(*cells)], nan=scale.low)
    grid = pyvista.ImageData(dimensions=counts + 1, spacing=(high - low) / counts, origin=low)
    grid.cell_data["temperature"] = _flat(values)
    begin = (warm(fields) - scale.low) / (scale.high - scale.low)
    share = np.linspace(0, 1, 256)
    dense = np.where(share < begin, 0.0, 18 + 90 * (share - begin) / max(1 - begin, 1e-6))
    return plotter.add_volume(
        grid, scalars="temperature", cmap=[colors.css(color) for color in scale.lut()], clim=(scale.low, scale.high),
        opacity=dense.astype(np.uint8), opacity_unit_distance=1.5, show_scalar_bar=False, name=name, pickable=False,
        render=False,
    )  # fmt: skip


def warm(fields: Mapping[str, AnyField]) -> float:
    """Temperature from which air is shown as a cloud. [degC]"""
    return surface_temperature(fields)


def show(plotter: Any, mesh: Any, scale: Scale, **look: Any) -> Any:
    """Add a mesh with temperatures; None if it is empty."""
    if not mesh.n_points:
        return None
    return plotter.add_mesh(
        mesh, scalars="temperature", cmap=drawing.lookup(scale), show_scalar_bar=False, pickable=False,
        interpolate_before_map=True, **look,
    )  # fmt: skip


def remark(name: str, fields: Mapping[str, AnyField], view: View = VIEW) -> str:
    """What the heading adds for a picture."""
    if name == "air_slices":
        return f"cuts at {view.height:.1f} m and along a cold and a hot aisle"
    if name == "air_surface":
        at = surface_temperature(fields) if view.temperature is None else view.temperature
        return f"surface where the air has {quantity(at, 'temperature')}"
    return "lines along which the air moves"


def _quads(parts: list[Cut]) -> Any:
    """The finite cells of cuts as one mesh of quadrangles."""
    import pyvista

    points, values = [np.zeros((0, 4, 3))], [np.zeros((0, 4), np.float32)]
    for part in parts:
        place, there = part.points(), np.isfinite(part.temperature)
        own = slices.corners_of(part.temperature)[there]
        sides = place[:-1, :-1], place[1:, :-1], place[1:, 1:], place[:-1, 1:]
        points.append(np.stack([side[there] for side in sides], axis=1))
        values.append(np.stack([own[:, 0, 0], own[:, 1, 0], own[:, 1, 1], own[:, 0, 1]], axis=1))
    corners = np.concatenate(points)
    if not len(corners):
        return pyvista.PolyData()
    quads = np.arange(corners.shape[0] * 4).reshape(
        -1, 4
    )  # corners are not shared: colours may jump at a panel
    mesh = pyvista.PolyData.from_regular_faces(corners.reshape(-1, 3), quads)
    mesh.point_data["temperature"] = np.concatenate(values).ravel()
    return mesh


def _grid(field: AnyField, values: Mapping[str, NDArray[Any]]) -> Any:
    import pyvista

    grid = pyvista.RectilinearGrid(*field.grid.lines)
    for name, array in values.items():
        grid.cell_data[name] = _flat(array)
    return grid


def _flat(values: NDArray[Any]) -> NDArray[Any]:
    """Cells in the order of the drawing library: x fastest."""
    return np.moveaxis(values, (0, 1, 2), (2, 1, 0)).reshape(-1, *values.shape[3:])


def _corners(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of the finite cells around every corner, (nx + 1, ny + 1, nz + 1)."""
    padded = np.pad(values, 1, constant_values=np.nan)
    known = np.isfinite(padded)
    total, count = np.where(known, padded, 0), known.astype(np.float32)
    for axis in range(3):
        low = [slice(None)] * 3
        high = [slice(None)] * 3
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        total = total[tuple(low)] + total[tuple(high)]
        count = count[tuple(low)] + count[tuple(high)]
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)

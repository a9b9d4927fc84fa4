"""The drawing of the interactive window: one mesh for each layer, their colours, names of rows, outlines, section box.

Nothing here knows of results; :class:`twin.view.desktop.pane.Window` tells what is to be shown.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

from twin.view import colors, legend, shade
from twin.view.desktop.clipping import Clipping
from twin.view.desktop.eye import Eye
from twin.view.desktop.hud import Hud
from twin.view.drawing import Plotter, add_layer, outline, plain, wires
from twin.view.paints import Paint, box_colors
from twin.view.scene import Layer, Scene
from twin.view.theme import Theme

HIDDEN = ("trays", "busways", "pipes_supply", "pipes_return")
"""Layers that are off until they are switched on or painted: they hang over the racks."""
FINE = 3000
"""Boxes of a layer from which its edges are left out: nobody sees them, and every picture takes longer."""
LABELS = 60
"""Names of rows and groups that are shown at once."""


@dataclasses.dataclass
class Canvas:
    """Meshes of a scene on a plotter."""

    plotter: Plotter
    scene: Scene
    theme: Theme
    meshes: dict[str, Any] = dataclasses.field(default_factory=dict, kw_only=True)
    """Boxes of each layer, coloured by ``cell_data["color"]``."""
    actors: dict[str, list[Any]] = dataclasses.field(default_factory=dict, kw_only=True)
    names: Any = dataclasses.field(default=None, kw_only=True)
    """The actor of the names of rows and groups."""
    labelled: bool = dataclasses.field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        """What is worked out once."""
        self.hud = Hud(self.plotter, self.theme)
        self.eye = Eye(self.plotter, self.scene)
        self.clipping = Clipping(self.plotter)

    def build(self) -> None:
        """Add all layers and names, and aim the camera."""
        view = self.eye.whole("iso")
        for layer in self.scene.layers:
            fine = layer.count <= FINE
            mesh, actors = add_layer(
                self.plotter, layer, np.full((layer.count, 3), 128, dtype=np.uint8), theme=self.theme,
                wires=wires(layer, view, self.hud.size) if fine else 0.0, trimmed=fine,
            )  # fmt: skip
            self.meshes[layer.name], self.actors[layer.name] = mesh, actors
            self.show(layer.name, layer.name not in HIDDEN)
        shadow = shade.ground(self.scene, self.theme, shade.CAST, most=shade.fine(self.hud.size))
        if shadow is not None:
            self.plotter.add_mesh(
                shadow[0], texture=shadow[1], lighting=False, pickable=False, name="shadow", render=False
            )
        self.eye.point(view)
        self._name()
        self.hud.bands()  # over the names, and under all other words

    def colour(self, paints: list[Paint], out: Iterable[str]) -> None:
        """Colour the boxes of all layers; a layer that is off comes on when it is painted."""
        for layer in self.scene.layers:
            box_color = box_colors(layer, paints, out, self.theme)
            if box_color is None:
                box_color = np.broadcast_to(_plain(layer, self.theme), (layer.count, 3))
            elif layer.name in HIDDEN:
                self.show(layer.name, True)
            mesh = self.meshes[layer.name]
            mesh.cell_data["color"] = box_color[mesh.cell_data["box"]]
            mesh.Modified()

    def outline(self, groups: Iterable[tuple[Iterable[str], str, float]]) -> None:
        """Edges of some things (names, colour, width; the last ones on top), where their layers are seen."""
        hidden = [name for name, actors in self.actors.items() if not actors[0].GetVisibility()]
        for number, (names, color, width) in enumerate(groups):
            self.plotter.remove_actor(f"kin {number}", render=False)
            boxes = [layer for layer in self.scene.of(*names) if layer.name not in (*hidden, "floor")]
            if boxes:
                self.clipping.include(outline(self.plotter, boxes, color, width, name=f"kin {number}"))

    def at(self, actor: Any, cell: int) -> str:
        """The owner of a cell of a layer's mesh; empty beside everything."""
        for layer in self.scene.layers:
            if self.actors[layer.name][0] is actor and 0 <= cell < self.meshes[layer.name].n_cells:
                return layer.ids[int(self.meshes[layer.name].cell_data["box"][cell])]
        return ""

    def seen(self, x: float, y: float) -> tuple[Any, int]:
        """What is seen at a pixel from the lower left: its actor and cell."""
        from pyvista import _vtk

        picker = _vtk.vtkCellPicker()
        picker.SetTolerance(0.0005)
        picker.Pick(x, y, 0, self.plotter.renderer)
        return picker.GetActor(), picker.GetCellId()

    def look(self, preset: str) -> None:
        """Go to a preset view of the halls."""
        self.eye.look(preset)

    def show(self, layer: str, visible: bool) -> None:
        """Switch a layer."""
        for actor in self.actors.get(layer, ()):
            actor.SetVisibility(bool(visible))
        self.hud.check(layer, visible)

    def section(self, low: Any = None, high: Any = None) -> None:
        """Show only what lies in a box [m]; everything without one."""
        self.clipping.cut([actor for actors in self.actors.values() for actor in actors], low, high)
        self.plotter.render()

    def name_rows(self, shown: bool) -> None:
        """Show or hide the names of rows and groups, or of halls if there are several."""
        self.labelled = shown
        if self.names is not None:
            self.names.SetVisibility(shown)
        self.plotter.render()

    def _name(self) -> None:
        """Add the names; later they are only switched, because what is added last lies on top."""
        kinds = ("hall",) if len(self.scene.hall_low) > 1 else ("row", "group")
        labels = [label for label in self.scene.labels if label.kind in kinds][:LABELS]
        if labels:
            self.names = self.plotter.add_point_labels(
                np.array([label.position for label in labels]),
                [legend.clipped(label.text, 32) for label in labels], name="names", font_size=13, bold=False,
                font_file=legend.font_file("".join(label.text for label in labels)), text_color=self.theme.ink,
                show_points=False, shape="rounded_rect", shape_color=self.theme.card, shape_opacity=0.8,
                margin=3, always_visible=True, render=False, reset_camera=False,
            )  # fmt: skip


def _plain(layer: Layer, theme: Theme) -> np.ndarray:
    return np.round(255 * np.array(colors.rgb(plain(layer, theme)))).astype(np.uint8)

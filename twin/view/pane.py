"""What stands in the interactive window: layers, quantities, states, findings, time, air; things to pick, find and follow.

Every method does what a key or a widget does, so that all of it can be driven off screen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.model.facility import Facility
from twin.results.fields import AnyField
from twin.results.results import Finding, Results, Verdict
from twin.view import airing, colors, legend, shade, spotlight, telling
from twin.view.airing import Airing
from twin.view.clipping import Clipping
from twin.view.drawing import Plotter, add_layer, outline, plain, wires
from twin.view.eye import Eye
from twin.view.finder import Finder
from twin.view.hud import Hud
from twin.view.kin import Family
from twin.view.paints import Paint, box_colors, caption, painted
from twin.view.pictures import marks
from twin.view.scene import FIELDS, Layer, Scene
from twin.view.theme import Theme
from twin.view.timeline import Timeline, timelines

HIDDEN = ("trays", "busways", "pipes_supply", "pipes_return")
"""Layers that are off until they are switched on or painted: they hang over the racks."""
FINE = 3000
"""Boxes of a layer from which its edges are left out: nobody sees them, and every picture takes longer."""
BESIDE = 0.3
"""How far around a row the section box lies that isolates it. [m]"""
LABELS = 60
"""Names of rows and groups that are shown at once."""


@dataclasses.dataclass
class Window:
    """The state of a window and what its keys do."""

    plotter: Plotter
    facility: Facility
    results: Results
    verdict: Verdict | None
    scene: Scene
    field: str
    scenario: int
    theme: Theme
    fields: Mapping[str, AnyField] = dataclasses.field(default_factory=dict)
    """Air of the halls that have a field; it is that of the normal state."""
    meshes: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Boxes of each layer, coloured by ``cell_data["color"]``."""
    actors: dict[str, list[Any]] = dataclasses.field(default_factory=dict)
    names: Any = None
    """The actor of the names of rows and groups."""
    picked: str = ""
    finding: int = -1
    """Of :attr:`findings`; -1 for none."""
    clock: int = -1
    """Of :attr:`timelines`; -1 for the state alone."""
    step: int = 0
    """Of the timeline that is followed."""
    scrolled: int = 0
    """First line of the panel."""
    labelled: bool = True
    helped: bool = False

    def __post_init__(self) -> None:
        """What is worked out once."""
        self.hud = Hud(self.plotter, self.theme)
        self.eye = Eye(self.plotter, self.scene)
        self.family = Family(self.facility)
        self.airing = Airing(self.plotter, self.facility, self.fields)
        self.clipping = Clipping(self.plotter)
        self.timelines: tuple[Timeline, ...] = timelines(self.results)
        owners = (name for layer in self.scene.layers if layer.name != "walls" for name in layer.ids)
        self.finder = Finder.over((*owners, *self.facility.by_id))
        self.findings: tuple[Finding, ...] = self.verdict.findings if self.verdict is not None else ()

    # -- drawing ---------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Add all layers, aim the camera, paint."""
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
        self.paint()

    def paint(self) -> None:
        """Colour all layers for the quantity, the state and the time, and say so."""
        paints = self._paints()
        out = self.results.scenarios[self.scenario].out
        for layer in self.scene.layers:
            box_color = box_colors(layer, paints, out, self.theme)
            if box_color is None:
                box_color = np.broadcast_to(_plain(layer, self.theme), (layer.count, 3))
            elif layer.name in HIDDEN:
                self.show(layer.name, True)
            mesh = self.meshes[layer.name]
            mesh.cell_data["color"] = box_color[mesh.cell_data["box"]]
            mesh.Modified()
        self._words(paints[0])

    def _paints(self) -> list[Paint]:
        wanted = [(self.field, (self.field,), "")]
        paints = painted(self.facility, self.results, self.scenario, wanted, None, self.verdict)
        followed = self.followed
        values = followed.values(self.field, self.step) if followed is not None else None
        if values is not None:
            paints = [dataclasses.replace(paints[0], values=dict.fromkeys(paints[0].values, values))]
        return paints

    @property
    def followed(self) -> Timeline | None:
        """The timeline whose slider is shown."""
        return self.timelines[self.clock] if self.clock >= 0 else None

    def refresh(self) -> None:
        """Paint again and describe the picked thing in the new state."""
        self.paint()
        if self.picked:
            self.tell(self.picked)
        self.plotter.render()

    # -- what is shown ---------------------------------------------------------------------------------------

    @property
    def offered(self) -> list[str]:
        """Quantities that something in this facility has."""
        known = [name for name in FIELDS if any(self.scene.layer(layer) for layer in FIELDS[name].layers)]
        judged = self.verdict is not None and bool(self.verdict.tightest)
        return [*known, *([colors.MARGIN] if judged else [])]

    def step_field(self, step: int) -> None:
        """The next or an earlier quantity."""
        if self.offered:
            here = self.offered.index(self.field) if self.field in self.offered else 0
            self.field = self.offered[(here + step) % len(self.offered)]
            self.refresh()

    def step_state(self, step: int) -> None:
        """The next or an earlier state."""
        self.scenario = (self.scenario + step) % len(self.results.scenarios)
        self.refresh()

    def step_finding(self, step: int) -> None:
        """The next or an earlier finding: its state, what it is about, the thing in the middle and its neighbours."""
        if not self.findings:
            return
        start = self.finding if self.finding >= 0 else (-1 if step > 0 else 0)
        self.finding, self.scrolled = (start + step) % len(self.findings), 0
        finding = self.findings[self.finding]
        self.scenario = self._state(finding)
        picture = spotlight.pictured(finding, self.verdict, self.scene) if self.verdict is not None else None
        if picture is not None and picture.paints:
            self.field = picture.paints[0][0]
        self.picked = self.family.owner(finding.subject)
        self.eye.aside = True
        self.eye.fly(self.picked, finding.position)
        self.refresh()

    def _state(self, finding: Finding) -> int:
        """The state of a finding; the one shown where it is about the design as placed or a whole year."""
        names = [scenario.name for scenario in self.results.scenarios]
        return names.index(finding.scenario) if finding.scenario in names else self.scenario

    def step_timeline(self, step: int) -> None:
        """The next thing that is followed in time, or none."""
        self.clock = (self.clock + 1 + step) % (len(self.timelines) + 1) - 1
        self.step = 0
        followed = self.followed
        if followed is None:
            self.hud.slider("time", None, 0, 1, 0)
        else:
            if self.field not in followed.paints and followed.paints:
                self.field = next(iter(followed.paints))
            last = float(len(followed.times) - 1)
            self.hud.slider("time", self.to_step, 0.0, last, 0.0)
        self.refresh()

    def to_step(self, step: float) -> None:
        """Go to a time of the timeline, by its number."""
        followed = self.followed
        if followed is None:
            return
        wanted = int(np.clip(round(float(step)), 0, len(followed.times) - 1))
        if wanted != self.step:
            self.step = wanted
            self.hud.slide("time", wanted)
            self.refresh()

    # -- air -------------------------------------------------------------------------------------------------

    @property
    def air(self) -> str:
        """What of the air is shown, one of :data:`twin.view.airing.AIR`."""
        return self.airing.shown

    def step_air(self, step: int) -> None:
        """The next or an earlier view of the air, if there is a field."""
        if self.fields:
            self.airing.turn(step)
            self.breathe()
            cut = self.airing.reach()
            if cut is None:
                self.hud.slider("cut", None, 0, 1, 0, right=True)
            else:
                self.hud.slider("cut", self.cut_at, *cut, self.airing.place(), right=True)
            self.plotter.render()

    def move_cut(self, steps: int) -> None:
        """Move the cut through the air along its normal, at most to the wall."""
        cut = self.airing.reach()
        if cut is not None:
            self.cut_at(self.airing.place() + steps * airing.STEP * (cut[1] - cut[0]))

    def cut_at(self, place: float) -> None:
        """Cut the air somewhere along the normal. [m]"""
        if self.airing.move(place):
            self.hud.slide("cut", self.airing.place())
            self.breathe()
            self.plotter.render()

    def breathe(self) -> Any:
        """Show the air as it is asked for; the actor, None if there is nothing to see."""
        actor = self.airing.draw()
        if actor is not None:
            self.clipping.include(actor)
        self._words(self._paints()[0])
        return actor

    # -- things ----------------------------------------------------------------------------------------------

    def pick(self, actor: Any, cell: int) -> str:
        """The owner of a cell of a layer's mesh, described in the panel; empty beside everything."""
        for layer in self.scene.layers:
            if self.actors[layer.name][0] is actor and 0 <= cell < self.meshes[layer.name].n_cells:
                self.finding, self.scrolled = -1, 0
                self.tell(layer.ids[int(self.meshes[layer.name].cell_data["box"][cell])])
                return self.picked
        return ""

    def pick_at(self, x: float, y: float) -> str:
        """The owner of what is seen at a pixel from the lower left."""
        from pyvista import _vtk

        picker = _vtk.vtkCellPicker()
        picker.SetTolerance(0.0005)
        picker.Pick(x, y, 0, self.plotter.renderer)
        return self.pick(picker.GetActor(), picker.GetCellId())

    def tell(self, name: str) -> None:
        """Describe a thing in the panel, and outline it and its kin."""
        self.picked = name
        self.eye.aside = True
        kin, owner = self.family.of(name), self.family.owner(name)
        lines: list[str] = []
        if self.finding >= 0:
            finding = self.findings[self.finding]
            lines += [f"Finding {self.finding + 1} of {len(self.findings)}", *telling.told(finding), ""]
        head, *rest = telling.head(self.facility, self.results, owner, self.scenario)
        lines += [*rest, *telling.neighbours(kin)]
        if self.followed is not None:
            lines += self.followed.of(owner, self.step)
        if self.verdict is not None:
            lines += telling.findings(self.verdict, owner)
        if self.results.settled[self.scenario]:
            lines += ["", *telling.quantities(self.results, owner, self.scenario)]
        else:
            lines += ["", telling.UNSETTLED]
        beyond = self.hud.panel(lines, legend.clipped(head, 60), self.scrolled)
        self.scrolled = min(self.scrolled, beyond)
        self._outline(kin.up, kin.down)

    def scroll(self, lines: int) -> None:
        """Move the panel's text."""
        if self.picked:
            self.scrolled = max(self.scrolled + lines, 0)
            self.tell(self.picked)
            self.plotter.render()

    def forget(self) -> None:
        """Nothing is picked."""
        self.picked, self.finding, self.scrolled = "", -1, 0
        self.eye.aside = False
        self.hud.panel([])
        self._outline((), ())
        self.plotter.render()

    def _outline(self, up: tuple[str, ...], down: tuple[str, ...]) -> None:
        """Edges of the picked thing, of what serves it and of what it serves, where their layers are seen."""
        hidden = [name for name, actors in self.actors.items() if not actors[0].GetVisibility()]
        groups = (
            (down, self.theme.downstream, 2.0),
            (up, self.theme.upstream, 2.0),
            ((self.family.owner(self.picked),) if self.picked else (), self.theme.accent, 5.0),
        )
        for number, (names, color, width) in enumerate(groups):
            self.plotter.remove_actor(f"kin {number}", render=False)
            boxes = [layer for layer in self.scene.of(*names) if layer.name not in (*hidden, "floor")]
            if boxes:
                self.clipping.include(outline(self.plotter, boxes, color, width, name=f"kin {number}"))

    def find(self, name: str) -> bool:
        """Go to a thing by its name; False if it has no place."""
        if not self.scene.of(name):
            return False
        self.finding, self.scrolled = -1, 0
        self.eye.aside = True
        self.eye.fly(name)
        self.tell(name)
        self.plotter.render()
        return True

    # -- layers and names ------------------------------------------------------------------------------------

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

    def isolate(self) -> bool:
        """Show only the row of what is picked, or the thing itself if it stands in none; False without one."""
        machine = self.facility.by_id.get(self.family.owner(self.picked))
        row = machine.row if machine is not None else None
        names = [m.id for m in self.facility.machines if row and m.row == row] or [self.picked]
        boxes = self.scene.of(*names)
        if not self.picked or not boxes:
            return False
        low = np.min([layer.low.min(axis=0) for layer in boxes], axis=0) - BESIDE
        self.section(low, np.max([layer.high.max(axis=0) for layer in boxes], axis=0) + BESIDE)
        return True

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

    def controls(self) -> None:
        """Keys, check boxes and picking."""
        from twin.view import keys

        self.hud.layers(
            (
                (
                    layer.name,
                    layer.style.label,
                    layer.style.color,
                    bool(self.actors[layer.name][0].GetVisibility()),
                )
                for layer in self.scene.layers
            ),
            self._switched,
        )
        keys.wire(self)

    def _switched(self, layer: str, visible: bool) -> None:
        self.show(layer, visible)
        if self.picked:
            kin = self.family.of(self.picked)
            self._outline(kin.up, kin.down)

    def _words(self, part: Paint) -> None:
        """Title, notes and colour bar."""
        line = caption(self.results, self.scenario, self.verdict)
        number = f"state {self.scenario + 1} of {len(self.results.scenarios)}"
        self.hud.title(self.facility.name, [f"{line}   |   {number}"])
        followed = self.followed
        notes = [followed.told(self.step)] if followed is not None else []
        notes += [self.airing.told(self.results.scenarios[self.scenario].normal)] if self.air else []
        self.hud.note("   |   ".join(notes))
        kin = "blue outline: serves it    brown outline: served by it    " if self.picked else ""
        self.hud.hint(f"{kin}h: help    /: find    f: findings")
        self.hud.bar(part.scale, marks(part, self.facility))


def _plain(layer: Layer, theme: Theme) -> np.ndarray:
    return np.round(255 * np.array(colors.rgb(plain(layer, theme)))).astype(np.uint8)

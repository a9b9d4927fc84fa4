"""The interactive window: layers to switch, fields and states to step through, racks to pick.

:func:`build_window` makes the plotter without showing it, :func:`describe` the text about a picked thing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from twin.checks.places import Places
from twin.checks.wording import quantity
from twin.model.facility import Facility
from twin.results.fields import AnyField
from twin.results.quantities import QUANTITIES
from twin.results.results import Results, Verdict
from twin.view import air, colors, gl, legend, slices
from twin.view.camera import Camera, fitted
from twin.view.paints import Paint, box_colors, caption, painted
from twin.view.pictures import Plotter, add_layer, aim, shine
from twin.view.scene import FIELDS, Layer, Scene, build

SIZE = (1500, 900)
HIDDEN = ("trays", "busways", "pipes_supply", "pipes_return")
"""Layers that are off until they are switched on or painted: they hang over the racks."""
PALE = 0.55
"""How far towards white the colour of what is not painted goes."""
KEYS = (
    "Keys: n / b next or previous field, right / left arrow next or previous state,\n"
    "1 iso  2 plan  3 south  4 east  5 west; click a thing to read about it"
)
AIR_KEYS = "\ng air: cut at a height, across x, across y, streamlines,\nsurface, none; u / d move the cut"
STEP = 0.04
"""How far the cut through the air moves at a stroke, share of the hall."""
AIR = ("", "z", "x", "y", "air_streams", "air_surface")
"""What of the air is shown, in the order of the key: nothing, a cut by the axis of its normal, lines, a surface."""
_TABLES = ("rack", "rear_door", "cdu", "crah", "plant", "pump", "power", "loop", "hall")
_MOST = 40  # lines of the text panel


def open_window(
    facility: Facility,
    results: Results,
    verdict: Verdict | None = None,
    *,
    field: str = "rack.inlet_temperature",
    scenario: int = 0,
    fields: Mapping[str, AnyField] | None = None,
) -> None:
    """Show the window and return when it is closed.

    Raises
    ------
    twin.view.gl.NoGraphics
        If this machine cannot draw.
    """
    gl.require()
    plotter = build_window(facility, results, verdict, field=field, scenario=scenario, fields=fields)
    plotter.show(title=f"twin: {facility.name}")


def build_window(
    facility: Facility,
    results: Results,
    verdict: Verdict | None = None,
    *,
    field: str = "rack.inlet_temperature",
    scenario: int = 0,
    fields: Mapping[str, AnyField] | None = None,
    off_screen: bool = False,
    size: tuple[int, int] = SIZE,
) -> Plotter:
    """The plotter of the window, drawn and wired but not yet shown."""
    view = make_window(
        facility, results, verdict, field=field, scenario=scenario, fields=fields, off_screen=off_screen,
        size=size,
    )  # fmt: skip
    return view.plotter


def make_window(
    facility: Facility,
    results: Results,
    verdict: Verdict | None = None,
    *,
    field: str = "rack.inlet_temperature",
    scenario: int = 0,
    fields: Mapping[str, AnyField] | None = None,
    off_screen: bool = False,
    size: tuple[int, int] = SIZE,
) -> Window:
    """The window itself, whose methods do what its keys do; KeyError for a field that there is not."""
    gl.prepare()
    import pyvista

    plotter: Plotter = pyvista.Plotter(off_screen=off_screen, window_size=list(size), lighting="none")
    plotter.set_background("white")
    window = Window(
        plotter,
        facility,
        results,
        verdict,
        build(facility),
        FIELDS[field].name,
        scenario,
        fields=fields or {},
    )
    window.draw()
    window.controls()
    return window


def describe(
    facility: Facility, results: Results, verdict: Verdict | None, name: str, scenario: int = 0
) -> str:
    """What is known of a thing in a state: product, place, all quantities, findings."""
    lines = [*_head(facility, results, name, scenario)]
    if not results.settled[scenario]:
        lines.append("This state has no steady solution.")
    else:
        lines += _quantities(results, name, scenario)
    if verdict is not None:
        lines += _findings(verdict, name)
    return "\n".join(lines)


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
    meshes: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Boxes of each layer, coloured by ``cell_data["color"]``."""
    actors: dict[str, list[Any]] = dataclasses.field(default_factory=dict)
    boxes: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Check box of each layer."""
    picked: str = ""
    fields: Mapping[str, AnyField] = dataclasses.field(default_factory=dict)
    """Air of the halls that have a field; it is that of the normal state."""
    air: str = ""
    """One of :data:`AIR`."""
    cut: dict[str, float] = dataclasses.field(default_factory=dict)
    """Where the cut along each axis stands. [m]"""

    def draw(self) -> None:
        """Add all layers, aim the camera, paint."""
        for layer in self.scene.layers:
            mesh, actors = add_layer(self.plotter, layer, np.full((layer.count, 3), 128, dtype=np.uint8))
            self.meshes[layer.name], self.actors[layer.name] = mesh, actors
            self.show(layer.name, layer.name not in HIDDEN)
        self.look("iso")
        self.paint()

    def paint(self) -> None:
        """Colour all layers for the field and the state, and say so."""
        paints = self._paints()
        out = self.results.scenarios[self.scenario].out
        for layer in self.scene.layers:
            box_color = box_colors(layer, paints, out)
            if box_color is None:
                box_color = np.broadcast_to(_plain(layer), (layer.count, 3))
            else:
                self.show(layer.name, True)
            mesh = self.meshes[layer.name]
            mesh.cell_data["color"] = box_color[layer.face_box]
            mesh.Modified()
        self._words(paints[0])

    def _paints(self) -> list[Paint]:
        return painted(self.facility, self.results, self.scenario, [(self.field, (self.field,), "")])

    def step_field(self, step: int) -> None:
        """The next or an earlier field that this facility has."""
        offered = [name for name in FIELDS if any(self.scene.layer(layer) for layer in FIELDS[name].layers)]
        if offered:
            here = offered.index(self.field) if self.field in offered else 0
            self.field = offered[(here + step) % len(offered)]
            self.refresh()

    def step_air(self, step: int) -> None:
        """The next or an earlier view of the air, if there is a field."""
        if self.fields:
            self.air = AIR[(AIR.index(self.air) + step) % len(AIR)]
            self.breathe()
            self.plotter.render()

    def move_cut(self, steps: int) -> None:
        """Move the cut through the air along its normal, at most to the wall."""
        if self.fields and self.air in ("x", "y", "z"):
            low, high = self._reach(self.air)
            at = self._place(self.air) + steps * STEP * (high - low)
            self.cut[self.air] = float(np.clip(at, low + 1e-3, high - 1e-3))
            self.breathe()
            self.plotter.render()

    def breathe(self) -> Any:
        """Show the air as it is asked for; the actor, None if there is nothing to see."""
        self.plotter.remove_actor("air", render=False)
        scale, actor = slices.scale(self.facility), None
        if self.air in air.SHOWN:
            make, look = air.SHOWN[self.air]
            actor = air.show(self.plotter, make(self.facility, self.fields), scale, name="air", **look)
        elif self.air:
            mesh = air.plane(self.facility, self.fields, "xyz".index(self.air), self._place(self.air))
            actor = air.show(self.plotter, mesh, scale, name="air", lighting=False)
        self._words(self._paints()[0])
        return actor

    def _reach(self, axis: str) -> tuple[float, float]:
        low, high = slices.bounds(self.facility, self.fields)
        number = "xyz".index(axis)
        return float(low[number]), float(high[number])

    def _place(self, axis: str) -> float:
        """Where a cut stands: at rack height or in the middle until it is moved."""
        low, high = self._reach(axis)
        return self.cut.get(axis, slices.HEIGHT if axis == "z" else (low + high) / 2)

    def step_state(self, step: int) -> None:
        """The next or an earlier state."""
        self.scenario = (self.scenario + step) % len(self.results.scenarios)
        self.refresh()

    def refresh(self) -> None:
        """Paint again and describe the picked thing in the new state."""
        self.paint()
        if self.picked:
            self.tell(self.picked)
        self.plotter.render()

    def look(self, preset: str) -> None:
        """Go to a preset view of the halls."""
        low, high = self.scene.bounds(*(("floor",) if self.scene.layer("floor") else ()))
        width, height = self.plotter.window_size
        view: Camera = fitted(preset, low, np.maximum(high, low + 1.0), width / height, margin=1.25)
        if view.parallel is None:
            self.plotter.disable_parallel_projection()
        aim(self.plotter, view)
        self.plotter.renderer.remove_all_lights()
        shine(self.plotter, view)

    def show(self, layer: str, visible: bool) -> None:
        """Switch a layer."""
        for actor in self.actors[layer]:
            actor.SetVisibility(bool(visible))
        if layer in self.boxes:
            self.boxes[layer].GetRepresentation().SetState(int(visible))

    def pick(self, actor: Any, cell: int) -> str:
        """The owner of a cell of a layer's mesh, described in the panel; empty beside everything."""
        for layer in self.scene.layers:
            if self.actors[layer.name][0] is actor and 0 <= cell < 6 * layer.count:
                self.tell(layer.ids[int(layer.face_box[cell])])
                return self.picked
        return ""

    def tell(self, name: str) -> None:
        """Describe a thing in the panel."""
        self.picked = name
        lines = describe(self.facility, self.results, self.verdict, name, self.scenario).splitlines()
        text = "\n".join(legend.clipped(line, 48) for line in lines[:_MOST])
        self.plotter.add_text(
            text,
            position=(0.74, 0.06),
            viewport=True,
            font_size=8,
            color=legend.INK,
            name="panel",
            render=False,
        )

    def controls(self) -> None:
        """Keys, check boxes and picking."""
        for key, action in self._keys():
            self.plotter.add_key_event(key, action)
        if self.plotter.off_screen:
            return
        for number, layer in enumerate(self.scene.layers):
            y = 40.0 + 26 * number
            self.boxes[layer.name] = self.plotter.add_checkbox_button_widget(
                partial(self.show, layer.name), value=bool(self.actors[layer.name][0].GetVisibility()),
                position=(10.0, y), size=18, border_size=2, color_on=layer.style.color, color_off="white",
            )  # fmt: skip
            self.plotter.add_text(layer.style.label, position=(34.0, y - 1), font_size=8, color=legend.INK)
        self.plotter.track_click_position(self._clicked, side="left", double=False)

    def _clicked(self, *_: Any) -> None:
        """Find what lies under the mouse."""
        from pyvista import _vtk

        picker = _vtk.vtkCellPicker()
        picker.SetTolerance(0.0005)
        x, y = self.plotter.mouse_position
        picker.Pick(x, y, 0, self.plotter.renderer)
        if self.pick(picker.GetActor(), picker.GetCellId()):
            self.plotter.render()

    def _keys(self) -> Iterator[tuple[str, Callable[[], None]]]:
        yield "n", lambda: self.step_field(1)
        yield "b", lambda: self.step_field(-1)
        yield "Right", lambda: self.step_state(1)
        yield "Left", lambda: self.step_state(-1)
        yield "g", lambda: self.step_air(1)
        yield "u", lambda: self.move_cut(1)
        yield "d", lambda: self.move_cut(-1)
        for number, preset in enumerate(("iso", "plan", "south", "east", "west"), 1):
            yield str(number), partial(self._turn, preset)

    def _turn(self, preset: str) -> None:
        self.look(preset)
        self.plotter.render()

    def _words(self, part: Paint) -> None:
        """Title and colour bar."""
        line = caption(self.results, self.scenario, self.verdict)
        title = (
            f"{legend.clipped(self.facility.name, 90)}\n{part.scale.title}   |   {line}{self._air_words()}"
        )
        add = self.plotter.add_text
        add(title, position="upper_left", font_size=10, color=legend.INK, name="title", render=False)
        add(
            KEYS + (AIR_KEYS if self.fields else ""),
            position=(0.01, 0.005),
            viewport=True,
            font_size=7,
            color=legend.MUTED,
            name="keys",
            render=False,
        )
        self._bar(part)

    def _air_words(self) -> str:
        """What the colours of the air mean; those of the bar where it shows inlet air."""
        if not self.air:
            return ""
        state = "" if self.results.scenarios[self.scenario].normal else " of the normal state"
        if self.air in ("x", "y", "z"):
            return f"\nAir{state} at {self.air} = {self._place(self.air):.2f} m, colours of inlet air"
        return f"\nAir{state}: {air.remark(self.air, self.fields)}, colours of inlet air"

    def _bar(self, part: Paint) -> None:
        import pyvista

        for title in list(self.plotter.scalar_bars.keys()):
            self.plotter.remove_scalar_bar(title, render=False)
        scale = part.scale
        table = pyvista.LookupTable()
        table.values = np.hstack([scale.lut(), np.full((colors.STEPS, 1), 255, dtype=np.uint8)])
        table.scalar_range = scale.low / scale.factor, scale.high / scale.factor
        carrier = pyvista.DataSetMapper(pyvista.PolyData(np.zeros((1, 3))))
        carrier.lookup_table = table
        carrier.scalar_range = table.scalar_range
        self.plotter.add_scalar_bar(
            title=f"{scale.title}   (grey: no value)\n", mapper=carrier, n_labels=6, fmt="%.4g",
            width=0.36, height=0.06, position_x=0.36, position_y=0.02, color=legend.INK,
            title_font_size=13, label_font_size=12, render=False,
        )  # fmt: skip


def _head(facility: Facility, results: Results, name: str, scenario: int) -> Iterator[str]:
    yield name
    machine = facility.by_id.get(name)
    if machine is not None:
        yield f"{machine.type} ({machine.kind.replace('_', ' ')})"
        if machine.product.description:
            yield machine.product.description
    place = Places(facility).of(name)
    if place.name:
        yield place.name
    if place.mark is not None and place.mark.line:
        yield str(place.mark)
    state = results.scenarios[scenario]
    yield f"State: {state.name}" + ("; out of service" if name in state.out else "")


def _quantities(results: Results, name: str, scenario: int) -> Iterator[str]:
    for table_name in _TABLES:
        table = results.tables.get(table_name)
        if table is None or name not in table.ids:
            continue
        column = table.index(name)
        for key, values in table.values.items():
            about = QUANTITIES.get(f"{table_name}.{key}")
            if about is not None:
                yield f"{about.label}: {_said(float(values[scenario, column]), about.dimension)}"


def _said(value: float, dimension: str) -> str:
    if not np.isfinite(value):
        return "no value"
    if dimension == "flag":
        return "yes" if value > 0 else "no"
    return quantity(value, dimension)


def _findings(verdict: Verdict, name: str) -> Iterator[str]:
    for finding in verdict.findings:
        if finding.subject == name or finding.subject.startswith(f"{name}.in"):
            tone = "waived" if finding.waived else finding.severity
            yield f"{finding.code} ({tone}): {finding.message}"


def _plain(layer: Layer) -> np.ndarray:
    color = np.array(colors.rgb(layer.style.color))
    return np.round(255 * (color + (1 - color) * PALE)).astype(np.uint8)

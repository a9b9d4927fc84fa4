"""Words and widgets on the window: title, colour bar, panel, list of layers, help; every place is told in pixels.

Nothing here knows what is shown; the window says what to write, this module where.  The layout holds from 1200 x 700
upwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

import numpy as np

from twin.view import colors, legend
from twin.view.colors import Scale
from twin.view.drawing import Plotter, lookup
from twin.view.theme import Theme

EDGE = 18
"""Between the window's border and words. [pixel]"""
PANEL = 400
"""Width of the panel on the right. [pixel]"""
HEAD = 74
"""Height of the title. [pixel]"""
FOOT = 104
"""Height of what stands at the bottom: colour bar, sliders. [pixel]"""
NOTE = 30
"""Height of the line above that. [pixel]"""
ROW = 23
"""From one layer's name to the next. [pixel]"""
LAYERS = 226
"""Width of the list of layers. [pixel]"""
SOLID = 0.93
"""Opacity of what words stand on."""
TEXT, LINE, LETTER = 13, 1.27, 0.56
"""Letters [pixel], and line and mean letter over them."""
_BOX = 16  # check box of a layer [pixel]


@dataclass
class Hud:
    """Words on a plotter; names of actors are kept apart from those of meshes by ``hud``."""

    plotter: Plotter
    theme: Theme
    sliders: dict[str, Any] = field(default_factory=dict)
    boxes: dict[str, Any] = field(default_factory=dict)
    """Check box of each layer."""

    @property
    def size(self) -> tuple[int, int]:
        """Of the window. [pixel]"""
        width, height = self.plotter.window_size
        return int(width), int(height)

    def write(
        self,
        name: str,
        text: str,
        at: tuple[float, float],
        *,
        size: int = TEXT,
        color: str = "",
        bold: bool = False,
        top: bool = True,
        mono: bool = False,
        across: str = "left",
    ) -> Any:
        """Words whose upper (or lower) corner stands at a place from the lower left; None and none shown if empty."""
        if not text:
            self.plotter.remove_actor(f"hud {name}", render=False)
            return None
        actor = self.plotter.add_text(
            _plain(text), position=at, color=color or self.theme.ink, name=f"hud {name}", render=False,
            font_file=legend.font_file(text, mono=mono, bold=bold),
        )  # fmt: skip
        look = actor.prop
        look.font_size = size
        look.justification_vertical = "top" if top else "bottom"
        look.justification_horizontal = across
        look.SetLineSpacing(LINE - 0.02)
        return actor

    def plate(
        self,
        name: str,
        at: tuple[float, float],
        size: tuple[float, float],
        *,
        framed: bool = False,
        opacity: float = SOLID,
    ) -> None:
        """A rectangle behind words, by its lower left corner."""
        import pyvista
        from pyvista import _vtk

        (x, y), (wide, tall) = at, size
        spots = np.array(
            [[x, y, 0], [x + wide, y, 0], [x + wide, y + tall, 0], [x, y + tall, 0]], dtype=float
        )
        square: Any = np.array([[0, 1, 2, 3]])
        shapes = [("plate", pyvista.PolyData.from_regular_faces(spots, square), self.theme.card, opacity)]
        if framed:
            around = pyvista.PolyData(spots, lines=[5, 0, 1, 2, 3, 0])
            shapes.append(("frame", around, self.theme.line, 1.0))
        for kind, shape, color, opacity in shapes:
            mapper = _vtk.vtkPolyDataMapper2D()
            mapper.SetInputData(shape)
            actor = _vtk.vtkActor2D()
            actor.SetMapper(mapper)
            actor.GetProperty().SetColor(*colors.rgb(color))
            actor.GetProperty().SetOpacity(opacity)
            self.plotter.add_actor(
                actor, name=f"hud {kind} {name}", render=False, pickable=False, reset_camera=False
            )

    def unplate(self, name: str) -> None:
        """Take a rectangle away."""
        for kind in ("plate", "frame"):
            self.plotter.remove_actor(f"hud {kind} {name}", render=False)

    def bands(self) -> None:
        """What title and colour bar stand on."""
        width, height = self.size
        self.plate("head", (0, height - HEAD), (width, HEAD))
        self.plate("foot", (0, 0), (width, FOOT))

    def title(self, title: str, lines: Sequence[str]) -> None:
        """Upper left: what is shown, and of what."""
        width, height = self.size
        room = width - 2 * EDGE
        self.write("title", _fit(title, room, 20), (EDGE, height - 12), size=20, bold=True)
        text = "\n".join(_fit(line, room, 14) for line in lines)
        self.write("lines", text, (EDGE, height - 44), size=14, color=self.theme.muted)

    def panel(self, lines: Sequence[str], head: str = "", first: int = 0) -> int:
        """Right: what is told of a thing or a finding, from a line on; how many lines there are beyond."""
        width, height = self.size
        letters = int((PANEL - 2 * EDGE) / (TEXT * LETTER))
        most = max(int((height - HEAD - FOOT - NOTE - 100) / (TEXT * LINE)), 3)
        rows = [row for line in lines for row in (wrap(legend.clipped(line, 600), letters) or [""])]
        beyond = max(len(rows) - most, 0)
        first = min(max(first, 0), beyond)
        shown = rows[first : first + most]
        left, top = width - PANEL - EDGE, height - HEAD - 12
        if head:
            tall = len(shown) * TEXT * LINE + (84 if beyond else 60)
            self.plate("panel", (left, top - tall), (PANEL, tall), framed=True)
        else:
            self.unplate("panel")
        self.write(
            "panel head", _fit(head, PANEL - 2 * EDGE, 16), (left + EDGE, top - 12), size=16, bold=True
        )
        self.write("panel", "\n".join(shown), (left + EDGE, top - 42))
        more = (
            f"lines {first + 1} to {first + len(shown)} of {len(rows)}   page up, page down" if beyond else ""
        )
        self.write("panel more", more, (left + EDGE, top - 58 - len(shown) * TEXT * LINE), size=11,
                   color=self.theme.muted)  # fmt: skip
        return beyond

    def hint(self, text: str) -> None:
        """Lower left, in one line."""
        self.write(
            "hint", _fit(text, 0.5 * self.size[0], 12), (EDGE, 10), size=12, color=self.theme.muted, top=False
        )

    def note(self, text: str) -> None:
        """Above the colour bar: the time, or what is cut."""
        width, _ = self.size
        words = _fit(text, width - 4 * EDGE, 14)
        if words:
            self.plate("note", (0, FOOT), (width, NOTE))
        else:
            self.unplate("note")
        self.write("note", words, (EDGE, FOOT + 7), size=14, top=False)

    def card(self, name: str, text: str) -> None:
        """In the middle, over everything: help and search."""
        width, height = self.size
        lines = text.splitlines()
        wide = max((len(line) for line in lines), default=0) * 14 * 0.603 + 2 * EDGE
        tall = len(lines) * 14 * LINE + 2 * EDGE
        left, top = max((width - wide) / 2, EDGE), min((height + tall) / 2, height - 20)
        if text:
            self.plate(name, (left, top - tall), (wide, tall), framed=True, opacity=1.0)
        else:
            self.unplate(name)
        self.write(name, text, (left + EDGE, top - EDGE), size=14, mono=True)

    def layers(
        self, names: Iterable[tuple[str, str, str, bool]], switch: Callable[[str, bool], None]
    ) -> None:
        """Left: a check box and a name for each layer (name, label, colour, shown)."""
        _, height = self.size
        rows = list(names)
        self.plate("layers", (0, height - HEAD - 22 - ROW * len(rows)), (LAYERS, 22 + ROW * len(rows)))
        for number, (name, label, color, shown) in enumerate(rows):
            y = height - HEAD - 30 - ROW * number
            self.boxes[name] = self.plotter.add_checkbox_button_widget(
                _switching(switch, name), value=shown, position=(EDGE, y), size=_BOX, border_size=2,
                color_on=color, color_off=self.theme.sheet, background_color=self.theme.muted,
            )  # fmt: skip
            self.write(f"layer {name}", label, (EDGE + _BOX + 9, y + _BOX + 1), size=13)

    def check(self, layer: str, shown: bool) -> None:
        """Show in its box whether a layer is seen."""
        if layer in self.boxes:
            self.boxes[layer].GetRepresentation().SetState(int(shown))

    def bar(self, scale: Scale, limits: Sequence[tuple[float, str]] = ()) -> None:
        """Bottom, in the middle: the colour bar with its round values, and the limits in words."""
        import pyvista

        for title in list(self.plotter.scalar_bars.keys()):
            self.plotter.remove_scalar_bar(title, render=False)
        width, height = self.size
        carrier = pyvista.DataSetMapper(pyvista.PolyData(np.zeros((1, 3))))
        carrier.lookup_table = lookup(scale, scale.factor)
        carrier.scalar_range = carrier.lookup_table.scalar_range
        wide = min(560, width - 2 * PANEL - 4 * EDGE) if width > 1360 else 420
        left = (width - wide) / 2
        bar = self.plotter.add_scalar_bar(
            title=" ", mapper=carrier, n_labels=0, width=wide / width, height=36 / height, vertical=False,
            position_x=left / width, position_y=36 / height, color=self.theme.ink, render=False,
        )  # fmt: skip
        bar.SetBarRatio(0.6)
        bar.SetTitleRatio(0.0)
        ticks = [0.25, 0.75] if scale.map == "flag" else scale.ticks()
        for number in range(16):
            text, x = "", 0.0
            if number < len(ticks):
                share = (ticks[number] - scale.low) / (scale.high - scale.low)
                text = ("no", "yes")[number] if scale.map == "flag" else scale.text(ticks[number])
                x = left + wide * share
            self.write(f"tick {number}", text, (x, 36), size=12, across="center")
        over = ", above 100 %: overload" if scale.map in colors.LOADS else ""
        self.write(
            "bar", f"{scale.title}   (grey: no value{over})", (width / 2, 90), size=14, across="center"
        )
        marked = "   ".join(words for _, words in list(limits)[:3] if words != "limit")
        text = _fit(f"limits: {marked}", 0.45 * width, 12) if marked else ""
        self.write("limits", text, (width - EDGE, 10), size=12, color=self.theme.muted, top=False,
                   across="right")  # fmt: skip

    def slider(
        self,
        name: str,
        moved: Callable[[float], None] | None,
        low: float,
        high: float,
        value: float,
        *,
        right: bool = False,
    ) -> None:
        """A slider at the bottom, left or right of the colour bar; None takes it away."""
        old = self.sliders.pop(name, None)
        if old is not None:
            old.Off()
        if moved is None or not high > low:
            return
        width, _ = self.size
        begin, end = (0.74, 1 - EDGE / width) if right else (EDGE / width, 0.26)
        y = 66 / self.size[1]
        widget = self.plotter.add_slider_widget(
            moved, (low, high), value=value, pointa=(begin, y), pointb=(end, y), style="modern",
            color=self.theme.ink, interaction_event="always", slider_width=0.02, tube_width=0.006,
        )  # fmt: skip
        shape = widget.GetRepresentation()
        shape.ShowSliderLabelOff()
        shape.GetTubeProperty().SetColor(*colors.rgb(self.theme.muted))
        shape.GetSliderProperty().SetColor(*colors.rgb(self.theme.accent))
        self.sliders[name] = widget

    def slide(self, name: str, value: float) -> None:
        """Put a slider where keys have moved to."""
        if name in self.sliders:
            self.sliders[name].GetRepresentation().SetValue(value)


def _switching(switch: Callable[[str, bool], None], name: str) -> Callable[[bool], None]:
    return lambda shown: switch(name, shown)


def _plain(text: str) -> str:
    """Without what the drawing library takes for columns and formulas."""
    return text.replace("|", "·").replace("$", r"\$")


def _fit(text: str, room: float, size: int) -> str:
    """At most so long that it fits a width. [pixel]"""
    return legend.clipped(text, max(int(room / (size * LETTER)), 8))

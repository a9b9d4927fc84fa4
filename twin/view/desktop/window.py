"""The interactive window: opened, or made off screen.

:class:`~twin.view.desktop.pane.Window` has a method for everything that keys and widgets do;
:mod:`~twin.view.desktop.keys` tells which key does what.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.model.facility import Facility
from twin.results.fields import AnyField
from twin.results.results import Results, Verdict
from twin.view import colors, gl
from twin.view.desktop.pane import Window
from twin.view.drawing import Plotter
from twin.view.pictures import SAMPLES
from twin.view.scene import FIELDS, build
from twin.view.theme import themed

SIZE = (1500, 900)


def open_window(
    facility: Facility,
    results: Results,
    verdict: Verdict | None = None,
    *,
    field: str = "rack.inlet_temperature",
    scenario: int = 0,
    fields: Mapping[str, AnyField] | None = None,
    theme: str = "light",
) -> None:
    """Show the window and return when it is closed.

    Raises
    ------
    twin.view.gl.NoGraphics
        If this machine cannot draw.
    """
    gl.require()
    plotter = build_window(
        facility, results, verdict, field=field, scenario=scenario, fields=fields, theme=theme,
        antialias=not gl.software(gl.available().detail),
    )  # fmt: skip
    plotter.show(title=f"twin: {facility.name}")


def build_window(
    facility: Facility, results: Results, verdict: Verdict | None = None, **options: Any
) -> Plotter:
    """The plotter of the window, drawn and wired but not yet shown; options as for :func:`make_window`."""
    return make_window(facility, results, verdict, **options).plotter


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
    theme: str = "light",
    antialias: bool = False,
) -> Window:
    """The window itself, whose methods do what its keys do; KeyError for a quantity that there is not.

    ``antialias`` smooths edges; without graphics hardware every picture then takes two to four times as long.
    """
    gl.prepare()
    import pyvista

    if field != colors.MARGIN:
        field = FIELDS[field].name
    look = themed(theme)
    plotter: Plotter = pyvista.Plotter(off_screen=off_screen, window_size=list(size), lighting="none")
    plotter.set_background(look.sheet)
    if antialias:
        plotter.enable_anti_aliasing("msaa", multi_samples=SAMPLES)
    else:
        plotter.disable_anti_aliasing()
    window = Window(
        plotter, build(facility), look, facility, results, verdict, field, scenario, fields=fields or {}
    )
    window.draw()
    window.controls()
    return window

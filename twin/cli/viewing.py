"""The verb that shows a layout or a run in 3-D: in a window, or as a page for the browser."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from twin.cli import guard, printing
from twin.cli.options import Air, Climate, Outdoor, Sets, air_model
from twin.cli.solving import opened

if TYPE_CHECKING:
    from twin.live.steps import Asked
    from twin.networks.fidelity import Fidelity
    from twin.results import Results
    from twin.run import Run
    from twin.view.gl import Probe

MARGIN = "margin"
"""Name of the quantity of the tightest margins."""
THEMES = ("light", "dark")
"""Names in :data:`twin.view.theme.THEMES`, which is not imported for a help text."""

Target = Annotated[
    str,
    typer.Argument(
        metavar="LAYOUT|RUN", help="Layout (it is solved first) or run folder.", show_default=False
    ),
]
State = Annotated[
    str, typer.Option(help="State to show: normal, lose:<machine>, evaporation day.", metavar="STATE")
]


def view(
    target: Target,
    sets: Sets = None,
    web: Annotated[
        bool | None,
        typer.Option(
            "--web/--desktop",
            help="A page for the browser, or the window of this program.",
            show_default="the window where there is a display for it",
        ),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Serve the page on this machine; solve again at every save.")
    ] = False,
    against: Annotated[
        str,
        typer.Option(metavar="LAYOUT|RUN", help="Compare with another one in the page.", show_default=False),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to write the page.", show_default="viewer.html in the run"),
    ] = None,
    opening: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    field: Annotated[
        str,
        typer.Option(help="What to paint.", metavar="FIELD", show_default="rack.inlet_temperature"),
    ] = "",
    state: State = "normal",
    theme: Annotated[
        str,
        typer.Option(
            help=f"Of the window: {' or '.join(THEMES)}; the page has a switch.",
            metavar="THEME",
            show_default="light",
        ),
    ] = "",
    failures: Annotated[
        bool | None,
        typer.Option(
            "--failures/--no-failures",
            help="Evaluate every single failure of a layout.",
            show_default="with --watch only",
        ),
    ] = None,
    air: Air = "auto",
    outdoor: Outdoor = "",
    climate: Climate = "",
    year: Annotated[
        bool, typer.Option("--year", help="Evaluate every hour of a year of a layout as well.")
    ] = False,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="With --watch: listen elsewhere than on loopback.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="With --watch; 0 takes one that is free.")
    ] = 0,
) -> None:
    """Look at a layout or a run in 3-D: in a window, or in the browser as a page that needs nothing else.

    The page is one file that can be sent to anybody.  With --watch it follows the editor.
    """
    from twin.cli import web as pages

    show = Showing(field, state, failures, air_model(air), outdoor, climate, year)
    _agree(target, web, watch, against, out, (host, port))
    if theme and (watch or web):
        raise guard.Stop("--theme is for the window; the page has a switch of its own")
    check_theme(theme or THEMES[0])
    pages.check_field(field)
    if watch:
        from twin.cli import live

        other = _opened(against, (), show) if against else None
        part = pages.part(field=field, state=state, both=other is not None)
        live.watch(
            show.asked(target, sets or ()),
            host=host,
            port=port,
            against=other,
            address_part=part,
            opening=opening,
        )
        return
    if web is False or (web is None and not against and out is None and _window_is_possible()):
        _window(target, sets or (), show, theme or THEMES[0])
        return
    if out is not None:
        pages.check_place(out)
    run = _opened(target, sets or (), show)
    other = _opened(against, (), show) if against else None
    state_index(run.results, state)
    path = pages.write(run, out, against=other, field=field)
    printing.write(f"{path}\n")
    part = pages.part(field=field, state=state, both=other is not None)
    pages.show(path.resolve().as_uri() + part, opening)


@dataclass(frozen=True)
class Showing:
    """What is to be seen, and how a layout is evaluated for it."""

    field: str
    state: str
    failures: bool | None
    air: Fidelity
    outdoor: str
    climate: str
    year: bool

    def asked(self, layout: str, sets: Iterable[str]) -> Asked:
        """The same for the live page."""
        from twin.live.steps import Asked

        failures = True if self.failures is None else self.failures
        return Asked(layout, tuple(sets), self.outdoor, self.climate, failures, self.air, year=self.year)


def _agree(
    target: str, web: bool | None, watch: bool, against: str, out: Path | None, where: tuple[str, int]
) -> None:
    """Complain about options that do not go together."""
    if watch:
        if web is False:
            raise guard.Stop("--watch shows the page; it does not go with --desktop")
        if Path(target).is_dir():
            raise guard.Stop(f"{target}: a run does not change; --watch is for layouts")
        if not Path(target).exists():
            raise guard.Stop(f"{target}: no such file")
        if out is not None:
            raise guard.Stop("--watch serves the page and writes none; it does not go with --out")
        return
    if web is False and (against or out is not None):
        raise guard.Stop(
            f"{'--against' if against else '--out'} is for the page; it does not go with --desktop"
        )
    if where != ("127.0.0.1", 0):
        raise guard.Stop("--host and --port are for --watch")


def _opened(target: str, sets: Iterable[str], show: Showing) -> Run:
    return opened(
        target,
        tuple(sets),
        failures=bool(show.failures) or show.state != "normal",
        air=show.air,
        outdoor=show.outdoor,
        climate=show.climate,
        year=show.year,
    )


def _window_is_possible() -> bool:
    """Whether a window can open; says what is done instead."""
    from twin.view import gl

    if not gl_display():
        printing.say("no display here for a window: the page instead (--desktop insists)")
        return False
    probe = gl.available()
    if not probe.ok:
        printing.say(f"no window, {probe.detail}: the page instead (--desktop insists)")
    return probe.ok


def _window(target: str, sets: Iterable[str], show: Showing, theme: str) -> None:
    """Open the window of this program."""
    from twin.view import gl

    if show.field:
        check_field(show.field)
    probe = gl.available()
    if not probe.ok:
        no_graphics(probe)
    if not gl_display():
        raise guard.Stop(
            "no display here for a window; twin view --web writes a page, twin render makes pictures",
            guard.MACHINE_LACKS,
        )
    run = _opened(target, sets, show)
    index = state_index(run.results, show.state)
    if show.field == MARGIN and not run.verdict.tightest:
        raise guard.Stop(
            "margin: this run does not tell how far things are from their limits; solve it again"
        )
    from twin.view.desktop.window import open_window

    open_window(
        run.facility,
        run.results,
        verdict=run.verdict,
        field=show.field or "rack.inlet_temperature",
        scenario=index,
        fields=run.results.fields,
        theme=theme,
    )


def gl_display() -> bool:
    """Whether a window can open."""
    import os
    import sys

    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def no_graphics(probe: Probe) -> NoReturn:
    """Complain that nothing can be drawn in 3-D."""
    remedy = f"; install: {probe.remedy}" if probe.remedy else ""
    raise guard.Stop(f"no 3-D graphics here: {probe.detail}{remedy}", guard.MACHINE_LACKS)


def check_field(name: str, *, pictures: bool = False) -> None:
    """Complain about a name that nothing can be painted with."""
    from twin.view.scene import FIELDS

    known = [*FIELDS, MARGIN]
    if pictures:
        from twin.view.paints import PICTURES

        known = [*FIELDS, *PICTURES]
    one_of("field", name, known)


def check_theme(name: str) -> str:
    """The name of a theme; complains about any other."""
    return one_of("theme", name, THEMES)


def state_index(results: Results, name: str) -> int:
    """Number of a state; complains if there is none of the name."""
    try:
        return results.scenario_index(name)
    except KeyError:
        from twin.layout.mistakes import did_you_mean

        names = [scenario.name for scenario in results.scenarios]
        near = did_you_mean(name, names) or f"{len(names)} states: {', '.join(names[:5])} ..."
        raise guard.Stop(f'unknown state "{name}"; {near}') from None


def one_of(what: str, name: str, known: Sequence[str]) -> str:
    """A name of those that are known; complains about any other, with a near one."""
    from twin.layout.mistakes import did_you_mean

    if name not in known:
        near = did_you_mean(name, known)
        raise guard.Stop(f'unknown {what} "{name}"; ' + (near or f"allowed: {', '.join(known)}"))
    return name

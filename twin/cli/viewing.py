"""Verbs that show: the interactive window or page, and still pictures."""

from __future__ import annotations

from collections.abc import Iterable
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

VIEWS = ("iso", "plan", "south", "east")

Target = Annotated[
    str,
    typer.Argument(
        metavar="LAYOUT|RUN", help="Layout (it is solved first) or run folder.", show_default=False
    ),
]
State = Annotated[str, typer.Option(help="State to show: normal, lose:<machine>.", metavar="STATE")]


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
        _window(target, sets or (), show)
        return
    run = _opened(target, sets or (), show)
    other = _opened(against, (), show) if against else None
    _state(run.results, state)
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


def _window(target: str, sets: Iterable[str], show: Showing) -> None:
    """Open the window of this program."""
    from twin.view import gl

    if show.field:
        _field(show.field)
    probe = gl.available()
    if not probe.ok:
        _no_graphics(probe)
    if not gl_display():
        raise guard.Stop(
            "no display here for a window; twin view --web writes a page, twin render makes pictures",
            guard.MACHINE_LACKS,
        )
    run = _opened(target, sets, show)
    index = _state(run.results, show.state)
    from twin.view.window import open_window

    open_window(
        run.facility,
        run.results,
        verdict=run.verdict,
        field=show.field or "rack.inlet_temperature",
        scenario=index,
        fields=run.results.fields,
    )


def render(
    target: Target,
    sets: Sets = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the pictures.", metavar="DIR", show_default="the run folder, or here"),
    ] = None,
    views: Annotated[
        list[str] | None,
        typer.Option("--view", help=f"One of {', '.join(VIEWS)}.", metavar="VIEW", show_default=False),
    ] = None,
    fields: Annotated[
        list[str] | None,
        typer.Option(
            "--field",
            help="What to paint, rack.inlet_temperature; may be repeated.",
            metavar="FIELD",
            show_default="heat, coolant and load",
        ),
    ] = None,
    state: State = "normal",
    air: Air = "auto",
) -> None:
    """Make still pictures, without a display; plan maps where there is no 3-D graphics either."""
    for name in fields or ():
        _field(name, pictures=True)
    for name in views or ():
        if name not in VIEWS:
            raise guard.Stop(f'unknown view "{name}"; allowed: {", ".join(VIEWS)}')
    run = opened(target, sets or (), failures=state != "normal", air=air_model(air))
    index = _state(run.results, state)
    air_fields = run.results.fields if state == "normal" else {}
    _without_field(fields or (), bool(air_fields))
    folder = out or (run.folder / "maps" if run.folder else Path("."))
    if out is None and state != "normal":
        folder /= state.replace(":", "_")  # beside the pictures of the normal state, not over them
    from twin.view import gl, pictures, plan

    names = fields or None
    probe = gl.available()
    if probe.ok:
        written = []
        cameras: list[str | None] = [*views] if views else [None]
        for camera in cameras:
            where = folder / camera if camera and len(views or ()) > 1 else folder
            written += pictures.render(
                run.facility,
                run.results,
                where,
                verdict=run.verdict,
                scenario=index,
                names=names,
                camera=camera,
                fields=air_fields,
            )
    else:
        written = plan.write(
            run.facility,
            run.results,
            folder,
            verdict=run.verdict,
            scenario=index,
            names=names,
            fields=air_fields,
        )
        printing.say(f"no 3-D pictures, plan maps instead: {probe.detail}; install: {probe.remedy}")
    for path in written:
        printing.write(f"{path}\n")


def _without_field(names: Iterable[str], solved: bool) -> None:
    """Complain about pictures of an air field that there is none of."""
    from twin.view.paints import PICTURES

    wanted = [name for name in names if name in PICTURES and PICTURES[name].air]
    if wanted and not solved:
        raise guard.Stop(
            f"{wanted[0]}: there is no 3-D air here; twin solve LAYOUT --air rans makes that of the normal state"
        )


def gl_display() -> bool:
    """Whether a window can open."""
    import os
    import sys

    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _no_graphics(probe: object) -> NoReturn:
    detail, remedy = getattr(probe, "detail", ""), getattr(probe, "remedy", "")
    raise guard.Stop(
        f"no 3-D graphics here: {detail}" + (f"; install: {remedy}" if remedy else ""), guard.MACHINE_LACKS
    )


def _field(name: str, *, pictures: bool = False) -> None:
    """Complain about a name that nothing can be painted with."""
    from twin.layout.mistakes import did_you_mean
    from twin.view.scene import FIELDS

    known = list(FIELDS)
    if pictures:
        from twin.view.paints import PICTURES

        known += PICTURES
    if name not in known:
        near = did_you_mean(name, known)
        raise guard.Stop(f'unknown field "{name}"; ' + (near or f"allowed: {', '.join(known)}"))


def _state(results: Results, name: str) -> int:
    try:
        return results.scenario_index(name)
    except KeyError:
        from twin.layout.mistakes import did_you_mean

        names = [scenario.name for scenario in results.scenarios]
        near = did_you_mean(name, names) or f"{len(names)} states: {', '.join(names[:5])} ..."
        raise guard.Stop(f'unknown state "{name}"; {near}') from None

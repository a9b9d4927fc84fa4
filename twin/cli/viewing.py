"""Verbs that show: the interactive window, and still pictures."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from twin.cli import guard, printing
from twin.cli.options import Air, Sets, air_model
from twin.cli.solving import opened

if TYPE_CHECKING:
    from twin.results import Results

VIEWS = ("iso", "plan", "south", "east")

Target = Annotated[
    str,
    typer.Argument(
        metavar="LAYOUT|RUN", help="Layout (it is solved first) or run folder.", show_default=False
    ),
]
Field = Annotated[
    str, typer.Option(help="What to paint, rack.inlet_temperature.", metavar="FIELD", show_default=False)
]
State = Annotated[str, typer.Option(help="State to show: normal, lose:<machine>.", metavar="STATE")]


def view(
    target: Target,
    sets: Sets = None,
    field: Field = "rack.inlet_temperature",
    state: State = "normal",
    failures: Annotated[
        bool, typer.Option("--failures/--no-failures", help="Evaluate every single failure of a layout.")
    ] = False,
    air: Air = "auto",
) -> None:
    """Open the interactive 3-D window."""
    from twin.view import gl

    _field(field)
    probe = gl.available()
    if not probe.ok:
        _no_graphics(probe)
    if not gl_display():
        raise guard.Stop(
            "no display here for a window; twin render makes pictures without one", guard.MACHINE_LACKS
        )
    run = opened(target, sets or (), failures=failures or state != "normal", air=air_model(air))
    index = _state(run.results, state)
    from twin.view.window import open_window

    open_window(
        run.facility,
        run.results,
        verdict=run.verdict,
        field=field,
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

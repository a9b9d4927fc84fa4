"""The verb that makes still pictures: of quantities, of margins and of findings, in 3-D or as plan maps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli import guard, printing
from twin.cli.options import Air, Sets, air_model
from twin.cli.solving import opened
from twin.cli.viewing import THEMES, State, Target, check_field, check_theme, no_graphics, one_of, state_index

if TYPE_CHECKING:
    from twin.run import Run
    from twin.view.camera import Camera, Viewpoint

    View = Camera | Viewpoint
    Names = list[str] | None

SMALLEST, LARGEST = (640, 400), (7680, 4320)
"""Least and most pixels of a picture: with fewer the words do not fit, with more the memory of graphics may not do."""
SIZE = "1920x1080"
PALETTES = ("cividis", "turbo")
FINDINGS = 12
"""Pictures of findings, unless something else is asked for."""
_UNSAFE = re.compile(r"[^\w.+-]+", re.ASCII)
_HALL, _EYE = "What is drawn", "Where it is seen from"
_AS_IT_FITS = "as it suits what is shown"


def render(
    target: Target,
    sets: Sets = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the pictures.", metavar="DIR", show_default="maps of the run folder, or here"
        ),
    ] = None,
    state: State = "normal",
    air: Air = "auto",
    fields: Annotated[
        list[str] | None,
        typer.Option(
            "--field",
            help="A quantity (rack.power) or a picture: heat, heat_plan, coolant, load, load_plan, margin, air_slices, "
            "air_surface, air_streams, air_plan, air_section; may be repeated.",
            metavar="FIELD",
            show_default="all pictures",
            rich_help_panel=_HALL,
        ),
    ] = None,
    findings: Annotated[
        int | None,
        typer.Option(
            help="A picture of each of the N worst findings, in the state that is worst for it.",
            metavar="N",
            min=0,
            show_default=f"{FINDINGS}; 0 with --field or --state",
            rich_help_panel=_HALL,
        ),
    ] = None,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan",
            help="Plan maps, drawn without 3-D graphics even where there are some.",
            rich_help_panel=_HALL,
        ),
    ] = False,
    size: Annotated[
        str, typer.Option(metavar="WxH", help="Pixels of a 3-D picture.", rich_help_panel=_HALL)
    ] = SIZE,
    theme: Annotated[
        str, typer.Option(metavar="THEME", help=f"{' or '.join(THEMES)}.", rich_help_panel=_HALL)
    ] = THEMES[0],
    palette: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="cividis: colours that are safe for all kinds of colour vision.",
            show_default=False,
            rich_help_panel=_HALL,
        ),
    ] = "",
    views: Annotated[
        list[str] | None,
        typer.Option(
            "--view",
            help="iso, south, east, north, west or plan; may be repeated.",
            metavar="VIEW",
            show_default=_AS_IT_FITS,
            rich_help_panel=_EYE,
        ),
    ] = None,
    azimuth: Annotated[
        float | None,
        typer.Option(
            metavar="DEG",
            help="Direction in which the eye stands, clockwise from north: 180 sees the south side.",
            show_default=_AS_IT_FITS,
            rich_help_panel=_EYE,
        ),
    ] = None,
    elevation: Annotated[
        float | None,
        typer.Option(
            metavar="DEG",
            help="Height of the eye above the horizon, -90 to 90.",
            show_default=_AS_IT_FITS,
            rich_help_panel=_EYE,
        ),
    ] = None,
    zoom: Annotated[
        float, typer.Option(metavar="X", help="Over 1 nearer than all fits.", rich_help_panel=_EYE)
    ] = 1.0,
    eye: Annotated[
        str,
        typer.Option(
            metavar="X,Y,Z",
            help="Where the eye is, in metres of the site: x east, y north, z up; with --target.",
            show_default=False,
            rich_help_panel=_EYE,
        ),
    ] = "",
    look_at: Annotated[
        str,
        typer.Option(
            "--target",
            metavar="X,Y,Z",
            help="What the eye looks at.",
            show_default=False,
            rich_help_panel=_EYE,
        ),
    ] = "",
    up: Annotated[
        str,
        typer.Option(
            metavar="X,Y,Z",
            help="Which way is up in the picture.",
            show_default="0,0,1",
            rich_help_panel=_EYE,
        ),
    ] = "",
) -> None:
    """Make still pictures, without a display: quantities, margins, findings; plan maps where there is no 3-D graphics."""
    for name in fields or ():
        check_field(name, pictures=True)
    points = {"eye": eye, "target": look_at, "up": up}
    cameras = _cameras(views or (), azimuth, elevation, zoom, points)
    free = any((azimuth is not None, elevation is not None, zoom != 1.0, eye, {*cameras} - {"", "plan"}))
    sheet = Sheet(_pixels(size), check_theme(theme), _palette(palette))
    if plan and (free or views or size != SIZE):
        raise guard.Stop("--plan draws maps from above; it does not go with a view or with --size")
    solid = not plan and _graphics(insisted=free)
    run = opened(target, sets or (), failures=state != "normal" or bool(findings), air=air_model(air))
    folder = out or (run.folder / "maps" if run.folder else Path("."))
    if out is None and state != "normal":
        folder /= _UNSAFE.sub("_", state)  # beside the pictures of the normal state, not over them
    most = (0 if fields or state != "normal" else FINDINGS) if findings is None else findings
    index = state_index(run.results, state)
    names = _offered(run, fields, index)
    written = []
    for name, camera in cameras.items() if solid else [("", None)]:
        where = folder / name if len(cameras) > 1 else folder
        written += _pictures(run, index, names, where, sheet, camera)
    if most:
        written += _findings(run, folder / "findings", sheet, most, solid=solid)
    for path in written:
        printing.write(f"{path}\n")


@dataclass(frozen=True)
class Sheet:
    """How pictures look."""

    size: tuple[int, int]
    theme: str
    palette: str | None


def _pictures(
    run: Run, index: int, names: Names, folder: Path, sheet: Sheet, camera: View | None
) -> list[Path]:
    """In 3-D from a camera; as plan maps without one."""
    from twin.view import pictures, plan

    fields = run.results.fields if run.results.scenarios[index].normal else {}
    if camera is None:
        return plan.write(
            run.facility, run.results, folder, verdict=run.verdict, scenario=index, names=names,
            palette=sheet.palette, fields=fields, theme=sheet.theme,
        )  # fmt: skip
    return pictures.render(
        run.facility, run.results, folder, verdict=run.verdict, scenario=index, names=names, camera=camera,
        size=sheet.size, palette=sheet.palette, fields=fields, theme=sheet.theme,
    )  # fmt: skip


def _findings(run: Run, folder: Path, sheet: Sheet, most: int, *, solid: bool) -> list[Path]:
    from twin.view import spotlight

    if solid:
        return spotlight.render(
            run.facility, run.results, run.verdict, folder, most=most, size=sheet.size, palette=sheet.palette,
            theme=sheet.theme,
        )  # fmt: skip
    return spotlight.maps(
        run.facility, run.results, run.verdict, folder, most=most, palette=sheet.palette, theme=sheet.theme
    )


def _offered(run: Run, fields: Names, index: int) -> Names:
    """What is drawn; complains about a picture that the run has nothing for."""
    from twin.view.paints import PICTURES, offered

    air = run.results.fields if run.results.scenarios[index].normal else {}
    if fields and not air and any(name in PICTURES and PICTURES[name].air for name in fields):
        name = next(name for name in fields if name in PICTURES and PICTURES[name].air)
        raise guard.Stop(
            f"{name}: there is no 3-D air here; twin solve LAYOUT --air rans makes that of the normal state"
        )
    try:
        offered(fields, air, run.verdict)
    except ValueError as error:
        raise guard.Stop(str(error)) from None
    return list(dict.fromkeys(fields)) if fields else None


def _graphics(*, insisted: bool) -> bool:
    """Whether pictures can be drawn in 3-D; says what is done instead, or complains if a view was asked for."""
    from twin.view import gl

    probe = gl.available()
    if not probe.ok and insisted:
        no_graphics(probe)
    if not probe.ok:
        printing.say(f"no 3-D pictures, plan maps instead: {probe.detail}; install: {probe.remedy}")
    return probe.ok


def _cameras(
    views: Iterable[str],
    azimuth: float | None,
    elevation: float | None,
    zoom: float,
    points: Mapping[str, str],
) -> dict[str, View]:
    """By the name of the view; the empty name is the view that suits the picture."""
    from twin.view.camera import PRESETS, viewpoint

    for name in views:
        one_of("view", name, PRESETS)
    eye, target, up = (_point(f"--{name}", text) if text else None for name, text in points.items())
    try:
        return {
            name: viewpoint(
                name, azimuth=azimuth, elevation=elevation, zoom=zoom, eye=eye, target=target, up=up
            )
            for name in dict.fromkeys(views or ("",))
        }
    except ValueError as error:
        raise guard.Stop(str(error)) from None


def _point(option: str, text: str) -> tuple[float, float, float]:
    try:
        x, y, z = (float(part) for part in text.split(","))
    except ValueError:
        raise guard.Stop(f'{option} "{text}": three numbers of metres are wanted, 10,-5,8') from None
    return x, y, z


def _pixels(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,6})\s*[x×]\s*([0-9]{1,6})", text.strip(), re.IGNORECASE)
    if found is None:
        raise guard.Stop(f'--size "{text}": width and height in pixels are wanted, {SIZE}')
    width, height = int(found[1]), int(found[2])
    (least, low), (most, high) = SMALLEST, LARGEST
    if not (least <= width <= most and low <= height <= high):
        raise guard.Stop(f"--size {text}: between {least}x{low} and {most}x{high}")
    return width, height


def _palette(name: str) -> str | None:
    return one_of("palette", name, PALETTES) if name else None

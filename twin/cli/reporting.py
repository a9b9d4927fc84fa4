"""The verb that writes a report of its own: of a layout, or anew of a run folder, as HTML and as PDF."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli import guard, printing
from twin.cli.options import Air, Failures, Sets, air_model
from twin.cli.solving import opened
from twin.cli.viewing import Target

if TYPE_CHECKING:
    from twin.run import Run

NAME = "report.html"
PNG = b"\x89PNG\r\n\x1a\n"
"""What every PNG file begins with."""
NAMED = 5
"""Most files that are named where something is left out."""


def report(
    target: Target,
    sets: Sets = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="File to write.",
            metavar="FILE",
            show_default="report.html of the run folder, or here",
        ),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Print it as a PDF as well, beside the page.")] = False,
    failures: Failures = True,
    air: Air = "auto",
) -> None:
    """Write the report of a layout or run: verdict, figures, diagrams, findings, assumptions, methods; one HTML file."""
    if out is not None and out.suffix.lower() == ".pdf":
        out, pdf = out.with_suffix(".html"), True
    from twin.view.web.page import free_place

    page = out or ((Path(target) if Path(target).is_dir() else Path(".")) / NAME)
    free_place(page)
    if pdf:
        free_place(page.with_suffix(".pdf"))
    run = opened(target, sets or (), failures=failures, air=air_model(air))
    _write(run, page)
    printing.write(f"{page}\n")
    if pdf:
        from twin.view.paper.pdf import NoPdf, write_pdf

        path = page.with_suffix(".pdf")
        try:
            write_pdf(page, path)
        except NoPdf as error:
            raise guard.Stop(str(error), guard.MACHINE_LACKS) from None
        printing.write(f"{path}\n")


def _write(run: Run, page: Path) -> None:
    from twin.view.report import write_report

    with TemporaryDirectory(prefix="twin-") as drawn:
        pictures = pictures_in(run.folder) if run.folder else _draw(run, Path(drawn))
        try:
            write_report(run.facility, run.results, run.verdict, pictures, page, air_facts=run.results.air)
        except OSError as error:
            reason = f"cannot be written ({error.strerror or error})"
            raise OSError(error.errno, reason, str(page)) from error


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a run folder that go into its report; says what is left out.

    A run folder may come from anybody and the report go to anybody, so only what twin itself puts there is taken: PNG
    files of known names that are no links, which might lead to any file of this machine.
    """
    maps = folder / "maps"
    if maps.is_symlink() or not maps.is_dir():
        return []
    found = sorted(path for path in maps.iterdir() if path.is_symlink() or not path.is_dir())
    names = _names()
    taken = [path for path in found if path.name in names and _is_png(path)]
    left = [path.name for path in found if path not in taken]
    if left:
        more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
        printing.say(f"left out of the report, not pictures of twin: {', '.join(left[:NAMED])}{more}")
    return taken


def _names() -> set[str]:
    """Names of the files of pictures, in 3-D, as plan maps and of a year."""
    from twin.view.paints import PICTURES
    from twin.view.scene import FIELDS
    from twin.view.year import CHARTS

    stems = [name.replace(".", "_") for name in (*PICTURES, *FIELDS)]
    maps = (f"{stem}{ending}" for stem in stems for ending in ("", "_2d", "_plan_2d"))
    return {f"{stem}.png" for stem in (*maps, *CHARTS)}


def _is_png(path: Path) -> bool:
    from twin.layout.mistakes import LayoutError
    from twin.layout.untrusted import first_bytes

    try:
        return not path.is_symlink() and first_bytes(path, len(PNG)) == PNG
    except LayoutError:
        return False


def _draw(run: Run, folder: Path) -> list[Path]:
    """The pictures of a layout, as `twin solve` draws them for its run folder."""
    from twin.view import gl, pictures, plan
    from twin.view import year as climate_year

    things, fields = (run.facility, run.results, folder), run.results.fields
    made = plan.write(*things, verdict=run.verdict, fields=fields)
    if run.results.year is not None:
        made += climate_year.write(run.results.year, folder)
    probe = gl.available()
    if probe.ok:
        made += pictures.render(*things, verdict=run.verdict, fields=fields)
    else:
        printing.say(f"no 3-D pictures: {probe.detail}; install: {probe.remedy}")
    return made

"""The verb that writes a report of its own: of a layout, or anew of a run folder, as HTML and as PDF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli import guard, printing
from twin.cli.options import Air, Failures, Sets, air_model
from twin.cli.solving import opened
from twin.cli.viewing import Target

if TYPE_CHECKING:
    from twin.run import Run

NAME = "report.html"


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
    run = opened(target, sets or (), failures=failures, air=air_model(air))
    page = out or ((run.folder or Path(".")) / NAME)
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

    pictures = sorted(path for path in run.folder.glob("maps/*") if path.is_file()) if run.folder else []
    write_report(run.facility, run.results, run.verdict, pictures, page, air_facts=run.results.air)

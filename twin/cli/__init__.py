"""The command ``twin``: one small module for each group of verbs.

Nothing heavy is imported before a verb needs it: ``--help`` and ``check`` run without scipy, VTK, matplotlib.
"""

from __future__ import annotations

import os
from typing import Annotated

import typer

from twin.cli import doctor, exchanging, guard, reading, rendering, reporting, solving, validating, viewing

__all__ = ["app", "main"]

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""The matrices are small, and sums in one order give one answer on every machine."""

app = typer.Typer(
    name="twin",
    help="Digital twin of data centers: one layout file in; verdict, margins, maps and a report out.",
    epilog="Exit codes: 0 all rules hold, 1 a rule is broken, 2 wrong input, 3 a solve failed, "
    "4 the machine lacks something.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from twin import __version__

        typer.echo(f"twin {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an internal error.")] = False,
) -> None:
    """Options of every verb."""
    guard.show_tracebacks(debug)


for verb in (
    reading.init,
    reading.check,
    solving.solve,
    validating.validate,
    solving.compare,
    viewing.view,
    rendering.render,
    reporting.report,
    reading.catalogue,
    reading.schema,
    exchanging.import_,
    exchanging.export,
    doctor.doctor,
):
    app.command(verb.__name__.rstrip("_"))(guard.guarded(verb))


def main() -> None:
    """Entry point of the command."""
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    app()

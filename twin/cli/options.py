"""Arguments and options that several verbs share."""

from __future__ import annotations

from typing import Annotated

import typer

Layout = Annotated[str, typer.Argument(metavar="LAYOUT", help="Layout file.", show_default=False)]
Layouts = Annotated[list[str], typer.Argument(metavar="LAYOUT..", help="Layout files.", show_default=False)]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Replace a value: params.racks=6; may be repeated.",
        show_default=False,
    ),
]
Failures = Annotated[
    bool,
    typer.Option(
        "--failures/--no-failures",
        help="Evaluate every single failure besides the normal state (and lost groups that your limits name).",
    ),
]
Outdoor = Annotated[
    str,
    typer.Option(
        metavar="T",
        help='Outdoor dry bulb instead of the layout\'s, "35 degC"; with wet bulb "35 degC, 24 degC".',
        show_default=False,
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else on standard output.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the verdict only.")]

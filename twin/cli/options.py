"""Arguments and options that several verbs share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

if TYPE_CHECKING:
    from twin.networks.fidelity import Fidelity
    from twin.run import Studies

STUDIES = ("none", "quick", "thorough")
AIRS = ("auto", "zonal", "potential", "rans")

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
        help='Outdoor dry bulb instead of the layout\'s, "35 degC"; with wet bulb "35 degC, 24 degC"; no other '
        "design day then.",
        show_default=False,
    ),
]
Climate = Annotated[
    str,
    typer.Option(
        metavar="FILE",
        help="Weather file (EPW, TMY3 .csv, TMY2 .tm2) or climate name: its design days, and the hours of --year.",
        show_default=False,
    ),
]
Air = Annotated[
    str,
    typer.Option(
        metavar="MODEL",
        help="Air of the halls: zonal (milliseconds), potential, rans (3-D field), or auto: the best that answers soon.",
    ),
]
StudiesOption = Annotated[
    str,
    typer.Option(
        "--studies",
        metavar="EFFORT",
        help="Redundancy, short circuits, ride-through, reliability: none, quick (seconds), or thorough: every machine in "
        "maintenance while any other is lost (minutes on a campus).",
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else on standard output.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the verdict only.")]


def effort_of_studies(name: str) -> Studies:
    """The effort by its name; complains about any other."""
    from twin.cli import guard
    from twin.layout.mistakes import did_you_mean

    if name not in STUDIES:
        raise guard.Stop(
            f"--studies {name}: unknown effort; {did_you_mean(name, STUDIES) or 'allowed: ' + ', '.join(STUDIES)}"
        )
    return cast("Studies", name)


def air_model(name: str) -> Fidelity:
    """The model of the air by its name; complains about any other."""
    from twin.cli import guard
    from twin.layout.mistakes import did_you_mean

    if name not in AIRS:
        raise guard.Stop(
            f"--air {name}: unknown model; {did_you_mean(name, AIRS) or 'allowed: ' + ', '.join(AIRS)}"
        )
    return cast("Fidelity", name)

"""Verbs for files of other tools: import and export, and the power flow of a bare network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli import guard, printing
from twin.cli.options import Json, Layout, Sets

if TYPE_CHECKING:
    from twin.exchange import BareNetwork

WATTS = "W"


def import_(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="MATPOWER .m, pandapower or DPS .json.", show_default=False),
    ],
    out: Annotated[
        Path | None, typer.Option(help="File to write.", show_default="FILE.network.json", metavar="FILE")
    ] = None,
    watts: Annotated[
        list[str] | None,
        typer.Option(
            "--watts",
            metavar="NAME=POWER",
            help="Draw of a computer system of a DPS topology, by name or model: DGX_H100=10.2kW.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Read a power network of another tool; `twin solve FILE --only power` solves it."""
    from twin.exchange import read_network
    from twin.exchange.files import ENDING

    network = read_network(file, watts=_watts(watts or ()))
    target = out or Path(Path(file).stem.removesuffix(".network") + ENDING)
    network.save(target)
    printing.write(f"{network.summary}\nwritten: {target}\n")
    for note in network.notes:
        printing.say(note)


def export(
    layout: Layout,
    out: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="pandapower .json, OpenDSS .dss, or .network.json.",
            show_default=False,
        ),
    ],
    sets: Sets = None,
    frequency: Annotated[float, typer.Option(help="Of the grid, in Hz.", metavar="HZ")] = 60.0,
) -> None:
    """Write the power side of a layout (or of a bare network) in its normal state for another tool."""
    from twin.exchange import is_network, network_of, read_network, write_network
    from twin.networks.bare import power_flow

    if not 10.0 <= frequency <= 1000.0:
        raise guard.Stop(f"--frequency {frequency:g}: write 50 or 60")
    if is_network(layout):
        network = read_network(layout)
    else:
        from twin.coupling import normal_state
        from twin.layout import load

        basis = normal_state(load(layout, sets or ()))
        if basis is None or not basis.results.settled[basis.row]:
            raise guard.Stop(f"{layout}: the normal state has no solution to export", guard.SOLVE_FAILED)
        network = network_of(basis)
    flow = power_flow(network.problem(), margin=False)
    try:
        write_network(network, out, flow.solution, frequency=frequency)
    except ValueError as error:
        raise guard.Stop(str(error)) from error
    printing.write(f"{network.summary}\nwritten: {out}\n")


def solve_network(file: str, *, as_json: Json = False) -> None:
    """The power flow of a bare network: voltages, losses, and how far the loads may grow."""
    from twin.exchange import read_network
    from twin.exchange.answer import network_document, sentences
    from twin.networks.bare import power_flow

    network: BareNetwork = read_network(file)
    document = network_document(network, power_flow(network.problem()))
    if as_json:
        from twin.documents import to_json

        printing.write(to_json(document))
    else:
        printing.write("\n".join(sentences(network, document)) + "\n")
        for note in network.notes:
            printing.say(note)
    raise typer.Exit(0 if document["solved"] else guard.SOLVE_FAILED)


def _watts(given: tuple[str, ...] | list[str]) -> dict[str, float]:
    from twin.units import POWER, UnitError

    found = {}
    for item in given:
        name, equals, text = item.rpartition("=")
        try:
            if not equals or not name:
                raise UnitError("write NAME=POWER")
            found[name] = POWER.parse(text)
        except UnitError as error:
            raise guard.Stop(f"--watts {item}: {error}") from error
    return found

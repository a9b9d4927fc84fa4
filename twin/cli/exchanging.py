"""Verbs for files of other tools: import and export, and the power flow or liquid flow of a bare network."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from twin.cli import guard, printing
from twin.cli.options import Json, Layout, Sets

if TYPE_CHECKING:
    from twin.exchange import BareHydraulics, BareNetwork
    from twin.studies.basis import Basis

HOUR_ENDINGS = (".csv", ".parquet")
"""Of files of hours, which are exported from run folders."""
NETWORK_ENDINGS = (".network.json", ".json", ".dss", ".hydraulics.json", ".inp")
"""Of files of networks, which are exported from layouts and networks."""


def import_(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="MATPOWER .m, pandapower or DPS .json, EPANET .inp.", show_default=False
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="File to write.", show_default="FILE.DOMAIN.json", metavar="FILE"),
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
    """Read a power or hydraulic network of another tool; `twin solve FILE --only DOMAIN` solves it."""
    from twin.exchange import domain_of, read_hydraulics, read_network
    from twin.exchange.files import ENDING, HYDRAULIC_ENDING

    liquid = domain_of(file) == "hydraulics"
    network: BareHydraulics | BareNetwork
    network = read_hydraulics(file) if liquid else read_network(file, watts=_watts(watts or ()))
    stem = Path(file).stem.removesuffix(".network").removesuffix(".hydraulics")
    target = out or Path(stem + (HYDRAULIC_ENDING if liquid else ENDING))
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
            help="pandapower .json, OpenDSS .dss, .network.json; EPANET .inp, .hydraulics.json; .csv, .parquet.",
            show_default=False,
        ),
    ],
    sets: Sets = None,
    frequency: Annotated[float, typer.Option(help="Of the grid, in Hz.", metavar="HZ")] = 60.0,
) -> None:
    """Write the power side or the loops of a layout (or a bare network) in their normal state for another tool.

    The ending of FILE says which.  Every loop becomes a file of its own, FILE.LOOP.inp, because liquids differ.  Of a run
    folder with a year its hours are written, .csv or .parquet.
    """
    if out.suffix.lower() in HOUR_ENDINGS:
        _export_hours(layout, out)
        return
    if str(out).lower().endswith((".inp", ".hydraulics.json")) and not Path(layout).is_dir():
        _export_hydraulics(layout, out, sets or ())
        return
    if Path(layout).is_dir():
        raise guard.Stop(
            f"{out}: of a run folder the hours of a year are exported, {' or '.join(HOUR_ENDINGS)}; "
            f"for {', '.join(NETWORK_ENDINGS)} name the layout instead of {layout}"
        )
    if not str(out).lower().endswith(NETWORK_ENDINGS):
        raise guard.Stop(
            f"{out}: no format with this ending; write one of {', '.join(NETWORK_ENDINGS)}, or of a run folder with a year "
            f"{' or '.join(HOUR_ENDINGS)}"
        )
    from twin.exchange import is_network, network_of, read_network, write_network
    from twin.networks.bare import power_flow

    if not 10.0 <= frequency <= 1000.0:
        raise guard.Stop(f"--frequency {frequency:g}: write 50 or 60")
    network = read_network(layout) if is_network(layout) else network_of(_settled(layout, sets or ()))
    flow = power_flow(network.problem(), margin=False)
    try:
        write_network(network, out, flow.solution, frequency=frequency)
    except ValueError as error:
        raise guard.Stop(str(error)) from error
    printing.write(f"{network.summary}\nwritten: {out}\n")


def _export_hours(folder: str, out: Path) -> None:
    """Write the hours of a run's year."""
    from twin import run as runs
    from twin.results.hours import NoParquet, write_csv, write_parquet

    if not Path(folder).is_dir():
        raise guard.Stop(
            f"{folder}: hours are exported from a run folder; twin solve LAYOUT --year makes one"
        )
    year = runs.reopen(folder).results.year
    if year is None:
        raise guard.Stop(f"{folder}: holds no year; run twin solve LAYOUT --year")
    try:
        (write_parquet if out.suffix.lower() == ".parquet" else write_csv)(year, out)
    except NoParquet as error:
        raise guard.Stop(str(error), guard.MACHINE_LACKS) from error
    printing.write(f"{year.station}: 8,760 hours\nwritten: {out}\n")


def _settled(layout: str, sets: tuple[str, ...] | list[str]) -> Basis:
    """The normal state of a layout; stops where it has none."""
    from twin.coupling import normal_state
    from twin.layout import load

    basis = normal_state(load(layout, sets))
    if basis is None or not basis.results.settled[basis.row]:
        raise guard.Stop(f"{layout}: the normal state has no solution to export", guard.SOLVE_FAILED)
    return basis


def _export_hydraulics(layout: str, out: Path, sets: tuple[str, ...] | list[str]) -> None:
    """Write a hydraulic network, or every loop of a layout into a file of its own."""
    from twin.exchange import hydraulics_of, is_network, read_hydraulics, write_hydraulics
    from twin.exchange.files import EPANET, HYDRAULIC_ENDING

    if is_network(layout):
        files = [(read_hydraulics(layout), out)]
    else:
        ending = EPANET if str(out).lower().endswith(EPANET) else HYDRAULIC_ENDING
        stem, loops = str(out)[: -len(ending)], hydraulics_of(_settled(layout, sets))
        if not loops:
            raise guard.Stop(f"{layout}: has no liquid loops to export")
        alone = len(loops) == 1
        files = [
            (loop, out if alone else Path(f"{stem}.{loop.name.rpartition(' ')[2]}{ending}")) for loop in loops
        ]
    for network, target in files:
        flow = network.flow()
        if not flow.ok:
            raise guard.Stop(
                f"{layout}: {network.name} has no solution to export: {flow.detail}", guard.SOLVE_FAILED
            )
        try:
            notes = write_hydraulics(network, target, flow)
        except ValueError as error:
            raise guard.Stop(str(error)) from error
        printing.write(f"{network.summary}\nwritten: {target}\n")
        for note in (*network.notes, *notes):
            printing.say(note)


def solve_network(file: str, *, as_json: Json = False) -> None:
    """The power flow of a bare network: voltages, losses, and how far the loads may grow."""
    from twin.exchange import read_network
    from twin.exchange.answer import network_document, sentences
    from twin.networks.bare import power_flow

    network: BareNetwork = read_network(file)
    document = network_document(network, power_flow(network.problem()))
    _answer(document, sentences(network, document), network.notes, as_json)


def solve_hydraulics(file: str, *, as_json: Json = False) -> None:
    """The steady flow of a bare hydraulic network: pressures, flows, velocities, and what pumps do."""
    from twin.exchange import read_hydraulics
    from twin.exchange.hydraulic_answer import hydraulic_document, sentences

    network = read_hydraulics(file)
    document = hydraulic_document(network, network.flow())
    _answer(document, sentences(network, document), network.notes, as_json)


def _answer(document: dict[str, Any], words: Iterable[str], notes: Iterable[str], as_json: bool) -> NoReturn:
    """Print a document, or its words and what the reader of the file noted, and leave."""
    if as_json:
        from twin.documents import to_json

        printing.write(to_json(document))
    else:
        printing.write("\n".join(words) + "\n")
        for note in notes:
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

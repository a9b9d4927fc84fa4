"""Verbs that only read: begin a layout, check it, describe the language, look into the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli import guard, printing
from twin.cli.options import Json, Layouts, Sets

if TYPE_CHECKING:
    from rich.console import Console

    from twin.capacity import Sum, Totals
    from twin.layout import LayoutError
    from twin.model.facility import Facility
    from twin.results import Finding

STARTER = "first_hall.yaml"
SCHEMA = "schema.json"
MODELINE = f"# yaml-language-server: $schema=./{SCHEMA}"


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="Where to begin; made if missing.", show_default="here")
    ] = Path("."),
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
) -> None:
    """Begin: a starter layout with its schema beside it, so that an editor checks what you type."""
    files = {STARTER: starter(), SCHEMA: schema_text()}
    existing = [name for name in files if (folder / name).exists()]
    if existing and not force:
        raise guard.Stop(f"{folder / existing[0]} exists; --force overwrites it")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    out = printing.console()
    layout = folder / STARTER
    out.print(f"Written: {printing.safe(str(layout))} and {SCHEMA}", markup=False)
    out.print(f"Next:    twin check {printing.safe(str(layout))}", markup=False)
    out.print(f"         twin solve {printing.safe(str(layout))}", markup=False)


def starter() -> str:
    """Text of the starter layout, with the line that tells editors where its schema is."""
    import twin

    home = Path(twin.__file__).parent
    for path in (home / "starter" / STARTER, home.parent / "layouts" / STARTER):  # a wheel, a checkout
        if path.exists():
            text = path.read_text(encoding="utf-8")
            return text if text.startswith("# yaml-language-server:") else f"{MODELINE}\n{text}"
    raise guard.Stop(
        "the starter layout is missing from this installation; install it again", guard.MACHINE_LACKS
    )


def schema(
    out: Annotated[
        Path | None, typer.Option(help="File to write.", show_default="standard output", metavar="FILE")
    ] = None,
) -> None:
    """Print the JSON Schema (2020-12) of the layout language, for editors."""
    text = schema_text()
    if out is None:
        printing.write(text)
    else:
        out.write_text(text, encoding="utf-8")
        printing.say(f"written: {out}")


def schema_text() -> str:
    """The JSON Schema of a layout file."""
    import json

    from twin.layout.schema import json_schema
    from twin.model.language import Layout

    return json.dumps(json_schema(Layout, title="Facility layout"), indent=1, ensure_ascii=False) + "\n"


# -- check -----------------------------------------------------------------------------------------


def check(layouts: Layouts, sets: Sets = None, as_json: Json = False) -> None:
    """Check layouts without solving: schema, references, placement, capacity sums.

    Exit code 1 if machines are in each other's way, or all capacity together cannot carry the racks.
    """
    from twin.capacity import totals
    from twin.checks import check_placement
    from twin.layout import LayoutError, load

    wrong: list[LayoutError] = []
    checked: list[tuple[Facility, tuple[Finding, ...], Totals]] = []
    for layout in layouts:
        try:
            facility = load(layout, sets or ())
        except LayoutError as error:
            wrong.append(error)
            continue
        checked.append((facility, check_placement(facility), totals(facility)))
    if as_json:
        _check_json(checked, wrong)
    else:
        _check_text(checked, wrong)
    broken = any(_fails(found, sums) for _, found, sums in checked)
    raise typer.Exit(guard.WRONG_INPUT if wrong else guard.RULE_BROKEN if broken else 0)


def _fails(found: tuple[Finding, ...], sums: Totals) -> bool:
    return sums.short or any(finding.broken for finding in found)


def _check_json(
    checked: list[tuple[Facility, tuple[Finding, ...], Totals]], wrong: list[LayoutError]
) -> None:
    from dataclasses import asdict

    from twin.documents import GENERATOR, VERSION, finding_document, mistakes_document, to_json

    if wrong:
        guard.mistakes(*wrong, as_json=True)
        return
    rows = [
        {
            "layout": facility.file,
            "name": facility.name,
            "digest": facility.digest,
            "verdict": "fail" if _fails(found, sums) else "pass",
            "findings": [finding_document(finding) for finding in found],
            **{key: value for key, value in asdict(sums).items() if key != "sums"},
            "capacity": [
                asdict(line) | {"short": line.short, "tight": line.tight, "open": line.open}
                for line in sums.sums
            ],
        }
        for facility, found, sums in checked
    ]
    verdict = "fail" if any(row["verdict"] == "fail" for row in rows) else "pass"
    header = {"version": VERSION, "generator": GENERATOR, "status": "valid", "verdict": verdict}
    printing.write(to_json({**header, "mistakes": mistakes_document()["mistakes"], "layouts": rows}))


def _check_text(
    checked: list[tuple[Facility, tuple[Finding, ...], Totals]], wrong: list[LayoutError]
) -> None:
    out = printing.console()
    for index, (facility, found, sums) in enumerate(checked):
        if index:
            out.print()
        _show_check(facility, found, sums, out)
    guard.mistakes(*wrong)


def _show_check(facility: Facility, found: tuple[Finding, ...], sums: Totals, out: Console) -> None:
    out.print(printing.title(facility.name, facility.file))
    errors = [finding for finding in found if finding.broken]
    short = sum(line.short for line in sums.sums)
    words = [_errors(errors), f"{short} capacit{'ies' if short > 1 else 'y'} too small" if short else ""]
    told = ", ".join(filter(None, words)) or "the file is right, everything has its place"
    out.print(printing.verdict_line(not (errors or short), told))
    power = printing.value(sums.it_power, "power")
    liquid = printing.value(sums.liquid_heat, "power")
    out.print(
        f"{sums.racks} racks with {power} of IT ({liquid} into liquid), {sums.machines} machines in all"
    )
    if found:
        out.print()
        printing.findings(found, printing.kinds_of(facility), out)
    if sums.sums:
        out.print()
        _show_sums(sums.sums, out)


def _errors(found: Sequence[Finding]) -> str:
    """``2 placement errors, 1 other error``; GEO are the rules of places."""
    placed = sum(finding.code.startswith("GEO") for finding in found)
    counts = {"placement error": placed, "other error" if placed else "error": len(found) - placed}
    return ", ".join(f"{count} {noun}{'s' if count > 1 else ''}" for noun, count in counts.items() if count)


def _show_sums(sums: tuple[Sum, ...], out: Console) -> None:
    right = {"justify": "right"}
    table = printing.plain_table(
        "",
        "for",
        ("units", {"max_width": 34}),
        ("installed", right),
        ("one out", right),
        ("load", right),
        ("use", right),
        "",
        caption="Capacity by data sheet",
    )
    word = {"power": "power", "heat": "loop", "air": "air"}
    for line in sums:
        note, style = _note(line)
        use = f"{line.load / line.installed:.0%}" if line.installed else ""
        amounts = [printing.value(watts, "power") for watts in (line.installed, line.remaining, line.load)]
        amounts[1] = amounts[1] if line.remaining != line.installed else ""
        table.add_row(
            word[line.what],
            printing.safe(line.name),
            printing.safe(line.units),
            *amounts,
            use,
            f"[{style}]{note}[/]",
        )
    out.print(table)
    out.print("one out: without one side, or the largest unit where there are no sides.", style="dim")
    out.print("load: racks as the workload asks, cooling machines at their rating, no losses.", style="dim")


def _note(line: Sum) -> tuple[str, str]:
    if line.short:
        return "too small", "bold red"
    if line.tight:
        return "no spare", "yellow"
    if line.open:
        return "solve tells", "yellow"
    return ("ok", "green") if line.load else ("no load", "dim")


# -- catalogue -------------------------------------------------------------------------------------


def catalogue(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[list] [GLOB] | show NAME..",
            help="What to do; all products without it.",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            help="Only this kind: rack, cdu, ups, ...; climate, grid.", metavar="KIND", show_default=False
        ),
    ] = "",
) -> None:
    """List products, climates and grids, or show one with the source of every value.

    For example: twin catalogue list 'cdu*', twin catalogue --kind climate, twin catalogue show gb300_nvl72.
    """
    from twin.cli import shelf

    match words or []:
        case ["show"]:
            raise guard.Stop("show what? For example: twin catalogue show gb300_nvl72")
        case ["show", *names]:
            for index, name in enumerate(names):
                shelf.show(name, printing.console(), first=index == 0)
        case ["list", *globs] | globs:
            entries = [e for e in shelf.entries() if _fits(e, globs, kind)]
            if not entries:
                raise guard.Stop(f"nothing in the catalogue fits; kinds: {', '.join(shelf.kinds())}")
            shelf.list_entries(entries, printing.console())


def _fits(entry: Any, globs: list[str], kind: str) -> bool:
    return (not kind or entry.kind == kind) and (
        not globs or any(fnmatchcase(entry.name, glob) for glob in globs)
    )

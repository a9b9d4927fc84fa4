"""The verb that validates many layouts at once, for CI and clusters."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli import printing
from twin.cli.options import (
    Air,
    Climate,
    Failures,
    Json,
    Layouts,
    Outdoor,
    Sets,
    StudiesOption,
    air_model,
    effort_of_studies,
)

if TYPE_CHECKING:
    from twin.batch import Row

_STYLE = {"pass": "bold green", "fail": "bold red"}
_WORDS = {"failed": "UNSOLVED", "invalid": "INVALID", "crashed": "CRASHED", "timeout": "TIMEOUT"}


def validate(
    layouts: Layouts,
    sets: Sets = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, max=1024, help="Processes.", show_default="one for each core"),
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(help="Write a JUnit report for CI.", metavar="FILE", show_default=False)
    ] = None,
    as_json: Json = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for a run folder of each layout; finished ones are not solved again.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Longest time for one layout, seconds.", metavar="S")
    ] = 600.0,
    failures: Failures = True,
    outdoor: Outdoor = "",
    climate: Climate = "",
    year: Annotated[bool, typer.Option("--year", help="Evaluate every hour of a year as well.")] = False,
    air: Air = "zonal",
    studies: StudiesOption = "quick",
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Draw maps into the run folders.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Solve again what is finished.")] = False,
) -> None:
    """Evaluate many layouts in parallel processes: one row each; the worst exit code of all.

    A layout that crashes, hangs or cannot be read is a row, not the end of the batch.
    """
    from twin import batch
    from twin.cli.progress import bar

    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    model, effort = air_model(air), effort_of_studies(studies)
    options = batch.Options(
        tuple(sets or ()),
        failures,
        outdoor,
        pictures,
        str(out) if out else "",
        fresh,
        model,
        climate,
        year,
        effort,
    )
    total = len(dict.fromkeys(layouts))
    done = count(1)
    with bar("validating", as_json) as progress:
        progress(0, total)
        rows = batch.validate(
            layouts, options, jobs=jobs, timeout=timeout, told=lambda row: progress(next(done), total)
        )
    if junit is not None:
        from twin.cli.junit import report

        junit.write_text(report(rows), encoding="utf-8")
    code = max(row.exit_code for row in rows)
    if as_json:
        from twin.documents import to_json

        printing.write(to_json(rows_document(rows, code)))
    else:
        show(rows)
    raise typer.Exit(code)


def rows_document(rows: list[Row], code: int) -> dict[str, Any]:
    """All rows for scripts."""
    from twin.documents import GENERATOR, VERSION

    return {
        "version": VERSION,
        "generator": GENERATOR,
        "verdict": "pass" if code == 0 else "fail",
        "exit_code": code,
        "layouts": [
            {
                "version": VERSION,
                "layout": row.layout,
                "status": row.status,
                "verdict": row.verdict,
                "exit_code": row.exit_code,
                "message": row.message,
                "mistakes": list(row.mistakes),
                "seconds": row.seconds,
                "reused": row.reused,
                **{key: row.document.get(key, empty) for key, empty in _ANSWER.items()},
            }
            for row in rows
        ],
    }


_ANSWER: dict[str, Any] = {
    "name": "",
    "digest": "",
    "states": 0,
    "unsettled": [],
    "kpis": {},
    "findings": [],
    "margins": [],
    "conservation": {},
    "folder": None,
}
"""Keys of the answer in a row, and what stands there if there is no answer."""


def show(rows: list[Row]) -> None:
    """One line for each layout, then what is wrong with those that failed."""
    from rich.text import Text

    out = printing.console()
    right: dict[str, Any] = {"justify": "right"}
    yearly = any("annual_pue" in row.document.get("kpis", {}) for row in rows)
    table = printing.plain_table(
        "",
        ("layout", {"overflow": "fold", "no_wrap": False, "min_width": 20}),
        ("states", right),
        ("IT", right),
        ("PUE", right),
        *([("PUE, year", right), ("WUE, year", right)] if yearly else []),
        ("tightest", {**right, "no_wrap": False}),
        ("s", right),
    )
    for row in rows:
        kpis = row.document.get("kpis", {})
        it = printing.value(kpis["it_power"], "power") if "it_power" in kpis else ""
        pue = f"{kpis['pue']:.3f}" if "pue" in kpis else ""
        of_year = [f"{kpis['annual_pue']:.4f}" if "annual_pue" in kpis else ""]
        of_year += [printing.value(kpis["annual_wue"], "volume_per_energy") if "annual_wue" in kpis else ""]
        table.add_row(
            Text(
                _WORDS.get(row.status, row.verdict.upper()),
                style=_STYLE["pass" if row.exit_code == 0 else "fail"],
            ),
            Text(printing.safe(row.layout)),
            str(row.document.get("states", "")),
            it,
            pue,
            *(of_year if yearly else []),
            Text(printing.safe(_tightest(row))),
            "reused" if row.reused else f"{row.seconds:.1f}",
        )
    out.print(table)
    for row in rows:
        _explain(row, out)
    passed = sum(row.exit_code == 0 for row in rows)
    out.print(printing.verdict_line(passed == len(rows), f"{passed} of {len(rows)} layouts pass"))


def _tightest(row: Row) -> str:
    """The worst breach, else the smallest margin: rule and distance."""
    findings = [f for f in row.document.get("findings", ()) if not f["waived"] and f["severity"] == "error"]
    rows = findings or row.document.get("margins", [])
    if not rows:
        return ""
    worst = min(rows, key=lambda finding: finding["margin"])
    return f"{worst['code']} {printing.margin_text(worst['margin'], worst['dimension'], worst['limit'])}"


def _explain(row: Row, out: Any) -> None:
    """Why a row did not pass, in a line for each rule."""
    from rich.text import Text

    if row.exit_code == 0:
        return
    reasons = [row.message] if row.message else []
    for mistake in row.mistakes[:3] if row.status == "invalid" else ():
        place = (
            f"{mistake['file']}:{mistake['line']}:{mistake['column']}" if mistake["line"] else mistake["file"]
        )
        reasons = [*([] if reasons == [row.message] else reasons), f"{place}: {mistake['message']}"]
    worst: dict[str, tuple[dict[str, Any], int]] = {}
    for finding in row.document.get("findings", ()):
        if finding["severity"] == "error" and not finding["waived"]:
            first, number = worst.get(finding["code"], (finding, 0))
            worst[finding["code"]] = first, number + 1
    for code, (finding, number) in list(worst.items())[:5]:
        more = f" (and {number - 1} more)" if number > 1 else ""
        reasons.append(f"{code} {finding['subject']}: {finding['message']}{more}")
    if len(worst) > 5:
        reasons.append(f"and {len(worst) - 5} more rules")
    out.print(Text(printing.safe(row.layout), style="bold"))
    for reason in reasons:
        out.print(Text(f"  {printing.safe(reason)}"), soft_wrap=True)

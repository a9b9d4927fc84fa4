"""Verbs that solve: one layout, or two against each other."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from twin.cli import guard, printing
from twin.cli.options import (
    Air,
    Climate,
    Failures,
    Json,
    Layout,
    Outdoor,
    Quiet,
    Sets,
    StudiesOption,
    air_model,
    effort_of_studies,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from twin.cli.progress import Bar
    from twin.networks.fidelity import Fidelity
    from twin.results import Finding
    from twin.run import Run
    from twin.scenario import Scenario

NETWORKS = {"power": (".m", ".json"), "hydraulics": (".inp", ".json")}
"""Endings of bare networks, by what is solved alone."""
ROWS = 12
"""Margins that are printed."""


def solve(
    layout: Layout,
    sets: Sets = None,
    out: Annotated[
        Path | None, typer.Option(help="Run folder.", show_default="runs/<layout>-<digest>", metavar="DIR")
    ] = None,
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Draw maps and 3-D pictures.")
    ] = True,
    failures: Failures = True,
    outdoor: Outdoor = "",
    climate: Climate = "",
    year: Annotated[bool, typer.Option("--year", help="Evaluate every hour of a year as well.")] = False,
    air: Air = "auto",
    studies: StudiesOption = "quick",
    only: Annotated[
        str,
        typer.Option(
            metavar="DOMAIN",
            help="power: the power flow of a bare network (MATPOWER .m, pandapower .json, .network.json); "
            "hydraulics: the steady flow of one (EPANET .inp, .hydraulics.json).",
            show_default=False,
        ),
    ] = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Evaluate a layout: verdict, tightest margins, key figures, and a run folder with maps and report.

    Every single failure of a power or cooling machine is evaluated besides the normal state.
    """
    if only or any(Path(layout).suffix.lower() in endings for endings in NETWORKS.values()):
        _solve_network(layout, only, as_json)
    from twin import run as runs

    model, effort = air_model(air), effort_of_studies(studies)
    with _progress("solving", quiet or as_json) as bar:
        facility, inputs = runs.read_input(layout, sets or (), outdoor, climate or None)
        folder = runs.prepare(facility, inputs, out, climate=climate or None, year=year)
        run = runs.answer(
            facility, inputs, failures=failures, air=model, studies=effort, climate=climate or None, year=year,
            progress=bar,
        )  # fmt: skip
        bar.stage("writing maps and report" if pictures else "writing the run folder")
        run = runs.write(run, folder, pictures=pictures)
    if as_json:
        from twin.documents import answer_document, to_json

        printing.write(to_json(answer_document(run)))
    else:
        show(run, brief=quiet)
    raise typer.Exit(run.exit_code)


def _solve_network(file: str, only: str, as_json: bool) -> NoReturn:
    from twin.cli.exchanging import solve_hydraulics, solve_network
    from twin.exchange import domain_of

    if only not in ("", *NETWORKS):
        raise guard.Stop(
            f"--only {only}: {' and '.join(NETWORKS)} are the only domains that are solved alone"
        )
    if not any(Path(file).suffix.lower() in endings for endings in NETWORKS.values()):
        allowed = ", ".join(NETWORKS[only])
        raise guard.Stop(f"{file}: --only {only} is for networks ({allowed}); a layout is solved whole")
    domain = domain_of(file)
    if only not in ("", domain):
        raise guard.Stop(f"{file}: is a network of the domain {domain}; write --only {domain}")
    if domain == "hydraulics":
        solve_hydraulics(file, as_json=as_json)
    solve_network(file, as_json=as_json)
    raise typer.Exit


def compare(
    a: Annotated[
        str, typer.Argument(metavar="A", help="Run folder or layout: what was.", show_default=False)
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="Run folder or layout: what is.", show_default=False)],
    sets: Sets = None,
    air: Air = "zonal",
    fail_on_worse: Annotated[
        bool, typer.Option("--fail-on-worse", help="Exit with 1 if B breaks a rule that A keeps.")
    ] = False,
    as_json: Json = False,
) -> None:
    """What changed between two runs: rules broken and mended, margins that moved, key figures.

    A layout is evaluated first; --set applies to B.
    """
    from twin.cli import comparing

    model = air_model(air)
    before = opened(a, (), as_json, air=model)
    after = opened(b, sets or (), as_json, air=model)
    difference = comparing.compare(before.verdict, after.verdict)
    if as_json:
        from twin.documents import to_json

        printing.write(to_json(comparing.difference_document(difference, a, b)))
    else:
        comparing.show(difference, (a, b), printing.console())
    raise typer.Exit(guard.RULE_BROKEN if fail_on_worse and difference.worse else 0)


def opened(
    path: str,
    sets: tuple[str, ...] | list[str],
    quiet: bool = False,
    *,
    failures: bool = True,
    air: Fidelity = "zonal",
    outdoor: str = "",
    climate: str = "",
    year: bool = False,
) -> Run:
    """The run in a folder, or of a layout that is evaluated now."""
    from twin import run as runs

    if Path(path).is_dir():
        options = {"set": sets, "outdoor": outdoor, "climate": climate, "year": year}
        given = [name for name, value in options.items() if value]
        if given:
            raise guard.Stop(f"{path}: --{given[0]} is for layouts; a run folder holds what was solved")
        return runs.reopen(path)
    with _progress(f"solving {path}", quiet) as bar:
        return runs.assess(
            path, sets, failures=failures, air=air, outdoor=outdoor, climate=climate or None, year=year,
            progress=bar,
        )  # fmt: skip


def _progress(task: str, quiet: bool) -> AbstractContextManager[Bar]:
    from twin.cli.progress import bar

    return bar(task, quiet)


def show(run: Run, *, brief: bool = False) -> None:
    """The answer for people."""
    from rich.text import Text

    from twin.run import VIEWER

    out = printing.console()
    verdict = run.verdict
    out.print(printing.title(run.facility.name, run.inputs.layout))
    _loud(run, out)
    out.print(printing.verdict_line(verdict.verdict == "pass", summary(run)))
    if not brief:
        _details(run, out)
    if run.folder:
        maps = len(list(run.folder.glob("maps/**/*.png")))
        viewer = f"{VIEWER} (in 3-D, for any browser), " if (run.folder / VIEWER).exists() else ""
        pictures = f", {maps} pictures" if maps else ""
        what = f"{viewer}report.html, run.json, run.npz, verdict.json{pictures}"
        out.print(
            Text.assemble("Run folder  ", (printing.safe(str(run.folder)), "bold"), f"  {what}"),
            soft_wrap=True,
        )
    for remark in run.remarks:
        printing.say(remark)


def summary(run: Run) -> str:
    """How many rules hold, in how many states."""
    from twin.view.facts import tally

    states = len(run.results.scenarios)
    if run.verdict.status == "failed":
        return "no verdict: a solver failed in the normal state"
    if run.verdict.status == "runaway":
        return "the normal state has no steady solution (thermal runaway)"
    where = f"in {states} states ({_states(run.results.scenarios)})" if states > 1 else "in the normal state"
    return f"{tally(run.verdict)} {where}"


def _states(scenarios: Sequence[Scenario]) -> str:
    """``normal and 43 losses``, ``normal, 23 losses, the evaporation day and 14 losses on it``."""
    humid = [scenario for scenario in scenarios if scenario.day]
    cooling = len(scenarios) - len(humid) - 1
    losses = sum(bool(scenario.out) for scenario in humid)
    parts = [
        "normal",
        _losses(cooling) if cooling else "",
        f"the evaporation day{' and ' + _losses(losses) + ' on it' if losses else ''}" if humid else "",
    ]
    told = [part for part in parts if part]
    return ", ".join(told) if losses else " and ".join((", ".join(told[:-1]), told[-1]))


def _losses(count: int) -> str:
    return f"{count} loss{'es' if count != 1 else ''}"


def _loud(run: Run, out: Console) -> None:
    """States without a solution, where nobody overlooks them."""
    from rich.panel import Panel
    from rich.text import Text

    from twin.documents import unsettled

    names = unsettled(run.results)
    if not names:
        return
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    text = Text(
        f"{len(names)} of {len(run.results.scenarios)} states have NO steady solution: {shown}.\n"
        "Their numbers are not reported anywhere; see SOL-001 for the reason."
    )
    out.print(Panel(text, title="no solution", border_style="bold red", title_align="left"))


def _details(run: Run, out: Console) -> None:
    verdict = run.verdict
    if verdict.findings:
        out.print()
        printing.findings(verdict.findings, printing.kinds_of(run.facility), out)
    tight = tightest(run)[:ROWS]
    if tight:
        out.print()
        printing.margins(tight, out, caption="Tightest margins")
    for unused in verdict.unused_waivers:
        printing.say(f"without effect: {unused}")
    out.print()
    printing.kpis(verdict.kpis, out)
    out.print()
    _studied(run, out)
    out.print(_soundness(run))


def _studied(run: Run, out: Console) -> None:
    """What the studies say, a sentence each."""
    from rich.text import Text

    for name, answer in run.results.answers.items():
        for sentence in answer.get("sentences", ()):
            out.print(Text.assemble((f"{name.capitalize()}  ", "bold"), printing.safe(sentence)))
    if run.results.answers:
        out.print()


def tightest(run: Run) -> list[Finding]:
    """One row for every rule: its worst breach, else its tightest case; the worst first."""
    rows: dict[tuple[str, int], Finding] = {}
    for finding in (*run.verdict.findings, *run.verdict.margins):
        if finding.severity != "info" and finding.waived:
            continue
        key = finding.code, finding.line if finding.code == "LIM-001" else 0
        if key not in rows or finding.margin < rows[key].margin:
            rows[key] = finding
    return sorted(rows.values(), key=lambda finding: (finding.margin, finding.code))


def _soundness(run: Run) -> Text:
    """How well the equations are solved, and how long it took."""
    from rich.text import Text

    from twin.documents import conservation

    results = run.results
    errors = conservation(results)
    balances = ", ".join(
        f"{name} {error:.0e}" if error else f"{name} {'0' if error == 0 else 'none'}"
        for name, error in errors.items()
    )
    residual = max((report.residual for report in results.reports), default=0.0)
    seconds = sum(results.seconds.values())
    air = next((report.method for report in results.reports if report.domain == "air"), "zonal")
    return Text(
        f"Air {air}\nSolved in {seconds:.1f} s: {results.passes} passes, residual {residual:.0e}, "
        f"balances off by {balances}",
        style="dim",
    )

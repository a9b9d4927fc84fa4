"""What the terminal shows: verdict, findings, margins, key figures.

Answers go to standard output, everything else to standard error.  Names come from files and are never markup:
they are put in as text, with control characters escaped.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from twin.model.facility import Facility
    from twin.results import Finding, Kpi

PIPE_WIDTH = 120
"""Columns where the output is no terminal and COLUMNS does not tell."""
WIDE = 108
"""Columns from which tables have room for file and line."""
SEVERITY = {"error": "bold red", "warning": "yellow", "info": "green"}
NOUNS = {
    "rack": "racks", "cdu": "CDUs", "crah": "air handlers", "rear_door": "rear doors",
    "dry_cooler": "dry coolers", "cooling_tower": "cooling towers", "chiller": "chillers", "pump": "pumps",
    "heat_exchanger": "heat exchangers", "thermosyphon": "thermosyphons", "tank": "tanks",
    "utility": "grid connections",
    "generator": "generators", "bess": "battery systems", "transformer": "transformers", "ups": "UPS",
    "rectifier": "rectifiers",
    "switchboard": "switchboards", "transfer_switch": "transfer switches", "busway": "busways", "pdu": "PDUs",
    "loop": "loops", "pod": "pods", "circuit": "circuits",
}  # fmt: skip
"""Kinds of things as people call many of them."""
_SINGULAR = {"UPS": "UPS", "transfer switches": "transfer switch"}


def console(*, stderr: bool = False) -> Console:
    """A console for this call; colours only on a terminal that wants them."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    piped = not stream.isatty() and "COLUMNS" not in os.environ
    return Console(stderr=stderr, highlight=False, soft_wrap=False, width=PIPE_WIDTH if piped else None)


def write(text: str) -> None:
    """A document on standard output, as it is."""
    sys.stdout.write(text)
    sys.stdout.flush()


def complain(message: str, *, plain: bool = False) -> None:
    """A message on standard error; ``plain`` for one that is laid out already."""
    from rich.text import Text

    text = Text(safe(message, lines=True))
    if not plain:
        text = Text.assemble(("twin: ", "bold red"), text)
    console(stderr=True).print(text, soft_wrap=True)


def say(message: str) -> None:
    """A remark on standard error."""
    from rich.text import Text

    console(stderr=True).print(Text(safe(message, lines=True), style="dim"), soft_wrap=True)


def safe(text: str, *, lines: bool = False) -> str:
    """``text`` with everything a terminal might obey or hide written out; ``lines`` keeps line ends."""
    if text.isprintable():
        return text
    kept = "\n" if lines else ""
    return "".join(
        c if c.isprintable() or c in kept else c.encode("unicode_escape").decode("ascii") for c in text
    )


def value(number: float, dimension: str, *, digits: int = 3) -> str:
    """A quantity for people."""
    from twin.checks.wording import quantity

    if dimension == "ratio" and abs(number) >= 10**digits:
        return f"{number:,.0f}"
    return quantity(number, dimension, digits=digits)


def margin(finding: Finding) -> str:
    """Distance to the limit: in K for temperatures, in its own unit from zero, as a share of the limit otherwise."""
    return margin_text(finding.margin, finding.dimension, finding.limit)


def margin_text(distance: float, dimension: str, limit: float = 1.0) -> str:
    """The same from the numbers."""
    from twin.checks.cases import apart

    if dimension == "flag":
        return "holds" if distance >= 0 else "broken"
    if (far := apart(distance, limit, dimension)) is not None:
        return ("+" if far >= 0 else "") + value(far, dimension)
    if dimension == "temperature":
        return f"{10 * distance:+.{1 if abs(distance) >= 0.005 or not distance else 2}f} K"
    share = 100 * distance
    return f"{share:+.0f} %" if abs(share) >= 9.95 else f"{share:+.1f} %"


def label(finding: Finding) -> str:
    """What a rule is about; of the designer's own limits the quantity."""
    from twin.view.facts import limited

    return limited(finding) or finding.title


def mark(finding: Finding) -> str:
    """``file:line`` of a finding."""
    return f"{finding.file}:{finding.line}" if finding.line else finding.file


def verdict_line(passed: bool, summary: str) -> Text:
    """The answer, impossible to overlook."""
    from rich.text import Text

    word, style = (" PASS ", "bold white on green4") if passed else (" FAIL ", "bold white on red3")
    return Text.assemble((word, style), " ", (safe(summary), "bold"))


def title(name: str, file: str) -> Text:
    """Name of the design and its file."""
    from rich.text import Text

    return Text.assemble((safe(name), "bold"), "  ", (safe(file), "dim"))


def plain_table(*columns: str | tuple[str, dict[str, Any]], caption: str = "") -> Table:
    """A table without boxes: a heading, a rule and rows."""
    from rich import box
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD,
        title=caption or None,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        pad_edge=False,
        padding=(0, 0, 0, 1),
        show_edge=False,
    )
    for column in columns:
        name, options = (column, {}) if isinstance(column, str) else column
        table.add_column(name, **{"no_wrap": True, "overflow": "ellipsis", **options})
    return table


def findings(found: Sequence[Finding], kinds: dict[str, str], out: Console) -> None:
    """Findings, one block for every cause, however many things it hits."""
    from twin.checks import grouped

    for group in grouped(found):
        _group(group, [f for f in found if _same(f, group.worst)], kinds, out)


def _same(one: Finding, other: Finding) -> bool:
    keys = ("code", "severity", "waived")
    return all(getattr(one, key) == getattr(other, key) for key in keys) and (
        one.code != "LIM-001" or one.line == other.line
    )


def _group(group: Any, members: Sequence[Finding], kinds: dict[str, str], out: Console) -> None:
    from rich.padding import Padding
    from rich.text import Text

    worst = group.worst
    word = "waived" if worst.waived else worst.severity
    style = "dim" if worst.waived else SEVERITY[worst.severity]
    who = worst.subject if len(members) == 1 else _many(group.subjects, kinds)
    head = Text.assemble((f"{word:<8}", style), (worst.code, "bold"), "  ", (safe(who), "bold"), ": ")
    head.append(safe(worst.message))
    out.print(Padding(_hanging(head), (0, 0, 0, 0)))
    details = [safe(part) for part in _details(worst, members, group.subjects) if part]
    out.print(Padding(Text("  ·  ".join(details), style="dim"), (0, 0, 0, 8)))


def _hanging(text: Text) -> Any:
    """The text with its further lines under its words."""
    from rich.table import Table

    table = Table.grid(padding=0)
    table.add_column(width=8, no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(text[:8], text[8:])
    return table


def _details(worst: Finding, members: Sequence[Finding], subjects: Sequence[str]) -> Iterable[str]:
    if worst.waived:
        yield f"accepted: {worst.waived}"
    if len(members) > 1:
        others = list(subjects[1:4])
        more = len(members) - 1 - len(others)
        yield f"worst {worst.subject}, then {', '.join(others)}" + (f" and {more} more" if more > 0 else "")
    if worst.count > 1:
        yield f"in {worst.count} states"
    if worst.place:
        yield worst.place
    yield mark(worst)
    yield f"{worst.standard} {worst.clause}".strip()


def _many(subjects: Sequence[str], kinds: dict[str, str]) -> str:
    """``128 racks``, ``12 CDUs and 4 loops``."""
    counts = Counter(NOUNS.get(kinds.get(subject, _kind(subject)), "things") for subject in subjects)
    if len(counts) > 3 or "things" in counts:
        return f"{len(subjects)} things"
    return " and ".join(
        f"{count} {noun if count > 1 else _SINGULAR.get(noun, noun[:-1])}" for noun, count in counts.items()
    )


def _kind(subject: str) -> str:
    """Inputs of machines are circuits; they have names of their own only in findings."""
    return "circuit" if re.search(r"\.in[A-Z0-9]*$", subject) else ""


def kinds_of(facility: Facility) -> dict[str, str]:
    """What everything that a finding may name is."""
    return {
        **{zone.id: "pod" for zone in facility.zones},
        **{circuit.id: "loop" for circuit in facility.circuits},
        **{machine.id: machine.kind for machine in facility.by_id.values()},
    }


def margins(rows: Sequence[Finding], out: Console, *, caption: str) -> None:
    """The tightest rules, worst first; on a narrow terminal what a rule is about goes below it."""
    from rich.text import Text

    wide = out.width >= WIDE
    right: dict[str, Any] = {"justify": "right"}
    heading: list[str | tuple[str, dict[str, Any]]] = [
        "rule",
        *([("", {"ratio": 1, "min_width": 16})] if wide else []),
        ("subject", {"max_width": 16}),
        ("value", right),
        ("limit", right),
        ("margin", right),
        ("state", {"max_width": 16}),
        *(["where"] if wide else []),
    ]
    table = plain_table(*heading, caption=caption)
    table.expand = wide
    for finding in rows:
        about, where = Text(safe(label(finding))), Text(safe(mark(finding)))
        cells = [
            Text(finding.code),
            *([about] if wide else []),
            *_margin_cells(finding),
            *([where] if wide else []),
        ]
        table.add_row(*cells)
    if wide:
        out.print(table)
    else:
        _with_subtitles(table, [f"{label(finding)}  ·  {mark(finding)}" for finding in rows], out)


def _margin_cells(finding: Finding) -> Iterable[Text]:
    from rich.text import Text

    flag = finding.dimension == "flag"
    yield Text(safe(finding.subject))
    for number in (finding.value, finding.limit):
        yield Text("" if flag else value(number, finding.dimension))
    style = (
        SEVERITY[finding.severity] if finding.margin < 0 else ("yellow" if finding.margin < 0.05 else "green")
    )
    yield Text(margin(finding), style=style)
    yield Text(safe(finding.scenario or "as placed"))


def _with_subtitles(table: Table, subtitles: Sequence[str], out: Console) -> None:
    """The table with a dim line below every row."""
    from rich.text import Text

    lines = out.render_lines(table, pad=False)
    head = len(lines) - len(subtitles)
    for number, line in enumerate(lines):
        out.print(
            Text.assemble(*((part.text, part.style or "") for part in line)), no_wrap=True, overflow="crop"
        )
        if number >= head:
            out.print(
                Text(f"         {safe(subtitles[number - head])}", style="dim"),
                no_wrap=True,
                overflow="ellipsis",
            )


def kpis(figures: Sequence[Kpi], out: Console) -> None:
    """Key figures of the normal state, then those of the year, each in as many columns as fit."""
    from twin.kpi import OF_A_YEAR

    annual = [figure for figure in figures if figure.name.startswith(OF_A_YEAR)]
    of_state = [figure for figure in figures if not figure.name.startswith(OF_A_YEAR)]
    _figures("Key figures of the normal state", of_state, out)
    if annual:
        out.print()
    _figures("Key figures of the year", annual, out)


def _figures(heading: str, figures: Sequence[Kpi], out: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    if not figures:
        return
    columns = 2 if out.width >= 96 else 1
    grid = Table.grid(padding=(0, 2))
    for _ in range(columns):
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True, justify="right", min_width=14)
    depth = -(-len(figures) // columns)
    for row in range(depth):
        cells: list[Text] = []
        for figure in figures[row::depth]:
            cells += [Text(figure.label, style="dim"), Text(kpi_value(figure), style="bold")]
        grid.add_row(*cells)
    out.print(Text(heading, style="bold"))
    out.print(grid)


def kpi_value(figure: Kpi) -> str:
    """A key figure with the digits it deserves."""
    return value(figure.value, figure.dimension, digits=4)

"""What changed between two verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twin.cli import printing

if TYPE_CHECKING:
    from rich.console import Console

    from twin.results import Finding, Kpi, Verdict

MOVED = 0.005
"""Change of a margin that is worth a line: half a percent of the limit, or 0.05 K."""
CHANGED = 1e-4
"""Relative change of a key figure that is worth a line."""
ROWS = 20


@dataclass(frozen=True)
class Difference:
    """Two verdicts side by side."""

    verdicts: tuple[str, str]
    broken: tuple[Finding, ...]
    """Rules that only B breaks."""
    mended: tuple[Finding, ...]
    """Rules that only A breaks."""
    margins: tuple[tuple[Finding, Finding], ...]
    """Margins that moved, the largest change first."""
    kpis: tuple[tuple[Kpi | None, Kpi | None], ...]
    """Key figures that differ."""

    @property
    def worse(self) -> bool:
        """True if B breaks a rule that A keeps, or B has no verdict of its own any more."""
        return bool(self.broken) or self.verdicts == ("pass", "fail")


def compare(a: Verdict, b: Verdict) -> Difference:
    """What changed from A to B."""
    before, after = _rules(a), _rules(b)
    both = [(before[key], after[key]) for key in before if key in after]
    moved = [pair for pair in both if abs(pair[1].margin - pair[0].margin) > MOVED]
    return Difference(
        (a.verdict, b.verdict),
        tuple(f for key, f in after.items() if f.broken and not (key in before and before[key].broken)),
        tuple(f for key, f in before.items() if f.broken and not (key in after and after[key].broken)),
        tuple(sorted(moved, key=lambda pair: (-abs(pair[1].margin - pair[0].margin), pair[0].code))),
        tuple(_figures(a, b)),
    )


def _rules(verdict: Verdict) -> dict[tuple[str, str], Finding]:
    """The tightest case of every rule; limits of the designer by what they limit."""
    rules: dict[tuple[str, str], Finding] = {}
    for finding in (*verdict.findings, *verdict.margins):
        key = finding.code, _what(finding)
        known = rules.get(key)
        if known is None or (not finding.broken, finding.margin) < (not known.broken, known.margin):
            rules[key] = finding
    return rules


def _what(finding: Finding) -> str:
    return printing.label(finding) if finding.code == "LIM-001" else ""


def _figures(a: Verdict, b: Verdict) -> list[tuple[Kpi | None, Kpi | None]]:
    before, after = ({kpi.name: kpi for kpi in verdict.kpis} for verdict in (a, b))
    pairs = [(before.get(name), after.get(name)) for name in dict.fromkeys([*before, *after])]
    return [pair for pair in pairs if _differ(*pair)]


def _differ(a: Kpi | None, b: Kpi | None) -> bool:
    if a is None or b is None:
        return True
    return abs(b.value - a.value) > CHANGED * max(abs(a.value), abs(b.value))


def difference_document(difference: Difference, a: str, b: str) -> dict[str, Any]:
    """The difference for scripts."""
    from twin.documents import GENERATOR, VERSION, finding_document

    return {
        "version": VERSION,
        "generator": GENERATOR,
        "a": a,
        "b": b,
        "verdicts": dict(zip("ab", difference.verdicts, strict=True)),
        "worse": difference.worse,
        "broken": [finding_document(finding) for finding in difference.broken],
        "mended": [finding_document(finding) for finding in difference.mended],
        "margins": [
            {"code": one.code, "title": one.title, "a": finding_document(one), "b": finding_document(other)}
            for one, other in difference.margins
        ],
        "kpis": {
            (one or other).name: {"a": one.value if one else None, "b": other.value if other else None}  # type: ignore[union-attr]
            for one, other in difference.kpis
        },
    }


def show(difference: Difference, names: tuple[str, str], out: Console) -> None:
    """The difference for people."""
    from rich.text import Text

    for letter, name, verdict in zip("AB", names, difference.verdicts, strict=True):
        style = "bold green" if verdict == "pass" else "bold red"
        out.print(
            Text.assemble((f"{letter}  ", "bold"), (verdict.upper(), style), f"  {printing.safe(name)}"),
            soft_wrap=True,
        )
    _show_rules("Newly broken", difference.broken, "bold red", out)
    _show_rules("Mended", difference.mended, "green", out)
    _show_margins(difference.margins, out)
    _show_figures(difference.kpis, out)
    if not (difference.broken or difference.mended or difference.margins or difference.kpis):
        out.print("No difference.")


def _show_rules(heading: str, found: tuple[Finding, ...], style: str, out: Console) -> None:
    from rich.text import Text

    if found:
        out.print()
        out.print(Text(heading, style=style))
    for finding in found:
        out.print(
            Text(f"  {finding.code}  {printing.safe(finding.subject)}: {printing.safe(finding.message)}"),
            soft_wrap=True,
        )


def _show_margins(pairs: tuple[tuple[Finding, Finding], ...], out: Console) -> None:
    from rich.text import Text

    if not pairs:
        return
    right = {"justify": "right"}
    table = printing.plain_table(
        "rule",
        ("", {"ratio": 1, "min_width": 12}),
        ("A", right),
        ("B", right),
        ("moved", right),
        ("B: subject", {"max_width": 20}),
        ("B: state", {"max_width": 18}),
        caption="Margins that moved",
    )
    table.expand = True
    for one, other in pairs[:ROWS]:
        step = other.margin - one.margin
        moved = (
            ""
            if other.dimension == "flag"
            else printing.margin_text(step, other.dimension, other.limit if one.limit == other.limit else 1.0)
        )
        table.add_row(
            one.code,
            Text(printing.safe(printing.label(one))),
            printing.margin(one),
            printing.margin(other),
            Text(moved, style="green" if step > 0 else "red"),
            Text(printing.safe(other.subject)),
            Text(printing.safe(other.scenario)),
        )
    out.print()
    out.print(table)
    if len(pairs) > ROWS:
        out.print(f"and {len(pairs) - ROWS} more", style="dim")


def _show_figures(pairs: tuple[tuple[Kpi | None, Kpi | None], ...], out: Console) -> None:
    if not pairs:
        return
    right = {"justify": "right"}
    table = printing.plain_table(
        "", ("A", right), ("B", right), ("change", right), caption="Key figures that differ"
    )
    for one, other in pairs:
        change = f"{other.value / one.value - 1:+.2%}" if one and other and one.value else ""
        label = (other or one).label  # type: ignore[union-attr]
        table.add_row(label, *(printing.kpi_value(kpi) if kpi else "-" for kpi in (one, other)), change)
    out.print()
    out.print(table)

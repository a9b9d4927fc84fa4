"""The report of an evaluated design: one HTML file that needs nothing else and asks nobody.

No script, no outside address: styles and pictures are inside, and a content security policy keeps it so.
Every text that comes from a layout is escaped by the template engine.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from twin import __version__
from twin.checks.wording import quantity
from twin.kpi import OF_A_YEAR
from twin.model.facility import Facility
from twin.results.results import Kpi, Results, Verdict
from twin.view import cooling_loss, facts, studies
from twin.view import year as climate_year
from twin.view.paints import PICTURES
from twin.view.paper import bars, basis, energy, heat, ink, methods, oneline, piping, sankey, water
from twin.view.sources import shown, without_folders

ROWS = 400
"""Most rows of one table; what is left out is counted, and is in the run folder."""
PICTURE_LIMIT = 4_000_000
"""Largest picture that is embedded. [byte]"""
_TYPES = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg"}
_DEGREES = re.compile(r"(?<=\d )degC\b|(?<=\[)degC(?=\])")
_HEADLINES = (
    "it_power",
    "facility_power",
    "pue",
    "annual_pue",
    "wue",
    "annual_wue",
    "tokens",
    "tokens_per_second_per_megawatt",
    "cost_per_million_tokens",
    "racks_served",
    "racks_throttled",
    "cue",
    "stranded_power",
)
_OF_TOKENS = ("tokens", "tokens_per_second_per_megawatt", "cost_per_million_tokens")
"""Headlines that say nothing of a hall without accelerators."""
HEADLINES = 8
"""Most numbers on the first page."""
COVERS = ("heat", "heat_2d", "heat_plan_2d", "load_2d", "load_plan_2d")
"""Pictures for the first page, the best first, by the names of their files."""
AIR_FACTS = {
    "hall": "Hall",
    "method": "Method",
    "status": "Ended",
    "cells": "Cells",
    "iterations": "Iterations",
    "mass_error": "Mass imbalance",
    "energy_error": "Energy imbalance",
    "worst_rack": "Hottest rack",
    "worst_inlet": "Its inlet [°C]",
    "worst_error": "± [K]",
    "seconds": "CPU time [s]",
}
"""What is told of a hall's air field: key and heading.  A key may be missing; ``notes`` is a list of sentences."""


def write_report(
    facility: Facility,
    results: Results,
    verdict: Verdict,
    pictures: Iterable[Path],
    path: Path,
    *,
    air_facts: Sequence[Mapping[str, Any]] = (),
) -> Path:
    """Write the report; ``pictures`` are image files to embed, those that are missing are left out.

    ``air_facts`` is one line for each hall whose air was solved in 3-D, see :data:`AIR_FACTS`.
    """
    text = html(facility, results, verdict, pictures, air_facts)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8", errors="replace")
    os.replace(part, path)
    return path


def html(
    facility: Facility,
    results: Results,
    verdict: Verdict,
    pictures: Iterable[Path] = (),
    air_facts: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The report as text."""
    pictures, verdict = tuple(pictures), without_folders(facility, verdict)
    of_year = climate_year.pictures(pictures)
    cover = next((path for name in COVERS for path in pictures if path.stem == name and embedded(path)), None)
    apart = {path for _, path in of_year} | {cover}
    others = [path for path in pictures if not _of_air(path) and path not in apart]
    context = _context(facility, results, verdict, others)
    context |= {
        "cover": (_title(cover), embedded(cover)) if cover else None,
        "air_maps": _maps(path for path in pictures if _of_air(path)),
        "year_charts": [(title, data) for title, path in of_year if (data := embedded(path))],
        "air_labels": list(AIR_FACTS.values()),
        "air_facts": [[_fact(line.get(name)) for name in AIR_FACTS] for line in air_facts],
        "air_notes": [note for line in air_facts for note in line.get("notes", ())],
    }
    return _environment().get_template("report.html").render(**context)


def embedded(path: Path) -> str | None:
    """A picture as a ``data:`` address; None if it is missing, too large or of an unknown type."""
    kind = _TYPES.get(path.suffix.lower())
    try:
        if kind is None or path.stat().st_size > PICTURE_LIMIT:
            return None
        return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
    except OSError:
        return None


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_degrees,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["quantity"] = quantity
    environment.filters["figure"] = facts.figure
    environment.filters["about"] = facts.about
    environment.filters["margin"] = facts.margin
    environment.filters["tone"] = facts.margin_tone
    environment.filters["part"] = lambda name: name.replace("_", " ")
    environment.filters["css"] = _css_string
    return environment


def _degrees(value: Any) -> Any:
    """Temperatures as people write them: ``24.0 °C``; what is markup already is left as it is."""
    return _DEGREES.sub("°C", value) if type(value) is str else value


def _css_string(text: str) -> Markup:
    """A text between the quotes of a style sheet: letters and digits as they are, all else as escapes."""
    plain = ink.clean(text)
    # safe: what is left of ASCII are letters and digits, so no quote, bracket or backslash of the text's own
    return Markup(re.sub(r"[^A-Za-z0-9]", lambda sign: f"\\{ord(sign.group()):06x}", plain))


def _context(
    facility: Facility, results: Results, verdict: Verdict, pictures: Iterable[Path]
) -> dict[str, Any]:
    findings = verdict.findings
    row = facts.normal_row(results)
    tightest = bars.worst(findings, verdict.margins)
    told, untold = facts.worth_telling(facts.states(results, verdict))
    return {
        "facility": facility,
        "layout": shown(facility.file, facility.file),
        "results": results,
        "verdict": verdict,
        "version": __version__,
        "tally": facts.tally(verdict, findings=True),
        "headlines": _headlines(verdict.kpis),
        "margins": facts.holding(verdict),
        "bars": Markup(bars.svg(tightest)),
        "bars_left": max(len(tightest) - bars.ROWS, 0),
        "kpis": [kpi for kpi in verdict.kpis if not kpi.name.startswith(OF_A_YEAR)],
        "annual": [kpi for kpi in verdict.kpis if kpi.name.startswith(OF_A_YEAR)],
        "year": climate_year.told(facility, results),
        "cooling": cooling_loss.told(facility, results),
        "broken": facts.lines(tuple(f for f in findings if f.broken)),
        "warnings": facts.lines(tuple(f for f in findings if not f.broken and not f.waived)),
        "waived": facts.lines(tuple(f for f in findings if f.waived)),
        "maps": _maps(pictures),
        **_drawings(facility, results, row),
        "shares": _shares(facts.energy(results, row or 0)),
        "tree": facts.alike(facts.power_tree(facility, results)),
        "loops": facts.alike_loops(facts.loops(facility, results)),
        "loop_labels": facts.loop_labels(),
        "states": told,
        "quiet_states": untold,
        "studies": [
            block
            for block in studies.blocks(facility, results)
            if block.name not in ("year", cooling_loss.STUDY)
        ],
        "assumptions": facts.gathered(
            [
                *facts.assumptions(facility, results),
                *studies.assumptions(facility, results),
                *climate_year.assumptions(results),
                *cooling_loss.assumptions(results),
            ]
        ),
        "sources": facts.gathered(facts.sources(facility)),
        "basis": basis.block(facility),
        "schedule": basis.schedule(facility),
        "methods": methods.used(results),
        "residuals": basis.residuals(results),
        "balance": dict(basis.balance(results)),
        "inks": Markup("\n".join(ink.rules())),
        "rows": ROWS,
    }


def _drawings(facility: Facility, results: Results, row: int | None) -> dict[str, Any]:
    """Vector figures; every text in them is escaped where it is written."""
    drawn = water.flow(facility, results, row)
    return {
        "oneline": Markup(oneline.svg(facility, results)),
        "piping": Markup(piping.svg(facility, results)),
        "energy_flow": Markup(sankey.svg(energy.flow(facility, results, row))),
        "heat_flow": Markup(sankey.svg(heat.flow(facility, results, row))),
        "water_flow": Markup(sankey.svg(drawn)),
        "water_daily": water.daily(drawn),
        "water_said": "" if drawn.links else water.sentence(facility, results, row),
    }


def _shares(shares: Sequence[facts.Share]) -> list[tuple[facts.Share, float]]:
    return [(share, share.value / max(shares[0].value, 1e-9)) for share in shares]


def _headlines(kpis: tuple[Kpi, ...]) -> list[Kpi]:
    by_name = {kpi.name: kpi for kpi in kpis}
    told = [by_name[name] for name in _HEADLINES if name in by_name]
    return [kpi for kpi in told if kpi.value or kpi.name not in _OF_TOKENS][:HEADLINES]


def _of_air(path: Path) -> bool:
    picture = PICTURES.get(path.stem.removesuffix("_2d"))
    return picture is not None and picture.air


def _fact(value: Any) -> str:
    """A fact in few letters."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, str | bool):
        return str(value)
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    if isinstance(value, tuple | list):
        return " + ".join(_fact(part) for part in value)
    if np.isinf(value):
        return "not known"
    return f"{value:.1e}" if 0 < abs(value) < 0.01 else f"{value:.3g}"


def _maps(pictures: Iterable[Path]) -> list[tuple[str, str]]:
    """Captions and data of the pictures: by subject, the 3-D one first; one plan of each is enough."""
    subjects = [name for name in PICTURES if not name.endswith("_plan")]
    paths = {path.stem: path for path in pictures}
    chosen = [path for stem, path in paths.items() if f"{stem}_2d" not in paths]

    def order(path: Path) -> tuple[int, str]:
        if _of_air(path):
            return list(PICTURES).index(path.stem.removesuffix("_2d")), path.stem
        subject = _subject(path)
        return subjects.index(subject) if subject in subjects else len(subjects), path.stem

    shown = ((_title(path), embedded(path)) for path in sorted(chosen, key=order))
    return [(title, data) for title, data in shown if data]


def _subject(path: Path) -> str:
    return path.stem.removesuffix("_2d").removesuffix("_plan")


def _title(path: Path) -> str:
    if _of_air(path):
        return PICTURES[path.stem.removesuffix("_2d")].title
    subject = _subject(path)
    title = PICTURES[subject].title if subject in PICTURES else subject.replace("_", " ")
    return title if subject == path.stem else f"{title} (plan)"

"""The documents that scripts read: versioned JSON in SI units, temperatures in degC."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from twin import __version__

if TYPE_CHECKING:
    from twin.layout import LayoutError
    from twin.results import Finding, Results
    from twin.run import Run

VERSION = 1
"""Version of the documents; raised when a reader of the old one would misread the new one."""
GENERATOR = f"twin {__version__}"


def answer_document(run: Run) -> dict[str, Any]:
    """The answer as one JSON document: SI units, temperatures in degC."""
    results, verdict = run.results, run.verdict
    return {
        "version": VERSION,
        "generator": GENERATOR,
        "layout": run.inputs.layout or run.facility.file,
        "name": run.facility.name,
        "digest": results.digest,
        "status": verdict.status,
        "verdict": verdict.verdict,
        "states": len(results.scenarios),
        "unsettled": unsettled(results),
        "kpis": {kpi.name: kpi.value for kpi in verdict.kpis},
        "kpi_parts": {kpi.name: kpi.parts for kpi in verdict.kpis if kpi.parts},
        "findings": [finding_document(finding) for finding in verdict.findings],
        "margins": [finding_document(finding) for finding in verdict.margins],
        "unused_waivers": list(verdict.unused_waivers),
        "conservation": conservation(results),
        "passes": results.passes,
        "answers": {name: dict(answer) for name, answer in results.answers.items()},
        "notes": list(results.notes),
        "remarks": list(run.remarks),
        "seconds": {name: round(seconds, 3) for name, seconds in results.seconds.items()},
        "folder": str(run.folder) if run.folder else None,
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    """A finding with the keys that scripts rely on."""
    keys = (
        "code", "title", "severity", "standard", "clause", "subject", "value", "limit", "margin", "dimension",
        "message", "file", "line", "place", "scenario", "count", "waived",
    )  # fmt: skip
    position = list(finding.position) if finding.position else None
    return {**{key: getattr(finding, key) for key in keys}, "position": position}


def conservation(results: Results) -> dict[str, float | None]:
    """Largest relative errors of the balances over the states that have a solution; None if none has."""
    keep = [index for index, ok in enumerate(results.settled) if ok]
    return {
        name: max((abs(float(values[index])) for index in keep), default=None)
        for name, values in results.conservation.items()
    }


def unsettled(results: Results) -> list[str]:
    """Names of the states without a steady solution."""
    return [state.name for state, ok in zip(results.scenarios, results.settled, strict=True) if not ok]


def to_json(document: Mapping[str, Any]) -> str:
    """Text of a document, for people and programs."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def mistakes_document(*errors: LayoutError) -> dict[str, Any]:
    """What a script is told about wrong input."""
    keys = ("file", "line", "column", "message")
    mistakes = [{key: getattr(m, key) for key in keys} for error in errors for m in error.mistakes]
    return {"version": VERSION, "generator": GENERATOR, "status": "invalid", "mistakes": mistakes}


def problem_document(message: str, code: int) -> dict[str, Any]:
    """What a script is told when there is no answer for a reason outside the layout's text."""
    status = "invalid" if code == 2 else "failed"
    mistake = {"file": "", "line": 0, "column": 0, "message": message}
    return {"version": VERSION, "generator": GENERATOR, "status": status, "mistakes": [mistake]}

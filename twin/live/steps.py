"""What is done after a save: a picture as soon as there can be one, then all that takes longer.

First the normal state and those that the designer's own limits name, with the zonal air: the picture follows the editor.
Then all single failures; then what was asked for in full, with the 3-D air, the studies and the year.  Every step ends
with a scene; a step that would repeat the one before is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.layout.mistakes import PRINTED, LayoutError
from twin.layout.text import MAX_BYTES, read
from twin.layout.untrusted import first_bytes

if TYPE_CHECKING:
    from twin.model.facility import Facility
    from twin.networks.fidelity import Fidelity
    from twin.results import Verdict
    from twin.run import Studies

TEXT = 300
"""Characters of a source line that are told."""
OFTEN = 0.1
"""Shortest time between two reports of progress. [s]"""

Tell = Callable[[str, Mapping[str, Any], bytes], None]
"""Takes what is told: its kind, values and bytes."""


@dataclass(frozen=True)
class Asked:
    """A layout, and how it is to be evaluated."""

    layout: str
    sets: tuple[str, ...] = ()
    outdoor: str = ""
    climate: str = ""
    """Weather file or climate instead of the layout's; empty for its own."""
    failures: bool = True
    air: Fidelity = "auto"
    studies: Studies = "quick"
    year: bool = False


@dataclass(frozen=True)
class Step:
    """One evaluation."""

    name: str
    failures: bool = False
    air: Fidelity = "zonal"
    studies: Studies = "none"
    year: bool = False


def steps(asked: Asked, model: Callable[[], Fidelity]) -> Iterator[Step]:
    """The evaluations of a layout, the quick one first.

    ``model`` tells which air ``auto`` comes to; it is asked late, because the answer takes a while.
    """
    step = Step("normal state")
    yield step
    if asked.failures:
        step = replace(step, name="single failures", failures=True)
        yield step
    air = model() if asked.air == "auto" else asked.air
    studies: Studies = asked.studies if asked.failures else "none"
    more = {"3-D air": air != "zonal", "studies": studies != "none", "year": asked.year}
    if any(more.values()):
        name = ", ".join(part for part, wanted in more.items() if wanted)
        yield Step(name, asked.failures, air, studies, asked.year)


def follow(asked: Asked, tell: Tell) -> None:
    """Evaluate a layout step by step and tell what comes of it; mistakes and failures are told, not raised.

    Kinds are ``files`` {files, around}, ``progress`` {stage, done, total}, ``scene`` {step, states, verdict, seconds,
    packing} with the packed scene, ``mistakes`` {mistakes, more}, and ``failed`` {message}.
    """
    from twin.run import read_input

    tell("progress", {"stage": "reading", "done": 0, "total": 0}, b"")
    files = [asked.layout]
    try:
        facility, inputs = read_input(asked.layout, asked.sets, asked.outdoor, asked.climate or None)
        folder = Path(asked.layout).parent
        files = [*(str(folder / name) for name in inputs.files), *weather_files(facility, asked)]
        tell("files", {"files": files, "around": ""}, b"")
        _evaluate(asked, facility, inputs, tell)
    except LayoutError as error:
        files = [*files, *_texts(asked)]
        tell("files", {"files": files, "around": str(Path(asked.layout).parent)}, b"")
        tell("mistakes", mistakes(error, files), b"")
    except OSError as error:
        tell("failed", {"message": f"{error.filename or asked.layout}: {error.strerror or error}"}, b"")
    except MemoryError as error:
        tell("failed", {"message": str(error) or "out of memory"}, b"")
    except Exception as error:  # whatever it is, the page has to tell it, and the next save is solved again
        message = f"internal error: {type(error).__name__}: {' '.join(str(error).split())[:TEXT]}"
        tell("failed", {"message": message}, b"")


def _evaluate(asked: Asked, facility: Facility, inputs: Any, tell: Tell) -> None:
    from twin.networks.fidelity import effort
    from twin.run import answer
    from twin.view.web.compose import packed

    states = 1

    def model() -> Fidelity:
        return effort(facility, "auto", states).model

    for step in steps(asked, model):
        begun = time.perf_counter()
        run = answer(
            facility,
            inputs,
            failures=step.failures,
            air=step.air,
            studies=step.studies,
            climate=asked.climate or None,
            year=step.year,
            progress=_Progress(step.name, tell),
        )
        if run.verdict.status == "failed":
            return tell("failed", {"message": failure(run.verdict)}, b"")
        states = len(run.results.scenarios)
        solved = time.perf_counter()
        scene = packed(facility, run.results, run.verdict, fields=run.results.fields)
        told = {"step": step.name, "states": states, "verdict": run.verdict.verdict}
        told |= {"seconds": solved - begun, "packing": time.perf_counter() - solved}
        tell("scene", told, scene)
    return None


class _Progress:
    """How far an evaluation is, as the coupling reports it."""

    def __init__(self, name: str, tell: Tell) -> None:
        self._name, self._tell = name, tell
        self._next = 0.0

    def __call__(self, done: int, total: int = 0, base: int = 0) -> None:
        moment = time.monotonic()
        if moment >= self._next:
            self._next = moment + OFTEN
            self._tell("progress", {"stage": self._name, "done": base + done, "total": total}, b"")

    def stage(self, name: str) -> None:
        """What is done now."""
        self._name, self._next = name, 0.0
        self(0)


def weather_files(facility: Facility, asked: Asked) -> list[str]:
    """Files beside the layout's text that were read, or will be for a year."""
    beside = Path(facility.file).parent
    own = [facility.year.series, None if asked.climate else facility.year.weather] if asked.year else []
    given = [asked.climate] if asked.climate and Path(asked.climate).is_file() else []
    return [*(str(beside / name) for name in own if name), *given]


def mistakes(error: LayoutError, files: list[str]) -> dict[str, Any]:
    """Mistakes with the lines they stand on; those beyond the first are counted."""
    shown = error.mistakes[:PRINTED]
    known = {str(Path(file)) for file in files}
    lines = {file: lines_of(file) for mistake in shown if str(Path(file := mistake.file)) in known}
    told = [
        {
            "file": mistake.file,
            "line": mistake.line,
            "column": mistake.column,
            "message": mistake.message,
            "text": _line(lines.get(mistake.file, []), mistake.line),
        }
        for mistake in shown
    ]
    return {"mistakes": told, "more": len(error.mistakes) - len(shown) + error.omitted}


def lines_of(file: str) -> list[str]:
    """The lines of a file of a layout; none if it is gone since it was read, or is nothing that can be read."""
    try:
        return first_bytes(file, MAX_BYTES).decode("utf-8", "replace").split("\n")
    except LayoutError:
        return []


def _line(lines: list[str], number: int) -> str:
    """The line that a mistake stands on; empty where it stands on none."""
    return lines[number - 1].rstrip("\r")[:TEXT] if 0 < number <= len(lines) else ""


def _texts(asked: Asked) -> list[str]:
    """Files of a layout with mistakes, as far as they can be read."""
    try:
        return list(read(asked.layout, collect=True).files)
    except LayoutError as error:
        return sorted({mistake.file for mistake in error.mistakes if mistake.line})


def failure(verdict: Verdict) -> str:
    """Why there is no verdict."""
    reasons = [finding.message for finding in verdict.findings if finding.code == "SOL-001"]
    return "no verdict: a solver failed in the normal state" + (f"; {reasons[0]}" if reasons else "")

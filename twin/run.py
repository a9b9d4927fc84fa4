"""One full run: load -> evaluate -> judge -> save -> maps -> report; and the way back from a run folder.

A run folder is complete: ``run.json`` and ``run.npz`` (every number), ``verdict.json`` (the answer, for
scripts), ``report.html``, ``viewer.html`` (the same in 3-D, for any browser), ``maps/*.png``, ``air/*.vti`` where the air
was solved in 3-D, and under ``layout/`` a copy of the files it was made from.
``verdict.json`` is written last: a folder with it is finished.

Examples
--------
>>> from twin.run import assess
>>> run = assess("layouts/first_hall.yaml", ["params.racks=6"])  # doctest: +SKIP
>>> run.verdict.verdict, run.results.site("pue")  # doctest: +SKIP
('pass', 1.17)
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from twin.documents import VERSION, answer_document, to_json
from twin.layout.load import facility_of
from twin.layout.mistakes import LayoutError, Mistake
from twin.layout.text import read
from twin.model.facility import Facility
from twin.results import Results, Verdict, load_run, save_run
from twin.results.archive import TEXT, regular
from twin.results.document import MACHINES
from twin.results.fields import load_fields, save_fields
from twin.results.hours import NAME as HOURS_FILE
from twin.results.hours import write_csv
from twin.results.store import DAMAGE, RunError
from twin.results.year import HOURS

if TYPE_CHECKING:
    from twin.climate import WeatherYear
    from twin.coupling import Progress
    from twin.model.language import Outdoor
    from twin.networks.fidelity import Fidelity

Studies = Literal["none", "quick", "thorough"]
INPUT, ANSWER, COPY = "input.json", "verdict.json", "layout"
"""Names in a run folder: what the run was asked, what it answered, and the copy of the layout."""
VIEWER = "viewer.html"
"""The interactive page in a run folder."""


@dataclass(frozen=True)
class Inputs:
    """Everything a facility was made from."""

    layout: str
    """File as it was named."""
    sets: tuple[str, ...] = ()
    outdoor: str = ""
    """Outdoor state instead of the layout's; empty for none."""
    evaporation: str = ""
    """Evaporation design day beside it, where it is a climate's."""
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Texts of the layout and its includes by path relative to the layout's folder; the layout first."""


@dataclass(frozen=True)
class Run:
    """A facility, its results and the verdict on it."""

    facility: Facility
    results: Results
    verdict: Verdict
    folder: Path | None = None
    """Where it was written; None if it was not."""
    inputs: Inputs = field(default_factory=lambda: Inputs(""))
    remarks: tuple[str, ...] = ()
    """What could not be made (pictures on a machine without graphics) and what would help."""

    @property
    def exit_code(self) -> int:
        """0 all rules hold, 1 a rule is broken (runaway is one), 3 a solver failed in the normal state."""
        if self.verdict.status == "failed":
            return 3
        return 0 if self.verdict.verdict == "pass" else 1


def solve(
    path: str | os.PathLike[str],
    sets: Iterable[str] = (),
    *,
    out: str | os.PathLike[str] | None = None,
    pictures: bool = True,
    failures: bool = True,
    outdoor: str = "",
    air: Fidelity = "zonal",
    studies: Studies = "quick",
    climate: str | os.PathLike[str] | None = None,
    year: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Evaluate a layout and write its run folder.

    Parameters
    ----------
    path : path
        Layout file.
    sets : iterable of str
        Values that replace those of the file, ``params.pods=6``.
    out : path, optional
        Run folder; ``runs/<name of the file>-<digest>`` without it.
    pictures : bool
        Whether to draw maps and 3-D pictures (the report is written in any case).
    failures : bool
        Whether to evaluate every single failure, or the normal state and the designer's own only.
    outdoor : str
        Outdoor state instead of the layout's: ``35 degC``, or dry and wet bulb ``35 degC, 24 degC``.
    air : str
        Model of the halls' air: ``zonal``, ``potential``, ``rans`` or ``auto``.
    studies : str
        ``none``, ``quick``, or ``thorough`` for every state of one machine in maintenance and another lost as well.
    climate : path or str, optional
        Weather file, or climate of the catalogue: its 0.4 % cooling and evaporation design days replace the layout's
        outdoor state, and ``year`` takes its hours.
    year : bool
        Whether to evaluate every hour of a year as well.

    Raises
    ------
    LayoutError
        If the input is wrong.
    """
    facility, inputs = read_input(path, sets, outdoor, climate)
    folder = prepare(facility, inputs, out, climate=climate, year=year)
    run = answer(
        facility,
        inputs,
        failures=failures,
        air=air,
        studies=studies,
        climate=climate,
        year=year,
        progress=progress,
    )
    return write(run, folder, pictures=pictures)


def assess(
    path: str | os.PathLike[str],
    sets: Iterable[str] = (),
    *,
    failures: bool = True,
    outdoor: str = "",
    air: Fidelity = "zonal",
    studies: Studies = "quick",
    climate: str | os.PathLike[str] | None = None,
    year: bool = False,
    progress: Progress | None = None,
) -> Run:
    """The same without writing anything."""
    facility, inputs = read_input(path, sets, outdoor, climate)
    return answer(
        facility,
        inputs,
        failures=failures,
        air=air,
        studies=studies,
        climate=climate,
        year=year,
        progress=progress,
    )


def answer(
    facility: Facility,
    inputs: Inputs,
    *,
    failures: bool = True,
    air: Fidelity = "zonal",
    studies: Studies = "quick",
    climate: str | os.PathLike[str] | None = None,
    year: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Evaluate and judge a facility that was read.

    Raises
    ------
    LayoutError
        If the 3-D air of a hall is asked for and has no solution, or no room in memory, as it is laid out.
    """
    from twin.checks import judge
    from twin.coupling import NoAir, evaluate  # scipy

    weather = _weather(facility, climate) if year else None
    try:
        results = evaluate(facility, failures=failures, air=air, studies=studies, progress=progress)
    except NoAir as error:
        faults = [(mark.file, mark.line, mark.column, message) for message, mark in error.faults]
        raise LayoutError(
            [Mistake(file, line, column, 1, text) for file, line, column, text in faults]
        ) from error
    if weather is not None:
        results = _with_year(facility, results, weather, progress)
    return Run(facility, results, judge(facility, results), inputs=inputs)


def _weather(facility: Facility, climate: str | os.PathLike[str] | None) -> WeatherYear:
    """Read before anything is solved, so that a mistake in it costs nobody an hour."""
    from twin.year import grid_of, weather_of

    weather = weather_of(facility, os.fspath(climate) if climate is not None else None)
    grid_of(facility)
    return weather


def _with_year(
    facility: Facility, results: Results, weather: WeatherYear, progress: Progress | None
) -> Results:
    from twin.year import evaluate_year

    if progress is not None and hasattr(progress, "stage"):
        progress.stage("the hours of the year")
    begun = time.perf_counter()
    tell = partial(progress, total=HOURS) if progress is not None else None
    year = evaluate_year(facility, weather, progress=tell)
    answers = {**results.answers, "year": year.facts}
    seconds = {**results.seconds, "year": time.perf_counter() - begun}
    return replace(results, year=year, answers=answers, seconds=seconds)


def read_input(
    path: str | os.PathLike[str],
    sets: Iterable[str] = (),
    outdoor: str = "",
    climate: str | os.PathLike[str] | None = None,
    *,
    evaporation: str = "",
    name: str = "",
) -> tuple[Facility, Inputs]:
    """The facility of a layout file, and all it was made from.

    ``evaporation`` is the evaporation design day that goes with ``outdoor``, if any does.  ``name`` is what the file is
    called everywhere instead of its path: that of the file a copy was made of.
    """
    sets = tuple(sets)
    if climate is not None and not outdoor:
        outdoor, evaporation = climate_days(climate)
    name = name or os.fspath(path)
    document = read(path, collect=True, name=name)
    facility = facility_of(document, sets)
    base = os.path.dirname(name)
    files = {os.path.relpath(file, base or "."): source.text for file, source in document.files.items()}
    if outdoor:
        facility = under(facility, outdoor, evaporation)
    return facility, Inputs(name, sets, outdoor, evaporation, files)


def under(facility: Facility, outdoor: str, evaporation: str = "") -> Facility:
    """The facility under another outdoor state, and with another evaporation design day or none.

    The text gives the dry bulb, or dry and wet bulb with a comma between them.  Without a wet bulb that of
    the layout is kept, but never above the dry bulb.
    """
    state = _outdoor(outdoor, facility.place.outdoor.wet_bulb)
    beside = _outdoor(evaporation, 0.0) if evaporation else None
    place = facility.place.replace(outdoor=state, evaporation=beside)
    parts = [state.dry_bulb, state.wet_bulb, *((beside.dry_bulb, beside.wet_bulb) if beside else ())]
    digest = sha256(" ".join((facility.digest, *(repr(part) for part in parts))).encode()).hexdigest()
    return facility.replace(place=place, digest=digest)


def _outdoor(text: str, wet_bulb: float) -> Outdoor:
    """Outdoor state as it is written; ``wet_bulb`` where none is. [degC]"""
    from twin.model.language import Outdoor
    from twin.units import TEMPERATURE, UnitError

    try:
        dry, *wet = (TEMPERATURE.parse(part) for part in text.split(","))
        if len(wet) > 1:
            raise UnitError('write the dry bulb, or dry and wet bulb: "35 degC, 24 degC"')
        return Outdoor(dry_bulb=dry, wet_bulb=wet[0] if wet else min(wet_bulb, dry))
    except ValueError as error:  # pydantic's is one, too
        raise LayoutError([Mistake(f"--outdoor {text}", 0, 0, 0, _first_line(error))]) from None


def climate_days(climate: str | os.PathLike[str]) -> tuple[str, str]:
    """Outdoor states of a climate's 0.4 % cooling and evaporation design days, as ``outdoor`` takes them.

    Raises
    ------
    LayoutError
        If there is no such climate or file, or the file has mistakes.
    """
    from twin.climate import climate_year, design_days

    days = design_days(climate_year(os.fspath(climate)))
    hot, humid = (
        f"{day.dry_bulb:.2f} degC, {day.wet_bulb:.2f} degC" for day in (days.cooling[0], days.evaporation[0])
    )
    return hot, humid


def _first_line(error: ValueError) -> str:
    """What is wrong, in one line."""
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        first = error.errors()[0]
        name = " ".join(str(part) for part in first["loc"]).replace("_", " ")
        for bound, words in (("le", "at most"), ("ge", "at least")):
            if name and bound in first.get("ctx", {}):
                return f"{name} must be {words} {first['ctx'][bound]:g} degC"
        return str(first["msg"]).removeprefix("Value error, ")
    return str(error).splitlines()[0]


def prepare(
    facility: Facility,
    inputs: Inputs,
    out: str | os.PathLike[str] | None = None,
    *,
    climate: str | os.PathLike[str] | None = None,
    year: bool = False,
) -> Path:
    """Make the run folder: the one that was asked for, or one named by layout and content.

    Comes before the solve, so that a place where nothing can be written costs nobody an hour.  Nothing that is in the
    folder is changed: a run that is there stays whole until there is another to take its place.  With ``year`` the
    files of the year are read first, so that a mistake in them leaves no folder behind.

    Raises
    ------
    LayoutError
        If the files of the year have mistakes.
    OSError
        If nothing can be written there.
    """
    if year:
        _weather(facility, climate)
    name = f"{Path(inputs.layout).stem or 'layout'}-{facility.digest[:8]}"
    folder = Path(out) if out is not None else Path("runs") / name
    folder.mkdir(parents=True, exist_ok=True)
    trial = folder / f"{INPUT}.part"
    trial.write_bytes(b"")
    trial.unlink()
    return folder


def write(run: Run, out: str | os.PathLike[str] | None = None, *, pictures: bool = True) -> Run:
    """Write the folder of a run; what cannot be made on this machine is a remark, not an error."""
    folder = prepare(run.facility, run.inputs, out)
    (folder / ANSWER).unlink(missing_ok=True)
    write_whole(folder / INPUT, to_json(_asked(run.inputs)))
    _copy_layout(folder, run.inputs)
    save_run(folder, run.results, run.verdict)
    if run.results.year is not None:
        write_csv(run.results.year, folder / HOURS_FILE)
    if run.results.fields:
        save_fields(folder, run.results.fields)
    run = replace(run, folder=folder)
    made, remarks = _draw(run, folder) if pictures else ((), ())
    run = replace(run, remarks=(*run.remarks, *remarks, *_viewer(run, folder)))
    _report(run, folder, made)
    write_whole(folder / ANSWER, to_json(answer_document(run)))
    return run


def reopen(folder: str | os.PathLike[str]) -> Run:
    """Read a run folder back.

    Raises
    ------
    RunError
        If it holds no readable run, or its copy of the layout is not the one the results belong to.
    """
    folder = Path(folder)
    results, verdict = load_run(folder)
    results = replace(results, fields=load_fields(folder))
    inputs = _read_inputs(folder)
    try:
        facility, copied = read_input(
            folder / COPY / inputs.layout,
            inputs.sets,
            inputs.outdoor,
            evaporation=inputs.evaporation,
            name=_named(folder, inputs.layout),
        )
    except LayoutError as error:
        raise RunError(
            f"{folder}: the copy of the layout is not readable; run `twin solve` again:\n{error}"
        ) from error
    if facility.digest != results.digest:
        raise RunError(f"{folder}: the copy of the layout was changed after the run; run `twin solve` again")
    if any(set(results[table].ids) - set(facility.by_id) for table in MACHINES):
        raise RunError(f"{folder}: written by another version with another catalogue; run `twin solve` again")
    return Run(facility, results, verdict, folder, replace(copied, layout=inputs.layout))


def _copy_layout(folder: Path, inputs: Inputs) -> None:
    for name, text in inputs.files.items():
        if _inside(name):
            target = folder / COPY / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="")


def _asked(inputs: Inputs) -> dict[str, object]:
    return {
        "version": VERSION,
        "layout": Path(inputs.layout).name,
        "source": inputs.layout,
        "sets": list(inputs.sets),
        "outdoor": inputs.outdoor,
        "evaporation": inputs.evaporation,
    }


def _read_inputs(folder: Path) -> Inputs:
    try:
        asked = json.loads(regular(folder / INPUT, TEXT).read_text(encoding="utf-8"))
        layout, sets, outdoor = asked["layout"], asked["sets"], asked["outdoor"]
        evaporation = asked.get("evaporation", "")
        if not isinstance(layout, str) or Path(layout).name != layout or "\0" in layout or not layout:
            raise ValueError("not a file name")
        if not (isinstance(outdoor, str) and isinstance(evaporation, str) and isinstance(sets, list)):
            raise ValueError("sets or outdoor state are of another type")
        return Inputs(layout, tuple(str(item) for item in sets), outdoor, evaporation)
    except DAMAGE as error:
        raise RunError(f"{folder / INPUT}: cannot be read ({error}); run `twin solve` again") from error


def _named(folder: Path, layout: str) -> str:
    """The layout as it was named when it was solved, for messages alone; its file name where that is not told."""
    source = json.loads((folder / INPUT).read_text(encoding="utf-8")).get("source")
    fits = isinstance(source, str) and Path(source).name == layout and "\0" not in source
    return str(source) if fits else layout


def _inside(name: str) -> bool:
    path = PurePosixPath(name.replace(os.sep, "/"))
    return not path.is_absolute() and ".." not in path.parts


def write_whole(path: Path, text: str) -> None:
    """A reader finds the old file or the new one, never half of it."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def _draw(run: Run, folder: Path) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Maps and pictures; remarks about those that could not be made."""
    from twin.view import gl, pictures, plan  # matplotlib, VTK
    from twin.view import year as climate_year

    maps = folder / "maps"
    fields = run.results.fields
    made = plan.write(run.facility, run.results, maps, verdict=run.verdict, fields=fields)
    if run.results.year is not None:
        made += climate_year.write(run.results.year, maps)
    probe = gl.available()
    if probe.ok:
        made += pictures.render(run.facility, run.results, maps, verdict=run.verdict, fields=fields)
        return tuple(made), ()
    return tuple(made), (f"no 3-D pictures: {probe.detail}; install: {probe.remedy}",)


def _viewer(run: Run, folder: Path) -> tuple[str, ...]:
    """The interactive page; a remark if it could not be made."""
    from twin.view.web.compose import packed
    from twin.view.web.page import write_page

    (folder / VIEWER).unlink(missing_ok=True)
    try:
        write_page(folder / VIEWER, packed(run.facility, run.results, run.verdict))
    except Exception as error:  # the numbers may have taken an hour, and no page is worth them
        return (f"no viewer page: {type(error).__name__}: {error}; twin view --web {folder} tries again",)
    return ()


def _report(run: Run, folder: Path, made: tuple[Path, ...]) -> None:
    from twin.view.report import write_report

    write_report(
        run.facility, run.results, run.verdict, made, folder / "report.html", air_facts=run.results.air
    )

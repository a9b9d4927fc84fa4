"""Save a run and read it back: one JSON document and one array file, no pickle."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from twin import __version__
from twin.results.archive import TEXT, Array, read_arrays, regular
from twin.results.document import HistoryDocument, RunDocument, YearDocument, format_of, read_document
from twin.results.histories import History
from twin.results.quantities import QUANTITIES
from twin.results.results import Results, SolveReport, Table, Verdict
from twin.results.year import HALL_SERIES, HOURS, RACK_FIGURES, SERIES, Series, Year

FORMAT = 1
"""Version of the run document; raised when a reader of the old one would misread the new one."""
DOCUMENT, ARRAYS = "run.json", "run.npz"
CONSERVED = ("mass", "energy", "power")
"""Balances of every run."""
DAMAGE = (
    OSError,
    EOFError,
    BadZipFile,
    zlib.error,
    ValueError,
    KeyError,
    TypeError,
    RuntimeError,
    OverflowError,
)
"""What reading of a damaged file may end in: RuntimeError is `zipfile`'s for what it cannot unpack."""
_STUDIED = "rack.fewest_failures"  # a quantity of a study that shares its table's name


class RunError(ValueError):
    """A run folder that cannot be read: missing, truncated, tampered with or of another version."""


def save_run(folder: Path, results: Results, verdict: Verdict) -> None:
    """Write ``run.json`` and ``run.npz`` into ``folder`` (made if missing)."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        f"{table}/{name}": values for table, t in results.tables.items() for name, values in t.values.items()
    }
    arrays |= {f"conservation/{name}": values for name, values in results.conservation.items()}
    arrays |= {
        f"study/{study}/{name}": values
        for study, t in results.studies.items()
        for name, values in t.values.items()
    }
    if results.year is not None:
        arrays |= {f"year/{name}": values for name, values in results.year.hours.items()}
        arrays |= {"year/supply": results.year.supply, "year/setpoint": results.year.setpoint}
        arrays |= {f"year/hall/{name}": values for name, values in results.year.hall.items()}
        arrays |= {f"year/rack/{name}": values for name, values in results.year.rack.items()}
    for number, history in enumerate(results.histories):
        arrays |= {f"history/{number}/{name}": values for name, values in _history_arrays(history).items()}
    np.savez_compressed(folder / ARRAYS, allow_pickle=False, **arrays)
    document = {
        "format": FORMAT,
        "generator": f"twin {__version__}",
        "facility": results.facility,
        "digest": results.digest,
        "scenarios": [scenario.model_dump() for scenario in results.scenarios],
        "tables": {name: list(table.ids) for name, table in results.tables.items()},
        "studies": {name: list(table.ids) for name, table in results.studies.items()},
        "reports": [vars(report) for report in results.reports],
        "settled": list(results.settled),
        "passes": results.passes,
        "notes": list(results.notes),
        "seconds": dict(results.seconds),
        "air": [_finite(dict(facts)) for facts in results.air],
        "answers": {name: dict(answer) for name, answer in results.answers.items()},
        "year": _year_document(results.year),
        "histories": [_history_document(history) for history in results.histories],
        "verdict": verdict.model_dump(),
    }
    (folder / DOCUMENT).write_text(
        json.dumps(document, ensure_ascii=False, allow_nan=False), encoding="utf-8"
    )


def load_run(folder: Path) -> tuple[Results, Verdict]:
    """Read a run folder.

    Raises
    ------
    RunError
        If the folder holds no readable run of this format.
    """
    try:
        text = regular(folder / DOCUMENT, TEXT).read_bytes()
        version = format_of(text)
        if version != FORMAT:
            raise RunError(
                f"{folder / DOCUMENT}: run format {version!r}; this version of twin reads format {FORMAT}; "
                "run `twin solve` again"
            )
        document = read_document(text)
        return _assemble(document, read_arrays(folder / ARRAYS, partial(_check, document)))
    except RunError:
        raise
    except DAMAGE as error:
        what = " ".join(str(error).split())
        raise RunError(
            f"{folder}: no readable run ({type(error).__name__}: {what}); run `twin solve` again"
        ) from error


def _check(document: RunDocument, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Whether the arrays are those of the document; raises ValueError if they are not."""
    needed, allowed = _shapes(document)
    for number, history in enumerate(document.histories):
        needed |= _history_shapes(f"history/{number}/", history, shapes)
    if missing := [name for name in needed if name not in shapes]:
        raise ValueError(f"lacks the arrays {', '.join(missing[:5])}{' ...' * (len(missing) > 5)}")
    for name, shape in shapes.items():
        wanted = needed.get(name, allowed.get(name))
        if wanted is None:
            raise ValueError(f"holds an array {name[:60]!r} that nothing asks for")
        if shape != wanted:
            raise ValueError(f"{name} has shape {shape}, not {wanted}")


def _shapes(document: RunDocument) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
    """Shapes of the arrays that a run must have, and of those that it may have."""
    states = len(document.scenarios)
    needed: dict[str, tuple[int, ...]] = {f"conservation/{name}": (states,) for name in CONSERVED}
    allowed: dict[str, tuple[int, ...]] = {}
    for quantity in QUANTITIES:
        table, _, name = quantity.partition(".")
        if table in document.tables:
            where = allowed if quantity == _STUDIED else needed
            where[f"{table}/{name}"] = (states, len(document.tables[table]))
        if table in document.studies:
            allowed[f"study/{table}/{name}"] = (len(document.studies[table]),)
    if document.year is not None:
        needed |= {f"year/{name}": (HOURS,) for name in SERIES}
        needed |= {f"year/{name}": (HOURS, len(document.year.loops)) for name in ("supply", "setpoint")}
        if document.year.halls:
            needed |= {f"year/hall/{name}": (HOURS, len(document.year.halls)) for name in HALL_SERIES}
        if document.year.racks:
            needed |= {f"year/rack/{name}": (len(document.year.racks),) for name in RACK_FIGURES}
    return needed, allowed


def _history_shapes(
    start: str, history: HistoryDocument, shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, tuple[int, ...]]:
    """All have as many times as the array of times has."""
    times = shapes.get(f"{start}times", ())
    if len(times) != 1:
        raise ValueError(f"{start}times is missing or no line of times")
    values = {f"{start}values/{name}": (*times, len(things)) for name, things in history.ids.items()}
    return {f"{start}times": times, **values, **{f"{start}lines/{name}": times for name in history.series}}


def _assemble(document: RunDocument, arrays: dict[str, Array]) -> tuple[Results, Verdict]:
    def under(start: str) -> dict[str, Array]:
        return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}

    results = Results(
        facility=document.facility,
        digest=document.digest,
        scenarios=document.scenarios,
        tables={name: Table(ids, under(f"{name}/")) for name, ids in document.tables.items()},
        reports=tuple(SolveReport(**dict(report)) for report in document.reports),
        conservation=under("conservation/"),
        settled=document.settled,
        passes=document.passes,
        notes=document.notes,
        seconds=document.seconds,
        air=document.air,
        studies={name: Table(ids, under(f"study/{name}/")) for name, ids in document.studies.items()},
        answers=document.answers,
        year=_year(document.year, under("year/")),
        histories=tuple(_history(told, under(f"history/{k}/")) for k, told in enumerate(document.histories)),
    )
    return results, document.verdict


def _year_document(year: Year | None) -> dict[str, Any] | None:
    if year is None:
        return None
    keys = ("station", "source", "synthetic", "loops", "halls", "racks", "facts", "notes")
    return {key: getattr(year, key) for key in keys}


def _year(document: YearDocument | None, arrays: dict[str, Array]) -> Year | None:
    if document is None:
        return None
    supply, setpoint = arrays.pop("supply"), arrays.pop("setpoint")
    parts: dict[str, dict[str, Array]] = {"hall": {}, "rack": {}}
    for name in [name for name in arrays if "/" in name]:
        kind, _, quantity = name.partition("/")
        parts[kind][quantity] = arrays.pop(name)
    return Year(
        **dict(document),
        hours=arrays,
        supply=supply,
        setpoint=setpoint,
        hall=parts["hall"],
        rack=parts["rack"],
    )


def _history_document(history: History) -> dict[str, Any]:
    return {
        "name": history.name,
        "label": history.label,
        "ids": {name: list(ids) for name, ids in history.ids.items()},
        "series": {name: [series.label, series.dimension] for name, series in history.series.items()},
        "limits": {name: list(limits) for name, limits in history.limits.items()},
        "moments": list(history.moments),
    }


def _history_arrays(history: History) -> dict[str, np.ndarray]:
    values = {f"values/{name}": array.astype(np.float32) for name, array in history.values.items()}
    return {"times": history.times, **values, **{f"lines/{name}": a for name, a in history.lines.items()}}


def _history(told: HistoryDocument, arrays: dict[str, Array]) -> History:
    times = arrays["times"]
    return History(
        name=told.name,
        label=told.label,
        times=times,
        ids=told.ids,
        values={name: arrays[f"values/{name}"].astype(float) for name in told.ids},
        series={name: Series(label, dimension) for name, (label, dimension) in told.series.items()},
        lines={name: arrays[f"lines/{name}"] for name in told.series},
        limits=told.limits,
        moments=told.moments,
    )


def _finite(facts: dict[str, Any]) -> dict[str, Any]:
    """JSON knows no infinity: what is not known is left out."""
    return {
        name: value for name, value in facts.items() if not isinstance(value, float) or math.isfinite(value)
    }

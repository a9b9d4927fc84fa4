"""Save a run and read it back: one JSON document and one array file, no pickle."""

from __future__ import annotations

import json
import math
import zlib
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from twin import __version__
from twin.results.histories import History
from twin.results.results import Results, SolveReport, Table, Verdict
from twin.results.year import HOURS, SERIES, Series, Year
from twin.scenario import Scenario

FORMAT = 1
"""Version of the run document; raised when a reader of the old one would misread the new one."""
DOCUMENT, ARRAYS = "run.json", "run.npz"


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
        document = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
        version = document.get("format") if isinstance(document, dict) else None
        if version != FORMAT:
            raise RunError(
                f"{folder / DOCUMENT}: run format {version!r}; this version of twin reads format {FORMAT}"
            )
        with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
            return _assemble(document, {name: arrays[name] for name in arrays.files})
    except RunError:
        raise
    except (
        OSError,
        EOFError,
        BadZipFile,
        zlib.error,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:
        raise RunError(
            f"{folder}: no readable run ({type(error).__name__}: {error}); run `twin solve` again"
        ) from error


def _assemble(document: dict[str, Any], arrays: dict[str, np.ndarray]) -> tuple[Results, Verdict]:
    values: dict[str, dict[str, np.ndarray]] = {}
    studied: dict[str, dict[str, np.ndarray]] = {}
    traced: dict[int, dict[str, np.ndarray]] = {}
    for name, array in arrays.items():
        table, _, quantity = name.partition("/")
        if table == "history":
            number, _, quantity = quantity.partition("/")
            traced.setdefault(int(number), {})[quantity] = array
        elif table == "study":
            table, _, quantity = quantity.partition("/")
            studied.setdefault(table, {})[quantity] = array
        else:
            values.setdefault(table, {})[quantity] = array
    count = len(document["scenarios"])
    tables = {name: Table(tuple(ids), values.get(name, {})) for name, ids in document["tables"].items()}
    for name, read in tables.items():
        for quantity, array in read.values.items():
            if array.shape != (count, len(read.ids)):
                raise ValueError(f"{name}.{quantity} has shape {array.shape}, not {(count, len(read.ids))}")
    studies = {
        name: Table(tuple(ids), studied.get(name, {})) for name, ids in document.get("studies", {}).items()
    }
    for name, read in studies.items():
        for quantity, array in read.values.items():
            if array.shape != (len(read.ids),):
                raise ValueError(f"study {name}.{quantity} has shape {array.shape}, not {(len(read.ids),)}")
    year = _year(document.get("year"), values.pop("year", {}))
    histories = [_history(told, traced.get(k, {})) for k, told in enumerate(document.get("histories", ()))]
    results = Results(
        facility=document["facility"],
        digest=document["digest"],
        scenarios=tuple(Scenario(**scenario) for scenario in document["scenarios"]),
        tables=tables,
        reports=tuple(SolveReport(**{**report, "ok": tuple(report["ok"])}) for report in document["reports"]),
        conservation=values.get("conservation", {}),
        settled=tuple(document["settled"]),
        passes=document["passes"],
        notes=tuple(document["notes"]),
        seconds=document["seconds"],
        air=tuple(document.get("air", ())),
        studies=studies,
        answers=document.get("answers", {}),
        year=year,
        histories=tuple(histories),
    )
    return results, Verdict.model_validate(document["verdict"])


def _year_document(year: Year | None) -> dict[str, Any] | None:
    if year is None:
        return None
    keys = ("station", "source", "synthetic", "loops", "facts", "notes")
    return {key: getattr(year, key) for key in keys}


def _year(document: dict[str, Any] | None, arrays: dict[str, np.ndarray]) -> Year | None:
    if document is None:
        return None
    loops = tuple(document["loops"])
    wide = {name: arrays.pop(name) for name in ("supply", "setpoint")}
    for name, array in (*arrays.items(), *wide.items()):
        shape = (HOURS, len(loops)) if name in wide else (HOURS,)
        if array.shape != shape:
            raise ValueError(f"year {name} has shape {array.shape}, not {shape}")
    if missing := set(SERIES) - set(arrays):
        raise ValueError(f"year lacks {', '.join(sorted(missing))}")
    notes = tuple(document["notes"])
    texts: dict[str, Any] = {**document, "loops": loops, "notes": notes}
    return Year(**texts, hours=arrays, supply=wide["supply"], setpoint=wide["setpoint"])


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


def _history(told: dict[str, Any], arrays: dict[str, np.ndarray]) -> History:
    times = arrays["times"]
    ids = {name: tuple(str(thing) for thing in things) for name, things in told["ids"].items()}
    series = {name: Series(str(label), str(dimension)) for name, (label, dimension) in told["series"].items()}
    values = {name: arrays[f"values/{name}"].astype(float) for name in ids}
    lines = {name: arrays[f"lines/{name}"] for name in series}
    shapes = {name: (times.size, len(things)) for name, things in ids.items()}
    for name, array in (*values.items(), *lines.items()):
        if times.ndim != 1 or array.shape != shapes.get(name, times.shape):
            raise ValueError(f"history {told['name']}: {name} has shape {array.shape}")
    return History(
        name=str(told["name"]),
        label=str(told["label"]),
        times=times,
        ids=ids,
        values=values,
        series=series,
        lines=lines,
        limits={
            name: tuple((float(value), str(text)) for value, text in limits)
            for name, limits in told["limits"].items()
        },
        moments=tuple((float(time), str(text)) for time, text in told["moments"]),
    )


def _finite(facts: dict[str, Any]) -> dict[str, Any]:
    """JSON knows no infinity: what is not known is left out."""
    return {
        name: value for name, value in facts.items() if not isinstance(value, float) or math.isfinite(value)
    }

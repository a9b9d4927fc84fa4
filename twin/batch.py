"""Many layouts at once, in processes that cannot harm each other.

A worker is a fresh interpreter that reads one job a line and answers with one row a line: JSON both ways, no
pickle, so it does not matter how the caller was started.  A layout that crashes or hangs costs its worker,
not the batch: its row says what happened and a new worker goes on.

With an output folder every layout leaves its run folder.  One whose folder is finished, with the same
content, version and options, is not solved again: a batch that was killed goes on where it was.  A folder whose
files are not those that were written (cut off, changed, lost) is no finished one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from hashlib import file_digest, sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from twin.documents import GENERATOR

if TYPE_CHECKING:
    from twin.model.facility import Facility
    from twin.networks.fidelity import Fidelity
    from twin.run import Inputs, Studies

TIMEOUT = 600.0
"""Longest time for one layout. [s]"""
CACHE = "batch.json"
"""Written into a run folder when its row is known."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Status = Literal["solved", "unsettled", "runaway", "failed", "invalid", "crashed", "timeout"]
_EXIT = {"failed": 3, "invalid": 2, "crashed": 3, "timeout": 3}


@dataclass(frozen=True)
class Options:
    """How every layout of a batch is evaluated."""

    sets: tuple[str, ...] = ()
    failures: bool = True
    outdoor: str = ""
    pictures: bool = False
    out: str = ""
    """Folder of the run folders; empty to write nothing."""
    fresh: bool = False
    """Solve again what is finished."""
    air: Fidelity = "zonal"
    """Model of the halls' air."""
    climate: str = ""
    """Weather file or climate instead of the layouts' own: its design day, and the hours of ``year``; empty for theirs."""
    year: bool = False
    """Whether to evaluate every hour of a year as well."""
    studies: Studies = "quick"
    """What is asked beside the states."""


@dataclass(frozen=True)
class Row:
    """What became of one layout."""

    layout: str
    status: Status
    verdict: Literal["pass", "fail"] = "fail"
    message: str = ""
    """Why there is no verdict."""
    mistakes: tuple[dict[str, Any], ...] = ()
    """Mistakes of the input: file, line, column, message."""
    document: dict[str, Any] = field(default_factory=dict)
    """The answer as `twin.documents.answer_document` makes it; empty if there is none."""
    seconds: float = 0.0
    reused: bool = False
    """True if the run folder was finished already."""

    @property
    def exit_code(self) -> int:
        """0 all rules hold, 1 a rule is broken, 2 the input is wrong, 3 no solution."""
        return _EXIT.get(self.status, 0 if self.verdict == "pass" else 1)


def validate(
    layouts: Iterable[str | os.PathLike[str]],
    options: Options | None = None,
    *,
    jobs: int | None = None,
    timeout: float = TIMEOUT,
    told: Callable[[Row], None] | None = None,
) -> list[Row]:
    """Evaluate many layouts; the rows come in the order of the layouts, whatever the number of processes.

    Parameters
    ----------
    jobs : int, optional
        Processes; as many as there are cores (or layouts) without it.
    timeout : float
        Longest time for one layout. [s]
    told : callable, optional
        Called with every row when it is known.
    """
    options = options or Options()
    names = list(dict.fromkeys(os.fspath(layout) for layout in layouts))
    tasks = [_Task(name, key, options) for name, key in zip(names, keys(names), strict=True)]
    jobs = max(1, min(jobs or _cores(), len(tasks)))
    crew = _Crew(timeout)
    with ThreadPoolExecutor(jobs) as pool:
        pending = {pool.submit(crew.solve, task): index for index, task in enumerate(tasks)}
        rows: dict[int, Row] = {}
        try:
            for future in as_completed(pending):
                rows[pending[future]] = future.result()
                if told:
                    told(future.result())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            crew.dismiss()
    return [rows[index] for index in range(len(tasks))]


def keys(names: Sequence[str]) -> list[str]:
    """Names of layouts that differ: the file's, with its folders where two share it."""
    paths = [Path(name) for name in names]
    stems = Counter(path.stem for path in paths)
    return [path.stem if stems[path.stem] == 1 else "-".join(_steps(path.with_suffix(""))) for path in paths]


def _steps(path: Path) -> tuple[str, ...]:
    """Path as words that can stand in a folder's name."""
    return tuple(step.strip("/\\:").replace("..", "up") or "root" for step in path.parts)


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


@dataclass(frozen=True)
class _Task:
    layout: str
    key: str
    options: Options


class _Crew:
    """The workers, one for each thread that asks."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._mine = threading.local()
        self._all: list[_Worker] = []
        self._closed = False

    def solve(self, task: _Task) -> Row:
        begun = time.perf_counter()
        worker = self._worker()
        answer = worker.ask(task, self.timeout)
        if answer is not None:
            return _row(answer)
        seconds = round(time.perf_counter() - begun, 3)
        status: Status = "timeout" if worker.late else "crashed"
        message = f"not finished after {self.timeout:g} s" if worker.late else worker.last_words()
        self._mine.worker = None
        return Row(task.layout, status, message=message, seconds=seconds)

    def dismiss(self) -> None:
        self._closed = True
        for worker in self._all:
            worker.end()

    def _worker(self) -> _Worker:
        worker: _Worker | None = getattr(self._mine, "worker", None)
        if worker is None:
            worker = self._mine.worker = _Worker()
            self._all.append(worker)
            if self._closed:  # dismissed while this one was starting
                worker.end()
        return worker


class _Worker:
    """A process that evaluates layouts one after the other."""

    def __init__(self) -> None:
        self.late = False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        root = str(Path(__file__).resolve().parents[1])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**dict.fromkeys(_THREADS, "1"), **os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "twin.batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            encoding="utf-8",
        )

    def ask(self, task: _Task, timeout: float) -> dict[str, Any] | None:
        """The row of a task; None if the process ended first."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        alarm = threading.Timer(timeout, self._kill_late)
        alarm.daemon = True
        alarm.start()
        try:
            self._process.stdin.write(json.dumps(asdict(task)) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
            return json.loads(line) if line.endswith("\n") else None
        except (OSError, ValueError):
            return None
        finally:
            alarm.cancel()

    def _kill_late(self) -> None:
        self.late = True
        self._process.kill()

    def last_words(self) -> str:
        """How the process ended, with the last line it wrote."""
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        how = f"ended by signal {-code}" if code < 0 else f"ended with code {code}"
        return f"the process {how}" + (f": {lines[-1][:300]}" if lines else "")

    def end(self) -> None:
        """Stop at once and leave nothing open."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            _close(pipe)


def _close(pipe: IO[Any] | None) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except OSError:  # what was not flushed has no reader any more
        pass


def _row(answer: dict[str, Any]) -> Row:
    return Row(**{**answer, "mistakes": tuple(answer["mistakes"])})


# -- inside a worker -------------------------------------------------------------------------------


def evaluate_one(layout: str, key: str, options: Options) -> Row:
    """The row of one layout, solved here and now or read from its finished folder."""
    from twin.documents import mistakes_document
    from twin.layout import LayoutError
    from twin.run import read_input

    begun = time.perf_counter()
    try:
        facility, inputs = read_input(layout, options.sets, options.outdoor, options.climate or None)
        folder = Path(options.out) / f"{key}-{facility.digest[:8]}" if options.out else None
        made = _made(facility, options)
        known = _finished(folder, made, layout) if folder and not options.fresh else None
        return known or _solved(facility, inputs, layout, folder, made, options, begun)
    except LayoutError as error:
        mistakes = tuple(mistakes_document(error)["mistakes"])
        count = len(mistakes)
        message = mistakes[0]["message"] + (f" (and {count - 1} more)" if count > 1 else "")
        seconds = round(time.perf_counter() - begun, 3)
        return Row(layout, "invalid", message=message, mistakes=mistakes, seconds=seconds)


def _solved(
    facility: Facility,
    inputs: Inputs,
    layout: str,
    folder: Path | None,
    made: dict[str, Any],
    options: Options,
    begun: float,
) -> Row:
    from twin.documents import answer_document, to_json
    from twin.run import answer, prepare, write, write_whole

    if folder:
        prepare(facility, inputs, folder, climate=options.climate or None, year=options.year)
    run = answer(
        facility, inputs, failures=options.failures, air=options.air, studies=options.studies,
        climate=options.climate or None, year=options.year,
    )  # fmt: skip
    if folder:
        (folder / CACHE).unlink(missing_ok=True)
        run = write(run, folder, pictures=options.pictures)
    document = answer_document(run)
    row = Row(
        layout,
        run.verdict.status,
        run.verdict.verdict,
        document=document,
        seconds=round(time.perf_counter() - begun, 3),
    )
    if folder:
        write_whole(folder / CACHE, to_json({"made": made, "files": _files(folder), "row": asdict(row)}))
    return row


def _finished(folder: Path, made: dict[str, Any], layout: str) -> Row | None:
    """The row of a folder that belongs to this content, version and options, and whose files are as they were written."""
    try:
        known = json.loads((folder / CACHE).read_text(encoding="utf-8"))
        if known["made"] != made or not known["files"] or known["files"] != _files(folder):
            return None
        return _row({**known["row"], "layout": layout, "reused": True})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _files(folder: Path) -> dict[str, list[object]]:
    """Size and digest of every file that a run is read from again; of the fields of air, which may be large, the size."""
    from twin.results.fields import FOLDER
    from twin.run import ANSWER, COPY, INPUT

    found: dict[str, list[object]] = {}
    numbers = [folder / name for name in (INPUT, ANSWER, "run.json", "run.npz")]
    for path in (*numbers, *sorted((folder / COPY).rglob("*"))):
        if path.is_file():
            found[path.relative_to(folder).as_posix()] = [path.stat().st_size, _digest(path)]
    for path in sorted((folder / FOLDER).glob("*")):
        found[path.relative_to(folder).as_posix()] = [path.stat().st_size]
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _made(facility: Facility, options: Options) -> dict[str, Any]:
    asked: dict[str, Any] = {"failures": options.failures, "pictures": options.pictures, "air": options.air}
    asked |= {"climate": options.climate, "year": options.year, "studies": options.studies}
    weather = [_content(path) for path in _weather_files(facility, options)] if options.year else []
    return {"digest": facility.digest, "by": GENERATOR, **asked, "weather": weather}


def _weather_files(facility: Facility, options: Options) -> list[Path]:
    """Files outside the layout's text on which a year rests; a climate's name is none."""
    beside = Path(facility.file).parent
    own = [facility.year.series, None if options.climate else facility.year.weather]
    return [*(beside / name for name in own if name), *([Path(options.climate)] if options.climate else [])]


def _content(path: Path) -> str:
    """Digest of a file; empty if it cannot be read, which the solve tells better."""
    from twin.climate.text import read_bytes
    from twin.layout.mistakes import LayoutError

    try:
        return sha256(read_bytes(path)).hexdigest()
    except LayoutError:
        return ""


def _serve() -> None:
    """Answer jobs until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the caller ends us
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not stand among the answers
    for line in sys.stdin:
        task = json.loads(line)
        options = Options(**{**task["options"], "sets": tuple(task["options"]["sets"])})
        answers.write(json.dumps(asdict(_guarded(task["layout"], task["key"], options))) + "\n")
        answers.flush()


def _guarded(layout: str, key: str, options: Options) -> Row:
    """The row, also where the program itself fails."""
    begun = time.perf_counter()
    try:
        return evaluate_one(layout, key, options)
    except Exception as error:
        message = f"internal error: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        if isinstance(error, OSError):
            message = f"{error.filename or options.out}: {error.strerror or error}"
        return Row(layout, "crashed", message=message, seconds=round(time.perf_counter() - begun, 3))


if __name__ == "__main__":
    _serve()

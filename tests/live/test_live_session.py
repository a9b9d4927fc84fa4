"""From a save to what the page is told: steps, mistakes, recovery, and a solver that is ended."""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from tests.live.conftest import PAGE
from twin.layout.mistakes import LayoutError, Mistake
from twin.live import steps as stepping
from twin.live.session import Session
from twin.live.steps import Asked, Step, follow, steps
from twin.live.worker import Process, Workers
from twin.view.web.document import unpack

ROOT = Path(__file__).parents[2]
SMALL = ("params.racks=1",)


class Here:
    """Solves in a thread of this process: the same steps without the start of another interpreter."""

    def __init__(self, tell):
        self._tell = tell
        self._jobs = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self):
        while (job := self._jobs.get()) is not None:
            follow(job, self._tell)

    def submit(self, job):
        self._jobs.put(job)

    def tend(self):
        pass

    def close(self):
        self._jobs.put(None)
        self._thread.join()


class Heard:
    """What was told, and a way to wait for it."""

    def __init__(self):
        self._told = queue.SimpleQueue()

    def __call__(self, kind, told, body=b""):
        self._told.put((kind, told))

    def next(self, *kinds, timeout=60.0):
        """The next event of some kinds; the others before it are passed over."""
        end = time.monotonic() + timeout
        while True:
            kind, told = self._told.get(timeout=max(end - time.monotonic(), 0.01))
            if kind in kinds:
                return kind, told


@pytest.fixture
def layout(tmp_path):
    return Path(shutil.copy(ROOT / "layouts" / "first_hall.yaml", tmp_path / "hall.yaml"))


@pytest.fixture
def live(layout, request):
    """A live view of the layout, watched; gives the session and what it told."""
    before = set(threading.enumerate())
    options = {"failures": False, "air": "zonal", **getattr(request, "param", {})}
    heard, stop = Heard(), threading.Event()
    with Session(Asked(str(layout), SMALL, **options), PAGE, solving=Here, told=heard) as session:
        looking = threading.Thread(target=session.run, args=(stop,))
        looking.start()
        yield session, heard
        stop.set()
        looking.join()
    assert set(threading.enumerate()) <= before


def fetched(session, what="scene"):
    with urllib.request.urlopen(session.address + what, timeout=10) as answer:
        return answer.read()


def test_mistakes_are_told_at_their_line_while_the_last_scene_stays(live, layout):
    session, heard = live
    assert heard.next("scene", "mistakes", "failed")[0] == "scene"
    scene = fetched(session)
    assert unpack(scene).document.title == "First hall, eight GB300 racks"

    text = layout.read_text(encoding="utf-8")
    broken = text.replace("ceiling_plenum: 1 m", "ceiling_plenum: 1 metre  # </script>", 1)
    layout.write_text(broken, encoding="utf-8")
    kind, told = heard.next("scene", "mistakes", "failed")
    assert kind == "mistakes"
    (mistake,) = told["mistakes"]
    number = next(n for n, line in enumerate(broken.splitlines(), 1) if "1 metre" in line)
    assert (mistake["file"], mistake["line"]) == (str(layout), number)
    assert mistake["text"] == broken.splitlines()[number - 1]
    assert "metre" in mistake["message"]
    assert (fetched(session), session.news.version) == (scene, 1)
    with urllib.request.urlopen(session.address + "events", timeout=10) as stream:
        lines = [stream.readline().decode() for _ in range(7)]
    assert lines[2:5] == ["event: scene\n", 'data: {"version": 1}\n', "\n"]
    assert (lines[5], json.loads(lines[6].removeprefix("data: "))) == ("event: mistakes\n", told)

    layout.write_text(text.replace("First hall", "Second hall"), encoding="utf-8")
    assert heard.next("scene", "mistakes", "failed")[0] == "scene"
    assert unpack(fetched(session)).document.title == "Second hall, eight GB300 racks"


def test_a_layout_that_is_gone_broken_or_no_file_is_told_and_comes_back(live, layout):
    session, heard = live
    heard.next("scene")
    text = layout.read_bytes()
    for harm, words in [
        (lambda: layout.unlink(), "no such file"),
        (lambda: layout.mkdir(), "this is a folder"),
        (lambda: (layout.rmdir(), layout.write_bytes(b"\x00\xff" * 99)), "binary"),
        (lambda: layout.write_text("include: [../../etc/passwd]\n", encoding="utf-8"), "outside the folder"),
        (lambda: layout.write_text("twin: 1\n" * 3, encoding="utf-8"), "twin"),
        (lambda: os.truncate(layout, 100 * 2**20), "too large"),
    ]:
        harm()
        kind, told = heard.next("scene", "mistakes", "failed")
        assert kind == "mistakes"
        assert any(words in mistake["message"] for mistake in told["mistakes"]), told
    assert session.news.version == 1
    layout.write_bytes(text)
    assert heard.next("scene", "mistakes", "failed")[0] == "scene"


def test_included_files_are_watched_also_while_there_are_mistakes(live, layout):
    session, heard = live
    heard.next("scene")
    text = layout.read_text(encoding="utf-8")
    layout.write_text(
        text.replace("\nsite:", "\ninclude: [own.yaml]\nsite:").replace("description:", "#"), "utf-8"
    )
    _, told = heard.next("scene", "mistakes", "failed")
    assert "no such file" in told["mistakes"][0]["message"]
    own = layout.with_name("own.yaml")
    own.write_text("description: of its own\n", encoding="utf-8")
    assert heard.next("scene", "mistakes", "failed")[0] == "scene"
    assert unpack(fetched(session)).document.description == "of its own"
    own.write_text("description: of another\n", encoding="utf-8")
    heard.next("scene")
    assert unpack(fetched(session)).document.description == "of another"


def test_a_solver_that_fails_is_told(live, layout, monkeypatch):
    _session, heard = live
    heard.next("scene")

    def fail(*things, **options):
        raise ZeroDivisionError("a number too small")

    monkeypatch.setattr("twin.run.answer", fail)
    layout.touch()
    kind, told = heard.next("scene", "mistakes", "failed")
    assert kind == "failed"
    assert told["message"] == "internal error: ZeroDivisionError: a number too small"
    monkeypatch.undo()
    layout.touch()
    assert heard.next("scene", "mistakes", "failed")[0] == "scene"


def names(**asked):
    return [step.name for step in steps(Asked("x", **asked), lambda: "rans")]


def test_the_quick_picture_comes_first_and_no_step_repeats_another():
    assert names() == ["normal state", "single failures", "3-D air, studies"]
    assert names(failures=False) == ["normal state", "3-D air"]
    assert names(failures=False, air="zonal") == ["normal state"]
    assert names(failures=True, air="zonal", studies="none") == ["normal state", "single failures"]
    assert names(air="zonal", year=True) == ["normal state", "single failures", "studies, year"]
    first, *_, last = steps(Asked("x", air="auto", studies="thorough", year=True), lambda: "rans")
    assert first == Step("normal state", failures=False, air="zonal", studies="none", year=False)
    assert last == Step("3-D air, studies, year", True, "rans", "thorough", True)


def test_auto_is_resolved_only_when_the_first_pictures_are_there():
    asked = []
    made = steps(Asked("x"), lambda: asked.append("model") or "zonal")
    assert [next(made).name, next(made).name] == ["normal state", "single failures"]
    assert not asked
    assert next(made).name == "studies"
    assert asked == ["model"]


def test_progress_is_told_now_and_then(monkeypatch):
    told = []
    progress = stepping._Progress("normal state", lambda kind, what, body: told.append((kind, what)))
    for done in range(1000):
        progress(done, total=1000)
    assert told[0] == ("progress", {"stage": "normal state", "done": 0, "total": 1000})
    assert len(told) < 5
    progress.stage("ride-through")
    assert told[-1] == ("progress", {"stage": "ride-through", "done": 0, "total": 0})


def test_lines_are_read_from_files_of_the_layout_only(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("a password\n", encoding="utf-8")
    hall = tmp_path / "hall.yaml"
    hall.write_text("x" * 10_000 + "\n\x1b[31mred", encoding="utf-8")
    error = LayoutError(
        [Mistake(str(file), line, 1, 1, "m") for file in (secret, hall) for line in (1, 2, 9)]
    )
    told = stepping.mistakes(error, [str(hall)])["mistakes"]
    texts = {(Path(m["file"]).name, m["line"]): m["text"] for m in told}
    assert {line for (name, line), text in texts.items() if name == "secret" and text} == set()
    assert texts["hall.yaml", 1] == "x" * stepping.TEXT
    assert texts["hall.yaml", 9] == ""


@pytest.mark.parametrize("kind", ["fifo", "zero", "folder"])
def test_what_is_no_file_is_told_at_once(tmp_path, kind):
    hall = tmp_path / "hall.yaml"
    {
        "fifo": lambda: os.mkfifo(hall),
        "zero": lambda: hall.symlink_to("/dev/zero"),
        "folder": lambda: hall.mkdir(),
    }[kind]()
    told = []
    stepping.follow(Asked(str(hall)), lambda kind, what, body: told.append((kind, what)))
    kinds = [kind for kind, _ in told]
    assert kinds == ["progress", "files", "mistakes"]
    (mistake,) = told[-1][1]["mistakes"]
    assert re.search("not a regular file|this is a folder", mistake["message"])
    assert (mistake["file"], mistake["text"]) == (str(hall), "")


def test_many_mistakes_are_counted(tmp_path):
    error = LayoutError(Mistake("hall.yaml", line, 1, 1, "m") for line in range(1, 2001))
    told = stepping.mistakes(error, [])
    assert (len(told["mistakes"]), told["more"]) == (50, 1950)


class Slow:
    """A process that does what the test says."""

    made: list = []

    def __init__(self, heard):
        self.heard, self.jobs = heard, []
        self.busy = self.shown = self.ended = False
        Slow.made.append(self)

    def give(self, job):
        self.jobs.append(job.layout)
        self.busy, self.shown = True, False

    def end(self):
        self.ended = True


@pytest.fixture
def crew(monkeypatch):
    """Workers without processes; gives them, their processes, the time and what they told."""
    monkeypatch.setattr("twin.live.worker.Process", Slow)
    monkeypatch.setattr(Slow, "made", [])
    told, time_ = [], [0.0]
    return Workers(lambda *what: told.append(what), clock=lambda: time_[0]), Slow.made, time_, told


def test_a_newer_job_waits_for_a_first_picture_but_not_for_the_rest(crew):
    workers, processes, _clock, _ = crew
    workers.submit(Asked("a"))
    workers.submit(Asked("b"))
    workers.submit(Asked("c"))
    assert (len(processes), processes[0].jobs) == (1, ["a"])
    processes[0].shown = True  # a picture is there, the failures are still being solved
    workers.tend()
    assert processes[0].ended
    assert processes[1].jobs == ["c"]  # b was never begun


def test_a_first_picture_that_takes_long_is_given_up(crew):
    workers, processes, clock, _ = crew
    workers.submit(Asked("a"))
    workers.submit(Asked("b"))
    clock[0] = 4.5
    workers.tend()
    assert processes[0].ended
    assert processes[1].jobs == ["b"]


def test_a_spare_process_is_ready_and_a_free_one_is_used_again(crew):
    workers, processes, _clock, _ = crew
    workers.submit(Asked("a"))
    workers.tend()
    assert len(processes) == 1  # not while the first picture is made
    processes[0].shown = True
    workers.tend()
    assert len(processes) == 2
    workers.submit(Asked("b"))
    assert (processes[0].ended, processes[1].jobs) == (True, ["b"])
    processes[1].busy, processes[1].shown = False, True
    workers.submit(Asked("c"))
    assert processes[1].jobs == ["b", "c"]


def test_a_process_that_died_is_replaced_and_the_words_of_an_ended_one_are_dropped(crew):
    workers, processes, _clock, told = crew
    workers.submit(Asked("a"))
    processes[0].shown = True
    workers.tend()
    processes[1].ended = True  # the spare one died, too
    processes[0].ended, processes[0].busy = True, False
    workers.submit(Asked("b"))
    assert processes[2].jobs == ["b"]
    processes[0].heard(processes[0], "failed", {"message": "late"}, b"")
    processes[2].heard(processes[2], "scene", {}, b"new")
    assert told == [("scene", {}, b"new")]
    workers.close()
    assert all(process.ended for process in processes)


@pytest.mark.slow
def test_a_process_solves_dies_and_is_replaced(layout):
    heard, before = Heard(), set(threading.enumerate())
    workers = Workers(heard)
    job = Asked(str(layout), SMALL, failures=False, air="zonal")
    workers.submit(job)
    assert heard.next("scene", "mistakes", "failed")[0] == "scene"
    os.kill(workers._current._process.pid, signal.SIGKILL)
    kind, told = heard.next("scene", "mistakes", "failed")
    words = f"the solver was ended by signal {signal.SIGKILL:d}, as happens when memory runs out"
    assert (kind, told["message"]) == ("failed", words)
    workers.submit(job)
    assert heard.next("scene", "mistakes", "failed")[0] == "scene"
    workers.close()
    assert set(threading.enumerate()) <= before


@pytest.mark.slow
def test_a_process_ends_with_the_one_that_started_it(layout):
    program = (
        "import os; from twin.live.worker import Process\n"
        "p = Process(lambda *what: None); print(p._process.pid, flush=True); os._exit(0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    pid = int(done.stdout)
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid}/stat").exists() and " Z " in Path(f"/proc/{pid}/stat").read_text():
            return
        time.sleep(0.05)
    pytest.fail("the solver outlives its server")


@pytest.mark.slow
def test_a_process_that_cannot_start_says_why(monkeypatch):
    told = queue.SimpleQueue()
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    process = Process(lambda process, kind, what, body: told.put((kind, what)))
    kind, what = told.get(timeout=10)
    assert (kind, what["message"]) == ("failed", "the solver ended with code 1")
    process.end()

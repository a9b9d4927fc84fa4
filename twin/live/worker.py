"""Solving beside the server: in a process that can be ended at any moment, with another one ready to go on.

What is being solved is worth nothing once the layout was saved again, and no solver can be asked to stop in the midst of an
airflow.  So the process is ended, and a spare one, which has imported all it needs, takes the newest job; jobs never
queue.  Only a first picture, which takes a moment, is let finish.

The process reads a job a line and answers with frames: a line of JSON (kind, values, size), then that many bytes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, Protocol

from twin.live.steps import Asked, Tell, follow

FIRST = 4.0
"""Longest time that a newer job waits for the first picture of the one before. [s]"""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Solving(Protocol):
    """Whoever solves the newest job."""

    def submit(self, job: Asked) -> None:
        """Solve this, and nothing that was asked before."""

    def tend(self) -> None:
        """Called often: what is due is done."""

    def close(self) -> None:
        """End at once."""


class Workers:
    """A process that solves, and a spare one."""

    def __init__(self, tell: Tell, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._tell, self._clock = tell, clock
        self._lock = Lock()
        self._current: Process | None = Process(self._heard)
        self._spare: Process | None = None
        self._waiting: Asked | None = None
        self._begun = 0.0

    def submit(self, job: Asked) -> None:
        """Solve this as soon as it can be."""
        with self._lock:
            self._waiting = job
        self.tend()

    def tend(self) -> None:
        """Give the newest job to a process that is free, or to the spare one if the current one is at work too long."""
        with self._lock:
            over = self._make_room()
            current = self._current
            if self._waiting is None and self._spare is None and (current is None or current.shown):
                self._spare = Process(self._heard)
        if over is not None:
            over.end()  # not under the lock: its last words may be on their way

    def _make_room(self) -> Process | None:
        """Start the newest job if it may start; the process to be ended for it."""
        current = self._current
        if self._waiting is None:
            return None
        if current is not None and current.busy and not current.shown and self._clock() - self._begun < FIRST:
            return None
        free = current is not None and not current.busy and not current.ended
        if not free:
            spare, self._spare = self._spare, None
            self._current = spare if spare is not None and not spare.ended else Process(self._heard)
        assert self._current is not None
        self._begun = self._clock()
        self._current.give(self._waiting)
        self._waiting = None
        return None if free else current

    def _heard(self, process: Process, kind: str, told: Mapping[str, Any], body: bytes) -> None:
        """Pass on what the current process tells; whatever an ended one had on its lips is over."""
        with self._lock:
            if process is not self._current:
                return
        self._tell(kind, told, body)

    def close(self) -> None:
        """End both processes."""
        with self._lock:
            both = [process for process in (self._current, self._spare) if process is not None]
            self._current = self._spare = self._waiting = None
        for process in both:
            process.end()


class Process:
    """An interpreter that solves one job after the other."""

    def __init__(self, heard: Callable[[Process, str, Mapping[str, Any], bytes], None]) -> None:
        self.busy = False
        self.shown = False
        """Whether the job has shown its first picture, or ended."""
        self.ended = False
        self._heard = heard
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        root = str(Path(__file__).resolve().parents[2])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**dict.fromkeys(_THREADS, "1"), **os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", "from twin.live.worker import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
        )
        self._reader = Thread(target=self._read, name="twin live worker")
        self._reader.start()

    def give(self, job: Asked) -> None:
        """Start a job; one process has one at a time."""
        self.busy, self.shown = True, False
        assert self._process.stdin is not None
        with suppress(OSError):  # it has just died, which its reader tells
            self._process.stdin.write(json.dumps(asdict(job)).encode() + b"\n")
            self._process.stdin.flush()

    def _read(self) -> None:
        frames = self._process.stdout
        assert frames is not None
        while True:
            line = frames.readline()
            if not line.endswith(b"\n"):
                break
            frame = json.loads(line)
            body = frames.read(frame["size"])
            if len(body) < frame["size"]:
                break
            self.shown = self.shown or frame["kind"] == "scene"
            if frame["kind"] == "done":
                self.busy, self.shown = False, True
            else:
                self._heard(self, frame["kind"], frame["told"], body)
        if not self.ended:
            self.ended, self.busy, self.shown = True, False, True
            self._heard(self, "failed", {"message": f"the solver {self._last_words()}"}, b"")

    def _last_words(self) -> str:
        """How the process ended, with the last line it wrote."""
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read()[-4096:].decode("utf-8", "replace").strip().splitlines()
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        how += ", as happens when memory runs out" if code == -getattr(signal, "SIGKILL", 9) else ""
        return how + (f": {lines[-1][:300]}" if lines else "")

    def end(self) -> None:
        """Stop at once and leave nothing open."""
        self.ended = True
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            with suppress(OSError):  # what was not flushed has no reader any more
                if pipe is not None:
                    pipe.close()


# -- inside the process ----------------------------------------------------------------------------


def main() -> None:
    """Solve jobs until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the caller ends us
    frames = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not stand among the frames

    def tell(kind: str, told: Mapping[str, Any], body: bytes = b"") -> None:
        frames.write(json.dumps({"kind": kind, "told": told, "size": len(body)}).encode() + b"\n" + body)
        frames.flush()

    jobs: SimpleQueue[str] = SimpleQueue()
    Thread(target=_listen, args=(jobs,), daemon=True).start()
    _warm()
    while True:
        job = json.loads(jobs.get())
        follow(Asked(**{**job, "sets": tuple(job["sets"])}), tell)
        tell("done", {})


def _listen(jobs: SimpleQueue[str]) -> None:
    """Take jobs; end this process, whatever it does, once the one that started it is gone."""
    for line in sys.stdin:
        jobs.put(line)
    os._exit(0)


def _warm() -> None:
    """Import and read what every job needs."""
    import twin.checks
    import twin.coupling
    import twin.run
    import twin.view.web.compose  # noqa: F401
    from twin.catalogue import Catalogue

    Catalogue.builtin()

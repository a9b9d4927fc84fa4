"""Whether the files of a layout have changed, seen by looking at them often.

Looking works on every file system, network shares among them, and costs nothing for a few files.  A save is taken once
nothing moves any more: editors write in pieces, truncate first, or put a new file in the place of the old one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from itertools import islice
from threading import Lock

PERIOD = 0.1
"""Time between looks. [s]"""
QUIET = 0.08
"""Time without a further change after which a save is whole. [s]"""
GRACE = 0.6
"""The same while a file is missing or empty: between two steps of a save, most likely. [s]"""
ENTRIES = 1000
"""Most files that are looked at in the folder of a layout with mistakes."""
DEPTH = 3
"""Folders inside one another that are looked into then."""
ENDINGS = (".yaml", ".yml", ".epw", ".csv", ".tm2")
"""Files that a layout may name."""

Mark = tuple[int, int, int] | None
"""Time of change [ns], size [byte] and number of a file; None if there is none."""


class Watch:
    """Remembers files as they were when they were last taken."""

    def __init__(self, files: Iterable[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._around = ""
        self._taken = {path: mark(path) for path in files}
        self._last, self._since = self._taken, clock()

    @property
    def files(self) -> tuple[str, ...]:
        """What is looked at."""
        return tuple(self._taken)

    def follow(self, files: Iterable[str], around: str = "") -> None:
        """Look at these files from now on; at all that may belong to a layout in the folder ``around``, too.

        A file that is known keeps the mark it was taken with, so that a change since then is seen.
        """
        with self._lock:
            self._around = around
            wanted = dict.fromkeys((*files, *beside(around)))
            self._taken = {path: self._taken.get(path) or mark(path) for path in wanted}

    def changed(self) -> bool:
        """Whether a save has ended since the last one was taken; takes it."""
        with self._lock:
            now = {path: mark(path) for path in dict.fromkeys((*self._taken, *beside(self._around)))}
            moment = self._clock()
            if now != self._last:
                self._last, self._since = now, moment
            if now == self._taken:
                return False
            whole = all(state and state[1] for path, state in now.items() if self._taken.get(path))
            if moment - self._since < (QUIET if whole else GRACE):
                return False
            self._taken = now
            return True

    @property
    def pause(self) -> float:
        """Time until the next look. [s]"""
        return PERIOD if self._last == self._taken else QUIET / 2


def mark(path: str) -> Mark:
    """What tells a file from its next version."""
    try:
        state = os.stat(path)
    except (OSError, ValueError):
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino


def beside(folder: str) -> list[str]:
    """Files that a layout in a folder may name; none for no folder."""
    found: list[str] = []
    folders = [(folder, 0)] if folder else []
    while folders and len(found) < ENTRIES:
        path, depth = folders.pop()
        try:
            with os.scandir(path) as entries:
                for entry in islice(entries, ENTRIES):
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders += [(entry.path, depth + 1)] if depth < DEPTH else []
                    elif entry.name.endswith(ENDINGS):
                        found.append(os.path.normpath(entry.path))
        except OSError:  # not ours to read
            continue
    return sorted(found)[:ENTRIES]

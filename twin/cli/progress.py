"""Progress of long work, on a terminal only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twin.cli import printing


class Bar:
    """Tells how far the work is; the shape that `twin.coupling.evaluate` calls."""

    def __init__(self, progress: Any = None, task: Any = None) -> None:
        self._progress, self._task = progress, task

    def __call__(self, done: int, total: int = 0, base: int = 0) -> None:
        if self._progress is not None:
            self._progress.update(self._task, completed=base + done, total=total or None)

    def stage(self, name: str) -> None:
        """What is done now."""
        if self._progress is not None:
            self._progress.update(self._task, description=name)


@contextmanager
def bar(task: str, quiet: bool = False) -> Iterator[Bar]:
    """A bar on standard error that disappears when the work is done."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    console = printing.console(stderr=True)
    if quiet or not console.is_terminal:
        yield Bar()
        return
    words = TextColumn("{task.description}", markup=False)
    columns = (SpinnerColumn(), words, BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield Bar(progress, progress.add_task(printing.safe(task), total=None))

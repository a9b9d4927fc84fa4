"""Planes of a grid shared out to two threads; the kernels let go of the interpreter.

Large grids are always cut at the same plane, whether one thread does both halves or two do one each, so that sums and
results do not depend on the number of threads.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

T = TypeVar("T")

LEAST = 400_000
"""Cells of a grid below which handing over costs more than it saves: nothing was gained at 165,000, 1.7 times at 1.3
million."""
_local = threading.local()


def cores() -> int:
    """Threads that this process may use: its processors, or fewer where ``OMP_NUM_THREADS`` says so."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(here, int(asked)) if asked.isdigit() and int(asked) else here)


def stay_single() -> None:
    """Let the calling thread share nothing out: its neighbours are busy with rooms of their own."""
    _local.single = True


@cache
def _helper() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="planes")


def halves(run: Callable[[int, int], T], k0: int, k1: int, cells: int, step: int = 1) -> tuple[T, ...]:
    """Both halves of the planes ``k0 .. k1``, or all of them at once in a small grid; the cut keeps every second plane where
    it is (``step`` 2)."""
    if cells < LEAST:
        return (run(k0, k1),)
    middle = k0 + (k1 - k0) // (2 * step) * step
    if getattr(_local, "single", False) or cores() < 2:
        return run(k0, middle), run(middle, k1)
    second = _helper().submit(run, middle, k1)
    first = run(k0, middle)
    return first, second.result()

"""Fair timing: candidates in turn, so that a busy moment hits all of them; the median counts."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

REPEATS = 5


@dataclass(frozen=True)
class Row:
    """One case: our time and that of another program on the same problem, if there is one."""

    case: str
    ours_s: float
    peer: str | None = None
    peer_s: float | None = None
    ratio: float | None = None
    """Their time over ours."""


def single_threaded() -> None:
    """Call before numpy is imported: one thread for us and for others."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def medians(
    *candidates: Callable[[], object],
    repeats: int = REPEATS,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[float, ...]:
    """Median seconds of each candidate; they run in turn, after one run each that does not count."""
    taken: list[list[float]] = [[] for _ in candidates]
    for candidate in candidates:
        candidate()
    for _ in range(repeats):
        for seconds, candidate in zip(taken, candidates, strict=True):
            begun = clock()
            candidate()
            seconds.append(clock() - begun)
    return tuple(map(statistics.median, taken))


def against(case: str, peer: str, ours: Callable[[], object], theirs: Callable[[], object]) -> Row:
    """Process time of both, in turn."""
    ours_s, peer_s = medians(ours, theirs, clock=time.process_time)
    return Row(case, ours_s, peer, peer_s, peer_s / ours_s)


def report(description: str, rows: Callable[[], Iterable[Row]]) -> None:
    """Command line of a benchmark: a Markdown table that grows as cases end, or rows as JSON."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print a list of rows instead of a table")
    if parser.parse_args().json:
        print(json.dumps([asdict(row) for row in rows()], indent=1))
        return
    for number, row in enumerate(rows()):
        cells = [row.case, _seconds(row.ours_s)]
        if row.peer is not None:
            cells += [row.peer, _seconds(row.peer_s or 0.0), f"{row.ratio:.2g}"]
        if number == 0:
            heads = ["case", "ours", "peer", "theirs", "ratio"][: len(cells)]
            _line(heads)
            _line(["---"] * len(heads))
        _line(cells)


def _line(cells: Iterable[str]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{value * 1e3:.3g} ms"

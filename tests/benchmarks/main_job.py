"""The main job, as a user waits for it: wall-clock time of checking, solving and loading layouts.

Start-up counts where a command is timed ("cold": a new process each time); "warm" is a second solve in one
process.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.benchmarks.timing import Row, medians, report, single_threaded

ROOT = Path(__file__).resolve().parents[2]
HALL = ROOT / "layouts" / "gb300_hall.yaml"
CAMPUS = ROOT / "layouts" / "campus.yaml"


def main() -> None:
    """Print the table."""
    single_threaded()
    report(__doc__ or "", rows)


def rows() -> Iterator[Row]:
    """All cases, the quick ones first."""
    from twin.coupling import evaluate
    from twin.layout import load

    yield Row("60-line parametric layout, load", *medians(partial(load, HALL)))
    yield from _long_layout()
    yield Row("`twin check`, 128 racks, cold", *medians(partial(_twin, "check", HALL)))
    yield Row("`twin solve --air zonal`, 128 racks, one state, no pictures, cold", *medians(_solve_hall))
    yield Row(
        "`twin solve`, 128 racks, 165 states, 3-D air, no pictures, cold",
        *medians(_solve_hall_in_3d, repeats=3),
    )
    hall = load(HALL)
    yield Row("128 racks, one state, warm", *medians(partial(evaluate, hall, failures=False)))
    states = len(evaluate(hall).scenarios)
    yield Row(f"128 racks, all N-1 ({states} states), warm", *medians(partial(evaluate, hall), repeats=3))
    if CAMPUS.exists():
        campus = load(CAMPUS)
        racks = len(campus.racks)
        states = len(evaluate(campus).scenarios)
        case = f"campus, {racks:,} racks, all N-1 ({states} states), warm"
        yield Row(case, *medians(partial(evaluate, campus), repeats=1))


def _twin(*arguments: object) -> None:
    """Run the command in a new process; a design that breaks a rule has been solved as well."""
    program = [sys.executable, "-c", "from twin.cli import main; main()", *map(str, arguments)]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(
            f"twin {' '.join(map(str, arguments))} ended with {done.returncode}:\n{done.stderr}"
        )


def _solve_hall() -> None:
    with tempfile.TemporaryDirectory() as folder:
        _twin("solve", HALL, "--no-pictures", "--no-failures", "--air", "zonal", "--out", folder)


def _solve_hall_in_3d() -> None:
    with tempfile.TemporaryDirectory() as folder:
        _twin("solve", HALL, "--no-pictures", "--out", folder)


def _long_layout() -> Iterator[Row]:
    from twin.layout import load

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.yaml"
        text = long_layout(50_000)
        path.write_text(text, encoding="utf-8")
        lines, machines = text.count("\n"), len(load(path).machines)
        yield Row(
            f"{lines:,}-line layout, {machines:,} machines, load", *medians(partial(load, path), repeats=3)
        )


def long_layout(lines: int) -> str:
    """A layout that repeats nothing: every machine written out in four lines, all on one board."""
    head = """\
twin: 1
name: every machine by hand
hall:
  size: [200 m, 800 m, 5 m]
power:
  utility: {id: grid, voltage: 415 V, capacity: 200 MVA}
  switchboards: [{id: board, type: swb_4000a_415v, from: grid}]
  whips: [{to: "kind:rack", from: board, breaker: 63 A}]
equipment:
"""
    count = (lines - head.count("\n")) // 4
    machines = (
        f"  - id: r{number}\n"
        f"    type: network_rack\n"
        f"    at: [{2 + number % 200 * 0.9:.1f} m, {2 + number // 200 * 4} m]\n"
        f"    face: {('south', 'north')[number // 200 % 2]}\n"
        for number in range(count)
    )
    return head + "".join(machines)


if __name__ == "__main__":
    main()

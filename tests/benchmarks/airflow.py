"""Three-dimensional airflow against OpenFOAM: equal cells, schemes and turbulence model, CPU time of one core.

The time is that until every rack inlet stays within 0.2 K of where it ends, set-up and coarse grids included.  The
reference room at 0.2 m is solved live by both programs where OpenFOAM is installed; on finer cells its recorded
iterations are multiplied by the time that one iteration takes here, or, where it is not installed, by the recorded time
of an iteration per cell; the column "peer" says which.

``--peer`` runs OpenFOAM from rest to the end in every case that has one (minutes each); ``--full`` adds 1e7 cells and
times OpenFOAM on 1.2 million (more minutes); ``--only WORD`` keeps the cases whose group holds the word: settle, warm,
preview, transient, large, hall, memory, curve.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from tests.benchmarks.timing import Row, report, single_threaded

ROOT = Path(__file__).resolve().parents[2]
CLOSE = 0.2
"""Distance to the last inlet temperature at which a case counts as settled. [K]"""
FINAL = 0.005
"""Tolerance to which ours is run on to know its last inlets. [K]"""
TIMED = 24
"""OpenFOAM's iterations where only their time is wanted."""
TRANSIENT, TRANSIENT_MASS, TRANSIENT_SURFACE = 120.0, 3e4, 1e4
"""Time followed [s], heat capacity of a rack's servers [J/K] and of walls and floor [J/(m2 K)] (assumed)."""


def main() -> None:
    """Print the table."""
    single_threaded()
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", default="")
    options, sys.argv[1:] = parser.parse_known_args()
    report(__doc__ or "", partial(rows, **vars(options)))


def rows(*, peer: bool = False, full: bool = False, only: str = "") -> Iterator[Row]:
    """All cases, the quick ones first."""
    groups: dict[str, Callable[[], Iterator[Row]]] = {
        "settle": partial(_settle, peer),
        "warm": partial(_warm, peer),
        "preview": _preview,
        "transient": _transient,
        "large": partial(_large, full),
        "hall": _hall,
        "memory": _memory,
        "curve": partial(_curve, full),
    }
    for name, cases in groups.items():
        if only in name:
            yield from cases()


# --- ours -----------------------------------------------------------------------------------------


class Watch:
    """Notes CPU time and inlets after every iteration on the finest grid so far."""

    def __init__(self) -> None:
        self.begun = time.process_time()
        self.level: int | None = None
        self.seconds: list[float] = []
        self.inlets: list[Any] = []

    def __call__(self, level: int, iteration: int, inlets: Any) -> None:
        """What ``solve`` calls."""
        if level != self.level:
            self.level, self.seconds, self.inlets = level, [], []
        self.seconds.append(time.process_time() - self.begun)
        self.inlets.append(inlets.copy())


@dataclass(frozen=True, eq=False)
class Settled:
    """A solve and when it had settled."""

    solution: Any
    inlet: Any
    """Of the streams that take air. [degC]"""
    cells: int
    """With air, on the finest grid."""
    iterations: int
    """On the finest grid."""
    seconds: float

    @property
    def ending(self) -> str:
        """Empty, or that the run on which "where it ends" rests did not converge."""
        return "" if self.solution.status.ok else f" (ours in the end: {self.solution.status.value})"


def solve(problem: Any, *, within: float = CLOSE, share: float = 1.0, start: Any = None) -> Settled:
    """Solve, and see afterwards when a share of the inlets came to stay within a distance. [K]"""
    import numpy as np

    from solvers.air import field
    from solvers.air.field.voxels import rasterise
    from tests.benchmarks.openfoam import settled

    _compile()
    taking = sorted({patch.stream for patch in problem.room.patches if not patch.supply})
    watch = Watch()
    solution = field.solve(problem, method="rans", tolerance=FINAL, start=start, progress=watch)
    # what is reported is the end: fluxes made to conserve mass, heat solved exactly on them
    seconds = [*watch.seconds, time.process_time() - watch.begun]
    inlets = np.array([*watch.inlets, solution.stream_inlet])[:, taking]
    count = settled(inlets, within, share)
    return Settled(solution, inlets[-1], rasterise(problem.room).cells, count, seconds[count - 1])


def _stop(problem: Any) -> str:
    """When ours ends by itself, without knowing where: what a user waits for."""
    from solvers.air import field

    begun = time.process_time()
    field.solve(problem, method="rans")
    return f"ends by itself after {time.process_time() - begun:.2g} s"


@cache
def _compile() -> None:
    """Run the kernels once, so that no time counts that compiles or loads them."""
    from solvers.air import field
    from tests.benchmarks.openfoam import reference_problem

    for method in ("rans", "potential"):
        field.solve(reference_problem(0.3, 1.1), method=method)


# --- theirs ---------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Peer:
    """OpenFOAM's answer and time, and where they come from."""

    name: str
    inlet: Any
    seconds: float


def run_live(problem: Any, line: Any) -> Peer:
    """OpenFOAM from rest to the end, now."""
    from solvers.air.field.voxels import rasterise
    from tests.benchmarks import openfoam

    with tempfile.TemporaryDirectory() as folder:
        done = openfoam.run(problem, rasterise(problem.room), Path(folder), line.iterations)
    inlet = done.inlet[:, : len(openfoam.RACKS)]
    count = openfoam.settled(inlet, CLOSE)
    return Peer(f"OpenFOAM, live, {count} iterations", inlet[-1], float(done.seconds[count - 1]))


@cache
def iteration_seconds(spacing: float) -> float | None:
    """CPU time of one of OpenFOAM's iterations here and now; None where it is not installed. [s]"""
    from solvers.air.field.voxels import rasterise
    from tests.benchmarks import openfoam

    if not openfoam.available():
        return None
    problem = openfoam.reference_problem(spacing, 1.1)
    with tempfile.TemporaryDirectory() as folder:
        return openfoam.run(problem, rasterise(problem.room), Path(folder), TIMED).iteration_seconds


def quote(line: Any) -> Peer:
    """Recorded iterations times the time of one, measured now if possible."""
    each = iteration_seconds(line.spacing)
    name = f"OpenFOAM, {line.to_fifth} recorded iterations"
    if each is None:
        each = line.iteration_seconds
        name += f", recorded {each / line.cells * 1e6:.2g} us a cell and iteration"
    else:
        name += f", {each:.2g} s each here"
    return Peer(name, line.inlet, line.to_fifth * each)


# --- cases ----------------------------------------------------------------------------------------


def _row(case: str, ours_s: float, peer: Peer) -> Row:
    return Row(case, ours_s, peer.name, peer.seconds, peer.seconds / ours_s)


def _apart(ours: Any, theirs: Any) -> str:
    import numpy as np

    apart = ours[: len(theirs)] - theirs
    return f"inlets differ by {np.abs(apart).max():.2f} K at most, {np.sqrt(np.mean(apart**2)):.2f} K rms"


def _settle(live: bool) -> Iterator[Row]:
    """The reference room at two tile flows, from rest."""
    from tests.benchmarks import openfoam

    for line in openfoam.recorded():
        if line.change:
            continue
        problem = openfoam.reference_problem(line.spacing, line.tile_factor)
        runs = [solve(problem)]
        now = openfoam.available() and (live or line.spacing > 0.15)
        peer = run_live(problem, line) if now else quote(line)
        runs += [solve(problem) for _ in range(2)]
        ours = statistics.median(run.seconds for run in runs)
        case = f"{line.cells:,} cells, tiles {line.tile_factor:.0%}: {runs[0].iterations} iterations{runs[0].ending}"
        yield _row(f"{case}, {_stop(problem)}; {_apart(runs[0].inlet, peer.inlet)}", ours, peer)


def _warm(live: bool) -> Iterator[Row]:
    """A changed state of the room, ours from the state before; OpenFOAM's from rest and from the state before."""
    from tests.benchmarks import openfoam

    before = solve(openfoam.reference_problem(0.12, 1.1)).solution
    runs: dict[str, Settled] = {}
    for line in openfoam.recorded():
        if not line.change or line.spacing != 0.12:
            continue
        problem = openfoam.reference_problem(line.spacing, line.tile_factor, line.change)
        if line.change not in runs:
            runs[line.change] = solve(problem, start=before)
        ours = runs[line.change]
        peer = (
            run_live(problem, line) if live and openfoam.available() and line.start == "cold" else quote(line)
        )
        name = peer.name.replace(
            "OpenFOAM", "OpenFOAM from rest" if line.start == "cold" else "OpenFOAM restarted"
        )
        case = f"{line.cells:,} cells, {line.change}, warm: {ours.iterations} iterations; {_apart(ours.inlet, peer.inlet)}"
        yield _row(case + ours.ending, ours.seconds, Peer(name, peer.inlet, peer.seconds))


def _preview() -> Iterator[Row]:
    """Potential flow, and how far it is from the truth."""
    from solvers.air import field
    from tests.benchmarks import openfoam

    _compile()
    for line in openfoam.recorded():
        if line.change or line.spacing != 0.12:
            continue
        problem = openfoam.reference_problem(line.spacing, line.tile_factor)
        taken = []
        for _ in range(3):
            begun = time.process_time()
            solution = field.solve(problem, method="potential")
            taken.append(time.process_time() - begun)
        apart = _apart(solution.stream_inlet, line.inlet).replace("differ", "differ from OpenFOAM's")
        yield Row(
            f"potential, {line.cells:,} cells, tiles {line.tile_factor:.0%}; {apart}",
            statistics.median(taken),
        )


def _large(full: bool) -> Iterator[Row]:
    """Eight times the cells; OpenFOAM is taken to need no more iterations than on the coarser ones."""
    from tests.benchmarks import openfoam

    spacing = openfoam.LARGE_SPACING
    for line in openfoam.recorded():
        if line.change or line.spacing != 0.12:
            continue
        problem = openfoam.reference_problem(spacing, line.tile_factor)
        ours = solve(problem)
        cells = ours.cells
        each = iteration_seconds(spacing) if full else None
        each, source = (each, "timed here") if each else (openfoam.LARGE_SECONDS, "recorded time")
        name = f"OpenFOAM, extrapolated: at least the {line.to_fifth} iterations of {line.cells:,} cells, {source} of each"
        case = (
            f"{cells:,} cells, tiles {line.tile_factor:.0%}: {ours.iterations} iterations on the finest grid"
        )
        yield _row(
            f"{case}, {_stop(problem)}{ours.ending}",
            ours.seconds,
            Peer(name, line.inlet, line.to_fifth * each),
        )


def _hall() -> Iterator[Row]:
    """A thousand racks."""
    from solvers.air.field.problem import Problem
    from tests.benchmarks.rooms import thousand_rack_hall

    room, state = thousand_rack_hall()
    ours = solve(Problem(room=room, **state), within=0.5, share=0.99)
    case = f"1,000 racks, {ours.cells:,} cells, 99 % of racks within 0.5 K: {ours.iterations} iterations"
    yield Row(f"{case} on the finest grid{ours.ending}", ours.seconds)


def _transient() -> Iterator[Row]:
    """The reference room after its tiles lose half their air at once; time against that of the room."""
    import numpy as np

    from solvers.air import field
    from tests.benchmarks.openfoam import reference_problem

    _compile()
    problem = reference_problem(0.12, 1.1)
    start = field.solve(problem, method="rans")
    tiles = np.isfinite(problem.setpoint)
    schedule = field.Schedule.jump(problem, 5.0, flow=np.where(tiles, 0.5, 1.0) * problem.flow)
    masses = field.Masses(stream=np.where(tiles, 0.0, TRANSIENT_MASS), boundary=TRANSIENT_SURFACE)
    for step in (1.0, 0.5):
        run = field.simulate(problem, schedule, start=start, duration=TRANSIENT, step=step, masses=masses)
        steps = len(run.times) - 1
        pace = f"{run.cells * steps / run.seconds:.2g} cells a second, {TRANSIENT / run.seconds:.3g} times real time"
        closing = f"heat closes to {run.balance_error:.0e}, in a step to {run.energy_error.max():.0e}"
        case = f"transient: {TRANSIENT:.0f} s of {run.cells:,} cells in {steps} steps of at most {step} s: {pace}; {closing}"
        yield Row(f"{case}{'' if run.status.ok else f' ({run.status.value})'}", run.seconds)


def _curve(full: bool) -> Iterator[Row]:
    """Cost over cells, each to 0.2 K."""
    from tests.benchmarks import openfoam
    from tests.benchmarks.rooms import SPACINGS

    for spacing in SPACINGS if full else SPACINGS[:-2]:
        ours = solve(openfoam.reference_problem(spacing, 1.1))
        each = f"{ours.seconds / ours.cells * 1e6:.0f} us a cell"
        yield Row(f"cost: {ours.cells:,} cells, {each} to {CLOSE} K{ours.ending}", ours.seconds)


def _memory() -> Iterator[Row]:
    """In a process of its own."""
    program = [sys.executable, "-c", "from tests.benchmarks.airflow import print_memory; print_memory()"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True)
    cells, size, seconds = map(float, done.stdout.split())
    yield Row(f"memory: {cells:,.0f} cells, {size / cells:.0f} bytes a cell at the peak", seconds)


def print_memory(spacing: float = 0.06) -> None:
    """Cells, growth of the process' memory while it solves [B], CPU time [s]."""
    from solvers.air import field
    from solvers.air.field.voxels import rasterise
    from tests.benchmarks.openfoam import reference_problem

    _compile()
    problem = reference_problem(spacing, 1.1)
    before = _resident(reset=True)
    begun = time.process_time()
    field.solve(problem, method="rans", tolerance=0.5)
    print(rasterise(problem.room).cells, _resident() - before, time.process_time() - begun)


def _resident(reset: bool = False) -> int:
    """Largest memory held since the last reset (Linux) or ever. [B]"""
    import resource

    status, marks = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if status.exists():
        if reset:
            marks.write_text("5")  # forgets the peak
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main()

"""Many failures of one network, and what each of them does: :func:`contingencies`.

The base state is solved once; of each failure only the pieces of the network that feel it are solved again.  See
THEORY_contingency.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.contingency_general import FIGURES, TRIPS, General, Outcome
from solvers.power.contingency_outages import Kind, Outages, Pairs, check_outages
from solvers.power.contingency_result import Cascade, Contingencies, Trip, Watch, Watched
from solvers.power.outputs import ENDINGS
from solvers.power.problem import Problem
from solvers.status import SolveError

__all__ = ["Contingencies", "Kind", "Outages", "Pairs", "Screening", "Trip", "Watch", "contingencies"]

Array = NDArray[Any]
Method = Literal["auto", "pieces", "general"]

COMPILED_FROM = 20_000
"""Buses times scenarios from which "auto" takes the compiled kernels: below, to load them costs more than they save
(measured; the same as in :func:`solvers.power.prepare`)."""

MAX_ITERATIONS = 1
"""Index of the ending of a cascade that does not come to rest in the steps allowed."""


def contingencies(
    problem: Problem,
    outages: Outages | Pairs,
    *,
    load_power: ArrayLike | None = None,
    trip: Trip | None = None,
    max_steps: int = 20,
    watch: Watch | None = None,
    tolerance: float = 1e-8,
    max_iterations: int = 100,
    method: Method = "auto",
    block: int = 2048,
    progress: Callable[[int, int], None] | None = None,
    raise_on_failure: bool = False,
) -> Contingencies:
    """Let each of K sets of elements fail and find the steady state that is left.

    Parameters
    ----------
    problem : Problem of one scenario, the base state.
    outages : K scenarios; those of a :class:`Pairs` are made block by block.
    load_power : (L,) complex, instead of ``problem.load_power``. [VA]
    trip : limits beyond which elements trip; after each solve they all trip at once and the state is solved
        again, until nothing trips.
    max_steps : int
        Solves allowed to a cascade; one that still trips then ends with MAX_ITERATIONS.
    watch : elements whose values are wanted for every scenario.
    tolerance : float
        Largest accepted change of a voltage between two sweeps [p.u.], and largest accepted mismatch of a bus
        relative to ``base_power`` or to the served load, whichever is smaller [-].
    max_iterations : see :func:`solvers.power.solve`.
    method : "auto", "pieces" or "general"
        "pieces" solves what each failure touches by compiled kernels (needs numba; the first use ever on a
        machine compiles them, which takes a minute).  "general" solves the whole network for every scenario.
        "auto" takes pieces where there are enough buses and scenarios and numba is there.
    block : int
        Scenarios in memory at a time.
    progress : called with the number of finished scenarios and K.
    raise_on_failure : bool
        Raise :class:`solvers.status.SolveError` if a scenario fails, instead of reporting it.

    Raises
    ------
    ValueError
        For a problem of several scenarios, an unknown element, or a limit that is none.

    Notes
    -----
    The switching is that of :func:`solvers.power.solve` with the same elements open or off: transfer switches take
    their best energised input, loads go to the cords they have left, converters on one busbar share.  The results
    are the same within the tolerance, which a scenario meets together with the seven others it is solved with.
    Order and time are not modelled, except that of the steps of a cascade.

    Examples
    --------
    Two equal feeders share a load of 1 MW; of each single failure of a feeder the other carries it all.
    """
    screening = Screening(
        problem, load_power=load_power, tolerance=tolerance, max_iterations=max_iterations, method=method
    )
    return screening.run(
        outages, trip=trip, max_steps=max_steps, watch=watch, block=block, progress=progress,
        raise_on_failure=raise_on_failure,
    )  # fmt: skip


class Screening:
    """A base state, divided into pieces and solved, for any number of questions."""

    def __init__(
        self,
        problem: Problem,
        *,
        load_power: ArrayLike | None = None,
        tolerance: float = 1e-8,
        max_iterations: int = 100,
        method: Method = "auto",
    ) -> None:
        """See :func:`contingencies`."""
        if not (tolerance > 0 and max_iterations >= 1):
            raise ValueError(
                f"tolerance must be > 0 and max_iterations >= 1, got {tolerance} and {max_iterations}"
            )
        if method not in ("auto", "pieces", "general"):
            raise ValueError(f'method must be "auto", "pieces" or "general", got {method!r}')
        self.problem = _base(problem, load_power)
        self._method = method
        self._general = General(self.problem, tolerance, max_iterations)
        self._pieces: Any = _pieces(self.problem, self._general) if method == "pieces" else None

    def run(
        self,
        outages: Outages | Pairs,
        *,
        trip: Trip | None = None,
        max_steps: int = 20,
        watch: Watch | None = None,
        block: int = 2048,
        progress: Callable[[int, int], None] | None = None,
        raise_on_failure: bool = False,
    ) -> Contingencies:
        """Let the elements of each scenario fail; see :func:`contingencies`."""
        if not (max_steps >= 1 and block >= 1):
            raise ValueError(f"max_steps and block must be >= 1, got {max_steps} and {block}")
        watched = (watch or Watch()).indices(self.problem)
        engine = self._engine(len(outages))
        engine.begin(None if trip is None else trip.limits(self.problem), watched)
        tally = _Tally(self.problem, len(outages), watched, max_steps)
        for first in range(0, len(outages), block):
            stop = min(first + block, len(outages))
            part = outages.part(first, stop)
            check_outages(self.problem, part)
            tally.follow(engine, part, np.arange(first, stop))
            if progress is not None:
                progress(stop, len(outages))
        engine.finish()
        result = tally.result(self._general)
        if raise_on_failure and not result.status.ok:
            raise SolveError(result.status, result.detail)
        return result

    def _engine(self, count: int) -> Any:
        """What answers this many scenarios."""
        large = self.problem.bus_voltage.size * count >= COMPILED_FROM
        if self._method == "auto" and self._pieces is None and large and find_spec("numba") is not None:
            self._pieces = _pieces(self.problem, self._general)
        return self._general if self._pieces is None else self._pieces


def _base(problem: Problem, load_power: ArrayLike | None) -> Problem:
    if load_power is not None:
        load = np.asarray(load_power, dtype=complex)
        if load.shape != problem.load_power.shape[1:]:
            raise ValueError(f"load_power has shape {load.shape}, expected {problem.load_power.shape[1:]}")
        problem = replace(problem, load_power=load)
    if problem.scenarios != 1:
        raise ValueError(f"problem must have one scenario, the base state; it has {problem.scenarios}")
    return problem


def _pieces(problem: Problem, general: General) -> Any:
    """The compiled kernels where they know the network, else the general solver."""
    if problem.voltage_dependent:
        return general
    from solvers.power.contingency_pieces import NotInPieces, Pieces

    try:
        return Pieces(problem, general)
    except NotInPieces:
        return general


class _Tally:
    """Results of all scenarios as they come in."""

    def __init__(
        self, problem: Problem, count: int, watched: tuple[Array, Array, Array], max_steps: int
    ) -> None:
        self.problem, self.count, self.max_steps = problem, count, max_steps
        self.figures = np.zeros(count, FIGURES)
        self.steps = np.ones(count, dtype=int)
        self.unfinished = np.zeros(count, dtype=bool)
        self.loads = max(problem.load_power.shape[1], 1)
        self.lost: list[Array] = []
        """Unserved loads: scenario times number of loads, plus load."""
        self.trips: list[Array] = []
        self.trip_steps: list[Array] = []
        buses, branches, converters = watched
        self.voltage = np.zeros((count, buses.size), dtype=complex)
        self.current = np.zeros((count, branches.size))
        self.output = np.zeros((count, converters.size))

    def follow(self, engine: Any, outages: Outages, names: Array) -> None:
        """Solve, trip and solve again until all scenarios of a block are at rest."""
        for step in range(1, self.max_steps + 1):
            outcome: Outcome = engine.run(outages, names)
            trips = outcome.trips
            again = np.zeros(names.size, dtype=bool)
            again[trips["scenario"]] = True
            last = step == self.max_steps
            self.steps[names] = step
            self._keep(outcome, np.flatnonzero(~again | last), names)
            self.unfinished[names[again]] = last
            if not trips.size:
                return
            at = np.flatnonzero(again)
            found = trips.copy()
            found["scenario"] = names[trips["scenario"]]
            self.trips.append(found)
            self.trip_steps.append(np.full(found.size, step))
            if last:
                return
            counts = np.bincount(trips["scenario"], minlength=names.size)[at]
            fallen = Outages(np.concatenate([[0], np.cumsum(counts)]), trips["kind"], trips["element"])
            outages, names = outages.take(at).joined(fallen), names[at]

    def _keep(self, outcome: Outcome, rows: Array, names: Array) -> None:
        """Final values of some scenarios of a block."""
        whole = rows.size == names.size
        chosen: Any = slice(None) if whole else rows
        at: Any = names[chosen]
        if whole and at.size and at[-1] - at[0] + 1 == at.size:
            at = slice(int(at[0]), int(at[-1]) + 1)
        for table, values in (
            (self.figures, outcome.figures),
            (self.voltage, outcome.voltage),
            (self.current, outcome.current),
            (self.output, outcome.output),
        ):
            table[at] = values[chosen]
        owner = np.repeat(np.arange(names.size), np.diff(outcome.lost_start))
        final = np.zeros(names.size, dtype=bool)
        final[rows] = True
        keep = final[owner]
        self.lost.append(names[owner[keep]] * self.loads + outcome.lost[keep])

    def _fail(self) -> None:
        """A scenario that did not end well reports nothing, and no load served."""
        table = self.figures
        table["ending"][self.unfinished & (table["ending"] == 0)] = MAX_ITERATIONS
        bad = table["ending"] != 0
        if not bad.any():
            return
        for name in ("lowest", "highest", "heaviest", "converter", "source", "loss", "served"):
            table[name][bad] = 0.0
        for name in ("lowest_at", "highest_at", "heaviest_at", "converter_at", "source_at"):
            table[name][bad] = -1
        for values in (self.voltage, self.current, self.output):
            values[bad] = 0.0
        failed = np.flatnonzero(bad)[:, None]
        self.lost = [part[~bad[part // self.loads]] for part in self.lost]
        self.lost.append((failed * self.loads + np.arange(self.problem.load_power.shape[1])).ravel())

    def result(self, general: General) -> Contingencies:
        """All scenarios."""
        self._fail()
        unserved = np.concatenate([*self.lost, np.zeros(0, dtype=int)])
        self.lost.clear()
        unserved.sort()
        start = np.searchsorted(unserved, self.loads * np.arange(self.count + 1))
        unserved %= self.loads
        trips = np.concatenate([*self.trips, np.zeros(0, TRIPS)])
        steps = np.concatenate([*self.trip_steps, np.zeros(0, dtype=int)])
        by = np.lexsort((trips["element"], trips["kind"], steps, trips["scenario"]))
        trips, steps = trips[by], steps[by]
        table, records = self.figures, general.records
        code = int(table["ending"].max(initial=0))
        detail = ""
        if code:
            failed = np.flatnonzero(table["ending"] == code)
            why = "the cascade does not come to rest" if self.unfinished[failed[0]] else ENDINGS[code].value
            total = np.count_nonzero(table["ending"])
            detail = f"{total} of {self.count} scenarios failed; scenario {failed[0]}: {why}"
        dead = ~np.isfinite(records.bus)
        return Contingencies(
            status=ENDINGS[code],
            detail=detail,
            ending=table["ending"].astype(np.int8),
            **{name: table[field].copy() for name, field in _COLUMNS.items()},
            unserved=np.diff(start),
            unserved_start=start,
            unserved_load=unserved,
            steps=self.steps,
            cascade=Cascade(trips["scenario"], steps, trips["kind"], trips["element"], trips["loading"]),
            worst_branch_loading=records.branch,
            worst_branch_scenario=records.branch_in,
            worst_converter_loading=records.converter,
            worst_converter_scenario=records.converter_in,
            worst_source_power=records.source,
            worst_source_scenario=records.source_in,
            worst_bus_voltage=np.where(dead, 0.0, records.bus),
            worst_bus_scenario=np.where(dead, -1, records.bus_in),
            watched=Watched(self.voltage, self.current, self.output),
        )


_COLUMNS = {
    "iterations": "iterations",
    "residual": "residual",
    "lowest_voltage": "lowest",
    "lowest_voltage_at": "lowest_at",
    "highest_voltage": "highest",
    "highest_voltage_at": "highest_at",
    "branch_loading": "heaviest",
    "branch_loading_at": "heaviest_at",
    "converter_loading": "converter",
    "converter_loading_at": "converter_at",
    "source_power": "source",
    "source_power_at": "source_at",
    "loss": "loss",
    "served_power": "served",
    "swept": "swept",
}
"""Fields of Contingencies and the columns of FIGURES they are."""

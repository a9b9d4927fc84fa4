"""Many scenarios at once: by the compiled kernel, or with numpy and scipy alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .heat_arrays import VARIED, Topology
from .heat_case import HeatCase
from .heat_plan import Plan, plan
from .modes import QUICK, solve_chunk

CHUNK = 60_000
"""Nodes times scenarios in one sparse matrix; bounds memory.  Measured: no effect on time above 1e4."""

ANSWER = {
    "residual": ("one", float),
    "node_temperature": ("nodes", float),
    "link_inlet": ("links", float),
    "link_outlet": ("links", float),
    "link_gain": ("links", float),
    "exchanger_duty": ("exchangers", float),
    "exchanger_limited": ("exchangers", bool),
    "rejected": ("links", float),
    "energy_error": ("one", float),
    "settled": ("one", bool),
    "extraction": ("extractions", float),
    "stagnant_heat": ("one", float),
    "node_runaway": ("nodes", bool),
}
"""Arrays that the kernel fills, in its order: what they have a column for, and their type.  They begin at zero,
since the kernel leaves heats rejected out where there are none: memory not written to costs nothing."""

Arrays = dict[str, NDArray[Any]]


def run_plain(topology: Topology, arrays: Arrays, max_iterations: int) -> tuple[Arrays, int]:
    """Arrays of the solution by name and `settled`, with numpy and scipy alone; and the passes."""
    case, row_of = HeatCase.from_arrays(topology, arrays)
    step = max(1, CHUNK // max(case.node_count, 1))
    parts = [
        solve_chunk(case.take(slice(i, min(i + step, case.scenarios))), max_iterations)
        for i in range(0, case.scenarios, step)
    ]
    passes = max(int(part.pop("iterations")) for part in parts)
    return {name: np.concatenate([part[name] for part in parts])[row_of] for name in parts[0]}, passes


class Compiled:
    """A topology ready for the kernel."""

    def __init__(self, topology: Topology) -> None:
        self.topology, order = topology, plan(topology)
        self._plan = _plan_tables(order)
        self._links = _link_tables(topology)

    def run(self, arrays: Arrays, scenarios: int, max_iterations: int) -> tuple[Arrays, int]:
        """As :func:`run_plain`."""
        from .heat_kernel import solve_rows

        widths = self.topology.widths
        answer: Arrays = {
            name: np.zeros((scenarios, widths[kind]), dtype) for name, (kind, dtype) in ANSWER.items()
        }
        given = tuple(_read_only(arrays[name]) for name in VARIED)
        tables = (self._plan, self._links, given, tuple(answer.values()))
        passes = int(solve_rows(np.arange(scenarios), *tables, min(max_iterations, QUICK), False))
        hard = np.flatnonzero(~answer["settled"][:, 0])
        if hard.size:
            for values in answer.values():
                values[hard] = 0
            passes += int(solve_rows(hard, *tables, max_iterations, True))
        return {
            name: values[:, 0] if ANSWER[name][0] == "one" else values for name, values in answer.items()
        }, passes


def _plan_tables(p: Plan) -> tuple[Any, ...]:
    return (
        p.forward,
        p.backward,
        p.across_hot,
        p.across_cold,
        p.order,
        p.first,
        p.neighbour,
        p.above,
        p.below,
        p.pair_first,
        p.pair,
        p.touching_first,
        p.touching,
        p.rows,
        p.given,
    )


def _link_tables(t: Topology) -> tuple[NDArray[Any], ...]:
    machine = np.full(t.start.size, t.hot.size + t.taken.size, np.int64)
    for links, first in ((t.hot, 0), (t.cold, 0), (t.taken, t.hot.size)):
        machine[links] = first + np.arange(links.size)
    places = [index.astype(np.uint32) for index in (t.start, t.end, t.hot, t.cold, t.taken)]
    return (*places, t.specific, machine == t.hot.size + t.taken.size, machine)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A contiguous view that is not written to, so that the kernel is compiled for one kind of array."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view

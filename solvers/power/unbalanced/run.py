"""One solve: groups of scenarios one after the other, regulators until they rest, tables put in place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.factor import SingularMatrix
from solvers.power.unbalanced.network import Infeasible, State
from solvers.power.unbalanced.regulators import moves
from solvers.power.unbalanced.report import LoopOfSwitches, node_live, report
from solvers.power.unbalanced.solution import UnbalancedSolution
from solvers.power.unbalanced.states import States
from solvers.power.unbalanced.voltages import Method, Voltages
from solvers.status import Status

Array = NDArray[Any]

TAP_PASSES = 400
"""Moves of regulators in one solve, far above the 32 positions of a few regulators in series (assumed)."""


@dataclass
class _Tables:
    """What is collected over the groups."""

    scenarios: int
    values: dict[str, Array]
    ending: list[Status]
    residual: Array
    live: Array
    iterations: int = 0
    detail: str = ""

    def put(self, lanes: Array, tables: dict[str, Array]) -> None:
        for name, table in tables.items():
            if name not in self.values and lanes.size == self.scenarios and np.all(np.diff(lanes) == 1):
                self.values[name] = table
                continue
            if name not in self.values:
                self.values[name] = np.zeros((self.scenarios, *table.shape[1:]), dtype=table.dtype)
            self.values[name][lanes] = table


class Run:
    """One call of solve."""

    def __init__(
        self, states: States, power: Array, method: Method, tolerance: float, wanted: frozenset[str]
    ) -> None:
        self.states, self.problem = states, states.problem
        p = self.problem
        others = [getattr(p, n).shape[0] for n in (*State._fields, "source_voltage", "regulator_tap")]
        count = max(power.shape[0], *others)
        self.power = np.broadcast_to(power, (count, power.shape[1]))
        self.sources = np.broadcast_to(p.source_voltage, (count, p.source_node.size))
        self.count, self.wanted = count, wanted
        self.voltages = Voltages(states, method, tolerance)

    def solution(self, control: bool) -> UnbalancedSolution:
        p = self.problem
        taps = np.broadcast_to(p.regulator_tap, (self.count, p.regulator_unit.size)).copy()
        regulated = control and bool(taps.shape[1])
        out = _Tables(
            self.count, {}, [Status.CONVERGED] * self.count, np.zeros(self.count),
            np.zeros((self.count, p.node_bus.size), dtype=bool),
        )  # fmt: skip
        todo = np.arange(self.count)
        for number in range(TAP_PASSES):
            moved = np.zeros(self.count, dtype=bool)
            for lanes, state in self._groups(todo, taps):
                tables = self._group(lanes, state, out, regulated)
                if regulated:
                    step = moves(p, tables, taps[lanes])
                    step[[not out.ending[lane].ok for lane in lanes]] = 0
                    taps[lanes] += step
                    moved[lanes] = step.any(axis=1)
            todo = np.flatnonzero(moved)
            if not todo.size or number == TAP_PASSES - 1:
                break
        for lane in todo:
            out.ending[lane] = Status.MAX_ITERATIONS
            out.detail = f"scenario {int(lane)}: a regulator still hunts after {TAP_PASSES} moves"
        return self._finished(out, taps)

    def _groups(self, todo: Array, taps: Array) -> Iterator[tuple[Array, State]]:
        chosen = np.zeros(self.count, dtype=bool)
        chosen[todo] = True
        for lanes, state in self.states.groups(self.count, taps):
            keep = lanes[chosen[lanes]]
            if keep.size:
                yield keep, state

    def _group(self, lanes: Array, state: State, out: _Tables, regulated: bool) -> dict[str, Array]:
        """Solve scenarios of one state and put their tables in place; returns them."""
        wanted = self.wanted | {"node_voltage", "unit_current_to"} if regulated else self.wanted
        network = self.states.network(state, self.power)
        power = self.power[lanes] if lanes.size < self.count else self.power
        for lane in lanes:
            out.ending[lane] = Status.CONVERGED
        try:
            voltage, ending, residual, iterations = self.voltages.voltages(
                network, power, self.sources[lanes]
            )
            failed = np.array([not status.ok for status in ending])
            if failed.any():
                voltage[failed], power = 0, np.where(failed[:, None], 0, power)
            tables = report(network, voltage, power, wanted)
            for name, table in tables.items():
                if failed.any():
                    table[failed] = 1 if name == "power_error" else 0
        except (Infeasible, LoopOfSwitches, SingularMatrix) as error:
            status = Status.INFEASIBLE if isinstance(error, Infeasible) else Status.SINGULAR
            out.detail = out.detail or f"scenario {int(lanes[0])}: {error}"
            ending, residual, iterations = [status] * lanes.size, np.full(lanes.size, np.inf), 0
            tables = self._nothing(lanes.size, wanted)
        else:
            out.live[lanes] = node_live(network)
        for lane, status in zip(lanes, ending, strict=True):
            out.ending[lane] = status
            if not status.ok and not out.detail:
                out.detail = f"scenario {int(lane)}: {status.value}{self.voltages.lowest}"
        out.residual[lanes] = residual
        out.iterations = max(out.iterations, iterations)
        out.put(lanes, tables)
        return tables

    def _nothing(self, count: int, wanted: frozenset[str]) -> dict[str, Array]:
        """Tables of zeros for scenarios that have no solution."""
        p = self.problem
        shape = {"line_current_from": p.line_from.shape, "line_current_to": p.line_from.shape, "loss": (),
                 "power_error": ()}  # fmt: skip
        sizes = {"node": p.node_bus.size, "line": p.line_from.shape[0], "unit": p.unit_power.size,
                 "shunt": p.shunt_from.size, "switch": p.switch_from.size, "source": p.source_node.size,
                 "load": p.load_from.size}  # fmt: skip
        real = ("line_loss", "unit_loss", "loss", "power_error")
        tables = {
            name: np.zeros(
                (count, *(shape[name] if name in shape else (sizes[name.split("_")[0]],))),
                dtype=float if name in real else complex,
            )
            for name in wanted
        }
        if "power_error" in tables:
            tables["power_error"][:] = 1
        return tables

    def _finished(self, out: _Tables, taps: Array) -> UnbalancedSolution:
        ok = np.array([status.ok for status in out.ending])
        worst = next((status for status in out.ending if not status.ok), Status.CONVERGED)
        values = {name: table for name, table in out.values.items() if name in self.wanted}
        for name, table in values.items():
            table[~ok] = 1 if name == "power_error" else 0
        return UnbalancedSolution(
            worst, ok, tuple(out.ending), out.iterations, out.residual, "" if worst.ok else out.detail, out.live,
            taps, **values,
        )  # fmt: skip

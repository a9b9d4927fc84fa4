"""From the end of the sweeps to powers, currents and losses, in SI units; tables (element, scenario)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.plan import Plan, square
from solvers.power.sweep import CONVERGED, State, input_power, reactive_factor
from solvers.power.trees import feed_values

Array = NDArray[Any]

BRANCH_POWERS = frozenset({"branch_power_from", "branch_power_to"})
BRANCH_CURRENTS = frozenset({"branch_current", "branch_loading"})


def report(plan: Plan, state: State, wanted: frozenset[str]) -> dict[str, Array]:
    """Tables of the ``wanted`` outputs of a Solution (and of ``shunt_loss``), one column per scenario."""
    return _Report(plan, state).tables(wanted)


class _Report:
    def __init__(self, plan: Plan, state: State) -> None:
        self.plan, self.state, self.problem = plan, state, plan.problem
        self.n = state.lanes.size
        self.base = plan.problem.base_power
        self.ok = state.ending == CONVERGED
        column = np.full(plan.live.shape[0], -1)
        column[state.lanes] = np.arange(self.n)
        self.bounds = plan.full.bind(column)
        odd = plan.full.odd
        keep = (column[odd.lane] >= 0) & self.ok[column[odd.lane]]
        self.odd_bus, self.odd_parent, self.odd_branch = odd.bus[keep], odd.parent[keep], odd.branch[keep]
        self.odd_column = column[odd.lane[keep]]
        self.column = column

    def tables(self, wanted: frozenset[str]) -> dict[str, Array]:
        result = self._machines(wanted)
        flows = BRANCH_POWERS | BRANCH_CURRENTS | {"branch_loss"}
        voltages = BRANCH_POWERS | {"bus_voltage", "shunt_loss"}
        charged = bool(self.problem.branch_charging.any())
        if not wanted & (flows | voltages):
            return result
        current = self.state.current[self.plan.fill]
        voltage = None
        if wanted & voltages or (charged and wanted & BRANCH_CURRENTS):
            voltage = self._voltage(current)
        if voltage is not None and wanted & voltages:
            result |= self._buses(voltage)
        self._regroup(current)
        if "branch_loss" in wanted:
            result["branch_loss"] = self._losses(current)
        if wanted & (BRANCH_POWERS | BRANCH_CURRENTS):
            result |= self._branches(current, voltage, charged, wanted)
        return result

    def _machines(self, wanted: frozenset[str]) -> dict[str, Array]:
        """Sources and converters: their share of what their busbar delivers."""
        problem, plan, result = self.problem, self.plan, {}
        sources = problem.source_bus.size
        parts = []
        if "source_power" in wanted:
            parts.append(("source_power", np.arange(sources)))
        if wanted & {"converter_input", "converter_output", "converter_loss", "converter_loading"}:
            parts.append(("converter_output", np.arange(sources, plan.graph.hub.size)))
        for name, elements in parts:
            on = np.flatnonzero(plan.graph.hub[elements] >= 0)
            hub = plan.graph.hub[elements[on]]
            share = plan.roots.share[np.ix_(elements[on], self.state.lanes)] * self.ok
            delivered = np.conj(self.state.current[plan.row[hub]])
            delivered *= self.base * plan.graph.voltage[hub, None]
            delivered *= share
            result[name] = _spread(delivered, on, elements.size)
            if name == "converter_output":
                rating, loss = problem.converter_rating[on, None], problem.converter_loss[on]
                output = delivered.real
                lost = input_power(output, share > 0, rating, loss) - output
                result["converter_loss"] = _spread(lost, on, elements.size)
                drawn = (output + lost) * reactive_factor(problem)[on, None]
                result["converter_input"] = _spread(drawn, on, elements.size)
                result["converter_loading"] = _spread(output / rating, on, elements.size)
        return result

    def _voltage(self, current: Array) -> Array:
        """Voltages of all rows and a last row of zeros; dead buses and failed scenarios are zero."""
        plan, full = self.plan, self.plan.full
        voltage = np.zeros((full.buses.size + 1, self.n), dtype=complex)
        voltage[:-1] = plan.graph.voltage[full.buses, None]
        full.fall(voltage[:-1], current, self.bounds)
        voltage[:-1] *= plan.live[np.ix_(self.state.lanes, full.buses)].T & self.ok
        return voltage

    def _buses(self, voltage: Array) -> dict[str, Array]:
        problem, plan = self.problem, self.plan
        at = np.flatnonzero(problem.bus_shunt.real)
        shunts = square(voltage[plan.full.position[at]]) * problem.bus_shunt[at, None].real
        return {
            "bus_voltage": voltage[plan.full.position],
            "shunt_loss": self.base * shunts.sum(axis=0),
        }

    def _regroup(self, current: Array) -> None:
        """Let elements feed their busbar where they stand, instead of all at the bus that stands for it."""
        plan = self.plan
        if plan.section is None:
            return
        section, lanes = plan.section, self.state.lanes
        hub, own = plan.graph.hub[plan.moved], plan.roots.bus[plan.moved]
        change = np.zeros((section.buses.size, self.n), dtype=complex)
        passed = plan.roots.share[np.ix_(plan.moved, lanes)] * self.state.current[plan.row[hub]]
        bounds = section.bind(self.column)
        present = section.position[own] >= 0
        np.subtract.at(change, section.position[own[present]], passed[present])
        for number in range(len(section.levels) - 1, -1, -1):
            section.rise(number, change, bounds[number])
        change[section.position[np.unique(hub)]] = 0.0
        current[plan.full.position[section.buses]] += change

    def _losses(self, current: Array) -> Array:
        """Re(z) |J|^2 of each branch."""
        plan, full = self.plan, self.plan.full
        ohm = self.base * plan.impedance[full.buses].real
        rows = np.zeros((full.buses.size + 1, self.n))
        at = np.flatnonzero(ohm)
        rows[at] = square(current[at]) * ohm[at, None]
        odd, resistance = self._odd_current(current)
        return self._place(rows, self.base * resistance * square(odd))

    def _odd_current(self, current: Array) -> tuple[Array, Array]:
        """Currents of the exceptions and the resistances they pass."""
        _, impedance, _ = feed_values(self.problem, self.odd_branch, self.odd_bus)
        return current[self.plan.full.position[self.odd_bus], self.odd_column], impedance.real

    def _place(self, rows: Array, odd: Array) -> Array:
        """(E, n) branch table from values of rows (the last one zero) and of the exceptions."""
        table = rows[self.plan.branch_row]
        usual = self.plan.graph.branch[self.odd_bus]
        at = usual >= 0
        table[usual[at], self.odd_column[at]] = 0.0
        at = self.odd_branch >= 0
        table[self.odd_branch[at], self.odd_column[at]] = odd[at]
        return table

    def _branches(
        self, current: Array, voltage: Array | None, charged: bool, wanted: frozenset[str]
    ) -> dict[str, Array]:
        """Powers at both ends, and currents at the to side."""
        plan, problem, full = self.plan, self.problem, self.plan.full
        usual = plan.graph.branch[full.buses]
        parent = plan.graph.parent[full.buses]
        gain = plan.gain[full.buses, None]
        rows = _Ends(
            problem, usual[:, None], plan.forward[full.buses, None], gain if (gain != 1).any() else None,
            current, None if voltage is None else voltage[:-1],
            lambda: voltage[np.where(parent >= 0, full.position[parent], -1)],  # type: ignore[index]
            charged,
        )  # fmt: skip
        series, _ = self._odd_current(current)
        gains, _, forward = feed_values(problem, self.odd_branch, self.odd_bus)
        here, above = (
            full.position[self.odd_bus],
            np.where(self.odd_parent >= 0, full.position[self.odd_parent], -1),
        )
        odd = _Ends(
            problem, self.odd_branch, forward, gains, series,
            None if voltage is None else voltage[here, self.odd_column],
            lambda: voltage[above, self.odd_column],  # type: ignore[index]
            charged,
        )  # fmt: skip
        result = {}
        if wanted & BRANCH_POWERS:
            for name, value, other in zip(
                ("branch_power_from", "branch_power_to"), rows.powers(), odd.powers(), strict=True
            ):
                value *= self.base
                result[name] = self._place(_with_zero(value), self.base * other)
        if wanted & BRANCH_CURRENTS:
            to = problem.branch_to
            factor = np.where(problem.bus_dc[to], 1.0, np.sqrt(3.0)) * problem.bus_voltage[to]
            table = self._place(_with_zero(rows.current()), odd.current())
            table *= (self.base / factor)[:, None]
            result["branch_current"] = table
            if "branch_loading" in wanted:
                result["branch_loading"] = table / problem.branch_rating[:, None]
        return result


class _Ends:
    """Currents and powers at the two ends of feeds; per unit."""

    def __init__(
        self, problem: Any, branch: Array, forward: Array, gain: Array | None, series: Array,
        voltage: Array | None, above: Callable[[], Array], charged: bool,
    ) -> None:  # fmt: skip
        self.forward, self.voltage, self.above = forward, voltage, above
        self.passed = series
        self.drawn = series if gain is None else np.conj(gain) * series
        if charged and voltage is not None:
            # where the fed bus is dead the branch is open, though its feed may be live
            at_to = 0.5j * np.where((branch >= 0) & (voltage != 0), problem.branch_charging[branch], 0.0)
            at_from = at_to / square(problem.branch_tap[branch])
            self.drawn = self.drawn + np.where(forward, at_from, at_to) * above()
            self.passed = self.passed - np.where(forward, at_to, at_from) * voltage

    def powers(self) -> tuple[Array, Array]:
        """From and to."""
        assert self.voltage is not None
        leaves = np.conj(self.drawn)
        leaves *= self.above()
        arrives = np.conj(self.passed)
        arrives *= self.voltage
        back = ~np.broadcast_to(self.forward, leaves.shape[:1] + (1,) * (leaves.ndim - 1)).ravel()
        leaves[back], arrives[back] = -arrives[back], -leaves[back]
        return leaves, arrives

    def current(self) -> Array:
        """At the to side."""
        value = np.sqrt(square(self.passed))
        back = ~np.broadcast_to(self.forward, value.shape[:1] + (1,) * (value.ndim - 1)).ravel()
        value[back] = np.sqrt(square(self.drawn[back]))
        return np.asarray(value)


def _with_zero(rows: Array) -> Array:
    return np.concatenate([rows, np.zeros((1, *rows.shape[1:]), dtype=rows.dtype)])


def _spread(values: Array, rows: Array, count: int) -> Array:
    """Table of ``count`` rows that is zero but for ``rows``."""
    if rows.size == count:
        return values
    table = np.zeros((count, *values.shape[1:]), dtype=values.dtype)
    table[rows] = values
    return table

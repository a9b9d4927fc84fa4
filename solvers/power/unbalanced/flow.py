"""Unbalanced power flow: scenarios grouped by the state of switches and taps, each group by the fitting method."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.factor import SingularMatrix
from solvers.power.unbalanced.injection import Injection
from solvers.power.unbalanced.network import Infeasible, Network, State
from solvers.power.unbalanced.problem import UnbalancedProblem
from solvers.power.unbalanced.radial import Radial, radial
from solvers.power.unbalanced.regulators import moves
from solvers.power.unbalanced.report import LoopOfSwitches, node_live, report, spread
from solvers.power.unbalanced.solution import OUTPUTS, UnbalancedSolution
from solvers.status import SolveError, Status

Array = NDArray[Any]
Method = Literal["auto", "sweep", "injection", "newton"]

INJECTION_LIMIT = 60
"""Passes of the current injection after which Newton's method takes over (assumed)."""
SWEEP_LIMIT = 40
SWEEP_FROM = 8
"""Scenarios in a group from which loading the compiled sweep pays."""
KEPT_NETWORKS = 16
"""Factored networks that a prepared problem holds."""
TAP_PASSES = 400
"""Moves of regulators in one solve, far above the 32 positions of a few regulators in series (assumed)."""


def solve(
    problem: UnbalancedProblem,
    *,
    method: Method = "auto",
    tolerance: float = 1e-9,
    control: bool = True,
    outputs: Iterable[str] | None = None,
    raise_on_failure: bool = False,
) -> UnbalancedSolution:
    """Solve all scenarios.

    Parameters
    ----------
    method : "auto" takes the compiled sweep for at least 8 scenarios of a radial three-phase network (see
        :mod:`~solvers.power.unbalanced.radial`), else current injection, and Newton for what does not settle.
        "sweep", "injection" and "newton" ask for one of them; what they cannot solve is reported as failed.
    tolerance : largest accepted change of a voltage in the last pass, in per unit of the nominal voltage, and
        largest complex power mismatch of a node, in per unit of ``base_power``. [-]
    control : let regulators move; else they stay at ``regulator_tap``.
    outputs : names of array fields of the solution to work out; None = all.
    raise_on_failure : raise :class:`~solvers.status.SolveError` if any scenario fails.

    Raises
    ------
    ValueError
        For an unknown output or method, or ``method="sweep"`` on a network that is not of its class.

    Notes
    -----
    Left out: saturation and inrush, harmonics, frequency dependence, thermal state of conductors, current
    limits.  Line-drop compensators see the fundamental only; regulators move one tap at a time, those with the
    smallest delay first.

    Examples
    --------
    One line of 1 ohm and a load of constant impedance of 99 ohm on 100 V: 1 A.
    """
    return Prepared(problem).solve(
        method=method,
        tolerance=tolerance,
        control=control,
        outputs=outputs,
        raise_on_failure=raise_on_failure,
    )


def prepare(problem: UnbalancedProblem) -> Prepared:
    """Keep what does not depend on the loads (merged nodes, factors, sweep order) for further solves."""
    return Prepared(problem)


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


class Prepared:
    """A problem whose factors and orders are kept; see :func:`prepare`."""

    def __init__(self, problem: UnbalancedProblem) -> None:
        self.problem = problem
        self._networks: dict[bytes, Network] = {}
        self._radial: dict[bytes, Radial | None] = {}
        fields = {name: getattr(problem, name) for name in State._fields}
        if all(table.shape[0] == 1 for table in fields.values()):
            self._states, self._state_of = [State(*(table[0] for table in fields.values()))], np.zeros(1, int)
            return
        count = problem.scenarios
        rows = [np.broadcast_to(t, (count, t.shape[1])).astype(float) for t in fields.values()]
        _, first, inverse = np.unique(
            np.concatenate(rows, axis=1), axis=0, return_index=True, return_inverse=True
        )
        self._states = [
            State(*(np.broadcast_to(t, (count, t.shape[1]))[row] for t in fields.values())) for row in first
        ]
        self._state_of = inverse.ravel()

    def solve(
        self,
        load_power: ArrayLike | None = None,
        *,
        method: Method = "auto",
        tolerance: float = 1e-9,
        control: bool = True,
        outputs: Iterable[str] | None = None,
        raise_on_failure: bool = False,
    ) -> UnbalancedSolution:
        """As :func:`solve`, with other ``load_power`` (S, L) or (L,) if given. [VA]"""
        if method not in ("auto", "sweep", "injection", "newton"):
            raise ValueError(f"method must be auto, sweep, injection or newton, got {method!r}")
        wanted = OUTPUTS if outputs is None else frozenset(outputs)
        if not wanted <= OUTPUTS:
            raise ValueError(f"outputs has unknown names: {sorted(wanted - OUTPUTS)}")
        if not 0 < tolerance < 1:
            raise ValueError(f"tolerance must be in (0, 1), got {tolerance}")
        run = _Run(self, self._loads(load_power), method, tolerance, wanted)
        solution = run.solution(control)
        if raise_on_failure and not solution.status.ok:
            raise SolveError(solution.status, solution.detail)
        return solution

    def _loads(self, load_power: ArrayLike | None) -> Array:
        problem = self.problem
        if load_power is None:
            return np.asarray(problem.load_power)
        power = np.ascontiguousarray(np.atleast_2d(np.asarray(load_power)), dtype=complex)
        if power.ndim != 2 or power.shape[1] != problem.load_from.size:
            raise ValueError(
                f"load_power has shape {np.shape(load_power)}, expected (S, {problem.load_from.size})"
            )
        if not np.all(np.isfinite(power)):
            raise ValueError("load_power has a value that is not finite")
        fixed = {
            getattr(problem, n).shape[0] for n in (*State._fields, "source_voltage", "regulator_tap")
        } - {1}
        if fixed and power.shape[0] not in (*fixed, 1):
            raise ValueError(f"load_power has {power.shape[0]} scenarios, the problem {max(fixed)}")
        return power

    def groups(self, count: int, taps: Array) -> Iterator[tuple[Array, State]]:
        """Scenarios with one state and one set of (S, R) tap positions."""
        state_of = np.broadcast_to(self._state_of, (count,))
        if not taps.shape[1]:
            for number, state in enumerate(self._states):
                yield np.flatnonzero(state_of == number), state
            return
        keys = np.concatenate([state_of[:, None], np.broadcast_to(taps, (count, taps.shape[1]))], axis=1)
        rows, inverse = np.unique(keys, axis=0, return_inverse=True)
        for number, row in enumerate(rows):
            yield np.flatnonzero(inverse.ravel() == number), self._tapped(self._states[row[0]], row[1:])

    def _tapped(self, state: State, taps: Array) -> State:
        p = self.problem
        moved = p.unit_regulator >= 0
        turns = state.unit_tap_to.copy()
        regulator = p.unit_regulator[moved]
        turns[moved] += taps[regulator] * p.regulator_step[regulator]
        return state._replace(unit_tap_to=turns)

    def network(self, state: State, power: Array) -> Network:
        """The factored network of a state; built anew when loads appear that may be the only path to earth."""
        key = b"".join(np.ascontiguousarray(part).tobytes() for part in state)
        known = self._networks.get(key)
        if known is not None and not (known.pins.size and np.any((known.reference == 0) & power.any(axis=0))):
            return known
        self._radial.pop(key, None)
        while len(self._networks) >= KEPT_NETWORKS:
            oldest = next(iter(self._networks))
            del self._networks[oldest]
            self._radial.pop(oldest, None)
        self._networks[key] = Network(self.problem, state, _typical(power))
        return self._networks[key]

    def radial(self, network: Network) -> Radial | None:
        """Sweep order of the network, None if it is not of that class."""
        key = b"".join(np.ascontiguousarray(part).tobytes() for part in network.state)
        if key not in self._radial:
            self._radial[key] = radial(network)
        return self._radial[key]


def _typical(power: Array) -> Array:
    """(L,) mean of each load; where loads and generation cancel, the largest."""
    mean = power.mean(axis=0)
    largest = power[np.abs(power).argmax(axis=0), np.arange(power.shape[1])] if power.size else mean
    return np.asarray(np.where(mean == 0, largest, mean))


class _Run:
    """One call of solve."""

    def __init__(
        self, prepared: Prepared, power: Array, method: Method, tolerance: float, wanted: frozenset[str]
    ) -> None:
        self.prepared, self.problem = prepared, prepared.problem
        p = self.problem
        others = [getattr(p, n).shape[0] for n in (*State._fields, "source_voltage", "regulator_tap")]
        count = max(power.shape[0], *others)
        self.power = np.broadcast_to(power, (count, power.shape[1]))
        self.sources = np.broadcast_to(p.source_voltage, (count, p.source_node.size))
        self.count, self.method, self.tolerance, self.wanted = count, method, tolerance, wanted
        self._lowest = ""

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
        for lanes, state in self.prepared.groups(self.count, taps):
            keep = lanes[chosen[lanes]]
            if keep.size:
                yield keep, state

    def _group(self, lanes: Array, state: State, out: _Tables, regulated: bool) -> dict[str, Array]:
        """Solve scenarios of one state and put their tables in place; returns them."""
        wanted = self.wanted | {"node_voltage", "unit_current_to"} if regulated else self.wanted
        network = self.prepared.network(state, self.power)
        power = self.power[lanes] if lanes.size < self.count else self.power
        for lane in lanes:
            out.ending[lane] = Status.CONVERGED
        try:
            voltage, ending, residual, iterations = self._voltages(network, power, lanes)
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
                out.detail = f"scenario {int(lane)}: {status.value}{self._lowest}"
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

    def _voltages(
        self, network: Network, power: Array, lanes: Array
    ) -> tuple[Array, list[Status], Array, int]:
        """Volts (A, N), endings, residuals and iterations."""
        sources = self.sources[lanes]
        if self.method in ("auto", "sweep"):
            swept = self._swept(network, power, sources)
            if swept is not None:
                return swept
        return self._injected(network, power, sources)

    def _swept(
        self, network: Network, power: Array, sources: Array
    ) -> tuple[Array, list[Status], Array, int] | None:
        if self.method == "auto" and (power.shape[0] < SWEEP_FROM or find_spec("numba") is None):
            return None
        order = self.prepared.radial(network)
        if order is None:
            if self.method == "sweep":
                raise ValueError(
                    "method='sweep' needs a radial three-phase network with wye loads and shunts"
                )
            return None
        network.held_voltage(sources)
        from solvers.power.unbalanced.tour import sweep

        volts, iterations, residual = sweep(order, power, sources, self.tolerance, SWEEP_LIMIT)
        failed = np.flatnonzero(iterations == 0)
        ending = [Status.CONVERGED] * power.shape[0]
        if failed.size and self.method == "sweep":
            for lane in failed:
                ending[lane] = Status.MAX_ITERATIONS
        elif failed.size:
            again, endings, residual[failed], _ = self._injected(network, power[failed], sources[failed])
            volts[failed] = again
            for lane, status in zip(failed, endings, strict=True):
                ending[lane] = status
        return volts, ending, residual, int(iterations.max(initial=0))

    def _injected(
        self, network: Network, power: Array, sources: Array
    ) -> tuple[Array, list[Status], Array, int]:
        injection = Injection(network, power, sources)
        if self.method == "newton":
            result = injection.settle(self.tolerance, 0)
            rest: Iterable[int] = range(power.shape[0])
        else:
            result = injection.settle(self.tolerance, INJECTION_LIMIT)
            rest = [lane for lane, status in enumerate(result.ending) if not status.ok]
        if self.method != "injection" and network.free.size:
            for lane in rest:
                voltage, ending, steps, error = injection.newton(lane, self.tolerance)
                result.voltage[:, lane] = voltage
                result.ending[lane], result.iterations[lane], result.residual[lane] = ending, steps, error
        good = np.flatnonzero([status.ok for status in result.ending])
        result.residual[good] = injection.residual(result.voltage[:, good], good)
        result.voltage[~np.isfinite(result.voltage)] = 0
        if good.size < power.shape[0]:
            self._lowest = self._weakest(network, result.voltage[:, next(i for i in rest if i not in good)])
        volts = spread(network, result.voltage)
        return volts, result.ending, result.residual, int(result.iterations.max(initial=0))

    def _weakest(self, network: Network, voltage: Array) -> str:
        """Where the last iterate of a failed scenario is lowest."""
        size = np.where(network.live, np.abs(voltage), np.inf)
        if not size.size:
            return ""
        node = int(np.flatnonzero(network.merged[:-1] == size.argmin())[0])
        p = self.problem
        return f"; lowest voltage at bus {p.node_bus[node]}, conductor {p.node_conductor[node]}"

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

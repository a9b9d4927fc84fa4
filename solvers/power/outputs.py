"""The arrays of a Solution: which are wanted, where they are written, how the worst ending is told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.problem import Problem, Solution
from solvers.power.sweep import CONVERGED, INFEASIBLE
from solvers.status import Status

Array = NDArray[Any]

ENDINGS = (Status.CONVERGED, Status.MAX_ITERATIONS, Status.DIVERGED, Status.SINGULAR, Status.INFEASIBLE)
"""Endings from good to worst; the solvers work with their indices."""

MASKS = {"bus_live": "bus", "branch_closed": "branch", "load_served": "load"}
POWERS = {
    "bus_voltage": "bus",
    "branch_power_from": "branch",
    "branch_power_to": "branch",
    "converter_input": "converter",
    "converter_output": "converter",
    "source_power": "source",
    "generator_output": "generator",
    "cord_power": "cord",
}
REALS = {
    "branch_current": "branch",
    "branch_loading": "branch",
    "branch_loss": "branch",
    "converter_loss": "converter",
    "converter_loading": "converter",
}
LIMITS = {"generator_limit": "generator"}
SUMS = ("loss", "power_error", "shunt_loss")
VOLTAGES = frozenset({"bus_voltage"})
OUTPUTS = frozenset({*MASKS, *POWERS, *REALS, *LIMITS, *SUMS})
"""What may be asked of :meth:`Prepared.solve`; ``scenario_ok``, ``residual`` and the endings are always there."""
ALWAYS = frozenset({"scenario_ok", "residual"})
SWITCHING = frozenset(MASKS)
"""Known before any flow."""
NEEDED = {
    "loss": {"branch_loss", "converter_loss"},
    "power_error": {"loss", "shunt_loss", "source_power", "generator_output", "cord_power", "branch_loss"}
    | {"converter_loss"},
}
_KINDS = {name: (size, kind) for names, kind in ((MASKS, bool), (POWERS, complex), (REALS, float), (LIMITS, int))
          for name, size in names.items()}  # fmt: skip
_ABSENT: dict[str, Any] = {name: np.zeros((0, 0), dtype=kind) for name, (_, kind) in _KINDS.items()} | {
    name: np.zeros(0) for name in SUMS
}
for _array in _ABSENT.values():
    _array.flags.writeable = False


def voltages_only(voltage: Array, residual: Array, iterations: int) -> Solution:
    """A solution of which nothing else was asked, and all of which converged."""
    n = voltage.shape[0]
    return Solution(
        Status.CONVERGED, scenario_ok=np.ones(n, dtype=bool), iterations=iterations, residual=residual,
        scenario_status=(Status.CONVERGED,) * n, **_ABSENT | {"bus_voltage": voltage},
    )  # fmt: skip


def wanted_outputs(outputs: Iterable[str] | None) -> frozenset[str]:
    """The names asked for, or a ValueError that names those which do not exist."""
    if outputs is None:
        return OUTPUTS
    wanted = frozenset(outputs) - ALWAYS
    if not wanted <= OUTPUTS:
        raise ValueError(f"outputs has unknown names: {sorted(wanted - OUTPUTS)}")
    return wanted


def needed_outputs(problem: Problem, wanted: frozenset[str]) -> frozenset[str]:
    """With what these are worked out from."""
    needed = wanted | {name for want in wanted for name in NEEDED.get(want, ())}
    if problem.voltage_dependent and "cord_power" in needed:
        needed |= {"bus_voltage"}
    return needed


class Outputs:
    """Arrays of n scenarios, filled block by block."""

    def __init__(self, problem: Problem, n: int, wanted: frozenset[str], reuse: Solution | None) -> None:
        self.problem, self.n, self.wanted = problem, n, wanted
        self.reuse = reuse
        self.arrays: dict[str, Any] = dict(_ABSENT)
        self.residual = np.zeros(n)
        self.ending = np.full(n, INFEASIBLE)
        self.details: dict[int, str] = {}
        self.iterations = 0

    def allocate(self, *, zero: bool = True) -> None:
        """Room for all wanted arrays; ``zero`` where not every row is going to be written whole."""
        problem = self.problem
        counts = {
            "bus": problem.bus_voltage.size,
            "branch": problem.branch_from.size,
            "source": problem.source_bus.size,
            "generator": problem.generator_bus.size,
            "converter": problem.converter_from.size,
            "cord": problem.cord_load.size,
            "load": problem.load_power.shape[1],
        }
        for name in self.wanted:
            size, kind = _KINDS.get(name, ("", float))
            shape = (self.n, counts[size]) if size else (self.n,)
            self.arrays[name] = self._room(name, shape, kind, zero)

    def _room(self, name: str, shape: tuple[int, ...], kind: type, zero: bool) -> Array:
        if self.reuse is not None:
            old: Array = getattr(self.reuse, name)
            if old.shape == shape and old.flags.writeable:
                if zero:
                    old.fill(0)
                return old
        return np.zeros(shape, kind) if zero else np.empty(shape, kind)

    def write(
        self, rows: Any, tables: dict[str, Array], ending: Array, residual: Array, served: Array | None
    ) -> None:
        """Results of some rows from tables (element, row) in SI units; ``served`` is (rows, L) bool."""
        out, ok = self.arrays, ending == CONVERGED
        self.ending[rows], self.residual[rows] = ending, residual
        if not ok.all() and "cord_power" in tables:
            tables["cord_power"] = np.where(ok, tables["cord_power"], 0.0)
        for name in (*POWERS, *REALS, *LIMITS):
            if name in self.wanted and name in tables:
                out[name][rows] = tables[name].T
        if "load_served" in self.wanted and served is not None:
            out["load_served"][rows] = served & ok[:, None]
        if "shunt_loss" in self.wanted:
            out["shunt_loss"][rows] = tables["shunt_loss"]
        if not self.wanted & {"loss", "power_error"}:
            return
        loss = tables["branch_loss"].sum(axis=0) + tables["converter_loss"].sum(axis=0)
        if "loss" in self.wanted:
            out["loss"][rows] = loss
        if "power_error" in self.wanted:
            served_power = tables["cord_power"].real.sum(axis=0)
            fed = tables["source_power"].real.sum(axis=0)
            if self.problem.generator_bus.size and "generator_output" in tables:
                fed = fed + tables["generator_output"].real.sum(axis=0)
            lost = loss + tables["shunt_loss"]
            scale = np.maximum(
                np.maximum(served_power, lost), 1.0
            )  # a network without a load has losses alone
            out["power_error"][rows] = np.where(ok, np.abs(fed - served_power - lost) / scale, 1.0)

    def solution(self) -> Solution:
        """All of it."""
        ok = self.ending == CONVERGED
        if ok.all():
            return Solution(
                status=Status.CONVERGED, scenario_ok=ok, iterations=self.iterations, residual=self.residual,
                scenario_status=(Status.CONVERGED,) * self.n, **self.arrays,
            )  # fmt: skip
        if "power_error" in self.wanted:
            self.arrays["power_error"][~ok] = 1.0
        worst = int(self.ending.max(initial=0))
        row = int(np.flatnonzero(self.ending == worst)[0])
        why = self.details.get(row, ENDINGS[worst].value)
        return Solution(
            status=ENDINGS[worst], scenario_ok=ok, iterations=self.iterations, residual=self.residual,
            scenario_status=tuple(ENDINGS[i] for i in self.ending),
            detail=f"{int((~ok).sum())} of {ok.size} scenarios failed; scenario {row}: {why}", **self.arrays,
        )  # fmt: skip

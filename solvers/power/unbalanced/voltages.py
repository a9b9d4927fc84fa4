"""Voltages of scenarios that share a network: compiled sweep, current injection, Newton's method for the rest."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from solvers.power.unbalanced.injection import Injection
from solvers.power.unbalanced.network import Network
from solvers.power.unbalanced.report import spread
from solvers.power.unbalanced.states import States
from solvers.status import Status

Array = NDArray[Any]
Method = Literal["auto", "sweep", "injection", "newton"]

INJECTION_LIMIT = 60
"""Passes of the current injection after which Newton's method takes over (assumed)."""
SWEEP_LIMIT = 40
SWEEP_FROM = 8
"""Scenarios in a group that fill a vector of the compiled sweep."""
COMPILED_FROM = 60_000
"""Nodes times scenarios of a group from which the compiled sweep repays the import of the compiler (half a second;
injection takes 0.5 us for each, so some 16 such calls) and, once on a machine, six seconds of compiling."""


class Voltages:
    """Method and tolerance of one solve; ``lowest`` says where a failed scenario was lowest."""

    def __init__(self, states: States, method: Method, tolerance: float) -> None:
        self.states, self.problem = states, states.problem
        self.method, self.tolerance = method, tolerance
        self.lowest = ""

    def voltages(
        self, network: Network, power: Array, sources: Array
    ) -> tuple[Array, list[Status], Array, int]:
        """Volts (A, N), endings, residuals and iterations."""
        if self.method in ("auto", "sweep"):
            swept = self._swept(network, power, sources)
            if swept is not None:
                return swept
        return self._injected(network, power, sources)

    def _swept(
        self, network: Network, power: Array, sources: Array
    ) -> tuple[Array, list[Status], Array, int] | None:
        compiler = find_spec("numba") is not None
        large = power.shape[0] >= SWEEP_FROM and power.shape[0] * self.problem.node_bus.size >= COMPILED_FROM
        if self.method == "auto" and not (large and compiler):
            return None
        if not compiler:
            raise ValueError("method='sweep' needs numba, which is not installed")
        order = self.states.radial(network)
        if order is None:
            if self.method == "sweep":
                raise ValueError(
                    "method='sweep' needs a radial three-phase network (see solvers.power.unbalanced.radial)"
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
            self.lowest = self._weakest(network, result.voltage[:, next(i for i in rest if i not in good)])
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

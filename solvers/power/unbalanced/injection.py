"""Current injection on a factored admittance matrix, and Newton's method where it does not settle.

Tables are (place, scenario), voltages in per unit of the place's nominal voltage to neutral.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_array, coo_array, csc_array
from scipy.sparse.linalg import splu

from solvers.power.unbalanced.loads import load_current, load_slope
from solvers.power.unbalanced.network import Network
from solvers.status import Status

Array = NDArray[Any]

NEWTON_ITERATIONS = 30
HALVINGS = 6
"""Newton steps, and how often one is halved while the mismatch grows (assumed)."""


@dataclass
class Iterate:
    """Voltages (R, A) of A scenarios, the ending of each, its iterations and mismatch."""

    voltage: Array
    ending: list[Status]
    iterations: Array
    residual: Array


class Injection:
    """The loads of some scenarios on one network."""

    def __init__(self, network: Network, power: Array, source_voltage: Array) -> None:
        """``power`` (A, L) [VA], ``source_voltage`` (A, G) [V]."""
        self.network, self.problem, self.power = network, network.problem, power
        p, merged = self.problem, network.merged
        self.at = np.stack([merged[p.load_from], merged[p.load_to]])
        live = np.append(network.live, False)
        self.served = live[self.at[0]] | live[self.at[1]]
        self.base = np.append(network.base, 0.0)
        self.drawn = np.where(self.served, power, 0)
        self.place = np.full(network.size + 1, -1)
        self.place[network.free] = np.arange(network.free.size)
        self.held = network.held_voltage(source_voltage)
        self.coupling = network.admittance[network.free][:, network.fixed]
        count = p.load_from.size
        ends = self.place[self.at]
        keep = ends >= 0
        self.incidence = coo_array(
            (
                np.concatenate([-np.ones(keep[0].sum()), np.ones(keep[1].sum())]),
                (
                    np.concatenate([ends[0][keep[0]], ends[1][keep[1]]]),
                    np.concatenate([np.arange(count)[keep[0]], np.arange(count)[keep[1]]]),
                ),
            ),
            shape=(network.free.size, count),
        ).tocsr()
        scale = network.base[network.free] / p.base_power
        self.scale = scale[:, None]

    def across(self, voltage: Array) -> Array:
        """(A, L) volts across each load of (R, A) voltages."""
        whole = np.concatenate([voltage, np.zeros((1, voltage.shape[1]))]) * self.base[:, None]
        return np.asarray((whole[self.at[0]] - whole[self.at[1]]).T)

    def injected(self, voltage: Array, lanes: Array, linear: Array) -> Array:
        """(n, A) currents of the loads into the free places, less ``linear`` (L,) admittances. [p.u.]"""
        across = self.across(voltage)
        current = load_current(self.problem, self.drawn[lanes], across) - linear * across
        return np.asarray((self.incidence @ current.T) * self.scale)

    def start(self) -> Array:
        """(R, A) voltages without any but the linear part of the loads."""
        network = self.network
        voltage = np.zeros((network.size, self.held.shape[1]), dtype=complex)
        voltage[network.fixed] = self.held
        if network.free.size:
            voltage[network.free] = network.factor.solve(-(self.coupling @ self.held) - self._fixed_linear())
        return voltage

    def _fixed_linear(self) -> Array:
        """Currents that linear loads between a fixed and a free place draw from the fixed voltage."""
        network = self.network
        extra = (network.loaded - network.admittance)[network.free][:, network.fixed]
        return np.asarray(extra @ self.held)

    def settle(self, tolerance: float, limit: int) -> Iterate:
        """Repeat V = Z (I_source - I_load(V)); a lane leaves when its voltages stand still."""
        network = self.network
        voltage = self.start()
        lanes = np.arange(voltage.shape[1])
        result = Iterate(
            voltage,
            [Status.CONVERGED] * lanes.size,
            np.zeros(lanes.size, dtype=int),
            np.zeros(lanes.size),
        )
        if not network.free.size:
            return result
        linear = network.load_linear * self.served
        source = -(self.coupling @ self.held) - self._fixed_linear()
        free = network.free
        with np.errstate(all="ignore"):
            current = self.injected(voltage, lanes, linear)
            for _ in range(limit):
                before = voltage[free][:, lanes]
                now = network.factor.solve(source[:, lanes] + current)
                result.iterations[lanes] += 1
                work = np.zeros((network.size, lanes.size), dtype=complex)
                work[free], work[network.fixed] = now, self.held[:, lanes]
                voltage[:, lanes] = work
                fresh = self.injected(work, lanes, linear)
                mismatch = np.abs(now * (fresh - current)).max(axis=0)
                change = np.abs(now - before).max(axis=0)
                current = fresh
                done = (change <= tolerance) & (mismatch <= tolerance)
                going = ~done & np.isfinite(change)
                result.residual[lanes] = np.where(np.isfinite(mismatch), mismatch, np.inf)
                for lane in lanes[~done & ~going]:
                    result.ending[lane] = Status.DIVERGED
                lanes, current = lanes[going], current[:, going]
                if not lanes.size:
                    break
        for lane in lanes:
            result.ending[lane] = Status.MAX_ITERATIONS
        return result

    def newton(self, lane: int, tolerance: float) -> tuple[Array, Status, int, float]:
        """Voltages (R,) of one scenario by Newton's method on the current mismatch of real parts."""
        network, free = self.network, self.network.free
        lanes = np.array([lane])
        none = np.zeros(self.problem.load_from.size)
        voltage = self.start()[:, lane]
        matrix = csc_array(network.admittance[free][:, free])
        source = -(self.coupling @ self.held[:, lane])

        def mismatch(trial: Array) -> Array:
            with np.errstate(all="ignore"):
                drawn = self.injected(trial[:, None], lanes, none)[:, 0]
            return np.asarray(matrix @ trial[free] - source - drawn)

        wrong = mismatch(voltage)
        for iteration in range(1, NEWTON_ITERATIONS + 1):
            try:
                step = self._step(voltage, lane, matrix, wrong)
            except RuntimeError:  # SuperLU: the Jacobian is exactly singular
                return voltage, Status.SINGULAR, iteration, _largest(voltage[free] * wrong)
            length = 1.0
            for _ in range(HALVINGS + 1):
                trial = voltage.copy()
                trial[free] += length * step
                fresh = mismatch(trial)
                if _largest(fresh) < _largest(wrong) or length * _largest(step) <= tolerance:
                    break
                length *= 0.5
            else:
                return voltage, Status.DIVERGED, iteration, _largest(voltage[free] * wrong)
            voltage, wrong = trial, fresh
            error = _largest(voltage[free] * wrong)
            if length * _largest(step) <= tolerance and error <= tolerance:
                return voltage, Status.CONVERGED, iteration, error
        return voltage, Status.MAX_ITERATIONS, NEWTON_ITERATIONS, error

    def _step(self, voltage: Array, lane: int, matrix: Any, wrong: Array) -> Array:
        """Solve Y dV + (direct dV + mirrored conj(dV)) of the loads = - mismatch."""
        n = wrong.size
        with np.errstate(all="ignore"):
            direct, mirrored = load_slope(self.problem, self.drawn[lane], self.across(voltage[:, None])[0])
        port = self.incidence.T  # from the sign of the injections, both incidences carry a minus
        weight = self.scale[:, 0]
        scaled = self.network.base[self.network.free]

        def nodal(slope: Array) -> Any:
            left = self.incidence.multiply(slope[None, :]).tocsr() @ port
            return left.multiply(weight[:, None]).multiply(scaled[None, :]).tocsr()

        straight, crossed = matrix + nodal(direct), nodal(mirrored)
        top = [straight.real + crossed.real, -straight.imag + crossed.imag]
        bottom = [straight.imag + crossed.imag, straight.real - crossed.real]
        jacobian = block_array([top, bottom], format="csc")
        if not np.all(np.isfinite(jacobian.data)):
            raise RuntimeError("a load has lost its voltage")
        change = splu(jacobian).solve(-np.concatenate([wrong.real, wrong.imag]))
        return np.asarray(change[:n] + 1j * change[n:])

    def residual(self, voltage: Array, lanes: Array) -> Array:
        """(A,) largest complex power mismatch of the free places. [p.u.]"""
        network, free = self.network, self.network.free
        if not free.size:
            return np.zeros(lanes.size)
        none = np.zeros(self.problem.load_from.size)
        flow = (network.admittance @ voltage)[free]
        drawn = self.injected(voltage, lanes, none)
        return np.asarray(np.abs(voltage[free] * (flow - drawn)).max(axis=0))


def _largest(values: Array) -> float:
    worst = float(np.abs(values).max(initial=0.0))
    return worst if np.isfinite(worst) else np.inf

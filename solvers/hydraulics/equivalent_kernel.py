"""States of identical rows written out and checked link by link, compiled: eight links side by side.

The laws are the steps of the network kernel (:mod:`solvers.hydraulics.network_laws`), so what is checked is what it solves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .duty import Duty
from .friction import FrictionLaw
from .network_given import constants, sizes
from .network_laws import power_law
from .network_memory import packed
from .network_newton import COLEBROOK, SWAMEE_JAIN, pipe_laws
from .network_vectors import LANES, Table, larger, step
from .pipework import Pipework

Array = NDArray[np.float64]
Index = NDArray[np.intp]

NO_PIPE = 1e12
"""Reynolds number per flow of links without pipe: anything that keeps their friction, which has no weight, finite."""


class Checker:
    """Constants of the links of one instance; ``order`` puts those with devices of other exponents than 2 first."""

    def __init__(self, pipework: Pipework, duty: Duty, sign: Array, friction: FrictionLaw) -> None:
        p, n = pipework, pipework.link_count
        device, viscosity = (np.broadcast_to(a[0], (n,)) for a in (duty.device, duty.viscosity))
        powered = (p.exponent != 2.0) & (device > 0.0)
        self.order = order = np.argsort(~powered, kind="stable")
        self.rows = rows = -(-n // LANES) * LANES
        self._powers = -(-int(powered.sum()) // LANES)
        piped = p.pipe > 0.0
        fixed = np.zeros((4, rows))
        fixed[0], fixed[3] = 1.0, 1.0
        fixed[0, :n] = np.where(piped, sizes(p, np.arange(n)) / viscosity, NO_PIPE)[order]
        fixed[1, :n] = (p.minor + np.where(powered, 0.0, device))[order]
        fixed[2, :n] = np.where(powered, device, 0.0)[order]
        fixed[3, :n] = p.exponent[order]
        self._fixed = fixed
        self._pipe = packed(constants(p, order, p.pipe[order], rows, friction))
        limit = np.broadcast_to(duty.limit[0], (n,))[order]
        self._gates = np.flatnonzero(np.isfinite(limit))
        self._limit, self._sign = limit[self._gates], sign[order][self._gates]
        self._law = COLEBROOK if friction == "colebrook" else SWAMEE_JAIN

    def table(self, count: int) -> Array:
        """Room for ``count`` instances: (2 count + 7, rows), first their flows, then their drops, to be filled in."""
        table = np.empty((2 * count + 7, self.rows))
        table[2 * count : 2 * count + 4] = self._fixed
        return table

    def misses(self, table: Array) -> Array:
        """(K,) largest miss of a law in each of the K instances of a table.

        Their flows and drops are those of the walk from the first terminal to the second, links in ``order``.
        """
        miss = np.empty((len(table) - 7) // 2)
        check_rows(
            self._law, table, table.reshape(-1, 1, LANES), self._pipe, self._powers, self._gates, self._limit,
            self._sign, miss,
        )  # fmt: skip
        return miss


@step((1,), indices=3)
def _apart(t: Table, given: Any, drop: Any, worst: Any) -> None:
    """Keep the largest distance of two rows."""
    t[worst] = larger(t[worst], abs(t[given] - t[drop]))


@njit(cache=True, error_model="numpy", nogil=True)
def check_rows(law, table, v, pipe, powers, gates, limit, gate_sign, miss):  # type: ignore[no-untyped-def]
    """See :meth:`Checker.misses`; a limiter may add drop where it holds its flow."""
    count, step = miss.size, table.shape[1] // v.shape[2]
    fixed = 2 * count * step
    drop, slope, worst = fixed + 4 * step, fixed + 5 * step, fixed + 6 * step
    drops, worsts = 2 * count + 4, 2 * count + 6
    for k in range(count):
        flow, given = k * step, (count + k) * step
        pipe_laws(law, v, pipe, flow, drop, slope, fixed, fixed + step, 0, step)
        for x in range(powers):
            power_law(v, v, flow + x, drop + x, slope + x, fixed + 2 * step + x, fixed + 3 * step + x)
        for x in range(gates.size):
            j = gates[x]
            along = gate_sign[x]
            spare = limit[x] - along * table[k, j]
            if spare < -1e-7 * limit[x]:
                table[drops, j] = np.inf
            elif spare <= 1e-9 * limit[x]:
                extra = min(along * (table[count + k, j] - table[drops, j]), 0.0)
                table[drops, j] = table[count + k, j] - extra
        for c in range(v.shape[2]):
            table[worsts, c] = 0.0
        for x in range(step):
            _apart(v, given + x, drop + x, worst)
        miss[k] = table[worsts, : v.shape[2]].max()


@njit(cache=True, error_model="numpy", nogil=True)
def expand_flows(flows, links, sign, out):  # type: ignore[no-untyped-def]
    """Flows of K = states x instances, links in some order, to where ``links`` (I, n) belong in ``out`` (S, E)."""
    instances, n = links.shape
    for k in range(flows.shape[0]):
        s, i = k // instances, k % instances
        for j in range(n):
            out[s, links[i, j]] = sign[i, j] * flows[k, j]


@njit(cache=True, error_model="numpy", nogil=True)
def expand_levels(levels, base, inner, hydrostatic, out):  # type: ignore[no-untyped-def]
    """Pressures of the nodes inside the instances: (K, m) levels above the second terminal, (S, I) its own."""
    instances = inner.shape[0]
    for k in range(levels.shape[0]):
        s, i = k // instances, k % instances
        for j in range(levels.shape[1]):
            node = inner[i, j]
            out[s, node] = base[s, i] + levels[k, j] - hydrostatic[node]

"""The iteration of ``mesh_kernel.py`` without a compiler: tables (point, scenario) and many right-hand sides."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from solvers.power.mesh_changes import Changes
from solvers.power.mesh_network import Mesh
from solvers.power.sweep import CONVERGED, DIVERGED, MAX_ITERATIONS, input_power

Array = NDArray[Any]
WIDTH = 128
"""Scenarios side by side: wide enough for array operations, small enough for the caches (measured)."""


class Batch(NamedTuple):
    """What n scenarios of a mesh are asked, for both ways to iterate."""

    cord_power: Array
    """(K, n) complex at a voltage of 1 p.u., or (K, 1). [VA]"""
    cord_slot: Array
    """(K,) row in the table of demands."""
    parts: Array
    """(3, K) parts of constant power, current and impedance at the voltage of the point. [1/VA]"""
    bends: Array
    """Points whose loads depend on voltage."""
    bend_slot: Array
    """(K,) row in the table of such loads, the last one for other cords."""
    unit_share: Array
    """(n, c) of the converters. [-]"""
    tolerance: Array
    """(n,) largest mismatch. [p.u.]"""
    rounding: float
    """What rounding allows. [p.u.]"""
    limit: int
    """Most iterations of a stage."""
    start: Array
    """(n, m) or (1, m) voltages of the free points to begin with, 0 = no load; or (0, 0). [p.u.]"""


def iterate(mesh: Mesh, changes: Changes, batch: Batch, out: Array, residual: Array, ending: Array) -> int:
    """Solve the scenarios of a batch; returns the most iterations one took.

    Parameters
    ----------
    out : (n, B) complex voltages, written; so are residual (n,) and ending (n,).
    """
    most = 0
    for first in range(0, batch.tolerance.size, WIDTH):
        rows = np.arange(first, min(first + WIDTH, batch.tolerance.size))
        block = _Block(mesh, changes.take(rows), batch, rows)
        for stage in range(mesh.stages):
            most = max(most, block.solve(stage))
        net = mesh.arrays
        out[np.ix_(rows, net.bus)] = (net.bus_ratio[:, None] * block.voltage[net.bus_point]).T
        residual[rows], ending[rows] = block.residual, block.ending
    return most


class _Block:
    """Some scenarios, one column each."""

    def __init__(self, mesh: Mesh, changes: Changes, batch: Batch, rows: Array) -> None:
        self.mesh, self.changes, self.batch, self.rows = mesh, changes, batch, rows
        n, net = rows.size, mesh.arrays
        self.voltage = np.repeat(net.no_load[:, None], n, axis=1)
        if batch.start.size:
            given = batch.start[rows if batch.start.shape[0] > 1 else [0]].T
            self.voltage[: mesh.free] = np.where(given != 0, given, self.voltage[: mesh.free])
        alone = batch.cord_power.shape[1] == 1
        cords = batch.cord_power[:, np.zeros_like(rows) if alone else rows]
        self.demand = _summed(batch.parts[0], batch.cord_slot, mesh.slots + 1) @ cords
        bends = batch.bends.size
        self.bent = [_summed(part, batch.bend_slot, bends + 1)[:bends] @ cords for part in batch.parts[1:]]
        lane = np.repeat(np.arange(n), np.diff(changes.shunt_start))
        where = (changes.shunt_point, lane)
        self.shunt = csr_array(coo_array((changes.shunt, where), shape=self.voltage.shape))
        self.lane = np.repeat(np.arange(n), np.diff(changes.start))
        count = changes.admittance.size
        ends = (np.concatenate([changes.tail, changes.head]), np.tile(np.arange(count), 2))
        across = (np.concatenate([changes.near, -changes.far]), ends)
        self.across = csr_array(coo_array(across, shape=(mesh.points, count)))
        self.residual, self.ending = np.zeros(n), np.zeros(n, dtype=int)

    def _demand(self, voltage: Array, columns: Array) -> Array:
        """Demands of all rows at a voltage of all points."""
        demand = self.demand[:, columns].copy()
        bends = self.batch.bends
        if bends.size:
            size = np.abs(voltage[bends])
            current, impedance = (term[:, columns] for term in self.bent)
            demand[self.mesh.arrays.slot[bends]] += size * (current + size * impedance)
        return demand

    def solve(self, stage: int) -> int:
        """Iterate one stage until every scenario is settled; returns the iterations."""
        mesh, net, batch = self.mesh, self.mesh.arrays, self.batch
        part = slice(int(net.stage[stage]), int(net.stage[stage + 1]))
        factor = mesh.factors[stage]
        pending = np.flatnonzero(self.ending == CONVERGED)
        accepted = np.maximum(batch.tolerance[self.rows], batch.rounding)
        turn = 0
        if factor is not None:
            system = _Stage(mesh, part, self)
            with np.errstate(all="ignore"):
                while turn < batch.limit:
                    turn += 1
                    self.voltage[part, pending] = system.step(self.voltage[:, pending], pending)
                    miss = system.miss(self.voltage[:, pending], pending)
                    finite = np.isfinite(miss)
                    self.ending[pending[~finite]] = DIVERGED
                    self.residual[pending[finite]] = np.maximum(self.residual[pending], miss)[finite]
                    pending_now = finite & (miss > accepted[pending])
                    self.residual[pending[pending_now]] = 0.0
                    last = miss[pending_now]
                    pending = pending[pending_now]
                    if not pending.size:
                        break
            self.ending[pending] = MAX_ITERATIONS
            self.residual[pending] = last if pending.size else 0.0
        self._draw(stage)
        return turn

    def _draw(self, stage: int) -> None:
        """Add the inputs of the converters of a stage to the demands."""
        net, mesh = self.mesh.arrays, self.mesh
        units = np.arange(net.unit_start[stage], net.unit_start[stage + 1])
        if not units.size:
            return
        everything = np.arange(self.rows.size)
        power = delivered(mesh, self.voltage, self.across, self.changes, self.lane, self.shunt)
        own = np.where(net.slot[:, None] >= 0, self._demand(self.voltage, everything)[net.slot], 0.0)
        out = net.unit_out[units]
        share = self.batch.unit_share[np.ix_(self.rows, units)].T
        output = share * (power[out] + own[out]).real
        rating, loss, tangent = (
            net.unit_curve[units, :1],
            net.unit_curve[units, 1:4],
            net.unit_curve[units, 4:],
        )
        drawn = input_power(output, share > 0, rating, loss) * (1.0 + 1j * tangent)
        np.add.at(self.demand, net.unit_in[units], drawn)


class _Stage:
    """The equations of one stage."""

    def __init__(self, mesh: Mesh, part: slice, block: _Block) -> None:
        net, changes = mesh.arrays, block.changes
        self.part, self.block, self.net = part, block, net
        factor = mesh.factors[int(np.searchsorted(net.stage, part.start, side="right")) - 1]
        assert factor is not None
        self.factor = factor
        self.matrix = _rows_of(mesh)[part][:, : mesh.free]
        across = block.across[part]
        self.at = np.flatnonzero(np.diff(across.tocsc().indptr))
        """Changed branches that act on the stage."""
        self.across = across[:, self.at].toarray()
        fixed = block.across[:, self.at]
        self.idle = np.asarray(fixed.T @ net.no_load)
        self.admittance, self.lane = changes.admittance[self.at], block.lane[self.at]
        self.reach = self._solve(self.across)
        self.seen = np.asarray(self.across.T @ self.reach)

    def _solve(self, right: Array) -> Array:
        given = np.empty(right.shape, dtype=complex)
        given[self.factor.order] = right
        return self.factor.solve(given)[self.factor.order]

    def step(self, voltage: Array, columns: Array) -> Array:
        """New voltages of the stage in some scenarios."""
        part, net, block = self.part, self.net, self.block
        slot = net.slot[part]
        loaded = np.flatnonzero(slot >= 0)
        demand = block._demand(voltage, columns)[slot[loaded]]
        right = -(block.shunt[part][:, columns].toarray() * voltage[part])
        right[loaded] -= np.conj(demand / voltage[part][loaded])
        change = self._solve(right)
        for number, lane in enumerate(columns):
            at = np.flatnonzero(self.lane == lane)
            if at.size:
                y = self.admittance[at]
                drop = self.across[:, at].T @ change[:, number] + self.idle[at]
                gain = np.eye(at.size) - self.seen[np.ix_(at, at)] * y
                change[:, number] += self.reach[:, at] @ (y * np.linalg.solve(gain, drop))
        return np.asarray(net.no_load[part, None] + change)

    def miss(self, voltage: Array, columns: Array) -> Array:
        """Largest mismatch of each scenario."""
        part, net, block = self.part, self.net, self.block
        free = self.matrix.shape[1]
        current = self.matrix @ (voltage[:free] - net.no_load[:free, None])
        current += block.shunt[part][:, columns].toarray() * voltage[part]
        for number, lane in enumerate(columns):
            at = self.at[self.lane == lane]
            if at.size:
                drop = block.across[:, at].T @ voltage[:, number]
                current[:, number] -= block.across[part][:, at] @ (block.changes.admittance[at] * drop)
        slot = net.slot[part]
        loaded = np.flatnonzero(slot >= 0)
        power = voltage[part] * np.conj(current)
        power[loaded] += block._demand(voltage, columns)[slot[loaded]]
        return np.asarray(np.abs(power).max(axis=0, initial=0.0))


def delivered(
    mesh: Mesh, voltage: Array, across: csr_array, changes: Changes, lane: Array, shunt: csr_array
) -> Array:
    """(points, n) complex power that flows out of each point into branches and shunts. [p.u.]"""
    current = _rows_of(mesh, whole=True) @ voltage + shunt.multiply(voltage).toarray()
    if lane.size:
        drop = np.asarray(across.multiply(voltage[:, lane]).sum(axis=0)) * changes.admittance
        spread = coo_array(across.multiply(drop[None, :]))
        np.subtract.at(current, (spread.row, lane[spread.col]), spread.data)
    return np.asarray(voltage * np.conj(current))


def _rows_of(mesh: Mesh, whole: bool = False) -> csr_array:
    """Admittances between points; those of the free points towards fixed ones only if ``whole``."""
    net, size = mesh.arrays, mesh.points
    links = csr_array((net.link_value, net.link_column, net.link_start), shape=(size, size))
    diagonal = coo_array((net.diagonal, (np.arange(size), np.arange(size))), shape=(size, size))
    matrix = csr_array(links + diagonal)
    if whole:
        outer = coo_array(matrix[mesh.free :, : mesh.free])
        mirrored = (outer.data, (outer.col, outer.row + mesh.free))
        matrix = csr_array(matrix + coo_array(mirrored, shape=(size, size)))
    return matrix


def _summed(part: Array, slot: Array, slots: int) -> csr_array:
    place = (slot, np.arange(slot.size))
    return csr_array(coo_array((part, place), shape=(slots, slot.size)))

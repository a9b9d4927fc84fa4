"""One state of switches and taps: nodes merged, live part found, nodal admittance matrix built and factored."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from solvers.power.factor import Factor, factorise
from solvers.power.unbalanced.problem import EARTH, UnbalancedProblem

Array = NDArray[Any]

SAME_SOURCE = 1e-9
"""Sources on one node may differ by this much of its nominal voltage. [-]"""


class Infeasible(ValueError):
    """The state contradicts itself: a source on the earth, or one node held at two voltages."""


class State(NamedTuple):
    """One row of every field that the admittance matrix depends on."""

    line_closed: Array
    unit_closed: Array
    unit_tap_from: Array
    unit_tap_to: Array
    switch_closed: Array


@dataclass(frozen=True)
class Network:
    """The network in one state; ``reference`` is the (L,) load power of a typical scenario. [VA]"""

    problem: UnbalancedProblem
    state: State
    reference: Array

    @cached_property
    def merged(self) -> Array:
        """(N + 1,) place of each node when closed switches join nodes; -1 = earth (also the last entry)."""
        problem, nodes = self.problem, self.problem.node_bus.size
        on = self.state.switch_closed
        a, b = problem.switch_from[on] % (nodes + 1), problem.switch_to[on] % (nodes + 1)
        _, label = connected_components(csr_array((np.ones(a.size), (a, b)), shape=(nodes + 1,) * 2), False)
        first = np.full(label.max() + 1, EARTH)
        others = np.unique(label[label != label[-1]])
        first[others] = np.arange(others.size)
        return np.asarray(first[label])

    @cached_property
    def size(self) -> int:
        """Number of places R."""
        return int(self.merged.max()) + 1

    @cached_property
    def base(self) -> Array:
        """(R,) nominal voltage to neutral. [V]"""
        base = np.ones(self.size)
        held = self.merged[:-1] >= 0
        base[self.merged[:-1][held]] = self.problem.node_base[held]
        return base

    @cached_property
    def line_series(self) -> Array:
        """(E, K, K) series admittance, 0 where a conductor is missing or the line open. [S]"""
        problem = self.problem
        missing = problem.line_from < 0
        matrix = problem.line_impedance + np.eye(missing.shape[1]) * missing[:, :, None]
        try:
            series = np.linalg.inv(matrix) if matrix.size else matrix
        except np.linalg.LinAlgError as error:
            raise ValueError("line_impedance has a singular matrix") from error
        there = ~missing & self.state.line_closed[:, None]
        return np.asarray(np.where(there[:, :, None] & there[:, None, :], series, 0))

    @cached_property
    def line_shunt(self) -> Array:
        """(E, K, K) admittance at each end. [S]"""
        return np.asarray(0.5 * self.problem.line_admittance * self.state.line_closed[:, None, None])

    @cached_property
    def unit_weight(self) -> Array:
        """(C, 4) inverse turns of the four terminals: from + -, to - +. [1/V]"""
        p = self.problem
        turns_from = 1.0 / (p.unit_voltage[:, 0] * self.state.unit_tap_from)
        turns_to = 1.0 / (p.unit_voltage[:, 1] * self.state.unit_tap_to)
        return np.stack([turns_from, -turns_from, -turns_to, turns_to], axis=1)

    @cached_property
    def unit_nodes(self) -> Array:
        """(C, 4)"""
        return np.concatenate([self.problem.unit_from, self.problem.unit_to], axis=1)

    @cached_property
    def unit_series(self) -> Array:
        """(C,) short-circuit admittance on coils of one volt. [VA]"""
        return np.asarray(self.state.unit_closed * self.problem.unit_power / self.problem.unit_impedance)

    @cached_property
    def unit_core(self) -> Array:
        """(C,) no-load admittance across the to coil. [S]"""
        p = self.problem
        return np.asarray(
            self.state.unit_closed * p.unit_power * p.unit_magnetising * self.unit_weight[:, 3] ** 2
        )

    @cached_property
    def live(self) -> Array:
        """(R,) bool: connected to a source by lines, units, shunts or loads."""
        edges = self._conducting(loads=np.ones(self.problem.load_from.size, dtype=bool))
        nodes = self.merged[self.unit_nodes[self.state.unit_closed]]
        for other in (1, 2, 3):  # the core couples the coils
            edges.append((nodes[:, 0], nodes[:, other]))
        edges.append((nodes[:, 1], nodes[:, 2]))
        edges.append((nodes[:, 1], nodes[:, 3]))
        label = self._groups(edges)
        live = np.zeros(label.max(initial=0) + 1, dtype=bool)
        held = self.merged[self.problem.source_node]
        live[label[held[held >= 0]]] = True
        return np.asarray(live[label])

    def _conducting(self, loads: Array) -> list[tuple[Array, Array]]:
        """Pairs of places that a conductor joins: lines, coils, shunts and the chosen loads."""
        p, place = self.problem, self.merged
        lines = (p.line_from >= 0) & self.state.line_closed[:, None]
        units = self.state.unit_closed
        pairs = [
            (p.line_from[lines], p.line_to[lines]),
            (p.unit_from[units, 0], p.unit_from[units, 1]),
            (p.unit_to[units, 0], p.unit_to[units, 1]),
            (p.shunt_from, p.shunt_to),
            (p.load_from[loads], p.load_to[loads]),
        ]
        return [(place[a], place[b]) for a, b in pairs]

    def _groups(self, edges: list[tuple[Array, Array]]) -> Array:
        """(R,) number of the connected part of each place; the earth joins nothing."""
        a, b = (np.concatenate(column) for column in zip(*edges, strict=True))
        both = (a >= 0) & (b >= 0)
        graph = csr_array((np.ones(both.sum()), (a[both], b[both])), shape=(self.size, self.size))
        return np.asarray(connected_components(graph, False)[1])

    def _adrift(self, loads: Array) -> tuple[Array, Array]:
        """Part of each place, and (parts,) bool: nothing in it leads to earth (``loads`` included)."""
        edges = self._conducting(loads)
        label = self._groups(edges)
        adrift = np.ones(label.max(initial=0) + 1, dtype=bool)
        for a, b in edges:
            for end, other in ((a, b), (b, a)):
                adrift[label[end[(end >= 0) & (other < 0)]]] = False
        for ends in (self.problem.line_from, self.problem.line_to):
            places = self.merged[ends[np.abs(self.line_shunt.sum(axis=2)) > 0]]
            adrift[label[places[places >= 0]]] = False
        held = self.merged[self.problem.source_node]
        adrift[label[held[held >= 0]]] = False
        return label, adrift

    @cached_property
    def load_linear(self) -> Array:
        """(L,) part of each load that stands in the matrix as an admittance. [S]

        The constant-impedance share; and all of a load without which a part of the network (a neutral that
        lost its earth, say) has no path to earth.
        """
        p = self.problem
        whole = np.conj(self.reference) / p.load_voltage**2
        linear = whole * p.load_impedance_share
        label, adrift = self._adrift(np.zeros(p.load_from.size, dtype=bool))
        for node in (p.load_from, p.load_to):
            place = self.merged[node]
            carried = (place >= 0) & adrift[label[place]]
            linear = np.where(carried, whole, linear)
        return np.asarray(linear)

    @cached_property
    def pins(self) -> Array:
        """(n,) one place of every live part that nothing ties to earth; its potential is a convention."""
        label, adrift = self._adrift(self.load_linear != 0)
        _, first = np.unique(label, return_index=True)
        return np.asarray(first[adrift & self.live[first]])

    @cached_property
    def pinned_part(self) -> Array:
        """(R,) number of the pin whose part the place belongs to, -1 = tied to earth."""
        label, _ = self._adrift(self.load_linear != 0)
        number = np.full(label.max(initial=0) + 1, -1)
        number[label[self.pins]] = np.arange(self.pins.size)
        return np.asarray(number[label])

    @cached_property
    def admittance(self) -> Any:
        """(R, R) sparse, without loads. [p.u. of base_power and nominal voltages]"""
        p = self.problem
        stamps = _Stamps(self.merged)
        series, shunt = self.line_series, self.line_shunt
        for here, there in ((p.line_from, p.line_to), (p.line_to, p.line_from)):
            stamps.add(here, here, series + shunt)
            stamps.add(here, there, -series)
        weight = self.unit_weight
        stamps.add(
            self.unit_nodes,
            self.unit_nodes,
            self.unit_series[:, None, None] * weight[:, :, None] * weight[:, None, :],
        )
        stamps.across(p.unit_to[:, 0], p.unit_to[:, 1], self.unit_core)
        stamps.across(p.shunt_from, p.shunt_to, p.shunt_admittance)
        matrix = stamps.matrix(self.size, self.base, p.base_power)
        own = np.abs(matrix.diagonal()[self.pins])
        held = coo_array((np.where(own > 0, own, 1.0), (self.pins, self.pins)), shape=matrix.shape)
        return csr_array(matrix + held)

    @cached_property
    def loaded(self) -> Any:
        """(R, R) sparse: the admittance with the linear part of the loads. [p.u.]"""
        p = self.problem
        stamps = _Stamps(self.merged)
        stamps.across(p.load_from, p.load_to, self.load_linear)
        return csr_array(self.admittance + stamps.matrix(self.size, self.base, p.base_power))

    @cached_property
    def fixed(self) -> Array:
        """(F,) places held by sources, ascending."""
        held = self.merged[self.problem.source_node]
        if np.any(held < 0):
            number = int(np.flatnonzero(held < 0)[0])
            raise Infeasible(f"source {number} is connected to earth by closed switches")
        return np.unique(held)

    @cached_property
    def free(self) -> Array:
        """(n,) live places that no source holds."""
        mask = self.live.copy()
        mask[self.fixed] = False
        return np.flatnonzero(mask)

    @cached_property
    def factor(self) -> Factor:
        """Factor of the loaded matrix of the free places."""
        return factorise(self.loaded[self.free][:, self.free])

    def held_voltage(self, source_voltage: Array) -> Array:
        """(F, S) voltages of the fixed places of (S, G) source voltages. [p.u.]"""
        place = np.searchsorted(self.fixed, self.merged[self.problem.source_node])
        given = source_voltage.T / self.base[self.merged[self.problem.source_node], None]
        voltage = np.zeros((self.fixed.size, given.shape[1]), dtype=complex)
        voltage[place[::-1]] = given[::-1]  # of several sources on a place the first counts
        differ = np.abs(voltage[place] - given) > SAME_SOURCE
        if np.any(differ):
            number = int(np.flatnonzero(differ.any(axis=1))[0])
            raise Infeasible(f"source {number} shares a node with a source of another voltage")
        return voltage


class _Stamps:
    """Entries of a nodal matrix in places of merged nodes."""

    def __init__(self, merged: Array) -> None:
        self.merged = merged
        self.rows: list[Array] = []
        self.columns: list[Array] = []
        self.values: list[Array] = []

    def add(self, rows: Array, columns: Array, values: Array) -> None:
        """(n, k) row nodes, (n, m) column nodes, (n, k, m) values; -1 is skipped."""
        row = np.broadcast_to(self.merged[rows][:, :, None], values.shape)
        column = np.broadcast_to(self.merged[columns][:, None, :], values.shape)
        keep = (row >= 0) & (column >= 0) & (values != 0)
        self.rows.append(row[keep])
        self.columns.append(column[keep])
        self.values.append(values[keep])

    def across(self, a: Array, b: Array, value: Array) -> None:
        """Two-terminal admittances."""
        pair = np.stack([a, b], axis=1)
        self.add(pair, pair, value[:, None, None] * np.array([[1.0, -1.0], [-1.0, 1.0]]))

    def matrix(self, size: int, base: Array, power: float) -> Any:
        rows, columns, values = (
            np.concatenate(part) if part else np.empty(0, dtype=int)
            for part in (self.rows, self.columns, self.values)
        )
        scaled = values * base[rows] * base[columns] / power
        return csr_array(coo_array((scaled.astype(complex), (rows, columns)), shape=(size, size)))

"""Radial three-phase networks laid out for the compiled sweep (``tour.py``).

The class: every live bus has phases a, b, c (a neutral tied to earth by closed switches may be there); lines have
three conductors with one self and one mutual impedance (given by Z1 and Z0, say); transformers are three units whose
coils on the load side are wye to earth (Dyn of any clock number, YNyn); loads lie between a phase and earth or between
two phases of a bus, shunts between a phase and earth; each part of the network is a tree with one three-phase source at
its root.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.power.unbalanced.network import Network
from solvers.power.unbalanced.tree import Outside, Tree, demand

Array = NDArray[Any]

ROOT, LEAF, LINE, LINE_BACK, UNIT, UNIT_BACK, SHUNT, LOAD, DELTA = range(9)
"""Kinds of steps of the tour: start a tree, visit a leaf with constant-power loads, enter and leave a bus by a line
or a transformer, add the currents of shunts, of loads to earth and of loads between phases at the bus just entered."""


class Radial(NamedTuple):
    """A tour through n buses; per unit of ``base_power`` and nominal voltages.

    Buses that only pass current on to one other are left out of the passes (impedances add up) and visited once,
    when voltages are written.
    """

    step: Array
    """(T, 3) kind, bus, depth of a pass."""
    visit: Array
    """(V, 4) kind, bus, depth of the walk that writes all buses, and the bus whose current feeds it."""
    path: Array
    """(n, 4) self r, x and mutual r, x from the bus before in a pass."""
    line: Array
    """(n, 4) the same of the line that feeds the bus."""
    unit: Array
    """(n,) row of the transformer that feeds the bus, -1 = a line."""
    ratio: Array
    """(t, 3, 3) voltages of the bus without load = ratio @ voltages of the bus before."""
    impedance: Array
    """(t, 3) complex, of each phase."""
    shunt: Array
    """(n,) row of the shunt, -1 = none."""
    admittance: Array
    """(h, 3, 3) complex."""
    load_row: Array
    delta_row: Array
    """(n,) row of the loads from phase to earth and between phases, -1 = none."""
    rows: int
    load: Array
    """(m, 3) number, row and phase of each load that matters; place k of a delta row is between phases k and k + 1."""
    share: Array
    """(m, 3) factors of constant power, current and impedance, in per unit."""
    source: Array
    """(n, 3) source of each phase, -1 = not a root."""
    source_scale: Array
    """(G,) 1 / nominal voltage at each source."""
    place_start: Array
    place_node: Array
    """Nodes of phase k of bus i: ``place_node[place_start[3 i + k]:place_start[3 i + k + 1]]``."""
    place_first: Array
    """(n,) node of phase a where the bus has three nodes in a row, else -1."""
    base: Array
    """(n,) nominal voltage to neutral. [V]"""
    nodes: int
    depth: int
    parts: int
    """1 if all loads are of constant power, else 3."""


def radial(network: Network) -> Radial | None:
    """The tour of a network, or None if it is not of the class."""
    try:
        return _Layout(network).tour()
    except Outside:
        return None


class _Layout(Tree):
    """Tables of the tour."""

    def tour(self) -> Radial:
        """Depth-first steps and their tables."""
        p = self.problem
        shunts = self._shunts()
        lines = self.line_a.size
        self.unit = np.full(self.count, -1)
        ratios: list[Array] = []
        impedances: list[Array] = []
        line = np.zeros((self.count, 4))
        for child in np.flatnonzero(self.edge >= lines):
            ratio, impedance, core = self.transformer(int(self.edge[child]) - lines, int(child))
            self.unit[child] = len(ratios)
            ratios.append(ratio)
            impedances.append(impedance)
            shunts[child] += core
        by_line = np.flatnonzero((self.edge >= 0) & (self.edge < lines))
        z = self.line_z[self.edge[by_line]]
        line[by_line] = np.stack([z[:, 0].real, z[:, 0].imag, z[:, 1].real, z[:, 1].imag], axis=1)
        load, share = self._loads()
        shunted = np.flatnonzero(np.abs(shunts).max(axis=(1, 2), initial=0) > 0)
        self.shunt = np.full(self.count, -1)
        self.shunt[shunted] = np.arange(shunted.size)
        self.varying = bool(np.any(share[:, 1:]))
        carrier, path = self._chains(line)
        visit, depth = self._steps(np.arange(self.count))
        steps, _ = self._steps(carrier)
        visit = visit[~np.isin(visit[:, 0], (LINE_BACK, UNIT_BACK))]
        visit = np.concatenate([visit, carrier[visit[:, 1], None]], axis=1)
        start, node = self._nodes()
        held = self.of(p.source_node)[0]
        return Radial(
            steps, visit, path, line, self.unit, np.array(ratios).reshape(-1, 3, 3),
            np.array(impedances).reshape(-1, 3) + 0j, self.shunt,
            shunts[shunted] * self.base[shunted, None, None] ** 2 / p.base_power, self.load_row, self.delta_row,
            self.rows, load, share, self.source, 1.0 / self.base[held], start, node, self._in_a_row(start, node),
            self.base, p.node_bus.size, depth, 3 if self.varying else 1,
        )  # fmt: skip

    def _shunts(self) -> Array:
        """(n, 3, 3) admittance at each bus: shunts and half of every line. [S]"""
        p = self.problem
        total = np.zeros((self.count, 3, 3), dtype=complex)
        for end in (self.line_a, self.line_b):
            np.add.at(total, end, 0.5 * self.line_y)
        bus, phase = self.of(p.shunt_from)
        demand(((self.network.merged[p.shunt_to] < 0) | (p.shunt_admittance == 0)).all())
        at = bus >= 0
        np.add.at(total, (bus[at], phase[at], phase[at]), p.shunt_admittance[at])
        return total

    def _loads(self) -> tuple[Array, Array]:
        """Number, row and place of the loads that matter, and their factors in per unit; rows of every bus."""
        p = self.problem
        bus, phase = self.of(p.load_from)
        other, second = self.of(p.load_to)
        delta = other >= 0
        earthed = self.network.merged[p.load_to] < 0
        demand(np.where(delta, bus == other, earthed | (bus < 0)).all())
        keep = np.flatnonzero((bus >= 0) & ~np.isin(bus, self.roots))
        # between two phases: the place is that of the phase which is followed by the other
        turned = delta & ((second + 1) % 3 == phase)
        place = np.where(turned, second, phase)[keep]
        key = bus[keep] + self.count * delta[keep]
        used, row = np.unique(key, return_inverse=True)
        rows = np.full(2 * self.count, -1)
        rows[used] = np.arange(used.size)
        self.load_row, self.delta_row, self.rows = rows[: self.count], rows[self.count :], used.size
        rated = p.load_voltage[keep] / self.base[bus[keep]]
        current, impedance = p.load_current_share[keep], p.load_impedance_share[keep]
        share = np.stack([1 - current - impedance, current / rated, impedance / rated**2], axis=1)
        return np.stack([keep, row.ravel(), place], axis=1), share / p.base_power

    def _nodes(self) -> tuple[Array, Array]:
        """Where the nodes of each bus and phase begin, and the nodes."""
        bus, phase = self.of(np.arange(self.problem.node_bus.size))
        at = np.flatnonzero(bus >= 0)
        slot = 3 * bus[at] + phase[at]
        order = np.argsort(slot, kind="stable")
        start = np.zeros(3 * self.count + 1, dtype=np.int64)
        np.cumsum(np.bincount(slot, minlength=3 * self.count), out=start[1:])
        return start, at[order]

    def _in_a_row(self, start: Array, node: Array) -> Array:
        begin = start[:-1].reshape(-1, 3)
        first = node[begin]
        single = (np.diff(start).reshape(-1, 3) == 1).all(axis=1)
        return np.where(single & (np.diff(first, axis=1) == 1).all(axis=1), first[:, 0], -1)

    def _chains(self, line: Array) -> tuple[Array, Array]:
        """(n,) bus that stands for each bus in a pass, itself unless it only passes current on; (n, 4) impedance
        of the path to it from the bus before."""
        children = np.bincount(self.parent[self.parent >= 0], minlength=self.count)
        by_line = (self.parent >= 0) & (self.unit < 0)
        next_bus = np.full(self.count, -1)
        next_bus[self.parent[by_line]] = np.flatnonzero(by_line)
        bare = (self.shunt < 0) & (self.load_row < 0) & (self.delta_row < 0)
        passes = by_line & (children == 1) & bare & (next_bus >= 0)
        carrier, path = np.arange(self.count), line.copy()
        for bus in self.top_down[::-1]:
            if passes[bus]:
                carrier[bus] = carrier[next_bus[bus]]
        for bus in self.top_down:
            before = self.parent[bus]
            if before >= 0 and passes[before]:
                path[bus] += path[before]
        return carrier, path

    def _steps(self, carrier: Array) -> tuple[Array, int]:
        """Walk every tree depth first over the buses that stand for themselves."""
        children: list[list[int]] = [[] for _ in range(self.count)]
        for child in np.flatnonzero(self.parent >= 0):
            children[self.parent[child]].append(int(carrier[child]))
        steps: list[tuple[int, int, int]] = []
        deepest = 0
        for root in self.roots:
            steps.append((ROOT, int(root), 0))
            stack = [(child, 1, False) for child in children[root]]
            while stack:
                bus, depth, leaving = stack.pop()
                deepest = max(deepest, depth)
                by_unit = self.unit[bus] >= 0
                if leaving:
                    steps.append((UNIT_BACK if by_unit else LINE_BACK, bus, depth))
                elif self._leaf(bus) and not children[bus]:
                    steps.append((LEAF, bus, depth))
                else:
                    steps.append((UNIT if by_unit else LINE, bus, depth))
                    for kind, row in ((SHUNT, self.shunt), (LOAD, self.load_row), (DELTA, self.delta_row)):
                        if row[bus] >= 0:
                            steps.append((kind, bus, depth))
                    stack.append((bus, depth, True))
                    stack.extend((child, depth + 1, False) for child in children[bus])
        return np.array(steps, dtype=np.int64), deepest

    def _leaf(self, bus: int) -> bool:
        """Fed by a line, and nothing there but constant power from phase to earth."""
        only = self.shunt[bus] < 0 and self.unit[bus] < 0 and self.delta_row[bus] < 0
        return bool(only and self.load_row[bus] >= 0 and not self.varying)

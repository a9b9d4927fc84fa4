"""Finding sub-networks between two nodes that repeat: series-parallel reduction with equal parts given one key.

A run of links through a node of degree two becomes one edge, links side by side become one edge, and so on; what
an edge is made of is written into its key.  Edges of equal key are interchangeable, however deep they are nested
(a rack, a row of racks hanging on its two mains, a hall of rows).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .network import Problem
from .scenarios import rows as as_rows

Index = NDArray[np.intp]
Array = NDArray[np.float64]

VARIED = ("link_device_coefficient", "link_limit", "link_viscosity")
STATIC = ("link_length", "link_diameter", "link_roughness", "link_minor_loss", "link_device_exponent")


@dataclass(frozen=True)
class Family:
    """I instances of one sub-network of n links and m inner nodes between two terminals."""

    links: Index
    """(I, n)"""
    sign: Array
    """(I, n) +1 where the link points from the first terminal to the second in the order of the walk."""
    inner: Index
    """(I, m) nodes between."""
    terminals: Index
    """(I, 2)"""


def families(problem: Problem, least_repeats: int) -> list[Family]:
    """The largest sub-networks of passive links that repeat at least ``least_repeats`` times.

    Pumps, check valves, links that are closed in a scenario, and nodes with demand or known pressure stay outside.
    """
    reduction = _Reduction(problem)
    reduction.run()
    return reduction.families(least_repeats)


def passive(problem: Problem) -> NDArray[np.bool_]:
    """(E,) links whose law is odd in the flow (but for a limiter), the same in kind in every scenario."""
    links = int(np.asarray(problem.link_from).size)

    def row(name: str) -> NDArray[Any]:
        return np.broadcast_to(np.asarray(getattr(problem, name)), (links,))

    head = as_rows(problem.link_pump_head, links)
    ok = ~(head > 0.0).any(axis=0) & ~row("link_check").astype(bool)
    ok &= as_rows(problem.link_open, links).astype(bool).all(axis=0)
    ok &= (row("link_hazen_williams") == 0.0) & (row("link_curve") < 0)
    return np.asarray(ok)


class _Reduction:
    """Edges of a shrinking multigraph; an edge knows its ends, its key read either way, and its parts."""

    def __init__(self, problem: Problem) -> None:
        self.start = np.asarray(problem.link_from, np.intp)
        self.end = np.asarray(problem.link_to, np.intp)
        self.count = self.start.size
        self.ends: list[tuple[int, int]] = list(zip(self.start.tolist(), self.end.tolist(), strict=True))
        self.keys: list[tuple[int, int]] = []  # read forwards, read backwards; -1 = not to be merged
        self.kind: list[str] = ["leaf"] * self.count
        self.parts: list[list[tuple[int, bool]]] = [[] for _ in range(self.count)]  # (edge, read backwards)
        self.alive = [True] * self.count
        self.at: list[set[int]] = [set() for _ in range(problem.node_count)]
        self.pair: dict[tuple[int, int], int] = {}
        self.known: dict[Any, int] = {}
        self.keep = np.zeros(problem.node_count, bool)
        self.keep[np.asarray(problem.fixed_node, np.intp)] = True
        self.keep |= (as_rows(problem.node_demand, problem.node_count) != 0.0).any(axis=0)
        self._leaves(problem)

    def _key(self, description: Any) -> int:
        return self.known.setdefault(description, len(self.known))

    def _leaves(self, problem: Problem) -> None:
        """Keys of the links: all their data, of all scenarios; a limiter has a direction."""
        uniform = np.unique(np.asarray(problem.link_density, float)).size == 1
        may: NDArray[np.bool_] = np.asarray(passive(problem) & uniform)
        columns = [np.broadcast_to(np.asarray(getattr(problem, n), float), (1, self.count)) for n in STATIC]
        columns += [as_rows(getattr(problem, name), self.count) for name in VARIED]
        table = np.ascontiguousarray(np.concatenate(columns, axis=0).T)
        limited = np.atleast_1d(np.isfinite(as_rows(problem.link_limit, self.count)).any(axis=0))
        for link in range(self.count):
            if not may[link]:
                self.keys.append((-1, -1))
                continue
            text = table[link].tobytes()
            ahead = self._key((text, True))
            self.keys.append((ahead, self._key((text, False)) if limited[link] else ahead))
        for edge in range(self.count):
            for node in self.ends[edge]:
                self.at[node].add(edge)

    def run(self) -> None:
        """Merge until nothing more can be merged."""
        for edge in range(self.count):
            self._join(edge)
        todo = list(range(len(self.at)))
        while todo:
            node = todo.pop()
            merged = self._series(node)
            if merged >= 0:
                todo.extend(self.ends[merged])

    def _join(self, edge: int) -> int:
        """Merge an edge with one between the same nodes, if there is one."""
        if not self.alive[edge] or self.keys[edge][0] < 0:
            return edge
        a, b = self.ends[edge]
        pair = (min(a, b), max(a, b))
        other = self.pair.get(pair, -1)
        if other < 0 or not self.alive[other] or other == edge:
            self.pair[pair] = edge
            return edge
        parts = []
        for member in (other, edge):
            back = self.ends[member][0] != pair[0]
            inside = (
                [(e, f != back) for e, f in self.parts[member]] if self.kind[member] == "parallel" else []
            )
            parts += inside or [(member, back)]
        parts.sort(key=lambda part: self.keys[part[0]][part[1]])
        keys = tuple(
            self._key(("parallel", *sorted(self.keys[e][f != back] for e, f in parts)))
            for back in (False, True)
        )
        new = self._add(pair, (keys[0], keys[1]), "parallel", parts, (other, edge))
        self.pair[pair] = new
        return new

    def _series(self, node: int) -> int:
        """Merge the two edges of a node; -1 if it has not two, or is kept."""
        if self.keep[node] or len(self.at[node]) != 2:
            return -1
        first, second = sorted(self.at[node])
        if self.keys[first][0] < 0 or self.keys[second][0] < 0:
            return -1
        a, b = self._far(first, node), self._far(second, node)
        if a == b:
            return -1
        parts: list[tuple[int, bool]] = []
        for member, back in ((first, self.ends[first][1] != node), (second, self.ends[second][0] != node)):
            if self.kind[member] == "series":
                inside = self.parts[member]
                parts += [(e, not f) for e, f in reversed(inside)] if back else inside
            else:
                parts.append((member, back))
        ahead = self._key(("series", *(self.keys[e][f] for e, f in parts)))
        behind = self._key(("series", *(self.keys[e][not f] for e, f in reversed(parts))))
        return self._join(self._add((a, b), (ahead, behind), "series", parts, (first, second)))

    def _far(self, edge: int, node: int) -> int:
        a, b = self.ends[edge]
        return b if a == node else a

    def _add(
        self, ends: tuple[int, int], keys: tuple[int, int], kind: str, parts: list[tuple[int, bool]],
        old: tuple[int, int],
    ) -> int:  # fmt: skip
        for edge in old:
            self.alive[edge] = False
            for node in self.ends[edge]:
                self.at[node].discard(edge)
        new = len(self.ends)
        self.ends.append(ends)
        self.keys.append(keys)
        self.kind.append(kind)
        self.parts.append(parts)
        self.alive.append(True)
        for node in ends:
            self.at[node].add(new)
        return new

    def families(self, least_repeats: int) -> list[Family]:
        """Instances by key, from the outside inwards; the first key that repeats often enough is taken."""
        roots = [e for e in range(len(self.ends)) if self.alive[e] and self.keys[e][0] >= 0]
        often: Counter[int] = Counter()
        stack = list(roots)
        while stack:
            edge = stack.pop()
            often[min(self.keys[edge])] += 1
            stack.extend(part for part, _ in self.parts[edge])
        found: dict[int, list[tuple[int, bool]]] = {}
        stack = list(roots)
        while stack:
            edge = stack.pop()
            key = min(self.keys[edge])
            if self.parts[edge] and often[key] >= least_repeats:
                found.setdefault(key, []).append((edge, self.keys[edge][0] != key))
            else:
                stack.extend(part for part, _ in self.parts[edge])
        return [self._family(sorted(members)) for _, members in sorted(found.items())]

    def _family(self, members: list[tuple[int, bool]]) -> Family:
        walks = [self._walk(edge, back) for edge, back in members]
        terminals = [self.ends[edge][::-1] if back else self.ends[edge] for edge, back in members]
        return Family(
            links=np.array([[link for link, _ in walk[0]] for walk in walks], np.intp),
            sign=np.array([[-1.0 if back else 1.0 for _, back in walk[0]] for walk in walks]),
            inner=np.array([walk[1] for walk in walks], np.intp).reshape(len(walks), -1),
            terminals=np.array(terminals, np.intp),
        )

    def _walk(self, edge: int, back: bool) -> tuple[list[tuple[int, bool]], list[int]]:
        """Links with their directions and inner nodes, in an order that equal keys share."""
        links: list[tuple[int, bool]] = []
        inner: list[int] = []
        stack = [(edge, back)]
        while stack:
            e, b = stack.pop()
            if not self.parts[e]:
                links.append((e, b))
                continue
            parts = [(p, f != b) for p, f in (reversed(self.parts[e]) if b else self.parts[e])]
            if self.kind[e] == "parallel":
                parts.sort(key=lambda part: self.keys[part[0]][part[1]])
            else:
                inner += [self.ends[p][0 if f else 1] for p, f in parts[:-1]]
            stack.extend(reversed(parts))
        return links, inner

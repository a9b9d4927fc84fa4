"""What scenarios change against the base of a mesh: branches lost or added, shunts, dead parts.

A branch between live points becomes a change of rank one of the admittance matrix.  A dead part is left hanging
on one of its open branches: without loads and shunts it draws no current there, so the base's factor serves as
it is.  Where a dead part hung on several branches, the others are taken out; where it holds a voltage, all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from solvers.power.mesh_network import Links, Mesh

Array = NDArray[Any]

MOST = 8
"""Most branches taken out or added in one scenario (assumed; a scenario with more is a base of its own)."""


class Changes(NamedTuple):
    """Changes of n scenarios; points are those of the mesh."""

    start: Array
    """(n + 1,) first of the changed branches of each scenario."""
    tail: Array
    head: Array
    near: Array
    far: Array
    """Voltage across a changed branch = near * V[tail] - far * V[head]."""
    admittance: Array
    """Taken out of the base; negative = added. [p.u.]"""
    shunt_start: Array
    """(n + 1,) first of the changed shunts of each scenario."""
    shunt_point: Array
    shunt: Array
    """Complex admittance added at a point. [p.u.]"""

    @property
    def scenarios(self) -> int:
        return self.start.size - 1

    def take(self, rows: Array) -> Changes:
        """Some of the scenarios."""
        if not (self.tail.size or self.shunt_point.size):
            return no_changes(rows.size)
        branch_start, branches = _rows(self.start, rows)
        shunt_start, shunts = _rows(self.shunt_start, rows)
        return Changes(
            branch_start, self.tail[branches], self.head[branches], self.near[branches], self.far[branches],
            self.admittance[branches], shunt_start, self.shunt_point[shunts], self.shunt[shunts],
        )  # fmt: skip


def _rows(start: Array, rows: Array) -> tuple[Array, Array]:
    first, count = start[rows], start[rows + 1] - start[rows]
    ends = np.concatenate([[0], np.cumsum(count)])
    return ends, np.repeat(first - ends[:-1], count) + np.arange(ends[-1])


def no_changes(scenarios: int) -> Changes:
    """Scenarios that are all in the base state."""
    zero, whole, real = np.zeros(scenarios + 1, dtype=int), np.zeros(0, dtype=int), np.zeros(0)
    return Changes(zero, whole, whole, real, real, real.astype(complex), zero, whole, real.astype(complex))


def joined(parts: list[Changes]) -> Changes:
    """The scenarios of several changes, one after the other."""

    def starts(at: int) -> Array:
        counts = np.concatenate([np.diff(part[at]) for part in parts])
        return np.concatenate([[0], np.cumsum(counts)])

    columns = [np.concatenate([part[at] for part in parts]) for at in range(len(parts[0]))]
    columns[0], columns[6] = starts(0), starts(6)
    return Changes(*columns)


@dataclass(frozen=True)
class States:
    """Outcome of the switching of n scenarios, all bool."""

    live: Array
    """(n, B)."""
    closed: Array
    """(n, E)."""
    source: Array
    """(n, G)."""
    feeding: Array
    """(n, C)."""

    def take(self, rows: Array) -> States:
        return States(self.live[rows], self.closed[rows], self.source[rows], self.feeding[rows])


def changes_of(mesh: Mesh, states: States) -> tuple[Array, Changes]:
    """Which scenarios the base serves (n,) bool, and the changes of these, in their order."""
    conducts = states.closed & states.live[:, mesh.problem.branch_from]
    fits = ~(states.live & ~mesh.live).any(axis=1)
    point_live = _points_live(mesh, states.live)
    fits &= _held_alike(mesh, states, point_live)
    lane, branch = np.nonzero(conducts != mesh.conducts)
    kept = fits[lane]
    lane, branch = lane[kept], branch[kept]
    gone = mesh.conducts[branch]
    fits &= _busbars_alike(mesh, states.live, conducts, lane, branch, gone)
    fits &= ~_adds_across(mesh, lane, branch, gone, fits.size)
    kept = fits[lane]
    lane, branch, gone = lane[kept], branch[kept], gone[kept]
    out, odd = _taken_out(mesh, point_live, lane, branch, gone)
    fits[odd] = False
    fits &= np.bincount(lane[out], minlength=fits.size) <= MOST
    kept = fits[lane]
    rows = np.cumsum(fits) - 1
    lane, branch, gone, out = rows[lane[kept]], branch[kept], gone[kept], out[kept]
    count = int(fits.sum())
    shunts = _shunts(mesh, states.live[fits], lane, branch, gone)
    links, at = mesh.links, branch[out]
    return fits, Changes(
        np.searchsorted(lane[out], np.arange(count + 1)), links.tail[at], links.head[at],
        links.near[at], links.far[at], np.where(gone[out], 1.0, -1.0) * links.admittance[at], *shunts,
    )  # fmt: skip


def _points_live(mesh: Mesh, live: Array) -> Array:
    """(n, points) bool: some bus of the point is live."""
    buses = np.flatnonzero(mesh.point >= 0)
    if buses.size == mesh.points:
        table = np.empty((live.shape[0], mesh.points), dtype=bool)
        table[:, mesh.point[buses]] = live[:, buses]
        return table
    return _count(live[:, buses], mesh.point[buses], mesh.points) > 0


def _count(mask: Array, group: Array, groups: int) -> Array:
    """(n, groups) numbers of set entries of each group."""
    ones = np.ones(group.size, dtype=np.int32)
    matrix = csr_array(coo_array((ones, (group, np.arange(group.size))), shape=(groups, group.size)))
    return np.asarray((matrix @ mask.T.astype(np.int32)).T)


def _held_alike(mesh: Mesh, states: States, point_live: Array) -> Array:
    """(n,) bool: live points are held where the base holds them, and nowhere else."""
    on = np.concatenate([states.source, states.feeding], axis=1)
    alike = ~(on & ~mesh.holding.agrees).any(axis=1)
    known = np.flatnonzero(mesh.holding.agrees)
    held = _count(on[:, known], mesh.holding.point[known] - mesh.free, mesh.points - mesh.free) > 0
    return np.asarray(alike & ~(point_live[:, mesh.free :] & ~held).any(axis=1))


def _busbars_alike(
    mesh: Mesh, live: Array, conducts: Array, lane: Array, branch: Array, gone: Array
) -> Array:
    """(n,) bool: the live buses of each point of the base are still joined by ideal branches, and no others."""
    links, alike = mesh.links, np.ones(live.shape[0], dtype=bool)
    ideal = links.admittance[branch] == 0
    alike[lane[ideal & ~gone & (links.tail[branch] != links.head[branch])]] = False
    cut = ideal & gone
    if not cut.any():
        return alike
    looped = np.zeros(mesh.points, dtype=bool)
    looped[mesh.point[mesh.nodes.bus]] = mesh.busbars.looped[mesh.busbars.point]
    alike[lane[cut & looped[links.tail[branch]]]] = False
    rows = np.unique(lane[cut])
    buses = np.flatnonzero(mesh.point >= 0)
    joints = np.flatnonzero(mesh.conducts & (links.admittance == 0))
    members = _count(live[np.ix_(rows, buses)], mesh.point[buses], mesh.points)
    edges = _count(conducts[np.ix_(rows, joints)], links.tail[joints], mesh.points)
    torn = ((members - edges) > 1) & ~looped
    alike[rows[torn.any(axis=1)]] = False
    return alike


def _adds_across(mesh: Mesh, lane: Array, branch: Array, gone: Array, scenarios: int) -> Array:
    """(n,) bool: a branch that the base does not have joins parts solved one after the other."""
    links, found = mesh.links, np.zeros(scenarios, dtype=bool)
    added = ~gone & (links.admittance[branch] != 0)
    if mesh.stages > 1:
        one, other = mesh.part[links.tail[branch]], mesh.part[links.head[branch]]
        found[lane[added & ((one != other) | (one < 0))]] = True
    return found


def _taken_out(mesh: Mesh, point_live: Array, lane: Array, branch: Array, gone: Array) -> tuple[Array, Array]:
    """Which of the changed branches change the admittance matrix, and scenarios the base cannot serve."""
    links = mesh.links
    tail, head = links.tail[branch], links.head[branch]
    real = _drives(links)[branch]
    ends = point_live[lane, tail].astype(int) + point_live[lane, head]
    out = real & (ends == 2)
    border = np.flatnonzero(real & gone & (ends == 1))
    if not border.size:
        return out, np.zeros(0, dtype=int)
    dead = np.where(point_live[lane[border], tail[border]], head[border], tail[border])
    part, holds, odd = _dead_parts(mesh, point_live, lane[border], dead)
    _, first = np.unique(part, return_index=True)
    hangs = np.zeros(border.size, dtype=bool)
    hangs[first] = True
    out[border[~hangs | holds]] = True
    return out, np.unique(lane[border[odd]])


def _drives(links: Links) -> Array:
    """(E,) bool: the branch may carry current; one inside a busbar only if its ratio is not the busbar's."""
    return np.asarray((links.admittance != 0) & ((links.tail != links.head) | (links.near != links.far)))


def _dead_parts(mesh: Mesh, point_live: Array, lane: Array, point: Array) -> tuple[Array, Array, Array]:
    """Number of the dead part of each (scenario, dead point), whether it holds a voltage, and whether loops of
    unequal ratios drive currents in it that no single open end can stop."""
    links, points = mesh.links, mesh.points
    rows = np.unique(lane)
    edges = np.flatnonzero(mesh.conducts & _drives(links))
    idle = ~point_live[rows][:, links.tail[edges]] & ~point_live[rows][:, links.head[edges]]
    row, at = np.nonzero(idle)
    one = rows[row] * points + links.tail[edges[at]]
    other = rows[row] * points + links.head[edges[at]]
    cells, index = np.unique(np.concatenate([lane * points + point, one, other]), return_inverse=True)
    wanted, one, other = np.split(index, np.cumsum([lane.size, one.size]))
    graph = coo_array((np.ones(one.size), (one, other)), shape=(cells.size, cells.size))
    count, label = connected_components(graph, directed=False)
    fixed = np.bincount(label, (cells % points) >= mesh.free, count) > 0
    uneven = links.near[edges[at]] != links.far[edges[at]]
    loops = np.bincount(label[one], minlength=count) >= np.bincount(label, minlength=count)
    odd = loops & (np.bincount(label[one], uneven, count) > 0) & ~fixed
    part = label[wanted]
    return part, fixed[part], odd[part]


def branch_shunts(
    mesh: Mesh, scenarios: int, lane: Array, branch: Array, gone: Array
) -> tuple[Array, Array, Array]:
    """Changes of shunts by branches (scenario, branch) that are gone or added: their charging."""
    return _by_scenario(mesh, scenarios, *_charging(mesh, lane, branch, gone))


def _charging(mesh: Mesh, lane: Array, branch: Array, gone: Array) -> tuple[Array, Array, Array]:
    problem, links = mesh.problem, mesh.links
    charged = problem.branch_charging[branch] != 0
    lane, branch, sign = lane[charged], branch[charged], np.where(gone[charged], -0.5j, 0.5j)
    half = sign * problem.branch_charging[branch]
    points = np.concatenate([links.tail[branch], links.head[branch]])
    values = np.concatenate([half * links.near[branch] ** 2, half * links.far[branch] ** 2])
    return np.tile(lane, 2), points, values


def _by_scenario(
    mesh: Mesh, scenarios: int, lane: Array, point: Array, value: Array
) -> tuple[Array, Array, Array]:
    """Start of each scenario, points and sums of values."""
    cells, place = np.unique(lane * mesh.points + point, return_inverse=True)
    total = np.bincount(place, value.real, cells.size) + 1j * np.bincount(place, value.imag, cells.size)
    start = np.searchsorted(cells // mesh.points, np.arange(scenarios + 1))
    return start, cells % mesh.points, total


def _shunts(mesh: Mesh, live: Array, lane: Array, branch: Array, gone: Array) -> tuple[Array, Array, Array]:
    """Changes of shunts by branches and by dead buses."""
    problem = mesh.problem
    buses = np.flatnonzero((problem.bus_shunt != 0) & mesh.live)
    row, at = np.nonzero(~live[:, buses])
    bus = buses[at]
    lost = -problem.bus_shunt[bus] * mesh.ratio[bus] ** 2
    charging = _charging(mesh, lane, branch, gone)
    parts = zip(charging, (row, mesh.point[bus], lost), strict=True)
    return _by_scenario(mesh, live.shape[0], *(np.concatenate(pair) for pair in parts))

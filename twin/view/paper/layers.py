"""Layered drawings: who stands where in its layer, and on which track a line crosses between two layers.

The method of Sugiyama, Tagawa and Toda (1981): lines that skip layers get a place in each, layers are ordered by the middle
of their neighbours, and places move towards them as far as their widths allow.  Lines between two layers are nets in a
channel (Hashimoto and Stevens, 1971): one track for each net, nets that share no length may share one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 12
THROUGH = 9.0
"""Half the room that a passing line takes. [px]"""


@dataclass
class Spot:
    """A thing in a layer, or where a line passes one."""

    id: str
    layer: int
    before: float
    """Room on the side of smaller positions. [px]"""
    after: float
    side: float = 0.0
    """Sorts before everything else: negative stands first."""
    at: float = 0.0
    """Its position. [px]"""
    passing: bool = False


@dataclass(frozen=True)
class Net:
    """Pins that are joined between two layers, by their positions."""

    id: str
    near: tuple[float, ...]
    """In the layer before."""
    far: tuple[float, ...]

    @property
    def low(self) -> float:
        """Smallest position."""
        return min(*self.near, *self.far)

    @property
    def high(self) -> float:
        """Largest position."""
        return max(*self.near, *self.far)


def arrange(spots: dict[str, Spot], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Place all spots; the chain of spots that every edge passes, its ends with it.

    Edges that do not lead to a later layer are empty chains.  ``spots`` gets one more for every layer that a line passes.
    """
    chains = [_chain(spots, number, *edge) for number, edge in enumerate(edges)]
    near: dict[str, list[str]] = defaultdict(list)
    for chain in chains:
        for a, b in pairwise(chain):
            near[a].append(b)
            near[b].append(a)
    rows = _rows(spots)
    for row in rows:
        row.sort(key=lambda spot: spot.side)
        for rank, spot in enumerate(row):
            spot.at = float(rank) / max(len(row) - 1, 1)
    for sweep in range(SWEEPS):
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            middle = {
                s.id: _mean(
                    [spots[n].at for n in near[s.id] if (spots[n].layer < s.layer) == (sweep % 2 == 0)], s.at
                )
                for s in row
            }
            row.sort(key=lambda spot: (spot.side, middle[spot.id]))
            for rank, spot in enumerate(row):
                spot.at = float(rank) / max(len(row) - 1, 1)
    _positions(spots, rows, near)
    return chains


def _chain(spots: dict[str, Spot], number: int, start: str, end: str) -> list[str]:
    first, last = spots[start], spots[end]
    if last.layer <= first.layer:
        return []
    chain = [start]
    for layer in range(first.layer + 1, last.layer):
        name = f"\0{number}.{layer}"
        spots[name] = Spot(name, layer, THROUGH, THROUGH, first.side or last.side, passing=True)
        chain.append(name)
    return [*chain, end]


def _rows(spots: dict[str, Spot]) -> list[list[Spot]]:
    last = max((spot.layer for spot in spots.values()), default=-1)
    return [[spot for spot in spots.values() if spot.layer == layer] for layer in range(last + 1)]


def _mean(values: Sequence[float], other: float) -> float:
    return sum(values) / len(values) if values else other


def _positions(spots: dict[str, Spot], rows: list[list[Spot]], near: dict[str, list[str]]) -> None:
    """Positions near those of neighbours, in order, with all the room that is asked for; the least is 0."""
    for row in rows:
        edge = 0.0
        for spot in row:
            spot.at, edge = edge + spot.before, edge + spot.before + spot.after
        for spot in row:
            spot.at -= edge / 2
    for sweep in range(2 * SWEEPS):
        forward = sweep % 2 == 0
        for row in rows if forward else rows[::-1]:
            wanted = []
            for spot in row:
                ways = [
                    spots[name].at for name in near[spot.id] if (spots[name].layer < spot.layer) == forward
                ]
                wanted.append(_mean(ways, spot.at))
            _settle(row, wanted)
    least = min((spot.at - spot.before for spot in spots.values()), default=0.0)
    for spot in spots.values():
        spot.at -= least


def _settle(row: list[Spot], wanted: list[float]) -> None:
    """Least squares to the wanted positions in the given order: pools of adjacent violators."""
    pools: list[tuple[float, int]] = []  # sum of (wanted - offset), members
    offsets, offset = [], 0.0
    for number, spot in enumerate(row):
        offset += (row[number - 1].after + spot.before) if number else 0.0
        offsets.append(offset)
        pools.append((wanted[number] - offset, 1))
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            (total, count), (more, members) = pools[-2], pools.pop()
            pools[-1] = total + more, count + members
    starts = [total / count for total, count in pools for _ in range(count)]
    for spot, start, ahead in zip(row, starts, offsets, strict=True):
        spot.at = start + ahead


def tracks(nets: Iterable[Net]) -> dict[str, int]:
    """Track of every net, 0 next to the layer before; -1 for those that run straight.

    A net whose near pin lies over another's far pin takes the smaller track, so that the two do not run on each other there.
    """
    waiting = [net for net in nets if net.high - net.low > 0.5]
    found = {net.id: -1 for net in nets if net.high - net.low <= 0.5}
    number = 0
    while waiting:
        free = [
            net for net in waiting if not any(_over(other, net) for other in waiting if other is not net)
        ] or waiting[:1]
        taken: list[Net] = []
        for net in sorted(free, key=lambda net: (net.low, net.high)):
            if all(net.low > other.high + 4.0 or net.high < other.low - 4.0 for other in taken):
                taken.append(net)
        for net in taken:
            found[net.id] = number
        waiting = [net for net in waiting if net not in taken]
        number += 1
    return found


def _over(upper: Net, lower: Net) -> bool:
    """Whether the upper net has to take the smaller track."""
    return any(abs(a - b) < 5.0 for a in upper.near for b in lower.far)

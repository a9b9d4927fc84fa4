"""Links that hold fluid: what enters comes out, unmixed, when as much has followed.

The fluid that has entered a link is counted by its capacity, and the heat that came with it beside; what comes out is read
from the same table one volume later.  A step makes one packet of even temperature, so energy is conserved to rounding, a
front stays as steep as the steps in which it entered, and there is no mixing that a finer grid would have to remove.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .transient_case import Array, Case, Index

FEWEST = 64
"""Packets for which room is made at first."""
SLIGHT = 1e-9
"""A step moves a link if more than this share of what it holds has passed in it. [-]"""


@dataclass(frozen=True)
class Arrival:
    """What leaves the links in one step: ``fresh T_up + old``, with ``fresh`` what has entered in the step itself."""

    fresh: Array  # (L, S)
    old: Array  # (L, S)
    passed: Array  # (L, S) [J/K]
    place: Index  # (L S,) packet in which what leaves last lies


class Delays:
    """What the links of one chunk of scenarios hold."""

    def __init__(self, c: Case, compiled: bool = False) -> None:
        self.link: Index = c.holding
        self.volume = c.volume[self.link]
        self.datum = c.initial[c.start[self.link]]
        size = self.volume.size
        self._columns = np.arange(size)
        self._count, self._place = 2, np.zeros(size, np.intp)
        self._entered, self._heat = np.zeros((FEWEST, size)), np.zeros((FEWEST, size))
        self._entered[0] = -self.volume.reshape(-1)
        self._given = np.zeros(size)
        self._find = _compiled if compiled and size else _found

    def arrival(self, passed: Array) -> Arrival:
        """What leaves when this much passes in a step. [J/K]"""
        shape = self.volume.shape
        known = np.minimum(passed, self.volume).reshape(-1)
        last = self._count - 1
        now = self._entered[last]
        at = np.minimum(now - self.volume.reshape(-1) + known, now)
        until, place = self._find(self._entered, self._heat, self._place, at, last)
        # so little as hardly to move at all has the temperature of what is next to leave
        moves = known > SLIGHT * self.volume.reshape(-1)
        heat = until - self._given
        if not moves.all():
            heat = np.where(moves, heat, known * self._next())
        share = (known / np.where(passed > 0.0, passed, 1.0).reshape(-1)).reshape(shape)
        old = (heat / np.where(known > 0.0, known, 1.0)).reshape(shape) + self.datum
        return Arrival(1.0 - share, share * old, passed, place)

    def accept(self, arrival: Arrival, entered: Array) -> None:
        """Take over a step and the heat that entered in it, of temperatures in degC. [J]"""
        passed, share = arrival.passed, 1.0 - arrival.fresh
        heat = entered - self.datum * passed
        self._place = arrival.place
        if self._count == len(self._entered):
            self._make_room()
        last = self._count - 1
        self._entered[last + 1] = self._entered[last] + passed.reshape(-1)
        self._heat[last + 1] = self._heat[last] + heat.reshape(-1)
        self._count += 1
        # what came in and went out within the step, and what had been there
        self._given += ((arrival.old - share * self.datum) * passed + arrival.fresh * heat).reshape(-1)

    def stored(self) -> Array:
        """(S,) heat in all links, over that at time 0. [J]"""
        return np.asarray((self._heat[self._count - 1] - self._given).reshape(self.volume.shape).sum(axis=0))

    def _next(self) -> Array:
        """Temperature over datum of what is next to leave."""
        place = self._place
        room = self._entered[place + 1, self._columns] - self._entered[place, self._columns]
        heat = self._heat[place + 1, self._columns] - self._heat[place, self._columns]
        return np.asarray(np.where(room > 0.0, heat / np.where(room > 0.0, room, 1.0), 0.0))

    def _make_room(self) -> None:
        """Forget what has left every link, and double the tables if that is little."""
        gone = int(self._place.min(initial=self._count - 2))
        kept = slice(gone, self._count)
        size = self._count - gone
        rows = len(self._entered) * (2 if size > len(self._entered) // 2 else 1)
        for name in ("_entered", "_heat"):
            old = getattr(self, name)
            new = np.zeros((rows, old.shape[1]))
            new[:size] = old[kept]
            setattr(self, name, new)
        self._place, self._count = self._place - gone, size


def _found(entered: Array, heat: Array, place: Index, at: Array, last: int) -> tuple[Array, Index]:
    """Heat that had entered before the amounts `at`, and the packets they lie in, none before `place`."""
    columns = np.arange(at.size)
    place = place.copy()
    while True:
        behind = (place < last - 1) & (entered[np.minimum(place + 1, last), columns] < at)
        if not behind.any():
            break
        place += behind
    first, end = entered[place, columns], entered[place + 1, columns]
    low, high = heat[place, columns], heat[place + 1, columns]
    part = np.clip((at - first) / np.where(end > first, end - first, 1.0), 0.0, 1.0)
    return low + part * (high - low), place


def _compiled(entered: Array, heat: Array, place: Index, at: Array, last: int) -> tuple[Array, Index]:
    from . import transient_kernel

    found, places = transient_kernel.packets(entered, heat, place, at, last)
    return found, places

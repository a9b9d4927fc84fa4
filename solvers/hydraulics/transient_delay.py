"""Links that hold fluid: what enters comes out, unmixed, when as much has followed.

The fluid that has entered a link is counted by its capacity, and the heat that came with it beside; what comes out is read
from the same table one volume later.  A step makes one packet of even temperature, so energy is conserved to rounding, a
front stays as steep as the steps in which it entered, and there is no mixing that a finer grid would have to remove.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .transient_case import Array, Case, Index

FEWEST = 32
"""Packets for which room is made at first; a power of two, and doubled where it does not do."""
PACKETS = 128
"""Packets smaller than this part of a link join the one before them, so that none holds more than twice as many: where fluid
all but stands, small steps bring next to nothing.  Assumed."""
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
    """What the links of one chunk of scenarios hold.

    Link by link and scenario by scenario a ring of packets: their ends in capacity that has entered, and the heat until
    there.  One that stands still takes no packets, and none is kept that has left.
    """

    def __init__(self, c: Case, compiled: bool = False) -> None:
        self.link: Index = c.holding
        self.volume = c.volume[self.link]
        self.datum = c.initial[c.start[self.link]]
        size = self.volume.size
        self._columns = np.arange(size)
        self._flat, self._warm = self.volume.reshape(-1), self.datum.reshape(-1)
        self._last, self._place = np.ones(size, np.intp), np.zeros(size, np.intp)
        self._entered, self._heat = np.zeros((size, FEWEST)), np.zeros((size, FEWEST))
        self._entered[:, 0] = -self._flat
        self._given = np.zeros(size)
        fast = compiled and size > 0
        self._find: Callable[..., tuple[Array, Array, Index]] = _find_compiled if fast else _found
        self._push: Callable[..., None] = _push_compiled if fast else _pushed

    def arrival(self, passed: Array) -> Arrival:
        """What leaves when this much passes in a step. [J/K]"""
        fresh, old, place = self._find(
            passed.reshape(-1), self._flat, self._warm, self._entered, self._heat, self._place, self._last, self._given
        )  # fmt: skip
        return Arrival(fresh.reshape(passed.shape), old.reshape(passed.shape), passed, place)

    def accept(self, arrival: Arrival, entered: Array) -> None:
        """Take over a step and the heat that entered in it, of temperatures in degC. [J]"""
        passed, fresh = arrival.passed.reshape(-1), arrival.fresh.reshape(-1)
        heat = entered.reshape(-1) - self._warm * passed
        self._place = arrival.place
        if (self._last - self._place).max(initial=0) + 2 > self._entered.shape[1]:
            self._make_room()
        self._push(
            passed, fresh, arrival.old.reshape(-1), heat, self._flat, self._warm, self._entered, self._heat, self._place,
            self._last, self._given,
        )  # fmt: skip

    def stored(self) -> Array:
        """(S,) heat in all links, over that at time 0. [J]"""
        heat = self._heat[self._columns, self._last % self._heat.shape[1]]
        return np.asarray((heat - self._given).reshape(self.volume.shape).sum(axis=0))

    def _make_room(self) -> None:
        room = self._entered.shape[1]
        kept = self._place[:, None] + np.arange(room)
        for name in ("_entered", "_heat"):
            old = getattr(self, name)
            new = np.zeros((len(old), 2 * room))
            np.put_along_axis(new, kept % (2 * room), np.take_along_axis(old, kept % room, axis=1), axis=1)
            setattr(self, name, new)


def _found(
    passed: Array, volume: Array, datum: Array, entered: Array, heat: Array, place: Index, last: Index, given: Array
) -> tuple[Array, Array, Index]:  # fmt: skip
    """Shares ``fresh`` and ``old`` of what leaves, and the packets in which what leaves last lies."""
    columns, room, begin = np.arange(passed.size), entered.shape[1], place
    known = np.minimum(passed, volume)
    now = entered[columns, last % room]
    at = np.minimum(now - volume + known, now)
    place = place.copy()
    while True:
        behind = (place < last - 1) & (entered[columns, (place + 1) % room] < at)
        if not behind.any():
            break
        place += behind
    first, end = entered[columns, place % room], entered[columns, (place + 1) % room]
    low, high = heat[columns, place % room], heat[columns, (place + 1) % room]
    part = np.clip((at - first) / np.where(end > first, end - first, 1.0), 0.0, 1.0)
    leaves = low + part * (high - low) - given
    # so little as hardly to move at all has the temperature of what is next to leave
    slight = known <= SLIGHT * volume
    if slight.any():
        wide = entered[columns, (begin + 1) % room] - entered[columns, begin % room]
        more = heat[columns, (begin + 1) % room] - heat[columns, begin % room]
        leaves = np.where(
            slight, known * np.where(wide > 0.0, more / np.where(wide > 0.0, wide, 1.0), 0.0), leaves
        )
    share = known / np.where(passed > 0.0, passed, 1.0)
    return 1.0 - share, share * (leaves / np.where(known > 0.0, known, 1.0) + datum), place


def _pushed(
    passed: Array, fresh: Array, old: Array, heat: Array, volume: Array, datum: Array, entered: Array, held: Array,
    place: Index, last: Index, given: Array,
) -> None:  # fmt: skip
    """Take over a step: ``entered``, ``held``, ``last`` and ``given`` change."""
    columns, room = np.arange(passed.size), entered.shape[1]
    before, warm = entered[columns, last % room], held[columns, last % room]
    size = before - entered[columns, (last - 1) % room] + passed
    last += (passed > SLIGHT * volume) & ((size > volume / PACKETS) | (last - 1 <= place))
    entered[columns, last % room], held[columns, last % room] = before + passed, warm + heat
    # what came in and went out within the step, and what had been there
    given += (old - (1.0 - fresh) * datum) * passed + fresh * heat


def _find_compiled(*told: Any) -> tuple[Array, Array, Index]:
    from . import transient_kernel_stage

    fresh, old, place = transient_kernel_stage.arrival(*told)
    return fresh, old, place


def _push_compiled(*told: Any) -> None:
    from . import transient_kernel_stage

    transient_kernel_stage.push(*told)

"""Flows of a loop in the normal state, and with a piece of its headers shut between its valves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.model.products import PLANT_KINDS
from twin.networks.liquid import LoopNetwork
from twin.studies.basis import Basis

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

DIGITS = 6
"""Significant digits of flows by which loops are told apart; the rest is the tolerance of the coupling."""
GONE = 1e-6
"""Share of its flow below which a sink is cut off. [-]"""

ASKED = {
    "rack": ("rack", "liquid_required"),
    "cdu": ("cdu", "primary_required"),
    "crah": ("crah", "water_required"),
}
"""Where the tables tell the flow that a sink's valve is set to."""
MOVED = {"cdu": ("cdu", "secondary_flow"), **dict.fromkeys(PLANT_KINDS, ("plant", "flow"))}
"""Where they tell that a source is in service."""


@dataclass(frozen=True, eq=False)
class Duty:
    """What is open in one loop, and what its valves are set to."""

    source: Mask
    pump: Mask
    sink: Mask
    limit: Array
    """(sinks,) [kg/s]"""
    speed: float
    """Of the pumps: full, or what the loop's control holds."""

    def varied(self, loop: LoopNetwork, rows: int) -> dict[str, Any]:
        """The same in some rows."""

        def each(values: NDArray[Any]) -> NDArray[Any]:
            return np.repeat(values[None], rows, axis=0)

        return loop.varied(
            each(self.source), each(self.pump), each(self.sink), each(self.limit), np.full(rows, self.speed)
        )

    def key(self) -> bytes:
        """Equal for loops that ask for the same."""
        masks = np.concatenate([self.source, self.pump, self.sink])
        scale = 10.0 ** (DIGITS - 1 - np.floor(np.log10(max(float(self.limit.max(initial=0.0)), 1e-9))))
        return masks.tobytes() + np.round(self.limit * scale).tobytes()


def duty(basis: Basis, number: int) -> Duty:
    """The normal state of one loop, pumps at full speed; without a normal state what it is laid out for."""
    world, circuit = basis.world, basis.world.loops[number].circuit
    design = world.sink_design[world.slices.sink[number]]
    solved = basis.results.settled[basis.row]
    speed = (circuit.control.speed or 1.0) if circuit.control.hold == "speed" else 1.0
    if not solved:
        source, pump, sink = (
            np.ones(len(names), bool) for names in (circuit.sources, circuit.pumps, circuit.sinks)
        )
        return Duty(source, pump, sink, design, speed)
    look = _Look(basis)
    limit = np.array([look.asked(name, own) for name, own in zip(circuit.sinks, design, strict=True)])
    return Duty(
        source=look.running(circuit.sources),
        pump=np.array([look.live(name) for name in circuit.pumps], bool),
        sink=np.array([look.live(name) for name in circuit.sinks], bool) & (limit > 0.0),
        limit=limit,
        speed=speed,
    )


class _Look:
    """Numbers of the normal state by machine."""

    def __init__(self, basis: Basis) -> None:
        self.basis = basis
        self.known: dict[tuple[str, str], dict[str, float]] = {}

    def value(self, table: str, quantity: str, name: str, otherwise: float) -> float:
        """A quantity of a machine; ``otherwise`` where no table tells it."""
        if (table, quantity) not in self.known:
            self.known[table, quantity] = self.basis.normal(table, quantity)
        return self.known[table, quantity].get(name, otherwise)

    def asked(self, name: str, design: float) -> float:
        """Flow that a sink's valve is set to. [kg/s]"""
        machine = self.basis.facility.by_id[name]
        if machine.kind not in ASKED:
            return design
        return self.value(*ASKED[machine.kind], name, design)

    def live(self, name: str) -> bool:
        """In service and powered; racks are judged by the flow they ask for."""
        machine = self.basis.facility.by_id[name]
        kind = machine.kind
        if machine.host is not None:
            return self.value("rear_door", "live", machine.host, 1.0) > 0.5
        table = kind if kind in ("cdu", "crah", "pump") else "plant"
        return kind == "rack" or self.value(table, "live", name, 1.0) > 0.5

    def running(self, names: tuple[str, ...]) -> Mask:
        """Sources that the sequence has in service; where nothing flows at all, those that could be."""
        live = np.array([self.live(name) for name in names], bool)
        moving = live & np.array([self._moves(name) for name in names], bool)
        return moving if moving.any() else live

    def _moves(self, name: str) -> bool:
        kind = self.basis.facility.by_id[name].kind
        return kind not in MOVED or self.value(*MOVED[kind], name, 1.0) > 0.0


@dataclass(frozen=True, eq=False)
class Shut:
    """One loop with each of its P header pieces shut, its valves set as before."""

    before: Array
    """(sinks,) flow with nothing shut. [kg/s]"""
    share: Array
    """(P, sinks) flow over that before; 1 for sinks that had none."""

    @property
    def cut(self) -> Mask:
        """(P, sinks) that get nothing any more."""
        return self.share <= GONE


def shut_pieces(loop: LoopNetwork, asked: Duty) -> Shut:
    """Shut the supply and the return of every header piece, one piece after the other, in one batch."""
    pieces = len(loop.segment_link)
    varied = asked.varied(loop, pieces + 1)
    for piece, pair in enumerate(loop.segment_link):
        varied["link_open"][piece + 1, pair] = False
    flow = loop.ready.solve(**varied).link_flow[:, loop.sink_link]
    before = np.maximum(flow[0], 0.0)
    had = before > GONE * max(float(asked.limit.max(initial=0.0)), 1e-9)
    share = np.divide(np.maximum(flow[1:], 0.0), before, out=np.ones_like(flow[1:]), where=had)
    return Shut(np.where(had, before, 0.0), share)

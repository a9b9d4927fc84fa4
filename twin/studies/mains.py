"""The mains: which pieces of the headers may be shut for maintenance, what expansion vessels must take, how hard valves hit.

Every piece of header between two branches has valves on both sides.  A branch has its own, and shutting it costs one sink.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.networks.liquid import LoopNetwork, lower_loop
from twin.results.results import Table
from twin.studies.basis import Basis
from twin.studies.mains_flow import Duty, Shut, duty, shut_pieces
from twin.studies.mains_vessel import Vessel, vessel, vessel_table
from twin.tabulate.piping import Branches

Array = NDArray[np.float64]

ENOUGH = 0.95
"""Share of its flow that a sink must keep; as for racks in LIQ-002."""
SHOWN = 3
"""Pieces that a sentence names."""


@dataclass(frozen=True, eq=False)
class Mains:
    """What one loop answers; like loops share an answer."""

    loops: tuple[int, ...]
    asked: Duty
    shut: Shut
    as_ring: Shut | None
    """The same if its headers were rings; None if they are."""


def mains(basis: Basis) -> tuple[dict[str, Table], dict[str, Any]]:
    """Shut every piece of every loop's headers, size the vessels, and tell the surge of valves that shut at once.

    Returns
    -------
    Tables ``segment`` (header pieces ``LOOP.segNN``: sinks and racks without flow, least flow that the others keep) and
    ``vessel`` (loops: fluid, its growth, the vessel it needs), and the answer in words and numbers.
    """
    world = basis.world
    found = tuple(_answers(basis))
    vessels = {loop.circuit.id: vessel(basis, number) for number, loop in enumerate(world.loops)}
    slow, instant = _surges(basis, found)
    table = _segments(basis, found)
    answer: dict[str, Any] = {
        "sentences": [
            *_pieces_told(basis, found, table),
            *_vessels_told(vessels),
            *_surges_told(basis, slow, instant),
        ],
        "segments": dict(zip(table.ids, (_place(basis, name) for name in table.ids), strict=True)),
        "surge": slow,
        "instant_surge": instant,
        "method": "flows of the normal state's valves with pumps at full speed, one batch per loop",
    }
    return {"segment": table, "vessel": vessel_table(vessels)}, answer


def _answers(basis: Basis) -> Iterator[Mains]:
    """One answer for all loops that are alike and ask for the same flows."""
    world = basis.world
    for alike in world.alike:
        groups: dict[bytes, list[int]] = {}
        for number in alike:
            groups.setdefault(duty(basis, number).key(), []).append(number)
        for numbers in groups.values():
            loop, asked = world.loops[numbers[0]], duty(basis, numbers[0])
            ring = None
            if loop.circuit.mains == "tree":
                circuit = loop.circuit.replace(mains="ring")
                ring = shut_pieces(lower_loop(basis.facility, circuit, world.routes.pipes[circuit.id]), asked)
            yield Mains(tuple(numbers), asked, shut_pieces(loop, asked), ring)


# -- pieces -------------------------------------------------------------------------------------------------------------


def segment_name(circuit: str, piece: int) -> str:
    """``tcs.p1.seg03``: counted from the sources, in the order in which the headers reach the sinks."""
    return f"{circuit}.seg{piece + 1:02d}"


def _place(basis: Basis, segment: str) -> str:
    """Where a piece lies, in words."""
    name, _, number = segment.rpartition(".seg")
    loop = next(loop for loop in basis.world.loops if loop.circuit.id == name)
    piece = int(number) - 1
    if piece >= len(loop.segment_sink):
        return f"from {loop.segment_sink[-1]} back to the sources"
    behind = loop.segment_sink[piece - 1] if piece else "the sources"
    return f"between {behind} and {loop.segment_sink[piece]}"


def _segments(basis: Basis, found: tuple[Mains, ...]) -> Table:
    by_loop = {number: of for of in found for number in of.loops}
    names: list[str] = []
    rows: dict[str, list[float]] = {
        "sinks_without": [],
        "sinks_short": [],
        "racks_lost": [],
        "least_share": [],
    }
    for number, loop in enumerate(basis.world.loops):
        shut = by_loop[number].shut
        names += [segment_name(loop.circuit.id, piece) for piece in range(len(shut.share))]
        cut, share = shut.cut, shut.share
        short = ~cut & (share < ENOUGH)
        rows["sinks_without"] += cut.sum(axis=1).tolist()
        rows["sinks_short"] += short.sum(axis=1).tolist()
        rows["racks_lost"] += _racks_lost(basis, loop, cut | short)
        rows["least_share"] += np.where(cut, 1.0, share).min(axis=1).tolist()
    return Table(tuple(names), {name: np.array(values, float) for name, values in rows.items()})


def _racks_lost(basis: Basis, loop: LoopNetwork, lost: NDArray[np.bool_]) -> list[int]:
    """Racks that each piece costs: those without coolant, and those that need a machine without it."""
    depends, sinks = basis.dependence, loop.circuit.sinks
    component = {name: index for index, name in enumerate(depends.components)}
    racks = [name in depends.top for name in sinks]
    direct = [{sinks[k] for k in np.flatnonzero(row & racks)} for row in lost]
    machines = [k for k, name in enumerate(sinks) if name in component and not racks[k]]
    if not machines or not lost[:, machines].any():
        return [len(names) for names in direct]
    events = np.where(lost[:, machines], [component[sinks[k]] for k in machines], -1)
    proof = basis.proof
    down = ~proof.evaluator.sets(events).up & proof.alone.up[0]  # those that stand in the normal state
    by_machine = [{proof.racks[k] for k in np.flatnonzero(row)} for row in down]
    return [len(one | other) for one, other in zip(direct, by_machine, strict=True)]


def _pieces_told(basis: Basis, found: tuple[Mains, ...], table: Table) -> Iterator[str]:
    column = {name: index for index, name in enumerate(table.ids)}
    for of in found:
        loop = basis.world.loops[of.loops[0]]
        rows = [column[segment_name(loop.circuit.id, piece)] for piece in range(len(of.shut.share))]
        yield _piece_sentence(basis, of, {name: values[rows] for name, values in table.values.items()})


def _piece_sentence(basis: Basis, of: Mains, values: dict[str, Array]) -> str:
    loop = basis.world.loops[of.loops[0]]
    name, pieces = loop.circuit.id, len(of.shut.share)
    like = f" (and {len(of.loops) - 1} like it)" if len(of.loops) > 1 else ""
    start = f"any piece of the {loop.circuit.mains} of {name}{like} may be shut without loss"
    harmful = np.flatnonzero(values["sinks_without"] + values["sinks_short"] > 0)
    if not harmful.size:
        least = float(values["least_share"].min(initial=1.0))
        return f"{start}: yes, all {len(loop.circuit.sinks)} sinks keep at least {least:.0%} of their flow"
    worst = int((values["sinks_without"] + values["sinks_short"]).argmax())
    sinks = len(loop.circuit.sinks)
    where = _place(basis, segment_name(name, worst))
    words = f"{start}: no, {harmful.size} of {pieces} cost flow; the worst ({where}) cuts "
    words += f"off {values['sinks_without'][worst]:.0f} of {sinks} sinks"
    if values["sinks_short"][worst]:
        words += f" and leaves {values['sinks_short'][worst]:.0f} short"
    words += f", which costs {values['racks_lost'][worst]:.0f} racks"
    if of.as_ring is not None and pieces > 1:
        ring = of.as_ring
        left = int((ring.cut | (ring.share < ENOUGH)).any(axis=1).sum())
        words += f"; as a ring {'none' if not left else f'{left} of {len(ring.share)}'} would"
    return words


# -- vessels and valves ---------------------------------------------------------------------------------------------------


def _vessels_told(vessels: dict[str, Vessel]) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for name, one in vessels.items():
        groups.setdefault(one.told(), []).append(name)
    for words, names in groups.items():
        yield f"{_names(names)}: {words}"


def _names(names: list[str]) -> str:
    return names[0] + (f" (and {len(names) - 1} like it)" if len(names) > 1 else "")


def _rise(loop: LoopNetwork, asked: Duty, closing_time: float) -> float:
    """Largest rise when the valve of a branch closes within a time. [Pa]"""
    return float(Branches.of(loop).rise(loop, asked.limit * asked.sink, closing_time).max(initial=0.0))


def _surges(basis: Basis, found: tuple[Mains, ...]) -> tuple[dict[str, float], dict[str, float]]:
    """Largest rise in every loop when a valve closes in its time, and when it shuts at once. [Pa]"""
    slow, instant = {}, {}
    for of in found:
        for loop in (basis.world.loops[number] for number in of.loops):
            slow[loop.circuit.id] = _rise(loop, of.asked, loop.circuit.closing_time)
            instant[loop.circuit.id] = _rise(loop, of.asked, 0.0)
    return slow, instant


def _surges_told(basis: Basis, slow: dict[str, float], instant: dict[str, float]) -> Iterator[str]:
    if not slow:
        return
    worst, hardest = max(slow, key=slow.__getitem__), max(instant, key=instant.__getitem__)
    time = next(loop.circuit.closing_time for loop in basis.world.loops if loop.circuit.id == worst)
    yield (
        f"a valve that closes within {time:g} s raises the pressure by {slow[worst] / 1e3:.3g} kPa at most ({worst}); one "
        f"that shut at once would by {instant[hardest] / 1e3:.4g} kPa ({hardest})"
    )

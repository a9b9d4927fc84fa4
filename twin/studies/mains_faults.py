"""What is wrong with the hydraulics of a layout, by name: pumps that push in vain, sinks cut off or short, no drive at all.

The solver's diagnosis, in the words of the layout.  It is asked of the normal state with pumps at full speed; where there is
no normal state, of everything in service at the flows that it is laid out for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from solvers.hydraulics.diagnosis import Diagnosis, Expectations, Kind, diagnose
from solvers.psychrometrics import pressure_at
from twin.networks.liquid import LoopNetwork
from twin.studies.basis import Basis
from twin.studies.mains_flow import Duty, duty

SHORT = 0.05
"""Share of its flow that a sink may lack; as for racks in LIQ-002."""
NAMED = 4
"""Elements that a sentence lists."""
ROOT = (Kind.NOT_SOLVED, Kind.NO_PRESSURE, Kind.NO_DRIVE)
"""Faults that explain all others of their loop."""
TOLD = (
    *ROOT,
    Kind.DEAD_HEADED,
    Kind.BEYOND_CURVE,
    Kind.LIMIT_SHORT,
    Kind.ISOLATED,
    Kind.NO_FLOW,
    Kind.REVERSE,
)
"""What is told; pressures and velocities have rules of their own."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a loop."""

    loop: str
    element: str
    """Machine, header piece or loop."""
    kind: str
    words: str
    """Sentence that goes on from the element."""


def hydraulic_faults(basis: Basis) -> dict[str, Any]:
    """The diagnosis of every loop: an answer with ``faults`` and ``sentences``, empty if nothing was found."""
    found = [fault for number in range(len(basis.world.loops)) for fault in _of_loop(basis, number)]
    if not found:
        return {}
    return {"faults": [vars(fault) for fault in found], "sentences": [*_sentences(found)]}


def _sentences(found: list[Fault]) -> Iterator[str]:
    groups: dict[tuple[str, str], list[Fault]] = {}
    for fault in found:
        groups.setdefault((fault.loop, fault.kind), []).append(fault)
    for (loop, _), faults in groups.items():
        others = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        yield f"{loop}: {faults[0].element} {faults[0].words}{others}"


def _of_loop(basis: Basis, number: int) -> Iterator[Fault]:
    loop, asked = basis.world.loops[number], duty(basis, number)
    varied = asked.varied(loop, 1)
    problem = loop.problem(
        asked.source[None], asked.pump[None], asked.sink[None], asked.limit[None], np.array([asked.speed])
    )
    expected = Expectations(
        consumers=_consumers(loop, asked),
        barometric=float(pressure_at(basis.facility.place.elevation)),
    )
    found = [one for one in diagnose(problem, loop.ready.solve(**varied), expected) if _counts(one)]
    causes = [one for one in found if one.kind in ROOT]
    names = _names(loop)
    told: set[str] = set()
    for one in causes or found:
        element = names.get(one.index, loop.circuit.id) if one.element == "link" else loop.circuit.id
        if element not in told:
            told.add(element)
            yield Fault(loop.circuit.id, element, str(one.kind), _words(one, loop, names))


def _consumers(loop: LoopNetwork, asked: Duty) -> tuple[int, ...]:
    """Links of sinks that ask for flow, those valved off included: they are named."""
    shut = np.isin(loop.circuit.sinks, loop.circuit.shut)
    return tuple(int(link) for link in loop.sink_link[(asked.sink & (asked.limit > 0.0)) | shut])


def _counts(one: Diagnosis) -> bool:
    return one.kind in TOLD and (one.kind != Kind.LIMIT_SHORT or one.value > SHORT)


def _names(loop: LoopNetwork) -> dict[int, str]:
    """Machine or header piece behind every link; links without one belong to the loop."""
    circuit = loop.circuit
    names = dict(zip(loop.pump_link.tolist(), circuit.pumps, strict=True))
    names |= dict(zip(loop.source_link.tolist(), circuit.sources, strict=True))
    names |= dict(zip(loop.sink_link.tolist(), circuit.sinks, strict=True))
    names |= dict.fromkeys((loop.decoupler_link, loop.bypass_link), circuit.id)
    for piece, pair in enumerate(loop.segment_link.tolist()):
        names |= dict.fromkeys(pair, f"{circuit.id}.seg{piece + 1:02d}")
    return names


def _words(one: Diagnosis, loop: LoopNetwork, names: dict[int, str]) -> str:
    match one.kind:
        case Kind.ISOLATED:
            valves = list(dict.fromkeys(names.get(link, loop.circuit.id) for _, link in one.others))
            own = valves == [names.get(one.index)]
            whose = "its own isolation valves" if own else f"the valves of {', '.join(valves[:NAMED])}"
            return f"has no flow: {whose} are shut"
        case Kind.LIMIT_SHORT:
            return f"{one.message}, with the pumps of {loop.circuit.id} at full speed"
        case Kind.NO_DRIVE:
            return "has no pump that runs: nothing flows in it"
        case Kind.NO_FLOW:
            return "has no flow although no valve is shut: no pump of its loop reaches it"
    return one.message

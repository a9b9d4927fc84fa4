"""Who serves whom: pairs of the power tree and of the loops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from twin.model.facility import Circuit, Facility
from twin.view.web.document import Buffer
from twin.view.web.parts import Edges
from twin.view.web.things import Register

MOST = 4096
"""Most pairs of one loop; a larger one is told as sources to loop and loop to sinks."""


def edges(facility: Facility, register: Register, buffer: Buffer) -> Edges:
    """Pairs of things, each once."""
    number = register.number
    power = dict.fromkeys(
        (number[source], number[feed.to]) for feed in facility.feeds for source in feed.sources
    )
    cooling = dict.fromkeys(pair for circuit in facility.circuits for pair in _pairs(circuit, number))
    return Edges(
        power=buffer.add(np.array(list(power), dtype=np.uint32).reshape(-1, 2), "u32"),
        cooling=buffer.add(np.array([pair[:2] for pair in cooling], dtype=np.uint32).reshape(-1, 2), "u32"),
        loop=buffer.add(np.array([loop for *_, loop in cooling], dtype=np.uint32), "u32"),
    )


def _pairs(circuit: Circuit, number: Mapping[str, int]) -> Iterator[tuple[int, int, int]]:
    """Sources and pumps serve the sinks of a loop."""
    loop = number[circuit.id]
    givers = [number[name] for name in dict.fromkeys((*circuit.sources, *circuit.precool, *circuit.pumps))]
    takers = list(dict.fromkeys(number[name] for name in circuit.sinks))  # a door is its rack's
    if len(givers) * len(takers) <= MOST:
        yield from ((giver, taker, loop) for giver in givers for taker in takers if giver != taker)
        return
    yield from ((giver, loop, loop) for giver in givers)
    yield from ((loop, taker, loop) for taker in takers)

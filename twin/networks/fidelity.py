"""How finely the air of the halls is modelled, and what a default answer takes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from twin.model.base import Mark
from twin.model.facility import Facility


class AirFault(ValueError):
    """The air of a hall cannot be solved in 3-D."""

    def told(self, facility: Facility) -> tuple[tuple[str, Mark], ...]:
        """Every reason with the place in the layout."""
        return ((str(self), facility.halls[0].mark),)


Fidelity = Literal["auto", "zonal", "potential", "rans"]

WORK = 1_300_000
"""Cells times flow patterns of a hall that a default answer solves in 3-D: about half a minute of two cores."""
CELLS = 600_000
"""Cells of all halls up to which a default answer solves their normal state in 3-D."""


@dataclass(frozen=True)
class Effort:
    """How finely the air is modelled, and in how many flow patterns of each hall."""

    model: Literal["zonal", "potential", "rans"]
    losses: bool = True
    """Whether every loss of an air handler is a pattern of its own; if not, the zonal model answers for it, calibrated."""


def effort(facility: Facility, asked: Fidelity, states: int) -> Effort:
    """What was asked for, or the best that answers within about half a minute.

    A loss of an air handler moves all the air of its hall, so every one of them is a pattern to be solved.  Potential flow
    is never chosen: without jets and buoyancy it was up to 3 K off where the zones were 2 K off, and finds no way for the
    heat of an aisle that is open at its top.
    """
    if asked != "auto":
        return Effort(asked)
    from twin.networks import rooms  # numba

    cells = work = 0
    for shell in facility.halls:
        if not any(rack.hall == shell.id for rack in facility.racks):
            continue
        try:
            count = rooms.lower(facility, shell).cells
        except AirFault:  # the zonal model needs no grid; who asks for the field is told why there is none
            return Effort("zonal")
        units = sum(machine.hall == shell.id for machine in facility.of_kind("crah"))
        cells += count
        work += count * (1 + (units if states > 1 else 0))
    return Effort("rans", work <= WORK) if cells <= CELLS else Effort("zonal")

"""How finely the air of the halls is modelled, and what a default answer takes on."""

from __future__ import annotations

from typing import Literal

from twin.model.base import Mark
from twin.model.facility import Facility


class AirFault(ValueError):
    """The air of a hall cannot be solved in 3-D."""

    def told(self, facility: Facility) -> tuple[tuple[str, Mark], ...]:
        """Every reason with the place in the layout."""
        return ((str(self), facility.halls[0].mark),)


Fidelity = Literal["auto", "zonal", "potential", "rans"]
FIDELITIES = ("auto", "zonal", "potential", "rans")

RANS_CELLS, POTENTIAL_CELLS = 1_500_000, 6_000_000
"""Cells times flow patterns that a default answer takes on: about half a minute of one core."""


def fidelity(facility: Facility, asked: Fidelity, states: int) -> Literal["zonal", "potential", "rans"]:
    """The model that was asked for, or the best that answers within half a minute.

    A loss of an air handler moves all the air of its hall, so every one of them is a pattern to be solved.
    """
    if asked != "auto":
        return asked
    from twin.networks import rooms  # numba

    work = 0
    for shell in facility.halls:
        if not any(rack.hall == shell.id for rack in facility.racks):
            continue
        try:
            cells = rooms.lower(facility, shell, check=True).cells
        except ValueError:  # the zonal model needs no grid; who asks for the field is told why there is none
            return "zonal"
        units = sum(machine.hall == shell.id for machine in facility.of_kind("crah"))
        work += cells * (1 + (units if states > 1 else 0))
    if work <= RANS_CELLS:
        return "rans"
    return "potential" if work <= POTENTIAL_CELLS else "zonal"

"""Temperatures between which the fluids of loops are liquid as far as their property data tell.

The layout is read without the solvers, so the bounds stand here; a test holds them against :mod:`solvers.fluids`.
"""

from __future__ import annotations

from typing import NamedTuple


class Liquid(NamedTuple):
    """A fluid as people call it, and between what it stays liquid. [degC]"""

    name: str
    freezes: float
    """First ice."""
    warmest: float
    """End of its property data, or boiling at the atmosphere where the data end before."""


BOILING = 100.0
"""Water at the atmosphere. [degC]  Loops run colder; aqueous glycol boils little above."""

FLUID_LIMITS = {
    "water": Liquid("water", 0.0, BOILING),
    "pg25": Liquid("propylene glycol 25 % by mass", -9.8, BOILING),
    "pg40": Liquid("propylene glycol 40 % by mass", -20.6, BOILING),
    "pg25_inhibited": Liquid("propylene glycol 25 % by volume, inhibited", -10.0, BOILING),
    "pg40_inhibited": Liquid("propylene glycol 40 % by volume, inhibited", -22.1, BOILING),
}
"""By the name that a layout uses."""

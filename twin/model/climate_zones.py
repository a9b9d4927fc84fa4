"""What depends on the climate zone of a site: the mechanical load component that ASHRAE 90.4 allows."""

from __future__ import annotations

SMALL = 300e3
"""IT power up to which the laxer limits count. [W]"""
MLC_SOURCE = "ANSI/ASHRAE 90.4-2016, addendum g, table 6.6 (as quoted)"
MLC_MAX: dict[str, tuple[float, float]] = {
    "1A": (0.26, 0.31),
    "2A": (0.23, 0.29),
    "3A": (0.21, 0.27),
    "5A": (0.16, 0.25),
    "8": (0.13, 0.22),
}
"""Largest annualized mechanical load component by zone of ASHRAE 169: IT above 300 kW, and up to it. [-]

The five zones that a reader of the addendum quotes; the table has nineteen, and the values of the others could not be
verified.  Editions since 2022 define the ratio otherwise (addendum g to the 2022 edition) and have other limits.
"""


def mechanical_load_limit(zone: str, it_power: float) -> float | None:
    """Largest annualized mechanical load component of a zone at an IT power [W]; None where no value is at hand."""
    limits = MLC_MAX.get(zone)
    return None if limits is None else limits[it_power <= SMALL]

"""Classes of facility water by their warmest supply.

ASHRAE TC 9.9, *Thermal Guidelines for Data Processing Environments*, 5th ed., 2021, as quoted.
"""

from __future__ import annotations

from math import inf

WATER_CLASSES = {"W17": 17.0, "W27": 27.0, "W32": 32.0, "W40": 40.0, "W45": 45.0}
"""Warmest supply of each class, coolest first; above the last it is W+. [degC]"""
DIGITS = 2
"""Decimals to which a supply is told apart: a loop held at 32 degC is W32 though the solve says 32.0000001."""


def class_of(supply: float) -> tuple[str, float]:
    """The coolest class that a supply temperature [degC] meets, and its limit; W+ has none."""
    rounded = round(supply, DIGITS)
    return next(((name, limit) for name, limit in WATER_CLASSES.items() if rounded <= limit), ("W+", inf))

"""What a rack draws and where its heat goes by its sheet, for sums that need no solve."""

from __future__ import annotations

from twin.model.facility import Machine
from twin.model.language import Workload


def power(rack: Machine, workload: Workload) -> float:
    """Power at the rack's input that the workload asks for. [W]

    The sheet's figure; the peak factor adds to the accelerators' thermal design power alone.
    """
    product = rack.product
    drawn: float = getattr(product.power, workload.power)  # type: ignore[union-attr]
    chips = product.accelerators  # type: ignore[union-attr]
    if chips is not None:
        drawn += (workload.peak_factor - 1.0) * chips.count * chips.power
    return drawn


def heat(rack: Machine, workload: Workload) -> tuple[float, float]:
    """Heat into air and into liquid. [W]"""
    drawn, share = power(rack, workload), rack.product.liquid_share  # type: ignore[union-attr]
    return drawn * (1.0 - share), drawn * share

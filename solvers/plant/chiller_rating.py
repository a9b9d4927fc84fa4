"""What is known about one chiller: its rating point, its published curves and where those hold."""

from __future__ import annotations

import math
from dataclasses import dataclass

from solvers import checks
from solvers.psychrometrics import STANDARD_PRESSURE

Biquadratic = tuple[float, float, float, float, float, float]

FLAT: Biquadratic = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
"""A curve that is 1 everywhere: none was published."""
HOT_SLOPE_AIR = 0.0105
"""Capacity lost per kelvin of outdoor air above the rating, over that of the rating. [1/K]  Mean from 35 to 46.1 degC, at
6.7 degC leaving, of the air-cooled screw curve of the Canadian energy code NECB 2020, 8.4.5.5 (coefficients as quoted)."""
HOT_SLOPE_WATER = 0.010
"""The same of entering condenser water. [1/K]  Median at the warm end of 26 published screw and scroll sets."""
STEEPEST = 0.03
"""Most that the gradient at the end of a published curve counts. [1/K]  Median of 93 centrifugals over their last 5 K; the
last gradient of a quadratic fit tells of the fit as much as of the machine."""
COLD_SLOPE = 0.03
"""Capacity lost per kelvin of leaving water below the rating, or below the curves. [1/K]  Median of the same 26 sets."""


@dataclass(frozen=True, kw_only=True)
class ChillerRating:
    """One machine: its rating point and, where published, its curves.

    Curves are normalised to 1 at the rating point, so that the rating is always reproduced.
    """

    capacity: float
    """Heat taken from the coolant at the rating. [W]"""
    cop: float
    """Capacity over electrical power at the rating. [-]"""
    evaporator_leaving: float
    """Chilled water out at the rating. [degC]"""
    condenser_entering: float
    """Condenser water in, or dry bulb of an air-cooled machine, at the rating. [degC]"""
    air_cooled: bool = False
    """Whether the condenser sees the dry bulb."""
    capacity_curve: Biquadratic = FLAT
    """Capacity over rated: a + b Te + c Te2 + d Tc + e Tc2 + f Te Tc. [degC]"""
    eir_curve: Biquadratic = FLAT
    """Electric input ratio over rated, as ``capacity_curve``."""
    part_load_curve: tuple[float, float, float] = (0.0, 1.0, 0.0)
    """Power over full-load power: a + b x + c x2 of part load x; the default, a constant COP, is assumed."""
    evaporator_range: tuple[float, float] | None = None
    """Where the curves hold; without curves only the rating point. [degC]"""
    condenser_range: tuple[float, float] | None = None
    """As ``evaporator_range``. [degC]"""
    min_part_load: float = 0.1
    """Below it the machine cycles. [-] Default assumed."""
    cycling_loss: float = 0.0
    """Share of power lost at the shortest run while cycling; AHRI 550/590 degrades by 0.13, as quoted."""
    max_part_load: float = 1.0
    """Largest load over the capacity of the hour. [-]"""
    evaporator_approach: float = 2.0
    """Leaving water less evaporating temperature; assumed. [K]"""
    condenser_approach: float | None = None
    """Condensing temperature less entering water or air; assumed 7 K (5 K range, 2 K pinch) and 15 K. [K]"""
    min_lift: float = 10.0
    """Least condensing less evaporating temperature the compressor can make; assumed. [K]"""
    lift_loss: float | None = None
    """Losses that do not shrink with the lift, over the rated lift; assumed 0.5, in air 0.2 (``THEORY.md``). [-]"""
    hot_slope: float | None = None
    """Capacity lost per kelvin of condenser water or air above the rating, over that of the rating; where a curve was
    published, beyond its end.  Assumed without it (``THEORY.md``). [1/K]"""
    max_lift: float = 60.0
    """Largest lift at which the machine still runs; beyond it the result is flagged; assumed. [K]"""
    condenser_floor: float = -math.inf
    """Coldest condenser water or air the machine is given: a valve or fan control keeps its head pressure. [degC]"""
    pressure: float = STANDARD_PRESSURE
    """Barometric pressure of the rating of an air-cooled machine. [Pa]"""
    source: str = ""
    """Where the numbers come from."""

    def __post_init__(self) -> None:
        checks.finite(self, "evaporator_leaving", "condenser_entering", infinite=("condenser_floor",))
        if min(self.capacity, self.cop, self.min_lift) <= 0.0:
            raise ValueError("capacity, cop and min_lift must be positive")
        if self.cycling_loss < 0.0:
            raise ValueError("cycling_loss must not be negative, or cycling would save power")
        if self.loss < 0.0 or self.pressure <= 0.0:
            raise ValueError("lift_loss must not be negative and pressure must be positive")
        if self.hot_slope is not None and self.hot_slope < 0.0:
            raise ValueError("hot_slope must not be negative, or a machine would carry more on a hot day")
        if not 0.0 < self.min_part_load <= self.max_part_load:
            raise ValueError("need 0 < min_part_load <= max_part_load, or the machine could carry no load")
        if (self.capacity_curve != FLAT or self.eir_curve != FLAT) and (
            self.evaporator_range is None or self.condenser_range is None
        ):
            raise ValueError(
                "curves need evaporator_range and condenser_range, or they would be used anywhere"
            )

    @property
    def approach(self) -> float:
        """Condensing temperature less entering water or air. [K]"""
        if self.condenser_approach is not None:
            return self.condenser_approach
        return 15.0 if self.air_cooled else 7.0

    @property
    def loss(self) -> float:
        """``lift_loss``, or what is assumed without it. [-]"""
        if self.lift_loss is not None:
            return self.lift_loss
        return 0.2 if self.air_cooled else 0.5

    @property
    def lift(self) -> float:
        """Condensing less evaporating temperature at the rating. [K]"""
        return self.condenser_entering + self.approach - (self.evaporator_leaving - self.evaporator_approach)

"""Inlet air classes of IT equipment.

ASHRAE TC 9.9, *Thermal Guidelines for Data Processing Environments*, 5th ed., 2021: A1 to A4 by table 2.1 on its reference
card; H1, and all limits again, by the table of ``ElectricEquipment:ITE:AirCooled`` in the EnergyPlus Input Output Reference,
which takes them from the book and from Quirk, Davidson and Schmidt, ASHRAE Journal, May 2022.  Derating with height and
the recommended band of H1 as quoted.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AirClass:
    """Inlet conditions of one class of equipment."""

    allowable: tuple[float, float]
    """[degC]"""
    recommended: tuple[float, float]
    humidity_max: float
    """Relative humidity. [-]"""
    dew_point_max: float
    """[degC]"""
    derate: float
    """Fall of the upper allowable limit per metre above 900 m. [K/m]"""

    def highest(self, elevation: float) -> float:
        """Upper allowable inlet temperature at an elevation [m]. [degC]"""
        return self.allowable[1] - self.derate * max(elevation - DERATE_ABOVE, 0.0)


CLASSES = {
    "A1": AirClass((15, 32), (18, 27), 0.80, 17, 1 / 300),
    "A2": AirClass((10, 35), (18, 27), 0.80, 21, 1 / 300),
    "A3": AirClass((5, 40), (18, 27), 0.85, 24, 1 / 175),
    "A4": AirClass((5, 45), (18, 27), 0.90, 24, 1 / 125),
    "H1": AirClass((5, 25), (18, 22), 0.80, 17, 1 / 500),
}
DERATE_ABOVE = 900.0
"""Elevation above which the upper limit falls. [m]"""
ELEVATION_MAX = 3050.0
"""Highest elevation of all classes. [m]"""
HUMIDITY_MIN, DEW_POINT_MIN = 0.08, -12.0
"""Driest air of all classes: the more humid of the two counts. [-], [degC]"""

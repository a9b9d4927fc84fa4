"""What is followed together when cooling is lost: like racks, plant machines, exchangers and air handlers, and halls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.hydraulics.exchanger import FLOW_EXPONENT
from twin.networks import thermal_mass

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class PlateShares:
    """How the resistance from lid to entering coolant in the normal state divides, and how it follows flow."""

    film: float = 0.0
    """Share of the film, which grows as flow falls. [-]"""
    rise: float = 0.0
    """Share of the coolant's rise in the plates ahead, inverse to flow. [-]"""
    exponent: float = FLOW_EXPONENT
    """Power of the film conductance with flow. [-]"""
    reach: float = 1.0
    """Share of the rack's coolant that passes the plates. [-]"""


@dataclass(frozen=True)
class RackGroup:
    """Racks of one product and heat on one loop; arrays are (n,)."""

    loop: int
    racks: Index
    names: tuple[str, ...]
    sinks: Index
    heat: Array
    """Into the liquid. [W]"""
    chips: Array
    """Of it, through the cold plates."""
    outlet: float
    """Leaving coolant, mean. [degC]"""
    lid: float
    plate_conductance: Array | None
    """Lid to entering coolant at the flow of the normal state [W/K]; None without data of cold plates."""
    plates: PlateShares


@dataclass(frozen=True)
class PlantGroup:
    """Plant machines of one type in one loop."""

    names: tuple[str, ...]
    columns: Index
    """Among all sources."""
    running: int
    sink: float | None
    """Temperature they cool towards [degC]; None for compressors, which take what they can."""
    conductance: float
    """Of all of them to the sink. [W/K]"""
    capacity: float
    """Of all of them. [W]"""
    film: float = 0.0
    """Share of the resistance that falls with the loop's flow. [-]"""
    rated: float = 1.0
    """Heat capacity rate of all of them to which the conductance belongs. [W/K]"""


@dataclass(frozen=True)
class ExchangerGroup:
    """CDUs or plate exchangers of one type between two loops."""

    names: tuple[str, ...]
    columns: Index
    conductance: float
    hot: float
    cold: float
    """Rated rates of all. [W/K]"""


@dataclass(frozen=True)
class AirGroup:
    """Air handlers of one type, set point and water loop in a hall."""

    key: str
    names: tuple[str, ...]
    air: float
    """Heat capacity rate of the air through them, stopped ones left out. [W/K]"""
    conductance: float
    rated_air: float
    rated_water: float
    film: float
    setpoint: float


@dataclass(frozen=True)
class DoorGroup:
    """Rear doors of one type on one loop in a hall, and the air that they make as cold as it was.

    Of the racks' exhaust that is the part which bears the heat that doors take; the rest of its heat is the hall's.
    """

    key: str
    names: tuple[str, ...]
    heats: Array
    """(n,) heat of each. [W]"""
    air: float
    """Heat capacity rate of that air. [W/K]"""
    conductance: float
    """[W/K]"""
    rated_air: float
    rated_water: float
    film: float
    setpoint: float
    """Air behind the doors, whose valves do not cool it further. [degC]"""


@dataclass(frozen=True)
class Room:
    """A hall."""

    mass: thermal_mass.HallMass
    supply: float
    back: float
    rate: float
    """Heat capacity rate of its air. [W/K]"""
    heat: float
    """Into the air, less what outdoor air takes. [W]"""
    limit: float
    """Supply air at which the worst inlet is as warm as its class allows. [degC]"""
    units: tuple[AirGroup, ...]
    doors: tuple[DoorGroup, ...]

"""What it costs to get rid of the losses in electrical rooms.

Air conditioners are told by their rating point alone.  A share F of the rated power is that of fans, which run on; the rest
is that of compressors, in proportion to the work of Carnot's cycle between the coil and the condenser::

    P = Q / COP (F + (1 - F) w / w_rated),   w = max(T_out + A, T_least) / (T_room - B) - 1   (kelvin)

Ventilated rooms take as much outdoor air as keeps them at their temperature, mixed with their own where it is cold::

    P = dp / eta V,   V = Q / (rho c rise),   rise = T_room - T_out within [LEAST_RISE, MOST_RISE]
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers import psychrometrics
from twin.model.electrical_rooms import LEAST_RISE, MOST_RISE, RATED_OUTDOOR, RETURN_AIR, room_temperature
from twin.model.language import ElectricalRooms

Array = NDArray[np.float64]

FAN_SHARE = 0.35
"""Of the rated power of an air conditioner, fan heat in its coil included; with the two below assumed so that the law
follows EnergyPlus's curve of packaged units (energy input ratio over outdoor air) within its range. [-]"""
CONDENSER, COIL = 15.0, 15.0
"""Condensing above the outdoor air, evaporating below the return air; assumed. [K]"""
LEAST_CONDENSING = 35.0
"""Held by the head pressure control in cold weather; assumed. [degC]"""


def power(rooms: ElectricalRooms, heat: Array, dry_bulb: Array, pressure: Array) -> Array:
    """(S,) power of the rooms' air conditioners or fans. [W]

    Parameters
    ----------
    rooms : ElectricalRooms
    heat : (S,) losses that the rooms take up. [W]
    dry_bulb : (S,) outdoors. [degC]
    pressure : (S,) barometer. [Pa]
    """
    if rooms.cooling == "none":
        return np.zeros_like(heat)
    if rooms.cooling == "ventilation":
        return rooms.fan_pressure / rooms.fan_efficiency * _air(rooms, heat, dry_bulb, pressure)
    rated = _work(RETURN_AIR, np.array(RATED_OUTDOOR))
    work = _work(room_temperature(rooms), dry_bulb) / rated
    return np.asarray(heat / rooms.cop * (FAN_SHARE + (1.0 - FAN_SHARE) * work))


def _work(room: float, dry_bulb: Array) -> Array:
    """Work over heat of Carnot's cycle, none where the coil is the warmer side. [-]"""
    kelvin = psychrometrics.ZERO_CELSIUS
    condensing = np.maximum(dry_bulb + CONDENSER, LEAST_CONDENSING) + kelvin
    return np.maximum(condensing / (room - COIL + kelvin) - 1.0, 0.0)


def _air(rooms: ElectricalRooms, heat: Array, dry_bulb: Array, pressure: Array) -> Array:
    """(S,) outdoor air and what is mixed with it, at outdoor density. [m3/s]"""
    rise = np.clip(room_temperature(rooms) - dry_bulb, LEAST_RISE, MOST_RISE)
    density = psychrometrics.density(dry_bulb, 0.0, pressure)
    return np.asarray(heat / (density * psychrometrics.heat_capacity(0.0) * rise))

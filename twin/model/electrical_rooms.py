"""Electrical rooms: which machines stand in them, and how warm they may be."""

from __future__ import annotations

from twin.model.facility import Facility, Machine
from twin.model.language import ElectricalRooms
from twin.model.products import Transformer

ROOM_KINDS = ("ups", "rectifier", "switchboard", "transfer_switch", "pdu", "transformer")
RATED_OUTDOOR = 35.0
"""AHRI 1360-2022, air entering an air-cooled condenser (as quoted). [degC]"""
RETURN_AIR = 29.4
"""AHRI 1360-2022, return air of floor-mounted units, 85 degF (as quoted). [degC]"""
WARMEST_AMBIENT = 40.0
"""IEC 61439-1, 7.1.1: warmest ambient air of switchgear indoors (as quoted). [degC]"""
MOST_RISE, LEAST_RISE = 20.0, 5.0
"""Of the air through a ventilated room: colder air is mixed with the room's, and fans are sized for no less; assumed. [K]"""


def in_electrical_room(machine: Machine) -> bool:
    """True for power machines behind walls that are not a hall's: liquid-filled transformers stand outdoors (assumed)."""
    if machine.kind not in ROOM_KINDS or machine.indoors or machine.outdoors:
        return False
    return not (isinstance(machine.product, Transformer) and machine.product.insulation == "liquid")


def rooms_of(facility: Facility) -> tuple[ElectricalRooms, ...]:
    """Of every hall and, last, those that the halls share."""
    return (*(hall.electrical_rooms for hall in facility.halls), facility.electrical_rooms)


def room_temperature(rooms: ElectricalRooms) -> float:
    """Wanted of the rooms' air. [degC]"""
    if rooms.temperature is not None:
        return rooms.temperature
    return WARMEST_AMBIENT if rooms.cooling == "ventilation" else RETURN_AIR

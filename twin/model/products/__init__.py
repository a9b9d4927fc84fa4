"""What things are: one class per kind of product, as a data sheet tells it.

Every number of a product has a source: ``source`` covers the whole entry, ``sources`` single fields; the
word ``assumed`` marks what no document backs.  A class holds no physics; its methods only *lower*, that is
restate its fields as :mod:`twin.model.elements`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from twin.model.products.cooling import (
    PLANT_KINDS,
    Cdu,
    Chiller,
    CoolingTower,
    Crah,
    DryCooler,
    HeatExchanger,
    Plant,
    Pump,
    RearDoor,
    Tank,
    Thermosyphon,
)
from twin.model.products.power import (
    Bess,
    Busway,
    Cable,
    Generator,
    Pdu,
    Rectifier,
    Switchboard,
    Switchgear,
    TransferSwitch,
    Transformer,
    Ups,
    Utility,
)
from twin.model.products.racks import (
    Accelerators,
    ColdPlate,
    Coolant,
    PowerShelf,
    QuickDisconnect,
    Rack,
    RackPower,
)
from twin.model.products.sheet import SQRT3, YEAR, ProductBase, Reliability

Product = Annotated[
    Rack
    | Cdu
    | RearDoor
    | Crah
    | DryCooler
    | CoolingTower
    | Chiller
    | HeatExchanger
    | Thermosyphon
    | Tank
    | Pump
    | Utility
    | Generator
    | Bess
    | Transformer
    | Ups
    | Rectifier
    | PowerShelf
    | Switchboard
    | TransferSwitch
    | Busway
    | Pdu
    | Cable,
    Field(discriminator="kind"),
]
"""The union of machines: a new kind is one class in this package and one name here."""

__all__ = [
    "PLANT_KINDS",
    "SQRT3",
    "YEAR",
    "Accelerators",
    "Bess",
    "Busway",
    "Cable",
    "Cdu",
    "Chiller",
    "ColdPlate",
    "Coolant",
    "CoolingTower",
    "Crah",
    "DryCooler",
    "Generator",
    "HeatExchanger",
    "Pdu",
    "Plant",
    "PowerShelf",
    "Product",
    "ProductBase",
    "Pump",
    "QuickDisconnect",
    "Rack",
    "RackPower",
    "RearDoor",
    "Rectifier",
    "Reliability",
    "Switchboard",
    "Switchgear",
    "Tank",
    "Thermosyphon",
    "TransferSwitch",
    "Transformer",
    "Ups",
    "Utility",
]

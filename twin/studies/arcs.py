"""Arc flash at the equipment of a facility: which places are looked at, how they are built, and the worst energy there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.power.faults import ArcEquipment, Electrodes, FaultCurrents, in_range, worst_arc_flash
from twin.studies.faults_network import FaultNetwork
from twin.studies.protection import LOW_VOLTAGE, Protection

Array = NDArray[np.float64]

FIVE_KILOVOLT = 5e3
LOWEST, HIGHEST = 208.0, 15e3
"""Voltages of the model, IEEE 1584-2018 clause 4.2. [V]"""
LONGEST = 2.0
"""Time after which a person is taken to have left: IEEE 1584-2018 clause 6.9 (as quoted). [s]"""


@dataclass(frozen=True)
class Built:
    """Typical gap, working distance and box: IEEE 1584-2018 tables 8 and 10 (as quoted). [m]"""

    electrodes: Electrodes
    gap: float
    distance: float
    height: float
    width: float
    depth: float


SWITCHGEAR = Built(Electrodes.VCB, 0.032, 0.610, 0.508, 0.508, 0.508)
PANEL = Built(Electrodes.VCBB, 0.025, 0.455, 0.3556, 0.3048, 0.2032)
SWITCHGEAR_5KV = Built(Electrodes.VCB, 0.104, 0.910, 0.9144, 0.9144, 0.9144)
SWITCHGEAR_15KV = Built(Electrodes.VCB, 0.152, 0.910, 1.143, 0.762, 0.762)
CLASSES = {
    "switchboard": SWITCHGEAR,
    "transfer_switch": SWITCHGEAR,
    "transformer": SWITCHGEAR,
    "busway": PANEL,
    "pdu": PANEL,
}
"""Kinds of machines that are looked at (a transformer at its secondary, a busway at both ends) up to 1 kV."""


@dataclass(frozen=True)
class Arcs:
    """Worst arc at n machines; zero where none was worked out."""

    energy: Array
    """[J/m2]"""
    boundary: Array
    """[m]"""


def arcs(
    network: FaultNetwork, currents: FaultCurrents, guarded: Protection, machines: tuple[str, ...]
) -> Arcs:
    """The worst over states, greatest and smallest currents, and both ends of a busway.

    UPS are taken on their bypass: an inverter alone gives up at its current limit, which no arc outlasts.
    """
    facility, voltage = guarded.facility, network.problem.bus_voltage
    rows, buses, built = [], [], []
    for row, name in enumerate(machines):
        places = network.places[name]
        for bus in dict.fromkeys((places[0], places[-1])):
            kind = _built(facility.by_id[name].kind, float(voltage[bus]))
            if kind is not None:
                rows.append(row)
                buses.append(bus)
                built.append(kind)
    energy, boundary = np.zeros(len(machines)), np.zeros(len(machines))
    if not rows:
        return Arcs(energy, boundary)
    guard, ratio = guarded.guards([machines[row] for row in rows])
    scenarios = np.flatnonzero(network.bypass)
    # (2 S, n): greatest, then smallest currents
    bolted = np.concatenate([currents.initial[scenarios][:, case, buses] for case in (0, 1)])
    guard = np.concatenate([guard[scenarios]] * 2)
    burns = in_range(voltage[buses], bolted)
    equipment = ArcEquipment(
        voltage[buses], np.array([one.electrodes for one in built]), *(
            np.array([getattr(one, name) for one in built])
            for name in ("gap", "distance", "height", "width", "depth")
        ),
    )  # fmt: skip
    worst = worst_arc_flash(
        equipment,
        np.where(burns, bolted, 1e3),
        lambda current: guarded.clearing(guard, current * ratio),
        longest=LONGEST,
    )
    np.maximum.at(energy, rows, np.where(burns, worst.energy, 0.0).max(axis=0))
    np.maximum.at(boundary, rows, np.where(burns, worst.boundary, 0.0).max(axis=0))
    return Arcs(energy, boundary)


def _built(kind: str, voltage: float) -> Built | None:
    if kind not in CLASSES or not LOWEST <= voltage <= HIGHEST:
        return None
    if voltage <= LOW_VOLTAGE:
        return CLASSES[kind]
    return SWITCHGEAR_5KV if voltage <= FIVE_KILOVOLT else SWITCHGEAR_15KV

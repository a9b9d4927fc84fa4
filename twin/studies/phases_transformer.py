"""Transformers between single phases: their sheets, and how currents pass them."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from solvers.power.unbalanced.connections import Coil, coils
from twin.model.products import SQRT3, Pdu, Transformer

Array = NDArray[np.float64]
Sheet = tuple[str, tuple[float, float], float, complex, float]
"""Vector group, voltages of both sides [V], rating [VA], impedance [p.u.], turns of the secondary over rated ones."""


def transformer_sheet(product: object) -> Sheet | None:
    """Vector group, voltages, rating, impedance and tap of a machine that is or has a transformer."""
    match product:
        case Transformer() as sheet:
            resistance = sheet.load_loss / sheet.rating
            z = complex(resistance, sqrt(sheet.impedance**2 - resistance**2))
            return sheet.vector_group, (sheet.primary, sheet.secondary), sheet.rating, z, 1.0 + sheet.tap
        case Pdu(impedance=impedance) as panel if impedance > 0.0:
            resistance = min(panel.load_loss / panel.rating, impedance)
            z = complex(resistance, sqrt(impedance**2 - resistance**2))
            return "Dyn11", (panel.input_voltage or panel.voltage, panel.voltage), panel.rating, z, 1.0
    return None


def current_turns(group: str, ratio: float) -> Array:
    """(3, 3) line currents into a transformer as a matrix times those out of it.

    Parameters
    ----------
    ratio : no-load voltage between phases of the secondary over the primary. [-]

    Notes
    -----
    I_1 = T_1 diag(n) T_2^+ I_2 with T the incidence of phases and coils and n the turns ratio of a unit.  In a delta the
    coils carry what their lines ask for and no current around it (three equal coils).
    """
    units = coils(group)
    primary, secondary = (_incidence([unit[side] for unit in units]) for side in (0, 1))
    turns = [
        ratio * (1.0 / SQRT3 if low.wye else 1.0) / (1.0 / SQRT3 if high.wye else 1.0) for high, low in units
    ]
    return np.asarray(primary @ np.diag(turns) @ np.linalg.pinv(secondary))


def _incidence(side: list[Coil]) -> Array:
    """(3, 3) +1 where a coil's current enters from a phase, -1 where it leaves to one."""
    table = np.zeros((3, 3))
    for coil, unit in enumerate(side):
        for letter, sign in zip(unit.terminals, (1.0, -1.0), strict=True):
            if letter != "n":
                table["abc".index(letter), coil] += sign
    return table

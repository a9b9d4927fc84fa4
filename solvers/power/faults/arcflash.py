"""Arc-flash incident energy and boundary by the model of IEEE 1584-2018, three-phase arcs, 208 V to 15 kV.

Equation and table numbers are those of IEEE Std 1584-2018.  Coefficients are facts of its Tables 1 to 5 and 7, as
published with worked examples by the MIT-licensed project LiaungYip/arcflash.  Inside, the model works in kV, kA, mm,
ms and J/cm2, as its coefficients do; everything that goes in or out is SI.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np

from solvers.power.faults.tables import Array, refuse

BURN = 5.0208e4
"""Onset of a second-degree burn, 1.2 cal/cm2: the energy at the arc-flash boundary. [J/m2]"""
CALORIE_PER_SQUARE_CENTIMETRE = 4.184e4
"""[J/m2]"""
LEVELS = (0.6, 2.7, 14.3)
"""Voltages for which the model has coefficients. [kV]"""
INCH_PER_MM = 0.03937
"""As printed in Table 6 (not 1 / 25.4)."""


class Electrodes(IntEnum):
    """Configuration of the electrodes, clause 6.6."""

    VCB = 0
    """Vertical conductors in a box."""
    VCBB = 1
    """Vertical conductors ended by an insulating barrier in a box."""
    HCB = 2
    """Horizontal conductors in a box."""
    VOA = 3
    """Vertical conductors in open air."""
    HOA = 4
    """Horizontal conductors in open air."""


# Table 1: k1 k2 k3 of the arcing current at 0.6, 2.7 and 14.3 kV
_CURRENT = np.array(
    [
        [[-0.04287, 1.035, -0.083], [0.0065, 1.001, -0.024], [0.005795, 1.015, -0.011]],
        [[-0.017432, 0.98, -0.05], [0.002823, 0.995, -0.0125], [0.014827, 1.01, -0.01]],
        [[0.054922, 0.988, -0.11], [0.001011, 1.003, -0.0249], [0.008693, 0.999, -0.02]],
        [[0.043785, 1.04, -0.18], [-0.02395, 1.006, -0.0188], [0.005371, 1.0102, -0.029]],
        [[0.111147, 1.008, -0.24], [0.000435, 1.006, -0.038], [0.000904, 0.999, -0.02]],
    ]
)
_VERTICAL_600 = [0, 0, -4.783e-9, 1.962e-6, -0.000229, 0.003141, 1.092]
_VERTICAL_HIGH = [-1.557e-12, 4.556e-10, -4.186e-8, 8.346e-7, 5.482e-5, -0.003191, 0.9729]
_BARRIER_HIGH = [0, -9.204e-11, 2.901e-8, -3.262e-6, 0.0001569, -0.004003, 0.9825]
_OPEN_HIGH = [0, 0, 7.859e-10, -1.914e-7, -9.128e-6, -0.0007, 0.9981]
# Table 1, k4 .. k10 (and Tables 3 to 5, k4 .. k10): a polynomial of the bolted current
_POLYNOMIAL = np.array(
    [
        [_VERTICAL_600, _VERTICAL_HIGH, _VERTICAL_HIGH],
        [[0, 0, -5.767e-9, 2.524e-6, -0.00034, 0.01187, 1.013], _BARRIER_HIGH, _BARRIER_HIGH],
        [
            [0, 0, -5.382e-9, 2.316e-6, -0.000302, 0.0091, 0.9725],
            [0, 0, 4.859e-10, -1.814e-7, -9.128e-6, -0.0007, 0.9881],
            [0, -5.043e-11, 2.233e-8, -3.046e-6, 0.000116, -0.001145, 0.9839],
        ],
        [_VERTICAL_600, _VERTICAL_HIGH, _VERTICAL_HIGH],
        [[0, 0, -3.895e-9, 1.641e-6, -0.000197, 0.002615, 1.1], _OPEN_HIGH, _OPEN_HIGH],
    ]
)
# Table 2: k1 .. k7 of the variation of the arcing current
_VARIATION = np.array(
    [
        [0, -1.4269e-6, 8.3137e-5, -0.0019382, 0.022366, -0.12645, 0.30226],
        [1.138e-6, -6.0287e-5, 0.0012758, -0.013778, 0.080217, -0.24066, 0.33524],
        [0, -3.097e-6, 0.00016405, -0.0033609, 0.033308, -0.16182, 0.34627],
        [9.5606e-7, -5.1543e-5, 0.0011161, -0.01242, 0.075125, -0.23584, 0.33696],
        [0, -3.1555e-6, 0.0001682, -0.0034607, 0.034124, -0.1599, 0.34629],
    ]
)
# Tables 3 to 5: k1 k2 k3 k11 k12 k13 of the incident energy at 0.6, 2.7 and 14.3 kV
_ENERGY = np.array(
    [
        [
            [0.753364, 0.566, 1.752636, 0, -1.598, 0.957],
            [2.40021, 0.165, 0.354202, 0, -1.569, 0.9778],
            [3.825917, 0.11, -0.999749, 0, -1.568, 0.99],
        ],
        [
            [3.068459, 0.26, -0.098107, -0.06, -1.809, 1.19],
            [3.870592, 0.185, -0.736618, 0, -1.742, 1.09],
            [3.644309, 0.215, -0.585522, 0, -1.677, 1.06],
        ],
        [
            [4.073745, 0.344, -0.370259, 0, -2.03, 1.036],
            [3.486391, 0.177, -0.193101, 0.027, -1.723, 1.055],
            [3.044516, 0.125, 0.245106, 0, -1.655, 1.084],
        ],
        [
            [0.679294, 0.746, 1.222636, 0, -1.598, 0.997],
            [3.880724, 0.105, -1.906033, 0, -1.515, 1.115],
            [3.405454, 0.12, -0.93245, 0, -1.534, 0.979],
        ],
        [
            [3.470417, 0.465, -0.261863, 0, -1.99, 1.04],
            [3.616266, 0.149, -0.761561, 0, -1.639, 1.078],
            [2.04049, 0.177, 1.005092, -0.05, -1.633, 1.151],
        ],
    ]
)
# Table 7: b1 b2 b3 of typical and shallow boxes; Equations 11 and 12: A, B
_BOX = np.array(
    [
        [[-0.000302, 0.03441, 0.4325], [-0.0002976, 0.032, 0.479], [-0.0001923, 0.01935, 0.6899]],
        [[0.002222, -0.02556, 0.6222], [-0.002778, 0.1194, -0.2778], [-0.0005556, 0.03722, 0.4778]],
    ]
)
_WIDEN = np.array([[4.0, 20.0], [10.0, 24.0], [10.0, 22.0]])


@dataclass(frozen=True)
class ArcEquipment:
    """D pieces of equipment where an arc may burn, arrays (D,)."""

    voltage: Array
    """Line to line, 208 V to 15 kV. [V]"""
    electrodes: Array
    """:class:`Electrodes`."""
    gap: Array
    """Between conductors: 6.35 to 76.2 mm up to 600 V, 19.05 to 254 mm above. [m]"""
    distance: Array
    """Working distance, at least 305 mm. [m]"""
    height: Array
    width: Array
    """Of the enclosure, at least four gaps wide; not read in open air. [m]"""
    depth: Array
    """[m]"""

    def __post_init__(self) -> None:
        size = np.size(self.voltage)
        for name in ("voltage", "electrodes", "gap", "distance", "height", "width", "depth"):
            dtype = int if name == "electrodes" else float
            value = np.atleast_1d(np.asarray(getattr(self, name), dtype))
            if value.shape != (size,):
                raise ValueError(f"{name} has shape {value.shape}, expected ({size},)")
            refuse(name, value, ~np.isfinite(value), "must be finite")
            object.__setattr__(self, name, value)
        low = self.voltage <= 600
        refuse(
            "voltage", self.voltage, (self.voltage < 208) | (self.voltage > 15e3), "must be 208 V .. 15 kV"
        )
        refuse(
            "electrodes", self.electrodes, ~np.isin(self.electrodes, list(Electrodes)), "is no configuration"
        )
        narrow, broad = np.where(low, 6.35e-3, 19.05e-3), np.where(low, 76.2e-3, 254e-3)
        outside = (self.gap < narrow * (1 - 1e-9)) | (self.gap > broad * (1 + 1e-9))
        refuse("gap", self.gap, outside, "must be 6.35 .. 76.2 mm up to 600 V, 19.05 .. 254 mm above")
        refuse("distance", self.distance, self.distance < 0.305 * (1 - 1e-9), "must be at least 305 mm")
        boxed = self.electrodes < Electrodes.VOA
        for name in ("height", "width", "depth"):
            value = getattr(self, name)
            refuse(name, value, boxed & (value <= 0), "must be above 0 in a box")
        refuse(
            "width",
            self.width,
            boxed & (self.width < 4 * self.gap * (1 - 1e-9)),
            "must be at least four gaps",
        )


@dataclass(frozen=True)
class ArcFlash:
    """Outcome, arrays (..., D)."""

    arcing_current: Array
    """[A]"""
    energy: Array
    """Incident energy at the working distance. [J/m2]"""
    boundary: Array
    """Distance at which the energy is :data:`BURN`. [m]"""


def in_range(voltage: Array, bolted: Array) -> Array:
    """bool: voltage [V] and bolted fault current [A] lie within the model (clause 4.2)."""
    voltage, bolted = np.asarray(voltage, float), np.asarray(bolted, float)
    low = (voltage >= 208) & (voltage <= 600) & (bolted >= 500) & (bolted <= 106e3)
    high = (voltage > 600) & (voltage <= 15e3) & (bolted >= 200) & (bolted <= 65e3)
    return low | high


def arcing_current(equipment: ArcEquipment, bolted: Array, *, reduced: bool = False) -> Array:
    """Current of the arc, for which the clearing time of the protection is looked up. [A]

    Parameters
    ----------
    bolted : (..., D) three-phase bolted fault current. [A]
    reduced : the smaller current of the second calculation that clause 4.5 asks for.

    Raises
    ------
    ValueError
        If a bolted current lies outside the model, see :func:`in_range`.
    """
    ibf = _bolted(equipment, bolted)
    return _final_current(equipment, ibf, _currents(equipment, ibf, reduced), reduced) * 1e3


def incident_energy(
    equipment: ArcEquipment, bolted: Array, duration: Array | float, *, reduced: bool = False
) -> ArcFlash:
    """Incident energy and arc-flash boundary.

    Parameters
    ----------
    bolted : (..., D) three-phase bolted fault current. [A]
    duration : (..., D) how long the arc burns at ``arcing_current(..., reduced=reduced)``. [s]
    reduced : as in :func:`arcing_current`; the greater energy of both calculations counts.

    Notes
    -----
    An empirical model of three-phase arcs in its ranges; single-phase and direct-current arcs are not covered.
    Clause 6.9 lets an analyst limit the duration to 2 s where people can move away; that is the caller's choice.
    """
    ibf = _bolted(equipment, bolted)
    time = np.asarray(duration, float)
    refuse("duration", time, ~(np.isfinite(time) & (time > 0)), "must be above 0")
    level = _currents(equipment, ibf, reduced)
    final = _final_current(equipment, ibf, level, reduced)
    low = equipment.voltage <= 600
    correction = enclosure_factor(equipment)
    first = _currents(equipment, ibf, False)[0]
    energies, boundaries = [], []
    for at in range(3):
        k = _ENERGY[equipment.electrodes, at].T
        arc = np.where(low, final, level[at])
        ratio_current = np.where(low, first, level[at])
        energy = _energy(equipment, k, at, ibf, arc, ratio_current, time, correction)
        energies.append(energy)
        boundaries.append(equipment.distance * (BURN / 1e4 / energy) ** (1 / k[4]))
    energy = np.where(low, energies[0], _between_levels(equipment, energies))
    boundary = np.where(low, boundaries[0], _between_levels(equipment, boundaries))
    return ArcFlash(final * 1e3, energy * 1e4, boundary)


def worst_arc_flash(
    equipment: ArcEquipment, bolted: Array, clearing: Callable[[Array], Array], *, longest: float = 2.0
) -> ArcFlash:
    """The worse of the calculations with the full and the reduced arcing current (clause 4.5).

    Parameters
    ----------
    bolted : (..., D) three-phase bolted fault current. [A]
    clearing : clearing time [s] of the protection by arcing current (..., D) [A]; inf where it does not trip.
    longest : duration after which a person is taken to have left; 2 s after clause 6.9, as quoted. [s]
    """
    both = []
    for reduced in (False, True):
        time = np.minimum(clearing(arcing_current(equipment, bolted, reduced=reduced)), longest)
        both.append(incident_energy(equipment, bolted, time, reduced=reduced))
    full, less = both
    worse = less.energy > full.energy
    return ArcFlash(
        *(np.where(worse, getattr(less, one.name), getattr(full, one.name)) for one in fields(ArcFlash))
    )


def _bolted(equipment: ArcEquipment, bolted: Array) -> Array:
    """Bolted current in kA."""
    current = np.broadcast_to(
        np.asarray(bolted, float), np.broadcast_shapes(np.shape(bolted), equipment.voltage.shape)
    )
    refuse("bolted", current, ~in_range(equipment.voltage, current), "is outside the model of IEEE 1584-2018")
    return current / 1e3


def _currents(equipment: ArcEquipment, ibf: Array, reduced: bool) -> list[Array]:
    """Arcing currents at the three voltages, Equation 1 [kA]; reduced ones only above 600 V (Equation 2)."""
    result = []
    for at in range(3):
        k1, k2, k3 = _CURRENT[equipment.electrodes, at].T
        shape = 10 ** (k1 + k2 * np.log10(ibf) + k3 * np.log10(equipment.gap * 1e3))
        current = shape * _polynomial(equipment, at, ibf)
        high = equipment.voltage > 600
        result.append(np.where(reduced & high, current * _variation(equipment), current))
    return result


def _polynomial(equipment: ArcEquipment, at: int, ibf: Array) -> Array:
    total = np.zeros_like(ibf)
    for k in _POLYNOMIAL[equipment.electrodes, at].T:
        total = total * ibf + k
    return total


def _variation(equipment: ArcEquipment) -> Array:
    """1 - 0.5 VarCF, Equation 2 and Table 2."""
    kilovolt, total = equipment.voltage / 1e3, np.zeros_like(equipment.voltage)
    for k in _VARIATION[equipment.electrodes].T:
        total = total * kilovolt + k
    return np.asarray(1 - 0.5 * total)


def _final_current(equipment: ArcEquipment, ibf: Array, level: list[Array], reduced: bool) -> Array:
    """Equation 25 up to 600 V, Equations 16 to 18 above. [kA]"""
    kilovolt = equipment.voltage / 1e3
    part = (0.6 / kilovolt) ** 2 * (1 / level[0] ** 2 - (0.6**2 - kilovolt**2) / (0.6**2 * ibf**2))
    low = 1 / np.sqrt(np.where(kilovolt <= 0.6, part, 1.0))
    low = low * _variation(equipment) if reduced else low
    return np.where(kilovolt <= 0.6, low, _between_levels(equipment, level))


def _between_levels(equipment: ArcEquipment, value: list[Array]) -> Array:
    """Equations 16 to 24: from the values at 0.6, 2.7 and 14.3 kV to the voltage of the equipment."""
    kilovolt = equipment.voltage / 1e3
    first = (value[1] - value[0]) / (LEVELS[1] - LEVELS[0]) * (kilovolt - LEVELS[1]) + value[1]
    second = (value[2] - value[1]) / (LEVELS[2] - LEVELS[1]) * (kilovolt - LEVELS[2]) + value[2]
    span = LEVELS[1] - LEVELS[0]
    third = first * (LEVELS[1] - kilovolt) / span + second * (kilovolt - LEVELS[0]) / span
    return np.asarray(np.where(kilovolt > LEVELS[1], second, third))


def _energy(
    equipment: ArcEquipment,
    k: Array,
    at: int,
    ibf: Array,
    arc: Array,
    upper: Array,
    time: Array,
    correction: Array,
) -> Array:
    """Equations 3 to 6. [J/cm2]"""
    gap, distance = np.log10(equipment.gap * 1e3), np.log10(equipment.distance * 1e3)
    lower = _polynomial(equipment, at, ibf) * ibf
    exponent = (
        k[0] + k[1] * gap + k[2] * upper / lower + k[3] * np.log10(ibf) + k[4] * distance
        + k[5] * np.log10(arc) - np.log10(correction)
    )  # fmt: skip
    return np.asarray(12.552 / 50 * time * 1e3 * 10**exponent)


def enclosure_factor(equipment: ArcEquipment) -> Array:
    """CF of the size of the enclosure, clause 4.8 with Tables 6 and 7; 1 in open air. [-]"""
    boxed = equipment.electrodes < Electrodes.VOA
    kind = np.where(boxed, equipment.electrodes, 0)
    height, width, depth = (getattr(equipment, name) * 1e3 for name in ("height", "width", "depth"))
    shallow = (equipment.voltage < 600) & (height < 508) & (width < 508) & (depth <= 203.2)
    a, b = _WIDEN[kind].T

    def equivalent(size: Array, upright: Array) -> Array:
        """Table 6. [inch]"""
        widened = (660.4 + (np.minimum(size, 1244.6) - 660.4) * (equipment.voltage / 1e3 + a) / b) / 25.4
        plain = INCH_PER_MM * np.minimum(size, 1244.6)
        large = np.where(upright, np.where(size > 1244.6, 49.0, plain), widened)
        small = np.where(shallow, plain, 20.0)
        return np.where(size < 508, small, np.where(size <= 660.4, plain, large))

    mean = (equivalent(height, kind == Electrodes.VCB) + equivalent(width, np.zeros_like(boxed))) / 2
    b1, b2, b3 = _BOX[shallow.astype(int), kind].T
    factor = b1 * mean**2 + b2 * mean + b3
    return np.where(boxed, np.where(shallow, 1 / factor, factor), 1.0)

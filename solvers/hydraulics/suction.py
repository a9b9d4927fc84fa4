"""Suction of pumps and pressure keeping of closed loops: vapour pressure, NPSH, expansion tanks.

Pressures are gauge unless named absolute.  Gas cushions are isothermal ideal gas at the tank's own temperature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..psychrometrics import COLDEST, HOTTEST, STANDARD_PRESSURE, saturation_pressure
from .case import GRAVITY

Array = NDArray[np.float64]

MOLAR_WATER, MOLAR_PROPYLENE_GLYCOL = 18.015, 76.095
"""[g/mol]"""
RESERVE_SHARE, LEAST_RESERVE = 0.005, 0.003
"""Water reserve of a tank, share of the system's volume and least [m3]: EN 12828:2012 annex D, as quoted."""
OVER_STATIC = 30e3
"""Pressure above the static one at the highest point, EN 12828 annex D as quoted (0.3 bar) [Pa]."""


def vapour_pressure(
    temperature: ArrayLike, glycol: ArrayLike = 0.0, *, method: Literal["raoult", "water"] = "raoult"
) -> Array:
    """Absolute vapour pressure of water or aqueous propylene glycol [Pa].

    ``glycol``: mass fraction.  "raoult": mole fraction of water times that of water (the glycol's own is below 1 % of
    it); "water": that of water, an upper bound and so the safe side.

    Raises
    ------
    ValueError
        A temperature [degC] beyond the formula for saturation (-100 .. 200 degC), a mass fraction that is none.
    """
    checks.choice("method", method, ("raoult", "water"))
    w = checks.number("glycol", glycol, least=0.0, most=np.nextafter(1.0, 0.0))
    pure = saturation_pressure(checks.number("temperature", temperature, least=COLDEST, most=HOTTEST))
    checks.together(temperature=pure, glycol=w)
    if method == "water":
        return pure * np.ones_like(w)
    water = (1.0 - w) / MOLAR_WATER
    return np.asarray(pure * water / (water + w / MOLAR_PROPYLENE_GLYCOL))


def npsh_available(
    suction_pressure: ArrayLike, temperature: ArrayLike, *, density: ArrayLike, velocity: ArrayLike = 0.0,
    glycol: ArrayLike = 0.0, barometric: ArrayLike = STANDARD_PRESSURE, method: Literal["raoult", "water"] = "raoult",
) -> Array:  # fmt: skip
    """Net positive suction head at the pump's inlet [m]: head above boiling, velocity head included.

    ``suction_pressure``: gauge pressure at the inlet, height of the impeller's centre (ISO 9906 takes it there) [Pa];
    a network solution's ``node_pressure`` of the suction node is that.  Negative: the liquid boils before the pump.
    """
    absolute = checks.number("suction_pressure", suction_pressure) + checks.number(
        "barometric", barometric, above=0.0
    )
    rho = checks.number("density", density, above=0.0)
    boiling = vapour_pressure(temperature, glycol, method=method)
    return np.asarray(
        (absolute - boiling) / (rho * GRAVITY) + checks.number("velocity", velocity) ** 2 / (2.0 * GRAVITY)
    )


def suction_pressure(
    tank_pressure: ArrayLike, rise: ArrayLike, losses: ArrayLike, *, density: ArrayLike
) -> Array:
    """Gauge pressure at a pump's inlet [Pa], from that at the expansion tank.

    ``rise``: height of the pump above the tank's connection [m]; ``losses``: pressure lost from there to the inlet [Pa].
    """
    return np.asarray(
        checks.number("tank_pressure", tank_pressure)
        - checks.number("density", density, above=0.0) * GRAVITY * checks.number("rise", rise)
        - checks.number("losses", losses)
    )


@dataclass(frozen=True)
class Tank:
    """A diaphragm expansion tank and the system it is filled with; scalars or arrays."""

    volume: Array
    """Gas and liquid [m3]."""
    pre_charge: Array
    """Gas pressure of the empty tank [Pa]."""
    filled: Array
    """Liquid in it at the fill state [m3]."""
    system_volume: Array
    """Liquid outside the tank [m3]."""
    fill_density: Array
    """Of the liquid when filled [kg/m3]."""
    fill_temperature: Array
    """[degC]"""
    wall_expansion: float
    """Linear expansion of the pipes [1/K]."""
    barometric: Array
    """[Pa]"""

    def __post_init__(self) -> None:
        for name in ("volume", "system_volume", "fill_density", "barometric"):
            checks.number(name, getattr(self, name), above=0.0)
        for name in ("filled", "wall_expansion"):
            checks.number(name, getattr(self, name), least=0.0)
        checks.number("pre_charge + barometric", self.pre_charge + self.barometric, above=0.0)
        checks.temperature("fill_temperature", self.fill_temperature)
        if not np.all(np.asarray(self.filled) < self.volume):
            raise ValueError("filled must be less than volume, or no gas is left to keep the pressure")


@dataclass(frozen=True)
class TankState:
    """What a tank does at a temperature."""

    pressure: Array
    """Gauge [Pa]; the pre-charge where the tank is empty, and then nothing holds the system's pressure."""
    liquid: Array
    """Liquid in the tank [m3], at most what leaves the gas a thousandth of the tank."""
    empty: NDArray[np.bool_]
    full: NDArray[np.bool_]


def expansion(
    system_volume: ArrayLike, cold_density: ArrayLike, hot_density: ArrayLike, *, rise: ArrayLike = 0.0,
    wall_expansion: float = 0.0,
) -> Array:  # fmt: skip
    """Volume that a system's liquid grows by, less what its walls grow [m3].

    ``V (rho_cold / rho_hot - 1 - 3 alpha dT)``: ASHRAE Handbook - HVAC Systems and Equipment, "Hydronic heating and
    cooling", closed tanks, as quoted.  alpha: steel 11.7e-6, copper 17.1e-6 1/K there.
    """
    cold = checks.number("cold_density", cold_density, above=0.0)
    grown = cold / checks.number("hot_density", hot_density, above=0.0) - 1.0
    walls = 3.0 * checks.number("wall_expansion", wall_expansion, least=0.0) * checks.number("rise", rise)
    return np.asarray(checks.number("system_volume", system_volume, least=0.0) * (grown - walls))


def highest_pressure(relief_pressure: ArrayLike) -> Array:
    """Gauge pressure to which a system may rise below its relief valve [Pa]: 0.5 bar less, above 5 bar a tenth less.

    EN 12828 annex D, as quoted.
    """
    relief = checks.number("relief_pressure", relief_pressure, above=0.0)
    return np.where(relief <= 5e5, relief - 5e4, 0.9 * relief)


def size_tank(
    system_volume: ArrayLike, *, static_pressure: ArrayLike, relief_pressure: ArrayLike, fill_density: ArrayLike,
    hot_density: ArrayLike, fill_temperature: ArrayLike = 10.0, hot_temperature: ArrayLike = 60.0,
    wall_expansion: float = 0.0, barometric: ArrayLike = STANDARD_PRESSURE,
) -> Tank:  # fmt: skip
    """Smallest diaphragm tank, after EN 12828 annex D (as quoted).

    Pre-charge = static pressure + 0.3 bar; water reserve 0.5 % of the system, at least 3 L; highest pressure by
    :func:`highest_pressure`: ``V = (V_e + V_reserve) (p_e + p_atm) / (p_e - p_0)``.  Without
    reserve, filled at the pre-charge, that is the ASHRAE formula ``V_e / (1 - P_1 / P_2)``.

    Raises
    ------
    ValueError
        The relief valve opens before the tank takes anything.
    """
    volume = checks.number("system_volume", system_volume, above=0.0)
    air = checks.number("barometric", barometric, above=0.0)
    pre = checks.number("static_pressure", static_pressure, least=0.0) + OVER_STATIC
    highest = highest_pressure(relief_pressure)
    if not (highest > pre).all():
        raise ValueError(
            "relief_pressure leaves no room above static_pressure + 30 kPa; take a higher rating"
        )
    cold = checks.number("fill_density", fill_density, above=0.0)
    filled_at = checks.temperature("fill_temperature", fill_temperature)
    rise = checks.temperature("hot_temperature", hot_temperature) - filled_at
    grown = np.maximum(expansion(volume, cold, hot_density, rise=rise, wall_expansion=wall_expansion), 0.0)
    reserve = np.maximum(RESERVE_SHARE * volume, LEAST_RESERVE)
    whole = (grown + reserve) * (highest + air) / (highest - pre)
    return Tank(
        whole, pre, reserve, volume, cold, filled_at,
        wall_expansion, air,
    )  # fmt: skip


def fill_pressure(tank: Tank) -> Array:
    """Gauge pressure to which the cold system is filled [Pa]: the gas on its reserve of liquid."""
    return np.asarray(_cushion(tank, tank.filled))


def tank_state(tank: Tank, density: ArrayLike, temperature: ArrayLike) -> TankState:
    """Pressure that the tank keeps when its system has another mean ``density`` [kg/m3] and ``temperature`` [degC]."""
    rise = checks.temperature("temperature", temperature) - tank.fill_temperature
    grown = expansion(
        tank.system_volume,
        tank.fill_density,
        checks.number("density", density, above=0.0),
        rise=rise,
        wall_expansion=tank.wall_expansion,
    )
    wanted = tank.filled + grown
    empty, full = wanted <= 0.0, wanted >= 0.999 * tank.volume
    liquid = np.clip(wanted, 0.0, 0.999 * tank.volume)
    return TankState(_cushion(tank, liquid), np.asarray(liquid), np.asarray(empty), np.asarray(full))


def _cushion(tank: Tank, liquid: Array) -> Array:
    """Boyle's law on the gas."""
    return np.asarray(
        (tank.pre_charge + tank.barometric) * tank.volume / (tank.volume - liquid) - tank.barometric
    )

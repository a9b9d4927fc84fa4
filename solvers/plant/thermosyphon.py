"""Thermosyphon cooler: refrigerant boils in the coolant, condenses in the air, and falls back by itself.

A dry cooler without pump that takes heat ahead of a cooling tower, to save the tower's water ("Thermosyphon Cooler Hybrid
System for Water Savings in an Energy-Efficient HPC Data Center: Modeling and Installation", NREL, 2017; as quoted).
Refrigerant at one temperature makes two exchangers in series, each with effectiveness ``1 - exp(-UA / C)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers import checks, psychrometrics
from solvers.hydraulics.exchanger import scaled
from solvers.plant import fans
from solvers.plant.inputs import broadcast
from solvers.plant.rejection import Rejection, find_root, modulate

Array = NDArray[np.float64]

_WATER_SHARE = 0.5
"""Share of the evaporator's resistance on the coolant side; assumed."""
_REFRIGERANT_SHARE = 0.2
"""Share of the condenser's resistance on the refrigerant side; assumed, air films dominate."""
_TINY = 1e-12


@dataclass(frozen=True, kw_only=True)
class ThermosyphonRating:
    """One operating point from a data sheet, at full fan speed."""

    duty: float
    """Heat rejected. [W]"""
    air_entering: float
    """Dry bulb. [degC]"""
    coolant_entering: float
    """Coolant in. [degC]"""
    coolant_leaving: float
    """Coolant out. [degC]"""
    air_flow: float
    """Air through the condenser. [kg/s]"""
    fan_power: float
    """All fans of the unit. [W]"""
    evaporator_share: float = 0.4
    """Share of the resistance between the entering temperatures that lies in the evaporator; assumed. [0..1]"""
    pressure: float = psychrometrics.STANDARD_PRESSURE
    """Barometric pressure of the rating. [Pa]"""
    min_speed: float = 0.2
    """Least fan speed over rated; assumed, a usual limit of EC fans and drives."""
    free_convection: float = 0.1
    """Air flow with the fans at rest over rated; assumed, as for the dry cooler."""
    min_difference: float = 2.0
    """Coolant less air temperature below which the refrigerant does not circulate; assumed. [K]"""

    def __post_init__(self) -> None:
        checks.finite(self, "air_entering")
        if not self.coolant_entering > self.coolant_leaving > self.air_entering:
            raise ValueError(
                "rating must have coolant_entering > coolant_leaving > air_entering, or no heat leaves"
            )
        if min(self.duty, self.air_flow, self.fan_power, self.pressure) <= 0.0:
            raise ValueError("duty, air_flow, fan_power and pressure of the rating must be positive")
        if not 0.0 <= self.free_convection <= self.min_speed <= 1.0 or self.min_difference < 0.0:
            raise ValueError("need 0 <= free_convection <= min_speed <= 1 and min_difference not negative")
        if not all(0.0 < effect < 1.0 for effect in self._effects):
            raise ValueError(
                "evaporator_share is out of reach of these flows; need more flow or another share"
            )

    @property
    def coolant_rate(self) -> float:
        """Heat-capacity rate of the coolant at the rating. [W/K]"""
        return self.duty / (self.coolant_entering - self.coolant_leaving)

    @property
    def air_rate(self) -> float:
        """Heat-capacity rate of the air at the rating. [W/K]"""
        return self.air_flow * psychrometrics.DRY_AIR_CAPACITY

    @property
    def _effects(self) -> tuple[float, float]:
        """Effectiveness of evaporator and condenser at the rating."""
        passing = self.duty / (self.coolant_entering - self.air_entering)
        share = self.evaporator_share
        if not 0.0 < share < 1.0:
            return 0.0, 0.0
        return passing / (share * self.coolant_rate), passing / ((1.0 - share) * self.air_rate)

    @cached_property
    def conductances(self) -> tuple[float, float]:
        """UA of evaporator and of condenser that reproduce the rating point. [W/K]"""
        evaporator, condenser = self._effects
        return -np.log1p(-evaporator) * self.coolant_rate, -np.log1p(-condenser) * self.air_rate


def cool(
    rating: ThermosyphonRating,
    *,
    coolant_entering: ArrayLike,
    coolant_flow: ArrayLike,
    coolant_capacity: ArrayLike,
    dry_bulb: ArrayLike,
    pressure: ArrayLike,
    setpoint: ArrayLike,
    units: ArrayLike = 1,
    power_limit: ArrayLike = np.inf,
) -> Rejection:
    """Cool a coolant of known entering temperature towards the set point, in ``units`` equal coolers side by side.

    Parameters
    ----------
    coolant_entering : array_like
        Return from the load. [degC]
    coolant_flow, coolant_capacity : array_like
        Of all units together. [kg/s], [J/(kg K)]
    dry_bulb, pressure : array_like
        Outdoor air. [degC], [Pa]
    setpoint : array_like
        Wanted leaving temperature; the tower behind does what is missing. [degC]
    units : array_like
        How many run; 0 passes the coolant.
    power_limit : array_like
        Fan power that a unit of heat is worth, :func:`worth`; the fans turn no faster. [W/W]

    Notes
    -----
    ``saturated`` says that the set point is not reached, for whatever reason: then the tower works too.  Fans at
    rest still pass some heat.  Flooding of the evaporator and its level control are left out.
    """
    count = broadcast(units=units)[0]
    split = np.where(count > 0.0, count, 1.0)
    entry, flow, capacity, air, barometer, wanted, limit, running = broadcast(
        ("power_limit",),
        coolant_entering=coolant_entering,
        coolant_flow=coolant_flow,
        coolant_capacity=coolant_capacity,
        dry_bulb=dry_bulb,
        pressure=pressure,
        setpoint=setpoint,
        power_limit=power_limit,
        units=count,
    )
    rate = flow * capacity / np.broadcast_to(split, flow.shape)
    able = (rate > 0.0) & (running > 0.0) & (entry - air > rating.min_difference)
    safe = np.where(able, rate, rating.coolant_rate)
    density = barometer / rating.pressure

    def heat_at(fraction: Array) -> Array:
        return np.where(able, _pass(rating, fraction, safe, air, barometer) * (entry - air), 0.0)

    def power_at(fraction: Array) -> Array:
        return fans.cubed(fraction, rating.fan_power * density)

    fraction, share, _, _ = modulate(
        lambda y: entry - heat_at(y) / safe, wanted, rating.free_convection, rating.min_speed
    )
    fraction, share = _worthwhile(rating, fraction, share, heat_at, power_at, limit)
    share = np.where(able & (entry > wanted), share, 0.0)
    mean = share * heat_at(fraction) + (1.0 - share) * heat_at(np.full(entry.shape, rating.free_convection))
    heat = np.clip(mean, 0.0, safe * np.maximum(entry - wanted, 0.0))
    return Rejection(
        leaving=entry - np.where(able, heat / safe, 0.0),
        power=share * power_at(fraction) * running,
        water=np.zeros(entry.shape),
        saturated=heat < safe * (entry - wanted) * (1.0 - 1e-9),
        heat=heat * running,
        entering=entry.copy(),
        speed=share * fraction,
        in_range=(rate <= 2.0 * rating.coolant_rate) & (running > 0.0),
    )


def worth(
    *, water_price: float, energy_price: float, water_per_heat: float = 2.0, tower_power: float = 0.0
) -> float:
    """Fan power worth spending on a unit of heat, so that the tower need not evaporate water for it. [W/W]

    ``water_price`` with sewage [1/m3], ``energy_price`` [1/kWh], ``water_per_heat`` make-up of the tower
    [L/kWh of heat; 2.0 assumed: all latent, four cycles], ``tower_power`` fan and pump power saved there [W/W].

    3 per m3 against 0.1 per kWh: 0.06 W for each W.
    """
    checks.number("energy_price", energy_price, above=0.0)
    for name, value in (
        ("water_price", water_price), ("water_per_heat", water_per_heat), ("tower_power", tower_power),
    ):  # fmt: skip
        checks.number(name, value, least=0.0)
    return water_price * water_per_heat / 1000.0 / energy_price + tower_power


def _worthwhile(
    rating: ThermosyphonRating,
    fraction: Array,
    share: Array,
    heat_at: Callable[[Array], Array],
    power_at: Callable[[Array], Array],
    limit: Array,
) -> tuple[Array, Array]:
    """Air-flow fraction and share of time run, with the fans no faster than their heat is worth.

    Power rises with the cube of speed and heat less than with speed, so power over heat rises: one root.
    """

    def excess(y: Array) -> Array:
        return power_at(y) - np.where(np.isfinite(limit), limit, 0.0) * heat_at(y)

    least, full = (np.full(fraction.shape, x) for x in (rating.min_speed, 1.0))
    free = ~np.isfinite(limit) | (excess(full) <= 0.0)
    never = ~free & (excess(least) > 0.0)
    between = ~free & ~never
    most = full
    if between.any():
        most = np.where(between, find_root(lambda y: np.where(between, excess(y), 1.0), least, full), full)
    return np.minimum(fraction, most), np.where(never, 0.0, share)


def _pass(rating: ThermosyphonRating, fraction: Array, rate: Array, air: Array, pressure: Array) -> Array:
    """Heat per kelvin between entering coolant and entering air. [W/K]"""
    kelvin = (rating.air_entering + psychrometrics.ZERO_CELSIUS) / (air + psychrometrics.ZERO_CELSIUS)
    blow = np.maximum(fraction * kelvin * pressure / rating.pressure, _TINY)
    evaporator, condenser = rating.conductances
    wet = scaled(evaporator, rate / rating.coolant_rate, 1.0, _WATER_SHARE)
    dry = scaled(condenser, 1.0, blow, _REFRIGERANT_SHARE)
    air_rate = blow * rating.air_rate
    into = rate * -np.expm1(-wet / rate)
    out = air_rate * -np.expm1(-dry / air_rate)
    return into * out / (into + out)

"""Plant machines as ratings of the plant solvers, run at a given outdoor state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from solvers.plant import (
    chiller,
    dry_cooler,
    economizer,
    fluid_cooler,
    free_cooling,
    frost,
    thermosyphon,
    tower,
)
from solvers.plant.chiller_rating import COLD_SLOPE
from solvers.plant.rejection import Rejection
from twin.model.facility import Machine
from twin.model.products import Chiller, CoolingTower, DryCooler, Thermosyphon
from twin.model.products.cooling import NO_ROOM, Plant
from twin.networks.plant_ratings import (
    chiller_rating,
    coil_rating,
    dry_cooler_rating,
    fluid_cooler_rating,
    loop_capacity,
    thermosyphon_rating,
    tower_rating,
)

__all__ = [
    "NO_ROOM", "Asked", "Running", "Weather", "coldest", "economizer_opens", "frost_power", "loading", "precool", "run",
    "sink",
]  # fmt: skip

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CAPACITY_SLOPE = COLD_SLOPE
"""Growth of a chiller's capacity with its leaving temperature, used where the set point is lost. [1/K]"""
SECANTS = 3
STEEP = 2.0
"""Slope of the first step, between that of a coil (1) and of a tower near the wet bulb (4)."""
LARGEST_STEP = 1.5
"""Of the logarithm of the duty."""
SMALLEST_APPROACH = 1e-9
"""[K]"""
FULL_SPEED = -90.0
"""A set point no outdoor state reaches: asks for the leaving temperature at full fan speed. [degC]"""


@dataclass(frozen=True)
class Weather:
    """Outdoor air, (S,) each."""

    dry_bulb: Array
    """[degC]"""
    wet_bulb: Array
    """[degC]"""
    pressure: Array
    """[Pa]"""

    @property
    def arrays(self) -> dict[str, Array]:
        """By the names that the plant's solvers use."""
        return {"dry_bulb": self.dry_bulb, "wet_bulb": self.wet_bulb, "pressure": self.pressure}


@dataclass(frozen=True)
class Running:
    """One kind of plant machine in one loop, in S states; all live units of a kind run alike."""

    leaving: Array
    """Loop fluid leaving each unit. [degC]"""
    power: Array
    """Electrical power of one unit. [W]"""
    water: Array
    """Make-up water of one unit. [kg/s]"""
    condenser: Array
    """Heat of one unit into its condenser loop. [W]"""
    loading: Array
    """Share used of what one unit can do at this outdoor state. [-]"""
    free: Array
    """Share of the duty done without compressor. [-]"""
    lost: Mask
    """Set point not held."""


@dataclass(frozen=True)
class Asked:
    """What a loop asks of one unit, (S,) each."""

    duty: Array
    """[W]"""
    flow: Array
    """[kg/s]"""
    capacity: float
    """Heat capacity of the loop's fluid. [J/(kg K)]"""
    setpoint: Array
    """Temperature at which the fluid is wanted. [degC]"""
    condenser_entering: Array
    """Condenser water of a water-cooled chiller. [degC]"""


def precool(
    machine: Machine,
    flow: Array,
    capacity: float,
    entering: Array,
    setpoint: Array | float,
    weather: Weather,
) -> Rejection:
    """What one machine in a return takes of the fluid that enters it at a temperature, at most down to the set point.

    ``flow`` is the fluid's through the machine [kg/s], ``capacity`` its heat capacity [J/(kg K)].
    """
    product = machine.product
    if isinstance(product, Thermosyphon):
        return thermosyphon.cool(
            thermosyphon_rating(product),
            coolant_entering=entering,
            coolant_flow=flow,
            coolant_capacity=capacity,
            dry_bulb=weather.dry_bulb,
            pressure=weather.pressure,
            setpoint=setpoint,
            power_limit=np.inf if product.power_limit is None else product.power_limit,
        )
    assert isinstance(product, DryCooler)
    return dry_cooler.solve(
        dry_cooler_rating(product),
        coolant_entering=entering,
        coolant_flow=flow,
        coolant_capacity=capacity,
        dry_bulb=weather.dry_bulb,
        wet_bulb=weather.wet_bulb,
        pressure=weather.pressure,
        setpoint=setpoint,
    )


def frost_power(machine: Machine, running: Mask, weather: Weather) -> Array:
    """(S, n) input of the frost heaters of n machines of one type; those that run need none. [W]"""
    product = machine.product
    assert isinstance(product, Plant)
    heater = frost.Heater(power=product.frost_heater, below=product.frost_below, full=product.frost_full)
    return frost.input_power(heater, dry_bulb=weather.dry_bulb[:, None], running=running)


def run(machine: Machine, asked: Asked, weather: Weather) -> Running:
    """Run one unit."""
    match machine.product:
        case DryCooler() | CoolingTower() as product:
            return _outdoors(product, asked, weather)
        case Chiller() as product:
            return _run_chiller(product, asked, weather)
    raise TypeError(f"{machine.id} is no plant machine")


def _outdoors(product: DryCooler | CoolingTower, asked: Asked, weather: Weather) -> Running:
    duty = asked.duty
    state = _reject(product, asked, weather, asked.setpoint)
    return Running(
        leaving=state.leaving,
        power=state.power,
        water=state.water,
        condenser=np.zeros_like(duty),
        loading=loading(product, asked, weather),
        free=np.ones_like(duty),
        lost=state.saturated,
    )


def coldest(machine: Machine, asked: Asked, weather: Weather) -> Array:
    """(S,) what leaves a dry cooler or tower at full fan speed with this duty and flow. [degC]"""
    product = machine.product
    assert isinstance(product, DryCooler | CoolingTower)
    return np.where(
        asked.duty > 0.0, _reject(product, asked, weather, FULL_SPEED).leaving, sink(product, weather)
    )


def loading(product: DryCooler | CoolingTower, asked: Asked, weather: Weather) -> Array:
    """(S,) duty over that at which the machine just holds its set point, fans at full speed and the flow in proportion.

    In proportion, because a loop sends flow where heat is, and because one machine of two that stops leaves the other twice
    both.  Found by secants in logarithms of duty and approach, which are nearly straight lines to each other.
    """
    room = asked.setpoint - sink(product, weather)
    works = (asked.duty > 0.0) & (asked.flow > 0.0) & (room > 0.0)
    room = np.where(works, room, 1.0)

    def missed(size: Array) -> Array:
        """Logarithm of the approach over the room for it at ``exp(size)`` times the duty."""
        more = replace(asked, duty=asked.duty * np.exp(size), flow=asked.flow * np.exp(size))
        approach = _reject(product, more, weather, FULL_SPEED).leaving - sink(product, weather)
        return np.asarray(np.log(np.maximum(approach, SMALLEST_APPROACH) / room))

    before, at = np.zeros_like(room), missed(np.zeros_like(room))
    size = np.clip(-at / STEEP, -LARGEST_STEP, LARGEST_STEP)
    for _ in range(SECANTS):
        now = missed(size)
        slope = np.maximum((now - at) / np.where(size == before, 1.0, size - before), 0.5)
        before, at, size = size, now, size + np.clip(-now / slope, -LARGEST_STEP, LARGEST_STEP)
    share = np.exp(-np.maximum(size, -np.log(NO_ROOM)))
    return np.where(works, share, np.where(asked.duty > 0.0, NO_ROOM, 0.0))


def sink(product: DryCooler | CoolingTower, weather: Weather) -> Array:
    """Temperature below which the machine cannot cool, however large: of the air at its coil or fill. [degC]"""
    if isinstance(product, CoolingTower):
        return weather.wet_bulb
    wetted = product.pad_effectiveness * (weather.dry_bulb - weather.wet_bulb)
    return weather.dry_bulb - np.where(weather.dry_bulb > product.pad_above, wetted, 0.0)


def _reject(
    product: DryCooler | CoolingTower,
    asked: Asked,
    weather: Weather,
    setpoint: Array | float,
) -> Rejection:
    given = {"duty": asked.duty, "coolant_flow": asked.flow, "setpoint": setpoint, **weather.arrays}
    if isinstance(product, CoolingTower) and product.circuit == "open":
        return tower.reject(tower_rating(product), **given)
    given["coolant_capacity"] = asked.capacity
    if isinstance(product, CoolingTower):
        return fluid_cooler.reject(fluid_cooler_rating(product), **given).state
    return dry_cooler.reject(dry_cooler_rating(product), **given)


def _run_chiller(product: Chiller, asked: Asked, weather: Weather) -> Running:
    duty, setpoint, water_cooled = asked.duty, asked.setpoint, product.condenser == "water"
    outdoors = asked.condenser_entering if water_cooled else weather.dry_bulb
    rating = chiller_rating(product)

    def compress(heat: Array) -> chiller.Chilling:
        seen = {"condenser_entering": outdoors} if water_cooled else {"dry_bulb": outdoors}
        return chiller.chill(
            rating, duty=heat, evaporator_leaving=setpoint, pressure=weather.pressure, **seen
        )

    without = compress(duty)
    if product.economizer_approach is None:
        free, power, capacity = np.zeros_like(duty), without.power, without.capacity
        fans = np.zeros_like(duty)
    else:
        free, fans, state = _economizer(product, rating, asked, outdoors, weather, compress)
        # coils that would cost more than they save stay shut, unless the compressors alone do not carry the duty
        worth = (free > 0.0) & ((state.power + fans < without.power) | without.saturated)
        free, fans = np.where(worth, free, 0.0), np.where(worth, fans, 0.0)
        power, capacity = np.where(worth, state.power, without.power), without.capacity
    compressing = duty * (1.0 - free) / capacity
    # evaporator, coil and pipes are those of one unit, whoever carries the heat
    most = np.maximum(capacity, product.capacity * rating.max_part_load)
    whole = np.where(free > 0.0, duty / most, 0.0)
    return Running(
        leaving=setpoint + _excess(product, rating, compressing, capacity, setpoint),
        power=power + fans,
        water=np.zeros_like(duty),
        condenser=duty + power if water_cooled else np.zeros_like(duty),
        loading=np.maximum(compressing, whole),
        free=free,
        lost=compressing > 1.0,
    )


def _excess(
    product: Chiller, rating: chiller.ChillerRating, compressing: Array, capacity: Array, setpoint: Array
) -> Array:
    """By how much an overloaded chiller leaves above the set point: capacity grows with it on the line of its law. [K]"""
    colder = np.maximum(
        product.supply if rating.evaporator_range is None else rating.evaporator_range[0], setpoint
    )
    whole = capacity / np.maximum(1.0 - CAPACITY_SLOPE * (colder - setpoint), 0.1)
    return np.maximum(compressing - 1.0, 0.0) * capacity / (CAPACITY_SLOPE * whole)


def economizer_opens(product: Chiller, setpoint: Array, outdoors: Array) -> Mask:
    """Whether the valves lead the loop through a chiller's economizer: where it could take heat at the rated rise.

    ``outdoors`` is the air, or the condenser water that is asked for. [degC]
    """
    if product.economizer_approach is None:
        return np.zeros(np.shape(setpoint), bool)
    rise = product.capacity / (product.flow * loop_capacity(product.supply))
    approach = product.economizer_approach if product.condenser == "water" else 0.0
    return np.asarray(outdoors + approach < setpoint + rise)


def _economizer(
    product: Chiller,
    rating: chiller.ChillerRating,
    asked: Asked,
    outdoors: Array,
    weather: Weather,
    compress: Callable[[Array], chiller.Chilling],
) -> tuple[Array, Array, chiller.Chilling]:
    """Share of the duty carried before the evaporator, the fans of the coils that do it, and the compressors. [-], [W]"""
    assert product.economizer_approach is not None
    duty, opened = asked.duty, economizer_opens(product, asked.setpoint, outdoors)
    if product.condenser == "water":
        entering = asked.setpoint + duty / np.maximum(asked.flow * asked.capacity, 1e-9)
        approach = product.economizer_approach
        share = economizer.mode(entering, asked.setpoint, outdoors, approach=approach).free_fraction
        free = np.where(opened & (duty > 0.0), share, 0.0)
        return free, np.zeros_like(duty), compress(duty * (1.0 - free))
    made = free_cooling.run(
        rating,
        coil_rating(product),
        duty=duty,
        coolant_flow=np.where(opened, asked.flow, 0.0),
        coolant_capacity=asked.capacity,
        evaporator_leaving=asked.setpoint,
        dry_bulb=weather.dry_bulb,
        pressure=weather.pressure,
    )
    return np.where(duty > 0.0, made.free_fraction, 0.0), made.coil.power, made.chiller

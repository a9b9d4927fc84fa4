"""Plant machines as ratings of the plant solvers, run at a given outdoor state."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from solvers import psychrometrics
from solvers.fluids import FLUIDS
from solvers.plant import chiller, dry_cooler, economizer, fluid_cooler, frost, thermosyphon, tower
from solvers.plant.rejection import Rejection
from twin.model.facility import Machine
from twin.model.products import Chiller, CoolingTower, DryCooler, Thermosyphon
from twin.model.products.cooling import Plant

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CURVES: dict[str, chiller.ChillerRating | None] = {"": None, **chiller.CURVES}
"""Published curve sets by the name a catalogue entry uses."""
CAPACITY_SLOPE = 0.03
"""Growth of a chiller's capacity with its leaving temperature, used where the set point is lost. [1/K] Assumed."""
NO_ROOM = 10.0
"""Loading given where the outdoors are warmer than the set point, or so near that more units would not do. [-]"""
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
    free, fans = _economizer(product, asked, outdoors, weather)
    mechanical = duty * (1.0 - free)
    seen = {"condenser_entering": outdoors} if water_cooled else {"dry_bulb": outdoors}
    state = chiller.chill(
        chiller_rating(product),
        duty=mechanical,
        evaporator_leaving=setpoint,
        pressure=weather.pressure,
        **seen,
    )
    loading = mechanical / state.capacity
    return Running(
        leaving=setpoint + np.maximum(loading - 1.0, 0.0) / CAPACITY_SLOPE,
        power=state.power + fans,
        water=np.zeros_like(duty),
        condenser=duty + state.power if water_cooled else np.zeros_like(duty),
        loading=loading,
        free=free,
        lost=loading > 1.0,
    )


def _economizer(product: Chiller, asked: Asked, outdoors: Array, weather: Weather) -> tuple[Array, Array]:
    """Share of the duty carried before the evaporator, and the fans of the coils that do it. [-], [W]

    Coils in thin air keep a larger approach.  Where they could carry more than the duty the fans turn slower in that
    proportion, though heat falls less than air flow: their power is rather too high.
    """
    if product.economizer_approach is None:
        return np.zeros_like(asked.duty), np.zeros_like(asked.duty)
    approach = np.full_like(asked.duty, product.economizer_approach)
    density = weather.pressure / psychrometrics.STANDARD_PRESSURE
    if product.condenser == "air":
        approach = approach * chiller.thin_air(weather.pressure)
    rise = asked.duty / np.maximum(asked.flow * asked.capacity, 1e-9)
    entering = asked.setpoint + rise
    free = economizer.mode(entering, asked.setpoint, outdoors, approach=approach).free_fraction
    able = (entering - outdoors - approach) / np.maximum(rise, 1e-9)
    speed = np.where(free > 0.0, 1.0 / np.maximum(able, 1.0), 0.0)
    return free, np.where(asked.duty > 0.0, product.economizer_fan_power * density * speed**3, 0.0)


def dry_cooler_rating(product: DryCooler) -> dry_cooler.DryCoolerRating:
    """The rating point of the data sheet."""
    return dry_cooler.DryCoolerRating(
        duty=product.capacity,
        air_entering=product.air_in,
        coolant_entering=product.coolant_in,
        coolant_leaving=product.coolant_out,
        fan_power=product.fan_power,
        air_flow=product.air_flow * _sea_level(product.air_in),
        min_speed=product.min_speed,
        free_convection=min(0.1, product.min_speed),
        pad_effectiveness=product.pad_effectiveness,
        pad_above=product.pad_above,
        pad_cycles=product.pad_cycles,
        pad_power=product.pad_power,
    )


def _sea_level(dry_bulb: float) -> float:
    """Density of the air to which a data sheet's volume flow belongs, at sea level and 10 g/kg (assumed). [kg/m3]"""
    return float(psychrometrics.density(dry_bulb, 0.010, psychrometrics.STANDARD_PRESSURE))


def tower_rating(product: CoolingTower) -> tower.TowerRating:
    """The rating point of the data sheet."""
    leaving = product.wet_bulb + product.approach
    # 5 K above its wet bulb and 15 g/kg of moisture: assumed, a tower's sheet tells the wet bulb alone
    density = float(psychrometrics.density(product.wet_bulb + 5.0, 0.015, psychrometrics.STANDARD_PRESSURE))
    return tower.TowerRating(
        water_flow=product.flow * float(FLUIDS["water"].density(leaving)),
        water_entering=leaving + product.range,
        water_leaving=leaving,
        wet_bulb=product.wet_bulb,
        air_flow=product.air_flow * density,
        fan_power=product.fan_power,
        min_speed=product.min_speed,
        free_convection=min(0.1, product.min_speed),
        cycles=product.cycles,
        drift=product.drift,
    )


def fluid_cooler_rating(product: CoolingTower) -> fluid_cooler.FluidCoolerRating:
    """A closed circuit, sprayed and dry."""
    assert product.dry_capacity is not None
    wet = tower_rating(product)
    share = product.dry_capacity / wet.duty
    dry = dry_cooler.DryCoolerRating(
        duty=product.dry_capacity,
        air_entering=product.dry_air,
        coolant_entering=wet.water_leaving + product.range * share,
        coolant_leaving=wet.water_leaving,
        fan_power=product.fan_power,
        air_flow=wet.air_flow,
        min_speed=product.min_speed,
        free_convection=min(0.1, product.min_speed),
    )
    return fluid_cooler.FluidCoolerRating(wet=wet, dry=dry, spray_power=product.spray_power)


def thermosyphon_rating(product: Thermosyphon) -> thermosyphon.ThermosyphonRating:
    """The rating point of the data sheet."""
    return thermosyphon.ThermosyphonRating(
        duty=product.capacity,
        air_entering=product.air_in,
        coolant_entering=product.coolant_in,
        coolant_leaving=product.coolant_out,
        air_flow=product.air_flow * _sea_level(product.air_in),
        fan_power=product.fan_power,
        min_speed=product.min_speed,
        free_convection=min(0.1, product.min_speed),
    )


def chiller_rating(product: Chiller) -> chiller.ChillerRating:
    """Size, efficiency and rating temperatures of the data sheet on the shape of a published curve set."""
    own = chiller.ChillerRating(
        capacity=product.capacity,
        cop=product.cop,
        evaporator_leaving=product.supply,
        condenser_entering=product.condenser_entering,
        air_cooled=product.condenser == "air",
        min_part_load=max(product.min_load, 1e-3),
        cycling_loss=product.cycling_loss,
        lift_loss=product.lift_loss,
        condenser_floor=-np.inf if product.condenser_floor is None else product.condenser_floor,
    )
    curves = CURVES[product.curves]
    if curves is None:
        return own
    return replace(
        own,
        capacity_curve=curves.capacity_curve,
        eir_curve=curves.eir_curve,
        part_load_curve=curves.part_load_curve,
        evaporator_range=curves.evaporator_range,
        condenser_range=curves.condenser_range,
        max_part_load=curves.max_part_load,
    )

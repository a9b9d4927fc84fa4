"""Plant machines as ratings of the plant solvers, run at a given outdoor state."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from solvers import psychrometrics
from solvers.fluids import FLUIDS
from solvers.plant import chiller, dry_cooler, economizer, tower
from solvers.plant.rejection import Rejection
from twin.model.facility import Machine
from twin.model.products import Chiller, CoolingTower, DryCooler
from twin.networks.liquid import LoopNetwork

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CURVES = {"": None, "carrier_19xr": chiller.CARRIER_19XR, "york_yk": chiller.YORK_YK}
"""Published curve sets by the name a catalogue entry uses."""
CAPACITY_SLOPE = 0.03
"""Growth of a chiller's capacity with its leaving temperature, used where the set point is lost. [1/K] Assumed."""
NO_ROOM = 10.0
"""Loading given where the outdoors are warmer than the set point: no number of units would do. [-]"""
FULL_SPEED = -90.0
"""A set point no outdoor state reaches: asks for the leaving temperature at full fan speed. [degC]"""


@dataclass(frozen=True)
class Weather:
    """Outdoor state."""

    dry_bulb: float
    wet_bulb: float
    pressure: float


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


def run(
    machine: Machine, loop: LoopNetwork, weather: Weather, duty: Array, flow: Array, condenser_entering: Array
) -> Running:
    """Run one unit at ``duty`` [W] and ``flow`` [kg/s], both (S,); outlet wanted at the loop's set point."""
    match machine.product:
        case DryCooler() as product:
            return _outdoors(product, loop, weather, duty, flow)
        case CoolingTower() as product:
            return _outdoors(product, loop, weather, duty, flow)
        case Chiller() as product:
            return _run_chiller(product, loop, weather, duty, flow, condenser_entering)
    raise TypeError(f"{machine.id} is no plant machine")


def _outdoors(
    product: DryCooler | CoolingTower, loop: LoopNetwork, weather: Weather, duty: Array, flow: Array
) -> Running:
    state = _reject(product, loop, weather, duty, flow, loop.setpoint)
    flat_out = _reject(product, loop, weather, duty, flow, FULL_SPEED)
    sink = _sink(product, weather)
    room = loop.setpoint - sink
    loading = (flat_out.leaving - sink) / room if room > 0.0 else np.full(duty.shape, NO_ROOM)
    return Running(
        leaving=state.leaving,
        power=state.power,
        water=state.water,
        condenser=np.zeros_like(duty),
        loading=np.where(duty > 0.0, loading, 0.0),
        free=np.ones_like(duty),
        lost=state.saturated,
    )


def _sink(product: DryCooler | CoolingTower, weather: Weather) -> float:
    """Temperature below which the machine cannot cool, however large: of the air at its coil or fill. [degC]"""
    if isinstance(product, CoolingTower):
        return weather.wet_bulb
    if weather.dry_bulb <= product.pad_above:
        return weather.dry_bulb
    return weather.dry_bulb - product.pad_effectiveness * (weather.dry_bulb - weather.wet_bulb)


def _reject(
    product: DryCooler | CoolingTower,
    loop: LoopNetwork,
    weather: Weather,
    duty: Array,
    flow: Array,
    setpoint: float,
) -> Rejection:
    if isinstance(product, CoolingTower):
        return tower.reject(
            tower_rating(product),
            duty=duty,
            coolant_flow=flow,
            dry_bulb=weather.dry_bulb,
            wet_bulb=weather.wet_bulb,
            pressure=weather.pressure,
            setpoint=setpoint,
        )
    return dry_cooler.reject(
        dry_cooler_rating(product),
        duty=duty,
        coolant_flow=flow,
        coolant_capacity=loop.capacity,
        dry_bulb=weather.dry_bulb,
        wet_bulb=weather.wet_bulb,
        pressure=weather.pressure,
        setpoint=setpoint,
    )


def _run_chiller(
    product: Chiller, loop: LoopNetwork, weather: Weather, duty: Array, flow: Array, condenser_entering: Array
) -> Running:
    setpoint, water_cooled = loop.setpoint, product.condenser == "water"
    outdoors = condenser_entering if water_cooled else np.full(duty.shape, weather.dry_bulb)
    rate = np.maximum(flow * loop.capacity, 1e-9)
    free = np.zeros_like(duty)
    if product.economizer_approach is not None:
        entering = setpoint + duty / rate
        free = economizer.mode(
            entering, setpoint, outdoors, approach=product.economizer_approach
        ).free_fraction
    mechanical = duty * (1.0 - free)
    seen = {"condenser_entering": outdoors} if water_cooled else {"dry_bulb": outdoors}
    state = chiller.chill(chiller_rating(product), duty=mechanical, evaporator_leaving=setpoint, **seen)
    loading = mechanical / state.capacity
    return Running(
        leaving=setpoint + np.maximum(loading - 1.0, 0.0) / CAPACITY_SLOPE,
        power=state.power,
        water=np.zeros_like(duty),
        condenser=duty + state.power if water_cooled else np.zeros_like(duty),
        loading=loading,
        free=free,
        lost=loading > 1.0,
    )


def dry_cooler_rating(product: DryCooler) -> dry_cooler.DryCoolerRating:
    """The rating point of the data sheet."""
    return dry_cooler.DryCoolerRating(
        duty=product.capacity,
        air_entering=product.air_in,
        coolant_entering=product.coolant_in,
        coolant_leaving=product.coolant_out,
        fan_power=product.fan_power,
        air_flow=product.air_flow,
        min_speed=product.min_speed,
        free_convection=min(0.1, product.min_speed),
        pad_effectiveness=product.pad_effectiveness,
        pad_above=product.pad_above,
    )


def tower_rating(product: CoolingTower) -> tower.TowerRating:
    """The rating point of the data sheet."""
    leaving = product.wet_bulb + product.approach
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


def chiller_rating(product: Chiller) -> chiller.ChillerRating:
    """Size, efficiency and rating temperatures of the data sheet on the shape of a published curve set."""
    own = chiller.ChillerRating(
        capacity=product.capacity,
        cop=product.cop,
        evaporator_leaving=product.supply,
        condenser_entering=product.condenser_entering,
        air_cooled=product.condenser == "air",
        min_part_load=max(product.min_load, 1e-3),
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

"""Data sheets of plant machines as ratings of the plant solvers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solvers import psychrometrics
from solvers.fluids import FLUIDS
from solvers.plant import chiller, dry_cooler, fluid_cooler, thermosyphon, tower
from twin.model.products import Chiller, CoolingTower, DryCooler, Thermosyphon

CURVES: dict[str, chiller.ChillerRating | None] = {"": None, **chiller.CURVES}
"""Published curve sets by the name a catalogue entry uses."""
COIL_FANS = 300.0
"""Fans of free-cooling coils whose sheet tells none, per air flow. [W s/m3]  Assumed, as of the catalogue's dry coolers."""


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
        hot_slope=product.hot_slope,
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


def coil_rating(product: Chiller) -> dry_cooler.DryCoolerRating:
    """Free-cooling coils that carry the chiller's capacity in air colder than its supply by the approach of the sheet.

    Their air has the heat capacity of the water, and more where the approach is less than half of the water's rise.
    """
    assert product.economizer_approach is not None
    approach = product.economizer_approach
    rise = product.capacity / (product.flow * loop_capacity(product.supply))
    air_in = product.supply - approach
    rate = product.capacity / rise * max(1.0, (rise + approach) / (3.0 * approach))
    air = rate / psychrometrics.DRY_AIR_CAPACITY
    fans = product.economizer_fan_power
    return dry_cooler.DryCoolerRating(
        duty=product.capacity,
        air_entering=air_in,
        coolant_entering=product.supply + rise,
        coolant_leaving=product.supply,
        fan_power=max(COIL_FANS * air / _sea_level(air_in) if fans is None else fans, 1e-6),
        air_flow=air,
    )


def loop_capacity(supply: float) -> float:
    """Heat capacity of the water of a data sheet. [J/(m3 K)]"""
    water = FLUIDS["water"]
    level = float(np.clip(supply, *water.range))
    return float(water.density(level) * water.heat_capacity(level))

"""Three usual plants from the solvers' parts, for annual PUE and WUE beside published ranges.

One set of inputs for all climates, near the middle of what such plants have; all of them assumed.  1 MW of IT.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.plant import chiller, dry_cooler, reset, tower
from solvers.plant.economizer import PlateRating, exchange
from solvers.plant.tower import WATER_CAPACITY
from tests.solvers.plant.plant_cases import Weather

IT = 1e6
LOSSES = 0.06
"""UPS, distribution and lights over IT. [-]"""
TOWER_CYCLES = 4.0
VAPORISATION = 2.43e6
"""Of water at 30 degC. [J/kg]"""


@dataclass(frozen=True)
class Annual:
    pue: float
    wue: float
    """[L/kWh]"""
    chiller_share: float
    """Heat through compressors over all. [-]"""
    carried: float
    """Least share of the duty that machines could carry. [-]"""
    latent: float
    """``wue`` if all heat that leaves through towers evaporated water. [L/kWh]"""


@dataclass(frozen=True)
class Design:
    """Loads beside the heat rejection, over IT."""

    supply: float
    """Facility or chilled water. [degC]"""
    rise: float
    pumps: float
    """Of the load's side. [-]"""
    source_pumps: float
    """Of the tower's side. [-]"""
    fans: float
    """Of air handlers, and of the coils that cool what cold plates leave. [-]"""

    @property
    def heat(self) -> float:
        return IT * (1.0 + self.pumps + self.fans)


DRY = Design(supply=32.0, rise=8.0, pumps=0.025, source_pumps=0.0, fans=0.008)
COLD_PLATE = Design(supply=20.0, rise=8.0, pumps=0.025, source_pumps=0.012, fans=0.008)
AIR = Design(supply=20.0, rise=8.0, pumps=0.012, source_pumps=0.012, fans=0.03)


def dry_with_pads(weather: Weather) -> Annual:
    """Cold plates, dry coolers with pads; an air-cooled chiller takes what they leave above the set point."""
    design, rate = DRY, DRY.heat / DRY.rise
    rating = dry_cooler.DryCoolerRating(
        duty=design.heat,
        air_entering=24.0,
        coolant_entering=design.supply + design.rise,
        coolant_leaving=design.supply,
        fan_power=0.025 * IT,
        air_flow=120.0,
        pad_effectiveness=0.75,
        pad_above=24.0,
    )
    state = dry_cooler.solve(
        rating,
        coolant_entering=design.supply + design.rise,
        coolant_flow=rate / 4180.0,
        coolant_capacity=4180.0,
        dry_bulb=weather.dry_bulb,
        wet_bulb=weather.wet_bulb,
        pressure=weather.pressure,
        setpoint=design.supply,
    )
    left = np.maximum(design.heat - state.heat, 0.0)
    machine = chiller.ChillerRating(
        capacity=1.2 * IT, cop=4.8, evaporator_leaving=22.0, condenser_entering=35.0, air_cooled=True
    )
    trim = chiller.chill(
        machine,
        duty=left,
        evaporator_leaving=design.supply,
        dry_bulb=weather.dry_bulb,
        pressure=weather.pressure,
    )
    return _annual(design, state.power + trim.power, state.water, trim.heat, state.heat + trim.heat, 0.0)


def tower_with_economizer(design: Design, weather: Weather) -> Annual:
    """Tower, plate exchanger in series before a water-cooled chiller whose condenser the same water cools."""
    rate = design.heat / design.rise
    plate = PlateRating(
        hot_entering=design.supply + design.rise,
        hot_leaving=design.supply,
        cold_entering=design.supply - 2.5,
        hot_rate=rate,
        cold_rate=rate,
    )
    cells = tower.TowerRating(
        water_flow=1.2 * rate / WATER_CAPACITY,
        water_entering=29.5 + 6.5,
        water_leaving=29.5,
        wet_bulb=25.6,
        air_flow=1.2 * rate / WATER_CAPACITY / 1.2,
        fan_power=0.012 * IT,
        cycles=TOWER_CYCLES,
    )
    wanted = np.maximum(
        reset.tracking(weather.wet_bulb, approach=3.5, floor=design.supply - 2.5, ceiling=28.0), 7.0
    )
    power = np.zeros(weather.dry_bulb.shape)
    for _ in range(12):  # heat of the compressor goes through the tower: contracts by some 0.15
        cold = tower.reject(
            cells,
            duty=design.heat + power,
            coolant_flow=cells.water_flow,
            dry_bulb=weather.dry_bulb,
            wet_bulb=weather.wet_bulb,
            pressure=weather.pressure,
            setpoint=wanted,
        )
        free = exchange(
            plate,
            entering=design.supply + design.rise,
            setpoint=design.supply,
            hot_rate=rate,
            source=cold.leaving,
            cold_rate=rate,
        )
        trim = chiller.chill(
            chiller.CURVES["carrier_19xr_1407"],
            duty=free.chiller_duty,
            evaporator_leaving=design.supply,
            condenser_entering=np.maximum(cold.leaving, 15.0) + free.heat / (1.2 * rate),
        )
        power = trim.power
    evaporated = float(cold.heat.mean()) / VAPORISATION * TOWER_CYCLES / (TOWER_CYCLES - 1.0)
    return _annual(design, cold.power + trim.power, cold.water, trim.heat, free.heat + trim.heat, evaporated)


def _annual(
    design: Design,
    machines: np.ndarray,
    water: np.ndarray,
    through: np.ndarray,
    carried: np.ndarray,
    latent: float,
) -> Annual:
    overhead = LOSSES + design.pumps + design.source_pumps + design.fans + float(machines.mean()) / IT
    return Annual(
        pue=1.0 + overhead,
        wue=float(water.mean()) * 3600.0 / (IT / 1e3),
        chiller_share=float(through.mean()) / design.heat,
        carried=float(carried.min()) / design.heat,
        latent=latent * 3600.0 / (IT / 1e3),
    )

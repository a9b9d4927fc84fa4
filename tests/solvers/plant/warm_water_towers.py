"""A plant like that of NREL's Energy Systems Integration Facility: towers only, 24 degC supply, no chiller.

Published, first year of its thermosyphon (NREL/TP-2C00-72196, doi 10.2172/1471661, as quoted): 888 kW of IT, PUE 1.034,
12.8 cycles of concentration; water 1.42 L/kWh for towers only and 0.70 with heat reuse (10.5 % of the heat), thermosyphon
(42.5 %) and tower (47 %).  Drawings, pump heads and tower sheets are not public: those below are assumed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.plant import pumps, tower
from solvers.plant.economizer import PlateRating, required_source
from solvers.plant.hybrid import HybridRejection
from solvers.plant.hybrid import reject as reject_hybrid
from solvers.plant.thermosyphon import ThermosyphonRating
from solvers.plant.tower import WATER_CAPACITY, TowerRating
from tests.solvers.plant.plant_cases import Weather

IT = 888e3
SUPPLY = 24.0
RISE = 7.0
"""Of the racks' loop: 28.9 degC was measured after heat reuse, 31 without it; assumed. [K]"""
RATE = IT / RISE
CELLS = 3
HEADS = (200e3, 150e3)
"""Of the racks' loop and of the tower loop; assumed, 24 h at constant flow. [Pa]"""
EFFICIENCY = 0.7
"""Wire to water; assumed."""
AIR_SHARE, AIR_FANS = 0.1, 0.03
"""Heat that leaves the racks into air, and power of the fan coils that take it up; assumed."""
ELECTRICAL = 0.01
"""Distribution losses and lights over IT: most of that machine is on neither UPS nor transformer of its own; assumed."""

PLATE = PlateRating(
    hot_entering=SUPPLY + RISE,
    hot_leaving=SUPPLY,
    cold_entering=SUPPLY - 2.5,
    hot_rate=RATE,
    cold_rate=RATE,
)
TOWER = TowerRating(
    water_flow=RATE / WATER_CAPACITY / CELLS,
    water_entering=SUPPLY - 2.5 + RISE,
    water_leaving=SUPPLY - 2.5,
    wet_bulb=18.0,
    air_flow=RATE / WATER_CAPACITY / CELLS / 1.2,
    fan_power=0.012 * IT / CELLS,
    pressure=83e3,
    cycles=12.8,
)
THERMOSYPHON = ThermosyphonRating(
    duty=0.6 * IT,
    air_entering=10.0,
    coolant_entering=SUPPLY + RISE,
    coolant_leaving=SUPPLY + 0.4 * RISE,
    air_flow=60.0,
    fan_power=15e3,
    pressure=83e3,
)
"""Some 0.6 of the heat at 10 degC: with the rule to run hard below 9.4 degC; sizes assumed."""


@dataclass(frozen=True)
class Year:
    pue: float
    wue: float
    fans: float
    """Tower and thermosyphon fans over IT energy."""
    dry_share: float
    highest_supply: float
    heat: float
    """Of loop and fan coils, to be rejected. [W]"""
    evaporated: np.ndarray
    """Hour by hour, at the cycles of the tower. [kg/s]"""


def pump_power() -> float:
    flow = RATE / WATER_CAPACITY
    return float(sum(pumps.power(flow, head, 998.0, EFFICIENCY) for head in HEADS))


def tower_setpoint() -> float:
    """Warmest tower water with which the exchanger holds 24 degC."""
    return float(
        required_source(PLATE, entering=SUPPLY + RISE, setpoint=SUPPLY, hot_rate=RATE, cold_rate=RATE)
    )


def towers_only(weather: Weather) -> Year:
    """Tower water as cold as the exchanger needs, if the towers can."""
    heat = IT * (1.0 + AIR_SHARE * AIR_FANS) + pump_power()
    needed = tower_setpoint()
    cell = tower.reject(
        TOWER,
        duty=heat / CELLS,
        coolant_flow=TOWER.water_flow,
        dry_bulb=weather.dry_bulb,
        wet_bulb=weather.wet_bulb,
        pressure=weather.pressure,
        setpoint=needed,
    )
    return _year(cell.power * CELLS, cell.water * CELLS, np.zeros(1), cell.leaving - needed)


def with_thermosyphon(weather: Weather, power_limit: float) -> Year:
    """The same in the tower's own water: thermosyphon first, as far as its fans are worth it; no heat reuse."""
    heat = IT * (1.0 + AIR_SHARE * AIR_FANS) + pump_power()
    needed = tower_setpoint()
    state: HybridRejection = reject_hybrid(
        THERMOSYPHON,
        TOWER,
        duty=heat,
        coolant_flow=RATE / WATER_CAPACITY,
        dry_bulb=weather.dry_bulb,
        wet_bulb=weather.wet_bulb,
        pressure=weather.pressure,
        setpoint=needed,
        cells=CELLS,
        power_limit=power_limit,
    )
    return _year(state.dry.power + state.wet.power, state.wet.water, state.dry_share, state.leaving - needed)


def _year(fans: np.ndarray, water: np.ndarray, dry_share: np.ndarray, warmer: np.ndarray) -> Year:
    overhead = pump_power() + fans.mean() + IT * (AIR_SHARE * AIR_FANS + ELECTRICAL)
    return Year(
        pue=float(1.0 + overhead / IT),
        wue=float(water.mean() * 3600.0 / (IT / 1000.0)),
        fans=float(fans.mean() / IT),
        dry_share=float(dry_share.mean()),
        highest_supply=float(SUPPLY + warmer.max()),
        heat=IT * (1.0 + AIR_SHARE * AIR_FANS) + pump_power(),
        evaporated=water * (TOWER.cycles - 1.0) / TOWER.cycles,
    )

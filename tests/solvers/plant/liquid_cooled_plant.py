"""The liquid-cooled reference plant of the Modelica Buildings library, composed from the solvers' own parts.

``DataCenters/LiquidCooled/Examples/ChillerWSE.mo`` (pull request #4667, BSD-3): one rack row of 1 MW with PG25, a
CDU, plant water, a water-side economizer, and a dry cooler with PG40.  What the model file says, and this one takes:

* 5 K rises, 3 K approaches, racks 45/50 degC, air 36 degC; economizer, its pumps and the tower loop's pipes and pump
  sized for 0.6 MW, the dry cooler for 1 MW with air of equal heat-capacity rate and fans of 5 % of the duty;
* pipes of 20 m at 5 m/s, 15 um rough, doubled for fittings, two in each loop; exchangers 80 kPa, filter 65 kPa with
  exponent 1.76, cold plates 50 kPa, rack valve 20 kPa;
* CDU pump holds its external head constant at 70 % wire to water; the others have the library's default curve
  (1.14 / 1 / 0.42 of the head at 0 / 1 / 2 of the flow), Euler-number efficiency of at most 0.7 and a DOE motor of at
  most 0.7, rated 1.2 times the power at the best point;
* the tower pump runs at full speed whenever the plant supply is above 41 degC, which it is all year; economizer pumps
  follow the flows on either side; fan speed is the excess of the plant supply over 41 degC, per kelvin, or what
  holds 38 degC, and below 0.3 the fan is off; the pump of the plant water is not metered.

The chiller never runs.  Heat transfer coefficients of the exchangers as ours (equal films, exponent 0.8).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.polynomial import polyval

from solvers.fluids import FLUIDS
from solvers.hydraulics.friction import friction_factor
from solvers.plant import dry_cooler, motors, pumps
from solvers.plant.dry_cooler import DryCoolerRating
from solvers.plant.economizer import PlateRating
from solvers.plant.rejection import find_root
from solvers.psychrometrics import DRY_AIR_CAPACITY

RATED = 1e6
"""Rack power. [W]"""
RISE = 5.0
"""Of every loop at the design point. [K]"""
ECONOMIZER_SHARE = 0.6
RACK_SUPPLY, PLANT_SUPPLY, TOWER_SUPPLY, DESIGN_AIR = 45.0, 42.0, 39.0, 36.0
WATER = 4184.0
"""Heat capacity of the library's water. [J/(kg K)]"""
TARGET = 41.0
"""Plant supply that the tower pump and the fans aim at: 1 K below design. [degC]"""
FAN_OFF = 0.3
"""Control signal below which the fan draws nothing."""
FAN_POWER = 0.05 * RATED
EXCHANGER_DROP, FILTER_DROP, COLD_PLATE_DROP, RACK_VALVE_DROP = 80e3, 65e3, 50e3, 20e3
FILTER_EXPONENT = 1.76

RATE = RATED / RISE
"""Heat-capacity rate of every loop at the design point. [W/K]"""
CDU = PlateRating(
    hot_entering=RACK_SUPPLY + RISE,
    hot_leaving=RACK_SUPPLY,
    cold_entering=PLANT_SUPPLY,
    hot_rate=RATE,
    cold_rate=RATE,
)
ECONOMIZER_EFFECTIVENESS = RISE / (PLANT_SUPPLY + RISE - TOWER_SUPPLY)
"""Constant, as the library's economizer."""
DRY_COOLER = DryCoolerRating(
    duty=RATED,
    air_entering=DESIGN_AIR,
    coolant_entering=TOWER_SUPPLY + RISE,
    coolant_leaving=TOWER_SUPPLY,
    fan_power=FAN_POWER,
    air_flow=RATE / DRY_AIR_CAPACITY,
    min_speed=FAN_OFF,
    air_resistance_share=1.0 / 1.5,
)


@dataclass(frozen=True)
class Pump:
    """One of the library's preconfigured pumps."""

    flow: float
    """Design. [m3/s]"""
    head: float
    """Design. [Pa]"""

    CURVE = (1.14, -0.0026666666666666, -0.1136666666666667, -0.0236666666666667)
    """Cubic through the three given points and the library's zero at 2.724."""
    ZERO = 2.0 + 0.42 / 0.58

    def rise(self, share: float) -> float:
        """Head over design at a flow over design, full speed."""
        return float(polyval(share, self.CURVE))

    def power(self, flow: float, rise: float) -> float:
        """Electrical, at flow and head over design; the best point lies at half the largest flow. [W]"""
        best = self.ZERO / 2.0
        efficiency = 0.7 * pumps.relative_efficiency(flow / best, rise / self.rise(best))
        shaft = flow * self.flow * rise * self.head / efficiency
        motor = best * self.flow * 1.14 / 2.0 * self.head / 0.7 * 1.2
        return float(motors.electrical_power(shaft, motor, best=0.7, drive=False))


def pipe_drop(fluid: str, temperature: float, flow: float) -> float:
    """Of one pipe at its design flow [kg/s]: 5 m/s, 20 m, twice for fittings. [Pa]"""
    density, viscosity = (
        float(FLUIDS[fluid].density(temperature)),
        float(FLUIDS[fluid].viscosity(temperature)),
    )
    velocity = 5.0
    diameter = np.sqrt(4.0 * flow / (density * velocity * np.pi))
    reynolds = density * velocity * diameter / viscosity
    factor = float(friction_factor(reynolds, 1.5e-5 / diameter))
    return 2.0 * factor * 20.0 / diameter * density * velocity**2 / 2.0


def cdu_pump_power(load: float) -> float:
    """Rack return held at 50 degC, so rack flow goes with load. [W]"""
    fluid = FLUIDS["pg25"]
    flow = RATE / float(fluid.heat_capacity(RACK_SUPPLY))
    external = COLD_PLATE_DROP + RACK_VALVE_DROP + 2.0 * pipe_drop("pg25", RACK_SUPPLY, flow)
    head = external + EXCHANGER_DROP * load**2 + FILTER_DROP * load**FILTER_EXPONENT
    return float(pumps.power(load * flow, head, fluid.density(RACK_SUPPLY), 0.7))


def tower_pump() -> tuple[float, float]:
    """Flow over the economizer's design at full speed, and electrical power. [W]"""
    fluid, warm = FLUIDS["pg40"], TOWER_SUPPLY + RISE
    flow = ECONOMIZER_SHARE * RATE / float(fluid.heat_capacity(warm))
    pipes = 2.0 * pipe_drop("pg40", warm, flow)
    pump = Pump(flow / float(fluid.density(warm)), EXCHANGER_DROP + pipes)

    def surplus(share: np.ndarray) -> np.ndarray:
        cooler = EXCHANGER_DROP * (share * ECONOMIZER_SHARE) ** 2
        return np.asarray(polyval(share, Pump.CURVE)) * pump.head - cooler - pipes * share**2

    share = float(find_root(surplus, np.array(0.5), np.array(2.0)))
    return share, pump.power(share, pump.rise(share))


def economizer_pump(fluid: str, temperature: float, heat_capacity: float, share: float) -> float:
    """Pump of one side of the economizer at a flow over its design, by speed alone. [W]"""
    flow = ECONOMIZER_SHARE * RATE / heat_capacity / float(FLUIDS[fluid].density(temperature))
    return Pump(flow, EXCHANGER_DROP).power(share, share**2)


def plant_flow(supply: np.ndarray, duty: float, load: float) -> np.ndarray:
    """Capacity rate of plant water with which the CDU cools racks at ``load`` to 45 degC. [W/K]"""
    hot = load * RATE
    needed = duty / (RACK_SUPPLY + duty / hot - supply)

    def short(rate: np.ndarray) -> np.ndarray:
        return CDU.passing(hot, rate) - needed

    return find_root(short, np.full(supply.shape, 0.05 * RATE), np.full(supply.shape, RATE))


@dataclass(frozen=True)
class Plant:
    """State of every hour."""

    plant_supply: np.ndarray
    plant_share: np.ndarray
    """Plant water over the economizer's design flow."""
    tower_leaving: np.ndarray
    fan_power: np.ndarray


def required_tower(supply: np.ndarray, duty: float, load: float) -> np.ndarray:
    """Coolant from the dry cooler with which economizer and CDU both pass ``duty`` at a plant supply. [degC]"""
    rate = plant_flow(supply, duty, load)
    smaller = np.minimum(rate, ECONOMIZER_SHARE * RATE)
    return supply + duty / rate - duty / (ECONOMIZER_EFFECTIVENESS * smaller)


def run(dry_bulb: np.ndarray, pressure: np.ndarray, duty: float, load: float) -> Plant:
    """Fans as the library steers them: speed is the plant supply's excess over its target, cycling below 0.3."""
    share, _ = tower_pump()
    rate = share * ECONOMIZER_SHARE * RATE
    speeds = np.linspace(FAN_OFF, 1.0, 71)
    wanted = required_tower(TARGET + speeds, duty, load)  # by the fan speed that asks for it

    def leaving_at(speed: np.ndarray) -> np.ndarray:
        probe = dry_bulb + 1.0
        cooled = dry_cooler.leaving_temperature(
            DRY_COOLER,
            coolant_entering=probe,
            coolant_flow=rate,
            coolant_capacity=1.0,
            dry_bulb=dry_bulb,
            pressure=pressure,
            speed=speed,
        )
        return dry_bulb + duty / (rate * (probe - cooled)) - duty / rate

    def excess(speed: np.ndarray) -> np.ndarray:
        return leaving_at(speed) - np.interp(speed, speeds, wanted)

    slow, full = np.full(dry_bulb.shape, FAN_OFF), np.ones(dry_bulb.shape)
    modulating = excess(slow) > 0.0
    speed = find_root(lambda y: np.where(modulating, excess(y), 0.0), slow, full)
    speed = np.where(modulating, speed, FAN_OFF)
    supply = TARGET + speed
    cycling = dry_cooler.reject(
        DRY_COOLER,
        duty=duty,
        coolant_flow=rate,
        coolant_capacity=1.0,
        dry_bulb=dry_bulb,
        pressure=pressure,
        setpoint=wanted[0],
    )
    thin = pressure / DRY_COOLER.pressure
    return Plant(
        plant_supply=supply,
        plant_share=plant_flow(supply, duty, load) / (ECONOMIZER_SHARE * RATE),
        tower_leaving=np.where(modulating, leaving_at(speed), wanted[0]),
        fan_power=np.where(modulating, FAN_POWER * speed**3 * thin, cycling.power),
    )

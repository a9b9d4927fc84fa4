"""The air of each hall as a zonal problem: pods are zones, room air handlers are units."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from solvers import psychrometrics
from solvers.air import zonal
from solvers.fluids import FLUIDS
from solvers.hydraulics import exchanger
from twin.model.facility import Facility, Machine, Shell
from twin.model.products import Crah, Rack, RearDoor

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]

AIR_CAPACITY = 1006.0
"""Heat capacity of dry air near 25 degC. [J/(kg K)] ASHRAE Handbook Fundamentals 2021, chapter 1."""
MIN_RACK_AIR = 0.2
"""Fans of a rack never fall below this share of their full flow. [-] Assumed."""
AIR_SIDE = 0.7
"""Share of a coil's thermal resistance on the air side at the rating. [-] Assumed."""
DOOR_WATER = 20.0
"""Temperature of the water at the rating point of rear doors, for its density. [degC] Assumed."""
END_EXPOSURE = 1.5
"""Recirculation at the two ends of an open row over that of its middle. [-] Assumed; a field solution replaces it."""


@dataclass(frozen=True, eq=False)
class Aired:
    """What an air model answers for one hall: S states of R racks and C units. [degC] unless said otherwise"""

    rack_inlet: Array
    """(S, R) mean over the inlet."""
    rack_highest: Array
    """(S, R) warmest place of the inlet."""
    rack_error: Array
    """(S, R) estimated error of the inlet; 0 where none is known. [K]"""
    rack_outlet: Array
    recirculation: Array
    """(S, R) share of the inlet air that left a rack before. [0..1]"""
    rack_relative_humidity: Array
    """(S, R) [0..1]"""
    unit_heat: Array
    """(S, C) [W]"""
    unit_supply: Array
    """(S, C)"""
    unit_saturated: Mask
    """(S, C) runs and does not hold its set point."""
    room: Array
    """(S,) air returning to the units."""
    supply: Array
    """(S,) mixed supply."""
    dew_point: Array
    """(S,)"""
    scenario_ok: Mask
    """(S,) the hall has a steady state."""
    rests: Mask
    """(S,) the solve of the air came to rest."""

    def replace(self, **changes: Any) -> Self:
        """A changed copy."""
        return replace(self, **changes)

    def put(self, rows: Index, ok: Mask, **values: Any) -> Self:
        """A copy with the values of some states, where they are ``ok``; the others are lost."""
        changed = {}
        for name, value in values.items():
            whole = getattr(self, name).copy()
            whole[rows[ok]] = value[ok]
            changed[name] = whole
        return self.replace(**changed).lost(rows[~ok])

    def lost(self, rows: Index) -> Self:
        """A copy in which some states have no steady state: temperatures read the ceiling."""
        changed = {}
        for name in ("rack_inlet", "rack_highest", "rack_outlet", "room", "supply"):
            whole = getattr(self, name).copy()
            whole[rows] = zonal.CEILING
            changed[name] = whole
        ok = self.scenario_ok.copy()
        ok[rows] = False
        return self.replace(**changed, scenario_ok=ok)


def aired(answer: zonal.Solution) -> Aired:
    """The zonal model's answer: one temperature for each inlet, no error known."""
    own = {f.name: getattr(answer, f.name) for f in fields(Aired) if hasattr(answer, f.name)}
    return Aired(
        **own,
        rack_highest=answer.rack_inlet,
        rack_error=np.zeros_like(answer.rack_inlet),
        rests=np.ones_like(answer.scenario_ok),
    )


class AirModel(Protocol):
    """The air of one hall."""

    def solve(self, problem: zonal.Problem, fans: Array) -> Aired:
        """Answer for all states; ``fans`` (S, C) is the part of the room's heat that the units' fans release. [W]"""
        ...


class ZonalAir:
    """One temperature per aisle, in milliseconds."""

    def solve(self, problem: zonal.Problem, fans: Array) -> Aired:
        """Answer a zonal problem; where in the room the fans' heat is released makes no difference."""
        return aired(zonal.solve(problem))


@dataclass(frozen=True)
class HallAir:
    """One hall in arrays; ``rack`` and ``crah`` index the facility's racks and room air handlers."""

    shell: Shell
    rack: Index
    crah: Index
    zone: Index
    exposure: Array
    bypass: Array
    recirculation: Array
    unit_flow: Array
    """Full-speed air flow of each unit. [kg/s]"""
    unit_fan: Array
    """Full-speed fan power at the height of the site. [W]"""
    unit_min_speed: Array
    unit_setpoint: Array
    unit_coil: Array
    """(C, 3) conductance of each coil and the rated capacity rates of its air and its water. [W/K]"""
    humidity_ratio: float
    pressure: float

    def speed(self, wanted: Array, live: Mask) -> Array:
        """Common fan speed of the live units that brings the wanted supply flow, (S, C). [-]"""
        available = (live * self.unit_flow).sum(axis=1, keepdims=True)
        share = np.divide(wanted[:, None], available, out=np.zeros_like(available), where=available > 0.0)
        return np.where(live, np.clip(share, self.unit_min_speed, 1.0), 0.0)

    def effectiveness(self, speed: Array, water_share: Array) -> Array:
        """(S, C) most of (return - supply) / (return - water) at a fan speed and a share of the rated water."""
        return coil_effectiveness(self.unit_coil.T, speed, water_share)

    def problem(
        self,
        rack_flow: Array,
        rack_heat: Array,
        rack_cooling: Array,
        room_heat: Array,
        speed: Array,
        live: Mask,
        coolant: Array,
        water_share: Array,
    ) -> zonal.Problem:
        """The zonal problem of S states."""
        return zonal.Problem(
            rack_zone=self.zone,
            rack_flow=rack_flow,
            rack_heat=rack_heat,
            rack_cooling=rack_cooling,
            rack_exposure=self.exposure,
            zone_bypass=self.bypass,
            zone_recirculation=self.recirculation,
            room_heat=room_heat,
            unit_flow=speed * self.unit_flow,
            unit_live=live & (water_share > 0.0),
            unit_setpoint=self.unit_setpoint,
            unit_effectiveness=self.effectiveness(speed, water_share),
            unit_coolant=coolant,
            humidity_ratio=self.humidity_ratio,
            pressure=self.pressure,
        )


def coil_effectiveness(coil: Array, air_share: Array, water_share: Array) -> Array:
    """(air in - air out) / (air in - water in) of a coil at shares of its rated air and water, in counterflow.

    Parameters
    ----------
    coil : (3, ...) conductance at the rating point and the rated capacity rates of air and water. [W/K]
    """
    conductance, air, water = coil
    share, wet = np.maximum(air_share, 1e-3), np.maximum(water_share, 1e-3)
    rates = share * air, wet * water
    least, most = np.minimum(*rates), np.maximum(*rates)
    scaled = exchanger.scaled_conductance(conductance, share, wet, hot_share=AIR_SIDE)
    return np.asarray(exchanger.effectiveness(scaled / least, least / most) * least / rates[0])


def lower(facility: Facility) -> tuple[HallAir, ...]:
    """Restate every hall that has racks."""
    rack_column = {machine.id: column for column, machine in enumerate(facility.racks)}
    crahs = facility.of_kind("crah")
    pressure = float(psychrometrics.pressure_at(facility.place.elevation))
    halls = []
    for shell in facility.halls:
        racks = [machine for machine in facility.racks if machine.hall == shell.id]
        units = [(column, machine) for column, machine in enumerate(crahs) if machine.hall == shell.id]
        if racks:
            halls.append(_hall(facility, shell, racks, units, rack_column, pressure))
    return tuple(halls)


def _hall(
    facility: Facility,
    shell: Shell,
    racks: list[Machine],
    units: list[tuple[int, Machine]],
    rack_column: dict[str, int],
    pressure: float,
) -> HallAir:
    zones = [zone for zone in facility.zones if zone.hall == shell.id]
    number = {zone.id: index for index, zone in enumerate(zones)}
    # free-standing racks share one open zone behind the pods
    zone_of = [number.get(machine.pod or "", len(zones)) for machine in racks]
    leak = [zonal.leakage(zone.containment.aisle, shell.floor.type) for zone in zones]
    leak.append(zonal.leakage("none", shell.floor.type))
    recirculation = [
        zone.containment.leakage if zone.containment.leakage is not None else typical[1]
        for zone, typical in zip(zones, leak, strict=False)
    ] + [leak[-1][1]]
    density = float(psychrometrics.density(24.0, 0.008, pressure))
    products = [machine.product for _, machine in units]
    ratings = [product for product in products if isinstance(product, Crah)]
    return HallAir(
        shell=shell,
        rack=np.array([rack_column[machine.id] for machine in racks], np.intp),
        crah=np.array([column for column, _ in units], np.intp),
        zone=np.array(zone_of, np.intp),
        exposure=_exposure(facility, racks),
        bypass=np.array([bypass for bypass, _ in leak]),
        recirculation=np.array(recirculation),
        unit_flow=np.array([crah.air_flow * density for crah in ratings]),
        # the sheet's volume flow moved through the same ducts: pressure and power follow the density of the air
        unit_fan=np.array([crah.fan_power * pressure / psychrometrics.STANDARD_PRESSURE for crah in ratings]),
        unit_min_speed=np.array([crah.min_speed for crah in ratings]),
        unit_setpoint=np.array(
            [machine.setpoint if machine.setpoint is not None else 24.0 for _, machine in units]
        ),
        unit_coil=np.array([_coil(crah) for crah in ratings]).reshape(-1, 3),
        humidity_ratio=float(psychrometrics.humidity_ratio_from_dew_point(shell.air.dew_point, pressure)),
        pressure=pressure,
    )


def _exposure(facility: Facility, racks: list[Machine]) -> Array:
    """End positions of a row breathe more of the warm air around the row's end; the mean of a row is 1."""
    ends = {name for run in facility.runs for name in (_outer(run.machines)) if name}
    raw = np.array([END_EXPOSURE if machine.id in ends else 1.0 for machine in racks])
    rows: dict[str | None, list[int]] = {}
    for column, machine in enumerate(racks):
        rows.setdefault(machine.row, []).append(column)
    for columns in rows.values():
        raw[columns] /= raw[columns].mean()
    return raw


def _outer(machines: tuple[str, ...]) -> tuple[str, ...]:
    return (machines[0], machines[-1]) if machines else ()


def _coil(crah: Crah) -> tuple[float, float, float]:
    """Conductance of a coil from its rating point, and the rated rates of air and water. [W/K]

    A coil of many rows is close to counterflow.  A rating beyond what such a coil can do is held at an effectiveness
    of 0.98.
    """
    air = (
        crah.air_flow
        * float(psychrometrics.density(24.0, 0.008, psychrometrics.STANDARD_PRESSURE))
        * AIR_CAPACITY
    )
    fluid = FLUIDS["water"]
    water = (
        crah.flow
        * float(fluid.density(crah.entering_water))
        * float(fluid.heat_capacity(crah.entering_water))
    )
    span = crah.return_air - crah.entering_water
    duty = min(crah.capacity, 0.98 * min(air, water) * span)
    return float(exchanger.conductance_from_rating(duty, span, 0.0, (air, water))), air, water


def rack_air_flow(rack: Rack, air_heat: Array) -> Array:
    """Air a rack's fans move to hold the sheet's temperature rise. [kg/s]"""
    full = rack.power.maximum * (1.0 - rack.liquid_share) / (AIR_CAPACITY * rack.air_rise)
    return np.maximum(air_heat / (AIR_CAPACITY * rack.air_rise), MIN_RACK_AIR * full)


def door_cooling(door: RearDoor, air_flow: Array, outlet: Array, water: Array, water_share: Array) -> Array:
    """Heat a rear door takes from a rack's exhaust, never heating the air. [W]

    Parameters
    ----------
    air_flow : (S,) air of the rack, all of which goes through the door. [kg/s]
    outlet, water : (S,) air that leaves the rack, water that enters the door. [degC]
    water_share : (S,) water over that of the rating point. [-]
    """
    rates = door_coil(door)
    share = air_flow * AIR_CAPACITY / rates[1]
    most = coil_effectiveness(np.array(rates), share, water_share) * (water_share > 0.0)
    return np.maximum(most * air_flow * AIR_CAPACITY * (outlet - water), 0.0)


def door_fans(door: RearDoor, air_flow: Array, pressure: float) -> Array:
    """Power of an active door's fans, by the cube of the air they move, which is the rack's; at most full speed. [W]

    As of room air handlers, pressure and power follow the density of the air.
    """
    rated = door.air_flow * float(psychrometrics.density(24.0, 0.008, pressure))
    fans = door.fan_power * pressure / psychrometrics.STANDARD_PRESSURE
    return np.asarray(fans * np.minimum(air_flow / rated, 1.0) ** 3)


def door_coil(door: RearDoor) -> tuple[float, float, float]:
    """Conductance of a door's coil from its rating point, and the rated rates of air and water. [W/K]

    The sheet's effectiveness is that of the air; one beyond what counterflow can do with so little water is held at 0.98
    of that.
    """
    air = (
        door.air_flow
        * float(psychrometrics.density(24.0, 0.008, psychrometrics.STANDARD_PRESSURE))
        * AIR_CAPACITY
    )
    fluid = FLUIDS["water"]
    water = door.flow * float(fluid.density(DOOR_WATER)) * float(fluid.heat_capacity(DOOR_WATER))
    duty = min(
        door.effectiveness * air, 0.98 * min(air, water)
    )  # for one kelvin between the streams that enter
    return float(exchanger.conductance_from_rating(duty, 1.0, 0.0, (air, water))), air, water

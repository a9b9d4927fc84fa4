"""Machines that move heat."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from twin.model.base import Frozen
from twin.model.elements import (
    Electrical,
    Exchange,
    FlowPath,
)
from twin.model.products.sheet import ProductBase, drop_law, motor_load
from twin.units import (
    Duration,
    Fraction,
    Length,
    Mass,
    Power,
    Pressure,
    Temperature,
    TemperatureDifference,
    Voltage,
    Volume,
    VolumeFlow,
)

PLANT_KINDS = ("dry_cooler", "cooling_tower", "chiller")
"""Kinds of machine that, as sources of a loop, give its heat to the outdoors or to a condenser loop."""
NO_ROOM = 10.0
"""Load over capacity given to plant where the outdoors are warmer than its set point, or so near that more units would not
do: a sign, which is told in words and never as a number. [-]"""


class Filter(Frozen):
    """The filter of a coolant loop."""

    rating: str = ""
    """Fineness as its maker writes it, for example ``50 um``."""
    drop: Pressure = Field(gt=0)
    """Pressure drop at the unit's ``secondary_flow``, clean; it rises with the square of flow."""
    drop_max: Pressure = Field(default=1e5, gt=0)
    """Drop at which the element is changed; the default is assumed."""

    @model_validator(mode="after")
    def _clean_is_below_full(self) -> Filter:
        if self.drop >= self.drop_max:
            raise ValueError("drop must be below drop_max, or the element is full when it is new")
        return self


class Cdu(ProductBase):
    """Coolant distribution unit: pumped heat exchanger between facility water and the rack loop."""

    kind: Literal["cdu"]
    form: Literal["in_row", "end_of_row"] = "in_row"
    """Where it stands."""
    capacity: Power = Field(gt=0)
    """Heat it moves at the rating point."""
    approach: TemperatureDifference = Field(gt=0)
    """Coolant supply above facility water supply at the rating point."""
    primary_flow: VolumeFlow = Field(gt=0)
    """Facility water flow at the rating point."""
    primary_drop: Pressure = Field(gt=0)
    """Pressure drop on the facility side at ``primary_flow``."""
    secondary_flow: VolumeFlow = Field(gt=0)
    """Coolant flow at the rating point."""
    external_head: Pressure = Field(gt=0)
    """Pressure left for pipes and racks at ``secondary_flow``."""
    internal_drop: Pressure = Field(default=0.0, ge=0)
    """Pressure that exchanger, filter and valves inside take at ``secondary_flow``, falling with the square of flow; with
    0 the pumps' input follows the external pressure alone."""
    shutoff_ratio: float = Field(default=1.3, gt=1)
    """Pressure at zero flow over ``external_head``."""
    pumps: int = Field(default=2, ge=1)
    """Pumps in the unit."""
    pumps_spare: int = Field(default=1, ge=0)
    """Pumps that may fail without losing flow."""
    pump_power: Power = Field(gt=0)
    """Electrical input at the rating point, pumps and controls."""
    filter: Filter | None = None
    """Filter of the coolant, part of ``internal_drop``."""
    primary_pressure_max: Pressure = Field(default=1e6, gt=0)
    """Largest gauge pressure on the facility side; the default is assumed."""
    secondary_pressure_max: Pressure = Field(default=1e6, gt=0)
    """Largest gauge pressure on the coolant side; the default is assumed."""
    coolant_volume: Volume | None = Field(default=None, gt=0)
    """Coolant in the unit; without it assumed from ``capacity``."""
    metal: Mass | None = Field(default=None, gt=0)
    """Plates and pipes that follow the coolant's temperature; without it assumed from ``capacity``."""
    restart: Duration = Field(default=10.0, ge=0)
    """From power at its input to full flow; the default is assumed."""
    voltage: Voltage = 415.0
    """Supply voltage."""

    role: ClassVar[str] = "cooling"

    @model_validator(mode="after")
    def _rating_is_possible(self) -> Cdu:
        # the facility water must not leave warmer than the coolant enters; water's heat capacity on both sides
        rise = self.capacity / 4.1e6 * (1.0 / self.primary_flow - 1.0 / self.secondary_flow)
        if rise >= 0.98 * self.approach:
            raise ValueError(
                f"facility water would leave {rise - self.approach + 0.0:.1f} K warmer than the coolant enters, which no "
                "exchanger can do; primary_flow is too small for capacity and approach"
            )
        return self

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        yield from motor_load(self.voltage, feeds)

    def primary_path(self, density: float) -> FlowPath:
        """Facility side between ``supply`` and ``return``."""
        return drop_law(self.primary_flow * density, self.primary_drop)

    def pump_path(self, density: float) -> FlowPath:
        """Pumped coolant side; rise = head at rating point on a quadratic curve."""
        head = self.external_head * self.shutoff_ratio
        flow = self.secondary_flow * density
        return FlowPath(
            "return", "supply", pump_head=head, pump_curvature=(head - self.external_head) / flow**2
        )

    def exchange(self) -> Exchange:
        """Coolant (hot) to facility water (cold)."""
        return Exchange(self.capacity, self.approach, self.secondary_flow, self.primary_flow)


class HeatExchanger(ProductBase):
    """Plate heat exchanger between two loops, without pumps: economizers, separation of glycol, heat reuse."""

    kind: Literal["heat_exchanger"]
    capacity: Power = Field(gt=0)
    """Heat it moves at the rating point."""
    approach: TemperatureDifference = Field(gt=0)
    """Leaving warm stream above entering cold stream at the rating point."""
    primary_flow: VolumeFlow = Field(gt=0)
    """Cold stream (the side of the plant) at the rating point."""
    primary_drop: Pressure = Field(gt=0)
    """Its pressure drop."""
    secondary_flow: VolumeFlow = Field(gt=0)
    """Warm stream (the side of the load) at the rating point."""
    secondary_drop: Pressure = Field(gt=0)
    """Its pressure drop."""

    role: ClassVar[str] = "cooling"

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        yield from ()

    def primary_path(self, density: float) -> FlowPath:
        """Cold side between ``supply`` and ``return`` of the plant's loop."""
        return drop_law(self.primary_flow * density, self.primary_drop)

    def source_path(self, density: float) -> FlowPath:
        """Warm side, from ``return`` to ``supply`` of the load's loop."""
        law = drop_law(self.secondary_flow * density, self.secondary_drop)
        return FlowPath("return", "supply", law.coefficient, law.exponent)

    def exchange(self) -> Exchange:
        """Warm to cold."""
        return Exchange(self.capacity, self.approach, self.secondary_flow, self.primary_flow)


class Tank(ProductBase):
    """Stratified tank of cold fluid in a loop's supply: it carries the loop while the plant restarts."""

    kind: Literal["tank"]
    volume: Volume = Field(gt=0)
    """Fluid."""
    layers: int = Field(default=20, ge=2, le=100)
    """Layers in which it is computed."""

    role: ClassVar[str] = "cooling"

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        yield from ()


class RearDoor(ProductBase):
    """Rear-door heat exchanger: cools a rack's exhaust with water.

    It hangs on its rack (``rear_door:`` of a row) as ``RACK.door``; a loop whose sink is an air-cooled rack has its door,
    that of a liquid-cooled one is named under ``doors:`` of a loop.  Its power is fed by a whip to ``kind:rear_door``.
    """

    kind: Literal["rear_door"]
    capacity: Power = Field(gt=0)
    """Heat it removes at the rating point."""
    effectiveness: Fraction = Field(gt=0, lt=1)
    """(air in - air out) / (air in - water in) at the rating point; elsewhere it follows the flows of air and water."""
    air_flow: VolumeFlow = Field(gt=0)
    """Air flow at the rating point."""
    flow: VolumeFlow = Field(gt=0)
    """Water flow at the rating point."""
    drop: Pressure = Field(gt=0)
    """Water pressure drop at ``flow``."""
    fan_power: Power = Field(default=0.0, ge=0)
    """Fans of an active door at ``air_flow``, by the cube of the air at less; 0 for a passive one."""
    voltage: Voltage = 415.0
    """Supply voltage of an active door."""

    role: ClassVar[str] = "cooling"

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        if self.fan_power:
            yield from motor_load(self.voltage, feeds)

    def flow_path(self, density: float) -> FlowPath:
        """Water coil between ``supply`` and ``return``."""
        return drop_law(self.flow * density, self.drop)


class Crah(ProductBase):
    """Room air handler with a water coil: perimeter CRAH, fan wall or in-row cooler."""

    kind: Literal["crah"]
    form: Literal["perimeter", "fan_wall", "in_row"] = "perimeter"
    """How it is built."""
    capacity: Power = Field(gt=0)
    """Net sensible capacity at the rating point."""
    return_air: Temperature
    """Return air at the rating point."""
    entering_water: Temperature
    """Entering water at the rating point."""
    air_flow: VolumeFlow = Field(gt=0)
    """Air flow at full speed."""
    flow: VolumeFlow = Field(gt=0)
    """Water flow at the rating point."""
    drop: Pressure = Field(gt=0)
    """Water pressure drop at ``flow``."""
    fan_power: Power = Field(gt=0)
    """Fan input at full speed."""
    fan_head: tuple[Pressure, Pressure] | None = None
    """Pressure rise of the fans, less what coil and filter take, at full speed without flow and at ``air_flow``; without
    it the flow is held."""
    min_speed: Fraction = Field(default=0.4, gt=0, le=1)
    """Lowest fan speed."""
    pressure_max: Pressure = Field(default=1.6e6, gt=0)
    """Largest gauge pressure of the coil; the default (PN 16) is assumed."""
    voltage: Voltage = 415.0
    """Supply voltage."""

    role: ClassVar[str] = "cooling"

    @model_validator(mode="after")
    def _coil_is_colder_than_the_air(self) -> Crah:
        if self.entering_water >= self.return_air:
            raise ValueError("entering_water must be below return_air, or the coil cannot cool")
        return self

    @model_validator(mode="after")
    def _fan_curve_falls(self) -> Crah:
        if self.fan_head is not None and not self.fan_head[0] > self.fan_head[1] >= 0.0:
            raise ValueError("fan_head must fall from no flow to air_flow, and not below zero")
        return self

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        yield from motor_load(self.voltage, feeds)

    def flow_path(self, density: float) -> FlowPath:
        """Water coil between ``supply`` and ``return``."""
        return drop_law(self.flow * density, self.drop)


class Plant(ProductBase):
    """Fields of every machine that rejects or makes cold for a loop."""

    capacity: Power = Field(gt=0)
    """Heat taken from the loop at the rating point."""
    flow: VolumeFlow = Field(gt=0)
    """Loop flow at the rating point."""
    drop: Pressure = Field(gt=0)
    """Loop pressure drop at ``flow``."""
    pressure_max: Pressure = Field(default=1e6, gt=0)
    """Largest gauge pressure on the side of the loop; the default (PN 10) is assumed."""
    volume: Volume | None = Field(default=None, gt=0)
    """Loop fluid in the machine; without it assumed from ``capacity``."""
    restart: Duration = Field(default=10.0, ge=0)
    """From power at its input, and flow where it needs that, to the first cooling; the default is assumed."""
    run_up: Duration = Field(default=20.0, ge=0)
    """From there to full cooling; the default is assumed."""
    frost_heater: Power = Field(default=0.0, ge=0)
    """Heaters of basin, pipes or evaporator of a machine that stands still, at their full input."""
    frost_below: Temperature = 4.0
    """Outdoor air below which they begin, in proportion down to ``frost_full``; the default is assumed."""
    frost_full: Temperature = -18.0
    """Outdoor air at which they draw all of ``frost_heater``; the default is assumed."""
    voltage: Voltage = 415.0
    """Supply voltage."""

    role: ClassVar[str] = "cooling"

    @model_validator(mode="after")
    def _heaters_have_a_range(self) -> Self:
        if self.frost_full >= self.frost_below:
            raise ValueError(
                "frost_full must be colder than frost_below, or the heaters have no range to work in"
            )
        return self

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        yield from motor_load(self.voltage, feeds)

    def source_path(self, density: float) -> FlowPath:
        """The side that serves the loop, from ``return`` to ``supply``."""
        law = drop_law(self.flow * density, self.drop)
        return FlowPath("return", "supply", law.coefficient, law.exponent)


class DryCooler(Plant):
    """Fan-driven coil that rejects loop heat to outdoor air, with or without adiabatic pads."""

    kind: Literal["dry_cooler"]
    air_in: Temperature
    """Outdoor air at the rating point."""
    coolant_in: Temperature
    """Coolant entering at the rating point."""
    coolant_out: Temperature
    """Coolant leaving at the rating point."""
    air_flow: VolumeFlow = Field(gt=0)
    """Air flow at full speed, sea level."""
    fan_power: Power = Field(gt=0)
    """Fan input at full speed."""
    min_speed: Fraction = Field(default=0.1, gt=0, le=1)
    """Lowest fan speed."""
    pad_effectiveness: Fraction = Field(default=0.0, ge=0, lt=1)
    """Adiabatic pad effectiveness; 0 for none."""
    pad_above: Temperature = 25.0
    """Outdoor temperature above which the pads are wetted."""
    pad_cycles: float = Field(default=3.0, gt=1)
    """Cycles of concentration of the pads' water; the default is assumed."""
    pad_power: Power = Field(default=0.0, ge=0)
    """Pumps that wet the pads."""

    @model_validator(mode="after")
    def _rating_is_possible(self) -> DryCooler:
        if not self.air_in < self.coolant_out < self.coolant_in:
            raise ValueError("air_in < coolant_out < coolant_in must hold, or the rating point is impossible")
        return self


class Thermosyphon(Plant):
    """Pumpless refrigerant cooler in a return: rejects what it can to dry air before water is spent on the rest."""

    kind: Literal["thermosyphon"]
    air_in: Temperature
    """Outdoor air at the rating point."""
    coolant_in: Temperature
    """Coolant entering at the rating point."""
    coolant_out: Temperature
    """Coolant leaving at the rating point."""
    air_flow: VolumeFlow = Field(gt=0)
    """Air flow at full speed, sea level."""
    fan_power: Power = Field(gt=0)
    """Fan input at full speed."""
    min_speed: Fraction = Field(default=0.2, gt=0, le=1)
    """Lowest fan speed."""
    power_limit: Fraction | None = Field(default=None, gt=0)
    """Fan power that a unit of heat is worth for the water it saves; the fans turn no faster.  Without it they turn as fast
    as the set point asks."""

    @model_validator(mode="after")
    def _rating_is_possible(self) -> Thermosyphon:
        if not self.air_in < self.coolant_out < self.coolant_in:
            raise ValueError("air_in < coolant_out < coolant_in must hold, or the rating point is impossible")
        return self


class CoolingTower(Plant):
    """Evaporative tower, open or closed circuit."""

    kind: Literal["cooling_tower"]
    circuit: Literal["open", "closed"] = "open"
    """Whether the loop's fluid itself is sprayed, or passes through a sprayed coil."""
    wet_bulb: Temperature
    """Wet bulb at the rating point."""
    approach: TemperatureDifference = Field(gt=0)
    """Leaving water above wet bulb at the rating point."""
    range: TemperatureDifference = Field(gt=0)
    """Entering minus leaving water at the rating point."""
    air_flow: VolumeFlow = Field(gt=0)
    """Air flow at full speed."""
    fan_power: Power = Field(gt=0)
    """Fan input at full speed."""
    min_speed: Fraction = Field(default=0.2, gt=0, le=1)
    """Lowest fan speed."""
    cycles: float = Field(default=5.0, gt=1)
    """Cycles of concentration."""
    drift: Fraction = Field(default=0.00002, ge=0, lt=0.01)
    """Drift as a share of the water flow."""
    spray_power: Power = Field(default=0.0, ge=0)
    """Spray pump of a closed circuit."""
    dry_capacity: Power | None = Field(default=None, gt=0)
    """Heat a closed circuit rejects with the spray off, at the rating's water temperatures and in ``dry_air``."""
    dry_air: Temperature = 0.0
    """Outdoor air of ``dry_capacity``."""

    @model_validator(mode="after")
    def _closed_circuits_run_dry(self) -> CoolingTower:
        if (self.circuit == "closed") != (self.dry_capacity is not None):
            raise ValueError("a closed circuit needs dry_capacity (spray off), and an open one has none")
        if self.dry_capacity is not None and self.dry_air >= self.wet_bulb + self.approach:
            raise ValueError("dry_air must be colder than the leaving water, or nothing is rejected dry")
        return self


class Chiller(Plant):
    """Vapour-compression chiller, water- or air-cooled."""

    kind: Literal["chiller"]
    condenser: Literal["water", "air"] = "water"
    """What takes the condenser heat."""
    cop: float = Field(gt=1)
    """Cooling over electrical input at the rating point."""
    supply: Temperature
    """Leaving chilled water at the rating point."""
    condenser_entering: Temperature
    """Entering condenser water, or outdoor air, at the rating point."""
    condenser_flow: VolumeFlow = Field(default=0.0, ge=0)
    """Condenser water flow at the rating point; 0 for air-cooled."""
    condenser_drop: Pressure = Field(default=0.0, ge=0)
    """Condenser water pressure drop at ``condenser_flow``."""
    curves: Literal[
        "", "mcquay_wsc", "carrier_19xr_1407", "carrier_19xr", "york_yk", "york_yk_2771", "carrier_19ex", "trane_cgwd",
        "york_ys", "trane_rthb", "york_ycal",
    ] = ""  # fmt: skip
    """Published curve set used inside its range; empty for the Carnot-type model alone."""
    min_load: Fraction = Field(default=0.1, ge=0, lt=1)
    """Lowest part load before cycling."""
    cycling_loss: Fraction = Field(default=0.13, ge=0, lt=1)
    """Share of power lost at the shortest run while cycling; the default is that of AHRI 550/590 (as quoted)."""
    lift_loss: float | None = Field(default=None, ge=0, le=5)
    """Losses that do not shrink with the lift, over the rated lift, where ``curves`` do not reach; without it assumed 0.5,
    for an air-cooled machine 0.2.  0 is Carnot's proportion."""
    hot_capacity: Power | None = Field(default=None, gt=0)
    """Capacity at ``hot_entering`` and the rating's ``supply``: between and beyond both points it falls on a straight line
    (with ``curves``, beyond their end in that proportion).  Without it assumed: 1.05 % a kelvin in air, 1 % with water."""
    hot_entering: Temperature | None = None
    """Entering condenser water, or outdoor air, of ``hot_capacity``; warmer than at the rating point."""
    condenser_floor: Temperature | None = None
    """Coldest condenser water, or air, that the machine is given: below it a valve or the fans keep its head pressure."""
    restart: Duration = Field(default=120.0, ge=0)
    """From power and water flow to the first cooling.  The default is assumed: 2 to 3 minutes until everything cools again
    are told of usual machines, half a minute of those with a fast restart."""
    run_up: Duration = Field(default=60.0, ge=0)
    """From there to full cooling; the default is assumed."""
    economizer_approach: TemperatureDifference | None = Field(default=None, gt=0)
    """Approach of a water-side economizer in series before the evaporator, to entering condenser water; none without it.  Of
    an air-cooled machine with free-cooling coils that to outdoor air with which the coils carry ``capacity`` at ``flow``."""
    economizer_fan_power: Power | None = Field(default=None, ge=0)
    """Fans of free-cooling coils at full speed, beside what ``cop`` counts; they slow down where the coils would carry too
    much.  Without it assumed from the coils' air, 300 W per m3/s, as dry coolers."""
    economizer_drop: Pressure | None = Field(default=None, ge=0)
    """Pressure drop of the coil or exchanger on the loop's side at ``flow``; valves lead past it where it does not help.
    Without it assumed as that of the evaporator."""

    @model_validator(mode="after")
    def _hot_point_lies_below_the_rating(self) -> Chiller:
        if (self.hot_capacity is None) != (self.hot_entering is None):
            raise ValueError("hot_capacity and hot_entering are one point of the sheet: give both or neither")
        if self.hot_capacity is None or self.hot_entering is None:
            return self
        if self.hot_entering <= self.condenser_entering or self.hot_capacity > self.capacity:
            raise ValueError(
                "hot_entering must be warmer than condenser_entering, and hot_capacity no more than capacity"
            )
        return self

    @property
    def hot_slope(self) -> float | None:
        """Share of ``capacity`` lost per kelvin above the rating, by the sheet's hot point. [1/K]"""
        if self.hot_capacity is None or self.hot_entering is None:
            return None
        return (1.0 - self.hot_capacity / self.capacity) / (self.hot_entering - self.condenser_entering)

    def sink_path(self, density: float) -> FlowPath:
        """Condenser side, from ``supply`` to ``return``."""
        return drop_law(self.condenser_flow * density, self.condenser_drop)


class Pump(ProductBase):
    """Circulation pump of a loop."""

    kind: Literal["pump"]
    flow: VolumeFlow = Field(gt=0)
    """Flow at the duty point."""
    head: Pressure = Field(gt=0)
    """Pressure rise at the duty point."""
    shutoff_ratio: float = Field(default=1.25, gt=1)
    """Pressure at zero flow over ``head``."""
    efficiency: Fraction = Field(gt=0, lt=1)
    """Hydraulic efficiency at the duty point."""
    motor_efficiency: Fraction = Field(default=0.94, gt=0, lt=1)
    """Motor and drive at the duty point."""
    part_load: Literal["falls", "constant"] = "falls"
    """Whether both efficiencies fall away from the duty point, by published laws of pumps and of motors with drives, or are
    those of the duty point at any flow."""
    npsh_required: Length | None = Field(default=None, gt=0)
    """Net positive suction head at the duty point that costs 3 % of the head (NPSH3); without it estimated from the flow."""
    pressure_max: Pressure = Field(default=1.6e6, gt=0)
    """Largest gauge pressure of casing and seal; the default (PN 16) is assumed."""
    run_down: Duration | None = Field(default=None, gt=0)
    """Time in which it falls to half its speed without drive; without it from its power by a regression."""
    restart: Duration = Field(default=10.0, ge=0)
    """From power at its input to full speed; the default is assumed."""
    voltage: Voltage = 415.0
    """Supply voltage."""

    role: ClassVar[str] = "cooling"

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        yield from motor_load(self.voltage, feeds)

    def pump_path(self, density: float) -> FlowPath:
        """From suction ``return`` to discharge ``supply``."""
        head = self.head * self.shutoff_ratio
        return FlowPath(
            "return", "supply", pump_head=head, pump_curvature=(head - self.head) / (self.flow * density) ** 2
        )

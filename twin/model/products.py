"""What things are: one class per kind of product, as a data sheet tells it.

Every number of a product has a source: ``source`` covers the whole entry, ``sources`` single fields; the
word ``assumed`` marks what no document backs.  A class holds no physics; its methods only *lower*, that is
restate its fields as :mod:`twin.model.elements`.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from twin.model.base import Frozen
from twin.model.elements import (
    Box,
    Branch,
    Conversion,
    Demand,
    Electrical,
    Exchange,
    FlowPath,
    Shunt,
    Supply,
    Terminal,
)
from twin.units import (
    ApparentPower,
    Bytes,
    ComputeRate,
    Current,
    DataRate,
    Duration,
    Energy,
    Fraction,
    Length,
    LinearImpedance,
    Mass,
    Money,
    Power,
    Pressure,
    SpecificFlow,
    Temperature,
    TemperatureDifference,
    Voltage,
    VolumeFlow,
)

Points = tuple[tuple[Fraction, Fraction], ...]
SQRT3 = sqrt(3.0)


class ProductBase(Frozen):
    """Fields that every product has."""

    description: str = ""
    """What it is, in one line."""
    manufacturer: str = ""
    """Who makes it; empty for a generic entry."""
    size: tuple[Length, Length, Length] = (0.6, 1.2, 2.2)
    """Width along the row, depth, height."""
    mass: Mass = Field(default=0.0, ge=0)
    """Mass in operation, fluids included."""
    clearance: tuple[Length, Length] = (0.0, 0.0)
    """Free depth that service needs at the front and at the rear."""
    price: tuple[Money, Money] | None = None
    """Lowest and highest price seen."""
    source: str = Field(min_length=3)
    """Where the values come from: document, page or address, date; or ``assumed``."""
    sources: dict[str, str] = {}
    """Sources of single fields that differ from ``source``; a field's name to its document or ``assumed``."""

    role: ClassVar[str] = "other"

    @model_validator(mode="after")
    def _sources_name_fields(self) -> ProductBase:
        unknown = set(self.sources) - set(type(self).model_fields)
        if unknown:
            raise ValueError(f"sources names {sorted(unknown)[0]!r}, which is no field of this product")
        return self

    def source_of(self, field: str) -> str:
        """Source of one field's value."""
        return self.sources.get(field, self.source)

    def box(self) -> Box:
        """Solid and service space."""
        return Box(self.size, *self.clearance, self.mass)

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        """Restate as electrical elements; ``feeds`` names the inputs, the output terminal is ``out``."""
        return iter(())


def _drop_law(flow: float, drop: float, exponent: float = 2.0) -> FlowPath:
    return FlowPath("supply", "return", drop / flow**exponent, exponent)


def _motor_load(voltage: float, feeds: tuple[str, ...]) -> Iterator[Electrical]:
    for feed in feeds:
        yield Terminal(f"in{feed}", voltage)
    yield Demand(
        tuple(f"in{feed}" for feed in feeds), 0.95
    )  # drive with active or 12-pulse front end, assumed


class PowerShelf(ProductBase):
    """Rack power shelves: rack input to the busbar inside the rack."""

    kind: Literal["power_shelf"]
    rating: Power = Field(gt=0)
    """Output of all shelves of a rack."""
    output_voltage: Voltage = 50.0
    """Busbar voltage."""
    efficiency: Points = Field(min_length=2)
    """Points [load, efficiency]."""

    role: ClassVar[str] = "power"


class RackPower(Frozen):
    """Electrical power of a rack at its input."""

    idle: Power = Field(gt=0)
    """Powered, no work."""
    typical: Power = Field(gt=0)
    """Average of a production workload."""
    maximum: Power = Field(gt=0)
    """Highest sustained (thermal design) power."""
    peak: Power = Field(gt=0)
    """Short peak of milliseconds to seconds (EDPp)."""

    @model_validator(mode="after")
    def _ascending(self) -> RackPower:
        if not self.idle <= self.typical <= self.maximum <= self.peak:
            raise ValueError("power must ascend: idle <= typical <= maximum <= peak")
        return self


class Coolant(Frozen):
    """Liquid cooling of a rack as its data sheet states it."""

    return_temperature: Temperature | None = None
    """The sheet holds the return here, so the flow follows from the supply temperature."""
    specific_flow: SpecificFlow | None = None
    """The sheet asks for this flow per power of liquid heat, whatever the supply temperature."""
    rated_heat: Power = Field(gt=0)
    """Heat into the liquid to which the sheet's flows belong."""
    rated_flow: VolumeFlow = Field(gt=0)
    """Flow at which ``rated_drop`` was stated."""
    rated_drop: Pressure = Field(gt=0)
    """Pressure drop through the rack at ``rated_flow``."""
    drop_exponent: float = Field(default=2.0, ge=1, le=2)
    """n in drop ~ flow^n."""
    supply_min: Temperature = 2.0
    """Coldest coolant allowed."""
    supply_max: Temperature = 45.0
    """Warmest coolant allowed at full power."""
    return_max: Temperature = 65.0
    """Warmest coolant allowed to leave."""
    drop_max: Pressure = 1.5e5
    """Largest pressure drop allowed across the rack."""
    pressure_max: Pressure = 5e5
    """Largest gauge pressure allowed at the rack."""

    @model_validator(mode="after")
    def _one_law(self) -> Coolant:
        if (self.return_temperature is None) == (self.specific_flow is None):
            raise ValueError(
                "give exactly one of return_temperature and specific_flow, or the flow is not defined"
            )
        return self


class Accelerators(Frozen):
    """The processors that make the tokens."""

    name: str
    """Product name, as throughput tables call it."""
    count: int = Field(ge=1, le=10_000)
    """Packages in the rack."""
    power: Power = Field(gt=0)
    """Thermal design power of one."""
    memory: Bytes = Field(default=0.0, ge=0)
    """Memory of one."""
    bandwidth: DataRate = Field(default=0.0, ge=0)
    """Memory bandwidth of one."""
    fp4: ComputeRate = Field(default=0.0, ge=0)
    """Dense FP4 rate of one; 0 if it has none."""
    fp8: ComputeRate = Field(default=0.0, ge=0)
    """Dense FP8 rate of one."""
    bf16: ComputeRate = Field(default=0.0, ge=0)
    """Dense BF16 rate of one."""


class Rack(ProductBase):
    """A rack of IT equipment."""

    kind: Literal["rack"]
    power: RackPower
    """Electrical power at the rack's input."""
    voltage: Voltage = Field(default=415.0, gt=0)
    """Nominal input voltage (line-to-line, or pole-to-pole for DC)."""
    dc: bool = False
    """True if the rack takes direct current."""
    power_factor: float = Field(default=0.98, gt=0, le=1)
    """Input power factor at full load."""
    cords: int = Field(default=2, ge=1, le=64)
    """Input cords; the load divides over those that are live."""
    shelf: PowerShelf | None = None
    """Power shelves between the input and the rack's busbar; in a catalogue file, the name of the product."""
    liquid_share: Fraction = Field(default=0.0, ge=0, le=1)
    """Share of the heat that leaves in the liquid; the rest goes to air."""
    coolant: Coolant | None = None
    """Liquid cooling; needed if ``liquid_share`` is above 0."""
    air_rise: TemperatureDifference = Field(default=12.0, gt=0)
    """Temperature rise of the air at maximum power."""
    air_class: Literal["A1", "A2", "A3", "A4", "H1"] = "A2"
    """ASHRAE TC 9.9 class of the air inlet."""
    accelerators: Accelerators | None = None
    """Accelerators; none for storage and network racks."""
    front_to_rear: bool = True
    """Air goes in at the face and out at the back."""

    role: ClassVar[str] = "it"

    @model_validator(mode="after")
    def _liquid_needs_a_law(self) -> Rack:
        if self.liquid_share > 0 and self.coolant is None:
            raise ValueError("liquid_share above 0 needs a coolant block, or the liquid heat has no flow")
        if self.accelerators and self.accelerators.count * self.accelerators.power > self.power.peak:
            raise ValueError("accelerators draw more than the rack's peak power")
        return self

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        inputs = tuple(f"in{feed}" for feed in feeds)
        for name in inputs:
            yield Terminal(name, self.voltage, self.dc)
        if self.shelf is None:
            yield Demand(inputs, 1.0 if self.dc else self.power_factor)
            return
        yield Terminal("busbar", self.shelf.output_voltage, dc=True)
        for name in inputs:
            rating = self.shelf.rating / len(inputs)
            yield Conversion(
                name, "busbar", rating, self.shelf.efficiency, 1.0 if self.dc else self.power_factor
            )
        yield Demand(("busbar",))

    def flow_path(self, density: float) -> FlowPath:
        """Cold plates and manifolds between ``supply`` and ``return``; density in kg/m3."""
        assert self.coolant is not None
        return _drop_law(
            self.coolant.rated_flow * density, self.coolant.rated_drop, self.coolant.drop_exponent
        )


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
    shutoff_ratio: float = Field(default=1.3, gt=1)
    """Pressure at zero flow over ``external_head``."""
    pumps: int = Field(default=2, ge=1)
    """Pumps in the unit."""
    pumps_spare: int = Field(default=1, ge=0)
    """Pumps that may fail without losing flow."""
    pump_power: Power = Field(gt=0)
    """Electrical input at the rating point, pumps and controls."""
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
        yield from _motor_load(self.voltage, feeds)

    def primary_path(self, density: float) -> FlowPath:
        """Facility side between ``supply`` and ``return``."""
        return _drop_law(self.primary_flow * density, self.primary_drop)

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


class RearDoor(ProductBase):
    """Rear-door heat exchanger: cools a rack's exhaust with water."""

    kind: Literal["rear_door"]
    capacity: Power = Field(gt=0)
    """Heat it removes at the rating point."""
    effectiveness: Fraction = Field(gt=0, lt=1)
    """(air in - air out) / (air in - water in) at the rating point."""
    air_flow: VolumeFlow = Field(gt=0)
    """Air flow at the rating point."""
    flow: VolumeFlow = Field(gt=0)
    """Water flow at the rating point."""
    drop: Pressure = Field(gt=0)
    """Water pressure drop at ``flow``."""
    fan_power: Power = Field(default=0.0, ge=0)
    """Fans of an active door; 0 for a passive one."""
    voltage: Voltage = 415.0
    """Supply voltage of an active door."""

    role: ClassVar[str] = "cooling"

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        if self.fan_power:
            yield from _motor_load(self.voltage, feeds)

    def flow_path(self, density: float) -> FlowPath:
        """Water coil between ``supply`` and ``return``."""
        return _drop_law(self.flow * density, self.drop)


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
    min_speed: Fraction = Field(default=0.4, gt=0, le=1)
    """Lowest fan speed."""
    voltage: Voltage = 415.0
    """Supply voltage."""

    role: ClassVar[str] = "cooling"

    @model_validator(mode="after")
    def _coil_is_colder_than_the_air(self) -> Crah:
        if self.entering_water >= self.return_air:
            raise ValueError("entering_water must be below return_air, or the coil cannot cool")
        return self

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        yield from _motor_load(self.voltage, feeds)

    def flow_path(self, density: float) -> FlowPath:
        """Water coil between ``supply`` and ``return``."""
        return _drop_law(self.flow * density, self.drop)


class Plant(ProductBase):
    """Fields of every machine that rejects or makes cold for a loop."""

    capacity: Power = Field(gt=0)
    """Heat taken from the loop at the rating point."""
    flow: VolumeFlow = Field(gt=0)
    """Loop flow at the rating point."""
    drop: Pressure = Field(gt=0)
    """Loop pressure drop at ``flow``."""
    voltage: Voltage = 415.0
    """Supply voltage."""

    role: ClassVar[str] = "cooling"

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        yield from _motor_load(self.voltage, feeds)

    def source_path(self, density: float) -> FlowPath:
        """The side that serves the loop, from ``return`` to ``supply``."""
        law = _drop_law(self.flow * density, self.drop)
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

    @model_validator(mode="after")
    def _rating_is_possible(self) -> DryCooler:
        if not self.air_in < self.coolant_out < self.coolant_in:
            raise ValueError("air_in < coolant_out < coolant_in must hold, or the rating point is impossible")
        return self


class CoolingTower(Plant):
    """Evaporative tower, open or closed circuit."""

    kind: Literal["cooling_tower"]
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
    curves: str = ""
    """Published curve set used inside its range; empty for the Carnot-type model alone."""
    min_load: Fraction = Field(default=0.1, ge=0, lt=1)
    """Lowest part load before cycling."""
    economizer_approach: TemperatureDifference | None = Field(default=None, gt=0)
    """Approach of a water-side economizer in series before the evaporator, to entering condenser water (or outdoor
    air for an air-cooled machine with free-cooling coils); none without it."""

    def sink_path(self, density: float) -> FlowPath:
        """Condenser side, from ``supply`` to ``return``."""
        return _drop_law(self.condenser_flow * density, self.condenser_drop)


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
    """Motor and drive."""
    voltage: Voltage = 415.0
    """Supply voltage."""

    role: ClassVar[str] = "cooling"

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        yield from _motor_load(self.voltage, feeds)

    def pump_path(self, density: float) -> FlowPath:
        """From suction ``return`` to discharge ``supply``."""
        head = self.head * self.shutoff_ratio
        return FlowPath(
            "return", "supply", pump_head=head, pump_curvature=(head - self.head) / (self.flow * density) ** 2
        )


class Utility(ProductBase):
    """Connection to the grid."""

    kind: Literal["utility"]
    voltage: Voltage = Field(gt=0)
    """Line-to-line voltage at the connection."""
    capacity: ApparentPower = Field(gt=0)
    """Contracted capacity."""

    role: ClassVar[str] = "power"

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        yield Terminal("out", self.voltage)
        yield Supply("out", self.capacity)


class Generator(ProductBase):
    """Standby generator set."""

    kind: Literal["generator"]
    rating: Power = Field(gt=0)
    """Standby (continuous data-center) rating."""
    power_factor: float = Field(default=0.8, gt=0, le=1)
    """Rated power factor."""
    voltage: Voltage = 415.0
    """Output voltage."""
    start_time: Duration = Field(default=10.0, gt=0)
    """From start signal to load acceptance."""

    role: ClassVar[str] = "power"

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        yield Terminal("out", self.voltage)
        yield Supply("out", self.rating, standby=True)


class Transformer(ProductBase):
    """Two-winding power transformer."""

    kind: Literal["transformer"]
    rating: ApparentPower = Field(gt=0)
    """Nameplate rating."""
    primary: Voltage = Field(gt=0)
    """Primary voltage, line-to-line."""
    secondary: Voltage = Field(gt=0)
    """Secondary voltage, line-to-line."""
    impedance: Fraction = Field(gt=0, lt=0.5)
    """Short-circuit impedance."""
    no_load_loss: Power = Field(ge=0)
    """Core loss."""
    load_loss: Power = Field(gt=0)
    """Winding loss at rated current."""

    role: ClassVar[str] = "power"

    @model_validator(mode="after")
    def _loss_fits_the_impedance(self) -> Transformer:
        if self.load_loss / self.rating >= self.impedance:
            raise ValueError("load_loss exceeds the short-circuit impedance, which leaves no reactance")
        return self

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        base = self.secondary**2 / self.rating
        resistance = self.load_loss / self.rating
        yield Terminal("in", self.primary)
        yield Terminal("out", self.secondary)
        yield Branch(
            "in",
            "out",
            resistance * base,
            sqrt(self.impedance**2 - resistance**2) * base,
            self.rating / (SQRT3 * self.secondary),
        )
        yield Shunt("in", self.no_load_loss)


class Ups(ProductBase):
    """Double-conversion uninterruptible power supply module."""

    kind: Literal["ups"]
    rating: Power = Field(gt=0)
    """Output power of the module."""
    voltage: Voltage = 415.0
    """Input and output voltage, line-to-line."""
    efficiency: Points = Field(min_length=2)
    """Points [load, efficiency] of the evaluated mode."""
    power_factor: float = Field(default=0.99, gt=0, le=1)
    """Input power factor."""
    battery: Energy = Field(default=0.0, ge=0)
    """Usable battery energy."""

    role: ClassVar[str] = "power"

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        yield Terminal("in", self.voltage)
        yield Terminal("out", self.voltage)
        yield Conversion("in", "out", self.rating, self.efficiency, self.power_factor)


class Rectifier(ProductBase):
    """AC to DC converter: 800 VDC power sidecar or central rectifier."""

    kind: Literal["rectifier"]
    rating: Power = Field(gt=0)
    """DC output power; every input can carry it alone."""
    input_voltage: Voltage = 415.0
    """AC input, line-to-line."""
    output_voltage: Voltage = 800.0
    """DC output, pole-to-pole."""
    efficiency: Points = Field(min_length=2)
    """Points [load, efficiency]."""
    power_factor: float = Field(default=0.99, gt=0, le=1)
    """Input power factor."""
    storage: Energy = Field(default=0.0, ge=0)
    """Built-in energy storage."""

    role: ClassVar[str] = "power"

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        yield Terminal("out", self.output_voltage, dc=True)
        for feed in feeds:
            yield Terminal(f"in{feed}", self.input_voltage)
            yield Conversion(f"in{feed}", "out", self.rating, self.efficiency, self.power_factor)


class Switchgear(ProductBase):
    """Fields of machines that only pass current."""

    rating: Current = Field(gt=0)
    """Continuous current."""
    voltage: Voltage = 415.0
    """Nominal voltage, line-to-line (pole-to-pole for DC)."""

    role: ClassVar[str] = "power"

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        yield Terminal("in", self.voltage)
        yield Terminal("out", self.voltage)
        yield Branch("in", "out", rating=self.rating)


class Switchboard(Switchgear):
    """Main or distribution switchboard."""

    kind: Literal["switchboard"]


class TransferSwitch(Switchgear):
    """Static or automatic transfer switch: the first energised input feeds the output."""

    kind: Literal["transfer_switch"]
    form: Literal["sts", "ats"] = "ats"
    """Static (milliseconds) or automatic (seconds)."""
    transfer_time: Duration = Field(default=0.1, ge=0)
    """Time without power during a transfer."""

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        yield Terminal("out", self.voltage)
        for feed in feeds:
            yield Terminal(f"in{feed}", self.voltage)
            yield Branch(f"in{feed}", "out", rating=self.rating)


class Busway(Switchgear):
    """Busbar trunking along a row; racks tap off along its length."""

    kind: Literal["busway"]
    dc: bool = False
    """True for a DC busway."""
    resistance: LinearImpedance = Field(ge=0)
    """Per phase and length (per pole for DC)."""
    reactance: LinearImpedance = Field(default=0.0, ge=0)
    """Per phase and length."""

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        """Only the feed end; the tapped run depends on geometry, see :mod:`twin.networks.power`."""
        yield Terminal("in", self.voltage, self.dc)
        yield Terminal("out", self.voltage, self.dc)
        yield Branch("in", "out", rating=self.rating)


class Pdu(ProductBase):
    """Floor PDU or remote power panel (RPP), with or without a transformer."""

    kind: Literal["pdu"]
    form: Literal["pdu", "rpp"] = "rpp"
    """PDU (with transformer) or remote power panel."""
    rating: Power = Field(gt=0)
    """Continuous rating."""
    voltage: Voltage = 415.0
    """Output voltage, line-to-line."""
    input_voltage: Voltage | None = None
    """Input voltage if it differs."""
    impedance: Fraction = Field(default=0.0, ge=0, lt=0.5)
    """Short-circuit impedance of the transformer; 0 for a panel."""
    no_load_loss: Power = Field(default=0.0, ge=0)
    """Core loss."""
    load_loss: Power = Field(default=0.0, ge=0)
    """Winding loss at rated current."""

    role: ClassVar[str] = "power"

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        base = self.voltage**2 / self.rating
        resistance = self.load_loss / self.rating
        reactance = sqrt(max(self.impedance**2 - resistance**2, 0.0))
        yield Terminal("in", self.input_voltage or self.voltage)
        yield Terminal("out", self.voltage)
        yield Branch("in", "out", resistance * base, reactance * base, self.rating / (SQRT3 * self.voltage))
        if self.no_load_loss:
            yield Shunt("in", self.no_load_loss)


class Cable(ProductBase):
    """Conductor of a whip or feeder."""

    kind: Literal["cable"]
    rating: Current = Field(gt=0)
    """Ampacity."""
    resistance: LinearImpedance = Field(gt=0)
    """Per phase and length."""
    reactance: LinearImpedance = Field(default=0.0, ge=0)
    """Per phase and length."""


Product = Annotated[
    Rack
    | Cdu
    | RearDoor
    | Crah
    | DryCooler
    | CoolingTower
    | Chiller
    | Pump
    | Utility
    | Generator
    | Transformer
    | Ups
    | Rectifier
    | PowerShelf
    | Switchboard
    | TransferSwitch
    | Busway
    | Pdu
    | Cable,
    Field(discriminator="kind"),
]
"""The union of machines: a new kind is one class above and one name here."""

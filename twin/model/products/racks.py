"""Racks of IT equipment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from twin.model.base import Frozen
from twin.model.elements import (
    Conversion,
    Demand,
    Electrical,
    FlowPath,
    Terminal,
)
from twin.model.piping import LoopFluid
from twin.model.products.sheet import Points, ProductBase, drop_law
from twin.units import (
    Bytes,
    ComputeRate,
    DataRate,
    Duration,
    Energy,
    Fraction,
    Mass,
    Power,
    Pressure,
    SpecificFlow,
    Temperature,
    TemperatureDifference,
    Voltage,
    Volume,
    VolumeFlow,
)


class PowerShelf(ProductBase):
    """Rack power shelves: rack input to the busbar inside the rack."""

    kind: Literal["power_shelf"]
    rating: Power = Field(gt=0)
    """Output of all shelves of a rack."""
    output_voltage: Voltage = 50.0
    """Busbar voltage."""
    modules: int = Field(default=1, ge=1, le=1000)
    """Rectifier modules that make up the rating."""
    spare: int = Field(default=0, ge=0)
    """Modules that may fail without harm: half of them for N+N."""
    storage: Energy = Field(default=0.0, ge=0)
    """Energy storage on the busbar that smooths the load and bridges gaps."""
    storage_power: Power = Field(default=0.0, ge=0)
    """Power the storage gives or takes."""
    hold_up: Duration = Field(default=0.020, ge=0)
    """Time without input at rated load that the supplies ride through (ITI curve, 2000: 20 ms)."""

    @model_validator(mode="after")
    def _some_modules_work(self) -> PowerShelf:
        if self.spare >= self.modules:
            raise ValueError("spare must be below modules, or no module is left to carry the rack")
        return self

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
    volume: Volume | None = Field(default=None, gt=0)
    """Coolant in the rack, its manifolds and hoses; without it assumed from ``rated_heat``."""

    @model_validator(mode="after")
    def _one_law(self) -> Coolant:
        if (self.return_temperature is None) == (self.specific_flow is None):
            raise ValueError(
                "give exactly one of return_temperature and specific_flow, or the flow is not defined"
            )
        return self


class ColdPlate(Frozen):
    """Cold plates on a rack's accelerators: how warm their lids get, and how warm they may."""

    rated_power: Power = Field(gt=0)
    """Heat of one package to which ``lid_rise`` belongs."""
    rated_flow: VolumeFlow = Field(gt=0)
    """Coolant through one plate to which ``lid_rise`` belongs."""
    lid_rise: TemperatureDifference = Field(gt=0)
    """Lid (case) above the coolant that enters its plate."""
    film_share: Fraction = Field(default=0.4, gt=0, lt=1)
    """Share of ``lid_rise`` in the coolant film, which shrinks with flow; the rest is conduction and stays."""
    film_exponent: float = Field(default=0.7, gt=0, le=1.5)
    """n in film resistance ~ flow^-n."""
    rated_fluid: LoopFluid = "pg25"
    """Coolant to which ``lid_rise`` belongs; in others the film scales with their properties."""
    rated_supply: Temperature = 30.0
    """Coolant temperature to which ``lid_rise`` belongs."""
    flow_share: Fraction = Field(default=1.0, gt=0, le=1)
    """Share of the rack's coolant that goes through these plates."""
    series: int = Field(default=1, ge=1, le=64)
    """Plates one after the other in a branch; the last gets the coolant that the others heated."""
    balance: Fraction = Field(default=1.0, gt=0, le=1)
    """Flow of the branch that gets the least, over the mean."""
    metal: Mass = Field(default=0.8, gt=0)
    """Copper of a plate, and of the package as copper; the default is assumed."""
    case_max: Temperature
    """Warmest lid in operation."""
    throttle: Temperature
    """Lid at which the package slows down."""
    trip: Temperature
    """Lid at which it shuts down."""

    @model_validator(mode="after")
    def _limits_ascend(self) -> ColdPlate:
        if not self.case_max <= self.throttle <= self.trip:
            raise ValueError("lid temperatures must ascend: case_max <= throttle <= trip")
        return self


class QuickDisconnect(Frozen):
    """Couplings between a rack and the loop, strainers in them included."""

    flow_max: VolumeFlow = Field(gt=0)
    """Largest flow of the rack's couplings together."""
    pressure_max: Pressure = Field(gt=0)
    """Largest gauge pressure when coupled."""


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
    quick_disconnect: QuickDisconnect | None = None
    """Couplings to the loop; without them their rating is not checked."""
    accelerators: Accelerators | None = None
    """Accelerators; none for storage and network racks."""
    cold_plate: ColdPlate | None = None
    """Cold plates of the accelerators; without them lid temperatures are not told."""
    front_to_rear: bool = True
    """Air goes in at the face and out at the back; false: in at the left side, seen from the front, and out at the
    right."""
    airflow: Literal["front_to_rear", "side_to_side", "front_to_top"] | None = None
    """Way of the air through the rack; without it as ``front_to_rear`` says."""
    leakage: Fraction = Field(default=0.0, ge=0, lt=1)
    """Share of the exhaust that comes back to the inlets inside the rack, through missing blanking panels."""

    role: ClassVar[str] = "it"

    @model_validator(mode="after")
    def _one_air_path(self) -> Rack:
        if not self.front_to_rear and self.airflow == "front_to_rear":
            raise ValueError("front_to_rear and airflow contradict each other; leave front_to_rear away")
        return self

    @model_validator(mode="after")
    def _liquid_needs_a_law(self) -> Rack:
        if self.liquid_share > 0 and self.coolant is None:
            raise ValueError("liquid_share above 0 needs a coolant block, or the liquid heat has no flow")
        if self.accelerators and self.accelerators.count * self.accelerators.power > self.power.peak:
            raise ValueError("accelerators draw more than the rack's peak power")
        return self

    @model_validator(mode="after")
    def _plates_cool_something(self) -> Rack:
        if self.cold_plate is None:
            return self
        if self.coolant is None or self.accelerators is None:
            raise ValueError("cold_plate needs a coolant and an accelerators block, or it cools nothing")
        if self.cold_plate.series > self.accelerators.count:
            raise ValueError("cold_plate has more plates in series than the rack has accelerators")
        return self

    @property
    def air_path(self) -> Literal["front_to_rear", "side_to_side", "front_to_top"]:
        """Way of the air through the rack."""
        return self.airflow or ("front_to_rear" if self.front_to_rear else "side_to_side")

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
        return drop_law(
            self.coolant.rated_flow * density, self.coolant.rated_drop, self.coolant.drop_exponent
        )

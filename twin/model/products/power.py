"""Machines of the power tree."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from twin.model.elements import (
    Branch,
    Conversion,
    Electrical,
    Shunt,
    Supply,
    Terminal,
)
from twin.model.products.sheet import SQRT3, Points, ProductBase
from twin.units import (
    ApparentPower,
    Current,
    Duration,
    Energy,
    Fraction,
    LinearImpedance,
    Power,
    Voltage,
)

FrontEnd = Literal["active", "6-pulse", "12-pulse", "18-pulse"]

BYPASS_LOSS = 0.004
"""Loss of a static switch at rated load: two thyristors of 1.2 V on 240 V and its choke. [-] Assumed."""


class Utility(ProductBase):
    """Connection to the grid."""

    kind: Literal["utility"]
    voltage: Voltage = Field(gt=0)
    """Line-to-line voltage at the connection."""
    capacity: ApparentPower = Field(gt=0)
    """Contracted capacity."""
    fault_level: ApparentPower | None = Field(default=None, gt=0)
    """Largest three-phase short-circuit power; without it 20 times the capacity."""
    fault_level_min: ApparentPower | None = Field(default=None, gt=0)
    """Smallest three-phase short-circuit power; without it half the largest."""
    x_to_r: float = Field(default=10.0, gt=0, le=200)
    """Reactance over resistance of the grid (IEC 60909-0, 6.2: R = 0.1 X where unknown)."""
    circuits: Literal[1, 2] = 1
    """Independent lines that make the connection, for its reliability."""

    role: ClassVar[str] = "power"

    @model_validator(mode="after")
    def _fault_levels_ascend(self) -> Utility:
        if self.fault_level_min and self.fault_level and self.fault_level_min > self.fault_level:
            raise ValueError("fault_level_min exceeds fault_level")
        return self

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
    fuel: Duration = Field(default=24 * 3600.0, gt=0)
    """Running time at rated load from its own tank."""
    subtransient_reactance: Fraction = Field(default=0.12, gt=0, lt=1)
    """X''d, saturated, on the machine's own apparent power."""
    transient_reactance: Fraction = Field(default=0.20, gt=0, lt=1)
    """X'd, on the machine's own apparent power."""
    zero_reactance: Fraction = Field(default=0.04, gt=0, lt=1)
    """X0, on the machine's own apparent power."""
    inertia: Duration = Field(default=1.0, gt=0, le=20)
    """Inertia constant H: kinetic energy at rated speed over rated apparent power."""
    load_step: Fraction = Field(default=0.5, gt=0, le=1)
    """Largest share of the rating it takes up in one step."""
    performance: Literal["G1", "G2", "G3"] = "G3"
    """Performance class of ISO 8528-5."""

    role: ClassVar[str] = "power"

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        yield Terminal("out", self.voltage)
        yield Supply("out", self.rating)


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
    vector_group: Literal["Dyn11", "Dyn1", "YNyn0", "YNd11", "YNd1", "Dd0"] = "Dyn11"
    """Connection of primary and secondary; what is written ``n`` is solidly earthed."""
    tap: Fraction = Field(default=0.0, ge=-0.15, le=0.15)
    """Off-circuit tap: how far the secondary's no-load voltage is raised."""
    insulation: Literal["liquid", "dry"] = "liquid"
    """Liquid-immersed or dry type."""

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
            ratio=1.0 / (1.0 + self.tap),
        )
        yield Shunt("out", self.no_load_loss)


class Ups(ProductBase):
    """Uninterruptible power supply module.

    In double conversion it holds its output and draws output plus losses; in eco mode and on bypass the load hangs on
    the mains through the static switch, and the output follows the input.
    """

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
    mode: Literal["double_conversion", "eco", "bypass"] = "double_conversion"
    """How it runs in the normal state."""
    eco_efficiency: Fraction = Field(default=0.99, gt=0.5, le=1)
    """Efficiency at rated load in eco mode."""
    bypass_impedance: Fraction = Field(default=0.01, gt=0, lt=0.5)
    """Impedance of static switch and choke, on the rating."""
    discharge_efficiency: Fraction = Field(default=0.95, gt=0, le=1)
    """From the battery to the output."""
    overload: float = Field(default=1.10, ge=1, le=3)
    """Load over rating above which it gives up within the hour (110 % for an hour is common, as quoted)."""
    fault_current: float = Field(default=2.0, ge=0, le=10)
    """Short-circuit current of the inverter over its rated current."""
    walk_in: Duration = Field(default=10.0, ge=0, le=600)
    """Time over which the rectifier takes up the load when mains or generator return."""
    front_end: FrontEnd = "active"
    """What draws from the mains: an active front end (of 3 % distortion), or a bridge of so many pulses."""

    role: ClassVar[str] = "power"

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        yield Terminal("in", self.voltage)
        yield Terminal("out", self.voltage)
        if self.mode == "double_conversion":
            yield Conversion("in", "out", self.rating, self.efficiency, self.power_factor)
            return
        base = self.voltage**2 / self.rating
        rated = self.rating / (SQRT3 * self.voltage)
        # loss at rated load: all standby in eco mode (inverter ready, no conversion), in the thyristors on bypass
        loss = 1.0 / self.eco_efficiency - 1.0
        resistance = BYPASS_LOSS if self.mode == "bypass" else min(BYPASS_LOSS, loss)
        yield Branch("in", "out", resistance * base, self.bypass_impedance * base, rated)
        if self.mode == "eco" and loss > resistance:
            yield Shunt("out", (loss - resistance) * self.rating)


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
    discharge_efficiency: Fraction = Field(default=0.95, gt=0, le=1)
    """From the storage to the output."""
    walk_in: Duration = Field(default=10.0, ge=0, le=600)
    """Time over which it takes up the load from its storage when mains or generator return."""
    front_end: FrontEnd = "active"
    """What draws from the mains: an active front end (of 3 % distortion), or a bridge of so many pulses."""

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
    withstand: Current | None = Field(default=None, gt=0)
    """Short-circuit current it withstands (Icw, short-circuit rating); without it not checked."""
    withstand_time: Duration = Field(default=1.0, gt=0, le=5)
    """Time for which it withstands that."""
    interrupting: Current | None = Field(default=None, gt=0)
    """Symmetrical short-circuit current its breakers interrupt (Icu, AIC); without it not checked."""

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


class Bess(ProductBase):
    """Battery energy storage system that forms the grid behind a transfer switch when the mains are lost."""

    kind: Literal["bess"]
    rating: Power = Field(gt=0)
    """Output power."""
    energy: Energy = Field(gt=0)
    """Usable energy at the terminals."""
    voltage: Voltage = 415.0
    """Output voltage, line-to-line."""
    start_time: Duration = Field(default=0.1, gt=0)
    """From the loss of mains to load acceptance."""
    fault_current: float = Field(default=1.2, ge=0, le=10)
    """Short-circuit current of the inverter over its rated current."""

    role: ClassVar[str] = "power"

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        yield Terminal("out", self.voltage)
        yield Supply("out", self.rating)


class Busway(Switchgear):
    """Busbar trunking along a row; racks tap off along its length."""

    kind: Literal["busway"]
    dc: bool = False
    """True for a DC busway."""
    resistance: LinearImpedance = Field(ge=0)
    """Per phase and length (per pole for DC)."""
    reactance: LinearImpedance = Field(default=0.0, ge=0)
    """Per phase and length."""
    neutral: Fraction = Field(default=1.0, ge=0, le=2)
    """Ampacity of the neutral over that of a phase; 0 without neutral."""

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
    withstand: Current | None = Field(default=None, gt=0)
    """Short-circuit current its panel withstands (Icw, short-circuit rating); without it not checked."""
    withstand_time: Duration = Field(default=1.0, gt=0, le=5)
    """Time for which it withstands that."""
    interrupting: Current | None = Field(default=None, gt=0)
    """Symmetrical short-circuit current its breakers interrupt (Icu, AIC); without it not checked."""

    role: ClassVar[str] = "power"

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        base = self.voltage**2 / self.rating
        resistance = self.load_loss / self.rating
        reactance = sqrt(max(self.impedance**2 - resistance**2, 0.0))
        yield Terminal("in", self.input_voltage or self.voltage)
        yield Terminal("out", self.voltage)
        yield Branch("in", "out", resistance * base, reactance * base, self.rating / (SQRT3 * self.voltage))
        if self.no_load_loss:
            yield Shunt("out", self.no_load_loss)


class Cable(ProductBase):
    """Conductor of a whip or feeder."""

    kind: Literal["cable"]
    rating: Current = Field(gt=0)
    """Ampacity."""
    resistance: LinearImpedance = Field(gt=0)
    """Per phase and length."""
    reactance: LinearImpedance = Field(default=0.0, ge=0)
    """Per phase and length."""

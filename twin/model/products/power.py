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
        yield Shunt("out", self.no_load_loss)


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

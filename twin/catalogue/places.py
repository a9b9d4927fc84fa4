"""Design climates and electricity grids."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from pydantic import Field, model_validator

from twin.catalogue.entries import builtin_text, parse
from twin.model.base import Frozen
from twin.units import CarbonIntensity, EnergyPrice, Length, Temperature


class Climate(Frozen):
    """Outdoor design values of a place."""

    label: str
    """Name for people."""
    elevation: Length = Field(ge=-430, le=5500)
    """Height above sea level."""
    dry_bulb: Temperature = Field(ge=-50, le=60)
    """Dry bulb exceeded in 0.4 % of the hours of a year (35 h)."""
    wet_bulb: Temperature = Field(ge=-50, le=40)
    """Wet bulb exceeded in 0.4 % of the hours of a year: what sizes towers and pads."""
    coincident_wet_bulb: Temperature = Field(ge=-50, le=40)
    """Mean wet bulb while the dry bulb is at its design value; at or below ``wet_bulb``."""
    coincident_dry_bulb: Temperature = Field(ge=-50, le=60)
    """Mean dry bulb while the wet bulb is at its design value, of the climate's year of hours; at or below ``dry_bulb``."""
    average_dry_bulb: Temperature = Field(ge=-50, le=60)
    """Mean of the year."""
    average_wet_bulb: Temperature = Field(ge=-50, le=40)
    """Mean of the year."""
    source: str = Field(min_length=3)
    """Where the values come from."""
    zone: str = Field(default="", pattern=r"^([0-8][ABC]?)?$")
    """Climate zone of ASHRAE Standard 169 (``5A``), by which ASHRAE 90.4 sets its limits; empty if not known."""
    zone_source: str = "county table of ANSI/ASHRAE Standard 169-2013 (as quoted)"
    """Where the zone comes from."""

    @model_validator(mode="after")
    def _is_air(self) -> Climate:
        if not self.coincident_wet_bulb <= self.wet_bulb <= self.dry_bulb:
            raise ValueError("coincident_wet_bulb <= wet_bulb <= dry_bulb must hold")
        if not self.wet_bulb <= self.coincident_dry_bulb <= self.dry_bulb:
            raise ValueError("wet_bulb <= coincident_dry_bulb <= dry_bulb must hold")
        if self.average_wet_bulb > self.average_dry_bulb:
            raise ValueError("average_wet_bulb exceeds average_dry_bulb, which no air can do")
        return self


class GridRegion(Frozen):
    """Electricity of a region."""

    label: str
    """Name for people."""
    carbon_intensity: CarbonIntensity = Field(ge=0)
    """Greenhouse-gas emissions per energy, annual average, CO2-equivalent."""
    electricity_price: EnergyPrice = Field(ge=0)
    """Price to an industrial customer, annual average, before negotiated rates."""
    source: str = Field(min_length=3)
    """Where the carbon intensity comes from."""
    sources: dict[str, str] = Field(default_factory=dict)
    """Sources of single fields that differ."""

    def source_of(self, field: str) -> str:
        """Source of one field's value."""
        return self.sources.get(field, self.source)


@cache
def climates() -> Mapping[str, Climate]:
    """The built-in design climates by name."""
    data = parse(builtin_text("climates.yaml"))
    return MappingProxyType(
        {name: Climate.model_validate(entry, context={"text": True}) for name, entry in data.items()}
    )


@cache
def grids() -> Mapping[str, GridRegion]:
    """The built-in grid regions by name."""
    data = parse(builtin_text("grids.yaml"))
    return MappingProxyType(
        {name: GridRegion.model_validate(entry, context={"text": True}) for name, entry in data.items()}
    )

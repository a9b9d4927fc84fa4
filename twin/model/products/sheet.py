"""What every data sheet has, and laws that several kinds share."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from twin.model.base import Frozen
from twin.model.elements import (
    Demand,
    Electrical,
    FlowPath,
    Terminal,
)
from twin.units import (
    Duration,
    Fraction,
    Length,
    Mass,
    Money,
)

Points = tuple[tuple[Annotated[Fraction, Field(gt=0)], Annotated[Fraction, Field(gt=0, le=1)]], ...]
"""Points [load, efficiency]; at no load an efficiency says nothing about the loss."""
YEAR = 365.25 * 86_400.0
"""[s]"""


class Reliability(Frozen):
    """How often a machine fails and is taken out of service."""

    failures: float = Field(ge=0, le=1000)
    """Forced outages per year of service."""
    repair: Duration = Field(gt=0)
    """Mean time to repair."""
    maintenance: float = Field(default=0.0, ge=0, le=365)
    """Planned outages per year."""
    maintenance_time: Duration = Field(default=8 * 3600.0, gt=0)
    """Duration of a planned outage."""
    demand_failure: Fraction = Field(default=0.0, ge=0, le=1)
    """Probability of not starting (generator) or not transferring (switch) when asked to."""


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
    reliability: Reliability | None = None
    """Failures and repair of this product; without it the survey values of its class."""

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

    def electrical(self, feeds: tuple[str, ...] = ("",)) -> Iterator[Electrical]:
        """Restate as electrical elements; ``feeds`` names the inputs, the output terminal is ``out``."""
        return iter(())


def drop_law(flow: float, drop: float, exponent: float = 2.0) -> FlowPath:
    return FlowPath("supply", "return", drop / flow**exponent, exponent)


def motor_load(voltage: float, feeds: tuple[str, ...]) -> Iterator[Electrical]:
    for feed in feeds:
        yield Terminal(f"in{feed}", voltage)
    yield Demand(
        tuple(f"in{feed}" for feed in feeds), 0.95
    )  # drive with active or 12-pulse front end, assumed

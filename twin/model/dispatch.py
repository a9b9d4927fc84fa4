"""When the tanks of a loop are charged and discharged through a year."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from twin.model.base import Frozen
from twin.units import Fraction

ClockHour = Annotated[int, Field(ge=0, le=24)]


class Dispatch(Frozen):
    """Tanks of a loop that make cold at one hour for another of the day; what the climate year follows."""

    by: Literal["clock", "price", "carbon", "dry_bulb"] = "clock"
    """Fixed hours, or of every day the cheapest, cleanest or coldest hours to charge and the dearest, dirtiest or
    warmest to discharge."""
    charge: tuple[ClockHour, ClockHour] = (22, 6)
    """From and to which hour of the day the tanks are charged, local standard time; for ``by: clock``."""
    discharge: tuple[ClockHour, ClockHour] = (12, 18)
    """From and to which hour of the day the tanks are discharged; for ``by: clock``."""
    charge_hours: int = Field(default=8, ge=1, le=23)
    """Hours of every day in which the tanks are charged, where ``by`` is not the clock."""
    discharge_hours: int = Field(default=6, ge=1, le=23)
    """Hours of every day in which the tanks are discharged, where ``by`` is not the clock."""
    reserve: Fraction = Field(default=0.5, ge=0, lt=1)
    """Share of a full tank's cold that is kept for riding through a loss of cooling; the default is assumed."""

    @model_validator(mode="after")
    def _words_are_of_its_kind(self) -> Dispatch:
        other = ("charge_hours", "discharge_hours") if self.by == "clock" else ("charge", "discharge")
        ignored = [name for name in other if name in self.model_fields_set]
        if ignored:
            raise ValueError(
                f"{' and '.join(ignored)} {'says' if len(ignored) == 1 else 'say'} nothing to by: {self.by}"
            )
        return self

    @model_validator(mode="after")
    def _hours_do_not_overlap(self) -> Dispatch:
        if self.by != "clock":
            if self.charge_hours + self.discharge_hours > 24:
                raise ValueError(
                    f"charge_hours and discharge_hours are {self.charge_hours + self.discharge_hours} together, "
                    "but a day has 24"
                )
            return self
        both = clock_hours(self.charge) & clock_hours(self.discharge)
        if both:
            raise ValueError(
                f"charge and discharge both hold hour {min(both)}; a tank is either charged or discharged"
            )
        return self


def clock_hours(window: tuple[int, int]) -> frozenset[int]:
    """Hours of the day that begin within a window, which may pass midnight; equal ends are the whole day."""
    first, last = window[0] % 24, window[1] % 24
    length = (last - first) % 24 or 24
    return frozenset((first + k) % 24 for k in range(length))

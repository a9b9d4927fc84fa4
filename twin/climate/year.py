"""A climate year: 8,760 hours of outdoor air at one place.

Hour ``k`` of every array begins ``k`` hours after midnight of 1 January, local standard time; there is no 29 February.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers import psychrometrics
from twin.model.calendar import DAYS, HOURS, MONTHS

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

_ARRAYS = ("dry_bulb", "dew_point", "wet_bulb", "relative_humidity", "humidity_ratio", "pressure")

MONTH, DAY, HOUR = np.array(MONTHS), np.array(DAYS), np.arange(HOURS) % 24
"""Of every hour of a year of 365 days: month 1 .. 12, day of the month 1 .. 31, and the hour 0 .. 23 at which it begins."""
for _values in (MONTH, DAY, HOUR):
    _values.setflags(write=False)


def moment(index: int) -> str:
    """``14 July 15:00`` of hour ``index`` (0 .. 8759)."""
    return f"{DAY[index]} {MONTH_NAMES[MONTH[index] - 1]} {HOUR[index]:02d}:00"


@dataclass(frozen=True)
class WeatherYear:
    """Hourly outdoor air of one place; every array has shape (8760,) and is read-only.

    Made with :meth:`of`, which derives what a dry bulb, a dew point and a pressure say.
    """

    station: str
    """Name of the place or weather station."""
    source: str
    """Where the hours come from; says so where they are synthetic."""
    latitude: float
    """North positive. [deg]"""
    longitude: float
    """East positive. [deg]"""
    time_zone: float
    """Local standard time minus UTC. [h]"""
    elevation: float
    """Above sea level. [m]"""
    dry_bulb: Array
    """[degC]"""
    dew_point: Array
    """At or below ``dry_bulb``. [degC]"""
    wet_bulb: Array
    """Thermodynamic, at the pressure of the hour; over ice below 0 degC. [degC]"""
    relative_humidity: Array
    """0 .. 1, over ice below 0 degC. [-]"""
    humidity_ratio: Array
    """Water per dry air. [kg/kg]"""
    pressure: Array
    """Barometric, at the station. [Pa]"""
    wind_speed: Array | None = None
    """[m/s]; None where the source has gaps or none."""
    synthetic: bool = False
    """Built from monthly normals, not measured hour by hour."""
    remarks: tuple[str, ...] = ()
    """What was done to the hours while reading."""
    month: Integers = field(default_factory=lambda: MONTH)
    """1 .. 12."""
    day: Integers = field(default_factory=lambda: DAY)
    """Of the month, 1 .. 31."""
    hour: Integers = field(default_factory=lambda: HOUR)
    """At which the hour begins, 0 .. 23."""

    def __post_init__(self) -> None:
        for name in (*_ARRAYS, *(("wind_speed",) if self.wind_speed is not None else ())):
            values = np.array(getattr(self, name), float)
            if values.shape != (HOURS,):
                raise ValueError(f"{name} has shape {values.shape}, not ({HOURS},)")
            if not np.isfinite(values).all():
                raise ValueError(f"{name}[{int(np.argmin(np.isfinite(values)))}] is not a finite number")
            values.setflags(write=False)
            object.__setattr__(self, name, values)

    @classmethod
    def of(
        cls,
        station: str,
        source: str,
        place: tuple[float, float, float, float],
        air: tuple[ArrayLike, ArrayLike, ArrayLike],
        *,
        wind_speed: ArrayLike | None = None,
        synthetic: bool = False,
        remarks: tuple[str, ...] = (),
    ) -> WeatherYear:
        """A year from the three quantities that files hold.

        Parameters
        ----------
        place : latitude [deg], longitude [deg], time zone [h], elevation [m]
        air : dry bulb [degC], dew point [degC], pressure [Pa], each (8760,); a dew point above the dry bulb
            becomes the dry bulb

        Notes
        -----
        Between dry air near 0 degC an iced and a wetted bulb both satisfy the balance; the iced one is taken, as
        :func:`solvers.psychrometrics.wet_bulb` does.
        """
        dry, dew, pressure = (np.asarray(values, float) for values in air)
        dew = np.minimum(dew, dry)
        ratio = psychrometrics.humidity_ratio_from_dew_point(dew, pressure)
        wet = psychrometrics.wet_bulb(dry, ratio, pressure)
        relative = np.minimum(psychrometrics.relative_humidity(dry, ratio, pressure), 1.0)
        return cls(
            station, source, *place, dry, dew, wet, relative, ratio, pressure,
            wind_speed=None if wind_speed is None else np.asarray(wind_speed, float),
            synthetic=synthetic, remarks=remarks,
        )  # fmt: skip

    def at(self, elevation: float) -> WeatherYear:
        """The same hours at another height above the sea near by. [m]

        Temperatures and dew points stay, the pressure follows the standard atmosphere; wet bulb and humidity ratio
        are derived again.  For a site some hundred metres from its station, not for another climate.
        """
        if elevation == self.elevation:
            return self
        ratio = psychrometrics.pressure_at(elevation) / psychrometrics.pressure_at(self.elevation)
        return WeatherYear.of(
            self.station,
            self.source,
            (self.latitude, self.longitude, self.time_zone, elevation),
            (self.dry_bulb, self.dew_point, self.pressure * ratio),
            wind_speed=self.wind_speed,
            synthetic=self.synthetic,
            remarks=(*self.remarks, f"pressure moved from {self.elevation:g} m to {elevation:g} m"),
        )

    def when(self, index: int) -> str:
        """Day and hour of an hour of the year, for people: ``14 July 15:00``."""
        return moment(index)

"""A year of outdoor air, hour by hour: weather files, shipped years, design days, carbon and price.

``climate_year("chicago")`` gives the shipped hours of a climate of the catalogue, ``climate_year("site.epw")`` those
of a file.  Files are untrusted and read strictly: every mistake is told with its line and column.
"""

from twin.climate.design import DesignDay, DesignDays, degree_days, design_days, exceeded, thermal_zone
from twin.climate.reading import read_weather
from twin.climate.series import HourlySeries, read_series
from twin.climate.shipped import climate_names, climate_year
from twin.climate.year import HOURS, WeatherYear, moment

__all__ = [
    "HOURS",
    "DesignDay",
    "DesignDays",
    "HourlySeries",
    "WeatherYear",
    "climate_names",
    "climate_year",
    "degree_days",
    "design_days",
    "exceeded",
    "moment",
    "read_series",
    "read_weather",
    "thermal_zone",
]

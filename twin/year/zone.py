"""The climate zone to which a year's weather belongs."""

from __future__ import annotations

from twin.catalogue.places import climates
from twin.climate import climate_names, climate_year, thermal_zone
from twin.model.facility import Facility
from twin.results.year import Year

BY_DEGREE_DAYS = "degree-days of the weather by ANSI/ASHRAE Standard 169-2013, table A-3 (as quoted)"


def zone_of(facility: Facility, year: Year) -> tuple[str, str]:
    """Zone of ASHRAE Standard 169 and where it comes from.

    A shipped year has the zone of its climate in the catalogue.  Of another one the degree-days give the number; the
    letter (moist, dry, marine) needs rain, which weather files do not hold, and is that of the layout's climate where
    this has the same number.
    """
    known = climates()
    own = facility.place.climate
    for name in (own, *climate_names()):
        if name in known and name in climate_names():
            shipped = climate_year(name)
            if (shipped.station, shipped.source) == (year.station, year.source) and known[name].zone:
                return known[name].zone, known[name].zone_source
    number = str(thermal_zone(year["dry_bulb"]))
    if own in known and known[own].zone.startswith(number):
        return known[own].zone, f"{BY_DEGREE_DAYS}; letter of the climate {own}"
    return number, f"{BY_DEGREE_DAYS}; without rain no letter"

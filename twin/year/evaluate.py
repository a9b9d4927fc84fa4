"""A year of a facility: weather and load in, hourly series and annual figures out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solvers import psychrometrics
from twin.climate import HourlySeries, WeatherYear, climate_year, read_series
from twin.layout.mistakes import LayoutError, Mistake
from twin.model.facility import Facility
from twin.networks.facility import lower
from twin.networks.plant import Weather
from twin.results.year import HOURS, Year
from twin.year import storage
from twin.year.figures import facts
from twin.year.hours import follow
from twin.year.series import series

Array = NDArray[np.float64]


def weather_of(facility: Facility, climate: str | Path | None = None) -> WeatherYear:
    """The hours that ``--climate`` names, else those of the layout's weather file, else those of its climate.

    Raises
    ------
    LayoutError
        If there are none, or the file has mistakes.
    """
    if climate is not None:
        return climate_year(climate)
    if facility.year.weather is not None:
        return climate_year(facility.year.weather, Path(facility.file).parent)
    if facility.place.climate:
        return climate_year(facility.place.climate)
    message = "no climate is stated; write site: {climate: chicago}, year: {weather: FILE}, or give --climate"
    raise LayoutError([Mistake(facility.file, 0, 0, 0, message)])


def evaluate_year(
    facility: Facility, weather: WeatherYear | None = None, *, progress: Callable[[int], None] | None = None
) -> Year:
    """Evaluate all hours of a year.

    Parameters
    ----------
    weather : WeatherYear
        Default: :func:`weather_of` the facility.
    progress : callable
        Is told how many hours are done.

    Notes
    -----
    Every hour is a steady state: heat stored in water, metal and buildings, and what happens within the hour, are left out.
    Another height than the weather station's changes the air's pressure, not its temperatures.
    """
    air = weather or weather_of(facility)
    world = lower(facility)
    level = np.broadcast_to(
        np.asarray(facility.year.load, float), (24,) if np.ndim(facility.year.load) else ()
    )
    load = np.array(np.tile(level, HOURS // 24) if level.ndim else np.full(HOURS, float(level)))
    site, station = (float(psychrometrics.pressure_at(z)) for z in (facility.place.elevation, air.elevation))
    outdoors = Weather(air.dry_bulb, air.wet_bulb, air.pressure * (site / station))
    grid = grid_of(facility)
    blocks = follow(world, outdoors, load, progress or _untold)
    found = series(world, blocks, outdoors, load, grid)
    notes = (*air.remarks, *grid.remarks)
    if abs(facility.place.elevation - air.elevation) > 1.0:
        notes += (
            f"the site stands at {facility.place.elevation:.0f} m, the weather station at {air.elevation:.0f} m: "
            "pressures are brought to the site's height",
        )
    year = Year(
        station=air.station, source=air.source, synthetic=air.synthetic, hours=found.hours,
        loops=tuple(loop.circuit.id for loop in world.loops), supply=found.supply, setpoint=found.setpoint,
        halls=tuple(hall.shell.id for hall in world.halls), hall=found.hall,
        racks=tuple(machine.id for machine in world.racks), rack=found.rack, notes=notes,
    )  # fmt: skip
    told = facts(facility, year)
    if found.stored:
        reserve = {
            loop.circuit.id: loop.circuit.dispatch.reserve
            for loop in world.loops
            if loop.circuit.dispatch is not None
        }
        told["storage"] = storage.facts(found.stored, reserve, year["price"], year["carbon_intensity"])
        told["sentences"] = [*told["sentences"], *storage.sentences(told["storage"])]
    return replace(year, facts=told)


def _untold(done: int) -> None:
    """Nobody asks."""


def grid_of(facility: Facility) -> HourlySeries:
    """Emissions and prices by the hour; the yearly means where no file states them.

    Raises
    ------
    LayoutError
        If the file that states them has mistakes.
    """
    place = facility.place
    flat = HourlySeries("", np.full(HOURS, place.carbon_intensity), np.full(HOURS, place.electricity_price))
    if facility.year.series is None:
        return flat
    read = read_series(Path(facility.file).parent / facility.year.series)
    carbon = flat.carbon if read.carbon is None else read.carbon
    price = flat.price if read.price is None else read.price
    return HourlySeries(read.file, carbon, price, read.remarks)

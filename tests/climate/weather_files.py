"""Weather files as text, made from a climate year, for tests to read and to spoil."""

from pathlib import Path

import pytest

from twin.climate import WeatherYear

DATA = Path("shared/data/weather")


def original(name: str) -> Path:
    """A weather file of the reference data; the test is skipped where there is none."""
    for parent in Path(__file__).resolve().parents:
        if (path := parent / DATA / name).is_file():
            return path
    return pytest.skip(f"no {DATA / name} beside the repository")


def dates(year: WeatherYear):
    return zip(year.month.tolist(), year.day.tolist(), (year.hour + 1).tolist(), strict=True)


def epw_lines(year: WeatherYear) -> list[str]:
    """An EPW file; only the fields that are read have values."""
    name = year.station.split(",")[0]
    heads = [
        f"LOCATION,{name},-,USA,TMY3,725300,{year.latitude},{year.longitude},{year.time_zone},{year.elevation}",
        "DESIGN CONDITIONS,0",
        "TYPICAL/EXTREME PERIODS,0",
        "GROUND TEMPERATURES,0",
        "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0",
        "COMMENTS 1,made for a test",
        "COMMENTS 2,",
        "DATA PERIODS,1,1,Data,Sunday, 1/ 1,12/31",
    ]
    air = zip(year.dry_bulb, year.dew_point, year.relative_humidity, year.pressure, strict=True)
    return heads + [
        f"1990,{month},{day},{hour},0,?9?9,{dry:.1f},{dew:.1f},{100 * relative:.0f},{pressure:.0f}"
        + ",0" * 11 + ",3.1" + ",0" * 13
        for (month, day, hour), (dry, dew, relative, pressure) in zip(dates(year), air, strict=True)
    ]  # fmt: skip


def tmy3_lines(year: WeatherYear) -> list[str]:
    """A TMY3 file with only the columns that are read, and one that is not."""
    heads = [
        f'725300,"{year.station}",IL,{year.time_zone},{year.latitude},{year.longitude},{year.elevation:.0f}',
        "Date (MM/DD/YYYY),Time (HH:MM),GHI (W/m^2),Dry-bulb (C),Dew-point (C),Pressure (mbar),Wspd (m/s)",
    ]
    air = zip(year.dry_bulb, year.dew_point, year.pressure, strict=True)
    return heads + [
        f"{month:02d}/{day:02d}/1990,{hour:02d}:00,0,{dry:.1f},{dew:.1f},{pressure / 100:.0f},3.1"
        for (month, day, hour), (dry, dew, pressure) in zip(dates(year), air, strict=True)
    ]


def tmy2_lines(year: WeatherYear) -> list[str]:
    """A TMY2 file; places are whole minutes there."""
    head = " 94846 CHICAGO                IL  -6 N 41 59 W  87 55   201"
    air = zip(year.dry_bulb, year.dew_point, year.relative_humidity, year.pressure, strict=True)
    rows = []
    for (month, day, hour), (dry, dew, relative, pressure) in zip(dates(year), air, strict=True):
        row = f" 90{month:02d}{day:02d}{hour:02d}".ljust(67)
        row += f"{round(10 * dry):4d}A7{round(10 * dew):4d}A7{100 * relative:3.0f}A7{round(pressure / 100):4d}A7270A7 31A7"
        rows.append(row.ljust(142))
    return [head, *rows]

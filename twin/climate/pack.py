"""Make the shipped years: ``python -m twin.climate.pack chicago=FILE.epw ... --synthetic``.

``NAME=FILE`` packs the hours of a public-domain NREL file, ``--synthetic`` builds the years of ``normals.yaml``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from twin.climate.packed import write_packed
from twin.climate.reading import read_weather
from twin.climate.shipped import ENDING
from twin.climate.synthetic import all_normals, build
from twin.climate.year import WeatherYear
from twin.layout.mistakes import LayoutError

SYNTHETIC_STEP = 10
"""Rounding of the pressure of a synthetic year; files have it in mbar or in Pa. [Pa]"""
FILE_STEP = 100
"""Rounding of the pressure of NREL files, which have whole mbar. [Pa]"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Pack what is named; 0 if all went well, 2 if a file is wrong."""
    parser = argparse.ArgumentParser(prog="python -m twin.climate.pack", description=__doc__)
    parser.add_argument("sources", nargs="*", metavar="NAME=FILE", help="an NREL TMY3 or TMY2 file")
    parser.add_argument("--synthetic", nargs="*", metavar="NAME", help="build these years, or all")
    parser.add_argument("--to", type=Path, default=Path(__file__).parent / "data", metavar="FOLDER")
    options = parser.parse_args(arguments)
    try:
        for source in options.sources:
            name, _, path = source.partition("=")
            _write(from_nrel(path), name, options.to, FILE_STEP)
    except LayoutError as error:
        print(error, file=sys.stderr)
        return 2
    if options.synthetic is not None:
        for name in options.synthetic or all_normals():
            _write(build(name), name, options.to, SYNTHETIC_STEP)
    return 0


def from_nrel(path: str | Path) -> WeatherYear:
    """The year of an NREL file, with what the catalogue tells of its source."""
    year = read_weather(path)
    source = f"NREL {year.source}, typical meteorological year (public domain)"
    return replace(year, source=source)


def _write(year: WeatherYear, name: str, folder: Path, step: int) -> None:
    path = folder / (name + ENDING)
    write_packed(year, path, step)
    print(f"{path}  {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.exit(main())

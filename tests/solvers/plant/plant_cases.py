"""Weather and other data that the plant tests share; a file that is not here skips the test with a reason."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from solvers import psychrometrics

EPW_HEADER = 8
"""Lines before the hours of an EnergyPlus weather file."""


@dataclass(frozen=True)
class Weather:
    """8,760 hours."""

    dry_bulb: np.ndarray
    wet_bulb: np.ndarray
    humidity_ratio: np.ndarray
    pressure: np.ndarray


def shared(path: str) -> Path:
    """Reference data kept beside the repository; not part of it."""
    for parent in Path(__file__).resolve().parents:
        if (parent / "shared" / path).is_file():
            return parent / "shared" / path
    pytest.skip(f"reference data {path} is not here")


def weather(name: str) -> Weather:
    """An EnergyPlus weather file: dry bulb, relative humidity and pressure, columns 7, 9 and 10."""
    with shared(f"data/weather/{name}.epw").open(encoding="latin-1") as file:
        rows = list(csv.reader(file))[EPW_HEADER:]
    dry, humid, pressure = (np.array([float(row[column]) for row in rows]) for column in (6, 8, 9))
    assert len(dry) == 8760
    ratio = psychrometrics.humidity_ratio_from_relative_humidity(dry, humid / 100.0, pressure)
    return Weather(dry, psychrometrics.wet_bulb(dry, ratio, pressure), ratio, pressure)

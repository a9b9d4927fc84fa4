"""Weather and other data that the plant tests share; a file that is not here skips the test with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from twin.climate import climate_year


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
    """The shipped typical year of a place."""
    year = climate_year(name)
    return Weather(year.dry_bulb, year.wet_bulb, year.humidity_ratio, year.pressure)

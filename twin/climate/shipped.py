"""Climate years by the name of a climate of the catalogue, or of a file."""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from twin.catalogue.places import climates
from twin.climate.reading import read_weather
from twin.climate.text import refuse
from twin.climate.year import WeatherYear
from twin.layout.mistakes import did_you_mean, one_of, quote

ENDING = ".climate.gz"
"""Of a packed year in the folder ``data``."""
FILE_ENDINGS = (".epw", ".csv", ".tm2", ".tmy", ".gz", ".txt")
"""By which a text is taken for a file even where there is none of that name."""


def climate_names() -> tuple[str, ...]:
    """Climates with a shipped year."""
    found = (entry.name for entry in (files("twin.climate") / "data").iterdir())
    return tuple(sorted(name.removesuffix(ENDING) for name in found if name.endswith(ENDING)))


def climate_year(name_or_path: str | Path, base_dir: str | Path | None = None) -> WeatherYear:
    """The year of a climate of the catalogue (``chicago``), or of a weather file.

    Parameters
    ----------
    name_or_path : name of :func:`climate_names`, or a file that :func:`read_weather` reads
    base_dir : folder to which a relative path belongs, for example that of the layout; the working folder if None

    Raises
    ------
    twin.layout.mistakes.LayoutError
        If there is no such climate or file, or the file has mistakes.
    """
    text = str(name_or_path)
    if text in climate_names():
        return _shipped(text)
    path = Path(base_dir) / text if base_dir is not None else Path(text)
    if text.lower().endswith(FILE_ENDINGS) or "/" in text or "\\" in text or _exists(path):
        return read_weather(path)
    known = "has no year of hours; give a weather file" if text in climates() else "is unknown"
    near = did_you_mean(text, climate_names())
    refuse(
        "climate",
        " ".join(filter(None, (f"climate {quote(text)} {known};", near, one_of(climate_names(), 40)))),
    )


@cache
def _shipped(name: str) -> WeatherYear:
    with as_file(files("twin.climate") / "data" / (name + ENDING)) as path:
        return read_weather(path)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, or a zero byte
        return False

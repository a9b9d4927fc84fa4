"""The site's values: what the layout states, else the climate's and grid's of the catalogue, else assumed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from twin.layout.draft import Draft
from twin.layout.mistakes import quote, suggest
from twin.model.facility import Place
from twin.model.language import Outdoor

ASSUMED_OUTDOOR = Outdoor(dry_bulb=35.0, wet_bulb=24.0)
"""Warm temperate summer day. Assumed."""
ASSUMED_ELEVATION = 0.0
ASSUMED_GRID = "world"
ASSUMED_CARBON = 0.44 / 3.6e6
"""About the world's average in 2023, 0.44 kg/kWh. Assumed. [kg/J]"""
ASSUMED_PRICE = 0.08 / 3.6e6
"""Industrial price of 0.08 USD/kWh. Assumed. [USD/J]"""


def locate(draft: Draft, catalogue: Any) -> Place | None:
    """The place with all values looked up, each with its source; None, with a mistake, for an unknown name.

    The outdoor state of a climate is its 0.4 % dry bulb with the wet bulb that comes with it (ASHRAE's
    cooling design day), one state that occurs.  Towers and pads meet a higher wet bulb on cooler days: its 0.4 % wet
    bulb with the dry bulb that comes with it (the evaporation design day) goes beside it, unless the layout states the
    outdoors itself.
    """
    site = draft.layout.site
    _check_files_of_the_year(draft)
    climate = _named(draft, site.climate, catalogue.climates, "climate")
    grid = _named(draft, site.grid, catalogue.grids, "grid")
    if (site.climate and climate is None) or (site.grid and grid is None):
        return None
    values = {**_assumed(), **_of_climate(climate), **_of_grid(grid)}
    if site.outdoor is not None:
        values.pop("evaporation", None)
    stated = ("elevation", "outdoor", "electricity_price", "carbon_intensity")
    values |= {name: (getattr(site, name), "layout") for name in stated if getattr(site, name) is not None}
    values["water_price"] = (
        site.water_price,
        "layout" if "water_price" in site.model_fields_set else "assumed",
    )
    return Place(
        climate=site.climate or "",
        grid=site.grid or ASSUMED_GRID,
        sources={name: source for name, (_, source) in values.items()},
        **{name: value for name, (value, _) in values.items()},
    )


def _check_files_of_the_year(draft: Draft) -> None:
    """Complain about files of the year that do not lie in the layout's folder: a layout comes from anywhere."""
    root = os.path.realpath(os.path.dirname(draft.document.root.mark.file))
    for key in ("weather", "series"):
        written = getattr(draft.layout.year, key)
        if written is None:
            continue
        if not written.strip() or "\0" in written:
            draft.complain(("year", key), "write the relative path of a file")
        elif PurePosixPath(written).is_absolute() or PureWindowsPath(written).anchor or "\\" in written:
            draft.complain(("year", key), "write a path relative to this file, with /")
        elif os.path.commonpath((root, os.path.realpath(os.path.join(root, written)))) != root:
            draft.complain(("year", key), f"file {quote(written)} is outside the folder of the layout")


def _assumed() -> dict[str, tuple[Any, str]]:
    return {
        "elevation": (ASSUMED_ELEVATION, "assumed"),
        "outdoor": (ASSUMED_OUTDOOR, "assumed"),
        "electricity_price": (ASSUMED_PRICE, "assumed"),
        "carbon_intensity": (ASSUMED_CARBON, "assumed"),
    }


def _of_climate(climate: Any) -> dict[str, tuple[Any, str]]:
    if climate is None:
        return {}
    outdoor = Outdoor(dry_bulb=climate.dry_bulb, wet_bulb=climate.coincident_wet_bulb)
    evaporation = Outdoor(dry_bulb=climate.coincident_dry_bulb, wet_bulb=climate.wet_bulb)
    found = {"elevation": climate.elevation, "outdoor": outdoor, "evaporation": evaporation}
    return {name: (value, climate.source) for name, value in found.items()}


def _of_grid(grid: Any) -> dict[str, tuple[Any, str]]:
    names = ("electricity_price", "carbon_intensity")
    return {name: (getattr(grid, name), grid.source_of(name)) for name in names} if grid is not None else {}


def _named(draft: Draft, name: str | None, known: Mapping[str, Any], what: str) -> Any | None:
    if name is None or name in known:
        return known[name] if name is not None else None
    draft.complain(("site", what), f"unknown {what} {quote(name)}{suggest(name, sorted(known))}")
    return None

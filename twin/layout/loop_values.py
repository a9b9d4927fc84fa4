"""Numbers of a loop that contradict its fluid, its pipes or each other: found before anything is solved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twin.layout.document import Path
from twin.layout.draft import Draft
from twin.layout.mistakes import degrees_meant, quote
from twin.model.fluid_limits import FLUID_LIMITS
from twin.model.piping import Loop
from twin.units import LENGTH, PRESSURE, TEMPERATURE, format_quantity

ROUGHEST = 0.05
"""Largest roughness over inner diameter for which friction in pipes is known: the end of the diagram by Moody,
Trans. ASME 66 (1944) 671-684. [-]"""


def check_values(draft: Draft, loop: Loop, path: Path) -> None:
    """Note every number of a loop that cannot be."""
    for place, value in _temperatures(loop, path):
        _check_temperature(draft, loop.fluid, place, value)
    _check_roughness(draft, loop, path)
    if loop.expansion is not None and loop.expansion.relief <= loop.static_pressure:
        opens, held = (
            format_quantity(p, PRESSURE, digits=6) for p in (loop.expansion.relief, loop.static_pressure)
        )
        draft.complain(
            (*path, "expansion", "relief"),
            f"the relief valve opens at {opens}, but the vessel holds {held} when cold (static_pressure:); it would never "
            "shut",
        )
    users: set[str] = set()
    for index, user in enumerate(loop.reuse):
        if user.id in users:
            draft.complain(
                (*path, "reuse", index, "id"),
                f"{quote(user.id)} is a user of this loop's heat already; ids are given once",
            )
        users.add(user.id)


def _temperatures(loop: Loop, path: Path) -> Iterator[tuple[Path, float]]:
    """Every temperature that the fluid of a loop is to have, with its place."""
    yield (*path, "supply"), loop.supply
    for index, (_, supply) in enumerate(loop.reset.points if loop.reset is not None else ()):
        yield (*path, "reset", "points", index, 1), supply
    for index, user in enumerate(loop.reuse):
        yield (*path, "reuse", index, "temperature"), user.temperature


def _check_temperature(draft: Draft, fluid: str, path: Path, value: float) -> None:
    liquid = FLUID_LIMITS[fluid]
    if liquid.freezes <= value <= liquid.warmest:
        return
    shown = format_quantity(value, TEMPERATURE, digits=6)
    draft.complain(
        path,
        f"{shown} is outside the range of {liquid.name}, which is liquid from {liquid.freezes:g} to "
        f"{liquid.warmest:g} degC{degrees_meant(_written(draft, path))}",
    )


def _written(draft: Draft, path: Path) -> Any:
    """What stands at a place of the layout."""
    value = draft.document.data
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _check_roughness(draft: Draft, loop: Loop, path: Path) -> None:
    """Against the diameters that the layout states; those of tables are far above what ``roughness`` may be."""
    stated = {key: d for key in ("header", "branch") if (d := getattr(loop, key)) is not None}
    if loop.roughness is None or not stated:
        return
    key = min(stated, key=lambda name: stated[name])
    if loop.roughness > ROUGHEST * stated[key]:
        rough, wide = (format_quantity(v, LENGTH, digits=6) for v in (loop.roughness, stated[key]))
        draft.complain(
            (*path, "roughness"),
            f"{rough} is more than {ROUGHEST:.0%} of the {wide} of {key}:, where the friction of pipes is not known; "
            "steel has 0.045 mm, very rusty steel 3 mm",
        )

"""The losses of cooling that are drawn, thing by thing in time: what a viewer's slider moves through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from twin.results.histories import History
from twin.results.year import Series
from twin.studies import cooling_loss_tables as tables
from twin.studies.cooling_loss_run import TIMES, Followed

Array = NDArray[np.float64]

FIGURES = {
    "lid": Series("Warmest lid", "temperature"),
    "supply": Series("Warmest coolant supply", "temperature"),
    "air": Series("Warmest supply air", "temperature"),
}
_LIMITS = {"lid": ("case", "throttle", "trip"), "supply": ("supply",), "air": ("air",)}
_WORDS = {
    "case": "limit of lids", "throttle": "racks throttle", "trip": "racks shut down", "supply": "warmest allowed",
    "air": "warmest allowed",
}  # fmt: skip
_HAPPENS = {
    "supply": "first coolant supply warmer than its racks allow",
    "case": "first lid at its limit",
    "throttle": "first rack throttles",
    "trip": "first rack shuts down",
}


def histories(found: Followed, rows: Iterable[int]) -> tuple[History, ...]:
    """One for each event."""
    return tuple(_history(found, row) for row in rows)


def _history(found: Followed, row: int) -> History:
    event, limits = found.events[row], tables.limits(found)
    ids, values = _things(found, row)
    return History(
        name=f"loss:{event.name}",
        label=f"Loss of {event.words}",
        times=TIMES.copy(),
        ids=ids,
        values=values,
        series={name: FIGURES[name] for name in found.series[row]},
        lines=dict(found.series[row]),
        limits={
            name: tuple((limits[limit], _WORDS[limit]) for limit in _LIMITS[name] if limit in limits)
            for name in found.series[row]
        },
        moments=tuple(sorted(_moments(found, row))),
    )


def _things(found: Followed, row: int) -> tuple[dict[str, tuple[str, ...]], dict[str, Array]]:
    """Lids and returns of racks, supplies of loops, and supply air of air handlers; what is not touched keeps its value."""
    before, world = found.before, found.before.world
    racks = len(world.racks)
    lid, back = np.full((TIMES.size, racks), np.nan), np.full((TIMES.size, racks), np.nan)
    for group in before.rack_groups:
        back[:, group.racks] = group.outlet
        if group.plate_conductance is not None:
            lid[:, group.racks] = group.lid
    supply = np.tile(np.array(before.supply, float), (TIMES.size, 1))
    air = np.full((TIMES.size, len(world.halls)), np.nan)
    for piece, trace in found.traces[row]:
        wet = trace.rack >= 0
        columns, places = piece.racks[wet], trace.rack[wet]
        back[:, columns] = trace.coolant[:, places]
        lid[:, columns] = np.where(np.isnan(lid[:, columns]), np.nan, trace.lid[:, places])
        supply[:, list(piece.loops)] = trace.supply
        air[:, list(piece.halls)] = trace.air
    dark = found.dark[row]
    lid[:, dark] = back[:, dark] = np.nan
    crahs = world.facility.of_kind("crah")
    cooled = {unit: hall for hall in range(len(world.halls)) for unit in world.halls[hall].crah}
    ids = {
        "rack.case_temperature": tuple(rack.id for rack in world.racks),
        "rack.liquid_return": tuple(rack.id for rack in world.racks),
        "loop.supply": tuple(loop.circuit.id for loop in world.loops),
        "crah.supply": tuple(crahs[unit].id for unit in cooled),
    }
    values = {
        "rack.case_temperature": lid,
        "rack.liquid_return": back,
        "loop.supply": supply,
        "crah.supply": air[:, list(cooled.values())],
    }
    known = [name for name, array in values.items() if np.isfinite(array).any()]
    return {name: ids[name] for name in known}, {name: values[name] for name in known}


def _moments(found: Followed, row: int) -> Iterator[tuple[float, str]]:
    for name, words in _HAPPENS.items():
        first = float(found.time[name][row].min(initial=np.inf))
        if np.isfinite(first):
            yield first, words
    if found.restart[row] > 0.0:
        yield float(found.restart[row]), "all that comes back cools again"

"""What became of racks and loops after every loss, as tables and as lists of plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.model.products import PLANT_KINDS
from twin.networks.facility import rack_product
from twin.results.results import Table
from twin.studies.continuity import ENDLESS
from twin.studies.cooling_loss_events import PIPE, POWER, SINGLE, UTILITY, WHOLE, Event
from twin.studies.cooling_loss_run import TIMES, Followed

Array = NDArray[np.float64]

TOLD = ("supply", "case", "inlet", "throttle", "trip")
FLOWLESS = "pumps:"
"""Names of losses that leave a loop without flow begin so."""


def bounded(time: Array) -> Array:
    """Times with :data:`ENDLESS` for never."""
    return np.minimum(time, ENDLESS)


def loss_table(found: Followed) -> Table:
    """Every loss: shortest times, warmest temperatures, and the times within which cooling has to be back."""
    ids = tuple(event.name for event in found.events)
    shortest = {name: found.time[name].min(axis=1, initial=np.inf) for name in TOLD}
    returns = np.array([event.returns for event in found.events])
    values = {f"time_{name}": bounded(time) for name, time in shortest.items()}
    for name in ("throttle", "trip"):
        values[f"ride_{name}"] = bounded(_ride(found, name))
        values[f"racks_{name}"] = np.isfinite(found.time[name]).sum(axis=1).astype(float)
    return Table(
        ids,
        values
        | {
            "restart": found.restart,
            "storage": np.array([_stored(found, event) for event in found.events]),
            "returns": returns.astype(float),
            "peak_lid": np.maximum(found.lid.max(axis=1, initial=-np.inf), 0.0),
            "peak_supply": _warmest_supply(found),
            "peak_air": np.maximum(found.air, 0.0),
            "racks_dark": found.dark.sum(axis=1).astype(float),
            "rests": found.rests.astype(float),
            "followed": found.ok.astype(float),
            "single": np.array([event.kind == SINGLE for event in found.events], float),
            "piece": np.array([event.kind == PIPE for event in found.events], float),
            "power": np.array([event.kind == POWER for event in found.events], float),
            "utility": np.array([event.kind == UTILITY for event in found.events], float),
            "flowless": np.array([event.kind == WHOLE and event.name.startswith(FLOWLESS) for event in found.events], float),
        },
    )  # fmt: skip


def _ride(found: Followed, name: str) -> Array:
    """Longest time, of those tried, after which everything may be back before a rack throttles or trips.

    Where one does although everything is back as planned, the moment at which that happens, and in any case less than
    the restart takes.
    """
    borne = found.borne[name]
    late = np.minimum(found.time[name].min(axis=1, initial=np.inf), 0.99 * found.restart)
    return np.where(borne >= 0.0, found.restart + borne, late)


def _stored(found: Followed, event: Event) -> float:
    """Shortest time in which the flow of a loop passes all that its tanks hold, of loops with tanks and all of whose plant
    is without power; 0 without any. [s]"""
    before, times = found.before, []
    for number, loop in enumerate(before.world.loops):
        plant = [n for n in loop.circuit.sources if before.world.facility.by_id[n].kind in PLANT_KINDS]
        rate = before.flows.before[number].total * loop.capacity
        if loop.circuit.tanks and plant and rate > 0.0 and all(name in event.away for name in plant):
            times.append(before.masses[number].tank / rate)
    return min(times, default=0.0)


def _warmest_supply(found: Followed) -> Array:
    """(E,) over the loops that cool racks."""
    loops = sorted({group.loop for group in found.before.rack_groups})
    return found.supply[:, loops].max(axis=1, initial=0.0)


def rack_table(found: Followed) -> Table:
    """Every rack: shortest times after the loss of one machine, of flow and of the utility."""
    world = found.before.world
    kinds = {
        "single": [event.kind == SINGLE for event in found.events],
        "flowless": [event.kind == WHOLE and event.name.startswith(FLOWLESS) for event in found.events],
        "utility": [event.kind == UTILITY for event in found.events],
    }
    values: dict[str, Array] = {}
    for kind, chosen in kinds.items():
        rows = np.array(chosen, bool)
        for name in ("throttle", "trip") if kind != "flowless" else ("case", "throttle", "trip"):
            first = _spread(found, found.time[name][rows].min(axis=0, initial=np.inf), kind)
            values[f"{kind}_{name}"] = bounded(first)
        warmest = -_spread(found, -found.lid[rows].max(axis=0, initial=-np.inf), kind)
        values[f"{kind}_lid"] = np.maximum(warmest, 0.0)
    limits = [rack_product(rack).cold_plate for rack in world.racks]
    values["case_max"] = np.array([sheet.case_max if sheet else 0.0 for sheet in limits])
    return Table(tuple(rack.id for rack in world.racks), values)


def _spread(found: Followed, least: Array, kind: str) -> Array:
    """Losses that are alike were followed once: racks in like places share the smallest; all have the utility's."""
    values = least.copy()
    for columns in found.alike if kind != "utility" else ():
        values[columns] = values[columns].min(axis=0)
    return values


def listed(found: Followed) -> list[dict[str, Any]]:
    """Every loss with the racks that something happens to, those that fare alike together; only plain values."""
    return [
        {
            "name": event.name, "what": event.words, "kind": event.kind, "like": list(event.like),
            "restart": float(found.restart[row]), "rests": bool(found.rests[row]),
            "racks": _alike(found, row),
        }
        for row, event in enumerate(found.events)
    ]  # fmt: skip


def _alike(found: Followed, row: int) -> list[dict[str, Any]]:
    racks = found.before.world.racks
    times = np.stack([np.round(found.time[name][row], 1) for name in TOLD], axis=1)
    some = np.flatnonzero(np.isfinite(times).any(axis=1))
    keys = np.column_stack([times[some], np.round(np.maximum(found.lid[row, some], 0.0), 1)])
    groups: dict[tuple[float, ...], list[str]] = {}
    for column, key in zip(some.tolist(), keys.tolist(), strict=True):
        groups.setdefault(tuple(key), []).append(racks[column].id)
    return [
        {name: time for name, time in zip(TOLD, key[:-1], strict=True) if np.isfinite(time)}
        | {"peak_lid": key[-1], "names": names}
        for key, names in groups.items()
    ]


def drawn(found: Followed, rows: list[int]) -> list[Mapping[str, Any]]:
    """Temperatures in time of some losses: warmest lid, supply and supply air. [degC]"""
    return [
        {
            "name": found.events[row].name,
            "what": found.events[row].words,
            "restart": float(found.restart[row]),
        }
        | {name: np.round(line, 2).tolist() for name, line in found.series[row].items()}
        for row in rows
    ]


def limits(found: Followed) -> dict[str, float]:
    """Lowest limits over all racks that are followed: lid, supply and supply air. [degC]"""
    before, world = found.before, found.before.world
    sheets = [rack_product(world.racks[group.racks[0]]).cold_plate for group in before.rack_groups]
    known = [sheet for sheet in sheets if sheet is not None]
    told = {
        "case": min((sheet.case_max for sheet in known), default=np.inf),
        "throttle": min((sheet.throttle for sheet in known), default=np.inf),
        "trip": min((sheet.trip for sheet in known), default=np.inf),
        "supply": min(before.supply_limit, default=np.inf),
        "air": min((room.limit for room in before.rooms if room.rate > 0.0), default=np.inf),
    }
    return {name: float(value) for name, value in told.items() if np.isfinite(value)}


def moments() -> list[float]:
    """Times of :func:`drawn`. [s]"""
    return [float(time) for time in TIMES]

"""Loss of cooling in time: how long to limits, throttling and trips, rack by rack, and does the restart come in time?

Flows are quasi-steady: those of the normal state and those that the loops settle to after the loss, with the run-down and
run-up of pumps between them.  Heat is in lumps; what they leave out is told in ``THEORY_cooling_loss.md`` beside this
file, and at the constants of :mod:`twin.networks.thermal_mass`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from twin.networks.facility import Lowered
from twin.results.histories import History
from twin.results.results import Table
from twin.studies import cooling_loss_tables as tables
from twin.studies.basis import Basis
from twin.studies.cooling_loss_events import POWER, SINGLE, SWITCH, UTILITY, WHOLE, Event
from twin.studies.cooling_loss_histories import histories
from twin.studies.cooling_loss_run import DELAYS, HORIZON, Followed, follow

DRAWN = 4
"""Losses whose temperatures are drawn."""
EXAMPLES = 3
"""Names that a sentence lists."""
HAPPENS = (
    ("supply", "get coolant warmer than their sheet allows"),
    ("case", "pass the limit of their lids"),
    ("throttle", "throttle"),
    ("trip", "shut down"),
)
"""What happens to racks, in words.  They throttle by lids and inlet air, which they measure.  Warmer coolant than a sheet
allows at full power makes no rack throttle by itself; the solved states ask what racks may draw for good, and curtail it."""


def cooling_loss(basis: Basis) -> tuple[dict[str, Table], dict[str, Any], tuple[History, ...]]:
    """Follow the loss of every cooling machine, pump, plant and piece of pipe, and of power, in time.

    Returns
    -------
    Tables ``cooling_loss`` (every loss) and ``rack_loss`` (every rack), and the answer in words and numbers: all losses with
    the racks that something happens to, temperatures of the worst; and the worst thing by thing.
    """
    if not basis.world.loops:
        return (
            {},
            {"sentences": ["there is no liquid loop, so the loss of cooling is not followed in time"]},
            (),
        )
    if basis.state is None:
        unknown = "the flows of the normal state are not at hand, so the loss of cooling is not followed"
        return {}, {"sentences": [unknown]}, ()
    found = follow(basis)
    worst = _worst(found)
    made = {
        "cooling_loss": tables.loss_table(found),
        "rack_loss": tables.rack_table(found),
    }
    facts: dict[str, Any] = {
        "losses": tables.listed(found),
        "horizon": found.horizon,
        "energy_error": float(found.energy_error.max(initial=0.0)),
        "limits": tables.limits(found),
        "times": tables.moments(),
        "drawn": tables.drawn(found, worst),
        "sentences": list(_sentences(found, made["cooling_loss"])),
    }
    return {name: table for name, table in made.items() if table.ids}, facts, histories(found, worst)


def _worst(found: Followed) -> list[int]:
    """The utility, one machine and one switch if they harm racks, then flow, plant and air lost as a whole."""
    harmed = np.isfinite(found.time["throttle"].min(axis=1, initial=np.inf))
    events = list(enumerate(found.events))
    chosen = [row for row, event in events if event.kind == UTILITY]
    for rows in (
        [row for row, event in events if event.kind == SINGLE and harmed[row]],
        [row for row, event in events if event.kind in (SWITCH, POWER) and harmed[row]],
        [
            row
            for row, event in events
            if event.name.startswith(tables.FLOWLESS) and "lid" in found.series[row]
        ],
        [row for row, event in events if event.name.startswith("plant:") and "lid" in found.series[row]],
        [row for row, event in events if event.name.startswith("crahs:")],
        [row for row, event in events if event.name.startswith("plant:")],
    ):
        chosen += [row for row in _tightest(found, rows) if row not in chosen and found.series[row]]
    return chosen[:DRAWN]


def _sentences(found: Followed, table: Table) -> Iterator[str]:
    rows = {
        kind: [k for k, e in enumerate(found.events) if e.kind == kind] for kind in (UTILITY, SINGLE, WHOLE)
    }
    for row in rows[UTILITY]:
        yield f"loss of the utility: {_running(found.before.world, found.events[row])}; {_outcome(found, row)}"
        yield from _slack(found, row)
    for row in _tightest(found, [k for k, e in enumerate(found.events) if e.kind in (SWITCH, POWER)]):
        event = found.events[row]
        yield f"loss of {event.words}: {_counted(len(event.away))}; {_outcome(found, row)}"
    if rows[SINGLE]:
        yield _of_singles(found, rows[SINGLE])
    for row in _tightest(found, [k for k in rows[WHOLE] if table["flowless"][k] > 0.5]):
        yield f"coolant that stands still, the first after the loss of {found.events[row].words}: {_outcome(found, row)}"
    for row in _tightest(found, [k for k in rows[WHOLE] if found.events[k].name.startswith("plant:")]):
        yield f"loss of {found.events[row].words}: {_outcome(found, row)}"
    if not found.ok.all():
        names = [found.events[k].name for k in np.flatnonzero(~found.ok)]
        yield f"{len(names)} losses could not be followed to their end: {_some(names)}"


def _tightest(found: Followed, rows: list[int]) -> list[int]:
    """The one of some losses after which racks trip, or throttle, first."""

    def order(row: int) -> tuple[float, float, float]:
        trip, throttle = (float(found.time[name][row].min(initial=np.inf)) for name in ("trip", "throttle"))
        return trip, throttle, -float(found.lid[row].max(initial=0.0))

    return sorted(rows, key=order)[:1]


def _counted(stopped: int) -> str:
    return "one cooling machine stops" if stopped == 1 else f"{stopped} cooling machines stop"


def _running(world: Lowered, event: Event) -> str:
    """Which loops keep their flow, and when the last machine of each kind has power again."""
    if not event.away:
        return "every cooling machine runs on"
    kept = [
        loop.circuit.id
        for loop in world.loops
        if not any(name in event.away for name in (loop.circuit.pumps or loop.circuit.sources))
    ]
    words = f"pumps of {_some(kept)} run on" if kept else "all pumps stop"
    kinds: dict[str, float] = {}
    for name, time in event.away.items():
        kind = world.facility.by_id[name].kind
        kinds[kind] = max(kinds.get(kind, 0.0), time)
    for time in sorted(set(kinds.values())):
        names = " and ".join(_plural(kind) for kind, when in kinds.items() if when == time)
        words += (
            f", {names} have power again after {time:.0f} s"
            if np.isfinite(time)
            else f", {names} stay without"
        )
    return words


def _plural(kind: str) -> str:
    word = {"cdu": "CDU", "crah": "air handler"}.get(kind, kind.replace("_", " "))
    return f"{word}s"


def _outcome(found: Followed, row: int) -> str:
    """Warmest temperatures, and when racks throttle and trip."""
    words, limits = [], tables.limits(found)
    lid = float(found.lid[row].max(initial=-np.inf))
    known = [group for group in found.before.rack_groups if group.plate_conductance is not None]
    if known and "case" in limits:
        words.append(f"the warmest lid reaches {lid:.0f} of {limits['case']:.0f} degC")
    elif lid > 0.0:
        words.append(f"the warmest return reaches {lid:.0f} degC")
    if found.air[row] > 0.0 and "air" in limits:
        words.append(f"supply air {found.air[row]:.0f} of {limits['air']:.0f} degC")
    dark = int(found.dark[row].sum())
    if dark:
        words.append(f"{dark} racks lose power")
    happens = []
    for name, verb in HAPPENS:
        times = found.time[name][row]
        count = int(np.isfinite(times).sum())
        if count:
            happens.append(f"{count} racks {verb}, the first after {times.min():.0f} s")
    if not np.isfinite(found.time["throttle"][row]).any():
        happens.append("no rack throttles" if not dark else "no other throttles")
    words.append("; ".join(happens))
    if not found.rests[row]:
        words.append(f"temperatures still rise after {found.horizon / 60.0:.0f} min")
    return ", ".join(words)


def _slack(found: Followed, row: int) -> Iterator[str]:
    """How much later everything may come back."""
    if not found.events[row].returns:
        return
    said = []
    for name, verb in (("throttle", "throttles"), ("trip", "shuts down")):
        late = float(found.borne[name][row])
        if 0.0 <= late < np.inf:
            slack = f"up to {late:.0f} s" if late > 0.0 else f"less than {DELAYS[0]:.0f} s"
            said.append(f"{slack} later before a rack {verb}")
    if said:
        yield (
            f"after the loss of the utility everything cools again after {found.restart[row]:.0f} s; it may be "
            + ", ".join(said)
        )


def _of_singles(found: Followed, rows: list[int]) -> str:
    count = sum(1 + len(found.events[row].like) for row in rows)
    harmed = [row for row in rows if np.isfinite(found.time["throttle"][row]).any()]
    worst = _tightest(found, rows)[0]
    if not harmed:
        head = (
            f"none of {count} cooling machines, lost alone, makes lids or inlet air throttle a rack within "
            f"{HORIZON / 60.0:.0f} min"
        )
    else:
        like = sum(1 + len(found.events[row].like) for row in harmed)
        head = f"{like} of {count} cooling machines make racks throttle when lost alone"
    warm = sum(1 + len(found.events[row].like) for row in rows if _stays_warm(found, row))
    if warm:
        head += (
            f"; after {warm} of them coolant stays warmer than the sheets of racks allow at full power, "
            "which the solved states answer by drawing less"
        )
    return f"{head}; the tightest is {found.events[worst].words}: {_outcome(found, worst)}"


def _stays_warm(found: Followed, row: int) -> bool:
    """Whether a loop of racks ends above the supply that all of them allow, having begun below."""
    limit = np.array(found.before.supply_limit)
    return bool((np.isfinite(limit) & (found.end_supply[row] > limit)).any())


def _some(names: list[str]) -> str:
    """The first of some names."""
    shown = ", ".join(names[:EXAMPLES])
    return f"{shown} and {len(names) - EXAMPLES} more" if len(names) > EXAMPLES else shown

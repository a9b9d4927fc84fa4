"""Rules of the power tree that need no solve: who is fed by what, and at which voltage."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from twin.checks.places import feed_name
from twin.checks.rules import Assessment, Severity, check
from twin.checks.workload import power
from twin.model.elements import Terminal
from twin.model.facility import Facility, Feed, Machine

VOLTAGE_MATCH = 0.10
"""Deviation of nominal voltages of one level: 400 V and 415 V are one, 415 V and 480 V are not."""
SOURCES = ("utility", "generator", "bess")


@check("PWR-012", "Every machine that needs power has a feed", standard="consistency", stage="placement")
def fed(facility: Facility) -> Iterator[Assessment]:
    """An error for racks, a warning for cooling (taken as supplied); silent without any power tree."""
    if not facility.feeds:
        return
    have = {feed.to for feed in facility.feeds}
    racks = facility.racks
    cooling = tuple(
        m for m in facility.by_id.values() if m.product.role == "cooling" and any(m.product.electrical())
    )
    yield from _flags(racks, have, "has no feed")
    yield from _flags(cooling, have, "has no feed and is taken as supplied", severity="warning")


def _flags(
    machines: tuple[Machine, ...], good: set[str], what: str, *, severity: Severity = "error"
) -> Iterator[Assessment]:
    if machines:
        values = np.array([float(machine.id in good) for machine in machines])
        ids = tuple(machine.id for machine in machines)
        yield Assessment(ids, values, 1.0, "min", "flag", what, severity=severity)


@check(
    "PWR-013",
    "Feeds join equal voltages",
    standard="IEC 60038",
    clause="one voltage level: within 10 %",
    stage="placement",
)
def voltages_match(facility: Facility) -> Iterator[Assessment]:
    """Nominal output of the source against nominal input of the load; AC to AC, DC to DC."""
    names, values, phrases, mixed = [], [], [], []
    for feed, source, out, load in _joints(facility):
        levels = [out.voltage] if feed.poles > 1 else [out.voltage, out.voltage / np.sqrt(3.0)]
        names.append(feed_name(feed))
        values.append(min(abs(level / load.voltage - 1.0) for level in levels))
        phrases.append(
            f"deviation of the {out.voltage:g} V of {source.id} from the {load.voltage:g} V of the input"
        )
        both_sure = not {source.kind, facility.by_id[feed.to].kind} & {"switchboard", "transfer_switch"}
        mixed.append(float(both_sure and out.dc != load.dc))
    if names:
        what = tuple(phrases)
        yield Assessment(tuple(names), np.array(values), VOLTAGE_MATCH, "max", "fraction", what)
        yield Assessment(tuple(names), np.array(mixed), 0.0, "max", "flag", "joins AC and DC")


def _joints(facility: Facility) -> Iterator[tuple[Feed, Machine, Terminal, Terminal]]:
    """Every feed with each of its sources, the source's output and the load's input."""
    letters: dict[str, list[str]] = {}
    for feed in facility.feeds:
        letters.setdefault(feed.to, []).append(feed.terminal.removeprefix("in"))
    # machines share the sheet of their product; the name of a type is no key: data written in place have none of their own
    sheet = {id(machine.product): machine for machine in facility.by_id.values()}
    terminals = cache(lambda product, sides, name: _terminal(sheet[product], sides, name))
    for feed in facility.feeds:
        load = terminals(id(facility.by_id[feed.to].product), tuple(letters[feed.to]), feed.terminal)
        for name in feed.sources:
            source = facility.by_id[name]
            out = terminals(id(source.product), ("",), "out")
            if out is not None and load is not None:
                yield feed, source, out, load


def _terminal(machine: Machine, sides: tuple[str, ...], name: str) -> Terminal | None:
    elements = machine.product.electrical(sides)
    return next((e for e in elements if isinstance(e, Terminal) and e.name == name), None)


@check(
    "PWR-014",
    "Racks have two feeds",
    standard="design requirement",
    clause="A and B",
    severity="warning",
    stage="placement",
)
def two_feeds(facility: Facility) -> Iterator[Assessment]:
    """A single feed from a transfer switch or sidecar with two inputs of its own counts as two."""
    inputs: dict[str, list[Feed]] = {}
    for feed in facility.feeds:
        inputs.setdefault(feed.to, []).append(feed)

    def paths(name: str) -> int:
        feeds = inputs[name]
        above = [facility.by_id[source] for feed in feeds for source in feed.sources]
        switched = [machine for machine in above if machine.kind in ("transfer_switch", "rectifier")]
        return max(len(feeds), *(len(inputs.get(machine.id, ())) for machine in switched), 0)

    racks = tuple(rack for rack in facility.racks if rack.id in inputs)
    yield from _flags(
        racks, {rack.id for rack in racks if paths(rack.id) > 1}, "hangs on a single feed", severity="warning"
    )


@check(
    "PWR-016", "Every load has a path to a utility or generator", standard="consistency", stage="placement"
)
def connected(facility: Facility) -> Iterator[Assessment]:
    """Machines with a feed that ends nowhere."""
    downstream: dict[str, list[str]] = {}
    for feed in facility.feeds:
        for source in feed.sources:
            downstream.setdefault(source, []).append(feed.to)
    reached = {machine.id for machine in facility.of_kind(*SOURCES)}
    front = list(reached)
    while front:
        fresh = [name for source in front for name in downstream.get(source, ()) if name not in reached]
        front = list(dict.fromkeys(fresh))
        reached.update(front)
    fed_machines = {feed.to for feed in facility.feeds}
    loads = tuple(m for m in facility.by_id.values() if m.id in fed_machines and m.product.role != "power")
    yield from _flags(loads, reached, "has no path to a utility or generator")


@check(
    "PWR-023",
    "Standby generators feed through transfer switches",
    standard="NFPA 70 (NEC) 2023",
    clause="700.5, 701.5, 702.5 transfer equipment",
    stage="placement",
)
def behind_transfer(facility: Facility) -> Iterator[Assessment]:
    """Where there is a utility, a generator reaches nothing but transfer switches, with boards between allowed."""
    if not facility.of_kind("utility"):
        return
    downstream: dict[str, list[str]] = {}
    for feed in facility.feeds:
        for source in feed.sources:
            downstream.setdefault(source, []).append(feed.to)
    generators = facility.of_kind("generator", "bess")
    safe = {machine.id for machine in generators if not _unswitched(facility, machine.id, downstream)}
    yield from _flags(generators, safe, "runs beside the utility: it feeds a load without a transfer switch")


def _unswitched(facility: Facility, generator: str, downstream: dict[str, list[str]]) -> bool:
    """Whether a generator reaches a load before any transfer switch."""
    front, seen = [generator], {generator}
    while front:
        reached = [name for source in front for name in downstream.get(source, ()) if name not in seen]
        seen.update(reached)
        kinds = {name: facility.by_id[name].kind for name in reached}
        if any(kind not in ("transfer_switch", "switchboard", "transformer") for kind in kinds.values()):
            return True
        front = [name for name, kind in kinds.items() if kind != "transfer_switch"]
    return False


@check(
    "PWR-019",
    "The utility capacity exceeds the power of all racks",
    standard="utility contract",
    clause="capacity sum",
    stage="placement",
)
def utility_sum(facility: Facility) -> Iterator[Assessment]:
    """Racks alone, at unity power factor: cooling and losses come on top (PWR-010)."""
    meters = facility.of_kind("utility")
    if meters:
        capacity = sum(getattr(meter.product, "capacity", 0.0) for meter in meters)
        load = sum(power(rack, facility.workload) for rack in facility.racks)
        subjects = (meters[0].id,)
        yield Assessment(
            subjects, np.array([capacity]), load, "min", "apparent_power", "capacity of the utility"
        )

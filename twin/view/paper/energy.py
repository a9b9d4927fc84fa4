"""Electric power from the utility down to accelerators, pumps and fans, with losses where they arise.

Machines of one kind at one depth of the power tree are one stage.  What a stage loses is what its inputs carry less what the
inputs behind it receive: its machines and the lines after them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from twin.model.facility import Facility, Feed, Machine
from twin.results.results import Results
from twin.view import board
from twin.view.paper import words
from twin.view.paper.flows import Flow

SOURCES = ("utility", "generator", "bess")
USES = {
    "cdu": "CDU pumps",
    "pump": "Loop pumps",
    "crah": "Fans of air handlers",
    "rear_door": "Fans of rear doors",
    "chiller": "Compressors of chillers",
    "dry_cooler": "Fans of dry coolers",
    "cooling_tower": "Cooling towers",
    "thermosyphon": "Fans of thermosyphons",
    "electrical_rooms": "Cooling of electrical rooms",
}
"""Kinds of cooling machines (and of rooms) and what they use power for, in the order in which they are told."""
CHIPS, REST, SERVERS = "Accelerators", "Rest of the racks", "Servers, storage, network"
TABLES = ("cdu", "pump", "crah", "rear_door", "plant")
"""Tables with the power of cooling machines."""


def cooling_power(facility: Facility, results: Results, row: int) -> dict[str, float]:
    """Electrical power of cooling machines by kind; what the tables do not tell apart is ``other``. [W]"""
    found: dict[str, float] = defaultdict(float)
    for name in TABLES:
        table = results.tables.get(name)
        if table is None or "power" not in table.values:
            continue
        for machine, power in zip(table.ids, table["power"][row].tolist(), strict=True):
            if machine in facility.by_id:
                # doors are told by their racks
                found[name if name == "rear_door" else facility.by_id[machine].kind] += power
    if "electrical_rooms_power" in results["site"].values:
        found["electrical_rooms"] = results.site("electrical_rooms_power", row)
    rest = results.site("cooling_power", row) - sum(found.values())
    if rest > 1e-9 * max(results.site("facility_power", row), 1.0):
        found["other"] = rest
    return {kind: power for kind, power in found.items() if power > 0.0}


def flow(facility: Facility, results: Results, row: int | None) -> Flow:
    """The flow of electric power in one state; without links if it has no steady solution. [W]"""
    made = Flow("Electric power from the source to its use", "power")
    site = results.tables.get("site")
    needed = ("facility_power", "it_power", "cooling_power", "loss_power")
    if row is None or site is None or any(name not in site.values for name in needed):
        return made
    if "feed" in results.tables and "power" in results.tables and facility.feeds:
        _tree(made, facility, results, row)
    else:
        _without_tree(made, results, row)
    _uses(made, facility, results, row)
    return made.tidy()


def _without_tree(made: Flow, results: Results, row: int) -> None:
    meter = made.node("meter", "Utility meter")
    made.link(meter, made.node("racks", "Racks", "racks"), results.site("it_power", row))
    made.link(meter, made.node("cooling", "Cooling machines", "cooling"), results.site("cooling_power", row))
    loss = results.site("loss_power", row)
    made.link(meter, made.node("loss", "Losses of the power tree", "loss", end=True), loss)


def _tree(made: Flow, facility: Facility, results: Results, row: int) -> None:
    carried = results["feed"]["power"][row]
    output = dict(zip(results["power"].ids, results["power"]["power"][row].tolist(), strict=True))
    stage = _stages(facility)
    into: dict[str, float] = defaultdict(float)
    out: dict[str, float] = defaultdict(float)
    fed: dict[str, float] = defaultdict(float)
    for feed, power in zip(facility.feeds, carried.tolist(), strict=True):
        machine = facility.by_id[feed.to]
        target = stage.get(feed.to) or ("racks" if machine.kind == "rack" else "cooling")
        fed[target] += power
        for source, part in _shares(feed, output).items():
            start = stage.get(source)
            if start is None or start == target:
                continue
            made.link(start, _named(made, facility, stage, target), part * power)
            into[target] += part * power
            out[start] += part * power
    for name, machine_stage in stage.items():
        if facility.by_id[name].kind in SOURCES:
            into[machine_stage] += max(output.get(name, 0.0), 0.0)
    for name in dict.fromkeys(stage.values()):
        _named(made, facility, stage, name)
        loss = into[name] - out[name]
        if loss > 0.0:
            label = f"Loss: {made.nodes[name].label}"
            made.link(name, made.node(f"loss:{name}", label, "loss"), loss)
    unfed = results.site("cooling_power", row) - fed["cooling"]
    if unfed > 1e-6 * results.site("facility_power", row):
        outside = made.node("outside", "Outside the modelled power tree")
        made.link(outside, made.node("cooling", "Cooling machines", "cooling"), unfed)


def _stages(facility: Facility) -> dict[str, str]:
    """Stage of every machine of the power tree: its kind and how deep it is."""
    depth = board.depths(facility)
    found = {}
    for machine in facility.machines:
        if machine.product.role == "power":
            kind = machine.kind
            found[machine.id] = kind if kind in SOURCES else f"{depth[machine.id]:03d}.{kind}"
    return found


def _shares(feed: Feed, output: Mapping[str, float]) -> dict[str, float]:
    """Parts of a feed's power by source: like the power through them, or equal where none flows."""
    powers = np.maximum([output.get(name, 0.0) for name in feed.sources], 0.0)
    total = powers.sum()
    parts = powers / total if total > 0.0 else np.full(len(powers), 1.0 / max(len(powers), 1))
    return dict(zip(feed.sources, parts.tolist(), strict=True))


def _named(made: Flow, facility: Facility, stage: Mapping[str, str], name: str) -> str:
    """The node of a stage, which is made when it is first asked for."""
    if name in made.nodes:
        return name
    if name == "racks":
        return made.node(name, "Racks", "racks")
    if name == "cooling":
        return made.node(name, "Cooling machines", "cooling")
    machines = [facility.by_id[machine] for machine, of in stage.items() if of == name]
    return made.node(name, _label(machines, [facility.by_id[m] for m in stage]), "power")


def _label(machines: list[Machine], tree: list[Machine]) -> str:
    kind = machines[0].kind
    label = words.capital(words.kind(kind, len(machines)))
    if kind not in SOURCES and sum(machine.kind == kind for machine in tree) > len(machines):
        names = list(dict.fromkeys(words.base(machine) for machine in machines))
        label = f"{label} {words.span(names)}"
    return label


def _uses(made: Flow, facility: Facility, results: Results, row: int) -> None:
    """Racks and cooling machines split into what uses their power."""
    into = made.into
    racks, cooling = into.get("racks", 0.0), into.get("cooling", 0.0)
    if racks > 0.0:
        site = results["site"].values
        chips = min(float(site["chip_power"][row, 0]), racks) if "chip_power" in site else 0.0
        made.link("racks", made.node("chips", CHIPS, "chips", end=True), chips)
        rest = REST if chips > 0.0 else SERVERS
        made.link("racks", made.node("rest", rest, "racks", end=True), racks - chips)
    if cooling > 0.0:
        powers = cooling_power(facility, results, row)
        known = sum(powers.values())
        order = [kind for kind in (*USES, *powers) if kind in powers]
        for kind in dict.fromkeys(order):
            label = USES.get(kind, "Other cooling")
            # tables and feeds agree to the accuracy of the power flow; the feeds are what is shared out
            made.link(
                "cooling",
                made.node(f"use:{kind}", label, "cooling", end=True),
                powers[kind] * cooling / known,
            )

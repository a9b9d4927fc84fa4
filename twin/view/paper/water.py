"""Water: what is drawn, and whether it evaporates, is drained or drifts away.

The results hold the make-up of every plant machine.  Its parts follow from the sheet of a tower by the balance of its basin:
blow-down = evaporation / (cycles - 1) - drift, not below zero; drift is a share of the water that circulates.
"""

from __future__ import annotations

from collections import defaultdict

from twin.model.facility import Facility
from twin.model.products import CoolingTower
from twin.results.results import Results
from twin.view.paper import words
from twin.view.paper.flows import Flow

ENDS = {
    "evaporation": ("Evaporation, to outdoor air", "vapour"),
    "blow_down": ("Blow-down, to drain", "drain"),
    "drift": ("Drift, droplets to outdoor air", "vapour"),
    "pads": ("Evaporation and bleed of pads", "vapour"),
}
"""Where water goes, and in which tone."""


def flow(facility: Facility, results: Results, row: int | None) -> Flow:
    """The flow of water in one state; without links where none is drawn or nothing is known. [kg/s]"""
    made = Flow("Water from make-up to where it leaves", "mass_flow")
    table = results.tables.get("plant")
    if row is None or table is None or "water" not in table.values:
        return made
    drawn: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    number: dict[str, int] = defaultdict(int)
    for column, name in enumerate(table.ids):
        water = float(table["water"][row, column])
        if water > 0.0 and name in facility.by_id:
            machine = facility.by_id[name]
            number[machine.type] += 1
            for end, part in parts(facility, name, water, float(table["flow"][row, column])).items():
                drawn[machine.type][end] += part
    makeup = "makeup"
    for product, ends in drawn.items():
        kind = next(machine.kind for machine in facility.machines if machine.type == product)
        label = words.capital(f"{number[product]:,} {words.kind(kind, number[product])} {product}")
        made.node(makeup, "Make-up water", "water")
        made.link(makeup, made.node(f"of:{product}", label, "water"), sum(ends.values()))
        for end, part in ends.items():
            text, tone = ENDS[end]
            made.link(f"of:{product}", made.node(end, text, tone, end=True), part)
    return made.tidy()


def parts(facility: Facility, name: str, water: float, flow: float) -> dict[str, float]:
    """Make-up of one machine by where it goes; ``flow`` is the water that circulates. [kg/s]"""
    product = facility.by_id[name].product
    if not isinstance(product, CoolingTower):
        return {"pads": water}
    drift = min(product.drift * max(flow, 0.0), water)
    evaporated = water * (product.cycles - 1.0) / product.cycles
    if evaporated / (product.cycles - 1.0) < drift:  # no blow-down: drift alone keeps the salts low
        return {"evaporation": water - drift, "drift": drift}
    return {"evaporation": evaporated, "blow_down": water - evaporated - drift, "drift": drift}


def daily(flow: Flow) -> str:
    """The make-up of a day at this rate, at 1,000 kg/m3."""
    return f"{flow.whole * 86.4:,.3g} m3 a day at this rate" if flow.links else ""


def sentence(facility: Facility, results: Results, row: int | None) -> str:
    """What is said where there is no drawing."""
    if row is None:
        return "The normal state has no steady solution, so no water is told."
    towers = facility.of_kind("cooling_tower")
    wet = [m for m in facility.of_kind("dry_cooler") if getattr(m.product, "pad_effectiveness", 0.0) > 0.0]
    if towers or wet:
        return "No water is drawn at the evaluated outdoor state; towers and pads run dry."
    return "No water is used: heat leaves by dry machines alone."

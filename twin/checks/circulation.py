"""Rules of loops with two stations of pumps and with by-passes: who drives what."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twin.checks.air import PRACTICE
from twin.checks.liquid import FLOW_HELD
from twin.checks.reading import of_table
from twin.checks.rules import Assessment, check
from twin.model.facility import Facility
from twin.results.results import Results

HANDBOOK = "ASHRAE Handbook HVAC Systems and Equipment, hydronic heating and cooling"


@check(
    "LIQ-034",
    "No return water mixes into the supply through a decoupler",
    standard=HANDBOOK,
    clause="primary flow of at least the secondary flow (as quoted)",
    severity="warning",
)
def decoupler(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Where secondary pumps draw more than primary ones give, the sinks get warmer water than the plant makes."""
    parted = {circuit.id for circuit in facility.circuits if circuit.decoupler}
    for loops in of_table(results, "loop"):
        if "decoupler" not in loops.values or not parted:
            continue
        chosen = [column for column, name in enumerate(loops.ids) if name in parted]
        through, flow = loops["decoupler"][:, chosen], loops["flow"][:, chosen]
        names = tuple(loops.ids[column] for column in chosen)
        what = "flow from supply to return through the decoupler"
        yield Assessment(
            names, through, 0.0, "min", "mass_flow", what, flow > 0, held=through >= -FLOW_HELD * flow
        )


@check(
    "LIQ-035",
    "A by-pass keeps up the least flow it is there for",
    standard=PRACTICE,
    clause="minimum flow of pumps and chillers",
    severity="warning",
)
def least_flow(facility: Facility, results: Results) -> Iterator[Assessment]:
    """For loops whose by-pass has a minimum, while their pumps run."""
    for loops in of_table(results, "loop"):
        if "least_flow" not in loops.values:
            continue
        least, flow = loops["least_flow"], loops["flow"]
        where = (least > 0) & (flow > 0)
        if np.any(least > 0):
            yield Assessment(
                loops.ids, flow, least, "min", "mass_flow", "flow in the headers", where,
                held=flow >= (1.0 - FLOW_HELD) * least,
            )  # fmt: skip

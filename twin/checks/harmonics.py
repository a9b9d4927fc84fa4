"""Rules for the distortion of voltage and current by rectifiers and drives.

IEEE 519: *IEEE Std 519-2022, Standard for Harmonic Control in Electric Power Systems*; it judges the connection to the
grid, and its voltage limits are used as good practice on the boards inside.
"""

from __future__ import annotations

from collections.abc import Iterator

from twin.checks.rules import Assessment, check
from twin.model.facility import Facility
from twin.results.results import Results, Table


def _studied(results: Results, name: str) -> Iterator[Table]:
    table = results.studies.get(name)
    if table is not None and table.ids:
        yield table


@check(
    "HAR-001",
    "Voltage is not distorted beyond its limits",
    standard="IEEE Std 519-2022",
    clause="5.1, Table 1 (as quoted)",
    stage="study",
)
def voltage(facility: Facility, results: Results) -> Iterator[Assessment]:
    """In total and each order alone, at the grid, behind transformers and on boards, at the smallest fault level."""
    for table in _studied(results, "distortion"):
        yield Assessment(
            table.ids, table["thd"], table["thd_limit"], "max", "fraction", "distortion of the voltage"
        )
        largest, limit = table["largest"], table["largest_limit"]
        yield Assessment(table.ids, largest, limit, "max", "fraction", "largest harmonic of the voltage")


@check(
    "HAR-002",
    "Current drawn from the grid is not distorted beyond its limits",
    standard="IEEE Std 519-2022",
    clause="5.2, Tables 2 to 4 (as quoted)",
    stage="study",
)
def current(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Total demand distortion, and the order that comes closest to its limit."""
    for table in _studied(results, "connection"):
        what = "distortion of the demand current"
        yield Assessment(table.ids, table["tdd"], table["tdd_limit"], "max", "fraction", what)
        orders = tuple(
            f"harmonic {order:.0f} of the current over its limit" if order else "distortion over its limit"
            for order in table["worst_order"]
        )
        yield Assessment(table.ids, 1.0 - table["margin"], 1.0, "max", "fraction", orders)


@check(
    "HAR-003",
    "Transformers bear their load with its harmonics",
    standard="IEEE Std C57.110-2018",
    clause="permissible current (as quoted)",
    severity="warning",
    stage="study",
)
def transformers(facility: Facility, results: Results) -> Iterator[Assessment]:
    """The largest load of all states; shares of eddy and stray loss are assumed."""
    for table in _studied(results, "winding"):
        what = "load with harmonics in the current"
        yield Assessment(table.ids, table["loading"], table["permissible"], "max", "fraction", what)


@check(
    "HAR-004",
    "Voltage is not distorted beyond the same limits on generators",
    standard="IEEE Std 519-2022",
    clause="Table 1, as good practice on an island",
    severity="warning",
    stage="study",
)
def islanded(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Generators are weaker than the grid; regulators and other sets suffer first."""
    for table in _studied(results, "distortion"):
        what = "distortion of the voltage on generators"
        yield Assessment(table.ids, table["thd_islanded"], table["thd_limit"], "max", "fraction", what)

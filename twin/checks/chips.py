"""Rules of what the coolant does for the chips: lids under their limits, couplings within their rating."""

from __future__ import annotations

from collections.abc import Iterator

from twin.checks.liquid import SHEET
from twin.checks.reading import Columns, Mask, of_machines
from twin.checks.rules import Assessment, check
from twin.model.facility import Facility, Machine
from twin.model.products import ColdPlate, QuickDisconnect, Rack
from twin.results.results import Results

COUPLING_TOLERANCE = 1e-3
"""Flow above the rating that is only the tolerance of the solve. [-]"""


def _plate(rack: Machine) -> ColdPlate | None:
    return rack.product.cold_plate if isinstance(rack.product, Rack) else None


def _coupling(rack: Machine) -> QuickDisconnect | None:
    return rack.product.quick_disconnect if isinstance(rack.product, Rack) else None


@check(
    "LIQ-018",
    "Chips stay below their case limit",
    standard=SHEET,
    clause="case temperature",
    after_failure="warning",
)
def case_temperature(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Warmest lid of a rack where coolant flows; a rack without flow breaks LIQ-002.

    After a failure it is a warning, because chips slow down before they are harmed; LIQ-020 says where they shut down.
    """
    for wet, where in _plated(facility, results):
        limit = wet.sheet(lambda rack: _plate(rack).case_max)  # type: ignore[union-attr]
        yield Assessment(wet.ids, wet["case_temperature"], limit, "max", "temperature", "warmest lid", where)


@check(
    "LIQ-020",
    "No chip gets so warm that it shuts down",
    standard=SHEET,
    clause="shutdown temperature",
)
def case_trip(facility: Facility, results: Results) -> Iterator[Assessment]:
    """In every state, those after a failure included; where coolant flows."""
    for wet, where in _plated(facility, results):
        limit = wet.sheet(lambda rack: _plate(rack).trip)  # type: ignore[union-attr]
        yield Assessment(wet.ids, wet["case_temperature"], limit, "max", "temperature", "warmest lid", where)


def _plated(facility: Facility, results: Results) -> Iterator[tuple[Columns, Mask]]:
    """Racks whose cold plates are known, and where they have power and coolant."""
    for racks in of_machines(facility, results, "rack"):
        for wet in racks.some(_plate):
            yield wet, wet.on("served") & (wet["liquid_flow"] > 0)


@check(
    "LIQ-019",
    "Flow and pressure at quick disconnects are within their rating",
    standard=SHEET,
    clause="quick disconnects",
    severity="warning",
)
def quick_disconnects(facility: Facility, results: Results) -> Iterator[Assessment]:
    """For racks whose couplings have a rating: beyond it they wear, leak when opened, and starve the rack."""
    for racks in of_machines(facility, results, "rack"):
        for wet in racks.some(_coupling):
            loading = wet["coupling_loading"]
            yield Assessment(
                wet.ids, loading, 1.0 + COUPLING_TOLERANCE, "max", "fraction", "flow over coupling rating"
            )
            limit = wet.sheet(lambda rack: _coupling(rack).pressure_max)  # type: ignore[union-attr]
            yield Assessment(wet.ids, wet["liquid_pressure"], limit, "max", "pressure", "gauge pressure")

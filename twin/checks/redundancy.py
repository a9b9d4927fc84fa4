"""Rules of what the design must withstand, for layouts that set themselves the goal (``redundancy: {goal: ...}``)."""

from __future__ import annotations

from collections.abc import Iterator

from twin.checks.rules import Array, Assessment, check
from twin.model.facility import Facility
from twin.results.results import Results


@check(
    "RED-001",
    "Any machine or path may be taken out of service",
    standard="Uptime Institute Tier Standard: Topology",
    clause="Tier III, concurrently maintainable (as quoted)",
    stage="study",
)
def concurrently_maintainable(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Over power and cooling together, paths (feeds) included; no rack may lose power, coolant or air."""
    if facility.redundancy.goal != "none" and "part" in results.studies:
        parts = results.studies["part"]
        yield _none_lost(parts.ids, parts["racks_lost"], "out of service, drops {:.0f} racks")


@check(
    "RED-002",
    "Any machine may be lost while another is in maintenance",
    standard="design requirement",
    clause="fault tolerant during maintenance",
    stage="study",
)
def fault_tolerant(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Every two machines; a loss that one of them brings alone is told by RED-001."""
    if facility.redundancy.goal == "fault_tolerant" and "part" in results.studies:
        parts = results.studies["part"]
        yield _none_lost(parts.ids, parts["pair_racks_lost"], "out with another machine, drops {:.0f} racks")


def _none_lost(ids: tuple[str, ...], racks: Array, words: str) -> Assessment:
    what = tuple(words.format(count) for count in racks)
    return Assessment(ids, (racks == 0).astype(float), 1.0, "min", "flag", what)

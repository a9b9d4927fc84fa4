"""What the study of short circuits says, in numbers for documents and in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from twin.model.facility import Facility
from twin.model.products import Switchgear, Utility
from twin.results.results import Table
from twin.studies.faults_network import FAULT_LEVEL, STATES, FaultNetwork
from twin.studies.protection import Protection
from twin.units import format_quantity

HOT = 40.0 * 4.184e4
"""Incident energy that is counted: 40 cal/cm2, above which live work is not done in practice. [J/m2]"""
SHOWN = 50
"""Breakers that are not selective which are listed by name."""


def facts(
    network: FaultNetwork,
    guarded: Protection,
    tables: Mapping[str, Table],
    upstream: Mapping[str, str],
    unearthed: Mapping[str, list[str]],
) -> dict[str, Any]:
    """The answer as a document holds it."""
    found = {
        "states": [STATES[state] for state in dict.fromkeys(network.state.tolist())],
        **_currents(tables["fault"]),
        **_ratings(guarded.facility, tables),
        **_selectivity(tables["protection"], upstream),
        "slow": int((tables["protection"]["earth_over_pickup"] < 1).sum()),
        "unearthed": dict(unearthed),
        **_arcs(tables["fault"]),
        "assumed_devices": sum(device is not None and device.assumed for device in guarded.devices),
        "assumed_fault_levels": [
            grid.id
            for grid in guarded.facility.of_kind("utility")
            if isinstance(grid.product, Utility) and grid.product.fault_level is None
        ],
        "direct_current": len(network.dc),
    }
    return {**found, "sentences": list(_sentences(found))}


def _currents(fault: Table) -> dict[str, Any]:
    worst = int(fault["three_phase_max"].argmax())
    return {
        "highest": {
            "where": fault.ids[worst],
            "current": float(fault["three_phase_max"][worst]),
            "peak": float(fault["peak_max"][worst]),
            "state": STATES[int(fault["state"][worst])],
        }
    }


def _ratings(facility: Facility, tables: Mapping[str, Table]) -> dict[str, Any]:
    """How much could be checked, and what is over its rating."""
    breakers, fault = tables["protection"], tables["fault"]
    gear = np.array([isinstance(facility.by_id[name].product, Switchgear) for name in fault.ids], bool)
    gear &= fault["three_phase_max"] > 0
    return {
        "breakers": len(breakers.ids),
        "unrated_breakers": int((breakers["interrupting"] == 0).sum()),
        "overstressed_breakers": int((breakers["interrupting"] > 1).sum()),
        "assemblies": int(gear.sum()),
        "unrated_assemblies": int((fault["withstand"][gear] == 0).sum()),
        "overstressed_assemblies": int((fault["withstand"] > 1).sum()),
    }


def _selectivity(breakers: Table, upstream: Mapping[str, str]) -> dict[str, Any]:
    partial: list[dict[str, Any]] = [
        {
            "feed": name,
            "upstream": upstream[name],
            "limit": float(share * current),
            "prospective": float(current),
        }
        for name, share, current in zip(
            breakers.ids, breakers["selective"], breakers["prospective"], strict=True
        )
        if name in upstream and share < 1
    ]
    partial.sort(key=lambda one: (one["limit"] / one["prospective"], one["feed"]))
    compared = sum(name in upstream for name in breakers.ids)
    return {"compared": compared, "partial": len(partial), "not_selective": partial[:SHOWN]}


def _arcs(fault: Table) -> dict[str, Any]:
    energy = fault["incident_energy"]
    worst = int(energy.argmax())
    if energy[worst] <= 0:
        return {"arcs": 0}
    return {
        "arcs": int((energy > 0).sum()),
        "hot": int((energy > HOT).sum()),
        "hottest": {
            "where": fault.ids[worst],
            "energy": float(energy[worst]),
            "boundary": float(fault["arc_boundary"][worst]),
        },
    }


def _sentences(found: Mapping[str, Any]) -> Iterator[str]:
    highest = found["highest"]
    yield (
        f"the highest short-circuit current is {format_quantity(highest['current'], 'current')} at {highest['where']} "
        f"{highest['state']} (peak {format_quantity(highest['peak'], 'current')})"
    )
    yield from _rating_words(found)
    yield from _selectivity_words(found)
    if found["slow"]:
        yield (
            f"the smallest earth fault (UPS on their inverters alone) trips {found['slow']} of {found['breakers']} breakers "
            "only after their long-time delay"
        )
    for state, names in found["unearthed"].items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield (
            f"no earth fault current {state} at {names[0]}{more}: an unearthed (IT) system, where a first earth fault "
            "trips nothing"
        )
    if found["arcs"]:
        worst = found["hottest"]
        yield (
            f"the highest incident energy of an arc is {format_quantity(worst['energy'], 'energy per area')} at "
            f"{worst['where']}, its boundary {format_quantity(worst['boundary'], 'length')}; above 40 cal/cm2 at "
            f"{found['hot']} of {found['arcs']} places"
        )
    if found["assumed_fault_levels"]:
        names = ", ".join(found["assumed_fault_levels"])
        yield f"no fault level is given for {names}: {FAULT_LEVEL:.0f} times the capacity assumed"
    if found["direct_current"]:
        yield f"short circuits in the direct-current part ({found['direct_current']} machines) are not worked out"


def _rating_words(found: Mapping[str, Any]) -> Iterator[str]:
    for things, unrated, over, what in (
        ("breakers", "unrated_breakers", "overstressed_breakers", "interrupting rating"),
        ("assemblies", "unrated_assemblies", "overstressed_assemblies", "withstand rating"),
    ):
        if not found[things]:
            continue
        checked = found[things] - found[unrated]
        words = f"{found[over]} of {checked} {things} with a known {what} are over it"
        if not found[over] and checked:
            words = f"{checked} {things} have the {what} they need"
        if found[unrated]:
            none = f"{found[unrated]} {things} have no {what} in the layout and are not checked"
            words = f"{words}; {none}" if checked else none
        yield words


def _selectivity_words(found: Mapping[str, Any]) -> Iterator[str]:
    if not found["compared"]:
        return
    assumed = (
        f" ({found['assumed_devices']} protections of the power tree assumed by rating)"
        if found["assumed_devices"]
        else ""
    )
    if not found["partial"]:
        yield f"all {found['compared']} breakers are selective with those upstream{assumed}"
        return
    worst = found["not_selective"][0]
    yield (
        f"{found['partial']} of {found['compared']} breakers are not selective with those upstream up to the prospective "
        f"current{assumed}; {worst['feed']} only up to {format_quantity(worst['limit'], 'current')} of "
        f"{format_quantity(worst['prospective'], 'current')} with {worst['upstream']}"
    )

"""Labelled results from the settled state: one function per table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solvers import power as power_flow
from twin.model.electrical_rooms import RATED_OUTDOOR
from twin.model.facility import Circuit, Facility
from twin.model.language import ElectricalRooms
from twin.networks.facility import Lowered
from twin.networks.setpoints import ECONOMIZER_APPROACH, lowered
from twin.networks.state import State
from twin.results.results import Results, SolveReport, Table
from twin.scenario import Scenario
from twin.tabulate import cooling, electrical, racks, site

if TYPE_CHECKING:
    from solvers.air.field import Solution
    from twin.networks.air import HallAir
    from twin.results.fields import AnyField

STATUS = {True: "converged", False: "no steady state found"}


def tabulate(
    world: Lowered,
    scenarios: tuple[Scenario, ...],
    state: State,
    flow: power_flow.Solution,
    settled: NDArray[np.bool_],
    passes: int,
) -> Results:
    """Tables, reports and balances of some scenarios."""
    tables = {
        "rack": racks.racks(world, state, flow),
        "cdu": cooling.cdus(world, state),
        "crah": cooling.crahs(world, state),
        "rear_door": cooling.rear_doors(world, state),
        "plant": cooling.plant(world, state),
        "pump": cooling.pumps(world, state),
        "power": electrical.machines(world, flow),
        "feed": electrical.feeds(world, flow),
        "loop": cooling.loops(world, state),
        "hall": cooling.halls(world, state),
    }
    tables["site"] = site.site(world, state, flow, tables)
    hall_ok: NDArray[np.bool_] = np.all(state.hall_ok, axis=1)
    conservation = {
        "mass": state.mass_error,
        "energy": site.energy_error(world, state),
        "power": flow.power_error,
    }
    domains = (
        ("air", air_method(world), hall_ok, 1, 0.0),
        ("hydraulics", "global gradient", state.flow_ok, 1, float(state.mass_error.max(initial=0.0))),
        ("heat", "effectiveness-NTU network", state.heat_ok, 1, 0.0),
        ("power", "backward/forward sweep, Newton where meshed", state.power_ok, flow.iterations,
         float(flow.residual.max(initial=0.0))),
        ("coupling", "fixed point", settled, passes, 0.0),
    )  # fmt: skip
    reports = tuple(
        SolveReport(domain, method, STATUS[bool(ok.all())], tuple(bool(x) for x in ok), count, residual)
        for domain, method, ok, count, residual in domains
    )
    fine = settled & hall_ok & state.flow_ok & state.heat_ok & state.power_ok
    return Results(
        facility=world.facility.name,
        digest=world.facility.digest,
        scenarios=scenarios,
        tables=tables,
        reports=reports,
        conservation=conservation,
        settled=tuple(bool(x) for x in fine),
        passes=passes,
        notes=(*_notes(world), *_air_notes(world)),
    )


def air_method(world: Lowered) -> str:
    """How the air was modelled, in words."""
    facts = air_facts(world)
    if not facts:
        return "zonal"
    cells = sum(int(fact["cells"][-1]) for fact in facts)
    losses = (
        ""
        if all(fact["most"] > 1 for fact in facts)
        else "; losses of air handlers zonal, calibrated against it"
    )
    return f"{facts[0]['method']}, {cells:,} cells{losses}"


def air_fields(world: Lowered) -> dict[str, AnyField]:
    """Air of every hall in the first state, where it was solved in 3-D."""
    return {hall.shell.id: solution.field for hall, solution, _ in _solutions(world)}


def air_facts(world: Lowered) -> tuple[dict[str, Any], ...]:
    """What is known of each hall's 3-D solve."""
    facts = []
    for hall, solution, model in _solutions(world):
        racks = model.room.rack_stream
        inlet = solution.stream_inlet[racks]
        worst = int(np.argmax(inlet)) if inlet.size else -1
        facts.append(
            {
                "hall": hall.shell.id or "hall",
                "method": solution.method,
                "status": str(solution.status),
                "cells": list(solution.cells),
                "iterations": list(solution.iterations),
                "patterns": len(model.patterns),
                "most": model.most,
                "mass_error": solution.mass_error,
                "energy_error": solution.energy_error,
                "worst_rack": world.racks[hall.rack[worst]].id if worst >= 0 else "",
                "worst_inlet": float(inlet[worst]) if worst >= 0 else 0.0,
                "worst_error": float(solution.stream_inlet_error[racks][worst])
                if worst >= 0
                else float("inf"),
                "seconds": solution.seconds,
                "notes": [*solution.notes, *model.room.notes],
            }
        )
    return tuple(facts)


def _solutions(world: Lowered) -> list[tuple[HallAir, Solution, Any]]:
    """Halls whose air was solved in 3-D, with their models."""
    pairs: list[tuple[HallAir, Any]] = list(zip(world.halls, world.airs, strict=True))
    return [(hall, air.normal, air) for hall, air in pairs if getattr(air, "normal", None) is not None]


def join(facility: Facility, parts: Sequence[Results]) -> Results:
    """Put the scenarios of several blocks below each other."""
    first = parts[0]
    if len(parts) == 1:
        return first
    tables = {
        name: Table(table.ids, {q: np.concatenate([part[name][q] for part in parts]) for q in table.values})
        for name, table in first.tables.items()
    }
    reports = tuple(
        SolveReport(r.domain, r.method, _worst([p.reports[k].status for p in parts]),
                    tuple(flag for p in parts for flag in p.reports[k].ok),
                    max(p.reports[k].iterations for p in parts), max(p.reports[k].residual for p in parts))
        for k, r in enumerate(first.reports)
    )  # fmt: skip
    return Results(
        facility=facility.name,
        digest=facility.digest,
        scenarios=tuple(s for part in parts for s in part.scenarios),
        tables=tables,
        reports=reports,
        conservation={
            n: np.concatenate([part.conservation[n] for part in parts]) for n in first.conservation
        },
        settled=tuple(flag for part in parts for flag in part.settled),
        passes=max(part.passes for part in parts),
        notes=first.notes,
    )


def _worst(statuses: Sequence[str]) -> str:
    return next((status for status in statuses if status != STATUS[True]), STATUS[True])


def _air_notes(world: Lowered) -> tuple[str, ...]:
    """Flows of the halls' air that did not come to rest."""
    notes = []
    for hall, air in zip(world.halls, world.airs, strict=True):
        count, why = getattr(air, "unsolved", (0, ""))
        if count:
            notes.append(
                f"air of hall {hall.shell.id or '1'}: {count} flow pattern(s) not at rest ({why}); their inlets are those "
                "of the last iteration, with its swing as their error"
            )
    return tuple(notes)


def _room_notes(world: Lowered) -> tuple[str, ...]:
    """How electrical rooms are cooled where the layout does not say, or says that it costs nothing."""
    used = world.branch_room.sum(axis=0) + world.converter_room.sum(axis=0) + world.shunt_room.sum(axis=0)
    rooms = [of for of, share in zip(world.electrical_rooms, used, strict=True) if share > 0.0]
    notes = []
    if any(of == ElectricalRooms() for of in rooms):
        notes.append(
            f"losses of electrical rooms are taken by air conditioners of COP {ElectricalRooms().cop} in air of "
            f"{RATED_OUTDOOR:.0f} degC (assumed; power: {{electrical_rooms: ...}} says otherwise)"
        )
    if any(of.cooling == "none" for of in rooms):
        notes.append("losses of electrical rooms leave at no cost, as the layout says")
    return tuple(notes)


def _takes_turns(facility: Facility, circuit: Circuit) -> bool:
    kinds = {facility.by_id[name].kind for name in circuit.sources}
    return "chiller" in kinds and bool(kinds.intersection(("dry_cooler", "cooling_tower")))


def _notes(world: Lowered) -> tuple[str, ...]:
    notes = []
    unfed = [name for name in world.power.unfed if world.facility.by_id[name].kind != "rack"]
    if unfed:
        notes.append(
            f"{len(unfed)} cooling machine(s) have no feed in the layout ({', '.join(unfed[:3])}"
            f"{' ...' if len(unfed) > 3 else ''}): taken as always powered, their power is added at the meter"
        )
    notes.extend(_room_notes(world))
    mixed = [loop.circuit.id for loop in world.loops if _takes_turns(world.facility, loop.circuit)]
    if mixed:
        notes.append(
            f"on {', '.join(mixed)} outdoor coolers stand beside chillers: where they do not hold the set point they are "
            "shut; in the return (precool:) they would help whenever the outdoors are colder than that"
        )
    colder = lowered(world.facility, world.loops)
    if colder:
        notes.append(
            f"condenser water of {', '.join(colder)} is run colder than its supply or reset, down to "
            f"{ECONOMIZER_APPROACH:g} K above the outdoors (assumed), where the chillers' economizers can use that; "
            "elsewhere supply or reset holds"
        )
    unpriced = sorted({machine.type for machine in world.racks if machine.product.price is None})
    if unpriced:
        notes.append(
            f"no price is known for {', '.join(unpriced)}: its capital counts as nothing in the cost of tokens"
        )
    return tuple(notes)

"""Loops: a loop as written becomes one circuit, or one per hall, pod or row.

Circuits of a pod or row bear its name behind the loop's: ``tcs.p1``, in several halls ``h1.tcs.p1``.  A
place where the loop has no sinks gets no circuit; one where it has sinks but no source gets a circuit without
source, which a rule reports later.  A machine plays each part in one loop only; chillers and CDUs are the
sink of one loop and the source of another.  A rear door is a machine of its own: a liquid-cooled rack and its door
may hang on two loops.  Pumps of a second station (secondary ones, boosters) stand behind
those of the first in the circuit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from twin.layout.document import Path
from twin.layout.draft import Block, Draft
from twin.layout.loop_values import check_values
from twin.layout.mistakes import quote
from twin.model.facility import Circuit, Machine
from twin.model.piping import Loop, PrimaryControl
from twin.model.products import PLANT_KINDS, Cdu, Pump, Rack
from twin.units import VOLUME_FLOW, format_quantity

SOURCE_KINDS = ("dry_cooler", "cooling_tower", "chiller", "cdu", "heat_exchanger")
SINK_KINDS = ("rack", "crah", "cdu", "chiller", "heat_exchanger")
DOOR_KINDS = ("rack", "rear_door")
"""Rear doors are named by their racks too."""
PUMP_KINDS = ("pump",)
PRECOOL_KINDS = ("thermosyphon", "dry_cooler")
TANK_KINDS = ("tank",)


def expand_loops(draft: Draft, blocks: Sequence[Block]) -> None:
    """Make the circuits of all blocks."""
    places: dict[str, Path] = {}
    written: dict[str, Loop] = {}
    for block in blocks:
        for index, loop in enumerate(block.sections.liquid.loops):
            path = (*block.path, "liquid", "loops", index)
            check_values(draft, loop, path)
            for circuit in _circuits(draft, block, loop, path):
                if draft.claim(circuit.id, path, circuit.id.removeprefix(block.prefix)):
                    draft.circuits.append(circuit)
                    places[circuit.id], written[circuit.id] = path, loop
    _check_roles(draft, places, written)


def _by_type(machines: Sequence[Machine], ids: Sequence[str]) -> tuple[str, ...]:
    """Machines in a return, type after type as they are named: the water meets them so."""
    kept = [machine for machine in machines if machine.id in ids]
    types = list(dict.fromkeys(machine.type for machine in kept))
    return tuple(machine.id for machine in sorted(kept, key=lambda machine: types.index(machine.type)))


def _circuits(draft: Draft, block: Block, loop: Loop, path: Path) -> Iterator[Circuit]:
    sources = draft.select(loop.source, (*path, "source"), block, SOURCE_KINDS, "source of a loop")
    sinks = [*_sinks(draft, block, loop, path, sources), *_doors(draft, block, loop, path)]
    sinks = list({machine.id: machine for machine in sinks}.values())
    pumps = draft.select(loop.pumps, (*path, "pumps"), block, PUMP_KINDS, "pump")
    second = _second_station(draft, block, loop, path, pumps)
    precool = draft.select(loop.precool, (*path, "precool"), block, PRECOOL_KINDS, "machine in a return")
    tanks = draft.select(loop.tanks, (*path, "tanks"), block, TANK_KINDS, "tank")
    if loop.dispatch is not None and sources and not any(m.kind in PLANT_KINDS for m in sources):
        draft.complain(
            (*path, "dispatch"),
            "no plant is among the sources of this loop, so there is nothing to charge its tanks with; dispatch those of "
            "the loop that plant serves",
        )
    _check_valves(draft, loop, path, sinks)
    _check_bypass(draft, loop, path, second if loop.secondary is not None else pumps or sources)
    shut = draft.select(loop.shut, (*path, "shut"), block, (*SINK_KINDS, "rear_door"), "sink of a loop")
    members = [_members(loop, machines) for machines in (sources, sinks, pumps, second, precool, tanks)]
    valved_off = {part.id for machine in shut for part in (machine, machine.door) if part is not None}
    if shut and not valved_off.intersection(machine.id for machine in sinks):
        first = f"{shut[0].kind} {quote(shut[0].id)}"
        draft.complain((*path, "shut"), f"{first} is no sink of this loop; nothing is left to shut")
    for name, place in _places(draft, block, loop):
        source_ids, sink_ids, pump_ids, second_ids, precool_ids, tank_ids = (
            groups.get(place, ()) for groups in members
        )
        if sink_ids:
            yield Circuit(
                id=name,
                fluid=loop.fluid,
                sources=tuple(source_ids),
                sinks=tuple(sink_ids),
                pumps=(*pump_ids, *second_ids),
                secondary=tuple(second_ids),
                decoupler=loop.secondary is not None,
                primary=loop.primary or PrimaryControl(),
                supply=loop.supply,
                header=loop.header,
                branch=loop.branch,
                roughness=loop.roughness,
                mark=draft.mark(path),
                precool=_by_type(precool, precool_ids),
                tanks=tuple(tank_ids),
                shut=tuple(name for name in sink_ids if name in valved_off),
                **{field: getattr(loop, field) for field in _SAME},
            )


_SAME = ("reset", "dew_point_margin", "reuse", "control", "mains", "pipe", "static_pressure", "height", "strainer",
         "expansion", "closing_time", "frost", "insulation", "bypass", "valves",
         "dispatch")  # fmt: skip
"""What a circuit takes over from its loop as it stands."""


def _sinks(draft: Draft, block: Block, loop: Loop, path: Path, sources: list[Machine]) -> list[Machine]:
    """Machines that take heat up into the loop; every selector must name one."""
    place = (*path, "sinks")
    found = draft.select(loop.sinks, place, block, SINK_KINDS, "sink of a loop; rear doors go under doors:")
    own = {machine.id for machine in sources}
    meant = [_wet_part(machine) for machine in found]
    fit = [machine for machine in meant if machine.id not in own and takes_coolant(machine)]
    if found and not fit:
        first = found[0]
        why = "is the loop's source too" if first.id in own else "takes no coolant"
        draft.complain(
            place, f"{first.kind} {quote(first.id)} {why}; nothing is left that the loop could cool"
        )
    return fit


def _wet_part(machine: Machine) -> Machine:
    """What a loop cools of a sink: the rear door of a rack that takes no coolant itself."""
    if isinstance(machine.product, Rack) and machine.product.coolant is None:
        return machine.door or machine
    return machine


def _doors(draft: Draft, block: Block, loop: Loop, path: Path) -> list[Machine]:
    """Rear doors that are named as such, or by their racks."""
    place = (*path, "doors")
    found = draft.select(loop.doors, place, block, DOOR_KINDS, "rear door")
    doors = [door for machine in found if (door := machine if machine.host else machine.door) is not None]
    if found and not doors:
        draft.complain(
            place,
            f"rack {quote(found[0].id)} has no rear door; give its row one with rear_door:, or leave doors: away",
        )
    return doors


def _second_station(
    draft: Draft, block: Block, loop: Loop, path: Path, pumps: list[Machine]
) -> list[Machine]:
    """Secondary pumps or boosters, none of which is a pump of the first station too."""
    if loop.primary is not None and loop.secondary is None:
        draft.complain(
            (*path, "primary"),
            "primary tells how the pumps run beside secondary pumps; this loop has none, add secondary: or use control:",
        )
    key = "secondary" if loop.secondary is not None else "boosters"
    selectors = loop.secondary if loop.secondary is not None else loop.boosters
    if selectors is None:
        return []
    place = (*path, key)
    if loop.secondary is not None and loop.boosters is not None:
        draft.complain(
            (*path, "boosters"),
            "a loop has secondary pumps behind a decoupler or boosters without one, not both; remove one of them",
        )
    if loop.pumps is None:
        what = "the sources and the decoupler" if key == "secondary" else "the loop"
        draft.complain(place, f"{key} without primary pumps: name in pumps: those that circulate {what}")
    found = draft.select(selectors, place, block, PUMP_KINDS, "pump")
    first = {machine.id for machine in pumps}
    for machine in found:
        if machine.id in first:
            draft.complain(
                place, f"pump {quote(machine.id)} is in pumps: already; a pump stands in one station"
            )
            break
    return [machine for machine in found if machine.id not in first]


def _check_valves(draft: Draft, loop: Loop, path: Path, sinks: list[Machine]) -> None:
    """Racks have no valve that could lead coolant past them: a limiter gives them what they ask for."""
    racks = [machine for machine in sinks if isinstance(machine.product, Rack) and machine.product.coolant]
    if loop.valves == "three_way" and racks:
        draft.complain(
            (*path, "valves"),
            f"rack {quote(racks[0].id)} takes its flow through a limiter, which has no third way; three_way valves are for "
            "coils, rear doors, CDUs, exchangers and condensers",
        )


def _check_bypass(draft: Draft, loop: Loop, path: Path, movers: list[Machine]) -> None:
    """A by-pass takes no more than what drives the headers moves at its duty point."""
    if loop.bypass is None:
        return
    key = "flow" if loop.bypass.flow is not None else "minimum"
    wanted = getattr(loop.bypass, key)
    rated = sum(_rated_flow(machine) for machine in movers)
    if 0.0 < rated < wanted:
        shown, most = (format_quantity(value, VOLUME_FLOW) for value in (wanted, rated))
        draft.complain(
            (*path, "bypass", key),
            f"{shown} is more than the {most} that the pumps at the headers move at their duty points",
        )


def _rated_flow(machine: Machine) -> float:
    """Flow of a pump, or of the pumps inside a CDU, at the duty point. [m3/s]"""
    match machine.product:
        case Pump(flow=flow) | Cdu(secondary_flow=flow):
            return flow
    return 0.0


def takes_coolant(machine: Machine) -> bool:
    """True if a machine has a side that a loop can cool."""
    product = machine.product
    if product.kind == "rack":
        return product.coolant is not None
    if product.kind == "chiller":
        return product.condenser == "water" and product.condenser_flow > 0
    return product.kind in (*SINK_KINDS, "rear_door")


def _members(loop: Loop, machines: list[Machine]) -> dict[str | None, list[str]]:
    """Ids of machines by the place whose circuit they belong to."""
    place_of: dict[str, Callable[[Machine], str | None]] = {
        "facility": lambda machine: "",
        "hall": lambda machine: machine.hall,
        "pod": lambda machine: machine.pod,
        "row": lambda machine: machine.row,
    }
    groups: dict[str | None, list[str]] = {}
    for machine in machines:
        groups.setdefault(place_of[loop.per](machine), []).append(machine.id)
    return groups


def _places(draft: Draft, block: Block, loop: Loop) -> Iterator[tuple[str, str]]:
    """Name of each circuit and the place it serves."""
    if loop.per == "facility":
        yield block.prefix + loop.id, ""
        return
    halls = [shell.id for shell in draft.shells if block.hall is None or shell.id == block.hall]
    for hall in halls:
        prefix = f"{hall}." if hall else ""
        if loop.per == "hall":
            yield prefix + loop.id, hall
            continue
        places = draft.zones if loop.per == "pod" else draft.runs
        for place in places:
            if place.hall == hall:
                yield f"{prefix}{loop.id}.{place.id.removeprefix(prefix)}", place.id


def _check_roles(draft: Draft, paths: dict[str, Path], loop_of: dict[str, Loop]) -> None:
    """No machine plays the same part in two circuits; of those of one pair of loops the first is told."""
    told = set()
    for part, key, role in _PARTS:
        holders: dict[str, list[str]] = {}
        for circuit in draft.circuits:
            for name in getattr(circuit, part):
                held = holders.setdefault(name, [])
                held.append(circuit.id)
                pair = (part, paths[held[0]], paths[circuit.id])
                if len(held) > 1 and pair not in told:
                    told.add(pair)
                    where = f"{quote(held[0])} ({draft.mark(pair[1])})"
                    message = f"{quote(name)} is a {role} of loop {where} already; a machine serves one loop"
                    door = draft.by_id[name].host is not None and loop_of[circuit.id].doors is not None
                    draft.complain((*pair[2], "doors" if door else key), message)


_PARTS = (
    ("sources", "source", "source"), ("sinks", "sinks", "sink"), ("pumps", "pumps", "pump"),
    ("precool", "precool", "precooler"), ("tanks", "tanks", "tank"),
)  # fmt: skip
"""Parts of a circuit: its field, the key in the layout, and what a machine in it is called."""

"""What may take cooling away: machines, pumps, header pieces, whole plants, and power.

Each event says which cooling machines are out for good, which have no power for how long, and which racks are dark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np

from solvers import power as power_flow
from solvers.power.dynamics.itic import hold_up_time
from twin.model.facility import Machine
from twin.model.products import PLANT_KINDS
from twin.networks.facility import Lowered, rack_product
from twin.networks.steps.power import energise
from twin.networks.steps.start import start as first_guess
from twin.scenario import Scenario
from twin.studies.basis import Basis
from twin.studies.continuity import BLINK
from twin.studies.outage import Outage
from twin.studies.starting import start

SINGLE, PIPE, WHOLE, UTILITY, SWITCH, POWER = "single", "pipe", "whole", "utility", "switch", "power"
"""Kinds: one cooling machine, a piece of a header, all of a kind, the utility, a transfer switch, one power machine."""
MOST_STATES = 64
"""Losses of power machines looked at side by side; bounds memory."""
KIND_WORDS = {
    "cdu": "CDU", "crah": "air handler", "dry_cooler": "dry cooler", "cooling_tower": "cooling tower",
    "chiller": "chiller", "heat_exchanger": "plate exchanger", "thermosyphon": "thermosyphon", "pump": "pump",
}  # fmt: skip


@dataclass(frozen=True)
class Event:
    """One loss."""

    name: str
    kind: str
    words: str
    """``one chiller (ch1)``: the loss as a noun."""
    lost: frozenset[str] = frozenset()
    """Cooling machines out for good; valves close around them."""
    away: Mapping[str, float] = field(default_factory=dict)
    """Cooling machines without power, and until when; inf for good. [s]"""
    dark: frozenset[str] = frozenset()
    """Racks that lose power."""
    closed: tuple[tuple[int, int], ...] = ()
    """Loop and piece of its headers, closed."""
    like: tuple[str, ...] = ()
    """Other losses that are alike and were left out."""

    def later(self, delay: float) -> Event:
        """The same with everything back so much later; inf: never. [s]"""
        return replace(self, away={name: time + delay for name, time in self.away.items()})

    @property
    def returns(self) -> bool:
        """Whether something comes back."""
        return any(np.isfinite(time) for time in self.away.values())


def events(basis: Basis) -> tuple[Event, ...]:
    """All losses, like ones once."""
    world = basis.world
    return (
        *_utility(basis), *_singles(world), *_wholes(world), *_switches(basis), *_power(basis), *_pieces(world),
    )  # fmt: skip


def _singles(world: Lowered) -> Iterator[Event]:
    """The first of every group of like machines."""
    groups: dict[tuple[object, ...], list[Machine]] = {}
    order = {number: rank for rank, alike in enumerate(world.alike) for number in alike}
    for number, loop in enumerate(world.loops):
        for name in (*loop.circuit.pumps, *loop.circuit.sources, *loop.circuit.precool):
            machine = world.facility.by_id[name]
            groups.setdefault((order[number], machine.type), []).append(machine)
    halls = {shell.id: rank for rank, shell in enumerate(world.facility.halls)}
    for machine in world.facility.of_kind("crah"):
        groups.setdefault(("crah", halls.get(machine.hall or "", 0), machine.type), []).append(machine)
    for machines in groups.values():
        first, *others = dict.fromkeys(machine.id for machine in machines)
        kind = KIND_WORDS.get(machines[0].kind, machines[0].kind)
        yield Event(
            f"lose:{first}",
            SINGLE,
            f"one {kind} ({first})",
            frozenset([first]),
            like=tuple(f"lose:{name}" for name in others),
        )


def _wholes(world: Lowered) -> Iterator[Event]:
    """Plants without fans and compressors, loops without pumps, halls without air handlers."""
    for alike in world.alike:
        circuit = world.loops[alike[0]].circuit
        others = [world.loops[number].circuit.id for number in alike[1:]]
        plant = [n for n in circuit.sources if world.facility.by_id[n].kind in PLANT_KINDS]
        movers = circuit.pumps or circuit.sources
        if plant:
            yield Event(
                f"plant:{circuit.id}",
                WHOLE,
                f"the whole plant of {circuit.id}",
                away=dict.fromkeys(plant, inf),
                like=tuple(f"plant:{name}" for name in others),
            )
        yield Event(
            f"pumps:{circuit.id}",
            WHOLE,
            f"all pumps of {circuit.id}",
            away=dict.fromkeys(movers, inf),
            like=tuple(f"pumps:{name}" for name in others),
        )
    for hall in world.halls:
        units = [world.facility.of_kind("crah")[k].id for k in hall.crah]
        if units:
            name = hall.shell.id or "hall"
            yield Event(f"crahs:{name}", WHOLE, f"all air handlers of {name}", away=dict.fromkeys(units, inf))


def _pieces(world: Lowered) -> Iterator[Event]:
    """Every piece of the headers of one loop of each shape."""
    for alike in world.alike:
        loop = world.loops[alike[0]]
        for piece in range(len(loop.segment_link)):
            place = loop.segment_sink[piece] if piece < len(loop.segment_sink) else "closing the ring"
            yield Event(
                f"pipe:{loop.circuit.id}.{place}",
                PIPE,
                f"the headers of {loop.circuit.id} before {place}",
                closed=((alike[0], piece),),
                like=tuple(f"pipe:{world.loops[n].circuit.id}#{piece}" for n in alike[1:]),
            )


# -- power ------------------------------------------------------------------------------------------------------------


def _utility(basis: Basis) -> Iterator[Event]:
    """Machines behind a store run on; the others wait for the generators' start sequence."""
    if not basis.facility.of_kind("utility"):
        return
    outage = started(basis)
    machines = [m for m in basis.world.cooling if m.id in basis.feeds_of]
    away = {machine.id: outage.back(machine.id) for machine in machines}
    dark = frozenset(r.id for r in basis.world.racks if r.id in basis.feeds_of and _falls(outage, r))
    yield Event(
        "utility", UTILITY, "the utility", away={n: time for n, time in away.items() if time > 0.0}, dark=dark
    )


def started(basis: Basis) -> Outage:
    """The power tree with the moments at which the generators take their blocks."""
    outage = Outage(basis)
    outage.back_at = {
        switch: moment
        for one in start(outage)
        for switch, moment in zip(one.group.switches, one.taken, strict=True)
    }
    return outage


def _falls(outage: Outage, machine: Machine) -> bool:
    """Whether the loss of the utility is longer than what a rack bridges on its own, or nothing but batteries feeds it."""
    return outage.back(machine.id) > _bridged(outage, machine) or not outage.energised(machine.id)


def _bridged(outage: Outage, machine: Machine) -> float:
    shelf, watts = rack_product(machine).shelf, outage.racks.get(machine.id, 0.0)
    if shelf is None or watts <= 0.0:
        return BLINK
    own = float(hold_up_time(shelf.hold_up, watts / shelf.rating))
    return own + (shelf.storage / watts if shelf.storage_power >= watts else 0.0)


def _switches(basis: Basis) -> Iterator[Event]:
    """Operations of transfer switches that interrupt cooling machines for longer than a blink."""
    outage = started(basis)
    found: dict[str, dict[str, float]] = {}
    for machine in basis.world.cooling:
        if machine.id in basis.feeds_of:
            for switch, lasts in outage.events(machine.id).items():
                if lasts > BLINK:
                    found.setdefault(switch, {})[machine.id] = lasts
    dark: dict[str, set[str]] = {}
    for rack in basis.world.racks:
        if rack.id in basis.feeds_of:
            for switch, lasts in outage.events(rack.id).items():
                if lasts > _bridged(outage, rack):
                    dark.setdefault(switch, set()).add(rack.id)
    for switch, away in found.items():
        yield Event(
            f"supply:{switch}",
            SWITCH,
            f"the supply of transfer switch {switch}",
            away=away,
            dark=frozenset(dark.get(switch, ())),
        )


def _power(basis: Basis) -> Iterator[Event]:
    """Losses of one machine of the power tree that leave cooling machines without power for good."""
    names = _ahead(basis)
    world = basis.world
    for first in range(0, len(names), MOST_STATES):
        scenarios = tuple(
            Scenario(name=f"lose:{name}", failed=(name,)) for name in names[first : first + MOST_STATES]
        )
        tree = power_flow.prepare(world.power.in_service(scenarios), compiled=False)
        state = energise(world, first_guess(world, scenarios), tree, world.failed(scenarios))
        for row in np.flatnonzero(~state.live.all(axis=1)):
            out = [world.cooling[k].id for k in np.flatnonzero(~state.live[row])]
            dark = frozenset(world.racks[k].id for k in np.flatnonzero(~state.served[row]))
            name = scenarios[row].failed[0]
            kind = world.facility.by_id[name].kind.replace("_", " ")
            yield Event(f"lose:{name}", POWER, f"{kind} {name}", away=dict.fromkeys(out, inf), dark=dark)


def _ahead(basis: Basis) -> list[str]:
    """Power machines, the utility apart, from which something leads to a cooling machine."""
    seen: set[str] = set()
    front: Iterable[str] = [machine.id for machine in basis.world.cooling]
    while front:
        sources = {s for name in front for feed in basis.feeds_of.get(name, ()) for s in feed.sources}
        front = sources - seen
        seen |= sources
    return [m.id for m in basis.facility.machines if m.id in seen and m.kind != "utility"]

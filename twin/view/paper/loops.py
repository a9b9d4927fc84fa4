"""Loops and their machines folded, as the piping diagram shows them: what hangs on what, with flows and temperatures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from twin.checks.wording import quantity
from twin.model.facility import Circuit, Facility, Machine
from twin.results.results import Results
from twin.view.paper import words
from twin.view.paper.loads import Load, Loads

TABLES = {
    "cdu": "cdu",
    "crah": "crah",
    "dry_cooler": "plant",
    "cooling_tower": "plant",
    "chiller": "plant",
    "thermosyphon": "plant",
}
"""Table of results of every kind that has a loading."""


@dataclass(frozen=True)
class Group:
    """Machines that are alike in the loops."""

    id: str
    machines: tuple[Machine, ...]
    sink_of: tuple[str, ...]
    """Folded loops that they give heat to."""
    source_of: tuple[str, ...]
    """Folded loops whose heat they take."""


@dataclass(frozen=True)
class Loops:
    """Loops that are alike."""

    id: str
    circuits: tuple[Circuit, ...]


@dataclass
class Piping:
    """Everything that carries fluid, folded."""

    facility: Facility
    results: Results
    row: int
    loops: dict[str, Loops] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    layer: dict[str, int] = field(default_factory=dict)
    """Even for machines, odd for loops; from the loads on."""

    @cached_property
    def columns(self) -> dict[str, dict[str, int]]:
        """Columns of things by table."""
        return {
            name: {thing: k for k, thing in enumerate(table.ids)}
            for name, table in self.results.tables.items()
        }

    def values(self, table: str, quantity: str, things: Iterable[str]) -> list[float]:
        """Values in the normal state of those that are there."""
        found = self.results.tables.get(table)
        if found is None or quantity not in found.values:
            return []
        at = self.columns[table]
        numbers = [float(found[quantity][self.row, at[thing]]) for thing in things if thing in at]
        return [number for number in numbers if np.isfinite(number)]

    def density(self, loops: Loops) -> float | None:
        """Of the fluid, as the results tell it: flow of a pump over that of its sheet and its loading. [kg/m3]"""
        told = self.values("loop", "density", (circuit.id for circuit in loops.circuits))
        if told and min(told) > 0.0:
            return float(np.mean(told))
        for name in (name for circuit in loops.circuits for name in circuit.pumps):
            flow, loading = (self.values("pump", what, [name]) for what in ("flow", "loading"))
            rated = getattr(self.facility.by_id[name].product, "flow", 0.0)
            if flow and loading and min(flow[0], loading[0], rated) > 0.0:
                return flow[0] / loading[0] / rated
        return None

    def flow(self, loops: Loops) -> str:
        """Flow of all its loops: by volume where the density is known."""
        mass = sum(self.values("loop", "flow", (circuit.id for circuit in loops.circuits)))
        density = self.density(loops)
        every = " in all" if len(loops.circuits) > 1 else ""
        if density is None:
            return quantity(mass, "mass_flow") + every
        litres = 1000.0 * mass / density
        return (f"{litres:,.0f} L/s" if litres >= 100.0 else f"{litres:.3g} L/s") + every

    def span(self, table: str, what: str, things: Sequence[str], dimension: str) -> str:
        """The value of all, or the smallest and the largest; empty where nothing is known."""
        numbers = self.values(table, what, things)
        if not numbers:
            return ""
        low, high = (degrees(quantity(number, dimension)) for number in (min(numbers), max(numbers)))
        return low if low == high else f"{low.rpartition(' ')[0]}–{high}"

    def load(self, group: Group) -> Load | None:
        """Loading of its machines."""
        table = TABLES.get(group.machines[0].kind)
        return Loads(self.results, table).of(machine.id for machine in group.machines) if table else None


def degrees(text: str) -> str:
    """With the sign that drawings use."""
    return text.replace("degC", "°C")


def piping(facility: Facility, results: Results, row: int | None) -> Piping | None:
    """The folded loops; None where there are none, or no steady solution."""
    if row is None or "loop" not in results.tables:
        return None
    known = set(results["loop"].ids)
    circuits = [circuit for circuit in facility.circuits if circuit.id in known]
    if not circuits:
        return None
    made = Piping(facility, results, row)
    of = _folded(facility, circuits)
    alike: dict[str, list[Circuit]] = defaultdict(list)
    for circuit in circuits:
        alike[of[circuit.id]].append(circuit)
    made.loops = {name: Loops(name, tuple(listed)) for name, listed in alike.items()}
    made.groups = _groups(facility, circuits, of)
    made.layer = _layers(made)
    return made


def _folded(facility: Facility, circuits: list[Circuit]) -> dict[str, str]:
    """First loop that every loop is like: same fluid, between the same products, joined the same way."""
    first: dict[Hashable, str] = {}
    found = {}
    for circuit in circuits:
        kinds = frozenset(facility.by_id[name].kind for name in circuit.sinks)
        types = frozenset(facility.by_id[name].type for name in circuit.sources)
        ways = (circuit.decoupler, bool(circuit.secondary), circuit.bypass is not None, circuit.valves)
        found[circuit.id] = first.setdefault((circuit.fluid, kinds, types, ways), circuit.id)
    return found


def _groups(facility: Facility, circuits: list[Circuit], of: dict[str, str]) -> dict[str, Group]:
    sink_of: dict[str, dict[str, None]] = defaultdict(dict)
    source_of: dict[str, dict[str, None]] = defaultdict(dict)
    for circuit in circuits:
        for name in circuit.sinks:
            sink_of[name][of[circuit.id]] = None
        for name in circuit.sources:
            source_of[name][of[circuit.id]] = None
    alike: dict[Hashable, list[Machine]] = defaultdict(list)
    for name in dict.fromkeys([*sink_of, *source_of]):
        machine = facility.by_id[name]
        sort = machine.kind if machine.kind == "rack" else machine.type
        alike[sort, tuple(sink_of[name]), tuple(source_of[name])].append(machine)
    return {
        machines[0].id: Group(
            machines[0].id, tuple(machines), tuple(sink_of[machines[0].id]), tuple(source_of[machines[0].id])
        )
        for machines in alike.values()
    }


def _layers(made: Piping) -> dict[str, int]:
    """Loads first, then loops and exchangers by turns; what gives heat to nothing else stands last."""
    layer: dict[str, int] = dict.fromkeys(made.groups, 0)
    for _ in range(2 * len(made.loops) + 2):
        for name in made.loops:
            below = [layer[group.id] for group in made.groups.values() if name in group.sink_of]
            layer[_loop(name)] = max(below, default=0) + 1
        for group in made.groups.values():
            if group.source_of:
                layer[group.id] = min(
                    max(layer[_loop(name)] for name in group.source_of) + 1, 2 * len(made.loops)
                )
    last = max((layer[group.id] for group in made.groups.values()), default=0)
    for group in made.groups.values():
        if group.source_of and not group.sink_of:
            layer[group.id] = last
    return layer


def _loop(name: str) -> str:
    return f"loop:{name}"


loop_node = _loop


def title(loops: Loops) -> str:
    """Name of a loop, or number and common name of many."""
    names = [circuit.id for circuit in loops.circuits]
    return names[0] if len(names) == 1 else f"{len(names):,} x {words.together(names)}"

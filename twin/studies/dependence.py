"""What depends on what in a facility, over power and cooling: a structure of machines, paths and loads.

Demands are watts.  Power is asked for by racks and motors, and grows by the losses of transformers and converters on its way
up; heat is asked for by racks and runs through CDUs, pumps and plant.  What is overloaded trips and its load moves on:
converters, generators and breakers at the limits below; cooling machines where they could no longer hold their set point,
which is taken from the solved states: the capacity of a machine is its duty over its loading in the normal state, or what
it carried in any single failure after which no rack was short of anything.

The structure never contradicts the solved states: cooling machines carry at least what it lays on them in states without
harm, and a rack that the solved loss of a machine throttles needs that machine.  The heat of a rear door hangs on the door
and its loop, and is the room's while they are out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from solvers.reliability.draft import Draft
from solvers.reliability.evaluate import Evaluator
from solvers.reliability.structure import Structure
from twin.model.facility import DOOR, Circuit, Feed, Machine
from twin.model.products import SQRT3, Bess, Generator, Rectifier, Switchgear, Transformer, Ups
from twin.studies.basis import Basis

BREAKER_TRIP = 1.25
"""Current over rating at which a breaker opens within the hours until the load could be moved.  Assumed: UL 489 has it
hold 100 % and open at 135 % within two hours, IEC 60947-2 at 130 % (as quoted)."""
GENERATOR_TRIP = 1.10
"""Load over rating at which a generator set gives up: ISO 8528-1, prime power, 10 % overload for an hour (as quoted)."""
CONVERTER_TRIP = 1.10
"""Load over rating at which a rectifier without a stated overload gives up.  Assumed."""
TRANSFORMER_TRIP = 1.25
"""Load over rating at which a transformer's secondary breaker opens: NFPA 70, table 450.3(B), 125 % (as quoted)."""
SLACK = 1.05
"""Cooling capacity over the duty it is taken from: how far sharing here may be from that of the solved flows.  Assumed."""
POWER_FACTOR = 0.98
"""Of what passes switchgear and transformers, for their capacity in watts.  Assumed."""
UNTOUCHED = 1.0 - 1e-6
"""Power drawn over power asked for above which a rack counts as unharmed."""
HARM = 0.999
"""Power drawn over that of the normal state below which a loss counts as one that drops a rack.  Assumed."""


@dataclass(frozen=True, eq=False)
class Dependence:
    """A structure and where the facility's things are in it."""

    structure: Structure
    components: tuple[str, ...]
    """Names of the components: machines, and feeds as ``machine.terminal``."""
    top: dict[str, int]
    """Rack to its node."""
    all_racks: int
    """Node that needs every rack."""
    owner: dict[int, str]
    """Node to the machine or feed whose overload trips it."""
    harm: dict[str, tuple[str, ...]]
    """Rack to the machines without which the solved states show it throttled or off though the structure alone does not."""


def dependence(basis: Basis) -> Dependence:
    """Restate a solved facility as a structure of what needs what."""
    return _Lowering(basis).result()


@dataclass
class _Lowering:
    """One pass over the machines makes their nodes, a second one joins them."""

    basis: Basis
    draft: Draft = field(default_factory=Draft)
    component: dict[str, int] = field(default_factory=dict)
    node: dict[str, int] = field(default_factory=dict)
    """Machine to its node: live output, or cooling that works."""
    motor: dict[str, int] = field(default_factory=dict)
    common: dict[tuple[str, ...], int] = field(default_factory=dict)
    owner: dict[int, str] = field(default_factory=dict)

    def result(self) -> Dependence:
        facility = self.basis.facility
        self.power = _merged(self.basis, "power", ("cdu", "crah", "plant", "pump"))
        fans = self.basis.normal("rear_door", "power")
        self.power |= {door.id: fans.get(door.host or "", 0.0) for door in facility.doors}
        self.capacity = cooling_capacity(self.basis)
        machines = (*facility.machines, *facility.doors)
        for machine in machines:
            if machine.product.role in ("power", "cooling"):
                self.node[machine.id] = self._node(machine)
        for machine in facility.machines:
            if machine.product.role == "power":
                self._supply(self.node[machine.id], machine, losses=_growth(machine))
        for machine in machines:
            if machine.product.role == "cooling":
                self._drive(machine)
        loops = {circuit.id: self._loop(circuit) for circuit in facility.circuits}
        for circuit in facility.circuits:
            for name in circuit.sinks:
                if name in self.node:
                    self.draft.feed(self.node[name], loops[circuit.id], weight=self._rejected(name))
        halls = self._halls()
        tops = {rack.id: self._rack(rack, loops, halls) for rack in facility.racks}
        everything = self.draft.node(inputs=tops.values(), weights=[0.0] * len(tops))
        harm = self._solved_harm(tops)
        structure = self._as_solved(self.draft.freeze(), tops)
        return Dependence(structure, tuple(self.draft.names), tops, everything, self.owner, harm)

    def _as_solved(self, structure: Structure, tops: dict[str, int]) -> Structure:
        """Cooling machines carry at least what the structure lays on them in states that were solved without harm.

        So it is the same heat that capacity and demand are counted in, and no such state is called an overload.
        """
        rows = [row for row, _ in self._single_losses() if self.fine[row]]
        failed = np.zeros((1 + len(rows), len(self.draft.names)), bool)
        losses = dict(self._single_losses())
        for place, row in enumerate(rows):
            failed[1 + place, self.component[losses[row]]] = True
        nodes, carried = Evaluator(structure, np.array([*tops.values()], int)).carried(failed)
        capacity = structure.node_capacity.copy()
        machines = self.basis.facility.by_id
        cooling = np.array([self._cools(machines.get(self.owner.get(int(node), ""))) for node in nodes], bool)
        most = SLACK * carried.max(axis=0, initial=0.0)
        capacity[nodes[cooling]] = np.maximum(capacity[nodes[cooling]], most[cooling])
        return replace(structure, node_capacity=capacity)

    @staticmethod
    def _cools(machine: Machine | None) -> bool:
        return machine is not None and machine.product.role == "cooling"

    @cached_property
    def fine(self) -> np.ndarray:
        """(S,) states in which no rack is short of anything; the normal one counts as such."""
        return unharmed(self.basis)

    def _single_losses(self) -> list[tuple[int, str]]:
        """Rows of the solved states with one machine lost, on the day of the normal one, and that machine."""
        states, settled = self.basis.results.scenarios, self.basis.results.settled
        normal = states[self.basis.row]
        return [
            (row, state.out[0])
            for row, state in enumerate(states)
            if len(state.out) == 1
            and settled[row]
            and state.out[0] in self.component
            and (state.outdoor, state.load, state.rack_load)
            == (normal.outdoor, normal.load, normal.rack_load)
        ]

    def _solved_harm(self, tops: dict[str, int]) -> dict[str, tuple[str, ...]]:
        """Machines without which the solved states show a rack harmed that the structure holds up: it needs them, then."""
        losses, row = self._single_losses(), self.basis.row
        racks = self.basis.results["rack"]
        whole = (racks["served"] > 0.5) & (racks["throttle"] >= HARM * racks["throttle"][row])
        rows = [at for at, _ in losses if not whole[at].all()]
        if not rows:
            return {}
        name = dict(losses)
        structure = self._as_solved(self.draft.freeze(), tops)
        events = np.array([[self.component[name[at]]] for at in rows], int)
        up = Evaluator(structure, np.array([*tops.values()], int)).sets(events).up
        columns = [racks.index(rack) for rack in tops]
        missed = up & ~whole[np.ix_(rows, columns)]
        found: dict[str, tuple[str, ...]] = {}
        gates: dict[tuple[str, ...], int] = {}
        for column, rack in enumerate(tops):
            needed = tuple(name[rows[at]] for at in np.flatnonzero(missed[:, column]))
            if needed:
                if needed not in gates:
                    alone = [self.draft.node(self._component(machine)) for machine in needed]
                    gates[needed] = self.draft.node(inputs=alone)
                self.draft.feed(tops[rack], gates[needed], weight=0.0)
                found[rack] = needed
        return found

    def _component(self, name: str) -> int:
        if name not in self.component:
            self.component[name] = self.draft.component(name)
        return self.component[name]

    def _node(self, machine: Machine) -> int:
        limit = _trip(machine) if machine.product.role == "power" else self.capacity.get(machine.id, np.inf)
        node = self.draft.node(self._component(machine.id), capacity=limit)
        self.owner[node] = machine.id
        return node

    def _supply(self, node: int, machine: Machine, losses: float = 1.0) -> None:
        """Join a consumer to whatever feeds it: any live input suffices, and what is live shares."""
        feeds = self.basis.feeds_of.get(machine.id, ())
        if not feeds:
            if machine.product.role == "power" and not _is_source(machine):
                self.draft.feed(node, self.dark)
            return
        inputs = [self._feed(feed) for feed in feeds]
        ranks = [feed.rank for feed in feeds]
        joint = self.draft.node(inputs=inputs, needs=1, ranks=ranks)
        self.draft.feed(node, joint, weight=losses)

    @cached_property
    def dark(self) -> int:
        """A node that nothing feeds: two that only feed each other."""
        one, other = self.draft.node(), self.draft.node()
        self.draft.feed(one, other)
        self.draft.feed(other, one)
        return one

    @cached_property
    def place(self) -> dict[tuple[str, str], int]:
        """Number of each feed among those of the facility."""
        return {(feed.to, feed.terminal): index for index, feed in enumerate(self.basis.facility.feeds)}

    def _feed(self, feed: Feed) -> int:
        """The path from the source to one input: its cable and breaker may fail, its breaker may trip."""
        name = f"{feed.to}.{feed.terminal}"
        node = self.draft.node(
            self._component(name), inputs=[self._source(feed.sources)], capacity=self._breaker(feed)
        )
        self.owner[node] = name
        return node

    def _source(self, sources: tuple[str, ...]) -> int:
        if len(sources) == 1:
            return self.node[sources[0]]
        if sources not in self.common:
            weights = [_weight(self.basis.facility.by_id[name]) for name in sources]
            self.common[sources] = self.draft.node(
                inputs=[self.node[name] for name in sources], needs=1, weights=weights
            )
        return self.common[sources]

    def _breaker(self, feed: Feed) -> float:
        if feed.breaker is None:
            return np.inf
        network, index = self.basis.world.power, self.place[feed.to, feed.terminal]
        bus = network.problem.branch_to[max(network.feed_branch[index], 0)]
        volts = network.problem.bus_voltage[bus] * (1.0 if network.problem.bus_dc[bus] else SQRT3)
        amperes = feed.breaker * feed.circuits / network.feed_amperes[index]
        return float(BREAKER_TRIP * amperes * volts * POWER_FACTOR)

    def _drive(self, machine: Machine) -> None:
        """A cooling machine needs power for its motors, which has nothing to do with the heat it moves."""
        if machine.id not in self.basis.feeds_of:
            return  # no feed in the layout: taken as always powered
        motor = self.draft.node(demand=self.power.get(machine.id, 0.0))
        self._supply(motor, machine)
        self.draft.feed(self.node[machine.id], motor, weight=0.0)

    def _loop(self, circuit: Circuit) -> int:
        """Fluid at its set point: enough of the sources, and enough of the pumps of every station.

        Users of heat take their part before it gets to the sources: they are no machines that could fail, and both capacity
        and demand of what lies behind are counted without it.  Coolers in the return take theirs while they run; without
        them the sources have it too.
        """
        loop = self.draft.node()
        for group in circuit.stations:
            if (pumps := self._side_by_side(group)) is not None:
                self.draft.feed(loop, pumps)
        sources = self._side_by_side(circuit.sources)
        if sources is None:
            return loop
        heat = self.basis.normal("loop", "heat").get(circuit.id, 0.0)
        used = min(self.basis.normal("loop", "reuse").get(circuit.id, 0.0) / heat, 1.0) if heat > 0.0 else 0.0
        duty = self.basis.normal("plant", "duty")
        cooled = sum(duty.get(name, 0.0) for name in circuit.precool)
        coolers = self._side_by_side(circuit.precool)
        early = min(cooled / heat, 1.0 - used) if heat > 0.0 and coolers is not None else 0.0
        self.draft.feed(loop, sources, weight=1.0 - used - early)
        if early > 0.0 and coolers is not None:
            either = self.draft.node(inputs=[coolers, sources], needs=1, ranks=[0, 1])
            self.draft.feed(loop, either, weight=early)
        return loop

    def _side_by_side(self, names: tuple[str, ...]) -> int | None:
        """A node that any of some machines keeps up, which share what it asks for by what they can carry."""
        known = [name for name in names if name in self.node]
        if not known:
            return None
        weights = [self._share(name) for name in known]
        return self.draft.node(inputs=[self.node[name] for name in known], needs=1, weights=weights)

    def _share(self, name: str) -> float:
        capacity = self.capacity.get(name, np.inf)
        return capacity if np.isfinite(capacity) and capacity > 0 else 1.0

    def _rejected(self, name: str) -> float:
        """Heat a machine passes on over the heat it takes up: a chiller adds its compressor's power."""
        duty = self.basis.normal("plant", "duty").get(name, 0.0)
        if self.basis.facility.by_id[name].kind != "chiller" or duty <= 0.0:
            return 1.0
        return 1.0 + self.power.get(name, 0.0) / duty

    def _halls(self) -> dict[str | None, int]:
        """Air at its set point in every hall that has air handlers."""
        found: dict[str | None, list[str]] = {}
        for machine in self.basis.facility.of_kind("crah"):
            found.setdefault(machine.hall, []).append(machine.id)
        return {
            hall: self.draft.node(
                inputs=[self.node[name] for name in names], needs=1, weights=[self._share(n) for n in names]
            )
            for hall, names in found.items()
        }

    def _rack(self, rack: Machine, loops: dict[str, int], halls: dict[str | None, int]) -> int:
        """Power on any cord, coolant on every loop it hangs on, air; what its rear door takes is the room's without it."""
        power = self.basis.normal("rack", "power").get(rack.id, 0.0)
        liquid = self.basis.normal("rack", "liquid_heat").get(rack.id, 0.0)
        air = self.basis.normal("rack", "air_heat").get(rack.id, 0.0)
        node = self.draft.node(demand=power)
        self._supply(node, rack)
        if rack.id not in self.basis.feeds_of:
            self.draft.feed(node, self.dark)
        scale = power or 1.0
        mine = [c for c in self.basis.facility.circuits if rack.id in c.sinks]
        for circuit in mine:
            self.draft.feed(node, loops[circuit.id], weight=liquid / scale / len(mine))
        door = min(self.basis.normal("rear_door", "duty").get(rack.id, 0.0), air)
        ways = [self.node[f"{rack.id}{DOOR}"]] if door > 0.0 else []
        if rack.hall in halls:
            self.draft.feed(node, halls[rack.hall], weight=(air - door) / scale)
            ways.append(halls[rack.hall])
        if door > 0.0:
            either = self.draft.node(inputs=ways, needs=1, ranks=range(len(ways)))
            self.draft.feed(node, either, weight=door / scale)
        return node


def unharmed(basis: Basis) -> np.ndarray:
    """(S,) states in which no rack is short of anything; the normal one counts as such."""
    racks = basis.results["rack"]
    fine = np.array(basis.results.settled) & (racks["throttle"].min(axis=1, initial=1.0) > UNTOUCHED)
    fine &= racks["served"].min(axis=1, initial=1.0) > 0.5
    fine[basis.row] = True
    return np.asarray(fine)


def cooling_capacity(basis: Basis) -> dict[str, float]:
    """Heat every cooling machine can move at the evaluated outdoor state. [W]"""
    results, row = basis.results, basis.row
    fine = unharmed(basis)
    found: dict[str, float] = {}
    for name in ("cdu", "crah", "plant", "pump"):
        table = results.tables.get(name)
        if table is None or not table.ids:
            continue
        duty = _pumped(basis) if name == "pump" else np.asarray(table["duty"])
        loading = np.asarray(table["loading"])[row]
        rated = np.divide(
            _evened(basis, table.ids, duty[row]), loading, out=np.zeros(len(loading)), where=loading > 0
        )
        carried = np.where(fine[:, None], duty, 0.0).max(axis=0)
        limit = SLACK * np.maximum(rated, carried)
        found |= {
            machine: float(value) if value > 0 else np.inf
            for machine, value in zip(table.ids, limit, strict=True)
        }
    return found


def _evened(basis: Basis, names: tuple[str, ...], duty: np.ndarray) -> np.ndarray:
    """Duties; of machines that run as few as needed, whose loading is told for all alike, the mean of their group. [W]"""
    machines = [basis.facility.by_id[name] for name in names]
    evened = duty.copy()
    for group in {machine.group for machine in machines if machine.stage == "needed"}:
        columns = [index for index, machine in enumerate(machines) if machine.group == group]
        evened[columns] = duty[columns].mean()
    return evened


def _pumped(basis: Basis) -> np.ndarray:
    """(S, pumps) heat of its loop that each pump's flow carries. [W]"""
    results = basis.results
    pumps = results["pump"]
    heat = np.zeros(pumps["flow"].shape)
    stations = [(circuit, names) for circuit in basis.facility.circuits for names in circuit.stations]
    for circuit, names in stations:
        columns = [pumps.index(name) for name in names if name in pumps.ids]
        if columns and circuit.id in results["loop"].ids:
            flow = pumps["flow"][:, columns]
            total = np.maximum(flow.sum(axis=1, keepdims=True), 1e-12)
            heat[:, columns] += flow / total * results["loop"]["heat"][:, [results["loop"].index(circuit.id)]]
    return heat


def _merged(basis: Basis, quantity: str, tables: tuple[str, ...]) -> dict[str, float]:
    found: dict[str, float] = {}
    for table in tables:
        found |= basis.normal(table, quantity)
    return found


def _is_source(machine: Machine) -> bool:
    return machine.kind in ("utility", "generator", "bess")


def _weight(machine: Machine) -> float:
    """Share of a machine among those in parallel with it: by rating."""
    return float(getattr(machine.product, "rating", 1.0))


def _growth(machine: Machine) -> float:
    """Input over output power at rated load."""
    match machine.product:
        case Ups(mode="double_conversion", efficiency=points) | Rectifier(efficiency=points):
            return 1.0 / points[-1][1]
        case Transformer(rating=rating, load_loss=winding, no_load_loss=core):
            return 1.0 + (winding + core) / rating
    return 1.0


def _trip(machine: Machine) -> float:
    """Output power at which a machine of the power tree gives up. [W]"""
    match machine.product:
        case Ups(rating=rating, overload=overload):
            return rating * overload
        case Rectifier(rating=rating):
            return rating * CONVERTER_TRIP
        case Generator(rating=rating):
            return rating * GENERATOR_TRIP
        case Bess(rating=rating):
            return rating
        case Transformer(rating=rating):
            return rating * POWER_FACTOR * TRANSFORMER_TRIP
        case Switchgear(rating=rating, voltage=voltage) as gear:
            factor = 1.0 if getattr(gear, "dc", False) else SQRT3 * POWER_FACTOR
            return rating * voltage * factor * BREAKER_TRIP
    return np.inf

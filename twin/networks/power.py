"""The power tree as a power-flow problem: terminals become buses, elements become rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from solvers import power as flow
from solvers.power.losses import curve_from_points
from twin.geometry import Routes
from twin.model import elements
from twin.model.facility import Facility, Feed, Machine
from twin.model.products import SQRT3, Busway
from twin.scenario import Scenario

Array = NDArray[np.float64]

BASE_POWER = 1e6
"""Three-phase power base of the per-unit values. [VA]"""
LEVEL = 0.10
"""Deviation of the nominal voltages of one level. [-]"""
CLOSE = 1e-3
"""Taps closer than this share one bus. [m]"""


@dataclass
class _Rows:
    """Growing lists of buses and branches."""

    bus: dict[tuple[str, str], int] = field(default_factory=dict)
    voltage: list[float] = field(default_factory=list)
    dc: list[bool] = field(default_factory=list)
    shunt: list[float] = field(default_factory=list)
    branch: list[tuple[int, int, complex, float, int, int, float]] = field(default_factory=list)
    owner: list[str] = field(default_factory=list)
    """Machine that opens each branch when it fails; empty for none."""

    def add_bus(self, key: tuple[str, str], voltage: float, dc: bool) -> int:
        self.bus[key] = len(self.voltage)
        self.voltage.append(voltage)
        self.dc.append(dc)
        self.shunt.append(0.0)
        return self.bus[key]

    def add_branch(
        self,
        start: int,
        end: int,
        ohm: complex = 0.0,
        rating: float = np.inf,
        group: int = -1,
        rank: int = 0,
        owner: str = "",
        tap: float = 1.0,
    ) -> int:
        per_unit = ohm * BASE_POWER / self.voltage[end] ** 2
        self.branch.append((start, end, per_unit, rating, group, rank, tap))
        self.owner.append(owner)
        return len(self.branch) - 1


@dataclass(frozen=True)
class PowerNetwork:
    """The power tree in arrays, and where each machine and feed is found in them."""

    problem: flow.Problem
    """With loads of zero and everything in service."""
    loads: tuple[str, ...]
    """Machines that draw power, in load order."""
    load_power_factor: Array
    load_voltage: Array
    """Nominal voltage of each load. [V]"""
    branch_owner: tuple[str, ...]
    converter_owner: tuple[str, ...]
    source_owner: tuple[str, ...]
    source_capacity: Array
    """[W or VA]"""
    through: dict[str, list[int]]
    """Machine to the branches that carry its output (one per input of a transfer switch)."""
    feed_branch: NDArray[np.intp]
    """(F,) branch of each feed of the facility; -1 where it joins AC and DC and cannot conduct."""
    feed_amperes: Array
    """(F,) current of the circuits over that of a balanced three-phase circuit of the same power. [-]"""
    feed_origin: NDArray[np.intp]
    """(F,) bus from which the voltage drop of each feed is counted."""
    shunt_owner: dict[str, tuple[int, float]]
    """Machine to the bus of its no-load loss and its size at nominal voltage. [W]"""
    output: dict[str, int]
    """Machine to its output bus."""
    unfed: tuple[str, ...]
    """Loads without any feed."""
    bus_names: tuple[str, ...]
    """``machine.terminal`` of every bus."""
    branch_names: tuple[str, ...]
    """Feeds as ``machine.terminal``, what is inside a machine by its name and a number."""

    def problem_with(self, load: NDArray[np.complex128]) -> flow.Problem:
        """Everything in service, with (L,) or (S, L) loads. [VA]"""
        return replace(self.problem, load_power=np.atleast_2d(load))

    def in_service(self, scenarios: Sequence[Scenario]) -> flow.Problem:
        """The problem of some scenarios: machines and feeds (``machine.terminal``) out of service open, sources off."""

        def alive(owners: Sequence[str], names: Sequence[str] = ()) -> NDArray[np.bool_]:
            table = np.ones((len(scenarios), len(owners)), bool)
            where: dict[str, list[int]] = {}
            for column, owner in (*enumerate(owners), *enumerate(names)):
                where.setdefault(owner, []).append(column)
            for row, scenario in enumerate(scenarios):
                for name in scenario.out:
                    table[row, where.get(name, [])] = False
            return table

        cord_owner = [self.loads[load] for load in self.problem.cord_load]
        return replace(
            self.problem,
            branch_closed=alive(self.branch_owner, self.branch_names),
            converter_live=alive(self.converter_owner),
            source_live=alive(self.source_owner),
            cord_on=alive(cord_owner),
        )


def lower(facility: Facility, routes: Routes) -> PowerNetwork:
    """Restate the power tree of a facility as arrays.

    Machines in parallel on a common bus meet in one bus of their own, so that any of them can fail alone.
    A busway becomes a chain of segments between its taps.
    """
    return _Lowering(facility, routes).network()


class _Lowering:
    """One pass over the machines, then one over the feeds."""

    def __init__(self, facility: Facility, routes: Routes) -> None:
        self.facility, self.routes = facility, routes
        self.rows = _Rows()
        self.feeds_of: dict[str, list[Feed]] = {}
        for feed in facility.feeds:
            self.feeds_of.setdefault(feed.to, []).append(feed)
        self.conversions: list[tuple[int, int, elements.Conversion, str]] = []
        self.sources: list[tuple[int, elements.Supply, str]] = []
        self.demands: list[tuple[str, list[int], float, float]] = []
        self.through: dict[str, list[int]] = {}
        self.shunts: dict[str, tuple[int, float]] = {}
        self.taps: dict[tuple[str, str], int] = {}
        self.common: dict[tuple[str, ...], int] = {}
        self.groups: dict[str, int] = {}
        self.amperes: list[float] = []

    def network(self) -> PowerNetwork:
        for machine in (*self.facility.machines, *self.facility.doors):
            self._machine(machine)
        # an idle source of its own keeps the number of states in the arrays where a layout has no power tree
        idle = self.rows.add_bus(("", "idle"), 1.0, False)
        self.sources.append((idle, elements.Supply("out", np.inf), ""))
        feed_branch = np.array([self._feed(feed) for feed in self.facility.feeds], np.intp)
        rows = self.rows
        branch = list(zip(*rows.branch, strict=True)) or [()] * 7
        fed = {feed.to for feed in self.facility.feeds}
        demands = [demand for demand in self.demands if demand[0] in fed]
        cords = [(load, bus) for load, demand in enumerate(demands) for bus in demand[1]]
        problem = flow.Problem(
            base_power=BASE_POWER,
            bus_voltage=np.array(rows.voltage),
            bus_dc=np.array(rows.dc, bool),
            bus_shunt=np.array(rows.shunt, complex) / BASE_POWER,
            branch_from=np.array(branch[0], np.intp),
            branch_to=np.array(branch[1], np.intp),
            branch_impedance=np.array(branch[2], complex),
            branch_rating=np.array(branch[3], float),
            branch_group=np.array(branch[4], np.intp),
            branch_rank=np.array(branch[5], np.intp),
            branch_tap=np.array(branch[6], complex),
            source_bus=np.array([bus for bus, _, _ in self.sources], np.intp),
            source_voltage=np.ones(len(self.sources), complex),
            converter_from=np.array([start for start, _, _, _ in self.conversions], np.intp),
            converter_to=np.array([end for _, end, _, _ in self.conversions], np.intp),
            converter_rating=np.array([c.rating for _, _, c, _ in self.conversions]),
            converter_loss=self._losses(),
            converter_input_pf=np.array([c.power_factor for _, _, c, _ in self.conversions]),
            converter_voltage=np.ones(len(self.conversions)),
            load_power=np.zeros((1, len(demands)), complex),
            cord_load=np.array([load for load, _ in cords], np.intp),
            cord_bus=np.array([bus for _, bus in cords], np.intp),
            cord_weight=np.ones(len(cords)),
        )
        return PowerNetwork(
            problem=problem,
            loads=tuple(name for name, *_ in demands),
            load_power_factor=np.array([factor for *_, factor, _ in demands]),
            load_voltage=np.array([voltage for *_, voltage in demands]),
            branch_owner=tuple(rows.owner),
            converter_owner=tuple(owner for *_, owner in self.conversions),
            source_owner=tuple(owner for *_, owner in self.sources),
            source_capacity=np.array([supply.capacity for _, supply, _ in self.sources]),
            through=self.through,
            feed_branch=feed_branch,
            feed_amperes=np.array(self.amperes),
            feed_origin=np.array([self._origin(feed) for feed in self.facility.feeds], np.intp),
            shunt_owner=self.shunts,
            output={name: bus for (name, terminal), bus in rows.bus.items() if terminal == "out"},
            unfed=tuple(name for name, *_ in self.demands if name not in fed),
            bus_names=tuple(f"{name}.{terminal}" if name else terminal for name, terminal in rows.bus),
            branch_names=self._branch_names(feed_branch),
        )

    def _branch_names(self, feed_branch: NDArray[np.intp]) -> tuple[str, ...]:
        names = [f"{owner or 'joint'} {number}" for number, owner in enumerate(self.rows.owner)]
        for feed, branch in zip(self.facility.feeds, feed_branch, strict=True):
            if branch >= 0:
                names[branch] = f"{feed.to}.{feed.terminal}"
        return tuple(names)

    def _losses(self) -> Array:
        curves: dict[elements.Conversion, Array] = {}
        table = np.zeros((len(self.conversions), 3))
        for row, (_, _, conversion, _) in enumerate(self.conversions):
            if conversion not in curves:
                load, efficiency = np.array(conversion.efficiency).T
                curves[conversion] = np.array(curve_from_points(load, efficiency))
            table[row] = curves[conversion]
        return table

    def _machine(self, machine: Machine) -> None:
        labels = tuple(
            dict.fromkeys(f.terminal.removeprefix("in") for f in self.feeds_of.get(machine.id, []))
        )
        for element in machine.product.electrical(labels or ("",)):
            self._element(machine, element)
        if isinstance(machine.product, Busway):
            self._taps(machine, machine.product)

    def _element(self, machine: Machine, element: elements.Electrical) -> None:
        rows, name = self.rows, machine.id
        match element:
            case elements.Terminal():
                rows.add_bus((name, element.name), element.voltage, element.dc)
            case elements.Branch():
                ohm = complex(element.resistance, element.reactance)
                start, end = rows.bus[name, element.start], rows.bus[name, element.end]
                group, rank = self._transfer(machine, element.start)
                index = rows.add_branch(start, end, ohm, element.rating, group, rank, name, element.ratio)
                self.through.setdefault(name, []).append(index)
            case elements.Shunt():
                bus = rows.bus[name, element.at]
                rows.shunt[bus] += element.power
                self.shunts[name] = (bus, self.shunts.get(name, (bus, 0.0))[1] + element.power)
            case elements.Conversion():
                self.conversions.append(
                    (rows.bus[name, element.start], rows.bus[name, element.end], element, name)
                )
            case elements.Supply():
                self.sources.append((rows.bus[name, element.at], element, name))
            case elements.Demand():
                buses = [rows.bus[name, terminal] for terminal in element.at]
                self.demands.append((name, buses, element.power_factor, rows.voltage[buses[0]]))

    def _transfer(self, machine: Machine, terminal: str) -> tuple[int, int]:
        if machine.kind != "transfer_switch":
            return -1, 0
        group = self.groups.setdefault(machine.id, len(self.groups))
        return group, next((f.rank for f in self.feeds_of.get(machine.id, []) if f.terminal == terminal), 0)

    def _taps(self, machine: Machine, busway: Busway) -> None:
        """Chain of buses from the feed end past every tap."""
        route = self.routes.busway.get(machine.id)
        if route is None:
            return
        bus, here = self.rows.bus[machine.id, "out"], 0.0
        for name, distance in sorted(route.taps.items(), key=lambda tap: (tap[1], tap[0])):
            if distance - here > CLOSE:
                ohm = (
                    complex(busway.resistance, busway.reactance) * (distance - here) * (2 if busway.dc else 1)
                )
                end = self.rows.add_bus((machine.id, f"tap {name}"), busway.voltage, busway.dc)
                self.rows.add_branch(bus, end, ohm, busway.rating, owner=machine.id)
                bus, here = end, distance
            self.taps[machine.id, name] = bus

    def _feed(self, feed: Feed) -> int:
        end = self.rows.bus[feed.to, feed.terminal]
        start = self._start(feed)
        way, amperes = _of_balanced(feed, self.rows.voltage[start], self.rows.voltage[end], self.rows.dc[end])
        self.amperes.append(amperes)
        ohm = 0.0 + 0.0j
        rating = np.inf
        if feed.cable is not None:
            length = feed.length if feed.length is not None else self.routes.feeder[feed.to, feed.terminal]
            ohm = complex(feed.cable.resistance, feed.cable.reactance) * length * way / feed.circuits
            rating = feed.cable.rating * feed.circuits
        if feed.breaker is not None:
            rating = min(rating, feed.breaker * feed.circuits)
        rating /= amperes
        if self.rows.dc[start] != self.rows.dc[end]:
            return -1  # direct to alternating current: no connection; the placement check PWR-013 names it
        # joined without a transformer both ends have the same volts, whatever their nominal voltages
        tap = self.rows.voltage[end] / self.rows.voltage[start]
        return self.rows.add_branch(start, end, ohm, rating, tap=tap)

    def _start(self, feed: Feed) -> int:
        """Bus the feed starts from: the source's output, its tap, or the common bus of several sources."""
        if len(feed.sources) == 1:
            source = feed.sources[0]
            return self.taps.get((source, feed.to), self.rows.bus[source, "out"])
        if feed.sources not in self.common:
            first = self.rows.bus[feed.sources[0], "out"]
            bus = self.rows.add_bus(
                (" + ".join(feed.sources), "common"), self.rows.voltage[first], self.rows.dc[first]
            )
            for source in feed.sources:
                self.rows.add_branch(self.rows.bus[source, "out"], bus, owner=source)
            self.common[feed.sources] = bus
        return self.common[feed.sources]

    def _origin(self, feed: Feed) -> int:
        """Where the voltage drop of a final circuit starts: the output of what it hangs on."""
        if len(feed.sources) > 1:
            return self.common[feed.sources]
        return self.rows.bus[feed.sources[0], "out"]


def _of_balanced(feed: Feed, upstream: float, nominal: float, dc: bool) -> tuple[float, float]:
    """Impedance and current of a circuit, over those of a balanced three-phase circuit of the same power.

    P = sqrt(3) V I on three poles, V I between two lines, V I / sqrt(3) between line and neutral, where V is the
    nominal line-to-line voltage; a load may also be rated for the voltage to neutral.  Circuits of fewer poles have
    the way back as well, and drop and loss are taken relative to their own voltage.
    """
    if dc:
        return 2.0, 1.0
    if feed.poles == 3:
        return 1.0, 1.0
    to_neutral = feed.poles == 1 and abs(nominal * SQRT3 / upstream - 1.0) > LEVEL
    return (6.0, 3.0) if to_neutral else (2.0, SQRT3)

"""The power tree as a short-circuit network: sources, transformers, lines and the states it is looked at in.

Built on the buses of :mod:`twin.networks.power`.  Direct-current parts are left out: no converter lets a short circuit
through.  Motors stand behind drives (as the products have it) and give nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from solvers.power.faults import (
    Branches,
    Converters,
    FaultProblem,
    Feeders,
    Generators,
    Transformers,
    transformer_impedance,
    vector_group,
)
from twin.model.facility import Facility, Feed, Machine
from twin.model.products import SQRT3, Bess, Generator, Pdu, Transformer, Ups, Utility
from twin.model.products.power import BYPASS_LOSS
from twin.networks.power import BASE_POWER, PowerNetwork
from twin.studies.basis import Basis

Array = NDArray[np.float64]
Index = NDArray[np.intp]

FAULT_LEVEL = 20.0
"""Short-circuit power of a grid connection over its contracted capacity where the layout gives none.  Assumed."""
SMALLEST = 0.5
"""Smallest over largest short-circuit power of the grid where the layout gives none.  Assumed."""
ZERO_SEQUENCE = 4.0
"""Zero- over positive-sequence impedance of cables and busways with a protective conductor of the phases' section: the
loop of phase and protective conductor is then twice the phase.  Assumed (four-core cables in IEC TR 60909-2, as quoted)."""
SUSTAINED = 3.0
"""Short-circuit current that a generating set keeps up, over its rated one: usual for permanent-magnet or auxiliary-winding
excitation.  Assumed."""
STATES = ("on the mains", "on generators", "with transfer switches in their other position")
RUNNING = STATES[1:]
"""Those in which generators run."""


@dataclass(frozen=True, eq=False)
class FaultNetwork:
    """A short-circuit problem of S scenarios and where the facility's things are in it."""

    problem: FaultProblem
    state: Index
    """(S,) place in :data:`STATES`."""
    bypass: NDArray[np.bool_]
    """(S,) whether UPS feed a fault through their static bypass; without it by their inverters alone."""
    position: tuple[Mapping[str, str], ...]
    """(S,) transfer switch to its closed input."""
    start: Index
    end: Index
    """(F,) buses of every feed of the facility; -1 for direct current."""
    places: Mapping[str, tuple[int, ...]]
    """Machine to its buses: the output and the taps of a busway, or the inputs of what has no alternating output."""
    dc: tuple[str, ...]
    """Machines of the power tree whose output is direct current."""


def lower(basis: Basis) -> FaultNetwork | None:
    """Restate the power tree; None where no source of alternating current stands in it."""
    return _Lowering(basis).network()


class _Lowering:
    def __init__(self, basis: Basis) -> None:
        self.basis, self.facility = basis, basis.facility
        self.power: PowerNetwork = basis.world.power
        flow = self.power.problem
        self.ac = ~np.asarray(flow.bus_dc)
        self.at = np.where(self.ac, np.cumsum(self.ac) - 1, -1)
        self.scenarios = _scenarios(self.facility)
        self.position = [_positions(self.facility, basis.feeds_of, state) for state, _ in self.scenarios]

    def network(self) -> FaultNetwork | None:
        sources = self.facility.of_kind("utility", "generator", "bess")
        if not sources:
            return None
        first, second, ohm, zero, closed = self._lines()
        transformers, rows = self._transformers()
        levels = self._levels(first, second, rows)
        problem = FaultProblem(
            bus_voltage=levels,
            feeders=self._feeders(),
            branches=Branches(first, second, ohm, zero, closed=closed),
            transformers=transformers,
            generators=self._generators(),
            converters=self._converters(),
            frequency=50.0 if not american(self.facility) else 60.0,
        )
        start, end = self._ends()
        return FaultNetwork(
            problem=problem,
            state=np.array([STATES.index(state) for state, _ in self.scenarios], np.intp),
            bypass=np.array([bypass for _, bypass in self.scenarios]),
            position=tuple(self.position),
            start=start,
            end=end,
            places=self._places(end),
            dc=tuple(name for name, bus in self.power.output.items() if not self.ac[bus]),
        )

    def _lines(
        self,
    ) -> tuple[Index, Index, NDArray[np.complex128], NDArray[np.complex128], NDArray[np.bool_]]:
        """Branches with both ends on alternating current, then the static bypass of every double-conversion UPS."""
        flow = self.power.problem
        first, second = np.asarray(flow.branch_from), np.asarray(flow.branch_to)
        self.kept = np.flatnonzero(self.ac[first] & self.ac[second])
        ohm = flow.branch_impedance * np.asarray(flow.bus_voltage)[second] ** 2 / BASE_POWER
        self._set_cables(ohm)
        self.row_of = np.full(first.size, -1)
        self.row_of[self.kept] = np.arange(self.kept.size)
        self.inputs = {
            (feed.to, feed.terminal): int(second[branch])
            for feed, branch in zip(self.facility.feeds, self.power.feed_branch, strict=True)
            if branch >= 0
        }
        zero = ZERO_SEQUENCE * ohm
        closed = np.ones((len(self.scenarios), first.size), bool)
        for name, branches in self.power.through.items():
            machine = self.facility.by_id[name]
            if isinstance(machine.product, Ups):  # eco mode and bypass
                zero[branches] = ohm[branches]
                if machine.product.mode == "eco":
                    closed[:, branches] = [[bypass] * len(branches) for _, bypass in self.scenarios]
            elif machine.kind == "transfer_switch":
                for scenario, position in enumerate(self.position):
                    chosen = self._input(machine, position)
                    for branch in branches:
                        closed[scenario, branch] = first[branch] == chosen
        bypasses = [
            (row, owner) for row, owner in enumerate(self.power.converter_owner) if self._is_ups(owner)
        ]
        own = np.array(
            [bypass_impedance(self.facility.by_id[owner].product) for _, owner in bypasses], complex
        )
        rows = np.array([row for row, _ in bypasses], np.intp)
        through = np.array([bypass for _, bypass in self.scenarios])
        return (
            self.at[np.concatenate([first[self.kept], np.asarray(flow.converter_from)[rows]])],
            self.at[np.concatenate([second[self.kept], np.asarray(flow.converter_to)[rows]])],
            np.concatenate([ohm[self.kept], own]),
            np.concatenate([zero[self.kept], own]),
            np.concatenate(
                [closed[:, self.kept], np.repeat(through[:, None], len(bypasses), axis=1)], axis=1
            ),
        )

    def _set_cables(self, ohm: NDArray[np.complex128]) -> None:
        """Impedance of one conductor: that of a single circuit into a load, of all circuits into a machine of the tree."""
        for feed, branch in zip(self.facility.feeds, self.power.feed_branch, strict=True):
            if branch < 0 or feed.cable is None:
                continue
            length = (
                feed.length
                if feed.length is not None
                else self.basis.world.routes.feeder[feed.to, feed.terminal]
            )
            ohm[branch] = (
                complex(feed.cable.resistance, feed.cable.reactance) * length / parallel(self.facility, feed)
            )

    def _input(self, machine: Machine, position: Mapping[str, str]) -> int:
        """Bus of the closed input of a transfer switch; -1 for none."""
        return self.inputs.get((machine.id, position.get(machine.id, "")), -1)

    def _is_ups(self, owner: str) -> bool:
        return owner in self.facility.by_id and isinstance(self.facility.by_id[owner].product, Ups)

    def _transformers(self) -> tuple[Transformers, Index]:
        """Transformers and PDUs with one, and their branches."""
        rows: list[int] = []
        sheets: list[tuple[float, float, float, complex, str]] = []
        for name, branches in self.power.through.items():
            sheet = _transformer(self.facility.by_id[name])
            if sheet is not None:
                rows += [int(self.row_of[branch]) for branch in branches]
                sheets += [sheet] * len(branches)
        groups = [vector_group(group) for *_, group in sheets]
        return Transformers(
            np.array(rows, int),
            np.array([sheet[0] for sheet in sheets]),
            np.array([sheet[1] for sheet in sheets]),
            np.array([sheet[2] for sheet in sheets]),
            np.array([sheet[3] for sheet in sheets], complex),
            winding_from=np.array([int(group[0]) for group in groups], int),
            winding_to=np.array([int(group[1]) for group in groups], int),
        ), np.array(rows, np.intp)

    def _levels(self, first: Index, second: Index, transformers: Index) -> Array:
        """(B,) nominal voltage of every bus: one for all that no transformer parts, the highest of their sheets."""
        voltage = np.asarray(self.power.problem.bus_voltage)[self.ac].astype(float)
        line = np.ones(first.size, bool)
        line[transformers] = False
        joins = csr_array((np.ones(int(line.sum())), (first[line], second[line])), shape=(voltage.size,) * 2)
        count, level = connected_components(joins, directed=False)
        highest = np.zeros(count)
        np.maximum.at(highest, level, voltage)
        return np.asarray(highest[level])

    def _feeders(self) -> Feeders:
        grids = [machine for machine in self.facility.of_kind("utility")]
        sheets = [machine.product for machine in grids if isinstance(machine.product, Utility)]
        largest = np.array(
            [
                grid.fault_level or max(FAULT_LEVEL * grid.capacity, grid.fault_level_min or 0.0)
                for grid in sheets
            ]
        )
        smallest = [grid.fault_level_min for grid in sheets]
        return Feeders(
            self._outputs(grids),
            largest,
            np.array([low or SMALLEST * high for low, high in zip(smallest, largest, strict=True)]),
            np.array([1.0 / grid.x_to_r for grid in sheets]),
            live=self._live(grids, (STATES[0], STATES[2])),
        )

    def _generators(self) -> Generators:
        sets = self.facility.of_kind("generator")
        sheets = [machine.product for machine in sets if isinstance(machine.product, Generator)]
        return Generators(
            self._outputs(sets),
            np.array([sheet.rating / sheet.power_factor for sheet in sheets]),
            np.array([sheet.voltage for sheet in sheets]),
            np.array([1j * sheet.subtransient_reactance for sheet in sheets], complex),
            power_factor=np.array([sheet.power_factor for sheet in sheets]),
            sustained=np.full(len(sheets), SUSTAINED),
            earthed=np.ones(len(sheets), bool),
            zero_impedance=np.array([1j * sheet.zero_reactance for sheet in sheets], complex),
            live=self._live(sets, RUNNING),
        )

    def _converters(self) -> Converters:
        """Inverters of UPS, live where they feed alone, and battery systems, live where the mains are lost."""
        battery = self.facility.of_kind("bess")
        ups = [m for m in self.facility.of_kind("ups") if self.ac[self.power.output[m.id]]]
        ups = [m for m in ups if isinstance(m.product, Ups) and m.product.mode != "bypass"]
        current = [
            sheet.fault_current * sheet.rating / (SQRT3 * sheet.voltage)
            for sheet in (machine.product for machine in (*ups, *battery))
            if isinstance(sheet, Ups | Bess)
        ]
        alone = np.repeat([[not bypass] for _, bypass in self.scenarios], len(ups), axis=1)
        live = np.concatenate([alone, self._live(battery, RUNNING)], axis=1)
        return Converters(self._outputs((*ups, *battery)), np.array(current), np.array(current), live=live)

    def _outputs(self, machines: Iterable[Machine]) -> Index:
        return np.array([self.at[self.power.output[machine.id]] for machine in machines], int)

    def _live(self, machines: Iterable[Machine], states: Iterable[str]) -> NDArray[np.bool_]:
        on, count = set(states), len(tuple(machines))
        return np.array([[state in on] * count for state, _ in self.scenarios], bool)

    def _ends(self) -> tuple[Index, Index]:
        branch = self.power.feed_branch
        flow = self.power.problem
        known = (branch >= 0) & np.isin(branch, self.kept)
        safe = np.where(known, branch, 0)
        if not branch.size:
            return branch, branch
        start, end = (self.at[np.asarray(ends)[safe]] for ends in (flow.branch_from, flow.branch_to))
        return np.where(known, start, -1), np.where(known, end, -1)

    def _places(self, end: Index) -> dict[str, tuple[int, ...]]:
        taps: dict[str, list[int]] = {}
        for branch in self.kept:
            owner = self.power.branch_owner[branch]
            within = branch in self.power.through.get(owner, ())
            if owner and not within and self.facility.by_id[owner].kind == "busway":
                taps.setdefault(owner, []).append(int(self.at[self.power.problem.branch_to[branch]]))
        found: dict[str, tuple[int, ...]] = {}
        for name, bus in self.power.output.items():
            if self.ac[bus]:
                found[name] = (int(self.at[bus]), *taps.get(name, ()))
        inputs: dict[str, list[int]] = {}
        for feed, bus in zip(self.facility.feeds, end, strict=True):
            if bus >= 0 and feed.to not in found:
                inputs.setdefault(feed.to, []).append(int(bus))
        return found | {name: tuple(buses) for name, buses in inputs.items()}


def american(facility: Facility) -> bool:
    """Whether the grid is that of the United States: 60 Hz, and devices rated after UL and ANSI."""
    return facility.place.grid.startswith("us")


def parallel(facility: Facility, feed: Feed) -> int:
    """Circuits of a feed that carry a fault at its end together: those into a load end in inlets of their own."""
    return feed.circuits if facility.by_id[feed.to].product.role == "power" else 1


def bypass_impedance(ups: object) -> complex:
    """Static switch and choke of a UPS. [ohm]"""
    assert isinstance(ups, Ups)
    base = ups.voltage**2 / ups.rating
    return complex(BYPASS_LOSS * base, ups.bypass_impedance * base)


def _scenarios(facility: Facility) -> list[tuple[str, bool]]:
    """States, each with UPS on their bypass and on their inverters."""
    states = [STATES[0]] if facility.of_kind("utility") else []
    if facility.of_kind("generator", "bess"):
        states.append(STATES[1])
    if facility.of_kind("transfer_switch"):
        states.append(STATES[2])
    return list(product(states, (True, False) if facility.of_kind("ups") else (True,)))


def _positions(facility: Facility, feeds_of: Mapping[str, tuple[Feed, ...]], state: str) -> dict[str, str]:
    """Closed input of every transfer switch: the first that is energised, or the last in their other position."""
    chosen: dict[str, str] = {}
    known: dict[str, bool] = {}
    mains, generators = state != STATES[1], state in RUNNING

    def live(name: str) -> bool:
        if name not in known:
            machine = facility.by_id[name]
            known[name] = _source_runs(machine, mains, generators)
            feeds = sorted(feeds_of.get(name, ()), key=lambda feed: feed.rank, reverse=state == STATES[2])
            energised = [feed for feed in feeds if any([live(source) for source in feed.sources])]
            if energised:
                known[name] = True
                if machine.kind == "transfer_switch":
                    chosen[name] = energised[0].terminal
        return known[name]

    for switch in facility.of_kind("transfer_switch"):
        live(switch.id)
    return chosen


def _source_runs(machine: Machine, mains: bool, generators: bool) -> bool:
    match machine.product:
        case Utility():
            return mains
        case Generator() | Bess():
            return generators
        case Ups(battery=energy):
            return energy > 0
    return False


def _transformer(machine: Machine) -> tuple[float, float, float, complex, str] | None:
    """Rating [VA], both voltages [V], impedance [p.u.] and vector group of a machine that is or has a transformer."""
    match machine.product:
        case Transformer() as sheet:
            z = complex(transformer_impedance(sheet.impedance, sheet.load_loss / sheet.rating))
            return sheet.rating, sheet.primary, sheet.secondary, z, sheet.vector_group
        case Pdu(impedance=impedance) as panel if impedance > 0:
            resistance = min(panel.load_loss / panel.rating, impedance)
            z = complex(resistance, sqrt(impedance**2 - resistance**2))
            return panel.rating, panel.input_voltage or panel.voltage, panel.voltage, z, "Dyn11"
    return None
